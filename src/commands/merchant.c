/* merchant.c: "tocsin merchant ID", the case of one merchant on a page. */
#include <stddef.h>

#include "cli/cli.h"
#include "commands/commands.h"
#include "dossier/dossier.h"
#include "fraud/fraud.h"

typedef struct {
    cli_shop shop;
    int64_t as_of;
    const char *format, *out;
    bool show_personal;
} args;

static const char *const formats[] = { "text", "json", "html", NULL };

static const args defaults = { .as_of = TOC_NO_TIME, .format = "text", .out = "-" };

static const cli_option options[] = {
    CLI_SHOP(args, shop),
    CLI_TIME('T', "as-of", args, as_of, .help = "the moment; nothing later is seen [after the last event]"),
    CLI_WORD('f', "format", args, format, formats, .arg = "FORMAT", .help = "text, json or html [text]"),
    CLI_TEXT('o', "out", args, out, .arg = "FILE", .help = "write to FILE [stdout]"),
    CLI_FLAG(0, "show-personal", args, show_personal, .help = "show addresses and payment keys unmasked"),
    CLI_END,
};

static toc_status write_dossier(toc_ctx *ctx, const args *a, const dos_dossier *dossier)
{
    rep_format format = REP_TEXT;
    toc_out out;

    if (!rep_format_of(toc_str_of(a->format), &format)) return toc_fail(ctx, TOC_E_USAGE, "--format %s is unknown", a->format);
    TOC_TRY(toc_out_open(ctx, a->out, true, &out));
    toc_status st = rep_write_dossier(ctx, dossier, format, &out);
    if (!st) return toc_out_close(ctx, &out);
    toc_out_abandon(&out);
    return st;
}

static toc_status run(toc_ctx *ctx, const cli_call *call)
{
    const args *a = call->args;
    cli_call sources = *call; /* the first word is the merchant, the rest are files */
    fraud_options settings = fraud_defaults();
    fraud_analysis analysis = {0};
    dos_dossier dossier = {0};
    shop_data shop = {0};
    int64_t as_of = a->as_of;
    toc_status st = TOC_OK;

    sources.files++;
    sources.n_files--;
    settings.seed = ctx->seed;
    if ((st = cmd_load_shop(ctx, &sources, &a->shop, as_of, &shop))) goto out;
    if (as_of == TOC_NO_TIME && (st = shop_default_as_of(ctx, &shop, &as_of))) goto out;
    if ((st = cmd_encode_reviews(ctx, &shop, NULL, a->shop.store, &settings.vectors))) goto out;
    if ((st = fraud_analyse(ctx, &shop, as_of, &settings, &analysis))) goto out;
    if ((st = dos_merchant(ctx, &analysis, call->files[0], a->show_personal, &dossier))) goto out;
    st = write_dossier(ctx, a, &dossier);
out:
    dos_release(&dossier);
    fraud_analysis_release(&analysis);
    fraud_vectors_release(&settings.vectors);
    shop_release(&shop);
    return st;
}

const cli_command cmd_merchant = {
    .name = "merchant", .group = "One case", .usage = "ID [options] [FILE.csv ...]",
    .summary = "the dossier of one merchant: what looks wrong, and what does not",
    .examples = "  tocsin merchant M1042 --store shop.db\n"
                "  tocsin merchant M1042 orders.csv reviews.csv --format html --out M1042.html",
    .options = options, .defaults = &defaults, .args_size = sizeof defaults, .min_files = 1, .max_files = SIZE_MAX, .run = run,
};
