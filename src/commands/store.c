/* store.c: "tocsin store", what a store holds, and looking after it. */
#include "store/store.h"

#include <errno.h>
#include <stddef.h>
#include <sys/stat.h>

#include "cli/cli.h"
#include "commands/commands.h"

typedef struct {
    const char *kind;
    const char *out, *folder;
    int64_t as_of;
} args;

static const args defaults = { .out = "-", .as_of = TOC_NO_TIME, .kind = "orders" };
static const char *const kinds[] = { "orders",    "reviews",  "products", "stock",  "promotions", "customers",
                                     "merchants", "payments", "events",   "labels", NULL };

static const cli_option options[] = {
    CLI_WORD('k', "kind", args, kind, kinds, .help = "what export writes [orders]"),
    CLI_TIME('T', "as-of", args, as_of, .help = "export what was known before this moment [everything]"),
    CLI_TEXT('o', "out", args, out, .arg = "FILE", .help = "write to FILE [stdout]"),
    CLI_TEXT('d', "folder", args, folder, .arg = "DIR", .help = "export every kind there is, as DIR/KIND.csv"),
    CLI_END,
};

static void print_time(toc_out *out, int64_t at)
{
    char text[40];

    text[toc_format_time(at, text)] = 0;
    toc_out_printf(out, ",%s", text);
}

static void print_info(const sto_info *what, bool sound, toc_out *out)
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
    toc_out_printf(out, ",\nwarnings,%lld,,,,,\nversion,%d,,,,,\nbytes,%lld,,,,,\nintegrity,%s,,,,,\n", (long long)what->n_warnings, what->version,
                   (long long)what->bytes, sound ? "ok" : "damaged");
}

static toc_status info(toc_ctx *ctx, const args *a, const cli_call *call)
{
    sto_store *store = NULL;
    toc_out out = {0};
    sto_info what;

    TOC_TRY(sto_open(ctx, call->files[1], STO_READ, &store));
    toc_status st = sto_describe(ctx, store, &what), sound = st ? st : sto_check(ctx, store);
    sto_close(store);
    if (st || (sound && sound != TOC_E_DATA)) return st ? st : sound;
    TOC_TRY(toc_out_open(ctx, a->out, true, &out));
    print_info(&what, !sound, &out);
    st = toc_out_close(ctx, &out);
    return st ? st : sound;
}

static toc_status check(toc_ctx *ctx, const args *a, const cli_call *call)
{
    sto_store *store = NULL;

    (void)a;
    TOC_TRY(sto_open(ctx, call->files[1], STO_READ, &store));
    toc_status st = sto_check(ctx, store);
    sto_close(store);
    return st;
}

/* Opens what is there: opening to write alone would create it. */
static toc_status open_to_change(toc_ctx *ctx, const char *path, sto_store **store)
{
    TOC_TRY(sto_open(ctx, path, STO_READ, store));
    sto_close(*store);
    return sto_open(ctx, path, STO_WRITE, store);
}

static toc_status vacuum(toc_ctx *ctx, const args *a, const cli_call *call)
{
    sto_store *store = NULL;

    (void)a;
    TOC_TRY(open_to_change(ctx, call->files[1], &store));
    toc_status st = sto_vacuum(ctx, store);
    sto_close(store);
    return st;
}

static toc_status write_kind(toc_ctx *ctx, const shop_data *shop, shop_kind kind, const char *path)
{
    toc_out out;

    TOC_TRY(toc_out_open(ctx, path, true, &out));
    return cmd_close_shop_csv(ctx, shop, kind, &out);
}

static toc_status write_folder(toc_ctx *ctx, const shop_data *shop, const char *folder)
{
    if (mkdir(folder, 0700) && errno != EEXIST) return toc_fail_errno(ctx, TOC_E_IO, errno, "cannot make the folder %s", folder);
    for (size_t k = 0; k < SHOP_N_KINDS; k++) {
        const char *path;
        if (!shop_rows(shop, (shop_kind)k)) continue;
        TOC_TRY(toc_arena_printf(ctx, &ctx->arena, &path, "%s/%s.csv", folder, shop_schema_of((shop_kind)k)->name));
        TOC_TRY(write_kind(ctx, shop, (shop_kind)k, path));
    }
    return TOC_OK;
}

static toc_status export(toc_ctx *ctx, const args *a, const cli_call *call)
{
    const cli_shop source = { .store = call->files[1] };
    const cli_call no_files = {0};
    const bool past = a->as_of != TOC_NO_TIME;
    shop_data shop = {0}, view = {0};
    const shop_data *known = past ? &view : &shop;
    shop_kind kind = SHOP_ORDERS;

    TOC_ASSERT(shop_kind_of(toc_str_of(a->kind), &kind));
    toc_status st = cmd_load_shop(ctx, &no_files, &source, a->as_of, &shop);
    if (!st && past) st = shop_as_of(ctx, &shop, a->as_of, &view, NULL);
    if (!st) st = a->folder ? write_folder(ctx, known, a->folder) : write_kind(ctx, known, kind, a->out);
    shop_release(&view);
    shop_release(&shop);
    return st;
}

static toc_status forget(toc_ctx *ctx, const args *a, const cli_call *call)
{
    sto_store *store = NULL;
    sto_forgotten gone;
    int64_t n = 0;

    (void)a;
    TOC_TRY(open_to_change(ctx, call->files[1], &store));
    toc_status st = sto_forget(ctx, store, call->files[2], &gone);
    sto_close(store);
    if (st) return st;
    for (size_t k = 0; k < SHOP_N_KINDS; k++) n += gone.rows[k];
    n += gone.warnings;
    if (!n) toc_warn(ctx, "%s knows nothing of %s", call->files[1], call->files[2]);
    toc_note(ctx, "%lld rows, %lld warnings and %lld vectors are gone; an e-mail was removed from %lld rows of others", (long long)(n - gone.warnings),
             (long long)gone.warnings, (long long)gone.vectors, (long long)gone.mentions);
    return TOC_OK;
}

static toc_status run(toc_ctx *ctx, const cli_call *call)
{
    static const struct {
        const char *name;
        size_t n_files;
        toc_status (*run)(toc_ctx *ctx, const args *a, const cli_call *call);
    } verbs[] = { { "info", 2, info }, { "check", 2, check }, { "vacuum", 2, vacuum }, { "export", 2, export }, { "forget", 3, forget } };

    for (size_t i = 0; i < TOC_COUNT(verbs); i++) {
        if (strcmp(verbs[i].name, call->files[0]) != 0) continue;
        if (call->n_files < verbs[i].n_files) return toc_fail(ctx, TOC_E_USAGE, "forget whom? Give the store, and the id or e-mail of a customer");
        if (call->n_files > verbs[i].n_files) return toc_fail(ctx, TOC_E_USAGE, "one argument too many: \"%s\"", call->files[verbs[i].n_files]);
        return verbs[i].run(ctx, call->args, call);
    }
    return toc_fail(ctx, TOC_E_USAGE, "\"%s\" is none of info, check, vacuum, export, forget", call->files[0]);
}

const cli_command cmd_store = {
    .name = "store", .group = "More", .usage = "info|check|vacuum|export|forget FILE [CUSTOMER] [options]",
    .summary = "what a store holds; check it, tidy it, write it as CSV, forget a customer",
    .examples = "tocsin store info shop.db\n"
                "tocsin store export shop.db --kind reviews > reviews.csv\n"
                "tocsin store forget shop.db ann@example.com",
    .options = options, .defaults = &defaults, .args_size = sizeof defaults, .min_files = 2, .max_files = 3, .run = run,
};
