/* tokenizer_files.c: what a model's files say of its tokenizer: tokenizer.json, vocab.txt, vocab.json with merges.txt. */
#include <jansson.h>
#include <unistd.h>

#include "text/text_int.h"

/* A tokenizer being read. */
typedef struct {
    toc_ctx *ctx;
    txt_tokenizer *t;
    const char *path; /* for messages */
} reading;

static toc_str string_of(const json_t *value)
{
    return (toc_str){ json_string_value(value), json_string_length(value) };
}

static toc_status parse(toc_ctx *ctx, toc_str text, const char *path, json_t **object)
{
    json_error_t error;
    json_t *value = json_loadb(text.p ? text.p : "", text.n, JSON_ALLOW_NUL, &error);

    if (json_is_object(value)) {
        *object = value;
        return TOC_OK;
    }
    int line = value ? 1 : error.line;
    json_decref(value);
    return toc_fail(ctx, TOC_E_DATA, "%s:%d: no JSON object", path, line);
}

/* The end of all building: releases what failed, or hands it over. */
static toc_status done(reading *r, toc_status st, uint64_t hash, txt_tokenizer **tokenizer)
{
    if (!st) st = txt_tokenizer_finish(r->ctx, r->t);
    if (st) {
        txt_tokenizer_free(r->t);
        return st;
    }
    r->t->hash = toc_mix(hash);
    *tokenizer = r->t;
    return TOC_OK;
}

static uint64_t hash_rules(toc_str text, const txt_rules *rules)
{
    uint64_t bits = (uint64_t)rules->lower | (uint64_t)rules->strip_accents << 1 | (uint64_t)rules->split_cjk << 2 | (uint64_t)rules->prefix_space << 3;
    return toc_mix(toc_str_hash(text) ^ toc_mix(bits));
}

/* A token that must be there. */
static toc_status need(reading *r, toc_str token, uint32_t *id)
{
    if (txt_tokenizer_find(r->t, token, id)) return TOC_OK;
    return toc_fail(r->ctx, TOC_E_DATA, "%s: no token %.*s", r->path, (int)TOC_MIN(token.n, (size_t)60), token.p);
}

/* ---- vocab.txt ---- */

static toc_status read_lines(reading *r, toc_str text)
{
    static const char *const special[] = { "[UNK]", "[CLS]", "[SEP]", "[PAD]", "[MASK]" };
    txt_tokenizer *t = r->t;
    toc_str line;
    uint32_t id, n = 0;

    if (text.n && text.p[text.n - 1] == '\n') text.n--;
    while (toc_str_split(&text, '\n', &line)) {
        if (line.n && line.p[line.n - 1] == '\r') line.n--;
        TOC_TRY(txt_tokenizer_token(r->ctx, t, line, n++));
    }
    TOC_TRY(need(r, toc_str_of(special[0]), &t->unknown));
    for (size_t i = 0; i < TOC_COUNT(special); i++)
        if (txt_tokenizer_find(t, toc_str_of(special[i]), &id)) TOC_TRY(txt_tokenizer_added(r->ctx, t, toc_str_of(special[i]), (txt_added){0}, false));
    TOC_TRY(need(r, TOC_STR("[CLS]"), &id));
    TOC_TRY(txt_tokenizer_around(r->ctx, t, true, id));
    TOC_TRY(need(r, TOC_STR("[SEP]"), &id));
    return txt_tokenizer_around(r->ctx, t, false, id);
}

static void set_inner(txt_tokenizer *t, toc_str prefix)
{
    if (!txt_trie_walk(&t->vocabulary, prefix, &t->inner, NULL)) t->inner = TXT_NONE;
}

toc_status txt_tokenizer_wordpiece(toc_ctx *ctx, toc_str vocabulary, const char *path, const txt_rules *rules, txt_tokenizer **tokenizer)
{
    reading r = { .ctx = ctx, .path = path };

    TOC_TRY(txt_tokenizer_new(ctx, TXT_WORDPIECE, &r.t));
    r.t->clean = true;
    r.t->lower = rules->lower;
    r.t->strip_accents = rules->strip_accents;
    r.t->split_cjk = rules->split_cjk;
    txt_normal_prepare(r.t);
    toc_status st = read_lines(&r, vocabulary);
    if (!st) set_inner(r.t, TOC_STR("##"));
    return done(&r, st, hash_rules(vocabulary, rules), tokenizer);
}

/* ---- vocab.json and merges.txt ---- */

static toc_status read_vocabulary(reading *r, json_t *vocabulary)
{
    const char *token;
    json_t *id;

    if (!json_is_object(vocabulary)) return toc_fail(r->ctx, TOC_E_DATA, "%s: no vocabulary", r->path);
    json_object_foreach(vocabulary, token, id) {
        json_int_t n = json_is_integer(id) ? json_integer_value(id) : -1;
        if (n < 0 || n > UINT32_MAX) return toc_fail(r->ctx, TOC_E_DATA, "%s: the token \"%.60s\" has no number", r->path, token);
        TOC_TRY(txt_tokenizer_token(r->ctx, r->t, toc_str_of(token), (uint32_t)n));
    }
    return TOC_OK;
}

static toc_status read_merge(reading *r, toc_str line, uint32_t rank)
{
    toc_str left;

    if (!toc_str_split(&line, ' ', &left) || !left.n || !line.n || memchr(line.p, ' ', line.n) || toc_utf8_valid(left) < left.n || toc_utf8_valid(line) < line.n)
        return toc_fail(r->ctx, TOC_E_DATA, "%s: merge %u is not two tokens", r->path, rank + 1);
    return txt_bpe_merge(r->ctx, r->t, left, line, rank, r->path);
}

static toc_status read_merges(reading *r, toc_str text)
{
    toc_str line;
    uint32_t rank = 0;

    if (text.n && text.p[text.n - 1] == '\n') text.n--;
    while (toc_str_split(&text, '\n', &line)) {
        if (line.n && line.p[line.n - 1] == '\r') line.n--;
        if (toc_str_starts(line, "#version")) continue;
        TOC_TRY(read_merge(r, line, rank++));
    }
    return TOC_OK;
}

/* RoBERTa's special tokens, or GPT-2's one: its vocabulary may be in the other's, but not the other way round. */
static toc_status add_bpe_specials(reading *r)
{
    static const char *const roberta[] = { "<s>", "<pad>", "</s>", "<unk>", "<mask>" }, *const gpt[] = { "<|endoftext|>" };
    uint32_t id, first, last;
    bool framed = txt_tokenizer_find(r->t, TOC_STR("<s>"), &first) && txt_tokenizer_find(r->t, TOC_STR("</s>"), &last);

    for (size_t i = 0; i < (framed ? TOC_COUNT(roberta) : TOC_COUNT(gpt)); i++) {
        toc_str text = toc_str_of(framed ? roberta[i] : gpt[i]);
        const txt_added flags = { .left = toc_str_is(text, "<mask>") };
        if (txt_tokenizer_find(r->t, text, &id)) TOC_TRY(txt_tokenizer_added(r->ctx, r->t, text, flags, false));
    }
    if (!framed) return TOC_OK;
    TOC_TRY(txt_tokenizer_around(r->ctx, r->t, true, first));
    return txt_tokenizer_around(r->ctx, r->t, false, last);
}

toc_status txt_tokenizer_bpe(toc_ctx *ctx, toc_str vocabulary, toc_str merges, const char *path, const txt_rules *rules, txt_tokenizer **tokenizer)
{
    reading r = { .ctx = ctx, .path = path };
    json_t *o = NULL;

    TOC_TRY(parse(ctx, vocabulary, path, &o));
    toc_status st = txt_tokenizer_new(ctx, TXT_BPE, &r.t);
    if (!st) {
        r.t->split_words = true;
        r.t->prefix_space = rules->prefix_space;
        st = read_vocabulary(&r, o);
        if (!st) st = read_merges(&r, merges);
        if (!st) st = add_bpe_specials(&r);
        st = done(&r, st, hash_rules(vocabulary, rules) ^ toc_str_hash(merges), tokenizer);
    }
    json_decref(o);
    return st;
}

/* ---- tokenizer.json ---- */

static toc_status unknown_kind(const reading *r, const char *what, const json_t *value)
{
    const char *type = json_string_value(json_object_get(value, "type"));
    return toc_fail(r->ctx, TOC_E_DATA, "%s: a %s of kind \"%.40s\" is not known", r->path, what, type ? type : "");
}

static bool is_type(const json_t *value, const char *type)
{
    const char *is = json_string_value(json_object_get(value, "type"));
    return is && strcmp(is, type) == 0;
}

static bool absent(const json_t *value)
{
    return !value || json_is_null(value);
}

/* What is not there, null, false, or an empty text. */
static bool is_off(const json_t *value)
{
    return absent(value) || json_is_false(value) || (json_is_string(value) && !json_string_length(value));
}

static toc_status read_wordpiece(reading *r, const json_t *model)
{
    const json_t *prefix = json_object_get(model, "continuing_subword_prefix"), *most = json_object_get(model, "max_input_chars_per_word");
    const json_t *unknown = json_object_get(model, "unk_token");

    TOC_TRY(read_vocabulary(r, json_object_get(model, "vocab")));
    TOC_TRY(need(r, json_is_string(unknown) ? string_of(unknown) : TOC_STR("[UNK]"), &r->t->unknown));
    if (most && json_integer_value(most) < 0) return toc_fail(r->ctx, TOC_E_DATA, "%s: impossible max_input_chars_per_word", r->path);
    if (most) r->t->max_characters = (size_t)json_integer_value(most);
    set_inner(r->t, json_is_string(prefix) ? string_of(prefix) : TOC_STR("##"));
    return TOC_OK;
}

static toc_status read_bpe(reading *r, const json_t *model)
{
    static const char *const off[] = { "dropout", "continuing_subword_prefix", "end_of_word_suffix", "byte_fallback", "ignore_merges" };
    const json_t *unknown = json_object_get(model, "unk_token"), *merges = json_object_get(model, "merges");

    for (size_t i = 0; i < TOC_COUNT(off); i++)
        if (!is_off(json_object_get(model, off[i]))) return toc_fail(r->ctx, TOC_E_DATA, "%s: a BPE with %s is not known", r->path, off[i]);
    TOC_TRY(read_vocabulary(r, json_object_get(model, "vocab")));
    if (json_is_string(unknown)) TOC_TRY(need(r, string_of(unknown), &r->t->unknown));
    r->t->fuse_unknown = json_is_true(json_object_get(model, "fuse_unk"));
    if (!json_is_array(merges)) return toc_fail(r->ctx, TOC_E_DATA, "%s: no merges", r->path);
    for (size_t i = 0; i < json_array_size(merges); i++) {
        const json_t *merge = json_array_get(merges, i), *left = json_array_get(merge, 0), *right = json_array_get(merge, 1);
        if (i >= UINT32_MAX - 1) break;
        if (json_is_string(merge)) TOC_TRY(read_merge(r, string_of(merge), (uint32_t)i));
        else if (json_array_size(merge) == 2 && json_is_string(left) && json_is_string(right))
            TOC_TRY(txt_bpe_merge(r->ctx, r->t, string_of(left), string_of(right), (uint32_t)i, r->path));
        else return toc_fail(r->ctx, TOC_E_DATA, "%s: merge %zu is not two tokens", r->path, i + 1);
    }
    return TOC_OK;
}

static toc_status read_normalizer(reading *r, const json_t *n)
{
    txt_tokenizer *t = r->t;

    if (absent(n)) {
        txt_normal_prepare(t);
        return TOC_OK;
    }
    if (!is_type(n, "BertNormalizer")) return unknown_kind(r, "normalizer", n);
    const json_t *accents = json_object_get(n, "strip_accents");
    t->clean = !json_is_false(json_object_get(n, "clean_text"));
    t->split_cjk = !json_is_false(json_object_get(n, "handle_chinese_chars"));
    t->lower = !json_is_false(json_object_get(n, "lowercase"));
    t->strip_accents = json_is_boolean(accents) ? json_is_true(accents) : t->lower;
    txt_normal_prepare(t);
    return TOC_OK;
}

static toc_status read_splitter(reading *r, const json_t *p)
{
    if (r->t->model == TXT_WORDPIECE) return is_type(p, "BertPreTokenizer") ? TOC_OK : unknown_kind(r, "pre-tokenizer for WordPiece", p);
    if (!is_type(p, "ByteLevel")) return unknown_kind(r, "pre-tokenizer for BPE", p);
    r->t->prefix_space = !json_is_false(json_object_get(p, "add_prefix_space"));
    r->t->split_words = !json_is_false(json_object_get(p, "use_regex"));
    return TOC_OK;
}

static toc_status read_added(reading *r, const json_t *list)
{
    for (size_t i = 0; i < json_array_size(list); i++) {
        const json_t *token = json_array_get(list, i), *content = json_object_get(token, "content");
        const txt_added flags = {
            .left = json_is_true(json_object_get(token, "lstrip")),
            .right = json_is_true(json_object_get(token, "rstrip")),
            .single = json_is_true(json_object_get(token, "single_word")),
        };
        if (!json_is_string(content)) return toc_fail(r->ctx, TOC_E_DATA, "%s: added token %zu has no content", r->path, i + 1);
        TOC_TRY(txt_tokenizer_added(r->ctx, r->t, string_of(content), flags, json_is_true(json_object_get(token, "normalized"))));
    }
    return TOC_OK;
}

/* [text, id] of "cls" and "sep". */
static toc_status read_pair(reading *r, const json_t *processor)
{
    static const char *const names[] = { "cls", "sep" };

    for (size_t i = 0; i < 2; i++) {
        json_int_t id = json_integer_value(json_array_get(json_object_get(processor, names[i]), 1));
        if (!json_is_integer(json_array_get(json_object_get(processor, names[i]), 1)) || id < 0 || (size_t)id >= r->t->size)
            return toc_fail(r->ctx, TOC_E_DATA, "%s: the post-processor's %s is no token", r->path, names[i]);
        TOC_TRY(txt_tokenizer_around(r->ctx, r->t, i == 0, (uint32_t)id));
    }
    return TOC_OK;
}

static toc_status read_template_token(reading *r, const json_t *specials, const json_t *item, bool before)
{
    const char *name = json_string_value(json_object_get(item, "id"));
    const json_t *ids = name ? json_object_get(json_object_get(specials, name), "ids") : NULL;

    if (!json_is_array(ids)) return toc_fail(r->ctx, TOC_E_DATA, "%s: the template's special token \"%.40s\" has no ids", r->path, name ? name : "");
    for (size_t i = 0; i < json_array_size(ids); i++) {
        json_int_t id = json_integer_value(json_array_get(ids, i));
        if (!json_is_integer(json_array_get(ids, i)) || id < 0 || (size_t)id >= r->t->size)
            return toc_fail(r->ctx, TOC_E_DATA, "%s: the template's special token \"%.40s\" is no token", r->path, name);
        TOC_TRY(txt_tokenizer_around(r->ctx, r->t, before, (uint32_t)id));
    }
    return TOC_OK;
}

static toc_status read_template(reading *r, const json_t *processor)
{
    const json_t *single = json_object_get(processor, "single"), *specials = json_object_get(processor, "special_tokens");
    size_t n_texts = 0;

    for (size_t i = 0; i < json_array_size(single); i++) {
        const json_t *item = json_array_get(single, i), *special = json_object_get(item, "SpecialToken"), *text = json_object_get(item, "Sequence");
        if (special) TOC_TRY(read_template_token(r, specials, special, n_texts == 0));
        else if (text && toc_str_is(toc_str_of(json_string_value(json_object_get(text, "id"))), "A")) n_texts++;
    }
    return n_texts == 1 ? TOC_OK : toc_fail(r->ctx, TOC_E_DATA, "%s: the template holds the text %zu times", r->path, n_texts);
}

static toc_status read_processor(reading *r, const json_t *p)
{
    if (absent(p) || is_type(p, "ByteLevel")) return TOC_OK;
    if (txt_tokenizer_frame(r->t)) return toc_fail(r->ctx, TOC_E_DATA, "%s: more than one post-processor puts tokens around a text", r->path);
    if (is_type(p, "BertProcessing") || is_type(p, "RobertaProcessing")) return read_pair(r, p);
    if (is_type(p, "TemplateProcessing")) return read_template(r, p);
    return unknown_kind(r, "post-processor", p);
}

static toc_status read_processors(reading *r, const json_t *p)
{
    const json_t *list = json_object_get(p, "processors");

    if (!is_type(p, "Sequence")) return read_processor(r, p);
    for (size_t i = 0; i < json_array_size(list); i++) TOC_TRY(read_processor(r, json_array_get(list, i)));
    return TOC_OK;
}

static toc_status read_all(reading *r, const json_t *o)
{
    const json_t *model = json_object_get(o, "model");

    TOC_TRY(r->t->model == TXT_WORDPIECE ? read_wordpiece(r, model) : read_bpe(r, model));
    TOC_TRY(read_normalizer(r, json_object_get(o, "normalizer")));
    TOC_TRY(read_splitter(r, json_object_get(o, "pre_tokenizer")));
    TOC_TRY(read_added(r, json_object_get(o, "added_tokens")));
    return read_processors(r, json_object_get(o, "post_processor"));
}

/* Older files do not name the model's kind. */
static bool model_of(const json_t *model, txt_model *kind)
{
    bool named = json_is_string(json_object_get(model, "type"));

    if (is_type(model, "WordPiece") || (!named && json_object_get(model, "max_input_chars_per_word"))) *kind = TXT_WORDPIECE;
    else if (is_type(model, "BPE") || (!named && json_object_get(model, "merges"))) *kind = TXT_BPE;
    else return false;
    return true;
}

toc_status txt_tokenizer_json(toc_ctx *ctx, toc_str json, const char *path, txt_tokenizer **tokenizer)
{
    reading r = { .ctx = ctx, .path = path };
    json_t *o = NULL;
    txt_model kind;
    toc_status st;

    TOC_TRY(parse(ctx, json, path, &o));
    if (!model_of(json_object_get(o, "model"), &kind)) st = unknown_kind(&r, "model", json_object_get(o, "model"));
    else if (!(st = txt_tokenizer_new(ctx, kind, &r.t))) st = done(&r, read_all(&r, o), toc_str_hash(json), tokenizer);
    json_decref(o);
    return st;
}

/* ---- a folder ---- */

static toc_status read_beside(toc_ctx *ctx, const char *folder, const char *name, toc_buf *content, const char **path)
{
    TOC_TRY(toc_arena_printf(ctx, &ctx->arena, path, "%s/%s", folder, name));
    return toc_read_file(ctx, *path, content);
}

static bool is_there(toc_ctx *ctx, const char *folder, const char *name)
{
    const char *path;
    return !toc_arena_printf(ctx, &ctx->arena, &path, "%s/%s", folder, name) && access(path, F_OK) == 0;
}

toc_status txt_tokenizer_open(toc_ctx *ctx, const char *folder, const txt_rules *rules, txt_tokenizer **tokenizer)
{
    toc_buf content = {0}, merges = {0};
    const char *path = folder, *other;
    toc_status st = TOC_OK;

    if (is_there(ctx, folder, "tokenizer.json")) {
        if (!(st = read_beside(ctx, folder, "tokenizer.json", &content, &path)))
            st = txt_tokenizer_json(ctx, (toc_str){ content.p, content.n }, path, tokenizer);
    } else if (is_there(ctx, folder, "vocab.txt")) {
        if (!(st = read_beside(ctx, folder, "vocab.txt", &content, &path)))
            st = txt_tokenizer_wordpiece(ctx, (toc_str){ content.p, content.n }, path, rules, tokenizer);
    } else if (is_there(ctx, folder, "vocab.json")) {
        if (!(st = read_beside(ctx, folder, "merges.txt", &merges, &other)) && !(st = read_beside(ctx, folder, "vocab.json", &content, &path)))
            st = txt_tokenizer_bpe(ctx, (toc_str){ content.p, content.n }, (toc_str){ merges.p, merges.n }, path, rules, tokenizer);
    } else st = toc_fail(ctx, TOC_E_USAGE, "no tokenizer in %s (no tokenizer.json, vocab.txt or vocab.json there)", folder);
    toc_buf_release(&content);
    toc_buf_release(&merges);
    return st;
}
