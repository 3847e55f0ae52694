/* ranking.c: how well scores order, and how well probabilities fit, what came true. */
#include "num/num.h"

#include <math.h>

/* Rows by falling score. */
static toc_status order_falling(toc_ctx *ctx, const double *score, size_t n, uint32_t **order)
{
    uint64_t *keys;
    toc_status st;

    *order = NULL;
    TOC_TRY(toc_alloc(ctx, n, sizeof *keys, &keys));
    for (size_t i = 0; i < n; i++) keys[i] = ~toc_key_f64(score[i]);
    st = toc_alloc(ctx, n, sizeof **order, order);
    if (!st) st = toc_sort_u64(ctx, keys, n, false, *order);
    toc_free(keys);
    return st;
}

/* The Mann-Whitney statistic over blocks of equal scores. */
toc_status num_auc(toc_ctx *ctx, const double *score, const uint8_t *truth, size_t n, double *auc)
{
    uint32_t *order;
    double positives = 0, negatives = 0, area = 0;

    *auc = NAN;
    toc_status st = order_falling(ctx, score, n, &order);
    for (size_t i = 0; i < n && !st;) {
        double p = 0, q = 0;
        double block = score[order[i]];
        for (; i < n && score[order[i]] == block; i++) {
            p += truth[order[i]];
            q += !truth[order[i]];
        }
        if (p + q == 0) i = n; /* NaN scores stand last and are left out */
        area += q * (positives + p / 2);
        positives += p;
        negatives += q;
    }
    toc_free(order);
    if (!st && positives > 0 && negatives > 0) *auc = area / (positives * negatives);
    return st;
}

toc_status num_average_precision(toc_ctx *ctx, const double *score, const uint8_t *truth, size_t n, double *ap)
{
    uint32_t *order;
    double found = 0, seen = 0, sum = 0;

    *ap = NAN;
    toc_status st = order_falling(ctx, score, n, &order);
    for (size_t i = 0; i < n && !st;) {
        double p = 0, block = score[order[i]];
        size_t first = i;
        for (; i < n && score[order[i]] == block; i++) p += truth[order[i]];
        if (i == first) break;
        seen += (double)(i - first);
        found += p;
        sum += p * found / seen;
    }
    toc_free(order);
    if (!st && found > 0) *ap = sum / found;
    return st;
}

double num_brier(const double *p, const uint8_t *truth, size_t n)
{
    double sum = 0;

    for (size_t i = 0; i < n; i++) sum += (p[i] - truth[i]) * (p[i] - truth[i]);
    return n ? sum / (double)n : NAN;
}

double num_log_loss(const double *p, const uint8_t *truth, size_t n)
{
    double sum = 0;

    for (size_t i = 0; i < n; i++) {
        double clipped = fmin(fmax(p[i], 1e-15), 1 - 1e-15);
        sum -= log(truth[i] ? clipped : 1 - clipped);
    }
    return n ? sum / (double)n : NAN;
}

toc_status num_ece(toc_ctx *ctx, const double *p, const uint8_t *truth, size_t n, size_t n_bins, double *ece)
{
    uint32_t *order;
    double sum = 0;

    *ece = NAN;
    toc_status st = order_falling(ctx, p, n, &order);
    for (size_t b = 0; b < n_bins && !st; b++) {
        double difference = 0;
        for (size_t i = b * n / n_bins; i < (b + 1) * n / n_bins; i++) difference += p[order[i]] - truth[order[i]];
        sum += fabs(difference);
    }
    toc_free(order);
    if (!st && n) *ece = sum / (double)n;
    return st;
}
