/* csv.c: one line a warning. Spreadsheets run cells that begin with = + - @; such text gets a leading apostrophe (OWASP, CSV injection). */
#include "report/report.h"
#include "report/report_int.h"
#include "table/table.h"

/* Whether a spreadsheet would run a cell of these texts; a number it may have. */
static bool runs(const char *const *texts, size_t n)
{
    double number;
    if (!n || !texts[0][0] || !strchr("=+-@\t\r", texts[0][0])) return false;
    return n > 1 || !toc_parse_double(toc_str_of(texts[0]), &number);
}

/* Texts as one quoted field of any length. */
static void quoted(toc_out *out, const char *const *texts, size_t n, const char *between)
{
    toc_out_str(out, runs(texts, n) ? "\"'" : "\"");
    for (size_t i = 0; i < n; i++) {
        if (i) toc_out_str(out, between);
        for (const char *p = texts[i]; *p; p++) toc_out_write(out, *p == '"' ? "\"\"" : p, *p == '"' ? 2 : 1);
    }
    toc_out_str(out, "\"");
}

/* Texts as one field, in quotes only where it needs them. */
static void joined(toc_out *out, const char *const *texts, size_t n, const char *between)
{
    char buf[1024];
    size_t used = 0;

    if (runs(texts, n)) buf[used++] = '\'';
    for (size_t i = 0; i < n; i++) {
        size_t gap = i ? strlen(between) : 0, length = strlen(texts[i]);
        if (used + gap + length > sizeof buf) { /* the usual case is short */
            quoted(out, texts, n, between);
            return;
        }
        memcpy(buf + used, between, gap);
        memcpy(buf + used + gap, texts[i], length);
        used += gap + length;
    }
    tab_csv_field(out, (toc_str){ buf, used });
}

static void cell(toc_out *out, const char *text)
{
    joined(out, &text, 1, "");
}

static void reasons(toc_out *out, const warn_item *item, bool codes)
{
    const char *texts[32];
    size_t n = 0;

    for (size_t i = 0; i < item->n_reasons && n < TOC_COUNT(texts); i++) {
        const char *text = codes ? item->reasons[i].code : item->reasons[i].text;
        if (text) texts[n++] = text;
    }
    joined(out, texts, n, codes ? " " : "; ");
}

static void line(const warn_item *item, toc_out *out)
{
    char buf[48];

    cell(out, item->id);
    toc_out_str(out, ",");
    cell(out, item->entity_kind);
    toc_out_str(out, ",");
    cell(out, item->entity);
    toc_out_printf(out, ",%s,", warn_level_name(item->level));
    toc_out_write(out, buf, toc_format_double(item->score, buf));
    toc_out_str(out, ",");
    toc_out_write(out, buf, toc_format_money(item->money_minor, toc_currency_digits(toc_str_of(item->currency)), buf));
    toc_out_str(out, ",");
    cell(out, item->currency);
    toc_out_str(out, ",");
    cell(out, item->action);
    toc_out_str(out, ",");
    reasons(out, item, true);
    toc_out_str(out, ",");
    reasons(out, item, false);
    toc_out_str(out, ",");
    joined(out, item->evidence, TOC_MIN(item->n_evidence, (size_t)20), " ");
    for (size_t i = 0; i < item->n_facts; i++) {
        toc_out_str(out, ",");
        cell(out, item->facts[i].text);
    }
    toc_out_str(out, "\n");
}

void rep_csv(const warn_list *list, size_t top, toc_out *out)
{
    toc_out_str(out, "id,entity_kind,entity,level,score,money,currency,action,reason_codes,reasons,evidence");
    if (list->n_items)
        for (size_t i = 0; i < list->items[0].n_facts; i++) {
            toc_out_str(out, ",");
            cell(out, list->items[0].facts[i].name);
        }
    toc_out_str(out, "\n");
    for (size_t i = 0; i < rep_shown(list, top); i++) line(&list->items[i], out);
}
