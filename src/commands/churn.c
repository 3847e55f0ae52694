/* churn.c: "tocsin churn", customers ranked by the risk of no next order. */
#include "churn/churn.h"
#include "cli/cli.h"
#include "commands/commands.h"

#include <stddef.h>

typedef struct {
    cli_shop shop;
    cmd_output report;
    int64_t as_of;
    double horizon_days;
    cli_list set;
} args;

static const args defaults = { .report = CMD_OUTPUT_DEFAULTS, .as_of = TOC_NO_TIME };

static const char *const known_settings[] = { "model", "trees", "leaves", "rate", "cutoffs", "rows", NULL };

static const cli_option options[] = {
    CLI_SHOP(args, shop),
    CLI_TIME('T', "as-of", args, as_of, .help = "the moment; nothing later is seen [after the last event]"),
    CLI_NUM('H', "horizon", args, horizon_days, .arg = "DAYS", .min = 1, .max = 3650,
            .help = "no purchase for DAYS is leaving [learned from the shop]"),
    CMD_OUTPUT(args, report),
    CLI_LIST(0, "set", args, set, .arg = "NAME=VALUE", .help = "model=stack|trees|tree|bgnbd|..., trees, leaves, rate, cutoffs, rows"),
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
    o->top = (size_t)a->report.top;
    while (model && churn_model_words[m] && !toc_str_is(toc_str_of(model), churn_model_words[m])) m++;
    if (!churn_model_words[m]) return toc_fail(ctx, TOC_E_USAGE, "--set model=%s: want stack, trees, tree, bgnbd, mbgnbd, pareto, hazard or rhythm", model);
    o->model = (churn_model)m;
    TOC_TRY(set_size(ctx, &a->set, "trees", 1, 10000, &o->n_trees));
    TOC_TRY(set_size(ctx, &a->set, "leaves", 2, 255, &o->max_leaves));
    TOC_TRY(set_size(ctx, &a->set, "cutoffs", 1, 100, &o->n_cutoffs));
    TOC_TRY(set_size(ctx, &a->set, "rows", 1000, 1e9, &o->max_rows));
    return cli_set_num(ctx, &a->set, "rate", 0.001, 1, o->learning_rate, &o->learning_rate);
}

static toc_status run(toc_ctx *ctx, const cli_call *call)
{
    const args *a = call->args;
    churn_options settings;
    shop_data shop = {0};
    warn_list list;
    int64_t as_of = a->as_of;
    toc_status st = TOC_OK;

    warn_list_init(&list, "churn");
    if ((st = read_settings(ctx, a, &settings))) goto out;
    if ((st = cmd_load_shop(ctx, call, &a->shop, as_of, &shop))) goto out;
    if (as_of == TOC_NO_TIME && (st = shop_default_as_of(ctx, &shop, &as_of))) goto out;
    if ((st = churn_warn(ctx, &shop, as_of, &settings, &list))) goto out;
    st = cmd_write_warnings(ctx, &a->report, &list);
out:
    warn_release(&list);
    shop_release(&shop);
    return st;
}

const cli_command cmd_churn = {
    .name = "churn", .group = "Every night", .usage = "[options] [ORDERS.csv ...]",
    .summary = "rank customers by the risk of no next order",
    .examples = "  tocsin churn orders.csv --format html --out churn.html\n"
                "  tocsin churn --store shop.db --horizon 90 --top 100 --format csv",
    .options = options, .defaults = &defaults, .args_size = sizeof defaults, .max_files = SIZE_MAX, .run = run,
};
