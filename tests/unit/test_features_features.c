/* test_features_features.c: features beside values worked out by hand, and no leakage from later rows. */
#include "features/features.h"

#include <setjmp.h>
#include <stdarg.h>
#include <math.h>
#include <cmocka.h>

static toc_ctx ctx;

static void set_cell(shop_data *shop, shop_kind kind, const char *column, size_t row, const char *text)
{
    shop_format format = { .money_digits = 2 };
    int c = shop_column_of(kind, toc_str_of(column));

    assert_true(c >= 0);
    assert_int_equal(shop_parse_cell(&ctx, shop, kind, (size_t)c, row, toc_str_of(text), &format), SHOP_CELL_OK);
}

/* n rows of `width` cells under the header. */
static void add_rows(shop_data *shop, shop_kind kind, const char *const *header, size_t width, const char *const *cells, size_t n)
{
    size_t first;

    assert_int_equal(shop_add_rows(&ctx, shop, kind, n, &first), TOC_OK);
    for (size_t i = 0; i < n; i++)
        for (size_t j = 0; j < width; j++) set_cell(shop, kind, header[j], first + i, cells[i * width + j]);
}

static int64_t instant(const char *text)
{
    int64_t at = 0;
    assert_true(toc_parse_time(&ctx, toc_str_of(text), TOC_DATE_YMD, &at));
    return at;
}

static double cell(const tab_table *table, const char *id, const char *name)
{
    const tab_column *column = tab_find(table, name);

    assert_non_null(column);
    for (size_t r = 0; r < table->n_rows; r++)
        if (toc_str_is(toc_pool_str(table->columns[0].pool, table->columns[0].code[r]), id)) return column->f64[r];
    fail_msg("no row %s", id);
    return 0;
}

#define IS(table, id, name, want) do { \
        double got_ = cell(table, id, name), want_ = (want); \
        if (!(isnan(want_) ? isnan(got_) : fabs(got_ - want_) < 1e-9)) fail_msg("%s of %s: %.12g, wanted %.12g", name, id, got_, want_); \
    } while (0)

static const char *const customer_header[] = { "order_id", "customer_id", "product_id", "merchant_id", "quantity", "unit_price",
    "discount", "ordered_at", "delivered_at", "cancelled_at" };
static const char *const customer_lines[] = {
    "a1", "A", "p1", "m1", "2", "5.00", "1.00", "2026-01-01T10:00:00Z", "2026-01-05T10:00:00Z", "",
    "a1", "A", "p2", "m1", "1", "1.00", "", "2026-01-01T10:00:00Z", "2026-01-05T10:00:00Z", "",
    "a2", "A", "p1", "m2", "1", "4.00", "", "2026-01-01T19:00:00Z", "", "",
    "a3", "A", "p1", "m1", "1", "6.00", "", "2026-01-11T03:00:00Z", "2026-01-13T03:00:00Z", "",
    "a4", "A", "p3", "m1", "1", "9.00", "", "2026-01-20T03:00:00Z", "", "2026-01-21T00:00:00Z",
    "a5", "A", "p1", "m1", "1", "8.00", "", "2026-01-31T12:00:00Z", "", "",
    "r1", "A", "p1", "m1", "-1", "5.00", "", "2026-02-03T12:00:00Z", "", "",
    "b1", "B", "p1", "m1", "1", "3.00", "", "2026-02-20T00:00:00Z", "", "",
    "a9", "A", "p7", "m1", "5", "99.00", "", "2026-03-09T12:00:00Z", "", "", /* after the moment */
};

static void customers_by_hand(void **state)
{
    shop_data shop, view;
    tab_table t;
    int64_t as_of = instant("2026-03-02");
    (void)state;

    assert_int_equal(shop_init(&ctx, &shop), TOC_OK);
    add_rows(&shop, SHOP_ORDERS, customer_header, TOC_COUNT(customer_header), customer_lines,
             TOC_COUNT(customer_lines) / TOC_COUNT(customer_header));
    assert_int_equal(shop_as_of(&ctx, &shop, as_of, &view, NULL), TOC_OK);
    assert_int_equal(fea_customers(&ctx, &view, as_of, &t), TOC_OK);
    assert_int_equal(t.n_rows, 2);
    IS(&t, "A", "recency_days", 29.5);
    IS(&t, "A", "tenure_days", 59 + 14.0 / 24);
    IS(&t, "A", "orders", 4);
    IS(&t, "A", "purchase_days", 3);
    IS(&t, "A", "spend", 28);
    IS(&t, "A", "orders_30d", 1);
    IS(&t, "A", "orders_90d", 4);
    IS(&t, "A", "spend_30d", 8);
    IS(&t, "A", "gap_mean_days", 15);
    IS(&t, "A", "gap_median_days", 15);
    IS(&t, "A", "gap_sd_days", 5);
    IS(&t, "A", "gap_last_days", 20);
    IS(&t, "A", "gap_max_days", 20);
    IS(&t, "A", "recency_vs_gap", 29.5 / 15);
    IS(&t, "A", "trend", 1);
    IS(&t, "A", "order_mean", 7);
    IS(&t, "A", "order_last", 8);
    IS(&t, "A", "order_max", 10);
    IS(&t, "A", "items_per_order", 6.0 / 4);
    IS(&t, "A", "lines_per_order", 5.0 / 4);
    IS(&t, "A", "products", 2);
    IS(&t, "A", "merchants", 2);
    IS(&t, "A", "discount_share", 1.0 / 29);
    IS(&t, "A", "return_share", 1.0 / 7);
    IS(&t, "A", "returned_value_share", 5.0 / 28);
    IS(&t, "A", "cancel_share", 1.0 / 6);
    IS(&t, "A", "delivery_days_mean", 10.0 / 3);
    IS(&t, "A", "delivery_days_last", 2);
    IS(&t, "A", "night_share", 0.25);
    IS(&t, "A", "evening_share", 0.25);
    IS(&t, "A", "thursday_share", 0.5);
    IS(&t, "A", "sunday_share", 0.25);
    IS(&t, "A", "saturday_share", 0.25);
    IS(&t, "A", "rating_mean", NAN);
    IS(&t, "A", "orders_1d", 0);
    IS(&t, "A", "order_mean_90d", 7);
    IS(&t, "A", "order_max_90d", 10);
    IS(&t, "A", "order_max_7d", NAN);
    IS(&t, "A", "products_30d", 1);
    IS(&t, "A", "products_90d", 2);
    IS(&t, "A", "products_7d", 0);
    IS(&t, "A", "repeat_product_share", 0.6); /* p1 of a2, a3 and a5, of five lines */
    IS(&t, "A", "delivery_days_max", 4);
    IS(&t, "A", "delivery_days_change", -2);
    IS(&t, "A", "first_order", 10);
    IS(&t, "A", "first_lines", 2);
    IS(&t, "A", "first_discount_share", 1.0 / 11);
    IS(&t, "A", "first_coupon", 0);
    IS(&t, "A", "first_back", 0);
    IS(&t, "A", "first_delivery_days", 4);
    IS(&t, "A", "second_after_days", 10);
    IS(&t, "B", "orders", 1);
    IS(&t, "B", "gap_mean_days", NAN);
    tab_release(&t);

    size_t n_open;
    bool seen[] = { true, true };
    const int64_t at[] = { as_of, as_of };
    assert_int_equal(fea_customers(&ctx, &view, as_of, &t), TOC_OK);
    uint32_t codes[] = { t.columns[0].code[0], t.columns[0].code[1] };
    const fea_samples samples = { .n = 2, .code = codes, .at = at, .seen = seen };
    assert_int_equal(fea_label_churn(&ctx, &shop, &samples, 8 * TOC_DAY, &t, &t, &n_open), TOC_OK);
    assert_int_equal(n_open, 0);
    IS(&t, "A", "churned", 0);
    IS(&t, "B", "churned", 1);
    tab_release(&t);
    assert_int_equal(fea_customers(&ctx, &view, as_of, &t), TOC_OK);
    assert_int_equal(fea_label_churn(&ctx, &shop, &samples, 9 * TOC_DAY, &t, &t, &n_open), TOC_OK); /* ends after the data's last day */
    assert_int_equal(n_open, 2);
    IS(&t, "A", "churned", NAN);
    tab_release(&t);

    assert_int_equal(fea_windows(&ctx, &view, "customers", FEA_BY_DAY, &t), TOC_OK);
    assert_int_equal(t.n_rows, 4);
    assert_true(t.columns[2].f64[0] == 2 && t.columns[3].f64[0] == 4 && t.columns[4].f64[0] == 14); /* both orders of 1 January */
    tab_release(&t);
    assert_int_equal(fea_windows(&ctx, &view, "customers", FEA_BY_WEEK, &t), TOC_OK);
    assert_int_equal(t.columns[1].i64[1], instant("2026-01-05")); /* a3, Sunday, in the week from Monday 5 January */
    tab_release(&t);
    shop_release(&view);
    shop_release(&shop);
}

static const char *const order_header[] = { "order_id", "customer_id", "merchant_id", "device_id", "payment_key", "quantity",
    "unit_price", "ordered_at", "status" };
static const char *const order_lines[] = {
    "o1", "A", "m1", "d1", "k1", "1", "10.00", "2026-01-01T00:00:00Z", "refunded",
    "o2", "A", "m1", "d1", "k1", "1", "30.00", "2026-01-10T00:00:00Z", "",
    "o3", "B", "m1", "d1", "k2", "2", "5.00", "2026-01-10T00:30:00Z", "",
    "o4", "B", "m2", "d1", "k2", "1", "7.00", "2026-01-10T00:30:00Z", "", /* at the same instant: neither sees the other */
    "o5", "A", "m1", "d2", "k1", "1", "60.00", "2026-01-20T02:00:00Z", "",
    "r1", "A", "m1", "d1", "k1", "-1", "10.00", "2026-01-20T01:00:00Z", "",
};
static const char *const label_header[] = { "entity", "id", "label", "labelled_at" };
static const char *const labels[] = {
    "order", "o1", "chargeback", "2026-01-10T00:00:00Z",
    "order", "o2", "fraud", "2026-01-15T00:00:00Z",
    "order", "o3", "ok", "2026-01-12T00:00:00Z",
    "order", "o4", "fraud", "2026-01-21T00:00:00Z", /* known too late for all */
};

static void make_orders(shop_data *shop)
{
    assert_int_equal(shop_init(&ctx, shop), TOC_OK);
    add_rows(shop, SHOP_ORDERS, order_header, TOC_COUNT(order_header), order_lines,
             TOC_COUNT(order_lines) / TOC_COUNT(order_header));
    add_rows(shop, SHOP_LABELS, label_header, TOC_COUNT(label_header), labels, TOC_COUNT(labels) / TOC_COUNT(label_header));
}

static void orders_by_hand(void **state)
{
    shop_data shop;
    tab_table t;
    (void)state;

    make_orders(&shop);
    assert_int_equal(fea_orders(&ctx, &shop, INT64_MIN + 1, instant("2026-02-01"), 0, &t), TOC_OK);
    assert_int_equal(t.n_rows, 5); /* the return is no order */
    IS(&t, "o1", "is_first", 1);
    IS(&t, "o1", "amount_vs_past", NAN);
    IS(&t, "o1", "device_orders_30d", 0);
    IS(&t, "o1", "device_since_s", NAN);
    IS(&t, "o1", "merchant_frauds_ever", 0);
    IS(&t, "o2", "past_mean", 10);
    IS(&t, "o2", "amount_vs_past", 3);
    IS(&t, "o2", "account_age_days", 9);
    IS(&t, "o2", "device_orders_7d", 0);
    IS(&t, "o2", "device_orders_30d", 1);
    IS(&t, "o2", "merchant_frauds_ever", 0); /* known at the very instant of o2: not earlier */
    IS(&t, "o3", "device_orders_1h", 1);
    IS(&t, "o3", "device_orders_30d", 2);
    IS(&t, "o3", "device_spend_30d", 40);
    IS(&t, "o3", "device_customers_30d", 1);
    IS(&t, "o3", "device_since_s", 1800);
    IS(&t, "o3", "merchant_frauds_ever", 1);
    IS(&t, "o3", "merchant_fraud_since_days", 0.5 / 24);
    IS(&t, "o3", "amount", 10);
    IS(&t, "o3", "items", 2);
    IS(&t, "o4", "device_orders_30d", 2);
    IS(&t, "o4", "customer_orders_30d", 0);
    IS(&t, "o4", "is_first", 1);
    IS(&t, "o5", "past_orders", 2);
    IS(&t, "o5", "past_mean", 20);
    IS(&t, "o5", "past_sd", 10);
    IS(&t, "o5", "amount_z_past", 4);
    IS(&t, "o5", "early_mean", NAN); /* its only older order is a known fraud: no habit */
    IS(&t, "o5", "large_share_14d", NAN);
    IS(&t, "o5", "merchant_fraud_rate_7d", 1);
    IS(&t, "o5", "merchant_fraud_rate_last10", 2.0 / 3);
    IS(&t, "o5", "merchant_fraud_run", 0); /* o3 was none */
    IS(&t, "o5", "merchant_fraud_run_days", NAN);
    IS(&t, "o5", "customer_fraud_run", 2);
    IS(&t, "o5", "new_device", 1);
    IS(&t, "o5", "new_payment_key", 0);
    IS(&t, "o5", "is_night", 1);
    IS(&t, "o5", "weekday", 1);
    IS(&t, "o5", "merchant_orders_30d", 3);
    IS(&t, "o5", "merchant_customers_30d", 1);
    IS(&t, "o5", "merchant_mean_30d", 50.0 / 3);
    IS(&t, "o5", "merchant_frauds_30d", 2);
    IS(&t, "o5", "merchant_fraud_rate_ever", 2.0 / 3);
    IS(&t, "o5", "merchant_frauds_7d", 1);
    IS(&t, "o5", "customer_frauds_ever", 2);
    IS(&t, "o5", "payment_key_orders_30d", 2);
    IS(&t, "o5", "ip_orders_30d", NAN);
    tab_release(&t);
    assert_int_equal(fea_orders(&ctx, &shop, INT64_MIN + 1, instant("2026-02-01"), 5 * TOC_DAY, &t), TOC_OK);
    IS(&t, "o5", "merchant_fraud_rate_7d", 0.5); /* the orders of 8 to 15 January are o2 and o3 */
    tab_release(&t);
    assert_int_equal(fea_orders(&ctx, &shop, INT64_MIN + 1, instant("2026-02-01"), 15 * TOC_DAY, &t), TOC_OK);
    IS(&t, "o5", "merchant_fraud_rate_last10", 1); /* of o1 alone */
    IS(&t, "o5", "merchant_fraud_run", 1);
    IS(&t, "o5", "merchant_fraud_run_days", 19 + 2.0 / 24);
    tab_release(&t);
    assert_int_equal(fea_orders(&ctx, &shop, instant("2026-01-10T00:30:00Z"), instant("2026-01-20"), 0, &t), TOC_OK);
    assert_int_equal(t.n_rows, 2); /* o3 and o4 */
    tab_release(&t);
    shop_release(&shop);
}

static const char *const habit_header[] = { "order_id", "customer_id", "merchant_id", "quantity", "unit_price", "ordered_at" };
static const char *const habit_lines[] = {
    "h1", "A", "m1", "1", "10.00", "2026-01-01T00:00:00Z",
    "h2", "A", "m1", "1", "14.00", "2026-01-02T00:00:00Z",
    "h3", "A", "m1", "1", "100.00", "2026-01-03T00:00:00Z", /* a fraud, known on the 20th */
    "h4", "A", "m1", "1", "12.00", "2026-01-04T00:00:00Z",
    "h5", "A", "m1", "1", "15.00", "2026-01-19T00:00:00Z",
    "h6", "A", "m1", "1", "90.00", "2026-01-20T12:00:00Z",
    "h7", "A", "m1", "1", "11.00", "2026-01-22T12:00:00Z",
};
static const char *const habit_labels[] = {
    "order", "h3", "fraud", "2026-01-20T00:00:00Z", "order", "h3", "chargeback", "2026-01-21T00:00:00Z", /* twice the same order */
    "order", "h5", "fraud", "2026-01-21T00:00:00Z",
};

static void habits_by_hand(void **state)
{
    shop_data shop;
    tab_table t;
    (void)state;

    assert_int_equal(shop_init(&ctx, &shop), TOC_OK);
    add_rows(&shop, SHOP_ORDERS, habit_header, TOC_COUNT(habit_header), habit_lines, TOC_COUNT(habit_lines) / TOC_COUNT(habit_header));
    add_rows(&shop, SHOP_LABELS, label_header, TOC_COUNT(label_header), habit_labels, TOC_COUNT(habit_labels) / TOC_COUNT(label_header));
    assert_int_equal(fea_orders(&ctx, &shop, INT64_MIN + 1, instant("2026-02-01"), 0, &t), TOC_OK);
    IS(&t, "h5", "early_mean", 34); /* h1 to h4: the fraud is not known yet */
    IS(&t, "h6", "early_mean", 12);
    IS(&t, "h6", "early_sd", sqrt(8.0 / 3));
    IS(&t, "h6", "large_share_14d", 0);
    IS(&t, "h6", "large_since_days", NAN);
    IS(&t, "h7", "amount_z_early", -1 / sqrt(8.0 / 3));
    IS(&t, "h7", "large_share_14d", 0.5); /* h6 of h5 and h6 */
    IS(&t, "h7", "large_since_days", 2);
    IS(&t, "h7", "large_orders_7d", 1);
    IS(&t, "h7", "largest_z_7d", 78 / sqrt(8.0 / 3));
    IS(&t, "h7", "mean_vs_early_1d", NAN);
    IS(&t, "h7", "mean_vs_early_7d", 52.5 / 12);
    IS(&t, "h7", "merchant_frauds_30d", 3); /* labels */
    IS(&t, "h7", "merchant_usual_frauds_30d", 1); /* h5, which was no more than 34 and two deviations */
    tab_release(&t);
    shop_release(&shop);
}

/* Later orders, statuses and labels must not change the features of an earlier order. */
static void orders_do_not_see_the_future(void **state)
{
    shop_data shop;
    tab_table before, after;
    (void)state;

    make_orders(&shop);
    assert_int_equal(fea_orders(&ctx, &shop, INT64_MIN + 1, instant("2026-01-11"), 0, &before), TOC_OK);
    for (size_t i = 0; i < shop.orders.n; i++) {
        set_cell(&shop, SHOP_ORDERS, "status", i, "cancelled");
        if (shop.orders.ordered_at[i] < instant("2026-01-11")) continue;
        set_cell(&shop, SHOP_ORDERS, "customer_id", i, "A");
        set_cell(&shop, SHOP_ORDERS, "unit_price", i, "99999");
    }
    for (size_t i = 0; i < shop.labels.n; i++)
        if (shop.labels.labelled_at[i] >= instant("2026-01-11")) set_cell(&shop, SHOP_LABELS, "label", i, "fraud");
    assert_int_equal(fea_orders(&ctx, &shop, INT64_MIN + 1, instant("2026-01-11"), 0, &after), TOC_OK);
    assert_int_equal(before.n_rows, after.n_rows);
    for (size_t c = 1; c < before.n_cols; c++) assert_memory_equal(before.columns[c].f64, after.columns[c].f64,
                                                                   before.n_rows * sizeof(double));
    tab_release(&before);
    tab_release(&after);
    shop_release(&shop);
}

static const char *const merchant_header[] = { "order_id", "customer_id", "merchant_id", "product_id", "device_id", "quantity",
    "unit_price", "ordered_at", "shipped_at", "refunded_at" };
static const char *const merchant_lines[] = {
    "o1", "A", "m1", "p1", "d1", "1", "10.00", "2026-01-01T00:00:00Z", "2026-01-01T00:30:00Z", "",
    "o2", "A", "m1", "p1", "d1", "3", "10.00", "2026-01-01T12:00:00Z", "2026-01-02T12:00:00Z", "2026-01-09T00:00:00Z",
    "o3", "B", "m1", "p1", "d1", "1", "20.00", "2026-01-03T12:00:00Z", "", "",
    "o4", "C", "m1", "p2", "d2", "2", "10.00", "2026-01-25T12:00:00Z", "", "",
    "o4", "C", "m2", "p3", "d2", "1", "10.00", "2026-01-25T12:00:00Z", "", "",
};
static const char *const review_header[] = { "review_id", "merchant_id", "product_id", "rating", "created_at" };
static const char *const reviews[] = {
    "v1", "m1", "p1", "2", "2025-12-20T00:00:00Z", "v2", "m1", "p1", "5", "2026-01-20T00:00:00Z", "v3", "", "p1", "5",
        "2026-01-20T01:00:00Z",
};

static void merchants_and_products_by_hand(void **state)
{
    shop_data shop;
    tab_table t;
    int64_t as_of = instant("2026-01-31");
    (void)state;

    assert_int_equal(shop_init(&ctx, &shop), TOC_OK);
    add_rows(&shop, SHOP_ORDERS, merchant_header, TOC_COUNT(merchant_header), merchant_lines,
             TOC_COUNT(merchant_lines) / TOC_COUNT(merchant_header));
    add_rows(&shop, SHOP_REVIEWS, review_header, TOC_COUNT(review_header), reviews,
             TOC_COUNT(reviews) / TOC_COUNT(review_header));
    assert_int_equal(fea_merchants(&ctx, &shop, as_of, &t), TOC_OK);
    assert_int_equal(t.n_rows, 2);
    IS(&t, "m1", "orders", 4);
    IS(&t, "m1", "spend", 80);
    IS(&t, "m1", "buyers", 3);
    IS(&t, "m1", "buyer_gini", 2 * (1 + 2 + 3 * 2) / (3.0 * 4) - 4.0 / 3); /* 1, 1, 2 orders */
    IS(&t, "m1", "top10_share", 1);
    IS(&t, "m1", "repeat_share", 1.0 / 3);
    IS(&t, "m1", "shared_device_share", 2.0 / 3); /* A and B on d1 */
    IS(&t, "m1", "devices_per_buyer", 2.0 / 3);
    IS(&t, "m1", "shared_address_share", NAN);
    IS(&t, "m1", "new_account_share", 1);
    IS(&t, "m1", "busiest_day", 2);
    IS(&t, "m1", "burst", 2 * 3.0 / 4);
    IS(&t, "m1", "ship_at_once_share", 0.5);
    IS(&t, "m1", "never_shipped_share", 1.0 / 3); /* o3; o4 is younger than 14 days */
    IS(&t, "m1", "refund_share", 0.25);
    IS(&t, "m1", "reviews", 3); /* v3 by its product */
    IS(&t, "m1", "rating_mean", 4);
    IS(&t, "m1", "rating_jump", 3);
    IS(&t, "m1", "review_share", 0.75);
    IS(&t, "m1", "reviews_busiest_day", 2);
    IS(&t, "m2", "orders", 1);
    IS(&t, "m2", "spend", 10);
    tab_release(&t);

    assert_int_equal(fea_products(&ctx, &shop, as_of, &t), TOC_OK);
    IS(&t, "p1", "units", 5);
    IS(&t, "p1", "units_7d", 0);
    IS(&t, "p1", "units_30d", 5);
    IS(&t, "p1", "adi", 15); /* 30 days, sold on two */
    IS(&t, "p1", "zero_day_share", 28.0 / 30);
    IS(&t, "p1", "cv2", (1.5 * 1.5) / (2.5 * 2.5)); /* 4 and 1 */
    IS(&t, "p1", "price_mean", 12);
    IS(&t, "p1", "price_last", 20);
    IS(&t, "p1", "buyers", 2);
    IS(&t, "p1", "return_share", 1.0 / 3);
    IS(&t, "p1", "rating_last", 5);
    IS(&t, "p2", "units_7d", 2);
    tab_table scaling;
    assert_int_equal(fea_scaling_learn(&ctx, &t, FEA_SCALE_MINMAX, &scaling), TOC_OK);
    assert_int_equal(fea_scaling_apply(&ctx, &scaling, &t), TOC_OK);
    IS(&t, "p1", "orders", 1);
    IS(&t, "p2", "orders", 0);
    IS(&t, "p2", "rating_last", NAN);
    assert_int_equal(fea_flag_missing(&ctx, &t), TOC_OK);
    IS(&t, "p2", "rating_last_missing", 1);
    IS(&t, "p2", "orders_missing", 0);
    tab_release(&scaling);
    tab_release(&t);

    tab_column *x;
    double median_five[] = { 1, 2, NAN, 4, 8, 3 }; /* median 3, quartiles 2 and 4 */
    tab_init(&t, 6);
    assert_int_equal(tab_add(&ctx, &t, "x", TAB_F64, NULL, &x), TOC_OK);
    memcpy(x->f64, median_five, sizeof median_five);
    assert_int_equal(fea_scaling_learn(&ctx, &t, FEA_SCALE_ROBUST, &scaling), TOC_OK);
    assert_int_equal(fea_scaling_apply(&ctx, &scaling, &t), TOC_OK);
    assert_true(t.columns[0].f64[0] == -1 && isnan(t.columns[0].f64[2]) && t.columns[0].f64[4] == 2.5);
    tab_release(&scaling);
    tab_release(&t);
    shop_release(&shop);
}

static const char *const market_header[] = { "order_id", "customer_id", "merchant_id", "product_id", "quantity", "unit_price", "ordered_at" };
static const char *const market_lines[] = {
    "o1", "A", "m1", "p1", "2", "5.00", "2026-01-30T23:30:00Z", "o2", "A", "m1", "p2", "1", "30.00", "2026-01-30T01:00:00Z",
    "o3", "A", "m2", "p1", "1", "10.00", "2026-01-02T00:00:00Z", "o4", "A", "m2", "p1", "3", "10.00", "2026-01-03T00:00:00Z",
    "o5", "B", "m3", "p2", "1", "20.00", "2026-01-04T00:00:00Z", "o6", "B", "m1", "p3", "1", "1.00", "2026-01-05T00:00:00Z",
    "o7", "B", "m1", "p3", "1", "1.00", "2026-01-06T00:00:00Z",
};

/* Prices beside those of others, regular buyers of several merchants, windows, first digits. */
static void market_by_hand(void **state)
{
    shop_data shop;
    tab_table t;
    size_t first;
    (void)state;

    assert_int_equal(shop_init(&ctx, &shop), TOC_OK);
    add_rows(&shop, SHOP_ORDERS, market_header, TOC_COUNT(market_header), market_lines, TOC_COUNT(market_lines) / TOC_COUNT(market_header));
    assert_int_equal(shop_sort(&ctx, &shop), TOC_OK);
    assert_int_equal(fea_merchants(&ctx, &shop, instant("2026-01-31"), &t), TOC_OK);
    IS(&t, "m1", "price_vs_market", (0.5 + 1.5) / 2); /* p1 for 5 beside 10, p2 for 30 beside 20; p3 is sold by nobody else */
    IS(&t, "m1", "cheap_share", 0.5);
    IS(&t, "m2", "price_vs_market", 2);
    IS(&t, "m1", "repeat_elsewhere_share", 0.5); /* A at m2; B has one order at m3 */
    IS(&t, "m2", "repeat_elsewhere_share", 1);
    IS(&t, "m3", "repeat_elsewhere_share", NAN);
    IS(&t, "m1", "orders_1h", 1);
    IS(&t, "m1", "orders_1d", 2);
    IS(&t, "m1", "buyers_1d", 1);
    IS(&t, "m1", "buyers_30d", 2);
    IS(&t, "m1", "order_max_7d", 30);
    IS(&t, "m1", "benford", NAN); /* too few */
    tab_release(&t);
    shop_truncate(&shop, SHOP_ORDERS, 0);
    assert_int_equal(shop_add_rows(&ctx, &shop, SHOP_ORDERS, 30, &first), TOC_OK);
    for (size_t i = 0; i < 30; i++) { /* every first digit is 1 */
        char id[8];
        id[toc_format_int((int64_t)i, id)] = 0;
        const char *const cells[] = { id, "A", "m1", "p1", "1", i < 15 ? "0.17" : "199.00", "2026-01-05T00:00:00Z" };
        for (size_t c = 0; c < TOC_COUNT(cells); c++) set_cell(&shop, SHOP_ORDERS, market_header[c], first + i, cells[c]);
    }
    assert_int_equal(fea_merchants(&ctx, &shop, instant("2026-01-31"), &t), TOC_OK);
    IS(&t, "m1", "benford", 2 * (1 - log10(2)) / 9);
    tab_release(&t);
    shop_release(&shop);
}

static void two_currencies_are_refused(void **state)
{
    static const char *const header[] = { "order_id", "customer_id", "quantity", "unit_price", "ordered_at", "currency" };
    static const char *const lines[] = { "o1", "A", "1", "1.00", "2026-01-01", "EUR", "o2", "A", "1", "1.00", "2026-01-02",
        "USD" };
    shop_data shop;
    tab_table t;
    (void)state;

    assert_int_equal(shop_init(&ctx, &shop), TOC_OK);
    add_rows(&shop, SHOP_ORDERS, header, TOC_COUNT(header), lines, 2);
    assert_int_equal(fea_customers(&ctx, &shop, instant("2026-02-01"), &t), TOC_E_DATA);
    assert_non_null(strstr(ctx.message, "EUR"));
    ctx.message[0] = 0;
    shop_release(&shop);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(customers_by_hand),
        cmocka_unit_test(orders_by_hand),
        cmocka_unit_test(habits_by_hand),
        cmocka_unit_test(orders_do_not_see_the_future),
        cmocka_unit_test(merchants_and_products_by_hand),
        cmocka_unit_test(market_by_hand),
        cmocka_unit_test(two_currencies_are_refused),
    };
    toc_ctx_init(&ctx);
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    toc_ctx_release(&ctx);
    return failed;
}
