/* clean.c: what spreadsheets and web forms leave in cells. */
#include "ingest/ingest_int.h"

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

toc_str ing_clean_id(toc_str text)
{
    text = toc_str_trim(text);
    if (text.n >= 3 && text.p[0] == '=' && text.p[1] == '"' && text.p[text.n - 1] == '"') text = (toc_str){ text.p + 2, text.n - 3 };
    else if (text.n >= 2 && text.p[0] == '"' && text.p[text.n - 1] == '"') text = (toc_str){ text.p + 1, text.n - 2 };
    text = toc_str_trim(text);
    if (text.n && (text.p[0] == '\'' || text.p[0] == '`')) text = (toc_str){ text.p + 1, text.n - 1 };
    return toc_str_trim(text);
}

bool ing_plain_id(toc_str text)
{
#define BIT(c) (UINT64_C(1) << ((c) & 63))
    static const uint64_t odd[4] = {
        (BIT(' ') << 1) - 1 + (BIT('"') | BIT('#') | BIT('&') | BIT('\'') | BIT('*') | BIT('+') | BIT('<') | BIT('=')), BIT('`') | BIT(0x7f), 0,
        BIT(0xc2) | BIT(0xe2) | BIT(0xe3) | BIT(0xef),
    };
#undef BIT
    uint64_t any = 0;

    for (size_t i = 0; i < text.n; i++) any |= odd[(unsigned char)text.p[i] >> 6] >> ((unsigned char)text.p[i] & 63);
    return text.n <= 15 && !(any & 1); /* longer numbers are looked at for zeros that a spreadsheet left */
}

bool ing_is_masked(shop_domain domain, toc_str text)
{
    switch (domain) {
    case SHOP_D_CUSTOMER:
    case SHOP_D_EMAIL:
    case SHOP_D_PHONE:
    case SHOP_D_PAYMENT_KEY: return memchr(text.p, '*', text.n) || toc_str_has(text, "＊") || toc_str_starts(text, "##");
    case SHOP_D_ADDRESS: return toc_str_has(text, "**") || toc_str_has(text, "＊＊") || toc_str_starts(text, "##");
    case SHOP_D_PLACE: return toc_str_has(text, "**") || toc_str_has(text, "＊＊");
    default: return false;
    }
}

/* What a spreadsheet keeps of a number. */
enum { SPREADSHEET_DIGITS = 15 };

bool ing_damaged_id(toc_str text)
{
    size_t i = 0;

    while (i < text.n && (is_digit(text.p[i]) || text.p[i] == '.' || text.p[i] == ',')) i++;
    if (!i || i + 3 > text.n || (text.p[i] != 'E' && text.p[i] != 'e') || text.p[i + 1] != '+') return false;
    for (i += 2; i < text.n; i++)
        if (!is_digit(text.p[i])) return false;
    return true;
}

bool ing_long_id(toc_str text, bool *zeros)
{
    *zeros = true;
    for (size_t i = 0; i < text.n; i++) {
        if (!is_digit(text.p[i])) return false;
        if (i >= SPREADSHEET_DIGITS && text.p[i] != '0') *zeros = false;
    }
    return text.n > SPREADSHEET_DIGITS;
}

bool ing_is_id(shop_domain domain)
{
    return domain <= SHOP_D_REVIEW || domain == SHOP_D_PHONE;
}

static const struct {
    const char *name, *text;
} entities[] = {
    { "&amp;", "&" }, { "&lt;", "<" }, { "&gt;", ">" }, { "&quot;", "\"" }, { "&#39;", "'" }, { "&apos;", "'" }, { "&nbsp;", " " }, { "&#34;", "\"" },
};

/* Length of a tag at the front of text: "<br/>", "</p>", "<a href=...>", "<!-- -->"; 0 for a lone '<', as in "a < b" and "<3". */
static size_t tag_length(toc_str text)
{
    char c = text.n > 1 ? text.p[1] : ' ';
    if (!((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '/' || c == '!')) return 0;
    const char *end = memchr(text.p, '>', TOC_MIN(text.n, (size_t)1000));
    return end ? (size_t)(end - text.p) + 1 : 0;
}

/* What one place of the text becomes; *n bytes of it are used up. */
static const char *piece_of(toc_str rest, size_t *n)
{
    unsigned char c = (unsigned char)rest.p[0];

    *n = 1;
    if (c == '<' && tag_length(rest)) {
        *n = tag_length(rest);
        return " ";
    }
    for (size_t k = 0; c == '&' && k < TOC_COUNT(entities); k++) {
        if (!toc_str_starts(rest, entities[k].name)) continue;
        *n = strlen(entities[k].name);
        return entities[k].text;
    }
    if (c < 0x20 || c == 0x7f) return " ";
    if (c == 0xc2 && rest.n > 1 && (unsigned char)rest.p[1] < 0xa0) {
        *n = 2;
        return " ";
    }
    if (rest.n > 2 && !memcmp(rest.p, "\357\273\277", 3)) {
        *n = 3;
        return "";
    }
    return NULL;
}

static toc_status clean(toc_ctx *ctx, toc_str text, toc_buf *buf)
{
    for (size_t i = 0; i < text.n;) {
        size_t n;
        const char *piece = piece_of((toc_str){ text.p + i, text.n - i }, &n);
        bool blank = piece ? piece[0] == ' ' : text.p[i] == ' ';
        if (!blank || (buf->n && buf->p[buf->n - 1] != ' '))
            TOC_TRY(piece ? toc_buf_str(ctx, buf, piece) : toc_buf_add(ctx, buf, text.p + i, n));
        i += n;
    }
    return TOC_OK;
}

/* Most texts need nothing. */
static bool needs_cleaning(toc_str text)
{
    for (size_t i = 0; i < text.n; i++) {
        unsigned char c = (unsigned char)text.p[i];
        if (c < 0x20 || c == '<' || c == '&' || c == 0x7f) return true;
        if (c == 0xef && i + 2 < text.n && !memcmp(text.p + i, "\357\273\277", 3)) return true;
        if (c == 0xc2 && i + 1 < text.n && (unsigned char)text.p[i + 1] < 0xa0) return true;
    }
    return false;
}

toc_status ing_clean_text(toc_ctx *ctx, toc_str text, toc_buf *buf, toc_str *cleaned)
{
    *cleaned = toc_str_trim(text);
    if (!needs_cleaning(*cleaned)) return TOC_OK;
    toc_buf_reset(buf);
    TOC_TRY(clean(ctx, *cleaned, buf));
    *cleaned = toc_str_trim((toc_str){ buf->p, buf->n });
    return TOC_OK;
}
