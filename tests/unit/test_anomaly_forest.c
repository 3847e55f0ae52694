/* test_anomaly_forest.c: the isolation forest finds what stands apart, says why, and does not depend on threads or batches. */
#include "anomaly/anomaly.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

enum { N = 1000, P = 3, ODD = 234 };

static double columns[P][N];
static const double *const x[P] = { columns[0], columns[1], columns[2] };
static const ano_data data = { .n = N, .p = P, .x = x };
static toc_ctx ctx;

static int setup(void **state)
{
    toc_rng rng = toc_rng_new(7, 0);
    (void)state;
    for (size_t j = 0; j < P; j++)
        for (size_t i = 0; i < N; i++) columns[j][i] = toc_rng_unit(&rng);
    columns[1][ODD] = 9;  /* far out in one column only */
    columns[2][17] = NAN;
    toc_ctx_init(&ctx);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    toc_ctx_release(&ctx);
    return 0;
}

static void fit(size_t n_threads, ano_forest **forest, double *score)
{
    ano_forest_params params = ano_forest_defaults();
    params.sample_size = N; /* so that every tree has seen the odd row */
    ctx.n_threads = n_threads;
    assert_int_equal(ano_forest_fit(&ctx, &data, &params, forest), TOC_OK);
    assert_int_equal(ano_forest_score(&ctx, *forest, &data, score), TOC_OK);
}

static void the_outlier_ranks_first_and_its_column_is_named(void **state)
{
    static double score[N];
    double credit[P];
    ano_forest *forest;
    size_t best = 0;
    (void)state;

    fit(1, &forest, score);
    for (size_t i = 0; i < N; i++) {
        assert_true(score[i] > 0 && score[i] < 1);
        if (score[i] > score[best]) best = i;
    }
    assert_int_equal(best, ODD);
    ano_forest_explain(forest, &data, ODD, credit);
    assert_true(credit[1] > credit[0] && credit[1] > credit[2]);
    assert_true(fabs(credit[0] + credit[1] + credit[2] - 1) < 1e-12);
    assert_true(ano_forest_quantile(forest, score[ODD]) > 0.99);
    assert_true(ano_forest_quantile(forest, 0) == 0);
    ano_forest_free(forest);
}

static void threads_and_batches_change_nothing(void **state)
{
    static double one[N], four[N];
    double alone;
    ano_forest *a, *b;
    (void)state;

    fit(1, &a, one);
    fit(4, &b, four);
    assert_memory_equal(one, four, sizeof one);
    const double *const single[P] = { &columns[0][99], &columns[1][99], &columns[2][99] };
    ano_data row = { .n = 1, .p = P, .x = single };
    assert_int_equal(ano_forest_score(&ctx, a, &row, &alone), TOC_OK);
    assert_true(alone == one[99]);
    ano_forest_free(a);
    ano_forest_free(b);
}

static void equal_rows_score_a_half(void **state)
{
    double same[40] = {0}, score[40];
    const double *const column[1] = { same };
    ano_data flat = { .n = 40, .p = 1, .x = column };
    ano_forest_params params = ano_forest_defaults();
    ano_forest *forest;
    (void)state;

    assert_int_equal(ano_forest_fit(&ctx, &flat, &params, &forest), TOC_OK);
    assert_int_equal(ano_forest_score(&ctx, forest, &flat, score), TOC_OK);
    for (size_t i = 0; i < 40; i++) assert_true(fabs(score[i] - 0.5) < 1e-12); /* all in one leaf of n rows: path c(n), score 2^-1 */
    ano_forest_free(forest);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(the_outlier_ranks_first_and_its_column_is_named, setup, teardown),
        cmocka_unit_test_setup_teardown(threads_and_batches_change_nothing, setup, teardown),
        cmocka_unit_test_setup_teardown(equal_rows_score_a_half, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
