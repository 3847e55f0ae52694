/* run.c: finds the command, applies the common options, runs it. */
#include "cli/cli.h"

#include <unistd.h>

#include "cli/cli_int.h"

/* Levenshtein distance, cut off at `limit` + 1. */
static size_t edit_distance(const char *a, const char *b, size_t limit)
{
    size_t row[64], na = strlen(a), nb = strlen(b);

    if (nb >= TOC_COUNT(row) || na > nb + limit || nb > na + limit) return limit + 1;
    for (size_t j = 0; j <= nb; j++) row[j] = j;
    for (size_t i = 1; i <= na; i++) {
        size_t diagonal = row[0];
        row[0] = i;
        for (size_t j = 1; j <= nb; j++) {
            size_t replaced = diagonal + (a[i - 1] != b[j - 1]), inserted = TOC_MIN(row[j], row[j - 1]) + 1;
            diagonal = row[j];
            row[j] = TOC_MIN(replaced, inserted);
        }
    }
    return row[nb];
}

const char *cli_nearest(const char *word, const char *const *names, size_t n)
{
    const char *best = NULL;
    size_t best_distance = 3;

    for (size_t i = 0; i < n; i++) {
        size_t d = edit_distance(word, names[i], 2);
        if (d >= best_distance) continue;
        best = names[i];
        best_distance = d;
    }
    return best;
}

static const cli_command *find_command(const cli_command *const *commands, const char *name)
{
    for (size_t i = 0; commands[i]; i++)
        if (strcmp(commands[i]->name, name) == 0) return commands[i];
    return NULL;
}

static toc_status unknown_command(toc_ctx *ctx, const cli_command *const *commands, const char *name)
{
    const char *names[64];
    size_t n = 0;

    for (size_t i = 0; commands[i] && n < TOC_COUNT(names); i++) names[n++] = commands[i]->name;
    const char *near = cli_nearest(name, names, n);
    if (near) return toc_fail(ctx, TOC_E_USAGE, "unknown command \"%s\"; did you mean %s?", name, near);
    return toc_fail(ctx, TOC_E_USAGE, "unknown command \"%s\"; tocsin help lists them", name);
}

static toc_status print_version(toc_ctx *ctx)
{
    toc_out out;

    TOC_TRY(toc_out_open(ctx, "-", false, &out));
    toc_out_str(&out, "tocsin " TOC_VERSION "\nCopyright (c) 2026 the tocsin authors. MIT licence.\n");
    return toc_out_close(ctx, &out);
}

static toc_status help(toc_ctx *ctx, const cli_command *const *commands, int argc, char **argv)
{
    bool all = argc > 2 && (strcmp(argv[2], "-a") == 0 || strcmp(argv[2], "--all") == 0);

    if (argc <= 2 || all) return cli_help_program(ctx, commands, all);
    const cli_command *command = find_command(commands, argv[2]);
    return command ? cli_help_command(ctx, command) : unknown_command(ctx, commands, argv[2]);
}

static void apply_common(toc_ctx *ctx, const cli_common *common)
{
    long cores = sysconf(_SC_NPROCESSORS_ONLN);

    ctx->n_threads = common->threads > 0 ? (size_t)common->threads : cores > 0 ? (size_t)cores : 1;
    if (common->seed >= 0) ctx->seed = (uint64_t)common->seed;
    ctx->verbose = common->quiet ? -1 : common->verbose;
}

toc_status cli_main(toc_ctx *ctx, const cli_command *const *commands, int argc, char **argv)
{
    cli_common common = { .seed = -1 };
    cli_call call = {0};

    if (argc < 2) return cli_help_program(ctx, commands, false);
    const char *name = argv[1];
    if (strcmp(name, "--version") == 0 || strcmp(name, "-V") == 0) return print_version(ctx);
    if (strcmp(name, "help") == 0 || strcmp(name, "--help") == 0 || strcmp(name, "-h") == 0) return help(ctx, commands, argc, argv);
    const cli_command *command = find_command(commands, name);
    if (!command) return unknown_command(ctx, commands, name);
    ctx->command = command->name;
    TOC_TRY(cli_parse(ctx, command, argc, argv, 2, &call, &common));
    if (common.help) return cli_help_command(ctx, command);
    if (common.version) return print_version(ctx);
    apply_common(ctx, &common);
    return command->run(ctx, &call);
}
