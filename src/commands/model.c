/* model.c: "tocsin model", what a model of the encoder is, whether it is whole, and the same in a third of the room. */
#include "cli/cli.h"
#include "commands/commands.h"
#include "encoder/encoder.h"

typedef struct {
    const char *out;
} args;

static const args defaults = { .out = NULL };

static const cli_option options[] = {
    CLI_TEXT('o', "out", args, out, .arg = "PATH", .help = "info: write to file PATH [stdout]; quantize: the new folder"),
    CLI_END,
};

static void print_info(const enc_description *d, toc_out *out)
{
    const struct {
        const char *name;
        size_t value;
    } sizes[] = {
        { "layers", d->layers },       { "hidden", d->hidden },         { "heads", d->heads },   { "inner", d->inner },     { "vocabulary", d->vocab },
        { "tokens", d->tokens },       { "positions", d->positions },   { "max_tokens", d->max_tokens }, { "dimension", d->dim }, { "parameters", d->params },
        { "tensors", d->tensors },     { "bytes", (size_t)d->bytes },
    };

    toc_out_printf(out, "what,value\nfamily,%s\npooling,%s\n", d->family, d->pooling);
    for (size_t i = 0; i < TOC_COUNT(sizes); i++) toc_out_printf(out, "%s,%zu\n", sizes[i].name, sizes[i].value);
    for (size_t k = 0; k < d->n_types; k++) toc_out_printf(out, "numbers_%s,%zu\n", d->types[k].name, d->types[k].numbers);
    toc_out_printf(out, "hash,%016llx\nlicense,%s\n", (unsigned long long)d->hash, d->license ? d->license : "");
}

static toc_status info(toc_ctx *ctx, const args *a, const char *folder)
{
    enc_description description;
    toc_out out = {0};

    TOC_TRY(enc_describe(ctx, folder, &description));
    TOC_TRY(toc_out_open(ctx, a->out ? a->out : "-", false, &out));
    print_info(&description, &out);
    return toc_out_close(ctx, &out);
}

static toc_status check(toc_ctx *ctx, const args *a, const char *folder)
{
    enc_checked checked;

    (void)a;
    TOC_TRY(enc_check(ctx, folder, &checked));
    if (checked.tokens < checked.vocab)
        toc_note(ctx, "the vocabulary has %zu tokens, the table of words %zu rows: some are never used", checked.tokens, checked.vocab);
    if (checked.n_unread) toc_note(ctx, "%zu tensors are not read: %s", checked.n_unread, checked.unread);
    toc_note(ctx, "%zu tensors, %zu numbers, %zu tokens and the vectors of %zu texts hold", checked.tensors, checked.numbers, checked.tokens, checked.texts);
    return TOC_OK;
}

static toc_status quantize(toc_ctx *ctx, const args *a, const char *folder)
{
    enc_quantized done;

    if (!a->out) return toc_fail(ctx, TOC_E_USAGE, "quantize needs --out FOLDER for the new model");
    TOC_TRY(enc_quantize(ctx, folder, a->out, &done));
    toc_note(ctx, "%zu matrices became bytes: %.1f MB instead of %.1f; smallest cosine of ten texts' vectors with those before %.4f", done.matrices,
             (double)done.bytes / 1e6, (double)done.bytes_before / 1e6, done.cosine);
    return TOC_OK;
}

static toc_status run(toc_ctx *ctx, const cli_call *call)
{
    static const struct {
        const char *name;
        toc_status (*run)(toc_ctx *ctx, const args *a, const char *folder);
    } verbs[] = { { "info", info }, { "check", check }, { "quantize", quantize } };

    for (size_t i = 0; i < TOC_COUNT(verbs); i++)
        if (strcmp(verbs[i].name, call->files[0]) == 0) return verbs[i].run(ctx, call->args, call->n_files > 1 ? call->files[1] : NULL);
    return toc_fail(ctx, TOC_E_USAGE, "\"%s\" is none of info, check, quantize", call->files[0]);
}

const cli_command cmd_model = {
    .name = "model", .group = "More", .usage = "info|check|quantize [MODEL] [options]",
    .summary = "what a model of the encoder is; check it, write it with weights of 8 bits",
    .examples = "tocsin model info\n"
                "tocsin model check models/bge-small\n"
                "tocsin model quantize models/bge-small --out models/bge-small-int8",
    .options = options, .defaults = &defaults, .args_size = sizeof defaults, .min_files = 1, .max_files = 2, .run = run,
};
