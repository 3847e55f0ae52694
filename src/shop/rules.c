/* rules.c: what a status, a return, a purchase and an amount are; the canonical order of rows; the default moment. */
#include "shop/shop.h"

static const char *const status_names[SHOP_N_STATUSES] = {
    [SHOP_PLACED] = "placed", [SHOP_PAID] = "paid", [SHOP_SHIPPED] = "shipped", [SHOP_DELIVERED] = "delivered",
    [SHOP_RETURNED] = "returned", [SHOP_REFUNDED] = "refunded", [SHOP_CANCELLED] = "cancelled", [SHOP_UNPAID] = "unpaid",
};

const char *shop_status_name(shop_status status)
{
    return status < SHOP_N_STATUSES ? status_names[status] : "";
}

bool shop_status_of(toc_str name, shop_status *status)
{
    for (size_t s = 0; s < SHOP_N_STATUSES; s++) {
        if (!toc_str_is(name, status_names[s])) continue;
        *status = (shop_status)s;
        return true;
    }
    return false;
}

shop_status shop_line_status(const shop_data *shop, size_t line)
{
    const shop_orders *o = &shop->orders;
    shop_status status;

    if (o->status[line] && shop_status_of(toc_pool_str(&shop->dict[SHOP_D_WORD], o->status[line]), &status)) return status;
    if (o->refunded_at[line] != TOC_NO_TIME) return SHOP_REFUNDED;
    if (o->returned_at[line] != TOC_NO_TIME) return SHOP_RETURNED;
    if (o->cancelled_at[line] != TOC_NO_TIME) return SHOP_CANCELLED;
    if (o->delivered_at[line] != TOC_NO_TIME) return SHOP_DELIVERED;
    if (o->shipped_at[line] != TOC_NO_TIME) return SHOP_SHIPPED;
    if (o->paid_at[line] != TOC_NO_TIME) return SHOP_PAID;
    return o->ordered_at[line] != TOC_NO_TIME ? SHOP_PLACED : SHOP_NO_STATUS;
}

bool shop_line_is_return(const shop_data *shop, size_t line)
{
    int64_t quantity = shop->orders.quantity[line];
    return quantity != SHOP_NO_INT && quantity < 0;
}

bool shop_line_is_purchase(const shop_data *shop, size_t line)
{
    int64_t quantity = shop->orders.quantity[line];
    if (quantity == SHOP_NO_INT || quantity <= 0) return false;
    shop_status status = shop_line_status(shop, line);
    return status != SHOP_CANCELLED && status != SHOP_UNPAID;
}

int64_t shop_line_amount(const shop_data *shop, size_t line)
{
    const shop_orders *o = &shop->orders;
    int64_t amount;

    if (o->line_total[line] != TOC_NO_MONEY) {
        amount = o->line_total[line];
        return shop_line_is_return(shop, line) && amount > 0 ? -amount : amount;
    }
    if (o->quantity[line] == SHOP_NO_INT || o->unit_price[line] == TOC_NO_MONEY) return 0;
    if (__builtin_mul_overflow(o->quantity[line], o->unit_price[line], &amount)) return 0;
    return o->discount[line] == TOC_NO_MONEY ? amount : amount - o->discount[line];
}

int64_t shop_first_order(const shop_data *shop)
{
    int64_t first = TOC_NO_TIME;

    for (size_t i = 0; i < shop->orders.n; i++) {
        int64_t at = shop->orders.ordered_at[i];
        if (at != TOC_NO_TIME && (first == TOC_NO_TIME || at < first)) first = at;
    }
    return first;
}

/* ---- the default moment ---- */

static size_t collect(const int64_t *times, size_t n, uint64_t *keys)
{
    size_t kept = 0;

    for (size_t i = 0; i < n; i++)
        if (times[i] != TOC_NO_TIME) keys[kept++] = toc_key_i64(times[i]);
    return kept;
}

toc_status shop_check_gap(toc_ctx *ctx, int64_t before, int64_t after, size_t late, size_t n)
{
    char from[32], to[32];

    if (after - before <= 7 * TOC_DAY) return TOC_OK;
    from[toc_format_time(after, from)] = 0;
    to[toc_format_time(before, to)] = 0;
    return toc_fail(ctx, TOC_E_DATA, "%zu of %zu events lie more than 7 days after all others (the first of them at %s, the rest end at %s); "
                    "mend or leave out those rows, or say --as-of", late, n, from, to);
}

toc_status shop_default_as_of(toc_ctx *ctx, const shop_data *shop, int64_t *as_of)
{
    uint64_t *keys = NULL;
    int64_t *sorted = NULL;
    uint32_t *order = NULL;
    size_t most = shop->orders.n + shop->reviews.n + shop->stock.n, n = 0;
    toc_status st = TOC_OK;

    if ((st = toc_alloc(ctx, most, sizeof *keys, &keys))) goto out;
    n = collect(shop->orders.ordered_at, shop->orders.n, keys);
    n += collect(shop->reviews.created_at, shop->reviews.n, keys + n);
    n += collect(shop->stock.as_of, shop->stock.n, keys + n);
    if (!n) {
        st = toc_fail(ctx, TOC_E_DATA, "no order, review or stock count has a time");
        goto out;
    }
    if ((st = toc_alloc(ctx, n, sizeof *order, &order))) goto out;
    if ((st = toc_alloc(ctx, n, sizeof *sorted, &sorted))) goto out;
    if ((st = toc_sort_u64(ctx, keys, n, false, order))) goto out;
    for (size_t i = 0; i < n; i++) sorted[i] = (int64_t)(keys[order[i]] ^ (UINT64_C(1) << 63));
    for (size_t late = 1; late * 1000 < n; late++)
        if ((st = shop_check_gap(ctx, sorted[n - late - 1], sorted[n - late], late, n))) goto out;
    *as_of = toc_local_midnight(ctx, toc_local_day(ctx, sorted[n - 1]) + 1);
out:
    toc_free(keys);
    toc_free(sorted);
    toc_free(order);
    return st;
}

/* ---- states ---- */

toc_status shop_keep_newest(toc_ctx *ctx, shop_data *shop)
{
    const shop_orders *o = &shop->orders;
    toc_map last = {0};
    bool *keep = NULL;
    uint64_t *row;
    toc_status st;

    if ((st = toc_alloc(ctx, o->n, sizeof *keep, &keep))) goto out;
    for (size_t i = 0; i < o->n; i++) {
        keep[i] = true;
        if (!o->line_id[i]) continue;
        if ((st = toc_map_at(ctx, &last, toc_pair(o->order_id[i], o->line_id[i]), &row, NULL))) goto out;
        if (*row) keep[*row - 1] = false;
        *row = i + 1;
    }
    shop_keep_rows(shop, SHOP_ORDERS, keep);
out:
    toc_free(keep);
    toc_map_release(&last);
    return st;
}

/* ---- canonical order ---- */

/* Sorts by the columns of one kind from the least to the most significant: all columns by text rank or value, then its time. */
static toc_status sort_kind(toc_ctx *ctx, shop_data *shop, shop_kind kind, uint32_t *const *ranks)
{
    const shop_schema *schema = shop_schema_of(kind);
    size_t n = shop_rows(shop, kind);
    uint64_t *keys = NULL;
    uint32_t *order = NULL;
    toc_status st = TOC_OK;
    int time_column = -1;

    if ((st = toc_alloc(ctx, n, sizeof *keys, &keys))) goto out;
    if ((st = toc_alloc(ctx, n, sizeof *order, &order))) goto out;
    for (size_t i = 0; i < n; i++) order[i] = (uint32_t)i;
    for (size_t j = schema->n_columns; j-- > 0;) {
        const shop_column *c = &schema->columns[j];
        if (c->type == SHOP_T_TIME) time_column = (int)j;
        for (size_t i = 0; i < n; i++)
            keys[i] = c->type == SHOP_T_CODE ? ranks[c->domain][shop_codes(shop, kind, j)[i]] : toc_key_i64(shop_ints(shop, kind, j)[i]);
        if ((st = toc_sort_u64(ctx, keys, n, true, order))) goto out;
    }
    if (time_column >= 0) { /* the first time column of the schema is when the thing happened */
        for (size_t i = 0; i < n; i++) keys[i] = toc_key_i64(shop_ints(shop, kind, (size_t)time_column)[i]);
        if ((st = toc_sort_u64(ctx, keys, n, true, order))) goto out;
    }
    st = shop_reorder(ctx, shop, kind, order);
out:
    toc_free(keys);
    toc_free(order);
    return st;
}

toc_status shop_sort(toc_ctx *ctx, shop_data *shop)
{
    uint32_t *ranks[SHOP_N_DOMAINS] = {0};
    toc_status st = TOC_OK;

    for (size_t d = 0; d < SHOP_N_DOMAINS; d++) {
        if ((st = toc_alloc(ctx, toc_pool_size(&shop->dict[d]), sizeof *ranks[d], &ranks[d]))) goto out;
        if ((st = toc_pool_rank(ctx, &shop->dict[d], ranks[d]))) goto out;
    }
    for (size_t k = 0; k < SHOP_N_KINDS; k++)
        if ((st = sort_kind(ctx, shop, (shop_kind)k, ranks))) goto out;
out:
    for (size_t d = 0; d < SHOP_N_DOMAINS; d++) toc_free(ranks[d]);
    return st;
}
