/* Splitting records without quotes and libcsv agree on any bytes: same records, places, faults and fields, for every delimiter, with and without quotes,
 * for every kernel of this CPU. The first two bytes choose the options. */
#include "reader/reader_int.h"

static const char delimiters[] = ",\t;|";

/* Records of one way of parsing, as text that two ways must share. */
static toc_status describe(toc_ctx *ctx, toc_str bytes, const rd_parser *settings, const char *kernel, bool last, toc_buf *text)
{
    rd_parser parser = *settings;
    rd_batch batch = { .bytes = (char *)(uintptr_t)bytes.p, .end = bytes.n };
    size_t used = 0, lines = 0;
    toc_status st;

    if ((st = rd_parser_init(ctx, &parser))) return st;
    if (kernel) parser.scan = rd_scan_kernel(kernel);
    if (!(st = rd_parse(ctx, &parser, &batch, last, &used, &lines))) st = toc_buf_printf(ctx, text, "used %zu lines %zu\n", used, lines);
    for (size_t i = 0; i < batch.n && !st; i++) {
        const rd_record *r = &batch.records[i];
        st = toc_buf_printf(ctx, text, "%u %u %u %d %u:", r->line, r->at, r->n_bytes, (int)r->fault, r->n);
        for (size_t j = 0; j < r->n && !st; j++) {
            toc_str field = rd_field(&batch, r, j);
            st = toc_buf_printf(ctx, text, " %zu ", field.n);
            if (!st) st = toc_buf_add(ctx, text, field.p, field.n);
        }
        if (!st) st = toc_buf_char(ctx, text, '\n');
    }
    batch.bytes = NULL;
    rd_batch_release(&batch);
    rd_parser_release(&parser);
    return st;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const char *const kernels[] = { "plain", "sse2", "avx2", "avx512" };
    toc_ctx ctx;
    toc_buf want = {0}, got = {0};

    if (size < 2) return 0;
    rd_parser settings = { .delimiter = delimiters[data[0] & 3], .quote = data[0] & 4 ? '\0' : data[0] & 8 ? '\'' : '"', .line_end = data[0] & 16 ? '\r' : '\n',
                           .max_field = data[1] ? data[1] : 1000 };
    bool last = data[0] & 32;
    toc_str bytes = { (const char *)data + 2, size - 2 };
    toc_ctx_init(&ctx);
    settings.libcsv_only = true;
    if (describe(&ctx, bytes, &settings, NULL, last, &want)) __builtin_trap();
    settings.libcsv_only = false;
    for (size_t k = 0; k < TOC_COUNT(kernels); k++) {
        if (!rd_scan_kernel(kernels[k])) continue;
        toc_buf_reset(&got);
        if (describe(&ctx, bytes, &settings, kernels[k], last, &got)) __builtin_trap();
        if (got.n != want.n || memcmp(got.p, want.p, want.n)) __builtin_trap();
    }
    toc_buf_release(&want);
    toc_buf_release(&got);
    toc_ctx_release(&ctx);
    return 0;
}
