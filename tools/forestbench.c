/* forestbench.c: seconds to fit and to score an isolation forest on random rows, for tools/bench/forest.
 *
 *   forestbench ROWS COLUMNS THREADS */
#include <stdlib.h>
#include <time.h>

#include "anomaly/anomaly.h"

static double now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static toc_status run(toc_ctx *ctx, size_t n, size_t p)
{
    toc_rng rng = toc_rng_new(1, 0);
    const double **x;
    double *score;
    ano_forest *forest;
    ano_forest_params params = ano_forest_defaults();

    TOC_TRY(toc_arena_alloc(ctx, &ctx->arena, p, sizeof *x, &x));
    TOC_TRY(toc_arena_alloc(ctx, &ctx->arena, n, sizeof *score, &score));
    for (size_t j = 0; j < p; j++) {
        double *column;
        TOC_TRY(toc_arena_alloc(ctx, &ctx->arena, n, sizeof *column, &column));
        for (size_t i = 0; i < n; i++) column[i] = toc_rng_normal(&rng);
        x[j] = column;
    }
    ano_data data = { .n = n, .p = p, .x = x };
    double start = now();
    TOC_TRY(ano_forest_fit(ctx, &data, &params, &forest));
    double fitted = now();
    toc_status st = ano_forest_score(ctx, forest, &data, score);
    printf("%.4f %.4f\n", fitted - start, now() - fitted);
    ano_forest_free(forest);
    return st;
}

int main(int argc, char **argv)
{
    int64_t n, p, threads;
    toc_ctx ctx;

    if (argc != 4 || !toc_parse_int(toc_str_of(argv[1]), &n) || !toc_parse_int(toc_str_of(argv[2]), &p) || !toc_parse_int(toc_str_of(argv[3]), &threads)) {
        fputs("usage: forestbench ROWS COLUMNS THREADS\n", stderr);
        return 2;
    }
    toc_ctx_init(&ctx);
    ctx.n_threads = (size_t)threads;
    toc_status st = run(&ctx, (size_t)n, (size_t)p);
    if (st) fprintf(stderr, "forestbench: %s\n", ctx.message);
    toc_ctx_release(&ctx);
    return toc_exit_code(st);
}
