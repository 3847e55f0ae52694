/* test_forecast_models.c: the models against closed forms and the numbers of tests/peer/forecast/make.py; classes; solvers. */
#include "forecast/forecast.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

#define near(a, b, eps) assert_true(fabs((a) - (b)) <= (eps))

enum { N_SERIES = 3, N_STORED = 5 };
static const double series[N_SERIES][15] = {
    { 0, 0, 3, 0, 1, 0, 0, 2, 4, 0, 0, 0, 5, 0, 1 },
    { 5, 0, 0, 0, 0, 7, 0, 0, 2 },
    { 12, 9, 14, 11, 10, 13, 15, 8 },
};
static const size_t lengths[N_SERIES] = { 15, 9, 8 };
/* SES (alpha 0.3), Croston, SBA, TSB, mean of four: statsforecast 2.x */
static const double stored[N_SERIES][N_STORED] = {
    { 1.246522796, 1.034205887, 0.982495593, 0.985865257, 1.500000000 },
    { 1.608540050, 3.128205128, 2.971794872, 2.944431985, 2.250000000 },
    { 11.294127900, 11.698255700, 11.113342915, 11.698255700, 11.500000000 },
};

static toc_ctx ctx;

static double one(fc_model model, const double *y, size_t n)
{
    double mean[3] = {0};
    assert_int_equal(fc_model_run(&ctx, model, y, n, 1, 3, mean), TOC_OK);
    near(mean[0], mean[2], 1e-12);
    return mean[0];
}

static void models_equal_the_reference(void **state)
{
    (void)state;
    for (size_t s = 0; s < N_SERIES; s++) {
        const double *y = series[s], *want = stored[s];
        near(fc_ses(y, lengths[s], 0.3), want[0], 1e-6);
        near(one(FC_CROSTON, y, lengths[s]), want[1], 1e-6);
        near(one(FC_SBA, y, lengths[s]), want[2], 1e-6);
        near(one(FC_TSB, y, lengths[s]), want[3], 1e-6);
        near(one(FC_WINDOW_SHORT, y, lengths[s]), want[4], 1e-9);
    }
}

static void smoothing_is_the_closed_recursion(void **state)
{
    (void)state;
    static const double y[] = { 2, 4, 8 };
    /* 2, then 2 + 0.5 * 2 = 3, then 3 + 0.5 * 5 = 5.5 */
    near(fc_ses(y, 3, 0.5), 5.5, 1e-15);
    assert_true(isnan(fc_ses(y, 0, 0.5)));
}

static void hidden_periods_teach_nothing(void **state)
{
    (void)state;
    static const double with[] = { 2, NAN, 4, NAN, NAN, 8 }, without[] = { 2, 4, 8 };
    near(fc_ses(with, 6, 0.5), 5.5, 1e-15);
    static const fc_model plain[] = { FC_NAIVE, FC_SES, FC_WINDOW_SHORT, FC_WINDOW_MIDDLE, FC_CROSTON, FC_SBA, FC_TSB };
    for (size_t i = 0; i < TOC_COUNT(plain); i++) near(one(plain[i], with, 6), one(plain[i], without, 3), 1e-12);
}

static void sums_of_regular_demand_are_exact(void **state)
{
    (void)state;
    /* 6 every third period is 2 a period at any level of aggregation that fits. */
    static const double y[] = { 0, 0, 6, 0, 0, 6, 0, 0, 6, 0, 0, 6 };
    near(one(FC_ADIDA, y, 12), 2.0, 1e-12);
    assert_in_range((uint64_t)(1000.0 * one(FC_IMAPA, y, 12)), 1800, 2600);
}

static void seasons_return(void **state)
{
    (void)state;
    static const double week[7] = { 10, 10, 10, 10, 10, 30, 20 };
    double y[140], mean[14];
    for (size_t i = 0; i < 140; i++) y[i] = week[i % 7];
    for (int m = FC_SEASONAL_WINDOW; m <= FC_HOLT_WINTERS; m++) {
        assert_int_equal(fc_model_run(&ctx, (fc_model)m, y, 138, 7, 14, mean), TOC_OK);
        /* The next places are 5 and 6 of the week: 30 and 20; shrinkage and smoothing leave a few units. */
        for (size_t h = 0; h < 14; h++) assert_true(fabs(mean[h] - week[(138 + h) % 7]) < 4.0);
        assert_true(mean[0] > 1.5 * mean[2]);
    }
}

static void forecasts_are_never_negative(void **state)
{
    (void)state;
    static const double falling[] = { 90, 80, 70, 60, 50, 40, 30, 20, 10, 0, 0, 0 };
    double mean[24];
    for (int m = 0; m < FC_N_MODELS; m++) {
        assert_int_equal(fc_model_run(&ctx, (fc_model)m, falling, 12, 1, 24, mean), TOC_OK);
        for (size_t h = 0; h < 24; h++) assert_true(mean[h] >= 0.0);
    }
}

static void odd_series_are_forecast(void **state)
{
    (void)state;
    static const double zeros[5] = {0}, hidden[3] = { NAN, NAN, NAN }, once[] = { 0, 0, 0, 7 };
    for (int m = 0; m < FC_N_MODELS; m++) {
        double mean[2] = { -1, -1 };
        assert_int_equal(fc_model_run(&ctx, (fc_model)m, zeros, 5, 7, 2, mean), TOC_OK);
        near(mean[1], 0.0, 0.0);
        assert_int_equal(fc_model_run(&ctx, (fc_model)m, hidden, 3, 7, 2, mean), TOC_OK);
        near(mean[0], 0.0, 0.0);
        assert_int_equal(fc_model_run(&ctx, (fc_model)m, once, 4, 7, 2, mean), TOC_OK);
        assert_true(mean[0] >= 0.0 && mean[0] <= 7.0);
        assert_int_equal(fc_model_run(&ctx, (fc_model)m, NULL, 0, 7, 2, mean), TOC_OK);
        near(mean[0], 0.0, 0.0);
    }
}

static void classes_follow_interval_and_variation(void **state)
{
    (void)state;
    static const double smooth[] = { 5, 6, 5, 4, 5, 6, 5, 5, 4, 5 }, erratic[] = { 1, 20, 1, 1, 30, 2, 1, 1, 25, 1 };
    static const double sparse[] = { 2, 0, 0, 2, 0, 0, 2, 0, 0, 2 }, lumpy[] = { 1, 0, 0, 30, 0, 0, 1, 0, 0, 40 };
    static const double dying[] = { 9, 8, 9, 9, 8, 9, 8, 0, 1, 0, 0 }, young[] = { 0, 0, 0, 0, 4, 5, 4 };
    double zeros[20] = {0}, dead[20] = { 5, 4, 5 }, interval = 0.0, variation = 0.0;
    assert_int_equal(fc_classify(smooth, 10, 8, &interval, &variation), FC_SMOOTH);
    near(interval, 1.0, 1e-12);
    /* mean 5, mean square 25.4: 25.4 / 25 - 1 */
    near(variation, 0.016, 1e-12);
    assert_int_equal(fc_classify(erratic, 10, 8, NULL, NULL), FC_ERRATIC);
    assert_int_equal(fc_classify(sparse, 10, 8, &interval, NULL), FC_INTERMITTENT);
    near(interval, 2.5, 1e-12);
    assert_int_equal(fc_classify(lumpy, 10, 8, NULL, NULL), FC_LUMPY);
    assert_int_equal(fc_classify(dying, 11, 8, NULL, NULL), FC_DYING);
    assert_int_equal(fc_classify(young, 7, 8, NULL, NULL), FC_NEW);
    assert_int_equal(fc_classify(dead, 20, 8, NULL, NULL), FC_DEAD);
    assert_int_equal(fc_classify(zeros, 20, 8, &interval, NULL), FC_DEAD);
    assert_true(isnan(interval));
    assert_int_equal(fc_classify(zeros, 3, 8, NULL, NULL), FC_NEW);
}

static int setup(void **state)
{
    (void)state;
    toc_ctx_init(&ctx);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    toc_ctx_release(&ctx);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(models_equal_the_reference),
        cmocka_unit_test(smoothing_is_the_closed_recursion),
        cmocka_unit_test(hidden_periods_teach_nothing),
        cmocka_unit_test(sums_of_regular_demand_are_exact),
        cmocka_unit_test(seasons_return),
        cmocka_unit_test(forecasts_are_never_negative),
        cmocka_unit_test(odd_series_are_forecast),
        cmocka_unit_test(classes_follow_interval_and_variation),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
