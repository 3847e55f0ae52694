/* test_tree_gain.c: information gain against a count over every partition, on random tables. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdlib.h>

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
    assert_true(fabs(got->gain - gain) < 1e-12);
    assert_true(fabs(got->gain_ratio - ratio) < 1e-12);
    assert_true(fabs(got->gini_decrease - decrease) < 1e-12);
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

/* Wider and longer columns than a word's digits or a block hold, by sorting indices and looking at every cut. */
enum { LONG = 3000 };
static double long_x[LONG];
static uint32_t long_y[LONG];

static int by_value(const void *a, const void *b)
{
    double p = long_x[*(const uint32_t *)a], q = long_x[*(const uint32_t *)b];
    return (p > q) - (p < q);
}

static double entropy_of(const double *count, size_t k, double n)
{
    double h = 0;
    for (size_t c = 0; c < k; c++) h -= count[c] > 0 ? count[c] / n * log2(count[c] / n) : 0;
    return h;
}

/* Gain of the best cut, and how many rows it has on the left. */
static double best_of_all(size_t k, size_t *left, size_t *n_distinct)
{
    static uint32_t order[LONG];
    double low[16] = {0}, high[16] = {0}, all[16] = {0}, best = 0;

    for (uint32_t i = 0; i < LONG; i++) {
        order[i] = i;
        high[long_y[i]]++;
        all[long_y[i]]++;
    }
    qsort(order, LONG, sizeof *order, by_value);
    *left = 0;
    *n_distinct = 1;
    for (size_t i = 0; i + 1 < LONG; i++) {
        low[long_y[order[i]]]++;
        high[long_y[order[i]]]--;
        if (long_x[order[i]] == long_x[order[i + 1]]) continue;
        ++*n_distinct;
        double n = (double)(i + 1), m = LONG - n;
        double gain = entropy_of(all, k, LONG) - n / LONG * entropy_of(low, k, n) - m / LONG * entropy_of(high, k, m);
        if (gain <= best + 1e-12) continue;
        best = gain;
        *left = i + 1;
    }
    return best;
}

static double draw_value(toc_rng *rng, size_t kind, uint32_t y)
{
    double u = toc_rng_unit(rng);

    switch (kind) {
    case 0: return u + 0.02 * y;                                          /* doubles of one binary order */
    case 1: return (toc_rng_normal(rng) + 0.1 * y) * 1e-3;                /* of both signs and many orders */
    case 2: return (toc_rng_below(rng, 2) ? -1 : 1) * exp(600 * (u - 0.5)); /* more than 64 bits with the class */
    case 3: return (double)toc_rng_below(rng, 5) - 2 + (y == 1);          /* few values */
    case 4: return 1 + u * 1e-9 + (toc_rng_below(rng, 50) ? 0 : 1e300 * u); /* all in one upper digit */
    case 5: return 1.7e15 + floor(u * 1e13);                              /* times in microseconds */
    case 6: return (double)toc_rng_below(rng, 100) + 1 + u * 1e-10;       /* few in one upper digit */
    default: return toc_rng_below(rng, 3) ? 0 : -u;                       /* mostly zero */
    }
}

static void many_kinds(void **state)
{
    static const size_t classes[] = { 2, 3, 4, 9 };
    const double *columns[] = { long_x };
    tree_data data = { LONG, 1, columns, NULL, NULL, NULL };
    toc_rng rng = toc_rng_new(21, 1);

    for (size_t kind = 0; kind < 8; kind++)
        for (size_t i = 0; i < TOC_COUNT(classes); i++) {
            tree_gain got;
            size_t left, distinct, found = 0, k = classes[i];
            for (size_t r = 0; r < LONG; r++) {
                long_y[r] = (uint32_t)toc_rng_below(&rng, k);
                long_x[r] = draw_value(&rng, kind, long_y[r]);
            }
            double best = best_of_all(k, &left, &distinct);
            assert_int_equal(tree_column_gain(*state, &data, 0, long_y, k, NULL, &got), TOC_OK);
            for (size_t r = 0; r < LONG; r++) found += long_x[r] <= got.threshold;
            assert_true(fabs(got.gain - best) < 1e-12);
            assert_int_equal(found, left);
            assert_int_equal(got.n_distinct, distinct);
        }
}

/* Best cuts in the middle of blocks: one class alone on one side, noise on the other. */
static void inside_blocks(void **state)
{
    static const size_t places[] = { 30, 100, 300, 1410, 2000, 2700, 2960 };
    const double *columns[] = { long_x };
    tree_data data = { LONG, 1, columns, NULL, NULL, NULL };
    toc_rng rng = toc_rng_new(61, 1);

    for (size_t i = 0; i < TOC_COUNT(places) * 12; i++) {
        size_t k = 2 + i % 3, place = places[i % TOC_COUNT(places)], left, distinct, found = 0;
        uint32_t alone = (uint32_t)(i % k);
        tree_gain got;
        for (size_t r = 0; r < LONG; r++) {
            bool pure = i % 2 ? r < place : r >= place;
            long_y[r] = (uint32_t)toc_rng_below(&rng, k);
            long_x[r] = (double)r / 3;
            if (pure) long_y[r] = alone;
        }
        double best = best_of_all(k, &left, &distinct);
        assert_int_equal(tree_column_gain(*state, &data, 0, long_y, k, NULL, &got), TOC_OK);
        for (size_t r = 0; r < LONG; r++) found += long_x[r] <= got.threshold;
        assert_true(fabs(got.gain - best) < 1e-12);
        assert_int_equal(found, left);
    }
}

/* Columns of noise have p values spread evenly; one that is not noise has the least there is. q as by hand. */
static void chance(void **state)
{
    enum { ROWS = 400, COLUMNS = 60 };
    static double x[COLUMNS][ROWS];
    static bool categorical[COLUMNS];
    const double *columns[COLUMNS];
    uint32_t y[ROWS];
    tree_data data = { ROWS, COLUMNS, columns, NULL, categorical, NULL };
    tree_gain gain[COLUMNS], again[COLUMNS];
    toc_ctx *ctx = *state;
    toc_rng rng = toc_rng_new(31, 1);
    size_t below_half = 0, below_tenth = 0;

    for (size_t i = 0; i < ROWS; i++) y[i] = (uint32_t)toc_rng_below(&rng, 2);
    for (size_t j = 0; j < COLUMNS; j++) {
        columns[j] = x[j];
        categorical[j] = j % 2;
        for (size_t i = 0; i < ROWS; i++) x[j][i] = j % 2 ? (double)toc_rng_below(&rng, 5) : toc_rng_unit(&rng);
    }
    for (size_t i = 0; i < ROWS; i++) x[0][i] += 0.4 * y[i];
    const tree_gain_options options = { .permutations = 199 };
    assert_int_equal(tree_gains(ctx, &data, y, 2, &options, gain), TOC_OK);
    ctx->n_threads = 3;
    assert_int_equal(tree_gains(ctx, &data, y, 2, &options, again), TOC_OK);
    ctx->n_threads = 1;
    for (size_t j = 0; j < COLUMNS; j++) {
        assert_true(gain[j].p_value == again[j].p_value && gain[j].q_value == again[j].q_value);
        below_half += j > 0 && gain[j].p_value <= 0.5;
        below_tenth += j > 0 && gain[j].p_value <= 0.1;
        size_t rank = 0;
        for (size_t i = 0; i < COLUMNS; i++) rank += gain[i].p_value <= gain[j].p_value;
        assert_true(gain[j].q_value <= gain[j].p_value * COLUMNS / (double)rank + 1e-15 && gain[j].q_value >= gain[j].p_value);
    }
    assert_true(gain[0].p_value == 1.0 / 200 && fabs(gain[0].q_value - 60.0 / 200) < 1e-12);
    assert_true(below_half >= 18 && below_half <= 42); /* of 59: 29.5, deviation 3.8 */
    assert_true(below_tenth <= 14);                    /* 5.9, deviation 2.3 */
}

/* Intervals where the classes lie in stretches, none in noise. */
static void intervals(void **state)
{
    enum { ROWS = 300 };
    double x[ROWS], noise[ROWS];
    const double *columns[] = { x, noise };
    uint32_t y[ROWS];
    tree_data data = { ROWS, 2, columns, NULL, NULL, NULL };
    tree_gain gain[2];
    toc_rng rng = toc_rng_new(41, 1);

    for (size_t i = 0; i < ROWS; i++) {
        x[i] = (double)i;
        y[i] = (uint32_t)(i / 100) % 2;
        noise[i] = toc_rng_unit(&rng);
    }
    assert_int_equal(tree_gains(*state, &data, y, 2, &(tree_gain_options){ .mdlp = true }, gain), TOC_OK);
    assert_int_equal(gain[0].n_cuts, 2);
    assert_true(gain[0].cuts[0] >= 99 && gain[0].cuts[0] < 100 && gain[0].cuts[1] >= 199 && gain[0].cuts[1] < 200);
    assert_true(fabs(gain[0].cuts_gain - gain[0].entropy) < 1e-12 && gain[0].gain < gain[0].entropy);
    assert_true(gain[1].n_cuts == 0 && gain[1].cuts_gain == 0);
}

static void draw_mixed(toc_rng *rng, bool by_value, double *x, uint32_t *y, double *weight, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        y[i] = (uint32_t)toc_rng_below(rng, 3);
        double u = toc_rng_unit(rng);
        x[i] = toc_rng_below(rng, 10) == 0 ? (double)NAN : by_value ? floor(30 * u * u) + (y[i] == 2) : u + 0.3 * y[i];
        weight[i] = (double)toc_rng_below(rng, 3);
    }
}

/* Bars hold every row once, on its side; no value without a bar of its own has more rows than one with. */
static void bars_of_splits(void **state)
{
    enum { ROWS = 700 };
    double x[ROWS], weight[ROWS];
    uint32_t y[ROWS];
    const double *columns[] = { x };
    toc_rng rng = toc_rng_new(51, 1);

    for (size_t round = 0; round < 20; round++) {
        const bool by_value = round % 2;
        tree_data data = { ROWS, 1, columns, NULL, &by_value, NULL };
        tree_gain_options options = { .weight = round % 4 < 2 ? NULL : weight };
        tree_gain gain;
        tree_bar bars[TREE_MOST_BARS];
        size_t n;
        double all[3] = {0}, found[3] = {0}, least_own = INFINITY, count[40] = {0};
        draw_mixed(&rng, by_value, x, y, weight, ROWS);
        assert_int_equal(tree_gains(*state, &data, y, 3, &options, &gain), TOC_OK);
        assert_int_equal(tree_gain_bars(*state, &data, 0, y, 3, &options, &gain, bars, &n), TOC_OK);
        for (size_t i = 0; i < ROWS; i++) {
            all[y[i]] += options.weight ? weight[i] : 1;
            if (by_value && !isnan(x[i])) count[(size_t)x[i]] += options.weight ? weight[i] : 1;
        }
        for (size_t b = 0; b < n; b++) {
            for (size_t c = 0; c < 3; c++) found[c] += bars[b].counts[c];
            if (!by_value && bars[b].n_values) assert_true(bars[b].left ? bars[b].to <= gain.threshold : bars[b].from > gain.threshold);
            if (by_value && b > 0 && bars[b].n_values) assert_true(bars[b].left <= bars[b - 1].left);
        }
        for (size_t b = 0; b < n && by_value; b++) {
            bool is_left = false;
            for (size_t i = 0; i < gain.n_left; i++) is_left |= gain.left[i] == bars[b].from;
            if (bars[b].n_values != 1) continue;
            assert_int_equal(bars[b].left, is_left);
            double own = count[(size_t)bars[b].from];
            assert_true(fabs(own - bars[b].counts[0] - bars[b].counts[1] - bars[b].counts[2]) < 1e-9);
            if (!bars[b].left) least_own = fmin(least_own, own);
            count[(size_t)bars[b].from] = 0;
        }
        for (size_t i = 0; i < gain.n_left && by_value; i++) count[(size_t)gain.left[i]] = 0;
        for (size_t v = 0; v < 40 && by_value; v++) assert_true(count[v] <= least_own);
        for (size_t c = 0; c < 3; c++) assert_true(fabs(all[c] - found[c]) < 1e-9);
    }
}

/* Weights that are none. */
static void bad_weights(void **state)
{
    static const uint32_t y[3] = { 0, 1, 0 };
    static const double x[3] = { 1, 2, 3 }, bad[][3] = { { 1, -1, 1 }, { 1, NAN, 1 }, { 1, INFINITY, 1 }, { 0, 0, 0 } }, some[3] = { 1, 0, 2 };
    const double *columns[] = { x };
    tree_data data = { 3, 1, columns, NULL, NULL, NULL };
    tree_gain got;

    for (size_t i = 0; i < TOC_COUNT(bad); i++)
        assert_int_equal(tree_gains(*state, &data, y, 2, &(tree_gain_options){ .weight = bad[i] }, &got), TOC_E_DATA);
    assert_int_equal(tree_gains(*state, &data, y, 2, &(tree_gain_options){ .weight = some }, &got), TOC_OK);
    assert_true(got.entropy == 0 && got.gain == 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(brute_force), cmocka_unit_test(corners), cmocka_unit_test(threads), cmocka_unit_test(many_kinds), cmocka_unit_test(inside_blocks),
        cmocka_unit_test(chance), cmocka_unit_test(intervals), cmocka_unit_test(bars_of_splits), cmocka_unit_test(bad_weights),
    };
    return cmocka_run_group_tests_name("gain", tests, setup, NULL);
}
