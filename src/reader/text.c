/* text.c: the bytes of a file as text, in one encoding that the parser can read, and where its trailer begins.
 *
 * GB18030, Big5, Shift-JIS and single-byte encodings are parsed as they are: their bytes below 0x40 mean ASCII. UTF-16, unknown encodings, and those
 * whose second bytes may look like the delimiter are turned into UTF-8 here, piece by piece. What comes from pipes, packed files and converted ones
 * goes through a buffer that is RD_TAIL ahead of the reader, so that the end of the file is seen before its last records are parsed. */
#include "reader/reader_int.h"

static toc_str ahead_text(const rd_reader *reader)
{
    return (toc_str){ reader->ahead.p + reader->ahead_at, reader->ahead.n - reader->ahead_at };
}

/* The next block of the file, appended to buf. */
static toc_status read_raw(toc_ctx *ctx, rd_reader *reader, toc_buf *buf)
{
    size_t got = 0;

    if (buf->n + RD_BLOCK + 1 > buf->cap) TOC_TRY(toc_grow(ctx, &buf->p, &buf->cap, buf->n + RD_BLOCK + 1, 1));
    TOC_TRY(rd_input_read(ctx, reader->input, buf->p + buf->n, RD_BLOCK, &got));
    if (reader->hash) rd_input_hash_add(reader->input, toc_str_hash((toc_str){ buf->p + buf->n, got }), got);
    buf->n += got;
    buf->p[buf->n] = '\0';
    reader->input_end = got < RD_BLOCK;
    return TOC_OK;
}

/* From here on the text is UTF-8, and so is what is in `ahead`. */
static toc_status start_decoding(toc_ctx *ctx, rd_reader *reader)
{
    toc_buf utf8 = {0};

    if (!rd_decoder_start(&reader->decoder, reader->encoding)) return toc_fail(ctx, TOC_E_USAGE, "unknown encoding \"%s\"", reader->encoding);
    toc_status st = rd_decoder_feed(ctx, &reader->decoder, ahead_text(reader), reader->input_end, RD_NO_TEXT, &utf8);
    if (st) {
        toc_buf_release(&utf8);
        return st;
    }
    toc_buf_release(&reader->ahead);
    reader->ahead = utf8;
    reader->ahead_at = 0;
    reader->transcoded = true;
    reader->direct = false;
    return TOC_OK;
}

/* Makes `ahead` at least that long, where there is so much. */
static toc_status look_ahead(toc_ctx *ctx, rd_reader *reader, size_t want)
{
    toc_buf *a = &reader->ahead, raw = {0};
    toc_status st = TOC_OK;

    if (reader->ahead_at) {
        a->n -= reader->ahead_at;
        memmove(a->p, a->p + reader->ahead_at, a->n);
        reader->ahead_at = 0;
    }
    while (!st && !reader->input_end && a->n < want) {
        if (!reader->decoder.open) {
            st = read_raw(ctx, reader, a);
            continue;
        }
        raw.n = 0;
        st = read_raw(ctx, reader, &raw);
        if (!st) st = rd_decoder_feed(ctx, &reader->decoder, (toc_str){ raw.p, raw.n }, reader->input_end, RD_NO_TEXT, a);
    }
    toc_buf_release(&raw);
    return st;
}

/* Looks for the trailer in the end of the text: `tail`, whose first byte is at `at`. */
static toc_status find_trailer(toc_ctx *ctx, rd_reader *reader, toc_str tail, uint64_t at)
{
    size_t from = at < reader->body ? (size_t)TOC_MIN((uint64_t)tail.n, reader->body - at) : 0, begin;

    tail = (toc_str){ tail.p + from, tail.n - from };
    at += from;
    TOC_TRY(rd_find_trailer(ctx, &reader->layout, reader->transcoded ? RD_UTF8 : reader->charset, tail, at == reader->body, reader->trailer_given,
                            &begin, &reader->n_trailer));
    reader->trailer = at + begin;
    return TOC_OK;
}

/* The same in the last bytes of a file that can be read in any order. */
static toc_status find_trailer_far(toc_ctx *ctx, rd_reader *reader)
{
    uint64_t left;
    size_t got = 0;
    char *tail = NULL;
    toc_status st;

    TOC_TRY(rd_input_left(ctx, reader->input, &left));
    if (!left) return find_trailer(ctx, reader, (toc_str){ reader->carry.p, reader->carry.n }, 0);
    /* the bytes read so far are carry's; a short rest is looked at together with them */
    size_t n = (size_t)TOC_MIN(left, (uint64_t)RD_TAIL), before = TOC_MIN(RD_TAIL - n, reader->carry.n);
    if ((st = toc_alloc(ctx, before + n, 1, &tail))) return st;
    memcpy(tail, reader->carry.p + reader->carry.n - before, before);
    if (!(st = rd_input_read_ahead(ctx, reader->input, left - n, tail + before, n, &got)))
        st = find_trailer(ctx, reader, (toc_str){ tail, before + got }, reader->carry.n + left - n - before);
    toc_free(tail);
    return st;
}

toc_status rd_read_text(toc_ctx *ctx, rd_reader *reader, char *bytes, size_t n, size_t *got)
{
    if (reader->direct) {
        TOC_TRY(rd_input_read(ctx, reader->input, bytes, n, got));
        if (reader->hash) rd_input_hash_add(reader->input, toc_str_hash((toc_str){ bytes, *got }), *got);
        return TOC_OK;
    }
    TOC_TRY(look_ahead(ctx, reader, n + RD_TAIL));
    toc_str text = ahead_text(reader);
    if (reader->input_end && reader->trailer == UINT64_MAX) {
        size_t before = text.n > RD_TAIL ? text.n - RD_TAIL : 0;
        TOC_TRY(find_trailer(ctx, reader, (toc_str){ text.p + before, text.n - before }, reader->given_out + before));
    }
    *got = TOC_MIN(n, text.n);
    if (*got) memcpy(bytes, text.p, *got);
    reader->ahead_at += *got;
    reader->given_out += *got;
    return TOC_OK;
}

toc_status rd_read_block(toc_ctx *ctx, rd_reader *reader)
{
    toc_buf *c = &reader->carry;
    size_t got = 0;

    if (c->n + RD_BLOCK + 1 > c->cap) TOC_TRY(toc_grow(ctx, &c->p, &c->cap, c->n + RD_BLOCK + 1, 1));
    TOC_TRY(rd_read_text(ctx, reader, c->p + c->n, RD_BLOCK, &got));
    c->n += got;
    c->p[c->n] = '\0';
    reader->end = got < RD_BLOCK;
    return TOC_OK;
}

/* ---- the beginning ---- */

/* The charset of that name; a mark says which UTF-16 it is. */
static rd_charset given_charset(const char *name, rd_charset found)
{
    if (toc_str_is_nocase(toc_str_of(name), "utf-16")) return found == RD_UTF16BE ? RD_UTF16BE : RD_UTF16LE;
    return rd_charset_of(name);
}

static toc_status choose_charset(toc_ctx *ctx, rd_reader *reader, const rd_dialect *given)
{
    toc_str head = ahead_text(reader);
    bool whole = reader->input_end && head.n <= RD_HEAD;

    head.n = TOC_MIN(head.n, RD_HEAD);
    rd_sniffed found = rd_sniff_charset(head, whole, given->delimiter);
    reader->charset = found.charset;
    reader->ascii_so_far = found.ascii;
    reader->charset_given = given->encoding != NULL;
    if (reader->charset_given) reader->charset = given_charset(given->encoding, found.charset);
    bool wide = reader->charset == RD_UTF16LE || reader->charset == RD_UTF16BE || reader->charset == RD_OTHER;
    /* NUL bytes mean nothing in an encoding that has them */
    if (found.what && (found.format || !reader->charset_given || !wide))
        return toc_fail(ctx, TOC_E_DATA, "%s: not a CSV file but %s", reader->path, found.what);
    reader->encoding = reader->charset == RD_OTHER ? given->encoding : rd_charset_iconv(reader->charset);
    reader->ahead_at = found.bom;
    reader->offset = found.bom;
    return wide ? start_decoding(ctx, reader) : TOC_OK;
}

static toc_status choose_layout(toc_ctx *ctx, rd_reader *reader, const rd_dialect *given)
{
    const size_t most = (size_t)256 << 10; /* enough, and quickly converted */
    toc_str head = ahead_text(reader);
    bool whole = reader->input_end && head.n <= RD_HEAD, direct = reader->charset == RD_UTF8 || reader->transcoded;
    toc_buf utf8 = {0};
    toc_status st = TOC_OK;

    if (direct) head.n = TOC_MIN(head.n, RD_HEAD);
    else {
        whole = reader->input_end && head.n <= most;
        head.n = TOC_MIN(head.n, most);
        st = rd_decode(ctx, reader->encoding, head, "?", &utf8);
        head = (toc_str){ utf8.p, utf8.n };
    }
    if (!st) reader->layout = rd_sniff_layout(head, whole, given);
    toc_buf_release(&utf8);
    /* bytes from 0x40 on may be the second half of a character */
    bool pairs = reader->charset == RD_GB18030 || reader->charset == RD_BIG5 || reader->charset == RD_SHIFT_JIS;
    bool unsafe = (unsigned char)reader->layout.delimiter >= 0x30 || (unsigned char)reader->layout.quote >= 0x30;
    return !st && pairs && unsafe && !reader->transcoded ? start_decoding(ctx, reader) : st;
}

/* Where the text goes on after so many lines; n where it has no more. */
static size_t after_lines(toc_str text, char line_end, size_t n_lines)
{
    size_t at = 0;

    for (; n_lines && at < text.n; n_lines--) {
        const char *hit = memchr(text.p + at, line_end, text.n - at);
        at = hit ? (size_t)(hit - text.p) + 1 : text.n;
    }
    return at;
}

toc_status rd_open_text(toc_ctx *ctx, rd_reader *reader, const rd_dialect *given)
{
    static const rd_dialect none = {0};

    if (!given) given = &none;
    reader->trailer = UINT64_MAX;
    reader->trailer_given = given->trailer_given ? (int64_t)given->trailer : -1;
    reader->direct = rd_input_anywhere(reader->input);
    do TOC_TRY(read_raw(ctx, reader, &reader->ahead));
    while (!reader->input_end && reader->ahead.n < RD_HEAD + (reader->direct ? 0 : RD_TAIL));
    if (!reader->ahead.n) return toc_fail(ctx, TOC_E_DATA, "%s: empty file", reader->path);
    TOC_TRY(choose_charset(ctx, reader, given));
    if (reader->ahead_at == reader->ahead.n) return toc_fail(ctx, TOC_E_DATA, "%s: empty file", reader->path);
    TOC_TRY(choose_layout(ctx, reader, given));

    toc_str text = ahead_text(reader);
    size_t skip = after_lines(text, reader->layout.line_end, reader->layout.skip);
    if (skip == text.n && reader->layout.skip) return toc_fail(ctx, TOC_E_DATA, "%s: no line after the first %zu", reader->path, reader->layout.skip);
    /* what may be a trailer begins after the header */
    reader->body = skip + (reader->layout.header ? after_lines((toc_str){ text.p + skip, text.n - skip }, reader->layout.line_end, 1) : 0);
    if (reader->direct) {
        TOC_TRY(toc_buf_add(ctx, &reader->carry, text.p, text.n));
        toc_buf_release(&reader->ahead);
        reader->end = reader->input_end;
        TOC_TRY(find_trailer_far(ctx, reader));
    } else {
        do TOC_TRY(rd_read_block(ctx, reader));
        while (!reader->end && reader->carry.n < RD_HEAD);
    }
    reader->carry_at = skip;
    reader->line += reader->layout.skip;
    reader->text = skip;
    reader->offset += rd_original_bytes(reader->transcoded ? reader->encoding : NULL, reader->carry.p, skip);
    return TOC_OK;
}

void rd_mark_trailer(const rd_reader *reader, rd_batch *batch, uint64_t text)
{
    if (reader->trailer == UINT64_MAX || text + (batch->end - batch->begin) <= reader->trailer) return;
    for (size_t i = batch->n; i-- > 0;) {
        rd_record *r = &batch->records[i];
        if (text + (r->at - batch->begin) < reader->trailer) return;
        if (r->fault == RD_FINE || r->fault == RD_COLUMNS) r->fault = RD_TRAILER;
    }
}
