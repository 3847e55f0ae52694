/* scan.c: where the bytes are that decide about fields: delimiter, quote, line feed, carriage return.
 *
 * One kernel for each kind of CPU turns 64 bytes into a bit mask; the masks become positions. The kernels differ in speed only. */
#include "reader/reader_int.h"

#ifdef __x86_64__
#include <immintrin.h>
#endif

/* The bits of 64 bytes: those that are one of the four special ones; *seen gathers whether any byte was NUL (bit 0) or not ASCII (bit 1). */
typedef uint64_t mask_fn(const unsigned char *bytes, const unsigned char special[4], unsigned *seen);

static inline uint64_t mask_plain(const unsigned char *bytes, const unsigned char special[4], unsigned *seen)
{
    uint64_t mask = 0;

    for (size_t i = 0; i < 64; i++) {
        unsigned char c = bytes[i];
        mask |= (uint64_t)(c == special[0] || c == special[1] || c == special[2] || c == special[3]) << i;
        *seen |= (unsigned)(c == 0) | (unsigned)(c >> 7) << 1;
    }
    return mask;
}

#ifdef __x86_64__
static inline uint64_t mask_sse2(const unsigned char *bytes, const unsigned char special[4], unsigned *seen)
{
    const __m128i s0 = _mm_set1_epi8((char)special[0]), s1 = _mm_set1_epi8((char)special[1]);
    const __m128i s2 = _mm_set1_epi8((char)special[2]), s3 = _mm_set1_epi8((char)special[3]);
    __m128i nul = _mm_setzero_si128(), all = nul;
    uint64_t mask = 0;

    for (unsigned i = 0; i < 64; i += 16) {
        __m128i v = _mm_loadu_si128((const __m128i *)(const void *)(bytes + i));
        __m128i hit = _mm_or_si128(_mm_or_si128(_mm_cmpeq_epi8(v, s0), _mm_cmpeq_epi8(v, s1)), _mm_or_si128(_mm_cmpeq_epi8(v, s2), _mm_cmpeq_epi8(v, s3)));
        mask |= (uint64_t)(uint32_t)_mm_movemask_epi8(hit) << i;
        nul = _mm_or_si128(nul, _mm_cmpeq_epi8(v, _mm_setzero_si128()));
        all = _mm_or_si128(all, v);
    }
    *seen |= (unsigned)(_mm_movemask_epi8(nul) != 0) | (unsigned)(_mm_movemask_epi8(all) != 0) << 1;
    return mask;
}

__attribute__((target("avx2"))) static inline uint64_t mask_avx2(const unsigned char *bytes, const unsigned char special[4], unsigned *seen)
{
    const __m256i s0 = _mm256_set1_epi8((char)special[0]), s1 = _mm256_set1_epi8((char)special[1]);
    const __m256i s2 = _mm256_set1_epi8((char)special[2]), s3 = _mm256_set1_epi8((char)special[3]);
    __m256i a = _mm256_loadu_si256((const __m256i *)(const void *)bytes), b = _mm256_loadu_si256((const __m256i *)(const void *)(bytes + 32));
    __m256i hit_a = _mm256_or_si256(_mm256_or_si256(_mm256_cmpeq_epi8(a, s0), _mm256_cmpeq_epi8(a, s1)),
                                    _mm256_or_si256(_mm256_cmpeq_epi8(a, s2), _mm256_cmpeq_epi8(a, s3)));
    __m256i hit_b = _mm256_or_si256(_mm256_or_si256(_mm256_cmpeq_epi8(b, s0), _mm256_cmpeq_epi8(b, s1)),
                                    _mm256_or_si256(_mm256_cmpeq_epi8(b, s2), _mm256_cmpeq_epi8(b, s3)));
    __m256i zero = _mm256_setzero_si256(), nul = _mm256_or_si256(_mm256_cmpeq_epi8(a, zero), _mm256_cmpeq_epi8(b, zero));

    *seen |= (unsigned)(_mm256_movemask_epi8(nul) != 0) | (unsigned)(_mm256_movemask_epi8(_mm256_or_si256(a, b)) != 0) << 1;
    return (uint64_t)(uint32_t)_mm256_movemask_epi8(hit_b) << 32 | (uint32_t)_mm256_movemask_epi8(hit_a);
}

__attribute__((target("avx512bw"))) static inline uint64_t mask_avx512(const unsigned char *bytes, const unsigned char special[4], unsigned *seen)
{
    __m512i v = _mm512_loadu_si512(bytes);

    *seen |= (unsigned)(_mm512_testn_epi8_mask(v, v) != 0) | (unsigned)(_mm512_movepi8_mask(v) != 0) << 1;
    return _mm512_cmpeq_epi8_mask(v, _mm512_set1_epi8((char)special[0])) | _mm512_cmpeq_epi8_mask(v, _mm512_set1_epi8((char)special[1])) |
           _mm512_cmpeq_epi8_mask(v, _mm512_set1_epi8((char)special[2])) | _mm512_cmpeq_epi8_mask(v, _mm512_set1_epi8((char)special[3]));
}
#endif

/* The places of the set bits. Eight are written at a time whether or not there are as many, which costs less than asking. */
static inline size_t put_positions(uint64_t mask, size_t base, uint32_t *positions)
{
    size_t n = (size_t)__builtin_popcountll(mask);

    for (size_t k = 0; k < n; k += 8)
        for (size_t i = 0; i < 8; i++) {
            positions[k + i] = (uint32_t)(base + (size_t)__builtin_ctzll(mask | UINT64_C(1) << 63));
            mask &= mask - 1;
        }
    return n;
}

/* The same loop around each kernel, so that it is compiled for that kernel's CPU. */
#define SCAN(name, target, mask_of) \
    target static size_t name(const char *bytes, size_t begin, size_t n, const unsigned char special[4], uint32_t *positions, unsigned *seen) \
    { \
        size_t found = 0, i = begin; \
        for (; i + 64 <= n; i += 64) found += put_positions(mask_of((const unsigned char *)bytes + i, special, seen), i, positions + found); \
        if (i < n) { \
            unsigned char rest[64]; \
            memset(rest, 'x', sizeof rest); \
            memcpy(rest, bytes + i, n - i); \
            uint64_t mask = mask_of(rest, special, seen) & (UINT64_MAX >> (64 - (n - i))); \
            found += put_positions(mask, i, positions + found); \
        } \
        return found; \
    }

SCAN(scan_plain, , mask_plain)
#ifdef __x86_64__
SCAN(scan_sse2, , mask_sse2)
SCAN(scan_avx2, __attribute__((target("avx2,bmi,popcnt"))), mask_avx2)
SCAN(scan_avx512, __attribute__((target("avx512bw,avx512f,bmi,popcnt"))), mask_avx512)
#endif

rd_scan_fn *rd_scan_kernel(const char *name)
{
    static const struct {
        const char *name;
        rd_scan_fn *scan;
    } kernels[] = {
#ifdef __x86_64__
        { "avx512", scan_avx512 }, { "avx2", scan_avx2 }, { "sse2", scan_sse2 },
#endif
        { "plain", scan_plain },
    };

    for (size_t k = 0; k < TOC_COUNT(kernels); k++) {
        if (name && strcmp(name, kernels[k].name) != 0) continue;
#ifdef __x86_64__
        if (kernels[k].scan == scan_avx512 && !(__builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("bmi"))) continue;
        if (kernels[k].scan == scan_avx2 && !(__builtin_cpu_supports("avx2") && __builtin_cpu_supports("bmi"))) continue;
#endif
        return kernels[k].scan;
    }
    return NULL;
}

size_t rd_count_byte(const char *bytes, size_t n, char c)
{
    size_t total = 0;

    /* blocks of 255 keep the count of each lane in a byte, which compilers turn into vector code */
    for (size_t i = 0; i < n;) {
        size_t end = TOC_MIN(n, i + 4080);
        unsigned part = 0;
        for (; i < end; i++) part += bytes[i] == c;
        total += part;
    }
    return total;
}
