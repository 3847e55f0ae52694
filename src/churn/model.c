/* model.c: trees over samples, their calibration at later cut-offs, and the plain measures that need no training. */
#include "churn/churn_int.h"

#define MIN_OF_EACH 30 /* customers who left, and who stayed, below which nothing is trained */

/* One block with the columns of all samples one below the other. */
typedef struct {
    double *block;
    const double **x;
    const char **names;
    double *y;
    size_t n, p, n_left;
} matrix;

static void matrix_release(matrix *m)
{
    toc_free(m->block);
    toc_free(m->x);
    toc_free(m->names);
    toc_free(m->y);
}

static toc_status name_columns(toc_ctx *ctx, const char ***names, size_t *p)
{
    const char *const *columns = churn_columns(p);

    TOC_TRY(toc_alloc(ctx, *p, sizeof **names, names));
    for (size_t j = 0; j < *p; j++) (*names)[j] = columns[j];
    return TOC_OK;
}

/* without: leave out the customers of that half; -1 = take all. */
static toc_status stack_samples(toc_ctx *ctx, const churn_sample *samples, size_t n, int without, matrix *m)
{
    size_t cells;

    TOC_TRY(name_columns(ctx, &m->names, &m->p));
    for (size_t k = 0; k < n; k++)
        for (size_t r = 0; r < samples[k].n; r++) m->n += samples[k].half[r] != without;
    TOC_TRY(toc_mul_size(ctx, m->n, m->p, &cells));
    TOC_TRY(toc_alloc(ctx, cells, sizeof *m->block, &m->block));
    TOC_TRY(toc_alloc(ctx, m->p, sizeof *m->x, &m->x));
    TOC_TRY(toc_alloc(ctx, m->n, sizeof *m->y, &m->y));
    for (size_t j = 0; j < m->p; j++) {
        double *column = m->block + j * m->n;
        m->x[j] = column;
        for (size_t k = 0; k < n; k++)
            for (size_t r = 0; r < samples[k].n; r++)
                if (samples[k].half[r] != without) *column++ = samples[k].x[j][r];
    }
    for (size_t k = 0, i = 0; k < n; k++)
        for (size_t r = 0; r < samples[k].n; r++) {
            if (samples[k].half[r] == without) continue;
            m->n_left += samples[k].left[r];
            m->y[i++] = samples[k].left[r];
        }
    return TOC_OK;
}

static tree_params params_of(const toc_ctx *ctx, const churn_options *o, size_t n)
{
    tree_params p = tree_defaults(o->model == CHURN_TREE ? TREE_SINGLE : TREE_BOOST);

    p.seed = ctx->seed;
    p.min_leaf = TOC_MAX(20, TOC_MIN(n / 200, 200));
    p.max_leaves = o->max_leaves;
    if (o->model == CHURN_TREE) {
        p.max_depth = 5;
        return p;
    }
    p.n_trees = o->n_trees;
    p.learning_rate = o->learning_rate;
    p.max_depth = 6;
    p.l2 = 10;
    p.row_share = 0.7;
    p.column_share = 0.5;
    return p;
}

static toc_status train_without(toc_ctx *ctx, const churn_sample *samples, size_t n, const churn_options *options, int without,
                                churn_fit *fit)
{
    matrix m = {0};
    toc_status st = TOC_OK;

    *fit = (churn_fit){0};
    if (n == 0 || options->model == CHURN_RHYTHM) return TOC_OK;
    if ((st = stack_samples(ctx, samples, n, without, &m))) goto out;
    if (m.n_left < MIN_OF_EACH || m.n - m.n_left < MIN_OF_EACH) goto out;
    tree_data data = { .n = m.n, .p = m.p, .x = m.x, .names = m.names };
    tree_params params = params_of(ctx, options, m.n);
    st = tree_fit(ctx, &data, m.y, NULL, &params, &fit->trees);
out:
    matrix_release(&m);
    return st;
}

toc_status churn_score(toc_ctx *ctx, const churn_fit *fit, const churn_sample *sample, double *score)
{
    const char **names = NULL;
    size_t p;

    TOC_TRY(name_columns(ctx, &names, &p));
    tree_data data = { .n = sample->n, .p = p, .x = sample->x, .names = names };
    toc_status st = tree_predict(ctx, fit->trees, &data, score);
    toc_free(names);
    return st;
}

/* Log-odds: the scale on which a sigmoid calibrates. */
static double log_odds(double p)
{
    p = TOC_MIN(TOC_MAX(p, 1e-6), 1 - 1e-6);
    return log(p / (1 - p));
}

/* What the two models that did not know a customer say of him, and what happened, over the newest samples. */
typedef struct {
    double *score, *both; /* both: scores of one sample by either model, room for the largest sample twice */
    uint8_t *left;
    size_t n, n_left, most;
} judged;

static toc_status judge_halves(toc_ctx *ctx, const churn_fit *halves, const churn_sample *samples, size_t n, judged *j)
{
    size_t total = 0;

    for (size_t k = 0; k < n; k++) {
        total += samples[k].n;
        j->most = TOC_MAX(j->most, samples[k].n);
    }
    TOC_TRY(toc_alloc(ctx, total, sizeof *j->score, &j->score));
    TOC_TRY(toc_alloc(ctx, j->most, 2 * sizeof *j->both, &j->both));
    TOC_TRY(toc_alloc(ctx, total, sizeof *j->left, &j->left));
    for (size_t k = 0; k < n; k++) {
        const churn_sample *s = &samples[k];
        for (int half = 0; half < 2; half++) TOC_TRY(churn_score(ctx, &halves[half], s, j->both + (half ? j->most : 0)));
        for (size_t r = 0; r < s->n; r++, j->n++) {
            j->score[j->n] = log_odds(j->both[s->half[r] ? j->most + r : r]);
            j->left[j->n] = s->left[r];
            j->n_left += s->left[r];
        }
    }
    return TOC_OK;
}

/* Calibration by customers the trees did not know, on the newest windows: those whose base rate is nearest to what comes. */
static toc_status calibrate(toc_ctx *ctx, const churn_sample *samples, size_t n, const churn_options *options, churn_fit *fit)
{
    churn_fit halves[2] = { { 0 } };
    judged j = {0};
    toc_status st = TOC_OK;

    for (int half = 0; half < 2; half++) {
        if ((st = train_without(ctx, samples, n, options, half, &halves[half]))) goto out;
        if (!halves[half].trees) goto out;
    }
    if ((st = judge_halves(ctx, halves, samples, TOC_MIN(n, 3), &j))) goto out;
    if (j.n_left < MIN_OF_EACH || j.n - j.n_left < MIN_OF_EACH) goto out;
    if ((st = num_calibrate(ctx, j.score, j.left, j.n, &fit->calibration))) goto out;
    fit->calibrated = true;
out:
    for (int half = 0; half < 2; half++) churn_fit_release(&halves[half]);
    toc_free(j.score);
    toc_free(j.both);
    toc_free(j.left);
    return st;
}

toc_status churn_train(toc_ctx *ctx, const churn_sample *samples, size_t n, const churn_options *options, churn_fit *fit)
{
    TOC_TRY(train_without(ctx, samples, n, options, -1, fit));
    toc_status st = fit->trees ? calibrate(ctx, samples, n, options, fit) : TOC_OK;
    if (st) churn_fit_release(fit);
    return st;
}

/* Half-way between the trees' own probability and the calibrated one: the steps of isotonic regression would tie customers the
 * trees tell apart. */
toc_status churn_predict(toc_ctx *ctx, const churn_fit *fit, const churn_sample *sample, double *probability)
{
    TOC_TRY(churn_score(ctx, fit, sample, probability));
    if (!fit->calibrated) return TOC_OK;
    for (size_t r = 0; r < sample->n; r++) {
        double p = (probability[r] + num_calibrated(&fit->calibration, log_odds(probability[r]))) / 2;
        probability[r] = TOC_MIN(TOC_MAX(p, 0.001), 0.999);
    }
    return TOC_OK;
}

void churn_fit_release(churn_fit *fit)
{
    if (fit->trees) tree_free(fit->trees);
    num_calibration_release(&fit->calibration);
    *fit = (churn_fit){0};
}

toc_status churn_shop_gap(toc_ctx *ctx, const churn_sample *sample, double *gap)
{
    const double *mean = sample->gap_mean;
    double *known = NULL;
    size_t n = 0;

    TOC_TRY(toc_alloc(ctx, sample->n, sizeof *known, &known));
    for (size_t r = 0; r < sample->n; r++)
        if (!isnan(mean[r])) known[n++] = mean[r];
    *gap = num_median(known, n);
    toc_free(known);
    return TOC_OK;
}

double churn_silence(const churn_sample *sample, size_t row, double shop_gap)
{
    double own = sample->gap_mean[row], days = sample->days[row], recency = sample->recency[row];
    double prior = isnan(shop_gap) ? 30 : shop_gap;
    /* The shop's gap weighs as much as two of the customer's own. */
    double gap = isnan(own) ? prior : (own * (days - 1) + 2 * prior) / (days + 1);
    double silence = recency / TOC_MAX(gap, 1);

    return silence / (1 + silence);
}

void churn_expect(const churn_sample *sample, size_t row, double horizon_days, double *orders, double *money)
{
    double span = TOC_MAX(TOC_MIN(sample->tenure[row], 365), horizon_days);

    *orders = sample->orders_year[row] * horizon_days / span;
    *money = TOC_MAX(sample->spend_year[row], 0) * horizon_days / span;
}

bool churn_gone(const churn_sample *sample, size_t row, double horizon_days)
{
    double gap = sample->gap_mean[row];

    return sample->recency[row] > (isnan(gap) ? horizon_days : TOC_MAX(horizon_days, 2 * gap));
}

toc_status churn_levels(toc_ctx *ctx, const churn_sample *sample, double horizon_days, const double *score, const double *money,
                        warn_level *level)
{
    double *sorted = NULL, high, middle;
    size_t n = 0;

    TOC_TRY(toc_alloc(ctx, sample->n, sizeof *sorted, &sorted));
    for (size_t r = 0; r < sample->n; r++)
        if (!churn_gone(sample, r, horizon_days)) sorted[n++] = money[r];
    high = num_quantile(sorted, n, 0.8);
    middle = num_quantile(sorted, n, 0.5);
    toc_free(sorted);
    for (size_t r = 0; r < sample->n; r++) {
        bool act = score[r] >= 0.5 && money[r] > 0 && !churn_gone(sample, r, horizon_days);
        level[r] = act && money[r] >= high ? WARN_CRITICAL : act && money[r] >= middle ? WARN_WARNING : WARN_NOTICE;
    }
    return TOC_OK;
}

toc_status churn_rank(toc_ctx *ctx, const double *score, const warn_level *level, size_t n, uint32_t *order)
{
    uint64_t *keys = NULL;
    toc_status st = TOC_OK;

    if ((st = toc_alloc(ctx, n, sizeof *keys, &keys))) return st;
    for (size_t r = 0; r < n; r++) keys[r] = toc_key_f64(-score[r]);
    if ((st = toc_sort_u64(ctx, keys, n, false, order))) goto out;
    for (size_t r = 0; r < n; r++) keys[r] = (uint64_t)(WARN_CRITICAL - level[r]);
    st = toc_sort_u64(ctx, keys, n, true, order);
out:
    toc_free(keys);
    return st;
}

toc_status churn_usual(toc_ctx *ctx, const churn_sample *sample, double *usual)
{
    double *known = NULL;
    size_t p = sample->table.n_cols - 1;

    TOC_TRY(toc_alloc(ctx, sample->n, sizeof *known, &known));
    for (size_t j = 0; j < p; j++) {
        size_t n = 0;
        for (size_t r = 0; r < sample->n; r++)
            if (!isnan(sample->x[j][r])) known[n++] = sample->x[j][r];
        usual[j] = num_median(known, n);
    }
    toc_free(known);
    return TOC_OK;
}
