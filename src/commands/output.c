/* output.c: how warnings leave a command. */
#include "commands/commands.h"

const char *const cmd_fail_words[] = { "none", "notice", "warning", "critical", NULL };

toc_status cmd_write_warnings(toc_ctx *ctx, const cmd_output *report, const warn_list *list)
{
    rep_format format = REP_TEXT;
    warn_level fail_on;

    if (!rep_format_of(toc_str_of(report->format), &format)) return toc_fail(ctx, TOC_E_USAGE, "--format %s is unknown", report->format);
    TOC_TRY(rep_write_file(ctx, list, (size_t)report->top, format, report->out));
    bool failing = warn_level_of(toc_str_of(report->fail_on), &fail_on) && warn_worst(list) >= (int)fail_on;
    return failing ? TOC_FINDINGS : TOC_OK;
}

static toc_status close_output(toc_ctx *ctx, toc_status st, toc_out *out)
{
    if (!st) return toc_out_close(ctx, out);
    toc_out_abandon(out);
    return st;
}

toc_status cmd_close_csv(toc_ctx *ctx, const tab_table *table, toc_out *out)
{
    return close_output(ctx, tab_write_csv(ctx, table, out), out);
}

toc_status cmd_close_shop_csv(toc_ctx *ctx, const shop_data *shop, shop_kind kind, toc_out *out)
{
    return close_output(ctx, shop_write_csv(ctx, shop, kind, out), out);
}
