/* nn.h: layers of neural networks, each with its forward and its backward, losses, and Adam. No graph is recorded: a model is a struct of layers, its forward
 * calls theirs in order and keeps what backward will want, its backward calls theirs in reverse.
 *
 * Order of calls: each layer's `add` names its parameters in one nn_params; nn_params_ready makes room for all, and slots point there from then on; set or
 * load the values. A step: nn_params_clear, forward, loss, backward (any number of batches: gradients add up), nn_gradient_norm, nn_adam_step.
 *
 * Numbers are fp32, matrices row-major. Tokens of many texts lie one behind the other in one matrix, starts (n + 1) tell where each begins: no padding.
 * Work is cut by shape, sums have a fixed order: the same bytes for any thread count. Every function may fail with TOC_E_NOMEM; other errors are said. In
 * backward, dy is the loss's gradient by what forward wrote, dx gets that by what it read (overwritten unless said), and slots' d get more added. */
#ifndef NN_NN_H
#define NN_NN_H

#include "base/base.h"
#include "num/num.h"

/* ---- parameters ---- */

/* Where a parameter's values and their gradient are; d is NULL while the parameter is frozen, or gradients were not asked for. */
typedef struct {
    float *x, *d;
} nn_slot;

typedef struct {
    const char *name;     /* as in a safetensors file; lives in the arena */
    size_t rows, columns; /* columns 0: a vector of `rows` numbers */
    size_t n, at;         /* numbers, and place of the first in nn_params.values */
    size_t gradient_at;   /* in nn_params.gradients, unless frozen */
    float deviation;      /* of the normal numbers it starts with; 0: zeros; negative: ones */
    bool decays;          /* AdamW's decay concerns it */
    bool frozen;
    nn_slot *slot;        /* borrowed, must stay where it is; or NULL */
} nn_param;

/* All parameters of a model: values in one block in the order of adding, gradients of those not frozen in another. Zero is empty. */
typedef struct {
    nn_param *params;
    size_t n, cap;
    size_t n_values, n_trained; /* numbers in the blocks */
    float *values, *gradients;
    toc_arena arena;
} nn_params;

/* Adds a parameter. Neighbours lie one behind the other without a gap, so query, key and value of h x h each are one matrix of 3 h x h: give the first a slot. */
TOC_CHECKED toc_status nn_params_add(toc_ctx *ctx, nn_params *params, nn_slot *slot, size_t rows, size_t columns, float deviation, bool decays, const char *name, ...)
    TOC_PRINTF(8, 9);
/* The parameter of that name, or NULL; valid until the next is added. */
nn_param *nn_params_find(const nn_params *params, const char *name);
/* Makes room for values (at 0) and, when they will be trained, for gradients; fills the slots. Set `frozen` before. */
TOC_CHECKED toc_status nn_params_ready(toc_ctx *ctx, nn_params *params, bool trained);
/* Starting values from (seed, index of the parameter). */
void nn_params_start(nn_params *params, uint64_t seed);
/* All gradients become 0. */
TOC_CHECKED toc_status nn_params_clear(toc_ctx *ctx, nn_params *params);
void nn_params_release(nn_params *params);

/* ---- what layers share ---- */

/* Scratch memory that grows to what the largest product wants. Zero is empty; one for each thread that calls layers. */
typedef struct {
    char *packed;
    size_t cap;
} nn_work;
void nn_work_release(nn_work *work);

/* C (n x n_out) = A W' + bias, or where add: C + A W' + bias; W[o][i] = w[o * out_stride + i * in_stride], one of the strides 1. Rows of A and C are lda and
 * ldc apart; bias (n_out) may be NULL. W is packed for num_product anew. */
TOC_CHECKED toc_status nn_multiply(toc_ctx *ctx, nn_work *work, const float *a, size_t lda, size_t n, const float *w, size_t out_stride, size_t in_stride,
                                   size_t n_out, size_t n_in, const float *bias, bool add, float *c, size_t ldc);
/* C (p x q) += A' B with A (n x p, rows lda apart) and B (n x q, rows ldb apart). */
TOC_CHECKED toc_status nn_multiply_turned(toc_ctx *ctx, nn_work *work, const float *a, size_t lda, const float *b, size_t ldb, size_t n, size_t p, size_t q,
                                          float *c);
/* sum (d) += the n rows of x, ld apart, in their order. */
TOC_CHECKED toc_status nn_add_rows(toc_ctx *ctx, const float *x, size_t ld, size_t n, size_t d, float *sum);
/* y += x, n numbers. */
TOC_CHECKED toc_status nn_add(toc_ctx *ctx, const float *x, size_t n, float *y);

/* Which numbers dropout drops: a hash of key and place, so neither threads nor order matter. Make one of seed, step and a number of its own for each place
 * in the model; the same one in forward and backward. */
typedef struct {
    uint64_t key;
    float share; /* of numbers dropped, in [0, 1), to 1/65536; 0 = none */
} nn_drop;
nn_drop nn_drop_new(uint64_t seed, uint64_t step, uint64_t place, float share);
/* Each number of x becomes 0 with probability `share`, else x / (1 - share) (Srivastava et al. 2014). The same call is forward and backward. */
TOC_CHECKED toc_status nn_dropout(toc_ctx *ctx, nn_drop drop, float *x, size_t n);

/* ---- embedding: y (n x h) = rows of a table (nn_embed.c) ---- */
typedef struct {
    size_t rows, h;
    nn_slot table;
} nn_embedding;
TOC_CHECKED toc_status nn_embedding_add(toc_ctx *ctx, nn_params *params, nn_embedding *layer, size_t rows, size_t h, float deviation, const char *name);
/* y += the rows ids (n), each < rows. */
TOC_CHECKED toc_status nn_embedding_forward(toc_ctx *ctx, const nn_embedding *layer, const uint32_t *ids, size_t n, float *y);
TOC_CHECKED toc_status nn_embedding_backward(toc_ctx *ctx, const nn_embedding *layer, const uint32_t *ids, size_t n, const float *dy);

/* ---- linear: y (n x n_out) = x (n x n_in) W' + b (nn_linear.c) ---- */
typedef struct {
    size_t n_in, n_out;
    nn_slot w, b; /* (n_out x n_in), (n_out); b.x may be NULL */
} nn_linear;
/* Parameters NAME.weight and NAME.bias. */
TOC_CHECKED toc_status nn_linear_add(toc_ctx *ctx, nn_params *params, nn_linear *layer, size_t n_in, size_t n_out, float deviation, const char *name);
TOC_CHECKED toc_status nn_linear_forward(toc_ctx *ctx, nn_work *work, const nn_linear *layer, const float *x, size_t n, float *y);
/* dx may be NULL: not wanted; with add, dx gets more added. dx must not overlap dy. */
TOC_CHECKED toc_status nn_linear_backward(toc_ctx *ctx, nn_work *work, const nn_linear *layer, const float *x, size_t n, const float *dy, float *dx, bool add);

/* ---- layer norm, row by row (Ba et al. 2016; nn_norm.c) ---- */
typedef struct {
    size_t d;
    float eps;
    nn_slot w, b;
} nn_norm;
/* Parameters NAME.weight and NAME.bias. */
TOC_CHECKED toc_status nn_norm_add(toc_ctx *ctx, nn_params *params, nn_norm *layer, size_t d, double eps, const char *name);
TOC_CHECKED toc_status nn_norm_forward(toc_ctx *ctx, const nn_norm *layer, const float *x, size_t n, float *y);
/* dx may be dy. */
TOC_CHECKED toc_status nn_norm_backward(toc_ctx *ctx, const nn_norm *layer, const float *x, size_t n, const float *dy, float *dx);

/* ---- activations, number by number (nn_activation.c) ---- */
typedef enum { NN_RELU, NN_GELU, NN_TANH, NN_SIGMOID } nn_activation;
/* y = f(x); y may be x. NN_GELU: x (1 + erf(x / sqrt 2)) / 2 (Hendrycks & Gimpel 2016). */
TOC_CHECKED toc_status nn_activation_forward(toc_ctx *ctx, nn_activation kind, const float *x, size_t n, float *y);
/* dx = f'(x) dy, x what forward read; dx may be dy. Absolute error of GELU's derivative at most 1e-6. */
TOC_CHECKED toc_status nn_activation_backward(toc_ctx *ctx, nn_activation kind, const float *x, size_t n, const float *dy, float *dx);

/* ---- multi-head attention within each text (Vaswani et al. 2017; nn_attention.c): no parameters, those are in the linear layers around it ---- */
typedef struct {
    size_t hidden, n_heads; /* n_heads divides hidden */
    bool causal;            /* a token sees those before it and itself */
    nn_drop drop;           /* of shares after softmax */
} nn_attention;
/* out (T x hidden) of qkv (T x 3 hidden: Q, K and V side by side); texts (n) begin at starts (n + 1), starts[0] = 0. */
TOC_CHECKED toc_status nn_attention_forward(toc_ctx *ctx, const nn_attention *layer, const float *qkv, const size_t *starts, size_t n, float *out);
/* dqkv (T x 3 hidden). Shares are computed again, so that nothing of size tokens x tokens is kept. */
TOC_CHECKED toc_status nn_attention_backward(toc_ctx *ctx, const nn_attention *layer, const float *qkv, const size_t *starts, size_t n, const float *dout,
                                             float *dqkv);

/* ---- pooling: y (n x h), one row for each text of at least one token (nn_pool.c) ---- */
typedef enum { NN_FIRST, NN_MEAN, NN_MAX } nn_pool;
TOC_CHECKED toc_status nn_pool_forward(toc_ctx *ctx, nn_pool kind, const float *x, const size_t *starts, size_t n, size_t h, float *y);
/* Of equal largest numbers, the first token's gets the gradient. */
TOC_CHECKED toc_status nn_pool_backward(toc_ctx *ctx, nn_pool kind, const float *x, const size_t *starts, size_t n, size_t h, const float *dy, float *dx);

/* ---- 1-D convolution along each sequence (nn_conv.c): y[t] = b + sum over k of W[.][.][k] x[t + k - before], what lies outside the sequence is 0; as many rows
 * come out as go in ---- */
typedef struct {
    size_t n_in, n_out, width, before; /* before < width */
    nn_slot w, b;                      /* (n_out x width * n_in): weights of place 0, then of place 1 ...; (n_out) */
} nn_conv;
TOC_CHECKED toc_status nn_conv_add(toc_ctx *ctx, nn_params *params, nn_conv *layer, size_t n_in, size_t n_out, size_t width, size_t before, const char *name);
TOC_CHECKED toc_status nn_conv_forward(toc_ctx *ctx, nn_work *work, const nn_conv *layer, const float *x, const size_t *starts, size_t n, float *y);
TOC_CHECKED toc_status nn_conv_backward(toc_ctx *ctx, nn_work *work, const nn_conv *layer, const float *x, const size_t *starts, size_t n, const float *dy,
                                        float *dx);

/* ---- gated recurrent unit over each sequence from a state of 0 (Cho et al. 2014, in the form of PyTorch's GRU; nn_gru.c): r = sigmoid(Wr x + Ur s), z =
 * sigmoid(Wz x + Uz s), c = tanh(Wc x + r (Uc s)), s' = (1 - z) c + z s, each product with its bias ---- */
typedef struct {
    size_t n_in, h;
    nn_linear in, state; /* (3 h x n_in) and (3 h x h): r, z, c below each other; PyTorch's weight_ih_l0 and weight_hh_l0 */
} nn_gru;
TOC_CHECKED toc_status nn_gru_add(toc_ctx *ctx, nn_params *params, nn_gru *layer, size_t n_in, size_t h, const char *name);
/* y (T x h): the state after each row. gates (T x 5 h) is the caller's, for backward. */
TOC_CHECKED toc_status nn_gru_forward(toc_ctx *ctx, nn_work *work, const nn_gru *layer, const float *x, const size_t *starts, size_t n, float *y, float *gates);
/* gates is what forward wrote, and is overwritten. dx may be NULL. */
TOC_CHECKED toc_status nn_gru_backward(toc_ctx *ctx, nn_work *work, const nn_gru *layer, const float *x, const size_t *starts, size_t n, const float *y,
                                       const float *dy, float *gates, float *dx);

/* ---- losses (nn_loss.c): the mean over rows in *loss, its gradient in d, which may be NULL where only the loss is wanted ---- */
enum { NN_IGNORED = -1 };
/* Softmax cross-entropy over k classes: logits (n x k) with target (n) in 0 .. k-1, or NN_IGNORED: such rows count nowhere. weight (k) of classes may be NULL;
 * with it, the mean is weighted. *loss is 0 where nothing counts. d (n x k) may be logits. Masked LM: k = vocabulary, rows of masked tokens. */
TOC_CHECKED toc_status nn_loss_classes(toc_ctx *ctx, const float *logits, const int32_t *target, const float *weight, size_t n, size_t k, double *loss, float *d);
/* Binary cross-entropy of sigmoid(logits (n)) with target (n) in [0, 1]; rows with a target of 1 count `positive` times. */
TOC_CHECKED toc_status nn_loss_binary(toc_ctx *ctx, const float *logits, const float *target, double positive, size_t n, double *loss, float *d);
TOC_CHECKED toc_status nn_loss_squared(toc_ctx *ctx, const float *y, const float *target, size_t n, double *loss, float *d);
/* InfoNCE (van den Oord et al. 2018) with the batch's other rows as negatives: a and b (n x h), row i of both a pair; cross-entropy of cos(a[i], b[j]) /
 * temperature against j = i. da and db (n x h). */
TOC_CHECKED toc_status nn_loss_pairs(toc_ctx *ctx, nn_work *work, const float *a, const float *b, size_t n, size_t h, double temperature, double *loss, float *da,
                                     float *db);

/* ---- Adam (Kingma & Ba 2015) and AdamW (Loshchilov & Hutter 2019); nn_adam.c ---- */
typedef struct {
    double beta1, beta2, eps, decay;
    bool coupled;    /* decay is part of the gradient (Adam), else of the step (AdamW) */
    uint64_t step;   /* steps made */
    float *first, *second; /* moments, beside nn_params.gradients */
} nn_adam;
/* beta1 0.9, beta2 0.999, eps 1e-8, that decay. Release it. To resume, set step and moments again. */
TOC_CHECKED toc_status nn_adam_new(toc_ctx *ctx, const nn_params *params, double decay, nn_adam *adam);
void nn_adam_release(nn_adam *adam);
/* One step with gradients times `scale` (1 / accumulated batches, times what nn_clip says). */
TOC_CHECKED toc_status nn_adam_step(toc_ctx *ctx, nn_adam *adam, nn_params *params, double rate, double scale);
/* The length of all gradients as one vector. */
TOC_CHECKED toc_status nn_gradient_norm(toc_ctx *ctx, const nn_params *params, double *norm);
/* The factor that brings a length to at most `most` (0 = any). */
double nn_clip(double norm, double most);

typedef enum { NN_CONSTANT, NN_LINEAR_DECAY, NN_COSINE_DECAY } nn_decay;
/* The rate of step 0 .. steps-1: from 0 up over `warmup` steps, then as `decay` says down to 0 at `steps`; as transformers' schedules. */
double nn_rate(double peak, nn_decay decay, uint64_t step, uint64_t warmup, uint64_t steps);

/* ---- a BERT-family encoder (Devlin et al. 2019) that learns; nn_encoder.c ---- */
typedef struct {
    size_t vocab, hidden, layers, heads, inner;
    size_t positions, types; /* rows of these tables; types 0 = none */
    size_t first_place;      /* row of positions of a text's first token */
    double eps;
    nn_activation activation;
    float dropout, attention_dropout;
} nn_encoder_config;

typedef struct {
    nn_linear qkv, out, up, down;
    nn_norm norm1, norm2;
    float *x, *qkv_rows, *mixed, *sum1, *middle, *raised, *sum2; /* what forward kept: T x h, 3h, h, h, h, f, h */
} nn_block;

typedef struct {
    nn_encoder_config config;
    nn_embedding words, places, types;
    nn_norm norm;
    nn_block *blocks;
    float *embedded;            /* T x h before `norm` */
    float *states;              /* T x h: the result */
    float *wide, *one, *two;    /* T x max(3h, f), T x h, T x h */
    uint32_t *place_ids, *type_ids;
    size_t room;                /* tokens there is memory for */
    nn_work work;
    bool training;              /* dropout is on */
    uint64_t seed, step;        /* of dropout: change step for each batch */
} nn_encoder;

/* A batch of texts; borrowed. */
typedef struct {
    const uint32_t *ids;  /* all tokens */
    const size_t *starts; /* (n + 1), starts[0] = 0 */
    size_t n;
} nn_texts;

/* Adds parameters under the names of Hugging Face's BertModel, each after `prefix` ("bert." within a classifier, "" for a sentence encoder): embeddings.word_embeddings.weight ...
 * A matrix decays, a bias or norm does not. The encoder must stay where it is. Values may then be shared with nn_params_find. */
TOC_CHECKED toc_status nn_encoder_add(toc_ctx *ctx, nn_params *params, nn_encoder *encoder, const nn_encoder_config *config, const char *prefix);
/* encoder->states (T x hidden) of a batch; ids < vocab and texts no longer than positions, which the caller sees to. */
TOC_CHECKED toc_status nn_encoder_forward(toc_ctx *ctx, nn_encoder *encoder, const nn_texts *texts);
/* After forward of the same texts: dstates (T x hidden), which is overwritten. Where dembedded is not NULL it gets the gradient by the sum of embeddings (T x
 * hidden), for integrated gradients and adversarial steps. */
TOC_CHECKED toc_status nn_encoder_backward(toc_ctx *ctx, nn_encoder *encoder, const nn_texts *texts, float *dstates, float *dembedded);
void nn_encoder_release(nn_encoder *encoder);

/* Hugging Face's BertForSequenceClassification: tanh of a dense layer on the first token's state, dropout, a linear layer to k logits. */
typedef struct {
    nn_encoder encoder;
    nn_linear pooler, classifier;
    size_t k;
    float *first, *dense, *pooled, *dropped; /* n x hidden: what forward kept */
    float *dstates;                          /* T x hidden */
    size_t room, token_room;
} nn_classifier;
/* Encoder under "bert.", then bert.pooler.dense and classifier. */
TOC_CHECKED toc_status nn_classifier_add(toc_ctx *ctx, nn_params *params, nn_classifier *model, const nn_encoder_config *config, size_t k);
/* logits (n x k) of a batch. */
TOC_CHECKED toc_status nn_classifier_forward(toc_ctx *ctx, nn_classifier *model, const nn_texts *texts, float *logits);
/* After forward of the same texts. */
TOC_CHECKED toc_status nn_classifier_backward(toc_ctx *ctx, nn_classifier *model, const nn_texts *texts, const float *dlogits);
void nn_classifier_release(nn_classifier *model);

/* Hugging Face's BertForMaskedLM (nn_masked.c): of chosen rows of the states, a dense layer, GELU, layer norm, and products with the table of words. */
typedef struct {
    nn_encoder encoder;
    nn_linear transform, decoder; /* decoder.w is the table of words itself */
    nn_norm norm;
    float *rows, *dense, *bent, *normed, *logits; /* m x hidden, and m x vocab, that hold gradients after the loss */
    float *dstates;                               /* T x hidden */
    size_t room, token_room;
} nn_masked;
/* Encoder under "bert.", then cls.predictions. */
TOC_CHECKED toc_status nn_masked_add(toc_ctx *ctx, nn_params *params, nn_masked *model, const nn_encoder_config *config);
/* The mean cross-entropy of the words target (m, < vocab) at tokens rows (m, ascending, each once) of a batch whose ids are masked already. m x vocab numbers
 * of memory. m = 0: a loss of 0, and nothing to go back. */
TOC_CHECKED toc_status nn_masked_forward(toc_ctx *ctx, nn_masked *model, const nn_texts *texts, const size_t *rows, const int32_t *target, size_t m, double *loss);
/* After forward of the same, times `scale`. */
TOC_CHECKED toc_status nn_masked_backward(toc_ctx *ctx, nn_masked *model, const nn_texts *texts, const size_t *rows, size_t m, double scale);
void nn_masked_release(nn_masked *model);

#endif
