/* status.c: what platforms call the states of an order, in their languages. The words are in maps/statuses.map. */
#include "ingest/ingest_int.h"

enum { WORD_MAX = 96 };

/* ASCII lower case, the full-width comma as ',', blanks after commas dropped. Returns the length, at most WORD_MAX. */
static size_t fold_word(toc_str word, char *text)
{
    size_t n = 0;

    word = toc_str_trim(word);
    for (size_t i = 0; i < word.n && n < WORD_MAX; i++) {
        char c = word.p[i];
        if (i + 2 < word.n && !memcmp(word.p + i, "，", 3)) {
            c = ',';
            i += 2;
        }
        if (c == ' ' && n && text[n - 1] == ',') continue;
        text[n++] = (char)(c >= 'A' && c <= 'Z' ? c + 32 : c);
    }
    return n;
}

toc_status ing_status_add(toc_ctx *ctx, ing_book *book, toc_str word, shop_status status)
{
    char text[WORD_MAX];
    toc_str folded = { text, fold_word(word, text) };
    uint32_t code;

    if (toc_pool_find(&book->words, folded, &code)) return TOC_OK;
    TOC_TRY(toc_pool_intern(ctx, &book->words, folded, &code));
    TOC_TRY(toc_grow(ctx, &book->status, &book->cap_status, (size_t)code + 1, sizeof *book->status));
    book->status[code] = status;
    return TOC_OK;
}

bool ing_status_of(const ing_book *book, toc_str word, shop_status *status)
{
    char text[WORD_MAX];
    toc_str folded = { text, fold_word(word, text) };
    uint32_t code;

    if (shop_status_of(folded, status)) return true;
    if (!folded.n || !toc_pool_find(&book->words, folded, &code)) return false;
    *status = book->status[code];
    return true;
}
