/* Attention beside sums in double, in every precision, on all kernels that this CPU runs. */
#include "num/num.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

typedef struct {
    size_t n, hidden, n_heads;
} shape;

static const shape shapes[] = { { 1, 4, 1 }, { 2, 12, 3 }, { 7, 14, 2 }, { 31, 40, 2 }, { 33, 64, 2 }, { 77, 144, 2 } }; /* d = 7 is odd; 20, 32 and 72 fill panels in part, whole, and more */

static float *filled(toc_ctx *ctx, size_t n, uint64_t stream)
{
    toc_rng rng = toc_rng_new(11, stream);
    float *x = NULL;

    assert_int_equal(toc_arena_alloc(ctx, &ctx->arena, n, sizeof *x, &x), TOC_OK);
    for (size_t i = 0; i < n; i++) x[i] = (float)toc_rng_normal(&rng);
    return x;
}

/* One row and head in double. */
static void reference(const shape *s, bool causal, const float *qkv, size_t row, size_t head, double *out)
{
    size_t d = s->hidden / s->n_heads, stride = 3 * s->hidden, n = causal ? row + 1 : s->n;
    const float *q = qkv + row * stride + head * d, *keys = qkv + s->hidden + head * d, *values = keys + s->hidden;
    double sum = 0;

    memset(out, 0, d * sizeof *out);
    for (size_t t = 0; t < n; t++) {
        double score = 0;
        for (size_t j = 0; j < d; j++) score += (double)q[j] * (double)keys[t * stride + j];
        double e = exp(score / sqrt((double)d));
        sum += e;
        for (size_t j = 0; j < d; j++) out[j] += e * (double)values[t * stride + j];
    }
    for (size_t j = 0; j < d; j++) out[j] /= sum;
}

static void check(toc_ctx *ctx, num_precision precision, const shape *s, bool causal)
{
    size_t d = s->hidden / s->n_heads;
    num_attention a = num_attention_plan(ctx, precision, s->hidden, s->n_heads, causal);
    float *qkv = filled(ctx, s->n * 3 * s->hidden, 1), *out = filled(ctx, s->n * s->hidden, 2);
    double right[128], error = 0;
    void *scratch = NULL;

    assert_int_equal(toc_arena_alloc(ctx, &ctx->arena, num_attention_scratch(ctx, &a, s->n), 1, &scratch), TOC_OK);
    num_attend(ctx, &a, qkv, s->n, scratch, out);
    for (size_t i = 0; i < s->n; i++)
        for (size_t head = 0; head < s->n_heads; head++) {
            reference(s, causal, qkv, i, head, right);
            for (size_t j = 0; j < d; j++) error = fmax(error, fabs(right[j] - (double)out[i * s->hidden + head * d + j]));
        }
    double most = a.precision == NUM_FP32 ? 2e-6 : 0.04;
    if (error > most) fail_msg("n %zu, hidden %zu, heads %zu, %s, precision %d, cpu %d: off by %g", s->n, s->hidden, s->n_heads, causal ? "causal" : "all", a.precision, ctx->cpu, error);
    if (a.precision == NUM_BF16 && s->n > 1 && error < 1e-5) fail_msg("nothing was rounded");
}

static void test_attention(void **state)
{
    (void)state;
    for (toc_cpu cpu = TOC_CPU_BEST; cpu <= TOC_CPU_PLAIN; cpu++)
        for (num_precision p = NUM_FP32; p <= NUM_INT8; p++)
            for (size_t s = 0; s < 2 * TOC_COUNT(shapes); s++) {
                toc_ctx ctx;
                toc_ctx_init(&ctx);
                ctx.cpu = cpu;
                check(&ctx, p, &shapes[s / 2], s % 2);
                toc_ctx_release(&ctx);
            }
}

/* Both neighbours of an odd d belong to others: their infinity must not be seen. */
static void test_neighbours(void **state)
{
    const shape s = { 3, 14, 2 };
    toc_ctx ctx;

    (void)state;
    toc_ctx_init(&ctx);
    num_attention a = num_attention_plan(&ctx, NUM_BF16, s.hidden, s.n_heads, false);
    float *qkv = filled(&ctx, s.n * 3 * s.hidden, 1), out[3 * 14];
    void *scratch = NULL;
    for (size_t i = 0; i < s.n; i++) qkv[i * 3 * s.hidden + 7] = INFINITY; /* the second head's first */
    assert_int_equal(toc_arena_alloc(&ctx, &ctx.arena, num_attention_scratch(&ctx, &a, s.n), 1, &scratch), TOC_OK);
    num_attend(&ctx, &a, qkv, s.n, scratch, out);
    for (size_t i = 0; i < s.n; i++)
        for (size_t j = 0; j < 7; j++) assert_true(isfinite(out[i * 14 + j]));
    toc_ctx_release(&ctx);
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(test_attention), cmocka_unit_test(test_neighbours) };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
