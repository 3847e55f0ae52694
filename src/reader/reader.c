/* reader.c: opens a file, finds out what it is, hands out batches.
 *
 * A batch is the bytes left over from the one before plus the next block, cut at the end of the last complete record; so a batch stands alone, and
 * parsing always starts at the beginning of a record. Single-byte encodings and GB18030 are parsed as they are (their bytes below 0x40 mean ASCII)
 * and the fields of a batch converted at once; UTF-16 is converted before parsing, the whole file in memory. */
#include "reader/reader_int.h"

#define MAX_LINE ((size_t)64 << 20)

const char *rd_fault_code(rd_fault fault)
{
    static const char *const codes[] = { "", "unclosed_quote", "bad_quote", "line_end", "field_too_long", "binary", "encoding", "columns" };
    return codes[fault];
}

void rd_batch_release(rd_batch *batch)
{
    if (!batch) return;
    toc_free(batch->records);
    toc_free(batch->at);
    toc_free(batch->text);
    toc_free(batch->source);
    *batch = (rd_batch){0};
}

/* Appends the next block to carry. */
static toc_status read_block(toc_ctx *ctx, rd_reader *reader)
{
    toc_buf *c = &reader->carry;
    size_t got = 0;

    if (c->n + RD_BLOCK + 1 > c->cap) TOC_TRY(toc_grow(ctx, &c->p, &c->cap, c->n + RD_BLOCK + 1, 1));
    TOC_TRY(rd_input_read(ctx, reader->input, c->p + c->n, RD_BLOCK, &got));
    c->n += got;
    c->p[c->n] = '\0';
    reader->end = got < RD_BLOCK;
    return TOC_OK;
}

/* Turns all of the file into UTF-8 at once. */
static toc_status transcode(toc_ctx *ctx, rd_reader *reader)
{
    toc_buf utf8 = {0};

    while (!reader->end) TOC_TRY(read_block(ctx, reader));
    toc_status st = rd_decode(ctx, reader->encoding, (toc_str){ reader->carry.p, reader->carry.n }, &utf8);
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

/* Finds out encoding, delimiter and quoting; carry holds the first block. */
static toc_status sniff(toc_ctx *ctx, rd_reader *reader, const rd_options *options)
{
    toc_buf *c = &reader->carry;
    rd_sniffed found = rd_sniff_charset((toc_str){ c->p, c->n }, reader->end);

    if (found.what) return toc_fail(ctx, TOC_E_DATA, "%s: not a CSV file but %s", reader->path, found.what);
    reader->charset = found.charset;
    reader->ascii_so_far = found.ascii;
    if (options && options->encoding) {
        reader->charset = RD_OTHER;
        reader->charset_given = true;
        for (size_t i = 0; i < TOC_COUNT(charset_names); i++)
            if (toc_str_is_nocase(toc_str_of(options->encoding), charset_names[i].name)) reader->charset = charset_names[i].charset;
    }
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
    reader->parser.line_end = !memchr(head.p, '\n', head.n) && memchr(head.p, '\r', head.n) ? '\r' : '\n';
    reader->parser.max_field = options && options->max_field ? options->max_field : RD_MAX_FIELD;
    return TOC_OK;
}

/* Bytes of the original file that a stretch of transcoded text stands for. */
static uint64_t original_bytes(const rd_reader *reader, const char *bytes, size_t n)
{
    uint64_t units = 0;

    if (!reader->transcoded || (reader->charset != RD_UTF16LE && reader->charset != RD_UTF16BE)) return n;
    for (size_t i = 0; i < n; i++) {
        unsigned char c = (unsigned char)bytes[i];
        if (c >= 0xf0) units += 2;
        else if (c < 0x80 || c >= 0xc0) units++;
    }
    return 2 * units;
}

/* Relative places become those in the file. */
static void place_records(rd_reader *reader, rd_batch *batch)
{
    uint64_t offset = reader->offset;
    size_t at = 0;

    for (size_t i = 0; i < batch->n; i++) {
        rd_record *r = &batch->records[i];
        size_t begin = (size_t)r->offset;
        offset += original_bytes(reader, batch->source + at, begin - at);
        at = begin;
        r->offset = offset;
        r->line += reader->line;
        r->quote_line += reader->line;
    }
}

static bool bad_text(const rd_reader *reader, toc_str raw)
{
    if (reader->charset == RD_UTF8 || reader->transcoded) return toc_utf8_valid(raw) < raw.n;
    return reader->charset == RD_GB18030 && rd_gb18030_valid(raw) < raw.n;
}

/* Faults of bytes and of field counts. The text of refused records stays where it is and is no longer referred to. */
static void judge_records(const rd_reader *reader, rd_batch *batch)
{
    toc_str all = { batch->source, batch->n_source };
    bool nul = memchr(all.p, 0, all.n) != NULL, bad = bad_text(reader, all);

    for (size_t i = 0; i < batch->n; i++) {
        rd_record *r = &batch->records[i];
        if (r->fault) continue;
        if (nul && memchr(r->raw.p, 0, r->raw.n)) r->fault = RD_BINARY;
        else if (bad && bad_text(reader, r->raw)) r->fault = RD_ENCODING;
        if (r->fault) r->n = 0;
        if (r->fault || !reader->n_header) continue;
        if (r->n < reader->n_header) r->fault = RD_COLUMNS;
        for (size_t j = reader->n_header; j < r->n && !r->fault; j++)
            if (rd_field(batch, r, j).n) r->fault = RD_COLUMNS;
    }
}

/* While everything was ASCII, the first other bytes decide. */
static void settle_charset(rd_reader *reader, const rd_batch *batch)
{
    toc_str all = { batch->source, batch->n_source };
    size_t i = 0;

    if (!reader->ascii_so_far || reader->charset_given || reader->transcoded) return;
    while (i < all.n && (unsigned char)all.p[i] < 0x80) i++;
    if (i == all.n) return;
    reader->ascii_so_far = false;
    if (toc_utf8_valid(all) == all.n) return;
    reader->charset = rd_sniff_legacy(all);
    reader->encoding = rd_charset_name(reader->charset);
}

/* The fields of a batch as UTF-8. NUL ends every field and is no part of another character in these encodings. */
static toc_status decode_fields(toc_ctx *ctx, const rd_reader *reader, rd_batch *batch)
{
    toc_buf utf8 = {0};
    toc_status st;

    if (reader->charset == RD_UTF8 || reader->transcoded || !batch->n_fields) return TOC_OK;
    if ((st = rd_decode(ctx, reader->encoding, (toc_str){ batch->text, batch->n_text }, &utf8))) goto out;
    size_t at = 0;
    for (size_t k = 0; k < batch->n_fields; k++) {
        batch->at[k] = at;
        const char *end = memchr(utf8.p + at, 0, utf8.n - at);
        at = end ? (size_t)(end - utf8.p) + 1 : utf8.n;
    }
    batch->at[batch->n_fields] = at;
    toc_free(batch->text);
    batch->text = utf8.p;
    batch->n_text = utf8.n;
    batch->cap_text = utf8.cap;
    utf8 = (toc_buf){0};
out:
    toc_buf_release(&utf8);
    return st;
}

/* Field text of NUL-bearing records must not disturb decode_fields, so it is made blank first. */
static void blank_nul_fields(rd_batch *batch)
{
    if (!memchr(batch->source, 0, batch->n_source)) return;
    for (size_t k = 0; k < batch->n_fields; k++)
        for (size_t i = batch->at[k]; i + 1 < batch->at[k + 1]; i++)
            if (!batch->text[i]) batch->text[i] = ' ';
}

toc_status rd_next(toc_ctx *ctx, rd_reader *reader, rd_batch *batch)
{
    size_t used = 0, lines = 0, want = reader->batch_bytes;

    batch->n = batch->n_fields = batch->n_text = batch->n_source = 0;
    for (;; want *= 2) {
        while (!reader->end && reader->carry.n < want) TOC_TRY(read_block(ctx, reader));
        size_t n = TOC_MIN(reader->carry.n, want);
        if (!n) return TOC_OK;
        bool last = reader->end && n == reader->carry.n;
        if (n > batch->cap_source) TOC_TRY(toc_grow(ctx, &batch->source, &batch->cap_source, n, 1));
        memcpy(batch->source, reader->carry.p, n);
        batch->n_source = n;
        TOC_TRY(rd_parse(ctx, &reader->parser, batch, 0, last, &used, &lines));
        if (used || last) break;
        if (n > MAX_LINE)
            return toc_fail(ctx, TOC_E_DATA, "%s:%zu: no line end within %zu MiB; this is no CSV file", reader->path, reader->line, MAX_LINE >> 20);
    }
    batch->n_source = used;
    settle_charset(reader, batch);
    place_records(reader, batch);
    judge_records(reader, batch);
    blank_nul_fields(batch);
    reader->offset += original_bytes(reader, reader->carry.p, used);
    reader->line += lines;
    drop_front(&reader->carry, used);
    TOC_TRY(decode_fields(ctx, reader, batch));
    return batch->n || !reader->carry.n ? TOC_OK : rd_next(ctx, reader, batch);
}

/* Takes the header off carry: the first record. */
static toc_status read_header(toc_ctx *ctx, rd_reader *reader)
{
    rd_batch batch = {0};
    toc_status st;
    char why[160];

    if ((st = toc_alloc(ctx, reader->carry.n, 1, &batch.source))) return st;
    batch.cap_source = batch.n_source = reader->carry.n;
    memcpy(batch.source, reader->carry.p, batch.n_source);
    size_t used = 0, lines = 0;
    if ((st = rd_parse(ctx, &reader->parser, &batch, 0, reader->end, &used, &lines))) goto out;
    if (!batch.n) {
        st = toc_fail(ctx, TOC_E_DATA, reader->end ? "%s: empty file" : "%s: no header line within the first MiB", reader->path);
        goto out;
    }
    size_t end = batch.n > 1 ? (size_t)batch.records[1].offset : used, end_lines = batch.n > 1 ? batch.records[1].line : lines;
    batch.n_source = end;
    batch.n = 1;
    batch.n_fields = batch.records[0].first + batch.records[0].n;
    batch.n_text = batch.n_fields ? batch.at[batch.n_fields] : 0;
    place_records(reader, &batch);
    judge_records(reader, &batch);
    if (batch.records[0].fault) {
        st = toc_fail(ctx, TOC_E_DATA, "%s:%zu: the header cannot be read: %s", reader->path, batch.records[0].line,
                      rd_fault_text(reader, &batch.records[0], why));
        goto out;
    }
    if ((st = decode_fields(ctx, reader, &batch))) goto out;
    reader->n_header = batch.records[0].n;
    if ((st = toc_arena_alloc(ctx, &reader->arena, reader->n_header, sizeof *reader->header, &reader->header))) goto out;
    for (size_t j = 0; j < reader->n_header && !st; j++) {
        toc_str name = toc_str_trim(rd_field(&batch, &batch.records[0], j));
        st = toc_arena_copy(ctx, &reader->arena, name.p, name.n, &reader->header[j].p);
        reader->header[j].n = name.n;
    }
    reader->offset += original_bytes(reader, reader->carry.p, end);
    reader->line += end_lines;
    drop_front(&reader->carry, end);
out:
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
    if ((st = read_block(ctx, reader))) goto fail;
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
