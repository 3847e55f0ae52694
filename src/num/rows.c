/* rows.c: rows of floats in the form that tile kernels multiply. */
#include <math.h>

#include "num/tile.h"

typedef float vec __attribute__((vector_size(64)));
typedef uint32_t bits __attribute__((vector_size(64)));
typedef int32_t ivec __attribute__((vector_size(64)));
typedef uint16_t halves __attribute__((vector_size(32)));
typedef uint8_t bytes __attribute__((vector_size(16)));
enum { W = 16 };

#define INLINE static inline __attribute__((always_inline))

/* Constant sizes where a vector is whole: else memcpy would be a call. */
INLINE void load(vec *v, const float *p, size_t n)
{
    *v = (vec){0};
    if (n >= W) memcpy(v, p, sizeof *v);
    else memcpy(v, p, n * sizeof *p);
}

NUM_CLONES void num_rows_bf16(const float *x, size_t ld, size_t n_rows, size_t d, char *out, size_t stride)
{
    for (size_t i = 0; i < n_rows; i++, x += ld, out += stride) {
        for (size_t j = 0; j < d; j += W) {
            vec f;
            load(&f, x + j, d - j);
            bits v = (bits)f;
            bits nan = (bits)((v & 0x7fffffff) > 0x7f800000);
            v = (~nan & (v + 0x7fff + (v >> 16 & 1))) | (nan & (v | 0x400000));
            halves h = __builtin_convertvector(v >> 16, halves);
            if (stride - 2 * j >= sizeof h) memcpy(out + 2 * j, &h, sizeof h);
            else memcpy(out + 2 * j, &h, stride - 2 * j);
        }
    }
}

/* Least and largest entry of a row, 0 among them. */
INLINE void range_of(const float *x, size_t d, float *least, float *largest)
{
    vec low = {0}, high = {0};

    for (size_t j = 0; j < d; j += W) {
        vec v;
        load(&v, x + j, d - j);
        ivec less = v < low, more = v > high;
        low = (vec)((less & (ivec)v) | (~less & (ivec)low));
        high = (vec)((more & (ivec)v) | (~more & (ivec)high));
    }
    for (size_t j = 0; j < W; j++) {
        *least = TOC_MIN(*least, low[j]);
        *largest = TOC_MAX(*largest, high[j]);
    }
}

NUM_CLONES void num_rows_int8(const float *x, size_t ld, size_t n_rows, size_t d, char *out, size_t stride, float *scale, int32_t *zero)
{
    const float magic = 12582912.0f; /* 1.5 * 2^23: adding it rounds to an integer, kept in the low bits */

    for (size_t i = 0; i < n_rows; i++, x += ld, out += stride) {
        float least = 0, largest = 0;
        range_of(x, d, &least, &largest);
        float unit = (largest - least) / 255;
        scale[i] = unit > 0 && unit < INFINITY ? unit : 1;
        zero[i] = (int32_t)(0.5f - least / scale[i]);
        float inverse = 1 / scale[i], shift = magic + (float)zero[i];
        for (size_t j = 0; j < d; j += W) {
            vec v;
            load(&v, x + j, d - j);
            v = v * inverse + shift;
            /* The largest entry may round to 256. */
            ivec over = v > magic + 255.0f;
            vec top = (vec){0} + (magic + 255.0f);
            v = (vec)((over & (ivec)top) | (~over & (ivec)v));
            bytes b = __builtin_convertvector((bits)v & 255, bytes);
            if (stride - j >= W) memcpy(out + j, &b, sizeof b);
            else memcpy(out + j, &b, stride - j);
        }
    }
}
