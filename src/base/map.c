/* map.c: the integer map and the intern pool. Both are open-addressed with linear probing, at most 70 % full. */
#include "base/base.h"

static size_t map_slot(const toc_map *map, uint64_t key)
{
    size_t mask = map->cap - 1, i = (size_t)toc_mix(key) & mask;

    while (map->used[i] && map->keys[i] != key) i = (i + 1) & mask;
    return i;
}

static toc_status map_grow(toc_ctx *ctx, toc_map *map)
{
    toc_map grown = { .cap = map->cap ? map->cap * 2 : 64, .n = map->n };
    toc_status st = TOC_OK;

    if ((st = toc_alloc(ctx, grown.cap, sizeof *grown.keys, &grown.keys))) goto fail;
    if ((st = toc_alloc(ctx, grown.cap, sizeof *grown.values, &grown.values))) goto fail;
    if ((st = toc_alloc(ctx, grown.cap, 1, &grown.used))) goto fail;
    for (size_t i = 0; i < map->cap; i++) {
        if (!map->used[i]) continue;
        size_t slot = map_slot(&grown, map->keys[i]);
        grown.keys[slot] = map->keys[i];
        grown.values[slot] = map->values[i];
        grown.used[slot] = 1;
    }
    toc_map_release(map);
    *map = grown;
    return TOC_OK;
fail:
    toc_map_release(&grown);
    return st;
}

toc_status toc_map_at(toc_ctx *ctx, toc_map *map, uint64_t key, uint64_t **value, bool *fresh)
{
    if ((map->n + 1) * 10 > map->cap * 7) TOC_TRY(map_grow(ctx, map));
    size_t slot = map_slot(map, key);
    if (fresh) *fresh = !map->used[slot];
    if (!map->used[slot]) {
        map->used[slot] = 1;
        map->keys[slot] = key;
        map->values[slot] = 0;
        map->n++;
    }
    *value = &map->values[slot];
    return TOC_OK;
}

uint64_t *toc_map_find(const toc_map *map, uint64_t key)
{
    if (!map->cap) return NULL;
    size_t slot = map_slot(map, key);
    return map->used[slot] ? &map->values[slot] : NULL;
}

void toc_map_release(toc_map *map)
{
    toc_free(map->keys);
    toc_free(map->values);
    toc_free(map->used);
    *map = (toc_map){0};
}

/* ---- intern pool ---- */

/* The slot of a text: the one that holds it, or the free one where it belongs. A slot has the hash beside the code, so that a search touches the
 * text itself only to confirm. */
static size_t pool_slot(const toc_pool *pool, toc_str text, uint32_t hash)
{
    size_t mask = pool->n_slots - 1, i = hash & mask;

    for (; pool->slots[i]; i = (i + 1) & mask) {
        uint32_t code = (uint32_t)pool->slots[i] - 1;
        if (pool->slots[i] >> 32 == hash && pool->lengths[code] == text.n && memcmp(pool->texts[code], text.p, text.n) == 0) break;
    }
    return i;
}

static uint32_t pool_hash(toc_str text)
{
    return (uint32_t)(toc_str_hash(text) >> 32);
}

static toc_status pool_rehash(toc_ctx *ctx, toc_pool *pool)
{
    size_t n_slots = pool->n_slots ? pool->n_slots * 2 : 64, mask = n_slots - 1;
    uint64_t *slots;

    TOC_TRY(toc_alloc(ctx, n_slots, sizeof *slots, &slots));
    for (size_t old = 0; old < pool->n_slots; old++) {
        if (!pool->slots[old]) continue;
        size_t i = (size_t)(pool->slots[old] >> 32) & mask;
        while (slots[i]) i = (i + 1) & mask;
        slots[i] = pool->slots[old];
    }
    toc_free(pool->slots);
    pool->slots = slots;
    pool->n_slots = n_slots;
    return TOC_OK;
}

/* Room for one more code in the two arrays, whose capacities move together. */
static toc_status pool_reserve(toc_ctx *ctx, toc_pool *pool)
{
    size_t need = TOC_MAX(pool->n, (size_t)1) + 1, cap;

    if (need <= pool->cap) return TOC_OK;
    cap = pool->cap;
    TOC_TRY(toc_grow(ctx, &pool->texts, &cap, need, sizeof *pool->texts));
    cap = pool->cap;
    TOC_TRY(toc_grow(ctx, &pool->lengths, &cap, need, sizeof *pool->lengths));
    pool->cap = cap;
    if (!pool->n) { /* code 0 */
        pool->texts[0] = "";
        pool->lengths[0] = 0;
        pool->n = 1;
    }
    return TOC_OK;
}

toc_status toc_pool_append(toc_ctx *ctx, toc_pool *pool, toc_str text, uint32_t *code)
{
    const char *copy;

    TOC_TRY(pool_reserve(ctx, pool));
    if (text.n >= UINT32_MAX) return toc_fail(ctx, TOC_E_DATA, "a text of %zu bytes is too long", text.n);
    if (pool->n >= UINT32_MAX - 1) return toc_fail(ctx, TOC_E_DATA, "more than 4 billion different texts");
    TOC_TRY(toc_arena_copy(ctx, &pool->arena, text.p, text.n, &copy));
    pool->texts[pool->n] = copy;
    pool->lengths[pool->n] = (uint32_t)text.n;
    *code = (uint32_t)pool->n++;
    return TOC_OK;
}

toc_status toc_pool_intern(toc_ctx *ctx, toc_pool *pool, toc_str text, uint32_t *code)
{
    if (!text.n) {
        *code = 0;
        return TOC_OK;
    }
    if (text.n >= UINT32_MAX) return toc_fail(ctx, TOC_E_DATA, "a text of %zu bytes is too long", text.n);
    TOC_TRY(pool_reserve(ctx, pool));
    if ((pool->n + 1) * 10 > pool->n_slots * 7) TOC_TRY(pool_rehash(ctx, pool));
    uint32_t hash = pool_hash(text);
    size_t slot = pool_slot(pool, text, hash);
    if (!pool->slots[slot]) {
        TOC_TRY(toc_pool_append(ctx, pool, text, code));
        pool->slots[slot] = toc_pair(hash, *code + 1);
    }
    *code = (uint32_t)pool->slots[slot] - 1;
    return TOC_OK;
}

bool toc_pool_find(const toc_pool *pool, toc_str text, uint32_t *code)
{
    *code = 0;
    if (!text.n) return true;
    if (!pool->n_slots) return false;
    size_t slot = pool_slot(pool, text, pool_hash(text));
    if (!pool->slots[slot]) return false;
    *code = (uint32_t)pool->slots[slot] - 1;
    return true;
}

size_t toc_pool_size(const toc_pool *pool)
{
    return TOC_MAX(pool->n, (size_t)1);
}

static int compare_codes(const void *a, const void *b, const void *arg)
{
    const uint32_t *x = a, *y = b;
    return toc_str_cmp(toc_pool_str(arg, *x), toc_pool_str(arg, *y));
}

/* How many bytes all texts but the empty one begin with. */
static size_t common_front(const toc_pool *pool, size_t n)
{
    toc_str first = n > 1 ? toc_pool_str(pool, 1) : (toc_str){ "", 0 };
    size_t common = first.n;

    for (size_t i = 2; i < n; i++) {
        toc_str text = toc_pool_str(pool, (uint32_t)i);
        size_t k = 0;
        while (k < common && k < text.n && text.p[k] == first.p[k]) k++;
        common = k;
    }
    return common;
}

/* Eight bytes as a number that sorts as they do; zeros behind the end. */
static uint64_t bytes_from(toc_str text, size_t from)
{
    uint64_t word = 0;

    for (size_t k = 0; k < 8; k++) word = word << 8 | (from + k < text.n ? (unsigned char)text.p[from + k] : 0u);
    return word;
}

/* By eight bytes behind those that all have in common, and where these are equal by all of it. */
static toc_status sort_codes(toc_ctx *ctx, const toc_pool *pool, uint64_t *keys, uint32_t *codes, size_t n)
{
    size_t front = common_front(pool, n);

    for (size_t i = 0; i < n; i++) keys[i] = bytes_from(toc_pool_str(pool, (uint32_t)i), front);
    TOC_TRY(toc_sort_u64(ctx, keys, n, false, codes));
    for (size_t i = 0, end; i < n; i = end) {
        for (end = i + 1; end < n && keys[codes[end]] == keys[codes[i]]; end++) continue;
        if (end > i + 1) TOC_TRY(toc_sort(ctx, codes + i, end - i, sizeof *codes, compare_codes, pool));
    }
    return TOC_OK;
}

toc_status toc_pool_rank(toc_ctx *ctx, const toc_pool *pool, uint32_t *rank)
{
    size_t n = toc_pool_size(pool);
    uint64_t *keys = NULL;
    uint32_t *codes = NULL;
    toc_status st;

    if ((st = toc_alloc(ctx, n, sizeof *keys, &keys))) goto out;
    if ((st = toc_alloc(ctx, n, sizeof *codes, &codes))) goto out;
    st = sort_codes(ctx, pool, keys, codes, n);
    for (size_t i = 0; i < n && !st; i++) rank[codes[i]] = (uint32_t)i;
out:
    toc_free(keys);
    toc_free(codes);
    return st;
}

void toc_pool_reset(toc_pool *pool)
{
    if (pool->n_slots) memset(pool->slots, 0, pool->n_slots * sizeof *pool->slots);
    if (pool->n) pool->n = 1;
    toc_arena_release(&pool->arena);
}

void toc_pool_release(toc_pool *pool)
{
    if (!pool) return;
    toc_free(pool->slots);
    toc_free(pool->texts);
    toc_free(pool->lengths);
    toc_arena_release(&pool->arena);
    *pool = (toc_pool){0};
}
