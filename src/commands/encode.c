/* encode.c: "tocsin encode", one vector for every row of texts. */
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

/* Vectors written as they come. */
typedef struct {
    toc_out out;
    enc_writer writer;
    enc_format format;
    size_t dim;
} written;

static toc_status begin_vectors(toc_ctx *ctx, void *arg, toc_str id_name)
{
    written *w = arg;
    (void)ctx;
    enc_writer_begin(&w->writer, &w->out, w->format, w->dim, id_name, NULL);
    return TOC_OK;
}

static toc_status take_vectors(toc_ctx *ctx, void *arg, const encode_block *block)
{
    written *w = arg;
    return enc_writer_rows(ctx, &w->writer, block->ids, block->vectors, block->n);
}

static toc_status write_vectors(toc_ctx *ctx, const encode_args *a, const char *file, enc_model *model, const enc_options *encoding)
{
    written w = { .format = (enc_format)place_of(formats, a->format), .dim = enc_dim_of(model, encoding->pool) };
    const encode_sink sink = { &w, begin_vectors, take_vectors };
    toc_status st;

    if ((st = toc_out_open(ctx, a->out, false, &w.out))) goto out;
    if ((st = encode_walk(ctx, a, file, model, encoding, &sink))) goto out;
    if ((st = enc_writer_end(ctx, &w.writer))) goto out;
    st = toc_out_close(ctx, &w.out);
out:
    toc_out_abandon(&w.out);
    enc_writer_release(&w.writer);
    return st;
}

/* Options that do not go together. */
static toc_status check(toc_ctx *ctx, const encode_args *a)
{
    const bool searches = a->similar > 0 || a->query.n;
    const struct {
        bool wrong;
        const char *why;
    } rules[] = {
        { a->raw && a->normalize, "--normalize and --no-normalize exclude each other" },
        { a->similar > 0 && a->query.n, "--similar and --query are two questions: ask one at a time" },
        { a->vectors && !searches, "--vectors says what FILE holds for --similar and --query" },
        { a->top && !searches, "--top is for --similar and --query" },
        { a->vectors && (a->store || a->rejects || a->text.n || a->id), "--vectors has no use for --store, --rejects, --text and --id: the file holds vectors already" },
    };

    for (size_t i = 0; i < TOC_COUNT(rules); i++)
        if (rules[i].wrong) return toc_fail(ctx, TOC_E_USAGE, "%s", rules[i].why);
    return TOC_OK;
}

static toc_status run(toc_ctx *ctx, const cli_call *call)
{
    const encode_args *a = call->args;
    const char *file = call->n_files ? call->files[0] : "-";
    const enc_options encoding = {
        .max_tokens = (size_t)a->max_tokens, .pool = (enc_pool)place_of(pools, a->pool), .raw = a->raw, .chunks = strcmp(a->truncate, "mean-of-chunks") == 0,
    };
    enc_model *model = NULL;
    toc_status st = TOC_OK;

    TOC_TRY(check(ctx, a));
    if (!a->vectors || a->query.n) {
        TOC_TRY(enc_open(ctx, a->model, (num_precision)place_of(precisions, a->precision), &model));
        st = enc_check_options(ctx, model, &encoding);
    }
    if (!st) st = a->similar > 0 || a->query.n ? encode_search(ctx, a, file, model, &encoding) : write_vectors(ctx, a, file, model, &encoding);
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
