/* stats.c: moments, order statistics and the normal distribution. */
#include "num/num.h"

#include <math.h>

double num_mean(const double *x, size_t n)
{
    double sum = 0;
    size_t count = 0;

    for (size_t i = 0; i < n; i++) {
        if (isnan(x[i])) continue;
        sum += x[i];
        count++;
    }
    return count ? sum / (double)count : NAN;
}

double num_variance(const double *x, size_t n)
{
    double mean = num_mean(x, n), sum = 0;
    size_t count = 0;

    for (size_t i = 0; i < n; i++) {
        if (isnan(x[i])) continue;
        sum += (x[i] - mean) * (x[i] - mean);
        count++;
    }
    return count ? sum / (double)count : NAN;
}

static void swap(double *x, size_t i, size_t j)
{
    double t = x[i];
    x[i] = x[j];
    x[j] = t;
}

/* Moves NaN to the end; how many are left before them. */
static size_t without_nan(double *x, size_t n)
{
    size_t kept = 0;

    for (size_t i = 0; i < n; i++)
        if (!isnan(x[i])) swap(x, kept++, i);
    return kept;
}

/* Hoare's selection with the median of three: afterwards x[k] is in its sorted place, nothing before it is larger, nothing after it smaller. */
static void select_kth(double *x, size_t n, size_t k)
{
    size_t low = 0, high = n - 1;

    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (x[middle] < x[low]) swap(x, middle, low);
        if (x[high] < x[low]) swap(x, high, low);
        if (x[high] < x[middle]) swap(x, high, middle);
        double pivot = x[middle];
        size_t i = low, j = high;
        while (i <= j) {
            while (x[i] < pivot) i++;
            while (pivot < x[j]) j--;
            if (i > j) break;
            swap(x, i++, j);
            if (j == 0) break;
            j--;
        }
        if (k <= j) high = j;
        else if (k >= i) low = i;
        else return;
    }
}

double num_quantile(double *x, size_t n, double q)
{
    n = without_nan(x, n);
    if (n == 0) return NAN;
    double place = TOC_MIN(TOC_MAX(q, 0), 1) * (double)(n - 1);
    size_t k = (size_t)place;
    double share = place - (double)k;

    select_kth(x, n, k);
    if (share <= 0 || k + 1 == n) return x[k];
    double next = x[k + 1];
    for (size_t i = k + 2; i < n; i++) next = TOC_MIN(next, x[i]);
    if (next == x[k]) return next; /* also infinities, whose difference is no number */
    return x[k] + share * (next - x[k]);
}

double num_median(double *x, size_t n)
{
    return num_quantile(x, n, 0.5);
}

double num_mad(double *x, size_t n)
{
    double median = num_median(x, n);

    for (size_t i = 0; i < n; i++) x[i] = fabs(x[i] - median);
    return 1.4826 * num_median(x, n);
}

double num_normal_cdf(double z)
{
    return 0.5 * erfc(-z * 0.70710678118654752440);
}

static double ratio(const double up[8], const double down[8], double r)
{
    double a = 0, b = 0;

    for (int i = 7; i >= 0; i--) {
        a = a * r + up[i];
        b = b * r + down[i];
    }
    return a / b;
}

/* Wichura 1988, algorithm AS 241 (PPND16): relative error about 1e-16. */
double num_normal_quantile(double p)
{
    static const double a[8] = { 3.3871328727963666080e0, 1.3314166789178437745e2, 1.9715909503065514427e3, 1.3731693765509461125e4,
                                 4.5921953931549871457e4, 6.7265770927008700853e4, 3.3430575583588128105e4, 2.5090809287301226727e3 };
    static const double b[8] = { 1, 4.2313330701600911252e1, 6.8718700749205790830e2, 5.3941960214247511077e3,
                                 2.1213794301586595867e4, 3.9307895800092710610e4, 2.8729085735721942674e4, 5.2264952788528545610e3 };
    static const double c[8] = { 1.42343711074968357734e0, 4.63033784615654529590e0, 5.76949722146069140550e0, 3.64784832476320460504e0,
                                 1.27045825245236838258e0, 2.41780725177450611770e-1, 2.27238449892691845833e-2, 7.74545014278341407640e-4 };
    static const double d[8] = { 1, 2.05319162663775882187e0, 1.67638483018380384940e0, 6.89767334985100004550e-1,
                                 1.48103976427480074590e-1, 1.51986665636164571966e-2, 5.47593808499534494600e-4, 1.05075007164441684324e-9 };
    static const double e[8] = { 6.65790464350110377720e0, 5.46378491116411436990e0, 1.78482653991729133580e0, 2.96560571828504891230e-1,
                                 2.65321895265761230930e-2, 1.24266094738807843860e-3, 2.71155556874348757815e-5, 2.01033439929228813265e-7 };
    static const double f[8] = { 1, 5.99832206555887937690e-1, 1.36929880922735805310e-1, 1.48753612908506148525e-2,
                                 7.86869131145613259100e-4, 1.84631831751005468180e-5, 1.42151175831644588870e-7, 2.04426310338993978564e-15 };

    if (!(p >= 0 && p <= 1)) return NAN;
    if (p == 0) return -INFINITY;
    if (p == 1) return INFINITY;
    double q = p - 0.5;
    if (fabs(q) <= 0.425) return q * ratio(a, b, 0.180625 - q * q);
    double r = sqrt(-log(q < 0 ? p : 1 - p));
    double z = r <= 5 ? ratio(c, d, r - 1.6) : ratio(e, f, r - 5);
    return q < 0 ? -z : z;
}
