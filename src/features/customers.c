/* customers.c: what a customer looked like at T. Purchases of one local day count once wherever a rhythm is measured; orders and
 * money count each. Work is cut into blocks of customers, so any thread count gives the same bytes. */
#include "features/fea_int.h"
#include "num/num.h"

#define IN_WINDOWS(X, what, unit, meaning) \
    X(what##_1h, unit, meaning " in the hour before T") \
    X(what##_1d, unit, meaning " in the day before T") \
    X(what##_7d, unit, meaning " in the 7 days before T") \
    X(what##_30d, unit, meaning " in the 30 days before T") \
    X(what##_90d, unit, meaning " in the 90 days before T") \
    X(what##_180d, unit, meaning " in the 180 days before T") \
    X(what##_365d, unit, meaning " in the 365 days before T")

#define CUSTOMER_FEATURES(X) \
    X(recency_days, "days", "from the last purchase to T") \
    X(tenure_days, "days", "from the first purchase to T") \
    X(account_days, "days", "from the account's creation to T; empty when unknown") \
    X(orders, "orders", "orders with at least one purchased line") \
    X(purchase_days, "days", "local days with a purchase; several orders of one day count once") \
    X(spend, "money", "value of all purchased lines") \
    IN_WINDOWS(X, orders, "orders", "orders") \
    IN_WINDOWS(X, spend, "money", "value purchased") \
    IN_WINDOWS(X, order_mean, "money", "average value of the orders") \
    IN_WINDOWS(X, order_max, "money", "value of the largest order") \
    IN_WINDOWS(X, products, "products", "distinct products purchased") \
    X(gap_mean_days, "days", "mean gap between purchase days; empty with fewer than two") \
    X(gap_median_days, "days", "median gap between purchase days") \
    X(gap_sd_days, "days", "standard deviation of the gaps (population)") \
    X(gap_max_days, "days", "longest gap between purchase days") \
    X(gap_last_days, "days", "gap between the last two purchase days") \
    X(recency_vs_gap, "ratio", "recency_days divided by gap_mean_days: silence measured in the customer's own rhythm") \
    X(gap_last_vs_mean, "ratio", "gap_last_days divided by gap_mean_days: above 1 the customer was slowing down already") \
    X(purchase_rate, "days per 30", "purchase days per 30 days since the first purchase") \
    X(active_share, "share", "time from first to last purchase divided by tenure_days") \
    X(trend, "share", "orders of the last 90 days less those of the 90 before, divided by both together") \
    X(order_mean, "money", "average value of an order") \
    X(order_last, "money", "value of the last order") \
    X(order_max, "money", "value of the largest order") \
    X(items_per_order, "items", "average quantity of an order") \
    X(lines_per_order, "lines", "average number of lines of an order") \
    X(products, "products", "distinct products purchased") \
    X(categories, "categories", "distinct categories purchased") \
    X(merchants, "merchants", "distinct merchants purchased from") \
    X(variety, "share", "distinct products divided by purchased lines") \
    X(repeat_product_share, "share", "purchased lines of a product that an earlier order of the customer had") \
    X(discount_share, "share", "discounts divided by the value before discount") \
    X(coupon_share, "share", "purchased lines with a coupon") \
    X(return_share, "share", "lines returned or refunded, return lines included, of all lines") \
    X(returned_value_share, "share", "value of return lines and refunds divided by spend") \
    X(refund_share, "share", "lines with a refund of all lines that took goods") \
    X(cancel_share, "share", "cancelled lines of all lines that took goods") \
    X(reviews, "reviews", "reviews written") \
    X(rating_mean, "stars", "mean rating given") \
    X(rating_last, "stars", "last rating given") \
    X(rating_min, "stars", "worst rating given") \
    X(rating_change, "stars", "last rating given less the mean of those before") \
    X(delivery_days_mean, "days", "mean time from order to delivery") \
    X(delivery_days_last, "days", "time from order to delivery of the last delivered line") \
    X(delivery_days_max, "days", "longest time from order to delivery") \
    X(delivery_days_change, "days", "delivery_days_last less the mean of the delivered lines before") \
    X(ship_days_mean, "days", "mean time from order to shipping") \
    X(night_share, "share", "orders placed from 0 to 6 o'clock local time") \
    X(morning_share, "share", "orders placed from 6 to 12 o'clock") \
    X(afternoon_share, "share", "orders placed from 12 to 18 o'clock") \
    X(evening_share, "share", "orders placed from 18 to 24 o'clock") \
    X(monday_share, "share", "orders placed on Mondays") \
    X(tuesday_share, "share", "orders placed on Tuesdays") \
    X(wednesday_share, "share", "orders placed on Wednesdays") \
    X(thursday_share, "share", "orders placed on Thursdays") \
    X(friday_share, "share", "orders placed on Fridays") \
    X(saturday_share, "share", "orders placed on Saturdays") \
    X(sunday_share, "share", "orders placed on Sundays") \
    X(first_order, "money", "value of the first order") \
    X(first_lines, "lines", "purchased lines of the first order") \
    X(first_discount_share, "share", "discounts of the first order divided by its value before discount") \
    X(first_coupon, "flag", "the first order had a coupon") \
    X(first_back, "flag", "a line of the first order was returned or refunded") \
    X(first_delivery_days, "days", "longest time from order to delivery of the first order's lines") \
    X(second_after_days, "days", "from the first to the second purchase day")

#define AS_ENUM(name, unit, meaning) F_##name,
#define AS_INFO(name, unit, meaning) { #name, unit, meaning },
enum { CUSTOMER_FEATURES(AS_ENUM) N_FEATURES };
const fea_info fea_customer_list[] = { CUSTOMER_FEATURES(AS_INFO) };
const size_t fea_customer_count = N_FEATURES;

static const int64_t windows[] = { TOC_HOUR, TOC_DAY, 7 * TOC_DAY, 30 * TOC_DAY, 90 * TOC_DAY, 180 * TOC_DAY, 365 * TOC_DAY };
enum { N_WINDOWS = TOC_COUNT(windows), DAYS_90 = 4 };

#define BLOCK 1024

typedef struct {
    const shop_data *view;
    const int64_t *moment; /* T, by customer code */
    double unit;
    fea_orders_set orders;
    fea_groups by_order, lines, reviews; /* orders, order lines and reviews by customer */
    const fea_line *kinds;               /* of the order lines */
    const int64_t *created;              /* by customer code */
    const uint32_t *codes;               /* rows of the table */
    size_t n;
    double *out[N_FEATURES];
} job;

/* Memory of one block, reused from customer to customer. */
typedef struct {
    double *gaps;
    uint32_t *codes;
    uint64_t *pairs;
    uint32_t *lines; /* purchases of known products, by time */
    bool *is_last;   /* of them, the last of its product */
    size_t cap_gaps, cap_codes, cap_pairs, cap_lines, cap_is_last;
} scratch;

/* When a customer purchased: recency, windows, shares of hours and weekdays. */
static void add_times(toc_ctx *ctx, const job *j, const uint32_t *row, size_t n, size_t r)
{
    const int64_t as_of = j->moment[j->codes[r]];
    double *const *out = j->out;
    size_t orders = 0, day_part[4] = { 0 }, weekday[7] = { 0 }, previous_90 = 0;
    size_t in_window[N_WINDOWS] = { 0 };
    int64_t spent[N_WINDOWS] = { 0 }, most[N_WINDOWS] = { 0 }, spend = 0, items = 0, largest = INT64_MIN, last = 0;
    size_t lines = 0;

    for (size_t i = 0; i < n; i++) {
        uint32_t k = row[i];
        if (j->orders.bought[k] == 0) continue;
        int64_t age = as_of - j->orders.at[k], amount = j->orders.amount[k];
        orders++;
        spend += amount;
        last = amount;
        largest = TOC_MAX(largest, amount);
        items += j->orders.items[k];
        lines += j->orders.bought[k];
        for (size_t w = 0; w < N_WINDOWS; w++) {
            if (age > windows[w]) continue;
            most[w] = in_window[w]++ ? TOC_MAX(most[w], amount) : amount;
            spent[w] += amount;
        }
        previous_90 += age > 90 * TOC_DAY && age <= 180 * TOC_DAY;
        day_part[toc_local_second(ctx, j->orders.at[k]) / (6 * 3600)]++;
        weekday[toc_weekday(toc_local_day(ctx, j->orders.at[k]))]++;
    }
    double count = (double)orders;
    out[F_orders][r] = count;
    out[F_spend][r] = (double)spend / j->unit;
    for (size_t w = 0; w < N_WINDOWS; w++) {
        out[F_orders_1h + w][r] = (double)in_window[w];
        out[F_spend_1h + w][r] = (double)spent[w] / j->unit;
        if (in_window[w] == 0) continue;
        out[F_order_mean_1h + w][r] = (double)spent[w] / j->unit / (double)in_window[w];
        out[F_order_max_1h + w][r] = (double)most[w] / j->unit;
    }
    if (orders == 0) return;
    out[F_trend][r] = fea_ratio((double)in_window[DAYS_90] - (double)previous_90, (double)(in_window[DAYS_90] + previous_90));
    out[F_order_mean][r] = (double)spend / j->unit / count;
    out[F_order_last][r] = (double)last / j->unit;
    out[F_order_max][r] = (double)largest / j->unit;
    out[F_items_per_order][r] = (double)items / count;
    out[F_lines_per_order][r] = (double)lines / count;
    for (size_t p = 0; p < 4; p++) out[F_night_share + p][r] = (double)day_part[p] / count;
    for (size_t d = 0; d < 7; d++) out[F_monday_share + d][r] = (double)weekday[d] / count;
}

/* The rhythm: gaps between purchase days, and the present silence beside them. */
static toc_status add_rhythm(toc_ctx *ctx, const job *j, scratch *s, const uint32_t *row, size_t n, size_t r)
{
    double *const *out = j->out;
    const int64_t as_of = j->moment[j->codes[r]];
    int64_t first = TOC_NO_TIME, last = TOC_NO_TIME, last_day = 0;
    size_t days = 0;

    TOC_TRY(toc_grow(ctx, &s->gaps, &s->cap_gaps, n + 1, sizeof *s->gaps));
    for (size_t i = 0; i < n; i++) {
        if (j->orders.bought[row[i]] == 0) continue;
        int64_t at = j->orders.at[row[i]], day = toc_local_day(ctx, at);
        if (days == 0) first = at;
        last = at;
        if (days > 0 && day == last_day) continue;
        if (days > 0) s->gaps[days - 1] = (double)(day - last_day);
        last_day = day;
        days++;
    }
    out[F_purchase_days][r] = (double)days;
    if (days == 0) return TOC_OK;
    double recency = fea_days(as_of - last), tenure = fea_days(as_of - first);
    out[F_recency_days][r] = recency;
    out[F_tenure_days][r] = tenure;
    out[F_purchase_rate][r] = 30 * (double)days / TOC_MAX(tenure, 1);
    out[F_active_share][r] = fea_ratio(tenure - recency, tenure);
    if (days < 2) return TOC_OK;
    double mean = num_mean(s->gaps, days - 1), longest = 0;
    out[F_second_after_days][r] = s->gaps[0];
    for (size_t i = 0; i + 1 < days; i++) longest = TOC_MAX(longest, s->gaps[i]);
    out[F_gap_mean_days][r] = mean;
    out[F_gap_max_days][r] = longest;
    out[F_gap_last_days][r] = s->gaps[days - 2];
    out[F_gap_sd_days][r] = sqrt(num_variance(s->gaps, days - 1));
    out[F_recency_vs_gap][r] = fea_ratio(recency, mean);
    out[F_gap_last_vs_mean][r] = fea_ratio(s->gaps[days - 2], mean);
    out[F_gap_median_days][r] = num_median(s->gaps, days - 1);
    return TOC_OK;
}

/* What became of the lines: discounts, returns, refunds, cancellations, deliveries. */
static void add_outcomes(const job *j, const uint32_t *row, size_t n, size_t r)
{
    const shop_orders *o = &j->view->orders;
    double *const *out = j->out;
    size_t purchases = 0, coupons = 0, back = 0, cancelled = 0, taken = 0, delivered = 0, refunds = 0, shipped = 0;
    int64_t discount = 0, net = 0, returned = 0;
    double delivery = 0, delivery_last = NAN, delivery_max = NAN, ship = 0;

    for (size_t i = 0; i < n; i++) {
        uint32_t l = row[i];
        const fea_line kind = j->kinds[l];
        shop_status status = kind.status;
        bool refunded = o->refund_amount[l] != TOC_NO_MONEY && o->refund_amount[l] != 0;
        back += kind.is_return || status == SHOP_RETURNED || status == SHOP_REFUNDED || refunded;
        if (refunded) returned += llabs(o->refund_amount[l]);
        if (kind.is_return) {
            returned += llabs(shop_line_amount(j->view, l));
            continue;
        }
        taken++;
        refunds += refunded || status == SHOP_REFUNDED;
        cancelled += status == SHOP_CANCELLED;
        if (o->delivered_at[l] != TOC_NO_TIME) {
            delivery_last = fea_days(o->delivered_at[l] - o->ordered_at[l]);
            delivery_max = fmax(delivery_max, delivery_last);
            delivery += delivery_last;
            delivered++;
        }
        if (o->shipped_at[l] != TOC_NO_TIME) {
            ship += fea_days(o->shipped_at[l] - o->ordered_at[l]);
            shipped++;
        }
        if (!kind.is_purchase) continue;
        purchases++;
        coupons += o->coupon[l] != 0;
        net += shop_line_amount(j->view, l);
        if (o->discount[l] != TOC_NO_MONEY) discount += o->discount[l];
    }
    out[F_discount_share][r] = fea_ratio((double)discount, (double)(net + discount));
    out[F_coupon_share][r] = fea_ratio((double)coupons, (double)purchases);
    out[F_return_share][r] = fea_ratio((double)back, (double)n);
    out[F_returned_value_share][r] = fea_ratio((double)returned, (double)net);
    out[F_cancel_share][r] = fea_ratio((double)cancelled, (double)taken);
    out[F_delivery_days_mean][r] = fea_ratio(delivery, (double)delivered);
    out[F_delivery_days_last][r] = delivery_last;
    out[F_delivery_days_max][r] = delivery_max;
    if (delivered > 1) out[F_delivery_days_change][r] = delivery_last - (delivery - delivery_last) / (double)(delivered - 1);
    out[F_refund_share][r] = fea_ratio((double)refunds, (double)taken);
    out[F_ship_days_mean][r] = fea_ratio(ship, (double)shipped);
}

/* The first order with a purchase. */
static void add_first(const job *j, const uint32_t *row, size_t n, size_t r)
{
    const shop_orders *o = &j->view->orders;
    double *const *out = j->out, delivery = NAN;
    int64_t discount = 0, net = 0;
    size_t lines = 0, first = 0;
    bool coupon = false, back = false;

    while (first < n && !j->kinds[row[first]].is_purchase) first++;
    if (first == n) return;
    for (size_t i = 0; i < n; i++) {
        uint32_t l = row[i];
        const fea_line kind = j->kinds[l];
        if (o->order_id[l] != o->order_id[row[first]]) continue;
        back |= kind.is_return || kind.status == SHOP_RETURNED || kind.status == SHOP_REFUNDED
            || (o->refund_amount[l] != TOC_NO_MONEY && o->refund_amount[l] != 0);
        if (!kind.is_purchase) continue;
        if (o->delivered_at[l] != TOC_NO_TIME) delivery = fmax(delivery, fea_days(o->delivered_at[l] - o->ordered_at[l]));
        lines++;
        coupon |= o->coupon[l] != 0;
        net += shop_line_amount(j->view, l);
        if (o->discount[l] != TOC_NO_MONEY) discount += o->discount[l];
    }
    out[F_first_order][r] = (double)net / j->unit;
    out[F_first_lines][r] = (double)lines;
    out[F_first_discount_share][r] = fea_ratio((double)discount, (double)(net + discount));
    out[F_first_coupon][r] = coupon;
    out[F_first_back][r] = back;
    out[F_first_delivery_days][r] = delivery;
}

/* How wide the customer buys: distinct categories and merchants; products are told below. */
static toc_status add_variety(toc_ctx *ctx, const job *j, scratch *s, const uint32_t *row, size_t n, size_t r)
{
    const shop_orders *o = &j->view->orders;
    const uint32_t *const column[] = { o->category, o->merchant_id };

    TOC_TRY(toc_grow(ctx, &s->codes, &s->cap_codes, n + 1, sizeof *s->codes));
    for (size_t c = 0; c < TOC_COUNT(column); c++) {
        size_t purchases = 0;
        for (size_t i = 0; i < n; i++)
            if (j->kinds[row[i]].is_purchase) s->codes[purchases++] = column[c][row[i]];
        size_t distinct = fea_distinct(s->codes, purchases);
        if (distinct > 0) j->out[F_categories + c][r] = (double)distinct; /* else the export does not say */
    }
    return TOC_OK;
}

static int compare_u64(const void *a, const void *b, const void *arg)
{
    uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
    (void)arg;
    return (x > y) - (x < y);
}

static toc_status sort_pairs(toc_ctx *ctx, uint64_t *pairs, size_t n)
{
    enum { FEW = 64 };

    if (n > FEW) return toc_sort(ctx, pairs, n, sizeof *pairs, compare_u64, NULL);
    for (size_t i = 1; i < n; i++) {
        uint64_t pair = pairs[i];
        size_t k = i;
        for (; k > 0 && pairs[k - 1] > pair; k--) pairs[k] = pairs[k - 1];
        pairs[k] = pair;
    }
    return TOC_OK;
}

/* Distinct products, all and in the windows, and how many purchases an earlier order had too. The lines of a window are the last ones, so a product is in it
 * when its last line is. */
static toc_status add_products(toc_ctx *ctx, const job *j, scratch *s, const uint32_t *row, size_t n, size_t r)
{
    const shop_orders *o = &j->view->orders;
    const int64_t as_of = j->moment[j->codes[r]];
    size_t known = 0, purchases = 0, again = 0, products = 0, distinct = 0;

    TOC_TRY(toc_grow(ctx, &s->pairs, &s->cap_pairs, n + 1, sizeof *s->pairs));
    TOC_TRY(toc_grow(ctx, &s->lines, &s->cap_lines, n + 1, sizeof *s->lines));
    for (size_t i = 0; i < n; i++) {
        if (!j->kinds[row[i]].is_purchase) continue;
        purchases++;
        if (o->product_id[row[i]] == 0) continue;
        s->lines[known] = row[i];
        s->pairs[known] = toc_pair(o->product_id[row[i]], (uint32_t)known);
        known++;
    }
    if (known == 0) return TOC_OK; /* the export does not say */
    TOC_TRY(sort_pairs(ctx, s->pairs, known));
    TOC_TRY(toc_grow(ctx, &s->is_last, &s->cap_is_last, known, sizeof *s->is_last));
    for (size_t i = 0, k; i < known; i = k, products++) {
        uint32_t order = o->order_id[s->lines[(uint32_t)s->pairs[i]]];
        for (k = i; k < known && s->pairs[k] >> 32 == s->pairs[i] >> 32; k++) {
            again += o->order_id[s->lines[(uint32_t)s->pairs[k]]] != order;
            s->is_last[(uint32_t)s->pairs[k]] = false;
        }
        s->is_last[(uint32_t)s->pairs[k - 1]] = true;
    }
    for (size_t w = 0, from = known; w < N_WINDOWS; w++) {
        while (from > 0 && as_of - o->ordered_at[s->lines[from - 1]] <= windows[w]) distinct += s->is_last[--from];
        j->out[F_products_1h + w][r] = (double)distinct;
    }
    j->out[F_products][r] = (double)products;
    j->out[F_variety][r] = (double)products / (double)purchases;
    j->out[F_repeat_product_share][r] = (double)again / (double)purchases;
    return TOC_OK;
}

static void add_reviews(const job *j, const uint32_t *row, size_t n, size_t r)
{
    const shop_reviews *v = &j->view->reviews;
    double sum = 0, last = NAN, least = NAN;
    size_t rated = 0;

    for (size_t i = 0; i < n; i++) {
        if (v->rating[row[i]] == SHOP_NO_INT) continue;
        last = (double)v->rating[row[i]] / SHOP_RATIO;
        least = fmin(least, last);
        sum += last;
        rated++;
    }
    j->out[F_reviews][r] = (double)n;
    j->out[F_rating_mean][r] = fea_ratio(sum, (double)rated);
    j->out[F_rating_last][r] = last;
    j->out[F_rating_min][r] = least;
    if (rated > 1) j->out[F_rating_change][r] = last - (sum - last) / (double)(rated - 1);
}

static const uint32_t *group(const fea_groups *g, uint32_t code, size_t *n)
{
    *n = g->start[code + 1] - g->start[code];
    return g->row + g->start[code];
}

static toc_status customers_block(toc_ctx *ctx, void *arg, size_t task)
{
    const job *j = arg;
    scratch s = {0};
    toc_status st = TOC_OK;

    for (size_t r = task * BLOCK; r < TOC_MIN(j->n, (task + 1) * BLOCK) && !st; r++) {
        uint32_t c = j->codes[r];
        size_t n;
        const uint32_t *row = group(&j->by_order, c, &n);
        add_times(ctx, j, row, n, r);
        st = add_rhythm(ctx, j, &s, row, n, r);
        row = group(&j->lines, c, &n);
        add_outcomes(j, row, n, r);
        add_first(j, row, n, r);
        if (!st) st = add_variety(ctx, j, &s, row, n, r);
        if (!st) st = add_products(ctx, j, &s, row, n, r);
        row = group(&j->reviews, c, &n);
        add_reviews(j, row, n, r);
        if (j->created[c] != TOC_NO_TIME) j->out[F_account_days][r] = fea_days(j->moment[c] - j->created[c]);
    }
    toc_free(s.gaps);
    toc_free(s.codes);
    toc_free(s.pairs);
    toc_free(s.lines);
    toc_free(s.is_last);
    return st;
}

/* The three groupings by customer. */
static toc_status group_customers(toc_ctx *ctx, job *j, size_t n_codes)
{
    const shop_data *view = j->view;
    uint32_t *lines = NULL, *reviews = NULL, *customer = NULL;
    toc_status st = TOC_OK;

    if ((st = fea_time_order(ctx, view->orders.ordered_at, view->orders.n, &lines))) goto out;
    if ((st = fea_time_order(ctx, view->reviews.created_at, view->reviews.n, &reviews))) goto out;
    if ((st = fea_collect_orders(ctx, view, lines, &j->orders))) goto out;
    if ((st = fea_order_codes(ctx, &j->orders, view->orders.customer_id, &customer))) goto out;
    if ((st = fea_group(ctx, customer, j->orders.n, n_codes, NULL, &j->by_order))) goto out;
    if ((st = fea_group(ctx, view->orders.customer_id, view->orders.n, n_codes, lines, &j->lines))) goto out;
    st = fea_group(ctx, view->reviews.customer_id, view->reviews.n, n_codes, reviews, &j->reviews);
out:
    toc_free(lines);
    toc_free(reviews);
    toc_free(customer);
    return st;
}

toc_status fea_customers_each(toc_ctx *ctx, const shop_data *view, const int64_t *moment, double unit, tab_table *features)
{
    job j = { .view = view, .moment = moment, .unit = unit };
    size_t n_codes = toc_pool_size(&view->dict[SHOP_D_CUSTOMER]);
    int64_t *created = NULL;
    uint32_t *codes = NULL;
    bool *seen = NULL;
    fea_line *kinds = NULL;
    toc_status st = TOC_OK;

    tab_init(features, 0);
    if ((st = group_customers(ctx, &j, n_codes))) goto out;
    if ((st = fea_line_kinds(ctx, view, &kinds))) goto out;
    if ((st = toc_alloc(ctx, n_codes, sizeof *created, &created))) goto out;
    if ((st = toc_alloc(ctx, n_codes, sizeof *seen, &seen))) goto out;
    for (size_t c = 0; c < n_codes; c++) {
        created[c] = TOC_NO_TIME;
        seen[c] = j.lines.start[c + 1] > j.lines.start[c] || j.reviews.start[c + 1] > j.reviews.start[c];
    }
    for (size_t i = 0; i < view->customers.n; i++)
        if (view->customers.created_at[i] < moment[view->customers.customer_id[i]]) created[view->customers.customer_id[i]] = view->customers.created_at[i];
    if ((st = fea_sorted_codes(ctx, &view->dict[SHOP_D_CUSTOMER], seen, &codes, &j.n))) goto out;
    j.created = created;
    j.kinds = kinds;
    j.codes = codes;
    st = fea_table(ctx, "customer_id", view, SHOP_D_CUSTOMER, codes, j.n, fea_customer_list, N_FEATURES, features, j.out);
    if (st) goto out;
    st = toc_parallel(ctx, (j.n + BLOCK - 1) / BLOCK, customers_block, &j);
out:
    if (st) tab_release(features);
    fea_orders_release(&j.orders);
    fea_groups_release(&j.by_order);
    fea_groups_release(&j.lines);
    fea_groups_release(&j.reviews);
    toc_free(kinds);
    toc_free(created);
    toc_free(codes);
    toc_free(seen);
    return st;
}

toc_status fea_customers(toc_ctx *ctx, const shop_data *view, int64_t as_of, tab_table *features)
{
    int64_t *moment = NULL;
    double unit;

    tab_init(features, 0);
    TOC_TRY(fea_money_unit(ctx, view, &unit));
    toc_status st = fea_one_moment(ctx, as_of, toc_pool_size(&view->dict[SHOP_D_CUSTOMER]), &moment);
    if (!st) st = fea_customers_each(ctx, view, moment, unit, features);
    toc_free(moment);
    return st;
}
