/* fault_ingest.c: every allocation of reading fails once, of a joined pair of files and of records with several lines read by a
 * map of the user's own, and with rates, a report and a look for outliers; the status is TOC_E_NOMEM and nothing leaks (under asan). */
#include "ingest/ingest.h"
#include "text/text.h"
#include "../scratch.h"

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>
#include <unistd.h>

static const char *map_path;
static const char *const map_text =
    "map till\ntitle our till\nkind orders\nmust o\nmust w\ncarry-by o\nempty -\nrefuse x when r is no | never\nrule price-of-line\n"
    "join lists by o + p = k + l else none each\no + p -> order_id\n= {n} -> line_id\ni{n} -> title part=name\nq -> quantity split=; share\n"
    "m -> unit_price share\nm -> currency symbol\nw -> ordered_at carry\ns@lists -> status status\nstatuses\nneu | alt -> paid\n"
    "map lists\nkind orders\nmust k\nmust l\nneeds till\nyields-to till\n";
static const char *map_paths[2];
static const char *const map_texts[] = {
    "o,p,w,r,i1,i2,q,m\n1,a,25/02/2018,,name:x,name:y,2;1,EUR 3.50\n1,b,-,no,name:x,,1,3.50\n2,a,01/02/2018,,,,3,4.00\n",
    "k,l,s\n1,a,neu\n1,a,alt\n2,a,neu\n3,a,neu\n",
};

static const char *paths[2];
static const char *const texts[] = {
    "order_id,order_item_id,product_id,seller_id,price\no1,1,p1,s1,10.5\no1,1,p1,s1,10.5\no1,2,p1,s1,\"x\"\no2,1,p1,s1,1\n",
    "order_id,customer_id,order_status,order_purchase_timestamp\no1,k1,delivered,01/02/2018 10:00\no3,k2,shipped,25/02/2018 10:00\n",
};

static void put(const char *path, const char *text)
{
    FILE *f = fopen(path, "wb");
    assert_non_null(f);
    assert_true(fputs(text, f) >= 0);
    assert_int_equal(fclose(f), 0);
}

static toc_status once(int64_t allocations, bool with_map)
{
    const ing_options options = { .map = map_path };
    toc_ctx ctx;
    shop_data shop = {0};
    ing_summary summaries[2];

    toc_ctx_init(&ctx);
    ctx.allocations_left = allocations;
    toc_status st = shop_init(&ctx, &shop);
    if (!st) st = ing_read(&ctx, with_map ? map_paths : paths, 2, with_map ? &options : NULL, &shop, summaries);
    shop_release(&shop);
    toc_ctx_release(&ctx);
    return st;
}

static void fail_each(bool with_map)
{
    int64_t k = 0;
    toc_status st;

    while ((st = once(k, with_map)) == TOC_E_NOMEM && k < 10000) k++;
    assert_int_equal(st, TOC_OK);
    assert_true(k > 20);
}

static void every_allocation_fails_once(void **state)
{
    (void)state;
    for (size_t i = 0; i < 2; i++) put(paths[i], texts[i]);
    fail_each(false);
    for (size_t i = 0; i < 2; i++) unlink(paths[i]);
}

static void every_allocation_fails_once_with_a_map(void **state)
{
    (void)state;
    put(map_path, map_text);
    for (size_t i = 0; i < 2; i++) put(map_paths[i], map_texts[i]);
    fail_each(true);
    for (size_t i = 0; i < 2; i++) unlink(map_paths[i]);
    unlink(map_path);
}

static toc_status once_with_rates(int64_t allocations)
{
    toc_out report = {0}, rejects = {0};
    ing_options options = { .currency = "EUR", .outliers = true, .refuse_late = true };
    shop_rates *rates = NULL;
    toc_ctx ctx;
    shop_data shop = {0};
    ing_summary summary;

    toc_ctx_init(&ctx);
    ctx.allocations_left = allocations;
    toc_status st = shop_init(&ctx, &shop);
    if (!st) st = shop_rates_read(&ctx, paths[1], "EUR", &rates);
    if (!st && !(st = toc_out_open(&ctx, "/dev/null", false, &report))) options.report = &report;
    if (!st && !(st = toc_out_open(&ctx, "/dev/null", false, &rejects))) options.rejects = &rejects;
    options.rates = rates;
    if (!st) st = ing_read(&ctx, paths, 1, &options, &shop, &summary);
    if (options.report && toc_out_close(&ctx, &report) && !st) st = TOC_E_IO;
    if (options.rejects && toc_out_close(&ctx, &rejects) && !st) st = TOC_E_IO;
    if (!st) assert_int_equal(summary.rejected, 2); /* a late row, and one that says no number */
    shop_rates_free(rates);
    shop_release(&shop);
    toc_ctx_release(&ctx);
    return st;
}

static toc_status once_masked(int64_t allocations)
{
    toc_out rejects = {0};
    txt_mask *mask = NULL;
    toc_ctx ctx;
    shop_data shop = {0};
    ing_summary summaries[2];

    toc_ctx_init(&ctx);
    ctx.allocations_left = allocations;
    toc_status st = shop_init(&ctx, &shop);
    if (!st) st = txt_mask_new(&ctx, TOC_STR("an invented key of thirty-two by"), &mask);
    ing_options options = { .mask = mask };
    if (!st && !(st = toc_out_open(&ctx, "/dev/null", false, &rejects))) options.rejects = &rejects;
    if (!st) st = ing_read(&ctx, paths, 2, &options, &shop, summaries);
    if (options.rejects && toc_out_close(&ctx, &rejects) && !st) st = TOC_E_IO;
    if (!st) st = shop_join_spellings(&ctx, &shop);
    if (!st) assert_true(summaries[0].rejected == 1 && summaries[0].pseudonyms == 6 && summaries[1].found_in_texts == 2);
    txt_mask_free(mask);
    shop_release(&shop);
    toc_ctx_release(&ctx);
    return st;
}

static void every_allocation_fails_once_masked(void **state)
{
    int64_t k = 0;
    toc_status st;
    (void)state;

    put(paths[0], "order_id,customer_id,product_id,quantity,unit_price,ordered_at,email,phone,address,country\n"
                  "A1,Jane Roe,p,1,3.50,2024-01-01,jane@example.org,07700 900123,1 Main St,GB\n"
                  "A2,C1,p,1,3.50,2024-01-01,,,1 main street,\n"
                  "A3,C1,p,1,3.50,2024-01-02,,,1 MAIN ST,\n"
                  "A4,C1,p,\"a \"\"b\"\"\",3.50,2024-01-02,x@example.org,+44 7700 900123,1 Main St,GB\n");
    put(paths[1], "review_id,product_id,rating,body\nR1,p,5,ask jane@example.org or 13912345678\n");
    while ((st = once_masked(k)) == TOC_E_NOMEM && k < 10000) k++;
    assert_int_equal(st, TOC_OK);
    assert_true(k > 20);
    for (size_t i = 0; i < 2; i++) unlink(paths[i]);
}

static void every_allocation_fails_once_with_rates(void **state)
{
    int64_t k = 0;
    toc_status st;
    (void)state;

    FILE *f = fopen(paths[0], "wb");
    assert_non_null(f);
    fputs("order_id,product_id,quantity,unit_price,currency,ordered_at,note\n", f);
    for (int i = 0; i < 1100; i++)
        fprintf(f, "A%d,p,%d,3.50,%s,%d-01-01,%d\n", i / 2, i == 7 ? 9000 : 2, i % 3 ? "USD" : "EUR", i == 9 ? 2077 : 2024, i);
    fputs("B,p,x,3.50,USD,2024-01-01,\n", f);
    assert_int_equal(fclose(f), 0);
    put(paths[1], "date,currency,rate\n2024-01-01,USD,0.9\n2023-01-01,USD,0.8\n");
    while ((st = once_with_rates(k)) == TOC_E_NOMEM && k < 10000) k++;
    assert_int_equal(st, TOC_OK);
    assert_true(k > 20);
    for (size_t i = 0; i < 2; i++) unlink(paths[i]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_allocation_fails_once), cmocka_unit_test(every_allocation_fails_once_with_a_map),
        cmocka_unit_test(every_allocation_fails_once_masked), cmocka_unit_test(every_allocation_fails_once_with_rates),
    };
    map_path = scratch_path("own.map");
    map_paths[0] = scratch_path("till.csv");
    map_paths[1] = scratch_path("list.csv");
    paths[0] = scratch_path("items.csv");
    paths[1] = scratch_path("orders.csv");
    return cmocka_run_group_tests(tests, NULL, NULL);
}
