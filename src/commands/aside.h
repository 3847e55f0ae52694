/* aside.h: private to commands/: the columns of a CSV put aside, beyond 256 MiB in an unnamed file, so that it may be larger than memory. */
#ifndef CMD_ASIDE_H
#define CMD_ASIDE_H

#include "cli/cli.h"
#include "table/table.h"

/* Zero is empty. `table` has the columns without rows; a column of text has its texts in its pool. */
typedef struct {
    tab_table table;
    size_t *kept;        /* n_kept: columns of the table that were put aside */
    bool *text;          /* per column of the table */
    size_t n_kept, n, n_without; /* rows with a target, without */
    const tab_column *target, *weights; /* weights: NULL = none */
    uint32_t *target_code; /* n */
    double *weight;      /* n, or NULL */
    toc_spool spool;     /* blocks of `rows` rows, column after column */
    double *block;
    size_t rows, n_filled, cap_target, cap_weight;
} cmd_aside;

/* Whether a path is a file: pipes and standard input can be read only once. */
bool cmd_can_read_twice(const char *path);
/* Reads path twice: to find out what is a number, by the rule of tab_infer, and to put the columns aside. drop as in cmd_read_learning; weight: the name
 * of a column of weights, or NULL. In memory are the texts of text columns, 4 bytes a row (8 more with weights) and 320 MiB. Errors: those of reading,
 * of the spool, and of cmd_read_learning; TOC_E_DATA where a row has no weight. */
TOC_CHECKED toc_status cmd_put_aside(toc_ctx *ctx, const char *path, const char *target, const cli_list *drop, const char *weight, cmd_aside *aside);
/* Column kept[k] again: n numbers, or codes of its texts; NaN = missing. */
TOC_CHECKED toc_status cmd_aside_column(toc_ctx *ctx, const cmd_aside *aside, size_t k, double *values);
void cmd_aside_release(cmd_aside *aside);

#endif
