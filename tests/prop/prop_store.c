/* Exports that go by in blocks leave the very rows, lines and keys in a store that they leave when they are held in memory: order lines with and without
 * line ids, reviews with and without review ids, events (which have none), repeats within a file and across exports, later and earlier states, amounts
 * without minor units or currency, texts with quotes and line ends; on any number of threads. */
#include "ingest/ingest.h"
#include "store/store.h"
#include "../scratch.h"

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>
#include <sqlite3.h>

enum { EXPORTS = 3, FILES = 4 };

static const char *files[FILES], *store_path;

static int64_t moment(size_t i) { return 1700000000 * TOC_SECOND + (int64_t)(i % 40000) * TOC_HOUR / 4; }

static void write_order(toc_out *out, toc_rng *rng, size_t i, bool ids)
{
    char time[40], line[24] = "";
    size_t order = toc_rng_below(rng, 4) ? i / 2 : toc_rng_below(rng, 1 + i / 2), product = order % 7 + toc_rng_below(rng, 2);
    bool odd = toc_rng_below(rng, 300) == 0;

    if (ids) snprintf(line, sizeof line, "L%zu", product);
    toc_format_time(moment(order), time);
    toc_out_printf(out, "O%zu,%s,%s%zu,P%zu,%s,%zu.%02zu,%s,%s,%s,%s\n", order, line, odd ? "\"c, \"\"d\"\"\n\"" : "c", order % 1000, product,
                   toc_rng_below(rng, 900) ? "2" : "-1", order % 90, product, order % 50 ? order % 3 ? "EUR" : "" : "JPY", time, i % 4000 > 3000 && odd ? "C7" : "",
                   toc_rng_below(rng, 30) ? "paid" : "delivered");
}

static void write_review(toc_out *out, toc_rng *rng, size_t i)
{
    char time[40], id[24] = "";

    if (toc_rng_below(rng, 3)) snprintf(id, sizeof id, "R%zu", i);
    toc_format_time(moment(i), time);
    toc_out_printf(out, "%s,O%zu,P%zu,c%zu,%zu.5,\"Good,\n\"\"it\"\" lasts\",%s\n", id, i / 2, i % 7, i % 90, toc_rng_below(rng, 5), time);
}

static void write_event(toc_out *out, toc_rng *rng, size_t i)
{
    char time[40];
    toc_format_time(moment(i / 3), time);
    toc_out_printf(out, "c%zu,%s,P%zu,%s\n", i / 3 % 50, toc_rng_below(rng, 4) ? "view" : "cart", i / 3 % 9, time);
}

/* Export k overlaps the one before. */
static void make_files(toc_ctx *ctx, uint64_t seed, size_t k, size_t n)
{
    static const char *const headers[FILES] = {
        "order_id,line_id,customer_id,product_id,quantity,unit_price,currency,ordered_at,coupon,status\n", NULL,
        "review_id,order_id,product_id,customer_id,rating,body,created_at\n", "customer_id,kind,product_id,at\n",
    };
    for (size_t f = 0; f < FILES; f++) {
        toc_rng rng = toc_rng_new(seed, k * FILES + f);
        toc_out out;
        assert_int_equal(toc_out_open(ctx, files[f], false, &out), TOC_OK);
        toc_out_str(&out, headers[f] ? headers[f] : headers[0]);
        for (size_t i = k * n / 2; i < k * n / 2 + n; i++) {
            if (f < 2) write_order(&out, &rng, f ? i / 2 : i, f == 1);
            else if (f == 2) write_review(&out, &rng, i / 4);
            else write_event(&out, &rng, i / 4);
        }
        assert_int_equal(toc_out_close(ctx, &out), TOC_OK);
    }
}

static toc_status read_back(toc_ctx *ctx, void *arg, size_t slot, size_t k, shop_block *block)
{
    return ing_back_read(ctx, arg, slot, k, block);
}

static toc_status add_in_blocks(toc_ctx *ctx, sto_store *store, const ing_options *options, ing_summary *summaries, int64_t known_at, sto_added *added)
{
    ing_csv *csvs[SHOP_N_KINDS];
    ing_back *backs[SHOP_N_KINDS] = {0};
    sto_rows rows[SHOP_N_KINDS];
    size_t n = 0;
    shop_data shop = {0};

    assert_int_equal(ing_read_apart(ctx, files, FILES, options, &shop, csvs, summaries), TOC_OK);
    for (size_t k = 0; k < SHOP_N_KINDS; k++) {
        if (!csvs[k]) continue;
        assert_int_equal(ing_back_open(ctx, csvs[k], sto_slots(ctx), &backs[n]), TOC_OK);
        rows[n] = (sto_rows){ (shop_kind)k, ing_back_columns(backs[n]), ing_back_blocks(backs[n]), backs[n], read_back };
        n++;
    }
    assert_int_equal(n, 3);
    toc_status st = sto_add_rows(ctx, store, rows, n, known_at, added);
    for (size_t k = 0; k < SHOP_N_KINDS; k++) {
        ing_back_close(backs[k]);
        ing_csv_free(csvs[k]);
    }
    return st;
}

static toc_status add_whole(toc_ctx *ctx, sto_store *store, const ing_options *options, ing_summary *summaries, int64_t known_at, sto_added *added)
{
    shop_data shop = {0};

    assert_int_equal(shop_init(ctx, &shop), TOC_OK);
    assert_int_equal(ing_read(ctx, files, FILES, options, &shop, summaries), TOC_OK);
    if (known_at == TOC_NO_TIME) assert_int_equal(sto_known_at(ctx, store, &shop, &known_at), TOC_OK);
    toc_status st = sto_add(ctx, store, &shop, known_at, added);
    shop_release(&shop);
    return st;
}

static void dump_table(toc_ctx *ctx, sqlite3 *db, const char *name, toc_buf *text)
{
    char sql[80];
    sqlite3_stmt *stmt;

    snprintf(sql, sizeof sql, "SELECT * FROM %s", name);
    assert_int_equal(sqlite3_prepare_v2(db, sql, -1, &stmt, NULL), SQLITE_OK);
    while (sqlite3_step(stmt) == SQLITE_ROW) {
        for (int j = 0; j < sqlite3_column_count(stmt); j++) {
            const char *cell = (const char *)sqlite3_column_text(stmt, j);
            assert_int_equal(toc_buf_printf(ctx, text, "%s|", cell ? cell : "NULL"), TOC_OK);
        }
        assert_int_equal(toc_buf_printf(ctx, text, "%s\n", name), TOC_OK);
    }
    sqlite3_finalize(stmt);
}

/* Three exports into a new store, the last one known before the second; all that is in it then, and what each add said. */
static toc_buf fill(uint64_t seed, size_t n, bool blocks, size_t threads)
{
    static const char *const tables[] = { "orders", "orders_lines", "reviews", "reviews_lines", "events", "events_lines" };
    const ing_options options = { .refuse_late = true };
    ing_summary summaries[FILES];
    toc_buf text = {0};
    toc_ctx ctx;
    sqlite3 *db;

    toc_ctx_init(&ctx);
    ctx.n_threads = threads;
    unlink(store_path);
    for (size_t k = 0; k < EXPORTS; k++) {
        const int64_t known_at = k == 2 ? 1700000000 * TOC_SECOND : TOC_NO_TIME;
        sto_store *store;
        sto_added added;
        make_files(&ctx, seed, k, n);
        assert_int_equal(sto_open(&ctx, store_path, STO_WRITE, &store), TOC_OK);
        assert_int_equal(sto_begin(&ctx, store), TOC_OK);
        assert_int_equal((blocks ? add_in_blocks : add_whole)(&ctx, store, &options, summaries, known_at, &added), TOC_OK);
        assert_int_equal(sto_commit(&ctx, store), TOC_OK);
        if (k == 2) assert_int_equal(sto_check(&ctx, store), TOC_OK);
        sto_close(store);
        if (!added.fresh || (k == 1 && (!added.known || !added.states))) fail_msg("export %zu: %zu %zu %zu", k, added.fresh, added.known, added.states);
        assert_int_equal(toc_buf_printf(&ctx, &text, "%zu %zu %zu\n", added.fresh, added.known, added.states), TOC_OK);
    }
    assert_int_equal(sqlite3_open(store_path, &db), SQLITE_OK);
    for (size_t t = 0; t < TOC_COUNT(tables); t++) dump_table(&ctx, db, tables[t], &text);
    sqlite3_close(db);
    toc_ctx_release(&ctx);
    return text;
}

static void test_same(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= 3; seed++) {
        const size_t n = seed < 3 ? 600 : 30000; /* one block, or several */
        toc_buf whole = fill(seed, n, false, 1);
        for (size_t threads = 1; threads <= 3; threads += 2) {
            toc_buf blocks = fill(seed, n, true, threads);
            size_t at = 0;
            while (at < TOC_MIN(blocks.n, whole.n) && blocks.p[at] == whole.p[at]) at++;
            if (at < blocks.n || at < whole.n) {
                const size_t from = at < 200 ? 0 : at - 200;
                fail_msg("seed %llu, %zu threads: from byte %zu\nwhole:\n%.400s\nin blocks:\n%.400s", (unsigned long long)seed, threads, at,
                         whole.p + from, blocks.p + from);
            }
            toc_buf_release(&blocks);
        }
        toc_buf_release(&whole);
    }
}

int main(void)
{
    static const char *const names[FILES] = { "orders.csv", "lines.csv", "reviews.csv", "events.csv" };
    for (size_t f = 0; f < FILES; f++) files[f] = scratch_path(names[f]);
    store_path = scratch_path("store.db");
    const struct CMUnitTest tests[] = { cmocka_unit_test(test_same) };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
