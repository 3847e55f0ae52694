/* test_store_states.c: what goes into the store, when it was known, and what comes back. */
#include "store/store.h"
#include "../scratch.h"

#include <setjmp.h>
#include <stdarg.h>
#include <sys/stat.h>
#include <unistd.h>
#include <cmocka.h>
#include <sqlite3.h>

static toc_ctx ctx;
static const char *path;

static int setup(void **state)
{
    (void)state;
    toc_ctx_init(&ctx);
    path = scratch_path("store.db");
    return 0;
}

static int teardown(void **state)
{
    char other[96];
    (void)state;
    unlink(path);
    static const char *const tails[] = { ".lock", "-wal", "-shm" };
    for (size_t i = 0; i < TOC_COUNT(tails); i++) {
        snprintf(other, sizeof other, "%s%s", path, tails[i]);
        unlink(other);
    }
    toc_ctx_release(&ctx);
    return 0;
}

static int64_t day(unsigned d)
{
    return toc_days_from_civil(2026, 3, d) * TOC_DAY;
}

static void put(shop_data *shop, const char *order, const char *line, const char *status, int64_t quantity)
{
    size_t row;
    assert_int_equal(shop_add_rows(&ctx, shop, SHOP_ORDERS, 1, &row), TOC_OK);
    assert_int_equal(toc_pool_intern(&ctx, &shop->dict[SHOP_D_ORDER], toc_str_of(order), &shop->orders.order_id[row]), TOC_OK);
    assert_int_equal(toc_pool_intern(&ctx, &shop->dict[SHOP_D_LINE], toc_str_of(line), &shop->orders.line_id[row]), TOC_OK);
    assert_int_equal(toc_pool_intern(&ctx, &shop->dict[SHOP_D_WORD], toc_str_of(status), &shop->orders.status[row]), TOC_OK);
    shop->orders.quantity[row] = quantity;
    shop->orders.unit_price[row] = 500;
    shop->orders.ordered_at[row] = day(1);
}

static sto_added add(const shop_data *shop, int64_t known_at)
{
    sto_store *store;
    sto_added added;
    assert_int_equal(sto_open(&ctx, path, STO_WRITE, &store), TOC_OK);
    assert_int_equal(sto_begin(&ctx, store), TOC_OK);
    assert_int_equal(sto_add(&ctx, store, shop, known_at, &added), TOC_OK);
    assert_int_equal(sto_commit(&ctx, store), TOC_OK);
    sto_close(store);
    return added;
}

static void expect_status(int64_t as_of, size_t n, const char *status)
{
    sto_store *store;
    shop_data shop;
    assert_int_equal(sto_open(&ctx, path, STO_READ, &store), TOC_OK);
    assert_int_equal(shop_init(&ctx, &shop), TOC_OK);
    assert_int_equal(sto_load(&ctx, store, as_of, &shop), TOC_OK);
    assert_int_equal(shop.orders.n, n);
    assert_string_equal(shop_text(&shop, SHOP_D_WORD, shop.orders.status[0]), status);
    shop_release(&shop);
    sto_close(store);
}

static void the_same_export_twice_adds_nothing_and_a_later_one_a_state(void **state)
{
    shop_data shop, later;
    sto_added added;
    (void)state;

    assert_int_equal(shop_init(&ctx, &shop), TOC_OK);
    assert_int_equal(shop_init(&ctx, &later), TOC_OK);
    put(&shop, "o1", "l1", "paid", 1);
    put(&later, "o1", "l1", "refunded", 1);
    added = add(&shop, day(5));
    assert_true(added.fresh == 1 && !added.known && !added.states);
    added = add(&shop, day(6));
    assert_true(!added.fresh && added.known == 1 && !added.states);
    added = add(&later, day(10));
    assert_true(!added.fresh && !added.known && added.states == 1);
    expect_status(TOC_NO_TIME, 1, "refunded");
    expect_status(day(10), 1, "paid");
    expect_status(day(10) + 1, 1, "refunded");
    expect_status(day(2), 1, "paid"); /* before anything was known: the first state, for its own times */
    shop_release(&shop);
    shop_release(&later);
}

static void an_older_export_read_later_finds_its_place(void **state)
{
    shop_data placed, paid, shipped;
    (void)state;

    assert_int_equal(shop_init(&ctx, &placed), TOC_OK);
    assert_int_equal(shop_init(&ctx, &paid), TOC_OK);
    assert_int_equal(shop_init(&ctx, &shipped), TOC_OK);
    put(&placed, "o1", "l1", "placed", 1);
    put(&paid, "o1", "l1", "paid", 1);
    put(&shipped, "o1", "l1", "shipped", 1);
    add(&shipped, day(20));
    add(&placed, day(5));
    add(&paid, day(10));
    expect_status(day(3), 1, "placed");
    expect_status(day(7), 1, "placed");
    expect_status(day(15), 1, "paid");
    expect_status(day(25), 1, "shipped");
    expect_status(TOC_NO_TIME, 1, "shipped");
    add(&shipped, day(15)); /* known earlier than we thought */
    expect_status(day(16), 1, "shipped");
    expect_status(day(12), 1, "paid");
    shop_release(&placed);
    shop_release(&paid);
    shop_release(&shipped);
}

static void without_line_ids_the_larger_count_of_equal_rows_stands(void **state)
{
    shop_data two, three;
    sto_added added;
    (void)state;

    assert_int_equal(shop_init(&ctx, &two), TOC_OK);
    assert_int_equal(shop_init(&ctx, &three), TOC_OK);
    for (int i = 0; i < 2; i++) put(&two, "o1", "", "paid", 1);
    for (int i = 0; i < 3; i++) put(&three, "o1", "", "paid", 1);
    added = add(&two, day(5));
    assert_int_equal(added.fresh, 2);
    added = add(&three, day(6));
    assert_true(added.fresh == 1 && added.known == 2);
    added = add(&two, day(7));
    assert_true(!added.fresh && added.known == 2);
    expect_status(TOC_NO_TIME, 3, "paid");
    shop_release(&two);
    shop_release(&three);
}

static void nothing_uncommitted_stays_and_the_second_writer_waits(void **state)
{
    sto_store *first, *second;
    shop_data shop;
    sto_added added;
    struct stat info;
    (void)state;

    assert_int_equal(shop_init(&ctx, &shop), TOC_OK);
    put(&shop, "o1", "l1", "paid", 1);
    assert_int_equal(sto_open(&ctx, path, STO_WRITE, &first), TOC_OK);
    assert_int_equal(sto_open(&ctx, path, STO_WRITE, &second), TOC_E_BUSY);
    assert_int_equal(sto_begin(&ctx, first), TOC_OK);
    assert_int_equal(sto_add(&ctx, first, &shop, day(2), &added), TOC_OK);
    sto_close(first);
    added = add(&shop, day(3));
    assert_int_equal(added.fresh, 1);
    assert_int_equal(stat(path, &info), 0);
    assert_int_equal(info.st_mode & 0777, 0600);
    shop_release(&shop);
}

static void foreign_and_newer_files_are_refused(void **state)
{
    sto_store *store;
    (void)state;

    assert_int_equal(sto_open(&ctx, path, STO_READ, &store), TOC_E_USAGE);
    ctx.message[0] = 0;
    FILE *f = fopen(path, "w");
    assert_non_null(f);
    fputs("order_id,quantity\nthis is a CSV file and no store at all, long enough to be looked at\n", f);
    fclose(f);
    assert_int_equal(sto_open(&ctx, path, STO_WRITE, &store), TOC_E_DATA);
    unlink(path);
    sqlite3 *db;
    assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
    assert_int_equal(sqlite3_exec(db, "CREATE TABLE t(x)", NULL, NULL, NULL), SQLITE_OK);
    assert_int_equal(sto_open(&ctx, path, STO_WRITE, &store), TOC_E_DATA);
    assert_non_null(strstr(ctx.message, "no SQLite file"));
    ctx.message[0] = 0;
    assert_int_equal(sqlite3_exec(db, "PRAGMA application_id = 1953457011; PRAGMA user_version = 99", NULL, NULL, NULL),
                     SQLITE_OK);
    sqlite3_close(db);
    assert_int_equal(sto_open(&ctx, path, STO_READ, &store), TOC_E_DATA);
    assert_non_null(strstr(ctx.message, "newer"));
    assert_int_equal(sto_open(&ctx, path, STO_WRITE, &store), TOC_E_DATA);
}

static void warnings_are_new_worse_better_or_resolved(void **state)
{
    sto_store *store;
    sto_change *changes;
    size_t n;
    int worst;
    int64_t before;
    const sto_warning first[] = { { "a", "churn", "customer", "A", 0.5, 1 },
                                  { "b", "churn", "customer", "B", 0.9, 2 },
                                  { "c", "churn", "customer", "C", 0.9, 2 } };
    const sto_warning second[] = { { "a", "churn", "customer", "A", 0.8, 2 },
                                   { "c", "churn", "customer", "C", 0.6, 1 },
                                   { "d", "fraud", "order", "D", 0.7, 1 } };
    const struct {
        sto_change_kind kind;
        const char *id;
        int before;
    } expected[] = { { STO_WORSE, "a", 1 }, { STO_BETTER, "c", 2 }, { STO_RESOLVED, "b", 2 }, { STO_NEW, "d", -1 } };
    (void)state;

    assert_int_equal(sto_open(&ctx, path, STO_WRITE, &store), TOC_OK);
    assert_int_equal(sto_begin(&ctx, store), TOC_OK);
    assert_int_equal(sto_warnings_put(&ctx, store, day(1), first, 3), TOC_OK);
    assert_int_equal(sto_warnings_changes(&ctx, store, day(1), &before, &changes, &n), TOC_OK);
    assert_true(before == TOC_NO_TIME && n == 0);
    for (int again = 0; again < 2; again++) { /* running a night twice changes nothing */
        assert_int_equal(sto_warnings_put(&ctx, store, day(2), second, 3), TOC_OK);
        assert_int_equal(sto_warnings_changes(&ctx, store, day(2), &before, &changes, &n), TOC_OK);
        assert_true(before == day(1));
        assert_int_equal(n, TOC_COUNT(expected));
        for (size_t i = 0; i < n; i++) {
            assert_int_equal(changes[i].kind, expected[i].kind);
            assert_string_equal(changes[i].now.id, expected[i].id);
            assert_int_equal(changes[i].level_before, expected[i].before);
            assert_true(changes[i].first_seen == (expected[i].kind == STO_NEW ? day(2) : day(1)));
        }
    }
    assert_int_equal(sto_warnings_worst(&ctx, store, day(2), &worst), TOC_OK);
    assert_int_equal(worst, 2);
    assert_int_equal(sto_warnings_worst(&ctx, store, day(3), &worst), TOC_OK);
    assert_int_equal(worst, -1);
    assert_int_equal(sto_commit(&ctx, store), TOC_OK);
    sto_close(store);
}

static void a_night_of_several_files_counts_overlaps_once(void **state)
{
    shop_data shop;
    sto_added added;
    (void)state;

    assert_int_equal(shop_init(&ctx, &shop), TOC_OK);
    for (int i = 0; i < 5; i++) put(&shop, "o1", "", "paid", 1); /* two rows of one file, three of the next */
    for (int i = 0; i < 5; i++) shop.orders.row[i] = i < 2 ? i + 1 : i - 1;
    added = add(&shop, day(5));
    assert_true(added.fresh == 3 && added.known == 2);
    expect_status(TOC_NO_TIME, 3, "paid");
    shop_release(&shop);
}

static void all_cells_come_back(void **state)
{
    shop_data shop, back;
    sto_store *store;
    char cell[64], other[64];
    (void)state;

    assert_int_equal(shop_init(&ctx, &shop), TOC_OK);
    assert_int_equal(shop_init(&ctx, &back), TOC_OK);
    for (size_t k = 0; k < SHOP_N_KINDS; k++) {
        const shop_schema *schema = shop_schema_of((shop_kind)k);
        assert_int_equal(shop_add_rows(&ctx, &shop, (shop_kind)k, 2, NULL), TOC_OK);
        for (size_t j = 0; j < schema->n_columns; j++)
            for (size_t i = 0; i < 2; i++) {
                if (j % 2 != i && !schema->columns[j].required) continue; /* some are missing */
                snprintf(cell, sizeof cell, "%s %zu '\xe5\x88\xb7", schema->columns[j].name, i);
                if (schema->columns[j].type != SHOP_T_CODE) shop_ints(&shop, (shop_kind)k, j)[i] = day(3) + (int64_t)(j * 7 + i);
                else
                    assert_int_equal(toc_pool_intern(&ctx, &shop.dict[schema->columns[j].domain], toc_str_of(cell),
                                                     &shop_codes(&shop, (shop_kind)k, j)[i]),
                                     TOC_OK);
            }
    }
    assert_int_equal(add(&shop, day(9)).fresh, 2 * SHOP_N_KINDS);
    assert_int_equal(add(&shop, day(9)).known, 2 * SHOP_N_KINDS);
    assert_int_equal(sto_open(&ctx, path, STO_READ, &store), TOC_OK);
    assert_int_equal(sto_check(&ctx, store), TOC_OK);
    assert_int_equal(sto_load(&ctx, store, TOC_NO_TIME, &back), TOC_OK);
    sto_close(store);
    for (size_t k = 0; k < SHOP_N_KINDS; k++) {
        assert_int_equal(shop_rows(&back, (shop_kind)k), 2);
        assert_true(back.has[k] && shop_known_at(&back, (shop_kind)k)[1] == day(9));
        for (size_t j = 0; j < shop_schema_of((shop_kind)k)->n_columns; j++)
            for (size_t i = 0; i < 2; i++)
                assert_true(toc_str_eq(shop_cell_text(&shop, (shop_kind)k, j, i, cell),
                                       shop_cell_text(&back, (shop_kind)k, j, i, other)));
    }
    shop_release(&shop);
    shop_release(&back);
}

static void a_store_nobody_committed_to_is_not_there(void **state)
{
    sto_store *store;
    struct stat info;
    (void)state;

    assert_int_equal(sto_open(&ctx, path, STO_WRITE, &store), TOC_OK);
    assert_int_equal(sto_begin(&ctx, store), TOC_OK);
    assert_int_equal(sto_file_add(&ctx, store, "00", "a.csv", 1, day(1)), TOC_OK);
    sto_close(store);
    assert_int_equal(stat(path, &info), -1);
}

static void an_export_is_known_since_its_latest_event(void **state)
{
    sto_store *store;
    shop_data shop;
    int64_t known_at;
    (void)state;

    assert_int_equal(shop_init(&ctx, &shop), TOC_OK);
    put(&shop, "o1", "l1", "paid", 1);
    put(&shop, "o2", "l1", "paid", 1);
    shop.orders.refunded_at[0] = day(4);
    assert_int_equal(shop_add_rows(&ctx, &shop, SHOP_STOCK, 1, NULL), TOC_OK);
    shop.stock.incoming_at[0] = day(28); /* a promise is no event */
    assert_int_equal(sto_open(&ctx, path, STO_WRITE, &store), TOC_OK);
    assert_int_equal(sto_known_at(&ctx, store, &shop, &known_at), TOC_OK);
    assert_true(known_at == day(4));
    sto_close(store);
    shop_release(&shop);
}

static void vectors_come_back_as_they_went_in(void **state)
{
    sto_store *store;
    float in[3] = { 1, -2.5f, 0.1f }, out[3] = {0};
    bool found;
    (void)state;

    assert_int_equal(sto_open(&ctx, path, STO_WRITE, &store), TOC_OK);
    assert_int_equal(sto_vector_put(&ctx, store, 1, UINT64_MAX, 3, in), TOC_OK);
    assert_int_equal(sto_vector_get(&ctx, store, 1, UINT64_MAX, 3, out, &found), TOC_OK);
    assert_true(found);
    assert_memory_equal(in, out, sizeof in);
    assert_int_equal(sto_vector_get(&ctx, store, 2, UINT64_MAX, 3, out, &found), TOC_OK);
    assert_false(found);
    sto_close(store);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(the_same_export_twice_adds_nothing_and_a_later_one_a_state, setup, teardown),
        cmocka_unit_test_setup_teardown(an_older_export_read_later_finds_its_place, setup, teardown),
        cmocka_unit_test_setup_teardown(without_line_ids_the_larger_count_of_equal_rows_stands, setup, teardown),
        cmocka_unit_test_setup_teardown(nothing_uncommitted_stays_and_the_second_writer_waits, setup, teardown),
        cmocka_unit_test_setup_teardown(foreign_and_newer_files_are_refused, setup, teardown),
        cmocka_unit_test_setup_teardown(warnings_are_new_worse_better_or_resolved, setup, teardown),
        cmocka_unit_test_setup_teardown(a_night_of_several_files_counts_overlaps_once, setup, teardown),
        cmocka_unit_test_setup_teardown(all_cells_come_back, setup, teardown),
        cmocka_unit_test_setup_teardown(a_store_nobody_committed_to_is_not_there, setup, teardown),
        cmocka_unit_test_setup_teardown(an_export_is_known_since_its_latest_event, setup, teardown),
        cmocka_unit_test_setup_teardown(vectors_come_back_as_they_went_in, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
