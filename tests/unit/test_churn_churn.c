/* test_churn_churn.c: an invented shop whose leaving customers are known; no leakage; the same bytes for any thread count; honest
 * when short. */
#include "churn/churn.h"

#include <setjmp.h>
#include <stdarg.h>
#include <math.h>
#include <cmocka.h>

static toc_ctx ctx;

#define N_CUSTOMERS 600
#define DAYS 500

static void add_line(shop_data *shop, const char *order, const char *customer, int64_t at, int64_t price)
{
    size_t i;

    assert_int_equal(shop_add_rows(&ctx, shop, SHOP_ORDERS, 1, &i), TOC_OK);
    assert_int_equal(toc_pool_intern(&ctx, &shop->dict[SHOP_D_ORDER], toc_str_of(order), &shop->orders.order_id[i]), TOC_OK);
    assert_int_equal(toc_pool_intern(&ctx, &shop->dict[SHOP_D_CUSTOMER], toc_str_of(customer), &shop->orders.customer_id[i]),
                     TOC_OK);
    shop->orders.quantity[i] = 1;
    shop->orders.unit_price[i] = price;
    shop->orders.ordered_at[i] = at;
}

/* Customers with rhythms of 10 to 70 days; every third stops for good on a day of their own. Beginning of time is 2025-01-01. */
static void make_shop(shop_data *shop, int days)
{
    toc_rng rng = toc_rng_new(7, 1);
    int64_t start = toc_days_from_civil(2025, 1, 1) * TOC_DAY;
    char order[32], customer[32];

    assert_int_equal(shop_init(&ctx, shop), TOC_OK);
    for (int c = 0; c < N_CUSTOMERS; c++) {
        double gap = 10 + 60 * toc_rng_unit(&rng), at = 100 * toc_rng_unit(&rng), stop = c % 3 == 0
            ? 100 + 400 * toc_rng_unit(&rng) : 1e9;
        snprintf(customer, sizeof customer, "c%03d", c);
        for (int k = 0; at < days && at < stop; k++, at += gap * (0.6 + 0.8 * toc_rng_unit(&rng))) {
            snprintf(order, sizeof order, "o%03d-%d", c, k);
            add_line(shop, order, customer, start + (int64_t)(at * (double)TOC_DAY), 1000 + 10 * c);
        }
    }
    assert_int_equal(shop_sort(&ctx, shop), TOC_OK);
}

static int64_t moment(int day) { return (toc_days_from_civil(2025, 1, 1) + day) * TOC_DAY; }

static void warn_at(const shop_data *shop, int day, double horizon, size_t threads, warn_list *list)
{
    churn_options o = churn_defaults();

    o.horizon_days = horizon;
    o.n_trees = 40;
    ctx.n_threads = threads;
    warn_list_init(list, "churn");
    assert_int_equal(churn_warn(&ctx, shop, moment(day), &o, list), TOC_OK);
    ctx.n_threads = 1;
}

static void assert_same(const warn_list *a, const warn_list *b)
{
    assert_int_equal(a->n_items, b->n_items);
    assert_string_equal(a->backtest.summary, b->backtest.summary);
    assert_int_equal(a->backtest.n_measures, b->backtest.n_measures);
    for (size_t i = 0; i < a->backtest.n_measures; i++) assert_memory_equal(&a->backtest.measures[i].value,
                                                                            &b->backtest.measures[i].value, sizeof(double));
    for (size_t i = 0; i < a->n_items; i++) {
        const warn_item *x = &a->items[i], *y = &b->items[i];
        assert_string_equal(x->id, y->id);
        assert_memory_equal(&x->score, &y->score, sizeof x->score);
        assert_int_equal(x->money_minor, y->money_minor);
        assert_int_equal(x->n_reasons, y->n_reasons);
        for (size_t k = 0; k < x->n_reasons; k++) assert_string_equal(x->reasons[k].text, y->reasons[k].text);
        for (size_t k = 0; k < x->n_facts; k++) assert_string_equal(x->facts[k].text, y->facts[k].text);
    }
}

static double measure(const warn_list *list, const char *name, bool plain)
{
    for (size_t i = 0; i < list->backtest.n_measures; i++)
        if (toc_str_is(toc_str_of(list->backtest.measures[i].name), name)) return plain ? list->backtest.measures[i].plain
            : list->backtest.measures[i].value;
    fail_msg("no measure %s", name);
    return 0;
}

/* Whether the customers warned of are those that really stopped: AUC of the score against the generator's own truth. */
static double auc_of(const warn_list *list, const shop_data *all, int day, int horizon)
{
    double above = 0, pairs = 0;
    bool came[N_CUSTOMERS] = { 0 };

    for (size_t i = 0; i < all->orders.n; i++) {
        const char *id = shop_text(all, SHOP_D_CUSTOMER, all->orders.customer_id[i]);
        int64_t at = all->orders.ordered_at[i];
        if (at >= moment(day) && at < moment(day + horizon)) came[strtol(id + 1, NULL, 10)] = true;
    }
    for (size_t i = 0; i < list->n_items; i++)
        for (size_t j = 0; j < list->n_items; j++) {
            if (came[strtol(list->items[i].entity + 1, NULL, 10)] || !came[strtol(list->items[j].entity + 1, NULL, 10)]) continue;
            pairs++;
            above += list->items[i].score > list->items[j].score ? 1 : list->items[i].score == list->items[j].score ? 0.5 : 0;
        }
    return above / pairs;
}

static void leaving_customers_are_found(void **state)
{
    shop_data shop;
    warn_list list;
    (void)state;

    make_shop(&shop, DAYS);
    warn_at(&shop, 420, 60, 1, &list);
    assert_true(list.calibrated && list.backtest.done);
    assert_int_equal(list.backtest.as_of, moment(360));
    assert_int_equal(list.backtest.until, moment(420));
    assert_true(auc_of(&list, &shop, 420, 60) > 0.9);
    assert_true(measure(&list, "AUC", false) > measure(&list, "AUC", true)); /* rhythms differ, so recency alone knows less */
    assert_true(measure(&list, "AUC", false) > 0.9);
    for (size_t i = 1; i < list.n_items; i++)
        assert_true(list.items[i - 1].level > list.items[i].level || (list.items[i - 1].level == list.items[i].level
                                                                      && list.items[i - 1].score >= list.items[i].score));
    for (size_t i = 0; i < list.n_items; i++) assert_true(list.items[i].n_reasons > 0 && list.items[i].score > 0
                                                          && list.items[i].score < 1);
    warn_release(&list);
    shop_release(&shop);
}

static void threads_and_the_future_change_nothing(void **state)
{
    shop_data shop;
    warn_list one, two, garbage;
    char order[32];
    (void)state;

    make_shop(&shop, DAYS);
    warn_at(&shop, 400, 45, 1, &one);
    warn_at(&shop, 400, 45, 3, &two);
    assert_same(&one, &two);
    /* what was, with garbage about what came of it; then orders of everybody at and after T */
    for (size_t i = 0; i < shop.orders.n; i++) {
        if (shop.orders.ordered_at[i] >= moment(400)) shop.orders.unit_price[i] = 9999999;
        shop.orders.cancelled_at[i] = moment(401);
        shop.orders.refunded_at[i] = moment(402);
        shop.orders.refund_amount[i] = 123456;
    }
    for (int k = 0; k < 50; k++) {
        snprintf(order, sizeof order, "late%d", k);
        add_line(&shop, order, "c000", moment(400), 7);
    }
    assert_int_equal(shop_sort(&ctx, &shop), TOC_OK);
    warn_at(&shop, 400, 45, 1, &garbage);
    assert_same(&one, &garbage);
    warn_release(&one);
    warn_release(&two);
    warn_release(&garbage);
    shop_release(&shop);
}

static void short_history_gives_no_probability(void **state)
{
    shop_data shop;
    warn_list list;
    (void)state;

    make_shop(&shop, 120);
    warn_at(&shop, 120, 90, 1, &list);
    assert_false(list.calibrated || list.backtest.done);
    assert_non_null(list.backtest.why_not);
    assert_non_null(strstr(list.backtest.why_not, "91 more days"));
    assert_true(list.n_items > 0 && list.items[0].n_reasons > 0);
    warn_release(&list);
    shop_release(&shop);
}

static void horizon_by_hand(void **state)
{
    shop_data shop;
    double days;
    (void)state;

    assert_int_equal(shop_init(&ctx, &shop), TOC_OK);
    add_line(&shop, "o1", "a", moment(0), 100);
    add_line(&shop, "o2", "a", moment(0) + TOC_HOUR, 100); /* the same day */
    add_line(&shop, "o3", "a", moment(10), 100);
    add_line(&shop, "o4", "a", moment(30), 100);
    add_line(&shop, "o5", "b", moment(100), 100);
    add_line(&shop, "o6", "b", moment(130), 100);
    add_line(&shop, "o7", "b", moment(170), 100); /* gaps 10, 20, 30, 40: the 75 % quantile is 32.5 */
    assert_int_equal(churn_learn_horizon(&ctx, &shop, moment(400), &days), TOC_OK);
    assert_true(fabs(days - 65) < 1e-9);
    assert_int_equal(churn_learn_horizon(&ctx, &shop, moment(200), &days), TOC_OK);
    assert_true(fabs(days - 50) < 1e-9); /* a quarter of the history */
    shop_release(&shop);
}

static void nobody_is_an_error(void **state)
{
    shop_data shop;
    warn_list list;
    churn_options o = churn_defaults();
    (void)state;

    assert_int_equal(shop_init(&ctx, &shop), TOC_OK);
    add_line(&shop, "o1", "a", moment(10), 100);
    warn_list_init(&list, "churn");
    assert_int_equal(churn_warn(&ctx, &shop, moment(5), &o, &list), TOC_E_DATA);
    ctx.message[0] = 0;
    warn_release(&list);
    shop_release(&shop);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(leaving_customers_are_found), cmocka_unit_test(threads_and_the_future_change_nothing),
        cmocka_unit_test(short_history_gives_no_probability), cmocka_unit_test(horizon_by_hand),
            cmocka_unit_test(nobody_is_an_error),
    };
    toc_ctx_init(&ctx);
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    toc_ctx_release(&ctx);
    return failed;
}
