/* ctx.c: statuses, messages and memory.
 *
 * Blocks of toc_alloc are 64-byte aligned. Arena blocks double from 64 KiB to 4 MiB; what is larger than half a block gets one of its own behind the
 * head, so the head's rest stays in use. Allocations of one arena by several threads are not supported; those of the context's arena are locked. */
#define _DEFAULT_SOURCE /* madvise */
#include "base/base.h"

#include <errno.h>
#include <pthread.h>
#include <stdarg.h>
#include <sys/mman.h>
#include <unistd.h>

struct toc_arena_block {
    toc_arena_block *next;
    size_t used, size;
};

enum { ALIGN = 64, HEADER = 64, FIRST_BLOCK = 64 << 10, LARGEST_BLOCK = 4 << 20 };

static pthread_mutex_t message_lock = PTHREAD_MUTEX_INITIALIZER;

int toc_exit_code(toc_status status)
{
    static const int codes[] = {
        [TOC_OK] = 0, [TOC_FINDINGS] = 1, [TOC_E_USAGE] = 2, [TOC_E_DATA] = 3, [TOC_E_IO] = 4, [TOC_E_NOMEM] = 4, [TOC_E_BUG] = 5, [TOC_E_BUSY] = 75,
    };
    return status >= 0 && (size_t)status < TOC_COUNT(codes) ? codes[status] : 5;
}

void toc_ctx_init(toc_ctx *ctx)
{
    struct timespec now = {0};

    clock_gettime(CLOCK_REALTIME, &now);
    *ctx = (toc_ctx){ .program = "tocsin", .n_threads = 1, .seed = 1, .allocations_left = -1 };
    ctx->now = (int64_t)now.tv_sec * TOC_SECOND;
}

void toc_ctx_release(toc_ctx *ctx)
{
    if (!ctx) return;
    toc_team_release(ctx->team);
    ctx->team = NULL;
    toc_arena_release(&ctx->arena);
    ctx->zone = NULL;
    ctx->tz_named = false;
}

/* Makes a line safe for a terminal: no control characters but line ends, and no character cut in two where the line was cut. */
static void clean_line(char *text, size_t size)
{
    size_t n = strlen(text);

    if (n == size - 1) {
        while (n && ((unsigned char)text[n - 1] & 0xc0) == 0x80) n--;
        if (n && (unsigned char)text[n - 1] >= 0xc0) n--;
        text[n] = 0;
    }
    for (size_t i = 0; i < n; i++)
        if (((unsigned char)text[i] < 0x20 && text[i] != '\n') || text[i] == 0x7f) text[i] = '?';
}

static void record(toc_ctx *ctx, const char *suffix, const char *fmt, va_list args)
{
    pthread_mutex_lock(&message_lock);
    if (!ctx->message[0]) {
        size_t room = sizeof ctx->message - (suffix ? strlen(suffix) + 2 : 0); /* the reason is never cut off */
        vsnprintf(ctx->message, room, fmt, args);
        clean_line(ctx->message, room);
        size_t n = strlen(ctx->message);
        if (suffix) snprintf(ctx->message + n, sizeof ctx->message - n, ": %s", suffix);
    }
    pthread_mutex_unlock(&message_lock);
}

toc_status toc_fail(toc_ctx *ctx, toc_status status, const char *fmt, ...)
{
    va_list args;

    va_start(args, fmt);
    record(ctx, NULL, fmt, args);
    va_end(args);
    return status;
}

toc_status toc_fail_errno(toc_ctx *ctx, toc_status status, int error, const char *fmt, ...)
{
    va_list args;
    char text[128];

    if (strerror_r(error, text, sizeof text) != 0) snprintf(text, sizeof text, "error %d", error);
    va_start(args, fmt);
    record(ctx, text, fmt, args);
    va_end(args);
    return error == ENOMEM ? TOC_E_NOMEM : status;
}

static void print_line(toc_ctx *ctx, const char *kind, const char *fmt, va_list args)
{
    char line[sizeof ctx->message];

    vsnprintf(line, sizeof line, fmt, args);
    clean_line(line, sizeof line);
    pthread_mutex_lock(&message_lock);
    fprintf(ctx->err ? ctx->err : stderr, "%s%s%s: %s%s\n", ctx->program, ctx->command ? " " : "", ctx->command ? ctx->command : "", kind, line);
    pthread_mutex_unlock(&message_lock);
}

void toc_warn(toc_ctx *ctx, const char *fmt, ...)
{
    va_list args;

    va_start(args, fmt);
    print_line(ctx, "warning: ", fmt, args);
    va_end(args);
}

void toc_note(toc_ctx *ctx, const char *fmt, ...)
{
    va_list args;

    if (ctx->verbose <= 0) return;
    va_start(args, fmt);
    print_line(ctx, "", fmt, args);
    va_end(args);
}

static void put_json(FILE *file, const char *text)
{
    for (; *text; text++) {
        unsigned char c = (unsigned char)*text;
        if (c < 0x20) fprintf(file, "\\u%04x", (unsigned)c);
        else fprintf(file, c == '"' || c == '\\' ? "\\%c" : "%c", c);
    }
}

void toc_trace(toc_ctx *ctx, const char *event, const char *name)
{
    struct timespec at = {0};

    if (!ctx->trace) return;
    clock_gettime(CLOCK_MONOTONIC, &at);
    pthread_mutex_lock(&message_lock);
    fputs("{\"event\":\"", ctx->trace);
    put_json(ctx->trace, event);
    fputs("\",\"name\":\"", ctx->trace);
    put_json(ctx->trace, name);
    fprintf(ctx->trace, "\",\"pid\":%ld,\"t\":%lld.%06ld}\n", (long)getpid(), (long long)at.tv_sec, at.tv_nsec / 1000);
    fflush(ctx->trace);
    pthread_mutex_unlock(&message_lock);
}

_Noreturn void toc_assert_failed(const char *what, const char *file, int line)
{
    fprintf(stderr, "tocsin: bug: %s:%d: not true: %s\n", file, line, what);
    fflush(stderr);
    _exit(5);
}

/* ---- memory ---- */

static toc_status no_memory(toc_ctx *ctx, size_t bytes)
{
    return toc_fail(ctx, TOC_E_NOMEM, "out of memory (%zu bytes wanted)", bytes);
}

/* Fault tests let the n-th allocation fail. */
static bool may_allocate(toc_ctx *ctx)
{
    if (__atomic_load_n(&ctx->allocations_left, __ATOMIC_RELAXED) < 0) return true;
    return __atomic_fetch_sub(&ctx->allocations_left, 1, __ATOMIC_RELAXED) > 0;
}

toc_status toc_mul_size(toc_ctx *ctx, size_t a, size_t b, size_t *product)
{
    size_t result;

    if (__builtin_mul_overflow(a, b, &result)) return no_memory(ctx, SIZE_MAX);
    *product = result;
    return TOC_OK;
}

static toc_status heap(toc_ctx *ctx, size_t bytes, void **memory)
{
    if (!may_allocate(ctx) || bytes > PTRDIFF_MAX - ALIGN) return no_memory(ctx, bytes);
    if (posix_memalign(memory, ALIGN, TOC_MAX(bytes, (size_t)1)) != 0) return no_memory(ctx, bytes);
    return TOC_OK;
}

/* Large blocks are read all over: pages of 2 MiB save most of the look-ups of addresses. Where there are none nothing is lost. */
static void want_huge_pages(void *memory, size_t bytes)
{
#ifdef MADV_HUGEPAGE
    const uintptr_t page = (uintptr_t)2 << 20;
    uintptr_t begin = ((uintptr_t)memory + page - 1) & ~(page - 1), end = ((uintptr_t)memory + bytes) & ~(page - 1);

    if (bytes >= 2 * page && begin < end) (void)madvise((void *)begin, end - begin, MADV_HUGEPAGE);
#else
    (void)memory;
    (void)bytes;
#endif
}

toc_status toc_alloc(toc_ctx *ctx, size_t n, size_t size, void *pointer)
{
    size_t bytes = 0;
    void *memory = NULL;

    TOC_TRY(toc_mul_size(ctx, n, size, &bytes));
    TOC_TRY(heap(ctx, bytes, &memory));
    want_huge_pages(memory, bytes);
    memset(memory, 0, bytes);
    memcpy(pointer, &memory, sizeof memory);
    return TOC_OK;
}

toc_status toc_grow(toc_ctx *ctx, void *pointer, size_t *cap, size_t need, size_t size)
{
    void *memory = NULL;
    size_t grown, bytes = 0;

    if (need <= *cap) return TOC_OK;
    grown = TOC_MAX(need, *cap > SIZE_MAX / 2 ? SIZE_MAX : *cap * 2);
    grown = TOC_MAX(grown, (size_t)8);
    TOC_TRY(toc_mul_size(ctx, grown, size, &bytes));
    if (!may_allocate(ctx) || bytes > PTRDIFF_MAX) return no_memory(ctx, bytes);
    memcpy(&memory, pointer, sizeof memory);
    memory = realloc(memory, TOC_MAX(bytes, (size_t)1)); /* large arrays move by page table, without a copy */
    if (!memory) return no_memory(ctx, bytes);
    want_huge_pages(memory, bytes);
    memcpy(pointer, &memory, sizeof memory);
    *cap = grown;
    return TOC_OK;
}

void toc_free(void *memory)
{
    free(memory);
}

static toc_status add_block(toc_ctx *ctx, toc_arena *arena, size_t bytes)
{
    size_t size = arena->head ? TOC_MIN(arena->head->size * 2, (size_t)LARGEST_BLOCK) : (size_t)FIRST_BLOCK;
    bool own = bytes > size / 2;
    void *memory = NULL;

    if (own) size = bytes;
    if (size > PTRDIFF_MAX - HEADER) return no_memory(ctx, bytes);
    TOC_TRY(heap(ctx, size + HEADER, &memory));
    toc_arena_block *block = memory;
    *block = (toc_arena_block){ .size = size };
    if (own && arena->head) { /* behind the head */
        block->next = arena->head->next;
        arena->head->next = block;
    } else {
        block->next = arena->head;
        arena->head = block;
    }
    return TOC_OK;
}

static char *block_memory(toc_arena_block *block)
{
    return (char *)block + HEADER;
}

static toc_status arena_take(toc_ctx *ctx, toc_arena *arena, size_t bytes, size_t align, char **memory)
{
    toc_arena_block *head = arena->head;

    if (head) {
        size_t start = (head->used + align - 1) & ~(align - 1);
        if (start <= head->size && bytes <= head->size - start) {
            head->used = start + bytes;
            *memory = block_memory(head) + start;
            return TOC_OK;
        }
    }
    TOC_TRY(add_block(ctx, arena, bytes));
    toc_arena_block *block = arena->head != head ? arena->head : head->next;
    block->used = bytes;
    *memory = block_memory(block);
    return TOC_OK;
}

static pthread_mutex_t arena_lock = PTHREAD_MUTEX_INITIALIZER;

/* Workers share the context, so its own arena is locked; other arenas have one owner. */
static toc_status arena_take_locked(toc_ctx *ctx, toc_arena *arena, size_t bytes, size_t align, char **memory)
{
    if (arena != &ctx->arena) return arena_take(ctx, arena, bytes, align, memory);
    pthread_mutex_lock(&arena_lock);
    toc_status st = arena_take(ctx, arena, bytes, align, memory);
    pthread_mutex_unlock(&arena_lock);
    return st;
}

toc_status toc_arena_alloc(toc_ctx *ctx, toc_arena *arena, size_t n, size_t size, void *pointer)
{
    size_t bytes = 0;
    char *memory = NULL;

    TOC_TRY(toc_mul_size(ctx, n, size, &bytes));
    TOC_TRY(arena_take_locked(ctx, arena, bytes, bytes >= ALIGN ? ALIGN : 16, &memory));
    want_huge_pages(memory, bytes);
    memset(memory, 0, bytes);
    memcpy(pointer, &memory, sizeof memory);
    return TOC_OK;
}

toc_status toc_arena_copy(toc_ctx *ctx, toc_arena *arena, const char *text, size_t n, const char **copy)
{
    char *memory;

    if (n == SIZE_MAX) return no_memory(ctx, n);
    TOC_TRY(arena_take_locked(ctx, arena, n + 1, 1, &memory)); /* text lies dense */
    memory[n] = 0;
    if (n) memcpy(memory, text, n);
    *copy = memory;
    return TOC_OK;
}

toc_status toc_arena_printf(toc_ctx *ctx, toc_arena *arena, const char **text, const char *fmt, ...)
{
    va_list args;
    char *memory;

    va_start(args, fmt);
    int n = vsnprintf(NULL, 0, fmt, args);
    va_end(args);
    if (n < 0) return toc_fail(ctx, TOC_E_BUG, "bad format \"%s\"", fmt);
    TOC_TRY(arena_take_locked(ctx, arena, (size_t)n + 1, 1, &memory));
    va_start(args, fmt);
    vsnprintf(memory, (size_t)n + 1, fmt, args);
    va_end(args);
    *text = memory;
    return TOC_OK;
}

void toc_arena_release(toc_arena *arena)
{
    for (toc_arena_block *block = arena->head, *next; block; block = next) {
        next = block->next;
        free(block);
    }
    arena->head = NULL;
}
