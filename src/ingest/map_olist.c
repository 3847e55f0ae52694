/* map_olist.c: the files of Olist, a Brazilian marketplace. One item is one line of quantity 1. customer_id is new in every order, so the customer is
 * customer_unique_id. An order without items has no line and is refused with that reason. */
#include "ingest/ingest_int.h"

static const char *const order_signature[] = { "order_id", "customer_id", "order_status", "order_purchase_timestamp", NULL };
const ing_map ing_olist_orders = {
    .name = "olist-orders", .title = "Olist orders", .kind = SHOP_ORDERS, .signature = order_signature, .needs = "olist-items",
    .yields_to = "olist-items",
};

static const ing_field item_fields[] = {
    { "order_id", "order_id", ING_PLAIN, 0 },
    { "order_item_id", "line_id", ING_PLAIN, 0 },
    { "customer_unique_id", "customer_id", ING_PLAIN, 0 },
    { "seller_id", "merchant_id", ING_PLAIN, 0 },
    { "product_id", "product_id", ING_PLAIN, 0 },
    { "product_category_name", "category", ING_PLAIN, 0 },
    { "1", "quantity", ING_CONST, 0 },
    { "price", "unit_price", ING_PLAIN, 0 },
    { "order_purchase_timestamp", "ordered_at", ING_PLAIN, 0 },
    { "order_approved_at", "paid_at", ING_PLAIN, 0 },
    { "order_delivered_carrier_date", "shipped_at", ING_PLAIN, 0 },
    { "order_delivered_customer_date", "delivered_at", ING_PLAIN, 0 },
    { "order_status", "status", ING_STATUS, 0 },
    { "payment_type", "payment_method", ING_PLAIN, 0 },
    { "customer_city", "city", ING_PLAIN, 0 },
    { "customer_state", "region", ING_PLAIN, 0 },
    { "customer_zip_code_prefix", "postcode", ING_PLAIN, 0 },
    { "BR", "country", ING_CONST, 0 },
};
static const char *const item_signature[] = { "order_id", "order_item_id", "product_id", "seller_id", "price", NULL };
static const ing_join item_joins[] = {
    { "olist-orders", "order_id", "order_id", "no_order" },
    { "olist-customers", "customer_id", "customer_id", NULL },
    { "olist-payments", "order_id", "order_id", NULL },
    { "olist-products", "product_id", "product_id", NULL },
};
const ing_map ing_olist_items = {
    .name = "olist-items", .title = "Olist order items", .kind = SHOP_ORDERS, .signature = item_signature, .fields = item_fields,
    .n_fields = TOC_COUNT(item_fields), .joins = item_joins, .n_joins = TOC_COUNT(item_joins), .needs = "olist-orders", .currency = "BRL",
};

static const ing_field payment_fields[] = {
    { "order_id", "order_id", ING_PLAIN, 0 },
    { "payment_sequential", "payment_id", ING_PLAIN, 0 },
    { "payment_type", "kind", ING_PLAIN, 0 },
    { "payment_value", "amount", ING_PLAIN, 0 },
    { "order_approved_at", "at", ING_PLAIN, 0 },
};
static const char *const payment_signature[] = { "order_id", "payment_sequential", "payment_type", "payment_value", NULL };
static const ing_join payment_joins[] = { { "olist-orders", "order_id", "order_id", NULL } };

/* Payments are numbered within their order. */
static toc_status finish_payment(toc_ctx *ctx, ing_load *load, size_t row, ing_reject *reject)
{
    shop_payments *p = &load->shop->payments;

    (void)reject;
    toc_buf_reset(&load->scratch);
    TOC_TRY(toc_buf_printf(ctx, &load->scratch, "%s-%s", shop_text(load->shop, SHOP_D_ORDER, p->order_id[row]),
                           shop_text(load->shop, SHOP_D_LINE, p->payment_id[row])));
    return toc_pool_intern(ctx, &load->shop->dict[SHOP_D_LINE], (toc_str){ load->scratch.p, load->scratch.n }, &p->payment_id[row]);
}
const ing_map ing_olist_payments = {
    .name = "olist-payments", .title = "Olist payments", .kind = SHOP_PAYMENTS, .signature = payment_signature, .fields = payment_fields,
    .n_fields = TOC_COUNT(payment_fields), .joins = payment_joins, .n_joins = TOC_COUNT(payment_joins), .currency = "BRL",
    .finish = finish_payment,
};

static const ing_field customer_fields[] = { { "customer_unique_id", "customer_id", ING_PLAIN, 0 }, { "BR", "country", ING_CONST, 0 } };
static const char *const customer_signature[] = { "customer_id", "customer_unique_id", NULL };
const ing_map ing_olist_customers = {
    .name = "olist-customers", .title = "Olist customers", .kind = SHOP_CUSTOMERS, .signature = customer_signature, .fields = customer_fields,
    .n_fields = TOC_COUNT(customer_fields),
};

static const ing_field review_fields[] = {
    { "review_id", "review_id", ING_PLAIN, 0 },
    { "order_id", "order_id", ING_PLAIN, 0 },
    { "product_id", "product_id", ING_PLAIN, 0 },
    { "customer_unique_id", "customer_id", ING_PLAIN, 0 },
    { "seller_id", "merchant_id", ING_PLAIN, 0 },
    { "review_score", "rating", ING_PLAIN, 0 },
    { "review_comment_title", "title", ING_PLAIN, 0 },
    { "review_comment_message", "body", ING_PLAIN, 0 },
    { "review_answer_timestamp", "created_at", ING_PLAIN, 0 },
    { "review_creation_date", "created_at", ING_PLAIN, 0 },
    { "1", "verified", ING_CONST, 0 },
};
static const char *const review_signature[] = { "review_id", "order_id", "review_score", NULL };
static const ing_join review_joins[] = {
    { "olist-orders", "order_id", "order_id", NULL },
    { "olist-customers", "customer_id", "customer_id", NULL },
    { "olist-items", "order_id", "order_id", NULL },
};
const ing_map ing_olist_reviews = {
    .name = "olist-reviews", .title = "Olist reviews", .kind = SHOP_REVIEWS, .signature = review_signature, .fields = review_fields,
    .n_fields = TOC_COUNT(review_fields), .joins = review_joins, .n_joins = TOC_COUNT(review_joins),
};

static const ing_field product_fields[] = {
    { "product_id", "product_id", ING_PLAIN, 0 },
    { "product_category_name", "category", ING_PLAIN, 0 },
};
static const char *const product_signature[] = { "product_id", "product_category_name", NULL };
const ing_map ing_olist_products = {
    .name = "olist-products", .title = "Olist products", .kind = SHOP_PRODUCTS, .signature = product_signature, .fields = product_fields,
    .n_fields = TOC_COUNT(product_fields),
};

static const ing_field seller_fields[] = { { "seller_id", "merchant_id", ING_PLAIN, 0 } };
static const char *const seller_signature[] = { "seller_id", "seller_city", NULL };
const ing_map ing_olist_sellers = {
    .name = "olist-sellers", .title = "Olist sellers", .kind = SHOP_MERCHANTS, .signature = seller_signature, .fields = seller_fields,
    .n_fields = TOC_COUNT(seller_fields),
};
