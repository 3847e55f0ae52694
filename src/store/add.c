/* add.c: rows into the store, some millions at a time. It is decided for each row, in the order of the keys, whether its line is new, its state
 * known, or its state new; then those to be kept are written in their own order, and their keys, sorted, into the table of lines: so every page of that
 * tree is visited once, however large it is. Into an empty table nothing need be looked up. */
#include "store/store_int.h"

enum { CHUNK = 1 << 22 };

typedef enum { KNOWN, FRESH, STATE } verdict;

/* Rows [from, from + n) of one kind; the arrays are (n), heap. */
typedef struct {
    sto_store *store;
    const shop_data *shop;
    shop_kind kind;
    size_t from, n;
    int64_t known_at;
    sto_hasher hasher;
    int64_t *key, *state;
    uint64_t *sorted;
    uint32_t *order; /* by key */
    uint8_t *verdicts;
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

static toc_status judge_by_lines(toc_ctx *ctx, const batch *b)
{
    const char *name = shop_schema_of(b->kind)->name;
    char sql[160];
    sqlite3_stmt *stmt = NULL;
    verdict v = FRESH;

    snprintf(sql, sizeof sql, "SELECT known_at, state FROM %s_lines WHERE line_key = ? ORDER BY known_at DESC", name);
    toc_status st = sto_prepare(ctx, b->store, sql, &stmt);
    for (size_t i = 0; i < b->n && !st; i++) {
        st = look_up(ctx, b, stmt, b->order[i], &v);
        b->verdicts[b->order[i]] = (uint8_t)v;
    }
    sqlite3_finalize(stmt);
    return st;
}

/* Rows order[0 .. n) of this batch that are the same line: an equal state is known, another one is one more state. */
static toc_status judge_line(toc_ctx *ctx, const batch *b, const uint32_t *order, size_t n)
{
    toc_map states = {0};
    uint64_t *slot;
    toc_status st = TOC_OK;
    bool fresh;

    for (size_t k = 0; k < n && !(st = toc_map_at(ctx, &states, (uint64_t)b->state[order[k]], &slot, &fresh)); k++) {
        uint8_t *v = &b->verdicts[order[k]];
        if (!fresh) *v = KNOWN;
        else if (k && *v == FRESH) *v = STATE;
    }
    toc_map_release(&states);
    return st;
}

static toc_status judge_repeats(toc_ctx *ctx, const batch *b)
{
    for (size_t i = 0, end; i < b->n; i = end) {
        for (end = i + 1; end < b->n && b->key[b->order[end]] == b->key[b->order[i]];) end++;
        if (end > i + 1) TOC_TRY(judge_line(ctx, b, b->order + i, end - i));
    }
    return TOC_OK;
}

/* An INSERT of the columns that have a value in any row. */
static toc_status prepare_insert(toc_ctx *ctx, const batch *b, sqlite3_stmt **stmt)
{
    const shop_schema *schema = shop_schema_of(b->kind);
    toc_buf sql = {0};
    size_t n = 3;

    toc_status st = toc_buf_printf(ctx, &sql, "INSERT INTO %s(known_at, source_row, line_key", schema->name);
    for (size_t j = 0; j < schema->n_columns && !st; j++) {
        if (!b->hasher.used[j]) continue;
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

static toc_status insert_row(toc_ctx *ctx, const batch *b, sqlite3_stmt *stmt, size_t i)
{
    const sto_hasher *h = &b->hasher;
    size_t r = b->from + i;
    int at = 4;
    bool row;

    sqlite3_bind_int64(stmt, 1, b->known_at);
    bind_int(stmt, 2, shop_row_numbers(b->shop, b->kind)[r]);
    sqlite3_bind_int64(stmt, 3, b->key[i]);
    for (size_t j = 0; j < h->schema->n_columns; j++) {
        if (!h->used[j]) continue;
        if (!h->codes[j]) {
            bind_int(stmt, at++, h->ints[j][r]);
            continue;
        }
        toc_str text = toc_pool_str(&b->shop->dict[h->schema->columns[j].domain], h->codes[j][r]);
        if (text.n) sqlite3_bind_text(stmt, at++, text.p, (int)text.n, SQLITE_STATIC);
        else sqlite3_bind_null(stmt, at++);
    }
    TOC_TRY(sto_step(ctx, b->store, stmt, &row));
    sqlite3_reset(stmt);
    return TOC_OK;
}

/* Texts lie all over memory: those of a row soon to come are fetched while others are written. Twice: first where a text is, then the text. */
static void prefetch(const batch *b, size_t i, bool text)
{
    const sto_hasher *h = &b->hasher;

    if (i >= b->n) return;
    for (size_t j = 0; j < h->schema->n_columns; j++) {
        if (!h->used[j] || !h->codes[j]) continue;
        const toc_pool *pool = &b->shop->dict[h->schema->columns[j].domain];
        uint32_t code = h->codes[j][b->from + i];
        if (text) __builtin_prefetch(toc_pool_text(pool, code));
        else {
            __builtin_prefetch(&pool->texts[code]);
            __builtin_prefetch(&pool->lengths[code]);
        }
    }
}

static toc_status insert_rows(toc_ctx *ctx, const batch *b, sto_added *added)
{
    sqlite3_stmt *stmt = NULL;

    toc_status st = prepare_insert(ctx, b, &stmt);
    for (size_t i = 0; i < b->n && !st; i++) {
        added->known += b->verdicts[i] == KNOWN;
        added->fresh += b->verdicts[i] == FRESH;
        added->states += b->verdicts[i] == STATE;
        prefetch(b, i + 8, false);
        prefetch(b, i + 4, true);
        if (b->verdicts[i] != KNOWN) st = insert_row(ctx, b, stmt, i);
    }
    sqlite3_finalize(stmt);
    return st;
}

static toc_status insert_lines(toc_ctx *ctx, const batch *b)
{
    char sql[80];
    sqlite3_stmt *stmt = NULL;
    bool row;

    snprintf(sql, sizeof sql, "INSERT INTO %s_lines VALUES(?, ?, ?)", shop_schema_of(b->kind)->name);
    toc_status st = sto_prepare(ctx, b->store, sql, &stmt);
    for (size_t k = 0; k < b->n && !st; k++) {
        uint32_t i = b->order[k];
        if (b->verdicts[i] == KNOWN) continue;
        sqlite3_bind_int64(stmt, 1, b->key[i]);
        sqlite3_bind_int64(stmt, 2, b->known_at);
        sqlite3_bind_int64(stmt, 3, b->state[i]);
        st = sto_step(ctx, b->store, stmt, &row);
        sqlite3_reset(stmt);
    }
    sqlite3_finalize(stmt);
    return st;
}

static toc_status add_chunk(toc_ctx *ctx, batch *b, sto_added *added)
{
    char sql[80];
    int64_t rows;

    snprintf(sql, sizeof sql, "SELECT 1 FROM %s_lines LIMIT 1", shop_schema_of(b->kind)->name);
    TOC_TRY(sto_query_int(ctx, b->store, sql, 0, &rows));
    TOC_TRY(sto_identify(ctx, &b->hasher, &b->store->counting[b->kind], b->from, b->n, b->key, b->state, b->verdicts));
    for (size_t i = 0; i < b->n; i++) b->sorted[i] = toc_key_i64(b->key[i]);
    TOC_TRY(toc_sort_u64(ctx, b->sorted, b->n, false, b->order));
    if (rows) TOC_TRY(judge_by_lines(ctx, b));
    else memset(b->verdicts, FRESH, b->n);
    TOC_TRY(judge_repeats(ctx, b));
    TOC_TRY(insert_rows(ctx, b, added));
    return insert_lines(ctx, b);
}

static toc_status add_kind(toc_ctx *ctx, batch *b, sto_added *added)
{
    size_t n = shop_rows(b->shop, b->kind), most = TOC_MIN(n, CHUNK);
    toc_status st;

    if ((st = toc_alloc(ctx, most, sizeof *b->key, &b->key))) goto out;
    if ((st = toc_alloc(ctx, most, sizeof *b->state, &b->state))) goto out;
    if ((st = toc_alloc(ctx, most, sizeof *b->sorted, &b->sorted))) goto out;
    if ((st = toc_alloc(ctx, most, sizeof *b->order, &b->order))) goto out;
    if ((st = toc_alloc(ctx, most, sizeof *b->verdicts, &b->verdicts))) goto out;
    if ((st = sto_hasher_init(ctx, b->shop, b->kind, &b->hasher))) goto out;
    for (; b->from < n && !st; b->from += b->n) {
        b->n = TOC_MIN(n - b->from, CHUNK);
        st = add_chunk(ctx, b, added);
    }
out:
    sto_hasher_release(&b->hasher);
    toc_free(b->key);
    toc_free(b->state);
    toc_free(b->sorted);
    toc_free(b->order);
    toc_free(b->verdicts);
    return st;
}

void sto_reset_counting(sto_store *store)
{
    for (size_t k = 0; k < SHOP_N_KINDS; k++) {
        toc_map_release(&store->counting[k].seen);
        store->counting[k] = (sto_counting){0};
    }
}

toc_status sto_add_more(toc_ctx *ctx, sto_store *store, const shop_data *shop, int64_t known_at, sto_added *added)
{
    TOC_ASSERT(store->in_transaction && known_at != TOC_NO_TIME);
    for (size_t k = 0; k < SHOP_N_KINDS; k++) {
        batch b = { .store = store, .shop = shop, .kind = (shop_kind)k, .known_at = known_at };
        if (shop_rows(shop, b.kind)) TOC_TRY(add_kind(ctx, &b, added));
    }
    return TOC_OK;
}

toc_status sto_add(toc_ctx *ctx, sto_store *store, const shop_data *shop, int64_t known_at, sto_added *added)
{
    *added = (sto_added){0};
    sto_reset_counting(store);
    return sto_add_more(ctx, store, shop, known_at, added);
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
