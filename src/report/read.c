/* read.c: warnings back from the JSON that json.c writes, schema 1, so that a report can be made where it is read. */
#include "report/report.h"

#include <jansson.h>
#include <math.h>

#include "report/report_int.h"

/* One document being read into a list. */
typedef struct {
    toc_ctx *ctx;
    warn_list *list;
    const char *path;
} reading;

static toc_status refuse(const reading *r, const char *what)
{
    return toc_fail(r->ctx, TOC_E_DATA, "%s: %s; this reads the JSON of churn, fraud and inventory (--format json)", r->path, what);
}

/* A copy of a member's text in the list's arena; "" where it is missing or null. */
static toc_status text(const reading *r, const json_t *o, const char *name, const char **value)
{
    const json_t *member = json_object_get(o, name);
    const char *s = json_string_value(member);

    if (member && !s && !json_is_null(member)) return toc_fail(r->ctx, TOC_E_DATA, "%s: \"%s\" is no text", r->path, name);
    return toc_arena_copy(r->ctx, &r->list->arena, s ? s : "", s ? strlen(s) : 0, value);
}

static double number(const json_t *o, const char *name)
{
    const json_t *member = json_object_get(o, name);
    return json_is_number(member) ? json_number_value(member) : NAN;
}

static int64_t instant(const reading *r, const json_t *o, const char *name)
{
    int64_t at = TOC_NO_TIME;
    const char *s = json_string_value(json_object_get(o, name));

    if (s && !toc_parse_time(r->ctx, toc_str_of(s), TOC_DATE_YMD, &at)) return TOC_NO_TIME;
    return at;
}

static size_t count(const json_t *o, const char *name)
{
    double n = number(o, name);
    return n >= 0 && n < 1e15 ? (size_t)n : 0;
}

static toc_status read_numbers(const reading *r, const json_t *array, double **values, size_t *n)
{
    *n = json_array_size(array);
    TOC_TRY(toc_arena_alloc(r->ctx, &r->list->arena, *n, sizeof **values, values));
    for (size_t i = 0; i < *n; i++) {
        const json_t *v = json_array_get(array, i);
        (*values)[i] = json_is_number(v) ? json_number_value(v) : NAN;
    }
    return TOC_OK;
}

static toc_status read_reason(const reading *r, const json_t *o, warn_item *item)
{
    warn_reason reason = { .value = number(o, "value"), .usual = number(o, "usual"), .threshold = number(o, "threshold"), .weight = number(o, "weight") };
    const char *words;

    if (!json_is_object(o)) return refuse(r, "a reason is no object");
    TOC_TRY(text(r, o, "code", &reason.code));
    TOC_TRY(text(r, o, "text", &words));
    return warn_add_reason(r->ctx, r->list, item, reason, "%s", words);
}

static toc_status read_lists(const reading *r, const json_t *o, warn_item *item)
{
    const json_t *reasons = json_object_get(o, "reasons"), *evidence = json_object_get(o, "evidence"), *facts = json_object_get(o, "facts"), *fact;
    const char *name, *copy;

    for (size_t i = 0; i < json_array_size(reasons); i++) TOC_TRY(read_reason(r, json_array_get(reasons, i), item));
    for (size_t i = 0; i < json_array_size(evidence); i++) {
        const char *id = json_string_value(json_array_get(evidence, i));
        if (!id) return refuse(r, "evidence is no text");
        TOC_TRY(warn_add_evidence(r->ctx, r->list, item, id));
    }
    json_object_foreach((json_t *)(uintptr_t)facts, name, fact) {
        TOC_TRY(toc_arena_copy(r->ctx, &r->list->arena, name, strlen(name), &copy));
        TOC_TRY(warn_add_fact(r->ctx, r->list, item, copy, "%s", json_string_value(fact) ? json_string_value(fact) : ""));
    }
    TOC_TRY(read_numbers(r, json_object_get(o, "history"), &item->history, &item->n_history));
    return read_numbers(r, json_object_get(o, "forecast"), &item->forecast, &item->n_forecast);
}

static toc_status read_item(const reading *r, const json_t *o)
{
    const json_t *money = json_object_get(o, "money_minor");
    const char *level;
    warn_item *item;

    if (!json_is_object(o)) return refuse(r, "a warning is no object");
    TOC_TRY(warn_add(r->ctx, r->list, &item));
    TOC_TRY(text(r, o, "id", &item->id));
    TOC_TRY(text(r, o, "entity_kind", &item->entity_kind));
    TOC_TRY(text(r, o, "entity", &item->entity));
    TOC_TRY(text(r, o, "currency", &item->currency));
    TOC_TRY(text(r, o, "action", &item->action));
    TOC_TRY(text(r, o, "level", &level));
    if (!warn_level_of(toc_str_of(level), &item->level)) return refuse(r, "a warning has no level");
    item->score = number(o, "score");
    if (json_is_integer(money)) item->money_minor = json_integer_value(money);
    return read_lists(r, o, item);
}

static toc_status read_backtest(const reading *r, const json_t *o)
{
    warn_backtest *b = &r->list->backtest;
    const json_t *measures = json_object_get(o, "measures"), *bins = json_object_get(o, "calibration");

    *b = (warn_backtest){ .done = json_is_true(json_object_get(o, "done")), .as_of = instant(r, o, "as_of"), .until = instant(r, o, "until"),
                          .n = count(o, "n"), .n_positive = count(o, "n_positive"), .proxy = json_is_true(json_object_get(o, "proxy")) };
    TOC_TRY(text(r, o, "why_not", &b->why_not));
    TOC_TRY(text(r, o, "summary", &b->summary));
    TOC_TRY(text(r, o, "plain", &b->plain_name));
    for (size_t i = 0; i < json_array_size(measures); i++) {
        const json_t *m = json_array_get(measures, i);
        const char *name, *meaning;
        TOC_TRY(text(r, m, "name", &name));
        TOC_TRY(text(r, m, "meaning", &meaning));
        TOC_TRY(warn_add_measure(r->ctx, r->list, name, number(m, "value"), number(m, "plain"), meaning));
    }
    TOC_TRY(toc_arena_alloc(r->ctx, &r->list->arena, json_array_size(bins), sizeof *b->bins, &b->bins));
    for (; b->n_bins < json_array_size(bins); b->n_bins++) {
        const json_t *bin = json_array_get(bins, b->n_bins);
        b->bins[b->n_bins] = (warn_bin){ number(bin, "predicted"), number(bin, "observed"), count(bin, "n") };
    }
    return TOC_OK;
}

static toc_status read_document(const reading *r, const json_t *o)
{
    const json_t *items = json_object_get(o, "warnings"), *notes = json_object_get(o, "notes");
    double horizon = number(o, "horizon_days");

    if (!json_is_object(o) || !json_is_array(items)) return refuse(r, "no list of warnings");
    if (json_integer_value(json_object_get(o, "schema")) != 1) return refuse(r, "not schema 1");
    TOC_TRY(text(r, o, "question", &r->list->question));
    TOC_TRY(text(r, o, "title", &r->list->title));
    r->list->as_of = instant(r, o, "as_of");
    if (r->list->as_of == TOC_NO_TIME) return refuse(r, "no as_of");
    r->list->horizon = horizon > 0 && horizon < 1e6 ? (int64_t)(horizon * (double)TOC_DAY) : 0;
    r->list->calibrated = json_is_true(json_object_get(o, "calibrated"));
    r->list->n_considered = count(o, "considered");
    TOC_TRY(read_backtest(r, json_object_get(o, "backtest")));
    for (size_t i = 0; i < json_array_size(notes); i++) {
        const char *note = json_string_value(json_array_get(notes, i));
        if (note) TOC_TRY(warn_note(r->ctx, r->list, "%s", note));
    }
    for (size_t i = 0; i < json_array_size(items); i++) TOC_TRY(read_item(r, json_array_get(items, i)));
    return TOC_OK;
}

toc_status rep_parse_json(toc_ctx *ctx, toc_str document, const char *path, warn_list *list)
{
    reading r = { ctx, list, path };
    json_error_t error;
    json_t *o = json_loadb(document.p, document.n, JSON_REJECT_DUPLICATES, &error);

    if (!o) return toc_fail(ctx, TOC_E_DATA, "%s:%d:%d: no JSON: %s", path, error.line, error.column, error.text);
    toc_status st = read_document(&r, o);
    json_decref(o);
    return st;
}

toc_status rep_read_json(toc_ctx *ctx, const char *path, warn_list *list)
{
    toc_buf content = {0};
    toc_status st = toc_read_file(ctx, path, &content);

    if (!st) st = rep_parse_json(ctx, (toc_str){ content.p, content.n }, strcmp(path, "-") == 0 ? "standard input" : path, list);
    toc_buf_release(&content);
    return st;
}
