/* calibrate.c: isotonic regression by pooling adjacent violators, and Platt's sigmoid by Newton steps as in Lin, Lin & Weng 2007. */
#include "num/num.h"

#include <math.h>

#include "num/num_int.h"

enum { ENOUGH_ROWS = 1000, ENOUGH_OF_EACH = 50 };

/* Rows whose fitted probability is one value. */
typedef struct {
    double low, high; /* scores */
    double sum, n;
} block;

static size_t pool_blocks(const double *score, const uint8_t *truth, const uint32_t *order, size_t n, block *blocks)
{
    size_t m = 0;

    for (size_t i = 0; i < n;) {
        block b = { score[order[i]], score[order[i]], 0, 0 };
        for (; i < n && score[order[i]] == b.low; i++) {
            b.sum += truth[order[i]] ? 1 : 0;
            b.n += 1;
        }
        if (b.n == 0) break; /* only NaN is left */
        while (m > 0 && blocks[m - 1].sum * b.n >= b.sum * blocks[m - 1].n) {
            m--;
            b.low = blocks[m].low;
            b.sum += blocks[m].sum;
            b.n += blocks[m].n;
        }
        blocks[m++] = b;
    }
    return m;
}

static toc_status isotonic(toc_ctx *ctx, const double *score, const uint8_t *truth, size_t n, num_calibration *c)
{
    uint32_t *order = NULL;
    block *blocks = NULL;
    toc_status st;

    if ((st = num_order(ctx, score, n, &order))) goto out;
    if ((st = toc_alloc(ctx, n, sizeof *blocks, &blocks))) goto out;
    size_t m = pool_blocks(score, truth, order, n, blocks);
    if ((st = toc_alloc(ctx, 2 * m, sizeof *c->x, &c->x))) goto out;
    if ((st = toc_alloc(ctx, 2 * m, sizeof *c->y, &c->y))) goto out;
    for (size_t i = 0; i < m; i++) {
        double ends[2] = { blocks[i].low, blocks[i].high };
        for (int k = 0; k < (ends[1] > ends[0] ? 2 : 1); k++) {
            c->x[c->n] = ends[k];
            c->y[c->n++] = blocks[i].sum / blocks[i].n;
        }
    }
out:
    toc_free(order);
    toc_free(blocks);
    if (st) num_calibration_release(c);
    return st;
}

double num_sigmoid(double z)
{
    return z >= 0 ? 1 / (1 + exp(-z)) : exp(z) / (1 + exp(z));
}

double num_softplus(double z)
{
    return z > 0 ? z + log1p(exp(-z)) : log1p(exp(z));
}

typedef struct {
    const double *score;
    const uint8_t *truth;
    size_t n;
    double target[2]; /* Platt's smoothed truth */
} platt_data;

static double platt_loss(const platt_data *d, double a, double b)
{
    double loss = 0;

    for (size_t i = 0; i < d->n; i++) {
        double z = a * d->score[i] + b;
        if (!isnan(z)) loss += num_softplus(z) - d->target[d->truth[i] != 0] * z;
    }
    return loss;
}

/* One Newton direction; false when the gradient vanishes. */
static bool platt_direction(const platt_data *d, double a, double b, double *da, double *db, double *slope)
{
    double haa = 1e-12, hab = 0, hbb = 1e-12, ga = 0, gb = 0;

    for (size_t i = 0; i < d->n; i++) {
        double s = d->score[i];
        if (isnan(s)) continue;
        double p = num_sigmoid(a * s + b), error = p - d->target[d->truth[i] != 0], w = p * (1 - p);
        ga += s * error;
        gb += error;
        haa += s * s * w;
        hab += s * w;
        hbb += w;
    }
    if (fabs(ga) < 1e-7 && fabs(gb) < 1e-7) return false;
    double det = haa * hbb - hab * hab;
    if (!(det > 0)) return false;
    *da = -(hbb * ga - hab * gb) / det;
    *db = -(haa * gb - hab * ga) / det;
    *slope = ga * *da + gb * *db;
    return true;
}

static void platt(const double *score, const uint8_t *truth, size_t n, size_t positives, num_calibration *c)
{
    platt_data d = { score, truth, n, { 1 / ((double)(n - positives) + 2), ((double)positives + 1) / ((double)positives + 2) } };
    double a = 0, b = log(((double)positives + 1) / ((double)(n - positives) + 1)), loss = platt_loss(&d, a, b), da, db, slope;

    for (int round = 0; round < 100 && platt_direction(&d, a, b, &da, &db, &slope); round++) {
        double step = 1, next = loss;
        for (; step > 1e-10; step /= 2) {
            next = platt_loss(&d, a + step * da, b + step * db);
            if (next <= loss + 1e-4 * step * slope) break;
        }
        if (step <= 1e-10) break;
        a += step * da;
        b += step * db;
        loss = next;
    }
    c->platt = true;
    c->a = a;
    c->b = b;
}

toc_status num_calibrate(toc_ctx *ctx, const double *score, const uint8_t *truth, size_t n, num_calibration *calibration)
{
    size_t positives = 0;

    *calibration = (num_calibration){0};
    for (size_t i = 0; i < n; i++) positives += truth[i] != 0;
    if (n >= ENOUGH_ROWS && positives >= ENOUGH_OF_EACH && n - positives >= ENOUGH_OF_EACH) return isotonic(ctx, score, truth, n, calibration);
    platt(score, truth, n, positives, calibration);
    return TOC_OK;
}

double num_calibrated(const num_calibration *c, double score)
{
    if (c->platt) return num_sigmoid(c->a * score + c->b);
    if (c->n == 0 || isnan(score)) return NAN;
    size_t low = 0, high = c->n; /* first knot above score */
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (c->x[middle] > score) high = middle;
        else low = middle + 1;
    }
    if (low == 0) return c->y[0];
    if (low == c->n) return c->y[c->n - 1];
    double span = c->x[low] - c->x[low - 1];
    return c->y[low - 1] + (c->y[low] - c->y[low - 1]) * ((score - c->x[low - 1]) / span);
}

void num_calibration_release(num_calibration *c)
{
    toc_free(c->x);
    toc_free(c->y);
    *c = (num_calibration){0};
}
