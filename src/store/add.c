/* add.c: rows into the store, however many they are. They go by twice. First it is found out of each which line it is and which state of it, and that is
 * sorted by key (base/runs.h). In that order it is decided whether a row's line is new, its state known, or its state new, and the table of lines
 * is read and written: so every page of that tree is visited once, however large it is. Then the rows to be kept are written in their own order, while
 * the next ones are read by another thread. */
#include "store/store_int.h"

enum { RUN = 1 << 21 };

typedef enum { KNOWN, FRESH, STATE } verdict;

/* A block at hand. */
typedef struct {
    shop_block block;
    sto_name *names; /* of its rows */
    size_t cap;
} slot;

/* The rows of one kind on their way. */
typedef struct {
    sto_store *store;
    const sto_rows *from;
    sto_identity identity;
    slot *slots;
    size_t n_slots, next;    /* block in slots[0] */
    uint64_t n_rows, *files; /* first rows of the files */
    size_t n_files, cap_files;
    int64_t last_number;     /* row number of the row before */
    toc_runs by_key;         /* value: state, row */
    toc_runs alike;          /* rows that are counted, by what they have in common; value: state, row */
    toc_runs counted;        /* the keys that came of it, by row */
    uint8_t *keep;           /* a bit a row */
    int64_t known_at;
} feed;

size_t sto_slots(const toc_ctx *ctx)
{
    return TOC_MAX(ctx->n_threads, (size_t)2);
}

static void feed_release(feed *f)
{
    for (size_t k = 0; f->slots && k < f->n_slots; k++) {
        shop_block_release(&f->slots[k].block);
        toc_free(f->slots[k].names);
    }
    toc_free(f->slots);
    toc_free(f->files);
    toc_free(f->keep);
    toc_runs_release(&f->by_key);
    toc_runs_release(&f->alike);
    toc_runs_release(&f->counted);
}

static toc_status feed_init(toc_ctx *ctx, sto_store *store, const sto_rows *from, feed *f)
{
    *f = (feed){ .store = store, .from = from, .n_slots = sto_slots(ctx), .last_number = SHOP_NO_INT };
    sto_identity_init(from->kind, &f->identity);
    toc_runs_init(&f->by_key, RUN);
    toc_runs_init(&f->alike, RUN);
    toc_runs_init(&f->counted, RUN);
    return toc_alloc(ctx, f->n_slots, sizeof *f->slots, &f->slots);
}

static toc_status read_block(toc_ctx *ctx, feed *f, size_t at, size_t k, bool states)
{
    slot *s = &f->slots[at];

    TOC_TRY(f->from->read(ctx, f->from->arg, at, k, &s->block));
    if (s->block.n > s->cap) TOC_TRY(toc_grow(ctx, &s->names, &s->cap, s->block.n, sizeof *s->names));
    sto_identify(&f->identity, &s->block, states, s->names);
    return TOC_OK;
}

/* ---- first: keys and states ---- */

static toc_status read_ahead(toc_ctx *ctx, void *arg, size_t task)
{
    feed *f = arg;
    return read_block(ctx, f, task, f->next + task, true);
}

static toc_status take_names(toc_ctx *ctx, feed *f, const slot *s)
{
    for (size_t i = 0; i < s->block.n; i++) {
        int64_t number = s->block.rows[i];
        const sto_name *name = &s->names[i];
        if (!f->n_files || (number != SHOP_NO_INT && number <= f->last_number)) {
            if (f->n_files + 1 > f->cap_files) TOC_TRY(toc_grow(ctx, &f->files, &f->cap_files, f->n_files + 1, sizeof *f->files));
            f->files[f->n_files++] = f->n_rows;
        }
        f->last_number = number;
        const uint64_t key = name->counted ? name->key : toc_key_i64((int64_t)name->key);
        TOC_TRY(toc_runs_add(ctx, name->counted ? &f->alike : &f->by_key, (toc_run_record){ key, { name->state, f->n_rows++ } }));
    }
    return TOC_OK;
}

/* Numbers the rows that look alike within each file, which makes their keys. */
static toc_status count_alike(toc_ctx *ctx, feed *f)
{
    toc_run_record r;
    uint64_t key = 0, n = 0;
    size_t file = 0;
    bool there, any = false;

    TOC_TRY(toc_runs_sort(ctx, &f->alike));
    for (;;) {
        TOC_TRY(toc_runs_next(ctx, &f->alike, &r, &there));
        if (!there) return toc_runs_sort(ctx, &f->counted);
        if (!any || r.key != key) n = file = 0;
        while (file + 1 < f->n_files && r.value[1] >= f->files[file + 1]) {
            file++;
            n = 0;
        }
        any = true;
        key = r.key;
        uint64_t own = sto_occurrence(key, n++);
        TOC_TRY(toc_runs_add(ctx, &f->by_key, (toc_run_record){ toc_key_i64((int64_t)own), { r.value[0], r.value[1] } }));
        TOC_TRY(toc_runs_add(ctx, &f->counted, (toc_run_record){ r.value[1], { own, 0 } }));
    }
}

static toc_status gather(toc_ctx *ctx, feed *f, sto_moments *moments)
{
    for (size_t n; f->next < f->from->n_blocks; f->next += n) {
        n = TOC_MIN(f->n_slots, f->from->n_blocks - f->next);
        TOC_TRY(toc_parallel(ctx, n, read_ahead, f));
        for (size_t k = 0; k < n; k++) {
            if (moments) sto_moments_add(moments, f->from->kind, &f->slots[k].block);
            TOC_TRY(take_names(ctx, f, &f->slots[k]));
        }
    }
    TOC_TRY(count_alike(ctx, f));
    TOC_TRY(toc_alloc(ctx, (size_t)(f->n_rows / 8 + 1), 1, &f->keep));
    return toc_runs_sort(ctx, &f->by_key);
}

/* ---- then: what is new, in the order of keys ---- */

/* What a row of the line is beside what the table says: its states, newest first. */
static toc_status look_up(toc_ctx *ctx, const feed *f, sqlite3_stmt *stmt, int64_t key, int64_t state, verdict *v)
{
    toc_status st = TOC_OK;
    bool row, at_same_time = false, decided = false;

    *v = FRESH;
    sqlite3_bind_int64(stmt, 1, key);
    while (!decided && !(st = sto_step(ctx, f->store, stmt, &row)) && row) {
        int64_t known_at = sqlite3_column_int64(stmt, 0), other = sqlite3_column_int64(stmt, 1);
        *v = STATE;
        if (known_at > f->known_at) continue; /* an older export, read later */
        if (known_at == f->known_at) at_same_time = true;
        else decided = true; /* what was known just before */
        if (other != state || (decided && at_same_time)) continue;
        *v = KNOWN;
        decided = true;
    }
    sqlite3_reset(stmt);
    return st;
}

/* The rows of one line, and what they are. */
typedef struct {
    toc_run_record *rows;
    uint8_t *verdicts;
    size_t n, cap_rows, cap_verdicts;
} line;

/* Of the rows of a line an equal state is known, another one is one more state. */
static toc_status judge_repeats(toc_ctx *ctx, const line *l)
{
    toc_map states = {0};
    uint64_t *place;
    toc_status st = TOC_OK;
    bool fresh;

    for (size_t k = 0; k < l->n && !(st = toc_map_at(ctx, &states, l->rows[k].value[0], &place, &fresh)); k++) {
        uint8_t *v = &l->verdicts[k];
        if (!fresh) *v = KNOWN;
        else if (k && *v == FRESH) *v = STATE;
    }
    toc_map_release(&states);
    return st;
}

/* look: NULL where the table is empty. */
static toc_status judge_line(toc_ctx *ctx, const feed *f, sqlite3_stmt *look, sqlite3_stmt *insert, line *l, sto_added *added)
{
    const int64_t key = (int64_t)(l->rows[0].key ^ UINT64_C(1) << 63);
    bool row;

    if (l->n > l->cap_verdicts) TOC_TRY(toc_grow(ctx, &l->verdicts, &l->cap_verdicts, l->n, 1));
    for (size_t k = 0; k < l->n; k++) {
        verdict v = FRESH;
        if (look) TOC_TRY(look_up(ctx, f, look, key, (int64_t)l->rows[k].value[0], &v));
        l->verdicts[k] = (uint8_t)v;
    }
    if (l->n > 1) TOC_TRY(judge_repeats(ctx, l));
    for (size_t k = 0; k < l->n; k++) {
        const uint64_t *value = l->rows[k].value;
        added->known += l->verdicts[k] == KNOWN;
        added->fresh += l->verdicts[k] == FRESH;
        added->states += l->verdicts[k] == STATE;
        if (l->verdicts[k] == KNOWN) continue;
        f->keep[value[1] / 8] |= (uint8_t)(1u << value[1] % 8);
        sqlite3_bind_int64(insert, 1, key);
        sqlite3_bind_int64(insert, 3, (int64_t)value[0]);
        TOC_TRY(sto_step(ctx, f->store, insert, &row));
        sqlite3_reset(insert);
    }
    return TOC_OK;
}

static toc_status judge_lines(toc_ctx *ctx, feed *f, sqlite3_stmt *look, sqlite3_stmt *insert, sto_added *added)
{
    line l = {0};
    toc_run_record r;
    toc_status st;
    bool there;

    sqlite3_bind_int64(insert, 2, f->known_at);
    while (!(st = toc_runs_next(ctx, &f->by_key, &r, &there))) {
        if (l.n && (!there || r.key != l.rows[0].key)) {
            if ((st = judge_line(ctx, f, look, insert, &l, added))) break;
            l.n = 0;
        }
        if (!there) break;
        if (l.n + 1 > l.cap_rows && (st = toc_grow(ctx, &l.rows, &l.cap_rows, l.n + 1, sizeof *l.rows))) break;
        l.rows[l.n++] = r;
    }
    toc_free(l.rows);
    toc_free(l.verdicts);
    return st;
}

static toc_status judge(toc_ctx *ctx, feed *f, sto_added *added)
{
    const char *name = shop_schema_of(f->from->kind)->name;
    sqlite3_stmt *look = NULL, *insert = NULL;
    char sql[160];
    int64_t some;
    toc_status st;

    snprintf(sql, sizeof sql, "SELECT 1 FROM %s_lines LIMIT 1", name);
    TOC_TRY(sto_query_int(ctx, f->store, sql, 0, &some));
    snprintf(sql, sizeof sql, "INSERT INTO %s_lines VALUES(?, ?, ?)", name);
    if ((st = sto_prepare(ctx, f->store, sql, &insert))) goto out;
    snprintf(sql, sizeof sql, "SELECT known_at, state FROM %s_lines WHERE line_key = ? ORDER BY known_at DESC", name);
    if (some && (st = sto_prepare(ctx, f->store, sql, &look))) goto out;
    st = judge_lines(ctx, f, look, insert, added);
out:
    sqlite3_finalize(look);
    sqlite3_finalize(insert);
    toc_runs_release(&f->by_key);
    return st;
}

/* ---- last: the rows ---- */

/* An INSERT of the columns that have a value in any row. */
static toc_status prepare_insert(toc_ctx *ctx, const feed *f, sqlite3_stmt **stmt)
{
    const shop_schema *schema = shop_schema_of(f->from->kind);
    toc_buf sql = {0};
    size_t n = 3;

    toc_status st = toc_buf_printf(ctx, &sql, "INSERT INTO %s(known_at, source_row, line_key", schema->name);
    for (size_t j = 0; j < schema->n_columns && !st; j++) {
        if (!(f->from->columns >> j & 1)) continue;
        st = toc_buf_printf(ctx, &sql, ", %s", schema->columns[j].name);
        n++;
    }
    if (!st) st = toc_buf_str(ctx, &sql, ") VALUES(?");
    while (--n && !st) st = toc_buf_str(ctx, &sql, ",?");
    if (!st) st = toc_buf_str(ctx, &sql, ")");
    if (!st) st = sto_prepare(ctx, f->store, sql.p, stmt);
    toc_buf_release(&sql);
    return st;
}

static void bind_int(sqlite3_stmt *stmt, int at, int64_t value)
{
    if (value == SHOP_NO_INT) sqlite3_bind_null(stmt, at);
    else sqlite3_bind_int64(stmt, at, value);
}

/* Blocks written in turn with the next one being read. */
typedef struct {
    feed *feed;
    sqlite3_stmt *stmt;
    size_t current;          /* slot of the block to be written, of two */
    uint64_t row;            /* of its first row */
    toc_run_record counted;  /* the next row whose key was counted */
    bool any_counted;
} writing;

static toc_status key_of(toc_ctx *ctx, writing *w, const sto_name *name, uint64_t *key)
{
    *key = name->key;
    if (!name->counted) return TOC_OK;
    TOC_ASSERT(w->any_counted && w->counted.key == w->row);
    *key = w->counted.value[0];
    return toc_runs_next(ctx, &w->feed->counted, &w->counted, &w->any_counted);
}

/* at: the parameters that the cells of the block go to; 0 = that column is empty in all rows. */
static toc_status write_row(toc_ctx *ctx, writing *w, const slot *s, size_t i, uint64_t key, const uint8_t *at)
{
    const shop_value *cells = s->block.cells + i * s->block.width;
    bool row;

    bind_int(w->stmt, 2, s->block.rows[i]);
    sqlite3_bind_int64(w->stmt, 3, (int64_t)key);
    for (size_t c = 0; c < s->block.width; c++) {
        if (!at[c]) continue;
        if (!cells[c].text) bind_int(w->stmt, at[c], cells[c].n);
        else if (cells[c].n) sqlite3_bind_text(w->stmt, at[c], cells[c].text, (int)cells[c].n, SQLITE_STATIC);
        else sqlite3_bind_null(w->stmt, at[c]);
    }
    TOC_TRY(sto_step(ctx, w->feed->store, w->stmt, &row));
    sqlite3_reset(w->stmt);
    return TOC_OK;
}

static toc_status write_block(toc_ctx *ctx, writing *w)
{
    const slot *s = &w->feed->slots[w->current];
    uint8_t at[STO_MAX_COLUMNS], parameter = 4;
    size_t width = 0;
    uint64_t key;

    sqlite3_clear_bindings(w->stmt); /* columns that the block before had */
    sqlite3_bind_int64(w->stmt, 1, w->feed->known_at);
    for (size_t j = 0; j < STO_MAX_COLUMNS; j++) {
        bool has = s->block.columns >> j & 1, wanted = w->feed->from->columns >> j & 1;
        if (has) at[width++] = wanted ? parameter : 0;
        parameter = (uint8_t)(parameter + wanted);
    }
    for (size_t i = 0; i < s->block.n; i++, w->row++) {
        TOC_TRY(key_of(ctx, w, &s->names[i], &key));
        if (w->feed->keep[w->row / 8] >> w->row % 8 & 1) TOC_TRY(write_row(ctx, w, s, i, key, at));
    }
    return TOC_OK;
}

/* Task 0 writes, task 1 reads. */
static toc_status write_or_read(toc_ctx *ctx, void *arg, size_t task)
{
    writing *w = arg;
    return task ? read_block(ctx, w->feed, 1 - w->current, w->feed->next, false) : write_block(ctx, w);
}

static toc_status write_rows(toc_ctx *ctx, feed *f)
{
    writing w = { .feed = f };
    toc_status st = prepare_insert(ctx, f, &w.stmt);

    if (!st) st = toc_runs_next(ctx, &f->counted, &w.counted, &w.any_counted);
    if (!st && f->from->n_blocks) st = read_block(ctx, f, 0, 0, false);
    for (f->next = 1; f->next <= f->from->n_blocks && !st; f->next++) {
        st = toc_parallel(ctx, f->next < f->from->n_blocks ? 2 : 1, write_or_read, &w);
        w.current = 1 - w.current;
    }
    sqlite3_finalize(w.stmt);
    return st;
}

toc_status sto_add_rows(toc_ctx *ctx, sto_store *store, const sto_rows *rows, size_t n, int64_t known_at, sto_added *added)
{
    feed *feeds = NULL;
    sto_moments *moments = NULL;
    size_t n_feeds = 0;
    toc_status st;

    TOC_ASSERT(store->in_transaction);
    *added = (sto_added){0};
    TOC_TRY(toc_alloc(ctx, n, sizeof *feeds, &feeds));
    if (known_at == TOC_NO_TIME && (st = sto_moments_new(ctx, &moments))) goto out;
    for (; n_feeds < n; n_feeds++) {
        if ((st = feed_init(ctx, store, &rows[n_feeds], &feeds[n_feeds])) || (st = gather(ctx, &feeds[n_feeds], moments))) {
            n_feeds++;
            goto out;
        }
    }
    if (moments && (st = sto_moments_known_at(ctx, store, moments, &known_at))) goto out;
    for (size_t k = 0; k < n; k++) {
        feeds[k].known_at = known_at;
        if ((st = judge(ctx, &feeds[k], added))) goto out;
        if ((st = write_rows(ctx, &feeds[k]))) goto out;
        feed_release(&feeds[k]);
        feeds[k] = (feed){0};
    }
    st = TOC_OK;
out:
    for (size_t k = 0; k < n_feeds; k++) feed_release(&feeds[k]);
    toc_free(feeds);
    sto_moments_free(moments);
    return st;
}

/* ---- rows of a shop ---- */

typedef struct {
    const shop_data *shop;
    sto_rows rows;
} shop_rows_of;

static toc_status read_shop(toc_ctx *ctx, void *arg, size_t at, size_t k, shop_block *block)
{
    const shop_rows_of *r = arg;
    size_t from = k * STO_SHOP_ROWS, n = shop_rows(r->shop, r->rows.kind);

    (void)at;
    return shop_block_fill(ctx, r->shop, r->rows.kind, r->rows.columns, from, TOC_MIN(n - from, (size_t)STO_SHOP_ROWS), block);
}

toc_status sto_add(toc_ctx *ctx, sto_store *store, const shop_data *shop, int64_t known_at, sto_added *added)
{
    shop_rows_of of[SHOP_N_KINDS];
    sto_rows rows[SHOP_N_KINDS];
    size_t n = 0;

    TOC_ASSERT(known_at != TOC_NO_TIME);
    for (size_t k = 0; k < SHOP_N_KINDS; k++) {
        size_t n_rows = shop_rows(shop, (shop_kind)k);
        if (!n_rows) continue;
        rows[n] = (sto_rows){ .kind = (shop_kind)k, .columns = shop_filled_columns(shop, (shop_kind)k, 0, n_rows), .arg = &of[n], .read = read_shop,
                              .n_blocks = (n_rows + STO_SHOP_ROWS - 1) / STO_SHOP_ROWS };
        of[n] = (shop_rows_of){ shop, rows[n] };
        n++;
    }
    return sto_add_rows(ctx, store, rows, n, known_at, added);
}
