/* train_command.h: private to commands/train*.c: the arguments of "tocsin train" and its subcommands, one file each. */
#ifndef CMD_TRAIN_COMMAND_H
#define CMD_TRAIN_COMMAND_H

#include "cli/cli.h"
#include "reader/reader.h"
#include "train/train.h"

typedef struct {
    cli_list text, pair, set;
    const char *model, *out, *log, *target;
    int64_t budget; /* microseconds; 0 = any */
} train_args;

/* The files of a call after the subcommand. */
typedef struct {
    const char *const *paths;
    size_t n;
} train_files;

/* Subcommands. */
TOC_CHECKED toc_status train_run_vocab(toc_ctx *ctx, const train_args *a, train_files files);
TOC_CHECKED toc_status train_run_pretrain(toc_ctx *ctx, const train_args *a, train_files files);
TOC_CHECKED toc_status train_run_classify(toc_ctx *ctx, const train_args *a, train_files files);
TOC_CHECKED toc_status train_run_embed(toc_ctx *ctx, const train_args *a, train_files files);

/* ---- train_rows.c: the rows of CSV files ---- */

/* One row: its text columns joined by blanks, those of --pair, and --target, both empty where not asked for. Borrowed. */
typedef struct {
    toc_str text, pair, target;
} train_row;
typedef toc_status train_take(toc_ctx *ctx, void *arg, const train_row *row);
/* Calls take for every row of the files ("-" is stdin; none given: stdin). Rows that cannot be read, and such
 * without a text or target, are counted and said. Errors:
 * TOC_E_USAGE (no such column: names those there are), TOC_E_IO, and those of take. */
TOC_CHECKED toc_status train_read(toc_ctx *ctx, const train_args *a, train_files files, train_take *take, void *arg);

/* The rows as tokens of --model's tokenizer; zero is empty. */
typedef struct {
    trn_corpus texts, pairs; /* pairs is empty without --pair */
    toc_pool targets;        /* of --target, and each row's code there */
    uint32_t *target_of;
    size_t cap_targets;
} train_corpora;
TOC_CHECKED toc_status train_corpora_read(toc_ctx *ctx, const train_args *a, train_files files, size_t max_tokens, train_corpora *corpora);
void train_corpora_release(train_corpora *corpora);

/* ---- train_plan.c: what --set says ---- */

/* --model and --out, which every subcommand that learns needs. */
TOC_CHECKED toc_status train_needs(toc_ctx *ctx, const train_args *a, const char *subcommand);
/* The loop's parameters out of --set, over `usual`; others: names this subcommand knows beside them, NULL-terminated. The state lies in --out. plan->settings is
 * of all of --set, the seed and the corpora (partners may be NULL). */
TOC_CHECKED toc_status train_plan(toc_ctx *ctx, const train_args *a, const trn_plan *usual, const char *const *others, const trn_corpus *corpus,
                                  const trn_corpus *partners, trn_plan *plan);
/* What the run was, on stderr; and the page of --html. right: what the share means, "masked tokens guessed". */
TOC_CHECKED toc_status train_tell(toc_ctx *ctx, const train_args *a, const trn_outcome *outcome, const char *right);

#endif
