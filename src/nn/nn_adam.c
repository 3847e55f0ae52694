/* nn_adam.c: Adam and AdamW as PyTorch orders their steps; lengths and schedules. */
#include <math.h>

#include "nn/nn_int.h"

toc_status nn_adam_new(toc_ctx *ctx, const nn_params *params, double decay, nn_adam *adam)
{
    *adam = (nn_adam){ .beta1 = 0.9, .beta2 = 0.999, .eps = 1e-8, .decay = decay };
    TOC_TRY(toc_alloc(ctx, params->n_trained, sizeof *adam->first, &adam->first));
    return toc_alloc(ctx, params->n_trained, sizeof *adam->second, &adam->second);
}

void nn_adam_release(nn_adam *adam)
{
    toc_free(adam->first);
    toc_free(adam->second);
    *adam = (nn_adam){0};
}

/* One parameter's step, in pieces. */
typedef struct {
    float *x;
    const float *g;
    float *first, *second;
    size_t n;
    float beta1, beta2, eps, rate, root, scale, keep, coupled;
} stepping;

NN_CLONES static void step_part(const stepping *s, size_t at, size_t n)
{
    float *x = s->x + at, *first = s->first + at, *second = s->second + at;
    const float *gradient = s->g + at;

    for (size_t i = 0; i < n; i++) {
        float g = gradient[i] * s->scale + s->coupled * x[i];
        first[i] = s->beta1 * first[i] + (1 - s->beta1) * g;
        second[i] = s->beta2 * second[i] + (1 - s->beta2) * g * g;
        x[i] = x[i] * s->keep - s->rate * first[i] / (sqrtf(second[i]) * s->root + s->eps);
    }
}

static toc_status step_task(toc_ctx *ctx, void *arg, size_t task)
{
    const stepping *s = arg;
    size_t at = task * NN_PIECE;

    (void)ctx;
    step_part(s, at, TOC_MIN((size_t)NN_PIECE, s->n - at));
    return TOC_OK;
}

toc_status nn_adam_step(toc_ctx *ctx, nn_adam *adam, nn_params *params, double rate, double scale)
{
    double t = (double)++adam->step, left1 = 1 - pow(adam->beta1, t), left2 = 1 - pow(adam->beta2, t);

    for (size_t i = 0; i < params->n; i++) {
        const nn_param *p = &params->params[i];
        double decay = p->decays ? adam->decay : 0;
        stepping s = {
            .x = params->values + p->at, .g = params->gradients + p->gradient_at, .first = adam->first + p->gradient_at,
            .second = adam->second + p->gradient_at, .n = p->n, .beta1 = (float)adam->beta1, .beta2 = (float)adam->beta2, .eps = (float)adam->eps,
            .rate = (float)(rate / left1), .root = (float)(1 / sqrt(left2)), .scale = (float)scale,
            .keep = (float)(adam->coupled ? 1 : 1 - rate * decay), .coupled = (float)(adam->coupled ? decay : 0),
        };
        if (!p->frozen) TOC_TRY(toc_parallel(ctx, nn_pieces(p->n, NN_PIECE), step_task, &s));
    }
    return TOC_OK;
}

typedef struct {
    const float *g;
    size_t n;
    double *squares;
} measuring;

static toc_status norm_task(toc_ctx *ctx, void *arg, size_t task)
{
    const measuring *m = arg;
    const float *g = m->g + task * NN_PIECE;
    size_t n = TOC_MIN((size_t)NN_PIECE, m->n - task * NN_PIECE), i = 0;
    double sums[8] = {0};

    (void)ctx;
    for (; i + 8 <= n; i += 8)
        for (size_t k = 0; k < 8; k++) sums[k] += (double)g[i + k] * (double)g[i + k];
    for (; i < n; i++) sums[0] += (double)g[i] * (double)g[i];
    for (size_t k = 0; k < 8; k++) m->squares[task] += sums[k];
    return TOC_OK;
}

toc_status nn_gradient_norm(toc_ctx *ctx, const nn_params *params, double *norm)
{
    size_t pieces = nn_pieces(params->n_trained, NN_PIECE);
    measuring m = { .g = params->gradients, .n = params->n_trained };
    double sum = 0;

    TOC_TRY(toc_alloc(ctx, pieces, sizeof *m.squares, &m.squares));
    toc_status st = toc_parallel(ctx, pieces, norm_task, &m);
    for (size_t k = 0; k < pieces; k++) sum += m.squares[k];
    toc_free(m.squares);
    *norm = sqrt(sum);
    return st;
}

/* PyTorch's clip_grad_norm_ divides by a length that is 1e-6 more. */
double nn_clip(double norm, double most)
{
    return most > 0 && norm > most ? most / (norm + 1e-6) : 1;
}

double nn_rate(double peak, nn_decay decay, uint64_t step, uint64_t warmup, uint64_t steps)
{
    if (step < warmup) return peak * (double)step / (double)warmup;
    if (decay == NN_CONSTANT) return peak;
    if (step >= steps) return 0;
    double gone = (double)(step - warmup) / (double)(steps - warmup);
    return peak * (decay == NN_LINEAR_DECAY ? 1 - gone : 0.5 * (1 + cos(3.14159265358979323846 * gone)));
}
