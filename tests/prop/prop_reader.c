/* parse(write(t)) = t for random tables, whatever the dialect and the size of batches; and rows of raw bytes come back byte for byte. */
#include "reader/reader.h"
#include "../scratch.h"

#include <iconv.h>
#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>
#include <unistd.h>

static const char *path;

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
        const rd_options options = { .dialect = { .delimiter = ',', .quote = '"', .header = RD_HAS_HEADER, .skip_given = true, .trailer_given = true }, .batch_bytes = seed % 4 ? 1 + toc_rng_below(&rng, 50) : 0 };

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

/* ---- every dialect ---- */

typedef struct {
    char delimiter;
    const char *line_end, *encoding; /* NULL = UTF-8 */
    bool quote_all, final_end;
} dialect;

static void write_field(toc_ctx *ctx, const dialect *d, toc_str text, bool alone, toc_buf *out)
{
    bool quoted = d->quote_all || (alone && !text.n);

    for (size_t i = 0; i < text.n; i++) quoted |= text.p[i] == d->delimiter || text.p[i] == '"' || text.p[i] == '\n' || text.p[i] == '\r';
    if (quoted) assert_int_equal(toc_buf_char(ctx, out, '"'), TOC_OK);
    for (size_t i = 0; i < text.n; i++) {
        if (text.p[i] == '"') assert_int_equal(toc_buf_char(ctx, out, '"'), TOC_OK);
        assert_int_equal(toc_buf_char(ctx, out, text.p[i]), TOC_OK);
    }
    if (quoted) assert_int_equal(toc_buf_char(ctx, out, '"'), TOC_OK);
}

/* The table in a dialect, by RFC 4180 but for delimiter and line ends. */
static void write_dialect(toc_ctx *ctx, const dialect *d, const tab_table *table, toc_buf *out)
{
    char buf[40];

    for (size_t i = 0; i <= table->n_rows; i++) {
        for (size_t j = 0; j < table->n_cols; j++) {
            if (j) assert_int_equal(toc_buf_char(ctx, out, d->delimiter), TOC_OK);
            toc_str text = i ? tab_cell(&table->columns[j], i - 1, buf) : toc_str_of(table->columns[j].name);
            write_field(ctx, d, text, table->n_cols == 1, out);
        }
        if (i < table->n_rows || d->final_end) assert_int_equal(toc_buf_str(ctx, out, d->line_end), TOC_OK);
    }
    if (!d->encoding) return;
    size_t cap = out->n * 4 + 16, left = out->n, room = cap;
    char *converted = NULL, *in = out->p, *to;
    assert_int_equal(toc_alloc(ctx, cap, 1, &converted), TOC_OK);
    to = converted;
    iconv_t cd = iconv_open(d->encoding, "UTF-8");
    assert_true(cd != (iconv_t)-1);
    assert_int_equal(iconv(cd, &in, &left, &to, &room), 0);
    iconv_close(cd);
    toc_buf_reset(out);
    assert_int_equal(toc_buf_add(ctx, out, converted, cap - room), TOC_OK);
    toc_free(converted);
}

/* Reads the text back in batches of every size. */
static void read_back(const tab_table *table, const dialect *d, const toc_buf *text, uint64_t seed)
{
    static const size_t sizes[] = { 0, 1, 2, 3, 5, 17, 64, 300 };

    for (size_t s = 0; s < TOC_COUNT(sizes); s++) {
        const rd_options options = { .dialect = { .delimiter = d->delimiter, .quote = '"', .header = RD_HAS_HEADER, .skip_given = true, .trailer_given = true,
                                                   .encoding = d->encoding }, .batch_bytes = sizes[s] };
        rd_reader *reader = NULL;
        tab_table back;
        toc_ctx ctx;
        toc_ctx_init(&ctx);
        ctx.n_threads = 1 + (seed + s) % 3;
        if (rd_open_bytes(&ctx, "bytes", (toc_str){ text->p, text->n }, &options, &reader) || rd_take_table(&ctx, reader, &options, &back))
            fail_msg("seed %llu, delimiter %d, %s, line end %d, batches of %zu: %s", (unsigned long long)seed, d->delimiter,
                     d->encoding ? d->encoding : "UTF-8", d->line_end[0], sizes[s], ctx.message);
        compare(table, &back, seed);
        rd_close(reader);
        tab_release(&back);
        toc_ctx_release(&ctx);
    }
}

static void test_dialects(void **state)
{
    static const char delimiters[] = { ',', '\t', ';', '|', ':', '\x1f' };
    static const char *const line_ends[] = { "\n", "\r\n", "\r" }, *const encodings[] = { NULL, NULL, "UTF-16LE", "UTF-16BE", "GB18030" };
    (void)state;

    for (uint64_t seed = 1; seed <= 60; seed++) {
        toc_ctx ctx;
        toc_rng rng = toc_rng_new(seed, 2);
        tab_table table;
        toc_buf text = {0};

        toc_ctx_init(&ctx);
        random_table(&ctx, &rng, &table);
        for (size_t k = 0; k < TOC_COUNT(delimiters); k++) {
            const dialect d = { delimiters[k], line_ends[toc_rng_below(&rng, 3)], encodings[toc_rng_below(&rng, 5)], toc_rng_below(&rng, 2),
                                toc_rng_below(&rng, 2) };
            toc_buf_reset(&text);
            write_dialect(&ctx, &d, &table, &text);
            read_back(&table, &d, &text, seed);
        }
        toc_buf_release(&text);
        tab_release(&table);
        toc_ctx_release(&ctx);
    }
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
        const rd_options options = { .dialect = { .delimiter = ',', .quote = '"', .header = RD_HAS_HEADER, .skip_given = true, .trailer_given = true }, .batch_bytes = 1 + toc_rng_below(&rng, 80) };
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
    const struct CMUnitTest tests[] = { cmocka_unit_test(test_round_trip), cmocka_unit_test(test_dialects), cmocka_unit_test(test_nothing_lost) };
    path = scratch_path("reader.csv");
    return cmocka_run_group_tests(tests, NULL, NULL);
}
