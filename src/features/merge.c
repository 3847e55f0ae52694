/* merge.c: feature tables of shards into that of the whole.
 *
 * What a customer or product looked like depends on its own rows alone, so a shard that has all rows of its customers says of them what the whole would say;
 * what is left is to put the lines in order, and to see that nobody is in two shards and that all shards speak of one moment and one currency. Lines are
 * handed on as bytes, so no number changes on the way. */
#include "features/fea_int.h"
#include "reader/reader.h"

/* A line of a part: where its bytes are in the text of all, without the part's own columns. */
typedef struct {
    size_t id, n_id, at, n;
    size_t part;
} line;

typedef struct {
    toc_buf text;   /* ids and lines */
    toc_buf header; /* of the first part */
    line *lines;
    size_t n, cap;
    toc_buf as_of, currency; /* of all so far */
    const char *const *paths;
} merging;

/* The bytes of a record without its last two fields, which are never quoted. */
static toc_str without_part(toc_str raw)
{
    for (int fields = 0; raw.n > 0 && fields < 2; raw.n--) fields += raw.p[raw.n - 1] == ',';
    return raw;
}

/* Says whether the value is that of the parts before; an empty one fits all. */
static toc_status agree(toc_ctx *ctx, const merging *m, size_t part, toc_buf *known, toc_str value, const char *what)
{
    if (value.n == 0) return TOC_OK;
    if (known->n == 0) return toc_buf_add(ctx, known, value.p, value.n);
    if (toc_str_eq((toc_str){ known->p, known->n }, value)) return TOC_OK;
    return toc_fail(ctx, TOC_E_DATA, "%s: its %s is %.*s, that of the parts before %.*s", m->paths[part], what, (int)value.n, value.p, (int)known->n, known->p);
}

static toc_status take_line(toc_ctx *ctx, merging *m, size_t part, const rd_reader *reader, const rd_batch *batch, const rd_record *r)
{
    char reason[160];
    toc_str id = rd_field(batch, r, 0), bytes = without_part(rd_raw(batch, r));

    if (r->fault != RD_FINE)
        return toc_fail(ctx, TOC_E_DATA, "%s:%zu: %s", m->paths[part], rd_line(batch, r), rd_fault_text(reader, batch, r, reason));
    TOC_TRY(agree(ctx, m, part, &m->as_of, rd_field(batch, r, r->n - 2), "moment"));
    TOC_TRY(agree(ctx, m, part, &m->currency, rd_field(batch, r, r->n - 1), "currency"));
    TOC_TRY(toc_grow(ctx, &m->lines, &m->cap, m->n + 1, sizeof *m->lines));
    m->lines[m->n++] = (line){ .id = m->text.n, .n_id = id.n, .at = m->text.n + id.n, .n = bytes.n, .part = part };
    TOC_TRY(toc_buf_add(ctx, &m->text, id.p, id.n));
    return toc_buf_add(ctx, &m->text, bytes.p, bytes.n);
}

/* The header without the part's own columns; the same in all parts. */
static toc_status take_header(toc_ctx *ctx, merging *m, size_t part, const rd_reader *reader)
{
    size_t n;
    const toc_str *names = rd_header(reader, &n);
    toc_buf header = {0};
    toc_status st = TOC_OK;

    if (n < 3 || !toc_str_is(names[n - 2], FEA_PART_AS_OF) || !toc_str_is(names[n - 1], FEA_PART_CURRENCY))
        return toc_fail(ctx, TOC_E_DATA, "%s: no part: tocsin features --partial writes those", m->paths[part]);
    for (size_t j = 0; j + 2 < n && !st; j++) {
        if (j) st = toc_buf_char(ctx, &header, ',');
        if (!st) st = toc_buf_add(ctx, &header, names[j].p, names[j].n);
    }
    if (!st && part == 0) {
        m->header = header;
        return TOC_OK;
    }
    if (!st && !toc_str_eq((toc_str){ header.p, header.n }, (toc_str){ m->header.p, m->header.n }))
        st = toc_fail(ctx, TOC_E_DATA, "%s: its columns are not those of %s", m->paths[part], m->paths[0]);
    toc_buf_release(&header);
    return st;
}

static toc_status take_part(toc_ctx *ctx, merging *m, size_t part)
{
    rd_reader *reader = NULL;
    rd_batch batch = {0};
    toc_status st;

    if ((st = rd_open(ctx, m->paths[part], &(rd_options){ .dialect = RD_CANONICAL }, &reader))) goto out;
    if ((st = take_header(ctx, m, part, reader))) goto out;
    do {
        st = rd_next(ctx, reader, &batch);
        for (size_t i = 0; i < batch.n && !st; i++) st = take_line(ctx, m, part, reader, &batch, &batch.records[i]);
    } while (!st && batch.n);
out:
    rd_batch_release(&batch);
    rd_close(reader);
    return st;
}

static int compare_lines(const void *a, const void *b, const void *arg)
{
    const line *x = a, *y = b;
    const merging *m = arg;
    int order = memcmp(m->text.p + x->id, m->text.p + y->id, TOC_MIN(x->n_id, y->n_id));
    return order ? order : (x->n_id > y->n_id) - (x->n_id < y->n_id);
}

static toc_status write_lines(toc_ctx *ctx, const merging *m, toc_out *out)
{
    for (size_t i = 1; i < m->n; i++) {
        const line *a = &m->lines[i - 1], *b = &m->lines[i];
        if (compare_lines(a, b, m) == 0)
            return toc_fail(ctx, TOC_E_DATA, "\"%.*s\" is in %s and in %s: each id's rows must be in one part", (int)b->n_id, m->text.p + b->id,
                            m->paths[a->part], m->paths[b->part]);
    }
    toc_out_write(out, m->header.p, m->header.n);
    toc_out_str(out, "\n");
    for (size_t i = 0; i < m->n; i++) {
        toc_out_write(out, m->text.p + m->lines[i].at, m->lines[i].n);
        toc_out_str(out, "\n");
    }
    return TOC_OK;
}

toc_status fea_merge(toc_ctx *ctx, const char *const *paths, size_t n, toc_out *out)
{
    merging m = { .paths = paths };
    toc_status st = TOC_OK;

    for (size_t i = 0; i < n && !st; i++) st = take_part(ctx, &m, i);
    if (!st) st = toc_sort(ctx, m.lines, m.n, sizeof *m.lines, compare_lines, &m);
    if (!st) st = write_lines(ctx, &m, out);
    toc_buf_release(&m.text);
    toc_buf_release(&m.header);
    toc_buf_release(&m.as_of);
    toc_buf_release(&m.currency);
    toc_free(m.lines);
    return st;
}

toc_status fea_mark_part(toc_ctx *ctx, const shop_data *view, int64_t as_of, tab_table *features)
{
    const shop_orders *o = &view->orders;
    uint32_t currency = 0;
    tab_column *c;

    for (size_t i = 0; i < o->n && currency == 0; i++) currency = o->currency[i]; /* features of two are refused */
    TOC_TRY(tab_add(ctx, features, FEA_PART_AS_OF, TAB_TIME, NULL, &c));
    for (size_t i = 0; i < features->n_rows; i++) c->i64[i] = as_of;
    TOC_TRY(tab_add(ctx, features, FEA_PART_CURRENCY, TAB_TEXT, &view->dict[SHOP_D_WORD], &c));
    for (size_t i = 0; i < features->n_rows; i++) c->code[i] = currency;
    return TOC_OK;
}
