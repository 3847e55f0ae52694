/* nn_int.h: private to nn/. */
#ifndef NN_NN_INT_H
#define NN_NN_INT_H

#include "nn/nn.h"

/* Loops over numbers are cut into pieces of so many, whatever the thread count. */
enum { NN_PIECE = 1 << 14 };

static inline size_t nn_pieces(size_t n, size_t piece)
{
    return (n + piece - 1) / piece;
}

/* For loops the compiler makes vectors of: one copy for each kind of CPU. No contraction, so all give the same bits. */
#if defined(__x86_64__) && defined(__GNUC__) && !defined(__clang__) && !defined(__SANITIZE_THREAD__) && !defined(__SANITIZE_ADDRESS__)
#define NN_CLONES __attribute__((target_clones("avx512f", "avx2", "default")))
#else
#define NN_CLONES
#endif

/* nn_dropout on part of a whole: numbers from place `from` on. */
void nn_dropout_part(nn_drop drop, uint64_t from, float *x, size_t n);
/* Bytes of packed memory, at least. */
TOC_CHECKED toc_status nn_work_reserve(toc_ctx *ctx, nn_work *work, size_t bytes);

/* Other memory of n numbers in place of what is there. */
TOC_CHECKED toc_status nn_fit(toc_ctx *ctx, size_t n, float **memory);

#endif
