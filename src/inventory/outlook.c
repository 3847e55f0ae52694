/* outlook.c: demand, stock, promotions and forecast of all products at one moment. */
#include "inventory/inventory_int.h"

#include <math.h>

inventory_options inventory_defaults(void)
{
    return (inventory_options) { .service = 0.95,
                                 .lead_time_days = 7.0,
                                 .review_days = 7.0,
                                 .horizon_days = 28.0,
                                 .cover_days = 180.0,
                                 .dead_days = 60.0,
                                 .min_chance = 0.3 };
}

static double lead_time(const inv_outlook *o, size_t p, const inventory_options *options)
{
    double lead = o->stock[p].known ? o->stock[p].lead_time_days : NAN;
    return isnan(lead) ? options->lead_time_days : lead;
}

static toc_status set_windows(toc_ctx *ctx, const inventory_options *options, size_t fixed, inv_outlook *o)
{
    o->horizon = (size_t)TOC_MIN(TOC_MAX(ceil(options->horizon_days), 1.0), (double)INV_MAX_WINDOW);
    TOC_TRY(toc_alloc(ctx, o->demand.n, sizeof *o->window, &o->window));
    for (size_t p = 0; p < o->demand.n; p++) {
        double days = fixed ? (double)fixed : ceil(lead_time(o, p, options) + options->review_days);
        o->window[p] = (size_t)TOC_MIN(TOC_MAX(days, 1.0), (double)INV_MAX_WINDOW);
        o->horizon = TOC_MAX(o->horizon, o->window[p]);
    }
    return TOC_OK;
}

static toc_status run_forecast(toc_ctx *ctx, const inventory_options *options, inv_outlook *o)
{
    fc_series *series = NULL;
    TOC_TRY(toc_alloc(ctx, o->demand.n, sizeof *series, &series));
    for (size_t p = 0; p < o->demand.n; p++)
        series[p] =
            (fc_series) { .demand = o->demand.demand + p * o->demand.n_days, .n = o->demand.n_days, .window = o->window[p] };
    fc_options fc = { .horizon = o->horizon, .season = o->demand.n_days >= 28 ? 7 : 1, .dead_after = (size_t)options->dead_days };
    toc_status st = fc_run(ctx, series, o->demand.n, &fc, &o->forecast);
    toc_free(series);
    return st;
}

/* What is there, and of what is on the way all that arrives by then (no date: in the lead time at most). */
double inv_available_within(const inv_outlook *o, size_t p, double n_days)
{
    const inv_stock *s = &o->stock[p];
    int64_t end = o->as_of + (int64_t)(n_days * (double)TOC_DAY);
    bool arrives = s->incoming > 0 && (s->incoming_at == TOC_NO_TIME || s->incoming_at < end);
    return (double)(s->on_hand - s->reserved + (arrives ? s->incoming : 0));
}

double inv_mean_ahead(const inv_outlook *o, size_t p, double n_days)
{
    const double *mean = o->forecast.series[p].mean, *factor = o->promotion.factor ? o->promotion.factor + p * o->horizon : NULL;
    double sum = 0.0, plain = 0.0, left = n_days;
    for (size_t h = 0; h < o->horizon && left > 0.0; h++, left -= 1.0) {
        double part = TOC_MIN(left, 1.0);
        sum += part * mean[h] * (factor ? factor[h] : 1.0);
    }
    if (left > 0.0) {
        for (size_t h = 0; h < o->horizon; h++) plain += mean[h];
        sum += left * plain / (double)o->horizon;
    }
    return sum;
}

/* How much more the window asks for because of promotions. */
static double window_factor(const inv_outlook *o, size_t p)
{
    if (!o->promotion.factor || !(o->forecast.series[p].sum_mean > 0.0)) return 1.0;
    return inv_mean_ahead(o, p, (double)o->window[p]) / o->forecast.series[p].sum_mean;
}

double inv_window_quantile(const inv_outlook *o, size_t p, double level)
{
    return window_factor(o, p) * fc_quantile(o->forecast.series[p].sum_quantile, level);
}

double inv_window_exceed(const inv_outlook *o, size_t p, double amount)
{
    return fc_exceed(o->forecast.series[p].sum_quantile, amount / window_factor(o, p));
}

/* P(X > amount), X binomial of m trials: exact for few, normal with half a unit's correction for many. */
static double binomial_exceed(double m, double share, double amount)
{
    double most = floor(amount), below = 0.0;
    if (amount < 0.0) return 1.0;
    if (m <= most) return 0.0;
    if (m > 60.0) return 0.5 * erfc((most + 0.5 - m * share) / sqrt(2.0 * m * share * (1.0 - share)));
    double mass = pow(1.0 - share, m);
    for (double k = 0.0; k <= most; k += 1.0) {
        below += mass;
        mass *= (m - k) / (k + 1.0) * share / (1.0 - share);
    }
    return TOC_MAX(0.0, 1.0 - below);
}

/* A shorter time asks for part of the window's demand, each unit with the share of the expected demand that falls into it. */
static double thinned_exceed(const inv_outlook *o, size_t p, double share, double amount)
{
    enum { POINTS = 25 };
    double sum = 0.0;
    for (int i = 0; i < POINTS; i++)
        sum += binomial_exceed(round(inv_window_quantile(o, p, ((double)i + 0.5) / POINTS)), share, amount);
    return sum / POINTS;
}

double inv_exceed_within(const inv_outlook *o, size_t p, double n_days, double amount)
{
    double window = (double)o->window[p], expected = inv_mean_ahead(o, p, window), mean = inv_mean_ahead(o, p, n_days);
    if (n_days == window) return inv_window_exceed(o, p, amount);
    if (n_days <= 0.0) return amount < 0.0 ? 1.0 : 0.0;
    if (n_days < window) return expected > 0.0 ? thinned_exceed(o, p, TOC_MIN(mean / expected, 0.999), amount) : 0.0;
    double equal = expected + (amount - mean) / sqrt(n_days / window);
    return inv_window_exceed(o, p, TOC_MAX(equal, 0.0));
}

double inv_chance_within(const inv_outlook *o, size_t p, double n_days, double late_days)
{
    const inv_stock *s = &o->stock[p];
    double there = (double)(s->on_hand - s->reserved), all = there + (double)s->incoming, arrives = n_days;
    if (s->incoming > 0 && s->incoming_at != TOC_NO_TIME)
        arrives = (double)(s->incoming_at - o->as_of) / (double)TOC_DAY + late_days;
    else if (s->incoming > 0) arrives = (isnan(s->lead_time_days) ? (double)o->window[p] / 2.0 : s->lead_time_days) + late_days;
    /* Running out is demand for the last unit: half a unit less than what is there is the border. */
    if (arrives >= n_days) return inv_exceed_within(o, p, n_days, TOC_MAX(there - 0.5, 0.0));
    double before = inv_exceed_within(o, p, TOC_MAX(arrives, 0.0), TOC_MAX(there - 0.5, 0.0));
    return TOC_MAX(before, inv_exceed_within(o, p, n_days, TOC_MAX(all - 0.5, 0.0)));
}

static toc_status set_chances(toc_ctx *ctx, inv_outlook *o)
{
    TOC_TRY(toc_alloc(ctx, o->demand.n, sizeof *o->available, &o->available));
    TOC_TRY(toc_alloc(ctx, o->demand.n, sizeof *o->chance, &o->chance));
    for (size_t p = 0; p < o->demand.n; p++) {
        bool known = o->stock[p].known;
        o->available[p] = known ? inv_available_within(o, p, (double)o->window[p]) : NAN;
        o->chance[p] = known ? inv_chance_within(o, p, (double)o->window[p], 0.0) : NAN;
    }
    return TOC_OK;
}

toc_status inv_outlook_build(toc_ctx *ctx, const shop_data *view, const shop_data *promotions, int64_t as_of,
                             const inventory_options *options, size_t fixed_window, inv_outlook *outlook)
{
    toc_status st = TOC_OK;
    inv_outlook o = { .as_of = as_of };
    if ((st = inv_demand_build(ctx, view, as_of, &o.demand))) goto out;
    if ((st = inv_stock_build(ctx, view, as_of, &o.demand, &o.stock, &o.has_stock))) goto out;
    if ((st = set_windows(ctx, options, fixed_window, &o))) goto out;
    if ((st = inv_promotion_build(ctx, view, promotions, &o.demand, o.horizon, &o.promotion))) goto out;
    if ((st = run_forecast(ctx, options, &o))) goto out;
    if ((st = set_chances(ctx, &o))) goto out;
    *outlook = o;
    return TOC_OK;
out:
    inv_outlook_release(&o);
    return st;
}

void inv_outlook_release(inv_outlook *o)
{
    inv_demand_release(&o->demand);
    inv_promotion_release(&o->promotion);
    fc_release(&o->forecast);
    toc_free(o->stock);
    toc_free(o->window);
    toc_free(o->available);
    toc_free(o->chance);
    *o = (inv_outlook){0};
}
