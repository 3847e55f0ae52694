/* load.c: the store's rows as a shop, each line in the newest state that was known. */
#include "store/store_int.h"

#define BLOCK 65536

typedef struct {
    sqlite3_stmt *stmt;
    shop_data *shop;
    shop_kind kind;
    int64_t as_of;
    size_t first, n, cap;  /* rows of this load, within the shop's table */
    toc_map line;          /* line_key to row */
    struct {
        const char *text;  /* of the dictionary */
        uint32_t n, code;
    } last[STO_MAX_COLUMNS];   /* the column's cell before: neighbours are often equal */
} loader;

/* Whether a state known at `at` is to be preferred to one known at `held`; rows come in the order they were written. */
static bool better(int64_t at, int64_t held, int64_t as_of)
{
    if (as_of == TOC_NO_TIME || (at < as_of && held < as_of)) return at >= held;
    if ((at < as_of) != (held < as_of)) return at < as_of;
    return at < held;
}

static toc_status read_code(toc_ctx *ctx, loader *l, size_t j, shop_domain domain, uint32_t *code)
{
    toc_pool *pool = &l->shop->dict[domain];
    toc_str text = { (const char *)sqlite3_column_text(l->stmt, (int)j), (size_t)sqlite3_column_bytes(l->stmt, (int)j) };

    if (!text.p) {
        *code = 0;
        return TOC_OK;
    }
    if (l->last[j].text && l->last[j].n == text.n && !memcmp(l->last[j].text, text.p, text.n)) {
        *code = l->last[j].code;
        return TOC_OK;
    }
    TOC_TRY(toc_pool_intern(ctx, pool, text, code));
    l->last[j].text = toc_pool_text(pool, *code);
    l->last[j].n = (uint32_t)text.n;
    l->last[j].code = *code;
    return TOC_OK;
}

static int64_t read_int(sqlite3_stmt *stmt, size_t j)
{
    return sqlite3_column_type(stmt, (int)j) == SQLITE_NULL ? SHOP_NO_INT : sqlite3_column_int64(stmt, (int)j);
}

static toc_status read_row(toc_ctx *ctx, loader *l, size_t row)
{
    const shop_schema *schema = shop_schema_of(l->kind);
    size_t n = schema->n_columns;

    for (size_t j = 0; j < n; j++) {
        if (schema->columns[j].type == SHOP_T_CODE)
            TOC_TRY(read_code(ctx, l, j, schema->columns[j].domain, &shop_codes(l->shop, l->kind, j)[row]));
        else shop_ints(l->shop, l->kind, j)[row] = read_int(l->stmt, j);
    }
    shop_known_at(l->shop, l->kind)[row] = read_int(l->stmt, n);
    shop_row_numbers(l->shop, l->kind)[row] = read_int(l->stmt, n + 1);
    return TOC_OK;
}

/* Where the row at hand goes: a new place, the place of an earlier state of its line, or nowhere (SIZE_MAX). */
static toc_status place(toc_ctx *ctx, loader *l, size_t *row)
{
    size_t n = shop_schema_of(l->kind)->n_columns;
    int64_t known_at = sqlite3_column_int64(l->stmt, (int)n);
    uint64_t *slot;
    bool fresh;

    TOC_TRY(toc_map_at(ctx, &l->line, (uint64_t)sqlite3_column_int64(l->stmt, (int)n + 2), &slot, &fresh));
    if (!fresh) {
        *row = better(known_at, shop_known_at(l->shop, l->kind)[*slot], l->as_of) ? (size_t)*slot : SIZE_MAX;
        return TOC_OK;
    }
    if (l->n == l->cap) {
        size_t at;
        TOC_TRY(shop_add_rows(ctx, l->shop, l->kind, BLOCK, &at));
        if (!l->cap) l->first = at;
        l->cap += BLOCK;
    }
    *slot = *row = l->first + l->n++;
    return TOC_OK;
}

static toc_status prepare_select(toc_ctx *ctx, sto_store *store, loader *l)
{
    const shop_schema *schema = shop_schema_of(l->kind);
    toc_buf sql = {0};

    toc_status st = toc_buf_str(ctx, &sql, "SELECT ");
    for (size_t j = 0; j < schema->n_columns && !st; j++) {
        bool has; /* else an earlier tocsin made the store, and nobody has written to it since */
        st = sto_has_column(ctx, store, schema->name, schema->columns[j].name, &has);
        if (!st) st = toc_buf_printf(ctx, &sql, "%s, ", has ? schema->columns[j].name : "NULL");
    }
    if (!st) st = toc_buf_printf(ctx, &sql, "known_at, source_row, line_key FROM %s ORDER BY rowid", schema->name);
    if (!st) st = sto_prepare(ctx, store, sql.p, &l->stmt);
    toc_buf_release(&sql);
    return st;
}

static toc_status load_kind(toc_ctx *ctx, sto_store *store, int64_t as_of, shop_data *shop, shop_kind kind)
{
    loader l = { .shop = shop, .kind = kind, .as_of = as_of };
    size_t before = shop_rows(shop, kind), at;
    bool row;

    toc_status st = prepare_select(ctx, store, &l);
    while (!st && !(st = sto_step(ctx, store, l.stmt, &row)) && row)
        if (!(st = place(ctx, &l, &at)) && at != SIZE_MAX) st = read_row(ctx, &l, at);
    shop_truncate(shop, kind, before + l.n);
    shop->has[kind] |= l.n > 0;
    sqlite3_finalize(l.stmt);
    toc_map_release(&l.line);
    return st;
}

/* One read transaction around all kinds: a writer may commit in between. */
toc_status sto_load(toc_ctx *ctx, sto_store *store, int64_t as_of, shop_data *shop)
{
    bool own = !store->in_transaction;
    toc_status st = own ? sto_exec(ctx, store, "BEGIN") : TOC_OK;

    for (size_t k = 0; k < SHOP_N_KINDS && !st; k++) st = load_kind(ctx, store, as_of, shop, (shop_kind)k);
    if (own) sqlite3_exec(store->db, "COMMIT", NULL, NULL, NULL);
    return st;
}
