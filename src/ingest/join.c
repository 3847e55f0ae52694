/* join.c: a file held as a table, found by key from the records of another file. */
#include "ingest/ingest_int.h"

toc_status ing_side_load(toc_ctx *ctx, const char *path, const ing_map *map, const char *key, const ing_options *options, ing_side *side)
{
    /* the file is read once more for its own rows, and what is refused is told then */
    const rd_options reading = { .encoding = options ? options->encoding : NULL, .skip_faults = true };

    side->map = map;
    side->path = path;
    TOC_TRY(rd_read_table(ctx, path, &reading, &side->table));
    TOC_TRY(toc_arena_alloc(ctx, &ctx->arena, side->table.n_cols, sizeof *side->folded, &side->folded));
    for (size_t j = 0; j < side->table.n_cols; j++) {
        TOC_TRY(ing_fold(ctx, toc_str_of(side->table.columns[j].name), &side->folded[j]));
        if (toc_str_is(side->folded[j], key)) side->key = &side->table.columns[j];
    }
    if (!side->key) return toc_fail(ctx, TOC_E_DATA, "%s: no column %s to join by", path, key);
    TOC_TRY(toc_alloc(ctx, toc_pool_size(side->key->pool), sizeof *side->first, &side->first));
    TOC_TRY(toc_alloc(ctx, side->table.n_rows, sizeof *side->used, &side->used));
    for (size_t i = side->table.n_rows; i-- > 0;) side->first[side->key->code[i]] = (uint32_t)(i + 1);
    return TOC_OK;
}

void ing_side_release(ing_side *side)
{
    toc_free(side->first);
    toc_free(side->used);
    tab_release(&side->table);
    *side = (ing_side){0};
}

size_t ing_side_find(const ing_side *side, toc_str key)
{
    uint32_t code;

    if (!key.n || !toc_pool_find(side->key->pool, key, &code) || !side->first[code]) return SIZE_MAX;
    return side->first[code] - 1;
}

const tab_column *ing_side_column(const ing_side *side, const char *header)
{
    for (size_t j = 0; j < side->table.n_cols; j++)
        if (toc_str_is(side->folded[j], header)) return &side->table.columns[j];
    return NULL;
}
