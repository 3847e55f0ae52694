/* store.h: the SQLite file that remembers a shop between nights: rows in states with the time they became known, files already read, cached vectors,
 * and the warnings of earlier nights. One writer at a time.
 *
 * A row of a table is one state of one thing: what it said from known_at until `until` (NULL = still). States are only added; of an older one only
 * `until` changes. So the shop can be loaded as it was known at any time. */
#ifndef STO_STORE_H
#define STO_STORE_H

#include "shop/shop.h"

typedef struct sto_store sto_store;

typedef enum { STO_READ, STO_WRITE } sto_mode;

/* Opens a store; STO_WRITE creates it (mode 0600) and takes the one writer's lock until sto_close. Errors: TOC_E_BUSY (another writer), TOC_E_IO,
 * TOC_E_DATA (no SQLite file, not tocsin's, from a newer version: says which), TOC_E_USAGE (STO_READ of a missing file). */
TOC_CHECKED toc_status sto_open(toc_ctx *ctx, const char *path, sto_mode mode, sto_store **store);
void sto_close(sto_store *store); /* what was not committed is undone; NULL is fine */

/* Everything between begin and commit happens at once or not at all, a kill -9 included. */
TOC_CHECKED toc_status sto_begin(toc_ctx *ctx, sto_store *store);
TOC_CHECKED toc_status sto_commit(toc_ctx *ctx, sto_store *store);

/* What an add did: rows new, rows known already, and rows that add a state to a known thing. */
typedef struct {
    size_t fresh, known, states;
} sto_added;
/* Adds the rows of a shop, known since known_at. A thing is recognised by its ids; an order line without a line id by what never changes of it (order,
 * product, quantity, price, time) and its occurrence number, so the same export twice adds nothing and of overlapping exports the larger count
 * stands. Within begin/commit. */
TOC_CHECKED toc_status sto_add(toc_ctx *ctx, sto_store *store, const shop_data *shop, int64_t known_at, sto_added *added);
/* Loads the shop as of T, appended to `shop` (shop_init done): of every thing the newest state known before as_of, or, where none was, the first one
 * (its own times then tell what may count: shop_as_of). TOC_NO_TIME = everything as it is known now. Rows carry their known_at. */
TOC_CHECKED toc_status sto_load(toc_ctx *ctx, sto_store *store, int64_t as_of, shop_data *shop);

/* Files already ingested, by content hash (hex text). */
TOC_CHECKED toc_status sto_file_seen(toc_ctx *ctx, sto_store *store, const char *hash, bool *seen);
TOC_CHECKED toc_status sto_file_add(toc_ctx *ctx, sto_store *store, const char *hash, const char *name, size_t rows, int64_t at);

/* Vectors by text hash and model hash: dim floats. *found says whether it was there; one of another length is not. */
TOC_CHECKED toc_status sto_vector_get(toc_ctx *ctx, sto_store *store, uint64_t model, uint64_t text, size_t dim, float *vector, bool *found);
TOC_CHECKED toc_status sto_vector_put(toc_ctx *ctx, sto_store *store, uint64_t model, uint64_t text, size_t dim, const float *vector);

/* A warning as the store remembers it. */
typedef struct {
    const char *id, *question;
    double score;
    int level;
} sto_warning;
typedef enum { STO_NEW, STO_WORSE, STO_SAME } sto_change;
/* Records the warnings of one question as of T and says of each what changed since the last time (change, n, caller's): not there before, a
 * higher level, or neither. *resolved counts those of the question that were open and are no longer in the list. Within begin/commit. */
TOC_CHECKED toc_status sto_warnings(toc_ctx *ctx, sto_store *store, const char *question, int64_t as_of, const sto_warning *warnings, size_t n,
                                    sto_change *change, size_t *resolved);

/* What the store holds of one kind. */
typedef struct {
    int64_t things, states;
    int64_t first, last; /* own times, TOC_NO_TIME where the kind has none or is empty */
} sto_count;
TOC_CHECKED toc_status sto_count_kind(toc_ctx *ctx, sto_store *store, shop_kind kind, sto_count *count);
TOC_CHECKED toc_status sto_count_files(toc_ctx *ctx, sto_store *store, int64_t *n);
/* PRAGMA integrity_check; TOC_E_DATA with its first line when it is not "ok". */
TOC_CHECKED toc_status sto_check(toc_ctx *ctx, sto_store *store);
TOC_CHECKED toc_status sto_vacuum(toc_ctx *ctx, sto_store *store);

#endif
