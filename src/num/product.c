/* product.c: products with packed weights.
 *
 * A panel holds the kernel's number of outputs (columns of the result), step by step: for fp32 panel[i][column], for bfloat16 and bytes groups of 2 or 4
 * neighbours along n_in side by side, [i / group][column][i % group]; what is missing at the edges is 0. */
#include <cblas.h>
#include <math.h>

#include "num/row.h"
#include "num/tile.h"

#if defined(__x86_64__)
static bool has_avx512(void)
{
    return __builtin_cpu_supports("avx512f");
}

static bool has_bf16(void)
{
    return has_avx512() && __builtin_cpu_supports("avx512bf16");
}

static bool has_vnni(void)
{
    return has_avx512() && __builtin_cpu_supports("avx512vnni");
}

static bool has_avx2(void)
{
    return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
}
#endif

/* Best first. */
static const struct num_kernel kernels[] = {
#if defined(__x86_64__)
    { "avx512", NUM_FP32, true, 14, 32, 1, 0, num_tile_fp32_avx512, has_avx512 },
    { "avx2", NUM_FP32, false, 6, 16, 1, 0, num_tile_fp32_avx2, has_avx2 },
    { "avx512_bf16", NUM_BF16, true, 14, 32, 2, 0, num_tile_bf16_avx512, has_bf16 },
    { "avx512_vnni", NUM_INT8, true, 14, 32, 4, 127, num_tile_int8_avx512, has_vnni },
    { "avx2_maddubs", NUM_INT8, false, 6, 16, 4, 63, num_tile_int8_avx2, has_avx2 },
#endif
    { .run = NULL },
};

static const struct num_kernel *choose(const toc_ctx *ctx, num_precision precision)
{
    for (const struct num_kernel *k = kernels; k->run && ctx->cpu != TOC_CPU_PLAIN; k++)
        if (k->precision == precision && k->runs_here() && (!k->wide || ctx->cpu == TOC_CPU_BEST)) return k;
    return NULL;
}

bool num_runs_natively(const toc_ctx *ctx, num_precision precision)
{
    return choose(ctx, precision) != NULL;
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
    num_weights w = { .kernel = choose(ctx, precision), .cpu = ctx->cpu, .precision = precision, .n_out = n_out, .n_in = n_in };

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

static float *scales_of(const num_weights *w)
{
    return (float *)(void *)((char *)w->memory + panels_of(w) * panel_bytes(w));
}

static int32_t *sums_of(const num_weights *w)
{
    return (int32_t *)(void *)(scales_of(w) + panels_of(w) * w->kernel->columns);
}

enum { CHUNK = 64 };

/* A matrix being packed, from its first output of a panel. */
typedef struct {
    const float *p;
    size_t out_stride, in_stride, columns; /* that are there, at most the kernel's */
    float scale[TILE_COLUMNS];             /* NUM_INT8 */
} source;

/* n weights of an output from step i on, one after the other: where they are, or copied into chunk. */
static const float *some(const source *from, size_t o, size_t i, size_t n, float *chunk)
{
    const float *p = from->p + o * from->out_stride + i * from->in_stride;

    if (from->in_stride == 1) return p;
    for (size_t k = 0; k < n; k++) chunk[k] = p[k * from->in_stride];
    return chunk;
}

/* What a byte of an output is worth. */
static float scale_of(const num_weights *w, const source *from, size_t o, int most)
{
    float largest = 0, chunk[CHUNK];

    for (size_t i = 0; i < w->n_in; i += CHUNK) {
        size_t n = TOC_MIN(w->n_in - i, (size_t)CHUNK);
        largest = fmaxf(largest, num_row(w->cpu)->largest(some(from, o, i, n, chunk), n));
    }
    return largest > 0 ? largest / (float)most : 1;
}

/* What is multiplied in fp32 in place of n weights. */
static void round_off(const num_weights *w, float *x, size_t n, float scale)
{
    int8_t bytes[CHUNK];

    if (w->precision == NUM_INT8) num_row(w->cpu)->to_weights(x, n, scale, 127, bytes);
    for (size_t k = 0; k < n; k++) x[k] = w->precision == NUM_INT8 ? (float)bytes[k] * scale : w->precision == NUM_BF16 ? float_of(num_bf16(x[k])) : x[k];
}

static void fill_fp32(const num_weights *w, const source *from, float *panel)
{
    for (size_t i = 0; i < w->n_in; i++, panel += w->kernel->columns) {
        if (from->out_stride == 1) memcpy(panel, from->p + i * from->in_stride, from->columns * sizeof *panel);
        else
            for (size_t o = 0; o < from->columns; o++) panel[o] = from->p[o * from->out_stride + i * from->in_stride];
    }
}

static void fill_rounded(const num_weights *w, const source *from, float *panel)
{
    float chunk[CHUNK];

    for (size_t o = 0; o < from->columns; o++)
        for (size_t i = 0; i < w->n_in; i += CHUNK) {
            size_t n = TOC_MIN(w->n_in - i, (size_t)CHUNK);
            const float *x = some(from, o, i, n, chunk);
            if (x != chunk) memcpy(chunk, x, n * sizeof *x);
            round_off(w, chunk, n, from->scale[o]);
            for (size_t k = 0; k < n; k++) panel[(i + k) * w->kernel->columns + o] = chunk[k];
        }
}

/* Outputs one after the other: pairs of neighbours go where their step is. */
static void fill_bf16_by_output(const num_weights *w, const source *from, uint32_t *panel)
{
    uint32_t pairs[CHUNK / 2];

    for (size_t o = 0; o < from->columns; o++)
        for (size_t i = 0; i < w->n_in; i += CHUNK) {
            size_t n = TOC_MIN(w->n_in - i, (size_t)CHUNK), steps = (n + 1) / 2;
            num_row(w->cpu)->to_bf16(from->p + o * from->out_stride + i, 0, 1, n, (char *)pairs, steps * sizeof *pairs);
            for (size_t k = 0; k < steps; k++) panel[(i / 2 + k) * w->kernel->columns + o] = pairs[k];
        }
}

/* Steps one after the other: two rows of neighbouring outputs are woven. */
static void fill_bf16_by_step(const num_weights *w, const source *from, uint32_t *panel)
{
    const num_row_loops *row = num_row(w->cpu);
    uint16_t even[TILE_COLUMNS] = {0}, odd[TILE_COLUMNS] = {0};

    for (size_t i = 0; i < w->n_in; i += 2, panel += w->kernel->columns) {
        row->to_bf16(from->p + i * from->in_stride, 0, 1, from->columns, (char *)even, sizeof even);
        if (i + 1 < w->n_in) row->to_bf16(from->p + (i + 1) * from->in_stride, 0, 1, from->columns, (char *)odd, sizeof odd);
        else memset(odd, 0, sizeof odd);
        for (size_t o = 0; o < from->columns; o++) panel[o] = even[o] | (uint32_t)odd[o] << 16;
    }
}

static void fill_int8(const num_weights *w, const source *from, uint32_t *panel, int32_t *sum)
{
    float chunk[CHUNK];
    union {
        int8_t bytes[CHUNK];
        uint32_t groups[CHUNK / 4];
    } q;

    for (size_t o = 0; o < from->columns; o++)
        for (size_t i = 0; i < w->n_in; i += CHUNK) {
            size_t n = TOC_MIN(w->n_in - i, (size_t)CHUNK), steps = (n + 3) / 4;
            memset(q.bytes, 0, sizeof q.bytes);
            num_row(w->cpu)->to_weights(some(from, o, i, n, chunk), n, from->scale[o], w->kernel->most, q.bytes);
            for (size_t k = 0; k < n; k++) sum[o] += q.bytes[k];
            for (size_t k = 0; k < steps; k++) panel[(i / 4 + k) * w->kernel->columns + o] = q.groups[k];
        }
}

static void fill_panel(const num_weights *w, size_t index, source *from)
{
    const struct num_kernel *kernel = w->kernel;
    size_t first = index * kernel->columns;
    void *panel = (char *)w->memory + index * panel_bytes(w);

    from->p += first * from->out_stride;
    from->columns = TOC_MIN(kernel->columns, w->n_out - first);
    if (from->columns < kernel->columns || w->n_in % kernel->group) memset(panel, 0, panel_bytes(w));
    for (size_t o = 0; o < from->columns && w->precision == NUM_INT8; o++) from->scale[o] = scale_of(w, from, o, kernel->most ? kernel->most : 127);
    if (kernel->precision == NUM_INT8) {
        memset(scales_of(w) + first, 0, kernel->columns * sizeof(float));
        memset(sums_of(w) + first, 0, kernel->columns * sizeof(int32_t));
        memcpy(scales_of(w) + first, from->scale, from->columns * sizeof(float));
        fill_int8(w, from, panel, sums_of(w) + first);
    } else if (kernel->precision == NUM_BF16) {
        if (from->in_stride == 1) fill_bf16_by_output(w, from, panel);
        else fill_bf16_by_step(w, from, panel);
    } else if (w->precision == NUM_FP32) fill_fp32(w, from, panel);
    else fill_rounded(w, from, panel);
}

void num_weights_fill(num_weights *w, void *memory, const float *values, size_t out_stride, size_t in_stride)
{
    w->memory = memory;
    for (size_t k = 0; w->kernel && k < panels_of(w); k++) {
        source from = { .p = values, .out_stride = out_stride, .in_stride = in_stride };
        fill_panel(w, k, &from);
    }
    for (size_t o = 0; !w->kernel && o < w->n_out; o++) {
        const source from = { .p = values, .out_stride = out_stride, .in_stride = in_stride };
        float unit = w->precision == NUM_INT8 ? scale_of(w, &from, o, 127) : 1, *out = (float *)memory + o * w->n_in;
        for (size_t i = 0; i < w->n_in; i++) out[i] = values[o * out_stride + i * in_stride];
        for (size_t i = 0; i < w->n_in; i += CHUNK) round_off(w, out + i, TOC_MIN(w->n_in - i, (size_t)CHUNK), unit);
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
    float whole[TILE_ROWS * TILE_COLUMNS], bias[TILE_COLUMNS] = {0}, *c = t->c;
    size_t ldc = t->ldc;

    if (columns == kernel->columns) {
        kernel->run(t);
        return;
    }
    if (t->bias) {
        memcpy(bias, t->bias, columns * sizeof *bias);
        t->bias = bias;
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
    const num_row_loops *row = num_row(w->cpu);

    if (!kernel) {
        cblas_sgemm(CblasRowMajor, CblasNoTrans, CblasTrans, (int)n, (int)w->n_out, (int)w->n_in, 1, a, (int)lda, w->memory, (int)w->n_in, add, c, (int)ldc);
        if (bias || activation != NUM_LINEAR) row->activate(c, ldc, bias, activation, n, w->n_out);
        return;
    }
    num_tile t = { .a = (const char *)a, .stride = lda * sizeof *a, .steps = steps_of(w), .add = add, .activation = activation };
    if (kernel->precision != NUM_FP32) {
        t.a = scratch;
        t.stride = row_bytes(w);
    }
    float *row_scale = (float *)(void *)((char *)scratch + n * t.stride);
    int32_t *row_zero = (int32_t *)(void *)(row_scale + n);
    if (kernel->precision == NUM_BF16) row->to_bf16(a, lda, n, w->n_in, scratch, t.stride);
    if (kernel->precision == NUM_INT8) row->to_int8(a, lda, n, w->n_in, scratch, t.stride, row_scale, row_zero);
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
            t.bias = bias ? bias + o : NULL;
            run_tile(kernel, &t, columns);
        }
    }
}
