/* thread.c: tasks are handed out by one atomic counter. The threads of a context are started once and wait for its next loop, at first awake: starting or
 * waking a thread takes up to a millisecond, longer than many loops last. */
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

enum { MOST = 255, AWAKE = 4000 /* looks, some 50 microseconds */ };

/* The threads beside the caller's; all but `taken` changes under the lock, round and inside are looked at without it. */
struct toc_team {
    pthread_mutex_t lock;
    pthread_cond_t called, left;
    bool taken;      /* atomic: by a loop */
    unsigned round;  /* changes when there is a loop, and at the end */
    size_t inside;   /* threads in the loop */
    size_t seats;    /* how many more may join it */
    loop *loop;      /* NULL = none, or it has run out of tasks */
    bool closing;
    size_t n_threads;
    pthread_t threads[MOST];
};

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

static void work_on(loop *l)
{
    for (;;) {
        size_t task = __atomic_fetch_add(&l->next, 1, __ATOMIC_RELAXED);
        if (task >= l->n_tasks) return;
        toc_status status = l->work(l->ctx, l->arg, task);
        if (status) note_failure(l, task, status);
    }
}

static void look_away(void)
{
#ifdef __x86_64__
    __builtin_ia32_pause();
#endif
}

static void *serve(void *arg)
{
    toc_team *team = arg;
    unsigned seen = 0;

    for (;;) {
        for (int i = 0; i < AWAKE && __atomic_load_n(&team->round, __ATOMIC_RELAXED) == seen; i++) look_away();
        pthread_mutex_lock(&team->lock);
        while (team->round == seen) pthread_cond_wait(&team->called, &team->lock);
        seen = team->round;
        loop *l = team->seats ? team->loop : NULL;
        if (l) {
            team->seats--;
            __atomic_fetch_add(&team->inside, 1, __ATOMIC_RELAXED);
        }
        bool closing = team->closing;
        pthread_mutex_unlock(&team->lock);
        if (closing) return NULL;
        if (!l) continue;
        work_on(l);
        pthread_mutex_lock(&team->lock);
        if (__atomic_sub_fetch(&team->inside, 1, __ATOMIC_RELAXED) == 0) pthread_cond_signal(&team->left);
        pthread_mutex_unlock(&team->lock);
    }
}

static toc_team *new_team(void)
{
    toc_team *team = calloc(1, sizeof *team); /* not counted by fault tests: without it a loop is only slower */

    if (!team) return NULL;
    pthread_mutex_init(&team->lock, NULL);
    pthread_cond_init(&team->called, NULL);
    pthread_cond_init(&team->left, NULL);
    return team;
}

static void call(toc_team *team, loop *l, size_t seats)
{
    pthread_mutex_lock(&team->lock);
    team->loop = l;
    team->seats = seats;
    __atomic_fetch_add(&team->round, 1, __ATOMIC_RELAXED);
    pthread_cond_broadcast(&team->called);
    pthread_mutex_unlock(&team->lock);
}

/* Nobody joins the loop any more; returns when all have left it. */
static void dismiss(toc_team *team)
{
    pthread_mutex_lock(&team->lock);
    team->loop = NULL;
    pthread_mutex_unlock(&team->lock);
    for (int i = 0; i < AWAKE && __atomic_load_n(&team->inside, __ATOMIC_RELAXED); i++) look_away();
    pthread_mutex_lock(&team->lock);
    while (team->inside) pthread_cond_wait(&team->left, &team->lock);
    pthread_mutex_unlock(&team->lock);
}

/* The context's threads, `wanted` of them where they can be had; NULL when another loop has them. */
static toc_team *take_team(toc_ctx *ctx, size_t wanted)
{
    toc_team *team = __atomic_load_n(&ctx->team, __ATOMIC_ACQUIRE), *none = NULL;

    if (!team) {
        if (!(team = new_team())) return NULL;
        if (!__atomic_compare_exchange_n(&ctx->team, &none, team, false, __ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE)) {
            free(team);
            team = none;
        }
    }
    if (__atomic_exchange_n(&team->taken, true, __ATOMIC_ACQUIRE)) return NULL;
    while (team->n_threads < wanted && pthread_create(&team->threads[team->n_threads], NULL, serve, team) == 0) team->n_threads++;
    return team;
}

void toc_team_release(toc_team *team)
{
    if (!team) return;
    pthread_mutex_lock(&team->lock);
    team->closing = true;
    pthread_mutex_unlock(&team->lock);
    call(team, NULL, 0);
    for (size_t i = 0; i < team->n_threads; i++) pthread_join(team->threads[i], NULL);
    pthread_cond_destroy(&team->called);
    pthread_cond_destroy(&team->left);
    pthread_mutex_destroy(&team->lock);
    free(team);
}

toc_status toc_parallel(toc_ctx *ctx, size_t n_tasks, toc_status (*work)(toc_ctx *ctx, void *arg, size_t task), void *arg)
{
    size_t others = TOC_MIN(TOC_MIN(ctx->n_threads, n_tasks), (size_t)MOST + 1);
    loop l = { .ctx = ctx, .work = work, .arg = arg, .n_tasks = n_tasks, .failed_task = n_tasks };
    toc_team *team = others > 1 ? take_team(ctx, --others) : NULL;

    if (!team) {
        for (size_t task = 0; task < n_tasks; task++) TOC_TRY(work(ctx, arg, task));
        return TOC_OK;
    }
    pthread_mutex_init(&l.lock, NULL);
    call(team, &l, others);
    work_on(&l);
    dismiss(team);
    __atomic_store_n(&team->taken, false, __ATOMIC_RELEASE);
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
