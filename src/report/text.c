/* text.c: for a terminal or a mail: the backtest first, then a few lines a warning. */
#include "report/report.h"

#include <math.h>

#include "report/report_int.h"

static void measures(const warn_backtest *b, toc_out *out)
{
    char value[32], plain[32];

    for (size_t i = 0; i < b->n_measures; i++) {
        const warn_measure *m = &b->measures[i];
        toc_out_str(out, "  ");
        rep_plain(out, m->name);
        for (size_t k = strlen(m->name); k < 20; k++) toc_out_str(out, " ");
        toc_out_printf(out, " %8s", rep_number(m->value, value));
        if (!isnan(m->plain)) {
            toc_out_str(out, "  (");
            rep_plain(out, b->plain_name ? b->plain_name : "plain");
            toc_out_printf(out, ": %s)", rep_number(m->plain, plain));
        }
        toc_out_str(out, "\n");
    }
}

static void backtest(toc_ctx *ctx, const warn_list *list, toc_out *out)
{
    const warn_backtest *b = &list->backtest;
    char from[16], until[16];

    if (!b->done) {
        toc_out_str(out, "Backtest: none. ");
        rep_plain(out, b->why_not ? b->why_not : "");
        toc_out_str(out, "\n");
        return;
    }
    toc_format_date(ctx, b->as_of, from);
    toc_format_date(ctx, b->until, until);
    toc_out_printf(out, "Backtest%s: as of %s, judged by what was known before %s\n", b->proxy ? " (proxy: there are no labels)" : "", from, until);
    if (b->summary) {
        toc_out_str(out, "  ");
        rep_plain(out, b->summary);
        toc_out_str(out, "\n");
    }
    measures(b, out);
}

static void item(const warn_item *w, bool calibrated, toc_out *out)
{
    char score[32];

    snprintf(score, sizeof score, calibrated ? "%.0f %%" : "%.2f", calibrated ? 100 * w->score : w->score);
    toc_out_printf(out, "\n%s  ", warn_level_name(w->level));
    rep_plain(out, w->entity_kind);
    toc_out_str(out, " ");
    rep_plain(out, w->entity);
    toc_out_printf(out, "  %s", score);
    if (w->money_minor != TOC_NO_MONEY) toc_out_str(out, "  ");
    rep_money(out, w, rep_plain);
    toc_out_str(out, "\n");
    for (size_t i = 0; i < w->n_reasons; i++) {
        const char *code = w->reasons[i].code ? w->reasons[i].code : "-";
        toc_out_str(out, "  ");
        rep_plain(out, code);
        for (size_t k = strlen(code); k < 4; k++) toc_out_str(out, " ");
        toc_out_str(out, " ");
        rep_plain(out, w->reasons[i].text);
        toc_out_str(out, "\n");
    }
    if (w->action && w->action[0]) {
        toc_out_str(out, "  do:  ");
        rep_plain(out, w->action);
        toc_out_str(out, "\n");
    }
    if (!w->n_evidence) return;
    toc_out_str(out, "  see:");
    for (size_t i = 0; i < TOC_MIN(w->n_evidence, (size_t)8); i++) {
        toc_out_str(out, " ");
        rep_plain(out, w->evidence[i]);
    }
    if (w->n_evidence > 8) toc_out_printf(out, " and %zu more", w->n_evidence - 8);
    toc_out_str(out, "\n");
}

void rep_text(toc_ctx *ctx, const warn_list *list, size_t top, toc_out *out)
{
    char date[16];
    size_t counts[3], shown = rep_shown(list, top);

    toc_format_date(ctx, list->as_of, date);
    rep_count_levels(list, counts);
    rep_plain(out, list->title ? list->title : list->question);
    toc_out_printf(out, ", as of %s\n", date);
    toc_out_printf(out, "%zu looked at: %zu critical, %zu warnings, %zu notices%s\n", list->n_considered, counts[WARN_CRITICAL], counts[WARN_WARNING],
                   counts[WARN_NOTICE], list->calibrated ? "; scores are probabilities" : "");
    backtest(ctx, list, out);
    for (size_t i = 0; i < shown; i++) item(&list->items[i], list->calibrated, out);
    if (shown < list->n_items) toc_out_printf(out, "\n%zu more are not shown.\n", list->n_items - shown);
    for (size_t i = 0; i < list->n_notes; i++) {
        toc_out_str(out, i ? "note: " : "\nnote: ");
        rep_plain(out, list->notes[i]);
        toc_out_str(out, "\n");
    }
    if (!ctx->no_stamp) toc_out_printf(out, "\ntocsin %s\n", TOC_VERSION);
}

static void section(const dos_section *s, toc_out *out)
{
    char value[32];

    toc_out_str(out, "\n");
    rep_plain(out, s->heading);
    toc_out_str(out, "\n");
    if (s->lead) {
        toc_out_str(out, "  ");
        rep_plain(out, s->lead);
        toc_out_str(out, "\n");
    }
    for (size_t j = 0; j < s->n_columns; j++) {
        toc_out_str(out, j ? " | " : "  ");
        rep_plain(out, s->columns[j]);
    }
    if (s->n_columns) toc_out_str(out, "\n");
    for (size_t i = 0; i < s->n_rows; i++) {
        for (size_t j = 0; j < s->n_columns; j++) {
            toc_out_str(out, j ? " | " : "  ");
            rep_plain(out, s->cells[i * s->n_columns + j]);
        }
        toc_out_str(out, "\n");
    }
    for (size_t k = 0; k < s->n_series; k++) {
        toc_out_str(out, "  ");
        rep_plain(out, s->series[k].name);
        toc_out_str(out, ", ");
        rep_plain(out, s->x_first ? s->x_first : "start");
        toc_out_str(out, " to ");
        rep_plain(out, s->x_last ? s->x_last : "end");
        toc_out_str(out, ":");
        for (size_t i = 0; i < s->series[k].n; i++) toc_out_printf(out, " %s", isnan(s->series[k].values[i]) ? "-" : rep_number(s->series[k].values[i], value));
        toc_out_str(out, "\n");
    }
}

void rep_dossier_text(toc_ctx *ctx, const dos_dossier *d, toc_out *out)
{
    char date[16];

    toc_format_date(ctx, d->as_of, date);
    rep_plain(out, d->title ? d->title : d->entity);
    toc_out_printf(out, ", as of %s\n", date);
    if (d->has_verdict) item(&d->verdict, false, out);
    for (size_t i = 0; d->has_verdict && i < d->verdict.n_facts; i++) {
        if (!d->verdict.facts[i].text[0]) continue;
        toc_out_str(out, "  ");
        rep_plain(out, d->verdict.facts[i].name);
        toc_out_str(out, ": ");
        rep_plain(out, d->verdict.facts[i].text);
        toc_out_str(out, "\n");
    }
    for (size_t i = 0; i < d->n_sections; i++) section(&d->sections[i], out);
    if (!ctx->no_stamp) toc_out_printf(out, "\ntocsin %s\n", TOC_VERSION);
}
