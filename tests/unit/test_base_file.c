/* test_base_file.c: files are whole or untouched, and every failure is said once, with its name and its reason. */
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>
#include <cmocka.h>

#include "base/base.h"

typedef struct {
    toc_ctx ctx;
    char folder[64], path[128];
} scene;

static int setup(void **state)
{
    static scene s;

    toc_ctx_init(&s.ctx);
    snprintf(s.folder, sizeof s.folder, "/tmp/test-base-file-XXXXXX");
    if (!mkdtemp(s.folder)) return -1;
    snprintf(s.path, sizeof s.path, "%s/out.csv", s.folder);
    *state = &s;
    return 0;
}

static int teardown(void **state)
{
    scene *s = *state;

    unlink(s->path);
    toc_ctx_release(&s->ctx);
    return rmdir(s->folder); /* fails where a temporary was left */
}

static void put(scene *s, const char *path, const char *text)
{
    toc_out out;

    assert_int_equal(toc_out_open(&s->ctx, path, false, &out), TOC_OK);
    toc_out_str(&out, text);
    assert_int_equal(toc_out_close(&s->ctx, &out), TOC_OK);
}

static void assert_holds(scene *s, const char *path, const char *text)
{
    toc_buf content = {0};

    assert_int_equal(toc_read_file(&s->ctx, path, &content), TOC_OK);
    assert_int_equal(content.n, strlen(text));
    assert_string_equal(content.p, text);
    toc_buf_release(&content);
}

static void written_and_replaced(void **state)
{
    scene *s = *state;
    toc_out out;

    put(s, s->path, "one\n");
    assert_holds(s, s->path, "one\n");
    assert_int_equal(toc_out_open(&s->ctx, s->path, false, &out), TOC_OK);
    toc_out_printf(&out, "%s-%d\n", "two", 2);
    assert_holds(s, s->path, "one\n"); /* the old one until it is closed */
    assert_int_equal(toc_out_close(&s->ctx, &out), TOC_OK);
    assert_holds(s, s->path, "two-2\n");
    assert_int_equal(toc_out_close(&s->ctx, &out), TOC_OK); /* twice is fine */
    put(s, s->path, "");
    assert_holds(s, s->path, "");
}

static void abandoned(void **state)
{
    scene *s = *state;
    toc_out out, never = {0};

    put(s, s->path, "kept");
    assert_int_equal(toc_out_open(&s->ctx, s->path, false, &out), TOC_OK);
    toc_out_str(&out, "dropped");
    toc_out_abandon(&out);
    toc_out_abandon(&out);
    toc_out_abandon(&never);
    assert_holds(s, s->path, "kept");
}

static mode_t mode_of(const char *path)
{
    struct stat st;

    assert_int_equal(stat(path, &st), 0);
    return st.st_mode & 0777;
}

static void modes(void **state)
{
    scene *s = *state;
    toc_out out;
    mode_t mask = umask(027);

    put(s, s->path, "x");
    assert_int_equal(mode_of(s->path), 0640);
    assert_int_equal(chmod(s->path, 0604), 0);
    put(s, s->path, "y");
    assert_int_equal(mode_of(s->path), 0604);
    assert_int_equal(toc_out_open(&s->ctx, s->path, true, &out), TOC_OK);
    assert_int_equal(mode_of(out.temporary), 0600); /* from the start */
    assert_int_equal(toc_out_close(&s->ctx, &out), TOC_OK);
    assert_int_equal(mode_of(s->path), 0600);
    umask(mask);
}

static void link_is_followed(void **state)
{
    scene *s = *state;
    char link[160];
    struct stat st;

    snprintf(link, sizeof link, "%s/latest", s->folder);
    put(s, s->path, "old");
    assert_int_equal(symlink("out.csv", link), 0);
    put(s, link, "new");
    assert_int_equal(lstat(link, &st), 0);
    assert_true(S_ISLNK(st.st_mode));
    assert_holds(s, s->path, "new");
    unlink(link);
}

/* A device is written, not replaced by a file of its name. */
static void full_device(void **state)
{
    scene *s = *state;
    toc_out out;
    struct stat st;

    if (access("/dev/full", W_OK) != 0) skip();
    for (size_t n = 1; n <= 100000; n *= 10) { /* fails in fflush, and in fwrite */
        s->ctx.message[0] = 0;
        assert_int_equal(toc_out_open(&s->ctx, "/dev/full", false, &out), TOC_OK);
        for (size_t i = 0; i < n; i++) toc_out_str(&out, "0123456789");
        assert_int_equal(toc_out_close(&s->ctx, &out), TOC_E_IO);
        assert_non_null(strstr(s->ctx.message, "/dev/full"));
        assert_non_null(strstr(s->ctx.message, "No space left on device"));
    }
    assert_int_equal(stat("/dev/full", &st), 0);
    assert_true(S_ISCHR(st.st_mode));
    put(s, "/dev/null", "gone");
    assert_int_equal(stat("/dev/null", &st), 0);
    assert_true(S_ISCHR(st.st_mode));
}

/* A write that fails half way: the old file stays, and nothing is left beside it (teardown removes the folder). */
static void failed_write_keeps_the_old(void **state)
{
    scene *s = *state;
    toc_out out;
    struct rlimit before, small;

    put(s, s->path, "old");
    signal(SIGXFSZ, SIG_IGN);
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &before), 0);
    small = before;
    small.rlim_cur = 20000;
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &small), 0);
    assert_int_equal(toc_out_open(&s->ctx, s->path, false, &out), TOC_OK);
    for (size_t i = 0; i < 10000; i++) toc_out_printf(&out, "%s", "0123456789");
    toc_status st = toc_out_close(&s->ctx, &out);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &before), 0);
    assert_int_equal(st, TOC_E_IO);
    assert_non_null(strstr(s->ctx.message, s->path));
    assert_non_null(strstr(s->ctx.message, "File too large"));
    assert_holds(s, s->path, "old");
}

static void closed_pipe_is_quiet(void **state)
{
    scene *s = *state;
    toc_out out;

    signal(SIGPIPE, SIG_IGN);
    for (size_t n = 1; n <= 100000; n *= 10) {
        int reader;
        assert_int_equal(mkfifo(s->path, 0600), 0);
        assert_true((reader = open(s->path, O_RDONLY | O_NONBLOCK)) >= 0);
        assert_int_equal(toc_out_open(&s->ctx, s->path, false, &out), TOC_OK);
        close(reader);
        for (size_t i = 0; i < n; i++) toc_out_str(&out, "0123456789");
        assert_int_equal(toc_out_close(&s->ctx, &out), TOC_OK);
        assert_int_equal(s->ctx.message[0], 0);
        unlink(s->path);
    }
}

static void impossible_places(void **state)
{
    scene *s = *state;
    toc_out out;
    toc_buf content = {0};
    char path[160];

    snprintf(path, sizeof path, "%s/missing/out", s->folder);
    assert_int_equal(toc_out_open(&s->ctx, path, false, &out), TOC_E_IO);
    assert_non_null(strstr(s->ctx.message, path));
    assert_int_equal(toc_out_open(&s->ctx, s->folder, false, &out), TOC_E_IO);
    assert_int_equal(toc_read_file(&s->ctx, path, &content), TOC_E_IO);
    assert_int_equal(toc_read_file(&s->ctx, s->folder, &content), TOC_E_IO);
    toc_buf_release(&content);
}

static void large_file_is_read_back(void **state)
{
    scene *s = *state;
    toc_out out;
    toc_buf content = {0};
    toc_rng a = toc_rng_new(1, 2), b = a;

    assert_int_equal(toc_out_open(&s->ctx, s->path, false, &out), TOC_OK);
    for (size_t i = 0; i < 100000; i++) {
        uint64_t word = toc_rng_u64(&a);
        toc_out_write(&out, (const char *)&word, sizeof word);
    }
    assert_int_equal(toc_out_close(&s->ctx, &out), TOC_OK);
    assert_int_equal(toc_read_file(&s->ctx, s->path, &content), TOC_OK);
    assert_int_equal(content.n, 800000);
    for (size_t i = 0; i < 100000; i++) {
        uint64_t word = toc_rng_u64(&b);
        assert_memory_equal(content.p + i * 8, &word, sizeof word);
    }
    toc_buf_release(&content);
}

static void escapes(void **state)
{
    static const struct { const char *text, *json, *html; } cases[] = {
        { "", "", "" },
        { "plain", "plain", "plain" },
        { "a\"b\\c\nd\te", "a\\\"b\\\\c\\nd\\u0009e", "a&quot;b\\c\nd\te" },
        { "<b>'&'</b>", "<b>'&'</b>", "&lt;b&gt;&#39;&amp;&#39;&lt;/b&gt;" },
        { "\x1b[2J", "\\u001b[2J", "\xef\xbf\xbd[2J" },
        { "caf\xc3\xa9 \xe6\x9c\x88", "caf\xc3\xa9 \xe6\x9c\x88", "caf\xc3\xa9 \xe6\x9c\x88" },
        { "\xff" "a\xc3", "\xef\xbf\xbd" "a\xef\xbf\xbd", "\xef\xbf\xbd" "a\xef\xbf\xbd" },
    };
    scene *s = *state;

    for (size_t i = 0; i < TOC_COUNT(cases); i++) {
        toc_buf json = {0}, html = {0};
        assert_int_equal(toc_buf_json(&s->ctx, &json, toc_str_of(cases[i].text)), TOC_OK);
        assert_int_equal(toc_buf_html(&s->ctx, &html, toc_str_of(cases[i].text)), TOC_OK);
        assert_string_equal(json.p, cases[i].json);
        assert_string_equal(html.p, cases[i].html);
        toc_buf_release(&json);
        toc_buf_release(&html);
    }
}

/* What is written over stays where it is, and so does the end. */
static void patched(void **state)
{
    scene *s = *state;
    toc_out out;

    assert_int_equal(toc_out_open(&s->ctx, s->path, false, &out), TOC_OK);
    toc_out_str(&out, "one two");
    assert_true(toc_out_patchable(&out));
    assert_int_equal(toc_out_place(&out), 7);
    toc_out_patch(&out, 4, "TWO", 3);
    toc_out_str(&out, " three");
    assert_int_equal(toc_out_close(&s->ctx, &out), TOC_OK);
    assert_holds(s, s->path, "one TWO three");
    assert_int_equal(toc_out_open(&s->ctx, "/dev/null", false, &out), TOC_OK);
    assert_false(toc_out_patchable(&out));
    toc_out_abandon(&out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(written_and_replaced, setup, teardown),
        cmocka_unit_test_setup_teardown(abandoned, setup, teardown),
        cmocka_unit_test_setup_teardown(modes, setup, teardown),
        cmocka_unit_test_setup_teardown(link_is_followed, setup, teardown),
        cmocka_unit_test_setup_teardown(full_device, setup, teardown),
        cmocka_unit_test_setup_teardown(failed_write_keeps_the_old, setup, teardown),
        cmocka_unit_test_setup_teardown(closed_pipe_is_quiet, setup, teardown),
        cmocka_unit_test_setup_teardown(impossible_places, setup, teardown),
        cmocka_unit_test_setup_teardown(large_file_is_read_back, setup, teardown),
        cmocka_unit_test_setup_teardown(escapes, setup, teardown),
        cmocka_unit_test_setup_teardown(patched, setup, teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
