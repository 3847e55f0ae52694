/* learn.c: between a model's folder and the parameters that training changes. */
#include <errno.h>
#include <jansson.h>
#include <string.h>
#include <sys/stat.h>

#include "encoder/enc_int.h"

static toc_status read_config(toc_ctx *ctx, const char *folder, json_t **object)
{
    const char *path;
    toc_buf text = {0};

    TOC_TRY(toc_arena_printf(ctx, &ctx->arena, &path, "%s/config.json", folder));
    TOC_TRY(toc_read_file(ctx, path, &text));
    *object = json_loadb(text.p ? text.p : "", text.n, JSON_REJECT_DUPLICATES, NULL);
    toc_buf_release(&text);
    if (json_is_object(*object)) return TOC_OK;
    json_decref(*object);
    *object = NULL;
    return toc_fail(ctx, TOC_E_DATA, "%s: no JSON object", path);
}

/* BERT's own value where the file says none. */
static bool read_share(const json_t *o, const char *name, float *share)
{
    const json_t *v = json_object_get(o, name);

    *share = (float)(v ? json_number_value(v) : 0.1);
    return *share >= 0 && *share < 1;
}

toc_status enc_learn_config(toc_ctx *ctx, const char *folder, nn_encoder_config *config)
{
    enc_config c;
    json_t *o = NULL;
    float dropout, attention;

    TOC_TRY(enc_config_read(ctx, folder, &c));
    if (strcmp(c.family->model_type, "bert") != 0 || c.activation != NUM_GELU)
        return toc_fail(ctx, TOC_E_DATA, "%s/config.json: only a model_type of bert with hidden_act gelu can learn here", folder);
    TOC_TRY(read_config(ctx, folder, &o));
    bool fits = read_share(o, "hidden_dropout_prob", &dropout) && read_share(o, "attention_probs_dropout_prob", &attention);
    json_decref(o);
    if (!fits) return toc_fail(ctx, TOC_E_DATA, "%s/config.json: impossible dropout", folder);
    *config = (nn_encoder_config){
        .vocab = c.vocab, .hidden = c.hidden, .layers = c.layers, .heads = c.heads, .inner = c.inner, .positions = c.first_place + c.positions, .types = c.types,
        .first_place = c.first_place, .eps = c.eps, .activation = NN_GELU, .dropout = dropout, .attention_dropout = attention,
    };
    return TOC_OK;
}

/* By its whole name, without "bert.", or by the older names of norms. */
static const enc_tensor *find(const enc_tensors *tensors, const char *name)
{
    static const char *const renamed[][2] = { { "LayerNorm.weight", "LayerNorm.gamma" }, { "LayerNorm.bias", "LayerNorm.beta" } };
    const char *bare = strncmp(name, "bert.", 5) == 0 ? name + 5 : name;
    const enc_tensor *t = enc_tensors_find(tensors, "", name);

    if (!t) t = enc_tensors_find(tensors, "", bare);
    for (size_t i = 0; !t && i < TOC_COUNT(renamed); i++) {
        char old[256];
        size_t n = strlen(bare), m = strlen(renamed[i][0]);
        if (n < m || strcmp(bare + n - m, renamed[i][0]) != 0) continue;
        snprintf(old, sizeof old, "%.*s%s", (int)(n - m), bare, renamed[i][1]);
        t = enc_tensors_find(tensors, "bert.", old);
        if (!t) t = enc_tensors_find(tensors, "", old);
    }
    return t;
}

static bool has_shape(const enc_tensor *t, const nn_param *p)
{
    return t->n_dims == (p->columns ? 2u : 1u) && t->dims[0] == p->rows && (!p->columns || t->dims[1] == p->columns);
}

toc_status enc_learn_load(toc_ctx *ctx, const char *folder, nn_params *params, size_t *n_fresh)
{
    enc_weights file;
    toc_status st = TOC_OK;

    *n_fresh = 0;
    TOC_TRY(enc_weights_open(ctx, folder, &file));
    for (size_t i = 0; i < params->n && !st; i++) {
        const nn_param *p = &params->params[i];
        bool inner = strstr(p->name, "encoder.layer.") || strstr(p->name, "embeddings.");
        const enc_tensor *t = find(&file.tensors, p->name);
        if (t && t->dtype != ENC_OTHER && has_shape(t, p)) enc_tensor_floats(t, params->values + p->at);
        else if (!inner) ++*n_fresh;
        else if (!t) st = toc_fail(ctx, TOC_E_DATA, "%s: no tensor %s", file.path, p->name);
        else st = toc_fail(ctx, TOC_E_DATA, "%s: tensor %s is %s of another shape or type than config.json says", file.path, p->name, t->dtype_name);
    }
    enc_weights_close(&file);
    return st;
}

static toc_status write_header(toc_ctx *ctx, toc_out *out, const nn_params *params)
{
    toc_buf header = {0};
    unsigned char length[8];
    toc_status st = toc_buf_str(ctx, &header, "{\"__metadata__\":{\"format\":\"pt\"}");

    for (size_t i = 0; i < params->n && !st; i++) {
        const nn_param *p = &params->params[i];
        st = toc_buf_printf(ctx, &header, ",\"%s\":{\"dtype\":\"F32\",\"shape\":[%zu", p->name, p->rows);
        if (!st && p->columns) st = toc_buf_printf(ctx, &header, ",%zu", p->columns);
        if (!st) st = toc_buf_printf(ctx, &header, "],\"data_offsets\":[%zu,%zu]}", p->at * sizeof(float), (p->at + p->n) * sizeof(float));
    }
    if (!st) st = toc_buf_char(ctx, &header, '}');
    while (!st && header.n % 8) st = toc_buf_char(ctx, &header, ' ');
    for (size_t k = 0; k < sizeof length; k++) length[k] = (unsigned char)((uint64_t)header.n >> 8 * k);
    if (!st) toc_out_write(out, (const char *)length, sizeof length);
    if (!st) toc_out_write(out, header.p, header.n);
    toc_buf_release(&header);
    return st;
}

static toc_status write_weights(toc_ctx *ctx, const char *path, const nn_params *params)
{
    toc_out out = {0};
    toc_status st;

    if ((st = toc_out_open(ctx, path, false, &out)) || (st = write_header(ctx, &out, params))) goto out;
    toc_out_write(&out, (const char *)params->values, params->n_values * sizeof *params->values);
    st = toc_out_close(ctx, &out);
out:
    toc_out_abandon(&out);
    return st;
}

/* What transformers wants to know of a classifier. false: no memory, or a label that is not UTF-8. */
static bool set_classes(json_t *o, const char *const *labels, size_t k)
{
    json_t *names = json_object(), *ids = json_object();
    bool fits = json_object_set_new(o, "architectures", json_pack("[s]", "BertForSequenceClassification")) == 0
                && json_object_set_new(o, "problem_type", json_string("single_label_classification")) == 0;

    for (size_t i = 0; i < k && fits; i++) {
        char number[24], label[40];
        snprintf(number, sizeof number, "%zu", i);
        snprintf(label, sizeof label, "LABEL_%zu", i);
        const char *name = labels ? labels[i] : label;
        fits = json_object_set_new(names, number, json_string(name)) == 0 && json_object_set_new(ids, name, json_integer((json_int_t)i)) == 0;
    }
    fits = json_object_set_new(o, "id2label", names) == 0 && fits;
    return json_object_set_new(o, "label2id", ids) == 0 && fits;
}

static int take(const char *bytes, size_t n, void *out)
{
    toc_out_write(out, bytes, n);
    return 0;
}

static toc_status write_config(toc_ctx *ctx, const char *from, const char *path, const char *const *labels, size_t k)
{
    json_t *o = NULL;
    toc_out out = {0};
    toc_status st;

    if ((st = read_config(ctx, from, &o))) return st;
    (void)json_object_del(o, "torch_dtype");
    if (json_object_set_new(o, "dtype", json_string("float32")) || (k && !set_classes(o, labels, k)))
        st = toc_fail(ctx, TOC_E_DATA, "%s: a label is no UTF-8 text", path);
    if (!st) st = toc_out_open(ctx, path, false, &out);
    if (!st) {
        if (json_dump_callback(o, take, &out, JSON_INDENT(2) | JSON_PRESERVE_ORDER | JSON_REAL_PRECISION(15))) st = toc_fail(ctx, TOC_E_NOMEM, "%s: out of memory", path);
        toc_out_str(&out, "\n");
        if (!st) st = toc_out_close(ctx, &out);
    }
    toc_out_abandon(&out);
    json_decref(o);
    return st;
}

toc_status enc_learn_save(toc_ctx *ctx, const char *from, const char *to, const nn_params *params, const char *const *labels, size_t k)
{
    const char *weights, *config;
    struct stat a, b;

    TOC_TRY(toc_arena_printf(ctx, &ctx->arena, &weights, "%s/model.safetensors", to));
    TOC_TRY(toc_arena_printf(ctx, &ctx->arena, &config, "%s/config.json", to));
    TOC_TRY(enc_folder_make(ctx, to));
    TOC_TRY(write_weights(ctx, weights, params));
    TOC_TRY(write_config(ctx, from, config, labels, k));
    if (!stat(from, &a) && !stat(to, &b) && a.st_dev == b.st_dev && a.st_ino == b.st_ino) return TOC_OK;
    return enc_folder_copy(ctx, from, to, true);
}
