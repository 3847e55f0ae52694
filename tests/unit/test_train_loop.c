/* The loop of training with a task so small that its loss is known: a run that breaks off at any batch and goes on from its state ends in the same bytes, and
 * patience ends one that gets no better. */
#include "train/train.h"
#include "../scratch.h"

#include <setjmp.h>
#include <stdarg.h>
#include <unistd.h>
#include <cmocka.h>

enum { ROWS = 40, D = 8, EPOCHS = 3 };

/* Learns D numbers: the loss of a row is half the squared distance to numbers drawn from the row and the batch. */
typedef struct {
    nn_params params;
    nn_slot slot;
    trn_corpus rows;
    size_t batches, breaks_at; /* learned from; 0 = never */
    float kept[D];
    bool worsens;
} toy;

static toc_status learn(toc_ctx *ctx, void *arg, const uint32_t *rows, size_t n, uint64_t number, double scale, double *loss)
{
    toy *t = arg;

    if (t->breaks_at && ++t->batches == t->breaks_at) return toc_fail(ctx, TOC_E_BUG, "broken off");
    *loss = 0;
    for (size_t i = 0; i < n; i++) {
        toc_rng rng = toc_rng_new(rows[i], number);
        for (size_t k = 0; k < D; k++) {
            double d = (double)t->slot.x[k] - toc_rng_normal(&rng);
            *loss += d * d / 2 / (double)n;
            t->slot.d[k] += (float)(scale * d / (double)n);
        }
    }
    return TOC_OK;
}

static toc_status judge(toc_ctx *ctx, void *arg, const uint32_t *rows, size_t n, double *loss, double *right)
{
    toy *t = arg;

    (void)ctx;
    (void)rows;
    *loss = t->worsens ? (double)++t->batches : (double)t->slot.x[0];
    *right = (double)n;
    return TOC_OK;
}

static toc_status keep(toc_ctx *ctx, void *arg)
{
    toy *t = arg;

    (void)ctx;
    memcpy(t->kept, t->slot.x, sizeof t->kept);
    return TOC_OK;
}

static toc_status run(toy *t, const trn_plan *plan, trn_outcome *outcome)
{
    toc_ctx ctx;
    size_t starts[ROWS + 1] = {0};

    toc_ctx_init(&ctx);
    for (size_t i = 0; i < ROWS; i++) starts[i + 1] = starts[i] + 3 + i % 5;
    t->rows = (trn_corpus){ .starts = starts, .n = ROWS };
    assert_int_equal(nn_params_add(&ctx, &t->params, &t->slot, D, 0, 1, true, "numbers"), TOC_OK);
    assert_int_equal(nn_params_ready(&ctx, &t->params, true), TOC_OK);
    nn_params_start(&t->params, 1);
    const trn_task task = { .params = &t->params, .arg = t, .rows = &t->rows, .learn = learn, .judge = judge, .keep = keep };
    *outcome = (trn_outcome){0};
    toc_status st = trn_run(&ctx, plan, &task, outcome);
    if (st && st != TOC_E_BUG) fail_msg("%s", ctx.message);
    nn_params_release(&t->params);
    toc_ctx_release(&ctx);
    return st;
}

static void test_resumed(void **state)
{
    const char *path = scratch_path("state");
    trn_plan plan = { .epochs = EPOCHS, .batch_tokens = 20, .accumulate = 2, .rate = 0.1, .decay = 0.01, .clip = 1, .warmup = 0.1, .settings = 7 };
    toy whole = {0};
    trn_outcome outcome;

    (void)state;
    assert_int_equal(run(&whole, &plan, &outcome), TOC_OK);
    assert_false(outcome.resumed);
    assert_true(outcome.steps > 10);
    plan.state = path;
    for (size_t at = 3; at < 2 * outcome.steps; at += 4) {
        toy broken = { .breaks_at = at }, again = {0};
        trn_outcome second;
        assert_int_equal(run(&broken, &plan, &second), TOC_E_BUG);
        assert_int_equal(access(path, F_OK), 0);
        assert_int_equal(run(&again, &plan, &second), TOC_OK);
        assert_true(second.resumed);
        assert_memory_equal(again.kept, whole.kept, sizeof whole.kept);
        assert_int_equal(access(path, F_OK), -1);
    }
}

static void test_patience(void **state)
{
    const trn_plan plan = { .epochs = 50, .batch_tokens = 20, .accumulate = 1, .rate = 0.1, .held_out = 0.3, .patience = 2 };
    toy t = { .worsens = true };
    trn_outcome outcome;

    (void)state;
    assert_int_equal(run(&t, &plan, &outcome), TOC_OK);
    assert_true(outcome.early);
    assert_true(outcome.epochs <= 3);
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(test_resumed), cmocka_unit_test(test_patience) };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
