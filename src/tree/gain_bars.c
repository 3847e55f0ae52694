/* gain_bars.c: class counts along a column, for pictures. */
#include "tree/gain_int.h"

enum { A_SIDE = 8 };

typedef struct {
    const gain_job *a;
    const gain_sequence *s;
    tree_bar *bars;
    size_t n;
} drawing;

static toc_status new_bar(toc_ctx *ctx, drawing *d, bool left, tree_bar **bar)
{
    TOC_ASSERT(d->n < TREE_MOST_BARS);
    *bar = &d->bars[d->n++];
    **bar = (tree_bar){ .from = NAN, .to = NAN, .left = left };
    return toc_arena_alloc(ctx, &ctx->arena, d->a->k, sizeof *(*bar)->counts, &(*bar)->counts);
}

/* Rows [from, to) in up to A_SIDE stretches of whole values. */
static toc_status stretches(toc_ctx *ctx, drawing *d, size_t from, size_t to, bool left)
{
    const gain_sequence *s = d->s;
    tree_bar *bar;

    for (size_t i = 0; i < A_SIDE && from < to; i++) {
        size_t until = TOC_MAX(from + (to - from) / (A_SIDE - i), from + 1);
        while (until < to && !s->end[until - 1]) until++;
        TOC_TRY(new_bar(ctx, d, left, &bar));
        gain_count(d->a, s, from, until, bar->counts);
        bar->from = gain_value(s, from);
        bar->to = gain_value(s, until - 1);
        for (size_t r = from; r < until; r++) bar->n_values += s->end[r];
        from = until;
    }
    return TOC_OK;
}

static double rows_of(const drawing *d, const double *counts)
{
    double n = 0;

    for (size_t c = 0; c < d->a->k; c++) n += counts[c];
    return n;
}

static bool is_left(const tree_gain *gain, double value)
{
    size_t low = 0, high = gain->n_left;

    while (low < high) {
        size_t middle = (low + high) / 2;
        if (gain->left[middle] < value) low = middle + 1;
        else high = middle;
    }
    return low < gain->n_left && gain->left[low] == value;
}

/* How many rows a value of one side needs for a bar of its own, and how many of those with just as many get one. */
static double rows_needed(const drawing *d, const tree_gain *gain, bool left, size_t *n_equal)
{
    const gain_sequence *s = d->s;
    double largest[A_SIDE - 1] = {0}, counts[TREE_MOST_CLASSES];

    for (size_t from = 0, to; from < s->m; from = to) {
        for (to = from; !s->end[to++];) continue;
        if (is_left(gain, gain_value(s, from)) != left) continue;
        memset(counts, 0, d->a->k * sizeof *counts);
        gain_count(d->a, s, from, to, counts);
        double n = rows_of(d, counts);
        for (size_t i = 0; i < TOC_COUNT(largest); i++) {
            double smaller = TOC_MIN(n, largest[i]);
            largest[i] = TOC_MAX(n, largest[i]);
            n = smaller;
        }
    }
    double needed = largest[TOC_COUNT(largest) - 1];
    *n_equal = 0;
    for (size_t i = 0; i < TOC_COUNT(largest); i++) *n_equal += !(largest[i] > needed);
    return needed;
}

/* The bars of values of one side; what has too few rows goes into one more. */
static toc_status values_of_side(toc_ctx *ctx, drawing *d, const tree_gain *gain, bool left)
{
    const gain_sequence *s = d->s;
    size_t n_equal;
    double needed = rows_needed(d, gain, left, &n_equal), counts[TREE_MOST_CLASSES];
    tree_bar *bar, *others = NULL;

    for (size_t from = 0, to; from < s->m; from = to) {
        for (to = from; !s->end[to++];) continue;
        double value = gain_value(s, from);
        if (is_left(gain, value) != left) continue;
        memset(counts, 0, d->a->k * sizeof *counts);
        gain_count(d->a, s, from, to, counts);
        double n = rows_of(d, counts);
        bool gets_own = n > needed || (!(n < needed) && n_equal > 0);
        n_equal -= gets_own && !(n > needed);
        if (gets_own || !others) TOC_TRY(new_bar(ctx, d, left, &bar));
        if (!gets_own) bar = others = others ? others : bar;
        for (size_t c = 0; c < d->a->k; c++) bar->counts[c] += counts[c];
        bar->from = bar->to = bar->n_values++ ? (double)NAN : value;
    }
    return TOC_OK;
}

static toc_status missing_bar(toc_ctx *ctx, drawing *d, bool left)
{
    tree_bar *bar;

    if (d->s->m == d->s->n) return TOC_OK;
    TOC_TRY(new_bar(ctx, d, left, &bar));
    gain_count(d->a, d->s, d->s->m, d->s->n, bar->counts);
    return TOC_OK;
}

toc_status tree_gain_bars(toc_ctx *ctx, const tree_data *data, size_t j, const uint32_t *y, size_t n_classes, const tree_gain_options *options,
                          const tree_gain *gain, tree_bar bars[TREE_MOST_BARS], size_t *n_bars)
{
    gain_scratch scratch = {0};
    gain_job a;
    toc_status st;
    size_t at = 0;

    *n_bars = 0;
    if ((st = gain_job_make(ctx, data, y, n_classes, options, &a))) goto out;
    if ((st = gain_scratch_make(ctx, &a, &scratch))) goto out;
    if ((st = gain_sort(ctx, &a, j, &scratch))) goto out;
    drawing d = { &a, &scratch.s, bars, 0 };
    if (data->categorical && data->categorical[j]) {
        if ((st = values_of_side(ctx, &d, gain, true))) goto out;
        if ((st = values_of_side(ctx, &d, gain, false))) goto out;
    } else {
        while (at < scratch.s.m && gain_value(&scratch.s, at) <= gain->threshold) at++;
        if ((st = stretches(ctx, &d, 0, at, true))) goto out;
        if ((st = stretches(ctx, &d, at, scratch.s.m, false))) goto out;
    }
    if ((st = missing_bar(ctx, &d, gain->left_missing))) goto out;
    *n_bars = d.n;
out:
    gain_scratch_release(&scratch);
    gain_job_release(&a);
    return st;
}
