/* encode_rows.c: the rows of a file in blocks: columns chosen, texts joined, vectors made, faults counted. */
#include "commands/encode_command.h"

enum { ROWS_AT_ONCE = 1024 };

typedef struct {
    const encode_args *a;
    const encode_sink *sink;
    rd_reader *reader;
    toc_out rejects;
    enc_model *model;
    enc_options options;
    enc_cache *cache;
    sto_store *store;
    bool keeps;         /* the store is open to write, within begin and commit */
    enc_stats stats;
    toc_progress progress;
    size_t id, *columns, n_columns;
    size_t refused, lost, first_lost; /* rows left out, rows without a text that can be read, and the first of these by its line */
    char why_lost[160];
    /* rows waiting for their vectors */
    toc_str *ids, *texts;
    size_t *lines;
    bool *is_lost, *is_empty;
    float *vectors;
    size_t n;
    toc_arena joined;
} walk;

static bool find_column(const walk *w, const char *name, size_t *column)
{
    size_t n;
    const toc_str *header = rd_header(w->reader, &n);

    for (*column = 0; *column < n; ++*column)
        if (toc_str_is(header[*column], name)) return true;
    return false;
}

static toc_status no_column(toc_ctx *ctx, const walk *w, const char *what)
{
    toc_buf names = {0};
    size_t n;
    const toc_str *header = rd_header(w->reader, &n);
    toc_status st = TOC_OK;

    for (size_t j = 0; j < n && !st; j++) st = toc_buf_printf(ctx, &names, "%s%.*s", j ? ", " : "", (int)TOC_MIN(header[j].n, (size_t)80), header[j].p);
    if (!st) st = toc_fail(ctx, TOC_E_USAGE, "%s: no column %s; there are: %.1500s", rd_path(w->reader), what, names.p ? names.p : "");
    toc_buf_release(&names);
    return st;
}

static toc_status choose_columns(toc_ctx *ctx, walk *w)
{
    static const char *const usual[] = { "title", "body" };
    const cli_list *wanted = &w->a->text;

    if (w->a->id && !find_column(w, w->a->id, &w->id)) return no_column(ctx, w, w->a->id);
    TOC_TRY(toc_arena_alloc(ctx, &ctx->arena, wanted->n + TOC_COUNT(usual), sizeof *w->columns, &w->columns));
    for (size_t k = 0; k < wanted->n; k++)
        if (!find_column(w, wanted->items[k], &w->columns[w->n_columns++])) return no_column(ctx, w, wanted->items[k]);
    for (size_t k = 0; !wanted->n && k < TOC_COUNT(usual); k++)
        if (find_column(w, usual[k], &w->columns[w->n_columns])) w->n_columns++;
    return w->n_columns ? TOC_OK : no_column(ctx, w, "title or body (name the text with --text)");
}

/* The text columns of a record, joined by blanks; borrowed from the batch or the walk. */
static toc_status text_of(toc_ctx *ctx, walk *w, const rd_batch *batch, const rd_record *record, toc_str *text)
{
    size_t n = 0, at = 0;
    char *joined;

    *text = rd_field(batch, record, w->columns[0]);
    if (w->n_columns == 1) return TOC_OK;
    for (size_t k = 0; k < w->n_columns; k++) n += rd_field(batch, record, w->columns[k]).n + 1;
    TOC_TRY(toc_arena_alloc(ctx, &w->joined, n, 1, &joined));
    for (size_t k = 0; k < w->n_columns; k++) {
        toc_str field = rd_field(batch, record, w->columns[k]);
        if (at && field.n) joined[at++] = ' ';
        memcpy(joined + at, field.p, field.n);
        at += field.n;
    }
    *text = (toc_str){ joined, at };
    return TOC_OK;
}

/* --truncate error */
static toc_status refuse_long(toc_ctx *ctx, const walk *w)
{
    size_t index, tokens = 0, n;
    const toc_str *header = rd_header(w->reader, &n);
    toc_buf names = {0};
    toc_status st = TOC_OK;

    TOC_TRY(enc_find_long(ctx, w->model, w->texts, w->n, &w->options, &index, &tokens));
    if (index == w->n) return TOC_OK;
    for (size_t k = 0; k < w->n_columns && !st; k++)
        st = toc_buf_printf(ctx, &names, "%s%.*s", k ? " + " : "", (int)TOC_MIN(header[w->columns[k]].n, (size_t)80), header[w->columns[k]].p);
    if (!st)
        st = toc_fail(ctx, TOC_E_DATA, "%s:%zu: column %s: %zu tokens, but the model reads %zu: allow that with --truncate right (the rest is not read) or "
                      "mean-of-chunks (all is read, in pieces)", rd_path(w->reader), w->lines[index], names.p, tokens, enc_limit(w->model, &w->options));
    toc_buf_release(&names);
    return st;
}

static toc_status flush(toc_ctx *ctx, walk *w)
{
    const size_t dim = enc_dim_of(w->model, w->options.pool);
    const encode_block block = { w->n, w->ids, w->texts, w->is_empty, w->vectors };

    if (strcmp(w->a->truncate, "error") == 0) TOC_TRY(refuse_long(ctx, w));
    TOC_TRY(enc_cache_encode(ctx, w->cache, w->texts, w->n, w->vectors, &w->stats));
    for (size_t i = 0; i < w->n; i++)
        if (w->is_lost[i]) memset(w->vectors + i * dim, 0, dim * sizeof *w->vectors);
    TOC_TRY(w->sink->take(ctx, w->sink->arg, &block));
    w->n = 0;
    toc_arena_release(&w->joined);
    return TOC_OK;
}

/* A fault of a text, not of the file's layout: the row keeps its place. */
static bool is_of_text(rd_fault fault)
{
    return fault == RD_TOO_LONG || fault == RD_BINARY || fault == RD_ENCODING;
}

/* *keeps: the row stays, without a text. */
static toc_status judge(toc_ctx *ctx, walk *w, const rd_batch *batch, const rd_record *record, bool *keeps)
{
    char why[160];

    *keeps = is_of_text(record->fault);
    rd_fault_text(w->reader, batch, record, why);
    if (record->fault == RD_TRAILER && !w->a->rejects) return TOC_OK;
    if (!w->a->rejects && !*keeps) return toc_fail(ctx, TOC_E_DATA, "%s:%zu: %s", rd_path(w->reader), rd_line(batch, record), why);
    if (*keeps && !w->lost++) {
        w->first_lost = rd_line(batch, record);
        memcpy(w->why_lost, why, sizeof why);
    }
    if (!w->a->rejects) return TOC_OK;
    w->refused += record->fault != RD_TRAILER && !*keeps;
    return rd_reject(ctx, &w->rejects, w->reader, batch, record, (toc_str){ "", 0 }, rd_fault_code(record->fault), why);
}

static toc_status encode_batch(toc_ctx *ctx, walk *w, const rd_batch *batch)
{
    for (size_t i = 0; i < batch->n; i++) {
        const rd_record *record = &batch->records[i];
        bool lost = false;
        if (record->fault) {
            TOC_TRY(judge(ctx, w, batch, record, &lost));
            if (!lost) continue;
        }
        w->ids[w->n] = lost ? TOC_STR("") : rd_field(batch, record, w->id);
        w->texts[w->n] = TOC_STR("");
        if (!lost) TOC_TRY(text_of(ctx, w, batch, record, &w->texts[w->n]));
        w->lines[w->n] = rd_line(batch, record);
        w->is_lost[w->n] = lost;
        w->is_empty[w->n] = !toc_str_trim(w->texts[w->n]).n;
        if (++w->n == ROWS_AT_ONCE) TOC_TRY(flush(ctx, w));
    }
    /* The rest borrows from the batch, which is about to go. */
    if (w->n) TOC_TRY(flush(ctx, w));
    if (w->keeps) {
        TOC_TRY(sto_commit(ctx, w->store));
        TOC_TRY(sto_begin(ctx, w->store));
    }
    if (toc_progress_due(&w->progress))
        toc_progress_show(ctx, &w->progress, rd_share(w->reader, batch), "%zu rows, %.0f tokens a second", w->stats.texts,
                          (double)w->stats.tokens / toc_progress_seconds(&w->progress));
    return TOC_OK;
}

/* A store that somebody else writes to is read only. */
static toc_status open_store(toc_ctx *ctx, walk *w)
{
    const char *path = w->a->store;

    if (!path) return TOC_OK;
    toc_status st = sto_open(ctx, path, STO_WRITE, &w->store);
    w->keeps = !st;
    if (st == TOC_E_BUSY) {
        ctx->message[0] = 0;
        toc_warn(ctx, "%s is being written to; vectors are taken from it, but not kept", path);
        st = sto_open(ctx, path, STO_READ, &w->store);
    }
    return st || !w->keeps ? st : sto_begin(ctx, w->store);
}

static toc_status get_room(toc_ctx *ctx, walk *w)
{
    TOC_TRY(toc_alloc(ctx, ROWS_AT_ONCE, sizeof *w->ids, &w->ids));
    TOC_TRY(toc_alloc(ctx, ROWS_AT_ONCE, sizeof *w->texts, &w->texts));
    TOC_TRY(toc_alloc(ctx, ROWS_AT_ONCE, sizeof *w->lines, &w->lines));
    TOC_TRY(toc_alloc(ctx, ROWS_AT_ONCE, sizeof *w->is_lost, &w->is_lost));
    TOC_TRY(toc_alloc(ctx, ROWS_AT_ONCE, sizeof *w->is_empty, &w->is_empty));
    return toc_alloc(ctx, ROWS_AT_ONCE * enc_dim_of(w->model, w->options.pool), sizeof *w->vectors, &w->vectors);
}

static toc_status encode_all(toc_ctx *ctx, walk *w)
{
    rd_batch batch = {0};
    size_t n_header;

    TOC_TRY(choose_columns(ctx, w));
    TOC_TRY(get_room(ctx, w));
    TOC_TRY(open_store(ctx, w));
    TOC_TRY(enc_cache_new(ctx, w->model, &w->options, w->store, w->keeps, &w->cache));
    TOC_TRY(w->sink->begin(ctx, w->sink->arg, rd_header(w->reader, &n_header)[w->id]));
    toc_status st;
    do st = rd_next(ctx, w->reader, &batch);
    while (!st && batch.n && !(st = encode_batch(ctx, w, &batch)));
    rd_batch_release(&batch);
    return st || !w->keeps ? st : sto_commit(ctx, w->store);
}

static void report(toc_ctx *ctx, const walk *w)
{
    const enc_stats *s = &w->stats;
    size_t limit = enc_limit(w->model, &w->options);

    if (w->refused) toc_warn(ctx, "%zu rows could not be read: see %s", w->refused, w->a->rejects);
    if (w->lost)
        toc_warn(ctx, "%zu rows have no text that can be read, and a vector of zeros; the first is line %zu: %s%s%s", w->lost, w->first_lost, w->why_lost,
                 w->a->rejects ? "; see " : "", w->a->rejects ? w->a->rejects : "");
    if (s->truncated)
        toc_warn(ctx, w->options.chunks ? "%zu of %zu texts were longer than %zu tokens and read in pieces" : "%zu of %zu texts were longer than %zu tokens and cut there",
                 s->truncated, s->texts, limit);
    toc_note(ctx, "%zu texts, %zu without words, %zu tokens", s->texts, s->empty - w->lost, s->tokens);
    toc_note(ctx, "%zu vectors were computed, %zu were in the store", s->distinct, s->stored);
}

toc_status encode_walk(toc_ctx *ctx, const encode_args *a, const char *file, enc_model *model, const enc_options *options, const encode_sink *sink)
{
    walk w = { .a = a, .sink = sink, .model = model, .options = *options };
    toc_status st;

    toc_progress_begin(ctx, &w.progress);
    if ((st = rd_open(ctx, file, NULL, &w.reader))) goto out;
    if (a->rejects) {
        if ((st = toc_out_open(ctx, a->rejects, true, &w.rejects))) goto out;
        rd_reject_header(&w.rejects);
    }
    st = encode_all(ctx, &w);
    toc_progress_end(&w.progress);
    if (a->rejects) {
        toc_status closed = toc_out_close(ctx, &w.rejects);
        if (!st) st = closed;
    }
    if (!st) report(ctx, &w);
out:
    toc_out_abandon(&w.rejects);
    enc_cache_free(w.cache);
    sto_close(w.store);
    toc_arena_release(&w.joined);
    toc_free(w.ids);
    toc_free(w.texts);
    toc_free(w.lines);
    toc_free(w.is_lost);
    toc_free(w.is_empty);
    toc_free(w.vectors);
    rd_close(w.reader);
    return st;
}
