/* samples.c: customers as they looked at a cut-off, and whether they left in the horizon after it; the horizon itself. */
#include "churn/churn_int.h"

/* What the models see, in order. Not all there is: short windows and details of them add noise to what these tell (CDNOW: calibration error 0.0163 with
 * all of them, 0.0144 with these). */
static const char *const columns[] = {
    "customer_id",
    "recency_days", "tenure_days", "account_days", "orders", "purchase_days", "spend", "orders_7d", "orders_30d", "orders_90d",
    "orders_180d", "orders_365d", "spend_7d", "spend_30d", "spend_90d", "spend_180d", "spend_365d", "gap_mean_days",
    "gap_median_days", "gap_sd_days", "gap_max_days", "gap_last_days", "recency_vs_gap", "gap_last_vs_mean", "purchase_rate",
    "active_share", "trend", "order_mean", "order_last", "order_max", "items_per_order", "lines_per_order", "products",
    "categories", "merchants", "variety", "discount_share", "coupon_share", "return_share", "returned_value_share",
    "cancel_share", "reviews", "rating_mean", "rating_last", "rating_min", "delivery_days_mean", "delivery_days_last",
    "night_share", "morning_share", "afternoon_share", "evening_share", "monday_share", "tuesday_share", "wednesday_share",
    "thursday_share", "friday_share", "saturday_share", "sunday_share",
};

const char *const *churn_columns(size_t *n)
{
    *n = TOC_COUNT(columns) - 1;
    return columns + 1;
}

size_t churn_column(const char *name)
{
    size_t i = 1;

    while (i < TOC_COUNT(columns) && !toc_str_is(toc_str_of(name), columns[i])) i++;
    TOC_ASSERT(i < TOC_COUNT(columns));
    return i - 1;
}

/* Keeps the customers with a purchase that the share takes, in place. */
static void keep_buyers(const shop_data *view, double share, double learn, churn_sample *s)
{
    tab_table *t = &s->table;
    const double *orders = tab_find(t, "orders")->f64;
    uint32_t *code = t->columns[0].code;
    size_t n = 0;

    for (size_t r = 0; r < t->n_rows; r++) {
        uint64_t hash = toc_mix(toc_str_hash(toc_pool_str(&view->dict[SHOP_D_CUSTOMER], code[r])));
        double place = (double)(hash >> 11) * 0x1p-53;
        if (!(orders[r] > 0) || place >= share) continue;
        for (size_t c = 1; c < t->n_cols; c++) t->columns[c].f64[n] = t->columns[c].f64[r];
        s->half[n] = hash & 1;
        s->learn[n] = place < learn;
        code[n++] = code[r];
    }
    t->n_rows = s->n = n;
    s->code = code;
}

static toc_status add_outcome(toc_ctx *ctx, const shop_data *view, int64_t horizon, churn_sample *s)
{
    const shop_orders *o = &view->orders;
    bool *came = NULL;

    TOC_TRY(toc_alloc(ctx, s->n, sizeof *s->left, &s->left));
    TOC_TRY(toc_alloc(ctx, toc_pool_size(&view->dict[SHOP_D_CUSTOMER]), sizeof *came, &came));
    for (size_t i = 0; i < o->n; i++)
        if (o->ordered_at[i] >= s->cutoff && o->ordered_at[i] < s->cutoff + horizon && shop_line_is_purchase(view, i))
            came[o->customer_id[i]] = true;
    for (size_t r = 0; r < s->n; r++) s->left[r] = !came[s->code[r]];
    toc_free(came);
    return TOC_OK;
}

toc_status churn_sample_make(toc_ctx *ctx, const shop_data *view, int64_t cutoff, const churn_sampling *how, churn_sample *sample)
{
    shop_data then = {0};
    churn_sample s = { .cutoff = cutoff };
    toc_status st = TOC_OK;

    if ((st = shop_as_of(ctx, view, cutoff, &then, NULL))) goto out;
    if ((st = fea_customers(ctx, &then, cutoff, &s.table))) goto out;
    if ((st = tab_select(ctx, &s.table, columns, TOC_COUNT(columns)))) goto out;
    if ((st = toc_alloc(ctx, s.table.n_rows, sizeof *s.half, &s.half))) goto out;
    if ((st = toc_alloc(ctx, s.table.n_rows, sizeof *s.learn, &s.learn))) goto out;
    keep_buyers(view, how->keep, how->learn, &s);
    size_t p = s.table.n_cols - 1;
    if ((st = toc_alloc(ctx, p, sizeof *s.x, &s.x))) goto out;
    for (size_t j = 0; j < p; j++) s.x[j] = s.table.columns[j + 1].f64;
    s.recency = s.x[churn_column("recency_days")];
    s.gap_mean = s.x[churn_column("gap_mean_days")];
    s.days = s.x[churn_column("purchase_days")];
    s.tenure = s.x[churn_column("tenure_days")];
    if ((st = churn_ask_habits(ctx, &then, how->parts, (double)how->horizon / (double)TOC_DAY, &s))) goto out;
    if (how->labels) st = add_outcome(ctx, view, how->horizon, &s);
out:
    shop_release(&then);
    if (st) churn_sample_release(&s);
    *sample = s;
    return st;
}

void churn_sample_release(churn_sample *sample)
{
    tab_release(&sample->table);
    toc_free(sample->x);
    toc_free(sample->half);
    toc_free(sample->left);
    toc_free(sample->learn);
    toc_free(sample->alive);
    toc_free(sample->orders_if);
    toc_free(sample->value);
    for (int k = 0; k < CHURN_N_PARTS; k++) toc_free(sample->part[k]);
    *sample = (churn_sample){0};
}

/* All gaps between purchase days, pooled: lines by (customer, day). */
toc_status churn_learn_horizon(toc_ctx *ctx, const shop_data *view, int64_t as_of, double *days)
{
    const shop_orders *o = &view->orders;
    uint64_t *keys = NULL;
    uint32_t *order = NULL;
    double *gaps = NULL;
    size_t n = 0, n_gaps = 0;
    int64_t first = shop_first_order(view);
    toc_status st = TOC_OK;

    if ((st = toc_alloc(ctx, o->n, sizeof *keys, &keys))) goto out;
    if ((st = toc_alloc(ctx, o->n, sizeof *order, &order))) goto out;
    if ((st = toc_alloc(ctx, o->n, sizeof *gaps, &gaps))) goto out;
    for (size_t i = 0; i < o->n; i++) {
        if (o->customer_id[i] == 0 || !shop_line_is_purchase(view, i)) continue;
        keys[n++] = toc_pair(o->customer_id[i], (uint32_t)((uint64_t)toc_local_day(ctx, o->ordered_at[i]) + 0x80000000u));
    }
    if ((st = toc_sort_u64(ctx, keys, n, false, order))) goto out;
    for (size_t i = 1; i < n; i++) {
        uint64_t a = keys[order[i - 1]], b = keys[order[i]];
        if (a >> 32 == b >> 32 && a != b) gaps[n_gaps++] = (double)(b - a);
    }
    double history = first == TOC_NO_TIME ? 0 : (double)(as_of - first) / (double)TOC_DAY;
    double wish = n_gaps > 0 ? 2 * num_quantile(gaps, n_gaps, 0.75) : 90;
    *days = TOC_MAX(7, floor(TOC_MIN(TOC_MIN(wish, 365), history / 4)));
out:
    toc_free(keys);
    toc_free(order);
    toc_free(gaps);
    return st;
}
