/* features.c: "tocsin features", what customers, merchants, products or orders looked like at a moment, as CSV. */
#include "features/features.h"
#include "cli/cli.h"
#include "commands/commands.h"

#include <stddef.h>

typedef struct {
    cli_shop shop;
    int64_t as_of, from;
    const char *scale, *by, *label, *only, *out;
    bool list;
} args;

static const args defaults = { .as_of = TOC_NO_TIME, .from = TOC_NO_TIME, .scale = "none", .by = "none", .out = "-" };

static const char *const scale_words[] = { "none", "minmax", "standard", NULL };
static const char *const by_words[] = { "none", "hour", "day", "week", NULL };

static const cli_option options[] = {
    CLI_SHOP(args, shop),
    CLI_TIME('T', "as-of", args, as_of, .help = "the moment; nothing later is seen [after the last event]"),
    CLI_TIME(0, "from", args, from, .help = "orders: rows of orders placed since then [all]"),
    CLI_TEXT('l', "label", args, label, .arg = "churn:SPAN",
             .help = "customers: add `churned`, no purchase in SPAN after the moment"),
    CLI_WORD('s', "scale", args, scale, scale_words, .arg = "HOW", .help = "none, minmax or standard [none]"),
    CLI_WORD('b', "by", args, by, by_words, .arg = "WINDOW", .help = "purchases by hour, day or week instead"),
    CLI_TEXT(0, "only", args, only, .arg = "NAMES", .help = "these features, with commas between, in this order [all]"),
    CLI_FLAG(0, "list", args, list, .help = "list the features with unit and meaning, read nothing"),
    CLI_TEXT('o', "out", args, out, .arg = "FILE", .help = "write to FILE [stdout]"),
    CLI_END,
};

static size_t word_index(const char *const *words, const char *word)
{
    size_t i = 0;
    while (words[i + 1] && !toc_str_is(toc_str_of(word), words[i])) i++;
    return i;
}

/* "churn:90d" as a horizon; 0 = no label wanted. */
static toc_status parse_label(toc_ctx *ctx, const char *entity, const char *label, int64_t *horizon)
{
    toc_str rest = toc_str_of(label), kind;

    *horizon = 0;
    if (!label) return TOC_OK;
    if (!toc_str_split(&rest, ':', &kind) || !toc_str_is(kind, "churn") || !toc_parse_span(rest, horizon))
        return toc_fail(ctx, TOC_E_USAGE, "--label %s: want churn:SPAN, such as churn:90d", label);
    if (!toc_str_is(toc_str_of(entity), "customers"))
        return toc_fail(ctx, TOC_E_USAGE, "--label churn is for customers, not for %s", entity);
    return TOC_OK;
}

static toc_status compute(toc_ctx *ctx, const args *a, const char *entity, const shop_data *view, int64_t as_of, tab_table *table)
{
    toc_str word = toc_str_of(entity);
    size_t by = word_index(by_words, a->by);

    if (by > 0) return fea_windows(ctx, view, entity, (fea_bucket)(by - 1), table);
    if (toc_str_is(word, "customers")) return fea_customers(ctx, view, as_of, table);
    if (toc_str_is(word, "merchants")) return fea_merchants(ctx, view, as_of, table);
    if (toc_str_is(word, "products")) return fea_products(ctx, view, as_of, table);
    return fea_orders(ctx, view, a->from == TOC_NO_TIME ? INT64_MIN + 1 : a->from, as_of, table);
}

static void name_dropped(toc_ctx *ctx, uint64_t dropped)
{
    const shop_schema *schema = shop_schema_of(SHOP_ORDERS);

    for (size_t c = 0; c < schema->n_columns; c++)
        if (dropped >> c & 1) toc_note(ctx, "left out %s: nothing says when it became known", schema->columns[c].name);
}

static toc_status add_label(toc_ctx *ctx, const shop_data *shop, int64_t as_of, int64_t horizon, tab_table *table)
{
    size_t n_open;

    TOC_TRY(fea_label_churn(ctx, shop, as_of, horizon, table, &n_open));
    if (n_open > 0)
        toc_warn(ctx, "%zu customers without a label: the window of %.0f days ends after the data", n_open,
                 (double)horizon / (double)TOC_DAY);
    return TOC_OK;
}

/* ---- --only ---- */

static bool has_feature(const char *entity, const char *name)
{
    size_t n;
    const fea_info *list = fea_list(entity, &n);
    fea_basic basic;

    for (size_t i = 0; i < n; i++)
        if (strcmp(list[i].name, name) == 0) return true;
    return toc_str_is(toc_str_of(entity), "customers") && fea_basic_of(toc_str_of(name), &basic);
}

/* The names of --only. n = 0 without the option. */
static toc_status split_only(toc_ctx *ctx, const char *entity, const char *only, const char ***names, size_t *n)
{
    toc_str rest = toc_str_of(only), piece;

    *n = 0;
    if (!only) return TOC_OK;
    TOC_TRY(toc_arena_alloc(ctx, &ctx->arena, rest.n + 2, sizeof **names, names));
    while (toc_str_split(&rest, ',', &piece)) {
        piece = toc_str_trim(piece);
        TOC_TRY(toc_arena_copy(ctx, &ctx->arena, piece.p, piece.n, &(*names)[*n]));
        if (!has_feature(entity, (*names)[(*n)++]))
            return toc_fail(ctx, TOC_E_USAGE, "--only: %s have no feature \"%.*s\"; \"tocsin features %s --list\" shows those there are", entity, (int)piece.n,
                            piece.p, entity);
    }
    return TOC_OK;
}

/* The one file that --only can be computed from in one pass: basic facts of customers from order lines alone. NULL = the whole shop is needed. */
static const char *pass_file(const args *a, const cli_call *call, bool basics)
{
    const cli_shop *s = &a->shop;

    if (!basics || s->store || a->label || strcmp(a->scale, "none") != 0 || strcmp(a->by, "none") != 0) return NULL;
    if (s->reviews.n + s->products.n + s->stock.n + s->promotions.n + s->customers.n + s->merchants.n + s->payments.n + s->labels.n) return NULL;
    if (s->orders.n + (call->n_files - 1) > 1) return NULL;
    return s->orders.n ? s->orders.items[0] : call->n_files > 1 ? call->files[1] : "-";
}

/* The basic facts among the names; *all says whether there is nothing else. */
static toc_status find_basics(toc_ctx *ctx, const char *entity, const char **names, size_t n, fea_basic **basics, size_t *n_basics, bool *all)
{
    bool customers = toc_str_is(toc_str_of(entity), "customers");

    *n_basics = 0;
    TOC_TRY(toc_arena_alloc(ctx, &ctx->arena, n, sizeof **basics, basics));
    for (size_t k = 0; k < n; k++)
        if (customers && fea_basic_of(toc_str_of(names[k]), &(*basics)[*n_basics])) ++*n_basics;
    *all = n && *n_basics == n;
    return TOC_OK;
}

/* The table with the id and the columns of --only. */
static toc_status choose_columns(toc_ctx *ctx, const shop_data *view, const fea_basic *basics, size_t n_basics, const char **names, size_t n, tab_table *table)
{
    const char **kept;

    TOC_TRY(fea_add_basics(ctx, view, basics, n_basics, table));
    TOC_TRY(toc_arena_alloc(ctx, &ctx->arena, n + 1, sizeof *kept, &kept));
    TOC_TRY(toc_arena_copy(ctx, &ctx->arena, table->columns[0].name, strlen(table->columns[0].name), &kept[0]));
    memcpy(kept + 1, names, n * sizeof *kept);
    return tab_select(ctx, table, kept, n + 1);
}

/* *done is false where the file is no canonical one, which takes the whole shop. */
static toc_status one_pass(toc_ctx *ctx, const args *a, const char *file, const fea_basic *basics, size_t n, tab_table *table, bool *done)
{
    toc_out rejects = {0};
    ing_options reading = {0};
    ing_feed *feed = NULL;
    toc_status st = TOC_OK;

    *done = false;
    if (a->shop.rejects) {
        TOC_TRY(toc_out_open(ctx, a->shop.rejects, true, &rejects));
        rd_reject_header(&rejects);
        reading.rejects = &rejects;
    }
    if ((st = ing_feed_open(ctx, file, &reading, fea_pass_columns, &feed))) goto out;
    if (!feed && strcmp(file, "-") == 0) st = toc_fail(ctx, TOC_E_DATA, "stdin: --only reads canonical order lines; put \"tocsin ingest |\" in front");
    if (!feed) goto out;
    *done = true;
    if ((st = fea_customers_pass(ctx, feed, a->as_of, basics, n, table))) goto out;
    st = ing_judge(ctx, ing_feed_summary(feed), 1, NULL, a->shop.rejects);
out:
    ing_feed_close(feed);
    if (!*done) toc_out_abandon(&rejects);
    else if (a->shop.rejects) {
        toc_status closed = toc_out_close(ctx, &rejects);
        if (!st) st = closed;
    }
    return st;
}

static toc_status write_table(toc_ctx *ctx, const tab_table *table, const char *path)
{
    toc_out out;

    TOC_TRY(toc_out_open(ctx, path, true, &out));
    return cmd_close_csv(ctx, table, &out);
}

static toc_status write_list(toc_ctx *ctx, const char *entity, const char *path)
{
    size_t n;
    const fea_info *list = fea_list(entity, &n);
    toc_out out;

    TOC_TRY(toc_out_open(ctx, path, false, &out));
    toc_out_str(&out, "name,unit,meaning\n");
    for (size_t i = 0; i < n; i++) {
        toc_out_printf(&out, "%s,%s,", list[i].name, list[i].unit);
        tab_csv_field(&out, toc_str_of(list[i].meaning));
        toc_out_str(&out, "\n");
    }
    return toc_out_close(ctx, &out);
}

static toc_status run(toc_ctx *ctx, const cli_call *call)
{
    static const char *const labels[] = { "churned", NULL };
    const args *a = call->args;
    const char *entity = call->files[0];
    cli_call rest = *call;
    shop_data shop = {0}, view = {0};
    tab_table table = {0};
    int64_t as_of = a->as_of, horizon;
    uint64_t dropped = 0;
    size_t n_list, n_only, n_basics;
    const char **only = NULL, *file;
    fea_basic *basics;
    bool all_basic, done = false;
    toc_status st = TOC_OK;

    if (!fea_list(entity, &n_list))
        return toc_fail(ctx, TOC_E_USAGE, "features of what? \"%s\" is none of customers, merchants, products, orders", entity);
    if (a->list) return write_list(ctx, entity, a->out);
    TOC_TRY(parse_label(ctx, entity, a->label, &horizon));
    TOC_TRY(split_only(ctx, entity, a->only, &only, &n_only));
    TOC_TRY(find_basics(ctx, entity, only, n_only, &basics, &n_basics, &all_basic));
    file = pass_file(a, call, all_basic);
    if (file && (st = one_pass(ctx, a, file, basics, n_basics, &table, &done))) goto out;
    if (done) {
        st = write_table(ctx, &table, a->out);
        goto out;
    }
    rest.files++;
    rest.n_files--;
    if ((st = cmd_load_shop(ctx, &rest, &a->shop, horizon > 0 ? TOC_NO_TIME : as_of, &shop))) goto out;
    if (as_of == TOC_NO_TIME && (st = shop_default_as_of(ctx, &shop, &as_of))) goto out;
    if ((st = shop_as_of(ctx, &shop, as_of, &view, &dropped))) goto out;
    name_dropped(ctx, dropped);
    if ((st = compute(ctx, a, entity, &view, as_of, &table))) goto out;
    if (n_only && (st = choose_columns(ctx, &view, basics, n_basics, only, n_only, &table))) goto out;
    fea_scale_table(&table, (fea_scale)word_index(scale_words, a->scale), labels);
    if (horizon > 0 && (st = add_label(ctx, &shop, as_of, horizon, &table))) goto out;
    st = write_table(ctx, &table, a->out);
out:
    tab_release(&table);
    shop_release(&view);
    shop_release(&shop);
    return st;
}

const cli_command cmd_features = {
    .name = "features", .group = "In a pipe", .usage = "customers|merchants|products|orders [options] [FILE ...]",
    .summary = "what each customer, merchant, product or order looked like at a moment, as CSV",
    .examples = "  tocsin features customers --orders orders.csv --as-of 2026-08-01 --label churn:90d | tocsin gain --target churned\n"
                "  tocsin features merchants --store shop.db --scale standard",
    .options = options, .defaults = &defaults, .args_size = sizeof defaults, .min_files = 1, .max_files = SIZE_MAX, .run = run,
};
