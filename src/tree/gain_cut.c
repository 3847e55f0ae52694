/* gain_cut.c: the exact best cut of a column in order of value.
 *
 * The impurity left by a cut is concave in the class counts of its left side, so within a block of rows it is nowhere less than at a corner of the box
 * these counts run through. Blocks whose corners are no better than what the ends of blocks reach are not looked into: nearly all of them. With more
 * than four classes there are too many corners, and every row is looked at. */
#include <math.h>

#include "tree/gain_int.h"

enum { BLOCK = 256, MOST_CORNERED = 4 };

double gain_impurity(const gain_job *a, const double *classes)
{
    double sum = 0, n = 0;

    for (size_t c = 0; c < a->k; c++) {
        sum += gain_x_log2_x(a, classes[c]);
        n += classes[c];
    }
    return gain_x_log2_x(a, n) - sum;
}

/* Ones among n bytes 0 and 1. */
static size_t count_ones(const uint8_t *y, size_t n)
{
    const uint64_t pairs = UINT64_C(0x00ff00ff00ff00ff);
    size_t ones = 0, i = 0;

    while (i + 8 <= n) {
        uint64_t sum = 0, word; /* eight sums of up to 255 */
        for (size_t stop = TOC_MIN(n - 7, i + 8 * 255); i < stop; i += 8) {
            memcpy(&word, y + i, sizeof word);
            sum += word;
        }
        ones += ((sum & pairs) + (sum >> 8 & pairs)) * UINT64_C(0x0001000100010001) >> 48;
    }
    for (; i < n; i++) ones += y[i];
    return ones;
}

void gain_count(const gain_job *a, const gain_sequence *s, size_t from, size_t to, double *classes)
{
    if (s->w) {
        for (size_t i = from; i < to; i++) classes[s->y[i]] += s->w[i];
    } else if (a->k == 2) {
        size_t ones = count_ones(s->y + from, to - from);
        classes[0] += (double)(to - from - ones);
        classes[1] += (double)ones;
    } else {
        for (size_t i = from; i < to; i++) classes[s->y[i]] += 1;
    }
}

double gain_rest(const gain_job *a, const double *left, const double *whole)
{
    double sum = 0, n_left = 0, n_right = 0;

    for (size_t c = 0; c < a->k; c++) {
        double right = whole[c] - left[c];
        sum += gain_x_log2_x(a, left[c]) + gain_x_log2_x(a, right);
        n_left += left[c];
        n_right += right;
    }
    return gain_x_log2_x(a, n_left) + gain_x_log2_x(a, n_right) - sum;
}

/* Rows [from, to) of the sequence, their class counts, and those before each block. */
typedef struct {
    const gain_job *a;
    const gain_sequence *s;
    size_t from, to, n_blocks;
    const double *whole, *before; /* k; (n_blocks + 1) x k */
    double *least;                /* n_blocks: no cut in the block leaves less */
} range;

/* The least that a cut in block b leaves; the first that leaves at most `stop` ends the search and is told in *at. */
static double search_block(const range *r, size_t b, double stop, size_t *at)
{
    const gain_job *a = r->a;
    const gain_sequence *s = r->s;
    double left[TREE_MOST_CLASSES], n_left = 0, n = 0, sum = 0, least = INFINITY;
    size_t first = r->from + b * BLOCK, last = TOC_MIN(first + BLOCK, r->to - 1);

    for (size_t c = 0; c < a->k; c++) {
        left[c] = r->before[b * a->k + c];
        n_left += left[c];
        n += r->whole[c];
        sum += gain_x_log2_x(a, left[c]) + gain_x_log2_x(a, r->whole[c] - left[c]);
    }
    for (size_t i = first; i < last; i++) {
        uint8_t c = s->y[i];
        double w = s->w ? s->w[i] : 1, before = left[c], all = r->whole[c];
        sum -= gain_x_log2_x(a, before) + gain_x_log2_x(a, all - before);
        sum += gain_x_log2_x(a, before + w) + gain_x_log2_x(a, all - before - w);
        left[c] = before + w;
        n_left += w;
        if (!s->end[i]) continue;
        double rest = gain_x_log2_x(a, n_left) + gain_x_log2_x(a, n - n_left) - sum;
        if (rest <= stop) {
            *at = i + 1;
            return rest;
        }
        least = TOC_MIN(least, rest);
    }
    return least;
}

/* What a cut between blocks leaves at least; also fills r->least. */
static double search_ends(const range *r)
{
    const size_t k = r->a->k, n_corners = k <= MOST_CORNERED ? (size_t)1 << k : 0;
    double best = INFINITY, end = gain_rest(r->a, r->before, r->whole), corner[MOST_CORNERED];

    for (size_t b = 0; b < r->n_blocks; b++) {
        const double *from = r->before + b * k, *to = from + k;
        double least = end;
        end = gain_rest(r->a, to, r->whole);
        least = TOC_MIN(least, end);
        if (b + 1 < r->n_blocks && r->s->end[r->from + (b + 1) * BLOCK - 1]) best = TOC_MIN(best, end);
        for (size_t which = 1; which + 1 < n_corners; which++) { /* the first and the last are the ends */
            for (size_t c = 0; c < k; c++) corner[c] = which >> c & 1 ? to[c] : from[c];
            double rest = gain_rest(r->a, corner, r->whole);
            least = TOC_MIN(least, rest);
        }
        r->least[b] = n_corners ? least : -INFINITY;
    }
    return best;
}

static void search(const range *r, double below, size_t *at, double *rest)
{
    double tolerance = r->a->tolerance, best = search_ends(r);

    *at = 0;
    for (size_t b = 0; b < r->n_blocks && isnan(below); b++) {
        if (r->least[b] > best + tolerance) continue;
        double least = search_block(r, b, -INFINITY, at);
        best = TOC_MIN(best, least);
    }
    double stop = isnan(below) ? best + tolerance : below;
    if (isinf(stop)) return;
    for (size_t b = 0; b < r->n_blocks && !*at; b++)
        if (r->least[b] <= stop) *rest = search_block(r, b, stop, at);
}

toc_status gain_cut(toc_ctx *ctx, const gain_job *a, gain_scratch *scratch, size_t from, size_t to, double below, size_t *at, double *rest)
{
    const gain_sequence *s = &scratch->s;
    size_t k = a->k, n_blocks = (to - from + BLOCK - 1) / BLOCK;

    *at = 0;
    *rest = INFINITY;
    if (to - from < 2) return TOC_OK;
    TOC_TRY(toc_grow(ctx, &scratch->blocks, &scratch->cap_blocks, (n_blocks + 1) * (k + 1), sizeof *scratch->blocks));
    double *before = scratch->blocks;
    memset(before, 0, k * sizeof *before);
    for (size_t b = 0; b < n_blocks; b++) {
        memcpy(before + (b + 1) * k, before + b * k, k * sizeof *before);
        gain_count(a, s, from + b * BLOCK, TOC_MIN(from + (b + 1) * BLOCK, to), before + (b + 1) * k);
    }
    range r = { a, s, from, to, n_blocks, before + n_blocks * k, before, before + (n_blocks + 1) * k };
    search(&r, below, at, rest);
    return TOC_OK;
}
