/* repeats.c: equal rows, lines seen again, and ids for lines that have none.
 *
 * Every row has a name: an order line its two ids, or else the hash of what does not change in its life; rows of other kinds the hash of all their
 * cells. Nearly all names come once, so one map holds them, and only of a name that comes again the rows are told apart by all their cells. */
#include "ingest/ingest_int.h"

static uint64_t hash_row(const ing_load *load, size_t row, size_t skip)
{
    uint64_t h = 1;

    /* most columns of a shop are empty; those would only cost time */
    for (size_t j = 0; j < load->n_columns; j++) {
        const ing_cells *c = &load->cells[j];
        uint64_t value = c->codes ? c->codes[row] : (uint64_t)c->ints[row];
        if (j != skip && value != (c->codes ? 0 : (uint64_t)SHOP_NO_INT)) h = toc_mix(h ^ value ^ (uint64_t)j << 56);
    }
    return h;
}

static bool same_rows(const ing_load *load, size_t a, size_t b, size_t skip)
{
    for (size_t j = 0; j < load->n_columns; j++) {
        const ing_cells *c = &load->cells[j];
        if (j != skip && (c->codes ? c->codes[a] != c->codes[b] : c->ints[a] != c->ints[b])) return false;
    }
    return true;
}

uint64_t ing_name_hash(const uint64_t texts[4], const shop_orders *o, size_t row)
{
    const int64_t values[] = { o->quantity[row], o->unit_price[row], o->discount[row], o->line_total[row], o->ordered_at[row] };
    uint64_t h = 0;

    for (size_t k = 0; k < 4; k++) h = toc_mix(h ^ texts[k]);
    for (size_t k = 0; k < TOC_COUNT(values); k++) h = toc_mix(h ^ (uint64_t)values[k]);
    return h;
}

/* Not of the currency: a shop that names none may come to be read with --currency, and its lines are still the same. */
uint64_t ing_line_hash(const shop_data *shop, size_t row)
{
    const shop_orders *o = &shop->orders;
    const struct {
        shop_domain domain;
        uint32_t code;
    } cells[] = {
        { SHOP_D_ORDER, o->order_id[row] }, { SHOP_D_MERCHANT, o->merchant_id[row] }, { SHOP_D_PRODUCT, o->product_id[row] },
        { SHOP_D_TEXT, o->title[row] },
    };
    uint64_t texts[4];

    for (size_t k = 0; k < TOC_COUNT(texts); k++)
        texts[k] = cells[k].code ? toc_str_hash(toc_pool_str(&shop->dict[cells[k].domain], cells[k].code)) : 0;
    return ing_name_hash(texts, o, row);
}

/* Whether an earlier row of the same name, the first of which is `first`, has all the same cells. */
static toc_status is_equal(toc_ctx *ctx, ing_load *load, size_t row, size_t first, size_t skip, bool *equal)
{
    uint64_t *value;
    bool fresh;

    *equal = same_rows(load, row, first, skip);
    if (*equal) return TOC_OK;
    TOC_TRY(toc_map_at(ctx, &load->seen.variants, hash_row(load, row, skip), &value, &fresh));
    if (fresh) *value = row + 1;
    else *equal = same_rows(load, row, (size_t)*value - 1, skip);
    return TOC_OK;
}

void ing_line_id(uint64_t name, char *id)
{
    *id++ = 'h';
    for (int shift = 60; shift >= 16; shift -= 4) *id++ = "0123456789abcdef"[name >> shift & 15];
}

/* The line id of the k-th line of its name. */
static toc_status put_line_id(toc_ctx *ctx, ing_load *load, size_t row, uint64_t name, uint64_t k)
{
    char id[48];
    size_t n = ING_LINE_ID;

    ing_line_id(name, id);
    if (k > 1) n += (size_t)snprintf(id + n, sizeof id - n, "-%llu", (unsigned long long)k);
    return toc_pool_intern(ctx, &load->shop->dict[SHOP_D_LINE], (toc_str){ id, n }, &load->shop->orders.line_id[row]);
}

/* Whether equal rows of a kind may be two things rather than one said twice. */
static bool happens_again(const ing_load *load, size_t row)
{
    switch (load->map->kind) {
    case SHOP_ORDERS: return !load->shop->orders.line_id[row];
    case SHOP_REVIEWS: return !load->shop->reviews.review_id[row];
    case SHOP_EVENTS: return true;
    default: return false;
    }
}

static uint64_t name_of(const ing_load *load, size_t row, uint64_t line)
{
    const shop_orders *o = &load->shop->orders;

    if (load->map->kind != SHOP_ORDERS) return hash_row(load, row, SIZE_MAX);
    return o->line_id[row] ? toc_mix(toc_pair(o->order_id[row], o->line_id[row])) : line;
}

toc_status ing_seen(toc_ctx *ctx, ing_load *load, size_t row, uint64_t line, bool *duplicate)
{
    bool orders = load->map->kind == SHOP_ORDERS, again = happens_again(load, row), fresh, equal = false;
    size_t line_id = orders && again ? (size_t)shop_column_of(SHOP_ORDERS, TOC_STR("line_id")) : SIZE_MAX;
    uint64_t name = name_of(load, row, line), k = 1, *value;

    *duplicate = false;
    TOC_TRY(toc_map_at(ctx, &load->seen.first, name, &value, &fresh));
    if (fresh) *value = row + 1;
    else TOC_TRY(is_equal(ctx, load, row, (size_t)*value - 1, line_id, &equal));
    if (equal && (!again || (load->options && load->options->drop_repeats))) {
        *duplicate = true;
        return TOC_OK;
    }
    if (again) load->summary->repeats += equal;
    else load->summary->states += orders && !fresh;
    if (!orders || !again) return TOC_OK;
    if (!fresh) {
        TOC_TRY(toc_map_at(ctx, &load->seen.counts, name, &value, NULL));
        k = ++*value + 1;
    }
    return put_line_id(ctx, load, row, name, k);
}

/* The hash of the cells of `columns` (1 << place), by their texts. */
static uint64_t hash_texts(const ing_load *load, size_t row, uint64_t columns)
{
    const shop_schema *schema = shop_schema_of(load->map->kind);
    uint64_t h = 1;

    for (; columns; columns &= columns - 1) {
        size_t j = (size_t)__builtin_ctzll(columns);
        const ing_cells *c = &load->cells[j];
        if (c->codes ? c->codes[row] == 0 : c->ints[row] == SHOP_NO_INT) continue;
        uint64_t value = c->codes ? toc_str_hash(toc_pool_str(&load->shop->dict[schema->columns[j].domain], c->codes[row])) : (uint64_t)c->ints[row];
        h = toc_mix(h ^ value ^ (uint64_t)j << 56);
    }
    return h;
}

toc_status ing_row_key_of(toc_ctx *ctx, ing_load *load, size_t row, uint64_t line, uint64_t columns, ing_row_key *key)
{
    const shop_orders *o = &load->shop->orders;
    bool orders = load->map->kind == SHOP_ORDERS;
    const uint64_t line_id = UINT64_C(1) << 1; /* the second column of orders */

    key->again = happens_again(load, row);
    key->cells = hash_texts(load, row, orders && key->again ? columns & ~line_id : columns);
    if (!orders) key->name = key->cells;
    else if (key->again) key->name = line;
    else key->name = toc_mix(toc_str_hash(toc_pool_str(&load->shop->dict[SHOP_D_ORDER], o->order_id[row])) ^
                             toc_mix(toc_str_hash(toc_pool_str(&load->shop->dict[SHOP_D_LINE], o->line_id[row]))));
    return orders && key->again ? put_line_id(ctx, load, row, line, 1) : TOC_OK;
}

void ing_seen_release(ing_rows *seen)
{
    toc_map_release(&seen->first);
    toc_map_release(&seen->variants);
    toc_map_release(&seen->counts);
}
