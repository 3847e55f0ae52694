/* sort.h: stable sorting of permutations by integer keys (LSD radix), and a stable comparison sort. */
#ifndef TOC_SORT_H
#define TOC_SORT_H

#include "base/ctx.h"

/* Fills order (n) with the permutation that sorts keys ascending; equal keys keep their order in `order` on entry when `refine` is true (so
 * sort by the minor key first), else their index order. keys is read only. O(n) per byte that differs. Errors: TOC_E_NOMEM. */
TOC_CHECKED toc_status toc_sort_u64(toc_ctx *ctx, const uint64_t *keys, size_t n, bool refine, uint32_t *order);
/* Maps to keys whose unsigned order is the value order. NaN sorts last. */
uint64_t toc_key_i64(int64_t value);
uint64_t toc_key_f64(double value);
double toc_f64_of_key(uint64_t key); /* the value again */
/* Stable merge sort of n elements of `size` bytes; compare as qsort's with an argument. Errors: TOC_E_NOMEM. */
TOC_CHECKED toc_status toc_sort(toc_ctx *ctx, void *base, size_t n, size_t size,
                                int (*compare)(const void *a, const void *b, const void *arg), const void *arg);

#endif
