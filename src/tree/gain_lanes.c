/* gain_lanes.c: the loops of sorting that go through a column in order, four values at a time. */
#include "tree/gain_int.h"

/* One copy for each kind of CPU, chosen when the program is loaded. clang 14 does not link them, and thread sanitizer crashes in the chooser. */
#if defined(__x86_64__) && defined(__GNUC__) && !defined(__clang__) && !defined(__SANITIZE_THREAD__)
#define CLONES __attribute__((target_clones("avx2", "default")))
#else
#define CLONES
#endif

enum { LANES = 4 };
typedef double reals __attribute__((vector_size(32)));
typedef uint64_t words __attribute__((vector_size(32)));
typedef int64_t flags __attribute__((vector_size(32))); /* of comparisons: -1 or 0 */
typedef uint8_t bytes __attribute__((vector_size(4)));
typedef uint32_t halves __attribute__((vector_size(16)));
typedef uint32_t eights __attribute__((vector_size(32)));
typedef int32_t eight_flags __attribute__((vector_size(32)));
typedef uint8_t eight_bytes __attribute__((vector_size(8)));

/* v where flags, else other */
#define PICK(v, flag, other) ((reals)(((flags)(v) & (flag)) | ((flags)(other) & ~(flag))))

CLONES void gain_range_of(const double *x, size_t n, gain_range *range)
{
    const double infinity = INFINITY;
    reals least = (reals){0} + infinity, most = -least, most_negative = most, least_positive = least, v;
    words bits = {0};
    flags present = {0}, zeros = {0};

    for (size_t i = 0; i < n; i += LANES) {
        if (n - i >= LANES) memcpy(&v, x + i, sizeof v);
        else {
            v = (reals){0} + (double)NAN;
            memcpy(&v, x + i, (n - i) * sizeof *x);
        }
        flags there = v == v;
        bits |= (words)v & (words)there;
        present -= there;
        zeros -= v == 0;
        least = PICK(v, v < least, least);
        most = PICK(v, v > most, most);
        most_negative = PICK(v, (v < 0) & (v > most_negative), most_negative);
        least_positive = PICK(v, (v > 0) & (v < least_positive), least_positive);
    }
    *range = (gain_range){ .least = INFINITY, .most = -INFINITY, .most_negative = -INFINITY, .least_positive = INFINITY };
    for (size_t l = 0; l < LANES; l++) {
        range->least = TOC_MIN(range->least, least[l]);
        range->most = TOC_MAX(range->most, most[l]);
        range->most_negative = TOC_MAX(range->most_negative, most_negative[l]);
        range->least_positive = TOC_MIN(range->least_positive, least_positive[l]);
        range->bits |= bits[l];
        range->present += (size_t)present[l];
        range->zeros += (size_t)zeros[l];
    }
}

/* -0 and 0 are equal. */
#define PACK(name, item, narrow) \
    CLONES size_t name(const gain_packing *p, const double *x, const uint8_t *y, size_t n, item *items) \
    { \
        size_t i = 0; \
        for (; i + LANES <= n; i += LANES) { \
            reals v; \
            bytes class; \
            memcpy(&v, x + i, sizeof v); \
            memcpy(&class, y + i, sizeof class); \
            flags below = v < 0, above = v > 0; \
            words key = (words)v & (words)(below | above); \
            key ^= (words)((flags)key < 0) | GAIN_ZERO_KEY; \
            key -= ((words)below & p->base[0]) | ((words)~(below | above) & p->base[1]) | ((words)above & p->base[2]); \
            key = (key >> p->shift << p->class_bits) | __builtin_convertvector(class, words); \
            narrow packed = __builtin_convertvector(key, narrow); \
            memcpy(items + i, &packed, sizeof packed); \
        } \
        return i; \
    }
PACK(gain_pack_64, uint64_t, words)
PACK(gain_pack_32, uint32_t, halves)

#define UNPACK(name, item, vector, signs, octets, lanes) \
    CLONES size_t name(const item *items, size_t m, unsigned class_bits, uint8_t *y, uint8_t *end, size_t *n_ends) \
    { \
        const item mask = (item)((UINT64_C(1) << class_bits) - 1); \
        signs ends = {0}; \
        size_t i = 0; \
        for (; i + lanes < m; i += lanes) { \
            vector here, next; \
            memcpy(&here, items + i, sizeof here); \
            memcpy(&next, items + i + 1, sizeof next); \
            signs differ = ((here ^ next) & ~mask) != 0; \
            octets class = __builtin_convertvector(here & mask, octets), last = __builtin_convertvector((vector)differ & 1, octets); \
            memcpy(y + i, &class, sizeof class); \
            memcpy(end + i, &last, sizeof last); \
            ends -= differ; \
        } \
        *n_ends = 0; \
        for (size_t l = 0; l < lanes; l++) *n_ends += (size_t)ends[l]; \
        return i; \
    }
UNPACK(gain_unpack_64, uint64_t, words, flags, bytes, 4)
UNPACK(gain_unpack_32, uint32_t, eights, eight_flags, eight_bytes, 8)
