/* product.c: products with packed weights.
 *
 * A panel holds the kernel's number of outputs (columns of the result), step by step: for fp32 panel[i][column], for bfloat16 and bytes groups of 2 or 4
 * neighbours along n_in side by side, [i / group][column][i % group]; what is missing at the edges is 0. */
#include <cblas.h>
#include <math.h>

#include "num/tile.h"

static const struct num_kernel *choose(const toc_ctx *ctx, num_precision precision)
{
    for (const struct num_kernel *k = num_kernels; k->run && ctx->cpu != TOC_CPU_PLAIN; k++)
        if (k->precision == precision && k->runs_here() && (!k->wide || ctx->cpu == TOC_CPU_BEST)) return k;
    return NULL;
}

static size_t steps_of(const num_weights *w)
{
    return (w->n_in + w->kernel->group - 1) / w->kernel->group;
}

static size_t panels_of(const num_weights *w)
{
    return (w->n_out + w->kernel->columns - 1) / w->kernel->columns;
}

/* Bytes of a step of a panel, or of a row of A packed for it. */
static size_t entry_size(num_precision precision)
{
    return precision == NUM_FP32 ? sizeof(float) : precision == NUM_BF16 ? sizeof(uint16_t) : 1;
}

static size_t panel_bytes(const num_weights *w)
{
    return steps_of(w) * w->kernel->group * w->kernel->columns * entry_size(w->kernel->precision);
}

num_weights num_weights_plan(const toc_ctx *ctx, num_precision precision, size_t n_out, size_t n_in)
{
    num_weights w = { .kernel = choose(ctx, precision), .precision = precision, .n_out = n_out, .n_in = n_in };

    if (!w.kernel) w.kernel = choose(ctx, NUM_FP32);
    if (!w.kernel) w.bytes = n_out * n_in * sizeof(float);
    else {
        w.bytes = panels_of(&w) * panel_bytes(&w);
        if (w.kernel->precision == NUM_INT8) w.bytes += panels_of(&w) * w.kernel->columns * (sizeof(float) + sizeof(int32_t));
    }
    return w;
}

const char *num_weights_kernel(const num_weights *w)
{
    return w->kernel ? w->kernel->name : "openblas";
}

static float float_of(uint16_t bf16)
{
    uint32_t bits = (uint32_t)bf16 << 16;
    float x;

    memcpy(&x, &bits, sizeof x);
    return x;
}

/* What a byte is worth in an output whose n weights are stride apart. */
static float scale_of(const float *p, size_t n, size_t stride, int most)
{
    float largest = 0;

    for (size_t i = 0; i < n; i++) largest = TOC_MAX(largest, fabsf(p[i * stride]));
    return largest > 0 ? largest / (float)most : 1;
}

static int8_t byte_of(float x, float scale, int most)
{
    long q = lrintf(x / scale);

    return (int8_t)(q < -most ? -most : q > most ? most : q);
}

/* What fp32 kernels multiply in place of x. */
static float rounded(float x, num_precision precision, float scale)
{
    if (precision == NUM_BF16) return float_of(num_bf16(x));
    return precision == NUM_INT8 ? (float)byte_of(x, scale, 127) * scale : x;
}

static float *scales_of(const num_weights *w)
{
    return (float *)(void *)((char *)w->memory + panels_of(w) * panel_bytes(w));
}

static int32_t *sums_of(const num_weights *w)
{
    return (int32_t *)(void *)(scales_of(w) + panels_of(w) * w->kernel->columns);
}

/* A matrix being packed, from its first output of a panel. */
typedef struct {
    const float *p;
    size_t out_stride, in_stride, columns; /* that are there, at most the kernel's */
    float scale[TILE_COLUMNS];             /* NUM_INT8 */
} source;

static void fill_fp32(const num_weights *w, const source *from, float *panel)
{
    for (size_t i = 0; i < w->n_in; i++, panel += w->kernel->columns)
        for (size_t o = 0; o < from->columns; o++) panel[o] = from->p[o * from->out_stride + i * from->in_stride];
    if (w->precision == NUM_FP32) return;
    panel -= w->n_in * w->kernel->columns;
    for (size_t i = 0; i < w->n_in; i++, panel += w->kernel->columns)
        for (size_t o = 0; o < from->columns; o++) panel[o] = rounded(panel[o], w->precision, from->scale[o]);
}

static void fill_bf16(const num_weights *w, const source *from, uint16_t *panel)
{
    for (size_t i = 0; i < w->n_in; i += 2, panel += 2 * w->kernel->columns)
        for (size_t o = 0; o < from->columns; o++)
            for (size_t g = 0; g < TOC_MIN(w->n_in - i, 2); g++) panel[2 * o + g] = num_bf16(from->p[o * from->out_stride + (i + g) * from->in_stride]);
}

static void fill_int8(const num_weights *w, const source *from, int8_t *panel, int32_t *sum)
{
    for (size_t i = 0; i < w->n_in; i += 4, panel += 4 * w->kernel->columns)
        for (size_t o = 0; o < from->columns; o++)
            for (size_t g = 0; g < TOC_MIN(w->n_in - i, 4); g++)
                sum[o] += panel[4 * o + g] = byte_of(from->p[o * from->out_stride + (i + g) * from->in_stride], from->scale[o], w->kernel->most);
}

static void fill_panel(const num_weights *w, size_t index, source *from)
{
    size_t first = index * w->kernel->columns;
    char *panel = (char *)w->memory + index * panel_bytes(w);
    int most = w->kernel->precision == NUM_INT8 ? w->kernel->most : 127;

    from->p += first * from->out_stride;
    from->columns = TOC_MIN(w->kernel->columns, w->n_out - first);
    if (from->columns < w->kernel->columns || w->n_in % w->kernel->group) memset(panel, 0, panel_bytes(w));
    for (size_t o = 0; o < from->columns && w->precision == NUM_INT8; o++) from->scale[o] = scale_of(from->p + o * from->out_stride, w->n_in, from->in_stride, most);
    if (w->kernel->precision == NUM_FP32) fill_fp32(w, from, (float *)(void *)panel);
    else if (w->kernel->precision == NUM_BF16) fill_bf16(w, from, (uint16_t *)(void *)panel);
    else {
        memset(scales_of(w) + first, 0, w->kernel->columns * sizeof(float));
        memset(sums_of(w) + first, 0, w->kernel->columns * sizeof(int32_t));
        memcpy(scales_of(w) + first, from->scale, from->columns * sizeof(float));
        fill_int8(w, from, (int8_t *)panel, sums_of(w) + first);
    }
}

void num_weights_fill(num_weights *w, void *memory, const float *values, size_t out_stride, size_t in_stride)
{
    w->memory = memory;
    for (size_t k = 0; w->kernel && k < panels_of(w); k++) {
        source from = { .p = values, .out_stride = out_stride, .in_stride = in_stride };
        fill_panel(w, k, &from);
    }
    for (size_t o = 0; !w->kernel && o < w->n_out; o++) {
        const float *from = values + o * out_stride;
        float unit = w->precision == NUM_INT8 ? scale_of(from, w->n_in, in_stride, 127) : 1;
        for (size_t i = 0; i < w->n_in; i++) ((float *)memory)[o * w->n_in + i] = rounded(from[i * in_stride], w->precision, unit);
    }
}

/* Bytes of a row of A as the kernel reads it. */
static size_t row_bytes(const num_weights *w)
{
    return steps_of(w) * w->kernel->group * entry_size(w->kernel->precision);
}

size_t num_product_scratch(const num_weights *w, size_t n)
{
    if (!w->kernel || w->kernel->precision == NUM_FP32) return 0;
    return n * (row_bytes(w) + (w->kernel->precision == NUM_INT8 ? sizeof(float) + sizeof(int32_t) : 0));
}

/* A tile at the right edge is narrower than the panel: it is made beside, then copied. */
static void run_tile(const struct num_kernel *kernel, num_tile *t, size_t columns)
{
    float whole[TILE_ROWS * TILE_COLUMNS], *c = t->c;
    size_t ldc = t->ldc;

    if (columns == kernel->columns) {
        kernel->run(t);
        return;
    }
    t->c = whole;
    t->ldc = kernel->columns;
    for (size_t i = 0; t->add && i < t->n_rows; i++) memcpy(whole + i * t->ldc, c + i * ldc, columns * sizeof *c);
    kernel->run(t);
    for (size_t i = 0; i < t->n_rows; i++) memcpy(c + i * ldc, whole + i * t->ldc, columns * sizeof *c);
}

void num_product(const num_weights *w, const float *a, size_t lda, size_t n, void *scratch, float *c, size_t ldc, const float *bias, num_activation activation, bool add)
{
    const struct num_kernel *kernel = w->kernel;

    if (!kernel) {
        cblas_sgemm(CblasRowMajor, CblasNoTrans, CblasTrans, (int)n, (int)w->n_out, (int)w->n_in, 1, a, (int)lda, w->memory, (int)w->n_in, add, c, (int)ldc);
        num_activate(c, ldc, bias, activation, n, w->n_out);
        return;
    }
    num_tile t = { .a = (const char *)a, .stride = lda * sizeof *a, .steps = steps_of(w), .ldc = ldc, .add = add };
    if (kernel->precision != NUM_FP32) {
        t.a = scratch;
        t.stride = row_bytes(w);
    }
    float *row_scale = (float *)(void *)((char *)scratch + n * t.stride);
    int32_t *row_zero = (int32_t *)(void *)(row_scale + n);
    if (kernel->precision == NUM_BF16) num_rows_bf16(a, lda, n, w->n_in, scratch, t.stride);
    if (kernel->precision == NUM_INT8) num_rows_int8(a, lda, n, w->n_in, scratch, t.stride, row_scale, row_zero);
    const char *rows = t.a;
    for (size_t o = 0; o < w->n_out; o += kernel->columns) {
        size_t columns = TOC_MIN(kernel->columns, w->n_out - o);
        t.panel = (const char *)w->memory + o / kernel->columns * panel_bytes(w);
        if (kernel->precision == NUM_INT8) {
            t.scale = scales_of(w) + o;
            t.sum = sums_of(w) + o;
        }
        for (size_t i = 0; i < n; i += kernel->rows) {
            t.n_rows = TOC_MIN(kernel->rows, n - i);
            t.a = rows + i * t.stride;
            t.row_scale = row_scale + i;
            t.row_zero = row_zero + i;
            t.c = c + i * ldc + o;
            t.ldc = ldc;
            run_tile(kernel, &t, columns);
            num_activate(c + i * ldc + o, ldc, bias ? bias + o : NULL, activation, t.n_rows, columns);
        }
    }
}
