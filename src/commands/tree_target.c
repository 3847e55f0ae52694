/* tree_target.c: which of a target's two values is the one that is scored. */
#include "commands/tree_command.h"

toc_status tree_positive(toc_ctx *ctx, const char *told, const tab_column *target, const uint32_t *row, size_t n_rows, uint32_t *code)
{
    static const char *const words[] = { "1", "yes", "true", "y", "t", "1.0" };
    const toc_pool *pool = target->pool;
    uint32_t found[2] = { 0, 0 };
    size_t count[2] = { 0, 0 }, n = 0;

    for (size_t i = 0; i < n_rows; i++) {
        uint32_t c = target->code[row[i]];
        size_t k = 0;
        while (k < n && found[k] != c) k++;
        if (k == 2)
            return toc_fail(ctx, TOC_E_DATA, "\"%s\" has more than two values (%s, %s, %s ...); for more say --set model=boost --set loss=multiclass, for numbers loss=squared", target->name,
                            toc_pool_text(pool, found[0]), toc_pool_text(pool, found[1]), toc_pool_text(pool, c));
        if (k == n) found[n++] = c;
        count[k]++;
    }
    if (told) {
        for (size_t k = 0; k < n; k++)
            if (toc_str_is(toc_pool_str(pool, found[k]), told)) return *code = found[k], TOC_OK;
        return toc_fail(ctx, TOC_E_USAGE, "--positive %s: \"%s\" has no such value", told, target->name);
    }
    if (n < 2) return toc_fail(ctx, TOC_E_DATA, "\"%s\" is %s in every row: nothing to learn", target->name, toc_pool_text(pool, found[0]));
    for (size_t w = 0; w < TOC_COUNT(words); w++)
        for (size_t k = 0; k < n; k++)
            if (toc_str_is_nocase(toc_pool_str(pool, found[k]), words[w])) return *code = found[k], TOC_OK;
    bool second = count[1] < count[0] || (count[1] == count[0] && toc_str_cmp(toc_pool_str(pool, found[1]), toc_pool_str(pool, found[0])) < 0);
    *code = found[second];
    return TOC_OK;
}
