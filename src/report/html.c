/* html.c: a list of warnings, a dossier and the front page of a night as HTML. */
#include "report/report.h"

#include <math.h>

#include "report/report_int.h"

void rep_html_reasons(toc_out *out, const warn_item *item)
{
    if (!item->n_reasons) return;
    toc_out_str(out, "<ul class=\"reasons\">");
    for (size_t i = 0; i < item->n_reasons; i++) {
        toc_out_str(out, "<li>");
        rep_esc(out, item->reasons[i].text);
        if (item->reasons[i].code) {
            toc_out_str(out, " <span class=\"code\">");
            rep_esc(out, item->reasons[i].code);
            toc_out_str(out, "</span>");
        }
        toc_out_str(out, "</li>");
    }
    toc_out_str(out, "</ul>");
}

static void card(toc_out *out, const char *css, size_t n, const char *what)
{
    toc_out_printf(out, "<li><b class=\"%s\">%zu</b>%s</li>", css, n, what);
}

static void head(toc_ctx *ctx, const warn_list *list, toc_out *out)
{
    char from[16], until[16];
    size_t counts[3];

    toc_format_date(ctx, list->as_of, from);
    rep_count_levels(list, counts);
    toc_out_printf(out, "<p class=\"soft\">As of %s", from);
    if (list->horizon > 0) {
        toc_format_date(ctx, list->as_of + list->horizon, until);
        toc_out_printf(out, ", looking ahead to %s", until);
    }
    toc_out_printf(out, ". %s</p>\n<ul class=\"cards\">", list->calibrated ? "Scores are probabilities." : "Scores rank; they are no probabilities.");
    card(out, "critical", counts[WARN_CRITICAL], "critical");
    card(out, "warning", counts[WARN_WARNING], "warnings");
    card(out, "notice", counts[WARN_NOTICE], "notices");
    card(out, "", list->n_considered, "looked at");
    toc_out_str(out, "</ul>\n");
}

static void measure_table(const warn_backtest *b, toc_out *out)
{
    char buf[32];

    toc_out_str(out, "<div class=\"scroll\"><table><thead><tr><th>measure</th><th class=\"n\">this model</th><th class=\"n\">");
    rep_esc(out, b->plain_name ? b->plain_name : "plain rule");
    toc_out_str(out, "</th><th>what it means</th></tr></thead><tbody>\n");
    for (size_t i = 0; i < b->n_measures; i++) {
        const warn_measure *m = &b->measures[i];
        toc_out_str(out, "<tr><td>");
        rep_esc(out, m->name);
        toc_out_printf(out, "</td><td class=\"n\">%s</td>", rep_number(m->value, buf));
        toc_out_printf(out, "<td class=\"n\">%s</td><td>", rep_number(m->plain, buf));
        rep_esc(out, m->meaning ? m->meaning : "");
        toc_out_str(out, "</td></tr>\n");
    }
    toc_out_str(out, "</tbody></table></div>\n");
}

static void backtest(toc_ctx *ctx, const warn_list *list, toc_out *out)
{
    const warn_backtest *b = &list->backtest;
    char from[16], until[16];

    toc_out_str(out, "<h3>How far to trust it</h3>\n<p>");
    if (!b->done) {
        toc_out_str(out, "No backtest. ");
        rep_esc(out, b->why_not ? b->why_not : "");
        toc_out_str(out, "</p>\n");
        return;
    }
    toc_format_date(ctx, b->as_of, from);
    toc_format_date(ctx, b->until, until);
    toc_out_printf(out, "The same model, knowing only what was known before %s, judged by what was known before %s%s. ", from, until,
                   b->proxy ? " (a proxy, for want of labels)" : "");
    if (b->summary) {
        toc_out_str(out, "<strong>");
        rep_esc(out, b->summary);
        toc_out_str(out, "</strong>");
    }
    toc_out_str(out, "</p>\n");
    if (b->n_measures) measure_table(b, out);
    rep_svg_calibration(out, b);
}

static void evidence(toc_out *out, const warn_item *item)
{
    size_t shown = TOC_MIN(item->n_evidence, (size_t)10);

    if (!item->n_evidence && !item->n_facts) return;
    toc_out_str(out, "<details><summary>numbers and rows</summary>");
    for (size_t i = 0; i < item->n_facts; i++) {
        toc_out_printf(out, "%s", i ? "; " : "");
        rep_esc(out, item->facts[i].name);
        toc_out_str(out, " ");
        rep_esc(out, item->facts[i].text[0] ? item->facts[i].text : "-");
    }
    if (shown) toc_out_str(out, "<div class=\"evidence\">open: ");
    for (size_t i = 0; i < shown; i++) {
        if (i) toc_out_str(out, ", ");
        rep_esc(out, item->evidence[i]);
    }
    if (shown < item->n_evidence) toc_out_printf(out, " and %zu more", item->n_evidence - shown);
    toc_out_printf(out, "%s</details>", shown ? "</div>" : "");
}

static void row(const warn_list *list, const warn_item *item, bool pictures, toc_out *out)
{
    double score = list->calibrated ? 100 * item->score : item->score;

    toc_out_printf(out, "<tr><td class=\"level %s\" data-v=\"%d\">%s</td><td class=\"entity\">", warn_level_name(item->level), (int)item->level, warn_level_name(item->level));
    rep_esc(out, item->entity);
    if (list->n_items && strcmp(item->entity_kind, list->items[0].entity_kind) != 0) {
        toc_out_str(out, " <span class=\"code\">");
        rep_esc(out, item->entity_kind);
        toc_out_str(out, "</span>");
    }
    toc_out_printf(out, list->calibrated ? "</td><td class=\"n\" data-v=\"%.6f\">%.0f %%</td>" : "</td><td class=\"n\" data-v=\"%.6f\">%.2f</td>", item->score, score);
    toc_out_printf(out, "<td class=\"n\" data-v=\"%lld\">", item->money_minor == TOC_NO_MONEY ? 0LL : (long long)item->money_minor);
    rep_money(out, item, rep_esc);
    toc_out_str(out, "</td>");
    if (pictures) {
        toc_out_str(out, "<td>");
        rep_svg_history(out, item);
        toc_out_str(out, "</td>");
    }
    toc_out_str(out, "<td>");
    rep_html_reasons(out, item);
    evidence(out, item);
    toc_out_str(out, "</td><td>");
    rep_esc(out, item->action ? item->action : "");
    toc_out_str(out, "</td></tr>\n");
}

static void warnings(const warn_list *list, size_t top, toc_out *out)
{
    size_t shown = rep_shown(list, top);
    bool pictures = false;

    for (size_t i = 0; i < shown; i++) pictures |= list->items[i].n_history > 1;
    if (!shown) {
        toc_out_str(out, "<p>Nothing to warn of.</p>\n");
        return;
    }
    toc_out_str(out, "<h3>Warnings, worst first</h3>\n<div class=\"scroll\"><table class=\"cardy\"><thead><tr><th data-sort>level</th><th data-sort>");
    rep_esc(out, list->items[0].entity_kind);
    toc_out_printf(out, "</th><th class=\"n\" data-sort>score</th><th class=\"n\" data-sort>at stake</th>%s<th>why</th><th>what to do</th></tr></thead><tbody>\n",
                   pictures ? "<th>course</th>" : "");
    for (size_t i = 0; i < shown; i++) row(list, &list->items[i], pictures, out);
    toc_out_str(out, "</tbody></table></div>\n");
    if (shown < list->n_items) toc_out_printf(out, "<p class=\"soft\">%zu more are in the CSV.</p>\n", list->n_items - shown);
}

void rep_html_list(toc_ctx *ctx, const warn_list *list, size_t top, toc_out *out)
{
    head(ctx, list, out);
    backtest(ctx, list, out);
    warnings(list, top, out);
    if (!list->n_notes) return;
    toc_out_str(out, "<h3>Good to know</h3>\n<ul>");
    for (size_t i = 0; i < list->n_notes; i++) {
        toc_out_str(out, "<li>");
        rep_esc(out, list->notes[i]);
        toc_out_str(out, "</li>\n");
    }
    toc_out_str(out, "</ul>\n");
}

static const char *title_of(const warn_list *list)
{
    return list->title ? list->title : list->question;
}

toc_status rep_html(toc_ctx *ctx, const warn_list *list, size_t top, toc_out *out)
{
    enum { PAGE_ROWS = 1000 }; /* more rows make a page that phones cannot open; the CSV has them all */

    rep_page_open(ctx, out, title_of(list));
    toc_out_str(out, "<h1>");
    rep_esc(out, title_of(list));
    toc_out_str(out, "</h1>\n");
    rep_html_list(ctx, list, top ? TOC_MIN(top, (size_t)PAGE_ROWS) : PAGE_ROWS, out);
    rep_page_close(ctx, out);
    return TOC_OK;
}

toc_status rep_write_night(toc_ctx *ctx, const warn_list *const *lists, size_t n_lists, size_t top, const rep_link *links, size_t n_links, toc_out *out)
{
    rep_page_open(ctx, out, "tocsin: the night");
    toc_out_str(out, "<h1>What the night found</h1>\n");
    if (n_links) toc_out_str(out, "<p>Files: ");
    for (size_t i = 0; i < n_links; i++) {
        toc_out_printf(out, "%s<a href=\"", i ? ", " : "");
        rep_esc(out, links[i].href);
        toc_out_str(out, "\">");
        rep_esc(out, links[i].text);
        toc_out_str(out, "</a>");
    }
    if (n_links) toc_out_str(out, "</p>\n");
    for (size_t i = 0; i < n_lists; i++) {
        toc_out_str(out, "<section id=\"");
        rep_esc(out, lists[i]->question);
        toc_out_str(out, "\"><h2>");
        rep_esc(out, title_of(lists[i]));
        toc_out_str(out, "</h2>\n");
        rep_html_list(ctx, lists[i], top, out);
        toc_out_str(out, "</section>\n");
    }
    rep_page_close(ctx, out);
    return TOC_OK;
}

static void verdict(const warn_item *v, toc_out *out)
{
    toc_out_printf(out, "<ul class=\"cards\"><li><b class=\"%s\">%s</b>level</li><li><b>%.2f</b>score</li>", warn_level_name(v->level), warn_level_name(v->level), v->score);
    if (v->money_minor != TOC_NO_MONEY) {
        toc_out_str(out, "<li><b>");
        rep_money(out, v, rep_esc);
        toc_out_str(out, "</b>at stake</li>");
    }
    for (size_t i = 0; i < v->n_facts; i++) {
        if (!v->facts[i].text[0]) continue;
        toc_out_str(out, "<li><b>");
        rep_esc(out, v->facts[i].text);
        toc_out_str(out, "</b>");
        rep_esc(out, v->facts[i].name);
        toc_out_str(out, "</li>");
    }
    toc_out_str(out, "</ul>\n<h2>What looks wrong</h2>\n");
    if (v->n_reasons) rep_html_reasons(out, v);
    else toc_out_str(out, "<p>Nothing does.</p>");
    if (v->action && v->action[0]) {
        toc_out_str(out, "<p><strong>Next: ");
        rep_esc(out, v->action);
        toc_out_str(out, "</strong></p>\n");
    }
}

static void section(const dos_section *s, toc_out *out)
{
    toc_out_str(out, "<section><h2>");
    rep_esc(out, s->heading);
    toc_out_str(out, "</h2>\n");
    if (s->lead) {
        toc_out_str(out, "<p>");
        rep_esc(out, s->lead);
        toc_out_str(out, "</p>\n");
    }
    if (s->n_series) rep_svg_series(out, s);
    if (s->n_columns && s->n_rows) {
        toc_out_str(out, "<div class=\"scroll\"><table><thead><tr>");
        for (size_t j = 0; j < s->n_columns; j++) {
            toc_out_str(out, "<th>");
            rep_esc(out, s->columns[j]);
            toc_out_str(out, "</th>");
        }
        toc_out_str(out, "</tr></thead><tbody>\n");
        for (size_t i = 0; i < s->n_rows; i++) {
            toc_out_str(out, "<tr>");
            for (size_t j = 0; j < s->n_columns; j++) {
                toc_out_str(out, "<td>");
                rep_esc(out, s->cells[i * s->n_columns + j]);
                toc_out_str(out, "</td>");
            }
            toc_out_str(out, "</tr>\n");
        }
        toc_out_str(out, "</tbody></table></div>\n");
    }
    toc_out_str(out, "</section>\n");
}

toc_status rep_dossier_html(toc_ctx *ctx, const dos_dossier *d, toc_out *out)
{
    char date[16];

    toc_format_date(ctx, d->as_of, date);
    rep_page_open(ctx, out, d->title ? d->title : d->entity);
    toc_out_str(out, "<h1>");
    rep_esc(out, d->title ? d->title : d->entity);
    toc_out_printf(out, "</h1>\n<p class=\"soft\">%s as of %s</p>\n", d->entity_kind, date);
    if (d->has_verdict) verdict(&d->verdict, out);
    for (size_t i = 0; i < d->n_sections; i++) section(&d->sections[i], out);
    rep_page_close(ctx, out);
    return TOC_OK;
}
