/* measure.c: a backtest's measures from scores and what came true. */
#include "warn/warn.h"

#include <math.h>

#include "num/num.h"

static toc_status ranking(toc_ctx *ctx, const double *score, const uint8_t *truth, size_t n, double *auc, double *ap)
{
    *auc = *ap = NAN;
    if (!score) return TOC_OK;
    TOC_TRY(num_auc(ctx, score, truth, n, auc));
    return num_average_precision(ctx, score, truth, n, ap);
}

/* Ten bins of equal count over rows in order of their score. */
static toc_status fill_bins(toc_ctx *ctx, warn_list *list, const double *score, const uint8_t *truth, size_t n)
{
    enum { BINS = 10 };
    size_t n_bins = TOC_MIN((size_t)BINS, n);
    uint64_t *keys = NULL;
    uint32_t *order = NULL;
    toc_status st = TOC_OK;

    if ((st = toc_alloc(ctx, n, sizeof *keys, &keys))) goto out;
    if ((st = toc_alloc(ctx, n, sizeof *order, &order))) goto out;
    for (size_t i = 0; i < n; i++) keys[i] = toc_key_f64(score[i]);
    if ((st = toc_sort_u64(ctx, keys, n, false, order))) goto out;
    if ((st = toc_arena_alloc(ctx, &list->arena, n_bins, sizeof(warn_bin), &list->backtest.bins))) goto out;
    for (size_t b = 0; b < n_bins; b++) {
        warn_bin *bin = &list->backtest.bins[b];
        for (size_t i = b * n / n_bins; i < (b + 1) * n / n_bins; i++) {
            bin->predicted += score[order[i]];
            bin->observed += truth[order[i]];
            bin->n++;
        }
        bin->predicted /= (double)bin->n;
        bin->observed /= (double)bin->n;
    }
    list->backtest.n_bins = n_bins;
out:
    toc_free(keys);
    toc_free(order);
    return st;
}

toc_status warn_measure_scores(toc_ctx *ctx, warn_list *list, const double *score, const double *plain, const uint8_t *truth, size_t n)
{
    double auc, ap, plain_auc, plain_ap;

    list->backtest.n = n;
    list->backtest.n_positive = 0;
    for (size_t i = 0; i < n; i++) list->backtest.n_positive += truth[i];
    TOC_TRY(ranking(ctx, score, truth, n, &auc, &ap));
    TOC_TRY(ranking(ctx, plain, truth, n, &plain_auc, &plain_ap));
    TOC_TRY(warn_add_measure(ctx, list, "AUC", auc, plain_auc, "chance that a true case ranks above a false one; 0.5 is a coin"));
    TOC_TRY(warn_add_measure(ctx, list, "average precision", ap, plain_ap, "mean share of true cases from the top of the list down"));
    if (!list->calibrated || !n) return TOC_OK;
    TOC_TRY(warn_add_measure(ctx, list, "Brier", num_brier(score, truth, n), NAN, "mean squared error of the probability; lower is better"));
    return fill_bins(ctx, list, score, truth, n);
}
