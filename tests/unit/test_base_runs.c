/* test_base_runs.c: records come back by key, equal keys in the order they were added, whether all fit in memory or many runs are merged. */
#include "base/base.h"

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

static void expect_sorted(size_t n, size_t most, uint64_t n_keys)
{
    toc_ctx ctx;
    toc_runs runs;
    toc_rng rng = toc_rng_new(n + most, 0);
    uint64_t keys = 0, sum = 0;
    toc_run_record last = {0}, r;
    bool there;
    size_t seen = 0;

    toc_ctx_init(&ctx);
    toc_runs_init(&runs, most);
    for (size_t i = 0; i < n; i++) {
        uint64_t key = toc_mix(toc_rng_below(&rng, n_keys));
        keys += key;
        assert_int_equal(toc_runs_add(&ctx, &runs, (toc_run_record){ key, { i, ~key } }), TOC_OK);
    }
    assert_int_equal(toc_runs_sort(&ctx, &runs), TOC_OK);
    for (;; seen++, last = r) {
        assert_int_equal(toc_runs_next(&ctx, &runs, &r, &there), TOC_OK);
        if (!there) break;
        assert_true(!seen || last.key < r.key || (last.key == r.key && last.value[0] < r.value[0]));
        assert_int_equal(r.value[1], ~r.key);
        sum += r.key;
    }
    assert_int_equal(seen, n);
    assert_true(sum == keys);
    assert_int_equal(toc_runs_next(&ctx, &runs, &r, &there), TOC_OK);
    assert_false(there);
    toc_runs_release(&runs);
    toc_ctx_release(&ctx);
}

static void in_memory(void **state)
{
    (void)state;
    expect_sorted(0, 10, 1);
    expect_sorted(1, 10, 1);
    expect_sorted(10, 10, 4);
    expect_sorted(5000, 5000, 100000);
}

static void in_runs(void **state)
{
    (void)state;
    expect_sorted(11, 10, 4);
    expect_sorted(20, 10, 3);
    expect_sorted(1000, 1, 50);
    expect_sorted(100000, 30000, 1000000); /* parts of a run, and a last one that is short */
    expect_sorted(100000, 7777, 300);
}

static void failing(void **state)
{
    (void)state;
    toc_status st = TOC_E_NOMEM;
    for (int64_t k = 0; st; k++) {
        toc_ctx ctx;
        toc_runs runs;
        toc_run_record r;
        bool there = true;
        toc_ctx_init(&ctx);
        ctx.allocations_left = k;
        toc_runs_init(&runs, 10);
        st = TOC_OK;
        for (uint64_t i = 0; i < 100 && !st; i++) st = toc_runs_add(&ctx, &runs, (toc_run_record){ toc_mix(i), { i, i } });
        if (!st) st = toc_runs_sort(&ctx, &runs);
        while (!st && there) st = toc_runs_next(&ctx, &runs, &r, &there);
        assert_true(!st || st == TOC_E_NOMEM);
        assert_true(k > 20 || st);
        toc_runs_release(&runs);
        toc_ctx_release(&ctx);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(in_memory), cmocka_unit_test(in_runs), cmocka_unit_test(failing) };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
