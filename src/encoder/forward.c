/* forward.c: BERT with normalisation after each block (Devlin et al. 2019), over texts laid one behind the other.
 *
 * Shapes: T tokens in all, h hidden, f inner. x (T x h) is the stream; qkv (T x 3h); mixed (T x h) what attention gathered; inner (T x f). Both
 * residual sums are made by sgemm itself: x = a W' + x, then one pass adds the bias and normalises. */
#include <cblas.h>
#include <math.h>

#include "encoder/enc_int.h"
#include "num/num.h"

typedef struct {
    float *x, *qkv, *mixed, *inner, *scores;
} work;

/* C (m x n) = A (m x k) B' (B is n x k) + beta C */
static void product(size_t m, size_t n, size_t k, const float *a, const float *b, float beta, float *c)
{
    cblas_sgemm(CblasRowMajor, CblasNoTrans, CblasTrans, (int)m, (int)n, (int)k, 1, a, (int)k, b, (int)k, beta, c, (int)n);
}

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

/* Every token of a text looks at every token of the same text, head by head. */
static void attend(const enc_model *m, size_t n, const float *qkv, float *mixed, float *scores)
{
    size_t h = m->config.hidden, d = h / m->config.heads, stride = (n + 15) & ~(size_t)15;
    int ld = (int)(3 * h);

    for (size_t k = 0; k < m->config.heads; k++) {
        const float *q = qkv + k * d, *key = q + h, *value = q + 2 * h;
        cblas_sgemm(CblasRowMajor, CblasNoTrans, CblasTrans, (int)n, (int)n, (int)d, 1, q, ld, key, ld, 0, scores, (int)stride);
        num_softmax(scores, n, n, stride, 1.0f / sqrtf((float)d));
        cblas_sgemm(CblasRowMajor, CblasNoTrans, CblasNoTrans, (int)n, (int)d, (int)n, 1, scores, (int)stride, value, ld, 0, mixed + k * d, (int)h);
    }
}

static void run_layer(const enc_model *m, const enc_layer *l, const enc_batch *batch, work *w)
{
    size_t h = m->config.hidden, f = m->config.inner, n = batch->starts[batch->n] - batch->starts[0];
    float eps = (float)m->config.eps;

    product(n, 3 * h, h, w->x, l->qkv, 0, w->qkv);
    num_activate(w->qkv, 3 * h, l->qkv_bias, NUM_LINEAR, n, 3 * h);
    for (size_t i = 0; i < batch->n; i++) {
        size_t at = batch->starts[i] - batch->starts[0];
        attend(m, batch->starts[i + 1] - batch->starts[i], w->qkv + at * 3 * h, w->mixed + at * h, w->scores);
    }
    product(n, h, h, w->mixed, l->out, 1, w->x);
    num_layer_norm(w->x, l->out_bias, l->norm1, l->norm1_bias, eps, n, h);
    product(n, f, h, w->x, l->up, 0, w->inner);
    num_activate(w->inner, f, l->up_bias, NUM_GELU, n, f);
    product(n, h, f, w->inner, l->down, 1, w->x);
    num_layer_norm(w->x, l->down_bias, l->norm2, l->norm2_bias, eps, n, h);
}

/* vector (h) = mean of the n rows of x, or the first of them. */
static void pool_text(const float *x, size_t n, size_t h, enc_pool pool, bool raw, float *vector)
{
    double square = 0;

    memcpy(vector, x, h * sizeof *vector);
    if (pool == ENC_POOL_MEAN) {
        for (size_t t = 1; t < n; t++)
            for (size_t j = 0; j < h; j++) vector[j] += x[t * h + j];
        for (size_t j = 0; j < h; j++) vector[j] /= (float)n;
    }
    if (raw) return;
    for (size_t j = 0; j < h; j++) square += (double)vector[j] * (double)vector[j];
    float scale = (float)(1 / fmax(sqrt(square), 1e-12));
    for (size_t j = 0; j < h; j++) vector[j] *= scale;
}

toc_status enc_forward(toc_ctx *ctx, const enc_model *m, const enc_batch *batch, enc_pool pool, bool raw, float *vectors)
{
    size_t h = m->config.hidden, n = batch->starts[batch->n] - batch->starts[0], longest = 0;
    work w = {0};
    toc_status st = TOC_OK;

    for (size_t i = 0; i < batch->n; i++) longest = TOC_MAX(longest, batch->starts[i + 1] - batch->starts[i]);
    if ((st = toc_alloc(ctx, n * h, sizeof *w.x, &w.x))) goto out;
    if ((st = toc_alloc(ctx, n * 3 * h, sizeof *w.qkv, &w.qkv))) goto out;
    if ((st = toc_alloc(ctx, n * h, sizeof *w.mixed, &w.mixed))) goto out;
    if ((st = toc_alloc(ctx, n * m->config.inner, sizeof *w.inner, &w.inner))) goto out;
    if ((st = toc_alloc(ctx, longest * (longest + 15), sizeof *w.scores, &w.scores))) goto out;
    embed(m, batch, w.x);
    num_layer_norm(w.x, NULL, m->norm, m->norm_bias, (float)m->config.eps, n, h);
    for (size_t i = 0; i < m->config.layers; i++) run_layer(m, &m->layers[i], batch, &w);
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
    return st;
}
