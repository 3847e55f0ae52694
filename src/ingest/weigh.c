/* weigh.c: how the dates and amounts of a file are written, decided over whole columns.
 *
 * The first batch tells whether anything is open: dates with the year last, amounts with a comma, or none with a decimal point. Then all of the file is looked at before its first row is taken: a file is read once more, what comes from a pipe is put aside (base/spool.h), so that
 * memory stays bounded.
 *
 * A column is decided by its own values, one whose values do not tell by the other columns of the file where these agree. What is still open then is
 * refused (date_order, decimal_mark) unless a value tells by itself. */
#include <sys/stat.h>

#include "ingest/ingest_int.h"

enum { IN_MEMORY = 64 << 20 };

/* ---- what a batch says ---- */

static shop_type type_of(const ing_load *load, const ing_bound *b)
{
    return shop_schema_of(load->map->kind)->columns[b->column].type;
}

static bool is_amount(const ing_load *load, const ing_bound *b)
{
    return type_of(load, b) == SHOP_T_MONEY && !b->field->part && b->n_places && b->places[0].at != SIZE_MAX;
}

static bool is_time(const ing_load *load, const ing_bound *b)
{
    return type_of(load, b) == SHOP_T_TIME && b->field->how != ING_DAY && b->n_places && b->places[0].at != SIZE_MAX;
}

static void weigh_cell(ing_bound *b, shop_type type, toc_str text)
{
    if (!text.n) return;
    if (type == SHOP_T_TIME) {
        toc_date_order order = toc_date_order_of(text);
        b->dmy += order == TOC_DATE_DMY;
        b->mdy += order == TOC_DATE_MDY;
        b->unclear += order == TOC_DATE_UNKNOWN;
    } else {
        toc_decimal mark = toc_decimal_of(text);
        b->commas += mark == TOC_DECIMAL_COMMA;
        b->points += mark == TOC_DECIMAL_POINT;
        b->either += mark == TOC_DECIMAL_EITHER;
    }
}

static void weigh(ing_load *load, const rd_batch *batch)
{
    for (size_t k = 0; k < load->n_bound; k++) {
        ing_bound *b = &load->bound[k];
        if (!is_amount(load, b) && !is_time(load, b)) continue;
        for (size_t i = 0; i < batch->n; i++)
            if (batch->records[i].fault == RD_FINE)
                weigh_cell(b, type_of(load, b), toc_str_trim(rd_field(batch, &batch->records[i], b->places[0].at)));
    }
}

/* Whether more of the file may change what was weighed so far. */
static bool is_open(const ing_load *load, const rd_dialect *given)
{
    size_t dates = 0, commas = 0, points = 0, amounts = 0;

    for (size_t k = 0; k < load->n_bound; k++) {
        const ing_bound *b = &load->bound[k];
        dates += b->dmy + b->mdy + b->unclear;
        commas += b->commas;
        points += b->points;
        amounts += is_amount(load, b);
    }
    return (dates && !given->dates) || (amounts && (commas || !points) && !given->decimal);
}

/* ---- batches put aside ---- */

/* What is written in front of a batch's arrays. */
typedef struct {
    size_t n, n_ends, n_fields, n_text, begin, end, line;
    uint64_t offset;
    const char *converted;
    unsigned seen;
} aside_head;

static toc_status add_part(toc_ctx *ctx, toc_spool *spool, const void *bytes, size_t n)
{
    return n ? toc_spool_add(ctx, spool, bytes, n) : TOC_OK;
}

static toc_status put_aside(toc_ctx *ctx, toc_spool *spool, const rd_batch *b)
{
    aside_head h;

    memset(&h, 0, sizeof h); /* padding included: it is written as it is */
    h.n = b->n;
    h.n_ends = b->n_ends;
    h.n_fields = b->n_fields;
    h.n_text = b->n_text;
    h.begin = b->begin;
    h.end = b->end;
    h.line = b->line;
    h.offset = b->offset;
    h.converted = b->converted;
    h.seen = b->seen;
    TOC_TRY(toc_spool_add(ctx, spool, &h, sizeof h));
    TOC_TRY(add_part(ctx, spool, b->records, b->n * sizeof *b->records));
    TOC_TRY(add_part(ctx, spool, b->ends, b->n_ends * sizeof *b->ends));
    TOC_TRY(add_part(ctx, spool, b->fields, b->n_fields * sizeof *b->fields));
    TOC_TRY(add_part(ctx, spool, b->text, b->n_text));
    return add_part(ctx, spool, b->bytes + b->begin, b->end - b->begin);
}

static toc_status take_part(toc_ctx *ctx, ing_aside *aside, void *array, size_t *cap, size_t n, size_t size)
{
    void *memory;

    if (n > *cap) TOC_TRY(toc_grow(ctx, array, cap, n, size));
    if (!n) return TOC_OK;
    memcpy(&memory, array, sizeof memory);
    TOC_TRY(toc_spool_read(ctx, &aside->spool, aside->at, memory, n * size));
    aside->at += n * size;
    return TOC_OK;
}

toc_status ing_aside_next(toc_ctx *ctx, ing_aside *aside, rd_batch *b)
{
    aside_head h;

    b->n = 0;
    if (aside->at == toc_spool_size(&aside->spool)) return TOC_OK;
    TOC_TRY(toc_spool_read(ctx, &aside->spool, aside->at, &h, sizeof h));
    aside->at += sizeof h;
    TOC_TRY(take_part(ctx, aside, &b->records, &b->cap_records, h.n, sizeof *b->records));
    TOC_TRY(take_part(ctx, aside, &b->ends, &b->cap_ends, h.n_ends, sizeof *b->ends));
    TOC_TRY(take_part(ctx, aside, &b->fields, &b->cap_fields, h.n_fields, sizeof *b->fields));
    if (h.n_text + TOC_PLAIN_SLACK > b->cap_text) TOC_TRY(toc_grow(ctx, &b->text, &b->cap_text, h.n_text + TOC_PLAIN_SLACK, 1));
    TOC_TRY(take_part(ctx, aside, &b->text, &b->cap_text, h.n_text, 1));
    if (h.end + TOC_PLAIN_SLACK > b->cap_bytes) TOC_TRY(toc_grow(ctx, &b->bytes, &b->cap_bytes, h.end + TOC_PLAIN_SLACK, 1));
    TOC_TRY(toc_spool_read(ctx, &aside->spool, aside->at, b->bytes + h.begin, h.end - h.begin));
    aside->at += h.end - h.begin;
    b->n = h.n;
    b->n_ends = h.n_ends;
    b->n_fields = h.n_fields;
    b->n_text = h.n_text;
    b->begin = h.begin;
    b->end = h.end;
    b->line = h.line;
    b->offset = h.offset;
    b->converted = h.converted;
    b->seen = h.seen;
    return TOC_OK;
}

void ing_aside_release(ing_aside *aside)
{
    if (aside->used) toc_spool_release(&aside->spool);
    *aside = (ing_aside){0};
}

/* ---- all of the file ---- */

bool ing_is_file(const char *path)
{
    struct stat status;
    return path && strcmp(path, "-") != 0 && stat(path, &status) == 0 && S_ISREG(status.st_mode);
}

static toc_status weigh_file(toc_ctx *ctx, ing_load *load)
{
    rd_reader *again = NULL;
    rd_batch batch = {0};
    toc_status st;

    for (size_t k = 0; k < load->n_bound; k++) {
        ing_bound *b = &load->bound[k];
        b->dmy = b->mdy = b->unclear = b->commas = b->points = b->either = 0;
    }
    if ((st = rd_open(ctx, load->path, &load->reading, &again))) return st;
    while (!(st = rd_next(ctx, again, &batch)) && batch.n) weigh(load, &batch);
    rd_batch_release(&batch);
    rd_close(again);
    return st;
}

static toc_status weigh_pipe(toc_ctx *ctx, ing_load *load, const rd_batch *first, bool again, ing_aside *aside)
{
    rd_batch batch = {0};
    toc_status st = TOC_OK;

    toc_spool_init(&aside->spool, IN_MEMORY);
    aside->used = true;
    if (!again) st = put_aside(ctx, &aside->spool, first);
    while (!st && !(st = rd_next(ctx, load->reader, &batch)) && batch.n) {
        if (!again) weigh(load, &batch);
        again = false; /* only the first is known */
        st = put_aside(ctx, &aside->spool, &batch);
    }
    rd_batch_release(&batch);
    return st;
}

/* ---- decisions ---- */

static void decide_dates(ing_load *load, toc_date_order given)
{
    size_t dmy = 0, mdy = 0;

    for (size_t k = 0; k < load->n_bound; k++) {
        dmy += load->bound[k].dmy && !load->bound[k].mdy;
        mdy += load->bound[k].mdy && !load->bound[k].dmy;
    }
    for (size_t k = 0; k < load->n_bound; k++) {
        ing_bound *b = &load->bound[k];
        size_t d = b->dmy + b->mdy ? b->dmy : dmy, m = b->dmy + b->mdy ? b->mdy : mdy;
        b->date_order = given ? given : d && !m ? TOC_DATE_DMY : m && !d ? TOC_DATE_MDY : TOC_DATE_UNKNOWN;
    }
}

static void decide_amounts(ing_load *load, rd_decimal_given given)
{
    size_t comma = 0, point = 0;

    for (size_t k = 0; k < load->n_bound; k++) {
        comma += load->bound[k].commas && !load->bound[k].points;
        point += load->bound[k].points && !load->bound[k].commas;
    }
    for (size_t k = 0; k < load->n_bound; k++) {
        ing_bound *b = &load->bound[k];
        size_t c = b->commas + b->points ? b->commas : comma, p = b->commas + b->points ? b->points : point;
        b->decimal = given ? given : c && !p ? RD_DECIMAL_COMMA : p && !c ? RD_DECIMAL_POINT : RD_FIND_DECIMAL;
    }
    load->decimal_comma = given ? given == RD_DECIMAL_COMMA : comma && !point;
}

toc_status ing_decide(toc_ctx *ctx, ing_load *load, const rd_batch *first, bool again, ing_aside *aside)
{
    static const rd_dialect nothing = {0};
    const rd_dialect *given = load->options ? &load->options->dialect : &nothing;

    weigh(load, first);
    if (is_open(load, given)) TOC_TRY(ing_is_file(load->path) ? weigh_file(ctx, load) : weigh_pipe(ctx, load, first, again, aside));
    decide_dates(load, given->dates);
    decide_amounts(load, given->decimal);
    return TOC_OK;
}

bool ing_decimal_comma(const ing_load *load, const ing_bound *b, toc_str text, bool *open)
{
    *open = false;
    if (b->decimal) return b->decimal == RD_DECIMAL_COMMA;
    toc_decimal mark = toc_decimal_of(text);
    if (mark != TOC_DECIMAL_EITHER) return mark == TOC_DECIMAL_COMMA;
    /* three digits behind the only mark: nobody writes so many of a currency with two */
    bool comma = memchr(text.p, ',', text.n) != NULL;
    if (load->digits == 0) return !comma;
    if (comma) *open = load->digits == 3;
    else *open = load->digits != 3 && strcmp(load->map->name, "canonical") != 0; /* unit costs of three places; ingest itself writes points */
    return false;
}

void ing_decided_text(const ing_load *load, char *buf, size_t room)
{
    size_t dmy = 0, mdy = 0, open = 0;

    for (size_t k = 0; k < load->n_bound; k++) {
        const ing_bound *b = &load->bound[k];
        if (!(b->dmy + b->mdy + b->unclear)) continue;
        dmy += b->date_order == TOC_DATE_DMY;
        mdy += b->date_order == TOC_DATE_MDY;
        open += b->date_order == TOC_DATE_UNKNOWN;
    }
    snprintf(buf, room, "%s%s%s%s", load->decimal_comma ? ", decimal comma" : "", dmy ? ", dates day first" : "", mdy ? ", dates month first" : "",
             open ? ", day and month not told apart" : "");
}
