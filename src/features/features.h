/* features.h: what a customer, merchant, product or order looked like at a moment. The functions take a view of the shop as of T
 * (shop_as_of), so nothing later than T can enter. The first column of every table is the entity's id (TAB_TEXT, pool borrowed
 * from the shop's dictionary: the code is the shop's code). */
#ifndef FEA_FEATURES_H
#define FEA_FEATURES_H

#include "ingest/ingest.h"
#include "shop/shop.h"
#include "table/table.h"

/* One feature, for the man page, for reasons in words and for pipes. */
typedef struct {
    const char *name;
    const char *unit;    /* "days", "orders", "money", "share", ... */
    const char *meaning; /* one line: formula in words */
} fea_info;
/* The features of an entity ("customers" ...), n of them; NULL for an unknown word. */
const fea_info *fea_list(const char *entity, size_t *n);

/* Rows sorted by id text; only entities seen before T. view: shop_as_of(shop, as_of). Errors: TOC_E_NOMEM, TOC_E_DATA (two
 * currencies in one amount). */
TOC_CHECKED toc_status fea_customers(toc_ctx *ctx, const shop_data *view, int64_t as_of, tab_table *features);
TOC_CHECKED toc_status fea_merchants(toc_ctx *ctx, const shop_data *view, int64_t as_of, tab_table *features);
TOC_CHECKED toc_status fea_products(toc_ctx *ctx, const shop_data *view, int64_t as_of, tab_table *features);
/* One row an order, each at its own time: its own columns as known when placed, and of everything else only what is earlier.
 * Orders placed in [from, as_of). Takes the whole shop's view at as_of. label_delay: how long after an order its fraud label becomes known, for the
 * orders that rates of labels divide by. */
TOC_CHECKED toc_status fea_orders(toc_ctx *ctx, const shop_data *view, int64_t from, int64_t as_of, int64_t label_delay, tab_table *features);

/* What is added behind the features where it is asked for. */
typedef struct {
    bool categories; /* the facts of fea_category as TAB_TEXT, pools borrowed from the shop; empty where nothing is known */
} fea_more;
/* The i-th categorical fact of an entity; NULL behind the last one. */
const fea_info *fea_category(const char *entity, size_t i);
/* Adds them to a table of fea_customers and its like of the same view. Errors: TOC_E_NOMEM. */
TOC_CHECKED toc_status fea_add_more(toc_ctx *ctx, const shop_data *view, const char *entity, const fea_more *more, tab_table *features);

/* Entities at moments, any number of them. */
typedef struct {
    size_t n;
    const uint32_t *code; /* (n) of the shop's dictionary; 0 = nobody the shop knows */
    const int64_t *at;    /* (n) T of each; TOC_NO_TIME = none */
    bool *seen;           /* (n) out: whether there was anything of the entity before T; false at first */
} fea_samples;
/* The dictionary of an entity's ids. */
shop_domain fea_domain(const char *entity);
/* Features of each sample: n rows in the order of the samples, the features alone, without an id column; the same as fea_customers and its like of
 * shop_as_of at that moment, and fea_add_more, would give, and missing where those would have no row. shop: all of it; *dropped as of shop_as_of. Time: the rows of each
 * sample's entity (customers, products), or of the whole shop for each moment there is (merchants) or once (orders). Errors: as above. */
TOC_CHECKED toc_status fea_at(toc_ctx *ctx, const shop_data *shop, const char *entity, const fea_samples *samples, int64_t label_delay, const fea_more *more,
                              uint64_t *dropped, tab_table *features);

/* Orders, units and spend of each customer, merchant or product ("customers" ...) in each local hour, day or week (from Monday)
 * with a purchase: id, `from` (TAB_TIME, start of the bucket), orders, units, spend; sorted by id text, then time. Errors: as
 * above, TOC_E_USAGE for another entity. */
typedef enum { FEA_BY_HOUR, FEA_BY_DAY, FEA_BY_WEEK } fea_bucket;
TOC_CHECKED toc_status fea_windows(toc_ctx *ctx, const shop_data *view, const char *entity, fea_bucket by, tab_table *windows);

/* Adds a label column to `labels` that says what happened in [T, T + horizon) of each sample, which are the rows: "churned" for customers (1 = no
 * purchase). A window not wholly inside the data (shop: everything, not the view) leaves the label empty; *n_open counts those. So does no order before T,
 * where the features (of the samples; may be the same table) tell. */
TOC_CHECKED toc_status fea_label_churn(toc_ctx *ctx, const shop_data *shop, const fea_samples *samples, int64_t horizon, const tab_table *features,
                                       tab_table *labels, size_t *n_open);

/* A fraud label of an order counts `delay` after the order was placed at the earliest, and then where nothing says when it became known: what a shop that
 * learns of frauds so late could know. Changes labelled_at of the labels; before shop_as_of. Errors: TOC_E_NOMEM. */
TOC_CHECKED toc_status fea_delay_labels(toc_ctx *ctx, int64_t delay, shop_data *shop);

/* Whether a word of the labels table says fraud: anything but "0", "no", "honest", "legit", "ok" and the like; a missing one does
 * not. */
bool fea_label_is_fraud(toc_str label);

/* Facts that sums over a customer's order lines tell, for `--only`: purchased lines, their value, the times of the first and the last (TAB_TIME), and
 * distinct merchants. */
typedef enum { FEA_LINES, FEA_SPEND, FEA_FIRST_AT, FEA_LAST_AT, FEA_MERCHANTS, FEA_N_BASICS } fea_basic;
extern const fea_info fea_basic_list[FEA_N_BASICS];
/* The basic fact of that name; false where there is none. */
bool fea_basic_of(toc_str name, fea_basic *basic);
/* Adds those of the n facts that the table of fea_customers lacks, by its ids. */
TOC_CHECKED toc_status fea_add_basics(toc_ctx *ctx, const shop_data *view, const fea_basic *basics, size_t n, tab_table *features);
/* The same facts, in the order given, from one pass over a file of order lines in memory that grows with the customers only; equal to fea_customers
 * and fea_add_basics of the shop at as_of (TOC_NO_TIME: the default moment of these orders). Values of other columns are not looked at. Refused rows
 * go where `feed` says. The table owns its ids. Errors: as there and rd_next_set's. */
TOC_CHECKED toc_status fea_customers_pass(toc_ctx *ctx, ing_feed *feed, int64_t as_of, const fea_basic *basics, size_t n, tab_table *features);
/* The columns that such a pass looks at, for ing_feed_open; NULL-terminated. */
enum { FEA_PASS_COLUMNS = 17 };
extern const char *const fea_pass_columns[FEA_PASS_COLUMNS + 1];

/* fea_customers, and fea_add_basics, of order lines in shards; the table owns its ids. as_of: TOC_NO_TIME = the default moment of these lines. *dropped as
 * of shop_as_of. The shards must have the columns of fea_customer_needs (1 << place in SHOP_ORDERS). Errors: as there. */
TOC_CHECKED toc_status fea_customers_shards(toc_ctx *ctx, const ing_shards *shards, int64_t as_of, const fea_basic *basics, size_t n_basics, uint64_t *dropped,
                                            tab_table *features);
uint64_t fea_customer_needs(void);

/* A shard that holds all rows of its customers or products (orders, reviews, customers, stock) gives a part of the features: fea_customers or fea_products of
 * it, marked with the moment and the currency in two last columns, written as CSV. Merged, parts are the bytes of the whole. */
#define FEA_PART_AS_OF "part_as_of"
#define FEA_PART_CURRENCY "part_currency"
TOC_CHECKED toc_status fea_mark_part(toc_ctx *ctx, const shop_data *view, int64_t as_of, tab_table *features);
/* Writes the features of n files of parts, without the marks, by id. Errors: those of rd_open and rd_next; TOC_E_DATA: no part, other columns, another moment
 * or currency, an id in two parts. All lines are in memory. */
TOC_CHECKED toc_status fea_merge(toc_ctx *ctx, const char *const *paths, size_t n, toc_out *out);

/* Scalings of the TAB_F64 columns: (x - shift) / width with the least value and the range (0 to 1), mean and standard deviation, or median and the distance
 * of the quartiles. A column without width becomes 0; missing stays missing. */
typedef enum { FEA_SCALE_NONE, FEA_SCALE_MINMAX, FEA_SCALE_STANDARD, FEA_SCALE_ROBUST } fea_scale;
/* The scaling of a table: columns feature (TAB_TEXT), shift and width (TAB_F64), a row for each of its TAB_F64 columns. Release it. */
TOC_CHECKED toc_status fea_scaling_learn(toc_ctx *ctx, const tab_table *features, fea_scale how, tab_table *scaling);
/* Scales every TAB_F64 column in place. TOC_E_DATA where the scaling lacks one; the columns before it are scaled then. */
TOC_CHECKED toc_status fea_scaling_apply(toc_ctx *ctx, const tab_table *scaling, tab_table *features);
/* Encodings of the categorical facts (fea_category) as numbers: without labels the share of the rows that have the value; with labels (NaN = none) the
 * mean label of the value's rows and of ten more rows that have the mean label of all (Micci-Barreca 2001). Missing stays missing. */
/* The encoding of a table: columns feature, value (TAB_TEXT) and encoded (TAB_F64); for each column first the row of values that are not in the table,
 * the value of which is empty, then its values by their bytes. label: by row, or NULL for frequencies. Release it. */
TOC_CHECKED toc_status fea_encoding_learn(toc_ctx *ctx, const tab_table *features, const char *entity, const double *label, tab_table *encoding);
/* Makes numbers of every category that the encoding has. */
TOC_CHECKED toc_status fea_encoding_apply(toc_ctx *ctx, const tab_table *encoding, const char *entity, tab_table *features);
/* For rows that a model is to learn from: makes numbers of every category by the labels of the other folds alone, so no row sees a label of its own
 * entity. The fold of a row is the place of its id (ids: TAB_TEXT by row) among all ids by their bytes, modulo 5. Missing where no other fold has a
 * label. */
TOC_CHECKED toc_status fea_encode_out_of_fold(toc_ctx *ctx, const char *entity, const tab_column *ids, const double *label, tab_table *features);

/* What was learned of the features of one run, for those of later ones: either is without columns where it was not asked for. Zero is nothing. */
typedef struct {
    tab_table scaling, encoding;
} fea_kept;
/* As one table, the file of it: feature, shift, width, and where there is an encoding value and encoded. Release it. */
TOC_CHECKED toc_status fea_kept_table(toc_ctx *ctx, const fea_kept *kept, tab_table *table);
/* Reads such a file; numbers come back to the last bit. Errors: those of rd_open; TOC_E_USAGE (other columns), TOC_E_DATA (no numbers); empty then. */
TOC_CHECKED toc_status fea_kept_read(toc_ctx *ctx, const char *path, fea_kept *kept);
void fea_kept_release(fea_kept *kept);
/* Adds NAME_missing, 1 or 0, for each TAB_F64 column, behind all columns. */
TOC_CHECKED toc_status fea_flag_missing(toc_ctx *ctx, tab_table *features);

#endif
