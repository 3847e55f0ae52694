/* judge.c: rules and the isolation forest on one table of features. */
#include "fraud/fraud.h"
#include "fraud/fraud_int.h"

#include <math.h>

#include "anomaly/anomaly.h"
#include "features/features.h"
#include "num/num.h"

static const double forest_quantile = 0.995; /* the forest speaks for the strangest half percent only */
static const double forest_weight = 0.2;
static const double rank_tail = 0.04; /* how strange a row is orders those that no rule speaks of; too little to warn by itself */

static bool holds(const fraud_condition *c, double value)
{
    return c->op == '>' ? value >= c->threshold : value <= c->threshold; /* false for a missing value */
}

/* A column by name and its place; NULL where the shop lacks it. */
static const tab_column *column_of(const tab_table *t, const char *name, size_t *place)
{
    const tab_column *column = tab_find(t, name);
    *place = column ? (size_t)(column - t->columns) : 0;
    return column;
}

/* "earlier orders with the same device in the hour before: 8, usually 1; ..." for all conditions. */
static toc_status describe_conditions(toc_ctx *ctx, fraud_analysis *a, const fraud_group *g, const fraud_rule *rule, size_t row, const char **text)
{
    toc_buf buf = {0};
    char value[32], usual[32];
    toc_status st = toc_buf_str(ctx, &buf, "");

    for (size_t k = 0; rule->all[k].feature && !st; k++) {
        size_t place;
        const tab_column *column = column_of(&g->features, rule->all[k].feature, &place);
        snprintf(value, sizeof value, "%.4g", column->f64[row]);
        snprintf(usual, sizeof usual, "%.4g", g->median[place]);
        st = toc_buf_printf(ctx, &buf, "%s%s: %s, usually %s", k ? "; " : "", fraud_words(rule->entity, column->name), value,
                            isnan(g->median[place]) ? "unknown" : usual);
    }
    if (!st) st = toc_arena_copy(ctx, &a->arena, buf.p, buf.n, text);
    toc_buf_release(&buf);
    return st;
}

static toc_status add_hit(toc_ctx *ctx, fraud_analysis *a, fraud_case *c, fraud_hit hit)
{
    fraud_hit *grown;

    TOC_TRY(toc_arena_alloc(ctx, &a->arena, c->n_hits + 1, sizeof *grown, &grown));
    size_t at = 0;
    while (at < c->n_hits && c->hits[at].weight >= hit.weight) at++; /* heaviest first */
    if (c->n_hits) memcpy(grown, c->hits, at * sizeof *grown);
    grown[at] = hit;
    if (c->n_hits > at) memcpy(grown + at + 1, c->hits + at, (c->n_hits - at) * sizeof *grown);
    c->hits = grown;
    c->n_hits++;
    c->score = 1 - (1 - c->score) * (1 - hit.weight);
    return TOC_OK;
}

static toc_status apply_rule(toc_ctx *ctx, fraud_analysis *a, fraud_group *g, const fraud_rule *rule)
{
    const tab_column *columns[TOC_COUNT(rule->all)];
    size_t place = 0, first_place = 0, n = 0;

    for (; rule->all[n].feature; n++) {
        columns[n] = column_of(&g->features, rule->all[n].feature, &place);
        if (!columns[n]) return TOC_OK; /* the shop has no such column, so the rule cannot speak */
        if (!n) first_place = place;
    }
    for (size_t r = 0; r < g->features.n_rows; r++) {
        bool all = true;
        for (size_t k = 0; k < n && all; k++) all = holds(&rule->all[k], columns[k]->f64[r]);
        if (!all) continue;
        fraud_hit hit = { .code = rule->code, .what = rule->what, .feature = rule->all[0].feature, .value = columns[0]->f64[r],
                          .usual = g->median[first_place], .threshold = rule->all[0].threshold, .weight = rule->weight };
        TOC_TRY(describe_conditions(ctx, a, g, rule, r, &hit.detail));
        TOC_TRY(add_hit(ctx, a, &g->cases[r], hit));
    }
    return TOC_OK;
}

static toc_status find_medians(toc_ctx *ctx, fraud_group *g)
{
    tab_table *t = &g->features;
    double *copy;

    TOC_TRY(toc_alloc(ctx, t->n_cols, sizeof *g->median, &g->median));
    TOC_TRY(toc_alloc(ctx, t->n_rows, sizeof *copy, &copy));
    for (size_t j = 0; j < t->n_cols; j++) {
        g->median[j] = NAN;
        if (t->columns[j].type != TAB_F64 || !t->n_rows) continue;
        memcpy(copy, t->columns[j].f64, t->n_rows * sizeof *copy);
        g->median[j] = num_median(copy, t->n_rows);
    }
    toc_free(copy);
    return TOC_OK;
}

/* The forest's word for one strange row: the column that isolates it most. */
static toc_status add_forest_hit(toc_ctx *ctx, fraud_analysis *a, fraud_entity entity, const ano_forest *forest, const ano_data *data,
                                 const size_t *places, size_t row, double quantile, double *credit)
{
    fraud_group *g = &a->groups[entity];
    size_t best = 0;
    fraud_hit hit = { .code = "A01", .what = "unlike almost all others", .threshold = forest_quantile, .weight = forest_weight };

    ano_forest_explain(forest, data, row, credit);
    for (size_t j = 1; j < data->p; j++)
        if (credit[j] > credit[best]) best = j;
    hit.feature = g->features.columns[places[best]].name;
    hit.value = data->x[best][row];
    hit.usual = g->median[places[best]];
    TOC_TRY(toc_arena_printf(ctx, &a->arena, &hit.detail, "stranger than %.1f %%, most by %s: %.4g, usually %.4g", 100 * quantile, fraud_words(entity, hit.feature),
                             hit.value, hit.usual));
    return add_hit(ctx, a, &g->cases[row], hit);
}

/* How far an order's amount stands above the customer's older habit and above the shop's median, 0..1, each half. */
static double amount_surprise(const fraud_group *g, size_t row)
{
    size_t place;
    const tab_column *amount = column_of(&g->features, "amount", &place), *z = tab_find(&g->features, "amount_z_early");
    double usual = g->median[place], times = usual > 0 ? amount->f64[row] / usual : NAN; /* where most orders are free, nothing is */
    double deviations = z ? z->f64[row] : NAN;

    return (times > 0 ? times / (times + 4) : 0) / 2 + (deviations > 0 ? deviations / (deviations + 3) : 0) / 2;
}

static toc_status apply_forest(toc_ctx *ctx, fraud_analysis *a, fraud_entity entity, uint64_t seed)
{
    enum { FEWEST_ROWS = 200 };
    fraud_group *g = &a->groups[entity];
    const tab_table *t = &g->features;
    const double **x = NULL;
    size_t *places = NULL, p = 0;
    double *score = NULL, *credit = NULL;
    ano_forest *forest = NULL;
    toc_status st = TOC_OK;

    if (t->n_rows < FEWEST_ROWS) return TOC_OK;
    if ((st = toc_alloc(ctx, t->n_cols, sizeof *x, &x))) goto out;
    if ((st = toc_alloc(ctx, t->n_cols, sizeof *places, &places))) goto out;
    if ((st = toc_alloc(ctx, t->n_cols, sizeof *credit, &credit))) goto out;
    if ((st = toc_alloc(ctx, t->n_rows, sizeof *score, &score))) goto out;
    for (size_t k = 0; k < FRAUD_FOREST_MOST && fraud_forest_columns[entity][k]; k++) {
        size_t place;
        const tab_column *column = column_of(t, fraud_forest_columns[entity][k], &place);
        if (!column || isnan(g->median[place])) continue; /* the shop does not say */
        x[p] = column->f64;
        places[p++] = place;
    }
    if (!p) goto out;
    ano_data data = { .n = t->n_rows, .p = p, .x = x };
    ano_forest_params params = ano_forest_defaults();
    params.seed = seed;
    if ((st = ano_forest_fit(ctx, &data, &params, &forest))) goto out;
    if ((st = ano_forest_score(ctx, forest, &data, score))) goto out;
    for (size_t r = 0; r < t->n_rows && !st; r++) {
        double quantile = ano_forest_quantile(forest, score[r]);
        double strange = entity == FRAUD_ORDER ? (quantile + amount_surprise(g, r)) / 2 : quantile;
        g->cases[r].score = 1 - (1 - g->cases[r].score) * (1 - rank_tail * strange);
        if (quantile < forest_quantile) continue;
        st = add_forest_hit(ctx, a, entity, forest, &data, places, r, quantile, credit);
    }
out:
    ano_forest_free(forest);
    toc_free(x);
    toc_free(places);
    toc_free(score);
    toc_free(credit);
    return st;
}

toc_status fraud_judge(toc_ctx *ctx, fraud_analysis *a, fraud_entity entity, uint64_t seed)
{
    fraud_group *g = &a->groups[entity];

    TOC_TRY(toc_alloc(ctx, g->features.n_rows, sizeof *g->cases, &g->cases));
    for (size_t r = 0; r < g->features.n_rows; r++) g->cases[r] = (fraud_case){ .row = (uint32_t)r, .probability = NAN };
    TOC_TRY(find_medians(ctx, g));
    for (size_t i = 0; i < fraud_n_rules; i++)
        if (fraud_rules[i].entity == entity) TOC_TRY(apply_rule(ctx, a, g, &fraud_rules[i]));
    return apply_forest(ctx, a, entity, seed);
}
