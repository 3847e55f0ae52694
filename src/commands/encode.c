/* encode.c: "tocsin encode", one vector for every row of texts. */
#include "cli/cli.h"
#include "commands/commands.h"
#include "encoder/encoder.h"
#include "reader/reader.h"

typedef struct {
    cli_list text;
    const char *id, *model, *format, *pool, *precision, *rejects, *out;
    int64_t max_tokens;
    bool raw;
} args;

/* In the order of enc_format and enc_pool. */
static const char *const formats[] = { "csv", "jsonl", "npy", "f32", NULL };
static const char *const pools[] = { "model", "mean", "cls", "max", NULL };
static const char *const precisions[] = { "fp32", "bf16", "int8", NULL };
static const args defaults = { .format = "csv", .pool = "model", .precision = "fp32", .out = "-" };

static const cli_option options[] = {
    CLI_LIST('t', "text", args, text, .arg = "COLUMN", .help = "the text; several are joined by a blank [title and body]"),
    CLI_TEXT('i', "id", args, id, .arg = "COLUMN", .help = "what a row is called [the first column]"),
    CLI_TEXT('m', "model", args, model, .arg = "DIR", .help = "folder of the model [$TOCSIN_MODEL, then where tools/get-model puts it]"),
    CLI_WORD('f', "format", args, format, formats, .arg = "HOW", .help = "csv, jsonl, npy, or f32: bare floats [csv]"),
    CLI_INT(0, "max-tokens", args, max_tokens, .min = 2, .max = 65536, .help = "read so much of a text, two marks included [the model's]"),
    CLI_WORD(0, "pool", args, pool, pools, .arg = "HOW", .help = "mean or max of all tokens, or cls, the first one [the model's]"),
    CLI_WORD(0, "precision", args, precision, precisions, .arg = "HOW", .help = "of the products: fp32, bf16 or int8, each about twice as fast [fp32]"),
    CLI_FLAG(0, "no-normalize", args, raw, .help = "leave the vectors as long as they come"),
    CLI_TEXT('r', "rejects", args, rejects, .arg = "FILE", .help = "write rows that cannot be read to FILE [the first one fails]"),
    CLI_TEXT('o', "out", args, out, .arg = "FILE", .help = "write to FILE [stdout]"),
    CLI_END,
};

enum { ROWS_AT_ONCE = 1024 };

typedef struct {
    const args *a;
    rd_reader *reader;
    toc_out out, rejects;
    enc_model *model;
    enc_options encoding;
    enc_stats stats;
    enc_writer writer;
    size_t id, *columns, n_columns, refused;
    /* rows waiting for their vectors */
    toc_str *ids, *texts;
    float *vectors;
    size_t n;
    toc_arena joined;
} walk;

static bool find_column(const walk *w, const char *name, size_t *column)
{
    size_t n;
    const toc_str *header = rd_header(w->reader, &n);

    for (*column = 0; *column < n; ++*column)
        if (toc_str_is(header[*column], name)) return true;
    return false;
}

static toc_status no_column(toc_ctx *ctx, const walk *w, const char *what)
{
    toc_buf names = {0};
    size_t n;
    const toc_str *header = rd_header(w->reader, &n);
    toc_status st = TOC_OK;

    for (size_t j = 0; j < n && !st; j++) st = toc_buf_printf(ctx, &names, "%s%.*s", j ? ", " : "", (int)TOC_MIN(header[j].n, (size_t)80), header[j].p);
    if (!st) st = toc_fail(ctx, TOC_E_USAGE, "%s: no column %s; there are: %.1500s", rd_path(w->reader), what, names.p ? names.p : "");
    toc_buf_release(&names);
    return st;
}

static toc_status choose_columns(toc_ctx *ctx, walk *w)
{
    static const char *const usual[] = { "title", "body" };
    const cli_list *wanted = &w->a->text;

    if (w->a->id && !find_column(w, w->a->id, &w->id)) return no_column(ctx, w, w->a->id);
    TOC_TRY(toc_arena_alloc(ctx, &ctx->arena, wanted->n + TOC_COUNT(usual), sizeof *w->columns, &w->columns));
    for (size_t k = 0; k < wanted->n; k++)
        if (!find_column(w, wanted->items[k], &w->columns[w->n_columns++])) return no_column(ctx, w, wanted->items[k]);
    for (size_t k = 0; !wanted->n && k < TOC_COUNT(usual); k++)
        if (find_column(w, usual[k], &w->columns[w->n_columns])) w->n_columns++;
    return w->n_columns ? TOC_OK : no_column(ctx, w, "title or body (name the text with --text)");
}

/* The text columns of a record, joined by blanks; borrowed from the batch or the walk. */
static toc_status text_of(toc_ctx *ctx, walk *w, const rd_batch *batch, const rd_record *record, toc_str *text)
{
    size_t n = 0, at = 0;
    char *joined;

    *text = rd_field(batch, record, w->columns[0]);
    if (w->n_columns == 1) return TOC_OK;
    for (size_t k = 0; k < w->n_columns; k++) n += rd_field(batch, record, w->columns[k]).n + 1;
    TOC_TRY(toc_arena_alloc(ctx, &w->joined, n, 1, &joined));
    for (size_t k = 0; k < w->n_columns; k++) {
        toc_str field = rd_field(batch, record, w->columns[k]);
        if (at && field.n) joined[at++] = ' ';
        memcpy(joined + at, field.p, field.n);
        at += field.n;
    }
    *text = (toc_str){ joined, at };
    return TOC_OK;
}

static toc_status flush(toc_ctx *ctx, walk *w)
{
    TOC_TRY(enc_encode(ctx, w->model, w->texts, w->n, &w->encoding, w->vectors, &w->stats));
    TOC_TRY(enc_writer_rows(ctx, &w->writer, w->ids, w->vectors, w->n));
    w->n = 0;
    toc_arena_release(&w->joined);
    return TOC_OK;
}

static toc_status refuse(toc_ctx *ctx, walk *w, const rd_batch *batch, const rd_record *record)
{
    char why[160];

    rd_fault_text(w->reader, batch, record, why);
    if (record->fault == RD_TRAILER && !w->a->rejects) return TOC_OK;
    if (!w->a->rejects) return toc_fail(ctx, TOC_E_DATA, "%s:%zu: %s", rd_path(w->reader), rd_line(batch, record), why);
    w->refused += record->fault != RD_TRAILER;
    return rd_reject(ctx, &w->rejects, w->reader, batch, record, (toc_str){ "", 0 }, rd_fault_code(record->fault), why);
}

static toc_status encode_batch(toc_ctx *ctx, walk *w, const rd_batch *batch)
{
    for (size_t i = 0; i < batch->n; i++) {
        const rd_record *record = &batch->records[i];
        if (record->fault) {
            TOC_TRY(refuse(ctx, w, batch, record));
            continue;
        }
        w->ids[w->n] = rd_field(batch, record, w->id);
        TOC_TRY(text_of(ctx, w, batch, record, &w->texts[w->n]));
        if (++w->n == ROWS_AT_ONCE) TOC_TRY(flush(ctx, w));
    }
    /* The rest borrows from the batch, which is about to go. */
    return w->n ? flush(ctx, w) : TOC_OK;
}

static toc_status encode_all(toc_ctx *ctx, walk *w)
{
    rd_batch batch = {0};
    toc_status st;
    size_t n_header;

    if ((st = choose_columns(ctx, w))) goto out;
    if ((st = toc_alloc(ctx, ROWS_AT_ONCE, sizeof *w->ids, &w->ids))) goto out;
    if ((st = toc_alloc(ctx, ROWS_AT_ONCE, sizeof *w->texts, &w->texts))) goto out;
    if ((st = toc_alloc(ctx, ROWS_AT_ONCE * enc_dim(w->model), sizeof *w->vectors, &w->vectors))) goto out;
    enc_writer_begin(&w->writer, &w->out, w->writer.format, enc_dim(w->model), rd_header(w->reader, &n_header)[w->id], NULL);
    do {
        if ((st = rd_next(ctx, w->reader, &batch)) || (st = encode_batch(ctx, w, &batch))) goto out;
    } while (batch.n);
    st = enc_writer_end(ctx, &w->writer);
    if (!st) st = toc_out_close(ctx, &w->out);
out:
    rd_batch_release(&batch);
    return st;
}

static void report(toc_ctx *ctx, const walk *w)
{
    size_t most = w->encoding.max_tokens ? w->encoding.max_tokens : enc_max_tokens(w->model);

    if (w->refused) toc_warn(ctx, "%zu rows could not be read: see %s", w->refused, w->a->rejects);
    if (w->stats.truncated) toc_warn(ctx, "%zu of %zu texts were longer than %zu tokens and cut there", w->stats.truncated, w->stats.texts, most);
    toc_note(ctx, "%zu texts, %zu without words, %zu tokens", w->stats.texts, w->stats.empty, w->stats.tokens);
}

static int place_of(const char *const *words, const char *word)
{
    int k = 0;

    while (strcmp(words[k], word) != 0) k++;
    return k;
}

static toc_status run(toc_ctx *ctx, const cli_call *call)
{
    const args *a = call->args;
    walk w = { .a = a };
    toc_status st;

    w.encoding = (enc_options){ .max_tokens = (size_t)a->max_tokens, .raw = a->raw };
    w.encoding.pool = (enc_pool)place_of(pools, a->pool);
    w.writer.format = (enc_format)place_of(formats, a->format);
    num_precision precision = strcmp(a->precision, "int8") == 0 ? NUM_INT8 : strcmp(a->precision, "bf16") == 0 ? NUM_BF16 : NUM_FP32;
    if ((st = enc_open(ctx, a->model, precision, &w.model))) goto out;
    if ((st = rd_open(ctx, call->n_files ? call->files[0] : "-", NULL, &w.reader))) goto out;
    if ((st = toc_out_open(ctx, a->out, false, &w.out))) goto out;
    if (a->rejects) {
        if ((st = toc_out_open(ctx, a->rejects, true, &w.rejects))) goto out;
        rd_reject_header(&w.rejects);
    }
    st = encode_all(ctx, &w);
    if (a->rejects) {
        toc_status closed = toc_out_close(ctx, &w.rejects);
        if (!st) st = closed;
    }
    if (!st) report(ctx, &w);
out:
    toc_out_abandon(&w.out);
    toc_out_abandon(&w.rejects);
    enc_writer_release(&w.writer);
    toc_arena_release(&w.joined);
    toc_free(w.ids);
    toc_free(w.texts);
    toc_free(w.vectors);
    rd_close(w.reader);
    enc_close(w.model);
    return st;
}

const cli_command cmd_encode = {
    .name = "encode", .group = "In a pipe", .usage = "[--text COLUMN] [options] [FILE]",
    .summary = "turn texts into vectors with a transformer",
    .examples = "tocsin encode reviews.csv > vectors.csv\n"
                "tocsin encode --text title --text body --id review_id --format npy reviews.csv > vectors.npy",
    .options = options, .defaults = &defaults, .args_size = sizeof defaults, .max_files = 1, .run = run,
};
