/* Any bytes as one or two exports (cut at a line of four equal signs), with a report of their columns: no crash, and every row is accepted, a duplicate, or rejected. */
#include "ingest/ingest_int.h"

#include <unistd.h>

static void put(const char *path, toc_str bytes)
{
    FILE *f = fopen(path, "wb");
    if (!f || fwrite(bytes.p, 1, bytes.n, f) != bytes.n || fclose(f)) __builtin_trap();
}

/* A file whose header is not known is soon done with: seven times of eight only what is below the first line changes. */
__attribute__((weak)) size_t LLVMFuzzerMutate(uint8_t *data, size_t size, size_t most); /* of libFuzzer; replay has none */
size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t most, unsigned seed);
size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t most, unsigned seed)
{
    const uint8_t *end = size && seed % 8 ? memchr(data, '\n', size - 1) : NULL;
    size_t kept = end ? (size_t)(end - data) + 1 : 0;

    return kept + LLVMFuzzerMutate(data + kept, size - kept, most - kept);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const char cut[] = "\n====\n";
    static toc_ctx lasting;
    static ing_book book;
    char first[64], second[64];
    const char *const paths[] = { first, second };
    toc_str bytes = { (const char *)data, size };
    size_t n = 1, at = size;
    ing_summary summaries[2];
    shop_data shop;
    toc_out report = {0};
    toc_ctx ctx;

    for (size_t i = 0; i + sizeof cut - 1 <= size && n == 1; i++) {
        if (memcmp(bytes.p + i, cut, sizeof cut - 1)) continue;
        n = 2;
        at = i + 1;
    }
    snprintf(first, sizeof first, "/tmp/tocsin-fuzz-%ld-1.csv", (long)getpid());
    snprintf(second, sizeof second, "/tmp/tocsin-fuzz-%ld-2.csv", (long)getpid());
    put(first, (toc_str){ bytes.p, at });
    if (n == 2) put(second, (toc_str){ bytes.p + at + 5, size - at - 5 });

    toc_ctx_init(&ctx);
    if (!book.n_maps) { /* one for all runs: reading the maps takes longer than most inputs do */
        toc_ctx_init(&lasting);
        if (ing_book_open(&lasting, NULL, &book)) __builtin_trap();
    }
    toc_status st = shop_init(&ctx, &shop);
    if (!st && toc_out_open(&ctx, "/dev/null", false, &report)) __builtin_trap();
    const ing_options options = { .book = &book, .report = &report, .refuse_late = true, .known_at = size % 3 ? 0 : INT64_C(1700000000) * TOC_SECOND };
    if (!st) st = ing_read(&ctx, paths, n, &options, &shop, summaries);
    if (toc_out_close(&ctx, &report)) __builtin_trap();
    for (size_t i = 0; !st && i < n; i++)
        if (summaries[i].accepted + summaries[i].duplicate + summaries[i].rejected != summaries[i].rows) __builtin_trap();
    shop_release(&shop);
    toc_ctx_release(&ctx);
    unlink(first);
    if (n == 2) unlink(second);
    return 0;
}
