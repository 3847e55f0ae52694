/* test_report_read.c: what report writes as JSON it reads back equal; damaged JSON is refused in words; markup, terminal escapes
 * and formulas in what came from a shop stay text. */
#include "report/report.h"
#include "../scratch.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <unistd.h>
#include <cmocka.h>

static toc_ctx ctx;
static const char *path;

/* ---- writing into memory ---- */

static toc_out *open_out(void)
{
    static toc_out out;
    assert_int_equal(toc_out_open(&ctx, path, true, &out), TOC_OK);
    return &out;
}

/* The written file; released by the caller. */
static toc_buf close_out(toc_out *out)
{
    toc_buf content = {0};
    assert_int_equal(toc_out_close(&ctx, out), TOC_OK);
    assert_int_equal(toc_read_file(&ctx, path, &content), TOC_OK);
    return content;
}

static toc_buf written(const warn_list *list, size_t top, rep_format format)
{
    toc_out *out = open_out();
    assert_int_equal(rep_write(&ctx, list, top, format, out), TOC_OK);
    return close_out(out);
}

static toc_status parse(toc_buf json, warn_list *list)
{
    warn_list_init(list, "");
    ctx.message[0] = 0;
    return rep_parse_json(&ctx, (toc_str){ json.p, json.n }, "in.json", list);
}

/* ---- lists by chance ---- */

static const char *random_text(toc_rng *rng, warn_list *list)
{
    static const char *const pieces[] = {
        "a", "Z", " ", "\"", "\\", "/", "\n", "\t", "\x01", "\x1b", "\x7f", "<b>", "&", "ß", "客", "😀", "{", ",",
    };
    toc_buf buf = {0};
    const char *copy;

    assert_int_equal(toc_buf_str(&ctx, &buf, "t"), TOC_OK);
    for (size_t k = toc_rng_below(rng, 12); k > 0; k--)
        assert_int_equal(toc_buf_str(&ctx, &buf, pieces[toc_rng_below(rng, TOC_COUNT(pieces))]), TOC_OK);
    assert_int_equal(toc_arena_copy(&ctx, &list->arena, buf.p, buf.n, &copy), TOC_OK);
    toc_buf_release(&buf);
    return copy;
}

/* Sometimes missing, sometimes huge, sometimes with many digits. */
static double random_number(toc_rng *rng)
{
    switch (toc_rng_below(rng, 6)) {
    case 0: return NAN;
    case 1: return 0;
    case 2: return (double)toc_rng_below(rng, 1000);
    case 3: return -1e300 * toc_rng_unit(rng);
    case 4: return 1e-300 * toc_rng_unit(rng);
    default: return toc_rng_unit(rng);
    }
}

static double *random_numbers(toc_rng *rng, warn_list *list, size_t n)
{
    double *values;
    assert_int_equal(toc_arena_alloc(&ctx, &list->arena, n, sizeof *values, &values), TOC_OK);
    for (size_t i = 0; i < n; i++) values[i] = random_number(rng);
    return values;
}

static void add_random_item(toc_rng *rng, warn_list *list)
{
    static const int64_t moneys[] = { TOC_NO_MONEY, 0, -12345, 99, INT64_MAX, INT64_MIN + 1 };
    static const char *const facts[] = { "orders", "naïve \"name\"", "" };
    warn_item *item;

    assert_int_equal(warn_add(&ctx, list, &item), TOC_OK);
    item->id = random_text(rng, list);
    item->entity_kind = random_text(rng, list);
    item->entity = random_text(rng, list);
    item->score = random_number(rng);
    item->level = (warn_level)toc_rng_below(rng, 3);
    item->money_minor = moneys[toc_rng_below(rng, TOC_COUNT(moneys))];
    if (toc_rng_below(rng, 2)) item->currency = random_text(rng, list);
    if (toc_rng_below(rng, 2)) item->action = random_text(rng, list);
    for (size_t k = toc_rng_below(rng, 4); k > 0; k--) {
        warn_reason reason = { .value = random_number(rng), .usual = random_number(rng), .threshold = random_number(rng),
                               .weight = random_number(rng) };
        if (k != 2) reason.code = random_text(rng, list);
        assert_int_equal(warn_add_reason(&ctx, list, item, reason, "%s", random_text(rng, list)), TOC_OK);
    }
    for (size_t k = 0; k < TOC_COUNT(facts); k++)
        assert_int_equal(warn_add_fact(&ctx, list, item, facts[k], "%s", k ? random_text(rng, list) : ""), TOC_OK);
    for (size_t k = toc_rng_below(rng, 4); k > 0; k--)
        assert_int_equal(warn_add_evidence(&ctx, list, item, random_text(rng, list)), TOC_OK);
    item->history = random_numbers(rng, list, item->n_history = toc_rng_below(rng, 4));
    item->forecast = random_numbers(rng, list, item->n_forecast = toc_rng_below(rng, 3));
}

static void make_random_list(toc_rng *rng, warn_list *list)
{
    warn_backtest *b = &list->backtest;

    warn_list_init(list, "fraud");
    if (toc_rng_below(rng, 2)) list->title = random_text(rng, list);
    list->as_of = (int64_t)toc_rng_below(rng, UINT64_C(4000000000000000));
    list->horizon = (int64_t)toc_rng_below(rng, 400 * (uint64_t)TOC_DAY);
    list->calibrated = toc_rng_below(rng, 2);
    list->n_considered = toc_rng_below(rng, 1u << 30);
    b->done = toc_rng_below(rng, 2);
    b->proxy = toc_rng_below(rng, 2);
    if (!b->done) b->why_not = random_text(rng, list);
    if (b->done) b->summary = random_text(rng, list);
    if (b->done) b->plain_name = random_text(rng, list);
    if (b->done) b->as_of = list->as_of - list->horizon;
    if (b->done) b->until = list->as_of;
    b->n = toc_rng_below(rng, 1000);
    b->n_positive = toc_rng_below(rng, 1000);
    for (size_t k = toc_rng_below(rng, 4); k > 0; k--)
        assert_int_equal(warn_add_measure(&ctx, list, random_text(rng, list), random_number(rng), random_number(rng),
                                          k == 2 ? NULL : random_text(rng, list)), TOC_OK);
    b->n_bins = toc_rng_below(rng, 4);
    assert_int_equal(toc_arena_alloc(&ctx, &list->arena, b->n_bins, sizeof *b->bins, &b->bins), TOC_OK);
    for (size_t k = 0; k < b->n_bins; k++)
        b->bins[k] = (warn_bin){ toc_rng_unit(rng), toc_rng_unit(rng), toc_rng_below(rng, 99) };
    for (size_t k = toc_rng_below(rng, 3); k > 0; k--)
        assert_int_equal(warn_note(&ctx, list, "%s", random_text(rng, list)), TOC_OK);
    for (size_t k = toc_rng_below(rng, 5); k > 0; k--) add_random_item(rng, list);
}

/* ---- equal ---- */

/* JSON carries 15 digits, which every decimal of 15 digits survives; the last two of a double's 17 may go. */
static void same_number(double a, double b)
{
    if (isnan(a)) assert_true(isnan(b));
    else assert_true(fabs(a - b) <= 1e-14 * fabs(a));
}

static void same_text(const char *a, const char *b)
{
    if (!a) assert_null(b);
    else assert_string_equal(a, b);
}

static void same_item(const warn_item *a, const warn_item *b)
{
    same_text(a->id, b->id);
    same_text(a->entity_kind, b->entity_kind);
    same_text(a->entity, b->entity);
    same_number(a->score, b->score);
    assert_int_equal(a->level, b->level);
    assert_true(a->money_minor == b->money_minor);
    same_text(a->currency, b->currency);
    same_text(a->action, b->action);
    assert_int_equal(a->n_reasons, b->n_reasons);
    for (size_t k = 0; k < a->n_reasons; k++) {
        same_text(a->reasons[k].code, b->reasons[k].code);
        same_text(a->reasons[k].text, b->reasons[k].text);
        same_number(a->reasons[k].value, b->reasons[k].value);
        same_number(a->reasons[k].usual, b->reasons[k].usual);
        same_number(a->reasons[k].threshold, b->reasons[k].threshold);
        same_number(a->reasons[k].weight, b->reasons[k].weight);
    }
    assert_int_equal(a->n_facts, b->n_facts);
    for (size_t k = 0; k < a->n_facts; k++) {
        same_text(a->facts[k].name, b->facts[k].name);
        same_text(a->facts[k].text, b->facts[k].text);
    }
    assert_int_equal(a->n_evidence, b->n_evidence);
    for (size_t k = 0; k < a->n_evidence; k++) same_text(a->evidence[k], b->evidence[k]);
    assert_int_equal(a->n_history, b->n_history);
    for (size_t k = 0; k < a->n_history; k++) same_number(a->history[k], b->history[k]);
    assert_int_equal(a->n_forecast, b->n_forecast);
    for (size_t k = 0; k < a->n_forecast; k++) same_number(a->forecast[k], b->forecast[k]);
}

static void same_backtest(const warn_backtest *a, const warn_backtest *b)
{
    assert_int_equal(a->done, b->done);
    assert_int_equal(a->proxy, b->proxy);
    assert_true(a->as_of == b->as_of && a->until == b->until);
    assert_int_equal(a->n, b->n);
    assert_int_equal(a->n_positive, b->n_positive);
    same_text(a->why_not, b->why_not);
    same_text(a->summary, b->summary);
    same_text(a->plain_name, b->plain_name);
    assert_int_equal(a->n_measures, b->n_measures);
    for (size_t k = 0; k < a->n_measures; k++) {
        same_text(a->measures[k].name, b->measures[k].name);
        same_text(a->measures[k].meaning, b->measures[k].meaning);
        same_number(a->measures[k].value, b->measures[k].value);
        same_number(a->measures[k].plain, b->measures[k].plain);
    }
    assert_int_equal(a->n_bins, b->n_bins);
    for (size_t k = 0; k < a->n_bins; k++) {
        same_number(a->bins[k].predicted, b->bins[k].predicted);
        same_number(a->bins[k].observed, b->bins[k].observed);
        assert_int_equal(a->bins[k].n, b->bins[k].n);
    }
}

static void same_list(const warn_list *a, const warn_list *b)
{
    same_text(a->question, b->question);
    same_text(a->title, b->title);
    assert_true(a->as_of == b->as_of && a->horizon == b->horizon);
    assert_int_equal(a->calibrated, b->calibrated);
    assert_int_equal(a->n_considered, b->n_considered);
    same_backtest(&a->backtest, &b->backtest);
    assert_int_equal(a->n_notes, b->n_notes);
    for (size_t k = 0; k < a->n_notes; k++) same_text(a->notes[k], b->notes[k]);
    assert_int_equal(a->n_items, b->n_items);
    for (size_t k = 0; k < a->n_items; k++) same_item(&a->items[k], &b->items[k]);
}

static void written_lists_are_read_back_equal(void **state)
{
    toc_rng rng = toc_rng_new(3, 1);
    (void)state;

    for (int k = 0; k < 300; k++) {
        warn_list list, again;
        make_random_list(&rng, &list);
        toc_buf json = written(&list, 0, REP_JSON);
        assert_int_equal(parse(json, &again), TOC_OK);
        same_list(&list, &again);
        toc_buf twice = written(&again, 0, REP_JSON);
        assert_string_equal(json.p, twice.p);
        toc_buf_release(&json);
        toc_buf_release(&twice);
        warn_release(&list);
        warn_release(&again);
    }
}

static void only_the_top_is_written(void **state)
{
    toc_rng rng = toc_rng_new(4, 1);
    warn_list list, again;
    (void)state;

    warn_list_init(&list, "fraud");
    list.as_of = 0;
    for (int k = 0; k < 5; k++) add_random_item(&rng, &list);
    toc_buf json = written(&list, 2, REP_JSON);
    assert_non_null(strstr(json.p, "\"warnings_total\": 5"));
    assert_int_equal(parse(json, &again), TOC_OK);
    assert_int_equal(again.n_items, 2);
    same_item(&list.items[1], &again.items[1]);
    toc_buf_release(&json);
    warn_release(&list);
    warn_release(&again);
}

/* ---- damage ---- */

#define HEAD "{\"schema\": 1, \"as_of\": \"2026-01-01T00:00:00Z\", "
#define ITEM "\"id\": \"i\", \"entity_kind\": \"k\", \"entity\": \"e\", \"level\": \"notice\""
#define ONE(members) HEAD "\"warnings\": [{" ITEM members "}]}"

static const struct {
    const char *json, *says;
} damages[] = {
    { "", "in.json:1:0: no JSON" },
    { "hello", "in.json:1:" },
    { "{\"schema\": 1,\n \"warnings\": [}", "in.json:2:" },
    { "[]", "no list of warnings" },
    { "7", "no JSON" },
    { "{\"schema\": 1}", "no list of warnings" },
    { "{\"schema\": 1, \"warnings\": {}}", "no list of warnings" },
    { "{\"schema\": 2, \"warnings\": []}", "not schema 1" },
    { "{\"schema\": \"1\", \"warnings\": []}", "not schema 1" },
    { "{\"schema\": 1, \"schema\": 1, \"warnings\": []}", "duplicate" },
    { "{\"schema\": 1, \"warnings\": []}", "no as_of" },
    { "{\"schema\": 1, \"warnings\": [], \"as_of\": \"soon\"}", "\"as_of\" is no time" },
    { "{\"schema\": 1, \"warnings\": [], \"as_of\": 7}", "\"as_of\" is no time" },
    { HEAD "\"warnings\": []} x", "in.json:1:" },
    { HEAD "\"warnings\": [], \"title\": 7}", "\"title\" is no text" },
    { HEAD "\"warnings\": [], \"horizon_days\": \"30\"}", "\"horizon_days\" is no number" },
    { HEAD "\"warnings\": [], \"calibrated\": 1}", "\"calibrated\" is neither true nor false" },
    { HEAD "\"warnings\": [], \"considered\": -3}", "\"considered\" is no count" },
    { HEAD "\"warnings\": [], \"considered\": 1.5}", "\"considered\" is no count" },
    { HEAD "\"warnings\": [], \"notes\": \"n\"}", "\"notes\" is no list" },
    { HEAD "\"warnings\": [], \"notes\": [1]}", "\"notes\" is no list of texts" },
    { HEAD "\"warnings\": [], \"backtest\": []}", "\"backtest\" is no object" },
    { HEAD "\"warnings\": [], \"backtest\": {\"done\": \"yes\"}}", "\"done\" is neither true nor false" },
    { HEAD "\"warnings\": [], \"backtest\": {\"measures\": [3]}}", "a measure is no object" },
    { HEAD "\"warnings\": [], \"backtest\": {\"measures\": [{\"value\": \"x\"}]}}", "\"value\" is no number" },
    { HEAD "\"warnings\": [], \"backtest\": {\"calibration\": [[]]}}", "a group of the calibration is no object" },
    { HEAD "\"warnings\": [7]}", "a warning is no object" },
    { HEAD "\"warnings\": [{}]}", "\"id\" is missing" },
    { HEAD "\"warnings\": [{\"id\": \"i\", \"entity_kind\": \"k\"}]}", "\"entity\" is missing" },
    { HEAD "\"warnings\": [{\"id\": \"i\", \"entity_kind\": \"k\", \"entity\": \"e\", \"level\": \"loud\"}]}", "no level" },
    { ONE(", \"score\": \"0.9\""), "\"score\" is no number" },
    { ONE(", \"money_minor\": 1.5"), "\"money_minor\" is no whole number" },
    { ONE(", \"money_minor\": 99999999999999999999"), "in.json:1:" },
    { ONE(", \"score\": 1e999"), "in.json:1:" },
    { ONE(", \"reasons\": {}"), "\"reasons\" is no list" },
    { ONE(", \"reasons\": [\"r\"]"), "a reason is no object" },
    { ONE(", \"reasons\": [{\"code\": 1}]"), "\"code\" is no text" },
    { ONE(", \"reasons\": [{\"weight\": \"1\"}]"), "\"weight\" is no number" },
    { ONE(", \"facts\": []"), "\"facts\" is no object" },
    { ONE(", \"facts\": {\"f\": 1}"), "\"f\" is no text" },
    { ONE(", \"evidence\": \"o1\""), "\"evidence\" is no list" },
    { ONE(", \"evidence\": [1]"), "\"evidence\" is no list of texts" },
    { ONE(", \"history\": [1, \"2\"]"), "\"history\" is no list of numbers" },
    { ONE(", \"entity2\": \"\\u0000\""), "in.json:1:" },
    { ONE("}, {" ITEM ", \"facts\": {\"f\": \"\"}"), "differ in the names of their facts" },
    { ONE(", \"facts\": {\"f\": \"\"}}, {" ITEM), "differ in the names of their facts" },
    { ONE(", \"facts\": {\"f\": \"\", \"g\": \"\"}}, {" ITEM ", \"facts\": {\"g\": \"\", \"f\": \"\"}"), "differ in the names" },
};

static void damage_is_named(void **state)
{
    (void)state;
    for (size_t i = 0; i < TOC_COUNT(damages); i++) {
        warn_list list;
        warn_list_init(&list, "");
        ctx.message[0] = 0;
        toc_status st = rep_parse_json(&ctx, toc_str_of(damages[i].json), "in.json", &list);
        if (st != TOC_E_DATA || !strstr(ctx.message, damages[i].says) || strncmp(ctx.message, "in.json:", 8) != 0)
            fail_msg("%s: status %d, \"%s\"; wanted \"%s\"", damages[i].json, st, ctx.message, damages[i].says);
        warn_release(&list);
    }
}

/* Every beginning of a document is refused; whatever one byte becomes, it is read or refused with a message. */
static void cut_and_garbled_documents(void **state)
{
    toc_rng rng = toc_rng_new(5, 1);
    warn_list list, again;
    size_t refused = 0;
    (void)state;

    warn_list_init(&list, "fraud");
    list.as_of = 0;
    for (int k = 0; k < 3; k++) add_random_item(&rng, &list);
    toc_buf json = written(&list, 0, REP_JSON);
    while (json.n && json.p[json.n - 1] != '}') json.n--;
    for (size_t n = 0; n < json.n; n++) {
        assert_int_equal(parse((toc_buf){ .p = json.p, .n = n }, &again), TOC_E_DATA);
        assert_true(strncmp(ctx.message, "in.json:", 8) == 0);
        warn_release(&again);
    }
    for (int k = 0; k < 5000; k++) {
        size_t at = toc_rng_below(&rng, json.n);
        char kept = json.p[at];
        json.p[at] = (char)toc_rng_below(&rng, 256);
        toc_status st = parse(json, &again);
        assert_true(st == TOC_OK || (st == TOC_E_DATA && strncmp(ctx.message, "in.json:", 8) == 0));
        refused += st != TOC_OK;
        json.p[at] = kept;
        warn_release(&again);
    }
    assert_true(refused > 1000);
    toc_buf_release(&json);
    warn_release(&list);
}

static void files_are_read_and_missing_ones_named(void **state)
{
    warn_list list;
    (void)state;

    warn_list_init(&list, "");
    ctx.message[0] = 0;
    assert_int_equal(rep_read_json(&ctx, "/nowhere/at/all.json", &list), TOC_E_IO);
    assert_non_null(strstr(ctx.message, "/nowhere/at/all.json"));
    warn_release(&list);
    toc_rng rng = toc_rng_new(6, 1);
    warn_list one, again;
    make_random_list(&rng, &one);
    assert_int_equal(rep_write_file(&ctx, &one, 0, REP_JSON, path), TOC_OK);
    warn_list_init(&again, "");
    assert_int_equal(rep_read_json(&ctx, path, &again), TOC_OK);
    same_list(&one, &again);
    warn_release(&one);
    warn_release(&again);
}

/* ---- what came from a shop stays text ---- */

/* Eight bytes, the length of MILD, so that padded columns stay where they are. "<script>" would fit a currency. */
static const char *const hostile[] = {
    "<script>", "\"><i x='", "&lt;\x1b[2J", "</b><!--", "--&amp;>", "\x9b\xc2\x9b\n\r\t\x7f\x01",
};
#define MILD "QZQZQZQZ"

/* A list with `mark` wherever a text may come from input. */
static void mark_list(warn_list *list, const char *mark)
{
    static double history[] = { 1, 2, 3 };

    warn_list_init(list, mark);
    list->title = mark;
    list->as_of = 0;
    list->backtest = (warn_backtest){ .done = true, .until = TOC_DAY, .proxy = true, .summary = mark, .plain_name = mark };
    assert_int_equal(warn_add_measure(&ctx, list, mark, 0.5, 0.25, mark), TOC_OK);
    assert_int_equal(warn_note(&ctx, list, "%s", mark), TOC_OK);
    for (int k = 0; k < 2; k++) {
        warn_item *item;
        assert_int_equal(warn_add(&ctx, list, &item), TOC_OK);
        item->id = item->entity = item->currency = item->action = mark;
        item->entity_kind = k ? mark : "order"; /* another than the first one's is shown in the row */
        item->money_minor = 12345;
        item->history = history;
        item->n_history = 3;
        assert_int_equal(warn_add_reason(&ctx, list, item, (warn_reason){ .code = mark }, "%s", mark), TOC_OK);
        assert_int_equal(warn_add_fact(&ctx, list, item, mark, "%s", mark), TOC_OK);
        assert_int_equal(warn_add_evidence(&ctx, list, item, mark), TOC_OK);
    }
}

static void mark_dossier(dos_dossier *d, const char *mark)
{
    static const double values[] = { 1, 5, 2 };
    const char *columns[] = { mark };
    warn_list list;
    dos_section *s;

    dos_init(d, "merchant");
    d->entity = d->title = mark;
    d->as_of = 0;
    mark_list(&list, mark);
    d->verdict = list.items[0];
    d->has_verdict = true;
    d->arena = list.arena;
    list.arena.head = NULL;
    warn_release(&list);
    assert_int_equal(dos_add_section(&ctx, d, mark, mark, &s), TOC_OK);
    assert_int_equal(dos_table(&ctx, d, s, columns, 1, 1), TOC_OK);
    assert_int_equal(dos_set_cell(&ctx, d, s, 0, 0, "%s", mark), TOC_OK);
    assert_int_equal(dos_add_series(&ctx, d, s, mark, values, 3), TOC_OK);
    s->x_first = s->x_last = mark;
}

typedef enum { PAGE, NIGHT, DOSSIER, PLAIN, PLAIN_DOSSIER, N_OUTPUTS } output;

static toc_buf output_of(output what, const char *mark)
{
    warn_list list;
    dos_dossier dossier;
    toc_out *out = open_out();
    toc_status st = TOC_OK;

    mark_list(&list, mark);
    mark_dossier(&dossier, mark);
    const warn_list *lists[] = { &list };
    const rep_link links[] = { { mark, mark } };
    switch (what) {
    case PAGE: st = rep_write(&ctx, &list, 0, REP_HTML, out); break;
    case NIGHT: st = rep_write_night(&ctx, lists, 1, 0, links, 1, out); break;
    case DOSSIER: st = rep_write_dossier(&ctx, &dossier, REP_HTML, out); break;
    case PLAIN: st = rep_write(&ctx, &list, 0, REP_TEXT, out); break;
    default: st = rep_write_dossier(&ctx, &dossier, REP_TEXT, out);
    }
    assert_int_equal(st, TOC_OK);
    warn_release(&list);
    dos_release(&dossier);
    return close_out(out);
}

/* What a reader of HTML (HTML standard, 13.1.2.3 and 13.1.4) or a terminal (ECMA-48: C0, DEL, C1) may be given for a text. */
static void escape(toc_buf *to, const char *text, bool html)
{
    for (const char *p = text; *p; p++) {
        unsigned char c = (unsigned char)*p;
        const char *name = !html ? NULL : c == '<' ? "&lt;" : c == '>' ? "&gt;" : c == '&' ? "&amp;" : c == '"' ? "&quot;"
            : c == '\'' ? "&#39;" : NULL;
        bool pair = c == 0xc2 && (unsigned char)p[1] >= 0x80 && (unsigned char)p[1] < 0xa0;
        if (name) {
            assert_int_equal(toc_buf_str(&ctx, to, name), TOC_OK);
            continue;
        }
        if (!html && (c == '\n' || c == '\t')) c = ' ';
        if ((c < 0x20 && c != '\n' && c != '\t') || c == 0x7f || pair || (c >= 0x80 && c < 0xa0)) c = '?';
        p += pair;
        assert_int_equal(toc_buf_add(&ctx, to, (const char *)&c, 1), TOC_OK);
    }
}

/* The page of a mild list with MILD replaced by the escaped text is the page of the hostile list, byte for byte: so nothing
 * hostile is anywhere outside the places of texts, and there it is escaped. */
static void hostile_texts_stay_texts(void **state)
{
    (void)state;
    for (output what = 0; what < N_OUTPUTS; what++)
        for (size_t h = 0; h < TOC_COUNT(hostile); h++) {
            toc_buf mild = output_of(what, MILD), real = output_of(what, hostile[h]), want = {0};
            size_t places = 0;
            for (const char *p = mild.p, *next; p; p = next ? next + strlen(MILD) : NULL, places++) {
                next = strstr(p, MILD);
                assert_int_equal(toc_buf_add(&ctx, &want, p, next ? (size_t)(next - p) : strlen(p)), TOC_OK);
                if (next) escape(&want, hostile[h], what <= DOSSIER);
            }
            assert_true(places > 9);
            assert_string_equal(real.p, want.p);
            toc_buf_release(&mild);
            toc_buf_release(&real);
            toc_buf_release(&want);
        }
}

/* Spreadsheets run cells that begin with one of = + - @, tab or CR; no field of the CSV does, but numbers. */
static void formulas_stay_text(void **state)
{
    static const char *const formulas[] = { "=1+1", "+1+1", "-1+a", "-1", "@SUM(A1)", "\tx", "\rx", "=\"a\",\"b\"" };
    (void)state;

    for (size_t f = 0; f < TOC_COUNT(formulas); f++) {
        warn_list list;
        mark_list(&list, formulas[f]);
        assert_int_equal(warn_add_evidence(&ctx, &list, &list.items[0], formulas[f]), TOC_OK);
        toc_buf csv = written(&list, 0, REP_CSV);
        bool quoted = false;
        for (size_t i = 0; i < csv.n; i++) {
            if (i) quoted ^= csv.p[i - 1] == '"';
            bool starts = !quoted && (i == 0 || csv.p[i - 1] == ',' || csv.p[i - 1] == '\n');
            size_t first = i + (csv.p[i] == '"');
            if (!starts || !strchr("=+-@\t\r", csv.p[first])) continue;
            assert_int_equal(strcspn(csv.p + first, ",\n"), 2); /* no formula but the number -1, alone */
            assert_true(strncmp(csv.p + first, "-1", 2) == 0);
        }
        assert_non_null(strstr(csv.p, "'")); /* of two ids that are numbers, too: together they are none */
        toc_buf_release(&csv);
        warn_release(&list);
    }
}

/* Many and long reasons reach the CSV whole, quotes doubled. */
static void long_cells_are_whole(void **state)
{
    char text[900], want[2000];
    warn_list list;
    (void)state;

    for (size_t length = 1; length < sizeof text; length += 37) {
        warn_item *item;
        memset(text, 'x', length);
        text[0] = '"';
        text[length] = 0;
        warn_list_init(&list, "fraud");
        assert_int_equal(warn_add(&ctx, &list, &item), TOC_OK);
        item->id = item->entity_kind = item->entity = "e";
        for (int k = 0; k < 2; k++)
            assert_int_equal(warn_add_reason(&ctx, &list, item, (warn_reason){ .code = k ? "B" : NULL }, "%s", text), TOC_OK);
        toc_buf csv = written(&list, 0, REP_CSV);
        snprintf(want, sizeof want, ",B,\"\"%s; \"%s\",\n", text, text);
        assert_non_null(strstr(csv.p, want));
        toc_buf_release(&csv);
        warn_release(&list);
    }
}

static void a_dossier_is_no_table(void **state)
{
    dos_dossier d;
    toc_out *out = open_out();
    (void)state;

    mark_dossier(&d, MILD);
    assert_int_equal(rep_write_dossier(&ctx, &d, REP_CSV, out), TOC_E_USAGE);
    toc_out_abandon(out);
    dos_release(&d);
}

static int setup(void **state)
{
    (void)state;
    toc_ctx_init(&ctx);
    ctx.now = 0;
    path = scratch_path("report");
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    unlink(path);
    toc_ctx_release(&ctx);
    return 0;
}

#define CASE(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(written_lists_are_read_back_equal),
        CASE(only_the_top_is_written),
        CASE(damage_is_named),
        CASE(cut_and_garbled_documents),
        CASE(files_are_read_and_missing_ones_named),
        CASE(hostile_texts_stay_texts),
        CASE(formulas_stay_text),
        CASE(long_cells_are_whole),
        CASE(a_dossier_is_no_table),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
