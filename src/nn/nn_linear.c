/* nn_linear.c: y = x W' + b. */
#include "nn/nn_int.h"

toc_status nn_linear_add(toc_ctx *ctx, nn_params *params, nn_linear *layer, size_t n_in, size_t n_out, float deviation, const char *name)
{
    *layer = (nn_linear){ .n_in = n_in, .n_out = n_out };
    TOC_TRY(nn_params_add(ctx, params, &layer->w, n_out, n_in, deviation, true, "%s.weight", name));
    return nn_params_add(ctx, params, &layer->b, n_out, 0, 0, false, "%s.bias", name);
}

toc_status nn_linear_forward(toc_ctx *ctx, nn_work *work, const nn_linear *layer, const float *x, size_t n, float *y)
{
    return nn_multiply(ctx, work, x, layer->n_in, n, layer->w.x, layer->n_in, 1, layer->n_out, layer->n_in, layer->b.x, false, y, layer->n_out);
}

toc_status nn_linear_backward(toc_ctx *ctx, nn_work *work, const nn_linear *layer, const float *x, size_t n, const float *dy, float *dx, bool add)
{
    if (layer->w.d) TOC_TRY(nn_multiply_turned(ctx, work, dy, layer->n_out, x, layer->n_in, n, layer->n_out, layer->n_in, layer->w.d));
    if (layer->b.d) TOC_TRY(nn_add_rows(ctx, dy, layer->n_out, n, layer->n_out, layer->b.d));
    if (!dx) return TOC_OK;
    return nn_multiply(ctx, work, dy, layer->n_out, n, layer->w.x, 1, layer->n_in, layer->n_in, layer->n_out, NULL, add, dx, layer->n_in);
}
