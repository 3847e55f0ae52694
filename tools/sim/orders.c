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

/* What a buyer lived through. */
typedef struct {
    double days_late;
    bool defect;
} experience;

/* Payment, shipping, delivery, return and refund of a line. */
static experience live_through(sim *s, sim_line *l, const fate *f)
{
    const sim_merchant *m = &s->merchants[l->merchant];
    double ship = m->ship_hours * exp(0.6 * toc_rng_normal(&s->rng)), road = 24 * (1.5 + 3.5 * exp(0.4 * toc_rng_normal(&s->rng)));

    l->paid_at = l->shipped_at = l->delivered_at = l->cancelled_at = l->returned_at = l->refunded_at = TOC_NO_TIME;
    if (sim_chance(s, f->cancelled)) {
        l->cancelled_at = l->ordered_at + hours(0.1 + 20 * pow(toc_rng_unit(&s->rng), 3));
        cut(s, &l->cancelled_at);
        return (experience){ 0 };
    }
    l->paid_at = l->ordered_at + hours(0.01 + 0.5 * pow(toc_rng_unit(&s->rng), 4));
    bool never = sim_chance(s, fmax(f->never, m->lost)), at_once = sim_chance(s, f->at_once);
    if (at_once) ship = 0.2 + 1.6 * toc_rng_unit(&s->rng);
    if (!never) {
        l->shipped_at = l->paid_at + hours(ship);
        l->delivered_at = l->shipped_at + hours(road);
    }
    bool refunded = sim_chance(s, f->refunded);
    if (refunded) {
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
    return (experience){ .days_late = never ? 10 : (ship + road) / 24 - 6, .defect = refunded && !never };
}

/* A review waits for its day. */
static toc_status review(sim *s, const sim_line *l, bool bought, int stars, bool late, uint64_t words, uint64_t variation)
{
    uint32_t index;
    int64_t from = l->delivered_at != TOC_NO_TIME ? l->delivered_at : l->ordered_at;
    sim_review r = { .review = s->n_reviews++, .order = l->order, .account = l->account, .merchant = l->merchant, .product = l->product, .stars = stars,
                     .at = from + hours(bought ? 4 + 150 * pow(toc_rng_unit(&s->rng), 2) : 0.1 + 8 * toc_rng_unit(&s->rng)), .verified = bought, .kind = l->kind,
                     .chinese = l->chinese, .late = late, .words = words, .variation = variation };

    if (r.at >= s->end) return TOC_OK;
    if (s->free_review != SIM_NONE) {
        index = s->free_review;
        s->free_review = s->reviews[index].next;
    } else {
        TOC_TRY(toc_grow(s->ctx, &s->reviews, &s->cap_reviews, s->n_reviews_kept + 1, sizeof *s->reviews));
        index = (uint32_t)s->n_reviews_kept++;
    }
    r.next = s->reviews_of_day[day_of(s, r.at)];
    s->reviews_of_day[day_of(s, r.at)] = index;
    s->reviews[index] = r;
    return TOC_OK;
}

/* A line of a product of the merchant; an empty shelf is wished at all the same. false: nothing was to be had. */
static toc_status fill_line(sim *s, sim_line *l, double amount, bool *bought)
{
    int32_t day = day_of(s, l->ordered_at);

    *bought = false;
    l->product = sim_pick_product(s, l->merchant, day);
    if (l->product == SIM_NONE) return TOC_OK;
    const sim_product *p = &s->products[l->product];
    double off = sim_promotion_of(s, l->product, day);
    double wanted = amount > 1.6 ? floor(amount + toc_rng_unit(&s->rng)) : sim_chance(s, 0.18 + off) ? 2 : 1;
    l->quantity = (uint32_t)fmax(1, wanted);
    if (!sim_take(s, l->product, l->quantity)) return TOC_OK;
    double scale = amount < 0.7 ? amount * (0.9 + 0.2 * toc_rng_unit(&s->rng)) : 1; /* a cheap part or a top-up of the same product line */
    l->unit_price = TOC_MAX((int64_t)((double)p->price * scale), INT64_C(99));
    l->coupon = off > 0;
    l->discount = (int64_t)((double)(l->unit_price * l->quantity) * off);
    *bought = true;
    return TOC_OK;
}

/* How an honest buyer feels: the merchant's quality, lateness, what was broken, luck. */
static int honest_stars(sim *s, uint32_t merchant, const experience *e)
{
    double mood = s->merchants[merchant].quality + 0.9 * toc_rng_normal(&s->rng) - 0.25 * fmax(0, e->days_late) - (e->defect ? 1.5 : 0);
    return (int)fmax(1, fmin(5, round(mood)));
}

static bool has_offer(const sim *s, uint32_t merchant, int32_t day)
{
    const sim_merchant *m = &s->merchants[merchant];

    for (uint32_t k = 0; k < m->n_products; k++)
        if (sim_promotion_of(s, m->first_product + k, day) > 0) return true;
    return false;
}

/* Whoever has no merchant in mind looks at three and takes the first with an offer, or the last. */
static uint32_t looking_around(sim *s, int32_t day)
{
    uint32_t merchant = 0;

    for (int looks = 0; looks < 3; looks++) {
        merchant = sim_pick_merchant(s);
        if (has_offer(s, merchant, day)) break;
    }
    return merchant;
}

toc_status sim_order(sim *s, uint32_t customer, int64_t at, int *happy)
{
    const sim_customer *c = &s->customers[customer];
    size_t lines = 1 + (sim_chance(s, 0.2) ? 1 + (size_t)toc_rng_below(&s->rng, 2) : 0);
    uint32_t merchant = sim_chance(s, 0.6) ? c->favourite[sim_chance(s, 0.4)] : looking_around(s, day_of(s, at));
    uint64_t order = s->n_orders, home = (UINT64_C(1) << 36) + c->home, own = (UINT64_C(1) << 37) + customer;
    uint64_t ip = sim_chance(s, 0.1) ? (UINT64_C(1) << 38) + toc_rng_below(&s->rng, 40 + s->n_customers / 40) : home; /* a café's, or that at home */
    const fate f = { .cancelled = 0.04, .refunded = 0.06, .with_return = 0.7 };
    bool any = false;

    *happy = 0;
    for (size_t k = 0; k < lines; k++) {
        sim_line l = { .order = order, .account = customer, .line = (uint32_t)k + 1, .merchant = merchant, .ordered_at = at, .kind = (uint32_t)sim_n_kinds,
                       .chinese = c->chinese, .address = home, .device = customer % 3 ? own : home, .payment = customer % 5 ? own : home,
                       .ip = ip };
        sim_line *kept;
        bool bought;
        TOC_TRY(fill_line(s, &l, 1, &bought));
        if (!bought) continue;
        experience e = live_through(s, &l, &f);
        int stars = honest_stars(s, merchant, &e);
        if (!any) *happy = stars;
        any = true;
        if (l.cancelled_at == TOC_NO_TIME && sim_chance(s, stars <= 2 ? 0.5 : 0.3)) TOC_TRY(review(s, &l, true, stars, !e.defect && e.days_late > 3, toc_rng_u64(&s->rng), 0));
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
        if (l.product == SIM_NONE) return TOC_OK;
        return review(s, &l, false, stars, false, copied ? campaign_words : toc_rng_u64(&s->rng), toc_rng_u64(&s->rng));
    }
    TOC_TRY(fill_line(s, &l, (double)p->amount, &bought));
    if (!bought) return TOC_OK;
    live_through(s, &l, &f);
    s->n_orders++;
    if (l.cancelled_at == TOC_NO_TIME && sim_chance(s, k->reviewed))
        TOC_TRY(review(s, &l, true, stars, false, copied ? campaign_words : toc_rng_u64(&s->rng), copied ? toc_rng_u64(&s->rng) : 0));
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

static int compare_reviews(const void *a, const void *b, const void *arg)
{
    const sim_review *x = a, *y = b;
    const sim *s = arg;
    if (x->at != y->at) return x->at < y->at ? -1 : 1;
    return sim_id(s, x->review, 'r') < sim_id(s, y->review, 'r') ? -1 : 1;
}

static toc_status flush_reviews(sim *s, int32_t day)
{
    size_t n = 0;
    uint32_t next;

    for (uint32_t i = s->reviews_of_day[day]; i != SIM_NONE; i = next) {
        next = s->reviews[i].next;
        TOC_TRY(toc_grow(s->ctx, &s->day_reviews, &s->cap_day_reviews, n + 1, sizeof *s->day_reviews));
        s->day_reviews[n++] = s->reviews[i];
        s->reviews[i].next = s->free_review;
        s->free_review = i;
    }
    TOC_TRY(toc_sort(s->ctx, s->day_reviews, n, sizeof *s->day_reviews, compare_reviews, s));
    for (size_t i = 0; i < n; i++) sim_write_review(s, &s->day_reviews[i]);
    return TOC_OK;
}

toc_status sim_new_account(sim *s, uint64_t account, int64_t created_at)
{
    TOC_TRY(toc_grow(s->ctx, &s->accounts, &s->cap_accounts, s->n_day_accounts + 1, sizeof *s->accounts));
    s->accounts[s->n_day_accounts++] = (sim_account){ account, created_at };
    return TOC_OK;
}

static int compare_accounts(const void *a, const void *b, const void *arg)
{
    const sim_account *x = a, *y = b;
    const sim *s = arg;
    if (x->created_at != y->created_at) return x->created_at < y->created_at ? -1 : 1;
    return sim_id(s, x->account, 'c') < sim_id(s, y->account, 'c') ? -1 : 1;
}

toc_status sim_flush_day(sim *s, int32_t day)
{
    TOC_TRY(toc_sort(s->ctx, s->lines, s->n_day_lines, sizeof *s->lines, compare_lines, s));
    for (size_t i = 0; i < s->n_day_lines; i++) sim_write_line(s, &s->lines[i], s->n_day_lines - i - 1);
    s->written += s->n_day_lines;
    s->n_day_lines = 0;
    TOC_TRY(toc_sort(s->ctx, s->accounts, s->n_day_accounts, sizeof *s->accounts, compare_accounts, s));
    for (size_t i = 0; i < s->n_day_accounts; i++) sim_write_account(s, s->accounts[i].account, s->accounts[i].created_at);
    s->n_day_accounts = 0;
    return flush_reviews(s, day);
}
