/* inventory.c: "tocsin inventory", what will run out, what piles up, what to order. */
#include "inventory/inventory.h"
#include "cli/cli.h"
#include "commands/commands.h"

typedef struct {
    cli_shop shop;
    cmd_output report;
    int64_t as_of;
    double horizon_days, service, lead_time_days;
    cli_list set;
} args;

static const char *const settings[] = { "review", "cover", "dead", "min-chance", NULL };
static const args defaults = {
    .report = CMD_OUTPUT_DEFAULTS, .as_of = TOC_NO_TIME, .horizon_days = 28.0, .service = 0.95, .lead_time_days = 7.0
};

static const cli_option options[] = {
    CLI_SHOP(args, shop),
    CLI_TIME('T', "as-of", args, as_of, .help = "know nothing from TIME on [first midnight after the data]"),
    CLI_NUM('H', "horizon", args, horizon_days, .min = 1, .max = 120, .arg = "DAYS", .help = "show the forecast of DAYS [28]"),
    CLI_NUM(0, "service", args, service, .min = 0.5, .max = 0.999, .arg = "SHARE",
            .help = "meet demand in this share of cycles [0.95]"),
    CLI_NUM(0, "lead-time", args, lead_time_days, .min = 0, .max = 365, .arg = "DAYS", .help = "where the stock names none [7]"),
    CMD_OUTPUT(args, report),
    CLI_LIST(0, "set", args, set, .arg = "NAME=VALUE", .help = "review, cover, dead (days), min-chance"),
    CLI_END,
};

static toc_status read_options(toc_ctx *ctx, const args *a, inventory_options *o)
{
    *o = inventory_defaults();
    o->horizon_days = a->horizon_days;
    o->service = a->service;
    o->lead_time_days = a->lead_time_days;
    TOC_TRY(cli_set_check(ctx, &a->set, settings));
    TOC_TRY(cli_set_num(ctx, &a->set, "review", 0, 90, o->review_days, &o->review_days));
    TOC_TRY(cli_set_num(ctx, &a->set, "cover", 1, 3650, o->cover_days, &o->cover_days));
    TOC_TRY(cli_set_num(ctx, &a->set, "dead", 7, 3650, o->dead_days, &o->dead_days));
    return cli_set_num(ctx, &a->set, "min-chance", 0.01, 1, o->min_chance, &o->min_chance);
}

static toc_status run(toc_ctx *ctx, const cli_call *call)
{
    const args *a = call->args;
    toc_status st = TOC_OK;
    shop_data shop = {0};
    warn_list warnings = {0};
    inventory_options o;
    int64_t as_of = a->as_of;

    TOC_TRY(read_options(ctx, a, &o));
    if ((st = cmd_load_shop(ctx, call, &a->shop, a->as_of, &shop))) goto out;
    if (as_of == TOC_NO_TIME && (st = shop_default_as_of(ctx, &shop, &as_of))) goto out;
    if ((st = inventory_warn(ctx, &shop, as_of, &o, &warnings))) goto out;
    st = cmd_write_warnings(ctx, &a->report, &warnings);
out:
    warn_release(&warnings);
    shop_release(&shop);
    return st;
}

const cli_command cmd_inventory = {
    .name = "inventory",
    .group = "Every night",
    .usage = "[options] [FILE ...]",
    .summary = "say what will run out, what piles up and what to order",
    .examples = "  tocsin inventory orders.csv stock.csv products.csv\n  tocsin inventory --store shop.db --format html --out "
                "inventory.html",
    .options = options,
    .defaults = &defaults,
    .args_size = sizeof defaults,
    .max_files = SIZE_MAX,
    .run = run,
};
