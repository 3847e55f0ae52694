/* runs.c: runs are sorted by radix and merged through a heap of their first records. The records of a run lie in the spool in order; a part of each is in
 * memory while it is merged. */
#include "base/base.h"

enum { PART = (256 << 10) / sizeof(toc_run_record), AHEAD = 16 };

/* In order, records lie all over memory: those soon to come are fetched. */
static void fetch(const toc_runs *runs, size_t i)
{
    if (i + AHEAD < runs->n) __builtin_prefetch(&runs->records[runs->order[i + AHEAD]]);
}

struct toc_run {
    uint64_t at, end;      /* bytes of the spool that were not read yet */
    toc_run_record *part;  /* heap */
    size_t n, next;
};

void toc_runs_init(toc_runs *runs, size_t most)
{
    *runs = (toc_runs){ .most = most };
    toc_spool_init(&runs->spool, PART * sizeof(toc_run_record));
}

void toc_runs_release(toc_runs *runs)
{
    for (size_t k = 0; k < runs->n_runs; k++) toc_free(runs->runs[k].part);
    toc_free(runs->runs);
    toc_free(runs->records);
    toc_free(runs->order);
    toc_free(runs->heap);
    if (runs->most) toc_spool_release(&runs->spool);
    *runs = (toc_runs){0};
}

static toc_status sort_records(toc_ctx *ctx, toc_runs *runs)
{
    uint64_t *keys = NULL;
    toc_status st;

    toc_free(runs->order);
    runs->order = NULL;
    if ((st = toc_alloc(ctx, runs->n, sizeof *keys, &keys))) goto out;
    if ((st = toc_alloc(ctx, runs->n, sizeof *runs->order, &runs->order))) goto out;
    for (size_t i = 0; i < runs->n; i++) keys[i] = runs->records[i].key;
    st = toc_sort_u64(ctx, keys, runs->n, false, runs->order);
out:
    toc_free(keys);
    return st;
}

static toc_status end_run(toc_ctx *ctx, toc_runs *runs)
{
    if (!runs->n) return TOC_OK;
    TOC_TRY(sort_records(ctx, runs));
    if (runs->n_runs + 1 > runs->cap_runs) TOC_TRY(toc_grow(ctx, &runs->runs, &runs->cap_runs, runs->n_runs + 1, sizeof *runs->runs));
    toc_run run = { .at = toc_spool_size(&runs->spool) };
    for (size_t i = 0; i < runs->n; i++) {
        fetch(runs, i);
        TOC_TRY(toc_spool_add(ctx, &runs->spool, &runs->records[runs->order[i]], sizeof *runs->records));
    }
    run.end = toc_spool_size(&runs->spool);
    runs->runs[runs->n_runs++] = run;
    runs->n = 0;
    return TOC_OK;
}

toc_status toc_runs_add(toc_ctx *ctx, toc_runs *runs, toc_run_record record)
{
    if (runs->n == runs->most) TOC_TRY(end_run(ctx, runs));
    if (runs->n + 1 > runs->cap) TOC_TRY(toc_grow(ctx, &runs->records, &runs->cap, runs->n + 1, sizeof record));
    runs->records[runs->n++] = record;
    return TOC_OK;
}

/* ---- merging ---- */

/* Reads the next part of a run where the one at hand is used up. */
static toc_status fill(toc_ctx *ctx, toc_runs *runs, toc_run *run)
{
    if (run->next < run->n || run->at == run->end) return TOC_OK;
    run->n = (size_t)TOC_MIN((run->end - run->at) / sizeof *run->part, (uint64_t)PART);
    run->next = 0;
    TOC_TRY(toc_spool_read(ctx, &runs->spool, run->at, run->part, run->n * sizeof *run->part));
    run->at += run->n * sizeof *run->part;
    return TOC_OK;
}

static bool before(const toc_runs *runs, uint32_t a, uint32_t b)
{
    const toc_run *x = &runs->runs[a], *y = &runs->runs[b];
    uint64_t left = x->part[x->next].key, right = y->part[y->next].key;
    return left < right || (left == right && a < b);
}

/* Puts heap[i] where it belongs among those below it. */
static void sink(toc_runs *runs, size_t i)
{
    uint32_t *heap = runs->heap, moved = heap[i];

    for (size_t child; (child = 2 * i + 1) < runs->n_heap; i = child) {
        child += child + 1 < runs->n_heap && before(runs, heap[child + 1], heap[child]);
        if (!before(runs, heap[child], moved)) break;
        heap[i] = heap[child];
    }
    heap[i] = moved;
}

toc_status toc_runs_sort(toc_ctx *ctx, toc_runs *runs)
{
    if (!runs->n_runs) return sort_records(ctx, runs);
    TOC_TRY(end_run(ctx, runs));
    toc_free(runs->records);
    toc_free(runs->order);
    runs->records = NULL;
    runs->order = NULL;
    runs->cap = 0;
    TOC_TRY(toc_alloc(ctx, runs->n_runs, sizeof *runs->heap, &runs->heap));
    for (size_t k = 0; k < runs->n_runs; k++) {
        TOC_TRY(toc_alloc(ctx, PART, sizeof(toc_run_record), &runs->runs[k].part));
        TOC_TRY(fill(ctx, runs, &runs->runs[k]));
        runs->heap[runs->n_heap++] = (uint32_t)k;
    }
    for (size_t i = runs->n_heap / 2; i-- > 0;) sink(runs, i);
    return TOC_OK;
}

toc_status toc_runs_next(toc_ctx *ctx, toc_runs *runs, toc_run_record *record, bool *there)
{
    if (!runs->n_runs) {
        *there = runs->at < runs->n;
        fetch(runs, runs->at);
        if (*there) *record = runs->records[runs->order[runs->at++]];
        return TOC_OK;
    }
    *there = runs->n_heap > 0;
    if (!*there) return TOC_OK;
    toc_run *run = &runs->runs[runs->heap[0]];
    *record = run->part[run->next++];
    TOC_TRY(fill(ctx, runs, run));
    if (run->next == run->n) runs->heap[0] = runs->heap[--runs->n_heap];
    if (runs->n_heap) sink(runs, 0);
    return TOC_OK;
}
