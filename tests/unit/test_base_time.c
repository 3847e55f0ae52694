/* test_base_time.c: civil dates against a day-by-day calendar, every shape of time shops write, zones with their odd hours. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <unistd.h>
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

static bool leap(int64_t year)
{
    return year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
}

static void civil_days_follow_the_calendar(void **state)
{
    static const unsigned lengths[] = { 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31 };
    int64_t days = -135140; /* 1600-01-01 */

    (void)state;
    for (int64_t year = 1600; year <= 2400; year++) {
        for (unsigned month = 1; month <= 12; month++) {
            unsigned length = lengths[month - 1] + (month == 2 && leap(year));
            for (unsigned day = 1; day <= length; day++, days++) {
                int64_t y = 0;
                unsigned m = 0, d = 0;
                assert_int_equal(toc_days_from_civil(year, month, day), days);
                toc_civil_from_days(days, &y, &m, &d);
                assert_true(y == year && m == month && d == day);
            }
        }
    }
    assert_int_equal(toc_days_from_civil(1970, 1, 1), 0);
    assert_int_equal(toc_weekday(0), 3);                                  /* a Thursday */
    assert_int_equal(toc_weekday(-1), 2);
    assert_int_equal(toc_weekday(toc_days_from_civil(2024, 2, 29)), 3);   /* a Thursday */
    assert_int_equal(toc_weekday(toc_days_from_civil(1900, 1, 1)), 0);    /* a Monday */
}

typedef struct {
    const char *text;
    toc_date_order order;
    const char *want; /* "" = refused */
} shape;

static void check(const toc_ctx *ctx, const shape *shapes, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        int64_t instant = 42;
        char got[32] = "", *copy = NULL;
        size_t length = strlen(shapes[i].text);
        toc_ctx own;
        /* a copy that ends where the text ends: reading on is an error under the sanitizer */
        toc_ctx_init(&own);
        assert_int_equal(toc_alloc(&own, length, 1, &copy), TOC_OK);
        memcpy(copy, shapes[i].text, length);
        bool ok = toc_parse_time(ctx, (toc_str){ copy, length }, shapes[i].order, &instant);
        toc_free(copy);
        if (ok) toc_format_time(instant, got);
        else assert_int_equal(instant, 42);
        if (strcmp(got, shapes[i].want) != 0) fail_msg("\"%s\": \"%s\", not \"%s\"", shapes[i].text, got, shapes[i].want);
    }
}

static void shapes_accepted(void **state)
{
    static const shape shapes[] = {
        { "2024-05-01", TOC_DATE_UNKNOWN, "2024-05-01T00:00:00Z" },
        { "2024-05-01T10:00:00Z", TOC_DATE_UNKNOWN, "2024-05-01T10:00:00Z" },
        { "2024-05-01t10:00z", TOC_DATE_UNKNOWN, "2024-05-01T10:00:00Z" },
        { "2024-05-01 10:00:00 +0000", TOC_DATE_UNKNOWN, "2024-05-01T10:00:00Z" },
        { "2024-05-01 10:00:00 -0400", TOC_DATE_UNKNOWN, "2024-05-01T14:00:00Z" },
        { "2024-05-01T10:00:00+05:30", TOC_DATE_UNKNOWN, "2024-05-01T04:30:00Z" },
        { "2024-05-01T01:00:00+08", TOC_DATE_UNKNOWN, "2024-04-30T17:00:00Z" },
        { "2024-05-01 10:00:00 UTC", TOC_DATE_UNKNOWN, "2024-05-01T10:00:00Z" },
        { "2014-02-25 07:26:55 PST", TOC_DATE_UNKNOWN, "2014-02-25T15:26:55Z" },
        { "2014-07-25 07:26:55 PDT", TOC_DATE_UNKNOWN, "2014-07-25T14:26:55Z" },
        { "2024-05-01 10:00 GMT+8", TOC_DATE_UNKNOWN, "2024-05-01T02:00:00Z" },
        { "2024-05-01 10:00:00 (UTC-03:30)", TOC_DATE_UNKNOWN, "2024-05-01T13:30:00Z" },
        { "2024-05-01 10:00:00 (PDT)", TOC_DATE_UNKNOWN, "2024-05-01T17:00:00Z" },
        { "25/02/2014 07:26:55 CET", TOC_DATE_UNKNOWN, "2014-02-25T06:26:55Z" },
        { "29.10.2014 00:00:00 UTC", TOC_DATE_UNKNOWN, "2014-10-29T00:00:00Z" },
        { "2024-05-01T10:00:00.5Z", TOC_DATE_UNKNOWN, "2024-05-01T10:00:00.500000Z" },
        { "2024-05-01T10:00:00.123456789Z", TOC_DATE_UNKNOWN, "2024-05-01T10:00:00.123456Z" },
        { "2024-05-01 10:00:00,001", TOC_DATE_UNKNOWN, "2024-05-01T10:00:00.001000Z" },
        { "2024/5/1 10:00", TOC_DATE_UNKNOWN, "2024-05-01T10:00:00Z" },
        { "2024.5.1", TOC_DATE_UNKNOWN, "2024-05-01T00:00:00Z" },
        { "20240501", TOC_DATE_UNKNOWN, "2024-05-01T00:00:00Z" },
        { "20240501T100203Z", TOC_DATE_UNKNOWN, "2024-05-01T10:02:03Z" },
        { "20240501T1002+0100", TOC_DATE_UNKNOWN, "2024-05-01T09:02:00Z" },
        { "20240501100203", TOC_DATE_UNKNOWN, "2024-05-01T10:02:03Z" },
        { "20240501 10:02", TOC_DATE_UNKNOWN, "2024-05-01T10:02:00Z" },
        { "08/14/25", TOC_DATE_UNKNOWN, "2025-08-14T00:00:00Z" },
        { "14.08.2025", TOC_DATE_UNKNOWN, "2025-08-14T00:00:00Z" },
        { "14-08-2025 23:59", TOC_DATE_UNKNOWN, "2025-08-14T23:59:00Z" },
        { "03/04/2024", TOC_DATE_DMY, "2024-04-03T00:00:00Z" },
        { "03/04/2024", TOC_DATE_MDY, "2024-03-04T00:00:00Z" },
        { "03/03/2024", TOC_DATE_UNKNOWN, "2024-03-03T00:00:00Z" },
        { "12/1/2010 8:26", TOC_DATE_MDY, "2010-12-01T08:26:00Z" },
        { "12/1/2010 8:26 PM", TOC_DATE_MDY, "2010-12-01T20:26:00Z" },
        { "12/31/2010, 12:05:09am", TOC_DATE_MDY, "2010-12-31T00:05:09Z" },
        { "12/31/2010 12:05 pm PST", TOC_DATE_MDY, "2010-12-31T20:05:00Z" },
        { "Jul-25-26", TOC_DATE_UNKNOWN, "2026-07-25T00:00:00Z" },
        { "25-Jul-26", TOC_DATE_UNKNOWN, "2026-07-25T00:00:00Z" },
        { "25-JUL-2026 10:00", TOC_DATE_UNKNOWN, "2026-07-25T10:00:00Z" },
        { "Aug 14, 2025", TOC_DATE_UNKNOWN, "2025-08-14T00:00:00Z" },
        { "Aug 14, 2025, 10:00:00 AM", TOC_DATE_UNKNOWN, "2025-08-14T10:00:00Z" },
        { "August 1 2025", TOC_DATE_UNKNOWN, "2025-08-01T00:00:00Z" },
        { "Sept 1, 2025", TOC_DATE_UNKNOWN, "2025-09-01T00:00:00Z" },
        { "14 August 2025 09:05", TOC_DATE_UNKNOWN, "2025-08-14T09:05:00Z" },
        { "10-Dez-25", TOC_DATE_UNKNOWN, "2025-12-10T00:00:00Z" },
        { "3. März 2025", TOC_DATE_UNKNOWN, "2025-03-03T00:00:00Z" },
        { "03-MÄR-25", TOC_DATE_UNKNOWN, "2025-03-03T00:00:00Z" },
        { "Dez 29, 2025", TOC_DATE_UNKNOWN, "2025-12-29T00:00:00Z" },
        { "12-févr.-24", TOC_DATE_UNKNOWN, "2024-02-12T00:00:00Z" },
        { "12 AOÛT 2024 10:00", TOC_DATE_UNKNOWN, "2024-08-12T10:00:00Z" },
        { "1 juin 2024", TOC_DATE_UNKNOWN, "2024-06-01T00:00:00Z" },
        { "1 juil. 2024", TOC_DATE_UNKNOWN, "2024-07-01T00:00:00Z" },
        { "12-abr-24", TOC_DATE_UNKNOWN, "2024-04-12T00:00:00Z" },
        { "14 de agosto de 2025", TOC_DATE_UNKNOWN, "2025-08-14T00:00:00Z" },
        { "5-gen-24", TOC_DATE_UNKNOWN, "2024-01-05T00:00:00Z" },
        { "5 out. 2024", TOC_DATE_UNKNOWN, "2024-10-05T00:00:00Z" },
        { "30-mei-2024", TOC_DATE_UNKNOWN, "2024-05-30T00:00:00Z" },
        { "2024年5月1日", TOC_DATE_UNKNOWN, "2024-05-01T00:00:00Z" },
        { "2024年5月1日 10时0分", TOC_DATE_UNKNOWN, "2024-05-01T10:00:00Z" },
        { "2024年05月01日10时02分03秒", TOC_DATE_UNKNOWN, "2024-05-01T10:02:03Z" },
        { "2024年5月1日10:02", TOC_DATE_UNKNOWN, "2024-05-01T10:02:00Z" },
        { "2024-02-29", TOC_DATE_UNKNOWN, "2024-02-29T00:00:00Z" },
        { "2000-02-29", TOC_DATE_UNKNOWN, "2000-02-29T00:00:00Z" },
        { "1969-12-31 23:59:59.999999", TOC_DATE_UNKNOWN, "1969-12-31T23:59:59.999999Z" },
        { "1900-01-01", TOC_DATE_UNKNOWN, "1900-01-01T00:00:00Z" },
        { "2200-12-31 23:59:59", TOC_DATE_UNKNOWN, "2200-12-31T23:59:59Z" },
        { "01/15/70", TOC_DATE_MDY, "1970-01-15T00:00:00Z" },
        { "01/15/69", TOC_DATE_MDY, "2069-01-15T00:00:00Z" },
    };

    check(*state, shapes, TOC_COUNT(shapes));
}

static void shapes_refused(void **state)
{
    static const char *const texts[] = {
        "", " ", "x", "2024", "2024-05", "2024-5", "2024-13-01", "2024-00-01", "2024-04-31", "2024-01-00", "2023-02-29", "1900-02-29", "2100-02-29",
        "1899-12-31", "2201-01-01", "2024-05-01T", "2024-05-01 ", "2024-05-01x", "2024-05-01 x", "2024-05-01T10", "2024-05-01 24:00",
        "2024-05-01 23:60", "2024-05-01 23:59:60", "2024-05-01 10:0", "2024-05-01 10:00:", "2024-05-01 10:00:0", "2024-05-01 10:00:00.",
        "2024-05-01 10:00:00 +15:00", "2024-05-01 10:00:00 +1", "2024-05-01 10:00:00 +01:6", "2024-05-01 10:00:00 +01:60", "2024-05-01 10:00 QQQ",
        "2024-05-01 13:00 PM", "2024-05-01 0:00 AM", "2024-05-01 10:00 AMX", "2024/05-01", "20240501,", "20240501T", "2024050110", "202405011000005",
        "03/04/2024", "13/13/2024", "32/01/2024", "1/2/3", "1/15/203", "1/15/20245", "14 08 2025", "Marble 5, 2024", "Ju 5, 2024", "Jul-32-26", "Jul-25",
        "2024-05-01 10:00 GMT8", "2024-05-01 10:00 +8", "2024-05-01 10:00 (", "2024-05-01 10:00 ()", "2024-05-01 10:00 GMT+", "2024-05-01 10:00 (UTC+8", "5-jui-24", "5-ma-24", "5-janfeb-24", "14 de 08 de 2025", "14. 08 2025", "5-mär\xc3", "5-\xc3", "5-m\xc3\xa4-24", "5- mar-24",
        "2024年5月", "2024年13月1日", "2024年5月1日10时5", "-2024-05-01", "+1", "1e5", "12345", "2024-05-01T10:00:00ZZ", "99999999", "00000000",
        "0000-00-00", "0000-00-00 00:00:00", "2024--05-01", "2.02E+18", "2024-05-0l",
    };

    for (size_t i = 0; i < TOC_COUNT(texts); i++)
        for (int order = TOC_DATE_UNKNOWN; order <= TOC_DATE_YMD; order++)
            if (strcmp(texts[i], "03/04/2024") != 0 || (order != TOC_DATE_DMY && order != TOC_DATE_MDY))
                check(*state, &(shape){ texts[i], (toc_date_order)order, "" }, 1);
    check(*state, &(shape){ "14/08/2025", TOC_DATE_MDY, "" }, 1);
    check(*state, &(shape){ "08/14/2025", TOC_DATE_DMY, "" }, 1);
}

static void orders_told(void **state)
{
    static const struct { const char *text; toc_date_order want; } cases[] = {
        { "14/08/2025", TOC_DATE_DMY }, { "08/14/25", TOC_DATE_MDY },  { "03/04/2024 10:00", TOC_DATE_UNKNOWN }, { "2024-05-01", TOC_DATE_YMD },
        { "20240501", TOC_DATE_YMD },   { "Jul-25-26", TOC_DATE_YMD }, { "hello", TOC_DATE_YMD },                { "", TOC_DATE_YMD },
        { "14.08.2025", TOC_DATE_DMY },
    };

    (void)state;
    for (size_t i = 0; i < TOC_COUNT(cases); i++) assert_int_equal(toc_date_order_of(toc_str_of(cases[i].text)), cases[i].want);
}

static void random_instants_come_back(void **state)
{
    toc_rng rng = toc_rng_new(7, 1);
    int64_t low = toc_days_from_civil(1900, 1, 1) * TOC_DAY, high = toc_days_from_civil(2201, 1, 1) * TOC_DAY;

    for (size_t i = 0; i < 100000; i++) {
        int64_t instant = low + (int64_t)toc_rng_below(&rng, (uint64_t)(high - low)), back = 0;
        char buf[32];
        if (i % 2) instant -= ((instant % TOC_SECOND) + TOC_SECOND) % TOC_SECOND;
        size_t length = toc_format_time(instant, buf);
        assert_int_equal(length, strlen(buf));
        assert_true(toc_parse_time(*state, toc_str_of(buf), TOC_DATE_UNKNOWN, &back));
        assert_int_equal(back, instant);
    }
}

static int64_t at(const toc_ctx *ctx, const char *text)
{
    int64_t instant = 0;

    if (!toc_parse_time(ctx, toc_str_of(text), TOC_DATE_UNKNOWN, &instant)) fail_msg("\"%s\" is no time", text);
    return instant;
}

static void fixed_zones(void **state)
{
    static const struct { const char *zone; int32_t offset_s; } good[] = {
        { "UTC", 0 }, { "Z", 0 }, { "+08:00", 28800 }, { "-0330", -12600 }, { "+05", 18000 }, { "-12:00", -43200 }, { "+14:00", 50400 },
    };
    static const char *const bad[] = { "", "America", "Nowhere/Else", "../etc/passwd", "/etc/passwd", "+8", "+25:00", "zone1970.tab", "+1400x" };
    toc_ctx *ctx = *state;
    char date[16];

    for (size_t i = 0; i < TOC_COUNT(good); i++) {
        assert_int_equal(toc_time_zone(ctx, good[i].zone), TOC_OK);
        assert_int_equal(at(ctx, "2024-05-01 12:00"), at(ctx, "2024-05-01 12:00Z") - good[i].offset_s * TOC_SECOND);
    }
    for (size_t i = 0; i < TOC_COUNT(bad); i++) {
        ctx->message[0] = 0;
        assert_int_equal(toc_time_zone(ctx, bad[i]), TOC_E_USAGE);
        assert_non_null(strstr(ctx->message, bad[i]));
    }
    assert_int_equal(toc_time_zone(ctx, "-03:30"), TOC_OK);
    assert_int_equal(toc_format_date(ctx, at(ctx, "1969-01-01 00:30Z"), date), 10);
    assert_string_equal(date, "1968-12-31");
    assert_int_equal(toc_local_second(ctx, at(ctx, "1969-01-01 00:30Z")), 21 * 3600);
    assert_int_equal(toc_local_day(ctx, TOC_NO_TIME), TOC_NO_TIME);
    assert_int_equal(toc_local_midnight(ctx, TOC_NO_TIME), TOC_NO_TIME);
    assert_int_equal(toc_format_date(ctx, TOC_NO_TIME, date), 0);
    assert_string_equal(date, "");
}

static void need(toc_ctx *ctx, const char *zone)
{
    if (toc_time_zone(ctx, zone) != TOC_OK) skip(); /* a system without zone files */
}

static void named_zones(void **state)
{
    toc_ctx *ctx = *state;

    need(ctx, "America/New_York");
    assert_int_equal(at(ctx, "2024-07-01 00:00"), at(ctx, "2024-07-01T04:00:00Z"));
    assert_int_equal(at(ctx, "2024-01-01 00:00"), at(ctx, "2024-01-01T05:00:00Z"));
    assert_int_equal(at(ctx, "2024-11-03 01:30"), at(ctx, "2024-11-03T05:30:00Z")); /* shown twice: the first */
    assert_int_equal(at(ctx, "2024-12-01 00:00"), at(ctx, "2024-12-01T05:00:00Z"));
    assert_int_equal(at(ctx, "2024-11-03 01:30"), at(ctx, "2024-11-03T05:30:00Z")); /* whatever was asked before */
    assert_int_equal(at(ctx, "2024-11-03 02:00"), at(ctx, "2024-11-03T07:00:00Z"));
    assert_int_equal(at(ctx, "2024-03-10 02:30"), at(ctx, "2024-03-10T07:30:00Z")); /* skipped: read on */
    assert_int_equal(at(ctx, "2024-03-10 01:59:59"), at(ctx, "2024-03-10T06:59:59Z"));
    assert_int_equal(at(ctx, "2024-03-10 03:00"), at(ctx, "2024-03-10T07:00:00Z"));
    assert_int_equal(at(ctx, "2150-07-01 00:00"), at(ctx, "2150-07-01T04:00:00Z"));
    assert_int_equal(toc_local_midnight(ctx, toc_days_from_civil(2024, 11, 4)) - toc_local_midnight(ctx, toc_days_from_civil(2024, 11, 3)), 25 * TOC_HOUR);
    need(ctx, "America/Sao_Paulo"); /* summer began at midnight: that day has none */
    assert_int_equal(toc_local_midnight(ctx, toc_days_from_civil(2018, 11, 4)), at(ctx, "2018-11-04T03:00:00Z"));
    assert_int_equal(toc_local_second(ctx, at(ctx, "2018-11-04T03:00:00Z")), 3600);
    need(ctx, "Asia/Shanghai");
    assert_int_equal(at(ctx, "1988-07-01 00:00"), at(ctx, "1988-06-30T15:00:00Z")); /* the summer time of those years */
    assert_int_equal(at(ctx, "2024-07-01 00:00"), at(ctx, "2024-06-30T16:00:00Z"));
    need(ctx, "Pacific/Apia"); /* 2011-12-30 did not happen there */
    assert_int_equal(toc_local_midnight(ctx, toc_days_from_civil(2011, 12, 31)) - toc_local_midnight(ctx, toc_days_from_civil(2011, 12, 29)), TOC_DAY);
}

/* The table of a zone against the C library, at random instants and beside every hour of change. */
static void zones_agree_with_the_system(void **state)
{
    static const char *const zones[] = { "Europe/Berlin", "America/St_Johns", "Africa/Casablanca", "Australia/Lord_Howe", "Asia/Kathmandu", "Asia/Tehran" };
    toc_ctx *ctx = *state;
    toc_rng rng = toc_rng_new(3, 1);

    for (size_t z = 0; z < TOC_COUNT(zones); z++) {
        need(ctx, zones[z]);
        for (size_t i = 0; i < 20000; i++) {
            time_t t = (time_t)((int64_t)toc_rng_below(&rng, 300 * UINT64_C(31556952)) - INT64_C(2208988800));
            struct tm tm;
            int64_t instant = (int64_t)t * TOC_SECOND;
            assert_non_null(localtime_r(&t, &tm));
            assert_int_equal(toc_local_day(ctx, instant), toc_days_from_civil(tm.tm_year + INT64_C(1900), (unsigned)tm.tm_mon + 1, (unsigned)tm.tm_mday));
            assert_int_equal(toc_local_second(ctx, instant), tm.tm_hour * 3600 + tm.tm_min * 60 + tm.tm_sec);
            int64_t midnight = toc_local_midnight(ctx, toc_local_day(ctx, instant));
            assert_true(midnight <= instant && instant - midnight < 26 * TOC_HOUR);
            assert_int_equal(toc_local_day(ctx, midnight), toc_local_day(ctx, instant));
        }
    }
}

static void out_of_memory_leaves_the_zone(void **state)
{
    toc_ctx *ctx = *state;

    need(ctx, "Europe/Paris");
    int64_t summer = at(ctx, "2024-07-01 00:00");
    for (int64_t n = 0;; n++) {
        ctx->allocations_left = n;
        toc_status st = toc_time_zone(ctx, "Asia/Tokyo");
        ctx->allocations_left = -1;
        if (!st) break;
        assert_int_equal(st, TOC_E_NOMEM);
        assert_int_equal(at(ctx, "2024-07-01 00:00"), summer);
        assert_true(n < 100);
    }
    assert_int_equal(at(ctx, "2024-07-01 00:00"), at(ctx, "2024-06-30T15:00:00Z"));
}

static void spans(void **state)
{
    static const struct { const char *text; int64_t want; } good[] = {
        { "90d", 90 * TOC_DAY }, { "12h", 12 * TOC_HOUR }, { "2w", 14 * TOC_DAY }, { "30m", 1800 * TOC_SECOND }, { "45s", 45 * TOC_SECOND }, { "7", 7 * TOC_DAY },
    };
    static const char *const bad[] = { "", "d", "0", "0d", "-1d", "1y", "1.5x", "1 d", "9223372036854775807", "9223372036854775807s", "99999999999w" };
    int64_t span = 0;

    (void)state;
    for (size_t i = 0; i < TOC_COUNT(good); i++) {
        assert_true(toc_parse_span(toc_str_of(good[i].text), &span));
        assert_int_equal(span, good[i].want);
    }
    for (size_t i = 0; i < TOC_COUNT(bad); i++)
        if (toc_parse_span(toc_str_of(bad[i]), &span)) fail_msg("\"%s\" is no span", bad[i]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(civil_days_follow_the_calendar),
        cmocka_unit_test_setup_teardown(shapes_accepted, setup, teardown),
        cmocka_unit_test_setup_teardown(shapes_refused, setup, teardown),
        cmocka_unit_test(orders_told),
        cmocka_unit_test_setup_teardown(random_instants_come_back, setup, teardown),
        cmocka_unit_test_setup_teardown(fixed_zones, setup, teardown),
        cmocka_unit_test_setup_teardown(named_zones, setup, teardown),
        cmocka_unit_test_setup_teardown(zones_agree_with_the_system, setup, teardown),
        cmocka_unit_test_setup_teardown(out_of_memory_leaves_the_zone, setup, teardown),
        cmocka_unit_test(spans),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
