/* reader.c: opens a file, finds out what it is, reads its header; and what is done to the records of a batch after parsing.
 *
 * Single-byte encodings and GB18030 are parsed as they are (their bytes below 0x40 mean ASCII)
 * and the fields of a batch converted at once; UTF-16 is converted before parsing, the whole file in memory. */
#include "reader/reader_int.h"

const char *rd_fault_code(rd_fault fault)
{
    static const char *const codes[] = { "", "unclosed_quote", "bad_quote", "line_end", "field_too_long", "binary", "encoding", "columns" };
    return codes[fault];
}

void rd_batch_release(rd_batch *batch)
{
    if (!batch) return;
    toc_free(batch->records);
    toc_free(batch->fields);
    toc_free(batch->text);
    toc_free(batch->bytes);
    *batch = (rd_batch){0};
}

/* Appends the next block to carry. */
toc_status rd_read_block(toc_ctx *ctx, rd_reader *reader)
{
    toc_buf *c = &reader->carry;
    size_t got = 0;

    if (c->n + RD_BLOCK + 1 > c->cap) TOC_TRY(toc_grow(ctx, &c->p, &c->cap, c->n + RD_BLOCK + 1, 1));
    TOC_TRY(rd_input_read(ctx, reader->input, c->p + c->n, RD_BLOCK, &got));
    if (reader->hash) rd_input_hash_add(reader->input, toc_str_hash((toc_str){ c->p + c->n, got }), got);
    c->n += got;
    c->p[c->n] = '\0';
    reader->end = got < RD_BLOCK;
    return TOC_OK;
}

/* Turns all of the file into UTF-8 at once. */
static toc_status transcode(toc_ctx *ctx, rd_reader *reader)
{
    toc_buf utf8 = {0};

    while (!reader->end) TOC_TRY(rd_read_block(ctx, reader));
    toc_status st = rd_decode(ctx, reader->encoding, (toc_str){ reader->carry.p, reader->carry.n }, RD_NO_TEXT, &utf8);
    if (st) {
        toc_buf_release(&utf8);
        return st;
    }
    toc_buf_release(&reader->carry);
    reader->carry = utf8;
    reader->transcoded = true;
    return TOC_OK;
}

static void drop_front(toc_buf *buf, size_t n)
{
    memmove(buf->p, buf->p + n, buf->n - n);
    buf->n -= n;
}

static const struct {
    const char *name;
    rd_charset charset;
} charset_names[] = {
    { "utf-8", RD_UTF8 },       { "utf8", RD_UTF8 },           { "utf-16le", RD_UTF16LE },  { "utf-16be", RD_UTF16BE },
    { "gbk", RD_GB18030 },      { "gb2312", RD_GB18030 },      { "gb18030", RD_GB18030 },   { "cp936", RD_GB18030 },
    { "windows-1252", RD_WINDOWS_1252 }, { "cp1252", RD_WINDOWS_1252 },
};

/* The charset of that name; a mark says which UTF-16 it is. */
static rd_charset given_charset(const char *name, rd_charset found)
{
    if (toc_str_is_nocase(toc_str_of(name), "utf-16")) return found == RD_UTF16BE ? RD_UTF16BE : RD_UTF16LE;
    for (size_t i = 0; i < TOC_COUNT(charset_names); i++)
        if (toc_str_is_nocase(toc_str_of(name), charset_names[i].name)) return charset_names[i].charset;
    return RD_OTHER;
}

/* Finds out encoding, delimiter and quoting; carry holds the first block. */
static toc_status sniff(toc_ctx *ctx, rd_reader *reader, const rd_options *options)
{
    toc_buf *c = &reader->carry;
    rd_sniffed found = rd_sniff_charset((toc_str){ c->p, c->n }, reader->end, options ? options->delimiter : '\0');

    reader->charset = found.charset;
    reader->ascii_so_far = found.ascii;
    reader->charset_given = options && options->encoding;
    if (reader->charset_given) reader->charset = given_charset(options->encoding, found.charset);
    /* NUL bytes mean nothing in an encoding that has them */
    bool wide = reader->charset_given && (reader->charset == RD_UTF16LE || reader->charset == RD_UTF16BE || reader->charset == RD_OTHER);
    if (found.what && (found.format || !wide)) return toc_fail(ctx, TOC_E_DATA, "%s: not a CSV file but %s", reader->path, found.what);
    reader->encoding = reader->charset == RD_OTHER ? options->encoding : rd_charset_name(reader->charset);
    drop_front(c, found.bom);
    reader->offset = found.bom;
    if (reader->charset == RD_UTF16LE || reader->charset == RD_UTF16BE || reader->charset == RD_OTHER) TOC_TRY(transcode(ctx, reader));

    if (!c->n) return toc_fail(ctx, TOC_E_DATA, "%s: empty file", reader->path);
    toc_str head = { c->p, TOC_MIN(c->n, RD_BLOCK) };
    bool whole = reader->end && c->n <= RD_BLOCK;
    reader->parser.delimiter = options && options->delimiter ? options->delimiter : rd_sniff_delimiter(head, whole);
    if (reader->charset == RD_GB18030 && (unsigned char)reader->parser.delimiter >= 0x40) {
        TOC_TRY(transcode(ctx, reader));
        head = (toc_str){ c->p, TOC_MIN(c->n, RD_BLOCK) };
    }
    reader->parser.quote = rd_sniff_quotes(head, reader->parser.delimiter) ? '"' : '\0';
    reader->parser.line_end = rd_sniff_line_end(head, reader->parser.quote);
    reader->parser.libcsv_only = options && options->libcsv_only;
    reader->parser.max_field = options && options->max_field ? options->max_field : RD_MAX_FIELD;
    return TOC_OK;
}

uint64_t rd_offset(const rd_batch *batch, const rd_record *record)
{
    return batch->offset + rd_original_bytes(batch->converted, batch->bytes + batch->begin, record->at - batch->begin);
}

static bool bad_text(const rd_reader *reader, toc_str raw)
{
    if (reader->charset == RD_UTF8 || reader->transcoded) return toc_utf8_valid(raw) < raw.n;
    return reader->charset == RD_GB18030 && rd_gb18030_valid(raw) < raw.n;
}

/* Whether fields beyond those of the header hold anything. */
static bool has_more(const rd_batch *batch, const rd_record *record, size_t n_header)
{
    for (size_t j = n_header; j < record->n; j++)
        if (rd_field(batch, record, j).n) return true;
    return false;
}

void rd_judge_records(const rd_reader *reader, rd_batch *batch)
{
    bool nul = batch->seen & 1, bad = batch->seen & 2 && bad_text(reader, (toc_str){ batch->bytes + batch->begin, batch->end - batch->begin });

    for (size_t i = 0; i < batch->n; i++) {
        rd_record *r = &batch->records[i];
        if (r->fault) continue;
        if (nul && memchr(rd_raw(batch, r).p, 0, r->n_bytes)) r->fault = RD_BINARY;
        else if (bad && bad_text(reader, rd_raw(batch, r))) r->fault = RD_ENCODING;
        if (r->fault) r->n = 0;
        else if (reader->n_header && r->n != reader->n_header && (r->n < reader->n_header || has_more(batch, r, reader->n_header)))
            r->fault = RD_COLUMNS;
    }
}

/* Whether these are the first bytes of a UTF-8 character whose others come in the next piece. */
static bool goes_on(toc_str bytes)
{
    unsigned char lead = (unsigned char)bytes.p[0];
    size_t length = lead >= 0xf0 && lead < 0xf5 ? 4 : lead >= 0xe0 ? 3 : 2, i = 1;

    while (i < bytes.n && ((unsigned char)bytes.p[i] & 0xc0) == 0x80) i++;
    return lead >= 0xc2 && lead < 0xf5 && i == bytes.n && bytes.n < length;
}

void rd_settle_charset(rd_reader *reader, toc_str bytes)
{
    reader->ascii_so_far = false;
    size_t valid = toc_utf8_valid(bytes);
    if (valid == bytes.n || goes_on((toc_str){ bytes.p + valid, bytes.n - valid })) return;
    reader->charset = rd_sniff_legacy(bytes);
    reader->encoding = rd_charset_name(reader->charset);
}

/* All fields, each followed by NUL, are converted at once: NUL is in no field, and no part of another character in these encodings. */
toc_status rd_decode_fields(toc_ctx *ctx, const rd_reader *reader, rd_batch *batch)
{
    toc_buf all = {0}, utf8 = {0};
    toc_status st = TOC_OK;
    size_t at = 0;

    if (reader->charset == RD_UTF8 || reader->transcoded || !(batch->seen & 2)) return TOC_OK;
    for (size_t i = 0; i < batch->n; i++)
        for (size_t j = 0; j < batch->records[i].n; j++) {
            toc_str field = rd_field(batch, &batch->records[i], j);
            if ((st = toc_buf_add(ctx, &all, field.p, field.n))) goto out;
            if ((st = toc_buf_char(ctx, &all, '\0'))) goto out;
        }
    if ((st = rd_decode(ctx, reader->encoding, (toc_str){ all.p, all.n }, RD_NO_TEXT, &utf8))) goto out;
    for (size_t i = 0; i < batch->n; i++) {
        rd_record *r = &batch->records[i];
        bool no_text = false;
        for (size_t j = 0; j < r->n; j++) {
            const char *end = memchr(utf8.p + at, 0, utf8.n - at);
            size_t n = end ? (size_t)(end - utf8.p) - at : utf8.n - at;
            batch->fields[r->first + j] = (rd_span){ (uint32_t)at | RD_IN_TEXT, (uint32_t)n };
            no_text |= n && memchr(utf8.p + at, RD_NO_TEXT[0], n);
            at += n + (end != NULL);
        }
        if (!no_text) continue;
        r->fault = RD_ENCODING;
        r->n = 0;
    }
    toc_free(batch->text);
    batch->text = utf8.p;
    batch->n_text = utf8.n;
    batch->cap_text = utf8.cap;
    utf8 = (toc_buf){0};
out:
    toc_buf_release(&all);
    toc_buf_release(&utf8);
    return st;
}

/* Takes the header off carry: the first record. */
static toc_status read_header(toc_ctx *ctx, rd_reader *reader)
{
    rd_batch batch = { .bytes = reader->carry.p, .end = TOC_MIN(reader->carry.n, RD_BLOCK), .line = reader->line, .offset = reader->offset };
    size_t used = 0, lines = 0;
    char why[160];
    toc_status st = rd_parse(ctx, &reader->parser, &batch, reader->end && batch.end == reader->carry.n, &used, &lines);

    if (st) goto out;
    if (!batch.n) {
        st = toc_fail(ctx, TOC_E_DATA, reader->end ? "%s: empty file" : "%s: no header line within the first MiB", reader->path);
        goto out;
    }
    size_t end = batch.n > 1 ? batch.records[1].at : used, end_lines = batch.n > 1 ? batch.records[1].line : lines;
    batch.end = end;
    batch.n = 1;
    rd_judge_records(reader, &batch);
    if ((st = rd_decode_fields(ctx, reader, &batch))) goto out;
    if (batch.records[0].fault) {
        st = toc_fail(ctx, TOC_E_DATA, "%s:%zu: the header cannot be read: %s", reader->path, rd_line(&batch, &batch.records[0]),
                      rd_fault_text(reader, &batch, &batch.records[0], why));
        goto out;
    }
    reader->n_header = batch.records[0].n;
    if ((st = toc_arena_alloc(ctx, &reader->arena, reader->n_header, sizeof *reader->header, &reader->header))) goto out;
    for (size_t j = 0; j < reader->n_header && !st; j++) {
        toc_str name = toc_str_trim(rd_field(&batch, &batch.records[0], j));
        st = toc_arena_copy(ctx, &reader->arena, name.p, name.n, &reader->header[j].p);
        reader->header[j].n = name.n;
    }
    reader->offset += rd_original_bytes(reader->transcoded ? reader->encoding : NULL, reader->carry.p, end);
    reader->line += end_lines;
    reader->carry_at = end;
out:
    batch.bytes = NULL; /* carry's */
    rd_batch_release(&batch);
    return st;
}

/* Takes over the input. */
static toc_status open_reader(toc_ctx *ctx, const char *path, rd_input *input, const rd_options *options, rd_reader **result)
{
    rd_reader *reader = NULL;
    toc_status st;

    if ((st = toc_alloc(ctx, 1, sizeof *reader, &reader))) {
        rd_input_close(input);
        return st;
    }
    reader->path = path;
    reader->input = input;
    reader->line = 1;
    reader->batch_bytes = options && options->batch_bytes ? options->batch_bytes : RD_BLOCK;
    reader->hash = options && options->hash;
    if ((st = rd_read_block(ctx, reader))) goto fail;
    if (!reader->carry.n) {
        st = toc_fail(ctx, TOC_E_DATA, "%s: empty file", reader->path);
        goto fail;
    }
    if ((st = sniff(ctx, reader, options))) goto fail;
    if ((st = rd_parser_init(ctx, &reader->parser))) goto fail;
    if ((st = read_header(ctx, reader))) goto fail;
    *result = reader;
    return TOC_OK;
fail:
    rd_close(reader);
    return st;
}

toc_status rd_open(toc_ctx *ctx, const char *path, const rd_options *options, rd_reader **reader)
{
    rd_input *input = NULL;

    TOC_TRY(rd_input_open(ctx, path, &input));
    return open_reader(ctx, strcmp(path, "-") == 0 ? "stdin" : path, input, options, reader);
}

toc_status rd_open_bytes(toc_ctx *ctx, const char *name, toc_str bytes, const rd_options *options, rd_reader **reader)
{
    rd_input *input = NULL;

    TOC_TRY(rd_input_bytes(ctx, name, bytes, &input));
    return open_reader(ctx, name, input, options, reader);
}

void rd_close(rd_reader *reader)
{
    if (!reader) return;
    rd_release_pieces(reader);
    rd_parser_release(&reader->parser);
    rd_input_close(reader->input);
    toc_buf_release(&reader->carry);
    toc_arena_release(&reader->arena);
    toc_free(reader);
}

const toc_str *rd_header(const rd_reader *reader, size_t *n)
{
    *n = reader->n_header;
    return reader->header;
}

const char *rd_path(const rd_reader *reader) { return reader->path; }
const char *rd_encoding(const rd_reader *reader) { return reader->encoding; }
char rd_delimiter(const rd_reader *reader) { return reader->parser.delimiter; }
void rd_content_hash(const rd_reader *reader, char hex[33]) { rd_input_hash(reader->input, hex); }
