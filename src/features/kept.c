/* kept.c: the file that keeps what was learned of the features of one run, scalings and encodings of categories, for the rows of later ones. */
#include "features/fea_int.h"
#include "reader/reader.h"

enum { FEATURE, SHIFT, WIDTH, VALUE, ENCODED, N_COLUMNS };
static const char *const names[N_COLUMNS] = { "feature", "shift", "width", "value", "encoded" };

static toc_status copy_texts(toc_ctx *ctx, const tab_column *from, size_t row, tab_column *to, size_t at)
{
    return toc_pool_intern(ctx, to->pool, toc_pool_str(from->pool, from->code[row]), &to->code[at]);
}

toc_status fea_kept_table(toc_ctx *ctx, const fea_kept *kept, tab_table *table)
{
    const tab_table *e = &kept->encoding, *s = &kept->scaling;
    size_t n_columns = e->n_cols ? N_COLUMNS : VALUE;
    toc_status st = TOC_OK;

    tab_init(table, e->n_rows + s->n_rows);
    for (size_t c = 0; c < n_columns && !st; c++) st = tab_add(ctx, table, names[c], c == FEATURE || c == VALUE ? TAB_TEXT : TAB_F64, NULL, NULL);
    for (size_t i = 0; i < e->n_rows && !st; i++) {
        st = copy_texts(ctx, &e->columns[0], i, &table->columns[FEATURE], i);
        if (!st) st = copy_texts(ctx, &e->columns[1], i, &table->columns[VALUE], i);
        table->columns[ENCODED].f64[i] = e->columns[2].f64[i];
    }
    for (size_t i = 0; i < s->n_rows && !st; i++) {
        st = copy_texts(ctx, &s->columns[0], i, &table->columns[FEATURE], e->n_rows + i);
        table->columns[SHIFT].f64[e->n_rows + i] = s->columns[1].f64[i];
        table->columns[WIDTH].f64[e->n_rows + i] = s->columns[2].f64[i];
    }
    if (st) tab_release(table);
    return st;
}

/* The rows of a file that are of one sort: an encoding has a number, a scaling has none there. */
static toc_status take_rows(toc_ctx *ctx, const tab_table *file, bool encodings, tab_table *out)
{
    const size_t columns[2][3] = { { FEATURE, SHIFT, WIDTH }, { FEATURE, VALUE, ENCODED } };
    const tab_column *encoded = tab_find(file, names[ENCODED]);
    size_t n = 0;

    tab_init(out, file->n_rows);
    for (size_t c = 0; c < 3; c++) {
        size_t name = columns[encodings][c];
        TOC_TRY(tab_add(ctx, out, names[name], name == FEATURE || name == VALUE ? TAB_TEXT : TAB_F64, NULL, NULL));
    }
    for (size_t i = 0; i < file->n_rows; i++) {
        if ((encoded && !isnan(encoded->f64[i])) != encodings) continue;
        for (size_t c = 0; c < 3; c++) {
            const tab_column *from = tab_find(file, names[columns[encodings][c]]);
            if (out->columns[c].type == TAB_TEXT) TOC_TRY(copy_texts(ctx, from, i, &out->columns[c], n));
            else if (from->type == TAB_F64) out->columns[c].f64[n] = from->f64[i];
        }
        n++;
    }
    out->n_rows = n;
    return TOC_OK;
}

toc_status fea_kept_read(toc_ctx *ctx, const char *path, fea_kept *kept)
{
    static const char *const texts[] = { "feature", "value" };
    const tab_column *found;
    tab_table file = {0};
    size_t n_columns;
    toc_status st;

    if ((st = rd_read_table(ctx, path, &(rd_options){ .dialect = RD_CANONICAL }, &file))) goto out;
    n_columns = tab_find(&file, names[ENCODED]) ? N_COLUMNS : VALUE;
    for (size_t c = 0; c < n_columns; c++)
        if ((st = tab_need(ctx, &file, names[c], &found))) goto out;
    if ((st = tab_infer(ctx, &file, texts, TOC_COUNT(texts)))) goto out;
    for (size_t c = 0; c < n_columns; c++) {
        const tab_column *column = tab_find(&file, names[c]);
        if (c == FEATURE || c == VALUE || column->type == TAB_F64 || toc_pool_size(column->pool) < 2) continue; /* or all empty */
        st = toc_fail(ctx, TOC_E_DATA, "%s: column %s holds more than numbers", path, names[c]);
        goto out;
    }
    st = take_rows(ctx, &file, false, &kept->scaling);
    if (!st && n_columns == N_COLUMNS) st = take_rows(ctx, &file, true, &kept->encoding);
out:
    tab_release(&file);
    if (st) fea_kept_release(kept);
    return st;
}

void fea_kept_release(fea_kept *kept)
{
    tab_release(&kept->scaling);
    tab_release(&kept->encoding);
}
