/* train.h: encoders that learn from a shop's own texts: masked language modelling, vectors by contrast.
 *
 * Whatever learns is a trn_task, and trn_run is the one loop: epochs of shuffled rows in batches of about so many tokens, AdamW, a rate that rises and falls,
 * a part held out and judged after each epoch, early stopping, a time budget, a log, and a state on disk from which a run that was killed goes on to the same
 * numbers, bit for bit. */
#ifndef TRN_TRAIN_H
#define TRN_TRAIN_H

#include "encoder/encoder.h"
#include "nn/nn.h"

/* ---- texts as tokens ---- */

/* Token ids of texts, one behind the other; text i is ids[starts[i]] .. ids[starts[i + 1]]. Zero is empty. */
typedef struct {
    uint32_t *ids;
    size_t *starts;
    size_t n, cap_ids, cap_starts;
    size_t cut, empty; /* texts longer than max_tokens, of which the rest is not read; texts without a token of their own, which are still there */
} trn_corpus;
/* Appends a text, special tokens included. */
TOC_CHECKED toc_status trn_corpus_add(toc_ctx *ctx, trn_corpus *corpus, const txt_tokenizer *tokenizer, toc_str text, size_t max_tokens, txt_tokens *scratch);
void trn_corpus_release(trn_corpus *corpus);

/* Rows of a corpus behind each other as one batch; grows as needed. Zero is empty. */
typedef struct {
    uint32_t *ids;
    size_t *starts;
    size_t cap_ids, cap_starts, n;
} trn_batch;
TOC_CHECKED toc_status trn_batch_fill(toc_ctx *ctx, trn_batch *batch, const trn_corpus *corpus, const uint32_t *rows, size_t n);
void trn_batch_release(trn_batch *batch);

/* ---- the loop ---- */

typedef struct {
    size_t epochs, batch_tokens, accumulate; /* a step is `accumulate` batches of about batch_tokens tokens, at least two rows each */
    double rate, decay, clip;                /* AdamW's peak rate and weight decay; longest gradient, 0 = any */
    double warmup;                           /* share of the run in which the rate rises to its peak; then it falls linearly to 0 */
    size_t patience;                         /* epochs without a better held-out loss before it stops; 0 = never */
    double held_out;                         /* share of rows that are judged, not learned from; 0 = none */
    double seconds;                          /* time budget: the rate has fallen to 0 by then; 0 = any. Such a run depends on the machine's speed */
    double every;                            /* seconds between states on disk */
    const char *log;                         /* appended to: one JSON object a line; NULL = none */
    const char *state;                       /* file of the state, removed at the end; NULL = none */
    uint64_t settings;                       /* a hash of all that decides the run: a state of other settings is refused */
} trn_plan;

/* What learns. */
typedef struct {
    nn_params *params;      /* ready, with starting values, and gradients */
    void *arg;
    const trn_corpus *rows; /* how many, and how many tokens each */
    /* Adds the gradients of `scale` times the mean loss of a batch of rows; number names the batch: all chance is drawn from (seed, number). */
    toc_status (*learn)(toc_ctx *ctx, void *arg, const uint32_t *rows, size_t n, uint64_t number, double scale, double *loss);
    /* The held-out rows' mean loss, and the share that was right (NaN where that means nothing). */
    toc_status (*judge)(toc_ctx *ctx, void *arg, const uint32_t *rows, size_t n, double *loss, double *right);
    /* Called when the held-out loss is the best so far, and at the end where nothing is held out: keeps the values. */
    toc_status (*keep)(toc_ctx *ctx, void *arg);
} trn_task;

typedef struct {
    double step, loss, held_out, right; /* held_out and right are NaN within an epoch */
} trn_point;

/* What became of it; points live in the context's arena. */
typedef struct {
    uint64_t steps, tokens;        /* learned from in this call and those it went on from */
    double seconds;
    double first_loss, last_loss;  /* held out: before the first step, and of what was kept; NaN without */
    double right;
    size_t epochs;                 /* begun */
    bool resumed, early, timed_out;
    trn_point *points;
    size_t n_points;
} trn_outcome;

/* Errors: TOC_E_USAGE (a state of other settings), TOC_E_DATA (no rows, a loss that is not finite), TOC_E_IO, TOC_E_NOMEM, and those of the task. */
TOC_CHECKED toc_status trn_run(toc_ctx *ctx, const trn_plan *plan, const trn_task *task, trn_outcome *outcome);

/* ---- what can be learned ---- */

/* The shape of a new encoder. */
typedef struct {
    size_t hidden, layers, heads, inner, max_tokens;
    double dropout;
    bool sinusoidal; /* positions by Vaswani et al. 2017, section 3.5, not learned; else learned */
} trn_shape;

/* Masked language modelling (Devlin et al. 2019) with whole words masked: 15 % of the words, of these 80 % become [MASK], 10 % random tokens, 10 % stay. from: a
 * folder with a vocabulary; with weights too it learns on, else a new model of that shape begins. The model is kept in folder `to` as Hugging Face's BertForMaskedLM.
 * `right` is the share of masked tokens that were guessed. Errors: TOC_E_USAGE, TOC_E_DATA, TOC_E_IO, TOC_E_NOMEM. */
TOC_CHECKED toc_status trn_pretrain(toc_ctx *ctx, const char *from, const char *to, const trn_shape *shape, const trn_corpus *corpus, const trn_plan *plan,
                                    trn_outcome *outcome);

/* Vectors by contrast (Gao, Yao & Chen 2021; van den Oord et al. 2018): the mean of a text's states shall be nearer to its partner's than to those of the
 * batch's other partners. Row i of `texts` and of `partners` belong together; partners NULL: a text and itself, told apart by dropout. `right` is the share
 * of rows nearest to their own partner among the first 256 at a time. */
TOC_CHECKED toc_status trn_embed(toc_ctx *ctx, const char *from, const char *to, const trn_corpus *texts, const trn_corpus *partners, double temperature,
                                 const trn_plan *plan, trn_outcome *outcome);

/* What the texts of a corpus are: class of_row[i] < k of row i. */
typedef struct {
    const uint32_t *of_row;
    const char *const *names; /* (k) */
    const float *weight;      /* (k) of the classes in the loss; NULL = 1 each */
    size_t k;
} trn_labels;
/* A classifier of texts, written as Hugging Face's BertForSequenceClassification: what transformers and enc_head_open read. The last `learning` layers of the
 * encoder learn, with all of them the embeddings too; pooler and classifier always do. `right` is the share of rows that got their own class. */
TOC_CHECKED toc_status trn_classify(toc_ctx *ctx, const char *from, const char *to, const trn_corpus *texts, const trn_labels *labels, size_t learning,
                                    const trn_plan *plan, trn_outcome *outcome);

#endif
