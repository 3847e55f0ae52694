/* plain.c: order lines whose cells need no change, straight from their record to canonical CSV, or to a packed row (shards.c).
 *
 * Most lines of most files are such, and every other is read by rows.c. What a line comes to here is exactly what ing_convert, ing_row_key_of and
 * shop_csv_row or ing_pack_row make of it (prop_stream). */
#ifdef __SSE2__
#include <emmintrin.h>
#endif

#include "ingest/ingest_int.h"

/* ---- which columns can be plain ---- */

static ing_plain_how how_of(const ing_load *load, const ing_bound *b)
{
    const shop_column *c = &shop_schema_of(SHOP_ORDERS)->columns[b->column];

    if (load->currency_at < load->n_bound && b == &load->bound[load->currency_at]) return ING_PLAIN_CURRENCY;
    if (b->field->how == ING_STATUS) return ING_PLAIN_STATUS;
    switch (c->type) {
    case SHOP_T_INT: return ING_PLAIN_COUNT;
    case SHOP_T_MONEY: return ING_PLAIN_AMOUNT;
    case SHOP_T_TIME: return ING_PLAIN_TIME;
    case SHOP_T_CODE: return ing_is_id(c->domain) ? ING_PLAIN_ID : ING_PLAIN_TEXT;
    case SHOP_T_RATIO: break;
    }
    return ING_PLAIN_NONE;
}

static bool is_plain(const ing_load *load, const ing_bound *b, ing_plain_how how)
{
    if (how == ING_PLAIN_NONE || !b->direct || b->group || b->field->flags & ~(unsigned)ING_UTC) return false;
    if (b->field->how != ING_PLAIN && b->field->how != ING_STATUS) return false;
    if (how == ING_PLAIN_AMOUNT && b->decimal == RD_DECIMAL_COMMA) return false;
    return how == ING_PLAIN_CURRENCY || load->currency_at >= load->n_bound || b->column != load->bound[load->currency_at].column;
}

void ing_plain_find(const ing_load *load, ing_plain *plain)
{
    static const char *const named[] = { "order_id", "merchant_id", "product_id", "title" };
    const ing_map *map = load->map;
    uint64_t there = 0;

    *plain = (ing_plain){0};
    if (map->kind != SHOP_ORDERS || map->n_rules || map->n_refusals || map->n_empty || load->n_links || load->carry_key != SIZE_MAX || load->masking ||
        load->target)
        return;
    for (size_t k = 0; k < load->n_bound; k++) {
        const ing_bound *b = &load->bound[k];
        ing_plain_cell *c = &plain->cells[b->column];
        ing_plain_how how = how_of(load, b);
        if (there >> b->column & 1 && b->direct && b->places[0].at == c->at) continue; /* the first one fills it */
        if (there >> b->column & 1 || !is_plain(load, b, how)) return;
        there |= UINT64_C(1) << b->column;
        *c = (ing_plain_cell){ .how = how, .at = b->places[0].at, .bound = k, .domain = shop_schema_of(SHOP_ORDERS)->columns[b->column].domain };
    }
    for (size_t k = 0; k < load->n_required; k++) plain->required |= UINT64_C(1) << load->required[k];
    plain->columns = there;
    for (size_t k = 0; k < TOC_COUNT(named); k++) plain->named[k] = (size_t)shop_column_of(SHOP_ORDERS, toc_str_of(named[k]));
    plain->line_id = (size_t)shop_column_of(SHOP_ORDERS, TOC_STR("line_id"));
    plain->currency = (size_t)shop_column_of(SHOP_ORDERS, TOC_STR("currency"));
    plain->customer = (size_t)shop_column_of(SHOP_ORDERS, TOC_STR("customer_id"));
}

/* ---- cells ---- */

/* What a text needs: nothing, quotes, or more than this file knows. */
typedef enum { AS_IS, IN_QUOTES, CHANGED } need;

static bool has_edge_blank(toc_str text)
{
    char first = text.p[0], last = text.p[text.n - 1];
    return first == ' ' || first == '\t' || last == ' ' || last == '\t';
}

/* Bytes that texts may have to be cleaned of, C2 and EF as the first of such characters, are left to ing_clean_text. */
static need need_of(toc_str text)
{
    need what = AS_IS;
    size_t i = 0;

    if (has_edge_blank(text)) return CHANGED;
#ifdef __SSE2__
#define EQUALS(c) _mm_cmpeq_epi8(v, _mm_set1_epi8((char)(c)))
    for (; i < text.n; i += 16) { /* TOC_PLAIN_SLACK bytes are behind the text */
        __m128i v = _mm_loadu_si128((const __m128i *)(const void *)(text.p + i));
        unsigned all = text.n - i < 16 ? (1u << (text.n - i)) - 1 : 0xffff;
        __m128i control = _mm_cmpeq_epi8(_mm_subs_epu8(v, _mm_set1_epi8(0x1f)), _mm_setzero_si128());
        __m128i odd = _mm_or_si128(_mm_or_si128(_mm_or_si128(EQUALS('<'), EQUALS('&')), _mm_or_si128(EQUALS(0x7f), EQUALS(0xc2))),
                                   _mm_or_si128(EQUALS(0xef), control));
        if ((unsigned)_mm_movemask_epi8(odd) & all) return CHANGED;
        if ((unsigned)_mm_movemask_epi8(_mm_or_si128(EQUALS(','), EQUALS('"'))) & all) what = IN_QUOTES;
    }
#undef EQUALS
#endif
    for (; i < text.n; i++) {
        unsigned char c = (unsigned char)text.p[i];
        if (c < 0x20 || c == '<' || c == '&' || c == 0x7f || c == 0xc2 || c == 0xef) return CHANGED;
        if (c == ',' || c == '"') what = IN_QUOTES;
    }
    return what;
}

/* Up to 60 letters, digits, '-' and '_'. */
static bool is_word(toc_str text)
{
    if (text.n > 60) return false;
    for (; text.n > 15; text = (toc_str){ text.p + 15, text.n - 15 })
        if (!toc_plain_word((toc_str){ text.p, 15 })) return false;
    return toc_plain_word(text);
}

/* Numbers too long for spreadsheets are counted. */
static bool take_id(ing_load *load, const ing_plain_cell *c, toc_str text)
{
    bool zeros;

    if (!is_word(text)) return ing_plain_id(text) && !ing_is_masked(c->domain, text);
    if (!ing_long_id(text, &zeros)) return true;
    load->bound[c->bound].long_ids++;
    load->bound[c->bound].zero_ids += zeros;
    return true;
}

static need need_of_text(const ing_plain_cell *c, toc_str text)
{
    if (toc_plain_word(text)) return AS_IS;
    if (ing_is_masked(c->domain, text) || ing_damaged_id(text) || text.p[0] == '\'') return CHANGED;
    return need_of(text);
}

static char *put(char *to, toc_str text)
{
    memcpy(to, text.p, 16);
    if (text.n > 16) memcpy(to, text.p, text.n);
    return to + text.n;
}

static char *put_quoted(char *to, toc_str text)
{
    *to++ = '"';
    for (size_t i = 0; i < text.n; i++) {
        if (text.p[i] == '"') *to++ = '"';
        *to++ = text.p[i];
    }
    *to++ = '"';
    return to;
}

static bool is_canonical_number(toc_str text)
{
    return text.p[0] != '0' || text.n == 1 || text.p[1] == '.';
}

/* A number's value, where its text is what tocsin writes for it. */
static bool read_value(const ing_load *load, const ing_plain_cell *c, toc_str text, int64_t *value)
{
    switch (c->how) {
    case ING_PLAIN_COUNT: return toc_plain_count(text, value) && *value > 0 && is_canonical_number(text);
    case ING_PLAIN_AMOUNT: return toc_plain_amount(text, load->digits, value) && is_canonical_number(text);
    default: return toc_plain_time(text, value);
    }
}

/* ---- lines ---- */

/* A line as it grows. */
typedef struct {
    char *to;
    uint64_t filled; /* columns with a value */
    uint64_t hashes[ING_MAX_COLUMNS]; /* of those, as hash_texts has them */
    char *line_id;   /* where the one that is made goes; NULL = the export has one */
    uint64_t packed; /* columns that are kept, 0 = this is CSV */
} growing;

static void put_text(growing *g, size_t column, toc_str text, need what)
{
    if (!g->packed) g->to = what == AS_IS ? put(g->to, text) : put_quoted(g->to, text);
    else if (!(g->packed >> column & 1)) return;
    else if (text.n >= 255) g->to = ing_pack_text(g->to, text);
    else {
        *g->to++ = (char)text.n;
        g->to = put(g->to, text);
    }
}

static void put_value(growing *g, size_t column, toc_str text, int64_t value)
{
    if (!g->packed) g->to = put(g->to, text);
    else if (g->packed >> column & 1) {
        memcpy(g->to, &value, sizeof value);
        g->to += sizeof value;
    }
}

static bool add_value(ing_load *load, const ing_plain_cell *c, size_t column, toc_str text, size_t row, growing *g)
{
    const int64_t known_at = load->options ? load->options->known_at : 0;
    int64_t value = 0;

    if (!read_value(load, c, text, &value)) return false;
    if (known_at && c->how == ING_PLAIN_TIME && load->past[column] && value > known_at + TOC_DAY) return false;
    load->cells[column].ints[row] = value;
    g->hashes[column] = (uint64_t)value;
    put_value(g, column, text, value);
    return true;
}

static bool add_cell(ing_load *load, const ing_plain_cell *c, size_t column, toc_str text, size_t row, growing *g)
{
    shop_status status;
    need what = AS_IS;

    g->filled |= UINT64_C(1) << column;
    switch (c->how) {
    case ING_PLAIN_COUNT:
    case ING_PLAIN_AMOUNT:
    case ING_PLAIN_TIME: return add_value(load, c, column, text, row, g);
    case ING_PLAIN_ID: what = take_id(load, c, text) ? AS_IS : CHANGED; break;
    case ING_PLAIN_STATUS: what = shop_status_of(text, &status) ? AS_IS : CHANGED; break;
    case ING_PLAIN_CURRENCY:
        if (!load->same_currency || text.n != 3 || memcmp(text.p, load->last_currency, 3) != 0) return false;
        load->cells[column].codes[row] = load->digits_of;
        break;
    case ING_PLAIN_TEXT: what = need_of_text(c, text); break;
    case ING_PLAIN_NONE: return false;
    }
    if (what == CHANGED) return false;
    g->hashes[column] = toc_plain_hash(text);
    put_text(g, column, text, what);
    return true;
}

/* Whether all lines are in a currency that the file does not name. */
static bool in_one_currency(const ing_load *load, const ing_plain *plain)
{
    return load->digits_of && !(plain->columns >> plain->currency & 1);
}

/* An empty place for the id that is made of the other cells, and the currency of lines that name none. False where it takes more. */
static bool add_missing(ing_load *load, const ing_plain *plain, size_t column, size_t row, growing *g)
{
    if (column == plain->line_id) {
        if (g->packed) *g->to++ = ING_LINE_ID;
        g->line_id = g->to;
        g->to += ING_LINE_ID;
    } else if (column == plain->currency && !in_one_currency(load, plain)) {
        return !(plain->columns >> column & 1);
    } else if (column == plain->currency) {
        toc_str word = toc_pool_str(&load->shop->dict[SHOP_D_WORD], load->digits_of);
        load->cells[column].codes[row] = load->digits_of;
        g->hashes[column] = toc_str_hash(word);
        g->filled |= UINT64_C(1) << column;
        if (!g->packed) {
            memcpy(g->to, word.p, word.n);
            g->to += word.n;
        } else if (g->packed >> column & 1) g->to = ing_pack_text(g->to, word);
    }
    return true;
}

static uint64_t hash_at(const growing *g, size_t column)
{
    return g->filled >> column & 1 ? g->hashes[column] : 0;
}

static void make_key(const ing_load *load, const ing_plain *plain, size_t row, const growing *g, ing_row_key *key)
{
    key->again = g->line_id != NULL;
    key->cells = 1;
    for (uint64_t rest = g->filled; rest; rest &= rest - 1) {
        size_t j = (size_t)__builtin_ctzll(rest);
        key->cells = toc_mix(key->cells ^ g->hashes[j] ^ (uint64_t)j << 56);
    }
    if (!key->again) {
        key->name = toc_mix(hash_at(g, plain->named[0]) ^ toc_mix(hash_at(g, plain->line_id)));
        return;
    }
    const uint64_t texts[] = { hash_at(g, plain->named[0]), hash_at(g, plain->named[1]), hash_at(g, plain->named[2]), hash_at(g, plain->named[3]) };
    key->name = ing_name_hash(texts, &load->shop->orders, row);
    ing_line_id(key->name, g->line_id);
}

/* Columns that have a value here and no place in the text. */
static uint64_t find_wider(const ing_load *load, const ing_plain *plain, const rd_batch *batch, const rd_record *record, uint64_t columns)
{
    uint64_t wider = in_one_currency(load, plain) ? (UINT64_C(1) << plain->currency) & ~columns : 0;

    for (uint64_t rest = plain->columns & ~columns; rest; rest &= rest - 1) {
        size_t j = (size_t)__builtin_ctzll(rest);
        wider |= (uint64_t)(rd_field(batch, record, plain->cells[j].at).n > 0) << j;
    }
    return wider;
}

static bool grow_line(ing_load *load, const ing_plain *plain, const rd_batch *batch, const rd_record *record, size_t row, uint64_t columns, growing *g)
{
    char *head = g->to;

    if (g->packed) g->to += sizeof g->packed;
    for (uint64_t rest = columns; rest; rest &= rest - 1) {
        size_t j = (size_t)__builtin_ctzll(rest);
        toc_str text = plain->columns >> j & 1 ? rd_field(batch, record, plain->cells[j].at) : (toc_str){ "", 0 };
        if (!(text.n ? add_cell(load, &plain->cells[j], j, text, row, g) : add_missing(load, plain, j, row, g))) return false;
        if (!g->packed) *g->to++ = ',';
    }
    if (g->packed) {
        uint64_t has = (g->filled | UINT64_C(1) << plain->line_id) & g->packed;
        memcpy(head, &has, sizeof has);
    } else g->to[-1] = '\n';
    return (g->filled & plain->required) == plain->required;
}

toc_status ing_plain_line(toc_ctx *ctx, ing_load *load, const ing_plain *plain, const rd_batch *batch, const rd_record *record, size_t row, uint64_t columns,
                          ing_plain_text *line, bool *done)
{
    toc_buf *text = line->text;
    size_t room = text->n + 2 * (size_t)record->n_bytes + ING_MAX_COLUMNS * 9 + 64;

    *done = false;
    if (!plain->columns) return TOC_OK;
    line->filled = find_wider(load, plain, batch, record, columns);
    if (line->filled) return TOC_OK;
    if (room > text->cap) TOC_TRY(toc_grow(ctx, &text->p, &text->cap, room, 1));
    growing g; /* most of its hashes are of no column */
    g.to = text->p + text->n;
    g.filled = 0;
    g.line_id = NULL;
    g.packed = plain->packed;
    if (!grow_line(load, plain, batch, record, row, columns, &g)) {
        ing_blank_row(load, row);
        return TOC_OK;
    }
    make_key(load, plain, row, &g, line->key);
    line->filled = g.filled | UINT64_C(1) << plain->line_id;
    line->group = ing_group_of(hash_at(&g, plain->named[2]), hash_at(&g, plain->currency));
    line->owner = ing_owner_of(hash_at(&g, plain->customer), hash_at(&g, plain->named[0]));
    line->id_end = g.line_id ? (uint32_t)(g.line_id + ING_LINE_ID - text->p) : 0;
    text->n = (size_t)(g.to - text->p);
    *done = true;
    return TOC_OK;
}
