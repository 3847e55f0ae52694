/* loop.c: epochs of shuffled rows, steps of AdamW, and what makes a long run bearable. */
#include <errno.h>
#include <math.h>
#include <unistd.h>

#include "train/train_int.h"

enum { LOG_EVERY = 20 }; /* steps */

typedef struct {
    const trn_plan *plan;
    const trn_task *task;
    trn_outcome *outcome;
    uint32_t *order, *held_out; /* rows to learn from, in this epoch's order; rows to judge */
    size_t n, n_held_out;
    trn_position at;
    nn_adam adam;
    FILE *log; /* NULL = none */
    toc_progress progress;
    double before, saved; /* seconds of earlier calls; when the last state was written */
    size_t cap_points;
} run;

static double elapsed(const run *r)
{
    return r->before + toc_progress_seconds(&r->progress);
}

/* Rows held out are a matter of seed and row alone. */
static toc_status part_rows(toc_ctx *ctx, run *r)
{
    size_t n = r->task->rows->n;

    TOC_TRY(toc_arena_alloc(ctx, &ctx->arena, n + 1, sizeof *r->order, &r->order));
    TOC_TRY(toc_arena_alloc(ctx, &ctx->arena, n + 1, sizeof *r->held_out, &r->held_out));
    for (size_t i = 0; i < n; i++) {
        double u = (double)(toc_mix(toc_mix(ctx->seed ^ 0x68656c64) + i) >> 11) * 0x1p-53;
        if (u < r->plan->held_out) r->held_out[r->n_held_out++] = (uint32_t)i;
        else r->order[r->n++] = (uint32_t)i;
    }
    if (r->n < 2) return toc_fail(ctx, TOC_E_DATA, "%zu texts to learn from: at least two are needed", r->n);
    return TOC_OK;
}

/* The order of an epoch: sorted first, so that it does not depend on the one before. */
static void shuffle(toc_ctx *ctx, run *r)
{
    toc_rng rng = toc_rng_new(ctx->seed, 0x73687566 + r->at.epoch);
    size_t n = 0, h = 0;

    for (uint32_t i = 0; i < r->task->rows->n; i++) {
        if (h < r->n_held_out && r->held_out[h] == i) h++;
        else r->order[n++] = i;
    }
    for (size_t i = n; i > 1; i--) {
        size_t j = toc_rng_below(&rng, i);
        uint32_t keep = r->order[i - 1];
        r->order[i - 1] = r->order[j];
        r->order[j] = keep;
    }
}

/* Rows of the next batch; a last single row goes with those before. */
static size_t batch_rows(const run *r)
{
    size_t n = 0, tokens = 0, left = r->n - r->at.row;

    while (n < left && (n < 2 || tokens < r->plan->batch_tokens)) tokens += trn_tokens_of(r->task->rows, r->order[r->at.row + n++]);
    return left - n == 1 ? left : n;
}

/* How far the run is, 0 to 1. */
static double share_done(const run *r)
{
    double rows = ((double)r->at.epoch + (double)r->at.row / (double)r->n) / (double)r->plan->epochs;
    double time = r->plan->seconds > 0 ? elapsed(r) / r->plan->seconds : 0;

    return TOC_MIN(1.0, TOC_MAX(rows, time));
}

static double rate_now(const run *r)
{
    double done = share_done(r), warmup = r->plan->warmup;

    if (done < warmup) return r->plan->rate * done / warmup;
    return r->plan->rate * (1 - done) / TOC_MAX(1 - warmup, 1e-9);
}

static toc_status add_point(toc_ctx *ctx, run *r, double loss, double held_out, double right)
{
    trn_outcome *o = r->outcome;

    if (o->n_points == r->cap_points) {
        trn_point *more;
        r->cap_points = TOC_MAX((size_t)256, 2 * r->cap_points);
        TOC_TRY(toc_arena_alloc(ctx, &ctx->arena, r->cap_points, sizeof *more, &more));
        if (o->n_points) memcpy(more, o->points, o->n_points * sizeof *more);
        o->points = more;
    }
    o->points[o->n_points++] = (trn_point){ (double)r->at.steps, loss, held_out, right };
    return TOC_OK;
}

static toc_status report(toc_ctx *ctx, run *r)
{
    double loss = r->at.loss_sum / (double)r->at.loss_batches, seconds = elapsed(r), rate = (double)r->at.tokens / TOC_MAX(seconds, 1e-9);

    if (r->log) {
        fprintf(r->log, "{\"step\":%llu,\"epoch\":%.4f,\"loss\":%.6f,\"rate\":%.4g,\"tokens_per_second\":%.0f,\"seconds\":%.1f}\n", (unsigned long long)r->at.steps,
                       (double)r->at.epoch + (double)r->at.row / (double)r->n, loss, rate_now(r), rate, seconds);
    }
    if (toc_progress_due(&r->progress)) toc_progress_show(ctx, &r->progress, share_done(r), "step %llu, loss %.4f, %.0f tokens/s", (unsigned long long)r->at.steps, loss, rate);
    TOC_TRY(add_point(ctx, r, loss, NAN, NAN));
    r->at.loss_sum = 0;
    r->at.loss_batches = 0;
    return TOC_OK;
}

static toc_status judge(toc_ctx *ctx, run *r, double *loss, double *right)
{
    *loss = *right = NAN;
    if (!r->n_held_out) return TOC_OK;
    TOC_TRY(r->task->judge(ctx, r->task->arg, r->held_out, r->n_held_out, loss, right));
    if (!isfinite(*loss)) return toc_fail(ctx, TOC_E_DATA, "the loss is no number after step %llu: a smaller rate= may help", (unsigned long long)r->at.steps);
    if (r->log) fprintf(r->log, "{\"step\":%llu,\"held_out_loss\":%.6f,\"right\":%.6f}\n", (unsigned long long)r->at.steps, *loss, *right);
    return add_point(ctx, r, NAN, *loss, *right);
}

/* The end of an epoch, or of the time. *stop: no better for long. */
static toc_status end_epoch(toc_ctx *ctx, run *r, bool *stop)
{
    double loss, right;

    TOC_TRY(judge(ctx, r, &loss, &right));
    if (isnan(loss) || loss < r->at.best_loss || isnan(r->at.best_loss)) {
        r->at.best_loss = loss;
        r->at.best_right = right;
        r->at.bad_epochs = 0;
        return isnan(loss) ? TOC_OK : r->task->keep(ctx, r->task->arg);
    }
    *stop = r->plan->patience && ++r->at.bad_epochs >= r->plan->patience;
    return TOC_OK;
}

/* One step: `accumulate` batches, fewer at the end of an epoch. */
static toc_status step(toc_ctx *ctx, run *r)
{
    double norm, loss;

    TOC_TRY(nn_params_clear(ctx, r->task->params));
    for (size_t k = 0; k < r->plan->accumulate && r->at.row < r->n; k++) {
        size_t n = batch_rows(r);
        const uint32_t *rows = r->order + r->at.row;
        TOC_TRY(r->task->learn(ctx, r->task->arg, rows, n, r->at.batches, 1.0 / (double)r->plan->accumulate, &loss));
        if (!isfinite(loss)) return toc_fail(ctx, TOC_E_DATA, "the loss is no number in step %llu: a smaller rate= may help", (unsigned long long)r->at.steps + 1);
        for (size_t i = 0; i < n; i++) r->at.tokens += trn_tokens_of(r->task->rows, rows[i]);
        r->at.row += n;
        r->at.batches++;
        r->at.loss_sum += loss;
        r->at.loss_batches++;
    }
    TOC_TRY(nn_gradient_norm(ctx, r->task->params, &norm));
    TOC_TRY(nn_adam_step(ctx, &r->adam, r->task->params, rate_now(r), nn_clip(norm, r->plan->clip)));
    if (++r->at.steps % LOG_EVERY == 0) TOC_TRY(report(ctx, r));
    if (!r->plan->state || elapsed(r) - r->saved < r->plan->every) return TOC_OK;
    r->at.seconds = r->saved = elapsed(r);
    return trn_state_save(ctx, r->plan, &r->at, r->task->params, &r->adam);
}

static toc_status learn(toc_ctx *ctx, run *r)
{
    trn_outcome *o = r->outcome;
    bool stop = false;

    while (r->at.epoch < r->plan->epochs && !stop) {
        shuffle(ctx, r);
        while (r->at.row < r->n && !o->timed_out) {
            TOC_TRY(step(ctx, r));
            o->timed_out = r->plan->seconds > 0 && elapsed(r) >= r->plan->seconds;
        }
        TOC_TRY(end_epoch(ctx, r, &stop));
        o->early = stop;
        r->at.epoch++;
        r->at.row = 0;
        stop |= o->timed_out;
    }
    if (r->at.loss_batches) TOC_TRY(report(ctx, r));
    return r->n_held_out ? TOC_OK : r->task->keep(ctx, r->task->arg);
}

/* Appended to line by line, so that it can be watched, and that a run that goes on continues it. */
static toc_status open_log(toc_ctx *ctx, run *r)
{
    r->log = fopen(r->plan->log, "ae");
    if (!r->log) return toc_fail_errno(ctx, TOC_E_IO, errno, "cannot open %s", r->plan->log);
    (void)setvbuf(r->log, NULL, _IOLBF, 0);
    return TOC_OK;
}

static toc_status begin(toc_ctx *ctx, run *r)
{
    double right;

    TOC_TRY(part_rows(ctx, r));
    TOC_TRY(nn_adam_new(ctx, r->task->params, r->plan->decay, &r->adam));
    if (r->plan->state) TOC_TRY(trn_state_load(ctx, r->plan, &r->at, r->task->params, &r->adam, &r->outcome->resumed));
    if (r->plan->log) TOC_TRY(open_log(ctx, r));
    r->before = r->saved = r->at.seconds;
    toc_progress_begin(ctx, &r->progress);
    if (r->outcome->resumed) {
        toc_note(ctx, "%s: goes on after step %llu", r->plan->state, (unsigned long long)r->at.steps);
        return TOC_OK;
    }
    r->at.best_loss = NAN;
    return judge(ctx, r, &r->at.first_loss, &right);
}

toc_status trn_run(toc_ctx *ctx, const trn_plan *plan, const trn_task *task, trn_outcome *outcome)
{
    run r = { .plan = plan, .task = task, .outcome = outcome };
    toc_status st;

    *outcome = (trn_outcome){0};
    if ((st = begin(ctx, &r)) || (st = learn(ctx, &r))) goto out;
    if (r.log && ferror(r.log)) {
        st = toc_fail(ctx, TOC_E_IO, "%s: the log could not be written", plan->log);
        goto out;
    }
    if (plan->state) (void)unlink(plan->state);
    outcome->steps = r.at.steps;
    outcome->tokens = r.at.tokens;
    outcome->seconds = elapsed(&r);
    outcome->epochs = r.at.epoch;
    outcome->first_loss = r.at.first_loss;
    outcome->last_loss = r.at.best_loss;
    outcome->right = r.at.best_right;
out:
    toc_progress_end(&r.progress);
    if (r.log) (void)fclose(r.log);
    nn_adam_release(&r.adam);
    return st;
}
