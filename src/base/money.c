/* money.c: minor units by ISO 4217. */
#include "base/base.h"

/* Codes in use with their decimal digits (ISO 4217 list one); the many with two digits first. */
static const char two_digits[] =
    "AED AFN ALL AMD ANG AOA ARS AUD AWG AZN BAM BBD BDT BGN BMD BND BOB BRL BSD BTN BWP BYN BZD CAD CDF CHF CNY COP CRC CUP CVE CZK DKK DOP DZD EGP ERN "
    "ETB EUR FJD FKP GBP GEL GHS GIP GMD GTQ GYD HKD HNL HTG HUF IDR ILS INR IRR JMD KES KGS KHR KPW KYD KZT LAK LBP LKR LRD LSL MAD MDL MGA MKD MMK MNT "
    "MOP MRU MUR MVR MWK MXN MYR MZN NAD NGN NIO NOK NPR NZD PAB PEN PGK PHP PKR PLN QAR RON RSD RUB SAR SBD SCR SDG SEK SGD SHP SLE SOS SRD SSP STN SYP "
    "SZL THB TJS TMT TOP TRY TTD TWD TZS UAH USD UYU UZS VED VES WST XCD YER ZAR ZMW ZWG ";
static const char no_digits[] = "BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX VND VUV XAF XOF XPF ";
static const char three_digits[] = "BHD IQD JOD KWD LYD OMR TND ";

static char upper(char c)
{
    return (char)(c >= 'a' && c <= 'z' ? c - 32 : c);
}

static bool in_list(const char *list, toc_str code)
{
    for (; code.n == 3 && *list; list += 4)
        if (upper(code.p[0]) == list[0] && upper(code.p[1]) == list[1] && upper(code.p[2]) == list[2]) return true;
    return false;
}

int toc_currency_digits(toc_str currency)
{
    if (in_list(no_digits, currency)) return 0;
    return in_list(three_digits, currency) ? 3 : 2;
}

bool toc_currency_known(toc_str currency)
{
    return in_list(two_digits, currency) || in_list(no_digits, currency) || in_list(three_digits, currency);
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
