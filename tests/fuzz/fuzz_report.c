/* fuzz_report.c: warnings read from hostile JSON, then written in every form. */
#include "report/report.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    toc_ctx ctx;
    warn_list list;
    toc_out out;

    toc_ctx_init(&ctx);
    warn_list_init(&list, "");
    toc_status st = rep_parse_json(&ctx, (toc_str){ (const char *)data, size }, "fuzz", &list);
    for (rep_format f = REP_CSV; f <= REP_HTML && !st; f++) {
        st = toc_out_open(&ctx, "/dev/null", false, &out);
        if (!st) st = rep_write(&ctx, &list, 0, f, &out);
        if (!st) st = toc_out_close(&ctx, &out);
    }
    warn_release(&list);
    toc_ctx_release(&ctx);
    return 0;
}
