/* test_inventory_warn.c: shops made by hand, one trouble each. */
#include "inventory/inventory.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

enum { DAYS = 120 };
static toc_ctx ctx;
static shop_data shop;
static warn_list list;
static int64_t day0;

static uint32_t code(shop_domain domain, const char *text)
{
    uint32_t c = 0;
    assert_int_equal(toc_pool_intern(&ctx, &shop.dict[domain], toc_str_of(text), &c), TOC_OK);
    return c;
}

static void sell(const char *product, int64_t day, int64_t quantity)
{
    size_t i;
    char id[32];
    assert_int_equal(shop_add_rows(&ctx, &shop, SHOP_ORDERS, 1, &i), TOC_OK);
    shop_orders *o = &shop.orders;
    snprintf(id, sizeof id, "O%zu", i);
    o->order_id[i] = code(SHOP_D_ORDER, id);
    o->product_id[i] = code(SHOP_D_PRODUCT, product);
    o->currency[i] = code(SHOP_D_WORD, "EUR");
    o->quantity[i] = quantity;
    o->unit_price[i] = 1000;
    o->ordered_at[i] = day0 + day * TOC_DAY + 12 * TOC_HOUR;
}

static size_t count_stock(const char *product, const char *place, int64_t day, int64_t on_hand)
{
    size_t i;
    assert_int_equal(shop_add_rows(&ctx, &shop, SHOP_STOCK, 1, &i), TOC_OK);
    shop.stock.product_id[i] = code(SHOP_D_PRODUCT, product);
    shop.stock.location[i] = *place ? code(SHOP_D_PLACE, place) : 0;
    shop.stock.on_hand[i] = on_hand;
    shop.stock.unit_cost[i] = 400;
    shop.stock.as_of[i] = day0 + day * TOC_DAY;
    return i;
}

/* n a day from the first day on. */
static void sell_steadily(const char *product, int64_t n)
{
    for (int64_t day = 0; day < DAYS; day++) sell(product, day, n);
}

static void warn_at(int64_t day)
{
    inventory_options options = inventory_defaults();
    warn_release(&list);
    assert_int_equal(inventory_warn(&ctx, &shop, day0 + day * TOC_DAY, &options, &list), TOC_OK);
}

static const warn_item *find(const char *product)
{
    for (size_t i = 0; i < list.n_items; i++)
        if (strcmp(list.items[i].entity, product) == 0) return &list.items[i];
    return NULL;
}

static const char *fact(const char *product, const char *name)
{
    const warn_item *item = find(product);
    for (size_t i = 0; item && i < item->n_facts; i++)
        if (strcmp(item->facts[i].name, name) == 0) return item->facts[i].text;
    return "?";
}

static bool has_note(const char *part)
{
    for (size_t i = 0; i < list.n_notes; i++)
        if (strstr(list.notes[i], part)) return true;
    return false;
}

static double number(const char *product, const char *name)
{
    double value = NAN;
    toc_parse_double(toc_str_of(fact(product, name)), &value);
    return value;
}

static void little_stock_runs_out(void **state)
{
    (void)state;
    sell_steadily("slow", 1);
    sell_steadily("fast", 5);
    count_stock("fast", "", DAYS, 20);
    count_stock("slow", "", DAYS, 60);
    shop.stock.as_of[0] = shop.stock.as_of[1] = day0 + DAYS * TOC_DAY - TOC_HOUR;
    warn_at(DAYS);
    assert_non_null(find("fast"));
    assert_null(find("slow"));
    assert_string_equal(fact("fast", "problem"), "runs_out");
    assert_int_equal(find("fast")->level, WARN_CRITICAL);
    assert_true(find("fast")->score > 0.9 && find("fast")->score <= 1.0);
    /* 5 a day for 14 days, with nothing else to hurry: 70 are asked for, 20 are there; lost sales are about 50 at 10 EUR. */
    assert_true(fabs(number("fast", "demand_expected") - 70.0) < 7.0);
    assert_true(number("fast", "order_quantity") >= 43.0 && number("fast", "order_quantity") <= 80.0);
    assert_true(find("fast")->money_minor > 35000 && find("fast")->money_minor < 65000);
    assert_true(fabs(number("fast", "days_of_cover") - 4.0) < 0.5);
    /* 20 pieces at 5 a day last four days: gone on the fourth day ahead. */
    char want[32];
    toc_format_date(&ctx, day0 + (DAYS + 3) * TOC_DAY, want);
    assert_string_equal(fact("fast", "stock_out_on"), want);
    assert_true(has_note("no lead time for 2 of 2 products: 7 days assumed"));
    assert_string_equal(find("fast")->reasons[0].code, "I01");
    assert_true(strncmp(find("fast")->action, "order ", 6) == 0);
    assert_int_equal(find("fast")->n_forecast, 28);
}

static void places_are_summed_and_repeats_are_not(void **state)
{
    (void)state;
    sell_steadily("a", 5);
    sell_steadily("b", 5);
    for (int k = 0; k < 3; k++) count_stock("a", "north", DAYS - 1, 40); /* the same count three times */
    count_stock("a", "south", DAYS - 3, 50);
    count_stock("b", "north", DAYS - 1, 40);
    warn_at(DAYS);
    assert_null(find("a"));         /* 90 less what was sold since: enough for 14 days */
    assert_non_null(find("b"));
    assert_string_equal(fact("b", "on_hand"), "35"); /* 40 counted in the morning, 5 sold that day */
}

static void what_is_on_the_way_counts_when_it_comes_in_time(void **state)
{
    (void)state;
    sell_steadily("soon", 5);
    sell_steadily("late", 5);
    size_t i = count_stock("soon", "", DAYS, 30), j = count_stock("late", "", DAYS, 30);
    for (size_t k = i; k <= j; k++) shop.stock.as_of[k] -= TOC_SECOND;
    shop.stock.incoming[i] = shop.stock.incoming[j] = 100;
    shop.stock.incoming_at[i] = day0 + (DAYS + 4) * TOC_DAY;
    shop.stock.incoming_at[j] = day0 + (DAYS + 40) * TOC_DAY;
    warn_at(DAYS);
    assert_null(find("soon"));
    assert_non_null(find("late"));
    assert_string_equal(fact("late", "incoming"), "100");
    assert_string_equal(find("late")->action, "hurry the 100 on the way");
}

static void dead_and_surplus_stock(void **state)
{
    (void)state;
    for (int64_t day = 0; day < 20; day++) sell("dead", day, 3);
    sell_steadily("full", 2);
    count_stock("dead", "", DAYS - 1, 25);
    count_stock("full", "", DAYS - 1, 2000);
    warn_at(DAYS);
    assert_string_equal(fact("dead", "problem"), "dead_stock");
    assert_string_equal(fact("dead", "class"), "dead");
    assert_int_equal(find("dead")->money_minor, 25 * 400);
    assert_string_equal(fact("full", "problem"), "surplus");
    /* About 2000 - 180 days at 2 a day are too much, at a cost of 4 EUR. */
    assert_true(llabs(find("full")->money_minor - 1638 * 400) < 40 * 400);
}

static void negative_and_empty_counts(void **state)
{
    (void)state;
    sell_steadily("minus", 4);
    sell_steadily("gone", 4);
    count_stock("minus", "", DAYS, -6);
    count_stock("gone", "", DAYS, 0);
    shop.stock.as_of[0] = shop.stock.as_of[1] = day0 + DAYS * TOC_DAY - TOC_SECOND;
    warn_at(DAYS);
    assert_string_equal(fact("minus", "problem"), "out_of_stock");
    assert_string_equal(fact("minus", "on_hand"), "-6");
    assert_int_equal(find("minus")->n_reasons, 2);
    assert_string_equal(fact("gone", "problem"), "out_of_stock");
    assert_int_equal(find("gone")->level, WARN_CRITICAL);
    assert_true(number("minus", "order_quantity") >= number("gone", "order_quantity") + 6.0);
}

static void a_count_that_was_outsold_is_no_stock_out(void **state)
{
    (void)state;
    sell_steadily("stale", 5);
    sell_steadily("arrived", 5);
    count_stock("stale", "", DAYS - 10, 20);
    size_t i = count_stock("arrived", "", DAYS - 10, 20);
    shop.stock.incoming[i] = 160;
    shop.stock.incoming_at[i] = day0 + (DAYS - 8) * TOC_DAY;
    warn_at(DAYS);
    assert_string_equal(fact("stale", "problem"), "count_again");
    assert_int_equal(find("stale")->level, WARN_NOTICE);
    assert_null(find("arrived")); /* 20 and 160 less 50 */
}

static void one_giant_order_is_not_demand(void **state)
{
    (void)state;
    sell_steadily("bulk", 1);
    sell("bulk", 100, 74215);
    count_stock("bulk", "", DAYS - 1, 5);
    warn_at(DAYS);
    assert_true(number("bulk", "demand_expected") < 20.0);
    assert_true(number("bulk", "order_quantity") < 40.0);
}

static void a_return_takes_its_sale_back(void **state)
{
    (void)state;
    sell_steadily("plain", 1);
    sell("plain", 110, 30);
    sell("plain", 111, -30);
    count_stock("plain", "", DAYS - 1, 5);
    warn_at(DAYS);
    assert_true(fabs(number("plain", "demand_expected") - 14.0) < 3.0);
}

static void days_without_stock_are_not_days_without_demand(void **state)
{
    (void)state;
    /* Every second week there is nothing to sell; daily counts say so. */
    for (int64_t day = 0; day < DAYS; day++) {
        bool there = day / 7 % 2 == 0;
        if (there) sell("hidden", day, 6);
        count_stock("hidden", "", day, there ? 100 : 0);
    }
    count_stock("hidden", "", DAYS, 30);
    shop.stock.as_of[shop.stock.n - 1] -= TOC_SECOND;
    warn_at(DAYS);
    assert_true(number("hidden", "demand_per_day") > 5.0);
    assert_true(has_note("taken as unknown demand"));
}

static void sold_once_or_never(void **state)
{
    (void)state;
    sell_steadily("other", 1);
    sell("once", 60, 1);
    count_stock("once", "", DAYS - 1, 3);
    count_stock("never", "", DAYS - 1, 7);
    warn_at(DAYS);
    assert_string_equal(fact("never", "problem"), "dead_stock");
    assert_int_equal(list.n_considered, 3);
    const warn_item *once = find("once");
    assert_true(!once || once->level == WARN_NOTICE);
}

static void without_counts_only_changes_are_named(void **state)
{
    (void)state;
    for (int k = 0; k < 20; k++) {
        char id[16];
        snprintf(id, sizeof id, "p%02d", k);
        for (int64_t day = 0; day < DAYS; day++)
            if ((day * 7 + k * 5) % 3 != 0) sell(id, day, 1 + (day + k) % 3);
    }
    for (int64_t day = DAYS - 10; day < DAYS; day++) sell("p03", day, 12);
    warn_at(DAYS);
    assert_int_equal(list.n_items, 1);
    assert_string_equal(fact("p03", "problem"), "demand_above");
    assert_string_equal(fact("p03", "on_hand"), "");
    assert_true(number("p03", "order_quantity") > 0.0);
    assert_true(has_note("no stock counts"));
    assert_true(list.backtest.done);
}

static void the_future_is_not_seen(void **state)
{
    (void)state;
    sell_steadily("a", 3);
    count_stock("a", "", 80, 20);
    warn_at(81);
    assert_int_equal(list.n_items, 1);
    char want[64];
    snprintf(want, sizeof want, "%s", fact("a", "demand_expected"));
    for (int64_t day = 85; day < DAYS; day++) sell("a", day, 5000);
    count_stock("a", "", 90, 100000);
    warn_at(81);
    assert_string_equal(fact("a", "demand_expected"), want);
    assert_string_equal(fact("a", "on_hand"), "17");
}

static void little_history_says_how_much_is_missing(void **state)
{
    (void)state;
    for (int64_t day = 0; day < 9; day++) sell("young", day, 2);
    count_stock("young", "", 8, 3);
    warn_at(9);
    assert_false(list.backtest.done);
    assert_non_null(strstr(list.backtest.why_not, "9 days of orders"));
    assert_non_null(find("young"));
    inventory_options options = inventory_defaults();
    warn_release(&list);
    assert_int_equal(inventory_warn(&ctx, &shop, day0, &options, &list), TOC_E_DATA);
}

static int setup(void **state)
{
    (void)state;
    toc_ctx_init(&ctx);
    day0 = toc_days_from_civil(2026, 1, 5) * TOC_DAY;
    shop = (shop_data){0};
    warn_list_init(&list, "inventory");
    return (int)shop_init(&ctx, &shop);
}

static int teardown(void **state)
{
    (void)state;
    warn_release(&list);
    shop_release(&shop);
    toc_ctx_release(&ctx);
    return 0;
}

#define CASE(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(little_stock_runs_out),
        CASE(places_are_summed_and_repeats_are_not),
        CASE(what_is_on_the_way_counts_when_it_comes_in_time),
        CASE(dead_and_surplus_stock),
        CASE(negative_and_empty_counts),
        CASE(a_count_that_was_outsold_is_no_stock_out),
        CASE(one_giant_order_is_not_demand),
        CASE(a_return_takes_its_sale_back),
        CASE(days_without_stock_are_not_days_without_demand),
        CASE(sold_once_or_never),
        CASE(without_counts_only_changes_are_named),
        CASE(the_future_is_not_seen),
        CASE(little_history_says_how_much_is_missing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
