/* identity.c: which line a row is, and which state of it. */
#include "store/store_int.h"

#define MAX_COLUMNS 64

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

/* What hashing needs of one kind: a hash for each text, and for each column's name. */
typedef struct {
    const shop_data *shop;
    shop_kind kind;
    const shop_schema *schema;
    const uint32_t *codes[MAX_COLUMNS]; /* one of the two */
    const int64_t *ints[MAX_COLUMNS];
    uint64_t name_hash[MAX_COLUMNS];
    uint64_t *text_hash[SHOP_N_DOMAINS]; /* by code; heap, NULL where the kind has no such column */
} hasher;

static void hasher_release(hasher *h)
{
    for (size_t d = 0; d < SHOP_N_DOMAINS; d++) toc_free(h->text_hash[d]);
}

static toc_status hasher_init(toc_ctx *ctx, const shop_data *shop, shop_kind kind, hasher *h)
{
    const shop_schema *schema = shop_schema_of(kind);

    *h = (hasher){ .shop = shop, .kind = kind, .schema = schema };
    TOC_ASSERT(schema->n_columns <= MAX_COLUMNS);
    for (size_t j = 0; j < schema->n_columns; j++) {
        const shop_column *c = &schema->columns[j];
        h->name_hash[j] = toc_str_hash(toc_str_of(c->name));
        if (c->type != SHOP_T_CODE) {
            h->ints[j] = shop_ints(shop, kind, j);
            continue;
        }
        h->codes[j] = shop_codes(shop, kind, j);
        if (h->text_hash[c->domain]) continue;
        size_t n = toc_pool_size(&shop->dict[c->domain]);
        TOC_TRY(toc_alloc(ctx, n, sizeof(uint64_t), &h->text_hash[c->domain]));
        for (size_t i = 0; i < n; i++)
            h->text_hash[c->domain][i] = toc_str_hash(toc_pool_str(&shop->dict[c->domain], (uint32_t)i));
    }
    return TOC_OK;
}

/* The part of one cell in a row's hash; false where it is missing. Parts are added up, so their order does not matter. */
static bool hash_cell(const hasher *h, size_t j, size_t i, uint64_t *part)
{
    uint64_t value;

    if (h->codes[j]) {
        if (!h->codes[j][i]) return false;
        value = h->text_hash[h->schema->columns[j].domain][h->codes[j][i]];
    } else {
        if (h->ints[j][i] == SHOP_NO_INT) return false;
        value = (uint64_t)h->ints[j][i];
    }
    *part = toc_mix(h->name_hash[j] ^ toc_mix(value));
    return true;
}

/* Column numbers of a NULL-terminated list of names. */
static size_t columns_of(shop_kind kind, const char *const *list, size_t cap, size_t *columns)
{
    size_t n = 0;

    for (size_t i = 0; i < cap && list[i]; i++) {
        int j = shop_column_of(kind, toc_str_of(list[i]));
        TOC_ASSERT(j >= 0);
        columns[n++] = (size_t)j;
    }
    return n;
}

static uint64_t hash_columns(const hasher *h, const size_t *columns, size_t n, size_t i, bool *all)
{
    uint64_t sum = 0, part;

    *all = n > 0;
    for (size_t k = 0; k < n; k++) {
        if (hash_cell(h, columns[k], i, &part)) sum += part;
        else *all = false;
    }
    return sum;
}

/* The occurrence number of a hash within its file: file number and count share the map's value. */
static toc_status occurrence(toc_ctx *ctx, toc_map *seen, uint64_t hash, uint64_t file, uint64_t *number)
{
    uint64_t *value;

    TOC_TRY(toc_map_at(ctx, seen, hash, &value, NULL));
    if (*value >> 32 != file) *value = file << 32;
    *number = (*value)++ & UINT32_MAX;
    return TOC_OK;
}

static toc_status fill_keys(toc_ctx *ctx, const hasher *h, int64_t *key)
{
    size_t ids[4], sometimes[3], fixed[13], n = shop_rows(h->shop, h->kind);
    size_t n_ids = columns_of(h->kind, names[h->kind].ids, 4, ids),
           n_sometimes = columns_of(h->kind, names[h->kind].sometimes, 3, sometimes);
    size_t n_fixed = columns_of(h->kind, names[h->kind].fixed, 13, fixed);
    const int64_t *row = shop_row_numbers(h->shop, h->kind);
    toc_map seen = {0};
    toc_status st = TOC_OK;
    uint64_t file = 1, number;
    bool all, any;

    for (size_t i = 0; i < n && !st; i++) {
        if (i && row[i] != SHOP_NO_INT && row[i] <= row[i - 1]) file++;
        uint64_t hash = hash_columns(h, ids, n_ids, i, &all);
        if (all) hash += hash_columns(h, sometimes, n_sometimes, i, &any);
        if (!all && n_fixed) {
            hash = toc_mix(hash_columns(h, fixed, n_fixed, i, &any));
            if (!(st = occurrence(ctx, &seen, hash, file, &number))) hash = toc_mix(hash + number * UINT64_C(0x9e3779b97f4a7c15));
        }
        key[i] = (int64_t)hash;
    }
    toc_map_release(&seen);
    return st;
}

static void fill_states(const hasher *h, int64_t *state)
{
    size_t n = shop_rows(h->shop, h->kind);
    uint64_t part;

    for (size_t i = 0; i < n; i++) {
        uint64_t sum = 0;
        for (size_t j = 0; j < h->schema->n_columns; j++)
            if (hash_cell(h, j, i, &part)) sum += part;
        state[i] = (int64_t)sum;
    }
}

toc_status sto_identify(toc_ctx *ctx, const shop_data *shop, shop_kind kind, int64_t *key, int64_t *state)
{
    hasher h;

    toc_status st = hasher_init(ctx, shop, kind, &h);
    if (!st) st = fill_keys(ctx, &h, key);
    if (!st) fill_states(&h, state);
    hasher_release(&h);
    return st;
}
