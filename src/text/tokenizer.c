/* tokenizer.c: a tokenizer put together, and the walk of a text through it. What files say is read in tokenizer_files.c. */
#include "text/text_int.h"

enum { MOST_IDS = 1 << 24 };

toc_status txt_tokenizer_new(toc_ctx *ctx, txt_model model, txt_tokenizer **tokenizer)
{
    txt_tokenizer *t = NULL;

    TOC_TRY(toc_alloc(ctx, 1, sizeof *t, &t));
    t->model = model;
    t->unknown = t->inner = TXT_NONE;
    t->max_characters = 100;
    toc_status st = toc_alloc(ctx, TXT_LOW, 1, &t->bits);
    if (st) {
        toc_free(t);
        return st;
    }
    txt_bits_fill(t->bits);
    *tokenizer = t;
    return TOC_OK;
}

void txt_tokenizer_free(txt_tokenizer *t)
{
    if (!t) return;
    txt_trie_release(&t->vocabulary);
    txt_trie_release(&t->unwritten);
    txt_additions_release(&t->raw);
    txt_additions_release(&t->cleaned);
    toc_map_release(&t->merges);
    toc_free(t->bits);
    toc_free(t->before);
    toc_free(t->after);
    toc_free((void *)t->whole);
    toc_free(t);
}

toc_status txt_tokenizer_token(toc_ctx *ctx, txt_tokenizer *t, toc_str token, uint32_t id)
{
    toc_buf bytes = {0};
    toc_status st = TOC_OK;
    bool fits = true;

    if (id >= MOST_IDS) return toc_fail(ctx, TOC_E_DATA, "a vocabulary of more than %d tokens", MOST_IDS);
    t->size = TOC_MAX(t->size, (size_t)id + 1);
    t->n_tokens++;
    /* What is no UTF-8 is in no text. */
    if (toc_utf8_valid(token) < token.n) return TOC_OK;
    if (t->model == TXT_WORDPIECE) return txt_trie_add(ctx, &t->vocabulary, token, id);
    if (!(st = txt_bpe_bytes(ctx, token, &bytes, &fits)))
        st = fits ? txt_trie_add(ctx, &t->vocabulary, (toc_str){ bytes.p, bytes.n }, id) : txt_trie_add(ctx, &t->unwritten, token, id);
    toc_buf_release(&bytes);
    return st;
}

static bool find_in_vocabulary(const txt_tokenizer *t, toc_str token, uint32_t *id)
{
    if (toc_utf8_valid(token) < token.n) return false;
    return t->model == TXT_WORDPIECE ? txt_trie_find(&t->vocabulary, token, id) : txt_bpe_find(t, token, id);
}

toc_status txt_tokenizer_added(toc_ctx *ctx, txt_tokenizer *t, toc_str content, txt_added token, bool cleaned)
{
    toc_buf small = {0};
    txt_tokens scratch = {0};
    txt_walk k = { .ctx = ctx, .t = t, .out = &scratch };
    toc_status st = TOC_OK;

    if (!content.n) return TOC_OK;
    if (!txt_tokenizer_find(t, content, &token.id)) {
        token.id = (uint32_t)TOC_MAX(t->next_added, t->n_tokens);
        if (token.id >= MOST_IDS) return toc_fail(ctx, TOC_E_DATA, "a vocabulary of more than %d tokens", MOST_IDS);
        TOC_TRY(txt_trie_add(ctx, &t->unwritten, content, token.id));
    }
    /* The next id is behind the highest so far, if that is behind the vocabulary. */
    t->next_added = TOC_MAX(t->next_added, token.id + 1);
    t->size = TOC_MAX(t->size, (size_t)token.id + 1);
    if (!cleaned) return txt_additions_add(ctx, &t->raw, content, token);
    if (!(st = txt_normal(&k, content, &small))) st = txt_additions_add(ctx, &t->cleaned, (toc_str){ small.p, small.n }, token);
    toc_buf_release(&small);
    txt_tokens_release(&scratch);
    return st;
}

toc_status txt_tokenizer_around(toc_ctx *ctx, txt_tokenizer *t, bool before, uint32_t id)
{
    size_t *n = before ? &t->n_before : &t->n_after;

    TOC_TRY(toc_grow(ctx, before ? &t->before : &t->after, before ? &t->cap_before : &t->cap_after, *n + 1, sizeof id));
    (before ? t->before : t->after)[(*n)++] = id;
    return TOC_OK;
}

toc_status txt_tokenizer_finish(toc_ctx *ctx, txt_tokenizer *t)
{
    return t->model == TXT_BPE ? txt_bpe_prepare(ctx, t) : TOC_OK;
}

size_t txt_tokenizer_size(const txt_tokenizer *t)
{
    return t->size;
}

size_t txt_tokenizer_frame(const txt_tokenizer *t)
{
    return t->n_before + t->n_after;
}

bool txt_tokenizer_find(const txt_tokenizer *t, toc_str token, uint32_t *id)
{
    return find_in_vocabulary(t, token, id) || txt_trie_find(&t->unwritten, token, id);
}

uint64_t txt_tokenizer_hash(const txt_tokenizer *t)
{
    return t->hash;
}

void txt_tokens_release(txt_tokens *o)
{
    toc_free(o->ids);
    toc_free(o->points);
    toc_free(o->symbols);
    toc_free(o->heap);
    toc_buf_release(&o->valid);
    toc_buf_release(&o->clean);
    toc_buf_release(&o->word);
    *o = (txt_tokens){0};
}

/* ---- a text ---- */

static toc_status read_pieces(txt_walk *k, toc_str text)
{
    return k->t->model == TXT_WORDPIECE ? txt_wordpiece_pieces(k, text) : txt_bpe_pieces(k, text);
}

/* Cuts the tokens written in text out of it; what lies between them goes to `between`. */
static toc_status cut(txt_walk *k, const txt_additions *additions, toc_str text, toc_status (*between)(txt_walk *k, toc_str text))
{
    size_t from = 0, scan = 0, first = 0, last = 0;
    uint32_t id = 0;

    while (!k->full && txt_additions_next(additions, text, &scan, &first, &last, &id)) {
        if (first > from) TOC_TRY(between(k, (toc_str){ text.p + from, first - from }));
        if (!k->full) TOC_TRY(txt_push(k, id));
        from = last;
    }
    return from < text.n && !k->full ? between(k, (toc_str){ text.p + from, text.n - from }) : TOC_OK;
}

static toc_status read_stretch(txt_walk *k, toc_str text)
{
    const txt_tokenizer *t = k->t;
    toc_buf *clean = &k->out->clean;

    if (t->clean || t->split_cjk || t->strip_accents || t->lower) {
        toc_buf_reset(clean);
        TOC_TRY(txt_normal(k, text, clean));
        text = (toc_str){ clean->p, clean->n };
    }
    return cut(k, &t->cleaned, text, read_pieces);
}

/* The text without the bytes that are no UTF-8. */
static toc_status make_valid(toc_ctx *ctx, txt_tokens *o, toc_str *text)
{
    toc_str rest = *text;
    size_t n = toc_utf8_valid(rest);

    if (n == rest.n) return TOC_OK;
    toc_buf_reset(&o->valid);
    for (; rest.n; n = toc_utf8_valid(rest)) {
        TOC_TRY(toc_buf_add(ctx, &o->valid, rest.p, n));
        n += n < rest.n;
        rest = (toc_str){ rest.p + n, rest.n - n };
    }
    *text = (toc_str){ o->valid.p, o->valid.n };
    return TOC_OK;
}

toc_status txt_tokenize(toc_ctx *ctx, const txt_tokenizer *t, toc_str text, size_t max_tokens, txt_tokens *o, bool *truncated)
{
    size_t first = o->n;
    txt_walk k = { .ctx = ctx, .t = t, .out = o, .end = SIZE_MAX };
    toc_status st = TOC_OK;

    TOC_ASSERT(max_tokens >= txt_tokenizer_frame(t));
    if (text.n > INT32_MAX) return toc_fail(ctx, TOC_E_DATA, "a text of %zu bytes; 2 GiB is the most", text.n);
    if ((st = make_valid(ctx, o, &text))) goto out;
    for (size_t i = 0; i < t->n_before; i++)
        if ((st = txt_push(&k, t->before[i]))) goto out;
    k.end = max_tokens < SIZE_MAX - first ? first + max_tokens - t->n_after : SIZE_MAX;
    if ((st = cut(&k, &t->raw, text, read_stretch))) goto out;
    if (truncated) *truncated = k.full;
    k.end = SIZE_MAX;
    for (size_t i = 0; i < t->n_after; i++)
        if ((st = txt_push(&k, t->after[i]))) goto out;
out:
    if (st) o->n = first;
    return st;
}

toc_status txt_tokenizer_inner(toc_ctx *ctx, const txt_tokenizer *tokenizer, bool *inner)
{
    return tokenizer->inner == TXT_NONE ? TOC_OK : txt_trie_behind(ctx, &tokenizer->vocabulary, tokenizer->inner, inner);
}
