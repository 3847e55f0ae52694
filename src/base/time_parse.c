/* time_parse.c: times as shops write them. A small scanner: a date in one of a few shapes, then perhaps a clock, AM or
 * PM, an offset. */
#include "base/base.h"
#include "base/base_int.h"

static bool digit(char c)
{
    return c >= '0' && c <= '9';
}

static char lower(char c)
{
    return (char)(c >= 'A' && c <= 'Z' ? c + 32 : c);
}

/* Takes up to `most` digits off the front; the number of digits, 0 = none. */
static size_t take_number(toc_str *t, size_t most, int64_t *value)
{
    size_t n = 0;

    *value = 0;
    while (n < most && n < t->n && digit(t->p[n])) *value = *value * 10 + (t->p[n++] - '0');
    *t = (toc_str){ t->p + n, t->n - n };
    return n;
}

static bool take_char(toc_str *t, char c)
{
    if (!t->n || t->p[0] != c) return false;
    *t = (toc_str){ t->p + 1, t->n - 1 };
    return true;
}

static bool take_text(toc_str *t, const char *text)
{
    size_t n = strlen(text);
    if (!toc_str_starts(*t, text)) return false;
    *t = (toc_str){ t->p + n, t->n - n };
    return true;
}

static void skip_blanks(toc_str *t)
{
    while (take_char(t, ' ')) continue;
}

/* The word in front in lower case, with accents; its length, 0 = none or longer than the room. */
static size_t take_word(toc_str t, char *word, size_t room)
{
    size_t n = 0;

    for (; n < t.n; n++) {
        char c = lower(t.p[n]);
        bool accent = (unsigned char)c == 0xc3 && n + 1 < t.n; /* U+00C0 to U+00FF: capitals are 32 below */
        if (!accent && (c < 'a' || c > 'z')) break;
        if (n + 1 + accent >= room) return 0;
        word[n] = c;
        if (!accent) continue;
        unsigned char second = (unsigned char)t.p[++n];
        word[n] = (char)(second < 0xa0 ? second + 32 : second);
    }
    word[n] = 0;
    return n;
}

/* A month's name in front, whole or abbreviated, with or without a full stop: 1..12, or 0. English, German, French, Spanish, Italian, Portuguese,
 * Dutch. */
static unsigned take_month(toc_str *t)
{
    static const char *const names[] = {
        " jan january januar j\xc3\xa4nner janvier janv enero ene gennaio gen janeiro januari ",
        " feb february februar f\xc3\xa9vrier f\xc3\xa9vr febrero febbraio fevereiro fev februari ",
        " mar march m\xc3\xa4rz m\xc3\xa4r mrz mars marzo mar\xc3\xa7o maart mrt ",
        " apr april avril avr abril abr aprile ",
        " may mai mayo maggio mag maio mei ",
        " jun june juni juin junio giugno giu junho ",
        " jul july juli juillet juil julio luglio lug julho ",
        " aug august ao\xc3\xbbt ao\xc3\xbb agosto ago augustus ",
        " sep september sept septembre septiembre settembre set setembro ",
        " oct october okt oktober octobre octubre ottobre ott outubro out ",
        " nov november novembre noviembre novembro ",
        " dec december dez dezember d\xc3\xa9" "cembre d\xc3\xa9" "c diciembre dic dicembre dezembro ",
    };
    char word[16] = " ";
    size_t n = take_word(*t, word + 1, sizeof word - 2);

    if (n < 3) return 0;
    word[n + 1] = ' ';
    word[n + 2] = 0;
    for (unsigned m = 0; m < 12; m++) {
        if (!strstr(names[m], word)) continue;
        *t = (toc_str){ t->p + n, t->n - n };
        take_char(t, '.');
        return m + 1;
    }
    return 0;
}

static unsigned days_in_month(int64_t year, int64_t month)
{
    static const unsigned days[] = { 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31 };
    bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
    return month == 2 && leap ? 29 : days[month - 1];
}

static bool make_days(int64_t year, int64_t month, int64_t day, int64_t *days)
{
    if (year < 1900 || year > 2200 || month < 1 || month > 12 || day < 1 || day > days_in_month(year, month)) return false;
    *days = toc_days_from_civil(year, (unsigned)month, (unsigned)day);
    return true;
}

static bool full_year(size_t n_digits, int64_t *year)
{
    if (n_digits == 2) *year += *year < 70 ? 2000 : 1900;
    return n_digits == 2 || n_digits == 4;
}

/* Two numbers and a year last: which is the day? */
static bool day_month(int64_t a, int64_t b, toc_date_order order, int64_t *month, int64_t *day)
{
    bool swap;

    if (a > 12 && b > 12) return false;
    if (order != TOC_DATE_MDY && order != TOC_DATE_DMY && a <= 12 && b <= 12 && a != b) return false;
    if (order == TOC_DATE_MDY) swap = false;
    else if (order == TOC_DATE_DMY) swap = true;
    else swap = a > 12;
    *month = swap ? b : a;
    *day = swap ? a : b;
    return true;
}

/* 2024年5月1日 */
static bool chinese_date(toc_str *t, int64_t year, int64_t *days)
{
    int64_t month, day;

    if (!take_number(t, 2, &month) || !take_text(t, "\xe6\x9c\x88")) return false;
    if (!take_number(t, 2, &day) || !take_text(t, "\xe6\x97\xa5")) return false;
    return make_days(year, month, day, days);
}

/* Jul-25-26, "Aug 14, 2025" */
static bool month_name_first(toc_str *t, int64_t *days)
{
    int64_t day, year;
    unsigned month = take_month(t);

    if (!month) return false;
    if (!take_char(t, '-')) skip_blanks(t);
    if (!take_number(t, 2, &day)) return false;
    take_char(t, ',');
    if (!take_char(t, '-')) skip_blanks(t);
    size_t n = take_number(t, 4, &year);
    return full_year(n, &year) && make_days(year, month, day, days);
}

/* 2024-05-01, 2024/5/1, 2024.5.1, 2024年5月1日, after the year's four digits */
static bool year_first(toc_str *t, int64_t year, int64_t *days)
{
    int64_t month, day;
    char separator;

    if (take_text(t, "\xe5\xb9\xb4")) return chinese_date(t, year, days);
    if (!t->n) return false;
    separator = t->p[0];
    if (separator != '-' && separator != '/' && separator != '.') return false;
    take_char(t, separator);
    if (!take_number(t, 2, &month) || !take_char(t, separator) || !take_number(t, 2, &day)) return false;
    return make_days(year, month, day, days);
}

/* 08/14/25, 14.08.2025, 14-08-2025, 25-Jul-2026, "14 Aug 2025", "14. August 2025", "14 de agosto de 2025", after the first number */
static bool year_last(toc_str *t, int64_t first, toc_date_order order, int64_t *days)
{
    int64_t second = 0, year, month, day;
    char separator = t->n ? t->p[0] : 0;

    if (separator != '/' && separator != '.' && separator != '-' && separator != ' ') return false;
    take_char(t, separator);
    if (separator == '.' && take_char(t, ' ')) separator = ' ';
    bool of = separator == ' ' && take_text(t, "de ");
    unsigned named = take_month(t);
    if (!named && (separator == ' ' || !take_number(t, 2, &second))) return false;
    if (!take_char(t, separator)) return false;
    if (of) take_text(t, "de ");
    size_t n = take_number(t, 4, &year);
    if (!full_year(n, &year)) return false;
    if (named) return make_days(year, named, first, days);
    return day_month(first, second, order, &month, &day) && make_days(year, month, day, days);
}

static bool parse_date(toc_str *t, toc_date_order order, int64_t *days)
{
    toc_str start = *t;
    int64_t number;
    size_t n = take_number(t, 8, &number);

    if (n == 0) return month_name_first(t, days);
    if (n == 8) return make_days(number / 10000, number / 100 % 100, number % 100, days);
    if (n == 4) return year_first(t, number, days);
    if (n == 1 || n == 2) return year_last(t, number, order, days);
    *t = start;
    return false;
}

static bool fraction(toc_str *t, int64_t *micros)
{
    int64_t scale = TOC_SECOND / 10;

    if (!take_char(t, '.') && !take_char(t, ',')) return true;
    if (!t->n || !digit(t->p[0])) return false;
    for (; t->n && digit(t->p[0]); *t = (toc_str){ t->p + 1, t->n - 1 }) {
        *micros += (t->p[0] - '0') * scale;
        scale /= 10;
    }
    return true;
}

/* 10时0分5秒, after the hour's sign */
static bool chinese_clock(toc_str *t, int64_t *minute, int64_t *second)
{
    if (!take_number(t, 2, minute)) return t->n == 0; /* 10时 */
    if (!take_text(t, "\xe5\x88\x86")) return false;
    return !take_number(t, 2, second) || take_text(t, "\xe7\xa7\x92");
}

/* AM or PM after a clock, perhaps behind a blank; the letters must end there, since a zone's may follow. */
static bool take_meridiem(toc_str *t, int64_t *hour)
{
    toc_str after = *t;

    skip_blanks(&after);
    if (after.n < 2 || lower(after.p[1]) != 'm' || (lower(after.p[0]) != 'a' && lower(after.p[0]) != 'p')) return true;
    if (*hour < 1 || *hour > 12) return false;
    *hour = *hour % 12 + (lower(after.p[0]) == 'p' ? 12 : 0);
    *t = (toc_str){ after.p + 2, after.n - 2 };
    return !t->n || t->p[0] == ' ';
}

/* 10:00, 10:00:00.25, 1:05 PM, 10时0分5秒; where `packed`, 1000 and 100000 too */
static bool parse_clock(toc_str *t, bool packed, int64_t *micros)
{
    int64_t hour, minute = 0, second = 0;

    *micros = 0;
    if (!take_number(t, 2, &hour)) return false;
    if (take_text(t, "\xe6\x97\xb6")) {
        if (!chinese_clock(t, &minute, &second)) return false;
    } else if (take_char(t, ':')) {
        if (take_number(t, 2, &minute) != 2) return false;
        if (take_char(t, ':') && (take_number(t, 2, &second) != 2 || !fraction(t, micros))) return false;
    } else {
        if (!packed || take_number(t, 2, &minute) != 2) return false;
        if (t->n && digit(t->p[0]) && (take_number(t, 2, &second) != 2 || !fraction(t, micros))) return false;
    }
    if (!take_meridiem(t, &hour)) return false;
    if (hour > 23 || minute > 59 || second > 59) return false;
    *micros += (hour * 3600 + minute * 60 + second) * TOC_SECOND;
    return true;
}

/* Letters whose meaning marketplaces agree on. Not CST, IST and the like, which mean several. */
static bool zone_letters(toc_str t, int32_t *offset_s)
{
    static const struct { const char *letters; int32_t hours; } zones[] = {
        { "Z", 0 },    { "z", 0 },    { "UTC", 0 },   { "GMT", 0 },   { "PST", -8 }, { "PDT", -7 }, { "MST", -7 },
        { "MDT", -6 }, { "EST", -5 }, { "EDT", -4 },  { "WET", 0 },   { "BST", 1 },  { "WEST", 1 }, { "CET", 1 },
        { "MET", 1 },  { "MEZ", 1 },  { "CEST", 2 },  { "MEST", 2 },  { "MESZ", 2 }, { "EET", 2 },  { "EEST", 3 },
        { "MSK", 3 },  { "JST", 9 },  { "KST", 9 },   { "AEST", 10 }, { "AEDT", 11 },
    };

    for (size_t i = 0; i < TOC_COUNT(zones); i++) {
        if (!toc_str_is(t, zones[i].letters)) continue;
        *offset_s = zones[i].hours * 3600;
        return true;
    }
    return false;
}

bool toc_parse_offset(toc_str t, int32_t *offset_s)
{
    int64_t hour, minute = 0;

    if (t.n > 2 && t.p[0] == '(' && t.p[t.n - 1] == ')') t = (toc_str){ t.p + 1, t.n - 2 };
    if (zone_letters(t, offset_s)) return true;
    bool named = take_text(&t, "GMT") || take_text(&t, "UTC");
    bool west = take_char(&t, '-');
    if (!west && !take_char(&t, '+')) return false;
    size_t digits = take_number(&t, 2, &hour);
    if (digits != 2 && !(named && digits)) return false;
    if (t.n) {
        take_char(&t, ':');
        if (take_number(&t, 2, &minute) != 2) return false;
    }
    if (t.n || hour * 60 + minute > 14 * 60 || minute > 59) return false;
    *offset_s = (int32_t)((west ? -1 : 1) * (hour * 3600 + minute * 60));
    return true;
}

/* What may stand between a date and its clock: T, blanks, a comma and blanks; nothing after 8 digits in a row or a
 * Chinese date. */
static bool take_clock_mark(toc_str date, toc_str *t, bool *packed)
{
    int64_t number;
    bool eight = take_number(&date, 8, &number) == 8, chinese = !digit(t->p[-1]);

    if (take_char(t, 'T') || take_char(t, 't')) {
        *packed = eight;
        return true;
    }
    bool comma = take_char(t, ',');
    if (take_char(t, ' ')) {
        skip_blanks(t);
        return true;
    }
    *packed = eight;
    return !comma && (eight || chinese) && digit(t->p[0]);
}

/* Two digits, or a value above 99. */
static unsigned two_digits(const char *p)
{
    unsigned high = (unsigned char)p[0] - '0', low = (unsigned char)p[1] - '0';
    return high > 9 || low > 9 ? 100 : high * 10 + low;
}

/* Days since 1970-01-01 of a date from 1900 to 2200: toc_days_from_civil in 32 bits without sign, where divisions are cheap. */
static int64_t days_of(unsigned year, unsigned month, unsigned day)
{
    unsigned y = year - (month <= 2), m = month <= 2 ? month + 9 : month - 3;
    return (int64_t)(y * 365 + y / 4 - y / 100 + y / 400 + (153 * m + 2) / 5 + day - 1) - 719468;
}

/* The canonical form, 2024-05-01T10:00:00Z: nearly all times there are. False where the text is anything else. */
static bool parse_canonical(toc_str t, int64_t *instant)
{
    if (t.n != 20 || t.p[4] != '-' || t.p[7] != '-' || t.p[10] != 'T' || t.p[13] != ':' || t.p[16] != ':' || t.p[19] != 'Z') return false;
    unsigned century = two_digits(t.p), year = two_digits(t.p + 2), month = two_digits(t.p + 5), day = two_digits(t.p + 8);
    unsigned hour = two_digits(t.p + 11), minute = two_digits(t.p + 14), second = two_digits(t.p + 17);
    if (century < 19 || century > 21 || year > 99 || hour > 23 || minute > 59 || second > 59 || month - 1 > 11 || day - 1 > 30) return false;
    year += century * 100;
    if (day > 28 && day > days_in_month(year, month)) return false;
    *instant = days_of(year, month, day) * TOC_DAY + (int64_t)(hour * 3600 + minute * 60 + second) * TOC_SECOND;
    return true;
}

bool toc_parse_time(const toc_ctx *ctx, toc_str text, toc_date_order order, int64_t *instant)
{
    int64_t days, micros = 0;
    int32_t offset_s;
    bool packed = false;
    toc_str t = text;

    if (parse_canonical(text, instant)) return true;
    if (!parse_date(&t, order, &days)) return false;
    if (t.n) {
        if (!take_clock_mark(text, &t, &packed) || !parse_clock(&t, packed, &micros)) return false;
        skip_blanks(&t);
    }
    if (!t.n) {
        *instant = toc_local_to_utc(ctx, days * TOC_DAY + micros);
        return true;
    }
    if (!toc_parse_offset(t, &offset_s)) return false;
    *instant = days * TOC_DAY + micros - offset_s * TOC_SECOND;
    return true;
}

toc_date_order toc_date_order_of(toc_str text)
{
    int64_t first, second, year;
    size_t n = take_number(&text, 8, &first);

    if (n != 1 && n != 2) return TOC_DATE_YMD;
    if (!text.n || !strchr("/.-", text.p[0])) return TOC_DATE_YMD;
    char separator = text.p[0];
    take_char(&text, separator);
    if (!take_number(&text, 2, &second) || !take_char(&text, separator)) return TOC_DATE_YMD;
    n = take_number(&text, 4, &year);
    if (n != 2 && n != 4) return TOC_DATE_YMD;
    if (first > 12 && second <= 12) return TOC_DATE_DMY;
    if (second > 12 && first <= 12) return TOC_DATE_MDY;
    return TOC_DATE_UNKNOWN;
}

bool toc_parse_span(toc_str text, int64_t *span)
{
    static const struct { char unit; int64_t micros; } units[] = {
        { 'd', TOC_DAY }, { 'h', TOC_HOUR }, { 'w', 7 * TOC_DAY }, { 'm', 60 * TOC_SECOND }, { 's', TOC_SECOND },
    };
    int64_t n, unit = TOC_DAY;

    for (size_t i = 0; i < TOC_COUNT(units) && text.n; i++) {
        if (text.p[text.n - 1] != units[i].unit) continue;
        unit = units[i].micros;
        text.n--;
        break;
    }
    if (!toc_parse_int(text, &n) || n <= 0 || n > 365 * INT64_C(1000) * TOC_DAY / unit) return false;
    *span = n * unit;
    return true;
}
