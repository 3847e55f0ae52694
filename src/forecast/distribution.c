/* distribution.c: quantiles, read and made, and the two small solvers that fit how forecasts are put together. */
#include "forecast/forecast_int.h"

#include <math.h>

const double fc_levels[FC_N_LEVELS] = { 0.05, 0.10, 0.20, 0.35, 0.50, 0.65, 0.80, 0.90, 0.95, 0.98, 0.99 };

/* Length of the exponential tail above the last level: what carries the line from level 0.9 to 0.99, a factor of 10 in what is
 * left. */
static double tail_scale(const double quantile[FC_N_LEVELS])
{
    return TOC_MAX((quantile[FC_N_LEVELS - 1] - quantile[7]) / log(10.0), 1e-9);
}

double fc_exceed(const double quantile[FC_N_LEVELS], double amount)
{
    const double last = quantile[FC_N_LEVELS - 1];
    if (amount < 0.0) return 1.0;
    if (amount >= last) return (1.0 - fc_levels[FC_N_LEVELS - 1]) * exp((last - amount) / tail_scale(quantile));
    double x0 = 0.0, p0 = 0.0;
    for (size_t i = 0; i < FC_N_LEVELS; i++) {
        if (amount < quantile[i]) return 1.0 - (p0 + (fc_levels[i] - p0) * (amount - x0) / (quantile[i] - x0));
        x0 = quantile[i];
        p0 = fc_levels[i];
    }
    return 1.0 - p0;
}

double fc_quantile(const double quantile[FC_N_LEVELS], double level)
{
    const double highest = fc_levels[FC_N_LEVELS - 1];
    if (level >= highest)
        return quantile[FC_N_LEVELS - 1] + tail_scale(quantile) * log((1.0 - highest) / TOC_MAX(1.0 - level, 1e-12));
    double x0 = 0.0, p0 = 0.0;
    for (size_t i = 0; i < FC_N_LEVELS; i++) {
        if (level <= fc_levels[i]) return x0 + (quantile[i] - x0) * (level - p0) / (fc_levels[i] - p0);
        x0 = quantile[i];
        p0 = fc_levels[i];
    }
    return x0;
}

/* Inverse of the normal distribution (Acklam's rational approximation, relative error 1.2e-9): this room needs it in inner loops.
 */
static double normal_quantile(double p)
{
    static const double a[] = { -3.969683028665376e+01, 2.209460984245205e+02,  -2.759285104469687e+02,
                                1.383577518672690e+02,  -3.066479806614716e+01, 2.506628277459239e+00 };
    static const double b[] = { -5.447609879822406e+01, 1.615858368580409e+02, -1.556989798598866e+02, 6.680131188771972e+01,
                                -1.328068155288572e+01 };
    static const double c[] = { -7.784894002430293e-03, -3.223964580411365e-01, -2.400758277161838e+00,
                                -2.549732539343734e+00, 4.374664141464968e+00,  2.938163982698783e+00 };
    static const double d[] = { 7.784695709041462e-03, 3.224671290700398e-01, 2.445134137142996e+00, 3.754408661907416e+00 };
    if (p < 0.02425 || p > 1.0 - 0.02425) {
        double q = sqrt(-2.0 * log(p < 0.5 ? p : 1.0 - p));
        double z = (((((c[0] * q + c[1]) * q + c[2]) * q + c[3]) * q + c[4]) * q + c[5]) /
                   ((((d[0] * q + d[1]) * q + d[2]) * q + d[3]) * q + 1.0);
        return p < 0.5 ? z : -z;
    }
    double q = p - 0.5, r = q * q;
    return (((((a[0] * r + a[1]) * r + a[2]) * r + a[3]) * r + a[4]) * r + a[5]) * q /
           (((((b[0] * r + b[1]) * r + b[2]) * r + b[3]) * r + b[4]) * r + 1.0);
}

double fc_gamma_quantile(double mean, double variance, double level)
{
    if (!(mean > 0.0)) return 0.0;
    if (!(variance > 0.0)) return mean;
    double shape = mean * mean / variance, ninth = 1.0 / (9.0 * shape);
    double cube = 1.0 - ninth + normal_quantile(level) * sqrt(ninth);
    return cube > 0.0 ? mean * cube * cube * cube : 0.0;
}

void fc_solve_nonnegative(const double *a, const double *c, size_t p, double *b)
{
    for (int round = 0; round < 500; round++) {
        double moved = 0.0, size = 0.0;
        for (size_t i = 0; i < p; i++) {
            double residual = c[i];
            for (size_t j = 0; j < p; j++)
                if (j != i) residual -= a[i * p + j] * b[j];
            double next = a[i * p + i] > 0.0 ? TOC_MAX(0.0, residual / a[i * p + i]) : 0.0;
            moved += fabs(next - b[i]);
            size += next;
            b[i] = next;
        }
        if (moved <= 1e-10 * (size + 1e-30)) break;
    }
}

enum { MAX_COLUMNS = 16, STEPS = 40 };

/* One majorise-minimise step: weighted least squares around the present residuals. */
static void regression_step(const double *x, const double *y, const double *w, size_t n, size_t p, double level, double blur,
                            const double *b, double *a, double *c)
{
    for (size_t i = 0; i < n; i++) {
        const double *row = x + i * p;
        double fit = 0.0;
        for (size_t j = 0; j < p; j++) fit += row[j] * b[j];
        double weight = w[i] / (2.0 * (blur / w[i] + fabs(y[i] - fit)));
        double target = weight * y[i] + w[i] * (level - 0.5);
        for (size_t j = 0; j < p; j++) {
            double scaled = weight * row[j];
            for (size_t k = 0; k <= j; k++) a[j * p + k] += scaled * row[k];
            c[j] += target * row[j];
        }
    }
    for (size_t j = 0; j < p; j++)
        for (size_t k = j + 1; k < p; k++) a[j * p + k] = a[k * p + j];
}

void fc_quantile_regression(const double *x, const double *y, const double *w, size_t n, size_t p, double level,
                            const double *prior, double penalty, double *b)
{
    double a[MAX_COLUMNS * MAX_COLUMNS], c[MAX_COLUMNS], size = 0.0;
    TOC_ASSERT(p <= MAX_COLUMNS);
    for (size_t j = 0; j < p; j++) b[j] = prior[j];
    for (size_t i = 0; i < n; i++) size += w[i] * fabs(y[i]);
    /* Residuals below a thousandth of the usual size count as that: the step stays finite where a row is met exactly. */
    double blur = n ? 1e-3 * size / (double)n + 1e-12 : 1.0;
    for (int step = 0; step < STEPS; step++) {
        for (size_t j = 0; j < p * p; j++) a[j] = 0.0;
        for (size_t j = 0; j < p; j++) c[j] = 0.0;
        regression_step(x, y, w, n, p, level, blur, b, a, c);
        for (size_t j = 0; j < p; j++) {
            a[j * p + j] += penalty;
            c[j] += penalty * prior[j];
        }
        fc_solve_nonnegative(a, c, p, b);
    }
}
