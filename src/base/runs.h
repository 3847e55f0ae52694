/* runs.h: sorting more records than memory holds: sorted runs put aside (spool.h), then merged. */
#ifndef TOC_RUNS_H
#define TOC_RUNS_H

#include "base/spool.h"

typedef struct {
    uint64_t key, value[2];
} toc_run_record;

typedef struct toc_run toc_run;

/* Legal order: init, any number of adds, sort, next until there is none, release. */
typedef struct {
    size_t most;               /* records in memory at a time */
    toc_run_record *records;   /* not put aside yet */
    uint32_t *order;           /* their order, when all are in memory */
    size_t n, cap, at;
    toc_spool spool;           /* run after run */
    toc_run *runs;
    size_t n_runs, cap_runs;
    uint32_t *heap;            /* runs with a record left, the one with the least key first */
    size_t n_heap;
} toc_runs;

/* Some 45 bytes for each of `most` records (1 to 2^31) while adding, 256 KiB a run while merging. Nothing can fail yet. */
void toc_runs_init(toc_runs *runs, size_t most);
/* Errors: as toc_spool_add. */
TOC_CHECKED toc_status toc_runs_add(toc_ctx *ctx, toc_runs *runs, toc_run_record record);
TOC_CHECKED toc_status toc_runs_sort(toc_ctx *ctx, toc_runs *runs);
/* The next record by key, those of equal keys in the order they were added; *there is false behind the last. */
TOC_CHECKED toc_status toc_runs_next(toc_ctx *ctx, toc_runs *runs, toc_run_record *record, bool *there);
/* Accepts a zeroed one. */
void toc_runs_release(toc_runs *runs);

#endif
