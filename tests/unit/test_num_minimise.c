/* test_num_minimise.c: the gamma function against scipy's, and BFGS on functions whose least point is known. */
#include "num/num.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

static toc_ctx ctx;

static void gamma_agrees(void **state)
{
    static const double known[][3] = { /* x, scipy.special.gammaln, digamma */
        { 1e-3, 6.907178885383853, -1000.5755719318103 }, { 0.243, 1.3180435846996699, -4.351093864423211 }, { 1, 0, -0.5772156649015329 },
        { 2.5, 0.2846828704729192, 0.7031566406452432 },  { 9.99, 12.779315214350195, 2.250700372831201 },   { 10, 12.801827480081469, 2.251752589066721 },
        { 123.4, 469.3360974421906, 4.8113737751162775 }, { 1e6, 12815504.569147611, 13.81551005796419 },
    };
    (void)state;

    for (size_t i = 0; i < TOC_COUNT(known); i++) {
        assert_true(fabs(num_lgamma(known[i][0]) - known[i][1]) <= 1e-13 * fmax(1, fabs(known[i][1])));
        assert_true(fabs(num_digamma(known[i][0]) - known[i][2]) <= 1e-13 * fmax(1, fabs(known[i][2])));
    }
    assert_true(isinf(num_lgamma(0)) && isnan(num_lgamma(-1)) && isinf(num_lgamma(INFINITY)) && isinf(num_digamma(0)) && isnan(num_digamma(NAN)));
}

/* Rosenbrock's valley: least at (1, 1). */
static toc_status valley(toc_ctx *c, void *arg, const double *x, double *value, double *gradient)
{
    (void)c;
    ++*(int *)arg;
    double a = 1 - x[0], b = x[1] - x[0] * x[0];
    *value = a * a + 100 * b * b;
    gradient[0] = -2 * a - 400 * x[0] * b;
    gradient[1] = 200 * b;
    return TOC_OK;
}

/* Outside of x > 0 it has no value; least at 2. */
static toc_status with_an_edge(toc_ctx *c, void *arg, const double *x, double *value, double *gradient)
{
    (void)c;
    (void)arg;
    *value = x[0] > 0 ? x[0] - 2 * log(x[0]) : NAN;
    gradient[0] = 1 - 2 / x[0];
    return TOC_OK;
}

static toc_status flat(toc_ctx *c, void *arg, const double *x, double *value, double *gradient)
{
    (void)c;
    (void)arg;
    (void)x;
    *value = 3;
    gradient[0] = 0;
    return TOC_OK;
}

static void least_points_are_found(void **state)
{
    double x[2] = { -1.2, 1 }, y[1] = { 30 }, z[1] = { 5 }, value;
    bool converged;
    size_t rounds;
    int calls = 0;
    (void)state;

    assert_int_equal(num_minimise(&ctx, valley, &calls, 2, x, &value, &rounds, &converged), TOC_OK);
    assert_true(converged && fabs(x[0] - 1) < 1e-6 && fabs(x[1] - 1) < 1e-6 && value < 1e-12);
    assert_true(calls < 150);
    assert_int_equal(num_minimise(&ctx, with_an_edge, NULL, 1, y, &value, &rounds, &converged), TOC_OK);
    assert_true(converged && fabs(y[0] - 2) < 1e-6);
    assert_int_equal(num_minimise(&ctx, flat, NULL, 1, z, &value, &rounds, &converged), TOC_OK);
    assert_true(converged && z[0] == 5 && rounds == 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(gamma_agrees), cmocka_unit_test(least_points_are_found) };
    toc_ctx_init(&ctx);
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    toc_ctx_release(&ctx);
    return failed;
}
