/* stock.c: what is on the shelf, what is wished for, and what arrives too late. */
#include "sim/sim.h"

#include <math.h>

double sim_promotion_of(const sim *s, uint32_t product, int32_t day)
{
    /* those of a product stand together: from ceil(product * n / products) on */
    size_t first = (product * s->n_promotions + s->n_products - 1) / s->n_products;

    for (size_t i = first; i < s->n_promotions && s->promotions[i].product == product; i++)
        if (day >= s->promotions[i].from_day && day <= s->promotions[i].to_day) return s->promotions[i].discount;
    return 0;
}

bool sim_take(sim *s, uint32_t product, uint32_t quantity)
{
    sim_product *p = &s->products[product];

    p->demand += quantity;
    if (p->on_hand < (int32_t)quantity) return false;
    p->on_hand -= (int32_t)quantity;
    p->sold += quantity;
    return true;
}

/* Expected units a day from a merchant's share of the shop's orders; the owner knows the ordinary days, not the waves. */
static double daily_units(const sim *s, const sim_product *p)
{
    const sim_merchant *m = &s->merchants[p->merchant];
    double sum = 0, share = m->weight / s->merchant_sum[s->n_merchants - 1];

    for (uint32_t k = 0; k < m->n_products; k++) sum += s->products[m->first_product + k].base;
    return 1.25 * (double)s->n_lines / (double)s->n_days * share * p->base / sum;
}

static void first_stock(sim *s, sim_product *p)
{
    double daily = daily_units(s, p), over_lead = daily * p->lead_days;

    p->reorder_point = (int32_t)ceil(over_lead + 1.0 * sqrt(over_lead) + 1);
    p->order_up_to = p->reorder_point + (int32_t)ceil(daily * 25 + 2);
    p->on_hand = p->order_up_to;
}

static void reorder(sim *s, sim_product *p, int32_t day)
{
    if (p->incoming || p->on_hand > p->reorder_point || day >= p->end_day) return;
    p->incoming = p->order_up_to - p->on_hand;
    double late = sim_chance(s, 0.2) ? 1.5 + toc_rng_unit(&s->rng) : 0.8 + 0.4 * toc_rng_unit(&s->rng); /* suppliers slip */
    p->arrive_day = day + (int32_t)lround(p->lead_days * late);
}

toc_status sim_morning(sim *s, int32_t day)
{
    bool monday = day % 7 == 0;

    for (uint32_t i = 0; i < s->n_products; i++) {
        sim_product *p = &s->products[i];
        if (day == 0 || day == p->launch_day) first_stock(s, p);
        bool was_empty = p->on_hand == 0;
        if (p->incoming && day >= p->arrive_day) {
            p->on_hand += p->incoming;
            p->incoming = 0;
            if (was_empty && !monday) sim_write_stock(s, i, day);
        }
        reorder(s, p, day);
        if (monday && day) {
            if (p->demand) sim_write_demand(s, i, day - 7, p->demand, p->sold);
            p->demand = p->sold = 0;
        }
        if (day >= p->launch_day && (monday || (p->on_hand == 0 && !was_empty) || day + 1 == (int32_t)s->n_days)) sim_write_stock(s, i, day);
    }
    return TOC_OK;
}
