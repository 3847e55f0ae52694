/* map_reviews.c: exports of review apps. */
#include "ingest/ingest_int.h"

static const ing_field judgeme_fields[] = {
    { "product_id", "product_id", ING_PLAIN, 0 },
    { "product_handle", "product_id", ING_PLAIN, 0 },
    { "reviewer_email", "customer_id", ING_PLAIN, 0 },
    { "reviewer_name", "customer_id", ING_PLAIN, 0 },
    { "rating", "rating", ING_PLAIN, 0 },
    { "title", "title", ING_PLAIN, 0 },
    { "body", "body", ING_PLAIN, 0 },
    { "review_date", "created_at", ING_PLAIN, 0 },
};
static const char *const judgeme_signature[] = { "rating", "body", "review_date", "reviewer_name|reviewer_email", NULL };
const ing_map ing_judgeme_reviews = {
    .name = "judgeme", .title = "Judge.me reviews", .kind = SHOP_REVIEWS, .signature = judgeme_signature,
    .fields = judgeme_fields, .n_fields = TOC_COUNT(judgeme_fields),
};

static const ing_field loox_fields[] = {
    { "product_handle", "product_id", ING_PLAIN, 0 },
    { "email", "customer_id", ING_PLAIN, 0 },
    { "author", "customer_id", ING_PLAIN, 0 },
    { "rating", "rating", ING_PLAIN, 0 },
    { "title", "title", ING_PLAIN, 0 },
    { "body", "body", ING_PLAIN, 0 },
    { "body_text", "body", ING_PLAIN, 0 },
    { "created_at", "created_at", ING_PLAIN, 0 },
    { "verified_purchase", "verified", ING_PLAIN, 0 },
};
static const char *const loox_signature[] = { "product_handle", "rating", "author", "body|body_text", NULL };
const ing_map ing_loox_reviews = {
    .name = "loox", .title = "Loox or Ryviu reviews", .kind = SHOP_REVIEWS, .signature = loox_signature,
    .fields = loox_fields, .n_fields = TOC_COUNT(loox_fields),
};

static const ing_field chinese_fields[] = {
    { "评论编号", "review_id", ING_PLAIN, 0 },
    { "订单号", "order_id", ING_PLAIN, 0 },
    { "商品id", "product_id", ING_PLAIN, 0 },
    { "sku", "product_id", ING_PLAIN, 0 },
    { "买家昵称", "customer_id", ING_PLAIN, 0 },
    { "店铺id", "merchant_id", ING_PLAIN, 0 },
    { "评分", "rating", ING_PLAIN, 0 },
    { "评价内容", "body", ING_PLAIN, 0 },
    { "评价时间", "created_at", ING_PLAIN, 0 },
    { "点赞数", "helpful", ING_PLAIN, 0 },
};
static const char *const chinese_signature[] = { "评价内容", "评价时间", NULL };
const ing_map ing_chinese_reviews = {
    .name = "zh-reviews", .title = "Chinese review list", .kind = SHOP_REVIEWS, .signature = chinese_signature,
    .fields = chinese_fields, .n_fields = TOC_COUNT(chinese_fields),
};
