/* find.c: e-mail addresses, telephone numbers, bank cards and identity cards within texts.
 *
 * The text is first seen as characters: ASCII, full-width ASCII as ASCII, blanks and dashes of all kinds as ' ' and '-', zero-width ones not at all, any
 * other as OTHER, which is no letter here: Chinese text runs on without blanks around numbers. A pseudonym is one character, MASKED, and so are the
 * characters of what has just been replaced: what stands beside it is judged alike now and when the masked text is looked at again. E-mail addresses are
 * found from their '@', the rest from the first digit of a number: its groups of digits, and what stands between them, decide. Of all ends the longest that
 * is something is taken. */
#include <utf8proc.h>

#include "text/text.h"

enum { OTHER = 0x80, MASKED, MAX_GROUPS = 8, MAX_DIGITS = 24, MIN_KEYED = 7, MAX_KEYED = 15 };

typedef struct {
    const txt_mask *mask;
    txt_room *room;
    toc_str text;
    const unsigned char *c; /* (n) characters; c[n] = 0 */
    const size_t *at;       /* (n + 1) where each begins in text */
    size_t n;
    toc_buf *out;
    size_t *n_found;
} scan;

/* Groups of digits from one place on. */
typedef struct {
    char d[MAX_DIGITS + 2];     /* room for the X of an identity card */
    size_t n;                   /* digits of all groups */
    size_t upto[MAX_GROUPS];    /* digits of the groups up to this one */
    size_t end[MAX_GROUPS];     /* character after it */
    char before[MAX_GROUPS];    /* sign between this group and the one before: ' ' '-' '.' '(' ')' '/' */
    size_t n_groups;
    bool plus, bracket;         /* in front */
} digits;

/* ---- sums ---- */

static bool is_digit(unsigned c)
{
    return c >= '0' && c <= '9';
}

bool txt_luhn(toc_str number)
{
    unsigned sum = 0;

    for (size_t i = 0; i < number.n; i++) {
        unsigned d = (unsigned char)number.p[number.n - 1 - i];
        if (!is_digit(d)) return false;
        d -= '0';
        if (i % 2) d = d > 4 ? 2 * d - 9 : 2 * d;
        sum += d;
    }
    return number.n && sum % 10 == 0;
}

/* Whose cards begin so, and how long they are (ISO/IEC 7812). */
static const struct {
    unsigned from, to, digits; /* of the first digits */
    size_t least, most;        /* length */
} issuers[] = {
    { 4, 4, 1, 13, 13 },       { 4, 4, 1, 16, 16 },       { 4, 4, 1, 19, 19 },       /* Visa */
    { 51, 55, 2, 16, 16 },     { 2221, 2720, 4, 16, 16 },                            /* Mastercard */
    { 34, 34, 2, 15, 15 },     { 37, 37, 2, 15, 15 },                                /* American Express */
    { 36, 36, 2, 14, 19 },     { 300, 305, 3, 14, 19 },   { 38, 39, 2, 14, 19 },     /* Diners Club */
    { 6011, 6011, 4, 16, 19 }, { 644, 659, 3, 16, 19 },                              /* Discover */
    { 3528, 3589, 4, 16, 19 },                                                       /* JCB */
    { 62, 62, 2, 16, 19 },     { 81, 81, 2, 16, 19 },     { 9558, 9559, 4, 16, 19 }, /* UnionPay, and banks' own of before */
    { 50, 50, 2, 12, 19 },     { 56, 58, 2, 12, 19 },     { 63, 63, 2, 12, 19 },     { 67, 67, 2, 12, 19 }, /* Maestro */
    { 2200, 2204, 4, 16, 19 }, { 60, 60, 2, 16, 16 },     { 65, 65, 2, 16, 16 },     /* Mir, RuPay */
};

bool txt_is_card(toc_str number)
{
    for (size_t k = 0; k < TOC_COUNT(issuers); k++) {
        unsigned first = 0;
        if (number.n < issuers[k].least || number.n > issuers[k].most) continue;
        for (unsigned i = 0; i < issuers[k].digits; i++) first = first * 10 + (unsigned)((unsigned char)number.p[i] - '0');
        if (first >= issuers[k].from && first <= issuers[k].to) return txt_luhn(number);
    }
    return false;
}

static unsigned value_of(const char *p, size_t n)
{
    unsigned v = 0;

    for (size_t i = 0; i < n; i++) v = v * 10 + (unsigned)(p[i] - '0');
    return v;
}

static bool is_date(unsigned y, unsigned m, unsigned d)
{
    static const unsigned days[] = { 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31 };
    bool leap = (y % 4 == 0 && y % 100 != 0) || y % 400 == 0;

    return y >= 1850 && y < 2100 && m >= 1 && m <= 12 && d >= 1 && d <= days[m - 1] + (leap && m == 2);
}

bool txt_is_resident(toc_str number)
{
    static const unsigned weights[] = { 7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2 };
    static const char last[] = "10X98765432";
    static const struct {
        unsigned char from, to;
    } provinces[] = { { 11, 15 }, { 21, 23 }, { 31, 37 }, { 41, 46 }, { 50, 54 }, { 61, 65 }, { 71, 71 }, { 81, 83 } };
    unsigned sum = 0, province;
    bool known = false;

    if (number.n != 18) return false;
    for (size_t i = 0; i < 17; i++) {
        if (!is_digit((unsigned char)number.p[i])) return false;
        sum += weights[i] * (unsigned)(number.p[i] - '0');
    }
    province = value_of(number.p, 2);
    for (size_t k = 0; k < TOC_COUNT(provinces); k++) known |= province >= provinces[k].from && province <= provinces[k].to;
    char x = number.p[17] == 'x' ? 'X' : number.p[17];
    return known && is_date(value_of(number.p + 6, 4), value_of(number.p + 10, 2), value_of(number.p + 12, 2)) && x == last[sum % 11];
}

/* ---- the text as characters ---- */

/* What a code point counts as; 0 = nothing. */
static unsigned char shape_of(int32_t c)
{
    if (c < 0x80) return c ? (unsigned char)c : ' ';
    if (c >= 0xff01 && c <= 0xff5e) return (unsigned char)(c - 0xfee0);
    if (c == 0xa0 || c == 0x3000 || c == 0x202f || (c >= 0x2000 && c <= 0x200a)) return ' ';
    if ((c >= 0x2010 && c <= 0x2015) || c == 0x2212 || c == 0xfe63) return '-';
    if ((c >= 0x200b && c <= 0x200f) || c == 0xad || c == 0x2060 || c == 0xfeff) return 0;
    return OTHER;
}

static toc_status read_shape(toc_ctx *ctx, toc_str text, txt_room *room, size_t *n)
{
    *n = 0;
    TOC_TRY(toc_grow(ctx, &room->shape, &room->cap_shape, text.n + 1, sizeof *room->shape));
    TOC_TRY(toc_grow(ctx, &room->at, &room->cap_at, text.n + 1, sizeof *room->at));
    for (size_t i = 0; i < text.n;) {
        utf8proc_int32_t c = (unsigned char)text.p[i];
        utf8proc_ssize_t width = 1;
        unsigned char shape = 0;
        if (i + TXT_PSEUDONYM <= text.n && txt_is_pseudonym((toc_str){ text.p + i, TXT_PSEUDONYM })) {
            shape = MASKED;
            width = TXT_PSEUDONYM;
        } else if (c >= 0x80) {
            width = utf8proc_iterate((const utf8proc_uint8_t *)text.p + i, (utf8proc_ssize_t)TOC_MIN(text.n - i, (size_t)4), &c);
            if (width <= 0) {
                c = 0xfffd;
                width = 1;
            }
        }
        if (!shape) shape = shape_of(c);
        room->at[*n] = i;
        room->shape[*n] = shape;
        *n += shape != 0;
        i += (size_t)width;
    }
    room->at[*n] = text.n;
    room->shape[*n] = 0;
    return TOC_OK;
}

static bool is_letter(unsigned c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static bool is_word(unsigned c)
{
    return is_digit(c) || is_letter(c) || c == '_';
}

/* ---- e-mail addresses ---- */

static bool is_local(unsigned c)
{
    return is_word(c) || (c && c < 0x80 && strchr(".%+-'&", (int)c));
}

/* End of the domain that begins at i, or i: labels with dots between, the last of letters. */
static size_t domain_end(const scan *s, size_t i)
{
    size_t good = i, label = i, dots = 0;
    bool letters = true;

    for (size_t k = i;; k++) {
        unsigned c = s->c[k];
        if (is_digit(c) || is_letter(c) || (c == '-' && k > label)) {
            letters &= is_letter(c) || (s->c[label] == 'x' && s->c[label + 1] == 'n');
            continue;
        }
        size_t end = k;
        while (end > label && s->c[end - 1] == '-') end--;
        if (dots && letters && end >= label + 2) good = end;
        if (c != '.' || k == label) return good;
        dots++;
        label = k + 1;
        letters = true;
    }
}

/* The first address from `from` on; its end is s->n + 1 where there is none. */
static void next_email(const scan *s, size_t from, size_t *begin, size_t *end)
{
    *begin = *end = s->n + 1;
    for (size_t k = from; k < s->n; k++) {
        if (s->c[k] != '@') continue;
        size_t start = k, stop = domain_end(s, k + 1);
        while (start > from && is_local(s->c[start - 1])) start--;
        while (start < k && strchr(".'-%&+", (int)s->c[start])) start++;
        if (start == k || stop == k + 1) continue;
        *begin = start;
        *end = stop;
        return;
    }
}

/* ---- numbers ---- */

static bool is_sign(unsigned c)
{
    return c == ' ' || c == '-' || c == '.' || c == '(' || c == ')' || c == '/';
}

/* Digits from i on, before `limit`. Signs between groups: at most three, blanks among them. False where there is no number, or one of too many digits. */
static bool read_groups(const scan *s, size_t i, size_t limit, digits *t)
{
    *t = (digits){0};
    for (; i < limit && (s->c[i] == '+' || s->c[i] == '('); i++) {
        if (s->c[i] == '+' ? t->plus : t->bracket) return false;
        if (s->c[i] == '+') t->plus = true;
        else t->bracket = true;
    }
    while (i < limit && is_digit(s->c[i]) && t->n_groups < MAX_GROUPS) {
        size_t first = i, sign = ' ';
        while (i < limit && is_digit(s->c[i])) i++;
        if (i - first > MAX_DIGITS - t->n) return t->n_groups > 0;
        for (size_t k = first; k < i; k++) t->d[t->n++] = (char)s->c[k];
        t->upto[t->n_groups] = t->n;
        t->end[t->n_groups++] = i;
        for (first = i; i < limit && i - first < 3 && is_sign(s->c[i]); i++)
            if (s->c[i] != ' ') sign = s->c[i];
        if (t->n_groups < MAX_GROUPS) t->before[t->n_groups] = (char)sign;
        if (i == first) break;
    }
    return t->n_groups > 0;
}

static size_t group_n(const digits *t, size_t g)
{
    return t->upto[g] - (g ? t->upto[g - 1] : 0);
}

/* Whether the groups up to `last` have these lengths, "344". */
static bool grouped(const digits *t, size_t first, size_t last, const char *lengths)
{
    if (last + 1 - first != strlen(lengths)) return false;
    for (size_t g = first; g <= last; g++)
        if (group_n(t, g) != (size_t)(lengths[g - first] - '0')) return false;
    return true;
}

/* Only blanks and dashes between, as people write long numbers. */
static bool plainly_joined(const digits *t, size_t last)
{
    for (size_t g = 1; g <= last; g++)
        if (t->before[g] != ' ' && t->before[g] != '-') return false;
    return !t->bracket;
}

static bool is_card(const digits *t, size_t last)
{
    bool fours = true;

    if (t->plus || !plainly_joined(t, last)) return false;
    for (size_t g = 0; g <= last; g++) fours &= group_n(t, g) == 4 || (g == last && group_n(t, g) <= 4);
    bool usual = last == 0 || fours || grouped(t, 0, last, "465") || grouped(t, 0, last, "464");
    if (last == 1 && group_n(t, 0) == 6) usual = true; /* 622202 0212345678901 */
    return usual && txt_is_card((toc_str){ t->d, t->upto[last] });
}

/* A mobile number of China in groups g.. up to last. */
static bool is_chinese_mobile(const digits *t, size_t g, size_t last)
{
    const char *d = t->d + (g ? t->upto[g - 1] : 0);
    bool usual = last == g || grouped(t, g, last, "344") || grouped(t, g, last, "443") || grouped(t, g, last, "335");

    return usual && t->upto[last] - (g ? t->upto[g - 1] : 0) == 11 && d[0] == '1' && d[1] >= '3';
}

static bool same_signs(const digits *t, size_t last)
{
    for (size_t g = 2; g <= last; g++)
        if (t->before[g] != t->before[1]) return false;
    return true;
}

/* Ways of grouping that only telephone numbers have. cue: a word before speaks of one. */
static bool is_phone(const digits *t, size_t last, bool cue)
{
    size_t n = t->upto[last];
    bool american = t->d[0] >= '2' && n == 10 && t->d[3] >= '2';

    if (t->plus) return n >= 8 && n <= MAX_KEYED;
    if (t->d[0] == '0' && t->d[1] == '0') return (last > 0 || cue) && n >= 10 && n <= MAX_KEYED + 2; /* order numbers are padded so, too */
    if (is_chinese_mobile(t, 0, last) || (n == 13 && t->d[0] == '8' && t->d[1] == '6' && t->d[2] == '1' && t->d[3] >= '3')) return true;
    if (american && grouped(t, 0, last, "334")) return t->bracket || (same_signs(t, last) && t->before[1] != '/');
    if (grouped(t, 0, last, "1334") && t->d[0] == '1' && t->d[1] >= '2' && t->d[4] >= '2') return true;
    if (t->d[0] != '0' || last == 0) return false;
    if (last == 1 && (group_n(t, 0) == 3 || group_n(t, 0) == 4)) return group_n(t, 1) >= 6 && group_n(t, 1) <= 8; /* 010-12345678 */
    if (grouped(t, 0, last, "22222")) return t->d[1] != '0';                                                      /* 06 12 34 56 78 */
    return group_n(t, 0) >= 3 && group_n(t, 0) <= 5 && n >= 9 && n <= 12 && last <= 3 && group_n(t, last) >= 3;      /* 020 7946 0958 */
}

/* A day, 2024-01-31 or 31.01.2024. */
static bool is_day(const digits *t, size_t last)
{
    if (last == 0) return t->n == 8 && is_date(value_of(t->d, 4), value_of(t->d + 4, 2), value_of(t->d + 6, 2));
    return last >= 2 && (group_n(t, 0) == 4 || group_n(t, 2) == 4) && group_n(t, 1) <= 2;
}

static bool is_any(toc_str word, const char *const *words, size_t n)
{
    for (size_t k = 0; k < n; k++)
        if (toc_str_is_nocase(word, words[k])) return true;
    return false;
}

/* Whether a word before place i says that a telephone number (or an account of a messenger) follows: up to 12 signs or Chinese characters away, or the
 * second or third word back ("phone number is ..."). */
static bool has_cue(const scan *s, size_t i)
{
    static const char *const words[] = { "tel", "telephone", "phone", "mobile", "cell", "call", "whatsapp", "wechat", "telegram", "viber", "sms", "qq", "fax",
                                         "vx", "handy", "telefon", "celular" };
    static const char *const other_words[] = { "order", "invoice", "item", "sku", "ref", "tracking", "parcel" };
    static const char *const chinese[] = { "电话", "手机", "微信", "致电", "热线", "扣扣", "联系" };
    static const char *const other_chinese[] = { "订单", "单号", "编号", "快递" };
    size_t from = i, gap = 0;

    while (from > 0 && !is_word(s->c[from - 1]) && s->c[from - 1] != '\n' && s->c[from - 1] != MASKED && gap < 12) from--, gap++;
    toc_str between = { s->text.p + s->at[from], s->at[i] - s->at[from] };
    for (size_t k = 0; k < TOC_COUNT(other_chinese); k++)
        if (toc_str_has(between, other_chinese[k])) return false;
    for (size_t k = 0; k < TOC_COUNT(chinese); k++)
        if (toc_str_has(between, chinese[k])) return true;
    for (size_t hop = 0; hop < 3; hop++) {
        size_t end = from;
        while (from > 0 && is_letter(s->c[from - 1]) && end - from < 20) from--;
        toc_str word = { s->text.p + s->at[from], s->at[end] - s->at[from] };
        if (is_any(word, other_words, TOC_COUNT(other_words))) return false;
        if (is_any(word, words, TOC_COUNT(words))) return true;
        while (from > 0 && (s->c[from - 1] == ' ' || s->c[from - 1] == ':') && end - from < 24) from--;
    }
    return false;
}

/* Whether the number goes on behind its groups: 12.50, 1,299. */
static bool goes_on(const scan *s, const digits *t, size_t last)
{
    size_t end = t->end[last], n = 0;

    if (is_digit(s->c[end]) || s->c[end] == '_' || s->c[end] == '%') return true;
    if (s->c[end] != '.' && s->c[end] != ',') return false;
    while (n < 4 && is_digit(s->c[end + 1 + n])) n++;
    return s->c[end] == '.' ? last == 0 && n >= 1 && n <= 2 : n == 3 && group_n(t, last) <= 3;
}

/* What the groups up to `last` are; TXT_NOBODY for a number of something else. Letters may follow what proves itself, as in a text without blanks. */
static txt_kind judge(const scan *s, const digits *t, size_t last, bool cue)
{
    size_t n = t->upto[last];

    if (goes_on(s, t, last)) return TXT_NOBODY;
    if (n == 18 && !t->plus && plainly_joined(t, last) && txt_is_resident((toc_str){ t->d, n })) return TXT_RESIDENT;
    if (is_card(t, last)) return TXT_PAYMENT;
    if (is_chinese_mobile(t, 0, last)) return TXT_PHONE;
    if (is_letter(s->c[t->end[last]])) return TXT_NOBODY;
    if (is_phone(t, last, cue)) return TXT_PHONE;
    return cue && n >= MIN_KEYED && n <= MAX_KEYED && !is_day(t, last) ? TXT_PHONE : TXT_NOBODY;
}

/* The identity card whose last character is an X: its 17 digits end at `end`. */
static bool ends_in_x(const scan *s, digits *t, size_t last, size_t *end)
{
    if (t->upto[last] != 17 || t->plus || (s->c[t->end[last]] | 0x20) != 'x' || is_digit(s->c[t->end[last] + 1])) return false;
    char number[18];
    memcpy(number, t->d, 17);
    number[17] = 'X';
    *end = t->end[last] + 1;
    return plainly_joined(t, last) && txt_is_resident((toc_str){ number, sizeof number });
}

/* What begins at i, and where it ends. */
static txt_kind number_at(const scan *s, size_t i, size_t limit, size_t *end)
{
    digits t;

    unsigned before = i > 0 ? s->c[i - 1] : ' ';
    if (before == '_' || is_digit(before) || !read_groups(s, i, limit, &t)) return TXT_NOBODY;
    if (i > 1 && is_digit(s->c[i - 2]) && (before == '.' || (before == ',' && group_n(&t, 0) <= 3))) return TXT_NOBODY; /* 0.125, 1,299 */
    bool cue = t.n >= MIN_KEYED && has_cue(s, i);
    if (is_letter(before) && is_digit(s->c[i]) && !cue) return TXT_NOBODY; /* the number of an article, but also Tel5551234 */
    for (size_t last = t.n_groups; last-- > 0;) {
        if (ends_in_x(s, &t, last, end)) return TXT_RESIDENT;
        txt_kind kind = judge(s, &t, last, cue);
        *end = t.end[last];
        if (kind != TXT_NOBODY) return kind;
    }
    return TXT_NOBODY;
}

/* ---- the walk ---- */

static toc_status put(toc_ctx *ctx, const scan *s, txt_kind kind, size_t from, size_t to)
{
    char pseudonym[TXT_PSEUDONYM + 1], number[MAX_DIGITS];
    toc_str value = { s->text.p + s->at[from], s->at[to] - s->at[from] };
    size_t n = 0;

    for (size_t k = from; k < to && kind != TXT_EMAIL && kind != TXT_PHONE; k++) {
        if (is_digit(s->c[k])) number[n++] = (char)s->c[k];
        else if ((s->c[k] | 0x20) == 'x') number[n++] = 'X';
    }
    if (n) value = (toc_str){ number, n };
    TOC_TRY(txt_mask_value(ctx, s->mask, kind, value, (toc_str){ "", 0 }, s->room, pseudonym));
    ++*s->n_found;
    return toc_buf_add(ctx, s->out, pseudonym, strlen(pseudonym));
}

static bool is_plain(toc_str text)
{
    size_t digits_seen = 0;

    for (size_t i = 0; i < text.n; i++) {
        unsigned char c = (unsigned char)text.p[i];
        if (c == '@' || c == 0xef) return false; /* full-width characters begin with 0xef */
        digits_seen += is_digit(c);
    }
    return digits_seen < MIN_KEYED;
}

/* Once over the text. */
static toc_status mask_once(toc_ctx *ctx, const txt_mask *mask, toc_str text, txt_room *room, toc_buf *masked, size_t *n_found)
{
    scan s = { .mask = mask, .room = room, .text = text, .out = masked, .n_found = n_found };
    size_t done = 0, email, email_end, end; /* done: bytes */

    TOC_TRY(read_shape(ctx, text, room, &s.n));
    s.c = room->shape;
    s.at = room->at;
    next_email(&s, 0, &email, &email_end);
    for (size_t i = 0; i < s.n;) {
        txt_kind kind = TXT_NOBODY;
        if (i == email) {
            kind = TXT_EMAIL;
            end = email_end;
        } else if (is_digit(s.c[i]) || ((s.c[i] == '+' || s.c[i] == '(') && i + 1 < s.n)) kind = number_at(&s, i, TOC_MIN(email, s.n), &end);
        if (kind == TXT_NOBODY) {
            i++;
            continue;
        }
        TOC_TRY(toc_buf_add(ctx, masked, text.p + done, s.at[i] - done));
        TOC_TRY(put(ctx, &s, kind, i, end));
        memset(room->shape + i, MASKED, end - i);
        done = s.at[end];
        i = end;
        if (kind == TXT_EMAIL) next_email(&s, end, &email, &email_end);
    }
    return toc_buf_add(ctx, masked, text.p + done, text.n - done);
}

/* What is replaced may have hidden something beside it (numbers run together, words between), so texts in which something was found are looked at again. */
toc_status txt_mask_text(toc_ctx *ctx, const txt_mask *mask, toc_str text, txt_room *room, toc_buf *masked, size_t *n_found)
{
    enum { MOST_PASSES = 8 };
    size_t found = 1;

    for (size_t pass = 0; pass < MOST_PASSES && found && !is_plain(text); pass++) {
        toc_buf *out = &room->pass[pass % 2];
        found = 0;
        toc_buf_reset(out);
        TOC_TRY(mask_once(ctx, mask, text, room, out, &found));
        text = (toc_str){ out->p ? out->p : "", out->n };
        if (n_found) *n_found += found;
    }
    return toc_buf_add(ctx, masked, text.p, text.n);
}
