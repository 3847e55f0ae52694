/* row.h: private to num/: loops over rows of floats for each kind of CPU. Shapes are those of num.h and tile.h. */
#ifndef NUM_ROW_H
#define NUM_ROW_H

#include "num/num_int.h"

typedef struct {
    void (*softmax)(float *x, size_t n_rows, size_t n, size_t stride, float scale);
    void (*activate)(float *x, size_t ld, const float *bias, num_activation activation, size_t n_rows, size_t d);
    void (*layer_norm)(float *x, const float *bias, const float *gamma, const float *beta, float eps, size_t n_rows, size_t d);
    /* Rows of floats as bytes: x = scale * (byte - zero) up to scale / 2, 0 exactly; ends up to stride are filled with the zero. */
    void (*to_int8)(const float *x, size_t ld, size_t n_rows, size_t d, char *out, size_t stride, float *scale, int32_t *zero);
    /* Rows of floats as bfloat16; an odd end is filled with 0. */
    void (*to_bf16)(const float *x, size_t ld, size_t n_rows, size_t d, char *out, size_t stride);
    /* The largest |x|. */
    float (*largest)(const float *x, size_t n);
    /* x / scale to the nearest whole number from -limit to limit. */
    void (*to_weights)(const float *x, size_t n, float scale, int limit, int8_t *out);
} num_row_loops;

extern const num_row_loops num_row_avx512, num_row_avx2, num_row_plain;
/* The best of those that may run. */
const num_row_loops *num_row(toc_cpu cpu);

/* To the nearest, ties to even; NaN stays NaN. */
static inline uint16_t num_bf16(float x)
{
    uint32_t bits;

    memcpy(&bits, &x, sizeof bits);
    uint32_t rounded = bits + 0x7fff + (bits >> 16 & 1);
    return (uint16_t)(((bits & 0x7fffffff) > 0x7f800000 ? bits | 0x400000 : rounded) >> 16);
}

#endif
