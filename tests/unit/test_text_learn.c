/* A vocabulary whose merges can be followed by hand, and what must never be in one. */
#include "text/text.h"

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

typedef struct {
    toc_ctx ctx;
    txt_learner *learner;
    toc_buf lines;
} setup;

static void begin(setup *s)
{
    *s = (setup){0};
    toc_ctx_init(&s->ctx);
    assert_int_equal(txt_learner_new(&s->ctx, &(txt_rules){ .lower = true, .strip_accents = true, .split_cjk = true }, &s->learner), TOC_OK);
}

static void add(setup *s, const char *text, size_t times)
{
    for (size_t i = 0; i < times; i++) assert_int_equal(txt_learner_add(&s->ctx, s->learner, toc_str_of(text)), TOC_OK);
}

static void finish(setup *s, size_t size, size_t least)
{
    if (txt_learner_finish(&s->ctx, s->learner, size, least, &s->lines)) fail_msg("%s", s->ctx.message);
}

static void end(setup *s)
{
    txt_learner_free(s->learner);
    toc_buf_release(&s->lines);
    toc_ctx_release(&s->ctx);
}

static bool has(const setup *s, const char *token)
{
    toc_str rest = { s->lines.p, s->lines.n }, line;

    while (toc_str_split(&rest, '\n', &line))
        if (toc_str_is(line, token)) return true;
    return false;
}

/* ab x 5, abc x 3, bc x 2: ##b follows a 8 times, ##c follows ab 3 and b 2 times. */
static void test_merges(void **state)
{
    setup s;

    (void)state;
    begin(&s);
    add(&s, "ab abc", 3);
    add(&s, "ab", 2);
    add(&s, "bc", 2);
    finish(&s, 100, 2);
    assert_true(has(&s, "[PAD]") && has(&s, "[MASK]") && has(&s, "a") && has(&s, "##c"));
    assert_true(has(&s, "ab") && has(&s, "abc") && has(&s, "bc"));
    assert_memory_equal(s.lines.p, "[PAD]\n[UNK]\n[CLS]\n[SEP]\n[MASK]\n", 31);
    const char *ab = strstr(s.lines.p, "\nab\n"), *abc = strstr(s.lines.p, "\nabc\n"), *bc = strstr(s.lines.p, "\nbc\n");
    assert_true(ab && abc && bc && ab < abc && abc < bc);
    end(&s);
}

/* Numbers, addresses and what too few wrote; a word that many wrote is there. */
static void test_private(void **state)
{
    setup s;

    (void)state;
    begin(&s);
    for (int i = 0; i < 20; i++) {
        char text[120];
        snprintf(text, sizeof text, "thanks to Wilhelmina the lamp %d came, call 13812345678", i);
        add(&s, text, 1);
    }
    add(&s, "rarely", 2);
    finish(&s, 500, 5);
    assert_true(has(&s, "lamp") && has(&s, "thanks"));
    assert_false(has(&s, "rarely"));
    assert_false(has(&s, "wilhelmina"));
    assert_false(has(&s, "13812345678"));
    toc_str rest = { s.lines.p, s.lines.n }, line;
    while (toc_str_split(&rest, '\n', &line))
        for (size_t i = 0; i < line.n; i++)
            if (line.p[i] >= '0' && line.p[i] <= '9') assert_true(line.n == 1 || (line.n == 3 && line.p[0] == '#'));
    end(&s);
}

static void test_order(void **state)
{
    static const char *const texts[] = { "banana bandana", "bandage aaaa", "an aaa ban", "nab and nap", "banana split" };
    setup s[2];

    (void)state;
    for (size_t k = 0; k < 2; k++) {
        begin(&s[k]);
        for (size_t i = 0; i < TOC_COUNT(texts); i++) add(&s[k], texts[k ? TOC_COUNT(texts) - 1 - i : i], 2);
        finish(&s[k], 60, 2);
    }
    assert_string_equal(s[0].lines.p, s[1].lines.p);
    end(&s[0]);
    end(&s[1]);
}

static void test_no_room(void **state)
{
    setup s;

    (void)state;
    begin(&s);
    assert_int_equal(txt_learner_finish(&s.ctx, s.learner, 50, 1, &s.lines), TOC_E_DATA);
    end(&s);
    begin(&s);
    add(&s, "some lamps", 3);
    assert_int_equal(txt_learner_finish(&s.ctx, s.learner, 6, 1, &s.lines), TOC_E_USAGE);
    end(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(test_merges), cmocka_unit_test(test_private), cmocka_unit_test(test_order), cmocka_unit_test(test_no_room) };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
