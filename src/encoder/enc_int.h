/* enc_int.h: private to encoder/. */
#ifndef ENC_ENC_INT_H
#define ENC_ENC_INT_H

#include <sys/stat.h>

#include "encoder/encoder.h"
#include "num/num.h"
#include "text/text.h"

/* ---- tensors.c: a safetensors file (8 bytes length, JSON header, data) ---- */

/* ENC_I8: bytes with a scale for each row, in a tensor NAME_scale (F32); such without scales are ENC_OTHER. */
typedef enum { ENC_F32, ENC_F16, ENC_BF16, ENC_I8, ENC_OTHER } enc_dtype;

typedef struct {
    const char *name;  /* lives in the file's arena */
    enc_dtype dtype;
    const char *dtype_name;
    size_t n_dims, dims[4];
    size_t n;          /* elements */
    const void *data;  /* any alignment */
    const void *scales; /* ENC_I8: dims[0] floats, any alignment */
    size_t begin, end; /* in the data part */
    bool read;         /* the model is made of it */
} enc_tensor;

typedef struct {
    enc_tensor *tensors; /* heap, by place in the file */
    size_t n;
    toc_arena arena;
} enc_tensors;

/* Reads the header of a file in memory; tensors point into bytes. path is for messages. Errors: TOC_E_DATA for a header that is too long, no JSON, or lies:
 * unknown type, size that does not fit its shape, offsets beyond the end, tensors that overlap. */
TOC_CHECKED toc_status enc_tensors_parse(toc_ctx *ctx, toc_str bytes, const char *path, enc_tensors *tensors);
void enc_tensors_release(enc_tensors *tensors);
/* The tensor called prefix + name, or NULL. */
const enc_tensor *enc_tensors_find(const enc_tensors *tensors, const char *prefix, const char *name);
/* Its values as fp32 in out (tensor->n). */
void enc_tensor_floats(const enc_tensor *tensor, float *out);

/* ---- families.c: what the kinds of models call things ---- */

/* Keys of config.json; NULL = the family has no such key. */
typedef struct {
    const char *sizes[7]; /* vocab, hidden, layers, heads, inner, positions, types */
    const char *activation, *eps;
} enc_keys;

/* Names of tensors without .weight and .bias; NULL = the family has none. Those from query on stand behind layer and the layer's number. */
typedef struct {
    const char *words, *places, *types, *norm, *last_norm, *pooler, *layer;
    const char *query, *key, *value, *qkv; /* three, or one */
    const char *out, *norm1, *up, *down, *norm2;
} enc_names;

typedef struct {
    const char *model_type;
    const char *prefix;     /* of all names, in files that have it */
    const enc_keys *keys;
    const enc_names *names;
    const char *activation; /* where config.json says nothing, */
    double eps;             /* as this */
    bool pre_norm, causal;
    bool after_pad;         /* the first position is the one behind the number of the padding token */
    bool transposed;        /* matrices lie (in x out) */
    bool same_width;        /* embedding_size, where it is told, must be the hidden size */
} enc_family;

/* The family of a model_type, or NULL. */
const enc_family *enc_family_find(const char *model_type);
/* All model types, for messages; lives in the context's arena. */
TOC_CHECKED toc_status enc_family_list(toc_ctx *ctx, const char **list);

/* ---- config.c ---- */

enum { ENC_MOST_POOLS = 6 };

/* What the forward pass does, as data: every field changes vectors, and enc_model_hash covers each. */
typedef struct {
    const enc_family *family;
    size_t vocab, hidden, layers, heads, inner;
    size_t positions;   /* tokens a text may have */
    size_t types;       /* token types; 0 = none */
    size_t first_place; /* row of the table of positions for a text's first token */
    size_t pad;         /* a token without a position; SIZE_MAX = none */
    bool pre_norm;      /* normalised before each block and once at the end, else after embedding and after each block */
    bool causal;        /* a token looks at itself and at what stands before it, else at all */
    bool sinusoidal;    /* positions are computed where the file has none (Vaswani et al. 2017) */
    num_activation activation;
    double eps;
    size_t max_tokens;
    enc_pool pools[ENC_MOST_POOLS]; /* put side by side */
    size_t n_pools;
    txt_rules rules;
} enc_config;

/* Reads the JSON files of a folder. Errors: TOC_E_USAGE (no config.json), TOC_E_IO, TOC_E_DATA. */
TOC_CHECKED toc_status enc_config_read(toc_ctx *ctx, const char *folder, enc_config *config);
/* A number of every field. */
uint64_t enc_config_hash(const enc_config *config);
/* What tokenizer_config.json says of words; BERT's small-letter rules where there is none. */
TOC_CHECKED toc_status enc_config_rules(toc_ctx *ctx, const char *folder, txt_rules *rules);

/* ---- folder.c ---- */

/* Makes a folder where it is not there. Errors: TOC_E_IO. */
TOC_CHECKED toc_status enc_folder_make(toc_ctx *ctx, const char *path);
/* Copies what lies beside the weights from one model's folder to another; changed: without config.json and README.md, which tell of the old weights. */
TOC_CHECKED toc_status enc_folder_copy(toc_ctx *ctx, const char *from, const char *to, bool changed);

/* ---- cache.c ---- */

enum { ENC_IDENTITY = 160 };
/* What changes with a file's content: size, times of change, inode. */
void enc_file_identity(const struct stat *info, char identity[ENC_IDENTITY]);
/* toc_str_hash of a file's bytes, taken from PATH.hash where that was written for this identity; else computed, and written there if that is possible. */
uint64_t enc_file_hash(const char *path, const char *identity, toc_str bytes);

/* ---- weights.c ---- */

typedef struct {
    const char *path;
    void *map;
    size_t size;
    char identity[ENC_IDENTITY];
    enc_tensors tensors;
} enc_file;

/* The weights of a folder; zero is none. */
typedef struct {
    const char *path;    /* of the file, or of the index: for messages */
    enc_file *files;
    size_t n_files;
    enc_tensors tensors; /* of all files */
    toc_arena arena;
} enc_weights;

/* Maps model.safetensors, or the shards that model.safetensors.index.json names, and reads their headers. Errors: TOC_E_USAGE (not there), TOC_E_IO, those of
 * enc_tensors_parse; TOC_E_DATA for an index that names a file elsewhere or one that is not there, or a tensor another file than the one that holds it; a tensor
 * that is there twice. */
TOC_CHECKED toc_status enc_weights_open(toc_ctx *ctx, const char *folder, enc_weights *weights);
void enc_weights_close(enc_weights *weights);
bool enc_weights_present(toc_ctx *ctx, const char *folder);
/* Of all files. */
size_t enc_weights_bytes(const enc_weights *weights);
uint64_t enc_weights_hash(const enc_weights *weights);

/* ---- model.c ---- */

typedef struct {
    num_weights qkv;  /* (3 hidden x hidden): query, key, value */
    num_weights out;  /* (hidden x hidden) */
    num_weights up;   /* (inner x hidden) */
    num_weights down; /* (hidden x inner) */
    const float *qkv_bias, *out_bias, *up_bias, *down_bias;
    const float *norm1, *norm1_bias, *norm2, *norm2_bias;
} enc_layer;

struct enc_model {
    enc_config config;
    txt_tokenizer *tokenizer;
    const float *words, *places; /* (vocab x hidden), (first_place + positions x hidden) */
    const float *types;          /* (hidden) of the first token type; zeros where there are none */
    const float *norm, *norm_bias, *last_norm, *last_norm_bias; /* NULL = none */
    num_weights pooler;          /* (hidden x hidden), always fp32; without memory = none */
    const float *pooler_bias;
    enc_layer *layers;
    num_precision precision; /* of the products with weights */
    num_attention attention;
    enc_weights files;
    toc_arena arena;  /* packed matrices, and vectors that could not stay where they were */
    uint64_t hash;    /* 0 = not computed yet */
};

/* ---- forward.c ---- */

/* Some texts one behind the other, without padding. */
typedef struct {
    const uint32_t *ids;   /* all tokens */
    const size_t *starts;  /* (n + 1) of each text in ids */
    size_t n;
} enc_batch;

/* Room for the batches of one thread, one after the other. */
typedef struct enc_work enc_work;
struct enc_work {
    enc_work *next; /* of those nobody uses */
    float *x, *qkv, *mixed, *inner;
    char *scratch;  /* of products and attention */
};

/* For batches of at most n_tokens with texts of at most longest. */
TOC_CHECKED toc_status enc_work_new(toc_ctx *ctx, const enc_model *model, size_t n_tokens, size_t longest, enc_work **work);
void enc_work_free(enc_work *work);

/* The vectors (n x enc_dim_of(pool)) of a batch, pooled and, unless raw, of length 1. */
void enc_forward(const toc_ctx *ctx, const enc_model *model, const enc_batch *batch, enc_pool pool, bool raw, enc_work *work, float *vectors);

/* Brings a vector of n numbers to length 1; zeros stay zeros. */
void enc_unit(float *vector, size_t n);

#endif
