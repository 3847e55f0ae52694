/* gain_chance.c: what chance would make of a column. Permuting the target against a column is the same as permuting the classes in its order, so that
 * nothing is sorted again; rows without a value take part, and weights go with the classes. */
#include "tree/gain_int.h"

enum { ENOUGH = 50 }; /* permutations that gain as much end the count (Besag & Clifford 1991) */

static void shuffle(gain_sequence *s, toc_rng *rng)
{
    for (size_t i = s->n; i > 1; i--) {
        size_t other = toc_rng_below(rng, i);
        uint8_t y = s->y[i - 1];
        s->y[i - 1] = s->y[other];
        s->y[other] = y;
        if (!s->w) continue;
        double w = s->w[i - 1];
        s->w[i - 1] = s->w[other];
        s->w[other] = w;
    }
}

static double impurity_of_rows(const gain_job *a, const gain_sequence *s, size_t from, size_t to)
{
    double classes[TREE_MOST_CLASSES] = {0};

    gain_count(a, s, from, to, classes);
    return gain_impurity(a, classes);
}

/* Whether the classes as they lie gain as much as leaving `most` impurity. */
static toc_status is_as_good(toc_ctx *ctx, const gain_job *a, gain_scratch *scratch, bool by_value, double most, bool *good)
{
    const gain_sequence *s = &scratch->s;
    double left = impurity_of_rows(a, s, s->m, s->n), rest;
    size_t at;

    if (by_value) {
        for (size_t from = 0, to; from < s->m && left <= most; from = to) {
            for (to = from; !s->end[to++];) continue;
            left += impurity_of_rows(a, s, from, to);
        }
        *good = left <= most;
    } else if (s->n_distinct < 2) {
        *good = left + impurity_of_rows(a, s, 0, s->m) <= most;
    } else {
        TOC_TRY(gain_cut(ctx, a, scratch, 0, s->m, most - left, &at, &rest));
        *good = at > 0;
    }
    return TOC_OK;
}

toc_status gain_chance(toc_ctx *ctx, const gain_job *a, gain_scratch *scratch, size_t j, bool by_value, double impurity, size_t n, double *p_value)
{
    const char *name = a->data->names ? a->data->names[j] : NULL;
    toc_rng rng = toc_rng_new(ctx->seed, name ? toc_str_hash(toc_str_of(name)) : j);
    const double most = impurity + a->tolerance;
    size_t as_good = 0;
    bool good;

    *p_value = 1;
    if (scratch->s.n_distinct + (scratch->s.m < scratch->s.n) < 2) return TOC_OK;
    for (size_t i = 1; i <= n; i++) {
        shuffle(&scratch->s, &rng);
        TOC_TRY(is_as_good(ctx, a, scratch, by_value, most, &good));
        as_good += good;
        *p_value = (double)as_good / (double)i;
        if (as_good == ENOUGH) return TOC_OK;
    }
    *p_value = (double)(as_good + 1) / (double)(n + 1);
    return TOC_OK;
}

static int by_p(const void *a, const void *b, const void *arg)
{
    const tree_gain *gain = arg;
    double p = gain[*(const uint32_t *)a].p_value, q = gain[*(const uint32_t *)b].p_value;

    return (p > q) - (p < q);
}

toc_status tree_gain_q_values(toc_ctx *ctx, tree_gain *gain, size_t p)
{
    uint32_t *order;
    double least = 1;

    TOC_TRY(toc_alloc(ctx, p, sizeof *order, &order));
    for (size_t j = 0; j < p; j++) order[j] = (uint32_t)j;
    toc_status st = toc_sort(ctx, order, p, sizeof *order, by_p, gain);
    for (size_t k = p; k-- > 0 && !st;) {
        tree_gain *g = &gain[order[k]];
        least = TOC_MIN(least, g->p_value * (double)p / (double)(k + 1));
        g->q_value = least;
    }
    toc_free(order);
    return st;
}
