/* add.c: rows into the store. First it is decided for each row, in the order of the index, whether its line is new, its state
 * known, or its state new; then those to be kept are written in their own order. An empty table needs no look at the index,
 * which is then built at the end. */
#include "store/store_int.h"

typedef enum { KNOWN, FRESH, STATE } verdict;

typedef struct {
    sto_store *store;
    const shop_data *shop;
    shop_kind kind;
    size_t n;
    int64_t known_at;
    int64_t *key, *state; /* (n) heap */
    uint8_t *verdicts;    /* (n) heap */
    bool empty;           /* the table was */
} batch;

/* What the table says of a row: its states, newest first. */
static toc_status look_up(toc_ctx *ctx, const batch *b, sqlite3_stmt *stmt, size_t i, verdict *v)
{
    toc_status st = TOC_OK;
    bool row, at_same_time = false, decided = false;

    *v = FRESH;
    sqlite3_bind_int64(stmt, 1, b->key[i]);
    while (!decided && !(st = sto_step(ctx, b->store, stmt, &row)) && row) {
        int64_t known_at = sqlite3_column_int64(stmt, 0), state = sqlite3_column_int64(stmt, 1);
        *v = STATE;
        if (known_at > b->known_at) continue; /* an older export, read later */
        if (known_at == b->known_at) at_same_time = true;
        else decided = true; /* what was known just before */
        if (state != b->state[i] || (decided && at_same_time)) continue;
        *v = KNOWN;
        decided = true;
    }
    sqlite3_reset(stmt);
    return st;
}

/* Rows of this batch that are the same line: an equal state is known, another one is one more state. */
static toc_status judge_repeats(toc_ctx *ctx, const batch *b)
{
    toc_map lines = {0}, states = {0};
    uint64_t *slot;
    bool new_line, new_state;
    toc_status st = TOC_OK;

    for (size_t i = 0; i < b->n && !st; i++) {
        if ((st = toc_map_at(ctx, &lines, (uint64_t)b->key[i], &slot, &new_line))) break;
        if ((st = toc_map_at(ctx, &states, toc_mix((uint64_t)b->key[i]) ^ (uint64_t)b->state[i], &slot, &new_state))) break;
        if (!new_state) b->verdicts[i] = KNOWN;
        else if (!new_line && b->verdicts[i] == FRESH) b->verdicts[i] = STATE;
    }
    toc_map_release(&lines);
    toc_map_release(&states);
    return st;
}

static toc_status judge_by_index(toc_ctx *ctx, const batch *b)
{
    const char *name = shop_schema_of(b->kind)->name;
    char sql[160];
    sqlite3_stmt *stmt = NULL;
    uint64_t *keys = NULL;
    uint32_t *order = NULL;
    verdict v = FRESH;
    toc_status st;

    snprintf(sql, sizeof sql, "SELECT known_at, state FROM %s WHERE line_key = ? ORDER BY known_at DESC", name);
    if ((st = toc_alloc(ctx, b->n, sizeof *keys, &keys))) goto out;
    if ((st = toc_alloc(ctx, b->n, sizeof *order, &order))) goto out;
    for (size_t i = 0; i < b->n; i++) keys[i] = toc_key_i64(b->key[i]);
    if ((st = toc_sort_u64(ctx, keys, b->n, false, order))) goto out;
    if ((st = sto_prepare(ctx, b->store, sql, &stmt))) goto out;
    for (size_t i = 0; i < b->n && !st; i++) {
        st = look_up(ctx, b, stmt, order[i], &v);
        b->verdicts[order[i]] = (uint8_t)v;
    }
out:
    sqlite3_finalize(stmt);
    toc_free(order);
    toc_free(keys);
    return st;
}

/* An INSERT of the columns that have a value in any row to be written; used (schema's columns) says which. */
static toc_status prepare_insert(toc_ctx *ctx, const batch *b, bool *used, sqlite3_stmt **stmt)
{
    const shop_schema *schema = shop_schema_of(b->kind);
    toc_buf sql = {0};
    size_t n = 4;

    toc_status st = toc_buf_printf(ctx, &sql, "INSERT INTO %s(known_at, source_row, line_key, state", schema->name);
    for (size_t j = 0; j < schema->n_columns && !st; j++) {
        const uint32_t *codes = shop_codes(b->shop, b->kind, j);
        const int64_t *ints = shop_ints(b->shop, b->kind, j);
        bool code = schema->columns[j].type == SHOP_T_CODE;
        size_t i = 0;
        while (i < b->n && (code ? !codes[i] : ints[i] == SHOP_NO_INT)) i++;
        used[j] = i < b->n;
        if (!used[j]) continue;
        st = toc_buf_printf(ctx, &sql, ", %s", schema->columns[j].name);
        n++;
    }
    if (!st) st = toc_buf_str(ctx, &sql, ") VALUES(?");
    while (--n && !st) st = toc_buf_str(ctx, &sql, ",?");
    if (!st) st = toc_buf_str(ctx, &sql, ")");
    if (!st) st = sto_prepare(ctx, b->store, sql.p, stmt);
    toc_buf_release(&sql);
    return st;
}

static void bind_int(sqlite3_stmt *stmt, int at, int64_t value)
{
    if (value == SHOP_NO_INT) sqlite3_bind_null(stmt, at);
    else sqlite3_bind_int64(stmt, at, value);
}

static toc_status insert_row(toc_ctx *ctx, const batch *b, const bool *used, sqlite3_stmt *stmt, size_t i)
{
    const shop_schema *schema = shop_schema_of(b->kind);
    int at = 5;
    bool row;

    sqlite3_bind_int64(stmt, 1, b->known_at);
    bind_int(stmt, 2, shop_row_numbers(b->shop, b->kind)[i]);
    sqlite3_bind_int64(stmt, 3, b->key[i]);
    sqlite3_bind_int64(stmt, 4, b->state[i]);
    for (size_t j = 0; j < schema->n_columns; j++) {
        if (!used[j]) continue;
        if (schema->columns[j].type != SHOP_T_CODE) {
            bind_int(stmt, at++, shop_ints(b->shop, b->kind, j)[i]);
            continue;
        }
        toc_str text = toc_pool_str(&b->shop->dict[schema->columns[j].domain], shop_codes(b->shop, b->kind, j)[i]);
        if (text.n) sqlite3_bind_text(stmt, at++, text.p, (int)text.n, SQLITE_STATIC);
        else sqlite3_bind_null(stmt, at++);
    }
    TOC_TRY(sto_step(ctx, b->store, stmt, &row));
    sqlite3_reset(stmt);
    return TOC_OK;
}

static toc_status insert_rows(toc_ctx *ctx, const batch *b, sto_added *added)
{
    bool used[64];
    sqlite3_stmt *stmt = NULL;

    toc_status st = prepare_insert(ctx, b, used, &stmt);
    for (size_t i = 0; i < b->n && !st; i++) {
        added->known += b->verdicts[i] == KNOWN;
        added->fresh += b->verdicts[i] == FRESH;
        added->states += b->verdicts[i] == STATE;
        if (b->verdicts[i] != KNOWN) st = insert_row(ctx, b, used, stmt, i);
    }
    sqlite3_finalize(stmt);
    return st;
}

static toc_status add_kind(toc_ctx *ctx, batch *b, sto_added *added)
{
    char sql[80];
    int64_t rows;
    toc_status st;

    snprintf(sql, sizeof sql, "SELECT 1 FROM %s LIMIT 1", shop_schema_of(b->kind)->name);
    TOC_TRY(sto_query_int(ctx, b->store, sql, 0, &rows));
    b->empty = !rows;
    if ((st = toc_alloc(ctx, b->n, sizeof *b->key, &b->key))) goto out;
    if ((st = toc_alloc(ctx, b->n, sizeof *b->state, &b->state))) goto out;
    if ((st = toc_alloc(ctx, b->n, sizeof *b->verdicts, &b->verdicts))) goto out;
    if ((st = sto_identify(ctx, b->shop, b->kind, b->key, b->state))) goto out;
    if (b->empty) memset(b->verdicts, FRESH, b->n);
    else if ((st = judge_by_index(ctx, b))) goto out;
    if ((st = judge_repeats(ctx, b))) goto out;
    if (b->empty && (st = sto_drop_index(ctx, b->store, b->kind))) goto out;
    if ((st = insert_rows(ctx, b, added))) goto out;
    if (b->empty) st = sto_create_index(ctx, b->store, b->kind);
out:
    toc_free(b->key);
    toc_free(b->state);
    toc_free(b->verdicts);
    return st;
}

toc_status sto_add(toc_ctx *ctx, sto_store *store, const shop_data *shop, int64_t known_at, sto_added *added)
{
    TOC_ASSERT(store->in_transaction && known_at != TOC_NO_TIME);
    *added = (sto_added){0};
    for (size_t k = 0; k < SHOP_N_KINDS; k++) {
        batch b = {
            .store = store, .shop = shop, .kind = (shop_kind)k, .n = shop_rows(shop, (shop_kind)k), .known_at = known_at
        };
        if (b.n) TOC_TRY(add_kind(ctx, &b, added));
    }
    return TOC_OK;
}

toc_status sto_known_at(toc_ctx *ctx, sto_store *store, const shop_data *shop, int64_t *known_at)
{
    int64_t latest = TOC_NO_TIME, as_of;

    for (size_t k = 0; k < SHOP_N_KINDS; k++) {
        for (size_t j = 0; j < shop_schema_of((shop_kind)k)->n_columns; j++) {
            if (!shop_tells_past((shop_kind)k, j)) continue;
            const int64_t *at = shop_ints(shop, (shop_kind)k, j);
            for (size_t i = 0; i < shop_rows(shop, (shop_kind)k); i++) latest = TOC_MAX(latest, at[i]);
        }
    }
    if (shop->orders.n || shop->reviews.n) {
        /* Moments far after all others make the export look younger, so its statuses count later than they might: safe, but worth saying. */
        toc_status st = shop_default_as_of(ctx, shop, &as_of);
        if (st && st != TOC_E_DATA) return st;
        if (st) toc_warn(ctx, "%s", ctx->message);
        if (st) ctx->message[0] = 0;
    }
    *known_at = latest;
    if (latest != TOC_NO_TIME) return TOC_OK;
    *known_at = ctx->now;
    for (size_t k = 0; k < SHOP_N_KINDS; k++) {
        char sql[80];
        int64_t newest;
        snprintf(sql, sizeof sql, "SELECT max(known_at) FROM %s", shop_schema_of((shop_kind)k)->name);
        TOC_TRY(sto_query_int(ctx, store, sql, TOC_NO_TIME, &newest));
        if (newest != TOC_NO_TIME) latest = TOC_MAX(latest, newest);
    }
    if (latest != TOC_NO_TIME) *known_at = latest;
    return TOC_OK;
}
