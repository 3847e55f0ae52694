/* treebench.c: times information gain, one tree and boosting on random floats, for tools/bench/gain and tools/bench/trees.
 *
 *   treebench gain|tree|trees|write ROWS COLUMNS [THREADS | FILE]
 *
 * gain prints seconds, gains and thresholds; tree and trees seconds, the AUC on a tenth as many rows more that were not learned from, and the seconds that
 * scoring the learned ones takes; write puts the same numbers in FILE for the peer: ROWS * 1.1 rows of COLUMNS floats, then as many labels of one byte. */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "num/num.h"
#include "tree/tree.h"

typedef struct {
    size_t n, p, n_all; /* n to learn from, n_all with the test rows behind */
    double **x;
    double *y;
    uint32_t *classes;
} sample;

static double now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

/* Independent normal columns; the label depends on a few of them, partly by products. */
static toc_status make(toc_ctx *ctx, size_t n, size_t p, sample *s)
{
    toc_rng rng = toc_rng_new(1, 1);

    *s = (sample){ .n = n, .p = p, .n_all = n + n / 10 };
    TOC_TRY(toc_arena_alloc(ctx, &ctx->arena, p, sizeof *s->x, &s->x));
    for (size_t j = 0; j < p; j++) TOC_TRY(toc_arena_alloc(ctx, &ctx->arena, s->n_all, sizeof **s->x, &s->x[j]));
    TOC_TRY(toc_arena_alloc(ctx, &ctx->arena, s->n_all, sizeof *s->y, &s->y));
    TOC_TRY(toc_arena_alloc(ctx, &ctx->arena, s->n_all, sizeof *s->classes, &s->classes));
    for (size_t i = 0; i < s->n_all; i++) {
        for (size_t j = 0; j < p; j++) s->x[j][i] = (double)(float)toc_rng_normal(&rng);
        double a = s->x[0][i], b = s->x[1 % p][i], c = s->x[2 % p][i], d = s->x[3 % p][i];
        s->classes[i] = a * b + c + 0.5 * d * d - 0.5 + toc_rng_normal(&rng) > 0;
        s->y[i] = s->classes[i];
    }
    return TOC_OK;
}

static toc_status time_gain(toc_ctx *ctx, const sample *s)
{
    tree_data data = { s->n, s->p, (const double *const *)s->x, NULL, NULL, NULL };
    tree_gain *gain;

    TOC_TRY(toc_arena_alloc(ctx, &ctx->arena, s->p, sizeof *gain, &gain));
    double start = now();
    TOC_TRY(tree_gains(ctx, &data, s->classes, 2, NULL, gain));
    printf("%.4f", now() - start);
    for (size_t j = 0; j < s->p; j++) printf(" %.12g %.9g", gain[j].gain, gain[j].threshold);
    printf("\n");
    return TOC_OK;
}

/* Seconds to fit, AUC on the rows that were not learned from, seconds to score all that were. */
static toc_status time_model(toc_ctx *ctx, const sample *s, const tree_params *params)
{
    tree_data data = { s->n, s->p, (const double *const *)s->x, NULL, NULL, NULL }, test = data;
    const double **rest;
    double *score, auc, start = now();
    uint8_t *truth;
    tree_model *model;

    test.n = s->n_all - s->n;
    TOC_TRY(toc_arena_alloc(ctx, &ctx->arena, s->p, sizeof *rest, &rest));
    TOC_TRY(toc_arena_alloc(ctx, &ctx->arena, s->n, sizeof *score, &score));
    TOC_TRY(toc_arena_alloc(ctx, &ctx->arena, test.n, 1, &truth));
    for (size_t j = 0; j < s->p; j++) rest[j] = s->x[j] + s->n;
    for (size_t i = 0; i < test.n; i++) truth[i] = (uint8_t)s->classes[s->n + i];
    test.x = rest;
    TOC_TRY(tree_fit(ctx, &data, s->y, NULL, params, &model));
    printf("%.4f ", now() - start);
    toc_status st = tree_predict(ctx, model, &test, score);
    if (!st) st = num_auc(ctx, score, truth, test.n, &auc);
    start = now();
    if (!st) st = tree_predict(ctx, model, &data, score);
    if (!st) printf("%.5f %.4f\n", auc, now() - start);
    tree_free(model);
    return st;
}

static toc_status time_trees(toc_ctx *ctx, const sample *s)
{
    tree_params params = tree_defaults(TREE_BOOST);

    params.n_trees = 100;
    params.max_leaves = 31;
    params.learning_rate = 0.1;
    params.column_share = 1;
    return time_model(ctx, s, &params);
}

static toc_status time_tree(toc_ctx *ctx, const sample *s)
{
    tree_params params = tree_defaults(TREE_SINGLE);

    params.criterion = TREE_ENTROPY;
    params.max_depth = 8;
    params.max_leaves = 0;
    params.min_leaf = 20;
    return time_model(ctx, s, &params);
}

static toc_status write_sample(toc_ctx *ctx, const sample *s, const char *path)
{
    toc_out out;

    TOC_TRY(toc_out_open(ctx, path, false, &out));
    for (size_t i = 0; i < s->n_all; i++)
        for (size_t j = 0; j < s->p; j++) {
            float value = (float)s->x[j][i];
            toc_out_write(&out, (const char *)&value, sizeof value);
        }
    for (size_t i = 0; i < s->n_all; i++) toc_out_write(&out, s->classes[i] ? "\1" : "\0", 1);
    return toc_out_close(ctx, &out);
}

static bool count_of(const char *text, size_t *count)
{
    int64_t value;

    if (!toc_parse_int(toc_str_of(text), &value) || value < 1 || value > INT32_MAX) return false;
    *count = (size_t)value;
    return true;
}

int main(int argc, char **argv)
{
    toc_ctx ctx;
    sample s;
    size_t rows, columns;

    toc_ctx_init(&ctx);
    if (argc != 5 || !count_of(argv[2], &rows) || !count_of(argv[3], &columns)) {
        fprintf(stderr, "usage: treebench gain|tree|trees|write ROWS COLUMNS THREADS|FILE\n");
        return 2;
    }
    bool writes = strcmp(argv[1], "write") == 0;
    if (!writes && !count_of(argv[4], &ctx.n_threads)) return 2;
    toc_status st = make(&ctx, rows, columns, &s);
    if (!st && writes) st = write_sample(&ctx, &s, argv[4]);
    else if (!st) st = (strcmp(argv[1], "gain") == 0 ? time_gain : strcmp(argv[1], "tree") == 0 ? time_tree : time_trees)(&ctx, &s);
    if (st) fprintf(stderr, "treebench: %s\n", ctx.message);
    toc_ctx_release(&ctx);
    return toc_exit_code(st);
}
