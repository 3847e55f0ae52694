/* rules.c: the rules as data. Thresholds are on the features of features/ and network.c, in their units. */
#include "fraud/fraud.h"
#include "fraud/fraud_int.h"

const fraud_rule fraud_rules[] = {
    { "O01", FRAUD_ORDER, 0.55, "a burst of orders from fresh accounts on one device",
      { { "device_customers_1d", '>', 3 }, { "account_age_days", '<', 3 }, { "device_since_s", '<', 21600 }, { NULL, 0, 0 } } },
    { "O02", FRAUD_ORDER, 0.50, "a fresh account orders far above what the merchant usually sells",
      { { "account_age_days", '<', 2 }, { "amount_vs_merchant", '>', 3 }, { "device_orders_7d", '>', 2 }, { NULL, 0, 0 } } },
    { "O03", FRAUD_ORDER, 0.70, "one means of payment tried by several customers",
      { { "payment_key_customers_7d", '>', 2 }, { "account_age_days", '<', 14 }, { NULL, 0, 0 } } },
    { "O04", FRAUD_ORDER, 0.75, "card testing: many small orders in a row on one device",
      { { "device_orders_1h", '>', 4 }, { "amount_vs_merchant", '<', 0.4 }, { "customer_payment_keys_1d", '>', 2 }, { NULL, 0, 0 } } },
    { "O05", FRAUD_ORDER, 0.60, "several cards of one customer within a day",
      { { "customer_payment_keys_1d", '>', 3 }, { "customer_orders_1d", '>', 3 }, { NULL, 0, 0 } } },
    { "O06", FRAUD_ORDER, 0.35, "far above the customer's own habit, from a new device with a new means of payment",
      { { "amount_vs_early", '>', 5 }, { "new_device", '>', 1 }, { "new_payment_key", '>', 1 }, { NULL, 0, 0 } } },
    { "O07", FRAUD_ORDER, 0.30, "delivery and billing country differ on a new account",
      { { "countries_differ", '>', 1 }, { "account_age_days", '<', 7 }, { NULL, 0, 0 } } },
    { "O08", FRAUD_ORDER, 0.60, "the means of payment was used in fraud before", { { "payment_key_frauds_ever", '>', 1 }, { NULL, 0, 0 } } },
    { "O09", FRAUD_ORDER, 0.55, "the device was used in fraud before", { { "device_frauds_ever", '>', 1 }, { NULL, 0, 0 } } },
    { "O10", FRAUD_ORDER, 0.35, "the merchant had several frauds in the last 30 days",
      { { "merchant_frauds_30d", '>', 3 }, { "merchant_fraud_rate_30d", '>', 0.1 }, { NULL, 0, 0 } } },
    { "C01", FRAUD_CUSTOMER, 0.55, "most of what the customer buys is refunded",
      { { "returned_value_share", '>', 0.5 }, { "orders", '>', 5 }, { NULL, 0, 0 } } },
    { "C02", FRAUD_CUSTOMER, 0.25, "refunds at several merchants",
      { { "returned_value_share", '>', 0.35 }, { "merchants", '>', 4 }, { "orders", '>', 6 }, { NULL, 0, 0 } } },
    { "C03", FRAUD_CUSTOMER, 0.25, "belongs to a ring of customers who share devices, addresses or means of payment",
      { { "ring_size", '>', 6 }, { NULL, 0, 0 } } },
    { "M01", FRAUD_MERCHANT, 0.50, "a closed ring of buyers who share devices, addresses or means of payment and buy almost only here",
      { { "ring_share", '>', 0.15 }, { "ring_closed", '>', 0.6 }, { "ring_members", '>', 5 }, { NULL, 0, 0 } } },
    { "M02", FRAUD_MERCHANT, 0.45, "the ring's orders are shipped at once or never",
      { { "ring_quick_share", '>', 0.6 }, { "ring_members", '>', 4 }, { "ring_share", '>', 0.08 }, { NULL, 0, 0 } } },
    { "M03", FRAUD_MERCHANT, 0.45, "reviews that nearly copy each other",
      { { "copied_share", '>', 0.25 }, { "reviews", '>', 8 }, { "five_star_share", '>', 0.6 }, { NULL, 0, 0 } } },
    { "M04", FRAUD_MERCHANT, 0.25, "few buyers place most orders, and they buy nowhere else",
      { { "top10_share", '>', 0.5 }, { "only_here_share", '>', 0.6 }, { "orders", '>', 30 }, { NULL, 0, 0 } } },
    { "M05", FRAUD_MERCHANT, 0.30, "many orders are never shipped", { { "never_shipped_share", '>', 0.3 }, { "orders", '>', 10 }, { NULL, 0, 0 } } },
    { "M06", FRAUD_MERCHANT, 0.55, "review bombing: a wave of one-star reviews within three days",
      { { "bomb_reviews", '>', 6 }, { "bomb_share", '>', 0.15 }, { NULL, 0, 0 } } },
    { "M07", FRAUD_MERCHANT, 0.25, "most buyers share a device with another buyer",
      { { "shared_device_share", '>', 0.4 }, { "buyers", '>', 10 }, { NULL, 0, 0 } } },
};
const size_t fraud_n_rules = TOC_COUNT(fraud_rules);

/* What the isolation forest looks at: behaviour, not size or calendar, which make nobody suspect. */
const char *const fraud_forest_columns[FRAUD_N_ENTITIES][FRAUD_FOREST_MOST] = {
    [FRAUD_ORDER] = { "amount", "amount_vs_past", "amount_z_past", "amount_vs_early", "amount_z_early", "amount_vs_merchant", "large_share_14d",
                      "customer_orders_1d", "customer_spend_1d", "customer_payment_keys_1d", "device_customers_1d", "device_orders_1h",
                      "payment_key_customers_7d", "new_device", "new_payment_key" },
    [FRAUD_CUSTOMER] = { "return_share", "returned_value_share", "cancel_share", "coupon_share", "orders_30d", "spend_30d", "merchants", "ring_size" },
    [FRAUD_MERCHANT] = { "buyer_gini", "top10_share", "only_here_share", "new_account_share", "shared_device_share", "shared_address_share", "burst",
                         "ship_at_once_share", "never_shipped_share", "refund_share", "cancel_share", "five_star_share", "one_star_share",
                         "review_burst", "ring_share", "ring_closed", "ring_quick_share", "copied_share", "bomb_share" },
};
