/* hazard.c: the hazard of a next purchase by the length of the silence, as the gaps of the past had it (Kaplan & Meier 1958, in bins of days), in strata of
 * customers with about as many purchase days and about the same mean gap. The probability that nobody comes in the next H days after a silence of R is
 * S(R + H) / S(R). A stratum's hazards are drawn towards those of all customers with as many purchase days, theirs towards everybody's. */
#include "churn/churn_int.h"

enum { N_COUNTS = 5, N_PACES = 6, N_STRATA = N_COUNTS * N_PACES, MOST_BINS = 96 };
#define DRAW 20.0 /* customers at risk that the wider group counts for */

/* Bins: a day each up to 14, then a tenth longer each. */
typedef struct {
    size_t n;
    double from[MOST_BINS + 1];
} ruler;

struct churn_hazard {
    ruler ruler;
    double horizon_days;
    double log_stay[N_STRATA][MOST_BINS + 1]; /* log S at the beginning of each bin */
};

static void make_ruler(double days, ruler *r)
{
    double at = 0;

    for (r->n = 0; r->n < MOST_BINS && (at < days || r->n == 0); r->n++) {
        r->from[r->n] = at;
        at = floor(at < 14 ? at + 1 : at * 1.1 + 1);
    }
    r->from[r->n] = at;
}

static size_t bin_of(const ruler *r, double days)
{
    size_t low = 0, high = r->n - 1;

    while (low < high) {
        size_t middle = (low + high + 1) / 2;
        if (r->from[middle] <= days) low = middle;
        else high = middle - 1;
    }
    return low;
}

/* count: purchase days so far; mean_gap: of them, NaN with one. */
static size_t stratum_of(double count, double mean_gap, double horizon_days)
{
    size_t c = count < 2 ? 0 : count < 3 ? 1 : count < 5 ? 2 : count < 10 ? 3 : 4;
    double pace = isnan(mean_gap) ? 0 : mean_gap / horizon_days;
    size_t p = c == 0 ? 0 : pace < 0.08 ? 1 : pace < 0.16 ? 2 : pace < 0.33 ? 3 : pace < 0.66 ? 4 : 5;

    return c * N_PACES + p;
}

typedef struct {
    double ended[N_STRATA + N_COUNTS + 1][MOST_BINS], at_risk[N_STRATA + N_COUNTS + 1][MOST_BINS];
} tally;

/* A silence of that many days, which a purchase ended or which still lasts. */
static void count_gap(const ruler *r, tally *t, size_t stratum, double days, bool ended)
{
    size_t rows[3] = { stratum, N_STRATA + stratum / N_PACES, N_STRATA + N_COUNTS }, last = bin_of(r, days);

    for (size_t k = 0; k < 3; k++) {
        for (size_t b = 0; b < last; b++) t->at_risk[rows[k]][b]++;
        /* Who was watched for a part of a bin only was at risk for that part. */
        t->at_risk[rows[k]][last] += ended ? 1 : TOC_MIN((days - r->from[last]) / (r->from[last + 1] - r->from[last]), 1);
        t->ended[rows[k]][last] += ended;
    }
}

static double hazard(const tally *t, size_t row, size_t bin, double wider)
{
    double h = (t->ended[row][bin] + DRAW * wider) / (t->at_risk[row][bin] + DRAW);
    return TOC_MIN(h, 0.999);
}

static void learn(const tally *t, churn_hazard *h)
{
    double all = 0.01;

    for (size_t b = 0; b < h->ruler.n; b++) {
        all = hazard(t, N_STRATA + N_COUNTS, b, all); /* where nobody was silent so long, that of the bin before */
        for (size_t s = 0; s < N_STRATA; s++) {
            double of_count = hazard(t, N_STRATA + s / N_PACES, b, all);
            h->log_stay[s][b + 1] = h->log_stay[s][b] + log1p(-hazard(t, s, b, of_count));
        }
    }
}

/* What is known of each customer on the walk over the lines. */
typedef struct {
    int64_t first, last; /* local days */
    uint32_t days;       /* 0 = not seen yet */
} walker;

static double mean_gap(const walker *w) { return w->days < 2 ? NAN : (double)(w->last - w->first) / (w->days - 1); }

toc_status churn_hazard_learn(toc_ctx *ctx, const shop_data *view, int64_t cutoff, double horizon_days, churn_hazard **hazard_out)
{
    const shop_orders *o = &view->orders;
    size_t n_codes = toc_pool_size(&view->dict[SHOP_D_CUSTOMER]);
    walker *walkers = NULL;
    tally *t = NULL;
    churn_hazard *h = NULL;
    int64_t today = toc_local_day(ctx, cutoff), first = shop_first_order(view);
    toc_status st = TOC_OK;

    *hazard_out = NULL;
    if ((st = toc_alloc(ctx, n_codes, sizeof *walkers, &walkers))) goto out;
    if ((st = toc_alloc(ctx, 1, sizeof *t, &t))) goto out;
    if ((st = toc_alloc(ctx, 1, sizeof *h, &h))) goto out;
    h->horizon_days = horizon_days;
    make_ruler(first == TOC_NO_TIME ? 1 : (double)(cutoff - first) / (double)TOC_DAY + horizon_days, &h->ruler);
    for (size_t i = 0; i < o->n; i++) { /* in order of time */
        if (o->customer_id[i] == 0 || !shop_line_is_purchase(view, i)) continue;
        walker *w = &walkers[o->customer_id[i]];
        int64_t day = toc_local_day(ctx, o->ordered_at[i]);
        if (w->days && day <= w->last) continue;
        if (w->days) count_gap(&h->ruler, t, stratum_of(w->days, mean_gap(w), horizon_days), (double)(day - w->last), true);
        else w->first = day;
        w->last = day;
        w->days++;
    }
    for (size_t c = 1; c < n_codes; c++)
        if (walkers[c].days)
            count_gap(&h->ruler, t, stratum_of(walkers[c].days, mean_gap(&walkers[c]), horizon_days), (double)(today - walkers[c].last), false);
    learn(t, h);
    *hazard_out = h;
    h = NULL;
out:
    toc_free(h);
    toc_free(t);
    toc_free(walkers);
    return st;
}

/* log S, linear within a bin, and at the last bin's pace beyond. */
static double log_stay(const churn_hazard *h, size_t stratum, double days)
{
    const ruler *r = &h->ruler;
    const double *s = h->log_stay[stratum];
    size_t b = bin_of(r, days);

    return s[b] + (s[b + 1] - s[b]) * (days - r->from[b]) / (r->from[b + 1] - r->from[b]);
}

double churn_hazard_none(const churn_hazard *h, double purchase_days, double mean_gap_days, double recency_days)
{
    size_t s = stratum_of(purchase_days, mean_gap_days, h->horizon_days);

    return exp(log_stay(h, s, recency_days + h->horizon_days) - log_stay(h, s, recency_days));
}
