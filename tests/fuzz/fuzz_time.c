/* Any bytes as a time or a span: no byte beyond the text is read; what is accepted is in range, reads back from the standard
 * form, and says of its order what parsing does. */
#include "base/base.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_instant(const toc_ctx *ctx, int64_t instant)
{
    char buf[32];
    int64_t back = 0, year = 0;
    size_t n = toc_format_time(instant, buf);

    if (!toc_parse_int((toc_str){ buf, 4 }, &year) || year < 1899 || year > 2201) __builtin_trap();
    bool again = toc_parse_time(ctx, (toc_str){ buf, n }, TOC_DATE_UNKNOWN, &back);
    bool in_range = year >= 1900 && year <= 2200; /* an offset may carry the first or last day over */
    if (again != in_range || (again && back != instant)) __builtin_trap();
    int64_t midnight = toc_local_midnight(ctx, toc_local_day(ctx, instant));
    if (midnight > instant || instant - midnight >= TOC_DAY) __builtin_trap();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const char *const zones[] = { "UTC", "+08:00", "-03:30" };
    toc_str text = { (const char *)data, size };
    int64_t unknown = 0, dmy = 0, mdy = 0, span = 0;

    for (size_t z = 0; z < TOC_COUNT(zones); z++) {
        toc_ctx ctx;
        toc_ctx_init(&ctx);
        if (toc_time_zone(&ctx, zones[z])) __builtin_trap();
        bool is_unknown = toc_parse_time(&ctx, text, TOC_DATE_UNKNOWN, &unknown);
        bool is_dmy = toc_parse_time(&ctx, text, TOC_DATE_DMY, &dmy);
        bool is_mdy = toc_parse_time(&ctx, text, TOC_DATE_MDY, &mdy);
        if (is_dmy) check_instant(&ctx, dmy);
        if (is_mdy) check_instant(&ctx, mdy);
        if (is_unknown && !(is_dmy && unknown == dmy) && !(is_mdy && unknown == mdy)) __builtin_trap();
        toc_date_order order = toc_date_order_of(text);
        if (is_dmy && is_mdy && dmy != mdy && order != TOC_DATE_UNKNOWN) __builtin_trap();
        if (is_dmy && !is_mdy && order != TOC_DATE_DMY) __builtin_trap();
        if (is_mdy && !is_dmy && order != TOC_DATE_MDY) __builtin_trap();
        toc_ctx_release(&ctx);
    }
    if (toc_parse_span(text, &span) && span <= 0) __builtin_trap();
    return 0;
}
