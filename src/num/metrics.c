/* metrics.c: how well scores rank, and how honest probabilities are. */
#include "num/num.h"

#include <math.h>

#include "num/num_int.h"

toc_status num_order(toc_ctx *ctx, const double *score, size_t n, uint32_t **order)
{
    uint64_t *keys = NULL;
    toc_status st;

    *order = NULL;
    if ((st = toc_alloc(ctx, n, sizeof *keys, &keys))) return st;
    if ((st = toc_alloc(ctx, n, sizeof **order, order))) goto out;
    for (size_t i = 0; i < n; i++) keys[i] = toc_key_f64(score[i] == 0 ? 0 : score[i]); /* one zero */
    st = toc_sort_u64(ctx, keys, n, false, *order);
out:
    toc_free(keys);
    if (st) {
        toc_free(*order);
        *order = NULL;
    }
    return st;
}

static bool tied(double a, double b)
{
    return a == b || (isnan(a) && isnan(b));
}

toc_status num_auc(toc_ctx *ctx, const double *score, const uint8_t *truth, size_t n, double *auc)
{
    uint32_t *order;
    double wins = 0; /* pairs (positive above negative), ties half; exact below 2^52 */
    uint64_t positives = 0, negatives = 0;

    TOC_TRY(num_order(ctx, score, n, &order));
    for (size_t i = 0; i < n;) {
        uint64_t here[2] = { 0, 0 };
        size_t first = i;
        for (; i < n && tied(score[order[i]], score[order[first]]); i++) here[truth[order[i]] != 0]++;
        wins += (double)here[1] * ((double)negatives + 0.5 * (double)here[0]);
        negatives += here[0];
        positives += here[1];
    }
    toc_free(order);
    *auc = positives && negatives ? wins / ((double)positives * (double)negatives) : NAN;
    return TOC_OK;
}

toc_status num_average_precision(toc_ctx *ctx, const double *score, const uint8_t *truth, size_t n, double *ap)
{
    uint32_t *order;
    double sum = 0;
    size_t hits = 0, taken = 0;

    TOC_TRY(num_order(ctx, score, n, &order));
    while (taken < n) {
        double level = score[order[n - 1 - taken]];
        size_t before = hits;
        while (taken < n && tied(score[order[n - 1 - taken]], level)) hits += truth[order[n - 1 - taken++]] != 0;
        sum += (double)(hits - before) * (double)hits / (double)taken;
    }
    toc_free(order);
    *ap = hits ? sum / (double)hits : NAN;
    return TOC_OK;
}

double num_brier(const double *p, const uint8_t *truth, size_t n)
{
    double sum = 0;

    for (size_t i = 0; i < n; i++) {
        double error = p[i] - (truth[i] ? 1 : 0);
        sum += error * error;
    }
    return n ? sum / (double)n : NAN;
}

double num_log_loss(const double *p, const uint8_t *truth, size_t n)
{
    double sum = 0;

    for (size_t i = 0; i < n; i++) {
        double right = truth[i] ? p[i] : 1 - p[i];
        sum -= log(TOC_MAX(right, 1e-15));
    }
    return n ? sum / (double)n : NAN;
}

toc_status num_ece(toc_ctx *ctx, const double *p, const uint8_t *truth, size_t n, size_t n_bins, double *ece)
{
    uint32_t *order;
    double sum = 0;

    *ece = NAN;
    if (n == 0 || n_bins == 0) return TOC_OK;
    TOC_TRY(num_order(ctx, p, n, &order));
    for (size_t b = 0, i = 0; b < n_bins; b++) {
        size_t end = (size_t)((double)n * (double)(b + 1) / (double)n_bins);
        double gap = 0;
        if (b + 1 == n_bins) end = n;
        for (; i < end; i++) gap += p[order[i]] - (truth[order[i]] ? 1 : 0);
        sum += fabs(gap);
    }
    toc_free(order);
    *ece = sum / (double)n;
    return TOC_OK;
}
