/* test_forecast_run.c: many series together: distributions, thread counts, odd input. */
#include "forecast/forecast.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

#define near(a, b, eps) assert_true(fabs((a) - (b)) <= (eps))

enum { N = 240, LENGTH = 60, HORIZON = 6 };

/* Poisson demand of different means; the truth is known, so the quantiles can be judged. */
static void make(double *y, size_t length, uint64_t seed)
{
    for (size_t s = 0; s < N; s++) {
        toc_rng rng = toc_rng_new(seed, s);
        double mean = 0.2 + 0.1 * (double)(s % 40);
        for (size_t i = 0; i < length; i++) y[s * length + i] = (double)toc_rng_poisson(&rng, mean);
    }
}

static void run(toc_ctx *ctx, const double *y, size_t length, size_t known, fc_forecasts *f)
{
    fc_series series[N];
    fc_options options = { .horizon = HORIZON };
    for (size_t s = 0; s < N; s++) series[s] = (fc_series){ y + s * length, known, 0 };
    assert_int_equal(fc_run(ctx, series, N, &options, f), TOC_OK);
}

static void quantiles_cover_what_they_say(void **state)
{
    (void)state;
    static double y[N * (LENGTH + HORIZON)];
    toc_ctx ctx;
    fc_forecasts f;
    size_t under[FC_N_LEVELS] = {0};
    double error = 0.0;
    toc_ctx_init(&ctx);
    make(y, LENGTH + HORIZON, 7);
    run(&ctx, y, LENGTH + HORIZON, LENGTH, &f);
    assert_int_equal(f.n_learned > 0, 1);
    for (size_t s = 0; s < N; s++) {
        double truth = 0.0, expected = HORIZON * (0.2 + 0.1 * (double)(s % 40));
        for (size_t h = 0; h < HORIZON; h++) truth += y[s * (LENGTH + HORIZON) + LENGTH + h];
        error += (f.series[s].sum_mean - expected) / (double)N;
        for (size_t l = 0; l < FC_N_LEVELS; l++) {
            under[l] += truth <= f.series[s].sum_quantile[l];
            assert_true(l == 0 || f.series[s].sum_quantile[l] >= f.series[s].sum_quantile[l - 1]);
        }
    }
    /* 240 draws: 0.5 within 5 deviations (0.032) and a discrete step, 0.9 and 0.99 likewise. */
    assert_true(under[4] > N * 33 / 100 && under[4] < N * 68 / 100);
    assert_true(under[7] > N * 80 / 100 && under[7] < N * 98 / 100);
    assert_true(under[10] > N * 94 / 100);
    assert_true(fabs(error) < 1.0); /* of 12.9 on average */
    fc_release(&f);
    toc_ctx_release(&ctx);
}

static void threads_change_nothing(void **state)
{
    (void)state;
    static double y[N * LENGTH];
    toc_ctx a, b;
    fc_forecasts one, many;
    toc_ctx_init(&a);
    toc_ctx_init(&b);
    b.n_threads = 5;
    make(y, LENGTH, 11);
    run(&a, y, LENGTH, LENGTH, &one);
    run(&b, y, LENGTH, LENGTH, &many);
    for (size_t s = 0; s < N; s++) {
        assert_memory_equal(one.series[s].mean, many.series[s].mean, HORIZON * sizeof(double));
        assert_memory_equal(one.series[s].quantile, many.series[s].quantile, HORIZON * FC_N_LEVELS * sizeof(double));
        assert_memory_equal(one.series[s].sum_quantile, many.series[s].sum_quantile, sizeof one.series[s].sum_quantile);
    }
    fc_release(&one);
    fc_release(&many);
    toc_ctx_release(&a);
    toc_ctx_release(&b);
}

static void odd_series_stand_beside_others(void **state)
{
    (void)state;
    static const double once[] = { 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 6, 0 }, zeros[30] = { 0 }, hidden[3] = { NAN, NAN, NAN },
                        giant[] = { 1, 2, 1, 1, 90000, 2, 1, 1, 2, 1, 1, 2 };
    const fc_series series[] = { { once, 14, 2 }, { zeros, 30, 0 }, { hidden, 3, 0 }, { NULL, 0, 0 }, { giant, 12, 0 } };
    fc_options options = { .horizon = 3 };
    toc_ctx ctx;
    fc_forecasts f;
    toc_ctx_init(&ctx);
    assert_int_equal(fc_run(&ctx, series, TOC_COUNT(series), &options, &f), TOC_OK);
    for (size_t s = 0; s < TOC_COUNT(series); s++)
        for (size_t h = 0; h < 3; h++) {
            assert_true(f.series[s].mean[h] >= 0.0 && isfinite(f.series[s].mean[h]));
            for (size_t l = 0; l < FC_N_LEVELS; l++) assert_true(f.series[s].quantile[h * FC_N_LEVELS + l] >= 0.0);
        }
    near(f.series[1].sum_mean, 0.0, 0.0);
    assert_int_equal(f.series[1].class, FC_DEAD);
    assert_int_equal(f.series[3].class, FC_NEW);
    fc_release(&f);
    options.horizon = 0;
    assert_int_equal(fc_run(&ctx, series, 1, &options, &f), TOC_E_USAGE);
    toc_ctx_release(&ctx);
}

static void the_line_of_a_distribution_is_read_both_ways(void **state)
{
    (void)state;
    static const double q[FC_N_LEVELS] = { 1, 2, 3, 4, 5, 6, 8, 10, 12, 15, 17 };
    near(fc_exceed(q, -3.0), 1.0, 0.0);
    near(fc_exceed(q, 5.0), 0.5, 1e-12);
    near(fc_exceed(q, 9.0), 0.15, 1e-12);
    near(fc_exceed(q, 17.0), 0.01, 1e-12);
    assert_true(fc_exceed(q, 40.0) > 0.0 && fc_exceed(q, 40.0) < 1e-4);
    for (double p = 0.02; p < 0.999; p += 0.05) near(1.0 - fc_exceed(q, fc_quantile(q, p)), p, 1e-9);
    near(fc_quantile(q, 0.95), 12.0, 1e-12);
    static const double none[FC_N_LEVELS] = {0};
    near(fc_exceed(none, 1.0), 0.0, 1e-6);
}

static void gamma_quantiles(void **state)
{
    (void)state;
    /* Shape 4, scale 2.5: scipy's gamma.ppf gives 9.18 (0.5), 16.70 (0.9), 25.11 (0.99). Wilson and Hilferty are within 1 %. */
    near(fc_gamma_quantile(10, 25, 0.5), 9.18, 0.05);
    near(fc_gamma_quantile(10, 25, 0.9), 16.70, 0.08);
    near(fc_gamma_quantile(10, 25, 0.99), 25.11, 0.15);
    near(fc_gamma_quantile(3, 0, 0.99), 3.0, 0.0);
    near(fc_gamma_quantile(0, 5, 0.99), 0.0, 0.0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(quantiles_cover_what_they_say),
        cmocka_unit_test(threads_change_nothing),
        cmocka_unit_test(odd_series_stand_beside_others),
        cmocka_unit_test(the_line_of_a_distribution_is_read_both_ways),
        cmocka_unit_test(gamma_quantiles),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
