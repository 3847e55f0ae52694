/* identity.c: which line a row is, and which state of it. */
#include "store/store_int.h"

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

/* Adds a role to the columns of a NULL-terminated list; returns how many they are. */
static size_t give(sto_identity *identity, shop_kind kind, const char *const *list, size_t cap, uint8_t role)
{
    size_t n = 0;

    for (; n < cap && list[n]; n++) {
        int j = shop_column_of(kind, toc_str_of(list[n]));
        TOC_ASSERT(j >= 0);
        identity->roles[j] |= role;
    }
    return n;
}

void sto_identity_init(shop_kind kind, sto_identity *identity)
{
    const shop_schema *schema = shop_schema_of(kind);

    *identity = (sto_identity){0};
    TOC_ASSERT(schema->n_columns <= STO_MAX_COLUMNS);
    for (size_t j = 0; j < schema->n_columns; j++) identity->name_hash[j] = toc_str_hash(toc_str_of(schema->columns[j].name));
    identity->n_ids = give(identity, kind, names[kind].ids, TOC_COUNT(names[kind].ids), STO_ID);
    give(identity, kind, names[kind].sometimes, TOC_COUNT(names[kind].sometimes), STO_SOMETIMES);
    identity->counts = give(identity, kind, names[kind].fixed, TOC_COUNT(names[kind].fixed), STO_FIXED) > 0;
}

/* What a cell adds: parts are added up, so that the order of columns does not matter. 0 for a missing one. */
static inline uint64_t part_of(shop_value cell, uint64_t name)
{
    if (!cell.text) return cell.n == SHOP_NO_INT ? 0 : toc_mix(name ^ toc_mix((uint64_t)cell.n));
    return cell.n ? toc_mix(name ^ toc_mix(toc_str_hash((toc_str){ cell.text, (size_t)cell.n }))) : 0;
}

static inline bool is_missing(shop_value cell)
{
    return cell.text ? !cell.n : cell.n == SHOP_NO_INT;
}

/* The columns of a block, in their order. */
typedef struct {
    size_t width;
    uint64_t name[STO_MAX_COLUMNS];
    uint8_t roles[STO_MAX_COLUMNS];
} columns;

static uint64_t sum_of(const columns *of, const shop_value *cells, uint8_t role)
{
    uint64_t sum = 0;

    for (size_t c = 0; c < of->width; c++)
        if (of->roles[c] & role) sum += part_of(cells[c], of->name[c]);
    return sum;
}

void sto_identify(const sto_identity *identity, const shop_block *block, bool states, sto_name *names_of)
{
    columns of = {0};

    for (size_t j = 0; j < STO_MAX_COLUMNS; j++) {
        if (!(block->columns >> j & 1)) continue;
        of.name[of.width] = identity->name_hash[j];
        of.roles[of.width++] = identity->roles[j] | STO_ANY;
    }
    for (size_t i = 0; i < block->n; i++) {
        const shop_value *cells = block->cells + i * of.width;
        size_t n_ids = 0;
        for (size_t c = 0; c < of.width; c++) n_ids += (of.roles[c] & STO_ID) && !is_missing(cells[c]);
        bool named = identity->n_ids && n_ids == identity->n_ids;
        names_of[i].counted = !named && identity->counts;
        names_of[i].key = names_of[i].counted ? toc_mix(sum_of(&of, cells, STO_FIXED)) : sum_of(&of, cells, named ? STO_ID | STO_SOMETIMES : STO_ID);
        names_of[i].state = states ? sum_of(&of, cells, STO_ANY) : 0;
    }
}

uint64_t sto_occurrence(uint64_t key, uint64_t occurrence)
{
    return toc_mix(key + occurrence * UINT64_C(0x9e3779b97f4a7c15));
}
