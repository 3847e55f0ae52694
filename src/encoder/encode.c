/* encode.c: many texts. Tokenize in parallel, number equal token rows once, sort by length, cut into batches of about BATCH_TOKENS, run these in
 * parallel. The cuts depend on the texts alone, so results do not depend on the thread count. */
#include "encoder/enc_int.h"

enum { BATCH_TOKENS = 512, TEXTS_A_TASK = 128 };

typedef struct {
    const enc_model *model;
    const toc_str *texts;
    size_t n, max_tokens;
    enc_pool pool;
    bool raw;
    txt_tokens *tokens; /* of each tokenizing task */
    size_t *lengths;    /* tokens of each text */
    uint8_t *truncated;
    uint32_t *row;      /* distinct row of each text */
    /* distinct rows, sorted by length */
    size_t n_rows, n_ids;
    uint32_t *ids;
    size_t *starts;     /* n_rows + 1 */
    uint32_t *place;    /* of each distinct row among the sorted */
    size_t *cuts;       /* first row of each batch, n_batches + 1 */
    size_t n_batches;
    float *distinct;    /* n_rows x dim */
} job;

static toc_status tokenize_task(toc_ctx *ctx, void *arg, size_t task)
{
    job *j = arg;
    size_t end = TOC_MIN(j->n, (task + 1) * TEXTS_A_TASK);

    for (size_t i = task * TEXTS_A_TASK; i < end; i++) {
        size_t before = j->tokens[task].n;
        bool truncated = false;
        TOC_TRY(txt_tokenize(ctx, j->model->tokenizer, j->texts[i], j->max_tokens, &j->tokens[task], &truncated));
        j->lengths[i] = j->tokens[task].n - before;
        j->truncated[i] = truncated;
    }
    return TOC_OK;
}

/* Numbers the distinct token rows in order of appearance; the pool keeps their bytes. */
static toc_status number_rows(toc_ctx *ctx, job *j, toc_pool *pool, enc_stats *stats)
{
    for (size_t i = 0, at = 0; i < j->n; i++) {
        if (i % TEXTS_A_TASK == 0) at = 0;
        const uint32_t *ids = j->tokens[i / TEXTS_A_TASK].ids + at;
        uint32_t code;
        TOC_TRY(toc_pool_intern(ctx, pool, (toc_str){ (const char *)ids, j->lengths[i] * sizeof *ids }, &code));
        j->row[i] = code - 1;
        at += j->lengths[i];
        stats->tokens += j->lengths[i];
        stats->truncated += j->truncated[i];
        stats->empty += j->lengths[i] <= txt_tokenizer_frame(j->model->tokenizer);
    }
    j->n_rows = toc_pool_size(pool) - 1;
    stats->texts += j->n;
    stats->distinct += j->n_rows;
    return TOC_OK;
}

/* Longest first, so that no long batch is left for the end. */
static toc_status lay_out(toc_ctx *ctx, job *j, const toc_pool *pool)
{
    uint64_t *keys = NULL;
    uint32_t *order = NULL;
    toc_status st;

    if ((st = toc_alloc(ctx, j->n_rows, sizeof *keys, &keys))) goto out;
    if ((st = toc_alloc(ctx, j->n_rows, sizeof *order, &order))) goto out;
    for (size_t r = 0; r < j->n_rows; r++) {
        size_t bytes = toc_pool_str(pool, (uint32_t)r + 1).n;
        j->n_ids += bytes / sizeof *j->ids;
        keys[r] = UINT32_MAX - bytes;
    }
    if ((st = toc_sort_u64(ctx, keys, j->n_rows, false, order))) goto out;
    if ((st = toc_alloc(ctx, j->n_ids, sizeof *j->ids, &j->ids))) goto out;
    if ((st = toc_alloc(ctx, j->n_rows + 1, sizeof *j->starts, &j->starts))) goto out;
    if ((st = toc_alloc(ctx, j->n_rows, sizeof *j->place, &j->place))) goto out;
    for (size_t k = 0; k < j->n_rows; k++) {
        toc_str row = toc_pool_str(pool, order[k] + 1);
        memcpy(j->ids + j->starts[k], row.p, row.n);
        j->starts[k + 1] = j->starts[k] + row.n / sizeof *j->ids;
        j->place[order[k]] = (uint32_t)k;
    }
out:
    toc_free(keys);
    toc_free(order);
    return st;
}

static toc_status cut_batches(toc_ctx *ctx, job *j)
{
    TOC_TRY(toc_alloc(ctx, j->n_rows + 1, sizeof *j->cuts, &j->cuts));
    for (size_t k = 0; k < j->n_rows;) {
        size_t first = k++;
        while (k < j->n_rows && j->starts[k + 1] - j->starts[first] <= BATCH_TOKENS) k++;
        j->cuts[++j->n_batches] = k;
    }
    return TOC_OK;
}

static toc_status batch_task(toc_ctx *ctx, void *arg, size_t task)
{
    job *j = arg;
    size_t first = j->cuts[task];
    enc_batch batch = { j->ids, j->starts + first, j->cuts[task + 1] - first };

    return enc_forward(ctx, j->model, &batch, j->pool, j->raw, j->distinct + first * enc_dim(j->model));
}

static toc_status run_job(toc_ctx *ctx, job *j, float *vectors, enc_stats *stats)
{
    size_t n_tasks = (j->n + TEXTS_A_TASK - 1) / TEXTS_A_TASK, dim = enc_dim(j->model), size = 0;
    toc_pool pool = {0};
    toc_status st;

    if ((st = toc_alloc(ctx, n_tasks, sizeof *j->tokens, &j->tokens))) goto out;
    if ((st = toc_alloc(ctx, j->n, sizeof *j->lengths, &j->lengths))) goto out;
    if ((st = toc_alloc(ctx, j->n, sizeof *j->truncated, &j->truncated))) goto out;
    if ((st = toc_alloc(ctx, j->n, sizeof *j->row, &j->row))) goto out;
    if ((st = toc_parallel(ctx, n_tasks, tokenize_task, j))) goto out;
    if ((st = number_rows(ctx, j, &pool, stats))) goto out;
    if ((st = lay_out(ctx, j, &pool)) || (st = cut_batches(ctx, j))) goto out;
    if ((st = toc_mul_size(ctx, j->n_rows, dim, &size)) || (st = toc_alloc(ctx, size, sizeof *j->distinct, &j->distinct))) goto out;
    if ((st = toc_parallel(ctx, j->n_batches, batch_task, j))) goto out;
    for (size_t i = 0; i < j->n; i++) memcpy(vectors + i * dim, j->distinct + j->place[j->row[i]] * dim, dim * sizeof *vectors);
out:
    for (size_t t = 0; j->tokens && t < n_tasks; t++) txt_tokens_release(&j->tokens[t]);
    toc_free(j->tokens);
    toc_free(j->lengths);
    toc_free(j->truncated);
    toc_free(j->row);
    toc_free(j->ids);
    toc_free(j->starts);
    toc_free(j->place);
    toc_free(j->cuts);
    toc_free(j->distinct);
    toc_pool_release(&pool);
    return st;
}

toc_status enc_encode(toc_ctx *ctx, const enc_model *model, const toc_str *texts, size_t n, const enc_options *options, float *vectors, enc_stats *stats)
{
    enc_options o = options ? *options : (enc_options){0};
    enc_stats found = {0};

    if (o.max_tokens == 1) return toc_fail(ctx, TOC_E_USAGE, "a text needs room for at least 2 tokens");
    job j = {
        .model = model, .texts = texts, .n = n, .raw = o.raw,
        .max_tokens = o.max_tokens ? TOC_MIN(o.max_tokens, model->config.positions) : model->config.max_tokens,
        .pool = o.pool == ENC_POOL_MODEL ? model->config.pool : o.pool,
    };
    TOC_TRY(run_job(ctx, &j, vectors, &found));
    if (stats) {
        stats->texts += found.texts;
        stats->distinct += found.distinct;
        stats->tokens += found.tokens;
        stats->truncated += found.truncated;
        stats->empty += found.empty;
    }
    return TOC_OK;
}
