/* life.c: buy-till-you-die models: equal histories grouped, parameters by maximum likelihood over their logarithms, and what they expect of a customer.
 *
 * A model is its logarithms: of the likelihood of a history, and of what the two ways to it (alive at the end of it, or gone before) have in it. Everything
 * asked of a model follows: alive = the share of the first way; no purchase in the next t = likelihood of the history that is t longer, beside its own. */
#include "churn/life_int.h"

#define BOX 7.0               /* logarithms of parameters beyond this are pulled back: 1/1097 to 1097 */
#define FULL_GROUPS 20000     /* restarts look at so many groups at most */
#define PARETO_MOST 100000    /* histories that Pareto/NBD learns from at most: each costs an integral */
#define GROUPS_A_TASK 8192
#define BITS 20               /* of a number of days in a key; 2,872 years */

/* ---- groups ---- */

static uint64_t clamp_days(uint32_t days) { return TOC_MIN(days, (1u << BITS) - 1); }

void life_groups_release(life_groups *g)
{
    toc_free(g->repeats);
    toc_free(g->last);
    toc_free(g->age);
    toc_free(g->place);
    toc_free(g->weight);
    toc_free(g->x);
    toc_free(g->of);
    *g = (life_groups){0};
}

static toc_status alloc_groups(toc_ctx *ctx, size_t n, life_groups *g)
{
    TOC_TRY(toc_alloc(ctx, n, sizeof *g->repeats, &g->repeats));
    TOC_TRY(toc_alloc(ctx, n, sizeof *g->last, &g->last));
    TOC_TRY(toc_alloc(ctx, n, sizeof *g->age, &g->age));
    TOC_TRY(toc_alloc(ctx, n, sizeof *g->place, &g->place));
    TOC_TRY(toc_alloc(ctx, n, sizeof *g->weight, &g->weight));
    TOC_TRY(toc_alloc(ctx, n, sizeof *g->x, &g->x));
    return toc_alloc(ctx, n, sizeof *g->of, &g->of);
}

/* Takes every stride-th history. Groups come sorted by repeats, so that equal ones share a place in x. */
toc_status life_groups_make(toc_ctx *ctx, const churn_histories *h, size_t stride, life_groups *g)
{
    size_t n = (h->n + stride - 1) / stride;
    uint64_t *keys = NULL;
    uint32_t *order = NULL;
    toc_status st = TOC_OK;

    *g = (life_groups){0};
    if ((st = alloc_groups(ctx, n, g))) goto out;
    if ((st = toc_alloc(ctx, n, sizeof *keys, &keys))) goto out;
    if ((st = toc_alloc(ctx, n, sizeof *order, &order))) goto out;
    for (size_t i = 0; i < n; i++) {
        size_t k = i * stride;
        uint64_t age = clamp_days(h->age[k]), last = h->repeats[k] ? TOC_MIN(clamp_days(h->last[k]), age) : 0;
        keys[i] = clamp_days(h->repeats[k]) << 2 * BITS | last << BITS | age;
    }
    if ((st = toc_sort_u64(ctx, keys, n, false, order))) goto out;
    for (size_t i = 0; i < n; i++) {
        uint64_t key = keys[order[i]];
        if (i == 0 || key != keys[order[i - 1]]) {
            uint32_t repeats = (uint32_t)(key >> 2 * BITS);
            if (g->n == 0 || repeats != g->repeats[g->n - 1]) g->x[g->n_x++] = repeats;
            g->repeats[g->n] = repeats;
            g->last[g->n] = (uint32_t)(key >> BITS) & ((1u << BITS) - 1);
            g->age[g->n] = (uint32_t)key & ((1u << BITS) - 1);
            g->place[g->n++] = (uint32_t)(g->n_x - 1);
            g->most_days = TOC_MAX(g->most_days, (size_t)(key & ((1u << BITS) - 1)));
        }
        g->weight[g->n - 1]++;
        g->of[order[i]] = (uint32_t)(g->n - 1);
    }
    g->total = (double)n;
out:
    toc_free(keys);
    toc_free(order);
    if (st) life_groups_release(g);
    return st;
}

/* ---- likelihood and gradient ---- */

typedef struct {
    churn_life_kind kind;
    double unit_days;
    const life_groups *groups;
    size_t n; /* of groups looked at: every stride-th */
    size_t stride;
    life_tables tables;
    life_terms *parts;
} objective;

static toc_status sum_task(toc_ctx *ctx, void *arg, size_t task)
{
    objective *o = arg;
    life_terms *sum = &o->parts[task];
    size_t end = TOC_MIN(o->n, (task + 1) * GROUPS_A_TASK);
    (void)ctx;

    *sum = (life_terms){0};
    for (size_t k = task * GROUPS_A_TASK; k < end; k++) {
        size_t i = k * o->stride;
        const life_groups *g = o->groups;
        life_terms one;
        if (o->kind == CHURN_PARETO) pareto_terms(&o->tables, g->place[i], g->last[i], g->age[i], &one);
        else bgnbd_terms(&o->tables, g->place[i], g->last[i], g->age[i], &one);
        sum->value += g->weight[i] * one.value;
        for (int p = 0; p < 4; p++) sum->slope[p] += g->weight[i] * one.slope[p];
        sum->weight += g->weight[i];
    }
    return TOC_OK;
}

/* Mean of the negative log-likelihood over the logarithms of the parameters. */
static toc_status evaluate(toc_ctx *ctx, void *arg, const double *theta, double *value, double *gradient)
{
    objective *o = arg;
    size_t n_tasks = (o->n + GROUPS_A_TASK - 1) / GROUPS_A_TASK;
    double p[4], weight = 0;

    for (int i = 0; i < 4; i++) p[i] = exp(TOC_MIN(TOC_MAX(theta[i], -50), 50));
    life_tables_fill(&o->tables, o->kind, p, o->unit_days, o->groups);
    TOC_TRY(toc_parallel(ctx, n_tasks, sum_task, o));
    *value = 0;
    for (int i = 0; i < 4; i++) gradient[i] = 0;
    for (size_t t = 0; t < n_tasks; t++) {
        *value -= o->parts[t].value;
        weight += o->parts[t].weight;
        for (int i = 0; i < 4; i++) gradient[i] -= o->parts[t].slope[i] * p[i];
    }
    *value /= weight;
    for (int i = 0; i < 4; i++) {
        double beyond = theta[i] > BOX ? theta[i] - BOX : theta[i] < -BOX ? theta[i] + BOX : 0;
        gradient[i] = gradient[i] / weight + 2 * beyond;
        *value += beyond * beyond;
    }
    return TOC_OK;
}

/* Where the restarts begin: shapes; the scale of the purchases comes from the data. */
static const double shapes[][3] = { { 0.5, 0.8, 2.5 }, { 1, 0.2, 4 }, { 2, 2, 2 }, { 0.2, 0.5, 10 } };

static void start(const objective *o, const double *shape, double *theta)
{
    const life_groups *g = o->groups;
    double repeats = 0, weeks = 0;

    for (size_t i = 0; i < g->n; i++) {
        repeats += g->weight[i] * g->repeats[i];
        weeks += g->weight[i] * g->age[i] / o->unit_days;
    }
    double scale = TOC_MIN(TOC_MAX((weeks + 1) / (repeats + 1), 0.01), 1000);
    theta[0] = log(shape[0]);
    theta[1] = log(shape[0] * scale);
    theta[2] = log(shape[1]);
    theta[3] = log(shape[2] * (o->kind == CHURN_PARETO ? scale : 1));
}

static toc_status climb(toc_ctx *ctx, objective *o, churn_life *life)
{
    double best = INFINITY, value, theta[4], kept[4] = { 0 };
    bool converged;
    size_t rounds;

    o->stride = (o->groups->n + FULL_GROUPS - 1) / FULL_GROUPS;
    o->n = (o->groups->n + o->stride - 1) / o->stride;
    for (size_t k = 0; k < TOC_COUNT(shapes); k++) {
        start(o, shapes[k], theta);
        TOC_TRY(num_minimise(ctx, evaluate, o, 4, theta, &value, &rounds, &converged));
        if (!(value < best - 1e-9)) continue;
        best = value;
        memcpy(kept, theta, sizeof kept);
    }
    o->n = o->groups->n;
    o->stride = 1;
    TOC_TRY(num_minimise(ctx, evaluate, o, 4, kept, &value, &life->n_rounds, &life->converged));
    for (int i = 0; i < 4; i++) life->p[i] = exp(kept[i]);
    life->log_likelihood = -value * o->groups->total;
    return TOC_OK;
}

toc_status churn_life_fit(toc_ctx *ctx, churn_life_kind kind, const churn_histories *histories, double unit_days, churn_life *life)
{
    objective o = { .kind = kind, .unit_days = unit_days };
    life_groups groups = {0};
    size_t stride = kind == CHURN_PARETO ? (histories->n + PARETO_MOST - 1) / PARETO_MOST : 1;
    toc_status st = TOC_OK;

    *life = (churn_life){ .kind = kind, .unit_days = unit_days };
    if (histories->n == 0) return toc_fail(ctx, TOC_E_DATA, "no customer to fit a model of purchases to");
    if ((st = life_groups_make(ctx, histories, stride, &groups))) goto out;
    o.groups = &groups;
    if ((st = life_tables_alloc(ctx, &groups, &o.tables))) goto out;
    if ((st = toc_alloc(ctx, groups.n / GROUPS_A_TASK + 1, sizeof *o.parts, &o.parts))) goto out;
    st = climb(ctx, &o, life);
    life->n_groups = groups.n;
    life->n = (size_t)groups.total;
out:
    toc_free(o.parts);
    life_tables_release(&o.tables);
    life_groups_release(&groups);
    return st;
}

/* ---- what it expects ---- */

typedef struct {
    const churn_life *life;
    const life_groups *groups;
    life_tables tables;
    double horizon;      /* units */
    double *alive, *none, *orders; /* by group */
} prediction;

static toc_status predict_task(toc_ctx *ctx, void *arg, size_t task)
{
    prediction *d = arg;
    const life_groups *g = d->groups;
    (void)ctx;

    for (size_t i = task * GROUPS_A_TASK; i < TOC_MIN(g->n, (task + 1) * GROUPS_A_TASK); i++) {
        if (d->life->kind == CHURN_PARETO)
            pareto_expect(&d->tables, g->place[i], g->last[i], g->age[i], d->horizon, &d->alive[i], &d->none[i], &d->orders[i]);
        else bgnbd_expect(&d->tables, g->place[i], g->last[i], g->age[i], d->horizon, &d->alive[i], &d->none[i], &d->orders[i]);
    }
    return TOC_OK;
}

toc_status churn_life_predict(toc_ctx *ctx, const churn_life *life, const churn_histories *histories, double horizon_days, double *alive, double *none,
                              double *orders)
{
    prediction d = { .life = life, .horizon = horizon_days / life->unit_days };
    life_groups groups = {0};
    toc_status st = TOC_OK;

    if ((st = life_groups_make(ctx, histories, 1, &groups))) goto out;
    d.groups = &groups;
    if ((st = life_tables_alloc(ctx, &groups, &d.tables))) goto out;
    life_tables_fill(&d.tables, life->kind, life->p, life->unit_days, &groups);
    if ((st = toc_alloc(ctx, groups.n, sizeof *d.alive, &d.alive))) goto out;
    if ((st = toc_alloc(ctx, groups.n, sizeof *d.none, &d.none))) goto out;
    if ((st = toc_alloc(ctx, groups.n, sizeof *d.orders, &d.orders))) goto out;
    if ((st = toc_parallel(ctx, (groups.n + GROUPS_A_TASK - 1) / GROUPS_A_TASK, predict_task, &d))) goto out;
    for (size_t i = 0; i < histories->n; i++) {
        uint32_t k = groups.of[i];
        if (alive) alive[i] = d.alive[k];
        if (none) none[i] = d.none[k];
        if (orders) orders[i] = d.orders[k];
    }
out:
    toc_free(d.alive);
    toc_free(d.none);
    toc_free(d.orders);
    life_tables_release(&d.tables);
    life_groups_release(&groups);
    return st;
}
