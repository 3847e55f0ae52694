/* life_int.h: private to the buy-till-you-die models of churn/. Times are days in histories, and units (churn_life.unit_days) in formulas. */
#ifndef CHURN_LIFE_INT_H
#define CHURN_LIFE_INT_H

#include "churn/churn.h"
#include "num/num.h"

#include <math.h>

/* Equal histories once. */
typedef struct {
    size_t n;
    uint32_t *repeats, *last, *age;
    uint32_t *place;  /* of its repeats in x */
    double *weight;   /* how many histories */
    uint32_t *x;      /* the n_x different numbers of repeats */
    size_t n_x, most_days;
    uint32_t *of;     /* the group of each history taken */
    double total;     /* histories */
} life_groups;
TOC_CHECKED toc_status life_groups_make(toc_ctx *ctx, const churn_histories *h, size_t stride, life_groups *g);
void life_groups_release(life_groups *g);

/* Log-likelihood of a history, and its slope along the parameters (not their logarithms). */
typedef struct {
    double value, slope[4], weight;
} life_terms;

/* What depends on the number of repeats or on a number of days alone, for given parameters. */
typedef struct {
    churn_life_kind kind;
    double p[4], unit_days;
    const uint32_t *x;
    life_terms *of_x;      /* the part of the log-likelihood that repeats decide; parameters 2 and 3 for BG/NBD alone */
    double *log_a, *log_b; /* log(p[1] + d days), and for Pareto/NBD log(p[3] + d days) */
    double *one_a;         /* 1 / (p[1] + d days) */
} life_tables;
TOC_CHECKED toc_status life_tables_alloc(toc_ctx *ctx, const life_groups *g, life_tables *t);
void life_tables_fill(life_tables *t, churn_life_kind kind, const double *p, double unit_days, const life_groups *g);
void life_tables_release(life_tables *t);

/* BG/NBD and MBG/NBD. */
void bgnbd_of_x(const life_tables *t, double x, life_terms *out);
void bgnbd_terms(const life_tables *t, size_t place, size_t last, size_t age, life_terms *out);
void bgnbd_expect(const life_tables *t, size_t place, size_t last, size_t age, double horizon, double *alive, double *none, double *orders);
/* Pareto/NBD. */
void pareto_of_x(const life_tables *t, double x, life_terms *out);
void pareto_terms(const life_tables *t, size_t place, size_t last, size_t age, life_terms *out);
void pareto_expect(const life_tables *t, size_t place, size_t last, size_t age, double horizon, double *alive, double *none, double *orders);

#endif
