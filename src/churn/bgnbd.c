/* bgnbd.c: BG/NBD (Fader, Hardie & Lee 2005) and MBG/NBD (Batislam, Denizel & Filiztekin 2007), parameters r, alpha, a, b.
 *
 * While alive a customer buys at rate lambda ~ Gamma(r, alpha) and leaves with probability p ~ Beta(a, b) after each purchase; in BG/NBD the first one is not
 * followed by that choice. With m the choices made, x in BG/NBD and x + 1 in MBG/NBD, both have the likelihood
 *   G(x) { (alpha + T)^-(r+x)  +  a / (b + m - 1) (alpha + t_x)^-(r+x) }       (the second term where m > 0)
 *   G(x) = Gamma(r+x) alpha^r / Gamma(r)  *  Gamma(a+b) Gamma(b+m) / (Gamma(b) Gamma(a+b+m)). */
#include "churn/life_int.h"

static double choices(const life_tables *t, double x) { return t->kind == CHURN_MBGNBD ? x + 1 : x; }

void bgnbd_of_x(const life_tables *t, double x, life_terms *out)
{
    double r = t->p[0], alpha = t->p[1], a = t->p[2], b = t->p[3], m = choices(t, x);
    double ab = num_digamma(a + b) - num_digamma(a + b + m);

    out->value = num_lgamma(r + x) - num_lgamma(r) + r * log(alpha);
    out->value += num_lgamma(a + b) - num_lgamma(a + b + m) + num_lgamma(b + m) - num_lgamma(b);
    out->slope[0] = num_digamma(r + x) - num_digamma(r) + log(alpha);
    out->slope[1] = r / alpha;
    out->slope[2] = ab;
    out->slope[3] = ab + num_digamma(b + m) - num_digamma(b);
}

/* log of the second term beside the first; -inf where there is no second. */
static double gone_beside_alive(const life_tables *t, double x, size_t last, size_t age)
{
    double m = choices(t, x);

    return m > 0 ? log(t->p[2] / (t->p[3] + m - 1)) + (t->p[0] + x) * (t->log_a[age] - t->log_a[last]) : -INFINITY;
}

void bgnbd_terms(const life_tables *t, size_t place, size_t last, size_t age, life_terms *out)
{
    double x = t->x[place], rx = t->p[0] + x, odds = gone_beside_alive(t, x, last, age);
    double small = exp(-fabs(odds)), gone = odds > 0 ? 1 / (1 + small) : small / (1 + small);

    *out = t->of_x[place];
    out->value += log1p(small) + TOC_MAX(odds, 0) - rx * t->log_a[age];
    out->slope[0] -= (1 - gone) * t->log_a[age] + gone * t->log_a[last];
    out->slope[1] -= rx * ((1 - gone) * t->one_a[age] + gone * t->one_a[last]);
    if (gone <= 0) return;
    out->slope[2] += gone / t->p[2];
    out->slope[3] -= gone / (t->p[3] + choices(t, x) - 1);
}

/* Gauss' hypergeometric series for 0 <= z < 1 and c > 0. */
static double series(double a, double b, double c, double z)
{
    double term = 1, sum = 1;

    for (double k = 0; k < 1e6; k++) {
        term *= (a + k) * (b + k) / ((c + k) * (k + 1)) * z;
        sum += term;
        if (fabs(term) <= 1e-15 * fabs(sum) && k > fabs(a)) break;
    }
    return sum;
}

/* Expected purchases within the horizon of a customer who is alive, FHL 2005, equation 10, without its denominator:
 *   (c / (a - 1)) (1 - (1-z)^(r+x) F(r+x, b+m; c; z)),  c = a+b+m-1,  z = t / (alpha+T+t).
 * By Euler's transformation the product is (1-z)^(a-1) F(c-r-x, a-1; c; z), whose terms stay small however many purchases there were. */
static double orders_if_alive(const life_tables *t, double x, size_t age, double horizon)
{
    double r = t->p[0], a = t->p[2], b = t->p[3], m = choices(t, x), z = horizon / (horizon + 1 / t->one_a[age]);

    if (fabs(a - 1) < 1e-6) a = 1 + 1e-6; /* the limit, to six digits */
    double c = a + b + m - 1;
    if (fabs(c) < 1e-6) c = 1e-6;
    double left = c - r - x;
    double product = left > -5 ? pow(1 - z, a - 1) * series(left, a - 1, c, z) : pow(1 - z, r + x) * series(r + x, b + m, c, z);
    double most = (r + x) * horizon * t->one_a[age]; /* nobody leaves */
    double orders = c / (a - 1) * (1 - product);
    return isfinite(orders) ? TOC_MIN(TOC_MAX(orders, 0), most) : most;
}

void bgnbd_expect(const life_tables *t, size_t place, size_t last, size_t age, double horizon, double *alive, double *none, double *orders)
{
    double x = t->x[place];

    *alive = 1 / (1 + exp(gone_beside_alive(t, x, last, age)));
    *none = 1 + *alive * expm1(-(t->p[0] + x) * log1p(horizon * t->one_a[age]));
    *orders = *alive * orders_if_alive(t, x, age, horizon);
}

/* ---- tables of both models ---- */

toc_status life_tables_alloc(toc_ctx *ctx, const life_groups *g, life_tables *t)
{
    TOC_TRY(toc_alloc(ctx, g->n_x, sizeof *t->of_x, &t->of_x));
    TOC_TRY(toc_alloc(ctx, g->most_days + 1, sizeof *t->log_a, &t->log_a));
    TOC_TRY(toc_alloc(ctx, g->most_days + 1, sizeof *t->log_b, &t->log_b));
    return toc_alloc(ctx, g->most_days + 1, sizeof *t->one_a, &t->one_a);
}

void life_tables_fill(life_tables *t, churn_life_kind kind, const double *p, double unit_days, const life_groups *g)
{
    t->kind = kind;
    t->unit_days = unit_days;
    t->x = g->x;
    memcpy(t->p, p, sizeof t->p);
    for (size_t d = 0; d <= g->most_days; d++) {
        double time = p[1] + (double)d / unit_days;
        t->log_a[d] = log(time);
        t->one_a[d] = 1 / time;
        if (kind == CHURN_PARETO) t->log_b[d] = log(p[3] + (double)d / unit_days);
    }
    for (size_t k = 0; k < g->n_x; k++) {
        if (kind == CHURN_PARETO) pareto_of_x(t, g->x[k], &t->of_x[k]);
        else bgnbd_of_x(t, g->x[k], &t->of_x[k]);
    }
}

void life_tables_release(life_tables *t)
{
    toc_free(t->of_x);
    toc_free(t->log_a);
    toc_free(t->log_b);
    toc_free(t->one_a);
    *t = (life_tables){0};
}
