/* test_num_stats.c: statistics, metrics, calibration and logistic regression against plain references. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "num/num.h"

static int setup(void **state)
{
    static toc_ctx ctx;
    toc_ctx_init(&ctx);
    *state = &ctx;
    return 0;
}

static int by_value(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static void quantiles(void **state)
{
    toc_rng rng = toc_rng_new(1, 1);
    double x[101], sorted[101];

    (void)state;
    for (size_t n = 1; n <= 101; n += 4) {
        for (int kind = 0; kind < 3; kind++) {
            for (size_t i = 0; i < n; i++) x[i] = kind == 0 ? toc_rng_normal(&rng) : kind == 1 ? (double)toc_rng_below(&rng, 3) : (double)(n - i);
            for (double q = 0; q <= 1; q += 0.125) {
                memcpy(sorted, x, n * sizeof *x);
                qsort(sorted, n, sizeof *sorted, by_value);
                double place = q * (double)(n - 1);
                size_t k = (size_t)place;
                double want = sorted[k] + (k + 1 < n ? (place - (double)k) * (sorted[k + 1] - sorted[k]) : 0);
                assert_true(fabs(num_quantile(x, n, q) - want) < 1e-12);
            }
        }
    }
    double holes[] = { NAN, 5, NAN, 1, 3 };
    assert_true(num_median(holes, 5) == 3);
    double spread[] = { 1, 2, 3, 4, 100 };
    assert_true(fabs(num_mad(spread, 5) - 1.4826) < 1e-12);
    assert_true(isnan(num_mean(NULL, 0)));
    assert_true(fabs(num_variance((double[]){ 1, 3, NAN }, 3) - 1) < 1e-15);
}

static void normal(void **state)
{
    (void)state;
    assert_true(fabs(num_normal_quantile(0.975) - 1.959963984540054) < 1e-14);
    for (double z = -8; z <= 5; z += 0.37) assert_true(fabs(num_normal_quantile(num_normal_cdf(z)) - z) < 1e-9 * (1 + exp(z * z / 2) * 1e-6));
    assert_true(isnan(num_normal_quantile(1.5)) && num_normal_quantile(0) == -INFINITY && num_normal_quantile(1) == INFINITY);
}

static double slow_auc(const double *s, const uint8_t *t, size_t n)
{
    double wins = 0, pairs = 0;

    for (size_t i = 0; i < n; i++)
        for (size_t j = 0; j < n; j++) {
            if (!t[i] || t[j]) continue;
            pairs += 1;
            wins += s[i] > s[j] ? 1 : s[i] == s[j] ? 0.5 : 0;
        }
    return wins / pairs;
}

static double slow_ap(const double *s, const uint8_t *t, size_t n)
{
    double sum = 0, hits = 0;

    for (size_t i = 0; i < n; i++) {
        double above = 0, good = 0;
        if (!t[i]) continue;
        for (size_t j = 0; j < n; j++) {
            above += s[j] >= s[i];
            good += s[j] >= s[i] && t[j];
        }
        sum += good / above;
        hits += 1;
    }
    return sum / hits;
}

static void ranking(void **state)
{
    toc_rng rng = toc_rng_new(2, 1);
    double s[200], value;
    uint8_t t[200];

    for (size_t n = 3; n <= 200; n += 13) {
        for (int kind = 0; kind < 2; kind++) {
            for (size_t i = 0; i < n; i++) {
                s[i] = kind ? toc_rng_normal(&rng) : (double)toc_rng_below(&rng, 5) - 2;
                t[i] = i < 2 ? (uint8_t)i : (uint8_t)toc_rng_below(&rng, 2);
            }
            assert_int_equal(num_auc(*state, s, t, n, &value), TOC_OK);
            assert_true(fabs(value - slow_auc(s, t, n)) < 1e-12);
            assert_int_equal(num_average_precision(*state, s, t, n, &value), TOC_OK);
            assert_true(fabs(value - slow_ap(s, t, n)) < 1e-12);
        }
    }
    /* scikit-learn 1.5: average_precision_score([0,0,1,1],[0.1,0.4,0.35,0.8]) */
    assert_int_equal(num_average_precision(*state, (double[]){ 0.1, 0.4, 0.35, 0.8 }, (uint8_t[]){ 0, 0, 1, 1 }, 4, &value), TOC_OK);
    assert_true(fabs(value - 0.8333333333333333) < 1e-15);
    assert_int_equal(num_auc(*state, s, (uint8_t[]){ 1, 1, 1 }, 3, &value), TOC_OK);
    assert_true(isnan(value));
    assert_true(fabs(num_brier((double[]){ 0.5, 1 }, (uint8_t[]){ 1, 0 }, 2) - 0.625) < 1e-15);
    assert_int_equal(num_ece(*state, (double[]){ 0.9, 0.1, 0.2, 0.8 }, (uint8_t[]){ 1, 0, 0, 0 }, 4, 2, &value), TOC_OK);
    assert_true(fabs(value - (0.3 + 0.7) / 4) < 1e-12);
}

/* The isotonic fit at i is the largest over k <= i of the smallest over l >= i of the mean of k..l (Robertson et al. 1988). */
static void isotonic(void **state)
{
    enum { N = 1000 };
    static double s[N];
    static uint8_t t[N];
    toc_rng rng = toc_rng_new(3, 1);
    num_calibration c;

    for (size_t i = 0; i < N; i++) {
        s[i] = (double)i;
        t[i] = toc_rng_unit(&rng) < 0.1 + 0.8 * (double)i / N;
    }
    assert_int_equal(num_calibrate(*state, s, t, N, &c), TOC_OK);
    assert_false(c.platt);
    for (size_t i = 0; i < N; i += 37) {
        double best = 0;
        for (size_t k = 0; k <= i; k++) {
            double sum = 0, lowest = 1;
            for (size_t l = k; l < N; l++) {
                sum += t[l];
                if (l >= i) lowest = TOC_MIN(lowest, sum / (double)(l - k + 1));
            }
            best = TOC_MAX(best, lowest);
        }
        assert_true(fabs(num_calibrated(&c, s[i]) - best) < 1e-12);
    }
    assert_true(num_calibrated(&c, -5) == c.y[0] && num_calibrated(&c, 2 * N) == c.y[c.n - 1]);
    num_calibration_release(&c);
}

static void sigmoid(void **state)
{
    double s[300];
    uint8_t t[300];
    toc_rng rng = toc_rng_new(4, 1);
    num_calibration c;

    for (size_t i = 0; i < 300; i++) {
        s[i] = toc_rng_normal(&rng);
        t[i] = toc_rng_unit(&rng) < 1 / (1 + exp(-(2 * s[i] - 1)));
    }
    assert_int_equal(num_calibrate(*state, s, t, 300, &c), TOC_OK);
    assert_true(c.platt);
    /* At the optimum the residuals to the smoothed truth sum to 0, alone and times the score. */
    double positives = 0, ga = 0, gb = 0;
    for (size_t i = 0; i < 300; i++) positives += t[i];
    for (size_t i = 0; i < 300; i++) {
        double e = num_calibrated(&c, s[i]) - (t[i] ? (positives + 1) / (positives + 2) : 1 / (300 - positives + 2));
        ga += e * s[i];
        gb += e;
    }
    assert_true(fabs(ga) < 1e-5 && fabs(gb) < 1e-5);
    assert_true(fabs(c.a - 2) < 0.6 && fabs(c.b + 1) < 0.5);
}

static void logistic(void **state)
{
    enum { N = 1500, P = 4 };
    static float x[N * P];
    static uint8_t y[N];
    static double probability[N];
    toc_rng rng = toc_rng_new(5, 1);
    double w[P + 1], penalty = 3;

    for (size_t i = 0; i < N; i++) {
        double z = 0.5;
        for (size_t j = 0; j < P; j++) {
            x[i * P + j] = j == 3 ? x[i * P] : (float)toc_rng_normal(&rng); /* the last repeats the first */
            z += (double)x[i * P + j] * ((double)j - 1);
        }
        y[i] = toc_rng_unit(&rng) < 1 / (1 + exp(-z));
    }
    assert_int_equal(num_logistic_fit(*state, x, y, N, P, penalty, w), TOC_OK);
    num_logistic_predict(x, N, P, w, probability);
    for (size_t j = 0; j <= P; j++) {
        double g = j < P ? penalty * w[j] : 0;
        for (size_t i = 0; i < N; i++) g += (probability[i] - y[i]) * (j < P ? (double)x[i * P + j] : 1);
        assert_true(fabs(g) < 1e-3);
    }
    assert_true(fabs(w[0] - w[3]) < 1e-6);
    assert_int_equal(num_logistic_fit(*state, x, y, N, P, 0, w), TOC_OK); /* singular without a penalty: still finite */
    for (size_t j = 0; j <= P; j++) assert_true(isfinite(w[j]));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(quantiles), cmocka_unit_test(normal),  cmocka_unit_test(ranking),
        cmocka_unit_test(isotonic),  cmocka_unit_test(sigmoid), cmocka_unit_test(logistic),
    };
    return cmocka_run_group_tests_name("num", tests, setup, NULL);
}
