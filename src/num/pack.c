/* pack.c: matrices in panels.
 *
 * A panel holds the kernel's number of outputs (columns of the result), step by step: for fp32 panel[i][column], for bfloat16 and bytes groups of 2 or 4
 * neighbours along n_in side by side, [i / group][column][i % group]; what is missing at the edges is 0. */
#include <math.h>

#include "num/row.h"
#include "num/tile.h"

static float float_of(uint16_t bf16)
{
    uint32_t bits = (uint32_t)bf16 << 16;
    float x;

    memcpy(&x, &bits, sizeof x);
    return x;
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

/* Pairs of neighbours go where their step is. */
static void fill_bf16(const num_weights *w, const source *from, uint32_t *panel)
{
    float chunk[CHUNK];
    uint32_t pairs[CHUNK / 2];

    for (size_t o = 0; o < from->columns; o++)
        for (size_t i = 0; i < w->n_in; i += CHUNK) {
            size_t n = TOC_MIN(w->n_in - i, (size_t)CHUNK), steps = (n + 1) / 2;
            num_row(w->cpu)->to_bf16(some(from, o, i, n, chunk), 0, 1, n, (char *)pairs, steps * sizeof *pairs);
            for (size_t k = 0; k < steps; k++) panel[(i / 2 + k) * w->kernel->columns + o] = pairs[k];
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
    void *panel = (char *)w->memory + index * num_panel_bytes(w);

    from->p += first * from->out_stride;
    from->columns = TOC_MIN(kernel->columns, w->n_out - first);
    if (from->columns < kernel->columns || w->n_in % kernel->group) memset(panel, 0, num_panel_bytes(w));
    for (size_t o = 0; o < from->columns && w->precision == NUM_INT8; o++) from->scale[o] = scale_of(w, from, o, kernel->most ? kernel->most : 127);
    if (kernel->precision == NUM_INT8) {
        memset(num_scales(w) + first, 0, kernel->columns * sizeof(float));
        memset(num_sums(w) + first, 0, kernel->columns * sizeof(int32_t));
        memcpy(num_scales(w) + first, from->scale, from->columns * sizeof(float));
        fill_int8(w, from, panel, num_sums(w) + first);
    } else if (kernel->precision == NUM_BF16) fill_bf16(w, from, panel);
    else if (w->precision == NUM_FP32) fill_fp32(w, from, panel);
    else fill_rounded(w, from, panel);
}

void num_weights_fill(num_weights *w, void *memory, const float *values, size_t out_stride, size_t in_stride)
{
    w->memory = memory;
    for (size_t k = 0; w->kernel && k < num_panels(w); k++) {
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
