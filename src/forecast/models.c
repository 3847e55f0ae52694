/* models.c: the small models, one function each. All take y with NaN where nothing is known and never look past n. */
#include "forecast/forecast_int.h"

#include <math.h>

static const char *const model_names[FC_N_MODELS] = {
    "naive", "ses",   "window_short", "window_middle",   "window_long",  "croston", "sba",
    "tsb",   "adida", "imapa",        "seasonal_window", "holt_winters", "trimmed", "clipped",
};

const char *fc_model_name(fc_model model)
{
    return model_names[model];
}

double fc_ses(const double *y, size_t n, double alpha)
{
    double level = NAN;
    for (size_t i = 0; i < n; i++) {
        if (isnan(y[i])) continue;
        level = isnan(level) ? y[i] : level + alpha * (y[i] - level);
    }
    return level;
}

/* Mean of the first `count` known values: a first level that one early spike does not decide. */
static double first_level(const double *y, size_t n, size_t count)
{
    double sum = 0.0;
    size_t known = 0;
    for (size_t i = 0; i < n && known < count; i++)
        if (!isnan(y[i])) {
            sum += y[i];
            known++;
        }
    return known ? sum / (double)known : 0.0;
}

/* SES whose alpha has the least squared error one step ahead. All alphas walk along the series together. */
static double ses_best(const double *y, size_t n, const double *alpha, size_t n_alpha)
{
    double level[16], error[16] = {0};
    double first = first_level(y, n, 8);
    for (size_t a = 0; a < n_alpha; a++) level[a] = first;
    for (size_t i = 0; i < n; i++) {
        if (isnan(y[i])) continue;
        for (size_t a = 0; a < n_alpha; a++) {
            double e = y[i] - level[a];
            error[a] += e * e;
            level[a] += alpha[a] * e;
        }
    }
    size_t best = 0;
    for (size_t a = 1; a < n_alpha; a++)
        if (error[a] < error[best]) best = a;
    return level[best];
}

static const double ses_alphas[] = { 0.02, 0.04, 0.06, 0.09, 0.13, 0.18, 0.25, 0.35, 0.5, 0.7 };
/* Sums of several periods are few; the narrow range is that of the published implementations. */
static const double sum_alphas[] = { 0.1, 0.14, 0.18, 0.22, 0.26, 0.3 };

static double window_mean(const double *y, size_t n, size_t window)
{
    double sum = 0.0;
    size_t known = 0;
    for (size_t i = n; i-- > 0 && known < window;)
        if (!isnan(y[i])) {
            sum += y[i];
            known++;
        }
    return known ? sum / (double)known : 0.0;
}

static double croston(const double *y, size_t n, double alpha)
{
    double size = NAN, interval = NAN;
    size_t since = 0;
    for (size_t i = 0; i < n; i++) {
        if (isnan(y[i])) continue;
        since++;
        if (y[i] <= 0.0) continue;
        size = isnan(size) ? y[i] : size + alpha * (y[i] - size);
        interval = isnan(interval) ? (double)since : interval + alpha * ((double)since - interval);
        since = 0;
    }
    return isnan(size) ? 0.0 : size / interval;
}

static double tsb(const double *y, size_t n, double alpha_size, double alpha_chance)
{
    double size = NAN, chance = NAN;
    for (size_t i = 0; i < n; i++) {
        if (isnan(y[i])) continue;
        double sold = y[i] > 0.0;
        chance = isnan(chance) ? sold : chance + alpha_chance * (sold - chance);
        if (y[i] > 0.0) size = isnan(size) ? y[i] : size + alpha_size * (y[i] - size);
    }
    return isnan(size) ? 0.0 : size * chance;
}

/* Sums over `level` periods, cut from the end so that the newest are whole; a missing period counts as the mean of its fellows.
 */
static size_t aggregate(const double *y, size_t n, size_t level, double *sums)
{
    size_t n_sums = n / level, start = n - n_sums * level;
    for (size_t s = 0; s < n_sums; s++) {
        double sum = 0.0;
        size_t known = 0;
        for (size_t i = 0; i < level; i++) {
            double v = y[start + s * level + i];
            if (isnan(v)) continue;
            sum += v;
            known++;
        }
        sums[s] = known ? sum * (double)level / (double)known : NAN;
    }
    return n_sums;
}

static double aggregated_ses(const double *y, size_t n, size_t level, double *scratch)
{
    size_t n_sums = aggregate(y, n, level, scratch);
    return ses_best(scratch, n_sums, sum_alphas, TOC_COUNT(sum_alphas)) / (double)level;
}

/* Mean interval between demands, rounded, at least 1 and short enough for two sums. */
static size_t mean_interval(const double *y, size_t n)
{
    size_t known = 0, sold = 0;
    for (size_t i = 0; i < n; i++) {
        if (isnan(y[i])) continue;
        known++;
        sold += y[i] > 0.0;
    }
    if (!sold) return 1;
    size_t interval = (size_t)((double)known / (double)sold + 0.5);
    return TOC_MAX((size_t)1, TOC_MIN(interval, n / 2));
}

static double imapa(const double *y, size_t n, double *scratch)
{
    size_t levels = TOC_MIN(mean_interval(y, n), (size_t)24);
    double sum = 0.0;
    for (size_t level = 1; level <= levels; level++) sum += aggregated_ses(y, n, level, scratch);
    return sum / (double)levels;
}

/* Mean of the same place in the last 8 seasons, drawn to the mean of all places where only few are known. */
static void seasonal_window(const double *y, size_t n, size_t season, size_t horizon, double *mean)
{
    double all = window_mean(y, n, 8 * season);
    for (size_t h = 0; h < horizon; h++) {
        if (h >= season) {
            mean[h] = mean[h - season];
            continue;
        }
        double sum = 2.0 * all, count = 2.0;
        for (size_t k = 1; k <= 8 && k * season <= n + h; k++) {
            size_t i = n + h - k * season;
            if (i >= n || isnan(y[i])) continue;
            sum += y[i];
            count += 1.0;
        }
        mean[h] = sum / count;
    }
}

/* The combinations tried, one lane each: all walk along the series together, so that no lane waits for another. */
enum { LANES = 14 };
static const double lane_alpha[LANES] = { 0.03, 0.08, 0.20, 0.45, 0.08, 0.20, 0.45, 0.08, 0.20, 0.03, 0.08, 0.20, 0.45, 0.20 };
static const double lane_beta[LANES] = { 0, 0, 0, 0, 0.1, 0.1, 0.1, 0.2, 0.2, 0, 0, 0, 0, 0.1 };
static const double lane_phi[LANES] = { 0, 0, 0, 0, 0.9, 0.9, 0.9, 0.97, 0.97, 0, 0, 0, 0, 0.9 };
/* The last five lanes differ from earlier ones in how fast the season moves: without a season they say nothing new. */
static const double lane_gamma[LANES] = { 0.05, 0.05, 0.05, 0.05, 0.05, 0.05, 0.05, 0.05, 0.05, 0.15, 0.15, 0.15, 0.15, 0.15 };
enum { LANES_WITHOUT_SEASON = 9 };

typedef struct {
    double level[LANES], trend[LANES], error[LANES];
} lanes;

static void lanes_hidden(lanes *w)
{
    for (size_t g = 0; g < LANES; g++) {
        w->level[g] += lane_phi[g] * w->trend[g];
        w->trend[g] *= lane_phi[g];
    }
}

static void lanes_learn(lanes *w, double y, double *season, bool counts)
{
    double one = counts ? 1.0 : 0.0;
    for (size_t g = 0; g < LANES; g++) {
        double before = w->level[g] + lane_phi[g] * w->trend[g], e = y - before - season[g];
        w->error[g] += one * e * e;
        w->level[g] = before + lane_alpha[g] * e;
        w->trend[g] = lane_phi[g] * w->trend[g] + lane_beta[g] * lane_alpha[g] * e;
        season[g] += lane_gamma[g] * (1.0 - lane_alpha[g]) * e;
    }
}

/* Damped trend with additive season of m periods. The first season starts half-way between the mean and what was seen; errors
 * count after it. seasons (m x LANES) is scratch. */
static void holt_winters(const double *y, size_t n, size_t season, size_t horizon, double *seasons, double *mean)
{
    size_t m = season > 1 && n >= 2 * season ? season : 1, best = 0, place = 0;
    double first = first_level(y, n, TOC_MAX((size_t)8, 2 * m)), none[LANES];
    lanes w = {0};
    for (size_t g = 0; g < LANES; g++) w.level[g] = first;
    for (size_t i = 0; i < m; i++)
        for (size_t g = 0; g < LANES; g++) seasons[i * LANES + g] = m > 1 && !isnan(y[i]) ? 0.5 * (y[i] - first) : 0.0;
    for (size_t i = 0; i < n; i++, place = place + 1 == m ? 0 : place + 1) {
        if (m == 1) for (size_t g = 0; g < LANES; g++) none[g] = 0.0;
        if (isnan(y[i])) lanes_hidden(&w);
        else lanes_learn(&w, y[i], m > 1 ? seasons + place * LANES : none, i >= m);
    }
    for (size_t g = 1; g < (m > 1 ? LANES : LANES_WITHOUT_SEASON); g++)
        if (w.error[g] < w.error[best]) best = g;
    double damped = 0.0, factor = 1.0;
    for (size_t h = 0; h < horizon; h++) {
        factor *= lane_phi[best];
        damped += factor * w.trend[best];
        mean[h] = w.level[best] + damped + (m > 1 ? seasons[(n + h) % m * LANES + best] : 0.0);
    }
}

/* Mean of the last `window` known values without the largest sixth: single large orders do not return. */
static double trimmed_mean(const double *y, size_t n, size_t window, double *scratch)
{
    size_t known = 0;
    double sum = 0.0;
    for (size_t i = n; i-- > 0 && known < window;) {
        if (isnan(y[i])) continue;
        size_t at = known++;
        for (; at > 0 && scratch[at - 1] > y[i]; at--) scratch[at] = scratch[at - 1];
        scratch[at] = y[i];
    }
    size_t kept = known - known / 6;
    for (size_t i = 0; i < kept; i++) sum += scratch[i];
    return kept ? sum / (double)kept : 0.0;
}

static double clipped_ses(const double *y, size_t n, double alpha)
{
    double level = first_level(y, n, 8);
    for (size_t i = 0; i < n; i++) {
        if (isnan(y[i])) continue;
        level += alpha * (TOC_MIN(y[i], 3.0 * level + 1.0) - level);
    }
    return level;
}

size_t fc_scratch_size(size_t n, size_t season)
{
    return TOC_MAX(n, LANES * season) + 1;
}

static double flat(fc_model model, const double *y, size_t n, size_t season, double *scratch)
{
    size_t m = TOC_MAX(season, (size_t)1);
    switch (model) {
    case FC_NAIVE: return window_mean(y, n, 1);
    case FC_SES: return ses_best(y, n, ses_alphas, TOC_COUNT(ses_alphas));
    case FC_WINDOW_SHORT: return window_mean(y, n, TOC_MAX((size_t)4, m));
    case FC_WINDOW_LONG: return window_mean(y, n, TOC_MAX((size_t)24, 16 * m));
    case FC_CROSTON: return croston(y, n, 0.1);
    case FC_SBA: return 0.95 * croston(y, n, 0.1);
    case FC_TSB: return tsb(y, n, 0.1, 0.1);
    case FC_ADIDA: return aggregated_ses(y, n, mean_interval(y, n), scratch);
    case FC_IMAPA: return imapa(y, n, scratch);
    case FC_TRIMMED: return trimmed_mean(y, n, TOC_MAX((size_t)12, 4 * m), scratch);
    case FC_CLIPPED: return clipped_ses(y, n, 0.2);
    default: return window_mean(y, n, TOC_MAX((size_t)12, 4 * m));
    }
}

void fc_model_into(fc_model model, const double *y, size_t n, size_t season, size_t horizon, double *scratch, double *mean)
{
    if (model == FC_HOLT_WINTERS) holt_winters(y, n, season, horizon, scratch, mean);
    else if (model == FC_SEASONAL_WINDOW && season > 1) seasonal_window(y, n, season, horizon, mean);
    else {
        double level = flat(model, y, n, season, scratch);
        for (size_t h = 0; h < horizon; h++) mean[h] = level;
    }
    for (size_t h = 0; h < horizon; h++) mean[h] = TOC_MAX(0.0, mean[h]);
}

void fc_models_into(const double *y, size_t n, size_t season, size_t horizon, double *scratch, double *means)
{
    for (int k = 0; k < FC_N_MODELS; k++) fc_model_into((fc_model)k, y, n, season, horizon, scratch, means + (size_t)k * horizon);
}

toc_status fc_model_run(toc_ctx *ctx, fc_model model, const double *demand, size_t n, size_t season, size_t horizon, double *mean)
{
    double *scratch = NULL;
    TOC_TRY(toc_alloc(ctx, fc_scratch_size(n, season), sizeof *scratch, &scratch));
    fc_model_into(model, demand, n, season, horizon, scratch, mean);
    toc_free(scratch);
    return TOC_OK;
}
