/* tree_tune.c: "tocsin tree tune", a search for parameters that predict the future best: each trial is judged on blocks of rows that come after those it
 * has learned from. Trials are drawn from the seed, one stream each, so a number of trials gives the same ones whatever the time they take. */
#include "commands/tree_command.h"

#include <math.h>
#include <stdlib.h>
#include <time.h>

enum { FOLDS = 4 };

/* What may be drawn for a kind of model; what --set says is kept. */
typedef struct {
    const char *name;
    bool boost, forest, tree;
    double low, high;
    bool log, whole;
    size_t offset;
} dimension;

#define PLACE(field) offsetof(tree_params, field)
static const dimension space[] = {
    { "leaves", true, false, false, 4, 64, true, true, PLACE(max_leaves) },
    { "depth", false, false, true, 2, 12, false, true, PLACE(max_depth) },
    { "trees", true, false, false, 50, 800, true, true, PLACE(n_trees) },
    { "rate", true, false, false, 0.02, 0.3, true, false, PLACE(learning_rate) },
    { "min_leaf", true, true, true, 2, 100, true, true, PLACE(min_leaf) },
    { "l2", true, false, false, 0.1, 30, true, false, PLACE(l2) },
    { "rows", true, false, false, 0.5, 1, false, false, PLACE(row_share) },
    { "columns", true, true, false, 0.1, 1, false, false, PLACE(column_share) },
};

typedef struct {
    tree_params params;
    double loss;
    size_t number;
} trial;

typedef struct {
    tree_part train, test;
} fold;

typedef struct {
    const tree_args *a;
    const tree_params *fixed;
    const tree_data *data;
    const tree_taught *taught;
    const uint32_t *order;
    fold folds[FOLDS];
    trial *trials;
    size_t n_trials;
} tuning;

static bool is_searched(const dimension *d, const tuning *t)
{
    tree_kind kind = t->fixed->kind;

    if (cli_set_get(&t->a->set, d->name)) return false;
    return kind == TREE_BOOST ? d->boost : kind == TREE_SINGLE ? d->tree : d->forest;
}

static bool has_criterion(const tuning *t)
{
    return t->fixed->kind != TREE_BOOST && t->fixed->loss == TREE_LOGISTIC;
}

/* Trial 0 is what would be fitted without tuning. */
static void draw(const tuning *t, size_t number, tree_params *p)
{
    toc_rng rng = toc_rng_new(t->fixed->seed, 1000 + number);

    *p = *t->fixed;
    for (size_t i = 0; i < TOC_COUNT(space) && number > 0; i++) {
        const dimension *d = &space[i];
        double u = toc_rng_unit(&rng), x = d->log ? d->low * pow(d->high / d->low, u) : d->low + u * (d->high - d->low);
        if (!is_searched(d, t)) continue;
        if (d->whole) *(size_t *)(void *)((char *)p + d->offset) = (size_t)(x + 0.5);
        else *(double *)(void *)((char *)p + d->offset) = rint(x * 1000) / 1000;
    }
    bool criterion = toc_rng_unit(&rng) < 0.5;
    if (number > 0 && has_criterion(t) && !cli_set_get(&t->a->set, "criterion")) p->criterion = criterion ? TREE_GINI : TREE_ENTROPY;
}

/* ---- judging ---- */

/* The loss the model is for: log-loss, squared error, pinball loss or deviance; weighted. */
static double loss_of(const tree_params *p, const double *score, double y)
{
    double s = score[0], chance;

    switch (p->loss) {
    case TREE_SQUARED: return (s - y) * (s - y);
    case TREE_QUANTILE: return y > s ? p->quantile * (y - s) : (1 - p->quantile) * (s - y);
    case TREE_TWEEDIE: return pow(s, 2 - p->power) / (2 - p->power) - y * pow(s, 1 - p->power) / (1 - p->power);
    case TREE_LOGISTIC:
    case TREE_MULTICLASS: break;
    }
    chance = p->loss == TREE_MULTICLASS ? score[(size_t)y] : y > 0 ? s : 1 - s;
    return -log(TOC_MAX(chance, 1e-15));
}

/* Learns from the blocks before one, and adds the loss on it. */
static toc_status judge_fold(toc_ctx *ctx, const fold *f, const tree_params *p, double *sum, double *total)
{
    const tree_part *test = &f->test;
    tree_model *model = NULL;
    double *score = NULL;
    toc_status st;

    if ((st = tree_fit(ctx, &f->train.data, f->train.y, f->train.weight, p, &model))) goto out;
    size_t outputs = tree_model_outputs(model);
    if ((st = toc_alloc(ctx, test->data.n * outputs, sizeof *score, &score))) goto out;
    if ((st = tree_predict(ctx, model, &test->data, score))) goto out;
    for (size_t i = 0; i < test->data.n; i++) {
        *sum += test->weight[i] * loss_of(p, score + i * outputs, test->y[i]);
        *total += test->weight[i];
    }
out:
    toc_free(score);
    tree_free(model);
    return st;
}

/* Blocks of rows in order: the k-th fold learns from blocks 0 .. k and is judged on block k + 1. */
static toc_status make_folds(toc_ctx *ctx, tuning *t)
{
    size_t n = t->data->n;

    if (n < 2 * (FOLDS + 1)) return toc_fail(ctx, TOC_E_DATA, "%zu rows are too few to be judged in %d blocks", n, FOLDS + 1);
    for (size_t k = 0; k < FOLDS; k++) {
        size_t first = n * (k + 1) / (FOLDS + 1), end = n * (k + 2) / (FOLDS + 1);
        fold *f = &t->folds[k];
        TOC_TRY(tree_subset(ctx, t->data, t->taught, t->order, first, &f->train));
        TOC_TRY(tree_subset(ctx, t->data, t->taught, t->order + first, end - first, &f->test));
        TOC_TRY(tree_balance(ctx, &t->a->set, t->taught->n_classes, f->train.y, first, f->train.weight));
    }
    return TOC_OK;
}

static double seconds(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

/* Trials until their number or the time is used up; the first is always made. */
static toc_status run_trials(toc_ctx *ctx, tuning *t)
{
    size_t limit = (size_t)t->a->trials;
    double end = t->a->budget > 0 ? seconds() + 1e-6 * (double)t->a->budget : INFINITY;

    TOC_TRY(toc_arena_alloc(ctx, &ctx->arena, limit, sizeof *t->trials, &t->trials));
    for (size_t i = 0; i < limit && (i == 0 || seconds() < end); i++) {
        trial *now = &t->trials[t->n_trials++];
        double sum = 0, total = 0;
        now->number = i;
        draw(t, i, &now->params);
        for (size_t k = 0; k < FOLDS; k++) TOC_TRY(judge_fold(ctx, &t->folds[k], &now->params, &sum, &total));
        now->loss = total > 0 ? sum / total : 0;
    }
    if (t->n_trials < limit) toc_note(ctx, "the time was enough for %zu of %zu trials", t->n_trials, limit);
    return TOC_OK;
}

/* ---- telling ---- */

static int by_loss(const void *a, const void *b)
{
    const trial *x = a, *y = b;

    if (x->loss != y->loss) return x->loss < y->loss ? -1 : 1;
    return x->number < y->number ? -1 : 1;
}

static void write_trials(const tuning *t, toc_out *out)
{
    static const char *const criteria[] = { "entropy", "gini", "gain_ratio" };

    toc_out_str(out, "trial,loss");
    for (size_t i = 0; i < TOC_COUNT(space); i++)
        if (is_searched(&space[i], t)) toc_out_printf(out, ",%s", space[i].name);
    toc_out_str(out, has_criterion(t) ? ",criterion\n" : "\n");
    for (size_t k = 0; k < t->n_trials; k++) {
        const trial *now = &t->trials[k];
        toc_out_printf(out, "%zu,%.6g", now->number, now->loss);
        for (size_t i = 0; i < TOC_COUNT(space); i++) {
            const void *value = (const char *)&now->params + space[i].offset;
            if (!is_searched(&space[i], t)) continue;
            if (space[i].whole) toc_out_printf(out, ",%zu", *(const size_t *)value);
            else toc_out_printf(out, ",%g", *(const double *)value);
        }
        if (has_criterion(t)) toc_out_printf(out, ",%s", criteria[now->params.criterion]);
        toc_out_str(out, "\n");
    }
}

/* The best trial's parameters, learned from all rows. */
static toc_status save_best(toc_ctx *ctx, const tuning *t, const char *target)
{
    tree_part all;
    tree_model *model = NULL;

    TOC_TRY(tree_subset(ctx, t->data, t->taught, t->order, t->data->n, &all));
    TOC_TRY(tree_balance(ctx, &t->a->set, t->taught->n_classes, all.y, all.data.n, all.weight));
    TOC_TRY(tree_fit(ctx, &all.data, all.y, all.weight, &t->trials[0].params, &model));
    toc_status st = tree_model_name(ctx, model, target, t->taught->classes, t->taught->n_classes);
    if (!st) st = tree_save(ctx, model, t->a->model);
    tree_free(model);
    return st;
}

static toc_status tune(toc_ctx *ctx, const tree_args *a, tree_params *params, const cmd_learning *l)
{
    tree_taught taught;
    uint32_t *order;
    toc_out out;
    tuning t = { .a = a, .fixed = params, .data = &l->data, .taught = &taught };

    TOC_TRY(tree_teach(ctx, a, l, params, &taught));
    TOC_TRY(tree_monotone_of(ctx, &a->set, &l->data, params));
    TOC_TRY(toc_arena_alloc(ctx, &ctx->arena, l->data.n, sizeof *order, &order));
    TOC_TRY(tree_order(ctx, a, l, order));
    t.order = order;
    TOC_TRY(make_folds(ctx, &t));
    TOC_TRY(run_trials(ctx, &t));
    qsort(t.trials, t.n_trials, sizeof *t.trials, by_loss);
    if (a->model) TOC_TRY(save_best(ctx, &t, l->target->name));
    TOC_TRY(toc_out_open(ctx, a->out, false, &out));
    write_trials(&t, &out);
    return toc_out_close(ctx, &out);
}

toc_status tree_run_tune(toc_ctx *ctx, const tree_args *a, const char *file)
{
    cmd_learning l = {0};
    cli_list drop;
    tree_params params;

    TOC_TRY(tree_params_of(ctx, &a->set, &params));
    TOC_TRY(tree_dropped(ctx, a, &drop));
    toc_status st = cmd_read_learning(ctx, file, a->target, &drop, true, &l);
    if (!st) st = tune(ctx, a, &params, &l);
    cmd_learning_release(&l);
    return st;
}
