/* stats.c: means, quantiles, the normal distribution. */
#include "num/num.h"

#include <math.h>

double num_mean(const double *x, size_t n)
{
    double sum = 0;
    size_t known = 0;

    for (size_t i = 0; i < n; i++) {
        if (isnan(x[i])) continue;
        sum += x[i];
        known++;
    }
    return known ? sum / (double)known : NAN;
}

double num_variance(const double *x, size_t n)
{
    double mean = num_mean(x, n), sum = 0;
    size_t known = 0;

    for (size_t i = 0; i < n; i++) {
        if (isnan(x[i])) continue;
        sum += (x[i] - mean) * (x[i] - mean);
        known++;
    }
    return known ? sum / (double)known : NAN;
}

static void swap(double *a, double *b)
{
    double t = *a;
    *a = *b;
    *b = t;
}

/* Hoare's quickselect: afterwards x[k] is the k-th smallest and nothing before it is larger. */
static double select_kth(double *x, size_t n, size_t k)
{
    size_t low = 0, high = n - 1;

    while (low < high) {
        double pivot = x[low + (high - low) / 2];
        size_t i = low, j = high;
        for (;;) {
            while (x[i] < pivot) i++;
            while (x[j] > pivot) j--;
            if (i >= j) break;
            swap(&x[i++], &x[j--]);
        }
        if (k <= j) high = j;
        else low = j + 1;
    }
    return x[k];
}

static size_t drop_missing(double *x, size_t n)
{
    size_t known = 0;

    for (size_t i = 0; i < n; i++)
        if (!isnan(x[i])) x[known++] = x[i];
    return known;
}

double num_quantile(double *x, size_t n, double q)
{
    n = drop_missing(x, n);
    if (!n) return NAN;
    double place = q * (double)(n - 1);
    size_t k = (size_t)place;
    double low = select_kth(x, n, k), high = low;
    if (k + 1 < n) {
        high = INFINITY;
        for (size_t i = k + 1; i < n; i++) high = fmin(high, x[i]);
    }
    return place > (double)k ? low + (place - (double)k) * (high - low) : low;
}

double num_median(double *x, size_t n)
{
    return num_quantile(x, n, 0.5);
}

double num_mad(double *x, size_t n)
{
    n = drop_missing(x, n);
    double median = num_median(x, n);
    for (size_t i = 0; i < n; i++) x[i] = fabs(x[i] - median);
    return 1.4826 * num_median(x, n);
}

double num_normal_cdf(double z)
{
    return 0.5 * erfc(-z / sqrt(2));
}

/* Acklam's rational approximation, then one step of Halley's method: full double precision. */
double num_normal_quantile(double p)
{
    static const double a[] = { -3.969683028665376e+01, 2.209460984245205e+02, -2.759285104469687e+02, 1.383577518672690e+02, -3.066479806614716e+01, 2.506628277459239e+00 };
    static const double b[] = { -5.447609879822406e+01, 1.615858368580409e+02, -1.556989798598866e+02, 6.680131188771972e+01, -1.328068155288572e+01 };
    static const double c[] = { -7.784894002430293e-03, -3.223964580411365e-01, -2.400758277161838e+00, -2.549732539343734e+00, 4.374664141464968e+00, 2.938163982698783e+00 };
    static const double d[] = { 7.784695709041462e-03, 3.224671290700398e-01, 2.445134137142996e+00, 3.754408661907416e+00 };
    double x;

    if (!(p > 0 && p < 1)) return p == 0 ? -INFINITY : p == 1 ? INFINITY : NAN;
    double tail = fmin(p, 1 - p);
    if (tail < 0.02425) {
        double q = sqrt(-2 * log(tail));
        x = (((((c[0] * q + c[1]) * q + c[2]) * q + c[3]) * q + c[4]) * q + c[5]) / ((((d[0] * q + d[1]) * q + d[2]) * q + d[3]) * q + 1);
        if (p > 0.5) x = -x;
    } else {
        double q = p - 0.5, r = q * q;
        x = (((((a[0] * r + a[1]) * r + a[2]) * r + a[3]) * r + a[4]) * r + a[5]) * q / (((((b[0] * r + b[1]) * r + b[2]) * r + b[3]) * r + b[4]) * r + 1);
    }
    double e = num_normal_cdf(x) - p, u = e * sqrt(2 * 3.14159265358979323846) * exp(x * x / 2);
    return x - u / (1 + x * u / 2);
}
