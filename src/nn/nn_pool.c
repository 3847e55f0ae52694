/* nn_pool.c: one row of a text's tokens. */
#include "nn/nn_int.h"

typedef struct {
    nn_pool kind;
    const float *x, *dy;
    const size_t *starts;
    size_t h;
    float *y; /* or dx */
} pooling;

static toc_status forward_task(toc_ctx *ctx, void *arg, size_t task)
{
    const pooling *p = arg;
    size_t h = p->h, n = p->starts[task + 1] - p->starts[task];
    const float *x = p->x + p->starts[task] * h;
    float *y = p->y + task * h;

    (void)ctx;
    memcpy(y, x, h * sizeof *y);
    for (size_t t = 1; t < n && p->kind == NN_MEAN; t++)
        for (size_t j = 0; j < h; j++) y[j] += x[t * h + j];
    for (size_t j = 0; j < h && p->kind == NN_MEAN; j++) y[j] /= (float)n;
    for (size_t t = 1; t < n && p->kind == NN_MAX; t++)
        for (size_t j = 0; j < h; j++) y[j] = TOC_MAX(y[j], x[t * h + j]);
    return TOC_OK;
}

toc_status nn_pool_forward(toc_ctx *ctx, nn_pool kind, const float *x, const size_t *starts, size_t n, size_t h, float *y)
{
    return toc_parallel(ctx, n, forward_task, &(pooling){ .kind = kind, .x = x, .starts = starts, .h = h, .y = y });
}

static void backward_max(const float *x, const float *dy, size_t n, size_t h, float *dx)
{
    for (size_t j = 0; j < h; j++) {
        size_t best = 0;
        for (size_t t = 1; t < n; t++)
            if (x[t * h + j] > x[best * h + j]) best = t;
        dx[best * h + j] = dy[j];
    }
}

static toc_status backward_task(toc_ctx *ctx, void *arg, size_t task)
{
    const pooling *p = arg;
    size_t h = p->h, n = p->starts[task + 1] - p->starts[task];
    const float *x = p->x + p->starts[task] * h, *dy = p->dy + task * h;
    float *dx = p->y + p->starts[task] * h;

    (void)ctx;
    memset(dx, 0, n * h * sizeof *dx);
    if (p->kind == NN_FIRST) memcpy(dx, dy, h * sizeof *dx);
    for (size_t t = 0; t < n && p->kind == NN_MEAN; t++)
        for (size_t j = 0; j < h; j++) dx[t * h + j] = dy[j] / (float)n;
    if (p->kind == NN_MAX) backward_max(x, dy, n, h, dx);
    return TOC_OK;
}

toc_status nn_pool_backward(toc_ctx *ctx, nn_pool kind, const float *x, const size_t *starts, size_t n, size_t h, const float *dy, float *dx)
{
    return toc_parallel(ctx, n, backward_task, &(pooling){ .kind = kind, .x = x, .starts = starts, .h = h, .dy = dy, .y = dx });
}
