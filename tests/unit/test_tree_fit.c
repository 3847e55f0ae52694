/* test_tree_fit.c: splits against exhaustive search, contributions against the definition of Shapley values, threads, and files. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <unistd.h>

#include "num/num.h"
#include "tree/tree.h"

enum { N = 400, P = 5 };
static double values[P][N], label[N], target[N], weight[N];
static const double *columns[P] = { values[0], values[1], values[2], values[3], values[4] };
static const char *const names[P] = { "a", "b", "c", "d", "e" };
static const bool categorical[P] = { false, false, true, true, false };

static int setup(void **state)
{
    static toc_ctx ctx;
    toc_rng rng = toc_rng_new(7, 1);

    toc_ctx_init(&ctx);
    *state = &ctx;
    for (size_t i = 0; i < N; i++) {
        values[0][i] = toc_rng_unit(&rng) < 0.1 ? NAN : (double)toc_rng_below(&rng, 40) / 4;
        values[1][i] = (double)(int64_t)(toc_rng_normal(&rng) * 50);
        values[2][i] = toc_rng_unit(&rng) < 0.1 ? NAN : (double)toc_rng_below(&rng, 6);
        values[3][i] = (double)toc_rng_below(&rng, 3);
        values[4][i] = 1; /* says nothing */
        double z = (isnan(values[0][i]) ? 2 : values[0][i] / 5 - 1) + (values[2][i] == 2 || values[2][i] == 5 ? 1.5 : -0.5) + values[1][i] / 60;
        label[i] = toc_rng_unit(&rng) < 1 / (1 + exp(-z));
        target[i] = z + toc_rng_normal(&rng) / 4;
        weight[i] = (double)toc_rng_below(&rng, 4);
    }
    return 0;
}

static tree_data data_of(size_t n)
{
    return (tree_data){ n, P, columns, names, categorical, NULL };
}

static double entropy(double g, double h)
{
    double p = h > 0 ? g / h : 0;
    return p <= 0 || p >= 1 ? 0 : -(p * log2(p) + (1 - p) * log2(1 - p)) * h;
}

static double gini(double g, double h)
{
    return h > 0 ? 2 * g * (h - g) / h : 0;
}

static double gain_of(bool by_gini, double g, double h, double gl, double hl)
{
    double (*f)(double, double) = by_gini ? gini : entropy;
    return f(g, h) - f(gl, hl) - f(g - gl, h - hl);
}

/* The most any split of one node can gain: every threshold with missing on either side, every subset of levels and missing. */
static double exhaustive(size_t n, bool by_gini, const double *w)
{
    double best = 0, g = 0, h = 0;

    for (size_t i = 0; i < n; i++) {
        g += w[i] * label[i];
        h += w[i];
    }
    for (size_t j = 0; j < P; j++) {
        size_t tries = categorical[j] ? 128 : 2 * n;
        for (size_t t = 0; t < tries; t++) {
            double gl = 0, hl = 0;
            for (size_t i = 0; i < n; i++) {
                double x = values[j][i];
                bool left = categorical[j] ? t >> (isnan(x) ? 6 : (size_t)x) & 1 : isnan(x) ? t & 1 : x <= values[j][t / 2];
                gl += left ? w[i] * label[i] : 0;
                hl += left ? w[i] : 0;
            }
            if (hl > 0 && hl < h) best = TOC_MAX(best, gain_of(by_gini, g, h, gl, hl));
        }
    }
    return best / h;
}

/* Depth 1 must find the best split there is: compare how much purer its two leaves are. */
static void best_split(void **state)
{
    static double one[N];

    for (size_t i = 0; i < N; i++) one[i] = 1;
    for (size_t n = 5; n <= N; n += 79) {
        for (int k = 0; k < 4; k++) {
            tree_params p = tree_defaults(TREE_SINGLE);
            tree_data data = data_of(n);
            tree_model *model;
            const double *w = k & 2 ? weight : one;
            double score[N], g[2] = { 0, 0 }, h[2] = { 0, 0 }, other = NAN;
            p.criterion = k & 1 ? TREE_GINI : TREE_ENTROPY;
            p.max_depth = 1;
            p.min_leaf = 1;
            assert_int_equal(tree_fit(*state, &data, label, k & 2 ? weight : NULL, &p, &model), TOC_OK);
            assert_int_equal(tree_predict(*state, model, &data, score), TOC_OK);
            for (size_t i = 0; i < n; i++) {
                size_t side = score[i] != score[0];
                if (side) other = score[i];
                assert_true(!side || score[i] == other);
                g[side] += w[i] * label[i];
                h[side] += w[i];
            }
            double got = gain_of(k & 1, g[0] + g[1], h[0] + h[1], g[0], h[0]) / (h[0] + h[1]);
            assert_true(fabs(got - exhaustive(n, k & 1, w)) < 1e-7);
            assert_true(h[0] == 0 || fabs(score[0] - g[0] / h[0]) < 1e-8);
            tree_free(model);
        }
    }
}

static tree_model *fit(toc_ctx *ctx, int k)
{
    tree_params p = tree_defaults(k == 0 ? TREE_SINGLE : k == 1 ? TREE_FOREST : TREE_BOOST);
    tree_data data = data_of(N);
    tree_model *model;

    p.n_trees = 12;
    p.max_depth = 4;
    p.min_leaf = 8;
    p.loss = k == 3 ? TREE_SQUARED : TREE_LOGISTIC;
    if (k == 4) p.row_share = 0.6;
    assert_int_equal(tree_fit(ctx, &data, k == 3 ? target : label, k == 4 ? weight : NULL, &p, &model), TOC_OK);
    return model;
}

/* They learn: far better than chance on rows they have seen. */
static void learns(void **state)
{
    tree_data data = data_of(N);
    double score[N], auc, error = 0, spread = 0, mean = num_mean(target, N);
    uint8_t truth[N];

    for (size_t i = 0; i < N; i++) truth[i] = label[i] > 0;
    for (int k = 0; k < 5; k++) {
        tree_model *model = fit(*state, k);
        double importance[P], sum = 0;
        assert_int_equal(tree_predict(*state, model, &data, score), TOC_OK);
        assert_int_equal(num_auc(*state, score, truth, N, &auc), TOC_OK);
        if (k != 3) assert_true(auc > 0.8);
        for (size_t i = 0; k == 3 && i < N; i++) {
            error += (score[i] - target[i]) * (score[i] - target[i]);
            spread += (target[i] - mean) * (target[i] - mean);
        }
        tree_importance(model, importance);
        for (size_t j = 0; j < P; j++) sum += importance[j];
        assert_true(fabs(sum - 1) < 1e-12 && importance[4] == 0);
        tree_free(model);
    }
    assert_true(error < 0.6 * spread);
}

/* Model bytes for a number of threads. */
static char *bytes(toc_ctx *ctx, int k, size_t threads)
{
    char path[] = "/tmp/tocsin-tree-XXXXXX";
    toc_buf buf = {0};
    int fd = mkstemp(path);

    assert_true(fd >= 0);
    close(fd);
    ctx->n_threads = threads;
    tree_model *model = fit(ctx, k);
    ctx->n_threads = 1;
    assert_int_equal(tree_save(ctx, model, path), TOC_OK);
    tree_free(model);
    assert_int_equal(toc_read_file(ctx, path, &buf), TOC_OK);
    unlink(path);
    return buf.p;
}

static void same_for_threads(void **state)
{
    for (int k = 0; k < 5; k++) {
        char *one = bytes(*state, k, 1), *two = bytes(*state, k, 2), *eight = bytes(*state, k, 8);
        assert_string_equal(one, two);
        assert_string_equal(one, eight);
        toc_free(one);
        toc_free(two);
        toc_free(eight);
    }
}

/* Large enough for the columns to be shared among threads. */
static void same_for_threads_large(void **state)
{
    enum { ROWS = 70000, COLUMNS = 4 };
    static double x[COLUMNS][ROWS], y[ROWS], score[2][ROWS];
    const double *x_of[COLUMNS] = { x[0], x[1], x[2], x[3] };
    tree_data data = { ROWS, COLUMNS, x_of, names, NULL, NULL };
    toc_ctx *ctx = *state;
    toc_rng rng = toc_rng_new(3, 3);

    for (size_t i = 0; i < ROWS; i++) {
        for (size_t j = 0; j < COLUMNS; j++) x[j][i] = toc_rng_normal(&rng);
        y[i] = x[0][i] * x[1][i] + x[2][i] + toc_rng_normal(&rng) > 0;
    }
    tree_params p = tree_defaults(TREE_BOOST);
    p.n_trees = 10;
    for (size_t k = 0; k < 2; k++) {
        tree_model *model;
        ctx->n_threads = 1 + 2 * k;
        assert_int_equal(tree_fit(ctx, &data, y, NULL, &p, &model), TOC_OK);
        assert_int_equal(tree_predict(ctx, model, &data, score[k]), TOC_OK);
        tree_free(model);
    }
    ctx->n_threads = 1;
    assert_memory_equal(score[0], score[1], sizeof score[0]);
}

static void round_trip(void **state)
{
    tree_data data = data_of(N);
    double before[N], after[N];

    for (int k = 0; k < 5; k++) {
        char path[] = "/tmp/tocsin-tree-XXXXXX";
        int fd = mkstemp(path);
        tree_model *model = fit(*state, k), *loaded;
        assert_true(fd >= 0);
        close(fd);
        assert_int_equal(tree_save(*state, model, path), TOC_OK);
        assert_int_equal(tree_load(*state, path, &loaded), TOC_OK);
        unlink(path);
        assert_int_equal(tree_predict(*state, model, &data, before), TOC_OK);
        assert_int_equal(tree_predict(*state, loaded, &data, after), TOC_OK);
        assert_memory_equal(before, after, sizeof before);
        tree_free(model);
        tree_free(loaded);
    }
}

static void refuses(void **state)
{
    static const char *const files[] = {
        "", "[]", "{\"schema\":\"other\"}", "{\"schema\":\"tocsin-tree\",\"version\":3}", "{\"schema\":\"tocsin-tree\",\"version\":2}",
        "{\"schema\":\"tocsin-tree\",\"version\":1,\"kind\":\"tree\",\"loss\":\"logistic\",\"criterion\":\"gini\",\"base\":0,"
        "\"columns\":[{\"name\":\"a\"}],\"trees\":[[[0,1,0,0,1,0,1,1],[-1,0,1]]]}", /* a child that is its own parent */
        "{\"schema\":\"tocsin-tree\",\"version\":1,\"kind\":\"tree\",\"loss\":\"logistic\",\"criterion\":\"gini\",\"base\":0,"
        "\"columns\":[{\"name\":\"a\"}],\"trees\":[[[0,1,0,1,2,0,1,1],[0,1,0,2,3,0,1,1],[-1,0,1],[-1,0,1]]]}", /* two parents */
        "{\"schema\":\"tocsin-tree\",\"version\":1,\"kind\":\"tree\",\"loss\":\"logistic\",\"criterion\":\"gini\",\"base\":0,"
        "\"columns\":[{\"name\":\"a\"}],\"trees\":[[[5,1,0,1,2,0,1,1],[-1,0,1],[-1,0,1]]]}",
    };

    for (size_t i = 0; i < TOC_COUNT(files); i++) {
        char path[] = "/tmp/tocsin-tree-XXXXXX";
        int fd = mkstemp(path);
        tree_model *model;
        assert_true(fd >= 0 && write(fd, files[i], strlen(files[i])) == (ssize_t)strlen(files[i]));
        close(fd);
        assert_int_equal(tree_load(*state, path, &model), TOC_E_DATA);
        assert_null(model);
        unlink(path);
    }
    tree_data data = data_of(N);
    tree_params p = tree_defaults(TREE_BOOST);
    tree_model *model;
    assert_int_equal(tree_fit(*state, &data, target, NULL, &p, &model), TOC_E_DATA);
    data.n = 0;
    assert_int_equal(tree_fit(*state, &data, label, NULL, &p, &model), TOC_E_DATA);
}

/* The shape of a saved tree, read back without the library's own walk. */
typedef struct {
    int feature[400], left[400], right[400];
    bool goes_left[400]; /* of the row in question */
    double value[400], cover[400];
} plain_tree;

/* What a tree says when only the columns of `known` are known: the mean over training rows of the branches it cannot decide. */
static double value_when(const plain_tree *t, int at, unsigned known)
{
    if (t->feature[at] < 0) return t->value[at];
    if (known >> t->feature[at] & 1) return value_when(t, t->goes_left[at] ? t->left[at] : t->right[at], known);
    double l = t->cover[t->left[at]], r = t->cover[t->right[at]];
    return (l * value_when(t, t->left[at], known) + r * value_when(t, t->right[at], known)) / (l + r);
}

/* A hand-made tree that asks for columns again on its paths, so that the unwinding is needed. */
static const char *const sample =
    "{\"schema\":\"tocsin-tree\",\"version\":1,\"kind\":\"boost\",\"loss\":\"squared\",\"criterion\":\"gini\",\"base\":0.5,"
    "\"columns\":[{\"name\":\"a\"},{\"name\":\"b\"},{\"name\":\"c\"},{\"name\":\"d\"}],\"trees\":[["
    "[0,0.5,0,1,2,0,100,1],[1,0.5,1,3,4,0,60,1],[2,0.5,0,5,6,0,40,1],[0,0.2,0,7,8,0,25,1],[3,0.5,0,9,10,0,35,1],[-1,4,10],"
    "[0,0.8,1,11,12,0,30,1],[-1,-2,5],[-1,7,20],[-1,1,15],[1,0.8,0,13,14,0,20,1],[-1,3,12],[-1,-5,18],[-1,2.5,14],[-1,9,6]]]}";

static const plain_tree sample_plain = {
    .feature = { 0, 1, 2, 0, 3, -1, 0, -1, -1, -1, 1, -1, -1, -1, -1 },
    .left = { 1, 3, 5, 7, 9, 0, 11, 0, 0, 0, 13 },
    .right = { 2, 4, 6, 8, 10, 0, 12, 0, 0, 0, 14 },
    .value = { 0, 0, 0, 0, 0, 4, 0, -2, 7, 1, 0, 3, -5, 2.5, 9 },
    .cover = { 100, 60, 40, 25, 35, 10, 30, 5, 20, 15, 20, 12, 18, 14, 6 },
};

static void contributions(void **state)
{
    static const double threshold[15] = { 0.5, 0.5, 0.5, 0.2, 0.5, 0, 0.8, 0, 0, 0, 0.8 };
    static const bool missing_left[15] = { 0, 1, 0, 0, 0, 0, 1, 0, 0, 0, 0 };
    static const double factorial[5] = { 1, 1, 2, 6, 24 };
    char path[] = "/tmp/tocsin-tree-XXXXXX";
    toc_rng rng = toc_rng_new(9, 1);
    int fd = mkstemp(path);
    tree_model *model;

    assert_true(fd >= 0 && write(fd, sample, strlen(sample)) == (ssize_t)strlen(sample));
    close(fd);
    assert_int_equal(tree_load(*state, path, &model), TOC_OK);
    unlink(path);
    for (int round = 0; round < 60; round++) {
        double x[4], phi[5], sum;
        const double *x_of[4] = { &x[0], &x[1], &x[2], &x[3] };
        tree_data data = { 1, 4, x_of, names, NULL, NULL };
        plain_tree t = sample_plain;
        for (size_t j = 0; j < 4; j++) x[j] = toc_rng_unit(&rng) < 0.2 ? NAN : toc_rng_unit(&rng);
        for (int i = 0; i < 15; i++) {
            double v = t.feature[i] < 0 ? 0 : x[t.feature[i]];
            t.goes_left[i] = isnan(v) ? missing_left[i] : v <= threshold[i];
        }
        assert_int_equal(tree_contributions(*state, model, &data, 0, phi), TOC_OK);
        for (unsigned j = 0; j < 4; j++) {
            double want = 0;
            for (unsigned set = 0; set < 16; set++) {
                if (set >> j & 1) continue;
                int size = __builtin_popcount(set);
                want += factorial[size] * factorial[3 - size] / 24 * (value_when(&t, 0, set | 1u << j) - value_when(&t, 0, set));
            }
            assert_true(fabs(phi[j] - want) < 1e-12);
        }
        assert_true(fabs(phi[4] - 0.5 - value_when(&t, 0, 0)) < 1e-12);
        assert_int_equal(tree_predict(*state, model, &data, &sum), TOC_OK);
        assert_true(fabs(phi[0] + phi[1] + phi[2] + phi[3] + phi[4] - sum) < 1e-12);
    }
    tree_free(model);
}

/* Of fitted models: contributions sum to the raw score. */
static void contributions_sum(void **state)
{
    tree_data data = data_of(N);
    double score[N], phi[P + 1];

    for (int k = 0; k < 5; k++) {
        tree_model *model = fit(*state, k);
        assert_int_equal(tree_predict(*state, model, &data, score), TOC_OK);
        for (size_t i = 0; i < N; i += 23) {
            double sum = 0;
            assert_int_equal(tree_contributions(*state, model, &data, i, phi), TOC_OK);
            for (size_t j = 0; j <= P; j++) sum += phi[j];
            if (k == 2 || k == 4) sum = 1 / (1 + exp(-sum));
            assert_true(fabs(sum - score[i]) < 1e-9);
        }
        tree_free(model);
    }
}

/* The same texts under other codes give the same scores; an unknown text counts as missing. */
static void levels_by_text(void **state)
{
    enum { ROWS = 90 };
    static const char *const words[] = { "red", "green", "blue" };
    toc_pool first = {0}, second = {0};
    double x[ROWS], y[ROWS], again[ROWS], score[ROWS], rescored[ROWS];
    const double *x_of[] = { x }, *again_of[] = { again };
    const char *const name[] = { "colour" };
    const bool is_categorical[] = { true };
    const toc_pool *first_of[] = { &first }, *second_of[] = { &second };
    tree_data data = { ROWS, 1, x_of, name, is_categorical, first_of }, other = { ROWS, 1, again_of, name, is_categorical, second_of };
    uint32_t code;

    assert_int_equal(toc_pool_intern(*state, &second, TOC_STR("violet"), &code), TOC_OK);
    for (size_t i = 0; i < ROWS; i++) {
        assert_int_equal(toc_pool_intern(*state, &first, toc_str_of(words[i % 3]), &code), TOC_OK);
        x[i] = code;
        assert_int_equal(toc_pool_intern(*state, &second, toc_str_of(words[(i + 1) % 3]), &code), TOC_OK);
        again[(i + 1) % ROWS] = code;
        y[i] = i % 3 == 1;
    }
    for (size_t i = 0; i < ROWS; i++) {
        assert_int_equal(toc_pool_intern(*state, &second, toc_str_of(words[i % 3]), &code), TOC_OK);
        again[i] = code;
    }
    again[0] = 1; /* violet */
    tree_params p = tree_defaults(TREE_SINGLE);
    tree_model *model;
    p.min_leaf = 1;
    assert_int_equal(tree_fit(*state, &data, y, NULL, &p, &model), TOC_OK);
    assert_int_equal(tree_predict(*state, model, &data, score), TOC_OK);
    assert_int_equal(tree_predict(*state, model, &other, rescored), TOC_OK);
    for (size_t i = 0; i < ROWS; i++) assert_true(score[i] == y[i] && (i == 0 || rescored[i] == y[i]));
    assert_true(rescored[0] == 0); /* the larger side */
    tree_free(model);
    toc_pool_release(&first);
    toc_pool_release(&second);
}

/* From 65536 rows on, labels of equal weights are counted in packed sums, else not: the same trees to the last bit. The other way is asked for by one
 * more row that weighs nothing. */
static void packed_sums(void **state)
{
    enum { ROWS = 70000, COLUMNS = 11 };
    static double x[COLUMNS][ROWS + 1], y[ROWS + 1], w[ROWS + 1], score[2][ROWS];
    const double *x_of[COLUMNS];
    const char *name[COLUMNS];
    bool is_categorical[COLUMNS] = { [3] = true };
    toc_rng rng = toc_rng_new(21, 3);

    for (size_t j = 0; j < COLUMNS; j++) {
        x_of[j] = x[j];
        name[j] = names[j % P];
    }
    for (size_t i = 0; i < ROWS; i++) {
        for (size_t j = 0; j < COLUMNS; j++) x[j][i] = toc_rng_unit(&rng) < 0.05 ? NAN : (double)toc_rng_below(&rng, 11 + 20 * j);
        y[i] = x[0][i] > 4 && x[10][i] < 90 + 9 * toc_rng_normal(&rng) ? 1 : x[3][i] == 7 || toc_rng_unit(&rng) < 0.1;
        w[i] = 3;
    }
    for (size_t j = 0; j < COLUMNS; j++) x[j][ROWS] = x[j][0];
    tree_params p = tree_defaults(TREE_SINGLE);
    p.max_depth = 9;
    for (size_t k = 0; k < 2; k++) {
        tree_data rows = { ROWS + k, COLUMNS, x_of, name, is_categorical, NULL };
        tree_model *model;
        assert_int_equal(tree_fit(*state, &rows, y, w, &p, &model), TOC_OK);
        rows.n = ROWS;
        assert_int_equal(tree_predict(*state, model, &rows, score[k]), TOC_OK);
        tree_free(model);
    }
    assert_memory_equal(score[0], score[1], sizeof score[0]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(best_split),    cmocka_unit_test(learns),        cmocka_unit_test(same_for_threads), cmocka_unit_test(same_for_threads_large),
        cmocka_unit_test(round_trip),    cmocka_unit_test(refuses),       cmocka_unit_test(contributions),    cmocka_unit_test(contributions_sum),
        cmocka_unit_test(levels_by_text), cmocka_unit_test(packed_sums),
    };
    return cmocka_run_group_tests_name("tree", tests, setup, NULL);
}
