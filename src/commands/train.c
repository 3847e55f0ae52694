/* train.c: "tocsin train", encoders that learn from a shop's own texts. */
#include "commands/commands.h"
#include "commands/train_command.h"

static const train_args defaults = { .out = NULL };

static const cli_option options[] = {
    CLI_LIST('t', "text", train_args, text, .arg = "COLUMN", .help = "the text; several are joined [title and body]"),
    CLI_LIST(0, "pair", train_args, pair, .arg = "COLUMN", .help = "embed: the text that belongs to it [itself]"),
    CLI_TEXT(0, "target", train_args, target, .arg = "COLUMN", .help = "classify: the column with the answers"),
    CLI_TEXT('m', "model", train_args, model, .arg = "FOLDER", .help = "the model, or the vocabulary, to begin with"),
    CLI_TEXT('o', "out", train_args, out, .arg = "FOLDER", .help = "the new model (needed)"),
    CLI_LIST('s', "set", train_args, set, .arg = "NAME=VALUE", .help = "size=, epochs=, rate=, layers=, ... (see the manual)"),
    CLI_SPAN(0, "time-budget", train_args, budget, .arg = "TIME", .help = "be done after this time, as 90s or 10m [any]"),
    CLI_TEXT(0, "log", train_args, log, .arg = "FILE", .help = "append a JSON line every 20 steps"),
    CLI_END,
};

static toc_status run(toc_ctx *ctx, const cli_call *call)
{
    static const struct {
        const char *word;
        toc_status (*run)(toc_ctx *ctx, const train_args *a, train_files files);
    } walks[] = { { "vocab", train_run_vocab }, { "pretrain", train_run_pretrain }, { "embed", train_run_embed }, { "classify", train_run_classify } };
    const train_args *a = call->args;

    for (size_t i = 0; i < TOC_COUNT(walks); i++) {
        if (strcmp(call->files[0], walks[i].word) != 0) continue;
        if (!a->out) return toc_fail(ctx, TOC_E_USAGE, "train %s needs --out FOLDER for what it learns", walks[i].word);
        return walks[i].run(ctx, a, (train_files){ call->files + 1, call->n_files - 1 });
    }
    return toc_fail(ctx, TOC_E_USAGE, "train what? \"%s\" is none of vocab, pretrain, embed, classify", call->files[0]);
}

const cli_command cmd_train = {
    .name = "train", .group = "More", .usage = "vocab|pretrain|embed|classify [options] [FILE ...]",
    .summary = "teach an encoder from your own texts",
    .examples = "  tocsin train vocab --text body --out mine reviews.csv\n"
                "  tocsin train pretrain --text body --model mine --out mine reviews.csv\n"
                "  tocsin train embed --text title --pair body --model mine --out mine reviews.csv\n"
                "  tocsin train classify --text body --target returned --model mine --out returns reviews.csv",
    .options = options, .defaults = &defaults, .args_size = sizeof defaults, .min_files = 1, .max_files = SIZE_MAX, .run = run,
};
