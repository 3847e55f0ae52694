/* Token ids beside those of the tokenizers library for 128,000 texts of many scripts (tests/peer/tokenizer/make.py), by hashes of a thousand texts each. */
#include "text/text.h"

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>
#include <jansson.h>
#include <sodium.h>

enum { BLOCKS = 128, BLOCK = 1000, SWEEP = 110000 };
#define PEER "peer/tokenizer/"

static json_t *load(const char *path)
{
    json_error_t error;
    json_t *value = json_load_file(path, JSON_ALLOW_NUL, &error);
    if (!value) fail_msg("%s: %s", path, error.text);
    return value;
}

/* ---- the texts: the twin of text() in make.py ---- */

typedef struct {
    toc_ctx ctx;
    json_t *makings;
    toc_str word[512];
    size_t n_words, weights;
    uint64_t state;
    toc_buf out;
} maker;

static size_t below(maker *m, size_t n)
{
    uint64_t x = toc_mix(m->state);
    m->state += UINT64_C(0x9e3779b97f4a7c15);
    return (size_t)(x % n);
}

static void add(maker *m, const char *bytes, size_t n)
{
    assert_int_equal(toc_buf_add(&m->ctx, &m->out, bytes, n), TOC_OK);
}

static void add_point(maker *m, uint32_t c)
{
    const char two[] = { (char)(0xc0 | c >> 6), (char)(0x80 | (c & 0x3f)) };
    const char three[] = { (char)(0xe0 | c >> 12), (char)(0x80 | (c >> 6 & 0x3f)), two[1] };
    const char four[] = { (char)(0xf0 | c >> 18), (char)(0x80 | (c >> 12 & 0x3f)), three[1], two[1] };
    const char one[] = { (char)c };

    if (c < 0x80) add(m, one, 1);
    else if (c < 0x800) add(m, two, 2);
    else if (c < 0x10000) add(m, three, 3);
    else add(m, four, 4);
}

static const json_t *pick(maker *m)
{
    const json_t *families = json_object_get(m->makings, "families");
    json_int_t at = (json_int_t)below(m, m->weights);
    size_t i = 0;

    for (;; i++) {
        at -= json_integer_value(json_object_get(json_array_get(families, i), "weight"));
        if (at < 0) return json_object_get(json_array_get(families, i), "ranges");
    }
}

static void add_run(maker *m, const json_t *ranges, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        const json_t *range = json_array_get(ranges, below(m, json_array_size(ranges)));
        json_int_t first = json_integer_value(json_array_get(range, 0)), last = json_integer_value(json_array_get(range, 1));
        add_point(m, (uint32_t)first + (uint32_t)below(m, (size_t)(last - first + 1)));
    }
}

static void add_part(maker *m)
{
    const json_t *marked = json_object_get(m->makings, "marked"), *ranges;
    size_t kind = below(m, 8);

    if (kind < 3) {
        toc_str word = m->word[below(m, m->n_words)];
        add(m, word.p, word.n);
    } else if (kind == 3) {
        const json_t *text = json_array_get(marked, below(m, json_array_size(marked)));
        add(m, json_string_value(text), json_string_length(text));
    } else if (kind < 7) {
        ranges = pick(m);
        add_run(m, ranges, 1 + below(m, 12));
    } else if (below(m, 8)) {
        ranges = pick(m);
        add_run(m, ranges, 1 + below(m, 3));
    } else {
        ranges = below(m, 2) ? json_object_get(json_array_get(json_object_get(m->makings, "families"), 1), "ranges") : pick(m);
        size_t start = m->out.n;
        add_run(m, ranges, 1);
        size_t n = m->out.n - start;
        char character[4];
        memcpy(character, m->out.p + start, n);
        for (size_t times = 80 + below(m, 60); times > 1; times--) add(m, character, n);
    }
}

static void add_between(maker *m)
{
    static const char *const between[] = { "", "", " ", " ", " ", " " };
    static const char *const blanks[] = { "  ", "\n", "\t", "\xc2\xa0", " \n " };
    size_t kind = below(m, 8);
    const char *text = kind < 6 ? between[kind] : kind == 6 ? blanks[below(m, 5)] : NULL;

    if (text) add(m, text, strlen(text));
    else add(m, "!?.,'-\"" + below(m, 7), 1);
}

static void add_broken(maker *m)
{
    for (size_t n = below(m, 60); n; n--) {
        size_t kind = below(m, 4);
        if (kind == 3) {
            const json_t *ranges = pick(m);
            size_t start = m->out.n;
            add_run(m, ranges, 1);
            m->out.n = start + below(m, m->out.n - start + 1);
        } else {
            char byte = (char)(kind == 0 ? below(m, 256) : kind == 1 ? 128 + below(m, 128) : 32 + below(m, 95));
            add(m, &byte, 1);
        }
    }
}

static void make_text(maker *m, size_t number)
{
    m->state = number;
    if (number >= SWEEP) {
        size_t first = (number - SWEEP) * 64;
        for (size_t c = first; c < first + 64 && c < 0x110000; c++) {
            if (c >= 0xd800 && c < 0xe000) continue;
            add_point(m, (uint32_t)c);
            add(m, "a", 1);
        }
    } else if (number % 12 == 11) add_broken(m);
    else
        for (size_t n = below(m, 10); n; n--) {
            add_part(m);
            add_between(m);
        }
}

static void prepare(maker *m)
{
    const json_t *words, *family;
    size_t i;

    toc_ctx_init(&m->ctx);
    m->makings = load(PEER "families.json");
    words = json_object_get(m->makings, "words");
    toc_str rest = { json_string_value(words), json_string_length(words) };
    while (m->n_words < TOC_COUNT(m->word) && toc_str_split(&rest, ' ', &m->word[m->n_words])) m->n_words++;
    assert_int_equal(rest.n, 0);
    json_array_foreach(json_object_get(m->makings, "families"), i, family) m->weights += (size_t)json_integer_value(json_object_get(family, "weight"));
}

/* ---- comparison ---- */

typedef struct {
    maker m;
    toc_str *texts; /* BLOCKS * BLOCK */
    json_t *hashes;
} peer;

static void digest_of(crypto_hash_sha256_state *state, char hex[17])
{
    unsigned char bytes[crypto_hash_sha256_BYTES];

    crypto_hash_sha256_final(state, bytes);
    for (size_t i = 0; i < 8; i++) snprintf(hex + 2 * i, 3, "%02x", bytes[i]);
}

static void add_number(crypto_hash_sha256_state *state, size_t n)
{
    const unsigned char bytes[] = { (unsigned char)n, (unsigned char)(n >> 8), (unsigned char)(n >> 16), (unsigned char)(n >> 24) };
    crypto_hash_sha256_update(state, bytes, 4);
}

static void expect(const peer *p, const char *name, const char *who, size_t block, crypto_hash_sha256_state *state)
{
    const char *wanted = json_string_value(json_array_get(json_object_get(p->hashes, name), block));
    char hex[17];

    digest_of(state, hex);
    if (!wanted || strcmp(hex, wanted) != 0) fail_msg("%s (%s): texts %zu to %zu differ", name, who, block * BLOCK, block * BLOCK + BLOCK - 1);
}

static int make_texts(void **state)
{
    static peer p;
    size_t *ends = NULL;

    prepare(&p.m);
    p.hashes = load(PEER "hashes.json");
    assert_int_equal(toc_alloc(&p.m.ctx, BLOCKS * BLOCK, sizeof *p.texts, &p.texts), TOC_OK);
    assert_int_equal(toc_alloc(&p.m.ctx, BLOCKS * BLOCK, sizeof *ends, &ends), TOC_OK);
    for (size_t i = 0; i < BLOCKS * BLOCK; i++) {
        make_text(&p.m, i);
        ends[i] = p.m.out.n;
    }
    for (size_t i = 0, at = 0; i < BLOCKS * BLOCK; at = ends[i++]) p.texts[i] = (toc_str){ p.m.out.p + at, ends[i] - at };
    toc_free(ends);
    *state = &p;
    return 0;
}

static int drop_texts(void **state)
{
    peer *p = *state;

    toc_free(p->texts);
    toc_buf_release(&p->m.out);
    json_decref(p->m.makings);
    json_decref(p->hashes);
    toc_ctx_release(&p->m.ctx);
    return 0;
}

static void test_texts(void **state)
{
    const peer *p = *state;

    for (size_t b = 0; b < BLOCKS; b++) {
        crypto_hash_sha256_state hash;
        crypto_hash_sha256_init(&hash);
        for (size_t i = b * BLOCK; i < (b + 1) * BLOCK; i++) {
            add_number(&hash, p->texts[i].n);
            crypto_hash_sha256_update(&hash, (const unsigned char *)p->texts[i].p, p->texts[i].n);
        }
        expect(p, "texts", "the generator, not the tokenizer", b, &hash);
    }
}

static void compare(peer *p, const char *name, const char *who, txt_tokenizer *t)
{
    txt_tokens o = {0};

    for (size_t b = 0; b < BLOCKS; b++) {
        crypto_hash_sha256_state hash;
        crypto_hash_sha256_init(&hash);
        for (size_t i = b * BLOCK; i < (b + 1) * BLOCK; i++) {
            o.n = 0;
            assert_int_equal(txt_tokenize(&p->m.ctx, t, p->texts[i], SIZE_MAX, &o, NULL), TOC_OK);
            add_number(&hash, o.n);
            crypto_hash_sha256_update(&hash, (const unsigned char *)o.ids, o.n * sizeof *o.ids); /* little-endian, as weights are */
        }
        expect(p, name, who, b, &hash);
    }
    txt_tokens_release(&o);
}

/* The file of a configuration with its changes: "model.unk_token" is unk_token of model. */
static json_t *configured(const json_t *configuration)
{
    char path[256];
    const char *key;
    json_t *new;

    snprintf(path, sizeof path, PEER "%s", json_string_value(json_object_get(configuration, "file")));
    json_t *value = load(path);
    json_object_foreach(json_object_get(configuration, "set"), key, new) {
        bool inner = strncmp(key, "model.", 6) == 0;
        json_object_set(inner ? json_object_get(value, "model") : value, inner ? key + 6 : key, new);
    }
    return value;
}

static void test_configurations(void **state)
{
    peer *p = *state;
    json_t *list = load(PEER "configs.json"), *configuration;
    size_t i;

    assert_true(json_array_size(list) > 10);
    json_array_foreach(list, i, configuration) {
        const char *name = json_string_value(json_object_get(configuration, "name"));
        json_t *value = configured(configuration);
        txt_tokenizer *t = NULL;
        char *text = json_dumps(value, 0);
        if (txt_tokenizer_json(&p->m.ctx, toc_str_of(text), name, &t)) fail_msg("%s: %s", name, p->m.ctx.message);
        compare(p, name, "tokenizer.json", t);
        txt_tokenizer_free(t);
        free(text);
        json_decref(value);
    }
    json_decref(list);
}

/* The tokens of a model by id, one a line. */
static void list_tokens(toc_ctx *ctx, json_t *vocabulary, toc_buf *lines)
{
    const char **tokens = NULL, *token;
    size_t n = json_object_size(vocabulary);
    json_t *id;

    assert_int_equal(toc_alloc(ctx, n, sizeof *tokens, &tokens), TOC_OK);
    json_object_foreach(vocabulary, token, id) tokens[json_integer_value(id)] = token;
    for (size_t i = 0; i < n; i++) assert_int_equal(toc_buf_printf(ctx, lines, "%s\n", tokens[i]), TOC_OK);
    toc_free(tokens);
}

static void test_vocab_txt(void **state)
{
    static const struct {
        const char *name;
        txt_rules rules;
    } cases[] = {
        { "uncased", { .lower = true, .strip_accents = true, .split_cjk = true } },
        { "cased", { .split_cjk = true } },
        { "small letters, accents kept", { .lower = true, .split_cjk = true } },
        { "capitals, accents dropped", { .strip_accents = true, .split_cjk = true } },
    };
    peer *p = *state;
    toc_buf lines = {0};
    json_t *value = load(PEER "wordpiece.json");

    list_tokens(&p->m.ctx, json_object_get(json_object_get(value, "model"), "vocab"), &lines);
    for (size_t i = 0; i < TOC_COUNT(cases); i++) {
        txt_tokenizer *t = NULL;
        assert_int_equal(txt_tokenizer_wordpiece(&p->m.ctx, (toc_str){ lines.p, lines.n }, "vocab.txt", &cases[i].rules, &t), TOC_OK);
        compare(p, cases[i].name, "vocab.txt", t);
        txt_tokenizer_free(t);
    }
    toc_buf_release(&lines);
    json_decref(value);
}

static void test_vocab_json(void **state)
{
    peer *p = *state;
    toc_buf lines = {0};
    json_t *value = load(PEER "bpe.json"), *model = json_object_get(value, "model"), *merge;
    txt_tokenizer *t = NULL;
    size_t i;

    assert_int_equal(toc_buf_str(&p->m.ctx, &lines, "#version: 0.2\n"), TOC_OK);
    json_array_foreach(json_object_get(model, "merges"), i, merge)
        assert_int_equal(toc_buf_printf(&p->m.ctx, &lines, "%s %s\n", json_string_value(json_array_get(merge, 0)), json_string_value(json_array_get(merge, 1))), TOC_OK);
    char *vocabulary = json_dumps(json_object_get(model, "vocab"), 0);
    assert_int_equal(txt_tokenizer_bpe(&p->m.ctx, toc_str_of(vocabulary), (toc_str){ lines.p, lines.n }, "vocab.json", &(txt_rules){0}, &t), TOC_OK);
    assert_int_equal(txt_tokenizer_frame(t), 2);
    compare(p, "RoBERTa", "vocab.json and merges.txt", t);
    txt_tokenizer_free(t);
    free(vocabulary);
    toc_buf_release(&lines);
    json_decref(value);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_texts), cmocka_unit_test(test_configurations), cmocka_unit_test(test_vocab_txt), cmocka_unit_test(test_vocab_json),
    };
    return cmocka_run_group_tests(tests, make_texts, drop_texts);
}
