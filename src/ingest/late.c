/* late.c: rows whose times lie in the future of their export.
 *
 * Where --known-at says when the export was made, each row is judged by itself (rows.c). Else the file has to tell: fewer than one row in a thousand
 * far after all others is a wrong date, as for the default --as-of. That is known only at the end of the file, so such rows are taken back then; their
 * text is found by reading the file once more, which is rare. */
#include <sys/stat.h>

#include "ingest/ingest_int.h"

/* How far beyond all others: a row's own time, by which an export is cut off, and what may happen to it long after. */
enum { OWN_GAP_DAYS = 30, OTHER_GAP_DAYS = 366, YEARS = 110 };

/* Times of a column from a day on are too late; the others end on day `end`. Days since 1970. */
typedef struct {
    size_t column;
    int64_t from, end;
} limit;

enum { MAX_LIMITS = 16 };

typedef struct {
    limit limits[MAX_LIMITS];
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

static int64_t day_of(int64_t instant)
{
    return instant / TOC_DAY - (instant % TOC_DAY < 0);
}

static toc_status judge(toc_ctx *ctx, const ing_load *load, size_t n, verdict *v)
{
    const int64_t first_day = toc_days_from_civil(1990, 1, 1), gaps[] = { OWN_GAP_DAYS, OTHER_GAP_DAYS };
    const size_t n_days = YEARS * 366;
    bool other = false;
    uint32_t *counts;

    TOC_TRY(toc_alloc(ctx, n_days, sizeof *counts, &counts));
    for (size_t j = 0; j < load->n_columns; j++) {
        if (!load->past[j]) continue;
        const int64_t *times = load->cells[j].ints + load->first_row;
        size_t n_rows = 0;
        limit l = { .column = j };
        memset(counts, 0, n_days * sizeof *counts);
        for (size_t i = 0; i < n; i++) {
            if (times[i] == TOC_NO_TIME) continue;
            counts[day_of(times[i]) - first_day]++;
            n_rows++;
        }
        /* the first such column of a kind is when the row happened */
        l.from = find_gap(counts, n_days, first_day, n_rows, gaps[other], &l.end);
        other = true;
        if (l.from != INT64_MAX && v->n < MAX_LIMITS) v->limits[v->n++] = l;
    }
    toc_free(counts);
    return TOC_OK;
}

/* The limit that a row is beyond, or NULL. */
static const limit *late(const ing_load *load, const verdict *v, size_t row)
{
    for (size_t k = 0; k < v->n; k++) {
        int64_t at = load->cells[v->limits[k].column].ints[row];
        if (at != TOC_NO_TIME && day_of(at) >= v->limits[k].from) return &v->limits[k];
    }
    return NULL;
}

static toc_status refuse(toc_ctx *ctx, ing_load *load, const rd_batch *batch, const rd_record *record, const limit *l, size_t row)
{
    const char *column = shop_schema_of(load->map->kind)->columns[l->column].name;
    char at[32], end[32], which[40] = "";
    ing_reject reject = {0};

    at[toc_format_time(load->cells[l->column].ints[row], at)] = 0;
    end[TOC_MIN(toc_format_time(l->end * TOC_DAY, end), (size_t)10)] = 0;
    if (!batch->n) snprintf(which, sizeof which, " (record %lld)", (long long)shop_row_numbers(load->shop, load->map->kind)[row]);
    ING_REJECT(&reject, "future", column, "%.27s is later than the export: all but fewer than one row in a thousand end on %.10s%s", at, end, which);
    return ing_refuse(ctx, load, batch, record, &reject);
}

/* Refuses the late rows of the records of a batch; *row is the next to look at, *number the records before the batch. */
static toc_status refuse_batch(toc_ctx *ctx, ing_load *load, const rd_batch *batch, const verdict *v, size_t n_rows, size_t *row, int64_t *number)
{
    const int64_t *of = shop_row_numbers(load->shop, load->map->kind);
    const limit *l;

    for (; *row < n_rows && of[*row] <= *number + (int64_t)batch->n; ++*row)
        if ((l = late(load, v, *row))) TOC_TRY(refuse(ctx, load, batch, &batch->records[of[*row] - *number - 1], l, *row));
    *number += (int64_t)batch->n;
    return TOC_OK;
}

static bool is_file(const char *path)
{
    struct stat status;

    return strcmp(path, "-") != 0 && stat(path, &status) == 0 && S_ISREG(status.st_mode);
}

/* Writes the late rows to the rejects: with their text where the file can be read again, with the record's number where it came from a pipe. */
static toc_status refuse_all(toc_ctx *ctx, ing_load *load, const verdict *v)
{
    rd_batch batch = {0};
    const rd_record nothing = {0};
    const limit *l;
    rd_reader *again = NULL, *reader = load->reader;
    size_t row = load->first_row, n_rows = shop_rows(load->shop, load->map->kind);
    int64_t number = 0;
    toc_status st = TOC_OK;

    if (!load->options || !load->options->rejects || !is_file(load->path)) {
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
