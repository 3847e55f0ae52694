/* csv.c: tables as RFC 4180 CSV. */
#include "table/table.h"

static bool needs_quotes(toc_str text)
{
    if (!text.n) return false;
    if (text.p[0] == ' ' || text.p[0] == '\t' || text.p[text.n - 1] == ' ' || text.p[text.n - 1] == '\t') return true;
    for (size_t i = 0; i < text.n; i++) {
        unsigned char c = (unsigned char)text.p[i];
        if (c <= ',' && (c == ',' || c == '"' || c == '\n' || c == '\r')) return true; /* letters and digits lie above */
    }
    return false;
}

void tab_csv_field(toc_out *out, toc_str text)
{
    size_t start = 0;

    if (!needs_quotes(text)) {
        toc_out_write(out, text.p, text.n);
        return;
    }
    toc_out_write(out, "\"", 1);
    for (size_t i = 0; i < text.n; i++) {
        if (text.p[i] != '"') continue;
        toc_out_write(out, text.p + start, i + 1 - start);
        start = i; /* the quote is written again, doubled */
    }
    toc_out_write(out, text.p + start, text.n - start);
    toc_out_write(out, "\"", 1);
}

static toc_status add_quoted(toc_ctx *ctx, toc_buf *buf, toc_str text)
{
    TOC_TRY(toc_buf_char(ctx, buf, '"'));
    for (size_t i = 0; i < text.n; i++) {
        if (text.p[i] == '"') TOC_TRY(toc_buf_char(ctx, buf, '"'));
        TOC_TRY(toc_buf_char(ctx, buf, text.p[i]));
    }
    return toc_buf_char(ctx, buf, '"');
}

toc_status tab_csv_add(toc_ctx *ctx, toc_buf *buf, toc_str text)
{
    return needs_quotes(text) ? add_quoted(ctx, buf, text) : toc_buf_add(ctx, buf, text.p, text.n);
}

/* ---- whole tables ---- */

#define ROWS 4096 /* formatted by one thread at a time */

typedef struct {
    const tab_table *table;
    size_t first; /* row of the first buffer */
    toc_buf *bufs;
} writer;

enum { CELL = 40 }; /* bytes of a number or time, comma and NUL included */

/* Numbers and times are written in place, in room that is made for a row at once. */
static toc_status add_row(toc_ctx *ctx, toc_buf *buf, const tab_table *t, size_t row)
{
    size_t start = buf->n;

    TOC_TRY(toc_buf_reserve(ctx, buf, t->n_cols * CELL + CELL));
    for (size_t j = 0; j < t->n_cols; j++) {
        const tab_column *column = &t->columns[j];
        if (j) buf->p[buf->n++] = ',';
        if (column->type != TAB_TEXT) {
            buf->n += tab_cell(column, row, buf->p + buf->n).n;
            continue;
        }
        TOC_TRY(tab_csv_add(ctx, buf, tab_cell(column, row, NULL)));
        TOC_TRY(toc_buf_reserve(ctx, buf, (t->n_cols - j) * CELL));
    }
    if (buf->n == start) TOC_TRY(toc_buf_add(ctx, buf, "\"\"", 2)); /* one empty cell would be an empty line, which readers skip */
    return toc_buf_char(ctx, buf, '\n');
}

static toc_status format_rows(toc_ctx *ctx, void *arg, size_t task)
{
    const writer *w = arg;
    const tab_table *t = w->table;
    toc_buf *buf = &w->bufs[task];
    size_t first = w->first + task * ROWS, end = TOC_MIN(t->n_rows, first + ROWS);

    toc_buf_reset(buf);
    for (size_t i = first; i < end; i++) TOC_TRY(add_row(ctx, buf, t, i));
    return TOC_OK;
}

toc_status tab_write_csv(toc_ctx *ctx, const tab_table *table, toc_out *out)
{
    size_t most = TOC_MIN(ctx->n_threads * 8, (table->n_rows + ROWS - 1) / ROWS), n;
    writer w = { .table = table };
    toc_status st = toc_alloc(ctx, most, sizeof *w.bufs, &w.bufs);

    for (size_t j = 0; j < table->n_cols; j++) {
        if (j) toc_out_write(out, ",", 1);
        tab_csv_field(out, toc_str_of(table->columns[j].name));
    }
    toc_out_write(out, "\n", 1);
    for (; w.first < table->n_rows && !st; w.first += n * ROWS) {
        n = TOC_MIN(most, (table->n_rows - w.first + ROWS - 1) / ROWS);
        if ((st = toc_parallel(ctx, n, format_rows, &w))) break;
        for (size_t k = 0; k < n; k++) toc_out_write(out, w.bufs[k].p, w.bufs[k].n);
    }
    for (size_t k = 0; w.bufs && k < most; k++) toc_buf_release(&w.bufs[k]);
    toc_free(w.bufs);
    return st;
}
