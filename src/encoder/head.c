/* head.c: classifiers that were fine-tuned with a model: one or two dense layers on a text's vector, in the layouts of transformers' ...ForSequenceClassification. */
#include <jansson.h>
#include <math.h>

#include "encoder/enc_int.h"

typedef enum { ONE_OF, EACH, PLAIN } scale; /* softmax, logistic, as it comes */
typedef enum { RELU, TANH } bend;

/* What the layers are called, and which vector they read: BERT, DistilBERT, RoBERTa. */
static const struct kind {
    const char *dense, *last; /* dense: NULL = none */
    bend bend;
    bool reads_first;         /* the state of the first token, else the pooler's output */
} kinds[] = {
    { "pre_classifier", "classifier", RELU, true },
    { "classifier.dense", "classifier.out_proj", TANH, true },
    { NULL, "classifier", RELU, false },
};

struct enc_head {
    const struct kind *kind;
    enc_pool pool;
    scale scale;
    size_t dim, n_labels;
    float *dense, *dense_bias;   /* (dim x dim), (dim); NULL = none */
    float *last, *last_bias;     /* (n_labels x dim), (n_labels) */
    float *hidden;               /* (dim) */
    const char **labels;
    toc_arena arena;
};

static const enc_tensor *part(const enc_tensors *tensors, const char *layer, const char *what)
{
    char name[64];

    snprintf(name, sizeof name, "%s.%s", layer, what);
    return enc_tensors_find(tensors, "", name);
}

/* rows = 0: as many as there are. */
static toc_status get(toc_ctx *ctx, enc_head *h, const enc_tensors *tensors, const char *path, const char *layer, size_t *rows, float **weight, float **bias)
{
    const enc_tensor *w = part(tensors, layer, "weight"), *b = part(tensors, layer, "bias");

    if (!w || !b) return toc_fail(ctx, TOC_E_DATA, "%s: no tensor %s.%s", path, layer, w ? "bias" : "weight");
    if (w->dtype == ENC_OTHER || b->dtype == ENC_OTHER)
        return toc_fail(ctx, TOC_E_DATA, "%s: tensor %s is %s; F32, F16, BF16, and I8 with scales are known", path, w->dtype == ENC_OTHER ? w->name : b->name,
                        w->dtype == ENC_OTHER ? w->dtype_name : b->dtype_name);
    if (!*rows && w->n_dims == 2) *rows = w->dims[0];
    if (!*rows || w->n_dims != 2 || w->dims[0] != *rows || w->dims[1] != h->dim)
        return toc_fail(ctx, TOC_E_DATA, "%s: tensor %s does not fit vectors of %zu numbers", path, w->name, h->dim);
    if (b->n_dims != 1 || b->n != *rows) return toc_fail(ctx, TOC_E_DATA, "%s: tensor %s has not %zu numbers", path, b->name, *rows);
    TOC_TRY(toc_arena_alloc(ctx, &h->arena, w->n, sizeof **weight, weight));
    TOC_TRY(toc_arena_alloc(ctx, &h->arena, b->n, sizeof **bias, bias));
    enc_tensor_floats(w, *weight);
    enc_tensor_floats(b, *bias);
    return TOC_OK;
}

static toc_status get_layers(toc_ctx *ctx, enc_head *h, const char *folder, const enc_model *model)
{
    enc_weights file;
    size_t k = 0;

    TOC_TRY(enc_weights_open(ctx, folder, &file));
    const char *path = file.path;
    while (k < TOC_COUNT(kinds) && !(part(&file.tensors, kinds[k].last, "weight") && (!kinds[k].dense || part(&file.tensors, kinds[k].dense, "weight")))) k++;
    toc_status st = k < TOC_COUNT(kinds) ? TOC_OK : toc_fail(ctx, TOC_E_DATA, "%s: no classifier: there is no tensor classifier.weight", path);
    if (!st) {
        h->kind = &kinds[k];
        h->pool = kinds[k].reads_first ? ENC_POOL_CLS : model->pooler.memory ? ENC_POOL_POOLER : ENC_POOL_MODEL;
        h->dim = enc_dim_of(model, h->pool);
        size_t dim = h->dim;
        if (kinds[k].dense) st = get(ctx, h, &file.tensors, path, kinds[k].dense, &dim, &h->dense, &h->dense_bias);
        if (!st) st = get(ctx, h, &file.tensors, path, kinds[k].last, &h->n_labels, &h->last, &h->last_bias);
    }
    enc_weights_close(&file);
    return st ? st : toc_arena_alloc(ctx, &h->arena, h->dim, sizeof *h->hidden, &h->hidden);
}

/* Names of labels and the kind of question; without config.json LABEL_0, LABEL_1, ... and one of them, as transformers has it. */
static toc_status get_labels(toc_ctx *ctx, enc_head *h, const char *folder)
{
    const char *path;
    json_error_t error;
    toc_status st = TOC_OK;

    TOC_TRY(toc_arena_printf(ctx, &h->arena, &path, "%s/config.json", folder));
    json_t *config = json_load_file(path, 0, &error), *names = json_object_get(config, "id2label");
    const char *problem = json_string_value(json_object_get(config, "problem_type"));
    h->scale = h->n_labels == 1 || (problem && strcmp(problem, "regression") == 0) ? PLAIN : problem && strcmp(problem, "multi_label_classification") == 0 ? EACH : ONE_OF;
    if (!(st = toc_arena_alloc(ctx, &h->arena, h->n_labels, sizeof *h->labels, &h->labels))) {
        for (size_t k = 0; k < h->n_labels && !st; k++) {
            char number[24];
            number[toc_format_int((int64_t)k, number)] = 0;
            const char *name = json_string_value(json_object_get(names, number));
            st = toc_arena_printf(ctx, &h->arena, &h->labels[k], name ? "%s" : "LABEL_%s", name ? name : number);
        }
    }
    json_decref(config);
    return st;
}

toc_status enc_head_open(toc_ctx *ctx, const char *folder, const enc_model *model, enc_head **head)
{
    enc_head *h = NULL;

    TOC_TRY(toc_alloc(ctx, 1, sizeof *h, &h));
    toc_status st = get_layers(ctx, h, folder, model);
    if (!st) st = get_labels(ctx, h, folder);
    if (st) enc_head_free(h);
    else *head = h;
    return st;
}

void enc_head_free(enc_head *h)
{
    if (!h) return;
    toc_arena_release(&h->arena);
    toc_free(h);
}

size_t enc_head_labels(const enc_head *h, const char *const **labels)
{
    *labels = h->labels;
    return h->n_labels;
}

enc_pool enc_head_pool(const enc_head *h)
{
    return h->pool;
}

static double dense_row(const float *weight, const float *vector, size_t dim, float bias)
{
    double sum = (double)bias;

    for (size_t j = 0; j < dim; j++) sum += (double)weight[j] * (double)vector[j];
    return sum;
}

/* Logits become what they stand for. */
static void finish(float *scores, size_t n, scale how)
{
    double most = (double)scores[0], all = 0;

    for (size_t k = 0; k < n && how == EACH; k++) scores[k] = (float)(1 / (1 + exp(-(double)scores[k])));
    if (how != ONE_OF) return;
    for (size_t k = 1; k < n; k++) most = TOC_MAX(most, (double)scores[k]);
    for (size_t k = 0; k < n; k++) all += exp((double)scores[k] - most);
    for (size_t k = 0; k < n; k++) scores[k] = (float)(exp((double)scores[k] - most) / all);
}

void enc_head_scores(const enc_head *h, const float *vectors, size_t n, float *scores)
{
    for (size_t i = 0; i < n; i++, scores += h->n_labels) {
        const float *vector = vectors + i * h->dim;
        for (size_t j = 0; h->dense && j < h->dim; j++) {
            double x = dense_row(h->dense + j * h->dim, vector, h->dim, h->dense_bias[j]);
            h->hidden[j] = (float)(h->kind->bend == TANH ? tanh(x) : fmax(x, 0));
        }
        for (size_t k = 0; k < h->n_labels; k++) scores[k] = (float)dense_row(h->last + k * h->dim, h->dense ? h->hidden : vector, h->dim, h->last_bias[k]);
        finish(scores, h->n_labels, h->scale);
    }
}
