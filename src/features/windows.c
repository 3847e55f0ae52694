/* windows.c: purchases of an entity by local hour, day or week. */
#include "features/fea_int.h"

static const struct {
    const char *entity, *id;
    shop_domain domain;
} entities[] = {
    { "customers", "customer_id", SHOP_D_CUSTOMER },
    { "merchants", "merchant_id", SHOP_D_MERCHANT },
    { "products", "product_id", SHOP_D_PRODUCT },
};

/* One bucket of one entity. */
typedef struct {
    uint32_t code;
    int64_t from, units, spend;
    size_t orders;
} bucket;

typedef struct {
    bucket *list;
    size_t n, cap;
    uint32_t *codes; /* orders of the bucket being filled */
    size_t n_codes, cap_codes;
} buckets;

static int64_t bucket_start(const toc_ctx *ctx, int64_t at, fea_bucket by)
{
    int64_t day = toc_local_day(ctx, at);

    if (by == FEA_BY_HOUR)
        return at - (toc_local_second(ctx, at) % 3600) * TOC_SECOND - ((at % TOC_SECOND) + TOC_SECOND) % TOC_SECOND;
    return toc_local_midnight(ctx, by == FEA_BY_DAY ? day : day - toc_weekday(day));
}

static void close_bucket(buckets *b)
{
    if (b->n_codes > 0) b->list[b->n - 1].orders = fea_distinct(b->codes, b->n_codes);
    b->n_codes = 0;
}

/* The purchased lines of one code, in time order. */
static toc_status fill(toc_ctx *ctx, const shop_data *view, fea_bucket by, uint32_t code, const uint32_t *row, size_t n,
                       buckets *b)
{
    int64_t from = 0;

    for (size_t i = 0; i < n; i++) {
        uint32_t l = row[i];
        if (!shop_line_is_purchase(view, l)) continue;
        int64_t start = bucket_start(ctx, view->orders.ordered_at[l], by);
        if (b->n_codes == 0 || start != from) {
            close_bucket(b);
            TOC_TRY(toc_grow(ctx, &b->list, &b->cap, b->n + 1, sizeof *b->list));
            b->list[b->n++] = (bucket){ .code = code, .from = start };
            from = start;
        }
        TOC_TRY(toc_grow(ctx, &b->codes, &b->cap_codes, b->n_codes + 1, sizeof *b->codes));
        b->codes[b->n_codes++] = view->orders.order_id[l];
        b->list[b->n - 1].units += view->orders.quantity[l];
        b->list[b->n - 1].spend += shop_line_amount(view, l);
    }
    close_bucket(b);
    return TOC_OK;
}

static toc_status make_table(toc_ctx *ctx, const shop_data *view, size_t e, const buckets *b, double unit, tab_table *windows)
{
    tab_column *id, *from, *values[3];
    static const char *const names[] = { "orders", "units", "spend" };

    tab_init(windows, b->n);
    TOC_TRY(tab_add(ctx, windows, entities[e].id, TAB_TEXT, &view->dict[entities[e].domain], &id));
    for (size_t i = 0; i < b->n; i++) id->code[i] = b->list[i].code;
    TOC_TRY(tab_add(ctx, windows, "from", TAB_TIME, NULL, &from));
    for (size_t i = 0; i < b->n; i++) from->i64[i] = b->list[i].from;
    for (size_t c = 0; c < 3; c++) {
        TOC_TRY(tab_add(ctx, windows, names[c], TAB_F64, NULL, &values[c]));
        for (size_t i = 0; i < b->n; i++) {
            const bucket *k = &b->list[i];
            values[c]->f64[i] = c == 0 ? (double)k->orders : c == 1 ? (double)k->units : (double)k->spend / unit;
        }
    }
    return TOC_OK;
}

toc_status fea_windows(toc_ctx *ctx, const shop_data *view, const char *entity, fea_bucket by, tab_table *windows)
{
    uint32_t *order = NULL, *codes = NULL;
    bool *seen = NULL;
    fea_groups lines = {0};
    buckets b = {0};
    double unit;
    size_t e = 0, n = 0;
    toc_status st = TOC_OK;

    tab_init(windows, 0);
    while (e < TOC_COUNT(entities) && !toc_str_is(toc_str_of(entity), entities[e].entity)) e++;
    if (e == TOC_COUNT(entities))
        return toc_fail(ctx, TOC_E_USAGE, "--by is for customers, merchants and products, not for %s", entity);
    const uint32_t *column[] = { view->orders.customer_id, view->orders.merchant_id, view->orders.product_id };
    size_t n_codes = toc_pool_size(&view->dict[entities[e].domain]);
    if ((st = fea_money_unit(ctx, view, &unit))) goto out;
    if ((st = fea_time_order(ctx, view->orders.ordered_at, view->orders.n, &order))) goto out;
    if ((st = fea_group(ctx, column[e], view->orders.n, n_codes, order, &lines))) goto out;
    if ((st = toc_alloc(ctx, n_codes, sizeof *seen, &seen))) goto out;
    for (size_t c = 0; c < n_codes; c++) seen[c] = lines.start[c + 1] > lines.start[c];
    if ((st = fea_sorted_codes(ctx, &view->dict[entities[e].domain], seen, &codes, &n))) goto out;
    for (size_t i = 0; i < n && !st; i++)
        st = fill(ctx, view, by, codes[i], lines.row + lines.start[codes[i]], lines.start[codes[i] + 1] - lines.start[codes[i]],
                  &b);
    if (!st) st = make_table(ctx, view, e, &b, unit, windows);
out:
    if (st) tab_release(windows);
    fea_groups_release(&lines);
    toc_free(order);
    toc_free(codes);
    toc_free(seen);
    toc_free(b.list);
    toc_free(b.codes);
    return st;
}
