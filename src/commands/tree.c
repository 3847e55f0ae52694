/* tree.c: "tocsin tree", decision trees, forests and boosting on any CSV. */
#include "cli/cli.h"
#include "commands/commands.h"
#include "commands/tree_command.h"

static const tree_args defaults = { .test_share = 0.2, .threshold = 0.5, .as = "score", .top = -1, .trials = 30, .out = "-" };

static const char *const format_words[] = { "text", "dot", "svg", "json", "c", "sql", "python", "importance", "csv", NULL };

static const cli_option options[] = {
    CLI_TEXT('t', "target", tree_args, target, .arg = "COLUMN", .help = "fit, tune: the column to learn; eval: where the truth is"),
    CLI_TEXT('p', "positive", tree_args, positive, .arg = "VALUE", .help = "fit: the target's value to be scored [1, yes, true, or the rarer]"),
    CLI_LIST('d', "drop", tree_args, drop, .arg = "COLUMN", .help = "fit: leave this column out; may be repeated"),
    CLI_TEXT('w', "weight", tree_args, weight, .arg = "COLUMN", .help = "fit: rows count as much as this column says"),
    CLI_LIST('s', "set", tree_args, set, .arg = "NAME=VALUE", .help = "fit: model=tree|forest|extra|boost, depth, ... (see the manual)"),
    CLI_TEXT('m', "model", tree_args, model, .arg = "FILE", .help = "the model, written by fit, read by the others"),
    CLI_NUM(0, "test-share", tree_args, test_share, .min = 0, .max = 0.9, .help = "fit: test on this share, the last rows; 0 = learn from all [0.2]"),
    CLI_INT(0, "every", tree_args, every, .min = 0, .max = 1e9, .help = "fit: test on every K-th row instead", .hidden = true),
    CLI_TEXT(0, "order", tree_args, order, .arg = "COLUMN", .help = "fit: sort rows by this column (a time); eval: its days"),
    CLI_NUM(0, "threshold", tree_args, threshold, .min = 0, .max = 1, .help = "fit, eval: scores above it count as positive [0.5]"),
    CLI_INT(0, "alerts", tree_args, alerts, .min = 0, .max = 1e9, .help = "eval: the N highest of each day of --order instead"),
    CLI_TEXT(0, "score", tree_args, score, .arg = "COLUMN", .help = "eval: judge this column of scores, no model"),
    CLI_TEXT(0, "as", tree_args, as, .arg = "NAME", .help = "predict: name of the new column [score]"),
    CLI_WORD('f', "format", tree_args, format, format_words, .arg = "FORMAT", .help = "show: text, dot, svg, json, c, sql, python, importance"),
    CLI_INT(0, "trees", tree_args, trees, .min = 0, .max = 1e9, .help = "show: the first N trees only [0: all]", .hidden = true),
    CLI_INT('n', "top", tree_args, top, .min = 0, .max = 1e9, .help = "explain: reasons a row [3]; eval: most wrong rows [10]"),
    CLI_INT(0, "trials", tree_args, trials, .min = 1, .max = 100000, .help = "tune: how many sets of parameters to try [30]"),
    CLI_SPAN(0, "budget", tree_args, budget, .arg = "TIME", .help = "tune: begin no trial after this time, as 90s or 10m [any]"),
    CLI_TEXT('o', "out", tree_args, out, .arg = "FILE", .help = "write to FILE [stdout]"),
    CLI_END,
};

toc_status tree_format(toc_ctx *ctx, const tree_args *a, const char *subcommand, const char *const *words, const char **format)
{
    toc_buf list = {0};
    toc_status st = TOC_OK;

    *format = a->format ? a->format : words[0];
    for (size_t i = 0; words[i]; i++)
        if (strcmp(*format, words[i]) == 0) return TOC_OK;
    for (size_t i = 0; words[i] && !st; i++) st = toc_buf_printf(ctx, &list, "%s%s", i ? ", " : "", words[i]);
    if (!st) st = toc_fail(ctx, TOC_E_USAGE, "tree %s has no format %s; it has: %s", subcommand, *format, list.p);
    toc_buf_release(&list);
    return st;
}

static toc_status run(toc_ctx *ctx, const cli_call *call)
{
    static const struct {
        const char *word;
        toc_status (*run)(toc_ctx *ctx, const tree_args *a, const char *file);
    } walks[] = { { "fit", tree_run_fit }, { "predict", tree_run_predict }, { "explain", tree_run_explain }, { "eval", tree_run_eval }, { "tune", tree_run_tune }, { "show", tree_run_show } };

    for (size_t i = 0; i < TOC_COUNT(walks); i++)
        if (strcmp(call->files[0], walks[i].word) == 0) return walks[i].run(ctx, call->args, call->n_files > 1 ? call->files[1] : "-");
    return toc_fail(ctx, TOC_E_USAGE, "tree what? \"%s\" is none of fit, predict, explain, eval, tune, show", call->files[0]);
}

const cli_command cmd_tree = {
    .name = "tree", .group = "In a pipe", .usage = "fit|predict|explain|eval|tune|show [options] [FILE]",
    .summary = "decision trees, forests and boosting on any CSV",
    .examples = "  tocsin tree fit --target churned --set model=boost --model churn.json features.csv\n"
                "  tocsin tree predict --model churn.json new.csv",
    .options = options, .defaults = &defaults, .args_size = sizeof defaults, .min_files = 1, .max_files = 2, .run = run,
};
