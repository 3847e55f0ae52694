/* store_int.h: private to store/. */
#ifndef STO_INT_H
#define STO_INT_H

#include <sqlite3.h>

#include "store/store.h"

struct sto_store {
    sqlite3 *db;
    const char *path; /* heap */
    int lock_fd;      /* the writer's lock, -1 for readers */
    bool in_transaction;
};

/* SQLite's last error as a status with a message: TOC_E_BUSY, TOC_E_NOMEM, TOC_E_DATA (not a database, damaged), else TOC_E_IO. */
TOC_CHECKED toc_status sto_fail(toc_ctx *ctx, sto_store *store, const char *what);
TOC_CHECKED toc_status sto_exec(toc_ctx *ctx, sto_store *store, const char *sql);
TOC_CHECKED toc_status sto_prepare(toc_ctx *ctx, sto_store *store, const char *sql, sqlite3_stmt **statement);
/* Steps a statement that returns no row, and resets it. */
TOC_CHECKED toc_status sto_step(toc_ctx *ctx, sto_store *store, sqlite3_stmt *statement);
/* Runs a query for one integer (0 when there is no row or it is NULL; *found says, may be NULL). */
TOC_CHECKED toc_status sto_query_int(toc_ctx *ctx, sto_store *store, const char *sql, int64_t *value, bool *found);

#endif
