/* tree_fit.c: "tocsin tree fit", a model from a CSV, measured on rows it has not seen. */
#include "commands/tree_command.h"
#include "num/num.h"

#include <math.h>

static toc_status set_count(toc_ctx *ctx, const cli_list *set, const char *name, double min, double max, size_t *count)
{
    double value;

    TOC_TRY(cli_set_num(ctx, set, name, min, max, (double)*count, &value));
    *count = (size_t)value;
    return TOC_OK;
}

static toc_status set_word(toc_ctx *ctx, const cli_list *set, const char *name, const char *const *words, int *choice)
{
    const char *text = cli_set_get(set, name);

    if (!text) return TOC_OK;
    for (int i = 0; words[i]; i++) {
        if (strcmp(words[i], text)) continue;
        *choice = i;
        return TOC_OK;
    }
    return toc_fail(ctx, TOC_E_USAGE, "--set %s=%s: one of %s, %s%s%s", name, text, words[0], words[1], words[2] ? ", " : "", words[2] ? words[2] : "");
}

static toc_status params_of(toc_ctx *ctx, const cli_list *set, tree_params *p)
{
    static const char *const known[] = { "model", "criterion", "loss", "depth", "trees", "leaves", "min_leaf", "min_gain",
                                         "rate",  "l2",        "rows", "columns", "bins", NULL };
    static const char *const models[] = { "tree", "forest", "boost", NULL }, *const criteria[] = { "entropy", "gini", NULL },
                      *const losses[] = { "logistic", "squared", NULL };
    int kind = TREE_SINGLE, criterion = TREE_ENTROPY, loss = TREE_LOGISTIC;

    TOC_TRY(cli_set_check(ctx, set, known));
    TOC_TRY(set_word(ctx, set, "model", models, &kind));
    TOC_TRY(set_word(ctx, set, "criterion", criteria, &criterion));
    TOC_TRY(set_word(ctx, set, "loss", losses, &loss));
    *p = tree_defaults((tree_kind)kind);
    p->criterion = (tree_criterion)criterion;
    p->loss = (tree_loss)loss;
    p->seed = ctx->seed;
    TOC_TRY(set_count(ctx, set, "depth", 0, 64, &p->max_depth));
    TOC_TRY(set_count(ctx, set, "trees", 1, 100000, &p->n_trees));
    TOC_TRY(set_count(ctx, set, "leaves", 0, 1e6, &p->max_leaves));
    TOC_TRY(set_count(ctx, set, "min_leaf", 1, 1e9, &p->min_leaf));
    TOC_TRY(set_count(ctx, set, "bins", 2, 255, &p->max_bins));
    TOC_TRY(cli_set_num(ctx, set, "min_gain", 0, 1e9, p->min_gain, &p->min_gain));
    TOC_TRY(cli_set_num(ctx, set, "rate", 1e-6, 1, p->learning_rate, &p->learning_rate));
    TOC_TRY(cli_set_num(ctx, set, "l2", 0, 1e9, p->l2, &p->l2));
    TOC_TRY(cli_set_num(ctx, set, "rows", 0.01, 1, p->row_share, &p->row_share));
    return cli_set_num(ctx, set, "columns", 0, 1, p->column_share, &p->column_share);
}

static toc_status labels(toc_ctx *ctx, const tree_args *a, const cmd_learning *l, tree_loss loss, double *y, const char **positive)
{
    const toc_pool *pool = l->target->pool;
    uint32_t code = 0;

    if (loss == TREE_SQUARED) {
        for (size_t i = 0; i < l->data.n; i++)
            if (!toc_parse_double(toc_pool_str(pool, l->target->code[l->row[i]]), &y[i]))
                return toc_fail(ctx, TOC_E_DATA, "\"%s\" is no number: \"%s\"", l->target->name, toc_pool_text(pool, l->target->code[l->row[i]]));
        return TOC_OK;
    }
    TOC_TRY(tree_positive(ctx, a->positive, l->target, l->row, l->data.n, &code));
    for (size_t i = 0; i < l->data.n; i++) y[i] = l->target->code[l->row[i]] == code;
    *positive = toc_pool_text(pool, code);
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

/* Copies chosen rows of columns and labels, in their order. */
static toc_status subset(toc_ctx *ctx, const tree_data *data, const double *y, const uint32_t *rows, size_t n, tree_data *part, double **label)
{
    const double **x;

    TOC_TRY(toc_arena_alloc(ctx, &ctx->arena, data->p, sizeof *x, &x));
    TOC_TRY(toc_arena_alloc(ctx, &ctx->arena, n, sizeof **label, label));
    for (size_t j = 0; j < data->p; j++) {
        double *values;
        TOC_TRY(toc_arena_alloc(ctx, &ctx->arena, n, sizeof *values, &values));
        for (size_t i = 0; i < n; i++) values[i] = data->x[j][rows[i]];
        x[j] = values;
    }
    for (size_t i = 0; i < n; i++) (*label)[i] = y[rows[i]];
    *part = *data;
    part->n = n;
    part->x = x;
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

/* How the model does on rows it has not seen. */
static toc_status write_measures(toc_ctx *ctx, const tree_args *a, const tree_model *model, const tree_data *test, const double *y, size_t n_train,
                                 const char *positive)
{
    toc_out out;
    double *score;
    toc_status st;

    TOC_TRY(toc_arena_alloc(ctx, &ctx->arena, test->n, sizeof *score, &score));
    TOC_TRY(tree_predict(ctx, model, test, score));
    TOC_TRY(toc_out_open(ctx, a->out, false, &out));
    toc_out_str(&out, "name,value\n");
    if (positive) {
        toc_out_str(&out, "positive,");
        tab_csv_field(&out, toc_str_of(positive));
        toc_out_str(&out, "\n");
    }
    toc_out_printf(&out, "train_rows,%zu\ntest_rows,%zu\n", n_train, test->n);
    if (test->n > 0) {
        if (!positive) number_measures(score, y, test->n, &out);
        else if ((st = class_measures(ctx, score, y, test->n, a->threshold, &out))) {
            toc_out_abandon(&out);
            return st;
        }
    }
    return toc_out_close(ctx, &out);
}

/* The model says what it was taught: the target, and of two values the one that scores 1 last. */
static toc_status name_target(toc_ctx *ctx, const cmd_learning *l, tree_model *model, const char *positive)
{
    const char *classes[2] = { "", positive };

    for (size_t i = 0; positive && i < l->data.n; i++) {
        classes[0] = toc_pool_text(l->target->pool, l->target->code[l->row[i]]);
        if (strcmp(classes[0], positive) != 0) break;
    }
    return tree_model_name(ctx, model, l->target->name, classes, positive ? 2 : 0);
}

static toc_status fit_and_test(toc_ctx *ctx, const tree_args *a, const tree_params *params, const cmd_learning *l)
{
    size_t n = l->data.n, n_train = 0, n_test = 0, last = (size_t)((double)n * (1 - a->test_share) + 0.5);
    uint32_t *order, *part;
    double *y, *y_train, *y_test;
    const char *positive = NULL;
    tree_data train, test;
    tree_model *model = NULL;
    toc_status st;

    TOC_TRY(toc_arena_alloc(ctx, &ctx->arena, n, sizeof *y, &y));
    TOC_TRY(toc_arena_alloc(ctx, &ctx->arena, n, sizeof *order, &order));
    TOC_TRY(toc_arena_alloc(ctx, &ctx->arena, n, sizeof *part, &part));
    TOC_TRY(labels(ctx, a, l, params->loss, y, &positive));
    TOC_TRY(split_order(ctx, a, l, order));
    for (size_t i = 0; i < n; i++) {
        bool tested = a->every > 0 ? i % (size_t)a->every == (size_t)a->every - 1 : i >= last;
        part[tested ? n - ++n_test : n_train++] = order[i];
    }
    TOC_TRY(subset(ctx, &l->data, y, part, n_train, &train, &y_train));
    TOC_TRY(subset(ctx, &l->data, y, part + n_train, n_test, &test, &y_test));
    TOC_TRY(tree_fit(ctx, &train, y_train, NULL, params, &model));
    st = name_target(ctx, l, model, positive);
    if (!st) st = write_measures(ctx, a, model, &test, y_test, n_train, positive);
    if (!st && a->model) st = tree_save(ctx, model, a->model);
    tree_free(model);
    return st;
}

toc_status tree_run_fit(toc_ctx *ctx, const tree_args *a, const char *file)
{
    cmd_learning l = {0};
    tree_params params;

    TOC_TRY(params_of(ctx, &a->set, &params));
    toc_status st = cmd_read_learning(ctx, file, a->target, &a->drop, true, &l);
    if (!st) st = fit_and_test(ctx, a, &params, &l);
    cmd_learning_release(&l);
    return st;
}
