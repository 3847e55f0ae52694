/* shop.h: the canonical tables of a shop as columns in memory, and the rules about them.
 *
 * Every table is a struct with one array a column, listed once in shop/columns.h; the schema made from the same list (shop_schema) serves the
 * code that treats all columns alike: ingest, the store, CSV writing. Ids and texts are codes of the shop's dictionaries, one for each domain,
 * so the same customer has the same code in orders and in reviews. Code 0, SHOP_NO_INT, TOC_NO_TIME and TOC_NO_MONEY mean missing. */
#ifndef SHOP_SHOP_H
#define SHOP_SHOP_H

#include "base/base.h"
#include "shop/columns.h"
#include "table/table.h"

#define SHOP_NO_INT INT64_MIN

/* Which dictionary a coded column uses. */
typedef enum {
    SHOP_D_ORDER, SHOP_D_LINE, SHOP_D_CUSTOMER, SHOP_D_MERCHANT, SHOP_D_PRODUCT, SHOP_D_REVIEW, SHOP_D_PAYMENT_KEY, SHOP_D_DEVICE, SHOP_D_IP,
    SHOP_D_EMAIL, SHOP_D_PHONE, SHOP_D_ADDRESS, SHOP_D_PLACE, SHOP_D_CATEGORY, SHOP_D_TEXT, SHOP_D_WORD,
    SHOP_N_DOMAINS
} shop_domain;

/* How a column is stored. CODE: uint32_t; the others int64_t. RATIO is stored in millionths (discount rates, ratings: 4.5 = 4500000). */
typedef enum { SHOP_T_CODE, SHOP_T_INT, SHOP_T_MONEY, SHOP_T_TIME, SHOP_T_RATIO } shop_type;
#define SHOP_RATIO 1000000

typedef enum {
    SHOP_ORDERS, SHOP_REVIEWS, SHOP_PRODUCTS, SHOP_STOCK, SHOP_PROMOTIONS, SHOP_CUSTOMERS, SHOP_MERCHANTS, SHOP_PAYMENTS, SHOP_EVENTS, SHOP_LABELS,
    SHOP_N_KINDS
} shop_kind;

#define SHOP_CTYPE_CODE uint32_t
#define SHOP_CTYPE_INT int64_t
#define SHOP_CTYPE_MONEY int64_t
#define SHOP_CTYPE_TIME int64_t
#define SHOP_CTYPE_RATIO int64_t
#define SHOP_MEMBER(name, type, domain, need) SHOP_CTYPE_##type *name;

/* The tables. known_at: when the row's state became known to us (the export's time, set by the store), TOC_NO_TIME when only one export is at hand.
 * row: 1-based record number in its source, for messages and evidence. */
#define SHOP_TABLE(tag, COLUMNS) \
    typedef struct { \
        size_t n, cap; \
        COLUMNS(SHOP_MEMBER) \
        int64_t *known_at; \
        int64_t *row; \
    } tag;
SHOP_TABLE(shop_orders, SHOP_ORDER_COLUMNS)
SHOP_TABLE(shop_reviews, SHOP_REVIEW_COLUMNS)
SHOP_TABLE(shop_products, SHOP_PRODUCT_COLUMNS)
SHOP_TABLE(shop_stock, SHOP_STOCK_COLUMNS)
SHOP_TABLE(shop_promotions, SHOP_PROMOTION_COLUMNS)
SHOP_TABLE(shop_customers, SHOP_CUSTOMER_COLUMNS)
SHOP_TABLE(shop_merchants, SHOP_MERCHANT_COLUMNS)
SHOP_TABLE(shop_payments, SHOP_PAYMENT_COLUMNS)
SHOP_TABLE(shop_events, SHOP_EVENT_COLUMNS)
SHOP_TABLE(shop_labels, SHOP_LABEL_COLUMNS)

/* One shop. Zero is an empty one. Owns everything in it. */
typedef struct {
    shop_orders orders;
    shop_reviews reviews;
    shop_products products;
    shop_stock stock;
    shop_promotions promotions;
    shop_customers customers;
    shop_merchants merchants;
    shop_payments payments;
    shop_events events;
    shop_labels labels;
    toc_pool *dict; /* SHOP_N_DOMAINS pools, heap; shared with the views of shop_as_of. NULL until shop_init */
    bool dict_borrowed;
    bool has[SHOP_N_KINDS]; /* a source of this kind was given, even an empty one */
} shop_data;

/* One column of the schema. */
typedef struct {
    const char *name;
    shop_type type;
    shop_domain domain; /* SHOP_T_CODE only */
    bool required;      /* a row without it is rejected */
    size_t offset;      /* of the array pointer in the table's struct */
} shop_column;

typedef struct {
    const char *name; /* "orders", the word of --kind and of the store's table */
    const shop_column *columns;
    size_t n_columns;
    size_t table_offset; /* of the table in shop_data */
    size_t known_at_offset, row_offset; /* of those arrays in the table's struct */
} shop_schema;

const shop_schema *shop_schema_of(shop_kind kind);
/* The kind of that name, or false. */
bool shop_kind_of(toc_str name, shop_kind *kind);
/* The place of a column in its schema, or -1. */
int shop_column_of(shop_kind kind, toc_str name);

/* Whether a column tells of something that happened; promised and planned times do not. The first such column of a kind is when its rows happened. */
bool shop_tells_past(shop_kind kind, size_t column);

TOC_CHECKED toc_status shop_init(toc_ctx *ctx, shop_data *shop);
void shop_release(shop_data *shop);

/* Typed access for code that treats columns alike. `size_t shop_rows` is n of the table. */
size_t shop_rows(const shop_data *shop, shop_kind kind);
uint32_t *shop_codes(const shop_data *shop, shop_kind kind, size_t column);
int64_t *shop_ints(const shop_data *shop, shop_kind kind, size_t column);
int64_t *shop_known_at(const shop_data *shop, shop_kind kind);
int64_t *shop_row_numbers(const shop_data *shop, shop_kind kind);
/* Adds n rows of missing values at the end; *first is the index of the first. */
TOC_CHECKED toc_status shop_add_rows(toc_ctx *ctx, shop_data *shop, shop_kind kind, size_t n, size_t *first);
/* Makes the table n rows of missing values, as shop_truncate(0) and shop_add_rows(n) do, for tables that are filled again and again: of the first *n_blank
 * rows only `columns` (1 << place in the schema) are made missing, since nothing else was ever put there. *n_blank begins at 0 and is kept up here. */
TOC_CHECKED toc_status shop_renew(toc_ctx *ctx, shop_data *shop, shop_kind kind, uint64_t columns, size_t *n_blank, size_t n);
/* Drops the rows from n on. */
void shop_truncate(shop_data *shop, shop_kind kind, size_t n);
/* Keeps the rows whose keep flag is set, in order. */
void shop_keep_rows(shop_data *shop, shop_kind kind, const bool *keep);
/* Reorders the rows: row i becomes what was row order[i]. */
TOC_CHECKED toc_status shop_reorder(toc_ctx *ctx, shop_data *shop, shop_kind kind, const uint32_t *order);
/* Whether a column has the same value in all rows. */
bool shop_is_constant(const shop_data *shop, shop_kind kind, size_t column);
/* Appends n rows of a shop with the same dictionaries: those numbered, or where rows are NULL the first n. */
TOC_CHECKED toc_status shop_copy_rows(toc_ctx *ctx, const shop_data *from, shop_kind kind, const uint32_t *rows, size_t n, shop_data *to);
/* Appends all rows of `from` (its own dictionaries) to `to`. */
TOC_CHECKED toc_status shop_append(toc_ctx *ctx, shop_data *to, const shop_data *from);
/* A text for a code of a domain. */
static inline const char *shop_text(const shop_data *shop, shop_domain domain, uint32_t code) { return toc_pool_text(&shop->dict[domain], code); }

/* Why shop_parse_cell refused a cell. */
typedef enum { SHOP_CELL_OK, SHOP_CELL_BAD_INT, SHOP_CELL_BAD_MONEY, SHOP_CELL_BAD_TIME, SHOP_CELL_BAD_RATIO, SHOP_CELL_NO_MEMORY } shop_cell;
/* How text becomes values. */
typedef struct {
    bool decimal_comma;
    toc_date_order date_order;
    int money_digits; /* of the row's currency */
} shop_format;
/* Parses canonical text into one cell; an empty text is missing. The caller makes the message. */
shop_cell shop_parse_cell(toc_ctx *ctx, shop_data *shop, shop_kind kind, size_t column, size_t row, toc_str text, const shop_format *format);
/* The text of one cell as canonical CSV shows it; borrowed as tab_cell's. */
toc_str shop_cell_text(const shop_data *shop, shop_kind kind, size_t column, size_t row, char *buf);
/* Writes one table as canonical CSV: all columns of the schema that have a value in any row, and the required ones. On all threads; the same bytes for
 * any number of them. Errors: TOC_E_NOMEM. */
TOC_CHECKED toc_status shop_write_csv(toc_ctx *ctx, const shop_data *shop, shop_kind kind, toc_out *out);
/* The parts of it, appended to a buffer. Sets of columns are 1 << place in the schema. */
uint64_t shop_required_columns(shop_kind kind);
uint64_t shop_filled_columns(const shop_data *shop, shop_kind kind, size_t from, size_t to); /* those with a value in rows [from, to) */
TOC_CHECKED toc_status shop_csv_header(toc_ctx *ctx, shop_kind kind, uint64_t columns, toc_buf *buf);
TOC_CHECKED toc_status shop_csv_row(toc_ctx *ctx, const shop_data *shop, shop_kind kind, uint64_t columns, size_t row, toc_buf *buf);
/* A cell: a text of n bytes, borrowed, none where n is 0; or where text is NULL the integer n, SHOP_NO_INT = missing. */
typedef struct {
    const char *text;
    int64_t n;
} shop_value;
/* Some rows of one kind by row, for those who handle each once in passing. Zero is an empty one. */
typedef struct {
    size_t n, width;     /* rows, and cells of a row */
    uint64_t columns;    /* of the cells, in their order: 1 << place in the schema */
    shop_value *cells;   /* n * width */
    int64_t *rows;       /* numbers in their source (n) */
    size_t cap_cells, cap_rows;
} shop_block;
/* Makes room for n rows, to be filled by the caller. Errors: TOC_E_NOMEM, the block is empty then. */
TOC_CHECKED toc_status shop_block_reset(toc_ctx *ctx, shop_block *block, uint64_t columns, size_t n);
/* Rows [from, from + n) of a shop, good until rows or texts are added. Errors: TOC_E_NOMEM. */
TOC_CHECKED toc_status shop_block_fill(toc_ctx *ctx, const shop_data *shop, shop_kind kind, uint64_t columns, size_t from, size_t n, shop_block *block);
void shop_block_release(shop_block *block);
/* Keeps of the order lines with equal order and line id the last one: the newest state, where rows came in the order of their exports. Lines
 * without a line id are left alone. Errors: TOC_E_NOMEM. */
TOC_CHECKED toc_status shop_keep_newest(toc_ctx *ctx, shop_data *shop);
/* Sorts every table canonically (time, then ids by text), so that nothing later depends on row order of the exports. */
TOC_CHECKED toc_status shop_sort(toc_ctx *ctx, shop_data *shop);
/* Gives all spellings of an address, e-mail address or payment key (txt_fold) the code of the one that comes first, so that who shares one shows whatever
 * way it is written, and as it does when it is masked. After shop_sort; a spelling of before T is then never replaced by a later one. Linear. */
TOC_CHECKED toc_status shop_join_spellings(toc_ctx *ctx, shop_data *shop);

/* The set of statuses; in dictionaries as their names ("placed" ...), in SHOP_D_WORD. */
typedef enum { SHOP_PLACED, SHOP_PAID, SHOP_SHIPPED, SHOP_DELIVERED, SHOP_RETURNED, SHOP_REFUNDED, SHOP_CANCELLED, SHOP_UNPAID, SHOP_N_STATUSES, SHOP_NO_STATUS } shop_status;
const char *shop_status_name(shop_status status);
bool shop_status_of(toc_str name, shop_status *status);
/* The status of order line i: from its status column, else from its time columns. */
shop_status shop_line_status(const shop_data *shop, size_t line);
/* A line that gives goods back (quantity < 0, such as invoices C...): counts as a return, never as a purchase. */
bool shop_line_is_return(const shop_data *shop, size_t line);
/* A purchase: not a return line, quantity > 0, not cancelled, not unpaid. */
bool shop_line_is_purchase(const shop_data *shop, size_t line);
/* What the line is worth in minor units: line_total, else quantity * unit_price - discount; 0 when neither is known. Negative for return lines. */
int64_t shop_line_amount(const shop_data *shop, size_t line);

/* Exchange rates into one currency, from a CSV file of date, currency, rate: so many units of the target for one unit. Heap. */
typedef struct shop_rates shop_rates;
/* number / 10^places, number < 10^15, places <= 18. */
typedef struct {
    uint64_t number;
    int places;
} shop_rate;
/* Reads a file of rates ("-" is stdin), in any order. target: an ISO 4217 code. Errors: as rd_open; TOC_E_USAGE (no such target), TOC_E_DATA (a column
 * that is missing, a cell that cannot be read, two rates for one day: file and line). */
TOC_CHECKED toc_status shop_rates_read(toc_ctx *ctx, const char *path, const char *target, shop_rates **rates);
void shop_rates_free(shop_rates *rates);
const char *shop_rates_target(const shop_rates *rates); /* in capitals; lives as long as the rates */
/* The last rate on or before a local day (toc_local_day); 1 for the target itself. False where there is none. */
bool shop_rate_on(const shop_rates *rates, toc_str currency, int64_t day, shop_rate *rate);
/* Converts minor units of from_digits into minor units of to_digits (0 to 3), exactly but for one rounding, half away from zero. TOC_NO_MONEY stays.
 * False, and *amount as it was, where the result does not fit. */
bool shop_convert(const shop_rate *rate, int from_digits, int to_digits, int64_t *amount);

/* First midnight (zone of ctx) after the latest event: order placed, review written, stock counted. Rule 1 of design.md: where fewer than 0.1 % of
 * events lie more than 7 days after all others, TOC_E_DATA names them. TOC_E_DATA also when there is no event. */
TOC_CHECKED toc_status shop_default_as_of(toc_ctx *ctx, const shop_data *shop, int64_t *as_of);
/* The check of it: `late` of n events, fewer than one in a thousand, begin at `after`, all others end at `before`. */
TOC_CHECKED toc_status shop_check_gap(toc_ctx *ctx, int64_t before, int64_t after, size_t late, size_t n);
/* The default moment without all times at hand: events counted by day, from 1990-01-01 to 2099-12-31 (SHOP_DAYS of them). */
typedef struct {
    size_t n;
    int64_t first, last;
} shop_day;
#define SHOP_FIRST_DAY INT64_C(7305)
#define SHOP_DAYS ((size_t)(INT64_C(47482) - SHOP_FIRST_DAY))
static inline void shop_count_day(shop_day *days, int64_t at)
{
    shop_day *d = &days[at / TOC_DAY - SHOP_FIRST_DAY];

    if (!d->n++) d->first = d->last = at;
    if (at < d->first) d->first = at;
    if (at > d->last) d->last = at;
}
/* Adds the events of `more`. */
void shop_add_days(shop_day *days, const shop_day *more);
/* As shop_default_as_of of these events. */
TOC_CHECKED toc_status shop_days_as_of(toc_ctx *ctx, const shop_day *days, int64_t *as_of);
/* The earliest order, TOC_NO_TIME when there is none. */
int64_t shop_first_order(const shop_data *shop);
/* The shop as it was known just before T: later rows left out, later times and what they brought (status, refund amount) blanked; status is
 * the newest one whose own time, or else known_at, is before T. A status or refund with neither is blanked, and its column named in `dropped`
 * (set of 1 << column of SHOP_ORDERS; may be NULL). `view` borrows the dictionaries of shop, so shop must outlive it; release with shop_release.
 * Everything that learns or computes features at T works on such a view, so the future cannot leak. */
TOC_CHECKED toc_status shop_as_of(toc_ctx *ctx, const shop_data *shop, int64_t as_of, shop_data *view, uint64_t *dropped);
/* The same in the memory of a view of this or another shop that is no longer wanted. */
TOC_CHECKED toc_status shop_as_of_again(toc_ctx *ctx, const shop_data *shop, int64_t as_of, shop_data *view, uint64_t *dropped);
/* The same for n rows of one kind, ascending, each at its own moment at[i]; view: zero, or what this made of another kind. Adds to *dropped. For many
 * moments of many entities at once; other kinds of the view are empty. On an error too release the view. */
TOC_CHECKED toc_status shop_as_of_rows(toc_ctx *ctx, const shop_data *shop, shop_kind kind, const uint32_t *rows, const int64_t *at, size_t n,
                                       shop_data *view, uint64_t *dropped);

#endif
