/* store.c: "tocsin store", what a store holds, and looking after it. */
#include "store/store.h"

#include <stddef.h>

#include "cli/cli.h"
#include "commands/commands.h"

typedef struct {
    const char *kind;
    const char *out;
    int64_t as_of;
} args;

static const args defaults = { .out = "-", .as_of = TOC_NO_TIME, .kind = "orders" };
static const char *const kinds[] = { "orders",    "reviews",  "products", "stock",  "promotions", "customers",
                                     "merchants", "payments", "events",   "labels", NULL };

static const cli_option options[] = {
    CLI_WORD('k', "kind", args, kind, kinds, .help = "what export writes [orders]"),
    CLI_TIME('T', "as-of", args, as_of, .help = "export what was known before this moment [everything]"),
    CLI_TEXT('o', "out", args, out, .arg = "FILE", .help = "write to FILE [stdout]"),
    CLI_END,
};

static void print_time(toc_out *out, int64_t at)
{
    char text[40];

    text[toc_format_time(at, text)] = 0;
    toc_out_printf(out, ",%s", text);
}

static void print_info(const sto_info *what, toc_out *out)
{
    toc_out_str(out, "kind,rows,states,first,last,known_from,known_to\n");
    for (size_t k = 0; k < SHOP_N_KINDS; k++) {
        const sto_count *count = &what->kinds[k];
        if (!count->states) continue;
        toc_out_printf(out, "%s,%lld,%lld", shop_schema_of((shop_kind)k)->name, (long long)count->lines,
                       (long long)count->states);
        print_time(out, count->first);
        print_time(out, count->last);
        print_time(out, count->known_from);
        print_time(out, count->known_to);
        toc_out_str(out, "\n");
    }
    toc_out_printf(out, "files,%lld,,,,,\nvectors,%lld,,,,,\nnights,%lld,,,", (long long)what->n_files,
                   (long long)what->n_vectors, (long long)what->n_nights);
    print_time(out, what->last_night);
    toc_out_printf(out, ",\nwarnings,%lld,,,,,\n", (long long)what->n_warnings);
}

static toc_status info(toc_ctx *ctx, const args *a, const char *path)
{
    sto_store *store = NULL;
    toc_out out = {0};
    sto_info what;

    TOC_TRY(sto_open(ctx, path, STO_READ, &store));
    toc_status st = sto_describe(ctx, store, &what);
    sto_close(store);
    if (st) return st;
    TOC_TRY(toc_out_open(ctx, a->out, true, &out));
    print_info(&what, &out);
    toc_note(ctx, "%s: version %d, %lld bytes", path, what.version, (long long)what.bytes);
    return toc_out_close(ctx, &out);
}

static toc_status check(toc_ctx *ctx, const args *a, const char *path)
{
    sto_store *store = NULL;

    (void)a;
    TOC_TRY(sto_open(ctx, path, STO_READ, &store));
    toc_status st = sto_check(ctx, store);
    sto_close(store);
    return st;
}

static toc_status vacuum(toc_ctx *ctx, const args *a, const char *path)
{
    sto_store *store = NULL;

    (void)a;
    TOC_TRY(sto_open(ctx, path, STO_READ, &store)); /* opening to write would create it */
    sto_close(store);
    TOC_TRY(sto_open(ctx, path, STO_WRITE, &store));
    toc_status st = sto_vacuum(ctx, store);
    sto_close(store);
    return st;
}

static toc_status export(toc_ctx *ctx, const args *a, const char *path)
{
    const cli_shop source = { .store = path };
    const cli_call no_files = {0};
    const bool past = a->as_of != TOC_NO_TIME;
    shop_data shop = {0}, view = {0};
    shop_kind kind = SHOP_ORDERS;
    toc_out out = {0};

    TOC_ASSERT(shop_kind_of(toc_str_of(a->kind), &kind));
    toc_status st = cmd_load_shop(ctx, &no_files, &source, a->as_of, &shop);
    if (!st && past) st = shop_as_of(ctx, &shop, a->as_of, &view, NULL);
    if (!st) st = toc_out_open(ctx, a->out, true, &out);
    if (!st) st = cmd_close_shop_csv(ctx, past ? &view : &shop, kind, &out);
    shop_release(&view);
    shop_release(&shop);
    return st;
}

static toc_status run(toc_ctx *ctx, const cli_call *call)
{
    static const struct {
        const char *name;
        toc_status (*run)(toc_ctx *ctx, const args *a, const char *path);
    } verbs[] = { { "info", info }, { "check", check }, { "vacuum", vacuum }, { "export", export } };

    for (size_t i = 0; i < TOC_COUNT(verbs); i++)
        if (strcmp(verbs[i].name, call->files[0]) == 0) return verbs[i].run(ctx, call->args, call->files[1]);
    return toc_fail(ctx, TOC_E_USAGE, "\"%s\" is none of info, check, vacuum, export", call->files[0]);
}

const cli_command cmd_store = {
    .name = "store", .group = "More", .usage = "info|check|vacuum|export FILE [options]",
    .summary = "what a store holds; check it, tidy it, write it as CSV",
    .examples = "  tocsin store info shop.db\n"
                "  tocsin store export shop.db --kind reviews > reviews.csv",
    .options = options, .defaults = &defaults, .args_size = sizeof defaults, .min_files = 2, .max_files = 2, .run = run,
};
