/* cli.h: option tables. A command is one const struct; help, the man page check, completion and parsing come from its table.
 *
 * Options common to all commands (help, version, verbose, quiet, threads, seed, tz) are parsed here and land in the context. */
#ifndef CLI_CLI_H
#define CLI_CLI_H

#include "base/base.h"

typedef enum { CLI_T_FLAG, CLI_T_INT, CLI_T_NUM, CLI_T_TEXT, CLI_T_LIST, CLI_T_WORD, CLI_T_SPAN, CLI_T_TIME, CLI_T_END } cli_type;

/* A repeatable option: its texts in order. Lives in the context's arena. */
typedef struct {
    const char **items;
    size_t n;
} cli_list;

typedef struct {
    char letter;              /* 0 = none */
    const char *name;         /* "horizon" for --horizon; "" never */
    cli_type type;
    size_t offset;            /* of the field in the command's args */
    const char *arg;          /* word for the value in help: "FILE"; derived from the type when NULL */
    const char *help;         /* one line, default in brackets */
    double min, max;          /* numbers only; both 0 = any */
    const char *const *words; /* CLI_WORD: NULL-terminated choices; the field is a const char * to one of them */
    bool hidden;              /* not in -h, only in the man page */
} cli_option;

/* The field's type is checked at compile time: the macro does not compile when it differs. */
#define CLI_FIELD(args, field, ctype) \
    (offsetof(args, field) + 0 * sizeof(char[__builtin_types_compatible_p(__typeof__(((args *)0)->field), ctype) ? 1 : -1]))
#define CLI_FLAG(l, n, args, f, ...) { .letter = (l), .name = (n), .type = CLI_T_FLAG, .offset = CLI_FIELD(args, f, bool), __VA_ARGS__ }
#define CLI_INT(l, n, args, f, ...)  { .letter = (l), .name = (n), .type = CLI_T_INT,  .offset = CLI_FIELD(args, f, int64_t), __VA_ARGS__ }
#define CLI_NUM(l, n, args, f, ...)  { .letter = (l), .name = (n), .type = CLI_T_NUM,  .offset = CLI_FIELD(args, f, double), __VA_ARGS__ }
#define CLI_TEXT(l, n, args, f, ...) { .letter = (l), .name = (n), .type = CLI_T_TEXT, .offset = CLI_FIELD(args, f, const char *), __VA_ARGS__ }
#define CLI_LIST(l, n, args, f, ...) { .letter = (l), .name = (n), .type = CLI_T_LIST, .offset = CLI_FIELD(args, f, cli_list), __VA_ARGS__ }
#define CLI_WORD(l, n, args, f, w, ...) { .letter = (l), .name = (n), .type = CLI_T_WORD, .offset = CLI_FIELD(args, f, const char *), .words = (w), __VA_ARGS__ }
/* "90d", "12h" as int64_t microseconds. */
#define CLI_SPAN(l, n, args, f, ...) { .letter = (l), .name = (n), .type = CLI_T_SPAN, .offset = CLI_FIELD(args, f, int64_t), __VA_ARGS__ }
/* An instant; a bare date is its first instant in --tz. int64_t microseconds UTC, TOC_NO_TIME by default. */
#define CLI_TIME(l, n, args, f, ...) { .letter = (l), .name = (n), .type = CLI_T_TIME, .offset = CLI_FIELD(args, f, int64_t), __VA_ARGS__ }
#define CLI_END { .name = NULL, .type = CLI_T_END }

/* Where the shop comes from; the same for every command that reads one. */
typedef struct {
    const char *store; /* --store FILE */
    cli_list orders, reviews, products, stock, promotions, customers, merchants, payments, labels; /* files of that kind; "-" is stdin */
    cli_list files;    /* positional: kinds recognised by header */
    const char *rejects; /* --rejects FILE */
} cli_shop;

#define CLI_SHOP(args, f) \
    CLI_TEXT('S', "store", args, f.store, .arg = "FILE", .help = "read the shop from this store"), \
    CLI_LIST(0, "orders", args, f.orders, .arg = "FILE", .help = "orders (any export tocsin knows; - is stdin)"), \
    CLI_LIST(0, "reviews", args, f.reviews, .arg = "FILE", .help = "reviews; likewise --products, --stock, --customers,"), \
    CLI_LIST(0, "products", args, f.products, .arg = "FILE", .help = "products", .hidden = true), \
    CLI_LIST(0, "stock", args, f.stock, .arg = "FILE", .help = "stock counts", .hidden = true), \
    CLI_LIST(0, "promotions", args, f.promotions, .arg = "FILE", .help = "promotions", .hidden = true), \
    CLI_LIST(0, "customers", args, f.customers, .arg = "FILE", .help = "customers", .hidden = true), \
    CLI_LIST(0, "merchants", args, f.merchants, .arg = "FILE", .help = "merchants", .hidden = true), \
    CLI_LIST(0, "payments", args, f.payments, .arg = "FILE", .help = "payments", .hidden = true), \
    CLI_LIST(0, "labels", args, f.labels, .arg = "FILE", .help = "--merchants, --payments, --promotions, --labels"), \
    CLI_TEXT(0, "rejects", args, f.rejects, .arg = "FILE", .help = "write refused rows to FILE", .hidden = true)

/* A parsed call. */
typedef struct {
    const void *args;     /* the command's struct, filled */
    const char **files;   /* positional arguments */
    size_t n_files;
    int argc;             /* as typed, for stamps and manifests */
    char *const *argv;
} cli_call;

typedef struct {
    const char *name;
    const char *group;    /* "Every night", "In a pipe", "One case", or "More" (shown by help -a only) */
    const char *usage;    /* after the name: "[options] [ORDERS.csv ...]" */
    const char *summary;  /* one line, lower case, no full stop */
    const char *examples; /* lines, shown first by -h; may be NULL */
    const cli_option *options;
    const void *defaults;
    size_t args_size;
    size_t max_files;     /* positional arguments taken; SIZE_MAX = any */
    size_t min_files;
    toc_status (*run)(toc_ctx *ctx, const cli_call *call);
} cli_command;

/* Runs the program: finds the command, parses, runs it. Prints help and version itself. Messages of failures are left in ctx. `commands` is
 * NULL-terminated. */
TOC_CHECKED toc_status cli_main(toc_ctx *ctx, const cli_command *const *commands, int argc, char **argv);
/* The nearest of the names (edit distance <= 2), or NULL. */
const char *cli_nearest(const char *word, const char *const *names, size_t n);
/* Prints a completion script made from the tables: "bash", "zsh" or "fish". TOC_E_USAGE for another shell. */
TOC_CHECKED toc_status cli_completion(toc_ctx *ctx, const cli_command *const *commands, const char *shell, toc_out *out);
/* Splits the "name=value" items of --set: the value of `name`, or NULL. Names not in `known` (NULL-terminated) are TOC_E_USAGE by
 * cli_set_check. */
const char *cli_set_get(const cli_list *set, const char *name);
TOC_CHECKED toc_status cli_set_check(toc_ctx *ctx, const cli_list *set, const char *const *known);
/* A number among them, or `fallback`; TOC_E_USAGE where the value is no number in [min, max]. */
TOC_CHECKED toc_status cli_set_num(toc_ctx *ctx, const cli_list *set, const char *name, double min, double max, double fallback, double *value);

#endif
