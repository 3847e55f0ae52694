/* forecast.h: demand of many products: how much is expected, and how much it could be.
 *
 * A series is non-negative demand of equal periods (days, weeks, months), oldest first; NaN is a period of which nothing is known
 * (out of stock: demand was hidden, not zero). Fourteen small models forecast every series at several earlier origins; the
 * weights with which they are added, and the way the quantiles are made, are fitted to what happened after those origins, over
 * all series together and then by class, so that a product with little history borrows from the others. Nothing later than the
 * end of a series is ever used. */
#ifndef FC_FORECAST_H
#define FC_FORECAST_H

#include "base/base.h"
#include "table/table.h"

/* The models. Each is a function of one series; a missing period teaches nothing. */
typedef enum {
    FC_NAIVE,           /* the last known period */
    FC_SES,             /* simple exponential smoothing, alpha by squared error one step ahead */
    FC_WINDOW_SHORT,    /* mean of the last max(4, season) periods */
    FC_WINDOW_MIDDLE,   /* mean of the last max(12, 4 seasons) */
    FC_WINDOW_LONG,     /* mean of the last max(24, 16 seasons) */
    FC_CROSTON,         /* Croston 1972: size and interval smoothed apart, alpha 0.1 */
    FC_SBA,             /* Syntetos & Boylan 2005: Croston times (1 - alpha / 2) */
    FC_TSB,             /* Teunter, Syntetos & Babai 2011: size and probability smoothed apart, alphas 0.1 */
    FC_ADIDA,           /* Nikolopoulos et al. 2011: SES of sums over the mean interval */
    FC_IMAPA,           /* Petropoulos & Kourentzes 2015: the mean over sums of 1 .. mean interval */
    FC_SEASONAL_WINDOW, /* mean of the same place in the last 8 seasons, FC_WINDOW_MIDDLE without a season */
    FC_HOLT_WINTERS,    /* damped trend and additive season, Holt's damped trend without a season */
    FC_TRIMMED,         /* FC_WINDOW_MIDDLE without its largest sixth */
    FC_CLIPPED,         /* SES that takes no period for more than three times its level */
    FC_N_MODELS
} fc_model;
const char *fc_model_name(fc_model model);

/* What kind of demand (Syntetos, Boylan & Croston 2005: mean interval 1.32, squared variation of sizes 0.49), and its age. */
typedef enum { FC_SMOOTH, FC_ERRATIC, FC_INTERMITTENT, FC_LUMPY, FC_NEW, FC_DYING, FC_DEAD, FC_N_CLASSES } fc_class;
const char *fc_class_name(fc_class class);

/* The quantile levels of every distribution. */
#define FC_N_LEVELS 11
extern const double fc_levels[FC_N_LEVELS]; /* 0.05 0.10 0.20 0.35 0.50 0.65 0.80 0.90 0.95 0.98 0.99 */

typedef struct {
    const double *demand; /* (n), borrowed; >= 0 or NaN */
    size_t n;
    size_t window;        /* periods of the sum whose distribution is wanted, 1 .. horizon; 0 = horizon */
} fc_series;

typedef struct {
    size_t horizon;    /* periods ahead, >= 1 */
    size_t season;     /* periods of a season (7 for days); 0 or 1 = none */
    size_t dead_after; /* so many periods without demand at the end, and five times the usual interval: dead; 0 = max(8, 8
                          seasons) */
    size_t n_origins;  /* earlier origins to learn from; 0 = by the number of series: 8, or 3 above 20,000 */
} fc_options;

/* What is to come of one series. Arrays are owned by fc_forecasts. */
typedef struct {
    fc_class class;
    double interval, variation; /* mean interval between demands, squared variation of their sizes; NaN without demand */
    const double *mean;         /* (horizon), >= 0 */
    const double *quantile;     /* (horizon x FC_N_LEVELS) of each step, rising along the levels */
    double sum_mean;            /* of the first `window` periods */
    double sum_quantile[FC_N_LEVELS];
} fc_forecast;

/* Forecasts of all series, and how they were made. */
typedef struct {
    size_t n, horizon;
    fc_forecast *series;                         /* (n) */
    double weight[FC_N_CLASSES][FC_N_MODELS];    /* of the models, by class */
    size_t n_learned;                            /* (series, origin) pairs learned from; 0 = plain averages were used */
    double *memory;
} fc_forecasts;

/* Forecasts n series. Deterministic for any thread count: work is cut by series. O(n * length * models * origins).
 * Errors: TOC_E_NOMEM, TOC_E_USAGE (horizon 0). Series of any length, even empty or all NaN, are forecast (as 0 or by the class).
 */
TOC_CHECKED toc_status fc_run(toc_ctx *ctx, const fc_series *series, size_t n, const fc_options *options,
                              fc_forecasts *forecasts);
void fc_release(fc_forecasts *forecasts);

/* P(demand of the window > amount), read off the quantiles: linear between levels, from 0 at level 0, an exponential tail above
 * the last. */
double fc_exceed(const double quantile[FC_N_LEVELS], double amount);
/* The quantile of any level in (0, 1), read off the same line. */
double fc_quantile(const double quantile[FC_N_LEVELS], double level);

/* Class of one series. interval and variation may be NULL. */
fc_class fc_classify(const double *demand, size_t n, size_t dead_after, double *interval, double *variation);

/* ---- rows of any table as series ---- */

typedef enum { FC_DAY, FC_WEEK, FC_MONTH } fc_period;

/* Sums of a table's rows by id and period. Series are sorted by id text, begin with the earliest period of any, and end with the
 * last whole period before `end`; a period without rows is 0, one with an empty value is NaN, a negative sum (returns above
 * sales) is 0. */
typedef struct {
    size_t n, n_periods;
    const char **id;    /* (n) borrowed from the table */
    double *demand;     /* (n x n_periods) */
    int64_t first;      /* index of the first period */
    int64_t end_day;    /* local day after the last period */
    fc_period period;
    size_t n_later;     /* rows at or after the end: left out */
} fc_panel;

/* Columns: value (a number or empty), time, id (NULL = one series called "all"). Weeks have 7 days and are counted back from
 * as_of; as_of TOC_NO_TIME means after the latest row, whose month counts as whole. Errors: TOC_E_USAGE (no such column),
 * TOC_E_DATA (a value or time that is none: names the row; no rows before as_of), TOC_E_NOMEM. */
TOC_CHECKED toc_status fc_panel_build(toc_ctx *ctx, const tab_table *table, const char *value, const char *time, const char *id,
                                      fc_period period, int64_t as_of, fc_panel *panel);
void fc_panel_release(fc_panel *panel);
/* First day (YYYY-MM-DD) of the period `step` (0 = the first one after the end); buf of at least 16. */
void fc_panel_start(const toc_ctx *ctx, const fc_panel *panel, size_t step, char *buf);
/* Writes id, step, start, mean, q50, q80, q90, q95, q99, class: one row for each step (1 ..) and one with step "sum" for all of
 * them together. */
void fc_write_csv(const toc_ctx *ctx, const fc_panel *panel, const fc_forecasts *forecasts, toc_out *out);

/* One model on one series: mean (horizon) of the coming periods, never negative. Errors: TOC_E_NOMEM. */
TOC_CHECKED toc_status fc_model_run(toc_ctx *ctx, fc_model model, const double *demand, size_t n, size_t season, size_t horizon,
                                    double *mean);
/* Simple exponential smoothing with a given alpha from the first known value: level <- level + alpha (y - level). NaN without a
 * value. Source: Hyndman & Athanasopoulos, Forecasting: principles and practice, section 8.1. */
double fc_ses(const double *y, size_t n, double alpha);
/* Quantile of a gamma distribution of that mean and variance (Wilson & Hilferty 1931); the mean itself when the variance is 0. */
double fc_gamma_quantile(double mean, double variance, double level);

#endif
