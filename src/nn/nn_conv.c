/* nn_conv.c: convolution along sequences as one product: each row's window is laid out side by side first. */
#include "nn/nn_int.h"

toc_status nn_conv_add(toc_ctx *ctx, nn_params *params, nn_conv *layer, size_t n_in, size_t n_out, size_t width, size_t before, const char *name)
{
    *layer = (nn_conv){ .n_in = n_in, .n_out = n_out, .width = width, .before = before };
    TOC_TRY(nn_params_add(ctx, params, &layer->w, n_out, width * n_in, 0.02f, true, "%s.weight", name));
    return nn_params_add(ctx, params, &layer->b, n_out, 0, 0, false, "%s.bias", name);
}

/* Calls row T x width times: window k of row t is row `from` of x, or where that lies outside the sequence, nothing. Writes windows, or adds them to x. */
static void walk(const nn_conv *l, const size_t *starts, size_t n, float *windows, const float *x, float *dx)
{
    size_t d = l->n_in, row = l->width * d;

    for (size_t i = 0; i < n; i++)
        for (size_t t = starts[i]; t < starts[i + 1]; t++)
            for (size_t k = 0; k < l->width; k++) {
                bool inside = t + k >= starts[i] + l->before && t + k < starts[i + 1] + l->before;
                size_t from = t + k - l->before;
                float *window = windows + t * row + k * d;
                if (x && inside) memcpy(window, x + from * d, d * sizeof *window);
                else if (x) memset(window, 0, d * sizeof *window);
                for (size_t j = 0; j < d && dx && inside; j++) dx[from * d + j] += window[j];
            }
}

toc_status nn_conv_forward(toc_ctx *ctx, nn_work *work, const nn_conv *l, const float *x, const size_t *starts, size_t n, float *y)
{
    size_t rows = starts[n], wide = l->width * l->n_in;
    float *windows = NULL;

    TOC_TRY(toc_alloc(ctx, rows * wide, sizeof *windows, &windows));
    walk(l, starts, n, windows, x, NULL);
    toc_status st = nn_multiply(ctx, work, windows, wide, rows, l->w.x, wide, 1, l->n_out, wide, l->b.x, false, y, l->n_out);
    toc_free(windows);
    return st;
}

toc_status nn_conv_backward(toc_ctx *ctx, nn_work *work, const nn_conv *l, const float *x, const size_t *starts, size_t n, const float *dy, float *dx)
{
    size_t rows = starts[n], wide = l->width * l->n_in;
    const nn_linear product = { .n_in = wide, .n_out = l->n_out, .w = l->w, .b = l->b };
    float *windows = NULL, *changes = NULL;
    toc_status st = toc_alloc(ctx, rows * wide, sizeof *windows, &windows);

    if (!st && dx) st = toc_alloc(ctx, rows * wide, sizeof *changes, &changes);
    if (!st) {
        walk(l, starts, n, windows, x, NULL);
        st = nn_linear_backward(ctx, work, &product, windows, rows, dy, changes, false);
    }
    if (!st && dx) {
        memset(dx, 0, rows * l->n_in * sizeof *dx);
        walk(l, starts, n, changes, NULL, dx);
    }
    toc_free(windows);
    toc_free(changes);
    return st;
}
