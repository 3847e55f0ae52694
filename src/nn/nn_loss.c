/* nn_loss.c: losses as means over rows. Sums of rows' losses run in double in their order. */
#include <math.h>

#include "nn/nn_int.h"

enum { ROWS = 16 };

typedef struct {
    const float *logits, *weight;
    const int32_t *target;
    size_t n, k;
    double total;  /* of weights */
    double *losses; /* of rows, times their weights */
    float *d;
} classing;

static double weight_of(const classing *c, size_t i)
{
    return c->target[i] < 0 ? 0 : c->weight ? (double)c->weight[c->target[i]] : 1;
}

static void class_row(const classing *c, size_t i)
{
    const float *z = c->logits + i * c->k;
    float *d = c->d ? c->d + i * c->k : NULL, largest = z[0];
    double weight = weight_of(c, i), sum = 0;

    if (!(weight > 0)) {
        if (d) memset(d, 0, c->k * sizeof *d);
        return;
    }
    for (size_t j = 1; j < c->k; j++) largest = TOC_MAX(largest, z[j]);
    double wanted = (double)(z[c->target[i]] - largest);
    for (size_t j = 0; j < c->k; j++) {
        float e = expf(z[j] - largest);
        sum += (double)e;
        if (d) d[j] = e;
    }
    c->losses[i] = weight * (log(sum) - wanted);
    float factor = (float)(weight / c->total / sum);
    for (size_t j = 0; j < c->k && d; j++) d[j] *= factor;
    if (d) d[c->target[i]] -= (float)(weight / c->total);
}

static toc_status class_task(toc_ctx *ctx, void *arg, size_t task)
{
    const classing *c = arg;
    size_t end = TOC_MIN(c->n, (task + 1) * ROWS);

    (void)ctx;
    for (size_t i = task * ROWS; i < end; i++) class_row(c, i);
    return TOC_OK;
}

toc_status nn_loss_classes(toc_ctx *ctx, const float *logits, const int32_t *target, const float *weight, size_t n, size_t k, double *loss, float *d)
{
    classing c = { .logits = logits, .weight = weight, .target = target, .n = n, .k = k, .d = d };
    double sum = 0;

    for (size_t i = 0; i < n; i++) c.total += weight_of(&c, i);
    TOC_TRY(toc_alloc(ctx, n, sizeof *c.losses, &c.losses));
    toc_status st = toc_parallel(ctx, nn_pieces(n, ROWS), class_task, &c);
    for (size_t i = 0; i < n; i++) sum += c.losses[i];
    toc_free(c.losses);
    if (!st) *loss = c.total > 0 ? sum / c.total : 0;
    return st;
}

toc_status nn_loss_binary(toc_ctx *ctx, const float *logits, const float *target, double positive, size_t n, double *loss, float *d)
{
    double sum = 0;

    (void)ctx;
    for (size_t i = 0; i < n; i++) {
        double z = (double)logits[i], y = (double)target[i], up = 1 / (1 + exp(-z));
        double log_up = fmin(z, 0) - log1p(exp(-fabs(z))), log_down = log_up - z;
        sum -= positive * y * log_up + (1 - y) * log_down;
        if (d) d[i] = (float)((positive * y * (up - 1) + (1 - y) * up) / (double)n);
    }
    *loss = n ? sum / (double)n : 0;
    return TOC_OK;
}

toc_status nn_loss_squared(toc_ctx *ctx, const float *y, const float *target, size_t n, double *loss, float *d)
{
    double sum = 0;

    (void)ctx;
    for (size_t i = 0; i < n; i++) {
        double off = (double)y[i] - (double)target[i];
        sum += off * off;
        if (d) d[i] = (float)(2 * off / (double)n);
    }
    *loss = n ? sum / (double)n : 0;
    return TOC_OK;
}

/* unit = rows of x divided by their lengths. */
static void to_unit(const float *x, size_t n, size_t h, float *unit, float *length)
{
    for (size_t i = 0; i < n; i++) {
        double square = 0;
        for (size_t j = 0; j < h; j++) square += (double)x[i * h + j] * (double)x[i * h + j];
        length[i] = (float)fmax(sqrt(square), 1e-12);
        for (size_t j = 0; j < h; j++) unit[i * h + j] = x[i * h + j] / length[i];
    }
}

/* The gradient by a unit row becomes that by the row: what lies along it changes nothing. */
static void from_unit(const float *unit, const float *length, size_t n, size_t h, float *d)
{
    for (size_t i = 0; i < n; i++) {
        double along = 0;
        for (size_t j = 0; j < h; j++) along += (double)d[i * h + j] * (double)unit[i * h + j];
        for (size_t j = 0; j < h; j++) d[i * h + j] = (d[i * h + j] - (float)along * unit[i * h + j]) / length[i];
    }
}

static toc_status pairs(toc_ctx *ctx, nn_work *work, const float *a, const float *b, size_t n, size_t h, double temperature, float *memory, int32_t *target,
                        double *loss, float *da, float *db)
{
    float *ua = memory, *ub = ua + n * h, *length_a = ub + n * h, *length_b = length_a + n, *z = length_b + n;

    to_unit(a, n, h, ua, length_a);
    to_unit(b, n, h, ub, length_b);
    for (size_t i = 0; i < n; i++) target[i] = (int32_t)i;
    TOC_TRY(nn_multiply(ctx, work, ua, h, n, ub, h, 1, n, h, NULL, false, z, n));
    for (size_t i = 0; i < n * n; i++) z[i] /= (float)temperature;
    TOC_TRY(nn_loss_classes(ctx, z, target, NULL, n, n, loss, z));
    if (!da) return TOC_OK;
    for (size_t i = 0; i < n * n; i++) z[i] /= (float)temperature;
    TOC_TRY(nn_multiply(ctx, work, z, n, n, ub, 1, h, h, n, NULL, false, da, h));
    memset(db, 0, n * h * sizeof *db);
    TOC_TRY(nn_multiply_turned(ctx, work, z, n, ua, h, n, n, h, db));
    from_unit(ua, length_a, n, h, da);
    from_unit(ub, length_b, n, h, db);
    return TOC_OK;
}

toc_status nn_loss_pairs(toc_ctx *ctx, nn_work *work, const float *a, const float *b, size_t n, size_t h, double temperature, double *loss, float *da, float *db)
{
    float *memory = NULL;
    int32_t *target = NULL;
    toc_status st = toc_alloc(ctx, 2 * n * h + 2 * n + n * n, sizeof *memory, &memory);

    if (!st) st = toc_alloc(ctx, n, sizeof *target, &target);
    if (!st) st = pairs(ctx, work, a, b, n, h, temperature, memory, target, loss, da, db);
    toc_free(memory);
    toc_free(target);
    return st;
}
