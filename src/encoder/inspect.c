/* inspect.c: what is in a model's folder, whether all of it holds, and the same with matrices of bytes. */
#include <errno.h>
#include <jansson.h>
#include <math.h>
#include <sys/stat.h>
#include <unistd.h>

#include "encoder/enc_int.h"

/* ---- what is there ---- */

static bool is_scale(const enc_tensor *t)
{
    static const char ending[] = "_scale";
    size_t n = strlen(t->name);

    return n >= sizeof ending && strcmp(t->name + n - (sizeof ending - 1), ending) == 0;
}

static void count_types(const enc_tensors *tensors, enc_description *d)
{
    for (size_t i = 0; i < tensors->n; i++) {
        const enc_tensor *t = &tensors->tensors[i];
        size_t k = 0;
        while (k < d->n_types && strcmp(d->types[k].name, t->dtype_name) != 0) k++;
        if (k == TOC_COUNT(d->types)) continue;
        if (k == d->n_types) d->types[d->n_types++].name = t->dtype_name;
        d->types[k].tensors++;
        d->types[k].numbers += t->n;
        d->tensors++;
        if ((t->dtype != ENC_OTHER) && !is_scale(t)) d->params += t->n;
    }
}

static toc_status find_license(toc_ctx *ctx, const char *folder, enc_description *d)
{
    static const char *const names[] = { "LICENSE", "LICENSE.txt", "LICENSE.md", "license.txt", "COPYING" };
    const char *path;

    for (size_t i = 0; i < TOC_COUNT(names) && !d->license; i++) {
        TOC_TRY(toc_arena_printf(ctx, &ctx->arena, &path, "%s/%s", folder, names[i]));
        if (access(path, F_OK) == 0) d->license = names[i];
    }
    return TOC_OK;
}

/* "mean", or "cls+mean" for several side by side. */
static toc_status name_pools(toc_ctx *ctx, const enc_config *c, const char **names)
{
    static const char *const words[] = { "model", "mean", "cls", "max", "pooler", "last", "root", "weighted" };

    *names = words[c->pools[0]];
    for (size_t k = 1; k < c->n_pools; k++) TOC_TRY(toc_arena_printf(ctx, &ctx->arena, names, "%s+%s", *names, words[c->pools[k]]));
    return TOC_OK;
}

toc_status enc_describe(toc_ctx *ctx, const char *folder, enc_description *d)
{
    enc_model *model = NULL;
    toc_status st;

    *d = (enc_description){0};
    if (!folder) TOC_TRY(enc_default_folder(ctx, &folder));
    d->folder = folder;
    TOC_TRY(enc_open(ctx, folder, NUM_FP32, &model));
    const enc_config *c = &model->config;
    d->family = c->family->model_type;
    d->layers = c->layers;
    d->hidden = c->hidden;
    d->heads = c->heads;
    d->inner = c->inner;
    d->vocab = c->vocab;
    d->positions = c->positions;
    d->max_tokens = c->max_tokens;
    d->dim = enc_dim(model);
    d->tokens = txt_tokenizer_size(model->tokenizer);
    d->hash = enc_model_hash(model);
    if ((st = name_pools(ctx, c, &d->pooling)) || (st = find_license(ctx, folder, d))) goto out;
    count_types(&model->files.tensors, d);
    d->bytes = enc_weights_bytes(&model->files);
out:
    enc_close(model);
    return st;
}

/* ---- whether it holds ---- */

/* Every number, a row at a time. */
static toc_status check_numbers(toc_ctx *ctx, const char *path, const enc_tensor *t, float *values)
{
    enc_tensor_floats(t, values);
    for (size_t i = 0; i < t->n; i++)
        if (!isfinite(values[i])) return toc_fail(ctx, TOC_E_DATA, "%s: tensor %s: number %zu is %s", path, t->name, i, isnan(values[i]) ? "NaN" : "infinite");
    return TOC_OK;
}

static toc_status check_tensors(toc_ctx *ctx, const enc_weights *w, enc_checked *checked)
{
    float *values = NULL;
    toc_status st = TOC_OK;

    for (size_t i = 0; i < w->tensors.n && !st; i++) {
        const enc_tensor *t = &w->tensors.tensors[i];
        if (t->dtype == ENC_OTHER) continue;
        if ((st = toc_alloc(ctx, t->n, sizeof *values, &values))) break;
        st = check_numbers(ctx, w->path, t, values);
        toc_free(values);
        checked->tensors++;
        checked->numbers += t->n;
    }
    return st;
}

/* What the file holds and no vector depends on: heads of other tasks, or parts that are named otherwise than expected. */
static toc_status list_unread(toc_ctx *ctx, const enc_weights *w, enc_checked *checked)
{
    enum { NAMED = 5 };

    checked->unread = "";
    for (size_t i = 0; i < w->tensors.n; i++) {
        const enc_tensor *t = &w->tensors.tensors[i];
        if (t->read || is_scale(t)) continue;
        if (checked->n_unread++ < NAMED) TOC_TRY(toc_arena_printf(ctx, &ctx->arena, &checked->unread, "%s%s%.200s", checked->unread, *checked->unread ? ", " : "", t->name));
    }
    return checked->n_unread <= NAMED ? TOC_OK : toc_arena_printf(ctx, &ctx->arena, &checked->unread, "%s, ...", checked->unread);
}

/* Texts that every vocabulary knows something of, of several lengths and scripts, the first two the same. */
static const char *const known_texts[] = {
    "The dress is very soft and fits well.", "The dress is very soft and fits well.", "Broke after two days, never again!", "good", "1234567890",
    "物流很快，质量不错，值得购买", "Très bon produit, livré à temps.", "Очень хорошо", "a b c d e f g h i j k l m n o p q r s t u v w x y z a b c d e f g h i j k l m n o p",
    "The lamp came with a cracked shade and a cable that is too short for any room, so it went back on the same day.",
};

/* Vectors of the known texts, in company and alone. */
static toc_status run_texts(toc_ctx *ctx, const enc_model *m, float *together, float *alone)
{
    toc_str texts[TOC_COUNT(known_texts)];
    size_t dim = enc_dim(m);

    for (size_t i = 0; i < TOC_COUNT(texts); i++) texts[i] = toc_str_of(known_texts[i]);
    TOC_TRY(enc_encode(ctx, m, texts, TOC_COUNT(texts), NULL, together, NULL));
    for (size_t i = 0; i < TOC_COUNT(texts); i++) TOC_TRY(enc_encode(ctx, m, &texts[i], 1, NULL, alone + i * dim, NULL));
    return TOC_OK;
}

static double dot(const float *a, const float *b, size_t n)
{
    double sum = 0;

    for (size_t j = 0; j < n; j++) sum += (double)a[j] * (double)b[j];
    return sum;
}

static toc_status judge_vectors(toc_ctx *ctx, const char *folder, size_t dim, const float *together, const float *alone)
{
    const size_t n = TOC_COUNT(known_texts);

    for (size_t i = 0; i < n; i++) {
        const float *v = together + i * dim;
        double length = sqrt(dot(v, v, dim));
        if (!(fabs(length - 1) < 1e-4)) return toc_fail(ctx, TOC_E_DATA, "%s: \"%s\" has a vector of length %g, not 1", folder, known_texts[i], length);
        for (size_t j = 0; j < dim; j++)
            if (!(fabs((double)v[j] - (double)alone[i * dim + j]) <= 2e-6))
                return toc_fail(ctx, TOC_E_DATA, "%s: \"%s\" has another vector alone than beside others", folder, known_texts[i]);
    }
    if (memcmp(together, together + dim, dim * sizeof *together) != 0) return toc_fail(ctx, TOC_E_DATA, "%s: one text has two vectors", folder);
    if (dot(together + dim, together + 2 * dim, dim) > 1 - 1e-7) return toc_fail(ctx, TOC_E_DATA, "%s: two texts have one vector: the weights do not matter", folder);
    return TOC_OK;
}

static toc_status check_vectors(toc_ctx *ctx, const char *folder, const enc_model *m, enc_checked *checked)
{
    const size_t n = TOC_COUNT(known_texts), dim = enc_dim(m);
    float *vectors = NULL;

    TOC_TRY(toc_alloc(ctx, 2 * n * dim, sizeof *vectors, &vectors));
    toc_status st = run_texts(ctx, m, vectors, vectors + n * dim);
    if (!st) st = judge_vectors(ctx, folder, dim, vectors, vectors + n * dim);
    if (!st) checked->texts = n;
    toc_free(vectors);
    return st;
}

toc_status enc_check(toc_ctx *ctx, const char *folder, enc_checked *checked)
{
    enc_model *model = NULL;

    *checked = (enc_checked){0};
    if (!folder) TOC_TRY(enc_default_folder(ctx, &folder));
    TOC_TRY(enc_open(ctx, folder, NUM_FP32, &model));
    checked->tokens = txt_tokenizer_size(model->tokenizer);
    checked->vocab = model->config.vocab;
    toc_status st = check_tensors(ctx, &model->files, checked);
    if (!st) st = list_unread(ctx, &model->files, checked);
    if (!st) st = check_vectors(ctx, folder, model, checked);
    enc_close(model);
    return st;
}

toc_status enc_compare(toc_ctx *ctx, const char *folder, const char *other, double *smallest)
{
    const char *const folders[] = { folder, other };
    const size_t n = TOC_COUNT(known_texts);
    float *vectors[2] = { NULL, NULL };
    size_t dim = 0;
    toc_status st = TOC_OK;

    for (size_t k = 0; k < 2 && !st; k++) {
        enc_model *model = NULL;
        if ((st = enc_open(ctx, folders[k], NUM_FP32, &model))) break;
        dim = enc_dim(model);
        if (!(st = toc_alloc(ctx, 2 * n * dim, sizeof *vectors[k], &vectors[k]))) st = run_texts(ctx, model, vectors[k], vectors[k] + n * dim);
        enc_close(model);
    }
    *smallest = 1;
    for (size_t i = 0; i < n && !st; i++) *smallest = TOC_MIN(*smallest, dot(vectors[0] + i * dim, vectors[1] + i * dim, dim));
    toc_free(vectors[0]);
    toc_free(vectors[1]);
    return st;
}
