/* fit.c: single trees, forests and boosting over the one grower. Forests grow trees in parallel, each from its own random stream; boosting grows one
 * after another and shares the columns of each among the threads. */
#include "tree/tree_int.h"

#include <math.h>

enum { BLOCK = 16384 };

tree_params tree_defaults(tree_kind kind)
{
    tree_params p = { .kind = kind, .criterion = TREE_ENTROPY, .loss = TREE_LOGISTIC, .n_trees = 1, .max_depth = 6, .min_leaf = 20,
                      .learning_rate = 1, .row_share = 1, .column_share = 1, .max_bins = 255, .seed = 1 };

    if (kind == TREE_FOREST) {
        p.n_trees = 200;
        p.max_depth = 0;
        p.min_leaf = 5;
        p.column_share = 0;
    }
    if (kind == TREE_BOOST) {
        p.n_trees = 200;
        p.max_depth = 0;
        p.max_leaves = 15;
        p.learning_rate = 0.05;
        p.l2 = 1;
        p.column_share = 0.7;
    }
    return p;
}

typedef struct {
    const tree_params *params;
    const double *y, *weight; /* weight may be NULL */
    tree_binned binned;
    tree_grown *trees;
    double base;
    uint32_t *all_columns;
    /* boosting */
    tree_pair *pair;
    double *score;            /* raw, per row */
    double *block_max;        /* per block */
    double g_unit, h_unit;
    size_t n_trees;
} fitting;

/* The power of two that gives `most` about 30 bits. */
static double unit_of(double most)
{
    int exponent;

    if (!(most > 0)) return 1;
    frexp(most, &exponent);
    return ldexp(1, exponent - 30);
}

static double weight_of(const fitting *f, size_t row)
{
    return f->weight ? f->weight[row] : 1;
}

static toc_status check(toc_ctx *ctx, const tree_data *data, const double *y, const double *weight, const tree_params *params)
{
    double total = 0;

    if (data->n == 0) return toc_fail(ctx, TOC_E_DATA, "no rows to learn from");
    if (data->p == 0) return toc_fail(ctx, TOC_E_DATA, "no columns to learn from");
    if (data->n > INT32_MAX) return toc_fail(ctx, TOC_E_DATA, "%zu rows; at most %d can be learned from", data->n, INT32_MAX);
    for (size_t i = 0; i < data->n; i++) {
        if (params->loss == TREE_LOGISTIC && y[i] != 0 && y[i] != 1)
            return toc_fail(ctx, TOC_E_DATA, "label %g of row %zu is not 0 or 1", y[i], i + 1);
        if (!isfinite(y[i])) return toc_fail(ctx, TOC_E_DATA, "the label of row %zu is no number", i + 1);
        double w = weight ? weight[i] : 1;
        if (!(w >= 0) || !isfinite(w)) return toc_fail(ctx, TOC_E_DATA, "weight %g of row %zu", w, i + 1);
        total += w;
    }
    if (!(total > 0)) return toc_fail(ctx, TOC_E_DATA, "all weights are 0");
    return TOC_OK;
}

/* ---- single trees and forests ---- */

static tree_measure measure_of(const tree_params *p)
{
    if (p->loss == TREE_SQUARED || p->kind == TREE_BOOST) return TREE_BY_NEWTON;
    return p->criterion == TREE_GINI ? TREE_BY_GINI : TREE_BY_ENTROPY;
}

/* How often each row is drawn into a tree's bag; returns how many differ from 0. */
static size_t draw_rows(const fitting *f, toc_rng *rng, uint32_t *times, uint32_t *rows)
{
    const tree_params *p = f->params;
    size_t n = f->binned.n, kept = 0;

    if (p->kind != TREE_FOREST) for (size_t i = 0; i < n; i++) times[i] = 1;
    else if (p->row_share >= 1) for (size_t i = 0; i < n; i++) times[toc_rng_below(rng, n)]++;
    else for (size_t i = 0; i < n; i++) times[i] = toc_rng_unit(rng) < p->row_share;
    for (size_t i = 0; i < n; i++)
        if (times[i] && weight_of(f, i) > 0) rows[kept++] = (uint32_t)i;
    return kept;
}

static void fill_bag(const fitting *f, const uint32_t *times, tree_grow_job *job, tree_pair *pair)
{
    double most_g = 0, most_h = 0, total = 0;

    for (size_t k = 0; k < job->n_rows; k++) {
        size_t i = job->rows[k];
        double w = weight_of(f, i) * times[i];
        most_h = TOC_MAX(most_h, w);
        most_g = TOC_MAX(most_g, fabs(w * (f->y[i] - f->base)));
        total += w;
    }
    /* Labels and weights share a unit, so that a pure node's are equal to the last bit. */
    if (f->params->loss == TREE_LOGISTIC) most_g = most_h;
    job->rule.g_unit = unit_of(most_g);
    job->rule.h_unit = unit_of(most_h);
    job->rule.gain_unit = total > 0 ? 1 / total : 1;
    for (size_t k = 0; k < job->n_rows; k++) {
        size_t i = job->rows[k];
        double w = weight_of(f, i) * times[i];
        pair[i] = (tree_pair){ (int32_t)rint(w * (f->y[i] - f->base) / job->rule.g_unit), (int32_t)rint(w / job->rule.h_unit) };
    }
}

static toc_status fit_bagged(toc_ctx *ctx, void *arg, size_t t)
{
    fitting *f = arg;
    const tree_params *p = f->params;
    size_t n = f->binned.n;
    uint32_t *times = NULL, *rows = NULL;
    tree_pair *pair = NULL;
    toc_status st;
    tree_grow_job job = { .data = &f->binned, .max_depth = p->max_depth, .max_leaves = p->max_leaves, .columns = f->all_columns,
                          .n_columns = f->binned.p, .rng = toc_rng_new(p->seed, t + 1), .threads = p->kind == TREE_SINGLE, .leaf_scale = 1 };

    job.rule = (tree_rule){ .measure = measure_of(p), .min_rows = (double)TOC_MAX(p->min_leaf, 1), .min_gain = p->min_gain };
    if ((st = toc_alloc(ctx, n, sizeof *times, &times))) goto out;
    if ((st = toc_alloc(ctx, n, sizeof *rows, &rows))) goto out;
    if ((st = toc_alloc(ctx, n, sizeof *pair, &pair))) goto out;
    if (p->kind == TREE_FOREST && p->column_share < 1) {
        double share = p->column_share > 0 ? p->column_share * (double)f->binned.p : sqrt((double)f->binned.p);
        job.sampled_columns = TOC_MIN(TOC_MAX((size_t)(share + 0.5), 1), f->binned.p);
        if (job.sampled_columns == f->binned.p) job.sampled_columns = 0;
    }
    job.rows = rows;
    job.n_rows = draw_rows(f, &job.rng, times, rows);
    fill_bag(f, times, &job, pair);
    job.pair = pair;
    st = tree_grow(ctx, &job, &f->trees[t]);
out:
    toc_free(times);
    toc_free(rows);
    toc_free(pair);
    return st;
}

/* ---- boosting ---- */

static void gradient(const fitting *f, size_t i, double *g, double *h)
{
    double w = weight_of(f, i), p = f->score[i];

    if (f->params->loss == TREE_SQUARED) {
        *g = w * (f->y[i] - p);
        *h = w;
        return;
    }
    p = 1 / (1 + exp(-p));
    *g = w * (f->y[i] - p);
    *h = w * p * (1 - p);
}

static toc_status largest_gradient(toc_ctx *ctx, void *arg, size_t task)
{
    fitting *f = arg;
    double g, h, most = 0;

    (void)ctx;
    for (size_t i = task * BLOCK; i < TOC_MIN((task + 1) * BLOCK, f->binned.n); i++) {
        gradient(f, i, &g, &h);
        most = TOC_MAX(most, fabs(g));
    }
    f->block_max[task] = most;
    return TOC_OK;
}

static toc_status fill_gradients(toc_ctx *ctx, void *arg, size_t task)
{
    fitting *f = arg;
    double g, h;

    (void)ctx;
    for (size_t i = task * BLOCK; i < TOC_MIN((task + 1) * BLOCK, f->binned.n); i++) {
        gradient(f, i, &g, &h);
        f->pair[i] = (tree_pair){ (int32_t)rint(g / f->g_unit), (int32_t)rint(h / f->h_unit) };
    }
    return TOC_OK;
}

static toc_status gradients(toc_ctx *ctx, fitting *f)
{
    size_t blocks = (f->binned.n + BLOCK - 1) / BLOCK;
    double most = 0, most_weight = 0;

    if (f->params->loss == TREE_SQUARED) {
        TOC_TRY(toc_parallel(ctx, blocks, largest_gradient, f));
        for (size_t b = 0; b < blocks; b++) most = TOC_MAX(most, f->block_max[b]);
        f->g_unit = unit_of(most);
    }
    if (f->h_unit == 0) { /* the weights, and the logistic loss's largest gradient, do not change between trees */
        for (size_t i = 0; i < f->binned.n; i++) most_weight = TOC_MAX(most_weight, weight_of(f, i));
        f->h_unit = unit_of(most_weight);
        if (f->params->loss == TREE_LOGISTIC) f->g_unit = f->h_unit;
    }
    return toc_parallel(ctx, blocks, fill_gradients, f);
}

typedef struct {
    fitting *f;
    const tree_grown *tree;
    const uint32_t *rows;
} update;

static toc_status update_leaf(toc_ctx *ctx, void *arg, size_t node)
{
    update *u = arg;
    const tree_grown *t = u->tree;

    (void)ctx;
    if (t->nodes[node].feature >= 0) return TOC_OK;
    for (size_t k = 0; k < t->count[node]; k++) u->f->score[u->rows[t->first[node] + k]] += t->nodes[node].value;
    return TOC_OK;
}

/* With rows left out of the tree: every row walks it by its bins. */
static toc_status update_walk(toc_ctx *ctx, void *arg, size_t task)
{
    update *u = arg;
    const tree_binned *data = &u->f->binned;

    (void)ctx;
    for (size_t i = task * BLOCK; i < TOC_MIN((task + 1) * BLOCK, data->n); i++) {
        size_t node = 0;
        while (u->tree->nodes[node].feature >= 0) {
            const tree_split *s = &u->tree->splits[node];
            unsigned bin = data->bins[s->feature * data->n + i];
            bool left = bin == TREE_MISSING ? s->missing_left : s->categorical ? tree_bit(&s->left, bin) : bin <= s->bin;
            node = (size_t)(left ? u->tree->nodes[node].left : u->tree->nodes[node].right);
        }
        u->f->score[i] += u->tree->nodes[node].value;
    }
    return TOC_OK;
}

/* Columns of one tree, ascending. */
static size_t draw_tree_columns(const fitting *f, toc_rng *rng, uint32_t *columns)
{
    size_t p = f->binned.p, n = 0, left = p;
    double share = f->params->column_share > 0 ? f->params->column_share : 1;
    size_t want = TOC_MIN(TOC_MAX((size_t)(share * (double)p + 0.5), 1), p);

    for (uint32_t j = 0; j < p && want > 0; j++, left--) {
        if (toc_rng_below(rng, left) >= want) continue;
        columns[n++] = j;
        want--;
    }
    return n;
}

static toc_status boost_once(toc_ctx *ctx, fitting *f, size_t t, uint32_t *rows, uint32_t *columns)
{
    const tree_params *p = f->params;
    tree_grow_job job = { .data = &f->binned, .pair = f->pair, .rows = rows, .max_depth = p->max_depth, .max_leaves = p->max_leaves,
                          .columns = columns, .rng = toc_rng_new(p->seed, t + 1), .threads = true, .leaf_scale = p->learning_rate };
    size_t blocks = (f->binned.n + BLOCK - 1) / BLOCK;
    update u = { f, &f->trees[t], rows };

    TOC_TRY(gradients(ctx, f));
    job.rule = (tree_rule){ .measure = TREE_BY_NEWTON, .g_unit = f->g_unit, .h_unit = f->h_unit, .l2 = p->l2, .smooth = 10,
                            .min_rows = (double)TOC_MAX(p->min_leaf, 1), .min_h = 1e-3, .gain_unit = 1, .min_gain = p->min_gain };
    for (size_t i = 0; i < f->binned.n; i++)
        if (p->row_share >= 1 || toc_rng_unit(&job.rng) < p->row_share) rows[job.n_rows++] = (uint32_t)i;
    job.n_columns = draw_tree_columns(f, &job.rng, columns);
    TOC_TRY(tree_grow(ctx, &job, &f->trees[t]));
    if (job.n_rows < f->binned.n) return toc_parallel(ctx, blocks, update_walk, &u);
    if (blocks > 1) return toc_parallel(ctx, u.tree->n, update_leaf, &u);
    for (size_t node = 0; node < u.tree->n; node++) TOC_TRY(update_leaf(ctx, &u, node));
    return TOC_OK;
}

static toc_status boost(toc_ctx *ctx, fitting *f)
{
    size_t n = f->binned.n;
    uint32_t *rows = NULL, *columns = NULL;
    toc_status st;

    if ((st = toc_alloc(ctx, n, sizeof *f->pair, &f->pair))) goto out;
    if ((st = toc_alloc(ctx, n, sizeof *f->score, &f->score))) goto out;
    if ((st = toc_alloc(ctx, n / BLOCK + 1, sizeof *f->block_max, &f->block_max))) goto out;
    if ((st = toc_alloc(ctx, n, sizeof *rows, &rows))) goto out;
    if ((st = toc_alloc(ctx, f->binned.p, sizeof *columns, &columns))) goto out;
    for (size_t i = 0; i < n; i++) f->score[i] = f->base;
    for (size_t t = 0; t < f->n_trees && !st; t++) st = boost_once(ctx, f, t, rows, columns);
out:
    toc_free(f->pair);
    toc_free(f->score);
    toc_free(f->block_max);
    toc_free(rows);
    toc_free(columns);
    return st;
}

/* Where boosting starts: the mean, as log-odds for the logistic loss. */
static double start(const fitting *f)
{
    double sum = 0, total = 0;

    for (size_t i = 0; i < f->binned.n; i++) {
        sum += weight_of(f, i) * f->y[i];
        total += weight_of(f, i);
    }
    if (f->params->loss == TREE_SQUARED) return sum / total;
    double p = TOC_MIN(TOC_MAX(sum / total, 1e-9), 1 - 1e-9);
    return log(p / (1 - p));
}

toc_status tree_fit(toc_ctx *ctx, const tree_data *data, const double *y, const double *weight, const tree_params *params, tree_model **model)
{
    fitting f = { .params = params, .y = y, .weight = weight };
    toc_status st;

    *model = NULL;
    if ((st = check(ctx, data, y, weight, params))) return st;
    f.n_trees = params->kind == TREE_SINGLE ? 1 : TOC_MAX(params->n_trees, 1);
    if ((st = tree_bin(ctx, data, params->max_bins, &f.binned))) goto out;
    if ((st = toc_alloc(ctx, f.n_trees, sizeof *f.trees, &f.trees))) goto out;
    if ((st = toc_alloc(ctx, data->p, sizeof *f.all_columns, &f.all_columns))) goto out;
    for (uint32_t j = 0; j < data->p; j++) f.all_columns[j] = j;
    /* Numbers are centred for the accuracy of their sums; labels of classes are counted as they are. */
    if (params->kind == TREE_BOOST || params->loss == TREE_SQUARED) f.base = start(&f);
    if (params->kind == TREE_BOOST) st = boost(ctx, &f);
    else st = toc_parallel(ctx, f.n_trees, fit_bagged, &f);
    if (!st) st = tree_assemble(ctx, data, params, &f.binned, f.trees, f.n_trees, &f.base, 1, model);
out:
    for (size_t t = 0; f.trees && t < f.n_trees; t++) tree_grown_release(&f.trees[t]);
    toc_free(f.trees);
    toc_free(f.all_columns);
    tree_binned_release(&f.binned);
    return st;
}
