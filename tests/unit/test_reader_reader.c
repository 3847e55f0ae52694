/* Reading CSV of every kind: dialects, encodings, compression, and what is wrong with bad files. */
#include "reader/reader.h"
#include "../scratch.h"

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>
#include <unistd.h>
#include <zlib.h>
#include <zstd.h>

static const char *path;

static void put(const char *bytes, size_t n)
{
    FILE *f = fopen(path, "wb");
    assert_non_null(f);
    assert_int_equal(fwrite(bytes, 1, n, f), n);
    assert_int_equal(fclose(f), 0);
}

/* Reads `bytes` as a table and shows it as CSV text in `shown`; the status comes back. */
static toc_status read_bytes(toc_ctx *ctx, const char *bytes, size_t n, char *shown, size_t cap)
{
    tab_table table = {0};
    char buf[40];
    size_t at = 0;

    put(bytes, n);
    toc_ctx_init(ctx);
    toc_status st = rd_read_table(ctx, path, NULL, &table);
    for (size_t i = 0; !st && i <= table.n_rows; i++) {
        for (size_t j = 0; j < table.n_cols; j++) {
            toc_str cell = i ? tab_cell(&table.columns[j], i - 1, buf) : toc_str_of(table.columns[j].name);
            at += (size_t)snprintf(shown + at, cap - at, "%s[%.*s]", j ? "" : i ? "|" : "", (int)cell.n, cell.p);
        }
    }
    tab_release(&table);
    unlink(path);
    toc_ctx_release(ctx);
    return st;
}

static void good(const char *bytes, size_t n, const char *want)
{
    toc_ctx ctx;
    char shown[1024] = "";
    toc_status st = read_bytes(&ctx, bytes, n, shown, sizeof shown);
    if (st) fail_msg("%s", ctx.message);
    assert_string_equal(shown, want);
}

static void bad(const char *bytes, size_t n, const char *message)
{
    toc_ctx ctx;
    char shown[1024] = "";
    assert_int_equal(read_bytes(&ctx, bytes, n, shown, sizeof shown), TOC_E_DATA);
    if (!strstr(ctx.message, message)) fail_msg("message is: %s", ctx.message);
}

#define GOOD(text, want) good(text, sizeof(text) - 1, want)
#define BAD(text, message) bad(text, sizeof(text) - 1, message)

static void test_dialects(void **state)
{
    (void)state;
    GOOD("a,b\n1,2\n", "[a][b]|[1][2]");
    GOOD("a,b\r\n1,2\r\n3,4", "[a][b]|[1][2]|[3][4]");
    GOOD("a,b\r1,2\r3,4\r", "[a][b]|[1][2]|[3][4]");
    GOOD("a;b\n1,5;2,5\n3;4\n", "[a][b]|[1,5][2,5]|[3][4]");
    GOOD("a|b\n1|2\n", "[a][b]|[1][2]");
    GOOD("a\tb\n5\" pipe\t\"x\n", "[a][b]|[5\" pipe][\"x]");
    GOOD("a\tb\n\"x\ty\"\t2\n", "[a][b]|[x\ty][2]");
    GOOD("a,b\n\"x\"\"y\",\"l1\nl2\"\n", "[a][b]|[x\"y][l1\nl2]");
    GOOD("a,b\n 1 ,5\" x\n", "[a][b]|[ 1 ][5\" x]");
    GOOD("\n\n a ,b \n\n1,\n\n", "[a][b]|[1][]");
    GOOD("a,a,,a\n1,2,3,4\n", "[a][a_2][column_3][a_3]|[1][2][3][4]");
    GOOD("a,b\n1,2,,\n", "[a][b]|[1][2]");
    GOOD("one\nx\n\"\"\n", "[one]|[x]|[]");
}

static void test_encodings(void **state)
{
    (void)state;
    GOOD("\357\273\277a,b\n\345\245\275,2\n", "[a][b]|[\345\245\275][2]");
    GOOD("\377\376a\0,\0b\0\n\0\x7d\x59,\0002\0\n\0", "[a][b]|[\345\245\275][2]");
    GOOD("\376\377\0a\0,\0b\0\n\x59\x7d\0,\0002\0\n", "[a][b]|[\345\245\275][2]");
    GOOD("a,b\n\272\303\266\253\316\367,2\n", "[a][b]|[\345\245\275\344\270\234\350\245\277][2]"); /* GBK */
    GOOD("a,b\ncaf\351,d\351j\340 vu\n", "[a][b]|[caf\303\251][d\303\251j\303\240 vu]");         /* Windows-1252 */
    GOOD("a,b\n\200\0615,x\n", "[a][b]|[\342\202\25415][x]");
}

static void test_faults(void **state)
{
    (void)state;
    BAD("", "empty file");
    BAD("\n\n", "empty file");
    BAD("a,b\n", "a header but no rows");
    BAD("a,b\n1,\"x\n2,y\n", ":2: the quote opened on line 2 is never closed");
    BAD("a,b\n1,\"x\n2,\"y\"\n", ":2: the quote opened on line 2 is never closed");
    BAD("a,b\n1,\"x\"y\n", ":2: text follows the closing quote");
    BAD("a,b,c,d\n1,2\r3,4\n", ":2: a carriage return outside quotes");
    BAD("a,b\n1,2\r3,4", ":2: a carriage return outside quotes");
    BAD("a,b\n1,2\r\"3,4\n", ":2: a carriage return outside quotes");
    BAD("a,b\n1\n", ":2: 1 fields where the header has 2");
    BAD("a,b\n1,2,3\n", ":2: 3 fields where the header has 2");
    BAD("PK\003\004xxxxxxxxxxxx", "Excel workbook or a zip archive");
    BAD("a,b\n1,\0\0\n", "binary");
    char tar[1024] = "a.csv";
    memcpy(tar + 257, "ustar", 5);
    bad(tar, sizeof tar, "tar archive");
}

static void test_compressed(void **state)
{
    static const char text[] = "a,b\n1,2\n3,4\n";
    char packed[256];
    size_t n;

    (void)state;
    n = ZSTD_compress(packed, sizeof packed, text, sizeof text - 1, 3);
    good(packed, n, "[a][b]|[1][2]|[3][4]");
    bad(packed, n - 3, "zstd file is cut off");
    size_t more = ZSTD_compress(packed + n, sizeof packed - n, "5,6\n", 4, 3); /* a second frame */
    good(packed, n + more, "[a][b]|[1][2]|[3][4]|[5][6]");
    bad(packed, n + more - 3, "zstd file is cut off");
    bad(packed, n + 2, "zstd file is cut off");
    memcpy(packed + n, "junk", 4);
    bad(packed, n + 4, "zstd file is damaged");

    z_stream z = { .next_in = (Bytef *)(uintptr_t)text, .avail_in = sizeof text - 1, .next_out = (Bytef *)packed, .avail_out = sizeof packed };
    assert_int_equal(deflateInit2(&z, 6, Z_DEFLATED, 31, 8, Z_DEFAULT_STRATEGY), Z_OK);
    assert_int_equal(deflate(&z, Z_FINISH), Z_STREAM_END);
    n = z.total_out;
    deflateEnd(&z);
    good(packed, n, "[a][b]|[1][2]|[3][4]");
    bad(packed, n - 9, "gzip file is cut off");
    memcpy(packed + n, packed, n); /* a second member */
    good(packed, 2 * n, "[a][b]|[1][2]|[3][4]|[a][b]|[1][2]|[3][4]");
    bad(packed, 2 * n - 9, "gzip file is cut off");
    bad(packed, n + 5, "gzip file is cut off");
    packed[n - 6] = (char)(packed[n - 6] ^ 0x55);
    bad(packed, n, "gzip file is damaged");
}

/* A damaged record costs its first line only; everything else comes back with its place. */
static void test_places(void **state)
{
    static const char text[] = "a,b\n1,2\n3,\"x\ny\"\n4,\"open\n5,6\n7,8,9\n10,11\n";
    static const struct {
        size_t line;
        uint64_t offset;
        rd_fault fault;
        const char *first, *raw;
    } want[] = {
        { 2, 4, RD_FINE, "1", "1,2" },          { 3, 8, RD_FINE, "3", "3,\"x\ny\"" }, { 5, 16, RD_UNCLOSED, "", "4,\"open" },
        { 6, 24, RD_FINE, "5", "5,6" },         { 7, 28, RD_COLUMNS, "7", "7,8,9" }, { 8, 34, RD_FINE, "10", "10,11" },
    };
    toc_ctx ctx;
    rd_reader *reader = NULL;
    rd_batch batch = {0};

    (void)state;
    toc_ctx_init(&ctx);
    put(text, sizeof text - 1);
    assert_int_equal(rd_open(&ctx, path, NULL, &reader), TOC_OK);
    assert_int_equal(rd_next(&ctx, reader, &batch), TOC_OK);
    assert_int_equal(batch.n, TOC_COUNT(want));
    for (size_t i = 0; i < batch.n; i++) {
        const rd_record *r = &batch.records[i];
        assert_int_equal(rd_line(&batch, r), want[i].line);
        assert_int_equal(rd_offset(&batch, r), want[i].offset);
        assert_int_equal(r->fault, want[i].fault);
        assert_true(toc_str_is(rd_field(&batch, r, 0), want[i].first));
        assert_true(toc_str_is(rd_raw(&batch, r), want[i].raw));
    }
    assert_int_equal(rd_next(&ctx, reader, &batch), TOC_OK);
    assert_int_equal(batch.n, 0);
    rd_close(reader);
    rd_batch_release(&batch);
    unlink(path);
    toc_ctx_release(&ctx);
}

/* Fields and files larger than a block. */
static void test_long(void **state)
{
    size_t n = (size_t)3 << 20;
    toc_buf text = {0};
    toc_ctx ctx;
    rd_reader *reader = NULL;
    rd_batch batch = {0};
    size_t records = 0, faults = 0, quoted = 0;

    (void)state;
    toc_ctx_init(&ctx);
    assert_int_equal(toc_buf_str(&ctx, &text, "a,b\n1,"), TOC_OK);
    for (size_t i = 0; i < n; i++) assert_int_equal(toc_buf_char(&ctx, &text, 'x'), TOC_OK);
    for (size_t i = 0; i < 200000; i++) assert_int_equal(toc_buf_printf(&ctx, &text, "\n%zu,\"l\n%zu\"", i, i), TOC_OK);
    put(text.p, text.n);
    assert_int_equal(rd_open(&ctx, path, NULL, &reader), TOC_OK);
    for (;;) {
        assert_int_equal(rd_next(&ctx, reader, &batch), TOC_OK);
        if (!batch.n) break;
        for (size_t i = 0; i < batch.n; i++) {
            const rd_record *r = &batch.records[i];
            faults += r->fault != RD_FINE;
            assert_true(r->fault == RD_FINE || r->fault == RD_TOO_LONG);
            quoted += !r->fault && rd_field(&batch, r, 1).p[0] == 'l';
            assert_int_equal(memcmp(text.p + rd_offset(&batch, r), rd_raw(&batch, r).p, r->n_bytes), 0);
        }
        records += batch.n;
    }
    assert_int_equal(records, 200001);
    assert_int_equal(faults, 1);
    assert_int_equal(quoted, 200000);
    rd_close(reader);
    rd_batch_release(&batch);
    toc_buf_release(&text);
    unlink(path);
    toc_ctx_release(&ctx);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_dialects), cmocka_unit_test(test_encodings), cmocka_unit_test(test_faults),
        cmocka_unit_test(test_compressed), cmocka_unit_test(test_places), cmocka_unit_test(test_long),
    };
    path = scratch_path("reader.csv");
    return cmocka_run_group_tests(tests, NULL, NULL);
}
