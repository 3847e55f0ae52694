/* gain.c: what columns say about a target: the columns are shared among the threads, each is sorted once, and all measures come from class counts of
 * stretches of that order. */
#include "tree/gain_int.h"

enum { LARGEST_TABLE = 1 << 24, TABLE_PART = 1 << 16, ENOUGH_ROWS = 20, WIDEST_GAP = 2 };
#define LIKE_TARGET 0.95
#define NOISE 1e-13 /* bits: what is left of nothing by rounding */

/* A partition, branch by branch. */
typedef struct {
    const gain_job *a;
    double impurity, gini, split, chi; /* sums over branches; split: of n_b log2 n_b; chi: of O^2 / (R C) */
    size_t branches;                   /* that are not empty */
} partition;

static double gini(const gain_job *a, const double *classes)
{
    double sum = 0, n = 0;

    for (size_t c = 0; c < a->k; c++) {
        sum += classes[c] * classes[c];
        n += classes[c];
    }
    return n > 0 ? n - sum / n : 0;
}

static void add_branch(partition *p, const double *classes)
{
    const gain_job *a = p->a;
    double n = 0;

    for (size_t c = 0; c < a->k; c++) n += classes[c];
    if (!(n > 0)) return;
    p->impurity += gain_impurity(a, classes);
    p->gini += gini(a, classes);
    p->split += gain_x_log2_x(a, n);
    p->branches++;
    for (size_t c = 0; c < a->k; c++) {
        if (classes[c] > 0) p->chi += classes[c] / n * (classes[c] / a->all[c]);
    }
}

static void add_rows(partition *p, const gain_sequence *s, size_t from, size_t to)
{
    double classes[TREE_MOST_CLASSES] = {0};

    gain_count(p->a, s, from, to, classes);
    add_branch(p, classes);
}

double gain_left(const gain_job *a, double impurity)
{
    double gain = (gain_impurity(a, a->all) - impurity) / a->total;
    return gain > NOISE ? gain : 0;
}

static void finish(const partition *p, tree_gain *out)
{
    const gain_job *a = p->a;
    double split_info = TOC_MAX((gain_x_log2_x(a, a->total) - p->split) / a->total, 0), classes = 0;

    for (size_t c = 0; c < a->k; c++) classes += a->all[c] > 0;
    out->entropy = gain_impurity(a, a->all) / a->total;
    out->gain = gain_left(a, p->impurity);
    out->gain_ratio = split_info > 1e-12 ? out->gain / split_info : 0;
    out->gini_decrease = TOC_MAX((gini(a, a->all) - p->gini) / a->total, 0);
    out->chi_square = TOC_MAX(a->total * (p->chi - 1), 0);
    out->symmetric_uncertainty = out->entropy + split_info > 0 ? 2 * out->gain / (out->entropy + split_info) : 0;
    out->corrected = out->gain - TOC_MAX((double)p->branches - 1, 0) * (classes - 1) / (2 * a->rows * log(2));
}

static toc_status numeric(toc_ctx *ctx, const gain_job *a, gain_scratch *scratch, tree_gain *out, double *left)
{
    const gain_sequence *s = &scratch->s;
    partition p = { .a = a };
    double rest;
    size_t at;

    TOC_TRY(gain_cut(ctx, a, scratch, 0, s->m, NAN, &at, &rest));
    if (at > 0) {
        out->threshold = tree_between(gain_value(s, at - 1), gain_value(s, at));
        add_rows(&p, s, 0, at);
    }
    add_rows(&p, s, at, s->m);
    add_rows(&p, s, s->m, s->n);
    finish(&p, out);
    *left = p.impurity;
    return TOC_OK;
}

static void categorical(const gain_job *a, const gain_sequence *s, tree_gain *out, double *left)
{
    partition p = { .a = a };

    for (size_t from = 0, to; from < s->m; from = to) {
        for (to = from; !s->end[to++];) continue;
        add_rows(&p, s, from, to);
    }
    add_rows(&p, s, s->m, s->n);
    finish(&p, out);
    *left = p.impurity;
}

static double missing_gain(const gain_job *a, const gain_sequence *s)
{
    partition p = { .a = a };

    if (s->m == 0 || s->m == s->n) return 0;
    add_rows(&p, s, 0, s->m);
    add_rows(&p, s, s->m, s->n);
    return gain_left(a, p.impurity);
}

/* Whether the values are whole numbers without large gaps, as row numbers and keys given out one by one are. */
static bool is_numbering(const gain_sequence *s, const double *x)
{
    double least = gain_value(s, 0), most = gain_value(s, s->m - 1);

    if (!(most - least < WIDEST_GAP * (double)s->m)) return false;
    for (size_t i = 0; i < s->n; i++)
        if (x[i] == x[i] && x[i] != floor(x[i])) return false;
    return true;
}

static void flag(const gain_sequence *s, const double *x, bool by_value, tree_gain *out)
{
    bool all_differ = s->m > 1 && s->n_distinct == s->m, enough = s->n >= ENOUGH_ROWS;

    if (by_value) out->like_id = all_differ || (enough && 2 * s->n_distinct > s->n);
    if (!enough || out->like_id || !(out->entropy > 0)) return;
    out->like_target = out->corrected >= LIKE_TARGET * out->entropy;
    out->like_id = !by_value && !out->like_target && all_differ && is_numbering(s, x);
    out->missing_tells = out->missing_gain >= out->entropy / 2;
}

static toc_status column(toc_ctx *ctx, const gain_job *a, size_t j, gain_scratch *scratch)
{
    tree_gain *out = &a->gain[j];
    const gain_sequence *s = &scratch->s;
    bool by_value = a->data->categorical && a->data->categorical[j];
    double left;

    memset(out, 0, sizeof *out);
    out->threshold = out->binary_gain = out->p_value = out->q_value = NAN;
    TOC_TRY(gain_sort(ctx, a, j, scratch));
    out->n_missing = s->n - s->m;
    out->n_distinct = s->n_distinct;
    out->missing_gain = missing_gain(a, s);
    if (by_value) {
        categorical(a, s, out, &left);
        TOC_TRY(gain_binary(ctx, a, scratch, out));
    } else {
        TOC_TRY(numeric(ctx, a, scratch, out, &left));
        if (a->options.mdlp) TOC_TRY(gain_intervals(ctx, a, scratch, out));
    }
    flag(s, a->data->x[j], by_value, out);
    return a->options.permutations ? gain_chance(ctx, a, scratch, j, by_value, left, a->options.permutations, &out->p_value) : TOC_OK;
}

/* Columns nobody has taken yet, in the same memory: fresh pages for each would cost a fifth of the time. */
static toc_status columns(toc_ctx *ctx, void *arg, size_t task)
{
    gain_job *a = arg;
    gain_scratch scratch = {0};
    toc_status st = gain_scratch_make(ctx, a, &scratch);

    (void)task;
    while (!st) {
        size_t j = __atomic_fetch_add(&a->next, 1, __ATOMIC_RELAXED);
        if (j >= a->data->p) break;
        st = column(ctx, a, j, &scratch);
    }
    gain_scratch_release(&scratch);
    return st;
}

typedef struct {
    double *table;
    size_t n;
} table_job;

static toc_status fill_table(toc_ctx *ctx, void *arg, size_t task)
{
    const table_job *t = arg;
    size_t first = task * TABLE_PART, last = TOC_MIN(first + TABLE_PART, t->n);

    (void)ctx;
    for (size_t c = TOC_MAX(first, 2); c < last; c++) t->table[c] = (double)c * log2((double)c);
    return TOC_OK;
}

static toc_status prepare(toc_ctx *ctx, const uint32_t *y, gain_job *a)
{
    const size_t n = a->data->n;
    double squares = a->weight ? 0 : (double)n;

    for (size_t i = 0; i < n; i++) a->classes[i] = (uint8_t)y[i];
    for (size_t i = 0; i < n && a->weight; i++) {
        double w = a->weight[i];
        if (!(w >= 0 && w < INFINITY)) return toc_fail(ctx, TOC_E_DATA, "row %zu weighs %g; a weight is a number of at least 0", i + 1, w);
        a->all[y[i]] += w;
        squares += w * w;
    }
    gain_sequence whole = { .y = a->classes };
    if (!a->weight) gain_count(a, &whole, 0, n, a->all);
    for (size_t c = 0; c < a->k; c++) a->total += a->all[c];
    if (n && !(a->total > 0)) return toc_fail(ctx, TOC_E_DATA, "all rows weigh 0");
    a->rows = squares > 0 ? a->total * a->total / squares : 0;
    a->tolerance = 1e-12 * a->total;
    a->y = a->classes;
    if (a->weight) return TOC_OK;
    a->table = a->logs;
    table_job t = { a->logs, a->n_table + 1 };
    return toc_parallel(ctx, (t.n + TABLE_PART - 1) / TABLE_PART, fill_table, &t);
}

toc_status gain_job_make(toc_ctx *ctx, const tree_data *data, const uint32_t *y, size_t n_classes, const tree_gain_options *options, gain_job *a)
{
    TOC_ASSERT(n_classes >= 1 && n_classes <= TREE_MOST_CLASSES);
    *a = (gain_job){ .data = data, .k = n_classes };
    if (options) a->options = *options;
    a->weight = a->options.weight;
    a->n_table = a->weight ? 0 : TOC_MIN(data->n, (size_t)LARGEST_TABLE);
    TOC_TRY(toc_alloc(ctx, data->n, 1, &a->classes));
    TOC_TRY(toc_alloc(ctx, a->n_table + 1, sizeof *a->logs, &a->logs));
    return prepare(ctx, y, a);
}

void gain_job_release(gain_job *a)
{
    toc_free(a->classes);
    toc_free(a->logs);
}

toc_status tree_gains(toc_ctx *ctx, const tree_data *data, const uint32_t *y, size_t n_classes, const tree_gain_options *options, tree_gain *gain)
{
    gain_job a;
    toc_status st;

    if ((st = gain_job_make(ctx, data, y, n_classes, options, &a))) goto out;
    a.gain = gain;
    if ((st = toc_parallel(ctx, TOC_MIN(data->p, ctx->n_threads), columns, &a))) goto out;
    if (a.options.permutations) st = tree_gain_q_values(ctx, gain, data->p);
out:
    gain_job_release(&a);
    return st;
}

toc_status tree_column_gain(toc_ctx *ctx, const tree_data *data, size_t j, const uint32_t *y, size_t n_classes, const tree_gain_options *options,
                            tree_gain *gain)
{
    tree_data one = { data->n, 1, data->x + j, data->names ? data->names + j : NULL, data->categorical ? data->categorical + j : NULL,
                      data->pools ? data->pools + j : NULL };

    return tree_gains(ctx, &one, y, n_classes, options, gain);
}
