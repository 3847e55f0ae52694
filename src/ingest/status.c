/* status.c: what platforms call the states of an order, in their languages. The words are in maps/statuses.map. */
#include "ingest/ingest_int.h"

#include <utf8proc.h>

enum { WORD_MAX = 96 };

/* Lower case in every script, the full-width comma as ',', blanks after commas dropped. Returns the length, at most WORD_MAX. */
static size_t fold_word(toc_str word, char *text)
{
    size_t n = 0;

    word = toc_str_trim(word);
    while (word.n) {
        utf8proc_int32_t c;
        utf8proc_ssize_t most = (utf8proc_ssize_t)TOC_MIN(word.n, (size_t)4);
        utf8proc_ssize_t used = utf8proc_iterate((const utf8proc_uint8_t *)word.p, most, &c);
        utf8proc_uint8_t bytes[4];
        if (used < 1) break;
        word = (toc_str){ word.p + used, word.n - (size_t)used };
        c = c == 0xff0c ? ',' : utf8proc_tolower(c);
        if (c == ' ' && n && text[n - 1] == ',') continue;
        size_t m = (size_t)utf8proc_encode_char(c, bytes);
        if (n + m > WORD_MAX) break;
        memcpy(text + n, bytes, m);
        n += m;
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

/* What stands in front of a date at the end: Shopee says until when goods may be sent back. Empty = there is none, or nothing in front. */
static toc_str before_date(toc_str folded)
{
    size_t n = folded.n, digits = 0;

    for (; n && strchr("0123456789/.:- ", folded.p[n - 1]); n--) digits += folded.p[n - 1] >= '0' && folded.p[n - 1] <= '9';
    return digits < 6 ? (toc_str){0} : (toc_str){ folded.p, n };
}

bool ing_status_of(const ing_book *book, toc_str word, shop_status *status)
{
    char text[WORD_MAX];
    toc_str folded = { text, fold_word(word, text) };
    uint32_t code;

    if (shop_status_of(folded, status)) return true;
    if (!folded.n) return false;
    if (!toc_pool_find(&book->words, folded, &code)) {
        folded = before_date(folded);
        if (!folded.n || !toc_pool_find(&book->words, folded, &code)) return false;
    }
    *status = book->status[code];
    return true;
}
