/* activation.c: softmax, GELU and layer normalisation over rows of floats.
 *
 * Vectors of 16 floats (GCC vector extensions; a compiler splits them for a narrower CPU). Rows whose length is no multiple of 16 end in a vector that is
 * loaded with zeros behind. */
#include <math.h>

#include "num/num_int.h"

typedef float vec __attribute__((vector_size(64)));
typedef int32_t ivec __attribute__((vector_size(64)));
enum { W = 16 };

#define INLINE static inline __attribute__((always_inline))

INLINE size_t whole(size_t n)
{
    return n & ~(size_t)(W - 1);
}

/* By pointer: a vector as an argument has another calling convention on every kind of CPU. */
INLINE void load(vec *v, const float *p, size_t n)
{
    if (n >= W) memcpy(v, p, sizeof *v);
    else {
        *v = (vec){0};
        memcpy(v, p, n * sizeof *p);
    }
}

INLINE void store(float *p, const vec *v, size_t n)
{
    memcpy(p, v, TOC_MIN(n, (size_t)W) * sizeof *p);
}

INLINE float sum_of(const vec *v)
{
    float a[W];

    memcpy(a, v, sizeof a);
    for (size_t h = W / 2; h > 0; h /= 2)
        for (size_t j = 0; j < h; j++) a[j] += a[j + h];
    return a[0];
}

INLINE float largest_of(const vec *v)
{
    float a[W];

    memcpy(a, v, sizeof a);
    for (size_t h = W / 2; h > 0; h /= 2)
        for (size_t j = 0; j < h; j++) a[j] = TOC_MAX(a[j], a[j + h]);
    return a[0];
}

/* v = exp(v) for v in [-87, 0]; smaller ones as -87. Cody-Waite reduction to |r| <= ln(2)/2, then the Taylor polynomial of degree 7: its remainder is 5e-9. */
INLINE void exp_of(vec *v)
{
    const float magic = 12582912.0f; /* 1.5 * 2^23: adding it rounds to an integer, kept in the low bits */
    ivec small = *v < -87.0f, bits;
    vec x = (vec)((small & (ivec)(vec){ -87, -87, -87, -87, -87, -87, -87, -87, -87, -87, -87, -87, -87, -87, -87, -87 }) | (~small & (ivec)*v));
    vec shifted = x * 1.44269504089f + magic;
    vec k = shifted - magic;
    vec r = (x - k * 0.693359375f) + k * 2.12194440e-4f;
    vec p = r * (1.0f / 5040) + 1.0f / 720;

    p = p * r + 1.0f / 120;
    p = p * r + 1.0f / 24;
    p = p * r + 1.0f / 6;
    p = p * r + 0.5f;
    p = p * r + 1.0f;
    p = p * r + 1.0f;
    memcpy(&bits, &shifted, sizeof bits);
    *v = (vec)((ivec)p + (bits << 23));
}

NUM_CLONES void num_softmax(float *x, size_t n_rows, size_t n, size_t stride, float scale)
{
    size_t padded = whole(n + W - 1);

    for (size_t i = 0; i < n_rows; i++, x += stride) {
        vec top, v, sum = {0};
        for (size_t j = n; j < padded; j++) x[j] = -3e38f; /* becomes exp(-87), then 0 below */
        load(&top, x, W);
        for (size_t j = W; j < padded; j += W) {
            load(&v, x + j, W);
            ivec less = top < v;
            top = (vec)((less & (ivec)v) | (~less & (ivec)top));
        }
        float most = largest_of(&top);
        for (size_t j = 0; j < padded; j += W) {
            load(&v, x + j, W);
            v = (v - most) * scale;
            exp_of(&v);
            store(x + j, &v, W);
        }
        for (size_t j = n; j < padded; j++) x[j] = 0;
        for (size_t j = 0; j < padded; j += W) {
            load(&v, x + j, W);
            sum += v;
        }
        float share = 1.0f / sum_of(&sum);
        for (size_t j = 0; j < padded; j += W) {
            load(&v, x + j, W);
            v *= share;
            store(x + j, &v, W);
        }
    }
}

void num_ref_softmax(float *x, size_t n_rows, size_t n, size_t stride, float scale)
{
    for (size_t i = 0; i < n_rows; i++, x += stride) {
        double top = -INFINITY, sum = 0;
        for (size_t j = 0; j < n; j++) top = TOC_MAX(top, (double)x[j]);
        for (size_t j = 0; j < n; j++) sum += exp(((double)x[j] - top) * (double)scale);
        for (size_t j = 0; j < n; j++) x[j] = (float)(exp(((double)x[j] - top) * (double)scale) / sum);
        for (size_t j = n; j < whole(n + W - 1); j++) x[j] = 0;
    }
}

/* v = gelu(v). erf by the rational function of XLA and Eigen, good to 2e-7 and at most 1 in [-4, 4], where it reaches its limits. */
INLINE void gelu_of(vec *v)
{
    vec x = *v * 0.70710678118f;
    ivec low = x < -4.0f, high = x > 4.0f;
    vec four = (vec){0} + 4.0f;

    x = (vec)((low & (ivec)-four) | (high & (ivec)four) | (~(low | high) & (ivec)x));
    vec s = x * x;
    vec p = s * -2.72614225801306e-10f + 2.77068142495902e-08f;
    p = p * s + -2.10102402082508e-06f;
    p = p * s + -5.69250639462346e-05f;
    p = p * s + -7.34990630326855e-04f;
    p = p * s + -2.95459980854025e-03f;
    p = p * s + -1.60960333262415e-02f;
    vec q = s * -1.45660718464996e-05f + -2.13374055278905e-04f;
    q = q * s + -1.68282697438203e-03f;
    q = q * s + -7.37332916720468e-03f;
    q = q * s + -1.42647390514189e-02f;
    *v = 0.5f * *v * (1.0f + x * p / q);
}

NUM_CLONES void num_activate(float *x, size_t ld, const float *bias, num_activation activation, size_t n_rows, size_t d)
{
    for (size_t i = 0; i < n_rows; i++, x += ld) {
        for (size_t j = 0; bias && j < d; j += W) {
            vec v, b;
            load(&v, x + j, d - j);
            load(&b, bias + j, d - j);
            v += b;
            if (activation == NUM_GELU) gelu_of(&v);
            store(x + j, &v, d - j);
        }
        for (size_t j = 0; !bias && activation == NUM_GELU && j < d; j += W) {
            vec v;
            load(&v, x + j, d - j);
            gelu_of(&v);
            store(x + j, &v, d - j);
        }
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
    for (size_t i = 0; i < n_rows; i++, x += d) {
        vec v, b, sum = {0}, square = {0};
        for (size_t j = 0; j < d; j += W) {
            load(&v, x + j, d - j);
            if (bias) {
                load(&b, bias + j, d - j);
                v += b;
                store(x + j, &v, d - j);
            }
            sum += v;
        }
        float mean = sum_of(&sum) / (float)d;
        for (size_t j = 0; j < whole(d); j += W) {
            load(&v, x + j, W);
            v -= mean;
            square += v * v;
        }
        float rest = 0;
        for (size_t j = whole(d); j < d; j++) rest += (x[j] - mean) * (x[j] - mean);
        float scale = 1.0f / sqrtf((sum_of(&square) + rest) / (float)d + eps);
        for (size_t j = 0; j < d; j += W) {
            load(&v, x + j, d - j);
            v = (v - mean) * scale;
            load(&b, gamma + j, d - j);
            v *= b;
            load(&b, beta + j, d - j);
            v += b;
            store(x + j, &v, d - j);
        }
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
