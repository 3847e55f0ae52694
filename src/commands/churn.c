/* churn.c: "tocsin churn", customers ranked by the risk of no next order. */
#include "churn/churn.h"
#include "cli/cli.h"
#include "commands/commands.h"
#include "report/report.h"
#include "warn/warn.h"

#include <stddef.h>

typedef struct {
    cli_shop shop;
    int64_t as_of, top;
    double horizon_days;
    const char *format, *fail_on, *out;
    cli_list set;
} args;

static const args defaults = { .as_of = TOC_NO_TIME, .top = 0, .format = "text", .fail_on = "none", .out = "-" };

static const char *const format_words[] = { "csv", "json", "text", "html", NULL };
static const char *const fail_words[] = { "none", "notice", "warning", "critical", NULL };
static const char *const model_words[] = { "boost", "tree", "rhythm", NULL };
static const char *const known_settings[] = { "model", "trees", "leaves", "rate", "cutoffs", "rows", NULL };

static const cli_option options[] = {
    CLI_SHOP(args, shop),
    CLI_TIME('T', "as-of", args, as_of, .help = "the moment; nothing later is seen [after the last event]"),
    CLI_NUM('H', "horizon", args, horizon_days, .arg = "DAYS", .min = 1, .max = 3650, .help = "no purchase for DAYS is leaving [learned from the shop]"),
    CLI_INT('n', "top", args, top, .min = 0, .max = 1e9, .help = "write the N riskiest customers [0: all]"),
    CLI_WORD('f', "format", args, format, format_words, .arg = "FORMAT", .help = "csv, json, text or html [text]"),
    CLI_TEXT('o', "out", args, out, .arg = "FILE", .help = "write to FILE [stdout]"),
    CLI_WORD(0, "fail-on", args, fail_on, fail_words, .arg = "LEVEL", .help = "exit 1 on warnings of LEVEL or worse [none]"),
    CLI_LIST(0, "set", args, set, .arg = "NAME=VALUE", .help = "model=boost|tree|rhythm, trees, leaves, rate, cutoffs, rows"),
    CLI_END,
};

static toc_status set_size(toc_ctx *ctx, const cli_list *set, const char *name, double min, double max, size_t *value)
{
    double number;

    TOC_TRY(cli_set_num(ctx, set, name, min, max, (double)*value, &number));
    *value = (size_t)number;
    return TOC_OK;
}

static toc_status read_settings(toc_ctx *ctx, const args *a, churn_options *o)
{
    const char *model = cli_set_get(&a->set, "model");
    size_t m = 0;

    TOC_TRY(cli_set_check(ctx, &a->set, known_settings));
    *o = churn_defaults();
    o->horizon_days = a->horizon_days;
    o->top = (size_t)a->top;
    while (model && model_words[m] && !toc_str_is(toc_str_of(model), model_words[m])) m++;
    if (!model_words[m]) return toc_fail(ctx, TOC_E_USAGE, "--set model=%s: want boost, tree or rhythm", model);
    o->model = (churn_model)m;
    TOC_TRY(set_size(ctx, &a->set, "trees", 1, 10000, &o->n_trees));
    TOC_TRY(set_size(ctx, &a->set, "leaves", 2, 255, &o->max_leaves));
    TOC_TRY(set_size(ctx, &a->set, "cutoffs", 1, 100, &o->n_cutoffs));
    TOC_TRY(set_size(ctx, &a->set, "rows", 1000, 1e9, &o->max_rows));
    return cli_set_num(ctx, &a->set, "rate", 0.001, 1, o->learning_rate, &o->learning_rate);
}

static toc_status write_list(toc_ctx *ctx, const args *a, const warn_list *list)
{
    rep_format format = REP_TEXT;
    toc_out out;

    if (!rep_format_of(toc_str_of(a->format), &format)) return toc_fail(ctx, TOC_E_USAGE, "--format %s is unknown", a->format);
    TOC_TRY(toc_out_open(ctx, a->out, true, &out));
    toc_status st = rep_write(ctx, list, (size_t)a->top, format, &out);
    if (st) {
        toc_out_abandon(&out);
        return st;
    }
    return toc_out_close(ctx, &out);
}

static toc_status run(toc_ctx *ctx, const cli_call *call)
{
    const args *a = call->args;
    churn_options settings;
    shop_data shop = {0};
    warn_list list;
    warn_level fail_on;
    int64_t as_of = a->as_of;
    toc_status st = TOC_OK;

    warn_list_init(&list, "churn");
    if ((st = read_settings(ctx, a, &settings))) goto out;
    if ((st = cmd_load_shop(ctx, call, &a->shop, as_of, &shop))) goto out;
    if (as_of == TOC_NO_TIME && (st = shop_default_as_of(ctx, &shop, &as_of))) goto out;
    if ((st = churn_warn(ctx, &shop, as_of, &settings, &list))) goto out;
    if ((st = write_list(ctx, a, &list))) goto out;
    if (warn_level_of(toc_str_of(a->fail_on), &fail_on) && warn_worst(&list) >= (int)fail_on) st = TOC_FINDINGS;
out:
    warn_release(&list);
    shop_release(&shop);
    return st;
}

const cli_command cmd_churn = {
    .name = "churn", .group = "Every night", .usage = "[options] [ORDERS.csv ...]",
    .summary = "rank customers by the risk of no next order",
    .examples = "  tocsin churn orders.csv --format html --out churn.html\n"
                "  tocsin churn --store shop.db --horizon 90 --top 100 --format csv\n",
    .options = options, .defaults = &defaults, .args_size = sizeof defaults, .max_files = SIZE_MAX, .run = run,
};
