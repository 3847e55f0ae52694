/* map_canonical.c: the canonical tables themselves, made from shop/columns.h. */
#include "ingest/ingest_int.h"

#define FIELD(name, type, domain, need) { .header = #name, .column = #name },
/* The same for orders, whose status is read as one: IS_status puts something in front of what all other names get. */
#define IS_status , ING_STATUS
#define SECOND(first, second, ...) second
#define CHOOSE(...) SECOND(__VA_ARGS__, ING_PLAIN, ING_PLAIN)
#define ORDER_FIELD(name, type, domain, need) { .header = #name, .column = #name, .how = CHOOSE(IS_##name) },

static const ing_field reviews[] = { SHOP_REVIEW_COLUMNS(FIELD) };
static const ing_field products[] = { SHOP_PRODUCT_COLUMNS(FIELD) };
static const ing_field stock[] = { SHOP_STOCK_COLUMNS(FIELD) };
static const ing_field promotions[] = { SHOP_PROMOTION_COLUMNS(FIELD) };
static const ing_field customers[] = { SHOP_CUSTOMER_COLUMNS(FIELD) };
static const ing_field merchants[] = { SHOP_MERCHANT_COLUMNS(FIELD) };
static const ing_field payments[] = { SHOP_PAYMENT_COLUMNS(FIELD) };
static const ing_field events[] = { SHOP_EVENT_COLUMNS(FIELD) };
static const ing_field labels[] = { SHOP_LABEL_COLUMNS(FIELD) };
static const ing_field orders[] = { SHOP_ORDER_COLUMNS(ORDER_FIELD) };

#define MAP(var, word, list, kind_, ...) \
    static const char *const var##_signature[] = { __VA_ARGS__, NULL }; \
    static const ing_map var##_map = { .name = "canonical", .title = "canonical " word, .kind = kind_, .signature = var##_signature, \
                                       .fields = list, .n_fields = TOC_COUNT(list) }
MAP(orders, "orders", orders, SHOP_ORDERS, "order_id", "ordered_at", "quantity", "unit_price|line_total");
MAP(reviews, "reviews", reviews, SHOP_REVIEWS, "rating|body", "review_id|order_id|product_id|customer_id|merchant_id");
MAP(stock, "stock", stock, SHOP_STOCK, "product_id", "on_hand");
MAP(products, "products", products, SHOP_PRODUCTS, "product_id", "title|category|brand|price|cost|launched_at|discontinued_at");
MAP(promotions, "promotions", promotions, SHOP_PROMOTIONS, "product_id", "starts_on", "ends_on");
MAP(customers, "customers", customers, SHOP_CUSTOMERS, "customer_id", "created_at|ended_at|treatment|email|phone|country");
MAP(merchants, "merchants", merchants, SHOP_MERCHANTS, "merchant_id", "name|opened_at|payout_key|category");
MAP(payments, "payments", payments, SHOP_PAYMENTS, "payment_id", "amount");
MAP(events, "events", events, SHOP_EVENTS, "customer_id", "at");
MAP(labels, "labels", labels, SHOP_LABELS, "entity", "id", "label");

const ing_map *const ing_canonical_maps[] = { &orders_map, &reviews_map, &stock_map, &products_map, &promotions_map, &customers_map,
                                              &merchants_map, &payments_map, &events_map, &labels_map, NULL };
