/* money.c: Gamma-Gamma money (Fader, Hardie & Lee 2005, "RFM and CLV"; Fader & Hardie 2013): a purchase of a customer is worth Gamma(p, nu) with
 * nu ~ Gamma(q, gamma), so the mean m of n purchases has the likelihood
 *   Gamma(pn+q) / (Gamma(pn) Gamma(q)) gamma^q m^(pn-1) n^(pn) / (gamma + m n)^(pn+q). */
#include "churn/life_int.h"

#define BOX 9.0
#define MOST 200000 /* customers to learn from; the spread of three parameters is far below their use then */

typedef struct {
    const churn_purses *purses;
    double scale; /* amounts are divided by it */
    size_t stride;
} objective;

static toc_status evaluate(toc_ctx *ctx, void *arg, const double *theta, double *value, double *gradient)
{
    const objective *o = arg;
    double p = exp(theta[0]), q = exp(theta[1]), gamma = exp(theta[2]), slope[3] = { 0 }, sum = 0, n = 0;
    double q_log = num_lgamma(q), q_slope = num_digamma(q), last = -1, pq = 0, pq_slope = 0, p_log = 0, p_slope = 0;
    (void)ctx;

    for (size_t i = 0; i < o->purses->n; i += o->stride) {
        double x = o->purses->count[i], m = o->purses->mean[i] / o->scale;
        if (!(m > 0) || !(x > 0)) continue;
        if (x != last) {
            pq = num_lgamma(p * x + q);
            pq_slope = num_digamma(p * x + q);
            p_log = num_lgamma(p * x);
            p_slope = num_digamma(p * x);
            last = x;
        }
        double all = gamma + m * x, log_all = log(all), log_m = log(m), log_x = log(x);
        sum += pq - p_log - q_log + q * theta[2] + (p * x - 1) * log_m + p * x * log_x - (p * x + q) * log_all;
        slope[0] += x * (pq_slope - p_slope + log_m + log_x - log_all);
        slope[1] += pq_slope - q_slope + theta[2] - log_all;
        slope[2] += q / gamma - (p * x + q) / all;
        n++;
    }
    *value = -sum / n;
    for (int k = 0; k < 3; k++) {
        double beyond = theta[k] > BOX ? theta[k] - BOX : theta[k] < -BOX ? theta[k] + BOX : 0;
        gradient[k] = -slope[k] * exp(theta[k]) / n + 2 * beyond;
        *value += beyond * beyond;
    }
    return TOC_OK;
}

toc_status churn_money_fit(toc_ctx *ctx, const churn_purses *purses, churn_money *money)
{
    static const double starts[][3] = { { 5, 4, 10 }, { 1, 2, 2 }, { 50, 3, 0.05 } }; /* Fader & Hardie's own fit is near the first; scale 1 */
    objective o = { .purses = purses, .stride = (purses->n + MOST - 1) / MOST };
    double sum = 0, n = 0, best = INFINITY, value, theta[3];
    bool converged;
    size_t rounds;

    *money = (churn_money){0};
    o.stride = TOC_MAX(o.stride, 1);
    for (size_t i = 0; i < purses->n; i += o.stride) {
        if (!(purses->mean[i] > 0) || !(purses->count[i] > 0)) continue;
        sum += purses->mean[i];
        n++;
    }
    if (n < 2) return TOC_OK;
    o.scale = sum / n;
    money->mean = o.scale;
    for (size_t k = 0; k < TOC_COUNT(starts); k++) {
        for (int j = 0; j < 3; j++) theta[j] = log(starts[k][j]);
        TOC_TRY(num_minimise(ctx, evaluate, &o, 3, theta, &value, &rounds, &converged));
        if (!(value < best - 1e-9)) continue;
        best = value;
        money->p = exp(theta[0]);
        money->q = exp(theta[1]);
        money->gamma = exp(theta[2]) * o.scale;
        money->log_likelihood = -(value + log(o.scale)) * n;
        money->converged = converged;
    }
    return TOC_OK;
}

double churn_money_expect(const churn_money *money, double count, double mean)
{
    double known = money->p * count + money->q - 1;

    if (!(count > 0) || !(mean > 0)) return TOC_MAX(money->mean, 0);
    /* Without a mean of its own (q near or below 1, or next to no spread to learn from) the customer's mean, drawn half a purchase to the shop's. */
    if (!(money->p > 0) || money->q < 1.05 || known <= 0) return (mean * count + money->mean / 2) / (count + 0.5);
    return money->p * (money->gamma + mean * count) / known;
}
