/* test_fraud_copies.c: near-copied reviews beside the exact Jaccard similarity of their shingles, and texts easy to get wrong. */
#include "fraud/fraud.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

#define NONE UINT32_MAX

static toc_ctx ctx;
static shop_data shop;
static const fraud_vectors no_vectors;

static uint32_t code(shop_domain domain, const char *text)
{
    uint32_t c = 0;
    assert_int_equal(toc_pool_intern(&ctx, &shop.dict[domain], toc_str_of(text), &c), TOC_OK);
    return c;
}

/* A review of a merchant; returns its row. */
static size_t review(const char *merchant, const char *body)
{
    size_t i;
    assert_int_equal(shop_add_rows(&ctx, &shop, SHOP_REVIEWS, 1, &i), TOC_OK);
    shop.reviews.merchant_id[i] = code(SHOP_D_MERCHANT, merchant);
    shop.reviews.body[i] = code(SHOP_D_TEXT, body);
    return i;
}

/* Groups of all reviews; the caller frees. */
static uint32_t *find(const fraud_vectors *vectors)
{
    uint32_t *group;
    assert_int_equal(toc_alloc(&ctx, shop.reviews.n, sizeof *group, &group), TOC_OK);
    assert_int_equal(fraud_find_copies(&ctx, &shop, vectors, group), TOC_OK);
    return group;
}

static bool copied(const char *a, const char *b)
{
    char merchant[32];
    snprintf(merchant, sizeof merchant, "m%zu", shop.reviews.n);
    size_t first = review(merchant, a), second = review(merchant, b);
    uint32_t *group = find(&no_vectors);
    bool same = group[first] != NONE && group[first] == group[second];
    assert_true(same || (group[first] == NONE && group[second] == NONE));
    toc_free(group);
    return same;
}

/* ---- random texts ---- */

enum { MOST_TOKENS = 60, PAIRS = 4000 };

/* The shingles of a text as sorted distinct triples of token numbers. */
static size_t shingles(const uint32_t *tokens, size_t n, uint64_t *set)
{
    size_t kept = 0;

    for (size_t i = 0; i + 3 <= n; i++) {
        uint64_t s = ((uint64_t)tokens[i] << 40) | ((uint64_t)tokens[i + 1] << 20) | tokens[i + 2];
        size_t at = 0;
        while (at < kept && set[at] < s) at++;
        if (at < kept && set[at] == s) continue;
        memmove(set + at + 1, set + at, (kept - at) * sizeof *set);
        set[at] = s;
        kept++;
    }
    return kept;
}

static double jaccard(const uint32_t *a, size_t n_a, const uint32_t *b, size_t n_b)
{
    uint64_t x[MOST_TOKENS], y[MOST_TOKENS];
    size_t n = shingles(a, n_a, x), m = shingles(b, n_b, y), both = 0;

    for (size_t i = 0, k = 0; i < n && k < m;) {
        if (x[i] == y[k]) both++, i++, k++;
        else if (x[i] < y[k]) i++;
        else k++;
    }
    return (double)both / (double)(n + m - both);
}

/* Token numbers as text: words with blanks, or Chinese ideographs, three bytes each and nothing between. */
static void write_text(const uint32_t *tokens, size_t n, bool chinese, char *text, size_t size)
{
    size_t used = 0;

    for (size_t i = 0; i < n; i++) {
        uint32_t c = 0x4e00 + tokens[i];
        char piece[16];
        if (chinese) snprintf(piece, sizeof piece, "%c%c%c", (char)(0xe0 | c >> 12), (char)(0x80 | (c >> 6 & 0x3f)),
                              (char)(0x80 | (c & 0x3f)));
        else snprintf(piece, sizeof piece, "%sw%u", i ? " " : "", tokens[i]);
        used += (size_t)snprintf(text + used, size - used, "%s", piece);
        assert_true(used < size);
    }
}

/* P(X >= k), X binomial(48, p): the estimate of a pair of similarity p counts equal minhashes of 48. */
static double at_least(int k, double p)
{
    double sum = 0;
    if (p <= 0) return k <= 0;
    if (p >= 1) return 1;
    for (int i = k; i <= 48; i++) sum += exp(lgamma(49) - lgamma(i + 1) - lgamma(49 - i) + i * log(p) + (48 - i) * log1p(-p));
    return fmin(sum, 1);
}

/* Pairs of a text and a copy of it with some words exchanged, each at a merchant of its own, so that no third text joins them. */
static size_t make_pair(toc_rng *rng, bool chinese, size_t pair, double *similarity)
{
    uint32_t a[MOST_TOKENS], b[MOST_TOKENS];
    char merchant[16], text[MOST_TOKENS * 8];
    size_t n = 8 + toc_rng_below(rng, MOST_TOKENS - 8), changes = toc_rng_below(rng, pair % 2 ? n / 2 + 1 : 3), first;

    for (size_t i = 0; i < n; i++) a[i] = b[i] = (uint32_t)toc_rng_below(rng, 400);
    for (size_t k = 0; k < changes; k++) b[toc_rng_below(rng, n)] = (uint32_t)toc_rng_below(rng, 400);
    *similarity = jaccard(a, n, b, n);
    snprintf(merchant, sizeof merchant, "m%zu", pair);
    write_text(a, n, chinese, text, sizeof text);
    first = review(merchant, text);
    write_text(b, n, chinese, text, sizeof text);
    review(merchant, text);
    return first;
}

/* A pair is found when at least 29 of 48 minhashes agree and one band of 4 agrees whole. With true minhashes the first
 * has the chance at_least(29, J), the second fails with (1 - J^4)^12; so the number found in each tenth of J lies between the
 * sums of at_least - (1 - J^4)^12 and of at_least, but for five standard deviations of a sum of coins (one in 3.5 million). */
static void pairs_are_found_as_their_jaccard_similarity_says(bool chinese)
{
    static double similarity[PAIRS];
    double low[11] = {0}, high[11] = {0}, variance[11] = {0}, found[11] = {0};
    size_t pairs[11] = {0}, close = 0, close_found = 0, far = 0, far_found = 0;
    toc_rng rng = toc_rng_new(chinese ? 12 : 11, 1);

    for (size_t p = 0; p < PAIRS; p++) assert_int_equal(make_pair(&rng, chinese, p, &similarity[p]), 2 * p);
    uint32_t *group = find(&no_vectors);
    for (size_t p = 0; p < PAIRS; p++) {
        double s = similarity[p], most = at_least(29, s), least = fmax(0, most - pow(1 - pow(s, 4), 12));
        size_t tenth = (size_t)(10 * s);
        bool joined = group[2 * p] != NONE;
        assert_int_equal(group[2 * p], group[2 * p + 1]);
        pairs[tenth]++;
        found[tenth] += joined;
        low[tenth] += least;
        high[tenth] += most;
        variance[tenth] += 0.25 - fmax(0, fmax(least - 0.5, 0.5 - most)) * fmax(0, fmax(least - 0.5, 0.5 - most));
        close += s >= 0.8;
        close_found += s >= 0.8 && joined;
        far += s < 0.3;
        far_found += s < 0.3 && joined;
    }
    for (size_t t = 0; t <= 10; t++) {
        assert_true(pairs[t] > 20); /* the mutations cover the whole range */
        assert_true(found[t] >= low[t] - 5 * sqrt(variance[t]));
        assert_true(found[t] <= high[t] + 5 * sqrt(variance[t]));
    }
    /* In plain words: at 0.8 and above (chance at least 0.996) hardly any is missed, below 0.3 (5e-6) none is found. */
    assert_true(close > 300 && (double)close_found >= 0.99 * (double)close);
    assert_true(far > 300);
    assert_int_equal(far_found, 0);
    for (size_t p = 0; p < PAIRS; p++)
        if (similarity[p] >= 1) assert_true(group[2 * p] != NONE);
    toc_free(group);
}

static void random_words(void **state)
{
    (void)state;
    pairs_are_found_as_their_jaccard_similarity_says(false);
}

static void random_chinese(void **state)
{
    (void)state;
    pairs_are_found_as_their_jaccard_similarity_says(true);
}

/* ---- texts by hand ---- */

static void identical_texts_form_one_group_a_merchant(void **state)
{
    const char *text = "Arrived in two days, fits well and the colour is lovely";
    char other[160];
    (void)state;

    for (int k = 0; k < 40; k++) {
        review("a", text);
        snprintf(other, sizeof other, "own%d words%d of%d buyer%d number%d and%d nobody%d else%d", k, k, k, k, k, k, k, k);
        review("a", other);
    }
    review("b", text); /* once here and once there is no copy within a merchant */
    review("c", text);
    review("d", text);
    review("d", text);
    uint32_t *group = find(&no_vectors);
    for (size_t i = 0; i < 80; i++) assert_int_equal(group[i], i % 2 ? NONE : 0);
    assert_int_equal(group[80], NONE);
    assert_int_equal(group[81], NONE);
    assert_int_equal(group[82], 1); /* numbered by first row */
    assert_int_equal(group[83], 1);
    toc_free(group);
}

static void case_and_marks_do_not_hide_a_copy(void **state)
{
    (void)state;
    assert_true(copied("Great shop, fast delivery and fair prices, will buy again!",
                       "GREAT SHOP... fast delivery & and fair prices -- will buy again"));
    assert_true(copied("Супер магазин, быстрая доставка и честные цены, куплю ещё",
                       "СУПЕР МАГАЗИН! Быстрая доставка, и честные цены. Куплю ещё"));
    assert_true(copied("这家店发货很快质量也不错下次还会再来", "这家店发货很快，质量也不错。下次还会再来！"));
    assert_false(copied("Great shop, fast delivery and fair prices, will buy again!",
                        "The lid broke on the first day and nobody answers my mails"));
}

static void short_texts_say_nothing(void **state)
{
    (void)state;
    assert_false(copied("", ""));
    assert_false(copied("very good", "very good"));
    assert_false(copied("very good, thank you all", "very good, thank you all"));
    assert_true(copied("very good, thank you all again", "very good, thank you all again")); /* six words */
    assert_false(copied("!!! ... ,,, ???", "!!! ... ,,, ???"));
    assert_false(copied("很好很满意", "很好很满意"));
    assert_true(copied("很好我很满意的", "很好我很满意的"));
}

/* Letters beyond ASCII belong to words: what two honest buyers write in another language is no shorter a text in English. */
static void words_are_words_in_every_script(void **state)
{
    (void)state;
    assert_false(copied("Очень хорошо", "Очень хорошо"));
    assert_false(copied("não é bom, é ótimo", "não é bom, é ótimo"));
    assert_false(copied("πολύ καλό προϊόν", "πολύ καλό προϊόν"));
    assert_false(copied("👍👍👍👍👍👍👍", "👍👍👍👍👍👍👍"));
    assert_false(copied("good，，，，，，", "good，，，，，，")); /* wide commas are no words */
    assert_true(copied("Produto excelente, chegou antes do prazo e é ótimo",
                       "Produto excelente, chegou antes do prazo e é ótimo"));
    assert_true(copied("สินค้าดีมากส่งเร็ว", "สินค้าดีมากส่งเร็ว")); /* no blanks between Thai words: characters */
}

static void what_is_no_text_is_left_alone(void **state)
{
    (void)state;
    assert_false(copied("\xff\xfe \xff \xfe\xff\xfe\xff\xfe", "\xff\xfe \xff \xfe\xff\xfe\xff\xfe"));
    assert_true(copied("cut in the middle of a character \xe4\xb8", "cut in the middle of a character \xe4\xb8"));
    uint32_t *group = find(&no_vectors);
    toc_free(group);
    shop_truncate(&shop, SHOP_REVIEWS, 0);
    group = find(&no_vectors);
    toc_free(group);
}

/* Same meaning in other words: the vectors join what no shingle does, within a merchant, and never short texts. */
static void vectors_join_by_meaning(void **state)
{
    static const char *const bodies[] = {
        "one two three four five six seven", "alpha beta gamma delta epsilon zeta", "uno dos tres cuatro cinco seis siete",
        "ein zwei drei vier fuenf sechs sieben", "kurz und gut", "breve ma buono",
    };
    static const char *const merchants[] = { "a", "a", "a", "b", "a", "a" };
    static const float angle[] = { 0.0f, 0.3f, 0.9f, 0.0f, 0.0f, 0.0f }; /* cos 0.3 = 0.955, cos 0.6 = 0.825 */
    fraud_vectors v = { .n = 6, .dim = 2 };
    (void)state;

    for (size_t i = 0; i < 6; i++) review(merchants[i], bodies[i]);
    uint32_t *group = find(&no_vectors);
    for (size_t i = 0; i < 6; i++) assert_int_equal(group[i], NONE);
    toc_free(group);
    assert_int_equal(toc_alloc(&ctx, 12, sizeof *v.rows, &v.rows), TOC_OK);
    assert_int_equal(toc_alloc(&ctx, toc_pool_size(&shop.dict[SHOP_D_TEXT]), sizeof *v.row_of, &v.row_of), TOC_OK);
    v.row_of[0] = NONE;
    for (uint32_t i = 0; i < 6; i++) {
        v.rows[2 * i] = cosf(angle[i]);
        v.rows[2 * i + 1] = sinf(angle[i]);
        v.row_of[shop.reviews.body[i]] = i;
    }
    group = find(&v);
    assert_int_equal(group[0], 0);
    assert_int_equal(group[1], 0);
    for (size_t i = 2; i < 6; i++) assert_int_equal(group[i], NONE);
    toc_free(group);
    v.row_of[shop.reviews.body[1]] = NONE; /* not encoded yet: like nothing */
    group = find(&v);
    for (size_t i = 0; i < 6; i++) assert_int_equal(group[i], NONE);
    toc_free(group);
    fraud_vectors_release(&v);
}

static int setup(void **state)
{
    (void)state;
    toc_ctx_init(&ctx);
    return (int)shop_init(&ctx, &shop);
}

static int teardown(void **state)
{
    (void)state;
    shop_release(&shop);
    toc_ctx_release(&ctx);
    return 0;
}

#define CASE(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(random_words),
        CASE(random_chinese),
        CASE(identical_texts_form_one_group_a_merchant),
        CASE(case_and_marks_do_not_hide_a_copy),
        CASE(short_texts_say_nothing),
        CASE(words_are_words_in_every_script),
        CASE(what_is_no_text_is_left_alone),
        CASE(vectors_join_by_meaning),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
