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
    const char *path;

    if (!folder && enc_default_folder(ctx, &folder)) return false;
    return !toc_arena_printf(ctx, &ctx->arena, &path, "%s/model.safetensors", folder) && access(path, R_OK) == 0;
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
    const struct {
        const char *name;
        size_t *value;
        json_int_t fallback, most;
    } sizes[] = {
        { "vocab_size", &c->vocab, 0, 1 << 24 },           { "hidden_size", &c->hidden, 0, 1 << 14 },
        { "num_hidden_layers", &c->layers, 0, 1 << 10 },   { "num_attention_heads", &c->heads, 0, 1 << 10 },
        { "intermediate_size", &c->inner, 0, 1 << 16 },    { "max_position_embeddings", &c->positions, 0, 1 << 16 },
        { "type_vocab_size", &c->types, 2, 1 << 10 },
    };

    for (size_t i = 0; i < TOC_COUNT(sizes); i++) {
        const json_t *v = json_object_get(o, sizes[i].name);
        json_int_t n = v ? json_integer_value(v) : sizes[i].fallback;
        if (n < 1 || n > sizes[i].most) return toc_fail(ctx, TOC_E_DATA, "%s/config.json: %s is missing or impossible", folder, sizes[i].name);
        *sizes[i].value = (size_t)n;
    }
    if (c->hidden % c->heads) return toc_fail(ctx, TOC_E_DATA, "%s/config.json: hidden_size is no multiple of num_attention_heads", folder);
    if (c->positions < 2) return toc_fail(ctx, TOC_E_DATA, "%s/config.json: max_position_embeddings is below 2", folder);
    return TOC_OK;
}

/* What the forward pass is written for; anything else would give wrong vectors in silence. */
static toc_status read_kind(toc_ctx *ctx, const json_t *o, const char *folder, enc_config *c)
{
    static const struct {
        const char *name, *wanted;
    } words[] = { { "model_type", "bert" }, { "hidden_act", "gelu" }, { "position_embedding_type", "absolute" } };

    for (size_t i = 0; i < TOC_COUNT(words); i++) {
        const char *v = json_string_value(json_object_get(o, words[i].name));
        if (v && strcmp(v, words[i].wanted) != 0)
            return toc_fail(ctx, TOC_E_DATA, "%s/config.json: %s is \"%.40s\"; only \"%s\" is known", folder, words[i].name, v, words[i].wanted);
    }
    const json_t *eps = json_object_get(o, "layer_norm_eps");
    c->eps = eps ? json_number_value(eps) : 1e-12;
    if (!(c->eps >= 0 && c->eps < 1)) return toc_fail(ctx, TOC_E_DATA, "%s/config.json: impossible layer_norm_eps", folder);
    return TOC_OK;
}

static toc_status read_length(toc_ctx *ctx, const char *folder, enc_config *c)
{
    json_t *o = NULL;

    TOC_TRY(load(ctx, folder, "sentence_bert_config.json", false, &o));
    json_int_t n = json_integer_value(json_object_get(o, "max_seq_length"));
    c->max_tokens = n >= 2 && (size_t)n < c->positions ? (size_t)n : c->positions;
    json_decref(o);
    return TOC_OK;
}

static toc_status read_pooling(toc_ctx *ctx, const char *folder, enc_config *c)
{
    json_t *o = NULL;
    toc_status st = TOC_OK;

    TOC_TRY(load(ctx, folder, "1_Pooling/config.json", false, &o));
    c->pools[0] = json_is_true(json_object_get(o, "pooling_mode_cls_token")) ? ENC_POOL_CLS : ENC_POOL_MEAN;
    c->n_pools = 1;
    if (o && c->pools[0] == ENC_POOL_MEAN && json_is_false(json_object_get(o, "pooling_mode_mean_tokens")))
        st = toc_fail(ctx, TOC_E_DATA, "%s/1_Pooling/config.json: only mean and cls pooling are known", folder);
    json_decref(o);
    return st;
}

toc_status enc_config_rules(toc_ctx *ctx, const char *folder, txt_rules *rules)
{
    json_t *o = NULL;

    TOC_TRY(load(ctx, folder, "tokenizer_config.json", false, &o));
    const json_t *accents = json_object_get(o, "strip_accents");
    rules->lower = !json_is_false(json_object_get(o, "do_lower_case"));
    rules->strip_accents = json_is_boolean(accents) ? json_is_true(accents) : rules->lower;
    rules->split_cjk = !json_is_false(json_object_get(o, "tokenize_chinese_chars"));
    json_decref(o);
    return TOC_OK;
}

toc_status enc_config_read(toc_ctx *ctx, const char *folder, enc_config *c)
{
    json_t *o = NULL;

    *c = (enc_config){ .pad = SIZE_MAX, .activation = NUM_GELU };
    TOC_TRY(load(ctx, folder, "config.json", true, &o));
    toc_status st = read_sizes(ctx, o, folder, c);
    if (!st) st = read_kind(ctx, o, folder, c);
    json_decref(o);
    if (!st) st = read_length(ctx, folder, c);
    if (!st) st = read_pooling(ctx, folder, c);
    if (!st) st = enc_config_rules(ctx, folder, &c->rules);
    return st;
}
