/* habits.c: what the models of purchases say of the customers of a sample. They learn from what came before the cut-off alone, so need no label. */
#include "churn/churn_int.h"

#define UNIT_DAYS 7.0
#define LEAST_SHARE 1e-6

double churn_log_odds(double p)
{
    p = TOC_MIN(TOC_MAX(p, LEAST_SHARE), 1 - LEAST_SHARE);
    return log(p / (1 - p));
}

typedef struct {
    uint32_t *repeats, *last, *age;
    double *mean, *none, *orders;
} room;

static void release_room(room *r)
{
    toc_free(r->repeats);
    toc_free(r->last);
    toc_free(r->age);
    toc_free(r->mean);
    toc_free(r->none);
    toc_free(r->orders);
}

static toc_status make_room(toc_ctx *ctx, const churn_sample *s, room *r)
{
    TOC_TRY(toc_alloc(ctx, s->n, sizeof *r->repeats, &r->repeats));
    TOC_TRY(toc_alloc(ctx, s->n, sizeof *r->last, &r->last));
    TOC_TRY(toc_alloc(ctx, s->n, sizeof *r->age, &r->age));
    TOC_TRY(toc_alloc(ctx, s->n, sizeof *r->mean, &r->mean));
    TOC_TRY(toc_alloc(ctx, s->n, sizeof *r->none, &r->none));
    TOC_TRY(toc_alloc(ctx, s->n, sizeof *r->orders, &r->orders));
    const double *spend = s->x[churn_column("spend")];
    for (size_t i = 0; i < s->n; i++) {
        r->repeats[i] = (uint32_t)TOC_MAX(s->days[i] - 1, 0);
        r->age[i] = (uint32_t)TOC_MAX(s->tenure[i], 0);
        r->last[i] = r->repeats[i] ? (uint32_t)TOC_MAX(s->tenure[i] - s->recency[i], 0) : 0;
        r->mean[i] = spend[i] / TOC_MAX(s->days[i], 1);
    }
    return TOC_OK;
}

/* Purchase days within the horizon if any come at all: mean over the models; at least one. */
static toc_status ask_lives(toc_ctx *ctx, churn_sample *s, const churn_histories *h, unsigned parts, double horizon_days, room *r)
{
    double n_models = 0;

    for (int kind = CHURN_BGNBD; kind <= CHURN_PARETO; kind++) {
        churn_part part = (churn_part)(CHURN_PART_BGNBD + kind);
        if (!(parts >> part & 1)) continue;
        TOC_TRY(churn_life_fit(ctx, (churn_life_kind)kind, h, UNIT_DAYS, &s->life[kind]));
        TOC_TRY(churn_life_predict(ctx, &s->life[kind], h, horizon_days, kind == CHURN_BGNBD ? s->alive : NULL, r->none, r->orders));
        for (size_t i = 0; i < s->n; i++) {
            s->part[part][i] = churn_log_odds(r->none[i]);
            s->orders_if[i] += TOC_MAX(r->orders[i] / TOC_MAX(1 - r->none[i], 1e-9), 1);
        }
        n_models++;
    }
    for (size_t i = 0; i < s->n; i++) s->orders_if[i] = n_models > 0 ? TOC_MIN(s->orders_if[i] / n_models, TOC_MAX(horizon_days, 1)) : 1;
    return TOC_OK;
}

toc_status churn_ask_habits(toc_ctx *ctx, const shop_data *view, unsigned parts, double horizon_days, churn_sample *s)
{
    room r = {0};
    churn_hazard *hazard = NULL;
    toc_status st = TOC_OK;

    if (s->n == 0) return TOC_OK;
    if ((st = make_room(ctx, s, &r))) goto out;
    for (int k = 0; k < CHURN_N_PARTS; k++)
        if ((st = toc_alloc(ctx, s->n, sizeof *s->part[k], &s->part[k]))) goto out;
    if ((st = toc_alloc(ctx, s->n, sizeof *s->alive, &s->alive))) goto out;
    if ((st = toc_alloc(ctx, s->n, sizeof *s->orders_if, &s->orders_if))) goto out;
    if ((st = toc_alloc(ctx, s->n, sizeof *s->value, &s->value))) goto out;
    churn_histories h = { s->n, r.repeats, r.last, r.age };
    if ((st = ask_lives(ctx, s, &h, parts, horizon_days, &r))) goto out;
    churn_purses purses = { s->n, r.mean, s->days };
    if ((st = churn_money_fit(ctx, &purses, &s->money))) goto out;
    for (size_t i = 0; i < s->n; i++) s->value[i] = churn_money_expect(&s->money, s->days[i], r.mean[i]);
    if (!(parts >> CHURN_PART_HAZARD & 1)) goto out;
    if ((st = churn_hazard_learn(ctx, view, s->cutoff, horizon_days, &hazard))) goto out;
    for (size_t i = 0; i < s->n; i++)
        s->part[CHURN_PART_HAZARD][i] = churn_log_odds(churn_hazard_none(hazard, s->days[i], s->gap_mean[i], s->recency[i]));
out:
    toc_free(hazard);
    release_room(&r);
    return st;
}
