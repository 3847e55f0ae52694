/* fuzz_mask.c: any bytes as a text and as a value of each kind: no crash, masking twice is masking once, what is no text stays no text, and the text keeps no
 * number that proves itself. */
#include "text/text.h"

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

/* A run of digits that is a card or identity card by its sums, with nothing beside it that could make it another number. */
static void check_left(toc_str text)
{
    for (size_t i = 0, n; i < text.n; i += n ? n : 1) {
        for (n = 0; i + n < text.n && is_digit(text.p[i + n]);) n++;
        bool alone = (!i || text.p[i - 1] == ' ') && (i + n == text.n || text.p[i + n] == ' ');
        if (!alone || (i > 1 && is_digit(text.p[i - 2])) || (i + n + 1 < text.n && is_digit(text.p[i + n + 1]))) continue;
        if (txt_is_card((toc_str){ text.p + i, n }) || txt_is_resident((toc_str){ text.p + i, n })) __builtin_trap();
    }
}

static void check_value(toc_ctx *ctx, const txt_mask *mask, txt_kind kind, toc_str value, txt_room *room)
{
    char once[TXT_PSEUDONYM + 1], twice[TXT_PSEUDONYM + 1];

    if (txt_mask_value(ctx, mask, kind, value, TOC_STR("DE"), room, once)) __builtin_trap();
    if (toc_str_trim(value).n ? !txt_is_pseudonym(toc_str_of(once)) : once[0] != 0) __builtin_trap();
    if (txt_mask_value(ctx, mask, kind, toc_str_of(once), TOC_STR(""), room, twice) || strcmp(once, twice)) __builtin_trap();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    toc_str text = { (const char *)data, size };
    toc_buf once = {0}, twice = {0};
    txt_room room = {0};
    txt_mask *mask;
    toc_ctx ctx;
    size_t found = 0, again = 0;

    toc_ctx_init(&ctx);
    if (txt_mask_new(&ctx, TOC_STR("an invented key of thirty-two by"), &mask)) __builtin_trap();
    if (txt_mask_text(&ctx, mask, text, &room, &once, &found)) __builtin_trap();
    toc_str masked = { once.p ? once.p : "", once.n };
    if (!found && !toc_str_eq(text, masked)) __builtin_trap();
    if (toc_utf8_valid(text) == text.n && toc_utf8_valid(masked) < masked.n) __builtin_trap();
    if (txt_mask_text(&ctx, mask, masked, &room, &twice, &again)) __builtin_trap();
    if (again || !toc_str_eq(masked, (toc_str){ twice.p ? twice.p : "", twice.n })) __builtin_trap();
    check_left(masked);
    for (txt_kind kind = TXT_EMAIL; kind < TXT_N_KINDS; kind++) check_value(&ctx, mask, kind, text, &room);
    (void)txt_kind_of_id(text);
    toc_buf_release(&once);
    toc_buf_release(&twice);
    txt_room_release(&room);
    txt_mask_free(mask);
    toc_ctx_release(&ctx);
    return 0;
}
