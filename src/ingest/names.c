/* names.c: which rows of a file have the same name, in 8 bytes a row.
 *
 * A slot holds 32 bits of the name's hash and the row. Where those bits agree the whole hash is looked up beside the row's text (csv.c), which is rare
 * but for names that do come again. The table is in parts that grow one by one, so that growing never needs much more room than the table has. */
#include "ingest/ingest_int.h"

enum { AHEAD = 24 };

toc_status ing_names_init(toc_ctx *ctx, ing_names *names, size_t first_row, size_t expected)
{
    size_t cap = TOC_MIN(expected / ING_NAME_PARTS / 3 * 4 + 64, (size_t)UINT32_MAX / 2);

    *names = (ing_names){ .first_row = first_row };
    for (size_t k = 0; k < ING_NAME_PARTS; k++) {
        TOC_TRY(toc_alloc(ctx, cap, sizeof *names->parts[k].slots, &names->parts[k].slots));
        names->parts[k].cap = (uint32_t)cap;
    }
    return TOC_OK;
}

void ing_names_release(ing_names *names)
{
    for (size_t k = 0; k < ING_NAME_PARTS; k++) toc_free(names->parts[k].slots);
    toc_map_release(&names->counts);
    toc_map_release(&names->variants);
    *names = (ing_names){0};
}

static inline ing_name_part *part_of(ing_names *names, uint64_t name)
{
    return &names->parts[name >> 61];
}

static inline uint32_t tag_of(uint64_t name)
{
    return (uint32_t)(name >> 29);
}

/* Tags keep their order in the slots, whatever the capacity. */
static inline size_t slot_of(const ing_name_part *part, uint32_t tag)
{
    return (size_t)((uint64_t)tag * part->cap >> 32);
}

static inline size_t after(const ing_name_part *part, size_t slot)
{
    return slot + 1 < part->cap ? slot + 1 : 0;
}

static toc_status grow(toc_ctx *ctx, ing_name_part *part)
{
    ing_name_part grown = { .n = part->n, .cap = (uint32_t)(part->cap + part->cap / 4) };

    TOC_TRY(toc_alloc(ctx, grown.cap, sizeof *grown.slots, &grown.slots));
    for (size_t i = 0; i < part->cap; i++) {
        if (!part->slots[i]) continue;
        size_t slot = slot_of(&grown, (uint32_t)(part->slots[i] >> 32));
        while (grown.slots[slot]) slot = after(&grown, slot);
        grown.slots[slot] = part->slots[i];
    }
    toc_free(part->slots);
    *part = grown;
    return TOC_OK;
}

/* Loads the slots of rows to come, one right after the other, so that the waits for memory are one. Prefetching was tried: it is left undone where an
 * address takes a walk through page tables. */
static void fetch(ing_names *names, size_t from)
{
    const size_t end = TOC_MIN(from + AHEAD, names->n_keys);
    uint64_t sum = 0;

    for (size_t i = from; i < end; i++) {
        const ing_name_part *part = part_of(names, names->keys[i].name);
        sum += part->slots[slot_of(part, tag_of(names->keys[i].name))];
    }
    names->loaded = sum;
}

void ing_names_begin(ing_names *names, const ing_row_key *keys, size_t n)
{
    names->keys = keys;
    names->n_keys = n;
}

/* The key of an earlier row, of this batch or put aside. */
static toc_status key_of(toc_ctx *ctx, const ing_names *names, ing_csv *csv, size_t row, ing_row_key *key)
{
    if (row < csv->n_rows) return ing_csv_key(ctx, csv, row, key);
    *key = names->keys[row - csv->n_rows];
    return TOC_OK;
}

/* Whether a row's cells equal those of an earlier row of its name. */
static toc_status compare(toc_ctx *ctx, ing_names *names, const ing_row_key *key, const ing_row_key *first, bool *equal)
{
    uint64_t *value;
    bool fresh;

    *equal = key->cells == first->cells;
    if (*equal) return TOC_OK;
    TOC_TRY(toc_map_at(ctx, &names->variants, toc_mix(key->cells ^ toc_mix(key->name)), &value, &fresh));
    *equal = !fresh;
    return TOC_OK;
}

toc_status ing_names_add(toc_ctx *ctx, ing_names *names, ing_csv *csv, size_t i, size_t kept, ing_named *named)
{
    const ing_row_key *key = &names->keys[i];
    ing_name_part *part = part_of(names, key->name);
    uint32_t tag = tag_of(key->name);

    if (i % AHEAD == 0) fetch(names, i);
    *named = (ing_named){ .k = 1 };
    if ((uint64_t)(part->n + 1) * 5 > (uint64_t)part->cap * 4) TOC_TRY(grow(ctx, part));
    size_t slot = slot_of(part, tag);
    for (; part->slots[slot]; slot = after(part, slot)) {
        ing_row_key first;
        if ((uint32_t)(part->slots[slot] >> 32) != tag) continue;
        TOC_TRY(key_of(ctx, names, csv, names->first_row + (uint32_t)part->slots[slot] - 1, &first));
        if (first.name != key->name) continue;
        TOC_TRY(compare(ctx, names, key, &first, &named->equal));
        TOC_TRY(toc_map_at(ctx, &names->counts, key->name, &named->again, NULL));
        named->k = *named->again + 2;
        return TOC_OK;
    }
    size_t row = csv->n_rows + kept - names->first_row;
    if (row >= UINT32_MAX - 1) return toc_fail(ctx, TOC_E_DATA, "more than 4 billion rows in a file: split it");
    part->slots[slot] = (uint64_t)tag << 32 | (row + 1);
    part->n++;
    return TOC_OK;
}
