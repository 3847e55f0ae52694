/* money.h: amounts are int64_t minor units of an ISO 4217 currency; a missing one is TOC_NO_MONEY. */
#ifndef TOC_MONEY_H
#define TOC_MONEY_H

#include "base/str.h"

#define TOC_NO_MONEY INT64_MIN

/* Decimal digits of a currency's minor unit: 2 for EUR and for what is unknown or empty, 0 for JPY, 3 for KWD. Any case. */
int toc_currency_digits(toc_str currency);
/* Whether three letters are an ISO 4217 code in use. Any case. */
bool toc_currency_known(toc_str currency);
/* "1,234.50", "$900.00", "¥12", "-3.5", "(3.50)", "3.50-", "USD 12", "12,00" and "1.234,00" with decimal_comma; groups also by blanks or
 * apostrophes, and by two before the last three (India). Digits beyond the minor unit are rounded half away from zero. False where it is
 * no amount or does not fit; *minor is untouched. */
bool toc_parse_money(toc_str text, int digits, bool decimal_comma, int64_t *minor);
/* What one amount says of its decimal mark. The mark is the last of two kinds, or the only one that stands once with other than
 * three digits behind it (or with a leading 0, or more than three digits, in front); a kind that stands twice groups thousands.
 * EITHER: one mark, three digits behind it. NONE: no mark, or no amount. */
typedef enum { TOC_DECIMAL_NONE, TOC_DECIMAL_POINT, TOC_DECIMAL_COMMA, TOC_DECIMAL_EITHER } toc_decimal;
toc_decimal toc_decimal_of(toc_str text);
/* "1234.50"; "" for TOC_NO_MONEY. Returns the length. buf of at least 32. */
size_t toc_format_money(int64_t minor, int digits, char *buf);

#endif
