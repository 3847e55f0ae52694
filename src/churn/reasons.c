/* reasons.c: contributions of features in words. Features that speak of one thing are one reason, whose weight is the sum of theirs; its text
 * states facts of the customer, true whatever the model made of them. */
#include "churn/churn_int.h"

typedef enum { R_SILENCE, R_PACE, R_COUNT, R_TENURE, R_VALUE, R_VARIETY, R_RETURNS, R_RATING, R_DELIVERY, R_DISCOUNT, R_HABIT, N_REASONS } reason;

/* Which reason a feature speaks for: by the beginning of its name, the first that fits. */
static const struct {
    const char *prefix;
    reason reason;
} groups[] = {
    { "recency", R_SILENCE }, { "gap_last", R_PACE },         { "gap_", R_SILENCE },          { "active_", R_SILENCE },    { "trend", R_PACE },
    { "orders_", R_PACE },    { "purchase_rate", R_COUNT },   { "orders", R_COUNT },          { "purchase_days", R_COUNT },
    { "tenure", R_TENURE },   { "account", R_TENURE },        { "spend", R_VALUE },           { "order_", R_VALUE },       { "items", R_VALUE },
    { "lines", R_VALUE },     { "products", R_VARIETY },      { "categories", R_VARIETY },    { "merchants", R_VARIETY },  { "variety", R_VARIETY },
    { "return", R_RETURNS },  { "cancel", R_RETURNS },        { "reviews", R_RATING },        { "rating", R_RATING },
    { "delivery", R_DELIVERY }, { "discount", R_DISCOUNT },   { "coupon", R_DISCOUNT },
};

static reason reason_of(const char *feature)
{
    for (size_t i = 0; i < TOC_COUNT(groups); i++)
        if (toc_str_starts(toc_str_of(feature), groups[i].prefix)) return groups[i].reason;
    return R_HABIT;
}

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
        return warn_add_reason(t->ctx, t->list, t->item, r, "last order %s days ago; usually every %s (%.0f gap%s)", a, number(gap, 0, b, sizeof b), gaps,
                               gaps == 1 ? "" : "s");
    r.usual = usual_of(t, "gap_mean_days");
    if (isnan(r.usual)) return warn_add_reason(t->ctx, t->list, t->item, r, "last order %s days ago, the only one so far", a);
    return warn_add_reason(t->ctx, t->list, t->item, r, "last order %s days ago, the only one so far; customers who come back usually order every %s", a,
                           number(r.usual, 0, b, sizeof b));
}

static toc_status tell_pace(const teller *t)
{
    double now = value_of(t, "orders_90d"), before = value_of(t, "orders_180d") - now;
    warn_reason r = { .code = "C02", .value = now, .usual = before, .threshold = NAN, .weight = t->weight };

    return warn_add_reason(t->ctx, t->list, t->item, r, "%.0f order%s in the last 90 days; %.0f in the 90 before", now, now == 1 ? "" : "s", before);
}

/* The plain form: a feature of the customer beside the shop's median. */
static toc_status tell_plain(const teller *t, const char *code, const char *feature, double scale, int digits, const char *fmt)
{
    double value = value_of(t, feature) * scale, usual = usual_of(t, feature) * scale;
    char a[32], b[32], text[256];
    warn_reason r = { .code = code, .value = value, .usual = usual, .threshold = NAN, .weight = t->weight };
    size_t at = 0;

    number(value, digits, a, sizeof a);
    number(usual, digits, b, sizeof b);
    for (bool first = true; *fmt && at + 40 < sizeof text; fmt++) { /* @ stands for the value, then for the usual one */
        if (*fmt != '@') {
            text[at++] = *fmt;
            continue;
        }
        at += (size_t)snprintf(text + at, sizeof text - at, "%s", first ? a : b);
        first = false;
    }
    text[at] = 0;
    return warn_add_reason(t->ctx, t->list, t->item, r, "%s", text);
}

static toc_status tell_value(const teller *t)
{
    double last = value_of(t, "order_last"), mean = value_of(t, "order_mean");
    warn_reason r = { .code = "C05", .value = last, .usual = mean, .threshold = NAN, .weight = t->weight };

    if (value_of(t, "orders") > 1)
        return warn_add_reason(t->ctx, t->list, t->item, r, "last order worth %.2f; the customer's average is %.2f", last, mean);
    return tell_plain(t, "C05", "order_last", 1, 2, "last order worth @; usually @");
}

static toc_status tell_habit(const teller *t)
{
    double value = 100 * (value_of(t, "saturday_share") + value_of(t, "sunday_share"));
    warn_reason r = { .code = "C11", .value = value, .usual = NAN, .threshold = NAN, .weight = t->weight };

    return warn_add_reason(t->ctx, t->list, t->item, r, "time of the orders: %.0f %% on weekends, %.0f %% after 18 o'clock", value,
                           100 * value_of(t, "evening_share"));
}

static toc_status tell(const teller *t, reason which)
{
    switch (which) {
    case R_SILENCE: return tell_silence(t);
    case R_PACE: return tell_pace(t);
    case R_COUNT: return tell_plain(t, "C03", "purchase_days", 1, 0, "days with an order so far: @; usually @");
    case R_TENURE: return tell_plain(t, "C04", "tenure_days", 1, 0, "customer for @ days; usually @");
    case R_VALUE: return tell_value(t);
    case R_VARIETY: return tell_plain(t, "C06", "products", 1, 0, "different products so far: @; usually @");
    case R_RETURNS:
        if (value_of(t, "cancel_share") > 0) return tell_plain(t, "C07", "cancel_share", 100, 0, "@ % of the lines cancelled; usually @ %");
        return tell_plain(t, "C07", "return_share", 100, 0, "@ % of the lines returned; usually @ %");
    case R_RATING:
        if (isnan(value_of(t, "rating_last"))) return tell_plain(t, "C08", "reviews", 1, 0, "reviews written: @; usually @");
        return tell_plain(t, "C08", "rating_last", 1, 1, "last rating @ stars; usually @");
    case R_DELIVERY: return tell_plain(t, "C09", "delivery_days_last", 1, 1, "last delivery took @ days; usually @");
    case R_DISCOUNT: return tell_plain(t, "C10", "discount_share", 100, 0, "@ % of the value came as discounts; usually @ %");
    default: return tell_habit(t);
    }
}

toc_status churn_reasons(toc_ctx *ctx, warn_list *list, warn_item *item, const churn_sample *sample, size_t row, const double *phi, const double *usual)
{
    size_t p;
    const fea_info *features = fea_list("customers", &p);
    double weight[N_REASONS] = { 0 }, total = 0;
    teller t = { ctx, list, item, sample, row, usual, 1 };

    if (!phi) {
        t.weight = NAN;
        return tell_silence(&t);
    }
    for (size_t j = 0; j < p; j++) weight[reason_of(features[j].name)] += phi[j];
    for (size_t k = 0; k < N_REASONS; k++) total += TOC_MAX(weight[k], 0);
    for (size_t told = 0; told < 3; told++) {
        size_t best = 0;
        for (size_t k = 1; k < N_REASONS; k++)
            if (weight[k] > weight[best]) best = k;
        if (weight[best] <= 0 || weight[best] < 0.05 * total) break;
        t.weight = weight[best] / total;
        TOC_TRY(tell(&t, (reason)best));
        weight[best] = 0;
    }
    if (item->n_reasons > 0) return TOC_OK;
    t.weight = 0; /* nothing speaks for leaving: the silence is stated all the same */
    return tell_silence(&t);
}
