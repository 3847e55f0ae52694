/* churn.h: which customers are leaving. A customer has left when no purchase follows within the horizon after T.
 *
 * The model trains itself: at several past cut-offs, whose windows all end before T, it takes every customer's features
 * (features/) and what came after, fits boosted trees, and calibrates them by customers they did not know, in the newest windows. The
 * backtest is the same procedure a horizon earlier. Purchases of one customer on one day count once. */
#ifndef CHURN_CHURN_H
#define CHURN_CHURN_H

#include "shop/shop.h"
#include "warn/warn.h"

typedef enum {
    CHURN_BOOST, /* boosted trees on all features */
    CHURN_TREE,  /* one decision tree, easy to read */
    CHURN_RHYTHM /* no training: silence measured in the customer's own rhythm; gives no probability */
} churn_model;

typedef struct {
    double horizon_days; /* 0 = learned from the shop's rhythm */
    size_t top;          /* customers that get reasons, facts and evidence; 0 = all. The list holds everybody */
    churn_model model;
    size_t n_cutoffs;    /* training cut-offs at most */
    size_t n_trees;
    size_t max_leaves;
    double learning_rate;
    size_t max_rows;     /* training rows; above, customers are thinned by a hash of their id */
} churn_options;

churn_options churn_defaults(void);

/* The horizon in days that fits the shop: twice the 75 % quantile of the gaps between a customer's purchase days, from 7 to 365
 * days and at most a quarter of the history. view: shop_as_of(shop, as_of). Errors: TOC_E_NOMEM. */
TOC_CHECKED toc_status churn_learn_horizon(toc_ctx *ctx, const shop_data *view, int64_t as_of, double *days);

/* Fills `list` (warn_list_init done, question "churn") with the customers who purchased before as_of, riskiest first. Nothing at
 * or after as_of is used. With too few customers or too short a history the list has ranks instead of probabilities (calibrated
 * false) and backtest.why_not says how much more is needed. Errors: TOC_E_NOMEM, TOC_E_DATA (no purchase before as_of, two
 * currencies). */
TOC_CHECKED toc_status churn_warn(toc_ctx *ctx, const shop_data *shop, int64_t as_of, const churn_options *options,
                                  warn_list *list);

#endif
