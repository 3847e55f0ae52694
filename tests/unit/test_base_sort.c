/* test_base_sort.c: both sorts against insertion, with many equal keys, at the sizes where the method changes. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/base.h"

enum { MOST = 6000 };

static const size_t sizes[] = { 0, 1, 2, 3, 47, 48, 49, 50, 257, 2048, 4095, 4096, 4097, MOST };

static int setup(void **state)
{
    static toc_ctx ctx;

    toc_ctx_init(&ctx);
    *state = &ctx;
    return 0;
}

/* Shapes of keys: many equal, common bits, one bit at either end, all bits, ascending, descending. */
static uint64_t make_key(toc_rng *rng, int kind, size_t i)
{
    switch (kind) {
    case 0: return toc_rng_below(rng, 7);
    case 1: return UINT64_C(0xabc0000000000000) | toc_rng_below(rng, 1 << 20) << 13;
    case 2: return toc_rng_below(rng, 2) << 63 | toc_rng_below(rng, 2);
    case 3: return toc_rng_u64(rng);
    case 4: return i / 3;
    case 5: return UINT64_MAX - i / 3;
    default: return 42;
    }
}

/* Ascending, and equal keys in the order of `place` (where a row was on entry). */
static void assert_sorted(const uint64_t *keys, size_t n, const uint32_t *order, const uint32_t *place)
{
    static bool seen[MOST];

    memset(seen, 0, sizeof seen);
    for (size_t i = 0; i < n; i++) {
        assert_true(order[i] < n && !seen[order[i]]);
        seen[order[i]] = true;
        if (!i) continue;
        assert_true(keys[order[i - 1]] <= keys[order[i]]);
        if (keys[order[i - 1]] == keys[order[i]]) assert_true(place[order[i - 1]] < place[order[i]]);
    }
}

static void permutations(void **state)
{
    static uint64_t keys[MOST];
    static uint32_t order[MOST], place[MOST];
    toc_rng rng = toc_rng_new(1, 1);

    for (size_t s = 0; s < TOC_COUNT(sizes); s++) {
        for (int kind = 0; kind < 7; kind++) {
            size_t n = sizes[s];
            for (size_t i = 0; i < n; i++) {
                keys[i] = make_key(&rng, kind, i);
                place[i] = (uint32_t)i;
                order[i] = 12345; /* must not matter */
            }
            assert_int_equal(toc_sort_u64(*state, keys, n, false, order), TOC_OK);
            assert_sorted(keys, n, order, place);
            for (size_t i = 0; i < n; i++) order[i] = (uint32_t)i;
            for (size_t i = n; i > 1; i--) {
                size_t j = (size_t)toc_rng_below(&rng, i);
                uint32_t swap = order[i - 1];
                order[i - 1] = order[j];
                order[j] = swap;
            }
            for (size_t i = 0; i < n; i++) place[order[i]] = (uint32_t)i;
            assert_int_equal(toc_sort_u64(*state, keys, n, true, order), TOC_OK);
            assert_sorted(keys, n, order, place);
        }
    }
}

static void keys_keep_the_order(void **state)
{
    static const double values[] = { -INFINITY, -1e300, -2, -1, -1e-300, -5e-324, 0, 5e-324, 1e-300, 1, 2, 1e300, INFINITY };
    static const int64_t whole[] = { INT64_MIN, INT64_MIN + 1, -2, -1, 0, 1, 2, INT64_MAX };

    (void)state;
    for (size_t i = 1; i < TOC_COUNT(values); i++) assert_true(toc_key_f64(values[i - 1]) < toc_key_f64(values[i]));
    assert_true(toc_key_f64(-0.0) == toc_key_f64(0.0));
    assert_true(toc_key_f64(NAN) > toc_key_f64(INFINITY) && toc_key_f64(-NAN) == toc_key_f64(NAN));
    for (size_t i = 1; i < TOC_COUNT(whole); i++) assert_true(toc_key_i64(whole[i - 1]) < toc_key_i64(whole[i]));
}

typedef struct {
    int32_t key;
    uint32_t place;
    char filling[5];
} item;

static int by_key(const void *a, const void *b, const void *arg)
{
    int sign = *(const int *)arg;
    const item *x = a, *y = b;

    return sign * ((x->key > y->key) - (x->key < y->key));
}

static void merge_sort(void **state)
{
    static item items[MOST];
    toc_rng rng = toc_rng_new(2, 1);

    for (size_t s = 0; s < TOC_COUNT(sizes); s++) {
        for (int sign = -1; sign <= 1; sign += 2) {
            size_t n = sizes[s];
            for (size_t i = 0; i < n; i++) items[i] = (item){ .key = (int32_t)toc_rng_below(&rng, 50), .place = (uint32_t)i };
            assert_int_equal(toc_sort(*state, items, n, sizeof *items, by_key, &sign), TOC_OK);
            for (size_t i = 1; i < n; i++) {
                int c = by_key(&items[i - 1], &items[i], &sign);
                assert_true(c < 0 || (c == 0 && items[i - 1].place < items[i].place));
            }
        }
    }
}

static void out_of_memory(void **state)
{
    static uint64_t keys[MOST];
    static uint32_t order[MOST];
    toc_ctx *ctx = *state;
    item two[2] = { { .key = 1 }, { .key = 0 } };
    int sign = 1;

    for (size_t i = 0; i < MOST; i++) keys[i] = MOST - i;
    ctx->allocations_left = 0;
    assert_int_equal(toc_sort_u64(ctx, keys, MOST, false, order), TOC_E_NOMEM);
    ctx->allocations_left = 0;
    assert_int_equal(toc_sort(ctx, two, 2, sizeof *two, by_key, &sign), TOC_E_NOMEM);
    ctx->allocations_left = -1;
    assert_int_equal(two[0].key, 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(permutations, setup),
        cmocka_unit_test(keys_keep_the_order),
        cmocka_unit_test_setup(merge_sort, setup),
        cmocka_unit_test_setup(out_of_memory, setup),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
