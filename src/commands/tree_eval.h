/* tree_eval.h: private to commands/tree_eval*.c: what is known of scores and truths, before it is written. */
#ifndef CMD_TREE_EVAL_H
#define CMD_TREE_EVAL_H

#include "base/base.h"

enum { EVAL_BINS = 10 };

/* Of rows that have a target. Arrays live in ctx->arena. */
typedef struct {
    size_t n, k;                /* k: classes, 0 = amounts */
    const char *const *classes; /* k; of two the second is the positive one */
    uint32_t *truth, *said;     /* classes; amounts: unused */
    double *amount;             /* amounts: the truth */
    double *score;              /* n: of the positive class, or the amount; more than two classes: of the one said */
    double *of_truth;           /* n: probability of the true class; amounts: minus the absolute error */
    uint32_t *row;              /* of the file, 0 = the first */
    uint32_t *day;              /* number of the row's day, or NULL; days are 0 .. n_days - 1 */
    size_t n_days, alerts;      /* alerts a day; 0 = by threshold */
    double threshold;
} eval_rows;

typedef struct {
    double precision, recall, f1, support;
} eval_class;

typedef struct {
    double rows, positive, mean_score;
} eval_bin;

typedef struct {
    double accuracy;
    double *confusion;             /* k x k: truth, said */
    eval_class *by_class;          /* k */
    eval_class macro, weighted;
    double auc, average_precision, brier, calibration_error; /* two classes */
    double log_loss;
    eval_bin calibration[EVAL_BINS], lift[EVAL_BINS];        /* by score in steps of 0.1; by tenths of the rows, highest scores first */
    double rmse, mae, r2;          /* amounts */
    uint32_t *wrong;               /* places among the rows, the most wrong first */
    size_t n_wrong;
} eval_measures;

/* Sets rows->said from the scores: by threshold, or the `alerts` highest of each day. Two classes only. */
TOC_CHECKED toc_status eval_say(toc_ctx *ctx, eval_rows *rows);
/* n_wrong: how many of the most wrong rows are wanted. */
TOC_CHECKED toc_status eval_measure(toc_ctx *ctx, const eval_rows *rows, size_t n_wrong, eval_measures *m);
void eval_write_text(const eval_rows *rows, const eval_measures *m, toc_out *out);
/* part,item,measure,value. */
void eval_write_csv(const eval_rows *rows, const eval_measures *m, toc_out *out);

#endif
