/* row.c: softmax, GELU and layer normalisation over rows of floats: the loops of this CPU, and plain ones in double that tests compare with. */
#include "num/row.h"

#include <math.h>

const num_row_loops *num_row(toc_cpu cpu)
{
#if defined(__x86_64__)
    if (cpu == TOC_CPU_BEST && __builtin_cpu_supports("avx512f")) return &num_row_avx512;
    if (cpu <= TOC_CPU_AVX2 && __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma")) return &num_row_avx2;
#endif
    return &num_row_plain;
}

void num_softmax(const toc_ctx *ctx, float *x, size_t n_rows, size_t n, size_t stride, float scale)
{
    num_row(ctx->cpu)->softmax(x, n_rows, n, stride, scale);
}

void num_layer_norm(const toc_ctx *ctx, float *x, const float *bias, const float *gamma, const float *beta, float eps, size_t n_rows, size_t d)
{
    num_row(ctx->cpu)->layer_norm(x, bias, gamma, beta, eps, n_rows, d);
}

void num_activate(const toc_ctx *ctx, float *x, size_t ld, const float *bias, num_activation activation, size_t n_rows, size_t d)
{
    if (bias || activation != NUM_LINEAR) num_row(ctx->cpu)->activate(x, ld, bias, activation, n_rows, d);
}

void num_ref_softmax(float *x, size_t n_rows, size_t n, size_t stride, float scale)
{
    for (size_t i = 0; i < n_rows; i++, x += stride) {
        double top = -INFINITY, sum = 0;
        for (size_t j = 0; j < n; j++) top = TOC_MAX(top, (double)x[j]);
        for (size_t j = 0; j < n; j++) sum += exp(((double)x[j] - top) * (double)scale);
        for (size_t j = 0; j < n; j++) x[j] = (float)(exp(((double)x[j] - top) * (double)scale) / sum);
        for (size_t j = n; j < ((n + 15) & ~(size_t)15); j++) x[j] = 0;
    }
}

static double activation_of(num_activation activation, double v)
{
    switch (activation) {
    case NUM_GELU: return 0.5 * v * (1 + erf(v * 0.70710678118654752));
    case NUM_GELU_TANH: return 0.5 * v * (1 + tanh(0.79788456080286536 * (v + 0.044715 * v * v * v)));
    case NUM_RELU: return v < 0 ? 0 : v;
    default: return v;
    }
}

void num_ref_activate(float *x, const float *bias, num_activation activation, size_t n_rows, size_t d)
{
    for (size_t i = 0; i < n_rows; i++)
        for (size_t j = 0; j < d; j++)
            x[i * d + j] = (float)activation_of(activation, (double)x[i * d + j] + (double)bias[j]);
}

void num_ref_layer_norm(float *x, const float *bias, const float *gamma, const float *beta, float eps, size_t n_rows, size_t d)
{
    for (size_t i = 0; i < n_rows; i++, x += d) {
        double sum = 0, square = 0;
        for (size_t j = 0; j < d; j++) sum += (double)x[j] + (bias ? (double)bias[j] : 0);
        double mean = sum / (double)d;
        for (size_t j = 0; j < d; j++) {
            double v = (double)x[j] + (bias ? (double)bias[j] : 0) - mean;
            square += v * v;
        }
        double scale = 1 / sqrt(square / (double)d + (double)eps);
        for (size_t j = 0; j < d; j++)
            x[j] = (float)(((double)x[j] + (bias ? (double)bias[j] : 0) - mean) * scale * (double)gamma[j] + (double)beta[j]);
    }
}
