/* test_shop_as_of.c: no leakage: garbage in everything later than T leaves the view as it was. */
#include "shop/shop.h"

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

static toc_ctx ctx;

static const char *const header[] = { "order_id", "quantity", "unit_price", "ordered_at", "paid_at", "shipped_at", "refunded_at", "status", "status_at", "refund_amount" };
static const char *const lines[][10] = {
    { "a", "1", "5.00", "2026-01-01", "2026-01-02", "2026-01-20", "", "shipped", "", "" },
    { "b", "2", "1.00", "2026-01-05", "2026-01-05", "2026-01-06", "2026-01-25", "refunded", "2026-01-25", "2.00" },
    { "c", "1", "3.00", "2026-01-08", "", "", "", "cancelled", "", "" },
    { "d", "1", "3.00", "2026-01-15", "", "", "", "paid", "", "" },
    { "e", "-1", "3.00", "2026-01-09", "", "", "", "", "", "" },
};

static void fill(shop_data *shop)
{
    shop_format format = { .money_digits = 2 };
    size_t first;

    assert_int_equal(shop_init(&ctx, shop), TOC_OK);
    assert_int_equal(shop_add_rows(&ctx, shop, SHOP_ORDERS, TOC_COUNT(lines), &first), TOC_OK);
    for (size_t i = 0; i < TOC_COUNT(lines); i++)
        for (size_t j = 0; j < TOC_COUNT(header); j++) {
            int column = shop_column_of(SHOP_ORDERS, toc_str_of(header[j]));
            assert_true(column >= 0);
            assert_int_equal(shop_parse_cell(&ctx, shop, SHOP_ORDERS, (size_t)column, i, toc_str_of(lines[i][j]), &format), SHOP_CELL_OK);
        }
}

static int64_t day(unsigned d)
{
    return toc_days_from_civil(2026, 1, d) * TOC_DAY;
}

static void statuses_are_those_of_the_moment(void **state)
{
    shop_data shop, view;
    uint64_t dropped;
    (void)state;

    fill(&shop);
    assert_int_equal(shop_as_of(&ctx, &shop, day(10), &view, &dropped), TOC_OK);
    assert_int_equal(view.orders.n, 4);
    assert_int_equal(shop_line_status(&view, 0), SHOP_PAID);    /* shipped only later */
    assert_int_equal(shop_line_status(&view, 1), SHOP_SHIPPED); /* refunded only later */
    assert_true(view.orders.refund_amount[1] == TOC_NO_MONEY);
    assert_int_equal(shop_line_status(&view, 2), SHOP_PLACED);  /* cancelled, but nobody says when */
    assert_true(dropped & UINT64_C(1) << shop_column_of(SHOP_ORDERS, TOC_STR("status")));
    assert_true(shop_line_is_return(&view, 3) && !shop_line_is_purchase(&view, 3));
    shop_release(&view);
    assert_int_equal(shop_as_of(&ctx, &shop, day(26), &view, &dropped), TOC_OK);
    assert_int_equal(shop_line_status(&view, 1), SHOP_REFUNDED);
    assert_int_equal(view.orders.refund_amount[1], 200);
    shop_release(&view);
    shop_release(&shop);
}

static void garbage_after_the_moment_changes_nothing(void **state)
{
    shop_data shop, view, again;
    (void)state;

    fill(&shop);
    assert_int_equal(shop_as_of(&ctx, &shop, day(10), &view, NULL), TOC_OK);
    shop_orders *o = &shop.orders;
    for (size_t i = 0; i < o->n; i++) {
        int64_t *times[] = { &o->paid_at[i], &o->shipped_at[i], &o->delivered_at[i], &o->cancelled_at[i], &o->returned_at[i], &o->refunded_at[i], &o->status_at[i] };
        for (size_t t = 0; t < TOC_COUNT(times); t++)
            if (*times[t] == TOC_NO_TIME || *times[t] >= day(10)) *times[t] = day(11 + (unsigned)(i + t));
        o->refund_amount[i] = 12345;
        assert_int_equal(toc_pool_intern(&ctx, &shop.dict[SHOP_D_WORD], TOC_STR("garbage"), &o->status[i]), TOC_OK);
    }
    assert_int_equal(shop_as_of(&ctx, &shop, day(10), &again, NULL), TOC_OK);
    assert_int_equal(view.orders.n, again.orders.n);
    const shop_schema *schema = shop_schema_of(SHOP_ORDERS);
    for (size_t j = 0; j < schema->n_columns; j++) {
        if (schema->columns[j].type == SHOP_T_CODE) assert_memory_equal(shop_codes(&view, SHOP_ORDERS, j), shop_codes(&again, SHOP_ORDERS, j), view.orders.n * 4);
        else assert_memory_equal(shop_ints(&view, SHOP_ORDERS, j), shop_ints(&again, SHOP_ORDERS, j), view.orders.n * 8);
    }
    shop_release(&view);
    shop_release(&again);
    shop_release(&shop);
}

static void a_lonely_late_event_is_no_default_moment(void **state)
{
    shop_data shop;
    int64_t as_of;
    size_t first;
    (void)state;

    assert_int_equal(shop_init(&ctx, &shop), TOC_OK);
    assert_int_equal(shop_add_rows(&ctx, &shop, SHOP_ORDERS, 2000, &first), TOC_OK);
    for (size_t i = 0; i < 2000; i++) shop.orders.ordered_at[i] = day(1) + (int64_t)i * 60 * TOC_SECOND;
    assert_int_equal(shop_default_as_of(&ctx, &shop, &as_of), TOC_OK);
    assert_true(as_of == day(3));
    shop.orders.ordered_at[77] = day(1) + 400 * TOC_DAY;
    assert_int_equal(shop_default_as_of(&ctx, &shop, &as_of), TOC_E_DATA);
    assert_non_null(strstr(ctx.message, "2027-02-05"));
    shop_release(&shop);
}

static void sorting_forgets_the_order_of_rows(void **state)
{
    shop_data shop;
    (void)state;

    fill(&shop);
    assert_int_equal(shop_sort(&ctx, &shop), TOC_OK);
    for (size_t i = 1; i < shop.orders.n; i++) assert_true(shop.orders.ordered_at[i - 1] <= shop.orders.ordered_at[i]);
    assert_string_equal(shop_text(&shop, SHOP_D_ORDER, shop.orders.order_id[3]), "e");
    shop_release(&shop);
}

static void the_last_state_of_a_line_counts(void **state)
{
    static const char *const ids[][2] = { { "a", "1" }, { "a", "2" }, { "a", "1" }, { "b", "1" }, { "c", "" }, { "c", "" } };
    static const int64_t kept[] = { 1, 2, 3, 4, 5 };
    shop_data shop;
    size_t first;
    (void)state;

    assert_int_equal(shop_init(&ctx, &shop), TOC_OK);
    assert_int_equal(shop_add_rows(&ctx, &shop, SHOP_ORDERS, TOC_COUNT(ids), &first), TOC_OK);
    for (size_t i = 0; i < TOC_COUNT(ids); i++) {
        assert_int_equal(toc_pool_intern(&ctx, &shop.dict[SHOP_D_ORDER], toc_str_of(ids[i][0]), &shop.orders.order_id[i]), TOC_OK);
        assert_int_equal(toc_pool_intern(&ctx, &shop.dict[SHOP_D_LINE], toc_str_of(ids[i][1]), &shop.orders.line_id[i]), TOC_OK);
        shop.orders.quantity[i] = (int64_t)i;
    }
    assert_int_equal(shop_keep_newest(&ctx, &shop), TOC_OK);
    assert_int_equal(shop.orders.n, TOC_COUNT(kept));
    for (size_t i = 0; i < TOC_COUNT(kept); i++) assert_int_equal(shop.orders.quantity[i], kept[i]);
    shop_release(&shop);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(statuses_are_those_of_the_moment), cmocka_unit_test(garbage_after_the_moment_changes_nothing),
        cmocka_unit_test(a_lonely_late_event_is_no_default_moment), cmocka_unit_test(the_last_state_of_a_line_counts),
        cmocka_unit_test(sorting_forgets_the_order_of_rows),
    };
    toc_ctx_init(&ctx);
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    toc_ctx_release(&ctx);
    return failed;
}
