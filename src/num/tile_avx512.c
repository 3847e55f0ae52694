/* tile_avx512.c: tiles of 14 rows by 32 columns: their 28 sums stay in registers, a step is two loads of the panel and a broadcast for each row. */
#if defined(__x86_64__)
#define VEC 512
#include "num/tile.h"
#include "num/vec_math.h"

#define BF16 "avx512f,avx512bf16"
#define VNNI "avx512f,avx512vnni"

/* Row i of the tile, finished; near: where factors were rounded anyway. */
OP void put(const num_tile *t, size_t i, vec low, vec high, bool near)
{
    float *c = t->c + i * t->ldc;

    if (t->add) {
        low = v_add(v_load(c), low);
        high = v_add(v_load(c + W), high);
    }
    if (t->bias) {
        low = v_add(low, v_load(t->bias));
        high = v_add(high, v_load(t->bias + W));
    }
    v_store(c, activation_of(t->activation, low, near));
    v_store(c + W, activation_of(t->activation, high, near));
}

typedef int ints __attribute__((vector_size(64)));

OP void fp32(const num_tile *t, const size_t n)
{
    const float *a = (const float *)t->a, *panel = t->panel;
    size_t ld = t->stride / sizeof *a;
    vec sum[TILE_ROWS][2];

    UNROLL for (size_t i = 0; i < n; i++) sum[i][0] = sum[i][1] = _mm512_setzero_ps();
    for (size_t k = 0; k < t->steps; k++, panel += 32) {
        __m512 low = _mm512_loadu_ps(panel), high = _mm512_loadu_ps(panel + 16);
        UNROLL for (size_t i = 0; i < n; i++) {
            __m512 x = _mm512_set1_ps(a[i * ld + k]);
            sum[i][0] = _mm512_fmadd_ps(x, low, sum[i][0]);
            sum[i][1] = _mm512_fmadd_ps(x, high, sum[i][1]);
        }
    }
    UNROLL for (size_t i = 0; i < n; i++) put(t, i, sum[i][0], sum[i][1], false);
}

__attribute__((target(BF16), always_inline)) static inline void bf16(const num_tile *t, const size_t n)
{
    const int *a = (const int *)t->a;
    const uint16_t *panel = t->panel;
    size_t ld = t->stride / sizeof *a;
    vec sum[TILE_ROWS][2];

    UNROLL for (size_t i = 0; i < n; i++) sum[i][0] = sum[i][1] = _mm512_setzero_ps();
    for (size_t k = 0; k < t->steps; k++, panel += 64) {
        __m512bh low = (__m512bh)_mm512_loadu_si512(panel), high = (__m512bh)_mm512_loadu_si512(panel + 32);
        UNROLL for (size_t i = 0; i < n; i++) {
            __m512bh x = (__m512bh)_mm512_set1_epi32(a[i * ld + k]);
            sum[i][0] = _mm512_dpbf16_ps(sum[i][0], x, low);
            sum[i][1] = _mm512_dpbf16_ps(sum[i][1], x, high);
        }
    }
    UNROLL for (size_t i = 0; i < n; i++) put(t, i, sum[i][0], sum[i][1], true);
}

/* Sums are vectors of int: gcc keeps an array of __m512i in memory here. */
__attribute__((target(VNNI), always_inline)) static inline void int8(const num_tile *t, const size_t n)
{
    const int *a = (const int *)t->a;
    const int8_t *panel = t->panel;
    size_t ld = t->stride / sizeof *a;
    ints sum[TILE_ROWS][2];

    UNROLL for (size_t i = 0; i < n; i++) sum[i][0] = sum[i][1] = (ints){0};
    for (size_t k = 0; k < t->steps; k++, panel += 128) {
        __m512i low = _mm512_loadu_si512(panel), high = _mm512_loadu_si512(panel + 64);
        UNROLL for (size_t i = 0; i < n; i++) {
            __m512i x = _mm512_set1_epi32(a[i * ld + k]);
            sum[i][0] = (ints)_mm512_dpbusd_epi32((__m512i)sum[i][0], x, low);
            sum[i][1] = (ints)_mm512_dpbusd_epi32((__m512i)sum[i][1], x, high);
        }
    }
    ints low = (ints)_mm512_loadu_si512(t->sum), high = (ints)_mm512_loadu_si512(t->sum + 16);
    UNROLL for (size_t i = 0; i < n; i++) {
        vec by = v_set(t->row_scale[i]);
        put(t, i, v_mul(v_mul(_mm512_cvtepi32_ps((__m512i)(sum[i][0] - low * t->row_zero[i])), v_load(t->scale)), by),
            v_mul(v_mul(_mm512_cvtepi32_ps((__m512i)(sum[i][1] - high * t->row_zero[i])), v_load(t->scale + W)), by), true);
    }
}

TILE(num_tile_fp32_avx512, "avx512f", fp32, COPIES_14)
TILE(num_tile_bf16_avx512, BF16, bf16, COPIES_14)
TILE(num_tile_int8_avx512, VNNI, int8, COPIES_14)
#else
typedef int nothing;
#endif
