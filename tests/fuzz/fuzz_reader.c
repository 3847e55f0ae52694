/* Any bytes as a file: no crash, nothing lost, and the records do not depend on the size of batches or the number of threads. */
#include "reader/reader.h"

typedef struct {
    uint64_t hash, records, raw_bytes;
    toc_status st;
} outcome;

static uint64_t mix(uint64_t h, toc_str text)
{
    return toc_mix(h ^ toc_str_hash(text) ^ text.n);
}

static outcome read_all(toc_str bytes, size_t batch_bytes, size_t n_threads)
{
    toc_ctx ctx;
    rd_reader *reader = NULL;
    rd_batch batch = {0};
    toc_buf raw = {0};
    const rd_options options = { .batch_bytes = batch_bytes, .max_field = 1000 };
    outcome o = {0};
    char why[160];

    toc_ctx_init(&ctx);
    ctx.n_threads = n_threads;
    o.st = rd_open_bytes(&ctx, "fuzz", bytes, &options, &reader);
    while (!o.st) {
        o.st = rd_next(&ctx, reader, &batch);
        if (o.st || !batch.n) break;
        for (size_t i = 0; i < batch.n; i++) {
            const rd_record *r = &batch.records[i];
            o.records++;
            o.raw_bytes += r->n_bytes;
            o.hash = toc_mix(o.hash ^ rd_line(&batch, r) ^ rd_offset(&batch, r) << 20 ^ (uint64_t)r->fault << 60);
            for (size_t j = 0; j < r->n; j++) {
                toc_str field = rd_field(&batch, r, j);
                if (toc_utf8_valid(field) < field.n) __builtin_trap();
                o.hash = mix(o.hash, field);
            }
            if (r->fault) rd_fault_text(reader, &batch, r, why);
            toc_buf_reset(&raw);
            if (rd_raw_text(&ctx, reader, &batch, r, &raw)) __builtin_trap();
        }
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
    toc_str bytes = { (const char *)data, size };
    outcome whole = read_all(bytes, 0, 1), pieces = read_all(bytes, 7, 1), sets = read_all(bytes, 11, 2);

    if (whole.st != pieces.st || whole.hash != pieces.hash || whole.st != sets.st || whole.hash != sets.hash) __builtin_trap();
    if (whole.records != pieces.records || whole.raw_bytes != pieces.raw_bytes) __builtin_trap();
    if (whole.records != sets.records || whole.raw_bytes != sets.raw_bytes) __builtin_trap();
    return 0;
}
