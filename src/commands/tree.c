/* tree.c: "tocsin tree", decision trees, forests and boosting on any CSV. */
#include "cli/cli.h"
#include "commands/commands.h"
#include "commands/learning.h"
#include "num/num.h"
#include "reader/reader.h"

#include <math.h>

typedef struct {
    const char *target, *positive, *model, *order, *as, *format, *out;
    cli_list drop, set;
    double test_share, threshold;
    int64_t every, trees;
} args;

static const args defaults = { .test_share = 0.2, .threshold = 0.5, .as = "score", .format = "text", .out = "-" };

static const char *const format_words[] = { "text", "dot", "json", "importance", NULL };

static const cli_option options[] = {
    CLI_TEXT('t', "target", args, target, .arg = "COLUMN", .help = "fit: the column to learn"),
    CLI_TEXT('p', "positive", args, positive, .arg = "VALUE", .help = "fit: the target's value to be scored [1, yes, true, or the rarer]"),
    CLI_LIST('d', "drop", args, drop, .arg = "COLUMN", .help = "fit: leave this column out; may be repeated"),
    CLI_LIST('s', "set", args, set, .arg = "NAME=VALUE", .help = "fit: model=tree|forest|boost, depth, trees, ... (see the manual)"),
    CLI_TEXT('m', "model", args, model, .arg = "FILE", .help = "the model, written by fit, read by predict and show"),
    CLI_NUM(0, "test-share", args, test_share, .min = 0, .max = 0.9, .help = "fit: test on this share, the last rows; 0 = learn from all [0.2]"),
    CLI_INT(0, "every", args, every, .min = 0, .max = 1e9, .help = "fit: test on every K-th row instead"),
    CLI_TEXT(0, "order", args, order, .arg = "COLUMN", .help = "fit: sort rows by this column (a time) before splitting"),
    CLI_NUM(0, "threshold", args, threshold, .min = 0, .max = 1, .help = "fit: scores above it count as positive [0.5]"),
    CLI_TEXT(0, "as", args, as, .arg = "NAME", .help = "predict: name of the new column [score]"),
    CLI_WORD('f', "format", args, format, format_words, .arg = "FORMAT", .help = "show: text, dot, json or importance [text]"),
    CLI_INT(0, "trees", args, trees, .min = 0, .max = 1e9, .help = "show: the first N trees only [0: all]"),
    CLI_TEXT('o', "out", args, out, .arg = "FILE", .help = "write to FILE [stdout]"),
    CLI_END,
};

/* ---- fit ---- */

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

/* Which of two target texts is the positive one: as told, else 1, yes, true ..., else the rarer (the first by bytes of equals). */
static toc_status positive_code(toc_ctx *ctx, const args *a, const cmd_learning *l, uint32_t *code)
{
    static const char *const words[] = { "1", "yes", "true", "y", "t", "1.0" };
    const toc_pool *pool = l->target->pool;
    uint32_t found[2] = { 0, 0 };
    size_t count[2] = { 0, 0 }, n = 0;

    for (size_t i = 0; i < l->data.n; i++) {
        uint32_t c = l->target->code[l->row[i]];
        size_t k = 0;
        while (k < n && found[k] != c) k++;
        if (k == 2)
            return toc_fail(ctx, TOC_E_DATA, "\"%s\" has more than two values (%s, %s, %s ...); for numbers say --set loss=squared", l->target->name,
                            toc_pool_text(pool, found[0]), toc_pool_text(pool, found[1]), toc_pool_text(pool, c));
        if (k == n) found[n++] = c;
        count[k]++;
    }
    if (a->positive) {
        for (size_t k = 0; k < n; k++)
            if (toc_str_is(toc_pool_str(pool, found[k]), a->positive)) return *code = found[k], TOC_OK;
        return toc_fail(ctx, TOC_E_USAGE, "--positive %s: \"%s\" has no such value", a->positive, l->target->name);
    }
    if (n < 2) return toc_fail(ctx, TOC_E_DATA, "\"%s\" is %s in every row: nothing to learn", l->target->name, toc_pool_text(pool, found[0]));
    for (size_t w = 0; w < TOC_COUNT(words); w++)
        for (size_t k = 0; k < n; k++)
            if (toc_str_is_nocase(toc_pool_str(pool, found[k]), words[w])) return *code = found[k], TOC_OK;
    bool second = count[1] < count[0] || (count[1] == count[0] && toc_str_cmp(toc_pool_str(pool, found[1]), toc_pool_str(pool, found[0])) < 0);
    *code = found[second];
    return TOC_OK;
}

static toc_status labels(toc_ctx *ctx, const args *a, const cmd_learning *l, tree_loss loss, double *y, const char **positive)
{
    const toc_pool *pool = l->target->pool;
    uint32_t code = 0;

    if (loss == TREE_SQUARED) {
        for (size_t i = 0; i < l->data.n; i++)
            if (!toc_parse_double(toc_pool_str(pool, l->target->code[l->row[i]]), &y[i]))
                return toc_fail(ctx, TOC_E_DATA, "\"%s\" is no number: \"%s\"", l->target->name, toc_pool_text(pool, l->target->code[l->row[i]]));
        return TOC_OK;
    }
    TOC_TRY(positive_code(ctx, a, l, &code));
    for (size_t i = 0; i < l->data.n; i++) y[i] = l->target->code[l->row[i]] == code;
    *positive = toc_pool_text(pool, code);
    return TOC_OK;
}

/* Rows in the order they are split in: that of the file, or sorted by --order (numbers by value, texts by bytes: ISO times sort right). */
static toc_status split_order(toc_ctx *ctx, const args *a, const cmd_learning *l, uint32_t *order)
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
static toc_status write_measures(toc_ctx *ctx, const args *a, const tree_model *model, const tree_data *test, const double *y, size_t n_train,
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

static toc_status fit_and_test(toc_ctx *ctx, const args *a, const tree_params *params, const cmd_learning *l)
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
    st = write_measures(ctx, a, model, &test, y_test, n_train, positive);
    if (!st && a->model) st = tree_save(ctx, model, a->model);
    tree_free(model);
    return st;
}

static toc_status run_fit(toc_ctx *ctx, const args *a, const char *file)
{
    cmd_learning l = {0};
    tree_params params;

    TOC_TRY(params_of(ctx, &a->set, &params));
    toc_status st = cmd_read_learning(ctx, file, a->target, &a->drop, true, &l);
    if (!st) st = fit_and_test(ctx, a, &params, &l);
    cmd_learning_release(&l);
    return st;
}

/* ---- predict ---- */

/* The model's columns out of a table of texts, by name. */
static toc_status columns_for(toc_ctx *ctx, const tree_model *model, const tab_table *table, tree_data *data)
{
    const char *const *names;
    size_t p = tree_model_columns(model, &names), n = table->n_rows;
    const double **x;
    const toc_pool **pools;

    TOC_TRY(toc_arena_alloc(ctx, &ctx->arena, p, sizeof *x, &x));
    TOC_TRY(toc_arena_alloc(ctx, &ctx->arena, p, sizeof *pools, &pools));
    for (size_t j = 0; j < p; j++) {
        const tab_column *c;
        double *values;
        TOC_TRY(tab_need(ctx, table, names[j], &c));
        TOC_TRY(toc_arena_alloc(ctx, &ctx->arena, n, sizeof *values, &values));
        x[j] = values;
        if (!tree_model_categorical(model, j)) {
            TOC_TRY(cmd_numbers_of(ctx, c, n, values));
            continue;
        }
        for (size_t i = 0; i < n; i++) values[i] = c->code[i] ? (double)c->code[i] : NAN;
        pools[j] = c->pool;
    }
    *data = (tree_data){ n, p, x, names, NULL, pools };
    return TOC_OK;
}

static toc_status run_predict(toc_ctx *ctx, const args *a, const char *file)
{
    tree_model *model = NULL;
    tab_table table = {0};
    tab_column *column;
    tree_data data;
    toc_out out;
    toc_status st;

    if (!a->model) return toc_fail(ctx, TOC_E_USAGE, "--model says which model to use; it is missing");
    if ((st = tree_load(ctx, a->model, &model))) goto out;
    if ((st = rd_read_table(ctx, file, NULL, &table))) goto out;
    if (tab_find(&table, a->as)) {
        st = toc_fail(ctx, TOC_E_USAGE, "there is a column \"%s\" already; name the new one by --as", a->as);
        goto out;
    }
    if ((st = columns_for(ctx, model, &table, &data))) goto out;
    if ((st = tab_add(ctx, &table, a->as, TAB_F64, NULL, &column))) goto out;
    if ((st = tree_predict(ctx, model, &data, column->f64))) goto out;
    if ((st = toc_out_open(ctx, a->out, true, &out))) goto out;
    st = cmd_close_csv(ctx, &table, &out);
out:
    tab_release(&table);
    tree_free(model);
    return st;
}

/* ---- show ---- */

static toc_status write_importance(toc_ctx *ctx, const tree_model *model, toc_out *out)
{
    const char *const *names;
    size_t p = tree_model_columns(model, &names);
    double *importance;
    uint64_t *keys;
    uint32_t *order;

    TOC_TRY(toc_arena_alloc(ctx, &ctx->arena, p, sizeof *importance, &importance));
    TOC_TRY(toc_arena_alloc(ctx, &ctx->arena, p, sizeof *keys, &keys));
    TOC_TRY(toc_arena_alloc(ctx, &ctx->arena, p, sizeof *order, &order));
    tree_importance(model, importance);
    for (size_t j = 0; j < p; j++) keys[j] = toc_key_f64(-importance[j]);
    TOC_TRY(toc_sort_u64(ctx, keys, p, false, order));
    toc_out_str(out, "column,importance\n");
    for (size_t k = 0; k < p; k++) {
        tab_csv_field(out, toc_str_of(names[order[k]]));
        toc_out_printf(out, ",%.6g\n", importance[order[k]]);
    }
    return TOC_OK;
}

static toc_status run_show(toc_ctx *ctx, const args *a, const char *file)
{
    const char *path = a->model ? a->model : file;
    tree_model *model;
    toc_out out;
    toc_status st;

    TOC_TRY(tree_load(ctx, path, &model));
    if (strcmp(a->format, "json") == 0) {
        st = tree_save(ctx, model, a->out);
        goto out;
    }
    if ((st = toc_out_open(ctx, a->out, true, &out))) goto out;
    if (strcmp(a->format, "importance") == 0) st = write_importance(ctx, model, &out);
    else if (strcmp(a->format, "dot") == 0) tree_show_dot(model, (size_t)a->trees, &out);
    else tree_show_text(model, (size_t)a->trees, &out);
    if (st) toc_out_abandon(&out);
    else st = toc_out_close(ctx, &out);
out:
    tree_free(model);
    return st;
}

static toc_status run(toc_ctx *ctx, const cli_call *call)
{
    static const struct {
        const char *word;
        toc_status (*run)(toc_ctx *ctx, const args *a, const char *file);
    } walks[] = { { "fit", run_fit }, { "predict", run_predict }, { "show", run_show } };

    for (size_t i = 0; i < TOC_COUNT(walks); i++)
        if (strcmp(call->files[0], walks[i].word) == 0) return walks[i].run(ctx, call->args, call->n_files > 1 ? call->files[1] : "-");
    return toc_fail(ctx, TOC_E_USAGE, "tree what? \"%s\" is none of fit, predict, show", call->files[0]);
}

const cli_command cmd_tree = {
    .name = "tree", .group = "In a pipe", .usage = "fit|predict|show [options] [FILE]",
    .summary = "decision trees, forests and boosting on any CSV",
    .examples = "  tocsin tree fit --target churned --set model=boost --model churn.json features.csv\n"
                "  tocsin tree predict --model churn.json new.csv",
    .options = options, .defaults = &defaults, .args_size = sizeof defaults, .min_files = 1, .max_files = 2, .run = run,
};
