/* Any bytes as a file of maps and, behind a line of four equal signs, one or two exports to read with it (cut in the same
 * way): no crash; what the file says is taken or refused by line; and every row is accepted, a duplicate, or rejected. */
#include "ingest/ingest.h"

#include <unistd.h>

static void put(const char *path, toc_str bytes)
{
    FILE *f = fopen(path, "wb");
    if (!f || fwrite(bytes.p, 1, bytes.n, f) != bytes.n || fclose(f)) __builtin_trap();
}

/* Cuts the part before the next line of equal signs off *rest. */
static toc_str next_part(toc_str *rest)
{
    static const char cut[] = "\n====\n";
    toc_str part = *rest;

    for (size_t i = 0; i + sizeof cut - 1 <= rest->n; i++) {
        if (memcmp(rest->p + i, cut, sizeof cut - 1)) continue;
        part.n = i + 1;
        *rest = (toc_str){ rest->p + i + sizeof cut - 1, rest->n - i - (sizeof cut - 1) };
        return part;
    }
    *rest = (toc_str){ rest->p + rest->n, 0 };
    return part;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char names[3][64];
    const char *const paths[] = { names[1], names[2] };
    toc_str rest = { (const char *)data, size };
    size_t n = 0;
    ing_summary summaries[2];
    shop_data shop;
    toc_ctx ctx;

    for (size_t i = 0; i < 3; i++) {
        snprintf(names[i], sizeof names[i], "/tmp/tocsin-fuzz-%ld-%zu.map", (long)getpid(), i);
        toc_str part = next_part(&rest);
        put(names[i], part);
        if (i && part.n) n = i;
    }
    toc_ctx_init(&ctx);
    const ing_options options = { .map = names[0] };
    toc_status st = shop_init(&ctx, &shop);
    if (!st) st = ing_read(&ctx, paths, TOC_MAX(n, (size_t)1), &options, &shop, summaries);
    for (size_t i = 0; !st && i < TOC_MAX(n, (size_t)1); i++)
        if (summaries[i].accepted + summaries[i].duplicate + summaries[i].rejected != summaries[i].rows) __builtin_trap();
    if (st && !*ctx.message) __builtin_trap();
    shop_release(&shop);
    toc_ctx_release(&ctx);
    for (size_t i = 0; i < 3; i++) unlink(names[i]);
    return 0;
}
