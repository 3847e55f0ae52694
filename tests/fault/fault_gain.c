/* fault_gain.c: every allocation of `tocsin gain` fails once, from a file and with all it can do: TOC_E_NOMEM each time, (under asan) nothing leaks, and the
 * page and table of the last run are whole. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "../scratch.h"
#include "cli/cli.h"
#include "commands/commands.h"

static void write_table(const char *path)
{
    FILE *file = fopen(path, "w");

    assert_non_null(file);
    fputs("y,n,k,w,wide\n", file);
    for (int i = 0; i < 90; i++) {
        fprintf(file, "c%d,%d,", i % 3, i * 37 % 50 + i % 3);
        if (i % 8) fprintf(file, "k%d", i % 12);
        fprintf(file, ",%d,%de%d\n", 1 + i % 2, i % 2 ? -1 - i : 1 + i, i * 6 - 270);
    }
    assert_int_equal(fclose(file), 0);
}

static long size_of(const char *path)
{
    FILE *file = fopen(path, "r");
    long size;

    if (!file) return 0;
    fseek(file, 0, SEEK_END);
    size = ftell(file);
    fclose(file);
    return size;
}

static void every_allocation(void **state)
{
    static const cli_command *const commands[] = { &cmd_gain, NULL };
    const char *table = scratch_path("t.csv"), *page = scratch_path("page.html"), *out = scratch_path("out.csv");
    char *argv[] = { "tocsin", "gain", "--target", "y", "--weight", "w", "--intervals", "--permutations", "3", "--html", (char *)(uintptr_t)page,
                     "--out", (char *)(uintptr_t)out, (char *)(uintptr_t)table };
    FILE *nowhere = fopen("/dev/null", "w");
    toc_status st = TOC_E_NOMEM;
    int64_t failures = 0;

    (void)state;
    assert_non_null(nowhere);
    write_table(table);
    for (int64_t left = 0; st != TOC_OK; left++) {
        toc_ctx ctx;
        toc_ctx_init(&ctx);
        ctx.err = nowhere;
        ctx.allocations_left = left;
        st = cli_main(&ctx, commands, (int)TOC_COUNT(argv), argv);
        assert_true(st == TOC_OK || st == TOC_E_NOMEM);
        failures += st != TOC_OK;
        assert_int_equal(size_of(out) > 0, st == TOC_OK);
        ctx.allocations_left = -1;
        toc_ctx_release(&ctx);
        assert_true(left < 100000);
    }
    assert_true(failures > 50);
    assert_true(size_of(page) > 5000);
    fclose(nowhere);
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(every_allocation) };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
