/* ingest.c: "tocsin ingest", raw exports as canonical CSV or into the store. */
#include "cli/cli.h"
#include "commands/commands.h"
#include "ingest/ingest.h"
#include "reader/reader.h"
#include "store/store.h"
#include "text/text.h"

typedef struct {
    const char *store, *kind, *rejects, *max_rejects, *currency, *dialect, *map, *rates, *report, *mask;
    int64_t known_at;    /* TOC_NO_TIME = as the export's content tells */
    bool drop_repeats, write_map;
} args;

static const args defaults = { .known_at = TOC_NO_TIME };

static const char *const kinds[] = {
    "orders", "reviews", "products", "stock", "promotions", "customers", "merchants", "payments", "events", "labels", NULL
};

static const cli_option options[] = {
    CLI_WORD('k', "kind", args, kind, kinds, .help = "what the file is, and what is written [by its columns]"),
    CLI_TEXT('S', "store", args, store, .arg = "FILE", .help = "add the rows to this store instead of writing CSV"),
    CLI_TEXT('r', "rejects", args, rejects, .arg = "FILE", .help = "write refused rows to FILE, with line, column and reason"),
    CLI_TEXT(0, "report", args, report, .arg = "FILE", .help = "write what each column held: type, missing, distinct, range, outliers"),
    CLI_TEXT(0, "max-rejects", args, max_rejects, .arg = "N|P%", .help = "fail with exit 3 above N refused rows [damaged records fail]"),
    CLI_TEXT(0, "currency", args, currency, .arg = "CODE", .help = "currency of amounts whose export names none"),
    CLI_TEXT(0, "rates", args, rates, .arg = "FILE", .help = "convert to --currency by date,currency,rate (for one unit)"),
    CLI_TEXT(0, "dialect", args, dialect, .arg = "N=V,...", .help = "delimiter, quote, header, skip, encoding ... [found out]"),
    CLI_TEXT('m', "map", args, map, .arg = "FILE", .help = "how exports nobody knows are read, tocsin-formats(5)"),
    CLI_FLAG(0, "write-map", args, write_map, .help = "draft such a file from the header of the input"),
    CLI_TIME(0, "known-at", args, known_at, .help = "when the export was made [its latest event]; its statuses count from then"),
    CLI_TEXT(0, "mask", args, mask, .arg = "KEYFILE", .help = "personal data becomes pseudonyms by this secret key, everywhere"),
    CLI_FLAG(0, "drop-repeats", args, drop_repeats, .help = "leave out rows that equal an earlier one of the file in every cell"),
    CLI_END,
};

static toc_status write_csv(toc_ctx *ctx, const ing_csv *csv)
{
    toc_out out;

    TOC_TRY(toc_out_open(ctx, "-", false, &out));
    toc_status st = ing_csv_write(ctx, csv, &out);
    if (!st) return toc_out_close(ctx, &out);
    toc_out_abandon(&out);
    return st;
}

/* A file written beside the output, when there is to be one; *opened is then `out`. */
static toc_status open_beside(toc_ctx *ctx, const char *path, void (*write_header)(toc_out *out), toc_out *out, toc_out **opened)
{
    if (!path) return TOC_OK;
    TOC_TRY(toc_out_open(ctx, path, true, out));
    write_header(out);
    *opened = out;
    return TOC_OK;
}

/* Closes it whatever happened before, since it is wanted most when the run fails; returns the first failure. */
static toc_status close_beside(toc_ctx *ctx, toc_out *opened, toc_status before)
{
    toc_status closed = opened ? toc_out_close(ctx, opened) : TOC_OK;
    return before ? before : closed;
}

/* What the options bring along. */
typedef struct {
    shop_rates *rates;
    txt_mask *mask;
} extras;

/* What was read: for stdout, `csv`; for the store what each kind put aside, or where there is nothing a shop. */
typedef struct {
    ing_csv *csv, *kinds[SHOP_N_KINDS];
    shop_data shop;
} rows;

static toc_status read_all(toc_ctx *ctx, const args *a, const extras *with, const char *const *files, size_t n, rows *read, ing_summary *summaries)
{
    toc_out rejects = {0}, report = {0};
    ing_limit limit;
    ing_options reading = { .kind = a->kind, .currency = a->currency, .rates = with->rates, .mask = with->mask, .map = a->map,
                            .drop_repeats = a->drop_repeats, .known_at = a->known_at == TOC_NO_TIME ? 0 : a->known_at,
                            .refuse_late = true, .outliers = ctx->verbose > 0 };

    TOC_TRY(rd_dialect_parse(ctx, a->dialect, &reading.dialect));
    TOC_TRY(ing_limit_of(ctx, a->max_rejects, &limit));
    toc_status st = open_beside(ctx, a->rejects, rd_reject_header, &rejects, &reading.rejects);
    if (!st) st = open_beside(ctx, a->report, ing_report_header, &report, &reading.report);
    if (!st && a->store) st = ing_read_apart(ctx, files, n, &reading, &read->shop, read->kinds, summaries);
    else if (!st) st = ing_read_csv(ctx, files, n, &reading, &read->csv, summaries);
    st = close_beside(ctx, reading.rejects, st);
    st = close_beside(ctx, reading.report, st);
    return st ? st : ing_judge(ctx, summaries, n, &limit, a->rejects);
}

static toc_status read_back(toc_ctx *ctx, void *arg, size_t slot, size_t k, shop_block *block)
{
    return ing_back_read(ctx, arg, slot, k, block);
}

static toc_status add_rows(toc_ctx *ctx, sto_store *store, const rows *read, int64_t known_at, sto_added *added)
{
    ing_back *backs[SHOP_N_KINDS] = {0};
    sto_rows fed[SHOP_N_KINDS];
    size_t n = 0;
    toc_status st = TOC_OK;

    for (size_t k = 0; k < SHOP_N_KINDS && !st; k++) {
        if (!read->kinds[k] || (st = ing_back_open(ctx, read->kinds[k], sto_slots(ctx), &backs[n]))) continue;
        fed[n] = (sto_rows){ .kind = (shop_kind)k, .columns = ing_back_columns(backs[n]), .n_blocks = ing_back_blocks(backs[n]), .arg = backs[n],
                               .read = read_back };
        n++;
    }
    if (!st && n) st = sto_add_rows(ctx, store, fed, n, known_at, added);
    for (size_t k = 0; k < SHOP_N_KINDS; k++) ing_back_close(backs[k]);
    if (st || n) return st;
    if (known_at == TOC_NO_TIME) TOC_TRY(sto_known_at(ctx, store, &read->shop, &known_at));
    return sto_add(ctx, store, &read->shop, known_at, added);
}

/* All rows and the names of their files, or nothing; nothing too where the store has read all of these files before. */
static toc_status add_to_store(toc_ctx *ctx, sto_store *store, const args *a, const rows *read, const ing_summary *summaries, size_t n)
{
    sto_added added;
    size_t n_seen = 0;

    for (size_t i = 0; i < n; i++) {
        bool seen;
        TOC_TRY(sto_file_seen(ctx, store, summaries[i].hash, &seen));
        n_seen += seen;
    }
    if (n_seen == n) {
        toc_note(ctx, "%s has read %s before; nothing to add", a->store, n == 1 ? "this file" : "these files");
        return TOC_OK;
    }
    TOC_TRY(sto_begin(ctx, store));
    TOC_TRY(add_rows(ctx, store, read, a->known_at, &added));
    for (size_t i = 0; i < n; i++) TOC_TRY(sto_file_add(ctx, store, summaries[i].hash, summaries[i].file, summaries[i].rows, ctx->now));
    TOC_TRY(sto_commit(ctx, store));
    toc_note(ctx, "store: %zu rows new, %zu known already, %zu with a newer state", added.fresh, added.known, added.states);
    return TOC_OK;
}

static toc_status write_map(toc_ctx *ctx, const args *a, const char *const *files, size_t n)
{
    ing_options reading = { .kind = a->kind, .map = a->map };
    toc_out out;

    TOC_TRY(rd_dialect_parse(ctx, a->dialect, &reading.dialect));
    if (n > 1) return toc_fail(ctx, TOC_E_USAGE, "--write-map drafts from one file, and %zu are given", n);
    TOC_TRY(toc_out_open(ctx, "-", false, &out));
    toc_status st = ing_draft(ctx, files[0], &reading, &out), closed = toc_out_close(ctx, &out);
    return st ? st : closed;
}

static toc_status run(toc_ctx *ctx, const cli_call *call)
{
    static const char *const from_stdin[] = { "-" };
    const args *a = call->args;
    const char *const *files = call->n_files ? call->files : from_stdin;
    size_t n = call->n_files ? call->n_files : 1;
    ing_summary *summaries;
    sto_store *store = NULL;
    rows read = {0};
    extras with = {0};
    toc_status st;

    if (a->write_map) return write_map(ctx, a, files, n);
    TOC_TRY(toc_arena_alloc(ctx, &ctx->arena, n, sizeof *summaries, &summaries));
    if (a->mask && (st = txt_mask_open(ctx, a->mask, &with.mask))) goto out;
    if ((st = shop_init(ctx, &read.shop))) goto out;
    if (a->store && (st = sto_open(ctx, a->store, STO_WRITE, &store))) goto out; /* a busy store is said before the work */
    if (a->rates && (st = shop_rates_read(ctx, a->rates, a->currency, &with.rates))) goto out;
    if ((st = read_all(ctx, a, &with, files, n, &read, summaries))) goto out;
    st = store ? add_to_store(ctx, store, a, &read, summaries, n) : write_csv(ctx, read.csv);
out:
    sto_close(store);
    ing_csv_free(read.csv);
    for (size_t k = 0; k < SHOP_N_KINDS; k++) ing_csv_free(read.kinds[k]);
    shop_release(&read.shop);
    shop_rates_free(with.rates);
    txt_mask_free(with.mask);
    return st;
}

const cli_command cmd_ingest = {
    .name = "ingest", .group = "In a pipe", .usage = "[options] [FILE ...]",
    .summary = "read shop exports of many platforms as canonical tables",
    .examples = "tocsin ingest orders_export.csv > orders.csv\n"
                "tocsin ingest --store shop.db --rejects bad.csv exports/*.csv\n"
                "tocsin ingest --kind orders ExportOrderList.csv ExportOrderDetailList.csv",
    .options = options, .defaults = &defaults, .args_size = sizeof defaults, .max_files = SIZE_MAX, .run = run,
};
