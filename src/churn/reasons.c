/* reasons.c: contributions of features in words. Features that speak of one thing are one reason, whose weight is the sum of
 * theirs; its text states facts of the customer, true whatever the model made of them. */
#include "churn/churn_int.h"

typedef enum {
    R_SILENCE, R_PACE, R_COUNT, R_TENURE, R_VALUE, R_VARIETY, R_RETURNS, R_RATING, R_DELIVERY, R_DISCOUNT, R_HABIT,
    N_REASONS
} reason;

/* Which reason a feature speaks for: by the beginning of its name, the first that fits. */
static const struct {
    const char *prefix;
    reason reason;
} groups[] = {
    { "recency", R_SILENCE }, { "gap_last", R_PACE }, { "gap_", R_SILENCE }, { "active_", R_SILENCE }, { "trend", R_PACE },
    { "orders_", R_PACE }, { "purchase_rate", R_COUNT }, { "orders", R_COUNT }, { "purchase_days", R_COUNT },
    { "tenure", R_TENURE }, { "account", R_TENURE }, { "spend", R_VALUE }, { "order_", R_VALUE }, { "items", R_VALUE },
    { "lines", R_VALUE }, { "products", R_VARIETY }, { "categories", R_VARIETY }, { "merchants", R_VARIETY },
    { "variety", R_VARIETY }, { "return", R_RETURNS }, { "cancel", R_RETURNS }, { "reviews", R_RATING },
    { "rating", R_RATING }, { "delivery", R_DELIVERY }, { "discount", R_DISCOUNT }, { "coupon", R_DISCOUNT },
};

static reason reason_of(const char *feature)
{
    for (size_t i = 0; i < TOC_COUNT(groups); i++)
        if (toc_str_starts(toc_str_of(feature), groups[i].prefix)) return groups[i].reason;
    return R_HABIT;
}

/* Words for single features: @ is the customer's value, then the shop's median. Those that are not here are told by their reason
 * as a whole. */
static const struct {
    const char *feature, *words;
    double scale;
    int digits;
} plain_words[] = {
    { "purchase_rate", "days with an order per 30 days: @; usually @", 1, 1 },
    { "tenure_days", "customer for @ days; usually @", 1, 0 },
    { "account_days", "account @ days old; usually @", 1, 0 },
    { "spend", "spent @ so far; usually @", 1, 2 },
    { "spend_7d", "spent @ in the last 7 days; usually @", 1, 2 },
    { "spend_30d", "spent @ in the last 30 days; usually @", 1, 2 },
    { "spend_90d", "spent @ in the last 90 days; usually @", 1, 2 },
    { "spend_180d", "spent @ in the last 180 days; usually @", 1, 2 },
    { "spend_365d", "spent @ in the last 365 days; usually @", 1, 2 },
    { "order_mean", "an order is worth @ on average; usually @", 1, 2 },
    { "order_max", "largest order worth @; usually @", 1, 2 },
    { "items_per_order", "items an order: @; usually @", 1, 1 },
    { "lines_per_order", "lines an order: @; usually @", 1, 1 },
    { "products", "different products so far: @; usually @", 1, 0 },
    { "categories", "different categories so far: @; usually @", 1, 0 },
    { "merchants", "different merchants so far: @; usually @", 1, 0 },
    { "variety", "different products per line: @; usually @", 1, 2 },
    { "return_share", "@ % of the lines returned; usually @ %", 100, 0 },
    { "returned_value_share", "@ % of the value went back; usually @ %", 100, 0 },
    { "cancel_share", "@ % of the lines cancelled; usually @ %", 100, 0 },
    { "reviews", "reviews written: @; usually @", 1, 0 },
    { "rating_mean", "mean rating @ stars; usually @", 1, 1 },
    { "rating_last", "last rating @ stars; usually @", 1, 1 },
    { "rating_min", "worst rating @ stars; usually @", 1, 1 },
    { "delivery_days_mean", "deliveries took @ days on average; usually @", 1, 1 },
    { "delivery_days_last", "last delivery took @ days; usually @", 1, 1 },
    { "discount_share", "@ % of the value came as discounts; usually @ %", 100, 0 },
    { "coupon_share", "@ % of the lines with a coupon; usually @ %", 100, 0 },
    { "night_share", "@ % of the orders from 0 to 6 o'clock; usually @ %", 100, 0 },
    { "morning_share", "@ % of the orders from 6 to 12 o'clock; usually @ %", 100, 0 },
    { "afternoon_share", "@ % of the orders from 12 to 18 o'clock; usually @ %", 100, 0 },
    { "evening_share", "@ % of the orders from 18 to 24 o'clock; usually @ %", 100, 0 },
    { "monday_share", "@ % of the orders on Mondays; usually @ %", 100, 0 },
    { "tuesday_share", "@ % of the orders on Tuesdays; usually @ %", 100, 0 },
    { "wednesday_share", "@ % of the orders on Wednesdays; usually @ %", 100, 0 },
    { "thursday_share", "@ % of the orders on Thursdays; usually @ %", 100, 0 },
    { "friday_share", "@ % of the orders on Fridays; usually @ %", 100, 0 },
    { "saturday_share", "@ % of the orders on Saturdays; usually @ %", 100, 0 },
    { "sunday_share", "@ % of the orders on Sundays; usually @ %", 100, 0 },
};

static const char *const codes[N_REASONS] = { "C01", "C02", "C03", "C04", "C05", "C06", "C07", "C08", "C09", "C10", "C11" };

/* A number for words: whole days and counts, two digits for money. */
static const char *number(double value, int digits, char *buf, size_t size)
{
    if (isnan(value)) snprintf(buf, size, "unknown");
    else snprintf(buf, size, "%.*f", digits, value);
    return buf;
}

typedef struct {
    toc_ctx *ctx;
    warn_list *list;
    warn_item *item;
    const churn_sample *sample;
    size_t row;
    const double *usual;
    double weight;
} teller;

static double value_of(const teller *t, const char *feature) { return t->sample->x[churn_column(feature)][t->row]; }
static double usual_of(const teller *t, const char *feature) { return t->usual[churn_column(feature)]; }

static toc_status tell_silence(const teller *t)
{
    double recency = value_of(t, "recency_days"), gap = value_of(t, "gap_mean_days"), gaps = value_of(t, "purchase_days") - 1;
    char a[32], b[32];
    warn_reason r = { .code = "C01", .value = recency, .usual = gap, .threshold = NAN, .weight = t->weight };

    number(recency, 0, a, sizeof a);
    if (!isnan(gap))
        return warn_add_reason(t->ctx, t->list, t->item, r, "last order %s days ago; usually every %s (%.0f gap%s)", a,
                               number(gap, 0, b, sizeof b), gaps,
                               gaps == 1 ? "" : "s");
    r.usual = usual_of(t, "gap_mean_days");
    if (isnan(r.usual))
        return warn_add_reason(t->ctx, t->list, t->item, r, "last order %s days ago, the only day with one so far", a);
    return warn_add_reason(t->ctx, t->list, t->item, r,
                           "last order %s days ago, the only day with one so far; customers who come back usually order every %s",
                           a, number(r.usual, 0, b, sizeof b));
}

static toc_status tell_pace(const teller *t)
{
    double now = value_of(t, "orders_90d"), before = value_of(t, "orders_180d") - now;
    warn_reason r = { .code = "C02", .value = now, .usual = before, .threshold = NAN, .weight = t->weight };

    if (now == before) return TOC_OK;
    return warn_add_reason(t->ctx, t->list, t->item, r, "%.0f order%s in the last 90 days; %.0f in the 90 before", now,
                           now == 1 ? "" : "s", before);
}

/* The plain form: a feature of the customer beside the shop's median. @ stands for the value, then for the usual one. */
static toc_status tell_plain(const teller *t, const char *code, const char *feature, double scale, int digits, const char *words)
{
    double value = value_of(t, feature) * scale, usual = usual_of(t, feature) * scale;
    char a[32], b[32], text[256];
    warn_reason r = { .code = code, .value = value, .usual = usual, .threshold = NAN, .weight = t->weight };
    size_t at = 0;
    bool first = true;

    number(value, digits, a, sizeof a);
    number(usual, digits, b, sizeof b);
    if (strcmp(a, b) == 0) return TOC_OK; /* the usual value is no reason */
    for (; *words && at + 40 < sizeof text; words++) {
        if (*words != '@') {
            text[at++] = *words;
            continue;
        }
        at += (size_t)snprintf(text + at, sizeof text - at, "%s", first ? a : b);
        first = false;
    }
    text[at] = 0;
    return warn_add_reason(t->ctx, t->list, t->item, r, "%s", text);
}

static toc_status tell_last_value(const teller *t)
{
    double last = value_of(t, "order_last"), mean = value_of(t, "order_mean");
    warn_reason r = { .code = "C05", .value = last, .usual = mean, .threshold = NAN, .weight = t->weight };

    if (value_of(t, "orders") > 1)
        return warn_add_reason(t->ctx, t->list, t->item, r, "last order worth %.2f; the customer's average is %.2f", last, mean);
    return tell_plain(t, "C05", "order_last", 1, 2, "last order worth @; usually @");
}

/* feature: the one that weighs most among those of the reason. */
static toc_status tell(const teller *t, reason which, const char *feature)
{
    if (which == R_SILENCE) return tell_silence(t);
    if (which == R_PACE) return tell_pace(t);
    if (toc_str_is(toc_str_of(feature), "order_last")) return tell_last_value(t);
    for (size_t i = 0; i < TOC_COUNT(plain_words); i++)
        if (toc_str_is(toc_str_of(feature), plain_words[i].feature))
            return tell_plain(t, codes[which], feature, plain_words[i].scale, plain_words[i].digits, plain_words[i].words);
    return tell_plain(t, codes[R_COUNT], "purchase_days", 1, 0, "days with an order so far: @; usually @");
}

toc_status churn_reasons(toc_ctx *ctx, warn_list *list, warn_item *item, const churn_sample *sample, size_t row,
                         const double *phi, const double *usual)
{
    size_t p;
    const char *const *columns = churn_columns(&p);
    double weight[N_REASONS] = { 0 }, most[N_REASONS] = { 0 }, total = 0;
    const char *feature[N_REASONS] = { 0 };
    teller t = { ctx, list, item, sample, row, usual, 1 };

    if (!phi) {
        t.weight = NAN;
        return tell_silence(&t);
    }
    for (size_t j = 0; j < p; j++) {
        reason k = reason_of(columns[j]);
        weight[k] += phi[j];
        if (feature[k] && phi[j] <= most[k]) continue;
        most[k] = phi[j];
        feature[k] = columns[j];
    }
    for (size_t k = 0; k < N_REASONS; k++) total += TOC_MAX(weight[k], 0);
    for (size_t tried = 0; tried < N_REASONS && item->n_reasons < 3; tried++) {
        size_t best = 0;
        for (size_t k = 1; k < N_REASONS; k++)
            if (weight[k] > weight[best]) best = k;
        if (weight[best] <= 0 || weight[best] < 0.05 * total) break;
        t.weight = weight[best] / total;
        TOC_TRY(tell(&t, (reason)best, feature[best]));
        weight[best] = 0;
    }
    if (item->n_reasons > 0) return TOC_OK;
    t.weight = 0; /* nothing speaks for leaving: the silence is stated all the same */
    return tell_silence(&t);
}
