/* nn_attention.c: scaled dot-product attention, text by text, head by head. For one head with Q, K, V (n x d), S = softmax(scale Q K'), M the mask of dropout
 * with its factor, out = (S M) V:
 *
 *   dV = (S M)' dout,  dS = (dout V') M,  dZ = scale S (dS - rowsum(S dS)),  dQ = dZ K,  dK = dZ' Q */
#include <math.h>

#include "nn/nn_int.h"

enum { LINE = 64, LANES = 32 };

typedef struct {
    const nn_attention *layer;
    const float *qkv, *dout;
    const size_t *starts;
    float *out; /* or dqkv */
} attending;

/* Memory of one text: n rows of ld numbers each, and a packed factor. */
typedef struct {
    size_t n, ld, d, h;
    float scale;
    float *shares, *kept, *changes; /* kept: shares after dropout, or their turn */
    char *packed;
    float *memory;
} room;

static toc_status room_new(toc_ctx *ctx, const nn_attention *a, size_t n, room *r)
{
    size_t ld = (n + LANES - 1) / LANES * LANES, d = a->hidden / a->n_heads;
    num_weights tall = num_weights_plan(ctx, NUM_FP32, n, d), wide = num_weights_plan(ctx, NUM_FP32, d, n);
    size_t packed = (TOC_MAX(tall.bytes, wide.bytes) + LINE - 1) / LINE * LINE;

    *r = (room){ .n = n, .ld = ld, .d = d, .h = a->hidden, .scale = 1 / sqrtf((float)d) };
    TOC_TRY(toc_alloc(ctx, 3 * n * ld + packed / sizeof *r->memory, sizeof *r->memory, &r->memory));
    r->shares = r->memory;
    r->kept = r->shares + n * ld;
    r->changes = r->kept + n * ld;
    r->packed = (char *)(r->changes + n * ld);
    return TOC_OK;
}

/* C (n x n_out) = A W'. */
static void times(const toc_ctx *ctx, const room *r, const float *a, size_t lda, const float *w, size_t out_stride, size_t in_stride, size_t n_out, size_t n_in,
                  float *c, size_t ldc)
{
    num_weights packed = num_weights_plan(ctx, NUM_FP32, n_out, n_in);

    num_weights_fill(&packed, r->packed, w, out_stride, in_stride);
    num_product(&packed, a, lda, r->n, NULL, c, ldc, NULL, NUM_LINEAR, false);
}

/* Shares of one head: softmax of scores. What lies beyond a row's end is 0. */
static void share_out(const toc_ctx *ctx, const nn_attention *a, const room *r, const float *q)
{
    times(ctx, r, q, 3 * r->h, q + r->h, 3 * r->h, 1, r->n, r->d, r->shares, r->ld);
    if (!a->causal) num_softmax(ctx, r->shares, r->n, r->n, r->ld, r->scale);
    for (size_t i = 0; a->causal && i < r->n; i++) {
        float *row = r->shares + i * r->ld;
        num_softmax(ctx, row, 1, i + 1, r->ld, r->scale);
        memset(row + i + 1, 0, (r->n - i - 1) * sizeof *row);
    }
}

/* Dropout of row i of a head: the place of a number is that of its token in the batch, head and column. */
static void drop_row(const nn_attention *a, size_t token, size_t head, float *row, size_t n)
{
    if (a->drop.share > 0) nn_dropout_part(a->drop, (uint64_t)(token * a->n_heads + head) << 20, row, n);
}

static toc_status forward_task(toc_ctx *ctx, void *arg, size_t task)
{
    const attending *s = arg;
    const nn_attention *a = s->layer;
    size_t start = s->starts[task], n = s->starts[task + 1] - start, h = a->hidden;
    room r;

    if (!n) return TOC_OK;
    TOC_TRY(room_new(ctx, a, n, &r));
    for (size_t head = 0; head < a->n_heads; head++) {
        const float *q = s->qkv + start * 3 * h + head * r.d;
        share_out(ctx, a, &r, q);
        for (size_t i = 0; i < n; i++) drop_row(a, start + i, head, r.shares + i * r.ld, n);
        times(ctx, &r, r.shares, r.ld, q + 2 * h, 1, 3 * h, r.d, n, s->out + start * h + head * r.d, h);
    }
    toc_free(r.memory);
    return TOC_OK;
}

toc_status nn_attention_forward(toc_ctx *ctx, const nn_attention *layer, const float *qkv, const size_t *starts, size_t n, float *out)
{
    return toc_parallel(ctx, n, forward_task, &(attending){ .layer = layer, .qkv = qkv, .starts = starts, .out = out });
}

static void turn(const room *r, const float *x, float *turned)
{
    for (size_t i = 0; i < r->n; i++)
        for (size_t j = 0; j < r->n; j++) turned[j * r->ld + i] = x[i * r->ld + j];
}

/* changes: dS becomes dZ. */
static void through_softmax(const room *r)
{
    for (size_t i = 0; i < r->n; i++) {
        const float *share = r->shares + i * r->ld;
        float *change = r->changes + i * r->ld, sums[16] = {0}, sum = 0;
        size_t whole = (r->n + 15) / 16 * 16;
        memset(change + r->n, 0, (r->ld - r->n) * sizeof *change);
        for (size_t j = 0; j < whole; j += 16)
            for (size_t k = 0; k < 16; k++) sums[k] += share[j + k] * change[j + k];
        for (size_t k = 0; k < 16; k++) sum += sums[k];
        for (size_t j = 0; j < r->n; j++) change[j] = r->scale * share[j] * (change[j] - sum);
    }
}

static void backward_head(const toc_ctx *ctx, const attending *s, const room *r, size_t start, size_t head)
{
    const nn_attention *a = s->layer;
    size_t h = r->h, n = r->n, d = r->d;
    const float *q = s->qkv + start * 3 * h + head * d, *dout = s->dout + start * h + head * d;
    float *dq = s->out + start * 3 * h + head * d;

    share_out(ctx, a, r, q);
    memcpy(r->changes, r->shares, n * r->ld * sizeof *r->changes);
    for (size_t i = 0; i < n; i++) drop_row(a, start + i, head, r->changes + i * r->ld, n);
    turn(r, r->changes, r->kept);
    times(ctx, r, r->kept, r->ld, dout, 1, h, d, n, dq + 2 * h, 3 * h);
    times(ctx, r, dout, h, q + 2 * h, 3 * h, 1, n, d, r->changes, r->ld);
    for (size_t i = 0; i < n; i++) drop_row(a, start + i, head, r->changes + i * r->ld, n);
    through_softmax(r);
    times(ctx, r, r->changes, r->ld, q + h, 1, 3 * h, d, n, dq, 3 * h);
    turn(r, r->changes, r->kept);
    times(ctx, r, r->kept, r->ld, q, 1, 3 * h, d, n, dq + h, 3 * h);
}

static toc_status backward_task(toc_ctx *ctx, void *arg, size_t task)
{
    const attending *s = arg;
    size_t start = s->starts[task], n = s->starts[task + 1] - start;
    room r;

    if (!n) return TOC_OK;
    TOC_TRY(room_new(ctx, s->layer, n, &r));
    for (size_t head = 0; head < s->layer->n_heads; head++) backward_head(ctx, s, &r, start, head);
    toc_free(r.memory);
    return TOC_OK;
}

toc_status nn_attention_backward(toc_ctx *ctx, const nn_attention *layer, const float *qkv, const size_t *starts, size_t n, const float *dout, float *dqkv)
{
    return toc_parallel(ctx, n, backward_task, &(attending){ .layer = layer, .qkv = qkv, .dout = dout, .starts = starts, .out = dqkv });
}
