/* A classifier and a masked language model beside PyTorch's (tests/peer/nn/make.py): gradients of a step, ten losses; the same bytes for any thread count; dropout. */
#include "nn/nn.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>
#include <jansson.h>

enum { K = 3, MOST = 64 };

static const nn_encoder_config tiny = {
    .vocab = 40, .hidden = 16, .layers = 2, .heads = 2, .inner = 24, .positions = 12, .types = 2, .eps = 1e-12, .activation = NN_GELU,
};

typedef struct {
    toc_ctx ctx;
    nn_params params;
    nn_classifier model;
    json_t *facts;
    toc_buf numbers; /* all values, then all gradients */
    uint32_t ids[MOST];
    size_t starts[MOST], n;
    int32_t labels[MOST];
} setup;

static const float *stored(const setup *s, const char *name, bool gradient)
{
    size_t at = 0, all = 0, i;
    json_t *pair;
    bool found = false;

    json_array_foreach(json_object_get(s->facts, "params"), i, pair) {
        if (strcmp(json_string_value(json_array_get(pair, 0)), name) == 0) {
            at = all;
            found = true;
        }
        all += (size_t)json_integer_value(json_array_get(pair, 1));
    }
    if (!found) fail_msg("no parameter %s in tiny.json", name);
    assert_int_equal(s->numbers.n, 2 * all * sizeof(float));
    return (const float *)(const void *)s->numbers.p + at + (gradient ? all : 0);
}

static void open_facts(setup *s, const char *facts, const char *numbers, size_t threads)
{
    *s = (setup){0};
    toc_ctx_init(&s->ctx);
    s->ctx.n_threads = threads;
    assert_non_null(s->facts = json_load_file(facts, 0, NULL));
    assert_int_equal(toc_read_file(&s->ctx, numbers, &s->numbers), TOC_OK);
}

static void fill(setup *s)
{
    json_t *text, *id;
    size_t i, k;

    assert_int_equal(nn_params_ready(&s->ctx, &s->params, true), TOC_OK);
    assert_int_equal(s->params.n, json_array_size(json_object_get(s->facts, "params")));
    for (i = 0; i < s->params.n; i++) {
        const nn_param *p = &s->params.params[i];
        memcpy(s->params.values + p->at, stored(s, p->name, false), p->n * sizeof(float));
    }
    json_array_foreach(json_object_get(s->facts, "texts"), i, text) {
        s->starts[i + 1] = s->starts[i] + json_array_size(text);
        json_array_foreach(text, k, id) s->ids[s->starts[i] + k] = (uint32_t)json_integer_value(id);
        s->labels[i] = (int32_t)json_integer_value(json_array_get(json_object_get(s->facts, "labels"), i));
    }
    s->n = i;
}

static void begin(setup *s, nn_encoder_config config, size_t threads)
{
    open_facts(s, "peer/nn/tiny.json", "peer/nn/tiny.f32", threads);
    assert_int_equal(nn_classifier_add(&s->ctx, &s->params, &s->model, &config, K), TOC_OK);
    fill(s);
}

static void end(setup *s)
{
    nn_classifier_release(&s->model);
    nn_params_release(&s->params);
    toc_buf_release(&s->numbers);
    json_decref(s->facts);
    toc_ctx_release(&s->ctx);
}

/* Texts from .. to-1, the mean over all n. */
static double pass(setup *s, size_t from, size_t to)
{
    float logits[MOST];
    size_t starts[MOST];
    double loss;

    for (size_t i = from; i <= to; i++) starts[i - from] = s->starts[i] - s->starts[from];
    nn_texts texts = { s->ids + s->starts[from], starts, to - from };
    assert_int_equal(nn_classifier_forward(&s->ctx, &s->model, &texts, logits), TOC_OK);
    assert_int_equal(nn_loss_classes(&s->ctx, logits, s->labels + from, NULL, to - from, K, &loss, logits), TOC_OK);
    for (size_t i = 0; i < (to - from) * K; i++) logits[i] *= (float)(to - from) / (float)s->n;
    assert_int_equal(nn_classifier_backward(&s->ctx, &s->model, &texts, logits), TOC_OK);
    return loss * (double)(to - from) / (double)s->n;
}

static void check_gradients(const setup *s)
{
    for (size_t i = 0; i < s->params.n; i++) {
        const nn_param *p = &s->params.params[i];
        const float *wanted = stored(s, p->name, true), *got = s->params.gradients + p->gradient_at;
        for (size_t k = 0; k < p->n; k++)
            if (!(fabsf(got[k] - wanted[k]) <= 2e-6f + 1e-5f * fabsf(wanted[k])))
                fail_msg("%s[%zu]: gradient %.9g, not %.9g", p->name, k, (double)got[k], (double)wanted[k]);
    }
}

static void test_ten_steps(void **state)
{
    setup s;
    nn_adam adam;

    (void)state;
    begin(&s, tiny, 2);
    assert_int_equal(nn_adam_new(&s.ctx, &s.params, 0.01, &adam), TOC_OK);
    for (uint64_t step = 0; step < 10; step++) {
        double norm, wanted = json_real_value(json_array_get(json_object_get(s.facts, "losses"), step));
        assert_int_equal(nn_params_clear(&s.ctx, &s.params), TOC_OK);
        double loss = pass(&s, 0, s.n);
        if (!(fabs(loss - wanted) < 2e-5)) fail_msg("step %d: loss %.9g, not %.9g", (int)step, loss, wanted);
        if (!step) check_gradients(&s);
        assert_int_equal(nn_gradient_norm(&s.ctx, &s.params, &norm), TOC_OK);
        assert_true(fabs(norm - json_real_value(json_array_get(json_object_get(s.facts, "norms"), step))) < 2e-4 * norm);
        assert_int_equal(nn_adam_step(&s.ctx, &adam, &s.params, nn_rate(5e-3, NN_LINEAR_DECAY, step, 3, 10), nn_clip(norm, 1)), TOC_OK);
    }
    nn_adam_release(&adam);
    end(&s);
}

/* Gradients of parts of a batch add up to those of the whole. */
static void test_accumulation(void **state)
{
    setup s;

    (void)state;
    begin(&s, tiny, 1);
    double loss = pass(&s, 0, 2) + pass(&s, 2, 3) + pass(&s, 3, s.n);
    assert_true(fabs(loss - json_real_value(json_array_get(json_object_get(s.facts, "losses"), 0))) < 1e-6);
    check_gradients(&s);
    end(&s);
}

static void test_threads_and_dropout(void **state)
{
    nn_encoder_config config = tiny;
    setup s[2], still;

    (void)state;
    config.dropout = 0.25f;
    config.attention_dropout = 0.1f;
    for (size_t k = 0; k < 2; k++) {
        begin(&s[k], config, 1 + 2 * k);
        s[k].model.encoder.training = true;
        s[k].model.encoder.seed = 5;
        (void)pass(&s[k], 0, s[k].n);
    }
    begin(&still, config, 1);
    assert_true(fabs(pass(&still, 0, still.n) - json_real_value(json_array_get(json_object_get(still.facts, "losses"), 0))) < 1e-6);
    assert_memory_equal(s[0].params.gradients, s[1].params.gradients, s[0].params.n_trained * sizeof(float));
    assert_memory_not_equal(s[0].params.gradients, still.params.gradients, still.params.n_trained * sizeof(float));
    memset(s[0].params.gradients, 0, s[0].params.n_trained * sizeof(float));
    s[0].model.encoder.step = 1;
    (void)pass(&s[0], 0, s[0].n);
    assert_memory_not_equal(s[0].params.gradients, s[1].params.gradients, s[0].params.n_trained * sizeof(float));
    for (size_t k = 0; k < 2; k++) end(&s[k]);
    end(&still);
}

/* With dropout the gradient is that of the network so thinned: finite differences along the gradient. */
static void test_gradient_under_dropout(void **state)
{
    nn_encoder_config config = tiny;
    setup s;
    double norm;

    (void)state;
    config.dropout = config.attention_dropout = 0.2f;
    begin(&s, config, 1);
    s.model.encoder.training = true;
    double middle = pass(&s, 0, s.n);
    assert_int_equal(nn_gradient_norm(&s.ctx, &s.params, &norm), TOC_OK);
    assert_true(norm > 0.1);
    double loss[2];
    for (size_t k = 0; k < 2; k++) {
        setup moved;
        begin(&moved, config, 1);
        moved.model.encoder.training = true;
        float by = (k ? 2e-3f : -2e-3f) / (float)norm;
        for (size_t i = 0; i < s.params.n_trained; i++) moved.params.values[i] += by * s.params.gradients[i];
        loss[k] = pass(&moved, 0, moved.n);
        end(&moved);
    }
    double slope = (loss[1] - loss[0]) / 4e-3;
    if (!(fabs(slope - norm) < 0.01 * norm)) fail_msg("slope %.6g along a gradient of length %.6g at loss %.6g", slope, norm, middle);
    end(&s);
}

static void test_masked(void **state)
{
    setup s;
    nn_masked model;
    size_t rows[MOST], i;
    int32_t targets[MOST];
    json_t *row;
    double loss;

    (void)state;
    open_facts(&s, "peer/nn/masked.json", "peer/nn/masked.f32", 2);
    assert_int_equal(nn_masked_add(&s.ctx, &s.params, &model, &tiny), TOC_OK);
    fill(&s);
    json_array_foreach(json_object_get(s.facts, "rows"), i, row) {
        rows[i] = (size_t)json_integer_value(row);
        targets[i] = (int32_t)json_integer_value(json_array_get(json_object_get(s.facts, "targets"), i));
    }
    nn_texts texts = { s.ids, s.starts, s.n };
    for (int k = 0; k < 2; k++) {
        assert_int_equal(nn_masked_forward(&s.ctx, &model, &texts, rows, targets, i, &loss), TOC_OK);
        assert_true(fabs(loss - json_real_value(json_array_get(json_object_get(s.facts, "losses"), 0))) < 2e-6);
        assert_int_equal(nn_masked_backward(&s.ctx, &model, &texts, rows, i, k ? 0.75 : 0.25), TOC_OK);
    }
    check_gradients(&s);
    nn_masked_release(&model);
    end(&s);
}

static void test_frozen(void **state)
{
    setup s = {0};
    uint32_t ids[] = { 1, 2, 3 };
    size_t starts[] = { 0, 3 };
    nn_texts texts = { ids, starts, 1 };
    float logits[K], d[K] = { 1, -1, 0 };

    (void)state;
    toc_ctx_init(&s.ctx);
    assert_int_equal(nn_classifier_add(&s.ctx, &s.params, &s.model, &tiny, K), TOC_OK);
    for (size_t i = 0; i < s.params.n; i++) s.params.params[i].frozen = strncmp(s.params.params[i].name, "bert.", 5) == 0;
    assert_int_equal(nn_params_ready(&s.ctx, &s.params, true), TOC_OK);
    assert_int_equal(s.params.n_trained, K * tiny.hidden + K);
    nn_params_start(&s.params, 3);
    assert_int_equal(nn_classifier_forward(&s.ctx, &s.model, &texts, logits), TOC_OK);
    assert_int_equal(nn_classifier_backward(&s.ctx, &s.model, &texts, d), TOC_OK);
    assert_true(s.params.gradients[0] == -s.params.gradients[tiny.hidden] && s.params.gradients[0] != 0);
    assert_true(nn_params_find(&s.params, "classifier.bias")->gradient_at == K * tiny.hidden && s.params.gradients[K * tiny.hidden] == 1);
    nn_classifier_release(&s.model);
    nn_params_release(&s.params);
    toc_ctx_release(&s.ctx);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_ten_steps), cmocka_unit_test(test_accumulation), cmocka_unit_test(test_threads_and_dropout),
        cmocka_unit_test(test_gradient_under_dropout), cmocka_unit_test(test_masked), cmocka_unit_test(test_frozen),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
