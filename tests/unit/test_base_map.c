/* test_base_map.c: the map against a plain array, the pool's codes, texts and ranks, and both when memory runs out. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/base.h"

static int setup(void **state)
{
    static toc_ctx ctx;

    toc_ctx_init(&ctx);
    *state = &ctx;
    return 0;
}

static int teardown(void **state)
{
    toc_ctx_release(*state);
    return 0;
}

static uint64_t spread(uint64_t i, int kind)
{
    return kind == 0 ? i : kind == 1 ? i << 40 : kind == 2 ? ~i : toc_pair((uint32_t)i, (uint32_t)(i * 3));
}

static void map_holds_what_was_put(void **state)
{
    static uint64_t want[5000];
    toc_rng rng = toc_rng_new(1, 1);

    for (int kind = 0; kind < 4; kind++) {
        toc_map map = {0};
        size_t n = 0;
        memset(want, 0, sizeof want);
        assert_null(toc_map_find(&map, 0));
        for (size_t i = 0; i < 50000; i++) {
            size_t k = (size_t)toc_rng_below(&rng, TOC_COUNT(want));
            uint64_t *value;
            bool fresh;
            assert_int_equal(toc_map_at(*state, &map, spread(k, kind), &value, &fresh), TOC_OK);
            assert_int_equal(fresh, want[k] == 0);
            assert_int_equal(*value, want[k]);
            n += fresh;
            *value = ++want[k];
        }
        assert_int_equal(map.n, n);
        for (size_t k = 0; k < TOC_COUNT(want); k++) {
            uint64_t *value = toc_map_find(&map, spread(k, kind));
            assert_int_equal(value ? *value : 0, want[k]);
        }
        assert_null(toc_map_find(&map, spread(TOC_COUNT(want), kind)));
        toc_map_release(&map);
        toc_map_release(&map);
    }
}

static size_t name_of(size_t i, char *text)
{
    return (size_t)snprintf(text, 32, i % 3 == 0 ? "%zu" : i % 3 == 1 ? "customer-%06zu" : "%zu@example.org", i);
}

static void pool_numbers_texts(void **state)
{
    toc_pool pool = {0};
    uint32_t code = 9;
    char text[32];

    assert_int_equal(toc_pool_size(&pool), 1);
    assert_string_equal(toc_pool_text(&pool, 0), "");
    assert_string_equal(toc_pool_text(&pool, 7), "");
    assert_true(toc_pool_find(&pool, TOC_STR(""), &code) && code == 0);
    assert_false(toc_pool_find(&pool, TOC_STR("x"), &code));
    assert_int_equal(toc_pool_intern(*state, &pool, (toc_str){ NULL, 0 }, &code), TOC_OK);
    assert_int_equal(code, 0);
    for (int round = 0; round < 2; round++) {
        for (size_t i = 0; i < 30000; i++) {
            size_t n = name_of(i, text);
            assert_int_equal(toc_pool_intern(*state, &pool, (toc_str){ text, n }, &code), TOC_OK);
            assert_int_equal(code, i + 1); /* in order of appearance */
            memset(text, 'x', sizeof text); /* the pool has its own copy */
        }
    }
    assert_int_equal(toc_pool_size(&pool), 30001);
    for (size_t i = 0; i < 30000; i++) {
        size_t n = name_of(i, text);
        assert_true(toc_pool_find(&pool, (toc_str){ text, n }, &code) && code == i + 1);
        assert_string_equal(toc_pool_text(&pool, code), text);
        assert_int_equal(toc_pool_str(&pool, code).n, n);
    }
    assert_false(toc_pool_find(&pool, TOC_STR("30000"), &code));
    assert_int_equal(code, 0);
    assert_int_equal(toc_pool_intern(*state, &pool, TOC_STR("a\0b"), &code), TOC_OK); /* NULs count */
    assert_int_equal(code, 30001);
    assert_int_equal(toc_pool_intern(*state, &pool, TOC_STR("a\0c"), &code), TOC_OK);
    assert_int_equal(code, 30002);
    toc_pool_release(&pool);
    toc_pool_release(&pool);
}

/* Texts that all begin with `front`, of up to `most` random bytes behind. */
static void ranks_of(toc_ctx *ctx, const char *front, size_t most)
{
    toc_pool pool = {0};
    toc_rng rng = toc_rng_new(4, 1);
    uint32_t code, *rank = NULL, *code_at = NULL;
    char text[40];

    for (size_t i = 0; i < 5000; i++) {
        size_t n = strlen(front), random = (size_t)toc_rng_below(&rng, most + 1);
        memcpy(text, front, n);
        for (size_t k = 0; k < random; k++) text[n++] = (char)("ab\xff\0"[toc_rng_below(&rng, 4)]);
        assert_int_equal(toc_pool_intern(ctx, &pool, (toc_str){ text, n }, &code), TOC_OK);
    }
    size_t n = toc_pool_size(&pool);
    assert_int_equal(toc_alloc(ctx, n, sizeof *rank, &rank), TOC_OK);
    assert_int_equal(toc_alloc(ctx, n, sizeof *code_at, &code_at), TOC_OK);
    assert_int_equal(toc_pool_rank(ctx, &pool, rank), TOC_OK);
    assert_int_equal(rank[0], 0); /* the empty text is before all others */
    for (size_t i = 0; i < n; i++) {
        assert_true(rank[i] < n && code_at[rank[i]] == 0);
        code_at[rank[i]] = (uint32_t)i;
    }
    for (size_t i = 1; i < n; i++) assert_true(toc_str_cmp(toc_pool_str(&pool, code_at[i - 1]), toc_pool_str(&pool, code_at[i])) < 0);
    toc_free(rank);
    toc_free(code_at);
    toc_pool_release(&pool);
}

static void ranks_follow_the_bytes(void **state)
{
    ranks_of(*state, "", 7);
    ranks_of(*state, "", 20);
    ranks_of(*state, "customer-", 3);
    ranks_of(*state, "customer-", 20);
}

/* A failed call leaves what was there, and the next one may succeed. */
static void memory_runs_out(void **state)
{
    toc_ctx *ctx = *state;
    toc_pool pool = {0};
    toc_map map = {0};
    char text[32];
    size_t failures = 0;

    for (size_t i = 0; i < 3000; i++) {
        uint64_t *value = NULL;
        uint32_t code = 0;
        size_t n = name_of(i, text);
        for (int64_t left = 0;; left++) {
            ctx->allocations_left = left;
            toc_status st = toc_pool_intern(ctx, &pool, (toc_str){ text, n }, &code);
            if (!st) break;
            assert_int_equal(st, TOC_E_NOMEM);
            assert_int_equal(toc_pool_size(&pool), i + 1);
            failures++;
        }
        assert_int_equal(code, i + 1);
        for (int64_t left = 0;; left++) {
            ctx->allocations_left = left;
            toc_status st = toc_map_at(ctx, &map, i, &value, NULL);
            if (!st) break;
            assert_int_equal(st, TOC_E_NOMEM);
            assert_int_equal(map.n, i);
            failures++;
        }
        *value = i + 7;
    }
    ctx->allocations_left = -1;
    assert_true(failures > 30);
    for (size_t i = 0; i < 3000; i++) {
        uint32_t code;
        size_t n = name_of(i, text);
        assert_true(toc_pool_find(&pool, (toc_str){ text, n }, &code) && code == i + 1);
        assert_int_equal(*toc_map_find(&map, i), i + 7);
    }
    toc_pool_release(&pool);
    toc_map_release(&map);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(map_holds_what_was_put, setup, teardown),
        cmocka_unit_test_setup_teardown(pool_numbers_texts, setup, teardown),
        cmocka_unit_test_setup_teardown(ranks_follow_the_bytes, setup, teardown),
        cmocka_unit_test_setup_teardown(memory_runs_out, setup, teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
