/* test_tree_kinds.c: what fits are asked for beyond plain splits: pruning, gain ratio, random thresholds, order, other losses, stopping early. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "num/num.h"
#include "tree/tree.h"

enum { N = 900, P = 4, K = 3 };
static double values[P][N], amount[N], untied[N], label[N], class[N], score[N], many[N * K];
static const double *columns[P] = { values[0], values[1], values[2], values[3] };
static const char *const names[P] = { "a", "b", "c", "d" };
static const bool categorical[P] = { false, false, false, true };
static const tree_data data = { N, P, columns, names, categorical, NULL };

static int setup(void **state)
{
    static toc_ctx ctx;
    toc_rng rng = toc_rng_new(11, 1), fine = toc_rng_new(11, 2);

    toc_ctx_init(&ctx);
    *state = &ctx;
    for (size_t i = 0; i < N; i++) {
        values[0][i] = toc_rng_unit(&rng) < 0.05 ? NAN : (double)toc_rng_below(&rng, 60);
        values[1][i] = (double)toc_rng_below(&rng, 100);
        values[2][i] = toc_rng_normal(&rng);
        values[3][i] = (double)toc_rng_below(&rng, 6);
        double z = (isnan(values[0][i]) ? 0.3 : values[0][i] / 60) + 0.3 * sin(values[1][i] / 9) + (values[3][i] == 2);
        amount[i] = toc_rng_unit(&rng) < 0.4 ? 0 : 10 * exp(z) * toc_rng_gamma(&rng, 3) / 3;
        untied[i] = amount[i] + 0.1 * toc_rng_unit(&fine); /* no two leaves say the same */
        label[i] = toc_rng_unit(&rng) < 1 / (1 + exp(-3 * (z - 0.7)));
        class[i] = z + 0.2 * toc_rng_normal(&rng) < 0.4 ? 0 : z < 0.9 ? 1 : 2;
    }
    return 0;
}

static tree_model *fit(toc_ctx *ctx, const tree_params *p, const double *y)
{
    tree_model *model;
    toc_status st = tree_fit(ctx, &data, y, NULL, p, &model);

    if (st) fail_msg("%s", ctx->message);
    assert_int_equal(tree_predict(ctx, model, &data, tree_model_outputs(model) > 1 ? many : score), TOC_OK);
    return model;
}

/* Mean squared error of the scores, and how many leaves spoke. */
static double cost(double alpha)
{
    double error = 0;
    size_t leaves = 0;

    for (size_t i = 0; i < N; i++) {
        size_t k = 0;
        error += (score[i] - untied[i]) * (score[i] - untied[i]) / N;
        while (score[k] != score[i]) k++;
        leaves += k == i;
    }
    return error + alpha * (double)leaves;
}

/* At its own alpha each pruned tree beats those of all other alphas; larger alphas leave smaller trees. */
static void pruning(void **state)
{
    static const double alphas[] = { 0, 0.003, 0.01, 0.05, 0.2, 0.7, 2, 1e9 };
    tree_params p = tree_defaults(TREE_SINGLE);
    double own[8];

    p.loss = TREE_SQUARED;
    p.min_leaf = 5;
    p.max_depth = 0;
    for (size_t a = 0; a < 8; a++) {
        p.prune_alpha = alphas[a];
        tree_free(fit(*state, &p, untied));
        own[a] = cost(alphas[a]);
        assert_true(a == 0 || cost(0) >= own[0] - 1e-12);
    }
    for (size_t a = 0; a < 8; a++) {
        p.prune_alpha = alphas[a];
        tree_free(fit(*state, &p, untied));
        for (size_t b = 0; b < 8; b++) assert_true(cost(alphas[b]) >= own[b] * (1 - 1e-9));
    }
    assert_true(fabs(score[0] - num_mean(untied, N)) < 1e-6); /* the last one: the root alone */
}

/* Chosen by cross-validation, a tree does better on fresh rows than the whole one, and the one-error rule makes it no larger. */
static void cross_validated(void **state)
{
    tree_params p = tree_defaults(TREE_SINGLE);
    double error[3], leaves[3];

    p.loss = TREE_SQUARED;
    p.min_leaf = 2;
    p.max_depth = 0;
    for (int k = 0; k < 3; k++) {
        tree_data half = data, rest = data;
        const double *x[P];
        tree_model *model;
        half.n = rest.n = N / 2;
        for (size_t j = 0; j < P; j++) x[j] = columns[j] + N / 2;
        rest.x = x;
        p.prune_folds = k ? 5 : 0;
        p.prune_one_error = k == 2;
        assert_int_equal(tree_fit(*state, &half, amount, NULL, &p, &model), TOC_OK);
        assert_int_equal(tree_predict(*state, model, &rest, score), TOC_OK);
        error[k] = leaves[k] = 0;
        for (size_t i = 0; i < N / 2; i++) {
            size_t before = 0;
            error[k] += (score[i] - amount[N / 2 + i]) * (score[i] - amount[N / 2 + i]);
            while (score[before] != score[i]) before++;
            leaves[k] += before == i;
        }
        tree_free(model);
    }
    assert_true(error[1] < error[0] && leaves[1] < leaves[0] && leaves[2] <= leaves[1] && leaves[1] > 1);
}

static double x_log2_x(double x)
{
    return x > 0 ? x * log2(x) : 0;
}

/* A stump by gain ratio splits the column that a plain search over all thresholds finds: the ratio counts among columns of at least average gain. */
static void gain_ratio(void **state)
{
    tree_params p = tree_defaults(TREE_SINGLE);
    size_t differ = 0;

    p.max_depth = 1;
    p.min_leaf = 1;
    for (size_t n = 60; n <= N; n += 40) {
        double gain[3] = { 0, 0, 0 }, ratio[3], mean = 0, importance[3];
        tree_data few = { n, 3, columns, names, NULL, NULL };
        tree_model *model;
        size_t best = 3, most = 0;
        for (size_t j = 0; j < 3; j++) {
            for (size_t t = 0; t < 2 * n; t++) {
                double c[2][2] = { { 0, 0 }, { 0, 0 } };
                for (size_t i = 0; i < n; i++) c[isnan(values[j][i]) ? t & 1 : values[j][i] <= values[j][t / 2]][label[i] > 0] += 1;
                double l = c[1][0] + c[1][1], r = c[0][0] + c[0][1], g = 0;
                if (l == 0 || r == 0) continue;
                for (int s = 0; s < 2; s++) g += x_log2_x(c[s][0]) + x_log2_x(c[s][1]) - x_log2_x(c[0][s] + c[1][s]);
                g = (g - x_log2_x(l) - x_log2_x(r) + x_log2_x((double)n)) / (double)n;
                if (g <= gain[j] + 1e-12) continue;
                gain[j] = g;
                ratio[j] = g / ((x_log2_x((double)n) - x_log2_x(l) - x_log2_x(r)) / (double)n);
            }
            mean += gain[j] / 3;
            if (gain[j] > gain[most]) most = j;
        }
        for (size_t j = 0; j < 3; j++)
            if (gain[j] >= mean && (best == 3 || ratio[j] > ratio[best])) best = j;
        p.criterion = TREE_RATIO;
        assert_int_equal(tree_fit(*state, &few, label, NULL, &p, &model), TOC_OK);
        tree_importance(model, importance);
        tree_free(model);
        assert_true(importance[best] == 1);
        differ += best != most;
    }
    assert_true(differ > 0);
}

static double auc_of(toc_ctx *ctx)
{
    uint8_t truth[N];
    double auc;

    for (size_t i = 0; i < N; i++) truth[i] = label[i] > 0;
    assert_int_equal(num_auc(ctx, score, truth, N, &auc), TOC_OK);
    return auc;
}

/* Extra trees: other thresholds for another seed, the same for any threads. */
static void extra(void **state)
{
    tree_params p = tree_defaults(TREE_EXTRA);
    toc_ctx *ctx = *state;
    double first[N];

    p.n_trees = 30;
    tree_free(fit(ctx, &p, label));
    assert_true(auc_of(ctx) > 0.8);
    memcpy(first, score, sizeof first);
    ctx->n_threads = 3;
    tree_free(fit(ctx, &p, label));
    ctx->n_threads = 1;
    assert_memory_equal(first, score, sizeof first);
    p.seed = 2;
    tree_free(fit(ctx, &p, label));
    assert_memory_not_equal(first, score, sizeof first);
}

/* No row's score moves the wrong way when a monotone column alone is changed; without the constraint some do. */
static void monotone(void **state)
{
    static const int8_t order[P] = { 1, -1, 0, 0 };

    for (int k = 0; k < 6; k++) {
        tree_params p = tree_defaults(k % 3 == 0 ? TREE_SINGLE : k % 3 == 1 ? TREE_FOREST : TREE_BOOST);
        double changed[2][N], before[N];
        const double *x[P] = { columns[0], columns[1], columns[2], columns[3] };
        tree_data other = data;
        size_t wrong[2] = { 0, 0 };
        p.n_trees = 25;
        p.min_leaf = 4;
        if (k >= 3) p.loss = TREE_SQUARED;
        other.x = x;
        for (int held = 0; held < 2; held++) {
            p.monotone = held ? order : NULL;
            tree_model *model = fit(*state, &p, k >= 3 ? amount : label);
            for (size_t j = 0; j < 2; j++) {
                x[j] = changed[0];
                for (double v = -0.5; v < 100; v += 3) {
                    for (size_t i = 0; i < N; i++) changed[0][i] = v;
                    assert_int_equal(tree_predict(*state, model, &other, changed[1]), TOC_OK);
                    for (size_t i = 0; v > 0 && i < N; i++) wrong[held] += (changed[1][i] - before[i]) * order[j] < -1e-12;
                    memcpy(before, changed[1], sizeof before);
                }
                x[j] = columns[j];
            }
            tree_free(model);
        }
        assert_true(wrong[0] > 0 && wrong[1] == 0);
    }
    tree_params p = tree_defaults(TREE_BOOST);
    static const int8_t texts[P] = { 0, 0, 0, 1 };
    tree_model *model;
    p.monotone = texts;
    assert_int_equal(tree_fit(*state, &data, label, NULL, &p, &model), TOC_E_USAGE);
}

static void quantiles(void **state)
{
    tree_params p = tree_defaults(TREE_BOOST);

    p.loss = TREE_QUANTILE;
    p.n_trees = 60;
    for (double q = 0.5; q < 1; q += 0.2) {
        double below = 0;
        p.quantile = q;
        tree_free(fit(*state, &p, amount));
        for (size_t i = 0; i < N; i++) below += amount[i] <= score[i];
        assert_true(fabs(below / N - q) < 0.05);
    }
}

static double deviance(const double *mean, double p)
{
    double sum = 0;

    for (size_t i = 0; i < N; i++) sum += pow(mean[i], 2 - p) / (2 - p) - amount[i] * pow(mean[i], 1 - p) / (1 - p);
    return sum;
}

static void tweedie(void **state)
{
    tree_params p = tree_defaults(TREE_BOOST);
    double constant[N], mean = num_mean(amount, N);

    p.loss = TREE_TWEEDIE;
    p.n_trees = 80;
    tree_free(fit(*state, &p, amount));
    for (size_t i = 0; i < N; i++) {
        constant[i] = mean;
        assert_true(score[i] > 0);
    }
    assert_true(fabs(num_mean(score, N) / mean - 1) < 0.15);
    assert_true(deviance(score, p.power) < deviance(constant, p.power));
    amount[0] = -1;
    tree_model *model;
    assert_int_equal(tree_fit(*state, &data, amount, NULL, &p, &model), TOC_E_DATA);
    amount[0] = 0;
}

/* Probabilities that sum to 1, right far more often than by chance; contributions of a class sum to its raw score. */
static void classes(void **state)
{
    tree_params p = tree_defaults(TREE_BOOST);
    double right = 0, phi[K][P + 1], sum[K];

    p.loss = TREE_MULTICLASS;
    p.n_classes = K;
    p.n_trees = 40;
    tree_model *model = fit(*state, &p, class);
    assert_int_equal(tree_model_outputs(model), K);
    assert_int_equal(tree_model_trees(model), K * 40);
    for (size_t i = 0; i < N; i++) {
        const double *q = many + i * K;
        size_t said = q[1] > q[0] ? 1 : 0;
        if (q[2] > q[said]) said = 2;
        right += (double)said == class[i];
        assert_true(fabs(q[0] + q[1] + q[2] - 1) < 1e-12);
    }
    assert_true(right / N > 0.85);
    for (size_t i = 0; i < N; i += 91) {
        for (size_t k = 0; k < K; k++) {
            assert_int_equal(tree_explain(*state, model, &data, k, i, 1, phi[k]), TOC_OK);
            sum[k] = 0;
            for (size_t j = 0; j <= P; j++) sum[k] += phi[k][j];
        }
        for (size_t k = 1; k < K; k++) assert_true(fabs(exp(sum[k] - sum[0]) / (many[i * K + k] / many[i * K]) - 1) < 1e-9);
    }
    tree_free(model);
    tree_model *none;
    p.n_classes = 2;
    assert_int_equal(tree_fit(*state, &data, class, NULL, &p, &none), TOC_E_DATA);
}

/* Labels that are noise in the tail stop the trees early; more patience never makes the kept number smaller. */
static void stopping(void **state)
{
    tree_params p = tree_defaults(TREE_BOOST);
    size_t kept[2];

    p.n_trees = 400;
    p.learning_rate = 0.3;
    for (size_t k = 0; k < 2; k++) {
        p.patience = k ? 60 : 5;
        tree_model *model = fit(*state, &p, label);
        kept[k] = tree_model_trees(model);
        tree_free(model);
    }
    assert_true(kept[0] >= 1 && kept[0] <= kept[1] && kept[1] < 400);
    p.patience = 0;
    tree_model *model = fit(*state, &p, label);
    assert_int_equal(tree_model_trees(model), 400);
    tree_free(model);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(pruning), cmocka_unit_test(cross_validated), cmocka_unit_test(gain_ratio), cmocka_unit_test(extra), cmocka_unit_test(monotone),
        cmocka_unit_test(quantiles), cmocka_unit_test(tweedie), cmocka_unit_test(classes), cmocka_unit_test(stopping),
    };
    return cmocka_run_group_tests_name("kinds", tests, setup, NULL);
}
