/* report.c: "tocsin report", warnings that a command wrote as JSON in another form. */
#include <stddef.h>

#include "cli/cli.h"
#include "commands/commands.h"

typedef struct {
    cmd_output report;
} args;

static const args defaults = { .report = CMD_OUTPUT_DEFAULTS };

static const cli_option options[] = { CMD_OUTPUT(args, report), CLI_END };

static toc_status run(toc_ctx *ctx, const cli_call *call)
{
    const args *a = call->args;
    warn_list list;

    warn_list_init(&list, "");
    toc_status st = rep_read_json(ctx, call->n_files ? call->files[0] : "-", &list);
    if (!st) st = cmd_write_warnings(ctx, &a->report, &list);
    warn_release(&list);
    return st;
}

const cli_command cmd_report = {
    .name = "report", .group = "In a pipe", .usage = "[options] [WARNINGS.json]",
    .summary = "warnings from JSON as a page, text or CSV",
    .examples = "  tocsin churn orders.csv --format json | tocsin report --format html --out churn.html",
    .options = options, .defaults = &defaults, .args_size = sizeof defaults, .max_files = 1, .run = run,
};
