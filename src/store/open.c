/* open.c: opening and closing, the writer's lock, versions, transactions. */
#include "store/store_int.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

toc_status sto_fail(toc_ctx *ctx, sto_store *store, const char *doing)
{
    int code = sqlite3_errcode(store->db);
    const char *text = sqlite3_errmsg(store->db);

    switch (code & 0xff) {
    case SQLITE_BUSY:
    case SQLITE_LOCKED: return toc_fail(ctx, TOC_E_BUSY, "%s is being written by another process; try again later", store->path);
    case SQLITE_NOMEM: return toc_fail(ctx, TOC_E_NOMEM, "%s: out of memory", store->path);
    case SQLITE_NOTADB: return toc_fail(ctx, TOC_E_DATA, "%s is no store of tocsin (no SQLite file)", store->path);
    case SQLITE_CORRUPT: return toc_fail(ctx, TOC_E_DATA, "%s is damaged: %s", store->path, text);
    default: return toc_fail(ctx, TOC_E_IO, "%s: cannot %s: %s", store->path, doing, text);
    }
}

toc_status sto_exec(toc_ctx *ctx, sto_store *store, const char *sql)
{
    return sqlite3_exec(store->db, sql, NULL, NULL, NULL) == SQLITE_OK ? TOC_OK : sto_fail(ctx, store, "run a statement");
}

toc_status sto_execf(toc_ctx *ctx, sto_store *store, const char *fmt, ...)
{
    char sql[512];
    va_list args;

    va_start(args, fmt);
    int n = vsnprintf(sql, sizeof sql, fmt, args);
    va_end(args);
    TOC_ASSERT(n > 0 && n < (int)sizeof sql);
    return sto_exec(ctx, store, sql);
}

toc_status sto_prepare(toc_ctx *ctx, sto_store *store, const char *sql, sqlite3_stmt **stmt)
{
    return sqlite3_prepare_v2(store->db, sql, -1, stmt, NULL) == SQLITE_OK ? TOC_OK : sto_fail(ctx, store, "prepare a statement");
}

toc_status sto_step(toc_ctx *ctx, sto_store *store, sqlite3_stmt *stmt, bool *row)
{
    int code = sqlite3_step(stmt);

    *row = code == SQLITE_ROW;
    return code == SQLITE_ROW || code == SQLITE_DONE ? TOC_OK : sto_fail(ctx, store, "read or write");
}

toc_status sto_query_int(toc_ctx *ctx, sto_store *store, const char *sql, int64_t none, int64_t *value)
{
    sqlite3_stmt *stmt = NULL;
    bool row = false;

    toc_status st = sto_prepare(ctx, store, sql, &stmt);
    if (!st) st = sto_step(ctx, store, stmt, &row);
    if (!st) *value = row && sqlite3_column_type(stmt, 0) != SQLITE_NULL ? sqlite3_column_int64(stmt, 0) : none;
    sqlite3_finalize(stmt);
    return st;
}

/* The lock is a file of its own: closing any other descriptor of the database itself would drop SQLite's locks. */
static toc_status take_lock(toc_ctx *ctx, sto_store *store)
{
    const char *path;

    TOC_TRY(toc_arena_printf(ctx, &ctx->arena, &path, "%s.lock", store->path));
    store->lock_fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (store->lock_fd < 0) return toc_fail_errno(ctx, TOC_E_IO, errno, "cannot open %s", path);
    if (!flock(store->lock_fd, LOCK_EX | LOCK_NB)) return TOC_OK;
    if (errno == EWOULDBLOCK)
        return toc_fail(ctx, TOC_E_BUSY, "%s is being written by another tocsin; try again later", store->path);
    return toc_fail_errno(ctx, TOC_E_IO, errno, "cannot lock %s", path);
}

/* SQLite would create the file by the umask; rows of a shop are nobody else's business. */
static toc_status make_file(toc_ctx *ctx, sto_store *store)
{
    int fd = open(store->path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);

    if (fd < 0) return errno == EEXIST ? TOC_OK : toc_fail_errno(ctx, TOC_E_IO, errno, "cannot create %s", store->path);
    store->created = true;
    close(fd);
    return TOC_OK;
}

/* All steps at once or none; nothing is written to a store that is as it should be. */
static toc_status migrate(toc_ctx *ctx, sto_store *store, int64_t version)
{
    toc_status st = sto_exec(ctx, store, "BEGIN IMMEDIATE");

    if (st) return st;
    st = sto_upgrade_tables(ctx, store, version);
    if (!st && version) st = sto_add_columns(ctx, store);
    if (!st && version != STO_VERSION)
        st = sto_execf(ctx, store, "PRAGMA application_id = %d; PRAGMA user_version = %d", STO_APPLICATION_ID, STO_VERSION);
    if (!st) st = sto_exec(ctx, store, "COMMIT");
    if (st) sqlite3_exec(store->db, "ROLLBACK", NULL, NULL, NULL);
    return st;
}

/* Refuses what is not ours or newer than us; brings older ones up to date. */
static toc_status check_version(toc_ctx *ctx, sto_store *store)
{
    int64_t application, version, objects;

    TOC_TRY(sto_query_int(ctx, store, "PRAGMA application_id", 0, &application));
    TOC_TRY(sto_query_int(ctx, store, "PRAGMA user_version", 0, &version));
    TOC_TRY(sto_query_int(ctx, store, "SELECT count(*) FROM sqlite_master", 0, &objects));
    if (application != STO_APPLICATION_ID && (application || version || objects))
        return toc_fail(ctx, TOC_E_DATA, "%s is a SQLite file, but no store of tocsin", store->path);
    if (version > STO_VERSION)
        return toc_fail(ctx, TOC_E_DATA, "%s was written by a newer tocsin (store version %lld, this one knows %d); use that one",
                        store->path, (long long)version, STO_VERSION);
    if (store->writing) return migrate(ctx, store, version);
    /* older ones are read as they are: rows are kept alike since version 1 */
    return version ? TOC_OK : toc_fail(ctx, TOC_E_DATA, "%s holds nothing yet", store->path);
}

static toc_status settle(toc_ctx *ctx, sto_store *store)
{
    /* quick to refuse a second writer, patient with readers' short locks while switching to WAL */
    sqlite3_busy_timeout(store->db, 2000);
    if (store->created) TOC_TRY(sto_exec(ctx, store, "PRAGMA page_size = 8192"));
    else if (store->writing) {
        int64_t application, objects;
        TOC_TRY(sto_query_int(ctx, store, "PRAGMA application_id", 0, &application));
        TOC_TRY(sto_query_int(ctx, store, "SELECT count(*) FROM sqlite_master", 0, &objects));
        /* a stranger's file is refused below, and must not change before */
        if (application == STO_APPLICATION_ID || !objects) TOC_TRY(sto_exec(ctx, store, "PRAGMA journal_mode = WAL"));
    }
    TOC_TRY(sto_exec(ctx, store, "PRAGMA synchronous = FULL; PRAGMA cache_size = -131072"));
    return check_version(ctx, store);
}

toc_status sto_open(toc_ctx *ctx, const char *path, sto_mode mode, sto_store **store)
{
    sto_store *s = NULL;
    struct stat info;
    toc_status st;

    *store = NULL;
    if (stat(path, &info)) {
        if (errno != ENOENT) return toc_fail_errno(ctx, TOC_E_IO, errno, "cannot open %s", path);
        if (mode == STO_READ) return toc_fail(ctx, TOC_E_USAGE, "there is no store %s; tocsin ingest --store makes one", path);
    } else if (!S_ISREG(info.st_mode)) {
        return toc_fail(ctx, TOC_E_USAGE, "%s is no file", path);
    }
    sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 0); /* before its first use: nobody asks, and each allocation would take a lock to count it */
    TOC_TRY(toc_alloc(ctx, 1, sizeof *s, &s));
    s->lock_fd = -1;
    s->writing = mode == STO_WRITE;
    size_t n = strlen(path) + 1;
    if ((st = toc_alloc(ctx, n, 1, &s->path))) goto out;
    memcpy(s->path, path, n);
    if (s->writing && ((st = take_lock(ctx, s)) || (st = make_file(ctx, s)))) goto out;
    int flags = s->writing ? SQLITE_OPEN_READWRITE : SQLITE_OPEN_READONLY;
    if (sqlite3_open_v2(path, &s->db, flags | SQLITE_OPEN_NOMUTEX, NULL) != SQLITE_OK) { /* a handle stays in its thread */
        st = sto_fail(ctx, s, "open it");
        goto out;
    }
    st = settle(ctx, s);
out:
    if (st) sto_close(s);
    else *store = s;
    return st;
}

static void remove_file(const char *path, const char *suffix)
{
    char name[4200];

    if (snprintf(name, sizeof name, "%s%s", path, suffix) < (int)sizeof name) unlink(name);
}

void sto_close(sto_store *store)
{
    if (!store) return;
    if (store->in_transaction) sqlite3_exec(store->db, "ROLLBACK", NULL, NULL, NULL);
    sqlite3_finalize(store->vector_get);
    sqlite3_finalize(store->vector_put);
    sqlite3_close(store->db);
    if (store->created) {
        static const char *const suffixes[] = { "-wal", "-shm", "-journal", "" };
        for (size_t i = 0; i < TOC_COUNT(suffixes); i++) remove_file(store->path, suffixes[i]);
    }
    if (store->lock_fd >= 0) close(store->lock_fd);
    toc_free(store->path);
    toc_free(store);
}

toc_status sto_begin(toc_ctx *ctx, sto_store *store)
{
    TOC_ASSERT(store->writing && !store->in_transaction);
    TOC_TRY(sto_exec(ctx, store, "BEGIN IMMEDIATE"));
    store->in_transaction = true;
    return TOC_OK;
}

toc_status sto_commit(toc_ctx *ctx, sto_store *store)
{
    TOC_ASSERT(store->in_transaction);
    TOC_TRY(sto_exec(ctx, store, "COMMIT"));
    store->in_transaction = false;
    /* The first rows go straight into the file, which needs no copy of pages that were not there; where somebody reads just now, the next writer turns
     * to WAL. */
    if (store->created) sqlite3_exec(store->db, "PRAGMA journal_mode = WAL", NULL, NULL, NULL);
    store->created = false;
    return TOC_OK;
}
