/* demand.c: orders to demand of every product and day. */
#include "inventory/inventory_int.h"

#include <math.h>

typedef struct {
    uint32_t *line; /* lines with a product, grouped by product */
    size_t *start;  /* (n + 1) */
    int64_t *day;   /* (orders) local day of each line */
} grouping;

static int compare_rank(const void *a, const void *b, const void *arg)
{
    const uint32_t *rank = arg;
    uint32_t x = rank[*(const uint32_t *)a], y = rank[*(const uint32_t *)b];
    return (x > y) - (x < y);
}

/* Products with a sale or a stock count, by id. */
static toc_status list_products(toc_ctx *ctx, const shop_data *view, inv_demand *d)
{
    const toc_pool *pool = &view->dict[SHOP_D_PRODUCT];
    uint32_t *rank = NULL;
    toc_status st = TOC_OK;
    d->n_codes = toc_pool_size(pool);
    if ((st = toc_alloc(ctx, d->n_codes, sizeof *d->index_of, &d->index_of))) goto out;
    if ((st = toc_alloc(ctx, d->n_codes, sizeof *rank, &rank))) goto out;
    for (size_t i = 0; i < view->orders.n; i++)
        if (shop_line_is_purchase(view, i)) d->index_of[view->orders.product_id[i]] = 1;
    for (size_t i = 0; i < view->stock.n; i++) d->index_of[view->stock.product_id[i]] = 1;
    d->index_of[0] = 0;
    for (size_t c = 1; c < d->n_codes; c++) d->n += d->index_of[c];
    if ((st = toc_alloc(ctx, d->n, sizeof *d->product, &d->product))) goto out;
    size_t n = 0;
    for (size_t c = 1; c < d->n_codes; c++)
        if (d->index_of[c]) d->product[n++] = (uint32_t)c;
    if ((st = toc_pool_rank(ctx, pool, rank))) goto out;
    if ((st = toc_sort(ctx, d->product, d->n, sizeof *d->product, compare_rank, rank))) goto out;
    for (size_t i = 0; i < d->n; i++) d->index_of[d->product[i]] = i + 1;
out:
    toc_free(rank);
    return st;
}

static toc_status group_lines(toc_ctx *ctx, const shop_data *view, const inv_demand *d, grouping *g)
{
    const shop_orders *o = &view->orders;
    TOC_TRY(toc_alloc(ctx, d->n + 2, sizeof *g->start, &g->start));
    TOC_TRY(toc_alloc(ctx, o->n, sizeof *g->line, &g->line));
    TOC_TRY(toc_alloc(ctx, o->n, sizeof *g->day, &g->day));
    for (size_t i = 0; i < o->n; i++) {
        g->day[i] = toc_local_day(ctx, o->ordered_at[i]);
        size_t p = d->index_of[o->product_id[i]];
        if (p) g->start[p + 1]++;
    }
    for (size_t p = 1; p < d->n + 2; p++) g->start[p] += g->start[p - 1];
    for (size_t i = 0; i < o->n; i++) {
        size_t p = d->index_of[o->product_id[i]];
        if (p) g->line[g->start[p]++] = (uint32_t)i;
    }
    return TOC_OK;
}

static int compare_quantity(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/* A single giant order says nothing about the days to come: a line above 20 times the median line that is more than half of all
 * other lines of the product together. Returns the quantity from which a line counts as one, INFINITY when there is none. */
static double bulk_from(double *quantity, size_t n)
{
    if (n < 8) return INFINITY;
    qsort(quantity, n, sizeof *quantity, compare_quantity);
    double rest = 0.0, median = quantity[n / 2];
    for (size_t i = 0; i + 1 < n; i++) rest += quantity[i];
    double most = quantity[n - 1];
    return most > 20.0 * median && most > 0.5 * rest ? most : INFINITY;
}

/* A return is taken off the newest earlier days with sales. */
static void take_back(float *sold, size_t last, double quantity)
{
    for (size_t day = last + 1; day-- > 0 && quantity > 0.0;) {
        double off = TOC_MIN(quantity, (double)sold[day]);
        sold[day] -= (float)off;
        quantity -= off;
    }
}

static void fill_product(const shop_data *view, const grouping *g, size_t p, double *scratch, inv_demand *d)
{
    const shop_orders *o = &view->orders;
    size_t first = g->start[p], last = g->start[p + 1], n = 0;
    float *sold = d->sold + p * d->n_days;
    int64_t end_day = d->first_day + (int64_t)d->n_days, newest = TOC_NO_TIME;
    double money = 0.0, pieces = 0.0;
    for (size_t k = first; k < last; k++)
        if (shop_line_is_purchase(view, g->line[k])) scratch[n++] = (double)o->quantity[g->line[k]];
    double bulk = bulk_from(scratch, n);
    d->newest_line[p] = -1;
    for (size_t k = first; k < last; k++) {
        size_t i = g->line[k];
        if (!shop_line_is_purchase(view, i)) continue;
        if (o->ordered_at[i] >= newest) {
            newest = o->ordered_at[i];
            d->newest_line[p] = (int64_t)i;
            d->currency[p] = o->currency[i];
        }
        double quantity = (double)o->quantity[i];
        if (quantity >= bulk) {
            d->bulk[p]++;
            continue;
        }
        if (g->day[i] >= d->first_day && g->day[i] < end_day) sold[g->day[i] - d->first_day] += (float)quantity;
    }
    for (size_t k = first; k < last; k++) {
        size_t i = g->line[k];
        double quantity = -(double)o->quantity[i];
        if (!shop_line_is_return(view, i) || quantity >= bulk || g->day[i] < d->first_day || g->day[i] >= end_day) continue;
        take_back(sold, (size_t)(g->day[i] - d->first_day), quantity);
    }
    for (size_t k = first; k < last; k++) {
        size_t i = g->line[k];
        if (!shop_line_is_purchase(view, i) || o->currency[i] != d->currency[p] || o->ordered_at[i] < newest - 90 * TOC_DAY)
            continue;
        money += (double)shop_line_amount(view, i);
        pieces += (double)o->quantity[i];
    }
    d->price[p] = pieces > 0.0 ? money / pieces : NAN;
}

static toc_status alloc_days(toc_ctx *ctx, inv_demand *d)
{
    size_t cells = 0;
    TOC_TRY(toc_mul_size(ctx, d->n, d->n_days, &cells));
    TOC_TRY(toc_alloc(ctx, cells, sizeof *d->demand, &d->demand));
    TOC_TRY(toc_alloc(ctx, cells, sizeof *d->sold, &d->sold));
    TOC_TRY(toc_alloc(ctx, d->n, sizeof *d->price, &d->price));
    TOC_TRY(toc_alloc(ctx, d->n, sizeof *d->currency, &d->currency));
    TOC_TRY(toc_alloc(ctx, d->n, sizeof *d->bulk, &d->bulk));
    return toc_alloc(ctx, d->n, sizeof *d->newest_line, &d->newest_line);
}

toc_status inv_demand_build(toc_ctx *ctx, const shop_data *view, int64_t as_of, inv_demand *demand)
{
    toc_status st = TOC_OK;
    grouping g = {0};
    double *scratch = NULL;
    inv_demand d = {0};
    int64_t first = shop_first_order(view), end_day = toc_local_day(ctx, as_of);
    if (first == TOC_NO_TIME) return toc_fail(ctx, TOC_E_DATA, "no orders before the moment asked for: nothing to forecast from");
    d.first_day = TOC_MAX(toc_local_day(ctx, first), end_day - INV_MAX_DAYS);
    d.n_days = end_day > d.first_day ? (size_t)(end_day - d.first_day) : 0;
    for (size_t i = 0; i < view->orders.n; i++) d.no_product += !view->orders.product_id[i] && shop_line_is_purchase(view, i);
    if ((st = list_products(ctx, view, &d))) goto out;
    if ((st = alloc_days(ctx, &d))) goto out;
    if ((st = group_lines(ctx, view, &d, &g))) goto out;
    if ((st = toc_alloc(ctx, view->orders.n + 1, sizeof *scratch, &scratch))) goto out;
    for (size_t p = 0; p < d.n; p++) fill_product(view, &g, p, scratch, &d);
    for (size_t i = 0; i < d.n * d.n_days; i++) d.demand[i] = (double)d.sold[i];
    *demand = d;
    d = (inv_demand){0};
out:
    inv_demand_release(&d);
    toc_free(scratch);
    toc_free(g.line);
    toc_free(g.start);
    toc_free(g.day);
    return st;
}

void inv_demand_release(inv_demand *d)
{
    toc_free(d->product);
    toc_free(d->demand);
    toc_free(d->sold);
    toc_free(d->price);
    toc_free(d->currency);
    toc_free(d->bulk);
    toc_free(d->newest_line);
    toc_free(d->index_of);
    *d = (inv_demand){0};
}
