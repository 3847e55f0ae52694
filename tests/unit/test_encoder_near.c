/* Pairs and ranks of random rows beside the plain loop over all of them, with more rows than a block has; NumPy files that lie. */
#include "encoder/encoder.h"
#include "../scratch.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

enum { ROWS = 2600, DIM = 20, MOST = 20000 };

typedef struct {
    int a, b;
    double cosine;
} pair;

typedef struct {
    pair pairs[MOST];
    size_t n;
} pairs;

/* Rows in bunches, of any length, some of them equal. */
static void make_rows(float *rows)
{
    toc_rng rng = toc_rng_new(5, 1);

    for (size_t i = 0; i < ROWS; i++) {
        const float *near = rows + toc_rng_below(&rng, i + 1) * DIM;
        bool bunch = i && i % 3 == 0;
        float size = (float)(0.1 + 3 * toc_rng_unit(&rng));
        for (size_t j = 0; j < DIM; j++) {
            float own = (float)toc_rng_normal(&rng);
            rows[i * DIM + j] = i % 50 == 49 ? near[j] * 2 : bunch ? size * (near[j] + 0.1f * own) : size * own;
        }
    }
}

static double cosine(const float *a, const float *b)
{
    double ab = 0, aa = 0, bb = 0;

    for (size_t j = 0; j < DIM; j++) {
        ab += (double)a[j] * (double)b[j];
        aa += (double)a[j] * (double)a[j];
        bb += (double)b[j] * (double)b[j];
    }
    return ab / sqrt(aa * bb);
}

static toc_status take_pair(toc_ctx *ctx, void *arg, toc_str a, toc_str b, double c)
{
    pairs *p = arg;
    int64_t first, second;
    (void)ctx;

    assert_true(p->n < MOST && toc_parse_int(a, &first) && toc_parse_int(b, &second));
    p->pairs[p->n++] = (pair){ (int)first, (int)second, c };
    return TOC_OK;
}

static enc_near *fill(toc_ctx *ctx, const float *rows)
{
    enc_near *near = NULL;
    char name[24];

    assert_int_equal(enc_near_new(ctx, DIM, &near), TOC_OK);
    for (size_t i = 0; i < ROWS; i++) {
        size_t n = toc_format_int((int64_t)i, name);
        assert_int_equal(enc_near_add(ctx, near, (toc_str){ name, n }, rows + i * DIM), TOC_OK);
    }
    return near;
}

static void test_pairs(void **state)
{
    static float rows[ROWS * DIM];
    static pairs one, two;
    const double threshold = 0.8;
    size_t n_sure = 0, n_unsure = 0;
    toc_ctx ctx;

    (void)state;
    toc_ctx_init(&ctx);
    make_rows(rows);
    enc_near *near = fill(&ctx, rows);
    assert_int_equal(enc_near_pairs(&ctx, near, threshold, 0, take_pair, &one), TOC_OK);
    for (int a = 0; a < ROWS; a++) {
        for (int b = a + 1; b < ROWS; b++) {
            double c = cosine(rows + (size_t)a * DIM, rows + (size_t)b * DIM);
            n_sure += c > threshold + 2e-6;
            n_unsure += fabs(c - threshold) <= 2e-6;
        }
    }
    assert_true(n_sure > 500 && one.n >= n_sure && one.n <= n_sure + n_unsure);
    for (size_t k = 0; k < one.n; k++) {
        const pair *p = &one.pairs[k], *before = k ? p - 1 : NULL;
        assert_true(p->a < p->b && fabs(p->cosine - cosine(rows + (size_t)p->a * DIM, rows + (size_t)p->b * DIM)) < 2e-6);
        if (!before) continue;
        bool ordered = before->cosine > p->cosine || (before->cosine == p->cosine && (before->a < p->a || (before->a == p->a && before->b < p->b)));
        if (!ordered) fail_msg("pair %zu is out of order", k);
    }
    ctx.n_threads = 3;
    assert_int_equal(enc_near_pairs(&ctx, near, threshold, 0, take_pair, &two), TOC_OK);
    assert_true(two.n == one.n && memcmp(one.pairs, two.pairs, one.n * sizeof *one.pairs) == 0);
    two.n = 0;
    assert_int_equal(enc_near_pairs(&ctx, near, threshold, 7, take_pair, &two), TOC_OK);
    assert_true(two.n == 7 && memcmp(one.pairs, two.pairs, 7 * sizeof *one.pairs) == 0);
    enc_near_free(near);
    toc_ctx_release(&ctx);
}

static toc_status take_answer(toc_ctx *ctx, void *arg, size_t place, toc_str id, toc_str text, double c)
{
    (void)text;
    assert_int_equal(place, ((pairs *)arg)->n + 1);
    return take_pair(ctx, arg, id, id, c);
}

static void test_rank(void **state)
{
    static float rows[ROWS * DIM];
    static pairs got;
    enum { TOP = 40 };
    enc_rank *rank = NULL;
    char name[24];
    toc_ctx ctx;

    (void)state;
    toc_ctx_init(&ctx);
    make_rows(rows);
    assert_int_equal(enc_rank_new(&ctx, DIM, rows + 3 * DIM, 2, TOP, &rank), TOC_OK);
    for (size_t i = 0; i < ROWS; i++) {
        size_t n = toc_format_int((int64_t)i, name);
        assert_int_equal(enc_rank_add(&ctx, rank, (toc_str){ name, n }, TOC_STR("words"), rows + i * DIM), TOC_OK);
    }
    for (size_t q = 0; q < 2; q++) {
        got.n = 0;
        assert_int_equal(enc_rank_answers(&ctx, rank, q, take_answer, &got), TOC_OK);
        assert_int_equal(got.n, TOP);
        assert_true(fabs(got.pairs[0].cosine - 1) < 1e-9);
        for (size_t k = 0; k < TOP; k++) {
            size_t n_better = 0;
            assert_true(fabs(got.pairs[k].cosine - cosine(rows + (3 + q) * DIM, rows + (size_t)got.pairs[k].a * DIM)) < 1e-6);
            for (size_t i = 0; i < ROWS; i++) n_better += cosine(rows + (3 + q) * DIM, rows + i * DIM) > got.pairs[k].cosine + 2e-6;
            assert_true(n_better <= k);
            if (k) assert_true(got.pairs[k].cosine < got.pairs[k - 1].cosine || got.pairs[k].a > got.pairs[k - 1].a);
        }
    }
    enc_rank_free(rank);
    toc_ctx_release(&ctx);
}

/* ---- NumPy files ---- */

static toc_status count_rows(toc_ctx *ctx, void *arg, size_t first, const float *rows, size_t n, size_t dim)
{
    size_t *count = arg;
    (void)ctx;
    assert_int_equal(first, *count);
    for (size_t i = 0; i < n * dim; i++) assert_true(rows[i] == (float)(first * dim + i));
    *count += n;
    return TOC_OK;
}

static toc_status read_npy(const char *header, size_t n_floats, bool *is_npy, size_t *count)
{
    const char *path = scratch_path("v.npy");
    const uint16_t length = (uint16_t)strlen(header);
    const char start[] = { '\x93', 'N', 'U', 'M', 'P', 'Y', 1, 0, (char)(length & 255), (char)(length >> 8) };
    toc_ctx ctx;
    FILE *file = fopen(path, "wb");

    assert_non_null(file);
    fwrite(start, 1, sizeof start, file);
    fwrite(header, 1, length, file);
    for (size_t i = 0; i < n_floats; i++) {
        float x = (float)i;
        fwrite(&x, sizeof x, 1, file);
    }
    fclose(file);
    toc_ctx_init(&ctx);
    *count = 0;
    toc_status st = enc_npy_read(&ctx, path, 4, count_rows, count, is_npy);
    toc_ctx_release(&ctx);
    return st;
}

static void test_npy(void **state)
{
    static const char *const wrong[] = {
        "{'descr': '<f8', 'fortran_order': False, 'shape': (10, 3), }", "{'descr': '<f4', 'fortran_order': True, 'shape': (10, 3), }",
        "{'descr': '<f4', 'fortran_order': False, 'shape': (30,), }",   "{'descr': '<f4', 'fortran_order': False, 'shape': (10, 3, 1), }",
        "{'descr': '<f4', 'fortran_order': False, 'shape': (11, 3), }", "{'descr': '<f4', 'fortran_order': False, 'shape': (0, 3), }",
        "{'descr': '<f4', 'fortran_order': False, 'shape': (10, 99999999999999999999), }", "{'descr': '<f4', 'fortran_order': False, 'shape': (1, 0), }",
        "{'descr': '<f4', 'fortran_order': False, 'shape': (9223372036854775807, 16384), }", "{'descr': '<f4', 'shape': (10, 3), }", "",
    };
    bool is_npy;
    size_t count;

    (void)state;
    assert_int_equal(read_npy("{'descr': '<f4', 'fortran_order': False, 'shape': (10, 3), }   \n", 30, &is_npy, &count), TOC_OK);
    assert_true(is_npy && count == 10);
    for (size_t i = 0; i < TOC_COUNT(wrong); i++)
        if (read_npy(wrong[i], 30, &is_npy, &count) != TOC_E_DATA) fail_msg("%s was read", wrong[i]);
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(test_pairs), cmocka_unit_test(test_rank), cmocka_unit_test(test_npy) };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
