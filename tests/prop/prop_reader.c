/* parse(write(t)) = t for random tables, whatever the size of batches; and rows of raw bytes come back byte for byte. */
#include "reader/reader.h"

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>
#include <unistd.h>

static const char *const path = "/tmp/tocsin-prop-reader.csv";

/* A text with whatever makes trouble. */
static void random_text(toc_ctx *ctx, toc_rng *rng, toc_buf *buf)
{
    static const char *const pieces[] = { "a", "B", "0", " ", "\t", ",", ";", "|", "\"", "\"\"", "\n", "\r\n",
                                          "\r", "'", "=", "é", "订", "\U0001F600", "<b>", "&", "\\" };
    size_t n = toc_rng_below(rng, 3) ? toc_rng_below(rng, 6) : toc_rng_below(rng, 60);

    toc_buf_reset(buf);
    assert_int_equal(toc_buf_add(ctx, buf, "", 0), TOC_OK);
    for (size_t i = 0; i < n; i++) assert_int_equal(toc_buf_str(ctx, buf, pieces[toc_rng_below(rng, TOC_COUNT(pieces))]), TOC_OK);
}

static void random_table(toc_ctx *ctx, toc_rng *rng, tab_table *table)
{
    toc_buf text = {0};
    size_t n_cols = 1 + toc_rng_below(rng, 5);
    char name[32];

    tab_init(table, 1 + toc_rng_below(rng, 40));
    for (size_t j = 0; j < n_cols; j++) {
        tab_column *column = NULL;
        snprintf(name, sizeof name, "c%zu", j);
        assert_int_equal(tab_add(ctx, table, name, TAB_TEXT, NULL, &column), TOC_OK);
        for (size_t i = 0; i < table->n_rows; i++) {
            random_text(ctx, rng, &text);
            assert_int_equal(toc_pool_intern(ctx, column->pool, (toc_str){ text.p, text.n }, &column->code[i]), TOC_OK);
        }
    }
    toc_buf_release(&text);
}

static void compare(const tab_table *a, const tab_table *b, uint64_t seed)
{
    char buf[40], other[40];

    if (a->n_rows != b->n_rows || a->n_cols != b->n_cols)
        fail_msg("seed %llu: %zu x %zu became %zu x %zu", (unsigned long long)seed, a->n_rows, a->n_cols, b->n_rows, b->n_cols);
    for (size_t j = 0; j < a->n_cols; j++)
        for (size_t i = 0; i < a->n_rows; i++)
            if (!toc_str_eq(tab_cell(&a->columns[j], i, buf), tab_cell(&b->columns[j], i, other)))
                fail_msg("seed %llu: row %zu of column %zu differs", (unsigned long long)seed, i, j);
}

static void test_round_trip(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= 400; seed++) {
        toc_ctx ctx;
        toc_rng rng = toc_rng_new(seed, 0);
        tab_table table, back;
        toc_out out;
        rd_reader *reader = NULL;
        const rd_options options = { .delimiter = ',', .batch_bytes = seed % 4 ? 1 + toc_rng_below(&rng, 50) : 0 };

        toc_ctx_init(&ctx);
        ctx.n_threads = 1 + seed % 3;
        random_table(&ctx, &rng, &table);
        assert_int_equal(toc_out_open(&ctx, path, false, &out), TOC_OK);
        assert_int_equal(tab_write_csv(&ctx, &table, &out), TOC_OK);
        assert_int_equal(toc_out_close(&ctx, &out), TOC_OK);
        if (rd_open(&ctx, path, &options, &reader) || rd_take_table(&ctx, reader, &options, &back))
            fail_msg("seed %llu: %s", (unsigned long long)seed, ctx.message);
        compare(&table, &back, seed);
        rd_close(reader);
        tab_release(&back);
        tab_release(&table);
        toc_ctx_release(&ctx);
    }
    unlink(path);
}

/* Damaged text: the raw bytes of all records, with the line ends between them, are the file. */
static void test_nothing_lost(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= 400; seed++) {
        toc_ctx ctx;
        toc_rng rng = toc_rng_new(seed, 1);
        toc_buf text = {0}, piece = {0};
        rd_reader *reader = NULL;
        rd_batch batch = {0};
        const rd_options options = { .delimiter = ',', .batch_bytes = 1 + toc_rng_below(&rng, 80) };
        size_t at = 4;

        toc_ctx_init(&ctx);
        ctx.n_threads = 1 + seed % 3;
        assert_int_equal(toc_buf_str(&ctx, &text, "a,b\n"), TOC_OK);
        for (size_t i = 0; i < 30; i++) {
            random_text(&ctx, &rng, &piece);
            assert_int_equal(toc_buf_add(&ctx, &text, piece.p, piece.n), TOC_OK);
        }
        if (rd_open_bytes(&ctx, "bytes", (toc_str){ text.p, text.n }, &options, &reader))
            fail_msg("seed %llu: %s", (unsigned long long)seed, ctx.message);
        for (;;) {
            assert_int_equal(rd_next(&ctx, reader, &batch), TOC_OK);
            if (!batch.n) break;
            for (size_t i = 0; i < batch.n; i++) {
                const rd_record *r = &batch.records[i];
                for (; at < rd_offset(&batch, r); at++)
                    if (text.p[at] != '\n' && text.p[at] != '\r') fail_msg("seed %llu: byte %zu is lost", (unsigned long long)seed, at);
                assert_memory_equal(text.p + at, rd_raw(&batch, r).p, r->n_bytes);
                at += r->n_bytes;
            }
        }
        for (; at < text.n; at++)
            if (text.p[at] != '\n' && text.p[at] != '\r') fail_msg("seed %llu: byte %zu is lost", (unsigned long long)seed, at);
        rd_close(reader);
        rd_batch_release(&batch);
        toc_buf_release(&text);
        toc_buf_release(&piece);
        toc_ctx_release(&ctx);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(test_round_trip), cmocka_unit_test(test_nothing_lost) };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
