/* Features of customers shard by shard are the bytes that the whole shop gives, with the same counts, refusals and failures: with repeats and later states over
 * batch borders, returns, damaged records, lines without a customer, orders of two customers, two currencies, at a moment given or found, on any number of
 * threads. */
#include "features/features.h"
#include "../scratch.h"

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>
#include <unistd.h>

static const char *path, *rejects_path, *out_path;

/* What a file holds. */
typedef struct {
    uint64_t seed;
    size_t n;
    bool ids, states, shared, two_currencies, some_currency, dated, mark_as_of;
} kind_of;

static kind_of kind_for(uint64_t seed)
{
    return (kind_of){ .seed = seed, .n = seed % 4 ? 700 : 30000, .ids = seed % 3 == 0, .states = seed % 6 == 0, .shared = seed % 5 == 0,
                      .two_currencies = seed % 11 == 0, .some_currency = seed % 13 == 0, .dated = seed % 7 == 0, .mark_as_of = seed % 2 };
}

/* One order line, often one that was there before, sometimes with a change. */
static void write_line(toc_out *out, toc_rng *rng, size_t i, const kind_of *k)
{
    char time[40], line[24] = "", customer[24] = "", status_at[40] = "";
    size_t order = toc_rng_below(rng, 4) ? i / 2 : toc_rng_below(rng, 1 + i / 2), product = order % 7 + toc_rng_below(rng, 2);
    bool odd = toc_rng_below(rng, 300) == 0, again = k->states && toc_rng_below(rng, 20) == 0;
    int64_t at = 1700000000 * TOC_SECOND + (int64_t)(order % 4000) * TOC_HOUR / 4;

    if (k->ids) snprintf(line, sizeof line, "%zu", k->states ? product : i);
    if (order % 11) snprintf(customer, sizeof customer, "c%zu", (order + (k->shared && toc_rng_below(rng, 50) == 0)) % 97);
    toc_format_time(at, time);
    if (k->dated) time[10] = 0;
    if (toc_rng_below(rng, 3) == 0) toc_format_time(at + TOC_DAY, status_at);
    const char *currency = k->some_currency && order % 3 ? "" : k->two_currencies && order % 50 == 0 ? "JPY" : "EUR";
    toc_out_printf(out, "O%zu,%s,%s%s%s,M%zu,P%zu,%s,%s,%zu%s,%s,%s,%s,%s,%s,\"Street, %zu\"\n", order, line, odd ? "\"" : "", customer, odd ? "\"" : "", order % 3, product,
                   order % 2 ? "shoes" : "", odd && order % 3 == 0 ? "many" : toc_rng_below(rng, 30) ? "2" : "-1", order % 90, *currency == 'J' ? "" : ".25",
                   currency, time, again ? "delivered" : toc_rng_below(rng, 30) ? "paid" : "cancelled", status_at, order % 17 ? "" : "SALE", order);
    if (odd && order % 5 == 0) toc_out_str(out, "O1,\"never closed\n");
}

static void make_file(const kind_of *k)
{
    toc_rng rng = toc_rng_new(k->seed, 0);
    toc_ctx ctx;
    toc_out out;

    toc_ctx_init(&ctx);
    assert_int_equal(toc_out_open(&ctx, path, false, &out), TOC_OK);
    toc_out_str(&out, "order_id,line_id,customer_id,merchant_id,product_id,category,quantity,unit_price,currency,ordered_at,status,status_at,coupon,address\n");
    for (size_t i = 0; i < k->n; i++) write_line(&out, &rng, i, k);
    assert_int_equal(toc_out_close(&ctx, &out), TOC_OK);
    toc_ctx_release(&ctx);
}

static toc_status of_whole(toc_ctx *ctx, const ing_options *options, int64_t as_of, shop_data *shop, shop_data *view, ing_summary *s, uint64_t *dropped,
                           tab_table *table)
{
    TOC_TRY(ing_read(ctx, (const char *const[]){ path }, 1, options, shop, s));
    if (s->states) TOC_TRY(shop_keep_newest(ctx, shop));
    TOC_TRY(shop_sort(ctx, shop));
    TOC_TRY(shop_join_spellings(ctx, shop));
    if (as_of == TOC_NO_TIME) TOC_TRY(shop_default_as_of(ctx, shop, &as_of));
    TOC_TRY(shop_as_of(ctx, shop, as_of, view, dropped));
    TOC_TRY(fea_customers(ctx, view, as_of, table));
    return fea_add_basics(ctx, view, (const fea_basic[]){ FEA_FIRST_AT }, 1, table);
}

static toc_status of_shards(toc_ctx *ctx, const ing_options *options, int64_t as_of, shop_data *shop, ing_summary *s, uint64_t *dropped, tab_table *table)
{
    ing_shards *shards = NULL;

    TOC_TRY(ing_read_shards(ctx, path, options, fea_customer_needs(), &shards, shop, s));
    assert_non_null(shards);
    toc_status st = fea_customers_shards(ctx, shards, as_of, (const fea_basic[]){ FEA_FIRST_AT }, 1, dropped, table);
    ing_shards_free(shards);
    return st;
}

/* Everything that came of it, as one text. */
static toc_buf compute(const kind_of *k, bool sharded, size_t threads)
{
    toc_ctx ctx;
    toc_out out, rejects;
    toc_buf text = {0}, part = {0};
    shop_data shop = {0}, view = {0};
    tab_table table = {0};
    ing_summary s = {0};
    uint64_t dropped = 0;
    ing_options options = { .kind = "orders", .rejects = &rejects };
    const int64_t as_of = k->mark_as_of ? 1700000000 * TOC_SECOND + 30 * TOC_DAY : TOC_NO_TIME;
    const char *const paths[] = { out_path, rejects_path };

    toc_ctx_init(&ctx);
    ctx.n_threads = threads;
    assert_int_equal(shop_init(&ctx, &shop), TOC_OK);
    assert_int_equal(toc_out_open(&ctx, rejects_path, true, &rejects), TOC_OK);
    assert_int_equal(toc_out_open(&ctx, out_path, true, &out), TOC_OK);
    toc_status st = sharded ? of_shards(&ctx, &options, as_of, &shop, &s, &dropped, &table) : of_whole(&ctx, &options, as_of, &shop, &view, &s, &dropped, &table);
    if (!st) st = tab_write_csv(&ctx, &table, &out);
    assert_int_equal(toc_buf_printf(&ctx, &text, "%d %s\n%llx %zu %zu %zu %zu %zu %zu %zu %zu %zu %zu\n", (int)st, ctx.message, (unsigned long long)(st ? 0 : dropped), s.rows,
                                    s.accepted, s.duplicate, s.rejected, s.damaged, s.returns, s.repeats, s.states, s.n_missing, s.n_currencies), TOC_OK);
    assert_int_equal(toc_out_close(&ctx, &out), TOC_OK);
    assert_int_equal(toc_out_close(&ctx, &rejects), TOC_OK);
    for (size_t i = 0; i < TOC_COUNT(paths); i++) {
        assert_int_equal(toc_read_file(&ctx, paths[i], &part), TOC_OK);
        assert_int_equal(toc_buf_add(&ctx, &text, part.p, part.n), TOC_OK);
        toc_buf_release(&part);
    }
    tab_release(&table);
    shop_release(&view);
    shop_release(&shop);
    toc_ctx_release(&ctx);
    return text;
}

static void test_same(void **state)
{
    static const size_t threads[] = { 1, 2, 7 };

    (void)state;
    for (uint64_t seed = 1; seed <= 30; seed++) {
        const kind_of k = kind_for(seed);
        make_file(&k);
        toc_buf whole = compute(&k, false, 1);
        for (size_t t = 0; t < TOC_COUNT(threads); t++) {
            toc_buf sharded = compute(&k, true, threads[t]);
            if (sharded.n != whole.n || memcmp(sharded.p, whole.p, whole.n) != 0) {
                size_t at = 0;
                while (at < TOC_MIN(sharded.n, whole.n) && sharded.p[at] == whole.p[at]) at++;
                size_t from = at < 200 ? 0 : at - 200;
                fail_msg("seed %llu, %zu threads: from byte %zu\nwhole:\n%.400s\nshards:\n%.400s", (unsigned long long)seed, threads[t], at, whole.p + from,
                         sharded.p + from);
            }
            toc_buf_release(&sharded);
        }
        toc_buf_release(&whole);
    }
    unlink(path);
    unlink(out_path);
    unlink(rejects_path);
}

int main(void)
{
    path = scratch_path("in.csv");
    rejects_path = scratch_path("rejects.csv");
    out_path = scratch_path("out.csv");
    const struct CMUnitTest tests[] = { cmocka_unit_test(test_same) };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
