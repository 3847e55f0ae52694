/* gain.c: "tocsin gain", what each column of a CSV says about one of them. */
#include "cli/cli.h"
#include "commands/commands.h"
#include "commands/learning.h"
#include "report/report.h"

#include <math.h>

/* Permutations unless told: as many as visit so many cells, if that is a useful number. */
enum { MOST_PERMUTATIONS = 999, FEWEST_PERMUTATIONS = 99, CELLS = 200000000, MOST_TEXTS = 8, MOST_PICTURES = 50 };

typedef struct {
    const char *target, *weight, *html, *out;
    cli_list drop;
    int64_t permutations, top;
    bool intervals;
} args;

static const args defaults = { .out = "-", .permutations = -1 };

static const cli_option options[] = {
    CLI_TEXT('t', "target", args, target, .arg = "COLUMN", .help = "the column to be known (needed)"),
    CLI_LIST('d', "drop", args, drop, .arg = "COLUMN", .help = "leave this column out; may be repeated"),
    CLI_TEXT('w', "weight", args, weight, .arg = "COLUMN", .help = "rows count as much as this column says"),
    CLI_INT(0, "permutations", args, permutations, .min = 0, .max = 1e6, .help = "of the target, for p values [999; large files: 0]"),
    CLI_FLAG(0, "intervals", args, intervals, .help = "cut numbers into intervals as well (MDLP)"),
    CLI_TEXT(0, "html", args, html, .arg = "FILE", .help = "also write a page with a picture of each split"),
    CLI_INT('n', "top", args, top, .min = 0, .max = 1e9, .help = "write the N columns that say most [0: all]"),
    CLI_TEXT('o', "out", args, out, .arg = "FILE", .help = "write to FILE [stdout]"),
    CLI_END,
};

/* Target texts as classes 0 .. n-1, in order of first appearance. */
static toc_status classes(toc_ctx *ctx, const cmd_learning *l, uint32_t **y, const char **texts, size_t *n_classes)
{
    size_t n_codes = toc_pool_size(l->target->pool);
    uint32_t *class_of; /* + 1 */

    *n_classes = 0;
    TOC_TRY(toc_arena_alloc(ctx, &ctx->arena, l->data.n, sizeof **y, y));
    TOC_TRY(toc_arena_alloc(ctx, &ctx->arena, n_codes, sizeof *class_of, &class_of));
    for (size_t i = 0; i < l->data.n; i++) {
        uint32_t code = l->target->code[l->row[i]];
        if (!class_of[code]) {
            if (*n_classes < TREE_MOST_CLASSES) texts[*n_classes] = toc_pool_text(l->target->pool, code);
            class_of[code] = (uint32_t)++*n_classes;
        }
        (*y)[i] = class_of[code] - 1;
    }
    if (*n_classes > TREE_MOST_CLASSES)
        return toc_fail(ctx, TOC_E_DATA, "\"%s\" has %zu different values; information gain is about classes, at most %d of them",
                        l->target->name, *n_classes, (int)TREE_MOST_CLASSES);
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

/* A measure, or nothing where there is none. */
static void write_number(toc_out *out, double value)
{
    if (isnan(value)) toc_out_str(out, ",");
    else toc_out_printf(out, ",%.6g", value);
}

static void write_exact(toc_out *out, const char *before, double value)
{
    char number[64];

    toc_out_str(out, before);
    toc_out_write(out, number, toc_format_double(value, number));
}

/* "red, green and 7 more | the others" */
static toc_status sets_text(toc_ctx *ctx, const tree_data *d, size_t j, const tree_gain *g, const char **text)
{
    toc_buf buf = {0};
    toc_status st = TOC_OK;
    char number[64];

    for (size_t i = 0; i < TOC_MIN(g->n_left, (size_t)MOST_TEXTS) && !st; i++) {
        toc_str value = d->pools[j] ? toc_pool_str(d->pools[j], (uint32_t)g->left[i]) : (toc_str){ number, toc_format_double(g->left[i], number) };
        if (i > 0) st = toc_buf_str(ctx, &buf, ", ");
        if (!st) st = toc_buf_add(ctx, &buf, value.p, value.n);
    }
    if (!st && g->n_left > MOST_TEXTS) st = toc_buf_printf(ctx, &buf, " and %zu more", g->n_left - MOST_TEXTS);
    if (!st && g->left_missing) st = toc_buf_str(ctx, &buf, g->n_left ? ", missing" : "missing");
    if (!st) st = toc_buf_str(ctx, &buf, " | the others");
    if (!st) st = toc_arena_copy(ctx, &ctx->arena, buf.p, buf.n, text);
    toc_buf_release(&buf);
    return st;
}

static const char *note_of(const tree_gain *g, bool is_text, size_t n)
{
    if (g->like_id && g->n_distinct + g->n_missing == n)
        return is_text ? "another value in every row: an id says nothing of new rows" : "looks like a running number: an id says nothing of new rows";
    if (g->like_id) return "another value in most rows: an id says nothing of new rows";
    if (g->missing_tells) return "where it is missing tells the target: is it filled in before the target is known?";
    if (g->like_target) return "tells the target alone: is it known before the target is?";
    return "";
}

static toc_status write_row(toc_ctx *ctx, const cmd_learning *l, size_t j, const tree_gain *g, bool intervals, toc_out *out)
{
    const tree_data *d = &l->data;
    const char *sets;

    tab_csv_field(out, toc_str_of(d->names[j]));
    toc_out_str(out, d->categorical[j] ? ",text" : ",number");
    const double measures[] = { g->entropy, g->gain, g->gain_ratio, g->gini_decrease, g->chi_square, g->symmetric_uncertainty, g->corrected,
                                g->p_value, g->q_value };
    for (size_t i = 0; i < TOC_COUNT(measures); i++) write_number(out, measures[i]);
    toc_out_str(out, ",");
    if (!isnan(g->threshold)) write_exact(out, "<= ", g->threshold);
    else if (d->categorical[j]) toc_out_str(out, "by value");
    toc_out_str(out, ",");
    if (!isnan(g->binary_gain)) {
        TOC_TRY(sets_text(ctx, d, j, g, &sets));
        tab_csv_field(out, toc_str_of(sets));
    }
    write_number(out, g->binary_gain);
    for (size_t i = 0; i < g->n_cuts && intervals; i++) write_exact(out, i ? " " : ",", g->cuts[i]);
    if (intervals) {
        if (!g->n_cuts) toc_out_str(out, ",");
        write_number(out, d->categorical[j] ? (double)NAN : g->cuts_gain);
    }
    toc_out_printf(out, ",%.6g,%zu,%zu,", (double)g->n_missing / (double)d->n, g->n_missing, g->n_distinct);
    tab_csv_field(out, toc_str_of(note_of(g, d->categorical[j], d->n)));
    toc_out_str(out, "\n");
    return TOC_OK;
}

static toc_status write_gains(toc_ctx *ctx, const args *a, const cmd_learning *l, const tree_gain *gain, const uint32_t *order, size_t n)
{
    toc_status st = TOC_OK;
    toc_out out;

    TOC_TRY(toc_out_open(ctx, a->out, false, &out));
    toc_out_printf(&out, "column,type,entropy,gain,gain_ratio,gini_decrease,chi_square,symmetric_uncertainty,corrected_gain,p_value,q_value,split,"
                   "binary_split,binary_gain,%smissing_share,n_missing,n_distinct,note\n", a->intervals ? "intervals,intervals_gain," : "");
    for (size_t k = 0; k < n && !st; k++) st = write_row(ctx, l, order[k], &gain[order[k]], a->intervals, &out);
    if (st) toc_out_abandon(&out);
    return st ? st : toc_out_close(ctx, &out);
}

static toc_status bar_label(toc_ctx *ctx, const tree_data *d, size_t j, const tree_bar *bar, const char **label)
{
    char from[64], to[64];

    from[toc_format_double(bar->from, from)] = to[toc_format_double(bar->to, to)] = 0;
    if (!bar->n_values) *label = "missing";
    else if (isnan(bar->from)) TOC_TRY(toc_arena_printf(ctx, &ctx->arena, label, "%zu others", bar->n_values));
    else if (d->pools[j]) *label = toc_pool_text(d->pools[j], (uint32_t)bar->from);
    else if (bar->from == bar->to) TOC_TRY(toc_arena_printf(ctx, &ctx->arena, label, "%s", from));
    else TOC_TRY(toc_arena_printf(ctx, &ctx->arena, label, "%s to %s", from, to));
    return TOC_OK;
}

/* What has been found, and from what. */
typedef struct {
    const cmd_learning *l;
    const tree_gain_options *options;
    const tree_gain *gain;
    const uint32_t *y, *order; /* order: the column that says most first */
    const char *const *classes;
    size_t n_classes, n_shown;
} findings;

static toc_status page_column(toc_ctx *ctx, const findings *f, size_t j, rep_gain_column *column)
{
    const tree_data *d = &f->l->data;
    const tree_gain *g = &f->gain[j];
    tree_bar bars[TREE_MOST_BARS];
    rep_gain_bar *shown;
    char number[64];

    TOC_TRY(tree_gain_bars(ctx, d, j, f->y, f->n_classes, f->options, g, bars, &column->n_bars));
    TOC_TRY(toc_arena_alloc(ctx, &ctx->arena, column->n_bars, sizeof *shown, &shown));
    for (size_t i = 0; i < column->n_bars; i++) {
        shown[i] = (rep_gain_bar){ .counts = bars[i].counts, .left = bars[i].left };
        TOC_TRY(bar_label(ctx, d, j, &bars[i], &shown[i].label));
    }
    column->bars = shown;
    column->name = d->names[j];
    column->split = "";
    number[toc_format_double(g->threshold, number)] = 0;
    if (!isnan(g->binary_gain)) TOC_TRY(sets_text(ctx, d, j, g, &column->split));
    else if (!isnan(g->threshold)) TOC_TRY(toc_arena_printf(ctx, &ctx->arena, &column->split, "<= %s", number));
    column->note = note_of(g, d->categorical[j], d->n);
    column->gain = g->gain;
    column->corrected = g->corrected;
    column->gain_ratio = g->gain_ratio;
    column->q_value = g->q_value;
    return TOC_OK;
}

static toc_status write_page(toc_ctx *ctx, const char *path, const findings *f)
{
    size_t n = TOC_MIN(f->n_shown, (size_t)MOST_PICTURES);
    rep_gain_page page = { .target = f->l->target->name, .classes = f->classes, .n_classes = f->n_classes, .n_rows = f->l->data.n,
                           .entropy = f->gain[0].entropy, .n_columns = n, .n_left_out = f->l->data.p - n };
    rep_gain_column *columns;
    toc_out out;

    TOC_TRY(toc_arena_alloc(ctx, &ctx->arena, n, sizeof *columns, &columns));
    for (size_t k = 0; k < n; k++) TOC_TRY(page_column(ctx, f, f->order[k], &columns[k]));
    page.columns = columns;
    TOC_TRY(toc_out_open(ctx, path, true, &out));
    rep_write_gain(ctx, &page, &out);
    return toc_out_close(ctx, &out);
}

static toc_status rank(toc_ctx *ctx, const cmd_learning *l, const tree_gain *gain, uint32_t **order)
{
    ranking r = { gain, l->data.names };

    TOC_TRY(toc_arena_alloc(ctx, &ctx->arena, l->data.p, sizeof **order, order));
    for (uint32_t j = 0; j < l->data.p; j++) (*order)[j] = j;
    return toc_sort(ctx, *order, l->data.p, sizeof **order, by_falling_gain, &r);
}

/* Reads the file without the column of weights among its columns. */
static toc_status read_columns(toc_ctx *ctx, const cli_call *call, const args *a, cmd_learning *l)
{
    cli_list drop = a->drop;
    const char **items;

    if (a->weight && a->target && strcmp(a->weight, a->target) == 0)
        return toc_fail(ctx, TOC_E_USAGE, "--weight and --target are the same column \"%s\"", a->weight);
    if (a->weight) {
        TOC_TRY(toc_arena_alloc(ctx, &ctx->arena, drop.n + 1, sizeof *items, &items));
        if (drop.n) memcpy(items, drop.items, drop.n * sizeof *items);
        items[drop.n++] = a->weight;
        drop.items = items;
    }
    return cmd_read_learning(ctx, call->n_files ? call->files[0] : "-", a->target, &drop, false, l);
}

static toc_status weights(toc_ctx *ctx, const cmd_learning *l, const char *name, const double **weight)
{
    const size_t n_rows = l->table.n_rows;
    double *all, *kept;

    *weight = NULL;
    if (!name) return TOC_OK;
    TOC_TRY(toc_arena_alloc(ctx, &ctx->arena, n_rows, sizeof *all, &all));
    TOC_TRY(toc_arena_alloc(ctx, &ctx->arena, l->data.n, sizeof *kept, &kept));
    TOC_TRY(cmd_numbers_of(ctx, tab_find(&l->table, name), n_rows, all));
    for (size_t i = 0; i < l->data.n; i++) {
        kept[i] = all[l->row[i]];
        if (!(kept[i] >= 0 && kept[i] < INFINITY))
            return toc_fail(ctx, TOC_E_DATA, "row %zu has no weight of at least 0 in \"%s\"", (size_t)l->row[i] + 1, name);
    }
    *weight = kept;
    return TOC_OK;
}

static size_t choose_permutations(toc_ctx *ctx, const args *a, const tree_data *d)
{
    size_t n = CELLS / d->n / d->p;

    if (a->permutations >= 0) return (size_t)a->permutations;
    if (n >= FEWEST_PERMUTATIONS) return TOC_MIN(n, (size_t)MOST_PERMUTATIONS);
    toc_note(ctx, "no p values for so many cells unless --permutations asks for them");
    return 0;
}

static toc_status run(toc_ctx *ctx, const cli_call *call)
{
    const args *a = call->args;
    tree_gain_options wanted = { .mdlp = a->intervals };
    const char *class_texts[TREE_MOST_CLASSES];
    cmd_learning l = {0};
    tree_gain *gain;
    uint32_t *y, *order;
    size_t n_classes;
    toc_status st;

    if ((st = read_columns(ctx, call, a, &l))) goto out;
    if ((st = classes(ctx, &l, &y, class_texts, &n_classes))) goto out;
    if ((st = weights(ctx, &l, a->weight, &wanted.weight))) goto out;
    if ((st = toc_arena_alloc(ctx, &ctx->arena, l.data.p, sizeof *gain, &gain))) goto out;
    wanted.permutations = choose_permutations(ctx, a, &l.data);
    if ((st = tree_gains(ctx, &l.data, y, n_classes, &wanted, gain))) goto out;
    if ((st = rank(ctx, &l, gain, &order))) goto out;
    findings f = { &l, &wanted, gain, y, order, class_texts, n_classes, a->top ? TOC_MIN(l.data.p, (size_t)a->top) : l.data.p };
    if (a->html && (st = write_page(ctx, a->html, &f))) goto out;
    st = write_gains(ctx, a, &l, gain, order, f.n_shown);
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
