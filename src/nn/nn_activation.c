/* nn_activation.c: activations and dropout, number by number.
 *
 * GELU's derivative is P(v) + v p(v), P and p the normal distribution and its density. One exponential e = exp(-v v / 2) serves both: p = e / sqrt(2 pi), and
 * with t = 1 / (1 + 0.3275911 |v| / sqrt 2), P(|v|) = 1 - t (a1 + t (a2 + ...)) e / 2 (Abramowitz & Stegun 7.1.26, error at most 1.5e-7). */
#include <math.h>

#include "nn/nn_int.h"

typedef struct {
    nn_activation kind;
    const float *x, *dy;
    float *y;
    size_t n;
    nn_drop drop;
} applying;

/* exp(x) for x in [-87, 0], relative error below 1e-6: 2^k by its exponent bits, the rest by a polynomial. */
static inline float exp_near(float x)
{
    const float big = 12582912; /* 1.5 * 2^23: adding it rounds to a whole number */
    float k = (x * 1.44269504f + big) - big, r = x - k * 0.693359375f + k * 2.12194440e-4f, scale;
    float e = 1 + r * (1 + r * (0.5f + r * (1.66666667e-1f + r * (4.16666667e-2f + r * (8.33333333e-3f + r * 1.38888889e-3f)))));
    int32_t bits = ((int32_t)k + 127) << 23;

    memcpy(&scale, &bits, sizeof scale);
    return e * scale;
}

NN_CLONES static void gelu_backward(const float *x, const float *dy, float *dx, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        float v = x[i], size = fabsf(v), square = v * v * -0.5f;
        float e = exp_near(square < -87 ? -87 : square), t = 1 / (1 + 0.231641889f * size);
        float tail = t * (0.127414796f + t * (-0.142248368f + t * (0.710706870f + t * (-0.726576014f + t * 0.530702716f)))) * e;
        float share = v < 0 ? tail : 1 - tail;
        dx[i] = dy[i] * (share + v * 0.398942280f * e);
    }
}

static void forward_part(const toc_ctx *ctx, nn_activation kind, const float *x, size_t n, float *y)
{
    if (kind == NN_GELU) {
        if (y != x) memcpy(y, x, n * sizeof *y);
        num_activate(ctx, y, n, NULL, NUM_GELU, 1, n);
    }
    for (size_t i = 0; i < n && kind == NN_RELU; i++) y[i] = x[i] > 0 ? x[i] : 0;
    for (size_t i = 0; i < n && kind == NN_TANH; i++) y[i] = tanhf(x[i]);
    for (size_t i = 0; i < n && kind == NN_SIGMOID; i++) y[i] = 1 / (1 + expf(-x[i]));
}

static toc_status forward_task(toc_ctx *ctx, void *arg, size_t task)
{
    const applying *a = arg;
    size_t first = task * NN_PIECE;

    forward_part(ctx, a->kind, a->x + first, TOC_MIN((size_t)NN_PIECE, a->n - first), a->y + first);
    return TOC_OK;
}

toc_status nn_activation_forward(toc_ctx *ctx, nn_activation kind, const float *x, size_t n, float *y)
{
    return toc_parallel(ctx, nn_pieces(n, NN_PIECE), forward_task, &(applying){ .kind = kind, .x = x, .y = y, .n = n });
}

static toc_status backward_task(toc_ctx *ctx, void *arg, size_t task)
{
    const applying *a = arg;
    size_t first = task * NN_PIECE, n = TOC_MIN((size_t)NN_PIECE, a->n - first);
    const float *x = a->x + first, *dy = a->dy + first;
    float *dx = a->y + first;

    (void)ctx;
    if (a->kind == NN_GELU) gelu_backward(x, dy, dx, n);
    for (size_t i = 0; i < n && a->kind == NN_RELU; i++) dx[i] = x[i] > 0 ? dy[i] : 0;
    for (size_t i = 0; i < n && a->kind == NN_TANH; i++) {
        float y = tanhf(x[i]);
        dx[i] = dy[i] * (1 - y * y);
    }
    for (size_t i = 0; i < n && a->kind == NN_SIGMOID; i++) {
        float y = 1 / (1 + expf(-x[i]));
        dx[i] = dy[i] * y * (1 - y);
    }
    return TOC_OK;
}

toc_status nn_activation_backward(toc_ctx *ctx, nn_activation kind, const float *x, size_t n, const float *dy, float *dx)
{
    return toc_parallel(ctx, nn_pieces(n, NN_PIECE), backward_task, &(applying){ .kind = kind, .x = x, .dy = dy, .y = dx, .n = n });
}

nn_drop nn_drop_new(uint64_t seed, uint64_t step, uint64_t place, float share)
{
    return (nn_drop){ toc_mix(toc_mix(toc_mix(seed) ^ step) ^ place), share };
}

/* One hash gives the 16 bits of four neighbours. */
void nn_dropout_part(nn_drop drop, uint64_t from, float *x, size_t n)
{
    uint32_t limit = (uint32_t)(drop.share * 65536);
    float scale = 1 / (1 - (float)limit / 65536);

    for (size_t i = 0; i < n;) {
        uint64_t place = from + i, bits = toc_mix(drop.key + place / 4) >> place % 4 * 16;
        for (uint64_t k = place % 4; k < 4 && i < n; k++, i++, bits >>= 16) x[i] = (bits & 0xffff) < limit ? 0 : x[i] * scale;
    }
}

static toc_status drop_task(toc_ctx *ctx, void *arg, size_t task)
{
    const applying *a = arg;
    size_t first = task * NN_PIECE;

    (void)ctx;
    nn_dropout_part(a->drop, first, a->y + first, TOC_MIN((size_t)NN_PIECE, a->n - first));
    return TOC_OK;
}

toc_status nn_dropout(toc_ctx *ctx, nn_drop drop, float *x, size_t n)
{
    if (!(drop.share > 0)) return TOC_OK;
    return toc_parallel(ctx, nn_pieces(n, NN_PIECE), drop_task, &(applying){ .drop = drop, .y = x, .n = n });
}
