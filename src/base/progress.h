/* progress.h: one line on a terminal that tells how far a long run is. Nothing of it reaches a file or a pipe. */
#ifndef TOC_PROGRESS_H
#define TOC_PROGRESS_H

#include "base/ctx.h"

typedef struct {
    bool on;              /* stderr is a terminal, and there is no -q */
    bool drawn;           /* a line is to be seen */
    double begun, next;   /* seconds of the monotonic clock; when the line is due again */
} toc_progress;

/* Starts the clock. */
void toc_progress_begin(const toc_ctx *ctx, toc_progress *progress);
/* Seconds since the beginning. */
double toc_progress_seconds(const toc_progress *progress);
/* Whether a line would be shown now: the first after a second, then two a second. */
bool toc_progress_due(const toc_progress *progress);
/* Replaces the line; share (0 to 1; negative = not known) becomes per cent and time left. */
void toc_progress_show(const toc_ctx *ctx, toc_progress *progress, double share, const char *fmt, ...) TOC_PRINTF(4, 5);
/* Takes the line away; call it before anything else is written to stderr. Accepts a zeroed one. */
void toc_progress_end(toc_progress *progress);

#endif
