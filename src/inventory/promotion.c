/* promotion.c: what promotions did to demand. Simple on purpose: one factor a product, drawn to the factor of all products. */
#include "inventory/inventory_int.h"

#include <math.h>

enum { AROUND = 28, PULL_DAYS = 14 };

typedef struct {
    uint8_t *on;      /* (n x n_days) under promotion */
    double *expected; /* (n) units of the promotion days as usual days would have sold */
    double *observed; /* (n) */
    size_t *days;     /* (n) */
} past;

/* First and last column of a promotion row; false where it does not touch [0, n_days). */
static bool span_of(toc_ctx *ctx, const shop_data *shop, size_t i, int64_t first_day, size_t n_days, size_t *from, size_t *to)
{
    const shop_promotions *r = &shop->promotions;
    if (r->starts_on[i] == TOC_NO_TIME || r->ends_on[i] == TOC_NO_TIME) return false;
    int64_t a = toc_local_day(ctx, r->starts_on[i]) - first_day, b = toc_local_day(ctx, r->ends_on[i]) - first_day;
    if (b < a || b < 0 || a >= (int64_t)n_days) return false;
    *from = (size_t)TOC_MAX(a, (int64_t)0);
    *to = (size_t)TOC_MIN(b, (int64_t)n_days - 1);
    return true;
}

static size_t product_of(const inv_demand *d, uint32_t code)
{
    return code < d->n_codes ? d->index_of[code] : 0;
}

/* Mean of known days without promotion within AROUND days; NaN where there are fewer than 7. */
static double usual_around(const inv_demand *d, const past *k, size_t p, size_t from, size_t to)
{
    size_t first = from > AROUND ? from - AROUND : 0, last = TOC_MIN(to + AROUND + 1, d->n_days), n = 0;
    double sum = 0.0;
    for (size_t i = first; i < last; i++) {
        double v = d->demand[p * d->n_days + i];
        if (k->on[p * d->n_days + i] || isnan(v)) continue;
        sum += v;
        n++;
    }
    return n >= 7 ? sum / (double)n : NAN;
}

static void measure(toc_ctx *ctx, const shop_data *view, const inv_demand *d, past *k)
{
    size_t from, to;
    for (size_t i = 0; i < view->promotions.n; i++) {
        size_t p = product_of(d, view->promotions.product_id[i]);
        if (!p-- || !span_of(ctx, view, i, d->first_day, d->n_days, &from, &to)) continue;
        for (size_t day = from; day <= to; day++) k->on[p * d->n_days + day] = 1;
    }
    for (size_t i = 0; i < view->promotions.n; i++) {
        size_t p = product_of(d, view->promotions.product_id[i]);
        if (!p-- || !span_of(ctx, view, i, d->first_day, d->n_days, &from, &to)) continue;
        double usual = usual_around(d, k, p, from, to);
        if (isnan(usual)) continue;
        for (size_t day = from; day <= to; day++) {
            double v = d->demand[p * d->n_days + day];
            if (isnan(v) || k->on[p * d->n_days + day] == 2) continue;
            k->on[p * d->n_days + day] = 2; /* measured */
            k->observed[p] += v;
            k->expected[p] += usual;
            k->days[p]++;
        }
    }
}

static double product_uplift(const past *k, size_t p, double common, double mean_expected)
{
    double pull = PULL_DAYS * mean_expected;
    double uplift = (k->observed[p] + common * pull) / TOC_MAX(k->expected[p] + pull, 1e-9);
    return TOC_MIN(TOC_MAX(uplift, 0.5), 10.0);
}

static toc_status look_ahead(toc_ctx *ctx, const shop_data *known, const inv_demand *d, size_t horizon, const double *uplift,
                             inv_promotion *promotion)
{
    size_t from, to;
    for (size_t i = 0; i < known->promotions.n; i++) {
        size_t p = product_of(d, known->promotions.product_id[i]);
        if (!p-- || !span_of(ctx, known, i, d->first_day + (int64_t)d->n_days, horizon, &from, &to)) continue;
        if (!promotion->factor) {
            TOC_TRY(toc_alloc(ctx, d->n * horizon, sizeof *promotion->factor, &promotion->factor));
            for (size_t c = 0; c < d->n * horizon; c++) promotion->factor[c] = 1.0;
        }
        for (size_t day = from; day <= to; day++) promotion->factor[p * horizon + day] = uplift[p];
    }
    return TOC_OK;
}

toc_status inv_promotion_build(toc_ctx *ctx, const shop_data *view, const shop_data *known, inv_demand *d, size_t horizon,
                               inv_promotion *promotion)
{
    toc_status st = TOC_OK;
    past k = {0};
    double *uplift = NULL, observed = 0.0, expected = 0.0;
    *promotion = (inv_promotion){ .uplift = 1.0 };
    if (!known->promotions.n) return TOC_OK;
    if ((st = toc_alloc(ctx, d->n * d->n_days, 1, &k.on))) goto out;
    if ((st = toc_alloc(ctx, d->n, sizeof(double), &k.expected))) goto out;
    if ((st = toc_alloc(ctx, d->n, sizeof(double), &k.observed))) goto out;
    if ((st = toc_alloc(ctx, d->n, sizeof(size_t), &k.days))) goto out;
    if ((st = toc_alloc(ctx, d->n, sizeof(double), &uplift))) goto out;
    measure(ctx, view, d, &k);
    for (size_t p = 0; p < d->n; p++) {
        observed += k.observed[p];
        expected += k.expected[p];
        promotion->n_measured += k.days[p];
    }
    if (expected > 0.0) promotion->uplift = TOC_MIN(TOC_MAX(observed / expected, 0.5), 10.0);
    double mean_expected = promotion->n_measured ? expected / (double)promotion->n_measured : 1.0;
    for (size_t p = 0; p < d->n; p++) {
        uplift[p] = product_uplift(&k, p, promotion->uplift, mean_expected);
        for (size_t day = 0; day < d->n_days; day++)
            if (k.on[p * d->n_days + day]) d->demand[p * d->n_days + day] /= uplift[p];
    }
    st = look_ahead(ctx, known, d, horizon, uplift, promotion);
out:
    toc_free(k.on);
    toc_free(k.expected);
    toc_free(k.observed);
    toc_free(k.days);
    toc_free(uplift);
    return st;
}

void inv_promotion_release(inv_promotion *promotion)
{
    toc_free(promotion->factor);
    *promotion = (inv_promotion){0};
}
