/* model.c: weights from the file to where the forward pass wants them. */
#include <errno.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "encoder/enc_int.h"

typedef struct {
    toc_ctx *ctx;
    enc_model *m;
    enc_tensors tensors;
    const char *path, *prefix;
} loader;

static toc_status map_file(toc_ctx *ctx, const char *path, enc_model *m)
{
    struct stat info;
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    toc_status st = TOC_OK;

    if (fd < 0 && errno == ENOENT) return toc_fail(ctx, TOC_E_USAGE, "no model: %s is not there; run tools/get-model, or name one with --model", path);
    if (fd < 0) return toc_fail_errno(ctx, TOC_E_IO, errno, "%s", path);
    if (fstat(fd, &info) != 0) st = toc_fail_errno(ctx, TOC_E_IO, errno, "%s", path);
    else if (!S_ISREG(info.st_mode) || info.st_size < 8) st = toc_fail(ctx, TOC_E_DATA, "%s: no safetensors file", path);
    else {
        void *map = mmap(NULL, (size_t)info.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
        if (map == MAP_FAILED) st = toc_fail_errno(ctx, TOC_E_IO, errno, "%s: cannot be mapped", path);
        else {
            m->map = map;
            m->map_size = (size_t)info.st_size;
        }
    }
    close(fd);
    return st;
}

/* The tensor of that name with that shape; columns 0 = a vector. Older files call gamma and beta what newer ones call weight and bias. */
static toc_status find(loader *l, const char *name, size_t rows, size_t columns, const enc_tensor **tensor)
{
    static const char *const renamed[][2] = { { "LayerNorm.weight", "LayerNorm.gamma" }, { "LayerNorm.bias", "LayerNorm.beta" } };
    const enc_tensor *t = enc_tensors_find(&l->tensors, l->prefix, name);

    for (size_t i = 0; !t && i < TOC_COUNT(renamed); i++) {
        char old[160];
        size_t n = strlen(name), m = strlen(renamed[i][0]);
        if (n < m || strcmp(name + n - m, renamed[i][0]) != 0) continue;
        snprintf(old, sizeof old, "%.*s%s", (int)(n - m), name, renamed[i][1]);
        t = enc_tensors_find(&l->tensors, l->prefix, old);
    }
    if (!t) return toc_fail(l->ctx, TOC_E_DATA, "%s: no tensor %s%s", l->path, l->prefix, name);
    if (t->dtype == ENC_OTHER) return toc_fail(l->ctx, TOC_E_DATA, "%s: tensor %s is %s; F32, F16 and BF16 are known", l->path, t->name, t->dtype_name);
    if (t->n_dims != (columns ? 2u : 1u) || t->dims[0] != rows || (columns && t->dims[1] != columns))
        return toc_fail(l->ctx, TOC_E_DATA, "%s: tensor %s has another shape than config.json says (%zu x %zu)", l->path, t->name, rows, TOC_MAX(columns, 1));
    *tensor = t;
    return TOC_OK;
}

static toc_status get(loader *l, const char *name, size_t rows, size_t columns, const float **values)
{
    const enc_tensor *t = NULL;
    float *copy;

    TOC_TRY(find(l, name, rows, columns, &t));
    if (t->dtype == ENC_F32 && (uintptr_t)t->data % sizeof(float) == 0) {
        *values = t->data;
        return TOC_OK;
    }
    TOC_TRY(toc_arena_alloc(l->ctx, &l->m->arena, t->n, sizeof *copy, &copy));
    enc_tensor_floats(t, copy);
    *values = copy;
    return TOC_OK;
}

/* Query, key and value become one matrix: one product instead of three. */
static toc_status get_qkv(loader *l, size_t index, enc_layer *layer)
{
    static const char *const parts[] = { "query", "key", "value" };
    size_t h = l->m->config.hidden;
    float *weight, *bias;
    char name[160];

    TOC_TRY(toc_arena_alloc(l->ctx, &l->m->arena, 3 * h * h, sizeof *weight, &weight));
    TOC_TRY(toc_arena_alloc(l->ctx, &l->m->arena, 3 * h, sizeof *bias, &bias));
    for (size_t k = 0; k < 3; k++) {
        const enc_tensor *t = NULL;
        snprintf(name, sizeof name, "encoder.layer.%zu.attention.self.%s.weight", index, parts[k]);
        TOC_TRY(find(l, name, h, h, &t));
        enc_tensor_floats(t, weight + k * h * h);
        snprintf(name, sizeof name, "encoder.layer.%zu.attention.self.%s.bias", index, parts[k]);
        TOC_TRY(find(l, name, h, 0, &t));
        enc_tensor_floats(t, bias + k * h);
    }
    layer->qkv = weight;
    layer->qkv_bias = bias;
    return TOC_OK;
}

static toc_status get_layer(loader *l, size_t index, enc_layer *layer)
{
    size_t h = l->m->config.hidden, inner = l->m->config.inner;
    const struct {
        const char *name;
        size_t rows, columns;
        const float **values;
    } parts[] = {
        { "attention.output.dense.weight", h, h, &layer->out },
        { "attention.output.dense.bias", h, 0, &layer->out_bias },
        { "attention.output.LayerNorm.weight", h, 0, &layer->norm1 },
        { "attention.output.LayerNorm.bias", h, 0, &layer->norm1_bias },
        { "intermediate.dense.weight", inner, h, &layer->up },
        { "intermediate.dense.bias", inner, 0, &layer->up_bias },
        { "output.dense.weight", h, inner, &layer->down },
        { "output.dense.bias", h, 0, &layer->down_bias },
        { "output.LayerNorm.weight", h, 0, &layer->norm2 },
        { "output.LayerNorm.bias", h, 0, &layer->norm2_bias },
    };
    char name[160];

    TOC_TRY(get_qkv(l, index, layer));
    for (size_t i = 0; i < TOC_COUNT(parts); i++) {
        snprintf(name, sizeof name, "encoder.layer.%zu.%s", index, parts[i].name);
        TOC_TRY(get(l, name, parts[i].rows, parts[i].columns, parts[i].values));
    }
    return TOC_OK;
}

static toc_status get_weights(loader *l)
{
    static const char first[] = "embeddings.word_embeddings.weight";
    enc_model *m = l->m;
    const enc_config *c = &m->config;

    l->prefix = enc_tensors_find(&l->tensors, "bert.", first) ? "bert." : "";
    TOC_TRY(get(l, first, c->vocab, c->hidden, &m->words));
    TOC_TRY(get(l, "embeddings.position_embeddings.weight", c->positions, c->hidden, &m->places));
    TOC_TRY(get(l, "embeddings.token_type_embeddings.weight", c->types, c->hidden, &m->types));
    TOC_TRY(get(l, "embeddings.LayerNorm.weight", c->hidden, 0, &m->norm));
    TOC_TRY(get(l, "embeddings.LayerNorm.bias", c->hidden, 0, &m->norm_bias));
    TOC_TRY(toc_arena_alloc(l->ctx, &m->arena, c->layers, sizeof *m->layers, &m->layers));
    for (size_t i = 0; i < c->layers; i++) TOC_TRY(get_layer(l, i, &m->layers[i]));
    return TOC_OK;
}

static toc_status read_vocabulary(toc_ctx *ctx, const char *folder, enc_model *m)
{
    TOC_TRY(txt_tokenizer_open(ctx, folder, &m->config.rules, &m->tokenizer));
    size_t n = txt_tokenizer_size(m->tokenizer);
    if (n > m->config.vocab) return toc_fail(ctx, TOC_E_DATA, "%s: %zu tokens, but the model knows %zu", folder, n, m->config.vocab);
    return TOC_OK;
}

static toc_status fill(toc_ctx *ctx, const char *folder, enc_model *m)
{
    loader l = { .ctx = ctx, .m = m };

    TOC_TRY(enc_config_read(ctx, folder, &m->config));
    TOC_TRY(toc_arena_printf(ctx, &ctx->arena, &l.path, "%s/model.safetensors", folder));
    TOC_TRY(map_file(ctx, l.path, m));
    TOC_TRY(enc_tensors_parse(ctx, (toc_str){ m->map, m->map_size }, l.path, &l.tensors));
    toc_status st = get_weights(&l);
    enc_tensors_release(&l.tensors);
    return st ? st : read_vocabulary(ctx, folder, m);
}

toc_status enc_open(toc_ctx *ctx, const char *folder, enc_model **model)
{
    enc_model *m = NULL;

    if (!folder) TOC_TRY(enc_default_folder(ctx, &folder));
    TOC_TRY(toc_alloc(ctx, 1, sizeof *m, &m));
    toc_status st = fill(ctx, folder, m);
    if (st) enc_close(m);
    else *model = m;
    return st;
}

void enc_close(enc_model *m)
{
    if (!m) return;
    txt_tokenizer_free(m->tokenizer);
    toc_arena_release(&m->arena);
    if (m->map) munmap(m->map, m->map_size);
    toc_free(m);
}

size_t enc_dim(const enc_model *m)
{
    return m->config.hidden;
}

size_t enc_max_tokens(const enc_model *m)
{
    return m->config.max_tokens;
}

uint64_t enc_model_hash(enc_model *m)
{
    const enc_config *c = &m->config;
    const size_t settings[] = { c->heads, c->max_tokens, (size_t)c->pool };

    if (m->hash) return m->hash;
    uint64_t hash = toc_mix(toc_str_hash((toc_str){ m->map, m->map_size }) ^ toc_mix(txt_tokenizer_hash(m->tokenizer)));
    for (size_t i = 0; i < TOC_COUNT(settings); i++) hash = toc_mix(hash ^ settings[i]);
    m->hash = hash | 1;
    return m->hash;
}
