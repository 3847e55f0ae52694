/* test_tree_gain.c: information gain against a count over every partition, on random tables. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "tree/tree.h"

enum { N = 120, CLASSES = 3 };

static int setup(void **state)
{
    static toc_ctx ctx;
    toc_ctx_init(&ctx);
    *state = &ctx;
    return 0;
}

/* Entropy, Gini and size of the rows of one branch. */
static double measure(const uint32_t *y, const int *branch, int which, size_t n, double *gini, double *size)
{
    double count[CLASSES] = { 0 }, h = 0, squares = 0;

    *size = 0;
    for (size_t i = 0; i < n; i++) {
        if (which >= 0 && branch[i] != which) continue;
        count[y[i]] += 1;
        *size += 1;
    }
    for (size_t c = 0; c < CLASSES; c++) {
        double p = *size > 0 ? count[c] / *size : 0;
        h -= p > 0 ? p * log2(p) : 0;
        squares += p * p;
    }
    *gini = 1 - squares;
    return h;
}

static void of_partition(const uint32_t *y, const int *branch, int n_branches, size_t n, double *gain, double *ratio, double *decrease)
{
    double gini, size, info = 0;

    *gain = measure(y, branch, -1, n, &gini, &size);
    *decrease = gini;
    for (int b = 0; b < n_branches; b++) {
        double h = measure(y, branch, b, n, &gini, &size), share = size / (double)n;
        *gain -= share * h;
        *decrease -= share * gini;
        info -= share > 0 ? share * log2(share) : 0;
    }
    *ratio = info > 0 ? *gain / info : 0;
}

static void check(const tree_gain *got, double gain, double ratio, double decrease)
{
    assert_true(fabs(got->gain - gain) < 1e-9);
    assert_true(fabs(got->gain_ratio - ratio) < 1e-9);
    assert_true(fabs(got->gini_decrease - decrease) < 1e-9);
}

static void brute_force(void **state)
{
    toc_rng rng = toc_rng_new(11, 1);
    double x[N];
    uint32_t y[N];
    int branch[N];
    const double *columns[] = { x };
    const char *const names[] = { "x" };
    const bool yes[] = { true };

    for (size_t round = 0; round < 60; round++) {
        size_t n = 2 + toc_rng_below(&rng, N - 1);
        for (size_t i = 0; i < n; i++) {
            y[i] = (uint32_t)toc_rng_below(&rng, CLASSES);
            x[i] = round % 3 == 0 && toc_rng_unit(&rng) < 0.2 ? NAN : (double)toc_rng_below(&rng, 8) - (round % 2 ? 0 : 3);
            if (x[i] < 0 && round % 2) x[i] = 0;
        }
        tree_data data = { n, 1, columns, names, NULL, NULL };
        tree_gain got;
        double best = -1, best_ratio = 0, best_decrease = 0, gain, ratio, decrease;
        assert_int_equal(tree_column_gain(*state, &data, 0, y, CLASSES, NULL, &got), TOC_OK);
        for (double t = -3; t < 8; t += 1) {
            size_t left = 0, right = 0;
            for (size_t i = 0; i < n; i++) {
                branch[i] = isnan(x[i]) ? 2 : x[i] > t;
                left += branch[i] == 0;
                right += branch[i] == 1;
            }
            if (left == 0 && right > 0) continue;
            if (right == 0 && best >= 0) continue;
            of_partition(y, branch, 3, n, &gain, &ratio, &decrease);
            if (gain <= best + 1e-12) continue;
            best = gain;
            best_ratio = ratio;
            best_decrease = decrease;
        }
        if (best >= 0) check(&got, best, best_ratio, best_decrease);
        if (round % 2 == 0) continue;
        data.categorical = yes;
        assert_int_equal(tree_column_gain(*state, &data, 0, y, CLASSES, NULL, &got), TOC_OK);
        size_t distinct = 0, missing = 0;
        for (int v = 0; v < 8; v++) {
            bool seen = false;
            for (size_t i = 0; i < n; i++) seen |= x[i] == v;
            distinct += seen;
        }
        for (size_t i = 0; i < n; i++) {
            branch[i] = isnan(x[i]) ? 8 : (int)x[i];
            missing += branch[i] == 8;
        }
        of_partition(y, branch, 9, n, &gain, &ratio, &decrease);
        check(&got, gain, ratio, decrease);
        assert_int_equal(got.n_distinct, distinct);
        assert_int_equal(got.n_missing, missing);
        assert_true(isnan(got.threshold));
    }
}

/* All rows alike, all missing, infinities and both zeros. */
static void corners(void **state)
{
    static const uint32_t y[4] = { 0, 1, 0, 1 };
    static const double alike[4] = { 3, 3, 3, 3 }, gone[4] = { NAN, NAN, NAN, NAN }, wide[4] = { -INFINITY, INFINITY, -INFINITY, INFINITY },
                        zeros[4] = { 0.0, -0.0, -0.0, 0.0 };
    const double *columns[] = { alike, gone, wide, zeros };
    const char *const names[] = { "alike", "gone", "wide", "zeros" };
    tree_data data = { 4, 4, columns, names, NULL, NULL };
    tree_gain got[4];

    assert_int_equal(tree_gains(*state, &data, y, 2, NULL, got), TOC_OK);
    assert_true(got[0].gain == 0 && isnan(got[0].threshold) && got[0].n_distinct == 1);
    assert_true(got[1].gain == 0 && got[1].n_missing == 4 && got[1].n_distinct == 0);
    assert_true(got[2].gain == 1 && got[2].n_distinct == 2);
    assert_true(got[3].gain == 0 && got[3].n_distinct == 1);
    assert_true(got[0].entropy == 1);
}

/* The threads share columns; the numbers do not change. */
static void threads(void **state)
{
    enum { ROWS = 5000, COLUMNS = 6 };
    static double x[COLUMNS][ROWS];
    static uint32_t y[ROWS];
    const double *columns[COLUMNS] = { x[0], x[1], x[2], x[3], x[4], x[5] };
    tree_data data = { ROWS, COLUMNS, columns, NULL, NULL, NULL };
    tree_gain one[COLUMNS], many[COLUMNS];
    toc_ctx *ctx = *state;
    toc_rng rng = toc_rng_new(12, 1);

    for (size_t i = 0; i < ROWS; i++) {
        y[i] = (uint32_t)toc_rng_below(&rng, 2);
        for (size_t j = 0; j < COLUMNS; j++) x[j][i] = toc_rng_normal(&rng) + (j == 3 ? y[i] : 0);
    }
    assert_int_equal(tree_gains(ctx, &data, y, 2, NULL, one), TOC_OK);
    ctx->n_threads = 8;
    assert_int_equal(tree_gains(ctx, &data, y, 2, NULL, many), TOC_OK);
    ctx->n_threads = 1;
    assert_memory_equal(one, many, sizeof one);
    for (size_t j = 0; j < COLUMNS; j++) assert_true(j == 3 || one[j].gain < one[3].gain);
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(brute_force), cmocka_unit_test(corners), cmocka_unit_test(threads) };
    return cmocka_run_group_tests_name("gain", tests, setup, NULL);
}
