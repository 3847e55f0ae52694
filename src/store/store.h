/* store.h: the SQLite file that remembers a shop between nights: rows in append-only states with the time they became known,
 * files already read, cached vectors, and the warnings of earlier nights. One writer at a time; readers are never in its way
 * (WAL).
 *
 * Legal order: sto_open, then any number of begin ... commit, sto_close. Reading needs no begin. */
#ifndef STO_STORE_H
#define STO_STORE_H

#include "shop/shop.h"

typedef struct sto_store sto_store;

typedef enum { STO_READ, STO_WRITE } sto_mode;

/* Opens a store; STO_READ takes those of earlier versions as they are, STO_WRITE brings them up to date in one transaction, creates what is not there (mode
 * 0600) and takes the one writer's lock (flock on PATH.lock) until sto_close. Errors:
 * TOC_E_BUSY (another writer), TOC_E_IO, TOC_E_DATA (no SQLite file, not tocsin's, from a newer version: says which),
 * TOC_E_USAGE (STO_READ of a missing file). */
TOC_CHECKED toc_status sto_open(toc_ctx *ctx, const char *path, sto_mode mode, sto_store **store);
/* What was not committed is undone; a file that sto_open made and nobody committed to is removed. NULL is fine. */
void sto_close(sto_store *store);

/* Everything between begin and commit happens at once or not at all, a kill -9 included. */
TOC_CHECKED toc_status sto_begin(toc_ctx *ctx, sto_store *store);
TOC_CHECKED toc_status sto_commit(toc_ctx *ctx, sto_store *store);

/* What an add did: rows new, rows known already, and rows that add a newer state to a known line. */
typedef struct {
    size_t fresh, known, states;
} sto_added;
/* Rows of one kind that go by in blocks, each of them read twice. */
typedef struct {
    shop_kind kind;
    uint64_t columns;   /* with a value in any row (1 << place in the schema); blocks may have others, which are empty */
    size_t n_blocks;
    void *arg;
    /* Makes `block` the k-th block of rows, good until the next call for the same slot. slot < sto_slots; calls for different slots may come at the same
     * time. Row numbers ascend within a file. */
    toc_status (*read)(toc_ctx *ctx, void *arg, size_t slot, size_t k, shop_block *block);
} sto_rows;
size_t sto_slots(const toc_ctx *ctx);
/* Adds rows, known since known_at (TOC_NO_TIME: as sto_known_at says of all of them), of n kinds, each at most once. A line is recognised by its ids (order
 * and line, review, product, product with place and time of a stock count ...). Without a line id, by a hash of what does not change in
 * the life of a line (ids, title, quantity, prices, time of the order) and its occurrence number among equal ones of the same
 * file. So the same export twice adds nothing, and of overlapping exports the larger count stands. Where one file ends and the
 * next begins is seen by the row numbers starting over. A row that differs from the line's newest state known before known_at
 * adds a state. Within begin/commit. Memory is bounded (some 100 MB beside the page cache, and a bit a row): what must be sorted is put aside under
 * $TMPDIR, 24 bytes a row. One lookup a row, in the order of keys, none into an empty table. Errors: TOC_E_IO, TOC_E_NOMEM, those of read. */
TOC_CHECKED toc_status sto_add_rows(toc_ctx *ctx, sto_store *store, const sto_rows *rows, size_t n, int64_t known_at, sto_added *added);
/* The same of a shop; call it before shop_sort. */
TOC_CHECKED toc_status sto_add(toc_ctx *ctx, sto_store *store, const shop_data *shop, int64_t known_at, sto_added *added);
/* When an export became known, as its own content says: the latest thing that it says happened (never a promise, never the
 * clock). Where it names no moment (a product list), the newest known_at of the store, and in an empty store ctx->now. Moments far
 * after all others (as shop_default_as_of has it) are worth a warning. For stores opened to write. */
TOC_CHECKED toc_status sto_known_at(toc_ctx *ctx, sto_store *store, const shop_data *shop, int64_t *known_at);
/* Loads the shop as of T, appended to `shop` (shop_init done): for every line the newest state known before as_of (TOC_NO_TIME =
 * everything). A line without one comes in its earliest state, known_at telling; shop_as_of then takes away what T could not
 * know. */
TOC_CHECKED toc_status sto_load(toc_ctx *ctx, sto_store *store, int64_t as_of, shop_data *shop);

/* Files already ingested, by content hash (hex text). */
TOC_CHECKED toc_status sto_file_seen(toc_ctx *ctx, sto_store *store, const char *hash, bool *seen);
TOC_CHECKED toc_status sto_file_add(toc_ctx *ctx, sto_store *store, const char *hash, const char *name, size_t rows, int64_t at);

/* Vectors by text hash (toc_str_hash of the text, sto_forget counts on it) and model hash: dim floats. *found says whether it was there. */
TOC_CHECKED toc_status sto_vector_get(toc_ctx *ctx, sto_store *store, uint64_t model, uint64_t text, size_t dim, float *vector,
                                      bool *found);
TOC_CHECKED toc_status sto_vector_put(toc_ctx *ctx, sto_store *store, uint64_t model, uint64_t text, size_t dim,
                                      const float *vector);

/* A warning as the store remembers it. Level: 0 notice, 1 warning, 2 critical. */
typedef struct {
    const char *id, *question, *entity_kind, *entity;
    double score;
    int level;
} sto_warning;

/* What became of warnings between two nights. */
typedef enum { STO_NEW, STO_WORSE, STO_BETTER, STO_RESOLVED } sto_change_kind;
const char *sto_change_name(sto_change_kind kind); /* "new", "worse", "better", "resolved" */
typedef struct {
    sto_change_kind kind;
    sto_warning now;    /* of a resolved one: as it was */
    int level_before;   /* -1 when new */
    double score_before; /* NaN when new */
    int64_t first_seen; /* as_of of the first night it stood in */
} sto_change;

/* Remembers the warnings (n) of the night as_of, in place of any remembered for it earlier, so running a night twice changes
 * nothing. Within begin/commit. */
TOC_CHECKED toc_status sto_warnings_put(toc_ctx *ctx, sto_store *store, int64_t as_of, const sto_warning *warnings, size_t n);
/* What changed from the newest night before as_of to as_of: worse and better are changes of level. By question, kind of change
 * and id; texts and array live in ctx->arena. *night_before is TOC_NO_TIME, and there are no changes, when as_of is the first
 * night. */
TOC_CHECKED toc_status sto_warnings_changes(toc_ctx *ctx, sto_store *store, int64_t as_of, int64_t *night_before,
                                            sto_change **changes, size_t *n);
/* The highest level remembered for the night as_of, -1 when there is none. */
TOC_CHECKED toc_status sto_warnings_worst(toc_ctx *ctx, sto_store *store, int64_t as_of, int *level);

/* What a store holds of one kind. Times are TOC_NO_TIME where the kind has none or is empty. */
typedef struct {
    int64_t lines, states;        /* lines known, and all their states */
    int64_t first, last;          /* own time of the earliest and latest row */
    int64_t known_from, known_to;
} sto_count;
typedef struct {
    int version;
    int64_t bytes;
    sto_count kinds[SHOP_N_KINDS];
    int64_t n_files, file_rows, n_vectors, n_nights;
    int64_t n_warnings; /* of the last night */
    int64_t last_night;
} sto_info;
TOC_CHECKED toc_status sto_describe(toc_ctx *ctx, sto_store *store, sto_info *info);
/* Checks the whole file (PRAGMA integrity_check, and that rows and lines agree); TOC_E_DATA with the first finding. */
TOC_CHECKED toc_status sto_check(toc_ctx *ctx, sto_store *store);
/* Writes the file anew without unused pages, and empties the WAL. Not within begin/commit. Errors: TOC_E_BUSY when a reader holds old pages. */
TOC_CHECKED toc_status sto_vacuum(toc_ctx *ctx, sto_store *store);

/* What sto_forget took away. mentions: rows of others (somebody else's review) in which an e-mail of the customer became
 * "[removed]". */
typedef struct {
    int64_t rows[SHOP_N_KINDS]; /* states */
    int64_t warnings, vectors, mentions;
} sto_forgotten;
/* Forgets a customer, by id or e-mail: every row with the id or an e-mail of that customer, all states of its line; reviews and payments of orders that
 * are gone; labels and warnings of the customer and of those orders; vectors of texts nobody else wrote; names of files that hold the id. All at once;
 * then the file is written anew, so that no byte of them remains in it or its WAL, also where nothing was found (an earlier run may have been killed
 * half way). Not within begin/commit. Errors: as sto_vacuum. */
TOC_CHECKED toc_status sto_forget(toc_ctx *ctx, sto_store *store, const char *customer, sto_forgotten *gone);

#endif
