/* tree_predict.c: "tocsin tree predict", a CSV with its scores; and reading a CSV for a model, which eval and explain do too. */
#include "commands/commands.h"
#include "commands/tree_command.h"
#include "reader/reader.h"

#include <math.h>

enum { MOST_NAMED = 8 };

/* All columns of the model must be there; those that are not are named at once. */
static toc_status check_columns(toc_ctx *ctx, const tree_model *model, const char *model_path, const tab_table *table)
{
    const char *const *names;
    size_t p = tree_model_columns(model, &names), missing = 0;
    toc_buf list = {0};
    toc_status st = TOC_OK;

    for (size_t j = 0; j < p && !st; j++) {
        if (tab_find(table, names[j])) continue;
        if (missing++ < MOST_NAMED) st = toc_buf_printf(ctx, &list, "%s\"%s\"", list.n ? ", " : "", names[j]);
    }
    if (!st && missing > MOST_NAMED) st = toc_buf_printf(ctx, &list, " ...");
    if (!st && missing) st = toc_buf_printf(ctx, &list, "; there are:");
    for (size_t j = 0; j < table->n_cols && missing && !st; j++) st = toc_buf_printf(ctx, &list, "%s %s", j ? "," : "", table->columns[j].name);
    if (!st && missing)
        st = toc_fail(ctx, TOC_E_USAGE, "%zu of the %zu columns that %s asks for %s not there: %.1500s", missing, p, model_path,
                      missing == 1 ? "is" : "are", list.p);
    toc_buf_release(&list);
    return st;
}

toc_status tree_columns_for(toc_ctx *ctx, const tree_model *model, const char *model_path, const tab_table *table, tree_data *data)
{
    const char *const *names;
    size_t p = tree_model_columns(model, &names), n = table->n_rows;
    const double **x;
    const toc_pool **pools;

    TOC_TRY(check_columns(ctx, model, model_path, table));
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

toc_status tree_read(toc_ctx *ctx, const tree_args *a, const char *file, tree_model **model, tab_table *table, tree_data *data)
{
    *model = NULL;
    if (!a->model) return toc_fail(ctx, TOC_E_USAGE, "--model says which model to use; it is missing");
    TOC_TRY(tree_load(ctx, a->model, model));
    TOC_TRY(rd_read_table(ctx, file, NULL, table));
    return tree_columns_for(ctx, *model, a->model, table, data);
}

/* The likeliest class under the name of --as, and NAME_CLASS with the probability of each. */
static toc_status add_classes(toc_ctx *ctx, const tree_args *a, const tree_model *model, const tree_data *data, tab_table *table)
{
    size_t k = tree_model_outputs(model), n = data->n;
    const char *const *classes;
    tab_column *column;
    double *score;
    uint32_t *said, *code;
    toc_buf name = {0};
    toc_status st = TOC_OK;

    if (tree_model_classes(model, &classes) != k) return toc_fail(ctx, TOC_E_DATA, "%s does not name its classes", a->model);
    TOC_TRY(toc_arena_alloc(ctx, &ctx->arena, n * k, sizeof *score, &score));
    TOC_TRY(toc_arena_alloc(ctx, &ctx->arena, n, sizeof *said, &said));
    TOC_TRY(toc_arena_alloc(ctx, &ctx->arena, k, sizeof *code, &code));
    TOC_TRY(tree_predict(ctx, model, data, score));
    TOC_TRY(tab_add(ctx, table, a->as, TAB_TEXT, NULL, &column));
    for (size_t c = 0; c < k; c++) TOC_TRY(toc_pool_intern(ctx, column->pool, toc_str_of(classes[c]), &code[c]));
    for (size_t i = 0; i < n; i++) {
        for (uint32_t c = 1; c < k; c++) said[i] = score[i * k + c] > score[i * k + said[i]] ? c : said[i];
        column->code[i] = code[said[i]];
    }
    for (size_t c = 0; c < k; c++) {
        name.n = 0;
        st = toc_buf_printf(ctx, &name, "%s_%s", a->as, classes[c]);
        if (!st) st = tab_add(ctx, table, name.p, TAB_F64, NULL, &column);
        if (st) break;
        for (size_t i = 0; i < n; i++) column->f64[i] = score[i * k + c];
    }
    toc_buf_release(&name);
    return st;
}

toc_status tree_run_predict(toc_ctx *ctx, const tree_args *a, const char *file)
{
    tree_model *model = NULL;
    tab_table table = {0};
    tab_column *column;
    tree_data data;
    toc_out out;
    toc_status st = TOC_OK;

    if ((st = tree_read(ctx, a, file, &model, &table, &data))) goto out;
    if (tab_find(&table, a->as)) {
        st = toc_fail(ctx, TOC_E_USAGE, "there is a column \"%s\" already; name the new one by --as", a->as);
        goto out;
    }
    if (tree_model_outputs(model) > 1) st = add_classes(ctx, a, model, &data, &table);
    else if (!(st = tab_add(ctx, &table, a->as, TAB_F64, NULL, &column))) st = tree_predict(ctx, model, &data, column->f64);
    if (st) goto out;
    if ((st = toc_out_open(ctx, a->out, true, &out))) goto out;
    st = cmd_close_csv(ctx, &table, &out);
out:
    tab_release(&table);
    tree_free(model);
    return st;
}
