/* encbench.c: times the encoder for tools/bench/encode. Texts come from a file in which each ends with a NUL.
 *
 *   encbench run PRECISION THREADS MODEL TEXTS   for each line read: encodes all texts and prints the seconds
 *   encbench floor THREADS MODEL TEXTS           for each line read: the seconds of the products alone, by OpenBLAS, and of these with softmax, norms and GELU
 *   encbench parts THREADS MODEL TEXTS           seconds of tokenizing, products, softmax, norms, GELU in fp32, each as a pass of its own, summed over threads
 *
 * floor and parts have the shapes of all-MiniLM-L6-v2 and the model folder's vocabulary; no token is padding. */
#include <cblas.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "encoder/encoder.h"
#include "text/text.h"

void openblas_set_num_threads(int n);

enum { LAYERS = 6, HIDDEN = 384, HEADS = 12, HEAD = HIDDEN / HEADS, INNER = 1536, MOST = 256, BATCH = 512, LANES = 32 };
enum { PRODUCTS, SOFTMAX, NORMS, GELU, N_PARTS };

typedef struct {
    toc_str *texts;
    size_t n;
    size_t *lengths;         /* in tokens, longest first */
    size_t *cuts, n_batches; /* first text of each batch, n_batches + 1 */
    const float *values;     /* INNER x HIDDEN, for every matrix */
    num_weights qkv, out, up, down;
    bool blas, only_products;
    double (*seconds)[N_PARTS]; /* of each batch */
} bench;

/* Room for a batch. */
typedef struct {
    float x[BATCH * HIDDEN], qkv[BATCH * 3 * HIDDEN], inner[BATCH * INNER], scores[MOST * (MOST + LANES)], keys[MOST * 2 * HEAD], values[MOST * 2 * HEAD];
} room;

static double now(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

static toc_status split(toc_ctx *ctx, toc_str content, bench *b)
{
    size_t cap = 0;
    toc_str text;

    if (content.n) content.n--;
    while (toc_str_split(&content, 0, &text)) {
        TOC_TRY(toc_grow(ctx, &b->texts, &cap, b->n + 1, sizeof *b->texts));
        b->texts[b->n++] = text;
    }
    return TOC_OK;
}

static toc_status run(toc_ctx *ctx, const bench *b, const char *precision, const char *folder)
{
    static const char *const names[] = { "fp32", "bf16", "int8" };
    num_precision p = NUM_FP32;
    enc_model *model = NULL;
    float *vectors = NULL;
    char line[16];

    while (p < NUM_INT8 && strcmp(precision, names[p]) != 0) p++;
    TOC_TRY(enc_open(ctx, folder, p, &model));
    TOC_TRY(toc_arena_alloc(ctx, &ctx->arena, b->n * enc_dim(model), sizeof *vectors, &vectors));
    while (fgets(line, sizeof line, stdin)) {
        double start = now();
        TOC_TRY(enc_encode(ctx, model, b->texts, b->n, &(enc_options){ .max_tokens = MOST }, vectors, NULL));
        printf("%.6f\n", now() - start);
        fflush(stdout);
    }
    enc_close(model);
    return TOC_OK;
}

static int longest_first(const void *a, const void *b)
{
    size_t x = *(const size_t *)a, y = *(const size_t *)b;

    return (x < y) - (x > y);
}

/* Tokenizes on one thread, which it times, then cuts batches. */
static toc_status tokenize(toc_ctx *ctx, bench *b, const char *folder, double *seconds)
{
    txt_tokenizer *tokenizer = NULL;
    txt_tokens tokens = {0};

    TOC_TRY(txt_tokenizer_open(ctx, folder, &(txt_rules){ .lower = true, .strip_accents = true, .split_cjk = true }, &tokenizer));
    TOC_TRY(toc_arena_alloc(ctx, &ctx->arena, b->n, sizeof *b->lengths, &b->lengths));
    TOC_TRY(toc_arena_alloc(ctx, &ctx->arena, b->n + 1, sizeof *b->cuts, &b->cuts));
    double start = now();
    for (size_t i = 0; i < b->n; i++) {
        size_t before = tokens.n;
        TOC_TRY(txt_tokenize(ctx, tokenizer, b->texts[i], MOST, &tokens, NULL));
        b->lengths[i] = tokens.n - before;
    }
    *seconds = now() - start;
    qsort(b->lengths, b->n, sizeof *b->lengths, longest_first);
    for (size_t i = 0; i < b->n;) {
        size_t sum = b->lengths[i++];
        while (i < b->n && sum + b->lengths[i] <= BATCH) sum += b->lengths[i++];
        b->cuts[++b->n_batches] = i;
    }
    txt_tokens_release(&tokens);
    txt_tokenizer_free(tokenizer);
    return TOC_OK;
}

/* C = A W'. */
static void multiply(const bench *b, const num_weights *w, const float *a, size_t n, float *c)
{
    if (!b->blas) num_product(w, a, w->n_in, n, NULL, c, w->n_out, NULL, NUM_LINEAR, false);
    else cblas_sgemm(CblasRowMajor, CblasNoTrans, CblasTrans, (int)n, (int)w->n_out, (int)w->n_in, 1, a, (int)w->n_in, b->values, (int)w->n_in, 0, c, (int)w->n_out);
}

/* One head of one text. */
static void attend(const toc_ctx *ctx, const bench *b, room *r, const float *q, size_t n, float *out, double *seconds)
{
    size_t ld = (n + LANES - 1) / LANES * LANES, wide = 3 * HIDDEN;
    double start = now();

    if (b->blas) cblas_sgemm(CblasRowMajor, CblasNoTrans, CblasTrans, (int)n, (int)n, HEAD, 1, q, (int)wide, q + HIDDEN, (int)wide, 0, r->scores, (int)ld);
    else {
        num_weights keys = num_weights_plan(ctx, NUM_FP32, n, HEAD);
        num_weights_fill(&keys, r->keys, q + HIDDEN, wide, 1);
        num_product(&keys, q, wide, n, NULL, r->scores, ld, NULL, NUM_LINEAR, false);
    }
    double scored = now(), shared;
    if (!b->only_products) num_softmax(ctx, r->scores, n, n, ld, 0.1f);
    shared = now();
    if (b->blas)
        cblas_sgemm(CblasRowMajor, CblasNoTrans, CblasNoTrans, (int)n, HEAD, (int)n, 1, r->scores, (int)ld, q + 2 * HIDDEN, (int)wide, 0, out, HIDDEN);
    else {
        num_weights values = num_weights_plan(ctx, NUM_FP32, HEAD, n);
        num_weights_fill(&values, r->values, q + 2 * HIDDEN, 1, wide);
        num_product(&values, r->scores, ld, n, NULL, out, HIDDEN, NULL, NUM_LINEAR, false);
    }
    seconds[SOFTMAX] += shared - scored;
    seconds[PRODUCTS] += now() - shared + scored - start;
}

/* A layer's work on a batch of n tokens; what the numbers are does not matter. */
static void layer(const toc_ctx *ctx, const bench *b, room *r, size_t first, size_t end, size_t n, double *seconds)
{
    double start = now();

    multiply(b, &b->qkv, r->x, n, r->qkv);
    seconds[PRODUCTS] += now() - start;
    for (size_t i = first, at = 0; i < end; at += b->lengths[i++])
        for (size_t h = 0; h < HEADS; h++) attend(ctx, b, r, r->qkv + at * 3 * HIDDEN + h * HEAD, b->lengths[i], r->x + at * HIDDEN + h * HEAD, seconds);
    start = now();
    multiply(b, &b->out, r->x, n, r->qkv);
    multiply(b, &b->up, r->x, n, r->inner);
    double up = now(), active;
    if (!b->only_products) num_activate(ctx, r->inner, INNER, b->values, NUM_GELU, n, INNER);
    active = now();
    multiply(b, &b->down, r->inner, n, r->x);
    double down = now();
    for (int k = 0; k < 2 && !b->only_products; k++) num_layer_norm(ctx, r->x, b->values, b->values, b->values, 1e-12f, n, HIDDEN);
    seconds[PRODUCTS] += up - start + down - active;
    seconds[GELU] += active - up;
    seconds[NORMS] += now() - down;
}

static toc_status batch(toc_ctx *ctx, void *arg, size_t task)
{
    bench *b = arg;
    size_t n = 0;
    room *r = NULL;

    TOC_TRY(toc_alloc(ctx, 1, sizeof *r, &r));
    for (size_t i = b->cuts[task]; i < b->cuts[task + 1]; i++) n += b->lengths[i];
    for (size_t i = 0; i < n * HIDDEN; i++) r->x[i] = b->values[i % (HIDDEN * HIDDEN)];
    memset(b->seconds[task], 0, sizeof b->seconds[task]);
    for (int l = 0; l < LAYERS; l++) layer(ctx, b, r, b->cuts[task], b->cuts[task + 1], n, b->seconds[task]);
    toc_free(r);
    return TOC_OK;
}

static toc_status pack(toc_ctx *ctx, const bench *b, size_t n_out, size_t n_in, num_weights *w)
{
    void *memory;

    *w = num_weights_plan(ctx, NUM_FP32, n_out, n_in);
    TOC_TRY(toc_arena_alloc(ctx, &ctx->arena, w->bytes, 1, &memory));
    num_weights_fill(w, memory, b->values, n_in, 1);
    return TOC_OK;
}

static toc_status prepare(toc_ctx *ctx, bench *b)
{
    toc_rng rng = toc_rng_new(1, 1);
    float *values = NULL;

    TOC_TRY(toc_arena_alloc(ctx, &ctx->arena, INNER * HIDDEN, sizeof *values, &values));
    for (size_t i = 0; i < INNER * HIDDEN; i++) values[i] = (float)toc_rng_normal(&rng) * 0.05f;
    b->values = values;
    TOC_TRY(toc_arena_alloc(ctx, &ctx->arena, b->n_batches, sizeof *b->seconds, &b->seconds));
    TOC_TRY(pack(ctx, b, 3 * HIDDEN, HIDDEN, &b->qkv));
    TOC_TRY(pack(ctx, b, HIDDEN, HIDDEN, &b->out));
    TOC_TRY(pack(ctx, b, INNER, HIDDEN, &b->up));
    return pack(ctx, b, HIDDEN, INNER, &b->down);
}

static toc_status time_floor(toc_ctx *ctx, bench *b)
{
    char line[16];

    b->blas = true;
    while (fgets(line, sizeof line, stdin)) {
        double times[2];
        for (int k = 0; k < 2; k++) {
            double start = now();
            b->only_products = k == 0;
            TOC_TRY(toc_parallel(ctx, b->n_batches, batch, b));
            times[k] = now() - start;
        }
        printf("%.6f %.6f\n", times[0], times[1]);
        fflush(stdout);
    }
    return TOC_OK;
}

static toc_status time_parts(toc_ctx *ctx, bench *b, double tokenizing)
{
    double sum[N_PARTS] = {0};

    TOC_TRY(toc_parallel(ctx, b->n_batches, batch, b));
    TOC_TRY(toc_parallel(ctx, b->n_batches, batch, b)); /* the first one warmed up */
    for (size_t i = 0; i < b->n_batches; i++)
        for (int k = 0; k < N_PARTS; k++) sum[k] += b->seconds[i][k];
    printf("%.6f %.6f %.6f %.6f %.6f\n", tokenizing, sum[PRODUCTS], sum[SOFTMAX], sum[NORMS], sum[GELU]);
    return TOC_OK;
}

static toc_status start(toc_ctx *ctx, bool running, const char *what, const char *precision, const char *folder, bench *b)
{
    double tokenizing = 0;

    if (running) return run(ctx, b, precision, folder);
    TOC_TRY(tokenize(ctx, b, folder, &tokenizing));
    TOC_TRY(prepare(ctx, b));
    return strcmp(what, "floor") == 0 ? time_floor(ctx, b) : time_parts(ctx, b, tokenizing);
}

int main(int argc, char **argv)
{
    bool running = argc == 6 && strcmp(argv[1], "run") == 0;
    const char *cpu = getenv("TOCSIN_CPU");
    toc_buf content = {0};
    bench b = {0};
    toc_ctx ctx;

    if (!running && argc != 5) return 2;
    openblas_set_num_threads(1);
    toc_ctx_init(&ctx);
    if (cpu && strcmp(cpu, "avx2") == 0) ctx.cpu = TOC_CPU_AVX2;
    ctx.n_threads = strtoul(argv[argc - 3], NULL, 10);
    toc_status st = toc_read_file(&ctx, argv[argc - 1], &content);
    if (!st) st = split(&ctx, (toc_str){ content.p, content.n }, &b);
    if (!st) st = start(&ctx, running, argv[1], argv[2], argv[argc - 2], &b);
    if (st) fprintf(stderr, "%s\n", ctx.message);
    toc_free(b.texts);
    toc_buf_release(&content);
    toc_ctx_release(&ctx);
    return toc_exit_code(st);
}
