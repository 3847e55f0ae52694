/* completion.c: "tocsin completion", a completion script for a shell. */
#include "cli/cli.h"
#include "commands/commands.h"

static const cli_option options[] = { CLI_END };

static toc_status run(toc_ctx *ctx, const cli_call *call)
{
    toc_out out;

    TOC_TRY(toc_out_open(ctx, "-", false, &out));
    toc_status st = cli_completion(ctx, cmd_all, call->files[0], &out);
    if (st) {
        toc_out_abandon(&out);
        return st;
    }
    return toc_out_close(ctx, &out);
}

const cli_command cmd_completion = {
    .name = "completion", .group = "More", .usage = "bash|zsh|fish",
    .summary = "print a completion script for a shell",
    .options = options, .min_files = 1, .max_files = 1, .run = run,
};
