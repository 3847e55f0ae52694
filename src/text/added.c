/* added.c: tokens that are found in the text itself, as the reference's AddedVocabulary does it: of several that begin at one place the longest, the search
 * goes on behind it also where it does not count for touching a word, and blanks it takes on either side belong to no other text. */
#include "text/text_int.h"

toc_status txt_additions_add(toc_ctx *ctx, txt_additions *a, toc_str content, txt_added token)
{
    uint32_t place = (uint32_t)a->n;

    if (!content.n) return TOC_OK;
    if (!txt_trie_find(&a->trie, content, &place)) {
        TOC_TRY(toc_grow(ctx, &a->tokens, &a->cap, a->n + 1, sizeof *a->tokens));
        TOC_TRY(txt_trie_add(ctx, &a->trie, content, place));
        a->n++;
    }
    a->tokens[place] = token;
    a->begins[(unsigned char)content.p[0]] = true;
    return TOC_OK;
}

void txt_additions_release(txt_additions *a)
{
    txt_trie_release(&a->trie);
    toc_free(a->tokens);
    *a = (txt_additions){0};
}

/* The character that ends at `end` (> 0). */
static int32_t character_before(toc_str text, size_t end, size_t *start)
{
    *start = end - 1;
    while (*start > 0 && ((unsigned char)text.p[*start] & 0xc0) == 0x80) --*start;
    const char *p = text.p + *start;
    return txt_next(&p);
}

static int32_t character_at(toc_str text, size_t at, size_t *end)
{
    const char *p = text.p + at;
    int32_t c = txt_next(&p);

    *end = (size_t)(p - text.p);
    return c;
}

static bool touches_word(toc_str text, size_t first, size_t last)
{
    size_t other;

    return (first > 0 && txt_in_word(character_before(text, first, &other))) || (last < text.n && txt_in_word(character_at(text, last, &other)));
}

bool txt_additions_next(const txt_additions *a, toc_str text, size_t *scan, size_t *first, size_t *last, uint32_t *id)
{
    size_t other;

    if (!a->n) return false;
    for (size_t at = *scan; at < text.n; at++) {
        uint32_t place;
        if (!a->begins[(unsigned char)text.p[at]]) continue;
        size_t n = txt_trie_longest(&a->trie, 0, (toc_str){ text.p + at, text.n - at }, &place);
        if (!n) continue;
        const txt_added *token = &a->tokens[place];
        *scan = at + n;
        if (token->single && touches_word(text, at, at + n)) {
            at += n - 1;
            continue;
        }
        *first = at;
        *last = at + n;
        *id = token->id;
        if (token->left)
            while (*first > 0 && (txt_bits_of(character_before(text, *first, &other)) & TXT_BLANK)) *first = other;
        if (token->right)
            while (*last < text.n && (txt_bits_of(character_at(text, *last, &other)) & TXT_BLANK)) *last = other;
        return true;
    }
    return false;
}
