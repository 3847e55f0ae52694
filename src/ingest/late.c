/* late.c: rows whose times lie in the future of their export.
 *
 * Where --known-at says when the export was made, each row is judged by itself (rows.c). Else the file has to tell: fewer than one row in a thousand
 * far after all others is a wrong date, as for the default --as-of. That is known only at the end of the file, so such rows are taken back then; their
 * text is found by reading the file once more, which is rare. */
#include "ingest/ingest_int.h"

/* How far beyond all others: a row's own time, by which an export is cut off, and what may happen to it long after. */
enum { OWN_GAP_DAYS = 30, OTHER_GAP_DAYS = 366 };

#define FIRST_DAY INT64_C(7305) /* 1990-01-01; earlier times are refused by themselves, as are those from 2100 on */

typedef struct {
    ing_late limits[ING_MAX_COLUMNS];
    size_t n;
} verdict;

/* The first day that lies beyond the gap, INT64_MAX when there is none; *end is the last day before. counts: rows of each day from first_day on. */
static int64_t find_gap(const uint32_t *counts, size_t n_days, int64_t first_day, size_t n_rows, int64_t gap, int64_t *end)
{
    size_t late = 0, later = SIZE_MAX; /* the last day looked at that has rows */
    int64_t cut = INT64_MAX;

    for (size_t d = n_days; d-- > 0;) {
        if (!counts[d]) continue;
        if (later != SIZE_MAX && (int64_t)(later - d) > gap) {
            cut = first_day + (int64_t)later;
            *end = first_day + (int64_t)d;
        }
        late += counts[d];
        later = d;
        if (late * 1000 >= n_rows) break;
    }
    return cut;
}

int64_t ing_late_day(int64_t instant)
{
    return instant / TOC_DAY - FIRST_DAY;
}

void ing_late_limits(const ing_load *load, uint32_t *const *days, ing_late *limits, size_t *n)
{
    const int64_t gaps[] = { OWN_GAP_DAYS, OTHER_GAP_DAYS };
    bool other = false;

    *n = 0;
    for (size_t j = 0; j < load->n_columns; j++) {
        ing_late l = { .column = j };
        size_t n_rows = 0;
        if (!days[j]) continue;
        for (size_t d = 0; d < ING_LATE_DAYS; d++) n_rows += days[j][d];
        /* the first such column of a kind is when the row happened */
        l.from = find_gap(days[j], ING_LATE_DAYS, 0, n_rows, gaps[other], &l.end);
        other = true;
        if (l.from != INT64_MAX) limits[(*n)++] = l;
    }
}

void ing_late_reject(shop_kind kind, const ing_late *limit, int64_t at, uint64_t number, ing_reject *reject)
{
    char when[32], end[32], which[40] = "";

    when[toc_format_time(at, when)] = 0;
    end[TOC_MIN(toc_format_time((limit->end + FIRST_DAY) * TOC_DAY, end), (size_t)10)] = 0;
    if (number) snprintf(which, sizeof which, " (record %llu)", (unsigned long long)number);
    ING_REJECT(reject, "future", shop_schema_of(kind)->columns[limit->column].name,
               "%.27s is later than the export: all but fewer than one row in a thousand end on %.10s%s", when, end, which);
}

static toc_status judge(toc_ctx *ctx, const ing_load *load, size_t n, verdict *v)
{
    uint32_t *days[ING_MAX_COLUMNS] = {0};
    toc_status st = TOC_OK;

    for (size_t j = 0; j < load->n_columns && !st; j++) {
        if (!load->past[j]) continue;
        const int64_t *times = load->cells[j].ints + load->first_row;
        if ((st = toc_alloc(ctx, ING_LATE_DAYS, sizeof *days[j], &days[j]))) break;
        for (size_t i = 0; i < n; i++)
            if (times[i] != TOC_NO_TIME) days[j][ing_late_day(times[i])]++;
    }
    if (!st) ing_late_limits(load, days, v->limits, &v->n);
    for (size_t j = 0; j < load->n_columns; j++) toc_free(days[j]);
    return st;
}

/* The limit that a row is beyond, or NULL. */
static const ing_late *late(const ing_load *load, const verdict *v, size_t row)
{
    for (size_t k = 0; k < v->n; k++) {
        int64_t at = load->cells[v->limits[k].column].ints[row];
        if (at != TOC_NO_TIME && ing_late_day(at) >= v->limits[k].from) return &v->limits[k];
    }
    return NULL;
}

static toc_status refuse(toc_ctx *ctx, ing_load *load, const rd_batch *batch, const rd_record *record, const ing_late *l, size_t row)
{
    ing_reject reject = {0};
    uint64_t number = batch->n ? 0 : (uint64_t)shop_row_numbers(load->shop, load->map->kind)[row];

    ing_late_reject(load->map->kind, l, load->cells[l->column].ints[row], number, &reject);
    return ing_refuse(ctx, load, batch, record, &reject);
}

/* Refuses the late rows of the records of a batch; *row is the next to look at, *number the records before the batch. */
static toc_status refuse_batch(toc_ctx *ctx, ing_load *load, const rd_batch *batch, const verdict *v, size_t n_rows, size_t *row, int64_t *number)
{
    const int64_t *of = shop_row_numbers(load->shop, load->map->kind);
    const ing_late *l;

    for (; *row < n_rows && of[*row] <= *number + (int64_t)batch->n; ++*row)
        if ((l = late(load, v, *row))) TOC_TRY(refuse(ctx, load, batch, &batch->records[of[*row] - *number - 1], l, *row));
    *number += (int64_t)batch->n;
    return TOC_OK;
}

/* Writes the late rows to the rejects: with their text where the file can be read again, with the record's number where it came from a pipe. */
static toc_status refuse_all(toc_ctx *ctx, ing_load *load, const verdict *v)
{
    rd_batch batch = {0};
    const rd_record nothing = {0};
    const ing_late *l;
    rd_reader *again = NULL, *reader = load->reader;
    size_t row = load->first_row, n_rows = shop_rows(load->shop, load->map->kind);
    int64_t number = 0;
    toc_status st = TOC_OK;

    if (!load->options || !load->options->rejects || !ing_is_file(load->path)) {
        for (; row < n_rows && !st; row++)
            if ((l = late(load, v, row))) st = refuse(ctx, load, &batch, &nothing, l, row);
        return st;
    }
    if ((st = rd_open(ctx, load->path, &load->reading, &again))) goto out;
    load->reader = again;
    do {
        if ((st = rd_next(ctx, again, &batch))) goto out;
        if ((st = refuse_batch(ctx, load, &batch, v, n_rows, &row, &number))) goto out;
    } while (batch.n);
out:
    load->reader = reader;
    rd_batch_release(&batch);
    rd_close(again);
    return st;
}

toc_status ing_refuse_late(toc_ctx *ctx, ing_load *load)
{
    verdict v = {0};
    shop_kind kind = load->map->kind;
    size_t n_rows = shop_rows(load->shop, kind), kept = load->first_row;

    if (load->only_side || !load->options || !load->options->refuse_late || load->options->known_at || n_rows - load->first_row <= 1000) return TOC_OK;
    ing_find_cells(load);
    TOC_TRY(judge(ctx, load, n_rows - load->first_row, &v));
    if (!v.n) return TOC_OK;
    TOC_TRY(refuse_all(ctx, load, &v));
    for (size_t row = load->first_row; row < n_rows; row++) {
        if (late(load, &v, row)) ing_count(load, row, -1);
        else ing_move_row(load, row, kept++);
    }
    shop_truncate(load->shop, kind, kept);
    return TOC_OK;
}
