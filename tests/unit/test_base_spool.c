/* test_base_spool.c: what is put aside comes back, in memory or not; writes that fail are said; nothing stays behind. */
#include "base/base.h"

#include <dirent.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <cmocka.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

static char folder[64];

static int make_folder(void **state)
{
    (void)state;
    snprintf(folder, sizeof folder, "/tmp/tocsin-test-spool-XXXXXX");
    if (!mkdtemp(folder)) return -1;
    return setenv("TMPDIR", folder, 1);
}

/* Fails where the folder is not empty. */
static int remove_folder(void **state)
{
    (void)state;
    return rmdir(folder);
}

/* Random pieces are added, and at any time any stretch of them is read. */
static void what_goes_in_comes_out(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= 50; seed++) {
        toc_ctx ctx;
        toc_rng rng = toc_rng_new(seed, 0);
        toc_spool spool;
        toc_buf all = {0};
        char piece[300], back[1000];

        toc_ctx_init(&ctx);
        toc_spool_init(&spool, toc_rng_below(&rng, 3) ? 1 + toc_rng_below(&rng, 400) : 1 << 20);
        for (size_t i = 0; i < 100; i++) {
            size_t n = toc_rng_below(&rng, sizeof piece);
            for (size_t j = 0; j < n; j++) piece[j] = (char)toc_rng_below(&rng, 256);
            assert_int_equal(toc_spool_add(&ctx, &spool, piece, n), TOC_OK);
            assert_int_equal(toc_buf_add(&ctx, &all, piece, n), TOC_OK);
            assert_int_equal(toc_spool_size(&spool), all.n);
            size_t at = toc_rng_below(&rng, all.n + 1), length = toc_rng_below(&rng, TOC_MIN(all.n - at, sizeof back) + 1);
            assert_int_equal(toc_spool_read(&ctx, &spool, at, back, length), TOC_OK);
            if (length && memcmp(back, all.p + at, length)) fail_msg("seed %llu: %zu bytes at %zu differ", (unsigned long long)seed, length, at);
        }
        toc_spool_release(&spool);
        assert_int_equal(toc_spool_size(&spool), 0);
        toc_buf_release(&all);
        toc_ctx_release(&ctx);
    }
}

/* Each write fails in turn, by a limit on the size of files. */
static void a_full_disk_is_said(void **state)
{
    struct rlimit old, limit;
    (void)state;

    signal(SIGXFSZ, SIG_IGN);
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &old), 0);
    for (rlim_t most = 0; most <= 1000; most += 50) {
        toc_ctx ctx;
        toc_spool spool;
        toc_status st = TOC_OK;
        char piece[70] = "";

        limit = old;
        limit.rlim_cur = most;
        assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
        toc_ctx_init(&ctx);
        toc_spool_init(&spool, 100);
        for (size_t i = 0; i < 14 && !st; i++) st = toc_spool_add(&ctx, &spool, piece, sizeof piece);
        toc_spool_release(&spool);
        assert_int_equal(setrlimit(RLIMIT_FSIZE, &old), 0);
        assert_int_equal(st, most < 13 * sizeof piece ? TOC_E_IO : TOC_OK); /* the last piece stays in memory */
        if (st) assert_non_null(strstr(ctx.message, folder));
        toc_ctx_release(&ctx);
    }
}

static void a_missing_folder_is_said(void **state)
{
    toc_ctx ctx;
    toc_spool spool;
    (void)state;

    toc_ctx_init(&ctx);
    setenv("TMPDIR", "/nowhere/at/all", 1);
    toc_spool_init(&spool, 4);
    assert_int_equal(toc_spool_add(&ctx, &spool, "1234", 4), TOC_OK); /* no file yet */
    assert_int_equal(toc_spool_add(&ctx, &spool, "5", 1), TOC_E_IO);
    assert_non_null(strstr(ctx.message, "/nowhere/at/all"));
    toc_spool_release(&spool);
    toc_ctx_release(&ctx);
    setenv("TMPDIR", folder, 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_goes_in_comes_out), cmocka_unit_test(a_full_disk_is_said), cmocka_unit_test(a_missing_folder_is_said),
    };
    return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
