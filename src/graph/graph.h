/* graph.h: who hangs together by shared keys (devices, addresses, payment keys ...). */
#ifndef GRA_GRAPH_H
#define GRA_GRAPH_H

#include "base/base.h"

/* Member `entity` was seen with key `key`; keys of different kinds must not collide (use toc_pair(kind, code)). */
typedef struct {
    uint32_t entity;
    uint64_t key;
} gra_use;

/* One ring: the entities that shared keys join. */
typedef struct {
    uint32_t *members; /* ascending */
    size_t n_members;
    uint64_t *keys;    /* the shared keys that join them, ascending */
    size_t n_keys;
} gra_ring;

typedef struct {
    gra_ring *rings; /* largest first, then by first member */
    size_t n_rings;
    uint32_t *ring_of; /* per entity (n_entities): index of its ring, or UINT32_MAX */
    toc_arena arena;
} gra_rings;

/* Components of the graph in which two entities are joined when they share a key that at most `max_sharers` entities use: what a crowd
 * shares (a café's address) says nothing about any two of them. uses is sorted in place. Rings have at least two members.
 * Union-find with path halving, O(n log n) for the sort. Errors: TOC_E_NOMEM. */
TOC_CHECKED toc_status gra_find_rings(toc_ctx *ctx, gra_use *uses, size_t n_uses, size_t n_entities, size_t max_sharers, gra_rings *rings);
void gra_rings_release(gra_rings *rings);

#endif
