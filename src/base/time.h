/* time.h: instants are int64_t microseconds since 1970-01-01T00:00:00Z; a missing one is TOC_NO_TIME. Proleptic Gregorian. */
#ifndef TOC_TIME_H
#define TOC_TIME_H

#include "base/str.h"

#define TOC_NO_TIME INT64_MIN
#define TOC_SECOND INT64_C(1000000)
#define TOC_HOUR (3600 * TOC_SECOND)
#define TOC_DAY (86400 * TOC_SECOND)

/* Order of day and month in dates such as 03/04/2024. */
typedef enum { TOC_DATE_UNKNOWN, TOC_DATE_DMY, TOC_DATE_MDY, TOC_DATE_YMD } toc_date_order;

/* Days since 1970-01-01 of a civil date, and back. month 1..12, day 1..31. */
int64_t toc_days_from_civil(int64_t year, unsigned month, unsigned day);
void toc_civil_from_days(int64_t days, int64_t *year, unsigned *month, unsigned *day);

/* Sets the zone of times without an offset: "UTC", "Z", "+08:00", "-0330", or an IANA name such as Asia/Shanghai (sets the process's TZ, so call
 * it before threads start). A wall clock that autumn shows twice is the first of the two; one that spring skips is read as if the clock had
 * not been changed. TOC_E_USAGE names a zone the system does not know. */
TOC_CHECKED toc_status toc_time_zone(toc_ctx *ctx, const char *zone);

/* Parses one time: 2024-05-01, 2024-05-01T10:00:00Z, "2024-05-01 10:00:00 +0000", fractions, 2024/5/1 10:00, 20240501, 20240501T100000Z,
 * 20240501100000, 08/14/25, 14.08.2025, 12/1/2010 8:26, Jul-25-26, 25-Jul-2026, "Aug 14, 2025", "14 August 2025", 2024年5月1日10时0分, AM/PM;
 * months by their names or abbreviations in English, German, French, Spanish, Italian, Portuguese or Dutch (10-Dez-25, "14 de agosto de 2025");
 * after the clock Z, an offset, or one of the zone letters of marketplace exports (UTC, PST, PDT, CET, JST ...). Years 1900 to 2200; of two
 * digits: 70 and later are 19xx. `order` decides dates with the year last; with TOC_DATE_UNKNOWN or _YMD one whose parts are both <= 12 and
 * differ fails. A time without an offset is in the context's zone. False where it is no time, and *instant is untouched. */
bool toc_parse_time(const toc_ctx *ctx, toc_str text, toc_date_order order, int64_t *instant);
/* What one such text says of its order: DMY or MDY when one part is > 12, else UNKNOWN; YMD when the year comes first or it is no date. */
toc_date_order toc_date_order_of(toc_str text);
/* "90d", "12h", "2w", "30m", "45s", or a number of days, as microseconds > 0. */
bool toc_parse_span(toc_str text, int64_t *span);

/* ISO 8601 in UTC: 2024-05-01T10:00:00Z, with .ffffff only when not zero; "" for TOC_NO_TIME. Returns the length. buf of at least 32. */
size_t toc_format_time(int64_t instant, char *buf);
/* The date part in the context's zone, YYYY-MM-DD; buf of at least 16. */
size_t toc_format_date(const toc_ctx *ctx, int64_t instant, char *buf);
/* Days since 1970-01-01 of the local day an instant falls in, and the first instant of a local day; TOC_NO_TIME stays what it is. */
int64_t toc_local_day(const toc_ctx *ctx, int64_t instant);
int64_t toc_local_midnight(const toc_ctx *ctx, int64_t day);
/* Second of the local day, 0..86399. */
int32_t toc_local_second(const toc_ctx *ctx, int64_t instant);
/* 0 = Monday .. 6 = Sunday of a day number. */
int toc_weekday(int64_t day);

#endif
