/* tree_params.c: parameters of --set, and what of them speaks of columns and rows. */
#include "commands/tree_command.h"

static toc_status set_count(toc_ctx *ctx, const cli_list *set, const char *name, double min, double max, size_t *count)
{
    double value;

    TOC_TRY(cli_set_num(ctx, set, name, min, max, (double)*count, &value));
    *count = (size_t)value;
    return TOC_OK;
}

static toc_status set_word(toc_ctx *ctx, const cli_list *set, const char *name, const char *const *words, int *choice)
{
    const char *text = cli_set_get(set, name);
    toc_buf list = {0};
    toc_status st = TOC_OK;

    if (!text) return TOC_OK;
    for (int i = 0; words[i]; i++) {
        if (strcmp(words[i], text)) continue;
        *choice = i;
        return TOC_OK;
    }
    for (int i = 0; words[i] && !st; i++) st = toc_buf_printf(ctx, &list, "%s%s", i ? ", " : "", words[i]);
    if (!st) st = toc_fail(ctx, TOC_E_USAGE, "--set %s=%s: one of %s", name, text, list.p);
    toc_buf_release(&list);
    return st;
}

/* prune=ALPHA, prune=cv or prune=1se; folds. */
static toc_status set_pruning(toc_ctx *ctx, const cli_list *set, tree_params *p)
{
    const char *text = cli_set_get(set, "prune");
    size_t folds = 5;

    TOC_TRY(set_count(ctx, set, "folds", 2, 100, &folds));
    if (!text) return TOC_OK;
    p->prune_one_error = strcmp(text, "1se") == 0;
    if (p->prune_one_error || strcmp(text, "cv") == 0) {
        p->prune_folds = folds;
        return TOC_OK;
    }
    if (!toc_parse_double(toc_str_of(text), &p->prune_alpha) || !(p->prune_alpha >= 0))
        return toc_fail(ctx, TOC_E_USAGE, "--set prune=%s: cv, 1se, or a number from 0", text);
    return TOC_OK;
}

static toc_status set_numbers(toc_ctx *ctx, const cli_list *set, tree_params *p)
{
    const struct {
        const char *name;
        double min, max;
        double *number;
    } numbers[] = {
        { "min_gain", 0, 1e9, &p->min_gain }, { "rate", 1e-6, 1, &p->learning_rate },  { "l2", 0, 1e9, &p->l2 },
        { "rows", 0.01, 1, &p->row_share },   { "columns", 0, 1, &p->column_share },   { "quantile", 0.001, 0.999, &p->quantile },
        { "power", 1.01, 1.99, &p->power },   { "tail", 0.01, 0.9, &p->tail_share },
    };
    const struct {
        const char *name;
        double min, max;
        size_t *count;
    } counts[] = {
        { "depth", 0, 64, &p->max_depth },      { "trees", 1, 100000, &p->n_trees }, { "leaves", 0, 1e6, &p->max_leaves },
        { "min_leaf", 1, 1e9, &p->min_leaf },   { "bins", 2, 255, &p->max_bins },    { "stop", 0, 100000, &p->patience },
    };

    for (size_t i = 0; i < TOC_COUNT(counts); i++)
        TOC_TRY(set_count(ctx, set, counts[i].name, counts[i].min, counts[i].max, counts[i].count));
    for (size_t i = 0; i < TOC_COUNT(numbers); i++)
        TOC_TRY(cli_set_num(ctx, set, numbers[i].name, numbers[i].min, numbers[i].max, *numbers[i].number, numbers[i].number));
    return TOC_OK;
}

toc_status tree_params_of(toc_ctx *ctx, const cli_list *set, tree_params *p)
{
    static const char *const known[] = { "model", "criterion", "loss", "depth", "trees", "leaves", "min_leaf", "min_gain", "rate", "l2", "rows", "columns",
                                         "bins", "quantile", "power", "stop", "tail", "prune", "folds", "class_weight", "increasing", "decreasing", NULL };
    static const char *const models[] = { "tree", "forest", "boost", "extra", NULL }, *const criteria[] = { "entropy", "gini", "gain_ratio", NULL },
                      *const losses[] = { "logistic", "squared", "multiclass", "quantile", "tweedie", NULL }, *const weights[] = { "none", "balanced", NULL };
    int kind = TREE_SINGLE, criterion = TREE_ENTROPY, loss = TREE_LOGISTIC, balanced = 0;

    TOC_TRY(cli_set_check(ctx, set, known));
    TOC_TRY(set_word(ctx, set, "model", models, &kind));
    TOC_TRY(set_word(ctx, set, "criterion", criteria, &criterion));
    TOC_TRY(set_word(ctx, set, "loss", losses, &loss));
    TOC_TRY(set_word(ctx, set, "class_weight", weights, &balanced));
    *p = tree_defaults((tree_kind)kind);
    p->criterion = (tree_criterion)criterion;
    p->loss = (tree_loss)loss;
    p->seed = ctx->seed;
    if (kind != TREE_BOOST && loss >= TREE_MULTICLASS)
        return toc_fail(ctx, TOC_E_USAGE, "--set loss=%s needs --set model=boost", losses[loss]);
    if (balanced && loss != TREE_LOGISTIC && loss != TREE_MULTICLASS)
        return toc_fail(ctx, TOC_E_USAGE, "--set class_weight=balanced: amounts have no classes");
    TOC_TRY(set_pruning(ctx, set, p));
    return set_numbers(ctx, set, p);
}

toc_status tree_monotone_of(toc_ctx *ctx, const cli_list *set, const tree_data *data, tree_params *p)
{
    static const char *const words[] = { "increasing=", "decreasing=" };
    int8_t *monotone = NULL;

    for (size_t i = 0; i < set->n; i++)
        for (size_t w = 0; w < 2; w++) {
            if (strncmp(set->items[i], words[w], strlen(words[w])) != 0) continue;
            const char *name = set->items[i] + strlen(words[w]);
            size_t j = 0;
            while (j < data->p && strcmp(data->names[j], name)) j++;
            if (j == data->p) return toc_fail(ctx, TOC_E_USAGE, "--set %s: no column \"%s\" is learned from", set->items[i], name);
            if (!monotone) TOC_TRY(toc_arena_alloc(ctx, &ctx->arena, data->p, sizeof *monotone, &monotone));
            monotone[j] = w ? -1 : 1;
        }
    p->monotone = monotone;
    return TOC_OK;
}

toc_status tree_balance(toc_ctx *ctx, const cli_list *set, size_t n_classes, const double *y, size_t n, double *weight)
{
    const char *text = cli_set_get(set, "class_weight");
    double *sum, total = 0;
    size_t seen = 0;

    if (!text || strcmp(text, "balanced") != 0) return TOC_OK;
    TOC_TRY(toc_arena_alloc(ctx, &ctx->arena, n_classes, sizeof *sum, &sum));
    for (size_t i = 0; i < n; i++) {
        sum[(size_t)y[i]] += weight[i];
        total += weight[i];
    }
    for (size_t k = 0; k < n_classes; k++) seen += sum[k] > 0;
    for (size_t i = 0; i < n; i++)
        if (weight[i] > 0) weight[i] *= total / ((double)seen * sum[(size_t)y[i]]);
    return TOC_OK;
}
