/* as_of.c: the shop as it was known just before T. What happened or became known later is cut away here, once, for everything that learns. */
#include "shop/shop.h"

static bool before(int64_t at, int64_t as_of)
{
    return at != TOC_NO_TIME && at < as_of;
}

/* Whether a row existed before T: by its own time, else by when it became known. always: rows without any time (a product list) stay. */
static bool row_before(int64_t at, int64_t known_at, int64_t as_of, bool always)
{
    if (at != TOC_NO_TIME) return at < as_of;
    return known_at != TOC_NO_TIME ? known_at < as_of : always;
}

/* The column that says when a row of this kind happened, and whether rows without a time stay. */
static const struct {
    const char *column;
    bool always;
} row_times[SHOP_N_KINDS] = {
    [SHOP_ORDERS] = { "ordered_at", false }, [SHOP_REVIEWS] = { "created_at", false }, [SHOP_PRODUCTS] = { "launched_at", true },
    [SHOP_STOCK] = { "as_of", true },        [SHOP_PROMOTIONS] = { NULL, true },       [SHOP_CUSTOMERS] = { "created_at", true },
    [SHOP_MERCHANTS] = { "opened_at", true }, [SHOP_PAYMENTS] = { "at", false },       [SHOP_EVENTS] = { "at", false },
    [SHOP_LABELS] = { "labelled_at", false },
};

/* The moment of each row, or one for all. */
typedef struct {
    const int64_t *each; /* NULL = `all` */
    int64_t all;
} moments;

static int64_t moment_of(const moments *m, size_t i)
{
    return m->each ? m->each[i] : m->all;
}

/* Adds those of n rows (NULL: the first n) that existed before their moments. *kept: the moments of the rows added; the caller's. */
static toc_status cut_kind(toc_ctx *ctx, const shop_data *shop, shop_kind kind, const uint32_t *from, size_t n, const moments *as_of, shop_data *view,
                           int64_t **kept)
{
    size_t n_kept = 0;
    int column = row_times[kind].column ? shop_column_of(kind, toc_str_of(row_times[kind].column)) : -1;
    const int64_t *at = column >= 0 ? shop_ints(shop, kind, (size_t)column) : NULL, *known_at = shop_known_at(shop, kind);
    uint32_t *rows = NULL;
    toc_status st = TOC_OK;

    *kept = NULL;
    if ((st = toc_alloc(ctx, n, sizeof *rows, &rows))) goto out;
    if (as_of->each && (st = toc_alloc(ctx, n, sizeof **kept, kept))) goto out;
    for (size_t i = 0; i < n; i++) {
        uint32_t row = from ? from[i] : (uint32_t)i;
        if (!row_before(at ? at[row] : TOC_NO_TIME, known_at[row], moment_of(as_of, i), row_times[kind].always)) continue;
        if (*kept) (*kept)[n_kept] = as_of->each[i];
        rows[n_kept++] = row;
    }
    st = shop_copy_rows(ctx, shop, kind, from || n_kept < n ? rows : NULL, n_kept, view);
    view->has[kind] = shop->has[kind];
out:
    toc_free(rows);
    return st;
}

static void blank_later(int64_t *times, size_t n, const moments *as_of)
{
    for (size_t i = 0; i < n; i++)
        if (!before(times[i], moment_of(as_of, i))) times[i] = TOC_NO_TIME;
}

/* The status of a line that its own times before T speak for, the latest of them; SHOP_NO_STATUS where none does. Times are already cut. */
static shop_status status_by_times(const shop_orders *o, size_t i)
{
    const struct { shop_status status; int64_t at; } steps[] = { /* of equal times the later step holds */
        { SHOP_PAID, o->paid_at[i] },         { SHOP_SHIPPED, o->shipped_at[i] },   { SHOP_DELIVERED, o->delivered_at[i] },
        { SHOP_CANCELLED, o->cancelled_at[i] }, { SHOP_RETURNED, o->returned_at[i] }, { SHOP_REFUNDED, o->refunded_at[i] },
    };
    shop_status status = SHOP_NO_STATUS;
    int64_t latest = TOC_NO_TIME;

    for (size_t s = 0; s < TOC_COUNT(steps); s++) {
        if (steps[s].at == TOC_NO_TIME || steps[s].at < latest) continue;
        latest = steps[s].at;
        status = steps[s].status;
    }
    return status;
}

/* The codes of the statuses' names, 0 = not met yet. */
typedef struct {
    uint32_t code[SHOP_N_STATUSES];
} status_codes;

static bool status_of(const toc_pool *words, status_codes *names, uint32_t code, shop_status *status)
{
    for (size_t s = 0; s < SHOP_N_STATUSES; s++) {
        if (names->code[s] != code) continue;
        *status = (shop_status)s;
        return true;
    }
    if (!shop_status_of(toc_pool_str(words, code), status)) return false;
    names->code[*status] = code;
    return true;
}

static toc_status code_of(toc_ctx *ctx, toc_pool *words, status_codes *names, shop_status status, uint32_t *code)
{
    *code = 0;
    if (status == SHOP_NO_STATUS) return TOC_OK;
    if (!names->code[status]) TOC_TRY(toc_pool_intern(ctx, words, toc_str_of(shop_status_name(status)), &names->code[status]));
    *code = names->code[status];
    return TOC_OK;
}

/* The status that may be known at T. *untimed is set when the export's own word had no time and had to go. */
static toc_status cut_status(toc_ctx *ctx, shop_data *view, status_codes *names, size_t i, int64_t as_of, bool *untimed)
{
    shop_orders *o = &view->orders;
    toc_pool *words = &view->dict[SHOP_D_WORD];
    shop_status status, own;

    if (before(o->status_at[i], as_of)) return TOC_OK;
    if (o->status_at[i] == TOC_NO_TIME && before(o->known_at[i], as_of)) return TOC_OK;
    status = status_by_times(o, i);
    if (o->status_at[i] == TOC_NO_TIME && o->status[i]) {
        bool known = status_of(words, names, o->status[i], &own);
        if (!known || (own != status && own != SHOP_PLACED)) *untimed = true;
    }
    o->status_at[i] = TOC_NO_TIME;
    return code_of(ctx, words, names, status, &o->status[i]);
}

static toc_status cut_orders(toc_ctx *ctx, shop_data *view, const moments *as_of, uint64_t *dropped)
{
    shop_orders *o = &view->orders;
    int64_t *const times[] = { o->paid_at, o->shipped_at, o->delivered_at, o->cancelled_at, o->returned_at, o->refunded_at };
    bool no_status = false, no_refund = false;
    status_codes names = {0};

    for (size_t t = 0; t < TOC_COUNT(times); t++) blank_later(times[t], o->n, as_of);
    for (size_t i = 0; i < o->n; i++) {
        TOC_TRY(cut_status(ctx, view, &names, i, moment_of(as_of, i), &no_status));
        if (o->refund_amount[i] == TOC_NO_MONEY || o->refunded_at[i] != TOC_NO_TIME || before(o->known_at[i], moment_of(as_of, i))) continue;
        no_refund |= o->refund_amount[i] != 0;
        o->refund_amount[i] = TOC_NO_MONEY;
    }
    if (dropped && no_status) *dropped |= UINT64_C(1) << shop_column_of(SHOP_ORDERS, TOC_STR("status"));
    if (dropped && no_refund) *dropped |= UINT64_C(1) << shop_column_of(SHOP_ORDERS, TOC_STR("refund_amount"));
    return TOC_OK;
}

/* What later told of the rows just taken over goes. */
static toc_status cut_later(toc_ctx *ctx, shop_data *view, shop_kind kind, const moments *as_of, uint64_t *dropped)
{
    if (kind == SHOP_ORDERS) return cut_orders(ctx, view, as_of, dropped);
    if (kind == SHOP_CUSTOMERS) blank_later(view->customers.ended_at, view->customers.n, as_of);
    if (kind == SHOP_PRODUCTS) blank_later(view->products.discontinued_at, view->products.n, as_of);
    return TOC_OK;
}

toc_status shop_as_of_again(toc_ctx *ctx, const shop_data *shop, int64_t as_of, shop_data *view, uint64_t *dropped)
{
    const moments at = { .all = as_of };
    toc_status st = TOC_OK;

    view->dict = shop->dict;
    view->dict_borrowed = true;
    if (dropped) *dropped = 0;
    for (size_t k = 0; k < SHOP_N_KINDS && !st; k++) {
        int64_t *kept;
        shop_truncate(view, (shop_kind)k, 0);
        st = cut_kind(ctx, shop, (shop_kind)k, NULL, shop_rows(shop, (shop_kind)k), &at, view, &kept);
        if (!st) st = cut_later(ctx, view, (shop_kind)k, &at, dropped);
    }
    if (st) shop_release(view);
    return st;
}

toc_status shop_as_of(toc_ctx *ctx, const shop_data *shop, int64_t as_of, shop_data *view, uint64_t *dropped)
{
    *view = (shop_data){0};
    return shop_as_of_again(ctx, shop, as_of, view, dropped);
}

toc_status shop_as_of_rows(toc_ctx *ctx, const shop_data *shop, shop_kind kind, const uint32_t *rows, const int64_t *at, size_t n, shop_data *view,
                           uint64_t *dropped)
{
    moments as_of = { .each = at };
    int64_t *kept = NULL;

    TOC_ASSERT(shop_rows(view, kind) == 0);
    if (!view->dict) *view = (shop_data){ .dict = shop->dict, .dict_borrowed = true };
    toc_status st = cut_kind(ctx, shop, kind, rows, n, &as_of, view, &kept);
    as_of.each = kept;
    if (!st) st = cut_later(ctx, view, kind, &as_of, dropped);
    toc_free(kept);
    return st;
}
