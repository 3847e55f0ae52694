/* test_graph_rings.c: rings by shared keys, against a slow reference. */
#include "graph/graph.h"

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

static toc_ctx ctx;

static void a_crowd_joins_nobody(void **state)
{
    gra_use uses[] = { { 0, 1 }, { 1, 1 }, { 1, 2 }, { 2, 2 }, { 3, 9 }, { 4, 9 }, { 5, 9 }, { 6, 9 }, { 4, 9 }, { 6, 5 }, { 7, 5 } };
    gra_rings rings;
    (void)state;

    assert_int_equal(gra_find_rings(&ctx, uses, TOC_COUNT(uses), 9, 3, &rings), TOC_OK);
    assert_int_equal(rings.n_rings, 2);
    assert_int_equal(rings.rings[0].n_members, 3); /* 0 1 2 by keys 1 and 2 */
    assert_int_equal(rings.rings[0].members[2], 2);
    assert_int_equal(rings.rings[0].n_keys, 2);
    assert_int_equal(rings.rings[1].n_members, 2); /* 6 7 by key 5; key 9 is a crowd of four */
    assert_int_equal(rings.rings[1].members[0], 6);
    assert_true(rings.ring_of[3] == UINT32_MAX && rings.ring_of[8] == UINT32_MAX);
    gra_rings_release(&rings);
}

/* Labels spread until nothing changes. */
static void reference(const gra_use *uses, size_t n, size_t n_entities, size_t max_sharers, uint32_t *label)
{
    for (uint32_t i = 0; i < n_entities; i++) label[i] = i;
    for (bool changed = true; changed;) {
        changed = false;
        for (size_t a = 0; a < n; a++) {
            bool seen[64] = {0};
            size_t sharers = 0;
            for (size_t b = 0; b < n; b++)
                if (uses[b].key == uses[a].key && !seen[uses[b].entity]) seen[uses[b].entity] = ++sharers;
            for (size_t b = 0; b < n && sharers <= max_sharers; b++) {
                if (uses[b].key != uses[a].key || label[uses[b].entity] <= label[uses[a].entity]) continue;
                label[uses[b].entity] = label[uses[a].entity];
                changed = true;
            }
        }
    }
}

static void random_graphs_agree_with_the_reference(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= 50; seed++) {
        toc_rng rng = toc_rng_new(seed, 0);
        gra_use uses[120], copy[120];
        uint32_t label[64];
        gra_rings rings;
        for (size_t i = 0; i < 120; i++) uses[i] = (gra_use){ (uint32_t)toc_rng_below(&rng, 64), toc_rng_below(&rng, 60) };
        memcpy(copy, uses, sizeof uses);
        reference(copy, 120, 64, 3, label);
        assert_int_equal(gra_find_rings(&ctx, uses, 120, 64, 3, &rings), TOC_OK);
        for (uint32_t a = 0; a < 64; a++)
            for (uint32_t b = a + 1; b < 64; b++) {
                bool together = rings.ring_of[a] != UINT32_MAX && rings.ring_of[a] == rings.ring_of[b];
                if (together != (label[a] == label[b])) fail_msg("seed %llu: %u and %u", (unsigned long long)seed, a, b);
            }
        gra_rings_release(&rings);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(a_crowd_joins_nobody), cmocka_unit_test(random_graphs_agree_with_the_reference) };
    toc_ctx_init(&ctx);
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    toc_ctx_release(&ctx);
    return failed;
}
