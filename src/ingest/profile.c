/* profile.c: what each column of a file held, for ingest --report.
 *
 * Cells are looked at as the file has them, before anything is refused. Memory does not grow with the file: of distinct values the KEPT smallest hashes
 * are kept (Bar-Yossef et al. 2002), which counts exactly up to KEPT and estimates above, with a standard error of 1 / sqrt(KEPT - 2) = 0.8 %. */
#include <math.h>
#include <stdlib.h>

#include "ingest/ingest_int.h"

enum { KEPT = 16384, MAX_SHOWN = 80 };

typedef struct {
    uint64_t *slots;  /* heap; hashes by their low bits, 0 = free, at most half of them taken */
    uint64_t *sorted; /* heap; 2 * KEPT, once there are as many slots as there will be */
    size_t n, cap;
    uint64_t below;   /* only smaller ones count; UINT64_MAX as long as all do */
    uint64_t last;
} sketch;

/* The smallest and the largest of one kind of value. */
typedef struct {
    double low, high;
} range;

typedef struct {
    size_t rows, missing;
    size_t numbers, whole, times; /* cells that can be read so */
    range number, time;
    char text_low[MAX_SHOWN], text_high[MAX_SHOWN];
    size_t n_text_low, n_text_high;
    sketch distinct;
} profile;

struct ing_profile {
    profile *columns; /* (n) */
    size_t n;
};

typedef enum { TEXT, ID, INTEGER, NUMBER, MONEY, TIME, NOTHING } content;
static const char *const content_names[] = { "text", "id", "integer", "number", "money", "time", "" };

static int by_value(const void *a, const void *b)
{
    uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

    return (x > y) - (x < y);
}

/* The slot of a hash, or the free one where it would be. */
static uint64_t *slot_of(const sketch *s, uint64_t hash)
{
    size_t i = hash & (s->cap - 1);

    while (s->slots[i] && s->slots[i] != hash) i = (i + 1) & (s->cap - 1);
    return &s->slots[i];
}

/* Drops all but the KEPT smallest. */
static void cut(sketch *s)
{
    size_t n = 0;

    for (size_t i = 0; i < s->cap; i++)
        if (s->slots[i]) s->sorted[n++] = s->slots[i];
    qsort(s->sorted, n, sizeof *s->sorted, by_value);
    memset(s->slots, 0, s->cap * sizeof *s->slots);
    s->n = KEPT;
    s->below = s->sorted[KEPT - 1];
    for (size_t i = 0; i < KEPT; i++) *slot_of(s, s->sorted[i]) = s->sorted[i];
}

static toc_status grow(toc_ctx *ctx, sketch *s)
{
    sketch grown = { .cap = s->cap ? 4 * s->cap : 64, .n = s->n, .below = s->cap ? s->below : UINT64_MAX, .last = s->last };

    TOC_TRY(toc_alloc(ctx, grown.cap, sizeof *grown.slots, &grown.slots));
    if (grown.cap == 4 * KEPT) {
        toc_status st = toc_alloc(ctx, 2 * KEPT, sizeof *grown.sorted, &grown.sorted);
        if (st) {
            toc_free(grown.slots);
            return st;
        }
    }
    for (size_t i = 0; i < s->cap; i++)
        if (s->slots[i]) *slot_of(&grown, s->slots[i]) = s->slots[i];
    toc_free(s->slots);
    *s = grown;
    return TOC_OK;
}

static toc_status count_distinct(toc_ctx *ctx, sketch *s, toc_str text)
{
    uint64_t hash = TOC_MAX(toc_str_hash(text) >> 1, (uint64_t)1);

    if (hash == s->last || (s->cap && hash >= s->below)) return TOC_OK;
    s->last = hash;
    if (2 * (s->n + 1) > s->cap) {
        if (s->cap == 4 * KEPT) cut(s);
        else TOC_TRY(grow(ctx, s));
        if (hash >= s->below) return TOC_OK;
    }
    uint64_t *slot = slot_of(s, hash);
    s->n += !*slot;
    *slot = hash;
    return TOC_OK;
}

/* Exact up to KEPT; an estimate has three digits. */
static uint64_t distinct_of(sketch *s)
{
    if (s->n > KEPT) cut(s);
    if (s->below == UINT64_MAX || !s->n) return s->n;
    double estimate = (KEPT - 1) / ((double)s->below / 9223372036854775808.0), unit = pow(10, floor(log10(estimate)) - 2);
    return (uint64_t)(round(estimate / unit) * unit);
}

static void widen(range *r, bool first, double value)
{
    if (first || value < r->low) r->low = value;
    if (first || value > r->high) r->high = value;
}

/* A number as people write it: also an amount with a currency, groups or a decimal comma. */
static bool read_number(const ing_load *load, toc_str text, double *value)
{
    int64_t thousandths;

    if (!load->decimal_comma && toc_parse_double(text, value)) return true;
    if (!toc_parse_money(text, 3, load->decimal_comma, &thousandths)) return false;
    *value = (double)thousandths / 1000;
    return true;
}

static void keep_text(char *kept, size_t *n, toc_str text)
{
    *n = TOC_MIN(text.n, (size_t)MAX_SHOWN);
    while (*n < text.n && *n > 0 && ((unsigned char)text.p[*n] & 0xc0) == 0x80) --*n; /* no half characters */
    memcpy(kept, text.p, *n);
}

/* What reads a column of the file as it is, or NULL: not what only takes a part of it or joins it with others. */
static const ing_bound *reader_of(const ing_load *load, size_t at)
{
    for (size_t k = 0; k < load->n_bound; k++) {
        const ing_bound *b = &load->bound[k];
        bool plain = b->field->how != ING_DAY && b->field->how != ING_SYMBOL && b->field->how != ING_CONST;
        if (plain && b->n_places == 1 && b->places[0].at == at && !b->field->part && !b->field->split) return b;
    }
    return NULL;
}

static content wanted_of(const ing_load *load, const ing_bound *bound)
{
    const shop_column *c = &shop_schema_of(load->map->kind)->columns[bound->column];

    switch (c->type) {
    case SHOP_T_INT: return INTEGER;
    case SHOP_T_MONEY: return MONEY;
    case SHOP_T_TIME: return TIME;
    case SHOP_T_RATIO: return NUMBER;
    case SHOP_T_CODE: break;
    }
    return ing_is_id(c->domain) ? ID : TEXT;
}

/* wanted: what the column is read as, NOTHING when nobody reads it; order: of day and month. */
static toc_status add_cell(toc_ctx *ctx, const ing_load *load, content wanted, toc_date_order order, toc_str text, profile *p)
{
    bool first = p->rows == p->missing;
    double number;
    int64_t at;

    text = toc_str_trim(text);
    p->rows++;
    if (!text.n) {
        p->missing++;
        return TOC_OK;
    }
    TOC_TRY(count_distinct(ctx, &p->distinct, text));
    if (first || toc_str_cmp(text, (toc_str){ p->text_low, p->n_text_low }) < 0) keep_text(p->text_low, &p->n_text_low, text);
    if (first || toc_str_cmp(text, (toc_str){ p->text_high, p->n_text_high }) > 0) keep_text(p->text_high, &p->n_text_high, text);
    /* a column that nobody reads is looked at as numbers or times only as long as all of it is */
    size_t before = p->rows - p->missing - 1;
    bool number_wanted = wanted == NOTHING ? p->numbers == before : wanted == INTEGER || wanted == NUMBER || wanted == MONEY;
    if (number_wanted && read_number(load, text, &number)) {
        widen(&p->number, !p->numbers++, number);
        p->whole += number == floor(number);
    }
    if ((wanted == NOTHING ? p->times == before : wanted == TIME) && toc_parse_time(ctx, text, order, &at)) widen(&p->time, !p->times++, (double)at);
    return TOC_OK;
}

typedef struct {
    const ing_load *load;
    const rd_ready *batches;
    size_t n;
} round_of;

static toc_status profile_column(toc_ctx *ctx, void *arg, size_t j)
{
    const round_of *r = arg;
    const ing_bound *bound = reader_of(r->load, j);
    content wanted = bound ? wanted_of(r->load, bound) : NOTHING;
    toc_date_order order = bound ? bound->date_order : TOC_DATE_UNKNOWN;

    for (size_t k = 0; k < r->n; k++) {
        const rd_batch *batch = r->batches[k].batch;
        for (size_t i = 0; i < batch->n; i++) {
            if (batch->records[i].fault) continue;
            TOC_TRY(add_cell(ctx, r->load, wanted, order, rd_field(batch, &batch->records[i], j), &r->load->profile->columns[j]));
        }
    }
    return TOC_OK;
}

toc_status ing_profile_batches(toc_ctx *ctx, ing_load *load, const rd_ready *batches, size_t n)
{
    size_t n_columns;

    if (!load->profile) {
        TOC_TRY(toc_alloc(ctx, 1, sizeof *load->profile, &load->profile));
        (void)rd_header(load->reader, &n_columns);
        TOC_TRY(toc_alloc(ctx, n_columns, sizeof *load->profile->columns, &load->profile->columns));
        load->profile->n = n_columns;
    }
    return toc_parallel(ctx, load->profile->n, profile_column, &(round_of){ load, batches, n });
}

/* What a column is: as it is read, else what all its cells could be. */
static content content_of(const ing_load *load, const ing_bound *bound, const profile *p)
{
    size_t n = p->rows - p->missing;

    if (bound) return wanted_of(load, bound);
    if (!n) return NOTHING;
    if (p->whole == n) return INTEGER;
    return p->numbers == n ? NUMBER : p->times == n ? TIME : TEXT;
}

/* The canonical columns that a column of the file fills. */
static void write_canonical(const ing_load *load, size_t at, toc_out *out)
{
    const char *written[8];
    size_t n = 0;

    for (size_t k = 0; k < load->n_bound; k++) {
        const ing_bound *b = &load->bound[k];
        bool mine = false, again = n == TOC_COUNT(written);
        for (size_t p = 0; p < b->n_places; p++) mine |= b->places[p].at == at;
        for (size_t w = 0; w < n; w++) again |= strcmp(written[w], b->field->column) == 0;
        if (!mine || again) continue;
        toc_out_printf(out, "%s%s", n ? " " : "", b->field->column);
        written[n++] = b->field->column;
    }
}

static void write_range(const profile *p, content what, toc_out *out)
{
    const range *r = what == TIME ? &p->time : &p->number;
    const double ends[] = { r->low, r->high };
    char buf[40];

    if (what == TEXT || what == ID) {
        tab_csv_field(out, (toc_str){ p->text_low, p->n_text_low });
        toc_out_str(out, ",");
        tab_csv_field(out, (toc_str){ p->text_high, p->n_text_high });
        return;
    }
    for (size_t k = 0; k < 2; k++) {
        if (k) toc_out_str(out, ",");
        if (!(what == TIME ? p->times : p->numbers)) continue;
        toc_out_write(out, buf, what == TIME ? toc_format_time((int64_t)ends[k], buf) : toc_format_double(ends[k], buf));
    }
}

/* Of the first column of the file that fills a canonical one. */
static void write_outliers(const ing_load *load, const ing_bound *bound, content what, toc_out *out)
{
    bool number = bound && (what == INTEGER || what == MONEY) && !load->only_side;

    for (const ing_bound *b = load->bound; number && b < bound; b++) number = b->column != bound->column;
    if (!number) {
        toc_out_str(out, ",");
        return;
    }
    const ing_outliers *o = &load->outliers[bound->column];
    toc_out_printf(out, "%zu,", o->n);
    for (size_t k = 0; k < o->n_shown; k++) toc_out_printf(out, "%s%lld", k ? " " : "", (long long)o->record[k]);
}

void ing_report_header(toc_out *out)
{
    toc_out_str(out, "file,column,canonical,type,rows,missing,unreadable,distinct,minimum,maximum,outliers,outlier_records\n");
}

void ing_profile_write(ing_load *load, toc_out *out)
{
    size_t n;
    const toc_str *header = rd_header(load->reader, &n);

    for (size_t j = 0; load->profile && j < load->profile->n; j++) {
        profile *p = &load->profile->columns[j];
        const ing_bound *bound = reader_of(load, j);
        content what = content_of(load, bound, p);
        size_t filled = p->rows - p->missing, read = what == TIME ? p->times : what == INTEGER ? p->whole : p->numbers;
        tab_csv_field(out, toc_str_of(rd_path(load->reader)));
        toc_out_str(out, ",");
        tab_csv_field(out, header[j]);
        toc_out_str(out, ",");
        write_canonical(load, j, out);
        toc_out_printf(out, ",%s,%zu,%zu,%zu,%llu,", content_names[what], p->rows, p->missing,
                       what == TEXT || what == ID || what == NOTHING ? 0 : filled - read, (unsigned long long)distinct_of(&p->distinct));
        if (ing_mask_hides_range(load, bound, p->numbers ? p->number.high : 0)) toc_out_str(out, ",");
        else write_range(p, what, out);
        toc_out_str(out, ",");
        write_outliers(load, bound, what, out);
        toc_out_str(out, "\n");
    }
}

void ing_profile_free(ing_profile *p)
{
    for (size_t j = 0; p && j < p->n; j++) {
        toc_free(p->columns[j].distinct.slots);
        toc_free(p->columns[j].distinct.sorted);
    }
    if (p) toc_free(p->columns);
    toc_free(p);
}
