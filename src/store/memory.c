/* memory.c: what a store remembers beside rows: files read, vectors, the warnings of earlier nights; and what is in it. */
#include "store/store_int.h"

#include <math.h>

toc_status sto_file_seen(toc_ctx *ctx, sto_store *store, const char *hash, bool *seen)
{
    sqlite3_stmt *stmt = NULL;

    toc_status st = sto_prepare(ctx, store, "SELECT 1 FROM files WHERE hash = ?", &stmt);
    if (!st) {
        sqlite3_bind_text(stmt, 1, hash, -1, SQLITE_STATIC);
        st = sto_step(ctx, store, stmt, seen);
    }
    sqlite3_finalize(stmt);
    return st;
}

toc_status sto_file_add(toc_ctx *ctx, sto_store *store, const char *hash, const char *name, size_t rows, int64_t at)
{
    sqlite3_stmt *stmt = NULL;
    bool row;

    toc_status st = sto_prepare(ctx, store, "INSERT OR IGNORE INTO files VALUES(?, ?, ?, ?)", &stmt);
    if (!st) {
        sqlite3_bind_text(stmt, 1, hash, -1, SQLITE_STATIC);
        sqlite3_bind_text(stmt, 2, name, -1, SQLITE_STATIC);
        sqlite3_bind_int64(stmt, 3, (int64_t)rows);
        sqlite3_bind_int64(stmt, 4, at);
        st = sto_step(ctx, store, stmt, &row);
    }
    sqlite3_finalize(stmt);
    return st;
}

/* Statements of vectors are prepared once: there is one for every text. */
static toc_status use(toc_ctx *ctx, sto_store *store, const char *sql, sqlite3_stmt **stmt)
{
    if (!*stmt) return sto_prepare(ctx, store, sql, stmt);
    sqlite3_reset(*stmt);
    return TOC_OK;
}

toc_status sto_vector_get(toc_ctx *ctx, sto_store *store, uint64_t model, uint64_t text, size_t dim, float *vector, bool *found)
{
    bool row = false;

    *found = false;
    TOC_TRY(use(ctx, store, "SELECT vector FROM vectors WHERE model = ? AND text = ?", &store->vector_get));
    sqlite3_stmt *stmt = store->vector_get;
    sqlite3_bind_int64(stmt, 1, (int64_t)model);
    sqlite3_bind_int64(stmt, 2, (int64_t)text);
    toc_status st = sto_step(ctx, store, stmt, &row);
    if (!st && row && (size_t)sqlite3_column_bytes(stmt, 0) == dim * sizeof *vector) {
        if (dim) memcpy(vector, sqlite3_column_blob(stmt, 0), dim * sizeof *vector);
        *found = true;
    }
    sqlite3_reset(stmt); /* a statement under way would keep the file from being committed or written anew */
    return st;
}

toc_status sto_vector_put(toc_ctx *ctx, sto_store *store, uint64_t model, uint64_t text, size_t dim, const float *vector)
{
    bool row;

    TOC_TRY(use(ctx, store, "INSERT OR REPLACE INTO vectors VALUES(?, ?, ?)", &store->vector_put));
    sqlite3_stmt *stmt = store->vector_put;
    sqlite3_bind_int64(stmt, 1, (int64_t)model);
    sqlite3_bind_int64(stmt, 2, (int64_t)text);
    sqlite3_bind_blob64(stmt, 3, vector, dim * sizeof *vector, SQLITE_STATIC);
    toc_status st = sto_step(ctx, store, stmt, &row);
    sqlite3_reset(stmt);
    return st;
}

const char *sto_change_name(sto_change_kind kind)
{
    static const char *const names[] = { "new", "worse", "better", "resolved" };
    return names[kind];
}

static toc_status put_one(toc_ctx *ctx, sto_store *store, sqlite3_stmt *stmt, int64_t as_of, const sto_warning *w)
{
    bool row;

    sqlite3_bind_int64(stmt, 1, as_of);
    sqlite3_bind_text(stmt, 2, w->id, -1, SQLITE_STATIC);
    sqlite3_bind_text(stmt, 3, w->question, -1, SQLITE_STATIC);
    sqlite3_bind_text(stmt, 4, w->entity_kind, -1, SQLITE_STATIC);
    sqlite3_bind_text(stmt, 5, w->entity, -1, SQLITE_STATIC);
    sqlite3_bind_double(stmt, 6, w->score); /* SQLite keeps NaN as NULL */
    sqlite3_bind_int(stmt, 7, w->level);
    TOC_TRY(sto_step(ctx, store, stmt, &row));
    sqlite3_reset(stmt);
    return TOC_OK;
}

toc_status sto_warnings_put(toc_ctx *ctx, sto_store *store, int64_t as_of, const sto_warning *warnings, size_t n)
{
    char sql[120];
    sqlite3_stmt *stmt = NULL;

    TOC_ASSERT(store->in_transaction);
    snprintf(sql, sizeof sql, "DELETE FROM warnings WHERE as_of = %lld; INSERT OR IGNORE INTO nights VALUES(%lld)",
             (long long)as_of, (long long)as_of);
    TOC_TRY(sto_exec(ctx, store, sql));
    toc_status st = sto_prepare(ctx, store, "INSERT OR REPLACE INTO warnings VALUES(?, ?, ?, ?, ?, ?, ?)", &stmt);
    for (size_t i = 0; i < n && !st; i++) st = put_one(ctx, store, stmt, as_of, &warnings[i]);
    sqlite3_finalize(stmt);
    return st;
}

static toc_status copy_text(toc_ctx *ctx, sqlite3_stmt *stmt, int j, const char **text)
{
    return toc_arena_copy(ctx, &ctx->arena, (const char *)sqlite3_column_text(stmt, j), (size_t)sqlite3_column_bytes(stmt, j),
                          text);
}

static double read_score(sqlite3_stmt *stmt, int j)
{
    return sqlite3_column_type(stmt, j) == SQLITE_NULL ? NAN : sqlite3_column_double(stmt, j);
}

static toc_status read_change(toc_ctx *ctx, sqlite3_stmt *stmt, sto_change *c)
{
    c->kind = (sto_change_kind)sqlite3_column_int(stmt, 0);
    TOC_TRY(copy_text(ctx, stmt, 1, &c->now.id));
    TOC_TRY(copy_text(ctx, stmt, 2, &c->now.question));
    TOC_TRY(copy_text(ctx, stmt, 3, &c->now.entity_kind));
    TOC_TRY(copy_text(ctx, stmt, 4, &c->now.entity));
    c->now.score = read_score(stmt, 5);
    c->now.level = sqlite3_column_int(stmt, 6);
    c->score_before = read_score(stmt, 7);
    c->level_before = sqlite3_column_type(stmt, 8) == SQLITE_NULL ? -1 : sqlite3_column_int(stmt, 8);
    c->first_seen = sqlite3_column_int64(stmt, 9);
    return TOC_OK;
}

/* ?1 is this night, ?2 the one before; the first column is sto_change_kind. */
static const char changes_sql[] =
    "WITH now AS (SELECT * FROM warnings WHERE as_of = ?1), old AS (SELECT * FROM warnings WHERE as_of = ?2) "
    "SELECT CASE WHEN old.id IS NULL THEN 0 WHEN now.level > old.level THEN 1 ELSE 2 END AS kind, now.id, now.question, "
    "now.entity_kind, now.entity, "
    "now.score, now.level, old.score, old.level, (SELECT min(as_of) FROM warnings w WHERE w.id = now.id) "
    "FROM now LEFT JOIN old ON old.id = now.id WHERE old.id IS NULL OR now.level <> old.level "
    "UNION ALL SELECT 3, id, question, entity_kind, entity, score, level, score, level, (SELECT min(as_of) FROM warnings w WHERE "
    "w.id = old.id) "
    "FROM old WHERE id NOT IN (SELECT id FROM now) ORDER BY 3, 1, 2";

toc_status sto_warnings_changes(toc_ctx *ctx, sto_store *store, int64_t as_of, int64_t *night_before, sto_change **changes,
                                size_t *n)
{
    char sql[100];
    sqlite3_stmt *stmt = NULL;
    sto_change *found = NULL;
    size_t count = 0, cap = 0;
    bool row;
    toc_status st;

    *changes = NULL;
    *n = 0;
    snprintf(sql, sizeof sql, "SELECT max(as_of) FROM nights WHERE as_of < %lld", (long long)as_of);
    TOC_TRY(sto_query_int(ctx, store, sql, TOC_NO_TIME, night_before));
    if (*night_before == TOC_NO_TIME) return TOC_OK;
    if ((st = sto_prepare(ctx, store, changes_sql, &stmt))) goto out;
    sqlite3_bind_int64(stmt, 1, as_of);
    sqlite3_bind_int64(stmt, 2, *night_before);
    while (!(st = sto_step(ctx, store, stmt, &row)) && row) {
        if ((st = toc_grow(ctx, &found, &cap, count + 1, sizeof *found))) goto out;
        if ((st = read_change(ctx, stmt, &found[count++]))) goto out;
    }
    if (st || (st = toc_arena_alloc(ctx, &ctx->arena, count, sizeof **changes, changes))) goto out;
    if (count) memcpy(*changes, found, count * sizeof *found);
    *n = count;
out:
    sqlite3_finalize(stmt);
    toc_free(found);
    return st;
}

toc_status sto_warnings_worst(toc_ctx *ctx, sto_store *store, int64_t as_of, int *level)
{
    char sql[100];
    int64_t worst;

    snprintf(sql, sizeof sql, "SELECT max(level) FROM warnings WHERE as_of = %lld", (long long)as_of);
    TOC_TRY(sto_query_int(ctx, store, sql, -1, &worst));
    *level = (int)worst;
    return TOC_OK;
}

/* The column that tells when a row of the kind happened. */
static const char *const times[SHOP_N_KINDS] = {
    [SHOP_ORDERS] = "ordered_at",   [SHOP_REVIEWS] = "created_at",   [SHOP_PRODUCTS] = "launched_at",
    [SHOP_STOCK] = "as_of",         [SHOP_PROMOTIONS] = "starts_on", [SHOP_CUSTOMERS] = "created_at",
    [SHOP_MERCHANTS] = "opened_at", [SHOP_PAYMENTS] = "at",          [SHOP_EVENTS] = "at",
    [SHOP_LABELS] = "labelled_at",
};

static toc_status describe_kind(toc_ctx *ctx, sto_store *store, shop_kind kind, sto_info *info)
{
    /* lines and their states are told by the smaller table, in the order of keys */
    const char *table = shop_schema_of(kind)->name, *lines = info->version > 1 ? "_lines" : "";
    sto_count *count = &info->kinds[kind];
    sqlite3_stmt *stmt = NULL;
    char sql[400];
    bool row = false;

    snprintf(sql, sizeof sql, "SELECT (SELECT count(*) FROM (SELECT DISTINCT line_key FROM %s%s)), n, known_from, known_to, first, last FROM "
                              "(SELECT count(*) n, min(known_at) known_from, max(known_at) known_to FROM %s%s), (SELECT min(%s) first, max(%s) last FROM %s)",
             table, lines, table, lines, times[kind], times[kind], table);
    toc_status st = sto_prepare(ctx, store, sql, &stmt);
    if (!st) st = sto_step(ctx, store, stmt, &row);
    int64_t *to[] = { &count->lines, &count->states, &count->known_from, &count->known_to, &count->first, &count->last };
    for (size_t j = 0; j < TOC_COUNT(to) && row; j++)
        *to[j] = sqlite3_column_type(stmt, (int)j) == SQLITE_NULL ? TOC_NO_TIME : sqlite3_column_int64(stmt, (int)j);
    sqlite3_finalize(stmt);
    return st;
}

toc_status sto_describe(toc_ctx *ctx, sto_store *store, sto_info *info)
{
    int64_t version, pages, page_size;
    const struct {
        const char *sql;
        int64_t *to;
    } counts[] = {
        { "SELECT count(*) FROM files", &info->n_files },     { "SELECT sum(rows) FROM files", &info->file_rows },
        { "SELECT count(*) FROM vectors", &info->n_vectors }, { "SELECT count(*) FROM nights", &info->n_nights },
        { "SELECT count(*) FROM warnings WHERE as_of = (SELECT max(as_of) FROM nights)", &info->n_warnings },
    };

    *info = (sto_info){0};
    TOC_TRY(sto_query_int(ctx, store, "PRAGMA user_version", 0, &version));
    TOC_TRY(sto_query_int(ctx, store, "PRAGMA page_count", 0, &pages));
    TOC_TRY(sto_query_int(ctx, store, "PRAGMA page_size", 0, &page_size));
    info->version = (int)version;
    info->bytes = pages * page_size;
    for (size_t k = 0; k < SHOP_N_KINDS; k++) TOC_TRY(describe_kind(ctx, store, (shop_kind)k, info));
    for (size_t i = 0; i < TOC_COUNT(counts); i++) TOC_TRY(sto_query_int(ctx, store, counts[i].sql, 0, counts[i].to));
    return sto_query_int(ctx, store, "SELECT max(as_of) FROM nights", TOC_NO_TIME, &info->last_night);
}

/* As many rows as lines, of the same keys known at the same times as far as sums tell: what SQLite would see to if lines were an index. One pass over each;
 * a search for every row would take minutes among millions. */
static toc_status check_lines(toc_ctx *ctx, sto_store *store, const char *name)
{
    static const char sums[] = "count(*), sum(line_key & 4294967295), sum((line_key >> 32) & 4294967295), sum((known_at / 1000000) & 4294967295)";
    char sql[480];
    int64_t n;

    snprintf(sql, sizeof sql, "SELECT count(*) FROM (SELECT %s FROM %s UNION SELECT %s FROM %s_lines)", sums, name, sums, name);
    TOC_TRY(sto_query_int(ctx, store, sql, 0, &n));
    return n == 1 ? TOC_OK : toc_fail(ctx, TOC_E_DATA, "%s is damaged: the tables %s and %s_lines do not agree", store->path, name, name);
}

/* What the integrity check found; a page that could not be read for want of memory, or from a failing disk, is no damage of the file. */
static toc_status judge_finding(toc_ctx *ctx, sto_store *store, const char *finding)
{
    static const char told[] = "error code=";
    const char *code;
    int64_t value = 0;

    if (!finding) return toc_fail(ctx, TOC_E_NOMEM, "%s: out of memory", store->path);
    if (!strcmp(finding, "ok")) return TOC_OK;
    code = strstr(finding, told);
    if (code) {
        code += sizeof told - 1;
        if (!toc_parse_int((toc_str){ code, strspn(code, "0123456789") }, &value)) value = 0;
    }
    if ((value & 0xff) == SQLITE_NOMEM) return toc_fail(ctx, TOC_E_NOMEM, "%s: out of memory", store->path);
    return toc_fail(ctx, (value & 0xff) == SQLITE_IOERR ? TOC_E_IO : TOC_E_DATA, "%s is damaged: %s", store->path, finding);
}

toc_status sto_check(toc_ctx *ctx, sto_store *store)
{
    sqlite3_stmt *stmt = NULL;
    bool row = false;
    int64_t version;

    toc_status st = sto_prepare(ctx, store, "PRAGMA integrity_check(1)", &stmt);
    if (!st) st = sto_step(ctx, store, stmt, &row);
    if (!st && row) st = judge_finding(ctx, store, (const char *)sqlite3_column_text(stmt, 0));
    sqlite3_finalize(stmt);
    if (!st) st = sto_query_int(ctx, store, "PRAGMA user_version", 0, &version);
    for (size_t k = 0; k < SHOP_N_KINDS && !st && version > 1; k++) st = check_lines(ctx, store, shop_schema_of((shop_kind)k)->name);
    return st;
}

toc_status sto_vacuum(toc_ctx *ctx, sto_store *store)
{
    int64_t busy;

    TOC_ASSERT(store->writing && !store->in_transaction);
    TOC_TRY(sto_exec(ctx, store, "VACUUM"));
    TOC_TRY(sto_query_int(ctx, store, "PRAGMA wal_checkpoint(TRUNCATE)", 0, &busy));
    return busy ? toc_fail(ctx, TOC_E_BUSY, "%s is being read, so old pages remain in %s-wal; run this again later", store->path, store->path) : TOC_OK;
}
