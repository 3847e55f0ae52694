/* store_int.h: what the files of the store share. */
#ifndef STO_STORE_INT_H
#define STO_STORE_INT_H

#include <sqlite3.h>

#include "store/store.h"

#define STO_APPLICATION_ID 0x746f6373 /* "tocs" */

#define STO_MAX_COLUMNS 64

/* How often each row without a line id was seen in the file at hand. */
typedef struct {
    toc_map seen;
    uint64_t file;    /* number, from 1; 0 = no row yet */
    int64_t last_row; /* number of the row before */
} sto_counting;

struct sto_store {
    sqlite3 *db;
    char *path;       /* heap */
    int lock_fd;      /* -1 = no lock held */
    bool writing;
    bool in_transaction;
    bool created;     /* by this sto_open, and nothing was committed since */
    sto_counting counting[SHOP_N_KINDS]; /* of the files being added */
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

/* ---- add.c ---- */
/* Forgets what was counted in files. */
void sto_reset_counting(sto_store *store);

/* ---- identity.c ---- */
typedef struct {
    uint8_t j[13];
    size_t n;
} sto_columns;
/* What hashing needs of the rows of one kind: a hash for each text, and for each column's name. */
typedef struct {
    const shop_data *shop;
    shop_kind kind;
    const shop_schema *schema;
    const uint32_t *codes[STO_MAX_COLUMNS]; /* one of the two */
    const int64_t *ints[STO_MAX_COLUMNS];
    bool used[STO_MAX_COLUMNS];             /* has a value in any row */
    uint64_t name_hash[STO_MAX_COLUMNS];
    uint64_t *text_hash[SHOP_N_DOMAINS];    /* by code; heap, NULL where the kind has no such column */
    sto_columns ids, sometimes, fixed;      /* identity.c */
    shop_domain hashed;                     /* whose texts are being hashed */
} sto_hasher;
/* Release it in any case. */
TOC_CHECKED toc_status sto_hasher_init(toc_ctx *ctx, const shop_data *shop, shop_kind kind, sto_hasher *h);
void sto_hasher_release(sto_hasher *h);
/* Fills for the rows [from, from + n) key (n), which line each is, and state (n), a hash of all its cells. Neither depends on the codes of the
 * dictionaries, on the order of the schema's columns or on columns that are missing, so a store outlives them. Rows come in their order, for
 * counting. scratch (n). */
TOC_CHECKED toc_status sto_identify(toc_ctx *ctx, const sto_hasher *h, sto_counting *counting, size_t from, size_t n, int64_t *key, int64_t *state,
                                    uint8_t *scratch);

#endif
