/* shards.c: features of customers shard by shard.
 *
 * What a customer looked like depends on its own order lines alone (so do parts merge, merge.c), and where no order has lines in two shards a shard is a
 * small shop of its own: the same functions are called for it as for a whole one, all in a cache, several at a time. Then the rows are put in the order of
 * their ids. Where it is not so, or where all rows have to be seen to judge one, the shards become one shop again. */
#include "features/fea_int.h"

/* The features of one shard by row, cell beside cell. */
typedef struct {
    size_t n;
    toc_str *ids;     /* (n), and their texts in the lane's arena */
    int64_t *values;  /* (n * columns), the bits of doubles too */
    uint64_t *orders; /* hashes of its orders, by their first bits */
    uint32_t *starts; /* (BUCKETS + 1) in these */
} result;

/* What one task uses for shard after shard. */
typedef struct {
    shop_data shop, view;
    size_t n_blank;
    uint64_t dropped;
    toc_arena texts;
} lane;

enum { BUCKETS = 256, ROWS = 4096 };

typedef struct {
    const ing_shards *shards;
    int64_t as_of;
    const fea_basic *basics;
    size_t n_basics;
    result *results; /* by shard */
    size_t n;
    lane *lanes;
    size_t n_lanes, next; /* next: shard, atomic */
    tab_table pattern; /* the columns */
    size_t width;      /* columns but the id */
    bool *shared;      /* (BUCKETS) an order is in two shards */
    uint32_t *rows;    /* of the features: which row of all results each is */
    uint32_t *of;      /* shard of each row of all results */
    size_t *first;     /* of each shard's rows among them */
    tab_table *features;
} sharding;

static const char *const needed[] = {
    "order_id",     "line_id",      "customer_id", "merchant_id", "product_id", "category",  "quantity",      "unit_price", "discount", "line_total", "currency",
    "ordered_at",   "paid_at",      "shipped_at",  "delivered_at", "cancelled_at", "returned_at", "refunded_at", "status",     "status_at", "refund_amount", "coupon", NULL,
};

uint64_t fea_customer_needs(void)
{
    uint64_t columns = 0;

    for (size_t k = 0; needed[k]; k++) columns |= UINT64_C(1) << shop_column_of(SHOP_ORDERS, toc_str_of(needed[k]));
    return columns;
}

/* The features of the shop at as_of, which is made so (TOC_NO_TIME: the default moment). */
static toc_status compute(toc_ctx *ctx, const sharding *s, int64_t as_of, shop_data *shop, shop_data *view, uint64_t *dropped, tab_table *table)
{
    uint64_t left_out = 0;

    if (ing_shards_have_states(s->shards)) TOC_TRY(shop_keep_newest(ctx, shop));
    TOC_TRY(shop_sort(ctx, shop));
    if (as_of == TOC_NO_TIME) TOC_TRY(shop_default_as_of(ctx, shop, &as_of));
    TOC_TRY(shop_as_of_again(ctx, shop, as_of, view, &left_out));
    *dropped |= left_out;
    TOC_TRY(fea_customers(ctx, view, as_of, table));
    return s->n_basics ? fea_add_basics(ctx, view, s->basics, s->n_basics, table) : TOC_OK;
}

/* ---- a shard ---- */

static toc_status keep_rows(toc_ctx *ctx, sharding *s, lane *l, size_t k, const tab_table *table)
{
    const toc_pool *ids = &l->shop.dict[SHOP_D_CUSTOMER];
    result *r = &s->results[k];

    r->n = table->n_rows;
    TOC_TRY(toc_alloc(ctx, r->n, sizeof *r->ids, &r->ids));
    TOC_TRY(toc_alloc(ctx, r->n, (table->n_cols - 1) * sizeof *r->values, &r->values));
    for (size_t i = 0; i < r->n; i++) {
        toc_str id = toc_pool_str(ids, table->columns[0].code[i]);
        TOC_TRY(toc_arena_copy(ctx, &l->texts, id.p, id.n, &r->ids[i].p));
        r->ids[i].n = id.n;
    }
    for (size_t j = 1; j < table->n_cols; j++)
        for (size_t i = 0; i < r->n; i++) r->values[i * (table->n_cols - 1) + j - 1] = table->columns[j].i64[i];
    return TOC_OK;
}

/* The hashes of the shard's orders, sorted by their first bits. */
static toc_status keep_orders(toc_ctx *ctx, const toc_pool *orders, result *r)
{
    const size_t n = toc_pool_size(orders) - 1;
    uint64_t *hashes = NULL;
    toc_status st = TOC_OK;

    if ((st = toc_alloc(ctx, n, sizeof *hashes, &hashes))) goto out;
    if ((st = toc_alloc(ctx, n, sizeof *r->orders, &r->orders))) goto out;
    if ((st = toc_alloc(ctx, BUCKETS + 2, sizeof *r->starts, &r->starts))) goto out;
    for (size_t i = 0; i < n; i++) {
        hashes[i] = toc_str_hash(toc_pool_str(orders, (uint32_t)i + 1));
        r->starts[(hashes[i] >> 56) + 2]++;
    }
    for (size_t b = 2; b < BUCKETS + 2; b++) r->starts[b] += r->starts[b - 1];
    for (size_t i = 0; i < n; i++) r->orders[r->starts[(hashes[i] >> 56) + 1]++] = hashes[i];
out:
    toc_free(hashes);
    return st;
}

static toc_status take_shard(toc_ctx *ctx, sharding *s, lane *l, size_t k)
{
    tab_table table = {0};
    toc_status st;

    for (size_t d = 0; d < SHOP_N_DOMAINS; d++) toc_pool_reset(&l->shop.dict[d]);
    if ((st = ing_shard_load(ctx, s->shards, k, &l->shop, &l->n_blank))) return st;
    if ((st = keep_orders(ctx, &l->shop.dict[SHOP_D_ORDER], &s->results[k]))) return st;
    st = compute(ctx, s, s->as_of, &l->shop, &l->view, &l->dropped, &table);
    if (!st) st = keep_rows(ctx, s, l, k, &table);
    if (k == 0 && !st) {
        s->pattern = table;
        return TOC_OK;
    }
    tab_release(&table);
    return st;
}

static toc_status run_lane(toc_ctx *ctx, void *arg, size_t task)
{
    sharding *s = arg;
    lane *l = &s->lanes[task];

    TOC_TRY(shop_init(ctx, &l->shop));
    for (size_t k; (k = __atomic_fetch_add(&s->next, 1, __ATOMIC_RELAXED)) < s->n;)
        if (k == 0 || ing_shard_rows(s->shards, k)) TOC_TRY(take_shard(ctx, s, l, k));
    return TOC_OK;
}

/* ---- whether an order is in two shards ---- */

static toc_status find_shared(toc_ctx *ctx, void *arg, size_t task)
{
    const sharding *s = arg;
    size_t n = 0, n_slots = 64;
    uint64_t *slots = NULL;

    for (size_t k = 0; k < s->n; k++)
        if (s->results[k].starts) n += s->results[k].starts[task + 1] - s->results[k].starts[task];
    while (n_slots < 2 * n) n_slots *= 2;
    TOC_TRY(toc_alloc(ctx, n_slots, sizeof *slots, &slots));
    for (size_t k = 0; k < s->n; k++) {
        const result *r = &s->results[k];
        if (!r->starts) continue;
        for (size_t i = r->starts[task]; i < r->starts[task + 1]; i++) {
            size_t at = r->orders[i] & (n_slots - 1);
            while (slots[at] && slots[at] != r->orders[i]) at = (at + 1) & (n_slots - 1);
            s->shared[task] |= slots[at] != 0;
            slots[at] = r->orders[i];
        }
    }
    toc_free(slots);
    return TOC_OK;
}

/* ---- all rows ---- */

/* The ids of all results as the first column, sorted by text. */
static toc_status sort_ids(toc_ctx *ctx, sharding *s, size_t n)
{
    bool *seen = NULL;
    tab_column *id;
    size_t at = 0, n_codes;
    toc_status st = TOC_OK;

    if ((st = tab_add(ctx, s->features, s->pattern.columns[0].name, TAB_TEXT, NULL, &id))) goto out;
    if ((st = toc_alloc(ctx, n, sizeof *s->of, &s->of))) goto out;
    for (size_t k = 0; k < s->n; k++) {
        s->first[k] = at;
        for (size_t i = 0; i < s->results[k].n; i++, at++) {
            uint32_t code;
            if ((st = toc_pool_append(ctx, id->pool, s->results[k].ids[i], &code))) goto out;
            s->of[at] = (uint32_t)k;
        }
    }
    if ((st = toc_alloc(ctx, n + 1, sizeof *seen, &seen))) goto out;
    memset(seen, true, n + 1);
    if ((st = fea_sorted_codes(ctx, id->pool, seen, &s->rows, &n_codes))) goto out;
    memcpy(id->code, s->rows, n * sizeof *s->rows);
    for (size_t i = 0; i < n; i++) s->rows[i]--; /* codes are in the order of the results, from 1 */
out:
    toc_free(seen);
    return st;
}

static toc_status copy_rows(toc_ctx *ctx, void *arg, size_t task)
{
    const sharding *s = arg;
    tab_table *t = s->features;

    (void)ctx;
    for (size_t i = task * ROWS; i < TOC_MIN(t->n_rows, (task + 1) * ROWS); i++) {
        const size_t shard = s->of[s->rows[i]];
        const int64_t *from = s->results[shard].values + (s->rows[i] - s->first[shard]) * s->width;
        for (size_t j = 0; j < s->width; j++) t->columns[j + 1].i64[i] = from[j];
    }
    return TOC_OK;
}

static toc_status join_results(toc_ctx *ctx, sharding *s)
{
    size_t n = 0;

    for (size_t k = 0; k < s->n; k++) n += s->results[k].n;
    s->width = s->pattern.n_cols - 1;
    tab_init(s->features, n);
    TOC_TRY(toc_alloc(ctx, s->n, sizeof *s->first, &s->first));
    TOC_TRY(sort_ids(ctx, s, n));
    for (size_t j = 1; j < s->pattern.n_cols; j++)
        TOC_TRY(tab_add(ctx, s->features, s->pattern.columns[j].name, s->pattern.columns[j].type, NULL, NULL));
    return toc_parallel(ctx, (n + ROWS - 1) / ROWS, copy_rows, s);
}

static void release(sharding *s)
{
    for (size_t k = 0; s->results && k < s->n; k++) {
        toc_free(s->results[k].ids);
        toc_free(s->results[k].values);
        toc_free(s->results[k].orders);
        toc_free(s->results[k].starts);
    }
    for (size_t k = 0; s->lanes && k < s->n_lanes; k++) {
        shop_release(&s->lanes[k].view);
        shop_release(&s->lanes[k].shop);
        toc_arena_release(&s->lanes[k].texts);
    }
    toc_free(s->results);
    toc_free(s->lanes);
    tab_release(&s->pattern);
    toc_free(s->shared);
    toc_free(s->rows);
    toc_free(s->of);
    toc_free(s->first);
}

static toc_status by_shard(toc_ctx *ctx, sharding *s, uint64_t *dropped, bool *done)
{
    TOC_TRY(toc_alloc(ctx, s->n, sizeof *s->results, &s->results));
    TOC_TRY(toc_alloc(ctx, s->n_lanes, sizeof *s->lanes, &s->lanes));
    TOC_TRY(toc_alloc(ctx, BUCKETS, sizeof *s->shared, &s->shared));
    TOC_TRY(toc_parallel(ctx, s->n_lanes, run_lane, s));
    TOC_TRY(toc_parallel(ctx, BUCKETS, find_shared, s));
    *done = true;
    for (size_t b = 0; b < BUCKETS; b++) *done &= !s->shared[b];
    for (size_t k = 0; k < s->n_lanes; k++) *dropped |= s->lanes[k].dropped;
    return *done ? join_results(ctx, s) : TOC_OK;
}

/* All shards as one shop; the ids become the table's own. */
static toc_status at_once(toc_ctx *ctx, sharding *s, uint64_t *dropped)
{
    shop_data shop = {0}, view = {0};
    toc_status st = shop_init(ctx, &shop);

    *dropped = 0;
    for (size_t k = 0; k < s->n && !st; k++) st = ing_shard_load(ctx, s->shards, k, &shop, NULL);
    if (!st) st = compute(ctx, s, s->as_of, &shop, &view, dropped, s->features);
    if (!st) {
        tab_column *id = &s->features->columns[0];
        toc_pool *own;
        if (!(st = toc_alloc(ctx, 1, sizeof *own, &own))) {
            *own = shop.dict[SHOP_D_CUSTOMER];
            shop.dict[SHOP_D_CUSTOMER] = (toc_pool){0};
            id->pool = own;
            id->borrowed = false;
        }
    }
    shop_release(&view);
    shop_release(&shop);
    return st;
}

toc_status fea_customers_shards(toc_ctx *ctx, const ing_shards *shards, int64_t as_of, const fea_basic *basics, size_t n_basics, uint64_t *dropped,
                                tab_table *features)
{
    sharding s = { .shards = shards, .as_of = as_of, .basics = basics, .n_basics = n_basics, .n = ing_shards_count(shards), .features = features };
    bool done = false;
    toc_status st = TOC_OK;

    tab_init(features, 0);
    *dropped = 0;
    s.n_lanes = TOC_MIN(ctx->n_threads, s.n);
    if (!ing_shards_mix_currencies(shards) && !(as_of == TOC_NO_TIME && ing_shards_have_states(shards))) {
        if (as_of == TOC_NO_TIME) st = shop_days_as_of(ctx, ing_shards_days(shards), &s.as_of);
        if (!st) st = by_shard(ctx, &s, dropped, &done);
    }
    release(&s);
    s = (sharding){ .shards = shards, .as_of = as_of, .basics = basics, .n_basics = n_basics, .n = s.n, .features = features };
    if (!st && !done) st = at_once(ctx, &s, dropped);
    if (st) tab_release(features);
    return st;
}
