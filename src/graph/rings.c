/* rings.c: union-find over shared keys. */
#include "graph/graph.h"

static int compare_uses(const void *a, const void *b, const void *arg)
{
    const gra_use *x = a, *y = b;
    (void)arg;
    if (x->key != y->key) return x->key < y->key ? -1 : 1;
    return (x->entity > y->entity) - (x->entity < y->entity);
}

static uint32_t find(uint32_t *parent, uint32_t i)
{
    while (parent[i] != i) i = parent[i] = parent[parent[i]];
    return i;
}

/* The smaller index becomes the root, so the result does not depend on the order of uses. */
static void join(uint32_t *parent, uint32_t a, uint32_t b)
{
    a = find(parent, a);
    b = find(parent, b);
    if (a < b) parent[b] = a;
    else parent[a] = b;
}

/* Drops repeats; uses stays sorted by key, then entity. */
static size_t unique_uses(gra_use *uses, size_t n)
{
    size_t kept = 0;

    for (size_t i = 0; i < n; i++)
        if (!i || uses[i].key != uses[kept - 1].key || uses[i].entity != uses[kept - 1].entity) uses[kept++] = uses[i];
    return kept;
}

/* Calls of joining keys, one run of equal keys each: [first, end). */
static size_t run_end(const gra_use *uses, size_t n, size_t first)
{
    size_t end = first + 1;
    while (end < n && uses[end].key == uses[first].key) end++;
    return end;
}

static bool joins(size_t n_sharers, size_t max_sharers)
{
    return n_sharers >= 2 && n_sharers <= max_sharers;
}

/* Sizes of rings by root, then the rings numbered by root. */
static toc_status number_rings(toc_ctx *ctx, uint32_t *parent, size_t n, gra_rings *rings, uint32_t *size)
{
    for (size_t i = 0; i < n; i++) size[find(parent, (uint32_t)i)]++;
    for (size_t i = 0; i < n; i++) rings->n_rings += size[i] >= 2;
    TOC_TRY(toc_arena_alloc(ctx, &rings->arena, rings->n_rings, sizeof *rings->rings, &rings->rings));
    uint32_t next = 0;
    for (size_t i = 0; i < n; i++) {
        if (size[i] < 2) continue;
        gra_ring *ring = &rings->rings[next];
        TOC_TRY(toc_arena_alloc(ctx, &rings->arena, size[i], sizeof *ring->members, &ring->members));
        rings->ring_of[i] = next++; /* roots first */
    }
    for (size_t i = 0; i < n; i++) {
        uint32_t root = find(parent, (uint32_t)i);
        if (size[root] < 2) continue;
        gra_ring *ring = &rings->rings[rings->ring_of[root]];
        ring->members[ring->n_members++] = (uint32_t)i;
        rings->ring_of[i] = rings->ring_of[root];
    }
    return TOC_OK;
}

static toc_status list_keys(toc_ctx *ctx, const gra_use *uses, size_t n, size_t max_sharers, gra_rings *rings)
{
    for (int pass = 0; pass < 2; pass++) { /* count, then fill */
        for (size_t i = 0; i < n;) {
            size_t end = run_end(uses, n, i);
            if (joins(end - i, max_sharers)) {
                gra_ring *ring = &rings->rings[rings->ring_of[uses[i].entity]];
                if (pass) ring->keys[ring->n_keys] = uses[i].key;
                ring->n_keys++;
            }
            i = end;
        }
        for (size_t r = 0; r < rings->n_rings && !pass; r++) {
            TOC_TRY(toc_arena_alloc(ctx, &rings->arena, rings->rings[r].n_keys, sizeof *rings->rings[r].keys, &rings->rings[r].keys));
            rings->rings[r].n_keys = 0;
        }
    }
    return TOC_OK;
}

static int compare_rings(const void *a, const void *b, const void *arg)
{
    const gra_ring *x = a, *y = b;
    (void)arg;
    if (x->n_members != y->n_members) return x->n_members < y->n_members ? 1 : -1;
    return (x->members[0] > y->members[0]) - (x->members[0] < y->members[0]);
}

toc_status gra_find_rings(toc_ctx *ctx, gra_use *uses, size_t n_uses, size_t n_entities, size_t max_sharers, gra_rings *rings)
{
    uint32_t *parent = NULL, *size = NULL;
    toc_status st = TOC_OK;

    *rings = (gra_rings){0};
    if ((st = toc_alloc(ctx, n_entities, sizeof *parent, &parent))) goto out;
    if ((st = toc_alloc(ctx, n_entities, sizeof *size, &size))) goto out;
    if ((st = toc_arena_alloc(ctx, &rings->arena, n_entities, sizeof *rings->ring_of, &rings->ring_of))) goto out;
    for (size_t i = 0; i < n_entities; i++) {
        parent[i] = (uint32_t)i;
        rings->ring_of[i] = UINT32_MAX;
    }
    if ((st = toc_sort(ctx, uses, n_uses, sizeof *uses, compare_uses, NULL))) goto out;
    n_uses = unique_uses(uses, n_uses);
    for (size_t i = 0; i < n_uses;) {
        size_t end = run_end(uses, n_uses, i);
        for (size_t k = i + 1; k < end && joins(end - i, max_sharers); k++) join(parent, uses[i].entity, uses[k].entity);
        i = end;
    }
    if ((st = number_rings(ctx, parent, n_entities, rings, size))) goto out;
    if ((st = list_keys(ctx, uses, n_uses, max_sharers, rings))) goto out;
    if ((st = toc_sort(ctx, rings->rings, rings->n_rings, sizeof *rings->rings, compare_rings, NULL))) goto out;
    for (size_t r = 0; r < rings->n_rings; r++)
        for (size_t m = 0; m < rings->rings[r].n_members; m++) rings->ring_of[rings->rings[r].members[m]] = (uint32_t)r;
out:
    toc_free(parent);
    toc_free(size);
    if (st) gra_rings_release(rings);
    return st;
}

void gra_rings_release(gra_rings *rings)
{
    if (!rings) return;
    toc_arena_release(&rings->arena);
    *rings = (gra_rings){0};
}
