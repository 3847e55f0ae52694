/* lifefit.c: buy-till-you-die models fitted to histories, for tools/accuracy/cdnow-sample and tools/bench/life.
 *
 *   lifefit THREADS < lines of "x t_x T mean count" (days; mean value of count purchases)
 *   lifefit THREADS N: simulates N customers of BG/NBD with the parameters published for CDNOW, seen for up to 78 weeks
 *
 * Lines out: model, four parameters (weeks), log-likelihood, groups, rounds, converged, seconds; and of Gamma-Gamma p, q, gamma. */
#include "churn/churn.h"

#include <math.h>
#include <stdlib.h>
#include <time.h>

typedef struct {
    churn_histories h;
    churn_purses money;
    uint32_t *x, *last, *age;
    double *mean, *count;
    size_t n, caps[5];
} customers;

static double now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static toc_status add(toc_ctx *ctx, customers *c, const double v[5])
{
    TOC_TRY(toc_grow(ctx, &c->x, &c->caps[0], c->n + 1, sizeof *c->x));
    TOC_TRY(toc_grow(ctx, &c->last, &c->caps[1], c->n + 1, sizeof *c->last));
    TOC_TRY(toc_grow(ctx, &c->age, &c->caps[2], c->n + 1, sizeof *c->age));
    TOC_TRY(toc_grow(ctx, &c->mean, &c->caps[3], c->n + 1, sizeof *c->mean));
    TOC_TRY(toc_grow(ctx, &c->count, &c->caps[4], c->n + 1, sizeof *c->count));
    c->x[c->n] = (uint32_t)v[0];
    c->last[c->n] = (uint32_t)v[1];
    c->age[c->n] = (uint32_t)v[2];
    c->mean[c->n] = v[3];
    c->count[c->n++] = v[4];
    return TOC_OK;
}

static toc_status read_lines(toc_ctx *ctx, customers *c)
{
    double v[5];

    while (scanf("%lf %lf %lf %lf %lf", &v[0], &v[1], &v[2], &v[3], &v[4]) == 5) TOC_TRY(add(ctx, c, v));
    return TOC_OK;
}

static toc_status simulate(toc_ctx *ctx, size_t n, customers *c)
{
    toc_rng rng = toc_rng_new(1, 0);

    for (size_t i = 0; i < n; i++) {
        double rate = toc_rng_gamma(&rng, 0.243) / 4.414 / 7, a = toc_rng_gamma(&rng, 0.793), b = toc_rng_gamma(&rng, 2.426);
        double age = (double)(1 + toc_rng_below(&rng, 78 * 7)), at = 0, last = 0, x = 0;
        for (;;) {
            at += toc_rng_exponential(&rng) / TOC_MAX(rate, 1e-12);
            if (at >= age) break;
            if (floor(at) > last) x++; /* purchases of one day count once */
            last = floor(at);
            if (toc_rng_unit(&rng) < a / (a + b)) break;
        }
        double v[5] = { x, last, age, toc_rng_gamma(&rng, 6 * (x + 1)) / (x + 1) / toc_rng_gamma(&rng, 4) * 15, x + 1 };
        TOC_TRY(add(ctx, c, v));
    }
    return TOC_OK;
}

static toc_status run(toc_ctx *ctx, customers *c)
{
    static const char *const names[] = { "bgnbd", "mbgnbd", "pareto" };
    churn_money money;

    c->h = (churn_histories){ c->n, c->x, c->last, c->age };
    c->money = (churn_purses){ c->n, c->mean, c->count };
    for (int kind = CHURN_BGNBD; kind <= CHURN_PARETO; kind++) {
        churn_life life;
        double start = now();
        TOC_TRY(churn_life_fit(ctx, (churn_life_kind)kind, &c->h, 7, &life));
        printf("%s %.6f %.6f %.6f %.6f %.4f %zu %zu %d %.4f\n", names[kind], life.p[0], life.p[1], life.p[2], life.p[3], life.log_likelihood, life.n_groups,
               life.n_rounds, life.converged, now() - start);
    }
    TOC_TRY(churn_money_fit(ctx, &c->money, &money));
    printf("money %.6f %.6f %.6f %.4f %d\n", money.p, money.q, money.gamma, money.log_likelihood, money.converged);
    return TOC_OK;
}

int main(int argc, char **argv)
{
    toc_ctx ctx;
    customers c = {0};

    if (argc < 2 || argc > 3) {
        fprintf(stderr, "usage: lifefit THREADS [N]\n");
        return 2;
    }
    toc_ctx_init(&ctx);
    ctx.n_threads = strtoul(argv[1], NULL, 10);
    toc_status st = argc == 3 ? simulate(&ctx, strtoul(argv[2], NULL, 10), &c) : read_lines(&ctx, &c);
    if (!st) st = run(&ctx, &c);
    if (st) fprintf(stderr, "lifefit: %s\n", ctx.message);
    toc_free(c.x);
    toc_free(c.last);
    toc_free(c.age);
    toc_free(c.mean);
    toc_free(c.count);
    toc_ctx_release(&ctx);
    return toc_exit_code(st);
}
