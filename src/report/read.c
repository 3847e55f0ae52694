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
    size_t first_item; /* of this document in the list */
} reading;

static toc_status refuse(const reading *r, const char *what)
{
    return toc_fail(r->ctx, TOC_E_DATA, "%s: %s; this reads the JSON of churn, fraud and inventory (--format json)", r->path,
                    what);
}

/* A member that is there but of another kind than it should be. */
static toc_status wrong(const reading *r, const char *name, const char *should_be)
{
    return toc_fail(r->ctx, TOC_E_DATA, "%s: \"%s\" is %s", r->path, name, should_be);
}

/* The member of that name; NULL where it is missing or null. */
static const json_t *member(const json_t *o, const char *name)
{
    const json_t *value = json_object_get(o, name);
    return json_is_null(value) ? NULL : value;
}

/* A copy of a member's text in the list's arena; `otherwise` where it is missing or null. */
static toc_status text(const reading *r, const json_t *o, const char *name, const char *otherwise, const char **value)
{
    const json_t *m = member(o, name);

    *value = otherwise;
    if (!m) return TOC_OK;
    if (!json_is_string(m)) return wrong(r, name, "no text");
    return toc_arena_copy(r->ctx, &r->list->arena, json_string_value(m), json_string_length(m), value);
}

/* A text that must be there and say something. */
static toc_status need_text(const reading *r, const json_t *o, const char *name, const char **value)
{
    TOC_TRY(text(r, o, name, "", value));
    return **value ? TOC_OK : wrong(r, name, "missing in a warning");
}

/* NaN where it is missing or null, as the writer writes what is no number. */
static toc_status number(const reading *r, const json_t *o, const char *name, double *value)
{
    const json_t *m = member(o, name);

    if (m && !json_is_number(m)) return wrong(r, name, "no number");
    *value = m ? json_number_value(m) : NAN;
    return TOC_OK;
}

static toc_status instant(const reading *r, const json_t *o, const char *name, int64_t *at)
{
    const json_t *m = member(o, name);

    *at = TOC_NO_TIME;
    if (!m) return TOC_OK;
    bool good = json_is_string(m) && toc_parse_time(r->ctx, toc_str_of(json_string_value(m)), TOC_DATE_YMD, at);
    return good ? TOC_OK : wrong(r, name, "no time");
}

/* 0 where it is missing. */
static toc_status count(const reading *r, const json_t *o, const char *name, size_t *n)
{
    const json_t *m = member(o, name);

    if (m && (!json_is_integer(m) || json_integer_value(m) < 0)) return wrong(r, name, "no count");
    *n = m ? (size_t)json_integer_value(m) : 0;
    return TOC_OK;
}

static toc_status flag(const reading *r, const json_t *o, const char *name, bool *value)
{
    const json_t *m = member(o, name);

    if (m && !json_is_boolean(m)) return wrong(r, name, "neither true nor false");
    *value = json_is_true(m);
    return TOC_OK;
}

/* NULL, of size 0, where it is missing. */
static toc_status array(const reading *r, const json_t *o, const char *name, const json_t **value)
{
    *value = member(o, name);
    return *value && !json_is_array(*value) ? wrong(r, name, "no list") : TOC_OK;
}

static toc_status read_numbers(const reading *r, const json_t *o, const char *name, double **values, size_t *n)
{
    const json_t *list;

    TOC_TRY(array(r, o, name, &list));
    TOC_TRY(toc_arena_alloc(r->ctx, &r->list->arena, json_array_size(list), sizeof **values, values));
    for (*n = 0; *n < json_array_size(list); ++*n) {
        const json_t *v = json_array_get(list, *n);
        if (!json_is_number(v) && !json_is_null(v)) return wrong(r, name, "no list of numbers");
        (*values)[*n] = json_is_number(v) ? json_number_value(v) : NAN;
    }
    return TOC_OK;
}

static toc_status read_reasons(const reading *r, const json_t *o, warn_item *item)
{
    const json_t *list;

    TOC_TRY(array(r, o, "reasons", &list));
    for (size_t i = 0; i < json_array_size(list); i++) {
        const json_t *from = json_array_get(list, i);
        warn_reason reason = {0};
        const char *words;
        if (!json_is_object(from)) return refuse(r, "a reason is no object");
        TOC_TRY(text(r, from, "code", NULL, &reason.code));
        TOC_TRY(text(r, from, "text", "", &words));
        TOC_TRY(number(r, from, "value", &reason.value));
        TOC_TRY(number(r, from, "usual", &reason.usual));
        TOC_TRY(number(r, from, "threshold", &reason.threshold));
        TOC_TRY(number(r, from, "weight", &reason.weight));
        TOC_TRY(warn_add_reason(r->ctx, r->list, item, reason, "%s", words));
    }
    return TOC_OK;
}

/* Facts are columns, so all warnings of a list have the same ones in the same order. */
static toc_status read_facts(const reading *r, const json_t *o, warn_item *item)
{
    const json_t *facts = member(o, "facts");
    const warn_item *first = &r->list->items[r->first_item];
    size_t n = 0;
    bool same = true;

    if (facts && !json_is_object(facts)) return wrong(r, "facts", "no object");
    json_t *object = (json_t *)(uintptr_t)facts; /* only read */
    for (void *at = json_object_iter(object); at; at = json_object_iter_next(object, at), n++) {
        const char *key = json_object_iter_key(at), *name, *words;
        TOC_TRY(toc_arena_copy(r->ctx, &r->list->arena, key, strlen(key), &name));
        TOC_TRY(text(r, facts, name, "", &words));
        TOC_TRY(warn_add_fact(r->ctx, r->list, item, name, "%s", words));
        same = same && n < first->n_facts && strcmp(first->facts[n].name, name) == 0;
    }
    return same && n == first->n_facts ? TOC_OK : refuse(r, "warnings differ in the names of their facts");
}

static toc_status read_evidence(const reading *r, const json_t *o, warn_item *item)
{
    const json_t *list;

    TOC_TRY(array(r, o, "evidence", &list));
    for (size_t i = 0; i < json_array_size(list); i++) {
        const char *id = json_string_value(json_array_get(list, i));
        if (!id) return wrong(r, "evidence", "no list of texts");
        TOC_TRY(warn_add_evidence(r->ctx, r->list, item, id));
    }
    return TOC_OK;
}

static toc_status read_item(const reading *r, const json_t *o)
{
    const json_t *money = member(o, "money_minor");
    const char *level;
    warn_item *item;

    if (!json_is_object(o)) return refuse(r, "a warning is no object");
    TOC_TRY(warn_add(r->ctx, r->list, &item));
    TOC_TRY(need_text(r, o, "id", &item->id));
    TOC_TRY(need_text(r, o, "entity_kind", &item->entity_kind));
    TOC_TRY(need_text(r, o, "entity", &item->entity));
    TOC_TRY(text(r, o, "currency", "", &item->currency));
    TOC_TRY(text(r, o, "action", "", &item->action));
    TOC_TRY(text(r, o, "level", "", &level));
    if (!warn_level_of(toc_str_of(level), &item->level)) return refuse(r, "a warning has no level");
    TOC_TRY(number(r, o, "score", &item->score));
    if (money && !json_is_integer(money)) return wrong(r, "money_minor", "no whole number");
    if (money) item->money_minor = json_integer_value(money);
    TOC_TRY(read_reasons(r, o, item));
    TOC_TRY(read_facts(r, o, item));
    TOC_TRY(read_evidence(r, o, item));
    TOC_TRY(read_numbers(r, o, "history", &item->history, &item->n_history));
    return read_numbers(r, o, "forecast", &item->forecast, &item->n_forecast);
}

static toc_status read_measures(const reading *r, const json_t *o)
{
    const json_t *list;

    TOC_TRY(array(r, o, "measures", &list));
    for (size_t i = 0; i < json_array_size(list); i++) {
        const json_t *m = json_array_get(list, i);
        const char *name, *meaning;
        double value, plain;
        if (!json_is_object(m)) return refuse(r, "a measure is no object");
        TOC_TRY(text(r, m, "name", "", &name));
        TOC_TRY(text(r, m, "meaning", NULL, &meaning));
        TOC_TRY(number(r, m, "value", &value));
        TOC_TRY(number(r, m, "plain", &plain));
        TOC_TRY(warn_add_measure(r->ctx, r->list, name, value, plain, meaning));
    }
    return TOC_OK;
}

static toc_status read_bins(const reading *r, const json_t *o, warn_backtest *b)
{
    const json_t *list;

    TOC_TRY(array(r, o, "calibration", &list));
    TOC_TRY(toc_arena_alloc(r->ctx, &r->list->arena, json_array_size(list), sizeof *b->bins, &b->bins));
    for (; b->n_bins < json_array_size(list); b->n_bins++) {
        const json_t *from = json_array_get(list, b->n_bins);
        warn_bin *bin = &b->bins[b->n_bins];
        if (!json_is_object(from)) return refuse(r, "a group of the calibration is no object");
        TOC_TRY(number(r, from, "predicted", &bin->predicted));
        TOC_TRY(number(r, from, "observed", &bin->observed));
        TOC_TRY(count(r, from, "n", &bin->n));
    }
    return TOC_OK;
}

static toc_status read_backtest(const reading *r, const json_t *o)
{
    warn_backtest *b = &r->list->backtest;

    if (o && !json_is_object(o)) return wrong(r, "backtest", "no object");
    *b = (warn_backtest){0};
    TOC_TRY(flag(r, o, "done", &b->done));
    TOC_TRY(flag(r, o, "proxy", &b->proxy));
    TOC_TRY(instant(r, o, "as_of", &b->as_of));
    TOC_TRY(instant(r, o, "until", &b->until));
    TOC_TRY(count(r, o, "n", &b->n));
    TOC_TRY(count(r, o, "n_positive", &b->n_positive));
    TOC_TRY(text(r, o, "why_not", NULL, &b->why_not));
    TOC_TRY(text(r, o, "summary", NULL, &b->summary));
    TOC_TRY(text(r, o, "plain", NULL, &b->plain_name));
    TOC_TRY(read_measures(r, o));
    return read_bins(r, o, b);
}

static toc_status read_document(const reading *r, const json_t *o)
{
    const json_t *items = member(o, "warnings"), *notes;
    double horizon;

    if (!json_is_object(o) || !json_is_array(items)) return refuse(r, "no list of warnings");
    if (json_integer_value(json_object_get(o, "schema")) != 1) return refuse(r, "not schema 1");
    TOC_TRY(text(r, o, "question", "", &r->list->question));
    TOC_TRY(text(r, o, "title", NULL, &r->list->title));
    TOC_TRY(instant(r, o, "as_of", &r->list->as_of));
    if (r->list->as_of == TOC_NO_TIME) return refuse(r, "no as_of");
    TOC_TRY(number(r, o, "horizon_days", &horizon));
    r->list->horizon = horizon > 0 && horizon < 1e6 ? llround(horizon * (double)TOC_DAY) : 0;
    TOC_TRY(flag(r, o, "calibrated", &r->list->calibrated));
    TOC_TRY(count(r, o, "considered", &r->list->n_considered));
    TOC_TRY(read_backtest(r, member(o, "backtest")));
    TOC_TRY(array(r, o, "notes", &notes));
    for (size_t i = 0; i < json_array_size(notes); i++) {
        const char *note = json_string_value(json_array_get(notes, i));
        if (!note) return wrong(r, "notes", "no list of texts");
        TOC_TRY(warn_note(r->ctx, r->list, "%s", note));
    }
    for (size_t i = 0; i < json_array_size(items); i++) TOC_TRY(read_item(r, json_array_get(items, i)));
    return TOC_OK;
}

toc_status rep_parse_json(toc_ctx *ctx, toc_str document, const char *path, warn_list *list)
{
    reading r = { ctx, list, path, list->n_items };
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
