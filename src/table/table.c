/* table.c: columns, cells and type inference. */
#include "table/table.h"

#include <math.h>


void tab_init(tab_table *table, size_t n_rows)
{
    *table = (tab_table){ .n_rows = n_rows };
}

static void column_release(tab_column *column)
{
    toc_free(column->values);
    if (column->pool && !column->borrowed) {
        toc_pool_release(column->pool);
        toc_free(column->pool);
    }
    *column = (tab_column){0};
}

void tab_release(tab_table *table)
{
    if (!table) return;
    for (size_t j = 0; j < table->n_cols; j++) column_release(&table->columns[j]);
    toc_free(table->columns);
    toc_arena_release(&table->arena);
    *table = (tab_table){0};
}

static void fill_missing(tab_column *column, size_t n_rows)
{
    switch (column->type) {
    case TAB_F64:
        for (size_t i = 0; i < n_rows; i++) column->f64[i] = NAN;
        break;
    case TAB_I64:
    case TAB_TIME:
        for (size_t i = 0; i < n_rows; i++) column->i64[i] = TAB_NO_INT;
        break;
    case TAB_TEXT: break; /* toc_alloc zeroes, and 0 is missing */
    }
}

toc_status tab_add(toc_ctx *ctx, tab_table *table, const char *name, tab_type type, toc_pool *pool, tab_column **column)
{
    tab_column fresh = { .type = type, .pool = pool, .borrowed = pool != NULL };
    size_t size = type == TAB_TEXT ? sizeof(uint32_t) : sizeof(int64_t);

    TOC_TRY(toc_grow(ctx, &table->columns, &table->cap_cols, table->n_cols + 1, sizeof *table->columns));
    TOC_TRY(toc_arena_copy(ctx, &table->arena, name, strlen(name), &fresh.name));
    TOC_TRY(toc_alloc(ctx, table->n_rows, size, &fresh.values));
    if (type == TAB_TEXT && !pool) {
        toc_status st = toc_alloc(ctx, 1, sizeof *fresh.pool, &fresh.pool);
        if (st) {
            toc_free(fresh.values);
            return st;
        }
    }
    fill_missing(&fresh, table->n_rows);
    table->columns[table->n_cols] = fresh;
    if (column) *column = &table->columns[table->n_cols];
    table->n_cols++;
    return TOC_OK;
}

tab_column *tab_find(const tab_table *table, const char *name)
{
    for (size_t j = 0; j < table->n_cols; j++)
        if (strcmp(table->columns[j].name, name) == 0) return &table->columns[j];
    return NULL;
}

toc_status tab_need(toc_ctx *ctx, const tab_table *table, const char *name, const tab_column **column)
{
    toc_buf names = {0};
    toc_status st = TOC_OK;

    *column = tab_find(table, name);
    if (*column) return TOC_OK;
    for (size_t j = 0; j < table->n_cols && !st; j++)
        st = toc_buf_printf(ctx, &names, "%s%s", j ? ", " : "", table->columns[j].name);
    if (!st) st = toc_fail(ctx, TOC_E_USAGE, "no column \"%s\"; there are: %.1500s", name, names.n ? names.p : "none");
    toc_buf_release(&names);
    return st;
}

toc_str tab_cell(const tab_column *column, size_t row, char *buf)
{
    switch (column->type) {
    case TAB_F64: return (toc_str){ buf, toc_format_double(column->f64[row], buf) };
    case TAB_I64:
        if (column->i64[row] == TAB_NO_INT) return (toc_str){ buf, 0 };
        return (toc_str){ buf, toc_format_int(column->i64[row], buf) };
    case TAB_TIME: return (toc_str){ buf, toc_format_time(column->i64[row], buf) };
    case TAB_TEXT: return toc_pool_str(column->pool, column->code[row]);
    }
    return (toc_str){ buf, 0 };
}

/* 007 and 0123 are identities, not numbers; 0, 0.5 and -0.5 are numbers. */
static bool leading_zero(toc_str text)
{
    if (text.n && (text.p[0] == '-' || text.p[0] == '+')) text = (toc_str){ text.p + 1, text.n - 1 };
    return text.n > 1 && text.p[0] == '0' && text.p[1] >= '0' && text.p[1] <= '9';
}

bool tab_number(toc_str cell, double *value)
{
    cell = toc_str_trim(cell);
    *value = NAN;
    return !cell.n || (!leading_zero(cell) && toc_parse_double(cell, value));
}

void tab_make_numbers(tab_column *column, double *values)
{
    const char *name = column->name;

    column_release(column);
    *column = (tab_column){ .name = name, .type = TAB_F64, .f64 = values };
}

/* A pool knows each text once, so every distinct text is parsed once. */
static toc_status infer_column(toc_ctx *ctx, tab_column *column, size_t n_rows)
{
    size_t n_codes = toc_pool_size(column->pool);
    double *value = NULL, *cells = NULL;
    toc_status st = TOC_OK;

    if (n_codes < 2) return TOC_OK;
    TOC_TRY(toc_alloc(ctx, n_codes, sizeof *value, &value));
    value[0] = NAN;
    for (size_t code = 1; code < n_codes; code++)
        if (!tab_number(toc_pool_str(column->pool, (uint32_t)code), &value[code])) goto out;
    if ((st = toc_alloc(ctx, n_rows, sizeof *cells, &cells))) goto out;
    for (size_t i = 0; i < n_rows; i++) cells[i] = value[column->code[i]];
    tab_make_numbers(column, cells);
out:
    toc_free(value);
    return st;
}

toc_status tab_infer(toc_ctx *ctx, tab_table *table, const char *const *keep, size_t n_keep)
{
    for (size_t j = 0; j < table->n_cols; j++) {
        bool kept = table->columns[j].type != TAB_TEXT;
        for (size_t k = 0; k < n_keep && !kept; k++) kept = strcmp(keep[k], table->columns[j].name) == 0;
        if (!kept) TOC_TRY(infer_column(ctx, &table->columns[j], table->n_rows));
    }
    return TOC_OK;
}

toc_status tab_select(toc_ctx *ctx, tab_table *table, const char *const *names, size_t n)
{
    tab_column *kept = NULL;
    bool *wanted = NULL;
    const tab_column *column;
    toc_status st;

    if ((st = toc_alloc(ctx, n, sizeof *kept, &kept))) goto out;
    if ((st = toc_alloc(ctx, table->n_cols, sizeof *wanted, &wanted))) goto out;
    for (size_t k = 0; k < n; k++) {
        if ((st = tab_need(ctx, table, names[k], &column))) goto out;
        size_t j = (size_t)(column - table->columns);
        if (wanted[j]) {
            st = toc_fail(ctx, TOC_E_USAGE, "the column %s is named twice", names[k]);
            goto out;
        }
        wanted[j] = true;
        kept[k] = *column;
    }
    for (size_t j = 0; j < table->n_cols; j++)
        if (!wanted[j]) column_release(&table->columns[j]);
    toc_free(table->columns);
    table->columns = kept;
    table->n_cols = table->cap_cols = n;
    kept = NULL;
out:
    toc_free(kept);
    toc_free(wanted);
    return st;
}
