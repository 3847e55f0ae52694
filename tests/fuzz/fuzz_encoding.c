/* Any bytes in any encoding: no crash; what comes out is UTF-8, or a fault; the records do not depend on the size of batches; places lie in the file; and
 * text that was encoded comes back as it was. The first byte chooses encoding, delimiter and whether the reader is told the encoding. */
#include <iconv.h>

#include "reader/reader_int.h"

static const char *const encodings[] = { "UTF-8", "UTF-16LE", "UTF-16BE", "GB18030", "WINDOWS-1252", "BIG5", "SHIFT_JIS", "EUC-KR" };
#define N_UNICODE 4 /* the first of them know every character */

typedef struct {
    uint64_t hash, records;
    toc_status st;
} outcome;

/* What rd_decode makes of bytes is UTF-8, but for the marks it was told to set. */
static void check_decode(toc_ctx *ctx, const char *encoding, toc_str bytes)
{
    toc_buf shown = {0}, marked = {0};

    if (rd_decode(ctx, encoding, bytes, RD_REPLACEMENT, &shown) || rd_decode(ctx, encoding, bytes, RD_NO_TEXT, &marked)) __builtin_trap();
    if (toc_utf8_valid((toc_str){ shown.p, shown.n }) < shown.n) __builtin_trap();
    size_t marks = rd_count_byte(marked.p ? marked.p : "", marked.n, RD_NO_TEXT[0]);
    if (shown.n != marked.n + 2 * marks) __builtin_trap();
    for (size_t i = 0; i < marked.n;) {
        toc_str rest = { marked.p + i, marked.n - i };
        i += toc_utf8_valid(rest);
        if (i < marked.n && marked.p[i++] != RD_NO_TEXT[0]) __builtin_trap();
    }
    toc_buf_release(&shown);
    toc_buf_release(&marked);
}

/* decode(encode(text)) = text, and the place after it is where the bytes end. */
static void check_round_trip(toc_ctx *ctx, const char *encoding, toc_str text)
{
    char encoded[8192], *in = (char *)(uintptr_t)text.p, *to = encoded;
    size_t left, room = sizeof encoded;
    toc_buf back = {0};
    iconv_t cd = iconv_open(encoding, "UTF-8");

    if (cd == (iconv_t)-1) __builtin_trap();
    text.n = TOC_MIN(text.n, (size_t)1000);
    text.n = left = toc_utf8_valid(text);
    bool whole = iconv(cd, &in, &left, &to, &room) != (size_t)-1;
    iconv_close(cd);
    if (!whole) return;
    size_t n = sizeof encoded - room;
    if (rd_decode(ctx, encoding, (toc_str){ encoded, n }, RD_NO_TEXT, &back)) __builtin_trap();
    if (!toc_str_eq((toc_str){ back.p ? back.p : "", back.n }, text)) __builtin_trap();
    if (rd_original_bytes(encoding, text.p, text.n) != n) __builtin_trap();
    toc_buf_release(&back);
}

static outcome read_all(toc_str bytes, const rd_options *given, size_t batch_bytes)
{
    toc_ctx ctx;
    rd_reader *reader = NULL;
    rd_batch batch = {0};
    toc_buf raw = {0};
    rd_options options = *given;
    outcome o = {0};

    options.batch_bytes = batch_bytes;
    toc_ctx_init(&ctx);
    o.st = rd_open_bytes(&ctx, "fuzz", bytes, &options, &reader);
    while (!o.st && !(o.st = rd_next(&ctx, reader, &batch)) && batch.n)
        for (size_t i = 0; i < batch.n; i++) {
            const rd_record *r = &batch.records[i];
            uint64_t offset = rd_offset(&batch, r);
            o.records++;
            o.hash = toc_mix(o.hash ^ rd_line(&batch, r) ^ offset << 20 ^ (uint64_t)r->fault << 60);
            if (!batch.converted && offset + r->n_bytes > bytes.n) __builtin_trap();
            for (size_t j = 0; j < r->n; j++) {
                toc_str field = rd_field(&batch, r, j);
                if (toc_utf8_valid(field) < field.n || memchr(field.p, 0, field.n)) __builtin_trap();
                o.hash = toc_mix(o.hash ^ toc_str_hash(field) ^ field.n);
            }
            toc_buf_reset(&raw);
            if (rd_raw_text(&ctx, reader, &batch, r, &raw) || toc_utf8_valid((toc_str){ raw.p, raw.n }) < raw.n) __builtin_trap();
        }
    rd_close(reader);
    rd_batch_release(&batch);
    toc_buf_release(&raw);
    toc_ctx_release(&ctx);
    return o;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    toc_ctx ctx;

    if (!size) return 0;
    size_t k = data[0] % TOC_COUNT(encodings);
    const rd_options options = { .dialect = { .encoding = data[0] & 8 ? encodings[k] : NULL, .delimiter = ",\t;|"[data[0] >> 4 & 3] }, .max_field = 1000 };
    toc_str bytes = { (const char *)data + 1, size - 1 };
    toc_ctx_init(&ctx);
    check_decode(&ctx, encodings[k], bytes);
    if (k < N_UNICODE) check_round_trip(&ctx, encodings[k], bytes);
    outcome whole = read_all(bytes, &options, 0), pieces = read_all(bytes, &options, 7);
    if (whole.st != pieces.st || whole.hash != pieces.hash || whole.records != pieces.records) __builtin_trap();
    toc_ctx_release(&ctx);
    return 0;
}
