/* num_int.h: private to num/. */
#ifndef NUM_NUM_INT_H
#define NUM_NUM_INT_H

#include "num/num.h"

/* The permutation that sorts score ascending, NaN last, -0 as 0; heap, the caller's. */
TOC_CHECKED toc_status num_order(toc_ctx *ctx, const double *score, size_t n, uint32_t **order);
/* 1 / (1 + exp(-z)) without overflow, and log(1 + exp(z)). */
double num_sigmoid(double z);
double num_softplus(double z);

/* One copy of a kernel for each kind of CPU, chosen when the program is loaded. clang 14 does not link them, and thread sanitizer crashes in the chooser. */
#if defined(__x86_64__) && defined(__GNUC__) && !defined(__clang__) && !defined(__SANITIZE_THREAD__)
#define NUM_CLONES __attribute__((target_clones("avx512f", "avx2", "default")))
#else
#define NUM_CLONES
#endif

#endif
