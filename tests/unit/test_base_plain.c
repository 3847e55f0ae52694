/* test_base_plain.c: what is read at once is what the parsers read, and what toc_format_* write is read at once. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/base.h"

typedef struct {
    char bytes[64 + TOC_PLAIN_SLACK];
    size_t n;
} sample;

static toc_str text_of(const sample *s)
{
    return (toc_str){ s->bytes, s->n };
}

/* One byte somewhere else, one more or one less; and any bytes behind. */
static void spoil(toc_rng *rng, sample *s)
{
    static const char bytes[] = "0123456789.-:TZtz ,/+\0\xff\x80\x2f\x3a";

    for (size_t i = s->n; i < sizeof s->bytes; i++) s->bytes[i] = bytes[toc_rng_below(rng, sizeof bytes)];
    switch (toc_rng_below(rng, 4)) {
    case 0: return;
    case 1: s->n++; break;
    case 2: s->n -= s->n > 0; break;
    default:
        for (uint64_t k = toc_rng_below(rng, 3); s->n && k < 2; k++) s->bytes[toc_rng_below(rng, s->n)] = bytes[toc_rng_below(rng, sizeof bytes)];
    }
}

static void times(void **state)
{
    toc_rng rng = toc_rng_new(7, 1);
    toc_ctx ctx;
    size_t read = 0;

    (void)state;
    toc_ctx_init(&ctx);
    for (size_t i = 0; i < 200000; i++) {
        int64_t whole = (int64_t)toc_rng_below(&rng, 3471292800) + 631152000, plain = -1, parsed = -2;
        sample s = {0};
        s.n = toc_format_time(whole * TOC_SECOND, s.bytes);
        assert_true(toc_plain_time(text_of(&s), &plain));
        assert_true(plain == whole * TOC_SECOND);
        spoil(&rng, &s);
        if (!toc_plain_time(text_of(&s), &plain)) continue;
        read++;
        if (!toc_parse_time(&ctx, text_of(&s), TOC_DATE_UNKNOWN, &parsed) || plain != parsed) fail_msg("%.*s", (int)s.n, s.bytes);
    }
    assert_true(read > 50000);
    static const char *const no[] = { "2023-02-29T00:00:00Z", "2023-13-01T00:00:00Z", "2023-00-01T00:00:00Z", "2023-04-31T00:00:00Z", "2023-04-00T00:00:00Z",
                                      "2023-04-01T24:00:00Z", "2023-04-01T00:60:00Z", "2023-04-01T00:00:60Z", "1989-12-31T23:59:59Z", "2100-01-01T00:00:00Z" };
    for (size_t i = 0; i < TOC_COUNT(no); i++) {
        sample s = { .n = strlen(no[i]) };
        int64_t t;
        memcpy(s.bytes, no[i], s.n);
        if (toc_plain_time(text_of(&s), &t)) fail_msg("%s is no time", no[i]);
    }
    toc_ctx_release(&ctx);
}

static void amounts(void **state)
{
    toc_rng rng = toc_rng_new(7, 2);
    size_t read = 0;

    (void)state;
    for (size_t i = 0; i < 200000; i++) {
        static const int places_of[] = { 0, 2, 3 };
        int places = places_of[toc_rng_below(&rng, 3)];
        int64_t minor = (int64_t)toc_rng_below(&rng, UINT64_C(1) << toc_rng_below(&rng, 27)), plain = -1, parsed = -2;
        sample s = {0};
        s.n = toc_format_money(minor, places, s.bytes);
        if (toc_plain_amount(text_of(&s), places, &plain)) assert_true(plain == minor);
        else assert_true(s.n > 8);
        spoil(&rng, &s);
        if (!toc_plain_amount(text_of(&s), places, &plain)) continue;
        read++;
        if (!toc_parse_money(text_of(&s), places, false, &parsed) || plain != parsed) fail_msg("%.*s in %d places", (int)s.n, s.bytes, places);
    }
    assert_true(read > 50000);
}

static void counts(void **state)
{
    toc_rng rng = toc_rng_new(7, 3);

    (void)state;
    for (size_t i = 0; i < 100000; i++) {
        int64_t value = (int64_t)toc_rng_below(&rng, UINT64_C(1) << toc_rng_below(&rng, 30)), plain = -1, parsed = -2;
        sample s = {0};
        s.n = toc_format_int(value, s.bytes);
        assert_true(toc_plain_count(text_of(&s), &plain) == (s.n <= 8));
        if (s.n <= 8) assert_true(plain == value);
        spoil(&rng, &s);
        if (toc_plain_count(text_of(&s), &plain) && (!toc_parse_int(text_of(&s), &parsed) || plain != parsed)) fail_msg("%.*s", (int)s.n, s.bytes);
    }
}

static void words(void **state)
{
    (void)state;
    for (unsigned c = 0; c < 256; c++)
        for (size_t at = 0; at < 18; at++) {
            bool good = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '-' || c == '_';
            sample s = { .n = 16 };
            memset(s.bytes, 'x', sizeof s.bytes);
            s.bytes[at] = (char)c;
            assert_false(toc_plain_word(text_of(&s)));
            s.n = 15;
            assert_true(toc_plain_word(text_of(&s)) == (good || at > 14));
            s.n = 3;
            assert_true(toc_plain_word(text_of(&s)) == (good || at > 2));
        }
    assert_true(toc_plain_word(text_of(&(sample){0})));
}

static void hashes(void **state)
{
    toc_rng rng = toc_rng_new(7, 4);

    (void)state;
    for (size_t i = 0; i < 20000; i++) {
        sample s = { .n = toc_rng_below(&rng, 64) };
        for (size_t k = 0; k < sizeof s.bytes; k++) s.bytes[k] = (char)toc_rng_u64(&rng);
        assert_true(toc_plain_hash(text_of(&s)) == toc_str_hash(text_of(&s)));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(times), cmocka_unit_test(amounts), cmocka_unit_test(counts), cmocka_unit_test(words),
                                        cmocka_unit_test(hashes) };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
