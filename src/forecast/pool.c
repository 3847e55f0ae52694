/* pool.c: all series together. Three walks, each parallel over blocks of series:
 *
 *   learn   every series is cut at earlier origins; the models' forecasts there and what came after become rows, and
 *           normal equations by class
 *   fit     the models' weights (least squares, >= 0) and, for each level, the mixture of quantile guesses (quantile
 *           regression), first over all rows, then by class with the common answer as prior
 *   apply   the same rows at the end of every series, put together with what was fitted
 *
 * Blocks depend on the number of series alone and are merged in order. */
#include "forecast/forecast_int.h"

#include <math.h>

enum {
    DRAWS = 200,           /* of the bootstrap */
    MAX_BLOCKS = 512,      /* of series */
    GUESSES = 7,           /* what quantiles are mixed from */
    MAX_FIT_ROWS = 40000,  /* of a quantile regression */
    SQUARE = FC_N_MODELS * FC_N_MODELS,
};

/* What is known of one series at one origin. Guesses of the sum over the window and of one step. */
typedef struct {
    float sum_of[FC_N_MODELS], step_of[FC_N_MODELS];
    float sum, step;                                     /* what came; NaN = not known */
    float spread;                                        /* deviation of a period */
    float short_sum[FC_N_LEVELS], long_sum[FC_N_LEVELS]; /* bootstrap of the recent and of the longer past */
    float block_sum[FC_N_LEVELS];                        /* sums of neighbouring periods as they were */
    float short_step[FC_N_LEVELS], long_step[FC_N_LEVELS];
    uint16_t window;
    uint8_t class;
    bool used;
} row;

typedef struct {
    double a[SQUARE], c[FC_N_MODELS];
    size_t n;
} equations;

typedef struct {
    double sum[FC_N_CLASSES][FC_N_LEVELS][GUESSES], step[FC_N_CLASSES][FC_N_LEVELS][GUESSES];
} mixture;

typedef struct {
    const fc_series *series;
    size_t n, block, n_blocks;
    fc_options o;
    uint32_t *draws;        /* (DRAWS x horizon) the same dice for every series */
    row *rows;              /* (n x origins) */
    equations *equations;   /* (n_blocks x FC_N_CLASSES) */
    uint32_t *picked;       /* rows of the quantile fits, n_picked of them */
    size_t n_picked;
    mixture *mix;
    fc_forecasts *out;
    double *mean, *quantile; /* of all series */
} job;

/* Scratch of one task. */
typedef struct {
    double *models;  /* (FC_N_MODELS x horizon) */
    double *scratch;
    double *sums;    /* sorted samples */
} desk;

/* ---- samples ---- */

/* Shell's sort with Ciura's gaps: samples are a few hundred, and a library sort's calls would cost more than the models. */
static void sort_sample(double *x, size_t n)
{
    static const size_t gaps[] = { 701, 301, 132, 57, 23, 10, 4, 1 };
    for (size_t g = 0; g < TOC_COUNT(gaps); g++)
        for (size_t gap = gaps[g], i = gap; i < n; i++) {
            double value = x[i];
            size_t at = i;
            for (; at >= gap && x[at - gap] > value; at -= gap) x[at] = x[at - gap];
            x[at] = value;
        }
}

static void read_levels(double *sample, size_t n, float out[FC_N_LEVELS])
{
    sort_sample(sample, n);
    for (size_t l = 0; l < FC_N_LEVELS; l++) {
        double at = fc_levels[l] * (double)(n - 1);
        size_t low = (size_t)at;
        double high = low + 1 < n ? sample[low + 1] : sample[low];
        out[l] = (float)(sample[low] + (at - (double)low) * (high - sample[low]));
    }
}

/* Known periods among the last, newest first; at most `want`. */
static size_t recent_known(const double *y, size_t n, size_t want, double *out)
{
    size_t known = 0;
    for (size_t i = n; i-- > 0 && known < want;)
        if (!isnan(y[i])) out[known++] = y[i];
    return known;
}

/* Bootstrap of sums of `window` periods drawn from the last `want`, and the levels of single periods. */
static void bootstrap(const job *j, const double *y, size_t n, size_t want, size_t window, desk *d, float sums[FC_N_LEVELS],
                      float steps[FC_N_LEVELS])
{
    double *past = d->sums + DRAWS;
    size_t known = recent_known(y, n, want, past);
    for (size_t l = 0; l < FC_N_LEVELS; l++) sums[l] = steps[l] = 0.0F;
    if (!known) return;
    for (size_t i = 0; i < DRAWS; i++) {
        const uint32_t *dice = j->draws + i * j->o.horizon;
        double sum = 0.0;
        for (size_t h = 0; h < window; h++) sum += past[(uint64_t)dice[h] * known >> 32];
        d->sums[i] = sum;
    }
    read_levels(d->sums, DRAWS, sums);
    read_levels(past, known, steps);
}

/* Sums of `window` neighbouring periods, the newest 200, periods not known filled in by their fellows. False where there are too
 * few. */
static bool neighbours(const double *y, size_t n, size_t window, desk *d, float sums[FC_N_LEVELS])
{
    size_t count = 0;
    for (size_t end = n; end >= window && count < DRAWS; end--) {
        double sum = 0.0;
        size_t known = 0;
        for (size_t i = end - window; i < end; i++) {
            if (isnan(y[i])) continue;
            sum += y[i];
            known++;
        }
        if (2 * known >= window && known) d->sums[count++] = sum * (double)window / (double)known;
        if (end == 0) break;
    }
    if (count < 4) return false;
    read_levels(d->sums, count, sums);
    return true;
}

static double deviation(const double *y, size_t n, size_t want)
{
    double sum = 0.0, squares = 0.0;
    size_t known = 0;
    for (size_t i = n; i-- > 0 && known < want;) {
        if (isnan(y[i])) continue;
        sum += y[i];
        squares += y[i] * y[i];
        known++;
    }
    if (known < 2) return known ? sqrt(sum) : 0.0;
    double mean = sum / (double)known;
    return sqrt(TOC_MAX(0.0, (squares - sum * mean) / (double)(known - 1)));
}

/* ---- one series at one origin ---- */

static size_t window_of(const job *j, size_t s)
{
    size_t window = j->series[s].window;
    return window && window <= j->o.horizon ? window : j->o.horizon;
}

/* A weekday sells more than another: single periods are scaled by the seasonal model's place against its mean. */
static double seasonal_factor(const job *j, const double *models, size_t step)
{
    if (j->o.season < 2) return 1.0;
    const double *seasonal = models + (size_t)FC_SEASONAL_WINDOW * j->o.horizon;
    double sum = 0.0;
    for (size_t h = 0; h < j->o.horizon; h++) sum += seasonal[h];
    return sum > 0.0 ? seasonal[step] * (double)j->o.horizon / sum : 1.0;
}

/* Everything about y (n) that the mixtures need; the models' steps are left in d->models. */
static void look(const job *j, const double *y, size_t n, size_t window, desk *d, row *r)
{
    size_t m = TOC_MAX(j->o.season, (size_t)1);
    fc_models_into(y, n, j->o.season, j->o.horizon, d->scratch, d->models);
    for (size_t k = 0; k < FC_N_MODELS; k++) {
        double sum = 0.0;
        for (size_t h = 0; h < window; h++) sum += d->models[k * j->o.horizon + h];
        r->sum_of[k] = (float)sum;
    }
    size_t long_past = TOC_MAX((size_t)24, 16 * m);
    r->spread = (float)deviation(y, n, long_past);
    r->window = (uint16_t)TOC_MIN(window, (size_t)UINT16_MAX);
    r->class = (uint8_t)fc_classify(y, n, j->o.dead_after, NULL, NULL);
    bootstrap(j, y, n, TOC_MAX((size_t)12, 4 * m), window, d, r->short_sum, r->short_step);
    bootstrap(j, y, n, long_past, window, d, r->long_sum, r->long_step);
    if (!neighbours(y, n, window, d, r->block_sum))
        for (size_t l = 0; l < FC_N_LEVELS; l++) r->block_sum[l] = r->long_sum[l];
}

static double sum_known(const double *y, size_t n)
{
    double sum = 0.0;
    size_t known = 0;
    for (size_t i = 0; i < n; i++) {
        if (isnan(y[i])) continue;
        sum += y[i];
        known++;
    }
    return 10 * known >= 7 * n && known ? sum * (double)n / (double)known : NAN;
}

/* Mean squared change from one period to the next, at least a tenth of the mean squared: demand that never changes must teach
 * too. */
static double one_step_change(const double *y, size_t n)
{
    double sum = 0.0, last = NAN, level = 0.0;
    size_t count = 0, known = 0;
    for (size_t i = 0; i < n; i++) {
        if (isnan(y[i])) continue;
        level += y[i];
        known++;
        if (!isnan(last)) {
            sum += (y[i] - last) * (y[i] - last);
            count++;
        }
        last = y[i];
    }
    if (!count) return 0.0;
    double floor = 0.1 * level / (double)known;
    return TOC_MAX(sum / (double)count, floor * floor);
}

/* Adds what came after an origin to the normal equations. Rows weigh 1 / (scale * root of the scaled error): half-way between the
 * mean of the scaled squares, which a few wild series decide, and the mean of their roots, which forecasts too little. */
static void add_equations(const job *j, const double *models, const double *future, double scale, equations *e)
{
    size_t horizon = j->o.horizon, known = 0;
    double error = 0.0;
    if (!(scale > 0.0)) return;
    for (size_t h = 0; h < horizon; h++) {
        if (isnan(future[h])) continue;
        double mean =
            (models[FC_SES * horizon + h] + models[FC_WINDOW_MIDDLE * horizon + h] + models[FC_IMAPA * horizon + h]) / 3.0;
        error += (future[h] - mean) * (future[h] - mean);
        known++;
    }
    if (!known) return;
    double root = sqrt(error / (double)known / scale);
    double weight = 1.0 / (scale * (double)known * sqrt(TOC_MAX(root, 0.1)));
    for (size_t h = 0; h < horizon; h++) {
        if (isnan(future[h])) continue;
        for (size_t a = 0; a < FC_N_MODELS; a++) {
            double scaled = weight * models[a * horizon + h];
            for (size_t b = 0; b < FC_N_MODELS; b++) e->a[a * FC_N_MODELS + b] += scaled * models[b * horizon + h];
            e->c[a] += scaled * future[h];
        }
    }
    e->n++;
}

/* ---- learn ---- */

static toc_status desk_open(toc_ctx *ctx, const job *j, size_t first, size_t last, desk *d)
{
    size_t longest = 1;
    for (size_t s = first; s < last; s++) longest = TOC_MAX(longest, TOC_MIN(j->series[s].n, (size_t)FC_MAX_HISTORY));
    size_t scratch = fc_scratch_size(longest, j->o.season), models = FC_N_MODELS * j->o.horizon, samples = DRAWS + longest + 1;
    double *memory = NULL;
    TOC_TRY(toc_alloc(ctx, models + scratch + samples, sizeof *memory, &memory));
    d->models = memory;
    d->scratch = memory + models;
    d->sums = memory + models + scratch;
    return TOC_OK;
}

/* The part of a series that counts: from just before its first demand, so that the time before its launch says nothing, and not
 * older than FC_MAX_HISTORY. `end` periods are known. */
static const double *useful(const double *y, size_t end, size_t *n)
{
    size_t first = 0;
    while (first < end && !(y[first] > 0.0)) first++;
    if (first == end) first = 0;
    if (end - first > FC_MAX_HISTORY) first = end - FC_MAX_HISTORY;
    *n = end - first;
    return y + first;
}

static void learn_origin(const job *j, size_t s, size_t k, desk *d, equations *e)
{
    const fc_series *series = &j->series[s];
    size_t horizon = j->o.horizon, stride = (horizon + 1) / 2, back = horizon + k * stride;
    row *r = &j->rows[s * j->o.n_origins + k];
    size_t n = 0, window = window_of(j, s);
    if (series->n < back + 4) return;
    size_t end = series->n - back;
    const double *y = useful(series->demand, end, &n);
    const double *future = series->demand + end;
    if (n < 4) return;
    look(j, y, n, window, d, r);
    /* One step a row is enough to learn single periods from; which one turns with the row. */
    size_t step = (s + k) % horizon;
    double factor = seasonal_factor(j, d->models, step);
    for (size_t m = 0; m < FC_N_MODELS; m++) r->step_of[m] = (float)d->models[m * horizon + step];
    for (size_t l = 0; l < FC_N_LEVELS; l++) {
        r->short_step[l] *= (float)factor;
        r->long_step[l] *= (float)factor;
    }
    r->sum = (float)sum_known(future, window);
    r->step = (float)future[step];
    r->used = !isnan(r->sum);
    add_equations(j, d->models, future, one_step_change(y, n), &e[r->class]);
}

static toc_status learn(toc_ctx *ctx, void *arg, size_t task)
{
    job *j = arg;
    size_t first = task * j->block, last = TOC_MIN(j->n, first + j->block);
    desk d = {0};
    TOC_TRY(desk_open(ctx, j, first, last, &d));
    for (size_t s = first; s < last; s++)
        for (size_t k = 0; k < j->o.n_origins; k++) learn_origin(j, s, k, &d, j->equations + task * FC_N_CLASSES);
    toc_free(d.models);
    return TOC_OK;
}

/* ---- fit ---- */

static void prior_weights(size_t season, double *w)
{
    for (size_t k = 0; k < FC_N_MODELS; k++) w[k] = 0.0;
    if (season > 1) {
        w[FC_HOLT_WINTERS] = w[FC_SEASONAL_WINDOW] = 0.4;
        w[FC_TSB] = 0.2;
    } else w[FC_SES] = w[FC_WINDOW_MIDDLE] = w[FC_TSB] = w[FC_IMAPA] = 0.25;
}

/* Least squares with a pull to the prior that weighs as much as `rows` rows of the common equations. */
static void solve_weights(const equations *e, const double *prior, double pull, double *w)
{
    double a[SQUARE], c[FC_N_MODELS];
    for (size_t i = 0; i < SQUARE; i++) a[i] = e->a[i];
    for (size_t i = 0; i < FC_N_MODELS; i++) {
        a[i * FC_N_MODELS + i] += pull;
        c[i] = e->c[i] + pull * prior[i];
        w[i] = prior[i];
    }
    fc_solve_nonnegative(a, c, FC_N_MODELS, w);
}

static void fit_weights(job *j, double weight[FC_N_CLASSES][FC_N_MODELS], size_t *n_learned)
{
    equations by_class[FC_N_CLASSES] = {0}, all = {0};
    double prior[FC_N_MODELS], common[FC_N_MODELS], trace = 0.0;
    for (size_t t = 0; t < j->n_blocks; t++)
        for (size_t c = 0; c < FC_N_CLASSES; c++) {
            const equations *e = &j->equations[t * FC_N_CLASSES + c];
            for (size_t i = 0; i < SQUARE; i++) by_class[c].a[i] += e->a[i];
            for (size_t i = 0; i < FC_N_MODELS; i++) by_class[c].c[i] += e->c[i];
            by_class[c].n += e->n;
        }
    for (size_t c = 0; c < FC_N_CLASSES; c++) {
        for (size_t i = 0; i < SQUARE; i++) all.a[i] += by_class[c].a[i];
        for (size_t i = 0; i < FC_N_MODELS; i++) all.c[i] += by_class[c].c[i];
        all.n += by_class[c].n;
    }
    for (size_t i = 0; i < FC_N_MODELS; i++) trace += all.a[i * FC_N_MODELS + i];
    double one_row = all.n ? trace / (double)FC_N_MODELS / (double)all.n : 1.0;
    prior_weights(j->o.season, prior);
    solve_weights(&all, prior, 30.0 * one_row + 1e-12, common);
    for (size_t c = 0; c < FC_N_CLASSES; c++) solve_weights(&by_class[c], common, 50.0 * one_row + 1e-12, weight[c]);
    *n_learned = all.n;
}

/* The guesses of one level from which the quantile is mixed. */
static void guesses(const row *r, size_t level, bool sum, const double weight[FC_N_MODELS], double *x)
{
    const float *of = sum ? r->sum_of : r->step_of;
    double mean = 0.0, periods = sum ? (double)r->window : 1.0, spread = (double)r->spread * sqrt(periods);
    for (size_t k = 0; k < FC_N_MODELS; k++) mean += weight[k] * (double)of[k];
    x[0] = mean;
    x[1] = sum ? r->short_sum[level] : r->short_step[level];
    x[2] = sum ? r->long_sum[level] : r->long_step[level];
    x[3] = sum ? r->block_sum[level] : r->long_step[level];
    x[4] = fc_gamma_quantile(mean, spread * spread, fc_levels[level]);
    x[5] = sqrt(mean);
    x[6] = spread;
}

static const double prior_mix[GUESSES] = { 0.0, 0.25, 0.25, 0.0, 0.5, 0.0, 0.0 };

typedef struct {
    double *x, *y, *w;
    size_t n;
} sample;

static void fill_sample(const job *j, size_t level, bool sum, int class, sample *to)
{
    to->n = 0;
    for (size_t i = 0; i < j->n_picked; i++) {
        const row *r = &j->rows[j->picked[i]];
        double truth = sum ? r->sum : r->step;
        if ((class >= 0 && r->class != class) || isnan(truth)) continue;
        double *x = to->x + to->n * GUESSES;
        guesses(r, level, sum, j->out->weight[r->class], x);
        to->y[to->n] = truth;
        /* Errors of big sellers cost more, but they must not decide alone. */
        to->w[to->n] = 1.0 / sqrt(1.0 + x[0] + x[6]);
        to->n++;
    }
}

static double pull_of(const sample *s, double rows)
{
    double size = 0.0;
    for (size_t i = 0; i < s->n; i++) size += s->w[i] * (s->y[i] + s->x[i * GUESSES]);
    return s->n ? rows * size / (double)s->n + 1e-9 : 1.0;
}

/* One level of sums or steps: task = 2 * level + (0 sum, 1 step). */
static toc_status fit_level(toc_ctx *ctx, void *arg, size_t task)
{
    job *j = arg;
    size_t level = task / 2;
    bool sum = task % 2 == 0;
    double *memory = NULL, common[GUESSES];
    TOC_TRY(toc_alloc(ctx, (j->n_picked + 1) * (GUESSES + 2), sizeof *memory, &memory));
    sample s = { memory, memory + (j->n_picked + 1) * GUESSES, memory + (j->n_picked + 1) * (GUESSES + 1), 0 };
    fill_sample(j, level, sum, -1, &s);
    fc_quantile_regression(s.x, s.y, s.w, s.n, GUESSES, fc_levels[level], prior_mix, pull_of(&s, 20.0), common);
    double pull = pull_of(&s, 50.0);
    for (int c = 0; c < FC_N_CLASSES; c++) {
        double *b = sum ? j->mix->sum[c][level] : j->mix->step[c][level];
        fill_sample(j, level, sum, c, &s);
        fc_quantile_regression(s.x, s.y, s.w, s.n, GUESSES, fc_levels[level], common, pull, b);
    }
    toc_free(memory);
    return TOC_OK;
}

/* Rows of the quantile fits: every k-th, so that there are at most MAX_FIT_ROWS. */
static void pick_rows(job *j)
{
    size_t total = j->n * j->o.n_origins, used = 0, seen = 0;
    for (size_t i = 0; i < total; i++) used += j->rows[i].used;
    size_t every = used / MAX_FIT_ROWS + 1;
    for (size_t i = 0; i < total; i++)
        if (j->rows[i].used && seen++ % every == 0) j->picked[j->n_picked++] = (uint32_t)i;
}

/* ---- apply ---- */

static void mixed_levels(const row *r, bool sum, const double weight[FC_N_MODELS], const double mix[FC_N_LEVELS][GUESSES],
                         double *quantile)
{
    double x[GUESSES], before = 0.0;
    for (size_t l = 0; l < FC_N_LEVELS; l++) {
        double value = 0.0;
        guesses(r, l, sum, weight, x);
        for (size_t g = 0; g < GUESSES; g++) value += mix[l][g] * x[g];
        before = quantile[l] = TOC_MAX(before, value);
    }
}

/* After q periods without demand the rate is hardly above one demand in q + 1 periods, and the chance of any demand in w more
 * periods about w / (q + w + 1) (rule of succession). What the models still remember is cut to that. */
static void cut_dead(const double *y, size_t n, size_t window, size_t horizon, fc_forecast *f, double *mean, double *quantile)
{
    double sum = 0.0, sold = 0.0, quiet = 0.0;
    for (size_t i = 0; i < n; i++) {
        if (isnan(y[i])) continue;
        quiet = y[i] > 0.0 ? 0.0 : quiet + 1.0;
        sum += y[i];
        sold += y[i] > 0.0;
    }
    double chance = (double)window / (quiet + (double)window + 1.0);
    for (size_t l = 0; l < FC_N_LEVELS && fc_levels[l] < 1.0 - chance; l++) f->sum_quantile[l] = 0.0;
    double most = sold > 0.0 ? sum / sold * (double)window / (quiet + 1.0) : 0.0;
    if (f->sum_mean <= most) return;
    double factor = most / f->sum_mean;
    f->sum_mean = most;
    for (size_t h = 0; h < horizon; h++) mean[h] *= factor;
    for (size_t i = 0; i < horizon * FC_N_LEVELS; i++) quantile[i] *= factor;
    for (size_t l = 0; l < FC_N_LEVELS; l++) f->sum_quantile[l] *= factor;
}

static void apply_series(job *j, size_t s, desk *d)
{
    fc_forecast *f = &j->out->series[s];
    size_t horizon = j->o.horizon, n = 0, window = window_of(j, s);
    double *mean = j->mean + s * horizon, *quantile = j->quantile + s * horizon * FC_N_LEVELS;
    row r = {0};
    const double *y = useful(j->series[s].demand, j->series[s].n, &n);
    f->mean = mean;
    f->quantile = quantile;
    f->class = fc_classify(y, n, j->o.dead_after, &f->interval, &f->variation);
    if (!n) return;
    look(j, y, n, window, d, &r);
    const double *weight = j->out->weight[f->class];
    for (size_t k = 0; k < FC_N_MODELS; k++)
        for (size_t h = 0; h < horizon; h++) mean[h] += weight[k] * d->models[k * horizon + h];
    for (size_t h = 0; h < window; h++) f->sum_mean += mean[h];
    mixed_levels(&r, true, weight, (const double(*)[GUESSES])j->mix->sum[f->class], f->sum_quantile);
    for (size_t h = 0; h < horizon; h++) {
        row one = r;
        double factor = seasonal_factor(j, d->models, h);
        for (size_t k = 0; k < FC_N_MODELS; k++) one.step_of[k] = (float)d->models[k * horizon + h];
        for (size_t l = 0; l < FC_N_LEVELS; l++) {
            one.short_step[l] *= (float)factor;
            one.long_step[l] *= (float)factor;
        }
        mixed_levels(&one, false, weight, (const double(*)[GUESSES])j->mix->step[f->class], quantile + h * FC_N_LEVELS);
    }
    if (f->class == FC_DEAD) cut_dead(y, n, window, horizon, f, mean, quantile);
}

static toc_status apply(toc_ctx *ctx, void *arg, size_t task)
{
    job *j = arg;
    size_t first = task * j->block, last = TOC_MIN(j->n, first + j->block);
    desk d = {0};
    TOC_TRY(desk_open(ctx, j, first, last, &d));
    for (size_t s = first; s < last; s++) apply_series(j, s, &d);
    toc_free(d.models);
    return TOC_OK;
}

/* ---- all of it ---- */

static toc_status job_open(toc_ctx *ctx, job *j)
{
    size_t rows = 0, steps = 0;
    TOC_TRY(toc_mul_size(ctx, j->n, j->o.n_origins, &rows));
    TOC_TRY(toc_mul_size(ctx, j->n, j->o.horizon, &steps));
    TOC_TRY(toc_alloc(ctx, rows, sizeof *j->rows, &j->rows));
    TOC_TRY(toc_alloc(ctx, rows, sizeof *j->picked, &j->picked));
    TOC_TRY(toc_alloc(ctx, j->n_blocks * FC_N_CLASSES, sizeof *j->equations, &j->equations));
    TOC_TRY(toc_alloc(ctx, DRAWS * j->o.horizon, sizeof *j->draws, &j->draws));
    TOC_TRY(toc_alloc(ctx, 1, sizeof *j->mix, &j->mix));
    TOC_TRY(toc_alloc(ctx, j->n, sizeof *j->out->series, &j->out->series));
    TOC_TRY(toc_alloc(ctx, steps, (1 + FC_N_LEVELS) * sizeof(double), &j->out->memory));
    j->mean = j->out->memory;
    j->quantile = j->out->memory + steps;
    toc_rng dice = toc_rng_new(ctx->seed, 0x66636173); /* a stream of its own */
    for (size_t i = 0; i < DRAWS * j->o.horizon; i++) j->draws[i] = (uint32_t)(toc_rng_u64(&dice) >> 32);
    return TOC_OK;
}

static void job_close(job *j)
{
    toc_free(j->rows);
    toc_free(j->picked);
    toc_free(j->equations);
    toc_free(j->draws);
    toc_free(j->mix);
}

toc_status fc_run(toc_ctx *ctx, const fc_series *series, size_t n, const fc_options *options, fc_forecasts *forecasts)
{
    toc_status st = TOC_OK;
    job j = { .series = series, .n = n, .o = *options, .out = forecasts };
    *forecasts = (fc_forecasts){ .n = n, .horizon = options->horizon };
    if (!options->horizon) return toc_fail(ctx, TOC_E_USAGE, "the forecast horizon must be at least one period");
    if (!j.o.dead_after) j.o.dead_after = 8 * TOC_MAX(j.o.season, (size_t)1);
    if (!j.o.n_origins) j.o.n_origins = n > 20000 ? 3 : 8;
    j.block = TOC_MAX((n + MAX_BLOCKS - 1) / MAX_BLOCKS, (size_t)4);
    j.n_blocks = (n + j.block - 1) / j.block;
    if ((st = job_open(ctx, &j))) goto out;
    if ((st = toc_parallel(ctx, j.n_blocks, learn, &j))) goto out;
    fit_weights(&j, forecasts->weight, &forecasts->n_learned);
    pick_rows(&j);
    if ((st = toc_parallel(ctx, 2 * FC_N_LEVELS, fit_level, &j))) goto out;
    st = toc_parallel(ctx, j.n_blocks, apply, &j);
out:
    job_close(&j);
    if (st) fc_release(forecasts);
    return st;
}

void fc_release(fc_forecasts *forecasts)
{
    toc_free(forecasts->series);
    toc_free(forecasts->memory);
    *forecasts = (fc_forecasts){0};
}
