/* test_base_thread.c: each task once, the same results and the same failure for any number of threads; what workers share bears it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/base.h"

enum { TASKS = 500 };

static const size_t thread_counts[] = { 1, 2, 3, 8, 1000 };

typedef struct {
    uint64_t sums[TASKS];
    int times[TASKS];
    size_t fails_from; /* tasks at or above that are multiples of 7 fail */
} job;

static toc_status add_up(toc_ctx *ctx, void *arg, size_t task)
{
    job *j = arg;
    toc_rng rng = toc_rng_new(ctx->seed, task);

    j->times[task]++;
    for (size_t i = 0; i < 200; i++) j->sums[task] += toc_rng_u64(&rng);
    if (task >= j->fails_from && task % 7 == 0) return toc_fail(ctx, TOC_E_DATA + (task % 2 ? 1 : 0), "task %zu", task);
    return TOC_OK;
}

static void each_task_once(void **state)
{
    static job one, many;
    toc_ctx ctx;

    (void)state;
    toc_ctx_init(&ctx);
    for (size_t t = 0; t < TOC_COUNT(thread_counts); t++) {
        for (size_t n = 0; n <= TASKS; n = n * 2 + 1) {
            job *j = t ? &many : &one;
            memset(j, 0, sizeof *j);
            j->fails_from = SIZE_MAX;
            ctx.n_threads = thread_counts[t];
            assert_int_equal(toc_parallel(&ctx, n, add_up, j), TOC_OK);
            for (size_t i = 0; i < TASKS; i++) assert_int_equal(j->times[i], i < n);
            if (!t) continue;
            ctx.n_threads = 1;
            memset(&one, 0, sizeof one);
            one.fails_from = SIZE_MAX;
            assert_int_equal(toc_parallel(&ctx, n, add_up, &one), TOC_OK);
            assert_memory_equal(one.sums, many.sums, sizeof one.sums);
        }
    }
    toc_ctx_release(&ctx);
}

static void lowest_failure(void **state)
{
    static job j;
    toc_ctx ctx;

    (void)state;
    for (size_t t = 0; t < TOC_COUNT(thread_counts); t++) {
        for (size_t from = 0; from < 60; from++) {
            size_t lowest = (from + 6) / 7 * 7;
            toc_ctx_init(&ctx);
            ctx.n_threads = thread_counts[t];
            memset(&j, 0, sizeof j);
            j.fails_from = from;
            assert_int_equal(toc_parallel(&ctx, TASKS, add_up, &j), TOC_E_DATA + (lowest % 2 ? 1 : 0));
            assert_int_equal(strncmp(ctx.message, "task ", 5), 0);
            for (size_t i = 0; i < TASKS; i++) assert_true(j.times[i] == 1 || (j.times[i] == 0 && i > lowest));
            if (thread_counts[t] == 1) assert_int_equal(j.times[lowest + 1], 0);
            toc_ctx_release(&ctx);
        }
    }
}

typedef struct {
    const char *texts[TASKS];
    uint64_t *numbers[TASKS];
} shared;

/* The context's arena, messages and counter from all threads at once. */
static toc_status use_context(toc_ctx *ctx, void *arg, size_t task)
{
    shared *s = arg;
    char *scratch;

    for (size_t i = 0; i < 20; i++) {
        TOC_TRY(toc_arena_printf(ctx, &ctx->arena, &s->texts[task], "task %zu", task));
        TOC_TRY(toc_arena_alloc(ctx, &ctx->arena, 100 + task % 50, sizeof **s->numbers, &s->numbers[task]));
        for (size_t k = 0; k < 100; k++) s->numbers[task][k] = task;
    }
    TOC_TRY(toc_alloc(ctx, task + 1, 1, &scratch));
    toc_free(scratch);
    if (task % 50 == 0) toc_warn(ctx, "task %zu", task);
    return TOC_OK;
}

static void context_is_shared(void **state)
{
    static shared s;
    toc_ctx ctx;
    char text[32];

    (void)state;
    toc_ctx_init(&ctx);
    assert_non_null(ctx.err = tmpfile());
    ctx.n_threads = 8;
    assert_int_equal(toc_parallel(&ctx, TASKS, use_context, &s), TOC_OK);
    for (size_t task = 0; task < TASKS; task++) {
        snprintf(text, sizeof text, "task %zu", task);
        assert_string_equal(s.texts[task], text);
        for (size_t k = 0; k < 100; k++) assert_int_equal(s.numbers[task][k], task);
    }
    rewind(ctx.err);
    for (size_t lines = 0; lines < TASKS / 50; lines++) {
        assert_non_null(fgets(text, sizeof text, ctx.err));
        assert_int_equal(strncmp(text, "tocsin: warning: task ", 22), 0);
    }
    for (int64_t left = 0; left < 300; left += 37) { /* one fails, whoever asks for it */
        toc_arena_release(&ctx.arena);
        ctx.message[0] = 0;
        ctx.allocations_left = left;
        assert_int_equal(toc_parallel(&ctx, TASKS, use_context, &s), TOC_E_NOMEM);
        assert_non_null(strstr(ctx.message, "out of memory"));
    }
    fclose(ctx.err);
    toc_ctx_release(&ctx);
}

static toc_status nested(toc_ctx *ctx, void *arg, size_t task)
{
    job *jobs = arg;
    jobs[task].fails_from = SIZE_MAX;
    return toc_parallel(ctx, 20, add_up, &jobs[task]);
}

static void loops_within_loops(void **state)
{
    static job jobs[4];
    toc_ctx ctx;

    (void)state;
    toc_ctx_init(&ctx);
    ctx.n_threads = 3;
    assert_int_equal(toc_parallel(&ctx, TOC_COUNT(jobs), nested, jobs), TOC_OK);
    for (size_t i = 1; i < TOC_COUNT(jobs); i++) assert_memory_equal(jobs[0].sums, jobs[i].sums, sizeof jobs[0].sums);
    toc_ctx_release(&ctx);
}

static toc_status loop_beside(toc_ctx *ctx, void *arg)
{
    for (size_t i = 0; i < 50; i++) TOC_TRY(nested(ctx, arg, 0));
    return TOC_OK;
}

/* Loops of two threads at a time: one has the others' help, the other runs alone. */
static void loops_side_by_side(void **state)
{
    static job beside, mine;
    toc_task task;
    toc_ctx ctx;

    (void)state;
    toc_ctx_init(&ctx);
    ctx.n_threads = 3;
    toc_task_start(&ctx, &task, loop_beside, &beside);
    assert_int_equal(loop_beside(&ctx, &mine), TOC_OK);
    assert_int_equal(toc_task_wait(&task), TOC_OK);
    for (size_t i = 0; i < 20; i++) assert_int_equal(mine.times[i], 50);
    assert_memory_equal(mine.sums, beside.sums, sizeof mine.sums);
    toc_ctx_release(&ctx);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_task_once), cmocka_unit_test(lowest_failure), cmocka_unit_test(context_is_shared), cmocka_unit_test(loops_within_loops),
        cmocka_unit_test(loops_side_by_side),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
