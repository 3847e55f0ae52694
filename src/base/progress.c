/* progress.c: a line that is drawn over itself. */
#include "base/base.h"

#include <stdarg.h>
#include <unistd.h>

static double seconds(void)
{
    struct timespec at = {0};

    clock_gettime(CLOCK_MONOTONIC, &at);
    return (double)at.tv_sec + (double)at.tv_nsec * 1e-9;
}

void toc_progress_begin(const toc_ctx *ctx, toc_progress *p)
{
    const char *terminal = getenv("TERM");

    *p = (toc_progress){ .on = ctx->verbose >= 0 && !ctx->err && isatty(STDERR_FILENO) && !(terminal && strcmp(terminal, "dumb") == 0), .begun = seconds() };
    p->next = p->begun + 1;
}

double toc_progress_seconds(const toc_progress *p)
{
    return seconds() - p->begun;
}

bool toc_progress_due(const toc_progress *p)
{
    return p->on && seconds() >= p->next;
}

static void put_left(char *text, size_t size, double left)
{
    if (left < 90) snprintf(text, size, "%.0f s left", left);
    else if (left < 5400) snprintf(text, size, "%.0f min left", left / 60);
    else snprintf(text, size, "%.1f h left", left / 3600);
}

void toc_progress_show(const toc_ctx *ctx, toc_progress *p, double share, const char *fmt, ...)
{
    char line[200], left[60] = "";
    va_list args;

    if (!p->on) return;
    va_start(args, fmt);
    vsnprintf(line, sizeof line, fmt, args);
    va_end(args);
    if (share > 0 && share < 1) put_left(left, sizeof left, toc_progress_seconds(p) * (1 - share) / share);
    /* back to the start of the line, then the line is cleared to its end */
    if (share >= 0) fprintf(stderr, "\r%s %s: %s, %.0f %%%s%s\033[K", ctx->program, ctx->command ? ctx->command : "", line, 100 * share, *left ? ", " : "", left);
    else fprintf(stderr, "\r%s %s: %s\033[K", ctx->program, ctx->command ? ctx->command : "", line);
    fflush(stderr);
    p->drawn = true;
    p->next = seconds() + 0.5;
}

void toc_progress_end(toc_progress *p)
{
    if (p->drawn) fputs("\r\033[K", stderr);
    p->drawn = p->on = false;
}
