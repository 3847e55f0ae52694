/* identity.c: which line a row is, and which state of it. */
#include "store/store_int.h"

#define BLOCK 4096 /* rows hashed by one task, column after column */

/* ids: what names a line where all of them are there. fixed: what does not change in the life of a line, for rows without ids;
 * NULL-terminated. sometimes: not asked for, but part of the name where it is there. */
static const struct {
    const char *ids[4], *sometimes[3], *fixed[13];
} names[SHOP_N_KINDS] = {
    [SHOP_ORDERS] = { { "order_id", "line_id" },
                      { 0 },
                      { "order_id", "customer_id", "merchant_id", "product_id", "title", "quantity", "unit_price", "discount",
                        "line_total", "currency", "ordered_at" } },
    [SHOP_REVIEWS] = { { "review_id" },
                       { "order_id", "product_id" }, /* Olist repeats review ids */
                       { "order_id", "product_id", "customer_id", "merchant_id", "title", "body", "created_at" } },
    [SHOP_PRODUCTS] = { { "product_id" }, { 0 }, { 0 } },
    [SHOP_STOCK] = { { "product_id" }, { "location", "as_of" }, { 0 } },
    [SHOP_PROMOTIONS] = { { "product_id", "starts_on", "ends_on" }, { 0 }, { 0 } },
    [SHOP_CUSTOMERS] = { { "customer_id" }, { 0 }, { 0 } },
    [SHOP_MERCHANTS] = { { "merchant_id" }, { 0 }, { 0 } },
    [SHOP_PAYMENTS] = { { "payment_id" }, { "kind" }, { "order_id", "kind", "amount", "currency", "at" } },
    [SHOP_EVENTS] = { { 0 }, { 0 }, { "customer_id", "kind", "product_id", "at", "device_id", "ip" } },
    [SHOP_LABELS] = { { "entity", "id", "label" }, { "source" }, { 0 } },
};

void sto_hasher_release(sto_hasher *h)
{
    for (size_t d = 0; d < SHOP_N_DOMAINS; d++) toc_free(h->text_hash[d]);
    *h = (sto_hasher){0};
}

static toc_status hash_texts(toc_ctx *ctx, void *arg, size_t task)
{
    const sto_hasher *h = arg;
    uint64_t *hash = h->text_hash[h->hashed];
    const toc_pool *pool = &h->shop->dict[h->hashed];
    size_t end = TOC_MIN((task + 1) * BLOCK, toc_pool_size(pool));

    (void)ctx;
    for (size_t i = task * BLOCK; i < end; i++) hash[i] = toc_str_hash(toc_pool_str(pool, (uint32_t)i));
    return TOC_OK;
}

/* Column numbers of a NULL-terminated list of names. */
static void columns_of(shop_kind kind, const char *const *list, size_t cap, sto_columns *columns)
{
    *columns = (sto_columns){0};
    for (size_t i = 0; i < cap && list[i]; i++) {
        int j = shop_column_of(kind, toc_str_of(list[i]));
        TOC_ASSERT(j >= 0);
        columns->j[columns->n++] = (uint8_t)j;
    }
}

toc_status sto_hasher_init(toc_ctx *ctx, const shop_data *shop, shop_kind kind, sto_hasher *h)
{
    const shop_schema *schema = shop_schema_of(kind);
    size_t n = shop_rows(shop, kind);

    *h = (sto_hasher){ .shop = shop, .kind = kind, .schema = schema };
    TOC_ASSERT(schema->n_columns <= STO_MAX_COLUMNS);
    columns_of(kind, names[kind].ids, TOC_COUNT(names[kind].ids), &h->ids);
    columns_of(kind, names[kind].sometimes, TOC_COUNT(names[kind].sometimes), &h->sometimes);
    columns_of(kind, names[kind].fixed, TOC_COUNT(names[kind].fixed), &h->fixed);
    for (size_t j = 0; j < schema->n_columns; j++) {
        const shop_column *c = &schema->columns[j];
        size_t i = 0;
        h->name_hash[j] = toc_str_hash(toc_str_of(c->name));
        if (c->type == SHOP_T_CODE) {
            h->codes[j] = shop_codes(shop, kind, j);
            while (i < n && !h->codes[j][i]) i++;
        } else {
            h->ints[j] = shop_ints(shop, kind, j);
            while (i < n && h->ints[j][i] == SHOP_NO_INT) i++;
        }
        h->used[j] = i < n;
        if (c->type != SHOP_T_CODE || !h->used[j] || h->text_hash[c->domain]) continue;
        size_t n_texts = toc_pool_size(&shop->dict[c->domain]);
        TOC_TRY(toc_alloc(ctx, n_texts, sizeof(uint64_t), &h->text_hash[c->domain]));
        h->hashed = c->domain;
        TOC_TRY(toc_parallel(ctx, (n_texts + BLOCK - 1) / BLOCK, hash_texts, h));
    }
    return TOC_OK;
}

/* Adds the parts of one column's cells, rows [from, from + n), to their sums, and notes in `missing` (may be NULL) where there is none. Parts are
 * added up, so that the order of columns does not matter. */
static void add_column(const sto_hasher *h, size_t j, size_t from, size_t n, uint64_t *sum, uint8_t *missing)
{
    const uint64_t name = h->name_hash[j];

    if (h->codes[j]) {
        const uint32_t *codes = h->codes[j] + from;
        const uint64_t *hash = h->text_hash[h->schema->columns[j].domain];
        for (size_t i = 0; i < n; i++) {
            if (codes[i]) sum[i] += toc_mix(name ^ toc_mix(hash[codes[i]]));
            else if (missing) missing[i] = 1;
        }
        return;
    }
    const int64_t *ints = h->ints[j] + from;
    for (size_t i = 0; i < n; i++) {
        if (ints[i] != SHOP_NO_INT) sum[i] += toc_mix(name ^ toc_mix((uint64_t)ints[i]));
        else if (missing) missing[i] = 1;
    }
}

static void add_columns(const sto_hasher *h, const sto_columns *columns, size_t from, size_t n, uint64_t *sum, uint8_t *missing)
{
    for (size_t k = 0; k < columns->n; k++) {
        if (h->used[columns->j[k]]) add_column(h, columns->j[k], from, n, sum, missing);
        else if (missing) memset(missing, 1, n);
    }
}

typedef struct {
    const sto_hasher *h;
    size_t from, n;
    int64_t *key, *state;
    uint8_t *counted;
} identifying;

/* Keys but for occurrence numbers, which rows need one, and states. */
static toc_status identify_block(toc_ctx *ctx, void *arg, size_t task)
{
    const identifying *w = arg;
    const sto_hasher *h = w->h;
    size_t at = task * BLOCK, n = TOC_MIN(w->n - at, BLOCK), from = w->from + at;
    uint64_t sum[BLOCK], ids[BLOCK], fixed[BLOCK];
    uint8_t *missing = w->counted + at;

    (void)ctx;
    memset(sum, 0, n * sizeof *sum);
    for (size_t j = 0; j < h->schema->n_columns; j++)
        if (h->used[j]) add_column(h, j, from, n, sum, NULL);
    memcpy(w->state + at, sum, n * sizeof *sum);
    memset(missing, h->ids.n == 0, n);
    memset(ids, 0, n * sizeof *ids);
    add_columns(h, &h->ids, from, n, ids, missing);
    memset(sum, 0, n * sizeof *sum);
    add_columns(h, &h->sometimes, from, n, sum, NULL);
    for (size_t i = 0; i < n; i++) ids[i] += missing[i] ? 0 : sum[i];
    memset(fixed, 0, n * sizeof *fixed);
    if (h->fixed.n && memchr(missing, 1, n)) add_columns(h, &h->fixed, from, n, fixed, NULL);
    for (size_t i = 0; i < n; i++) {
        missing[i] = missing[i] && h->fixed.n;
        w->key[at + i] = (int64_t)(missing[i] ? toc_mix(fixed[i]) : ids[i]);
    }
    return TOC_OK;
}

/* Adds the occurrence number of a hash within its file: file number and count share the map's value. */
static toc_status count_occurrence(toc_ctx *ctx, sto_counting *counting, int64_t *key)
{
    uint64_t *value, hash = (uint64_t)*key;

    TOC_TRY(toc_map_at(ctx, &counting->seen, hash, &value, NULL));
    if (*value >> 32 != counting->file) *value = counting->file << 32;
    *key = (int64_t)toc_mix(hash + ((*value)++ & UINT32_MAX) * UINT64_C(0x9e3779b97f4a7c15));
    return TOC_OK;
}

toc_status sto_identify(toc_ctx *ctx, const sto_hasher *h, sto_counting *counting, size_t from, size_t n, int64_t *key, int64_t *state,
                        uint8_t *scratch)
{
    identifying w = { .h = h, .from = from, .n = n, .key = key, .state = state, .counted = scratch };
    const int64_t *row = shop_row_numbers(h->shop, h->kind) + from;

    TOC_TRY(toc_parallel(ctx, (n + BLOCK - 1) / BLOCK, identify_block, &w));
    for (size_t i = 0; i < n; i++) {
        if (!counting->file || (row[i] != SHOP_NO_INT && row[i] <= counting->last_row)) counting->file++;
        counting->last_row = row[i];
        if (scratch[i]) TOC_TRY(count_occurrence(ctx, counting, &key[i]));
    }
    return TOC_OK;
}
