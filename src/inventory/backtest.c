/* backtest.c: what the same outlook, made a window earlier, would have caught and missed. */
#include "inventory/inventory_int.h"

#include <math.h>

typedef struct {
    double *score, *plain; /* chance of running out, and the plain rule's share */
    uint8_t *truth;
    size_t n;
    bool counted;          /* judged by stock counts, not by sales against stock */
} verdicts;

typedef struct {
    double pinball, plain_pinball, error, plain_error, total;
    size_t n, covered;
} demand_errors;

size_t inv_backtest_days(const inventory_options *options)
{
    return (size_t)TOC_MIN(TOC_MAX(ceil(options->lead_time_days + options->review_days), 1.0), (double)INV_MAX_WINDOW);
}

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

/* Products that still had stock, and whether they ran out afterwards. */
static toc_status judge(toc_ctx *ctx, const shop_data *shop, const inv_outlook *before, const inv_outlook *now, size_t days, verdicts *v)
{
    const inv_demand *d = &before->demand;
    uint8_t *seen = NULL;
    toc_status st = TOC_OK;
    if ((st = toc_alloc(ctx, d->n, 1, &seen))) goto out;
    if ((st = toc_alloc(ctx, d->n, sizeof(double), &v->score))) goto out;
    if ((st = toc_alloc(ctx, d->n, sizeof(double), &v->plain))) goto out;
    if ((st = toc_alloc(ctx, d->n, 1, &v->truth))) goto out;
    if ((st = inv_stock_outs(ctx, shop, before->as_of, now->as_of, d, seen))) goto out;
    for (size_t p = 0; p < d->n; p++) v->counted |= seen[p] != 0;
    for (size_t p = 0; p < d->n; p++) {
        size_t q = row_now(&now->demand, d->product[p]);
        const inv_stock *s = &before->stock[p];
        if (!s->known || s->on_hand - s->reserved <= 0 || !q || (v->counted && !seen[p])) continue;
        double expected = plain_mean(d, p, days), sold = inv_sold_lately(&now->demand, q - 1, days);
        v->score[v->n] = before->chance[p];
        v->plain[v->n] = expected / (expected + TOC_MAX(before->available[p], 1e-9));
        v->truth[v->n] = v->counted ? (seen[p] & 2) != 0 : sold >= before->available[p];
        v->n++;
    }
out:
    toc_free(seen);
    return st;
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

static toc_status add_warning_measures(toc_ctx *ctx, const verdicts *v, double from, warn_list *list)
{
    size_t named = 0, caught = 0, out = 0, plain_named = 0, plain_caught = 0;
    warn_backtest *b = &list->backtest;
    for (size_t i = 0; i < v->n; i++) {
        bool warned = v->score[i] >= from, plain = v->plain[i] >= 0.5;
        named += warned;
        plain_named += plain;
        out += v->truth[i];
        caught += warned && v->truth[i];
        plain_caught += plain && v->truth[i];
    }
    b->n = v->n;
    b->n_positive = out;
    TOC_TRY(warn_add_measure(ctx, list, "precision", named ? (double)caught / (double)named : NAN,
                             plain_named ? (double)plain_caught / (double)plain_named : NAN, "share of the products named that ran out"));
    TOC_TRY(warn_add_measure(ctx, list, "recall", out ? (double)caught / (double)out : NAN, out ? (double)plain_caught / (double)out : NAN,
                             "share of the products that ran out that were named"));
    return toc_arena_printf(ctx, &list->arena, &b->summary, "Of %zu products that would have been named, %zu ran out%s; %zu ran out without being named.", named,
                            caught, v->counted ? "" : " by what was sold", out - caught);
}

static toc_status add_demand_measures(toc_ctx *ctx, const demand_errors *m, double level, bool has_stock, warn_list *list)
{
    const char *name = NULL;
    double total = TOC_MAX(m->total, 1e-9);
    TOC_TRY(toc_arena_printf(ctx, &list->arena, &name, "pinball %g", level));
    TOC_TRY(warn_add_measure(ctx, list, name, m->pinball / total, m->plain_pinball / total, "loss of the demand quantile for each unit of demand; less is better"));
    TOC_TRY(toc_arena_printf(ctx, &list->arena, &name, "cover %g", level));
    TOC_TRY(warn_add_measure(ctx, list, name, m->n ? (double)m->covered / (double)m->n : NAN, NAN, "share of products whose demand stayed within its quantile"));
    TOC_TRY(warn_add_measure(ctx, list, "WAPE", m->error / total, m->plain_error / total, "error of expected demand as a share of demand; less is better"));
    if (has_stock) return TOC_OK;
    list->backtest.n = m->n;
    list->backtest.n_positive = m->n - m->covered;
    return toc_arena_printf(ctx, &list->arena, &list->backtest.summary, "Demand of %zu of %zu products stayed within the quantile it should exceed in %.0f of 100 cases.",
                            m->covered, m->n, 100.0 * (1.0 - level));
}

toc_status inv_backtest(toc_ctx *ctx, const shop_data *shop, const inventory_options *options, const inv_outlook *before, const inv_outlook *now, warn_list *list)
{
    toc_status st = TOC_OK;
    verdicts v = {0};
    size_t days = inv_backtest_days(options);
    warn_backtest *b = &list->backtest;
    *b = (warn_backtest){ .done = true, .as_of = before->as_of, .until = now->as_of, .plain_name = before->has_stock ? "mean of 28 days against the stock; demand: the last window again" : "the last window again" };
    if (before->has_stock) {
        if ((st = judge(ctx, shop, before, now, days, &v))) goto out;
        if ((st = add_warning_measures(ctx, &v, options->min_chance, list))) goto out;
        if (b->n_positive && b->n_positive < v.n && (st = warn_measure_scores(ctx, list, v.score, v.plain, v.truth, v.n))) goto out;
    }
    demand_errors m = measure_demand(before, now, days, options->service);
    st = add_demand_measures(ctx, &m, options->service, before->has_stock, list);
out:
    toc_free(v.score);
    toc_free(v.plain);
    toc_free(v.truth);
    return st;
}
