/* tile.h: private to num/: the innermost loops of num_product. */
#ifndef NUM_TILE_H
#define NUM_TILE_H

#include "num/num_int.h"

/* The largest tile of all kernels. */
enum { TILE_ROWS = 14, TILE_COLUMNS = 32 };

/* C = or += A (n_rows x steps groups) times a panel (steps x columns x group). A group is what one instruction adds up: 1 float, 2 bfloat16 or 4 bytes. */
typedef struct {
    size_t n_rows, steps;
    const char *a;
    size_t stride;                /* bytes from row to row of a */
    const void *panel;
    float *c;
    size_t ldc;
    bool add;
    const float *row_scale;       /* NUM_INT8: a = row_scale * (byte - row_zero) */
    const int32_t *row_zero;
    const float *scale;           /* NUM_INT8, of the panel's columns: w = scale * byte, and the sum of a column's bytes */
    const int32_t *sum;
} num_tile;

struct num_kernel {
    const char *name;
    num_precision precision;
    bool wide;                    /* AVX-512 */
    size_t rows, columns, group;  /* of a tile; n_rows <= rows */
    int most;                     /* NUM_INT8: weights are -most to most */
    void (*run)(const num_tile *tile);
    bool (*runs_here)(void);
};

/* Best first; ends with run = NULL. */
extern const struct num_kernel num_kernels[];

/* To the nearest, ties to even; NaN stays NaN. */
static inline uint16_t num_bf16(float x)
{
    uint32_t bits;

    memcpy(&bits, &x, sizeof bits);
    uint32_t rounded = bits + 0x7fff + (bits >> 16 & 1);
    return (uint16_t)(((bits & 0x7fffffff) > 0x7f800000 ? bits | 0x400000 : rounded) >> 16);
}

/* Rows of floats as bfloat16; odd ends are filled with 0. out rows are `stride` bytes apart. */
void num_rows_bf16(const float *x, size_t ld, size_t n_rows, size_t d, char *out, size_t stride);
/* Rows of floats as bytes: x = scale * (byte - zero) up to scale / 2, 0 exactly; ends are filled with the zero. */
void num_rows_int8(const float *x, size_t ld, size_t n_rows, size_t d, char *out, size_t stride, float *scale, int32_t *zero);

#endif
