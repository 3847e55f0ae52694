/* map_shopify.c: Shopify's exports of orders, products, inventory and customers.
 *
 * In the order export only the first row of an order has the order's own columns; its other rows have Name, Email and the line. Lines have no ids.
 * "Refunded Amount" is of the whole order, so it stays on the first row. */
#include "ingest/ingest_int.h"

static const ing_field order_fields[] = {
    { "name", "order_id", ING_PLAIN, 0 },
    { "email", "customer_id", ING_PLAIN, ING_CARRY },
    { "phone", "customer_id", ING_PLAIN, ING_CARRY },
    { "billing phone", "customer_id", ING_PLAIN, ING_CARRY },
    { "lineitem sku", "product_id", ING_PLAIN, 0 },
    { "lineitem name", "product_id", ING_PLAIN, 0 },
    { "lineitem name", "title", ING_PLAIN, 0 },
    { "vendor", "merchant_id", ING_PLAIN, 0 },
    { "lineitem quantity", "quantity", ING_PLAIN, 0 },
    { "lineitem price", "unit_price", ING_PLAIN, 0 },
    { "lineitem discount", "discount", ING_PLAIN, 0 },
    { "currency", "currency", ING_PLAIN, ING_CARRY },
    { "created at", "ordered_at", ING_PLAIN, ING_CARRY },
    { "paid at", "paid_at", ING_PLAIN, ING_CARRY },
    { "fulfilled at", "shipped_at", ING_PLAIN, ING_CARRY },
    { "cancelled at", "cancelled_at", ING_PLAIN, ING_CARRY },
    { "financial status", "status", ING_STATUS, ING_CARRY },
    { "refunded amount", "refund_amount", ING_POSITIVE, 0 },
    { "payment method", "payment_method", ING_PLAIN, ING_CARRY },
    { "discount code", "coupon", ING_PLAIN, ING_CARRY },
    { "device id", "device_id", ING_PLAIN, ING_CARRY },
    { "email", "email", ING_PLAIN, ING_CARRY },
    { "phone", "phone", ING_PLAIN, ING_CARRY },
    { "shipping phone", "phone", ING_PLAIN, ING_CARRY },
    { "billing phone", "phone", ING_PLAIN, ING_CARRY },
    { "shipping street", "address", ING_PLAIN, ING_CARRY },
    { "shipping address1", "address", ING_PLAIN, ING_CARRY },
    { "shipping city", "city", ING_PLAIN, ING_CARRY },
    { "shipping province", "region", ING_PLAIN, ING_CARRY },
    { "shipping zip", "postcode", ING_PLAIN, ING_CARRY },
    { "shipping country", "country", ING_PLAIN, ING_CARRY },
    { "billing country", "billing_country", ING_PLAIN, ING_CARRY },
};
static const char *const order_signature[] = { "name", "lineitem quantity", "lineitem price", "created at", NULL };

/* The financial status says nothing of shipping; a later time column does. */
static toc_status finish_order(toc_ctx *ctx, ing_load *load, size_t row, ing_reject *reject)
{
    shop_orders *o = &load->shop->orders;
    toc_pool *words = &load->shop->dict[SHOP_D_WORD];
    const char *better = NULL;
    shop_status status = SHOP_NO_STATUS;

    (void)reject;
    shop_status_of(toc_pool_str(words, o->status[row]), &status);
    if (o->cancelled_at[row] != TOC_NO_TIME) better = shop_status_name(SHOP_CANCELLED);
    else if (o->shipped_at[row] != TOC_NO_TIME && (status == SHOP_PAID || status == SHOP_PLACED || status == SHOP_NO_STATUS))
        better = shop_status_name(SHOP_SHIPPED);
    return better ? toc_pool_intern(ctx, words, toc_str_of(better), &o->status[row]) : TOC_OK;
}

const ing_map ing_shopify_orders = {
    .name = "shopify", .title = "Shopify orders", .kind = SHOP_ORDERS, .signature = order_signature,
    .fields = order_fields, .n_fields = TOC_COUNT(order_fields), .carry_key = "name", .finish = finish_order,
};

static const ing_field product_fields[] = {
    { "variant sku", "product_id", ING_PLAIN, 0 },
    { "handle", "product_id", ING_PLAIN, 0 },
    { "title", "title", ING_PLAIN, ING_CARRY },
    { "type", "category", ING_PLAIN, ING_CARRY },
    { "product category", "category", ING_PLAIN, ING_CARRY },
    { "vendor", "brand", ING_PLAIN, ING_CARRY },
    { "variant price", "price", ING_PLAIN, 0 },
    { "cost per item", "cost", ING_PLAIN, 0 },
};
static const char *const product_signature[] = { "handle", "variant sku", "variant price", NULL };

/* Further pictures of a product have rows of their own, without a variant. */
static toc_status finish_product(toc_ctx *ctx, ing_load *load, size_t row, ing_reject *reject)
{
    (void)ctx;
    if (load->shop->products.price[row] == TOC_NO_MONEY) ING_REJECT(reject, "no_variant", "price", "the row names a picture, no variant for sale");
    return TOC_OK;
}

const ing_map ing_shopify_products = {
    .name = "shopify", .title = "Shopify products", .kind = SHOP_PRODUCTS, .signature = product_signature,
    .fields = product_fields, .n_fields = TOC_COUNT(product_fields), .carry_key = "handle", .finish = finish_product,
};

static const ing_field inventory_fields[] = {
    { "sku", "product_id", ING_PLAIN, 0 },
    { "handle", "product_id", ING_PLAIN, 0 },
    { "location", "location", ING_PLAIN, 0 },
    { "on hand (new)", "on_hand", ING_PLAIN, 0 },
    { "on hand (current)", "on_hand", ING_PLAIN, 0 },
    { "on hand", "on_hand", ING_PLAIN, 0 },
    { "available (not editable)", "on_hand", ING_PLAIN, 0 },
    { "available", "on_hand", ING_PLAIN, 0 },
    { "committed (not editable)", "reserved", ING_PLAIN, 0 },
    { "committed", "reserved", ING_PLAIN, 0 },
    { "incoming (not editable)", "incoming", ING_PLAIN, 0 },
    { "incoming", "incoming", ING_PLAIN, 0 },
};
static const char *const inventory_signature[] = {
    "handle", "sku", "location", "on hand (current)|on hand (new)|on hand|available|available (not editable)", NULL
};
const ing_map ing_shopify_inventory = {
    .name = "shopify", .title = "Shopify inventory", .kind = SHOP_STOCK, .signature = inventory_signature,
    .fields = inventory_fields, .n_fields = TOC_COUNT(inventory_fields),
};

static const ing_field customer_fields[] = {
    { "email", "customer_id", ING_PLAIN, 0 },
    { "phone", "customer_id", ING_PLAIN, 0 },
    { "email", "email", ING_PLAIN, 0 },
    { "phone", "phone", ING_PLAIN, 0 },
    { "country code", "country", ING_PLAIN, 0 },
    { "country", "country", ING_PLAIN, 0 },
};
static const char *const customer_signature[] = { "first name", "email", "accepts email marketing|accepts marketing", "total orders", NULL };
const ing_map ing_shopify_customers = {
    .name = "shopify", .title = "Shopify customers", .kind = SHOP_CUSTOMERS, .signature = customer_signature,
    .fields = customer_fields, .n_fields = TOC_COUNT(customer_fields),
};
