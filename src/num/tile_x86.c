/* tile_x86.c: tile kernels for AVX-512 and AVX2. A tile's sums stay in registers: 14 rows of 2 x 16 floats, or 6 of 2 x 8, each step one load of the panel and
 * one broadcast a row. The row count is a constant in each copy of a kernel, so that loops unroll and sums get registers. */
#include "num/tile.h"

#if defined(__x86_64__)
#include <immintrin.h>

#define INLINE static inline __attribute__((always_inline))
#define UNROLL _Pragma("GCC unroll 14")

/* One copy for each number of rows. */
#define COPY(kernel, n) case n: kernel(t, n); break;
#define COPIES_6(kernel) COPY(kernel, 1) COPY(kernel, 2) COPY(kernel, 3) COPY(kernel, 4) COPY(kernel, 5) COPY(kernel, 6)
#define COPIES_14(kernel) COPIES_6(kernel) COPY(kernel, 7) COPY(kernel, 8) COPY(kernel, 9) COPY(kernel, 10) COPY(kernel, 11) COPY(kernel, 12) COPY(kernel, 13) COPY(kernel, 14)
#define TILE(name, cpu, kernel, copies) \
    __attribute__((target(cpu))) static void name(const num_tile *t) \
    { \
        switch (t->n_rows) { \
            copies(kernel) \
        default: break; \
        } \
    }

typedef int i16 __attribute__((vector_size(64)));
typedef int i8 __attribute__((vector_size(32)));

/* ---- AVX-512 ---- */

#define AVX512 "avx512f"
#define AVX512_BF16 "avx512f,avx512bf16"
#define AVX512_VNNI "avx512f,avx512vnni"

__attribute__((target(AVX512))) INLINE void put_512(const num_tile *t, size_t i, __m512 low, __m512 high)
{
    float *c = t->c + i * t->ldc;

    if (t->add) {
        low = _mm512_add_ps(_mm512_loadu_ps(c), low);
        high = _mm512_add_ps(_mm512_loadu_ps(c + 16), high);
    }
    _mm512_storeu_ps(c, low);
    _mm512_storeu_ps(c + 16, high);
}

__attribute__((target(AVX512))) INLINE void fp32_512(const num_tile *t, const size_t n)
{
    const float *a = (const float *)t->a, *panel = t->panel;
    size_t ld = t->stride / sizeof *a;
    __m512 sum[TILE_ROWS][2];

    UNROLL for (size_t i = 0; i < n; i++) sum[i][0] = sum[i][1] = _mm512_setzero_ps();
    for (size_t k = 0; k < t->steps; k++, panel += 32) {
        __m512 low = _mm512_loadu_ps(panel), high = _mm512_loadu_ps(panel + 16);
        UNROLL for (size_t i = 0; i < n; i++) {
            __m512 x = _mm512_set1_ps(a[i * ld + k]);
            sum[i][0] = _mm512_fmadd_ps(x, low, sum[i][0]);
            sum[i][1] = _mm512_fmadd_ps(x, high, sum[i][1]);
        }
    }
    UNROLL for (size_t i = 0; i < n; i++) put_512(t, i, sum[i][0], sum[i][1]);
}

__attribute__((target(AVX512_BF16))) INLINE void bf16_512(const num_tile *t, const size_t n)
{
    const int *a = (const int *)t->a;
    const uint16_t *panel = t->panel;
    size_t ld = t->stride / sizeof *a;
    __m512 sum[TILE_ROWS][2];

    UNROLL for (size_t i = 0; i < n; i++) sum[i][0] = sum[i][1] = _mm512_setzero_ps();
    for (size_t k = 0; k < t->steps; k++, panel += 64) {
        __m512bh low = (__m512bh)_mm512_loadu_si512(panel), high = (__m512bh)_mm512_loadu_si512(panel + 32);
        UNROLL for (size_t i = 0; i < n; i++) {
            __m512bh x = (__m512bh)_mm512_set1_epi32(a[i * ld + k]);
            sum[i][0] = _mm512_dpbf16_ps(sum[i][0], x, low);
            sum[i][1] = _mm512_dpbf16_ps(sum[i][1], x, high);
        }
    }
    UNROLL for (size_t i = 0; i < n; i++) put_512(t, i, sum[i][0], sum[i][1]);
}

/* Sums are vectors of int: gcc keeps an array of __m512i in memory here. */
__attribute__((target(AVX512_VNNI))) INLINE void int8_512(const num_tile *t, const size_t n)
{
    const int *a = (const int *)t->a;
    const int8_t *panel = t->panel;
    size_t ld = t->stride / sizeof *a;
    i16 sum[TILE_ROWS][2];

    UNROLL for (size_t i = 0; i < n; i++) sum[i][0] = sum[i][1] = (i16){0};
    for (size_t k = 0; k < t->steps; k++, panel += 128) {
        __m512i low = _mm512_loadu_si512(panel), high = _mm512_loadu_si512(panel + 64);
        UNROLL for (size_t i = 0; i < n; i++) {
            __m512i x = _mm512_set1_epi32(a[i * ld + k]);
            sum[i][0] = (i16)_mm512_dpbusd_epi32((__m512i)sum[i][0], x, low);
            sum[i][1] = (i16)_mm512_dpbusd_epi32((__m512i)sum[i][1], x, high);
        }
    }
    i16 low = (i16)_mm512_loadu_si512(t->sum), high = (i16)_mm512_loadu_si512(t->sum + 16);
    __m512 scale[2] = { _mm512_loadu_ps(t->scale), _mm512_loadu_ps(t->scale + 16) };
    UNROLL for (size_t i = 0; i < n; i++) {
        __m512 by = _mm512_set1_ps(t->row_scale[i]);
        put_512(t, i, _mm512_mul_ps(_mm512_mul_ps(_mm512_cvtepi32_ps((__m512i)(sum[i][0] - low * t->row_zero[i])), scale[0]), by),
                _mm512_mul_ps(_mm512_mul_ps(_mm512_cvtepi32_ps((__m512i)(sum[i][1] - high * t->row_zero[i])), scale[1]), by));
    }
}

TILE(run_fp32_512, AVX512, fp32_512, COPIES_14)
TILE(run_bf16_512, AVX512_BF16, bf16_512, COPIES_14)
TILE(run_int8_512, AVX512_VNNI, int8_512, COPIES_14)

/* ---- AVX2 ---- */

#define AVX2 "avx2,fma"

__attribute__((target(AVX2))) INLINE void put_256(const num_tile *t, size_t i, __m256 low, __m256 high)
{
    float *c = t->c + i * t->ldc;

    if (t->add) {
        low = _mm256_add_ps(_mm256_loadu_ps(c), low);
        high = _mm256_add_ps(_mm256_loadu_ps(c + 8), high);
    }
    _mm256_storeu_ps(c, low);
    _mm256_storeu_ps(c + 8, high);
}

__attribute__((target(AVX2))) INLINE void fp32_256(const num_tile *t, const size_t n)
{
    const float *a = (const float *)t->a, *panel = t->panel;
    size_t ld = t->stride / sizeof *a;
    __m256 sum[6][2];

    UNROLL for (size_t i = 0; i < n; i++) sum[i][0] = sum[i][1] = _mm256_setzero_ps();
    for (size_t k = 0; k < t->steps; k++, panel += 16) {
        __m256 low = _mm256_loadu_ps(panel), high = _mm256_loadu_ps(panel + 8);
        UNROLL for (size_t i = 0; i < n; i++) {
            __m256 x = _mm256_set1_ps(a[i * ld + k]);
            sum[i][0] = _mm256_fmadd_ps(x, low, sum[i][0]);
            sum[i][1] = _mm256_fmadd_ps(x, high, sum[i][1]);
        }
    }
    UNROLL for (size_t i = 0; i < n; i++) put_256(t, i, sum[i][0], sum[i][1]);
}

/* maddubs adds two products in 16 bits: with weights of 7 bits 2 x 255 x 63 = 32,130 still fits. */
__attribute__((target(AVX2))) INLINE void int8_256(const num_tile *t, const size_t n)
{
    const int *a = (const int *)t->a;
    const int8_t *panel = t->panel;
    size_t ld = t->stride / sizeof *a;
    const __m256i ones = _mm256_set1_epi16(1);
    i8 sum[6][2];

    UNROLL for (size_t i = 0; i < n; i++) sum[i][0] = sum[i][1] = (i8){0};
    for (size_t k = 0; k < t->steps; k++, panel += 64) {
        __m256i low = _mm256_loadu_si256((const __m256i *)(const void *)panel), high = _mm256_loadu_si256((const __m256i *)(const void *)(panel + 32));
        UNROLL for (size_t i = 0; i < n; i++) {
            __m256i x = _mm256_set1_epi32(a[i * ld + k]);
            sum[i][0] += (i8)_mm256_madd_epi16(_mm256_maddubs_epi16(x, low), ones);
            sum[i][1] += (i8)_mm256_madd_epi16(_mm256_maddubs_epi16(x, high), ones);
        }
    }
    i8 low = (i8)_mm256_loadu_si256((const __m256i *)(const void *)t->sum), high = (i8)_mm256_loadu_si256((const __m256i *)(const void *)(t->sum + 8));
    __m256 scale[2] = { _mm256_loadu_ps(t->scale), _mm256_loadu_ps(t->scale + 8) };
    UNROLL for (size_t i = 0; i < n; i++) {
        __m256 by = _mm256_set1_ps(t->row_scale[i]);
        put_256(t, i, _mm256_mul_ps(_mm256_mul_ps(_mm256_cvtepi32_ps((__m256i)(sum[i][0] - low * t->row_zero[i])), scale[0]), by),
                _mm256_mul_ps(_mm256_mul_ps(_mm256_cvtepi32_ps((__m256i)(sum[i][1] - high * t->row_zero[i])), scale[1]), by));
    }
}

TILE(run_fp32_256, AVX2, fp32_256, COPIES_6)
TILE(run_int8_256, AVX2, int8_256, COPIES_6)

static bool has_avx512(void)
{
    return __builtin_cpu_supports("avx512f");
}

static bool has_bf16(void)
{
    return has_avx512() && __builtin_cpu_supports("avx512bf16");
}

static bool has_vnni(void)
{
    return has_avx512() && __builtin_cpu_supports("avx512vnni");
}

static bool has_avx2(void)
{
    return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
}

const struct num_kernel num_kernels[] = {
    { "avx512", NUM_FP32, true, 14, 32, 1, 0, run_fp32_512, has_avx512 },
    { "avx2", NUM_FP32, false, 6, 16, 1, 0, run_fp32_256, has_avx2 },
    { "avx512_bf16", NUM_BF16, true, 14, 32, 2, 0, run_bf16_512, has_bf16 },
    { "avx512_vnni", NUM_INT8, true, 14, 32, 4, 127, run_int8_512, has_vnni },
    { "avx2_maddubs", NUM_INT8, false, 6, 16, 4, 63, run_int8_256, has_avx2 },
    { .run = NULL },
};

#else
const struct num_kernel num_kernels[] = { { .run = NULL } };
#endif
