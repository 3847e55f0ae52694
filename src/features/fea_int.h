/* fea_int.h: private to features/: rows grouped by entity, orders put together from their lines, and the columns of a feature
 * table. */
#ifndef FEA_FEA_INT_H
#define FEA_FEA_INT_H

#include "features/features.h"

#include <math.h>

#define FEA_NONE UINT32_MAX

/* Rows grouped by a code: those of code c are row[start[c]] .. row[start[c + 1] - 1], in time order; equal times in row order,
 * which is canonical (shop_sort). */
typedef struct {
    size_t n_codes;
    size_t *start; /* n_codes + 1 */
    uint32_t *row;
} fea_groups;

/* Groups n rows by code (values < n_codes) within `order`, a permutation of the rows by time; NULL = they are in time order
 * already. */
TOC_CHECKED toc_status fea_group(toc_ctx *ctx, const uint32_t *code, size_t n, size_t n_codes, const uint32_t *order,
                                 fea_groups *groups);
void fea_groups_release(fea_groups *groups);
/* The rows by time, or NULL where they are in that order already. */
TOC_CHECKED toc_status fea_time_order(toc_ctx *ctx, const int64_t *at, size_t n, uint32_t **order);

/* What an order line is, as shop_line_status, shop_line_is_return and shop_line_is_purchase say. */
typedef struct {
    uint8_t status; /* shop_status */
    bool is_return, is_purchase;
} fea_line;
/* All order lines of a view; the caller's. */
TOC_CHECKED toc_status fea_line_kinds(toc_ctx *ctx, const shop_data *view, fea_line **kinds);

/* Orders put together from their lines, by time. */
typedef struct {
    size_t n;
    uint32_t *code;   /* in SHOP_D_ORDER */
    uint32_t *line;   /* its first line, which speaks for the order's own columns */
    int64_t *at;
    int64_t *placed;  /* minor units of the lines that take goods, whatever became of them later */
    int64_t *amount;  /* minor units of the lines that are purchases as known now */
    int64_t *items;   /* quantity of the lines that take goods */
    uint32_t *lines;  /* their number; 0 = an order that only gives goods back */
    uint32_t *bought; /* how many of them are purchases as known now */
} fea_orders_set;

TOC_CHECKED toc_status fea_collect_orders(toc_ctx *ctx, const shop_data *view, const uint32_t *time_order, fea_orders_set *set);
void fea_orders_release(fea_orders_set *set);
/* One column of the shop's order lines, per order (its first line's). n = set->n, owned by the caller. */
TOC_CHECKED toc_status fea_order_codes(toc_ctx *ctx, const fea_orders_set *set, const uint32_t *column, uint32_t **codes);

/* Minor units in a unit of the one currency of a view's order lines; TOC_E_DATA where there are two. Amounts are divided by it: a quotient is the
 * double nearest to the decimal, a product with 0.01 need not be. */
TOC_CHECKED toc_status fea_money_unit(toc_ctx *ctx, const shop_data *view, double *minor_per_unit);
/* The same of lines ordered before a moment only. */
TOC_CHECKED toc_status fea_money_unit_before(toc_ctx *ctx, const shop_data *view, int64_t before, double *minor_per_unit);
/* The failure of amounts in two currencies. */
toc_status fea_two_currencies(toc_ctx *ctx, const char *one, const char *other);

/* The codes of a domain that have a row in `seen` (by code), sorted by text; *n of them. The list is the caller's. */
TOC_CHECKED toc_status fea_sorted_codes(toc_ctx *ctx, const toc_pool *pool, const bool *seen, uint32_t **codes, size_t *n);
/* A table with the id column and one F64 column a feature of the list; column[i] points at the values of feature i. */
TOC_CHECKED toc_status fea_table(toc_ctx *ctx, const char *id_name, const shop_data *view, shop_domain domain,
                                 const uint32_t *codes, size_t n,
                                 const fea_info *list, size_t n_list, tab_table *table, double **column);

/* fea_customers and fea_products of a view whose rows are cut at the moment of their entity, by code. */
TOC_CHECKED toc_status fea_customers_each(toc_ctx *ctx, const shop_data *view, const int64_t *moment, double unit, tab_table *features);
TOC_CHECKED toc_status fea_products_each(toc_ctx *ctx, const shop_data *view, const int64_t *moment, double unit, tab_table *features);
/* Adds the columns of `more` to a table, without values; pools are the shop's. */
TOC_CHECKED toc_status fea_more_columns(toc_ctx *ctx, const shop_data *shop, const char *entity, const fea_more *more, tab_table *features);
/* Adds them with values, for a table of fea_customers and its like. products: those of the whole shop, of which a row counts for what comes after it became
 * known; moment: T by code of the entity, NULL = the view's for all. */
TOC_CHECKED toc_status fea_add_more_each(toc_ctx *ctx, const shop_data *view, const shop_products *products, const char *entity, const int64_t *moment,
                                         const fea_more *more, tab_table *features);
/* The parts of it: categories, the columns of which begin at `first`. */
TOC_CHECKED toc_status fea_category_columns(toc_ctx *ctx, const shop_data *shop, const char *entity, tab_table *features);
TOC_CHECKED toc_status fea_fill_categories(toc_ctx *ctx, const shop_data *view, const shop_products *products, const char *entity, const int64_t *moment,
                                           tab_table *features, size_t first);
/* The same moment for n codes; the caller's. */
TOC_CHECKED toc_status fea_one_moment(toc_ctx *ctx, int64_t as_of, size_t n, int64_t **moment);

/* Sorts few codes in place. */
void fea_sort_codes(uint32_t *codes, size_t n);
/* Distinct non-missing values among n codes; scratch (n) is overwritten. */
size_t fea_distinct(uint32_t *scratch, size_t n);
/* a / b, NaN where b is 0. */
static inline double fea_ratio(double a, double b) { return b == 0 ? (double)NAN : a / b; }
/* Microseconds as days. */
static inline double fea_days(int64_t span) { return (double)span / (double)TOC_DAY; }

extern const fea_info fea_customer_list[], fea_merchant_list[], fea_product_list[], fea_order_list[];
extern const size_t fea_customer_count, fea_merchant_count, fea_product_count, fea_order_count;

#endif
