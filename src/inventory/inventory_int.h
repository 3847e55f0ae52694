/* inventory_int.h: what the files of inventory/ share.
 *
 *   demand.c     orders -> one row of days for each product
 *   position.c   stock counts -> what is there, what comes, when
 *   promotion.c  what past promotions did, and which are ahead
 *   outlook.c    the three above and forecast/ at one moment
 *   runout.c     the chance of running out in a shop that goes on ordering as it did
 *   backtest.c   the outlook a window earlier against what happened
 *   inventory.c  warnings */
#ifndef INV_INVENTORY_INT_H
#define INV_INVENTORY_INT_H

#include "forecast/forecast.h"
#include "inventory/inventory.h"

enum { INV_MAX_DAYS = 730, INV_MAX_WINDOW = 120 };

/* Demand of n products (every one with a sale or a stock count), sorted by the text of their ids. */
typedef struct {
    size_t n, n_days;
    int64_t first_day;   /* local day number of column 0; the last column is the last whole day before T */
    uint32_t *product;   /* (n) codes of SHOP_D_PRODUCT */
    double *demand;      /* (n x n_days) units; NaN where demand was hidden */
    float *sold;         /* (n x n_days) units that left, returns taken off */
    double *price;       /* (n) minor units a piece, mean of the newest 90 days with sales; NaN = unknown */
    uint32_t *currency;  /* (n) of the newest sale */
    uint32_t *bulk;      /* (n) lines left out as single giant orders */
    int64_t *newest_line; /* (n) index of the newest purchase, -1 = none */
    size_t *index_of;    /* by product code: row + 1, 0 = not there */
    size_t n_codes;
    size_t no_product;   /* purchase lines without a product id */
    size_t hidden_days;  /* product days taken as unknown */
} inv_demand;

/* view: shop_as_of(T). */
TOC_CHECKED toc_status inv_demand_build(toc_ctx *ctx, const shop_data *view, int64_t as_of, inv_demand *demand);
void inv_demand_release(inv_demand *demand);

/* Stock of one product over all its locations at T. */
typedef struct {
    bool known;
    int64_t counted_at;        /* newest count */
    int64_t on_hand, reserved; /* on_hand less what was sold since the count */
    int64_t incoming;          /* on the way, all of it */
    int64_t incoming_at;       /* TOC_NO_TIME = not said */
    double lead_time_days;     /* NaN = not said */
    double unit_cost;          /* minor units, NaN = not said */
    bool negative;             /* a count below zero */
    bool outsold;              /* more was sold since the count than was there: something arrived unseen */
    double share_empty;        /* of the counts of the last 180 days, those that found nothing */
    double low_point;          /* mean count just before it rose: how far it is let down; NaN = never rose */
    double order_point;        /* mean of on_hand + incoming just before incoming rose; NaN = never rose */
} inv_stock;

/* stock (demand->n, heap, the caller's). *any says whether there are counts at all. Days whose newest count is 0 are set to NaN
 * in demand. */
TOC_CHECKED toc_status inv_stock_build(toc_ctx *ctx, const shop_data *view, int64_t as_of, inv_demand *demand, inv_stock **stock,
                                       bool *any);
/* Whether a product was counted, and counted empty, in [from, to): bits 1 and 2 for each product of demand (n, caller's). */
TOC_CHECKED toc_status inv_stock_outs(toc_ctx *ctx, const shop_data *shop, int64_t from, int64_t to, const inv_demand *demand,
                                      uint8_t *seen);

/* Promotions: how demand changed in those that are over, and a factor for every coming day. */
typedef struct {
    double uplift;     /* of all products together, 1 when none was measured */
    size_t n_measured; /* product days under promotion that were measured */
    double *factor;    /* (n x horizon) of coming days; NULL when there is none ahead */
} inv_promotion;
/* Measures the uplift, takes it out of the past in demand, and says what is ahead. Release with inv_promotion_release. */
TOC_CHECKED toc_status inv_promotion_build(toc_ctx *ctx, const shop_data *view, const shop_data *known, inv_demand *demand,
                                           size_t horizon, inv_promotion *promotion);
void inv_promotion_release(inv_promotion *promotion);

/* Everything about all products at one moment. */
typedef struct {
    int64_t as_of;
    bool has_stock;
    inv_demand demand;
    inv_stock *stock;
    inv_promotion promotion;
    size_t horizon;
    size_t *window;        /* (n) days of lead time and review */
    fc_forecasts forecast; /* of days; sums over `window`; promotions not yet in it */
    double *available;     /* (n) units that can be sold within the window; NaN = no count */
    double *chance;        /* (n) P(demand of the window > available); NaN = no count */
} inv_outlook;

/* promotions: where coming promotions are looked up (plans are known ahead of time); may be view. fixed_window: days of every
 * window, 0 = each product's lead time and review. */
TOC_CHECKED toc_status inv_outlook_build(toc_ctx *ctx, const shop_data *view, const shop_data *promotions, int64_t as_of,
                                         const inventory_options *options, size_t fixed_window, inv_outlook *outlook);
void inv_outlook_release(inv_outlook *outlook);
/* Mean demand of days 0 .. n_days-1 ahead, promotions included; beyond the horizon the mean of the horizon goes on. */
double inv_mean_ahead(const inv_outlook *outlook, size_t product, double n_days);
/* Quantile and chance of the window's demand, promotions included. */
double inv_window_quantile(const inv_outlook *outlook, size_t product, double level);
double inv_window_exceed(const inv_outlook *outlook, size_t product, double amount);

/* P(demand of n_days > amount): the window's distribution, thinned for a shorter time, stretched for a longer one (the mean with
 * the days, the spread with their root). */
double inv_exceed_within(const inv_outlook *outlook, size_t product, double n_days, double amount);
/* P(the shelf is empty at some time in n_days) when nothing more is ordered: before what is on the way arrives (late_days after
 * its promise), or after. */
double inv_chance_within(const inv_outlook *outlook, size_t product, double n_days, double late_days);
/* Units that can be sold in the next n_days. */
double inv_available_within(const inv_outlook *outlook, size_t product, double n_days);

/* ---- running out ---- */

/* Days over which running out is judged, looked back on and warned of: the usual lead time and review. */
size_t inv_judged_days(const inventory_options *options);
enum { INV_SIGNS = 11 };
/* Products that had stock at one or more moments, and whether it was gone within the judged days. */
typedef struct {
    size_t n, cap;
    float *x;          /* (n x INV_SIGNS) */
    double *chance;    /* (n) by demand alone, as if nothing were ordered */
    double *plain;     /* (n) the plain rule: 28 days' mean against the stock, as a share */
    uint8_t *truth;    /* (n) */
    size_t n_out;
    bool counted;      /* judged by counts, not by sales against stock */
} inv_rows;
/* Adds the rows of `before`, judged by what is known in `later` (days later). */
TOC_CHECKED toc_status inv_rows_add(toc_ctx *ctx, const shop_data *shop, const inv_outlook *before, const inv_outlook *later,
                                    size_t days, inv_rows *rows);
/* Adds all rows of `from`. */
TOC_CHECKED toc_status inv_rows_append(toc_ctx *ctx, const inv_rows *from, inv_rows *to);
void inv_rows_release(inv_rows *rows);
/* A logistic model on the signs; fitted only when at least 20 rows ran out and 20 did not, and counts decided. With fewer, the
 * chance by demand alone, scaled down to how many ran out. */
typedef struct {
    bool fitted;
    double scale;
    double weights[INV_SIGNS + 1];
} inv_runout;
TOC_CHECKED toc_status inv_runout_fit(toc_ctx *ctx, const inv_rows *rows, inv_runout *model);
/* The chance of running out of one row. */
double inv_runout_row(const inv_runout *model, const inv_rows *rows, size_t i);
double inv_runout_product(const inv_runout *model, const inv_outlook *outlook, size_t product, size_t days);

/* Fills list->backtest: rows (of `before`) scored by `model`, learned earlier still, and the demand forecast of `before`. */
TOC_CHECKED toc_status inv_backtest(toc_ctx *ctx, const inventory_options *options, const inv_rows *rows, const inv_runout *model,
                                    const inv_outlook *before, const inv_outlook *now, warn_list *list);
/* Units of a product sold in the newest n_days, scaled up for hidden days; NaN when fewer than 70 % are known. */
double inv_sold_lately(const inv_demand *demand, size_t product, size_t n_days);

#endif
