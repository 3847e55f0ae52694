/* pareto.c: Pareto/NBD (Schmittlein, Morrison & Colombo 1987; Fader & Hardie 2005, "A note on deriving the Pareto/NBD model"), parameters r, alpha, s, beta.
 *
 * Purchases at rate lambda ~ Gamma(r, alpha) until an end that comes at rate mu ~ Gamma(s, beta). The likelihood of (x, t_x, T) is
 *   Gamma(r+x) alpha^r beta^s / Gamma(r) { (alpha+T)^-(r+x) (beta+T)^-s  +  s I },
 *   I = integral from t_x to T of (alpha+y)^-(r+x) (beta+y)^-(s+1) dy,
 * alive at T, or gone at y. The known closed form of I is a difference of two hypergeometric functions that cancel; here it is summed by Gauss-Legendre over
 * log(y + min(alpha, beta)), in which the integrand is close to an exponential, and its slopes with it. */
#include "churn/life_int.h"

/* 12 points on [-1, 1], the positive half. */
static const double node[6] = { 0.1252334085114689, 0.3678314989981802, 0.5873179542866175, 0.7699026741943047, 0.9041172563704749, 0.9815606342467193 };
static const double node_weight[6] = { 0.2491470458134028, 0.2334925365383548, 0.2031674267230659, 0.1600783285433462, 0.1069393259953184,
                                       0.0471753363865118 };
#define EASY 12.0  /* powers of e that the integrand falls over one panel, at most */
#define NOTHING 45.0 /* powers of e below the beginning, where no more counts */

void pareto_of_x(const life_tables *t, double x, life_terms *out)
{
    double r = t->p[0], alpha = t->p[1], s = t->p[2], beta = t->p[3];

    out->value = num_lgamma(r + x) - num_lgamma(r) + r * log(alpha) + s * log(beta);
    out->slope[0] = num_digamma(r + x) - num_digamma(r) + log(alpha);
    out->slope[1] = r / alpha;
    out->slope[2] = log(beta);
    out->slope[3] = s / beta;
}

typedef struct {
    double rx, s, alpha, beta;
    double from;         /* t_x */
    double log_a, log_b; /* at t_x */
    double low;          /* min(alpha, beta) */
    double sum, slope[4]; /* relative to the integrand at t_x: the integral, and of -log(alpha+y), -(r+x)/(alpha+y), -log(beta+y), -(s+1)/(beta+y) */
} integral;

/* Adds the point at u = log((y + low) / (t_x + low)) of that weight. */
static void add_point(integral *i, double u, double weight)
{
    double y = (i->from + i->low) * exp(u) - i->low, a = i->alpha + y, b = i->beta + y, log_a = log(a), log_b = log(b);
    double f = weight * (y + i->low) * exp(-i->rx * (log_a - i->log_a) - (i->s + 1) * (log_b - i->log_b));

    i->sum += f;
    i->slope[0] -= f * log_a;
    i->slope[1] -= f * i->rx / a;
    i->slope[2] -= f * log_b;
    i->slope[3] -= f * (i->s + 1) / b;
}

static void integrate(integral *i, double to)
{
    double span = log((to + i->low) / (i->from + i->low));
    /* The lower of alpha and beta alone makes the integrand fall as exp(-k u). */
    double k = i->alpha <= i->beta ? i->rx : i->s + 1;
    if (k > 2) span = TOC_MIN(span, NOTHING / (k - 1));
    double fall = (i->rx + i->s + 1) * span;
    double panels = TOC_MIN(TOC_MAX(ceil(fall / EASY), 1), 64), width = span / panels;

    for (double p = 0; p < panels; p++) {
        double middle = (p + 0.5) * width, before = i->sum;
        for (int j = 0; j < 6; j++) {
            add_point(i, middle - node[j] * width / 2, node_weight[j] * width / 2);
            add_point(i, middle + node[j] * width / 2, node_weight[j] * width / 2);
        }
        if (i->sum - before <= 1e-17 * i->sum) break;
    }
}

/* Logarithms of both ways, and the integral for slopes. */
static void ways(const life_tables *t, double x, size_t last, double to, double log_a, double log_b, integral *i, double *alive, double *gone)
{
    double beginning;

    *i = (integral){ .rx = t->p[0] + x, .s = t->p[2], .alpha = t->p[1], .beta = t->p[3], .from = (double)last / t->unit_days,
                     .log_a = t->log_a[last], .log_b = t->log_b[last], .low = TOC_MIN(t->p[1], t->p[3]) };
    *alive = -i->rx * log_a - i->s * log_b;
    beginning = -i->rx * i->log_a - (i->s + 1) * i->log_b;
    *gone = -INFINITY;
    if (to <= i->from) return;
    integrate(i, to);
    if (i->sum > 0) *gone = log(i->s * i->sum) + beginning;
}

void pareto_terms(const life_tables *t, size_t place, size_t last, size_t age, life_terms *out)
{
    double alive, gone, x = t->x[place], to = (double)age / t->unit_days;
    integral i;

    ways(t, x, last, to, t->log_a[age], t->log_b[age], &i, &alive, &gone);
    double small = exp(-fabs(gone - alive)), share = gone > alive ? 1 / (1 + small) : small / (1 + small);
    *out = t->of_x[place];
    out->value += TOC_MAX(alive, gone) + log1p(small);
    out->slope[0] -= (1 - share) * t->log_a[age];
    out->slope[1] -= (1 - share) * i.rx * t->one_a[age];
    out->slope[2] -= (1 - share) * t->log_b[age];
    out->slope[3] -= (1 - share) * i.s / (i.beta + to);
    if (share <= 0) return;
    for (int p = 0; p < 4; p++) out->slope[p] += share * i.slope[p] / i.sum;
    out->slope[2] += share / i.s;
}

static double log_sum(double a, double b) { return TOC_MAX(a, b) + log1p(exp(-fabs(a - b))); }

void pareto_expect(const life_tables *t, size_t place, size_t last, size_t age, double horizon, double *alive, double *none, double *orders)
{
    double here, gone, later, gone_later, x = t->x[place], to = (double)age / t->unit_days, s = t->p[2];
    integral i;

    ways(t, x, last, to, t->log_a[age], t->log_b[age], &i, &here, &gone);
    ways(t, x, last, to + horizon, log(t->p[1] + to + horizon), log(t->p[3] + to + horizon), &i, &later, &gone_later);
    *alive = 1 / (1 + exp(gone - here));
    *none = TOC_MIN(exp(log_sum(later, gone_later) - log_sum(here, gone)), 1);
    /* (r+x) (beta+T) / ((alpha+T) (s-1)) (1 - ((beta+T)/(beta+T+t))^(s-1)), which is a logarithm at s = 1. */
    double longer = log1p(horizon / (t->p[3] + to)), life = fabs(s - 1) < 1e-9 ? longer : -expm1(-(s - 1) * longer) / (s - 1);
    *orders = *alive * i.rx * (t->p[3] + to) * t->one_a[age] * life;
}
