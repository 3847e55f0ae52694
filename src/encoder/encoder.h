/* encoder.h: a BERT-family transformer that turns texts into vectors.
 *
 * enc_open reads a Hugging Face folder: config.json, vocab.txt, model.safetensors, and, where there, tokenizer_config.json,
 * sentence_bert_config.json (max_seq_length) and 1_Pooling/config.json. enc_encode may be called any number of times; enc_close ends. */
#ifndef ENC_ENCODER_H
#define ENC_ENCODER_H

#include "base/base.h"
#include "num/num.h"

typedef struct enc_model enc_model;

typedef enum { ENC_POOL_MODEL, ENC_POOL_MEAN, ENC_POOL_CLS, ENC_POOL_MAX } enc_pool;

/* Zero = as the model says. */
typedef struct {
    size_t max_tokens; /* of a text, [CLS] and [SEP] included; 0 = the model's; more than its positions is cut to them */
    enc_pool pool;
    bool raw;          /* vectors of any length; else they have length 1 */
} enc_options;

typedef struct {
    size_t texts, distinct; /* texts with equal tokens are computed once */
    size_t tokens;          /* of all texts, specials included */
    size_t truncated;       /* texts that lost tokens */
    size_t empty;           /* texts without any token of their own */
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

size_t enc_dim(const enc_model *model);
/* Tokens of a text that the model reads at most when options say nothing. */
size_t enc_max_tokens(const enc_model *model);
/* A number that names weights, vocabulary and settings, for caches of vectors. Reads all weights at the first call: not from two threads at once. */
uint64_t enc_model_hash(enc_model *model);

/* Vectors of n texts in vectors (n x enc_dim, the caller's), in the order of texts. options and stats may be NULL; stats are added to. Texts are UTF-8; a
 * vector depends on its own text, up to 1e-6 on nothing else, and its bytes never on the thread count. A batch of 512 tokens needs (5 hidden + inner) x 2 KiB per
 * thread, 7 MB for all-MiniLM-L6-v2. Errors: TOC_E_NOMEM, TOC_E_USAGE (max_tokens below 2). */
TOC_CHECKED toc_status enc_encode(toc_ctx *ctx, const enc_model *model, const toc_str *texts, size_t n, const enc_options *options, float *vectors,
                                  enc_stats *stats);

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

#endif
