/* learn.c: a boosted model of order fraud from labels.
 *
 * Orders placed before the window teach it, those only whose label would be known by the window's start: a fraud takes its time to be noticed, and a
 * young order without a label is not yet an honest one. The last quarter of them in time calibrates the scores. */
#include "fraud/fraud.h"
#include "fraud/fraud_int.h"

#include <math.h>

#include "features/features.h"
#include "num/num.h"
#include "tree/tree.h"

enum { FEWEST_FRAUDS = 40, REASONS = 3 };

toc_status fraud_collect_labels(toc_ctx *ctx, fraud_analysis *a, int64_t **known_at, int64_t *delay)
{
    const shop_data *view = &a->view;
    size_t n_orders = toc_pool_size(&view->dict[SHOP_D_ORDER]), n = 0;
    uint32_t *line_of = NULL;
    double *delays = NULL;
    toc_status st = TOC_OK;

    if ((st = toc_alloc(ctx, n_orders, sizeof **known_at, known_at))) goto out;
    if ((st = fraud_first_lines(ctx, view, &line_of))) goto out;
    if ((st = toc_alloc(ctx, view->labels.n, sizeof *delays, &delays))) goto out;
    for (size_t c = 0; c < n_orders; c++) (*known_at)[c] = TOC_NO_TIME;
    for (size_t i = 0; i < view->labels.n; i++) {
        const toc_pool *words = &view->dict[SHOP_D_WORD];
        uint32_t order;
        int64_t at = view->labels.labelled_at[i] != TOC_NO_TIME ? view->labels.labelled_at[i] : view->labels.known_at[i];
        if (at == TOC_NO_TIME || !toc_str_is(toc_pool_str(words, view->labels.entity[i]), "order")) continue;
        if (!fea_label_is_fraud(toc_pool_str(words, view->labels.label[i]))) continue;
        if (!toc_pool_find(&view->dict[SHOP_D_ORDER], toc_pool_str(words, view->labels.id[i]), &order) || line_of[order] == FRAUD_NONE) continue;
        (*known_at)[order] = at;
        delays[n++] = (double)(at - view->orders.ordered_at[line_of[order]]);
    }
    a->n_labels = n;
    *delay = n ? (int64_t)fmax(0, num_quantile(delays, n, 0.9)) : 0;
out:
    toc_free(line_of);
    toc_free(delays);
    return st;
}

/* The columns of a feature table as the tree wants them: every F64 column, in order. Names are copies: the table may go first. */
typedef struct {
    const double **x;
    const char **names;
    size_t *places;
    size_t p;
} columns;

static toc_status take_columns(toc_ctx *ctx, const tab_table *t, toc_arena *arena, columns *c)
{
    TOC_TRY(toc_arena_alloc(ctx, arena, t->n_cols, sizeof *c->x, &c->x));
    TOC_TRY(toc_arena_alloc(ctx, arena, t->n_cols, sizeof *c->names, &c->names));
    TOC_TRY(toc_arena_alloc(ctx, arena, t->n_cols, sizeof *c->places, &c->places));
    for (size_t j = 0; j < t->n_cols; j++) {
        /* ring_size knows the whole window's orders, so it may judge but not teach */
        if (t->columns[j].type != TAB_F64 || strcmp(t->columns[j].name, "ring_size") == 0) continue;
        c->x[c->p] = t->columns[j].f64;
        TOC_TRY(toc_arena_copy(ctx, arena, t->columns[j].name, strlen(t->columns[j].name), &c->names[c->p]));
        c->places[c->p++] = j;
    }
    return TOC_OK;
}

/* Rows [first, end) of a sorted order, gathered column by column. */
static toc_status gather(toc_ctx *ctx, const columns *c, const uint32_t *order, size_t n, toc_arena *arena, const double ***gathered)
{
    TOC_TRY(toc_arena_alloc(ctx, arena, c->p, sizeof **gathered, gathered));
    for (size_t j = 0; j < c->p; j++) {
        double *to;
        TOC_TRY(toc_arena_alloc(ctx, arena, n, sizeof *to, &to));
        for (size_t i = 0; i < n; i++) to[i] = c->x[j][order[i]];
        (*gathered)[j] = to;
    }
    return TOC_OK;
}

/* The training orders, oldest first. */
typedef struct {
    tab_table features;
    columns c;
    const double **x; /* in time order */
    double *y;
    size_t n;
    toc_arena arena;
} lesson;

static toc_status prepare(toc_ctx *ctx, const fraud_analysis *a, int64_t first, int64_t end, const int64_t *known_at, lesson *l)
{
    uint32_t *line_of = NULL, *order = NULL;
    uint64_t *keys = NULL;
    toc_status st = TOC_OK;

    if ((st = fea_orders(ctx, &a->view, first, end, a->label_delay, &l->features))) goto out;
    l->n = l->features.n_rows;
    if ((st = fraud_first_lines(ctx, &a->view, &line_of))) goto out;
    if ((st = toc_alloc(ctx, l->n, sizeof *keys, &keys))) goto out;
    if ((st = toc_alloc(ctx, l->n, sizeof *order, &order))) goto out;
    for (size_t i = 0; i < l->n; i++) keys[i] = toc_key_i64(a->view.orders.ordered_at[line_of[l->features.columns[0].code[i]]]);
    if ((st = toc_sort_u64(ctx, keys, l->n, false, order))) goto out;
    if ((st = take_columns(ctx, &l->features, &l->arena, &l->c))) goto out;
    if ((st = gather(ctx, &l->c, order, l->n, &l->arena, &l->x))) goto out;
    if ((st = toc_arena_alloc(ctx, &l->arena, l->n, sizeof *l->y, &l->y))) goto out;
    for (size_t i = 0; i < l->n; i++) {
        int64_t known = known_at[l->features.columns[0].code[order[i]]];
        l->y[i] = known != TOC_NO_TIME && known < a->from;
    }
    tab_release(&l->features);
out:
    toc_free(line_of);
    toc_free(keys);
    toc_free(order);
    return st;
}

static void release_lesson(lesson *l)
{
    tab_release(&l->features);
    toc_arena_release(&l->arena);
}

static size_t count_frauds(const double *y, size_t n)
{
    size_t frauds = 0;
    for (size_t i = 0; i < n; i++) frauds += y[i] > 0;
    return frauds;
}

static tree_params boosting(const fraud_options *options)
{
    tree_params params = tree_defaults(TREE_BOOST);
    params.n_trees = (size_t)options->n_trees;
    params.seed = options->seed;
    return params;
}

/* Fits on the first three quarters, learns the calibration from the last, then fits on all. */
static toc_status fit(toc_ctx *ctx, const lesson *l, const fraud_options *options, tree_model **model, num_calibration *calibration)
{
    tree_params params = boosting(options);
    tree_data data = { .n = l->n * 3 / 4, .p = l->c.p, .x = l->x, .names = l->c.names };
    size_t n_late = l->n - data.n;
    const double **late = NULL;
    double *score = NULL;
    uint8_t *truth = NULL;
    tree_model *early = NULL;
    toc_status st = TOC_OK;

    if ((st = tree_fit(ctx, &data, l->y, NULL, &params, &early))) goto out;
    if ((st = toc_alloc(ctx, l->c.p, sizeof *late, &late))) goto out;
    if ((st = toc_alloc(ctx, n_late, sizeof *score, &score))) goto out;
    if ((st = toc_alloc(ctx, n_late, sizeof *truth, &truth))) goto out;
    for (size_t j = 0; j < l->c.p; j++) late[j] = l->x[j] + data.n;
    tree_data held = { .n = n_late, .p = l->c.p, .x = late, .names = l->c.names };
    if ((st = tree_predict(ctx, early, &held, score))) goto out;
    for (size_t i = 0; i < n_late; i++) truth[i] = l->y[data.n + i] > 0;
    if ((st = num_calibrate(ctx, score, truth, n_late, calibration))) goto out;
    data.n = l->n;
    st = tree_fit(ctx, &data, l->y, NULL, &params, model);
out:
    tree_free(early);
    toc_free(late);
    toc_free(score);
    toc_free(truth);
    return st;
}

/* What moved the model most for one order, as reasons behind the rules'. */
static toc_status explain(toc_ctx *ctx, fraud_analysis *a, const tree_model *model, const tree_data *data, const columns *c, size_t row, double *phi)
{
    fraud_group *g = &a->groups[FRAUD_ORDER];
    fraud_case *k = &g->cases[row];
    double total = 0;

    TOC_TRY(tree_contributions(ctx, model, data, row, phi));
    for (size_t j = 0; j < c->p; j++) total += fmax(0, phi[j]);
    for (int n = 0; n < REASONS; n++) {
        size_t best = 0;
        fraud_hit *grown;
        for (size_t j = 1; j < c->p; j++)
            if (phi[j] > phi[best]) best = j;
        if (!(phi[best] > 0)) break;
        TOC_TRY(toc_arena_alloc(ctx, &a->arena, k->n_hits + 1, sizeof *grown, &grown));
        if (k->n_hits) memcpy(grown, k->hits, k->n_hits * sizeof *grown);
        grown[k->n_hits] = (fraud_hit){ .code = "L01", .what = "earlier frauds looked like this", .feature = c->names[best], .value = c->x[best][row],
                                        .usual = g->median[c->places[best]], .threshold = NAN, .weight = 0.1 * phi[best] / total };
        TOC_TRY(toc_arena_printf(ctx, &a->arena, &grown[k->n_hits].detail, "%s: %.4g, usually %.4g", fraud_words(FRAUD_ORDER, c->names[best]), c->x[best][row],
                                 g->median[c->places[best]]));
        k->hits = grown;
        k->n_hits++;
        phi[best] = 0;
    }
    return TOC_OK;
}

static toc_status judge_orders(toc_ctx *ctx, fraud_analysis *a, const fraud_options *options, const tree_model *model, const num_calibration *calibration)
{
    fraud_group *g = &a->groups[FRAUD_ORDER];
    columns c = {0};
    double *score = NULL, *phi = NULL;
    toc_status st = TOC_OK;

    if ((st = take_columns(ctx, &g->features, &a->arena, &c))) goto out;
    tree_data data = { .n = g->features.n_rows, .p = c.p, .x = c.x, .names = c.names };
    if ((st = toc_alloc(ctx, data.n, sizeof *score, &score))) goto out;
    if ((st = toc_alloc(ctx, c.p + 1, sizeof *phi, &phi))) goto out;
    if ((st = tree_predict(ctx, model, &data, score))) goto out;
    for (size_t r = 0; r < data.n && !st; r++) {
        g->cases[r].probability = num_calibrated(calibration, score[r]);
        /* Where calibration is flat, the raw score still orders. */
        g->cases[r].score = 0.999 * g->cases[r].probability + 0.001 * score[r];
        if (g->cases[r].score >= options->min_score) st = explain(ctx, a, model, &data, &c, r, phi);
    }
    a->learned = !st;
out:
    toc_free(score);
    toc_free(phi);
    return st;
}

toc_status fraud_learn(toc_ctx *ctx, fraud_analysis *a, const fraud_options *options)
{
    int64_t *known_at = NULL, delay;
    lesson l = {0};
    tree_model *model = NULL;
    num_calibration calibration = {0};
    toc_status st = TOC_OK;

    if ((st = fraud_collect_labels(ctx, a, &known_at, &delay))) goto out;
    if (a->n_labels < FEWEST_FRAUDS) goto out;
    if ((st = prepare(ctx, a, a->from - delay - options->train_span, a->from - delay, known_at, &l))) goto out;
    if (count_frauds(l.y, l.n * 3 / 4) < FEWEST_FRAUDS / 2 || count_frauds(l.y, l.n) < FEWEST_FRAUDS) goto out;
    if ((st = fit(ctx, &l, options, &model, &calibration))) goto out;
    st = judge_orders(ctx, a, options, model, &calibration);
out:
    toc_free(known_at);
    release_lesson(&l);
    tree_free(model);
    num_calibration_release(&calibration);
    return st;
}
