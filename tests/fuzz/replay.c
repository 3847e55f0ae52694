/* replay.c: runs a fuzz target over files, so that `make check` repeats every input that ever mattered, and AFL can drive it. */
#include <stdio.h>

#include "base/base.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int main(int argc, char **argv)
{
    for (int i = 1; i < argc; i++) {
        toc_ctx ctx;
        toc_buf content = {0};

        toc_ctx_init(&ctx);
        toc_status st = toc_read_file(&ctx, argv[i], &content);
        if (st) fprintf(stderr, "%s\n", ctx.message);
        else LLVMFuzzerTestOneInput((const uint8_t *)content.p, content.n);
        toc_buf_release(&content);
        toc_ctx_release(&ctx);
        if (st) return toc_exit_code(st);
    }
    return 0;
}
