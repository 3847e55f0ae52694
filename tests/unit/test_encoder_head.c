/* Scores of a fine-tuned classifier beside those of transformers' BertForSequenceClassification (tests/peer/encoder/make_head.py). */
#include "encoder/encoder.h"
#include "../scratch.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>
#include <jansson.h>

enum { LABELS = 3, MOST = 64, DIM = 16 };

static void test_scores(void **state)
{
    toc_ctx ctx;
    enc_model *model = NULL;
    enc_head *head = NULL;
    json_error_t error;
    json_t *o = json_load_file("peer/encoder/head.json", JSON_ALLOW_NUL, &error), *names = json_object_get(o, "texts"), *wanted = json_object_get(o, "scores");
    const char *const *labels;
    float vectors[MOST * DIM], scores[MOST * LABELS];
    toc_str texts[MOST];
    size_t n = json_array_size(names);

    (void)state;
    assert_in_range(n, 40, MOST);
    toc_ctx_init(&ctx);
    if (enc_open(&ctx, "peer/encoder/head", NUM_FP32, &model) || enc_head_open(&ctx, "peer/encoder/head", model, &head)) fail_msg("%s", ctx.message);
    assert_int_equal(enc_head_labels(head, &labels), LABELS);
    assert_string_equal(labels[0], "bad");
    assert_string_equal(labels[1], "so, so");
    assert_int_equal(enc_head_pool(head), ENC_POOL_POOLER);
    for (size_t i = 0; i < n; i++) texts[i] = (toc_str){ json_string_value(json_array_get(names, i)), json_string_length(json_array_get(names, i)) };
    const enc_options options = { .pool = enc_head_pool(head), .raw = true };
    assert_int_equal(enc_encode(&ctx, model, texts, n, &options, vectors, NULL), TOC_OK);
    enc_head_scores(head, vectors, n, scores);
    for (size_t i = 0; i < n; i++)
        for (size_t k = 0; k < LABELS; k++) {
            double want = json_number_value(json_array_get(json_array_get(wanted, i), k));
            if (!(fabs((double)scores[i * LABELS + k] - want) < 2e-6)) fail_msg("text %zu, %s: %g, not %g", i, labels[k], (double)scores[i * LABELS + k], want);
        }
    enc_head_free(head);
    head = NULL;
    assert_int_equal(enc_head_open(&ctx, "peer/encoder/tiny", model, &head), TOC_E_DATA);
    assert_int_equal(enc_head_open(&ctx, "peer/encoder/nowhere", model, &head), TOC_E_USAGE);
    enc_close(model);
    assert_int_equal(enc_open(&ctx, "peer/encoder/tiny", NUM_FP32, &model), TOC_OK);
    assert_int_equal(enc_head_open(&ctx, "peer/encoder/head", model, &head), TOC_E_DATA); /* 32 numbers, not 16 */
    enc_close(model);
    toc_ctx_release(&ctx);
    json_decref(o);
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(test_scores) };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
