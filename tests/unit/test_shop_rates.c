/* test_shop_rates.c: exchange rates: which one holds on a day, and exact conversion between currencies of 0, 2 and 3 digits. */
#include "shop/shop.h"
#include "../scratch.h"

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>
#include <unistd.h>

static const char *path;

static toc_status read_rates(toc_ctx *ctx, const char *text, const char *target, shop_rates **rates)
{
    FILE *f = fopen(path, "wb");
    assert_non_null(f);
    assert_true(fputs(text, f) >= 0);
    assert_int_equal(fclose(f), 0);
    toc_status st = shop_rates_read(ctx, path, target, rates);
    unlink(path);
    return st;
}

static int64_t day(int month, int day_of_month)
{
    return toc_days_from_civil(2026, (unsigned)month, (unsigned)day_of_month);
}

static void the_last_rate_holds(void **state)
{
    toc_ctx ctx;
    shop_rates *rates;
    shop_rate rate;
    (void)state;

    toc_ctx_init(&ctx);
    assert_int_equal(read_rates(&ctx, "Rate;Date;Currency\n0.92;2026-01-05;USD\n0.0061;2026-01-02;jpy\n0.91;2026-01-02;USD\n0.91;2026-01-02;USD\n", "eur",
                                &rates), TOC_OK);
    assert_string_equal(shop_rates_target(rates), "EUR");
    assert_false(shop_rate_on(rates, TOC_STR("USD"), day(1, 1), &rate));
    assert_true(shop_rate_on(rates, TOC_STR("USD"), day(1, 2), &rate) && rate.number == 91 && rate.places == 2);
    assert_true(shop_rate_on(rates, TOC_STR("usd"), day(1, 4), &rate) && rate.number == 91);
    assert_true(shop_rate_on(rates, TOC_STR("USD"), day(1, 5), &rate) && rate.number == 92);
    assert_true(shop_rate_on(rates, TOC_STR("USD"), day(12, 31), &rate) && rate.number == 92);
    assert_true(shop_rate_on(rates, TOC_STR("JPY"), day(1, 9), &rate) && rate.number == 61 && rate.places == 4);
    assert_true(shop_rate_on(rates, TOC_STR("EUR"), day(1, 1), &rate) && rate.number == 1 && rate.places == 0);
    assert_false(shop_rate_on(rates, TOC_STR("KWD"), day(1, 9), &rate));
    shop_rates_free(rates);
    toc_ctx_release(&ctx);
}

static void bad_files_are_refused(void **state)
{
    static const char *const table[] = {
        "date,currency\n2026-01-01,USD\n", "date,currency,rate\n2026-13-01,USD,1\n", "date,currency,rate\n2026-01-01,EURO,1\n",
        "date,currency,rate\n2026-01-01,USD,0\n", "date,currency,rate\n2026-01-01,USD,-1\n", "date,currency,rate\n2026-01-01,USD,1e3\n",
        "date,currency,rate\n2026-01-01,USD,\n", "date,currency,rate\n2026-01-01,USD,.\n", "date,currency,rate\n2026-01-01,USD,1.2.3\n",
        "date,currency,rate\n2026-01-01,USD,1.234567890123456\n", "date,currency,rate\n2026-01-01,USD,0.0000000000000000001\n",
        "date,currency,rate\n2026-01-01,USD,1\n2026-01-01,USD,1.1\n", "date,currency,rate\n2026-01-01,USD\n", "date,currency,rate\n2026-01-01,USD,\"1,1\"\n",
    };
    toc_ctx ctx;
    shop_rates *rates;
    (void)state;

    toc_ctx_init(&ctx);
    for (size_t i = 0; i < TOC_COUNT(table); i++)
        if (read_rates(&ctx, table[i], "EUR", &rates) != TOC_E_DATA) fail_msg("taken: %s", table[i]);
    assert_int_equal(read_rates(&ctx, "date,currency,rate\n2026-01-01,USD,1\n", NULL, &rates), TOC_E_USAGE);
    assert_int_equal(read_rates(&ctx, "date,currency,rate\n2026-01-01,USD,1\n", "XXY", &rates), TOC_E_USAGE);
    toc_ctx_release(&ctx);
}

static void conversion_is_exact(void **state)
{
    static const struct {
        shop_rate rate;
        int from, to;
        int64_t amount, result;
    } table[] = {
        { { 1, 0 }, 2, 2, 12345, 12345 },
        { { 61, 4 }, 0, 2, 1000, 610 },             /* 1000 yen at 0.0061 are 6.10 */
        { { 16345, 2 }, 2, 0, 1050, 1716 },         /* 10.50 at 163.45 are 1716.225 yen */
        { { 301, 2 }, 3, 2, 1500, 452 },            /* 1.500 dinar at 3.01 are 4.515, half away from zero */
        { { 301, 2 }, 3, 2, -1500, -452 },
        { { 332, 3 }, 2, 3, 999, 3317 },            /* 9.99 at 0.332 are 3.31668 dinar */
        { { 1, 1 }, 2, 2, 5, 1 },                   /* half a cent away from zero */
        { { 1, 1 }, 2, 2, -5, -1 },
        { { 1, 1 }, 2, 2, 4, 0 },
        { { 999999999999999, 15 }, 0, 3, 9000000000000000, 8999999999999991000 },
        { { 1, 18 }, 3, 0, INT64_MAX, 0 },
        { { 1, 0 }, 3, 3, INT64_MAX, INT64_MAX },
        { { 7, 0 }, 2, 2, TOC_NO_MONEY, TOC_NO_MONEY },
    };
    shop_rate twice = { 2, 0 };
    int64_t large = INT64_MAX / 2 + 1;
    (void)state;

    for (size_t i = 0; i < TOC_COUNT(table); i++) {
        int64_t amount = table[i].amount;
        assert_true(shop_convert(&table[i].rate, table[i].from, table[i].to, &amount));
        if (amount != table[i].result) fail_msg("%zu: %lld", i, (long long)amount);
    }
    assert_false(shop_convert(&twice, 2, 2, &large));
    assert_true(large == INT64_MAX / 2 + 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_last_rate_holds), cmocka_unit_test(bad_files_are_refused), cmocka_unit_test(conversion_is_exact),
    };
    path = scratch_path("rates.csv");
    return cmocka_run_group_tests(tests, NULL, NULL);
}
