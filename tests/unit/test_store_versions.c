/* test_store_versions.c: stores that earlier versions made open, by readers as they are and by writers brought up to date; store-N/store.sql is one of
 * version N, store-N/NAME.csv exports that went into it. A new version adds a folder with a store of the version before. */
#include "ingest/ingest.h"
#include "store/store.h"
#include "../scratch.h"

#include <setjmp.h>
#include <stdarg.h>
#include <unistd.h>
#include <cmocka.h>
#include <sqlite3.h>

static toc_ctx ctx;
static const char *path;

/* Tests run in the folder tests or above it. */
static const char *in_folder(const char *name, char *text)
{
    snprintf(text, 128, "unit/store-1/%s", name);
    if (access(text, R_OK)) snprintf(text, 128, "tests/unit/store-1/%s", name);
    return text;
}

static void run_sql(const char *sql)
{
    sqlite3 *db;
    assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
    assert_int_equal(sqlite3_exec(db, sql, NULL, NULL, NULL), SQLITE_OK);
    sqlite3_close(db);
}

static int64_t ask(const char *sql)
{
    sqlite3 *db;
    sqlite3_stmt *stmt;
    assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
    assert_int_equal(sqlite3_prepare_v2(db, sql, -1, &stmt, NULL), SQLITE_OK);
    assert_int_equal(sqlite3_step(stmt), SQLITE_ROW);
    int64_t value = sqlite3_column_int64(stmt, 0);
    sqlite3_finalize(stmt);
    sqlite3_close(db);
    return value;
}

static int setup(void **state)
{
    toc_buf sql = {0};
    char name[128];
    (void)state;
    toc_ctx_init(&ctx);
    ctx.err = fopen("/dev/null", "w");
    path = scratch_path("store.db");
    assert_int_equal(toc_read_file(&ctx, in_folder("store.sql", name), &sql), TOC_OK);
    run_sql(sql.p);
    toc_buf_release(&sql);
    return 0;
}

static int teardown(void **state)
{
    static const char *const tails[] = { "", ".lock", "-wal", "-shm" };
    char name[96];
    (void)state;
    for (size_t i = 0; i < TOC_COUNT(tails); i++) {
        snprintf(name, sizeof name, "%s%s", path, tails[i]);
        unlink(name);
    }
    fclose(ctx.err);
    toc_ctx_release(&ctx);
    return 0;
}

static void expect_rows(sto_mode mode, int version)
{
    sto_store *store;
    sto_info info;
    shop_data shop, past;

    assert_int_equal(sto_open(&ctx, path, mode, &store), TOC_OK);
    assert_int_equal(sto_check(&ctx, store), TOC_OK);
    assert_int_equal(sto_describe(&ctx, store, &info), TOC_OK);
    assert_int_equal(info.version, version);
    assert_int_equal(info.kinds[SHOP_ORDERS].lines, 4);
    assert_int_equal(info.kinds[SHOP_ORDERS].states, 5);
    assert_int_equal(info.kinds[SHOP_REVIEWS].lines, 3);
    assert_int_equal(info.n_files, 3);
    assert_int_equal(info.n_warnings, 1);
    assert_int_equal(info.n_vectors, 1);
    assert_int_equal(shop_init(&ctx, &shop), TOC_OK);
    assert_int_equal(shop_init(&ctx, &past), TOC_OK);
    assert_int_equal(sto_load(&ctx, store, TOC_NO_TIME, &shop), TOC_OK);
    assert_int_equal(sto_load(&ctx, store, toc_days_from_civil(2026, 1, 6) * TOC_DAY, &past), TOC_OK);
    assert_int_equal(shop.orders.n, 4);
    assert_string_equal(shop_text(&shop, SHOP_D_WORD, shop.orders.status[0]), "shipped");
    assert_string_equal(shop_text(&past, SHOP_D_WORD, past.orders.status[0]), "placed");
    assert_int_equal(shop.reviews.n, 3);
    shop_release(&shop);
    shop_release(&past);
    sto_close(store);
}

static void readers_take_an_older_store_as_it_is(void **state)
{
    (void)state;
    expect_rows(STO_READ, 1);
    assert_int_equal(ask("PRAGMA user_version"), 1);
}

static void a_writer_brings_it_up_to_date(void **state)
{
    const char *files[2];
    char names[2][128];
    ing_summary summaries[2];
    shop_data shop = {0};
    sto_store *store;
    sto_added added;
    (void)state;

    expect_rows(STO_WRITE, 2);
    expect_rows(STO_READ, 2);
    assert_int_equal(ask("SELECT count(*) FROM pragma_table_info('orders') WHERE name = 'state'"), 0);
    assert_int_equal(ask("SELECT count(*) FROM orders_lines"), 5);
    files[0] = in_folder("orders2.csv", names[0]);
    files[1] = in_folder("reviews.csv", names[1]);
    assert_int_equal(shop_init(&ctx, &shop), TOC_OK);
    assert_int_equal(ing_read(&ctx, files, 2, NULL, &shop, summaries), TOC_OK);
    assert_int_equal(sto_open(&ctx, path, STO_WRITE, &store), TOC_OK);
    assert_int_equal(sto_begin(&ctx, store), TOC_OK);
    assert_int_equal(sto_add(&ctx, store, &shop, toc_days_from_civil(2026, 1, 9) * TOC_DAY, &added), TOC_OK);
    assert_true(added.known == 7 && !added.fresh && !added.states); /* lines are still recognised */
    assert_int_equal(sto_commit(&ctx, store), TOC_OK);
    sto_close(store);
    shop_release(&shop);
}

static void a_step_that_fails_leaves_the_old_version(void **state)
{
    sto_store *store;
    (void)state;
    run_sql("DROP INDEX merchants_lines");
    assert_int_not_equal(sto_open(&ctx, path, STO_WRITE, &store), TOC_OK);
    assert_int_equal(ask("PRAGMA user_version"), 1);
    assert_int_equal(ask("SELECT count(*) FROM sqlite_master WHERE type = 'index' AND name = 'orders_lines'"), 1);
    assert_int_equal(ask("SELECT count(*) FROM orders WHERE state IS NOT NULL"), 5);
}

static void columns_a_store_lacks_are_read_as_missing_and_added_by_a_writer(void **state)
{
    (void)state;
    run_sql("ALTER TABLE orders DROP COLUMN region");
    expect_rows(STO_READ, 1);
    expect_rows(STO_WRITE, 2);
    assert_int_equal(ask("SELECT count(*) FROM pragma_table_info('orders') WHERE name = 'region'"), 1);
    run_sql("ALTER TABLE reviews DROP COLUMN helpful"); /* also of a store of this version */
    expect_rows(STO_READ, 2);
    expect_rows(STO_WRITE, 2);
    assert_int_equal(ask("SELECT count(*) FROM pragma_table_info('reviews') WHERE name = 'helpful'"), 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(readers_take_an_older_store_as_it_is, setup, teardown),
        cmocka_unit_test_setup_teardown(a_writer_brings_it_up_to_date, setup, teardown),
        cmocka_unit_test_setup_teardown(a_step_that_fails_leaves_the_old_version, setup, teardown),
        cmocka_unit_test_setup_teardown(columns_a_store_lacks_are_read_as_missing_and_added_by_a_writer, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
