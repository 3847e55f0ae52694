/* store_int.h: what the files of the store share. */
#ifndef STO_STORE_INT_H
#define STO_STORE_INT_H

#include <sqlite3.h>

#include "store/store.h"

#define STO_APPLICATION_ID 0x746f6373 /* "tocs" */

#define STO_MAX_COLUMNS 64
enum { STO_SHOP_ROWS = 8192 }; /* of a shop handled at a time */

struct sto_store {
    sqlite3 *db;
    char *path;       /* heap */
    int lock_fd;      /* -1 = no lock held */
    bool writing;
    bool in_transaction;
    bool created;     /* by this sto_open, and nothing was committed since */
    sqlite3_stmt *vector_get, *vector_put; /* NULL = not used yet */
};

/* ---- open.c ---- */
/* The failure SQLite just told of, as a status with a message. */
toc_status sto_fail(toc_ctx *ctx, sto_store *store, const char *doing);
/* Runs statements without results. */
TOC_CHECKED toc_status sto_exec(toc_ctx *ctx, sto_store *store, const char *sql);
TOC_CHECKED toc_status sto_execf(toc_ctx *ctx, sto_store *store, const char *fmt, ...) TOC_PRINTF(3, 4);
TOC_CHECKED toc_status sto_prepare(toc_ctx *ctx, sto_store *store, const char *sql, sqlite3_stmt **stmt);
/* Steps a statement that gives at most one row: *row says whether it gave one. */
TOC_CHECKED toc_status sto_step(toc_ctx *ctx, sto_store *store, sqlite3_stmt *stmt, bool *row);
/* The first column of the first row of a query as an integer; `none` when there is no row or it is NULL. */
TOC_CHECKED toc_status sto_query_int(toc_ctx *ctx, sto_store *store, const char *sql, int64_t none, int64_t *value);

/* ---- tables.c ---- */
/* What a store of this version looks like. */
#define STO_VERSION 2
/* Brings the tables of an older version (0: an empty file) to this one. Within a transaction. */
TOC_CHECKED toc_status sto_upgrade_tables(toc_ctx *ctx, sto_store *store, int64_t version);
/* Adds the columns of the schema that a store made by an earlier tocsin lacks; none where there are none to add. */
TOC_CHECKED toc_status sto_add_columns(toc_ctx *ctx, sto_store *store);
/* Whether a table of the store has the column. */
TOC_CHECKED toc_status sto_has_column(toc_ctx *ctx, sto_store *store, const char *table, const char *column, bool *has);

/* ---- identity.c ---- */
enum { STO_ID = 1, STO_SOMETIMES = 2, STO_FIXED = 4, STO_ANY = 8 };
/* What names a row of one kind. */
typedef struct {
    uint64_t name_hash[STO_MAX_COLUMNS];
    uint8_t roles[STO_MAX_COLUMNS];
    size_t n_ids;
    bool counts; /* rows without ids are counted: sto_occurrence */
} sto_identity;
void sto_identity_init(shop_kind kind, sto_identity *identity);
/* Which line a row is, and a hash of all its cells. Neither depends on the order of the schema's columns or on columns that are missing, so a store
 * outlives them. */
typedef struct {
    uint64_t key, state;
    bool counted; /* key is of all rows that look alike; sto_occurrence tells them apart */
} sto_name;
/* Fills names (block->n); without `states` only their keys. */
void sto_identify(const sto_identity *identity, const shop_block *block, bool states, sto_name *names);
/* The key of the row that is the occurrence-th (from 0) of its file with this key. */
uint64_t sto_occurrence(uint64_t key, uint64_t occurrence);

/* ---- moments.c ---- */
/* When the rows of an export happened; heap. */
typedef struct sto_moments sto_moments;
TOC_CHECKED toc_status sto_moments_new(toc_ctx *ctx, sto_moments **moments);
void sto_moments_free(sto_moments *moments);
void sto_moments_add(sto_moments *moments, shop_kind kind, const shop_block *block);
/* As sto_known_at. */
TOC_CHECKED toc_status sto_moments_known_at(toc_ctx *ctx, sto_store *store, const sto_moments *moments, int64_t *known_at);

#endif
