/* wordpiece.c: words to pieces. Blanks part words, a punctuation sign or symbol is one of its own; each is cut greedily into the longest pieces of the
 * vocabulary, and unknown as a whole where that fails. */
#include "text/text_int.h"

/* A word of n_characters. */
static toc_status put_word(txt_walk *k, toc_str word, size_t n_characters)
{
    const txt_tokenizer *t = k->t;
    size_t first = k->out->n;
    bool was_full = k->full;
    uint32_t node = 0, id = 0;

    if (n_characters > t->max_characters) return txt_push(k, t->unknown);
    while (word.n) {
        size_t n = node == TXT_NONE ? 0 : txt_trie_longest(&t->vocabulary, node, word, &id);
        if (!n) {
            /* Its pieces so far do not count, also where they used up the room. */
            k->out->n = first;
            k->full = was_full;
            return txt_push(k, t->unknown);
        }
        TOC_TRY(txt_push(k, id));
        word = (toc_str){ word.p + n, word.n - n };
        node = t->inner;
    }
    return TOC_OK;
}

toc_status txt_wordpiece_pieces(txt_walk *k, toc_str text)
{
    const txt_tokenizer *t = k->t;
    const char *word = text.p, *end = text.p + text.n, *p = text.p;
    size_t n = 0;

    while (p < end && !k->full) {
        const char *at = p;
        unsigned bits = txt_bits(t, txt_next(&p));
        bool blank = bits & TXT_BLANK;
        if (!blank && (bits & TXT_CLASS) != TXT_PUNCT) {
            n++;
            continue;
        }
        if (n) TOC_TRY(put_word(k, (toc_str){ word, (size_t)(at - word) }, n));
        if (!blank && !k->full) TOC_TRY(put_word(k, (toc_str){ at, (size_t)(p - at) }, 1));
        word = p;
        n = 0;
    }
    return n && !k->full ? put_word(k, (toc_str){ word, (size_t)(end - word) }, n) : TOC_OK;
}
