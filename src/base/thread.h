/* thread.h: a parallel loop, and work beside its caller. Work is cut into tasks by the caller, never by the thread count, so results are the same for any. */
#ifndef TOC_THREAD_H
#define TOC_THREAD_H

#include <pthread.h>

#include "base/ctx.h"

/* Calls work(ctx, arg, task) for task = 0 .. n_tasks-1 on ctx->n_threads threads; each task once, in no fixed order. Returns the status of the
 * lowest failing task; tasks not begun are then skipped. One thread, one task, or another loop of ctx under way (around this one, or beside it): runs in
 * the caller. */
TOC_CHECKED toc_status toc_parallel(toc_ctx *ctx, size_t n_tasks, toc_status (*work)(toc_ctx *ctx, void *arg, size_t task), void *arg);

/* Ends the threads of a context (toc_ctx_release calls it); NULL = none. */
void toc_team_release(toc_team *team);

/* Work that runs beside its caller. Zero: none does, and its status is TOC_OK. */
typedef struct {
    toc_ctx *ctx;
    toc_status (*work)(toc_ctx *ctx, void *arg);
    void *arg;
    toc_status status;
    bool running;
    pthread_t thread;
} toc_task;

/* Calls work(ctx, arg) in a thread of its own; with one thread in ctx, or where none can be had, before it returns. A task that runs must not be moved. */
void toc_task_start(toc_ctx *ctx, toc_task *task, toc_status (*work)(toc_ctx *ctx, void *arg), void *arg);
/* The status of the work, when it is done; TOC_OK when it was asked for already. */
TOC_CHECKED toc_status toc_task_wait(toc_task *task);

#endif
