/* parse.c: from argv to a command's struct, by its option table. Order of options and files does not matter; "--" ends options. */
#include "cli/cli.h"

#include <math.h>

#include "cli/cli_int.h"

const cli_option cli_common_options[] = {
    CLI_FLAG('h', "help", cli_common, help, .help = "show this help"),
    CLI_FLAG('V', "version", cli_common, version, .help = "show the version"),
    CLI_FLAG('v', "verbose", cli_common, verbose, .help = "say what was done"),
    CLI_FLAG('q', "quiet", cli_common, quiet, .help = "no notices; warnings still show"),
    CLI_INT(0, "threads", cli_common, threads, .min = 1, .max = 1024, .help = "threads to use [all cores]"),
    CLI_INT(0, "seed", cli_common, seed, .min = 0, .max = 9e15, .help = "seed of random choices [1]"),
    CLI_TEXT(0, "tz", cli_common, tz, .arg = "ZONE", .help = "zone of times without an offset [UTC]"),
    CLI_END,
};

/* One parse in progress. */
typedef struct {
    const cli_command *command;
    char *args;          /* the command's struct */
    cli_common *common;
    const cli_option **times; /* CLI_TIME options wait for --tz */
    const char **time_texts;
    size_t n_times;
} parse;

static toc_status usage_error(toc_ctx *ctx, const parse *p, const char *what, const char *word, const char *hint)
{
    if (hint) return toc_fail(ctx, TOC_E_USAGE, "%s \"%s\"; did you mean --%s? tocsin %s -h lists the options", what, word, hint, p->command->name);
    return toc_fail(ctx, TOC_E_USAGE, "%s \"%s\"; tocsin %s -h lists the options", what, word, p->command->name);
}

static toc_status bad_value(toc_ctx *ctx, const cli_option *o, const char *text, const char *wanted)
{
    return toc_fail(ctx, TOC_E_USAGE, "--%s: \"%s\" is not %s", o->name, text, wanted);
}

static bool out_of_range(const cli_option *o, double value)
{
    return (o->min != 0 || o->max != 0) && (value < o->min || value > o->max);
}

static toc_status range_error(toc_ctx *ctx, const cli_option *o, const char *text)
{
    return toc_fail(ctx, TOC_E_USAGE, "--%s: %s is not between %.15g and %.15g", o->name, text, o->min, o->max);
}

static toc_status set_word(toc_ctx *ctx, const cli_option *o, void *field, const char *text)
{
    toc_buf list = {0};

    for (const char *const *w = o->words; *w; w++) {
        if (strcmp(*w, text) != 0) continue;
        memcpy(field, w, sizeof *w);
        return TOC_OK;
    }
    toc_status st = TOC_OK;
    for (const char *const *w = o->words; *w && !st; w++) st = toc_buf_printf(ctx, &list, "%s%s", w == o->words ? "" : ", ", *w);
    if (!st) st = toc_fail(ctx, TOC_E_USAGE, "--%s: \"%s\" is none of: %s", o->name, text, list.p);
    toc_buf_release(&list);
    return st;
}

static toc_status add_to_list(toc_ctx *ctx, cli_list *list, const char *text)
{
    const char **items;

    TOC_TRY(toc_arena_alloc(ctx, &ctx->arena, list->n + 1, sizeof *items, &items));
    if (list->n) memcpy(items, list->items, list->n * sizeof *items);
    items[list->n] = text;
    *list = (cli_list){ items, list->n + 1 };
    return TOC_OK;
}

static toc_status set_value(toc_ctx *ctx, parse *p, const cli_option *o, void *field, const char *text)
{
    int64_t i;
    double d;

    switch (o->type) {
    case CLI_T_INT:
        if (!toc_parse_int(toc_str_of(text), &i)) return bad_value(ctx, o, text, "a whole number");
        if (out_of_range(o, (double)i)) return range_error(ctx, o, text);
        *(int64_t *)field = i;
        return TOC_OK;
    case CLI_T_NUM:
        if (!toc_parse_double(toc_str_of(text), &d)) return bad_value(ctx, o, text, "a number");
        if (out_of_range(o, d)) return range_error(ctx, o, text);
        *(double *)field = d;
        return TOC_OK;
    case CLI_T_SPAN:
        if (!toc_parse_span(toc_str_of(text), &i)) return bad_value(ctx, o, text, "a span of time such as 90d, 12h or 2w");
        if (out_of_range(o, (double)i / (double)TOC_DAY)) return range_error(ctx, o, text);
        *(int64_t *)field = i;
        return TOC_OK;
    case CLI_T_TEXT: *(const char **)field = text; return TOC_OK;
    case CLI_T_WORD: return set_word(ctx, o, field, text);
    case CLI_T_LIST: return add_to_list(ctx, field, text);
    case CLI_T_TIME:
        p->times[p->n_times] = o;
        p->time_texts[p->n_times++] = text;
        return TOC_OK;
    case CLI_T_FLAG:
    case CLI_T_END: break;
    }
    return toc_fail(ctx, TOC_E_BUG, "option --%s has no type", o->name);
}

/* The option of that long name (n bytes) or letter, in the command's table or the common one; *base is its struct. */
static const cli_option *find_option(const parse *p, const char *name, size_t n, char letter, char **base)
{
    const cli_option *tables[] = { p->command->options, cli_common_options };
    char *bases[] = { p->args, (char *)p->common };

    for (size_t t = 0; t < 2; t++) {
        for (const cli_option *o = tables[t]; o && o->name; o++) {
            bool same = name ? strlen(o->name) == n && memcmp(o->name, name, n) == 0 : o->letter && o->letter == letter;
            if (!same) continue;
            *base = bases[t];
            return o;
        }
    }
    return NULL;
}

static toc_status unknown_long(toc_ctx *ctx, const parse *p, const char *word, size_t n)
{
    const char *names[128], *copy;
    size_t n_names = 0;

    for (const cli_option *o = p->command->options; o && o->name && n_names < 120; o++) names[n_names++] = o->name;
    for (const cli_option *o = cli_common_options; o->name; o++) names[n_names++] = o->name;
    TOC_TRY(toc_arena_copy(ctx, &ctx->arena, word, n, &copy));
    return usage_error(ctx, p, "unknown option", copy, cli_nearest(copy, names, n_names));
}

static toc_status parse_long(toc_ctx *ctx, parse *p, int argc, char **argv, int *i)
{
    const char *word = argv[*i] + 2, *equals = strchr(word, '=');
    size_t n = equals ? (size_t)(equals - word) : strlen(word);
    char *base = NULL;
    const cli_option *o = find_option(p, word, n, 0, &base);

    if (!o) return unknown_long(ctx, p, word, n);
    if (o->type == CLI_T_FLAG) {
        if (equals) return toc_fail(ctx, TOC_E_USAGE, "--%s takes no value", o->name);
        *(bool *)(void *)(base + o->offset) = true;
        return TOC_OK;
    }
    if (equals) return set_value(ctx, p, o, base + o->offset, equals + 1);
    if (*i + 1 >= argc) return toc_fail(ctx, TOC_E_USAGE, "--%s needs a value (%s)", o->name, cli_value_word(o));
    return set_value(ctx, p, o, base + o->offset, argv[++*i]);
}

/* -v, -vq, -n5, -n 5 */
static toc_status parse_letters(toc_ctx *ctx, parse *p, int argc, char **argv, int *i)
{
    for (const char *c = argv[*i] + 1; *c; c++) {
        char *base = NULL;
        const cli_option *o = find_option(p, NULL, 0, *c, &base);
        if (!o) return usage_error(ctx, p, "unknown option", argv[*i], NULL);
        if (o->type == CLI_T_FLAG) {
            *(bool *)(void *)(base + o->offset) = true;
            continue;
        }
        if (c[1]) return set_value(ctx, p, o, base + o->offset, c + 1);
        if (*i + 1 >= argc) return toc_fail(ctx, TOC_E_USAGE, "-%c needs a value (%s)", *c, cli_value_word(o));
        return set_value(ctx, p, o, base + o->offset, argv[++*i]);
    }
    return TOC_OK;
}

static toc_status parse_times(toc_ctx *ctx, parse *p)
{
    for (size_t k = 0; k < p->n_times; k++) {
        int64_t instant;
        if (!toc_parse_time(ctx, toc_str_of(p->time_texts[k]), TOC_DATE_YMD, &instant))
            return bad_value(ctx, p->times[k], p->time_texts[k], "a date or time such as 2026-08-01 or 2026-08-01T06:00:00Z");
        *(int64_t *)(void *)(p->args + p->times[k]->offset) = instant;
    }
    return TOC_OK;
}

toc_status cli_parse(toc_ctx *ctx, const cli_command *command, int argc, char **argv, int first, cli_call *call, cli_common *common)
{
    parse p = { .command = command, .common = common };
    size_t n_words = (size_t)(argc - first) + 1;
    bool options_ended = false;

    TOC_TRY(toc_arena_alloc(ctx, &ctx->arena, command->args_size + 1, 1, &p.args));
    if (command->defaults) memcpy(p.args, command->defaults, command->args_size);
    TOC_TRY(toc_arena_alloc(ctx, &ctx->arena, n_words, sizeof *p.times, &p.times));
    TOC_TRY(toc_arena_alloc(ctx, &ctx->arena, n_words, sizeof *p.time_texts, &p.time_texts));
    TOC_TRY(toc_arena_alloc(ctx, &ctx->arena, n_words, sizeof *call->files, &call->files));
    for (int i = first; i < argc; i++) {
        const char *word = argv[i];
        if (options_ended || word[0] != '-' || !word[1]) call->files[call->n_files++] = word;
        else if (strcmp(word, "--") == 0) options_ended = true;
        else if (word[1] == '-') TOC_TRY(parse_long(ctx, &p, argc, argv, &i));
        else TOC_TRY(parse_letters(ctx, &p, argc, argv, &i));
    }
    call->args = p.args;
    call->argc = argc;
    call->argv = argv;
    if (common->help || common->version) return TOC_OK;
    if (common->tz) TOC_TRY(toc_time_zone(ctx, common->tz));
    TOC_TRY(parse_times(ctx, &p));
    if (call->n_files > command->max_files)
        return usage_error(ctx, &p, "one argument too many:", call->files[command->max_files], NULL);
    if (call->n_files < command->min_files)
        return toc_fail(ctx, TOC_E_USAGE, "usage: tocsin %s %s", command->name, command->usage);
    return TOC_OK;
}
