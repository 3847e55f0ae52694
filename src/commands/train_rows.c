/* train_rows.c: the rows of CSV files, for training. */
#include "commands/train_command.h"

enum { MOST_COLUMNS = 16 };

typedef struct {
    const train_args *a;
    train_take *take;
    void *arg;
    size_t text[MOST_COLUMNS], pair[MOST_COLUMNS];
    size_t n_text, n_pair, target;
    toc_buf joined[2];
    size_t rows, faulty, empty;
} walk;

static bool find_column(const toc_str *header, size_t n, const char *name, size_t *column)
{
    for (*column = 0; *column < n; ++*column)
        if (toc_str_is(header[*column], name)) return true;
    return false;
}

static toc_status no_column(toc_ctx *ctx, const rd_reader *reader, const char *what)
{
    toc_buf names = {0};
    size_t n;
    const toc_str *header = rd_header(reader, &n);
    toc_status st = TOC_OK;

    for (size_t j = 0; j < n && !st; j++) st = toc_buf_printf(ctx, &names, "%s%.*s", j ? ", " : "", (int)TOC_MIN(header[j].n, (size_t)80), header[j].p);
    if (!st) st = toc_fail(ctx, TOC_E_USAGE, "%s: no column %s; there are: %.1500s", rd_path(reader), what, names.p ? names.p : "");
    toc_buf_release(&names);
    return st;
}

static toc_status choose(toc_ctx *ctx, const rd_reader *reader, const cli_list *wanted, size_t columns[MOST_COLUMNS], size_t *n_columns)
{
    size_t n;
    const toc_str *header = rd_header(reader, &n);

    *n_columns = 0;
    if (wanted->n > MOST_COLUMNS) return toc_fail(ctx, TOC_E_USAGE, "at most %d columns can be joined", MOST_COLUMNS);
    for (size_t k = 0; k < wanted->n; k++)
        if (!find_column(header, n, wanted->items[k], &columns[(*n_columns)++])) return no_column(ctx, reader, wanted->items[k]);
    return TOC_OK;
}

static toc_status choose_columns(toc_ctx *ctx, walk *w, const rd_reader *reader)
{
    static const char *const usual[] = { "title", "body" };
    size_t n;
    const toc_str *header = rd_header(reader, &n);

    TOC_TRY(choose(ctx, reader, &w->a->text, w->text, &w->n_text));
    TOC_TRY(choose(ctx, reader, &w->a->pair, w->pair, &w->n_pair));
    if (w->a->target && !find_column(header, n, w->a->target, &w->target)) return no_column(ctx, reader, w->a->target);
    for (size_t k = 0; !w->a->text.n && k < TOC_COUNT(usual); k++)
        if (find_column(header, n, usual[k], &w->text[w->n_text])) w->n_text++;
    return w->n_text ? TOC_OK : no_column(ctx, reader, "title or body (name the text with --text)");
}

static toc_status join(toc_ctx *ctx, const rd_batch *batch, const rd_record *record, const size_t *columns, size_t n, toc_buf *joined)
{
    toc_buf_reset(joined);
    for (size_t k = 0; k < n; k++) {
        toc_str field = rd_field(batch, record, columns[k]);
        if (joined->n && field.n) TOC_TRY(toc_buf_char(ctx, joined, ' '));
        TOC_TRY(toc_buf_add(ctx, joined, field.p, field.n));
    }
    return TOC_OK;
}

static toc_str whole(const toc_buf *b)
{
    return (toc_str){ b->n ? b->p : "", b->n };
}

static toc_status take_batch(toc_ctx *ctx, walk *w, const rd_batch *batch)
{
    for (size_t i = 0; i < batch->n; i++) {
        const rd_record *record = &batch->records[i];
        w->faulty += record->fault && record->fault != RD_TRAILER;
        if (record->fault) continue;
        TOC_TRY(join(ctx, batch, record, w->text, w->n_text, &w->joined[0]));
        TOC_TRY(join(ctx, batch, record, w->pair, w->n_pair, &w->joined[1]));
        const train_row row = { whole(&w->joined[0]), whole(&w->joined[1]), w->a->target ? toc_str_trim(rd_field(batch, record, w->target)) : TOC_STR("") };
        if (!toc_str_trim(row.text).n || (w->n_pair && !toc_str_trim(row.pair).n) || (w->a->target && !row.target.n)) {
            w->empty++;
            continue;
        }
        w->rows++;
        TOC_TRY(w->take(ctx, w->arg, &row));
    }
    return TOC_OK;
}

static toc_status read_file(toc_ctx *ctx, walk *w, const char *path)
{
    rd_reader *reader = NULL;
    rd_batch batch = {0};
    toc_status st = rd_open(ctx, path, NULL, &reader);

    if (!st) st = choose_columns(ctx, w, reader);
    while (!st && !(st = rd_next(ctx, reader, &batch)) && batch.n) st = take_batch(ctx, w, &batch);
    rd_batch_release(&batch);
    rd_close(reader);
    return st;
}

toc_status train_read(toc_ctx *ctx, const train_args *a, train_files files, train_take *take, void *arg)
{
    walk w = { .a = a, .take = take, .arg = arg };
    toc_status st = files.n ? TOC_OK : read_file(ctx, &w, "-");

    for (size_t i = 0; i < files.n && !st; i++) st = read_file(ctx, &w, files.paths[i]);
    for (size_t k = 0; k < 2; k++) toc_buf_release(&w.joined[k]);
    if (st) return st;
    if (w.faulty) toc_warn(ctx, "%zu rows could not be read and teach nothing", w.faulty);
    if (w.empty) toc_note(ctx, "%zu rows have no text, or no answer, and teach nothing", w.empty);
    return w.rows ? TOC_OK : toc_fail(ctx, TOC_E_DATA, "no row has a text: nothing to learn from");
}

/* ---- as tokens ---- */

typedef struct {
    train_corpora *corpora;
    txt_tokenizer *tokenizer;
    txt_tokens scratch;
    size_t max_tokens;
    bool pairs;
} tokenizing;

static toc_status tokenize(toc_ctx *ctx, void *arg, const train_row *row)
{
    tokenizing *t = arg;
    train_corpora *c = t->corpora;

    TOC_TRY(toc_grow(ctx, &c->target_of, &c->cap_targets, c->texts.n + 1, sizeof *c->target_of));
    TOC_TRY(toc_pool_intern(ctx, &c->targets, row->target, &c->target_of[c->texts.n]));
    TOC_TRY(trn_corpus_add(ctx, &c->texts, t->tokenizer, row->text, t->max_tokens, &t->scratch));
    return t->pairs ? trn_corpus_add(ctx, &c->pairs, t->tokenizer, row->pair, t->max_tokens, &t->scratch) : TOC_OK;
}

toc_status train_corpora_read(toc_ctx *ctx, const train_args *a, train_files files, size_t max_tokens, train_corpora *corpora)
{
    tokenizing t = { .corpora = corpora, .max_tokens = max_tokens, .pairs = a->pair.n > 0 };
    toc_status st = enc_learn_tokenizer(ctx, a->model, &t.tokenizer);

    if (!st) st = train_read(ctx, a, files, tokenize, &t);
    txt_tokens_release(&t.scratch);
    txt_tokenizer_free(t.tokenizer);
    if (st) return st;
    const trn_corpus *c = &corpora->texts;
    toc_note(ctx, "%zu texts, %zu tokens; %zu texts were longer than %zu tokens and cut there", c->n, c->starts[c->n], c->cut, max_tokens);
    return TOC_OK;
}

void train_corpora_release(train_corpora *corpora)
{
    trn_corpus_release(&corpora->texts);
    trn_corpus_release(&corpora->pairs);
    toc_pool_release(&corpora->targets);
    toc_free(corpora->target_of);
}
