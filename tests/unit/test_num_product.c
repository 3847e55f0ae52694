/* Products with packed weights beside sums in double, in every precision, on all kernels that this CPU runs. */
#include "num/num.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

static const size_t shapes[][3] = { { 1, 1, 1 }, { 3, 33, 7 }, { 14, 32, 64 }, { 15, 31, 63 }, { 29, 100, 385 }, { 97, 64, 1030 } };
static const num_precision precisions[] = { NUM_FP32, NUM_BF16, NUM_INT8 };

static float *normals(toc_ctx *ctx, size_t n, uint64_t stream)
{
    toc_rng rng = toc_rng_new(7, stream);
    float *x = NULL;

    assert_int_equal(toc_arena_alloc(ctx, &ctx->arena, n, sizeof *x, &x), TOC_OK);
    for (size_t i = 0; i < n; i++) x[i] = (float)toc_rng_normal(&rng);
    return x;
}

static num_weights packed(toc_ctx *ctx, num_precision precision, const float *source, size_t n_out, size_t n_in)
{
    num_weights w = num_weights_plan(ctx, precision, n_out, n_in);
    void *memory = NULL;

    assert_int_equal(toc_arena_alloc(ctx, &ctx->arena, w.bytes, 1, &memory), TOC_OK);
    num_weights_fill(&w, memory, source, n_in, 1);
    return w;
}

static void product(toc_ctx *ctx, const num_weights *w, const float *a, size_t n, float *c, const float *bias, num_activation activation, bool add)
{
    void *scratch = NULL;
    size_t bytes = num_product_scratch(w, n);

    if (bytes) assert_int_equal(toc_arena_alloc(ctx, &ctx->arena, bytes, 1, &scratch), TOC_OK);
    num_product(w, a, w->n_in, n, scratch, c, w->n_out, bias, activation, add);
}

/* Rounding to p bits leaves an error of 2^-p of each factor at most; sums of n such errors grow as sqrt(n). */
static double bound_of(const num_weights *w)
{
    double n = sqrt((double)w->n_in);

    if (w->precision == NUM_FP32) return 5e-6 * n;
    return (w->precision == NUM_BF16 ? 0.01 : strcmp(num_weights_kernel(w), "avx2_maddubs") == 0 ? 0.1 : 0.06) * n;
}

static void check(toc_ctx *ctx, num_precision precision, size_t n, size_t n_out, size_t n_in)
{
    float *a = normals(ctx, n * n_in, 1), *b = normals(ctx, n_out * n_in, 2), *bias = normals(ctx, n_out, 3), *c = normals(ctx, n * n_out, 4), *sum = NULL;
    num_weights w = packed(ctx, precision, b, n_out, n_in);

    assert_int_equal(toc_arena_alloc(ctx, &ctx->arena, n * n_out, sizeof *sum, &sum), TOC_OK);
    memcpy(sum, c, n * n_out * sizeof *c);
    product(ctx, &w, a, n, sum, bias, NUM_LINEAR, true);
    double error = 0;
    for (size_t i = 0; i < n; i++)
        for (size_t o = 0; o < n_out; o++) {
            double v = (double)c[i * n_out + o] + (double)bias[o];
            for (size_t k = 0; k < n_in; k++) v += (double)a[i * n_in + k] * (double)b[o * n_in + k];
            error = fmax(error, fabs(v - (double)sum[i * n_out + o]));
        }
    if (error > bound_of(&w)) fail_msg("%s %d: %zu x %zu x %zu: off by %g, at most %g", num_weights_kernel(&w), precision, n, n_out, n_in, error, bound_of(&w));
    if (precision != NUM_FP32 && n_in > 60 && error < 1e-4) fail_msg("%s: nothing was rounded", num_weights_kernel(&w));
}

static void test_sums(void **state)
{
    (void)state;
    for (toc_cpu cpu = TOC_CPU_BEST; cpu <= TOC_CPU_PLAIN; cpu++)
        for (size_t p = 0; p < TOC_COUNT(precisions); p++)
            for (size_t s = 0; s < TOC_COUNT(shapes); s++) {
                toc_ctx ctx;
                toc_ctx_init(&ctx);
                ctx.cpu = cpu;
                check(&ctx, precisions[p], shapes[s][0], shapes[s][1], shapes[s][2]);
                toc_ctx_release(&ctx);
            }
}

/* A row has the same bits alone and among others. */
static void test_company(void **state)
{
    (void)state;
    enum { N = 31, OUT = 70, IN = 130 };
    for (size_t p = 0; p < TOC_COUNT(precisions); p++) {
        toc_ctx ctx;
        toc_ctx_init(&ctx);
        float *a = normals(&ctx, N * IN, 1), *b = normals(&ctx, OUT * IN, 2), *bias = normals(&ctx, OUT, 3);
        float together[N * OUT], alone[OUT];
        num_weights w = packed(&ctx, precisions[p], b, OUT, IN);
        product(&ctx, &w, a, N, together, bias, NUM_GELU, false);
        for (size_t i = 0; i < N && w.kernel; i++) {
            product(&ctx, &w, a + i * IN, 1, alone, bias, NUM_GELU, false);
            assert_memory_equal(alone, together + i * OUT, sizeof alone);
        }
        toc_ctx_release(&ctx);
    }
}

/* A matrix that is read by columns, and rows that lie in wider ones: what attention does. */
static void test_strides(void **state)
{
    (void)state;
    enum { N = 5, OUT = 40, IN = 9, WIDE = 64 };
    toc_ctx ctx;
    toc_ctx_init(&ctx);
    float *a = normals(&ctx, N * WIDE, 1), *b = normals(&ctx, IN * WIDE, 2), c[N * WIDE], straight[N * OUT], turned[OUT * IN], narrow[N * IN];
    for (size_t o = 0; o < OUT; o++)
        for (size_t i = 0; i < IN; i++) turned[o * IN + i] = b[i * WIDE + o];
    for (size_t i = 0; i < N; i++) memcpy(narrow + i * IN, a + i * WIDE, IN * sizeof *a);
    num_weights w = num_weights_plan(&ctx, NUM_FP32, OUT, IN), v = packed(&ctx, NUM_FP32, turned, OUT, IN);
    void *memory = NULL;
    assert_int_equal(toc_arena_alloc(&ctx, &ctx.arena, w.bytes, 1, &memory), TOC_OK);
    num_weights_fill(&w, memory, b, 1, WIDE);
    for (size_t i = 0; i < N * WIDE; i++) c[i] = 77;
    num_product(&w, a, WIDE, N, NULL, c, WIDE, NULL, NUM_LINEAR, false);
    product(&ctx, &v, narrow, N, straight, NULL, NUM_LINEAR, false);
    for (size_t i = 0; i < N; i++) {
        assert_memory_equal(c + i * WIDE, straight + i * OUT, OUT * sizeof *c);
        assert_true(c[i * WIDE + OUT] == 77); /* nothing is written beside */
    }
    toc_ctx_release(&ctx);
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(test_sums), cmocka_unit_test(test_company), cmocka_unit_test(test_strides) };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
