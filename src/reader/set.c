/* set.c: several pieces of a file parsed side by side.
 *
 * The pieces of a set are cut where a line ends outside quotes, going by the number of quotes before: right for every file that keeps RFC 4180, a
 * guess for others. The guess is proved: a piece counts only when the one before it ended with a whole record just where this one begins. Where it
 * did not, the rest of the set is parsed again from there. So the records are those of one thread that reads from the first byte to the last.
 *
 *   carry (left over) | block of piece 0 | block of piece 1 | ...    the end of each block, after its cut, is copied in front of the next block */
#include "reader/reader_int.h"

#define MAX_LINE ((size_t)64 << 20)
#define ROOM ((size_t)64 << 10) /* in front of each block, for the end of the one before */
#define PIECES_A_THREAD 8
#define SAMPLE ((size_t)64 << 10) /* what is looked at to find out a charset late in the file */

/* ---- memory ---- */

void rd_release_pieces(rd_reader *reader)
{
    for (size_t k = 0; reader->pieces && k < reader->n_pieces; k++) {
        rd_batch_release(&reader->pieces[k].batch);
        rd_parser_release(&reader->pieces[k].parser);
    }
    toc_free(reader->pieces);
    toc_free(reader->ready);
}

size_t rd_set_most(const toc_ctx *ctx)
{
    return ctx->n_threads > 1 ? ctx->n_threads * PIECES_A_THREAD : 1;
}

static toc_status make_pieces(toc_ctx *ctx, rd_reader *reader)
{
    size_t n = rd_set_most(ctx);

    if (reader->pieces) return TOC_OK;
    TOC_TRY(toc_alloc(ctx, n, sizeof *reader->ready, &reader->ready));
    TOC_TRY(toc_alloc(ctx, n, sizeof *reader->pieces, &reader->pieces));
    reader->n_pieces = n;
    for (size_t k = 0; k < n; k++) {
        rd_parser *p = &reader->pieces[k].parser;
        *p = (rd_parser){ .line_end = reader->parser.line_end, .quote = reader->parser.quote, .delimiter = reader->parser.delimiter,
                          .max_field = reader->parser.max_field, .libcsv_only = reader->parser.libcsv_only };
        TOC_TRY(rd_parser_init(ctx, p));
    }
    return TOC_OK;
}

static toc_status make_block(toc_ctx *ctx, rd_piece *piece, size_t front, size_t n)
{
    rd_batch *b = &piece->batch;

    if (front + n + TOC_PLAIN_SLACK > b->cap_bytes) {
        toc_free(b->bytes); /* nothing in it is wanted any more */
        b->bytes = NULL;
        b->cap_bytes = 0;
        TOC_TRY(toc_grow(ctx, &b->bytes, &b->cap_bytes, front + n + TOC_PLAIN_SLACK, 1));
    }
    piece->data = front;
    piece->n_data = 0;
    b->begin = b->end = front;
    return TOC_OK;
}

/* ---- reading ---- */

typedef struct {
    rd_reader *reader;
    size_t n;      /* pieces */
    bool anywhere; /* each piece reads its own block */
    bool count;    /* quotes, to find cuts */
    rd_work *work;
    void *arg;
} set;

static toc_status read_piece(toc_ctx *ctx, void *arg, size_t k)
{
    const set *s = arg;
    rd_reader *reader = s->reader;
    rd_piece *p = &reader->pieces[k];
    rd_batch *b = &p->batch;

    if (s->anywhere) TOC_TRY(rd_input_read_ahead(ctx, reader->input, k * reader->batch_bytes, b->bytes + p->data, reader->batch_bytes, &p->n_data));
    b->end = p->data + p->n_data;
    if (s->anywhere && reader->hash && p->n_data) p->hash = toc_str_hash((toc_str){ b->bytes + p->data, p->n_data });
    p->ascii = rd_survey(b->bytes + b->begin, b->end - b->begin, reader->parser.quote, &p->n_quotes);
    return TOC_OK;
}

/* All of carry and a block for each piece. */
static toc_status read_blocks(toc_ctx *ctx, rd_reader *reader, set *s)
{
    toc_buf *c = &reader->carry;
    size_t n_carry = c->n - reader->carry_at, size = reader->batch_bytes, total = 0;

    s->n = reader->end ? 1 : reader->n_pieces;
    s->anywhere = !reader->end && reader->direct;
    s->count = s->n > 1 && reader->parser.quote;
    for (size_t k = 0; k < s->n; k++) {
        rd_piece *p = &reader->pieces[k];
        TOC_TRY(make_block(ctx, p, k ? ROOM : TOC_MAX(ROOM, n_carry), size));
        if (!k && n_carry) {
            p->batch.begin = p->data - n_carry;
            memcpy(p->batch.bytes + p->batch.begin, c->p + reader->carry_at, n_carry);
        }
        if (reader->end || s->anywhere) continue;
        TOC_TRY(rd_read_text(ctx, reader, p->batch.bytes + p->data, size, &p->n_data));
        if (p->n_data < size) {
            reader->end = true;
            s->n = k + 1;
        }
    }
    toc_buf_reset(c);
    reader->carry_at = 0;
    TOC_TRY(toc_parallel(ctx, s->n, read_piece, s));
    for (size_t k = 0; k < s->n; k++) {
        rd_piece *p = &reader->pieces[k];
        total += p->n_data;
        if (s->anywhere && reader->hash) rd_input_hash_add(reader->input, p->hash, p->n_data);
        if (p->n_data == size || !s->anywhere) continue;
        reader->end = true;
        s->n = k + 1;
    }
    if (s->anywhere) rd_input_skip(reader->input, total);
    return TOC_OK;
}

/* One piece from the front of carry alone: it is long, or its first record is. */
static toc_status take_carry(toc_ctx *ctx, rd_reader *reader, set *s)
{
    size_t want = reader->batch_bytes << reader->growth;

    while (!reader->end && reader->carry.n - reader->carry_at < want) TOC_TRY(rd_read_block(ctx, reader));
    want = TOC_MIN(want, reader->carry.n - reader->carry_at);
    TOC_TRY(make_block(ctx, &reader->pieces[0], 0, want + 1));
    rd_batch *b = &reader->pieces[0].batch;
    memcpy(b->bytes, reader->carry.p + reader->carry_at, want);
    b->end = want;
    reader->pieces[0].ascii = rd_survey(b->bytes, want, reader->parser.quote, &reader->pieces[0].n_quotes);
    s->n = 1;
    return TOC_OK;
}

/* ---- cutting ---- */

/* The last place in a piece where a line ends outside quotes, when `odd` says whether its end is inside; 0 = not near enough to its end. */
static size_t find_cut(const rd_parser *parser, const rd_batch *b, bool odd)
{
    size_t low = TOC_MAX(b->begin, b->end > ROOM ? b->end - ROOM : 0), pos = b->end;

    for (size_t i = b->end; i > low; i--) {
        if (b->bytes[i - 1] != parser->line_end) continue;
        if (parser->quote) odd ^= rd_count_byte(b->bytes + i, pos - i, parser->quote) & 1;
        if (!odd) return i;
        pos = i;
    }
    return 0;
}

/* Cuts each piece but the last, and hands its end on to the next. A set whose pieces cannot be cut ends early, its rest goes back to carry. */
static toc_status cut_pieces(toc_ctx *ctx, rd_reader *reader, set *s)
{
    bool odd = false;

    for (size_t k = 0; k + 1 < s->n; k++) {
        rd_batch *b = &reader->pieces[k].batch, *next = &reader->pieces[k + 1].batch;
        odd ^= s->count && reader->pieces[k].n_quotes & 1;
        size_t cut = find_cut(&reader->parser, b, odd);
        if (!cut) {
            for (size_t i = k + 1; i < s->n; i++) {
                rd_batch *rest = &reader->pieces[i].batch;
                TOC_TRY(toc_buf_add(ctx, &reader->carry, rest->bytes + rest->begin, rest->end - rest->begin));
            }
            s->n = k + 1;
            return TOC_OK;
        }
        size_t tail = b->end - cut;
        next->begin -= tail;
        memcpy(next->bytes + next->begin, b->bytes + cut, tail);
        if (s->count) odd = rd_count_byte(b->bytes + cut, tail, reader->parser.quote) & 1;
        b->end = cut;
    }
    return TOC_OK;
}

/* ---- parsing ---- */

static toc_status parse_piece(toc_ctx *ctx, void *arg, size_t k)
{
    const set *s = arg;
    rd_piece *p = &s->reader->pieces[k];

    TOC_TRY(rd_parse(ctx, &p->parser, &p->batch, p->last, &p->used, &p->lines));
    rd_judge_records(s->reader, &p->batch);
    rd_mark_trailer(s->reader, &p->batch, p->text);
    TOC_TRY(rd_decode_fields(ctx, s->reader, &p->batch));
    return s->work && p->batch.n ? s->work(ctx, s->arg, k, &p->batch) : TOC_OK;
}

/* Takes over the pieces up to the first that did not end with a whole record; *rest: what of it and after it must be parsed again, in pieces. */
static size_t accept_pieces(rd_reader *reader, const set *s)
{
    size_t k = 0;

    for (; k < s->n; k++) {
        rd_piece *p = &reader->pieces[k];
        rd_batch *b = &p->batch;
        b->line = reader->line;
        b->offset = reader->offset;
        b->converted = reader->transcoded ? reader->encoding : NULL;
        reader->line += p->lines;
        reader->text += p->used - b->begin;
        reader->offset += rd_original_bytes(b->converted, b->bytes + b->begin, p->used - b->begin);
        if (b->n) reader->ready[reader->n_ready++] = (rd_ready){ b, k };
        if (p->used < b->end) break;
    }
    return k;
}

/* What was not used goes back to carry, in front of what cut_pieces put there. */
static toc_status give_back(toc_ctx *ctx, rd_reader *reader, const set *s, size_t broken)
{
    toc_buf rest = {0};
    toc_status st = TOC_OK;

    for (size_t k = broken; k < s->n && !st; k++) {
        const rd_piece *p = &reader->pieces[k];
        size_t from = k == broken ? p->used : p->batch.begin;
        st = toc_buf_add(ctx, &rest, p->batch.bytes + from, p->batch.end - from);
    }
    if (!st) st = toc_buf_add(ctx, &rest, reader->carry.p, reader->carry.n);
    if (st) {
        toc_buf_release(&rest);
        return st;
    }
    toc_buf_release(&reader->carry);
    reader->carry = rest;
    return TOC_OK;
}

/* While everything was ASCII, the first other bytes decide about the charset: always as many of them, however the file is cut. `behind`: where in
 * carry the bytes after the pieces are. */
static toc_status settle_charset(toc_ctx *ctx, rd_reader *reader, const set *s, size_t behind)
{
    toc_buf sample = {0};
    toc_status st = TOC_OK;
    bool ascii = true;

    for (size_t k = 0; k < s->n; k++) ascii &= reader->pieces[k].ascii;
    if (ascii || !reader->ascii_so_far || reader->charset_given || reader->transcoded) return TOC_OK;
    for (size_t k = 0; k < s->n && sample.n < SAMPLE && !st; k++) {
        const rd_batch *b = &reader->pieces[k].batch;
        size_t i = b->begin;
        while (!sample.n && i < b->end && (unsigned char)b->bytes[i] < 0x80) i++;
        st = toc_buf_add(ctx, &sample, b->bytes + i, TOC_MIN(b->end - i, SAMPLE - sample.n));
    }
    while (sample.n < SAMPLE && !st) {
        size_t n = TOC_MIN(reader->carry.n - behind, SAMPLE - sample.n);
        if (n) st = toc_buf_add(ctx, &sample, reader->carry.p + behind, n);
        else if (reader->end) break;
        else st = rd_read_block(ctx, reader);
        behind += n;
    }
    if (!st) rd_settle_charset(reader, (toc_str){ sample.p, sample.n });
    toc_buf_release(&sample);
    return st;
}

static toc_status parse_set(toc_ctx *ctx, rd_reader *reader, set *s, bool from_carry)
{
    TOC_TRY(settle_charset(ctx, reader, s, from_carry ? reader->carry_at + reader->pieces[0].batch.end : 0));
    size_t left = from_carry ? reader->carry.n - reader->carry_at - reader->pieces[0].batch.end : reader->carry.n;

    uint64_t text = reader->text;

    for (size_t k = 0; k < s->n; k++) {
        rd_piece *p = &reader->pieces[k];
        p->text = text;
        text += p->batch.end - p->batch.begin;
        p->last = reader->end && k + 1 == s->n && !left;
    }
    TOC_TRY(toc_parallel(ctx, s->n, parse_piece, s));
    size_t broken = accept_pieces(reader, s), used = reader->pieces[0].used - reader->pieces[0].batch.begin;
    if (!used && !reader->pieces[0].last) {
        if (reader->pieces[0].batch.end - reader->pieces[0].batch.begin > MAX_LINE)
            return toc_fail(ctx, TOC_E_DATA, "%s:%zu: no line end within %zu MiB; this is no CSV file", reader->path, reader->line, MAX_LINE >> 20);
        reader->growth++;
    } else reader->growth = 0;
    if (!from_carry) return broken < s->n ? give_back(ctx, reader, s, broken) : TOC_OK;
    reader->carry_at += used;
    if (reader->carry_at < reader->carry.n) return TOC_OK;
    toc_buf_reset(&reader->carry);
    reader->carry_at = 0;
    return TOC_OK;
}

toc_status rd_next_set(toc_ctx *ctx, rd_reader *reader, rd_work *work, void *arg, const rd_ready **ready, size_t *n)
{
    *n = 0;
    TOC_TRY(make_pieces(ctx, reader));
    reader->n_ready = reader->at_ready = 0;
    while (!reader->n_ready) {
        set s = { .reader = reader, .work = work, .arg = arg };
        size_t n_carry = reader->carry.n - reader->carry_at;
        bool from_carry = reader->growth || n_carry > reader->batch_bytes;
        if (!n_carry && reader->end) return TOC_OK;
        if (from_carry) TOC_TRY(take_carry(ctx, reader, &s));
        else {
            TOC_TRY(read_blocks(ctx, reader, &s));
            TOC_TRY(cut_pieces(ctx, reader, &s));
        }
        TOC_TRY(parse_set(ctx, reader, &s, from_carry));
    }
    *ready = reader->ready;
    *n = reader->n_ready;
    return TOC_OK;
}

toc_status rd_next(toc_ctx *ctx, rd_reader *reader, rd_batch *batch)
{
    batch->n = batch->n_fields = batch->n_ends = batch->n_text = 0;
    if (reader->at_ready == reader->n_ready) {
        const rd_ready *ready;
        size_t n;
        TOC_TRY(rd_next_set(ctx, reader, NULL, NULL, &ready, &n));
        if (!n) return TOC_OK;
    }
    /* the caller's memory serves a later piece */
    rd_batch *mine = &reader->pieces[reader->ready[reader->at_ready++].slot].batch, spare = *batch;
    *batch = *mine;
    *mine = spare;
    return TOC_OK;
}
