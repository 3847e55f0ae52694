/* csv.c: tables as RFC 4180 CSV. */
#include "table/table.h"

static bool needs_quotes(toc_str text)
{
    if (!text.n) return false;
    if (text.p[0] == ' ' || text.p[0] == '\t' || text.p[text.n - 1] == ' ' || text.p[text.n - 1] == '\t') return true;
    for (size_t i = 0; i < text.n; i++) {
        char c = text.p[i];
        if (c == ',' || c == '"' || c == '\n' || c == '\r') return true;
    }
    return false;
}

/* A row that is one empty cell would be an empty line, which readers skip. */
static void write_lone(toc_out *out, toc_str text)
{
    if (text.n) tab_csv_field(out, text);
    else toc_out_write(out, "\"\"", 2);
}

void tab_csv_field(toc_out *out, toc_str text)
{
    size_t start = 0;

    if (!needs_quotes(text)) {
        toc_out_write(out, text.p, text.n);
        return;
    }
    toc_out_write(out, "\"", 1);
    for (size_t i = 0; i < text.n; i++) {
        if (text.p[i] != '"') continue;
        toc_out_write(out, text.p + start, i + 1 - start);
        start = i; /* the quote is written again, doubled */
    }
    toc_out_write(out, text.p + start, text.n - start);
    toc_out_write(out, "\"", 1);
}

void tab_write_csv(const tab_table *table, toc_out *out)
{
    char buf[40];

    for (size_t j = 0; j < table->n_cols; j++) {
        if (j) toc_out_write(out, ",", 1);
        tab_csv_field(out, toc_str_of(table->columns[j].name));
    }
    toc_out_write(out, "\n", 1);
    for (size_t i = 0; i < table->n_rows; i++) {
        for (size_t j = 0; j < table->n_cols; j++) {
            if (j) toc_out_write(out, ",", 1);
            if (table->n_cols == 1) write_lone(out, tab_cell(&table->columns[j], i, buf));
            else tab_csv_field(out, tab_cell(&table->columns[j], i, buf));
        }
        toc_out_write(out, "\n", 1);
    }
}
