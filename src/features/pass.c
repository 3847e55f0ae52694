/* pass.c: the basic facts of customers from one pass over a file of order lines, without the shop in memory.
 *
 * Two steps a set of batches, both on all threads. First each batch's plain records (those whose values read at once: canonical ids, times, amounts)
 * become small lines; every other record goes to ingest, which knows all there is to know about values, and joins at the end. Then each part of the
 * customers (by hash of the id) takes in its lines, so no two threads touch the same customer and nothing is merged. Cells of the tables are
 * fetched ahead of their use: they are spread over more memory than caches hold. */
#include "features/fea_int.h"

enum { AHEAD = 16, ID_INSIDE = 16, MAX_PARTS = 64 };

/* What a plain record says. */
typedef struct {
    uint64_t hash;
    toc_str id, merchant;
    int64_t amount, at;
} line;

/* One customer; a cache line. */
typedef struct {
    uint64_t hash;
    union {
        char inside[ID_INSIDE];
        const char *outside;
    };
    uint32_t n_id, lines, merchants, number;
    int64_t spend, first, last;
} customer;

typedef struct {
    size_t n;
    int64_t first, last;
} day;

/* Days on which orders may lie (ingest refuses others). */
#define FIRST_DAY toc_days_from_civil(1990, 1, 1)
#define END_DAY toc_days_from_civil(2100, 1, 1)

/* The customers whose hash ends alike. */
typedef struct {
    customer *customers;
    size_t n, cap;
    uint32_t *slots;  /* number + 1, by hash; a power of two of them */
    size_t n_slots;
    uint64_t *pairs;  /* (number + 1, merchant code), open addressing */
    size_t n_pairs, cap_pairs;
    toc_pool merchants;
    toc_arena ids;
    day *days;
} part;

/* One batch's lines, listed by part. */
typedef struct {
    line *lines;
    uint32_t *by_part;
    size_t n, cap, cap_by_part;
    size_t start[MAX_PARTS + 1];
    uint32_t *odd; /* records for ingest */
    size_t n_odd, cap_odd;
} gathered;

typedef struct {
    rd_batch **batches;
    gathered *gathered;
    part *parts;
    size_t n_parts;
    int64_t as_of;
    bool want_merchants;
    size_t at[FEA_PASS_COLUMNS]; /* place of each column in the record; SIZE_MAX = not there */
    toc_str currency;            /* of plain records */
    int digits;
} pass;

/* ---- plain records ---- */

enum { ORDER, CUSTOMER, QUANTITY, PRICE, ORDERED, MERCHANT, DISCOUNT, TOTAL, CURRENCY, STATUS, STATUS_AT, CANCELLED };
const char *const fea_pass_columns[FEA_PASS_COLUMNS + 1] = { "order_id",   "customer_id", "quantity", "unit_price", "ordered_at", "merchant_id",
                                                             "discount",   "line_total",  "currency", "status",     "status_at",  "cancelled_at",
                                                             "returned_at", "refunded_at", "paid_at", "shipped_at", "delivered_at", NULL };

static toc_str cell(const pass *p, const rd_batch *batch, const rd_record *record, int column)
{
    return p->at[column] == SIZE_MAX ? (toc_str){ "", 0 } : rd_field(batch, record, p->at[column]);
}

/* Whether ingest would take the text for an id as it stands: printable ASCII without what spreadsheets and rounding leave, or letters of other
 * scripts in UTF-8 (blanks and marks beyond ASCII begin with the bytes C2, E2, E3 and EF). */
static bool plain_id(toc_str text)
{
    bool plain = true;

    for (size_t i = 0; i < text.n; i++) {
        unsigned char c = (unsigned char)text.p[i];
        plain &= c > ' ' && c != '<' && c != '&' && c != 0x7f && c != '+' && c != '\'' && c != '`' && c != '=' && c != 0xc2 && (c < 0xe2 || c > 0xe3) && c != 0xef;
    }
    return plain;
}

static bool plain_quantity(toc_str text, int64_t *value)
{
    *value = 0;
    for (size_t i = 0; i < text.n; i++) {
        unsigned d = (unsigned char)text.p[i] - '0';
        if (d > 9) return false;
        *value = *value * 10 + d;
    }
    return text.n && text.n <= 9 && *value > 0;
}

/* "12.30" with all digits of the currency, nothing else. */
static bool plain_amount(toc_str text, int digits, int64_t *minor)
{
    return text.n && text.p[0] >= '0' && text.p[0] <= '9' && text.p[text.n - 1] >= '0' && toc_parse_money(text, digits, false, minor);
}

static bool plain_time(toc_ctx *ctx, toc_str text, int64_t *at)
{
    return text.n == 20 && text.p[19] == 'Z' && toc_parse_time(ctx, text, TOC_DATE_UNKNOWN, at) && *at >= FIRST_DAY * TOC_DAY && *at < END_DAY * TOC_DAY;
}

/* Whether a line whose status may be known at some moment is a purchase at any: neither cancelled nor unpaid, by no column. */
static bool always_bought(toc_ctx *ctx, const pass *p, const rd_batch *batch, const rd_record *record)
{
    toc_str since = cell(p, batch, record, STATUS_AT);
    int64_t at;
    shop_status status;

    if (cell(p, batch, record, CANCELLED).n) return false;
    if (!since.n) return true;
    toc_str word = cell(p, batch, record, STATUS);
    return plain_time(ctx, since, &at) && (!word.n || (shop_status_of(word, &status) && status != SHOP_CANCELLED && status != SHOP_UNPAID));
}

/* Reads a record whose values say at once what they are; false where ingest has to look. */
static bool read_plain(toc_ctx *ctx, const pass *p, const rd_batch *batch, const rd_record *record, line *l)
{
    int64_t quantity, price, discount = 0;
    toc_str off, total;

    if (record->fault) return false;
    l->id = cell(p, batch, record, CUSTOMER);
    l->merchant = cell(p, batch, record, MERCHANT);
    toc_str order = cell(p, batch, record, ORDER);
    if (!order.n || !plain_id(order) || !plain_id(l->id) || !plain_id(l->merchant)) return false;
    if (!toc_str_eq(cell(p, batch, record, CURRENCY), p->currency)) return false;
    if (!plain_quantity(cell(p, batch, record, QUANTITY), &quantity)) return false;
    if (!plain_amount(cell(p, batch, record, PRICE), p->digits, &price)) return false;
    if (!plain_time(ctx, cell(p, batch, record, ORDERED), &l->at)) return false;
    off = cell(p, batch, record, DISCOUNT);
    total = cell(p, batch, record, TOTAL);
    if (off.n && !plain_amount(off, p->digits, &discount)) return false;
    if (total.n) {
        if (!plain_amount(total, p->digits, &l->amount)) return false;
    } else if (__builtin_mul_overflow(quantity, price, &l->amount)) return false;
    else l->amount -= discount;
    return always_bought(ctx, p, batch, record);
}

/* Lists the lines by part, in their order. */
static toc_status list_by_part(toc_ctx *ctx, const pass *p, gathered *g)
{
    size_t at[MAX_PARTS + 1] = {0};

    if (g->n > g->cap_by_part) TOC_TRY(toc_grow(ctx, &g->by_part, &g->cap_by_part, g->n, sizeof *g->by_part));
    for (size_t i = 0; i < g->n; i++) at[(g->lines[i].hash >> 32) % p->n_parts + 1]++;
    for (size_t k = 0; k < p->n_parts; k++) at[k + 1] += at[k];
    memcpy(g->start, at, sizeof at);
    for (size_t i = 0; i < g->n; i++) g->by_part[at[(g->lines[i].hash >> 32) % p->n_parts]++] = (uint32_t)i;
    return TOC_OK;
}

static toc_status gather(toc_ctx *ctx, void *arg, size_t task)
{
    const pass *p = arg;
    const rd_batch *batch = p->batches[task];
    gathered *g = &p->gathered[task];

    g->n = g->n_odd = 0;
    if (batch->n > g->cap) TOC_TRY(toc_grow(ctx, &g->lines, &g->cap, batch->n, sizeof *g->lines));
    for (size_t i = 0; i < batch->n; i++) {
        line *l = &g->lines[g->n];
        if (!read_plain(ctx, p, batch, &batch->records[i], l)) {
            if (g->n_odd + 1 > g->cap_odd) TOC_TRY(toc_grow(ctx, &g->odd, &g->cap_odd, g->n_odd + 1, sizeof *g->odd));
            g->odd[g->n_odd++] = (uint32_t)i;
            continue;
        }
        if (p->as_of != TOC_NO_TIME && l->at >= p->as_of) continue;
        l->hash = l->id.n ? toc_str_hash(l->id) : 0;
        g->n++;
    }
    return list_by_part(ctx, p, g);
}

/* ---- customers ---- */

static toc_status grow_slots(toc_ctx *ctx, part *q)
{
    size_t n_slots = q->n_slots ? q->n_slots * 2 : 1024;
    uint32_t *slots;

    TOC_TRY(toc_alloc(ctx, n_slots, sizeof *slots, &slots));
    for (size_t k = 0; k < q->n; k++) {
        size_t i = q->customers[k].hash & (n_slots - 1);
        while (slots[i]) i = (i + 1) & (n_slots - 1);
        slots[i] = (uint32_t)k + 1;
    }
    toc_free(q->slots);
    q->slots = slots;
    q->n_slots = n_slots;
    return TOC_OK;
}

static const char *id_of(const customer *c)
{
    return c->n_id <= ID_INSIDE ? c->inside : c->outside;
}

static toc_status new_customer(toc_ctx *ctx, part *q, uint64_t hash, toc_str id, size_t slot)
{
    if (q->n + 1 > q->cap) TOC_TRY(toc_grow(ctx, &q->customers, &q->cap, q->n + 1, sizeof *q->customers));
    customer *c = &q->customers[q->n];
    *c = (customer){ .hash = hash, .n_id = (uint32_t)id.n, .number = (uint32_t)q->n, .first = INT64_MAX, .last = INT64_MIN };
    if (id.n <= ID_INSIDE) memcpy(c->inside, id.p, id.n);
    else TOC_TRY(toc_arena_copy(ctx, &q->ids, id.p, id.n, &c->outside));
    q->slots[slot] = (uint32_t)++q->n;
    return TOC_OK;
}

/* The customer of an id, new where unknown. */
static toc_status find_customer(toc_ctx *ctx, part *q, uint64_t hash, toc_str id, customer **found)
{
    if ((q->n + 1) * 2 > q->n_slots) TOC_TRY(grow_slots(ctx, q));
    size_t i = hash & (q->n_slots - 1);
    for (; q->slots[i]; i = (i + 1) & (q->n_slots - 1)) {
        customer *c = &q->customers[q->slots[i] - 1];
        if (c->hash != hash || c->n_id != id.n || memcmp(id_of(c), id.p, id.n) != 0) continue;
        *found = c;
        return TOC_OK;
    }
    TOC_TRY(new_customer(ctx, q, hash, id, i));
    *found = &q->customers[q->n - 1];
    return TOC_OK;
}

static size_t pair_slot(const part *q, uint64_t pair)
{
    return toc_mix(pair) & (q->cap_pairs - 1);
}

static toc_status grow_pairs(toc_ctx *ctx, part *q)
{
    part grown = { .cap_pairs = q->cap_pairs ? q->cap_pairs * 2 : 1024 };

    TOC_TRY(toc_alloc(ctx, grown.cap_pairs, sizeof *grown.pairs, &grown.pairs));
    for (size_t k = 0; k < q->cap_pairs; k++) {
        if (!q->pairs[k]) continue;
        size_t i = pair_slot(&grown, q->pairs[k]);
        while (grown.pairs[i]) i = (i + 1) & (grown.cap_pairs - 1);
        grown.pairs[i] = q->pairs[k];
    }
    toc_free(q->pairs);
    q->pairs = grown.pairs;
    q->cap_pairs = grown.cap_pairs;
    return TOC_OK;
}

/* Whether a (customer, merchant) pair is new; then it is known from now on. */
static bool new_pair(part *q, uint64_t pair)
{
    size_t i = pair_slot(q, pair);

    for (; q->pairs[i]; i = (i + 1) & (q->cap_pairs - 1))
        if (q->pairs[i] == pair) return false;
    q->pairs[i] = pair;
    q->n_pairs++;
    return true;
}

static void count_day(part *q, int64_t at)
{
    day *d = &q->days[at / TOC_DAY - FIRST_DAY];

    if (!d->n++) d->first = d->last = at;
    d->first = TOC_MIN(d->first, at);
    d->last = TOC_MAX(d->last, at);
}

static void add_line(customer *c, int64_t amount, int64_t at)
{
    c->lines++;
    c->spend += amount;
    c->first = TOC_MIN(c->first, at);
    c->last = TOC_MAX(c->last, at);
}

/* Up to AHEAD lines: customers first, whose pairs are fetched meanwhile. */
static toc_status take_block(toc_ctx *ctx, const pass *p, part *q, const gathered *g, const uint32_t *list, size_t n, size_t n_after)
{
    uint64_t pairs[AHEAD];
    uint32_t numbers[AHEAD];
    size_t n_pairs = 0;

    for (size_t i = 0; i < n_after && q->n_slots; i++) __builtin_prefetch(&q->slots[g->lines[list[n + i]].hash & (q->n_slots - 1)]);
    for (size_t i = 0; i < n && q->n_slots; i++) {
        uint32_t slot = q->slots[g->lines[list[i]].hash & (q->n_slots - 1)];
        if (slot) __builtin_prefetch(&q->customers[slot - 1]);
    }
    while (p->want_merchants && (q->n_pairs + AHEAD) * 2 > q->cap_pairs) TOC_TRY(grow_pairs(ctx, q));
    for (size_t i = 0; i < n; i++) {
        const line *l = &g->lines[list[i]];
        customer *c;
        uint32_t merchant;
        if (p->as_of == TOC_NO_TIME) count_day(q, l->at);
        if (!l->id.n) continue;
        TOC_TRY(find_customer(ctx, q, l->hash, l->id, &c));
        add_line(c, l->amount, l->at);
        if (!p->want_merchants || !l->merchant.n) continue;
        TOC_TRY(toc_pool_intern(ctx, &q->merchants, l->merchant, &merchant));
        numbers[n_pairs] = c->number;
        pairs[n_pairs] = toc_pair(c->number + 1, merchant);
        __builtin_prefetch(&q->pairs[pair_slot(q, pairs[n_pairs++])]);
    }
    for (size_t i = 0; i < n_pairs; i++) q->customers[numbers[i]].merchants += new_pair(q, pairs[i]);
    return TOC_OK;
}

typedef struct {
    pass *pass;
    size_t n; /* batches */
} round_of;

static toc_status take_in(toc_ctx *ctx, void *arg, size_t task)
{
    const round_of *r = arg;
    const pass *p = r->pass;
    part *q = &p->parts[task];

    for (size_t k = 0; k < r->n; k++) {
        const gathered *g = &p->gathered[k];
        size_t end = g->start[task + 1];
        for (size_t i = g->start[task]; i < end; i += AHEAD) {
            size_t n = TOC_MIN(end - i, (size_t)AHEAD);
            TOC_TRY(take_block(ctx, p, q, g, g->by_part + i, n, TOC_MIN(end - i - n, (size_t)AHEAD)));
        }
    }
    return TOC_OK;
}

/* ---- the rows that ingest read ---- */

static toc_status take_odd(toc_ctx *ctx, pass *p, const shop_data *view)
{
    const shop_orders *o = &view->orders;

    for (size_t i = 0; i < o->n; i++) {
        toc_str id = toc_pool_str(&view->dict[SHOP_D_CUSTOMER], o->customer_id[i]);
        customer *c;
        if (!id.n) continue;
        uint64_t hash = toc_str_hash(id);
        part *q = &p->parts[(hash >> 32) % p->n_parts];
        TOC_TRY(find_customer(ctx, q, hash, id, &c)); /* one who only cancelled is in the table too */
        if (!shop_line_is_purchase(view, i)) continue;
        add_line(c, shop_line_amount(view, i), o->ordered_at[i]);
        if (!p->want_merchants || !o->merchant_id[i]) continue;
        uint32_t merchant;
        TOC_TRY(toc_pool_intern(ctx, &q->merchants, toc_pool_str(&view->dict[SHOP_D_MERCHANT], o->merchant_id[i]), &merchant));
        if ((q->n_pairs + 1) * 2 > q->cap_pairs) TOC_TRY(grow_pairs(ctx, q));
        c->merchants += new_pair(q, toc_pair(c->number + 1, merchant));
    }
    return TOC_OK;
}

/* All rows in one currency, or TOC_E_DATA. */
static toc_status same_currency(toc_ctx *ctx, pass *p, const shop_data *view)
{
    double unit;

    TOC_TRY(fea_money_unit(ctx, view, &unit));
    for (size_t i = 0; i < view->orders.n; i++) {
        toc_str currency = toc_pool_str(&view->dict[SHOP_D_WORD], view->orders.currency[i]);
        if (!currency.n || toc_str_eq(currency, p->currency)) continue;
        if (p->currency.n) return fea_two_currencies(ctx, p->currency.p, currency.p);
        p->digits = toc_currency_digits(currency);
    }
    return TOC_OK;
}

/* The default moment, as shop_default_as_of finds it, from the days of the plain lines and the orders of the others. */
static toc_status default_as_of(toc_ctx *ctx, const pass *p, const shop_data *odd, int64_t *as_of)
{
    size_t n = 0, n_days = (size_t)(END_DAY - FIRST_DAY), late = 0;
    day *all = p->parts[0].days;
    int64_t after = TOC_NO_TIME; /* the first of the later events */

    for (size_t i = 0; i < odd->orders.n; i++) count_day(&p->parts[0], odd->orders.ordered_at[i]);
    for (size_t k = 1; k < p->n_parts; k++)
        for (size_t d = 0; d < n_days; d++) {
            const day *from = &p->parts[k].days[d];
            if (!from->n) continue;
            if (!all[d].n) all[d] = *from;
            else all[d] = (day){ all[d].n + from->n, TOC_MIN(all[d].first, from->first), TOC_MAX(all[d].last, from->last) };
        }
    for (size_t d = 0; d < n_days; d++) n += all[d].n;
    if (!n) return toc_fail(ctx, TOC_E_DATA, "no order has a time");
    for (size_t d = n_days; d-- > 0 && late * 1000 < n;) {
        if (!all[d].n) continue;
        if (!late) *as_of = toc_local_midnight(ctx, toc_local_day(ctx, all[d].last) + 1);
        else TOC_TRY(shop_check_gap(ctx, all[d].last, after, late, n));
        after = all[d].first;
        late += all[d].n;
    }
    return TOC_OK;
}

/* ---- the table ---- */

typedef struct {
    const customer *customer;
    uint64_t key; /* first eight bytes of the id, the first the highest */
} place;

static int compare_places(const void *a, const void *b, const void *arg)
{
    const place *x = a, *y = b;
    (void)arg;
    if (x->key != y->key) return x->key < y->key ? -1 : 1;
    return toc_str_cmp((toc_str){ id_of(x->customer), x->customer->n_id }, (toc_str){ id_of(y->customer), y->customer->n_id });
}

/* Sorts by id: by its first eight bytes, and where those are equal by all of it. */
static toc_status sort_places(toc_ctx *ctx, place **places, size_t n)
{
    place *sorted = NULL;
    uint64_t *keys = NULL;
    uint32_t *order = NULL;
    toc_status st;

    if ((st = toc_alloc(ctx, n, sizeof *keys, &keys))) goto out;
    if ((st = toc_alloc(ctx, n, sizeof *order, &order))) goto out;
    if ((st = toc_alloc(ctx, n, sizeof *sorted, &sorted))) goto out;
    for (size_t i = 0; i < n; i++) keys[i] = (*places)[i].key;
    if ((st = toc_sort_u64(ctx, keys, n, false, order))) goto out;
    for (size_t i = 0; i < n; i++) sorted[i] = (*places)[order[i]];
    for (size_t i = 0, end; i < n && !st; i = end) {
        for (end = i + 1; end < n && sorted[end].key == sorted[i].key; end++) continue;
        if (end > i + 1) st = toc_sort(ctx, sorted + i, end - i, sizeof *sorted, compare_places, NULL);
    }
    place *spare = *places;
    *places = sorted;
    sorted = spare;
out:
    toc_free(keys);
    toc_free(order);
    toc_free(sorted);
    return st;
}

static uint64_t key_of(const customer *c)
{
    unsigned char first[8] = {0};
    uint64_t key = 0;

    memcpy(first, id_of(c), TOC_MIN(c->n_id, 8u));
    for (size_t i = 0; i < 8; i++) key = key << 8 | first[i];
    return key;
}

static toc_status all_places(toc_ctx *ctx, const pass *p, place **places, size_t *n)
{
    size_t at = 0;

    *n = 0;
    for (size_t k = 0; k < p->n_parts; k++) *n += p->parts[k].n;
    TOC_TRY(toc_alloc(ctx, *n, sizeof **places, places));
    for (size_t k = 0; k < p->n_parts; k++)
        for (size_t i = 0; i < p->parts[k].n; i++) (*places)[at++] = (place){ &p->parts[k].customers[i], key_of(&p->parts[k].customers[i]) };
    return sort_places(ctx, places, *n);
}

static toc_status fill_table(toc_ctx *ctx, const pass *p, const fea_basic *columns, size_t n_columns, tab_table *table)
{
    double per = 1;
    place *places = NULL;
    size_t n;
    tab_column *id, *c;
    toc_status st = all_places(ctx, p, &places, &n);

    for (int d = p->digits; d > 0; d--) per *= 10;
    if (!st) tab_init(table, n);
    if (!st) st = tab_add(ctx, table, "customer_id", TAB_TEXT, NULL, &id);
    for (size_t i = 0; i < n && !st; i++)
        st = toc_pool_intern(ctx, id->pool, (toc_str){ id_of(places[i].customer), places[i].customer->n_id }, &id->code[i]);
    for (size_t j = 0; j < n_columns && !st; j++) {
        bool time = columns[j] == FEA_FIRST_AT || columns[j] == FEA_LAST_AT;
        if ((st = tab_add(ctx, table, fea_basic_list[columns[j]].name, time ? TAB_TIME : TAB_F64, NULL, &c))) break;
        for (size_t i = 0; i < n; i++) {
            const customer *k = places[i].customer;
            switch (columns[j]) {
            case FEA_LINES: c->f64[i] = k->lines; break;
            case FEA_SPEND: c->f64[i] = (double)k->spend / per; break;
            case FEA_FIRST_AT: c->i64[i] = k->lines ? k->first : TOC_NO_TIME; break;
            case FEA_LAST_AT: c->i64[i] = k->lines ? k->last : TOC_NO_TIME; break;
            case FEA_MERCHANTS: c->f64[i] = k->merchants ? (double)k->merchants : (double)NAN; break;
            case FEA_N_BASICS: break;
            }
        }
    }
    if (st) tab_release(table);
    toc_free(places);
    return st;
}

/* ---- all of it ---- */

static toc_status begin(toc_ctx *ctx, pass *p, rd_reader *reader)
{
    size_t n;
    const toc_str *header = rd_header(reader, &n);

    for (size_t c = 0; c < FEA_PASS_COLUMNS; c++) {
        p->at[c] = SIZE_MAX;
        for (size_t j = n; j-- > 0;)
            if (toc_str_is_nocase(header[j], fea_pass_columns[c])) p->at[c] = j;
    }
    p->n_parts = TOC_MIN(ctx->n_threads * 4, (size_t)MAX_PARTS);
    TOC_TRY(toc_alloc(ctx, p->n_parts, sizeof *p->parts, &p->parts));
    for (size_t k = 0; k < p->n_parts && p->as_of == TOC_NO_TIME; k++)
        TOC_TRY(toc_alloc(ctx, (size_t)(END_DAY - FIRST_DAY), sizeof *p->parts[k].days, &p->parts[k].days));
    p->digits = 2;
    return TOC_OK;
}

/* The currency of plain records: the first record's. */
static toc_status settle_currency(toc_ctx *ctx, pass *p, const rd_batch *batch)
{
    toc_str first = cell(p, batch, &batch->records[0], CURRENCY);
    const char *copy;

    if (!first.n || !toc_currency_known(first)) return TOC_OK;
    TOC_TRY(toc_arena_copy(ctx, &ctx->arena, first.p, first.n, &copy));
    for (size_t i = 0; i < first.n; i++)
        if (copy[i] < 'A' || copy[i] > 'Z') return TOC_OK;
    p->currency = (toc_str){ copy, first.n };
    p->digits = toc_currency_digits(p->currency);
    return TOC_OK;
}

static toc_status read_file(toc_ctx *ctx, pass *p, ing_feed *feed, shop_data *odd)
{
    rd_reader *reader = ing_feed_reader(feed);
    size_t n, cap = 0, n_rows = 0;

    for (;; n_rows += n) {
        TOC_TRY(rd_next_set(ctx, reader, &p->batches, &n));
        if (!n) return n_rows ? TOC_OK : toc_fail(ctx, TOC_E_DATA, "%s: a header but no rows", rd_path(reader));
        if (!n_rows) TOC_TRY(settle_currency(ctx, p, p->batches[0]));
        if (!p->gathered) { /* a set never has more than this */
            cap = TOC_MAX(n, ctx->n_threads * 4);
            TOC_TRY(toc_alloc(ctx, cap, sizeof *p->gathered, &p->gathered));
        }
        TOC_TRY(toc_parallel(ctx, n, gather, p));
        TOC_TRY(toc_parallel(ctx, p->n_parts, take_in, &(round_of){ p, n }));
        for (size_t k = 0; k < n; k++) {
            const gathered *g = &p->gathered[k];
            ing_feed_count(feed, p->batches[k]->n - g->n_odd);
            for (size_t i = 0; i < g->n_odd; i++) TOC_TRY(ing_feed_take(ctx, feed, p->batches[k], &p->batches[k]->records[g->odd[i]], odd));
        }
    }
}

static void release(pass *p, size_t n_gathered)
{
    for (size_t k = 0; p->gathered && k < n_gathered; k++) {
        toc_free(p->gathered[k].lines);
        toc_free(p->gathered[k].by_part);
        toc_free(p->gathered[k].odd);
    }
    toc_free(p->gathered);
    for (size_t k = 0; p->parts && k < p->n_parts; k++) {
        toc_free(p->parts[k].customers);
        toc_free(p->parts[k].slots);
        toc_free(p->parts[k].pairs);
        toc_free(p->parts[k].days);
        toc_pool_release(&p->parts[k].merchants);
        toc_arena_release(&p->parts[k].ids);
    }
    toc_free(p->parts);
}

toc_status fea_customers_pass(toc_ctx *ctx, ing_feed *feed, int64_t as_of, const fea_basic *columns, size_t n_columns, tab_table *table)
{
    pass p = { .as_of = as_of };
    shop_data odd = {0}, view = {0};
    toc_status st;

    tab_init(table, 0);
    for (size_t j = 0; j < n_columns; j++) p.want_merchants |= columns[j] == FEA_MERCHANTS;
    if ((st = shop_init(ctx, &odd))) goto out;
    if ((st = begin(ctx, &p, ing_feed_reader(feed)))) goto out;
    if ((st = read_file(ctx, &p, feed, &odd))) goto out;
    if (as_of == TOC_NO_TIME && (st = default_as_of(ctx, &p, &odd, &as_of))) goto out;
    if ((st = shop_as_of(ctx, &odd, as_of, &view, NULL))) goto out;
    if ((st = same_currency(ctx, &p, &view))) goto out;
    if ((st = take_odd(ctx, &p, &view))) goto out;
    st = fill_table(ctx, &p, columns, n_columns, table);
out:
    release(&p, TOC_MAX(ctx->n_threads * 4, (size_t)1));
    shop_release(&view);
    shop_release(&odd);
    return st;
}
