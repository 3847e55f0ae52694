/* stream.c: a file as canonical CSV without its rows in memory.
 *
 * Every batch becomes rows and their text in the thread that parsed it, with dictionaries of its own that stay small; then, in the order of the file,
 * refused records are written, equal rows and lines seen again are told, and the text is put aside (base/spool.h), since whether the run succeeds is known
 * only at the end. That runs beside the parsing of the next batches, so workers come in two banks. What must be remembered of a row is 8 bytes in a table (names.c); the rest of what tells two rows apart is put aside with the text:
 *
 *   block | hashes of the rows | their records | where each row's text begins | the text */
#include <sys/stat.h>

#include "ingest/ingest_int.h"

/* Texts in the dictionaries of a worker before they are emptied: what fits a cache. */
enum { MAX_TEXTS = 1 << 16 };

/* What one thread does to one batch. */
typedef struct {
    ing_load load;       /* the file's, with caches and a shop of its own */
    shop_data shop;
    ing_plain plain;
    uint64_t columns;    /* of the text: those that rows of any batch had */
    size_t n_blank;      /* rows of the shop that never had others */
    ing_summary summary; /* of this batch */
    ing_block block;
    size_t n_records;    /* of the file in front of the batch */
    toc_buf text;
    ing_row_key *keys;   /* of the rows, as are the following */
    uint32_t *records, *starts, *id_ends; /* starts has one more; id_ends: where the line id ends, 0 = it is the export's own */
    uint64_t *groups;    /* of the rows, for outliers */
    uint64_t *owners;    /* of the rows, where they go to shards */
    size_t cap;
    struct {
        uint32_t record;
        ing_reject reject;
    } *refused;
    size_t n_refused, cap_refused;
} worker;

struct ing_stream {
    ing_load *load;      /* the file's: reader, map, settings, counts */
    ing_csv *csv;
    ing_names names;
    worker *workers;     /* a bank of them or two, by slot */
    size_t n_slots, n_banks, bank;
    worker **taken;      /* those whose rows are told, in the order of the file */
    size_t n_taken;
    toc_task telling;
    toc_runs values;     /* for outliers, where they are wanted */
    bool late;           /* the file itself tells which rows are in its future */
    uint32_t *days[ING_MAX_COLUMNS]; /* then: rows a day, of the times that tell the past; NULL = another column */
    size_t first_block;  /* of the file */
    toc_buf scratch;
    uint32_t currency;   /* of the row counted last, by the file's codes */
    size_t n_records;
    ing_aside aside;     /* of a pipe, what was read before it was known how to read it */
    rd_batch *held;      /* some of that, by slot; `ready` lists them */
    rd_ready *ready;
};

/* ---- a batch, in a thread of its own ---- */

/* Columns that every row of the text has a place for; orders are given line ids. */
static uint64_t own_columns(shop_kind kind)
{
    return shop_required_columns(kind) | (kind == SHOP_ORDERS ? UINT64_C(1) << shop_column_of(SHOP_ORDERS, TOC_STR("line_id")) : 0);
}

/* packed: columns of the rows that go to shards, 0 = they become CSV. */
static toc_status begin_worker(toc_ctx *ctx, const ing_load *load, uint64_t packed, worker *w)
{
    w->load = *load;
    w->load.shop = &w->shop;
    w->load.summary = &w->summary;
    w->load.scratch = w->load.joined = w->load.carry_text = (toc_buf){0};
    w->load.bound = NULL;
    TOC_TRY(toc_alloc(ctx, load->n_bound, sizeof *w->load.bound, &w->load.bound));
    if (load->n_bound) memcpy(w->load.bound, load->bound, load->n_bound * sizeof *w->load.bound);
    w->load.masking = NULL;
    if (load->options && load->options->mask) TOC_TRY(ing_masking_new(ctx, &w->load));
    TOC_TRY(shop_init(ctx, &w->shop));
    ing_plain_find(&w->load, &w->plain);
    w->columns = own_columns(load->map->kind);
    w->plain.packed = packed;
    if (packed) w->columns |= w->plain.columns | UINT64_C(1) << w->plain.currency;
    return ing_load_currency(ctx, &w->load);
}

static void end_worker(worker *w)
{
    ing_masking_free(w->load.masking);
    toc_buf_release(&w->load.scratch);
    toc_buf_release(&w->load.joined);
    toc_free(w->load.bound);
    shop_release(&w->shop);
    toc_buf_release(&w->text);
    toc_free(w->keys);
    toc_free(w->records);
    toc_free(w->starts);
    toc_free(w->id_ends);
    toc_free(w->groups);
    toc_free(w->owners);
    toc_free(w->refused);
}

/* An empty shop, with its dictionaries unless they grew. */
static toc_status empty_shop(toc_ctx *ctx, worker *w)
{
    size_t n = 0;

    for (size_t d = 0; d < SHOP_N_DOMAINS; d++) n += toc_pool_size(&w->shop.dict[d]);
    if (n < MAX_TEXTS) return TOC_OK;
    for (size_t d = 0; d < SHOP_N_DOMAINS; d++) toc_pool_reset(&w->shop.dict[d]);
    if (w->load.masking) ing_masking_forget(w->load.masking);
    for (size_t k = 0; k < w->load.n_bound; k++) {
        w->load.bound[k].last_code = 0;
        w->load.bound[k].last_time_n = 0;
    }
    return ing_load_currency(ctx, &w->load);
}

static toc_status reserve(toc_ctx *ctx, worker *w, size_t n)
{
    size_t cap = w->cap;

    if (n + 1 <= cap) return TOC_OK;
    TOC_TRY(toc_grow(ctx, &w->keys, &cap, n + 1, sizeof *w->keys));
    cap = w->cap;
    TOC_TRY(toc_grow(ctx, &w->records, &cap, n + 1, sizeof *w->records));
    cap = w->cap;
    TOC_TRY(toc_grow(ctx, &w->starts, &cap, n + 1, sizeof *w->starts));
    cap = w->cap;
    TOC_TRY(toc_grow(ctx, &w->id_ends, &cap, n + 1, sizeof *w->id_ends));
    cap = w->cap;
    TOC_TRY(toc_grow(ctx, &w->groups, &cap, n + 1, sizeof *w->groups));
    cap = w->cap;
    TOC_TRY(toc_grow(ctx, &w->owners, &cap, n + 1, sizeof *w->owners));
    w->cap = cap;
    return TOC_OK;
}

static toc_status note_refused(toc_ctx *ctx, worker *w, size_t record, const ing_reject *reject)
{
    if (w->n_refused + 1 > w->cap_refused) TOC_TRY(toc_grow(ctx, &w->refused, &w->cap_refused, w->n_refused + 1, sizeof *w->refused));
    w->refused[w->n_refused].record = (uint32_t)record;
    w->refused[w->n_refused++].reject = *reject;
    return TOC_OK;
}

/* Appends the text of a row that is in the shop, with the line id it has when it is the first of its name. */
static toc_status format_row(toc_ctx *ctx, worker *w, size_t row)
{
    const shop_orders *o = &w->shop.orders;
    size_t start = w->text.n;

    w->id_ends[row] = 0;
    if (w->keys[row].again && w->load.map->kind == SHOP_ORDERS) { /* order id, comma, line id are the first columns */
        TOC_TRY(tab_csv_add(ctx, &w->text, toc_pool_str(&w->shop.dict[SHOP_D_ORDER], o->order_id[row])));
        w->id_ends[row] = (uint32_t)(w->text.n + 1 + toc_pool_str(&w->shop.dict[SHOP_D_LINE], o->line_id[row]).n);
        w->text.n = start;
    }
    return shop_csv_row(ctx, &w->shop, w->load.map->kind, w->columns, row, &w->text);
}

/* A record that is not plain: through the shop. *filled: the columns that have a value, 0 where the record is refused. */
static toc_status take_record(toc_ctx *ctx, worker *w, const rd_batch *batch, size_t i, size_t row, uint64_t *filled)
{
    const rd_record *r = &batch->records[i];
    shop_kind kind = w->load.map->kind;
    ing_reject reject = {0};
    uint64_t line = 0;

    *filled = 0;
    if (!r->fault) TOC_TRY(ing_convert(ctx, &w->load, batch, r, row, &line, &reject));
    if (r->fault || reject.code) {
        ing_blank_row(&w->load, row);
        return note_refused(ctx, w, i, &reject);
    }
    *filled = shop_filled_columns(&w->shop, kind, row, row + 1);
    TOC_TRY(ing_row_key_of(ctx, &w->load, row, line, *filled, &w->keys[row]));
    if (ing_wants_outliers(&w->load)) w->groups[row] = ing_outlier_group(&w->load, row);
    *filled |= own_columns(kind);
    if (!w->plain.packed) return *filled & ~w->columns ? TOC_OK : format_row(ctx, w, row);
    w->columns |= *filled;
    w->owners[row] = ing_owner(&w->shop, row);
    return ing_pack_row(ctx, &w->shop, w->plain.packed, row, &w->text, &w->id_ends[row]);
}

/* *wider: columns of a row that the text has no place for, at which it stopped. */
static toc_status take_records(toc_ctx *ctx, worker *w, const rd_batch *batch, uint64_t *wider)
{
    size_t row = 0;

    w->n_refused = 0;
    w->summary = (ing_summary){0};
    w->block = (ing_block){0};
    for (size_t k = 0; k < w->load.n_bound; k++) w->load.bound[k].long_ids = w->load.bound[k].zero_ids = 0;
    toc_buf_reset(&w->text);
    TOC_TRY(shop_renew(ctx, &w->shop, w->load.map->kind, w->columns, &w->n_blank, batch->n));
    ing_find_cells(&w->load);
    for (size_t i = 0; i < batch->n; i++) {
        ing_plain_text line = { .text = &w->text, .key = &w->keys[row] };
        uint64_t filled;
        bool done = false;
        w->starts[row] = (uint32_t)w->text.n;
        if (!batch->records[i].fault) TOC_TRY(ing_plain_line(ctx, &w->load, &w->plain, batch, &batch->records[i], row, w->columns, &line, &done));
        w->id_ends[row] = line.id_end;
        w->groups[row] = line.group;
        w->owners[row] = line.owner;
        filled = line.filled;
        if (!done && !filled) TOC_TRY(take_record(ctx, w, batch, i, row, &filled));
        if ((*wider = filled & ~w->columns)) return TOC_OK;
        w->block.filled |= filled;
        w->records[row] = (uint32_t)i;
        row += filled != 0;
    }
    w->starts[row] = (uint32_t)w->text.n;
    w->block.n = row;
    w->block.columns = w->columns;
    shop_truncate(&w->shop, w->load.map->kind, row);
    return TOC_OK;
}

static toc_status take_batch(toc_ctx *ctx, void *arg, size_t slot, const rd_batch *batch)
{
    const ing_stream *s = arg;
    worker *w = &s->workers[s->bank * s->n_slots + slot];
    uint64_t wider = 0;

    TOC_TRY(empty_shop(ctx, w));
    TOC_TRY(reserve(ctx, w, batch->n));
    do {
        w->columns |= wider;
        TOC_TRY(take_records(ctx, w, batch, &wider));
    } while (wider);
    return TOC_OK;
}

/* ---- the batches in order ---- */

static void count_days(ing_stream *s, const worker *w, size_t row)
{
    for (size_t k = 0; k < w->load.n_times; k++) {
        size_t j = w->load.times[k];
        int64_t at = w->load.cells[j].ints[row];
        if (at != TOC_NO_TIME && s->days[j]) s->days[j][ing_late_day(at)]++;
    }
}

/* What the worker counted while it converted. */
static void add_counts(ing_load *load, const worker *w)
{
    load->summary->masked += w->summary.masked;
    load->summary->rounded += w->summary.rounded;
    load->summary->pseudonyms += w->summary.pseudonyms;
    load->summary->found_in_texts += w->summary.found_in_texts;
    for (size_t k = 0; k < load->n_bound; k++) {
        load->bound[k].long_ids += w->load.bound[k].long_ids;
        load->bound[k].zero_ids += w->load.bound[k].zero_ids;
    }
}

/* An accepted row: counted with the file's codes of currencies. */
static toc_status count_row(toc_ctx *ctx, ing_stream *s, const worker *w, size_t row)
{
    ing_load *load = s->load;
    shop_kind kind = load->map->kind;

    load->summary->accepted++;
    if (s->late) count_days(s, w, row);
    if (kind == SHOP_ORDERS) load->summary->returns += w->shop.orders.quantity[row] < 0;
    if (kind != SHOP_ORDERS && kind != SHOP_PAYMENTS) return TOC_OK;
    uint32_t code = kind == SHOP_ORDERS ? w->shop.orders.currency[row] : w->shop.payments.currency[row];
    if (!code) return TOC_OK;
    toc_str word = toc_pool_str(&w->shop.dict[SHOP_D_WORD], code);
    if (toc_str_eq(word, toc_pool_str(&load->shop->dict[SHOP_D_WORD], s->currency))) code = s->currency;
    else TOC_TRY(toc_pool_intern(ctx, &load->shop->dict[SHOP_D_WORD], word, &code));
    s->currency = code;
    ing_count_currency(load, code, 1);
    return TOC_OK;
}

/* Adds the text of a row, with -k at its line id where it is the k-th of its name. */
static toc_status add_text(toc_ctx *ctx, ing_stream *s, const worker *w, size_t row, uint64_t k)
{
    const char *text = w->text.p + w->starts[row];
    size_t n = w->starts[row + 1] - w->starts[row], head = w->id_ends[row] ? w->id_ends[row] - w->starts[row] : 0;

    if (k <= 1 || !head) return toc_buf_add(ctx, &s->scratch, text, n);
    TOC_TRY(toc_buf_add(ctx, &s->scratch, text, head));
    TOC_TRY(toc_buf_printf(ctx, &s->scratch, "-%llu", (unsigned long long)k));
    return toc_buf_add(ctx, &s->scratch, text + head, n - head);
}

/* Whether the row is dropped; counts repeats and later states. */
static bool judge_row(ing_stream *s, const ing_row_key *key, const ing_named *named)
{
    ing_summary *summary = s->load->summary;
    bool drop = s->load->options && s->load->options->drop_repeats;

    if (named->equal && (!key->again || drop)) {
        summary->duplicate++;
        return true;
    }
    if (named->again) ++*named->again;
    if (key->again) summary->repeats += named->equal;
    else summary->states += s->load->map->kind == SHOP_ORDERS && named->k > 1;
    return false;
}

/* Tells repeats, drops duplicates, and puts the rest aside. */
static toc_status take_rows(toc_ctx *ctx, ing_stream *s, worker *w)
{
    bool outliers = ing_wants_outliers(s->load);
    size_t kept = 0, n = w->block.n;
    bool as_is = true; /* the text of all rows so far is the worker's */

    toc_buf_reset(&s->scratch);
    ing_names_begin(&s->names, w->keys, n);
    for (size_t i = 0; i < n; i++) {
        const ing_row_key *key = &w->keys[i];
        ing_named named;
        TOC_TRY(ing_names_add(ctx, &s->names, s->csv, i, kept, &named));
        bool dropped = judge_row(s, key, &named);
        if (as_is && (dropped || (key->again && named.k > 1))) {
            as_is = false;
            TOC_TRY(toc_buf_add(ctx, &s->scratch, w->text.p, w->starts[i]));
        }
        if (dropped) continue;
        TOC_TRY(count_row(ctx, s, w, i));
        if (outliers) TOC_TRY(ing_outliers_add(ctx, &w->load, &s->values, i, w->groups[i], (int64_t)(w->n_records + w->records[i] + 1)));
        size_t start = as_is ? w->starts[i] : s->scratch.n;
        if (!as_is) TOC_TRY(add_text(ctx, s, w, i, key->again ? named.k : 1));
        w->keys[kept] = *key;
        w->records[kept] = (uint32_t)(w->n_records + w->records[i] + 1);
        w->starts[kept++] = (uint32_t)start; /* of a place that was read already */
    }
    const toc_buf *text = as_is ? &w->text : &s->scratch;
    w->starts[kept] = (uint32_t)text->n;
    w->block.n = kept;
    w->block.n_text = text->n;
    return kept ? ing_csv_add(ctx, s->csv, &w->block, w->keys, w->records, w->starts, text->p) : TOC_OK;
}

/* The same, the rest to its shards. */
static toc_status share_rows(toc_ctx *ctx, ing_stream *s, worker *w)
{
    const int64_t *at = w->shop.orders.ordered_at;
    size_t kept = 0, n = w->block.n;

    ing_names_begin(&s->names, w->keys, n);
    for (size_t i = 0; i < n; i++) {
        const ing_row_key *key = &w->keys[i];
        const size_t start = w->starts[i], end = w->starts[i + 1];
        ing_named named;
        TOC_TRY(ing_names_add(ctx, &s->names, s->csv, i, kept, &named));
        if (judge_row(s, key, &named)) continue;
        TOC_TRY(count_row(ctx, s, w, i));
        TOC_TRY(ing_shards_add(ctx, s->csv->shards, w->owners[i], at[i], w->text.p + start, end - start, w->id_ends[i] ? w->id_ends[i] - start : 0,
                               key->again ? named.k : 1));
        w->keys[kept++] = *key;
    }
    w->block.n = kept;
    w->block.n_text = 0;
    return kept ? ing_csv_add(ctx, s->csv, &w->block, w->keys, NULL, NULL, NULL) : TOC_OK;
}

/* The faults of records are put into words here, since they name lines, which a batch knows only now. */
static toc_status refuse(toc_ctx *ctx, ing_stream *s, const rd_batch *batch, const rd_record *r, ing_reject *reject)
{
    char why[160];

    if (r->fault == RD_TRAILER || ing_is_blank(batch, r)) {
        s->load->summary->rows--; /* no row */
        return r->fault ? ing_leave_out(ctx, s->load, batch, r) : TOC_OK;
    }
    if (r->fault) ING_REJECT(reject, rd_fault_code(r->fault), "", "%s", rd_fault_text(s->load->reader, batch, r, why));
    return ing_refuse(ctx, s->load, batch, r, reject);
}

static toc_status tell_rows(toc_ctx *ctx, void *arg)
{
    ing_stream *s = arg;

    for (size_t k = 0; k < s->n_taken; k++) TOC_TRY(s->csv->shards ? share_rows(ctx, s, s->taken[k]) : take_rows(ctx, s, s->taken[k]));
    return TOC_OK;
}

/* Refused records need their batches, so they are written at once; the rows are told while the next set is parsed. */
static toc_status take_set(toc_ctx *ctx, ing_stream *s, const rd_ready *ready, size_t n)
{
    TOC_TRY(toc_task_wait(&s->telling));
    if (s->load->options && s->load->options->report) TOC_TRY(ing_profile_batches(ctx, s->load, ready, n));
    s->n_taken = n;
    for (size_t k = 0; k < n; k++) {
        worker *w = s->taken[k] = &s->workers[s->bank * s->n_slots + ready[k].slot];
        const rd_batch *batch = ready[k].batch;
        s->load->summary->rows += batch->n;
        add_counts(s->load, w);
        for (size_t i = 0; i < w->n_refused; i++) TOC_TRY(refuse(ctx, s, batch, &batch->records[w->refused[i].record], &w->refused[i].reject));
        w->n_records = s->n_records;
        s->n_records += batch->n;
    }
    toc_task_start(ctx, &s->telling, tell_rows, s);
    s->bank = (s->bank + 1) % s->n_banks;
    return TOC_OK;
}

/* ---- a file ---- */

static toc_status begin(toc_ctx *ctx, ing_stream *s)
{
    const ing_options *options = s->load->options;

    s->late = options && options->refuse_late && !options->known_at;
    ing_find_cells(s->load);
    toc_runs_init(&s->values, ING_VALUES);
    s->first_block = s->csv->n_blocks;
    for (size_t j = 0; j < s->load->n_columns; j++)
        if (s->load->past[j] && s->late) TOC_TRY(toc_alloc(ctx, ING_LATE_DAYS, sizeof *s->days[j], &s->days[j]));
    s->n_slots = rd_set_most(ctx);
    s->n_banks = ctx->n_threads > 1 ? 2 : 1;
    TOC_TRY(toc_alloc(ctx, s->n_slots, sizeof *s->taken, &s->taken));
    return toc_alloc(ctx, s->n_banks * s->n_slots, sizeof *s->workers, &s->workers);
}

/* ---- what has to be known before the first row ---- */

/* Rows of the file, going by its size and the first of them; never so many that being wrong would cost much memory. */
static size_t expected_rows(const ing_load *load, const rd_batch *first)
{
    struct stat status;
    bool known = ing_is_file(load->path) && stat(load->path, &status) == 0 && first->end > first->begin;

    return known ? (size_t)TOC_MIN((double)status.st_size / (double)(first->end - first->begin) * (double)first->n, 1 << 24) : 0;
}

static toc_status decide(toc_ctx *ctx, ing_stream *s, const rd_batch *first)
{
    const size_t expected = expected_rows(s->load, first);
    const uint64_t packed = s->csv->shards ? s->csv->shards->columns : 0;

    TOC_TRY(ing_names_init(ctx, &s->names, s->csv->n_rows, expected));
    if (packed) TOC_TRY(ing_shards_begin(ctx, s->csv->shards, expected));
    TOC_TRY(ing_decide(ctx, s->load, first, true, &s->aside));
    for (size_t k = 0; k < s->n_banks * s->n_slots; k++) TOC_TRY(begin_worker(ctx, s->load, packed, &s->workers[k]));
    return TOC_OK;
}

/* Batches that were parsed before it was known how to read them. */
typedef struct {
    ing_stream *stream;
    const rd_ready *ready;
} waiting;

static toc_status take_waiting(toc_ctx *ctx, void *arg, size_t task)
{
    const waiting *w = arg;
    return take_batch(ctx, w->stream, w->ready[task].slot, w->ready[task].batch);
}

/* Those of the first set, or what was put aside a set at a time. */
static toc_status take_first(toc_ctx *ctx, ing_stream *s, const rd_ready *ready, size_t n)
{
    if (!s->aside.used) {
        TOC_TRY(toc_parallel(ctx, n, take_waiting, &(waiting){ s, ready }));
        return take_set(ctx, s, ready, n);
    }
    TOC_TRY(toc_alloc(ctx, s->n_slots, sizeof *s->held, &s->held));
    TOC_TRY(toc_alloc(ctx, s->n_slots, sizeof *s->ready, &s->ready));
    do {
        for (n = 0; n < s->n_slots; n++) {
            TOC_TRY(ing_aside_next(ctx, &s->aside, &s->held[n]));
            if (!s->held[n].n) break;
            s->ready[n] = (rd_ready){ &s->held[n], n };
        }
        TOC_TRY(toc_parallel(ctx, n, take_waiting, &(waiting){ s, s->ready }));
        TOC_TRY(take_set(ctx, s, s->ready, n));
    } while (n == s->n_slots);
    return TOC_OK;
}

static toc_status take_file(toc_ctx *ctx, ing_stream *s)
{
    rd_reader *reader = s->load->reader;
    const rd_ready *ready;
    size_t n;

    TOC_TRY(rd_next_set(ctx, reader, NULL, NULL, &ready, &n));
    if (!n) return toc_fail(ctx, TOC_E_DATA, "%s: a header but no rows", rd_path(reader));
    TOC_TRY(decide(ctx, s, ready[0].batch));
    TOC_TRY(take_first(ctx, s, ready, n));
    for (;;) {
        TOC_TRY(rd_next_set(ctx, reader, take_batch, s, &ready, &n));
        if (!n) return TOC_OK;
        TOC_TRY(take_set(ctx, s, ready, n));
    }
}

toc_status ing_stream_file(toc_ctx *ctx, ing_load *load, ing_csv *csv)
{
    ing_stream s = { .load = load, .csv = csv };
    toc_status st = begin(ctx, &s);

    if (!st) st = take_file(ctx, &s);
    toc_status told = toc_task_wait(&s.telling);
    if (!st) st = told;
    if (!st && ing_wants_outliers(load)) st = ing_find_outliers(ctx, load, &s.values);
    if (!st && load->options && load->options->report) ing_profile_write(load, load->options->report);
    toc_runs_release(&s.values);
    if (!st) st = ing_csv_refuse_late(ctx, csv, s.first_block, load, s.days);
    for (size_t k = 0; s.workers && k < s.n_banks * s.n_slots; k++) end_worker(&s.workers[k]);
    toc_free(s.workers);
    toc_free(s.taken);
    for (size_t k = 0; s.held && k < s.n_slots; k++) rd_batch_release(&s.held[k]);
    ing_aside_release(&s.aside);
    toc_free(s.held);
    toc_free(s.ready);
    for (size_t j = 0; j < ING_MAX_COLUMNS; j++) toc_free(s.days[j]);
    ing_names_release(&s.names);
    toc_buf_release(&s.scratch);
    return st;
}
