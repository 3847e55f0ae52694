/* backtest.c: what the same outlook, made a window earlier, would have caught and missed. */
#include "inventory/inventory_int.h"

#include <math.h>

typedef struct {
    double pinball, plain_pinball, error, plain_error, total;
    size_t n, covered;
} demand_errors;

double inv_sold_lately(const inv_demand *d, size_t p, size_t n_days)
{
    double sum = 0.0;
    size_t known = 0, first = d->n_days > n_days ? d->n_days - n_days : 0;
    for (size_t i = first; i < d->n_days; i++) {
        if (isnan(d->demand[p * d->n_days + i])) continue;
        sum += (double)d->sold[p * d->n_days + i];
        known++;
    }
    return known && 10 * known >= 7 * n_days ? sum * (double)n_days / (double)known : NAN;
}

static double plain_mean(const inv_demand *d, size_t p, size_t window)
{
    double month = inv_sold_lately(d, p, TOC_MIN((size_t)28, d->n_days));
    return isnan(month) ? 0.0 : month / 28.0 * (double)window;
}

static size_t row_now(const inv_demand *now, uint32_t product)
{
    return product < now->n_codes ? now->index_of[product] : 0;
}

static double pinball(double truth, double quantile, double level)
{
    double e = truth - quantile;
    return e > 0.0 ? level * e : (level - 1.0) * e;
}

static demand_errors measure_demand(const inv_outlook *before, const inv_outlook *now, size_t days, double level)
{
    demand_errors m = {0};
    const inv_demand *d = &before->demand;
    for (size_t p = 0; p < d->n; p++) {
        size_t q = row_now(&now->demand, d->product[p]);
        double truth = q ? inv_sold_lately(&now->demand, q - 1, days) : NAN, naive = inv_sold_lately(d, p, days);
        if (isnan(truth)) continue;
        if (isnan(naive)) naive = plain_mean(d, p, days);
        double quantile = inv_window_quantile(before, p, level);
        m.pinball += pinball(truth, quantile, level);
        m.plain_pinball += pinball(truth, naive, level);
        m.error += fabs(truth - inv_mean_ahead(before, p, (double)days));
        m.plain_error += fabs(truth - naive);
        m.total += truth;
        m.covered += truth <= quantile;
        m.n++;
    }
    return m;
}

/* named: score at or above `from`. */
static toc_status add_warning_measures(toc_ctx *ctx, const inv_rows *r, const double *score, double from, warn_list *list)
{
    size_t named = 0, caught = 0, plain_named = 0, plain_caught = 0;
    warn_backtest *b = &list->backtest;
    for (size_t i = 0; i < r->n; i++) {
        bool warned = score[i] >= from, plain = r->plain[i] >= 0.5;
        named += warned;
        plain_named += plain;
        caught += warned && r->truth[i];
        plain_caught += plain && r->truth[i];
    }
    b->n = r->n;
    b->n_positive = r->n_out;
    TOC_TRY(warn_add_measure(ctx, list, "precision", named ? (double)caught / (double)named : NAN,
                             plain_named ? (double)plain_caught / (double)plain_named : NAN,
                             "share of the products named that ran out"));
    TOC_TRY(warn_add_measure(ctx, list, "recall", r->n_out ? (double)caught / (double)r->n_out : NAN,
                             r->n_out ? (double)plain_caught / (double)r->n_out : NAN,
                             "share of the products that ran out that were named"));
    return toc_arena_printf(ctx, &list->arena, &b->summary,
                            "Of %zu products that would have been named, %zu ran out%s; %zu ran out without being named.", named,
                            caught, r->counted ? "" : " by what was sold", r->n_out - caught);
}

static toc_status add_demand_measures(toc_ctx *ctx, const demand_errors *m, double level, bool has_stock, warn_list *list)
{
    const char *name = NULL;
    double total = TOC_MAX(m->total, 1e-9);
    TOC_TRY(toc_arena_printf(ctx, &list->arena, &name, "pinball %g", level));
    TOC_TRY(warn_add_measure(ctx, list, name, m->pinball / total, m->plain_pinball / total,
                             "loss of the demand quantile for each unit of demand; less is better"));
    TOC_TRY(toc_arena_printf(ctx, &list->arena, &name, "cover %g", level));
    TOC_TRY(warn_add_measure(ctx, list, name, m->n ? (double)m->covered / (double)m->n : NAN, NAN,
                             "share of products whose demand stayed within its quantile"));
    TOC_TRY(warn_add_measure(ctx, list, "WAPE", m->error / total, m->plain_error / total,
                             "error of expected demand as a share of demand; less is better"));
    if (has_stock) return TOC_OK;
    list->backtest.n = m->n;
    list->backtest.n_positive = m->n - m->covered;
    return toc_arena_printf(ctx, &list->arena, &list->backtest.summary,
                            "Demand of %zu of %zu products stayed within the quantile it should exceed in %.0f of 100 cases.",
                            m->covered, m->n, 100.0 * (1.0 - level));
}

toc_status inv_backtest(toc_ctx *ctx, const inventory_options *options, const inv_rows *rows, const inv_runout *model,
                        const inv_outlook *before, const inv_outlook *now, warn_list *list)
{
    toc_status st = TOC_OK;
    double *score = NULL;
    warn_backtest *b = &list->backtest;
    *b = (warn_backtest) { .done = true,
                           .as_of = before->as_of,
                           .until = now->as_of,
                           .plain_name = before->has_stock ? "28 days' mean against the stock; the last window again"
                                                           : "the last window again" };
    if (before->has_stock) {
        if ((st = toc_alloc(ctx, rows->n + 1, sizeof *score, &score))) goto out;
        for (size_t i = 0; i < rows->n; i++) score[i] = inv_runout_row(model, rows, i);
        if ((st = add_warning_measures(ctx, rows, score, options->min_chance, list))) goto out;
        if (rows->n_out && rows->n_out < rows->n &&
            (st = warn_measure_scores(ctx, list, score, rows->plain, rows->truth, rows->n)))
            goto out;
    }
    demand_errors m = measure_demand(before, now, inv_judged_days(options), options->service);
    st = add_demand_measures(ctx, &m, options->service, before->has_stock, list);
out:
    toc_free(score);
    return st;
}
