/* cli_int.h: private to cli/. */
#ifndef CLI_INT_H
#define CLI_INT_H

#include "cli/cli.h"

/* Options every command has; their fields are in cli_common. */
typedef struct {
    bool help, version, verbose, quiet;
    int64_t threads, seed;
    const char *tz;
} cli_common;
extern const cli_option cli_common_options[];

/* The word that stands for an option's value in help: FILE, N, DAYS ... NULL for flags. */
const char *cli_value_word(const cli_option *option);
/* Help of the program (all: with the commands that only help -a shows) and of one command, to stdout. */
TOC_CHECKED toc_status cli_help_program(toc_ctx *ctx, const cli_command *const *commands, bool all);
TOC_CHECKED toc_status cli_help_command(toc_ctx *ctx, const cli_command *command);
/* Parses argv[first..] into call (arena of ctx) and common. */
TOC_CHECKED toc_status cli_parse(toc_ctx *ctx, const cli_command *command, int argc, char **argv, int first, cli_call *call, cli_common *common);

#endif
