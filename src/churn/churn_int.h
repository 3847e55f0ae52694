/* churn_int.h: private to churn/. */
#ifndef CHURN_CHURN_INT_H
#define CHURN_CHURN_INT_H

#include "churn/churn.h"
#include "features/features.h"
#include "num/num.h"
#include "tree/tree.h"

#include <math.h>

/* The customers with a purchase before a cut-off, as they looked then, and whether they left. */
typedef struct {
    int64_t cutoff;
    tab_table table;   /* features/'s customers */
    const double **x;  /* one a feature: its column in `table` */
    const uint32_t *code; /* customer codes, in `table` */
    size_t n;
    uint8_t *half;     /* 0 or 1 by a hash of the id: the same in every sample */
    uint8_t *left;     /* NULL for the sample at T */
    const double *recency, *gap_mean, *days, *tenure, *orders_year, *spend_year; /* those of x used by name */
} churn_sample;

/* Names of the features that the models see, n of them: x of a sample. */
const char *const *churn_columns(size_t *n);
/* Where a feature is among them. */
size_t churn_column(const char *name);

/* Makes the sample at a cut-off. horizon 0: no labels. share: of the customers that are kept, by a hash of the id, in (0, 1]. */
TOC_CHECKED toc_status churn_sample_make(toc_ctx *ctx, const shop_data *view, int64_t cutoff, int64_t horizon, double share,
                                         churn_sample *sample);
void churn_sample_release(churn_sample *sample);

/* A fitted model: trees, and the way from their score to a probability. */
typedef struct {
    tree_model *trees;
    num_calibration calibration;
    bool calibrated;
} churn_fit;

/* Trains on n samples (newest first), and calibrates on the newest three: each half of the customers is scored by trees that
 * learned from the other half. TOC_OK with fit->trees NULL when they hold too few customers of either kind. */
TOC_CHECKED toc_status churn_train(toc_ctx *ctx, const churn_sample *samples, size_t n, const churn_options *options,
                                   churn_fit *fit);
/* Raw scores of a sample in (0, 1). */
TOC_CHECKED toc_status churn_score(toc_ctx *ctx, const churn_fit *fit, const churn_sample *sample, double *score);
void churn_fit_release(churn_fit *fit);
/* The probabilities of a sample, calibrated when the fit is; the order is that of the raw scores. */
TOC_CHECKED toc_status churn_predict(toc_ctx *ctx, const churn_fit *fit, const churn_sample *sample, double *probability);

/* Silence in the customer's own rhythm: recency / shrunken mean gap, and as a rank in (0, 1). */
double churn_silence(const churn_sample *sample, size_t row, double shop_gap);
/* Median of the mean gaps of the customers who have one; NaN when nobody has. */
TOC_CHECKED toc_status churn_shop_gap(toc_ctx *ctx, const churn_sample *sample, double *gap);

/* What a customer would spend and order over the horizon if they stayed: their own rate of the last year. */
void churn_expect(const churn_sample *sample, size_t row, double horizon_days, double *orders, double *money);
/* Gone already by the shop's own definition: silent for longer than the horizon and twice the own mean gap. Nothing is left to
 * act on in time. */
bool churn_gone(const churn_sample *sample, size_t row, double horizon_days);
/* Levels of all rows: critical = likely to leave, not gone already, and among the fifth of those not gone with most money at
 * stake; warning = likewise among the half; else notice. money: expected loss. */
TOC_CHECKED toc_status churn_levels(toc_ctx *ctx, const churn_sample *sample, double horizon_days, const double *score,
                                    const double *money, warn_level *level);
/* Rows by level, score (both falling), then place. */
TOC_CHECKED toc_status churn_rank(toc_ctx *ctx, const double *score, const warn_level *level, size_t n, uint32_t *order);

/* What is usual in the shop: the median of each feature over a sample (NaN where nobody has it). */
TOC_CHECKED toc_status churn_usual(toc_ctx *ctx, const churn_sample *sample, double *usual);
/* Up to three reasons from the contributions of the features (phi, one a feature; NULL = rhythm alone). */
TOC_CHECKED toc_status churn_reasons(toc_ctx *ctx, warn_list *list, warn_item *item, const churn_sample *sample, size_t row,
                                     const double *phi, const double *usual);

#endif
