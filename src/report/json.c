/* json.c: lists and dossiers as one JSON document, schema 1. */
#include "report/report.h"

#include <jansson.h>
#include <math.h>

#include "report/report_int.h"

/* A number, or null where there is none. */
static json_t *number(double value)
{
    return isfinite(value) ? json_real(value) : json_null();
}

/* JSON is UTF-8 or nothing; what is not is called so. */
static json_t *text(const char *value)
{
    return value ? json_string_nocheck(toc_utf8_valid(toc_str_of(value)) == strlen(value) ? value : "(not UTF-8)") : json_null();
}

static json_t *instant(int64_t at)
{
    char buf[32];
    if (at == TOC_NO_TIME) return json_null();
    buf[toc_format_time(at, buf)] = 0;
    return json_string(buf);
}

static json_t *numbers(const double *values, size_t n)
{
    json_t *array = json_array();
    for (size_t i = 0; i < n; i++) json_array_append_new(array, number(values[i]));
    return array;
}

static json_t *texts(const char *const *values, size_t n)
{
    json_t *array = json_array();
    for (size_t i = 0; i < n; i++) json_array_append_new(array, text(values[i]));
    return array;
}

static json_t *reason(const warn_reason *r)
{
    json_t *o = json_object();
    json_object_set_new(o, "code", text(r->code));
    json_object_set_new(o, "text", text(r->text));
    json_object_set_new(o, "value", number(r->value));
    json_object_set_new(o, "usual", number(r->usual));
    json_object_set_new(o, "threshold", number(r->threshold));
    json_object_set_new(o, "weight", number(r->weight));
    return o;
}

static json_t *item(const warn_item *w)
{
    json_t *o = json_object(), *reasons = json_array(), *facts = json_object();

    json_object_set_new(o, "id", text(w->id));
    json_object_set_new(o, "entity_kind", text(w->entity_kind));
    json_object_set_new(o, "entity", text(w->entity));
    json_object_set_new(o, "level", text(warn_level_name(w->level)));
    json_object_set_new(o, "score", number(w->score));
    json_object_set_new(o, "money_minor", w->money_minor == TOC_NO_MONEY ? json_null() : json_integer(w->money_minor));
    json_object_set_new(o, "currency", text(w->currency));
    json_object_set_new(o, "action", text(w->action));
    for (size_t i = 0; i < w->n_reasons; i++) json_array_append_new(reasons, reason(&w->reasons[i]));
    json_object_set_new(o, "reasons", reasons);
    for (size_t i = 0; i < w->n_facts; i++) json_object_set_new(facts, w->facts[i].name, text(w->facts[i].text));
    json_object_set_new(o, "facts", facts);
    json_object_set_new(o, "evidence", texts(w->evidence, w->n_evidence));
    if (w->n_history) json_object_set_new(o, "history", numbers(w->history, w->n_history));
    if (w->n_forecast) json_object_set_new(o, "forecast", numbers(w->forecast, w->n_forecast));
    return o;
}

static json_t *backtest(const warn_backtest *b)
{
    json_t *o = json_object(), *measures = json_array(), *bins = json_array();

    json_object_set_new(o, "done", json_boolean(b->done));
    if (!b->done) json_object_set_new(o, "why_not", text(b->why_not));
    json_object_set_new(o, "as_of", instant(b->as_of));
    json_object_set_new(o, "until", instant(b->until));
    json_object_set_new(o, "n", json_integer((json_int_t)b->n));
    json_object_set_new(o, "n_positive", json_integer((json_int_t)b->n_positive));
    json_object_set_new(o, "proxy", json_boolean(b->proxy));
    json_object_set_new(o, "summary", text(b->summary));
    json_object_set_new(o, "plain", text(b->plain_name));
    for (size_t i = 0; i < b->n_measures; i++) {
        json_t *m = json_object();
        json_object_set_new(m, "name", text(b->measures[i].name));
        json_object_set_new(m, "value", number(b->measures[i].value));
        json_object_set_new(m, "plain", number(b->measures[i].plain));
        json_object_set_new(m, "meaning", text(b->measures[i].meaning));
        json_array_append_new(measures, m);
    }
    json_object_set_new(o, "measures", measures);
    for (size_t i = 0; i < b->n_bins; i++) {
        json_t *bin = json_object();
        json_object_set_new(bin, "predicted", number(b->bins[i].predicted));
        json_object_set_new(bin, "observed", number(b->bins[i].observed));
        json_object_set_new(bin, "n", json_integer((json_int_t)b->bins[i].n));
        json_array_append_new(bins, bin);
    }
    json_object_set_new(o, "calibration", bins);
    return o;
}

static void stamp(toc_ctx *ctx, json_t *o)
{
    json_object_set_new(o, "schema", json_integer(1));
    if (ctx->no_stamp) return;
    json_object_set_new(o, "version", json_string(TOC_VERSION));
    json_object_set_new(o, "written_at", instant(ctx->now));
}

static int write_piece(const char *bytes, size_t n, void *out)
{
    toc_out_write(out, bytes, n);
    return 0;
}

static toc_status dump(toc_ctx *ctx, json_t *document, toc_out *out)
{
    int bad = json_dump_callback(document, write_piece, out, JSON_INDENT(1) | JSON_REAL_PRECISION(15));
    json_decref(document);
    toc_out_str(out, "\n");
    return bad ? toc_fail(ctx, TOC_E_NOMEM, "out of memory while writing JSON") : TOC_OK;
}

toc_status rep_json(toc_ctx *ctx, const warn_list *list, size_t top, toc_out *out)
{
    json_t *o = json_object(), *items = json_array();

    stamp(ctx, o);
    json_object_set_new(o, "question", text(list->question));
    json_object_set_new(o, "title", text(list->title));
    json_object_set_new(o, "as_of", instant(list->as_of));
    json_object_set_new(o, "horizon_days", number((double)list->horizon / (double)TOC_DAY));
    json_object_set_new(o, "calibrated", json_boolean(list->calibrated));
    json_object_set_new(o, "considered", json_integer((json_int_t)list->n_considered));
    json_object_set_new(o, "backtest", backtest(&list->backtest));
    json_object_set_new(o, "notes", texts(list->notes, list->n_notes));
    json_object_set_new(o, "warnings_total", json_integer((json_int_t)list->n_items));
    for (size_t i = 0; i < rep_shown(list, top); i++) json_array_append_new(items, item(&list->items[i]));
    json_object_set_new(o, "warnings", items);
    return dump(ctx, o, out);
}

static json_t *section(const dos_section *s)
{
    json_t *o = json_object(), *rows = json_array(), *series = json_array();

    json_object_set_new(o, "heading", text(s->heading));
    json_object_set_new(o, "lead", text(s->lead));
    json_object_set_new(o, "columns", texts(s->columns, s->n_columns));
    for (size_t i = 0; i < s->n_rows; i++) json_array_append_new(rows, texts(s->cells + i * s->n_columns, s->n_columns));
    json_object_set_new(o, "rows", rows);
    for (size_t i = 0; i < s->n_series; i++) {
        json_t *line = json_object();
        json_object_set_new(line, "name", text(s->series[i].name));
        json_object_set_new(line, "values", numbers(s->series[i].values, s->series[i].n));
        json_array_append_new(series, line);
    }
    json_object_set_new(o, "series", series);
    return o;
}

toc_status rep_dossier_json(toc_ctx *ctx, const dos_dossier *d, toc_out *out)
{
    json_t *o = json_object(), *sections = json_array();

    stamp(ctx, o);
    json_object_set_new(o, "entity_kind", text(d->entity_kind));
    json_object_set_new(o, "entity", text(d->entity));
    json_object_set_new(o, "title", text(d->title));
    json_object_set_new(o, "as_of", instant(d->as_of));
    json_object_set_new(o, "verdict", d->has_verdict ? item(&d->verdict) : json_null());
    for (size_t i = 0; i < d->n_sections; i++) json_array_append_new(sections, section(&d->sections[i]));
    json_object_set_new(o, "sections", sections);
    return dump(ctx, o, out);
}
