/* inventory.h: what will run out, what piles up, what to order.
 *
 * Demand of every product and day is counted from the orders known before T, days without stock are taken as unknown (not as
 * zero), and forecast/ says how much may be asked for until new stock can arrive: lead time and the days to the next look. That
 * is held against the newest stock count. Without stock counts, warnings are about demand that left its usual range. */
#ifndef INV_INVENTORY_H
#define INV_INVENTORY_H

#include "shop/shop.h"
#include "warn/warn.h"

typedef struct {
    double service;        /* share of cycles in which demand shall be met from stock, 0.5 .. 0.999 */
    double lead_time_days; /* from order to arrival, where the stock table names none */
    double review_days;    /* days until the next look at the stock */
    double horizon_days;   /* of the forecast shown, and how far ahead a stock-out date is looked for */
    double cover_days;     /* stock for more days than this is surplus */
    double dead_days;      /* no sale for so long (and five times the usual interval): dead stock */
    double min_chance;     /* chance of running out from which a product is named */
} inventory_options;

/* service 0.95, lead time 7, review 7, horizon 28, cover 180, dead 60, min_chance 0.3. */
inventory_options inventory_defaults(void);

/* Warnings about stock as of T, worst first, opened by a backtest one lead time and review earlier. `list` is initialised here;
 * release it in any case. Facts of every item, in this order: problem, class, on_hand, reserved, incoming, demand_per_day,
 * days_of_cover, lead_time_days, window_days, demand_expected, demand_quantile, reorder_point, order_quantity, stock_out_on.
 * Scores are probabilities (list->calibrated), or ranks where the history is too short to look back. Reason codes: I01 runs out,
 * I02 out of stock, I03 surplus, I04 dead stock, I05 demand above its range, I06 demand below its range, I07 negative count, I08
 * promotion ahead, I09 bulk order left out, I10 more sold since the count than was there. Errors: TOC_E_NOMEM, TOC_E_DATA (no
 * orders before T). */
TOC_CHECKED toc_status inventory_warn(toc_ctx *ctx, const shop_data *shop, int64_t as_of, const inventory_options *options,
                                      warn_list *list);

#endif
