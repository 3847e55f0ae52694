/* sort.c: LSD radix sort of permutations and a bottom-up merge sort.
 *
 * Digits begin at the lowest bit in which any two keys differ and skip what is common, so 40-bit times or 20-bit codes cost what they should.
 * Few rows are inserted one by one. */
#include "base/base.h"

enum { FEW = 48, BITS = 11, BUCKETS = 1 << BITS, MOST_PASSES = (64 + BITS - 1) / BITS };

uint64_t toc_key_i64(int64_t value)
{
    return (uint64_t)value ^ (UINT64_C(1) << 63);
}

uint64_t toc_key_f64(double value)
{
    uint64_t bits;

    if (value != value) return UINT64_MAX;
    if (value == 0) value = 0; /* -0 and 0 are equal */
    memcpy(&bits, &value, sizeof bits);
    return bits >> 63 ? ~bits : bits | UINT64_C(1) << 63;
}

double toc_f64_of_key(uint64_t key)
{
    uint64_t bits = key >> 63 ? key & ~(UINT64_C(1) << 63) : ~key;
    double value;

    memcpy(&value, &bits, sizeof value);
    return value;
}

static void insert_few(const uint64_t *keys, size_t n, uint32_t *order)
{
    for (size_t i = 1; i < n; i++) {
        uint32_t row = order[i];
        size_t k = i;
        for (; k > 0 && keys[order[k - 1]] > keys[row]; k--) order[k] = order[k - 1];
        order[k] = row;
    }
}

/* One stable pass by the digit above `shift`; count holds how often each digit occurs, and then where it goes. */
static void radix_pass(const uint64_t *keys, size_t n, unsigned shift, uint32_t *count, const uint32_t *from, uint32_t *to)
{
    uint32_t sum = 0;

    for (size_t b = 0; b < BUCKETS; b++) {
        uint32_t c = count[b];
        count[b] = sum;
        sum += c;
    }
    for (size_t i = 0; i < n; i++) to[count[keys[from[i]] >> shift & (BUCKETS - 1)]++] = from[i];
}

/* The bits in which keys differ, and whether they ascend already. */
static uint64_t differing_bits(const uint64_t *keys, size_t n, bool *sorted)
{
    uint64_t bits = 0;

    *sorted = true;
    for (size_t i = 1; i < n; i++) {
        bits |= keys[i - 1] ^ keys[i];
        *sorted &= keys[i - 1] <= keys[i];
    }
    return bits;
}

/* Where the digits begin that hold all of `bits`; how many there are. */
static size_t choose_digits(uint64_t bits, unsigned *shifts)
{
    size_t n = 0;

    for (unsigned shift = 0; shift < 64 && bits >> shift; shift += BITS) {
        shift += (unsigned)__builtin_ctzll(bits >> shift);
        shifts[n++] = shift;
    }
    return n;
}

toc_status toc_sort_u64(toc_ctx *ctx, const uint64_t *keys, size_t n, bool refine, uint32_t *order)
{
    uint32_t counts[MOST_PASSES][BUCKETS], *spare = NULL, *from = order, *to;
    unsigned shifts[MOST_PASSES];
    size_t cap = 0;
    bool sorted;

    if (n > UINT32_MAX) return toc_fail(ctx, TOC_E_DATA, "more than 4 billion rows to sort");
    for (size_t i = 0; i < n && !refine; i++) order[i] = (uint32_t)i;
    if (n <= FEW) {
        insert_few(keys, n, order);
        return TOC_OK;
    }
    size_t n_passes = choose_digits(differing_bits(keys, n, &sorted), shifts);
    if (!n_passes || (sorted && !refine)) return TOC_OK;
    TOC_TRY(toc_grow(ctx, &spare, &cap, n, sizeof *spare)); /* written before it is read: no need of zeros */
    to = spare;
    memset(counts, 0, n_passes * sizeof counts[0]);
    for (size_t i = 0; i < n; i++)
        for (size_t p = 0; p < n_passes; p++) counts[p][keys[i] >> shifts[p] & (BUCKETS - 1)]++;
    for (size_t p = 0; p < n_passes; p++) {
        radix_pass(keys, n, shifts[p], counts[p], from, to);
        uint32_t *swap = from;
        from = to;
        to = swap;
    }
    if (from != order) memcpy(order, from, n * sizeof *order);
    toc_free(spare);
    return TOC_OK;
}

toc_status toc_sort(toc_ctx *ctx, void *base, size_t n, size_t size, int (*compare)(const void *a, const void *b, const void *arg), const void *arg)
{
    char *from = base, *to, *spare;
    size_t bytes;

    if (n < 2) return TOC_OK;
    TOC_TRY(toc_mul_size(ctx, n, size, &bytes));
    TOC_TRY(toc_alloc(ctx, n, size, &spare));
    to = spare;
    for (size_t width = 1; width < n; width *= 2) {
        for (size_t left = 0; left < n; left += 2 * width) {
            size_t i = left, middle = TOC_MIN(left + width, n), j = middle, end = TOC_MIN(left + 2 * width, n);
            for (size_t k = left; k < end; k++) {
                bool take_left = i < middle && (j >= end || compare(from + i * size, from + j * size, arg) <= 0);
                memcpy(to + k * size, from + (take_left ? i++ : j++) * size, size);
            }
        }
        char *swap = from;
        from = to;
        to = swap;
    }
    if (from != base) memcpy(base, from, bytes);
    toc_free(spare);
    return TOC_OK;
}
