/* forest.c: isolation forest.
 *
 * Nodes of all trees stand in one array, tree by tree, children behind their parent; a leaf has column LEAF. Trees are grown in parallel, each
 * from its own random stream into its own slice, and scored in tree order, so results do not depend on the threads. */
#include "anomaly/anomaly.h"

#include <math.h>

#define LEAF UINT32_MAX

typedef struct {
    uint32_t column;
    uint32_t right;   /* index within the tree; the left child follows its parent */
    double threshold; /* x <= threshold goes left */
    uint32_t count;   /* training rows of the sample here */
} node;

struct ano_forest {
    size_t p, n_trees, n_sample, slice; /* slice: nodes kept for each tree */
    node *nodes;                        /* n_trees x slice */
    double *fill;                       /* p: the medians that stand for NaN */
    double *quantiles;                  /* 1001 training scores at equal shares, ascending */
};

enum { N_QUANTILES = 1001, ROWS_PER_TASK = 4096 };

ano_forest_params ano_forest_defaults(void)
{
    return (ano_forest_params){ .n_trees = 100, .sample_size = 256, .seed = 1 };
}

/* Mean path length of an unsuccessful search in a binary search tree of n keys. */
static double mean_path(double n)
{
    if (n < 2) return 0;
    if (n < 3) return 1;
    return 2 * (log(n - 1) + 0.57721566490153286) - 2 * (n - 1) / n;
}

static double value_of(const ano_forest *f, const ano_data *data, size_t column, size_t row)
{
    double v = data->x[column][row];
    return isnan(v) ? f->fill[column] : v;
}

/* One tree being grown over rows[0..n). */
typedef struct {
    const ano_forest *forest;
    const ano_data *data;
    uint32_t *rows;
    node *nodes;
    size_t n_nodes, depth_limit;
    toc_rng rng;
} growing;

/* A column in which the rows differ, drawn evenly; false when there is none. */
static bool draw_column(growing *g, size_t first, size_t n, uint32_t *column, double *low, double *high)
{
    size_t p = g->data->p, start = (size_t)toc_rng_below(&g->rng, p);

    for (size_t k = 0; k < p; k++) {
        size_t j = (start + k) % p;
        *low = INFINITY;
        *high = -INFINITY;
        for (size_t i = first; i < first + n; i++) {
            double v = value_of(g->forest, g->data, j, g->rows[i]);
            *low = fmin(*low, v);
            *high = fmax(*high, v);
        }
        if (!(*low < *high)) continue;
        *column = (uint32_t)j;
        return true;
    }
    return false;
}

static size_t grow(growing *g, size_t first, size_t n, size_t depth)
{
    size_t self = g->n_nodes++, left = first;
    double low, high;
    uint32_t column;

    g->nodes[self] = (node){ .column = LEAF, .count = (uint32_t)n };
    if (n <= 1 || depth >= g->depth_limit || !draw_column(g, first, n, &column, &low, &high)) return self;
    double threshold = low + toc_rng_unit(&g->rng) * (high - low);
    if (!(threshold < high)) threshold = low; /* rounding must not leave the right side empty */
    for (size_t i = first; i < first + n; i++) {
        if (value_of(g->forest, g->data, column, g->rows[i]) > threshold) continue;
        uint32_t swap = g->rows[i];
        g->rows[i] = g->rows[left];
        g->rows[left++] = swap;
    }
    grow(g, first, left - first, depth + 1);
    size_t right = grow(g, left, first + n - left, depth + 1);
    g->nodes[self].column = column;
    g->nodes[self].threshold = threshold;
    g->nodes[self].right = (uint32_t)right;
    return self;
}

typedef struct {
    ano_forest *forest;
    const ano_data *data;
    uint64_t seed;
} fit_job;

/* One row from each of n_sample equal strata of the row order: no row twice, every row equally likely, O(sample) memory. */
static void draw_sample(toc_rng *rng, size_t n, size_t n_sample, uint32_t *rows)
{
    if (n_sample == n) {
        for (size_t i = 0; i < n; i++) rows[i] = (uint32_t)i;
        return;
    }
    for (size_t i = 0; i < n_sample; i++) {
        size_t from = i * n / n_sample, to = (i + 1) * n / n_sample;
        rows[i] = (uint32_t)(from + toc_rng_below(rng, to - from));
    }
}

static toc_status grow_tree(toc_ctx *ctx, void *arg, size_t tree)
{
    fit_job *job = arg;
    ano_forest *f = job->forest;
    growing g = { .forest = f, .data = job->data, .nodes = f->nodes + tree * f->slice, .rng = toc_rng_new(job->seed, tree) };

    TOC_TRY(toc_alloc(ctx, f->n_sample, sizeof *g.rows, &g.rows));
    g.depth_limit = (size_t)ceil(log2((double)TOC_MAX(f->n_sample, (size_t)2)));
    draw_sample(&g.rng, job->data->n, f->n_sample, g.rows);
    grow(&g, 0, f->n_sample, 0);
    toc_free(g.rows);
    return TOC_OK;
}

static double path_length(const ano_forest *f, const ano_data *data, size_t tree, size_t row)
{
    const node *nodes = f->nodes + tree * f->slice;
    size_t at = 0, depth = 0;

    while (nodes[at].column != LEAF) {
        at = value_of(f, data, nodes[at].column, row) <= nodes[at].threshold ? at + 1 : nodes[at].right;
        depth++;
    }
    return (double)depth + mean_path(nodes[at].count);
}

typedef struct {
    const ano_forest *forest;
    const ano_data *data;
    double *score;
} score_job;

static toc_status score_rows(toc_ctx *ctx, void *arg, size_t task)
{
    score_job *job = arg;
    const ano_forest *f = job->forest;
    size_t end = TOC_MIN((task + 1) * ROWS_PER_TASK, job->data->n);
    double c = mean_path((double)f->n_sample);

    (void)ctx;
    for (size_t i = task * ROWS_PER_TASK; i < end; i++) {
        double sum = 0;
        for (size_t t = 0; t < f->n_trees; t++) sum += path_length(f, job->data, t, i);
        job->score[i] = c > 0 ? exp2(-sum / (double)f->n_trees / c) : 0.5;
    }
    return TOC_OK;
}

toc_status ano_forest_score(toc_ctx *ctx, const ano_forest *forest, const ano_data *data, double *score)
{
    score_job job = { forest, data, score };

    TOC_ASSERT(data->p == forest->p);
    return toc_parallel(ctx, (data->n + ROWS_PER_TASK - 1) / ROWS_PER_TASK, score_rows, &job);
}

/* Sorted copies give the medians of the columns and the quantiles of the training scores. */
static toc_status sorted_copy(toc_ctx *ctx, const double *x, size_t n, double *sorted, size_t *n_known)
{
    uint64_t *keys = NULL;
    uint32_t *order = NULL;
    toc_status st = TOC_OK;

    if ((st = toc_alloc(ctx, n, sizeof *keys, &keys))) goto out;
    if ((st = toc_alloc(ctx, n, sizeof *order, &order))) goto out;
    for (size_t i = 0; i < n; i++) keys[i] = toc_key_f64(x[i]);
    if ((st = toc_sort_u64(ctx, keys, n, false, order))) goto out;
    *n_known = 0;
    for (size_t i = 0; i < n; i++)
        if (!isnan(x[order[i]])) sorted[(*n_known)++] = x[order[i]];
out:
    toc_free(keys);
    toc_free(order);
    return st;
}

static toc_status remember_quantiles(toc_ctx *ctx, ano_forest *f, const ano_data *data)
{
    double *score = NULL, *sorted = NULL;
    size_t known = 0;
    toc_status st = TOC_OK;

    if ((st = toc_alloc(ctx, data->n, sizeof *score, &score))) goto out;
    if ((st = toc_alloc(ctx, data->n, sizeof *sorted, &sorted))) goto out;
    if ((st = ano_forest_score(ctx, f, data, score))) goto out;
    if ((st = sorted_copy(ctx, score, data->n, sorted, &known))) goto out;
    for (size_t q = 0; q < N_QUANTILES; q++) f->quantiles[q] = sorted[q * (known - 1) / (N_QUANTILES - 1)];
out:
    toc_free(score);
    toc_free(sorted);
    return st;
}

static toc_status remember_medians(toc_ctx *ctx, ano_forest *f, const ano_data *data)
{
    double *sorted;
    toc_status st = TOC_OK;

    TOC_TRY(toc_alloc(ctx, data->n, sizeof *sorted, &sorted));
    for (size_t j = 0; j < data->p && !st; j++) {
        size_t known = 0;
        st = sorted_copy(ctx, data->x[j], data->n, sorted, &known);
        f->fill[j] = known ? sorted[known / 2] : 0;
    }
    toc_free(sorted);
    return st;
}

toc_status ano_forest_fit(toc_ctx *ctx, const ano_data *data, const ano_forest_params *params, ano_forest **forest)
{
    ano_forest *f = NULL;
    toc_status st = TOC_OK;

    if (!data->n || !data->p) return toc_fail(ctx, TOC_E_DATA, "an isolation forest needs rows and columns");
    TOC_TRY(toc_alloc(ctx, 1, sizeof *f, &f));
    f->p = data->p;
    f->n_trees = params->n_trees;
    f->n_sample = TOC_MIN(params->sample_size, data->n);
    f->slice = 2 * f->n_sample;
    if ((st = toc_alloc(ctx, f->n_trees * f->slice, sizeof *f->nodes, &f->nodes))) goto fail;
    if ((st = toc_alloc(ctx, f->p, sizeof *f->fill, &f->fill))) goto fail;
    if ((st = toc_alloc(ctx, N_QUANTILES, sizeof *f->quantiles, &f->quantiles))) goto fail;
    if ((st = remember_medians(ctx, f, data))) goto fail;
    fit_job job = { f, data, params->seed };
    if ((st = toc_parallel(ctx, f->n_trees, grow_tree, &job))) goto fail;
    if ((st = remember_quantiles(ctx, f, data))) goto fail;
    *forest = f;
    return TOC_OK;
fail:
    ano_forest_free(f);
    return st;
}

void ano_forest_free(ano_forest *forest)
{
    if (!forest) return;
    toc_free(forest->nodes);
    toc_free(forest->fill);
    toc_free(forest->quantiles);
    toc_free(forest);
}

double ano_forest_quantile(const ano_forest *forest, double score)
{
    size_t low = 0, high = N_QUANTILES;

    while (low < high) { /* the first quantile that is not below the score */
        size_t middle = (low + high) / 2;
        if (forest->quantiles[middle] < score) low = middle + 1;
        else high = middle;
    }
    return TOC_MIN((double)low / (N_QUANTILES - 1), 1.0);
}

void ano_forest_explain(const ano_forest *forest, const ano_data *data, size_t row, double *credit)
{
    double total = 0;

    for (size_t j = 0; j < forest->p; j++) credit[j] = 0;
    for (size_t t = 0; t < forest->n_trees; t++) {
        const node *nodes = forest->nodes + t * forest->slice;
        for (size_t at = 0; nodes[at].column != LEAF;) {
            size_t child = value_of(forest, data, nodes[at].column, row) <= nodes[at].threshold ? at + 1 : nodes[at].right;
            double bits = log2((double)nodes[at].count / (double)TOC_MAX(nodes[child].count, 1u)) - 1;
            if (bits > 0) credit[nodes[at].column] += bits;
            at = child;
        }
    }
    for (size_t j = 0; j < forest->p; j++) total += credit[j];
    for (size_t j = 0; j < forest->p && total > 0; j++) credit[j] /= total;
}
