/* fault_tree.c: allocations of each `tocsin tree` command fail, one a run: TOC_E_NOMEM each time, nothing is written, and (under asan) nothing leaks; then all
 * goes well. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "../scratch.h"
#include "cli/cli.h"
#include "commands/commands.h"

enum { MOST_WORDS = 24 };

static void write_table(const char *path)
{
    FILE *file = fopen(path, "w");

    assert_non_null(file);
    fputs("y,n,k,w,day\n", file);
    for (int i = 0; i < 160; i++) {
        fprintf(file, "%d,%d,", (i * 37 % 50 + i % 3) > 25, i * 37 % 50 + i % 7);
        if (i % 8) fprintf(file, "k%d", i % 12);
        fprintf(file, ",%d,2026-01-%02d\n", 1 + i % 2, 1 + i / 8);
    }
    assert_int_equal(fclose(file), 0);
}

static bool there(const char *path)
{
    return access(path, F_OK) == 0;
}

/* words: after "tocsin tree", NULL-terminated; "@" stands for the model, "#" for the output, "%" for the table. */
static void fail_each(const char *const *words, const char *target)
{
    static const cli_command *const commands[] = { &cmd_tree, NULL };
    char *argv[MOST_WORDS] = { "tocsin", "tree" };
    int argc = 2;
    FILE *nowhere = fopen("/dev/null", "w");
    toc_status st = TOC_E_NOMEM;
    int64_t failures = 0;

    assert_non_null(nowhere);
    for (size_t i = 0; words[i]; i++) {
        const char *word = *words[i] == '@' ? scratch_path("model.json") : *words[i] == '#' ? scratch_path("out") : *words[i] == '%' ? scratch_path("t.csv") : words[i];
        argv[argc++] = (char *)(uintptr_t)word;
    }
    unlink(target);
    /* The first allocations one by one, later ones ever fewer: there are thousands of the same. */
    for (int64_t left = 0; st != TOC_OK; left += 1 + left / 60) {
        toc_ctx ctx;
        toc_ctx_init(&ctx);
        ctx.err = nowhere;
        ctx.allocations_left = left;
        st = cli_main(&ctx, commands, argc, argv);
        if (st != TOC_OK && st != TOC_E_NOMEM) fail_msg("%s after %lld allocations: %s", words[0], (long long)left, ctx.message);
        failures += st != TOC_OK;
        if (there(target) != (st == TOC_OK)) fail_msg("%s after %lld allocations: status %d, but the file is%s there", words[0], (long long)left, (int)st, there(target) ? "" : " not");
        ctx.allocations_left = -1;
        toc_ctx_release(&ctx);
        assert_true(left < 10000000);
    }
    assert_true(failures > 5);
    fclose(nowhere);
}

#define FAIL_EACH(target, ...) fail_each((const char *const[]){ __VA_ARGS__, NULL }, scratch_path(target))

static void test_single(void **state)
{
    (void)state;
    FAIL_EACH("model.json", "fit", "--target", "y", "--weight", "w", "--drop", "day", "--set", "model=tree", "--set", "folds=3", "--model", "@", "--out", "/dev/null", "%");
    FAIL_EACH("out", "show", "--model", "@", "--format", "svg", "--out", "#");
    FAIL_EACH("out", "show", "--model", "@", "--format", "c", "--out", "#");
    FAIL_EACH("out", "show", "--model", "@", "--format", "sql", "--out", "#");
}

static void test_boost(void **state)
{
    (void)state;
    FAIL_EACH("model.json", "fit", "--target", "y", "--order", "day", "--set", "model=boost", "--set", "trees=5", "--set", "stop=2", "--model", "@", "--out", "/dev/null", "%");
    FAIL_EACH("out", "predict", "--model", "@", "--out", "#", "%");
    FAIL_EACH("out", "explain", "--model", "@", "--out", "#", "%");
    FAIL_EACH("out", "eval", "--model", "@", "--target", "y", "--out", "#", "%");
    FAIL_EACH("out", "show", "--model", "@", "--format", "json", "--out", "#");
}

static void test_others(void **state)
{
    (void)state;
    FAIL_EACH("model.json", "fit", "--target", "y", "--drop", "day", "--set", "model=forest", "--set", "trees=3", "--model", "@", "--out", "/dev/null", "%");
    FAIL_EACH("model.json", "fit", "--target", "n", "--drop", "day", "--set", "model=boost", "--set", "loss=tweedie", "--set", "trees=3", "--model", "@", "--out", "/dev/null", "%");
    FAIL_EACH("out", "tune", "--target", "y", "--set", "model=boost", "--set", "trees=4", "--trials", "2", "--out", "#", "%");
}

int main(void)
{
    write_table(scratch_path("t.csv"));
    const struct CMUnitTest tests[] = { cmocka_unit_test(test_single), cmocka_unit_test(test_boost), cmocka_unit_test(test_others) };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
