/* nnbench: seconds of a fine-tuning step (forward, backward, clipping, AdamW) of a BERT classifier with random weights. Usage: nnbench LAYERS HIDDEN HEADS INNER
 * TEXTS EQUAL|MIXED STEPS THREADS; writes "median_seconds peak_kib last_loss". Lengths: 77 tokens each, or 20 to 134 by (53 i) mod 115. */
#include <math.h>
#include <sys/resource.h>
#include <time.h>

#include "nn/nn.h"

extern void openblas_set_num_threads(int n);

enum { VOCAB = 30522, POSITIONS = 512, K = 2 };

typedef struct {
    nn_params params;
    nn_classifier model;
    nn_adam adam;
    nn_texts texts;
    int32_t *labels;
    float *logits;
} bench;

static double now(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static toc_status make_texts(toc_ctx *ctx, bench *b, size_t n, bool mixed)
{
    size_t *starts;
    uint32_t *ids;
    toc_rng rng = toc_rng_new(1, 1);

    TOC_TRY(toc_arena_alloc(ctx, &ctx->arena, n + 1, sizeof *starts, &starts));
    for (size_t i = 0; i < n; i++) starts[i + 1] = starts[i] + (mixed ? 20 + i * 53 % 115 : 77);
    TOC_TRY(toc_arena_alloc(ctx, &ctx->arena, starts[n], sizeof *ids, &ids));
    TOC_TRY(toc_arena_alloc(ctx, &ctx->arena, n, sizeof *b->labels, &b->labels));
    TOC_TRY(toc_arena_alloc(ctx, &ctx->arena, n * K, sizeof *b->logits, &b->logits));
    for (size_t i = 0; i < starts[n]; i++) ids[i] = 1 + (uint32_t)toc_rng_below(&rng, VOCAB - 1);
    for (size_t i = 0; i < n; i++) b->labels[i] = (int32_t)(i % K);
    b->texts = (nn_texts){ ids, starts, n };
    return TOC_OK;
}

static toc_status step(toc_ctx *ctx, bench *b, double *loss)
{
    double norm;

    b->model.encoder.step++;
    TOC_TRY(nn_params_clear(ctx, &b->params));
    TOC_TRY(nn_classifier_forward(ctx, &b->model, &b->texts, b->logits));
    TOC_TRY(nn_loss_classes(ctx, b->logits, b->labels, NULL, b->texts.n, K, loss, b->logits));
    TOC_TRY(nn_classifier_backward(ctx, &b->model, &b->texts, b->logits));
    TOC_TRY(nn_gradient_norm(ctx, &b->params, &norm));
    return nn_adam_step(ctx, &b->adam, &b->params, 2e-5, nn_clip(norm, 1));
}

static toc_status run(toc_ctx *ctx, bench *b, char **words)
{
    size_t number[5], n_steps = (size_t)strtoul(words[7], NULL, 10);
    double *seconds, loss = 0;

    for (size_t i = 0; i < 5; i++) number[i] = (size_t)strtoul(words[i + 1], NULL, 10);
    ctx->n_threads = (size_t)strtoul(words[8], NULL, 10);
    nn_encoder_config config = {
        .vocab = VOCAB, .layers = number[0], .hidden = number[1], .heads = number[2], .inner = number[3], .positions = POSITIONS, .types = 2, .eps = 1e-12,
        .activation = NN_GELU, .dropout = 0.1f, .attention_dropout = 0.1f,
    };
    TOC_TRY(nn_classifier_add(ctx, &b->params, &b->model, &config, K));
    TOC_TRY(nn_params_ready(ctx, &b->params, true));
    nn_params_start(&b->params, 1);
    b->model.encoder.training = true;
    TOC_TRY(nn_adam_new(ctx, &b->params, 0.01, &b->adam));
    TOC_TRY(make_texts(ctx, b, number[4], strcmp(words[6], "MIXED") == 0));
    TOC_TRY(toc_arena_alloc(ctx, &ctx->arena, n_steps, sizeof *seconds, &seconds));
    TOC_TRY(step(ctx, b, &loss));
    for (size_t i = 0; i < n_steps; i++) {
        double start = now();
        TOC_TRY(step(ctx, b, &loss));
        seconds[i] = now() - start;
    }
    struct rusage usage;
    getrusage(RUSAGE_SELF, &usage);
    printf("%.4f %ld %.4f\n", num_median(seconds, n_steps), usage.ru_maxrss, loss);
    return TOC_OK;
}

int main(int argc, char **argv)
{
    toc_ctx ctx;
    bench b = {0};

    toc_ctx_init(&ctx);
    openblas_set_num_threads(1);
    if (argc != 9) {
        fprintf(stderr, "usage: nnbench LAYERS HIDDEN HEADS INNER TEXTS EQUAL|MIXED STEPS THREADS\n");
        return 2;
    }
    toc_status st = run(&ctx, &b, argv);
    if (st) fprintf(stderr, "nnbench: %s\n", ctx.message);
    nn_adam_release(&b.adam);
    nn_classifier_release(&b.model);
    nn_params_release(&b.params);
    toc_ctx_release(&ctx);
    return toc_exit_code(st);
}
