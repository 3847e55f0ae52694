/* table.c: a whole file as a table of text columns. */
#include "reader/reader_int.h"

/* Codes of one column while the number of rows is unknown. */
typedef struct {
    uint32_t *codes;
    size_t cap;
    toc_pool *pool;
} growing;

static void release_columns(growing *columns, size_t n)
{
    for (size_t j = 0; columns && j < n; j++) {
        toc_free(columns[j].codes);
        if (columns[j].pool) toc_pool_release(columns[j].pool);
        toc_free(columns[j].pool);
    }
    toc_free(columns);
}

/* A record into row n, or to the rejects. */
static toc_status take(toc_ctx *ctx, const rd_reader *reader, const rd_options *options, const rd_batch *batch, const rd_record *record,
                       growing *columns, size_t *n, size_t *refused)
{
    char why[160];

    if (record->fault && options && options->skip_faults) return TOC_OK;
    if (record->fault == RD_TRAILER && !(options && options->rejects)) return TOC_OK;
    if (record->fault) {
        rd_fault_text(reader, batch, record, why);
        if (!options || !options->rejects) return toc_fail(ctx, TOC_E_DATA, "%s:%zu: %s", reader->path, rd_line(batch, record), why);
        *refused += record->fault != RD_TRAILER;
        return rd_reject(ctx, options->rejects, reader, batch, record, (toc_str){ "", 0 }, rd_fault_code(record->fault), why);
    }
    for (size_t j = 0; j < reader->n_header; j++) {
        growing *c = &columns[j];
        if (*n + 1 > c->cap) TOC_TRY(toc_grow(ctx, &c->codes, &c->cap, *n + 1, sizeof *c->codes));
        TOC_TRY(toc_pool_intern(ctx, c->pool, rd_field(batch, record, j), &c->codes[*n]));
    }
    ++*n;
    return TOC_OK;
}

/* The name of column j: the header's, made unique. */
static toc_status column_name(toc_ctx *ctx, const rd_reader *reader, const tab_table *table, size_t j, toc_buf *name)
{
    toc_str given = reader->header[j];

    toc_buf_reset(name);
    if (given.n) TOC_TRY(toc_buf_add(ctx, name, given.p, given.n));
    else TOC_TRY(toc_buf_printf(ctx, name, "column_%zu", j + 1));
    size_t n = name->n;
    for (size_t k = 2; tab_find(table, name->p); k++) {
        name->n = n;
        TOC_TRY(toc_buf_printf(ctx, name, "_%zu", k));
    }
    return TOC_OK;
}

/* Hands the collected codes and pools over to the table. */
static toc_status fill_table(toc_ctx *ctx, const rd_reader *reader, growing *columns, size_t n, tab_table *table)
{
    toc_buf name = {0};
    toc_status st = TOC_OK;

    tab_init(table, n);
    for (size_t j = 0; j < reader->n_header && !st; j++) {
        tab_column *column = NULL;
        if ((st = column_name(ctx, reader, table, j, &name))) break;
        if ((st = tab_add(ctx, table, name.p, TAB_TEXT, columns[j].pool, &column))) break;
        if (n) memcpy(column->code, columns[j].codes, n * sizeof *column->code);
        column->borrowed = false;
        columns[j].pool = NULL;
        toc_free(columns[j].codes);
        columns[j].codes = NULL;
    }
    toc_buf_release(&name);
    if (st) tab_release(table);
    return st;
}

toc_status rd_empty_table(toc_ctx *ctx, const rd_reader *reader, tab_table *table)
{
    toc_buf name = {0};
    toc_status st = TOC_OK;
    tab_column *column;

    tab_init(table, 0);
    for (size_t j = 0; j < reader->n_header && !st; j++) {
        if (!(st = column_name(ctx, reader, table, j, &name))) st = tab_add(ctx, table, name.p, TAB_TEXT, NULL, &column);
    }
    toc_buf_release(&name);
    if (st) tab_release(table);
    return st;
}

toc_status rd_take_table(toc_ctx *ctx, rd_reader *reader, const rd_options *options, tab_table *table)
{
    rd_batch batch = {0};
    growing *columns = NULL;
    size_t n = 0, refused = 0;
    toc_status st = TOC_OK;

    *table = (tab_table){0};
    if ((st = toc_alloc(ctx, reader->n_header, sizeof *columns, &columns))) goto out;
    for (size_t j = 0; j < reader->n_header; j++)
        if ((st = toc_alloc(ctx, 1, sizeof *columns[j].pool, &columns[j].pool))) goto out;
    for (;;) {
        if ((st = rd_next(ctx, reader, &batch))) goto out;
        if (!batch.n) break;
        for (size_t i = 0; i < batch.n; i++)
            if ((st = take(ctx, reader, options, &batch, &batch.records[i], columns, &n, &refused))) goto out;
    }
    if (!n && !refused && !(options && options->skip_faults)) st = toc_fail(ctx, TOC_E_DATA, "%s: a header but no rows", reader->path);
    if (st) goto out;
    if (reader->layout.skip || reader->n_trailer) {
        char layout[200];
        toc_note(ctx, "%s: %s", reader->path, rd_layout_text(reader, layout, sizeof layout));
    }
    if (refused) toc_warn(ctx, "%s: %zu of %zu rows refused", reader->path, refused, n + refused);
    st = fill_table(ctx, reader, columns, n, table);
out:
    release_columns(columns, reader->n_header);
    rd_batch_release(&batch);
    return st;
}

toc_status rd_read_table(toc_ctx *ctx, const char *path, const rd_options *options, tab_table *table)
{
    rd_reader *reader = NULL;

    *table = (tab_table){0};
    TOC_TRY(rd_open(ctx, path, options, &reader));
    toc_status st = rd_take_table(ctx, reader, options, table);
    rd_close(reader);
    return st;
}
