/* tree_command.h: private to commands/tree*.c: the arguments of "tocsin tree" and its subcommands, one file each. */
#ifndef CMD_TREE_COMMAND_H
#define CMD_TREE_COMMAND_H

#include "cli/cli.h"
#include "commands/learning.h"
#include "tree/tree.h"

typedef struct {
    const char *target, *positive, *model, *order, *as, *format, *out, *score, *weight;
    cli_list drop, set;
    double test_share, threshold;
    int64_t every, trees, top, alerts, trials;
    int64_t budget; /* microseconds; 0 = any */
} tree_args;

/* The target as numbers: amounts, or the number of the class, and what each row weighs. Lives in ctx->arena. */
typedef struct {
    double *y, *weight;   /* rows of the learning */
    const char **classes; /* none for amounts; of two the second is the positive one, more are sorted by bytes */
    size_t n_classes;
} tree_taught;

/* Chosen rows in a given order; lives in ctx->arena. */
typedef struct {
    tree_data data;
    double *y, *weight;
} tree_part;

/* p->n_classes is set for the multi-class loss. */
TOC_CHECKED toc_status tree_teach(toc_ctx *ctx, const tree_args *a, const cmd_learning *l, tree_params *p, tree_taught *t);
/* order (data.n): that of the file, or sorted by --order (numbers by value, texts by bytes: ISO times sort right). */
TOC_CHECKED toc_status tree_order(toc_ctx *ctx, const tree_args *a, const cmd_learning *l, uint32_t *order);
TOC_CHECKED toc_status tree_subset(toc_ctx *ctx, const tree_data *data, const tree_taught *t, const uint32_t *rows, size_t n, tree_part *chosen);
/* Columns that are not learned from: --drop, and --weight. */
TOC_CHECKED toc_status tree_dropped(toc_ctx *ctx, const tree_args *a, cli_list *drop);

/* Subcommands; file: the path given after their name, or "-". */
TOC_CHECKED toc_status tree_run_fit(toc_ctx *ctx, const tree_args *a, const char *file);
TOC_CHECKED toc_status tree_run_predict(toc_ctx *ctx, const tree_args *a, const char *file);
TOC_CHECKED toc_status tree_run_explain(toc_ctx *ctx, const tree_args *a, const char *file);
TOC_CHECKED toc_status tree_run_eval(toc_ctx *ctx, const tree_args *a, const char *file);
TOC_CHECKED toc_status tree_run_tune(toc_ctx *ctx, const tree_args *a, const char *file);
TOC_CHECKED toc_status tree_run_show(toc_ctx *ctx, const tree_args *a, const char *file);

/* The model's parameters out of --set; then those that name columns, p->monotone, which lives in ctx->arena. */
TOC_CHECKED toc_status tree_params_of(toc_ctx *ctx, const cli_list *set, tree_params *p);
TOC_CHECKED toc_status tree_monotone_of(toc_ctx *ctx, const cli_list *set, const tree_data *data, tree_params *p);
/* With class_weight=balanced, weights (n) are multiplied so that all classes weigh the same, in all as much as before. y (n): classes. */
TOC_CHECKED toc_status tree_balance(toc_ctx *ctx, const cli_list *set, size_t n_classes, const double *y, size_t n, double *weight);
/* --format, or the first of `words` (NULL-terminated) where none was given; TOC_E_USAGE when the subcommand has no such format. */
TOC_CHECKED toc_status tree_format(toc_ctx *ctx, const tree_args *a, const char *subcommand, const char *const *words, const char **format);
/* Code of the positive one of the target's two values in n rows: as told (NULL = not), else 1, yes, true ..., else the rarer (the first by bytes of
 * equals). Errors: TOC_E_DATA (one value, or more than two), TOC_E_USAGE (told one that is not there). */
TOC_CHECKED toc_status tree_positive(toc_ctx *ctx, const char *told, const tab_column *target, const uint32_t *row, size_t n_rows, uint32_t *code);
/* The model's columns out of a table of texts, by name; arrays live in ctx->arena. TOC_E_USAGE names those that are not there. */
TOC_CHECKED toc_status tree_columns_for(toc_ctx *ctx, const tree_model *model, const char *model_path, const tab_table *table, tree_data *data);
/* Loads --model and reads file for it. In any case release the table and free the model. */
TOC_CHECKED toc_status tree_read(toc_ctx *ctx, const tree_args *a, const char *file, tree_model **model, tab_table *table, tree_data *data);

#endif
