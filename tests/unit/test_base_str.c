/* test_base_str.c: slices, strict numbers, round trips of doubles, UTF-8, hashing, buffers. */
#include <float.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/base.h"

static int setup(void **state)
{
    static toc_ctx ctx;

    toc_ctx_init(&ctx);
    *state = &ctx;
    return 0;
}

static int teardown(void **state)
{
    toc_ctx_release(*state);
    return 0;
}

static void slices(void **state)
{
    toc_str rest = TOC_STR("a,,b"), piece, none = { NULL, 0 };

    (void)state;
    assert_true(toc_str_eq(toc_str_of(NULL), none));
    assert_true(toc_str_is(TOC_STR("abc"), "abc") && !toc_str_is(TOC_STR("abc"), "abcd") && !toc_str_is(TOC_STR("a\0c"), "a"));
    assert_true(toc_str_is_nocase(TOC_STR("OrDer-ID"), "order-id") && !toc_str_is_nocase(TOC_STR("order[id"), "order{id"));
    assert_true(toc_str_starts(TOC_STR("abc"), "ab") && toc_str_starts(none, "") && !toc_str_starts(TOC_STR("a"), "ab"));
    assert_true(toc_str_ends(TOC_STR("abc"), "bc") && !toc_str_ends(TOC_STR("c"), "bc"));
    assert_true(toc_str_has(TOC_STR("abcd"), "bc") && toc_str_has(TOC_STR("abcd"), "d") && !toc_str_has(TOC_STR("abcd"), "cb") && !toc_str_has(none, "x"));
    assert_true(toc_str_is(toc_str_trim(TOC_STR(" \t\r\n a b\n ")), "a b") && toc_str_trim(TOC_STR("  ")).n == 0);
    assert_true(toc_str_cmp(TOC_STR("a"), TOC_STR("b")) < 0 && toc_str_cmp(TOC_STR("ab"), TOC_STR("a")) > 0 && toc_str_cmp(none, none) == 0);
    assert_true(toc_str_cmp(TOC_STR("\xff"), TOC_STR("a")) > 0); /* bytes, not chars */
    assert_true(toc_str_split(&rest, ',', &piece) && toc_str_is(piece, "a"));
    assert_true(toc_str_split(&rest, ',', &piece) && toc_str_is(piece, ""));
    assert_true(toc_str_split(&rest, ',', &piece) && toc_str_is(piece, "b"));
    assert_false(toc_str_split(&rest, ',', &piece));
}

static void whole_numbers(void **state)
{
    static const struct { const char *text; int64_t want; } good[] = {
        { "0", 0 }, { "-0", 0 }, { "+7", 7 }, { "007", 7 }, { "-12", -12 }, { "9223372036854775807", INT64_MAX }, { "-9223372036854775808", INT64_MIN },
    };
    static const char *const bad[] = { "", "-", "+", " 1", "1 ", "1.0", "1e3", "0x1", "--1", "9223372036854775808", "-9223372036854775809", "99999999999999999999" };
    int64_t value;

    (void)state;
    for (size_t i = 0; i < TOC_COUNT(good); i++) {
        assert_true(toc_parse_int(toc_str_of(good[i].text), &value));
        assert_true(value == good[i].want);
    }
    value = 5;
    for (size_t i = 0; i < TOC_COUNT(bad); i++)
        if (toc_parse_int(toc_str_of(bad[i]), &value)) fail_msg("\"%s\" is no whole number", bad[i]);
    assert_int_equal(value, 5);
}

static void decimals(void **state)
{
    static const char *const good[] = {
        "0", "-0", "1", "1.5", ".5", "5.", "1e5", "1E-5", "1e+05", "123456789012345678901234567890", "0.1", "0.30000000000000004", "9007199254740993",
        "9007199254740991e22", "1e22", "1e23", "1e-22", "1e-23", "4.9e-324", "2.2250738585072011e-308", "1.7976931348623157e308", "1e-400",
        "0.000000000000000000000000000000000000012345", "179769313486231570000000000000000000000", "3.14159265358979323846264338327950288",
        "100000000000000016777215", "100000000000000016777216",
    };
    static const char *const bad[] = { "", ".", "-", "e5", "1e", "1e+", "1.2.3", " 1", "1 ", "inf", "nan", "NaN", "infinity", "0x10", "1,5", "1e400", "1d5", "--1", "+-1" };
    double value;

    (void)state;
    for (size_t i = 0; i < TOC_COUNT(good); i++) {
        if (!toc_parse_double(toc_str_of(good[i]), &value)) fail_msg("\"%s\" is a number", good[i]);
        if (value != strtod(good[i], NULL)) fail_msg("\"%s\" is not %.17g", good[i], value);
    }
    value = 5;
    for (size_t i = 0; i < TOC_COUNT(bad); i++)
        if (toc_parse_double(toc_str_of(bad[i]), &value)) fail_msg("\"%s\" is no number", bad[i]);
    assert_true(value == 5);
}

/* No format of fewer digits reads back, and none between 1e-5 and 1e15 has an exponent. */
static void check_format(double x)
{
    char buf[32], shorter[340];
    double back = 0;
    size_t n = toc_format_double(x, buf), digits = 0, leading = 0;

    assert_true(n == strlen(buf) && n < sizeof buf);
    if (!toc_parse_double((toc_str){ buf, n }, &back) || back != x) fail_msg("%.17g written as %s", x, buf);
    bool has_exponent = strchr(buf, 'e') != NULL, started = false;
    if (fabs(x) >= 1e-5 && fabs(x) < 1e15 && has_exponent) fail_msg("%.17g written as %s", x, buf);
    for (const char *p = buf; *p && *p != 'e'; p++) {
        if (*p < '0' || *p > '9') continue;
        started |= *p != '0';
        digits += started;
        leading = *p == '0' ? leading : digits; /* without zeros at the end */
    }
    if (leading > 1) {
        snprintf(shorter, sizeof shorter, "%.*g", (int)leading - 1, x);
        if (strtod(shorter, NULL) == x) fail_msg("%.17g written as %s, not %s", x, buf, shorter);
    }
}

static void doubles_come_back(void **state)
{
    static const double special[] = { 0.1, 0.3, 1.0 / 3, 1e-5, 9.99999e-6, 1.5e-5, 99999e-9, 1e15, 999999999999999.9, 123456789.123456, 1e21, 5e-324, DBL_MIN, DBL_MAX,
                                      0x1p53, 0x1p53 + 2, 0x1p63, 0x1p64, 2.5e-8, 0.0000123456789012345, 1e9 + 1e-6, 0.1 + 0.2, 1e-4, 9.9999999999999991e-5 };
    toc_rng rng = toc_rng_new(11, 1);
    char buf[32];

    (void)state;
    for (size_t i = 0; i < TOC_COUNT(special); i++) {
        check_format(special[i]);
        check_format(-special[i]);
    }
    for (size_t i = 0; i < 50000; i++) {
        uint64_t bits = toc_rng_u64(&rng);
        double any;
        memcpy(&any, &bits, sizeof any);
        if (isfinite(any)) check_format(any);
        check_format(toc_rng_normal(&rng));
        check_format((double)toc_rng_below(&rng, 10000000) / 100);
        check_format((double)toc_rng_below(&rng, 1000000000) * 1e-9);
        check_format(toc_rng_unit(&rng) * pow(10, (double)toc_rng_below(&rng, 30) - 10));
    }
    assert_int_equal(toc_format_double(NAN, buf), 0);
    assert_string_equal(buf, "");
    toc_format_double(-0.0, buf);
    assert_string_equal(buf, "0");
    toc_format_double(-1234.5, buf);
    assert_string_equal(buf, "-1234.5");
    toc_format_double(0.00001, buf);
    assert_string_equal(buf, "0.00001");
    toc_format_double(-7, buf);
    assert_string_equal(buf, "-7");
    toc_format_double(0.000013, buf);
    assert_string_equal(buf, "0.000013");
}

/* printf with 15 to 17 digits, the first that reads back, without an exponent. */
static void plain_format(double x, char *buf)
{
    for (int digits = 15;; digits++) {
        size_t n;
        if (x < 1e-4) n = (size_t)snprintf(buf, 40, "%.*f", digits + 4, x);
        else n = (size_t)snprintf(buf, 40, "%.*g", digits, x);
        while (x < 1e-4 && buf[n - 1] == '0') buf[--n] = 0;
        if (digits == 17 || strtod(buf, NULL) == x) return;
    }
}

/* Whole numbers aside, which are written with all their digits. */
static void as_printf_rounds(void **state)
{
    toc_rng rng = toc_rng_new(17, 1);
    char ours[40], plain[40];

    (void)state;
    for (size_t i = 0; i < 200000; i++) {
        const double power = ldexp(1, (int)toc_rng_below(&rng, 66) - 16);
        const double tried[] = { toc_rng_unit(&rng) * pow(10, (double)toc_rng_below(&rng, 21) - 5), (double)toc_rng_below(&rng, 1000000) / (double)(1 + toc_rng_below(&rng, 1000)),
                                 nextafter(pow(10, (double)toc_rng_below(&rng, 20) - 5), i & 1 ? 1e300 : 0), power, nextafter(power, i & 1 ? 1e300 : 0),
                                 power * (double)(1 + toc_rng_below(&rng, 4096)) };
        const double x = tried[i % TOC_COUNT(tried)];
        if (x < 1e-5 || x >= 1e15 || x == floor(x)) continue;
        toc_format_double(x, ours);
        plain_format(x, plain);
        assert_string_equal(ours, plain);
    }
}

/* The same decimal as printf's shortest one that reads back, plain where it is of usual size. */
static void check_float(float x)
{
    char ours[40], plain[40];
    int digits = fabsf(x) < 0x1p-126f ? 1 : 6;
    size_t n = toc_format_float(x, ours);

    do snprintf(plain, sizeof plain, "%.*e", digits++ - 1, (double)x);
    while (digits <= 9 && strtof(plain, NULL) != x);
    assert_true(n == strlen(ours));
    if (strtod(ours, NULL) != strtod(plain, NULL)) fail_msg("%.9g written as %s, not %s", (double)x, ours, plain);
    if (fabsf(x) >= 1e-5f && fabsf(x) < 1e5f && strchr(ours, 'e')) fail_msg("%.9g written as %s", (double)x, ours);
}

static void floats_come_back(void **state)
{
    static const float special[] = { 0, 1, -1, 0.1f, 1e-5f, 9.9999e-6f, 0.3f, 99999.99f, 1e5f, 0x1p24f, FLT_MIN, FLT_MAX, 1e-45f, 0.00012207031f, 0x1p-13f, 0x1p-16f };
    toc_rng rng = toc_rng_new(19, 1);
    char buf[40];

    (void)state;
    for (size_t i = 0; i < TOC_COUNT(special); i++) check_float(special[i]);
    for (size_t i = 0; i < 200000; i++) {
        uint32_t bits = (uint32_t)toc_rng_u64(&rng);
        float any;
        memcpy(&any, &bits, sizeof any);
        if (isfinite(any)) check_float(any);
        check_float((float)(toc_rng_normal(&rng) * 0.05));
        check_float(ldexpf(1, (int)toc_rng_below(&rng, 40) - 20));
        check_float((float)toc_rng_below(&rng, 1000000) / 1000);
    }
    assert_int_equal(toc_format_float(NAN, buf), 0);
    toc_format_float(-0.5f, buf);
    assert_string_equal(buf, "-0.5");
}

/* The rule of RFC 3629, by decoding. */
static size_t plain_valid(const unsigned char *p, size_t n)
{
    for (size_t i = 0; i < n;) {
        size_t more = p[i] < 0x80 ? 0 : p[i] >= 0xc0 && p[i] < 0xe0 ? 1 : p[i] >= 0xe0 && p[i] < 0xf0 ? 2 : p[i] >= 0xf0 && p[i] < 0xf8 ? 3 : 9;
        static const uint32_t least[] = { 0, 0x80, 0x800, 0x10000 };
        if (more == 9 || i + more >= n) return i;
        uint32_t code = more == 0 ? p[i] : p[i] & (0x3fu >> more);
        for (size_t k = 1; k <= more; k++) {
            if ((p[i + k] & 0xc0) != 0x80) return i;
            code = code << 6 | (p[i + k] & 0x3fu);
        }
        if (code < least[more] || code > 0x10ffff || (code >= 0xd800 && code < 0xe000)) return i;
        i += more + 1;
    }
    return n;
}

static void utf8(void **state)
{
    toc_rng rng = toc_rng_new(13, 1);
    unsigned char text[64];

    (void)state;
    for (unsigned a = 0; a < 256; a++) {
        for (unsigned b = 0; b < 256; b++) {
            unsigned char four[] = { (unsigned char)a, (unsigned char)b, 0x80, 0x80 };
            for (size_t n = 1; n <= 4; n++) assert_int_equal(toc_utf8_valid((toc_str){ (const char *)four, n }), plain_valid(four, n));
        }
    }
    for (size_t i = 0; i < 200000; i++) {
        size_t n = (size_t)toc_rng_below(&rng, sizeof text);
        bool mostly_ascii = i % 2;
        for (size_t k = 0; k < n; k++) text[k] = (unsigned char)(mostly_ascii && toc_rng_below(&rng, 20) ? 'a' : toc_rng_u64(&rng));
        assert_int_equal(toc_utf8_valid((toc_str){ (const char *)text, n }), plain_valid(text, n));
    }
    assert_int_equal(toc_utf8_valid((toc_str){ NULL, 0 }), 0);
}

/* Values are kept in files nowhere, but runs on all machines shall agree; and near texts shall differ. */
static void hashes(void **state)
{
    char text[64] = {0};
    toc_ctx *ctx = *state;
    toc_map seen = {0};
    size_t changed[64] = {0};

    for (size_t n = 0; n < sizeof text; n++) { /* zero bytes count */
        uint64_t *value;
        bool fresh;
        assert_int_equal(toc_map_at(ctx, &seen, toc_str_hash((toc_str){ text, n }), &value, &fresh), TOC_OK);
        assert_true(fresh);
    }
    toc_map_release(&seen);
    for (unsigned i = 0; i < 4096; i++) { /* every bit of the hash changes about half the time when one bit of a text does */
        char one[24];
        size_t n = (size_t)snprintf(one, sizeof one, "order-%08u", i * 7919u);
        uint64_t before = toc_str_hash((toc_str){ one, n });
        one[i % n] = (char)(one[i % n] ^ (1 << (i / n % 8)));
        uint64_t diff = before ^ toc_str_hash((toc_str){ one, n });
        for (size_t b = 0; b < 64; b++) changed[b] += diff >> b & 1;
    }
    for (size_t b = 0; b < 64; b++) assert_true(changed[b] > 1800 && changed[b] < 2300); /* 2048 +- 8 deviations */
}

static void buffers(void **state)
{
    toc_ctx *ctx = *state;
    toc_buf buf = {0};

    assert_int_equal(toc_buf_add(ctx, &buf, NULL, 0), TOC_OK);
    assert_string_equal(buf.p, "");
    assert_int_equal(toc_buf_str(ctx, &buf, "ab"), TOC_OK);
    assert_int_equal(toc_buf_char(ctx, &buf, 'c'), TOC_OK);
    assert_int_equal(toc_buf_printf(ctx, &buf, "%d-%s", 12, "xyz"), TOC_OK);
    assert_string_equal(buf.p, "abc12-xyz");
    assert_int_equal(buf.n, 9);
    for (int i = 0; i < 10000; i++) assert_int_equal(toc_buf_printf(ctx, &buf, "%05d", i), TOC_OK);
    assert_int_equal(buf.n, 50009);
    assert_memory_equal(buf.p + 9 + 5 * 9999, "09999", 6);
    toc_buf_reset(&buf);
    assert_string_equal(buf.p, "");
    ctx->allocations_left = 0;
    size_t cap = buf.cap;
    assert_int_equal(toc_buf_printf(ctx, &buf, "%*d", (int)cap, 1), TOC_E_NOMEM);
    ctx->allocations_left = -1;
    assert_int_equal(buf.n, 0);
    toc_buf_release(&buf);
    toc_buf_release(&buf);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(slices), cmocka_unit_test(whole_numbers), cmocka_unit_test(decimals), cmocka_unit_test(doubles_come_back), cmocka_unit_test(as_printf_rounds), cmocka_unit_test(floats_come_back),
        cmocka_unit_test(utf8),
        cmocka_unit_test_setup_teardown(hashes, setup, teardown), cmocka_unit_test_setup_teardown(buffers, setup, teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
