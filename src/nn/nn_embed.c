/* nn_embed.c: rows of a table. In backward each task owns some columns, so that tokens of one id are added in their order. */
#include "nn/nn_int.h"

enum { TOKENS = 256, COLUMNS = 64 };

typedef struct {
    const nn_embedding *layer;
    const uint32_t *ids;
    size_t n;
    const float *dy;
    float *y;
} looking;

toc_status nn_embedding_add(toc_ctx *ctx, nn_params *params, nn_embedding *layer, size_t rows, size_t h, float deviation, const char *name)
{
    *layer = (nn_embedding){ .rows = rows, .h = h };
    return nn_params_add(ctx, params, &layer->table, rows, h, deviation, true, "%s.weight", name);
}

static toc_status forward_task(toc_ctx *ctx, void *arg, size_t task)
{
    const looking *l = arg;
    size_t h = l->layer->h, end = TOC_MIN(l->n, (task + 1) * TOKENS);

    (void)ctx;
    for (size_t t = task * TOKENS; t < end; t++) {
        const float *row = l->layer->table.x + l->ids[t] * h;
        for (size_t j = 0; j < h; j++) l->y[t * h + j] += row[j];
    }
    return TOC_OK;
}

toc_status nn_embedding_forward(toc_ctx *ctx, const nn_embedding *layer, const uint32_t *ids, size_t n, float *y)
{
    return toc_parallel(ctx, nn_pieces(n, TOKENS), forward_task, &(looking){ .layer = layer, .ids = ids, .n = n, .y = y });
}

static toc_status backward_task(toc_ctx *ctx, void *arg, size_t task)
{
    const looking *l = arg;
    size_t h = l->layer->h, first = task * COLUMNS, columns = TOC_MIN((size_t)COLUMNS, h - first);

    (void)ctx;
    for (size_t t = 0; t < l->n; t++) {
        float *row = l->layer->table.d + l->ids[t] * h + first;
        const float *dy = l->dy + t * h + first;
        for (size_t j = 0; j < columns; j++) row[j] += dy[j];
    }
    return TOC_OK;
}

toc_status nn_embedding_backward(toc_ctx *ctx, const nn_embedding *layer, const uint32_t *ids, size_t n, const float *dy)
{
    if (!layer->table.d) return TOC_OK;
    return toc_parallel(ctx, nn_pieces(layer->h, COLUMNS), backward_task, &(looking){ .layer = layer, .ids = ids, .n = n, .dy = dy });
}
