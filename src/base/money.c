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

static bool in_list(const char *list, toc_str code)
{
    for (; code.n == 3 && *list; list += 4)
        if (memcmp(list, code.p, 3) == 0) return true;
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

/* Symbols and codes around an amount, and blanks, NBSP and thin spaces. */
static toc_str strip(toc_str t)
{
    static const char *const around[] = { " ", "\t", "$", "\xc2\xa0", "\xe2\x80\xaf", "\xc2\xa5", "\xef\xbf\xa5", "\xe2\x82\xac", "\xc2\xa3", "R$", "US", "\xe5\x85\x83" };
    bool again = true;

    while (again && t.n) {
        again = false;
        for (size_t i = 0; i < TOC_COUNT(around); i++) {
            size_t n = strlen(around[i]);
            if (toc_str_starts(t, around[i])) t = (toc_str){ t.p + n, t.n - n };
            else if (toc_str_ends(t, around[i])) t.n -= n;
            else continue;
            again = true;
        }
    }
    return t;
}

static bool add_digit(int64_t *value, char c)
{
    return !__builtin_mul_overflow(*value, 10, value) && !__builtin_add_overflow(*value, c - '0', value);
}

/* Digits with groups of three and a fraction; rounds half away from zero beyond `digits`. */
static bool parse_amount(toc_str t, int digits, bool decimal_comma, int64_t *minor)
{
    char point = decimal_comma ? ',' : '.', group = decimal_comma ? '.' : ',';
    size_t since_group = 0, n_digits = 0;
    bool grouped = false, in_fraction = false;
    int places = 0;
    int64_t value = 0;

    for (size_t i = 0; i < t.n; i++) {
        char c = t.p[i];
        if (c == point && !in_fraction) {
            if (grouped && since_group != 3) return false;
            in_fraction = true;
        } else if (c == group && !in_fraction) {
            if (!n_digits || (grouped ? since_group != 3 : since_group > 3)) return false;
            grouped = true;
            since_group = 0;
        } else if (c >= '0' && c <= '9') {
            n_digits++;
            since_group++;
            if (in_fraction && places > digits) continue;
            if (in_fraction && places == digits) {
                if (c >= '5' && __builtin_add_overflow(value, 1, &value)) return false;
            } else if (!add_digit(&value, c)) return false;
            places += in_fraction;
        } else return false;
    }
    if (!n_digits || (grouped && !in_fraction && since_group != 3)) return false;
    for (; places < digits; places++)
        if (!add_digit(&value, '0')) return false;
    *minor = value;
    return true;
}

bool toc_parse_money(toc_str text, int digits, bool decimal_comma, int64_t *minor)
{
    toc_str t = strip(text);
    bool negative = false;
    int64_t value;

    if (t.n > 1 && t.p[0] == '(' && t.p[t.n - 1] == ')') {
        negative = true;
        t = strip((toc_str){ t.p + 1, t.n - 2 });
    } else if (t.n && (t.p[0] == '-' || t.p[0] == '+')) {
        negative = t.p[0] == '-';
        t = strip((toc_str){ t.p + 1, t.n - 1 });
    }
    if (!parse_amount(t, digits, decimal_comma, &value)) return false;
    *minor = negative ? -value : value;
    return true;
}

size_t toc_format_money(int64_t minor, int digits, char *buf)
{
    static const int64_t scales[] = { 1, 10, 100, 1000 };
    uint64_t magnitude, scale = (uint64_t)scales[digits < 0 ? 0 : digits > 3 ? 3 : digits];

    buf[0] = 0;
    if (minor == TOC_NO_MONEY) return 0;
    magnitude = minor < 0 ? (uint64_t)(-minor) : (uint64_t)minor;
    if (scale == 1) return (size_t)snprintf(buf, 32, "%s%llu", minor < 0 ? "-" : "", (unsigned long long)magnitude);
    return (size_t)snprintf(buf, 32, "%s%llu.%0*llu", minor < 0 ? "-" : "", (unsigned long long)(magnitude / scale), digits, (unsigned long long)(magnitude % scale));
}
