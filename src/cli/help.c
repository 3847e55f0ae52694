/* help.c: help made from the tables. */
#include "cli/cli.h"
#include "cli/cli_int.h"

const char *cli_value_word(const cli_option *option)
{
    static const char *const by_type[] = {
        [CLI_T_INT] = "N", [CLI_T_NUM] = "X", [CLI_T_TEXT] = "TEXT", [CLI_T_LIST] = "TEXT", [CLI_T_WORD] = "WORD", [CLI_T_SPAN] = "90d",
        [CLI_T_TIME] = "DATE",
    };
    if (option->type == CLI_T_FLAG) return NULL;
    return option->arg ? option->arg : by_type[option->type];
}

static void print_option(toc_out *out, const cli_option *o)
{
    char left[64];
    const char *word = cli_value_word(o);
    char letter[5] = "    ";

    if (o->letter) snprintf(letter, sizeof letter, "-%c, ", o->letter);
    snprintf(left, sizeof left, "%s--%s%s%s", letter, o->name, word ? " " : "", word ? word : "");
    toc_out_printf(out, "  %-24s %s\n", left, o->help);
}

static bool shown_before(const cli_command *const *commands, size_t i)
{
    for (size_t k = 0; k < i; k++)
        if (strcmp(commands[k]->group, commands[i]->group) == 0) return true;
    return false;
}

toc_status cli_help_program(toc_ctx *ctx, const cli_command *const *commands, bool all)
{
    toc_out out;

    TOC_TRY(toc_out_open(ctx, "-", false, &out));
    toc_out_str(&out, "tocsin: churn, fraud and inventory warnings from the CSV exports a shop already has\n\n"
                      "usage: tocsin COMMAND [options] [FILE ...]\n");
    for (size_t i = 0; commands[i]; i++) {
        bool more = strcmp(commands[i]->group, "More") == 0;
        if ((more && !all) || shown_before(commands, i)) continue;
        toc_out_printf(&out, "\n%s\n", commands[i]->group);
        for (size_t k = i; commands[k]; k++)
            if (strcmp(commands[k]->group, commands[i]->group) == 0)
                toc_out_printf(&out, "  %-11s %s\n", commands[k]->name, commands[k]->summary);
    }
    toc_out_str(&out, "\ntocsin COMMAND -h shows a command's options, man tocsin-COMMAND everything; tocsin help -a lists all commands.\n");
    return toc_out_close(ctx, &out);
}

toc_status cli_help_command(toc_ctx *ctx, const cli_command *command)
{
    toc_out out;

    TOC_TRY(toc_out_open(ctx, "-", false, &out));
    toc_out_printf(&out, "usage: tocsin %s %s\n%s\n", command->name, command->usage, command->summary);
    if (command->examples) toc_out_printf(&out, "\n%s\n", command->examples);
    toc_out_str(&out, "\n");
    for (const cli_option *o = command->options; o && o->name; o++)
        if (!o->hidden) print_option(&out, o);
    toc_out_str(&out, "  -h, --help; -v, --verbose; -q, --quiet; --threads N; --seed N; --tz ZONE\n");
    return toc_out_close(ctx, &out);
}
