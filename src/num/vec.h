/* vec.h: private to num/: sixteen floats, as the CPU of VEC (512 = AVX-512, 256 = AVX2, 1 = any) holds them. The same bits on the first two; v_fma rounds
 * twice on the last. LOOP stands before every function that uses them. */
#ifndef VEC
#error "VEC is to be set before"
#endif

#include "num/row.h"

enum { W = 16 };

#if VEC == 512
#include <immintrin.h>
#define LOOP __attribute__((target("avx512f")))
typedef __m512 vec;
#elif VEC == 256
#include <immintrin.h>
#define LOOP __attribute__((target("avx2,fma")))
typedef struct {
    __m256 low, high;
} vec;
#else
#define LOOP
typedef struct {
    float at[W];
} vec;
#endif

#define OP LOOP static inline __attribute__((always_inline, unused))

#if VEC == 512
OP vec v_set(float x) { return _mm512_set1_ps(x); }
OP vec v_load(const float *p) { return _mm512_loadu_ps(p); }
OP void v_store(float *p, vec a) { _mm512_storeu_ps(p, a); }
/* The first n < W; the others are 0, or stay. */
OP vec v_load_n(const float *p, size_t n) { return _mm512_maskz_loadu_ps((__mmask16)((1u << n) - 1), p); }
OP void v_store_n(float *p, vec a, size_t n) { _mm512_mask_storeu_ps(p, (__mmask16)((1u << n) - 1), a); }
OP vec v_add(vec a, vec b) { return _mm512_add_ps(a, b); }
OP vec v_sub(vec a, vec b) { return _mm512_sub_ps(a, b); }
OP vec v_mul(vec a, vec b) { return _mm512_mul_ps(a, b); }
OP vec v_fma(vec a, vec b, vec c) { return _mm512_fmadd_ps(a, b, c); }
OP vec v_div(vec a, vec b) { return _mm512_div_ps(a, b); }
/* b where either is NaN. */
OP vec v_max(vec a, vec b) { return _mm512_max_ps(a, b); }
OP vec v_min(vec a, vec b) { return _mm512_min_ps(a, b); }
/* The low 23 bits of k's bits are a whole number: a times 2 to that power. */
OP vec v_power(vec a, vec k) { return _mm512_castsi512_ps(_mm512_add_epi32(_mm512_castps_si512(a), _mm512_slli_epi32(_mm512_castps_si512(k), 23))); }
/* The first n stay, the others become rest. */
OP vec v_first(vec a, size_t n, float rest) { return _mm512_mask_mov_ps(_mm512_set1_ps(rest), (__mmask16)((1u << n) - 1), a); }
/* The low byte of each one's bits. */
OP void v_store_bytes(uint8_t *p, vec a) { _mm_storeu_si128((__m128i *)(void *)p, _mm512_cvtepi32_epi8(_mm512_castps_si512(a))); }
/* As bfloat16. */
OP void v_store_bf16(uint16_t *p, vec a)
{
    __m512i bits = _mm512_castps_si512(a), odd = _mm512_and_si512(_mm512_srli_epi32(bits, 16), _mm512_set1_epi32(1));
    __m512i rounded = _mm512_add_epi32(bits, _mm512_add_epi32(odd, _mm512_set1_epi32(0x7fff)));
    rounded = _mm512_mask_or_epi32(rounded, _mm512_cmp_ps_mask(a, a, _CMP_UNORD_Q), bits, _mm512_set1_epi32(0x400000));
    _mm256_storeu_si256((__m256i *)(void *)p, _mm512_cvtepi32_epi16(_mm512_srli_epi32(rounded, 16)));
}
#define V_HALVES(op) \
    __m256 b = op(_mm512_castps512_ps256(a), _mm256_castpd_ps(_mm512_extractf64x4_pd(_mm512_castps_pd(a), 1)))
#elif VEC == 256
OP vec v_set(float x) { return (vec){ _mm256_set1_ps(x), _mm256_set1_ps(x) }; }
OP vec v_load(const float *p) { return (vec){ _mm256_loadu_ps(p), _mm256_loadu_ps(p + 8) }; }
OP void v_store(float *p, vec a) { _mm256_storeu_ps(p, a.low); _mm256_storeu_ps(p + 8, a.high); }
OP vec v_load_n(const float *p, size_t n)
{
    float whole[W] = {0};

    memcpy(whole, p, n * sizeof *p);
    return v_load(whole);
}
OP void v_store_n(float *p, vec a, size_t n)
{
    float whole[W];

    v_store(whole, a);
    memcpy(p, whole, n * sizeof *p);
}
OP vec v_add(vec a, vec b) { return (vec){ _mm256_add_ps(a.low, b.low), _mm256_add_ps(a.high, b.high) }; }
OP vec v_sub(vec a, vec b) { return (vec){ _mm256_sub_ps(a.low, b.low), _mm256_sub_ps(a.high, b.high) }; }
OP vec v_mul(vec a, vec b) { return (vec){ _mm256_mul_ps(a.low, b.low), _mm256_mul_ps(a.high, b.high) }; }
OP vec v_fma(vec a, vec b, vec c) { return (vec){ _mm256_fmadd_ps(a.low, b.low, c.low), _mm256_fmadd_ps(a.high, b.high, c.high) }; }
OP vec v_div(vec a, vec b) { return (vec){ _mm256_div_ps(a.low, b.low), _mm256_div_ps(a.high, b.high) }; }
OP vec v_max(vec a, vec b) { return (vec){ _mm256_max_ps(a.low, b.low), _mm256_max_ps(a.high, b.high) }; }
OP vec v_min(vec a, vec b) { return (vec){ _mm256_min_ps(a.low, b.low), _mm256_min_ps(a.high, b.high) }; }
OP __m256 v_power_8(__m256 a, __m256 k) { return _mm256_castsi256_ps(_mm256_add_epi32(_mm256_castps_si256(a), _mm256_slli_epi32(_mm256_castps_si256(k), 23))); }
OP vec v_power(vec a, vec k) { return (vec){ v_power_8(a.low, k.low), v_power_8(a.high, k.high) }; }
OP vec v_first(vec a, size_t n, float rest)
{
    static const int32_t marks[2 * W] = { -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1 };
    const vec others = v_set(rest), mark = v_load((const float *)(const void *)(marks + W - n));
    return (vec){ _mm256_blendv_ps(others.low, a.low, mark.low), _mm256_blendv_ps(others.high, a.high, mark.high) };
}
OP void v_store_bytes(uint8_t *p, vec a)
{
    const __m256i byte = _mm256_set1_epi32(255);
    __m256i low = _mm256_and_si256(_mm256_castps_si256(a.low), byte), high = _mm256_and_si256(_mm256_castps_si256(a.high), byte);
    __m256i words = _mm256_permute4x64_epi64(_mm256_packus_epi32(low, high), 0xd8);
    _mm_storeu_si128((__m128i *)(void *)p, _mm_packus_epi16(_mm256_castsi256_si128(words), _mm256_extracti128_si256(words, 1)));
}
#define V_HALVES(op) __m256 b = op(a.low, a.high)
#else
#define V_EACH(value) \
    vec r; \
    for (size_t i = 0; i < W; i++) r.at[i] = value; \
    return r
OP vec v_set(float x) { V_EACH(x); }
OP vec v_load(const float *p) { V_EACH(p[i]); }
OP void v_store(float *p, vec a) { memcpy(p, a.at, sizeof a.at); }
OP vec v_load_n(const float *p, size_t n) { V_EACH(i < n ? p[i] : 0); }
OP void v_store_n(float *p, vec a, size_t n) { memcpy(p, a.at, n * sizeof *p); }
OP vec v_add(vec a, vec b) { V_EACH(a.at[i] + b.at[i]); }
OP vec v_sub(vec a, vec b) { V_EACH(a.at[i] - b.at[i]); }
OP vec v_mul(vec a, vec b) { V_EACH(a.at[i] * b.at[i]); }
OP vec v_fma(vec a, vec b, vec c) { V_EACH(a.at[i] * b.at[i] + c.at[i]); }
OP vec v_div(vec a, vec b) { V_EACH(a.at[i] / b.at[i]); }
OP vec v_max(vec a, vec b) { V_EACH(a.at[i] > b.at[i] ? a.at[i] : b.at[i]); }
OP vec v_min(vec a, vec b) { V_EACH(a.at[i] < b.at[i] ? a.at[i] : b.at[i]); }
OP vec v_power(vec a, vec k)
{
    for (size_t i = 0; i < W; i++) {
        uint32_t bits, power;
        memcpy(&bits, &a.at[i], sizeof bits);
        memcpy(&power, &k.at[i], sizeof power);
        bits += power << 23;
        memcpy(&a.at[i], &bits, sizeof bits);
    }
    return a;
}
OP vec v_first(vec a, size_t n, float rest) { V_EACH(i < n ? a.at[i] : rest); }
OP void v_store_bytes(uint8_t *p, vec a)
{
    for (size_t i = 0; i < W; i++) {
        uint32_t bits;
        memcpy(&bits, &a.at[i], sizeof bits);
        p[i] = (uint8_t)bits;
    }
}
#endif

#if VEC != 512
OP void v_store_bf16(uint16_t *p, vec a)
{
    float each[W];

    v_store(each, a);
    for (size_t i = 0; i < W; i++) p[i] = num_bf16(each[i]);
}
#endif

/* All sixteen by halves: i with i + 8, then i + 4, i + 2, i + 1. */
#if VEC == 1
OP float v_sum(vec a)
{
    for (size_t h = W / 2; h > 0; h /= 2)
        for (size_t i = 0; i < h; i++) a.at[i] += a.at[i + h];
    return a.at[0];
}
OP float v_most(vec a)
{
    for (size_t h = W / 2; h > 0; h /= 2)
        for (size_t i = 0; i < h; i++) a.at[i] = a.at[i] > a.at[i + h] ? a.at[i] : a.at[i + h];
    return a.at[0];
}
#else
#define V_REDUCE(op8, op4) \
    V_HALVES(op8); \
    __m128 c = op4(_mm256_castps256_ps128(b), _mm256_extractf128_ps(b, 1)); \
    c = op4(c, _mm_movehl_ps(c, c)); \
    return _mm_cvtss_f32(op4(c, _mm_shuffle_ps(c, c, 1)))
OP float v_sum(vec a) { V_REDUCE(_mm256_add_ps, _mm_add_ps); }
OP float v_most(vec a) { V_REDUCE(_mm256_max_ps, _mm_max_ps); }
#endif
