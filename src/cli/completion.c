/* completion.c: completion scripts for bash, zsh and fish, made from the option tables. */
#include "cli/cli.h"
#include "cli/cli_int.h"

static void each_option(const cli_command *command, toc_out *out, void (*print)(toc_out *out, const cli_command *command, const cli_option *o))
{
    for (const cli_option *o = command->options; o && o->name; o++) print(out, command, o);
    for (const cli_option *o = cli_common_options; o->name; o++) print(out, command, o);
}

static void bash_option(toc_out *out, const cli_command *command, const cli_option *o)
{
    (void)command;
    toc_out_printf(out, " --%s", o->name);
}

static void bash(const cli_command *const *commands, toc_out *out)
{
    toc_out_str(out, "# bash completion for tocsin\n_tocsin() {\n    local cur=${COMP_WORDS[COMP_CWORD]} words\n"
                     "    if [ \"$COMP_CWORD\" -eq 1 ]; then\n        words=\"help");
    for (size_t i = 0; commands[i]; i++) toc_out_printf(out, " %s", commands[i]->name);
    toc_out_str(out, "\"\n    else\n        case ${COMP_WORDS[1]} in\n");
    for (size_t i = 0; commands[i]; i++) {
        toc_out_printf(out, "        %s) words=\"", commands[i]->name);
        each_option(commands[i], out, bash_option);
        toc_out_str(out, "\" ;;\n");
    }
    toc_out_str(out, "        esac\n    fi\n    if [[ $cur == -* || $COMP_CWORD -eq 1 ]]; then\n"
                     "        mapfile -t COMPREPLY < <(compgen -W \"$words\" -- \"$cur\")\n    else\n"
                     "        mapfile -t COMPREPLY < <(compgen -f -- \"$cur\")\n    fi\n}\n"
                     "complete -o filenames -F _tocsin tocsin\n");
}

/* Help inside single quotes of a shell: quotes are dropped, brackets and colons mean something to zsh. */
static void plain_help(toc_out *out, const char *help)
{
    for (; *help; help++)
        if (!strchr("'[]:\\", *help)) toc_out_write(out, help, 1);
}

static void zsh_option(toc_out *out, const cli_command *command, const cli_option *o)
{
    (void)command;
    toc_out_printf(out, " '--%s[", o->name);
    plain_help(out, o->help);
    toc_out_str(out, "]");
    if (o->type != CLI_T_FLAG) toc_out_printf(out, ":%s:%s", cli_value_word(o), o->words ? "" : "_files");
    if (o->words) {
        toc_out_str(out, "(");
        for (const char *const *w = o->words; *w; w++) toc_out_printf(out, "%s%s", w == o->words ? "" : " ", *w);
        toc_out_str(out, ")");
    }
    toc_out_str(out, "'");
}

static void zsh(const cli_command *const *commands, toc_out *out)
{
    toc_out_str(out, "#compdef tocsin\n_tocsin() {\n    if (( CURRENT == 2 )); then\n        local -a commands=(");
    for (size_t i = 0; commands[i]; i++) {
        toc_out_printf(out, " '%s:", commands[i]->name);
        plain_help(out, commands[i]->summary);
        toc_out_str(out, "'");
    }
    toc_out_str(out, ")\n        _describe command commands\n        return\n    fi\n"
                     "    local command=$words[2]\n    shift words; (( CURRENT-- ))\n    case $command in\n");
    for (size_t i = 0; commands[i]; i++) {
        toc_out_printf(out, "    %s) _arguments", commands[i]->name);
        each_option(commands[i], out, zsh_option);
        toc_out_str(out, " '*:file:_files' ;;\n");
    }
    toc_out_str(out, "    esac\n}\n_tocsin \"$@\"\n");
}

static void fish_option(toc_out *out, const cli_command *command, const cli_option *o)
{
    toc_out_printf(out, "complete -c tocsin -n '__fish_seen_subcommand_from %s' -l %s", command->name, o->name);
    if (o->letter) toc_out_printf(out, " -s %c", o->letter);
    if (o->type != CLI_T_FLAG) toc_out_str(out, " -r");
    if (o->words) {
        toc_out_str(out, " -f -a '");
        for (const char *const *w = o->words; *w; w++) toc_out_printf(out, "%s%s", w == o->words ? "" : " ", *w);
        toc_out_str(out, "'");
    }
    toc_out_str(out, " -d '");
    plain_help(out, o->help);
    toc_out_str(out, "'\n");
}

static void fish(const cli_command *const *commands, toc_out *out)
{
    toc_out_str(out, "# fish completion for tocsin\n");
    for (size_t i = 0; commands[i]; i++) {
        toc_out_printf(out, "complete -c tocsin -f -n __fish_use_subcommand -a %s -d '", commands[i]->name);
        plain_help(out, commands[i]->summary);
        toc_out_str(out, "'\n");
        each_option(commands[i], out, fish_option);
    }
}

toc_status cli_completion(toc_ctx *ctx, const cli_command *const *commands, const char *shell, toc_out *out)
{
    static const struct {
        const char *name;
        void (*print)(const cli_command *const *commands, toc_out *out);
    } shells[] = { { "bash", bash }, { "zsh", zsh }, { "fish", fish } };

    for (size_t i = 0; i < TOC_COUNT(shells); i++) {
        if (strcmp(shells[i].name, shell) != 0) continue;
        shells[i].print(commands, out);
        return TOC_OK;
    }
    return toc_fail(ctx, TOC_E_USAGE, "no completion for \"%s\"; there are bash, zsh and fish", shell);
}
