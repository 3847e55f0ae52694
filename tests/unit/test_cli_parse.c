/* test_cli_parse.c: option tables against argument lists. */
#include "cli/cli.h"

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

typedef struct {
    bool all;
    int64_t top, horizon, as_of;
    double share;
    const char *model, *format;
    cli_list set;
} args;

static const char *const formats[] = { "csv", "json", NULL };
static const cli_option options[] = {
    CLI_FLAG('a', "all", args, all, .help = "all"),
    CLI_INT('n', "top", args, top, .min = 0, .max = 100, .help = "top"),
    CLI_NUM(0, "share", args, share, .help = "share"),
    CLI_TEXT('m', "model", args, model, .help = "model"),
    CLI_WORD(0, "format", args, format, formats, .help = "format"),
    CLI_SPAN('H', "horizon", args, horizon, .help = "horizon"),
    CLI_TIME(0, "as-of", args, as_of, .help = "as of"),
    CLI_LIST(0, "set", args, set, .help = "set"),
    CLI_END,
};

static args seen;
static size_t seen_files;

static toc_status run(toc_ctx *ctx, const cli_call *call)
{
    (void)ctx;
    seen = *(const args *)call->args;
    seen_files = call->n_files;
    return TOC_OK;
}

static const args defaults = { .top = 7, .format = "csv", .as_of = TOC_NO_TIME };
static const cli_command command = { .name = "probe", .group = "More", .usage = "[options]", .summary = "a probe", .options = options,
                                     .defaults = &defaults, .args_size = sizeof defaults, .max_files = 2, .run = run };
static const cli_command *const commands[] = { &command, NULL };

static toc_ctx ctx;

static toc_status call(const char *a, const char *b, const char *c, const char *d)
{
    const char *words[] = { "tocsin", "probe", a, b, c, d };
    char *argv[7] = {0};
    int argc = 2;

    for (int i = 0; i < 6; i++) argv[i] = (char *)(uintptr_t)words[i];
    while (argc < 6 && argv[argc]) argc++;
    toc_ctx_release(&ctx);
    toc_ctx_init(&ctx);
    return cli_main(&ctx, commands, argc, argv);
}

static void values_arrive_in_their_fields(void **state)
{
    (void)state;
    assert_int_equal(call("-an5", "--share=0.25", "file", "--set"), TOC_E_USAGE);
    assert_int_equal(call("-an5", "--share=0.25", "file", "--model=x"), TOC_OK);
    assert_true(seen.all && seen.top == 5 && seen.share == 0.25 && seen_files == 1);
    assert_string_equal(seen.model, "x");
    assert_int_equal(call("--horizon", "90d", "--format", "json"), TOC_OK);
    assert_int_equal(seen.horizon, 90 * TOC_DAY);
    assert_string_equal(seen.format, "json");
    assert_int_equal(seen.top, 7);
}

static void a_date_waits_for_its_zone(void **state)
{
    (void)state;
    assert_int_equal(call("--as-of", "2026-08-01", "--tz", "+08:00"), TOC_OK);
    assert_int_equal(seen.as_of, toc_days_from_civil(2026, 8, 1) * TOC_DAY - 8 * TOC_HOUR);
}

static void mistakes_are_named(void **state)
{
    (void)state;
    assert_int_equal(call("--tpo", "5", NULL, NULL), TOC_E_USAGE);
    assert_non_null(strstr(ctx.message, "--top"));
    assert_int_equal(call("--top", "101", NULL, NULL), TOC_E_USAGE);
    assert_non_null(strstr(ctx.message, "101"));
    assert_int_equal(call("--format", "yaml", NULL, NULL), TOC_E_USAGE);
    assert_non_null(strstr(ctx.message, "csv, json"));
    assert_int_equal(call("a", "b", "c", NULL), TOC_E_USAGE);
    assert_int_equal(call("--all=1", NULL, NULL, NULL), TOC_E_USAGE);
}

static void dashes_are_files_and_end_options(void **state)
{
    (void)state;
    assert_int_equal(call("-", "--", "-n", NULL), TOC_OK);
    assert_int_equal(seen_files, 2);
}

static void sets_are_checked(void **state)
{
    static const char *const known[] = { "depth", NULL };
    double depth = 0;
    (void)state;

    assert_int_equal(call("--set", "depth=3", "--set", "depth=4"), TOC_OK);
    assert_int_equal(cli_set_check(&ctx, &seen.set, known), TOC_OK);
    assert_int_equal(cli_set_num(&ctx, &seen.set, "depth", 1, 10, 2, &depth), TOC_OK);
    assert_true(depth == 4);
    assert_int_equal(cli_set_num(&ctx, &seen.set, "depth", 1, 3, 2, &depth), TOC_E_USAGE);
    assert_int_equal(call("--set", "leaves=3", NULL, NULL), TOC_OK);
    assert_int_equal(cli_set_check(&ctx, &seen.set, known), TOC_E_USAGE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(values_arrive_in_their_fields), cmocka_unit_test(a_date_waits_for_its_zone), cmocka_unit_test(mistakes_are_named),
        cmocka_unit_test(dashes_are_files_and_end_options), cmocka_unit_test(sets_are_checked),
    };
    toc_ctx_init(&ctx);
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    toc_ctx_release(&ctx);
    return failed;
}
