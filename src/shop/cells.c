/* cells.c: one cell from text and to text, and whole tables as canonical CSV. */
#include "shop/shop.h"

#include <math.h>

static bool parse_ratio(toc_str text, bool decimal_comma, int64_t *value)
{
    char copy[64];
    double number;

    if (decimal_comma && text.n < sizeof copy) {
        memcpy(copy, text.p, text.n);
        for (size_t i = 0; i < text.n; i++)
            if (copy[i] == ',') copy[i] = '.';
        text.p = copy;
    }
    bool percent = text.n > 1 && text.p[text.n - 1] == '%';
    if (percent) text.n--;
    if (!toc_parse_double(text, &number) || fabs(number) > 1e12) return false;
    *value = (int64_t)llround(number * (percent ? 0.01 : 1) * SHOP_RATIO);
    return true;
}

/* "12.0", "12,00", "1,234,567", "1.234,0": nothing but zeros behind the decimal mark. Whether 1.000 is one or a thousand cannot be told. */
static bool parse_marked(toc_str text, toc_decimal mark, int64_t *value)
{
    char decimal = mark == TOC_DECIMAL_COMMA ? ',' : '.';
    size_t whole = text.n;

    if (mark == TOC_DECIMAL_EITHER) return false;
    for (size_t i = 0; i < text.n; i++) {
        if (!strchr("0123456789.,'+- ", text.p[i])) return false;
        if (text.p[i] == decimal) whole = i;
    }
    for (size_t i = whole + 1; i < text.n; i++)
        if (text.p[i] != '0') return false;
    return toc_parse_money((toc_str){ text.p, whole }, 0, mark == TOC_DECIMAL_COMMA, value);
}

/* Whole numbers, also with zeros behind a decimal mark, with thousands apart, true and false, yes and no, 是 and 否. */
static bool parse_int(toc_str text, int64_t *value)
{
    static const struct { const char *word; int64_t value; } words[] = {
        { "true", 1 }, { "false", 0 }, { "yes", 1 }, { "no", 0 }, { "y", 1 }, { "n", 0 }, { "是", 1 }, { "否", 0 },
    };
    double number;

    if (toc_parse_int(text, value)) return true;
    for (size_t i = 0; i < TOC_COUNT(words); i++) {
        if (!toc_str_is_nocase(text, words[i].word)) continue;
        *value = words[i].value;
        return true;
    }
    toc_decimal mark = toc_decimal_of(text);
    if (mark != TOC_DECIMAL_NONE && !memchr(text.p, 'e', text.n) && !memchr(text.p, 'E', text.n)) return parse_marked(text, mark, value);
    if (!toc_parse_double(text, &number) || number != floor(number) || fabs(number) > 9e15) return false;
    *value = (int64_t)number;
    return true;
}

shop_cell shop_parse_cell(toc_ctx *ctx, shop_data *shop, shop_kind kind, size_t column, size_t row, toc_str text, const shop_format *format)
{
    const shop_column *c = &shop_schema_of(kind)->columns[column];
    int64_t *ints = shop_ints(shop, kind, column);

    text = toc_str_trim(text);
    if (c->type == SHOP_T_CODE) {
        toc_status st = toc_pool_intern(ctx, &shop->dict[c->domain], text, &shop_codes(shop, kind, column)[row]);
        return st ? SHOP_CELL_NO_MEMORY : SHOP_CELL_OK;
    }
    if (!text.n) {
        ints[row] = SHOP_NO_INT;
        return SHOP_CELL_OK;
    }
    switch (c->type) {
    case SHOP_T_INT: return parse_int(text, &ints[row]) ? SHOP_CELL_OK : SHOP_CELL_BAD_INT;
    case SHOP_T_MONEY: return toc_parse_money(text, format->money_digits, format->decimal_comma, &ints[row]) ? SHOP_CELL_OK : SHOP_CELL_BAD_MONEY;
    case SHOP_T_TIME: return toc_parse_time(ctx, text, format->date_order, &ints[row]) ? SHOP_CELL_OK : SHOP_CELL_BAD_TIME;
    case SHOP_T_RATIO: return parse_ratio(text, format->decimal_comma, &ints[row]) ? SHOP_CELL_OK : SHOP_CELL_BAD_RATIO;
    case SHOP_T_CODE: break;
    }
    return SHOP_CELL_OK;
}

/* Decimal digits of a row's currency, where its table has one; 2 else. */
static int money_digits(const shop_data *shop, shop_kind kind, size_t row)
{
    const uint32_t *codes = kind == SHOP_ORDERS ? shop->orders.currency : kind == SHOP_PAYMENTS ? shop->payments.currency : NULL;
    return codes ? toc_currency_digits(toc_pool_str(&shop->dict[SHOP_D_WORD], codes[row])) : 2;
}

toc_str shop_cell_text(const shop_data *shop, shop_kind kind, size_t column, size_t row, char *buf)
{
    const shop_column *c = &shop_schema_of(kind)->columns[column];

    if (c->type == SHOP_T_CODE) return toc_pool_str(&shop->dict[c->domain], shop_codes(shop, kind, column)[row]);
    int64_t value = shop_ints(shop, kind, column)[row];
    if (value == SHOP_NO_INT) return (toc_str){ buf, 0 };
    switch (c->type) {
    case SHOP_T_MONEY: return (toc_str){ buf, toc_format_money(value, money_digits(shop, kind, row), buf) };
    case SHOP_T_TIME: return (toc_str){ buf, toc_format_time(value, buf) };
    case SHOP_T_RATIO: return (toc_str){ buf, toc_format_double((double)value / SHOP_RATIO, buf) };
    case SHOP_T_INT:
    case SHOP_T_CODE: break;
    }
    return (toc_str){ buf, toc_format_int(value, buf) };
}

uint64_t shop_filled_columns(const shop_data *shop, shop_kind kind, size_t from, size_t to)
{
    const shop_schema *schema = shop_schema_of(kind);
    uint64_t filled = 0;

    for (size_t j = 0; j < schema->n_columns; j++) {
        const uint32_t *codes = schema->columns[j].type == SHOP_T_CODE ? shop_codes(shop, kind, j) : NULL;
        const int64_t *ints = codes ? NULL : shop_ints(shop, kind, j);
        size_t i = from;
        while (i < to && (codes ? codes[i] == 0 : ints[i] == SHOP_NO_INT)) i++;
        filled |= (uint64_t)(i < to) << j;
    }
    return filled;
}

toc_status shop_csv_header(toc_ctx *ctx, shop_kind kind, uint64_t columns, toc_buf *buf)
{
    const shop_schema *schema = shop_schema_of(kind);

    for (size_t j = 0, first = 1; j < schema->n_columns; j++) {
        if (!(columns >> j & 1)) continue;
        TOC_TRY(toc_buf_printf(ctx, buf, "%s%s", first ? "" : ",", schema->columns[j].name));
        first = 0;
    }
    return toc_buf_char(ctx, buf, '\n');
}

toc_status shop_csv_row(toc_ctx *ctx, const shop_data *shop, shop_kind kind, uint64_t columns, size_t row, toc_buf *buf)
{
    const shop_schema *schema = shop_schema_of(kind);
    char text[40];

    if (!columns) return toc_buf_char(ctx, buf, '\n');
    for (; columns; columns &= columns - 1) {
        size_t j = (size_t)__builtin_ctzll(columns);
        const shop_column *c = &schema->columns[j];
        if (c->type == SHOP_T_CODE) TOC_TRY(tab_csv_add(ctx, buf, toc_pool_str(&shop->dict[c->domain], shop_codes(shop, kind, j)[row])));
        else {
            toc_str cell = shop_cell_text(shop, kind, j, row, text);
            TOC_TRY(toc_buf_add(ctx, buf, cell.p, cell.n));
        }
        TOC_TRY(toc_buf_char(ctx, buf, ','));
    }
    buf->p[buf->n - 1] = '\n';
    return TOC_OK;
}

uint64_t shop_required_columns(shop_kind kind)
{
    const shop_schema *schema = shop_schema_of(kind);
    uint64_t required = 0;

    for (size_t j = 0; j < schema->n_columns; j++) required |= (uint64_t)schema->columns[j].required << j;
    return required;
}

/* ---- whole tables ---- */

#define ROWS 4096 /* formatted by one thread at a time */

typedef struct {
    const shop_data *shop;
    shop_kind kind;
    uint64_t columns;
    size_t first; /* row of the first buffer */
    toc_buf *bufs;
} writer;

static toc_status format_rows(toc_ctx *ctx, void *arg, size_t task)
{
    const writer *w = arg;
    size_t first = w->first + task * ROWS, end = TOC_MIN(shop_rows(w->shop, w->kind), first + ROWS);

    toc_buf_reset(&w->bufs[task]);
    for (size_t i = first; i < end; i++) TOC_TRY(shop_csv_row(ctx, w->shop, w->kind, w->columns, i, &w->bufs[task]));
    return TOC_OK;
}

toc_status shop_write_csv(toc_ctx *ctx, const shop_data *shop, shop_kind kind, toc_out *out)
{
    size_t n_rows = shop_rows(shop, kind), most = ctx->n_threads * 8, n;
    writer w = { .shop = shop, .kind = kind, .columns = shop_required_columns(kind) | shop_filled_columns(shop, kind, 0, n_rows) };
    toc_status st = toc_alloc(ctx, most, sizeof *w.bufs, &w.bufs);

    if (!st) st = shop_csv_header(ctx, kind, w.columns, &w.bufs[0]);
    if (!st) toc_out_write(out, w.bufs[0].p, w.bufs[0].n);
    for (; w.first < n_rows && !st; w.first += n * ROWS) {
        n = TOC_MIN(most, (n_rows - w.first + ROWS - 1) / ROWS);
        if ((st = toc_parallel(ctx, n, format_rows, &w))) break;
        for (size_t k = 0; k < n; k++) toc_out_write(out, w.bufs[k].p, w.bufs[k].n);
    }
    for (size_t k = 0; w.bufs && k < most; k++) toc_buf_release(&w.bufs[k]);
    toc_free(w.bufs);
    return st;
}
