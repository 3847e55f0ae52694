/* encode_near.c: "tocsin encode --similar" and "--query", on texts or on vectors written before. */
#include "commands/encode_command.h"
#include "table/table.h"

enum { USUAL_TOP = 10, VECTORS_AT_ONCE = 1024 };

/* Where pairs and answers go. */
typedef struct {
    const encode_args *a;
    enc_model *model;     /* NULL: vectors that are there already are compared with each other */
    enc_options options;
    toc_out out;
    bool json, with_text;
    const char *id_name;
    const char *query;    /* whose answers are written */
    toc_buf line;
    size_t dim;
    enc_near *near;
    enc_rank *rank;
} search;

/* ---- writing ---- */

static toc_status add_json(toc_ctx *ctx, toc_buf *line, const char *name, toc_str text)
{
    TOC_TRY(toc_buf_printf(ctx, line, "%s\"%s\":\"", line->n > 1 ? "," : "", name));
    TOC_TRY(toc_buf_json(ctx, line, text));
    return toc_buf_char(ctx, line, '"');
}

static toc_status write_pair(toc_ctx *ctx, void *arg, toc_str a, toc_str b, double cosine)
{
    search *s = arg;
    char number[32];

    toc_format_double(cosine, number);
    if (s->json) {
        toc_buf_reset(&s->line);
        TOC_TRY(toc_buf_char(ctx, &s->line, '{'));
        TOC_TRY(add_json(ctx, &s->line, "id", a));
        TOC_TRY(add_json(ctx, &s->line, "near", b));
        toc_out_printf(&s->out, "%s,\"cosine\":%s}\n", s->line.p, number);
        return TOC_OK;
    }
    tab_csv_field(&s->out, a);
    toc_out_str(&s->out, ",");
    tab_csv_field(&s->out, b);
    toc_out_printf(&s->out, ",%s\n", number);
    return TOC_OK;
}

static toc_status write_answer(toc_ctx *ctx, void *arg, size_t place, toc_str id, toc_str text, double cosine)
{
    search *s = arg;
    char number[32];

    toc_format_double(cosine, number);
    if (s->json) {
        toc_buf_reset(&s->line);
        TOC_TRY(toc_buf_char(ctx, &s->line, '{'));
        TOC_TRY(add_json(ctx, &s->line, "query", toc_str_of(s->query)));
        TOC_TRY(toc_buf_printf(ctx, &s->line, ",\"rank\":%zu", place));
        TOC_TRY(add_json(ctx, &s->line, "id", id));
        TOC_TRY(toc_buf_printf(ctx, &s->line, ",\"cosine\":%s", number));
        if (s->with_text) TOC_TRY(add_json(ctx, &s->line, "text", text));
        toc_out_write(&s->out, s->line.p, s->line.n);
        toc_out_str(&s->out, "}\n");
        return TOC_OK;
    }
    tab_csv_field(&s->out, toc_str_of(s->query));
    toc_out_printf(&s->out, ",%zu,", place);
    tab_csv_field(&s->out, id);
    toc_out_printf(&s->out, ",%s", number);
    if (s->with_text) {
        toc_out_str(&s->out, ",");
        tab_csv_field(&s->out, text);
    }
    toc_out_str(&s->out, "\n");
    return TOC_OK;
}

static toc_status write_all(toc_ctx *ctx, search *s)
{
    const size_t top = (size_t)s->a->top;

    if (s->near && !s->json) {
        tab_csv_field(&s->out, toc_str_of(s->id_name));
        toc_out_str(&s->out, ",near_");
        tab_csv_field(&s->out, toc_str_of(s->id_name));
        toc_out_str(&s->out, ",cosine\n");
    }
    if (s->near) return enc_near_pairs(ctx, s->near, s->a->similar, top, write_pair, s);
    if (!s->json) {
        toc_out_str(&s->out, "query,rank,");
        tab_csv_field(&s->out, toc_str_of(s->id_name));
        toc_out_str(&s->out, s->with_text ? ",cosine,text\n" : ",cosine\n");
    }
    for (size_t q = 0; q < s->a->query.n; q++) {
        s->query = s->a->query.items[q];
        TOC_TRY(enc_rank_answers(ctx, s->rank, q, write_answer, s));
    }
    return TOC_OK;
}

/* ---- rows come in ---- */

static toc_status begin_rank(toc_ctx *ctx, search *s)
{
    const cli_list *asked = &s->a->query;
    toc_str *texts;
    float *vectors = NULL;

    TOC_TRY(toc_arena_alloc(ctx, &ctx->arena, asked->n, sizeof *texts, &texts));
    for (size_t q = 0; q < asked->n; q++) {
        texts[q] = toc_str_of(asked->items[q]);
        if (!toc_str_trim(texts[q]).n) return toc_fail(ctx, TOC_E_USAGE, "--query needs words to look for");
    }
    TOC_TRY(toc_alloc(ctx, asked->n * s->dim, sizeof *vectors, &vectors));
    toc_status st = enc_encode(ctx, s->model, texts, asked->n, &s->options, vectors, NULL);
    if (!st) st = enc_rank_new(ctx, s->dim, vectors, asked->n, s->a->top ? (size_t)s->a->top : USUAL_TOP, &s->rank);
    toc_free(vectors);
    return st;
}

static toc_status begin(toc_ctx *ctx, void *arg, toc_str id_name)
{
    search *s = arg;

    TOC_TRY(toc_arena_copy(ctx, &ctx->arena, id_name.p, id_name.n, &s->id_name));
    return s->a->query.n ? begin_rank(ctx, s) : enc_near_new(ctx, s->dim, &s->near);
}

static bool is_zero(const float *vector, size_t dim)
{
    for (size_t j = 0; j < dim; j++)
        if (vector[j] != 0) return false;
    return true;
}

/* Rows without words are near nothing. */
static toc_status take(toc_ctx *ctx, void *arg, const encode_block *block)
{
    search *s = arg;

    for (size_t i = 0; i < block->n; i++) {
        const float *vector = block->vectors + i * s->dim;
        if ((block->empty && block->empty[i]) || is_zero(vector, s->dim)) continue;
        if (s->near) TOC_TRY(enc_near_add(ctx, s->near, block->ids[i], vector));
        else TOC_TRY(enc_rank_add(ctx, s->rank, block->ids[i], block->texts ? block->texts[i] : TOC_STR(""), vector));
    }
    return TOC_OK;
}

/* ---- vectors written before ---- */

typedef struct {
    search *s;
    const char *path;
    toc_str *ids;
    float *vectors;
    size_t n;
} stored;

static toc_status begin_stored(toc_ctx *ctx, stored *v, size_t dim, toc_str id_name)
{
    search *s = v->s;

    if (s->model && s->dim != dim)
        return toc_fail(ctx, TOC_E_DATA, "%s: vectors of %zu numbers, but the model makes %zu: it was another one", v->path, dim, s->dim);
    s->dim = dim;
    TOC_TRY(toc_alloc(ctx, VECTORS_AT_ONCE, sizeof *v->ids, &v->ids));
    TOC_TRY(toc_alloc(ctx, VECTORS_AT_ONCE * dim, sizeof *v->vectors, &v->vectors));
    return begin(ctx, s, id_name);
}

static toc_status hand_on(toc_ctx *ctx, stored *v)
{
    const encode_block block = { .n = v->n, .ids = v->ids, .vectors = v->vectors };

    v->n = 0;
    return take(ctx, v->s, &block);
}

static toc_status take_record(toc_ctx *ctx, stored *v, const rd_reader *reader, const rd_batch *batch, const rd_record *record)
{
    const size_t dim = v->s->dim;
    char why[160];
    double number;

    if (record->fault == RD_TRAILER) return TOC_OK;
    if (record->fault) return toc_fail(ctx, TOC_E_DATA, "%s:%zu: %s", v->path, rd_line(batch, record), rd_fault_text(reader, batch, record, why));
    v->ids[v->n] = rd_field(batch, record, 0);
    for (size_t j = 0; j < dim; j++) {
        toc_str field = rd_field(batch, record, j + 1);
        if (!toc_parse_double(field, &number))
            return toc_fail(ctx, TOC_E_DATA, "%s:%zu: v%zu is no number: \"%.*s\"", v->path, rd_line(batch, record), j + 1, (int)TOC_MIN(field.n, (size_t)40), field.p);
        v->vectors[v->n * dim + j] = (float)number;
    }
    return ++v->n == VECTORS_AT_ONCE ? hand_on(ctx, v) : TOC_OK;
}

static toc_status read_csv(toc_ctx *ctx, stored *v)
{
    const rd_options options = { .dialect = RD_CANONICAL };
    rd_reader *reader = NULL;
    rd_batch batch = {0};
    size_t n_header;
    toc_status st;

    if ((st = rd_open(ctx, v->path, &options, &reader))) goto out;
    const toc_str *header = rd_header(reader, &n_header);
    if (n_header < 2 || !toc_str_is(header[1], "v1")) {
        st = toc_fail(ctx, TOC_E_USAGE, "%s: no vectors as encode writes them (an id, then v1, v2, ...; or a NumPy file)", rd_path(reader));
        goto out;
    }
    v->path = rd_path(reader);
    if ((st = begin_stored(ctx, v, n_header - 1, header[0]))) goto out;
    do {
        st = rd_next(ctx, reader, &batch);
        for (size_t i = 0; i < batch.n && !st; i++) st = take_record(ctx, v, reader, &batch, &batch.records[i]);
        if (!st) st = hand_on(ctx, v);
    } while (!st && batch.n);
out:
    rd_batch_release(&batch);
    rd_close(reader);
    return st;
}

/* Rows of a NumPy file are called by their number from 1. */
static toc_status take_numbered(toc_ctx *ctx, void *arg, size_t first, const float *vectors, size_t n, size_t dim)
{
    stored *v = arg;
    static const char id_name[] = "row";
    char names[VECTORS_AT_ONCE][24];

    if (!v->ids) TOC_TRY(begin_stored(ctx, v, dim, TOC_STR(id_name)));
    for (size_t i = 0; i < n; i++) v->ids[i] = (toc_str){ names[i], toc_format_int((int64_t)(first + i + 1), names[i]) };
    const encode_block block = { .n = n, .ids = v->ids, .vectors = vectors };
    return take(ctx, v->s, &block);
}

static toc_status read_stored(toc_ctx *ctx, search *s, const char *path)
{
    stored v = { .s = s, .path = path };
    bool is_npy = false;

    toc_status st = enc_npy_read(ctx, path, VECTORS_AT_ONCE, take_numbered, &v, &is_npy);
    if (!st && !is_npy) st = read_csv(ctx, &v);
    toc_free(v.ids);
    toc_free(v.vectors);
    return st;
}

toc_status encode_search(toc_ctx *ctx, const encode_args *a, const char *file, enc_model *model, const enc_options *options)
{
    search s = { .a = a, .model = model, .options = *options, .json = strcmp(a->format, "jsonl") == 0, .with_text = !a->vectors, .dim = model ? enc_dim_of(model, options->pool) : 0 };
    const encode_sink sink = { &s, begin, take };
    toc_status st = TOC_OK;

    if (!s.json && strcmp(a->format, "csv") != 0) return toc_fail(ctx, TOC_E_USAGE, "--%s writes csv or jsonl, not %s", a->query.n ? "query" : "similar", a->format);
    if ((st = toc_out_open(ctx, a->out, false, &s.out))) goto out;
    st = a->vectors ? read_stored(ctx, &s, file) : encode_walk(ctx, a, file, model, options, &sink);
    if (st || (st = write_all(ctx, &s))) goto out;
    st = toc_out_close(ctx, &s.out);
out:
    toc_out_abandon(&s.out);
    toc_buf_release(&s.line);
    enc_near_free(s.near);
    enc_rank_free(s.rank);
    return st;
}
