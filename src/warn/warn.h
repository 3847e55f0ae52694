/* warn.h: what a warning is, and what the three questions (churn, fraud, inventory) share.
 *
 * A question fills one warn_list: the warnings, worst first; the backtest that says what this very model would have caught a window earlier; the
 * facts a reader needs to judge it. report/ writes it. All texts live in the list's arena. */
#ifndef WARN_WARN_H
#define WARN_WARN_H

#include "base/base.h"

typedef enum { WARN_NOTICE, WARN_WARNING, WARN_CRITICAL } warn_level;
const char *warn_level_name(warn_level level); /* "notice", "warning", "critical" */
bool warn_level_of(toc_str name, warn_level *level);

/* One reason, true of the entity it stands beside. */
typedef struct {
    const char *code;  /* stable for ever, e.g. "C01" */
    const char *text;  /* in words: "last order 74 days ago; usually every 19" */
    double value, usual, threshold; /* NaN = does not apply */
    double weight;     /* share of the score, for ordering; NaN when a rule */
} warn_reason;

/* A further number or text of a warning, one CSV column each ("orders_90d", "money_at_risk"). */
typedef struct {
    const char *name; /* the same names in the same order for every item of a list */
    const char *text; /* as shown */
} warn_fact;

typedef struct {
    const char *id;          /* stable over nights: question, entity and its id */
    const char *entity_kind; /* customer, order, merchant, product, ring */
    const char *entity;
    double score;            /* calibrated probability when the list says so, else a rank in 0..1 */
    warn_level level;
    int64_t money_minor;     /* what is at stake; TOC_NO_MONEY = unknown */
    const char *currency;
    const char *action;      /* what to do next, in words */
    warn_reason *reasons;
    size_t n_reasons;
    warn_fact *facts;
    size_t n_facts;
    const char **evidence;   /* ids of orders or rows to open first */
    size_t n_evidence;
    double *history;         /* for the small picture, oldest first; may be NULL */
    size_t n_history;
    double *forecast;        /* following history; may be NULL */
    size_t n_forecast;
} warn_item;

/* One measure of the backtest, e.g. {"AUC", 0.83, "0.5 is a coin"}; peer is the same measure of the plain alternative named in warn_backtest. */
typedef struct {
    const char *name;
    double value, plain;
    const char *meaning;
} warn_measure;

/* One bin of the calibration table: of n rows with mean score `predicted`, the share `observed` came true. */
typedef struct {
    double predicted, observed;
    size_t n;
} warn_bin;

typedef struct {
    bool done;            /* false: `why_not` says how much more history is needed */
    const char *why_not;
    int64_t as_of;        /* the moment it pretended to be */
    int64_t until;        /* what was known afterwards, exclusive */
    size_t n, n_positive;
    bool proxy;           /* measured against later refunds, cancellations ... for want of labels: never called precision */
    const char *summary;  /* one sentence: "of the 100 we would have warned of, 71 left" */
    const char *plain_name; /* the plain alternative: "recency alone" */
    warn_measure *measures;
    size_t n_measures;
    warn_bin *bins;
    size_t n_bins;
} warn_backtest;

typedef struct {
    const char *question; /* "churn", "fraud", "inventory" */
    const char *title;    /* a sentence for the head of the report */
    int64_t as_of, horizon; /* microseconds */
    bool calibrated;      /* scores are probabilities */
    warn_backtest backtest;
    warn_item *items;     /* worst first */
    size_t n_items, cap_items;
    const char **notes;   /* columns left out, what would make it better, counts */
    size_t n_notes, cap_notes;
    size_t n_considered;  /* entities looked at */
    toc_arena arena;
} warn_list;

void warn_list_init(warn_list *list, const char *question);
void warn_release(warn_list *list);
/* A new item at the end, zeroed but for money (missing); valid until the next one. Its texts are made with toc_arena_* on list->arena. */
TOC_CHECKED toc_status warn_add(toc_ctx *ctx, warn_list *list, warn_item **item);
/* Adds a note to the list (formatted). */
TOC_CHECKED toc_status warn_note(toc_ctx *ctx, warn_list *list, const char *fmt, ...) TOC_PRINTF(3, 4);
/* Appends a reason or a fact or an evidence row to an item (copied into the arena). Reasons: text formatted. */
TOC_CHECKED toc_status warn_add_reason(toc_ctx *ctx, warn_list *list, warn_item *item, warn_reason numbers, const char *fmt, ...) TOC_PRINTF(5, 6);
TOC_CHECKED toc_status warn_add_fact(toc_ctx *ctx, warn_list *list, warn_item *item, const char *name, const char *fmt, ...) TOC_PRINTF(5, 6);
TOC_CHECKED toc_status warn_add_evidence(toc_ctx *ctx, warn_list *list, warn_item *item, const char *id);
/* Appends a measure to the backtest. */
TOC_CHECKED toc_status warn_add_measure(toc_ctx *ctx, warn_list *list, const char *name, double value, double plain, const char *meaning);
/* Sorts items by level, score (both falling), then entity; reasons by falling weight. */
TOC_CHECKED toc_status warn_sort(toc_ctx *ctx, warn_list *list);
/* Fills the backtest's measures AUC, average precision, Brier (when calibrated) and bins (10 of equal count) from scores and truth (n), and
 * plain scores of the alternative (or NULL). */
TOC_CHECKED toc_status warn_measure_scores(toc_ctx *ctx, warn_list *list, const double *score, const double *plain, const uint8_t *truth, size_t n);
/* The highest level in the list; WARN_NOTICE - 1 cast to int (-1) when empty. */
int warn_worst(const warn_list *list);

#endif
