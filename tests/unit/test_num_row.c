/* Softmax, GELU and layer normalisation beside plain loops in double. */
#include "num/num.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

static toc_ctx ctx;

enum { MOST = 1024 };
static const size_t lengths[] = { 1, 2, 15, 16, 17, 31, 33, 100, 384, 1000 };

static void fill(float *x, size_t n, double spread, uint64_t stream)
{
    toc_rng rng = toc_rng_new(5, stream);
    for (size_t i = 0; i < n; i++) x[i] = (float)(spread * toc_rng_normal(&rng));
}

static void near(const float *a, const float *b, size_t n, double bound, size_t length)
{
    for (size_t i = 0; i < n; i++)
        if (!(fabs((double)a[i] - (double)b[i]) <= bound * fmax(1, fabs((double)b[i])))) fail_msg("length %zu, entry %zu: %g, not %g", length, i, (double)a[i], (double)b[i]);
}

static void test_softmax(void **state)
{
    (void)state;
    float a[2 * MOST], b[2 * MOST];
    for (size_t k = 0; k < TOC_COUNT(lengths); k++) {
        size_t n = lengths[k], stride = (n + 15) & ~(size_t)15;
        fill(a, 2 * stride, k % 2 ? 1 : 30, k);
        memcpy(b, a, sizeof b);
        num_softmax(&ctx, a, 2, n, stride, 0.35f);
        num_ref_softmax(b, 2, n, stride, 0.35f);
        near(a, b, 2 * stride, 3e-7, n);
    }
    float extreme[16] = { 3e38f, -3e38f, 3e38f, 0 };
    num_softmax(&ctx, extreme, 1, 4, 16, 1);
    assert_true(fabsf(extreme[0] - 0.5f) < 1e-6f && extreme[1] < 1e-30f && extreme[4] == 0);
}

static void compare_activation(num_activation kind, double error)
{
    float a[3 * MOST], b[3 * MOST], v[3 * MOST], bias[MOST];
    for (size_t k = 0; k < TOC_COUNT(lengths); k++) {
        size_t n = lengths[k];
        fill(a, 3 * n, 3, k);
        fill(bias, n, 1, 100 + k);
        a[0] = k % 2 ? -1e30f : 1e30f;
        for (size_t i = 0; i < 3 * n; i++) a[i] = b[i] = v[i] = a[i] + bias[i % n];
        memset(bias, 0, sizeof bias);
        num_activate(&ctx, a, n, bias, kind, 3, n);
        num_ref_activate(b, bias, kind, 3, n);
        for (size_t i = 0; i < 3 * n; i++)
            if (!(fabs((double)a[i] - (double)b[i]) <= error * fmax(1, fabs((double)v[i]))))
                fail_msg("activation %d of %g is %g, not %g", (int)kind, (double)v[i], (double)a[i], (double)b[i]);
    }
    float nan[1] = { NAN }, zero[1] = { 0 };
    num_activate(&ctx, nan, 1, zero, kind, 1, 1);
    assert_true(isnan(nan[0]));
}

static void test_activations(void **state)
{
    (void)state;
    float one[1] = { 1 }, bias_one[1] = { 1 };
    compare_activation(NUM_LINEAR, 0);
    compare_activation(NUM_GELU, 3e-7);
    compare_activation(NUM_GELU_TANH, 3e-7);
    compare_activation(NUM_RELU, 0);
    num_activate(&ctx, one, 1, bias_one, NUM_GELU, 1, 1); /* the bias counts: gelu(2) */
    assert_true(fabsf(one[0] - 1.9544997f) < 1e-6f);
}

static void test_layer_norm(void **state)
{
    (void)state;
    float a[2 * MOST], b[2 * MOST], bias[MOST], gamma[MOST], beta[MOST];
    for (size_t k = 0; k < TOC_COUNT(lengths); k++) {
        size_t n = lengths[k];
        fill(a, 2 * n, 2, k);
        fill(bias, n, 1, 100 + k);
        fill(gamma, n, 1, 200 + k);
        fill(beta, n, 1, 300 + k);
        memcpy(b, a, sizeof b);
        num_layer_norm(&ctx, a, k % 2 ? bias : NULL, gamma, beta, 1e-5f, 2, n);
        num_ref_layer_norm(b, k % 2 ? bias : NULL, gamma, beta, 1e-5f, 2, n);
        /* Fewer than 3 numbers may lie so close that the difference to their mean is rounding alone. */
        near(a, b, 2 * n, n < 3 ? 1e-3 : 5e-6, n);
    }
}

static void test_add_bias(void **state)
{
    (void)state;
    float a[2 * 17], bias[17];
    fill(a, 34, 1, 1);
    fill(bias, 17, 1, 2);
    float want = a[33] + bias[16];
    num_activate(&ctx, a, 17, bias, NUM_LINEAR, 2, 17);
    assert_true(a[33] == want);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_softmax), cmocka_unit_test(test_activations), cmocka_unit_test(test_layer_norm), cmocka_unit_test(test_add_bias),
    };
    int failed = 0;
    toc_ctx_init(&ctx);
    for (ctx.cpu = TOC_CPU_BEST; ctx.cpu <= TOC_CPU_PLAIN; ctx.cpu++) failed += cmocka_run_group_tests(tests, NULL, NULL);
    toc_ctx_release(&ctx);
    return failed;
}
