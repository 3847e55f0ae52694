/* time.c: civil dates, zones, formatting. Parsing is in time_parse.c.
 *
 * A named zone is read once into a table of its offsets, by asking localtime_r. mktime is not used: in the hour that autumn
 * repeats its answer depends on the calls before, and it takes a lock, so results would change with the order of rows. */
#include "base/base.h"

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

/* offset_s[i] holds from from_s[i] (seconds since 1970) to the next; from_s[0] is before all times. */
struct toc_zone {
    size_t n;
    const int64_t *from_s;
    const int32_t *offset_s;
};

static int32_t system_offset(int64_t t_s)
{
    time_t t = (time_t)t_s;
    struct tm tm;

    if (!localtime_r(&t, &tm)) return 0;
    int64_t days = toc_days_from_civil(tm.tm_year + INT64_C(1900), (unsigned)tm.tm_mon + 1, (unsigned)tm.tm_mday);
    return (int32_t)(days * 86400 + tm.tm_hour * 3600 + tm.tm_min * 60 + tm.tm_sec - t_s);
}

/* Walks day by day over the years that toc_parse_time accepts and halves down to the second of each change. */
static toc_status read_zone(toc_ctx *ctx, const struct toc_zone **zone)
{
    const int64_t first_s = toc_days_from_civil(1899, 12, 30) * 86400, last_s = toc_days_from_civil(2201, 1, 3) * 86400;
    size_t n = 0, from_cap = 0, offset_cap = 0;
    int64_t *from_s = NULL, *from_kept;
    int32_t *offset_s = NULL, *offset_kept;
    struct toc_zone *made;
    toc_status st = TOC_OK;

    for (int64_t t = first_s; t < last_s; t += 86400) {
        int64_t low = t - 86400, high = t;
        int32_t offset = system_offset(t);
        if (n && offset == offset_s[n - 1]) continue;
        while (n && high - low > 1) {
            int64_t middle = low + (high - low) / 2;
            if (system_offset(middle) == offset) high = middle;
            else low = middle;
        }
        if ((st = toc_grow(ctx, &from_s, &from_cap, n + 1, sizeof *from_s))) goto out;
        if ((st = toc_grow(ctx, &offset_s, &offset_cap, n + 1, sizeof *offset_s))) goto out;
        from_s[n] = n ? high : INT64_MIN;
        offset_s[n++] = offset;
    }
    if ((st = toc_arena_alloc(ctx, &ctx->arena, n, sizeof *from_kept, &from_kept))) goto out;
    if ((st = toc_arena_alloc(ctx, &ctx->arena, n, sizeof *offset_kept, &offset_kept))) goto out;
    if ((st = toc_arena_alloc(ctx, &ctx->arena, 1, sizeof *made, &made))) goto out;
    memcpy(from_kept, from_s, n * sizeof *from_s);
    memcpy(offset_kept, offset_s, n * sizeof *offset_s);
    *made = (struct toc_zone){ n, from_kept, offset_kept };
    *zone = made;
out:
    toc_free(from_s);
    toc_free(offset_s);
    return st;
}

/* Whether the system's zone files have one of this name; tzset would take UTC for any other without a word. */
static bool zone_exists(const char *zone)
{
    const char *folder = getenv("TZDIR");
    char path[512], magic[4] = "";

    if (!zone[0] || zone[0] == '/' || strstr(zone, "..")) return false;
    int n = snprintf(path, sizeof path, "%s/%s", folder ? folder : "/usr/share/zoneinfo", zone);
    FILE *file = n > 0 && (size_t)n < sizeof path ? fopen(path, "r") : NULL;
    bool exists = file && fread(magic, 1, 4, file) == 4 && memcmp(magic, "TZif", 4) == 0;
    if (file) fclose(file);
    return exists;
}

toc_status toc_time_zone(toc_ctx *ctx, const char *zone)
{
    int32_t offset_s = 0;

    if (toc_parse_offset(toc_str_of(zone), &offset_s)) {
        ctx->tz_offset_s = offset_s;
        ctx->tz_named = false;
        return TOC_OK;
    }
    if (!zone_exists(zone))
        return toc_fail(ctx, TOC_E_USAGE,
                        "--tz %s: the system knows no such zone; use UTC, an offset such as +08:00, or a name such as Asia/Shanghai", zone);
    if (setenv("TZ", zone, 1) != 0) return toc_fail(ctx, TOC_E_NOMEM, "out of memory");
    tzset();
    TOC_TRY(read_zone(ctx, &ctx->zone));
    ctx->tz_named = true;
    return TOC_OK;
}

/* The entry of the zone's table in force at an instant. */
static size_t zone_entry(const struct toc_zone *zone, int64_t t_s)
{
    size_t low = 0, high = zone->n;

    while (high - low > 1) {
        size_t middle = low + (high - low) / 2;
        if (zone->from_s[middle] <= t_s) low = middle;
        else high = middle;
    }
    return low;
}

/* Of a wall clock shown twice, the first instant. Of one that was skipped: the clock read on as if nothing had happened,
 * or with `at_change` the instant of the change. */
static int64_t local_to_utc(const toc_ctx *ctx, int64_t local, bool at_change)
{
    const struct toc_zone *zone = ctx->zone;

    if (!ctx->tz_named) return local - ctx->tz_offset_s * TOC_SECOND;
    int64_t local_s = floor_div(local, TOC_SECOND);
    size_t near = zone_entry(zone, local_s), first = near > 0 ? near - 1 : 0;
    for (size_t i = first; i <= near + 1 && i < zone->n; i++) { /* offsets are under a day, so the entry is one of three */
        int64_t t_s = local_s - zone->offset_s[i];
        bool last = i + 1 == zone->n;
        if (last || t_s < zone->from_s[i + 1]) return local - zone->offset_s[i] * TOC_SECOND;
        if (local_s - zone->offset_s[i + 1] < zone->from_s[i + 1])
            return at_change ? zone->from_s[i + 1] * TOC_SECOND : local - zone->offset_s[i] * TOC_SECOND;
    }
    return local - zone->offset_s[near] * TOC_SECOND;
}

int64_t toc_local_to_utc(const toc_ctx *ctx, int64_t local)
{
    return local_to_utc(ctx, local, false);
}

/* The wall clock of the context's zone, as if it were UTC. */
static int64_t utc_to_local(const toc_ctx *ctx, int64_t instant)
{
    int32_t offset_s = ctx->tz_offset_s;

    if (ctx->tz_named) offset_s = ctx->zone->offset_s[zone_entry(ctx->zone, floor_div(instant, TOC_SECOND))];
    return instant + offset_s * TOC_SECOND;
}

int64_t toc_local_day(const toc_ctx *ctx, int64_t instant)
{
    if (instant == TOC_NO_TIME) return TOC_NO_TIME;
    return floor_div(utc_to_local(ctx, instant), TOC_DAY);
}

int64_t toc_local_midnight(const toc_ctx *ctx, int64_t day)
{
    if (day == TOC_NO_TIME) return TOC_NO_TIME;
    return local_to_utc(ctx, day * TOC_DAY, true);
}

int32_t toc_local_second(const toc_ctx *ctx, int64_t instant)
{
    if (instant == TOC_NO_TIME) return 0;
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
