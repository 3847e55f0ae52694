/* train_classify.c: "tocsin train classify", a classifier of texts from rows whose answer is known. */
#include <stdlib.h>

#include "commands/train_command.h"

enum { MOST_CLASSES = 1000 };

static const trn_plan usual = { .epochs = 3, .batch_tokens = 2048, .accumulate = 1, .rate = 5e-5, .decay = 0.01, .clip = 1, .warmup = 0.1, .held_out = 0.1, .every = 300 };

/* Classes in the order of their bytes. */
static toc_status name_classes(toc_ctx *ctx, const train_corpora *c, trn_labels *labels)
{
    size_t n = toc_pool_size(&c->targets), rows = c->texts.n;
    uint32_t *rank, *of_row;
    const char **names;

    if (n - 1 > MOST_CLASSES) return toc_fail(ctx, TOC_E_DATA, "the target has %zu different values; at most %d classes can be told apart", n - 1, MOST_CLASSES);
    if (n < 3) return toc_fail(ctx, TOC_E_DATA, "the target has one value only: there is nothing to tell apart");
    TOC_TRY(toc_arena_alloc(ctx, &ctx->arena, n, sizeof *rank, &rank));
    TOC_TRY(toc_arena_alloc(ctx, &ctx->arena, n, sizeof *names, &names));
    TOC_TRY(toc_arena_alloc(ctx, &ctx->arena, rows, sizeof *of_row, &of_row));
    TOC_TRY(toc_pool_rank(ctx, &c->targets, rank));
    for (uint32_t code = 1; code < n; code++) names[rank[code] - 1] = toc_pool_text(&c->targets, code);
    for (size_t i = 0; i < rows; i++) of_row[i] = rank[c->target_of[i]] - 1;
    *labels = (trn_labels){ .of_row = of_row, .names = names, .k = n - 1 };
    return TOC_OK;
}

/* class_weight=balanced: all classes weigh the same. */
static toc_status weigh_classes(toc_ctx *ctx, const train_args *a, size_t rows, trn_labels *labels)
{
    const char *how = cli_set_get(&a->set, "class_weight");
    float *weight;

    if (!how) return TOC_OK;
    if (strcmp(how, "balanced") != 0) return toc_fail(ctx, TOC_E_USAGE, "class_weight=%s: only balanced is known", how);
    TOC_TRY(toc_arena_alloc(ctx, &ctx->arena, labels->k, sizeof *weight, &weight));
    for (size_t i = 0; i < rows; i++) weight[labels->of_row[i]]++;
    for (size_t j = 0; j < labels->k; j++) weight[j] = (float)rows / ((float)labels->k * weight[j]);
    labels->weight = weight;
    return TOC_OK;
}

/* tune=full|head|layers:N: how many of the last layers learn. */
static toc_status layers_of(toc_ctx *ctx, const train_args *a, size_t *learning)
{
    const char *how = cli_set_get(&a->set, "tune");
    int64_t n;

    *learning = SIZE_MAX / 2;
    if (!how || strcmp(how, "full") == 0) return TOC_OK;
    *learning = 0;
    if (strcmp(how, "head") == 0) return TOC_OK;
    if (strncmp(how, "layers:", 7) != 0 || !toc_parse_int(toc_str_of(how + 7), &n) || n < 0 || n > 10000)
        return toc_fail(ctx, TOC_E_USAGE, "tune=%s is none of full, head, layers:N", how);
    *learning = (size_t)n;
    return TOC_OK;
}

static toc_status classify(toc_ctx *ctx, const train_args *a, const train_corpora *c)
{
    static const char *const others[] = { "tune", "class_weight", "max_tokens", NULL };
    trn_labels labels;
    trn_plan plan;
    trn_outcome outcome;
    size_t learning;

    TOC_TRY(name_classes(ctx, c, &labels));
    TOC_TRY(weigh_classes(ctx, a, c->texts.n, &labels));
    TOC_TRY(layers_of(ctx, a, &learning));
    TOC_TRY(train_plan(ctx, a, &usual, others, &c->texts, NULL, &plan));
    plan.settings = toc_mix(plan.settings ^ toc_str_hash((toc_str){ (const char *)labels.of_row, c->texts.n * sizeof *labels.of_row }));
    TOC_TRY(trn_classify(ctx, a->model, a->out, &c->texts, &labels, learning, &plan, &outcome));
    return train_tell(ctx, a, &outcome, "right");
}

toc_status train_run_classify(toc_ctx *ctx, const train_args *a, train_files files)
{
    train_corpora c = {0};
    double max_tokens;
    toc_status st = train_needs(ctx, a, "classify");

    if (!st && !a->target) st = toc_fail(ctx, TOC_E_USAGE, "train classify needs --target COLUMN, where the answers are");
    if (!st) st = cli_set_num(ctx, &a->set, "max_tokens", 3, 65536, 128, &max_tokens);
    if (!st) st = train_corpora_read(ctx, a, files, (size_t)max_tokens, &c);
    if (!st) st = classify(ctx, a, &c);
    train_corpora_release(&c);
    return st;
}
