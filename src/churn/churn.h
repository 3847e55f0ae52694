/* churn.h: which customers are leaving. A customer has left when no purchase follows within the horizon after T.
 *
 * The model trains itself: at several past cut-offs, whose windows all end before T, it takes every customer's features (features/) and what came after.
 * Boosted trees and a decision tree learn from both; BG/NBD, MBG/NBD, Pareto/NBD and the hazard of the next purchase learn from what came before each
 * cut-off alone. A logistic regression over their log-odds, learned in the newest windows where none of them had seen what came, makes one probability of
 * them, calibrated by customers that it did not know. The backtest is the same procedure a horizon earlier. Purchases of one customer on one day count
 * once. */
#ifndef CHURN_CHURN_H
#define CHURN_CHURN_H

#include "shop/shop.h"
#include "warn/warn.h"

typedef enum {
    CHURN_STACK,     /* all that follow together, but for the rhythm */
    CHURN_BOOST,     /* boosted trees on all features */
    CHURN_TREE,      /* one decision tree, easy to read */
    CHURN_BY_BGNBD,  /* models of purchases that stop one day, see below */
    CHURN_BY_MBGNBD,
    CHURN_BY_PARETO,
    CHURN_BY_HAZARD, /* the hazard of the next purchase by length of the silence, number of purchases and own mean gap (Kaplan & Meier 1958) */
    CHURN_RHYTHM     /* no training: silence measured in the customer's own rhythm; gives no probability */
} churn_model;
/* The words of them, NULL-terminated: "stack", "trees", "tree", "bgnbd", "mbgnbd", "pareto", "hazard", "rhythm". */
extern const char *const churn_model_words[];

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

/* ---- models of purchases that stop one day: each alone, without a shop ---- */

/* What such a model knows of a customer. Days, so that equal histories are many. */
typedef struct {
    size_t n;
    const uint32_t *repeats; /* x: purchase days after the first */
    const uint32_t *last;    /* t_x: days from the first purchase to the last; 0 without repeats */
    const uint32_t *age;     /* T: days from the first purchase to now, >= last */
} churn_histories;

typedef enum {
    CHURN_BGNBD,  /* r, alpha, a, b: Fader, Hardie & Lee 2005, "Counting your customers the easy way", Marketing Science 24 */
    CHURN_MBGNBD, /* the same; leaving is possible after the first purchase too: Batislam, Denizel & Filiztekin 2007; Hoppe & Wagner 2007 */
    CHURN_PARETO  /* r, alpha, s, beta: Schmittlein, Morrison & Colombo 1987 */
} churn_life_kind;

typedef struct {
    churn_life_kind kind;
    double unit_days;      /* of alpha and beta: 7 = they count weeks */
    double p[4];
    double log_likelihood; /* of the histories learned from */
    size_t n, n_groups;    /* histories learned from, and different ones */
    size_t n_rounds;
    bool converged;
} churn_life;

/* Maximum likelihood over the logarithms of the parameters, BFGS with analytic gradients, from four starts on at most 20,000 groups of equal histories and
 * from the best of them on all; parameters stay within 1/1097 to 1097. Any data end in a fit: one order each, all in one day, one customer. Pareto/NBD learns
 * from at most 100,000 histories, evenly spaced. The same bits for any thread count. O(groups) a round. Errors: TOC_E_NOMEM, TOC_E_DATA (no history). */
TOC_CHECKED toc_status churn_life_fit(toc_ctx *ctx, churn_life_kind kind, const churn_histories *histories, double unit_days, churn_life *life);
/* Of each history: the probability that the customer is still alive, that no purchase follows within the horizon, and the purchase days expected in it; each
 * (n), or NULL. */
TOC_CHECKED toc_status churn_life_predict(toc_ctx *ctx, const churn_life *life, const churn_histories *histories, double horizon_days, double *alive, double *none,
                                          double *orders);

/* Mean value of a purchase, in any one unit, and number of purchases, by customer. */
typedef struct {
    size_t n;
    const double *mean, *count;
} churn_purses;
typedef struct {
    double p, q, gamma;    /* gamma in the unit of the amounts; 0 = nothing learned */
    double mean;           /* of all customers' means */
    double log_likelihood;
    bool converged;
} churn_money;
/* Gamma-Gamma by maximum likelihood (Fader & Hardie 2013). Customers without a positive mean are left out; with fewer than two others nothing is learned. At
 * most 200,000 customers, evenly spaced. Errors: TOC_E_NOMEM. */
TOC_CHECKED toc_status churn_money_fit(toc_ctx *ctx, const churn_purses *purses, churn_money *money);
/* What the next purchase of a customer is worth, after `count` of mean value `mean`; the shop's mean for one without a positive mean. */
double churn_money_expect(const churn_money *money, double count, double mean);

#endif
