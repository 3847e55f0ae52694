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
    bool add;                     /* to what c holds */
    const float *bias;            /* of the panel's columns, or NULL */
    num_activation activation;
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
    size_t entry;                 /* bytes of a number in panels and rows of A */
    int most;                     /* NUM_INT8: weights are -most to most */
    void (*run)(const num_tile *tile);
    bool (*runs_here)(void);
};

/* Of w, whose kernel is not NULL. */
size_t num_steps(const num_weights *w);
size_t num_panels(const num_weights *w);
size_t num_row_bytes(const num_weights *w);   /* of a row of A as the kernel reads it */
size_t num_panel_bytes(const num_weights *w);
float *num_scales(const num_weights *w);      /* NUM_INT8: in w's memory, of each output */
int32_t *num_sums(const num_weights *w);

/* num_product with A as the kernel reads it: all's a, stride, c, ldc, add, activation, row_scale and row_zero; bias (n_out) or NULL. */
void num_tiles(const num_weights *w, const num_tile *all, size_t n, const float *bias);

void num_tile_fp32_avx512(const num_tile *tile);
void num_tile_bf16_avx512(const num_tile *tile);
void num_tile_int8_avx512(const num_tile *tile);
void num_tile_fp32_avx2(const num_tile *tile);
void num_tile_int8_avx2(const num_tile *tile);

/* The row count is a constant in each copy of a kernel, so that loops unroll and sums get registers. */
#define UNROLL _Pragma("GCC unroll 14")
#define COPY(kernel, n) case n: kernel(t, n); break;
#define COPIES_6(kernel) COPY(kernel, 1) COPY(kernel, 2) COPY(kernel, 3) COPY(kernel, 4) COPY(kernel, 5) COPY(kernel, 6)
#define COPIES_14(kernel) COPIES_6(kernel) COPY(kernel, 7) COPY(kernel, 8) COPY(kernel, 9) COPY(kernel, 10) COPY(kernel, 11) COPY(kernel, 12) COPY(kernel, 13) COPY(kernel, 14)
#define TILE(name, cpu, kernel, copies) \
    __attribute__((target(cpu))) void name(const num_tile *t) \
    { \
        switch (t->n_rows) { \
            copies(kernel) \
        default: break; \
        } \
    }

#endif
