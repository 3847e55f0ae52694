/* prop_large.c: what the small files of tests/corpus cannot show: many columns, long fields and records, and what turns up only after the first MiB,
 * for any size of batches and number of threads. */
#include "reader/reader.h"

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

static const struct {
    size_t batch_bytes, n_threads;
} ways[] = { { 0, 1 }, { 0, 2 }, { 1000, 1 }, { 4096, 3 }, { 65536, 2 } };

/* Counts of what was read, and the text of one cell that the case looks at. */
typedef struct {
    size_t records, faults, n_header;
    rd_fault fault;     /* of the last faulty record */
    size_t fault_line;
    char encoding[32];
} outcome;

typedef void check_record(size_t way, size_t i, const rd_batch *batch, const rd_record *record);

static outcome read_bytes(size_t way, const toc_buf *text, check_record *check)
{
    toc_ctx ctx;
    rd_reader *reader = NULL;
    rd_batch batch = {0};
    const rd_options options = { .batch_bytes = ways[way].batch_bytes };
    outcome o = {0};

    toc_ctx_init(&ctx);
    ctx.n_threads = ways[way].n_threads;
    toc_status st = rd_open_bytes(&ctx, "bytes", (toc_str){ text->p, text->n }, &options, &reader);
    if (!st) rd_header(reader, &o.n_header);
    while (!st && !(st = rd_next(&ctx, reader, &batch)) && batch.n)
        for (size_t i = 0; i < batch.n; i++) {
            const rd_record *r = &batch.records[i];
            if (check) check(way, o.records, &batch, r);
            o.records++;
            if (!r->fault) continue;
            o.faults++;
            o.fault = r->fault;
            o.fault_line = rd_line(&batch, r);
        }
    if (st) fail_msg("way %zu: %s", way, ctx.message);
    snprintf(o.encoding, sizeof o.encoding, "%s", rd_encoding(reader));
    rd_close(reader);
    rd_batch_release(&batch);
    toc_ctx_release(&ctx);
    return o;
}

static void add(toc_buf *text, const char *piece)
{
    toc_ctx ctx;

    toc_ctx_init(&ctx);
    assert_int_equal(toc_buf_str(&ctx, text, piece), TOC_OK);
}

static void add_times(toc_buf *text, size_t n, const char *piece)
{
    for (size_t i = 0; i < n; i++) add(text, piece);
}

/* Rows of ASCII until the text is n bytes long, to the byte. */
static void add_ascii_until(toc_buf *text, size_t n)
{
    while (text->n + 40 < n) add(text, "1,plain ascii of no account\n");
    while (text->n + 5 < n) add(text, text->n % 2 ? "1,2\n" : "1,2,\n");
    add(text, "2,");
    while (text->n < n) add(text, "x");
}

#define COLUMNS 10000

static void check_wide(size_t way, size_t i, const rd_batch *batch, const rd_record *r)
{
    char want[32];

    assert_int_equal(r->n, COLUMNS);
    for (size_t j = 0; j < COLUMNS; j++) {
        snprintf(want, sizeof want, i ? "%zu,%zu" : "%zu", j, i);
        if (!toc_str_is(rd_field(batch, r, j), j % 10 ? want : "")) fail_msg("way %zu: column %zu of record %zu", way, j, i);
    }
}

/* 10,000 columns, every tenth empty, plain and quoted. */
static void test_columns(void **state)
{
    toc_buf text = {0};
    char cell[64];
    (void)state;

    for (size_t row = 0; row < 4; row++)
        for (size_t j = 0; j < COLUMNS; j++) {
            if (!row) snprintf(cell, sizeof cell, "column %zu", j);
            else snprintf(cell, sizeof cell, row > 1 ? "\"%zu,%zu\"" : "%zu", j, row - 1);
            if (j % 10 || !row) add(&text, cell);
            add(&text, j + 1 < COLUMNS ? "," : "\n");
        }
    for (size_t way = 0; way < TOC_COUNT(ways); way++) {
        outcome o = read_bytes(way, &text, check_wide);
        assert_int_equal(o.n_header, COLUMNS);
        assert_int_equal(o.records, 3);
        assert_int_equal(o.faults, 0);
    }
    toc_buf_release(&text);
}

#define LIMIT ((size_t)1 << 20) /* of a field, unless told otherwise */

static void check_long(size_t way, size_t i, const rd_batch *batch, const rd_record *r)
{
    toc_str field = rd_field(batch, r, 1);
    (void)way;

    if (i == 0 || i == 2) assert_int_equal(field.n, LIMIT);
    else if (i == 4) assert_true(toc_str_is(field, "end"));
    else assert_int_equal(r->fault, RD_TOO_LONG);
}

/* Fields of a MiB, bare and quoted, just at the limit and a byte above it. */
static void test_fields(void **state)
{
    toc_buf text = {0};
    (void)state;

    add(&text, "a,b\n1,");
    add_times(&text, LIMIT / 16, "sixteen bytes it");
    add(&text, "\n2,");
    add_times(&text, LIMIT / 16, "sixteen bytes it");
    add(&text, "x\n3,\"");
    add_times(&text, LIMIT / 16, "sixteen \n, \"\"its ");
    add(&text, "\"\n4,\"");
    add_times(&text, LIMIT / 16, "sixteen \n, \"\"its ");
    add(&text, "x\"\n5,end\n");
    for (size_t way = 0; way < TOC_COUNT(ways); way++) {
        outcome o = read_bytes(way, &text, check_long);
        assert_int_equal(o.records, 5);
        assert_int_equal(o.faults, 2);
        assert_int_equal(o.fault_line, 2 + 1 + 1 + LIMIT / 16 + 1);
    }
    toc_buf_release(&text);
}

/* A quote that is opened before many records is one fault, and costs none of them; the text says where it was opened. */
static void test_unclosed(void **state)
{
    toc_buf text = {0};
    (void)state;

    add(&text, "a,b\n1,\"open\n");
    add_times(&text, 100000, "2,some words and some more\n");
    for (size_t way = 0; way < TOC_COUNT(ways); way++) {
        outcome o = read_bytes(way, &text, NULL);
        assert_int_equal(o.records, 100001);
        assert_int_equal(o.faults, 1);
        assert_int_equal(o.fault, RD_UNCLOSED);
        assert_int_equal(o.fault_line, 2);
    }
    toc_buf_release(&text);
}

/* A NUL byte beyond what is looked at when the file is opened. */
static void test_late_nul(void **state)
{
    toc_buf text = {0};
    (void)state;

    add(&text, "a,b\n");
    add_times(&text, 5000, "1,plain ascii of no account\n");
    add(&text, "1,?\n2,x\n");
    text.p[text.n - 6] = '\0';
    for (size_t way = 0; way < TOC_COUNT(ways); way++) {
        outcome o = read_bytes(way, &text, NULL);
        assert_int_equal(o.records, 5002);
        assert_int_equal(o.faults, 1);
        assert_int_equal(o.fault, RD_BINARY);
        assert_int_equal(o.fault_line, 5002);
    }
    toc_buf_release(&text);
}

/* The first bytes that are not ASCII come after the first MiB, and the end of a block cuts a character. */
static void test_late_utf8(void **state)
{
    (void)state;
    for (size_t cut = 0; cut < 4; cut++) {
        toc_buf text = {0};
        add(&text, "a,b\n");
        add_ascii_until(&text, 2 * LIMIT - 30 - cut);
        add_times(&text, 20, "订单");
        add(&text, "\n3,end\n");
        for (size_t way = 0; way < TOC_COUNT(ways); way++) {
            outcome o = read_bytes(way, &text, NULL);
            assert_string_equal(o.encoding, "UTF-8");
            assert_int_equal(o.faults, 0);
        }
        toc_buf_release(&text);
    }
}

static void check_gbk(size_t way, size_t i, const rd_batch *batch, const rd_record *r)
{
    toc_str field = rd_field(batch, r, 1);
    (void)i;
    if ((unsigned char)field.p[0] >= 0x80 && !toc_str_is(field, "订单东西")) fail_msg("way %zu: \"%.*s\"", way, (int)field.n, field.p);
}

/* The same in GBK: wherever in a block it begins, also in a last line that goes to the next piece. */
static void test_late_gbk(void **state)
{
    static const size_t before[] = { 2, 5, 12, 14, 16, 29, 100, 3000 };
    (void)state;

    for (size_t k = 0; k < TOC_COUNT(before); k++) {
        toc_buf text = {0};
        add(&text, "a,b\n");
        add_ascii_until(&text, 2 * LIMIT - before[k]);
        add_times(&text, 3000, "\n3,\266\251\265\245\266\253\316\367");
        for (size_t way = 0; way < TOC_COUNT(ways); way++) {
            outcome o = read_bytes(way, &text, check_gbk);
            assert_string_equal(o.encoding, "GB18030");
            assert_int_equal(o.faults, 0);
        }
        toc_buf_release(&text);
    }
}

/* What few bytes at the end of a block look like does not decide: all ways of reading see the same bytes. */
static void test_late_western(void **state)
{
    static const size_t before[] = { 2, 5, 12, 29, 100 };
    (void)state;

    for (size_t k = 0; k < TOC_COUNT(before); k++) {
        toc_buf text = {0};
        add(&text, "a,b\n");
        add_ascii_until(&text, 2 * LIMIT - before[k]);
        add(&text, "\n3,\351\350\n"); /* two letters, or one Chinese character */
        add_times(&text, 3000, "4,caf\351 cr\350me\n");
        for (size_t way = 0; way < TOC_COUNT(ways); way++) {
            outcome o = read_bytes(way, &text, NULL);
            assert_string_equal(o.encoding, "Windows-1252");
            assert_int_equal(o.faults, 0);
        }
        toc_buf_release(&text);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_columns),  cmocka_unit_test(test_fields),    cmocka_unit_test(test_unclosed),
        cmocka_unit_test(test_late_nul), cmocka_unit_test(test_late_utf8), cmocka_unit_test(test_late_gbk),
        cmocka_unit_test(test_late_western),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
