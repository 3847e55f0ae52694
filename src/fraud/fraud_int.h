/* fraud_int.h: private to fraud/. */
#ifndef FRAUD_INT_H
#define FRAUD_INT_H

#include "fraud/fraud.h"

#define FRAUD_NONE UINT32_MAX

/* A rule fires when all its conditions hold. Codes are stable for ever. */
typedef struct {
    const char *feature; /* NULL ends the list */
    char op;             /* '>' at least, '<' at most */
    double threshold;
} fraud_condition;

typedef struct {
    const char *code;
    fraud_entity entity;
    double weight;       /* chance of fraud it alone stands for; weights join as 1 - prod(1 - w) */
    const char *what;
    fraud_condition all[5];
} fraud_rule;

extern const fraud_rule fraud_rules[];
extern const size_t fraud_n_rules;

/* The columns each kind's isolation forest is grown on, NULL-padded. */
enum { FRAUD_FOREST_MOST = 24 };
extern const char *const fraud_forest_columns[FRAUD_N_ENTITIES][FRAUD_FOREST_MOST];

/* Evaluates all rules of a kind on its table and joins in the isolation forest; fills cases and medians. */
TOC_CHECKED toc_status fraud_judge(toc_ctx *ctx, fraud_analysis *analysis, fraud_entity entity, uint64_t seed);
/* A feature in words: of features/ or of the network's columns. */
const char *fraud_words(fraud_entity entity, const char *feature);
/* Adds columns that need more than one merchant or customer: rings, near-copies, bombing. */
TOC_CHECKED toc_status fraud_add_network_features(toc_ctx *ctx, fraud_analysis *analysis);
/* When the fraud label of each order code became known, TOC_NO_TIME = none; the caller's. *delay: nine in ten labels come within it. Sets n_labels. */
TOC_CHECKED toc_status fraud_collect_labels(toc_ctx *ctx, fraud_analysis *analysis, int64_t **known_at, int64_t *delay);
/* Learns from labels known before the window and sets the probability of every order; analysis->learned says whether there were enough. */
TOC_CHECKED toc_status fraud_learn(toc_ctx *ctx, fraud_analysis *analysis, const fraud_options *options);
/* Row of a customer, merchant or order code in its table, FRAUD_NONE where absent; map by code, heap, n_codes of the domain. */
TOC_CHECKED toc_status fraud_rows_by_code(toc_ctx *ctx, const fraud_analysis *analysis, fraud_entity entity, uint32_t **row_of);
/* The first order line of every order code, FRAUD_NONE where absent; heap. */
TOC_CHECKED toc_status fraud_first_lines(toc_ctx *ctx, const shop_data *view, uint32_t **line_of);

#endif
