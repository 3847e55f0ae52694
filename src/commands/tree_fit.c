/* tree_fit.c: "tocsin tree fit", a model from a CSV, measured on rows it has not seen. */
#include "commands/tree_command.h"
#include "commands/tree_eval.h"
#include "num/num.h"

#include <math.h>

/* The target as numbers: amounts, or the number of the class. classes: their texts, arena; none for amounts. */
typedef struct {
    double *y, *weight; /* data.n */
    const char **classes;
    size_t n_classes;
} taught;

/* Two classes: the positive one is the last. */
static toc_status two_classes(toc_ctx *ctx, const tree_args *a, const cmd_learning *l, taught *t)
{
    const toc_pool *pool = l->target->pool;
    uint32_t code = 0;

    TOC_TRY(tree_positive(ctx, a->positive, l->target, l->row, l->data.n, &code));
    TOC_TRY(toc_arena_alloc(ctx, &ctx->arena, 2, sizeof *t->classes, &t->classes));
    t->n_classes = 2;
    t->classes[0] = "";
    t->classes[1] = toc_pool_text(pool, code);
    for (size_t i = 0; i < l->data.n; i++) {
        uint32_t c = l->target->code[l->row[i]];
        t->y[i] = c == code;
        if (c != code) t->classes[0] = toc_pool_text(pool, c);
    }
    return TOC_OK;
}

/* Any number of classes, sorted by bytes. */
static toc_status many_classes(toc_ctx *ctx, const cmd_learning *l, taught *t)
{
    const toc_pool *pool = l->target->pool;
    size_t n = toc_pool_size(pool);
    uint32_t *rank, *class_of; /* by rank; by code */

    TOC_TRY(toc_arena_alloc(ctx, &ctx->arena, n, sizeof *rank, &rank));
    TOC_TRY(toc_arena_alloc(ctx, &ctx->arena, n, sizeof *class_of, &class_of));
    TOC_TRY(toc_arena_alloc(ctx, &ctx->arena, n, sizeof *t->classes, &t->classes));
    TOC_TRY(toc_pool_rank(ctx, pool, rank));
    for (size_t i = 0; i < l->data.n; i++) class_of[rank[l->target->code[l->row[i]]]] = 1;
    for (size_t r = 0; r < n; r++)
        if (class_of[r]) class_of[r] = (uint32_t)t->n_classes++;
    for (size_t i = 0; i < l->data.n; i++) {
        uint32_t code = l->target->code[l->row[i]];
        t->y[i] = class_of[rank[code]];
        t->classes[class_of[rank[code]]] = toc_pool_text(pool, code);
    }
    return TOC_OK;
}

static toc_status weights(toc_ctx *ctx, const tree_args *a, const cmd_learning *l, double *weight)
{
    const tab_column *c;
    double *all;

    for (size_t i = 0; i < l->data.n; i++) weight[i] = 1;
    if (!a->weight) return TOC_OK;
    TOC_TRY(tab_need(ctx, &l->table, a->weight, &c));
    TOC_TRY(toc_arena_alloc(ctx, &ctx->arena, l->table.n_rows, sizeof *all, &all));
    TOC_TRY(cmd_numbers_of(ctx, c, l->table.n_rows, all));
    for (size_t i = 0; i < l->data.n; i++) {
        weight[i] = all[l->row[i]];
        if (!(weight[i] >= 0) || !isfinite(weight[i]))
            return toc_fail(ctx, TOC_E_DATA, "\"%s\" of row %u is no weight: a number from 0", a->weight, l->row[i] + 1);
    }
    return TOC_OK;
}

static toc_status teach(toc_ctx *ctx, const tree_args *a, const cmd_learning *l, tree_params *p, taught *t)
{
    const toc_pool *pool = l->target->pool;

    *t = (taught){0};
    TOC_TRY(toc_arena_alloc(ctx, &ctx->arena, l->data.n, sizeof *t->y, &t->y));
    TOC_TRY(toc_arena_alloc(ctx, &ctx->arena, l->data.n, sizeof *t->weight, &t->weight));
    TOC_TRY(weights(ctx, a, l, t->weight));
    if (p->loss == TREE_LOGISTIC) return two_classes(ctx, a, l, t);
    if (p->loss == TREE_MULTICLASS) {
        TOC_TRY(many_classes(ctx, l, t));
        p->n_classes = t->n_classes;
        return TOC_OK;
    }
    for (size_t i = 0; i < l->data.n; i++)
        if (!toc_parse_double(toc_pool_str(pool, l->target->code[l->row[i]]), &t->y[i]))
            return toc_fail(ctx, TOC_E_DATA, "\"%s\" is no number: \"%s\"", l->target->name, toc_pool_text(pool, l->target->code[l->row[i]]));
    return TOC_OK;
}

/* Rows in the order they are split in: that of the file, or sorted by --order (numbers by value, texts by bytes: ISO times sort right). */
static toc_status split_order(toc_ctx *ctx, const tree_args *a, const cmd_learning *l, uint32_t *order)
{
    const tab_column *c;
    uint32_t *rank = NULL;
    uint64_t *keys = NULL;
    toc_status st = TOC_OK;

    for (size_t i = 0; i < l->data.n; i++) order[i] = (uint32_t)i;
    if (!a->order) return TOC_OK;
    TOC_TRY(tab_need(ctx, &l->table, a->order, &c));
    if ((st = toc_alloc(ctx, l->data.n, sizeof *keys, &keys))) goto out;
    if (c->type == TAB_TEXT) {
        if ((st = toc_alloc(ctx, toc_pool_size(c->pool), sizeof *rank, &rank))) goto out;
        if ((st = toc_pool_rank(ctx, c->pool, rank))) goto out;
    }
    for (size_t i = 0; i < l->data.n; i++)
        keys[i] = rank ? rank[c->code[l->row[i]]] : c->type == TAB_F64 ? toc_key_f64(c->f64[l->row[i]]) : toc_key_i64(c->i64[l->row[i]]);
    st = toc_sort_u64(ctx, keys, l->data.n, false, order);
out:
    toc_free(keys);
    toc_free(rank);
    return st;
}

/* Chosen rows, in their order. */
typedef struct {
    tree_data data;
    double *y, *weight;
} part;

static toc_status subset(toc_ctx *ctx, const tree_data *data, const taught *t, const uint32_t *rows, size_t n, part *chosen)
{
    const double **x;

    TOC_TRY(toc_arena_alloc(ctx, &ctx->arena, data->p, sizeof *x, &x));
    TOC_TRY(toc_arena_alloc(ctx, &ctx->arena, n, sizeof *chosen->y, &chosen->y));
    TOC_TRY(toc_arena_alloc(ctx, &ctx->arena, n, sizeof *chosen->weight, &chosen->weight));
    for (size_t j = 0; j < data->p; j++) {
        double *values;
        TOC_TRY(toc_arena_alloc(ctx, &ctx->arena, n, sizeof *values, &values));
        for (size_t i = 0; i < n; i++) values[i] = data->x[j][rows[i]];
        x[j] = values;
    }
    for (size_t i = 0; i < n; i++) {
        chosen->y[i] = t->y[rows[i]];
        chosen->weight[i] = t->weight[rows[i]];
    }
    chosen->data = *data;
    chosen->data.n = n;
    chosen->data.x = x;
    return TOC_OK;
}

static void put(toc_out *out, const char *name, double value)
{
    toc_out_printf(out, isnan(value) ? "%s,\n" : "%s,%.6g\n", name, value);
}

static toc_status class_measures(toc_ctx *ctx, const double *score, const double *y, size_t n, double threshold, toc_out *out)
{
    uint8_t *truth;
    double hits[2][2] = { { 0, 0 }, { 0, 0 } }, auc, ap; /* truth, said */

    TOC_TRY(toc_arena_alloc(ctx, &ctx->arena, n, 1, &truth));
    for (size_t i = 0; i < n; i++) {
        truth[i] = y[i] > 0;
        hits[truth[i]][score[i] > threshold] += 1;
    }
    TOC_TRY(num_auc(ctx, score, truth, n, &auc));
    TOC_TRY(num_average_precision(ctx, score, truth, n, &ap));
    double said = hits[0][1] + hits[1][1], real = hits[1][0] + hits[1][1];
    put(out, "test_positive", real);
    put(out, "accuracy", (hits[0][0] + hits[1][1]) / (double)n);
    put(out, "recall", real > 0 ? hits[1][1] / real : NAN);
    put(out, "precision", said > 0 ? hits[1][1] / said : NAN);
    put(out, "f1", said + real > 0 ? 2 * hits[1][1] / (said + real) : NAN);
    put(out, "auc", auc);
    put(out, "average_precision", ap);
    put(out, "brier", num_brier(score, truth, n));
    put(out, "log_loss", num_log_loss(score, truth, n));
    return TOC_OK;
}

static void number_measures(const double *score, const double *y, size_t n, toc_out *out)
{
    double square = 0, absolute = 0, spread = num_variance(y, n) * (double)n;

    for (size_t i = 0; i < n; i++) {
        square += (score[i] - y[i]) * (score[i] - y[i]);
        absolute += fabs(score[i] - y[i]);
    }
    put(out, "rmse", sqrt(square / (double)n));
    put(out, "mae", absolute / (double)n);
    put(out, "r2", spread > 0 ? 1 - square / spread : NAN);
}

/* More than two classes: the likeliest is said. */
static toc_status many_measures(toc_ctx *ctx, const double *score, const double *y, size_t n, size_t k, toc_out *out)
{
    eval_rows r = { .n = n, .k = k };
    eval_measures m;

    TOC_TRY(toc_arena_alloc(ctx, &ctx->arena, n, sizeof *r.truth, &r.truth));
    TOC_TRY(toc_arena_alloc(ctx, &ctx->arena, n, sizeof *r.said, &r.said));
    TOC_TRY(toc_arena_alloc(ctx, &ctx->arena, n, sizeof *r.of_truth, &r.of_truth));
    for (size_t i = 0; i < n; i++) {
        r.truth[i] = (uint32_t)y[i];
        for (uint32_t c = 1; c < k; c++) r.said[i] = score[i * k + c] > score[i * k + r.said[i]] ? c : r.said[i];
        r.of_truth[i] = score[i * k + r.truth[i]];
    }
    TOC_TRY(eval_measure(ctx, &r, 0, &m));
    put(out, "accuracy", m.accuracy);
    put(out, "macro_recall", m.macro.recall);
    put(out, "macro_precision", m.macro.precision);
    put(out, "macro_f1", m.macro.f1);
    put(out, "log_loss", m.log_loss);
    return TOC_OK;
}

/* How the model does on rows it has not seen. */
static toc_status put_measures(toc_ctx *ctx, const tree_args *a, const double *score, const part *test, const taught *t, toc_out *out)
{
    if (test->data.n == 0) return TOC_OK;
    if (t->n_classes == 2) return class_measures(ctx, score, test->y, test->data.n, a->threshold, out);
    if (t->n_classes) return many_measures(ctx, score, test->y, test->data.n, t->n_classes, out);
    number_measures(score, test->y, test->data.n, out);
    return TOC_OK;
}

static toc_status write_measures(toc_ctx *ctx, const tree_args *a, const tree_params *p, const tree_model *model, const part *test, size_t n_train,
                                 const taught *t)
{
    toc_out out;
    double *score;

    TOC_TRY(toc_arena_alloc(ctx, &ctx->arena, test->data.n * tree_model_outputs(model), sizeof *score, &score));
    TOC_TRY(tree_predict(ctx, model, &test->data, score));
    TOC_TRY(toc_out_open(ctx, a->out, false, &out));
    toc_out_str(&out, "name,value\n");
    if (p->loss == TREE_LOGISTIC) {
        toc_out_str(&out, "positive,");
        tab_csv_field(&out, toc_str_of(t->classes[1]));
        toc_out_str(&out, "\n");
    }
    if (p->loss == TREE_MULTICLASS) toc_out_printf(&out, "classes,%zu\n", t->n_classes);
    if (p->patience) toc_out_printf(&out, "trees,%zu\n", tree_model_trees(model));
    toc_out_printf(&out, "train_rows,%zu\ntest_rows,%zu\n", n_train, test->data.n);
    toc_status st = put_measures(ctx, a, score, test, t, &out);
    if (st) return toc_out_abandon(&out), st;
    return toc_out_close(ctx, &out);
}

static toc_status fit_and_test(toc_ctx *ctx, const tree_args *a, tree_params *params, const cmd_learning *l)
{
    size_t n = l->data.n, n_train = 0, n_test = 0, last = (size_t)((double)n * (1 - a->test_share) + 0.5);
    uint32_t *order, *split;
    taught t;
    part train, test;
    tree_model *model = NULL;

    TOC_TRY(toc_arena_alloc(ctx, &ctx->arena, n, sizeof *order, &order));
    TOC_TRY(toc_arena_alloc(ctx, &ctx->arena, n, sizeof *split, &split));
    TOC_TRY(teach(ctx, a, l, params, &t));
    TOC_TRY(tree_monotone_of(ctx, &a->set, &l->data, params));
    TOC_TRY(split_order(ctx, a, l, order));
    for (size_t i = 0; i < n; i++) {
        bool tested = a->every > 0 ? i % (size_t)a->every == (size_t)a->every - 1 : i >= last;
        split[tested ? n - ++n_test : n_train++] = order[i];
    }
    TOC_TRY(subset(ctx, &l->data, &t, split, n_train, &train));
    TOC_TRY(subset(ctx, &l->data, &t, split + n_train, n_test, &test));
    TOC_TRY(tree_balance(ctx, &a->set, t.n_classes, train.y, n_train, train.weight));
    TOC_TRY(tree_fit(ctx, &train.data, train.y, train.weight, params, &model));
    toc_status st = tree_model_name(ctx, model, l->target->name, t.classes, t.n_classes);
    if (!st) st = write_measures(ctx, a, params, model, &test, n_train, &t);
    if (!st && a->model) st = tree_save(ctx, model, a->model);
    tree_free(model);
    return st;
}

/* What is left out: --drop, and the weights. */
static toc_status dropped(toc_ctx *ctx, const tree_args *a, cli_list *drop)
{
    *drop = a->drop;
    if (!a->weight) return TOC_OK;
    TOC_TRY(toc_arena_alloc(ctx, &ctx->arena, a->drop.n + 1, sizeof *drop->items, &drop->items));
    for (size_t i = 0; i < a->drop.n; i++) drop->items[i] = a->drop.items[i];
    drop->items[drop->n++] = a->weight;
    return TOC_OK;
}

toc_status tree_run_fit(toc_ctx *ctx, const tree_args *a, const char *file)
{
    cmd_learning l = {0};
    cli_list drop;
    tree_params params;

    TOC_TRY(tree_params_of(ctx, &a->set, &params));
    TOC_TRY(dropped(ctx, a, &drop));
    toc_status st = cmd_read_learning(ctx, file, a->target, &drop, true, &l);
    if (!st) st = fit_and_test(ctx, a, &params, &l);
    cmd_learning_release(&l);
    return st;
}
