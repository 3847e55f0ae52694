/* rates.c: exchange rates, and amounts from one currency into another.
 *
 * A rate is a decimal number, so it is kept as one: number / 10^places. An amount of d digits becomes one of t digits by
 *   amount * number * 10^t / (10^places * 10^d)
 * in 128 bits, rounded once, half away from zero. 2^63 * 10^15 * 10^3 is less than 2^123, so nothing overflows on the way. */
#include "shop/shop.h"

#include "reader/reader.h"

__extension__ typedef __int128 wide;

#define MAX_NUMBER UINT64_C(1000000000000000)
enum { MAX_PLACES = 18 };

typedef struct {
    uint32_t currency; /* its three letters */
    int64_t day;       /* since 1970 */
    shop_rate rate;
    size_t line;
} entry;

struct shop_rates {
    char target[4];
    uint32_t target_letters;
    entry *entries; /* by currency and day */
    size_t n, cap;
};

static uint32_t letters_of(toc_str currency)
{
    uint32_t letters = 0;

    for (size_t i = 0; i < 3 && currency.n == 3; i++) {
        char c = currency.p[i];
        letters = letters << 8 | (uint32_t)(unsigned char)(c >= 'a' && c <= 'z' ? c - 32 : c);
    }
    return letters;
}

/* A decimal number above 0, without exponent, group marks or decimal comma. */
static bool parse_rate(toc_str text, shop_rate *rate)
{
    shop_rate made = {0};
    bool point = false, digit = false;

    while (text.n > 1 && text.p[text.n - 1] == '0' && toc_str_has(text, ".")) text.n--;
    for (size_t i = 0; i < text.n; i++) {
        char c = text.p[i];
        if (c == '.' && !point) {
            point = true;
            continue;
        }
        if (c < '0' || c > '9' || made.number >= MAX_NUMBER / 10) return false;
        made.number = made.number * 10 + (uint64_t)(c - '0');
        made.places += point;
        digit = true;
    }
    if (!digit || !made.number || made.places > MAX_PLACES) return false;
    *rate = made;
    return true;
}

static int compare(const void *a, const void *b, const void *arg)
{
    const entry *x = a, *y = b;

    (void)arg;
    if (x->currency != y->currency) return x->currency < y->currency ? -1 : 1;
    return (x->day > y->day) - (x->day < y->day);
}

/* Where the columns are in the records of a file of rates. */
typedef struct {
    size_t date, currency, rate;
} places;

static toc_status find_columns(toc_ctx *ctx, const rd_reader *reader, places *at)
{
    const struct {
        const char *name;
        size_t *at;
    } wanted[] = { { "date", &at->date }, { "currency", &at->currency }, { "rate", &at->rate } };
    size_t n;
    const toc_str *header = rd_header(reader, &n);

    for (size_t k = 0; k < TOC_COUNT(wanted); k++) {
        *wanted[k].at = SIZE_MAX;
        for (size_t j = 0; j < n; j++)
            if (toc_str_is_nocase(header[j], wanted[k].name)) *wanted[k].at = j;
        if (*wanted[k].at == SIZE_MAX)
            return toc_fail(ctx, TOC_E_DATA, "%s: no column \"%s\"; rates have the columns date, currency, rate", rd_path(reader), wanted[k].name);
    }
    return TOC_OK;
}

static toc_status add_record(toc_ctx *ctx, const rd_reader *reader, const rd_batch *batch, const rd_record *record, const places *at,
                             shop_rates *rates)
{
    toc_str date = toc_str_trim(rd_field(batch, record, at->date)), currency = toc_str_trim(rd_field(batch, record, at->currency));
    toc_str text = toc_str_trim(rd_field(batch, record, at->rate));
    entry e = { .currency = letters_of(currency), .line = rd_line(batch, record) };
    const char *path = rd_path(reader);
    char why[160];
    int64_t instant;

    if (record->fault == RD_TRAILER) return TOC_OK;
    if (record->fault) return toc_fail(ctx, TOC_E_DATA, "%s:%zu: %s", path, e.line, rd_fault_text(reader, batch, record, why));
    if (!toc_parse_time(ctx, date, TOC_DATE_YMD, &instant))
        return toc_fail(ctx, TOC_E_DATA, "%s:%zu: \"%.*s\" is no date such as 2026-01-31", path, e.line, (int)TOC_MIN(date.n, (size_t)40), date.p);
    if (!toc_currency_known(currency))
        return toc_fail(ctx, TOC_E_DATA, "%s:%zu: \"%.*s\" is no ISO 4217 currency", path, e.line, (int)TOC_MIN(currency.n, (size_t)40), currency.p);
    if (!parse_rate(text, &e.rate))
        return toc_fail(ctx, TOC_E_DATA, "%s:%zu: \"%.*s\" is no rate above 0 such as 1.0837", path, e.line, (int)TOC_MIN(text.n, (size_t)40),
                        text.p);
    e.day = toc_local_day(ctx, instant);
    TOC_TRY(toc_grow(ctx, &rates->entries, &rates->cap, rates->n + 1, sizeof *rates->entries));
    rates->entries[rates->n++] = e;
    return TOC_OK;
}

/* By currency and day; a day told twice must be told alike. */
static toc_status settle(toc_ctx *ctx, const char *path, shop_rates *rates)
{
    size_t kept = 0;

    TOC_TRY(toc_sort(ctx, rates->entries, rates->n, sizeof *rates->entries, compare, NULL));
    for (size_t i = 0; i < rates->n; i++) {
        const entry *e = &rates->entries[i], *before = kept ? &rates->entries[kept - 1] : NULL;
        bool again = before && compare(before, e, NULL) == 0;
        if (again && (before->rate.number != e->rate.number || before->rate.places != e->rate.places))
            return toc_fail(ctx, TOC_E_DATA, "%s:%zu: another rate for the same currency and day as on line %zu", path, e->line, before->line);
        if (!again) rates->entries[kept++] = *e;
    }
    rates->n = kept;
    return TOC_OK;
}

toc_status shop_rates_read(toc_ctx *ctx, const char *path, const char *target, shop_rates **rates)
{
    rd_reader *reader = NULL;
    rd_batch batch = {0};
    shop_rates *made = NULL;
    places at;
    toc_status st;

    if (!toc_currency_known(toc_str_of(target)))
        return toc_fail(ctx, TOC_E_USAGE, "--rates needs --currency CODE, the ISO 4217 currency to convert to");
    if ((st = toc_alloc(ctx, 1, sizeof *made, &made))) goto out;
    made->target_letters = letters_of(toc_str_of(target));
    for (size_t i = 0; i < 3; i++) made->target[i] = (char)(made->target_letters >> (16 - 8 * i) & 0xff);
    if ((st = rd_open(ctx, path, NULL, &reader))) goto out;
    if ((st = find_columns(ctx, reader, &at))) goto out;
    for (;;) {
        if ((st = rd_next(ctx, reader, &batch))) goto out;
        if (!batch.n) break;
        for (size_t i = 0; i < batch.n; i++)
            if ((st = add_record(ctx, reader, &batch, &batch.records[i], &at, made))) goto out;
    }
    if ((st = settle(ctx, rd_path(reader), made))) goto out;
    *rates = made;
    made = NULL;
out:
    rd_batch_release(&batch);
    rd_close(reader);
    shop_rates_free(made);
    return st;
}

void shop_rates_free(shop_rates *rates)
{
    if (rates) toc_free(rates->entries);
    toc_free(rates);
}

const char *shop_rates_target(const shop_rates *rates)
{
    return rates->target;
}

bool shop_rate_on(const shop_rates *rates, toc_str currency, int64_t day, shop_rate *rate)
{
    entry wanted = { .currency = letters_of(currency), .day = day };
    size_t low = 0, high = rates->n; /* entries before low are not after it */

    if (wanted.currency == rates->target_letters) {
        *rate = (shop_rate){ .number = 1 };
        return true;
    }
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (compare(&rates->entries[middle], &wanted, NULL) <= 0) low = middle + 1;
        else high = middle;
    }
    if (!low || rates->entries[low - 1].currency != wanted.currency) return false;
    *rate = rates->entries[low - 1].rate;
    return true;
}

static wide power_of_ten(int n)
{
    wide power = 1;

    while (n-- > 0) power *= 10;
    return power;
}

bool shop_convert(const shop_rate *rate, int from_digits, int to_digits, int64_t *amount)
{
    bool negative = *amount < 0;
    wide top = (wide)*amount * (wide)rate->number * power_of_ten(to_digits - from_digits);
    wide bottom = power_of_ten(rate->places) * power_of_ten(from_digits - to_digits);

    if (*amount == TOC_NO_MONEY) return true;
    if (negative) top = -top;
    wide value = (2 * top + bottom) / (2 * bottom);
    if (value > INT64_MAX) return false;
    *amount = negative ? -(int64_t)value : (int64_t)value;
    return true;
}
