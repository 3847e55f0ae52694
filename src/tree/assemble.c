/* assemble.c: from grown trees to a model that stands alone: names and levels copied, nodes of all trees in one array. */
#include "tree/tree_int.h"

toc_status tree_model_room(toc_ctx *ctx, tree_model *m, size_t n_trees, size_t n_nodes, size_t n_subsets, size_t n_outputs)
{
    TOC_TRY(toc_arena_alloc(ctx, &m->arena, n_nodes, sizeof *m->nodes, &m->nodes));
    TOC_TRY(toc_arena_alloc(ctx, &m->arena, n_trees + 1, sizeof *m->first, &m->first));
    TOC_TRY(toc_arena_alloc(ctx, &m->arena, n_subsets, sizeof *m->subsets, &m->subsets));
    TOC_TRY(toc_arena_alloc(ctx, &m->arena, n_outputs, sizeof *m->base, &m->base));
    m->n_outputs = n_outputs;
    m->n_trees = n_trees;
    m->n_nodes = n_nodes;
    m->n_subsets = n_subsets;
    return TOC_OK;
}

static toc_status copy_levels(toc_ctx *ctx, tree_model *m, const tree_data *data, const tree_bins *bins, size_t j)
{
    tree_levels *levels = &m->levels[j];
    const toc_pool *pool = data->pools ? data->pools[j] : NULL;

    levels->categorical = bins->categorical;
    levels->missing = (double)bins->missing;
    levels->min = bins->min;
    levels->max = bins->max;
    if (!bins->categorical) return TOC_OK;
    levels->n = bins->n_bins;
    TOC_TRY(toc_arena_alloc(ctx, &m->arena, levels->n, sizeof *levels->codes, &levels->codes));
    if (pool) TOC_TRY(toc_arena_alloc(ctx, &m->arena, levels->n, sizeof *levels->texts, &levels->texts));
    for (size_t l = 0; l < levels->n; l++) {
        levels->codes[l] = bins->upper[l];
        if (!pool) continue;
        toc_str text = toc_pool_str(pool, (uint32_t)bins->upper[l]);
        TOC_TRY(toc_arena_copy(ctx, &m->arena, text.p, text.n, &levels->texts[l]));
    }
    return TOC_OK;
}

static toc_status copy_columns(toc_ctx *ctx, tree_model *m, const tree_data *data, const tree_binned *binned)
{
    TOC_TRY(toc_arena_alloc(ctx, &m->arena, data->p, sizeof *m->names, &m->names));
    TOC_TRY(toc_arena_alloc(ctx, &m->arena, data->p, sizeof *m->levels, &m->levels));
    m->p = data->p;
    for (size_t j = 0; j < data->p; j++) {
        const char *name = data->names ? data->names[j] : NULL;
        if (name) TOC_TRY(toc_arena_copy(ctx, &m->arena, name, strlen(name), &m->names[j]));
        else TOC_TRY(toc_arena_printf(ctx, &m->arena, &m->names[j], "column_%zu", j + 1));
        TOC_TRY(copy_levels(ctx, m, data, &binned->columns[j], j));
    }
    return TOC_OK;
}

static toc_status copy_trees(toc_ctx *ctx, tree_model *m, const tree_grown *trees, size_t n_trees, size_t n_outputs)
{
    size_t n_nodes = 0, n_subsets = 0, at = 0, subset = 0;

    for (size_t t = 0; t < n_trees; t++) {
        n_nodes += trees[t].n;
        for (size_t i = 0; i < trees[t].n; i++) n_subsets += trees[t].nodes[i].feature >= 0 && trees[t].splits[i].categorical;
    }
    TOC_TRY(tree_model_room(ctx, m, n_trees, n_nodes, n_subsets, n_outputs));
    for (size_t t = 0; t < n_trees; t++) {
        m->first[t] = at;
        for (size_t i = 0; i < trees[t].n; i++, at++) {
            m->nodes[at] = trees[t].nodes[i];
            if (m->nodes[at].feature < 0 || !trees[t].splits[i].categorical) continue;
            m->nodes[at].subset = (uint32_t)subset;
            m->subsets[subset] = trees[t].splits[i].left;
            m->subsets[subset++].bit[3] &= ~((uint64_t)1 << 63); /* the missing bin is no level */
        }
    }
    m->first[n_trees] = at;
    return TOC_OK;
}

toc_status tree_assemble(toc_ctx *ctx, const tree_data *data, const tree_params *params, const tree_binned *binned, const tree_grown *trees,
                         size_t n_trees, const double *base, size_t n_outputs, tree_model **model)
{
    tree_model *m;
    bool sound;
    toc_status st;

    TOC_TRY(toc_alloc(ctx, 1, sizeof *m, &m));
    m->kind = params->kind;
    m->loss = params->loss;
    m->criterion = params->criterion;
    m->n_rows = data->n;
    m->scale = params->kind == TREE_FOREST || params->kind == TREE_EXTRA ? 1 / (double)n_trees : 1;
    if ((st = copy_columns(ctx, m, data, binned))) goto fail;
    if ((st = copy_trees(ctx, m, trees, n_trees, n_outputs))) goto fail;
    memcpy(m->base, base, n_outputs * sizeof *base);
    if ((st = tree_depth(ctx, m, &m->depth, &sound))) goto fail;
    *model = m;
    return TOC_OK;
fail:
    tree_free(m);
    return st;
}
