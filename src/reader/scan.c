/* scan.c: where the bytes are that decide about fields: delimiter, quote, line feed, carriage return.
 *
 * One kernel for each kind of CPU turns 64 bytes into a bit mask; the masks become positions. The kernels differ in speed only. */
#include "reader/reader_int.h"

#ifdef __x86_64__
#include <immintrin.h>
#endif

/* The bits of 64 bytes: those that are special, and those of them that are no delimiter. */
typedef struct {
    uint64_t special, breaks;
} masks;

static inline masks masks_plain(const unsigned char *bytes, rd_special special, unsigned *seen)
{
    const unsigned char delimiter = (unsigned char)special.delimiter, quote = (unsigned char)special.quote;
    masks m = {0};

    for (size_t i = 0; i < 64; i++) {
        unsigned char c = bytes[i];
        m.special |= (uint64_t)(c == delimiter) << i;
        m.breaks |= (uint64_t)(c != delimiter && (c == quote || c == '\n' || c == '\r')) << i;
        *seen |= (unsigned)(c == 0) | (unsigned)(c >> 7) << 1;
    }
    m.special |= m.breaks;
    return m;
}

#ifdef __x86_64__
static inline masks masks_sse2(const unsigned char *bytes, rd_special special, unsigned *seen)
{
    const __m128i delimiter = _mm_set1_epi8(special.delimiter), quote = _mm_set1_epi8(special.quote);
    const __m128i feed = _mm_set1_epi8('\n'), carriage = _mm_set1_epi8('\r');
    __m128i nul = _mm_setzero_si128(), all = nul;
    uint64_t delimiters = 0, breaks = 0;

    for (unsigned i = 0; i < 64; i += 16) {
        __m128i v = _mm_loadu_si128((const __m128i *)(const void *)(bytes + i));
        __m128i hit = _mm_or_si128(_mm_or_si128(_mm_cmpeq_epi8(v, quote), _mm_cmpeq_epi8(v, feed)), _mm_cmpeq_epi8(v, carriage));
        delimiters |= (uint64_t)(uint32_t)_mm_movemask_epi8(_mm_cmpeq_epi8(v, delimiter)) << i;
        breaks |= (uint64_t)(uint32_t)_mm_movemask_epi8(hit) << i;
        nul = _mm_or_si128(nul, _mm_cmpeq_epi8(v, _mm_setzero_si128()));
        all = _mm_or_si128(all, v);
    }
    *seen |= (unsigned)(_mm_movemask_epi8(nul) != 0) | (unsigned)(_mm_movemask_epi8(all) != 0) << 1;
    return (masks){ delimiters | breaks, breaks };
}

__attribute__((target("avx2"))) static inline masks masks_avx2(const unsigned char *bytes, rd_special special, unsigned *seen)
{
    const __m256i delimiter = _mm256_set1_epi8(special.delimiter), quote = _mm256_set1_epi8(special.quote);
    const __m256i feed = _mm256_set1_epi8('\n'), carriage = _mm256_set1_epi8('\r'), zero = _mm256_setzero_si256();
    __m256i a = _mm256_loadu_si256((const __m256i *)(const void *)bytes), b = _mm256_loadu_si256((const __m256i *)(const void *)(bytes + 32));
    __m256i hit_a = _mm256_or_si256(_mm256_or_si256(_mm256_cmpeq_epi8(a, quote), _mm256_cmpeq_epi8(a, feed)), _mm256_cmpeq_epi8(a, carriage));
    __m256i hit_b = _mm256_or_si256(_mm256_or_si256(_mm256_cmpeq_epi8(b, quote), _mm256_cmpeq_epi8(b, feed)), _mm256_cmpeq_epi8(b, carriage));
    uint64_t breaks = (uint64_t)(uint32_t)_mm256_movemask_epi8(hit_b) << 32 | (uint32_t)_mm256_movemask_epi8(hit_a);
    uint64_t delimiters = (uint64_t)(uint32_t)_mm256_movemask_epi8(_mm256_cmpeq_epi8(b, delimiter)) << 32 |
                          (uint32_t)_mm256_movemask_epi8(_mm256_cmpeq_epi8(a, delimiter));
    __m256i nul = _mm256_or_si256(_mm256_cmpeq_epi8(a, zero), _mm256_cmpeq_epi8(b, zero));

    *seen |= (unsigned)(_mm256_movemask_epi8(nul) != 0) | (unsigned)(_mm256_movemask_epi8(_mm256_or_si256(a, b)) != 0) << 1;
    return (masks){ delimiters | breaks, breaks };
}

__attribute__((target("avx512bw"))) static inline masks masks_avx512(const unsigned char *bytes, rd_special special, unsigned *seen)
{
    __m512i v = _mm512_loadu_si512(bytes);
    uint64_t breaks = _mm512_cmpeq_epi8_mask(v, _mm512_set1_epi8(special.quote)) | _mm512_cmpeq_epi8_mask(v, _mm512_set1_epi8('\n')) |
                      _mm512_cmpeq_epi8_mask(v, _mm512_set1_epi8('\r'));

    *seen |= (unsigned)(_mm512_testn_epi8_mask(v, v) != 0) | (unsigned)(_mm512_movepi8_mask(v) != 0) << 1;
    return (masks){ _mm512_cmpeq_epi8_mask(v, _mm512_set1_epi8(special.delimiter)) | breaks, breaks };
}
#endif

/* The places of the set bits. Eight are written at a time whether or not there are as many, which costs less than asking. */
static inline size_t put_places(uint64_t mask, size_t base, uint32_t *places)
{
    size_t n = (size_t)__builtin_popcountll(mask);

    for (size_t k = 0; k < n; k += 8) {
#pragma GCC unroll 8
        for (size_t i = 0; i < 8; i++) {
            places[k + i] = (uint32_t)(base + (size_t)__builtin_ctzll(mask | UINT64_C(1) << 63));
            mask &= mask - 1;
        }
    }
    return n;
}

#ifdef __x86_64__
/* The same, sixteen at a time. */
__attribute__((target("avx512f,popcnt"))) static inline size_t put_places_avx512(uint64_t mask, size_t base, uint32_t *places)
{
    __m512i place = _mm512_add_epi32(_mm512_set1_epi32((int)base), _mm512_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15));
    size_t n = 0;

    for (int k = 0; k < 4; k++, mask >>= 16) {
        _mm512_storeu_si512(places + n, _mm512_maskz_compress_epi32((__mmask16)mask, place));
        place = _mm512_add_epi32(place, _mm512_set1_epi32(16));
        n += (size_t)__builtin_popcountll(mask & 0xffff);
    }
    return n;
}
#endif

/* How many special bytes lie before each break. */
static inline size_t put_breaks(masks m, size_t base, uint32_t *breaks)
{
    size_t n = 0;

    for (uint64_t rest = m.breaks; rest; rest &= rest - 1)
        breaks[n++] = (uint32_t)(base + (size_t)__builtin_popcountll(m.special & ((rest & -rest) - 1)));
    return n;
}

/* The same loop around each kernel, so that it is compiled for that kernel's CPU. */
#define SCAN(name, target, masks_of, put) \
    target static size_t name(const char *bytes, size_t begin, size_t end, rd_special special, uint32_t *places, size_t n, uint32_t *breaks, \
                              size_t *n_breaks, unsigned *seen) \
    { \
        size_t i = begin; \
        for (; i + 64 <= end; i += 64) { \
            masks m = masks_of((const unsigned char *)bytes + i, special, seen); \
            *n_breaks += put_breaks(m, n, breaks + *n_breaks); \
            n += put(m.special, i, places + n); \
        } \
        if (i < end) { \
            unsigned char rest[64]; \
            memset(rest, 'x', sizeof rest); \
            memcpy(rest, bytes + i, end - i); \
            masks m = masks_of(rest, special, seen); \
            m.special &= UINT64_MAX >> (64 - (end - i)); \
            m.breaks &= m.special; \
            *n_breaks += put_breaks(m, n, breaks + *n_breaks); \
            n += put(m.special, i, places + n); \
        } \
        return n; \
    }

SCAN(scan_plain, , masks_plain, put_places)
#ifdef __x86_64__
SCAN(scan_sse2, , masks_sse2, put_places)
SCAN(scan_avx2, __attribute__((target("avx2,bmi,popcnt"))), masks_avx2, put_places)
SCAN(scan_avx512, __attribute__((target("avx512bw,avx512f,bmi,popcnt"))), masks_avx512, put_places_avx512)
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

bool rd_survey(const char *bytes, size_t n, char c, size_t *count)
{
    size_t total = 0, i = 0;
    unsigned char all = 0;

#ifdef __SSE2__
    const __m128i wanted = _mm_set1_epi8(c), zero = _mm_setzero_si128();
    __m128i high = zero;
    while (n - i >= 16) {
        __m128i lanes = zero; /* no lane counts beyond 255 */
        for (size_t end = i + TOC_MIN((n - i) / 16, (size_t)255) * 16; i < end; i += 16) {
            __m128i v = _mm_loadu_si128((const __m128i *)(const void *)(bytes + i));
            lanes = _mm_sub_epi8(lanes, _mm_cmpeq_epi8(v, wanted));
            high = _mm_or_si128(high, v);
        }
        lanes = _mm_sad_epu8(lanes, zero);
        total += (size_t)_mm_cvtsi128_si64(lanes) + (size_t)_mm_cvtsi128_si64(_mm_unpackhi_epi64(lanes, lanes));
    }
    all = _mm_movemask_epi8(high) ? 0x80 : 0;
#endif
    for (; i < n; i++) {
        total += bytes[i] == c;
        all |= (unsigned char)bytes[i];
    }
    *count = total;
    return all < 0x80;
}

size_t rd_count_byte(const char *bytes, size_t n, char c)
{
    size_t count;

    (void)rd_survey(bytes, n, c, &count);
    return count;
}
