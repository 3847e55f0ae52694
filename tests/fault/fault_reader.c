/* fault_reader.c: every allocation of reading a file fails once, whatever the file is: plain, compressed, in another encoding, faulty, in pieces on two
 * threads. The status is TOC_E_NOMEM, nothing leaks (under asan), and once all allocations succeed the rows are there. */
#include "reader/reader.h"
#include "../scratch.h"

#include <iconv.h>
#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>
#include <unistd.h>
#include <zlib.h>
#include <zstd.h>

typedef struct {
    const char *name, *encoding; /* the bytes' */
    enum { BARE, GZIP, ZSTD } packing;
    bool from_file, table, given; /* read as a table with rejects; the encoding is told to the reader */
    size_t batch_bytes, n_threads;
} way;

static const way ways[] = {
    { .name = "plain" },
    { .name = "plain file", .from_file = true },
    { .name = "small batches", .batch_bytes = 16 },
    { .name = "two threads", .batch_bytes = 64, .n_threads = 2 },
    { .name = "two threads, file", .batch_bytes = 64, .n_threads = 2, .from_file = true },
    { .name = "gzip", .packing = GZIP },
    { .name = "gzip file", .packing = GZIP, .from_file = true, .batch_bytes = 100 },
    { .name = "zstd", .packing = ZSTD },
    { .name = "zstd file", .packing = ZSTD, .from_file = true, .batch_bytes = 100 },
    { .name = "gbk", .encoding = "GBK", .batch_bytes = 100 },
    { .name = "gbk, gzip, two threads", .encoding = "GBK", .packing = GZIP, .batch_bytes = 64, .n_threads = 2 },
    { .name = "utf-16", .encoding = "UTF-16LE", .given = true, .batch_bytes = 100 },
    { .name = "big5", .encoding = "BIG5", .given = true, .batch_bytes = 100 },
    { .name = "table", .table = true, .batch_bytes = 100 },
    { .name = "table, utf-16", .encoding = "UTF-16BE", .given = true, .table = true },
};

static const char head[] = "id,name\n1,中文文字中文文字\n2,\"中,\n\"\"文\"\"\"\n3,x\"y\n\n";
static const char tail[] = "4,\"not closed\n5,a\rb\n6\n7,8,9\n10,\"x\"y\n11,end";
#define N_FAULTS 5
static const char *path;

/* The file of a way: head, 30 rows, tail. */
static size_t make_file(const way *w, char *bytes, size_t cap)
{
    char text[4096], converted[8192], *in = text, *to = converted;
    int n = snprintf(text, sizeof text, "%s", head);

    for (int i = 0; i < 30; i++) n += snprintf(text + n, sizeof text - (size_t)n, "%d,%s\n", 100 + i, i % 3 ? "plain" : "\"quoted, 文\"");
    n += snprintf(text + n, sizeof text - (size_t)n, "%s", tail);
    size_t left = (size_t)n, room = sizeof converted, size = 0;
    iconv_t cd = iconv_open(w->encoding ? w->encoding : "UTF-8", "UTF-8");
    assert_true(cd != (iconv_t)-1);
    assert_int_equal(iconv(cd, &in, &left, &to, &room), 0);
    iconv_close(cd);
    size = sizeof converted - room;
    if (w->packing == ZSTD) return ZSTD_compress(bytes, cap, converted, size, 3);
    if (w->packing == GZIP) {
        z_stream z = { .next_in = (Bytef *)converted, .avail_in = (uInt)size, .next_out = (Bytef *)bytes, .avail_out = (uInt)cap };
        assert_int_equal(deflateInit2(&z, 6, Z_DEFLATED, 31, 8, Z_DEFAULT_STRATEGY), Z_OK);
        assert_int_equal(deflate(&z, Z_FINISH), Z_STREAM_END);
        deflateEnd(&z);
        return z.total_out;
    }
    assert_true(size <= cap);
    memcpy(bytes, converted, size);
    return size;
}

static toc_status read_batches(toc_ctx *ctx, rd_reader *reader, size_t *n, size_t *n_faults)
{
    rd_batch batch = {0};
    toc_buf raw = {0};
    toc_status st = TOC_OK;

    while (!st && !(st = rd_next(ctx, reader, &batch)) && batch.n)
        for (size_t i = 0; i < batch.n && !st; i++) {
            ++*n;
            *n_faults += batch.records[i].fault != RD_FINE;
            st = rd_raw_text(ctx, reader, &batch, &batch.records[i], &raw);
        }
    rd_batch_release(&batch);
    toc_buf_release(&raw);
    return st;
}

static toc_status read_table(toc_ctx *ctx, rd_reader *reader, const rd_options *options, size_t *n)
{
    tab_table table = {0};
    toc_status st = rd_take_table(ctx, reader, options, &table);

    *n = table.n_rows;
    tab_release(&table);
    return st;
}

static toc_status once(const way *w, toc_str bytes, int64_t allocations, size_t *n, size_t *n_faults)
{
    toc_ctx ctx;
    toc_out rejects = {0};
    rd_reader *reader = NULL;
    toc_status st = TOC_OK;

    toc_ctx_init(&ctx);
    ctx.verbose = -1;
    ctx.err = fopen("/dev/null", "w");
    ctx.n_threads = w->n_threads ? w->n_threads : 1;
    assert_int_equal(toc_out_open(&ctx, "/dev/null", false, &rejects), TOC_OK);
    const rd_options options = { .dialect = { .encoding = w->given ? w->encoding : NULL }, .batch_bytes = w->batch_bytes, .hash = true, .rejects = w->table ? &rejects : NULL };
    ctx.allocations_left = allocations;
    st = w->from_file ? rd_open(&ctx, path, &options, &reader) : rd_open_bytes(&ctx, "bytes", bytes, &options, &reader);
    *n = *n_faults = 0;
    if (!st) st = w->table ? read_table(&ctx, reader, &options, n) : read_batches(&ctx, reader, n, n_faults);
    rd_close(reader);
    ctx.allocations_left = -1;
    toc_out_abandon(&rejects);
    fclose(ctx.err);
    toc_ctx_release(&ctx);
    return st;
}

static void every_allocation_fails_once(void **state)
{
    const way *w = *state;
    char bytes[8192];
    size_t n, n_faults, size = make_file(w, bytes, sizeof bytes);
    int64_t k = 0;
    toc_status st;

    if (w->from_file) {
        FILE *f = fopen(path, "wb");
        assert_non_null(f);
        assert_int_equal(fwrite(bytes, 1, size, f), size);
        assert_int_equal(fclose(f), 0);
    }
    while ((st = once(w, (toc_str){ bytes, size }, k, &n, &n_faults)) == TOC_E_NOMEM && k < 10000) k++;
    unlink(path);
    assert_int_equal(st, TOC_OK);
    assert_true(k > 5);
    assert_int_equal(n, w->table ? 34 : 34 + N_FAULTS);
    assert_int_equal(n_faults, w->table ? 0 : N_FAULTS);
}

int main(void)
{
    struct CMUnitTest tests[TOC_COUNT(ways)];

    for (size_t i = 0; i < TOC_COUNT(ways); i++)
        tests[i] = (struct CMUnitTest){ .name = ways[i].name, .test_func = every_allocation_fails_once, .initial_state = (void *)(uintptr_t)&ways[i] };
    path = scratch_path("reader.csv");
    return _cmocka_run_group_tests("fault_reader", tests, TOC_COUNT(tests), NULL, NULL);
}
