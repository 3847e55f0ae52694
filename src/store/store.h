/* store.h: the SQLite file that remembers a shop between nights: rows in append-only states with the time they became known, files already read,
 * cached vectors, labels, earlier warnings. One writer at a time. */
#ifndef STO_STORE_H
#define STO_STORE_H

#include "shop/shop.h"

typedef struct sto_store sto_store;

typedef enum { STO_READ, STO_WRITE } sto_mode;

/* Opens a store; STO_WRITE creates it (mode 0600) and takes the one writer's lock until sto_close. Errors: TOC_E_BUSY (another writer), TOC_E_IO,
 * TOC_E_DATA (no SQLite file, not tocsin's, from a newer version: says which), TOC_E_USAGE (STO_READ of a missing file). */
TOC_CHECKED toc_status sto_open(toc_ctx *ctx, const char *path, sto_mode mode, sto_store **store);
void sto_close(sto_store *store); /* what was not committed is undone */

/* Everything between begin and commit happens at once or not at all, a kill -9 included. */
TOC_CHECKED toc_status sto_begin(toc_ctx *ctx, sto_store *store);
TOC_CHECKED toc_status sto_commit(toc_ctx *ctx, sto_store *store);

/* What an add did: rows new, rows known already, and rows that add a newer state to a known line. */
typedef struct {
    size_t fresh, known, states;
} sto_added;
/* Adds the rows of a shop, known since known_at. A line is recognised by its ids; without a line id by a hash of the row and its
 * occurrence number within its order, so the same export twice adds nothing. Within begin/commit. */
TOC_CHECKED toc_status sto_add(toc_ctx *ctx, sto_store *store, const shop_data *shop, int64_t known_at, sto_added *added);
/* Loads the shop as of T: for every line the newest state known before as_of (TOC_NO_TIME = everything), appended to `shop` (shop_init done). */
TOC_CHECKED toc_status sto_load(toc_ctx *ctx, sto_store *store, int64_t as_of, shop_data *shop);

/* Files already ingested, by content hash (hex text). */
TOC_CHECKED toc_status sto_file_seen(toc_ctx *ctx, sto_store *store, const char *hash, bool *seen);
TOC_CHECKED toc_status sto_file_add(toc_ctx *ctx, sto_store *store, const char *hash, const char *name, size_t rows, int64_t at);

/* Vectors by text hash and model hash: dim floats. *found says whether it was there. */
TOC_CHECKED toc_status sto_vector_get(toc_ctx *ctx, sto_store *store, uint64_t model, uint64_t text, size_t dim, float *vector, bool *found);
TOC_CHECKED toc_status sto_vector_put(toc_ctx *ctx, sto_store *store, uint64_t model, uint64_t text, size_t dim, const float *vector);

#endif
