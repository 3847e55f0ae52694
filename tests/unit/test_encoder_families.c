/* Models of each family beside transformers' own ids and vectors (tests/peer/encoder/make_families.py); company, threads and precisions. */
#include "encoder/encoder.h"
#include "text/text.h"
#include "../scratch.h"

#include <errno.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>
#include <jansson.h>
#include <sys/stat.h>

enum { MOST_TEXTS = 64, MOST_DIM = 256 };

static json_t *fixture;
static toc_str texts[MOST_TEXTS];
static size_t n_texts;

static int load(void **state)
{
    (void)state;
    json_error_t error;
    fixture = json_load_file("peer/encoder/families.json", JSON_ALLOW_NUL, &error);
    if (!fixture) return -1;
    const json_t *list = json_object_get(fixture, "texts");
    n_texts = json_array_size(list);
    for (size_t i = 0; i < n_texts && i < MOST_TEXTS; i++) texts[i] = (toc_str){ json_string_value(json_array_get(list, i)), json_string_length(json_array_get(list, i)) };
    return n_texts > 20 && n_texts <= MOST_TEXTS ? 0 : -1;
}

static int release(void **state)
{
    (void)state;
    json_decref(fixture);
    return 0;
}

static void folder_of(const char *family, char path[64])
{
    snprintf(path, 64, "peer/encoder/family-%s", family);
}

static void encode(const char *family, num_precision precision, size_t n_threads, const toc_str *of, size_t n, float *vectors, size_t *dim)
{
    toc_ctx ctx;
    enc_model *model = NULL;
    char path[64];

    folder_of(family, path);
    toc_ctx_init(&ctx);
    ctx.n_threads = n_threads;
    if (enc_open(&ctx, path, precision, &model)) fail_msg("%s", ctx.message);
    *dim = enc_dim(model);
    assert_true(*dim <= MOST_DIM);
    if (enc_encode(&ctx, model, of, n, NULL, vectors, NULL)) fail_msg("%s", ctx.message);
    enc_close(model);
    toc_ctx_release(&ctx);
}

static void test_vectors(void **state)
{
    (void)state;
    const char *family;
    json_t *of;
    static float vectors[MOST_TEXTS * MOST_DIM];
    size_t dim;

    json_object_foreach(json_object_get(fixture, "families"), family, of) {
        encode(family, NUM_FP32, 2, texts, n_texts, vectors, &dim);
        for (size_t i = 0; i < n_texts; i++)
            for (size_t j = 0; j < dim; j++) {
                double want = json_number_value(json_array_get(json_array_get(json_object_get(of, "vectors"), i), j)), have = (double)vectors[i * dim + j];
                if (!(fabs(have - want) < 5e-6)) fail_msg("%s, text %zu, v%zu: %.7f, not %.7f", family, i, j + 1, have, want);
            }
    }
}

static void test_ids(void **state)
{
    (void)state;
    const char *family;
    json_t *of;

    json_object_foreach(json_object_get(fixture, "families"), family, of) {
        toc_ctx ctx;
        txt_tokenizer *tokenizer = NULL;
        txt_tokens tokens = {0};
        char path[64];
        folder_of(family, path);
        toc_ctx_init(&ctx);
        if (enc_learn_tokenizer(&ctx, path, &tokenizer)) fail_msg("%s", ctx.message);
        for (size_t i = 0; i < n_texts; i++) {
            const json_t *wanted = json_array_get(json_object_get(of, "ids"), i);
            tokens.n = 0;
            size_t most = TOC_MAX(json_array_size(wanted), (size_t)46);
            assert_int_equal(txt_tokenize(&ctx, tokenizer, texts[i], most, &tokens, NULL), TOC_OK);
            if (tokens.n != json_array_size(wanted)) fail_msg("%s, text %zu: %zu tokens, not %zu", family, i, tokens.n, json_array_size(wanted));
            for (size_t k = 0; k < tokens.n; k++)
                if (tokens.ids[k] != (uint32_t)json_integer_value(json_array_get(wanted, k))) fail_msg("%s, text %zu, token %zu: %u", family, i, k, tokens.ids[k]);
        }
        txt_tokens_release(&tokens);
        txt_tokenizer_free(tokenizer);
        toc_ctx_release(&ctx);
    }
}

/* The same bytes for any thread count in every precision; alone or in company the same to 1e-6 in fp32. */
static void test_company(void **state)
{
    (void)state;
    static const num_precision precisions[] = { NUM_FP32, NUM_BF16, NUM_INT8 };
    static float one[MOST_TEXTS * MOST_DIM], many[MOST_TEXTS * MOST_DIM], alone[MOST_DIM];
    const char *family;
    json_t *of;
    size_t dim;

    json_object_foreach(json_object_get(fixture, "families"), family, of) {
        for (size_t p = 0; p < TOC_COUNT(precisions); p++) {
            encode(family, precisions[p], 1, texts, n_texts, one, &dim);
            for (size_t threads = 2; threads <= 8; threads += 3) {
                encode(family, precisions[p], threads, texts, n_texts, many, &dim);
                assert_memory_equal(one, many, n_texts * dim * sizeof *one);
            }
        }
        encode(family, NUM_FP32, 1, texts, n_texts, one, &dim);
        for (size_t i = 0; i < n_texts; i++) {
            encode(family, NUM_FP32, 1, &texts[i], 1, alone, &dim);
            for (size_t j = 0; j < dim; j++)
                if (!(fabs((double)alone[j] - (double)one[i * dim + j]) <= 1e-6)) fail_msg("%s, text %zu alone differs", family, i);
        }
    }
}

/* In fewer bits near to fp32: the families' activations have their own ways there. */
static void test_precisions(void **state)
{
    (void)state;
    static const struct {
        num_precision precision;
        double cosine;
    } cases[] = { { NUM_BF16, 0.9995 }, { NUM_INT8, 0.98 } };
    static float full[MOST_TEXTS * MOST_DIM], less[MOST_TEXTS * MOST_DIM];
    const char *family;
    json_t *of;
    size_t dim;

    json_object_foreach(json_object_get(fixture, "families"), family, of) {
        encode(family, NUM_FP32, 1, texts, n_texts, full, &dim);
        for (size_t c = 0; c < TOC_COUNT(cases); c++) {
            encode(family, cases[c].precision, 1, texts, n_texts, less, &dim);
            for (size_t i = 0; i < n_texts; i++) {
                double cosine = 0, length = 0;
                for (size_t j = 0; j < dim; j++) {
                    cosine += (double)full[i * dim + j] * (double)less[i * dim + j];
                    length += (double)full[i * dim + j] * (double)full[i * dim + j];
                }
                if (length > 0 && !(cosine > cases[c].cosine)) fail_msg("%s, precision %d, text %zu: cosine %g", family, (int)cases[c].precision, i, cosine);
            }
        }
    }
}

static void put(const char *name, const char *bytes, size_t n)
{
    FILE *file = fopen(scratch_path(name), "wb");
    assert_non_null(file);
    assert_int_equal(fwrite(bytes, 1, n, file), n);
    assert_int_equal(fclose(file), 0);
}

static void copy(const char *name)
{
    toc_ctx ctx;
    toc_buf content = {0};
    char path[128];

    snprintf(path, sizeof path, "peer/encoder/tiny/%s", name);
    toc_ctx_init(&ctx);
    assert_int_equal(toc_read_file(&ctx, path, &content), TOC_OK);
    put(name, content.p, content.n);
    toc_buf_release(&content);
    toc_ctx_release(&ctx);
}

/* A store keeps vectors under the model's hash: what changes a vector must change it. */
static void test_hash(void **state)
{
    (void)state;
    static const struct {
        const char *more, *pooling, *words;
    } cases[] = {
        { "", "{}", "{}" }, { ",\"layer_norm_eps\":1e-5", "{}", "{}" }, { ",\"hidden_act\":\"gelu_new\"", "{}", "{}" }, { ",\"hidden_act\":\"relu\"", "{}", "{}" },
        { "", "{\"pooling_mode_cls_token\":true}", "{}" }, { "", "{\"pooling_mode_cls_token\":true,\"pooling_mode_max_tokens\":true}", "{}" },
        { "", "{}", "{\"do_lower_case\":false}" }, { "", "{}", "{\"strip_accents\":false}" }, { "", "{}", "{\"tokenize_chinese_chars\":false}" },
        { ",\"num_attention_heads\":1", "{}", "{}" },
    };
    uint64_t seen[TOC_COUNT(cases)];
    char text[1024];

    copy("model.safetensors");
    copy("vocab.txt");
    assert_true(mkdir(scratch_path("1_Pooling"), 0777) == 0 || errno == EEXIST);
    for (size_t i = 0; i < TOC_COUNT(cases); i++) {
        toc_ctx ctx;
        enc_model *model = NULL;
        int n = snprintf(text, sizeof text, "{\"model_type\":\"bert\",\"vocab_size\":129,\"hidden_size\":32,\"num_hidden_layers\":2,\"intermediate_size\":56,"
                         "\"max_position_embeddings\":64%s%s}", strstr(cases[i].more, "heads") ? "" : ",\"num_attention_heads\":4", cases[i].more);
        put("config.json", text, (size_t)n);
        put("1_Pooling/config.json", cases[i].pooling, strlen(cases[i].pooling));
        put("tokenizer_config.json", cases[i].words, strlen(cases[i].words));
        toc_ctx_init(&ctx);
        if (enc_open(&ctx, scratch_path(""), NUM_FP32, &model)) fail_msg("%s", ctx.message);
        seen[i] = enc_model_hash(model);
        enc_close(model);
        toc_ctx_release(&ctx);
        for (size_t k = 0; k < i; k++)
            if (seen[k] == seen[i]) fail_msg("cases %zu and %zu have one hash", k, i);
    }
    unlink(scratch_path("1_Pooling/config.json"));
    rmdir(scratch_path("1_Pooling"));
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(test_ids), cmocka_unit_test(test_vectors), cmocka_unit_test(test_company), cmocka_unit_test(test_precisions), cmocka_unit_test(test_hash) };
    return cmocka_run_group_tests(tests, load, release);
}
