/* gain_levels.c: the best split of a categorical column into two sets of values. With two classes the best one is among those along the order of the
 * values by their share of a class (Breiman et al. 1984, section 4.2); with more, up to ten values are parted in every way there is, and more along the
 * order for each class. */
#include "tree/gain_int.h"

enum { EVERY_WAY = 10, MOST_CELLS = 1 << 22 };

/* Values and their class counts; missing is the last one, where there is any. */
typedef struct {
    const gain_job *a;
    size_t n;
    bool missing;
    double *values, *counts; /* n, n x k */
    double *share;           /* n */
    uint32_t *order;         /* n */
    uint8_t *left;           /* n: the best split so far */
    double best;             /* impurity it leaves */
} levels;

static void fill(levels *l, const gain_sequence *s)
{
    size_t k = l->a->k, at = 0;

    for (size_t from = 0, to; from < s->m; from = to, at++) {
        for (to = from; !s->end[to++];) continue;
        l->values[at] = gain_value(s, from);
        gain_count(l->a, s, from, to, l->counts + at * k);
    }
    if (l->missing) gain_count(l->a, s, s->m, s->n, l->counts + at * k);
}

static int by_share(const void *a, const void *b, const void *arg)
{
    const double *share = arg;
    double p = share[*(const uint32_t *)a], q = share[*(const uint32_t *)b];

    return (p > q) - (p < q);
}

static toc_status along_class(toc_ctx *ctx, levels *l, size_t class)
{
    const size_t k = l->a->k;
    double left[TREE_MOST_CLASSES] = {0};
    size_t n_left = 0;

    for (size_t i = 0; i < l->n; i++) {
        double n = 0;
        for (size_t c = 0; c < k; c++) n += l->counts[i * k + c];
        l->share[i] = n > 0 ? l->counts[i * k + class] / n : 0;
        l->order[i] = (uint32_t)i;
    }
    TOC_TRY(toc_sort(ctx, l->order, l->n, sizeof *l->order, by_share, l->share));
    for (size_t i = 0; i + 1 < l->n; i++) {
        for (size_t c = 0; c < k; c++) left[c] += l->counts[l->order[i] * k + c];
        double rest = gain_rest(l->a, left, l->a->all);
        if (!(rest < l->best - l->a->tolerance)) continue;
        l->best = rest;
        n_left = i + 1;
    }
    if (!n_left) return TOC_OK;
    memset(l->left, 0, l->n);
    for (size_t i = 0; i < n_left; i++) l->left[l->order[i]] = 1;
    return TOC_OK;
}

static void every_way(levels *l)
{
    const size_t k = l->a->k;
    size_t best = 0;

    for (size_t set = 1; set < (size_t)1 << (l->n - 1); set++) {
        double left[TREE_MOST_CLASSES] = {0};
        for (size_t i = 0; i < l->n; i++)
            for (size_t c = 0; c < k && set >> i & 1; c++) left[c] += l->counts[i * k + c];
        double rest = gain_rest(l->a, left, l->a->all);
        if (!(rest < l->best - l->a->tolerance)) continue;
        l->best = rest;
        best = set;
    }
    for (size_t i = 0; i < l->n; i++) l->left[i] = best >> i & 1;
}

/* Tells the side of fewer values; of equally many, that with the first one. */
static toc_status tell(toc_ctx *ctx, const levels *l, tree_gain *out)
{
    size_t n_left = 0, n_values = l->n - l->missing;
    double *values;

    for (size_t i = 0; i < l->n; i++) n_left += l->left[i];
    uint8_t side = 2 * n_left < l->n || (2 * n_left == l->n && l->left[0]);
    TOC_TRY(toc_arena_alloc(ctx, &ctx->arena, side ? n_left : l->n - n_left, sizeof *values, &values));
    for (size_t i = 0; i < n_values; i++)
        if (l->left[i] == side) values[out->n_left++] = l->values[i];
    out->left = values;
    out->left_missing = l->missing && l->left[l->n - 1] == side;
    out->binary_gain = gain_left(l->a, l->best);
    return TOC_OK;
}

toc_status gain_binary(toc_ctx *ctx, const gain_job *a, const gain_scratch *scratch, tree_gain *out)
{
    const gain_sequence *s = &scratch->s;
    levels l = { .a = a, .missing = s->m < s->n, .n = s->n_distinct + (s->m < s->n), .best = INFINITY };
    toc_status st;

    if (l.n < 2 || l.n > MOST_CELLS / a->k) return TOC_OK;
    if ((st = toc_alloc(ctx, 2 * l.n, sizeof *l.values, &l.values))) goto out;
    if ((st = toc_alloc(ctx, l.n * a->k, sizeof *l.counts, &l.counts))) goto out;
    if ((st = toc_alloc(ctx, l.n, sizeof *l.order, &l.order))) goto out;
    if ((st = toc_alloc(ctx, l.n, 1, &l.left))) goto out;
    l.share = l.values + l.n;
    fill(&l, s);
    if (a->k > 2 && l.n <= EVERY_WAY) every_way(&l);
    else
        for (size_t c = a->k == 2; c < a->k; c++)
            if ((st = along_class(ctx, &l, c))) goto out;
    st = tell(ctx, &l, out);
out:
    toc_free(l.values);
    toc_free(l.counts);
    toc_free(l.order);
    toc_free(l.left);
    return st;
}
