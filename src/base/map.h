/* map.h: a hash map from 64-bit keys to 64-bit values, and an intern pool of strings. */
#ifndef TOC_MAP_H
#define TOC_MAP_H

#include "base/str.h"

/* Open addressing over (key, value) pairs. Zero is an empty map; owned by the caller. Iteration order must not reach any output. */
typedef struct {
    uint64_t *keys;
    uint64_t *values;
    uint8_t *used;
    size_t n, cap;
} toc_map;

/* The value slot of a key, made with value 0 when new (*fresh true; fresh may be NULL). Valid until the next toc_map_at. */
TOC_CHECKED toc_status toc_map_at(toc_ctx *ctx, toc_map *map, uint64_t key, uint64_t **value, bool *fresh);
/* The value slot of a key, or NULL. */
uint64_t *toc_map_find(const toc_map *map, uint64_t key);
void toc_map_release(toc_map *map);
/* Two 32-bit codes as one key. */
static inline uint64_t toc_pair(uint32_t high, uint32_t low) { return (uint64_t)high << 32 | low; }

/* Strings numbered 0, 1, 2 ... in order of first appearance. Code 0 is always the empty string and means "missing". Zero-initialised is
 * a pool that holds only that. Strings are NUL-terminated and never move. */
typedef struct {
    uint64_t *slots;      /* hash in the upper half, code + 1 in the lower; 0 = free */
    const char **texts;
    uint32_t *lengths;
    size_t n, cap, n_slots;
    toc_arena arena;
} toc_pool;

/* The code of a string, new where unknown. Errors: TOC_E_NOMEM; TOC_E_DATA above 4 billion strings or 4 GiB in one. */
TOC_CHECKED toc_status toc_pool_intern(toc_ctx *ctx, toc_pool *pool, toc_str text, uint32_t *code);
/* A code for a string that is not in the pool, without looking: toc_pool_find and toc_pool_intern need not know it. For lists of many that only want to be
 * written. Errors as above. */
TOC_CHECKED toc_status toc_pool_append(toc_ctx *ctx, toc_pool *pool, toc_str text, uint32_t *code);
/* The code of a known string; false (and 0) where unknown. */
bool toc_pool_find(const toc_pool *pool, toc_str text, uint32_t *code);
/* Text and slice of a code; "" for 0 and for codes that do not exist. */
static inline const char *toc_pool_text(const toc_pool *pool, uint32_t code) { return code < pool->n ? pool->texts[code] : ""; }
static inline toc_str toc_pool_str(const toc_pool *pool, uint32_t code)
{
    return code < pool->n ? (toc_str){ pool->texts[code], pool->lengths[code] } : (toc_str){ "", 0 };
}
/* How many codes there are, the empty string included: codes are < this. */
size_t toc_pool_size(const toc_pool *pool);
/* rank (size n = toc_pool_size, caller's memory): place of each code's text in byte order, so that output order never depends on the
 * order of appearance. */
TOC_CHECKED toc_status toc_pool_rank(toc_ctx *ctx, const toc_pool *pool, uint32_t *rank);
/* Empties it; the memory of its tables stays. */
void toc_pool_reset(toc_pool *pool);
void toc_pool_release(toc_pool *pool);

#endif
