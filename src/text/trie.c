/* trie.c: tokens by their bytes, so that the longest at the front of a text is found in one walk. */
#include "text/text_int.h"

enum { MOST_NODES = 1 << 27 };

static toc_status grow(toc_ctx *ctx, txt_trie *trie)
{
    txt_trie grown = { .n_slots = TOC_MAX(trie->n_slots * 2, (size_t)256) };

    TOC_TRY(toc_alloc(ctx, grown.n_slots, sizeof *grown.slots, &grown.slots));
    for (size_t i = 0; i < trie->n_slots; i++) {
        uint64_t slot = trie->slots[i], key = slot >> 28;
        if (slot) grown.slots[txt_trie_place(&grown, key)] = slot;
    }
    toc_free(trie->slots);
    trie->slots = grown.slots;
    trie->n_slots = grown.n_slots;
    return TOC_OK;
}

toc_status txt_trie_add(toc_ctx *ctx, txt_trie *trie, toc_str token, uint32_t id)
{
    uint64_t *slot = NULL;
    uint32_t node = 0;

    if (!token.n) return TOC_OK;
    for (size_t i = 0; i < token.n; i++) {
        if (2 * (trie->n_nodes + 1) > trie->n_slots) TOC_TRY(grow(ctx, trie));
        uint64_t key = (uint64_t)node << 8 | (unsigned char)token.p[i];
        slot = &trie->slots[txt_trie_place(trie, key)];
        if (!*slot) {
            if (trie->n_nodes >= MOST_NODES - 1) return toc_fail(ctx, TOC_E_DATA, "a vocabulary of more than %d characters", MOST_NODES);
            *slot = key << 28 | ++trie->n_nodes;
        }
        node = txt_trie_node(*slot);
    }
    TOC_TRY(toc_grow(ctx, &trie->ids, &trie->cap_ids, (size_t)node + 1, sizeof *trie->ids));
    *slot |= UINT64_C(1) << 27;
    trie->ids[node] = id;
    return TOC_OK;
}

void txt_trie_release(txt_trie *trie)
{
    toc_free(trie->slots);
    toc_free(trie->ids);
    *trie = (txt_trie){0};
}

bool txt_trie_walk(const txt_trie *trie, toc_str text, uint32_t *node, bool *ends)
{
    uint64_t slot = 0;

    *node = 0;
    if (!trie->n_slots) return false;
    for (size_t i = 0; i < text.n; i++) {
        slot = txt_trie_step(trie, *node, (unsigned char)text.p[i]);
        if (!slot) return false;
        *node = txt_trie_node(slot);
    }
    if (ends) *ends = txt_trie_ends(slot);
    return true;
}

bool txt_trie_find(const txt_trie *trie, toc_str token, uint32_t *id)
{
    uint32_t node;
    bool ends;

    if (!token.n || !txt_trie_walk(trie, token, &node, &ends) || !ends) return false;
    *id = trie->ids[node];
    return true;
}

toc_status txt_trie_behind(toc_ctx *ctx, const txt_trie *trie, uint32_t node, bool *found)
{
    uint64_t *step_to; /* the slot that leads to each node; a node has a larger number than the one before it */

    TOC_TRY(toc_alloc(ctx, trie->n_nodes + 1, sizeof *step_to, &step_to));
    for (size_t i = 0; i < trie->n_slots; i++)
        if (trie->slots[i]) step_to[txt_trie_node(trie->slots[i])] = trie->slots[i];
    for (size_t i = 1; i <= trie->n_nodes; i++) {
        size_t before = (size_t)(step_to[i] >> 36);
        bool ends = txt_trie_ends(step_to[i]);
        /* From here on, a slot is only whether its node is behind the one asked for. */
        step_to[i] = before == node || (before > node && step_to[before]);
        if (step_to[i] && ends) found[trie->ids[i]] = true;
    }
    toc_free(step_to);
    return TOC_OK;
}
