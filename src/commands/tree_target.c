/* tree_target.c: what is to be learned: classes or amounts, weights, and the order and choice of rows. */
#include "commands/tree_command.h"

#include <math.h>

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

/* Two classes: the positive one is the last. */
static toc_status two_classes(toc_ctx *ctx, const tree_args *a, const cmd_learning *l, tree_taught *t)
{
    const toc_pool *pool = l->target->pool;
    uint32_t code = 0;

    TOC_TRY(tree_positive(ctx, a->positive, l->target, l->row, l->data.n, &code));
    TOC_TRY(toc_arena_alloc(ctx, &ctx->arena, 2, sizeof *t->classes, &t->classes));
    t->n_classes = 2;
    t->classes[0] = "";
    t->classes[1] = toc_pool_text(pool, code);
    for (size_t i = 0; i < l->data.n; i++) {
        uint32_t c = l->target->code[l->row[i]];
        t->y[i] = c == code;
        if (c != code) t->classes[0] = toc_pool_text(pool, c);
    }
    return TOC_OK;
}

/* Any number of classes, sorted by bytes. */
static toc_status many_classes(toc_ctx *ctx, const cmd_learning *l, tree_taught *t)
{
    const toc_pool *pool = l->target->pool;
    size_t n = toc_pool_size(pool);
    uint32_t *rank, *class_of; /* by rank; by code */

    TOC_TRY(toc_arena_alloc(ctx, &ctx->arena, n, sizeof *rank, &rank));
    TOC_TRY(toc_arena_alloc(ctx, &ctx->arena, n, sizeof *class_of, &class_of));
    TOC_TRY(toc_arena_alloc(ctx, &ctx->arena, n, sizeof *t->classes, &t->classes));
    TOC_TRY(toc_pool_rank(ctx, pool, rank));
    for (size_t i = 0; i < l->data.n; i++) class_of[rank[l->target->code[l->row[i]]]] = 1;
    for (size_t r = 0; r < n; r++)
        if (class_of[r]) class_of[r] = (uint32_t)t->n_classes++;
    for (size_t i = 0; i < l->data.n; i++) {
        uint32_t code = l->target->code[l->row[i]];
        t->y[i] = class_of[rank[code]];
        t->classes[class_of[rank[code]]] = toc_pool_text(pool, code);
    }
    return TOC_OK;
}

static toc_status weights(toc_ctx *ctx, const tree_args *a, const cmd_learning *l, double *weight)
{
    const tab_column *c;
    double *all;

    for (size_t i = 0; i < l->data.n; i++) weight[i] = 1;
    if (!a->weight) return TOC_OK;
    TOC_TRY(tab_need(ctx, &l->table, a->weight, &c));
    TOC_TRY(toc_arena_alloc(ctx, &ctx->arena, l->table.n_rows, sizeof *all, &all));
    TOC_TRY(cmd_numbers_of(ctx, c, l->table.n_rows, all));
    for (size_t i = 0; i < l->data.n; i++) {
        weight[i] = all[l->row[i]];
        if (!(weight[i] >= 0) || !isfinite(weight[i]))
            return toc_fail(ctx, TOC_E_DATA, "\"%s\" of row %u is no weight: a number from 0", a->weight, l->row[i] + 1);
    }
    return TOC_OK;
}

toc_status tree_teach(toc_ctx *ctx, const tree_args *a, const cmd_learning *l, tree_params *p, tree_taught *t)
{
    const toc_pool *pool = l->target->pool;

    *t = (tree_taught){0};
    TOC_TRY(toc_arena_alloc(ctx, &ctx->arena, l->data.n, sizeof *t->y, &t->y));
    TOC_TRY(toc_arena_alloc(ctx, &ctx->arena, l->data.n, sizeof *t->weight, &t->weight));
    TOC_TRY(weights(ctx, a, l, t->weight));
    if (p->loss == TREE_LOGISTIC) return two_classes(ctx, a, l, t);
    if (p->loss == TREE_MULTICLASS) {
        TOC_TRY(many_classes(ctx, l, t));
        p->n_classes = t->n_classes;
        return TOC_OK;
    }
    for (size_t i = 0; i < l->data.n; i++)
        if (!toc_parse_double(toc_pool_str(pool, l->target->code[l->row[i]]), &t->y[i]))
            return toc_fail(ctx, TOC_E_DATA, "\"%s\" is no number: \"%s\"", l->target->name, toc_pool_text(pool, l->target->code[l->row[i]]));
    return TOC_OK;
}

toc_status tree_order(toc_ctx *ctx, const tree_args *a, const cmd_learning *l, uint32_t *order)
{
    const tab_column *c;
    uint32_t *rank = NULL;
    uint64_t *keys = NULL;
    toc_status st = TOC_OK;

    for (size_t i = 0; i < l->data.n; i++) order[i] = (uint32_t)i;
    if (!a->order) return TOC_OK;
    TOC_TRY(tab_need(ctx, &l->table, a->order, &c));
    if ((st = toc_alloc(ctx, l->data.n, sizeof *keys, &keys))) goto out;
    if (c->type == TAB_TEXT) {
        if ((st = toc_alloc(ctx, toc_pool_size(c->pool), sizeof *rank, &rank))) goto out;
        if ((st = toc_pool_rank(ctx, c->pool, rank))) goto out;
    }
    for (size_t i = 0; i < l->data.n; i++)
        keys[i] = rank ? rank[c->code[l->row[i]]] : c->type == TAB_F64 ? toc_key_f64(c->f64[l->row[i]]) : toc_key_i64(c->i64[l->row[i]]);
    st = toc_sort_u64(ctx, keys, l->data.n, false, order);
out:
    toc_free(keys);
    toc_free(rank);
    return st;
}

toc_status tree_subset(toc_ctx *ctx, const tree_data *data, const tree_taught *t, const uint32_t *rows, size_t n, tree_part *chosen)
{
    const double **x;

    TOC_TRY(toc_arena_alloc(ctx, &ctx->arena, data->p, sizeof *x, &x));
    TOC_TRY(toc_arena_alloc(ctx, &ctx->arena, n, sizeof *chosen->y, &chosen->y));
    TOC_TRY(toc_arena_alloc(ctx, &ctx->arena, n, sizeof *chosen->weight, &chosen->weight));
    for (size_t j = 0; j < data->p; j++) {
        double *values;
        TOC_TRY(toc_arena_alloc(ctx, &ctx->arena, n, sizeof *values, &values));
        for (size_t i = 0; i < n; i++) values[i] = data->x[j][rows[i]];
        x[j] = values;
    }
    for (size_t i = 0; i < n; i++) {
        chosen->y[i] = t->y[rows[i]];
        chosen->weight[i] = t->weight[rows[i]];
    }
    chosen->data = *data;
    chosen->data.n = n;
    chosen->data.x = x;
    return TOC_OK;
}

toc_status tree_dropped(toc_ctx *ctx, const tree_args *a, cli_list *drop)
{
    *drop = a->drop;
    if (!a->weight) return TOC_OK;
    TOC_TRY(toc_arena_alloc(ctx, &ctx->arena, a->drop.n + 1, sizeof *drop->items, &drop->items));
    for (size_t i = 0; i < a->drop.n; i++) drop->items[i] = a->drop.items[i];
    drop->items[drop->n++] = a->weight;
    return TOC_OK;
}
