/* feed.c: one canonical file of order lines, record by record, for callers that read the plain records themselves. */
#include "ingest/ingest_int.h"

struct ing_feed {
    ing_load load;
    ing_book book;
    ing_options options;
    ing_summary summary;
};

static bool is_wanted(const char *name, const char *const *columns)
{
    for (; *columns; columns++)
        if (strcmp(*columns, name) == 0) return true;
    return false;
}

/* Forgets the fields of other columns. */
static void keep_columns(ing_load *load, const char *const *columns)
{
    size_t n = 0;

    for (size_t k = 0; k < load->n_bound; k++) {
        if (!is_wanted(load->bound[k].field->column, columns)) continue;
        if (k == load->currency_at) load->currency_at = n;
        load->bound[n++] = load->bound[k];
    }
    load->n_bound = n;
}

toc_status ing_feed_open(toc_ctx *ctx, const char *path, const ing_options *options, const char *const *columns, ing_feed **result)
{
    ing_feed *feed = NULL;
    const shop_kind orders = SHOP_ORDERS;
    const rd_options reading = { .dialect = options->dialect };
    const toc_str *header;
    toc_str *folded;
    size_t n;
    toc_status st;

    *result = NULL;
    TOC_TRY(toc_alloc(ctx, 1, sizeof *feed, &feed));
    ing_load *load = &feed->load;
    feed->options = *options;
    load->options = &feed->options;
    load->summary = &feed->summary;
    load->book = &feed->book;
    if ((st = ing_book_open(ctx, options->map, &feed->book))) goto fail;
    if ((st = rd_open(ctx, path, &reading, &load->reader))) goto fail;
    header = rd_header(load->reader, &n);
    if ((st = toc_arena_alloc(ctx, &ctx->arena, n, sizeof *folded, &folded))) goto fail;
    for (size_t j = 0; j < n; j++)
        if ((st = ing_fold(ctx, header[j], &folded[j]))) goto fail;
    load->map = ing_fitting(load->book, folded, n, &orders);
    if (!load->map) {
        st = ing_unknown(ctx, load->book, path, folded, n, &orders);
        goto fail;
    }
    if (strcmp(load->map->name, "canonical") != 0) goto fail;
    feed->summary = (ing_summary){ .file = rd_path(load->reader), .platform = load->map->name, .title = load->map->title, .kind = SHOP_ORDERS };
    if ((st = ing_load_bind(ctx, load, folded, n))) goto fail;
    keep_columns(load, columns);
    *result = feed;
    return TOC_OK;
fail:
    ing_feed_close(feed);
    return st;
}

rd_reader *ing_feed_reader(const ing_feed *feed)
{
    return feed->load.reader;
}

toc_status ing_feed_take(toc_ctx *ctx, ing_feed *feed, const rd_batch *batch, const rd_record *record, shop_data *shop)
{
    ing_load *load = &feed->load;
    ing_reject reject = {0};
    char why[160];
    uint64_t line; /* lines are not told apart here */
    size_t row;

    if (record->fault == RD_TRAILER) return ing_leave_out(ctx, load, batch, record);
    if (ing_is_blank(batch, record)) return TOC_OK;
    load->summary->rows++;
    if (load->shop != shop) {
        load->shop = shop;
        TOC_TRY(ing_load_currency(ctx, load));
    }
    TOC_TRY(shop_add_rows(ctx, shop, SHOP_ORDERS, 1, &row));
    ing_find_cells(load);
    if (record->fault) ING_REJECT(&reject, rd_fault_code(record->fault), "", "%s", rd_fault_text(load->reader, batch, record, why));
    else TOC_TRY(ing_convert(ctx, load, batch, record, row, &line, &reject));
    if (!reject.code) {
        load->summary->accepted++;
        return TOC_OK;
    }
    shop_truncate(shop, SHOP_ORDERS, row);
    return ing_refuse(ctx, load, batch, record, &reject);
}

void ing_feed_count(ing_feed *feed, size_t n)
{
    feed->summary.rows += n;
    feed->summary.accepted += n;
}

const ing_summary *ing_feed_summary(const ing_feed *feed)
{
    return &feed->summary;
}

void ing_feed_close(ing_feed *feed)
{
    if (!feed) return;
    rd_close(feed->load.reader);
    ing_load_release(&feed->load);
    ing_book_release(&feed->book);
    toc_free(feed);
}
