/* rows.c: rows of floats in the form that tile kernels multiply. */
#include <math.h>

#include "num/tile.h"

NUM_CLONES void num_rows_bf16(const float *x, size_t ld, size_t n_rows, size_t d, char *out, size_t stride)
{
    for (size_t i = 0; i < n_rows; i++, x += ld, out += stride) {
        uint16_t *row = (uint16_t *)(void *)out;
        for (size_t j = 0; j < d; j++) row[j] = num_bf16(x[j]);
        if (d % 2) row[d] = 0;
    }
}

enum { W = 16 };

/* Least and largest entry of a row, 0 among them. */
static inline __attribute__((always_inline)) void range_of(const float *x, size_t d, float *least, float *largest)
{
    float low[W] = {0}, high[W] = {0};
    size_t whole = d & ~(size_t)(W - 1);

    for (size_t j = 0; j < whole; j += W)
        for (size_t l = 0; l < W; l++) {
            low[l] = x[j + l] < low[l] ? x[j + l] : low[l];
            high[l] = x[j + l] > high[l] ? x[j + l] : high[l];
        }
    for (size_t j = whole; j < d; j++) {
        low[0] = TOC_MIN(low[0], x[j]);
        high[0] = TOC_MAX(high[0], x[j]);
    }
    *least = low[0];
    *largest = high[0];
    for (size_t l = 1; l < W; l++) {
        *least = TOC_MIN(*least, low[l]);
        *largest = TOC_MAX(*largest, high[l]);
    }
}

NUM_CLONES void num_rows_int8(const float *x, size_t ld, size_t n_rows, size_t d, char *out, size_t stride, float *scale, int32_t *zero)
{
    const float magic = 12582912.0f; /* 1.5 * 2^23: adding it rounds to an integer, kept in the low bits */

    for (size_t i = 0; i < n_rows; i++, x += ld, out += stride) {
        uint8_t *row = (uint8_t *)out;
        float least, largest;
        range_of(x, d, &least, &largest);
        float unit = (largest - least) / 255;
        scale[i] = unit > 0 && unit < INFINITY ? unit : 1;
        zero[i] = (int32_t)(0.5f - least / scale[i]);
        float inverse = 1 / scale[i], shift = magic + (float)zero[i], top = magic + 255.0f;
        for (size_t j = 0; j < d; j++) {
            float v = x[j] * inverse + shift;
            uint32_t bits;
            v = v > top ? top : v; /* the largest may round to 256 */
            memcpy(&bits, &v, sizeof bits);
            row[j] = (uint8_t)bits;
        }
        for (size_t j = d; j < stride; j++) row[j] = (uint8_t)zero[i];
    }
}
