/* calibration.c: scores to probabilities. */
#include "num/num.h"

#include <math.h>

enum { ISOTONIC_ROWS = 1000, ISOTONIC_CLASS = 50 };

/* A run of rows with one fitted value. */
typedef struct {
    double weight, sum, low, high; /* rows, positives, first and last score */
} block;

static bool violates(const block *a, const block *b)
{
    return a->sum * b->weight >= b->sum * a->weight;
}

/* Knots at both ends of every pooled block, so the map is a step with straight joints. */
static toc_status store_knots(toc_ctx *ctx, const block *blocks, size_t n, num_calibration *c)
{
    TOC_TRY(toc_alloc(ctx, 2 * n, sizeof *c->x, &c->x));
    TOC_TRY(toc_alloc(ctx, 2 * n, sizeof *c->y, &c->y));
    for (size_t i = 0; i < n; i++) {
        for (int end = 0; end < 2; end++) {
            if (end && blocks[i].high == blocks[i].low) continue;
            c->x[c->n] = end ? blocks[i].high : blocks[i].low;
            c->y[c->n++] = (blocks[i].sum + 0.5 / (double)n) / (blocks[i].weight + 1.0 / (double)n); /* never exactly 0 or 1 */
        }
    }
    return TOC_OK;
}

static toc_status isotonic(toc_ctx *ctx, const double *score, const uint8_t *truth, const uint32_t *order, size_t n, num_calibration *c)
{
    block *blocks;
    size_t n_blocks = 0;

    TOC_TRY(toc_alloc(ctx, n, sizeof *blocks, &blocks));
    for (size_t i = 0; i < n;) {
        block fresh = { .low = score[order[i]], .high = score[order[i]] };
        for (; i < n && score[order[i]] == fresh.low; i++) {
            fresh.weight++;
            fresh.sum += truth[order[i]];
        }
        blocks[n_blocks++] = fresh;
        while (n_blocks > 1 && violates(&blocks[n_blocks - 2], &blocks[n_blocks - 1])) {
            block last = blocks[--n_blocks], *into = &blocks[n_blocks - 1];
            into->weight += last.weight;
            into->sum += last.sum;
            into->high = last.high;
        }
    }
    toc_status st = store_knots(ctx, blocks, n_blocks, c);
    toc_free(blocks);
    return st;
}

static double sigmoid(double z)
{
    return z >= 0 ? 1 / (1 + exp(-z)) : exp(z) / (1 + exp(z));
}

/* Newton's method on Platt's smoothed targets; the problem is convex in (a, b). */
static void platt(const double *score, const uint8_t *truth, size_t n, num_calibration *c)
{
    double positives = 0;

    for (size_t i = 0; i < n; i++) positives += truth[i];
    double high = (positives + 1) / (positives + 2), low = 1 / ((double)n - positives + 2);
    c->platt = true;
    c->a = 0;
    c->b = log((positives + 1) / ((double)n - positives + 1));
    for (int step = 0; step < 100; step++) {
        double ga = 0, gb = 0, haa = 1e-9, hab = 0, hbb = 1e-9;
        for (size_t i = 0; i < n; i++) {
            double p = sigmoid(c->a * score[i] + c->b), g = p - (truth[i] ? high : low), h = p * (1 - p);
            ga += g * score[i];
            gb += g;
            haa += h * score[i] * score[i];
            hab += h * score[i];
            hbb += h;
        }
        double det = haa * hbb - hab * hab;
        if (!(fabs(det) > 1e-300)) return;
        double da = (hbb * ga - hab * gb) / det, db = (haa * gb - hab * ga) / det;
        c->a -= da;
        c->b -= db;
        if (fabs(da) + fabs(db) < 1e-10) return;
    }
}

toc_status num_calibrate(toc_ctx *ctx, const double *score, const uint8_t *truth, size_t n, num_calibration *calibration)
{
    size_t positives = 0;
    uint64_t *keys = NULL;
    uint32_t *order = NULL;
    toc_status st = TOC_OK;

    *calibration = (num_calibration){0};
    for (size_t i = 0; i < n; i++) positives += truth[i];
    if (n < ISOTONIC_ROWS || positives < ISOTONIC_CLASS || n - positives < ISOTONIC_CLASS) {
        platt(score, truth, n, calibration);
        return TOC_OK;
    }
    if ((st = toc_alloc(ctx, n, sizeof *keys, &keys))) goto out;
    if ((st = toc_alloc(ctx, n, sizeof *order, &order))) goto out;
    for (size_t i = 0; i < n; i++) keys[i] = toc_key_f64(score[i]);
    if ((st = toc_sort_u64(ctx, keys, n, false, order))) goto out;
    st = isotonic(ctx, score, truth, order, n, calibration);
out:
    toc_free(keys);
    toc_free(order);
    if (st) num_calibration_release(calibration);
    return st;
}

double num_calibrated(const num_calibration *c, double score)
{
    if (c->platt) return sigmoid(c->a * score + c->b);
    if (!c->n) return NAN;
    if (!(score > c->x[0])) return c->y[0];
    if (score >= c->x[c->n - 1]) return c->y[c->n - 1];
    size_t low = 0, high = c->n - 1; /* x[low] <= score < x[high] */
    while (high - low > 1) {
        size_t middle = (low + high) / 2;
        if (c->x[middle] <= score) low = middle;
        else high = middle;
    }
    double share = (score - c->x[low]) / (c->x[high] - c->x[low]);
    return c->y[low] + share * (c->y[high] - c->y[low]);
}

void num_calibration_release(num_calibration *calibration)
{
    if (!calibration) return;
    toc_free(calibration->x);
    toc_free(calibration->y);
    *calibration = (num_calibration){0};
}
