/* test_base_money.c: amounts as shops write them, exact to the last minor unit. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/base.h"

typedef struct {
    const char *text;
    int digits;
    bool comma;
    int64_t want;
} amount;

static void accepted(void **state)
{
    static const amount cases[] = {
        { "0", 2, false, 0 }, { "12", 2, false, 1200 }, { "12.5", 2, false, 1250 }, { "12.", 2, false, 1200 }, { ".5", 2, false, 50 },
        { "1,234.50", 2, false, 123450 }, { "1,234,567", 2, false, 123456700 }, { "1,23,456.00", 2, false, 12345600 },
        { "$900.00", 2, false, 90000 }, { "-$3.50", 2, false, -350 }, { "$-3.50", 2, false, -350 }, { "-3.5", 2, false, -350 },
        { "+3.5", 2, false, 350 }, { "(3.50)", 2, false, -350 }, { "($3.50)", 2, false, -350 }, { "$(3.50)", 2, false, -350 },
        { "3.50-", 2, false, -350 }, { "-0.00", 2, false, 0 }, { "\xc2\xa5" "12", 0, false, 12 }, { "\xef\xbf\xa5" "12.34", 2, false, 1234 },
        { "12.34\xe5\x85\x83", 2, false, 1234 }, { "USD 12.00", 2, false, 1200 }, { "12.00 eur", 2, false, 1200 }, { "USD $5", 2, false, 500 },
        { "US $1,299.00", 2, false, 129900 }, { "CA$5", 2, false, 500 }, { "-$5 USD", 2, false, -500 }, { " 7 ", 2, false, 700 },
        { "12,00", 2, true, 1200 }, { "1.234,50", 2, true, 123450 }, { "1.234", 2, true, 123400 }, { "12,00 \xe2\x82\xac", 2, true, 1200 },
        { "R$ 1.234,50", 2, true, 123450 }, { "1 234,50", 2, true, 123450 }, { "1\xc2\xa0" "234,50\xc2\xa0\xe2\x82\xac", 2, true, 123450 },
        { "1\xe2\x80\xaf" "234,50", 2, true, 123450 }, { "1'234.50", 2, false, 123450 }, { "12,5 kr", 2, true, 1250 },
        { "0.005", 2, false, 1 }, { "0.00499999999999999999999", 2, false, 0 }, { "-0.005", 2, false, -1 }, { "29.989999999999998", 2, false, 2999 },
        { "0.995", 2, false, 100 }, { "9.5", 0, false, 10 }, { "1.2345", 3, false, 1235 }, { "1", 3, false, 1000 }, { "1234", 0, false, 1234 },
        { "92233720368547758.07", 2, false, INT64_MAX }, { "-92233720368547758.07", 2, false, -INT64_MAX }, { "00012", 2, false, 1200 },
    };

    (void)state;
    for (size_t i = 0; i < TOC_COUNT(cases); i++) {
        int64_t got = 0;
        if (!toc_parse_money(toc_str_of(cases[i].text), cases[i].digits, cases[i].comma, &got)) fail_msg("\"%s\" is an amount", cases[i].text);
        if (got != cases[i].want) fail_msg("\"%s\" is %lld, not %lld", cases[i].text, (long long)cases[i].want, (long long)got);
    }
}

static void refused(void **state)
{
    static const char *const texts[] = {
        "", " ", "-", "+", ".", ",", "()", "$", "USD", "abc", "1.2.3", "1,,234", ",123", "1,234,56", "1234,567", "12,3456", "1,2,345", "1,234'567", "12,50", "--3",
        "-(3)", "(-3)", "(3", "3)", "1e5", "0x10", "1 2", "12.3 4", "12.34,56", "nan", "inf", "92233720368547758.08", "99999999999999999999", "1,", "USDX 5",
        "\xff", "12\xff", "-", "- -5", "-5-",
    };
    int64_t untouched = 77;

    (void)state;
    for (size_t i = 0; i < TOC_COUNT(texts); i++)
        if (toc_parse_money(toc_str_of(texts[i]), 2, false, &untouched)) fail_msg("\"%s\" is no amount", texts[i]);
    assert_int_equal(untouched, 77);
    assert_false(toc_parse_money(TOC_STR("12.50"), 2, true, &untouched)); /* would be 1250.00 or 12.50: nobody knows */
}

static void random_amounts_come_back(void **state)
{
    toc_rng rng = toc_rng_new(5, 1);

    (void)state;
    for (size_t i = 0; i < 100000; i++) {
        int64_t minor = (int64_t)(toc_rng_u64(&rng) >> toc_rng_below(&rng, 64)), back = 0;
        int digits = (int)toc_rng_below(&rng, 4);
        char buf[32];
        if (minor == TOC_NO_MONEY) continue;
        size_t n = toc_format_money(minor, digits, buf);
        assert_int_equal(n, strlen(buf));
        assert_true(toc_parse_money((toc_str){ buf, n }, digits, false, &back));
        assert_true(back == minor);
    }
}

static void formatted(void **state)
{
    char buf[32];

    (void)state;
    toc_format_money(123450, 2, buf);
    assert_string_equal(buf, "1234.50");
    toc_format_money(-5, 2, buf);
    assert_string_equal(buf, "-0.05");
    toc_format_money(1234, 0, buf);
    assert_string_equal(buf, "1234");
    toc_format_money(-INT64_MAX, 3, buf);
    assert_string_equal(buf, "-9223372036854775.807");
    assert_int_equal(toc_format_money(TOC_NO_MONEY, 2, buf), 0);
    assert_string_equal(buf, "");
}

static void currencies(void **state)
{
    (void)state;
    assert_int_equal(toc_currency_digits(TOC_STR("EUR")), 2);
    assert_int_equal(toc_currency_digits(TOC_STR("JPY")), 0);
    assert_int_equal(toc_currency_digits(TOC_STR("jpy")), 0);
    assert_int_equal(toc_currency_digits(TOC_STR("KWD")), 3);
    assert_int_equal(toc_currency_digits(TOC_STR("")), 2);
    assert_int_equal(toc_currency_digits(TOC_STR("???")), 2);
    assert_true(toc_currency_known(TOC_STR("CNY")));
    assert_true(toc_currency_known(TOC_STR("usd")));
    assert_false(toc_currency_known(TOC_STR("US")));
    assert_false(toc_currency_known(TOC_STR("USDT")));
    assert_false(toc_currency_known(TOC_STR("AAA")));
    assert_false(toc_currency_known(TOC_STR("ED ")));
}

static void decimal_mark_of_one_amount(void **state)
{
    static const struct {
        const char *text;
        toc_decimal mark;
    } cases[] = {
        { "12.50", TOC_DECIMAL_POINT },       { "12,50", TOC_DECIMAL_COMMA },       { "12,5", TOC_DECIMAL_COMMA },
        { "1,234.50", TOC_DECIMAL_POINT },    { "1.234,50", TOC_DECIMAL_COMMA },    { "1,234,567", TOC_DECIMAL_POINT },
        { "1.234.567", TOC_DECIMAL_COMMA },   { "12,34,567.8", TOC_DECIMAL_POINT }, { "1.234.567,8", TOC_DECIMAL_COMMA },
        { "1,234", TOC_DECIMAL_EITHER },      { "1.234", TOC_DECIMAL_EITHER },      { "-999.999", TOC_DECIMAL_EITHER },
        { "0.125", TOC_DECIMAL_POINT },       { "0,125", TOC_DECIMAL_COMMA },       { "1234.567", TOC_DECIMAL_POINT },
        { "1 234,567", TOC_DECIMAL_COMMA },   { "1'234.50", TOC_DECIMAL_POINT },    { "12,3456", TOC_DECIMAL_COMMA },
        { ".5", TOC_DECIMAL_POINT },          { "-,50", TOC_DECIMAL_COMMA },        { "US$ 1,234", TOC_DECIMAL_EITHER },
        { "Rs. 1,234.00", TOC_DECIMAL_POINT }, { "12,50 kr.", TOC_DECIMAL_COMMA },  { "(1.234,00)", TOC_DECIMAL_COMMA },
        { "", TOC_DECIMAL_NONE },             { "1234", TOC_DECIMAL_NONE },         { "12.", TOC_DECIMAL_NONE },
        { "n.a.", TOC_DECIMAL_NONE },         { "1,5;2,5", TOC_DECIMAL_NONE },      { "01.02.2024 10:00", TOC_DECIMAL_NONE },
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        toc_decimal mark = toc_decimal_of((toc_str){ cases[i].text, strlen(cases[i].text) });
        if (mark != cases[i].mark) fail_msg("%s: %d, not %d", cases[i].text, (int)mark, (int)cases[i].mark);
    }
}

/* What an amount says of its mark is the reading that gives its value back. */
static void random_amounts_tell_their_mark(void **state)
{
    toc_rng rng = toc_rng_new(6, 1);

    (void)state;
    for (size_t i = 0; i < 100000; i++) {
        int64_t minor = (int64_t)(toc_rng_u64(&rng) >> toc_rng_below(&rng, 64) >> 1), back = 0;
        char plain[32], text[48];
        size_t n = toc_format_money(minor, 2, plain), whole = n - 3, out = 0;
        bool comma = toc_rng_below(&rng, 2), grouped = toc_rng_below(&rng, 2);
        for (size_t k = 0; k < n; k++) {
            if (grouped && k && k < whole && (whole - k) % 3 == 0) text[out++] = comma ? '.' : ',';
            text[out++] = plain[k] != '.' ? plain[k] : comma ? ',' : '.';
        }
        assert_int_equal(toc_decimal_of((toc_str){ text, out }), comma ? TOC_DECIMAL_COMMA : TOC_DECIMAL_POINT);
        assert_true(toc_parse_money((toc_str){ text, out }, 2, comma, &back));
        assert_true(back == minor);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(accepted), cmocka_unit_test(refused), cmocka_unit_test(random_amounts_come_back), cmocka_unit_test(formatted),
        cmocka_unit_test(currencies), cmocka_unit_test(decimal_mark_of_one_amount), cmocka_unit_test(random_amounts_tell_their_mark),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
