/* fault_inventory.c: every allocation of inventory_warn fails once: TOC_E_NOMEM each time, and (under asan) nothing leaks. */
#include "inventory/inventory.h"

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

static void fill(toc_ctx *ctx, shop_data *shop)
{
    size_t i;
    uint32_t product;
    assert_int_equal(shop_init(ctx, shop), TOC_OK);
    for (int p = 0; p < 3; p++) {
        char id[16];
        snprintf(id, sizeof id, "P%d", p);
        assert_int_equal(toc_pool_intern(ctx, &shop->dict[SHOP_D_PRODUCT], toc_str_of(id), &product), TOC_OK);
        for (int64_t day = 0; day < 80; day++) {
            assert_int_equal(shop_add_rows(ctx, shop, SHOP_ORDERS, 1, &i), TOC_OK);
            shop->orders.product_id[i] = product;
            shop->orders.quantity[i] = 1 + day % 3;
            shop->orders.unit_price[i] = 500;
            shop->orders.ordered_at[i] = day * TOC_DAY;
            if (day % 7) continue;
            assert_int_equal(shop_add_rows(ctx, shop, SHOP_STOCK, 1, &i), TOC_OK);
            shop->stock.product_id[i] = product;
            shop->stock.on_hand[i] = 10 * p;
            shop->stock.as_of[i] = day * TOC_DAY;
        }
        assert_int_equal(shop_add_rows(ctx, shop, SHOP_PROMOTIONS, 1, &i), TOC_OK);
        shop->promotions.product_id[i] = product;
        shop->promotions.starts_on[i] = 76 * TOC_DAY;
        shop->promotions.ends_on[i] = 85 * TOC_DAY;
    }
}

static void no_memory_is_said_and_nothing_is_left(void **state)
{
    (void)state;
    toc_ctx ctx;
    shop_data shop = {0};
    warn_list list;
    inventory_options options = inventory_defaults();
    toc_status st = TOC_E_NOMEM;
    int64_t failures = 0;
    toc_ctx_init(&ctx);
    fill(&ctx, &shop);
    for (int64_t left = 0; st != TOC_OK; left++) {
        ctx.allocations_left = left;
        st = inventory_warn(&ctx, &shop, 80 * TOC_DAY, &options, &list);
        warn_release(&list);
        assert_true(st == TOC_OK || st == TOC_E_NOMEM);
        failures += st != TOC_OK;
        assert_true(left < 100000);
    }
    assert_true(failures > 50);
    ctx.allocations_left = -1;
    shop_release(&shop);
    toc_ctx_release(&ctx);
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(no_memory_is_said_and_nothing_is_left) };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
