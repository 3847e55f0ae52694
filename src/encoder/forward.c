/* forward.c: BERT with normalisation after each block (Devlin et al. 2019), over texts laid one behind the other.
 *
 * Shapes: T tokens in all, h hidden, f inner. x (T x h) is the stream; qkv (T x 3h); mixed (T x h) what attention gathered; inner (T x f). Both
 * residual sums are made by the product itself: x = a W' + x, then one pass adds the bias and normalises. */
#include <math.h>

#include "encoder/enc_int.h"

typedef struct {
    float *x, *qkv, *mixed, *inner;
    float *scores;       /* of one text and head */
    char *keys, *values; /* of one text and head, packed */
    char *scratch;       /* of products */
} work;

static void embed(const enc_model *m, const enc_batch *batch, float *x)
{
    size_t h = m->config.hidden;

    for (size_t i = 0; i < batch->n; i++) {
        for (size_t t = batch->starts[i]; t < batch->starts[i + 1]; t++, x += h) {
            const float *word = m->words + batch->ids[t] * h, *place = m->places + (t - batch->starts[i]) * h;
            for (size_t j = 0; j < h; j++) x[j] = word[j] + place[j] + m->types[j];
        }
    }
}

enum { LANES = 32 }; /* rows of scores begin at multiples */

/* Every token of a text looks at every token of the same text, head by head: softmax(Q K' / sqrt(d)) V. */
static void attend(const toc_ctx *ctx, const enc_model *m, size_t n, const float *qkv, float *mixed, work *w)
{
    size_t h = m->config.hidden, d = h / m->config.heads, ld = (n + LANES - 1) / LANES * LANES;
    num_weights keys = num_weights_plan(ctx, NUM_FP32, n, d), values = num_weights_plan(ctx, NUM_FP32, d, n);

    for (size_t k = 0; k < m->config.heads; k++) {
        const float *q = qkv + k * d;
        num_weights_fill(&keys, w->keys, q + h, 3 * h, 1);
        num_weights_fill(&values, w->values, q + 2 * h, 1, 3 * h);
        num_product(&keys, q, 3 * h, n, NULL, w->scores, ld, NULL, NUM_LINEAR, false);
        num_softmax(w->scores, n, n, ld, 1.0f / sqrtf((float)d));
        num_product(&values, w->scores, ld, n, NULL, mixed + k * d, h, NULL, NUM_LINEAR, false);
    }
}

static void run_layer(const toc_ctx *ctx, const enc_model *m, const enc_layer *l, const enc_batch *batch, work *w)
{
    size_t h = m->config.hidden, f = m->config.inner, n = batch->starts[batch->n] - batch->starts[0];
    float eps = (float)m->config.eps;

    num_product(&l->qkv, w->x, h, n, w->scratch, w->qkv, 3 * h, l->qkv_bias, NUM_LINEAR, false);
    for (size_t i = 0; i < batch->n; i++) {
        size_t at = batch->starts[i] - batch->starts[0];
        attend(ctx, m, batch->starts[i + 1] - batch->starts[i], w->qkv + at * 3 * h, w->mixed + at * h, w);
    }
    num_product(&l->out, w->mixed, h, n, w->scratch, w->x, h, NULL, NUM_LINEAR, true);
    num_layer_norm(w->x, l->out_bias, l->norm1, l->norm1_bias, eps, n, h);
    num_product(&l->up, w->x, h, n, w->scratch, w->inner, f, l->up_bias, NUM_GELU, false);
    num_product(&l->down, w->inner, f, n, w->scratch, w->x, h, NULL, NUM_LINEAR, true);
    num_layer_norm(w->x, l->down_bias, l->norm2, l->norm2_bias, eps, n, h);
}

void enc_unit(float *vector, size_t n)
{
    double square = 0;

    for (size_t j = 0; j < n; j++) square += (double)vector[j] * (double)vector[j];
    float scale = (float)(1 / fmax(sqrt(square), 1e-12));
    for (size_t j = 0; j < n; j++) vector[j] *= scale;
}

/* vector (h) = mean or maximum of the n rows of x, or the first of them. */
static void pool_text(const float *x, size_t n, size_t h, enc_pool pool, bool raw, float *vector)
{
    memcpy(vector, x, h * sizeof *vector);
    for (size_t t = 1; t < n && pool == ENC_POOL_MEAN; t++)
        for (size_t j = 0; j < h; j++) vector[j] += x[t * h + j];
    for (size_t j = 0; j < h && pool == ENC_POOL_MEAN; j++) vector[j] /= (float)n;
    for (size_t t = 1; t < n && pool == ENC_POOL_MAX; t++)
        for (size_t j = 0; j < h; j++) vector[j] = TOC_MAX(vector[j], x[t * h + j]);
    if (!raw) enc_unit(vector, h);
}

static toc_status get_work(toc_ctx *ctx, const enc_model *m, const enc_batch *batch, work *w)
{
    size_t h = m->config.hidden, n = batch->starts[batch->n] - batch->starts[0], longest = 0, scratch = 0;

    for (size_t i = 0; i < batch->n; i++) longest = TOC_MAX(longest, batch->starts[i + 1] - batch->starts[i]);
    if (m->config.layers) scratch = TOC_MAX(num_product_scratch(&m->layers[0].up, n), num_product_scratch(&m->layers[0].down, n));
    TOC_TRY(toc_alloc(ctx, n * h, sizeof *w->x, &w->x));
    TOC_TRY(toc_alloc(ctx, n * 3 * h, sizeof *w->qkv, &w->qkv));
    TOC_TRY(toc_alloc(ctx, n * h, sizeof *w->mixed, &w->mixed));
    TOC_TRY(toc_alloc(ctx, n * m->config.inner, sizeof *w->inner, &w->inner));
    TOC_TRY(toc_alloc(ctx, longest * (longest + LANES), sizeof *w->scores, &w->scores));
    TOC_TRY(toc_alloc(ctx, num_weights_plan(ctx, NUM_FP32, longest, h / m->config.heads).bytes, 1, &w->keys));
    TOC_TRY(toc_alloc(ctx, num_weights_plan(ctx, NUM_FP32, h / m->config.heads, longest).bytes, 1, &w->values));
    return toc_alloc(ctx, scratch, 1, &w->scratch);
}

toc_status enc_forward(toc_ctx *ctx, const enc_model *m, const enc_batch *batch, enc_pool pool, bool raw, float *vectors)
{
    size_t h = m->config.hidden, n = batch->starts[batch->n] - batch->starts[0];
    work w = {0};
    toc_status st;

    if ((st = get_work(ctx, m, batch, &w))) goto out;
    embed(m, batch, w.x);
    num_layer_norm(w.x, NULL, m->norm, m->norm_bias, (float)m->config.eps, n, h);
    for (size_t i = 0; i < m->config.layers; i++) run_layer(ctx, m, &m->layers[i], batch, &w);
    for (size_t i = 0; i < batch->n; i++) {
        size_t at = batch->starts[i] - batch->starts[0];
        pool_text(w.x + at * h, batch->starts[i + 1] - batch->starts[i], h, pool, raw, vectors + i * h);
    }
out:
    toc_free(w.x);
    toc_free(w.qkv);
    toc_free(w.mixed);
    toc_free(w.inner);
    toc_free(w.scores);
    toc_free(w.keys);
    toc_free(w.values);
    toc_free(w.scratch);
    return st;
}
