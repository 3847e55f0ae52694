/* test_base_keys.c: keys of doubles sort as the values do, and give them back. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/base.h"

static void keys(void **state)
{
    static const double ascending[] = { -INFINITY, -1e300, -2.5, -1, -1e-310, 0, 1e-310, 1, 1.5, 1e300, INFINITY };

    (void)state;
    for (size_t i = 0; i < TOC_COUNT(ascending); i++) {
        assert_true(toc_f64_of_key(toc_key_f64(ascending[i])) == ascending[i]);
        assert_true(i == 0 || toc_key_f64(ascending[i - 1]) < toc_key_f64(ascending[i]));
    }
    assert_int_equal(toc_key_f64(-0.0), toc_key_f64(0.0));
    assert_true(toc_key_f64(NAN) > toc_key_f64(INFINITY));
    assert_true(isnan(toc_f64_of_key(toc_key_f64(NAN))));
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(keys) };
    return cmocka_run_group_tests_name("keys", tests, NULL, NULL);
}
