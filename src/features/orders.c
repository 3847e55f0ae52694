/* orders.c: each order at its own time: its own columns as known when placed and, of everything else, only what is strictly
 * earlier. Statuses never enter. Windows slide along the orders of one key, so a pass is linear; a task is one key and one
 * window. */
#include "features/fea_int.h"

#define IN_WINDOWS(X, key, what, unit, meaning) \
    X(key##_##what##_1h, unit, meaning " in the hour before") \
    X(key##_##what##_1d, unit, meaning " in the day before") \
    X(key##_##what##_7d, unit, meaning " in the 7 days before") \
    X(key##_##what##_30d, unit, meaning " in the 30 days before")

#define KEY_FEATURES(X, key, same, counted, counted_words) \
    IN_WINDOWS(X, key, orders, "orders", "earlier orders with the same " same) \
    IN_WINDOWS(X, key, spend, "money", "value of earlier orders with the same " same) \
    IN_WINDOWS(X, key, counted, "count", counted_words) \
    X(key##_since_s, "seconds", "since the previous order with the same " same)

#define LABELS_OF(same) "fraud labels of the " same
#define FRAUD_FEATURES(X, key, same) \
    X(key##_frauds_1d, "orders", "fraud labels of orders with the same " same " that became known in the day before") \
    X(key##_frauds_7d, "orders", "fraud labels of orders with the same " same " that became known in the 7 days before") \
    X(key##_frauds_30d, "orders", "fraud labels of orders with the same " same " that became known in the 30 days before") \
    X(key##_frauds_ever, "orders", "fraud labels of orders with the same " same " that became known at any time before") \
    X(key##_fraud_rate_7d, "share", LABELS_OF(same) " that became known in the 7 days before, " \
      "divided by its orders in the 7 days that end the label delay before") \
    X(key##_fraud_rate_30d, "share", LABELS_OF(same) " that became known in the 30 days before, " \
      "divided by its orders in the 30 days that end the label delay before") \
    X(key##_fraud_rate_ever, "share", LABELS_OF(same) " known before, divided by its orders at least the label delay before") \
    X(key##_fraud_rate_last10, "share", "share with a fraud label known, of the last ten orders with the same " same "" \
      " at least the label delay before") \
    X(key##_usual_frauds_30d, "orders", LABELS_OF(same) " that became known in the 30 days before, " \
      "of orders of a value usual for their customer (at most early_mean + 2 early_sd)") \
    X(key##_fraud_run, "orders", "latest orders with the same " same " at least the label delay before, that one after the other are known frauds") \
    X(key##_fraud_run_days, "days", "since the first order of " #key "_fraud_run was placed") \
    X(key##_fraud_since_days, "days", "time since the last fraud label of the " same " became known")

#define ORDER_FEATURES(X) \
    X(amount, "money", "value of the order when placed") \
    X(items, "items", "quantity of all lines") \
    X(lines, "lines", "number of lines") \
    X(hour, "hours", "local time of day, 0 to 24") \
    X(weekday, "day", "0 = Monday to 6 = Sunday") \
    X(is_night, "flag", "placed from 0 to 6 o'clock local time") \
    X(is_weekend, "flag", "placed on Saturday or Sunday") \
    X(has_coupon, "flag", "a coupon was used") \
    X(countries_differ, "flag", "delivery and billing country differ; empty when one is unknown") \
    X(account_age_days, "days", "since the account was created, else since the customer's first order") \
    X(is_first, "flag", "the customer has no earlier order") \
    X(past_orders, "orders", "all earlier orders of the customer") \
    X(past_mean, "money", "mean value of the customer's earlier orders") \
    X(past_sd, "money", "their standard deviation (population)") \
    X(amount_vs_past, "ratio", "amount divided by past_mean") \
    X(amount_z_past, "deviations", "amount less past_mean, divided by past_sd") \
    X(early_mean, "money", "mean value of the customer's orders older than 14 days, without known frauds") \
    X(early_sd, "money", "their standard deviation (population)") \
    X(amount_vs_early, "ratio", "amount divided by early_mean") \
    X(amount_z_early, "deviations", "amount less early_mean, divided by early_sd") \
    X(large_share_14d, "share", "orders of the customer's last 14 days (the latest 100) above early_mean + 2 early_sd") \
    X(large_since_days, "days", "since the customer's latest order above early_mean + 2 early_sd, of the last 14 days") \
    X(large_orders_7d, "orders", "orders of the customer's last 7 days (the latest 100) above early_mean + 2 early_sd") \
    X(largest_z_7d, "deviations", "largest value of them all, less early_mean, divided by early_sd") \
    X(mean_vs_early_1d, "ratio", "mean value of the customer's orders in the day before, divided by early_mean") \
    X(mean_vs_early_7d, "ratio", "mean value of the customer's orders in the 7 days before, divided by early_mean") \
    X(new_device, "flag", "the customer ordered before, never from this device") \
    X(new_payment_key, "flag", "the customer ordered before, never with this means of payment") \
    X(new_ip, "flag", "the customer ordered before, never from this IP address") \
    X(new_address, "flag", "the customer ordered before, never to this address") \
    X(merchant_mean_7d, "money", "mean value of the merchant's orders in the 7 days before") \
    X(merchant_mean_30d, "money", "mean value of the merchant's orders in the 30 days before") \
    X(amount_vs_merchant, "ratio", "amount divided by merchant_mean_30d") \
    KEY_FEATURES(X, customer, "customer", payment_keys, "other means of payment of the customer") \
    KEY_FEATURES(X, payment_key, "means of payment", customers, "other customers with this means of payment") \
    KEY_FEATURES(X, device, "device", customers, "other customers with this device") \
    KEY_FEATURES(X, ip, "IP address", customers, "other customers with this IP address") \
    KEY_FEATURES(X, address, "address", customers, "other customers with this address") \
    KEY_FEATURES(X, email, "e-mail address", customers, "other customers with this e-mail address") \
    KEY_FEATURES(X, merchant, "merchant", customers, "other customers of this merchant") \
    FRAUD_FEATURES(X, customer, "customer") \
    FRAUD_FEATURES(X, payment_key, "means of payment") \
    FRAUD_FEATURES(X, device, "device") \
    FRAUD_FEATURES(X, merchant, "merchant")

#define AS_ENUM(name, unit, meaning) F_##name,
#define AS_INFO(name, unit, meaning) { #name, unit, meaning },
enum { ORDER_FEATURES(AS_ENUM) N_FEATURES };
const fea_info fea_order_list[] = { ORDER_FEATURES(AS_INFO) };
const size_t fea_order_count = N_FEATURES;

enum { CUSTOMER, PAYMENT_KEY, DEVICE, IP, ADDRESS, EMAIL, MERCHANT, N_KEYS };

/* Per key: where its features begin, what is counted distinctly in its windows, and its fraud features (0 = none). */
static const struct {
    shop_domain domain;
    int first, counted, frauds;
} key_of[N_KEYS] = {
    [CUSTOMER] = { SHOP_D_CUSTOMER, F_customer_orders_1h, PAYMENT_KEY, F_customer_frauds_1d },
    [PAYMENT_KEY] = { SHOP_D_PAYMENT_KEY, F_payment_key_orders_1h, CUSTOMER, F_payment_key_frauds_1d },
    [DEVICE] = { SHOP_D_DEVICE, F_device_orders_1h, CUSTOMER, F_device_frauds_1d },
    [IP] = { SHOP_D_IP, F_ip_orders_1h, CUSTOMER, 0 },
    [ADDRESS] = { SHOP_D_ADDRESS, F_address_orders_1h, CUSTOMER, 0 },
    [EMAIL] = { SHOP_D_EMAIL, F_email_orders_1h, CUSTOMER, 0 },
    [MERCHANT] = { SHOP_D_MERCHANT, F_merchant_orders_1h, CUSTOMER, F_merchant_frauds_1d },
};

#define N_WINDOWS 4
static const int64_t window[N_WINDOWS] = { TOC_HOUR, TOC_DAY, 7 * TOC_DAY, 30 * TOC_DAY };

/* A fraud label that says when it became known. */
typedef struct {
    int64_t at;
    uint32_t order; /* place in the set */
} fraud_label;

typedef struct {
    const shop_data *view;
    double unit;
    fea_orders_set set;
    uint32_t *key[N_KEYS];     /* codes per order; 0 = missing, or an order that only gives goods back */
    fea_groups groups[N_KEYS]; /* orders of each code by time */
    uint32_t *row;             /* of the table, per order; FEA_NONE = not wanted */
    int64_t *created;          /* by customer code */
    fraud_label *frauds;       /* by time */
    size_t n_frauds;
    int64_t *fraud_at;         /* when the order's first fraud label became known; INT64_MAX = never */
    bool *usual;               /* the order's value is usual for its customer */
    int64_t delay;             /* of labels */
    double *out[N_FEATURES];
} job;

static void put(const job *j, int feature, uint32_t order, double value)
{
    if (j->row[order] != FEA_NONE) j->out[feature][j->row[order]] = value;
}

/* What is distinct in a sliding window: how often each code is in it. */
typedef struct {
    uint32_t *times;
    size_t distinct;
} tally;

static void tally_add(tally *t, uint32_t code)
{
    if (code != 0 && t->times[code]++ == 0) t->distinct++;
}

static void tally_drop(tally *t, uint32_t code)
{
    if (code != 0 && --t->times[code] == 0) t->distinct--;
}

/* One key, one window: count, value and distinct others of the orders in [t - window, t). */
static toc_status slide(toc_ctx *ctx, void *arg, size_t task)
{
    const job *j = arg;
    size_t k = task / N_WINDOWS, w = task % N_WINDOWS;
    const fea_groups *g = &j->groups[k];
    const uint32_t *counted = j->key[key_of[k].counted];
    const int orders = key_of[k].first + (int)w, spend = orders + N_WINDOWS, others = spend + N_WINDOWS;
    const int since = key_of[k].first + 3 * N_WINDOWS;
    tally t = {0};

    if (g->start[1] == j->set.n) return TOC_OK; /* no order has this key */
    TOC_TRY(toc_alloc(ctx, toc_pool_size(&j->view->dict[key_of[key_of[k].counted].domain]), sizeof *t.times, &t.times));
    for (size_t c = 1; c < g->n_codes; c++) {
        const uint32_t *o = g->row + g->start[c];
        size_t n = g->start[c + 1] - g->start[c], low = 0, high = 0;
        int64_t sum = 0;
        for (size_t i = 0; i < n; i++) {
            int64_t at = j->set.at[o[i]];
            for (; j->set.at[o[high]] < at; high++) {
                sum += j->set.placed[o[high]];
                tally_add(&t, counted[o[high]]);
            }
            for (; low < high && j->set.at[o[low]] < at - window[w]; low++) {
                sum -= j->set.placed[o[low]];
                tally_drop(&t, counted[o[low]]);
            }
            put(j, orders, o[i], (double)(high - low));
            put(j, spend, o[i], (double)sum / j->unit);
            put(j, others, o[i], (double)(t.distinct - (counted[o[i]] != 0 && t.times[counted[o[i]]] > 0)));
            if (w == 0 && high > 0) put(j, since, o[i], (double)(at - j->set.at[o[high - 1]]) / (double)TOC_SECOND);
        }
        for (; low < high; low++) tally_drop(&t, counted[o[low]]);
    }
    toc_free(t.times);
    return TOC_OK;
}

/* What the order itself says. */
static void add_own(toc_ctx *ctx, const job *j, uint32_t i)
{
    const shop_orders *o = &j->view->orders;
    uint32_t l = j->set.line[i], country = o->country[l], billing = o->billing_country[l];
    int32_t second = toc_local_second(ctx, j->set.at[i]);
    int weekday = toc_weekday(toc_local_day(ctx, j->set.at[i]));

    put(j, F_amount, i, (double)j->set.placed[i] / j->unit);
    put(j, F_items, i, (double)j->set.items[i]);
    put(j, F_lines, i, (double)j->set.lines[i]);
    put(j, F_hour, i, (double)second / 3600);
    put(j, F_weekday, i, weekday);
    put(j, F_is_night, i, second < 6 * 3600);
    put(j, F_is_weekend, i, weekday >= 5);
    put(j, F_has_coupon, i, o->coupon[l] != 0);
    if (country != 0 && billing != 0) put(j, F_countries_differ, i, country != billing);
}

/* Values of orders, for their mean and deviation. */
typedef struct {
    size_t n;
    double sum, squares;
} values;

static void count(values *v, double amount, int times)
{
    v->n += (size_t)times;
    v->sum += times * amount;
    v->squares += times * amount * amount;
}

/* False when there is none. */
static bool moments(const values *v, double *mean, double *sd)
{
    if (v->n == 0) return false;
    *mean = v->sum / (double)v->n;
    *sd = sqrt(TOC_MAX(v->squares / (double)v->n - *mean * *mean, 0));
    return true;
}

static double value_of(const job *j, uint32_t order) { return (double)j->set.placed[order] / j->unit; }

/* Large orders among those of the last 14 days, [from, to), at most the latest 100. */
static void add_large(const job *j, const uint32_t *o, size_t from, size_t to, double mean, double sd, uint32_t order)
{
    const int64_t at = j->set.at[order];
    const double limit = mean + 2 * sd;
    size_t large = 0, latest = to, large_7d = 0;
    double largest = NAN;

    if (to - from > 100) from = to - 100;
    for (size_t i = from; i < to; i++) {
        bool late = j->set.at[o[i]] >= at - 7 * TOC_DAY;
        if (late) largest = fmax(largest, value_of(j, o[i]));
        if (!(value_of(j, o[i]) > limit)) continue;
        large++;
        large_7d += late;
        latest = i;
    }
    put(j, F_large_share_14d, order, fea_ratio((double)large, (double)(to - from)));
    put(j, F_large_orders_7d, order, (double)large_7d);
    put(j, F_largest_z_7d, order, fea_ratio(largest - mean, sd));
    if (large > 0) put(j, F_large_since_days, order, fea_days(at - j->set.at[o[latest]]));
}

/* A customer's orders, and how far the running sums over them have come. */
typedef struct {
    const uint32_t *o;
    size_t past, early;        /* orders of all the past, and of the past without the last 14 days */
    values all, old;           /* their values; known frauds are no habit */
    const uint32_t *label;     /* the customer's fraud labels, by time */
    size_t n_labels, known;
} habit;

/* Moves on to what is known before `at`. A fraud counts as old until it is known. */
static void advance(const job *j, habit *h, int64_t at)
{
    while (j->set.at[h->o[h->past]] < at) count(&h->all, value_of(j, h->o[h->past++]), 1);
    for (; h->known < h->n_labels && j->frauds[h->label[h->known]].at < at; h->known++) {
        uint32_t order = j->frauds[h->label[h->known]].order;
        bool first = j->fraud_at[order] == j->frauds[h->label[h->known]].at
            && (h->known == 0 || j->frauds[h->label[h->known - 1]].order != order);
        if (!first) continue;
        for (size_t i = 0; i < h->early; i++)
            if (h->o[i] == order) count(&h->old, value_of(j, order), -1);
    }
    for (; h->early < h->past && j->set.at[h->o[h->early]] < at - 14 * TOC_DAY; h->early++)
        if (j->fraud_at[h->o[h->early]] >= at) count(&h->old, value_of(j, h->o[h->early]), 1);
}

/* The order beside what the customer spent before. */
static void add_past_of(const job *j, habit *h, size_t n, uint32_t customer)
{
    const uint32_t *o = h->o;

    for (size_t i = 0; i < n; i++) {
        double amount = value_of(j, o[i]), mean, sd;
        int64_t at = j->set.at[o[i]], since = j->created[customer];
        advance(j, h, at);
        put(j, F_past_orders, o[i], (double)h->past);
        put(j, F_is_first, o[i], h->past == 0);
        if (since == TOC_NO_TIME || since > at) since = j->set.at[o[0]];
        put(j, F_account_age_days, o[i], fea_days(at - since));
        if (moments(&h->all, &mean, &sd)) {
            put(j, F_past_mean, o[i], mean);
            put(j, F_past_sd, o[i], sd);
            put(j, F_amount_vs_past, o[i], fea_ratio(amount, mean));
            if (h->past > 1) put(j, F_amount_z_past, o[i], fea_ratio(amount - mean, sd));
        }
        if (moments(&h->old, &mean, &sd)) {
            put(j, F_early_mean, o[i], mean);
            put(j, F_early_sd, o[i], sd);
            put(j, F_amount_vs_early, o[i], fea_ratio(amount, mean));
            if (h->old.n > 1) put(j, F_amount_z_early, o[i], fea_ratio(amount - mean, sd));
            add_large(j, o, h->early, h->past, mean, sd, o[i]);
            j->usual[o[i]] = h->old.n > 1 && amount <= mean + 2 * sd;
        }
    }
}

/* The fraud labels by the code of a key; release them. */
static toc_status group_frauds(toc_ctx *ctx, const job *j, size_t key, fea_groups *mine)
{
    uint32_t *code = NULL;

    TOC_TRY(toc_alloc(ctx, j->n_frauds, sizeof *code, &code));
    for (size_t i = 0; i < j->n_frauds; i++) code[i] = j->key[key][j->frauds[i].order];
    toc_status st = fea_group(ctx, code, j->n_frauds, j->groups[key].n_codes, NULL, mine);
    toc_free(code);
    return st;
}

static toc_status add_past(toc_ctx *ctx, const job *j)
{
    const fea_groups *g = &j->groups[CUSTOMER];
    fea_groups frauds;

    TOC_TRY(group_frauds(ctx, j, CUSTOMER, &frauds));
    for (size_t c = 1; c < g->n_codes; c++) {
        habit h = { .o = g->row + g->start[c], .label = frauds.row + frauds.start[c], .n_labels = frauds.start[c + 1] - frauds.start[c] };
        add_past_of(j, &h, g->start[c + 1] - g->start[c], (uint32_t)c);
    }
    fea_groups_release(&frauds);
    return TOC_OK;
}

/* Whether the customer was ever seen with this value of a key before. */
static toc_status add_new(toc_ctx *ctx, const job *j, int key, int feature)
{
    const uint32_t *customer = j->key[CUSTOMER], *value = j->key[key];
    toc_map seen = {0};
    toc_map met = {0}; /* customers */
    toc_status st = TOC_OK;

    for (uint32_t i = 0; i < j->set.n && !st; i++) {
        uint64_t *first, *first_order;
        bool fresh;
        if (customer[i] == 0) continue;
        if ((st = toc_map_at(ctx, &met, customer[i], &first_order, &fresh))) break;
        if (fresh) *first_order = (uint64_t)j->set.at[i];
        bool ordered_before = (int64_t)*first_order < j->set.at[i];
        if (value[i] == 0) continue;
        if ((st = toc_map_at(ctx, &seen, toc_pair(customer[i], value[i]), &first, &fresh))) break;
        if (fresh) *first = (uint64_t)j->set.at[i];
        put(j, feature, i, ordered_before && (int64_t)*first == j->set.at[i]);
    }
    toc_map_release(&seen);
    toc_map_release(&met);
    return st;
}

/* What is made of the windows. */
static void add_means(const job *j)
{
    double *const *out = j->out;

    for (uint32_t i = 0; i < j->set.n; i++) {
        uint32_t r = j->row[i];
        if (r == FEA_NONE) continue;
        out[F_mean_vs_early_1d][r] = fea_ratio(fea_ratio(out[F_customer_spend_1d][r], out[F_customer_orders_1d][r]), out[F_early_mean][r]);
        out[F_mean_vs_early_7d][r] = fea_ratio(fea_ratio(out[F_customer_spend_7d][r], out[F_customer_orders_7d][r]), out[F_early_mean][r]);
        if (j->key[MERCHANT][i] == 0) continue;
        out[F_merchant_mean_7d][r] = fea_ratio(out[F_merchant_spend_7d][r], out[F_merchant_orders_7d][r]);
        out[F_merchant_mean_30d][r] = fea_ratio(out[F_merchant_spend_30d][r], out[F_merchant_orders_30d][r]);
        out[F_amount_vs_merchant][r] = fea_ratio(out[F_amount][r], out[F_merchant_mean_30d][r]);
    }
}

/* Share of fraud labels known at `at` among the last ten of the first n orders. */
static double rate_of_last(const job *j, const uint32_t *o, size_t n, int64_t at)
{
    size_t from = n > 10 ? n - 10 : 0, frauds = 0;

    for (size_t i = from; i < n; i++) frauds += j->fraud_at[o[i]] < at;
    return fea_ratio((double)frauds, (double)(n - from));
}

/* The known frauds that the first n orders end with. */
static void add_run(const job *j, int feature, const uint32_t *o, size_t n, uint32_t order)
{
    const int64_t at = j->set.at[order];
    size_t run = 0;

    while (run < n && j->fraud_at[o[n - run - 1]] < at) run++;
    put(j, feature, order, (double)run);
    if (run > 0) put(j, feature + 1, order, fea_days(at - j->set.at[o[n - run]]));
}

/* Fraud labels of the orders with one key, known before each of them. Rates divide by orders of a time that ends the labels' delay before: those the
 * labels of a window are about. label: of the key's orders, by time. */
static void add_frauds_of(const job *j, size_t k, const uint32_t *o, size_t n, const fraud_label *label, const uint32_t *mine,
                          size_t n_mine)
{
    const int first = key_of[k].frauds;
    size_t low[3] = { 0 }, known = 0, past = 0, begin[3] = { 0 }, usual = 0;

    for (size_t i = 0; i < n; i++) {
        int64_t at = j->set.at[o[i]];
        while (j->set.at[o[past]] < at - j->delay) past++;
        for (; known < n_mine && label[mine[known]].at < at; known++) usual += j->usual[label[mine[known]].order];
        for (size_t w = 0; w < 3; w++) {
            for (; low[w] < known && label[mine[low[w]]].at < at - window[w + 1]; low[w]++) usual -= w == 2 && j->usual[label[mine[low[w]]].order];
            while (begin[w] < past && j->set.at[o[begin[w]]] < at - j->delay - window[w + 1]) begin[w]++;
            double frauds = (double)(known - low[w]);
            put(j, first + (int)w, o[i], frauds);
            if (w > 0) put(j, first + 3 + (int)w, o[i], fea_ratio(frauds, TOC_MAX((double)(past - begin[w]), frauds)));
        }
        put(j, first + 3, o[i], (double)known);
        put(j, first + 6, o[i], fea_ratio((double)known, (double)TOC_MAX(past, known)));
        put(j, first + 7, o[i], rate_of_last(j, o, past, at));
        put(j, first + 8, o[i], (double)usual);
        add_run(j, first + 9, o, past, o[i]);
        if (known > 0) put(j, first + 11, o[i], fea_days(at - label[mine[known - 1]].at));
    }
}

static toc_status add_frauds(toc_ctx *ctx, void *arg, size_t k)
{
    const job *j = arg;
    const fea_groups *g = &j->groups[k];
    fea_groups mine;

    if (key_of[k].frauds == 0) return TOC_OK;
    TOC_TRY(group_frauds(ctx, j, k, &mine));
    for (size_t c = 1; c < g->n_codes; c++)
        add_frauds_of(j, k, g->row + g->start[c], g->start[c + 1] - g->start[c], j->frauds, mine.row + mine.start[c],
                      mine.start[c + 1] - mine.start[c]);
    fea_groups_release(&mine);
    return TOC_OK;
}

static int compare_frauds(const void *a, const void *b, const void *arg)
{
    const fraud_label *x = a, *y = b;
    (void)arg;
    return x->at != y->at ? (x->at < y->at ? -1 : 1) : (x->order > y->order) - (x->order < y->order);
}

/* The fraud labels of orders, by the time they became known; one without a time is of no use here, its export's time stands in.
 * */
static toc_status collect_frauds(toc_ctx *ctx, job *j)
{
    const shop_data *view = j->view;
    const toc_pool *ids = &view->dict[SHOP_D_ORDER];
    uint32_t *place = NULL;
    toc_status st = TOC_OK;

    if ((st = toc_alloc(ctx, toc_pool_size(ids), sizeof *place, &place))) goto out;
    if ((st = toc_alloc(ctx, view->labels.n, sizeof *j->frauds, &j->frauds))) goto out;
    for (size_t i = 0; i < j->set.n; i++) place[j->set.code[i]] = (uint32_t)i + 1;
    for (size_t i = 0; i < view->labels.n; i++) {
        int64_t at = view->labels.labelled_at[i];
        uint32_t order;
        if (at == TOC_NO_TIME) at = view->labels.known_at[i];
        if (at == TOC_NO_TIME || !toc_str_is(toc_pool_str(&view->dict[SHOP_D_WORD], view->labels.entity[i]), "order")) continue;
        if (!fea_label_is_fraud(toc_pool_str(&view->dict[SHOP_D_WORD], view->labels.label[i]))) continue;
        if (!toc_pool_find(ids, toc_pool_str(&view->dict[SHOP_D_WORD], view->labels.id[i]), &order)) continue;
        if (place[order] == 0) continue;
        j->frauds[j->n_frauds++] = (fraud_label){ at, place[order] - 1 };
    }
    if ((st = fea_one_moment(ctx, INT64_MAX, j->set.n, &j->fraud_at))) goto out;
    if ((st = toc_alloc(ctx, j->set.n, sizeof *j->usual, &j->usual))) goto out;
    for (size_t i = 0; i < j->n_frauds; i++) j->fraud_at[j->frauds[i].order] = TOC_MIN(j->fraud_at[j->frauds[i].order], j->frauds[i].at);
    st = toc_sort(ctx, j->frauds, j->n_frauds, sizeof *j->frauds, compare_frauds, NULL);
out:
    toc_free(place);
    return st;
}

/* Codes and groups of every key; orders that only give goods back are nobody's. */
static toc_status group_keys(toc_ctx *ctx, job *j)
{
    const shop_orders *o = &j->view->orders;
    const uint32_t *const column[N_KEYS] = {
        o->customer_id, o->payment_key, o->device_id, o->ip, o->address, o->email, o->merchant_id,
    };

    for (size_t k = 0; k < N_KEYS; k++) {
        TOC_TRY(fea_order_codes(ctx, &j->set, column[k], &j->key[k]));
        for (size_t i = 0; i < j->set.n; i++)
            if (j->set.lines[i] == 0) j->key[k][i] = 0;
        TOC_TRY(fea_group(ctx, j->key[k], j->set.n, toc_pool_size(&j->view->dict[key_of[k].domain]), NULL, &j->groups[k]));
    }
    return TOC_OK;
}

static toc_status created_times(toc_ctx *ctx, job *j)
{
    const shop_customers *c = &j->view->customers;
    size_t n = toc_pool_size(&j->view->dict[SHOP_D_CUSTOMER]);

    TOC_TRY(toc_alloc(ctx, n, sizeof *j->created, &j->created));
    for (size_t i = 0; i < n; i++) j->created[i] = TOC_NO_TIME;
    for (size_t i = 0; i < c->n; i++) j->created[c->customer_id[i]] = c->created_at[i];
    return TOC_OK;
}

/* The table: orders placed in [from, as_of) by id, and the row of each. */
static toc_status make_rows(toc_ctx *ctx, job *j, int64_t from, int64_t as_of, tab_table *features)
{
    size_t n_codes = toc_pool_size(&j->view->dict[SHOP_D_ORDER]), n = 0;
    bool *wanted = NULL;
    uint32_t *codes = NULL, *row_of = NULL;
    toc_status st = TOC_OK;

    if ((st = toc_alloc(ctx, n_codes, sizeof *wanted, &wanted))) goto out;
    if ((st = toc_alloc(ctx, n_codes, sizeof *row_of, &row_of))) goto out;
    for (size_t i = 0; i < j->set.n; i++)
        wanted[j->set.code[i]] = j->set.lines[i] > 0 && j->set.at[i] >= from && j->set.at[i] < as_of;
    if ((st = fea_sorted_codes(ctx, &j->view->dict[SHOP_D_ORDER], wanted, &codes, &n))) goto out;
    st = fea_table(ctx, "order_id", j->view, SHOP_D_ORDER, codes, n, fea_order_list, N_FEATURES, features, j->out);
    if (st) goto out;
    if ((st = toc_alloc(ctx, j->set.n, sizeof *j->row, &j->row))) goto out;
    for (size_t r = 0; r < n; r++) row_of[codes[r]] = (uint32_t)r;
    for (size_t i = 0; i < j->set.n; i++) j->row[i] = wanted[j->set.code[i]] ? row_of[j->set.code[i]] : FEA_NONE;
out:
    toc_free(wanted);
    toc_free(codes);
    toc_free(row_of);
    return st;
}

static void release_job(job *j)
{
    for (size_t k = 0; k < N_KEYS; k++) {
        toc_free(j->key[k]);
        fea_groups_release(&j->groups[k]);
    }
    fea_orders_release(&j->set);
    toc_free(j->row);
    toc_free(j->created);
    toc_free(j->frauds);
    toc_free(j->fraud_at);
    toc_free(j->usual);
}

toc_status fea_orders(toc_ctx *ctx, const shop_data *view, int64_t from, int64_t as_of, int64_t label_delay, tab_table *features)
{
    job j = { .view = view, .delay = label_delay };
    uint32_t *time_order = NULL;
    toc_status st = TOC_OK;

    tab_init(features, 0);
    if ((st = fea_money_unit(ctx, view, &j.unit))) goto out;
    if ((st = fea_time_order(ctx, view->orders.ordered_at, view->orders.n, &time_order))) goto out;
    if ((st = fea_collect_orders(ctx, view, time_order, &j.set))) goto out;
    if ((st = group_keys(ctx, &j))) goto out;
    if ((st = created_times(ctx, &j))) goto out;
    if ((st = make_rows(ctx, &j, from, as_of, features))) goto out;
    if ((st = collect_frauds(ctx, &j))) goto out;
    for (uint32_t i = 0; i < j.set.n; i++) add_own(ctx, &j, i);
    if ((st = toc_parallel(ctx, N_KEYS * N_WINDOWS, slide, &j))) goto out;
    if ((st = add_past(ctx, &j))) goto out;
    if ((st = add_new(ctx, &j, DEVICE, F_new_device))) goto out;
    if ((st = add_new(ctx, &j, PAYMENT_KEY, F_new_payment_key))) goto out;
    if ((st = add_new(ctx, &j, IP, F_new_ip))) goto out;
    if ((st = add_new(ctx, &j, ADDRESS, F_new_address))) goto out;
    add_means(&j);
    st = toc_parallel(ctx, N_KEYS, add_frauds, &j);
out:
    if (st) tab_release(features);
    toc_free(time_order);
    release_job(&j);
    return st;
}
