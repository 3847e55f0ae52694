/* nn_masked.c: masked language modelling (Devlin et al. 2019). */
#include "nn/nn_int.h"

toc_status nn_masked_add(toc_ctx *ctx, nn_params *params, nn_masked *m, const nn_encoder_config *config)
{
    const size_t h = config->hidden;

    *m = (nn_masked){ .decoder = { .n_in = h, .n_out = config->vocab } };
    TOC_TRY(nn_encoder_add(ctx, params, &m->encoder, config, "bert."));
    TOC_TRY(nn_params_add(ctx, params, &m->decoder.b, config->vocab, 0, 0, false, "cls.predictions.bias"));
    TOC_TRY(nn_linear_add(ctx, params, &m->transform, h, h, 0.02f, "cls.predictions.transform.dense"));
    return nn_norm_add(ctx, params, &m->norm, h, config->eps, "cls.predictions.transform.LayerNorm");
}

static toc_status make_room(toc_ctx *ctx, nn_masked *m, size_t n, size_t tokens)
{
    size_t h = m->encoder.config.hidden;

    if (n > m->room) {
        float **const all[] = { &m->rows, &m->dense, &m->bent, &m->normed };
        m->room = 0;
        for (size_t i = 0; i < TOC_COUNT(all); i++) TOC_TRY(nn_fit(ctx, n * h, all[i]));
        TOC_TRY(nn_fit(ctx, n * m->encoder.config.vocab, &m->logits));
        m->room = n;
    }
    if (tokens > m->token_room) {
        m->token_room = 0;
        TOC_TRY(nn_fit(ctx, tokens * h, &m->dstates));
        m->token_room = tokens;
    }
    return TOC_OK;
}

toc_status nn_masked_forward(toc_ctx *ctx, nn_masked *m, const nn_texts *texts, const size_t *rows, const int32_t *target, size_t n, double *loss)
{
    nn_encoder *e = &m->encoder;
    size_t h = e->config.hidden;

    m->decoder.w = e->words.table;
    TOC_TRY(make_room(ctx, m, n, texts->starts[texts->n]));
    TOC_TRY(nn_encoder_forward(ctx, e, texts));
    for (size_t i = 0; i < n; i++) memcpy(m->rows + i * h, e->states + rows[i] * h, h * sizeof *m->rows);
    TOC_TRY(nn_linear_forward(ctx, &e->work, &m->transform, m->rows, n, m->dense));
    TOC_TRY(nn_activation_forward(ctx, NN_GELU, m->dense, n * h, m->bent));
    TOC_TRY(nn_norm_forward(ctx, &m->norm, m->bent, n, m->normed));
    TOC_TRY(nn_linear_forward(ctx, &e->work, &m->decoder, m->normed, n, m->logits));
    return nn_loss_classes(ctx, m->logits, target, NULL, n, e->config.vocab, loss, m->logits);
}

toc_status nn_masked_backward(toc_ctx *ctx, nn_masked *m, const nn_texts *texts, const size_t *rows, size_t n, double scale)
{
    nn_encoder *e = &m->encoder;
    size_t h = e->config.hidden;

    if (!n) return TOC_OK;
    for (size_t i = 0; i < n * e->config.vocab && scale != 1; i++) m->logits[i] *= (float)scale;
    TOC_TRY(nn_linear_backward(ctx, &e->work, &m->decoder, m->normed, n, m->logits, m->normed, false));
    TOC_TRY(nn_norm_backward(ctx, &m->norm, m->bent, n, m->normed, m->normed));
    TOC_TRY(nn_activation_backward(ctx, NN_GELU, m->dense, n * h, m->normed, m->dense));
    TOC_TRY(nn_linear_backward(ctx, &e->work, &m->transform, m->rows, n, m->dense, m->normed, false));
    memset(m->dstates, 0, texts->starts[texts->n] * h * sizeof *m->dstates);
    for (size_t i = 0; i < n; i++) memcpy(m->dstates + rows[i] * h, m->normed + i * h, h * sizeof *m->dstates);
    return nn_encoder_backward(ctx, e, texts, m->dstates, NULL);
}

void nn_masked_release(nn_masked *m)
{
    float *const all[] = { m->rows, m->dense, m->bent, m->normed, m->logits, m->dstates };

    for (size_t i = 0; i < TOC_COUNT(all); i++) toc_free(all[i]);
    nn_encoder_release(&m->encoder);
    *m = (nn_masked){0};
}
