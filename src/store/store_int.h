/* store_int.h: what the files of the store share. */
#ifndef STO_STORE_INT_H
#define STO_STORE_INT_H

#include <sqlite3.h>

#include "store/store.h"

#define STO_APPLICATION_ID 0x746f6373 /* "tocs" */

struct sto_store {
    sqlite3 *db;
    char *path;       /* heap */
    int lock_fd;      /* -1 = no lock held */
    bool writing;
    bool in_transaction;
    bool created;     /* by this sto_open, and nothing was committed since */
};

/* ---- open.c ---- */
/* The failure SQLite just told of, as a status with a message. */
toc_status sto_fail(toc_ctx *ctx, sto_store *store, const char *doing);
/* Runs statements without results. */
TOC_CHECKED toc_status sto_exec(toc_ctx *ctx, sto_store *store, const char *sql);
TOC_CHECKED toc_status sto_prepare(toc_ctx *ctx, sto_store *store, const char *sql, sqlite3_stmt **stmt);
/* Steps a statement that gives at most one row: *row says whether it gave one. */
TOC_CHECKED toc_status sto_step(toc_ctx *ctx, sto_store *store, sqlite3_stmt *stmt, bool *row);
/* The first column of the first row of a query as an integer; `none` when there is no row or it is NULL. */
TOC_CHECKED toc_status sto_query_int(toc_ctx *ctx, sto_store *store, const char *sql, int64_t none, int64_t *value);

/* ---- tables.c ---- */
/* Creates what a store of this version holds, from the schema of shop/. */
TOC_CHECKED toc_status sto_create_tables(toc_ctx *ctx, sto_store *store);
/* The index by which lines are recognised. */
TOC_CHECKED toc_status sto_create_index(toc_ctx *ctx, sto_store *store, shop_kind kind);
TOC_CHECKED toc_status sto_drop_index(toc_ctx *ctx, sto_store *store, shop_kind kind);

/* ---- identity.c ---- */
/* Fills key (n), which line each row of the kind is, and state (n), a hash of all its cells. Neither depends on the codes of the
 * dictionaries, on the order of the schema's columns or on columns that are missing, so a store outlives them. */
TOC_CHECKED toc_status sto_identify(toc_ctx *ctx, const shop_data *shop, shop_kind kind, int64_t *key, int64_t *state);

#endif
