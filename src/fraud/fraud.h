/* fraud.h: which orders, customers and merchants look fraudulent, and why.
 *
 * fraud_analyse looks at the shop as of T once: features, rings, near-copied reviews, rules, isolation forests and, where there are labels, a
 * boosted model trained on the past. fraud_warn turns that into warnings with a backtest; the dossier reads the same analysis. */
#ifndef FRAUD_FRAUD_H
#define FRAUD_FRAUD_H

#include "shop/shop.h"
#include "store/store.h"
#include "table/table.h"
#include "warn/warn.h"

typedef enum { FRAUD_ORDER, FRAUD_CUSTOMER, FRAUD_MERCHANT, FRAUD_N_ENTITIES } fraud_entity;
const char *fraud_entity_name(fraud_entity entity); /* "order" ... */

/* L2-normalised vectors of review texts. Zero = none. */
typedef struct {
    float *rows;       /* n x dim, heap */
    size_t n, dim;
    uint32_t *row_of;  /* by code of SHOP_D_TEXT: row, or UINT32_MAX; heap */
} fraud_vectors;

/* Encodes the bodies of a shop's reviews by the text encoder in `folder` (NULL = the default one), newest first; none is there: leaves vectors empty.
 * Within begin/commit of `store` (NULL = none) vectors are taken from it and kept there. At most FRAUD_MOST_ENCODED texts not yet known are encoded in one
 * run; a notice says how many wait. Errors: TOC_E_NOMEM, TOC_E_DATA (a damaged model), TOC_E_IO. */
enum { FRAUD_MOST_ENCODED = 5000 };
TOC_CHECKED toc_status fraud_encode_reviews(toc_ctx *ctx, const shop_data *shop, const char *folder, sto_store *store, fraud_vectors *vectors);
void fraud_vectors_release(fraud_vectors *vectors);

typedef struct {
    int64_t window;       /* orders placed in [T - window, T) are judged [30 days] */
    double min_score;     /* entities below give no warning [0.5] */
    bool use_labels;      /* learn from labels where there are enough [true] */
    int64_t train_span;   /* orders of so long before the window teach the model [180 days] */
    double n_trees;       /* of the boosted model [150] */
    uint64_t seed;
    fraud_vectors vectors; /* of review texts, borrowed; empty = shingles alone find near-copies */
} fraud_options;
fraud_options fraud_defaults(void);

/* One fired rule. value and usual are of its first condition; usual is the median over all entities of the kind. */
typedef struct {
    const char *code;
    const char *what;     /* in words */
    const char *feature;  /* of the first condition; NULL where the forest speaks */
    double value, usual, threshold, weight;
    const char *detail;   /* the other conditions in words, or ""; lives in the analysis */
} fraud_hit;

typedef struct {
    uint32_t row;         /* of the entity's feature table */
    double score;         /* 0..1 */
    double probability;   /* of the boosted model, calibrated; NaN without labels or for other kinds than orders */
    fraud_hit *hits;      /* heaviest first */
    size_t n_hits;
} fraud_case;

/* All entities of one kind. */
typedef struct {
    tab_table features;
    fraud_case *cases;    /* one for every row, in row order; heap */
    double *median;       /* per column, NaN for the id; heap */
} fraud_group;

typedef struct {
    int64_t as_of, from;
    shop_data view;
    fraud_group groups[FRAUD_N_ENTITIES];
    uint32_t *ring_of_customer; /* by customer code, UINT32_MAX = none; heap */
    uint32_t *ring_size;        /* by customer code; heap */
    uint32_t *copies;           /* per review row of the view: group of near-copies or UINT32_MAX; heap */
    size_t n_labels;            /* fraud labels of orders known before T */
    int64_t label_delay;        /* nine in ten of them came within it; 0 without any */
    bool learned;               /* the boosted model was trained */
    uint64_t dropped;           /* columns of the orders that carried no time (shop_as_of) */
    toc_arena arena;
} fraud_analysis;

/* Judges everything as of T. shop: whole; only what was known before T is used. Errors: TOC_E_NOMEM, TOC_E_DATA (no orders, two currencies). */
TOC_CHECKED toc_status fraud_analyse(toc_ctx *ctx, const shop_data *shop, int64_t as_of, const fraud_options *options, fraud_analysis *analysis);
void fraud_analysis_release(fraud_analysis *analysis);

/* Fills one warning from a case: id, score, level, reasons, action, money, evidence. */
TOC_CHECKED toc_status fraud_describe(toc_ctx *ctx, const fraud_analysis *analysis, fraud_entity entity, const fraud_case *c, warn_list *list, warn_item *item);

/* Warnings from an analysis of `shop` with these options, worst first, with a backtest one window earlier: on labels where there are, else by
 * proxy (later refunds, cancellations). */
TOC_CHECKED toc_status fraud_warn(toc_ctx *ctx, const shop_data *shop, const fraud_analysis *analysis, const fraud_options *options, warn_list *list);

/* The orders judged, one a row: order_id, ordered_at, customer_id, score, and probability where a model was learned. */
TOC_CHECKED toc_status fraud_scores(toc_ctx *ctx, const fraud_analysis *analysis, tab_table *scores);

/* Reviews of one merchant that nearly copy each other: equal numbers in group (n = view's reviews), UINT32_MAX for the rest. Texts
 * are compared by shingles of three words (characters in Chinese and other scripts without blanks; case and punctuation do not
 * count) with 48 minhashes (Broder 1997), estimated Jaccard similarity at least 0.6; with vectors also by cosine at least 0.95.
 * Texts of fewer than six words are left out: honest people write "very good" too. */
TOC_CHECKED toc_status fraud_find_copies(toc_ctx *ctx, const shop_data *view, const fraud_vectors *vectors, uint32_t *group);

#endif
