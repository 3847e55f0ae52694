/* fold.c: the one spelling of a value that stands for all its spellings.
 *
 * All kinds begin alike: compatibility forms and case are folded (NFKC, so full-width digits are digits), then each kind drops what people write
 * differently. Bytes that are no UTF-8 are folded one by one, so that any input has a key. */
#include <utf8proc.h>

#include "text/text.h"

void txt_room_release(txt_room *room)
{
    toc_free(room->points);
    toc_free(room->shape);
    toc_free(room->at);
    toc_buf_release(&room->folded);
    toc_buf_release(&room->word);
    toc_buf_release(&room->pass[0]);
    toc_buf_release(&room->pass[1]);
    *room = (txt_room){0};
}

static bool is_digit(int32_t c)
{
    return c >= '0' && c <= '9';
}

static bool is_lower(int32_t c)
{
    return c >= 'a' && c <= 'z';
}

/* Folded code points in room->points. marks: accents stay. */
static toc_status read_points(toc_ctx *ctx, toc_str text, bool marks, txt_room *room, size_t *n)
{
    const utf8proc_option_t fold = UTF8PROC_COMPAT | UTF8PROC_CASEFOLD | UTF8PROC_DECOMPOSE | UTF8PROC_STABLE | UTF8PROC_IGNORE;
    const utf8proc_option_t options = marks ? fold : fold | UTF8PROC_STRIPMARK;

    for (;;) {
        utf8proc_ssize_t need = utf8proc_decompose((const utf8proc_uint8_t *)text.p, (utf8proc_ssize_t)text.n, room->points,
                                                   (utf8proc_ssize_t)room->cap_points, options);
        bool bytes = need < 0;
        *n = bytes ? text.n : (size_t)need;
        if (*n <= room->cap_points) {
            for (size_t i = 0; bytes && i < text.n; i++)
                room->points[i] = (unsigned char)text.p[i] + (text.p[i] >= 'A' && text.p[i] <= 'Z') * 32;
            return TOC_OK;
        }
        TOC_TRY(toc_grow(ctx, &room->points, &room->cap_points, *n, sizeof *room->points));
    }
}

static toc_status add_point(toc_ctx *ctx, toc_buf *buf, int32_t c)
{
    utf8proc_uint8_t bytes[4];

    return toc_buf_add(ctx, buf, (const char *)bytes, (size_t)utf8proc_encode_char(c, bytes));
}

/* ---- e-mail addresses ---- */

static const struct {
    const char *domain, *same_as;
    bool dots; /* do not matter */
} providers[] = { /* those that deliver name+anything to name */
    { "gmail.com", "gmail.com", true },   { "googlemail.com", "gmail.com", true }, { "outlook.com", NULL, false }, { "hotmail.com", NULL, false },
    { "live.com", NULL, false },          { "msn.com", NULL, false },              { "icloud.com", NULL, false },  { "me.com", NULL, false },
    { "protonmail.com", NULL, false },    { "proton.me", NULL, false },            { "pm.me", NULL, false },       { "fastmail.com", NULL, false },
    { "yandex.ru", NULL, false },         { "yandex.com", NULL, false },           { "zoho.com", NULL, false },
};

static toc_str within_brackets(toc_str text)
{
    const char *open = text.n ? memchr(text.p, '<', text.n) : NULL;
    const char *close = open ? memchr(open, '>', text.n - (size_t)(open - text.p)) : NULL;

    if (close && close > open + 1) text = (toc_str){ open + 1, (size_t)(close - open) - 1 };
    text = toc_str_trim(text);
    if (text.n > 7 && toc_str_is_nocase((toc_str){ text.p, 7 }, "mailto:")) text = (toc_str){ text.p + 7, text.n - 7 };
    return text;
}

static toc_status fold_email(toc_ctx *ctx, toc_str text, txt_room *room, toc_buf *folded)
{
    size_t n, at = SIZE_MAX;
    toc_buf *all = &room->word;

    TOC_TRY(read_points(ctx, within_brackets(text), true, room, &n));
    toc_buf_reset(all);
    for (size_t i = 0; i < n; i++)
        if (!(room->points[i] <= ' ')) TOC_TRY(add_point(ctx, all, room->points[i]));
    while (all->n && all->p[all->n - 1] == '.') all->n--;
    for (size_t i = 0; i < all->n; i++)
        if (all->p[i] == '@') at = i;
    if (at == SIZE_MAX || !at) return toc_buf_add(ctx, folded, all->p ? all->p : "", all->n);
    toc_str local = { all->p, at }, domain = { all->p + at + 1, all->n - at - 1 };
    for (size_t k = 0; k < TOC_COUNT(providers); k++) {
        if (!toc_str_is(domain, providers[k].domain)) continue;
        const char *plus = memchr(local.p, '+', local.n);
        if (plus && plus > local.p) local.n = (size_t)(plus - local.p);
        for (size_t i = 0; i < local.n; i++)
            if (!(providers[k].dots && local.p[i] == '.')) TOC_TRY(toc_buf_char(ctx, folded, local.p[i]));
        if (providers[k].same_as) domain = toc_str_of(providers[k].same_as);
        local.n = 0;
        break;
    }
    TOC_TRY(toc_buf_add(ctx, folded, local.p, local.n));
    TOC_TRY(toc_buf_char(ctx, folded, '@'));
    return toc_buf_add(ctx, folded, domain.p, domain.n);
}

/* ---- telephone numbers ---- */

static const struct {
    const char *names; /* folded, joined by '|' */
    const char *code;
    size_t n;          /* digits of a usual number without code and leading 0 */
    bool keeps_zero;   /* a leading 0 belongs to the number */
} countries[] = {
    { "cn|china|中国|中国大陆", "86", 11, false }, { "us|usa|united states|united states of america", "1", 10, false }, { "ca|canada", "1", 10, false },
    { "gb|uk|united kingdom|great britain", "44", 10, false }, { "de|germany|deutschland", "49", 10, false }, { "fr|france", "33", 9, false },
    { "it|italy|italia", "39", 9, true }, { "es|spain|espana", "34", 9, false }, { "pt|portugal", "351", 9, false },
    { "nl|netherlands|nederland", "31", 9, false }, { "be|belgium", "32", 9, false }, { "at|austria|osterreich", "43", 10, false },
    { "ch|switzerland|schweiz", "41", 9, false }, { "ie|ireland", "353", 9, false }, { "pl|poland|polska", "48", 9, false },
    { "se|sweden|sverige", "46", 9, false }, { "no|norway|norge", "47", 8, false }, { "dk|denmark|danmark", "45", 8, false },
    { "fi|finland|suomi", "358", 9, false }, { "cz|czechia|czech republic", "420", 9, false }, { "gr|greece", "30", 10, false },
    { "ro|romania", "40", 9, false }, { "hu|hungary", "36", 9, false }, { "tr|turkey|turkiye", "90", 10, false }, { "ru|russia|россия", "7", 10, false },
    { "ua|ukraine", "380", 9, false }, { "br|brazil|brasil", "55", 10, false }, { "mx|mexico", "52", 10, false }, { "ar|argentina", "54", 10, false },
    { "cl|chile", "56", 9, false }, { "co|colombia", "57", 10, false }, { "au|australia", "61", 9, false }, { "nz|new zealand", "64", 8, false },
    { "jp|japan|日本", "81", 9, false }, { "kr|south korea|korea, republic of", "82", 9, false }, { "in|india", "91", 10, false },
    { "id|indonesia", "62", 9, false }, { "my|malaysia", "60", 9, false }, { "sg|singapore", "65", 8, false }, { "th|thailand", "66", 9, false },
    { "vn|vietnam|viet nam", "84", 9, false }, { "ph|philippines", "63", 10, false }, { "hk|hong kong|香港", "852", 8, false },
    { "tw|taiwan|台湾", "886", 9, false }, { "za|south africa", "27", 9, false }, { "ae|united arab emirates", "971", 9, false },
    { "il|israel", "972", 9, false }, { "sa|saudi arabia", "966", 9, false }, { "eg|egypt", "20", 10, false }, { "ng|nigeria", "234", 10, false },
};

enum { MAX_DIGITS = 24, NO_COUNTRY = -1 };

typedef struct {
    char d[MAX_DIGITS + 1];
    size_t n;
    bool plus;
} number;

static void drop_front(number *t, size_t n)
{
    memmove(t->d, t->d + n, t->n - n + 1);
    t->n -= n;
}

static bool begins(const number *t, const char *code)
{
    return strncmp(t->d, code, strlen(code)) == 0;
}

/* The digits up to an extension. */
static toc_status read_number(toc_ctx *ctx, toc_str text, txt_room *room, number *t)
{
    size_t n;

    *t = (number){0};
    if (text.n > 2 && toc_str_ends(text, ".0")) text.n -= 2; /* went through a table of floats */
    TOC_TRY(read_points(ctx, text, false, room, &n));
    for (size_t i = 0; i < n; i++) {
        int32_t c = room->points[i];
        bool extension = t->n >= 7 && (is_lower(c) || c == '#' || c == ',' || c == ';' || c == 0x8f6c /* 转 */);
        if (extension || t->n == MAX_DIGITS) break;
        if (c == '+' && !t->n) t->plus = true;
        if (t->n && c == '(' && i + 2 < n && room->points[i + 1] == '0' && room->points[i + 2] == ')') i += 2; /* +44 (0)20 */
        else if (is_digit(c)) t->d[t->n++] = (char)c;
    }
    return TOC_OK;
}

static toc_status find_country(toc_ctx *ctx, toc_str text, txt_room *room, int *found)
{
    size_t n;
    toc_str rest, name;

    *found = NO_COUNTRY;
    text = toc_str_trim(text);
    if (!text.n) return TOC_OK;
    TOC_TRY(read_points(ctx, text, false, room, &n));
    toc_buf_reset(&room->word);
    for (size_t i = 0; i < n; i++) TOC_TRY(add_point(ctx, &room->word, room->points[i]));
    for (size_t k = 0; k < TOC_COUNT(countries) && *found == NO_COUNTRY; k++)
        for (rest = toc_str_of(countries[k].names); toc_str_split(&rest, '|', &name);)
            if (toc_str_eq(name, (toc_str){ room->word.p, room->word.n })) *found = (int)k;
    return TOC_OK;
}

/* Makes a number without a country's mark one with code, where the country is known; says whether it is. */
static bool complete(number *t, int country, const char **code)
{
    bool mobile = t->n == 11 && t->d[0] == '1' && t->d[1] >= '3';

    *code = "";
    if (country != NO_COUNTRY) {
        bool whole = begins(t, countries[country].code) && t->n >= strlen(countries[country].code) + countries[country].n;
        size_t zeros = 0;
        while (t->d[zeros] == '0' && !countries[country].keeps_zero) zeros++;
        drop_front(t, zeros);
        if (!whole) *code = countries[country].code;
        return true;
    }
    if (mobile) *code = "86";
    else if (t->n == 10 && t->d[0] >= '2' && t->d[3] >= '2') *code = "1";
    else return (t->n == 13 && begins(t, "861")) || (t->n == 11 && t->d[0] == '1' && t->d[1] >= '2');
    return true;
}

static toc_status fold_phone(toc_ctx *ctx, toc_str text, toc_str country, txt_room *room, toc_buf *folded)
{
    number t;
    int where;
    const char *code = "";

    TOC_TRY(find_country(ctx, country, room, &where));
    TOC_TRY(read_number(ctx, text, room, &t));
    if (!t.n) return txt_fold(ctx, TXT_NAME, text, (toc_str){ "", 0 }, room, folded);
    if (!t.plus && t.n >= 10 && begins(&t, "00")) {
        t.plus = true;
        drop_front(&t, 2);
    }
    if (t.plus) /* +44 020: the 0 is for calls from within */
        for (size_t k = 0; k < TOC_COUNT(countries); k++) {
            size_t n = strlen(countries[k].code);
            if (!begins(&t, countries[k].code) || t.d[n] != '0' || countries[k].keeps_zero) continue;
            memmove(t.d + n, t.d + n + 1, t.n - n);
            t.n--;
            break;
        }
    else t.plus = complete(&t, where, &code);
    return toc_buf_printf(ctx, folded, "%s%s%s", t.plus ? "+" : "", code, t.d);
}

/* ---- addresses ---- */

static const struct {
    const char *word, *becomes;
} short_forms[] = {
    { "street", "st" }, { "str", "st" }, { "strasse", "st" }, { "saint", "st" }, { "road", "rd" }, { "avenue", "ave" }, { "av", "ave" },
    { "boulevard", "blvd" }, { "drive", "dr" }, { "lane", "ln" }, { "court", "ct" }, { "place", "pl" }, { "square", "sq" }, { "highway", "hwy" },
    { "parkway", "pkwy" }, { "terrace", "ter" }, { "circle", "cir" }, { "crescent", "cres" }, { "close", "cl" }, { "gardens", "gdns" },
    { "apartment", "apt" }, { "flat", "apt" }, { "unit", "apt" }, { "suite", "ste" }, { "floor", "fl" }, { "building", "bldg" }, { "room", "rm" },
    { "north", "n" }, { "south", "s" }, { "east", "e" }, { "west", "w" }, { "northeast", "ne" }, { "northwest", "nw" }, { "southeast", "se" },
    { "southwest", "sw" }, { "mount", "mt" }, { "fort", "ft" }, { "no", "" }, { "nr", "" }, { "number", "" }, { "rue", "r" }, { "rua", "r" },
    { "avenida", "ave" }, { "calle", "c" }, { "piazza", "pza" }, { "platz", "pl" },
};

/* A word in its short form; blanks stand only between digits. */
static toc_status add_word(toc_ctx *ctx, toc_buf *word, toc_str *last, size_t start, toc_buf *folded)
{
    toc_str w = { word->p ? word->p : "", word->n };

    if (!w.n) return TOC_OK;
    for (size_t k = 0; k < TOC_COUNT(short_forms); k++)
        if (toc_str_is(w, short_forms[k].word)) {
            w = toc_str_of(short_forms[k].becomes);
            break;
        }
    if (w.n > 7 && toc_str_ends(w, "strasse")) w.n -= 4; /* Hauptstrasse, Hauptstr. */
    if (w.n > 5 && toc_str_ends(w, "platz")) w.n -= 3;
    bool again = toc_str_is(w, "apt") && toc_str_is(*last, "apt"); /* apt. #4 */
    if (w.n && !again && folded->n > start && is_digit(folded->p[folded->n - 1]) && is_digit(w.p[0])) TOC_TRY(toc_buf_char(ctx, folded, ' '));
    if (w.n && !again) TOC_TRY(toc_buf_add(ctx, folded, w.p, w.n));
    if (w.n) *last = toc_str_is(w, "apt") ? TOC_STR("apt") : (toc_str){ "", 0 };
    toc_buf_reset(word);
    return TOC_OK;
}

static bool in_word(int32_t c)
{
    if (c < 0x80) return is_digit(c) || is_lower(c);
    switch (utf8proc_category(c)) {
    case UTF8PROC_CATEGORY_LU: case UTF8PROC_CATEGORY_LL: case UTF8PROC_CATEGORY_LT: case UTF8PROC_CATEGORY_LM: case UTF8PROC_CATEGORY_LO:
    case UTF8PROC_CATEGORY_MN: case UTF8PROC_CATEGORY_MC: case UTF8PROC_CATEGORY_ND: case UTF8PROC_CATEGORY_NL: case UTF8PROC_CATEGORY_NO: return true;
    default: return false;
    }
}

static toc_status fold_address(toc_ctx *ctx, toc_str text, txt_room *room, toc_buf *folded)
{
    size_t n, start = folded->n;
    toc_buf *word = &room->word;
    toc_str last = { "", 0 };

    TOC_TRY(read_points(ctx, text, false, room, &n));
    toc_buf_reset(word);
    for (size_t i = 0; i < n; i++) {
        int32_t c = room->points[i];
        if (c == 0x4e2d && i + 1 < n && room->points[i + 1] == 0x56fd && folded->n == start && !word->n) { /* 中国 in front */
            i++;
            continue;
        }
        if (c == 0x7701 || c == 0x5e02) continue; /* 省, 市: written or not */
        if (in_word(c)) {
            TOC_TRY(add_point(ctx, word, c));
            continue;
        }
        TOC_TRY(add_word(ctx, word, &last, start, folded));
        if (c == '#') {
            TOC_TRY(toc_buf_str(ctx, word, "apt"));
            TOC_TRY(add_word(ctx, word, &last, start, folded));
        }
    }
    return add_word(ctx, word, &last, start, folded);
}

/* ---- the others ---- */

/* Folded, with single blanks or none. */
static toc_status fold_plain(toc_ctx *ctx, toc_str text, bool marks, bool blanks, txt_room *room, toc_buf *folded)
{
    size_t n, start = folded->n;
    bool pending = false;

    TOC_TRY(read_points(ctx, text, marks, room, &n));
    for (size_t i = 0; i < n; i++) {
        int32_t c = room->points[i];
        if (c <= ' ' || c == 0x7f) {
            pending = blanks && folded->n > start;
            continue;
        }
        if (pending) TOC_TRY(toc_buf_char(ctx, folded, ' '));
        pending = false;
        TOC_TRY(add_point(ctx, folded, c));
    }
    return TOC_OK;
}

/* Card numbers as digits, other keys as they are: they tell capitals apart. */
static toc_status fold_payment(toc_ctx *ctx, toc_str text, toc_buf *folded)
{
    size_t digits = 0, others = 0, start = folded->n;

    for (size_t i = 0; i < text.n; i++) {
        digits += is_digit(text.p[i]);
        others += !is_digit(text.p[i]) && text.p[i] != ' ' && text.p[i] != '-';
    }
    if (others || digits < 12 || digits > 19) return toc_buf_add(ctx, folded, text.p, text.n);
    for (size_t i = 0; i < text.n; i++)
        if (is_digit(text.p[i])) TOC_TRY(toc_buf_char(ctx, folded, text.p[i]));
    TOC_ASSERT(folded->n - start == digits);
    return TOC_OK;
}

toc_status txt_fold(toc_ctx *ctx, txt_kind kind, toc_str text, toc_str country, txt_room *room, toc_buf *folded)
{
    text = toc_str_trim(text);
    if (!text.n) return TOC_OK;
    switch (kind) {
    case TXT_EMAIL: return fold_email(ctx, text, room, folded);
    case TXT_PHONE: return fold_phone(ctx, text, country, room, folded);
    case TXT_ADDRESS: return fold_address(ctx, text, room, folded);
    case TXT_PAYMENT: return fold_payment(ctx, text, folded);
    case TXT_DEVICE: return toc_buf_add(ctx, folded, text.p, text.n);
    case TXT_NAME: return fold_plain(ctx, text, false, true, room, folded);
    case TXT_IP:
    case TXT_POSTCODE:
    case TXT_RESIDENT:
    case TXT_N_KINDS: break;
    }
    return fold_plain(ctx, text, true, false, room, folded);
}

/* ---- what an id is ---- */

static bool is_hex_id(toc_str id)
{
    size_t n = 0;

    for (size_t i = 0; i < id.n; i++) {
        bool hex = is_digit(id.p[i]) || (id.p[i] >= 'a' && id.p[i] <= 'f') || (id.p[i] >= 'A' && id.p[i] <= 'F');
        if (!hex && id.p[i] != '-') return false;
        n += hex;
    }
    return n >= 16;
}

txt_kind txt_kind_of_id(toc_str id)
{
    size_t digits = 0, capitals = 0, joints = 0, signs = 0, others = 0;

    id = toc_str_trim(id);
    if (toc_str_has(id, "@") || toc_str_has(id, "＠")) return TXT_EMAIL;
    if (txt_is_resident(id)) return TXT_RESIDENT;
    if (txt_is_card(id)) return TXT_PAYMENT;
    for (size_t i = 0; i < id.n; i++) {
        char c = id.p[i];
        if (is_digit(c)) digits++;
        else if (c >= 'A' && c <= 'Z') capitals++;
        else if (c == '-' || c == '_') joints++;
        else if (c && strchr("+() ./", c)) signs++;
        else others++;
    }
    if (!others && !capitals && digits >= 7 && digits <= 15) return TXT_PHONE;
    return is_hex_id(id) || (digits && !signs && !others) ? TXT_NOBODY : TXT_NAME;
}
