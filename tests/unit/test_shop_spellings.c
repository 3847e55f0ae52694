/* test_shop_spellings.c: spellings of one address get one code, that of the earliest row; others keep theirs. */
#include "shop/shop.h"

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

static uint32_t code_of(toc_ctx *ctx, shop_data *shop, shop_domain domain, const char *text)
{
    uint32_t code;

    assert_int_equal(toc_pool_intern(ctx, &shop->dict[domain], toc_str_of(text), &code), TOC_OK);
    return code;
}

static void spellings_get_one_code(void **state)
{
    static const char *const addresses[] = { "12 Main Street, Apt. 4B", "12 main st #4b", "12 Main St", "", "---", "...", "12 MAIN ST" };
    static const char *const after[] = { "12 Main Street, Apt. 4B", "12 Main Street, Apt. 4B", "12 Main St", "", "---", "...", "12 Main St" };
    toc_ctx ctx;
    shop_data shop;
    size_t first;
    (void)state;

    toc_ctx_init(&ctx);
    assert_int_equal(shop_init(&ctx, &shop), TOC_OK);
    code_of(&ctx, &shop, SHOP_D_ADDRESS, "12 MAIN ST"); /* the order of codes does not matter */
    assert_int_equal(shop_add_rows(&ctx, &shop, SHOP_ORDERS, TOC_COUNT(addresses), &first), TOC_OK);
    for (size_t i = 0; i < TOC_COUNT(addresses); i++) shop.orders.address[i] = code_of(&ctx, &shop, SHOP_D_ADDRESS, addresses[i]);
    assert_int_equal(shop_add_rows(&ctx, &shop, SHOP_CUSTOMERS, 1, &first), TOC_OK);
    shop.orders.email[0] = code_of(&ctx, &shop, SHOP_D_EMAIL, "jane.roe@gmail.com");
    shop.orders.email[1] = code_of(&ctx, &shop, SHOP_D_EMAIL, "jane.roe@example.org");
    shop.customers.email[0] = code_of(&ctx, &shop, SHOP_D_EMAIL, "JaneRoe+a@googlemail.com");
    assert_int_equal(shop_join_spellings(&ctx, &shop), TOC_OK);
    for (size_t i = 0; i < TOC_COUNT(after); i++) assert_string_equal(shop_text(&shop, SHOP_D_ADDRESS, shop.orders.address[i]), after[i]);
    assert_int_equal(shop.customers.email[0], shop.orders.email[0]);
    assert_string_equal(shop_text(&shop, SHOP_D_EMAIL, shop.orders.email[1]), "jane.roe@example.org");
    shop_release(&shop);
    toc_ctx_release(&ctx);
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(spellings_get_one_code) };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
