/* report.h: warnings and dossiers as CSV, JSON, text and one self-contained HTML page. */
#ifndef REP_REPORT_H
#define REP_REPORT_H

#include "base/base.h"
#include "warn/warn.h"

typedef enum { REP_CSV, REP_JSON, REP_TEXT, REP_HTML } rep_format;
bool rep_format_of(toc_str name, rep_format *format);

/* Writes a list; top = items written (0 = all). CSV has no backtest; the other three open with it. Stamps (version, arguments, time) unless
 * ctx->no_stamp. Cells that a spreadsheet would run as a formula are defused in CSV. The caller closes `out`. */
TOC_CHECKED toc_status rep_write(toc_ctx *ctx, const warn_list *list, size_t top, rep_format format, toc_out *out);

#endif
