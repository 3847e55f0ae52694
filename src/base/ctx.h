/* ctx.h: status codes, the context, messages and memory.
 *
 * Whatever can fail takes a toc_ctx first, returns a toc_status and hands its results out last. The place that knows most
 * writes the one message with toc_fail(); callers pass the status up. */
#ifndef TOC_CTX_H
#define TOC_CTX_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#define TOC_VERSION "0.1.0"

#define TOC_CHECKED __attribute__((warn_unused_result))
#define TOC_PRINTF(fmt, first) __attribute__((format(printf, fmt, first)))

/* What went wrong; main() turns it into the exit code of design.md by toc_exit_code(). */
typedef enum {
    TOC_OK = 0,
    TOC_FINDINGS, /* done, and warnings at or above --fail-on: exit 1 */
    TOC_E_USAGE,  /* options or configuration: exit 2 */
    TOC_E_DATA,   /* input that cannot be used: exit 3 */
    TOC_E_IO,     /* reading or writing failed: exit 4 */
    TOC_E_NOMEM,  /* out of memory: exit 4 */
    TOC_E_BUG,    /* a mistake of ours: exit 5 */
    TOC_E_BUSY,   /* somebody else holds the store: exit 75 */
} toc_status_code;
typedef int toc_status;

/* The process exit code of a status. */
int toc_exit_code(toc_status status);

/* A region that hands out memory and gives all of it back at once. Zero is an empty arena. */
typedef struct toc_arena_block toc_arena_block;
typedef struct {
    toc_arena_block *head;
} toc_arena;

typedef struct toc_team toc_team;
typedef enum { TOC_CPU_BEST, TOC_CPU_AVX2, TOC_CPU_PLAIN } toc_cpu;

/* Everything a call needs from outside: messages, memory, threads, settings. One per process (tests make their own). Workers in
 * toc_parallel() share it; all its functions may be called from several threads. */
typedef struct toc_ctx {
    const char *program;      /* printed before messages: "tocsin" */
    const char *command;      /* name of the running subcommand, or NULL */
    int verbose;              /* -v adds notices; -q (negative) drops them */
    size_t n_threads;         /* at least 1 */
    uint64_t seed;            /* of every random choice */
    int64_t now;              /* microseconds UTC, fixed by TOCSIN_NOW in tests; only for stamps, never for analysis */
    int32_t tz_offset_s;      /* of times without an offset, when tz_named is false; seconds east of UTC */
    bool tz_named;            /* then `zone` decides (set by toc_time_zone) */
    const struct toc_zone *zone; /* offsets of a named zone; lives in the arena */
    toc_cpu cpu;              /* TOCSIN_CPU: which kernels may run */
    bool no_stamp;            /* reports leave out version, arguments and time */
    toc_arena arena;          /* lives as long as the command */
    toc_team *team;           /* its threads, once there is a loop for them */
    FILE *err;                /* where messages go; NULL = stderr */
    FILE *trace;              /* JSON lines of TOCSIN_TRACE, or NULL */
    int64_t allocations_left; /* fault tests: allocations until one fails; negative = never */
    char message[2048];       /* the first failure's message */
} toc_ctx;

/* A context with one thread, UTC, seed 1 and messages to stderr. Never fails. */
void toc_ctx_init(toc_ctx *ctx);
/* Gives back the arena and the threads; accepts a zeroed context. */
void toc_ctx_release(toc_ctx *ctx);

/* Records the message of a failure (the first one wins) and returns `status`. Printed by main(), or read by tests. Here and below, control
 * characters other than line ends become '?', so that what came from a file cannot drive a terminal. */
toc_status toc_fail(toc_ctx *ctx, toc_status status, const char *fmt, ...) TOC_PRINTF(3, 4);
/* As toc_fail for an errno: appends its text; ENOMEM becomes TOC_E_NOMEM. */
toc_status toc_fail_errno(toc_ctx *ctx, toc_status status, int error, const char *fmt, ...) TOC_PRINTF(4, 5);
/* A line on stderr that always shows: "tocsin COMMAND: warning: ...". */
void toc_warn(toc_ctx *ctx, const char *fmt, ...) TOC_PRINTF(2, 3);
/* A line on stderr with -v only. */
void toc_note(toc_ctx *ctx, const char *fmt, ...) TOC_PRINTF(2, 3);
/* One JSON line {"event":..., "name":..., "t":seconds} in the trace file, if any. */
void toc_trace(toc_ctx *ctx, const char *event, const char *name);

#define TOC_TRY(expr) \
    do { \
        toc_status toc_try_status_ = (expr); \
        if (toc_try_status_) return toc_try_status_; \
    } while (0)

/* Stops the process with exit code 5 for a mistake of our own; never for bad data. */
#define TOC_ASSERT(cond) ((cond) ? (void)0 : toc_assert_failed(#cond, __FILE__, __LINE__))
_Noreturn void toc_assert_failed(const char *what, const char *file, int line);

#define TOC_COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define TOC_MIN(a, b) ((a) < (b) ? (a) : (b))
#define TOC_MAX(a, b) ((a) > (b) ? (a) : (b))

/* a * b, or TOC_E_NOMEM where it does not fit. */
TOC_CHECKED toc_status toc_mul_size(toc_ctx *ctx, size_t a, size_t b, size_t *product);

/* n zeroed elements of `size` bytes, 64-byte aligned, owned by the caller, given back by toc_free. *(void **)pointer is set; n = 0
 * gives a valid pointer. `pointer` is the address of a pointer variable. Errors: TOC_E_NOMEM. */
TOC_CHECKED toc_status toc_alloc(toc_ctx *ctx, size_t n, size_t size, void *pointer);
/* Makes room for at least `need` elements in an array of *cap (heap, from toc_grow itself or NULL/0); at least doubles; the new part is
 * not zeroed. Errors: TOC_E_NOMEM, the array as it was. */
TOC_CHECKED toc_status toc_grow(toc_ctx *ctx, void *pointer, size_t *cap, size_t need, size_t size);
/* Gives back memory of toc_alloc or toc_grow; NULL is fine. */
void toc_free(void *memory);

/* n zeroed elements from the arena, 64-byte aligned when n * size >= 64, else 16. Lives until reset or release. */
TOC_CHECKED toc_status toc_arena_alloc(toc_ctx *ctx, toc_arena *arena, size_t n, size_t size, void *pointer);
/* A NUL-terminated copy of n bytes in the arena; not aligned. */
TOC_CHECKED toc_status toc_arena_copy(toc_ctx *ctx, toc_arena *arena, const char *text, size_t n, const char **copy);
/* A formatted, NUL-terminated string in the arena. */
TOC_CHECKED toc_status toc_arena_printf(toc_ctx *ctx, toc_arena *arena, const char **text, const char *fmt, ...) TOC_PRINTF(4, 5);
/* Gives every block back; the arena is empty and usable again. */
void toc_arena_release(toc_arena *arena);

#endif
