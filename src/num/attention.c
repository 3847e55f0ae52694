/* attention.c: scaled dot-product attention over the tokens of one text, head by head. K and V of a head are the packed weights of two products. */
#include <math.h>

#include "num/row.h"
#include "num/tile.h"

enum { LANES = 32 }; /* rows of scores begin at multiples */

/* Parts of the scratch memory. */
typedef struct {
    num_weights keys, values; /* of one head: n x d, and d x n */
    float *scores;            /* n x ld */
    uint16_t *qkv, *shares;   /* NUM_BF16: everything rounded (n x 3 hidden), and the scores after softmax (n x ld) */
    size_t ld, bytes;
} parts;

static char *take(char *memory, size_t *used, size_t bytes)
{
    char *part = memory ? memory + *used : NULL;

    *used += (bytes + 63) & ~(size_t)63;
    return part;
}

static parts lay_out(const toc_ctx *ctx, const num_attention *a, size_t n, char *memory)
{
    size_t d = a->hidden / a->n_heads;
    parts p = {
        .keys = num_weights_plan(ctx, a->precision, n, d), .values = num_weights_plan(ctx, a->precision, d, n), .ld = (n + LANES - 1) & ~(size_t)(LANES - 1),
    };

    p.keys.memory = take(memory, &p.bytes, p.keys.bytes);
    p.values.memory = take(memory, &p.bytes, p.values.bytes);
    p.scores = (float *)(void *)take(memory, &p.bytes, n * p.ld * sizeof *p.scores);
    if (a->precision == NUM_FP32) return p;
    p.qkv = (uint16_t *)(void *)take(memory, &p.bytes, n * 3 * a->hidden * sizeof *p.qkv);
    p.shares = (uint16_t *)(void *)take(memory, &p.bytes, n * p.ld * sizeof *p.shares);
    return p;
}

num_attention num_attention_plan(const toc_ctx *ctx, num_precision precision, size_t hidden, size_t n_heads, bool causal)
{
    bool rounded = precision != NUM_FP32 && num_runs_natively(ctx, NUM_BF16) && hidden / n_heads % 2 == 0;

    return (num_attention){ rounded ? NUM_BF16 : NUM_FP32, hidden, n_heads, causal };
}

size_t num_attention_scratch(const toc_ctx *ctx, const num_attention *attention, size_t n)
{
    return lay_out(ctx, attention, n, NULL).bytes;
}

/* Causal: row i over its entries 0..i; what comes later is 0. */
static void softmax(const toc_ctx *ctx, const num_attention *a, const parts *p, size_t n)
{
    float scale = 1.0f / sqrtf((float)(a->hidden / a->n_heads)), *row = p->scores;

    if (!a->causal) num_softmax(ctx, row, n, n, p->ld, scale);
    for (size_t i = 0; a->causal && i < n; i++, row += p->ld) {
        num_softmax(ctx, row, 1, i + 1, p->ld, scale);
        memset(row + i + 1, 0, (p->ld - i - 1) * sizeof *row);
    }
}

static void attend_fp32(const toc_ctx *ctx, const num_attention *a, parts *p, const float *qkv, size_t n, float *out)
{
    size_t h = a->hidden, d = h / a->n_heads;

    for (size_t head = 0; head < a->n_heads; head++) {
        const float *q = qkv + head * d;
        num_weights_fill(&p->keys, p->keys.memory, q + h, 3 * h, 1);
        num_weights_fill(&p->values, p->values.memory, q + 2 * h, 1, 3 * h);
        num_product(&p->keys, q, 3 * h, n, NULL, p->scores, p->ld, NULL, NUM_LINEAR, false);
        softmax(ctx, a, p, n);
        num_product(&p->values, p->scores, p->ld, n, NULL, out + head * d, h, NULL, NUM_LINEAR, false);
    }
}

/* Panels of K: column o is a token, its step k two neighbours of the head. */
static void pack_keys(const parts *p, const uint16_t *k, size_t stride, size_t n, size_t d)
{
    size_t columns = p->keys.kernel->columns;
    uint32_t *panel = p->keys.memory, pair;

    for (size_t first = 0; first < n; first += columns, panel += d / 2 * columns) {
        size_t there = TOC_MIN(columns, n - first);
        if (there < columns) memset(panel, 0, d / 2 * columns * sizeof *panel);
        for (size_t o = 0; o < there; o++)
            for (size_t i = 0; i < d / 2; i++) {
                memcpy(&pair, k + (first + o) * stride + 2 * i, sizeof pair);
                panel[i * columns + o] = pair;
            }
    }
}

/* Panels of V: column o is a place in the head, its step two neighbouring tokens. */
static void pack_values(const parts *p, const uint16_t *v, size_t stride, size_t n, size_t d)
{
    size_t columns = p->values.kernel->columns;
    uint32_t *panel = p->values.memory;

    for (size_t first = 0; first < d; first += columns) {
        size_t there = TOC_MIN(columns, d - first);
        for (size_t i = 0; i < n; i += 2, panel += columns) {
            const uint16_t *even = v + i * stride + first, *odd = even + stride;
            if (there < columns) memset(panel, 0, columns * sizeof *panel);
            if (i + 1 < n) for (size_t o = 0; o < there; o++) panel[o] = even[o] | (uint32_t)odd[o] << 16;
            else for (size_t o = 0; o < there; o++) panel[o] = even[o];
        }
    }
}

static void attend_bf16(const toc_ctx *ctx, const num_attention *a, parts *p, const float *qkv, size_t n, float *out)
{
    size_t h = a->hidden, d = h / a->n_heads, stride = 3 * h;
    const num_row_loops *row = num_row(ctx->cpu);

    row->to_bf16(qkv, stride, n, stride, (char *)p->qkv, stride * sizeof *p->qkv);
    for (size_t head = 0; head < a->n_heads; head++) {
        const uint16_t *q = p->qkv + head * d;
        pack_keys(p, q + h, stride, n, d);
        pack_values(p, q + 2 * h, stride, n, d);
        num_tiles(&p->keys, &(num_tile){ .a = (const char *)q, .stride = stride * sizeof *q, .c = p->scores, .ldc = p->ld }, n, NULL);
        softmax(ctx, a, p, n);
        row->to_bf16(p->scores, p->ld, n, n, (char *)p->shares, p->ld * sizeof *p->shares);
        num_tiles(&p->values, &(num_tile){ .a = (const char *)p->shares, .stride = p->ld * sizeof *p->shares, .c = out + head * d, .ldc = h }, n, NULL);
    }
}

void num_attend(const toc_ctx *ctx, const num_attention *attention, const float *qkv, size_t n, void *scratch, float *out)
{
    parts p = lay_out(ctx, attention, n, scratch);

    (attention->precision == NUM_FP32 ? attend_fp32 : attend_bf16)(ctx, attention, &p, qkv, n, out);
}
