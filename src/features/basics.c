/* basics.c: the facts of customers that sums of their order lines tell. */
#include "features/fea_int.h"

const fea_info fea_basic_list[FEA_N_BASICS] = {
    [FEA_LINES] = { "lines", "lines", "purchased lines" },
    [FEA_SPEND] = { "spend", "money", "value of all purchased lines" },
    [FEA_FIRST_AT] = { "first_at", "time", "of the first purchase" },
    [FEA_LAST_AT] = { "last_at", "time", "of the last purchase" },
    [FEA_MERCHANTS] = { "merchants", "merchants", "distinct merchants purchased from" },
};

bool fea_basic_of(toc_str name, fea_basic *basic)
{
    for (size_t b = 0; b < FEA_N_BASICS; b++) {
        if (!toc_str_is(name, fea_basic_list[b].name)) continue;
        *basic = (fea_basic)b;
        return true;
    }
    return false;
}

/* Purchased lines, and the times of the first and the last, by customer code. */
typedef struct {
    uint32_t lines;
    int64_t first, last;
} fact;

static void count_lines(const shop_data *view, fact *facts)
{
    const shop_orders *o = &view->orders;

    for (size_t i = 0; i < o->n; i++) {
        if (!shop_line_is_purchase(view, i)) continue;
        fact *f = &facts[o->customer_id[i]];
        f->first = f->lines ? TOC_MIN(f->first, o->ordered_at[i]) : o->ordered_at[i];
        f->last = f->lines ? TOC_MAX(f->last, o->ordered_at[i]) : o->ordered_at[i];
        f->lines++;
    }
}

toc_status fea_add_basics(toc_ctx *ctx, const shop_data *view, const fea_basic *basics, size_t n, tab_table *features)
{
    fact *facts = NULL;
    tab_column *c;
    toc_status st = toc_alloc(ctx, toc_pool_size(&view->dict[SHOP_D_CUSTOMER]), sizeof *facts, &facts);

    if (!st) count_lines(view, facts);
    for (size_t j = 0; j < n && !st; j++) {
        const char *name = fea_basic_list[basics[j]].name;
        if (tab_find(features, name)) continue;
        if ((st = tab_add(ctx, features, name, basics[j] == FEA_LINES ? TAB_F64 : TAB_TIME, NULL, &c))) break;
        const uint32_t *id = features->columns[0].code;
        for (size_t i = 0; i < features->n_rows; i++) {
            const fact *f = &facts[id[i]];
            if (basics[j] == FEA_LINES) c->f64[i] = f->lines;
            else if (f->lines) c->i64[i] = basics[j] == FEA_FIRST_AT ? f->first : f->last;
        }
    }
    toc_free(facts);
    return st;
}
