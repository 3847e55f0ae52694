/* num.h: numeric kernels, statistics, calibration and ranking metrics. Sums run in index order in double: the same for any thread count. */
#ifndef NUM_NUM_H
#define NUM_NUM_H

#include "base/base.h"

/* ---- statistics (NaN entries are left out unless said otherwise; NaN where nothing is left) ---- */
double num_mean(const double *x, size_t n);
double num_variance(const double *x, size_t n);            /* population */
/* Quantile q in [0,1] by linear interpolation (Hyndman & Fan type 7); x is reordered. */
double num_quantile(double *x, size_t n, double q);
double num_median(double *x, size_t n);                    /* x is reordered */
double num_mad(double *x, size_t n);                       /* 1.4826 * median absolute deviation; x is overwritten */
double num_normal_cdf(double z);
double num_normal_quantile(double p);

/* ---- ranking metrics over score (n) and truth (n, 0 or 1); ties count half / are taken together ---- */
TOC_CHECKED toc_status num_auc(toc_ctx *ctx, const double *score, const uint8_t *truth, size_t n, double *auc);
/* Average precision: sum over thresholds of (R_k - R_{k-1}) P_k, as scikit-learn defines it. */
TOC_CHECKED toc_status num_average_precision(toc_ctx *ctx, const double *score, const uint8_t *truth, size_t n, double *ap);
double num_brier(const double *p, const uint8_t *truth, size_t n);
double num_log_loss(const double *p, const uint8_t *truth, size_t n);
/* Expected calibration error over n_bins bins of equal count. */
TOC_CHECKED toc_status num_ece(toc_ctx *ctx, const double *p, const uint8_t *truth, size_t n, size_t n_bins, double *ece);

/* ---- calibration: a monotone map from scores to probabilities ---- */
typedef struct {
    size_t n;          /* knots */
    double *x, *y;     /* heap; scores ascending, probabilities; linear between knots, flat outside */
    bool platt;        /* then p = 1 / (1 + exp(-(a * score + b))) and no knots */
    double a, b;
} num_calibration;
/* Isotonic regression (pool adjacent violators) when at least 1000 rows with 50 of each class, else Platt's sigmoid (Platt 1999, with his
 * smoothed targets; Newton steps of Lin, Lin & Weng 2007). calibration is overwritten; release it. Errors: TOC_E_NOMEM. */
TOC_CHECKED toc_status num_calibrate(toc_ctx *ctx, const double *score, const uint8_t *truth, size_t n, num_calibration *calibration);
double num_calibrated(const num_calibration *calibration, double score);
void num_calibration_release(num_calibration *calibration);

/* ---- logistic regression with L2 penalty, by Newton steps; x row-major (n x p), standardise first; O(n p^2) a step ---- */
/* weights (p + 1, the intercept last, not penalised) are the caller's; penalty = lambda/2 * |w|^2 summed beside the total log-loss. */
TOC_CHECKED toc_status num_logistic_fit(toc_ctx *ctx, const float *x, const uint8_t *y, size_t n, size_t p, double penalty, double *weights);
void num_logistic_predict(const float *x, size_t n, size_t p, const double *weights, double *probability);

/* ---- kernels of the transformer, fp32; rows row-major. The same bits on every CPU: no FMA, 16 partial sums in fixed order. num_ref_X is the plain
 * loop in double that tests compare with ---- */
/* Each of n_rows rows becomes softmax(scale * row) over its first n entries. Rows are `stride` >= n rounded up to 16 apart; entries n up to that
 * are overwritten with 0. Error at most 3e-7 of a row's largest entry. n >= 1; finite entries. */
void num_softmax(float *x, size_t n_rows, size_t n, size_t stride, float scale);
void num_ref_softmax(float *x, size_t n_rows, size_t n, size_t stride, float scale);
/* x = gelu(x + bias): v * (1 + erf(v / sqrt(2))) / 2 (Hendrycks & Gimpel 2016); absolute error at most 3e-7 * max(1, |v|). x (n_rows x d), bias (d). */
void num_gelu(float *x, const float *bias, size_t n_rows, size_t d);
void num_ref_gelu(float *x, const float *bias, size_t n_rows, size_t d);
/* x = (v - mean(v)) / sqrt(var(v) + eps) * gamma + beta with v = x + bias, row by row (Ba et al. 2016). bias may be NULL. */
void num_layer_norm(float *x, const float *bias, const float *gamma, const float *beta, float eps, size_t n_rows, size_t d);
void num_ref_layer_norm(float *x, const float *bias, const float *gamma, const float *beta, float eps, size_t n_rows, size_t d);
/* x += bias, row by row. */
void num_add_bias(float *x, const float *bias, size_t n_rows, size_t d);

#endif
