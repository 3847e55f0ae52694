/* encode.c: "tocsin encode", one vector for every row of texts. */
#include <unistd.h>

#include "cli/cli.h"
#include "commands/commands.h"
#include "commands/encode_command.h"

/* In the order of enc_format, enc_pool and num_precision. */
static const char *const formats[] = { "csv", "jsonl", "npy", "f32", NULL };
static const char *const pools[] = { "model", "mean", "cls", "max", "pooler", NULL };
static const char *const precisions[] = { "fp32", "bf16", "int8", NULL };
static const char *const truncates[] = { "right", "error", "mean-of-chunks", NULL };
static const encode_args defaults = { .format = "csv", .pool = "model", .precision = "fp32", .truncate = "right", .out = "-" };

static const cli_option options[] = {
    CLI_LIST('t', "text", encode_args, text, .arg = "COLUMN", .help = "the text; several are joined by a blank [title and body]"),
    CLI_TEXT('i', "id", encode_args, id, .arg = "COLUMN", .help = "what a row is called [the first column]"),
    CLI_TEXT('m', "model", encode_args, model, .arg = "DIR", .help = "folder of the model [$TOCSIN_MODEL, then where tools/get-model puts it]"),
    CLI_TEXT('S', "store", encode_args, store, .arg = "FILE", .help = "keep vectors in this store, and compute only what is new"),
    CLI_WORD('f', "format", encode_args, format, formats, .arg = "HOW", .help = "csv, jsonl, npy, or f32: bare floats [csv]"),
    CLI_NUM(0, "similar", encode_args, similar, .min = 0, .max = 1, .arg = "COSINE", .help = "pairs of rows at least so close, instead of vectors"),
    CLI_LIST(0, "query", encode_args, query, .arg = "TEXT", .help = "rows closest in meaning to TEXT; may be repeated"),
    CLI_TEXT(0, "head", encode_args, head, .arg = "DIR", .help = "scores of a fine-tuned classifier instead of vectors"),
    CLI_INT('n', "top", encode_args, top, .min = 1, .max = 1e6, .help = "pairs, or rows of a query [all pairs, 10 rows]"),
    CLI_FLAG(0, "vectors", encode_args, vectors, .help = "for these two FILE holds vectors of encode (csv, npy), no texts"),
    CLI_INT(0, "max-tokens", encode_args, max_tokens, .min = 2, .max = 65536, .help = "read so much of a text, two marks included [the model's]"),
    CLI_WORD(0, "truncate", encode_args, truncate, truncates, .arg = "HOW", .help = "longer texts: right, error or mean-of-chunks [right]"),
    CLI_WORD(0, "pool", encode_args, pool, pools, .arg = "HOW", .help = "mean or max of all tokens, cls: the first, or pooler [the model's]"),
    CLI_WORD(0, "precision", encode_args, precision, precisions, .arg = "HOW", .help = "of the products: fp32, bf16 or int8, each about twice as fast [fp32]"),
    CLI_FLAG(0, "no-normalize", encode_args, raw, .help = "leave the vectors as long as they come"),
    CLI_FLAG(0, "normalize", encode_args, normalize, .help = "bring vectors to length 1, as is usual", .hidden = true),
    CLI_TEXT('r', "rejects", encode_args, rejects, .arg = "FILE", .help = "write rows that cannot be read to FILE [the first one fails]"),
    CLI_TEXT('o', "out", encode_args, out, .arg = "FILE", .help = "write to FILE [stdout]"),
    CLI_END,
};

static int place_of(const char *const *words, const char *word)
{
    int k = 0;

    while (strcmp(words[k], word) != 0) k++;
    return k;
}

enum { SCORED_AT_ONCE = 256 };

/* Vectors written as they come, or what the head makes of them. */
typedef struct {
    toc_out out;
    enc_writer writer;
    enc_format format;
    size_t dim;
    const enc_head *head; /* NULL = none */
    size_t n_labels;
    const char *const *labels;
    float *scores;        /* SCORED_AT_ONCE x n_labels */
} written;

static toc_status begin_vectors(toc_ctx *ctx, void *arg, toc_str id_name)
{
    written *w = arg;
    (void)ctx;
    enc_writer_begin(&w->writer, &w->out, w->format, w->head ? w->n_labels : w->dim, id_name, w->labels);
    return TOC_OK;
}

/* A row that cannot be read has a vector of zeros, and scores of zero. */
static void score(const written *w, const float *vectors, size_t n)
{
    enc_head_scores(w->head, vectors, n, w->scores);
    for (size_t i = 0; i < n; i++) {
        size_t j = 0;
        while (j < w->dim && vectors[i * w->dim + j] == 0) j++;
        if (j == w->dim) memset(w->scores + i * w->n_labels, 0, w->n_labels * sizeof *w->scores);
    }
}

static toc_status take_vectors(toc_ctx *ctx, void *arg, const encode_block *block)
{
    written *w = arg;

    if (!w->head) return enc_writer_rows(ctx, &w->writer, block->ids, block->vectors, block->n);
    for (size_t first = 0; first < block->n; first += SCORED_AT_ONCE) {
        size_t n = TOC_MIN((size_t)SCORED_AT_ONCE, block->n - first);
        score(w, block->vectors + first * w->dim, n);
        TOC_TRY(enc_writer_rows(ctx, &w->writer, block->ids + first, w->scores, n));
    }
    return TOC_OK;
}

static toc_status write_vectors(toc_ctx *ctx, const encode_args *a, const char *file, enc_model *model, const enc_options *encoding, const enc_head *head)
{
    written w = { .format = (enc_format)place_of(formats, a->format), .dim = enc_dim_of(model, encoding->pool), .head = head };
    const encode_sink sink = { &w, begin_vectors, take_vectors };
    toc_status st = TOC_OK;

    if (head) {
        w.n_labels = enc_head_labels(head, &w.labels);
        if ((st = toc_alloc(ctx, SCORED_AT_ONCE * w.n_labels, sizeof *w.scores, &w.scores))) goto out;
    }
    if ((st = toc_out_open(ctx, a->out, false, &w.out))) goto out;
    if ((st = encode_walk(ctx, a, file, model, encoding, &sink))) goto out;
    if ((st = enc_writer_end(ctx, &w.writer))) goto out;
    st = toc_out_close(ctx, &w.out);
out:
    toc_out_abandon(&w.out);
    enc_writer_release(&w.writer);
    toc_free(w.scores);
    return st;
}

/* Options that do not go together. */
static toc_status check(toc_ctx *ctx, const encode_args *a)
{
    const bool searches = a->similar > 0 || a->query.n, chooses = a->raw || a->normalize || strcmp(a->pool, "model") != 0;
    const struct {
        bool wrong;
        const char *why;
    } rules[] = {
        { a->raw && a->normalize, "--normalize and --no-normalize exclude each other" },
        { a->similar > 0 && a->query.n, "--similar and --query are two questions: ask one at a time" },
        { a->vectors && !searches, "--vectors says what FILE holds for --similar and --query" },
        { a->head && searches, "--head scores rows; --similar and --query compare them: ask one at a time" },
        { a->head && chooses, "--head knows which vectors it reads: leave out --pool, --normalize and --no-normalize" },
        { a->top && !searches, "--top is for --similar and --query" },
        { a->vectors && (a->store || a->rejects || a->text.n || a->id), "--vectors has no use for --store, --rejects, --text and --id: the file holds vectors already" },
    };

    for (size_t i = 0; i < TOC_COUNT(rules); i++)
        if (rules[i].wrong) return toc_fail(ctx, TOC_E_USAGE, "%s", rules[i].why);
    return TOC_OK;
}

/* A head's folder usually holds the model it was trained with. */
static const char *model_folder(toc_ctx *ctx, const encode_args *a)
{
    const char *path;

    if (a->model || !a->head || toc_arena_printf(ctx, &ctx->arena, &path, "%s/config.json", a->head) || access(path, R_OK) != 0) return a->model;
    return a->head;
}

static toc_status encode_file(toc_ctx *ctx, const encode_args *a, const char *file, enc_model *model, enc_options *encoding)
{
    enc_head *head = NULL;
    toc_status st = TOC_OK;

    if (a->head) {
        TOC_TRY(enc_head_open(ctx, a->head, model, &head));
        encoding->pool = enc_head_pool(head);
        encoding->raw = true;
    }
    if (model) st = enc_check_options(ctx, model, encoding);
    if (!st) st = a->similar > 0 || a->query.n ? encode_search(ctx, a, file, model, encoding) : write_vectors(ctx, a, file, model, encoding, head);
    enc_head_free(head);
    return st;
}

static toc_status run(toc_ctx *ctx, const cli_call *call)
{
    const encode_args *a = call->args;
    enc_options encoding = {
        .max_tokens = (size_t)a->max_tokens, .pool = (enc_pool)place_of(pools, a->pool), .raw = a->raw, .chunks = strcmp(a->truncate, "mean-of-chunks") == 0,
    };
    enc_model *model = NULL;

    TOC_TRY(check(ctx, a));
    if (!a->vectors || a->query.n) TOC_TRY(enc_open(ctx, model_folder(ctx, a), (num_precision)place_of(precisions, a->precision), &model));
    toc_status st = encode_file(ctx, a, call->n_files ? call->files[0] : "-", model, &encoding);
    enc_close(model);
    return st;
}

const cli_command cmd_encode = {
    .name = "encode", .group = "In a pipe", .usage = "[--text COLUMN] [options] [FILE]",
    .summary = "turn texts into vectors with a transformer",
    .examples = "tocsin encode reviews.csv > vectors.csv\n"
                "tocsin encode --id review_id --store shop.db --query 'smells of plastic' reviews.csv",
    .options = options, .defaults = &defaults, .args_size = sizeof defaults, .max_files = 1, .run = run,
};
