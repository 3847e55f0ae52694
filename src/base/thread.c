/* thread.c: tasks are handed out by one atomic counter; the threads live as long as the loop. */
#include "base/base.h"

typedef struct {
    toc_ctx *ctx;
    toc_status (*work)(toc_ctx *ctx, void *arg, size_t task);
    void *arg;
    size_t n_tasks;
    size_t next;          /* atomic */
    size_t failed_task;   /* guarded by lock; n_tasks = none */
    toc_status status;
    pthread_mutex_t lock;
} loop;

static void note_failure(loop *l, size_t task, toc_status status)
{
    pthread_mutex_lock(&l->lock);
    if (task < l->failed_task) {
        l->failed_task = task;
        l->status = status;
    }
    pthread_mutex_unlock(&l->lock);
    __atomic_store_n(&l->next, l->n_tasks, __ATOMIC_RELAXED);
}

static void *run(void *arg)
{
    loop *l = arg;

    for (;;) {
        size_t task = __atomic_fetch_add(&l->next, 1, __ATOMIC_RELAXED);
        if (task >= l->n_tasks) return NULL;
        toc_status status = l->work(l->ctx, l->arg, task);
        if (status) note_failure(l, task, status);
    }
}

toc_status toc_parallel(toc_ctx *ctx, size_t n_tasks, toc_status (*work)(toc_ctx *ctx, void *arg, size_t task), void *arg)
{
    enum { MOST = 256 };
    pthread_t threads[MOST];
    size_t wanted = TOC_MIN(TOC_MIN(ctx->n_threads, n_tasks), (size_t)MOST), started = 0;
    loop l = { .ctx = ctx, .work = work, .arg = arg, .n_tasks = n_tasks, .failed_task = n_tasks };

    if (wanted <= 1) {
        for (size_t task = 0; task < n_tasks; task++) TOC_TRY(work(ctx, arg, task));
        return TOC_OK;
    }
    pthread_mutex_init(&l.lock, NULL);
    /* The caller works too; a thread that cannot be started only makes it slower. */
    while (started + 1 < wanted && pthread_create(&threads[started], NULL, run, &l) == 0) started++;
    run(&l);
    for (size_t i = 0; i < started; i++) pthread_join(threads[i], NULL);
    pthread_mutex_destroy(&l.lock);
    return l.status;
}

static void *run_task(void *arg)
{
    toc_task *task = arg;

    task->status = task->work(task->ctx, task->arg);
    return NULL;
}

void toc_task_start(toc_ctx *ctx, toc_task *task, toc_status (*work)(toc_ctx *ctx, void *arg), void *arg)
{
    *task = (toc_task){ .ctx = ctx, .work = work, .arg = arg };
    task->running = ctx->n_threads > 1 && pthread_create(&task->thread, NULL, run_task, task) == 0;
    if (!task->running) run_task(task);
}

toc_status toc_task_wait(toc_task *task)
{
    if (task->running) pthread_join(task->thread, NULL);
    toc_status status = task->status;
    *task = (toc_task){0};
    return status;
}
