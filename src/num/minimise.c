/* minimise.c: BFGS with a line search for the weak Wolfe conditions by bisection (Nocedal & Wright 2006, chapter 6; Lewis & Overton 2013). */
#include "num/num.h"

#include <math.h>

enum { MOST = NUM_MOST_UNKNOWNS, MOST_ROUNDS = 200, MOST_STEPS = 50 };
#define TOLERANCE 1e-8     /* of the gradient's largest entry, beside max(1, |value|) */
#define NO_PROGRESS 1e-14  /* the same for a step's gain */

typedef struct {
    num_objective objective;
    void *arg;
    size_t n;
    double x[MOST], g[MOST], value;
    double h[MOST][MOST]; /* inverse of the Hessian, approximately */
} search;

static double dot(const double *a, const double *b, size_t n)
{
    double sum = 0;

    for (size_t i = 0; i < n; i++) sum += a[i] * b[i];
    return sum;
}

static double largest(const double *a, size_t n)
{
    double most = 0;

    for (size_t i = 0; i < n; i++) most = TOC_MAX(most, fabs(a[i]));
    return most;
}

static void forget(search *s)
{
    for (size_t i = 0; i < s->n; i++)
        for (size_t j = 0; j < s->n; j++) s->h[i][j] = i == j;
}

/* A step along d that takes off enough and leaves the slope flatter; *moved false where none does. */
static toc_status line_search(toc_ctx *ctx, search *s, const double *d, bool *moved)
{
    double low = 0, high = INFINITY, t = 1, slope = dot(s->g, d, s->n), x[MOST], g[MOST], value;
    double best_x[MOST], best_g[MOST], best = INFINITY;

    for (int k = 0; k < MOST_STEPS; k++) {
        for (size_t i = 0; i < s->n; i++) x[i] = s->x[i] + t * d[i];
        TOC_TRY(s->objective(ctx, s->arg, x, &value, g));
        bool falls = isfinite(value) && value <= s->value + 1e-4 * t * slope;
        if (falls && value < best) {
            best = value;
            memcpy(best_x, x, sizeof best_x);
            memcpy(best_g, g, sizeof best_g);
        }
        if (!falls) high = t;
        else if (dot(g, d, s->n) < 0.9 * slope) low = t;
        else break;
        t = isinf(high) ? 2 * t : (low + high) / 2;
        if (high - low < 1e-12 * high) break;
    }
    *moved = best < s->value;
    if (!*moved) return TOC_OK;
    memcpy(s->x, best_x, sizeof best_x);
    memcpy(s->g, best_g, sizeof best_g);
    s->value = best;
    return TOC_OK;
}

/* step: x now less x before; change: of the gradient. */
static void update(search *s, const double *step, const double *change)
{
    double hy[MOST], sy = dot(step, change, s->n), yhy = 0;

    if (sy <= 1e-14 * sqrt(dot(step, step, s->n) * dot(change, change, s->n))) return;
    for (size_t i = 0; i < s->n; i++) hy[i] = dot(s->h[i], change, s->n);
    yhy = dot(change, hy, s->n);
    for (size_t i = 0; i < s->n; i++)
        for (size_t j = 0; j < s->n; j++)
            s->h[i][j] += (sy + yhy) / (sy * sy) * step[i] * step[j] - (hy[i] * step[j] + step[i] * hy[j]) / sy;
}

/* One direction and a step along it. */
static toc_status advance(toc_ctx *ctx, search *s, bool *moved)
{
    double d[MOST], before[MOST], g[MOST], reach;

    for (size_t i = 0; i < s->n; i++) d[i] = -dot(s->h[i], s->g, s->n);
    if (dot(d, s->g, s->n) >= 0) {
        forget(s);
        for (size_t i = 0; i < s->n; i++) d[i] = -s->g[i];
    }
    reach = largest(d, s->n);
    for (size_t i = 0; reach > 5 && i < s->n; i++) d[i] *= 5 / reach; /* far from the least, curvature is a guess */
    memcpy(before, s->x, sizeof before);
    memcpy(g, s->g, sizeof g);
    TOC_TRY(line_search(ctx, s, d, moved));
    if (!*moved) return TOC_OK;
    for (size_t i = 0; i < s->n; i++) {
        before[i] = s->x[i] - before[i];
        g[i] = s->g[i] - g[i];
    }
    update(s, before, g);
    return TOC_OK;
}

toc_status num_minimise(toc_ctx *ctx, num_objective objective, void *arg, size_t n, double *x, double *value, size_t *n_rounds, bool *converged)
{
    search s = { .objective = objective, .arg = arg, .n = n };
    bool fresh = true, moved;
    double last;

    TOC_ASSERT(n > 0 && n <= MOST);
    *converged = false;
    memcpy(s.x, x, n * sizeof *x);
    TOC_TRY(objective(ctx, arg, s.x, &s.value, s.g));
    forget(&s);
    for (*n_rounds = 0; *n_rounds < MOST_ROUNDS; ++*n_rounds) {
        double scale = TOC_MAX(1, fabs(s.value));
        if (largest(s.g, n) <= TOLERANCE * scale) *converged = true;
        if (*converged) break;
        last = s.value;
        TOC_TRY(advance(ctx, &s, &moved));
        bool stuck = !moved || last - s.value <= NO_PROGRESS * scale;
        /* Rounding hides the rest of the way where even steepest descent does not go down. */
        if (stuck && fresh) *converged = largest(s.g, n) <= 1e-5 * scale;
        if (stuck && fresh) break;
        if (stuck) forget(&s);
        fresh = stuck;
    }
    memcpy(x, s.x, n * sizeof *x);
    *value = s.value;
    return TOC_OK;
}
