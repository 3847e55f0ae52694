/* test_num_metrics.c: statistics, ranking metrics, calibration and logistic regression against slow or closed forms. */
#include "num/num.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

enum { N = 400 };
static toc_ctx ctx;
static double score[N];
static uint8_t truth[N];

static void draw(uint64_t seed, bool ties)
{
    toc_rng rng = toc_rng_new(seed, 0);
    for (size_t i = 0; i < N; i++) {
        truth[i] = toc_rng_below(&rng, 3) == 0;
        score[i] = toc_rng_unit(&rng) + 0.3 * truth[i];
        if (ties) score[i] = floor(score[i] * 7) / 7;
    }
}

static double slow_auc(void)
{
    double won = 0, pairs = 0;
    for (size_t i = 0; i < N; i++)
        for (size_t j = 0; j < N; j++) {
            if (!truth[i] || truth[j]) continue;
            pairs++;
            won += score[i] > score[j] ? 1 : score[i] == score[j] ? 0.5 : 0;
        }
    return won / pairs;
}

static double slow_average_precision(void)
{
    double sum = 0, positives = 0;
    for (size_t i = 0; i < N; i++) {
        if (!truth[i]) continue;
        double above = 0, true_above = 0;
        for (size_t j = 0; j < N; j++) {
            above += score[j] >= score[i];
            true_above += score[j] >= score[i] && truth[j];
        }
        sum += true_above / above;
        positives++;
    }
    return sum / positives;
}

static void rankings_agree_with_all_pairs(void **state)
{
    double auc, ap;
    (void)state;

    for (uint64_t seed = 1; seed <= 20; seed++) {
        draw(seed, seed % 2);
        assert_int_equal(num_auc(&ctx, score, truth, N, &auc), TOC_OK);
        assert_int_equal(num_average_precision(&ctx, score, truth, N, &ap), TOC_OK);
        assert_true(fabs(auc - slow_auc()) < 1e-12);
        assert_true(fabs(ap - slow_average_precision()) < 1e-12);
    }
}

static void quantiles_agree_with_sorting(void **state)
{
    double x[51], sorted[51];
    toc_rng rng = toc_rng_new(3, 0);
    (void)state;

    for (int round = 0; round < 200; round++) {
        size_t n = 1 + (size_t)toc_rng_below(&rng, 50);
        for (size_t i = 0; i < n; i++) x[i] = sorted[i] = floor(10 * toc_rng_normal(&rng));
        for (size_t i = 1; i < n; i++)
            for (size_t j = i; j > 0 && sorted[j - 1] > sorted[j]; j--) {
                double t = sorted[j];
                sorted[j] = sorted[j - 1];
                sorted[j - 1] = t;
            }
        double q = toc_rng_unit(&rng), place = q * (double)(n - 1);
        size_t k = (size_t)place;
        double wanted = k + 1 < n ? sorted[k] + (place - (double)k) * (sorted[k + 1] - sorted[k]) : sorted[k];
        assert_true(fabs(num_quantile(x, n, q) - wanted) < 1e-12);
    }
    x[0] = NAN;
    assert_true(isnan(num_quantile(x, 1, 0.5)) && isnan(num_mean(x, 1)));
}

static void the_normal_quantile_undoes_the_cdf(void **state)
{
    (void)state;
    for (double p = 1e-6; p < 1; p += 0.00137) assert_true(fabs(num_normal_cdf(num_normal_quantile(p)) - p) < 1e-12);
    assert_true(fabs(num_normal_quantile(0.975) - 1.959963984540054) < 1e-12);
}

static void calibration_is_monotone_and_right_on_average(void **state)
{
    enum { MANY = 5000 };
    static double s[MANY];
    static uint8_t t[MANY];
    num_calibration c;
    toc_rng rng = toc_rng_new(11, 0);
    (void)state;

    for (size_t n = 200; n <= MANY; n += MANY - 200) {
        double mean = 0, rate = 0, last = -1;
        for (size_t i = 0; i < n; i++) {
            s[i] = toc_rng_unit(&rng);
            t[i] = toc_rng_unit(&rng) < s[i] * s[i];
        }
        assert_int_equal(num_calibrate(&ctx, s, t, n, &c), TOC_OK);
        assert_int_equal(c.platt, n < 1000);
        for (size_t i = 0; i < n; i++) {
            mean += num_calibrated(&c, s[i]) / (double)n;
            rate += t[i] / (double)n;
        }
        assert_true(fabs(mean - rate) < 0.02);
        for (double x = -0.5; x < 1.5; x += 0.01) {
            double p = num_calibrated(&c, x);
            assert_true(p >= last && p >= 0 && p <= 1);
            last = p;
        }
        num_calibration_release(&c);
    }
}

static void logistic_regression_is_at_a_stationary_point(void **state)
{
    enum { ROWS = 500, COLUMNS = 3 };
    static float x[ROWS * COLUMNS];
    static uint8_t y[ROWS];
    double w[COLUMNS + 1], p[ROWS];
    toc_rng rng = toc_rng_new(5, 0);
    (void)state;

    for (size_t i = 0; i < ROWS; i++) {
        for (size_t j = 0; j < COLUMNS; j++) x[i * COLUMNS + j] = (float)toc_rng_normal(&rng);
        y[i] = toc_rng_unit(&rng) < 1 / (1 + exp(-(double)x[i * COLUMNS] - 0.5));
    }
    assert_int_equal(num_logistic_fit(&ctx, x, y, ROWS, COLUMNS, 2, w), TOC_OK);
    num_logistic_predict(x, ROWS, COLUMNS, w, p);
    for (size_t j = 0; j <= COLUMNS; j++) {
        double gradient = j < COLUMNS ? 2 * w[j] : 0;
        for (size_t i = 0; i < ROWS; i++) gradient += (p[i] - y[i]) * (j < COLUMNS ? (double)x[i * COLUMNS + j] : 1);
        assert_true(fabs(gradient) < 1e-5);
    }
    assert_true(w[0] > 0.7 && w[0] < 1.3);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rankings_agree_with_all_pairs), cmocka_unit_test(quantiles_agree_with_sorting), cmocka_unit_test(the_normal_quantile_undoes_the_cdf),
        cmocka_unit_test(calibration_is_monotone_and_right_on_average), cmocka_unit_test(logistic_regression_is_at_a_stationary_point),
    };
    toc_ctx_init(&ctx);
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    toc_ctx_release(&ctx);
    return failed;
}
