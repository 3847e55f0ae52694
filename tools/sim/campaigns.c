/* campaigns.c: groups of accounts at work. A campaign plans all its orders when it begins; they wait in lists by day. */
#include "sim/sim.h"

#include <math.h>

static toc_status new_pending(sim *s, uint32_t *index)
{
    if (s->free_pending != SIM_NONE) {
        *index = s->free_pending;
        s->free_pending = s->pending[*index].next;
        return TOC_OK;
    }
    TOC_TRY(toc_grow(s->ctx, &s->pending, &s->cap_pending, s->n_pending + 1, sizeof *s->pending));
    *index = (uint32_t)s->n_pending++;
    return TOC_OK;
}

/* Whole numbers evenly from low to high. */
static size_t pick_count(sim *s, range r)
{
    return (size_t)(r.low + floor(toc_rng_unit(&s->rng) * (r.high - r.low + 1)));
}

/* What the accounts of a campaign share. */
typedef struct {
    const sim_kind *kind;
    uint32_t number, id, merchant;
    uint64_t device, address, ip;
    int64_t begin, span;
    bool chinese;
} campaign;

/* A merchant bombed or brushed is of any size: every merchant alike. */
static uint32_t any_merchant(sim *s)
{
    return (uint32_t)toc_rng_below(&s->rng, s->n_merchants);
}

/* *first: the account's earliest order so far, SIM_NONE = none. */
static toc_status plan_order(sim *s, const campaign *c, const sim_pending *account, uint64_t own_payment, uint32_t *first)
{
    uint32_t index;
    int64_t at = c->begin + (int64_t)(toc_rng_unit(&s->rng) * (double)c->span);
    int32_t day = (int32_t)((at - s->start) / TOC_DAY);

    if (day >= (int32_t)s->n_days) return TOC_OK;
    /* Long campaigns keep shop hours; what takes hours only began at a shopper's hour. */
    if (c->span > 4 * TOC_DAY) at = sim_time_of_day(s, day);
    TOC_TRY(new_pending(s, &index));
    sim_pending *p = &s->pending[index];
    *p = *account;
    p->at = at;
    p->merchant = sim_chance(s, c->kind->one_merchant) ? c->merchant : sim_pick_merchant(s);
    p->payment = sim_chance(s, c->kind->new_payment) ? s->n_keys++ : own_payment;
    p->amount = (float)sim_range(s, c->kind->amount);
    p->abroad = sim_chance(s, c->kind->abroad);
    p->next = s->pending_of_day[day];
    s->pending_of_day[day] = index;
    if (*first == SIM_NONE || at < s->pending[*first].at) *first = index;
    return TOC_OK;
}

static toc_status plan_account(sim *s, const campaign *c)
{
    const sim_kind *k = c->kind;
    sim_pending account = { .kind = c->number, .campaign = c->id, .chinese = c->chinese, .created_at = TOC_NO_TIME };
    uint32_t first = SIM_NONE;
    uint64_t payment = s->n_keys++;
    size_t orders = pick_count(s, k->orders);
    double age_days = sim_chance(s, k->fresh) ? 2 * toc_rng_unit(&s->rng) : 5 + 300 * toc_rng_unit(&s->rng);

    account.account = s->n_accounts++;
    account.device = sim_chance(s, k->own_device) ? s->n_keys++ : c->device;
    account.address = sim_chance(s, k->own_address) ? s->n_keys++ : c->address;
    account.ip = sim_chance(s, k->own_ip) ? s->n_keys++ : c->ip;
    account.refunded = (float)sim_range(s, k->refunded);
    for (size_t i = 0; i < orders; i++) TOC_TRY(plan_order(s, c, &account, payment, &first));
    if (first != SIM_NONE) s->pending[first].created_at = c->begin - (int64_t)(age_days * (double)TOC_DAY);
    return TOC_OK;
}

static toc_status begin_campaign(sim *s, uint32_t number, int32_t day)
{
    const sim_kind *k = &sim_kinds[number];
    campaign c = { .kind = k, .number = number, .id = (uint32_t)s->n_campaigns++, .merchant = any_merchant(s), .begin = sim_time_of_day(s, day) };
    size_t accounts = pick_count(s, k->accounts);

    c.span = (int64_t)(sim_range(s, k->span_hours) * (double)TOC_HOUR);
    c.device = s->n_keys++;
    c.address = s->n_keys++;
    c.ip = s->n_keys++;
    c.chinese = sim_chance(s, 0.4);
    if (k->fraud && k->one_merchant > 0.7) sim_write_fraud_merchant(s, c.merchant, number, c.begin);
    for (size_t i = 0; i < accounts; i++) TOC_TRY(plan_account(s, &c));
    return TOC_OK;
}

double sim_kind_lines(const sim_kind *k)
{
    return k->per_10k / 1e4 * (k->accounts.low + k->accounts.high) / 2 * (k->orders.low + k->orders.high) / 2 * (1 - k->without_order);
}

double sim_crowding(size_t n_lines)
{
    return fmin(1, fmax(0.3, sqrt(3e4 / (double)n_lines)));
}

toc_status sim_plan_campaigns(sim *s, int32_t day)
{
    for (uint32_t number = 0; number < sim_n_kinds; number++) {
        double expected = sim_crowding(s->n_lines) * sim_kinds[number].per_10k * (double)s->n_lines / 1e4 / (double)s->n_days;
        for (uint64_t n = toc_rng_poisson(&s->rng, expected); n > 0; n--) TOC_TRY(begin_campaign(s, number, day));
    }
    return TOC_OK;
}

toc_status sim_run_pending(sim *s, int32_t day)
{
    uint32_t next;

    for (uint32_t i = s->pending_of_day[day]; i != SIM_NONE; i = next) {
        sim_pending p = s->pending[i]; /* a copy: the array may move */
        next = p.next;
        if (p.created_at != TOC_NO_TIME) TOC_TRY(sim_new_account(s, p.account, p.created_at));
        TOC_TRY(sim_campaign_order(s, &p));
        s->pending[i].next = s->free_pending;
        s->free_pending = i;
    }
    return TOC_OK;
}
