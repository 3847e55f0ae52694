/* map_uci.c: Online Retail I and II of the UCI repository, a British gift wholesaler.
 *
 * Invoices that begin with C give goods back: they are returns at their own time. A row without price and customer, or one that takes goods away
 * without being a return, is a correction of the stock and no sale: refused with that reason. A negative price is refused as everywhere. Rows
 * without a customer are sales to unknown customers. Codes that are no goods (postage, bank charges, manual entries) are kept as lines with
 * category "service", so that money adds up and stock forecasts can leave them out. */
#include "ingest/ingest_int.h"

static const ing_field fields[] = {
    { "invoiceno", "order_id", ING_PLAIN, 0 },
    { "invoice", "order_id", ING_PLAIN, 0 },
    { "customerid", "customer_id", ING_FLOAT_ID, 0 },
    { "customer id", "customer_id", ING_FLOAT_ID, 0 },
    { "stockcode", "product_id", ING_PLAIN, 0 },
    { "description", "title", ING_PLAIN, 0 },
    { "quantity", "quantity", ING_PLAIN, 0 },
    { "unitprice", "unit_price", ING_PLAIN, 0 },
    { "price", "unit_price", ING_PLAIN, 0 },
    { "invoicedate", "ordered_at", ING_PLAIN, 0 },
    { "country", "country", ING_PLAIN, 0 },
};
static const char *const signature[] = { "invoiceno|invoice", "stockcode", "quantity", "invoicedate", "unitprice|price", NULL };

static bool is_service(const char *code)
{
    static const char *const codes[] = { "POST", "DOT", "M", "m", "D", "S", "C2", "B", "PADS", "BANK CHARGES", "AMAZONFEE", "CRUK", "ADJUST",
                                         "ADJUST2", "TEST001", "TEST002" };
    for (size_t i = 0; i < TOC_COUNT(codes); i++)
        if (strcmp(code, codes[i]) == 0) return true;
    return strncmp(code, "gift_", 5) == 0;
}

static toc_status finish(toc_ctx *ctx, ing_load *load, size_t row, ing_reject *reject)
{
    shop_orders *o = &load->shop->orders;
    bool gives_back = shop_text(load->shop, SHOP_D_ORDER, o->order_id[row])[0] == 'C';

    if (o->quantity[row] != SHOP_NO_INT && o->quantity[row] < 0 && !gives_back)
        ING_REJECT(reject, "stock_adjustment", "quantity", "quantity %lld on an invoice that is no return: a correction of the stock",
                   (long long)o->quantity[row]);
    else if (o->unit_price[row] == 0 && !o->customer_id[row])
        ING_REJECT(reject, "stock_adjustment", "unit_price", "no price and no customer: a correction of the stock");
    if (reject->code) return TOC_OK;
    if (is_service(shop_text(load->shop, SHOP_D_PRODUCT, o->product_id[row])))
        TOC_TRY(toc_pool_intern(ctx, &load->shop->dict[SHOP_D_CATEGORY], TOC_STR("service"), &o->category[row]));
    if (!gives_back) return TOC_OK;
    o->returned_at[row] = o->ordered_at[row];
    return toc_pool_intern(ctx, &load->shop->dict[SHOP_D_WORD], toc_str_of(shop_status_name(SHOP_RETURNED)), &o->status[row]);
}

const ing_map ing_uci_retail = {
    .name = "uci-retail", .title = "UCI Online Retail", .kind = SHOP_ORDERS, .signature = signature, .fields = fields,
    .n_fields = TOC_COUNT(fields), .currency = "GBP", .finish = finish,
};
