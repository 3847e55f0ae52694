/* block.c: some rows of a table by row, cell beside cell. */
#include "shop/shop.h"

void shop_block_release(shop_block *block)
{
    toc_free(block->cells);
    toc_free(block->rows);
    *block = (shop_block){0};
}

toc_status shop_block_reset(toc_ctx *ctx, shop_block *block, uint64_t columns, size_t n)
{
    size_t width = (size_t)__builtin_popcountll(columns);

    block->n = 0;
    if (n * width > block->cap_cells) TOC_TRY(toc_grow(ctx, &block->cells, &block->cap_cells, n * width, sizeof *block->cells));
    if (n > block->cap_rows) TOC_TRY(toc_grow(ctx, &block->rows, &block->cap_rows, n, sizeof *block->rows));
    block->columns = columns;
    block->width = width;
    block->n = n;
    return TOC_OK;
}

enum { AHEAD = 8 };

/* Texts lie all over memory: those of a row soon to come are fetched while others are copied. */
static void fill_texts(const toc_pool *pool, const uint32_t *codes, size_t n, shop_value *to, size_t width)
{
    for (size_t i = 0; i < n; i++) {
        if (i + AHEAD < n) __builtin_prefetch(&pool->texts[codes[i + AHEAD]]);
        if (i + AHEAD < n) __builtin_prefetch(&pool->lengths[codes[i + AHEAD]]);
        toc_str text = toc_pool_str(pool, codes[i]);
        to[i * width] = (shop_value){ text.p, (int64_t)text.n };
        __builtin_prefetch(text.p);
    }
}

toc_status shop_block_fill(toc_ctx *ctx, const shop_data *shop, shop_kind kind, uint64_t columns, size_t from, size_t n, shop_block *block)
{
    const shop_schema *schema = shop_schema_of(kind);
    const int64_t *rows = shop_row_numbers(shop, kind) + from;
    size_t c = 0;

    TOC_TRY(shop_block_reset(ctx, block, columns, n));
    if (n) memcpy(block->rows, rows, n * sizeof *rows);
    for (size_t j = 0; j < schema->n_columns; j++) {
        if (!(columns >> j & 1)) continue;
        shop_value *to = block->cells + c++;
        if (schema->columns[j].type == SHOP_T_CODE) {
            fill_texts(&shop->dict[schema->columns[j].domain], shop_codes(shop, kind, j) + from, n, to, block->width);
            continue;
        }
        const int64_t *ints = shop_ints(shop, kind, j) + from;
        for (size_t i = 0; i < n; i++) to[i * block->width] = (shop_value){ NULL, ints[i] };
    }
    return TOC_OK;
}
