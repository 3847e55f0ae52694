/* merchants.c: what a merchant looked like at T: size, its buyers and what they share, shipping, outcomes, reviews. An order with
 * lines of several merchants counts for each of them with its own lines: a parcel. */
#include "features/fea_int.h"
#include "num/num.h"

#define IN_WINDOWS(X, what, unit, meaning) \
    X(what##_1h, unit, meaning " in the hour before T") \
    X(what##_1d, unit, meaning " in the day before T") \
    X(what##_7d, unit, meaning " in the 7 days before T") \
    X(what##_30d, unit, meaning " in the 30 days before T") \
    X(what##_90d, unit, meaning " in the 90 days before T") \
    X(what##_365d, unit, meaning " in the 365 days before T")

#define MERCHANT_FEATURES(X) \
    X(age_days, "days", "from the merchant's opening, else its first order, to T") \
    X(recency_days, "days", "from the last order to T") \
    X(orders, "orders", "orders with at least one line of the merchant that takes goods") \
    X(spend, "money", "value of these lines when placed") \
    X(order_mean, "money", "average value of an order") \
    X(order_cv, "ratio", "standard deviation of the order values divided by their mean") \
    IN_WINDOWS(X, orders, "orders", "orders") \
    IN_WINDOWS(X, spend, "money", "value of the orders") \
    IN_WINDOWS(X, order_mean, "money", "average value of the orders") \
    IN_WINDOWS(X, order_max, "money", "value of the largest order") \
    IN_WINDOWS(X, buyers, "buyers", "distinct customers") \
    X(products, "products", "distinct products sold") \
    X(buyers, "buyers", "distinct customers") \
    X(buyer_gini, "share", "Gini coefficient of orders per buyer: 0 = all alike, towards 1 = few buyers order almost all") \
    X(top10_share, "share", "orders of the ten busiest buyers") \
    X(repeat_share, "share", "buyers with two orders or more") \
    X(only_here_share, "share", "buyers with two orders or more in the shop, all of them here") \
    X(repeat_elsewhere_share, "share", "of the buyers with two orders or more, those with two or more at another merchant too") \
    X(new_account_share, "share", "orders of accounts younger than 7 days") \
    X(devices_per_buyer, "devices", "distinct devices divided by buyers") \
    X(addresses_per_buyer, "addresses", "distinct delivery addresses divided by buyers") \
    X(ips_per_buyer, "addresses", "distinct IP addresses divided by buyers") \
    X(shared_device_share, "share", "buyers whose device another buyer of the merchant uses too") \
    X(shared_address_share, "share", "buyers whose delivery address another buyer of the merchant uses too") \
    X(shared_ip_share, "share", "buyers whose IP address another buyer of the merchant uses too") \
    X(shared_payment_share, "share", "buyers whose means of payment another buyer of the merchant uses too") \
    X(busiest_day, "orders", "orders of the busiest local day") \
    X(burst, "ratio", "busiest_day divided by the mean of the days with orders") \
    X(benford, "share", "mean distance of the shares of first digits of the order values from Benford's law; empty below 30 orders") \
    X(price_vs_market, "ratio", "mean over products that others sell too of the price per unit divided by that of the others") \
    X(cheap_share, "share", "of these products, those for less than 0.7 of the others' price") \
    X(night_share, "share", "orders placed from 0 to 6 o'clock local time") \
    X(ship_days_mean, "days", "mean time from order to shipping") \
    X(ship_at_once_share, "share", "shipped lines that were shipped within an hour") \
    X(never_shipped_share, "share", "lines older than 14 days, not cancelled, never shipped; empty where no line ever was") \
    X(delivery_days_mean, "days", "mean time from order to delivery") \
    X(return_share, "share", "lines returned or refunded, return lines included, of all lines") \
    X(refund_share, "share", "lines with a refund of all lines that took goods") \
    X(cancel_share, "share", "cancelled lines of all lines that took goods") \
    X(reviews, "reviews", "reviews of the merchant or its orders") \
    X(reviews_30d, "reviews", "reviews in the 30 days before T") \
    X(review_share, "share", "reviews divided by orders") \
    X(rating_mean, "stars", "mean rating") \
    X(rating_jump, "stars", "mean rating of the last 30 days less that of the time before") \
    X(five_star_share, "share", "ratings of 5 of all ratings") \
    X(one_star_share, "share", "ratings of 1 of all ratings") \
    X(reviews_busiest_day, "reviews", "reviews of the busiest local day") \
    X(review_burst, "ratio", "reviews_busiest_day divided by the mean of the days with reviews") \
    X(verified_share, "share", "reviews marked as verified purchases, of those that say")

#define AS_ENUM(name, unit, meaning) F_##name,
#define AS_INFO(name, unit, meaning) { #name, unit, meaning },
enum { MERCHANT_FEATURES(AS_ENUM) N_FEATURES };
const fea_info fea_merchant_list[] = { MERCHANT_FEATURES(AS_INFO) };
const size_t fea_merchant_count = N_FEATURES;

/* One order at one merchant. */
typedef struct {
    uint32_t merchant, line; /* first line */
    int64_t at, amount;
} parcel;

/* Lines of a product that take goods, of all merchants. */
typedef struct {
    int64_t amount, quantity;
} market;

typedef struct {
    const shop_data *view;
    int64_t as_of;
    double unit;
    parcel *parcels; /* by time */
    size_t n_parcels;
    uint32_t *review_merchant;
    fea_groups by_parcel, lines, reviews;
    int64_t *first_seen;     /* of a customer: account creation, else first order */
    uint32_t *shop_orders;   /* of a customer: parcels anywhere */
    uint32_t *regular_at;    /* of a customer: merchants with two parcels or more */
    market *market;          /* by product code */
    bool ships;              /* the shop knows of shipping at all */
    const uint32_t *codes;
    size_t n;
    double *out[N_FEATURES];
} job;

typedef struct {
    uint64_t *pairs;
    uint32_t *codes;
    double *values;
    size_t cap_pairs, cap_codes, cap_values;
} scratch;

static int compare_u64(const void *a, const void *b, const void *arg)
{
    uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
    (void)arg;
    return (x > y) - (x < y);
}

static uint32_t customer_of(const job *j, uint32_t p) { return j->view->orders.customer_id[j->parcels[p].line]; }

static const int64_t windows[] = { TOC_HOUR, TOC_DAY, 7 * TOC_DAY, 30 * TOC_DAY, 90 * TOC_DAY, 365 * TOC_DAY };
enum { N_WINDOWS = TOC_COUNT(windows), FEWEST_DIGITS = 30 };

/* Mean absolute distance of the shares of first digits from log10(1 + 1/d); values of nothing have no digit. */
static double benford(const double *values, size_t n)
{
    size_t times[10] = { 0 }, known = 0;
    double distance = 0;

    for (size_t i = 0; i < n; i++) {
        double v = values[i];
        if (!(v > 0)) continue;
        while (v >= 10) v /= 10;
        while (v < 1) v *= 10;
        times[(size_t)v]++;
        known++;
    }
    if (known < FEWEST_DIGITS) return NAN;
    for (size_t d = 1; d < 10; d++) distance += fabs((double)times[d] / (double)known - log10(1 + 1 / (double)d));
    return distance / 9;
}

/* Size, windows, bursts of the orders. */
static toc_status add_orders(toc_ctx *ctx, const job *j, scratch *s, const uint32_t *p, size_t n, size_t r)
{
    double *const *out = j->out;
    int64_t spend = 0, spent[N_WINDOWS] = { 0 }, most[N_WINDOWS] = { 0 }, day = INT64_MIN;
    size_t count[N_WINDOWS] = { 0 }, today = 0, busiest = 0, days = 0, night = 0;

    TOC_TRY(toc_grow(ctx, &s->values, &s->cap_values, n + 1, sizeof *s->values));
    for (size_t i = 0; i < n; i++) {
        const parcel *q = &j->parcels[p[i]];
        int64_t on = toc_local_day(ctx, q->at);
        spend += q->amount;
        s->values[i] = (double)q->amount / j->unit;
        for (size_t w = 0; w < N_WINDOWS; w++) {
            if (j->as_of - q->at > windows[w]) continue;
            most[w] = count[w]++ ? TOC_MAX(most[w], q->amount) : q->amount;
            spent[w] += q->amount;
        }
        days += on != day;
        today = on == day ? today + 1 : 1;
        day = on;
        busiest = TOC_MAX(busiest, today);
        night += toc_local_second(ctx, q->at) < 6 * 3600;
    }
    out[F_orders][r] = (double)n;
    out[F_spend][r] = (double)spend / j->unit;
    for (size_t w = 0; w < N_WINDOWS; w++) {
        out[F_orders_1h + w][r] = (double)count[w];
        out[F_spend_1h + w][r] = (double)spent[w] / j->unit;
        if (count[w] == 0) continue;
        out[F_order_mean_1h + w][r] = (double)spent[w] / j->unit / (double)count[w];
        out[F_order_max_1h + w][r] = (double)most[w] / j->unit;
    }
    if (n == 0) return TOC_OK;
    out[F_benford][r] = benford(s->values, n);
    double mean = num_mean(s->values, n);
    out[F_age_days][r] = fea_days(j->as_of - j->parcels[p[0]].at);
    out[F_recency_days][r] = fea_days(j->as_of - j->parcels[p[n - 1]].at);
    out[F_order_mean][r] = mean;
    out[F_order_cv][r] = fea_ratio(sqrt(num_variance(s->values, n)), mean);
    out[F_busiest_day][r] = (double)busiest;
    out[F_burst][r] = (double)busiest * (double)days / (double)n;
    out[F_night_share][r] = (double)night / (double)n;
    return TOC_OK;
}

/* Who buys: concentration, repeats, new accounts. */
static toc_status add_buyers(toc_ctx *ctx, const job *j, scratch *s, const uint32_t *p, size_t n, size_t r, size_t *buyers)
{
    double *const *out = j->out;
    size_t known = 0, runs = 0, repeat = 0, only = 0, fresh = 0, elsewhere = 0;
    double total = 0, weighted = 0, top = 0;

    TOC_TRY(toc_grow(ctx, &s->pairs, &s->cap_pairs, n + 1, sizeof *s->pairs));
    for (size_t i = 0; i < n; i++) {
        uint32_t c = customer_of(j, p[i]);
        if (c == 0) continue;
        s->pairs[known++] = c;
        fresh += j->parcels[p[i]].at - j->first_seen[c] < 7 * TOC_DAY;
    }
    TOC_TRY(toc_sort(ctx, s->pairs, known, sizeof *s->pairs, compare_u64, NULL));
    for (size_t i = 0, k; i < known; i = k) { /* runs of one buyer become their lengths, in place */
        for (k = i; k < known && s->pairs[k] == s->pairs[i]; k++) continue;
        repeat += k - i > 1;
        elsewhere += k - i > 1 && j->regular_at[s->pairs[i]] > 1;
        only += k - i > 1 && j->shop_orders[s->pairs[i]] == k - i;
        s->pairs[runs++] = k - i;
    }
    TOC_TRY(toc_sort(ctx, s->pairs, runs, sizeof *s->pairs, compare_u64, NULL));
    for (size_t i = 0; i < runs; i++) {
        total += (double)s->pairs[i];
        weighted += (double)(i + 1) * (double)s->pairs[i];
        if (i + 10 >= runs) top += (double)s->pairs[i];
    }
    *buyers = runs;
    out[F_buyers][r] = (double)runs;
    if (runs == 0) return TOC_OK;
    out[F_buyer_gini][r] = 2 * weighted / ((double)runs * total) - ((double)runs + 1) / (double)runs;
    out[F_top10_share][r] = top / total;
    out[F_repeat_elsewhere_share][r] = fea_ratio((double)elsewhere, (double)repeat);
    out[F_repeat_share][r] = (double)repeat / (double)runs;
    out[F_only_here_share][r] = (double)only / (double)runs;
    out[F_new_account_share][r] = (double)fresh / (double)known;
    return TOC_OK;
}

/* Distinct buyers of the windows; the parcels of a window are the last ones. */
static toc_status add_window_buyers(toc_ctx *ctx, const job *j, scratch *s, const uint32_t *p, size_t n, size_t r)
{
    TOC_TRY(toc_grow(ctx, &s->codes, &s->cap_codes, n + 1, sizeof *s->codes));
    for (size_t w = 0; w < N_WINDOWS; w++) {
        size_t in = 0;
        while (in < n && j->as_of - j->parcels[p[n - in - 1]].at <= windows[w]) {
            s->codes[in] = customer_of(j, p[n - in - 1]);
            in++;
        }
        j->out[F_buyers_1h + w][r] = (double)fea_distinct(s->codes, in);
    }
    return TOC_OK;
}

/* A line that says what a unit of a product costs. */
static bool tells_price(const shop_data *view, size_t line)
{
    const shop_orders *o = &view->orders;
    return o->product_id[line] != 0 && !shop_line_is_return(view, line) && o->quantity[line] > 0 && shop_line_amount(view, line) > 0;
}

/* The merchant's prices beside those that others take for the same products. */
static toc_status add_prices(toc_ctx *ctx, const job *j, scratch *s, const uint32_t *row, size_t n, size_t r)
{
    const shop_orders *o = &j->view->orders;
    size_t known = 0, products = 0, cheap = 0;
    double sum = 0;

    TOC_TRY(toc_grow(ctx, &s->pairs, &s->cap_pairs, n + 1, sizeof *s->pairs));
    TOC_TRY(toc_grow(ctx, &s->values, &s->cap_values, n + 1, sizeof *s->values));
    for (size_t i = 0; i < n; i++) {
        s->values[i] = NAN;
        if (tells_price(j->view, row[i])) s->pairs[known++] = toc_pair(o->product_id[row[i]], (uint32_t)i);
    }
    TOC_TRY(toc_sort(ctx, s->pairs, known, sizeof *s->pairs, compare_u64, NULL));
    for (size_t i = 0, k; i < known; i = k) {
        const market *all = &j->market[s->pairs[i] >> 32];
        market own = {0};
        for (k = i; k < known && s->pairs[k] >> 32 == s->pairs[i] >> 32; k++) {
            own.amount += shop_line_amount(j->view, row[(uint32_t)s->pairs[k]]);
            own.quantity += o->quantity[row[(uint32_t)s->pairs[k]]];
        }
        if (all->quantity == own.quantity) continue; /* nobody else sells it */
        double price = (double)own.amount / (double)own.quantity;
        s->values[(uint32_t)s->pairs[i]] = price / ((double)(all->amount - own.amount) / (double)(all->quantity - own.quantity));
    }
    for (size_t i = 0; i < n; i++) { /* by the products' first lines: codes depend on what was read before */
        if (isnan(s->values[i])) continue;
        sum += s->values[i];
        cheap += s->values[i] < 0.7;
        products++;
    }
    j->out[F_price_vs_market][r] = fea_ratio(sum, (double)products);
    j->out[F_cheap_share][r] = fea_ratio((double)cheap, (double)products);
    return TOC_OK;
}

/* How many values of a key the buyers have, and how many buyers share one with another buyer. */
static toc_status add_shared(toc_ctx *ctx, const job *j, scratch *s, const uint32_t *column, const uint32_t *p, size_t n,
                             size_t *values, size_t *sharing)
{
    size_t known = 0, marked = 0;

    *values = *sharing = 0;
    TOC_TRY(toc_grow(ctx, &s->pairs, &s->cap_pairs, n + 1, sizeof *s->pairs));
    TOC_TRY(toc_grow(ctx, &s->codes, &s->cap_codes, n + 1, sizeof *s->codes));
    for (size_t i = 0; i < n; i++) {
        uint32_t value = column[j->parcels[p[i]].line], customer = customer_of(j, p[i]);
        if (value != 0 && customer != 0) s->pairs[known++] = toc_pair(value, customer);
    }
    TOC_TRY(toc_sort(ctx, s->pairs, known, sizeof *s->pairs, compare_u64, NULL));
    for (size_t i = 0, k; i < known; i = k) {
        for (k = i; k < known && s->pairs[k] >> 32 == s->pairs[i] >> 32; k++) continue;
        (*values)++;
        if (s->pairs[i] == s->pairs[k - 1]) continue; /* one customer alone */
        for (size_t m = i; m < k; m++) s->codes[marked++] = (uint32_t)s->pairs[m];
    }
    *sharing = fea_distinct(s->codes, marked);
    return TOC_OK;
}

static toc_status add_keys(toc_ctx *ctx, const job *j, scratch *s, const uint32_t *p, size_t n, size_t r, size_t buyers)
{
    const shop_orders *o = &j->view->orders;
    const struct {
        const uint32_t *column;
        int per_buyer, shared;
    } keys[] = {
        { o->device_id, F_devices_per_buyer, F_shared_device_share },
        { o->address, F_addresses_per_buyer, F_shared_address_share },
        { o->ip, F_ips_per_buyer, F_shared_ip_share },
        { o->payment_key, -1, F_shared_payment_share },
    };
    for (size_t k = 0; k < TOC_COUNT(keys); k++) {
        size_t values, sharing;
        TOC_TRY(add_shared(ctx, j, s, keys[k].column, p, n, &values, &sharing));
        if (values == 0) continue; /* the shop does not know this key */
        if (keys[k].per_buyer >= 0) j->out[keys[k].per_buyer][r] = fea_ratio((double)values, (double)buyers);
        j->out[keys[k].shared][r] = fea_ratio((double)sharing, (double)buyers);
    }
    return TOC_OK;
}

/* Shipping, returns, refunds, cancellations of the lines, and the products sold. */
static toc_status add_lines(toc_ctx *ctx, const job *j, scratch *s, const uint32_t *row, size_t n, size_t r)
{
    const shop_orders *o = &j->view->orders;
    double *const *out = j->out;
    size_t taken = 0, shipped = 0, at_once = 0, old = 0, never = 0, delivered = 0, back = 0, refunds = 0, cancelled = 0;
    double ship = 0, delivery = 0;

    TOC_TRY(toc_grow(ctx, &s->codes, &s->cap_codes, n + 1, sizeof *s->codes));
    for (size_t i = 0; i < n; i++) {
        uint32_t l = row[i];
        shop_status status = shop_line_status(j->view, l);
        bool refunded = status == SHOP_REFUNDED || (o->refund_amount[l] != TOC_NO_MONEY && o->refund_amount[l] != 0);
        back += refunded || status == SHOP_RETURNED || shop_line_is_return(j->view, l);
        if (shop_line_is_return(j->view, l)) continue;
        s->codes[taken++] = o->product_id[l];
        refunds += refunded;
        cancelled += status == SHOP_CANCELLED;
        if (o->shipped_at[l] != TOC_NO_TIME) {
            shipped++;
            ship += fea_days(o->shipped_at[l] - o->ordered_at[l]);
            at_once += o->shipped_at[l] - o->ordered_at[l] <= TOC_HOUR;
        }
        if (o->delivered_at[l] != TOC_NO_TIME) {
            delivered++;
            delivery += fea_days(o->delivered_at[l] - o->ordered_at[l]);
        }
        if (status == SHOP_CANCELLED || j->as_of - o->ordered_at[l] <= 14 * TOC_DAY) continue;
        old++;
        never += o->shipped_at[l] == TOC_NO_TIME && o->delivered_at[l] == TOC_NO_TIME
            && (status == SHOP_PLACED || status == SHOP_PAID);
    }
    out[F_products][r] = (double)fea_distinct(s->codes, taken);
    out[F_ship_days_mean][r] = fea_ratio(ship, (double)shipped);
    out[F_ship_at_once_share][r] = fea_ratio((double)at_once, (double)shipped);
    if (j->ships) out[F_never_shipped_share][r] = fea_ratio((double)never, (double)old);
    out[F_delivery_days_mean][r] = fea_ratio(delivery, (double)delivered);
    out[F_return_share][r] = fea_ratio((double)back, (double)n);
    out[F_refund_share][r] = fea_ratio((double)refunds, (double)taken);
    out[F_cancel_share][r] = fea_ratio((double)cancelled, (double)taken);
    return TOC_OK;
}

/* Ratings before and in the last 30 days. */
static void add_ratings(const job *j, const uint32_t *row, size_t n, size_t r)
{
    const shop_reviews *v = &j->view->reviews;
    double sum[2] = { 0 }; /* before, last 30 days */
    size_t rated[2] = { 0 }, five = 0, one = 0;

    for (size_t i = 0; i < n; i++) {
        int64_t rating = v->rating[row[i]];
        if (rating == SHOP_NO_INT) continue;
        bool late = v->created_at[row[i]] != TOC_NO_TIME && j->as_of - v->created_at[row[i]] <= 30 * TOC_DAY;
        sum[late] += (double)rating / SHOP_RATIO;
        rated[late]++;
        five += rating == 5 * SHOP_RATIO;
        one += rating == SHOP_RATIO;
    }
    double all = (double)(rated[0] + rated[1]);
    j->out[F_rating_mean][r] = fea_ratio(sum[0] + sum[1], all);
    j->out[F_rating_jump][r] = fea_ratio(sum[1], (double)rated[1]) - fea_ratio(sum[0], (double)rated[0]);
    j->out[F_five_star_share][r] = fea_ratio((double)five, all);
    j->out[F_one_star_share][r] = fea_ratio((double)one, all);
}

static void add_reviews(toc_ctx *ctx, const job *j, const uint32_t *row, size_t n, size_t orders, size_t r)
{
    const shop_reviews *v = &j->view->reviews;
    int64_t day = INT64_MIN;
    size_t today = 0, busiest = 0, days = 0, dated = 0, recent = 0, said = 0, verified = 0;

    for (size_t i = 0; i < n; i++) {
        int64_t at = v->created_at[row[i]], flag = v->verified[row[i]];
        said += flag != SHOP_NO_INT;
        verified += flag != SHOP_NO_INT && flag != 0;
        if (at == TOC_NO_TIME) continue;
        int64_t on = toc_local_day(ctx, at);
        dated++;
        recent += j->as_of - at <= 30 * TOC_DAY;
        days += on != day;
        today = on == day ? today + 1 : 1;
        day = on;
        busiest = TOC_MAX(busiest, today);
    }
    j->out[F_reviews][r] = (double)n;
    j->out[F_reviews_30d][r] = (double)recent;
    j->out[F_review_share][r] = fea_ratio((double)n, (double)orders);
    j->out[F_reviews_busiest_day][r] = (double)busiest;
    j->out[F_review_burst][r] = fea_ratio((double)busiest * (double)days, (double)dated);
    j->out[F_verified_share][r] = fea_ratio((double)verified, (double)said);
}

#define BLOCK 16

static toc_status merchants_block(toc_ctx *ctx, void *arg, size_t task)
{
    const job *j = arg;
    scratch s = {0};
    toc_status st = TOC_OK;

    for (size_t r = task * BLOCK; r < TOC_MIN(j->n, (task + 1) * BLOCK) && !st; r++) {
        uint32_t m = j->codes[r];
        size_t buyers = 0, n = j->by_parcel.start[m + 1] - j->by_parcel.start[m];
        const uint32_t *p = j->by_parcel.row + j->by_parcel.start[m];
        if ((st = add_orders(ctx, j, &s, p, n, r))) break;
        if ((st = add_buyers(ctx, j, &s, p, n, r, &buyers))) break;
        if ((st = add_window_buyers(ctx, j, &s, p, n, r))) break;
        if ((st = add_keys(ctx, j, &s, p, n, r, buyers))) break;
        const uint32_t *lines = j->lines.row + j->lines.start[m];
        size_t n_lines = j->lines.start[m + 1] - j->lines.start[m];
        if ((st = add_prices(ctx, j, &s, lines, n_lines, r))) break;
        st = add_lines(ctx, j, &s, lines, n_lines, r);
        const uint32_t *v = j->reviews.row + j->reviews.start[m];
        size_t n_reviews = j->reviews.start[m + 1] - j->reviews.start[m];
        add_ratings(j, v, n_reviews, r);
        add_reviews(ctx, j, v, n_reviews, n, r);
    }
    toc_free(s.pairs);
    toc_free(s.codes);
    toc_free(s.values);
    return st;
}

/* Lines that take goods, put together by order and merchant, in time order; on the way, when each customer was first seen. */
static toc_status make_parcels(toc_ctx *ctx, job *j, const uint32_t *time_order)
{
    const shop_orders *o = &j->view->orders;
    toc_map place = {0};
    toc_status st = TOC_OK;

    if ((st = toc_alloc(ctx, o->n, sizeof *j->parcels, &j->parcels))) goto out;
    for (size_t i = 0; i < o->n; i++) {
        uint32_t l = time_order ? time_order[i] : (uint32_t)i, customer = o->customer_id[l];
        if (shop_line_is_return(j->view, l) || o->ordered_at[l] == TOC_NO_TIME) continue;
        int64_t *first = &j->first_seen[customer];
        if (*first == TOC_NO_TIME || *first > o->ordered_at[l]) *first = o->ordered_at[l];
        if (o->merchant_id[l] == 0) continue;
        uint64_t *at;
        bool fresh;
        if ((st = toc_map_at(ctx, &place, toc_pair(o->order_id[l], o->merchant_id[l]), &at, &fresh))) goto out;
        if (fresh) {
            *at = j->n_parcels;
            j->parcels[j->n_parcels++] = (parcel){ .merchant = o->merchant_id[l], .line = l, .at = o->ordered_at[l] };
            j->shop_orders[customer]++;
        }
        j->parcels[*at].amount += shop_line_amount(j->view, l);
    }
out:
    toc_map_release(&place);
    return st;
}

/* Of each customer: merchants with two parcels or more. Of each product: what all its lines say of its price. */
static toc_status count_shop(toc_ctx *ctx, job *j)
{
    const shop_orders *o = &j->view->orders;
    toc_map times = {0};
    toc_status st = TOC_OK;

    if ((st = toc_alloc(ctx, toc_pool_size(&j->view->dict[SHOP_D_CUSTOMER]), sizeof *j->regular_at, &j->regular_at))) goto out;
    if ((st = toc_alloc(ctx, toc_pool_size(&j->view->dict[SHOP_D_PRODUCT]), sizeof *j->market, &j->market))) goto out;
    for (uint32_t i = 0; i < j->n_parcels; i++) {
        uint64_t *n;
        if (customer_of(j, i) == 0) continue;
        if ((st = toc_map_at(ctx, &times, toc_pair(customer_of(j, i), j->parcels[i].merchant), &n, NULL))) goto out;
        if (++*n == 2) j->regular_at[customer_of(j, i)]++;
    }
    for (size_t i = 0; i < o->n; i++) {
        if (!tells_price(j->view, i)) continue;
        j->market[o->product_id[i]].amount += shop_line_amount(j->view, i);
        j->market[o->product_id[i]].quantity += o->quantity[i];
    }
out:
    toc_map_release(&times);
    return st;
}

/* The merchant of a review: its own column, else its order's, else its product's last seller. */
static toc_status find_review_merchants(toc_ctx *ctx, job *j)
{
    const shop_reviews *v = &j->view->reviews;
    const shop_orders *o = &j->view->orders;
    uint32_t *of_order = NULL, *of_product = NULL;
    toc_status st = TOC_OK;

    if ((st = toc_alloc(ctx, toc_pool_size(&j->view->dict[SHOP_D_ORDER]), sizeof *of_order, &of_order))) goto out;
    if ((st = toc_alloc(ctx, toc_pool_size(&j->view->dict[SHOP_D_PRODUCT]), sizeof *of_product, &of_product))) goto out;
    if ((st = toc_alloc(ctx, v->n, sizeof *j->review_merchant, &j->review_merchant))) goto out;
    for (size_t i = 0; i < j->n_parcels; i++) {
        uint32_t l = j->parcels[i].line;
        if (of_order[o->order_id[l]] == 0) of_order[o->order_id[l]] = o->merchant_id[l];
        of_product[o->product_id[l]] = o->merchant_id[l];
    }
    for (size_t i = 0; i < v->n; i++) {
        uint32_t m = v->merchant_id[i];
        if (m == 0 && v->order_id[i] != 0) m = of_order[v->order_id[i]];
        if (m == 0 && v->product_id[i] != 0) m = of_product[v->product_id[i]];
        j->review_merchant[i] = m;
    }
out:
    toc_free(of_order);
    toc_free(of_product);
    return st;
}

static toc_status group_merchants(toc_ctx *ctx, job *j)
{
    const shop_data *view = j->view;
    size_t n_codes = toc_pool_size(&view->dict[SHOP_D_MERCHANT]);
    uint32_t *lines = NULL, *reviews = NULL, *merchant = NULL;
    toc_status st = TOC_OK;

    if ((st = fea_time_order(ctx, view->orders.ordered_at, view->orders.n, &lines))) goto out;
    if ((st = fea_time_order(ctx, view->reviews.created_at, view->reviews.n, &reviews))) goto out;
    if ((st = make_parcels(ctx, j, lines))) goto out;
    if ((st = count_shop(ctx, j))) goto out;
    if ((st = find_review_merchants(ctx, j))) goto out;
    if ((st = toc_alloc(ctx, j->n_parcels, sizeof *merchant, &merchant))) goto out;
    for (size_t i = 0; i < j->n_parcels; i++) merchant[i] = j->parcels[i].merchant;
    if ((st = fea_group(ctx, merchant, j->n_parcels, n_codes, NULL, &j->by_parcel))) goto out;
    if ((st = fea_group(ctx, view->orders.merchant_id, view->orders.n, n_codes, lines, &j->lines))) goto out;
    st = fea_group(ctx, j->review_merchant, view->reviews.n, n_codes, reviews, &j->reviews);
out:
    toc_free(lines);
    toc_free(reviews);
    toc_free(merchant);
    return st;
}

/* Opening times replace the first order's where the merchants table has them. */
static toc_status add_openings(toc_ctx *ctx, const job *j)
{
    const shop_merchants *m = &j->view->merchants;
    int64_t *opened = NULL;
    size_t n_codes = toc_pool_size(&j->view->dict[SHOP_D_MERCHANT]);

    TOC_TRY(toc_alloc(ctx, n_codes, sizeof *opened, &opened));
    for (size_t c = 0; c < n_codes; c++) opened[c] = TOC_NO_TIME;
    for (size_t i = 0; i < m->n; i++) opened[m->merchant_id[i]] = m->opened_at[i];
    for (size_t r = 0; r < j->n; r++) {
        int64_t at = opened[j->codes[r]];
        if (at != TOC_NO_TIME && at < j->as_of) j->out[F_age_days][r] = fea_days(j->as_of - at);
    }
    toc_free(opened);
    return TOC_OK;
}

static void release_job(job *j)
{
    toc_free(j->parcels);
    toc_free(j->review_merchant);
    toc_free(j->first_seen);
    toc_free(j->shop_orders);
    toc_free(j->regular_at);
    toc_free(j->market);
    fea_groups_release(&j->by_parcel);
    fea_groups_release(&j->lines);
    fea_groups_release(&j->reviews);
}

toc_status fea_merchants(toc_ctx *ctx, const shop_data *view, int64_t as_of, tab_table *features)
{
    job j = { .view = view, .as_of = as_of };
    size_t n_codes = toc_pool_size(&view->dict[SHOP_D_MERCHANT]), n_customers = toc_pool_size(&view->dict[SHOP_D_CUSTOMER]);
    uint32_t *codes = NULL;
    bool *seen = NULL;
    toc_status st = TOC_OK;

    tab_init(features, 0);
    if ((st = fea_money_unit(ctx, view, &j.unit))) goto out;
    if ((st = toc_alloc(ctx, n_customers, sizeof *j.first_seen, &j.first_seen))) goto out;
    if ((st = toc_alloc(ctx, n_customers, sizeof *j.shop_orders, &j.shop_orders))) goto out;
    for (size_t c = 0; c < n_customers; c++) j.first_seen[c] = TOC_NO_TIME;
    for (size_t i = 0; i < view->customers.n; i++)
        if (view->customers.created_at[i] != TOC_NO_TIME)
            j.first_seen[view->customers.customer_id[i]] = view->customers.created_at[i];
    if ((st = group_merchants(ctx, &j))) goto out;
    if ((st = toc_alloc(ctx, n_codes, sizeof *seen, &seen))) goto out;
    for (size_t c = 0; c < n_codes; c++)
        seen[c] = j.lines.start[c + 1] > j.lines.start[c] || j.reviews.start[c + 1] > j.reviews.start[c];
    if ((st = fea_sorted_codes(ctx, &view->dict[SHOP_D_MERCHANT], seen, &codes, &j.n))) goto out;
    j.codes = codes;
    st = fea_table(ctx, "merchant_id", view, SHOP_D_MERCHANT, codes, j.n, fea_merchant_list, N_FEATURES, features, j.out);
    if (st) goto out;
    for (size_t i = 0; i < view->orders.n && !j.ships; i++)
        j.ships = view->orders.shipped_at[i] != TOC_NO_TIME || view->orders.delivered_at[i] != TOC_NO_TIME;
    if ((st = toc_parallel(ctx, (j.n + BLOCK - 1) / BLOCK, merchants_block, &j))) goto out;
    st = add_openings(ctx, &j);
out:
    if (st) tab_release(features);
    release_job(&j);
    toc_free(codes);
    toc_free(seen);
    return st;
}
