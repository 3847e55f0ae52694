/* money.c: minor units by ISO 4217. */
#include "base/base.h"

/* Codes in use and their decimal digits (ISO 4217 list one), by code. */
static const char currencies[] =
    "AED2AFN2ALL2AMD2ANG2AOA2ARS2AUD2AWG2AZN2BAM2BBD2BDT2BGN2BHD3BIF0BMD2BND2BOB2BRL2BSD2BTN2BWP2BYN2BZD2CAD2CDF2CHF2CLP0CNY2COP2CRC2CUP2CVE2CZK2"
    "DJF0DKK2DOP2DZD2EGP2ERN2ETB2EUR2FJD2FKP2GBP2GEL2GHS2GIP2GMD2GNF0GTQ2GYD2HKD2HNL2HTG2HUF2IDR2ILS2INR2IQD3IRR2ISK0JMD2JOD3JPY0KES2KGS2KHR2KMF0"
    "KPW2KRW0KWD3KYD2KZT2LAK2LBP2LKR2LRD2LSL2LYD3MAD2MDL2MGA2MKD2MMK2MNT2MOP2MRU2MUR2MVR2MWK2MXN2MYR2MZN2NAD2NGN2NIO2NOK2NPR2NZD2OMR3PAB2PEN2PGK2"
    "PHP2PKR2PLN2PYG0QAR2RON2RSD2RUB2RWF0SAR2SBD2SCR2SDG2SEK2SGD2SHP2SLE2SOS2SRD2SSP2STN2SYP2SZL2THB2TJS2TMT2TND3TOP2TRY2TTD2TWD2TZS2UAH2UGX0USD2"
    "UYU2UZS2VED2VES2VND0VUV0WST2XAF0XCD2XOF0XPF0YER2ZAR2ZMW2ZWG2";

static char upper(char c)
{
    return (char)(c >= 'a' && c <= 'z' ? c - 32 : c);
}

/* The entry of a code, or NULL. */
static const char *find_currency(toc_str code)
{
    size_t low = 0, high = (sizeof currencies - 1) / 4;

    if (code.n != 3) return NULL;
    const char wanted[] = { upper(code.p[0]), upper(code.p[1]), upper(code.p[2]) };
    while (low < high) {
        size_t middle = (low + high) / 2;
        int order = memcmp(currencies + 4 * middle, wanted, sizeof wanted);
        if (!order) return currencies + 4 * middle;
        if (order < 0) low = middle + 1;
        else high = middle;
    }
    return NULL;
}

int toc_currency_digits(toc_str currency)
{
    const char *entry = find_currency(currency);
    return entry ? entry[3] - '0' : 2;
}

bool toc_currency_known(toc_str currency)
{
    return find_currency(currency) != NULL;
}

/* Bytes of a blank in front of t (ASCII, no-break, narrow no-break), or 0. */
static size_t blank_ahead(toc_str t)
{
    if (t.n && (unsigned char)t.p[0] > ' ' && (unsigned char)t.p[0] < 0x80) return 0;
    return toc_str_starts(t, " ") || toc_str_starts(t, "\t") ? 1 : toc_str_starts(t, "\xc2\xa0") ? 2 : toc_str_starts(t, "\xe2\x80\xaf") ? 3 : 0;
}

/* Whether an amount without a currency may begin and end so: the common case, told quickly. */
static bool bare(char c)
{
    return (c >= '0' && c <= '9') || c == '-' || c == '+' || c == '(' || c == ')';
}

static toc_str strip_blanks(toc_str t)
{
    if (t.n && bare(t.p[0]) && bare(t.p[t.n - 1])) return t;
    for (size_t n; (n = blank_ahead(t));) t = (toc_str){ t.p + n, t.n - n };
    for (size_t n = 1; n <= 3 && n <= t.n;) {
        if (blank_ahead((toc_str){ t.p + t.n - n, n }) != n) {
            n++;
            continue;
        }
        t.n -= n;
        n = 1;
    }
    return t;
}

static bool letter(char c)
{
    return upper(c) >= 'A' && upper(c) <= 'Z';
}

/* Takes one currency off an end, and the blanks there: an ISO code or what shops write instead, the longest first. */
static bool strip_currency(toc_str *t)
{
    static const char *const signs[] = {
        "US$", "US $", "CA$", "C $", "AU$", "AU $", "NZ$", "HK$", "NT$", "MX$", "S$", "A$", "C$", "R$", "$",
        "\xe2\x82\xac", "\xc2\xa3",                 /* euro, pound */
        "\xc2\xa5", "\xef\xbf\xa5",                 /* yen and yuan, narrow and wide */
        "\xe5\x85\x83", "\xe5\x86\x86",             /* the characters for yuan and yen */
        "\xe2\x82\xb9", "\xe2\x82\xa9", "\xe2\x82\xbd", "\xe2\x82\xba", "\xe2\x82\xab", "\xe2\x82\xb1", "\xe0\xb8\xbf",
                                                    /* rupee, won, rouble, lira, dong, peso, baht */
        "Rs.", "Rs", "RM", "Rp", "z\xc5\x82", "K\xc4\x8d", "kr",
    };

    if (!t->n || (bare(t->p[0]) && bare(t->p[t->n - 1]))) return false;
    toc_str first = { t->p, 3 }, last = { t->p + t->n - TOC_MIN(t->n, (size_t)3), 3 };
    if (t->n > 3 && toc_currency_known(first) && !letter(t->p[3])) *t = (toc_str){ t->p + 3, t->n - 3 };
    else if (t->n > 3 && toc_currency_known(last) && !letter(t->p[t->n - 4])) t->n -= 3;
    else {
        bool starts = false, ends = false;
        size_t n = 0;
        for (size_t i = 0; i < TOC_COUNT(signs) && !starts && !ends; i++) {
            n = strlen(signs[i]);
            starts = signs[i][0] == t->p[0] && toc_str_starts(*t, signs[i]);
            ends = !starts && signs[i][n - 1] == t->p[t->n - 1] && toc_str_ends(*t, signs[i]);
        }
        if (!starts && !ends) return false;
        *t = (toc_str){ t->p + (starts ? n : 0), t->n - n };
    }
    *t = strip_blanks(*t);
    return true;
}

static bool add_digit(int64_t *value, char c)
{
    return !__builtin_mul_overflow(*value, 10, value) && !__builtin_add_overflow(*value, c - '0', value);
}

/* Bytes of a separator of thousands in front of t: the comma or point that is not the decimal one, a blank, an apostrophe. */
static size_t group_ahead(toc_str t, char group)
{
    return t.p[0] == group || t.p[0] == '\'' ? 1 : blank_ahead(t);
}

/* The whole part: digits, perhaps in groups of three (or, as in India, of two before the last three). Takes it off t. */
static bool whole_part(toc_str *t, char group, size_t *n_digits, int64_t *value)
{
    char mark = 0;
    size_t since = 0;

    *n_digits = 0;
    while (t->n) {
        size_t n = 1;
        if (t->p[0] >= '0' && t->p[0] <= '9') {
            if (!add_digit(value, t->p[0])) return false;
            since++;
            ++*n_digits;
        } else if ((n = group_ahead(*t, group))) {
            if (!*n_digits || since > 3 || (mark && (mark != t->p[0] || since < 2))) return false;
            mark = t->p[0];
            since = 0;
        } else break;
        *t = (toc_str){ t->p + n, t->n - n };
    }
    return !mark || since == 3;
}

/* Digits, groups and a fraction; rounds half away from zero beyond `digits`. */
static bool parse_amount(toc_str t, int digits, bool decimal_comma, int64_t *minor)
{
    size_t n_digits;
    int places = 0;
    int64_t value = 0;

    if (!whole_part(&t, decimal_comma ? '.' : ',', &n_digits, &value)) return false;
    if (t.n && t.p[0] != (decimal_comma ? ',' : '.')) return false;
    for (size_t i = 1; i < t.n; i++, n_digits++) {
        char c = t.p[i];
        if (c < '0' || c > '9') return false;
        if (places > digits) continue;
        if (places == digits ? c >= '5' && __builtin_add_overflow(value, 1, &value) : !add_digit(&value, c)) return false;
        places++;
    }
    for (; places < digits; places++)
        if (!add_digit(&value, '0')) return false;
    *minor = value;
    return n_digits > 0;
}

/* Digits, a point and all digits of the minor unit: what canonical tables have. False where the text is anything else. */
static bool parse_canonical(toc_str t, size_t digits, int64_t *minor)
{
    int64_t value = 0;

    if (!digits || t.n > 16 || t.n < digits + 2 || t.p[t.n - digits - 1] != '.') return false;
    for (size_t i = 0; i < t.n; i++) {
        unsigned d = (unsigned char)t.p[i] - '0';
        if (i == t.n - digits - 1) continue;
        if (d > 9) return false;
        value = value * 10 + d;
    }
    *minor = value;
    return true;
}

bool toc_parse_money(toc_str text, int digits, bool decimal_comma, int64_t *minor)
{
    if (!decimal_comma && parse_canonical(text, (size_t)digits, minor)) return true;
    toc_str t = strip_blanks(text);
    bool negative = false, currency = strip_currency(&t);
    int64_t value;

    if (t.n > 1 && t.p[0] == '(' && t.p[t.n - 1] == ')') {
        negative = true;
        t = strip_blanks((toc_str){ t.p + 1, t.n - 2 });
    } else if (t.n && (t.p[0] == '-' || t.p[0] == '+')) {
        negative = t.p[0] == '-';
        t = strip_blanks((toc_str){ t.p + 1, t.n - 1 });
    } else if (t.n && t.p[t.n - 1] == '-') {
        negative = true;
        t.n--;
    }
    if (strip_currency(&t) && currency) (void)strip_currency(&t); /* "USD $5", "-$5 USD" */
    if (!parse_amount(t, digits, decimal_comma, &value)) return false;
    *minor = negative ? -value : value;
    return true;
}

toc_decimal toc_decimal_of(toc_str text)
{
    size_t commas = 0, points = 0, digits = 0, after = 0, before = 0;
    bool comma_last = false, zero = false;

    for (size_t i = 0; i < text.n; i++) {
        char c = text.p[i];
        bool comma = c == ',', digit = c >= '0' && c <= '9';
        if (c == ';' || c == '|' || c == '/' || c == ':') return TOC_DECIMAL_NONE; /* a list, a date */
        if (digit) {
            if (!digits++) zero = c == '0';
            after++;
        } else if ((comma || c == '.') && digits && i + 1 < text.n && text.p[i + 1] >= '0' && text.p[i + 1] <= '9') {
            before = commas + points ? before : after;
            commas += comma;
            points += !comma;
            comma_last = comma;
            after = 0;
        } else if ((comma || c == '.') && !digits && i + 1 < text.n && text.p[i + 1] >= '0' && text.p[i + 1] <= '9') {
            return comma ? TOC_DECIMAL_COMMA : TOC_DECIMAL_POINT; /* .5 */
        }
    }
    if (!commas && !points) return TOC_DECIMAL_NONE;
    if (commas && points) return comma_last ? TOC_DECIMAL_COMMA : TOC_DECIMAL_POINT;
    if (commas + points > 1) return commas ? TOC_DECIMAL_POINT : TOC_DECIMAL_COMMA;
    if (after == 3 && before <= 3 && !zero) return TOC_DECIMAL_EITHER;
    return commas ? TOC_DECIMAL_COMMA : TOC_DECIMAL_POINT;
}

size_t toc_format_money(int64_t minor, int digits, char *buf)
{
    char reversed[24];
    uint64_t rest;
    size_t n = 0, places = (size_t)(digits < 0 ? 0 : TOC_MIN(digits, 3)), sign = minor < 0;

    buf[0] = 0;
    if (minor == TOC_NO_MONEY) return 0;
    rest = sign ? (uint64_t)(-minor) : (uint64_t)minor;
    for (size_t k = 0; k <= places || rest; k++, rest /= 10) {
        if (places && k == places) reversed[n++] = '.';
        reversed[n++] = (char)('0' + rest % 10);
    }
    if (sign) buf[0] = '-';
    for (size_t i = 0; i < n; i++) buf[sign + i] = reversed[n - 1 - i];
    buf[sign + n] = 0;
    return sign + n;
}
