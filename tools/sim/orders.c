/* orders.c: placing an order, and what becomes of it. Whatever would happen after the last day has not happened. */
#include "sim/sim.h"

#include <math.h>

static int64_t hours(double h) { return (int64_t)(h * 3600) * TOC_SECOND; }

static int32_t day_of(const sim *s, int64_t at) { return (int32_t)((at - s->start) / TOC_DAY); }

static toc_status new_line(sim *s, sim_line **line)
{
    TOC_TRY(toc_grow(s->ctx, &s->lines, &s->cap_lines, s->n_day_lines + 1, sizeof *s->lines));
    *line = &s->lines[s->n_day_lines++];
    return TOC_OK;
}

/* Times after the end have not come. */
static void cut(const sim *s, int64_t *at)
{
    if (*at >= s->end) *at = TOC_NO_TIME;
}

typedef struct {
    double at_once, never, cancelled, refunded, with_return;
} fate;

/* Payment, shipping, delivery, return and refund of a line; days late comes back for the mood of the review. */
static double live_through(sim *s, sim_line *l, const fate *f)
{
    const sim_merchant *m = &s->merchants[l->merchant];
    double ship = m->ship_hours * exp(0.6 * toc_rng_normal(&s->rng)), road = 24 * (1.5 + 3.5 * exp(0.4 * toc_rng_normal(&s->rng)));

    l->paid_at = l->shipped_at = l->delivered_at = l->cancelled_at = l->returned_at = l->refunded_at = TOC_NO_TIME;
    if (sim_chance(s, f->cancelled)) {
        l->cancelled_at = l->ordered_at + hours(0.1 + 20 * pow(toc_rng_unit(&s->rng), 3));
        cut(s, &l->cancelled_at);
        return 0;
    }
    l->paid_at = l->ordered_at + hours(0.01 + 0.5 * pow(toc_rng_unit(&s->rng), 4));
    bool never = sim_chance(s, fmax(f->never, m->lost)), at_once = sim_chance(s, f->at_once);
    if (at_once) ship = 0.2 + 1.6 * toc_rng_unit(&s->rng);
    if (!never) {
        l->shipped_at = l->paid_at + hours(ship);
        l->delivered_at = l->shipped_at + hours(road);
    }
    if (sim_chance(s, f->refunded)) {
        bool returned = sim_chance(s, f->with_return);
        int64_t from = l->delivered_at == TOC_NO_TIME ? l->paid_at + 5 * TOC_DAY : l->delivered_at;
        if (returned) l->returned_at = from + hours(24 * (1 + 9 * toc_rng_unit(&s->rng)));
        l->refunded_at = from + hours(24 * (2 + (returned ? 14 : 25) * toc_rng_unit(&s->rng)));
        if (returned && l->refunded_at < l->returned_at) l->refunded_at = l->returned_at + hours(20);
        l->refund = l->unit_price * l->quantity - l->discount;
    }
    int64_t *const times[] = { &l->paid_at, &l->shipped_at, &l->delivered_at, &l->returned_at, &l->refunded_at };
    for (size_t t = 0; t < TOC_COUNT(times); t++) cut(s, times[t]);
    if (l->refunded_at == TOC_NO_TIME) l->refund = 0;
    return never ? 10 : (ship + road) / 24 - 6;
}

static void review(sim *s, const sim_line *l, bool bought, int stars, uint64_t words, uint64_t variation)
{
    char text[600];
    int64_t from = l->delivered_at != TOC_NO_TIME ? l->delivered_at : l->ordered_at;
    sim_review r = { .review = s->n_reviews++, .order = l->order, .account = l->account, .merchant = l->merchant, .product = l->product, .stars = stars,
                     .at = from + hours(bought ? 4 + 150 * pow(toc_rng_unit(&s->rng), 2) : 0.1 + 8 * toc_rng_unit(&s->rng)), .verified = bought, .kind = l->kind };

    if (r.at >= s->end) return;
    sim_words(stars, l->chinese, words, variation, text, sizeof text);
    r.text = text;
    sim_write_review(s, &r);
}

/* A line of a product of the merchant; an empty shelf is wished at all the same. false: nothing was to be had. */
static toc_status fill_line(sim *s, sim_line *l, double amount, bool *bought)
{
    int32_t day = day_of(s, l->ordered_at);

    *bought = false;
    l->product = sim_pick_product(s, l->merchant, day);
    if (l->product == SIM_NONE) return TOC_OK;
    const sim_product *p = &s->products[l->product];
    double wanted = amount > 1.6 ? floor(amount + toc_rng_unit(&s->rng)) : sim_chance(s, 0.18) ? 2 : 1;
    l->quantity = (uint32_t)fmax(1, wanted);
    if (!sim_take(s, l->product, l->quantity)) return TOC_OK;
    double scale = amount < 0.7 ? amount * (0.9 + 0.2 * toc_rng_unit(&s->rng)) : 1; /* a cheap part or a top-up of the same product line */
    double off = sim_promotion_of(s, l->product, day);
    l->unit_price = TOC_MAX((int64_t)((double)p->price * scale), INT64_C(99));
    l->coupon = off > 0;
    l->discount = (int64_t)((double)(l->unit_price * l->quantity) * off);
    *bought = true;
    return TOC_OK;
}

/* How an honest buyer feels: the merchant's quality, lateness, luck. */
static int honest_stars(sim *s, uint32_t merchant, double days_late)
{
    double mood = s->merchants[merchant].quality + 0.9 * toc_rng_normal(&s->rng) - 0.25 * fmax(0, days_late);
    return (int)fmax(1, fmin(5, round(mood)));
}

toc_status sim_order(sim *s, uint32_t customer, int64_t at, int *happy)
{
    const sim_customer *c = &s->customers[customer];
    size_t lines = 1 + (sim_chance(s, 0.2) ? 1 + (size_t)toc_rng_below(&s->rng, 2) : 0);
    uint32_t merchant = sim_chance(s, 0.6) ? c->favourite[sim_chance(s, 0.4)] : sim_pick_merchant(s);
    uint64_t order = s->n_orders, home = (UINT64_C(1) << 36) + c->home, own = (UINT64_C(1) << 37) + customer;
    const fate f = { .cancelled = 0.04, .refunded = 0.06, .with_return = 0.7 };
    bool any = false;

    *happy = 0;
    for (size_t k = 0; k < lines; k++) {
        sim_line l = { .order = order, .account = customer, .line = (uint32_t)k + 1, .merchant = merchant, .ordered_at = at, .kind = (uint32_t)sim_n_kinds,
                       .chinese = c->chinese, .address = home, .device = customer % 3 ? own : home, .payment = customer % 5 ? own : home,
                       .ip = sim_chance(s, 0.1) ? (UINT64_C(1) << 38) + toc_rng_below(&s->rng, 40 + s->n_customers / 40) : home };
        sim_line *kept;
        bool bought;
        TOC_TRY(fill_line(s, &l, 1, &bought));
        if (!bought) continue;
        double late = live_through(s, &l, &f);
        int stars = honest_stars(s, merchant, late);
        if (!any) *happy = stars;
        any = true;
        if (l.cancelled_at == TOC_NO_TIME && sim_chance(s, stars <= 2 ? 0.5 : 0.3)) review(s, &l, true, stars, toc_rng_u64(&s->rng), 0);
        TOC_TRY(new_line(s, &kept));
        *kept = l;
    }
    s->n_orders += any;
    return TOC_OK;
}

toc_status sim_campaign_order(sim *s, const sim_pending *p)
{
    const sim_kind *k = &sim_kinds[p->kind];
    const fate f = { .at_once = k->at_once, .never = k->never, .cancelled = k->cancelled, .refunded = (double)p->refunded, .with_return = k->with_return };
    sim_line l = { .order = s->n_orders, .account = p->account, .line = 1, .merchant = p->merchant, .ordered_at = p->at, .kind = p->kind, .chinese = p->chinese,
                   .address = p->address, .device = p->device, .payment = p->payment, .ip = p->ip, .abroad = p->abroad, .delivered_at = TOC_NO_TIME };
    sim_line *kept;
    uint64_t campaign_words = toc_mix(s->seed ^ (0x5151u + p->campaign));
    bool bought = true, without = sim_chance(s, k->without_order), copied = sim_chance(s, k->copied);
    int stars = (int)lround(sim_range(s, k->stars));

    if (without) {
        l.product = sim_pick_product(s, l.merchant, day_of(s, l.ordered_at));
        if (l.product != SIM_NONE) review(s, &l, false, stars, copied ? campaign_words : toc_rng_u64(&s->rng), toc_rng_u64(&s->rng));
        return TOC_OK;
    }
    TOC_TRY(fill_line(s, &l, (double)p->amount, &bought));
    if (!bought) return TOC_OK;
    live_through(s, &l, &f);
    s->n_orders++;
    if (l.cancelled_at == TOC_NO_TIME && sim_chance(s, k->reviewed)) review(s, &l, true, stars, copied ? campaign_words : toc_rng_u64(&s->rng), copied ? toc_rng_u64(&s->rng) : 0);
    TOC_TRY(new_line(s, &kept));
    *kept = l;
    return TOC_OK;
}

static int compare_lines(const void *a, const void *b, const void *arg)
{
    const sim_line *x = a, *y = b;
    const sim *s = arg;
    if (x->ordered_at != y->ordered_at) return x->ordered_at < y->ordered_at ? -1 : 1;
    if (x->order != y->order) return sim_id(s, x->order, 'o') < sim_id(s, y->order, 'o') ? -1 : 1;
    return (x->line > y->line) - (x->line < y->line);
}

toc_status sim_flush_day(sim *s)
{
    TOC_TRY(toc_sort(s->ctx, s->lines, s->n_day_lines, sizeof *s->lines, compare_lines, s));
    for (size_t i = 0; i < s->n_day_lines; i++) sim_write_line(s, &s->lines[i], s->n_day_lines - i - 1);
    s->written += s->n_day_lines;
    s->n_day_lines = 0;
    return TOC_OK;
}
