/* classify.c: a classifier of texts, in the form of Hugging Face's BertForSequenceClassification. */
#include <math.h>
#include <stdio.h>

#include "train/train_int.h"

typedef struct {
    nn_classifier model;
    nn_params params;
    const trn_labels *labels;
    const trn_corpus *corpus;
    const char *from, *folder;
    trn_batch batch;
    int32_t *target;
    float *logits;
    size_t cap_target, cap_logits;
} classifying;

static toc_status forward(toc_ctx *ctx, classifying *c, const uint32_t *rows, size_t n, nn_texts *texts)
{
    TOC_TRY(trn_batch_fill(ctx, &c->batch, c->corpus, rows, n));
    TOC_TRY(toc_grow(ctx, &c->target, &c->cap_target, n, sizeof *c->target));
    TOC_TRY(toc_grow(ctx, &c->logits, &c->cap_logits, n * c->labels->k, sizeof *c->logits));
    for (size_t i = 0; i < n; i++) c->target[i] = (int32_t)c->labels->of_row[rows[i]];
    *texts = (nn_texts){ c->batch.ids, c->batch.starts, n };
    return nn_classifier_forward(ctx, &c->model, texts, c->logits);
}

static toc_status learn(toc_ctx *ctx, void *arg, const uint32_t *rows, size_t n, uint64_t number, double scale, double *loss)
{
    classifying *c = arg;
    nn_texts texts;

    c->model.encoder.training = true;
    c->model.encoder.step = number;
    TOC_TRY(forward(ctx, c, rows, n, &texts));
    TOC_TRY(nn_loss_classes(ctx, c->logits, c->target, c->labels->weight, n, c->labels->k, loss, c->logits));
    for (size_t i = 0; i < n * c->labels->k; i++) c->logits[i] *= (float)scale;
    return nn_classifier_backward(ctx, &c->model, &texts, c->logits);
}

static bool is_right(const classifying *c, size_t i)
{
    const float *z = c->logits + i * c->labels->k;

    for (size_t j = 0; j < c->labels->k; j++)
        if (z[j] > z[c->target[i]]) return false;
    return true;
}

static toc_status judge(toc_ctx *ctx, void *arg, const uint32_t *rows, size_t n, double *loss, double *right)
{
    enum { ROWS_AT_ONCE = 64 };
    classifying *c = arg;
    nn_texts texts;
    double sum = 0;
    size_t found = 0;

    c->model.encoder.training = false;
    for (size_t i = 0; i < n; i += ROWS_AT_ONCE) {
        size_t m = TOC_MIN(n - i, (size_t)ROWS_AT_ONCE);
        TOC_TRY(forward(ctx, c, rows + i, m, &texts));
        for (size_t r = 0; r < m; r++) found += is_right(c, r);
        TOC_TRY(nn_loss_classes(ctx, c->logits, c->target, NULL, m, c->labels->k, loss, NULL));
        sum += *loss * (double)m;
    }
    *loss = sum / (double)n;
    *right = (double)found / (double)n;
    return TOC_OK;
}

static toc_status keep(toc_ctx *ctx, void *arg)
{
    classifying *c = arg;

    return enc_learn_save(ctx, c->from, c->folder, &c->params, c->labels->names, c->labels->k);
}

/* The encoder's layers below the last `learning` ones, and its embeddings, stay as they are. */
static void freeze(nn_params *params, size_t layers, size_t learning)
{
    for (size_t i = 0; i < params->n; i++) {
        nn_param *p = &params->params[i];
        size_t layer;
        if (strstr(p->name, "embeddings.")) p->frozen = learning < layers;
        else if (sscanf(p->name, "bert.encoder.layer.%zu.", &layer) == 1) p->frozen = layer + learning < layers;
    }
}

static toc_status begin(toc_ctx *ctx, classifying *c, size_t learning)
{
    nn_encoder_config config;
    size_t fresh;

    TOC_TRY(enc_learn_config(ctx, c->from, &config));
    TOC_TRY(nn_classifier_add(ctx, &c->params, &c->model, &config, c->labels->k));
    freeze(&c->params, config.layers, learning);
    TOC_TRY(nn_params_ready(ctx, &c->params, true));
    nn_params_start(&c->params, ctx->seed);
    c->model.encoder.seed = ctx->seed;
    return enc_learn_load(ctx, c->from, &c->params, &fresh);
}

toc_status trn_classify(toc_ctx *ctx, const char *from, const char *to, const trn_corpus *texts, const trn_labels *labels, size_t learning, const trn_plan *plan,
                        trn_outcome *outcome)
{
    classifying c = { .labels = labels, .corpus = texts, .from = from, .folder = to };
    const trn_task task = { .params = &c.params, .arg = &c, .rows = texts, .learn = learn, .judge = judge, .keep = keep };
    toc_status st = begin(ctx, &c, learning);

    if (!st) st = trn_run(ctx, plan, &task, outcome);
    trn_batch_release(&c.batch);
    toc_free(c.target);
    toc_free(c.logits);
    nn_classifier_release(&c.model);
    nn_params_release(&c.params);
    return st;
}
