/* tables.c: the tables of a store, and how older ones become like them. For each kind of row, made from the schema, there are two: the rows, append-only
 * (a line that changes gets a further row, its state from known_at on), and KIND_lines, which tells of every line, in the order of keys, when each of
 * its states became known. line_key says which line it is, state is a hash of all its cells (identity.c). */
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

/* Every state of a line differs from those known at the same time, so the three are a key. */
static toc_status create_lines(toc_ctx *ctx, sto_store *store, const char *name)
{
    return sto_execf(ctx, store, "CREATE TABLE %s_lines(line_key INTEGER NOT NULL, known_at INTEGER NOT NULL, state INTEGER NOT NULL, "
                                 "PRIMARY KEY(line_key, known_at, state)) WITHOUT ROWID", name);
}

static const char *sql_type(const shop_column *column)
{
    return column->type == SHOP_T_CODE ? "TEXT" : "INTEGER";
}

static toc_status create_kind(toc_ctx *ctx, sto_store *store, shop_kind kind, toc_buf *sql)
{
    const shop_schema *schema = shop_schema_of(kind);

    toc_buf_reset(sql);
    TOC_TRY(toc_buf_printf(ctx, sql, "CREATE TABLE %s(", schema->name));
    for (size_t j = 0; j < schema->n_columns; j++)
        TOC_TRY(toc_buf_printf(ctx, sql, "%s %s, ", schema->columns[j].name, sql_type(&schema->columns[j])));
    TOC_TRY(toc_buf_str(ctx, sql, "known_at INTEGER NOT NULL, source_row INTEGER, line_key INTEGER NOT NULL)"));
    TOC_TRY(sto_exec(ctx, store, sql->p));
    return create_lines(ctx, store, schema->name);
}

static toc_status create_tables(toc_ctx *ctx, sto_store *store)
{
    toc_buf sql = {0};
    toc_status st = TOC_OK;

    for (size_t k = 0; k < SHOP_N_KINDS && !st; k++) st = create_kind(ctx, store, (shop_kind)k, &sql);
    for (size_t i = 0; i < TOC_COUNT(fixed_tables) && !st; i++) st = sto_exec(ctx, store, fixed_tables[i]);
    toc_buf_release(&sql);
    return st;
}

/* Version 1 had an index (line_key, known_at, state) on the rows in place of a table of lines: rows fell all over it in the order of the export, and each
 * state was written twice. */
static toc_status lines_from_index(toc_ctx *ctx, sto_store *store)
{
    for (size_t k = 0; k < SHOP_N_KINDS; k++) {
        const char *name = shop_schema_of((shop_kind)k)->name;
        TOC_TRY(sto_execf(ctx, store, "DROP INDEX %s_lines", name));
        TOC_TRY(create_lines(ctx, store, name));
        TOC_TRY(sto_execf(ctx, store, "INSERT OR IGNORE INTO %s_lines SELECT line_key, known_at, state FROM %s ORDER BY 1, 2, 3", name, name));
        TOC_TRY(sto_execf(ctx, store, "ALTER TABLE %s DROP COLUMN state", name));
    }
    return TOC_OK;
}

/* The steps, each from one version to a later one; an empty file is of version 0. */
static const struct {
    int64_t from, to;
    toc_status (*run)(toc_ctx *ctx, sto_store *store);
} steps[] = {
    { 0, STO_VERSION, create_tables },
    { 1, 2, lines_from_index },
};

toc_status sto_upgrade_tables(toc_ctx *ctx, sto_store *store, int64_t version)
{
    while (version < STO_VERSION) {
        size_t i = 0;
        while (i < TOC_COUNT(steps) && steps[i].from != version) i++;
        TOC_ASSERT(i < TOC_COUNT(steps));
        TOC_TRY(steps[i].run(ctx, store));
        version = steps[i].to;
    }
    return TOC_OK;
}

toc_status sto_has_column(toc_ctx *ctx, sto_store *store, const char *table, const char *column, bool *has)
{
    char sql[160];
    int64_t n;

    snprintf(sql, sizeof sql, "SELECT count(*) FROM pragma_table_info('%s') WHERE name = '%s'", table, column);
    TOC_TRY(sto_query_int(ctx, store, sql, 0, &n));
    *has = n > 0;
    return TOC_OK;
}

toc_status sto_add_columns(toc_ctx *ctx, sto_store *store)
{
    for (size_t k = 0; k < SHOP_N_KINDS; k++) {
        const shop_schema *schema = shop_schema_of((shop_kind)k);
        for (size_t j = 0; j < schema->n_columns; j++) {
            const shop_column *c = &schema->columns[j];
            bool has;
            TOC_TRY(sto_has_column(ctx, store, schema->name, c->name, &has));
            if (!has) TOC_TRY(sto_execf(ctx, store, "ALTER TABLE %s ADD COLUMN %s %s", schema->name, c->name, sql_type(c)));
        }
    }
    return TOC_OK;
}
