/* back.c: rows put aside as canonical CSV (csv.c) come back as cells. What is read here was written by us, so a text that is no value is our own mistake. */
#include <math.h>

#include "ingest/ingest_int.h"

/* What reading one block after another needs. */
typedef struct {
    toc_buf text;      /* with a header in front */
    uint32_t *records;
    size_t cap_records;
    rd_batch batch;    /* the cells are in it */
    char currency[8];  /* of the row before, and its digits */
    size_t n_currency;
    int digits;
} place;

struct ing_back {
    const ing_csv *csv;
    place *slots;
    size_t n_slots;
};

toc_status ing_back_open(toc_ctx *ctx, const ing_csv *csv, size_t n_slots, ing_back **result)
{
    ing_back *back = NULL;

    TOC_ASSERT(!csv->whole);
    TOC_TRY(toc_alloc(ctx, 1, sizeof *back, &back));
    *back = (ing_back){ .csv = csv, .n_slots = n_slots };
    toc_status st = toc_alloc(ctx, n_slots, sizeof *back->slots, &back->slots);
    if (st) toc_free(back);
    else *result = back;
    for (size_t k = 0; k < n_slots && !st; k++) back->slots[k].digits = toc_currency_digits(TOC_STR(""));
    return st;
}

void ing_back_close(ing_back *back)
{
    if (!back) return;
    for (size_t k = 0; k < back->n_slots; k++) {
        toc_buf_release(&back->slots[k].text);
        toc_free(back->slots[k].records);
        rd_batch_release(&back->slots[k].batch);
    }
    toc_free(back->slots);
    toc_free(back);
}

size_t ing_back_blocks(const ing_back *back)
{
    return back->csv->n_blocks;
}

uint64_t ing_back_columns(const ing_back *back)
{
    return back->csv->columns;
}

static toc_status load(toc_ctx *ctx, const ing_csv *csv, const ing_block *b, place *p)
{
    uint64_t at = b->at + b->n * sizeof(ing_row_key);

    if (b->n > p->cap_records) TOC_TRY(toc_grow(ctx, &p->records, &p->cap_records, b->n, sizeof *p->records));
    TOC_TRY(toc_spool_read(ctx, &csv->spool, at, p->records, b->n * sizeof *p->records));
    at += b->n * sizeof *p->records + (b->n + 1) * sizeof(uint32_t);
    toc_buf_reset(&p->text);
    TOC_TRY(shop_csv_header(ctx, csv->kind, b->columns, &p->text));
    if (p->text.n + b->n_text + 1 > p->text.cap) TOC_TRY(toc_grow(ctx, &p->text.p, &p->text.cap, p->text.n + b->n_text + 1, 1));
    TOC_TRY(toc_spool_read(ctx, &csv->spool, at, p->text.p + p->text.n, b->n_text));
    p->text.n += b->n_text;
    p->text.p[p->text.n] = 0;
    return TOC_OK;
}

static toc_status parse(toc_ctx *ctx, const ing_block *b, place *p)
{
    rd_options plain = { .dialect = RD_CANONICAL, .max_field = SIZE_MAX, .batch_bytes = p->text.n }; /* all in one batch */
    rd_reader *reader = NULL;

    TOC_TRY(rd_open_bytes(ctx, "rows put aside", (toc_str){ p->text.p, p->text.n }, &plain, &reader));
    toc_status st = rd_next(ctx, reader, &p->batch);
    rd_close(reader);
    if (!st) TOC_ASSERT(p->batch.n == b->n);
    return st;
}

static int digits_of(place *p, toc_str currency)
{
    if (currency.n == p->n_currency && !memcmp(currency.p, p->currency, currency.n)) return p->digits;
    p->digits = toc_currency_digits(currency);
    p->n_currency = currency.n <= sizeof p->currency ? currency.n : SIZE_MAX;
    memcpy(p->currency, currency.p, TOC_MIN(currency.n, sizeof p->currency));
    return p->digits;
}

static int64_t number_of(const toc_ctx *ctx, shop_type type, toc_str text, int digits)
{
    int64_t value = SHOP_NO_INT;
    double ratio;
    bool fine = true;

    if (!text.n) return value;
    switch (type) {
    case SHOP_T_INT: fine = toc_parse_int(text, &value); break;
    case SHOP_T_MONEY: fine = toc_parse_money(text, digits, false, &value); break;
    case SHOP_T_TIME: fine = toc_parse_time(ctx, text, TOC_DATE_UNKNOWN, &value); break;
    case SHOP_T_RATIO:
        fine = toc_parse_double(text, &ratio);
        if (fine) value = (int64_t)llround(ratio * SHOP_RATIO);
        break;
    case SHOP_T_CODE: break;
    }
    TOC_ASSERT(fine);
    return value;
}

toc_status ing_back_read(toc_ctx *ctx, const ing_back *back, size_t slot, size_t k, shop_block *block)
{
    const ing_csv *csv = back->csv;
    const ing_block *b = &csv->blocks[k];
    const shop_schema *schema = shop_schema_of(csv->kind);
    place *p = &back->slots[slot];
    shop_type types[ING_MAX_COLUMNS];
    size_t width = 0, currency = SIZE_MAX; /* which field of the block names it, where amounts have digits by it */

    TOC_TRY(load(ctx, csv, b, p));
    TOC_TRY(parse(ctx, b, p));
    TOC_TRY(shop_block_reset(ctx, block, b->columns, b->n));
    const bool paid = csv->kind == SHOP_ORDERS || csv->kind == SHOP_PAYMENTS;
    const int at = paid ? shop_column_of(csv->kind, TOC_STR("currency")) : -1;
    for (size_t j = 0; j < schema->n_columns; j++) {
        if (!(b->columns >> j & 1)) continue;
        if ((int)j == at) currency = width;
        types[width++] = schema->columns[j].type;
    }
    for (size_t i = 0; i < b->n; i++) {
        const rd_record *r = &p->batch.records[i];
        shop_value *cells = block->cells + i * width;
        const int digits = !paid ? 2 : digits_of(p, currency == SIZE_MAX ? TOC_STR("") : rd_field(&p->batch, r, currency));
        for (size_t c = 0; c < width; c++) {
            toc_str text = rd_field(&p->batch, r, c);
            cells[c] = types[c] == SHOP_T_CODE ? (shop_value){ text.p, (int64_t)text.n } : (shop_value){ NULL, number_of(ctx, types[c], text, digits) };
        }
        block->rows[i] = p->records[i];
    }
    return TOC_OK;
}
