/* Any bytes as one or two exports (cut at a line of four equal signs), with a report of their columns: no crash, and every row is accepted, a duplicate, or rejected. */
#include "ingest/ingest.h"

#include <unistd.h>

static void put(const char *path, toc_str bytes)
{
    FILE *f = fopen(path, "wb");
    if (!f || fwrite(bytes.p, 1, bytes.n, f) != bytes.n || fclose(f)) __builtin_trap();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const char cut[] = "\n====\n";
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
    toc_status st = shop_init(&ctx, &shop);
    if (!st && toc_out_open(&ctx, "/dev/null", false, &report)) __builtin_trap();
    const ing_options options = { .report = &report, .refuse_late = true, .known_at = size % 3 ? 0 : INT64_C(1700000000) * TOC_SECOND };
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
