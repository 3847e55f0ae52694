/* position.c: stock counts. A product may be counted in several places at several times; what it has at a moment is the sum of
 * the newest count of each place. Of two counts of one place at one time the later row holds, so repeated rows count once. */
#include "inventory/inventory_int.h"

#include <math.h>

enum { MAX_PLACES = 64, MAX_HIDDEN_DAYS = 14 };

/* Rows of the stock table by product, then time. */
typedef struct {
    uint32_t *order; /* rows with a known product */
    size_t n;
    int64_t *at;     /* (rows) time of each count */
    const size_t *index_of;
    size_t n_codes;
} counts;

/* The newest count of each place, while walking along one product's rows. */
typedef struct {
    uint32_t place[MAX_PLACES];
    size_t row[MAX_PLACES];
    size_t n;
} places;

static size_t row_of(const counts *c, const shop_data *shop, size_t i)
{
    uint32_t code = shop->stock.product_id[i];
    return code < c->n_codes ? c->index_of[code] : 0;
}

static toc_status counts_sort(toc_ctx *ctx, const shop_data *shop, int64_t before, const inv_demand *d, counts *c)
{
    size_t n = shop->stock.n;
    uint64_t *key = NULL;
    uint32_t *order = NULL;
    toc_status st = TOC_OK;
    c->index_of = d->index_of;
    c->n_codes = d->n_codes;
    if ((st = toc_alloc(ctx, n, sizeof *key, &key))) goto out;
    if ((st = toc_alloc(ctx, n, sizeof *order, &order))) goto out;
    if ((st = toc_alloc(ctx, n, sizeof *c->at, &c->at))) goto out;
    for (size_t i = 0; i < n; i++) {
        /* A count without a time of its own is as old as its export, or as new as can be. */
        int64_t at = shop->stock.as_of[i] != TOC_NO_TIME ? shop->stock.as_of[i] : shop->stock.known_at[i];
        c->at[i] = at != TOC_NO_TIME ? at : before - 1;
        key[i] = toc_key_i64(c->at[i]);
    }
    if ((st = toc_sort_u64(ctx, key, n, false, order))) goto out;
    for (size_t i = 0; i < n; i++) key[i] = row_of(c, shop, i);
    if ((st = toc_sort_u64(ctx, key, n, true, order))) goto out;
    for (size_t i = 0; i < n; i++) {
        size_t row = order[i];
        if (key[row] && c->at[row] < before && shop->stock.on_hand[row] != SHOP_NO_INT) order[c->n++] = order[i];
    }
    c->order = order;
    order = NULL;
out:
    toc_free(key);
    toc_free(order);
    return st;
}

static void counts_release(counts *c)
{
    toc_free(c->order);
    toc_free(c->at);
}

static void place_count(const shop_data *shop, size_t row, places *p)
{
    uint32_t place = shop->stock.location[row];
    size_t i = 0;
    while (i < p->n && p->place[i] != place) i++;
    if (i == MAX_PLACES) i--; /* more places than anybody has: the last slot holds them in turn */
    else if (i == p->n) p->place[p->n++] = place;
    p->row[i] = row;
}

static int64_t total_on_hand(const shop_data *shop, const places *p)
{
    int64_t total = 0;
    for (size_t i = 0; i < p->n; i++) total += shop->stock.on_hand[p->row[i]];
    return total;
}

static int64_t or_zero(int64_t value)
{
    return value == SHOP_NO_INT ? 0 : value;
}

static void sum_places(const shop_data *shop, const counts *c, const places *p, inv_stock *s)
{
    double cost = 0.0, costed = 0.0;
    *s = (inv_stock){ .known = true,
                       .counted_at = TOC_NO_TIME,
                       .incoming_at = TOC_NO_TIME,
                       .lead_time_days = NAN,
                       .unit_cost = NAN,
                       .low_point = NAN,
                       .order_point = NAN };
    for (size_t i = 0; i < p->n; i++) {
        size_t row = p->row[i];
        const shop_stock *k = &shop->stock;
        s->counted_at = TOC_MAX(s->counted_at, c->at[row]);
        s->on_hand += k->on_hand[row];
        s->negative |= k->on_hand[row] < 0;
        s->reserved += or_zero(k->reserved[row]);
        s->incoming += or_zero(k->incoming[row]);
        if (k->incoming_at[row] != TOC_NO_TIME && or_zero(k->incoming[row]) > 0 &&
            (s->incoming_at == TOC_NO_TIME || k->incoming_at[row] > s->incoming_at)) s->incoming_at = k->incoming_at[row];
        if (k->lead_time_days[row] != SHOP_NO_INT) {
            double lead = (double)k->lead_time_days[row] / SHOP_RATIO;
            if (!(s->lead_time_days >= lead)) s->lead_time_days = lead;
        }
        if (k->unit_cost[row] != TOC_NO_MONEY) {
            cost += (double)k->unit_cost[row];
            costed += 1.0;
        }
    }
    if (costed > 0.0) s->unit_cost = cost / costed;
}

/* Days between two counts of which the first was 0. Sales on such a day show that it was over; the day it ran out counts as
 * hidden when it sold less than a usual day. */
static void hide_days(toc_ctx *ctx, int64_t from, int64_t to, inv_demand *d, size_t p)
{
    int64_t first = toc_local_day(ctx, from) - d->first_day, last = toc_local_day(ctx, to - 1) - d->first_day;
    const float *sold = d->sold + p * d->n_days;
    double *demand = d->demand + p * d->n_days, sum = 0.0;
    /* Counted in the small hours, the shelf went empty the day before. */
    if (toc_local_second(ctx, from) < 6 * 3600 && first > 0 && first <= (int64_t)d->n_days && sold[first - 1] > 0.0F) first--;
    if (first < 0 || first >= (int64_t)d->n_days) return;
    int64_t back = TOC_MIN(first, (int64_t)56);
    for (int64_t i = first - back; i < first; i++) sum += (double)sold[i];
    double usual = back ? sum / (double)back : 0.0;
    last = TOC_MIN(last, TOC_MIN((int64_t)d->n_days - 1, first + MAX_HIDDEN_DAYS));
    for (int64_t i = first; i <= last; i++) {
        if (i > first + 1 && sold[i] > 0.0F) break;
        if (sold[i] > 0.0F && (double)sold[i] >= usual) continue;
        d->hidden_days += isnan(demand[i]) ? 0 : 1;
        demand[i] = NAN;
    }
}

static int64_t total_incoming(const shop_data *shop, const places *p)
{
    int64_t total = 0;
    for (size_t i = 0; i < p->n; i++) total += or_zero(shop->stock.incoming[p->row[i]]);
    return total;
}

/* What the counts say of how a shop orders. */
typedef struct {
    int64_t on_hand, incoming; /* of the count before */
    double low, position;      /* sums */
    size_t n, n_rises, n_orders, n_recent, n_empty;
} habit;

static void add_habit(habit *h, int64_t on_hand, int64_t incoming, bool recent)
{
    if (h->n && on_hand > h->on_hand + 1) {
        h->low += (double)h->on_hand;
        h->n_rises++;
    }
    if (h->n && incoming > h->incoming) {
        h->position += (double)(h->on_hand + h->incoming);
        h->n_orders++;
    }
    h->n_recent += recent;
    h->n_empty += recent && on_hand <= 0;
    h->on_hand = on_hand;
    h->incoming = incoming;
    h->n++;
}

static void walk_product(toc_ctx *ctx, const shop_data *view, const counts *c, size_t first, size_t last, int64_t as_of,
                         inv_demand *d, size_t p, inv_stock *s)
{
    places seen = {0};
    habit h = {0};
    for (size_t k = first; k < last; k++) {
        place_count(view, c->order[k], &seen);
        int64_t at = c->at[c->order[k]], on_hand = total_on_hand(view, &seen);
        if (k + 1 < last && c->at[c->order[k + 1]] == at) continue;
        add_habit(&h, on_hand, total_incoming(view, &seen), at >= as_of - 180 * TOC_DAY);
        if (on_hand <= 0) hide_days(ctx, at, k + 1 < last ? c->at[c->order[k + 1]] : as_of, d, p);
    }
    sum_places(view, c, &seen, s);
    if (h.n_rises) s->low_point = h.low / (double)h.n_rises;
    if (h.n_orders) s->order_point = h.position / (double)h.n_orders;
    if (h.n_recent) s->share_empty = (double)h.n_empty / (double)h.n_recent;
}

/* What left since the count is not there any more; an export of sales without a fresh count must not hide that. What was on the
 * way may have arrived and been sold: a count is outsold only beyond that. */
static void take_off_sales(const shop_data *view, int64_t as_of, const inv_demand *d, inv_stock *stock)
{
    for (size_t p = 0; p < d->n; p++) {
        inv_stock *s = &stock[p];
        /* Promised for a day between the count and now: there. Still on the way at a later count: late, and counted as on the
         * way. */
        if (!s->known || s->incoming_at == TOC_NO_TIME || s->incoming_at <= s->counted_at || s->incoming_at >= as_of) continue;
        s->on_hand += s->incoming;
        s->incoming = 0;
    }
    const shop_orders *o = &view->orders;
    for (size_t i = 0; i < o->n; i++) {
        size_t p = d->index_of[o->product_id[i]];
        if (!p || !stock[p - 1].known || o->ordered_at[i] < stock[p - 1].counted_at || !shop_line_is_purchase(view, i)) continue;
        inv_stock *s = &stock[p - 1];
        int64_t off = TOC_MIN(o->quantity[i], TOC_MAX(s->on_hand, (int64_t)0)), more = o->quantity[i] - off;
        s->on_hand -= off;
        int64_t arrived = TOC_MIN(more, s->incoming);
        s->incoming -= arrived;
        s->outsold |= more > arrived;
    }
}

toc_status inv_stock_build(toc_ctx *ctx, const shop_data *view, int64_t as_of, inv_demand *demand, inv_stock **stock, bool *any)
{
    counts c = {0};
    toc_status st = TOC_OK;
    inv_stock *s = NULL;
    if ((st = toc_alloc(ctx, demand->n, sizeof *s, &s))) goto out;
    if ((st = counts_sort(ctx, view, as_of, demand, &c))) goto out;
    for (size_t first = 0, last; first < c.n; first = last) {
        size_t p = row_of(&c, view, c.order[first]);
        for (last = first + 1; last < c.n && row_of(&c, view, c.order[last]) == p;) last++;
        walk_product(ctx, view, &c, first, last, as_of, demand, p - 1, &s[p - 1]);
    }
    take_off_sales(view, as_of, demand, s);
    *any = c.n > 0;
    *stock = s;
    s = NULL;
out:
    counts_release(&c);
    toc_free(s);
    return st;
}

toc_status inv_stock_outs(toc_ctx *ctx, const shop_data *shop, int64_t from, int64_t to, const inv_demand *demand, uint8_t *seen)
{
    counts c = {0};
    toc_status st = counts_sort(ctx, shop, to, demand, &c);
    for (size_t first = 0, last; !st && first < c.n; first = last) {
        size_t p = row_of(&c, shop, c.order[first]);
        places known = {0};
        for (last = first; last < c.n && row_of(&c, shop, c.order[last]) == p; last++) {
            int64_t at = c.at[c.order[last]];
            place_count(shop, c.order[last], &known);
            if (at < from || (last + 1 < c.n && row_of(&c, shop, c.order[last + 1]) == p && c.at[c.order[last + 1]] == at))
                continue;
            seen[p - 1] = (uint8_t)(seen[p - 1] | 1 | (total_on_hand(shop, &known) <= 0 ? 2 : 0));
        }
    }
    counts_release(&c);
    return st;
}
