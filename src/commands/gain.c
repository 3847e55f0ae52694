/* gain.c: "tocsin gain", what each column of a CSV says about one of them. */
#include "cli/cli.h"
#include "commands/commands.h"
#include "commands/learning.h"

#include <math.h>

enum { MOST_CLASSES = 256 };

typedef struct {
    const char *target, *out;
    cli_list drop;
    int64_t top;
} args;

static const args defaults = { .out = "-" };

static const cli_option options[] = {
    CLI_TEXT('t', "target", args, target, .arg = "COLUMN", .help = "the column to be known (needed)"),
    CLI_LIST('d', "drop", args, drop, .arg = "COLUMN", .help = "leave this column out; may be repeated"),
    CLI_INT('n', "top", args, top, .min = 0, .max = 1e9, .help = "write the N columns that say most [0: all]"),
    CLI_TEXT('o', "out", args, out, .arg = "FILE", .help = "write to FILE [stdout]"),
    CLI_END,
};

/* Target texts as classes 0 .. n-1, in order of first appearance. */
static toc_status classes(toc_ctx *ctx, const cmd_learning *l, uint32_t **y, size_t *n_classes)
{
    size_t n_codes = toc_pool_size(l->target->pool);
    uint32_t *class_of; /* + 1 */

    *n_classes = 0;
    TOC_TRY(toc_arena_alloc(ctx, &ctx->arena, l->data.n, sizeof **y, y));
    TOC_TRY(toc_arena_alloc(ctx, &ctx->arena, n_codes, sizeof *class_of, &class_of));
    for (size_t i = 0; i < l->data.n; i++) {
        uint32_t code = l->target->code[l->row[i]];
        if (!class_of[code]) class_of[code] = (uint32_t)++*n_classes;
        (*y)[i] = class_of[code] - 1;
    }
    if (*n_classes > MOST_CLASSES)
        return toc_fail(ctx, TOC_E_DATA, "\"%s\" has %zu different values; information gain is about classes, at most %d of them",
                        l->target->name, *n_classes, MOST_CLASSES);
    return TOC_OK;
}

typedef struct {
    const tree_gain *gain;
    const char *const *names;
} ranking;

static int by_falling_gain(const void *a, const void *b, const void *arg)
{
    const ranking *r = arg;
    uint32_t i = *(const uint32_t *)a, j = *(const uint32_t *)b;

    if (r->gain[i].gain != r->gain[j].gain) return r->gain[i].gain > r->gain[j].gain ? -1 : 1;
    return strcmp(r->names[i], r->names[j]);
}

static void write_row(const cmd_learning *l, size_t j, const tree_gain *g, toc_out *out)
{
    const tree_data *d = &l->data;
    bool id = d->categorical[j] && g->n_distinct > 1 && g->n_distinct + g->n_missing == d->n;
    char number[64];

    tab_csv_field(out, toc_str_of(d->names[j]));
    toc_out_printf(out, ",%s,%.6g,%.6g,%.6g,%.6g,", d->categorical[j] ? "text" : "number", g->entropy, g->gain, g->gain_ratio, g->gini_decrease);
    if (!isnan(g->threshold)) {
        toc_out_str(out, "<= ");
        toc_out_write(out, number, toc_format_double(g->threshold, number));
    } else if (d->categorical[j]) toc_out_str(out, "by value");
    toc_out_printf(out, ",%zu,%zu,%s\n", g->n_missing, g->n_distinct, id ? "another value in every row: an id says nothing of new rows" : "");
}

static toc_status write_gains(toc_ctx *ctx, const args *a, const cmd_learning *l, const tree_gain *gain)
{
    ranking r = { gain, l->data.names };
    uint32_t *order;
    toc_out out;

    TOC_TRY(toc_arena_alloc(ctx, &ctx->arena, l->data.p, sizeof *order, &order));
    for (uint32_t j = 0; j < l->data.p; j++) order[j] = j;
    TOC_TRY(toc_sort(ctx, order, l->data.p, sizeof *order, by_falling_gain, &r));
    TOC_TRY(toc_out_open(ctx, a->out, false, &out));
    toc_out_str(&out, "column,type,entropy,gain,gain_ratio,gini_decrease,split,n_missing,n_distinct,note\n");
    for (size_t k = 0; k < l->data.p && (a->top == 0 || k < (size_t)a->top); k++) write_row(l, order[k], &gain[order[k]], &out);
    return toc_out_close(ctx, &out);
}

static toc_status run(toc_ctx *ctx, const cli_call *call)
{
    const args *a = call->args;
    cmd_learning l = {0};
    tree_gain *gain;
    uint32_t *y;
    size_t n_classes;
    toc_status st;

    if ((st = cmd_read_learning(ctx, call->n_files ? call->files[0] : "-", a->target, &a->drop, false, &l))) goto out;
    if ((st = classes(ctx, &l, &y, &n_classes))) goto out;
    if ((st = toc_arena_alloc(ctx, &ctx->arena, l.data.p, sizeof *gain, &gain))) goto out;
    if ((st = tree_gains(ctx, &l.data, y, n_classes, NULL, gain))) goto out;
    st = write_gains(ctx, a, &l, gain);
out:
    cmd_learning_release(&l);
    return st;
}

const cli_command cmd_gain = {
    .name = "gain", .group = "In a pipe", .usage = "--target COLUMN [options] [FILE]",
    .summary = "what each column of a CSV says about one of them",
    .examples = "  tocsin gain --target churned features.csv\n"
                "  tocsin features customers --orders orders.csv --label churn:90d | tocsin gain --target churned",
    .options = options, .defaults = &defaults, .args_size = sizeof defaults, .max_files = 1, .run = run,
};
