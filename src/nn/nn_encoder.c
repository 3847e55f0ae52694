/* nn_encoder.c: BERT with normalisation after each block, as Hugging Face's BertModel, over texts laid one behind the other. Of each block the inputs of its
 * layers are kept; GELU's result and attention's shares are made again in backward. */
#include "nn/nn_int.h"

/* Places of dropout within a block; block 0's come after the embedding's. */
enum { DROP_EMBEDDED, DROP_SHARES, DROP_MIXED, DROP_RAISED, DROP_PLACES, DROP_POOLED = 1 << 20 };

static const float spread = 0.02f; /* of BERT's starting values */

static nn_drop drop_of(const nn_encoder *e, size_t block, uint64_t place, float share)
{
    return nn_drop_new(e->seed, e->step, block * DROP_PLACES + place, e->training ? share : 0);
}

/* Query, key and value are three parameters of the checkpoint and one matrix here. */
static toc_status add_qkv(toc_ctx *ctx, nn_params *params, nn_linear *qkv, size_t h, const char *prefix, size_t index)
{
    static const char *const parts[] = { "query", "key", "value" };

    *qkv = (nn_linear){ .n_in = h, .n_out = 3 * h };
    for (size_t k = 0; k < 3; k++)
        TOC_TRY(nn_params_add(ctx, params, k ? NULL : &qkv->w, h, h, spread, true, "%sencoder.layer.%zu.attention.self.%s.weight", prefix, index, parts[k]));
    for (size_t k = 0; k < 3; k++)
        TOC_TRY(nn_params_add(ctx, params, k ? NULL : &qkv->b, h, 0, 0, false, "%sencoder.layer.%zu.attention.self.%s.bias", prefix, index, parts[k]));
    return TOC_OK;
}

static toc_status add_block(toc_ctx *ctx, nn_params *params, nn_encoder *e, const char *prefix, size_t index)
{
    nn_block *b = &e->blocks[index];
    size_t h = e->config.hidden, f = e->config.inner;
    char name[200];

    TOC_TRY(add_qkv(ctx, params, &b->qkv, h, prefix, index));
    snprintf(name, sizeof name, "%sencoder.layer.%zu.attention.output.dense", prefix, index);
    TOC_TRY(nn_linear_add(ctx, params, &b->out, h, h, spread, name));
    snprintf(name, sizeof name, "%sencoder.layer.%zu.attention.output.LayerNorm", prefix, index);
    TOC_TRY(nn_norm_add(ctx, params, &b->norm1, h, e->config.eps, name));
    snprintf(name, sizeof name, "%sencoder.layer.%zu.intermediate.dense", prefix, index);
    TOC_TRY(nn_linear_add(ctx, params, &b->up, h, f, spread, name));
    snprintf(name, sizeof name, "%sencoder.layer.%zu.output.dense", prefix, index);
    TOC_TRY(nn_linear_add(ctx, params, &b->down, f, h, spread, name));
    snprintf(name, sizeof name, "%sencoder.layer.%zu.output.LayerNorm", prefix, index);
    return nn_norm_add(ctx, params, &b->norm2, h, e->config.eps, name);
}

toc_status nn_encoder_add(toc_ctx *ctx, nn_params *params, nn_encoder *e, const nn_encoder_config *config, const char *prefix)
{
    size_t h = config->hidden;
    char name[200];

    *e = (nn_encoder){ .config = *config };
    TOC_TRY(toc_alloc(ctx, config->layers, sizeof *e->blocks, &e->blocks));
    snprintf(name, sizeof name, "%sembeddings.word_embeddings", prefix);
    TOC_TRY(nn_embedding_add(ctx, params, &e->words, config->vocab, h, spread, name));
    snprintf(name, sizeof name, "%sembeddings.position_embeddings", prefix);
    TOC_TRY(nn_embedding_add(ctx, params, &e->places, config->positions, h, spread, name));
    snprintf(name, sizeof name, "%sembeddings.token_type_embeddings", prefix);
    if (config->types) TOC_TRY(nn_embedding_add(ctx, params, &e->types, config->types, h, spread, name));
    snprintf(name, sizeof name, "%sembeddings.LayerNorm", prefix);
    TOC_TRY(nn_norm_add(ctx, params, &e->norm, h, config->eps, name));
    for (size_t i = 0; i < config->layers; i++) TOC_TRY(add_block(ctx, params, e, prefix, i));
    return TOC_OK;
}

static toc_status make_room(toc_ctx *ctx, nn_encoder *e, size_t n)
{
    size_t h = e->config.hidden, f = e->config.inner;

    if (n <= e->room) return TOC_OK;
    e->room = 0;
    toc_free(e->place_ids);
    toc_free(e->type_ids);
    e->place_ids = e->type_ids = NULL;
    TOC_TRY(toc_alloc(ctx, n, sizeof *e->place_ids, &e->place_ids));
    TOC_TRY(toc_alloc(ctx, n, sizeof *e->type_ids, &e->type_ids));
    const struct { float **memory; size_t d; } all[] = {
        { &e->embedded, h }, { &e->states, h }, { &e->wide, TOC_MAX(3 * h, f) }, { &e->one, h }, { &e->two, h },
    };
    for (size_t k = 0; k < TOC_COUNT(all); k++) TOC_TRY(nn_fit(ctx, n * all[k].d, all[k].memory));
    for (size_t i = 0; i < e->config.layers; i++) {
        nn_block *b = &e->blocks[i];
        const struct { float **memory; size_t d; } kept[] = {
            { &b->x, h }, { &b->qkv_rows, 3 * h }, { &b->mixed, h }, { &b->sum1, h }, { &b->middle, h }, { &b->raised, f }, { &b->sum2, h },
        };
        for (size_t k = 0; k < TOC_COUNT(kept); k++) TOC_TRY(nn_fit(ctx, n * kept[k].d, kept[k].memory));
    }
    e->room = n;
    return TOC_OK;
}

static nn_attention attention_of(const nn_encoder *e, size_t block)
{
    return (nn_attention){ .hidden = e->config.hidden, .n_heads = e->config.heads, .drop = drop_of(e, block, DROP_SHARES, e->config.attention_dropout) };
}

/* y: the next block's input. */
static toc_status forward_block(toc_ctx *ctx, nn_encoder *e, const nn_texts *texts, size_t index, float *y)
{
    nn_block *b = &e->blocks[index];
    size_t n = texts->starts[texts->n], h = e->config.hidden, f = e->config.inner;
    nn_attention attention = attention_of(e, index);

    TOC_TRY(nn_linear_forward(ctx, &e->work, &b->qkv, b->x, n, b->qkv_rows));
    TOC_TRY(nn_attention_forward(ctx, &attention, b->qkv_rows, texts->starts, texts->n, b->mixed));
    TOC_TRY(nn_linear_forward(ctx, &e->work, &b->out, b->mixed, n, b->sum1));
    TOC_TRY(nn_dropout(ctx, drop_of(e, index, DROP_MIXED, e->config.dropout), b->sum1, n * h));
    TOC_TRY(nn_add(ctx, b->x, n * h, b->sum1));
    TOC_TRY(nn_norm_forward(ctx, &b->norm1, b->sum1, n, b->middle));
    TOC_TRY(nn_linear_forward(ctx, &e->work, &b->up, b->middle, n, b->raised));
    TOC_TRY(nn_activation_forward(ctx, e->config.activation, b->raised, n * f, e->wide));
    TOC_TRY(nn_linear_forward(ctx, &e->work, &b->down, e->wide, n, b->sum2));
    TOC_TRY(nn_dropout(ctx, drop_of(e, index, DROP_RAISED, e->config.dropout), b->sum2, n * h));
    TOC_TRY(nn_add(ctx, b->middle, n * h, b->sum2));
    return nn_norm_forward(ctx, &b->norm2, b->sum2, n, y);
}

/* d (T x h): the gradient by the block's result becomes that by its input. */
static toc_status backward_block(toc_ctx *ctx, nn_encoder *e, const nn_texts *texts, size_t index, float *d)
{
    nn_block *b = &e->blocks[index];
    size_t n = texts->starts[texts->n], h = e->config.hidden, f = e->config.inner;
    nn_attention attention = attention_of(e, index);

    TOC_TRY(nn_norm_backward(ctx, &b->norm2, b->sum2, n, d, d));
    memcpy(e->one, d, n * h * sizeof *d);
    TOC_TRY(nn_dropout(ctx, drop_of(e, index, DROP_RAISED, e->config.dropout), e->one, n * h));
    TOC_TRY(nn_activation_forward(ctx, e->config.activation, b->raised, n * f, e->wide));
    TOC_TRY(nn_linear_backward(ctx, &e->work, &b->down, e->wide, n, e->one, NULL, false));
    TOC_TRY(nn_multiply(ctx, &e->work, e->one, h, n, b->down.w.x, 1, f, f, h, NULL, false, e->wide, f));
    TOC_TRY(nn_activation_backward(ctx, e->config.activation, b->raised, n * f, e->wide, e->wide));
    TOC_TRY(nn_linear_backward(ctx, &e->work, &b->up, b->middle, n, e->wide, d, true));
    TOC_TRY(nn_norm_backward(ctx, &b->norm1, b->sum1, n, d, d));
    memcpy(e->one, d, n * h * sizeof *d);
    TOC_TRY(nn_dropout(ctx, drop_of(e, index, DROP_MIXED, e->config.dropout), e->one, n * h));
    TOC_TRY(nn_linear_backward(ctx, &e->work, &b->out, b->mixed, n, e->one, e->two, false));
    TOC_TRY(nn_attention_backward(ctx, &attention, b->qkv_rows, texts->starts, texts->n, e->two, e->wide));
    return nn_linear_backward(ctx, &e->work, &b->qkv, b->x, n, e->wide, d, true);
}

toc_status nn_encoder_forward(toc_ctx *ctx, nn_encoder *e, const nn_texts *texts)
{
    size_t n = texts->starts[texts->n], h = e->config.hidden;

    TOC_TRY(make_room(ctx, e, n));
    for (size_t i = 0; i < texts->n; i++)
        for (size_t t = texts->starts[i]; t < texts->starts[i + 1]; t++) e->place_ids[t] = (uint32_t)(e->config.first_place + t - texts->starts[i]);
    memset(e->embedded, 0, n * h * sizeof *e->embedded);
    TOC_TRY(nn_embedding_forward(ctx, &e->words, texts->ids, n, e->embedded));
    TOC_TRY(nn_embedding_forward(ctx, &e->places, e->place_ids, n, e->embedded));
    if (e->config.types) TOC_TRY(nn_embedding_forward(ctx, &e->types, e->type_ids, n, e->embedded));
    float *x = e->config.layers ? e->blocks[0].x : e->states;
    TOC_TRY(nn_norm_forward(ctx, &e->norm, e->embedded, n, x));
    TOC_TRY(nn_dropout(ctx, drop_of(e, 0, DROP_EMBEDDED, e->config.dropout), x, n * h));
    for (size_t i = 0; i < e->config.layers; i++) TOC_TRY(forward_block(ctx, e, texts, i, i + 1 < e->config.layers ? e->blocks[i + 1].x : e->states));
    return TOC_OK;
}

toc_status nn_encoder_backward(toc_ctx *ctx, nn_encoder *e, const nn_texts *texts, float *d, float *dembedded)
{
    size_t n = texts->starts[texts->n], h = e->config.hidden;

    for (size_t i = e->config.layers; i-- > 0;) TOC_TRY(backward_block(ctx, e, texts, i, d));
    TOC_TRY(nn_dropout(ctx, drop_of(e, 0, DROP_EMBEDDED, e->config.dropout), d, n * h));
    TOC_TRY(nn_norm_backward(ctx, &e->norm, e->embedded, n, d, d));
    if (dembedded) memcpy(dembedded, d, n * h * sizeof *d);
    TOC_TRY(nn_embedding_backward(ctx, &e->words, texts->ids, n, d));
    TOC_TRY(nn_embedding_backward(ctx, &e->places, e->place_ids, n, d));
    return e->config.types ? nn_embedding_backward(ctx, &e->types, e->type_ids, n, d) : TOC_OK;
}

void nn_encoder_release(nn_encoder *e)
{
    for (size_t i = 0; e->blocks && i < e->config.layers; i++) {
        nn_block *b = &e->blocks[i];
        float *const kept[] = { b->x, b->qkv_rows, b->mixed, b->sum1, b->middle, b->raised, b->sum2 };
        for (size_t k = 0; k < TOC_COUNT(kept); k++) toc_free(kept[k]);
    }
    float *const all[] = { e->embedded, e->states, e->wide, e->one, e->two };
    for (size_t k = 0; k < TOC_COUNT(all); k++) toc_free(all[k]);
    toc_free(e->place_ids);
    toc_free(e->type_ids);
    toc_free(e->blocks);
    nn_work_release(&e->work);
    *e = (nn_encoder){0};
}

toc_status nn_classifier_add(toc_ctx *ctx, nn_params *params, nn_classifier *m, const nn_encoder_config *config, size_t k)
{
    *m = (nn_classifier){ .k = k };
    TOC_TRY(nn_encoder_add(ctx, params, &m->encoder, config, "bert."));
    TOC_TRY(nn_linear_add(ctx, params, &m->pooler, config->hidden, config->hidden, spread, "bert.pooler.dense"));
    return nn_linear_add(ctx, params, &m->classifier, config->hidden, k, spread, "classifier");
}

static toc_status make_head_room(toc_ctx *ctx, nn_classifier *m, size_t n, size_t tokens)
{
    size_t h = m->encoder.config.hidden;

    if (n > m->room) {
        float **const all[] = { &m->first, &m->dense, &m->pooled, &m->dropped };
        m->room = 0;
        for (size_t i = 0; i < TOC_COUNT(all); i++) TOC_TRY(nn_fit(ctx, n * h, all[i]));
        m->room = n;
    }
    if (tokens > m->token_room) {
        m->token_room = 0;
        TOC_TRY(nn_fit(ctx, tokens * h, &m->dstates));
        m->token_room = tokens;
    }
    return TOC_OK;
}

toc_status nn_classifier_forward(toc_ctx *ctx, nn_classifier *m, const nn_texts *texts, float *logits)
{
    nn_encoder *e = &m->encoder;
    size_t n = texts->n, h = e->config.hidden;

    TOC_TRY(make_head_room(ctx, m, n, texts->starts[n]));
    TOC_TRY(nn_encoder_forward(ctx, e, texts));
    TOC_TRY(nn_pool_forward(ctx, NN_FIRST, e->states, texts->starts, n, h, m->first));
    TOC_TRY(nn_linear_forward(ctx, &e->work, &m->pooler, m->first, n, m->dense));
    TOC_TRY(nn_activation_forward(ctx, NN_TANH, m->dense, n * h, m->pooled));
    TOC_TRY(nn_dropout(ctx, drop_of(e, 0, DROP_POOLED, e->config.dropout), m->pooled, n * h));
    return nn_linear_forward(ctx, &e->work, &m->classifier, m->pooled, n, logits);
}

toc_status nn_classifier_backward(toc_ctx *ctx, nn_classifier *m, const nn_texts *texts, const float *dlogits)
{
    nn_encoder *e = &m->encoder;
    size_t n = texts->n, h = e->config.hidden;

    TOC_TRY(nn_linear_backward(ctx, &e->work, &m->classifier, m->pooled, n, dlogits, m->dropped, false));
    TOC_TRY(nn_dropout(ctx, drop_of(e, 0, DROP_POOLED, e->config.dropout), m->dropped, n * h));
    TOC_TRY(nn_activation_backward(ctx, NN_TANH, m->dense, n * h, m->dropped, m->dropped));
    TOC_TRY(nn_linear_backward(ctx, &e->work, &m->pooler, m->first, n, m->dropped, m->pooled, false));
    TOC_TRY(nn_pool_backward(ctx, NN_FIRST, e->states, texts->starts, n, h, m->pooled, m->dstates));
    return nn_encoder_backward(ctx, e, texts, m->dstates, NULL);
}

void nn_classifier_release(nn_classifier *m)
{
    float *const all[] = { m->first, m->dense, m->pooled, m->dropped, m->dstates };

    for (size_t i = 0; i < TOC_COUNT(all); i++) toc_free(all[i]);
    nn_encoder_release(&m->encoder);
    *m = (nn_classifier){0};
}
