/* learning.h: private to commands/: any CSV as columns to learn from (gain, tree). */
#ifndef CMD_LEARNING_H
#define CMD_LEARNING_H

#include "cli/cli.h"
#include "table/table.h"
#include "tree/tree.h"

/* The rows of a file that have a target, as columns of numbers and codes. Zero is empty; arrays live in ctx->arena. */
typedef struct {
    tab_table table;
    tree_data data;
    const tab_column *target; /* text, of all rows of the table */
    const uint32_t *row;      /* data.n: which row of the table each one is */
    size_t n_without;         /* rows left out: no target */
} cmd_learning;

/* Reads path ("-" = stdin). `drop`: columns left out (TOC_E_USAGE where there is none of that name); the target is left out by itself. skip_ids also
 * leaves out text columns with a different value in more than half of the rows, and says so. */
TOC_CHECKED toc_status cmd_read_learning(toc_ctx *ctx, const char *path, const char *target, const cli_list *drop, bool skip_ids,
                                         cmd_learning *learning);
void cmd_learning_release(cmd_learning *learning);
/* n rows of one column as numbers: text column cells that are no number are missing. values: n_rows, the caller's. */
TOC_CHECKED toc_status cmd_numbers_of(toc_ctx *ctx, const tab_column *column, size_t n_rows, double *values);

#endif
