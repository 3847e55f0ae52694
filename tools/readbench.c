/* readbench FILE THREADS [libcsv]: seconds to read all records of a CSV file, and how many fields there were. */
#include <stdlib.h>
#include <time.h>

#include "reader/reader.h"

int main(int argc, char **argv)
{
    toc_ctx ctx;
    rd_reader *reader = NULL;
    const rd_ready *ready;
    size_t n, records = 0, fields = 0;
    struct timespec a, b;
    const rd_options options = { .libcsv_only = argc > 3 };

    if (argc < 3) return 2;
    toc_ctx_init(&ctx);
    ctx.n_threads = strtoul(argv[2], NULL, 10);
    clock_gettime(CLOCK_MONOTONIC, &a);
    toc_status st = rd_open(&ctx, argv[1], &options, &reader);
    while (!st && !(st = rd_next_set(&ctx, reader, NULL, NULL, &ready, &n)) && n)
        for (size_t k = 0; k < n; k++) {
            records += ready[k].batch->n;
            fields += ready[k].batch->n_fields + ready[k].batch->n_ends;
        }
    clock_gettime(CLOCK_MONOTONIC, &b);
    if (st) fprintf(stderr, "%s\n", ctx.message);
    else printf("%.4f %zu %zu\n", (double)(b.tv_sec - a.tv_sec) + (double)(b.tv_nsec - a.tv_nsec) * 1e-9, records, fields);
    rd_close(reader);
    toc_ctx_release(&ctx);
    return toc_exit_code(st);
}
