/* report.c: which writer serves which format, and what they share. */
#include "report/report.h"

#include <math.h>

#include "report/report_int.h"

const char *const rep_format_names[] = { "csv", "json", "text", "html", NULL };

bool rep_format_of(toc_str name, rep_format *format)
{
    for (size_t i = 0; rep_format_names[i]; i++) {
        if (!toc_str_is(name, rep_format_names[i])) continue;
        *format = (rep_format)i;
        return true;
    }
    return false;
}

size_t rep_shown(const warn_list *list, size_t top)
{
    return top && top < list->n_items ? top : list->n_items;
}

const char *rep_number(double value, char *buf)
{
    if (isnan(value)) buf[0] = 0;
    else if (fabs(value) >= 1000) snprintf(buf, 32, "%.0f", value);
    else snprintf(buf, 32, "%.3g", value);
    return buf;
}

void rep_money(toc_out *out, const warn_item *item, void (*escape)(toc_out *out, const char *text))
{
    char buf[32];
    size_t n = toc_format_money(item->money_minor, toc_currency_digits(toc_str_of(item->currency)), buf);

    toc_out_write(out, buf, n);
    if (!n || !item->currency[0]) return;
    toc_out_str(out, " ");
    escape(out, item->currency);
}

void rep_count_levels(const warn_list *list, size_t counts[3])
{
    counts[0] = counts[1] = counts[2] = 0;
    for (size_t i = 0; i < list->n_items; i++) counts[list->items[i].level]++;
}

size_t rep_character(const char *p, bool *shown)
{
    unsigned char c = (unsigned char)*p;
    size_t n = c < 0x80 ? 1 : c < 0xe0 ? 2 : c < 0xf0 ? 3 : 4;

    if (strnlen(p, n) < n || toc_utf8_valid((toc_str){ p, n }) < n) n = 1; /* one damaged byte at a time */
    bool damaged = n == 1 && c >= 0x80, c1 = c == 0xc2 && (unsigned char)p[1] < 0xa0; /* U+0080..9F are controls too */
    *shown = !damaged && !c1 && c >= 0x20 && c != 0x7f;
    return n;
}

void rep_plain(toc_out *out, const char *text)
{
    size_t n;
    bool shown;

    for (const char *p = text; *p; p += n) {
        n = rep_character(p, &shown);
        if (shown) toc_out_write(out, p, n);
        else toc_out_str(out, *p == '\n' || *p == '\t' ? " " : "?");
    }
}

toc_status rep_write(toc_ctx *ctx, const warn_list *list, size_t top, rep_format format, toc_out *out)
{
    switch (format) {
    case REP_CSV: rep_csv(list, top, out); return TOC_OK;
    case REP_JSON: return rep_json(ctx, list, top, out);
    case REP_TEXT: rep_text(ctx, list, top, out); return TOC_OK;
    case REP_HTML: return rep_html(ctx, list, top, out);
    }
    return toc_fail(ctx, TOC_E_BUG, "no writer for format %d", (int)format);
}

toc_status rep_write_file(toc_ctx *ctx, const warn_list *list, size_t top, rep_format format, const char *path)
{
    toc_out out;

    TOC_TRY(toc_out_open(ctx, path, true, &out));
    toc_status st = rep_write(ctx, list, top, format, &out);
    if (!st) return toc_out_close(ctx, &out);
    toc_out_abandon(&out);
    return st;
}

toc_status rep_write_dossier(toc_ctx *ctx, const dos_dossier *dossier, rep_format format, toc_out *out)
{
    switch (format) {
    case REP_JSON: return rep_dossier_json(ctx, dossier, out);
    case REP_TEXT: rep_dossier_text(ctx, dossier, out); return TOC_OK;
    case REP_HTML: return rep_dossier_html(ctx, dossier, out);
    case REP_CSV: break;
    }
    return toc_fail(ctx, TOC_E_USAGE, "a dossier is no table; --format text, json or html");
}
