/* encode.c: many texts. Tokenize in parallel, number equal token rows once, sort by length, cut into batches of about BATCH_TOKENS, run these in
 * parallel. The cuts depend on the texts alone, so results do not depend on the thread count. */
#include <pthread.h>

#include "encoder/enc_int.h"

enum { BATCH_TOKENS = 336, TEXTS_A_TASK = 128 };

typedef struct {
    const enc_model *model;
    const toc_str *texts;
    const bool *known;  /* NULL = none */
    size_t n, most;     /* texts; tokens of a row */
    enc_pool pool;
    bool raw, chunks;
    txt_tokens *tokens; /* of each tokenizing task */
    size_t *lengths;    /* tokens of each text */
    uint8_t *truncated;
    size_t *first;      /* piece of each text, n + 1; a text has one, with chunks as many as it needs, none when it is known or has no tokens */
    uint32_t *row;      /* distinct row of each piece */
    uint32_t *weight;   /* its tokens without the special ones */
    size_t cap_row, cap_weight;
    txt_tokens frame;   /* the special tokens around a text; scratch of pieces */
    /* distinct rows, sorted by length */
    size_t n_rows, n_ids;
    uint32_t *ids;
    size_t *starts;     /* n_rows + 1 */
    uint32_t *place;    /* of each distinct row among the sorted */
    size_t *cuts;       /* first row of each batch, n_batches + 1 */
    size_t n_batches;
    float *distinct;    /* n_rows x dim */
    pthread_mutex_t lock;
    enc_work *spare;    /* guarded by lock */
} job;

static toc_status tokenize_task(toc_ctx *ctx, void *arg, size_t task)
{
    job *j = arg;
    size_t end = TOC_MIN(j->n, (task + 1) * TEXTS_A_TASK);

    for (size_t i = task * TEXTS_A_TASK; i < end; i++) {
        size_t before = j->tokens[task].n;
        bool truncated = false;
        TOC_TRY(txt_tokenize(ctx, j->model->tokenizer, j->texts[i], j->chunks ? SIZE_MAX : j->most, &j->tokens[task], &truncated));
        j->lengths[i] = j->tokens[task].n - before;
        j->truncated[i] = truncated || j->lengths[i] > j->most;
    }
    return TOC_OK;
}

static toc_status tokenize(toc_ctx *ctx, job *j)
{
    size_t n_tasks = (j->n + TEXTS_A_TASK - 1) / TEXTS_A_TASK;

    TOC_TRY(toc_alloc(ctx, n_tasks, sizeof *j->tokens, &j->tokens));
    TOC_TRY(toc_alloc(ctx, j->n, sizeof *j->lengths, &j->lengths));
    TOC_TRY(toc_alloc(ctx, j->n, sizeof *j->truncated, &j->truncated));
    return toc_parallel(ctx, n_tasks, tokenize_task, j);
}

/* Appends a piece of the text just numbered. */
static toc_status add_piece(toc_ctx *ctx, job *j, toc_pool *pool, const uint32_t *ids, size_t n, size_t weight, size_t *n_pieces)
{
    uint32_t code;

    TOC_TRY(toc_pool_intern(ctx, pool, (toc_str){ (const char *)ids, n * sizeof *ids }, &code));
    TOC_TRY(toc_grow(ctx, &j->row, &j->cap_row, *n_pieces + 1, sizeof *j->row));
    TOC_TRY(toc_grow(ctx, &j->weight, &j->cap_weight, *n_pieces + 1, sizeof *j->weight));
    j->row[*n_pieces] = code - 1;
    j->weight[(*n_pieces)++] = (uint32_t)weight;
    return TOC_OK;
}

/* How many of the frame's special tokens stand in front of this row; the others end it. */
static size_t frame_front(const uint32_t *frame, size_t n_frame, const uint32_t *ids, size_t n)
{
    size_t front = 0, size = sizeof *ids;

    while (front < n_frame && (memcmp(ids, frame, front * size) != 0 || memcmp(ids + n - (n_frame - front), frame + front, (n_frame - front) * size) != 0)) front++;
    return front;
}

/* A long text becomes several rows, each with the special tokens around it. */
static toc_status cut_text(toc_ctx *ctx, job *j, toc_pool *pool, const uint32_t *ids, size_t n, size_t *n_pieces)
{
    size_t n_frame = txt_tokenizer_frame(j->model->tokenizer), step = j->most - n_frame;
    size_t front = frame_front(j->frame.ids, n_frame, ids, n), end = n - (n_frame - front);
    uint32_t *piece = j->frame.ids + n_frame;

    for (size_t at = front; at < end; at += step) {
        size_t own = TOC_MIN(step, end - at);
        memcpy(piece, ids, front * sizeof *ids);
        memcpy(piece + front, ids + at, own * sizeof *ids);
        memcpy(piece + front + own, ids + end, (n - end) * sizeof *ids);
        TOC_TRY(add_piece(ctx, j, pool, piece, own + n_frame, own, n_pieces));
    }
    return TOC_OK;
}

/* Numbers the distinct token rows in order of appearance; the pool keeps their bytes. */
static toc_status number_rows(toc_ctx *ctx, job *j, toc_pool *pool, enc_stats *stats)
{
    size_t n_pieces = 0, n_frame = txt_tokenizer_frame(j->model->tokenizer);

    TOC_TRY(toc_alloc(ctx, j->n + 1, sizeof *j->first, &j->first));
    if (j->chunks) {
        TOC_TRY(txt_tokenize(ctx, j->model->tokenizer, TOC_STR(""), SIZE_MAX, &j->frame, NULL));
        TOC_TRY(toc_grow(ctx, &j->frame.ids, &j->frame.cap, n_frame + j->most, sizeof *j->frame.ids));
    }
    for (size_t i = 0, at = 0; i < j->n; i++) {
        if (i % TEXTS_A_TASK == 0) at = 0;
        const uint32_t *ids = j->tokens[i / TEXTS_A_TASK].ids + at;
        if (j->known && j->known[i]) stats->known++;
        else if (!j->lengths[i]) j->first[i + 1] = n_pieces; /* a tokenizer without special ones: a vector of zeros */
        else if (j->lengths[i] > j->most) TOC_TRY(cut_text(ctx, j, pool, ids, j->lengths[i], &n_pieces));
        else TOC_TRY(add_piece(ctx, j, pool, ids, j->lengths[i], 1, &n_pieces));
        j->first[i + 1] = n_pieces;
        at += j->lengths[i];
        stats->tokens += j->lengths[i];
        stats->truncated += j->truncated[i];
        stats->empty += j->lengths[i] <= n_frame;
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

/* Room that no other thread uses now. Rows are sorted, so the first batch and the first row are the largest that come. */
static toc_status take_work(toc_ctx *ctx, job *j, enc_work **work)
{
    pthread_mutex_lock(&j->lock);
    *work = j->spare;
    if (*work) j->spare = (*work)->next;
    pthread_mutex_unlock(&j->lock);
    return *work ? TOC_OK : enc_work_new(ctx, j->model, TOC_MAX(j->starts[1], BATCH_TOKENS), j->starts[1], work);
}

static toc_status batch_task(toc_ctx *ctx, void *arg, size_t task)
{
    job *j = arg;
    size_t first = j->cuts[task];
    enc_batch batch = { j->ids, j->starts + first, j->cuts[task + 1] - first };
    enc_work *work = NULL;

    TOC_TRY(take_work(ctx, j, &work));
    enc_forward(ctx, j->model, &batch, j->pool, j->raw || j->chunks, work, j->distinct + first * enc_dim_of(j->model, j->pool));
    pthread_mutex_lock(&j->lock);
    work->next = j->spare;
    j->spare = work;
    pthread_mutex_unlock(&j->lock);
    return TOC_OK;
}

/* The vector of a text from those of its pieces, by their weights. */
static void gather(const job *j, size_t text, float *vector)
{
    size_t dim = enc_dim_of(j->model, j->pool), first = j->first[text], end = j->first[text + 1];
    double all = 0;

    if (end - first == 1) memcpy(vector, j->distinct + j->place[j->row[first]] * dim, dim * sizeof *vector);
    else {
        for (size_t p = first; p < end; p++) all += j->weight[p];
        memset(vector, 0, dim * sizeof *vector);
        for (size_t p = first; p < end; p++) {
            const float *piece = j->distinct + j->place[j->row[p]] * dim;
            float share = (float)(j->weight[p] / all);
            for (size_t k = 0; k < dim; k++) vector[k] += share * piece[k];
        }
    }
    if (j->chunks && !j->raw) enc_unit(vector, dim);
}

static toc_status run_job(toc_ctx *ctx, job *j, float *vectors, enc_stats *stats)
{
    size_t dim = enc_dim_of(j->model, j->pool), size = 0;
    toc_pool pool = {0};
    toc_status st;

    if ((st = tokenize(ctx, j))) goto out;
    if ((st = number_rows(ctx, j, &pool, stats))) goto out;
    if ((st = lay_out(ctx, j, &pool)) || (st = cut_batches(ctx, j))) goto out;
    if ((st = toc_mul_size(ctx, j->n_rows, dim, &size)) || (st = toc_alloc(ctx, size, sizeof *j->distinct, &j->distinct))) goto out;
    if ((st = toc_parallel(ctx, j->n_batches, batch_task, j))) goto out;
    for (size_t i = 0; i < j->n; i++)
        if (!j->known || !j->known[i]) gather(j, i, vectors + i * dim);
out:
    toc_pool_release(&pool);
    return st;
}

static void release_job(job *j)
{
    for (size_t t = 0; j->tokens && t * TEXTS_A_TASK < j->n; t++) txt_tokens_release(&j->tokens[t]);
    txt_tokens_release(&j->frame);
    toc_free(j->tokens);
    toc_free(j->lengths);
    toc_free(j->truncated);
    toc_free(j->first);
    toc_free(j->row);
    toc_free(j->weight);
    toc_free(j->ids);
    toc_free(j->starts);
    toc_free(j->place);
    toc_free(j->cuts);
    toc_free(j->distinct);
    while (j->spare) {
        enc_work *next = j->spare->next;
        enc_work_free(j->spare);
        j->spare = next;
    }
}

size_t enc_limit(const enc_model *model, const enc_options *options)
{
    return options && options->max_tokens ? TOC_MIN(options->max_tokens, model->config.positions) : model->config.max_tokens;
}

enc_pool enc_pooling(const enc_model *model, const enc_options *options)
{
    enc_pool pool = options ? options->pool : ENC_POOL_MODEL;

    return model->config.n_pools == 1 && pool == model->config.pools[0] ? ENC_POOL_MODEL : pool;
}

toc_status enc_check_options(toc_ctx *ctx, const enc_model *model, const enc_options *options)
{
    size_t frame = txt_tokenizer_frame(model->tokenizer), least = options->chunks ? frame + ENC_LEAST_PIECE : frame;
    size_t limit = enc_limit(model, options);

    if (options->pool == ENC_POOL_POOLER && !model->pooler.memory) return toc_fail(ctx, TOC_E_USAGE, "the model has no pooler");
    if (limit >= least) return TOC_OK;
    return toc_fail(ctx, TOC_E_USAGE, "a text needs room for at least %zu tokens%s, not %zu", least, options->chunks ? " to be read in pieces" : "", limit);
}

toc_status enc_encode(toc_ctx *ctx, const enc_model *model, const toc_str *texts, size_t n, const enc_options *options, float *vectors, enc_stats *stats)
{
    enc_options o = options ? *options : (enc_options){0};
    enc_stats found = {0};
    job j = {
        .lock = PTHREAD_MUTEX_INITIALIZER, .model = model, .texts = texts, .known = o.known, .n = n, .most = enc_limit(model, options),
        .pool = enc_pooling(model, options), .raw = o.raw, .chunks = o.chunks,
    };

    TOC_TRY(enc_check_options(ctx, model, &o));
    toc_status st = run_job(ctx, &j, vectors, &found);
    release_job(&j);
    if (st || !stats) return st;
    stats->texts += found.texts;
    stats->distinct += found.distinct;
    stats->known += found.known;
    stats->tokens += found.tokens;
    stats->truncated += found.truncated;
    stats->empty += found.empty;
    return TOC_OK;
}

toc_status enc_find_long(toc_ctx *ctx, const enc_model *model, const toc_str *texts, size_t n, const enc_options *options, size_t *index, size_t *tokens)
{
    job j = { .model = model, .texts = texts, .n = n, .most = enc_limit(model, options), .chunks = true };
    toc_status st = tokenize(ctx, &j);

    for (*index = 0; !st && *index < n && j.lengths[*index] <= j.most;) ++*index;
    if (!st && *index < n) *tokens = j.lengths[*index];
    release_job(&j);
    return st;
}
