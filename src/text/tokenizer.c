/* tokenizer.c: one door to all kinds of tokenizers, and the files of a model's folder. */
#include "text/text_int.h"

struct txt_tokenizer {
    txt_wordpiece *wordpiece;
    uint64_t hash;
};

static uint64_t hash_of(toc_str vocabulary, const txt_rules *rules)
{
    uint64_t bits = (uint64_t)rules->lower | (uint64_t)rules->strip_accents << 1 | (uint64_t)rules->split_cjk << 2 | (uint64_t)rules->prefix_space << 3;

    return toc_mix(toc_str_hash(vocabulary) ^ toc_mix(bits));
}

toc_status txt_tokenizer_wordpiece(toc_ctx *ctx, toc_str vocabulary, const char *path, const txt_rules *rules, txt_tokenizer **tokenizer)
{
    txt_tokenizer *t = NULL;

    TOC_TRY(toc_alloc(ctx, 1, sizeof *t, &t));
    toc_status st = txt_wordpiece_parse(ctx, vocabulary, path, rules, &t->wordpiece);
    t->hash = hash_of(vocabulary, rules);
    if (st) txt_tokenizer_free(t);
    else *tokenizer = t;
    return st;
}

toc_status txt_tokenizer_open(toc_ctx *ctx, const char *folder, const txt_rules *rules, txt_tokenizer **tokenizer)
{
    toc_buf content = {0};
    const char *path;

    TOC_TRY(toc_arena_printf(ctx, &ctx->arena, &path, "%s/vocab.txt", folder));
    toc_status st = toc_read_file(ctx, path, &content);
    if (!st) st = txt_tokenizer_wordpiece(ctx, (toc_str){ content.p, content.n }, path, rules, tokenizer);
    toc_buf_release(&content);
    return st;
}

void txt_tokenizer_free(txt_tokenizer *t)
{
    if (!t) return;
    txt_wordpiece_free(t->wordpiece);
    toc_free(t);
}

size_t txt_tokenizer_size(const txt_tokenizer *t)
{
    return txt_wordpiece_size(t->wordpiece);
}

size_t txt_tokenizer_frame(const txt_tokenizer *t)
{
    (void)t;
    return 2;
}

bool txt_tokenizer_find(const txt_tokenizer *t, toc_str token, uint32_t *id)
{
    return txt_wordpiece_find(t->wordpiece, token, id);
}

uint64_t txt_tokenizer_hash(const txt_tokenizer *t)
{
    return t->hash;
}

void txt_tokens_release(txt_tokens *t)
{
    toc_free(t->ids);
    toc_free(t->points);
    toc_buf_release(&t->clean);
    toc_buf_release(&t->word);
    *t = (txt_tokens){0};
}

toc_status txt_tokenize(toc_ctx *ctx, const txt_tokenizer *t, toc_str text, size_t max_tokens, txt_tokens *tokens, bool *truncated)
{
    return txt_wordpiece_tokenize(ctx, t->wordpiece, text, max_tokens, tokens, truncated);
}
