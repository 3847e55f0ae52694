/* world.c: merchants, products and customers, and how they are chosen. */
#include "sim/sim.h"

#include <math.h>

double sim_range(sim *s, range r) { return r.low + toc_rng_unit(&s->rng) * (r.high - r.low); }
bool sim_chance(sim *s, double p) { return toc_rng_unit(&s->rng) < p; }

/* Multiplication by an odd number and xor-shifts are permutations of 40 bits: no id twice, and none tells its age. */
uint64_t sim_id(const sim *s, uint64_t counter, uint64_t kind)
{
    const uint64_t mask = (UINT64_C(1) << 40) - 1;
    uint64_t x = (counter + toc_mix(s->seed * 31 + kind)) & mask;

    for (int round = 0; round < 3; round++) {
        x = x * 0x9e3779b97f4a7c15u & mask;
        x ^= x >> 21;
        x = (x * 0xbf58476d1ce4e5b9u + kind) & mask;
        x ^= x >> 17;
    }
    return x;
}

/* Shoppers sleep at night and shop in the evening: hour by rejection from a smooth curve. */
int64_t sim_time_of_day(sim *s, int32_t day)
{
    for (;;) {
        double hour = 24 * toc_rng_unit(&s->rng);
        double busy = 0.12 + 0.55 * exp(-pow((hour - 20.5) / 2.6, 2)) + 0.4 * exp(-pow((hour - 13) / 2.8, 2));
        if (sim_chance(s, busy)) return s->start + day * TOC_DAY + (int64_t)(hour * 3600) * TOC_SECOND + (int64_t)toc_rng_below(&s->rng, 1000) * 1000;
    }
}

static void make_product(sim *s, sim_product *p, uint32_t merchant)
{
    double dollars = exp(3.1 + 0.8 * toc_rng_normal(&s->rng));

    *p = (sim_product){ .merchant = merchant, .price = TOC_MAX((int64_t)(dollars * 100), INT64_C(199)), .launch_day = -1000, .end_day = 1 << 30, .surge_day = -1 };
    p->price = p->price / 100 * 100 + 99;
    p->cost = (int64_t)((double)p->price * (0.35 + 0.3 * toc_rng_unit(&s->rng)));
    p->base = pow(1 - toc_rng_unit(&s->rng), -0.8); /* few sell much, many little */
    p->season_peak = (float)(365 * toc_rng_unit(&s->rng));
    if (sim_chance(s, 0.12)) p->launch_day = (int32_t)toc_rng_below(&s->rng, s->n_days);
    if (sim_chance(s, 0.06)) p->end_day = (int32_t)(s->n_days / 4 + toc_rng_below(&s->rng, s->n_days)); /* goes out of fashion: dead stock */
    if (sim_chance(s, 0.5)) {
        p->surge_day = (int32_t)toc_rng_below(&s->rng, s->n_days);
        p->surge = (float)(1.5 + 2.5 * toc_rng_unit(&s->rng));
    }
    p->lead_days = 4 + (int32_t)toc_rng_below(&s->rng, 17);
    p->arrive_day = -1;
}

static toc_status make_merchants(sim *s)
{
    double total = 0;

    s->n_merchants = TOC_MIN(TOC_MAX(s->n_lines / 90, (size_t)60), (size_t)200000);
    TOC_TRY(toc_alloc(s->ctx, s->n_merchants, sizeof *s->merchants, &s->merchants));
    TOC_TRY(toc_alloc(s->ctx, s->n_merchants, sizeof *s->merchant_sum, &s->merchant_sum));
    TOC_TRY(toc_alloc(s->ctx, s->n_merchants * 8, sizeof *s->products, &s->products));
    for (size_t m = 0; m < s->n_merchants; m++) {
        sim_merchant *merchant = &s->merchants[m];
        merchant->weight = pow(1 - toc_rng_unit(&s->rng), -0.55);
        merchant->first_product = (uint32_t)s->n_products;
        merchant->n_products = 1 + (uint32_t)toc_rng_below(&s->rng, 3);
        merchant->opened_at = s->start - (int64_t)(toc_rng_unit(&s->rng) * 900) * TOC_DAY;
        merchant->quality = 3.4 + 1.5 * toc_rng_unit(&s->rng);
        merchant->ship_hours = sim_chance(s, 0.25) ? 0.7 : 8 + 50 * toc_rng_unit(&s->rng);
        merchant->lost = sim_chance(s, 0.3) ? 0.05 + 0.3 * toc_rng_unit(&s->rng) : 0.01;
        merchant->category = (uint32_t)toc_rng_below(&s->rng, 8);
        for (uint32_t k = 0; k < merchant->n_products; k++) make_product(s, &s->products[s->n_products++], (uint32_t)m);
        total += merchant->weight;
        s->merchant_sum[m] = total;
    }
    return TOC_OK;
}

uint32_t sim_pick_merchant(sim *s)
{
    double wanted = toc_rng_unit(&s->rng) * s->merchant_sum[s->n_merchants - 1];
    size_t low = 0, high = s->n_merchants - 1;

    while (low < high) {
        size_t middle = (low + high) / 2;
        if (s->merchant_sum[middle] <= wanted) low = middle + 1;
        else high = middle;
    }
    return (uint32_t)low;
}

/* How much a product draws on a day. */
static double pull(const sim *s, uint32_t product, int32_t day)
{
    const sim_product *p = &s->products[product];

    if (day < p->launch_day || day >= p->end_day) return 0;
    double pull = p->base * (1 + 0.5 * cos(2 * 3.14159265358979 * (day - (double)p->season_peak) / 365));
    int32_t since = p->surge_day < 0 ? -1 : day - p->surge_day;
    if (since >= 0 && since < 35) pull *= 1 + (double)p->surge * (since < 10 ? since / 10.0 : exp(-(since - 10) / 12.0));
    return pull * (1 + 4 * sim_promotion_of(s, product, day));
}

uint32_t sim_pick_product(sim *s, uint32_t merchant, int32_t day)
{
    const sim_merchant *m = &s->merchants[merchant];
    double sum[8], total = 0;

    for (uint32_t k = 0; k < m->n_products; k++) {
        total += pull(s, m->first_product + k, day);
        sum[k] = total;
    }
    if (total <= 0) return SIM_NONE;
    double wanted = toc_rng_unit(&s->rng) * total;
    uint32_t k = 0;
    while (k + 1 < m->n_products && sum[k] <= wanted) k++;
    return m->first_product + k;
}

/* Measured: what makes about n_lines of n_lines. */
static const double lines_to_customers = 0.128;

/* Customers come over the whole time; households share a home. */
static toc_status make_customers(sim *s)
{
    uint32_t home = 0;

    double campaigns = 0;

    for (size_t k = 0; k < sim_n_kinds; k++) campaigns += sim_kind_lines(&sim_kinds[k]);
    /* What campaigns place is not left for ordinary customers, of whom 14 lines each come in a shop of 400 days. */
    s->n_customers = TOC_MAX((size_t)((double)s->n_lines * lines_to_customers * (1 - campaigns * sim_crowding(s->n_lines))), (size_t)50);
    TOC_TRY(toc_alloc(s->ctx, s->n_customers, sizeof *s->customers, &s->customers));
    TOC_TRY(toc_alloc(s->ctx, s->n_days + 1, sizeof *s->customers_of_day, &s->customers_of_day));
    TOC_TRY(toc_alloc(s->ctx, s->n_days + 1, sizeof *s->pending_of_day, &s->pending_of_day));
    TOC_TRY(toc_alloc(s->ctx, s->n_days + 1, sizeof *s->reviews_of_day, &s->reviews_of_day));
    for (size_t d = 0; d <= s->n_days; d++) s->customers_of_day[d] = s->pending_of_day[d] = s->reviews_of_day[d] = SIM_NONE;
    for (size_t i = 0; i < s->n_customers; i++) {
        sim_customer *c = &s->customers[i];
        if (!i || !sim_chance(s, 0.3)) home++; /* a third live with the one before */
        c->home = home;
        c->gap_days = (float)exp(3.3 + 0.7 * toc_rng_normal(&s->rng));
        c->shape = (float)(1 + 4 * toc_rng_unit(&s->rng));
        c->leave = (float)(0.02 + 0.2 * pow(toc_rng_unit(&s->rng), 2));
        c->favourite[0] = sim_pick_merchant(s);
        c->favourite[1] = sim_pick_merchant(s);
        c->chinese = sim_chance(s, 0.4);
        c->left_at = TOC_NO_TIME;
        double first = sim_chance(s, 0.35) ? (double)c->gap_days * toc_rng_unit(&s->rng) : (double)s->n_days * toc_rng_unit(&s->rng);
        int32_t day = (int32_t)first;
        c->next = SIM_NONE;
        if (day >= (int32_t)s->n_days) continue;
        c->next_at = sim_time_of_day(s, day);
        c->next = s->customers_of_day[day];
        s->customers_of_day[day] = (uint32_t)i;
        c->created_at = c->next_at - (int64_t)(toc_rng_unit(&s->rng) * (sim_chance(s, 0.5) ? 0.2 : 90) * (double)TOC_DAY);
    }
    s->n_accounts = s->n_customers;
    return TOC_OK;
}

static toc_status make_promotions(sim *s)
{
    s->n_promotions = s->n_products / 2 * (s->n_days / 120 + 1);
    TOC_TRY(toc_alloc(s->ctx, s->n_promotions, sizeof *s->promotions, &s->promotions));
    /* By product, so that a product's few promotions are found by its place. */
    for (size_t i = 0; i < s->n_promotions; i++) {
        sim_promotion *p = &s->promotions[i];
        p->product = (uint32_t)(i * s->n_products / s->n_promotions);
        p->from_day = (int32_t)toc_rng_below(&s->rng, s->n_days);
        p->to_day = p->from_day + 3 + (int32_t)toc_rng_below(&s->rng, 9);
        p->discount = 0.1 + 0.05 * (double)toc_rng_below(&s->rng, 6);
    }
    return TOC_OK;
}

toc_status sim_make_world(sim *s)
{
    TOC_TRY(make_merchants(s));
    TOC_TRY(make_promotions(s));
    return make_customers(s);
}
