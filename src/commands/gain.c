/* gain.c: "tocsin gain", what each column of a CSV says about one of them. */
#include "cli/cli.h"
#include "commands/aside.h"
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

/* The columns, in memory or put aside: then data.x is NULL. */
typedef struct {
    cmd_learning learning;
    cmd_aside aside;
    tree_data data;
    const char *target;
    const toc_pool *pool;    /* of the target's texts */
    const uint32_t *code;    /* n */
    const double *weight;    /* n, or NULL */
} source;

/* Target texts as classes 0 .. n-1, in order of first appearance. */
static toc_status classes(toc_ctx *ctx, const source *s, uint32_t **y, const char **texts, size_t *n_classes)
{
    uint32_t *class_of; /* + 1 */

    *n_classes = 0;
    TOC_TRY(toc_arena_alloc(ctx, &ctx->arena, s->data.n, sizeof **y, y));
    TOC_TRY(toc_arena_alloc(ctx, &ctx->arena, toc_pool_size(s->pool), sizeof *class_of, &class_of));
    for (size_t i = 0; i < s->data.n; i++) {
        uint32_t code = s->code[i];
        if (!class_of[code]) {
            if (*n_classes < TREE_MOST_CLASSES) texts[*n_classes] = toc_pool_text(s->pool, code);
            class_of[code] = (uint32_t)++*n_classes;
        }
        (*y)[i] = class_of[code] - 1;
    }
    if (*n_classes > TREE_MOST_CLASSES)
        return toc_fail(ctx, TOC_E_DATA, "\"%s\" has %zu different values; information gain is about classes, at most %d of them", s->target,
                        *n_classes, (int)TREE_MOST_CLASSES);
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

static toc_status write_row(toc_ctx *ctx, const tree_data *d, size_t j, const tree_gain *g, bool intervals, toc_out *out)
{
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

static toc_status write_gains(toc_ctx *ctx, const args *a, const tree_data *d, const tree_gain *gain, const uint32_t *order, size_t n)
{
    toc_status st = TOC_OK;
    toc_out out;

    TOC_TRY(toc_out_open(ctx, a->out, false, &out));
    toc_out_printf(&out, "column,type,entropy,gain,gain_ratio,gini_decrease,chi_square,symmetric_uncertainty,corrected_gain,p_value,q_value,split,"
                   "binary_split,binary_gain,%smissing_share,n_missing,n_distinct,note\n", a->intervals ? "intervals,intervals_gain," : "");
    for (size_t k = 0; k < n && !st; k++) st = write_row(ctx, d, order[k], &gain[order[k]], a->intervals, &out);
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
    const source *s;
    const tree_gain_options *options;
    const tree_gain *gain;
    const uint32_t *y, *order; /* order: the column that says most first */
    const char *const *classes;
    size_t n_classes, n_shown;
} findings;

/* n columns from the first on, those put aside read into x (n x rows). pointers: n. */
static toc_status some_columns(toc_ctx *ctx, const source *s, size_t first, size_t n, double *x, const double **pointers, tree_data *some)
{
    *some = (tree_data){ s->data.n, n, s->data.x ? s->data.x + first : pointers, s->data.names + first, s->data.categorical + first,
                         s->data.pools + first };
    for (size_t k = 0; k < n && !s->data.x; k++) {
        pointers[k] = x + k * s->data.n;
        TOC_TRY(cmd_aside_column(ctx, &s->aside, first + k, x + k * s->data.n));
    }
    return TOC_OK;
}

/* All gains: at once, or by as many columns as there are threads. */
static toc_status measure(toc_ctx *ctx, const source *s, const uint32_t *y, size_t n_classes, const tree_gain_options *wanted, tree_gain *gain)
{
    size_t n = s->data.x ? s->data.p : TOC_MIN(ctx->n_threads, s->data.p);
    const double **pointers = NULL;
    double *x = NULL;
    tree_data some;
    toc_status st;

    if ((st = toc_alloc(ctx, n, sizeof *pointers, &pointers))) goto out;
    if (!s->data.x && (st = toc_alloc(ctx, n * s->data.n, sizeof *x, &x))) goto out;
    for (size_t j = 0; j < s->data.p; j += n) {
        if ((st = some_columns(ctx, s, j, TOC_MIN(n, s->data.p - j), x, pointers, &some))) goto out;
        if ((st = tree_gains(ctx, &some, y, n_classes, wanted, gain + j))) goto out;
    }
    if (wanted->permutations) st = tree_gain_q_values(ctx, gain, s->data.p);
out:
    toc_free(pointers);
    toc_free(x);
    return st;
}

static toc_status bars_of(toc_ctx *ctx, const findings *f, size_t j, tree_bar bars[TREE_MOST_BARS], size_t *n)
{
    const double *pointer;
    double *x = NULL;
    tree_data one;
    toc_status st = TOC_OK;

    if (!f->s->data.x && (st = toc_alloc(ctx, f->s->data.n, sizeof *x, &x))) return st;
    st = some_columns(ctx, f->s, j, 1, x, &pointer, &one);
    if (!st) st = tree_gain_bars(ctx, &one, 0, f->y, f->n_classes, f->options, &f->gain[j], bars, n);
    toc_free(x);
    return st;
}

static toc_status page_column(toc_ctx *ctx, const findings *f, size_t j, rep_gain_column *column)
{
    const tree_data *d = &f->s->data;
    const tree_gain *g = &f->gain[j];
    tree_bar bars[TREE_MOST_BARS];
    rep_gain_bar *shown;
    char number[64];

    TOC_TRY(bars_of(ctx, f, j, bars, &column->n_bars));
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
    rep_gain_page page = { .target = f->s->target, .classes = f->classes, .n_classes = f->n_classes, .n_rows = f->s->data.n,
                           .entropy = f->gain[0].entropy, .n_columns = n, .n_left_out = f->s->data.p - n };
    rep_gain_column *columns;
    toc_out out;

    TOC_TRY(toc_arena_alloc(ctx, &ctx->arena, n, sizeof *columns, &columns));
    for (size_t k = 0; k < n; k++) TOC_TRY(page_column(ctx, f, f->order[k], &columns[k]));
    page.columns = columns;
    TOC_TRY(toc_out_open(ctx, path, true, &out));
    rep_write_gain(ctx, &page, &out);
    return toc_out_close(ctx, &out);
}

static toc_status rank(toc_ctx *ctx, const tree_data *d, const tree_gain *gain, uint32_t **order)
{
    ranking r = { gain, d->names };

    TOC_TRY(toc_arena_alloc(ctx, &ctx->arena, d->p, sizeof **order, order));
    for (uint32_t j = 0; j < d->p; j++) (*order)[j] = j;
    return toc_sort(ctx, *order, d->p, sizeof **order, by_falling_gain, &r);
}

/* The columns to leave out, that of the weights among them. */
static toc_status left_out(toc_ctx *ctx, const args *a, cli_list *drop)
{
    const char **items;

    *drop = a->drop;
    if (!a->weight) return TOC_OK;
    TOC_TRY(toc_arena_alloc(ctx, &ctx->arena, drop->n + 1, sizeof *items, &items));
    if (drop->n) memcpy(items, drop->items, drop->n * sizeof *items);
    items[drop->n++] = a->weight;
    drop->items = items;
    return TOC_OK;
}

static toc_status weights(toc_ctx *ctx, const cmd_learning *l, const char *name, const double **weight)
{
    const size_t n_rows = l->table.n_rows;
    double *all, *kept;

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

static toc_status read_table(toc_ctx *ctx, const char *path, const args *a, source *s)
{
    cmd_learning *l = &s->learning;
    cli_list drop;
    uint32_t *code;

    TOC_TRY(left_out(ctx, a, &drop));
    TOC_TRY(cmd_read_learning(ctx, path, a->target, &drop, false, l));
    TOC_TRY(toc_arena_alloc(ctx, &ctx->arena, l->data.n, sizeof *code, &code));
    for (size_t i = 0; i < l->data.n; i++) code[i] = l->target->code[l->row[i]];
    s->data = l->data;
    s->target = l->target->name;
    s->pool = l->target->pool;
    s->code = code;
    return weights(ctx, l, a->weight, &s->weight);
}

static toc_status read_twice(toc_ctx *ctx, const char *path, const args *a, source *s)
{
    cmd_aside *aside = &s->aside;
    const toc_pool **pools;
    const char **names;
    bool *categorical;

    TOC_TRY(cmd_put_aside(ctx, path, a->target, &a->drop, a->weight, aside));
    TOC_TRY(toc_arena_alloc(ctx, &ctx->arena, aside->n_kept, sizeof *pools, &pools));
    TOC_TRY(toc_arena_alloc(ctx, &ctx->arena, aside->n_kept, sizeof *names, &names));
    TOC_TRY(toc_arena_alloc(ctx, &ctx->arena, aside->n_kept, sizeof *categorical, &categorical));
    for (size_t k = 0; k < aside->n_kept; k++) {
        const tab_column *c = &aside->table.columns[aside->kept[k]];
        names[k] = c->name;
        categorical[k] = aside->text[aside->kept[k]];
        pools[k] = categorical[k] ? c->pool : NULL;
    }
    s->data = (tree_data){ aside->n, aside->n_kept, NULL, names, categorical, pools };
    s->target = aside->target->name;
    s->pool = aside->target->pool;
    s->code = aside->target_code;
    s->weight = aside->weight;
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
    const char *path = call->n_files ? call->files[0] : "-", *class_texts[TREE_MOST_CLASSES];
    tree_gain_options wanted = { .mdlp = a->intervals };
    source s = {0};
    tree_gain *gain;
    uint32_t *y, *order;
    size_t n_classes;
    toc_status st;

    if (a->weight && a->target && strcmp(a->weight, a->target) == 0)
        return toc_fail(ctx, TOC_E_USAGE, "--weight and --target are the same column \"%s\"", a->weight);
    if ((st = cmd_can_read_twice(path) ? read_twice(ctx, path, a, &s) : read_table(ctx, path, a, &s))) goto out;
    if ((st = classes(ctx, &s, &y, class_texts, &n_classes))) goto out;
    if ((st = toc_arena_alloc(ctx, &ctx->arena, s.data.p, sizeof *gain, &gain))) goto out;
    wanted.weight = s.weight;
    wanted.permutations = choose_permutations(ctx, a, &s.data);
    if ((st = measure(ctx, &s, y, n_classes, &wanted, gain))) goto out;
    if ((st = rank(ctx, &s.data, gain, &order))) goto out;
    findings f = { &s, &wanted, gain, y, order, class_texts, n_classes, a->top ? TOC_MIN(s.data.p, (size_t)a->top) : s.data.p };
    if (a->html && (st = write_page(ctx, a->html, &f))) goto out;
    st = write_gains(ctx, a, &s.data, gain, order, f.n_shown);
out:
    cmd_aside_release(&s.aside);
    cmd_learning_release(&s.learning);
    return st;
}

const cli_command cmd_gain = {
    .name = "gain", .group = "In a pipe", .usage = "--target COLUMN [options] [FILE]",
    .summary = "what each column of a CSV says about one of them",
    .examples = "  tocsin gain --target churned features.csv\n"
                "  tocsin features customers --orders orders.csv --label churn:90d | tocsin gain --target churned",
    .options = options, .defaults = &defaults, .args_size = sizeof defaults, .max_files = 1, .run = run,
};
