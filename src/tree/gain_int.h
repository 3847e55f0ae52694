/* gain_int.h: private to the files of gain: a column in order of value, cuts of it, and what chance makes of them.
 *
 * Counts of classes are doubles: whole numbers without weights, sums of weights with them. */
#ifndef TREE_GAIN_INT_H
#define TREE_GAIN_INT_H

#include <math.h>

#include "tree/tree_int.h"

/* What all columns share. */
typedef struct {
    const tree_data *data;
    tree_gain_options options;
    const uint8_t *y;     /* n: class of each row */
    const double *weight; /* n, or NULL */
    size_t k;             /* classes */
    const double *table;  /* c log2 c for whole numbers up to n_table; NULL with weights */
    size_t n_table;
    double all[TREE_MOST_CLASSES]; /* of the target */
    double total, tolerance;       /* gains closer than this, times rows, are taken as equal: the lower cut wins */
    double rows;                   /* that count: n, with weights (sum w)^2 / sum w^2 (Kish 1965) */
    tree_gain *gain;
    size_t next;                   /* column that no thread has taken yet; atomic */
    uint8_t *classes;              /* owned: y and table */
    double *logs;
} gain_job;
/* Release it in any case (gain.c). */
TOC_CHECKED toc_status gain_job_make(toc_ctx *ctx, const tree_data *data, const uint32_t *y, size_t n_classes, const tree_gain_options *options,
                                     gain_job *a);
void gain_job_release(gain_job *a);

/* Rows of one column in order of value; those without one are behind. */
typedef struct {
    uint8_t *y;      /* n */
    uint8_t *end;    /* m: 1 = the last row of its value */
    double *w;       /* n, with weights only */
    size_t n, m;     /* m rows have a value */
    size_t n_distinct;
    /* where values are found again */
    const uint64_t *items;  /* one of these three */
    const uint32_t *narrow; /* items of 32 bits */
    const uint32_t *order;  /* rows */
    const double *x;
    uint64_t negative, zero, least_negative, least_positive;
    unsigned shift, class_bits;
} gain_sequence;

/* Memory of one thread, used column after column. */
typedef struct {
    uint64_t *items, *spare; /* n each */
    uint32_t *count;
    uint32_t *order;         /* columns that are sorted by row only */
    gain_sequence s;
    size_t cap_items, cap_spare, cap_order;
    double *blocks;          /* class counts at the ends of blocks, and what a cut inside each leaves at least */
    size_t cap_blocks;
} gain_scratch;

enum { GAIN_DIGIT = 11, GAIN_BUCKETS = 1 << GAIN_DIGIT };
#define GAIN_ZERO_KEY (UINT64_C(1) << 63) /* toc_key_f64(0) */

/* ---- loops over a column (gain_lanes.c) ---- */
/* What a column's values have in common; NaN are left out. */
typedef struct {
    double least, most, most_negative, least_positive; /* infinite where there is none */
    uint64_t bits;         /* that are 1 in any value */
    size_t present, zeros; /* values, and how many of them are 0 */
} gain_range;
void gain_range_of(const double *x, size_t n, gain_range *range);

/* How the values of a column become small whole numbers. */
typedef struct {
    uint64_t base[3]; /* of negative numbers, zero, positive ones: subtracted from their keys */
    unsigned shift, class_bits, bits;
    bool fits;
} gain_packing;
/* All return how many items they did: the last few are left to the caller. What becomes of NaN is not defined. */
size_t gain_pack_64(const gain_packing *packing, const double *x, const uint8_t *y, size_t n, uint64_t *items);
size_t gain_pack_32(const gain_packing *packing, const double *x, const uint8_t *y, size_t n, uint32_t *items);
size_t gain_unpack_64(const uint64_t *items, size_t m, unsigned class_bits, uint8_t *y, uint8_t *end, size_t *n_ends);
size_t gain_unpack_32(const uint32_t *items, size_t m, unsigned class_bits, uint8_t *y, uint8_t *end, size_t *n_ends);

/* ---- sorting (gain_sort.c) ---- */
TOC_CHECKED toc_status gain_scratch_make(toc_ctx *ctx, const gain_job *a, gain_scratch *scratch);
void gain_scratch_release(gain_scratch *scratch);
/* Fills scratch->s with column j. */
TOC_CHECKED toc_status gain_sort(toc_ctx *ctx, const gain_job *a, size_t j, gain_scratch *scratch);
/* The value of the row at a place below m. */
double gain_value(const gain_sequence *s, size_t at);

/* ---- cuts (gain_cut.c) ---- */
static inline double gain_x_log2_x(const gain_job *a, double c)
{
    if (a->table && c <= (double)a->n_table) return a->table[(size_t)c];
    return c > 0 ? c * log2(c) : 0;
}
/* n log2 n less the sum over classes: the weight of rows times their entropy. */
double gain_impurity(const gain_job *a, const double *classes);
/* Adds the rows [from, to) to classes (k). */
void gain_count(const gain_job *a, const gain_sequence *s, size_t from, size_t to, double *classes);
/* The cut of [from, to) into [from, at) and [at, to) that leaves the least impurity, of equal ones the lowest: *rest. 0 = there is none. With `below`, any
 * cut will do that leaves at most so much, the first that is found. */
TOC_CHECKED toc_status gain_cut(toc_ctx *ctx, const gain_job *a, gain_scratch *scratch, size_t from, size_t to, double below, size_t *at, double *rest);
/* Bits gained by a partition that leaves so much impurity (gain.c). */
double gain_left(const gain_job *a, double impurity);
/* Impurity left where `left` of `whole` goes to one side. */
double gain_rest(const gain_job *a, const double *left, const double *whole);

/* ---- more of a sorted column ---- */
/* The best split into two sets of values: out->binary_gain, left ... (gain_levels.c) */
TOC_CHECKED toc_status gain_binary(toc_ctx *ctx, const gain_job *a, const gain_scratch *scratch, tree_gain *out);
/* Cuts into intervals: out->cuts (gain_intervals.c) */
TOC_CHECKED toc_status gain_intervals(toc_ctx *ctx, const gain_job *a, gain_scratch *scratch, tree_gain *out);
/* The share of at most n permutations of the target that leave at most as much impurity. The order of the classes is lost (gain_chance.c). */
TOC_CHECKED toc_status gain_chance(toc_ctx *ctx, const gain_job *a, gain_scratch *scratch, size_t j, bool by_value, double impurity, size_t n,
                                   double *p_value);

#endif
