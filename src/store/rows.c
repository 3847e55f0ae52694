/* rows.c: adding states, and loading the shop as of a time. */
#include "store/store.h"
#include "store/store_int.h"

/* What a thing of each kind is recognised by. The last column of the first form says whether that form applies; else the second form is used, with an
 * occurrence number for equal ones. */
static const struct {
    const char *form[2][7];
} identities[SHOP_N_KINDS] = {
    [SHOP_ORDERS] = { { { "order_id", "line_id" }, { "order_id", "product_id", "title", "quantity", "unit_price", "ordered_at" } } },
    [SHOP_REVIEWS] = { { { "review_id" }, { "order_id", "product_id", "customer_id", "created_at", "body" } } },
    [SHOP_PRODUCTS] = { { { "product_id" } } },
    [SHOP_STOCK] = { { { "location", "as_of", "product_id" } } },
    [SHOP_PROMOTIONS] = { { { "starts_on", "ends_on", "product_id" } } },
    [SHOP_CUSTOMERS] = { { { "customer_id" } } },
    [SHOP_MERCHANTS] = { { { "merchant_id" } } },
    [SHOP_PAYMENTS] = { { { "payment_id" } } },
    [SHOP_EVENTS] = { { { NULL }, { "customer_id", "kind", "product_id", "at", "device_id", "ip" } } },
    [SHOP_LABELS] = { { { "labelled_at", "source", "entity", "id" } } },
};

/* One kind being added. */
typedef struct {
    sto_store *store;
    const shop_data *shop;
    shop_kind kind;
    int64_t known_at;
    int columns[2][7]; /* of the identity forms, -1 ends */
    toc_map seen;      /* occurrences of second-form identities in this add */
    sqlite3_stmt *find, *insert, *close_state, *not_first, *earlier;
} adding;

typedef struct {
    uint64_t a, b;
} hash128;

static void mix_cell(const adding *w, size_t column, size_t row, hash128 *h)
{
    const shop_column *c = &shop_schema_of(w->kind)->columns[column];
    uint64_t value = c->type == SHOP_T_CODE ? toc_str_hash(toc_pool_str(&w->shop->dict[c->domain], shop_codes(w->shop, w->kind, column)[row]))
                                            : (uint64_t)shop_ints(w->shop, w->kind, column)[row];
    h->a = toc_mix(h->a ^ toc_mix(value + column));
    h->b = toc_mix(h->b * 0x9fb21c651e98df25u + toc_mix(~value - column));
}

static bool cell_empty(const adding *w, size_t column, size_t row)
{
    if (shop_schema_of(w->kind)->columns[column].type == SHOP_T_CODE) return shop_codes(w->shop, w->kind, column)[row] == 0;
    return shop_ints(w->shop, w->kind, column)[row] == SHOP_NO_INT;
}

static toc_status identity_of(toc_ctx *ctx, adding *w, size_t row, hash128 *key)
{
    const int *form = w->columns[0];
    size_t last = 0;
    bool fresh;
    uint64_t *count;

    while (form[last] >= 0) last++;
    bool second = !last || (w->columns[1][0] >= 0 && cell_empty(w, (size_t)form[last - 1], row));
    if (second) form = w->columns[1];
    *key = (hash128){ second ? 2 : 1, (uint64_t)w->kind };
    for (; *form >= 0; form++) mix_cell(w, (size_t)*form, row, key);
    if (!second) return TOC_OK;
    TOC_TRY(toc_map_at(ctx, &w->seen, key->a ^ toc_mix(key->b), &count, &fresh));
    key->a = toc_mix(key->a + *count);
    key->b = toc_mix(key->b - *count);
    ++*count;
    return TOC_OK;
}

static uint64_t content_of(const adding *w, size_t row)
{
    hash128 h = { 3, 5 };
    for (size_t j = 0; j < shop_schema_of(w->kind)->n_columns; j++) mix_cell(w, j, row, &h);
    return h.a ^ h.b;
}

/* The states beside known_at: the latest known by then, and the earliest known later. */
typedef struct {
    bool has_before, has_after;
    int64_t before_at, after_at, before_row, after_row;
    uint64_t before_content, after_content;
} neighbours;

static toc_status find_neighbours(toc_ctx *ctx, adding *w, hash128 key, neighbours *n)
{
    int code;

    *n = (neighbours){0};
    sqlite3_bind_int64(w->find, 1, (int64_t)key.a);
    sqlite3_bind_int64(w->find, 2, (int64_t)key.b);
    while ((code = sqlite3_step(w->find)) == SQLITE_ROW) { /* by known_at */
        int64_t row = sqlite3_column_int64(w->find, 0), at = sqlite3_column_int64(w->find, 1);
        uint64_t content = (uint64_t)sqlite3_column_int64(w->find, 2);
        if (at <= w->known_at) {
            n->has_before = true;
            n->before_row = row, n->before_at = at, n->before_content = content;
        } else {
            n->has_after = true;
            n->after_row = row, n->after_at = at, n->after_content = content;
            break;
        }
    }
    toc_status st = code == SQLITE_ROW || code == SQLITE_DONE ? TOC_OK : sto_fail(ctx, w->store, "look up");
    sqlite3_reset(w->find);
    return st;
}

static toc_status insert_state(toc_ctx *ctx, adding *w, size_t row, hash128 key, uint64_t content, int64_t known_at, const neighbours *n)
{
    const shop_schema *schema = shop_schema_of(w->kind);
    sqlite3_stmt *s = w->insert;

    sqlite3_bind_int64(s, 1, (int64_t)key.a);
    sqlite3_bind_int64(s, 2, (int64_t)key.b);
    sqlite3_bind_int64(s, 3, (int64_t)content);
    sqlite3_bind_int64(s, 4, known_at);
    if (n->has_after) sqlite3_bind_int64(s, 5, n->after_at);
    else sqlite3_bind_null(s, 5);
    sqlite3_bind_int(s, 6, !n->has_before);
    for (size_t j = 0; j < schema->n_columns; j++) {
        int at = (int)j + 7;
        if (cell_empty(w, j, row)) sqlite3_bind_null(s, at);
        else if (schema->columns[j].type == SHOP_T_CODE) {
            toc_str text = toc_pool_str(&w->shop->dict[schema->columns[j].domain], shop_codes(w->shop, w->kind, j)[row]);
            sqlite3_bind_text(s, at, text.p, (int)text.n, SQLITE_STATIC);
        } else sqlite3_bind_int64(s, at, shop_ints(w->shop, w->kind, j)[row]);
    }
    return sto_step(ctx, w->store, s);
}

static toc_status change_row(toc_ctx *ctx, adding *w, sqlite3_stmt *statement, int64_t value, int64_t row)
{
    sqlite3_bind_int64(statement, 1, value);
    sqlite3_bind_int64(statement, 2, row);
    return sto_step(ctx, w->store, statement);
}

static toc_status add_row(toc_ctx *ctx, adding *w, size_t row, sto_added *added)
{
    hash128 key;
    neighbours n;
    uint64_t content = content_of(w, row);

    TOC_TRY(identity_of(ctx, w, row, &key));
    TOC_TRY(find_neighbours(ctx, w, key, &n));
    if (n.has_before && n.before_content == content) {
        added->known++;
        return TOC_OK;
    }
    if (n.has_after && n.after_content == content) { /* the same state, known earlier than we thought */
        added->known++;
        TOC_TRY(change_row(ctx, w, w->earlier, w->known_at, n.after_row));
        return n.has_before ? change_row(ctx, w, w->close_state, w->known_at, n.before_row) : TOC_OK;
    }
    int64_t known_at = n.has_before && n.before_at >= w->known_at ? n.before_at + 1 : w->known_at; /* two exports of one instant: the later read stands */
    if (n.has_before || n.has_after) added->states++;
    else added->fresh++;
    if (n.has_before) TOC_TRY(change_row(ctx, w, w->close_state, known_at, n.before_row));
    else if (n.has_after) TOC_TRY(change_row(ctx, w, w->not_first, 0, n.after_row));
    return insert_state(ctx, w, row, key, content, known_at, &n);
}

static toc_status prepare_format(toc_ctx *ctx, adding *w, const char *fmt, sqlite3_stmt **statement)
{
    char sql[256];
    snprintf(sql, sizeof sql, fmt, shop_schema_of(w->kind)->name);
    return sto_prepare(ctx, w->store, sql, statement);
}

static toc_status prepare_insert(toc_ctx *ctx, adding *w)
{
    const shop_schema *schema = shop_schema_of(w->kind);
    toc_buf sql = {0};
    toc_status st = toc_buf_printf(ctx, &sql, "INSERT INTO %s VALUES (?, ?, ?, ?, ?, ?", schema->name);

    for (size_t j = 0; j < schema->n_columns && !st; j++) st = toc_buf_str(ctx, &sql, ", ?");
    if (!st) st = toc_buf_str(ctx, &sql, ")");
    if (!st) st = sto_prepare(ctx, w->store, sql.p, &w->insert);
    toc_buf_release(&sql);
    return st;
}

static toc_status add_kind(toc_ctx *ctx, adding *w, sto_added *added)
{
    toc_status st = TOC_OK;

    for (size_t f = 0; f < 2; f++)
        for (size_t k = 0; k < 7; k++) {
            const char *name = identities[w->kind].form[f][k];
            w->columns[f][k] = name ? shop_column_of(w->kind, toc_str_of(name)) : -1;
        }
    if ((st = prepare_format(ctx, w, "SELECT rowid, known_at, content FROM %s WHERE key = ? AND key2 = ? ORDER BY known_at", &w->find))) goto out;
    if ((st = prepare_format(ctx, w, "UPDATE %s SET until = ? WHERE rowid = ?", &w->close_state))) goto out;
    if ((st = prepare_format(ctx, w, "UPDATE %s SET first = ? WHERE rowid = ?", &w->not_first))) goto out;
    if ((st = prepare_format(ctx, w, "UPDATE %s SET known_at = ? WHERE rowid = ?", &w->earlier))) goto out;
    if ((st = prepare_insert(ctx, w))) goto out;
    for (size_t i = 0; i < shop_rows(w->shop, w->kind) && !st; i++) st = add_row(ctx, w, i, added);
out:
    sqlite3_finalize(w->find);
    sqlite3_finalize(w->insert);
    sqlite3_finalize(w->close_state);
    sqlite3_finalize(w->not_first);
    sqlite3_finalize(w->earlier);
    toc_map_release(&w->seen);
    return st;
}

toc_status sto_add(toc_ctx *ctx, sto_store *store, const shop_data *shop, int64_t known_at, sto_added *added)
{
    TOC_ASSERT(store->in_transaction);
    *added = (sto_added){0};
    for (size_t k = 0; k < SHOP_N_KINDS; k++) {
        adding w = { .store = store, .shop = shop, .kind = (shop_kind)k, .known_at = known_at };
        if (shop_rows(shop, w.kind)) TOC_TRY(add_kind(ctx, &w, added));
    }
    return TOC_OK;
}

/* ---- loading ---- */

/* The state valid at T: known before it and not yet replaced; or the first one, where all came later. */
static toc_status prepare_load(toc_ctx *ctx, sto_store *store, shop_kind kind, int64_t as_of, sqlite3_stmt **statement)
{
    const shop_schema *schema = shop_schema_of(kind);
    toc_buf sql = {0};
    toc_status st = toc_buf_str(ctx, &sql, "SELECT known_at");

    for (size_t j = 0; j < schema->n_columns && !st; j++) st = toc_buf_printf(ctx, &sql, ", \"%s\"", schema->columns[j].name);
    if (!st) st = toc_buf_printf(ctx, &sql, " FROM %s WHERE ", schema->name);
    if (!st && as_of == TOC_NO_TIME) st = toc_buf_str(ctx, &sql, "until IS NULL");
    else if (!st) st = toc_buf_str(ctx, &sql, "(until IS NULL OR until >= ?1) AND (known_at < ?1 OR first = 1)");
    if (!st) st = sto_prepare(ctx, store, sql.p, statement);
    if (!st && as_of != TOC_NO_TIME) sqlite3_bind_int64(*statement, 1, as_of);
    toc_buf_release(&sql);
    return st;
}

static toc_status load_row(toc_ctx *ctx, sqlite3_stmt *statement, shop_kind kind, shop_data *shop)
{
    const shop_schema *schema = shop_schema_of(kind);
    size_t row;

    TOC_TRY(shop_add_rows(ctx, shop, kind, 1, &row));
    shop_known_at(shop, kind)[row] = sqlite3_column_int64(statement, 0);
    for (size_t j = 0; j < schema->n_columns; j++) {
        int at = (int)j + 1;
        if (sqlite3_column_type(statement, at) == SQLITE_NULL) continue;
        if (schema->columns[j].type != SHOP_T_CODE) {
            shop_ints(shop, kind, j)[row] = sqlite3_column_int64(statement, at);
            continue;
        }
        const char *text = (const char *)sqlite3_column_text(statement, at);
        toc_str value = { text ? text : "", (size_t)sqlite3_column_bytes(statement, at) };
        TOC_TRY(toc_pool_intern(ctx, &shop->dict[schema->columns[j].domain], value, &shop_codes(shop, kind, j)[row]));
    }
    return TOC_OK;
}

static toc_status load_kind(toc_ctx *ctx, sto_store *store, shop_kind kind, int64_t as_of, shop_data *shop)
{
    sqlite3_stmt *statement = NULL;
    size_t before = shop_rows(shop, kind);
    toc_status st = prepare_load(ctx, store, kind, as_of, &statement);
    int code = SQLITE_DONE;

    while (!st && (code = sqlite3_step(statement)) == SQLITE_ROW) st = load_row(ctx, statement, kind, shop);
    if (!st && code != SQLITE_DONE) st = sto_fail(ctx, store, "read");
    sqlite3_finalize(statement);
    shop->has[kind] |= shop_rows(shop, kind) > before;
    return st;
}

toc_status sto_load(toc_ctx *ctx, sto_store *store, int64_t as_of, shop_data *shop)
{
    for (size_t k = 0; k < SHOP_N_KINDS; k++) TOC_TRY(load_kind(ctx, store, (shop_kind)k, as_of, shop));
    return TOC_OK;
}
