/* bpe.c: byte-level BPE (GPT-2). A text is cut into words by
 *     's|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+
 * and the bytes of each are merged, of all neighbours those first whose merge was learned first, from the left.
 *
 * Most words are tokens. Whether the merges of a token's bytes end in that token is found out once (t->whole), and from then on such words cost one walk
 * through the vocabulary. */
#include <stdatomic.h>

#include "text/text_int.h"

/* ---- bytes written as characters ---- */

/* The byte that a character stands for, or -1: printable ones for themselves, the others from U+0100 on. */
static int byte_of(int32_t c)
{
    static const unsigned char from_256[] = {
        0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30, 31, 32, 127, 128, 129, 130, 131, 132,
        133, 134, 135, 136, 137, 138, 139, 140, 141, 142, 143, 144, 145, 146, 147, 148, 149, 150, 151, 152, 153, 154, 155, 156, 157, 158, 159, 160, 173,
    };

    if ((c >= '!' && c <= '~') || (c >= 0xa1 && c <= 0xff && c != 0xad)) return c;
    return c >= 256 && c < 256 + (int32_t)sizeof from_256 ? from_256[c - 256] : -1;
}

toc_status txt_bpe_bytes(toc_ctx *ctx, toc_str token, toc_buf *bytes, bool *fits)
{
    *fits = true;
    for (const char *p = token.p; p < token.p + token.n;) {
        int byte = byte_of(txt_next(&p));
        if (byte < 0) {
            *fits = false;
            return TOC_OK;
        }
        TOC_TRY(toc_buf_char(ctx, bytes, (char)byte));
    }
    return TOC_OK;
}

bool txt_bpe_find(const txt_tokenizer *t, toc_str token, uint32_t *id)
{
    uint64_t slot = 0;
    uint32_t node = 0;

    if (!t->vocabulary.n_slots) return false;
    for (const char *p = token.p; p < token.p + token.n; node = txt_trie_node(slot)) {
        int byte = byte_of(txt_next(&p));
        if (byte < 0) return txt_trie_find(&t->unwritten, token, id);
        if (!(slot = txt_trie_step(&t->vocabulary, node, (unsigned char)byte))) return false;
    }
    if (!txt_trie_ends(slot)) return false;
    *id = t->vocabulary.ids[node];
    return true;
}

toc_status txt_bpe_prepare(toc_ctx *ctx, txt_tokenizer *t)
{
    for (unsigned b = 0; b < 256; b++) {
        const char byte = (char)b;
        if (!txt_trie_find(&t->vocabulary, (toc_str){ &byte, 1 }, &t->of_byte[b])) t->of_byte[b] = TXT_NONE;
    }
    return toc_alloc(ctx, t->size, 1, &t->whole);
}

/* ---- merges ---- */

toc_status txt_bpe_merge(toc_ctx *ctx, txt_tokenizer *t, toc_str left, toc_str right, uint32_t rank, const char *where)
{
    toc_buf bytes = {0};
    toc_status st;
    bool fits, fits_too;
    uint32_t ids[3];
    uint64_t *merge;

    if ((st = txt_bpe_bytes(ctx, left, &bytes, &fits))) goto out;
    size_t n = bytes.n;
    if ((st = txt_bpe_bytes(ctx, right, &bytes, &fits_too))) goto out;
    /* No text has such characters, once its bytes are written as others. */
    if (!fits || !fits_too) goto out;
    const toc_str parts[] = { { bytes.p, n }, { bytes.p + n, bytes.n - n }, { bytes.p, bytes.n } };
    for (size_t i = 0; i < 3; i++) {
        if (txt_trie_find(&t->vocabulary, parts[i], &ids[i])) continue;
        st = toc_fail(ctx, TOC_E_DATA, "%s: merge %u, of \"%.*s\" and \"%.*s\", is of tokens that are not in the vocabulary", where, rank + 1,
                      (int)TOC_MIN(left.n, (size_t)60), left.p, (int)TOC_MIN(right.n, (size_t)60), right.p);
        goto out;
    }
    if (!(st = toc_map_at(ctx, &t->merges, toc_pair(ids[0], ids[1]), &merge, NULL))) *merge = toc_pair(rank, ids[2]);
out:
    toc_buf_release(&bytes);
    return st;
}

/* A binary heap of rank << 32 | place: the lowest rank first, of equal ones the leftmost. */
static void heap_add(uint64_t *heap, size_t *n, uint64_t value)
{
    size_t i = (*n)++;

    for (; i && heap[(i - 1) / 2] > value; i = (i - 1) / 2) heap[i] = heap[(i - 1) / 2];
    heap[i] = value;
}

static uint64_t heap_take(uint64_t *heap, size_t *n)
{
    uint64_t top = heap[0], value = heap[--*n];
    size_t i = 0;

    for (;;) {
        size_t child = 2 * i + 1;
        if (child >= *n) break;
        if (child + 1 < *n && heap[child + 1] < heap[child]) child++;
        if (heap[child] >= value) break;
        heap[i] = heap[child];
        i = child;
    }
    heap[i] = value;
    return top;
}

static const uint64_t *merge_at(const txt_tokenizer *t, const txt_symbol *symbols, uint32_t i)
{
    uint32_t next = symbols[i].next;
    return next == TXT_NONE ? NULL : toc_map_find(&t->merges, toc_pair(symbols[i].id, symbols[next].id));
}

/* The bytes of a word as tokens. */
static size_t spell(const txt_walk *k, toc_str word)
{
    const txt_tokenizer *t = k->t;
    txt_symbol *symbols = k->out->symbols;
    uint32_t n = 0;
    bool was_unknown = false;

    for (size_t i = 0; i < word.n; i++) {
        uint32_t id = t->of_byte[(unsigned char)word.p[i]];
        bool unknown = id == TXT_NONE;
        if (unknown) id = t->unknown;
        if (id != TXT_NONE && !(unknown && was_unknown && t->fuse_unknown)) {
            symbols[n] = (txt_symbol){ .id = id, .before = n - 1, .next = n + 1 };
            n++;
        }
        was_unknown = unknown;
    }
    if (n) symbols[n - 1].next = TXT_NONE;
    return n;
}

/* Leaves the tokens of a word in k->out->symbols, linked from the first. *any: there is one. */
static toc_status merge_word(txt_walk *k, toc_str word, bool *any)
{
    const txt_tokenizer *t = k->t;
    txt_tokens *o = k->out;
    const uint64_t *m;
    size_t n_heap = 0;

    TOC_TRY(toc_grow(k->ctx, &o->symbols, &o->cap_symbols, word.n, sizeof *o->symbols));
    /* Every merge makes one symbol less and at most two new neighbours. */
    TOC_TRY(toc_grow(k->ctx, &o->heap, &o->cap_heap, 3 * word.n, sizeof *o->heap));
    txt_symbol *s = o->symbols;
    size_t n = spell(k, word);
    *any = n > 0;
    for (uint32_t i = 0; i + 1 < n; i++)
        if ((m = merge_at(t, s, i))) heap_add(o->heap, &n_heap, toc_pair((uint32_t)(*m >> 32), i));
    while (n_heap) {
        uint64_t top = heap_take(o->heap, &n_heap);
        uint32_t i = (uint32_t)top;
        /* The pair may have changed since, or be gone. */
        if (s[i].id == TXT_NONE || !(m = merge_at(t, s, i)) || *m >> 32 != top >> 32) continue;
        uint32_t gone = s[i].next;
        s[i].id = (uint32_t)*m;
        s[i].next = s[gone].next;
        s[gone].id = TXT_NONE;
        if (s[i].next != TXT_NONE) s[s[i].next].before = i;
        if ((m = merge_at(t, s, i))) heap_add(o->heap, &n_heap, toc_pair((uint32_t)(*m >> 32), i));
        if (i && (m = merge_at(t, s, s[i].before))) heap_add(o->heap, &n_heap, toc_pair((uint32_t)(*m >> 32), s[i].before));
    }
    return TOC_OK;
}

enum { WHOLE = 1, NOT_WHOLE = 2 };

static toc_status put_word(txt_walk *k, toc_str word)
{
    const txt_tokenizer *t = k->t;
    uint32_t id = TXT_NONE;
    unsigned char whole = NOT_WHOLE;
    bool any = false;

    if (txt_trie_find(&t->vocabulary, word, &id)) {
        whole = atomic_load_explicit(&t->whole[id], memory_order_relaxed);
        if (whole == WHOLE) return txt_push(k, id);
    }
    TOC_TRY(merge_word(k, word, &any));
    if (!any) return TOC_OK;
    const txt_symbol *s = k->out->symbols;
    if (!whole) atomic_store_explicit(&t->whole[id], s[0].id == id && s[0].next == TXT_NONE ? WHOLE : NOT_WHOLE, memory_order_relaxed);
    for (uint32_t i = 0; i != TXT_NONE && !k->full; i = s[i].next) TOC_TRY(txt_push(k, s[i].id));
    return TOC_OK;
}

/* ---- words ---- */

enum { KIND = TXT_LETTER | TXT_NUMBER | TXT_BLANK };

/* The length of 's, 't, 're, 've, 'm, 'll or 'd at the front, or 0. */
static size_t contraction(toc_str text)
{
    if (text.n < 2 || text.p[0] != '\'') return 0;
    char a = text.p[1], b = text.n > 2 ? text.p[2] : 0;
    if (a == 's' || a == 't' || a == 'm' || a == 'd') return 2;
    return (a == 'r' && b == 'e') || (a == 'v' && b == 'e') || (a == 'l' && b == 'l') ? 3 : 0;
}

/* Where blanks end that begin before p; the last of them is left to a word behind it, unless it is the only one. */
static const char *blanks_end(const txt_tokenizer *t, const char *start, const char *p, const char *end)
{
    const char *last = start;

    while (p < end) {
        const char *q = p;
        if (!(txt_bits(t, txt_next(&q)) & TXT_BLANK)) return last > start ? last : p;
        last = p;
        p = q;
    }
    return end;
}

static size_t word_length(const txt_tokenizer *t, toc_str text)
{
    const char *p = text.p, *end = text.p + text.n;
    size_t short_form = contraction(text);

    if (short_form) return short_form;
    unsigned kind = txt_bits(t, txt_next(&p)) & KIND;
    if (text.p[0] == ' ' && p < end) {
        const char *q = p;
        unsigned behind = txt_bits(t, txt_next(&q)) & KIND;
        if (!(behind & TXT_BLANK)) {
            kind = behind;
            p = q;
        }
    }
    if (kind & TXT_BLANK) return (size_t)(blanks_end(t, text.p, p, end) - text.p);
    while (p < end) {
        const char *q = p;
        if ((txt_bits(t, txt_next(&q)) & KIND) != kind) break;
        p = q;
    }
    return (size_t)(p - text.p);
}

toc_status txt_bpe_pieces(txt_walk *k, toc_str text)
{
    const txt_tokenizer *t = k->t;
    toc_buf *spaced = &k->out->word;

    if (text.n && t->prefix_space && text.p[0] != ' ') {
        toc_buf_reset(spaced);
        TOC_TRY(toc_buf_char(k->ctx, spaced, ' '));
        TOC_TRY(toc_buf_add(k->ctx, spaced, text.p, text.n));
        text = (toc_str){ spaced->p, spaced->n };
    }
    while (text.n && !k->full) {
        size_t n = t->split_words ? word_length(t, text) : text.n;
        TOC_TRY(put_word(k, (toc_str){ text.p, n }));
        text = (toc_str){ text.p + n, text.n - n };
    }
    return TOC_OK;
}
