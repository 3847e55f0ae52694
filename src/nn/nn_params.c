/* nn_params.c: the parameters of a model as two blocks and a table of views. */
#include <stdarg.h>

#include "nn/nn_int.h"

toc_status nn_params_add(toc_ctx *ctx, nn_params *params, nn_slot *slot, size_t rows, size_t columns, float deviation, bool decays, const char *name, ...)
{
    char text[256];
    va_list args;
    nn_param p = { .rows = rows, .columns = columns, .deviation = deviation, .decays = decays, .slot = slot };

    va_start(args, name);
    vsnprintf(text, sizeof text, name, args);
    va_end(args);
    TOC_TRY(toc_mul_size(ctx, rows, TOC_MAX(columns, (size_t)1), &p.n));
    TOC_TRY(toc_arena_copy(ctx, &params->arena, text, strlen(text), &p.name));
    TOC_TRY(toc_grow(ctx, &params->params, &params->cap, params->n + 1, sizeof p));
    params->params[params->n++] = p;
    return TOC_OK;
}

nn_param *nn_params_find(const nn_params *params, const char *name)
{
    for (size_t i = 0; i < params->n; i++)
        if (strcmp(params->params[i].name, name) == 0) return &params->params[i];
    return NULL;
}

toc_status nn_params_ready(toc_ctx *ctx, nn_params *params, bool trained)
{
    params->n_values = params->n_trained = 0;
    for (size_t i = 0; i < params->n; i++) {
        nn_param *p = &params->params[i];
        p->at = params->n_values;
        p->gradient_at = params->n_trained;
        params->n_values += p->n;
        if (!p->frozen && trained) params->n_trained += p->n;
    }
    TOC_TRY(toc_alloc(ctx, params->n_values, sizeof *params->values, &params->values));
    if (trained) TOC_TRY(toc_alloc(ctx, params->n_trained, sizeof *params->gradients, &params->gradients));
    for (size_t i = 0; i < params->n; i++) {
        const nn_param *p = &params->params[i];
        if (p->slot) *p->slot = (nn_slot){ params->values + p->at, trained && !p->frozen ? params->gradients + p->gradient_at : NULL };
    }
    return TOC_OK;
}

void nn_params_start(nn_params *params, uint64_t seed)
{
    for (size_t i = 0; i < params->n; i++) {
        const nn_param *p = &params->params[i];
        float *x = params->values + p->at;
        toc_rng rng = toc_rng_new(seed, i);
        for (size_t k = 0; k < p->n; k++) x[k] = p->deviation > 0 ? p->deviation * (float)toc_rng_normal(&rng) : p->deviation < 0 ? 1 : 0;
    }
}

static toc_status clear_task(toc_ctx *ctx, void *arg, size_t task)
{
    nn_params *params = arg;
    size_t at = task * NN_PIECE;

    (void)ctx;
    memset(params->gradients + at, 0, TOC_MIN((size_t)NN_PIECE, params->n_trained - at) * sizeof *params->gradients);
    return TOC_OK;
}

toc_status nn_params_clear(toc_ctx *ctx, nn_params *params)
{
    return toc_parallel(ctx, nn_pieces(params->n_trained, NN_PIECE), clear_task, params);
}

void nn_params_release(nn_params *params)
{
    toc_free(params->params);
    toc_free(params->values);
    toc_free(params->gradients);
    toc_arena_release(&params->arena);
    *params = (nn_params){0};
}
