/* join.c: a file held as a table, found by key from the records of another file. */
#include "ingest/ingest_int.h"

toc_status ing_join_text(toc_ctx *ctx, toc_buf *joined, toc_str text)
{
    text = ing_clean_id(text);
    if (text.n && joined->n) TOC_TRY(toc_buf_char(ctx, joined, '-'));
    return toc_buf_add(ctx, joined, text.p, text.n);
}

/* The rows of every key, the first first. */
static toc_status index_keys(toc_ctx *ctx, ing_side *side, const tab_column *const *columns, size_t n)
{
    toc_buf joined = {0};
    size_t cap = 0, known = 0;
    toc_status st = TOC_OK;

    for (size_t i = side->table.n_rows; i-- > 0 && !st;) {
        uint32_t code;
        toc_buf_reset(&joined);
        for (size_t k = 0; k < n && !st; k++)
            st = ing_join_text(ctx, &joined, toc_pool_str(columns[k]->pool, columns[k]->code[i]));
        if (!st) st = toc_pool_intern(ctx, &side->keys, (toc_str){ joined.p, joined.n }, &code);
        if (!st) st = toc_grow(ctx, &side->first, &cap, (size_t)code + 1, sizeof *side->first);
        for (; !st && known <= code; known++) side->first[known] = 0;
        if (st || !code) continue;
        side->next[i] = side->first[code];
        side->first[code] = (uint32_t)(i + 1);
    }
    toc_buf_release(&joined);
    return st;
}

toc_status ing_side_load(toc_ctx *ctx, const char *path, const ing_map *map, const char *key, const ing_options *options,
                         ing_side *side)
{
    /* the file is read once more for its own rows, and what is refused is told then */
    const rd_options reading = { .dialect = options ? options->dialect : (rd_dialect){0}, .skip_faults = true };
    const tab_column *columns[ING_MAX_PLACES];
    toc_str rest = toc_str_of(key), header;
    size_t n = 0;

    side->map = map;
    side->path = path;
    TOC_TRY(rd_read_table(ctx, path, &reading, &side->table));
    TOC_TRY(toc_arena_alloc(ctx, &ctx->arena, side->table.n_cols, sizeof *side->folded, &side->folded));
    for (size_t j = 0; j < side->table.n_cols; j++)
        TOC_TRY(ing_fold(ctx, toc_str_of(side->table.columns[j].name), &side->folded[j]));
    for (; toc_str_split(&rest, ING_PLUS, &header); n++)
        if (!(columns[n] = ing_side_column(side, header)))
            return toc_fail(ctx, TOC_E_DATA, "%s: no column %.*s to join by", path, (int)header.n, header.p);
    TOC_TRY(toc_alloc(ctx, side->table.n_rows, sizeof *side->used, &side->used));
    TOC_TRY(toc_alloc(ctx, side->table.n_rows, sizeof *side->next, &side->next));
    return index_keys(ctx, side, columns, n);
}

void ing_side_release(ing_side *side)
{
    toc_pool_release(&side->keys);
    toc_free(side->first);
    toc_free(side->next);
    toc_free(side->used);
    tab_release(&side->table);
    *side = (ing_side){0};
}

size_t ing_side_find(const ing_side *side, toc_str key)
{
    uint32_t code;

    key = ing_clean_id(key);
    if (!key.n || !toc_pool_find(&side->keys, key, &code) || !side->first[code]) return SIZE_MAX;
    return side->first[code] - 1;
}

size_t ing_side_count(const ing_side *side, size_t row)
{
    size_t n = 0;

    for (size_t at = row == SIZE_MAX ? 0 : row + 1; at; at = side->next[at - 1]) n++;
    return n;
}

const tab_column *ing_side_column(const ing_side *side, toc_str header)
{
    for (size_t j = 0; j < side->table.n_cols; j++)
        if (toc_str_eq(side->folded[j], header)) return &side->table.columns[j];
    return NULL;
}
