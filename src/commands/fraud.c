/* fraud.c: "tocsin fraud", orders, customers and merchants that look fraudulent. */
#include "fraud/fraud.h"

#include <stddef.h>

#include "cli/cli.h"
#include "commands/commands.h"

typedef struct {
    cli_shop shop;
    cmd_output report;
    int64_t as_of, window;
    const char *scores, *model;
    cli_list set;
} args;

static const args defaults = { .report = CMD_OUTPUT_DEFAULTS, .as_of = TOC_NO_TIME, .window = 30 * TOC_DAY };

static const char *const known_settings[] = { "min_score", "trees", "train_days", "labels", NULL };

static const cli_option options[] = {
    CLI_SHOP(args, shop),
    CLI_TIME('T', "as-of", args, as_of, .help = "the moment; nothing later is seen [after the last event]"),
    CLI_SPAN('w', "window", args, window, .min = 1, .max = 3650, .help = "judge the orders of so long before it [30d]"),
    CMD_OUTPUT(args, report),
    CLI_TEXT(0, "scores", args, scores, .arg = "FILE", .help = "also write the score of every order judged"),
    CLI_TEXT('m', "model", args, model, .arg = "DIR", .help = "text encoder for copied reviews [what tools/get-model got]"),
    CLI_LIST(0, "set", args, set, .arg = "NAME=VALUE", .help = "min_score, trees, train_days, labels=0|1"),
    CLI_END,
};

static toc_status read_settings(toc_ctx *ctx, const args *a, fraud_options *o)
{
    double labels, train_days;

    TOC_TRY(cli_set_check(ctx, &a->set, known_settings));
    *o = fraud_defaults();
    o->window = a->window;
    o->seed = ctx->seed;
    TOC_TRY(cli_set_num(ctx, &a->set, "min_score", 0, 1, o->min_score, &o->min_score));
    TOC_TRY(cli_set_num(ctx, &a->set, "trees", 1, 10000, o->n_trees, &o->n_trees));
    TOC_TRY(cli_set_num(ctx, &a->set, "train_days", 1, 36500, (double)(o->train_span / TOC_DAY), &train_days));
    TOC_TRY(cli_set_num(ctx, &a->set, "labels", 0, 1, 1, &labels));
    o->train_span = (int64_t)(train_days * (double)TOC_DAY);
    o->use_labels = labels > 0;
    return TOC_OK;
}

static toc_status write_scores(toc_ctx *ctx, const fraud_analysis *analysis, const char *path)
{
    tab_table scores = {0};
    toc_out out;
    toc_status st = fraud_scores(ctx, analysis, &scores);

    if (!st) st = toc_out_open(ctx, path, true, &out);
    if (!st) st = cmd_close_csv(ctx, &scores, &out);
    tab_release(&scores);
    return st;
}

static toc_status run(toc_ctx *ctx, const cli_call *call)
{
    const args *a = call->args;
    fraud_options settings = {0};
    fraud_analysis analysis = {0};
    shop_data shop = {0};
    warn_list list;
    int64_t as_of = a->as_of;
    toc_status st = TOC_OK;

    warn_list_init(&list, "fraud");
    if ((st = read_settings(ctx, a, &settings))) goto out;
    if ((st = cmd_load_shop(ctx, call, &a->shop, as_of, &shop))) goto out;
    if (as_of == TOC_NO_TIME && (st = shop_default_as_of(ctx, &shop, &as_of))) goto out;
    if ((st = cmd_encode_reviews(ctx, &shop, a->model, a->shop.store, &settings.vectors))) goto out;
    if ((st = fraud_analyse(ctx, &shop, as_of, &settings, &analysis))) goto out;
    if (a->scores && (st = write_scores(ctx, &analysis, a->scores))) goto out;
    if ((st = fraud_warn(ctx, &shop, &analysis, &settings, &list))) goto out;
    st = cmd_write_warnings(ctx, &a->report, &list);
out:
    warn_release(&list);
    fraud_analysis_release(&analysis);
    fraud_vectors_release(&settings.vectors);
    shop_release(&shop);
    return st;
}

const cli_command cmd_fraud = {
    .name = "fraud", .group = "Every night", .usage = "[options] [FILE.csv ...]",
    .summary = "find orders, customers and merchants that look fraudulent",
    .examples = "  tocsin fraud orders.csv reviews.csv --format html --out fraud.html\n"
                "  tocsin fraud --store shop.db --window 7d --top 50 --format csv",
    .options = options, .defaults = &defaults, .args_size = sizeof defaults, .max_files = SIZE_MAX, .run = run,
};
