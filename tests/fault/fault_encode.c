/* fault_encode.c: every allocation of `tocsin encode` in all it can do, and of `tocsin model`, fails once: TOC_E_NOMEM each time, (under asan) nothing leaks, and
 * what a run without failure writes is there. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <unistd.h>

#include "../scratch.h"
#include "cli/cli.h"
#include "commands/commands.h"

enum { MOST_WORDS = 16 };

static void write_texts(const char *path)
{
    FILE *file = fopen(path, "w");

    assert_non_null(file);
    fputs("id,a,b\n", file);
    for (int i = 0; i < 40; i++) fprintf(file, "%d,the dress %d is soft,%s\n", i, i % 30, i % 5 ? "good" : "");
    assert_int_equal(fclose(file), 0);
}

/* Runs the words, "OUT" being a new file, with one more allocation each time until nothing fails. */
static void fail_each(const char *const *words, const char *out, const char *store)
{
    static const cli_command *const commands[] = { &cmd_encode, &cmd_model, NULL };
    char *argv[MOST_WORDS] = { "tocsin" };
    FILE *nowhere = fopen("/dev/null", "w");
    toc_status st = TOC_E_NOMEM;
    int64_t failures = 0;
    int argc = 1;

    assert_non_null(nowhere);
    for (; words[argc - 1]; argc++) argv[argc] = (char *)(uintptr_t)words[argc - 1];
    for (int64_t left = 0; st != TOC_OK; left++) {
        toc_ctx ctx;
        unlink(out);
        unlink(store);
        toc_ctx_init(&ctx);
        ctx.err = nowhere;
        ctx.allocations_left = left;
        st = cli_main(&ctx, commands, argc, argv);
        if (st != TOC_OK && st != TOC_E_NOMEM) fail_msg("%s, after %lld allocations: status %d: %s", words[0], (long long)left, st, ctx.message);
        failures += st != TOC_OK;
        ctx.allocations_left = -1;
        toc_ctx_release(&ctx);
        assert_true(left < 100000);
    }
    assert_true(failures > 10);
    fclose(nowhere);
}

static void every_allocation(void **state)
{
    const char *texts = scratch_path("t.csv"), *out = scratch_path("out"), *store = scratch_path("s.db"), *folder = scratch_path("small");
    const char *const calls[][MOST_WORDS] = {
        { "encode", "--model", "peer/encoder/tiny", "--text", "a", "--text", "b", "--store", store, "--out", out, texts, NULL },
        { "encode", "--model", "peer/encoder/tiny", "--text", "a", "--truncate", "mean-of-chunks", "--max-tokens", "10", "--format", "npy", "--out", out, texts, NULL },
        { "encode", "--model", "peer/encoder/tiny", "--text", "a", "--similar", "0.5", "--format", "jsonl", "--out", out, texts, NULL },
        { "encode", "--model", "peer/encoder/tiny", "--text", "a", "--query", "soft", "--query", "good dress", "--out", out, texts, NULL },
        { "encode", "--head", "peer/encoder/head", "--text", "a", "--out", out, texts, NULL },
        { "model", "info", "peer/encoder/tiny-half", "--out", out, NULL },
    };
    const char *const quantize[] = { "model", "quantize", "peer/encoder/tiny", "--out", folder, NULL }, *const check[] = { "model", "check", folder, NULL };

    (void)state;
    write_texts(texts);
    for (size_t i = 0; i < TOC_COUNT(calls); i++) {
        fail_each(calls[i], out, store);
        assert_int_equal(access(out, R_OK), 0);
    }
    fail_each(quantize, out, store);
    fail_each(check, out, store);
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(every_allocation) };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
