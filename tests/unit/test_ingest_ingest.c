/* test_ingest_ingest.c: what becomes of rows, whatever the order of columns; status words; judging of refusals. */
#include "ingest/ingest.h"

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>
#include <unistd.h>

#include "ingest/ingest_int.h"
#include "../scratch.h"

static const char *path;

static void put(const char *text)
{
    FILE *f = fopen(path, "wb");
    assert_non_null(f);
    assert_true(fputs(text, f) >= 0);
    assert_int_equal(fclose(f), 0);
}

static void read_text(toc_ctx *ctx, const char *text, shop_data *shop, ing_summary *summary)
{
    toc_ctx_init(ctx);
    assert_int_equal(shop_init(ctx, shop), TOC_OK);
    put(text);
    if (ing_read(ctx, (const char *const[]){ path }, 1, NULL, shop, summary)) fail_msg("%s", ctx->message);
    unlink(path);
}

static void statuses_of_platforms(void **state)
{
    static const struct {
        const char *word;
        shop_status status;
    } table[] = {
        { "paid", SHOP_PAID }, { " Shipped ", SHOP_SHIPPED }, { "CANCELED", SHOP_CANCELLED }, { "买家已付款，等待卖家发货", SHOP_PAID },
        { "买家已付款, 等待卖家发货", SHOP_PAID }, { "交易成功", SHOP_DELIVERED }, { "退款成功", SHOP_REFUNDED }, { "等待买家付款", SHOP_UNPAID },
        { "annulée", SHOP_CANCELLED }, { "", SHOP_NO_STATUS }, { "teleported", SHOP_NO_STATUS },
    };
    toc_ctx ctx;
    ing_book book;
    (void)state;
    toc_ctx_init(&ctx);
    assert_int_equal(ing_book_open(&ctx, NULL, &book), TOC_OK);
    for (size_t i = 0; i < TOC_COUNT(table); i++) {
        shop_status status = SHOP_NO_STATUS;
        assert_int_equal(ing_status_of(&book, toc_str_of(table[i].word), &status), table[i].status != SHOP_NO_STATUS);
        assert_int_equal(status, table[i].status);
    }
    ing_book_release(&book);
    toc_ctx_release(&ctx);
}

static void ids_as_spreadsheets_leave_them(void **state)
{
    (void)state;
    assert_true(toc_str_is(ing_clean_id(TOC_STR("=\"007\"")), "007"));
    assert_true(toc_str_is(ing_clean_id(TOC_STR("\t6917\t")), "6917"));
    assert_true(toc_str_is(ing_clean_id(TOC_STR("'12")), "12"));
    assert_true(toc_str_is(ing_clean_id(TOC_STR("=1")), "=1"));
    assert_true(toc_str_is(ing_clean_id(TOC_STR("\"\t6917\"")), "6917"));
    assert_true(ing_is_masked(SHOP_D_PHONE, TOC_STR("1******6198")));
    assert_true(ing_is_masked(SHOP_D_CUSTOMER, TOC_STR("##Lx9")));
    assert_true(ing_is_masked(SHOP_D_PLACE, TOC_STR("****")));
    assert_false(ing_is_masked(SHOP_D_PHONE, TOC_STR("13800006198")));
    assert_false(ing_is_masked(SHOP_D_PRODUCT, TOC_STR("A*B**C")));
    assert_false(ing_is_masked(SHOP_D_CUSTOMER, TOC_STR("#1")));
    assert_true(ing_damaged_id(TOC_STR("2.02E+18")));
    assert_true(ing_damaged_id(TOC_STR("1e+12")));
    assert_true(ing_damaged_id(TOC_STR("2,02E+18")));
    assert_false(ing_damaged_id(TOC_STR("1E5")));
    assert_false(ing_damaged_id(TOC_STR("E+18")));
    assert_false(ing_damaged_id(TOC_STR("2.02E+18X")));
}

static void texts_are_cleaned(void **state)
{
    static const char *const table[][2] = {
        { "plain", "plain" }, { "a <b>bold</b> word", "a bold word" }, { "1 < 2 & 3 > 2", "1 < 2 & 3 > 2" }, { "I <3 it", "I <3 it" },
        { "x\x01y\tz\n", "x y z" }, { "&lt;p&gt; &amp; &quot;q&quot;", "<p> & \"q\"" }, { "\357\273\277做", "做" }, { "<br/>", "" },
    };
    toc_ctx ctx;
    toc_buf buf = {0};
    (void)state;
    toc_ctx_init(&ctx);
    for (size_t i = 0; i < TOC_COUNT(table); i++) {
        toc_str clean;
        assert_int_equal(ing_clean_text(&ctx, toc_str_of(table[i][0]), &buf, &clean), TOC_OK);
        if (!toc_str_is(clean, table[i][1])) fail_msg("\"%s\" became \"%.*s\"", table[i][0], (int)clean.n, clean.p);
    }
    toc_buf_release(&buf);
    toc_ctx_release(&ctx);
}

/* Random orders, some of them bad; returns how many rows. Columns in the order of `order`. */
static size_t random_orders(toc_ctx *ctx, toc_rng rng, const size_t *order, toc_buf *text)
{
    static const char *const names[] = { "order_id", "product_id", "quantity", "unit_price", "ordered_at", "noise" };
    size_t n = 20 + toc_rng_below(&rng, 60);
    char cells[6][40];

    toc_buf_reset(text);
    for (size_t j = 0; j < 6; j++) assert_int_equal(toc_buf_printf(ctx, text, "%s%s", j ? "," : "", names[order[j]]), TOC_OK);
    for (size_t i = 0; i < n; i++) {
        uint64_t bad = toc_rng_below(&rng, 10);
        snprintf(cells[0], 40, "%s%llu", bad == 0 ? "" : "O", (unsigned long long)toc_rng_below(&rng, 9));
        if (bad == 0) cells[0][0] = 0;
        snprintf(cells[1], 40, "P%llu", (unsigned long long)toc_rng_below(&rng, 3));
        snprintf(cells[2], 40, "%s", bad == 1 ? "0" : bad == 2 ? "many" : "1");
        snprintf(cells[3], 40, "%s", bad == 3 ? "-1" : "2.50");
        snprintf(cells[4], 40, "2024-%02d-01", bad == 4 ? 13 : 5);
        snprintf(cells[5], 40, "%llu", (unsigned long long)toc_rng_below(&rng, 1000));
        for (size_t j = 0; j < 6; j++) assert_int_equal(toc_buf_printf(ctx, text, "%s%s", j ? "," : "\n", cells[order[j]]), TOC_OK);
    }
    return n;
}

static void rows_are_accounted_for_in_any_column_order(void **state)
{
    static const size_t straight[] = { 0, 1, 2, 3, 4, 5 };
    (void)state;
    for (uint64_t seed = 1; seed <= 100; seed++) {
        toc_ctx ctx, other;
        toc_rng rng = toc_rng_new(seed, 0), shuffle = toc_rng_new(seed, 1);
        shop_data a, b;
        ing_summary sa, sb;
        toc_buf text = {0};
        size_t order[6];
        memcpy(order, straight, sizeof order);
        for (size_t j = 5; j > 0; j--) {
            size_t k = toc_rng_below(&shuffle, j + 1), t = order[j];
            order[j] = order[k];
            order[k] = t;
        }
        toc_ctx_init(&ctx);
        size_t n = random_orders(&ctx, rng, straight, &text);
        read_text(&ctx, text.p, &a, &sa);
        assert_int_equal(random_orders(&ctx, rng, order, &text), n);
        read_text(&other, text.p, &b, &sb);
        assert_int_equal(sa.rows, n);
        assert_int_equal(sa.accepted + sa.duplicate + sa.rejected, n);
        assert_int_equal(sa.accepted, a.orders.n);
        assert_true(sa.accepted == sb.accepted && sa.duplicate == sb.duplicate && sa.rejected == sb.rejected);
        for (size_t i = 0; i < a.orders.n; i++) {
            assert_string_equal(shop_text(&a, SHOP_D_ORDER, a.orders.order_id[i]), shop_text(&b, SHOP_D_ORDER, b.orders.order_id[i]));
            assert_int_equal(a.orders.row[i], b.orders.row[i]);
        }
        shop_release(&a);
        shop_release(&b);
        toc_buf_release(&text);
        toc_ctx_release(&ctx);
        toc_ctx_release(&other);
    }
}

static int compare_texts(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

/* Orders with few different lines, so that many repeat, their rows in the order of the seed; "order line quantity" of each accepted row, sorted. */
static size_t lines_of(uint64_t seed, size_t n, bool strangers, char names[][64], char **sorted, ing_summary *summary)
{
    toc_ctx ctx;
    toc_rng rng = toc_rng_new(seed, 2);
    shop_data shop;
    toc_buf text = {0};
    size_t order[200], kept = 0;

    toc_ctx_init(&ctx);
    for (size_t i = 0; i < n; i++) order[i] = i;
    for (size_t i = n; i-- > 1;) {
        size_t k = toc_rng_below(&rng, i + 1), t = order[i];
        order[i] = order[k];
        order[k] = t;
    }
    assert_int_equal(toc_buf_str(&ctx, &text, "order_id,product_id,quantity,unit_price,ordered_at\n"), TOC_OK);
    if (strangers) assert_int_equal(toc_buf_str(&ctx, &text, "X1,P9,9,1,2024-01-01\nX2,P0,8,1,2024-01-01\n"), TOC_OK);
    for (size_t i = 0; i < n; i++)
        assert_int_equal(toc_buf_printf(&ctx, &text, "O%zu,P%zu,%zu,2.50,2024-05-01\n", order[i] % 7, order[i] % 3, 1 + order[i] % 2), TOC_OK);
    read_text(&ctx, text.p, &shop, summary);
    for (size_t i = 0; i < shop.orders.n; i++) {
        const char *order_id = shop_text(&shop, SHOP_D_ORDER, shop.orders.order_id[i]);
        if (order_id[0] == 'X') continue;
        snprintf(names[kept], 64, "%s %s %lld", order_id, shop_text(&shop, SHOP_D_LINE, shop.orders.line_id[i]), (long long)shop.orders.quantity[i]);
        sorted[kept] = names[kept];
        kept++;
    }
    qsort(sorted, kept, sizeof *sorted, compare_texts);
    toc_buf_release(&text);
    shop_release(&shop);
    toc_ctx_release(&ctx);
    return kept;
}

static void lines_are_named_alike_in_any_file(void **state)
{
    enum { N = 200 };
    char names[2][N][64], *sorted[2][N];
    (void)state;
    for (uint64_t seed = 1; seed <= 20; seed++) {
        ing_summary a, b;
        assert_int_equal(lines_of(seed, N, false, names[0], sorted[0], &a), N);
        assert_int_equal(lines_of(seed + 100, N, true, names[1], sorted[1], &b), N);
        assert_int_equal(a.repeats, N - 42); /* 7 orders, 3 products, 2 quantities */
        assert_int_equal(b.repeats, N - 42);
        for (size_t i = 0; i < N; i++) {
            assert_string_equal(sorted[0][i], sorted[1][i]);
            if (i) assert_string_not_equal(sorted[0][i - 1], sorted[0][i]);
        }
    }
}

static void judging(void **state)
{
    static const struct {
        size_t accepted, rejected, damaged;
        const char *max_rejects;
        toc_status st;
    } table[] = {
        { 5, 0, 0, NULL, TOC_OK }, { 5, 3, 0, NULL, TOC_OK }, { 5, 3, 1, NULL, TOC_E_DATA }, { 5, 3, 1, "3", TOC_OK }, { 5, 3, 0, "2", TOC_E_DATA },
        { 0, 3, 0, NULL, TOC_E_DATA }, { 0, 0, 0, "0", TOC_E_DATA }, { 9943, 57, 0, "0.57%", TOC_OK }, { 9943, 57, 0, "0.569%", TOC_E_DATA },
        { 0, 0, 0, NULL, TOC_E_DATA }, { 1, 1, 0, "100%", TOC_OK },
    };
    static const char *const wrong[] = { "", "%", "-1", "101%", "many", "5 %", "nan%" };
    (void)state;
    for (size_t i = 0; i < TOC_COUNT(table); i++) {
        toc_ctx ctx;
        toc_ctx_init(&ctx);
        ctx.err = fopen("/dev/null", "w");
        assert_non_null(ctx.err);
        ing_summary s = { .file = "f", .title = "t", .rows = table[i].accepted + table[i].rejected, .accepted = table[i].accepted,
                          .rejected = table[i].rejected, .damaged = table[i].damaged, .first_damage = table[i].damaged ? "f:2: quote" : NULL };
        ing_limit limit;
        assert_int_equal(ing_limit_of(&ctx, table[i].max_rejects, &limit), TOC_OK);
        assert_int_equal(ing_judge(&ctx, &s, 1, &limit, NULL), table[i].st);
        for (size_t k = 0; k < TOC_COUNT(wrong); k++) assert_int_equal(ing_limit_of(&ctx, wrong[k], &limit), TOC_E_USAGE);
        fclose(ctx.err);
        toc_ctx_release(&ctx);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(statuses_of_platforms), cmocka_unit_test(ids_as_spreadsheets_leave_them), cmocka_unit_test(texts_are_cleaned),
        cmocka_unit_test(rows_are_accounted_for_in_any_column_order), cmocka_unit_test(lines_are_named_alike_in_any_file), cmocka_unit_test(judging),
    };
    path = scratch_path("ingest.csv");
    return cmocka_run_group_tests(tests, NULL, NULL);
}
