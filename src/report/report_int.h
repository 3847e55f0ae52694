/* report_int.h: private to report/. */
#ifndef REP_INT_H
#define REP_INT_H

#include "report/report.h"

/* Items written of a list: all, or the first `top`. */
size_t rep_shown(const warn_list *list, size_t top);
/* "0.87" or "" for NaN: a score or measure with three digits. buf of at least 32. */
const char *rep_number(double value, char *buf);
/* Writes "1234.50 EUR", nothing when missing; the currency is input, so it goes through escape (rep_esc or rep_plain). */
void rep_money(toc_out *out, const warn_item *item, void (*escape)(toc_out *out, const char *text));
/* How many items have each level. */
void rep_count_levels(const warn_list *list, size_t counts[3]);

void rep_csv(const warn_list *list, size_t top, toc_out *out);
TOC_CHECKED toc_status rep_json(toc_ctx *ctx, const warn_list *list, size_t top, toc_out *out);
void rep_text(toc_ctx *ctx, const warn_list *list, size_t top, toc_out *out);
TOC_CHECKED toc_status rep_html(toc_ctx *ctx, const warn_list *list, size_t top, toc_out *out);
TOC_CHECKED toc_status rep_dossier_json(toc_ctx *ctx, const dos_dossier *dossier, toc_out *out);
void rep_dossier_text(toc_ctx *ctx, const dos_dossier *dossier, toc_out *out);
TOC_CHECKED toc_status rep_dossier_html(toc_ctx *ctx, const dos_dossier *dossier, toc_out *out);

/* Bytes of the character that begins at p, and whether it may be shown: no control character, no damaged UTF-8. */
size_t rep_character(const char *p, bool *shown);
/* Text with control characters (terminal escapes among them) and damaged UTF-8 replaced by '?'; newlines become blanks. */
void rep_plain(toc_out *out, const char *text);

/* ---- html pieces (html.c) ---- */
void rep_esc(toc_out *out, const char *text); /* HTML-escaped */
void rep_page_open(toc_ctx *ctx, toc_out *out, const char *title);
void rep_page_close(toc_ctx *ctx, toc_out *out);
void rep_page_end(toc_ctx *ctx, toc_out *out, const char *note); /* the same with another note at the foot, which is HTML */
void rep_html_list(toc_ctx *ctx, const warn_list *list, size_t top, toc_out *out); /* head, backtest, table, notes */
void rep_html_reasons(toc_out *out, const warn_item *item);

/* ---- pictures (svg.c), each an <svg> with a text alternative ---- */
void rep_svg_history(toc_out *out, const warn_item *item);
void rep_svg_calibration(toc_out *out, const warn_backtest *backtest);
void rep_svg_series(toc_out *out, const dos_section *section);

#endif
