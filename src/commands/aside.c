/* aside.c: columns that are larger than memory. */
#include "commands/aside.h"

#include <math.h>
#include <sys/stat.h>

#include "reader/reader.h"

enum { BLOCK_BYTES = 1 << 26, MOST_ROWS = 1 << 16, IN_MEMORY = 1 << 28 };

/* What is done to each record. */
typedef toc_status row_work(toc_ctx *ctx, cmd_aside *a, const rd_batch *batch, const rd_record *record);

static toc_status walk(toc_ctx *ctx, const char *path, cmd_aside *a, row_work *work, size_t *n)
{
    rd_reader *reader = NULL;
    rd_batch batch = {0};
    char why[160];
    toc_status st;

    *n = 0;
    if ((st = rd_open(ctx, path, NULL, &reader))) goto out;
    if (!a->table.n_cols && (st = rd_empty_table(ctx, reader, &a->table))) goto out;
    if (!a->text && (st = toc_arena_alloc(ctx, &ctx->arena, 2 * a->table.n_cols, sizeof *a->text, &a->text))) goto out;
    while (!(st = rd_next(ctx, reader, &batch)) && batch.n) {
        for (size_t i = 0; i < batch.n; i++) {
            const rd_record *record = &batch.records[i];
            if (record->fault == RD_TRAILER) continue;
            if (record->fault) {
                st = toc_fail(ctx, TOC_E_DATA, "%s:%zu: %s", rd_path(reader), rd_line(&batch, record), rd_fault_text(reader, &batch, record, why));
                goto out;
            }
            if ((st = work(ctx, a, &batch, record))) goto out;
            ++*n;
        }
    }
    if (!st && !*n) st = toc_fail(ctx, TOC_E_DATA, "%s: a header but no rows", rd_path(reader));
out:
    rd_batch_release(&batch);
    rd_close(reader);
    return st;
}

/* The first time: which columns have a cell that is no number. The second half of a->text tells which have any. */
static toc_status find_types(toc_ctx *ctx, cmd_aside *a, const rd_batch *batch, const rd_record *record)
{
    bool *any = a->text + a->table.n_cols;
    double value;

    (void)ctx;
    for (size_t j = 0; j < a->table.n_cols; j++) {
        toc_str cell = rd_field(batch, record, j);
        if (!cell.n) continue;
        any[j] = true;
        a->text[j] |= !tab_number(cell, &value);
    }
    return TOC_OK;
}

static toc_status cell_value(toc_ctx *ctx, cmd_aside *a, size_t j, toc_str cell, double *value)
{
    uint32_t code;

    *value = NAN;
    if (!cell.n) return TOC_OK;
    if (!a->text[j]) {
        if (!tab_number(cell, value)) return toc_fail(ctx, TOC_E_DATA, "the file changed while it was read: column \"%s\"", a->table.columns[j].name);
        return TOC_OK;
    }
    TOC_TRY(toc_pool_intern(ctx, a->table.columns[j].pool, cell, &code));
    *value = code;
    return TOC_OK;
}

static toc_status write_block(toc_ctx *ctx, cmd_aside *a)
{
    toc_status st = toc_spool_add(ctx, &a->spool, a->block, a->n_kept * a->rows * sizeof *a->block);
    a->n_filled = 0;
    return st;
}

static toc_status take_weight(toc_ctx *ctx, cmd_aside *a, toc_str cell, const char *name)
{
    double w;

    TOC_TRY(toc_grow(ctx, &a->weight, &a->cap_weight, a->n + 1, sizeof *a->weight));
    if (!tab_number(cell, &w) || !(w >= 0 && w < INFINITY))
        return toc_fail(ctx, TOC_E_DATA, "row %zu has no weight of at least 0 in \"%s\"", a->n + a->n_without + 1, name);
    a->weight[a->n] = w;
    return TOC_OK;
}

/* The second time. Codes are given in rows without a target too, so that they are those of a table. */
static toc_status put_row(toc_ctx *ctx, cmd_aside *a, const rd_batch *batch, const rd_record *record)
{
    const tab_column *columns = a->table.columns;
    uint32_t code;
    double value;

    TOC_TRY(toc_pool_intern(ctx, a->target->pool, rd_field(batch, record, (size_t)(a->target - columns)), &code));
    for (size_t k = 0; k < a->n_kept; k++) {
        TOC_TRY(cell_value(ctx, a, a->kept[k], rd_field(batch, record, a->kept[k]), &value));
        if (code) a->block[k * a->rows + a->n_filled] = value;
    }
    if (!code) {
        a->n_without++;
        return TOC_OK;
    }
    TOC_TRY(toc_grow(ctx, &a->target_code, &a->cap_target, a->n + 1, sizeof *a->target_code));
    a->target_code[a->n] = code;
    if (a->weights) TOC_TRY(take_weight(ctx, a, rd_field(batch, record, (size_t)(a->weights - columns)), a->weights->name));
    a->n++;
    return ++a->n_filled == a->rows ? write_block(ctx, a) : TOC_OK;
}

static toc_status choose_columns(toc_ctx *ctx, cmd_aside *a, const char *target, const cli_list *drop, const char *weight)
{
    const size_t p = a->table.n_cols;
    const tab_column *found;

    TOC_TRY(tab_need(ctx, &a->table, target, &a->target));
    if (weight) TOC_TRY(tab_need(ctx, &a->table, weight, &a->weights));
    for (size_t d = 0; d < drop->n; d++) TOC_TRY(tab_need(ctx, &a->table, drop->items[d], &found));
    TOC_TRY(toc_arena_alloc(ctx, &ctx->arena, p, sizeof *a->kept, &a->kept));
    for (size_t j = 0; j < p; j++) {
        const tab_column *c = &a->table.columns[j];
        bool dropped = c == a->target || c == a->weights;
        for (size_t d = 0; d < drop->n && !dropped; d++) dropped = strcmp(drop->items[d], c->name) == 0;
        if (!dropped) a->kept[a->n_kept++] = j;
        a->text[j] |= !a->text[p + j]; /* an empty column is one of text */
    }
    if (!a->n_kept) return toc_fail(ctx, TOC_E_DATA, "no column is left beside the target \"%s\"", target);
    a->rows = TOC_MIN((size_t)MOST_ROWS, (size_t)BLOCK_BYTES / (a->n_kept * sizeof *a->block) + 1);
    return toc_alloc(ctx, a->n_kept * a->rows, sizeof *a->block, &a->block);
}

bool cmd_can_read_twice(const char *path)
{
    struct stat found;

    return strcmp(path, "-") != 0 && stat(path, &found) == 0 && S_ISREG(found.st_mode);
}

toc_status cmd_put_aside(toc_ctx *ctx, const char *path, const char *target, const cli_list *drop, const char *weight, cmd_aside *a)
{
    size_t n, again;

    *a = (cmd_aside){0};
    toc_spool_init(&a->spool, IN_MEMORY);
    if (!target) return toc_fail(ctx, TOC_E_USAGE, "--target says which column to learn; it is missing");
    TOC_TRY(walk(ctx, path, a, find_types, &n));
    TOC_TRY(choose_columns(ctx, a, target, drop, weight));
    TOC_TRY(walk(ctx, path, a, put_row, &again));
    if (a->n_filled) TOC_TRY(write_block(ctx, a));
    if (again != n) return toc_fail(ctx, TOC_E_DATA, "the file changed while it was read: %zu rows, then %zu", n, again);
    if (n > UINT32_MAX) return toc_fail(ctx, TOC_E_DATA, "%zu rows are more than can be learned from", n);
    if (a->n == 0) return toc_fail(ctx, TOC_E_DATA, "no row has a value in column \"%s\"", target);
    if (a->n_without) toc_warn(ctx, "%zu of %zu rows have no value in \"%s\" and are left out", a->n_without, n, target);
    return TOC_OK;
}

toc_status cmd_aside_column(toc_ctx *ctx, const cmd_aside *a, size_t k, double *values)
{
    for (size_t from = 0; from < a->n; from += a->rows) {
        uint64_t block = from / a->rows, place = (block * a->n_kept + k) * a->rows * sizeof *values;
        TOC_TRY(toc_spool_read(ctx, &a->spool, place, values + from, TOC_MIN(a->rows, a->n - from) * sizeof *values));
    }
    return TOC_OK;
}

void cmd_aside_release(cmd_aside *a)
{
    tab_release(&a->table);
    toc_spool_release(&a->spool);
    toc_free(a->block);
    toc_free(a->target_code);
    toc_free(a->weight);
    *a = (cmd_aside){0};
}
