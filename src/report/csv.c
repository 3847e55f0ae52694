/* csv.c: one line a warning. Spreadsheets run cells that begin with = + - @; such text gets a leading apostrophe (OWASP, CSV injection). */
#include "report/report.h"
#include "report/report_int.h"
#include "table/table.h"

static void cell(toc_out *out, const char *text)
{
    char head[256];
    double number;
    toc_str value = toc_str_of(text);

    if (!value.n || !strchr("=+-@\t\r", text[0]) || toc_parse_double(value, &number)) {
        tab_csv_field(out, value);
        return;
    }
    if (value.n + 1 < sizeof head) { /* the usual case stays one field for the quoting rules */
        head[0] = '\'';
        memcpy(head + 1, text, value.n);
        tab_csv_field(out, (toc_str){ head, value.n + 1 });
        return;
    }
    toc_out_str(out, "\"'");
    for (const char *p = text; *p; p++) toc_out_write(out, *p == '"' ? "\"\"" : p, *p == '"' ? 2 : 1);
    toc_out_str(out, "\"");
}

static void joined(toc_out *out, const char *const *texts, size_t n, const char *between)
{
    char buf[4000];
    size_t used = 0;

    for (size_t i = 0; i < n && used < sizeof buf; i++)
        used += (size_t)snprintf(buf + used, sizeof buf - used, "%s%s", i ? between : "", texts[i]);
    buf[sizeof buf - 1] = 0;
    cell(out, used ? buf : "");
}

static void reasons(toc_out *out, const warn_item *item, bool codes)
{
    const char *texts[32];
    size_t n = TOC_MIN(item->n_reasons, TOC_COUNT(texts));

    for (size_t i = 0; i < n; i++) texts[i] = !codes ? item->reasons[i].text : item->reasons[i].code ? item->reasons[i].code : "-";
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
