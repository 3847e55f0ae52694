/* model.c: weights from the file to where the forward pass wants them. */
#define _DEFAULT_SOURCE /* madvise */
#include <math.h>
#include <sys/mman.h>
#include <unistd.h>

#include "encoder/enc_int.h"

typedef struct {
    toc_ctx *ctx;
    enc_model *m;
    const char *prefix;
    const enc_names *names; /* of the family */
} loader;

enum { NO_LAYER = -1, MOST_NAME = 160 };

/* "part.suffix", with the layer and its number in front. */
static void name_tensor(const loader *l, int layer, const char *part, const char *suffix, char name[MOST_NAME])
{
    if (layer == NO_LAYER) snprintf(name, MOST_NAME, "%s.%s", part, suffix);
    else snprintf(name, MOST_NAME, "%s%d.%s.%s", l->names->layer, layer, part, suffix);
}

/* The tensor of that name with that shape; columns 0 = a vector. Older files call gamma and beta what newer ones call weight and bias. */
static toc_status find(loader *l, const char *name, size_t rows, size_t columns, const enc_tensor **tensor)
{
    static const char *const renamed[][2] = { { "LayerNorm.weight", "LayerNorm.gamma" }, { "LayerNorm.bias", "LayerNorm.beta" } };
    const enc_tensor *t = enc_tensors_find(&l->m->files.tensors, l->prefix, name);

    for (size_t i = 0; !t && i < TOC_COUNT(renamed); i++) {
        char old[160];
        size_t n = strlen(name), m = strlen(renamed[i][0]);
        if (n < m || strcmp(name + n - m, renamed[i][0]) != 0) continue;
        snprintf(old, sizeof old, "%.*s%s", (int)(n - m), name, renamed[i][1]);
        t = enc_tensors_find(&l->m->files.tensors, l->prefix, old);
    }
    if (!t) return toc_fail(l->ctx, TOC_E_DATA, "%s: no tensor %s%s", l->m->files.path, l->prefix, name);
    if (t->dtype == ENC_OTHER) return toc_fail(l->ctx, TOC_E_DATA, "%s: tensor %s is %s; F32, F16, BF16, and I8 with scales are known", l->m->files.path, t->name, t->dtype_name);
    if (t->n_dims != (columns ? 2u : 1u) || t->dims[0] != rows || (columns && t->dims[1] != columns))
        return toc_fail(l->ctx, TOC_E_DATA, "%s: tensor %s has another shape than config.json says (%zu x %zu)", l->m->files.path, t->name, rows, TOC_MAX(columns, 1));
    l->m->files.tensors.tensors[t - l->m->files.tensors.tensors].read = true;
    *tensor = t;
    return TOC_OK;
}

/* Whether a tensor can be read where it is. */
static bool lies_ready(const enc_tensor *t)
{
    return t->dtype == ENC_F32 && (uintptr_t)t->data % sizeof(float) == 0;
}

static toc_status get(loader *l, int layer, const char *part, const char *suffix, size_t rows, size_t columns, const float **values)
{
    const enc_tensor *t = NULL;
    float *copy;
    char name[MOST_NAME];

    name_tensor(l, layer, part, suffix, name);
    TOC_TRY(find(l, name, rows, columns, &t));
    if (lies_ready(t)) {
        *values = t->data;
        return TOC_OK;
    }
    TOC_TRY(toc_arena_alloc(l->ctx, &l->m->arena, t->n, sizeof *copy, &copy));
    enc_tensor_floats(t, copy);
    *values = copy;
    return TOC_OK;
}

/* A matrix of one tensor, or of three below each other, on its way into panels. */
typedef struct {
    const enc_tensor *parts[3];
    size_t n_parts;
    bool transposed; /* the one part lies (in x out) */
    num_weights *weights;
    void *memory;
} packing;

/* The file's pages are not needed any more once they are packed. */
static void let_go(const enc_tensor *t)
{
    uintptr_t page = (uintptr_t)sysconf(_SC_PAGESIZE), begin = (uintptr_t)t->data, end = begin + (t->end - t->begin);

    begin = (begin + page - 1) / page * page;
    end = end / page * page;
    if (begin < end) (void)madvise((void *)begin, end - begin, MADV_DONTNEED);
}

static toc_status pack_task(toc_ctx *ctx, void *arg, size_t task)
{
    packing *p = &((packing *)arg)[task];
    const enc_tensor *first = p->parts[0];
    const size_t out_stride = p->transposed ? 1 : p->weights->n_in, in_stride = p->transposed ? p->weights->n_out : 1;
    float *copy = NULL;

    if (p->n_parts == 1 && lies_ready(first)) num_weights_fill(p->weights, p->memory, first->data, out_stride, in_stride);
    else {
        TOC_TRY(toc_alloc(ctx, p->weights->n_out * p->weights->n_in, sizeof *copy, &copy));
        for (size_t k = 0; k < p->n_parts; k++) enc_tensor_floats(p->parts[k], copy + k * first->n);
        num_weights_fill(p->weights, p->memory, copy, out_stride, in_stride);
        toc_free(copy);
    }
    for (size_t k = 0; k < p->n_parts; k++) let_go(p->parts[k]);
    return TOC_OK;
}

/* A whole matrix (rows x columns), as the family lays it out. */
static toc_status plan_matrix(loader *l, int layer, const char *part, size_t rows, size_t columns, num_weights *weights, packing *p)
{
    char name[MOST_NAME];

    p->transposed = l->m->config.family->transposed;
    name_tensor(l, layer, part, "weight", name);
    TOC_TRY(find(l, name, p->transposed ? columns : rows, p->transposed ? rows : columns, &p->parts[0]));
    *weights = num_weights_plan(l->ctx, l->m->precision, rows, columns);
    p->n_parts = 1;
    p->weights = weights;
    return TOC_OK;
}

/* Query, key and value become one matrix, where they are not: one product instead of three. */
static toc_status get_qkv(loader *l, int index, enc_layer *layer, packing *p)
{
    const char *const parts[] = { l->names->query, l->names->key, l->names->value };
    size_t h = l->m->config.hidden;
    float *bias;
    char name[MOST_NAME];

    if (l->names->qkv) {
        TOC_TRY(get(l, index, l->names->qkv, "bias", 3 * h, 0, &layer->qkv_bias));
        return plan_matrix(l, index, l->names->qkv, 3 * h, h, &layer->qkv, p);
    }
    TOC_TRY(toc_arena_alloc(l->ctx, &l->m->arena, 3 * h, sizeof *bias, &bias));
    for (size_t k = 0; k < 3; k++) {
        const enc_tensor *t = NULL;
        name_tensor(l, index, parts[k], "weight", name);
        TOC_TRY(find(l, name, h, h, &p->parts[k]));
        name_tensor(l, index, parts[k], "bias", name);
        TOC_TRY(find(l, name, h, 0, &t));
        enc_tensor_floats(t, bias + k * h);
    }
    layer->qkv = num_weights_plan(l->ctx, l->m->precision, 3 * h, h);
    layer->qkv_bias = bias;
    p->n_parts = 3;
    p->weights = &layer->qkv;
    return TOC_OK;
}

enum { MATRICES = 4 }; /* of a layer */

static toc_status get_layer(loader *l, int index, enc_layer *layer, packing *p)
{
    const enc_names *names = l->names;
    size_t h = l->m->config.hidden, inner = l->m->config.inner;
    const struct {
        const char *part, *suffix;
        size_t n;
        const float **values;
    } vectors[] = {
        { names->out, "bias", h, &layer->out_bias },     { names->norm1, "weight", h, &layer->norm1 }, { names->norm1, "bias", h, &layer->norm1_bias },
        { names->up, "bias", inner, &layer->up_bias },   { names->down, "bias", h, &layer->down_bias },
        { names->norm2, "weight", h, &layer->norm2 },    { names->norm2, "bias", h, &layer->norm2_bias },
    };

    TOC_TRY(get_qkv(l, index, layer, p++));
    TOC_TRY(plan_matrix(l, index, names->out, h, h, &layer->out, p++));
    TOC_TRY(plan_matrix(l, index, names->up, inner, h, &layer->up, p++));
    TOC_TRY(plan_matrix(l, index, names->down, h, inner, &layer->down, p));
    for (size_t i = 0; i < TOC_COUNT(vectors); i++) TOC_TRY(get(l, index, vectors[i].part, vectors[i].suffix, vectors[i].n, 0, vectors[i].values));
    return TOC_OK;
}

/* One block for all matrices: the kernel may use huge pages for it. */
static toc_status get_memory(loader *l, packing *packings, size_t n)
{
    enum { LINE = 64 };
    size_t bytes = 0;
    char *memory;

    for (size_t i = 0; i < n; i++) bytes += (packings[i].weights->bytes + LINE - 1) / LINE * LINE;
    TOC_TRY(toc_arena_alloc(l->ctx, &l->m->arena, bytes, 1, &memory));
    for (size_t i = 0; i < n; i++) {
        packings[i].memory = memory;
        memory += (packings[i].weights->bytes + LINE - 1) / LINE * LINE;
    }
    return TOC_OK;
}

static toc_status get_layers(loader *l)
{
    enc_model *m = l->m;
    size_t n = m->config.layers * MATRICES;
    packing *packings = NULL;

    TOC_TRY(toc_arena_alloc(l->ctx, &m->arena, m->config.layers, sizeof *m->layers, &m->layers));
    TOC_TRY(toc_alloc(l->ctx, n, sizeof *packings, &packings));
    toc_status st = TOC_OK;
    for (size_t i = 0; i < m->config.layers && !st; i++) st = get_layer(l, (int)i, &m->layers[i], packings + i * MATRICES);
    if (!st) st = get_memory(l, packings, n);
    if (!st) st = toc_parallel(l->ctx, n, pack_task, packings);
    toc_free(packings);
    return st;
}

static toc_status get_pooler(loader *l)
{
    enc_model *m = l->m;
    const float *values;
    size_t h = m->config.hidden;
    char name[MOST_NAME];
    void *memory;

    if (!l->names->pooler) return TOC_OK;
    name_tensor(l, NO_LAYER, l->names->pooler, "weight", name);
    if (!enc_tensors_find(&l->m->files.tensors, l->prefix, name)) return TOC_OK;
    TOC_TRY(get(l, NO_LAYER, l->names->pooler, "weight", h, h, &values));
    TOC_TRY(get(l, NO_LAYER, l->names->pooler, "bias", h, 0, &m->pooler_bias));
    m->pooler = num_weights_plan(l->ctx, NUM_FP32, h, h);
    TOC_TRY(toc_arena_alloc(l->ctx, &m->arena, m->pooler.bytes, 1, &memory));
    num_weights_fill(&m->pooler, memory, values, h, 1);
    return TOC_OK;
}

/* Both vectors of a normalisation, if the family has it. */
static toc_status get_norm(loader *l, const char *part, const float **weight, const float **bias)
{
    if (!part) return TOC_OK;
    TOC_TRY(get(l, NO_LAYER, part, "weight", l->m->config.hidden, 0, weight));
    return get(l, NO_LAYER, part, "bias", l->m->config.hidden, 0, bias);
}

/* Positions: learned ones from the file, else a table of sines: PE(t, 2i) = sin(t / 10000^(2i / h)), PE(t, 2i + 1) = cos of the same (Vaswani et al. 2017, 3.5). */
static toc_status get_places(loader *l)
{
    enc_model *m = l->m;
    size_t rows = m->config.first_place + m->config.positions, h = m->config.hidden;
    float *table;
    char name[MOST_NAME];

    name_tensor(l, NO_LAYER, l->names->places, "weight", name);
    if (!m->config.sinusoidal || enc_tensors_find(&l->m->files.tensors, l->prefix, name)) return get(l, NO_LAYER, l->names->places, "weight", rows, h, &m->places);
    TOC_TRY(toc_arena_alloc(l->ctx, &m->arena, rows * h, sizeof *table, &table));
    for (size_t t = 0; t < rows; t++)
        for (size_t j = 0; j < h; j++) {
            double angle = (double)t / pow(10000, (double)(j - j % 2) / (double)h);
            table[t * h + j] = (float)(j % 2 ? cos(angle) : sin(angle));
        }
    m->places = table;
    return TOC_OK;
}

static toc_status get_types(loader *l)
{
    enc_model *m = l->m;
    float *zeros;

    if (m->config.types) return get(l, NO_LAYER, l->names->types, "weight", m->config.types, m->config.hidden, &m->types);
    TOC_TRY(toc_arena_alloc(l->ctx, &m->arena, m->config.hidden, sizeof *zeros, &zeros));
    m->types = zeros;
    return TOC_OK;
}

static toc_status get_weights(loader *l)
{
    enc_model *m = l->m;
    const enc_config *c = &m->config;
    char first[MOST_NAME];

    l->names = c->family->names;
    name_tensor(l, NO_LAYER, l->names->words, "weight", first);
    l->prefix = enc_tensors_find(&l->m->files.tensors, c->family->prefix, first) ? c->family->prefix : "";
    TOC_TRY(get(l, NO_LAYER, l->names->words, "weight", c->vocab, c->hidden, &m->words));
    TOC_TRY(get_places(l));
    TOC_TRY(get_types(l));
    TOC_TRY(get_norm(l, l->names->norm, &m->norm, &m->norm_bias));
    TOC_TRY(get_norm(l, l->names->last_norm, &m->last_norm, &m->last_norm_bias));
    TOC_TRY(get_pooler(l));
    return get_layers(l);
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
    m->attention = num_attention_plan(ctx, m->precision, m->config.hidden, m->config.heads, m->config.causal);
    TOC_TRY(enc_weights_open(ctx, folder, &m->files));
    TOC_TRY(get_weights(&l));
    return read_vocabulary(ctx, folder, m);
}

toc_status enc_open(toc_ctx *ctx, const char *folder, num_precision precision, enc_model **model)
{
    enc_model *m = NULL;

    if (!folder) TOC_TRY(enc_default_folder(ctx, &folder));
    TOC_TRY(toc_alloc(ctx, 1, sizeof *m, &m));
    m->precision = precision;
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
    enc_weights_close(&m->files);
    toc_free(m);
}

size_t enc_dim(const enc_model *m)
{
    return enc_dim_of(m, ENC_POOL_MODEL);
}

size_t enc_dim_of(const enc_model *m, enc_pool pool)
{
    return m->config.hidden * (pool == ENC_POOL_MODEL ? m->config.n_pools : 1);
}

size_t enc_max_tokens(const enc_model *m)
{
    return m->config.max_tokens;
}

uint64_t enc_model_hash(enc_model *m)
{
    if (m->hash) return m->hash;
    uint64_t hash = toc_mix(enc_weights_hash(&m->files) ^ toc_mix(txt_tokenizer_hash(m->tokenizer)));
    m->hash = toc_mix(toc_mix(hash ^ enc_config_hash(&m->config)) ^ m->precision) | 1;
    return m->hash;
}
