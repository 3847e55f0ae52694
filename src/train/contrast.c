/* contrast.c: vectors by contrast. A batch is the rows' texts and, behind them, their partners: one forward for all. */
#include <math.h>

#include "train/train_int.h"

typedef struct {
    nn_encoder encoder;
    nn_params params;
    const trn_corpus *texts, *partners;
    const char *folder;
    double temperature;
    trn_batch batch, other;
    nn_work work;
    float *pooled, *d, *d2, *dstates; /* 2n x h each, tokens x h */
    size_t cap_pooled, cap_d, cap_d2, cap_states;
} contrast;

/* Texts and partners of rows as one batch of 2n. */
static toc_status fill(toc_ctx *ctx, contrast *c, const uint32_t *rows, size_t n)
{
    TOC_TRY(trn_batch_fill(ctx, &c->batch, c->texts, rows, n));
    TOC_TRY(trn_batch_fill(ctx, &c->other, c->partners, rows, n));
    size_t at = c->batch.starts[n], more = c->other.starts[n];
    TOC_TRY(toc_grow(ctx, &c->batch.ids, &c->batch.cap_ids, at + more, sizeof *c->batch.ids));
    TOC_TRY(toc_grow(ctx, &c->batch.starts, &c->batch.cap_starts, 2 * n + 1, sizeof *c->batch.starts));
    memcpy(c->batch.ids + at, c->other.ids, more * sizeof *c->batch.ids);
    for (size_t i = 1; i <= n; i++) c->batch.starts[n + i] = at + c->other.starts[i];
    return TOC_OK;
}

static toc_status forward(toc_ctx *ctx, contrast *c, const uint32_t *rows, size_t n, nn_texts *texts)
{
    const size_t h = c->encoder.config.hidden;

    TOC_TRY(fill(ctx, c, rows, n));
    *texts = (nn_texts){ c->batch.ids, c->batch.starts, 2 * n };
    TOC_TRY(toc_grow(ctx, &c->pooled, &c->cap_pooled, 2 * n * h, sizeof *c->pooled));
    TOC_TRY(nn_encoder_forward(ctx, &c->encoder, texts));
    return nn_pool_forward(ctx, NN_MEAN, c->encoder.states, texts->starts, 2 * n, h, c->pooled);
}

/* Both directions: each text among the partners, each partner among the texts. Gradients in c->d where wanted. */
static toc_status loss_of(toc_ctx *ctx, contrast *c, size_t n, bool wanted, double *loss)
{
    const size_t h = c->encoder.config.hidden, half = n * h;
    float *a = c->pooled, *b = c->pooled + half;
    double back;

    TOC_TRY(toc_grow(ctx, &c->d, &c->cap_d, 2 * half, sizeof *c->d));
    TOC_TRY(toc_grow(ctx, &c->d2, &c->cap_d2, 2 * half, sizeof *c->d2));
    TOC_TRY(nn_loss_pairs(ctx, &c->work, a, b, n, h, c->temperature, loss, c->d, c->d + half));
    TOC_TRY(nn_loss_pairs(ctx, &c->work, b, a, n, h, c->temperature, &back, c->d2 + half, c->d2));
    *loss = 0.5 * (*loss + back);
    return wanted ? nn_add(ctx, c->d2, 2 * half, c->d) : TOC_OK;
}

static toc_status learn(toc_ctx *ctx, void *arg, const uint32_t *rows, size_t n, uint64_t number, double scale, double *loss)
{
    contrast *c = arg;
    const size_t h = c->encoder.config.hidden;
    nn_texts texts;

    c->encoder.training = true;
    c->encoder.step = number;
    TOC_TRY(forward(ctx, c, rows, n, &texts));
    TOC_TRY(loss_of(ctx, c, n, true, loss));
    for (size_t i = 0; i < 2 * n * h; i++) c->d[i] *= (float)(0.5 * scale);
    TOC_TRY(toc_grow(ctx, &c->dstates, &c->cap_states, texts.starts[2 * n] * h, sizeof *c->dstates));
    TOC_TRY(nn_pool_backward(ctx, NN_MEAN, c->encoder.states, texts.starts, 2 * n, h, c->d, c->dstates));
    return nn_encoder_backward(ctx, &c->encoder, &texts, c->dstates, NULL);
}

static double cosine(const float *a, const float *b, size_t n)
{
    double ab = 0, aa = 0, bb = 0;

    for (size_t i = 0; i < n; i++) {
        ab += (double)a[i] * (double)b[i];
        aa += (double)a[i] * (double)a[i];
        bb += (double)b[i] * (double)b[i];
    }
    return ab / sqrt(aa * bb);
}

/* Rows whose partner is the nearest of the n partners. */
static size_t count_nearest(const contrast *c, size_t n)
{
    const size_t h = c->encoder.config.hidden;
    size_t right = 0;

    for (size_t i = 0; i < n; i++) {
        double own = cosine(c->pooled + i * h, c->pooled + (n + i) * h, h);
        size_t nearer = 0;
        for (size_t j = 0; j < n; j++) nearer += j != i && cosine(c->pooled + i * h, c->pooled + (n + j) * h, h) > own;
        right += nearer == 0;
    }
    return right;
}

static toc_status judge(toc_ctx *ctx, void *arg, const uint32_t *rows, size_t n, double *loss, double *right)
{
    enum { ROWS_AT_ONCE = 256 };
    contrast *c = arg;
    nn_texts texts;
    double sum = 0;
    size_t found = 0;

    c->encoder.training = false;
    for (size_t i = 0; i < n; i += ROWS_AT_ONCE) {
        size_t m = TOC_MIN(n - i, (size_t)ROWS_AT_ONCE);
        TOC_TRY(forward(ctx, c, rows + i, m, &texts));
        TOC_TRY(loss_of(ctx, c, m, false, loss));
        sum += *loss * (double)m;
        found += count_nearest(c, m);
    }
    *loss = sum / (double)n;
    *right = (double)found / (double)n;
    return TOC_OK;
}

static toc_status keep(toc_ctx *ctx, void *arg)
{
    contrast *c = arg;

    return enc_learn_save(ctx, c->folder, c->folder, &c->params, NULL, 0);
}

static toc_status begin(toc_ctx *ctx, contrast *c, const char *from, const char *to)
{
    nn_encoder_config config;
    size_t fresh;

    TOC_TRY(enc_learn_config(ctx, from, &config));
    TOC_TRY(enc_learn_copy(ctx, from, to));
    TOC_TRY(nn_encoder_add(ctx, &c->params, &c->encoder, &config, "bert."));
    TOC_TRY(nn_params_ready(ctx, &c->params, true));
    c->encoder.seed = ctx->seed;
    return enc_learn_load(ctx, from, &c->params, &fresh);
}

toc_status trn_embed(toc_ctx *ctx, const char *from, const char *to, const trn_corpus *texts, const trn_corpus *partners, double temperature, const trn_plan *plan,
                     trn_outcome *outcome)
{
    contrast c = { .texts = texts, .partners = partners ? partners : texts, .folder = to, .temperature = temperature };
    const trn_task task = { .params = &c.params, .arg = &c, .rows = texts, .learn = learn, .judge = judge, .keep = keep };
    toc_status st = begin(ctx, &c, from, to);

    if (!st) st = trn_run(ctx, plan, &task, outcome);
    trn_batch_release(&c.batch);
    trn_batch_release(&c.other);
    nn_work_release(&c.work);
    float *const all[] = { c.pooled, c.d, c.d2, c.dstates };
    for (size_t i = 0; i < TOC_COUNT(all); i++) toc_free(all[i]);
    nn_encoder_release(&c.encoder);
    nn_params_release(&c.params);
    return st;
}
