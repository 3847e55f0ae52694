/* mapfile.c: maps and status words from text; the format is told in tocsin-formats(5).
 * A line with " -> " says what fills a column; any other line begins with one of the words of the table below. What a map
 * collects grows on the heap while it is read and moves to the arena when it ends, so that maps are small blocks that never
 * move. */
#include "ingest/ingest_int.h"

#include <stdarg.h>

typedef struct {
    toc_ctx *ctx;
    ing_book *book;
    const char *name; /* of the file, for messages */
    size_t line;
    ing_map *map;     /* being read, or NULL */
    bool statuses;    /* between "statuses" and the next map */
    bool has_kind;
    const char **signature;
    ing_field *fields;
    ing_join *joins;
    const ing_rule **rules;
    const char **empty;
    ing_refusal *refusals;
    size_t n_signature, cap_signature, cap_fields, cap_joins, cap_rules, cap_empty, cap_refusals;
} parser;

#define FAIL(p, ...) fail_at(p, (p)->line, __VA_ARGS__)

static toc_status fail_at(const parser *p, size_t line, const char *fmt, ...) TOC_PRINTF(3, 4);
static toc_status fail_at(const parser *p, size_t line, const char *fmt, ...)
{
    char message[600];
    va_list args;

    va_start(args, fmt);
    (void)vsnprintf(message, sizeof message, fmt, args);
    va_end(args);
    return toc_fail(p->ctx, TOC_E_DATA, "%s:%zu: %s", p->name, line, message);
}

/* ---- pieces of a line ---- */

/* The place of `mark` outside double quotes: the last one, or the first; SIZE_MAX = none. */
static size_t find_mark(toc_str text, const char *mark, bool last)
{
    size_t n = strlen(mark), found = SIZE_MAX;
    bool quoted = false;

    for (size_t i = 0; i < text.n; i++) {
        quoted ^= text.p[i] == '"';
        if (quoted || text.n - i < n || memcmp(text.p + i, mark, n) != 0) continue;
        found = i;
        if (!last) break;
    }
    return found;
}

/* Cuts the piece before `mark` off *rest; false when nothing is left. */
static bool next_piece(toc_str *rest, const char *mark, toc_str *piece)
{
    if (!rest->p) return false;
    size_t at = find_mark(*rest, mark, false), n = strlen(mark);
    *piece = toc_str_trim((toc_str){ rest->p, TOC_MIN(at, rest->n) });
    *rest = at == SIZE_MAX ? (toc_str){ NULL, 0 } : (toc_str){ rest->p + at + n, rest->n - at - n };
    return true;
}

/* Cuts the next word off *rest. */
static bool next_word(toc_str *rest, toc_str *word)
{
    size_t n = 0;

    *rest = toc_str_trim(*rest);
    while (n < rest->n && rest->p[n] != ' ' && rest->p[n] != '\t') n++;
    *word = (toc_str){ rest->p, n };
    *rest = toc_str_trim((toc_str){ rest->p + n, rest->n - n });
    return n > 0;
}

static toc_str unquote(toc_str text)
{
    bool quoted = text.n >= 2 && text.p[0] == '"' && text.p[text.n - 1] == '"';
    return quoted ? (toc_str){ text.p + 1, text.n - 2 } : text;
}

static toc_status keep(parser *p, toc_str text, const char **kept)
{
    return toc_arena_copy(p->ctx, &p->ctx->arena, text.p, text.n, kept);
}

/* "A + B" as one folded string with ING_PLUS between. */
static toc_status header_text(parser *p, toc_str text, const char **header)
{
    toc_buf buf = {0};
    toc_str piece, folded;
    toc_status st = TOC_OK;

    for (size_t n = 0; !st && next_piece(&text, " + ", &piece); n++) {
        piece = unquote(piece);
        if (n == ING_MAX_PLACES) st = FAIL(p, "more than %d headers for one text", ING_MAX_PLACES);
        if (!st && !piece.n)
            st = FAIL(p, "a header without a name; a header that is empty or begins with a mark stands in double quotes");
        if (!st && buf.n) st = toc_buf_char(p->ctx, &buf, ING_PLUS);
        if (!st) st = ing_fold(p->ctx, piece, &folded);
        if (!st) st = toc_buf_add(p->ctx, &buf, folded.p, folded.n);
    }
    if (!st) st = keep(p, (toc_str){ buf.p, buf.n }, header);
    toc_buf_release(&buf);
    if (!st && strchr(*header, ING_PLUS) && strstr(*header, ING_NUMBER))
        st = FAIL(p, ING_NUMBER " stands in a header of its own, without +");
    return st;
}

/* ---- lines that are no field ---- */

static toc_status end_map(parser *p);

static toc_status begin_map(parser *p, toc_str rest)
{
    toc_str word;

    TOC_TRY(end_map(p));
    if (!next_word(&rest, &word) || rest.n) return FAIL(p, "a map begins with \"map NAME\", the name one word");
    for (size_t k = 0; k < p->book->n_maps; k++)
        if (p->book->maps[k]->source == p->name && toc_str_is(word, p->book->maps[k]->name))
            return FAIL(p, "map %.*s is there already, on line %zu", (int)word.n, word.p, p->book->maps[k]->line);
    TOC_TRY(toc_arena_alloc(p->ctx, &p->ctx->arena, 1, sizeof *p->map, &p->map));
    p->map->source = p->name;
    p->map->line = p->line;
    TOC_TRY(keep(p, word, &p->map->name));
    p->map->title = p->map->name;
    return TOC_OK;
}

static toc_status begin_statuses(parser *p, toc_str rest)
{
    TOC_TRY(end_map(p));
    if (rest.n) return FAIL(p, "\"statuses\" stands alone; the words follow, a line \"WORD | WORD -> STATUS\" for each status");
    p->statuses = true;
    return TOC_OK;
}

static toc_status set_title(parser *p, toc_str rest)
{
    return keep(p, rest, &p->map->title);
}

static toc_status set_kind(parser *p, toc_str rest)
{
    if (!shop_kind_of(rest, &p->map->kind))
        return FAIL(p, "unknown kind \"%.*s\": orders, reviews, products, stock, promotions, customers, merchants, payments, "
                       "events or labels",
                    (int)TOC_MIN(rest.n, (size_t)40), rest.p);
    p->has_kind = true;
    return TOC_OK;
}

static toc_status add_must(parser *p, toc_str rest)
{
    toc_buf buf = {0};
    toc_str piece;
    const char *header;
    toc_status st = TOC_OK;

    while (!st && next_piece(&rest, " | ", &piece)) {
        if ((st = header_text(p, piece, &header))) break;
        if (strchr(header, ING_PLUS))
            st = FAIL(p, "\"must\" takes single headers, with \" | \" between those of which one is enough");
        else st = toc_buf_printf(p->ctx, &buf, "%s%s", buf.n ? "|" : "", header);
    }
    if (!st) st = toc_grow(p->ctx, &p->signature, &p->cap_signature, p->n_signature + 2, sizeof *p->signature);
    if (!st) st = keep(p, (toc_str){ buf.p, buf.n }, &p->signature[p->n_signature]);
    if (!st) p->signature[++p->n_signature] = NULL;
    toc_buf_release(&buf);
    return st;
}

/* Names of maps, with '|' between. */
static toc_status map_names(parser *p, toc_str rest, const char **names)
{
    toc_buf buf = {0};
    toc_str piece;
    toc_status st = TOC_OK;

    while (!st && next_piece(&rest, " | ", &piece))
        st = piece.n ? toc_buf_printf(p->ctx, &buf, "%s%.*s", buf.n ? "|" : "", (int)piece.n, piece.p)
            : FAIL(p, "the name of a map is missing");
    if (!st) st = keep(p, (toc_str){ buf.p, buf.n }, names);
    toc_buf_release(&buf);
    return st;
}

static toc_status set_needs(parser *p, toc_str rest)
{
    return map_names(p, rest, &p->map->needs);
}

static toc_status set_yields(parser *p, toc_str rest)
{
    return map_names(p, rest, &p->map->yields_to);
}

/* Cuts " WORD TEXT" off the end of *rest. */
static toc_status take_tail(parser *p, toc_str *rest, const char *word, const char **text)
{
    size_t at = find_mark(*rest, word, true), n = strlen(word);

    if (at == SIZE_MAX) return TOC_OK;
    TOC_TRY(keep(p, unquote(toc_str_trim((toc_str){ rest->p + at + n, rest->n - at - n })), text));
    rest->n = at;
    return TOC_OK;
}

/* join MAP by OURS = THEIRS [less TEXT] [else CODE] [each] */
static toc_status add_join(parser *p, toc_str rest)
{
    static const char form[] = "a join is written \"join MAP by OUR HEADER = THEIR HEADER\", perhaps "
                               "with \" else CODE\" or \" each\" behind";
    ing_join join = {0};
    toc_str word, ours;

    if (!next_word(&rest, &word)) return FAIL(p, "%s", form);
    TOC_TRY(keep(p, word, &join.map));
    if (!next_word(&rest, &word) || !toc_str_is(word, "by")) return FAIL(p, "%s", form);
    join.each = toc_str_ends(rest, " each");
    if (join.each) rest = toc_str_trim((toc_str){ rest.p, rest.n - 5 });
    TOC_TRY(take_tail(p, &rest, " else ", &join.no_match));
    TOC_TRY(take_tail(p, &rest, " less ", &join.less));
    if (!next_piece(&rest, " = ", &ours) || !rest.p) return FAIL(p, "%s", form);
    TOC_TRY(header_text(p, ours, &join.our_key));
    TOC_TRY(header_text(p, rest, &join.their_key));
    if (p->map->n_joins == ING_MAX_LINKS) return FAIL(p, "more than %d joins", ING_MAX_LINKS);
    TOC_TRY(toc_grow(p->ctx, &p->joins, &p->cap_joins, p->map->n_joins + 1, sizeof *p->joins));
    p->joins[p->map->n_joins++] = join;
    return TOC_OK;
}

static toc_status set_currency(parser *p, toc_str rest)
{
    if (!toc_currency_known(rest)) return FAIL(p, "\"%.*s\" is no ISO 4217 currency", (int)TOC_MIN(rest.n, (size_t)40), rest.p);
    return keep(p, rest, &p->map->currency);
}

static toc_status set_carry(parser *p, toc_str rest)
{
    return header_text(p, rest, &p->map->carry_key);
}

/* refuse CODE when|unless HEADER [is TEXT | TEXT ...] */
static toc_status add_refusal(parser *p, toc_str rest)
{
    static const char form[] = "refusals are written \"refuse CODE when HEADER\" or \"unless HEADER\", perhaps "
                               "with \" is TEXT | TEXT\" behind";
    ing_refusal refusal = {0};
    const char **values;
    toc_str word, piece, list;
    size_t n = 1;

    if (!next_word(&rest, &word)) return FAIL(p, "%s", form);
    TOC_TRY(keep(p, word, &refusal.code));
    if (!next_word(&rest, &word) || !rest.n) return FAIL(p, "%s", form);
    refusal.unless = toc_str_is(word, "unless");
    if (!refusal.unless && !toc_str_is(word, "when")) return FAIL(p, "%s", form);
    next_piece(&rest, " is ", &piece);
    TOC_TRY(header_text(p, piece, &refusal.header));
    if (strchr(refusal.header, ING_PLUS) || strstr(refusal.header, ING_NUMBER))
        return FAIL(p, "\"refuse\" takes a single header");
    for (size_t i = 0; i < rest.n; i++) n += rest.p[i] == '|';
    TOC_TRY(toc_arena_alloc(p->ctx, &p->ctx->arena, n, sizeof *values, &values));
    for (list = rest; next_piece(&list, " | ", &piece); refusal.n_values++)
        TOC_TRY(keep(p, unquote(piece), &values[refusal.n_values]));
    refusal.values = values;
    TOC_TRY(toc_grow(p->ctx, &p->refusals, &p->cap_refusals, p->map->n_refusals + 1, sizeof *p->refusals));
    p->refusals[p->map->n_refusals++] = refusal;
    return TOC_OK;
}

/* Texts that mean nothing. */
static toc_status add_empty(parser *p, toc_str rest)
{
    toc_str piece;

    while (next_piece(&rest, " | ", &piece)) {
        TOC_TRY(toc_grow(p->ctx, &p->empty, &p->cap_empty, p->map->n_empty + 1, sizeof *p->empty));
        TOC_TRY(keep(p, unquote(piece), &p->empty[p->map->n_empty]));
        p->map->n_empty++;
    }
    return TOC_OK;
}

static toc_status add_rule(parser *p, toc_str rest)
{
    const ing_rule *rule = ing_rule_named(rest);

    if (!rule) return FAIL(p, "unknown rule \"%.*s\"; tocsin-formats(5) lists them", (int)TOC_MIN(rest.n, (size_t)40), rest.p);
    TOC_TRY(toc_grow(p->ctx, &p->rules, &p->cap_rules, p->map->n_rules + 1, sizeof *p->rules));
    p->rules[p->map->n_rules++] = rule;
    return TOC_OK;
}

static const struct {
    const char *word;
    toc_status (*take)(parser *p, toc_str rest);
    bool in_map; /* belongs to a map */
} directives[] = {
    { "map", begin_map, false },       { "statuses", begin_statuses, false }, { "title", set_title, true },
    { "kind", set_kind, true },        { "must", add_must, true },            { "needs", set_needs, true },
    { "yields-to", set_yields, true }, { "join", add_join, true },            { "currency", set_currency, true },
    { "carry-by", set_carry, true },   { "rule", add_rule, true },            { "empty", add_empty, true },
    { "refuse", add_refusal, true },
};

static toc_status take_directive(parser *p, toc_str line)
{
    toc_str word;

    next_word(&line, &word);
    for (size_t k = 0; k < TOC_COUNT(directives); k++) {
        if (!toc_str_is(word, directives[k].word)) continue;
        if (directives[k].in_map && !p->map)
            return FAIL(p, "\"%s\" stands in a map; begin one with \"map NAME\"", directives[k].word);
        return directives[k].take(p, line);
    }
    return FAIL(p, "\"%.*s\" begins no line of a map; a field is written \"HEADER -> COLUMN\" with blanks around the arrow",
                (int)TOC_MIN(word.n, (size_t)40), word.p);
}

/* ---- fields ---- */

static const struct {
    const char *word;
    ing_how how;
    unsigned flags;
} options[] = {
    { "status", ING_STATUS, 0 },        { "float-id", ING_FLOAT_ID, 0 },    { "sum", ING_SUM, 0 },
    { "positive", ING_POSITIVE, 0 },    { "day-in-id", ING_DAY, 0 },        { "symbol", ING_SYMBOL, 0 },
    { "carry", ING_PLAIN, ING_CARRY },  { "once", ING_PLAIN, ING_ONCE },    { "share", ING_PLAIN, ING_SHARE },
    { "utc", ING_PLAIN, ING_UTC },      { "own", ING_PLAIN, ING_OWN },
};

/* part=KEY, split=C */
static toc_status take_setting(parser *p, toc_str word, ing_field *field)
{
    toc_str value = word, name;

    toc_str_split(&value, '=', &name);
    if (toc_str_is(name, "part") && value.n) return keep(p, value, &field->part);
    if (toc_str_is(name, "not") && value.n) return keep(p, value, &field->not);
    if (!toc_str_is(name, "split") || value.n != 1)
        return FAIL(p, "a field's settings are part=NAME, not=TEXT and split=CHARACTER");
    field->split = value.p[0];
    return TOC_OK;
}

static toc_status take_option(parser *p, toc_str word, ing_field *field)
{
    for (size_t k = 0; k < TOC_COUNT(options); k++) {
        if (!toc_str_is(word, options[k].word)) continue;
        if (options[k].how && field->how) return FAIL(p, "\"%s\" does not go with the option before it", options[k].word);
        if (options[k].how) field->how = options[k].how;
        field->flags |= options[k].flags;
        return TOC_OK;
    }
    if (memchr(word.p, '=', word.n)) return take_setting(p, word, field);
    return FAIL(p, "unknown option \"%.*s\" of a field; tocsin-formats(5) lists them", (int)TOC_MIN(word.n, (size_t)40), word.p);
}

static toc_status unknown_column(const parser *p, toc_str name)
{
    const shop_schema *schema = shop_schema_of(p->map->kind);
    char list[400] = "";

    for (size_t j = 0, n = 0; j < schema->n_columns && n < sizeof list; j++)
        n += (size_t)snprintf(list + n, sizeof list - n, "%s%s", j ? ", " : "", schema->columns[j].name);
    return FAIL(p, "%s have no column \"%.*s\"; they have %s", schema->name, (int)TOC_MIN(name.n, (size_t)40), name.p, list);
}

/* Options that make no sense for a column. */
static toc_status check_options(const parser *p, const ing_field *f, shop_type type)
{
    if (f->how == ING_STATUS && type != SHOP_T_CODE) return FAIL(p, "\"status\" goes with columns of words");
    if (f->how == ING_SUM && type != SHOP_T_INT) return FAIL(p, "\"sum\" goes with whole numbers");
    if (f->how == ING_POSITIVE && type != SHOP_T_MONEY) return FAIL(p, "\"positive\" goes with amounts");
    if ((f->how == ING_DAY || f->flags & ING_UTC) && type != SHOP_T_TIME)
        return FAIL(p, "\"day-in-id\" and \"utc\" go with times");
    if (f->how == ING_SYMBOL && strcmp(f->column, "currency") != 0) return FAIL(p, "\"symbol\" goes with the column currency");
    if (f->flags & ING_SHARE && type != SHOP_T_INT && type != SHOP_T_MONEY)
        return FAIL(p, "\"share\" goes with amounts and whole numbers");
    return TOC_OK;
}

static toc_status add_field(parser *p, const ing_field *field)
{
    TOC_TRY(toc_grow(p->ctx, &p->fields, &p->cap_fields, p->map->n_fields + 1, sizeof *p->fields));
    p->fields[p->map->n_fields++] = *field;
    return TOC_OK;
}

/* HEADERS -> COLUMN OPTIONS, or = VALUE -> COLUMN */
static toc_status take_field(parser *p, toc_str left, toc_str right)
{
    ing_field field = {0};
    toc_str word, piece;

    if (!p->map) return FAIL(p, "a field stands in a map; begin one with \"map NAME\"");
    if (!p->has_kind) return FAIL(p, "say what the map makes before its fields: \"kind orders\" or another kind");
    if (!next_word(&right, &word)) return FAIL(p, "no column behind the arrow");
    int column = shop_column_of(p->map->kind, word);
    if (column < 0) return unknown_column(p, word);
    const shop_column *c = &shop_schema_of(p->map->kind)->columns[column];
    field.column = c->name;
    while (next_word(&right, &word)) TOC_TRY(take_option(p, word, &field));
    TOC_TRY(check_options(p, &field, c->type));
    if (left.n > 1 && left.p[0] == '=' && left.p[1] == ' ') {
        if (field.how || field.flags || field.part || field.not || field.split) return FAIL(p, "a value takes no option");
        field.how = ING_CONST;
        TOC_TRY(keep(p, unquote(toc_str_trim((toc_str){ left.p + 2, left.n - 2 })), &field.header));
        return add_field(p, &field);
    }
    while (next_piece(&left, " | ", &piece)) {
        TOC_TRY(header_text(p, piece, &field.header));
        TOC_TRY(add_field(p, &field));
    }
    return TOC_OK;
}

static toc_status take_status(parser *p, toc_str left, toc_str right)
{
    shop_status status = SHOP_NO_STATUS;
    toc_str piece;

    if (!shop_status_of(right, &status) && !toc_str_is(right, "nothing"))
        return FAIL(p, "\"%.*s\" is no status: placed, paid, shipped, delivered, returned, refunded, cancelled, unpaid, "
                       "or nothing",
                    (int)TOC_MIN(right.n, (size_t)40), right.p);
    while (next_piece(&left, " | ", &piece)) {
        if (!unquote(piece).n) return FAIL(p, "a status word is missing");
        TOC_TRY(ing_status_add(p->ctx, p->book, unquote(piece), status));
    }
    return TOC_OK;
}

/* ---- a map's end ---- */

static bool fills(const parser *p, const char *column)
{
    for (size_t k = 0; k < p->map->n_fields; k++)
        if (strcmp(p->fields[k].column, column) == 0) return true;
    return false;
}

/* Fields that the kind requires; a map without any field is only the side of another. */
static toc_status check_fields(const parser *p)
{
    const shop_schema *schema = shop_schema_of(p->map->kind);

    for (size_t j = 0; j < schema->n_columns && p->map->n_fields; j++) {
        const shop_column *c = &schema->columns[j];
        if (!c->required || fills(p, c->name) || (strcmp(c->name, "unit_price") == 0 && fills(p, "line_total"))) continue;
        return fail_at(p, p->map->line, "map %s fills no %s, which %s need; add a line \"HEADER -> %s\"", p->map->name, c->name,
                       schema->name, c->name);
    }
    return TOC_OK;
}

static toc_status check_rules(const parser *p)
{
    for (size_t k = 0; k < p->map->n_rules; k++)
        if (p->rules[k]->kind != p->map->kind)
            return fail_at(p, p->map->line, "rule %s is one of %s, and map %s makes %s", p->rules[k]->name,
                           shop_schema_of(p->rules[k]->kind)->name, p->map->name, shop_schema_of(p->map->kind)->name);
    return TOC_OK;
}

/* n elements moved into the arena. */
static toc_status settle(parser *p, const void *from, size_t n, size_t size, void *pointer)
{
    void *to;

    TOC_TRY(toc_arena_alloc(p->ctx, &p->ctx->arena, n, size, &to));
    if (n) memcpy(to, from, n * size);
    memcpy(pointer, &to, sizeof to);
    return TOC_OK;
}

static toc_status add_map(toc_ctx *ctx, ing_book *book, const ing_map *map)
{
    TOC_TRY(toc_grow(ctx, &book->maps, &book->cap_maps, book->n_maps + 1, sizeof *book->maps));
    book->maps[book->n_maps++] = map;
    return TOC_OK;
}

static toc_status end_map(parser *p)
{
    ing_map *m = p->map;

    p->statuses = false;
    if (!m) return TOC_OK;
    if (!p->has_kind) return fail_at(p, m->line, "map %s does not say what it makes: \"kind orders\" or another kind", m->name);
    if (!p->n_signature)
        return fail_at(p, m->line, "map %s does not say how its files are known: \"must HEADER\", one line for each", m->name);
    TOC_TRY(check_fields(p));
    TOC_TRY(check_rules(p));
    TOC_TRY(settle(p, p->signature, p->n_signature + 1, sizeof *p->signature, &m->signature));
    TOC_TRY(settle(p, p->fields, m->n_fields, sizeof *p->fields, &m->fields));
    TOC_TRY(settle(p, p->joins, m->n_joins, sizeof *p->joins, &m->joins));
    TOC_TRY(settle(p, p->refusals, m->n_refusals, sizeof *p->refusals, &m->refusals));
    TOC_TRY(settle(p, p->empty, m->n_empty, sizeof *p->empty, &m->empty));
    TOC_TRY(settle(p, p->rules, m->n_rules, sizeof *p->rules, &m->rules));
    TOC_TRY(add_map(p->ctx, p->book, m));
    p->map = NULL;
    p->has_kind = false;
    p->n_signature = 0;
    return TOC_OK;
}

static toc_status take_line(parser *p, toc_str line)
{
    p->line++;
    line = toc_str_trim(line);
    if (!line.n || line.p[0] == '#') return TOC_OK;
    size_t arrow = find_mark(line, " -> ", true);
    if (arrow == SIZE_MAX) return take_directive(p, line);
    toc_str left = toc_str_trim((toc_str){ line.p, arrow });
    toc_str right = toc_str_trim((toc_str){ line.p + arrow + 4, line.n - arrow - 4 });
    return p->statuses ? take_status(p, left, right) : take_field(p, left, right);
}

static void release(parser *p)
{
    toc_free(p->signature);
    toc_free(p->fields);
    toc_free(p->joins);
    toc_free(p->rules);
    toc_free(p->empty);
    toc_free(p->refusals);
}

toc_status ing_book_parse(toc_ctx *ctx, ing_book *book, const char *name, toc_str text)
{
    parser p = { .ctx = ctx, .book = book, .name = name };
    toc_str line;
    toc_status st = TOC_OK;

    if (toc_str_starts(text, "\357\273\277")) text = (toc_str){ text.p + 3, text.n - 3 };
    if (toc_utf8_valid(text) < text.n || memchr(text.p ? text.p : "", 0, text.n))
        return toc_fail(ctx, TOC_E_DATA, "%s: a map is text in UTF-8", name);
    while (!st && toc_str_split(&text, '\n', &line)) st = take_line(&p, line);
    if (!st) st = end_map(&p);
    release(&p);
    return st;
}

static toc_status parse_lines(toc_ctx *ctx, ing_book *book, const ing_map_text *text)
{
    parser p = { .ctx = ctx, .book = book, .name = text->name };
    toc_status st = TOC_OK;

    for (size_t k = 0; !st && text->lines[k]; k++) st = take_line(&p, toc_str_of(text->lines[k]));
    if (!st) st = end_map(&p);
    release(&p);
    return st;
}

/* The names of maps in a list must be names of maps. */
static toc_status check_list(toc_ctx *ctx, const ing_book *book, const ing_map *m, const char *names)
{
    toc_str rest = toc_str_of(names), name;

    while (names && toc_str_split(&rest, '|', &name))
        if (!ing_map_named(book, name))
            return toc_fail(ctx, TOC_E_DATA, "%s:%zu: map %s names a map %.*s, and there is none", m->source, m->line, m->name,
                            (int)name.n, name.p);
    return TOC_OK;
}

static toc_status check_names(toc_ctx *ctx, const ing_book *book)
{
    for (size_t k = 0; k < book->n_maps; k++) {
        const ing_map *m = book->maps[k];
        TOC_TRY(check_list(ctx, book, m, m->needs));
        TOC_TRY(check_list(ctx, book, m, m->yields_to));
        for (size_t j = 0; j < m->n_joins; j++) TOC_TRY(check_list(ctx, book, m, m->joins[j].map));
    }
    return TOC_OK;
}

static toc_status parse_file(toc_ctx *ctx, ing_book *book, const char *path)
{
    toc_buf text = {0};
    toc_status st = toc_read_file(ctx, path, &text);

    if (!st) st = ing_book_parse(ctx, book, path, (toc_str){ text.p, text.n });
    if (!st && !book->n_maps && !book->words.n) st = toc_fail(ctx, TOC_E_DATA, "%s: no map in it", path);
    toc_buf_release(&text);
    return st;
}

toc_status ing_book_open(toc_ctx *ctx, const char *path, ing_book *book)
{
    *book = (ing_book){0};
    if (path) TOC_TRY(parse_file(ctx, book, path));
    book->n_own = book->n_maps;
    for (size_t k = 0; ing_canonical_maps[k]; k++) TOC_TRY(add_map(ctx, book, ing_canonical_maps[k]));
    for (size_t k = 0; ing_builtin_maps[k].name; k++) TOC_TRY(parse_lines(ctx, book, &ing_builtin_maps[k]));
    return check_names(ctx, book);
}

void ing_book_release(ing_book *book)
{
    toc_free(book->maps);
    toc_free(book->status);
    toc_pool_release(&book->words);
    *book = (ing_book){0};
}
