/* test_table_csv.c: tables, type inference and CSV writing. */
#include "table/table.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

static toc_ctx ctx;

static int setup(void **state)
{
    (void)state;
    toc_ctx_init(&ctx);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    toc_ctx_release(&ctx);
    return 0;
}

static void fill(tab_column *column, size_t row, const char *text)
{
    assert_int_equal(toc_pool_intern(&ctx, column->pool, toc_str_of(text), &column->code[row]), TOC_OK);
}

static void numbers_are_inferred_and_identities_are_not(void **state)
{
    static const char *const cells[4][3] = { { "1", "007", "1" }, { "-2.5", "8", "x" }, { "", "9", "2" }, { "1e3", "10", "" } };
    static const char *const names[3] = { "number", "identity", "mixed" };
    tab_table table;
    tab_column *column;
    (void)state;

    tab_init(&table, 4);
    for (size_t j = 0; j < 3; j++) {
        assert_int_equal(tab_add(&ctx, &table, names[j], TAB_TEXT, NULL, &column), TOC_OK);
        for (size_t i = 0; i < 4; i++) fill(column, i, cells[i][j]);
    }
    assert_int_equal(tab_infer(&ctx, &table, NULL, 0), TOC_OK);
    assert_int_equal(tab_find(&table, "number")->type, TAB_F64);
    assert_true(tab_find(&table, "number")->f64[1] == -2.5);
    assert_true(isnan(tab_find(&table, "number")->f64[2]));
    assert_true(tab_find(&table, "number")->f64[3] == 1000);
    assert_int_equal(tab_find(&table, "identity")->type, TAB_TEXT);
    assert_int_equal(tab_find(&table, "mixed")->type, TAB_TEXT);
    tab_release(&table);
}

static void kept_columns_stay_text(void **state)
{
    static const char *const keep[] = { "id" };
    tab_table table;
    tab_column *column;
    (void)state;

    tab_init(&table, 1);
    assert_int_equal(tab_add(&ctx, &table, "id", TAB_TEXT, NULL, &column), TOC_OK);
    fill(column, 0, "42");
    assert_int_equal(tab_infer(&ctx, &table, keep, 1), TOC_OK);
    assert_int_equal(tab_find(&table, "id")->type, TAB_TEXT);
    tab_release(&table);
}

static void csv_quotes_only_what_needs_it(void **state)
{
    char path[] = "/tmp/test_table_csv_XXXXXX";
    tab_table table;
    tab_column *column;
    toc_out out;
    toc_buf written = {0};
    (void)state;

    tab_init(&table, 3);
    assert_int_equal(tab_add(&ctx, &table, "a,b", TAB_TEXT, NULL, &column), TOC_OK);
    fill(column, 0, "say \"hi\"");
    fill(column, 1, " blank");
    fill(column, 2, "plain");
    assert_int_equal(tab_add(&ctx, &table, "n", TAB_F64, NULL, &column), TOC_OK);
    column->f64[0] = 0.1;
    column->f64[2] = -3;
    int fd = mkstemp(path);
    assert_true(fd >= 0);
    assert_int_equal(toc_out_open(&ctx, path, false, &out), TOC_OK);
    assert_int_equal(tab_write_csv(&ctx, &table, &out), TOC_OK);
    assert_int_equal(toc_out_close(&ctx, &out), TOC_OK);
    assert_int_equal(toc_read_file(&ctx, path, &written), TOC_OK);
    assert_string_equal(written.p, "\"a,b\",n\n\"say \"\"hi\"\"\",0.1\n\" blank\",\nplain,-3\n");
    remove(path);
    toc_buf_release(&written);
    tab_release(&table);
}

static void a_missing_column_is_named_with_those_there_are(void **state)
{
    tab_table table;
    const tab_column *column;
    (void)state;

    tab_init(&table, 0);
    assert_int_equal(tab_add(&ctx, &table, "outlook", TAB_TEXT, NULL, NULL), TOC_OK);
    assert_int_equal(tab_need(&ctx, &table, "outlok", &column), TOC_E_USAGE);
    assert_non_null(strstr(ctx.message, "outlok"));
    assert_non_null(strstr(ctx.message, "outlook"));
    tab_release(&table);
}

static void allocation_failures_leave_no_leak(void **state)
{
    (void)state;
    for (int64_t n = 0; n < 20; n++) {
        tab_table table;
        toc_ctx failing;
        toc_ctx_init(&failing);
        tab_init(&table, 10);
        failing.allocations_left = n;
        toc_status st = tab_add(&failing, &table, "x", TAB_TEXT, NULL, NULL);
        if (st) assert_int_equal(st, TOC_E_NOMEM);
        tab_release(&table);
        toc_ctx_release(&failing);
        if (!st) return;
    }
    fail_msg("tab_add never succeeded");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(numbers_are_inferred_and_identities_are_not, setup, teardown),
        cmocka_unit_test_setup_teardown(kept_columns_stay_text, setup, teardown),
        cmocka_unit_test_setup_teardown(csv_quotes_only_what_needs_it, setup, teardown),
        cmocka_unit_test_setup_teardown(a_missing_column_is_named_with_those_there_are, setup, teardown),
        cmocka_unit_test_setup_teardown(allocation_failures_leave_no_leak, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
