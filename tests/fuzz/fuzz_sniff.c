/* Any bytes as a file whose form is found out, or partly given by the first byte: no crash, a trailer stands at the end only, and form and records do
 * not depend on the size of batches. */
#include "reader/reader.h"

typedef struct {
    uint64_t hash, records, trailer;
    char delimiter;
    bool header;
    toc_status st;
    char form[200];
} outcome;

static outcome read_all(toc_str bytes, const rd_dialect *dialect, size_t batch_bytes)
{
    toc_ctx ctx;
    rd_reader *reader = NULL;
    rd_batch batch = {0};
    const rd_options options = { .dialect = *dialect, .batch_bytes = batch_bytes, .max_field = 1000 };
    outcome o = {0};
    bool behind = false; /* the first trailer line */

    toc_ctx_init(&ctx);
    o.st = rd_open_bytes(&ctx, "fuzz", bytes, &options, &reader);
    while (!o.st) {
        o.st = rd_next(&ctx, reader, &batch);
        if (o.st || !batch.n) break;
        for (size_t i = 0; i < batch.n; i++) {
            const rd_record *r = &batch.records[i];
            o.records++;
            behind |= r->fault == RD_TRAILER;
            o.trailer += r->fault == RD_TRAILER && toc_str_trim(rd_raw(&batch, r)).n; /* blank lines are not counted */
            if (behind && r->fault == RD_FINE) __builtin_trap(); /* a trailer is at the end */
            o.hash = toc_mix(o.hash ^ rd_line(&batch, r) ^ rd_offset(&batch, r) << 20 ^ (uint64_t)r->fault << 60);
            for (size_t j = 0; j < r->n; j++) o.hash = toc_mix(o.hash ^ toc_str_hash(rd_field(&batch, r, j)));
        }
    }
    if (!o.st) {
        o.delimiter = rd_delimiter(reader);
        o.header = rd_has_header(reader);
        if (o.trailer > rd_trailer_lines(reader)) __builtin_trap();
        rd_layout_text(reader, o.form, sizeof o.form);
        if (toc_utf8_valid(toc_str_of(o.form)) < strlen(o.form) && (unsigned char)o.delimiter < 0x80) __builtin_trap();
    }
    rd_close(reader);
    rd_batch_release(&batch);
    toc_ctx_release(&ctx);
    return o;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (!size) return 0;
    toc_str bytes = { (const char *)data + 1, size - 1 };
    rd_dialect given = { .header = (rd_header_given)(data[0] >> 1 & 3), .skip_given = (data[0] & 24) == 24, .skip = data[0] >> 5 & 1,
                         .trailer_given = (data[0] & 20) == 20, .trailer = data[0] >> 6 & 1 };

    if (given.header > RD_NO_HEADER) given.header = RD_FIND_HEADER;
    outcome whole = read_all(bytes, &given, 0);
    if (!(data[0] & 1)) return 0;
    for (size_t batch = 1; batch < 100; batch = batch * 3 + 1) {
        outcome pieces = read_all(bytes, &given, batch);
        if (pieces.st != whole.st || pieces.hash != whole.hash || pieces.records != whole.records || strcmp(pieces.form, whole.form) != 0) __builtin_trap();
    }
    if (whole.st) return 0;
    given.delimiter = whole.delimiter;
    given.header = whole.header ? RD_HAS_HEADER : RD_NO_HEADER;
    (void)read_all(bytes, &given, 0);
    return 0;
}
