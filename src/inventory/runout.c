/* runout.c: will a product run out in a shop that goes on ordering as it did?
 *
 * The chance by demand alone says what happens when nobody orders. Shops do order, and some products are let down to nothing
 * again and again. So that chance, over the judged days and over the lead time (in which no new order can arrive), and what the
 * counts say of the shop's habits become the signs of a logistic model, learned from what ran out after earlier moments. */
#include "inventory/inventory_int.h"

#include "num/num.h"

#include <math.h>

size_t inv_judged_days(const inventory_options *options)
{
    return (size_t)TOC_MIN(TOC_MAX(ceil(options->lead_time_days + options->review_days), 1.0), (double)INV_MAX_WINDOW);
}

static double log_odds(double p)
{
    double kept = TOC_MIN(TOC_MAX(p, 0.002), 0.998);
    return log(kept / (1.0 - kept));
}

static double clamp(double x, double limit)
{
    return isnan(x) ? 0.0 : TOC_MIN(TOC_MAX(x, -limit), limit);
}

static void signs_of(const inv_outlook *o, size_t p, size_t days, float x[INV_SIGNS])
{
    const inv_stock *s = &o->stock[p];
    double asked = inv_mean_ahead(o, p, (double)days), position = (double)(s->on_hand - s->reserved + s->incoming);
    double lead = isnan(s->lead_time_days) ? (double)o->window[p] / 2.0 : TOC_MAX(s->lead_time_days, 1.0);
    x[0] = (float)(0.5 * log_odds(inv_chance_within(o, p, (double)days, 0.0)));
    x[1] = (float)(0.5 * log_odds(inv_chance_within(o, p, TOC_MIN(lead, (double)days), 0.0)));
    x[2] = (float)clamp(log((inv_available_within(o, p, (double)days) + 1.0) / (asked + 1.0)), 4.0);
    x[3] = s->incoming > 0 ? 1.0F : 0.0F;
    x[4] = (float)(3.0 * s->share_empty);
    x[5] = (float)clamp(s->low_point / (asked + 1.0), 3.0);
    x[6] = (float)clamp((position - s->order_point) / (asked + 1.0), 3.0);
    x[7] = isnan(s->order_point) ? 1.0F : 0.0F;
    x[8] = (float)(0.5 * log_odds(inv_chance_within(o, p, (double)days, 0.5 * lead))); /* should the delivery be late */
    x[9] = (float)(0.5 * log_odds(inv_chance_within(o, p, (double)days, (double)days))); /* or not come */
    x[10] = (float)inv_chance_within(o, p, (double)days, 0.0);
}

static toc_status grow_rows(toc_ctx *ctx, size_t need, inv_rows *r)
{
    size_t caps[4] = { r->cap * INV_SIGNS, r->cap, r->cap, r->cap };
    TOC_TRY(toc_grow(ctx, &r->x, &caps[0], need * INV_SIGNS, sizeof *r->x));
    TOC_TRY(toc_grow(ctx, &r->chance, &caps[1], need, sizeof *r->chance));
    TOC_TRY(toc_grow(ctx, &r->plain, &caps[2], need, sizeof *r->plain));
    TOC_TRY(toc_grow(ctx, &r->truth, &caps[3], need, sizeof *r->truth));
    r->cap = TOC_MIN(TOC_MIN(caps[0] / INV_SIGNS, caps[1]), TOC_MIN(caps[2], caps[3]));
    return TOC_OK;
}

static double plain_share(const inv_outlook *o, size_t p, size_t days)
{
    double month = inv_sold_lately(&o->demand, p, TOC_MIN((size_t)28, o->demand.n_days));
    double expected = isnan(month) ? 0.0 : month / 28.0 * (double)days, available = inv_available_within(o, p, (double)days);
    return expected / (expected + TOC_MAX(available, 1e-9));
}

toc_status inv_rows_add(toc_ctx *ctx, const shop_data *shop, const inv_outlook *before, const inv_outlook *later, size_t days,
                        inv_rows *r)
{
    const inv_demand *d = &before->demand;
    uint8_t *seen = NULL;
    bool counted = false;
    toc_status st = TOC_OK;
    if ((st = toc_alloc(ctx, d->n, 1, &seen))) goto out;
    if ((st = grow_rows(ctx, r->n + d->n + 1, r))) goto out;
    if ((st = inv_stock_outs(ctx, shop, before->as_of, later->as_of, d, seen))) goto out;
    for (size_t p = 0; p < d->n; p++) counted |= seen[p] != 0;
    for (size_t p = 0; p < d->n; p++) {
        uint32_t code = d->product[p];
        size_t q = code < later->demand.n_codes ? later->demand.index_of[code] : 0;
        const inv_stock *s = &before->stock[p];
        if (!s->known || s->on_hand - s->reserved <= 0 || !q || (counted && !seen[p])) continue;
        signs_of(before, p, days, r->x + r->n * INV_SIGNS);
        r->chance[r->n] = inv_chance_within(before, p, (double)days, 0.0);
        r->plain[r->n] = plain_share(before, p, days);
        r->truth[r->n] = counted ? (seen[p] & 2) != 0
                                 : inv_sold_lately(&later->demand, q - 1, days) >= inv_available_within(before, p, (double)days);
        r->n_out += r->truth[r->n];
        r->n++;
    }
    r->counted |= counted;
out:
    toc_free(seen);
    return st;
}

toc_status inv_rows_append(toc_ctx *ctx, const inv_rows *from, inv_rows *to)
{
    TOC_TRY(grow_rows(ctx, to->n + from->n + 1, to));
    for (size_t i = 0; i < from->n; i++, to->n++) {
        for (size_t k = 0; k < INV_SIGNS; k++) to->x[to->n * INV_SIGNS + k] = from->x[i * INV_SIGNS + k];
        to->chance[to->n] = from->chance[i];
        to->plain[to->n] = from->plain[i];
        to->truth[to->n] = from->truth[i];
    }
    to->n_out += from->n_out;
    to->counted |= from->counted;
    return TOC_OK;
}

void inv_rows_release(inv_rows *r)
{
    toc_free(r->x);
    toc_free(r->chance);
    toc_free(r->plain);
    toc_free(r->truth);
    *r = (inv_rows){0};
}

toc_status inv_runout_fit(toc_ctx *ctx, const inv_rows *r, inv_runout *model)
{
    double expected = 0.0;
    *model = (inv_runout){ .scale = 1.0 };
    for (size_t i = 0; i < r->n; i++) expected += r->chance[i];
    if (r->counted && r->n >= 20) model->scale = TOC_MIN(1.0, ((double)r->n_out + 1.0) / (expected + 1.0));
    if (!r->counted || r->n_out < 20 || r->n - r->n_out < 20) return TOC_OK;
    TOC_TRY(num_logistic_fit(ctx, r->x, r->truth, r->n, INV_SIGNS, 1.0, model->weights));
    model->fitted = true;
    return TOC_OK;
}

double inv_runout_row(const inv_runout *model, const inv_rows *r, size_t i)
{
    double p = r->chance[i] * model->scale;
    if (model->fitted) num_logistic_predict(r->x + i * INV_SIGNS, 1, INV_SIGNS, model->weights, &p);
    return p;
}

double inv_runout_product(const inv_runout *model, const inv_outlook *o, size_t p, size_t days)
{
    float x[INV_SIGNS];
    double chance = inv_chance_within(o, p, (double)days, 0.0);
    if (!model->fitted) return chance * model->scale;
    signs_of(o, p, days, x);
    num_logistic_predict(x, 1, INV_SIGNS, model->weights, &chance);
    return chance;
}
