/* gain.c: the page of information gain: a table, and for each column a mosaic of its split: as wide as rows, as high as their share of a class. */
#include "report/report.h"

#include <math.h>

#include "report/report_int.h"

enum { WIDTH = 620, HEIGHT = 120, GAP = 14, MOST_COLOURS = 8 };

/* Hues far apart that can be told apart on white and on black (after Okabe & Ito 2008); classes beyond them are grey. */
static const char *const colours[MOST_COLOURS] = { "#56a0d3", "#e69f00", "#2a9d74", "#d55e70", "#9b7fd4", "#b8b030", "#8c6d4f", "#c77cba" };

static const char *colour_of(size_t class)
{
    return class < MOST_COLOURS ? colours[class] : "#8a9099";
}

static double rows_of(const rep_gain_bar *bar, size_t k)
{
    double n = 0;

    for (size_t c = 0; c < k; c++) n += bar->counts[c];
    return n;
}

static void mosaic_bar(const rep_gain_page *page, const rep_gain_bar *bar, double x, double width, toc_out *out)
{
    double n = rows_of(bar, page->n_classes), y = HEIGHT;

    toc_out_str(out, "<g><title>");
    rep_esc(out, bar->label);
    toc_out_printf(out, ": %.6g rows", n);
    for (size_t c = 0; c < page->n_classes && n > 0; c++) {
        if (!(bar->counts[c] > 0)) continue;
        toc_out_printf(out, ", %.3g %% ", 100 * bar->counts[c] / n);
        rep_esc(out, page->classes[c]);
    }
    toc_out_str(out, "</title>");
    for (size_t c = 0; c < page->n_classes && n > 0; c++) {
        double height = bar->counts[c] / n * HEIGHT;
        if (!(height > 0)) continue;
        y = TOC_MAX(y - height, 0);
        toc_out_printf(out, "<rect x=\"%.1f\" y=\"%.1f\" width=\"%.1f\" height=\"%.1f\" fill=\"%s\"/>", x, y, width, height, colour_of(c));
    }
    toc_out_str(out, "</g>");
}

/* Whether a bar begins the other side: there is a gap before it. */
static bool begins_side(const rep_gain_column *c, size_t i)
{
    return i > 0 && c->bars[i].left != c->bars[i - 1].left;
}

static void mosaic(const rep_gain_page *page, const rep_gain_column *c, toc_out *out)
{
    double total = 0, x = 0, gaps = 0;

    for (size_t i = 0; i < c->n_bars; i++) {
        total += rows_of(&c->bars[i], page->n_classes);
        gaps += begins_side(c, i) ? GAP : 0;
    }
    if (!(total > 0)) return;
    toc_out_printf(out, "<figure><svg class=\"wide\" viewBox=\"0 -2 %d %d\" role=\"img\" aria-label=\"", WIDTH, HEIGHT + 4);
    rep_esc(out, c->name);
    toc_out_str(out, ", split ");
    rep_esc(out, c->split);
    toc_out_str(out, "\">");
    for (size_t i = 0; i < c->n_bars; i++) {
        double width = rows_of(&c->bars[i], page->n_classes) / total * (WIDTH - gaps);
        if (begins_side(c, i)) {
            toc_out_printf(out, "<path class=\"line\" d=\"M%.1f -2V%d\"/>", x + GAP / 2, HEIGHT + 2);
            x += GAP;
        }
        mosaic_bar(page, &c->bars[i], x, TOC_MAX(width - 1, 0.5), out);
        x += width;
    }
    toc_out_str(out, "</svg><figcaption>");
    for (size_t i = 0; i < c->n_bars; i++) {
        toc_out_str(out, begins_side(c, i) ? " <b>|</b> " : i ? " &middot; " : "");
        rep_esc(out, c->bars[i].label);
    }
    toc_out_str(out, "</figcaption></figure>\n");
}

static void number(toc_out *out, double value)
{
    if (isnan(value)) toc_out_str(out, "<td class=\"n\"></td>");
    else toc_out_printf(out, "<td class=\"n\">%.4g</td>", value);
}

static void table(const rep_gain_page *page, toc_out *out)
{
    toc_out_str(out, "<div class=\"scroll\"><table class=\"cardy\"><thead><tr><th data-sort>column</th><th class=\"n\" data-sort>gain, bits</th>"
                     "<th class=\"n\" data-sort>less chance</th><th class=\"n\" data-sort>gain ratio</th><th class=\"n\" data-sort>q value</th>"
                     "<th>best split</th><th>note</th></tr></thead><tbody>\n");
    for (size_t i = 0; i < page->n_columns; i++) {
        const rep_gain_column *c = &page->columns[i];
        toc_out_printf(out, "<tr><td class=\"entity\"><a href=\"#c%zu\">", i + 1);
        rep_esc(out, c->name);
        toc_out_str(out, "</a></td>");
        number(out, c->gain);
        number(out, c->corrected);
        number(out, c->gain_ratio);
        number(out, c->q_value);
        toc_out_str(out, "<td>");
        rep_esc(out, c->split);
        toc_out_str(out, "</td><td>");
        rep_esc(out, c->note);
        toc_out_str(out, "</td></tr>\n");
    }
    toc_out_str(out, "</tbody></table></div>\n");
}

void rep_write_gain(toc_ctx *ctx, const rep_gain_page *page, toc_out *out)
{
    rep_page_open(ctx, out, "tocsin: information gain");
    toc_out_str(out, "<h1>What tells ");
    rep_esc(out, page->target);
    toc_out_printf(out, "</h1>\n<p>%zu rows, entropy %.4g bits. Gain is how many of them a column takes away.</p>\n", page->n_rows, page->entropy);
    table(page, out);
    toc_out_str(out, "<h2>The best splits</h2>\n<p class=\"soft\">Each block is as wide as its rows are many; its colours are the shares of the classes. The line is the "
                     "split.</p>\n<p>");
    for (size_t c = 0; c < TOC_MIN(page->n_classes, (size_t)MOST_COLOURS + 1); c++) {
        toc_out_printf(out, "<span style=\"border-left:1rem solid %s;padding-left:.4rem;margin-right:1rem\">", colour_of(c));
        rep_esc(out, c < MOST_COLOURS ? page->classes[c] : "other classes");
        toc_out_str(out, "</span>");
    }
    toc_out_str(out, "</p>\n");
    for (size_t i = 0; i < page->n_columns; i++) {
        toc_out_printf(out, "<h3 id=\"c%zu\">", i + 1);
        rep_esc(out, page->columns[i].name);
        toc_out_str(out, *page->columns[i].split ? ": " : "");
        rep_esc(out, page->columns[i].split);
        toc_out_str(out, "</h3>\n");
        mosaic(page, &page->columns[i], out);
    }
    if (page->n_left_out) toc_out_printf(out, "<p class=\"soft\">%zu %s less %s not shown.</p>\n", page->n_left_out,
                                         page->n_left_out == 1 ? "column that says" : "columns that say", page->n_left_out == 1 ? "is" : "are");
    rep_page_end(ctx, out, "A gain is measured on the rows it was found in; the q value says how far chance may have made it.");
}
