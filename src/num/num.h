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

/* ln Gamma(x) and its derivative, x > 0 (0: an infinity; below: NaN); relative error at most 1e-13 away from their zeros, the same bits on every machine
 * with the same log(). Source: Abramowitz & Stegun 1964, 6.1.40 and 6.3.18. */
double num_lgamma(double x);
double num_digamma(double x);

/* ---- minimising a smooth function of few unknowns ---- */
enum { NUM_MOST_UNKNOWNS = 8 };
/* The value at x and its gradient; a value that is not finite marks a point outside. */
typedef toc_status (*num_objective)(toc_ctx *ctx, void *arg, const double *x, double *value, double *gradient);
/* BFGS from x (n <= NUM_MOST_UNKNOWNS), which becomes the least point found; its value is finite at the start. Unknowns should be of one scale (logarithms).
 * converged: the gradient's largest entry is at most 1e-8 of max(1, |value|), or 1e-5 where rounding allows no step down. Errors: those of the objective. */
TOC_CHECKED toc_status num_minimise(toc_ctx *ctx, num_objective objective, void *arg, size_t n, double *x, double *value, size_t *n_rounds, bool *converged);

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

/* ---- kernels of the transformer, fp32; rows row-major. The same bits on every CPU under TOC_CPU_PLAIN, and on all with AVX2 else. num_ref_X is
 * the plain loop in double that tests compare with ---- */
/* Each of n_rows rows becomes softmax(scale * row) over its first n entries. Rows are `stride` >= n rounded up to 16 apart; entries n up to that
 * are overwritten with 0. Error at most 3e-7 of a row's largest entry. n >= 1; finite entries. */
void num_softmax(const toc_ctx *ctx, float *x, size_t n_rows, size_t n, size_t stride, float scale);
void num_ref_softmax(float *x, size_t n_rows, size_t n, size_t stride, float scale);
typedef enum { NUM_LINEAR, NUM_GELU, NUM_GELU_TANH, NUM_RELU } num_activation;
/* x = f(x + bias), row by row; bias (d) may be NULL; rows are ld floats apart. NUM_GELU: v * (1 + erf(v / sqrt(2))) / 2 (Hendrycks & Gimpel 2016), absolute
 * error at most 3e-7 * max(1, |v|). NUM_GELU_TANH: v * (1 + tanh(sqrt(2 / pi) * (v + 0.044715 v^3))) / 2, their approximation, which GPT-2 was made with; the
 * same error. NUM_RELU: max(0, v). */
void num_activate(const toc_ctx *ctx, float *x, size_t ld, const float *bias, num_activation activation, size_t n_rows, size_t d);
void num_ref_activate(float *x, const float *bias, num_activation activation, size_t n_rows, size_t d);
/* x = (v - mean(v)) / sqrt(var(v) + eps) * gamma + beta with v = x + bias, row by row (Ba et al. 2016). bias may be NULL. */
void num_layer_norm(const toc_ctx *ctx, float *x, const float *bias, const float *gamma, const float *beta, float eps, size_t n_rows, size_t d);
void num_ref_layer_norm(float *x, const float *bias, const float *gamma, const float *beta, float eps, size_t n_rows, size_t d);

/* ---- products with packed weights: C (n x n_out) = A (n x n_in) W', W (n_out x n_in) rewritten once into panels that the CPU's tile kernel reads in order.
 * An entry of C is summed over n_in in one order whatever n is, so a row's bits do not depend on the rows beside it ---- */

/* What is multiplied; sums are fp32 (int8: exact in int32). NUM_BF16: A and W rounded to bfloat16. NUM_INT8: W by row to 8 bits around 0 with a scale, A by row
 * to 8 bits with scale and zero point, both taken from the row itself. A CPU without instructions for it multiplies W so rounded in fp32. */
typedef enum { NUM_FP32, NUM_BF16, NUM_INT8 } num_precision;

typedef struct {
    const struct num_kernel *kernel; /* NULL: cblas_sgemm */
    toc_cpu cpu;
    num_precision precision;
    size_t n_out, n_in;
    size_t bytes;      /* of memory */
    void *memory;      /* the caller's: panels, then for NUM_INT8 scale and sum of each output */
} num_weights;

/* A matrix of that shape without its values: says how many bytes num_weights_fill wants. Kernels are chosen by CPU; TOC_CPU_PLAIN: cblas_sgemm. */
num_weights num_weights_plan(const toc_ctx *ctx, num_precision precision, size_t n_out, size_t n_in);
/* Whether this CPU has instructions for it. */
bool num_runs_natively(const toc_ctx *ctx, num_precision precision);
/* W[o][i] = source[o * out_stride + i * in_stride], one of the strides 1, into memory (w->bytes, at best 64-byte aligned), which w borrows from then on. */
void num_weights_fill(num_weights *w, void *memory, const float *source, size_t out_stride, size_t in_stride);
/* Bytes num_product needs for n rows; may be 0. */
size_t num_product_scratch(const num_weights *w, size_t n);
/* C = activation(A W' + bias), or where add: C + A W' + bias. Rows of A and C are lda and ldc floats apart; bias (n_out) may be NULL; scratch may be NULL where
 * num_product_scratch is 0. C must not overlap A. */
void num_product(const num_weights *w, const float *a, size_t lda, size_t n, void *scratch, float *c, size_t ldc, const float *bias, num_activation activation, bool add);
/* The name of the kernel that multiplies: "avx512", "avx512_bf16", "avx512_vnni", "avx2", "avx2_maddubs" or "openblas". */
const char *num_weights_kernel(const num_weights *w);

/* ---- attention of the tokens of one text to each other (Vaswani et al. 2017), by heads of d = hidden / n_heads neighbours ---- */
typedef struct {
    num_precision precision; /* of its products: NUM_BF16 or NUM_FP32 */
    size_t hidden, n_heads;  /* n_heads divides hidden */
    bool causal;             /* a token sees those before it and itself */
} num_attention;
/* For a model whose weights have that precision: bfloat16 beside anything but NUM_FP32 where the CPU has it and d is even. */
num_attention num_attention_plan(const toc_ctx *ctx, num_precision precision, size_t hidden, size_t n_heads, bool causal);
/* Bytes num_attend needs for texts of at most n tokens. */
size_t num_attention_scratch(const toc_ctx *ctx, const num_attention *attention, size_t n);
/* out (n x hidden) = softmax(Q K' / sqrt(d)) V for each head; qkv (n x 3 hidden) has Q, K and V side by side; scratch is 64-byte aligned at best. */
void num_attend(const toc_ctx *ctx, const num_attention *attention, const float *qkv, size_t n, void *scratch, float *out);

#endif
