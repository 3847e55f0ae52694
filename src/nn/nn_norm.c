/* nn_norm.c: layer norm. With u = (x - mean) / deviation and g = w dy, row by row:
 * dx = (g - mean(g) - u mean(g u)) / deviation, dw = sum of dy u, db = sum of dy. Sums over rows are made by blocks, which are added up in order. */
#include <math.h>

#include "nn/nn_int.h"

enum { ROWS = 64 };

typedef struct {
    const nn_norm *layer;
    const float *x, *dy;
    float *y, *dx;
    size_t n;
    float *sums; /* of each block: dw, db */
} norming;

toc_status nn_norm_add(toc_ctx *ctx, nn_params *params, nn_norm *layer, size_t d, double eps, const char *name)
{
    *layer = (nn_norm){ .d = d, .eps = (float)eps };
    TOC_TRY(nn_params_add(ctx, params, &layer->w, d, 0, -1, false, "%s.weight", name));
    return nn_params_add(ctx, params, &layer->b, d, 0, 0, false, "%s.bias", name);
}

static toc_status forward_task(toc_ctx *ctx, void *arg, size_t task)
{
    const norming *s = arg;
    const nn_norm *l = s->layer;
    size_t first = task * ROWS, n = TOC_MIN((size_t)ROWS, s->n - first);

    memcpy(s->y + first * l->d, s->x + first * l->d, n * l->d * sizeof *s->y);
    num_layer_norm(ctx, s->y + first * l->d, NULL, l->w.x, l->b.x, l->eps, n, l->d);
    return TOC_OK;
}

toc_status nn_norm_forward(toc_ctx *ctx, const nn_norm *layer, const float *x, size_t n, float *y)
{
    return toc_parallel(ctx, nn_pieces(n, ROWS), forward_task, &(norming){ .layer = layer, .x = x, .y = y, .n = n });
}

enum { LANES = 16 };

/* Sixteen sums side by side, then one: the order is fixed, and the loop becomes vectors. */
#define SUM_OF(n, value, result) \
    do { \
        float lanes_[LANES] = {0}; \
        size_t j = 0; \
        for (; j + LANES <= (n); j += LANES) \
            for (size_t k_ = 0; k_ < LANES; k_++) { \
                const size_t i = j + k_; \
                lanes_[k_] += (value); \
            } \
        for (; j < (n); j++) { \
            const size_t i = j; \
            lanes_[0] += (value); \
        } \
        (result) = 0; \
        for (size_t k_ = 0; k_ < LANES; k_++) (result) += lanes_[k_]; \
    } while (0)

NN_CLONES static void backward_row(const nn_norm *l, const float *x, const float *dy, float *dx, float *dw, float *db)
{
    const size_t d = l->d;
    const float *w = l->w.x;
    float mean, square, g, gu, many = (float)d;

    SUM_OF(d, x[i], mean);
    mean /= many;
    SUM_OF(d, (x[i] - mean) * (x[i] - mean), square);
    float inverse = 1 / sqrtf(square / many + l->eps);
    SUM_OF(d, w[i] * dy[i], g);
    SUM_OF(d, w[i] * dy[i] * (x[i] - mean), gu);
    g /= many;
    gu = gu * inverse / many;
    for (size_t i = 0; i < d; i++) {
        float u = (x[i] - mean) * inverse, y = dy[i];
        dw[i] += y * u;
        db[i] += y;
        dx[i] = (w[i] * y - g - u * gu) * inverse;
    }
}

static toc_status backward_task(toc_ctx *ctx, void *arg, size_t task)
{
    const norming *s = arg;
    size_t d = s->layer->d, end = TOC_MIN(s->n, (task + 1) * ROWS);
    float *sums = s->sums + task * 2 * d;

    (void)ctx;
    for (size_t i = task * ROWS; i < end; i++) backward_row(s->layer, s->x + i * d, s->dy + i * d, s->dx + i * d, sums, sums + d);
    return TOC_OK;
}

toc_status nn_norm_backward(toc_ctx *ctx, const nn_norm *layer, const float *x, size_t n, const float *dy, float *dx)
{
    size_t blocks = nn_pieces(n, ROWS), d = layer->d;
    norming s = { .layer = layer, .x = x, .dy = dy, .dx = dx, .n = n };

    TOC_TRY(toc_alloc(ctx, blocks * 2 * d, sizeof *s.sums, &s.sums));
    toc_status st = toc_parallel(ctx, blocks, backward_task, &s);
    for (size_t k = 0; k < blocks && !st; k++)
        for (size_t j = 0; j < d; j++) {
            if (layer->w.d) layer->w.d[j] += s.sums[k * 2 * d + j];
            if (layer->b.d) layer->b.d[j] += s.sums[k * 2 * d + d + j];
        }
    toc_free(s.sums);
    return st;
}
