/* time.c: civil dates, zones, formatting. Parsing is in time_parse.c. */
#include "base/base.h"

#include <unistd.h>

#include "base/base_int.h"

/* Days from civil and back: Howard Hinnant, "chrono-Compatible Low-Level Date Algorithms". */
int64_t toc_days_from_civil(int64_t year, unsigned month, unsigned day)
{
    year -= month <= 2;
    int64_t era = (year >= 0 ? year : year - 399) / 400;
    int64_t year_of_era = year - era * 400;
    int64_t day_of_year = (153 * ((int64_t)month + (month > 2 ? -3 : 9)) + 2) / 5 + (int64_t)day - 1;
    int64_t day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    return era * 146097 + day_of_era - 719468;
}

void toc_civil_from_days(int64_t days, int64_t *year, unsigned *month, unsigned *day)
{
    days += 719468;
    int64_t era = (days >= 0 ? days : days - 146096) / 146097;
    int64_t day_of_era = days - era * 146097;
    int64_t year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36524 - day_of_era / 146096) / 365;
    int64_t day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    int64_t shifted = (5 * day_of_year + 2) / 153;
    *day = (unsigned)(day_of_year - (153 * shifted + 2) / 5 + 1);
    *month = (unsigned)(shifted < 10 ? shifted + 3 : shifted - 9);
    *year = year_of_era + era * 400 + (*month <= 2);
}

static int64_t floor_div(int64_t a, int64_t b)
{
    return a / b - (a % b != 0 && (a ^ b) < 0);
}

toc_status toc_time_zone(toc_ctx *ctx, const char *zone)
{
    int32_t offset_s;
    char path[512];
    const char *folder = getenv("TZDIR");

    if (strcmp(zone, "UTC") == 0 || toc_parse_offset(toc_str_of(zone), &offset_s)) {
        ctx->tz_offset_s = strcmp(zone, "UTC") == 0 ? 0 : offset_s;
        ctx->tz_named = false;
        return TOC_OK;
    }
    snprintf(path, sizeof path, "%s/%s", folder ? folder : "/usr/share/zoneinfo", zone);
    if (!zone[0] || strstr(zone, "..") || zone[0] == '/' || access(path, R_OK) != 0)
        return toc_fail(ctx, TOC_E_USAGE, "--tz %s: the system knows no such zone; use UTC, an offset such as +08:00, or a name such as Asia/Shanghai", zone);
    if (setenv("TZ", zone, 1) != 0) return toc_fail(ctx, TOC_E_NOMEM, "out of memory");
    tzset();
    ctx->tz_named = true;
    return TOC_OK;
}

int64_t toc_local_to_utc(const toc_ctx *ctx, int64_t local)
{
    if (!ctx->tz_named) return local - ctx->tz_offset_s * TOC_SECOND;
    int64_t days = floor_div(local, TOC_DAY), second = floor_div(local, TOC_SECOND) - days * 86400, year;
    unsigned month, day;
    toc_civil_from_days(days, &year, &month, &day);
    struct tm tm = { .tm_year = (int)(year - 1900), .tm_mon = (int)month - 1, .tm_mday = (int)day, .tm_hour = (int)(second / 3600),
                     .tm_min = (int)(second / 60 % 60), .tm_sec = (int)(second % 60), .tm_isdst = -1 };
    return (int64_t)mktime(&tm) * TOC_SECOND + (local - floor_div(local, TOC_SECOND) * TOC_SECOND);
}

/* The wall clock of the context's zone, as if it were UTC. */
static int64_t utc_to_local(const toc_ctx *ctx, int64_t instant)
{
    if (!ctx->tz_named) return instant + ctx->tz_offset_s * TOC_SECOND;
    time_t t = (time_t)floor_div(instant, TOC_SECOND);
    struct tm tm;
    if (!localtime_r(&t, &tm)) return instant;
    int64_t days = toc_days_from_civil(tm.tm_year + 1900, (unsigned)tm.tm_mon + 1, (unsigned)tm.tm_mday);
    return days * TOC_DAY + ((int64_t)tm.tm_hour * 3600 + tm.tm_min * 60 + tm.tm_sec) * TOC_SECOND + (instant - (int64_t)t * TOC_SECOND);
}

int64_t toc_local_day(const toc_ctx *ctx, int64_t instant)
{
    return floor_div(utc_to_local(ctx, instant), TOC_DAY);
}

int64_t toc_local_midnight(const toc_ctx *ctx, int64_t day)
{
    return toc_local_to_utc(ctx, day * TOC_DAY);
}

int32_t toc_local_second(const toc_ctx *ctx, int64_t instant)
{
    int64_t local = utc_to_local(ctx, instant);
    return (int32_t)((local - floor_div(local, TOC_DAY) * TOC_DAY) / TOC_SECOND);
}

int toc_weekday(int64_t day)
{
    int64_t w = (day + 3) % 7; /* 1970-01-01 was a Thursday */
    return (int)(w < 0 ? w + 7 : w);
}

static char *digits(char *p, int64_t value, int width)
{
    for (int i = width - 1; i >= 0; i--) {
        p[i] = (char)('0' + value % 10);
        value /= 10;
    }
    return p + width;
}

static char *civil(char *p, int64_t days)
{
    int64_t year;
    unsigned month, day;

    toc_civil_from_days(days, &year, &month, &day);
    p = digits(p, year < 0 ? 0 : year > 9999 ? 9999 : year, 4);
    *p++ = '-';
    p = digits(p, month, 2);
    *p++ = '-';
    return digits(p, day, 2);
}

size_t toc_format_time(int64_t instant, char *buf)
{
    char *p = buf;

    buf[0] = 0;
    if (instant == TOC_NO_TIME) return 0;
    int64_t days = floor_div(instant, TOC_DAY), rest = instant - days * TOC_DAY, second = rest / TOC_SECOND, micros = rest % TOC_SECOND;
    p = civil(p, days);
    *p++ = 'T';
    p = digits(p, second / 3600, 2);
    *p++ = ':';
    p = digits(p, second / 60 % 60, 2);
    *p++ = ':';
    p = digits(p, second % 60, 2);
    if (micros) {
        *p++ = '.';
        p = digits(p, micros, 6);
    }
    *p++ = 'Z';
    *p = 0;
    return (size_t)(p - buf);
}

size_t toc_format_date(const toc_ctx *ctx, int64_t instant, char *buf)
{
    buf[0] = 0;
    if (instant == TOC_NO_TIME) return 0;
    char *end = civil(buf, toc_local_day(ctx, instant));
    *end = 0;
    return (size_t)(end - buf);
}
