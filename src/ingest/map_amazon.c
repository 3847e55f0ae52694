/* map_amazon.c: Amazon's tab-separated reports. item-price is the amount of the whole line, so the unit price follows from the quantity. */
#include "ingest/ingest_int.h"

static const ing_field all_order_fields[] = {
    { "amazon-order-id", "order_id", ING_PLAIN, 0 },
    { "order-item-id", "line_id", ING_PLAIN, 0 },
    { "buyer-email", "customer_id", ING_PLAIN, 0 },
    { "sku", "product_id", ING_PLAIN, 0 },
    { "asin", "product_id", ING_PLAIN, 0 },
    { "product-name", "title", ING_PLAIN, 0 },
    { "quantity", "quantity", ING_PLAIN, 0 },
    { "item-price", "line_total", ING_PLAIN, 0 },
    { "item-promotion-discount", "discount", ING_POSITIVE, 0 },
    { "currency", "currency", ING_PLAIN, 0 },
    { "purchase-date", "ordered_at", ING_PLAIN, 0 },
    { "item-status", "status", ING_STATUS, 0 },
    { "order-status", "status", ING_STATUS, 0 },
    { "last-updated-date", "status_at", ING_PLAIN, 0 },
    { "promotion-ids", "coupon", ING_PLAIN, 0 },
    { "ship-city", "city", ING_PLAIN, 0 },
    { "ship-state", "region", ING_PLAIN, 0 },
    { "ship-postal-code", "postcode", ING_PLAIN, 0 },
    { "ship-country", "country", ING_PLAIN, 0 },
};
static const char *const all_order_signature[] = { "amazon-order-id", "purchase-date", "quantity", "item-price", NULL };

/* A cancelled line has no price and quantity 0. The discount comes off the line's amount. */
static toc_status finish_line(toc_ctx *ctx, ing_load *load, size_t row, ing_reject *reject)
{
    shop_orders *o = &load->shop->orders;
    int64_t q = o->quantity[row];

    (void)ctx;
    (void)reject;
    if (o->line_total[row] == TOC_NO_MONEY && toc_str_is(toc_pool_str(&load->shop->dict[SHOP_D_WORD], o->status[row]), "cancelled"))
        o->line_total[row] = 0;
    if (o->line_total[row] == TOC_NO_MONEY) return TOC_OK;
    o->unit_price[row] = q > 0 ? (o->line_total[row] + q / 2) / q : o->line_total[row];
    if (o->discount[row] != TOC_NO_MONEY) o->line_total[row] -= o->discount[row];
    return TOC_OK;
}

const ing_map ing_amazon_all_orders = {
    .name = "amazon", .title = "Amazon all orders", .kind = SHOP_ORDERS, .signature = all_order_signature,
    .fields = all_order_fields, .n_fields = TOC_COUNT(all_order_fields), .finish = finish_line,
};

static const ing_field new_order_fields[] = {
    { "order-id", "order_id", ING_PLAIN, 0 },
    { "order-item-id", "line_id", ING_PLAIN, 0 },
    { "buyer-email", "customer_id", ING_PLAIN, 0 },
    { "sku", "product_id", ING_PLAIN, 0 },
    { "product-name", "title", ING_PLAIN, 0 },
    { "quantity-purchased", "quantity", ING_PLAIN, 0 },
    { "item-price", "line_total", ING_PLAIN, 0 },
    { "currency", "currency", ING_PLAIN, 0 },
    { "purchase-date", "ordered_at", ING_PLAIN, 0 },
    { "payments-date", "paid_at", ING_PLAIN, 0 },
    { "buyer-email", "email", ING_PLAIN, 0 },
    { "buyer-phone-number", "phone", ING_PLAIN, 0 },
    { "ship-phone-number", "phone", ING_PLAIN, 0 },
    { "ship-address-1", "address", ING_PLAIN, 0 },
    { "ship-city", "city", ING_PLAIN, 0 },
    { "ship-state", "region", ING_PLAIN, 0 },
    { "ship-postal-code", "postcode", ING_PLAIN, 0 },
    { "ship-country", "country", ING_PLAIN, 0 },
};
static const char *const new_order_signature[] = { "order-id", "order-item-id", "purchase-date", "quantity-purchased", "item-price", NULL };
const ing_map ing_amazon_new_orders = {
    .name = "amazon", .title = "Amazon new orders", .kind = SHOP_ORDERS, .signature = new_order_signature,
    .fields = new_order_fields, .n_fields = TOC_COUNT(new_order_fields), .finish = finish_line,
};

static const ing_field fba_fields[] = {
    { "sku", "product_id", ING_PLAIN, 0 },
    { "asin", "product_id", ING_PLAIN, 0 },
    { "afn-fulfillable-quantity", "on_hand", ING_PLAIN, 0 },
    { "afn-reserved-quantity", "reserved", ING_PLAIN, 0 },
    { "afn-inbound-working-quantity", "incoming", ING_SUM, 0 },
    { "afn-inbound-shipped-quantity", "incoming", ING_SUM, 0 },
    { "afn-inbound-receiving-quantity", "incoming", ING_SUM, 0 },
    { "FBA", "location", ING_CONST, 0 },
};
static const char *const fba_signature[] = { "sku", "afn-fulfillable-quantity", NULL };
const ing_map ing_amazon_fba_inventory = {
    .name = "amazon", .title = "Amazon FBA inventory", .kind = SHOP_STOCK, .signature = fba_signature,
    .fields = fba_fields, .n_fields = TOC_COUNT(fba_fields),
};

static const ing_field review_fields[] = {
    { "review_id", "review_id", ING_PLAIN, 0 },
    { "product_id", "product_id", ING_PLAIN, 0 },
    { "customer_id", "customer_id", ING_PLAIN, 0 },
    { "star_rating", "rating", ING_PLAIN, 0 },
    { "review_headline", "title", ING_PLAIN, 0 },
    { "review_body", "body", ING_PLAIN, 0 },
    { "review_date", "created_at", ING_PLAIN, 0 },
    { "verified_purchase", "verified", ING_PLAIN, 0 },
    { "helpful_votes", "helpful", ING_PLAIN, 0 },
};
static const char *const review_signature[] = { "review_id", "star_rating", "review_body", NULL };
const ing_map ing_amazon_reviews = {
    .name = "amazon", .title = "Amazon public reviews", .kind = SHOP_REVIEWS, .signature = review_signature,
    .fields = review_fields, .n_fields = TOC_COUNT(review_fields),
};
