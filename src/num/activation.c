/* activation.c: softmax, GELU and layer normalisation over rows of floats: plain loops that a compiler turns into vectors (this folder is built with -O3). Sums
 * are kept in 16 parts, so that the order of additions, and so the bits, are those of every CPU. */
#include <math.h>

#include "num/num_int.h"

enum { W = 16 };

#define INLINE static inline __attribute__((always_inline))

INLINE float sum_of(float parts[W])
{
    for (size_t h = W / 2; h > 0; h /= 2)
        for (size_t j = 0; j < h; j++) parts[j] += parts[j + h];
    return parts[0];
}

/* exp(x) for x in [-87, 0]; smaller ones as -87. Cody-Waite reduction to |r| <= ln(2)/2, then the Taylor polynomial of degree 7: its remainder is 5e-9. */
INLINE float exp_of(float x)
{
    const float magic = 12582912.0f; /* 1.5 * 2^23: adding it rounds to an integer, kept in the low bits */
    uint32_t bits, power;

    x = x < -87.0f ? -87.0f : x;
    float shifted = x * 1.44269504089f + magic;
    float k = shifted - magic;
    float r = (x - k * 0.693359375f) + k * 2.12194440e-4f;
    float p = r * (1.0f / 5040) + 1.0f / 720;
    p = p * r + 1.0f / 120;
    p = p * r + 1.0f / 24;
    p = p * r + 1.0f / 6;
    p = p * r + 0.5f;
    p = p * r + 1.0f;
    p = p * r + 1.0f;
    memcpy(&power, &shifted, sizeof power);
    memcpy(&bits, &p, sizeof bits);
    bits += power << 23;
    memcpy(&p, &bits, sizeof p);
    return p;
}

NUM_CLONES void num_softmax(float *x, size_t n_rows, size_t n, size_t stride, float scale)
{
    size_t padded = (n + W - 1) & ~(size_t)(W - 1);

    for (size_t i = 0; i < n_rows; i++, x += stride) {
        float top[W], sum[W] = {0};
        for (size_t j = n; j < padded; j++) x[j] = -3e38f; /* becomes exp(-87), then 0 below */
        for (size_t l = 0; l < W; l++) top[l] = x[l];
        for (size_t j = W; j < padded; j += W)
            for (size_t l = 0; l < W; l++) top[l] = top[l] < x[j + l] ? x[j + l] : top[l];
        float most = top[0];
        for (size_t l = 1; l < W; l++) most = TOC_MAX(most, top[l]);
        for (size_t j = 0; j < padded; j += W)
            for (size_t l = 0; l < W; l++) x[j + l] = exp_of((x[j + l] - most) * scale);
        for (size_t j = n; j < padded; j++) x[j] = 0;
        for (size_t j = 0; j < padded; j += W)
            for (size_t l = 0; l < W; l++) sum[l] += x[j + l];
        float share = 1.0f / sum_of(sum);
        for (size_t j = 0; j < padded; j += W)
            for (size_t l = 0; l < W; l++) x[j + l] *= share;
    }
}

void num_ref_softmax(float *x, size_t n_rows, size_t n, size_t stride, float scale)
{
    for (size_t i = 0; i < n_rows; i++, x += stride) {
        double top = -INFINITY, sum = 0;
        for (size_t j = 0; j < n; j++) top = TOC_MAX(top, (double)x[j]);
        for (size_t j = 0; j < n; j++) sum += exp(((double)x[j] - top) * (double)scale);
        for (size_t j = 0; j < n; j++) x[j] = (float)(exp(((double)x[j] - top) * (double)scale) / sum);
        for (size_t j = n; j < ((n + W - 1) & ~(size_t)(W - 1)); j++) x[j] = 0;
    }
}

/* erf by the rational function of XLA and Eigen, good to 2e-7 and at most 1 in [-4, 4], where it reaches its limits. */
INLINE float gelu_of(float v)
{
    float x = v * 0.70710678118f;

    x = x < -4.0f ? -4.0f : x;
    x = x > 4.0f ? 4.0f : x;
    float s = x * x;
    float p = s * -2.72614225801306e-10f + 2.77068142495902e-08f;
    p = p * s + -2.10102402082508e-06f;
    p = p * s + -5.69250639462346e-05f;
    p = p * s + -7.34990630326855e-04f;
    p = p * s + -2.95459980854025e-03f;
    p = p * s + -1.60960333262415e-02f;
    float q = s * -1.45660718464996e-05f + -2.13374055278905e-04f;
    q = q * s + -1.68282697438203e-03f;
    q = q * s + -7.37332916720468e-03f;
    q = q * s + -1.42647390514189e-02f;
    return 0.5f * v * (1.0f + x * p / q);
}

NUM_CLONES void num_activate(float *x, size_t ld, const float *bias, num_activation activation, size_t n_rows, size_t d)
{
    for (size_t i = 0; i < n_rows; i++, x += ld) {
        if (bias)
            for (size_t j = 0; j < d; j++) x[j] += bias[j];
        if (activation == NUM_GELU)
            for (size_t j = 0; j < d; j++) x[j] = gelu_of(x[j]);
    }
}

void num_ref_gelu(float *x, const float *bias, size_t n_rows, size_t d)
{
    for (size_t i = 0; i < n_rows; i++)
        for (size_t j = 0; j < d; j++) {
            double v = (double)x[i * d + j] + (double)bias[j];
            x[i * d + j] = (float)(0.5 * v * (1 + erf(v * 0.70710678118654752)));
        }
}

NUM_CLONES void num_layer_norm(float *x, const float *bias, const float *gamma, const float *beta, float eps, size_t n_rows, size_t d)
{
    size_t whole = d & ~(size_t)(W - 1);

    for (size_t i = 0; i < n_rows; i++, x += d) {
        float sum[W] = {0}, square[W] = {0};
        if (bias)
            for (size_t j = 0; j < d; j++) x[j] += bias[j];
        for (size_t j = 0; j < whole; j += W)
            for (size_t l = 0; l < W; l++) sum[l] += x[j + l];
        for (size_t j = whole; j < d; j++) sum[j - whole] += x[j];
        float mean = sum_of(sum) / (float)d;
        for (size_t j = 0; j < whole; j += W)
            for (size_t l = 0; l < W; l++) square[l] += (x[j + l] - mean) * (x[j + l] - mean);
        for (size_t j = whole; j < d; j++) square[j - whole] += (x[j] - mean) * (x[j] - mean);
        float scale = 1.0f / sqrtf(sum_of(square) / (float)d + eps);
        for (size_t j = 0; j < d; j++) x[j] = (x[j] - mean) * scale * gamma[j] + beta[j];
    }
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
