/* nightly.c: "tocsin nightly", all of it from a folder of new exports. */
#include <stddef.h>

#include "cli/cli.h"
#include "commands/commands.h"
#include "night/night.h"

typedef struct {
    const char *store, *inbox, *out, *fail_on, *max_rejects, *currency, *rates;
    int64_t as_of, top;
    bool no_stamp;
} args;

static const args defaults = { .fail_on = "none", .as_of = TOC_NO_TIME, .top = 20 };

static const cli_option options[] = {
    CLI_TEXT('S', "store", args, store, .arg = "FILE", .help = "remember the shop in this store (made when missing)"),
    CLI_TEXT('i', "inbox", args, inbox, .arg = "DIR", .help = "read every new export of this folder"),
    CLI_TEXT('o', "out", args, out, .arg = "DIR", .help = "write the reports to DIR/YYYY-MM-DD"),
    CLI_TIME('T', "as-of", args, as_of, .help = "the moment; nothing later is seen [after the last event]"),
    CLI_INT('n', "top", args, top, .min = 1, .max = 1e6, .help = "show the N worst of each question on the front page [20]"),
    CLI_WORD(0, "fail-on", args, fail_on, cmd_fail_words, .arg = "LEVEL", .help = "exit 1 on warnings of LEVEL or worse [none]"),
    CLI_TEXT(0, "max-rejects", args, max_rejects, .arg = "N|P%", .help = "fail with exit 3 above N refused rows [damaged records fail]"),
    CLI_TEXT(0, "currency", args, currency, .arg = "CODE", .help = "currency of amounts whose export names none"),
    CLI_TEXT(0, "rates", args, rates, .arg = "FILE", .help = "convert to --currency by date,currency,rate (for one unit)"),
    CLI_FLAG(0, "no-stamp", args, no_stamp, .help = "leave version, arguments and times out of the reports"),
    CLI_END,
};

static toc_status run(toc_ctx *ctx, const cli_call *call)
{
    const args *a = call->args;
    night_result result = {0};
    warn_level fail_on;

    if (!a->store || !a->inbox || !a->out) return toc_fail(ctx, TOC_E_USAGE, "--store, --inbox and --out are all needed");
    ctx->no_stamp = a->no_stamp;
    const night_options night = { .store = a->store,
                                  .inbox = a->inbox,
                                  .out = a->out,
                                  .as_of = a->as_of,
                                  .max_rejects = a->max_rejects,
                                  .top = a->top,
                                  .currency = a->currency,
                                  .rates = a->rates,
                                  .argc = call->argc,
                                  .argv = call->argv };
    TOC_TRY(night_run(ctx, &night, &result));
    return warn_level_of(toc_str_of(a->fail_on), &fail_on) && result.worst >= (int)fail_on ? TOC_FINDINGS : TOC_OK;
}

const cli_command cmd_nightly = {
    .name = "nightly", .group = "Every night", .usage = "--store FILE --inbox DIR --out DIR [options]",
    .summary = "all three questions from a folder of new exports, silently",
    .examples = "  tocsin nightly --store shop.db --inbox exports/ --out reports/\n"
                "  tocsin nightly --store shop.db --inbox exports/ --out reports/ --fail-on critical || mail-the-owner",
    .options = options, .defaults = &defaults, .args_size = sizeof defaults, .run = run,
};
