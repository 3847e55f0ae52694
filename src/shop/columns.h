/* columns.h: the canonical columns, X(name, type, domain, required). The one place that lists them. */
#ifndef SHOP_COLUMNS_H
#define SHOP_COLUMNS_H

#define SHOP_ORDER_COLUMNS(X) \
    X(order_id, CODE, ORDER, 1) \
    X(line_id, CODE, LINE, 0) \
    X(customer_id, CODE, CUSTOMER, 0) \
    X(merchant_id, CODE, MERCHANT, 0) \
    X(product_id, CODE, PRODUCT, 0) \
    X(category, CODE, CATEGORY, 0) \
    X(title, CODE, TEXT, 0) \
    X(quantity, INT, ORDER, 1) \
    X(unit_price, MONEY, ORDER, 1) \
    X(discount, MONEY, ORDER, 0) \
    X(line_total, MONEY, ORDER, 0) \
    X(currency, CODE, WORD, 0) \
    X(ordered_at, TIME, ORDER, 1) \
    X(paid_at, TIME, ORDER, 0) \
    X(shipped_at, TIME, ORDER, 0) \
    X(delivered_at, TIME, ORDER, 0) \
    X(cancelled_at, TIME, ORDER, 0) \
    X(returned_at, TIME, ORDER, 0) \
    X(refunded_at, TIME, ORDER, 0) \
    X(status, CODE, WORD, 0) \
    X(status_at, TIME, ORDER, 0) \
    X(refund_amount, MONEY, ORDER, 0) \
    X(payment_method, CODE, WORD, 0) \
    X(payment_key, CODE, PAYMENT_KEY, 0) \
    X(coupon, CODE, WORD, 0) \
    X(device_id, CODE, DEVICE, 0) \
    X(ip, CODE, IP, 0) \
    X(email, CODE, EMAIL, 0) \
    X(phone, CODE, PHONE, 0) \
    X(address, CODE, ADDRESS, 0) \
    X(city, CODE, PLACE, 0) \
    X(region, CODE, PLACE, 0) \
    X(postcode, CODE, PLACE, 0) \
    X(country, CODE, PLACE, 0) \
    X(billing_country, CODE, PLACE, 0)

#define SHOP_REVIEW_COLUMNS(X) \
    X(review_id, CODE, REVIEW, 0) \
    X(order_id, CODE, ORDER, 0) \
    X(product_id, CODE, PRODUCT, 0) \
    X(customer_id, CODE, CUSTOMER, 0) \
    X(merchant_id, CODE, MERCHANT, 0) \
    X(rating, RATIO, ORDER, 0) \
    X(title, CODE, TEXT, 0) \
    X(body, CODE, TEXT, 0) \
    X(created_at, TIME, ORDER, 0) \
    X(verified, INT, ORDER, 0) \
    X(helpful, INT, ORDER, 0)

#define SHOP_PRODUCT_COLUMNS(X) \
    X(product_id, CODE, PRODUCT, 1) \
    X(title, CODE, TEXT, 0) \
    X(category, CODE, CATEGORY, 0) \
    X(brand, CODE, WORD, 0) \
    X(price, MONEY, ORDER, 0) \
    X(cost, MONEY, ORDER, 0) \
    X(launched_at, TIME, ORDER, 0) \
    X(discontinued_at, TIME, ORDER, 0)

#define SHOP_STOCK_COLUMNS(X) \
    X(product_id, CODE, PRODUCT, 1) \
    X(location, CODE, PLACE, 0) \
    X(on_hand, INT, ORDER, 1) \
    X(reserved, INT, ORDER, 0) \
    X(incoming, INT, ORDER, 0) \
    X(incoming_at, TIME, ORDER, 0) \
    X(lead_time_days, RATIO, ORDER, 0) \
    X(unit_cost, MONEY, ORDER, 0) \
    X(as_of, TIME, ORDER, 0)

#define SHOP_PROMOTION_COLUMNS(X) \
    X(product_id, CODE, PRODUCT, 1) \
    X(starts_on, TIME, ORDER, 1) \
    X(ends_on, TIME, ORDER, 1) \
    X(discount, RATIO, ORDER, 0)

#define SHOP_CUSTOMER_COLUMNS(X) \
    X(customer_id, CODE, CUSTOMER, 1) \
    X(created_at, TIME, ORDER, 0) \
    X(ended_at, TIME, ORDER, 0) \
    X(email, CODE, EMAIL, 0) \
    X(phone, CODE, PHONE, 0) \
    X(country, CODE, PLACE, 0) \
    X(treatment, CODE, WORD, 0)

#define SHOP_MERCHANT_COLUMNS(X) \
    X(merchant_id, CODE, MERCHANT, 1) \
    X(name, CODE, TEXT, 0) \
    X(category, CODE, CATEGORY, 0) \
    X(opened_at, TIME, ORDER, 0) \
    X(payout_key, CODE, PAYMENT_KEY, 0)

#define SHOP_PAYMENT_COLUMNS(X) \
    X(payment_id, CODE, LINE, 1) \
    X(order_id, CODE, ORDER, 0) \
    X(kind, CODE, WORD, 0) \
    X(amount, MONEY, ORDER, 1) \
    X(currency, CODE, WORD, 0) \
    X(at, TIME, ORDER, 0) \
    X(payment_key, CODE, PAYMENT_KEY, 0) \
    X(refund_amount, MONEY, ORDER, 0)

#define SHOP_EVENT_COLUMNS(X) \
    X(customer_id, CODE, CUSTOMER, 1) \
    X(kind, CODE, WORD, 0) \
    X(product_id, CODE, PRODUCT, 0) \
    X(at, TIME, ORDER, 1) \
    X(device_id, CODE, DEVICE, 0) \
    X(ip, CODE, IP, 0)

#define SHOP_LABEL_COLUMNS(X) \
    X(entity, CODE, WORD, 1) \
    X(id, CODE, WORD, 1) \
    X(label, CODE, WORD, 1) \
    X(labelled_at, TIME, ORDER, 0) \
    X(source, CODE, WORD, 0) \
    X(note, CODE, TEXT, 0)

#endif
