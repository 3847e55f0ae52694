/* test_base_ctx.c: messages, and memory that is aligned, zeroed, counted and given back, or refused without harm. */
#include <errno.h>
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
    toc_ctx_release(*state); /* twice is fine */
    return 0;
}

static void exit_codes(void **state)
{
    (void)state;
    assert_int_equal(toc_exit_code(TOC_OK), 0);
    assert_int_equal(toc_exit_code(TOC_FINDINGS), 1);
    assert_int_equal(toc_exit_code(TOC_E_USAGE), 2);
    assert_int_equal(toc_exit_code(TOC_E_DATA), 3);
    assert_int_equal(toc_exit_code(TOC_E_IO), 4);
    assert_int_equal(toc_exit_code(TOC_E_NOMEM), 4);
    assert_int_equal(toc_exit_code(TOC_E_BUG), 5);
    assert_int_equal(toc_exit_code(TOC_E_BUSY), 75);
    assert_int_equal(toc_exit_code(-1), 5);
    assert_int_equal(toc_exit_code(99), 5);
}

static void first_message_wins(void **state)
{
    toc_ctx *ctx = *state;

    assert_int_equal(toc_fail(ctx, TOC_E_DATA, "%s:%d", "file", 7), TOC_E_DATA);
    assert_int_equal(toc_fail(ctx, TOC_E_IO, "later"), TOC_E_IO);
    assert_string_equal(ctx->message, "file:7");
    ctx->message[0] = 0;
    assert_int_equal(toc_fail_errno(ctx, TOC_E_IO, ENOENT, "%s", "a.csv"), TOC_E_IO);
    assert_string_equal(ctx->message, "a.csv: No such file or directory");
    ctx->message[0] = 0;
    assert_int_equal(toc_fail_errno(ctx, TOC_E_IO, ENOMEM, "x"), TOC_E_NOMEM);
}

/* What came from a file cannot drive the terminal, and a long message loses neither half a character nor its reason. */
static void messages_are_safe(void **state)
{
    toc_ctx *ctx = *state;
    toc_buf text = {0};

    toc_fail(ctx, TOC_E_DATA, "bad \x1b[2J\a\x7f value\nsee help");
    assert_string_equal(ctx->message, "bad ?[2J?? value\nsee help");
    for (size_t shift = 0; shift < 3; shift++) {
        toc_buf_reset(&text);
        for (size_t i = 0; i < shift; i++) assert_int_equal(toc_buf_char(ctx, &text, 'x'), TOC_OK);
        for (size_t i = 0; i < 2000; i++) assert_int_equal(toc_buf_str(ctx, &text, "\xe6\x9c\x88"), TOC_OK);
        ctx->message[0] = 0;
        toc_fail(ctx, TOC_E_DATA, "%s", text.p);
        size_t n = strlen(ctx->message);
        assert_true(n > sizeof ctx->message - 5);
        assert_int_equal(toc_utf8_valid(toc_str_of(ctx->message)), n);
        ctx->message[0] = 0;
        toc_fail_errno(ctx, TOC_E_IO, ENOSPC, "%s", text.p);
        assert_true(toc_str_ends(toc_str_of(ctx->message), ": No space left on device"));
        assert_int_equal(toc_utf8_valid(toc_str_of(ctx->message)), strlen(ctx->message));
    }
    toc_buf_release(&text);
}

static void lines_and_traces(void **state)
{
    toc_ctx *ctx = *state;
    char line[512];

    assert_non_null(ctx->err = tmpfile());
    assert_non_null(ctx->trace = tmpfile());
    ctx->command = "churn";
    toc_warn(ctx, "%d rows\x1b", 3);
    toc_note(ctx, "unseen");
    ctx->verbose = 1;
    toc_note(ctx, "seen");
    rewind(ctx->err);
    assert_non_null(fgets(line, sizeof line, ctx->err));
    assert_string_equal(line, "tocsin churn: warning: 3 rows?\n");
    assert_non_null(fgets(line, sizeof line, ctx->err));
    assert_string_equal(line, "tocsin churn: seen\n");
    assert_null(fgets(line, sizeof line, ctx->err));
    toc_trace(ctx, "start", "say \"hi\"\\\n");
    rewind(ctx->trace);
    assert_non_null(fgets(line, sizeof line, ctx->trace));
    assert_true(toc_str_starts(toc_str_of(line), "{\"event\":\"start\",\"name\":\"say \\\"hi\\\"\\\\\\u000a\","));
    assert_true(toc_str_ends(toc_str_of(line), "}\n"));
    fclose(ctx->err);
    fclose(ctx->trace);
    ctx->trace = NULL;
    toc_trace(ctx, "no", "file");
}

static bool all_zero(const unsigned char *p, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (p[i]) return false;
    return true;
}

static void heap(void **state)
{
    toc_ctx *ctx = *state;
    unsigned char *p = NULL;
    uint32_t *numbers = NULL;
    size_t cap = 0;

    for (size_t n = 0; n < 300; n += 7) {
        assert_int_equal(toc_alloc(ctx, n, 3, &p), TOC_OK);
        assert_true(p && (uintptr_t)p % 64 == 0 && all_zero(p, n * 3));
        memset(p, 0xff, n * 3);
        toc_free(p);
    }
    for (size_t n = 0; n < 100000; n++) {
        size_t before = cap;
        assert_int_equal(toc_grow(ctx, &numbers, &cap, n + 1, sizeof *numbers), TOC_OK);
        assert_true(cap > n && (cap == before || cap >= 2 * before));
        numbers[n] = (uint32_t)n;
    }
    for (size_t n = 0; n < 100000; n++) assert_int_equal(numbers[n], n);
    toc_free(numbers);
    toc_free(NULL);
}

static void arena(void **state)
{
    toc_ctx *ctx = *state;
    toc_arena region = {0};
    toc_rng rng = toc_rng_new(9, 9);
    struct { unsigned char *p; size_t n; } pieces[600];
    size_t most = 40000;

    for (int round = 0; round < 2; round++) {
        for (size_t i = 0; i < TOC_COUNT(pieces); i++) { /* small ones, and some with a block of their own */
            size_t n = (size_t)toc_rng_below(&rng, i % 50 == 0 ? most * 10 : i % 10 == 0 ? most : 200);
            assert_int_equal(toc_arena_alloc(ctx, &region, n, 1, &pieces[i].p), TOC_OK);
            assert_true((uintptr_t)pieces[i].p % (n >= 64 ? 64 : 16) == 0 && all_zero(pieces[i].p, n));
            memset(pieces[i].p, (int)(i & 0x7f) + 1, n);
            pieces[i].n = n;
            if (i % 3 == 0) { /* texts between, which are not aligned */
                const char *text;
                assert_int_equal(toc_arena_copy(ctx, &region, "abc", i % 4, &text), TOC_OK);
                assert_int_equal(strlen(text), i % 4);
            }
        }
        for (size_t i = 0; i < TOC_COUNT(pieces); i++)
            for (size_t k = 0; k < pieces[i].n; k++) assert_int_equal(pieces[i].p[k], (i & 0x7f) + 1);
        toc_arena_release(&region);
        assert_null(region.head);
    }
    const char *text;
    assert_int_equal(toc_arena_printf(ctx, &region, &text, "%s-%05d", "a", 12), TOC_OK);
    assert_string_equal(text, "a-00012");
    assert_int_equal(toc_arena_printf(ctx, &region, &text, "%*d", 200000, 1), TOC_OK);
    assert_int_equal(strlen(text), 200000);
    assert_int_equal(toc_arena_copy(ctx, &region, NULL, 0, &text), TOC_OK);
    assert_string_equal(text, "");
    toc_arena_release(&region);
    toc_arena_release(&region);
}

static void impossible_sizes(void **state)
{
    toc_ctx *ctx = *state;
    size_t product = 5, cap = 0;
    void *p = NULL;
    const char *text = NULL;

    assert_int_equal(toc_mul_size(ctx, SIZE_MAX, 2, &product), TOC_E_NOMEM);
    assert_int_equal(product, 5);
    assert_int_equal(toc_mul_size(ctx, 6, 7, &product), TOC_OK);
    assert_int_equal(product, 42);
    assert_int_equal(toc_alloc(ctx, SIZE_MAX / 2, 4, &p), TOC_E_NOMEM);
    assert_int_equal(toc_alloc(ctx, SIZE_MAX - 8, 1, &p), TOC_E_NOMEM);
    assert_int_equal(toc_grow(ctx, &p, &cap, SIZE_MAX / 4, 8), TOC_E_NOMEM);
    assert_int_equal(toc_grow(ctx, &p, &cap, SIZE_MAX, 1), TOC_E_NOMEM);
    assert_int_equal(toc_arena_alloc(ctx, &ctx->arena, SIZE_MAX, 1, &p), TOC_E_NOMEM);
    assert_int_equal(toc_arena_copy(ctx, &ctx->arena, "x", SIZE_MAX, &text), TOC_E_NOMEM);
    assert_true(!p && !text && cap == 0);
    assert_true(ctx->message[0]);
}

static toc_status use_everything(toc_ctx *ctx)
{
    toc_arena region = {0};
    toc_buf buf = {0};
    int *p = NULL, *grown = NULL;
    size_t cap = 0;
    const char *text;
    toc_status st = TOC_OK;

    if ((st = toc_alloc(ctx, 10, sizeof *p, &p))) goto out;
    for (size_t n = 8; n <= 64; n *= 2)
        if ((st = toc_grow(ctx, &grown, &cap, n, sizeof *grown))) goto out;
    for (size_t i = 0; i < 4; i++)
        if ((st = toc_arena_printf(ctx, &region, &text, "%*d", 60000, 1))) goto out;
    st = toc_buf_str(ctx, &buf, "text");
out:
    toc_buf_release(&buf);
    toc_arena_release(&region);
    toc_free(grown);
    toc_free(p);
    return st;
}

static void each_allocation_may_fail(void **state)
{
    toc_ctx *ctx = *state;
    int64_t n = 0;

    for (;; n++) {
        ctx->allocations_left = n;
        ctx->message[0] = 0;
        toc_status st = use_everything(ctx);
        if (!st) break;
        assert_int_equal(st, TOC_E_NOMEM);
        assert_non_null(strstr(ctx->message, "out of memory"));
        assert_true(n < 100);
    }
    ctx->allocations_left = -1;
    assert_true(n >= 7); /* one alloc, four grows (the first is 8), at least one block, one buffer */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(exit_codes),
        cmocka_unit_test_setup_teardown(first_message_wins, setup, teardown),
        cmocka_unit_test_setup_teardown(messages_are_safe, setup, teardown),
        cmocka_unit_test_setup_teardown(lines_and_traces, setup, teardown),
        cmocka_unit_test_setup_teardown(heap, setup, teardown),
        cmocka_unit_test_setup_teardown(arena, setup, teardown),
        cmocka_unit_test_setup_teardown(impossible_sizes, setup, teardown),
        cmocka_unit_test_setup_teardown(each_allocation_may_fail, setup, teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
