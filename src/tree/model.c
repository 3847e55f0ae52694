/* model.c: what a fitted model can do: predict, importance, and the walk of one row. */
#include "tree/tree_int.h"

#include <math.h>

enum { ROWS_AT_ONCE = 1024 };

void tree_free(tree_model *model)
{
    if (!model) return;
    toc_arena_release(&model->arena);
    toc_free(model);
}

size_t tree_model_columns(const tree_model *model, const char *const **names)
{
    if (names) *names = model->names;
    return model->p;
}

bool tree_model_categorical(const tree_model *model, size_t column)
{
    return model->levels[column].categorical;
}

toc_status tree_model_name(toc_ctx *ctx, tree_model *model, const char *target, const char *const *classes, size_t n_classes)
{
    TOC_TRY(toc_arena_copy(ctx, &model->arena, target, strlen(target), &model->target));
    TOC_TRY(toc_arena_alloc(ctx, &model->arena, n_classes, sizeof *model->classes, &model->classes));
    for (size_t k = 0; k < n_classes; k++)
        TOC_TRY(toc_arena_copy(ctx, &model->arena, classes[k], strlen(classes[k]), &model->classes[k]));
    model->n_classes = n_classes;
    return TOC_OK;
}

const char *tree_model_target(const tree_model *model)
{
    return model->target;
}

size_t tree_model_classes(const tree_model *model, const char *const **classes)
{
    if (classes) *classes = (const char *const *)model->classes;
    return model->n_classes;
}

size_t tree_model_outputs(const tree_model *model)
{
    return model->n_outputs;
}

size_t tree_model_trees(const tree_model *model)
{
    return model->n_trees;
}

const char *tree_model_unit(const tree_model *model)
{
    if (model->loss == TREE_MULTICLASS || (model->kind == TREE_BOOST && model->loss == TREE_LOGISTIC)) return "log-odds";
    if (model->loss == TREE_TWEEDIE) return "logarithm";
    return model->loss == TREE_LOGISTIC ? "probability" : "amount";
}

tree_loss tree_model_loss(const tree_model *model)
{
    return model->loss;
}

toc_status tree_depth(toc_ctx *ctx, const tree_model *model, size_t *depth, bool *sound)
{
    uint8_t *depth_of; /* per node; children come after their parents */

    *depth = 0;
    *sound = true;
    TOC_TRY(toc_alloc(ctx, model->n_nodes, 1, &depth_of));
    for (size_t t = 0; t < model->n_trees; t++) {
        for (size_t i = model->first[t]; i < model->first[t + 1]; i++) {
            const tree_node *node = &model->nodes[i];
            uint8_t below = (uint8_t)(depth_of[i] + 1);
            if (node->feature < 0) continue;
            uint8_t *left = depth_of + model->first[t] + (size_t)node->left, *right = depth_of + model->first[t] + (size_t)node->right;
            if (*left || *right || below > TREE_MAX_DEPTH) *sound = false; /* two parents, or too deep */
            if (!*sound) break;
            *left = *right = below;
            *depth = TOC_MAX(*depth, (size_t)below);
        }
    }
    toc_free(depth_of);
    return TOC_OK;
}

void tree_importance(const tree_model *model, double *importance)
{
    double total = 0;

    for (size_t j = 0; j < model->p; j++) importance[j] = 0;
    for (size_t i = 0; i < model->n_nodes; i++) {
        const tree_node *node = &model->nodes[i];
        if (node->feature < 0) continue;
        importance[node->feature] += node->gain;
        total += node->gain;
    }
    for (size_t j = 0; j < model->p && total > 0; j++) importance[j] /= total;
}

/* Codes of the data that mean level `level` of the model. */
static bool code_of(const tree_data *data, const tree_levels *levels, size_t j, size_t level, size_t *code)
{
    if (levels->texts) {
        uint32_t found;
        if (!toc_pool_find(data->pools[j], toc_str_of(levels->texts[level]), &found)) return false;
        *code = found;
        return true;
    }
    *code = (size_t)levels->codes[level];
    return true;
}

toc_status tree_lookup_make(toc_ctx *ctx, const tree_model *model, const tree_data *data, tree_lookup *lookup)
{
    *lookup = (tree_lookup){0};
    if (data->p != model->p) return toc_fail(ctx, TOC_E_DATA, "the model has %zu columns, the data %zu", model->p, data->p);
    toc_status st;
    if ((st = toc_arena_alloc(ctx, &lookup->arena, model->p, sizeof *lookup->level_of, &lookup->level_of))) goto out;
    if ((st = toc_arena_alloc(ctx, &lookup->arena, model->p, sizeof *lookup->n_codes, &lookup->n_codes))) goto out;
    for (size_t j = 0; j < model->p; j++) {
        const tree_levels *levels = &model->levels[j];
        size_t most = 0, code;
        if (!levels->categorical) continue;
        if (levels->texts && !(data->pools && data->pools[j])) {
            st = toc_fail(ctx, TOC_E_DATA, "column %s: the model knows its levels by text, the data has only codes", model->names[j]);
            goto out;
        }
        for (size_t l = 0; l < levels->n; l++)
            if (code_of(data, levels, j, l, &code)) most = TOC_MAX(most, code);
        lookup->n_codes[j] = most + 1;
        if ((st = toc_arena_alloc(ctx, &lookup->arena, most + 1, 1, &lookup->level_of[j]))) goto out;
        memset(lookup->level_of[j], TREE_MISSING, most + 1);
        for (size_t l = 0; l < levels->n; l++)
            if (code_of(data, levels, j, l, &code)) lookup->level_of[j][code] = (uint8_t)l;
    }
out:
    if (st) toc_arena_release(&lookup->arena);
    return st;
}

void tree_lookup_row(const tree_lookup *lookup, const tree_data *data, size_t row, double *values)
{
    for (size_t j = 0; j < data->p; j++) {
        double x = data->x[j][row];
        const uint8_t *level_of = lookup->level_of[j];
        if (level_of) x = x >= 0 && x < (double)lookup->n_codes[j] && level_of[(size_t)x] != TREE_MISSING ? level_of[(size_t)x] : NAN;
        values[j] = x;
    }
}

typedef struct {
    const tree_model *model;
    const tree_data *data;
    const tree_lookup *lookup;
    double *score;
} prediction;

static double walk(const tree_model *model, const tree_node *nodes, const double *values)
{
    const tree_node *node = nodes;

    while (node->feature >= 0) node = nodes + (tree_goes_left(model, node, values[node->feature]) ? node->left : node->right);
    return node->value;
}

/* From the sums of one row's trees to what is predicted. */
static void respond(const tree_model *m, double *score)
{
    double most = -INFINITY, sum = 0;

    for (size_t k = 0; k < m->n_outputs; k++) score[k] = m->base[k] + m->scale * score[k];
    if (m->kind == TREE_BOOST && m->loss == TREE_LOGISTIC) *score = 1 / (1 + exp(-*score));
    if (m->loss == TREE_TWEEDIE) *score = exp(*score);
    if (m->loss != TREE_MULTICLASS) return;
    for (size_t k = 0; k < m->n_outputs; k++) most = TOC_MAX(most, score[k]);
    for (size_t k = 0; k < m->n_outputs; k++) sum += score[k] = exp(score[k] - most);
    for (size_t k = 0; k < m->n_outputs; k++) score[k] /= sum;
}

static toc_status predict_block(toc_ctx *ctx, void *arg, size_t task)
{
    const prediction *a = arg;
    const tree_model *m = a->model;
    size_t first = task * ROWS_AT_ONCE, n = TOC_MIN((size_t)ROWS_AT_ONCE, a->data->n - first);
    size_t k = m->n_outputs;
    double *values, *score = a->score + first * k;

    TOC_TRY(toc_alloc(ctx, n * m->p, sizeof *values, &values));
    for (size_t i = 0; i < n; i++) tree_lookup_row(a->lookup, a->data, first + i, values + i * m->p);
    memset(score, 0, n * k * sizeof *score);
    for (size_t t = 0; t < m->n_trees; t++)
        for (size_t i = 0; i < n; i++) score[i * k + t % k] += walk(m, m->nodes + m->first[t], values + i * m->p);
    for (size_t i = 0; i < n; i++) respond(m, score + i * k);
    toc_free(values);
    return TOC_OK;
}

toc_status tree_predict(toc_ctx *ctx, const tree_model *model, const tree_data *data, double *score)
{
    tree_lookup lookup;

    TOC_TRY(tree_lookup_make(ctx, model, data, &lookup));
    prediction a = { model, data, &lookup, score };
    toc_status st = toc_parallel(ctx, (data->n + ROWS_AT_ONCE - 1) / ROWS_AT_ONCE, predict_block, &a);
    toc_arena_release(&lookup.arena);
    return st;
}
