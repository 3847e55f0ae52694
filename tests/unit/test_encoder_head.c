/* Scores of a fine-tuned classifier beside those of transformers' BertForSequenceClassification (tests/peer/encoder/make_head.py). */
#include "encoder/encoder.h"
#include "../scratch.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>
#include <jansson.h>

enum { LABELS = 3, MOST = 64, DIM = 16 };

/* Beside what is stored under `key`; the model is that of peer/encoder/head. */
static void compare(const char *folder, const char *key, size_t n_labels, enc_pool pool, const char *last_label)
{
    toc_ctx ctx;
    enc_model *model = NULL;
    enc_head *head = NULL;
    json_error_t error;
    json_t *o = json_load_file("peer/encoder/head.json", JSON_ALLOW_NUL, &error), *names = json_object_get(o, "texts"), *wanted = json_object_get(o, key);
    const char *const *labels;
    float vectors[MOST * DIM], scores[MOST * LABELS];
    toc_str texts[MOST];
    size_t n = json_array_size(names);

    assert_in_range(n, 40, MOST);
    toc_ctx_init(&ctx);
    if (enc_open(&ctx, "peer/encoder/head", NUM_FP32, &model) || enc_head_open(&ctx, folder, model, &head)) fail_msg("%s", ctx.message);
    assert_int_equal(enc_head_labels(head, &labels), n_labels);
    assert_string_equal(labels[n_labels - 1], last_label);
    assert_int_equal(enc_head_pool(head), pool);
    for (size_t i = 0; i < n; i++) texts[i] = (toc_str){ json_string_value(json_array_get(names, i)), json_string_length(json_array_get(names, i)) };
    const enc_options options = { .pool = pool, .raw = true };
    assert_int_equal(enc_encode(&ctx, model, texts, n, &options, vectors, NULL), TOC_OK);
    enc_head_scores(head, vectors, n, scores);
    for (size_t i = 0; i < n; i++)
        for (size_t k = 0; k < n_labels; k++) {
            double want = json_number_value(json_array_get(json_array_get(wanted, i), k));
            if (!(fabs((double)scores[i * n_labels + k] - want) < 2e-6)) fail_msg("%s, text %zu, %s: %g, not %g", key, i, labels[k], (double)scores[i * n_labels + k], want);
        }
    enc_head_free(head);
    enc_close(model);
    toc_ctx_release(&ctx);
    json_decref(o);
}

static void test_scores(void **state)
{
    (void)state;
    compare("peer/encoder/head", "scores", 3, ENC_POOL_POOLER, "good");
    compare("peer/encoder/head-roberta", "roberta", 3, ENC_POOL_CLS, "LABEL_2");
    compare("peer/encoder/head-distilbert", "distilbert", 2, ENC_POOL_CLS, "LABEL_1");
}

static void test_refused(void **state)
{
    toc_ctx ctx;
    enc_model *model = NULL;
    enc_head *head = NULL;

    (void)state;
    toc_ctx_init(&ctx);
    assert_int_equal(enc_open(&ctx, "peer/encoder/tiny", NUM_FP32, &model), TOC_OK);
    assert_int_equal(enc_head_open(&ctx, "peer/encoder/tiny", model, &head), TOC_E_DATA);
    assert_int_equal(enc_head_open(&ctx, "peer/encoder/nowhere", model, &head), TOC_E_USAGE);
    assert_int_equal(enc_head_open(&ctx, "peer/encoder/head", model, &head), TOC_E_DATA); /* for 16 numbers, not 32 */
    enc_close(model);
    toc_ctx_release(&ctx);
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(test_scores), cmocka_unit_test(test_refused) };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
