/* encode_command.h: private to commands/encode*.c: the arguments of "tocsin encode", and its walk over rows of texts. */
#ifndef CMD_ENCODE_COMMAND_H
#define CMD_ENCODE_COMMAND_H

#include "cli/cli.h"
#include "encoder/encoder.h"
#include "reader/reader.h"

typedef struct {
    cli_list text, query;
    const char *id, *model, *format, *pool, *precision, *truncate, *store, *rejects, *out, *head;
    double similar;         /* 0 = not asked for */
    int64_t max_tokens, top; /* top: 0 = as usual */
    bool raw, normalize, vectors;
} encode_args;

/* Some rows with their vectors, borrowed: ids, texts and empty (n), vectors (n x dim); texts and empty may be NULL. empty: no text, or a row that could not be read. */
typedef struct {
    size_t n;
    const toc_str *ids, *texts;
    const bool *empty;
    const float *vectors;
} encode_block;

/* What becomes of rows: begin is called when the name of the id column is known, take for each block in the order of the file. */
typedef struct {
    void *arg;
    toc_status (*begin)(toc_ctx *ctx, void *arg, toc_str id_name);
    toc_status (*take)(toc_ctx *ctx, void *arg, const encode_block *block);
} encode_sink;

/* Reads the file, encodes its texts, each once, and hands all to the sink; says on stderr what was out of the ordinary. */
TOC_CHECKED toc_status encode_walk(toc_ctx *ctx, const encode_args *a, const char *file, enc_model *model, const enc_options *options, const encode_sink *sink);
/* --similar and --query; model may be NULL for the former on vectors. */
TOC_CHECKED toc_status encode_search(toc_ctx *ctx, const encode_args *a, const char *file, enc_model *model, const enc_options *options);

#endif
