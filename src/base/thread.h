/* thread.h: a parallel loop. Work is cut into tasks by the caller, never by the thread count, so results are the same for any. */
#ifndef TOC_THREAD_H
#define TOC_THREAD_H

#include "base/ctx.h"

/* Calls work(ctx, arg, task) for task = 0 .. n_tasks-1 on ctx->n_threads threads; each task once, in no fixed order. Returns the status of the
 * lowest failing task; tasks not begun are then skipped. One thread, or one task: runs in the caller. */
TOC_CHECKED toc_status toc_parallel(toc_ctx *ctx, size_t n_tasks, toc_status (*work)(toc_ctx *ctx, void *arg, size_t task), void *arg);

#endif
