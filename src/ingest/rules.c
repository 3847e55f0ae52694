/* rules.c: what platforms need beyond cells, by the names that maps use. */
#include "ingest/ingest_int.h"

static toc_status set_status(toc_ctx *ctx, ing_load *load, size_t row, shop_status status)
{
    return toc_pool_intern(ctx, &load->shop->dict[SHOP_D_WORD], toc_str_of(shop_status_name(status)),
                           &load->shop->orders.status[row]);
}

static bool has_status(const ing_load *load, size_t row, shop_status status)
{
    return toc_str_is(toc_pool_str(&load->shop->dict[SHOP_D_WORD], load->shop->orders.status[row]), shop_status_name(status));
}

/* line_total is the amount of the whole line before its discount, so the unit price follows from the quantity, and the
 * discount comes off. A cancelled line has no price and quantity 0. */
static toc_status amount_of_line(toc_ctx *ctx, ing_load *load, size_t row, ing_reject *reject)
{
    shop_orders *o = &load->shop->orders;
    int64_t q = o->quantity[row];

    (void)ctx;
    (void)reject;
    if (o->line_total[row] == TOC_NO_MONEY && has_status(load, row, SHOP_CANCELLED)) o->line_total[row] = 0;
    if (o->line_total[row] == TOC_NO_MONEY) return TOC_OK;
    o->unit_price[row] = q > 0 ? (o->line_total[row] + q / 2) / q : o->line_total[row];
    if (o->discount[row] != TOC_NO_MONEY) o->line_total[row] -= o->discount[row];
    return TOC_OK;
}

/* unit_price is the amount of the whole line, and line_total something of its own (what was paid). */
static toc_status price_of_line(toc_ctx *ctx, ing_load *load, size_t row, ing_reject *reject)
{
    shop_orders *o = &load->shop->orders;
    int64_t q = o->quantity[row];

    (void)ctx;
    (void)reject;
    if (o->unit_price[row] != TOC_NO_MONEY && q > 1) o->unit_price[row] = (o->unit_price[row] + q / 2) / q;
    return TOC_OK;
}

/* Without a status of its own, an order with a payment column that is empty was not paid, unless it was sent. */
static toc_status unpaid_without_payment(toc_ctx *ctx, ing_load *load, size_t row, ing_reject *reject)
{
    const shop_orders *o = &load->shop->orders;

    (void)reject;
    if (o->status[row] || o->paid_at[row] != TOC_NO_TIME || o->shipped_at[row] != TOC_NO_TIME) return TOC_OK;
    for (size_t k = 0; k < load->n_bound; k++)
        if (strcmp(load->bound[k].field->column, "paid_at") == 0) return set_status(ctx, load, row, SHOP_UNPAID);
    return TOC_OK;
}

/* The status speaks of the payment only; a later time column says more. */
static toc_status status_of_payment(toc_ctx *ctx, ing_load *load, size_t row, ing_reject *reject)
{
    const shop_orders *o = &load->shop->orders;
    bool early = !o->status[row] || has_status(load, row, SHOP_PAID) || has_status(load, row, SHOP_PLACED);

    (void)reject;
    if (o->cancelled_at[row] != TOC_NO_TIME) return set_status(ctx, load, row, SHOP_CANCELLED);
    if (o->shipped_at[row] != TOC_NO_TIME && early) return set_status(ctx, load, row, SHOP_SHIPPED);
    return TOC_OK;
}

/* A line that was sent back, be it in part, is returned, and was not before. */
static toc_status returned_when_dated(toc_ctx *ctx, ing_load *load, size_t row, ing_reject *reject)
{
    shop_orders *o = &load->shop->orders;

    (void)reject;
    if (o->returned_at[row] == TOC_NO_TIME) return TOC_OK;
    o->status_at[row] = o->returned_at[row];
    return set_status(ctx, load, row, SHOP_RETURNED);
}

/* Rows without a price name a further picture of a product. */
static toc_status variant_has_price(toc_ctx *ctx, ing_load *load, size_t row, ing_reject *reject)
{
    (void)ctx;
    if (load->shop->products.price[row] == TOC_NO_MONEY)
        ING_REJECT(reject, "no_variant", "price", "the row names a picture, no variant for sale");
    return TOC_OK;
}

/* Codes of the UCI shop that are no goods: postage, bank charges, manual entries. */
static bool is_service(const char *code)
{
    static const char *const codes[] = { "POST", "DOT", "M", "m", "D", "S", "C2", "B", "PADS", "BANK CHARGES", "AMAZONFEE",
                                         "CRUK", "ADJUST", "ADJUST2", "TEST001", "TEST002" };
    for (size_t i = 0; i < TOC_COUNT(codes); i++)
        if (strcmp(code, codes[i]) == 0) return true;
    return strncmp(code, "gift_", 5) == 0;
}

/* Invoices that begin with C give goods back: they are returns at their own time. A row without price and customer, or one
 * that takes goods away without being a return, is a correction of the stock and no sale. Codes that are no goods are kept as
 * lines with category "service", so that money adds up and stock forecasts can leave them out. */
static toc_status uci_retail(toc_ctx *ctx, ing_load *load, size_t row, ing_reject *reject)
{
    shop_orders *o = &load->shop->orders;
    bool gives_back = shop_text(load->shop, SHOP_D_ORDER, o->order_id[row])[0] == 'C';

    if (o->quantity[row] != SHOP_NO_INT && o->quantity[row] < 0 && !gives_back)
        ING_REJECT(reject, "stock_adjustment", "quantity",
                   "quantity %lld on an invoice that is no return: a correction of the stock",
                   (long long)o->quantity[row]);
    else if (o->unit_price[row] == 0 && !o->customer_id[row])
        ING_REJECT(reject, "stock_adjustment", "unit_price", "no price and no customer: a correction of the stock");
    if (reject->code) return TOC_OK;
    if (is_service(shop_text(load->shop, SHOP_D_PRODUCT, o->product_id[row])))
        TOC_TRY(toc_pool_intern(ctx, &load->shop->dict[SHOP_D_CATEGORY], TOC_STR("service"), &o->category[row]));
    if (!gives_back) return TOC_OK;
    o->returned_at[row] = o->ordered_at[row];
    return set_status(ctx, load, row, SHOP_RETURNED);
}

static const ing_rule rules[] = {
    { "amount-of-line", SHOP_ORDERS, amount_of_line },
    { "price-of-line", SHOP_ORDERS, price_of_line },
    { "unpaid-without-payment", SHOP_ORDERS, unpaid_without_payment },
    { "status-of-payment", SHOP_ORDERS, status_of_payment },
    { "returned-when-dated", SHOP_ORDERS, returned_when_dated },
    { "variant-has-price", SHOP_PRODUCTS, variant_has_price },
    { "uci-retail", SHOP_ORDERS, uci_retail },
};

const ing_rule *ing_rule_named(toc_str name)
{
    for (size_t k = 0; k < TOC_COUNT(rules); k++)
        if (toc_str_is(name, rules[k].name)) return &rules[k];
    return NULL;
}
