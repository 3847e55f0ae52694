/* sort.c: LSD radix sort of permutations (11-bit digits, digits that do not differ are skipped) and a bottom-up merge sort. */
#include "base/base.h"

enum { BITS = 11, BUCKETS = 1 << BITS, PASSES = (64 + BITS - 1) / BITS };

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

static void radix_pass(const uint64_t *keys, size_t n, unsigned shift, size_t *count, const uint32_t *from, uint32_t *to)
{
    size_t sum = 0;

    for (size_t b = 0; b < BUCKETS; b++) {
        size_t c = count[b];
        count[b] = sum;
        sum += c;
    }
    for (size_t i = 0; i < n; i++) to[count[keys[from[i]] >> shift & (BUCKETS - 1)]++] = from[i];
}

toc_status toc_sort_u64(toc_ctx *ctx, const uint64_t *keys, size_t n, bool refine, uint32_t *order)
{
    size_t *counts = NULL;
    uint32_t *spare = NULL, *from = order, *to;
    toc_status st = TOC_OK;

    if (n > UINT32_MAX) return toc_fail(ctx, TOC_E_DATA, "more than 4 billion rows to sort");
    if ((st = toc_alloc(ctx, (size_t)PASSES * BUCKETS, sizeof *counts, &counts))) goto out;
    if ((st = toc_alloc(ctx, n, sizeof *spare, &spare))) goto out;
    to = spare;
    for (size_t i = 0; i < n; i++) {
        if (!refine) order[i] = (uint32_t)i;
        for (unsigned p = 0; p < PASSES; p++) counts[p * BUCKETS + (keys[i] >> (p * BITS) & (BUCKETS - 1))]++;
    }
    for (unsigned p = 0; p < PASSES && n; p++) {
        size_t *count = counts + (size_t)p * BUCKETS;
        if (count[keys[0] >> (p * BITS) & (BUCKETS - 1)] == n) continue;
        radix_pass(keys, n, p * BITS, count, from, to);
        uint32_t *swap = from;
        from = to;
        to = swap;
    }
    if (from != order && n) memcpy(order, from, n * sizeof *order);
out:
    toc_free(counts);
    toc_free(spare);
    return st;
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
