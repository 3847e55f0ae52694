/* encoder.h: a BERT-family transformer that turns texts into vectors.
 *
 * enc_open reads a Hugging Face folder: config.json, vocab.txt, model.safetensors, and, where there, tokenizer_config.json,
 * sentence_bert_config.json (max_seq_length) and 1_Pooling/config.json. enc_encode may be called any number of times; enc_close ends. */
#ifndef ENC_ENCODER_H
#define ENC_ENCODER_H

#include "base/base.h"
#include "nn/nn.h"
#include "num/num.h"
#include "store/store.h"
#include "text/text.h"

typedef struct enc_model enc_model;

/* How the states of a text's tokens become its vector: the model's own way (1_Pooling; may be several side by side), their mean, the first one, the maximum of
 * each number, tanh of a dense layer on the first one, the last one, their sum over the root of their number, their mean weighted by place (1, 2, 3 ...). */
typedef enum {
    ENC_POOL_MODEL, ENC_POOL_MEAN, ENC_POOL_CLS, ENC_POOL_MAX, ENC_POOL_POOLER, ENC_POOL_LAST, ENC_POOL_ROOT, ENC_POOL_WEIGHTED,
} enc_pool;

/* Zero = as the model says. */
typedef struct {
    size_t max_tokens;  /* of a text, special tokens included; 0 = the model's; more than its positions is cut to them */
    enc_pool pool;
    bool raw;           /* vectors of any length; else they have length 1 */
    bool chunks;        /* a longer text is read in pieces of max_tokens; its vector is the mean of theirs, weighted by their tokens. Else its end is lost */
    const bool *known;  /* (n) texts whose vector is there already: they are only counted; NULL = none */
} enc_options;

enum { ENC_LEAST_PIECE = 8 }; /* tokens of a piece beside the special ones */

typedef struct {
    size_t texts, distinct; /* texts with equal tokens are computed once; pieces count each */
    size_t known;           /* of options' known */
    size_t stored;          /* enc_cache_encode: of these, from the store */
    size_t tokens;          /* of all texts, specials included, as far as they were read */
    size_t truncated;       /* texts longer than max_tokens, which lost tokens or came in pieces */
    size_t empty;           /* texts without any token of their own: their vector is that of the special tokens */
} enc_stats;

/* The folder where tools/get-model puts the model: $TOCSIN_MODEL, else ${XDG_DATA_HOME:-~/.local/share}/tocsin/models/all-MiniLM-L6-v2. Lives in the
 * context's arena. */
TOC_CHECKED toc_status enc_default_folder(toc_ctx *ctx, const char **folder);
/* Whether a folder (NULL = the default one) holds a model, so that a caller may go on without. */
bool enc_present(toc_ctx *ctx, const char *folder);

/* Opens a model; folder NULL = the default one. Matrices are packed for products in that precision (num_product), by all threads; embeddings in fp32 stay
 * mapped from the file. Errors: TOC_E_USAGE (no
 * model there: says how to get one), TOC_E_IO, TOC_E_DATA (a damaged file, a tensor of wrong shape or type, a kind of model that is not BERT),
 * TOC_E_NOMEM. */
TOC_CHECKED toc_status enc_open(toc_ctx *ctx, const char *folder, num_precision precision, enc_model **model);
void enc_close(enc_model *model);

/* Numbers of a vector, pooled the model's way, or that way. */
size_t enc_dim(const enc_model *model);
size_t enc_dim_of(const enc_model *model, enc_pool pool);
/* Tokens of a text that the model reads at most when options say nothing. */
size_t enc_max_tokens(const enc_model *model);
/* A number that names weights, vocabulary and settings, for caches of vectors. The weights' part is kept in model.safetensors.hash beside them, valid as long
 * as size, times and inode of the file are the same; without it all weights are read. Not from two threads at once. */
uint64_t enc_model_hash(enc_model *model);

/* What options mean for a model: tokens of a text at most, and how its states become one vector, ENC_POOL_MODEL also where its own way is named. options may be
 * NULL. */
size_t enc_limit(const enc_model *model, const enc_options *options);
enc_pool enc_pooling(const enc_model *model, const enc_options *options);
/* TOC_E_USAGE where max_tokens leaves no room for a text: less than the special tokens, with chunks and ENC_LEAST_PIECE more; for a pooler the model has not. */
TOC_CHECKED toc_status enc_check_options(toc_ctx *ctx, const enc_model *model, const enc_options *options);

/* Vectors of n texts in vectors (n x enc_dim_of the options' pool, the caller's), in the order of texts; rows of known ones are left as they are. options and
 * stats may be NULL; stats are added to. Texts are UTF-8; a vector depends on its own text, up to 1e-6 on nothing else, and its bytes never on the thread count. A
 * thread works on 336 tokens at a time, or on one longer text, and needs about (5 hidden + inner) x 1.3 KiB, 5 MB for all-MiniLM-L6-v2. Errors: TOC_E_NOMEM, those of enc_check_options. */
TOC_CHECKED toc_status enc_encode(toc_ctx *ctx, const enc_model *model, const toc_str *texts, size_t n, const enc_options *options, float *vectors,
                                  enc_stats *stats);
/* The first of n texts that has more tokens than enc_limit, and how many; *index = n where there is none. */
TOC_CHECKED toc_status enc_find_long(toc_ctx *ctx, const enc_model *model, const toc_str *texts, size_t n, const enc_options *options, size_t *index,
                                     size_t *tokens);

/* ---- each text once: vectors remembered by hash of text, model and options (cache.c) ---- */

typedef struct enc_cache enc_cache;
/* The number under which a store keeps vectors made with these options: enc_model_hash for those of the model itself. */
uint64_t enc_vectors_hash(enc_model *model, const enc_options *options);
/* Remembers in `store` (NULL = none; borrowed, within begin/commit where it keeps), and what is not kept there in memory and a temporary file: the vectors of
 * the latest 100,000 texts at least, some 400 MB under $TMPDIR with 384 numbers, 40 MB of memory. model is borrowed. */
TOC_CHECKED toc_status enc_cache_new(toc_ctx *ctx, enc_model *model, const enc_options *options, sto_store *store, bool keeps, enc_cache **cache);
void enc_cache_free(enc_cache *cache);
/* As enc_encode; texts met before are only counted. Errors: also those of the store and of the temporary file. */
TOC_CHECKED toc_status enc_cache_encode(toc_ctx *ctx, enc_cache *cache, const toc_str *texts, size_t n, float *vectors, enc_stats *stats);

/* ---- rows near each other, rows near a question (near.c); cosines are rounded to millionths, and so compared ---- */

typedef struct enc_near enc_near;
/* Rows that are added are kept below $TMPDIR, where there is more than 40 MiB of them. */
TOC_CHECKED toc_status enc_near_new(toc_ctx *ctx, size_t dim, enc_near **near);
void enc_near_free(enc_near *near);
/* One more row: a name, and a vector of any length but 0. Errors: as toc_spool_add; TOC_E_DATA above 4 billion rows. */
TOC_CHECKED toc_status enc_near_add(toc_ctx *ctx, enc_near *near, toc_str id, const float *vector);
/* A pair: the names of the earlier and the later row, borrowed. */
typedef toc_status enc_pair_take(toc_ctx *ctx, void *arg, toc_str a, toc_str b, double cosine);
/* Calls take for the pairs of rows whose cosine is `threshold` or more, at most `top` of them (0 = all): the nearest first, then by the rows' order. n^2 dim
 * operations; memory does not depend on the rows, nor on the pairs (24 bytes each under $TMPDIR): 60 MB and 10 MB for each of up to 64 blocks in work. The same
 * for any number of threads. */
TOC_CHECKED toc_status enc_near_pairs(toc_ctx *ctx, const enc_near *near, double threshold, size_t top, enc_pair_take *take, void *arg);

typedef struct enc_rank enc_rank;
/* Questions: n vectors of any length but 0; the `top` (>= 1) nearest rows of each will be known, in memory with their texts. */
TOC_CHECKED toc_status enc_rank_new(toc_ctx *ctx, size_t dim, const float *queries, size_t n, size_t top, enc_rank **rank);
void enc_rank_free(enc_rank *rank);
TOC_CHECKED toc_status enc_rank_add(toc_ctx *ctx, enc_rank *rank, toc_str id, toc_str text, const float *vector);
typedef toc_status enc_answer_take(toc_ctx *ctx, void *arg, size_t place, toc_str id, toc_str text, double cosine);
/* Calls take for the rows nearest to a question: place 1, 2, ...; equal ones in the order they were added. No row can be added afterwards. */
TOC_CHECKED toc_status enc_rank_answers(toc_ctx *ctx, enc_rank *rank, size_t query, enc_answer_take *take, void *arg);

/* ---- a classifier that was fine-tuned with a model (head.c) ---- */

typedef struct enc_head enc_head;
/* Reads folder/model.safetensors: classifier.weight and classifier.bias on the pooler's output (BERT; the model's own vector where it has no pooler), or with a
 * dense layer before it on the first token's state (DistilBERT, RoBERTa). config.json there names the labels (id2label) and the kind of question
 * (problem_type). The model need not be from the same folder. Errors: TOC_E_USAGE (no file), TOC_E_IO, TOC_E_DATA (no classifier, another shape or type). */
TOC_CHECKED toc_status enc_head_open(toc_ctx *ctx, const char *folder, const enc_model *model, enc_head **head);
void enc_head_free(enc_head *head);
/* How many labels, and their names: borrowed. */
size_t enc_head_labels(const enc_head *head, const char *const **labels);
/* The vectors it reads: of this pool, raw. */
enc_pool enc_head_pool(const enc_head *head);
/* scores (n x labels) of n vectors: probabilities that sum to 1; with problem_type multi_label_classification each by itself; with one label, or regression, the
 * numbers as they come. Not from two threads at once. */
void enc_head_scores(const enc_head *head, const float *vectors, size_t n, float *scores);

/* ---- looking at models (inspect.c, quantize.c); folder NULL = the default one ---- */

typedef struct {
    const char *folder, *family, *pooling; /* live in the context's arena, as do those below */
    const char *license;                   /* name of a file, or NULL */
    size_t layers, hidden, heads, inner, vocab, positions, max_tokens, dim, tokens, tensors;
    size_t params;                         /* numbers of weights, scales of bytes not counted */
    uint64_t bytes, hash;                  /* of the file of weights; enc_model_hash in fp32 */
    struct {
        const char *name;
        size_t tensors, numbers;
    } types[16];
    size_t n_types;
} enc_description;
/* Errors: as enc_open. */
TOC_CHECKED toc_status enc_describe(toc_ctx *ctx, const char *folder, enc_description *description);

typedef struct {
    size_t tensors, numbers, tokens, vocab, texts;
    size_t n_unread;    /* tensors that no vector depends on */
    const char *unread; /* names of the first five */
} enc_checked;
/* Reads all of a model: names, shapes and types of tensors and the size of the vocabulary (enc_open), every number for being finite, and vectors of ten texts:
 * finite, of length 1, the same alone and in company, the same for equal texts, others for others. Errors: the first that does not hold. */
TOC_CHECKED toc_status enc_check(toc_ctx *ctx, const char *folder, enc_checked *checked);

typedef struct {
    size_t matrices;               /* that became bytes */
    uint64_t bytes_before, bytes;  /* of the files of weights */
    double cosine;                 /* enc_compare of both */
} enc_quantized;
/* Writes folder `to` (made where it is not there): the model with int8 matrices, a scale a row, as enc_open reads it; other files are copied. Errors: those of
 * enc_open; TOC_E_USAGE where both folders are the same; TOC_E_DATA for numbers that are not finite; TOC_E_IO. */
TOC_CHECKED toc_status enc_quantize(toc_ctx *ctx, const char *from, const char *to, enc_quantized *stats);
/* The smallest cosine of ten texts' vectors under one model with those under another of the same dimension, both in fp32. */
TOC_CHECKED toc_status enc_compare(toc_ctx *ctx, const char *folder, const char *other, double *smallest);

/* ---- models that learn (learn.c): a Hugging Face folder of BERT's form as parameters of nn.h, and back ---- */

/* What config.json says, dropout included. Errors: TOC_E_USAGE (no file), TOC_E_IO, TOC_E_DATA (another form of encoder). */
TOC_CHECKED toc_status enc_learn_config(toc_ctx *ctx, const char *folder, nn_encoder_config *config);
/* Values of params (ready, with starting values) from folder/model.safetensors, by name, with or without "bert." in front. The head (pooler, classifier) keeps its
 * starting values where the file has none, or one for another number of classes: *n_fresh such parameters. Errors: TOC_E_USAGE (no file), TOC_E_IO, TOC_E_DATA
 * (no tensor of an encoder's parameter, another shape or type). */
TOC_CHECKED toc_status enc_learn_load(toc_ctx *ctx, const char *folder, nn_params *params, size_t *n_fresh);
/* Writes folder `to` (made where it is not there): model.safetensors of all params in fp32, `from`'s config.json as a BertForSequenceClassification of k classes
 * (labels NULL: LABEL_0 ...), or with k = 0 as it is, and `from`'s vocabulary and settings: what transformers and enc_open read. The same folder twice is fine.
 * Errors: TOC_E_IO, TOC_E_DATA (config.json). */
TOC_CHECKED toc_status enc_learn_save(toc_ctx *ctx, const char *from, const char *to, const nn_params *params, const char *const *labels, size_t k);

/* The tokenizer of a folder, by its own rules. Free it. */
TOC_CHECKED toc_status enc_learn_tokenizer(toc_ctx *ctx, const char *folder, txt_tokenizer **tokenizer);
/* Copies all of a folder but its weights to another, made where it is not there; the same folder twice is fine. */
TOC_CHECKED toc_status enc_learn_copy(toc_ctx *ctx, const char *from, const char *to);
/* The same from a folder that holds a vocabulary alone, and writes what a new BERT of this shape needs beside it: config.json, and for sentence-transformers
 * modules.json, sentence_bert_config.json and 1_Pooling (the mean of the states). */
TOC_CHECKED toc_status enc_learn_create(toc_ctx *ctx, const char *from, const char *to, const nn_encoder_config *config);
/* Writes folder/vocab.txt and tokenizer_config.json; the folder is made where it is not there. */
TOC_CHECKED toc_status enc_learn_vocabulary(toc_ctx *ctx, const char *folder, toc_str vocabulary, const txt_rules *rules);

/* ---- writing vectors ---- */

typedef enum { ENC_CSV, ENC_JSONL, ENC_NPY, ENC_RAW } enc_format;

/* Rows of numbers being written; zero is empty. NumPy's header tells the number of rows: it is written over at the end where `out` is a file, else the rows
 * are put aside (spool.h) until then. */
typedef struct {
    toc_out *out; /* borrowed */
    enc_format format;
    size_t dim, n_rows;
    const char *const *names; /* borrowed */
    toc_buf row;
    bool patches;  /* ENC_NPY: the header stands at `place` already */
    int64_t place;
    toc_spool spool;
} enc_writer;

/* CSV: the header `id_name`, then names (dim; NULL = v1..vDIM); jsonl: {"id":...,"vector":[...]}, or "scores":{name:...} with names; npy and f32 (bare 32-bit
 * floats, the low byte first) have neither ids nor names. Then n rows at a time: ids (n) and rows (n x dim); in text with as few digits as give back the same
 * float. enc_writer_end writes what is left; the caller closes `out`. Errors: TOC_E_NOMEM, TOC_E_IO (of a spool; those of `out` show when it is closed). */
void enc_writer_begin(enc_writer *writer, toc_out *out, enc_format format, size_t dim, toc_str id_name, const char *const *names);
TOC_CHECKED toc_status enc_writer_rows(toc_ctx *ctx, enc_writer *writer, const toc_str *ids, const float *rows, size_t n);
TOC_CHECKED toc_status enc_writer_end(toc_ctx *ctx, enc_writer *writer);
void enc_writer_release(enc_writer *writer);

/* ---- reading them ---- */

enum { ENC_MOST_DIM = 1 << 14 };
typedef toc_status enc_rows_take(toc_ctx *ctx, void *arg, size_t first, const float *rows, size_t n, size_t dim);
/* Hands the rows of a NumPy file of 32-bit floats (two axes, rows first) to take, at most `most` at a time; rows are borrowed, `first` counts from 0. *is_npy is
 * false, and nothing else happens, for a file of another kind and for "-". Errors: TOC_E_IO, TOC_E_DATA (another type or shape, no rows, cut off), TOC_E_NOMEM. */
TOC_CHECKED toc_status enc_npy_read(toc_ctx *ctx, const char *path, size_t most, enc_rows_take *take, void *arg, bool *is_npy);

#endif
