/* pretrain.c: masked language modelling. */
#include <math.h>

#include "train/train_int.h"

static const double masked_share = 0.15, becomes_mask = 0.8, becomes_random = 0.1;

typedef struct {
    nn_masked model;
    nn_params params;
    const trn_corpus *corpus;
    const char *folder;
    bool *inner;             /* by id: a piece inside a word */
    uint32_t special[5];     /* [PAD] [UNK] [CLS] [SEP] [MASK] */
    trn_batch batch;
    size_t *rows;            /* masked tokens, and what stood there */
    int32_t *targets;
    size_t cap_rows, cap_targets, n_masked;
    uint64_t seed;
} pretraining;

static bool is_special(const pretraining *p, uint32_t id)
{
    for (size_t i = 0; i < TOC_COUNT(p->special); i++)
        if (p->special[i] == id) return true;
    return false;
}

static toc_status mask_token(toc_ctx *ctx, pretraining *p, toc_rng *rng, size_t at)
{
    uint32_t *id = &p->batch.ids[at];
    double u = toc_rng_unit(rng);

    TOC_TRY(toc_grow(ctx, &p->rows, &p->cap_rows, p->n_masked + 1, sizeof *p->rows));
    TOC_TRY(toc_grow(ctx, &p->targets, &p->cap_targets, p->n_masked + 1, sizeof *p->targets));
    p->rows[p->n_masked] = at;
    p->targets[p->n_masked++] = (int32_t)*id;
    if (u < becomes_mask) *id = p->special[4];
    else if (u < becomes_mask + becomes_random) *id = (uint32_t)toc_rng_below(rng, p->model.encoder.config.vocab);
    return TOC_OK;
}

/* Fills the batch and masks words of it. */
static toc_status mask_batch(toc_ctx *ctx, pretraining *p, const uint32_t *rows, size_t n, toc_rng *rng)
{
    bool masked = false, was_special = true;

    TOC_TRY(trn_batch_fill(ctx, &p->batch, p->corpus, rows, n));
    p->n_masked = 0;
    for (size_t i = 0; i < p->batch.starts[n]; i++) {
        uint32_t id = p->batch.ids[i];
        bool special = is_special(p, id);
        if (!p->inner[id] || was_special) masked = !special && toc_rng_unit(rng) < masked_share;
        was_special = special;
        if (masked && !special) TOC_TRY(mask_token(ctx, p, rng, i));
    }
    return TOC_OK;
}

static toc_status learn(toc_ctx *ctx, void *arg, const uint32_t *rows, size_t n, uint64_t number, double scale, double *loss)
{
    pretraining *p = arg;
    toc_rng rng = toc_rng_new(p->seed, 0x6d61736b + number);

    p->model.encoder.training = true;
    p->model.encoder.step = number;
    TOC_TRY(mask_batch(ctx, p, rows, n, &rng));
    nn_texts texts = { p->batch.ids, p->batch.starts, n };
    TOC_TRY(nn_masked_forward(ctx, &p->model, &texts, p->rows, p->targets, p->n_masked, loss));
    return nn_masked_backward(ctx, &p->model, &texts, p->rows, p->n_masked, scale);
}

/* Tokens whose own probability is the largest; the loss left probabilities less the truth, over m, where the logits were. */
static size_t count_right(const pretraining *p)
{
    const size_t vocab = p->model.encoder.config.vocab;
    size_t right = 0;

    for (size_t i = 0; i < p->n_masked; i++) {
        const float *d = p->model.logits + i * vocab;
        float own = d[p->targets[i]] + 1 / (float)p->n_masked;
        size_t larger = 0;
        for (size_t j = 0; j < vocab; j++) larger += d[j] > own;
        right += larger == 0;
    }
    return right;
}

static toc_status judge(toc_ctx *ctx, void *arg, const uint32_t *rows, size_t n, double *loss, double *right)
{
    enum { ROWS_AT_ONCE = 64 };
    pretraining *p = arg;
    double sum = 0;
    size_t masked = 0, found = 0;

    p->model.encoder.training = false;
    for (size_t i = 0; i < n; i += ROWS_AT_ONCE) {
        toc_rng rng = toc_rng_new(p->seed, 0x6a756467 + i); /* the same words each time */
        size_t m = TOC_MIN(n - i, (size_t)ROWS_AT_ONCE);
        TOC_TRY(mask_batch(ctx, p, rows + i, m, &rng));
        nn_texts texts = { p->batch.ids, p->batch.starts, m };
        TOC_TRY(nn_masked_forward(ctx, &p->model, &texts, p->rows, p->targets, p->n_masked, loss));
        sum += *loss * (double)p->n_masked;
        masked += p->n_masked;
        found += count_right(p);
    }
    *loss = masked ? sum / (double)masked : 0;
    *right = masked ? (double)found / (double)masked : NAN;
    return TOC_OK;
}

static toc_status keep(toc_ctx *ctx, void *arg)
{
    pretraining *p = arg;

    return enc_learn_save(ctx, p->folder, p->folder, &p->params, NULL, 0);
}

static toc_status know_words(toc_ctx *ctx, pretraining *p, const txt_tokenizer *tokenizer, const char *folder)
{
    static const char *const names[] = { "[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]" };

    for (size_t i = 0; i < TOC_COUNT(names); i++)
        if (!txt_tokenizer_find(tokenizer, toc_str_of(names[i]), &p->special[i]))
            return toc_fail(ctx, TOC_E_USAGE, "%s: the vocabulary has no %s: words cannot be masked", folder, names[i]);
    TOC_TRY(toc_arena_alloc(ctx, &ctx->arena, p->model.encoder.config.vocab, sizeof *p->inner, &p->inner));
    return txt_tokenizer_inner(ctx, tokenizer, p->inner);
}

/* PE(t, 2i) = sin(t / 10000^(2i / h)), PE(t, 2i + 1) = cos of the same: Vaswani et al. 2017, section 3.5; times 0.02 root 2, so that their size is that of the
 * other embeddings at the start. */
static void fill_positions(float *table, size_t rows, size_t h)
{
    for (size_t t = 0; t < rows; t++)
        for (size_t i = 0; i < h; i++) {
            double angle = (double)t / pow(10000, (double)(i - i % 2) / (double)h);
            table[t * h + i] = (float)(0.02 * sqrt(2) * (i % 2 ? cos(angle) : sin(angle)));
        }
}

static toc_status make_model(toc_ctx *ctx, pretraining *p, const nn_encoder_config *config, bool sinusoidal, const char *weights)
{
    size_t fresh;

    TOC_TRY(nn_masked_add(ctx, &p->params, &p->model, config));
    p->model.encoder.seed = p->seed;
    nn_param *places = nn_params_find(&p->params, "bert.embeddings.position_embeddings.weight");
    places->frozen = sinusoidal;
    size_t at = (size_t)(places - p->params.params);
    TOC_TRY(nn_params_ready(ctx, &p->params, true));
    nn_params_start(&p->params, ctx->seed);
    if (weights) TOC_TRY(enc_learn_load(ctx, weights, &p->params, &fresh));
    else if (sinusoidal) fill_positions(p->params.values + p->params.params[at].at, config->positions, config->hidden);
    return TOC_OK;
}

static toc_status open_model(toc_ctx *ctx, pretraining *p, const txt_tokenizer *tokenizer, const char *from, const char *to, const trn_shape *shape)
{
    nn_encoder_config config;
    bool old = enc_present(ctx, from);

    if (old) {
        TOC_TRY(enc_learn_config(ctx, from, &config));
        TOC_TRY(enc_learn_copy(ctx, from, to));
    } else {
        config = (nn_encoder_config){
            .vocab = txt_tokenizer_size(tokenizer), .hidden = shape->hidden, .layers = shape->layers, .heads = shape->heads, .inner = shape->inner,
            .positions = shape->max_tokens, .types = 2, .eps = 1e-12, .activation = NN_GELU, .dropout = (float)shape->dropout, .attention_dropout = (float)shape->dropout,
        };
        TOC_TRY(enc_learn_create(ctx, from, to, &config));
    }
    TOC_TRY(make_model(ctx, p, &config, shape->sinusoidal, old ? from : NULL));
    return know_words(ctx, p, tokenizer, from);
}

static toc_status begin(toc_ctx *ctx, pretraining *p, const char *from, const char *to, const trn_shape *shape)
{
    txt_tokenizer *tokenizer = NULL;

    TOC_TRY(enc_learn_tokenizer(ctx, from, &tokenizer));
    toc_status st = open_model(ctx, p, tokenizer, from, to, shape);
    txt_tokenizer_free(tokenizer);
    return st;
}

toc_status trn_pretrain(toc_ctx *ctx, const char *from, const char *to, const trn_shape *shape, const trn_corpus *corpus, const trn_plan *plan, trn_outcome *outcome)
{
    pretraining p = { .corpus = corpus, .folder = to, .seed = ctx->seed };
    const trn_task task = { .params = &p.params, .arg = &p, .rows = corpus, .learn = learn, .judge = judge, .keep = keep };

    toc_status st = begin(ctx, &p, from, to, shape);
    if (!st) st = trn_run(ctx, plan, &task, outcome);
    trn_batch_release(&p.batch);
    toc_free(p.rows);
    toc_free(p.targets);
    nn_masked_release(&p.model);
    nn_params_release(&p.params);
    return st;
}
