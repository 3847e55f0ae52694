/* test_tree_peer.c: trees, metrics, isotonic and logistic regression against scikit-learn's numbers, stored by tests/peer/tree/make.py. No column has more than
 * 255 values, so that bins lose nothing. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "num/num.h"
#include "tree/tree.h"

enum { N = 1200, P = 4, EVERY = 150 };
static double x[P][N], y[N], amount[N], score[N];
static uint8_t truth[N];
static const double *columns[P] = { x[0], x[1], x[2], x[3] };
static const char *const names[P] = { "a", "b", "c", "d" };
static const tree_data data = { N, P, columns, names, NULL, NULL };

static double draw(uint32_t *state, uint32_t n)
{
    *state = (uint32_t)(((uint64_t)*state * 1103515245 + 12345) % 0x80000000u);
    return (*state >> 8) % n;
}

static int setup(void **state)
{
    static toc_ctx ctx;
    static const uint32_t sizes[P] = { 251, 241, 239, 13 };
    uint32_t s = 12345;

    toc_ctx_init(&ctx);
    *state = &ctx;
    for (size_t i = 0; i < N; i++) {
        for (size_t j = 0; j < P; j++) x[j][i] = draw(&s, sizes[j]);
        truth[i] = 2 * x[0][i] + x[1][i] - x[2][i] + 9 * x[3][i] + draw(&s, 200) > 450;
        y[i] = truth[i];
        amount[i] = x[0][i] * x[1][i] / 100 + x[3][i];
    }
    return 0;
}

static void near(double got, double want)
{
    if (fabs(got - want) > 1e-9 * (1 + fabs(want))) fail_msg("%.12f, wanted %.12f", got, want);
}

static double fit(toc_ctx *ctx, const tree_params *p, const double *label, double *importance)
{
    tree_model *model;
    double squares = 0;

    assert_int_equal(tree_fit(ctx, &data, label, NULL, p, &model), TOC_OK);
    assert_int_equal(tree_predict(ctx, model, &data, score), TOC_OK);
    tree_importance(model, importance);
    tree_free(model);
    for (size_t i = 0; i < N; i++) squares += score[i] * score[i];
    return squares;
}

static void classes(void **state)
{
    static const double want[2][12] = {
        { 1.000000000000, 0.016666666667, 0.000000000000, 0.315789473684, 0.007812500000, 0.282051282051, 0.134146341463, 0.522388059701,
          371.582495894353, 0.952338231488, 0.917932645668, 0.253524139877 },
        { 0.984210526316, 0.011363636364, 0.033707865169, 0.520000000000, 0.011363636364, 0.438596491228, 0.148148148148, 0.714285714286,
          375.702956661543, 0.953286261418, 0.925482313429, 0.260673927269 },
    };
    static const double want_importance[2][P] = { { 0.661027159904, 0.189796947222, 0.149175892873, 0 },
                                                  { 0.707610517560, 0.142034229516, 0.150355252925, 0 } };

    for (int criterion = TREE_ENTROPY; criterion <= TREE_GINI; criterion++) {
        tree_params p = tree_defaults(TREE_SINGLE);
        double importance[P], auc, ap;
        p.criterion = (tree_criterion)criterion;
        p.max_depth = 4;
        p.min_leaf = 9;
        near(fit(*state, &p, y, importance), want[criterion][8]);
        for (size_t i = 0; i < N / EVERY; i++) near(score[i * EVERY], want[criterion][i]);
        for (size_t j = 0; j < P; j++) near(importance[j], want_importance[criterion][j]);
        assert_int_equal(num_auc(*state, score, truth, N, &auc), TOC_OK);
        assert_int_equal(num_average_precision(*state, score, truth, N, &ap), TOC_OK);
        near(auc, want[criterion][9]);
        near(ap, want[criterion][10]);
        near(num_log_loss(score, truth, N), want[criterion][11]);
    }
}

static void amounts(void **state)
{
    static const double want[9] = { 459.453703703704, 91.177500000000,  227.958977272727, 227.958977272727, 91.177500000000,
                                    91.177500000000,  30.708054298643, 30.708054298643,  47724198.231476813555 };
    tree_params p = tree_defaults(TREE_SINGLE);
    double importance[P];

    p.loss = TREE_SQUARED;
    p.max_depth = 3;
    p.min_leaf = 20;
    near(fit(*state, &p, amount, importance), want[8]);
    for (size_t i = 0; i < N / EVERY; i++) near(score[i * EVERY], want[i]);
}

static void isotonic(void **state)
{
    static const double at[7] = { 0, 10.5, 60, 100, 150.25, 200, 250 };
    static const double want[7] = { 0.000000000000, 0.012738853503, 0.077922077922, 0.200000000000, 0.446428571429, 0.769230769231, 1 };
    num_calibration c;

    assert_int_equal(num_calibrate(*state, x[0], truth, N, &c), TOC_OK);
    for (size_t i = 0; i < 7; i++) near(num_calibrated(&c, at[i]), want[i]);
    num_calibration_release(&c);
}

static void logistic(void **state)
{
    static const double want[P + 1] = { 3.516353405586, 1.710541116830, -1.865414384175, 0.616952233094, -1.362254540106 };
    static float standard[N * P];
    double w[P + 1];

    for (size_t j = 0; j < P; j++) {
        double mean = num_mean(x[j], N), deviation = sqrt(num_variance(x[j], N));
        for (size_t i = 0; i < N; i++) standard[i * P + j] = (float)((x[j][i] - mean) / deviation);
    }
    assert_int_equal(num_logistic_fit(*state, standard, truth, N, P, 2, w), TOC_OK);
    for (size_t j = 0; j <= P; j++) assert_true(fabs(w[j] - want[j]) < 1e-5); /* the columns are floats */
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(classes), cmocka_unit_test(amounts), cmocka_unit_test(isotonic), cmocka_unit_test(logistic) };
    return cmocka_run_group_tests_name("peer", tests, setup, NULL);
}
