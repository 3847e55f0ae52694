/* A file streamed to canonical CSV gives the bytes, the refusals and the counts that reading it whole gives: with repeats, later states, duplicates, damaged
 * records, more texts than a thread remembers, columns that only some parts have, two currencies and rows in the future, on any number of threads. */
#include "ingest/ingest.h"
#include "../scratch.h"

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>
#include <unistd.h>

static const char *path, *report_path, *rejects_path, *out_path;

/* One order line, often one that was there before, sometimes with a change. */
static void write_line(toc_out *out, toc_rng *rng, size_t i, size_t n, bool ids)
{
    char time[40], coupon[16] = "", line[24] = "";
    size_t order = toc_rng_below(rng, 4) ? i / 2 : toc_rng_below(rng, 1 + i / 2), product = order % 7 + toc_rng_below(rng, 2);
    bool late = toc_rng_below(rng, n) < 9 && n > 20000, odd = toc_rng_below(rng, 500) == 0;

    if (i > n / 2 && toc_rng_below(rng, 40) == 0) snprintf(coupon, sizeof coupon, "C%zu", i % 9);
    if (ids) snprintf(line, sizeof line, "L%zu", product);
    toc_format_time(1700000000 * TOC_SECOND + (int64_t)(order % 40000) * TOC_HOUR / 4 + (late ? 900 * TOC_DAY : 0), time);
    toc_out_printf(out, "O%zu,%s,%s%zu,P%zu,%s,%zu.%02zu,%s,%s,%s,%s,D%zu,192.0.%zu.%zu\n", order, line, odd ? "a \"\"name\"\" " : "c", order % 1000, product,
                   odd && order % 3 == 0 ? "many" : toc_rng_below(rng, 900) ? "2" : "-1", order % 90, product, order % 50 ? "EUR" : "JPY", time,
                   coupon, toc_rng_below(rng, 30) ? "paid" : "\"delivered\"", order * 7, order / 256 % 256, order % 256);
    if (odd && order % 5 == 0) toc_out_str(out, "O1,\"never closed\n");
}

static void make_file(toc_ctx *ctx, uint64_t seed, size_t n, bool ids)
{
    toc_rng rng = toc_rng_new(seed, 0);
    toc_out out;

    assert_int_equal(toc_out_open(ctx, path, false, &out), TOC_OK);
    toc_out_str(&out, "order_id,line_id,customer_id,product_id,quantity,unit_price,currency,ordered_at,coupon,status,device_id,ip\n");
    for (size_t i = 0; i < n; i++) write_line(&out, &rng, i, n, ids);
    assert_int_equal(toc_out_close(ctx, &out), TOC_OK);
}

/* Everything that came of it, as one text. */
static toc_buf read_it(uint64_t seed, bool stream, bool drop, size_t threads)
{
    toc_ctx ctx;
    toc_out out, rejects, report;
    toc_buf text = {0}, part = {0};
    shop_data shop = {0};
    ing_csv *csv = NULL;
    ing_summary s;
    ing_options options = { .drop_repeats = drop, .refuse_late = true, .rejects = &rejects, .outliers = true, .report = &report };
    const char *const paths[] = { out_path, rejects_path, report_path };

    toc_ctx_init(&ctx);
    ctx.n_threads = threads;
    assert_int_equal(shop_init(&ctx, &shop), TOC_OK);
    assert_int_equal(toc_out_open(&ctx, rejects_path, true, &rejects), TOC_OK);
    assert_int_equal(toc_out_open(&ctx, out_path, true, &out), TOC_OK);
    assert_int_equal(toc_out_open(&ctx, report_path, true, &report), TOC_OK);
    toc_status st = stream ? ing_read_csv(&ctx, (const char *const[]){ path }, 1, &options, &csv, &s) : ing_read(&ctx, (const char *const[]){ path }, 1, &options, &shop, &s);
    if (!st) st = stream ? ing_csv_write(&ctx, csv, &out) : shop_write_csv(&ctx, &shop, SHOP_ORDERS, &out);
    if (st) fail_msg("seed %llu: %s", (unsigned long long)seed, ctx.message);
    assert_int_equal(toc_out_close(&ctx, &out), TOC_OK);
    assert_int_equal(toc_out_close(&ctx, &rejects), TOC_OK);
    assert_int_equal(toc_out_close(&ctx, &report), TOC_OK);
    assert_int_equal(toc_buf_printf(&ctx, &text, "%zu %zu %zu %zu %zu %zu %zu %zu %zu %zu %zu %s %zu %s\n", s.rows, s.accepted, s.duplicate, s.rejected, s.damaged, s.returns,
                                    s.repeats, s.states, s.n_missing, s.n_currencies, s.n_currencies ? s.currencies[0].rows : 0, s.hash, s.outliers, s.outlier_text ? s.outlier_text : ""), TOC_OK);
    for (size_t k = 0; k < TOC_COUNT(paths); k++) {
        assert_int_equal(toc_read_file(&ctx, paths[k], &part), TOC_OK);
        assert_int_equal(toc_buf_add(&ctx, &text, part.p, part.n), TOC_OK);
        toc_buf_release(&part);
    }
    ing_csv_free(csv);
    shop_release(&shop);
    toc_ctx_release(&ctx);
    return text;
}

static void test_same(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= 6; seed++) {
        toc_ctx ctx;
        bool drop = seed % 2, ids = seed % 3 == 0;

        toc_ctx_init(&ctx);
        make_file(&ctx, seed, seed < 3 ? 500 : 45000, ids); /* one batch, or several */
        toc_buf whole = read_it(seed, false, drop, 1);
        for (size_t threads = 1; threads <= 3; threads++) {
            toc_buf streamed = read_it(seed, true, drop, threads);
            if (streamed.n != whole.n || memcmp(streamed.p, whole.p, whole.n) != 0) {
                size_t at = 0;
                while (at < TOC_MIN(streamed.n, whole.n) && streamed.p[at] == whole.p[at]) at++;
                size_t from = at < 200 ? 0 : at - 200;
                fail_msg("seed %llu, %zu threads: from byte %zu\nwhole:\n%.400s\nstreamed:\n%.400s", (unsigned long long)seed, threads, at,
                         whole.p + from, streamed.p + from);
            }
            toc_buf_release(&streamed);
        }
        toc_buf_release(&whole);
        toc_ctx_release(&ctx);
    }
    unlink(path);
    unlink(out_path);
    unlink(rejects_path);
    unlink(report_path);
}

int main(void)
{
    path = scratch_path("in.csv");
    rejects_path = scratch_path("rejects.csv");
    report_path = scratch_path("report.csv");
    out_path = scratch_path("out.csv");
    const struct CMUnitTest tests[] = { cmocka_unit_test(test_same) };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
