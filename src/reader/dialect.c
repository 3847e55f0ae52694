/* dialect.c: what is given of a file's layout, from text, and what was found out, as text. */
#include "reader/reader_int.h"

typedef struct {
    const char *word;
    int value;
} choice;

static const choice delimiters[] = { { "comma", ',' }, { "semicolon", ';' }, { "tab", '\t' }, { "bar", '|' }, { NULL, 0 } };
static const choice quotes[] = { { "double", '"' }, { "single", '\'' }, { "none", RD_NO_QUOTE }, { NULL, 0 } };
static const choice headers[] = { { "yes", RD_HAS_HEADER }, { "no", RD_NO_HEADER }, { NULL, 0 } };
static const choice decimals[] = { { "point", RD_DECIMAL_POINT }, { "comma", RD_DECIMAL_COMMA }, { NULL, 0 } };
static const choice orders[] = { { "dmy", TOC_DATE_DMY }, { "mdy", TOC_DATE_MDY }, { NULL, 0 } };

typedef enum { DELIMITER, QUOTE, HEADER, SKIP, TRAILER, ENCODING, DECIMAL, DATES } item;

static const struct {
    const char *name;
    item item;
    const choice *choices; /* NULL = none */
    const char *values;    /* for messages */
} items[] = {
    { "delimiter", DELIMITER, delimiters, "comma, semicolon, tab, bar, or the character" },
    { "quote", QUOTE, quotes, "double, single, none, or the character" },
    { "header", HEADER, headers, "yes, no" },
    { "skip", SKIP, NULL, "a number of lines" },
    { "trailer", TRAILER, NULL, "a number of lines up to 1000" },
    { "encoding", ENCODING, NULL, "utf-8, utf-16le, utf-16be, gb18030, big5, shift-jis, windows-1252, latin1, or another name that iconv knows" },
    { "decimal", DECIMAL, decimals, "point, comma" },
    { "dates", DATES, orders, "dmy, mdy" },
};

static bool choose(const choice *choices, toc_str value, int *chosen)
{
    for (; choices && choices->word; choices++) {
        if (!toc_str_is_nocase(value, choices->word)) continue;
        *chosen = choices->value;
        return true;
    }
    return false;
}

static bool count_of(toc_str value, int64_t most, size_t *n)
{
    int64_t number;

    if (!toc_parse_int(value, &number) || number < 0 || number > most) return false;
    *n = (size_t)number;
    return true;
}

/* A character that may stand between fields or around them: no letter, digit, blank or line end. */
static bool is_mark(toc_str value)
{
    char c = value.n == 1 ? value.p[0] : '\0';
    return c > ' ' && c < 127 && !(c >= '0' && c <= '9') && !(c >= 'a' && c <= 'z') && !(c >= 'A' && c <= 'Z');
}

/* False where the value is none of those there are. */
static bool set(rd_dialect *d, item what, const choice *choices, toc_str value, const char *kept)
{
    rd_decoder decoder = {0};
    int chosen = 0;
    bool known = choose(choices, value, &chosen);

    switch (what) {
    case DELIMITER: d->delimiter = known ? (char)chosen : value.n ? value.p[0] : '\0'; return known || is_mark(value);
    case QUOTE: d->quote = known ? (char)chosen : value.n ? value.p[0] : '\0'; return known || is_mark(value);
    case HEADER: d->header = (rd_header_given)chosen; return known;
    case SKIP: d->skip_given = true; return count_of(value, 1000000, &d->skip);
    case TRAILER: d->trailer_given = true; return count_of(value, 1000, &d->trailer);
    case DECIMAL: d->decimal = (rd_decimal_given)chosen; return known;
    case DATES: d->dates = (toc_date_order)chosen; return known;
    case ENCODING: break;
    }
    d->encoding = kept;
    if (rd_charset_of(kept) != RD_OTHER) return true;
    known = value.n && rd_decoder_start(&decoder, kept);
    rd_decoder_end(&decoder);
    return known;
}

/* Cuts "name=value" off *rest; a value may be the comma itself. */
static void cut_item(toc_str *rest, toc_str *name, toc_str *value)
{
    size_t n = 0, begin;

    while (n < rest->n && rest->p[n] != '=' && rest->p[n] != ',') n++;
    *name = toc_str_trim((toc_str){ rest->p, n });
    begin = n < rest->n && rest->p[n] == '=' ? n + 1 : n;
    n = begin + (begin > n && begin < rest->n && rest->p[begin] == ',' && (begin + 1 == rest->n || rest->p[begin + 1] == ','));
    while (n < rest->n && rest->p[n] != ',') n++;
    *value = (toc_str){ rest->p + begin, n - begin };
    n += n < rest->n;
    *rest = (toc_str){ rest->p + n, rest->n - n };
}

toc_status rd_dialect_parse(toc_ctx *ctx, const char *text, rd_dialect *dialect)
{
    toc_str rest = toc_str_of(text), name, value;
    const char *kept;

    *dialect = (rd_dialect){0};
    while (rest.n) {
        cut_item(&rest, &name, &value);
        size_t k = 0;
        while (k < TOC_COUNT(items) && !toc_str_is_nocase(name, items[k].name)) k++;
        if (k == TOC_COUNT(items))
            return toc_fail(ctx, TOC_E_USAGE, "unknown part of a dialect \"%.*s\"; there are delimiter, quote, header, skip, trailer, encoding, decimal, dates",
                            (int)TOC_MIN(name.n, (size_t)60), name.p);
        TOC_TRY(toc_arena_copy(ctx, &ctx->arena, value.p, value.n, &kept));
        if (!set(dialect, items[k].item, items[k].choices, value, kept))
            return toc_fail(ctx, TOC_E_USAGE, "%s=%s: the value may be %s", items[k].name, kept, items[k].values);
    }
    if (dialect->delimiter && dialect->delimiter == dialect->quote) return toc_fail(ctx, TOC_E_USAGE, "delimiter and quote are the same character");
    return TOC_OK;
}

const char *rd_layout_text(const rd_reader *reader, char *buf, size_t room)
{
    const rd_layout *l = &reader->layout;
    const char *charset = reader->charset == RD_OTHER ? reader->encoding : rd_charset_name(reader->charset);
    char delimiter[8] = { l->delimiter }, quote[16], header[96], trailer[48] = "";

    if (l->delimiter == '\t') snprintf(delimiter, sizeof delimiter, "tab");
    if (l->quote) snprintf(quote, sizeof quote, "quote %c", l->quote);
    else snprintf(quote, sizeof quote, "no quotes");
    if (!l->header) snprintf(header, sizeof header, "no header");
    else snprintf(header, sizeof header, "header on line %zu", l->skip + 1);
    if (l->skip) snprintf(header + strlen(header), sizeof header - strlen(header), " (%zu preamble line%s)", l->skip, l->skip == 1 ? "" : "s");
    if (reader->n_trailer) snprintf(trailer, sizeof trailer, ", %zu trailer line%s", reader->n_trailer, reader->n_trailer == 1 ? "" : "s");
    snprintf(buf, room, "%s, delimiter %s, %s, %s%s", reader->ascii_so_far && !reader->charset_given ? "ASCII" : charset, delimiter, quote, header, trailer);
    return buf;
}
