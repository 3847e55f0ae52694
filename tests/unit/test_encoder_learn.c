/* A folder read as parameters, taught, written, and read again by the encoder: the same scores on both ways. */
#include "encoder/encoder.h"
#include "text/text.h"
#include "../scratch.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

enum { K = 3, N = 4 };

static const char tiny[] = "peer/encoder/tiny";

typedef struct {
    toc_ctx ctx;
    nn_encoder_config config;
    nn_params params;
    nn_classifier model;
    toc_str words[N];
    txt_tokens tokens;
    size_t starts[N + 1];
    nn_texts texts;
} setup;

static void begin(setup *s, const char *folder, size_t fresh)
{
    const char *const words[N] = { "the dress is good", "bad lamp !", "very fast order", "love" };
    txt_tokenizer *tokenizer = NULL;
    size_t n_fresh;

    *s = (setup){0};
    toc_ctx_init(&s->ctx);
    if (enc_learn_config(&s->ctx, folder, &s->config)) fail_msg("%s", s->ctx.message);
    assert_int_equal(s->config.hidden, 32);
    assert_true(s->config.dropout == 0.1f && s->config.attention_dropout == 0.1f);
    assert_int_equal(nn_classifier_add(&s->ctx, &s->params, &s->model, &s->config, K), TOC_OK);
    assert_int_equal(nn_params_ready(&s->ctx, &s->params, true), TOC_OK);
    nn_params_start(&s->params, 1);
    if (enc_learn_load(&s->ctx, folder, &s->params, &n_fresh)) fail_msg("%s", s->ctx.message);
    assert_int_equal(n_fresh, fresh);
    if (txt_tokenizer_open(&s->ctx, folder, &(txt_rules){ .lower = true, .strip_accents = true, .split_cjk = true }, &tokenizer)) fail_msg("%s", s->ctx.message);
    for (size_t i = 0; i < N; i++) {
        s->words[i] = toc_str_of(words[i]);
        assert_int_equal(txt_tokenize(&s->ctx, tokenizer, s->words[i], SIZE_MAX, &s->tokens, NULL), TOC_OK);
        s->starts[i + 1] = s->tokens.n;
    }
    s->texts = (nn_texts){ s->tokens.ids, s->starts, N };
    txt_tokenizer_free(tokenizer);
}

static void end(setup *s)
{
    txt_tokens_release(&s->tokens);
    nn_classifier_release(&s->model);
    nn_params_release(&s->params);
    toc_ctx_release(&s->ctx);
}

/* The mean of a text's states is the vector that encode makes. */
static void test_states(void **state)
{
    setup s;
    enc_model *model = NULL;
    float vectors[N * 32], means[N * 32];

    (void)state;
    begin(&s, tiny, 2);
    assert_int_equal(enc_open(&s.ctx, tiny, NUM_FP32, &model), TOC_OK);
    assert_int_equal(enc_encode(&s.ctx, model, s.words, N, &(enc_options){ .pool = ENC_POOL_MEAN, .raw = true }, vectors, NULL), TOC_OK);
    assert_int_equal(nn_encoder_forward(&s.ctx, &s.model.encoder, &s.texts), TOC_OK);
    assert_int_equal(nn_pool_forward(&s.ctx, NN_MEAN, s.model.encoder.states, s.starts, N, 32, means), TOC_OK);
    for (size_t i = 0; i < N * 32; i++) assert_true(fabsf(vectors[i] - means[i]) < 1e-5f);
    enc_close(model);
    end(&s);
}

static void teach(setup *s)
{
    const int32_t labels[N] = { 0, 1, 2, 0 };
    float logits[N * K];
    double loss, first = 0;
    nn_adam adam;

    assert_int_equal(nn_adam_new(&s->ctx, &s->params, 0.01, &adam), TOC_OK);
    s->model.encoder.training = true;
    for (uint64_t step = 0; step < 60; step++) {
        s->model.encoder.step = step;
        assert_int_equal(nn_params_clear(&s->ctx, &s->params), TOC_OK);
        assert_int_equal(nn_classifier_forward(&s->ctx, &s->model, &s->texts, logits), TOC_OK);
        assert_int_equal(nn_loss_classes(&s->ctx, logits, labels, NULL, N, K, &loss, logits), TOC_OK);
        assert_int_equal(nn_classifier_backward(&s->ctx, &s->model, &s->texts, logits), TOC_OK);
        assert_int_equal(nn_adam_step(&s->ctx, &adam, &s->params, 1e-3, 1), TOC_OK);
        if (!step) first = loss;
    }
    s->model.encoder.training = false;
    if (!(loss < first / 2)) fail_msg("the loss went from %g to %g", first, loss);
    nn_adam_release(&adam);
}

static void check_scores(setup *s, const char *folder, const float *logits)
{
    enc_model *model = NULL;
    enc_head *head = NULL;
    float vectors[N * 32], scores[N * K];
    const char *const *labels;

    if (enc_open(&s->ctx, folder, NUM_FP32, &model) || enc_head_open(&s->ctx, folder, model, &head)) fail_msg("%s", s->ctx.message);
    assert_int_equal(enc_head_labels(head, &labels), K);
    assert_string_equal(labels[2], "later");
    assert_int_equal(enc_encode(&s->ctx, model, s->words, N, &(enc_options){ .pool = enc_head_pool(head), .raw = true }, vectors, NULL), TOC_OK);
    enc_head_scores(head, vectors, N, scores);
    for (size_t i = 0; i < N; i++) {
        double sum = 0;
        for (size_t k = 0; k < K; k++) sum += exp((double)logits[i * K + k]);
        for (size_t k = 0; k < K; k++) assert_true(fabs((double)scores[i * K + k] - exp((double)logits[i * K + k]) / sum) < 1e-5);
    }
    enc_head_free(head);
    enc_close(model);
}

static void test_written(void **state)
{
    static const char *const names[K] = { "good", "bad", "later" };
    const char *folder = scratch_path("");
    float logits[N * K];
    setup s, again;

    (void)state;
    begin(&s, tiny, 2);
    teach(&s);
    if (enc_learn_save(&s.ctx, tiny, folder, &s.params, names, K)) fail_msg("%s", s.ctx.message);
    if (enc_learn_save(&s.ctx, folder, folder, &s.params, names, K)) fail_msg("%s", s.ctx.message);
    assert_int_equal(nn_classifier_forward(&s.ctx, &s.model, &s.texts, logits), TOC_OK);
    check_scores(&s, folder, logits);
    begin(&again, folder, 0);
    assert_memory_equal(again.params.values, s.params.values, s.params.n_values * sizeof(float));
    end(&again);
    end(&s);
}

static void test_refused(void **state)
{
    setup s;
    nn_params params = {0};
    nn_encoder encoder;
    size_t n_fresh;

    (void)state;
    begin(&s, tiny, 2);
    s.config.inner++;
    assert_int_equal(nn_encoder_add(&s.ctx, &params, &encoder, &s.config, ""), TOC_OK);
    assert_int_equal(nn_params_ready(&s.ctx, &params, false), TOC_OK);
    assert_int_equal(enc_learn_load(&s.ctx, tiny, &params, &n_fresh), TOC_E_DATA);
    assert_non_null(strstr(s.ctx.message, "encoder.layer.0.intermediate.dense.weight is F32 of another shape"));
    assert_int_equal(enc_learn_config(&s.ctx, "peer/nn", &s.config), TOC_E_USAGE);
    nn_encoder_release(&encoder);
    nn_params_release(&params);
    end(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(test_states), cmocka_unit_test(test_written), cmocka_unit_test(test_refused) };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
