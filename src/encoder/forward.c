/* forward.c: a transformer with normalisation after each block (BERT: Devlin et al. 2019) or before it (GPT-2: Radford et al. 2019), over texts laid one
 * behind the other.
 *
 * Shapes: T tokens in all, h hidden, f inner. x (T x h) is the stream; qkv (T x 3h); mixed (T x h) what attention gathered; inner (T x f). Both
 * residual sums are made by the product itself: x = a W' + x, then one pass adds the bias and normalises. */
#include <math.h>

#include "encoder/enc_int.h"

/* Words, positions and the first token type. A padding token written in a text takes no position: it has the row before the first one. */
static void embed(const enc_model *m, const enc_batch *batch, float *x)
{
    const enc_config *c = &m->config;
    size_t h = c->hidden;

    for (size_t i = 0; i < batch->n; i++) {
        size_t next = c->first_place;
        for (size_t t = batch->starts[i]; t < batch->starts[i + 1]; t++, x += h) {
            const float *word = m->words + batch->ids[t] * h, *place = m->places + (batch->ids[t] == c->pad ? c->first_place - 1 : next++) * h;
            for (size_t j = 0; j < h; j++) x[j] = word[j] + place[j] + m->types[j];
        }
    }
}

static void attend_all(const toc_ctx *ctx, const enc_model *m, const enc_batch *batch, enc_work *w)
{
    size_t h = m->config.hidden;

    for (size_t i = 0; i < batch->n; i++) {
        size_t at = batch->starts[i] - batch->starts[0];
        num_attend(ctx, &m->attention, w->qkv + at * 3 * h, batch->starts[i + 1] - batch->starts[i], w->scratch, w->mixed + at * h);
    }
}

static void run_post_norm(const toc_ctx *ctx, const enc_model *m, const enc_layer *l, const enc_batch *batch, enc_work *w)
{
    size_t h = m->config.hidden, f = m->config.inner, n = batch->starts[batch->n] - batch->starts[0];
    float eps = (float)m->config.eps;

    num_product(&l->qkv, w->x, h, n, w->scratch, w->qkv, 3 * h, l->qkv_bias, NUM_LINEAR, false);
    attend_all(ctx, m, batch, w);
    num_product(&l->out, w->mixed, h, n, w->scratch, w->x, h, NULL, NUM_LINEAR, true);
    num_layer_norm(ctx, w->x, l->out_bias, l->norm1, l->norm1_bias, eps, n, h);
    num_product(&l->up, w->x, h, n, w->scratch, w->inner, f, l->up_bias, m->config.activation, false);
    num_product(&l->down, w->inner, f, n, w->scratch, w->x, h, NULL, NUM_LINEAR, true);
    num_layer_norm(ctx, w->x, l->down_bias, l->norm2, l->norm2_bias, eps, n, h);
}

/* mixed holds what is normalised until attention needs it. */
static void run_pre_norm(const toc_ctx *ctx, const enc_model *m, const enc_layer *l, const enc_batch *batch, enc_work *w)
{
    size_t h = m->config.hidden, f = m->config.inner, n = batch->starts[batch->n] - batch->starts[0];
    float eps = (float)m->config.eps;

    memcpy(w->mixed, w->x, n * h * sizeof *w->x);
    num_layer_norm(ctx, w->mixed, NULL, l->norm1, l->norm1_bias, eps, n, h);
    num_product(&l->qkv, w->mixed, h, n, w->scratch, w->qkv, 3 * h, l->qkv_bias, NUM_LINEAR, false);
    attend_all(ctx, m, batch, w);
    num_product(&l->out, w->mixed, h, n, w->scratch, w->x, h, NULL, NUM_LINEAR, true);
    num_activate(ctx, w->x, h, l->out_bias, NUM_LINEAR, n, h);
    memcpy(w->mixed, w->x, n * h * sizeof *w->x);
    num_layer_norm(ctx, w->mixed, NULL, l->norm2, l->norm2_bias, eps, n, h);
    num_product(&l->up, w->mixed, h, n, w->scratch, w->inner, f, l->up_bias, m->config.activation, false);
    num_product(&l->down, w->inner, f, n, w->scratch, w->x, h, NULL, NUM_LINEAR, true);
    num_activate(ctx, w->x, h, l->down_bias, NUM_LINEAR, n, h);
}

void enc_unit(float *vector, size_t n)
{
    double square = 0;

    for (size_t j = 0; j < n; j++) square += (double)vector[j] * (double)vector[j];
    float scale = (float)(1 / fmax(sqrt(square), 1e-12));
    for (size_t j = 0; j < n; j++) vector[j] *= scale;
}

/* vector (h) = what pool makes of the n rows of x. Kinds and formulas are those of the library sentence-transformers. */
static void pool_once(const enc_model *m, const float *x, size_t n, enc_pool pool, float *vector)
{
    size_t h = m->config.hidden;
    bool sums = pool == ENC_POOL_MEAN || pool == ENC_POOL_ROOT || pool == ENC_POOL_WEIGHTED;

    memcpy(vector, pool == ENC_POOL_LAST ? x + (n - 1) * h : x, h * sizeof *vector);
    for (size_t t = 1; t < n && sums; t++) {
        float weight = pool == ENC_POOL_WEIGHTED ? (float)(t + 1) : 1;
        for (size_t j = 0; j < h; j++) vector[j] += weight * x[t * h + j];
    }
    float all = pool == ENC_POOL_ROOT ? sqrtf((float)n) : pool == ENC_POOL_WEIGHTED ? (float)n * (float)(n + 1) / 2 : (float)n;
    for (size_t j = 0; j < h && sums; j++) vector[j] /= all;
    for (size_t t = 1; t < n && pool == ENC_POOL_MAX; t++)
        for (size_t j = 0; j < h; j++) vector[j] = TOC_MAX(vector[j], x[t * h + j]);
    if (pool != ENC_POOL_POOLER) return;
    num_product(&m->pooler, x, h, 1, NULL, vector, h, m->pooler_bias, NUM_LINEAR, false);
    for (size_t j = 0; j < h; j++) vector[j] = tanhf(vector[j]);
}

/* The model's own vector may be several of them side by side. A text without any token has zeros. */
static void pool_text(const enc_model *m, const float *x, size_t n, enc_pool pool, bool raw, float *vector)
{
    size_t n_pools = pool == ENC_POOL_MODEL ? m->config.n_pools : 1, h = m->config.hidden;

    for (size_t k = 0; k < n_pools; k++) {
        if (n) pool_once(m, x, n, pool == ENC_POOL_MODEL ? m->config.pools[k] : pool, vector + k * h);
        else memset(vector + k * h, 0, h * sizeof *vector);
    }
    if (!raw) enc_unit(vector, n_pools * h);
}

toc_status enc_work_new(toc_ctx *ctx, const enc_model *m, size_t n, size_t longest, enc_work **work)
{
    size_t h = m->config.hidden, scratch = num_attention_scratch(ctx, &m->attention, longest);
    enc_work *w = NULL;

    if (m->config.layers) scratch = TOC_MAX(scratch, TOC_MAX(num_product_scratch(&m->layers[0].up, n), num_product_scratch(&m->layers[0].down, n)));
    TOC_TRY(toc_alloc(ctx, 1, sizeof *w, &w));
    toc_status st = toc_alloc(ctx, n * h, sizeof *w->x, &w->x);
    if (!st) st = toc_alloc(ctx, n * 3 * h, sizeof *w->qkv, &w->qkv);
    if (!st) st = toc_alloc(ctx, n * h, sizeof *w->mixed, &w->mixed);
    if (!st) st = toc_alloc(ctx, n * m->config.inner, sizeof *w->inner, &w->inner);
    if (!st) st = toc_alloc(ctx, scratch, 1, &w->scratch);
    if (st) enc_work_free(w);
    else *work = w;
    return st;
}

void enc_work_free(enc_work *w)
{
    if (!w) return;
    toc_free(w->x);
    toc_free(w->qkv);
    toc_free(w->mixed);
    toc_free(w->inner);
    toc_free(w->scratch);
    toc_free(w);
}

void enc_forward(const toc_ctx *ctx, const enc_model *m, const enc_batch *batch, enc_pool pool, bool raw, enc_work *w, float *vectors)
{
    size_t h = m->config.hidden, n = batch->starts[batch->n] - batch->starts[0], dim = enc_dim_of(m, pool);
    float eps = (float)m->config.eps;

    embed(m, batch, w->x);
    if (m->norm) num_layer_norm(ctx, w->x, NULL, m->norm, m->norm_bias, eps, n, h);
    for (size_t i = 0; i < m->config.layers; i++) (m->config.pre_norm ? run_pre_norm : run_post_norm)(ctx, m, &m->layers[i], batch, w);
    if (m->last_norm) num_layer_norm(ctx, w->x, NULL, m->last_norm, m->last_norm_bias, eps, n, h);
    for (size_t i = 0; i < batch->n; i++) {
        size_t at = batch->starts[i] - batch->starts[0];
        pool_text(m, w->x + at * h, batch->starts[i + 1] - batch->starts[i], pool, raw, vectors + i * dim);
    }
}
