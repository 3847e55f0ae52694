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

void shop_add_days(shop_day *days, const shop_day *more)
{
    for (size_t d = 0; d < SHOP_DAYS; d++) {
        if (!more[d].n) continue;
        if (!days[d].n) days[d] = more[d];
        else days[d] = (shop_day){ days[d].n + more[d].n, TOC_MIN(days[d].first, more[d].first), TOC_MAX(days[d].last, more[d].last) };
    }
}

toc_status shop_days_as_of(toc_ctx *ctx, const shop_day *days, int64_t *as_of)
{
    size_t n = 0, late = 0;
    int64_t after = TOC_NO_TIME; /* the first of the later events */

    for (size_t d = 0; d < SHOP_DAYS; d++) n += days[d].n;
    if (!n) return toc_fail(ctx, TOC_E_DATA, "no order, review or stock count has a time");
    for (size_t d = SHOP_DAYS; d-- > 0 && late * 1000 < n;) {
        if (!days[d].n) continue;
        if (!late) *as_of = toc_local_midnight(ctx, toc_local_day(ctx, days[d].last) + 1);
        else TOC_TRY(shop_check_gap(ctx, days[d].last, after, late, n));
        after = days[d].first;
        late += days[d].n;
    }
    return TOC_OK;
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

enum { FEW = 16 };

/* Rows of one kind compared by the columns in which they differ, from the first on. */
typedef struct {
    const toc_pool *dict;   /* of a column of codes; NULL = integers */
    const uint32_t *codes, *rank; /* rank: NULL = by the texts themselves */
    const int64_t *ints;
} sort_column;
typedef struct {
    sort_column columns[64];
    size_t n;
} sort_order;

static int compare_rows(const void *a, const void *b, const void *arg)
{
    const sort_order *by = arg;
    const uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

    for (size_t j = 0; j < by->n; j++) {
        const sort_column *c = &by->columns[j];
        if (!c->dict) {
            if (c->ints[x] != c->ints[y]) return c->ints[x] < c->ints[y] ? -1 : 1;
            continue;
        }
        if (c->codes[x] == c->codes[y]) continue;
        if (c->rank) return c->rank[c->codes[x]] < c->rank[c->codes[y]] ? -1 : 1;
        int order = toc_str_cmp(toc_pool_str(c->dict, c->codes[x]), toc_pool_str(c->dict, c->codes[y]));
        if (order) return order;
    }
    return 0;
}

static void find_columns(const shop_data *shop, shop_kind kind, sort_order *by)
{
    const shop_schema *schema = shop_schema_of(kind);

    by->n = 0;
    for (size_t j = 0; j < schema->n_columns; j++) {
        bool code = schema->columns[j].type == SHOP_T_CODE;
        if (shop_is_constant(shop, kind, j)) continue;
        by->columns[by->n++] = (sort_column){ .dict = code ? &shop->dict[schema->columns[j].domain] : NULL,
                                              .codes = code ? shop_codes(shop, kind, j) : NULL, .ints = code ? NULL : shop_ints(shop, kind, j) };
    }
}

/* Ranks of the texts, of a domain when it is asked for first. */
static toc_status find_ranks(toc_ctx *ctx, const shop_data *shop, uint32_t **ranks, sort_order *by)
{
    for (size_t j = 0; j < by->n; j++) {
        const toc_pool *dict = by->columns[j].dict;
        if (!dict) continue;
        uint32_t **rank = &ranks[dict - shop->dict];
        if (!*rank) {
            TOC_TRY(toc_alloc(ctx, toc_pool_size(dict), sizeof **rank, rank));
            TOC_TRY(toc_pool_rank(ctx, dict, *rank));
        }
        by->columns[j].rank = *rank;
    }
    return TOC_OK;
}

static toc_status sort_run(toc_ctx *ctx, const sort_order *by, uint32_t *rows, size_t n)
{
    if (n > FEW) return toc_sort(ctx, rows, n, sizeof *rows, compare_rows, by);
    for (size_t i = 1; i < n; i++) {
        uint32_t row = rows[i];
        size_t k = i;
        for (; k > 0 && compare_rows(&rows[k - 1], &row, by) > 0; k--) rows[k] = rows[k - 1];
        rows[k] = row;
    }
    return TOC_OK;
}

/* Rows of one time, which are few in most shops, by their other columns: by the texts where hardly any row needs it, else by their ranks. */
static toc_status sort_ties(toc_ctx *ctx, const shop_data *shop, shop_kind kind, uint32_t **ranks, const uint64_t *keys, size_t n, uint32_t *order)
{
    sort_order by;
    size_t tied = 0, end;

    find_columns(shop, kind, &by);
    for (size_t i = 1; i < n; i++) tied += keys[order[i]] == keys[order[i - 1]];
    if (tied && tied > n / 8) TOC_TRY(find_ranks(ctx, shop, ranks, &by));
    for (size_t i = 0; i < n && tied; i = end) {
        for (end = i + 1; end < n && keys[order[end]] == keys[order[i]]; end++) continue;
        TOC_TRY(sort_run(ctx, &by, order + i, end - i));
    }
    return TOC_OK;
}

/* By the first time column of the schema, when the thing happened, then by all columns in their order, texts by their bytes. */
static toc_status sort_kind(toc_ctx *ctx, shop_data *shop, shop_kind kind, uint32_t **ranks)
{
    const shop_schema *schema = shop_schema_of(kind);
    size_t n = shop_rows(shop, kind), time = 0;
    uint64_t *keys = NULL;
    uint32_t *order = NULL;
    toc_status st = TOC_OK;

    if (n < 2) return TOC_OK;
    if ((st = toc_alloc(ctx, n, sizeof *keys, &keys))) goto out;
    if ((st = toc_alloc(ctx, n, sizeof *order, &order))) goto out;
    while (time < schema->n_columns && schema->columns[time].type != SHOP_T_TIME) time++;
    for (size_t i = 0; i < n && time < schema->n_columns; i++) keys[i] = toc_key_i64(shop_ints(shop, kind, time)[i]);
    if ((st = toc_sort_u64(ctx, keys, n, false, order))) goto out;
    if ((st = sort_ties(ctx, shop, kind, ranks, keys, n, order))) goto out;
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

    for (size_t k = 0; k < SHOP_N_KINDS && !st; k++) st = sort_kind(ctx, shop, (shop_kind)k, ranks);
    for (size_t d = 0; d < SHOP_N_DOMAINS; d++) toc_free(ranks[d]);
    return st;
}
