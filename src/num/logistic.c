/* logistic.c: logistic regression by Newton steps (IRLS), the normal equations by Cholesky. */
#include "num/num.h"

#include <cblas.h>
#include <math.h>

static double sigmoid(double z)
{
    return z >= 0 ? 1 / (1 + exp(-z)) : exp(z) / (1 + exp(z));
}

void num_logistic_predict(const float *x, size_t n, size_t p, const double *weights, double *probability)
{
    for (size_t i = 0; i < n; i++) {
        double z = weights[p];
        for (size_t j = 0; j < p; j++) z += weights[j] * (double)x[i * p + j];
        probability[i] = sigmoid(z);
    }
}

/* Solves h d = g in place (m x m, positive definite): g becomes d. False where h is not. */
static bool cholesky_solve(double *h, double *g, size_t m)
{
    for (size_t j = 0; j < m; j++) {
        double d = h[j * m + j];
        for (size_t k = 0; k < j; k++) d -= h[j * m + k] * h[j * m + k];
        if (!(d > 0)) return false;
        h[j * m + j] = d = sqrt(d);
        for (size_t i = j + 1; i < m; i++) {
            double s = h[i * m + j];
            for (size_t k = 0; k < j; k++) s -= h[i * m + k] * h[j * m + k];
            h[i * m + j] = s / d;
        }
    }
    for (size_t i = 0; i < m; i++) {
        for (size_t k = 0; k < i; k++) g[i] -= h[i * m + k] * g[k];
        g[i] /= h[i * m + i];
    }
    for (size_t i = m; i-- > 0;) {
        for (size_t k = i + 1; k < m; k++) g[i] -= h[k * m + i] * g[k];
        g[i] /= h[i * m + i];
    }
    return true;
}

/* Gradient and Hessian of the penalised log-loss; rows (n x (p + 1)) is scratch that holds sqrt(w) x and then is multiplied by itself. */
static void derivatives(const float *x, const uint8_t *y, size_t n, size_t p, double penalty, const double *w, double *rows, double *g, double *h)
{
    size_t m = p + 1;

    for (size_t j = 0; j < m; j++) g[j] = j < p ? penalty * w[j] : 0;
    for (size_t i = 0; i < n; i++) {
        double z = w[p];
        for (size_t j = 0; j < p; j++) z += w[j] * (double)x[i * p + j];
        double q = sigmoid(z), root = sqrt(q * (1 - q)), error = q - y[i];
        for (size_t j = 0; j < p; j++) {
            g[j] += error * (double)x[i * p + j];
            rows[i * m + j] = root * (double)x[i * p + j];
        }
        g[p] += error;
        rows[i * m + p] = root;
    }
    cblas_dsyrk(CblasRowMajor, CblasLower, CblasTrans, (int)m, (int)n, 1, rows, (int)m, 0, h, (int)m);
    for (size_t j = 0; j < m; j++) h[j * m + j] += j < p ? penalty : 1e-9;
}

toc_status num_logistic_fit(toc_ctx *ctx, const float *x, const uint8_t *y, size_t n, size_t p, double penalty, double *weights)
{
    size_t m = p + 1;
    double *g = NULL, *h = NULL, *rows = NULL;
    toc_status st = TOC_OK;

    if (n > INT32_MAX || m > INT32_MAX) return toc_fail(ctx, TOC_E_DATA, "too many rows or columns for logistic regression");
    if ((st = toc_alloc(ctx, m, sizeof *g, &g))) goto out;
    if ((st = toc_alloc(ctx, m * m, sizeof *h, &h))) goto out;
    if ((st = toc_alloc(ctx, n * m, sizeof *rows, &rows))) goto out;
    for (size_t j = 0; j < m; j++) weights[j] = 0;
    for (int step = 0; step < 50; step++) {
        double largest = 0;
        derivatives(x, y, n, p, penalty, weights, rows, g, h);
        if (!cholesky_solve(h, g, m)) break;
        for (size_t j = 0; j < m; j++) largest = fmax(largest, fabs(g[j]));
        double scale = largest > 5 ? 5 / largest : 1; /* a full step may overshoot where classes separate */
        for (size_t j = 0; j < m; j++) weights[j] -= scale * g[j];
        if (largest < 1e-8) break;
    }
out:
    toc_free(g);
    toc_free(h);
    toc_free(rows);
    return st;
}
