/* tables.c: the tables of a store. One for each kind of row, made from the schema, append-only: a line that changes gets a
 * further row, its state from known_at on. line_key says which line it is, state is a hash of all its cells (identity.c). */
#include "store/store_int.h"

static const char *const fixed_tables[] = {
    "CREATE TABLE files(hash TEXT PRIMARY KEY, name TEXT NOT NULL, rows INTEGER NOT NULL, read_at INTEGER NOT NULL) WITHOUT "
    "ROWID",
    "CREATE TABLE vectors(model INTEGER NOT NULL, text INTEGER NOT NULL, vector BLOB NOT NULL, PRIMARY KEY(model, text)) WITHOUT "
    "ROWID",
    "CREATE TABLE nights(as_of INTEGER PRIMARY KEY)",
    ("CREATE TABLE warnings(as_of INTEGER NOT NULL, id TEXT NOT NULL, question TEXT NOT NULL, entity_kind TEXT NOT NULL, entity "
     "TEXT NOT NULL, "
     "score REAL, level INTEGER NOT NULL, PRIMARY KEY(as_of, id)) WITHOUT ROWID"),
    "CREATE INDEX warnings_id ON warnings(id, as_of)",
};

static toc_status create_kind(toc_ctx *ctx, sto_store *store, shop_kind kind, toc_buf *sql)
{
    const shop_schema *schema = shop_schema_of(kind);

    toc_buf_reset(sql);
    TOC_TRY(toc_buf_printf(ctx, sql, "CREATE TABLE %s(", schema->name));
    for (size_t j = 0; j < schema->n_columns; j++)
        TOC_TRY(toc_buf_printf(ctx, sql, "%s %s, ", schema->columns[j].name,
                               schema->columns[j].type == SHOP_T_CODE ? "TEXT" : "INTEGER"));
    TOC_TRY(toc_buf_str(ctx, sql,
                        "known_at INTEGER NOT NULL, source_row INTEGER, line_key INTEGER NOT NULL, state INTEGER NOT NULL)"));
    TOC_TRY(sto_exec(ctx, store, sql->p));
    return sto_create_index(ctx, store, kind);
}

toc_status sto_create_index(toc_ctx *ctx, sto_store *store, shop_kind kind)
{
    const char *name = shop_schema_of(kind)->name;
    char sql[160];

    snprintf(sql, sizeof sql, "CREATE INDEX %s_lines ON %s(line_key, known_at, state)", name, name);
    return sto_exec(ctx, store, sql);
}

toc_status sto_drop_index(toc_ctx *ctx, sto_store *store, shop_kind kind)
{
    char sql[80];

    snprintf(sql, sizeof sql, "DROP INDEX %s_lines", shop_schema_of(kind)->name);
    return sto_exec(ctx, store, sql);
}

toc_status sto_create_tables(toc_ctx *ctx, sto_store *store)
{
    toc_buf sql = {0};
    toc_status st = TOC_OK;

    for (size_t k = 0; k < SHOP_N_KINDS && !st; k++) st = create_kind(ctx, store, (shop_kind)k, &sql);
    for (size_t i = 0; i < TOC_COUNT(fixed_tables) && !st; i++) st = sto_exec(ctx, store, fixed_tables[i]);
    toc_buf_release(&sql);
    return st;
}
