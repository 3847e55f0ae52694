/* test_fraud_rules.c: every rule fires on a shop made for it and is silent on the honest shop that looks like it; what a reason
 * says of its row is true. */
#include "fraud/fraud_int.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <cmocka.h>

enum { DAYS = 100, BUYERS = 12 };
static toc_ctx ctx;
static shop_data shop;
static fraud_analysis analysis;

/* ---- a shop by hand ---- */

static int64_t day(double d) { return toc_days_from_civil(2026, 1, 1) * TOC_DAY + (int64_t)(d * (double)TOC_DAY); }

static uint32_t code(shop_domain domain, const char *text)
{
    uint32_t c = 0;
    assert_int_equal(toc_pool_intern(&ctx, &shop.dict[domain], toc_str_of(text), &c), TOC_OK);
    return c;
}

static const char *name(const char *kind, int number)
{
    static char text[8][32];
    static int next;
    next = (next + 1) % 8;
    snprintf(text[next], sizeof text[next], "%s%d", kind, number);
    return text[next];
}

/* An order of one line at 10.00, from the customer's own device and address with their own card, shipped after a day; its row. */
static size_t order(const char *customer, const char *merchant, double at)
{
    size_t i;
    char own[48];

    assert_int_equal(shop_add_rows(&ctx, &shop, SHOP_ORDERS, 1, &i), TOC_OK);
    shop_orders *o = &shop.orders;
    o->order_id[i] = code(SHOP_D_ORDER, name("o", (int)i));
    o->customer_id[i] = code(SHOP_D_CUSTOMER, customer);
    o->merchant_id[i] = code(SHOP_D_MERCHANT, merchant);
    o->product_id[i] = code(SHOP_D_PRODUCT, "p");
    o->currency[i] = code(SHOP_D_WORD, "EUR");
    o->quantity[i] = 1;
    o->unit_price[i] = 1000;
    o->ordered_at[i] = day(at);
    o->shipped_at[i] = day(at + 1);
    snprintf(own, sizeof own, "device of %s", customer);
    o->device_id[i] = code(SHOP_D_DEVICE, own);
    snprintf(own, sizeof own, "card of %s", customer);
    o->payment_key[i] = code(SHOP_D_PAYMENT_KEY, own);
    snprintf(own, sizeof own, "home of %s", customer);
    o->address[i] = code(SHOP_D_ADDRESS, own);
    return i;
}

static size_t order_from(const char *customer, const char *merchant, double at, const char *device)
{
    size_t i = order(customer, merchant, at);
    shop.orders.device_id[i] = code(SHOP_D_DEVICE, device);
    return i;
}

static size_t order_paid(const char *customer, const char *merchant, double at, const char *card)
{
    size_t i = order(customer, merchant, at);
    shop.orders.payment_key[i] = code(SHOP_D_PAYMENT_KEY, card);
    return i;
}

static size_t order_at(const char *customer, const char *merchant, double at, int64_t price)
{
    size_t i = order(customer, merchant, at);
    shop.orders.unit_price[i] = price;
    return i;
}

static size_t order_to(const char *customer, const char *merchant, double at, const char *address)
{
    size_t i = order(customer, merchant, at);
    shop.orders.address[i] = code(SHOP_D_ADDRESS, address);
    return i;
}

static void refund(size_t row, double at)
{
    shop.orders.refunded_at[row] = day(at);
    shop.orders.refund_amount[row] = shop.orders.unit_price[row];
}

static size_t review(const char *merchant, double at, int stars, const char *body)
{
    size_t i;
    assert_int_equal(shop_add_rows(&ctx, &shop, SHOP_REVIEWS, 1, &i), TOC_OK);
    shop.reviews.merchant_id[i] = code(SHOP_D_MERCHANT, merchant);
    shop.reviews.customer_id[i] = code(SHOP_D_CUSTOMER, name("reader", (int)i));
    shop.reviews.body[i] = code(SHOP_D_TEXT, body);
    shop.reviews.rating[i] = stars * SHOP_RATIO;
    shop.reviews.created_at[i] = day(at);
    return i;
}

static void label(size_t order_row, double at, const char *word)
{
    size_t i;
    assert_int_equal(shop_add_rows(&ctx, &shop, SHOP_LABELS, 1, &i), TOC_OK);
    shop.labels.entity[i] = code(SHOP_D_WORD, "order");
    shop.labels.id[i] = code(SHOP_D_WORD, shop_text(&shop, SHOP_D_ORDER, shop.orders.order_id[order_row]));
    shop.labels.label[i] = code(SHOP_D_WORD, word);
    shop.labels.labelled_at[i] = day(at);
}

/* Twelve people who order every ten days, each time at another of four merchants: 120 orders, in 30 days 9 a merchant. */
static void fill_background(void)
{
    for (int c = 0; c < BUYERS; c++)
        for (int k = 0; k < DAYS / 10; k++) order(name("c", c), name("m", (c + k) % 4), 10 * k + 0.7 * c);
}

/* A ring: n customers, each sharing a device with the next. */
static void order_in_ring(int n, int k, const char *merchant, double at, double shipped_after)
{
    size_t i = order_from(name("ring", k), merchant, at, name("ring device ", k / 2));
    if (k % 2 && k + 1 < n) shop.orders.address[i] = code(SHOP_D_ADDRESS, name("ring home ", k / 2));
    if (!(k % 2) && k > 0) shop.orders.address[i] = code(SHOP_D_ADDRESS, name("ring home ", k / 2 - 1));
    shop.orders.shipped_at[i] = isnan(shipped_after) ? TOC_NO_TIME : day(at + shipped_after);
}

/* ---- one shop a rule, as it is and as the honest would have it; who is meant ---- */

static const char *burst_of_fresh_accounts(int honest)
{
    for (int k = 0; k < 4; k++) {
        if (honest == 1) order(name("x", k), "m0", 20 + k); /* the family's accounts are old; people in a shop come one by one */
        order_from(name("x", k), "m0", 95 + k / (honest == 2 ? 3.0 : 24.0), "tablet");
    }
    return name("o", (int)shop.orders.n - 1);
}

static const char *fresh_account_orders_far_above(int honest)
{
    const char *who = honest == 1 ? "c0" : "x";
    for (int k = 0; k < 3; k++) order_at(who, "m0", 95 + k * 0.25, k < 2 || honest == 2 ? 1000 : 8000);
    return name("o", (int)shop.orders.n - 1);
}

static const char *card_of_many(int honest)
{
    for (int k = 0; k < 3 && honest == 2; k++) order(name("x", k), "m0", 20); /* colleagues of old with a company's card */
    for (int k = honest == 1; k < 3; k++) order_paid(name("x", k), "m0", 95 + k * 0.5, "stolen"); /* a couple may share one */
    return name("o", (int)shop.orders.n - 1);
}

static const char *card_testing(int honest)
{
    for (int k = 0; k < 5; k++) {
        size_t i = order_paid("x", "m0", 95 + k * 0.005, honest ? "own" : name("card ", k));
        shop.orders.unit_price[i] = 100;
    }
    return name("o", (int)shop.orders.n - 1);
}

static const char *several_cards_in_a_day(int honest)
{
    for (int k = 0; k < 4; k++) order_paid("x", name("m", k), 95 + k * 0.2, name("card ", honest ? k % 2 : k));
    return name("o", (int)shop.orders.n - 1);
}

static const char *far_above_own_habit(int honest)
{
    size_t i = order_paid("c0", "m0", 95, "new card");
    shop.orders.unit_price[i] = honest == 2 ? 3000 : 6000;
    if (honest != 1) shop.orders.device_id[i] = code(SHOP_D_DEVICE, "new device");
    return name("o", (int)i);
}

static const char *countries_differ(int honest)
{
    size_t i = order(honest ? "c0" : "x", "m0", 95);
    shop.orders.country[i] = code(SHOP_D_PLACE, "FR");
    shop.orders.billing_country[i] = code(SHOP_D_PLACE, "US");
    return name("o", (int)i);
}

static const char *card_used_in_fraud(int honest)
{
    label(order_paid("x", "m0", 80, "stolen"), honest ? 96 : 90, "fraud"); /* honest: nobody knew it yet on day 95 */
    return name("o", (int)order_paid("y", "m1", 95, "stolen"));
}

static const char *device_used_in_fraud(int honest)
{
    label(order_from("x", "m0", 80, "laptop"), 90, honest ? "legit" : "chargeback");
    return name("o", (int)order_from("y", "m1", 95, "laptop"));
}

static const char *merchant_with_frauds(int honest)
{
    for (int k = 0; k < 3; k++) label(order(name("x", k), "mx", 80 + k), 90, "fraud"); /* few of 43, not of 8 */
    for (int k = 0; k < (honest ? 40 : 5); k++) order(name("y", k), "mx", 75 + k * 0.25);
    return name("o", (int)order("z", "mx", 95));
}

static const char *most_is_refunded(int honest)
{
    for (int k = 0; k < (honest == 2 ? 4 : 6); k++) { /* bad luck with three of four is not yet a habit */
        size_t i = order("x", "m0", 60 + 5 * k);
        if (k < (honest ? 1 + honest : 4)) refund(i, 90);
    }
    return "x";
}

static const char *refunds_at_several(int honest)
{
    for (int k = 0; k < 8; k++) {
        size_t i = order("x", name("m", honest ? k % 3 : k % 4), 50 + 5 * k);
        if (k < 3) refund(i, 90);
    }
    return "x";
}

static const char *ring_of_customers(int honest)
{
    for (int k = 0; k < 9; k++) { /* nine homes in one street are no ring, and a hostel of nine is none */
        if (!honest && k < 6) order_in_ring(6, k, name("m", k % 4), 90, 1);
        if (honest) order_to(name("guest", k), name("m", k % 4), 90, "hostel");
    }
    return honest ? "guest1" : "ring1";
}

static const char *closed_ring(int honest)
{
    for (int k = 0; k < 12; k++) order(name("c", k), "mx", 50);
    for (int k = 0; k < 12; k++) {
        order_in_ring(6, k % 6, "mx", 60 + k, 1);
        if (honest) order_in_ring(6, k % 6, name("m", k % 4), 61 + k, 1); /* an office buys everywhere */
    }
    return "mx";
}

static const char *ring_never_shipped(int honest)
{
    for (int k = 0; k < 20; k++) order(name("c", k % 12), "mx", 50);
    for (int k = 0; k < 4; k++) order_in_ring(4, k, "mx", 60 + k, honest ? 1 : k % 2 ? 0.05 : NAN);
    return "mx";
}

static const char *copied_reviews(int honest)
{
    static const char *const texts[] = {
        "Such a lovely little shop, everything came on time", "Blue as in the picture and very soft to wear",
        "The cable is short but it does what it should", "My mother liked the vase and so did we all",
    };
    const char *often = honest ? "very good, thanks" : "Best shop ever, fast delivery and a great price";
    for (int k = 0; k < 8; k++) review("m0", 80 + k, 5, k < 4 ? often : texts[k - 4]);
    return "m0";
}

static const char *few_buyers(int honest)
{
    for (int k = 0; k < 36; k++) order(name("x", k % 12), "mx", 60 + k);
    for (int k = 0; k < 12 && honest; k++) order(name("x", k), "m0", 70);
    return "mx";
}

static const char *never_shipped(int honest)
{
    for (int k = 0; k < 12; k++) {
        size_t i = order(name("x", k), "mx", k % 2 ? 60 : honest ? 95 : 70); /* honest: there is time left to ship */
        if (k % 2 == 0) shop.orders.shipped_at[i] = TOC_NO_TIME;
    }
    return "mx";
}

static const char *review_bombing(int honest)
{
    for (int k = 0; k < (honest == 2 ? 52 : 13); k++) review("m0", 10 + 1.5 * k, 3 + k % 3, ""); /* seven of 59 are few */
    for (int k = 0; k < 7; k++) review("m0", honest == 1 ? 20 + 10 * k : 90 + 0.4 * k, 1, "");
    return "m0";
}

static const char *shared_devices(int honest)
{
    for (int k = 0; k < 10; k++) {
        size_t i = order(name("x", k), "mx", 80 + k);
        if (k < 6 && honest) shop.orders.ip[i] = code(SHOP_D_IP, "10.0.0.1");
        if (k < 6 && !honest) shop.orders.device_id[i] = code(SHOP_D_DEVICE, name("shared ", k / 2));
    }
    return "mx";
}

/* value: of the rule's first condition, by hand. */
static const struct {
    const char *code;
    const char *(*build)(int honest); /* 0 = as it is, 1 and 2 = as the honest would have it */
    double value;
} cases[] = {
    { "O01", burst_of_fresh_accounts, 3 },           { "O02", fresh_account_orders_far_above, 0.5 },
    { "O03", card_of_many, 2 },                      { "O04", card_testing, 4 },
    { "O05", several_cards_in_a_day, 3 },            { "O06", far_above_own_habit, 6 },
    { "O07", countries_differ, 1 },                  { "O08", card_used_in_fraud, 1 },
    { "O09", device_used_in_fraud, 1 },              { "O10", merchant_with_frauds, 3 },
    { "C01", most_is_refunded, 4.0 / 6 },            { "C02", refunds_at_several, 3.0 / 8 },
    { "C03", ring_of_customers, 6 },                 { "M01", closed_ring, 0.5 },
    { "M02", ring_never_shipped, 1 },                { "M03", copied_reviews, 0.5 },
    { "M04", few_buyers, 30.0 / 36 },                { "M05", never_shipped, 0.5 },
    { "M06", review_bombing, 7 },                    { "M07", shared_devices, 0.6 },
};

/* ---- what is true of a row ---- */

static const fraud_rule *rule_of(const char *rule_code)
{
    for (size_t i = 0; i < fraud_n_rules; i++)
        if (strcmp(fraud_rules[i].code, rule_code) == 0) return &fraud_rules[i];
    fail_msg("no rule %s", rule_code);
    return NULL;
}

static const fraud_hit *hit_of(const fraud_case *c, const char *rule_code)
{
    for (size_t i = 0; i < c->n_hits; i++)
        if (strcmp(c->hits[i].code, rule_code) == 0) return &c->hits[i];
    return NULL;
}

static const fraud_case *case_of(fraud_entity entity, const char *id)
{
    static const shop_domain domains[] = { SHOP_D_ORDER, SHOP_D_CUSTOMER, SHOP_D_MERCHANT };
    const fraud_group *g = &analysis.groups[entity];

    for (size_t r = 0; r < g->features.n_rows; r++)
        if (strcmp(shop_text(&shop, domains[entity], g->features.columns[0].code[r]), id) == 0) return &g->cases[r];
    fail_msg("no %s %s", fraud_entity_name(entity), id);
    return NULL;
}

static int ascending(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/* The median of what is known, by sorting all of it. */
static double median_of(const fraud_group *g, const tab_column *column)
{
    double sorted[256];
    size_t n = 0;

    assert_true(g->features.n_rows <= TOC_COUNT(sorted));
    for (size_t r = 0; r < g->features.n_rows; r++)
        if (!isnan(column->f64[r])) sorted[n++] = column->f64[r];
    qsort(sorted, n, sizeof *sorted, ascending);
    return n ? (sorted[(n - 1) / 2] + sorted[n / 2]) / 2 : NAN;
}

/* Every condition holds, and the sentence names each with the value of the row and the median of all rows. */
static void check_conditions(const fraud_rule *rule, const fraud_group *g, const fraud_case *c, const char *sentence)
{
    char part[400];

    for (const fraud_condition *k = rule->all; k->feature; k++) {
        const tab_column *column = tab_find(&g->features, k->feature);
        double value = column->f64[c->row], usual = median_of(g, column);
        assert_true(k->op == '>' ? value >= k->threshold : value <= k->threshold);
        if (isnan(usual)) snprintf(part, sizeof part, "%s: %.4g, usually unknown", fraud_words(rule->entity, k->feature), value);
        else snprintf(part, sizeof part, "%s: %.4g, usually %.4g", fraud_words(rule->entity, k->feature), value, usual);
        assert_non_null(strstr(sentence, part));
    }
}

static void check_hit(const fraud_rule *rule, const fraud_case *c, const fraud_hit *hit)
{
    const fraud_group *g = &analysis.groups[rule->entity];
    const tab_column *first = tab_find(&g->features, rule->all[0].feature);
    warn_list list;
    warn_item *item;
    const warn_reason *reason = NULL;

    assert_string_equal(hit->feature, rule->all[0].feature);
    assert_true(hit->value == first->f64[c->row]);
    assert_true(hit->usual == median_of(g, first) || (isnan(hit->usual) && isnan(median_of(g, first))));
    assert_true(hit->threshold == rule->all[0].threshold && hit->weight == rule->weight);
    warn_list_init(&list, "fraud");
    assert_int_equal(warn_add(&ctx, &list, &item), TOC_OK);
    assert_int_equal(fraud_describe(&ctx, &analysis, rule->entity, c, &list, item), TOC_OK);
    for (size_t i = 0; i < item->n_reasons && !reason; i++)
        if (strcmp(item->reasons[i].code, rule->code) == 0) reason = &item->reasons[i];
    assert_non_null(reason);
    assert_true(reason->value == hit->value && reason->threshold == hit->threshold && reason->weight == hit->weight);
    assert_true(strncmp(reason->text, rule->what, strlen(rule->what)) == 0);
    check_conditions(rule, g, c, reason->text);
    assert_string_equal(item->entity_kind, fraud_entity_name(rule->entity));
    assert_true(item->n_evidence > 0 && item->n_evidence <= 10);
    warn_release(&list);
}

/* Weights join as 1 - prod(1 - w), heaviest reason first; without a forest (fewer than 200 rows) nothing else scores. */
static void check_score(const fraud_case *c)
{
    double innocent = 1;

    for (size_t i = 0; i < c->n_hits; i++) {
        innocent *= 1 - c->hits[i].weight;
        assert_true(i == 0 || c->hits[i - 1].weight >= c->hits[i].weight);
    }
    assert_true(fabs(c->score - (1 - innocent)) < 1e-12);
}

static void start(void)
{
    toc_ctx_init(&ctx);
    assert_int_equal(shop_init(&ctx, &shop), TOC_OK);
}

static void stop(void)
{
    fraud_analysis_release(&analysis);
    shop_release(&shop);
    toc_ctx_release(&ctx);
}

static void analyse(void)
{
    fraud_options options = fraud_defaults();
    assert_int_equal(shop_sort(&ctx, &shop), TOC_OK);
    assert_int_equal(fraud_analyse(&ctx, &shop, day(DAYS), &options, &analysis), TOC_OK);
}

static void every_rule_fires_on_its_shop(void **state)
{
    (void)state;
    for (size_t k = 0; k < TOC_COUNT(cases); k++) {
        const fraud_rule *rule = rule_of(cases[k].code);
        char id[32];
        start();
        fill_background();
        snprintf(id, sizeof id, "%s", cases[k].build(0));
        analyse();
        const fraud_case *c = case_of(rule->entity, id);
        const fraud_hit *hit = hit_of(c, rule->code);
        if (!hit) fail_msg("%s is silent", rule->code);
        if (fabs(hit->value - cases[k].value) > 1e-9) fail_msg("%s: %.17g, not %.17g", rule->code, hit->value, cases[k].value);
        check_hit(rule, c, hit);
        for (fraud_entity e = 0; e < FRAUD_N_ENTITIES; e++)
            for (size_t r = 0; r < analysis.groups[e].features.n_rows; r++) check_score(&analysis.groups[e].cases[r]);
        stop();
    }
}

/* The rule does not fire on anybody; and nobody is warned of. */
static void check_honest(size_t k, int honest)
{
    const fraud_rule *rule = rule_of(cases[k].code);
    char id[32];

    start();
    fill_background();
    snprintf(id, sizeof id, "%s", cases[k].build(honest));
    analyse();
    case_of(rule->entity, id); /* who is meant was judged */
    for (fraud_entity e = 0; e < FRAUD_N_ENTITIES; e++)
        for (size_t r = 0; r < analysis.groups[e].features.n_rows; r++) {
            const fraud_case *c = &analysis.groups[e].cases[r];
            if (hit_of(c, rule->code)) fail_msg("%s fires: %s", rule->code, hit_of(c, rule->code)->detail);
            if (c->score >= 0.5) fail_msg("honest shop of %s: %s (%s)", rule->code, c->hits[0].what, c->hits[0].detail);
        }
    stop();
}

static void every_rule_is_silent_on_the_honest_shop(void **state)
{
    (void)state;
    for (size_t k = 0; k < TOC_COUNT(cases); k++)
        for (int honest = 1; honest <= 2; honest++) check_honest(k, honest);
}

/* A table with one row at all thresholds of a rule, then for each condition one row in which that one alone fails and one in which
 * it is unknown: the first fires and no other. */
static void conditions_hold_together_and_from_the_threshold_on(void **state)
{
    (void)state;
    for (size_t i = 0; i < fraud_n_rules; i++) {
        const fraud_rule *rule = &fraud_rules[i];
        fraud_analysis a = {0};
        fraud_group *g = &a.groups[rule->entity];
        tab_column *column;
        size_t n = 0;
        start();
        while (rule->all[n].feature) n++;
        tab_init(&g->features, 1 + 2 * n);
        for (size_t k = 0; k < n; k++) {
            double threshold = rule->all[k].threshold, beyond = rule->all[k].op == '>' ? -INFINITY : INFINITY;
            assert_int_equal(tab_add(&ctx, &g->features, rule->all[k].feature, TAB_F64, NULL, &column), TOC_OK);
            for (size_t r = 0; r < g->features.n_rows; r++) column->f64[r] = threshold;
            column->f64[1 + 2 * k] = nextafter(threshold, beyond);
            column->f64[2 + 2 * k] = NAN;
        }
        assert_int_equal(fraud_judge(&ctx, &a, rule->entity, 1), TOC_OK);
        for (size_t r = 0; r < g->features.n_rows; r++)
            if ((hit_of(&g->cases[r], rule->code) != NULL) != (r == 0)) fail_msg("%s, row %zu", rule->code, r);
        fraud_analysis_release(&a);
        stop();
    }
}

/* A window earlier three paid with one card and their orders came back; the backtest counts what this very analysis then said. */
static void the_backtest_counts_what_came_back(void **state)
{
    fraud_options options = fraud_defaults();
    size_t warned = 0, right = 0, bad = 0;
    char want[160];
    warn_list list;
    (void)state;

    start();
    fill_background();
    for (int k = 0; k < 5; k++) refund(order_paid(name("x", k), "m0", 55 + k, "stolen"), 80);
    refund(order("c1", "m1", 60), 75);
    refund(order("c2", "m2", 61), 101); /* not known yet */
    assert_int_equal(shop_sort(&ctx, &shop), TOC_OK);
    assert_int_equal(fraud_analyse(&ctx, &shop, day(70), &options, &analysis), TOC_OK);
    const fraud_group *g = &analysis.groups[FRAUD_ORDER];
    const size_t n = g->features.n_rows;
    for (size_t r = 0; r < n; r++) {
        size_t i = 0;
        while (shop.orders.order_id[i] != g->features.columns[0].code[r]) i++;
        bool came_back = shop.orders.refunded_at[i] != TOC_NO_TIME && shop.orders.refunded_at[i] < day(DAYS);
        bad += came_back;
        warned += g->cases[r].score >= 0.5;
        right += came_back && g->cases[r].score >= 0.5;
    }
    assert_int_equal(bad, 6);
    assert_int_equal(warned, 3); /* the first two customers of the card are nothing yet */
    snprintf(want, sizeof want, "Of the %zu orders we would have warned of, %zu were later refunded, returned or cancelled; "
             "of all %zu orders, %.1f %%.", warned, right, n, 100.0 * (double)bad / (double)n);
    fraud_analysis_release(&analysis);
    assert_int_equal(fraud_analyse(&ctx, &shop, day(DAYS), &options, &analysis), TOC_OK);
    warn_list_init(&list, "fraud");
    assert_int_equal(fraud_warn(&ctx, &shop, &analysis, &options, &list), TOC_OK);
    assert_true(list.backtest.done && list.backtest.proxy);
    assert_true(list.backtest.as_of == day(70) && list.backtest.until == day(DAYS));
    assert_int_equal(list.backtest.n, n);
    assert_int_equal(list.backtest.n_positive, bad);
    assert_string_equal(list.backtest.summary, want);
    warn_release(&list);
    stop();
}

static void every_rule_has_a_case(void **state)
{
    (void)state;
    for (size_t i = 0; i < fraud_n_rules; i++) {
        size_t found = 0;
        for (size_t k = 0; k < TOC_COUNT(cases); k++) found += strcmp(cases[k].code, fraud_rules[i].code) == 0;
        if (found != 1) fail_msg("rule %s has %zu cases", fraud_rules[i].code, found);
        assert_true(fraud_rules[i].weight > 0 && fraud_rules[i].weight < 1);
    }
}

static double feature(fraud_entity entity, const char *id, const char *column)
{
    return tab_find(&analysis.groups[entity].features, column)->f64[case_of(entity, id)->row];
}

/* A ring's share is of orders, not of lines: what it buys in many lines, or gives back, counts once and not at all. */
static void orders_of_many_lines_count_once(void **state)
{
    (void)state;
    start();
    fill_background();
    for (int k = 0; k < 10; k++) order(name("c", k), "mx", 50);
    for (int k = 0; k < 5; k++) {
        size_t first = shop.orders.n;
        for (int line = 0; line < 4; line++) {
            order_in_ring(5, k, "mx", 60 + k, 1);
            shop.orders.order_id[first + (size_t)line] = shop.orders.order_id[first];
        }
        shop.orders.quantity[first + 3] = -1;
        order_in_ring(5, k, "mx", 70, NAN);
        shop.orders.quantity[shop.orders.n - 1] = -1;
    }
    analyse();
    assert_true(feature(FRAUD_MERCHANT, "mx", "ring_members") == 5);
    assert_true(fabs(feature(FRAUD_MERCHANT, "mx", "ring_share") - 5.0 / 15) < 1e-12);
    assert_true(feature(FRAUD_MERCHANT, "mx", "ring_closed") == 1);
    assert_true(feature(FRAUD_MERCHANT, "mx", "ring_quick_share") == 0);
    stop();
}

/* A review that names an order is of the merchant who sold it, whoever else sells the product. */
static void reviews_go_to_who_sold(void **state)
{
    (void)state;
    start();
    fill_background();
    for (int k = 0; k < 3; k++) {
        size_t i = order(name("x", k), "bad", 80 + k), r = review("", 85 + k, 1, "");
        shop.reviews.order_id[r] = shop.orders.order_id[i];
        shop.reviews.product_id[r] = code(SHOP_D_PRODUCT, "p");
    }
    size_t r = review("", 90, 1, ""); /* the product alone: its last seller */
    shop.reviews.product_id[r] = code(SHOP_D_PRODUCT, "q");
    size_t good = order("x0", "good", 95), late = order("x0", "late", 96);
    shop.orders.product_id[good] = shop.orders.product_id[late] = code(SHOP_D_PRODUCT, "q");
    analyse();
    assert_true(feature(FRAUD_MERCHANT, "bad", "bomb_reviews") == 3);
    assert_true(feature(FRAUD_MERCHANT, "late", "bomb_reviews") == 1);
    assert_true(feature(FRAUD_MERCHANT, "m0", "bomb_reviews") == 0);
    stop();
}

/* Reviews that do not say when they were written are no wave. */
static void undated_reviews_are_no_bombing(void **state)
{
    (void)state;
    start();
    fill_background();
    for (int k = 0; k < 9; k++) {
        size_t r = review("m0", 50, 1, "");
        shop.reviews.created_at[r] = TOC_NO_TIME;
        shop.reviews.known_at[r] = day(50);
    }
    analyse();
    assert_true(feature(FRAUD_MERCHANT, "m0", "bomb_reviews") == 0);
    assert_null(hit_of(case_of(FRAUD_MERCHANT, "m0"), "M06"));
    stop();
}

/* 240 orders of much the same kind and one that is like none: the forest names it, by a column in which it is indeed far out. */
static void the_forest_names_the_strangest(void **state)
{
    toc_rng rng = toc_rng_new(9, 1);
    size_t named = 0;
    (void)state;

    start();
    for (int c = 0; c < 40; c++)
        for (int k = 0; k < 6; k++) {
            int64_t price = 900 + (int64_t)toc_rng_below(&rng, 200);
            order_at(name("c", c), name("m", c % 4), 71 + 4 * k + 0.1 * c, price);
        }
    size_t strange = order_at("c1", "m1", 99, 90000);
    const char *id = name("o", (int)strange);
    shop.orders.device_id[strange] = code(SHOP_D_DEVICE, "odd");
    shop.orders.payment_key[strange] = code(SHOP_D_PAYMENT_KEY, "odd");
    analyse();
    const fraud_group *g = &analysis.groups[FRAUD_ORDER];
    for (size_t r = 0; r < g->features.n_rows; r++) named += hit_of(&g->cases[r], "A01") != NULL;
    assert_true(named >= 1 && named <= 3); /* half a percent of 241 */
    const fraud_case *c = case_of(FRAUD_ORDER, id);
    const fraud_hit *hit = hit_of(c, "A01");
    assert_non_null(hit);
    const tab_column *column = tab_find(&g->features, hit->feature);
    assert_true(hit->value == column->f64[c->row] && hit->usual == median_of(g, column));
    assert_true(hit->value > 10 * hit->usual);
    assert_non_null(strstr(hit->detail, fraud_words(FRAUD_ORDER, hit->feature)));
    stop();
}

/* With 200 orders the forest joins in; where most orders are free its habits of money say nothing, and the rules still speak. */
static void free_orders_spoil_no_score(void **state)
{
    (void)state;
    start();
    for (int c = 0; c < 60; c++)
        for (int k = 0; k < 4; k++) order_at(name("c", c), name("m", c % 4), 75 + 6 * k + 0.1 * c, 0);
    for (int k = 0; k < 3; k++) order_paid(name("x", k), "m0", 95 + k * 0.5, "stolen");
    const char *last = name("o", (int)shop.orders.n - 1);
    analyse();
    for (size_t r = 0; r < analysis.groups[FRAUD_ORDER].features.n_rows; r++) {
        double score = analysis.groups[FRAUD_ORDER].cases[r].score;
        assert_true(score >= 0 && score <= 1);
    }
    assert_non_null(hit_of(case_of(FRAUD_ORDER, last), "O03"));
    assert_true(case_of(FRAUD_ORDER, last)->score >= 0.7);
    stop();
}

/* A shop that knows no devices, cards, addresses, merchants or shipping: rules on them cannot speak, and it says so. */
static void missing_columns_silence_rules(void **state)
{
    warn_list list;
    fraud_options options = fraud_defaults();
    (void)state;

    start();
    fill_background();
    burst_of_fresh_accounts(0);
    never_shipped(0);
    for (size_t i = 0; i < shop.orders.n; i++) {
        shop.orders.device_id[i] = shop.orders.payment_key[i] = shop.orders.address[i] = shop.orders.merchant_id[i] = 0;
        shop.orders.shipped_at[i] = TOC_NO_TIME;
    }
    analyse();
    for (fraud_entity e = 0; e < FRAUD_N_ENTITIES; e++)
        for (size_t r = 0; r < analysis.groups[e].features.n_rows; r++) assert_int_equal(analysis.groups[e].cases[r].n_hits, 0);
    assert_int_equal(analysis.groups[FRAUD_MERCHANT].features.n_rows, 0);
    warn_list_init(&list, "fraud");
    assert_int_equal(fraud_warn(&ctx, &shop, &analysis, &options, &list), TOC_OK);
    assert_int_equal(list.n_items, 0);
    assert_true(list.n_notes >= 6);
    assert_non_null(strstr(list.notes[0], "no device_id"));
    warn_release(&list);
    stop();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_rule_fires_on_its_shop),
        cmocka_unit_test(every_rule_is_silent_on_the_honest_shop),
        cmocka_unit_test(every_rule_has_a_case),
        cmocka_unit_test(conditions_hold_together_and_from_the_threshold_on),
        cmocka_unit_test(the_backtest_counts_what_came_back),
        cmocka_unit_test(orders_of_many_lines_count_once),
        cmocka_unit_test(reviews_go_to_who_sold),
        cmocka_unit_test(undated_reviews_are_no_bombing),
        cmocka_unit_test(the_forest_names_the_strangest),
        cmocka_unit_test(free_orders_spoil_no_score),
        cmocka_unit_test(missing_columns_silence_rules),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
