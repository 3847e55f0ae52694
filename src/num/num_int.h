/* num_int.h: private to num/. */
#ifndef NUM_NUM_INT_H
#define NUM_NUM_INT_H

#include "num/num.h"

/* The permutation that sorts score ascending, NaN last, -0 as 0; heap, the caller's. */
TOC_CHECKED toc_status num_order(toc_ctx *ctx, const double *score, size_t n, uint32_t **order);
/* 1 / (1 + exp(-z)) without overflow, and log(1 + exp(z)). */
double num_sigmoid(double z);
double num_softplus(double z);

#endif
