/* churn_int.h: private to churn/. */
#ifndef CHURN_CHURN_INT_H
#define CHURN_CHURN_INT_H

#include "churn/churn.h"
#include "features/features.h"
#include "num/num.h"
#include "tree/tree.h"

#include <math.h>

/* The models that have a say. */
typedef enum {
    CHURN_PART_TREES, CHURN_PART_TREE, /* need labels */
    CHURN_PART_BGNBD, CHURN_PART_MBGNBD, CHURN_PART_PARETO, CHURN_PART_HAZARD, /* learn from what came before the cut-off alone */
    CHURN_N_PARTS
} churn_part;
/* Those of a choice of model: set of 1 << part; 0 for the rhythm. */
unsigned churn_parts_of(churn_model model);
#define CHURN_CUTOFFS_PER_HORIZON 3

/* The customers with a purchase before a cut-off, as they looked then, what the models of purchases expect, and whether they left. */
typedef struct {
    int64_t cutoff;
    tab_table table;   /* features/'s customers */
    const double **x;  /* one a feature: its column in `table` */
    const uint32_t *code; /* customer codes, in `table` */
    size_t n;
    uint8_t *half;     /* 0 or 1 by a hash of the id: the same in every sample */
    uint8_t *learn;    /* whether trees learn from the row: large shops are thinned */
    uint8_t *left;     /* NULL for the sample at T */
    const double *recency, *gap_mean, *days, *tenure; /* those of x used by name */
    double *part[CHURN_N_PARTS]; /* log-odds of leaving, of the models that need no label; all 0 for those not asked */
    double *alive;     /* P(alive) by BG/NBD; all 0 when it is not asked */
    double *orders_if; /* purchase days expected within the horizon if any come, >= 1 */
    double *value;     /* what one is worth, by Gamma-Gamma */
    churn_life life[3]; /* by kind; n 0 = not asked */
    churn_money money;
} churn_sample;

typedef struct {
    int64_t horizon;
    bool labels;
    double keep, learn; /* shares of the customers by a hash of the id, in (0, 1]: in the sample at all, and learned from */
    unsigned parts;
} churn_sampling;

/* Names of the features that the models see, n of them: x of a sample. */
const char *const *churn_columns(size_t *n);
/* Where a feature is among them. */
size_t churn_column(const char *name);

TOC_CHECKED toc_status churn_sample_make(toc_ctx *ctx, const shop_data *view, int64_t cutoff, const churn_sampling *how, churn_sample *sample);
void churn_sample_release(churn_sample *sample);

/* Fills part, alive, orders_if and value of a sample. view: as of its cut-off. */
TOC_CHECKED toc_status churn_ask_habits(toc_ctx *ctx, const shop_data *view, unsigned parts, double horizon_days, churn_sample *s);
/* Logarithm of p / (1 - p), p within [1e-6, 1 - 1e-6]. */
double churn_log_odds(double p);

/* How likely the next purchase is on each day of a silence; one block, given back by toc_free. */
typedef struct churn_hazard churn_hazard;
TOC_CHECKED toc_status churn_hazard_learn(toc_ctx *ctx, const shop_data *view, int64_t cutoff, double horizon_days, churn_hazard **hazard);
/* The probability of no purchase within the horizon after a silence of that many days. mean_gap_days: NaN with one purchase day. */
double churn_hazard_none(const churn_hazard *hazard, double purchase_days, double mean_gap_days, double recency_days);

/* Trees on samples; without: the half of the customers left out, -1 = none. NULL with too few customers of either kind. Raw scores in (0, 1). */
TOC_CHECKED toc_status churn_trees_fit(toc_ctx *ctx, const churn_sample *samples, size_t n, int without, churn_part part, const churn_options *options,
                                       tree_model **trees);
TOC_CHECKED toc_status churn_trees_score(toc_ctx *ctx, const tree_model *trees, const churn_sample *sample, double *score);

/* What was learned. parts: of the models that have a say, 0 = too little to learn from; mean, width and weight of each of them in order, the constant last. */
typedef struct {
    unsigned parts;
    tree_model *trees, *tree;
    double mean[CHURN_N_PARTS], width[CHURN_N_PARTS], weight[CHURN_N_PARTS + 1];
    num_calibration calibration;
    bool calibrated;
    size_t n_stacked;
} churn_fit;

/* Learns from n samples (newest first): the stack from the newest six, where no model had seen what came. */
TOC_CHECKED toc_status churn_train(toc_ctx *ctx, const churn_sample *samples, size_t n, const churn_options *options, churn_fit *fit);
void churn_fit_release(churn_fit *fit);
/* Calibrated probabilities of a sample; fit->parts is not 0. */
TOC_CHECKED toc_status churn_predict(toc_ctx *ctx, const churn_fit *fit, const churn_sample *sample, double *probability);

/* Silence in the customer's own rhythm: recency / shrunken mean gap, and as a rank in (0, 1). */
double churn_silence(const churn_sample *sample, size_t row, double shop_gap);
/* Median of the mean gaps of the customers who have one; NaN when nobody has. */
TOC_CHECKED toc_status churn_shop_gap(toc_ctx *ctx, const churn_sample *sample, double *gap);

/* What is expected of a customer within the horizon. The models of purchases say how many purchase days there are if any, and what one is worth; the
 * probability of leaving is the stack's. */
typedef struct {
    double orders, money;                       /* all in all */
    double orders_if_staying, money_if_staying; /* if any purchase comes */
    double at_risk;                             /* money_if_staying times the probability of leaving */
} churn_outlook;
void churn_expect(const churn_sample *sample, size_t row, double probability, churn_outlook *outlook);
/* Gone already by the shop's own definition: silent for longer than the horizon and twice the own mean gap. Nothing is left to
 * act on in time. */
bool churn_gone(const churn_sample *sample, size_t row, double horizon_days);
/* Levels of all rows: critical = likely to leave, not gone already, and among the fifth of those not gone with most money at
 * stake; warning = likewise among the half; else notice. money: expected loss. */
TOC_CHECKED toc_status churn_levels(toc_ctx *ctx, const churn_sample *sample, double horizon_days, const double *score,
                                    const double *money, warn_level *level);
/* Rows by level, score (both falling), then place. */
TOC_CHECKED toc_status churn_rank(toc_ctx *ctx, const double *score, const warn_level *level, size_t n, uint32_t *order);

/* What is usual in the shop: the median of each feature over a sample (NaN where nobody has it). */
TOC_CHECKED toc_status churn_usual(toc_ctx *ctx, const churn_sample *sample, double *usual);
/* Up to three reasons from the contributions of the features (phi, one a feature; NULL = rhythm alone). */
TOC_CHECKED toc_status churn_reasons(toc_ctx *ctx, warn_list *list, warn_item *item, const churn_sample *sample, size_t row,
                                     const double *phi, const double *usual);

#endif
