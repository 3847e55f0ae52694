/* tokenbench TOKENIZER.json TEXTS THREADS: seconds to tokenize all texts of a file (each ends with a NUL), how many tokens they have, and a sum over their ids;
 * the best of five rounds. Then the milliseconds that opening the tokenizer took. */
#include <stdlib.h>
#include <time.h>

#include "text/text.h"

enum { TEXTS_A_TASK = 128 };

typedef struct {
    const txt_tokenizer *tokenizer;
    const toc_str *texts;
    size_t n;
    size_t *tokens; /* of each task */
    uint64_t *sums;
} job;

static double now(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

static toc_status tokenize(toc_ctx *ctx, void *arg, size_t task)
{
    job *j = arg;
    txt_tokens o = {0};
    toc_status st = TOC_OK;
    uint64_t sum = 0;

    for (size_t i = task * TEXTS_A_TASK; !st && i < TOC_MIN(j->n, (task + 1) * TEXTS_A_TASK); i++)
        st = txt_tokenize(ctx, j->tokenizer, j->texts[i], SIZE_MAX, &o, NULL);
    for (size_t k = 0; k < o.n; k++) sum += o.ids[k];
    j->tokens[task] = o.n;
    j->sums[task] = sum;
    txt_tokens_release(&o);
    return st;
}

static toc_status split(toc_ctx *ctx, toc_str content, toc_str **texts, size_t *n)
{
    size_t cap = 0;
    toc_str text;

    if (content.n) content.n--;
    while (toc_str_split(&content, 0, &text)) {
        TOC_TRY(toc_grow(ctx, texts, &cap, *n + 1, sizeof **texts));
        (*texts)[(*n)++] = text;
    }
    return TOC_OK;
}

static toc_status measure(toc_ctx *ctx, job *j, double opened)
{
    size_t n_tasks = (j->n + TEXTS_A_TASK - 1) / TEXTS_A_TASK, tokens = 0;
    double best = 1e9;
    uint64_t sum = 0;

    TOC_TRY(toc_arena_alloc(ctx, &ctx->arena, n_tasks, sizeof *j->tokens, &j->tokens));
    TOC_TRY(toc_arena_alloc(ctx, &ctx->arena, n_tasks, sizeof *j->sums, &j->sums));
    for (int round = 0; round < 5; round++) {
        double start = now();
        TOC_TRY(toc_parallel(ctx, n_tasks, tokenize, j));
        best = TOC_MIN(best, now() - start);
    }
    for (size_t t = 0; t < n_tasks; t++) {
        tokens += j->tokens[t];
        sum += j->sums[t];
    }
    printf("%.6f %zu %llu %.3f\n", best, tokens, (unsigned long long)sum, opened * 1e3);
    return TOC_OK;
}

int main(int argc, char **argv)
{
    toc_ctx ctx;
    toc_buf json = {0}, content = {0};
    toc_str *texts = NULL;
    txt_tokenizer *tokenizer = NULL;
    job j = {0};
    double start = now(), opened = 0;

    if (argc != 4) return 2;
    toc_ctx_init(&ctx);
    ctx.n_threads = strtoul(argv[3], NULL, 10);
    toc_status st = toc_read_file(&ctx, argv[1], &json);
    if (!st) st = txt_tokenizer_json(&ctx, (toc_str){ json.p, json.n }, argv[1], &tokenizer);
    opened = now() - start;
    if (!st) st = toc_read_file(&ctx, argv[2], &content);
    if (!st) st = split(&ctx, (toc_str){ content.p, content.n }, &texts, &j.n);
    j.tokenizer = tokenizer;
    j.texts = texts;
    if (!st) st = measure(&ctx, &j, opened);
    if (st) fprintf(stderr, "%s\n", ctx.message);
    txt_tokenizer_free(tokenizer);
    toc_free(texts);
    toc_buf_release(&json);
    toc_buf_release(&content);
    toc_ctx_release(&ctx);
    return toc_exit_code(st);
}
