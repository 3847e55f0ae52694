/* forecast.c: "tocsin forecast", the demand of any series to come. */
#include "forecast/forecast.h"
#include "cli/cli.h"
#include "commands/commands.h"
#include "reader/reader.h"

typedef struct {
    const char *value, *time, *id, *period;
    int64_t horizon, season, as_of;
} args;

static const char *const periods[] = { "day", "week", "month", NULL };
static const args defaults = { .period = "day", .horizon = 14, .season = -1, .as_of = TOC_NO_TIME };

static const cli_option options[] = {
    CLI_TEXT(0, "value", args, value, .arg = "COLUMN", .help = "what is forecast: units sold"),
    CLI_TEXT(0, "time", args, time, .arg = "COLUMN", .help = "when"),
    CLI_TEXT(0, "id", args, id, .arg = "COLUMN", .help = "one series for each value of this column [one for all rows]"),
    CLI_WORD('p', "period", args, period, periods, .help = "rows are summed by day, week or month [day]"),
    CLI_INT('H', "horizon", args, horizon, .min = 1, .max = 366, .help = "look N periods ahead [14]"),
    CLI_INT(0, "season", args, season, .min = 0, .max = 366,
            .help = "periods after which a pattern returns, 0 = none [7 by day]"),
    CLI_TIME('T', "as-of", args, as_of, .help = "know nothing from TIME on [the end of the data]"),
    CLI_END,
};

static toc_status forecast_table(toc_ctx *ctx, const args *a, const tab_table *table)
{
    toc_status st = TOC_OK;
    fc_panel panel = {0};
    fc_forecasts forecasts = {0};
    fc_series *series = NULL;
    toc_out out = {0};
    fc_period period = strcmp(a->period, "day") == 0 ? FC_DAY : strcmp(a->period, "week") == 0 ? FC_WEEK : FC_MONTH;

    if ((st = fc_panel_build(ctx, table, a->value, a->time, a->id, period, a->as_of, &panel))) goto out;
    if (panel.n_later) toc_note(ctx, "%zu rows at or after the end left out", panel.n_later);
    if ((st = toc_alloc(ctx, panel.n, sizeof *series, &series))) goto out;
    for (size_t s = 0; s < panel.n; s++) series[s] = (fc_series){ panel.demand + s * panel.n_periods, panel.n_periods, 0 };
    fc_options o = { .horizon = (size_t)a->horizon, .season = a->season < 0 ? (period == FC_DAY ? 7 : 1) : (size_t)a->season };
    if ((st = fc_run(ctx, series, panel.n, &o, &forecasts))) goto out;
    if ((st = toc_out_open(ctx, "-", false, &out))) goto out;
    fc_write_csv(ctx, &panel, &forecasts, &out);
    st = toc_out_close(ctx, &out);
out:
    toc_out_abandon(&out);
    toc_free(series);
    fc_release(&forecasts);
    fc_panel_release(&panel);
    return st;
}

static toc_status run(toc_ctx *ctx, const cli_call *call)
{
    const args *a = call->args;
    tab_table table = {0};

    if (!a->value || !a->time) return toc_fail(ctx, TOC_E_USAGE, "--value and --time must name columns");
    toc_status st = rd_read_table(ctx, call->n_files ? call->files[0] : "-", NULL, &table);
    if (!st) st = forecast_table(ctx, a, &table);
    tab_release(&table);
    return st;
}

const cli_command cmd_forecast = {
    .name = "forecast", .group = "More", .usage = "--value COLUMN --time COLUMN [--id COLUMN] [options] [FILE]",
    .summary = "forecast the demand of many series, with quantiles",
    .examples = "  tocsin forecast --value quantity --time ordered_at --id product_id --horizon 14 orders.csv",
    .options = options, .defaults = &defaults, .args_size = sizeof defaults, .max_files = 1, .run = run,
};
