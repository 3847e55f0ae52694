/* Vectors beside transformers' own (tests/peer/encoder/make.py), company and threads, and files that lie. */
#include "encoder/encoder.h"
#include "text/text.h"
#include "../scratch.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>
#include <jansson.h>
#include <sys/stat.h>
#include <unistd.h>

enum { DIM = 32 };

static json_t *load(const char *path)
{
    json_error_t error;
    json_t *o = json_load_file(path, JSON_ALLOW_NUL, &error);
    if (!o) fail_msg("%s: %s", path, error.text);
    return o;
}

static toc_str text_at(const json_t *texts, size_t i)
{
    const json_t *text = json_array_get(texts, i);
    return (toc_str){ json_string_value(text), json_string_length(text) };
}

static void compare(const char *folder, const char *key, enc_options options)
{
    toc_ctx ctx;
    enc_model *model = NULL;
    toc_str texts[64];
    float vectors[64 * DIM];
    enc_stats stats = {0};
    json_t *o = load("peer/encoder/tiny.json"), *rows = json_object_get(o, "encoded"), *wanted = json_object_get(o, key);
    size_t n = json_array_size(rows);

    toc_ctx_init(&ctx);
    if (enc_open(&ctx, folder, NUM_FP32, &model)) fail_msg("%s", ctx.message);
    assert_int_equal(enc_dim(model), DIM);
    assert_int_equal(enc_max_tokens(model), 48);
    assert_in_range(n, 40, 64);
    for (size_t i = 0; i < n; i++) texts[i] = text_at(json_object_get(o, "texts"), (size_t)json_integer_value(json_array_get(rows, i)));
    assert_int_equal(enc_encode(&ctx, model, texts, n, &options, vectors, &stats), TOC_OK);
    assert_int_equal(stats.texts, n);
    assert_true(stats.distinct < n && stats.empty >= 3);
    for (size_t i = 0; i < n; i++)
        for (size_t j = 0; j < DIM; j++) {
            double want = json_number_value(json_array_get(json_array_get(wanted, i), j));
            if (!(fabs((double)vectors[i * DIM + j] - want) < 5e-6)) fail_msg("%s, row %zu, v%zu: %g, not %g", key, i, j + 1, (double)vectors[i * DIM + j], want);
        }
    enc_close(model);
    toc_ctx_release(&ctx);
    json_decref(o);
}

static void test_tiny(void **state)
{
    (void)state;
    compare("peer/encoder/tiny", "vectors", (enc_options){0});
}

static void test_cls_raw(void **state)
{
    (void)state;
    compare("peer/encoder/tiny", "cls_raw", (enc_options){ .pool = ENC_POOL_CLS, .raw = true });
}

static void test_half_precision(void **state)
{
    (void)state;
    compare("peer/encoder/tiny-half", "half", (enc_options){0});
}

/* The same bytes for any thread count; alone or in company the same to 1e-6. */
static void test_company(void **state)
{
    (void)state;
    enum { N = 200 };
    toc_ctx ctx;
    enc_model *model = NULL;
    json_t *o = load("peer/encoder/tiny.json");
    toc_str texts[N];
    static float one[N * DIM], two[N * DIM];
    float alone[DIM];

    toc_ctx_init(&ctx);
    assert_int_equal(enc_open(&ctx, "peer/encoder/tiny", NUM_FP32, &model), TOC_OK);
    for (size_t i = 0; i < N; i++) texts[i] = text_at(json_object_get(o, "texts"), i);
    assert_int_equal(enc_encode(&ctx, model, texts, N, NULL, one, NULL), TOC_OK);
    ctx.n_threads = 3;
    assert_int_equal(enc_encode(&ctx, model, texts, N, NULL, two, NULL), TOC_OK);
    assert_memory_equal(one, two, sizeof one);
    for (size_t i = 0; i < N; i++) {
        assert_int_equal(enc_encode(&ctx, model, texts + i, 1, NULL, alone, NULL), TOC_OK);
        for (size_t j = 0; j < DIM; j++) assert_true(fabsf(alone[j] - one[i * DIM + j]) < 1e-6f);
    }
    assert_int_equal(enc_encode(&ctx, model, texts, 0, NULL, alone, NULL), TOC_OK);
    uint64_t hash = enc_model_hash(model);
    assert_true(hash != 0 && hash == enc_model_hash(model));
    enc_close(model);
    toc_ctx_release(&ctx);
    json_decref(o);
}

/* A long text in pieces of eight words each: the mean of the pieces' vectors by their words. */
static void test_chunks(void **state)
{
    (void)state;
    static const char *const pieces[] = { "the dress is very soft it was good", "lamp is bad in text love order fast", "slow shirt the love" };
    static const size_t words[] = { 8, 8, 4 };
    toc_ctx ctx;
    enc_model *model = NULL;
    char whole[200];
    float parts[3 * DIM], together[DIM], cut[2 * DIM], alone[DIM];
    enc_options raw = { .raw = true }, chunks = { .max_tokens = 10, .raw = true, .chunks = true };
    enc_stats stats = {0};
    double length = 0;
    size_t index, tokens;

    toc_ctx_init(&ctx);
    assert_int_equal(enc_open(&ctx, "peer/encoder/tiny", NUM_FP32, &model), TOC_OK);
    snprintf(whole, sizeof whole, "%s %s %s", pieces[0], pieces[1], pieces[2]);
    const toc_str texts[] = { toc_str_of(pieces[0]), toc_str_of(pieces[1]), toc_str_of(pieces[2]) }, text = toc_str_of(whole), both[] = { texts[2], text };
    assert_int_equal(enc_encode(&ctx, model, texts, 3, &raw, parts, NULL), TOC_OK);
    assert_int_equal(enc_encode(&ctx, model, &text, 1, &chunks, together, &stats), TOC_OK);
    assert_true(stats.truncated == 1 && stats.distinct == 3 && stats.tokens == 22);
    for (size_t j = 0; j < DIM; j++) {
        double want = 0;
        for (size_t p = 0; p < 3; p++) want += (double)parts[p * DIM + j] * (double)words[p] / 20;
        if (!(fabs((double)together[j] - want) < 1e-6)) fail_msg("v%zu: %g, not %g", j + 1, (double)together[j], want);
    }
    /* a short text is not touched by it, and what is known is left alone */
    const bool known[] = { false, true };
    chunks.raw = false;
    chunks.known = known;
    cut[DIM] = 5;
    assert_int_equal(enc_encode(&ctx, model, both, 2, &chunks, cut, &stats), TOC_OK);
    assert_int_equal(enc_encode(&ctx, model, both, 1, NULL, alone, NULL), TOC_OK);
    assert_memory_equal(cut, alone, sizeof alone);
    assert_true(cut[DIM] == 5 && stats.known == 1 && stats.truncated == 2);
    for (size_t j = 0; j < DIM; j++) length += (double)cut[j] * (double)cut[j];
    assert_true(fabs(length - 1) < 1e-5);
    assert_int_equal(enc_find_long(&ctx, model, both, 2, &chunks, &index, &tokens), TOC_OK);
    assert_true(index == 1 && tokens == 22);
    assert_int_equal(enc_find_long(&ctx, model, both, 1, &chunks, &index, &tokens), TOC_OK);
    assert_int_equal(index, 1);
    chunks.max_tokens = 9;
    assert_int_equal(enc_encode(&ctx, model, both, 2, &chunks, cut, NULL), TOC_E_USAGE);
    enc_close(model);
    toc_ctx_release(&ctx);
}

/* Where the real model is installed: ids and vectors of 200 texts. */
static void test_full_model(void **state)
{
    (void)state;
    toc_ctx ctx;
    const char *folder;
    txt_tokenizer *w = NULL;
    txt_tokens t = {0};
    const txt_rules rules = { true, true, true, false };
    json_t *o = load("peer/encoder/full.json");

    toc_ctx_init(&ctx);
    if (!enc_present(&ctx, NULL)) {
        toc_ctx_release(&ctx);
        json_decref(o);
        skip();
    }
    assert_int_equal(enc_default_folder(&ctx, &folder), TOC_OK);
    assert_int_equal(txt_tokenizer_open(&ctx, folder, &rules, &w), TOC_OK);
    for (size_t i = 0; i < 200; i++) {
        const json_t *ids = json_array_get(json_object_get(o, "ids"), i);
        t.n = 0;
        assert_int_equal(txt_tokenize(&ctx, w, text_at(json_object_get(o, "texts"), i), 256, &t, NULL), TOC_OK);
        if (t.n != json_array_size(ids)) fail_msg("text %zu: %zu tokens, not %zu", i, t.n, json_array_size(ids));
        for (size_t k = 0; k < t.n; k++) assert_int_equal(t.ids[k], json_integer_value(json_array_get(ids, k)));
    }
    txt_tokens_release(&t);
    txt_tokenizer_free(w);
    toc_ctx_release(&ctx);
    json_decref(o);
}

/* ---- files that lie ---- */

static const char *scratch;

static void put(const char *name, const char *bytes, size_t n)
{
    char path[300];
    snprintf(path, sizeof path, "%s/%s", scratch, name);
    FILE *f = fopen(path, "wb");
    assert_non_null(f);
    assert_int_equal(fwrite(bytes, 1, n, f), n);
    assert_int_equal(fclose(f), 0);
}

/* Opens the tiny model with another safetensors header (and n_data zeros behind it); the message must contain `says`. */
static void refused(const char *header, uint64_t length, size_t n_data, const char *says)
{
    static char bytes[1 << 16];
    toc_ctx ctx;
    enc_model *model = NULL;
    size_t n = strlen(header);

    memset(bytes, 0, sizeof bytes);
    for (size_t i = 0; i < 8; i++) bytes[i] = (char)(length >> 8 * i & 255);
    memcpy(bytes + 8, header, n);
    put("model.safetensors", bytes, 8 + n + n_data);
    toc_ctx_init(&ctx);
    assert_int_equal(enc_open(&ctx, scratch, NUM_FP32, &model), TOC_E_DATA);
    if (!strstr(ctx.message, says)) fail_msg("\"%s\" does not say \"%s\"", ctx.message, says);
    assert_null(model);
    toc_ctx_release(&ctx);
}

static void copy(const char *name)
{
    toc_ctx ctx;
    toc_buf content = {0};
    char path[200];

    toc_ctx_init(&ctx);
    snprintf(path, sizeof path, "peer/encoder/tiny/%s", name);
    assert_int_equal(toc_read_file(&ctx, path, &content), TOC_OK);
    put(name, content.p, content.n);
    toc_buf_release(&content);
    toc_ctx_release(&ctx);
}

#define WORDS "embeddings.word_embeddings.weight"

static void test_hostile(void **state)
{
    (void)state;
    static const struct {
        const char *header;
        size_t n_data;
        const char *says;
    } cases[] = {
        { "[1]", 0, "no JSON object" },
        { "{", 0, "no JSON object" },
        { "{}", 0, "no tensor " WORDS },
        { "{\"a\":1}", 0, "no description" },
        { "{\"a\":{\"dtype\":\"F31\",\"shape\":[1],\"data_offsets\":[0,4]}}", 4, "unknown type F31" },
        { "{\"a\":{\"shape\":[1],\"data_offsets\":[0,4]}}", 4, "unknown type" },
        { "{\"a\":{\"dtype\":\"F32\",\"shape\":[-1],\"data_offsets\":[0,4]}}", 4, "impossible shape" },
        { "{\"a\":{\"dtype\":\"F32\",\"shape\":[4294967296,4294967296],\"data_offsets\":[0,4]}}", 4, "impossible shape" },
        { "{\"a\":{\"dtype\":\"F32\",\"shape\":[4611686018427387905],\"data_offsets\":[0,4]}}", 4, "do not fit its shape" },
        { "{\"a\":{\"dtype\":\"F32\",\"shape\":[1,1,1,1,1],\"data_offsets\":[0,4]}}", 4, "no list of at most 4" },
        { "{\"a\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[0,4]}}", 3, "cut off" },
        { "{\"a\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[4,0]}}", 4, "ascending" },
        { "{\"a\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[0,9223372036854775807]}}", 4, "cut off" },
        { "{\"a\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0,8]},\"b\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[4,12]}}", 12, "overlap" },
        { "{\"" WORDS "\":{\"dtype\":\"I32\",\"shape\":[1],\"data_offsets\":[0,4]}}", 4, "is I32" },
        { "{\"" WORDS "\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[0,4]}}", 4, "another shape" },
        { "{\"bert." WORDS "\":{\"dtype\":\"F32\",\"shape\":[1,1],\"data_offsets\":[0,4]}}", 4, "another shape" },
    };

    copy("config.json");
    copy("vocab.txt");
    for (size_t i = 0; i < TOC_COUNT(cases); i++) refused(cases[i].header, strlen(cases[i].header), cases[i].n_data, cases[i].says);
    refused("{}", UINT64_MAX, 8, "a header of 18446744073709551615 bytes");
    refused("{}", 11, 8, "a header of 11 bytes");
    put("model.safetensors", "abc", 3);
    toc_ctx ctx;
    enc_model *model = NULL;
    toc_ctx_init(&ctx);
    assert_int_equal(enc_open(&ctx, scratch, NUM_FP32, &model), TOC_E_DATA);
    toc_ctx_release(&ctx);
}

static void test_other_models(void **state)
{
    (void)state;
    static const struct {
        const char *config, *says;
    } cases[] = {
        { "{\"model_type\":\"roberta\"}", "vocab_size" },
        { "{", "no JSON object" },
        { "{\"vocab_size\":9,\"hidden_size\":10,\"num_hidden_layers\":1,\"num_attention_heads\":3,\"intermediate_size\":8,\"max_position_embeddings\":8}", "no multiple" },
        { "{\"model_type\":\"t5\",\"vocab_size\":9,\"hidden_size\":9,\"num_hidden_layers\":1,\"num_attention_heads\":3,\"intermediate_size\":8,"
          "\"max_position_embeddings\":8}", "known are bert, distilbert" },
        { "{\"hidden_act\":\"swish\",\"vocab_size\":9,\"hidden_size\":9,\"num_hidden_layers\":1,\"num_attention_heads\":3,\"intermediate_size\":8,"
          "\"max_position_embeddings\":8}", "hidden_act is \"swish\"" },
        { "{\"position_embedding_type\":\"relative_key\",\"vocab_size\":9,\"hidden_size\":9,\"num_hidden_layers\":1,\"num_attention_heads\":3,"
          "\"intermediate_size\":8,\"max_position_embeddings\":8}", "relative_key" },
    };

    for (size_t i = 0; i < TOC_COUNT(cases); i++) {
        toc_ctx ctx;
        enc_model *model = NULL;
        put("config.json", cases[i].config, strlen(cases[i].config));
        toc_ctx_init(&ctx);
        assert_int_equal(enc_open(&ctx, scratch, NUM_FP32, &model), TOC_E_DATA);
        if (!strstr(ctx.message, cases[i].says)) fail_msg("\"%s\" does not say \"%s\"", ctx.message, cases[i].says);
        toc_ctx_release(&ctx);
    }
    toc_ctx ctx;
    enc_model *model = NULL;
    toc_ctx_init(&ctx);
    assert_int_equal(enc_open(&ctx, "/nonexistent", NUM_FP32, &model), TOC_E_USAGE);
    assert_non_null(strstr(ctx.message, "tools/get-model"));
    toc_ctx_release(&ctx);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_tiny), cmocka_unit_test(test_cls_raw), cmocka_unit_test(test_half_precision), cmocka_unit_test(test_company), cmocka_unit_test(test_chunks),
        cmocka_unit_test(test_full_model), cmocka_unit_test(test_hostile), cmocka_unit_test(test_other_models),
    };
    scratch = scratch_path("");
    return cmocka_run_group_tests(tests, NULL, NULL);
}
