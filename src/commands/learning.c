/* learning.c: any CSV as columns to learn from. */
#include "commands/learning.h"

#include <math.h>

#include "reader/reader.h"

enum { ENOUGH_FOR_IDS = 20 }; /* rows, from which on a text column may be seen to hold ids */

static toc_status pick_rows(toc_ctx *ctx, cmd_learning *l)
{
    size_t n = l->table.n_rows;
    uint32_t *row;

    if (n > UINT32_MAX) return toc_fail(ctx, TOC_E_DATA, "%zu rows are more than can be learned from", n);
    TOC_TRY(toc_arena_alloc(ctx, &ctx->arena, n, sizeof *row, &row));
    for (size_t i = 0; i < n; i++)
        if (l->target->code[i]) row[l->data.n++] = (uint32_t)i;
    l->row = row;
    l->n_without = n - l->data.n;
    if (l->data.n == 0) return toc_fail(ctx, TOC_E_DATA, "no row has a value in column \"%s\"", l->target->name);
    if (l->n_without) toc_warn(ctx, "%zu of %zu rows have no value in \"%s\" and are left out", l->n_without, n, l->target->name);
    return TOC_OK;
}

static bool is_wanted(toc_ctx *ctx, const cmd_learning *l, const tab_column *c, const cli_list *drop, bool skip_ids)
{
    if (c == l->target) return false;
    for (size_t d = 0; d < drop->n; d++)
        if (strcmp(drop->items[d], c->name) == 0) return false;
    if (!skip_ids || c->type != TAB_TEXT || l->data.n < ENOUGH_FOR_IDS || 2 * (toc_pool_size(c->pool) - 1) <= l->data.n) return true;
    toc_warn(ctx, "column \"%s\" is left out: %zu different texts in %zu rows tell rows apart, not kinds of rows", c->name,
             toc_pool_size(c->pool) - 1, l->data.n);
    return false;
}

static double cell_number(const tab_column *c, size_t row)
{
    switch (c->type) {
    case TAB_F64: return c->f64[row];
    case TAB_I64:
    case TAB_TIME: return c->i64[row] == TAB_NO_INT ? NAN : (double)c->i64[row];
    case TAB_TEXT: return c->code[row] ? (double)c->code[row] : NAN;
    }
    return NAN;
}

static toc_status fill(toc_ctx *ctx, cmd_learning *l, const cli_list *drop, bool skip_ids)
{
    size_t p = l->table.n_cols, n = l->data.n, kept = 0;
    const double **x;
    const char **names;
    bool *categorical;
    const toc_pool **pools;

    TOC_TRY(toc_arena_alloc(ctx, &ctx->arena, p, sizeof *x, &x));
    TOC_TRY(toc_arena_alloc(ctx, &ctx->arena, p, sizeof *names, &names));
    TOC_TRY(toc_arena_alloc(ctx, &ctx->arena, p, sizeof *categorical, &categorical));
    TOC_TRY(toc_arena_alloc(ctx, &ctx->arena, p, sizeof *pools, &pools));
    for (size_t j = 0; j < p; j++) {
        const tab_column *c = &l->table.columns[j];
        double *values;
        if (!is_wanted(ctx, l, c, drop, skip_ids)) continue;
        TOC_TRY(toc_arena_alloc(ctx, &ctx->arena, n, sizeof *values, &values));
        for (size_t i = 0; i < n; i++) values[i] = cell_number(c, l->row[i]);
        x[kept] = values;
        names[kept] = c->name;
        categorical[kept] = c->type == TAB_TEXT;
        pools[kept++] = c->type == TAB_TEXT ? c->pool : NULL;
    }
    if (kept == 0) return toc_fail(ctx, TOC_E_DATA, "no column is left beside the target \"%s\"", l->target->name);
    l->data = (tree_data){ n, kept, x, names, categorical, pools };
    return TOC_OK;
}

toc_status cmd_read_learning(toc_ctx *ctx, const char *path, const char *target, const cli_list *drop, bool skip_ids, cmd_learning *l)
{
    const tab_column *found;

    *l = (cmd_learning){0};
    if (!target) return toc_fail(ctx, TOC_E_USAGE, "--target says which column to learn; it is missing");
    TOC_TRY(rd_read_table(ctx, path, NULL, &l->table));
    TOC_TRY(tab_need(ctx, &l->table, target, &l->target));
    for (size_t d = 0; d < drop->n; d++) TOC_TRY(tab_need(ctx, &l->table, drop->items[d], &found));
    TOC_TRY(tab_infer(ctx, &l->table, &target, 1));
    TOC_TRY(pick_rows(ctx, l));
    return fill(ctx, l, drop, skip_ids);
}

void cmd_learning_release(cmd_learning *l)
{
    tab_release(&l->table);
    *l = (cmd_learning){0};
}

toc_status cmd_numbers_of(toc_ctx *ctx, const tab_column *column, size_t n_rows, double *values)
{
    double *of_code;
    size_t n;

    if (column->type != TAB_TEXT) {
        for (size_t i = 0; i < n_rows; i++) values[i] = cell_number(column, i);
        return TOC_OK;
    }
    n = toc_pool_size(column->pool);
    TOC_TRY(toc_alloc(ctx, n, sizeof *of_code, &of_code));
    for (size_t c = 0; c < n; c++)
        if (!toc_parse_double(toc_pool_str(column->pool, (uint32_t)c), &of_code[c])) of_code[c] = NAN;
    for (size_t i = 0; i < n_rows; i++) values[i] = of_code[column->code[i]];
    toc_free(of_code);
    return TOC_OK;
}
