/* Token ids beside those of the tokenizers library (tests/peer/encoder/make.py), for a small vocabulary and three kinds of rules. */
#include "text/text.h"

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>
#include <jansson.h>

static json_t *stored(void)
{
    json_error_t error;
    json_t *o = json_load_file("peer/encoder/tiny.json", JSON_ALLOW_NUL, &error);
    if (!o) fail_msg("tiny.json: %s", error.text);
    return o;
}

static void compare(txt_rules rules, const char *key)
{
    toc_ctx ctx;
    txt_tokenizer *w = NULL;
    txt_tokens t = {0};
    json_t *o = stored(), *texts = json_object_get(o, "texts"), *wanted = json_object_get(o, key);

    toc_ctx_init(&ctx);
    assert_int_equal(txt_tokenizer_open(&ctx, "peer/encoder/tiny", &rules, &w), TOC_OK);
    assert_true(json_array_size(texts) > 200);
    for (size_t i = 0; i < json_array_size(texts); i++) {
        const json_t *text = json_array_get(texts, i), *ids = json_array_get(wanted, i);
        t.n = 0;
        assert_int_equal(txt_tokenize(&ctx, w, (toc_str){ json_string_value(text), json_string_length(text) }, 48, &t, NULL), TOC_OK);
        if (t.n != json_array_size(ids)) fail_msg("%s, text %zu (%.60s): %zu tokens, not %zu", key, i, json_string_value(text), t.n, json_array_size(ids));
        for (size_t k = 0; k < t.n; k++)
            if (t.ids[k] != json_integer_value(json_array_get(ids, k))) fail_msg("%s, text %zu (%.60s): token %zu", key, i, json_string_value(text), k);
    }
    txt_tokens_release(&t);
    txt_tokenizer_free(w);
    toc_ctx_release(&ctx);
    json_decref(o);
}

static void test_uncased(void **state)
{
    (void)state;
    compare((txt_rules){ .lower = true, .strip_accents = true, .split_cjk = true }, "ids");
}

static void test_cased(void **state)
{
    (void)state;
    compare((txt_rules){ .split_cjk = true }, "cased");
}

static void test_lower_with_accents(void **state)
{
    (void)state;
    compare((txt_rules){ .lower = true, .split_cjk = true }, "lower");
}

static void test_classes(void **state)
{
    (void)state;
    static const struct {
        int32_t c;
        txt_class class;
    } cases[] = {
        { 0, TXT_CONTROL }, { '\t', TXT_SPACE }, { 0xb, TXT_CONTROL }, { ' ', TXT_SPACE }, { 'a', TXT_ORDINARY }, { '_', TXT_PUNCT }, { '$', TXT_PUNCT },
        { 0x7f, TXT_CONTROL }, { 0x85, TXT_CONTROL }, { 0xa0, TXT_SPACE }, { 0xa9, TXT_ORDINARY }, { 0xad, TXT_CONTROL }, { 0xbf, TXT_PUNCT }, { 0x301, TXT_MARK },
        { 0x3000, TXT_SPACE }, { 0x3002, TXT_PUNCT }, { 0x3042, TXT_ORDINARY }, { 0x3400, TXT_CJK }, { 0x4dbf, TXT_CJK }, { 0x4dc0, TXT_ORDINARY }, { 0x4e00, TXT_CJK },
        { 0xac00, TXT_ORDINARY }, { 0xe000, TXT_CONTROL }, { 0xf900, TXT_CJK }, { 0xfffd, TXT_CONTROL }, { 0x1f600, TXT_ORDINARY }, { 0x2a6df, TXT_CJK },
        { 0x2b820, TXT_ORDINARY }, { 0x2b920, TXT_CJK }, { 0x2e43, TXT_ORDINARY }, { 0x166d, TXT_PUNCT }, { 0x1734, TXT_MARK }, { 0x10ffff, TXT_ORDINARY },
    };
    for (size_t i = 0; i < TOC_COUNT(cases); i++)
        if (txt_class_of(cases[i].c) != cases[i].class) fail_msg("U+%04X is %d", (unsigned)cases[i].c, (int)txt_class_of(cases[i].c));
}

static void test_truncation_and_bad_bytes(void **state)
{
    (void)state;
    static const char vocabulary[] = "[PAD]\r\n[UNK]\r\n[CLS]\r\n[SEP]\r\na\r\n##b\r\na";
    const txt_rules rules = { .lower = true };
    toc_ctx ctx;
    txt_tokenizer *w = NULL;
    txt_tokens t = {0};
    bool cut = true;

    toc_ctx_init(&ctx);
    assert_int_equal(txt_tokenizer_wordpiece(&ctx, TOC_STR(vocabulary), "v", &rules, &w), TOC_OK);
    assert_int_equal(txt_tokenizer_size(w), 7);
    assert_int_equal(txt_tokenize(&ctx, w, TOC_STR("Ab\xff\xc3 a\xe4\xb8"), 5, &t, &cut), TOC_OK);
    static const uint32_t fits[] = { 2, 6, 5, 6, 3 };
    assert_int_equal(t.n, 5);
    assert_memory_equal(t.ids, fits, sizeof fits);
    assert_false(cut);
    t.n = 0;
    assert_int_equal(txt_tokenize(&ctx, w, TOC_STR("ab abb"), 5, &t, &cut), TOC_OK);
    assert_memory_equal(t.ids, fits, sizeof fits);
    assert_true(cut);
    t.n = 0;
    /* A word that turns out unknown after the room is used up is one [UNK], not its first pieces. */
    assert_int_equal(txt_tokenize(&ctx, w, TOC_STR("abbbc"), 4, &t, &cut), TOC_OK);
    static const uint32_t unknown[] = { 2, 1, 3 };
    assert_int_equal(t.n, 3);
    assert_memory_equal(t.ids, unknown, sizeof unknown);
    assert_false(cut);
    txt_tokens_release(&t);
    txt_tokenizer_free(w);
    w = NULL;
    assert_int_equal(txt_tokenizer_wordpiece(&ctx, TOC_STR("[UNK]\n[CLS]\n"), "v", &rules, &w), TOC_E_DATA);
    assert_non_null(strstr(ctx.message, "[SEP]"));
    toc_ctx_release(&ctx);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_uncased), cmocka_unit_test(test_cased), cmocka_unit_test(test_lower_with_accents), cmocka_unit_test(test_classes),
        cmocka_unit_test(test_truncation_and_bad_bytes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
