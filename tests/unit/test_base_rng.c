/* test_base_rng.c: the published sequences, and moments of the distributions within six deviations of the truth. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/base.h"

enum { DRAWS = 200000 };

/* xoshiro256** from the state 1, 2, 3, 4 and splitmix64 from 0 and 1234567, as the authors' C programs print them. */
static void published_sequences(void **state)
{
    static const uint64_t want[] = { 11520, 0, 1509978240, 1215971899390074240u, 1216172134540287360u, 607988272756665600u, 16172922978634559625u,
                                     8476171486693032832u, 10595114339597558777u, 2904607092377533576u };
    toc_rng rng = { { 1, 2, 3, 4 } };

    (void)state;
    for (size_t i = 0; i < TOC_COUNT(want); i++) assert_true(toc_rng_u64(&rng) == want[i]);
    assert_true(toc_mix(0) == 0xe220a8397b1dcdafu);
    assert_true(toc_mix(0x9e3779b97f4a7c15u) == 0x6e789e6aa1b965f4u);
    assert_true(toc_mix(1234567) == 6457827717110365317u);
}

static void streams_differ(void **state)
{
    toc_rng a = toc_rng_new(1, 1), b = toc_rng_new(1, 1), c = toc_rng_new(1, 2), d = toc_rng_new(2, 1);
    size_t bits = 0;

    (void)state;
    for (size_t i = 0; i < 1000; i++) {
        uint64_t x = toc_rng_u64(&a), y = toc_rng_u64(&c);
        assert_true(x == toc_rng_u64(&b) && x != y && x != toc_rng_u64(&d));
        bits += (size_t)__builtin_popcountll(x ^ y);
    }
    assert_true(bits > 31000 && bits < 33000); /* 32000 +- 8 deviations */
}

static void below_is_even(void **state)
{
    toc_rng rng = toc_rng_new(3, 1);
    size_t count[7] = {0}, upper = 0;

    (void)state;
    for (size_t i = 0; i < 70000; i++) {
        uint64_t x = toc_rng_below(&rng, TOC_COUNT(count));
        assert_true(x < TOC_COUNT(count));
        count[x]++;
        assert_int_equal(toc_rng_below(&rng, 1), 0);
        upper += toc_rng_below(&rng, UINT64_C(3) << 62) >= UINT64_C(1) << 63; /* a modulo alone would give half, not a third */
    }
    for (size_t i = 0; i < TOC_COUNT(count); i++) assert_true(count[i] > 9400 && count[i] < 10600);
    assert_true(upper > 22500 && upper < 24200);
}

typedef double (*draw)(toc_rng *rng, double parameter);

static double unit(toc_rng *rng, double p) { (void)p; return toc_rng_unit(rng); }
static double normal(toc_rng *rng, double p) { (void)p; return toc_rng_normal(rng); }
static double exponential(toc_rng *rng, double p) { (void)p; return toc_rng_exponential(rng); }
static double poisson(toc_rng *rng, double p) { return (double)toc_rng_poisson(rng, p); }

/* Mean and variance within six of their standard errors (that of the variance from the fourth moment `kurtosis`). */
static void check(const char *name, draw f, double parameter, double mean, double variance, double kurtosis)
{
    toc_rng rng = toc_rng_new(17, (uint64_t)(parameter * 1000));
    double sum = 0, squares = 0;

    for (size_t i = 0; i < DRAWS; i++) {
        double x = f(&rng, parameter) - mean;
        assert_true(isfinite(x));
        sum += x;
        squares += x * x;
    }
    double off = fabs(sum / DRAWS) / sqrt(variance / DRAWS);
    double wide = fabs(squares / DRAWS - variance) / sqrt((kurtosis - 1) * variance * variance / DRAWS);
    if (off > 6 || wide > 6) fail_msg("%s(%g): mean off by %.1f, variance by %.1f deviations", name, parameter, off, wide);
}

static void moments(void **state)
{
    static const double means[] = { 0.01, 0.7, 5, 29.9, 30, 31, 75, 1000, 3e6 }, shapes[] = { 0.05, 0.5, 1, 1.5, 4, 300 };

    (void)state;
    check("unit", unit, 0, 0.5, 1.0 / 12, 1.8);
    check("normal", normal, 0, 0, 1, 3);
    check("exponential", exponential, 0, 1, 1, 9);
    for (size_t i = 0; i < TOC_COUNT(means); i++) check("poisson", poisson, means[i], means[i], means[i], 3 + 1 / means[i]);
    for (size_t i = 0; i < TOC_COUNT(shapes); i++) check("gamma", toc_rng_gamma, shapes[i], shapes[i], shapes[i], 3 + 6 / shapes[i]);
}

static void edges(void **state)
{
    toc_rng rng = toc_rng_new(1, 1);

    (void)state;
    assert_int_equal(toc_rng_poisson(&rng, 0), 0);
    assert_int_equal(toc_rng_poisson(&rng, -1), 0);
    assert_int_equal(toc_rng_poisson(&rng, NAN), 0);
    assert_true(toc_rng_gamma(&rng, 0) == 0);
    assert_true(toc_rng_gamma(&rng, NAN) == 0);
    for (size_t i = 0; i < DRAWS; i++) {
        double x = toc_rng_unit(&rng);
        assert_true(x >= 0 && x < 1);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(published_sequences), cmocka_unit_test(streams_differ), cmocka_unit_test(below_is_even), cmocka_unit_test(moments), cmocka_unit_test(edges),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
