/* logistic.c: penalised logistic regression by Newton steps. The Hessian is a sum over fixed blocks of rows, each one product of OpenBLAS,
 * so the result does not depend on threads. */
#include "num/num.h"

#include <cblas.h>
#include <math.h>

#include "num/num_int.h"

enum { BLOCK = 512, ROUNDS = 100 };

typedef struct {
    const float *x;
    const uint8_t *y;
    size_t n, p;
    double penalty;
    double *block;    /* BLOCK x (p + 1): rows as double, then 1, scaled by the root of their weight */
    double *residual; /* BLOCK */
    double *gradient, *step, *trial; /* p + 1 */
    double *hessian;  /* (p + 1)^2, lower half */
} problem;

static double linear(const problem *q, const double *w, size_t row)
{
    const float *x = q->x + row * q->p;
    double z = w[q->p];

    for (size_t j = 0; j < q->p; j++) z += w[j] * (double)x[j];
    return z;
}

static double objective(const problem *q, const double *w)
{
    double loss = 0, norm = 0;

    for (size_t i = 0; i < q->n; i++) {
        double z = linear(q, w, i);
        loss += num_softplus(z) - (q->y[i] ? z : 0);
    }
    for (size_t j = 0; j < q->p; j++) norm += w[j] * w[j];
    return loss + 0.5 * q->penalty * norm;
}

/* Gradient and Hessian at w. */
static void derivatives(problem *q, const double *w)
{
    size_t m = q->p + 1;

    for (size_t j = 0; j < m; j++) q->gradient[j] = j < q->p ? q->penalty * w[j] : 0;
    memset(q->hessian, 0, m * m * sizeof *q->hessian);
    for (size_t first = 0; first < q->n; first += BLOCK) {
        size_t rows = TOC_MIN((size_t)BLOCK, q->n - first);
        for (size_t i = 0; i < rows; i++) {
            double *to = q->block + i * m, probability = num_sigmoid(linear(q, w, first + i));
            double root = sqrt(TOC_MAX(probability * (1 - probability), 1e-12));
            for (size_t j = 0; j < q->p; j++) to[j] = root * (double)q->x[(first + i) * q->p + j];
            to[q->p] = root;
            q->residual[i] = (probability - (q->y[first + i] ? 1 : 0)) / root;
        }
        cblas_dgemv(CblasRowMajor, CblasTrans, (int)rows, (int)m, 1, q->block, (int)m, q->residual, 1, 1, q->gradient, 1);
        cblas_dsyrk(CblasRowMajor, CblasLower, CblasTrans, (int)m, (int)rows, 1, q->block, (int)m, 1, q->hessian, (int)m);
    }
    for (size_t j = 0; j < q->p; j++) q->hessian[j * m + j] += q->penalty;
}

/* step = -H^-1 gradient by Cholesky in place; directions without curvature (constant or repeated columns without penalty) stay 0. */
static void solve(problem *q)
{
    size_t m = q->p + 1;
    double *h = q->hessian;

    for (size_t j = 0; j < m; j++) {
        double original = h[j * m + j], pivot = original;
        for (size_t k = 0; k < j; k++) pivot -= h[j * m + k] * h[j * m + k];
        bool flat = !(pivot > 1e-10 * original) || original <= 0;
        h[j * m + j] = flat ? INFINITY : sqrt(pivot);
        for (size_t i = j + 1; i < m; i++) {
            double s = h[i * m + j];
            for (size_t k = 0; k < j; k++) s -= h[i * m + k] * h[j * m + k];
            h[i * m + j] = flat ? 0 : s / h[j * m + j];
        }
    }
    for (size_t j = 0; j < m; j++) {
        double s = -q->gradient[j];
        for (size_t k = 0; k < j; k++) s -= h[j * m + k] * q->step[k];
        q->step[j] = s / h[j * m + j];
    }
    for (size_t j = m; j-- > 0;) {
        double s = q->step[j];
        for (size_t k = j + 1; k < m; k++) s -= h[k * m + j] * q->step[k];
        q->step[j] = s / h[j * m + j];
    }
}

static void descend(problem *q, double *w)
{
    size_t m = q->p + 1;
    double value = objective(q, w);

    for (int round = 0; round < ROUNDS; round++) {
        double decrement = 0, length = 1, next = value;
        derivatives(q, w);
        solve(q);
        for (size_t j = 0; j < m; j++) decrement -= q->gradient[j] * q->step[j];
        if (!(decrement > 1e-12 * (1 + value))) return;
        for (; length > 1e-8; length /= 2) {
            for (size_t j = 0; j < m; j++) q->trial[j] = w[j] + length * q->step[j];
            next = objective(q, q->trial);
            if (next <= value - 1e-4 * length * decrement) break;
        }
        if (length <= 1e-8) return;
        memcpy(w, q->trial, m * sizeof *w);
        value = next;
    }
}

toc_status num_logistic_fit(toc_ctx *ctx, const float *x, const uint8_t *y, size_t n, size_t p, double penalty, double *weights)
{
    problem q = { .x = x, .y = y, .n = n, .p = p, .penalty = penalty };
    size_t m = p + 1, square;
    toc_status st;

    memset(weights, 0, m * sizeof *weights);
    if (n == 0) return TOC_OK;
    if ((st = toc_mul_size(ctx, m, m, &square))) goto out;
    if ((st = toc_alloc(ctx, BLOCK * m, sizeof(double), &q.block))) goto out;
    if ((st = toc_alloc(ctx, BLOCK, sizeof(double), &q.residual))) goto out;
    if ((st = toc_alloc(ctx, 3 * m, sizeof(double), &q.gradient))) goto out;
    if ((st = toc_alloc(ctx, square, sizeof(double), &q.hessian))) goto out;
    q.step = q.gradient + m;
    q.trial = q.step + m;
    descend(&q, weights);
out:
    toc_free(q.block);
    toc_free(q.residual);
    toc_free(q.gradient);
    toc_free(q.hessian);
    return st;
}

void num_logistic_predict(const float *x, size_t n, size_t p, const double *weights, double *probability)
{
    problem q = { .x = x, .n = n, .p = p };

    for (size_t i = 0; i < n; i++) probability[i] = num_sigmoid(linear(&q, weights, i));
}
