/* test_dossier_merchant.c: the dossier of a fraudulent merchant made by hand: its numbers are those of the shop, contacts are
 * masked unless asked for, copies stand side by side, and hostile ids and texts stay texts in every form. */
#include "dossier/dossier.h"
#include "features/features.h"
#include "report/report.h"
#include "../scratch.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <unistd.h>
#include <cmocka.h>

enum { DAYS = 120 };
#define EVIL "<script>alert('m')</script>"
static toc_ctx ctx;
static shop_data shop;
static fraud_analysis analysis;
static dos_dossier dossier;
static const char *path;

static int64_t day(double d) { return toc_days_from_civil(2026, 1, 1) * TOC_DAY + (int64_t)(d * (double)TOC_DAY); }

static uint32_t code(shop_domain domain, const char *fmt, int number)
{
    char text[400];
    uint32_t c = 0;

    const char *place = strchr(fmt, '#'); /* # stands for the number */
    if (place) snprintf(text, sizeof text, "%.*s%d%s", (int)(place - fmt), fmt, number, place + 1);
    else snprintf(text, sizeof text, "%s", fmt);
    assert_int_equal(toc_pool_intern(&ctx, &shop.dict[domain], toc_str_of(text), &c), TOC_OK);
    return c;
}

static size_t order(int customer, const char *merchant, double at)
{
    size_t i;
    assert_int_equal(shop_add_rows(&ctx, &shop, SHOP_ORDERS, 1, &i), TOC_OK);
    shop_orders *o = &shop.orders;
    o->order_id[i] = code(SHOP_D_ORDER, "\"><img src=x># ", (int)i);
    o->customer_id[i] = code(SHOP_D_CUSTOMER, "<b>c#</b>", customer);
    o->merchant_id[i] = code(SHOP_D_MERCHANT, merchant, 0);
    o->currency[i] = code(SHOP_D_WORD, "EUR", 0);
    o->device_id[i] = code(SHOP_D_DEVICE, "own-device-#", customer);
    o->quantity[i] = 1;
    o->unit_price[i] = 1999;
    o->ordered_at[i] = day(at);
    o->shipped_at[i] = day(at + 1);
    return i;
}

/* A five-star review of the evil merchant in the words of its group, which no other group shares: short with markup, or 122
 * Chinese characters behind two bytes, so that a cut at 300 bytes would go through the middle of one. */
static void review(double at, int group, bool short_text)
{
    char text[400];
    size_t i, used = (size_t)snprintf(text, sizeof text, short_text ? "<i>%d</i>" : "%d ", group);

    assert_int_equal(shop_add_rows(&ctx, &shop, SHOP_REVIEWS, 1, &i), TOC_OK);
    for (int k = 0; k < (short_text ? 8 : 122); k++) {
        int c = 0x4e00 + 150 * group + k;
        if (short_text) used += (size_t)snprintf(text + used, sizeof text - used, " w%d %d", group, k);
        else used += (size_t)snprintf(text + used, sizeof text - used, "%c%c%c", (char)(0xe0 | c >> 12),
                                      (char)(0x80 | (c >> 6 & 0x3f)), (char)(0x80 | (c & 0x3f)));
    }
    shop.reviews.merchant_id[i] = code(SHOP_D_MERCHANT, EVIL, 0);
    shop.reviews.customer_id[i] = code(SHOP_D_CUSTOMER, "<b>c#</b>", (int)i);
    shop.reviews.body[i] = code(SHOP_D_TEXT, text, 0);
    shop.reviews.rating[i] = 5 * SHOP_RATIO;
    shop.reviews.created_at[i] = day(at);
}

/* Keys that buyers of the evil merchant share: how many buyers, and what may never be seen unasked. */
static const struct {
    shop_domain domain;
    const char *kind, *text, *masked;
    int buyers;
} keys[] = {
    { SHOP_D_DEVICE, "device", "device-9f31aa07", "dev***", 6 },
    { SHOP_D_ADDRESS, "address", "北京市朝阳区建国路八十八号", "北***", 5 },
    { SHOP_D_ADDRESS, "address", "ßrückenstraße 5", "ßr***", 4 },
    { SHOP_D_PAYMENT_KEY, "means of payment", "4242", "4***", 4 },
    { SHOP_D_IP, "IP address", "10.77.3.9", "10.***", 3 },
    { SHOP_D_PAYMENT_KEY, "means of payment", "42", "***", 3 },
    { SHOP_D_IP, "IP address", "10.66.6.6", NULL, 2 }, /* two may be a couple: not shown */
};

static uint32_t *column_of(shop_domain domain)
{
    shop_orders *o = &shop.orders;
    return domain == SHOP_D_DEVICE ? o->device_id : domain == SHOP_D_ADDRESS ? o->address
        : domain == SHOP_D_IP ? o->ip : o->payment_key;
}

static void fill(void)
{
    for (int k = 0; k < 90; k++) order(100 + k % 30, k % 3 ? "honest" : "other", k);
    for (size_t k = 0; k < TOC_COUNT(keys); k++)
        for (int b = 0; b < keys[k].buyers; b++)
            for (int twice = 0; twice < 2; twice++) {
                size_t i = order(b, EVIL, 90 + b + 0.5 * twice);
                column_of(keys[k].domain)[i] = code(keys[k].domain, keys[k].text, 0);
                if (twice && k == 0) shop.orders.cancelled_at[i] = shop.orders.ordered_at[i] + 2 * TOC_DAY;
            }
    for (int k = 0; k < 2; k++) /* fourteen pairs, the second of each long after the first of all; and one group of three */
        for (int g = 1; g <= 14; g++) review(60 + 20 * k + g * 0.5, g, g % 2 != 0);
    for (int k = 0; k < 3; k++) review(110, 15, true);
}

static void make(bool show_personal)
{
    fraud_options options = fraud_defaults();

    fill();
    assert_int_equal(shop_sort(&ctx, &shop), TOC_OK);
    assert_int_equal(fraud_analyse(&ctx, &shop, day(DAYS), &options, &analysis), TOC_OK);
    assert_int_equal(dos_merchant(&ctx, &analysis, EVIL, show_personal, &dossier), TOC_OK);
}

static const dos_section *section(const char *heading)
{
    for (size_t i = 0; i < dossier.n_sections; i++)
        if (strcmp(dossier.sections[i].heading, heading) == 0) return &dossier.sections[i];
    fail_msg("no section %s", heading);
    return NULL;
}

static const char *cell(const dos_section *s, size_t row, size_t column) { return s->cells[row * s->n_columns + column]; }

static toc_buf written(rep_format format)
{
    toc_out out;
    toc_buf content = {0};

    assert_int_equal(toc_out_open(&ctx, path, true, &out), TOC_OK);
    assert_int_equal(rep_write_dossier(&ctx, &dossier, format, &out), TOC_OK);
    assert_int_equal(toc_out_close(&ctx, &out), TOC_OK);
    assert_int_equal(toc_read_file(&ctx, path, &content), TOC_OK);
    return content;
}

static const char *meaning_of(const char *feature)
{
    size_t n;
    const fea_info *info = fea_list("merchants", &n);

    for (size_t i = 0; i < n; i++)
        if (strcmp(info[i].name, feature) == 0) return info[i].meaning;
    return "";
}

/* ---- the cases ---- */

static void contacts_are_masked_unless_asked_for(void **state)
{
    (void)state;
    for (int show = 0; show < 2; show++) {
        make(show);
        const dos_section *s = section("What its buyers share");
        assert_int_equal(s->n_rows, TOC_COUNT(keys) - 1);
        for (size_t k = 0; k + 1 < TOC_COUNT(keys); k++) {
            char count[16];
            size_t row = 0;
            while (row < s->n_rows && strcmp(cell(s, row, 1), show ? keys[k].text : keys[k].masked) != 0) row++;
            assert_true(row < s->n_rows);
            assert_string_equal(cell(s, row, 0), keys[k].kind);
            snprintf(count, sizeof count, "%d", keys[k].buyers);
            assert_string_equal(cell(s, row, 2), count);
            snprintf(count, sizeof count, "%d", 2 * keys[k].buyers);
            assert_string_equal(cell(s, row, 3), count);
            assert_true(row == 0 || strcmp(cell(s, row - 1, 2), cell(s, row, 2)) >= 0); /* most shared first */
        }
        for (rep_format f = REP_JSON; f <= REP_HTML; f++) {
            toc_buf page = written(f);
            for (size_t k = 0; k < TOC_COUNT(keys); k++) {
                bool may = show && keys[k].masked;
                if (strlen(keys[k].text) < 5) continue; /* "42" is in many numbers */
                if ((strstr(page.p, keys[k].text) != NULL) != may) fail_msg("form %d, %s", (int)f, keys[k].text);
            }
            toc_buf_release(&page);
        }
        dos_release(&dossier);
        fraud_analysis_release(&analysis);
        shop_release(&shop);
        assert_int_equal(shop_init(&ctx, &shop), TOC_OK);
    }
}

static void hostile_ids_and_texts_stay_texts(void **state)
{
    (void)state;
    make(true);
    toc_buf html = written(REP_HTML), json = written(REP_JSON);
    const char *script = strstr(html.p, "<script>");
    assert_non_null(script);
    assert_null(strstr(script + 1, "<script>")); /* the page's own and no other */
    assert_null(strstr(html.p, "<img"));
    assert_null(strstr(html.p, "<b>c"));
    assert_null(strstr(html.p, "<i>"));
    assert_non_null(strstr(html.p, "Merchant &lt;script&gt;alert(&#39;m&#39;)&lt;/script&gt;"));
    assert_non_null(strstr(html.p, "&quot;&gt;&lt;img src=x&gt;"));
    assert_int_equal(toc_utf8_valid((toc_str){ json.p, json.n }), json.n);
    assert_null(strstr(json.p, "not UTF-8")); /* long texts are cut between characters, never in one */
    toc_buf_release(&html);
    toc_buf_release(&json);
}

static void copies_stand_side_by_side(void **state)
{
    (void)state;
    make(false);
    const dos_section *s = section("Copied reviews side by side");
    assert_string_equal(s->lead, "31 of its reviews nearly copy another.");
    assert_int_equal(s->n_rows, 12);
    for (size_t i = 0; i < 3; i++) assert_string_equal(cell(s, i, 0), "1"); /* the largest group first */
    for (size_t i = 3; i < 11; i += 2) {
        assert_string_equal(cell(s, i, 0), cell(s, i + 1, 0));
        assert_string_equal(cell(s, i, 4), cell(s, i + 1, 4));
        assert_string_not_equal(cell(s, i, 1), cell(s, i + 1, 1));
    }
    for (size_t i = 0; i < s->n_rows; i++) {
        size_t n = strlen(cell(s, i, 4));
        assert_true(n > 0 && n <= 300 && toc_utf8_valid((toc_str){ cell(s, i, 4), n }) == n);
        assert_string_equal(cell(s, i, 2), "5");
    }
}

static void the_verdict_is_that_of_the_analysis(void **state)
{
    (void)state;
    make(false);
    const fraud_group *g = &analysis.groups[FRAUD_MERCHANT];
    size_t row = 0;
    while (strcmp(shop_text(&shop, SHOP_D_MERCHANT, g->features.columns[0].code[row]), EVIL) != 0) row++;
    assert_string_equal(dossier.entity, EVIL);
    assert_true(dossier.has_verdict && dossier.verdict.score == g->cases[row].score && dossier.verdict.score >= 0.5);
    assert_int_equal(dossier.verdict.n_reasons, g->cases[row].n_hits);
    const dos_section *numbers = section("Numbers beside its peers");
    for (size_t i = 0; i < numbers->n_rows; i++) {
        size_t found = 0;
        for (size_t j = 1; j < g->features.n_cols; j++) {
            char value[32], usual[32];
            if (strcmp(meaning_of(g->features.columns[j].name), cell(numbers, i, 0)) != 0) continue;
            snprintf(value, sizeof value, "%.4g", g->features.columns[j].f64[row]);
            snprintf(usual, sizeof usual, "%.4g", g->median[j]);
            assert_string_equal(cell(numbers, i, 1), value);
            assert_string_equal(cell(numbers, i, 2), usual);
            found++;
        }
        assert_int_equal(found, 1);
    }
}

static double sum(const dos_series *s)
{
    double total = 0;
    for (size_t i = 0; i < s->n; i++) total += isnan(s->values[i]) ? 0 : s->values[i];
    return total;
}

static void the_course_adds_up(void **state)
{
    int lines = 0;
    (void)state;

    make(false);
    for (size_t k = 0; k < TOC_COUNT(keys); k++) lines += 2 * keys[k].buyers;
    const dos_section *orders = section("Orders by week"), *ratings = section("Ratings by week");
    assert_int_equal(orders->n_series, 2);
    assert_true(sum(&orders->series[0]) == lines);
    assert_true(sum(&orders->series[1]) == keys[0].buyers);
    assert_int_equal(orders->series[0].n, 5); /* 90 to 120 are four weeks and two days */
    assert_string_equal(orders->x_last, "2026-05-01");
    for (size_t i = 0; i < ratings->series[0].n; i++)
        assert_true(ratings->series[1].values[i] > 0 ? ratings->series[0].values[i] == 5 : isnan(ratings->series[0].values[i]));
    assert_true(sum(&ratings->series[1]) <= 31);
}

static void orders_to_open_are_its_own(void **state)
{
    (void)state;
    make(false);
    const dos_section *s = section("Orders to open first");
    assert_int_equal(s->n_rows, 10);
    for (size_t i = 0; i < s->n_rows; i++) {
        uint32_t id;
        size_t line = 0;
        assert_true(toc_pool_find(&shop.dict[SHOP_D_ORDER], toc_str_of(cell(s, i, 0)), &id));
        while (shop.orders.order_id[line] != id) line++;
        assert_string_equal(shop_text(&shop, SHOP_D_MERCHANT, shop.orders.merchant_id[line]), EVIL);
        assert_string_equal(shop_text(&shop, SHOP_D_CUSTOMER, shop.orders.customer_id[line]), cell(s, i, 2));
        assert_string_equal(cell(s, i, 3), "19.99 EUR");
        assert_string_equal(cell(s, i, 5), shop.orders.cancelled_at[line] == TOC_NO_TIME ? "shipped" : "cancelled");
        for (size_t k = 0; k < i; k++) assert_string_not_equal(cell(s, k, 0), cell(s, i, 0));
    }
}

static void nobody_is_named(void **state)
{
    dos_dossier none = {0};
    (void)state;

    make(false);
    assert_int_equal(dos_merchant(&ctx, &analysis, "nobody", false, &none), TOC_E_USAGE);
    assert_non_null(strstr(ctx.message, "no merchant \"nobody\" among the 3 seen"));
    assert_non_null(strstr(ctx.message, "honest"));
    ctx.message[0] = 0;
    assert_int_equal(dos_merchant(&ctx, &analysis, "", false, &none), TOC_E_USAGE);
    assert_int_equal(none.n_sections, 0);
    dos_release(&none);
}

static void sections_by_hand(void **state)
{
    static const char *const columns[] = { "a", "b" };
    static const double values[] = { 1, 2 };
    char text[700];
    dos_section *s;
    (void)state;

    memset(text, 'x', sizeof text - 1);
    text[sizeof text - 1] = 0;
    dos_init(&dossier, "merchant");
    for (int k = 0; k < 20; k++) assert_int_equal(dos_add_section(&ctx, &dossier, "h", k ? NULL : "lead", &s), TOC_OK);
    assert_int_equal(dossier.n_sections, 20);
    assert_string_equal(dossier.sections[0].lead, "lead");
    assert_null(s->lead);
    assert_int_equal(dos_table(&ctx, &dossier, s, columns, 2, 3), TOC_OK);
    for (size_t i = 0; i < 6; i++) assert_string_equal(s->cells[i], "");
    for (size_t n = 250; n < 262; n++) { /* about the size of the small buffer */
        assert_int_equal(dos_set_cell(&ctx, &dossier, s, 2, 1, "%.*s", (int)n, text), TOC_OK);
        assert_int_equal(strlen(cell(s, 2, 1)), n);
    }
    assert_int_equal(dos_set_cell(&ctx, &dossier, s, 2, 1, "%s!", text), TOC_OK);
    assert_int_equal(strlen(cell(s, 2, 1)), sizeof text);
    assert_int_equal(dos_add_series(&ctx, &dossier, s, "one", values, 2), TOC_OK);
    assert_int_equal(dos_add_series(&ctx, &dossier, s, "none", NULL, 0), TOC_OK);
    assert_int_equal(s->n_series, 2);
    assert_true(s->series[0].values != values && s->series[0].values[1] == 2);
}

static int setup(void **state)
{
    (void)state;
    toc_ctx_init(&ctx);
    dossier = (dos_dossier){0};
    analysis = (fraud_analysis){0};
    path = scratch_path("report");
    return (int)shop_init(&ctx, &shop);
}

static int teardown(void **state)
{
    (void)state;
    dos_release(&dossier);
    fraud_analysis_release(&analysis);
    shop_release(&shop);
    toc_ctx_release(&ctx);
    unlink(path);
    return 0;
}

#define CASE(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(contacts_are_masked_unless_asked_for),
        CASE(hostile_ids_and_texts_stay_texts),
        CASE(copies_stand_side_by_side),
        CASE(the_verdict_is_that_of_the_analysis),
        CASE(the_course_adds_up),
        CASE(orders_to_open_are_its_own),
        CASE(nobody_is_named),
        CASE(sections_by_hand),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
