/* config.c: where models lie, and the JSON files beside them. */
#include <errno.h>
#include <jansson.h>
#include <unistd.h>

#include "encoder/enc_int.h"

toc_status enc_default_folder(toc_ctx *ctx, const char **folder)
{
    const char *model = getenv("TOCSIN_MODEL"), *data = getenv("XDG_DATA_HOME"), *home = getenv("HOME");

    if (model && *model) return toc_arena_copy(ctx, &ctx->arena, model, strlen(model), folder);
    if (data && *data) return toc_arena_printf(ctx, &ctx->arena, folder, "%s/tocsin/models/all-MiniLM-L6-v2", data);
    return toc_arena_printf(ctx, &ctx->arena, folder, "%s/.local/share/tocsin/models/all-MiniLM-L6-v2", home ? home : "");
}

bool enc_present(toc_ctx *ctx, const char *folder)
{
    if (!folder && enc_default_folder(ctx, &folder)) return false;
    return enc_weights_present(ctx, folder);
}

/* An object from folder/name; *object stays NULL where an optional file is not there. The caller's to decref. */
static toc_status load(toc_ctx *ctx, const char *folder, const char *name, bool needed, json_t **object)
{
    toc_buf text = {0};
    const char *path;
    json_error_t error;

    TOC_TRY(toc_arena_printf(ctx, &ctx->arena, &path, "%s/%s", folder, name));
    if (access(path, F_OK) != 0) {
        if (!needed) return TOC_OK;
        return toc_fail(ctx, TOC_E_USAGE, "no model in %s (no %s there): run tools/get-model, or name one with --model", folder, name);
    }
    TOC_TRY(toc_read_file(ctx, path, &text));
    json_t *value = json_loadb(text.p ? text.p : "", text.n, JSON_REJECT_DUPLICATES, &error);
    toc_buf_release(&text);
    if (json_is_object(value)) {
        *object = value;
        return TOC_OK;
    }
    int line = value ? 1 : error.line;
    json_decref(value);
    return toc_fail(ctx, TOC_E_DATA, "%s:%d: no JSON object", path, line);
}

static toc_status read_sizes(toc_ctx *ctx, const json_t *o, const char *folder, enc_config *c)
{
    static const json_int_t most[] = { 1 << 24, 1 << 14, 1 << 10, 1 << 10, 1 << 16, 1 << 16, 1 << 10 };
    size_t *const values[] = { &c->vocab, &c->hidden, &c->layers, &c->heads, &c->inner, &c->positions, &c->types };
    enum { INNER = 4, TYPES = 6 };

    for (size_t i = 0; i < TOC_COUNT(values); i++) {
        const char *name = c->family->keys->sizes[i];
        const json_t *v = name ? json_object_get(o, name) : NULL;
        json_int_t n = json_integer_value(v);
        if (!name || (i == TYPES && (!v || n == 0))) continue; /* types stays 0: none, or BERT's two below */
        if (i == INNER && (!v || json_is_null(v))) n = 4 * (json_int_t)c->hidden;
        if (n < 1 || n > most[i]) return toc_fail(ctx, TOC_E_DATA, "%s/config.json: %s is missing or impossible", folder, name);
        *values[i] = (size_t)n;
    }
    if (c->family->keys->sizes[TYPES] && !json_object_get(o, c->family->keys->sizes[TYPES])) c->types = 2;
    if (c->hidden % c->heads) return toc_fail(ctx, TOC_E_DATA, "%s/config.json: %s is no multiple of %s", folder, c->family->keys->sizes[1], c->family->keys->sizes[3]);
    if (c->positions < 2) return toc_fail(ctx, TOC_E_DATA, "%s/config.json: %s is below 2", folder, c->family->keys->sizes[5]);
    return TOC_OK;
}

static toc_status read_activation(toc_ctx *ctx, const json_t *o, const char *folder, enc_config *c)
{
    static const struct {
        const char *name;
        num_activation activation;
    } known[] = { { "gelu", NUM_GELU }, { "gelu_python", NUM_GELU }, { "gelu_new", NUM_GELU_TANH }, { "gelu_pytorch_tanh", NUM_GELU_TANH }, { "gelu_fast", NUM_GELU_TANH },
                  { "relu", NUM_RELU } };
    const char *key = c->family->keys->activation, *name = json_string_value(json_object_get(o, key));

    if (!name) name = c->family->activation;
    for (size_t i = 0; i < TOC_COUNT(known); i++) {
        if (strcmp(known[i].name, name) != 0) continue;
        c->activation = known[i].activation;
        return TOC_OK;
    }
    return toc_fail(ctx, TOC_E_DATA, "%s/config.json: %s is \"%.40s\"; gelu, gelu_new, gelu_pytorch_tanh, gelu_fast, relu are known", folder, key, name);
}

/* Positions behind the padding token's number (RoBERTa), where the first ones are never used. */
static toc_status read_first_place(toc_ctx *ctx, const json_t *o, const char *folder, enc_config *c)
{
    const json_t *v = json_object_get(o, "pad_token_id");
    json_int_t pad = json_is_integer(v) ? json_integer_value(v) : 1;

    if (!c->family->after_pad) return TOC_OK;
    if (pad < 0 || (size_t)pad + 3 > c->positions) return toc_fail(ctx, TOC_E_DATA, "%s/config.json: impossible pad_token_id", folder);
    c->pad = (size_t)pad;
    c->first_place = (size_t)pad + 1;
    c->positions -= c->first_place;
    return TOC_OK;
}

/* What the forward pass is not written for would give wrong vectors in silence. */
static toc_status refuse_others(toc_ctx *ctx, const json_t *o, const char *folder, const enc_config *c)
{
    const char *positions = json_string_value(json_object_get(o, "position_embedding_type"));
    const json_t *width = json_object_get(o, "embedding_size");

    if (positions && strcmp(positions, "absolute") != 0)
        return toc_fail(ctx, TOC_E_DATA, "%s/config.json: position_embedding_type is \"%.40s\"; only \"absolute\" is known", folder, positions);
    if (c->family->same_width && json_is_integer(width) && (size_t)json_integer_value(width) != c->hidden)
        return toc_fail(ctx, TOC_E_DATA, "%s/config.json: embedding_size is not hidden_size", folder);
    if (json_is_true(json_object_get(o, "scale_attn_by_inverse_layer_idx")) || json_is_false(json_object_get(o, "scale_attn_weights")) || json_is_true(json_object_get(o, "is_decoder")))
        return toc_fail(ctx, TOC_E_DATA, "%s/config.json: another way to scale attention, or a decoder, which is not known", folder);
    return TOC_OK;
}

static toc_status read_kind(toc_ctx *ctx, const json_t *o, const char *folder, enc_config *c)
{
    const char *type = json_string_value(json_object_get(o, "model_type")), *list;

    c->family = enc_family_find(type ? type : "bert");
    if (!c->family) {
        TOC_TRY(enc_family_list(ctx, &list));
        return toc_fail(ctx, TOC_E_DATA, "%s/config.json: model_type is \"%.40s\"; known are %s", folder, type, list);
    }
    c->pre_norm = c->family->pre_norm;
    c->causal = c->family->causal;
    TOC_TRY(read_sizes(ctx, o, folder, c));
    TOC_TRY(read_activation(ctx, o, folder, c));
    TOC_TRY(read_first_place(ctx, o, folder, c));
    TOC_TRY(refuse_others(ctx, o, folder, c));
    c->sinusoidal = json_is_true(json_object_get(o, "sinusoidal_pos_embds"));
    const json_t *eps = c->family->keys->eps ? json_object_get(o, c->family->keys->eps) : NULL;
    c->eps = eps ? json_number_value(eps) : c->family->eps;
    if (!(c->eps >= 0 && c->eps < 1)) return toc_fail(ctx, TOC_E_DATA, "%s/config.json: impossible %s", folder, c->family->keys->eps);
    return TOC_OK;
}

static toc_status read_length(toc_ctx *ctx, const char *folder, enc_config *c)
{
    json_t *o = NULL;

    TOC_TRY(load(ctx, folder, "sentence_bert_config.json", false, &o));
    json_int_t n = json_integer_value(json_object_get(o, "max_seq_length"));
    bool small = json_is_true(json_object_get(o, "do_lower_case"));
    c->max_tokens = n >= 2 && (size_t)n < c->positions ? (size_t)n : c->positions;
    json_decref(o);
    TOC_TRY(enc_config_rules(ctx, folder, &c->rules));
    return small && !c->rules.lower ? toc_fail(ctx, TOC_E_DATA, "%s/sentence_bert_config.json: do_lower_case, beside a tokenizer that keeps capitals", folder) : TOC_OK;
}

/* A layer behind the pooling would be missing from the vectors. */
static toc_status refuse_modules(toc_ctx *ctx, const char *folder)
{
    static const char *const known[] = { "Transformer", "Pooling", "Normalize" };
    const char *path;
    toc_buf text = {0};
    toc_status st = TOC_OK;

    TOC_TRY(toc_arena_printf(ctx, &ctx->arena, &path, "%s/modules.json", folder));
    if (access(path, F_OK) != 0) return TOC_OK;
    TOC_TRY(toc_read_file(ctx, path, &text));
    json_t *modules = json_loadb(text.p ? text.p : "", text.n, 0, NULL);
    toc_buf_release(&text);
    if (!json_is_array(modules)) st = toc_fail(ctx, TOC_E_DATA, "%s: no JSON list", path);
    for (size_t i = 0; i < json_array_size(modules) && !st; i++) {
        const char *type = json_string_value(json_object_get(json_array_get(modules, i), "type")), *dot = type ? strrchr(type, '.') : NULL;
        bool found = false;
        for (size_t k = 0; k < TOC_COUNT(known); k++) found |= strcmp(dot ? dot + 1 : type ? type : "", known[k]) == 0;
        if (!found) st = toc_fail(ctx, TOC_E_DATA, "%s: a module of type \"%.80s\"; only Transformer, Pooling and Normalize are known", path, type ? type : "");
    }
    json_decref(modules);
    return st;
}

/* The ways of sentence-transformers, side by side in its order, by its defaults: a word that says one, else flags, of which the mean's is on where it is not told. */
static toc_status read_pooling(toc_ctx *ctx, const char *folder, enc_config *c)
{
    static const struct {
        const char *name, *word;
        enc_pool pool;
    } modes[ENC_MOST_POOLS] = {
        { "pooling_mode_cls_token", "cls", ENC_POOL_CLS },
        { "pooling_mode_max_tokens", "max", ENC_POOL_MAX },
        { "pooling_mode_mean_tokens", "mean", ENC_POOL_MEAN },
        { "pooling_mode_mean_sqrt_len_tokens", "mean_sqrt_len_tokens", ENC_POOL_ROOT },
        { "pooling_mode_weightedmean_tokens", "weightedmean", ENC_POOL_WEIGHTED },
        { "pooling_mode_lasttoken", "lasttoken", ENC_POOL_LAST },
    };
    json_t *o = NULL;
    bool none;

    c->pools[0] = ENC_POOL_MEAN;
    TOC_TRY(load(ctx, folder, "1_Pooling/config.json", false, &o));
    const char *word = json_string_value(json_object_get(o, "pooling_mode"));
    for (size_t i = 0; o && i < TOC_COUNT(modes); i++) {
        const json_t *flag = json_object_get(o, modes[i].name);
        if (word ? strcmp(word, modes[i].word) == 0 : flag ? json_is_true(flag) : modes[i].pool == ENC_POOL_MEAN) c->pools[c->n_pools++] = modes[i].pool;
    }
    none = o && !c->n_pools;
    json_decref(o);
    if (none) return toc_fail(ctx, TOC_E_DATA, "%s/1_Pooling/config.json: no way of pooling that is known", folder);
    c->n_pools = TOC_MAX(c->n_pools, (size_t)1);
    return TOC_OK;
}

toc_status enc_config_rules(toc_ctx *ctx, const char *folder, txt_rules *rules)
{
    json_t *o = NULL;

    TOC_TRY(load(ctx, folder, "tokenizer_config.json", false, &o));
    const json_t *accents = json_object_get(o, "strip_accents");
    rules->lower = !json_is_false(json_object_get(o, "do_lower_case"));
    rules->strip_accents = json_is_boolean(accents) ? json_is_true(accents) : rules->lower;
    rules->prefix_space = json_is_true(json_object_get(o, "add_prefix_space"));
    rules->split_cjk = !json_is_false(json_object_get(o, "tokenize_chinese_chars"));
    json_decref(o);
    return TOC_OK;
}

toc_status enc_config_read(toc_ctx *ctx, const char *folder, enc_config *c)
{
    json_t *o = NULL;

    *c = (enc_config){ .pad = SIZE_MAX, .activation = NUM_GELU };
    TOC_TRY(load(ctx, folder, "config.json", true, &o));
    toc_status st = read_kind(ctx, o, folder, c);
    json_decref(o);
    if (!st) st = read_length(ctx, folder, c);
    if (!st) st = read_pooling(ctx, folder, c);
    if (!st) st = refuse_modules(ctx, folder);
    return st;
}

uint64_t enc_config_hash(const enc_config *c)
{
    const uint64_t sizes[] = {
        c->vocab, c->hidden, c->layers, c->heads, c->inner, c->positions, c->types, c->first_place, c->pad, c->pre_norm, c->causal, c->sinusoidal, c->activation,
        c->max_tokens, c->n_pools, c->rules.lower, c->rules.strip_accents, c->rules.split_cjk, c->rules.prefix_space,
    };
    uint64_t hash = toc_str_hash(toc_str_of(c->family->model_type)), eps;

    memcpy(&eps, &c->eps, sizeof eps);
    hash = toc_mix(hash ^ eps);
    for (size_t i = 0; i < TOC_COUNT(sizes); i++) hash = toc_mix(hash ^ sizes[i]);
    for (size_t i = 0; i < c->n_pools; i++) hash = toc_mix(hash ^ c->pools[i]);
    return hash;
}
