/* memory.c: what the store remembers beside the shop: files read, vectors, earlier warnings. */
#include "store/store.h"
#include "store/store_int.h"

toc_status sto_file_seen(toc_ctx *ctx, sto_store *store, const char *hash, bool *seen)
{
    sqlite3_stmt *s = NULL;

    TOC_TRY(sto_prepare(ctx, store, "SELECT 1 FROM files WHERE hash = ?", &s));
    sqlite3_bind_text(s, 1, hash, -1, SQLITE_STATIC);
    int code = sqlite3_step(s);
    *seen = code == SQLITE_ROW;
    toc_status st = code == SQLITE_ROW || code == SQLITE_DONE ? TOC_OK : sto_fail(ctx, store, "look up file");
    sqlite3_finalize(s);
    return st;
}

toc_status sto_file_add(toc_ctx *ctx, sto_store *store, const char *hash, const char *name, size_t rows, int64_t at)
{
    sqlite3_stmt *s = NULL;

    TOC_TRY(sto_prepare(ctx, store, "INSERT OR IGNORE INTO files VALUES (?, ?, ?, ?)", &s));
    sqlite3_bind_text(s, 1, hash, -1, SQLITE_STATIC);
    sqlite3_bind_text(s, 2, name, -1, SQLITE_STATIC);
    sqlite3_bind_int64(s, 3, (int64_t)rows);
    sqlite3_bind_int64(s, 4, at);
    toc_status st = sto_step(ctx, store, s);
    sqlite3_finalize(s);
    return st;
}

toc_status sto_vector_get(toc_ctx *ctx, sto_store *store, uint64_t model, uint64_t text, size_t dim, float *vector, bool *found)
{
    sqlite3_stmt *s = NULL;

    TOC_TRY(sto_prepare(ctx, store, "SELECT data FROM vectors WHERE model = ? AND text = ?", &s));
    sqlite3_bind_int64(s, 1, (int64_t)model);
    sqlite3_bind_int64(s, 2, (int64_t)text);
    int code = sqlite3_step(s);
    *found = code == SQLITE_ROW && (size_t)sqlite3_column_bytes(s, 0) == dim * sizeof *vector;
    if (*found) memcpy(vector, sqlite3_column_blob(s, 0), dim * sizeof *vector);
    toc_status st = code == SQLITE_ROW || code == SQLITE_DONE ? TOC_OK : sto_fail(ctx, store, "look up vector");
    sqlite3_finalize(s);
    return st;
}

toc_status sto_vector_put(toc_ctx *ctx, sto_store *store, uint64_t model, uint64_t text, size_t dim, const float *vector)
{
    sqlite3_stmt *s = NULL;

    TOC_TRY(sto_prepare(ctx, store, "INSERT OR REPLACE INTO vectors VALUES (?, ?, ?)", &s));
    sqlite3_bind_int64(s, 1, (int64_t)model);
    sqlite3_bind_int64(s, 2, (int64_t)text);
    sqlite3_bind_blob64(s, 3, vector, dim * sizeof *vector, SQLITE_STATIC);
    toc_status st = sto_step(ctx, store, s);
    sqlite3_finalize(s);
    return st;
}

/* ---- warnings ---- */

static toc_status change_of(toc_ctx *ctx, sto_store *store, sqlite3_stmt *find, const sto_warning *w, sto_change *change)
{
    sqlite3_bind_text(find, 1, w->id, -1, SQLITE_STATIC);
    int code = sqlite3_step(find);
    if (code == SQLITE_ROW) *change = !sqlite3_column_int(find, 1) ? STO_NEW : w->level > sqlite3_column_int(find, 0) ? STO_WORSE : STO_SAME;
    else *change = STO_NEW;
    toc_status st = code == SQLITE_ROW || code == SQLITE_DONE ? TOC_OK : sto_fail(ctx, store, "look up warning");
    sqlite3_reset(find);
    return st;
}

static toc_status write_warning(toc_ctx *ctx, sto_store *store, sqlite3_stmt *write, const sto_warning *w, int64_t as_of)
{
    sqlite3_bind_text(write, 1, w->id, -1, SQLITE_STATIC);
    sqlite3_bind_text(write, 2, w->question, -1, SQLITE_STATIC);
    sqlite3_bind_int64(write, 3, as_of);
    sqlite3_bind_double(write, 4, w->score);
    sqlite3_bind_int(write, 5, w->level);
    return sto_step(ctx, store, write);
}

/* Warnings still marked open that were not seen as of T are resolved. */
static toc_status resolve(toc_ctx *ctx, sto_store *store, const char *question, int64_t as_of, size_t *resolved)
{
    sqlite3_stmt *s = NULL;

    TOC_TRY(sto_prepare(ctx, store, "UPDATE warnings SET open = 0 WHERE question = ? AND open = 1 AND last_seen <> ?", &s));
    sqlite3_bind_text(s, 1, question, -1, SQLITE_STATIC);
    sqlite3_bind_int64(s, 2, as_of);
    toc_status st = sto_step(ctx, store, s);
    *resolved = (size_t)sqlite3_changes(store->db);
    sqlite3_finalize(s);
    return st;
}

toc_status sto_warnings(toc_ctx *ctx, sto_store *store, const char *question, int64_t as_of, const sto_warning *warnings, size_t n, sto_change *change,
                        size_t *resolved)
{
    sqlite3_stmt *find = NULL, *write = NULL;
    toc_status st;

    TOC_ASSERT(store->in_transaction);
    if ((st = sto_prepare(ctx, store, "SELECT level, open FROM warnings WHERE id = ?", &find))) goto out;
    if ((st = sto_prepare(ctx, store, "INSERT INTO warnings VALUES (?1, ?2, ?3, ?3, ?4, ?5, 1) ON CONFLICT (id) DO UPDATE SET last_seen = ?3, score = ?4, "
                                      "level = ?5, first_seen = CASE open WHEN 1 THEN first_seen ELSE ?3 END, open = 1", &write))) goto out;
    for (size_t i = 0; i < n && !st; i++) {
        st = change_of(ctx, store, find, &warnings[i], &change[i]);
        if (!st) st = write_warning(ctx, store, write, &warnings[i], as_of);
    }
    if (!st) st = resolve(ctx, store, question, as_of, resolved);
out:
    sqlite3_finalize(find);
    sqlite3_finalize(write);
    return st;
}
