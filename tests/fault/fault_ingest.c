/* fault_ingest.c: every allocation of reading a joined pair of files fails once; the status is TOC_E_NOMEM and nothing leaks (under asan). */
#include "ingest/ingest.h"

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>
#include <unistd.h>

static const char *const paths[] = { "/tmp/tocsin-fault-items.csv", "/tmp/tocsin-fault-orders.csv" };
static const char *const texts[] = {
    "order_id,order_item_id,product_id,seller_id,price\no1,1,p1,s1,10.5\no1,1,p1,s1,10.5\no1,2,p1,s1,\"x\"\no2,1,p1,s1,1\n",
    "order_id,customer_id,order_status,order_purchase_timestamp\no1,k1,delivered,01/02/2018 10:00\no3,k2,shipped,25/02/2018 10:00\n",
};

static toc_status once(int64_t allocations)
{
    toc_ctx ctx;
    shop_data shop = {0};
    ing_summary summaries[2];

    toc_ctx_init(&ctx);
    ctx.allocations_left = allocations;
    toc_status st = shop_init(&ctx, &shop);
    if (!st) st = ing_read(&ctx, paths, 2, NULL, &shop, summaries);
    shop_release(&shop);
    toc_ctx_release(&ctx);
    return st;
}

static void every_allocation_fails_once(void **state)
{
    int64_t k = 0;
    toc_status st;
    (void)state;
    for (size_t i = 0; i < 2; i++) {
        FILE *f = fopen(paths[i], "wb");
        assert_non_null(f);
        assert_true(fputs(texts[i], f) >= 0);
        assert_int_equal(fclose(f), 0);
    }
    while ((st = once(k)) == TOC_E_NOMEM && k < 10000) k++;
    assert_int_equal(st, TOC_OK);
    assert_true(k > 20);
    for (size_t i = 0; i < 2; i++) unlink(paths[i]);
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(every_allocation_fails_once) };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
