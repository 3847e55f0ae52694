/* fit.c: parameters, single trees and forests. Forests grow trees in parallel, each from its own random stream. */
#include "tree/tree_int.h"

#include <math.h>

tree_params tree_defaults(tree_kind kind)
{
    tree_params p = { .kind = kind, .criterion = TREE_ENTROPY, .loss = TREE_LOGISTIC, .n_trees = 1, .max_depth = 6, .min_leaf = 20,
                      .learning_rate = 1, .row_share = 1, .column_share = 1, .max_bins = 255, .seed = 1, .quantile = 0.5, .power = 1.5, .tail_share = 0.2 };

    if (kind == TREE_FOREST || kind == TREE_EXTRA) {
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

double tree_unit(double most, bool packed)
{
    int exponent;

    if (!(most > 0)) return 1;
    frexp(most, &exponent);
    return ldexp(1, exponent - (packed ? TREE_PACKED_BITS : 30));
}

/* What does not go together. */
static toc_status check_params(toc_ctx *ctx, const tree_data *data, const tree_params *p)
{
    bool boost = p->kind == TREE_BOOST;

    if (!boost && p->loss != TREE_LOGISTIC && p->loss != TREE_SQUARED) return toc_fail(ctx, TOC_E_USAGE, "that loss is for boosting only");
    if (p->loss == TREE_MULTICLASS && (p->n_classes < 2 || p->n_classes > TREE_MAX_CLASSES))
        return toc_fail(ctx, TOC_E_USAGE, "%zu classes; from 2 to %d can be learned", p->n_classes, (int)TREE_MAX_CLASSES);
    if (p->monotone && (p->loss == TREE_QUANTILE || p->loss == TREE_MULTICLASS))
        return toc_fail(ctx, TOC_E_USAGE, "columns cannot be held rising or falling under that loss");
    for (size_t j = 0; p->monotone && j < data->p; j++)
        if (p->monotone[j] && data->categorical && data->categorical[j])
            return toc_fail(ctx, TOC_E_USAGE, "column %s has texts, which neither rise nor fall", data->names[j]);
    if (p->kind != TREE_SINGLE && (p->prune_alpha > 0 || p->prune_folds > 0))
        return toc_fail(ctx, TOC_E_USAGE, "pruning is for single trees");
    return TOC_OK;
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
        if (params->loss == TREE_MULTICLASS && !(y[i] >= 0 && y[i] < (double)params->n_classes && y[i] == floor(y[i])))
            return toc_fail(ctx, TOC_E_DATA, "label %g of row %zu is no class below %zu", y[i], i + 1, params->n_classes);
        if (params->loss == TREE_TWEEDIE && !(y[i] >= 0))
            return toc_fail(ctx, TOC_E_DATA, "label %g of row %zu: the Tweedie loss is for amounts of 0 and more", y[i], i + 1);
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
    return p->criterion == TREE_GINI ? TREE_BY_GINI : p->criterion == TREE_RATIO ? TREE_BY_RATIO : TREE_BY_ENTROPY;
}

/* How often each row is drawn into a tree's bag; returns how many differ from 0. */
static size_t draw_rows(const tree_fitting *f, toc_rng *rng, uint32_t *times, uint32_t *rows)
{
    const tree_params *p = f->params;
    size_t n = f->binned.n, kept = 0;

    if (p->kind == TREE_SINGLE || (p->kind == TREE_EXTRA && p->row_share >= 1)) for (size_t i = 0; i < n; i++) times[i] = 1;
    else if (p->row_share >= 1) for (size_t i = 0; i < n; i++) times[toc_rng_below(rng, n)]++;
    else for (size_t i = 0; i < n; i++) times[i] = toc_rng_unit(rng) < p->row_share;
    for (size_t i = 0; i < n; i++)
        if (times[i] && tree_weight(f, i) > 0) rows[kept++] = (uint32_t)i;
    return kept;
}

static void fill_bag(const tree_fitting *f, const uint32_t *times, tree_grow_job *job, tree_pair *pair)
{
    double most_g = 0, most_h = 0, total = 0;

    for (size_t k = 0; k < job->n_rows; k++) {
        size_t i = job->rows[k];
        double w = tree_weight(f, i) * times[i];
        most_h = TOC_MAX(most_h, w);
        most_g = TOC_MAX(most_g, fabs(w * (f->y[i] - f->base[0])));
        total += w;
    }
    /* Labels and weights share a unit, so that a pure node's are equal to the last bit. */
    if (f->params->loss == TREE_LOGISTIC) most_g = most_h;
    job->rule.g_unit = tree_unit(most_g, f->packed);
    job->rule.h_unit = tree_unit(most_h, f->packed);
    job->rule.gain_unit = total > 0 ? 1 / total : 1;
    for (size_t k = 0; k < job->n_rows; k++) {
        size_t i = job->rows[k];
        double w = tree_weight(f, i) * times[i];
        pair[i] = (tree_pair){ (int32_t)rint(w * (f->y[i] - f->base[0]) / job->rule.g_unit), (int32_t)rint(w / job->rule.h_unit) };
    }
}

/* Tree t; of its rows, those of the fold (SIZE_MAX = none) are left out. */
static toc_status grow_bagged(toc_ctx *ctx, const tree_fitting *f, size_t t, size_t fold, tree_grown *tree)
{
    const tree_params *p = f->params;
    size_t n = f->binned.n, kept = 0;
    uint32_t *times = NULL, *rows = NULL;
    tree_pair *pair = NULL;
    bool single = p->kind == TREE_SINGLE;
    toc_status st;
    tree_grow_job job = { .data = &f->binned, .max_depth = p->max_depth, .max_leaves = p->max_leaves, .columns = f->all_columns,
                          .n_columns = f->binned.p, .rng = toc_rng_new(p->seed, t + 1), .threads = single, .leaf_scale = 1 };

    job.rule = (tree_rule){ .measure = measure_of(p), .min_rows = (double)TOC_MAX(p->min_leaf, 1), .min_gain = p->min_gain,
                            .bounded = p->monotone != NULL };
    if (p->kind == TREE_EXTRA) job.draw = toc_mix(p->seed + toc_mix(t)) | 1;
    if ((st = toc_alloc(ctx, n, sizeof *times, &times))) goto out;
    if ((st = toc_alloc(ctx, n, sizeof *rows, &rows))) goto out;
    if ((st = toc_alloc(ctx, n, sizeof *pair, &pair))) goto out;
    if (!single && p->column_share < 1) {
        double share = p->column_share > 0 ? p->column_share * (double)f->binned.p : sqrt((double)f->binned.p);
        job.sampled_columns = TOC_MIN(TOC_MAX((size_t)(share + 0.5), 1), f->binned.p);
        if (job.sampled_columns == f->binned.p) job.sampled_columns = 0;
    }
    job.rows = rows;
    job.n_rows = draw_rows(f, &job.rng, times, rows);
    if (fold != SIZE_MAX) {
        for (size_t k = 0; k < job.n_rows; k++)
            if (rows[k] % p->prune_folds != fold) rows[kept++] = rows[k];
        job.n_rows = kept;
    }
    fill_bag(f, times, &job, pair);
    job.pair = pair;
    st = tree_grow(ctx, &job, tree);
out:
    toc_free(times);
    toc_free(rows);
    toc_free(pair);
    return st;
}

toc_status tree_grow_fold(toc_ctx *ctx, const tree_fitting *f, size_t k, tree_grown *tree)
{
    return grow_bagged(ctx, f, 0, k, tree);
}

static toc_status fit_bagged(toc_ctx *ctx, void *arg, size_t t)
{
    const tree_fitting *f = arg;

    return grow_bagged(ctx, f, t, SIZE_MAX, &f->trees[t]);
}

/* Numbers are centred for the accuracy of their sums; labels of classes are counted as they are. */
static void centre(tree_fitting *f)
{
    double sum = 0, total = 0;

    if (f->params->loss != TREE_SQUARED) return;
    for (size_t i = 0; i < f->binned.n; i++) {
        sum += tree_weight(f, i) * f->y[i];
        total += tree_weight(f, i);
    }
    f->base[0] = sum / total;
}

static toc_status grow_all(toc_ctx *ctx, tree_fitting *f)
{
    const tree_params *p = f->params;

    if (p->kind == TREE_BOOST) return tree_boost(ctx, f);
    centre(f);
    if (p->kind != TREE_SINGLE) return toc_parallel(ctx, f->n_trees, fit_bagged, f);
    TOC_TRY(fit_bagged(ctx, f, 0));
    if (p->prune_folds > 1) return tree_prune_cross(ctx, f, f->trees);
    return p->prune_alpha > 0 ? tree_prune(ctx, f->trees, p->prune_alpha) : TOC_OK;
}

/* Whether few bits do for the gradients of many rows: where they count classes, exactly; where they are bounded and later trees see what earlier ones
 * left, nearly. Amounts with a long tail need all bits. */
static bool may_pack(const tree_fitting *f)
{
    const tree_params *p = f->params;
    double least = INFINITY, most = 0, total = 0;

    if (f->binned.n < TREE_MANY_ROWS || p->loss == TREE_SQUARED || p->loss == TREE_TWEEDIE || (p->kind != TREE_SINGLE && p->kind != TREE_BOOST)) return false;
    for (size_t i = 0; i < f->binned.n; i++) {
        double w = tree_weight(f, i);
        least = TOC_MIN(least, w);
        most = TOC_MAX(most, w);
        total += w;
    }
    return p->kind == TREE_SINGLE ? least == most : most * (double)f->binned.n <= 64 * total;
}

toc_status tree_fit(toc_ctx *ctx, const tree_data *data, const double *y, const double *weight, const tree_params *params, tree_model **model)
{
    tree_fitting f = { .params = params, .y = y, .weight = weight, .n_outputs = params->loss == TREE_MULTICLASS ? params->n_classes : 1 };
    size_t n_trees = params->kind == TREE_SINGLE ? 1 : TOC_MAX(params->n_trees, 1) * f.n_outputs;
    toc_status st;

    *model = NULL;
    if ((st = check_params(ctx, data, params))) return st;
    if ((st = check(ctx, data, y, weight, params))) return st;
    f.n_trees = n_trees;
    if ((st = tree_bin(ctx, data, params->max_bins, &f.binned))) goto out;
    f.packed = may_pack(&f);
    if (f.packed && (st = tree_bin_blocks(ctx, &f.binned))) goto out;
    for (size_t j = 0; j < data->p; j++) f.binned.columns[j].monotone = params->monotone ? params->monotone[j] : 0;
    if ((st = toc_alloc(ctx, n_trees, sizeof *f.trees, &f.trees))) goto out;
    if ((st = toc_alloc(ctx, f.n_outputs, sizeof *f.base, &f.base))) goto out;
    if ((st = toc_alloc(ctx, data->p, sizeof *f.all_columns, &f.all_columns))) goto out;
    for (uint32_t j = 0; j < data->p; j++) f.all_columns[j] = j;
    st = grow_all(ctx, &f);
    if (!st) st = tree_assemble(ctx, data, params, &f.binned, f.trees, f.n_trees, f.base, f.n_outputs, model);
out:
    for (size_t t = 0; f.trees && t < n_trees; t++) tree_grown_release(&f.trees[t]);
    toc_free(f.trees);
    toc_free(f.base);
    toc_free(f.all_columns);
    tree_binned_release(&f.binned);
    return st;
}
