/* mask.c: personal data out of rows, refused records and messages (ingest --mask).
 *
 * Rows are filled and judged as they are; then their personal cells become pseudonyms, each value once for a file, so that keys, joins and rules see what
 * the export says and nothing later does. Of a refused record the reject file shows ids, numbers, times and known words; what may be of a person
 * becomes a pseudonym or ING_HIDDEN, and where the fields of a record are in doubt all of it is hidden. */
#include "ingest/ingest_int.h"
#include "text/text.h"

enum { MAX_RAW = 4096 }; /* bytes of a record; the reader cuts there as well */

/* What is done to the cells of a column. */
typedef enum {
    KEEP,
    WORDS, /* what is found in it */
    ID,    /* of a customer: a pseudonym unless it is of a machine */
    VALUE, /* a pseudonym of a kind */
} what;

typedef struct {
    what what;
    txt_kind kind;
} treatment;

struct ing_masking {
    const txt_mask *mask;
    treatment how[ING_MAX_COLUMNS];
    size_t country;                 /* column of the row's country; SIZE_MAX = none */
    toc_map known[ING_MAX_COLUMNS]; /* code and code of the country -> what was found in it, and code of what it became */
    txt_room room;
    toc_buf text, raw, message;
};

static treatment treatment_of(shop_kind kind, const shop_column *c)
{
    if (c->type != SHOP_T_CODE) return (treatment){ KEEP, TXT_NOBODY };
    switch (c->domain) {
    case SHOP_D_EMAIL: return (treatment){ VALUE, TXT_EMAIL };
    case SHOP_D_PHONE: return (treatment){ VALUE, TXT_PHONE };
    case SHOP_D_ADDRESS: return (treatment){ VALUE, TXT_ADDRESS };
    case SHOP_D_PAYMENT_KEY: return (treatment){ VALUE, TXT_PAYMENT };
    case SHOP_D_DEVICE: return (treatment){ VALUE, TXT_DEVICE };
    case SHOP_D_IP: return (treatment){ VALUE, TXT_IP };
    case SHOP_D_CUSTOMER: return (treatment){ ID, TXT_NOBODY };
    case SHOP_D_PLACE: return strcmp(c->name, "postcode") == 0 ? (treatment){ VALUE, TXT_POSTCODE } : (treatment){ WORDS, TXT_NOBODY };
    case SHOP_D_WORD:
        if (kind == SHOP_LABELS && strcmp(c->name, "id") == 0) return (treatment){ ID, TXT_NOBODY }; /* see label_id */
        return (treatment){ strcmp(c->name, "currency") && strcmp(c->name, "status") ? WORDS : KEEP, TXT_NOBODY };
    case SHOP_D_MERCHANT:
    case SHOP_D_CATEGORY:
    case SHOP_D_TEXT: return (treatment){ WORDS, TXT_NOBODY };
    case SHOP_D_ORDER: case SHOP_D_LINE: case SHOP_D_PRODUCT: case SHOP_D_REVIEW: case SHOP_N_DOMAINS: break;
    }
    return (treatment){ KEEP, TXT_NOBODY };
}

toc_status ing_masking_new(toc_ctx *ctx, ing_load *load)
{
    const shop_schema *schema = shop_schema_of(load->map->kind);

    TOC_TRY(toc_alloc(ctx, 1, sizeof *load->masking, &load->masking));
    load->masking->mask = load->options->mask;
    load->masking->country = SIZE_MAX;
    for (size_t j = 0; j < schema->n_columns; j++) {
        load->masking->how[j] = treatment_of(load->map->kind, &schema->columns[j]);
        if (strcmp(schema->columns[j].name, "country") == 0) load->masking->country = j;
    }
    return TOC_OK;
}

void ing_masking_forget(ing_masking *m)
{
    for (size_t j = 0; j < ING_MAX_COLUMNS; j++) toc_map_release(&m->known[j]);
}

void ing_masking_free(ing_masking *m)
{
    if (!m) return;
    ing_masking_forget(m);
    txt_room_release(&m->room);
    toc_buf_release(&m->text);
    toc_buf_release(&m->raw);
    toc_buf_release(&m->message);
    toc_free(m);
}

/* Appends what a text of a column becomes; *found grows by what was found in it. */
static toc_status add_masked(toc_ctx *ctx, ing_load *load, treatment how, toc_str text, toc_str country, toc_buf *out, size_t *found)
{
    ing_masking *m = load->masking;
    char pseudonym[TXT_PSEUDONYM + 1];
    txt_kind kind = how.kind;

    if (how.what == ID) {
        kind = txt_kind_of_id(text);
        how.what = kind == TXT_NOBODY ? KEEP : VALUE;
        country = (toc_str){ "", 0 }; /* a customer has one id, whatever row it is in */
    }
    if (how.what == KEEP) return toc_buf_add(ctx, out, text.p, text.n);
    if (how.what == WORDS) return txt_mask_text(ctx, m->mask, text, &m->room, out, found);
    TOC_TRY(txt_mask_value(ctx, m->mask, kind, text, country, &m->room, pseudonym));
    return toc_buf_str(ctx, out, pseudonym);
}

/* The id of a label is treated as in the table of its entity. */
static treatment label_id(const ing_load *load, size_t row)
{
    toc_str entity = toc_pool_str(&load->shop->dict[SHOP_D_WORD], load->shop->labels.entity[row]);

    if (toc_str_is_nocase(entity, "customer")) return (treatment){ ID, TXT_NOBODY };
    return (treatment){ toc_str_is_nocase(entity, "merchant") ? WORDS : KEEP, TXT_NOBODY };
}

toc_status ing_mask_row(toc_ctx *ctx, ing_load *load, size_t row)
{
    ing_masking *m = load->masking;
    const shop_schema *schema = shop_schema_of(load->map->kind);
    uint32_t place = m->country == SIZE_MAX ? 0 : load->cells[m->country].codes[row];
    const char *country_text = shop_text(load->shop, SHOP_D_PLACE, place);

    for (size_t j = 0; j < load->n_columns; j++) {
        uint32_t *cell = load->cells[j].codes, code;
        treatment how = m->how[j];
        uint64_t *known;
        bool fresh;
        if (how.what == KEEP || !cell[row]) continue;
        if (how.what == ID && load->map->kind == SHOP_LABELS) how = label_id(load, row);
        toc_pool *dict = &load->shop->dict[schema->columns[j].domain];
        TOC_TRY(toc_map_at(ctx, &m->known[j], toc_pair(how.kind == TXT_PHONE ? place : (uint32_t)how.what, cell[row]), &known, &fresh));
        if (fresh) {
            size_t found = 0;
            toc_buf_reset(&m->text);
            TOC_TRY(add_masked(ctx, load, how, toc_pool_str(dict, cell[row]), toc_str_of(country_text), &m->text, &found));
            TOC_TRY(toc_pool_intern(ctx, dict, (toc_str){ m->text.p ? m->text.p : "", m->text.n }, &code));
            *known = toc_pair((uint32_t)TOC_MIN(found, (size_t)UINT32_MAX), code);
        }
        code = (uint32_t)*known;
        load->summary->found_in_texts += (size_t)(*known >> 32);
        load->summary->pseudonyms += how.what != WORDS && code != cell[row];
        cell[row] = code;
    }
    return TOC_OK;
}

/* ---- refused records ---- */

static size_t character(const char *p, size_t n)
{
    size_t k = 1;

    while (k < n && ((unsigned char)p[k] & 0xc0) == 0x80) k++;
    return k;
}

/* Appends the shape of a text that should have been a number, time or word: letters become x, and digits # where seven or more are in a row. */
static toc_status add_shape(toc_ctx *ctx, toc_str text, toc_buf *out)
{
    for (size_t i = 0, run; i < text.n;) {
        for (run = 0; i + run < text.n && text.p[i + run] >= '0' && text.p[i + run] <= '9';) run++;
        for (size_t k = 0; k < run; k++) TOC_TRY(toc_buf_char(ctx, out, run >= 7 ? '#' : text.p[i + k]));
        i += run;
        if (i == text.n || run) continue;
        unsigned char c = (unsigned char)text.p[i];
        bool letter = c >= 0x80 || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
        TOC_TRY(toc_buf_char(ctx, out, letter ? 'x' : text.p[i]));
        i += character(text.p + i, text.n - i);
    }
    return TOC_OK;
}

/* Whether a text can be an id of a machine: no blanks, nothing beyond ASCII. */
static bool is_plain_id(toc_str text)
{
    for (size_t i = 0; i < text.n; i++)
        if (text.p[i] <= ' ' || (unsigned char)text.p[i] >= 0x7f) return false;
    return true;
}

static bool is_known_word(const ing_load *load, const shop_column *c, toc_str text)
{
    shop_status status;

    text = toc_str_trim(text);
    if (strcmp(c->name, "currency") == 0) return toc_currency_known(text);
    return strcmp(c->name, "status") == 0 && ing_status_of(load->book, text, &status);
}

/* Appends what the reject file shows of a field that a bound field reads; NULL = nobody does. */
static toc_status add_field(toc_ctx *ctx, ing_load *load, const ing_bound *b, toc_str text, toc_str country, toc_buf *out)
{
    ing_masking *m = load->masking;
    const shop_column *c = b ? &shop_schema_of(load->map->kind)->columns[b->column] : NULL;
    bool whole = b && b->n_places == 1 && !b->field->split && !b->field->part;
    int64_t at;

    if (!toc_str_trim(text).n) return toc_buf_add(ctx, out, text.p, text.n);
    if (c && c->type == SHOP_T_TIME && toc_parse_time(ctx, toc_str_trim(text), b->date_order, &at)) return toc_buf_add(ctx, out, text.p, text.n);
    if (c && c->type != SHOP_T_CODE) return add_shape(ctx, text, out);
    if (c && (c->domain == SHOP_D_ORDER || c->domain == SHOP_D_LINE || c->domain == SHOP_D_PRODUCT || c->domain == SHOP_D_REVIEW) && is_plain_id(text))
        return txt_mask_text(ctx, m->mask, text, &m->room, out, NULL);
    if (c && is_known_word(load, c, text)) return toc_buf_add(ctx, out, text.p, text.n);
    if (whole && (m->how[b->column].what == VALUE || m->how[b->column].what == ID))
        return add_masked(ctx, load, m->how[b->column], ing_clean_id(text), country, out, NULL);
    return toc_buf_str(ctx, out, ING_HIDDEN);
}

/* What reads place `at` of the record: what is personal goes before what is not. */
static const ing_bound *reader_of(const ing_load *load, size_t at)
{
    const ing_bound *found = NULL;

    for (size_t k = 0; k < load->n_bound; k++) {
        const ing_bound *b = &load->bound[k];
        for (size_t p = 0; p < b->n_places; p++) {
            if (b->places[p].at != at) continue;
            what mine = load->masking->how[b->column].what;
            if (!found || mine > load->masking->how[found->column].what) found = b;
        }
    }
    return found;
}

/* The country of a record, where a field of its own says it. */
static toc_str country_of(const ing_load *load, const rd_batch *batch, const rd_record *record)
{
    for (size_t k = 0; k < load->n_bound; k++)
        if (load->bound[k].column == load->masking->country && load->bound[k].n_places == 1 && load->bound[k].places[0].at != SIZE_MAX)
            return rd_field(batch, record, load->bound[k].places[0].at);
    return (toc_str){ "", 0 };
}

static toc_status add_csv(toc_ctx *ctx, toc_str text, char delimiter, toc_buf *out)
{
    bool quote = false;

    for (size_t i = 0; i < text.n; i++) quote |= text.p[i] == delimiter || text.p[i] == '"' || text.p[i] == '\n' || text.p[i] == '\r';
    if (!quote) return toc_buf_add(ctx, out, text.p, text.n);
    TOC_TRY(toc_buf_char(ctx, out, '"'));
    for (size_t i = 0; i < text.n; i++) TOC_TRY(text.p[i] == '"' ? toc_buf_str(ctx, out, "\"\"") : toc_buf_char(ctx, out, text.p[i]));
    return toc_buf_char(ctx, out, '"');
}

toc_status ing_mask_record(toc_ctx *ctx, ing_load *load, const rd_batch *batch, const rd_record *record, toc_str *raw)
{
    ing_masking *m = load->masking;

    toc_buf_reset(&m->raw);
    if (record->fault) TOC_TRY(toc_buf_str(ctx, &m->raw, ING_HIDDEN));
    for (size_t j = 0; j < record->n && !record->fault && m->raw.n <= MAX_RAW; j++) {
        const ing_bound *b = load->only_side ? NULL : reader_of(load, j);
        toc_buf_reset(&m->text);
        TOC_TRY(add_field(ctx, load, b, rd_field(batch, record, j), country_of(load, batch, record), &m->text));
        if (j) TOC_TRY(toc_buf_char(ctx, &m->raw, rd_delimiter(load->reader)));
        TOC_TRY(add_csv(ctx, (toc_str){ m->text.p ? m->text.p : "", m->text.n }, rd_delimiter(load->reader), &m->raw));
    }
    *raw = (toc_str){ m->raw.p ? m->raw.p : "", m->raw.n };
    return TOC_OK;
}

/* Messages quote what was refused, between their first and last quotation mark; before it there may be a number. */
toc_status ing_mask_message(toc_ctx *ctx, ing_load *load, const ing_reject *reject, const char **message)
{
    toc_str text = toc_str_of(reject->message);
    const char *first = memchr(text.p, '"', text.n), *last = first;
    toc_buf *out = &load->masking->message;

    *message = reject->message;
    if (strcmp(reject->code, "damaged_id") == 0) *message = "a rounded number, the id is lost: format the column as text before saving";
    if (*message != reject->message) return TOC_OK;
    if (!first) first = last = text.p + text.n;
    for (const char *p = first; *p; p++)
        if (*p == '"') last = p;
    if (last == first) last = text.p + text.n;
    toc_buf_reset(out);
    for (const char *p = text.p; p < first; p++) {
        size_t run = 0;
        while (p + run < first && p[run] >= '0' && p[run] <= '9') run++;
        TOC_TRY(run >= 7 ? toc_buf_str(ctx, out, "#######") : toc_buf_add(ctx, out, p, TOC_MAX(run, (size_t)1)));
        p += run ? run - 1 : 0;
    }
    TOC_TRY(add_shape(ctx, (toc_str){ first, (size_t)(last - first) }, out));
    TOC_TRY(toc_buf_str(ctx, out, last));
    *message = out->p;
    return TOC_OK;
}

bool ing_mask_hides_range(const ing_load *load, const ing_bound *bound, double most)
{
    return load->masking && (!bound || shop_schema_of(load->map->kind)->columns[bound->column].type == SHOP_T_CODE || most >= 1e6);
}
