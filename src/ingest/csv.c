/* csv.c: canonical CSV put aside until the run is known to succeed: the blocks of stream.c, or a whole shop. */
#include <sys/stat.h>

#include "ingest/ingest_int.h"

enum { IN_MEMORY = 64 << 20 };

toc_status ing_csv_new(toc_ctx *ctx, ing_csv **csv)
{
    TOC_TRY(toc_alloc(ctx, 1, sizeof **csv, csv));
    toc_spool_init(&(*csv)->spool, IN_MEMORY);
    (*csv)->cached = SIZE_MAX;
    return TOC_OK;
}

void ing_csv_free(ing_csv *csv)
{
    if (!csv) return;
    toc_spool_release(&csv->spool);
    toc_free(csv->blocks);
    toc_free(csv->keys);
    shop_release(&csv->shop);
    toc_free(csv);
}

toc_status ing_csv_add(toc_ctx *ctx, ing_csv *csv, const ing_block *block, const ing_row_key *keys, const uint32_t *records, const uint32_t *starts,
                       const char *text)
{
    ing_block b = *block;

    b.at = toc_spool_size(&csv->spool);
    b.first_row = csv->n_rows;
    TOC_TRY(toc_spool_add(ctx, &csv->spool, keys, b.n * sizeof *keys));
    if (!csv->shards) {
        TOC_TRY(toc_spool_add(ctx, &csv->spool, records, b.n * sizeof *records));
        TOC_TRY(toc_spool_add(ctx, &csv->spool, starts, (b.n + 1) * sizeof *starts));
        TOC_TRY(toc_spool_add(ctx, &csv->spool, text, b.n_text));
    }
    if (csv->n_blocks + 1 > csv->cap_blocks) TOC_TRY(toc_grow(ctx, &csv->blocks, &csv->cap_blocks, csv->n_blocks + 1, sizeof *csv->blocks));
    csv->blocks[csv->n_blocks++] = b;
    csv->n_rows += b.n;
    csv->columns |= b.filled;
    return TOC_OK;
}

toc_status ing_csv_key(toc_ctx *ctx, ing_csv *csv, size_t row, ing_row_key *key)
{
    size_t low = 0, high = csv->n_blocks;

    if (csv->cached == SIZE_MAX || row < csv->blocks[csv->cached].first_row || row - csv->blocks[csv->cached].first_row >= csv->blocks[csv->cached].n) {
        while (high - low > 1) {
            size_t middle = (low + high) / 2;
            if (csv->blocks[middle].first_row <= row) low = middle;
            else high = middle;
        }
        const ing_block *b = &csv->blocks[low];
        csv->cached = SIZE_MAX;
        if (b->n > csv->cap_keys) TOC_TRY(toc_grow(ctx, &csv->keys, &csv->cap_keys, b->n, sizeof *csv->keys));
        TOC_TRY(toc_spool_read(ctx, &csv->spool, b->at, csv->keys, b->n * sizeof *csv->keys));
        csv->cached = low;
    }
    *key = csv->keys[row - csv->blocks[csv->cached].first_row];
    return TOC_OK;
}

/* ---- blocks read back ---- */

/* A block in memory. */
typedef struct {
    const ing_block *block;
    ing_row_key *keys;
    uint32_t *records, *starts;
    char *text;
    toc_buf bytes;
} loaded;

static toc_status load_block(toc_ctx *ctx, const ing_csv *csv, size_t k, loaded *l)
{
    const ing_block *b = &csv->blocks[k];
    size_t keys = b->n * sizeof *l->keys, records = b->n * sizeof *l->records, starts = (b->n + 1) * sizeof *l->starts, n = keys + records + starts + b->n_text;

    l->block = b;
    if (n + 1 > l->bytes.cap) TOC_TRY(toc_grow(ctx, &l->bytes.p, &l->bytes.cap, n + 1, 1));
    TOC_TRY(toc_spool_read(ctx, &csv->spool, b->at, l->bytes.p, n));
    l->keys = (ing_row_key *)(void *)l->bytes.p;
    l->records = (uint32_t *)(void *)(l->bytes.p + keys);
    l->starts = l->records + b->n;
    l->text = (char *)(l->starts + b->n + 1);
    return TOC_OK;
}

/* The records of a block's text, with a header of its columns in front: exactly its rows. */
static toc_status parse_block(toc_ctx *ctx, const loaded *l, shop_kind kind, toc_buf *text, rd_batch *batch)
{
    rd_options plain = { .dialect = RD_CANONICAL, .max_field = SIZE_MAX };
    rd_reader *reader = NULL;

    toc_buf_reset(text);
    TOC_TRY(shop_csv_header(ctx, kind, l->block->columns, text));
    TOC_TRY(toc_buf_add(ctx, text, l->text, l->block->n_text));
    plain.batch_bytes = text->n; /* all of it in one batch */
    TOC_TRY(rd_open_bytes(ctx, "rows put aside", (toc_str){ text->p, text->n }, &plain, &reader));
    toc_status st = rd_next(ctx, reader, batch);
    rd_close(reader);
    if (!st) TOC_ASSERT(batch->n == l->block->n);
    return st;
}

/* A row with empty cells for the columns that its block has not, and without those that are empty in all blocks. */
static void write_row(const rd_batch *batch, const rd_record *r, uint64_t has, uint64_t columns, toc_out *out)
{
    const char *comma = "";

    for (size_t j = 0, field = 0; j < ING_MAX_COLUMNS; j++) {
        bool there = has >> j & 1, wanted = columns >> j & 1;
        if (wanted) toc_out_str(out, comma);
        if (wanted && there) tab_csv_field(out, rd_field(batch, r, field));
        if (wanted) comma = ",";
        field += there;
    }
    toc_out_write(out, "\n", 1);
}

toc_status ing_csv_write(toc_ctx *ctx, const ing_csv *csv, toc_out *out)
{
    loaded l = {0};
    rd_batch batch = {0};
    toc_buf text = {0};
    toc_status st;

    if (csv->whole) return shop_write_csv(ctx, &csv->shop, csv->kind, out);
    uint64_t columns = csv->columns | shop_required_columns(csv->kind);
    if ((st = shop_csv_header(ctx, csv->kind, columns, &text))) goto out;
    toc_out_write(out, text.p, text.n);
    for (size_t k = 0; k < csv->n_blocks && !out->failed; k++) {
        if ((st = load_block(ctx, csv, k, &l))) goto out;
        if (l.block->columns == columns) {
            toc_out_write(out, l.text, l.block->n_text);
            continue;
        }
        if ((st = parse_block(ctx, &l, csv->kind, &text, &batch))) goto out;
        for (size_t i = 0; i < batch.n; i++) write_row(&batch, &batch.records[i], l.block->columns, columns, out);
    }
out:
    rd_batch_release(&batch);
    toc_buf_release(&l.bytes);
    toc_buf_release(&text);
    return st;
}

/* ---- rows in the future of their export ---- */

/* What the refusal of a block's rows needs. */
typedef struct {
    ing_load *load;
    ing_late limits[ING_MAX_COLUMNS];
    size_t n_limits;
    toc_buf text;     /* of the rows that stay */
    rd_reader *again; /* the file once more, for the raw text of refused rows; NULL = a pipe */
    rd_batch raw;
    uint64_t raw_first; /* record number of raw's first */
} refusal;

static size_t field_of(uint64_t columns, size_t column)
{
    return (size_t)__builtin_popcountll(columns & ((UINT64_C(1) << column) - 1));
}

/* The limit a parsed row is beyond, or NULL. */
static const ing_late *late_limit(toc_ctx *ctx, const refusal *f, uint64_t columns, const rd_batch *batch, const rd_record *r, int64_t *at)
{
    for (size_t k = 0; k < f->n_limits; k++) {
        if (!(columns >> f->limits[k].column & 1)) continue;
        toc_str text = rd_field(batch, r, field_of(columns, f->limits[k].column));
        if (text.n && toc_parse_time(ctx, text, TOC_DATE_UNKNOWN, at) && ing_late_day(*at) >= f->limits[k].from) return &f->limits[k];
    }
    return NULL;
}

/* The n-th record of the file, in f->raw; NULL where it cannot be read again. Numbers ascend from call to call. */
static toc_status find_raw(toc_ctx *ctx, refusal *f, uint64_t number, const rd_record **record)
{
    *record = NULL;
    if (!f->again) return TOC_OK;
    while (number >= f->raw_first + f->raw.n) {
        f->raw_first += f->raw.n;
        TOC_TRY(rd_next(ctx, f->again, &f->raw));
        if (!f->raw.n) return TOC_OK;
    }
    *record = &f->raw.records[number - f->raw_first];
    return TOC_OK;
}

static toc_status refuse_late(toc_ctx *ctx, refusal *f, const ing_late *limit, int64_t at, uint32_t number, const rd_batch *batch, const rd_record *r,
                              uint64_t columns)
{
    ing_load *load = f->load;
    shop_kind kind = load->map->kind;
    const rd_record nothing = {0}, *raw;
    const rd_batch no_batch = {0};
    ing_reject reject = {0};
    int currency = shop_column_of(kind, TOC_STR("currency")), quantity = shop_column_of(kind, TOC_STR("quantity"));
    uint32_t code = 0;
    rd_reader *reader = load->reader;

    TOC_TRY(find_raw(ctx, f, number, &raw));
    ing_late_reject(kind, limit, at, raw ? 0 : number, &reject);
    if (f->again) load->reader = f->again;
    toc_status st = ing_refuse(ctx, load, raw ? &f->raw : &no_batch, raw ? raw : &nothing, &reject);
    load->reader = reader;
    load->summary->accepted--;
    if (kind == SHOP_ORDERS) load->summary->returns -= rd_field(batch, r, field_of(columns, (size_t)quantity)).p[0] == '-';
    if (currency >= 0 && columns >> currency & 1)
        (void)toc_pool_find(&load->shop->dict[SHOP_D_WORD], rd_field(batch, r, field_of(columns, (size_t)currency)), &code);
    if (kind == SHOP_ORDERS || kind == SHOP_PAYMENTS) ing_count_currency(load, code, -1);
    return st;
}

/* Puts a block aside again without its late rows. */
static toc_status sift_block(toc_ctx *ctx, ing_csv *csv, refusal *f, loaded *l, const rd_batch *batch)
{
    ing_block b = *l->block;
    size_t kept = 0;
    int64_t at = 0;

    toc_buf_reset(&f->text);
    for (size_t i = 0; i < b.n; i++) {
        const ing_late *limit = late_limit(ctx, f, b.columns, batch, &batch->records[i], &at);
        if (limit) {
            TOC_TRY(refuse_late(ctx, f, limit, at, l->records[i], batch, &batch->records[i], b.columns));
            continue;
        }
        size_t start = f->text.n;
        TOC_TRY(toc_buf_add(ctx, &f->text, l->text + l->starts[i], l->starts[i + 1] - l->starts[i]));
        l->keys[kept] = l->keys[i];
        l->records[kept] = l->records[i];
        l->starts[kept++] = (uint32_t)start;
    }
    l->starts[kept] = (uint32_t)f->text.n;
    b.n = kept;
    b.n_text = f->text.n;
    return kept ? ing_csv_add(ctx, csv, &b, l->keys, l->records, l->starts, f->text.p) : TOC_OK;
}

static bool is_file(const char *path)
{
    struct stat status;
    return strcmp(path, "-") != 0 && stat(path, &status) == 0 && S_ISREG(status.st_mode);
}

toc_status ing_csv_refuse_late(toc_ctx *ctx, ing_csv *csv, size_t first_block, ing_load *load, uint32_t *const *days)
{
    refusal f = { .load = load, .raw_first = 1 };
    loaded l = {0};
    rd_batch batch = {0};
    toc_buf text = {0};
    size_t end = csv->n_blocks, gone = 0;
    uint64_t columns = 0;
    toc_status st = TOC_OK;

    if (!load->options || !load->options->refuse_late || load->options->known_at || load->summary->accepted <= 1000) return TOC_OK;
    ing_late_limits(load, days, f.limits, &f.n_limits);
    if (!f.n_limits) return TOC_OK;
    if (load->options->rejects && is_file(load->path) && (st = rd_open(ctx, load->path, &load->reading, &f.again))) goto out;
    for (size_t k = first_block; k < end; k++) {
        if ((st = load_block(ctx, csv, k, &l))) goto out;
        if ((st = parse_block(ctx, &l, load->map->kind, &text, &batch))) goto out;
        if ((st = sift_block(ctx, csv, &f, &l, &batch))) goto out;
        gone += csv->blocks[k].n;
    }
    /* the blocks as they were are forgotten */
    memmove(csv->blocks + first_block, csv->blocks + end, (csv->n_blocks - end) * sizeof *csv->blocks);
    csv->n_blocks -= end - first_block;
    csv->n_rows -= gone;
    csv->cached = SIZE_MAX;
    for (size_t k = 0, row = 0; k < csv->n_blocks; row += csv->blocks[k++].n) {
        csv->blocks[k].first_row = row;
        columns |= csv->blocks[k].columns;
    }
    csv->columns = columns;
out:
    rd_close(f.again);
    rd_batch_release(&f.raw);
    rd_batch_release(&batch);
    toc_buf_release(&f.text);
    toc_buf_release(&l.bytes);
    toc_buf_release(&text);
    return st;
}
