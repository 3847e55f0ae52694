/* products.c: what a product looked like at T: demand per day and its pattern, price, returns, ratings, stock. */
#include "features/fea_int.h"
#include "num/num.h"

#define PRODUCT_FEATURES(X) \
    X(age_days, "days", "from the first sale to T") \
    X(recency_days, "days", "from the last sale to T") \
    X(orders, "lines", "purchased lines") \
    X(units, "units", "quantity of all purchased lines") \
    X(revenue, "money", "value of all purchased lines") \
    X(units_7d, "units", "quantity purchased in the 7 days before T") \
    X(units_30d, "units", "quantity purchased in the 30 days before T") \
    X(units_90d, "units", "quantity purchased in the 90 days before T") \
    X(units_365d, "units", "quantity purchased in the 365 days before T") \
    X(trend, "share", "units of the last 30 days less those of the 30 before, divided by both together") \
    X(units_per_day, "units", "units divided by the local days from the first sale to T") \
    X(zero_day_share, "share", "local days from the first sale to T without a sale") \
    X(adi, "days", "average demand interval: days from the first sale to T divided by days with a sale") \
    X(cv2, "ratio", "squared coefficient of variation of the units of days with a sale") \
    X(units_max_day, "units", "units of the best day") \
    X(weekend_share, "share", "units sold on Saturdays and Sundays") \
    X(price_mean, "money", "revenue divided by units") \
    X(price_last, "money", "value per unit of the last purchased line") \
    X(price_vs_mean, "ratio", "price_last divided by price_mean") \
    X(discount_share, "share", "discounts divided by the value before discount") \
    X(buyers, "buyers", "distinct customers") \
    X(return_share, "share", "lines returned or refunded, return lines included, of all lines") \
    X(cancel_share, "share", "cancelled lines of all lines that took goods") \
    X(reviews, "reviews", "reviews of the product") \
    X(rating_mean, "stars", "mean rating") \
    X(rating_last, "stars", "last rating") \
    X(on_hand, "units", "stock of the latest counts, all locations") \
    X(cover_days, "days", "on_hand divided by the mean daily units of the last 30 days")

#define AS_ENUM(name, unit, meaning) F_##name,
#define AS_INFO(name, unit, meaning) { #name, unit, meaning },
enum { PRODUCT_FEATURES(AS_ENUM) N_FEATURES };
const fea_info fea_product_list[] = { PRODUCT_FEATURES(AS_INFO) };
const size_t fea_product_count = N_FEATURES;

#define BLOCK 256

typedef struct {
    const shop_data *view;
    const int64_t *moment; /* T, by product code */
    double unit;
    fea_groups lines, reviews;
    double *on_hand; /* by product code; NaN = never counted */
    const uint32_t *codes;
    size_t n;
    double *out[N_FEATURES];
} job;

typedef struct {
    double *days; /* units of days with a sale */
    uint32_t *codes;
    size_t cap_days, cap_codes;
} scratch;

/* Units by window and by day. */
static toc_status add_demand(toc_ctx *ctx, const job *j, scratch *s, const uint32_t *row, size_t n, size_t r)
{
    static const int window_days[] = { 7, 30, 90, 365 };
    const shop_orders *o = &j->view->orders;
    const int64_t as_of = j->moment[j->codes[r]];
    double *const *out = j->out, units = 0, in_window[4] = { 0 }, previous = 0, weekend = 0, best = 0;
    int64_t first = TOC_NO_TIME, last = TOC_NO_TIME, day = 0;
    size_t days = 0;

    TOC_TRY(toc_grow(ctx, &s->days, &s->cap_days, n + 1, sizeof *s->days));
    for (size_t i = 0; i < n; i++) {
        uint32_t l = row[i];
        if (!shop_line_is_purchase(j->view, l)) continue;
        double quantity = (double)o->quantity[l];
        int64_t at = o->ordered_at[l], age = as_of - at, on = toc_local_day(ctx, at);
        if (days == 0) first = at;
        last = at;
        units += quantity;
        for (size_t w = 0; w < 4; w++) in_window[w] += age <= window_days[w] * TOC_DAY ? quantity : 0;
        if (age > 30 * TOC_DAY && age <= 60 * TOC_DAY) previous += quantity;
        if (toc_weekday(on) >= 5) weekend += quantity;
        if (days == 0 || on != day) s->days[days++] = 0;
        s->days[days - 1] += quantity;
        day = on;
    }
    out[F_units][r] = units;
    for (size_t w = 0; w < 4; w++) out[F_units_7d + w][r] = in_window[w];
    if (days == 0) return TOC_OK;
    double span = (double)TOC_MAX(toc_local_day(ctx, as_of - 1) - toc_local_day(ctx, first) + 1, 1);
    double mean = num_mean(s->days, days);
    for (size_t i = 0; i < days; i++) best = TOC_MAX(best, s->days[i]);
    out[F_age_days][r] = fea_days(as_of - first);
    out[F_recency_days][r] = fea_days(as_of - last);
    out[F_trend][r] = fea_ratio(in_window[1] - previous, in_window[1] + previous);
    out[F_units_per_day][r] = units / span;
    out[F_zero_day_share][r] = 1 - (double)days / span;
    out[F_adi][r] = span / (double)days;
    out[F_cv2][r] = fea_ratio(num_variance(s->days, days), mean * mean);
    out[F_units_max_day][r] = best;
    out[F_weekend_share][r] = weekend / units;
    return TOC_OK;
}

/* Price, buyers, returns. */
static toc_status add_lines(toc_ctx *ctx, const job *j, scratch *s, const uint32_t *row, size_t n, size_t r)
{
    const shop_orders *o = &j->view->orders;
    double *const *out = j->out;
    size_t purchases = 0, taken = 0, back = 0, cancelled = 0;
    int64_t revenue = 0, discount = 0;
    double price = NAN;

    TOC_TRY(toc_grow(ctx, &s->codes, &s->cap_codes, n + 1, sizeof *s->codes));
    for (size_t i = 0; i < n; i++) {
        uint32_t l = row[i];
        shop_status status = shop_line_status(j->view, l);
        bool refunded = status == SHOP_REFUNDED || (o->refund_amount[l] != TOC_NO_MONEY && o->refund_amount[l] != 0);
        back += refunded || status == SHOP_RETURNED || shop_line_is_return(j->view, l);
        if (shop_line_is_return(j->view, l)) continue;
        taken++;
        cancelled += status == SHOP_CANCELLED;
        if (!shop_line_is_purchase(j->view, l)) continue;
        int64_t amount = shop_line_amount(j->view, l);
        s->codes[purchases++] = o->customer_id[l];
        revenue += amount;
        if (o->discount[l] != TOC_NO_MONEY) discount += o->discount[l];
        price = (double)amount / j->unit / (double)o->quantity[l];
    }
    out[F_orders][r] = (double)purchases;
    out[F_revenue][r] = (double)revenue / j->unit;
    out[F_price_mean][r] = fea_ratio((double)revenue / j->unit, out[F_units][r]);
    out[F_price_last][r] = price;
    out[F_price_vs_mean][r] = fea_ratio(price, out[F_price_mean][r]);
    out[F_discount_share][r] = fea_ratio((double)discount, (double)(revenue + discount));
    out[F_buyers][r] = (double)fea_distinct(s->codes, purchases);
    out[F_return_share][r] = fea_ratio((double)back, (double)n);
    out[F_cancel_share][r] = fea_ratio((double)cancelled, (double)taken);
    return TOC_OK;
}

static void add_reviews(const job *j, const uint32_t *row, size_t n, size_t r)
{
    double sum = 0, last = NAN;
    size_t rated = 0;

    for (size_t i = 0; i < n; i++) {
        int64_t rating = j->view->reviews.rating[row[i]];
        if (rating == SHOP_NO_INT) continue;
        last = (double)rating / SHOP_RATIO;
        sum += last;
        rated++;
    }
    j->out[F_reviews][r] = (double)n;
    j->out[F_rating_mean][r] = fea_ratio(sum, (double)rated);
    j->out[F_rating_last][r] = last;
}

static toc_status products_block(toc_ctx *ctx, void *arg, size_t task)
{
    const job *j = arg;
    scratch s = {0};
    toc_status st = TOC_OK;

    for (size_t r = task * BLOCK; r < TOC_MIN(j->n, (task + 1) * BLOCK) && !st; r++) {
        uint32_t p = j->codes[r];
        const uint32_t *row = j->lines.row + j->lines.start[p];
        size_t n = j->lines.start[p + 1] - j->lines.start[p];
        st = add_demand(ctx, j, &s, row, n, r);
        if (!st) st = add_lines(ctx, j, &s, row, n, r);
        add_reviews(j, j->reviews.row + j->reviews.start[p], j->reviews.start[p + 1] - j->reviews.start[p], r);
        j->out[F_on_hand][r] = j->on_hand[p];
        j->out[F_cover_days][r] = fea_ratio(j->on_hand[p], j->out[F_units_30d][r] / 30);
    }
    toc_free(s.days);
    toc_free(s.codes);
    return st;
}

/* The latest count of each product and location, added over locations. */
static toc_status count_stock(toc_ctx *ctx, job *j)
{
    const shop_stock *k = &j->view->stock;
    size_t n_codes = toc_pool_size(&j->view->dict[SHOP_D_PRODUCT]);
    toc_map latest = {0}; /* (product, location) -> row + 1 */
    toc_status st = TOC_OK;

    if ((st = toc_alloc(ctx, n_codes, sizeof *j->on_hand, &j->on_hand))) return st;
    for (size_t c = 0; c < n_codes; c++) j->on_hand[c] = NAN;
    for (size_t i = 0; i < k->n; i++) {
        uint64_t *at;
        if ((st = toc_map_at(ctx, &latest, toc_pair(k->product_id[i], k->location[i]), &at, NULL))) goto out;
        if (*at == 0 || k->as_of[i] >= k->as_of[*at - 1]) *at = i + 1;
    }
    for (size_t i = 0; i < k->n; i++) {
        const uint64_t *at = toc_map_find(&latest, toc_pair(k->product_id[i], k->location[i]));
        if (!at || *at != i + 1 || k->on_hand[i] == SHOP_NO_INT) continue;
        double *sum = &j->on_hand[k->product_id[i]];
        *sum = (isnan(*sum) ? 0 : *sum) + (double)k->on_hand[i];
    }
out:
    toc_map_release(&latest);
    return st;
}

toc_status fea_products_each(toc_ctx *ctx, const shop_data *view, const int64_t *moment, double unit, tab_table *features)
{
    job j = { .view = view, .moment = moment, .unit = unit };
    size_t n_codes = toc_pool_size(&view->dict[SHOP_D_PRODUCT]);
    uint32_t *lines = NULL, *reviews = NULL, *codes = NULL;
    bool *seen = NULL;
    toc_status st = TOC_OK;

    tab_init(features, 0);
    if ((st = fea_time_order(ctx, view->orders.ordered_at, view->orders.n, &lines))) goto out;
    if ((st = fea_time_order(ctx, view->reviews.created_at, view->reviews.n, &reviews))) goto out;
    if ((st = fea_group(ctx, view->orders.product_id, view->orders.n, n_codes, lines, &j.lines))) goto out;
    if ((st = fea_group(ctx, view->reviews.product_id, view->reviews.n, n_codes, reviews, &j.reviews))) goto out;
    if ((st = count_stock(ctx, &j))) goto out;
    if ((st = toc_alloc(ctx, n_codes, sizeof *seen, &seen))) goto out;
    for (size_t c = 0; c < n_codes; c++) seen[c] = j.lines.start[c + 1] > j.lines.start[c];
    if ((st = fea_sorted_codes(ctx, &view->dict[SHOP_D_PRODUCT], seen, &codes, &j.n))) goto out;
    j.codes = codes;
    st = fea_table(ctx, "product_id", view, SHOP_D_PRODUCT, codes, j.n, fea_product_list, N_FEATURES, features, j.out);
    if (st) goto out;
    st = toc_parallel(ctx, (j.n + BLOCK - 1) / BLOCK, products_block, &j);
out:
    if (st) tab_release(features);
    fea_groups_release(&j.lines);
    fea_groups_release(&j.reviews);
    toc_free(j.on_hand);
    toc_free(lines);
    toc_free(reviews);
    toc_free(codes);
    toc_free(seen);
    return st;
}

toc_status fea_products(toc_ctx *ctx, const shop_data *view, int64_t as_of, tab_table *features)
{
    int64_t *moment = NULL;
    double unit;

    tab_init(features, 0);
    TOC_TRY(fea_money_unit(ctx, view, &unit));
    toc_status st = fea_one_moment(ctx, as_of, toc_pool_size(&view->dict[SHOP_D_PRODUCT]), &moment);
    if (!st) st = fea_products_each(ctx, view, moment, unit, features);
    toc_free(moment);
    return st;
}
