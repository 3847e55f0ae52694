/* gain.c: information gain of columns. A numeric column is sorted once (radix) and cut at its best threshold; k log2 k comes from a table of whole
 * numbers, so moving a row from one side to the other costs four look-ups. */
#include "tree/tree_int.h"

#include <math.h>

enum { LARGEST_TABLE = 1 << 24 };

typedef struct {
    const tree_data *data;
    const uint32_t *y;
    size_t n_classes;
    const double *table; /* k log2 k for k <= n_table */
    size_t n_table;
    tree_gain *gain;     /* per column */
    size_t n_tasks;
} job;

static double x_log2_x(const job *a, uint64_t k)
{
    if (k <= a->n_table) return a->table[k];
    return (double)k * log2((double)k);
}

/* n log2 n less the sum over classes: the weight times the entropy. */
static double impurity(const job *a, const uint64_t *classes, uint64_t *n)
{
    double sum = 0;

    *n = 0;
    for (size_t c = 0; c < a->n_classes; c++) {
        sum += x_log2_x(a, classes[c]);
        *n += classes[c];
    }
    return x_log2_x(a, *n) - sum;
}

static double gini(const job *a, const uint64_t *classes)
{
    double sum = 0, n = 0;

    for (size_t c = 0; c < a->n_classes; c++) {
        sum += (double)classes[c] * (double)classes[c];
        n += (double)classes[c];
    }
    return n > 0 ? n - sum / n : 0;
}

/* A partition, branch by branch. */
typedef struct {
    const job *a;
    double impurity, gini, split; /* sums over branches; split: of n_b log2 n_b */
} partition;

static void add_branch(partition *p, const uint64_t *classes)
{
    uint64_t n;

    p->impurity += impurity(p->a, classes, &n);
    p->gini += gini(p->a, classes);
    p->split += x_log2_x(p->a, n);
}

static void finish(const partition *p, const uint64_t *all, tree_gain *out)
{
    uint64_t n;
    double whole = impurity(p->a, all, &n), total = (double)n;

    if (n == 0) return;
    double split_info = (x_log2_x(p->a, n) - p->split) / total;
    out->entropy = whole / total;
    out->gain = TOC_MAX((whole - p->impurity) / total, 0);
    out->gain_ratio = split_info > 1e-12 ? out->gain / split_info : 0;
    out->gini_decrease = TOC_MAX((gini(p->a, all) - p->gini) / total, 0);
}

/* A row while sorting: its key, and its class carried along, so that the passes after it read memory in order. */
typedef struct {
    uint64_t key;
    uint32_t y;
} item;

enum { DIGIT = 11, BUCKETS = 1 << DIGIT };

/* Memory of one column's work. */
typedef struct {
    item *items, *spare; /* n each */
    uint32_t *count;     /* BUCKETS */
    uint64_t *all, *left, *right, *missing;
} scratch;

/* Stable radix sort of m items by key over the bits in which keys differ; returns where the result is. */
static item *sort_items(const scratch *s, size_t m)
{
    item *from = s->items, *to = s->spare;
    uint64_t differ = 0;

    for (size_t i = 1; i < m; i++) differ |= from[i].key ^ from[0].key;
    for (unsigned shift = 0; shift < 64 && differ >> shift; shift += DIGIT) {
        while (!(differ >> shift & 1)) shift++; /* numbers with few digits leave the low bits alone */
        memset(s->count, 0, BUCKETS * sizeof *s->count);
        for (size_t i = 0; i < m; i++) s->count[from[i].key >> shift & (BUCKETS - 1)]++;
        uint32_t sum = 0;
        for (size_t b = 0; b < BUCKETS; b++) {
            uint32_t here = s->count[b];
            s->count[b] = sum;
            sum += here;
        }
        for (size_t i = 0; i < m; i++) to[s->count[from[i].key >> shift & (BUCKETS - 1)]++] = from[i];
        item *swap = from;
        from = to;
        to = swap;
    }
    return from;
}

/* The best place to cut m sorted items: those before it go left. 0 = none. */
static size_t best_cut(const job *a, const scratch *s, const item *items, size_t m)
{
    double left = 0, right, best = INFINITY; /* sums over classes of k log2 k */
    size_t at = 0;
    uint64_t n;

    memset(s->left, 0, a->n_classes * sizeof *s->left);
    right = impurity(a, s->right, &n);
    right = x_log2_x(a, n) - right;
    for (size_t i = 0; i + 1 < m; i++) {
        uint32_t c = items[i].y;
        left += x_log2_x(a, s->left[c] + 1) - x_log2_x(a, s->left[c]);
        right += x_log2_x(a, s->right[c] - 1) - x_log2_x(a, s->right[c]);
        s->left[c]++;
        s->right[c]--;
        if (items[i].key == items[i + 1].key) continue;
        double rest = x_log2_x(a, i + 1) - left + x_log2_x(a, m - i - 1) - right;
        if (rest >= best - 1e-12 * (double)m) continue; /* not merely by rounding */
        best = rest;
        at = i + 1;
    }
    return at;
}

static void count_classes(const job *a, const item *items, size_t n, uint64_t *classes)
{
    memset(classes, 0, a->n_classes * sizeof *classes);
    for (size_t i = 0; i < n; i++) classes[items[i].y]++;
}

static void numeric(const job *a, size_t j, const scratch *s, tree_gain *out)
{
    const double *x = a->data->x[j];
    size_t n = a->data->n, m = 0;
    partition p = { .a = a };

    for (size_t i = 0; i < n; i++) {
        if (isnan(x[i])) s->missing[a->y[i]]++;
        else s->items[m++] = (item){ toc_key_f64(x[i] == 0 ? 0 : x[i]), a->y[i] };
    }
    const item *items = sort_items(s, m);
    for (size_t i = 0; i < m; i++) out->n_distinct += i == 0 || items[i].key != items[i - 1].key;
    count_classes(a, items, m, s->right);
    out->n_missing = n - m;
    size_t at = best_cut(a, s, items, m);
    count_classes(a, items, at, s->left);
    count_classes(a, items + at, m - at, s->right);
    if (at > 0) {
        out->threshold = tree_between(toc_f64_of_key(items[at - 1].key), toc_f64_of_key(items[at].key));
        add_branch(&p, s->left);
    }
    if (m > 0) add_branch(&p, s->right);
    if (m < n) add_branch(&p, s->missing);
    finish(&p, s->all, out);
}

static bool is_missing(const tree_data *data, size_t j, size_t row)
{
    double x = data->x[j][row];
    return isnan(x) || (x == 0 && data->pools && data->pools[j]);
}

static void categorical(const job *a, size_t j, const scratch *s, tree_gain *out)
{
    const double *x = a->data->x[j];
    size_t n = a->data->n;
    partition p = { .a = a };

    for (size_t i = 0; i < n; i++) s->items[i] = (item){ is_missing(a->data, j, i) ? UINT64_MAX : toc_key_f64(x[i]), a->y[i] };
    const item *items = sort_items(s, n);
    for (size_t from = 0, to; from < n; from = to) {
        for (to = from + 1; to < n && items[to].key == items[from].key;) to++;
        if (items[from].key == UINT64_MAX) out->n_missing = to - from;
        else out->n_distinct++;
        count_classes(a, items + from, to - from, s->left);
        add_branch(&p, s->left);
    }
    finish(&p, s->all, out);
}

static void column(const job *a, size_t j, const scratch *s)
{
    tree_gain out = { .threshold = NAN };

    memset(s->all, 0, 4 * a->n_classes * sizeof *s->all);
    for (size_t i = 0; i < a->data->n; i++) s->all[a->y[i]]++;
    if (a->data->categorical && a->data->categorical[j]) categorical(a, j, s, &out);
    else numeric(a, j, s, &out);
    a->gain[j] = out;
}

/* Every n_tasks-th column, in the same memory: fresh pages for each would cost a fifth of the time. */
static toc_status columns(toc_ctx *ctx, void *arg, size_t task)
{
    const job *a = arg;
    scratch s = {0};
    size_t n = a->data->n, k = a->n_classes;
    toc_status st;

    if ((st = toc_alloc(ctx, 2 * n, sizeof *s.items, &s.items))) goto out;
    if ((st = toc_alloc(ctx, BUCKETS, sizeof *s.count, &s.count))) goto out;
    if ((st = toc_alloc(ctx, 4 * k, sizeof *s.all, &s.all))) goto out;
    s.spare = s.items + n;
    s.left = s.all + k;
    s.right = s.left + k;
    s.missing = s.right + k;
    for (size_t j = task; j < a->data->p; j += a->n_tasks) column(a, j, &s);
out:
    toc_free(s.items);
    toc_free(s.count);
    toc_free(s.all);
    return st;
}

static toc_status make_table(toc_ctx *ctx, size_t n, double **table, size_t *n_table)
{
    *n_table = TOC_MIN(n, (size_t)LARGEST_TABLE);
    TOC_TRY(toc_alloc(ctx, *n_table + 1, sizeof **table, table));
    for (size_t k = 2; k <= *n_table; k++) (*table)[k] = (double)k * log2((double)k);
    return TOC_OK;
}

toc_status tree_gains(toc_ctx *ctx, const tree_data *data, const uint32_t *y, size_t n_classes, tree_gain *gain)
{
    double *table;
    job a = { data, y, n_classes, NULL, 0, gain, TOC_MIN(data->p, ctx->n_threads) };

    TOC_TRY(make_table(ctx, data->n, &table, &a.n_table));
    a.table = table;
    toc_status st = toc_parallel(ctx, a.n_tasks, columns, &a);
    toc_free(table);
    return st;
}

toc_status tree_column_gain(toc_ctx *ctx, const tree_data *data, size_t j, const uint32_t *y, size_t n_classes, tree_gain *gain)
{
    tree_data one = { data->n, 1, data->x + j, data->names ? data->names + j : NULL, data->categorical ? data->categorical + j : NULL,
                      data->pools ? data->pools + j : NULL };

    return tree_gains(ctx, &one, y, n_classes, gain);
}
