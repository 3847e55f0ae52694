/* rows.c: one record into one row of a canonical table, or the reason why not. */
#include "ingest/ingest_int.h"

#define MAX_QUANTITY INT64_C(1000000000)

void ing_blank_row(ing_load *load, size_t row)
{
    for (size_t j = 0; j < load->n_columns; j++) {
        if (load->cells[j].codes) load->cells[j].codes[row] = 0;
        else load->cells[j].ints[row] = SHOP_NO_INT;
    }
}

static toc_str place_text(const ing_load *load, const ing_place *place, const rd_batch *batch, const rd_record *record)
{
    if (place->at != SIZE_MAX) return rd_field(batch, record, place->at);
    const ing_link *l = &load->links[place->side];
    const tab_column *theirs = l->row == SIZE_MAX ? NULL : place->theirs[l->which];
    return theirs ? toc_pool_str(theirs->pool, theirs->code[l->row]) : (toc_str){ "", 0 };
}

toc_status ing_text_at(toc_ctx *ctx, ing_load *load, const ing_place *places, size_t n, const rd_batch *batch, const rd_record *record, toc_str *text)
{
    *text = n ? place_text(load, &places[0], batch, record) : (toc_str){ "", 0 };
    if (n < 2) return TOC_OK;
    toc_buf_reset(&load->joined);
    for (size_t k = 0; k < n; k++) TOC_TRY(ing_join_text(ctx, &load->joined, place_text(load, &places[k], batch, record)));
    *text = (toc_str){ load->joined.p ? load->joined.p : "", load->joined.n };
    return TOC_OK;
}

toc_status ing_bound_text(toc_ctx *ctx, ing_load *load, const ing_bound *b, const rd_batch *batch, const rd_record *record, toc_str *text)
{
    if (b->direct) {
        *text = rd_field(batch, record, b->places[0].at);
        return TOC_OK;
    }
    *text = toc_str_of(b->field->header);
    if (b->field->how != ING_CONST) TOC_TRY(ing_text_at(ctx, load, b->places, b->n_places, batch, record, text));
    *text = ing_line_text(load, b->field, *text);
    return TOC_OK;
}

static bool is_filled(const ing_load *load, size_t column, size_t row)
{
    const ing_cells *c = &load->cells[column];
    return c->codes ? c->codes[row] != 0 : c->ints[row] != SHOP_NO_INT;
}

static size_t row_of_line(const ing_load *load, const ing_link *l)
{
    const ing_side *side = l->sides[l->which];
    size_t row = l->found;

    for (size_t k = 0; l == load->lines.each && k < load->lines.at && row != SIZE_MAX && side->next[row]; k++) row = side->next[row] - 1;
    return row;
}

/* The first of a join's files that has the key. */
static void find_key(ing_link *l, toc_str key)
{
    l->found = SIZE_MAX;
    for (l->which = 0; l->which < l->n_sides; l->which++)
        if ((l->found = ing_side_find(l->sides[l->which], key)) != SIZE_MAX) return;
    l->which = 0;
}

toc_status ing_match_sides(toc_ctx *ctx, ing_load *load, const rd_batch *batch, const rd_record *record, ing_reject *reject)
{
    for (size_t k = 0; k < load->n_links; k++) load->links[k].row = load->links[k].found = SIZE_MAX;
    for (size_t k = 0; k < load->n_links; k++) {
        ing_link *l = &load->links[k];
        toc_str key;
        TOC_TRY(ing_text_at(ctx, load, l->key, l->n_key, batch, record, &key));
        key = ing_clean_id(key);
        if (l->join->less) key = toc_str_starts(key, l->join->less) ? (toc_str){ key.p + strlen(l->join->less), key.n - strlen(l->join->less) } : TOC_STR("");
        find_key(l, key);
        l->row = row_of_line(load, l);
        int n = (int)TOC_MIN(key.n, (size_t)40);
        if (ing_damaged_id(key))
            ING_REJECT(reject, "damaged_id", "order_id", "%.*s is a rounded number, the id is lost: format the column as text before saving", n, key.p);
        else if (l->row == SIZE_MAX && l->join->no_match)
            ING_REJECT(reject, l->join->no_match, "order_id", "\"%.*s\" is not in %.80s", n, key.p, l->sides[0]->path);
        if (reject->code) return TOC_OK;
    }
    return TOC_OK;
}

/* Later rows of an order repeat what its first row said. */
static toc_status carry(toc_ctx *ctx, ing_load *load, const rd_batch *batch, const rd_record *record)
{
    toc_str key = rd_field(batch, record, load->carry_key);
    bool same = load->has_carry && toc_str_eq(key, (toc_str){ load->carry_text.p ? load->carry_text.p : "", load->carry_text.n });

    load->continues = same && key.n;
    if (load->continues) return TOC_OK;
    load->has_carry = true;
    toc_buf_reset(&load->carry_text);
    TOC_TRY(toc_buf_add(ctx, &load->carry_text, key.p, key.n));
    for (size_t k = 0; k < load->n_bound; k++) {
        ing_bound *b = &load->bound[k];
        if (!(b->field->flags & ING_CARRY)) continue;
        toc_str text;
        TOC_TRY(ing_bound_text(ctx, load, b, batch, record, &text));
        toc_buf_reset(&b->carried);
        TOC_TRY(toc_buf_add(ctx, &b->carried, text.p, text.n));
    }
    return TOC_OK;
}

/* Whether the map wants no such rows. */
static toc_status check_refusals(toc_ctx *ctx, ing_load *load, const rd_batch *batch, const rd_record *record, ing_reject *reject)
{
    for (size_t k = 0; k < load->map->n_refusals && !reject->code; k++) {
        const ing_refusal *f = &load->map->refusals[k];
        const ing_place *place = &load->refused_by[k];
        toc_str text;
        bool hit;
        if (place->at == SIZE_MAX && !place->theirs) continue;
        TOC_TRY(ing_text_at(ctx, load, place, 1, batch, record, &text));
        text = ing_clean_id(text);
        hit = !f->n_values && text.n;
        for (size_t v = 0; v < f->n_values && !hit; v++) hit = toc_str_is_nocase(text, f->values[v]);
        if (hit == f->unless) continue;
        if (text.n) ING_REJECT(reject, f->code, "", "%.60s is \"%.*s\": such rows are left out", f->header, (int)TOC_MIN(text.n, (size_t)60), text.p);
        else ING_REJECT(reject, f->code, "", "%.60s is empty: such rows are left out", f->header);
    }
    return TOC_OK;
}

/* The currency that an amount is written with; empty where it is written without. A lone $ is taken for that of the United States. */
static toc_str currency_sign(toc_str amount)
{
    static const char *const signs[][2] = {
        { "US", "USD" }, { "AU", "AUD" }, { "CA", "CAD" }, { "NZ", "NZD" }, { "HK", "HKD" }, { "NT", "TWD" }, { "MX", "MXN" }, { "C $", "CAD" },
        { "C$", "CAD" }, { "A$", "AUD" }, { "S$", "SGD" }, { "R$", "BRL" }, { "$", "USD" }, { "€", "EUR" }, { "£", "GBP" }, { "₹", "INR" },
        { "₩", "KRW" },  { "₫", "VND" },  { "฿", "THB" },  { "₱", "PHP" },  { "RM", "MYR" }, { "Rp", "IDR" }, { "zł", "PLN" },
    };

    for (size_t at = 0; at + 3 <= amount.n; at += TOC_MAX(amount.n - 3 - at, (size_t)1)) /* at both ends */
        if (toc_currency_known((toc_str){ amount.p + at, 3 })) return (toc_str){ amount.p + at, 3 };
    for (size_t k = 0; k < TOC_COUNT(signs); k++)
        if (toc_str_starts(amount, signs[k][0]) || toc_str_ends(amount, signs[k][0])) return toc_str_of(signs[k][1]);
    return (toc_str){ "", 0 };
}

/* The currency decides how many digits amounts have, so it comes before them. */
static toc_status settle_currency(toc_ctx *ctx, ing_load *load, const rd_batch *batch, const rd_record *record, ing_reject *reject)
{
    uint32_t code = load->currency;
    toc_pool *words = &load->shop->dict[SHOP_D_WORD];

    for (size_t k = load->currency_at; k < load->n_bound; k++) {
        const ing_bound *b = &load->bound[k];
        if (b->column != load->bound[load->currency_at].column || (b->group && b->group != load->lines.number)) continue;
        toc_str text;
        TOC_TRY(ing_bound_text(ctx, load, b, batch, record, &text));
        if (load->same_currency && text.n == 3 && memcmp(text.p, load->last_currency, 3) == 0) return TOC_OK;
        load->same_currency = false;
        const toc_str written = text;
        text = toc_str_trim(text);
        if (b->field->how == ING_SYMBOL) text = currency_sign(text);
        if (!text.n && b->field->flags & ING_CARRY) text = toc_str_trim((toc_str){ b->carried.p, b->carried.n });
        char upper[3];
        if (text.n == 3) {
            for (size_t i = 0; i < 3; i++) upper[i] = (char)(text.p[i] >= 'a' && text.p[i] <= 'z' ? text.p[i] - 32 : text.p[i]);
            text = (toc_str){ upper, 3 };
            if (toc_str_is(text, "RMB")) text = TOC_STR("CNY");
        }
        if (text.n && !toc_currency_known(text)) {
            ING_REJECT(reject, "currency", "currency", "\"%.*s\" is no ISO 4217 currency", (int)TOC_MIN(text.n, (size_t)40), text.p);
            return TOC_OK;
        }
        if (!text.n) continue;
        TOC_TRY(toc_pool_intern(ctx, words, text, &code));
        load->same_currency = written.n == 3 && b->field->how == ING_PLAIN && k == load->currency_at;
        if (load->same_currency) memcpy(load->last_currency, written.p, 3);
        break;
    }
    if (code != load->digits_of) load->digits = toc_currency_digits(toc_pool_str(words, code));
    load->digits_of = code;
    return TOC_OK;
}

static toc_status put_code(toc_ctx *ctx, ing_load *load, ing_bound *b, size_t row, toc_str text, ing_reject *reject)
{
    const shop_column *c = &shop_schema_of(load->map->kind)->columns[b->column];
    uint32_t *cell = &load->cells[b->column].codes[row];

    /* what is clean already stays as it is, so the text of the row before needs no second look */
    if (b->last_code && toc_str_eq(text, toc_pool_str(&load->shop->dict[c->domain], b->last_code))) {
        *cell = b->last_code;
        return TOC_OK;
    }
    if (ing_is_id(c->domain) && b->field->how == ING_PLAIN && ing_plain_id(text)) {
        TOC_TRY(toc_pool_intern(ctx, &load->shop->dict[c->domain], text, cell));
        b->last_code = *cell;
        return TOC_OK;
    }
    if (c->domain == SHOP_D_PLACE && text.n > 1 && text.p[0] == '\'' && text.p[1] >= '0' && text.p[1] <= '9') text = ing_clean_id(text);
    if (ing_is_id(c->domain)) text = ing_clean_id(text);
    /* canonical customers may be called anything */
    if (ing_is_masked(c->domain, text) && (load->map->source || c->domain != SHOP_D_CUSTOMER)) {
        load->summary->masked++;
        return TOC_OK;
    }
    bool key = c->domain == SHOP_D_PHONE || c->domain == SHOP_D_PAYMENT_KEY || c->domain == SHOP_D_DEVICE, zeros;
    if ((key || ing_is_id(c->domain)) && ing_damaged_id(text)) {
        if (key) load->summary->rounded++;
        else {
            ING_REJECT(reject, "damaged_id", c->name, "%.*s is a rounded number, the id is lost: format the column as text before saving",
                       (int)TOC_MIN(text.n, (size_t)40), text.p);
        }
        return TOC_OK;
    }
    if (ing_is_id(c->domain) && ing_long_id(text, &zeros)) {
        b->long_ids++;
        b->zero_ids += zeros;
    }
    if (b->field->how == ING_FLOAT_ID && toc_str_ends(text, ".0")) text.n -= 2;
    if (b->field->how == ING_STATUS) {
        shop_status status;
        if (shop_status_of(text, &status)) return toc_pool_intern(ctx, &load->shop->dict[c->domain], text, cell); /* the canonical word */
        if (!ing_status_of(load->book, text, &status)) {
            ING_REJECT(reject, "status", c->name, "unknown status \"%.*s\": a file for --map can say what it means", (int)TOC_MIN(text.n, (size_t)80), text.p);
            return TOC_OK;
        }
        if (status == SHOP_NO_STATUS) return TOC_OK;
        text = toc_str_of(shop_status_name(status));
    }
    TOC_TRY(ing_clean_text(ctx, text, &load->scratch, &text));
    TOC_TRY(toc_pool_intern(ctx, &load->shop->dict[c->domain], text, cell));
    b->last_code = *cell;
    return TOC_OK;
}

static void refuse_cell(const ing_load *load, const ing_bound *b, toc_str text, ing_reject *reject)
{
    const shop_column *c = &shop_schema_of(load->map->kind)->columns[b->column];
    int n = (int)TOC_MIN(text.n, (size_t)60);

    switch (c->type) {
    case SHOP_T_INT: ING_REJECT(reject, "number", c->name, "\"%.*s\" is no whole number", n, text.p); break;
    case SHOP_T_MONEY: ING_REJECT(reject, "amount", c->name, "\"%.*s\" is no amount", n, text.p); break;
    case SHOP_T_RATIO: ING_REJECT(reject, "number", c->name, "\"%.*s\" is no number", n, text.p); break;
    case SHOP_T_CODE: break;
    case SHOP_T_TIME:
        if (b->date_order == TOC_DATE_UNKNOWN && toc_date_order_of(text) == TOC_DATE_UNKNOWN)
            ING_REJECT(reject, "date_order", c->name, "\"%.*s\": day and month cannot be told apart in this file", n, text.p);
        else ING_REJECT(reject, "time", c->name, "\"%.*s\" is no time", n, text.p);
    }
}

/* The day that an id begins with, yymmdd, as text; empty where those are no six digits. */
static toc_str day_of_id(toc_str id, char *text)
{
    id = ing_clean_id(id);
    for (size_t i = 0; i < 6; i++)
        if (i >= id.n || id.p[i] < '0' || id.p[i] > '9') return (toc_str){ "", 0 };
    (void)snprintf(text, 24, "20%.2s-%.2s-%.2s", id.p, id.p + 2, id.p + 4);
    return toc_str_of(text);
}

/* Parses a time as the field has it. */
static shop_cell parse_time(toc_ctx *ctx, ing_load *load, const ing_bound *b, size_t row, toc_str text, const shop_format *format)
{
    char own[64];

    if (b->field->how == ING_DAY) text = day_of_id(text, own);
    if (b->field->flags & ING_UTC && text.n + 2 < sizeof own) {
        (void)snprintf(own, sizeof own, "%.*sZ", (int)text.n, text.p);
        if (toc_parse_time(ctx, toc_str_of(own), format->date_order, &load->cells[b->column].ints[row])) return SHOP_CELL_OK;
    }
    return shop_parse_cell(ctx, load->shop, load->map->kind, b->column, row, text, format);
}

/* A time, or the value the same text had in the row before. */
static shop_cell put_time(toc_ctx *ctx, ing_load *load, ing_bound *b, size_t row, toc_str text, const shop_format *format)
{
    int64_t *cell = &load->cells[b->column].ints[row];

    if (text.n && text.n == b->last_time_n && !memcmp(text.p, b->last_time, text.n)) {
        *cell = b->last_instant;
        return SHOP_CELL_OK;
    }
    shop_cell what = parse_time(ctx, load, b, row, text, format);
    b->last_time_n = 0;
    if (what != SHOP_CELL_OK || text.n > sizeof b->last_time) return what;
    memcpy(b->last_time, text.p, text.n);
    b->last_time_n = text.n;
    b->last_instant = *cell;
    return what;
}

static toc_status put(toc_ctx *ctx, ing_load *load, ing_bound *b, size_t row, toc_str text, ing_reject *reject)
{
    shop_kind kind = load->map->kind;
    const shop_column *c = &shop_schema_of(kind)->columns[b->column];
    shop_format format = { .date_order = b->date_order, .money_digits = load->digits };
    bool open = false;

    if (c->type == SHOP_T_CODE) return put_code(ctx, load, b, row, text, reject);
    if (c->type == SHOP_T_MONEY) format.decimal_comma = ing_decimal_comma(load, b, toc_str_trim(text), &open);
    else if (c->type == SHOP_T_RATIO) format.decimal_comma = memchr(text.p, ',', text.n) && !memchr(text.p, '.', text.n);
    if (open) {
        text = toc_str_trim(text);
        ING_REJECT(reject, "decimal_mark", c->name, "\"%.*s\": thousands or a fraction cannot be told in this file; --dialect decimal=point or comma does",
                   (int)TOC_MIN(text.n, (size_t)60), text.p);
        return TOC_OK;
    }
    int64_t *cell = &load->cells[b->column].ints[row], before = *cell;
    shop_cell what = c->type == SHOP_T_TIME ? put_time(ctx, load, b, row, text, &format)
                                            : shop_parse_cell(ctx, load->shop, kind, b->column, row, text, &format);
    if (what == SHOP_CELL_NO_MEMORY) return TOC_E_NOMEM;
    if (what != SHOP_CELL_OK) refuse_cell(load, b, toc_str_trim(text), reject);
    else if (b->field->how == ING_SUM && before != SHOP_NO_INT && *cell < MAX_QUANTITY) *cell += before;
    else if (b->field->how == ING_POSITIVE && *cell <= 0) *cell = *cell ? -*cell : TOC_NO_MONEY;
    if (what == SHOP_CELL_OK && b->field->flags & ING_SHARE && !load->lines.cut && *cell != SHOP_NO_INT) *cell = ing_line_share(load, *cell, c->type == SHOP_T_INT);
    return TOC_OK;
}

/* ---- rules for values, the same for every platform ---- */

static void check_times(const ing_load *load, size_t row, ing_reject *reject)
{
    const int64_t known_at = load->options ? load->options->known_at : 0;
    const int64_t first = INT64_C(7305) * TOC_DAY, end = INT64_C(47482) * TOC_DAY; /* 1990-01-01, 2100-01-01 */
    const shop_schema *schema = shop_schema_of(load->map->kind);

    for (size_t k = 0; k < load->n_times && !reject->code; k++) {
        size_t j = load->times[k];
        int64_t t = load->cells[j].ints[row];
        if (t == TOC_NO_TIME) continue;
        if (known_at && load->past[j] && t > known_at + TOC_DAY)
            ING_REJECT(reject, "future", schema->columns[j].name, "later than the export, by more than a day");
        if (t < first || t >= end) ING_REJECT(reject, "date_range", schema->columns[j].name, "not between 1990 and 2100");
    }
}

static void check_required(const ing_load *load, size_t row, ing_reject *reject)
{
    for (size_t k = 0; k < load->n_required && !reject->code; k++) {
        if (is_filled(load, load->required[k], row)) continue;
        const char *name = shop_schema_of(load->map->kind)->columns[load->required[k]].name;
        ING_REJECT(reject, "missing", name, "no %s", name);
    }
}

static bool is_negative(int64_t amount)
{
    return amount != TOC_NO_MONEY && amount < 0;
}

static void check_order(const ing_load *load, size_t row, ing_reject *reject)
{
    const shop_orders *o = &load->shop->orders;
    int64_t q = o->quantity[row];

    if (o->unit_price[row] == TOC_NO_MONEY && o->line_total[row] != TOC_NO_MONEY && q != SHOP_NO_INT && q != 0)
        o->unit_price[row] = o->line_total[row] / q;
    check_required(load, row, reject);
    if (reject->code) return;
    bool cancelled = o->cancelled_at[row] != TOC_NO_TIME || strcmp(shop_text(load->shop, SHOP_D_WORD, o->status[row]), "cancelled") == 0;
    if (q == 0 && !cancelled) ING_REJECT(reject, "quantity", "quantity", "quantity 0");
    else if (q >= MAX_QUANTITY || q <= -MAX_QUANTITY) ING_REJECT(reject, "quantity", "quantity", "quantity %lld", (long long)q);
    else if (o->unit_price[row] < 0) ING_REJECT(reject, "negative_price", "unit_price", "a negative price");
    else if (is_negative(o->discount[row])) ING_REJECT(reject, "negative_price", "discount", "a negative discount");
}

static void check_review(const ing_load *load, size_t row, ing_reject *reject)
{
    const shop_reviews *r = &load->shop->reviews;

    if (r->rating[row] != SHOP_NO_INT && (r->rating[row] < 0 || r->rating[row] > 10 * (int64_t)SHOP_RATIO))
        ING_REJECT(reject, "rating", "rating", "a rating outside 0 to 10");
    else if (r->rating[row] == SHOP_NO_INT && !r->body[row] && !r->title[row]) ING_REJECT(reject, "missing", "rating", "neither rating nor text");
}

static void check(const ing_load *load, size_t row, ing_reject *reject)
{
    const shop_data *s = load->shop;

    switch (load->map->kind) {
    case SHOP_ORDERS: check_order(load, row, reject); break;
    case SHOP_REVIEWS: check_review(load, row, reject); break;
    case SHOP_PRODUCTS:
        if (is_negative(s->products.price[row]) || is_negative(s->products.cost[row]))
            ING_REJECT(reject, "negative_price", "price", "a negative price");
        break;
    case SHOP_PROMOTIONS:
        if (s->promotions.ends_on[row] != TOC_NO_TIME && s->promotions.ends_on[row] < s->promotions.starts_on[row])
            ING_REJECT(reject, "date_range", "ends_on", "ends before it starts");
        break;
    default: break;
    }
    if (!reject->code) check_required(load, row, reject);
    if (!reject->code) check_times(load, row, reject);
}

/* Converts the amounts of a row at its own date. What the line is worth is converted in one piece, so that cents rounded away in the price of one do
 * not grow with the quantity. */
static void exchange(const toc_ctx *ctx, ing_load *load, size_t row, ing_reject *reject)
{
    const shop_schema *schema = shop_schema_of(load->map->kind);
    bool orders = load->map->kind == SHOP_ORDERS;
    shop_orders *o = &load->shop->orders;
    uint32_t *code = orders ? &o->currency[row] : &load->shop->payments.currency[row];
    int64_t at = orders ? o->ordered_at[row] : load->shop->payments.at[row];
    toc_str from = toc_pool_str(&load->shop->dict[SHOP_D_WORD], *code);
    char date[16] = "";
    shop_rate rate;

    if (!*code || *code == load->target) return;
    if (at != TOC_NO_TIME) date[toc_format_date(ctx, at, date)] = 0;
    if (at == TOC_NO_TIME) ING_REJECT(reject, "rate", "at", "no time, so no rate of %.3s", from.p);
    else if (!shop_rate_on(load->options->rates, from, toc_local_day(ctx, at), &rate))
        ING_REJECT(reject, "rate", "currency", "no rate of %.3s on or before %s", from.p, date);
    if (reject->code) return;
    if (orders && o->line_total[row] == TOC_NO_MONEY) o->line_total[row] = shop_line_amount(load->shop, row);
    for (size_t j = 0; j < schema->n_columns && !reject->code; j++)
        if (schema->columns[j].type == SHOP_T_MONEY &&
            !shop_convert(&rate, load->digits, toc_currency_digits(toc_str_of(shop_rates_target(load->options->rates))), &load->cells[j].ints[row]))
            ING_REJECT(reject, "amount", schema->columns[j].name, "too large to convert from %.3s", from.p);
    *code = load->target;
}

/* Whether a field has nothing to say about the current line. */
static bool is_left_out(const ing_load *load, const ing_bound *b, size_t row)
{
    if (b->group && b->group != load->lines.number) return true;
    if (b->field->flags & ING_ONCE && (load->continues || load->lines.at)) return true;
    return is_filled(load, b->column, row) && b->field->how != ING_SUM;
}

static toc_status fill(toc_ctx *ctx, ing_load *load, const rd_batch *batch, const rd_record *record, size_t row, ing_reject *reject)
{
    for (size_t k = 0; k < load->n_bound && !reject->code; k++) {
        ing_bound *b = &load->bound[k];
        toc_str text;
        if (is_left_out(load, b, row) || (load->currency_at < load->n_bound && b->column == load->bound[load->currency_at].column)) continue;
        TOC_TRY(ing_bound_text(ctx, load, b, batch, record, &text));
        if (!text.n && b->field->flags & ING_CARRY && b->carried.n) text = (toc_str){ b->carried.p, b->carried.n };
        if (text.n) TOC_TRY(put(ctx, load, b, row, text, reject));
    }
    return TOC_OK;
}

toc_status ing_convert(toc_ctx *ctx, ing_load *load, const rd_batch *batch, const rd_record *record, size_t row, uint64_t *line,
                       ing_reject *reject)
{
    TOC_TRY(ing_match_sides(ctx, load, batch, record, reject));
    if (reject->code) return TOC_OK;
    if (load->carry_key != SIZE_MAX && !load->lines.at) TOC_TRY(carry(ctx, load, batch, record));
    TOC_TRY(check_refusals(ctx, load, batch, record, reject));
    if (reject->code) return TOC_OK;
    TOC_TRY(settle_currency(ctx, load, batch, record, reject));
    TOC_TRY(fill(ctx, load, batch, record, row, reject));
    if (reject->code) return TOC_OK;
    if (load->map->kind == SHOP_ORDERS) load->shop->orders.currency[row] = load->digits_of;
    if (load->map->kind == SHOP_PAYMENTS) load->shop->payments.currency[row] = load->digits_of;
    for (size_t k = 0; k < load->map->n_rules && !reject->code; k++) TOC_TRY(load->map->rules[k]->apply(ctx, load, row, reject));
    if (!reject->code) check(load, row, reject);
    if (reject->code) return TOC_OK;
    if (load->masking) TOC_TRY(ing_mask_row(ctx, load, row));
    if (load->map->kind == SHOP_ORDERS) *line = ing_line_hash(load->shop, row);
    if (load->target && (load->map->kind == SHOP_ORDERS || load->map->kind == SHOP_PAYMENTS)) exchange(ctx, load, row, reject);
    for (size_t k = 0; k < load->n_links && !reject->code && load->map->kind == SHOP_ORDERS; k++)
        if (load->links[k].found != SIZE_MAX) load->links[k].sides[load->links[k].which]->used[load->links[k].found] = true;
    return TOC_OK;
}
