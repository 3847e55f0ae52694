/* fault_fraud.c: every allocation of an analysis, its warnings, scores, dossier and reports fails once: TOC_E_NOMEM each time,
 * and (under asan) nothing leaks. */
#include "dossier/dossier.h"
#include "fraud/fraud_int.h"
#include "report/report.h"

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

enum { DAYS = 40, WINDOW = 20, ORDERS = 440 };

static uint32_t code(toc_ctx *ctx, shop_data *shop, shop_domain domain, const char *kind, size_t number)
{
    char text[32];
    uint32_t c;
    snprintf(text, sizeof text, "%s%zu", kind, number);
    assert_int_equal(toc_pool_intern(ctx, &shop->dict[domain], toc_str_of(text), &c), TOC_OK);
    return c;
}

static void add_label(toc_ctx *ctx, shop_data *shop, size_t order, int64_t at)
{
    size_t i;
    assert_int_equal(shop_add_rows(ctx, shop, SHOP_LABELS, 1, &i), TOC_OK);
    assert_int_equal(toc_pool_intern(ctx, &shop->dict[SHOP_D_WORD], TOC_STR("order"), &shop->labels.entity[i]), TOC_OK);
    assert_int_equal(toc_pool_intern(ctx, &shop->dict[SHOP_D_WORD], TOC_STR("fraud"), &shop->labels.label[i]), TOC_OK);
    shop->labels.id[i] = code(ctx, shop, SHOP_D_WORD, "o", order);
    shop->labels.labelled_at[i] = at;
}

/* Orders of few customers at three merchants, copied reviews, and labels for the orders of nine customers: enough for the forest
 * (200 rows) and the learned model (40 frauds before the window). */
static void fill(toc_ctx *ctx, shop_data *shop)
{
    toc_rng rng = toc_rng_new(5, 1);
    size_t i;

    assert_int_equal(shop_init(ctx, shop), TOC_OK);
    for (size_t k = 0; k < ORDERS; k++) {
        bool fraud = k % 29 < 9;
        int64_t at = (int64_t)k * DAYS * TOC_DAY / ORDERS;
        assert_int_equal(shop_add_rows(ctx, shop, SHOP_ORDERS, 1, &i), TOC_OK);
        shop_orders *o = &shop->orders;
        o->order_id[i] = code(ctx, shop, SHOP_D_ORDER, "o", k);
        o->customer_id[i] = code(ctx, shop, SHOP_D_CUSTOMER, "c", k % 29);
        o->merchant_id[i] = code(ctx, shop, SHOP_D_MERCHANT, "m", fraud ? 0 : 1 + k % 2);
        o->device_id[i] = code(ctx, shop, SHOP_D_DEVICE, "d", k % 29);
        o->payment_key[i] = code(ctx, shop, SHOP_D_PAYMENT_KEY, "k", k % 29);
        o->address[i] = code(ctx, shop, SHOP_D_ADDRESS, "a", k % 29 / 2);
        o->quantity[i] = 1;
        o->unit_price[i] = 100 + (int64_t)toc_rng_below(&rng, fraud ? 9000 : 900);
        o->ordered_at[i] = at;
        o->shipped_at[i] = at + TOC_HOUR;
        if (fraud) add_label(ctx, shop, k, at + TOC_DAY);
        if (k % 20) continue;
        assert_int_equal(shop_add_rows(ctx, shop, SHOP_REVIEWS, 1, &i), TOC_OK);
        shop->reviews.order_id[i] = o->order_id[shop->orders.n - 1];
        shop->reviews.body[i] = code(ctx, shop, SHOP_D_TEXT, "all came on time and fits very well ", k % 3);
        shop->reviews.rating[i] = 5 * SHOP_RATIO;
        shop->reviews.created_at[i] = at + 2 * TOC_DAY;
    }
}

/* What a step reads, made whole beforehand, so that only the step itself runs short. */
typedef struct {
    shop_data shop;
    fraud_options options;
    fraud_analysis analysis;
    warn_list list;
    dos_dossier dossier;
} stage;

static toc_status analyse(toc_ctx *ctx, const stage *s)
{
    fraud_analysis analysis;
    toc_status st = fraud_analyse(ctx, &s->shop, DAYS * TOC_DAY, &s->options, &analysis);
    if (!st) fraud_analysis_release(&analysis);
    return st;
}

/* Learning anew on the same analysis; the reasons it had stay. */
static toc_status learn(toc_ctx *ctx, const stage *s)
{
    static fraud_case cases[ORDERS];
    fraud_analysis copy = s->analysis;
    fraud_group *orders = &copy.groups[FRAUD_ORDER];

    memcpy(cases, orders->cases, orders->features.n_rows * sizeof *cases);
    orders->cases = cases;
    copy.arena = (toc_arena){0};
    toc_status st = fraud_learn(ctx, &copy, &s->options);
    toc_arena_release(&copy.arena);
    return st;
}

static toc_status warn(toc_ctx *ctx, const stage *s)
{
    warn_list list;
    warn_list_init(&list, "fraud");
    toc_status st = fraud_warn(ctx, &s->shop, &s->analysis, &s->options, &list);
    warn_release(&list);
    return st;
}

static toc_status score(toc_ctx *ctx, const stage *s)
{
    tab_table scores = {0};
    toc_status st = fraud_scores(ctx, &s->analysis, &scores);
    tab_release(&scores);
    return st;
}

static toc_status write_dossier(toc_ctx *ctx, const stage *s)
{
    dos_dossier dossier = {0};
    toc_status st = dos_merchant(ctx, &s->analysis, "m0", false, &dossier);
    dos_release(&dossier);
    return st;
}

static toc_status find_nobody(toc_ctx *ctx, const stage *s)
{
    dos_dossier dossier = {0};
    toc_status st = dos_merchant(ctx, &s->analysis, "nobody", false, &dossier);
    dos_release(&dossier);
    return st == TOC_E_USAGE ? TOC_OK : st;
}

static toc_status report(toc_ctx *ctx, const stage *s)
{
    toc_out out;
    toc_status st = toc_out_open(ctx, "/dev/null", true, &out);

    for (rep_format f = REP_CSV; f <= REP_HTML && !st; f++) st = rep_write(ctx, &s->list, 0, f, &out);
    for (rep_format f = REP_JSON; f <= REP_HTML && !st; f++) st = rep_write_dossier(ctx, &s->dossier, f, &out);
    toc_out_abandon(&out);
    return st;
}

static toc_status read_back(toc_ctx *ctx, const stage *s)
{
    static const char json[] = "{\"schema\": 1, \"as_of\": \"2026-01-01T00:00:00Z\", \"notes\": [\"n\"], \"warnings\": [{"
        "\"id\": \"i\", \"entity_kind\": \"order\", \"entity\": \"e\", \"level\": \"notice\", \"facts\": {\"f\": \"x\"}, "
        "\"evidence\": [\"o\"], \"reasons\": [{\"code\": \"O01\", \"text\": \"t\"}], \"history\": [1]}], "
        "\"backtest\": {\"measures\": [{\"name\": \"AUC\"}], \"calibration\": [{\"n\": 1}]}}";
    warn_list list;
    (void)s;

    warn_list_init(&list, "");
    toc_status st = rep_parse_json(ctx, toc_str_of(json), "in.json", &list);
    warn_release(&list);
    return st;
}

/* Lets allocation 0, 1, 2 ... of a step fail until none does; how many did. */
static int64_t fail_each(toc_ctx *ctx, toc_status (*step)(toc_ctx *ctx, const stage *s), const stage *s)
{
    toc_status st = TOC_E_NOMEM;
    int64_t failures = 0;

    for (; st != TOC_OK; failures += st != TOC_OK) {
        ctx->allocations_left = failures;
        ctx->message[0] = 0;
        st = step(ctx, s);
        assert_true(st == TOC_OK || (st == TOC_E_NOMEM && ctx->message[0]));
        assert_true(failures < 100000);
    }
    ctx->allocations_left = -1;
    return failures;
}

/* Vectors for the review texts, all alike, so that meaning joins them too. */
static void add_vectors(toc_ctx *ctx, stage *s)
{
    fraud_vectors *v = &s->options.vectors;
    size_t n = toc_pool_size(&s->shop.dict[SHOP_D_TEXT]);

    *v = (fraud_vectors){ .n = 1, .dim = 2 };
    assert_int_equal(toc_alloc(ctx, 2, sizeof *v->rows, &v->rows), TOC_OK);
    assert_int_equal(toc_alloc(ctx, n, sizeof *v->row_of, &v->row_of), TOC_OK);
    v->rows[0] = 1;
}

static void prepare(toc_ctx *ctx, stage *s, bool labels)
{
    *s = (stage){ .options = fraud_defaults() };
    toc_ctx_init(ctx);
    fill(ctx, &s->shop);
    s->options.window = WINDOW * TOC_DAY;
    s->options.use_labels = labels;
    s->options.n_trees = 2;
    s->options.min_score = 0.7;
    add_vectors(ctx, s);
    warn_list_init(&s->list, "fraud");
    assert_int_equal(fraud_analyse(ctx, &s->shop, DAYS * TOC_DAY, &s->options, &s->analysis), TOC_OK);
    assert_int_equal(s->analysis.learned, labels);
    assert_int_equal(fraud_warn(ctx, &s->shop, &s->analysis, &s->options, &s->list), TOC_OK);
    assert_int_equal(dos_merchant(ctx, &s->analysis, "m0", false, &s->dossier), TOC_OK);
}

static void finish(toc_ctx *ctx, stage *s)
{
    dos_release(&s->dossier);
    warn_release(&s->list);
    fraud_analysis_release(&s->analysis);
    fraud_vectors_release(&s->options.vectors);
    shop_release(&s->shop);
    toc_ctx_release(ctx);
}

static void no_memory_is_said_and_nothing_is_left(void **state)
{
    toc_ctx ctx;
    stage s;
    (void)state;

    prepare(&ctx, &s, false);
    assert_true(fail_each(&ctx, analyse, &s) > 500);
    assert_true(fail_each(&ctx, warn, &s) > 500);
    assert_true(fail_each(&ctx, score, &s) > 3);
    assert_true(fail_each(&ctx, write_dossier, &s) > 5);
    assert_true(fail_each(&ctx, find_nobody, &s) > 0);
    assert_true(fail_each(&ctx, read_back, &s) > 1);
    assert_int_equal(fail_each(&ctx, report, &s), 0); /* writers keep nothing */
    finish(&ctx, &s);
}

static void the_learned_model(void **state)
{
    toc_ctx ctx;
    stage s;
    (void)state;

    prepare(&ctx, &s, true);
    assert_true(fail_each(&ctx, learn, &s) > 500);
    finish(&ctx, &s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(no_memory_is_said_and_nothing_is_left),
        cmocka_unit_test(the_learned_model),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
