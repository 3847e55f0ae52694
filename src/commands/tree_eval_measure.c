/* tree_eval_measure.c: how right scores are: by class, by threshold or budget, as probabilities, and row by row. */
#include "commands/tree_eval.h"
#include "num/num.h"

#include <math.h>

/* Places of the rows by rising key. */
static toc_status order_by(toc_ctx *ctx, const double *key, double sign, size_t n, uint32_t **order)
{
    uint64_t *keys;

    TOC_TRY(toc_arena_alloc(ctx, &ctx->arena, n, sizeof **order, order));
    TOC_TRY(toc_arena_alloc(ctx, &ctx->arena, n, sizeof *keys, &keys));
    for (size_t i = 0; i < n; i++) keys[i] = toc_key_f64(sign * key[i] == 0 ? 0 : sign * key[i]);
    return toc_sort_u64(ctx, keys, n, false, *order);
}

toc_status eval_say(toc_ctx *ctx, eval_rows *r)
{
    uint32_t *order;
    size_t *used;

    if (!r->alerts) {
        for (size_t i = 0; i < r->n; i++) r->said[i] = r->score[i] > r->threshold;
        return TOC_OK;
    }
    TOC_TRY(order_by(ctx, r->score, -1, r->n, &order));
    TOC_TRY(toc_arena_alloc(ctx, &ctx->arena, TOC_MAX(r->n_days, 1), sizeof *used, &used));
    for (size_t k = 0; k < r->n; k++) {
        uint32_t i = order[k];
        r->said[i] = used[r->day ? r->day[i] : 0]++ < r->alerts;
    }
    return TOC_OK;
}

static double ratio(double part, double of)
{
    return of > 0 ? part / of : 0; /* as scikit-learn does with nothing to divide by */
}

static toc_status by_class(toc_ctx *ctx, const eval_rows *r, eval_measures *m)
{
    double right = 0, n = (double)r->n, k = (double)r->k;

    TOC_TRY(toc_arena_alloc(ctx, &ctx->arena, r->k * r->k, sizeof *m->confusion, &m->confusion));
    TOC_TRY(toc_arena_alloc(ctx, &ctx->arena, r->k, sizeof *m->by_class, &m->by_class));
    for (size_t i = 0; i < r->n; i++) m->confusion[r->truth[i] * r->k + r->said[i]] += 1;
    for (size_t c = 0; c < r->k; c++) {
        double hits = m->confusion[c * r->k + c], said = 0, real = 0;
        eval_class *e = &m->by_class[c];
        for (size_t o = 0; o < r->k; o++) {
            real += m->confusion[c * r->k + o];
            said += m->confusion[o * r->k + c];
        }
        *e = (eval_class){ ratio(hits, said), ratio(hits, real), ratio(2 * hits, said + real), real };
        right += hits;
        m->macro.precision += e->precision / k;
        m->macro.recall += e->recall / k;
        m->macro.f1 += e->f1 / k;
        m->weighted.precision += e->precision * real / n;
        m->weighted.recall += e->recall * real / n;
        m->weighted.f1 += e->f1 * real / n;
    }
    m->macro.support = m->weighted.support = n;
    m->accuracy = right / n;
    return TOC_OK;
}

/* Two classes: how well scores rank, and whether they are probabilities. */
static toc_status ranking(toc_ctx *ctx, const eval_rows *r, eval_measures *m)
{
    uint32_t *order;
    uint8_t *truth;

    TOC_TRY(toc_arena_alloc(ctx, &ctx->arena, r->n, 1, &truth));
    for (size_t i = 0; i < r->n; i++) truth[i] = r->truth[i] == 1;
    TOC_TRY(num_auc(ctx, r->score, truth, r->n, &m->auc));
    TOC_TRY(num_average_precision(ctx, r->score, truth, r->n, &m->average_precision));
    TOC_TRY(num_ece(ctx, r->score, truth, r->n, EVAL_BINS, &m->calibration_error));
    m->brier = num_brier(r->score, truth, r->n);
    TOC_TRY(order_by(ctx, r->score, -1, r->n, &order));
    for (size_t k = 0; k < r->n; k++) {
        uint32_t i = order[k];
        double at = floor(r->score[i] * EVAL_BINS);
        eval_bin *bins[2] = { &m->calibration[at < 0 ? 0 : at >= EVAL_BINS ? EVAL_BINS - 1 : (size_t)at], &m->lift[k * EVAL_BINS / r->n] };
        for (size_t b = 0; b < 2; b++) {
            bins[b]->rows += 1;
            bins[b]->positive += truth[i];
            bins[b]->mean_score += r->score[i];
        }
    }
    for (size_t b = 0; b < EVAL_BINS; b++) {
        m->calibration[b].mean_score /= TOC_MAX(m->calibration[b].rows, 1);
        m->lift[b].mean_score /= TOC_MAX(m->lift[b].rows, 1);
    }
    return TOC_OK;
}

static void errors(const eval_rows *r, eval_measures *m)
{
    double square = 0, spread = num_variance(r->amount, r->n) * (double)r->n;

    for (size_t i = 0; i < r->n; i++) {
        double e = r->score[i] - r->amount[i];
        square += e * e;
        m->mae += fabs(e) / (double)r->n;
    }
    m->rmse = sqrt(square / (double)r->n);
    m->r2 = spread > 0 ? 1 - square / spread : NAN;
}

toc_status eval_measure(toc_ctx *ctx, const eval_rows *r, size_t n_wrong, eval_measures *m)
{
    *m = (eval_measures){0};
    if (r->n == 0) return toc_fail(ctx, TOC_E_DATA, "no rows to measure by");
    m->n_wrong = TOC_MIN(n_wrong, r->n);
    TOC_TRY(order_by(ctx, r->of_truth, 1, r->n, &m->wrong));
    if (!r->k) {
        errors(r, m);
        return TOC_OK;
    }
    /* The logarithm is kept off 0 as num_log_loss does. */
    for (size_t i = 0; i < r->n; i++) m->log_loss -= log(TOC_MIN(TOC_MAX(r->of_truth[i], 1e-15), 1 - 1e-15)) / (double)r->n;
    TOC_TRY(by_class(ctx, r, m));
    return r->k == 2 ? ranking(ctx, r, m) : TOC_OK;
}
