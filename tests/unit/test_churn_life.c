/* test_churn_life.c: buy-till-you-die models and Gamma-Gamma money. References: formulas of the papers in scipy 1.x (hyp2f1, quad, Nelder-Mead); the 1.226 of
 * Fader, Hardie & Lee 2005, figure of customer 1; simulated customers whose parameters are known. */
#include "churn/churn.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

static toc_ctx ctx;

static void assert_near(double value, double want, double error)
{
    if (!(fabs(value - want) <= error * fmax(1, fabs(want)))) fail_msg("%.12g, not %.12g", value, want);
}

static void expectations_are_those_of_the_papers(void **state)
{
    static const uint32_t x[] = { 2, 0, 12, 3 }, last[] = { 213, 0, 250, 20 }, age[] = { 272, 100, 260, 273 };
    static const struct {
        churn_life_kind kind;
        double p[4];
        double want[4][3]; /* alive, none in 39 weeks, purchases in 39 weeks */
    } known[] = {
        { CHURN_BGNBD, { 0.243, 4.414, 0.793, 2.426 },
          { { 0.7265897218, 0.4453522782, 1.226115806 }, { 1, 0.7604850798, 0.403877615 }, { 0.9168922396, 0.08338505903, 8.20183862 },
            { 0.01670195968, 0.9853873829, 0.03999811508 } } },
        { CHURN_MBGNBD, { 0.243, 4.414, 0.793, 2.426 },
          { { 0.7744290489, 0.4088337685, 1.340591287 }, { 0.682947415, 0.8364239044, 0.2885660947 }, { 0.9222050356, 0.07807386979, 8.35403789 },
            { 0.02039858493, 0.9821531894, 0.05001391213 } } },
        { CHURN_PARETO, { 0.553, 10.578, 0.606, 11.669 },
          { { 0.8691861547, 0.4080409222, 1.455226131 }, { 0.5524285406, 0.8233943514, 0.3523915029 }, { 0.9783523927, 0.0661703509, 8.299881921 },
            { 0.03195080368, 0.9750956048, 0.07426320917 } } },
    };
    churn_histories h = { 4, x, last, age };
    double alive[4], none[4], orders[4];
    (void)state;

    for (size_t k = 0; k < TOC_COUNT(known); k++) {
        churn_life life = { .kind = known[k].kind, .unit_days = 7 };
        memcpy(life.p, known[k].p, sizeof life.p);
        assert_int_equal(churn_life_predict(&ctx, &life, &h, 39 * 7, alive, none, orders), TOC_OK);
        for (int i = 0; i < 4; i++) {
            assert_near(alive[i], known[k].want[i][0], 1e-8);
            assert_near(none[i], known[k].want[i][1], 1e-8);
            assert_near(orders[i], known[k].want[i][2], 1e-8);
        }
        assert_int_equal(churn_life_predict(&ctx, &life, &h, 39 * 7, NULL, none, NULL), TOC_OK);
    }
    assert_near(known[0].want[0][2], 1.226, 1e-3); /* as printed there */
}

/* 120 invented customers, and what Nelder-Mead in scipy ends at. */
static void fits_are_the_most_likely_ones(void **state)
{
    static const uint32_t repeats[23] = { 0, 0, 1, 0, 2, 0, 1, 5, 0, 3, 0, 9, 1, 0, 2, 0, 0, 4, 1, 0, 14, 0, 2 };
    static const double want[3][5] = { { 0.16379169, 0.32628154, 2.05431454, 5.6425089, -597.2105648240 },
                                       { 0.34320651, 0.49816004, 2.02060033, 4.3544678, -596.6198210001 },
                                       { 0.47199024, 1.41242873, 0.61435771, 2.03123436, -606.5462234059 } };
    uint32_t x[120], last[120], age[120];
    churn_life life;
    (void)state;

    for (uint32_t i = 0; i < 120; i++) {
        uint32_t k = (i * 5) % 23 + 1;
        x[i] = repeats[i * 7 % 23];
        age[i] = 60 + 3 * i;
        last[i] = x[i] ? age[i] * k * k / 576 : 0;
    }
    churn_histories h = { 120, x, last, age };
    for (int kind = CHURN_BGNBD; kind <= CHURN_PARETO; kind++) {
        assert_int_equal(churn_life_fit(&ctx, (churn_life_kind)kind, &h, 7, &life), TOC_OK);
        assert_true(life.converged && life.n == 120);
        for (int p = 0; p < 4; p++) assert_near(life.p[p], want[kind][p], 1e-4);
        assert_near(life.log_likelihood, want[kind][4], 1e-9);
    }
}

typedef struct {
    uint32_t x[20000], last[20000], age[20000];
} crowd;

/* Customers who buy and leave as BG/NBD says; times to the day. */
static void simulate(crowd *c, size_t n, const double p[4])
{
    toc_rng rng = toc_rng_new(5, 0);

    for (size_t i = 0; i < n; i++) {
        double rate = toc_rng_gamma(&rng, p[0]) / p[1], a = toc_rng_gamma(&rng, p[2]), b = toc_rng_gamma(&rng, p[3]), at = 0;
        c->age[i] = (uint32_t)(200 + toc_rng_below(&rng, 300));
        for (c->x[i] = c->last[i] = 0; (at += toc_rng_exponential(&rng) / fmax(rate, 1e-12)) * 7 < c->age[i];) {
            c->x[i]++;
            c->last[i] = (uint32_t)(at * 7);
            if (toc_rng_unit(&rng) < a / (a + b)) break;
        }
    }
}

static void parameters_come_back_whatever_the_threads(void **state)
{
    static crowd c;
    static const double p[4] = { 0.8, 12, 0.7, 3 };
    churn_life one, three;
    churn_histories h = { 20000, c.x, c.last, c.age };
    (void)state;

    simulate(&c, 20000, p);
    assert_int_equal(churn_life_fit(&ctx, CHURN_BGNBD, &h, 7, &one), TOC_OK);
    for (int k = 0; k < 4; k++) assert_near(one.p[k] / p[k], 1, 0.12);
    assert_true(one.n_groups < 20000); /* equal histories are one group */
    ctx.n_threads = 3;
    assert_int_equal(churn_life_fit(&ctx, CHURN_BGNBD, &h, 7, &three), TOC_OK);
    ctx.n_threads = 1;
    assert_memory_equal(one.p, three.p, sizeof one.p);
}

static void check_sane(const churn_histories *h)
{
    double alive[64], none[64], orders[64];
    churn_life life;

    assert_true(h->n <= 64);
    for (int kind = CHURN_BGNBD; kind <= CHURN_PARETO; kind++) {
        assert_int_equal(churn_life_fit(&ctx, (churn_life_kind)kind, h, 7, &life), TOC_OK);
        assert_true(life.converged);
        for (int p = 0; p < 4; p++) assert_true(life.p[p] > 0 && isfinite(life.p[p]));
        assert_int_equal(churn_life_predict(&ctx, &life, h, 90, alive, none, orders), TOC_OK);
        for (size_t i = 0; i < h->n; i++)
            assert_true(alive[i] >= 0 && alive[i] <= 1 && none[i] >= 0 && none[i] <= 1 && orders[i] >= 0 && isfinite(orders[i]));
    }
}

/* One order each, all in one day, one customer, one with a million orders, a customer who bought every day for years. */
static void anything_ends_in_a_fit(void **state)
{
    uint32_t zero[64] = { 0 }, age[64], x[64], last[64];
    churn_life life;
    (void)state;

    for (uint32_t i = 0; i < 64; i++) age[i] = 10 + 5 * i;
    check_sane(&(churn_histories){ 64, zero, zero, age });
    check_sane(&(churn_histories){ 64, zero, zero, zero });
    check_sane(&(churn_histories){ 1, zero, zero, age });
    for (uint32_t i = 0; i < 64; i++) {
        x[i] = i % 4;
        last[i] = x[i] ? age[i] / 2 : 0;
    }
    x[3] = 1000000;
    x[5] = last[5] = age[5] = 4000;
    last[3] = age[3];
    check_sane(&(churn_histories){ 64, x, last, age });
    for (uint32_t i = 0; i < 64; i++) x[i] = 3, last[i] = age[i] = 100; /* all the same, all alive */
    check_sane(&(churn_histories){ 64, x, last, age });
    assert_int_equal(churn_life_fit(&ctx, CHURN_BGNBD, &(churn_histories){ 0, x, last, age }, 7, &life), TOC_E_DATA);
}

static void money_is_between_the_own_and_the_shops(void **state)
{
    double mean[40], count[40];
    churn_money money;
    (void)state;

    for (int i = 0; i < 40; i++) {
        count[i] = i % 4 + 1;
        mean[i] = 5 + (i * 37 % 50) / 2.0 + i % 4;
    }
    assert_int_equal(churn_money_fit(&ctx, &(churn_purses){ 40, mean, count }, &money), TOC_OK);
    assert_true(money.converged);
    assert_near(money.p, 7.338301707736135, 1e-4); /* scipy, as above */
    assert_near(money.q, 10.288791104643805, 1e-4);
    assert_near(money.gamma, 23.74440670523277, 1e-4);
    assert_near(money.log_likelihood, -136.42749798959042, 1e-8);
    assert_near(churn_money_expect(&money, 3, 20), 19.631602551508774, 1e-5);
    assert_true(churn_money_expect(&money, 1, 100) < 100 && churn_money_expect(&money, 1, 100) > money.mean);
    assert_near(churn_money_expect(&money, 2, -50), money.mean, 0); /* who gave back more than was bought */
    for (int i = 0; i < 40; i++) mean[i] = -3;
    assert_int_equal(churn_money_fit(&ctx, &(churn_purses){ 40, mean, count }, &money), TOC_OK);
    assert_near(churn_money_expect(&money, 3, 20), 20, 1);
    for (int i = 0; i < 40; i++) mean[i] = 7; /* no spread */
    assert_int_equal(churn_money_fit(&ctx, &(churn_purses){ 40, mean, count }, &money), TOC_OK);
    assert_near(churn_money_expect(&money, 2, 7), 7, 0.01);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(expectations_are_those_of_the_papers), cmocka_unit_test(fits_are_the_most_likely_ones),
        cmocka_unit_test(parameters_come_back_whatever_the_threads), cmocka_unit_test(anything_ends_in_a_fit),
        cmocka_unit_test(money_is_between_the_own_and_the_shops),
    };
    toc_ctx_init(&ctx);
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    toc_ctx_release(&ctx);
    return failed;
}
