/* boost.c: gradient boosting (Friedman 2001) with Newton leaves (Chen & Guestrin 2016). Trees are grown one after another, one for each output and round;
 * the columns of each are shared among the threads. The last rows may be kept back: when they stop getting better, so do the trees. */
#include "tree/tree_int.h"

#include <math.h>

enum { BLOCK = 16384 };

typedef struct {
    double value, weight;
} weighed;

typedef struct {
    tree_fitting *f;
    size_t n, n_fit, k;    /* rows; those learned from; outputs */
    double *score;         /* k x n, raw */
    tree_pair *pair;       /* k x n */
    double (*block_max)[2]; /* per block: largest gradient, largest curvature */
    double g_unit, h_unit;
    uint32_t *rows, *columns;
    weighed *residual;   /* quantile: n */
} booster;

/* ---- a quantile of weighted values ---- */

static int by_value(const void *a, const void *b)
{
    const weighed *x = a, *y = b;
    return x->value < y->value ? -1 : x->value > y->value;
}

/* The least value with at least the share q of the weight at or below it. */
static double quantile_of(weighed *v, size_t n, double q)
{
    double total = 0, below = 0;

    qsort(v, n, sizeof *v, by_value);
    for (size_t i = 0; i < n; i++) total += v[i].weight;
    for (size_t i = 0; i < n; i++) {
        below += v[i].weight;
        if (below >= q * total) return v[i].value;
    }
    return n ? v[n - 1].value : 0;
}

/* ---- losses: minus the first derivative, and the second, by the raw score ---- */

static void derivatives(const booster *b, size_t i, double *g, double *h)
{
    const tree_params *p = b->f->params;
    double w = tree_weight(b->f, i), y = b->f->y[i], s = b->score[i], most = -INFINITY, sum = 0;

    switch (p->loss) {
    case TREE_LOGISTIC:
        s = 1 / (1 + exp(-s));
        g[0] = w * (y - s);
        h[0] = w * s * (1 - s);
        break;
    case TREE_SQUARED:
        g[0] = w * (y - s);
        h[0] = w;
        break;
    case TREE_QUANTILE: /* the leaves are set to the quantile afterwards */
        g[0] = w * (y > s ? p->quantile : p->quantile - 1);
        h[0] = w;
        break;
    case TREE_TWEEDIE: /* deviance of a power-variance family, log link (Jorgensen 1987) */
        g[0] = w * (y * exp((1 - p->power) * s) - exp((2 - p->power) * s));
        h[0] = w * (y * (p->power - 1) * exp((1 - p->power) * s) + (2 - p->power) * exp((2 - p->power) * s));
        break;
    case TREE_MULTICLASS:
        for (size_t k = 0; k < b->k; k++) most = TOC_MAX(most, b->score[k * b->n + i]);
        for (size_t k = 0; k < b->k; k++) sum += g[k] = exp(b->score[k * b->n + i] - most);
        for (size_t k = 0; k < b->k; k++) {
            double q = g[k] / sum;
            g[k] = w * ((y == (double)k) - q);
            h[k] = w * q * (1 - q) * (double)b->k / (double)(b->k - 1); /* the diagonal bounds the whole matrix so (Friedman 2001) */
        }
        break;
    }
}

static double loss_of(const booster *b, size_t i)
{
    const tree_params *p = b->f->params;
    double y = b->f->y[i], s = b->score[i], most = -INFINITY, sum = 0;

    switch (p->loss) {
    case TREE_LOGISTIC: return TOC_MAX(s, 0) + log1p(exp(-fabs(s))) - y * s;
    case TREE_SQUARED: return (y - s) * (y - s);
    case TREE_QUANTILE: return y > s ? p->quantile * (y - s) : (1 - p->quantile) * (s - y);
    case TREE_TWEEDIE: return exp((2 - p->power) * s) / (2 - p->power) - y * exp((1 - p->power) * s) / (1 - p->power);
    case TREE_MULTICLASS:
        for (size_t k = 0; k < b->k; k++) most = TOC_MAX(most, b->score[k * b->n + i]);
        for (size_t k = 0; k < b->k; k++) sum += exp(b->score[k * b->n + i] - most);
        return most + log(sum) - b->score[(size_t)y * b->n + i];
    }
    return 0;
}

static toc_status largest(toc_ctx *ctx, void *arg, size_t task)
{
    booster *b = arg;
    double g[TREE_MAX_CLASSES], h[TREE_MAX_CLASSES], most_g = 0, most_h = 0;

    (void)ctx;
    for (size_t i = task * BLOCK; i < TOC_MIN((task + 1) * BLOCK, b->n); i++) {
        derivatives(b, i, g, h);
        most_g = TOC_MAX(most_g, fabs(g[0]));
        most_h = TOC_MAX(most_h, h[0]);
    }
    b->block_max[task][0] = most_g;
    b->block_max[task][1] = most_h;
    return TOC_OK;
}

static toc_status fill(toc_ctx *ctx, void *arg, size_t task)
{
    booster *b = arg;
    double g[TREE_MAX_CLASSES], h[TREE_MAX_CLASSES];

    (void)ctx;
    for (size_t i = task * BLOCK; i < TOC_MIN((task + 1) * BLOCK, b->n); i++) {
        derivatives(b, i, g, h);
        for (size_t k = 0; k < b->k; k++) b->pair[k * b->n + i] = (tree_pair){ (int32_t)rint(g[k] / b->g_unit), (int32_t)rint(h[k] / b->h_unit) };
    }
    return TOC_OK;
}

static size_t n_blocks(const booster *b)
{
    return (b->n + BLOCK - 1) / BLOCK;
}

static toc_status gradients(toc_ctx *ctx, booster *b)
{
    tree_loss loss = b->f->params->loss;
    double most_g = 0, most_h = 0, most_weight = 0;

    if (loss == TREE_SQUARED || loss == TREE_TWEEDIE) {
        TOC_TRY(toc_parallel(ctx, n_blocks(b), largest, b));
        for (size_t i = 0; i < n_blocks(b); i++) {
            most_g = TOC_MAX(most_g, b->block_max[i][0]);
            most_h = TOC_MAX(most_h, b->block_max[i][1]);
        }
        b->g_unit = tree_unit(most_g, b->f->packed);
        b->h_unit = tree_unit(most_h, b->f->packed);
    } else if (b->h_unit == 0) { /* bounded by the weights, which do not change between trees */
        for (size_t i = 0; i < b->n; i++) most_weight = TOC_MAX(most_weight, tree_weight(b->f, i));
        b->g_unit = b->h_unit = tree_unit(most_weight, b->f->packed);
    }
    return toc_parallel(ctx, n_blocks(b), fill, b);
}

/* ---- one tree ---- */

typedef struct {
    booster *b;
    tree_grown *tree;
    double *score;  /* of the output */
    size_t from;    /* update_walk: the first row */
} update;

static toc_status update_leaf(toc_ctx *ctx, void *arg, size_t node)
{
    update *u = arg;
    const tree_grown *t = u->tree;

    (void)ctx;
    if (t->nodes[node].feature >= 0) return TOC_OK;
    for (size_t i = 0; i < t->count[node]; i++) u->score[u->b->rows[t->first[node] + i]] += t->nodes[node].value;
    return TOC_OK;
}

/* Rows the tree was not grown on walk it by their bins. */
static toc_status update_walk(toc_ctx *ctx, void *arg, size_t task)
{
    update *u = arg;
    const tree_binned *data = &u->b->f->binned;

    (void)ctx;
    for (size_t i = u->from + task * BLOCK; i < TOC_MIN(u->from + (task + 1) * BLOCK, data->n); i++)
        u->score[i] += u->tree->nodes[tree_walk_bins(u->tree, data, i)].value;
    return TOC_OK;
}

/* A leaf of the quantile loss says the quantile of what its rows lack. */
static toc_status refit_leaf(toc_ctx *ctx, void *arg, size_t node)
{
    update *u = arg;
    const tree_grown *t = u->tree;
    weighed *residual = u->b->residual + t->first[node];

    (void)ctx;
    if (t->nodes[node].feature >= 0 || t->count[node] == 0) return TOC_OK;
    for (size_t k = 0; k < t->count[node]; k++) {
        uint32_t i = u->b->rows[t->first[node] + k];
        residual[k] = (weighed){ u->b->f->y[i] - u->score[i], tree_weight(u->b->f, i) };
    }
    u->tree->nodes[node].value = u->b->f->params->learning_rate * quantile_of(residual, t->count[node], u->b->f->params->quantile);
    return TOC_OK;
}

/* Columns of one tree, ascending. */
static size_t draw_columns(const tree_fitting *f, toc_rng *rng, uint32_t *columns)
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

static toc_status grow(toc_ctx *ctx, booster *b, size_t t)
{
    const tree_params *p = b->f->params;
    size_t k = t % b->k;
    tree_grow_job job = { .data = &b->f->binned, .pair = b->pair + k * b->n, .rows = b->rows, .max_depth = p->max_depth, .max_leaves = p->max_leaves,
                          .columns = b->columns, .rng = toc_rng_new(p->seed, t + 1), .threads = true, .leaf_scale = p->learning_rate };
    update u = { b, &b->f->trees[t], b->score + k * b->n, b->n_fit };

    job.rule = (tree_rule){ .measure = TREE_BY_NEWTON, .g_unit = b->g_unit, .h_unit = b->h_unit, .l2 = p->l2, .smooth = 10,
                            .min_rows = (double)TOC_MAX(p->min_leaf, 1), .min_h = 1e-3, .gain_unit = 1, .min_gain = p->min_gain,
                            .bounded = p->monotone != NULL };
    for (size_t i = 0; i < b->n_fit; i++)
        if (p->row_share >= 1 || toc_rng_unit(&job.rng) < p->row_share) b->rows[job.n_rows++] = (uint32_t)i;
    job.n_columns = draw_columns(b->f, &job.rng, b->columns);
    TOC_TRY(tree_grow(ctx, &job, u.tree));
    if (p->loss == TREE_QUANTILE) TOC_TRY(toc_parallel(ctx, u.tree->n, refit_leaf, &u));
    if (job.n_rows < b->n_fit) u.from = 0;
    else if (n_blocks(b) > 1) TOC_TRY(toc_parallel(ctx, u.tree->n, update_leaf, &u));
    else for (size_t node = 0; node < u.tree->n; node++) TOC_TRY(update_leaf(ctx, &u, node));
    return toc_parallel(ctx, (b->n - u.from + BLOCK - 1) / BLOCK, update_walk, &u);
}

/* ---- all of them ---- */

/* The mean loss of the rows kept back; summed in their order. */
static double tail_loss(const booster *b)
{
    double sum = 0, total = 0;

    for (size_t i = b->n_fit; i < b->n; i++) {
        double w = tree_weight(b->f, i);
        sum += w * loss_of(b, i);
        total += w;
    }
    return total > 0 ? sum / total : 0;
}

/* Where boosting starts: what fits best if nothing is known of a row. */
static void start(booster *b)
{
    tree_fitting *f = b->f;
    double sum = 0, total = 0;

    for (size_t i = 0; i < b->n_fit; i++) {
        double w = tree_weight(f, i);
        sum += w * f->y[i];
        total += w;
        if (f->params->loss == TREE_MULTICLASS) f->base[(size_t)f->y[i]] += w;
        if (f->params->loss == TREE_QUANTILE) b->residual[i] = (weighed){ f->y[i], w };
    }
    double mean = total > 0 ? sum / total : 0, share = TOC_MIN(TOC_MAX(mean, 1e-9), 1 - 1e-9);
    switch (f->params->loss) {
    case TREE_LOGISTIC: f->base[0] = log(share / (1 - share)); break;
    case TREE_SQUARED: f->base[0] = mean; break;
    case TREE_QUANTILE: f->base[0] = quantile_of(b->residual, b->n_fit, f->params->quantile); break;
    case TREE_TWEEDIE: f->base[0] = log(TOC_MAX(mean, 1e-9)); break;
    case TREE_MULTICLASS:
        for (size_t k = 0; k < b->k; k++) f->base[k] = log(TOC_MAX(f->base[k] / TOC_MAX(total, 1e-300), 1e-9));
        break;
    }
    for (size_t k = 0; k < b->k; k++)
        for (size_t i = 0; i < b->n; i++) b->score[k * b->n + i] = f->base[k];
}

/* Rounds until the limit, or until the tail has not got better for `patience` of them; f->n_trees becomes the best. */
static toc_status rounds(toc_ctx *ctx, booster *b)
{
    const tree_params *p = b->f->params;
    size_t limit = b->f->n_trees / b->k, best = limit;
    double least = INFINITY;

    for (size_t r = 0; r < limit; r++) {
        TOC_TRY(gradients(ctx, b));
        for (size_t k = 0; k < b->k; k++) TOC_TRY(grow(ctx, b, r * b->k + k));
        if (b->n_fit == b->n) continue;
        double loss = tail_loss(b);
        if (loss < least) {
            least = loss;
            best = r + 1;
        }
        if (r + 1 - best >= p->patience && best <= r) break;
    }
    b->f->n_trees = best * b->k;
    return TOC_OK;
}

toc_status tree_boost(toc_ctx *ctx, tree_fitting *f)
{
    booster b = { .f = f, .n = f->binned.n, .n_fit = f->binned.n, .k = f->n_outputs };
    size_t cells, tail = (size_t)(f->params->tail_share * (double)b.n + 0.5);
    toc_status st;

    if (f->params->patience > 0 && tail > 0 && tail < b.n) b.n_fit = b.n - tail;
    if ((st = toc_mul_size(ctx, b.n, b.k, &cells))) goto out;
    if ((st = toc_alloc(ctx, cells, sizeof *b.pair, &b.pair))) goto out;
    if ((st = toc_alloc(ctx, cells, sizeof *b.score, &b.score))) goto out;
    if ((st = toc_alloc(ctx, n_blocks(&b), sizeof *b.block_max, &b.block_max))) goto out;
    if ((st = toc_alloc(ctx, b.n, sizeof *b.rows, &b.rows))) goto out;
    if ((st = toc_alloc(ctx, f->binned.p, sizeof *b.columns, &b.columns))) goto out;
    if (f->params->loss == TREE_QUANTILE && (st = toc_alloc(ctx, b.n, sizeof *b.residual, &b.residual))) goto out;
    start(&b);
    st = rounds(ctx, &b);
out:
    toc_free(b.pair);
    toc_free(b.score);
    toc_free(b.block_max);
    toc_free(b.rows);
    toc_free(b.columns);
    toc_free(b.residual);
    return st;
}
