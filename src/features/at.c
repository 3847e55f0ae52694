/* at.c: features at many moments. What a customer or product looked like depends on its own rows alone, so all of them are computed at once, each at its
 * own moment; an entity with several moments takes as many rounds. A merchant also depends on everybody else, so there each moment is a view of its own. An
 * order is always taken at its own time. */
#include "features/fea_int.h"

/* The tables that hold an entity's own rows, and who it is in each. */
typedef struct {
    shop_kind kind;
    const char *column;
} source;

static const struct {
    const char *entity;
    shop_domain domain;
    source sources[3];
    toc_status (*each)(toc_ctx *ctx, const shop_data *view, const int64_t *moment, double unit, tab_table *features); /* NULL = not from own rows alone */
    toc_status (*whole)(toc_ctx *ctx, const shop_data *view, int64_t as_of, tab_table *features);
} entities[] = {
    { "customers", SHOP_D_CUSTOMER,
      { { SHOP_ORDERS, "customer_id" }, { SHOP_REVIEWS, "customer_id" }, { SHOP_CUSTOMERS, "customer_id" } }, fea_customers_each, fea_customers },
    { "products", SHOP_D_PRODUCT,
      { { SHOP_ORDERS, "product_id" }, { SHOP_REVIEWS, "product_id" }, { SHOP_STOCK, "product_id" } }, fea_products_each, fea_products },
    { "merchants", SHOP_D_MERCHANT, { { 0 } }, NULL, fea_merchants },
    { "orders", SHOP_D_ORDER, { { 0 } }, NULL, NULL },
};
enum { N_SOURCES = 3 };

static size_t place_of(const char *entity)
{
    size_t e = 0;
    while (e + 1 < TOC_COUNT(entities) && !toc_str_is(toc_str_of(entity), entities[e].entity)) e++;
    return e;
}

/* The rows of one round. */
typedef struct {
    const shop_data *shop;
    const fea_samples *samples;
    const fea_more *more;
    size_t owner;
    fea_groups groups[N_SOURCES];
    int64_t *moment;     /* by code; TOC_NO_TIME = not in this round */
    uint32_t *sample_of; /* by code */
    uint32_t *rows;
    int64_t *at;
    size_t cap_rows, cap_at;
    uint64_t dropped;
} rounds;

static toc_status empty_table(toc_ctx *ctx, const shop_data *shop, const char *entity, size_t n, const fea_more *more, tab_table *features)
{
    size_t n_list;
    const fea_info *list = fea_list(entity, &n_list);

    tab_init(features, n);
    for (size_t i = 0; i < n_list; i++) TOC_TRY(tab_add(ctx, features, list[i].name, TAB_F64, NULL, NULL));
    return fea_more_columns(ctx, shop, entity, more, features);
}

/* Puts row r of a table of fea_customers and the like where its sample wants it. */
static void put_row(const tab_table *from, size_t r, tab_table *to, size_t sample)
{
    for (size_t c = 0; c < to->n_cols; c++) {
        if (to->columns[c].type == TAB_TEXT) to->columns[c].code[sample] = from->columns[c + 1].code[r];
        else to->columns[c].f64[sample] = from->columns[c + 1].f64[r];
    }
}

static int compare_rows(const void *a, const void *b, const void *arg)
{
    uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;
    (void)arg;
    return (x > y) - (x < y);
}

/* The rows of one table that belong to the entities of this round, each with its entity's moment. */
static toc_status take_source(toc_ctx *ctx, rounds *r, size_t s, const uint32_t *members, size_t n_members, shop_data *view)
{
    const source *from = &entities[r->owner].sources[s];
    const uint32_t *code = shop_codes(r->shop, from->kind, (size_t)shop_column_of(from->kind, toc_str_of(from->column)));
    const fea_groups *g = &r->groups[s];
    size_t n = 0;

    for (size_t i = 0; i < n_members; i++) {
        uint32_t c = r->samples->code[members[i]];
        size_t more = g->start[c + 1] - g->start[c];
        TOC_TRY(toc_grow(ctx, &r->rows, &r->cap_rows, n + more, sizeof *r->rows));
        if (more) memcpy(r->rows + n, g->row + g->start[c], more * sizeof *r->rows);
        n += more;
    }
    TOC_TRY(toc_sort(ctx, r->rows, n, sizeof *r->rows, compare_rows, NULL));
    TOC_TRY(toc_grow(ctx, &r->at, &r->cap_at, n, sizeof *r->at));
    for (size_t i = 0; i < n; i++) r->at[i] = r->moment[code[r->rows[i]]];
    return shop_as_of_rows(ctx, r->shop, from->kind, r->rows, r->at, n, view, &r->dropped);
}

/* Samples `members`, each of another entity. */
static toc_status one_round(toc_ctx *ctx, rounds *r, const uint32_t *members, size_t n, double unit, tab_table *features)
{
    shop_data view = {0};
    tab_table part = {0};
    toc_status st = TOC_OK;

    for (size_t i = 0; i < n; i++) {
        r->moment[r->samples->code[members[i]]] = r->samples->at[members[i]];
        r->sample_of[r->samples->code[members[i]]] = members[i];
    }
    for (size_t s = 0; s < N_SOURCES && !st; s++) st = take_source(ctx, r, s, members, n, &view);
    if (!st) st = entities[r->owner].each(ctx, &view, r->moment, unit, &part);
    if (!st) st = fea_add_more_each(ctx, &view, &r->shop->products, entities[r->owner].entity, r->moment, r->more, &part);
    for (size_t i = 0; i < part.n_rows && !st; i++) {
        size_t sample = r->sample_of[part.columns[0].code[i]];
        put_row(&part, i, features, sample);
        r->samples->seen[sample] = true;
    }
    for (size_t i = 0; i < n; i++) r->moment[r->samples->code[members[i]]] = TOC_NO_TIME;
    tab_release(&part);
    shop_release(&view);
    return st;
}

/* Samples with a known entity by round: the k-th sample of an entity is in round k. start (n_rounds + 1) and member are the caller's. */
static toc_status deal_rounds(toc_ctx *ctx, const fea_samples *samples, size_t n_codes, fea_groups *dealt, size_t *n_rounds)
{
    uint32_t *times = NULL, *round = NULL;
    toc_status st = TOC_OK;

    *n_rounds = 0;
    if ((st = toc_alloc(ctx, n_codes, sizeof *times, &times))) goto out;
    if ((st = toc_alloc(ctx, samples->n, sizeof *round, &round))) goto out;
    for (size_t i = 0; i < samples->n; i++) {
        if (samples->code[i] == 0 || samples->at[i] == TOC_NO_TIME) continue; /* round 0 is left out */
        round[i] = ++times[samples->code[i]];
        *n_rounds = TOC_MAX(*n_rounds, round[i]);
    }
    st = fea_group(ctx, round, samples->n, *n_rounds + 1, NULL, dealt);
out:
    toc_free(times);
    toc_free(round);
    return st;
}

static int64_t last_moment(const fea_samples *samples)
{
    int64_t last = INT64_MIN;
    for (size_t i = 0; i < samples->n; i++) last = TOC_MAX(last, samples->at[i]);
    return last;
}

static toc_status at_owners(toc_ctx *ctx, const shop_data *shop, size_t owner, const fea_samples *samples, const fea_more *more, uint64_t *dropped,
                            tab_table *features)
{
    rounds r = { .shop = shop, .samples = samples, .more = more, .owner = owner };
    size_t n_codes = toc_pool_size(&shop->dict[entities[owner].domain]), n_rounds;
    fea_groups dealt = {0};
    double unit;
    toc_status st = TOC_OK;

    if ((st = fea_money_unit_before(ctx, shop, last_moment(samples), &unit))) goto out;
    for (size_t s = 0; s < N_SOURCES && !st; s++) {
        const source *from = &entities[owner].sources[s];
        size_t column = (size_t)shop_column_of(from->kind, toc_str_of(from->column));
        st = fea_group(ctx, shop_codes(shop, from->kind, column), shop_rows(shop, from->kind), n_codes, NULL, &r.groups[s]);
    }
    if (st || (st = fea_one_moment(ctx, TOC_NO_TIME, n_codes, &r.moment))) goto out;
    if ((st = toc_alloc(ctx, n_codes, sizeof *r.sample_of, &r.sample_of))) goto out;
    if ((st = deal_rounds(ctx, samples, n_codes, &dealt, &n_rounds))) goto out;
    for (size_t k = 1; k <= n_rounds && !st; k++)
        st = one_round(ctx, &r, dealt.row + dealt.start[k], dealt.start[k + 1] - dealt.start[k], unit, features);
    *dropped |= r.dropped;
out:
    for (size_t s = 0; s < N_SOURCES; s++) fea_groups_release(&r.groups[s]);
    fea_groups_release(&dealt);
    toc_free(r.moment);
    toc_free(r.sample_of);
    toc_free(r.rows);
    toc_free(r.at);
    return st;
}

/* Rows of a whole table at one moment, for the samples order[0 .. n) of that moment. */
static void put_samples(const tab_table *table, const uint32_t *row_of, const fea_samples *samples, const uint32_t *order, size_t n, tab_table *features)
{
    for (size_t i = 0; i < n; i++) {
        uint32_t row = row_of[samples->code[order[i]]];
        if (samples->code[order[i]] == 0 || row == 0 || row > table->n_rows || table->columns[0].code[row - 1] != samples->code[order[i]]) continue;
        put_row(table, row - 1, features, order[i]);
        samples->seen[order[i]] = true;
    }
}

/* A view of the whole shop at each moment there is. */
static toc_status at_each_moment(toc_ctx *ctx, const shop_data *shop, size_t entity, const fea_samples *samples, const fea_more *more, uint64_t *dropped,
                                 tab_table *features)
{
    uint32_t *order = NULL, *row_of = NULL;
    uint64_t *keys = NULL;
    toc_status st = TOC_OK;

    if ((st = toc_alloc(ctx, samples->n, sizeof *order, &order))) goto out;
    if ((st = toc_alloc(ctx, samples->n, sizeof *keys, &keys))) goto out;
    if ((st = toc_alloc(ctx, toc_pool_size(&shop->dict[entities[entity].domain]), sizeof *row_of, &row_of))) goto out;
    for (size_t i = 0; i < samples->n; i++) keys[i] = toc_key_i64(samples->at[i]);
    if ((st = toc_sort_u64(ctx, keys, samples->n, false, order))) goto out;
    for (size_t i = 0, k; i < samples->n && !st; i = k) {
        int64_t at = samples->at[order[i]];
        shop_data view = {0};
        tab_table table = {0};
        uint64_t left_out = 0;
        for (k = i; k < samples->n && samples->at[order[k]] == at; k++) continue;
        if (at == TOC_NO_TIME) continue;
        st = shop_as_of(ctx, shop, at, &view, &left_out);
        if (!st) st = entities[entity].whole(ctx, &view, at, &table);
        if (!st) st = fea_add_more(ctx, &view, entities[entity].entity, more, &table);
        for (size_t r = 0; r < table.n_rows && !st; r++) row_of[table.columns[0].code[r]] = (uint32_t)r + 1;
        if (!st) put_samples(&table, row_of, samples, order + i, k - i, features);
        *dropped |= left_out;
        tab_release(&table);
        shop_release(&view);
    }
out:
    toc_free(order);
    toc_free(row_of);
    toc_free(keys);
    return st;
}

/* Of an order nothing later than itself counts, so one view serves all moments; a moment at or before the order's own time sees no order. */
static toc_status orders_at(toc_ctx *ctx, const shop_data *shop, const fea_samples *samples, int64_t label_delay, const fea_more *more, uint64_t *dropped,
                            tab_table *features)
{
    size_t n_codes = toc_pool_size(&shop->dict[SHOP_D_ORDER]);
    shop_data view = {0};
    tab_table table = {0};
    uint32_t *row_of = NULL;
    int64_t *placed = NULL;
    toc_status st = TOC_OK;

    if ((st = shop_as_of(ctx, shop, last_moment(samples), &view, dropped))) goto out;
    if ((st = fea_orders(ctx, &view, INT64_MIN + 1, last_moment(samples), label_delay, &table))) goto out;
    if ((st = fea_add_more(ctx, &view, "orders", more, &table))) goto out;
    if ((st = toc_alloc(ctx, n_codes, sizeof *row_of, &row_of))) goto out;
    if ((st = fea_one_moment(ctx, INT64_MAX, n_codes, &placed))) goto out;
    for (size_t r = 0; r < table.n_rows; r++) row_of[table.columns[0].code[r]] = (uint32_t)r + 1;
    for (size_t i = 0; i < view.orders.n; i++) {
        int64_t *at = &placed[view.orders.order_id[i]];
        *at = TOC_MIN(*at, view.orders.ordered_at[i]);
    }
    for (uint32_t i = 0; i < samples->n; i++)
        if (samples->at[i] != TOC_NO_TIME && placed[samples->code[i]] < samples->at[i]) put_samples(&table, row_of, samples, &i, 1, features);
out:
    tab_release(&table);
    shop_release(&view);
    toc_free(row_of);
    toc_free(placed);
    return st;
}

/* Whether every order has one customer. The customer of an order with two is that of its first line, which is not one of the other's own rows. */
static toc_status orders_have_one(toc_ctx *ctx, const shop_data *shop, bool *one)
{
    const shop_orders *o = &shop->orders;
    uint32_t *customer = NULL;

    *one = true;
    TOC_TRY(toc_alloc(ctx, toc_pool_size(&shop->dict[SHOP_D_ORDER]), sizeof *customer, &customer));
    for (size_t i = 0; i < o->n; i++) {
        uint32_t *first = &customer[o->order_id[i]];
        if (*first != 0 && *first - 1 != o->customer_id[i]) *one = false;
        *first = o->customer_id[i] + 1;
    }
    toc_free(customer);
    return TOC_OK;
}

toc_status fea_at(toc_ctx *ctx, const shop_data *shop, const char *entity, const fea_samples *samples, int64_t label_delay, const fea_more *more,
                  uint64_t *dropped, tab_table *features)
{
    size_t e = place_of(entity);
    uint64_t left_out = 0;
    bool own = entities[e].each != NULL;

    toc_status st = empty_table(ctx, shop, entity, samples->n, more, features);
    if (!st && own && entities[e].domain == SHOP_D_CUSTOMER) st = orders_have_one(ctx, shop, &own);
    if (!st && own) st = at_owners(ctx, shop, e, samples, more, &left_out, features);
    else if (!st && entities[e].whole) st = at_each_moment(ctx, shop, e, samples, more, &left_out, features);
    else if (!st) st = orders_at(ctx, shop, samples, label_delay, more, &left_out, features);
    if (dropped) *dropped = left_out;
    if (st) tab_release(features);
    return st;
}

shop_domain fea_domain(const char *entity) { return entities[place_of(entity)].domain; }
