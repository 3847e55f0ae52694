/* str.c: slices, buffers, numbers from text. */
#include "base/base.h"

#include <errno.h>
#include <math.h>
#include <stdarg.h>

toc_str toc_str_of(const char *text)
{
    return text ? (toc_str){ text, strlen(text) } : (toc_str){ "", 0 };
}

bool toc_str_eq(toc_str a, toc_str b)
{
    return a.n == b.n && (!a.n || memcmp(a.p, b.p, a.n) == 0);
}

bool toc_str_is(toc_str a, const char *text)
{
    return toc_str_eq(a, toc_str_of(text));
}

static unsigned char fold(char c)
{
    return (unsigned char)(c >= 'A' && c <= 'Z' ? c + 32 : c);
}

bool toc_str_is_nocase(toc_str a, const char *text)
{
    if (strlen(text) != a.n) return false;
    for (size_t i = 0; i < a.n; i++)
        if (fold(a.p[i]) != fold(text[i])) return false;
    return true;
}

bool toc_str_starts(toc_str a, const char *prefix)
{
    size_t n = strlen(prefix);
    return n <= a.n && (!n || memcmp(a.p, prefix, n) == 0);
}

bool toc_str_ends(toc_str a, const char *suffix)
{
    size_t n = strlen(suffix);
    return n <= a.n && (!n || memcmp(a.p + a.n - n, suffix, n) == 0);
}

bool toc_str_has(toc_str a, const char *needle)
{
    size_t n = strlen(needle);

    for (size_t i = 0; i + n <= a.n; i++)
        if (!n || memcmp(a.p + i, needle, n) == 0) return true;
    return false;
}

static bool blank(char c)
{
    return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

toc_str toc_str_trim(toc_str a)
{
    while (a.n && blank(a.p[0])) a = (toc_str){ a.p + 1, a.n - 1 };
    while (a.n && blank(a.p[a.n - 1])) a.n--;
    return a;
}

int toc_str_cmp(toc_str a, toc_str b)
{
    size_t n = TOC_MIN(a.n, b.n);
    int order = n ? memcmp(a.p, b.p, n) : 0;
    return order ? order : (a.n > b.n) - (a.n < b.n);
}

bool toc_str_split(toc_str *rest, char separator, toc_str *piece)
{
    if (!rest->p) return false;
    const char *end = rest->n ? memchr(rest->p, separator, rest->n) : NULL;
    if (!end) {
        *piece = *rest;
        *rest = (toc_str){ NULL, 0 };
        return true;
    }
    *piece = (toc_str){ rest->p, (size_t)(end - rest->p) };
    *rest = (toc_str){ end + 1, rest->n - piece->n - 1 };
    return true;
}

/* Eight bytes at a time, little endian, each folded in by a multiply and a shift. */
uint64_t toc_str_hash(toc_str a)
{
    uint64_t h = 0x9e3779b97f4a7c15u ^ (a.n * 0xff51afd7ed558ccdu), word;

    while (a.n >= 8) {
        memcpy(&word, a.p, 8);
#if __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
        word = __builtin_bswap64(word);
#endif
        h = (h ^ word) * 0x9fb21c651e98df25u;
        h ^= h >> 32;
        a = (toc_str){ a.p + 8, a.n - 8 };
    }
    word = 0;
    if (a.n) memcpy(&word, a.p, a.n);
#if __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
    word = __builtin_bswap64(word);
#endif
    return toc_mix(h ^ word * 0xc4ceb9fe1a85ec53u);
}

bool toc_parse_int(toc_str text, int64_t *value)
{
    bool negative = text.n && text.p[0] == '-';
    size_t i = text.n && (text.p[0] == '-' || text.p[0] == '+');
    int64_t v = 0;

    if (i == text.n) return false;
    for (; i < text.n; i++) {
        if (text.p[i] < '0' || text.p[i] > '9') return false;
        if (__builtin_mul_overflow(v, 10, &v) || __builtin_sub_overflow(v, text.p[i] - '0', &v)) return false; /* negative: reaches INT64_MIN */
    }
    if (!negative && v == INT64_MIN) return false;
    *value = negative ? v : -v;
    return true;
}

/* sign, digits, point, exponent of a decimal; false where the text is none. */
typedef struct {
    bool negative, exact; /* exact: mantissa holds all digits */
    uint64_t mantissa;
    int64_t exponent;
} decimal;

static bool scan_decimal(toc_str t, decimal *d)
{
    size_t i = t.n && (t.p[0] == '-' || t.p[0] == '+'), digits = 0;
    int64_t written = 0;
    bool point = false;

    *d = (decimal){ .negative = t.n && t.p[0] == '-', .exact = true };
    for (; i < t.n; i++) {
        if (t.p[i] == '.' && !point) {
            point = true;
            continue;
        }
        if (t.p[i] < '0' || t.p[i] > '9') break;
        digits++;
        if (d->mantissa > (UINT64_MAX - 9) / 10) {
            d->exact = false;
            d->exponent += !point;
            continue;
        }
        d->mantissa = d->mantissa * 10 + (uint64_t)(t.p[i] - '0');
        d->exponent -= point;
    }
    if (!digits) return false;
    if (i == t.n) return true;
    if (t.p[i] != 'e' && t.p[i] != 'E') return false;
    toc_str rest = { t.p + i + 1, t.n - i - 1 };
    if (!toc_parse_int(rest, &written) || written > 100000 || written < -100000) return false;
    d->exponent += written;
    return true;
}

bool toc_parse_double(toc_str text, double *value)
{
    static const double tens[] = { 1e0,  1e1,  1e2,  1e3,  1e4,  1e5,  1e6,  1e7,  1e8,  1e9,  1e10, 1e11,
                                   1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22 };
    decimal d;
    char copy[512];

    if (!scan_decimal(text, &d)) return false;
    if (d.exact && d.mantissa < (UINT64_C(1) << 53) && d.exponent >= -22 && d.exponent <= 22) { /* Clinger 1990: one rounding */
        double v = (double)d.mantissa;
        v = d.exponent < 0 ? v / tens[-d.exponent] : v * tens[d.exponent];
        *value = d.negative ? -v : v;
        return true;
    }
    if (text.n >= sizeof copy) return false;
    memcpy(copy, text.p, text.n);
    copy[text.n] = 0;
    double v = strtod(copy, NULL);
    if (isinf(v)) return false;
    *value = v;
    return true;
}

/* ---- buffers ---- */

toc_status toc_buf_reserve(toc_ctx *ctx, toc_buf *buf, size_t more)
{
    if (more >= SIZE_MAX - buf->n) return toc_fail(ctx, TOC_E_NOMEM, "out of memory");
    return toc_grow(ctx, &buf->p, &buf->cap, buf->n + more + 1, 1);
}

toc_status toc_buf_str(toc_ctx *ctx, toc_buf *buf, const char *text)
{
    return toc_buf_add(ctx, buf, text, strlen(text));
}

toc_status toc_buf_printf(toc_ctx *ctx, toc_buf *buf, const char *fmt, ...)
{
    va_list args;

    va_start(args, fmt);
    int n = vsnprintf(NULL, 0, fmt, args);
    va_end(args);
    if (n < 0) return toc_fail(ctx, TOC_E_BUG, "bad format \"%s\"", fmt);
    TOC_TRY(toc_buf_reserve(ctx, buf, (size_t)n));
    va_start(args, fmt);
    vsnprintf(buf->p + buf->n, (size_t)n + 1, fmt, args);
    va_end(args);
    buf->n += (size_t)n;
    return TOC_OK;
}

void toc_buf_reset(toc_buf *buf)
{
    buf->n = 0;
    if (buf->p) buf->p[0] = 0;
}

void toc_buf_release(toc_buf *buf)
{
    toc_free(buf->p);
    *buf = (toc_buf){0};
}

/* How long the valid sequence at p is (left bytes remain), or 0. RFC 3629: no overlong forms, no surrogates, at most U+10FFFF. */
static size_t utf8_sequence(const unsigned char *p, size_t left)
{
    static const struct { unsigned char lo, hi, second_lo, second_hi; size_t n; } forms[] = {
        { 0x00, 0x7f, 0, 0, 1 },       { 0xc2, 0xdf, 0x80, 0xbf, 2 }, { 0xe0, 0xe0, 0xa0, 0xbf, 3 }, { 0xe1, 0xec, 0x80, 0xbf, 3 }, { 0xed, 0xed, 0x80, 0x9f, 3 },
        { 0xee, 0xef, 0x80, 0xbf, 3 }, { 0xf0, 0xf0, 0x90, 0xbf, 4 }, { 0xf1, 0xf3, 0x80, 0xbf, 4 }, { 0xf4, 0xf4, 0x80, 0x8f, 4 },
    };

    for (size_t f = 0; f < TOC_COUNT(forms); f++) {
        if (p[0] < forms[f].lo || p[0] > forms[f].hi) continue;
        if (left < forms[f].n) return 0;
        if (forms[f].n > 1 && (p[1] < forms[f].second_lo || p[1] > forms[f].second_hi)) return 0;
        for (size_t i = 2; i < forms[f].n; i++)
            if (p[i] < 0x80 || p[i] > 0xbf) return 0;
        return forms[f].n;
    }
    return 0;
}

size_t toc_utf8_valid(toc_str text)
{
    const unsigned char *p = (const unsigned char *)text.p;
    size_t i = 0;

    while (i < text.n) {
        uint64_t word;
        if (text.n - i >= 8 && (memcpy(&word, p + i, 8), (word & 0x8080808080808080u) == 0)) {
            i += 8;
            continue;
        }
        size_t n = utf8_sequence(p + i, text.n - i);
        if (!n) return i;
        i += n;
    }
    return text.n;
}
