/* pass.c: the basic facts of customers from one pass over a file of order lines, without the shop in memory.
 *
 * Two steps a set of batches, both on all threads. First each batch's plain records (those whose values read at once: canonical ids, times, amounts)
 * become small lines, one list for each part of the customers (by hash of the id); every other record goes to ingest, which knows all there is to know
 * about values, and joins at the end. Then each part takes in its lines, so no two threads touch the same customer and nothing is merged. Cells of the
 * tables are fetched ahead of their use: they are spread over more memory than caches hold. */
#include "features/fea_int.h"

enum { AHEAD = 16, MAX_PARTS = 64 };

/* An id of up to 16 bytes is its own key: its bytes in two words. A longer one has its hash, LONG, and its text beside. No id has the bytes of LONG:
 * they are no UTF-8. */
typedef struct {
    uint64_t low, high;
} key;
#define LONG UINT64_MAX

/* What a plain record says. */
typedef struct {
    uint64_t hash;
    key id;
    const char *text; /* of a long id */
    uint32_t n_text, merchant; /* the merchant's code */
    int64_t amount, at;
} line;

/* One customer; a cache line. */
typedef struct {
    key id;
    const char *text;
    uint32_t n_text, lines;
    int64_t spend, first, last;
    uint32_t merchants;
} customer;

typedef struct {
    uint32_t customer, merchant;
} bought;

/* The customers whose hash begins alike. */
typedef struct {
    customer *customers;
    size_t n, cap;
    uint32_t *slots;  /* number + 1, by hash; a power of two of them */
    size_t n_slots;
    bought *bought;   /* who bought from whom; repeats are taken out now and then, and at the end */
    size_t n_bought, cap_bought, tidy_at;
    toc_arena texts;
    shop_day *days;
} part;

/* A batch's lines for one part, in their order. */
typedef struct {
    line *lines;
    size_t n, cap;
} lines_of;

/* One batch's lines. */
typedef struct {
    lines_of parts[MAX_PARTS];
    uint32_t *odd;                /* records for ingest */
    size_t n_odd, cap_odd;
    struct {
        size_t part, line;
        toc_str merchant;
    } *fresh;                     /* lines of merchants not known yet */
    size_t n_fresh, cap_fresh;
} gathered;

/* The codes of merchants with short ids, by key. */
typedef struct {
    key id;
    uint32_t code; /* 0 = a free slot */
} known_merchant;

typedef struct {
    const rd_ready *ready;
    gathered *gathered; /* by slot */
    size_t n_gathered;
    part *parts;
    size_t n_parts;
    toc_pool merchants;
    known_merchant *known;             /* a power of two slots, at most half of them taken */
    size_t n_known, n_slots;
    int64_t as_of;
    bool want_merchants;
    bool settled;                /* the currency is */
    size_t at[FEA_PASS_COLUMNS]; /* place of each column in the record; SIZE_MAX = not there */
    toc_str currency;            /* of plain records */
    int digits;
} pass;

/* ---- keys ---- */

/* The id is followed by TOC_PLAIN_SLACK readable bytes. */
static inline key key_of(toc_str id)
{
    if (id.n > 16) return (key){ toc_str_hash(id), LONG };
    return (key){ toc_low_bytes(toc_load_8(id.p), id.n), toc_low_bytes(toc_load_8(id.p + 8), id.n > 8 ? id.n - 8 : 0) };
}

static inline uint64_t hash_of(key k)
{
    return toc_mix(k.low ^ k.high * UINT64_C(0x9fb21c651e98df25));
}

static inline bool same_key(key a, key b)
{
    return a.low == b.low && a.high == b.high;
}

/* The text of a key: its own, or its bytes in buf (16). */
static toc_str text_of(key k, const char *text, uint32_t n_text, char *buf)
{
    size_t n = 0;

    if (k.high == LONG) return (toc_str){ text, n_text };
    for (; n < 16; n++) {
        buf[n] = (char)((n < 8 ? k.low : k.high) >> (8 * (n % 8)));
        if (!buf[n]) break;
    }
    return (toc_str){ buf, n };
}

/* ---- plain records ---- */

enum { ORDER, CUSTOMER, QUANTITY, PRICE, ORDERED, MERCHANT, DISCOUNT, TOTAL, CURRENCY, STATUS, STATUS_AT, CANCELLED };
const char *const fea_pass_columns[FEA_PASS_COLUMNS + 1] = { "order_id",   "customer_id", "quantity", "unit_price", "ordered_at", "merchant_id",
                                                             "discount",   "line_total",  "currency", "status",     "status_at",  "cancelled_at",
                                                             "returned_at", "refunded_at", "paid_at", "shipped_at", "delivered_at", NULL };

static inline toc_str cell(const pass *p, const rd_batch *batch, const rd_record *record, int column)
{
    static const char nothing[TOC_PLAIN_SLACK];
    return p->at[column] == SIZE_MAX ? (toc_str){ nothing, 0 } : rd_field(batch, record, p->at[column]);
}

static inline bool plain_id(toc_str text)
{
    return toc_plain_word(text) || ing_plain_id(text);
}

static inline bool plain_amount(toc_str text, int digits, int64_t *minor)
{
    if (toc_plain_amount(text, digits, minor)) return true;
    return text.n && text.p[0] >= '0' && text.p[0] <= '9' && text.p[text.n - 1] >= '0' && toc_parse_money(text, digits, false, minor);
}

/* Whether a line whose status may be known at some moment is a purchase at any: neither cancelled nor unpaid, by no column. */
static bool always_bought(const pass *p, const rd_batch *batch, const rd_record *record)
{
    toc_str since = cell(p, batch, record, STATUS_AT);
    int64_t at;
    shop_status status;

    if (cell(p, batch, record, CANCELLED).n) return false;
    if (!since.n) return true;
    toc_str word = cell(p, batch, record, STATUS);
    return toc_plain_time(since, &at) && (!word.n || (shop_status_of(word, &status) && status != SHOP_CANCELLED && status != SHOP_UNPAID));
}

/* Reads a record whose values say at once what they are; false where ingest has to look. */
static bool read_plain(const pass *p, const rd_batch *batch, const rd_record *record, toc_str *id, toc_str *merchant, line *l)
{
    int64_t quantity, price, discount = 0;
    toc_str off, total;

    if (record->fault) return false;
    *id = cell(p, batch, record, CUSTOMER);
    *merchant = cell(p, batch, record, MERCHANT);
    toc_str order = cell(p, batch, record, ORDER);
    if (!order.n || !plain_id(order) || !plain_id(*id) || !plain_id(*merchant)) return false;
    if (!toc_str_eq(cell(p, batch, record, CURRENCY), p->currency)) return false;
    if (!toc_plain_count(cell(p, batch, record, QUANTITY), &quantity) || !quantity) return false;
    if (!plain_amount(cell(p, batch, record, PRICE), p->digits, &price)) return false;
    if (!toc_plain_time(cell(p, batch, record, ORDERED), &l->at)) return false;
    off = cell(p, batch, record, DISCOUNT);
    total = cell(p, batch, record, TOTAL);
    if (off.n && !plain_amount(off, p->digits, &discount)) return false;
    if (total.n) {
        if (!plain_amount(total, p->digits, &l->amount)) return false;
    } else if (__builtin_mul_overflow(quantity, price, &l->amount)) return false;
    else l->amount -= discount;
    return always_bought(p, batch, record);
}

static inline size_t part_of(const pass *p, uint64_t hash)
{
    return (size_t)((hash >> 32) * p->n_parts >> 32);
}

/* The slot of a merchant, or the free one where it would be. */
static known_merchant *slot_of(const pass *p, key k)
{
    size_t i = hash_of(k) & (p->n_slots - 1);

    while (p->known[i].code && !same_key(p->known[i].id, k)) i = (i + 1) & (p->n_slots - 1);
    return &p->known[i];
}

/* The code of a merchant who is known; 0 and a note of the line for one who is not. Nobody adds merchants meanwhile. */
static toc_status find_merchant(toc_ctx *ctx, const pass *p, gathered *g, toc_str id, size_t of, uint32_t *code)
{
    key k = key_of(id);

    if (k.high != LONG) *code = slot_of(p, k)->code;
    else if (!toc_pool_find(&p->merchants, id, code)) *code = 0;
    if (*code) return TOC_OK;
    if (g->n_fresh + 1 > g->cap_fresh) TOC_TRY(toc_grow(ctx, &g->fresh, &g->cap_fresh, g->n_fresh + 1, sizeof *g->fresh));
    g->fresh[g->n_fresh].part = of;
    g->fresh[g->n_fresh].line = g->parts[of].n;
    g->fresh[g->n_fresh++].merchant = id;
    return TOC_OK;
}

static toc_status add_odd(toc_ctx *ctx, gathered *g, size_t record)
{
    if (g->n_odd + 1 > g->cap_odd) TOC_TRY(toc_grow(ctx, &g->odd, &g->cap_odd, g->n_odd + 1, sizeof *g->odd));
    g->odd[g->n_odd++] = (uint32_t)record;
    return TOC_OK;
}

static toc_status gather(toc_ctx *ctx, void *arg, size_t slot, const rd_batch *batch)
{
    const pass *p = arg;
    gathered *g = &p->gathered[slot];
    toc_str id, sold_by;

    g->n_odd = g->n_fresh = 0;
    for (size_t k = 0; k < p->n_parts; k++) g->parts[k].n = 0;
    for (size_t i = 0; i < batch->n; i++) {
        line l;
        if (!read_plain(p, batch, &batch->records[i], &id, &sold_by, &l)) {
            TOC_TRY(add_odd(ctx, g, i));
            continue;
        }
        if (p->as_of != TOC_NO_TIME && l.at >= p->as_of) continue;
        const key k = key_of(id);
        const uint64_t hash = hash_of(k);
        size_t of = part_of(p, hash);
        lines_of *to = &g->parts[of];
        uint32_t code = 0;
        if (p->want_merchants && sold_by.n) TOC_TRY(find_merchant(ctx, p, g, sold_by, of, &code));
        if (to->n + 1 > to->cap) TOC_TRY(toc_grow(ctx, &to->lines, &to->cap, TOC_MAX(to->n + 1, 2 * batch->n / p->n_parts), sizeof *to->lines));
        line *put = &to->lines[to->n++];
        put->hash = hash;
        put->id = k;
        put->text = id.p;
        put->n_text = (uint32_t)id.n;
        put->merchant = code;
        put->amount = l.amount;
        put->at = l.at;
    }
    return TOC_OK;
}

static toc_status grow_known(toc_ctx *ctx, pass *p)
{
    known_merchant *old = p->known;
    size_t n_old = p->n_slots, n_slots = n_old ? 2 * n_old : 1024;

    TOC_TRY(toc_alloc(ctx, n_slots, sizeof *p->known, &p->known));
    p->n_slots = n_slots;
    for (size_t i = 0; i < n_old; i++)
        if (old[i].code) *slot_of(p, old[i].id) = old[i];
    toc_free(old);
    return TOC_OK;
}

/* Gives the merchant, new where unknown, its code. */
static toc_status know_merchant(toc_ctx *ctx, pass *p, toc_str id, uint32_t *code)
{
    char padded[16 + TOC_PLAIN_SLACK] = "";

    TOC_TRY(toc_pool_intern(ctx, &p->merchants, id, code));
    if (id.n > 16) return TOC_OK;
    memcpy(padded, id.p, id.n);
    key k = key_of((toc_str){ padded, id.n });
    if (slot_of(p, k)->code) return TOC_OK;
    *slot_of(p, k) = (known_merchant){ k, *code };
    return ++p->n_known * 2 > p->n_slots ? grow_known(ctx, p) : TOC_OK;
}

/* The merchants that were met for the first time. */
static toc_status name_merchants(toc_ctx *ctx, pass *p, gathered *g)
{
    for (size_t i = 0; i < g->n_fresh; i++)
        TOC_TRY(know_merchant(ctx, p, g->fresh[i].merchant, &g->parts[g->fresh[i].part].lines[g->fresh[i].line].merchant));
    return TOC_OK;
}

/* ---- customers ---- */

static toc_status grow_slots(toc_ctx *ctx, part *q)
{
    size_t n_slots = q->n_slots ? q->n_slots * 2 : 1024;
    uint32_t *slots;

    TOC_TRY(toc_alloc(ctx, n_slots, sizeof *slots, &slots));
    for (size_t k = 0; k < q->n; k++) {
        size_t i = hash_of(q->customers[k].id) & (n_slots - 1);
        while (slots[i]) i = (i + 1) & (n_slots - 1);
        slots[i] = (uint32_t)k + 1;
    }
    toc_free(q->slots);
    q->slots = slots;
    q->n_slots = n_slots;
    return TOC_OK;
}

static toc_status new_customer(toc_ctx *ctx, part *q, const line *l, size_t slot)
{
    if (q->n + 1 > q->cap) TOC_TRY(toc_grow(ctx, &q->customers, &q->cap, q->n + 1, sizeof *q->customers));
    customer *c = &q->customers[q->n];
    *c = (customer){ .id = l->id, .n_text = l->n_text, .first = INT64_MAX, .last = INT64_MIN };
    if (l->id.high == LONG) TOC_TRY(toc_arena_copy(ctx, &q->texts, l->text, l->n_text, &c->text));
    q->slots[slot] = (uint32_t)++q->n;
    return TOC_OK;
}

/* The customer of a line, new where unknown. */
static toc_status find_customer(toc_ctx *ctx, part *q, const line *l, customer **found)
{
    if ((q->n + 1) * 2 > q->n_slots) TOC_TRY(grow_slots(ctx, q));
    size_t i = l->hash & (q->n_slots - 1);
    for (; q->slots[i]; i = (i + 1) & (q->n_slots - 1)) {
        customer *c = &q->customers[q->slots[i] - 1];
        if (!same_key(c->id, l->id)) continue;
        if (c->id.high == LONG && (c->n_text != l->n_text || memcmp(c->text, l->text, l->n_text) != 0)) continue;
        *found = c;
        return TOC_OK;
    }
    TOC_TRY(new_customer(ctx, q, l, i));
    *found = &q->customers[q->n - 1];
    return TOC_OK;
}

/* Takes the repeats out of `bought` and counts each customer's merchants: a counting sort by customer, then a mark at each merchant seen. */
static toc_status tidy_bought(toc_ctx *ctx, const pass *p, part *q)
{
    uint32_t *start = NULL, *merchants = NULL, *mark = NULL;
    size_t n = 0;
    toc_status st = TOC_OK;

    if ((st = toc_alloc(ctx, q->n + 2, sizeof *start, &start))) goto out;
    if ((st = toc_alloc(ctx, q->n_bought, sizeof *merchants, &merchants))) goto out;
    if ((st = toc_alloc(ctx, toc_pool_size(&p->merchants), sizeof *mark, &mark))) goto out;
    for (size_t i = 0; i < q->n_bought; i++) start[q->bought[i].customer + 2]++;
    for (size_t c = 0; c < q->n; c++) start[c + 2] += start[c + 1];
    for (size_t i = 0; i < q->n_bought; i++) merchants[start[q->bought[i].customer + 1]++] = q->bought[i].merchant;
    for (size_t c = 0; c < q->n; c++) {
        q->customers[c].merchants = 0;
        for (size_t i = start[c]; i < start[c + 1]; i++) {
            if (mark[merchants[i]] == c + 1) continue;
            mark[merchants[i]] = (uint32_t)c + 1;
            q->customers[c].merchants++;
            q->bought[n++] = (bought){ (uint32_t)c, merchants[i] };
        }
    }
    q->n_bought = n;
out:
    toc_free(start);
    toc_free(merchants);
    toc_free(mark);
    return st;
}

static toc_status add_bought(toc_ctx *ctx, const pass *p, part *q, const customer *c, uint32_t merchant)
{
    if (q->n_bought == q->tidy_at) {
        if (q->n_bought) TOC_TRY(tidy_bought(ctx, p, q));
        q->tidy_at = TOC_MAX(q->n_bought * 2, (size_t)1 << 22); /* repeats never outnumber what is wanted */
        TOC_TRY(toc_grow(ctx, &q->bought, &q->cap_bought, q->tidy_at, sizeof *q->bought));
    }
    q->bought[q->n_bought++] = (bought){ (uint32_t)(c - q->customers), merchant };
    return TOC_OK;
}

static void add_line(customer *c, int64_t amount, int64_t at)
{
    c->lines++;
    c->spend += amount;
    c->first = TOC_MIN(c->first, at);
    c->last = TOC_MAX(c->last, at);
}

/* Up to AHEAD lines; the slots of those that follow are fetched meanwhile. */
static toc_status take_block(toc_ctx *ctx, const pass *p, part *q, const line *lines, size_t n, size_t n_after)
{
    for (size_t i = 0; i < n_after && q->n_slots; i++) __builtin_prefetch(&q->slots[lines[n + i].hash & (q->n_slots - 1)]);
    for (size_t i = 0; i < n && q->n_slots; i++) {
        uint32_t slot = q->slots[lines[i].hash & (q->n_slots - 1)];
        if (slot) __builtin_prefetch(&q->customers[slot - 1]);
    }
    for (size_t i = 0; i < n; i++) {
        const line *l = &lines[i];
        customer *c;
        if (p->as_of == TOC_NO_TIME) shop_count_day(q->days, l->at);
        if (!l->n_text) continue;
        TOC_TRY(find_customer(ctx, q, l, &c));
        add_line(c, l->amount, l->at);
        if (l->merchant) TOC_TRY(add_bought(ctx, p, q, c, l->merchant));
    }
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
        const lines_of *from = &p->gathered[p->ready[k].slot].parts[task];
        for (size_t i = 0; i < from->n; i += AHEAD) {
            size_t n = TOC_MIN(from->n - i, (size_t)AHEAD);
            TOC_TRY(take_block(ctx, p, q, from->lines + i, n, TOC_MIN(from->n - i - n, (size_t)AHEAD)));
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
        line l = { .text = id.p, .n_text = (uint32_t)id.n };
        char padded[16 + TOC_PLAIN_SLACK] = "";
        customer *c;
        if (!id.n) continue;
        if (id.n <= 16) memcpy(padded, id.p, id.n);
        l.id = key_of(id.n <= 16 ? (toc_str){ padded, id.n } : id);
        l.hash = hash_of(l.id);
        part *q = &p->parts[part_of(p, l.hash)];
        TOC_TRY(find_customer(ctx, q, &l, &c)); /* one who only cancelled is in the table too */
        if (!shop_line_is_purchase(view, i)) continue;
        add_line(c, shop_line_amount(view, i), o->ordered_at[i]);
        if (!p->want_merchants || !o->merchant_id[i]) continue;
        TOC_TRY(know_merchant(ctx, p, toc_pool_str(&view->dict[SHOP_D_MERCHANT], o->merchant_id[i]), &l.merchant));
        TOC_TRY(add_bought(ctx, p, q, c, l.merchant));
    }
    return TOC_OK;
}

static toc_status tidy_part(toc_ctx *ctx, void *arg, size_t task)
{
    pass *p = arg;
    return p->want_merchants ? tidy_bought(ctx, p, &p->parts[task]) : TOC_OK;
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
    shop_day *all = p->parts[0].days;

    for (size_t i = 0; i < odd->orders.n; i++) shop_count_day(all, odd->orders.ordered_at[i]);
    for (size_t k = 1; k < p->n_parts; k++) shop_add_days(all, p->parts[k].days);
    return shop_days_as_of(ctx, all, as_of);
}

/* ---- the table ---- */

typedef struct {
    const customer *customer;
    uint64_t first; /* eight bytes of the id, the first the highest */
} place;

static int compare_places(const void *a, const void *b, const void *arg)
{
    const place *x = a, *y = b;
    char one[16], other[16];

    (void)arg;
    return toc_str_cmp(text_of(x->customer->id, x->customer->text, x->customer->n_text, one),
                       text_of(y->customer->id, y->customer->text, y->customer->n_text, other));
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
    for (size_t i = 0; i < n; i++) keys[i] = (*places)[i].first;
    if ((st = toc_sort_u64(ctx, keys, n, false, order))) goto out;
    for (size_t i = 0; i < n; i++) sorted[i] = (*places)[order[i]];
    for (size_t i = 0, end; i < n && !st; i = end) {
        for (end = i + 1; end < n && sorted[end].first == sorted[i].first; end++) continue;
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

static uint64_t first_bytes(const customer *c)
{
    char buf[16];
    unsigned char first[8] = {0};
    uint64_t word = 0;
    toc_str id = text_of(c->id, c->text, c->n_text, buf);

    memcpy(first, id.p, TOC_MIN(id.n, (size_t)8));
    for (size_t i = 0; i < 8; i++) word = word << 8 | first[i];
    return word;
}

static toc_status all_places(toc_ctx *ctx, const pass *p, place **places, size_t *n)
{
    size_t at = 0;

    *n = 0;
    for (size_t k = 0; k < p->n_parts; k++) *n += p->parts[k].n;
    TOC_TRY(toc_alloc(ctx, *n, sizeof **places, places));
    for (size_t k = 0; k < p->n_parts; k++)
        for (size_t i = 0; i < p->parts[k].n; i++) (*places)[at++] = (place){ &p->parts[k].customers[i], first_bytes(&p->parts[k].customers[i]) };
    return sort_places(ctx, places, *n);
}

/* What fills the columns behind the ids. */
typedef struct {
    const place *places;
    const fea_basic *columns;
    tab_table *table;
    double per; /* minor units of one unit of money */
} filling;

enum { ROWS = 8192 }; /* filled by one thread at a time */

static void fill_row(const filling *f, size_t i)
{
    const customer *k = f->places[i].customer;

    for (size_t j = 1; j < f->table->n_cols; j++) {
        tab_column *c = &f->table->columns[j];
        switch (f->columns[j - 1]) {
        case FEA_LINES: c->f64[i] = k->lines; break;
        case FEA_SPEND: c->f64[i] = (double)k->spend / f->per; break;
        case FEA_FIRST_AT: c->i64[i] = k->lines ? k->first : TOC_NO_TIME; break;
        case FEA_LAST_AT: c->i64[i] = k->lines ? k->last : TOC_NO_TIME; break;
        case FEA_MERCHANTS: c->f64[i] = k->merchants ? (double)k->merchants : (double)NAN; break;
        case FEA_N_BASICS: break;
        }
    }
}

static toc_status fill_rows(toc_ctx *ctx, void *arg, size_t task)
{
    const filling *f = arg;
    size_t end = TOC_MIN((task + 1) * ROWS, f->table->n_rows);

    (void)ctx;
    for (size_t i = task * ROWS; i < end; i++) {
        if (i + AHEAD < end) __builtin_prefetch(f->places[i + AHEAD].customer);
        fill_row(f, i);
    }
    return TOC_OK;
}

static toc_status fill_table(toc_ctx *ctx, const pass *p, const fea_basic *columns, size_t n_columns, tab_table *table)
{
    place *places = NULL;
    size_t n;
    tab_column *id, *c;
    toc_status st = all_places(ctx, p, &places, &n);
    filling f = { .places = places, .columns = columns, .table = table, .per = 1 };

    for (int d = p->digits; d > 0; d--) f.per *= 10;
    if (!st) tab_init(table, n);
    if (!st) st = tab_add(ctx, table, "customer_id", TAB_TEXT, NULL, &id);
    for (size_t i = 0; i < n && !st; i++) {
        const customer *k = places[i].customer;
        char buf[16];
        if (i + AHEAD < n) __builtin_prefetch(places[i + AHEAD].customer);
        st = toc_pool_append(ctx, id->pool, text_of(k->id, k->text, k->n_text, buf), &id->code[i]);
    }
    for (size_t j = 0; j < n_columns && !st; j++) {
        bool time = columns[j] == FEA_FIRST_AT || columns[j] == FEA_LAST_AT;
        st = tab_add(ctx, table, fea_basic_list[columns[j]].name, time ? TAB_TIME : TAB_F64, NULL, &c);
    }
    if (!st) st = toc_parallel(ctx, (n + ROWS - 1) / ROWS, fill_rows, &f);
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
    p->n_gathered = rd_set_most(ctx);
    TOC_TRY(toc_alloc(ctx, p->n_gathered, sizeof *p->gathered, &p->gathered));
    p->n_parts = TOC_MIN(ctx->n_threads * 2, (size_t)MAX_PARTS);
    TOC_TRY(toc_alloc(ctx, p->n_parts, sizeof *p->parts, &p->parts));
    for (size_t k = 0; k < p->n_parts && p->as_of == TOC_NO_TIME; k++)
        TOC_TRY(toc_alloc(ctx, SHOP_DAYS, sizeof *p->parts[k].days, &p->parts[k].days));
    p->digits = 2;
    return grow_known(ctx, p);
}

/* The currency of plain records: the first record's. */
static toc_status settle_currency(toc_ctx *ctx, pass *p, const rd_batch *batch)
{
    toc_str first = cell(p, batch, &batch->records[0], CURRENCY);
    const char *copy;

    p->settled = true;
    if (!first.n || !toc_currency_known(first)) return TOC_OK;
    TOC_TRY(toc_arena_copy(ctx, &ctx->arena, first.p, first.n, &copy));
    for (size_t i = 0; i < first.n; i++)
        if (copy[i] < 'A' || copy[i] > 'Z') return TOC_OK;
    p->currency = (toc_str){ copy, first.n };
    p->digits = toc_currency_digits(p->currency);
    return TOC_OK;
}

/* The first set of batches is read when its first record has told the currency. */
static toc_status first_set(toc_ctx *ctx, pass *p, size_t n)
{
    TOC_TRY(settle_currency(ctx, p, p->ready[0].batch));
    for (size_t k = 0; k < n; k++) TOC_TRY(gather(ctx, p, p->ready[k].slot, p->ready[k].batch));
    return TOC_OK;
}

static toc_status read_file(toc_ctx *ctx, pass *p, ing_feed *feed, shop_data *odd)
{
    rd_reader *reader = ing_feed_reader(feed);
    size_t n;

    for (;;) {
        TOC_TRY(rd_next_set(ctx, reader, p->settled ? gather : NULL, p, &p->ready, &n));
        if (!n) return p->settled ? TOC_OK : toc_fail(ctx, TOC_E_DATA, "%s: a header but no rows", rd_path(reader));
        if (!p->settled) TOC_TRY(first_set(ctx, p, n));
        for (size_t k = 0; k < n; k++) TOC_TRY(name_merchants(ctx, p, &p->gathered[p->ready[k].slot]));
        TOC_TRY(toc_parallel(ctx, p->n_parts, take_in, &(round_of){ p, n }));
        for (size_t k = 0; k < n; k++) {
            const rd_batch *batch = p->ready[k].batch;
            const gathered *g = &p->gathered[p->ready[k].slot];
            ing_feed_count(feed, batch->n - g->n_odd);
            for (size_t i = 0; i < g->n_odd; i++) TOC_TRY(ing_feed_take(ctx, feed, batch, &batch->records[g->odd[i]], odd));
        }
    }
}

static void release(pass *p)
{
    for (size_t k = 0; p->gathered && k < p->n_gathered; k++) {
        for (size_t j = 0; j < MAX_PARTS; j++) toc_free(p->gathered[k].parts[j].lines);
        toc_free(p->gathered[k].odd);
        toc_free(p->gathered[k].fresh);
    }
    toc_free(p->gathered);
    for (size_t k = 0; p->parts && k < p->n_parts; k++) {
        toc_free(p->parts[k].customers);
        toc_free(p->parts[k].slots);
        toc_free(p->parts[k].bought);
        toc_free(p->parts[k].days);
        toc_arena_release(&p->parts[k].texts);
    }
    toc_free(p->parts);
    toc_pool_release(&p->merchants);
    toc_free(p->known);
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
    if ((st = toc_parallel(ctx, p.n_parts, tidy_part, &p))) goto out;
    st = fill_table(ctx, &p, columns, n_columns, table);
out:
    release(&p);
    shop_release(&view);
    shop_release(&odd);
    return st;
}
