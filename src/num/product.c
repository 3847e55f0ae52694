/* product.c: products with packed weights, tile by tile. */
#include <cblas.h>

#include "num/row.h"
#include "num/tile.h"

size_t num_product_scratch(const num_weights *w, size_t n)
{
    if (!w->kernel || w->kernel->precision == NUM_FP32) return 0;
    return n * (num_row_bytes(w) + (w->kernel->precision == NUM_INT8 ? sizeof(float) + sizeof(int32_t) : 0));
}

/* A tile at the right edge is narrower than the panel: it is made beside, then copied. */
static void run_narrow(const struct num_kernel *kernel, num_tile *t, size_t columns)
{
    float whole[TILE_ROWS * TILE_COLUMNS], bias[TILE_COLUMNS] = {0};
    num_tile beside = *t;

    if (t->bias) {
        memcpy(bias, t->bias, columns * sizeof *bias);
        beside.bias = bias;
    }
    beside.c = whole;
    beside.ldc = kernel->columns;
    for (size_t i = 0; t->add && i < t->n_rows; i++) memcpy(whole + i * beside.ldc, t->c + i * t->ldc, columns * sizeof *whole);
    kernel->run(&beside);
    for (size_t i = 0; i < t->n_rows; i++) memcpy(t->c + i * t->ldc, whole + i * beside.ldc, columns * sizeof *whole);
}

void num_tiles(const num_weights *w, const num_tile *all, size_t n, const float *bias)
{
    const struct num_kernel *kernel = w->kernel;
    size_t bytes = num_panel_bytes(w);
    num_tile t = *all;

    t.steps = num_steps(w);
    for (size_t o = 0; o < w->n_out; o += kernel->columns) {
        size_t columns = TOC_MIN(kernel->columns, w->n_out - o);
        t.panel = (const char *)w->memory + o / kernel->columns * bytes;
        t.bias = bias ? bias + o : NULL;
        if (kernel->precision == NUM_INT8) {
            t.scale = num_scales(w) + o;
            t.sum = num_sums(w) + o;
        }
        for (size_t i = 0; i < n; i += kernel->rows) {
            t.n_rows = TOC_MIN(kernel->rows, n - i);
            t.a = all->a + i * t.stride;
            t.c = all->c + i * t.ldc + o;
            if (kernel->precision == NUM_INT8) {
                t.row_scale = all->row_scale + i;
                t.row_zero = all->row_zero + i;
            }
            if (columns == kernel->columns) kernel->run(&t);
            else run_narrow(kernel, &t, columns);
        }
    }
}

void num_product(const num_weights *w, const float *a, size_t lda, size_t n, void *scratch, float *c, size_t ldc, const float *bias, num_activation activation, bool add)
{
    const num_row_loops *row = num_row(w->cpu);
    num_tile t = { .a = (const char *)a, .stride = lda * sizeof *a, .c = c, .ldc = ldc, .add = add, .activation = activation };

    if (!w->kernel) {
        cblas_sgemm(CblasRowMajor, CblasNoTrans, CblasTrans, (int)n, (int)w->n_out, (int)w->n_in, 1, a, (int)lda, w->memory, (int)w->n_in, add, c, (int)ldc);
        if (bias || activation != NUM_LINEAR) row->activate(c, ldc, bias, activation, n, w->n_out);
        return;
    }
    if (w->kernel->precision != NUM_FP32) {
        t.a = scratch;
        t.stride = num_row_bytes(w);
    }
    if (w->kernel->precision == NUM_BF16) row->to_bf16(a, lda, n, w->n_in, scratch, t.stride);
    if (w->kernel->precision == NUM_INT8) {
        float *row_scale = (float *)(void *)((char *)scratch + n * t.stride);
        int32_t *row_zero = (int32_t *)(void *)(row_scale + n);
        row->to_int8(a, lda, n, w->n_in, scratch, t.stride, row_scale, row_zero);
        t.row_scale = row_scale;
        t.row_zero = row_zero;
    }
    num_tiles(w, &t, n, bias);
}
