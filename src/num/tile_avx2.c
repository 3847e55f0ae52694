/* tile_avx2.c: tiles of 6 rows by 16 columns. */
#if defined(__x86_64__)
#define VEC 256
#include "num/tile.h"
#include "num/vec_math.h"

/* Row i of the tile, finished; near: where factors were rounded anyway. */
OP void put(const num_tile *t, size_t i, vec v, bool near)
{
    float *c = t->c + i * t->ldc;

    if (t->add) v = v_add(v_load(c), v);
    if (t->bias) v = v_add(v, v_load(t->bias));
    v_store(c, activation_of(t->activation, v, near));
}

typedef int ints __attribute__((vector_size(32)));

OP void fp32(const num_tile *t, const size_t n)
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
    UNROLL for (size_t i = 0; i < n; i++) put(t, i, (vec){ sum[i][0], sum[i][1] }, false);
}

/* maddubs adds two products in 16 bits: with weights of 7 bits 2 x 255 x 63 = 32,130 still fits. */
OP void int8(const num_tile *t, const size_t n)
{
    const int *a = (const int *)t->a;
    const int8_t *panel = t->panel;
    size_t ld = t->stride / sizeof *a;
    const __m256i ones = _mm256_set1_epi16(1);
    ints sum[6][2];

    UNROLL for (size_t i = 0; i < n; i++) sum[i][0] = sum[i][1] = (ints){0};
    for (size_t k = 0; k < t->steps; k++, panel += 64) {
        __m256i low = _mm256_loadu_si256((const __m256i *)(const void *)panel), high = _mm256_loadu_si256((const __m256i *)(const void *)(panel + 32));
        UNROLL for (size_t i = 0; i < n; i++) {
            __m256i x = _mm256_set1_epi32(a[i * ld + k]);
            sum[i][0] += (ints)_mm256_madd_epi16(_mm256_maddubs_epi16(x, low), ones);
            sum[i][1] += (ints)_mm256_madd_epi16(_mm256_maddubs_epi16(x, high), ones);
        }
    }
    ints low = (ints)_mm256_loadu_si256((const __m256i *)(const void *)t->sum), high = (ints)_mm256_loadu_si256((const __m256i *)(const void *)(t->sum + 8));
    UNROLL for (size_t i = 0; i < n; i++) {
        vec v = { _mm256_cvtepi32_ps((__m256i)(sum[i][0] - low * t->row_zero[i])), _mm256_cvtepi32_ps((__m256i)(sum[i][1] - high * t->row_zero[i])) };
        put(t, i, v_mul(v_mul(v, v_load(t->scale)), v_set(t->row_scale[i])), true);
    }
}

TILE(num_tile_fp32_avx2, "avx2,fma", fp32, COPIES_6)
TILE(num_tile_int8_avx2, "avx2,fma", int8, COPIES_6)
#else
typedef int nothing;
#endif
