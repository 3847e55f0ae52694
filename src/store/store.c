/* store.c: the file itself: lock, schema, migrations, transactions.
 *
 * WAL lets readers read while the one writer writes. The writer's lock is flock() on a file beside the store, which the kernel drops with the process, so
 * nobody finds a stale one. */
#include "store/store.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "store/store_int.h"

enum { APPLICATION_ID = 0x746f6373 /* "tocs" */, SCHEMA_VERSION = 1, BUSY_MS = 5000 };

toc_status sto_fail(toc_ctx *ctx, sto_store *store, const char *what)
{
    int code = sqlite3_errcode(store->db) & 0xff;
    const char *message = sqlite3_errmsg(store->db);

    switch (code) {
    case SQLITE_BUSY:
    case SQLITE_LOCKED: return toc_fail(ctx, TOC_E_BUSY, "%s: somebody else holds the store; try again", store->path);
    case SQLITE_NOMEM: return toc_fail(ctx, TOC_E_NOMEM, "%s: out of memory", store->path);
    case SQLITE_NOTADB:
    case SQLITE_CORRUPT: return toc_fail(ctx, TOC_E_DATA, "%s: this is no sound store (%s)", store->path, message);
    case SQLITE_FULL: return toc_fail(ctx, TOC_E_IO, "%s: the disk is full; nothing was changed", store->path);
    default: return toc_fail(ctx, TOC_E_IO, "%s: %s: %s", store->path, what, message);
    }
}

toc_status sto_exec(toc_ctx *ctx, sto_store *store, const char *sql)
{
    return sqlite3_exec(store->db, sql, NULL, NULL, NULL) == SQLITE_OK ? TOC_OK : sto_fail(ctx, store, sql);
}

toc_status sto_prepare(toc_ctx *ctx, sto_store *store, const char *sql, sqlite3_stmt **statement)
{
    return sqlite3_prepare_v2(store->db, sql, -1, statement, NULL) == SQLITE_OK ? TOC_OK : sto_fail(ctx, store, sql);
}

toc_status sto_step(toc_ctx *ctx, sto_store *store, sqlite3_stmt *statement)
{
    int code = sqlite3_step(statement);
    toc_status st = code == SQLITE_DONE ? TOC_OK : sto_fail(ctx, store, "write");
    sqlite3_reset(statement);
    return st;
}

toc_status sto_query_int(toc_ctx *ctx, sto_store *store, const char *sql, int64_t *value, bool *found)
{
    sqlite3_stmt *statement = NULL;
    toc_status st = TOC_OK;

    *value = 0;
    TOC_TRY(sto_prepare(ctx, store, sql, &statement));
    int code = sqlite3_step(statement);
    bool row = code == SQLITE_ROW && sqlite3_column_type(statement, 0) != SQLITE_NULL;
    if (row) *value = sqlite3_column_int64(statement, 0);
    else if (code != SQLITE_ROW && code != SQLITE_DONE) st = sto_fail(ctx, store, sql);
    if (found) *found = row;
    sqlite3_finalize(statement);
    return st;
}

/* ---- schema ---- */

/* Version 1 of a kind's table, made from the shop's schema. */
static toc_status create_kind(toc_ctx *ctx, sto_store *store, shop_kind kind)
{
    const shop_schema *schema = shop_schema_of(kind);
    toc_buf sql = {0};
    toc_status st = toc_buf_printf(ctx, &sql, "CREATE TABLE %s (key INTEGER NOT NULL, key2 INTEGER NOT NULL, content INTEGER NOT NULL, "
                                              "known_at INTEGER NOT NULL, until INTEGER, first INTEGER NOT NULL", schema->name);

    for (size_t j = 0; j < schema->n_columns && !st; j++)
        st = toc_buf_printf(ctx, &sql, ", \"%s\" %s", schema->columns[j].name, schema->columns[j].type == SHOP_T_CODE ? "TEXT" : "INTEGER");
    if (!st) st = toc_buf_printf(ctx, &sql, "); CREATE UNIQUE INDEX %s_key ON %s (key, key2, known_at)", schema->name, schema->name);
    if (!st) st = sto_exec(ctx, store, sql.p);
    toc_buf_release(&sql);
    return st;
}

static toc_status migrate_to_1(toc_ctx *ctx, sto_store *store)
{
    for (size_t k = 0; k < SHOP_N_KINDS; k++) TOC_TRY(create_kind(ctx, store, (shop_kind)k));
    return sto_exec(ctx, store,
                    "CREATE TABLE files (hash TEXT PRIMARY KEY, name TEXT NOT NULL, rows INTEGER NOT NULL, at INTEGER NOT NULL) WITHOUT ROWID;"
                    "CREATE TABLE vectors (model INTEGER NOT NULL, text INTEGER NOT NULL, data BLOB NOT NULL, PRIMARY KEY (model, text)) WITHOUT ROWID;"
                    "CREATE TABLE warnings (id TEXT PRIMARY KEY, question TEXT NOT NULL, first_seen INTEGER NOT NULL, last_seen INTEGER NOT NULL,"
                    " score REAL NOT NULL, level INTEGER NOT NULL, open INTEGER NOT NULL) WITHOUT ROWID");
}

static toc_status (*const migrations[SCHEMA_VERSION])(toc_ctx *ctx, sto_store *store) = { migrate_to_1 };

static toc_status migrate(toc_ctx *ctx, sto_store *store, int64_t from)
{
    char sql[128];

    TOC_TRY(sto_exec(ctx, store, "BEGIN IMMEDIATE"));
    toc_status st = TOC_OK;
    for (int64_t v = from; v < SCHEMA_VERSION && !st; v++) st = migrations[v](ctx, store);
    snprintf(sql, sizeof sql, "PRAGMA application_id = %d; PRAGMA user_version = %d", APPLICATION_ID, SCHEMA_VERSION);
    if (!st) st = sto_exec(ctx, store, sql);
    if (!st) return sto_exec(ctx, store, "COMMIT");
    sqlite3_exec(store->db, "ROLLBACK", NULL, NULL, NULL);
    return st;
}

/* Whose file it is and which version. An empty file is a new store. */
static toc_status check_version(toc_ctx *ctx, sto_store *store, sto_mode mode)
{
    int64_t id, version, tables;

    TOC_TRY(sto_query_int(ctx, store, "PRAGMA application_id", &id, NULL));
    TOC_TRY(sto_query_int(ctx, store, "PRAGMA user_version", &version, NULL));
    TOC_TRY(sto_query_int(ctx, store, "SELECT count(*) FROM sqlite_master", &tables, NULL));
    if (id != APPLICATION_ID && (id || version || tables))
        return toc_fail(ctx, TOC_E_DATA, "%s: an SQLite file, but no store of tocsin; choose another name", store->path);
    if (version > SCHEMA_VERSION)
        return toc_fail(ctx, TOC_E_DATA, "%s: written by a newer tocsin (schema %lld, this one knows %d); use that version", store->path, (long long)version,
                        (int)SCHEMA_VERSION);
    if (version == SCHEMA_VERSION) return TOC_OK;
    if (mode == STO_READ) return toc_fail(ctx, TOC_E_DATA, "%s: an empty or older store; run tocsin ingest --store on it first", store->path);
    return migrate(ctx, store, version);
}

/* ---- opening and closing ---- */

static toc_status take_lock(toc_ctx *ctx, sto_store *store)
{
    char path[4096];

    if (snprintf(path, sizeof path, "%s.lock", store->path) >= (int)sizeof path) return toc_fail(ctx, TOC_E_USAGE, "%s: the path is too long", store->path);
    store->lock_fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (store->lock_fd < 0) return toc_fail_errno(ctx, TOC_E_IO, errno, "%s: cannot be created", path);
    if (flock(store->lock_fd, LOCK_EX | LOCK_NB) == 0) return TOC_OK;
    if (errno == EWOULDBLOCK) return toc_fail(ctx, TOC_E_BUSY, "%s: another tocsin is writing to it; try again when it is done", store->path);
    return toc_fail_errno(ctx, TOC_E_IO, errno, "%s: cannot be locked", path);
}

static toc_status open_file(toc_ctx *ctx, sto_store *store, sto_mode mode)
{
    int flags = mode == STO_READ ? SQLITE_OPEN_READONLY : SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE;

    if (mode == STO_READ && access(store->path, R_OK) != 0)
        return toc_fail_errno(ctx, errno == ENOENT ? TOC_E_USAGE : TOC_E_IO, errno, "%s: no store to read", store->path);
    if (mode == STO_WRITE) {
        int fd = open(store->path, O_RDWR | O_CREAT | O_CLOEXEC, 0600); /* SQLite alone would obey the umask */
        if (fd < 0) return toc_fail_errno(ctx, TOC_E_IO, errno, "%s: cannot be created", store->path);
        close(fd);
        TOC_TRY(take_lock(ctx, store));
    }
    if (sqlite3_open_v2(store->path, &store->db, flags, NULL) != SQLITE_OK) return sto_fail(ctx, store, "open");
    sqlite3_busy_timeout(store->db, BUSY_MS);
    if (mode == STO_WRITE) TOC_TRY(sto_exec(ctx, store, "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA cache_size = -65536"));
    return check_version(ctx, store, mode);
}

toc_status sto_open(toc_ctx *ctx, const char *path, sto_mode mode, sto_store **store)
{
    sto_store *s = NULL;
    char *copy = NULL;
    size_t n = strlen(path) + 1;
    toc_status st;

    TOC_TRY(toc_alloc(ctx, 1, sizeof *s, &s));
    s->lock_fd = -1;
    if ((st = toc_alloc(ctx, n, 1, &copy))) goto fail;
    memcpy(copy, path, n);
    s->path = copy;
    if ((st = open_file(ctx, s, mode))) goto fail;
    *store = s;
    return TOC_OK;
fail:
    sto_close(s);
    return st;
}

void sto_close(sto_store *store)
{
    if (!store) return;
    if (store->in_transaction) sqlite3_exec(store->db, "ROLLBACK", NULL, NULL, NULL);
    sqlite3_close(store->db);
    if (store->lock_fd >= 0) close(store->lock_fd);
    toc_free((void *)(uintptr_t)store->path);
    toc_free(store);
}

toc_status sto_begin(toc_ctx *ctx, sto_store *store)
{
    TOC_TRY(sto_exec(ctx, store, "BEGIN IMMEDIATE"));
    store->in_transaction = true;
    return TOC_OK;
}

toc_status sto_commit(toc_ctx *ctx, sto_store *store)
{
    TOC_TRY(sto_exec(ctx, store, "COMMIT"));
    store->in_transaction = false;
    return TOC_OK;
}

/* ---- looking after it ---- */

/* The first time column of each kind's schema is when the thing happened. */
static const char *time_column(shop_kind kind)
{
    const shop_schema *schema = shop_schema_of(kind);
    for (size_t j = 0; j < schema->n_columns; j++)
        if (schema->columns[j].type == SHOP_T_TIME) return schema->columns[j].name;
    return NULL;
}

toc_status sto_count_kind(toc_ctx *ctx, sto_store *store, shop_kind kind, sto_count *count)
{
    const char *name = shop_schema_of(kind)->name, *time = time_column(kind);
    char sql[256];
    bool found;

    *count = (sto_count){ .first = TOC_NO_TIME, .last = TOC_NO_TIME };
    snprintf(sql, sizeof sql, "SELECT count(*) FROM %s WHERE until IS NULL", name);
    TOC_TRY(sto_query_int(ctx, store, sql, &count->things, NULL));
    snprintf(sql, sizeof sql, "SELECT count(*) FROM %s", name);
    TOC_TRY(sto_query_int(ctx, store, sql, &count->states, NULL));
    if (!time) return TOC_OK;
    int64_t *const ends[] = { &count->first, &count->last };
    for (int e = 0; e < 2; e++) {
        snprintf(sql, sizeof sql, "SELECT %s(\"%s\") FROM %s", e ? "max" : "min", time, name);
        TOC_TRY(sto_query_int(ctx, store, sql, ends[e], &found));
        if (!found) *ends[e] = TOC_NO_TIME;
    }
    return TOC_OK;
}

toc_status sto_count_files(toc_ctx *ctx, sto_store *store, int64_t *n)
{
    return sto_query_int(ctx, store, "SELECT count(*) FROM files", n, NULL);
}

toc_status sto_check(toc_ctx *ctx, sto_store *store)
{
    sqlite3_stmt *statement = NULL;
    toc_status st = TOC_OK;

    TOC_TRY(sto_prepare(ctx, store, "PRAGMA integrity_check(1)", &statement));
    if (sqlite3_step(statement) != SQLITE_ROW) st = sto_fail(ctx, store, "integrity check");
    else {
        const char *line = (const char *)sqlite3_column_text(statement, 0);
        if (!line || strcmp(line, "ok") != 0) st = toc_fail(ctx, TOC_E_DATA, "%s: damaged: %s", store->path, line ? line : "unknown");
    }
    sqlite3_finalize(statement);
    return st;
}

toc_status sto_vacuum(toc_ctx *ctx, sto_store *store)
{
    return sto_exec(ctx, store, "VACUUM");
}
