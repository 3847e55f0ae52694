/* Each layer and loss beside finite differences: with L = sum of r y for fixed r, what backward says of an input or parameter is the slope of L. */
#include "nn/nn.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

enum { ROOM = 4096 };

typedef struct layer_case layer_case;
struct layer_case {
    toc_ctx ctx;
    nn_params params;
    nn_work work;
    size_t starts[4], n, rows, n_in, n_out; /* texts, rows of x, columns of x and y */
    float x[ROOM], y[ROOM], r[ROOM], dx[ROOM], more[ROOM];
    size_t n_x, n_y;
    toc_status (*forward)(layer_case *c);
    toc_status (*backward)(layer_case *c);
    float step, bound;
    union {
        nn_linear linear;
        nn_norm norm;
        nn_embedding embedding;
        nn_attention attention;
        nn_conv conv;
        nn_gru gru;
        nn_activation activation;
        nn_pool pool;
    } of;
};

static void fill(float *x, size_t n, uint64_t stream)
{
    toc_rng rng = toc_rng_new(11, stream);

    for (size_t i = 0; i < n; i++) x[i] = (float)toc_rng_normal(&rng);
}

/* Three texts of 5, 1 and 20 rows. */
static layer_case *begin(size_t n_in, size_t n_out)
{
    static layer_case c;

    c = (layer_case){ .starts = { 0, 5, 6, 26 }, .n = 3, .rows = 26, .n_in = n_in, .n_out = n_out, .step = 1e-2f, .bound = 2e-3f };
    toc_ctx_init(&c.ctx);
    c.n_x = c.rows * n_in;
    c.n_y = c.rows * n_out;
    assert_true(c.n_x <= ROOM && c.n_y <= ROOM);
    fill(c.x, c.n_x, 1);
    return &c;
}

static double run(layer_case *c)
{
    double sum = 0;

    if (c->forward(c)) fail_msg("%s", c->ctx.message);
    for (size_t i = 0; i < c->n_y; i++) sum += (double)c->r[i] * (double)c->y[i];
    return sum;
}

static void compare(layer_case *c, const char *what, float *values, const float *gradient, size_t n)
{
    double largest = 1e-3;

    for (size_t i = 0; i < n; i++) largest = fmax(largest, fabs((double)gradient[i]));
    for (size_t i = 0; i < n; i++) {
        float was = values[i];
        values[i] = was + c->step;
        double up = run(c), wide = (double)values[i];
        values[i] = was - c->step;
        double slope = (up - run(c)) / (wide - (double)values[i]);
        values[i] = was;
        if (!(fabs(slope - (double)gradient[i]) < (double)c->bound * largest)) fail_msg("%s[%zu]: slope %.6g, backward says %.6g", what, i, slope, (double)gradient[i]);
    }
}

/* Parameters are random, and gradients are added to what is there. */
static void check(layer_case *c, bool input)
{
    fill(c->r, c->n_y, 2);
    for (size_t i = 0; i < c->params.n_values; i++) {
        c->params.gradients[i] = 1;
    }
    fill(c->params.values, c->params.n_values, 3);
    (void)run(c);
    if (c->backward(c)) fail_msg("%s", c->ctx.message);
    for (size_t i = 0; i < c->params.n_values; i++) c->params.gradients[i] -= 1;
    if (input) compare(c, "x", c->x, c->dx, c->n_x);
    for (size_t k = 0; k < c->params.n; k++) {
        const nn_param *p = &c->params.params[k];
        compare(c, p->name, c->params.values + p->at, c->params.gradients + p->gradient_at, p->n);
    }
    nn_params_release(&c->params);
    nn_work_release(&c->work);
    toc_ctx_release(&c->ctx);
}

static toc_status linear_forward(layer_case *c)
{
    return nn_linear_forward(&c->ctx, &c->work, &c->of.linear, c->x, c->rows, c->y);
}

static toc_status linear_backward(layer_case *c)
{
    return nn_linear_backward(&c->ctx, &c->work, &c->of.linear, c->x, c->rows, c->r, c->dx, false);
}

/* On kernels and on OpenBLAS; 33 outputs are more than a panel. */
static void test_linear(void **state)
{
    (void)state;
    for (int cpu = TOC_CPU_BEST; cpu <= TOC_CPU_PLAIN; cpu++) {
        layer_case *c = begin(7, 33);
        c->ctx.cpu = (toc_cpu)cpu;
        c->forward = linear_forward;
        c->backward = linear_backward;
        assert_int_equal(nn_linear_add(&c->ctx, &c->params, &c->of.linear, 7, 33, 1, "linear"), TOC_OK);
        assert_int_equal(nn_params_ready(&c->ctx, &c->params, true), TOC_OK);
        check(c, true);
    }
}

static toc_status norm_forward(layer_case *c)
{
    return nn_norm_forward(&c->ctx, &c->of.norm, c->x, c->rows, c->y);
}

static toc_status norm_backward(layer_case *c)
{
    return nn_norm_backward(&c->ctx, &c->of.norm, c->x, c->rows, c->r, c->dx);
}

static void test_norm(void **state)
{
    layer_case *c = begin(35, 35);

    (void)state;
    c->forward = norm_forward;
    c->backward = norm_backward;
    assert_int_equal(nn_norm_add(&c->ctx, &c->params, &c->of.norm, 35, 1e-5, "norm"), TOC_OK);
    assert_int_equal(nn_params_ready(&c->ctx, &c->params, true), TOC_OK);
    check(c, true);
}

static const uint32_t ids[26] = { 0, 3, 3, 1, 5, 5, 5, 2, 0, 1, 2, 3, 4, 5, 4, 3, 2, 1, 0, 0, 3, 3, 3, 1, 2, 5 };

static toc_status embedding_forward(layer_case *c)
{
    memset(c->y, 0, c->n_y * sizeof *c->y);
    return nn_embedding_forward(&c->ctx, &c->of.embedding, ids, c->rows, c->y);
}

static toc_status embedding_backward(layer_case *c)
{
    return nn_embedding_backward(&c->ctx, &c->of.embedding, ids, c->rows, c->r);
}

static void test_embedding(void **state)
{
    layer_case *c = begin(1, 70);

    (void)state;
    c->forward = embedding_forward;
    c->backward = embedding_backward;
    assert_int_equal(nn_embedding_add(&c->ctx, &c->params, &c->of.embedding, 6, 70, 1, "embedding"), TOC_OK);
    assert_int_equal(nn_params_ready(&c->ctx, &c->params, true), TOC_OK);
    check(c, false);
}

static toc_status activation_forward(layer_case *c)
{
    return nn_activation_forward(&c->ctx, c->of.activation, c->x, c->n_x, c->y);
}

static toc_status activation_backward(layer_case *c)
{
    return nn_activation_backward(&c->ctx, c->of.activation, c->x, c->n_x, c->r, c->dx);
}

static void test_activations(void **state)
{
    (void)state;
    for (int kind = NN_RELU; kind <= NN_SIGMOID; kind++) {
        layer_case *c = begin(9, 9);
        for (size_t i = 0; i < c->n_x; i++) c->x[i] += c->x[i] < 0 ? -0.05f : 0.05f; /* ReLU's corner */
        c->forward = activation_forward;
        c->backward = activation_backward;
        c->of.activation = (nn_activation)kind;
        check(c, true);
    }
}

/* GELU's derivative against the formula in double, far out too. */
static void test_gelu(void **state)
{
    toc_ctx ctx;

    (void)state;
    toc_ctx_init(&ctx);
    for (double v = -20; v <= 20; v += 1.0 / 64) {
        float x = (float)v, dy = 1, dx;
        double wanted = 0.5 * erfc(-v / sqrt(2)) + v * exp(-v * v / 2) / sqrt(2 * acos(-1));
        assert_int_equal(nn_activation_backward(&ctx, NN_GELU, &x, 1, &dy, &dx), TOC_OK);
        if (!(fabs((double)dx - wanted) < 1e-6)) fail_msg("at %g: %.9g, not %.9g", v, (double)dx, wanted);
    }
    toc_ctx_release(&ctx);
}

static toc_status attention_forward(layer_case *c)
{
    return nn_attention_forward(&c->ctx, &c->of.attention, c->x, c->starts, c->n, c->y);
}

static toc_status attention_backward(layer_case *c)
{
    return nn_attention_backward(&c->ctx, &c->of.attention, c->x, c->starts, c->n, c->r, c->dx);
}

static void test_attention(void **state)
{
    (void)state;
    for (int k = 0; k < 4; k++) {
        layer_case *c = begin(24, 8);
        c->forward = attention_forward;
        c->backward = attention_backward;
        c->of.attention = (nn_attention){ .hidden = 8, .n_heads = 2, .causal = k & 1, .drop = nn_drop_new(1, 2, 3, k & 2 ? 0.3f : 0) };
        check(c, true);
    }
}

static toc_status pool_forward(layer_case *c)
{
    return nn_pool_forward(&c->ctx, c->of.pool, c->x, c->starts, c->n, c->n_in, c->y);
}

static toc_status pool_backward(layer_case *c)
{
    return nn_pool_backward(&c->ctx, c->of.pool, c->x, c->starts, c->n, c->n_in, c->r, c->dx);
}

static void test_pools(void **state)
{
    (void)state;
    for (int kind = NN_FIRST; kind <= NN_MAX; kind++) {
        layer_case *c = begin(5, 5);
        for (size_t i = 0; i < c->n_x; i++) c->x[i] = (float)((i * 37) % 131) / 10; /* no two within a step */
        c->n_y = c->n * c->n_in;
        c->forward = pool_forward;
        c->backward = pool_backward;
        c->of.pool = (nn_pool)kind;
        check(c, true);
    }
}

static toc_status conv_forward(layer_case *c)
{
    return nn_conv_forward(&c->ctx, &c->work, &c->of.conv, c->x, c->starts, c->n, c->y);
}

static toc_status conv_backward(layer_case *c)
{
    return nn_conv_backward(&c->ctx, &c->work, &c->of.conv, c->x, c->starts, c->n, c->r, c->dx);
}

static void test_conv(void **state)
{
    (void)state;
    for (size_t before = 0; before < 3; before++) {
        layer_case *c = begin(4, 6);
        c->forward = conv_forward;
        c->backward = conv_backward;
        assert_int_equal(nn_conv_add(&c->ctx, &c->params, &c->of.conv, 4, 6, 3, before, "conv"), TOC_OK);
        assert_int_equal(nn_params_ready(&c->ctx, &c->params, true), TOC_OK);
        check(c, true);
    }
}

/* One weight of 1 at each place moves the rows. */
static void test_conv_places(void **state)
{
    layer_case *c = begin(1, 1);

    (void)state;
    assert_int_equal(nn_conv_add(&c->ctx, &c->params, &c->of.conv, 1, 1, 3, 1, "conv"), TOC_OK);
    assert_int_equal(nn_params_ready(&c->ctx, &c->params, false), TOC_OK);
    c->params.values[2] = 1;
    assert_int_equal(conv_forward(c), TOC_OK);
    for (size_t t = 0; t < 26; t++) assert_true(c->y[t] == (t == 4 || t == 5 || t == 25 ? 0 : c->x[t + 1]));
    nn_params_release(&c->params);
    nn_work_release(&c->work);
    toc_ctx_release(&c->ctx);
}

static toc_status gru_forward(layer_case *c)
{
    return nn_gru_forward(&c->ctx, &c->work, &c->of.gru, c->x, c->starts, c->n, c->y, c->more);
}

static toc_status gru_backward(layer_case *c)
{
    return nn_gru_backward(&c->ctx, &c->work, &c->of.gru, c->x, c->starts, c->n, c->y, c->r, c->more, c->dx);
}

static void test_gru(void **state)
{
    layer_case *c = begin(3, 4);

    (void)state;
    c->forward = gru_forward;
    c->backward = gru_backward;
    assert_int_equal(nn_gru_add(&c->ctx, &c->params, &c->of.gru, 3, 4, "gru"), TOC_OK);
    assert_int_equal(nn_params_ready(&c->ctx, &c->params, true), TOC_OK);
    check(c, true);
}

/* ---- losses: y is the loss alone ---- */

static const int32_t targets[26] = { 0, 1, 2, 3, 4, NN_IGNORED, 0, 0, 1, 2, 3, 4, 0, 1, 2, 3, 4, 0, 1, NN_IGNORED, 2, 3, 4, 0, 1, 2 };
static const float weights[5] = { 1, 2, 0.5f, 1, 3 };

static toc_status classes(layer_case *c, float *d)
{
    double loss;

    TOC_TRY(nn_loss_classes(&c->ctx, c->x, targets, weights, c->rows, c->n_in, &loss, d));
    c->y[0] = (float)loss;
    return TOC_OK;
}

static toc_status classes_forward(layer_case *c)
{
    return classes(c, NULL);
}

static toc_status classes_backward(layer_case *c)
{
    TOC_TRY(classes(c, c->dx));
    for (size_t i = 0; i < c->n_x; i++) c->dx[i] *= c->r[0];
    return TOC_OK;
}

static void check_loss(layer_case *c, toc_status (*forward)(layer_case *), toc_status (*backward)(layer_case *))
{
    c->n_y = 1;
    c->forward = forward;
    c->backward = backward;
    check(c, true);
}

static void test_classes(void **state)
{
    (void)state;
    layer_case *c = begin(5, 1);
    c->bound = 1e-2f;
    check_loss(c, classes_forward, classes_backward);
}

static toc_status binary(layer_case *c, float *d)
{
    double loss;

    for (size_t i = 0; i < c->rows; i++) c->more[i] = i % 3 ? 0 : i % 2 ? 1 : 0.25f;
    TOC_TRY(nn_loss_binary(&c->ctx, c->x, c->more, 3, c->rows, &loss, d));
    c->y[0] = (float)loss;
    return TOC_OK;
}

static toc_status binary_forward(layer_case *c)
{
    return binary(c, NULL);
}

static toc_status binary_backward(layer_case *c)
{
    TOC_TRY(binary(c, c->dx));
    for (size_t i = 0; i < c->n_x; i++) c->dx[i] *= c->r[0];
    return TOC_OK;
}

static toc_status squared(layer_case *c, float *d)
{
    double loss;

    TOC_TRY(nn_loss_squared(&c->ctx, c->x, c->more, c->rows, &loss, d));
    c->y[0] = (float)loss;
    return TOC_OK;
}

static toc_status squared_forward(layer_case *c)
{
    return squared(c, NULL);
}

static toc_status squared_backward(layer_case *c)
{
    TOC_TRY(squared(c, c->dx));
    for (size_t i = 0; i < c->n_x; i++) c->dx[i] *= c->r[0];
    return TOC_OK;
}

static void test_binary_and_squared(void **state)
{
    layer_case *c = begin(1, 1);

    (void)state;
    c->bound = 1e-2f;
    check_loss(c, binary_forward, binary_backward);
    c = begin(1, 1);
    fill(c->more, c->rows, 9);
    c->bound = 1e-2f;
    check_loss(c, squared_forward, squared_backward);
}

/* x: the rows of a, then those of b. */
static toc_status pairs(layer_case *c, float *da, float *db)
{
    size_t n = c->rows / 2;
    double loss;

    TOC_TRY(nn_loss_pairs(&c->ctx, &c->work, c->x, c->x + n * c->n_in, n, c->n_in, 0.5, &loss, da, db));
    c->y[0] = (float)loss;
    return TOC_OK;
}

static toc_status pairs_forward(layer_case *c)
{
    return pairs(c, NULL, NULL);
}

static toc_status pairs_backward(layer_case *c)
{
    TOC_TRY(pairs(c, c->dx, c->dx + c->rows / 2 * c->n_in));
    for (size_t i = 0; i < c->n_x; i++) c->dx[i] *= c->r[0];
    return TOC_OK;
}

static void test_pairs(void **state)
{
    layer_case *c = begin(6, 1);

    (void)state;
    c->bound = 1e-2f;
    check_loss(c, pairs_forward, pairs_backward);
}

/* Losses by hand. */
static void test_losses(void **state)
{
    toc_ctx ctx;
    double loss;
    const float logits[] = { 0, 0, 100, 0 }, far[] = { 200, -200 }, target[] = { 1, 0 };
    const int32_t second[] = { 1, NN_IGNORED }, none[] = { NN_IGNORED, NN_IGNORED };

    (void)state;
    toc_ctx_init(&ctx);
    assert_int_equal(nn_loss_classes(&ctx, logits, second, NULL, 2, 2, &loss, NULL), TOC_OK);
    assert_true(fabs(loss - log(2)) < 1e-7);
    assert_int_equal(nn_loss_classes(&ctx, logits, none, NULL, 2, 2, &loss, NULL), TOC_OK);
    assert_true(loss == 0);
    assert_int_equal(nn_loss_binary(&ctx, far, target, 1, 2, &loss, NULL), TOC_OK);
    assert_true(loss >= 0 && loss < 1e-12);
    assert_int_equal(nn_loss_binary(&ctx, far + 1, target, 2, 1, &loss, NULL), TOC_OK);
    assert_true(fabs(loss - 400) < 1e-9);
    toc_ctx_release(&ctx);
}

/* The share dropped, the mean kept, parts of a whole by place. */
static void test_dropout(void **state)
{
    enum { N = 100000 };
    static float x[N];
    toc_ctx ctx;
    size_t zeros = 0;
    double sum = 0;

    (void)state;
    toc_ctx_init(&ctx);
    for (size_t i = 0; i < N; i++) x[i] = 1;
    assert_int_equal(nn_dropout(&ctx, nn_drop_new(1, 1, 1, 0.1f), x, N), TOC_OK);
    for (size_t i = 0; i < N; i++) {
        zeros += x[i] == 0;
        sum += (double)x[i];
    }
    assert_true(zeros > 9700 && zeros < 10300);
    assert_true(fabs(sum / N - 1) < 0.005);
    toc_ctx_release(&ctx);
}

static void test_rates(void **state)
{
    (void)state;
    assert_true(nn_rate(2, NN_LINEAR_DECAY, 0, 4, 10) == 0 && nn_rate(2, NN_LINEAR_DECAY, 2, 4, 10) == 1 && nn_rate(2, NN_LINEAR_DECAY, 4, 4, 10) == 2);
    assert_true(nn_rate(2, NN_LINEAR_DECAY, 7, 4, 10) == 1 && nn_rate(2, NN_LINEAR_DECAY, 10, 4, 10) == 0);
    assert_true(fabs(nn_rate(2, NN_COSINE_DECAY, 7, 4, 10) - 1) < 1e-12 && nn_rate(2, NN_CONSTANT, 99, 4, 10) == 2);
    assert_true(nn_clip(3, 0) == 1 && nn_clip(0.5, 1) == 1 && fabs(nn_clip(4, 1) - 0.25) < 1e-6);
}

/* Adam's first step is the rate in the gradient's direction; with decay in the gradient or in the step. */
static void test_adam(void **state)
{
    toc_ctx ctx;

    (void)state;
    toc_ctx_init(&ctx);
    for (int coupled = 0; coupled < 2; coupled++) {
        nn_params params = {0};
        nn_adam adam;
        assert_int_equal(nn_params_add(&ctx, &params, NULL, 2, 1, 0, true, "matrix"), TOC_OK);
        assert_int_equal(nn_params_add(&ctx, &params, NULL, 1, 0, -1, false, "vector"), TOC_OK);
        assert_int_equal(nn_params_ready(&ctx, &params, true), TOC_OK);
        nn_params_start(&params, 1);
        assert_true(params.values[0] == 0 && params.values[2] == 1);
        params.values[0] = 10;
        params.gradients[0] = params.gradients[2] = -8;
        assert_int_equal(nn_adam_new(&ctx, &params, 0.1, &adam), TOC_OK);
        adam.coupled = coupled;
        assert_int_equal(nn_adam_step(&ctx, &adam, &params, 0.5, 0.5), TOC_OK);
        assert_true(fabs((double)params.values[0] - (coupled ? 10.5 : 10 * 0.95 + 0.5)) < 1e-5);
        assert_true(params.values[1] == 0 && fabs((double)params.values[2] - 1.5) < 1e-5);
        nn_adam_release(&adam);
        nn_params_release(&params);
    }
    toc_ctx_release(&ctx);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_linear), cmocka_unit_test(test_norm), cmocka_unit_test(test_embedding), cmocka_unit_test(test_activations),
        cmocka_unit_test(test_gelu), cmocka_unit_test(test_attention), cmocka_unit_test(test_pools), cmocka_unit_test(test_conv),
        cmocka_unit_test(test_conv_places), cmocka_unit_test(test_gru), cmocka_unit_test(test_classes), cmocka_unit_test(test_binary_and_squared),
        cmocka_unit_test(test_pairs), cmocka_unit_test(test_losses), cmocka_unit_test(test_dropout), cmocka_unit_test(test_rates), cmocka_unit_test(test_adam),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
