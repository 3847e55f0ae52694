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

/* Whole numbers, also as "12.0", true and false, yes and no, 是 and 否. */
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
    return (toc_str){ buf, (size_t)snprintf(buf, 40, "%lld", (long long)value) };
}

static bool has_values(const shop_data *shop, shop_kind kind, size_t column)
{
    bool code = shop_schema_of(kind)->columns[column].type == SHOP_T_CODE;

    for (size_t i = 0; i < shop_rows(shop, kind); i++)
        if (code ? shop_codes(shop, kind, column)[i] != 0 : shop_ints(shop, kind, column)[i] != SHOP_NO_INT) return true;
    return false;
}

void shop_write_csv(const shop_data *shop, shop_kind kind, toc_out *out)
{
    const shop_schema *schema = shop_schema_of(kind);
    bool shown[64];
    char buf[40];

    for (size_t j = 0, first = 1; j < schema->n_columns; j++) {
        shown[j] = schema->columns[j].required || has_values(shop, kind, j);
        if (!shown[j]) continue;
        toc_out_printf(out, "%s%s", first ? "" : ",", schema->columns[j].name);
        first = 0;
    }
    toc_out_str(out, "\n");
    for (size_t i = 0; i < shop_rows(shop, kind); i++) {
        for (size_t j = 0, first = 1; j < schema->n_columns; j++) {
            if (!shown[j]) continue;
            if (!first) toc_out_write(out, ",", 1);
            tab_csv_field(out, shop_cell_text(shop, kind, j, i, buf));
            first = 0;
        }
        toc_out_write(out, "\n", 1);
    }
}
