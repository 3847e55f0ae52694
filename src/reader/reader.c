/* reader.c: opens a file and reads its header; and what is done to the records of a batch after parsing. */
#include "reader/reader_int.h"

const char *rd_fault_code(rd_fault fault)
{
    static const char *const codes[] = { "", "unclosed_quote", "bad_quote", "line_end", "field_too_long", "binary", "encoding", "columns",
                                         "trailer" };
    return codes[fault];
}

void rd_batch_release(rd_batch *batch)
{
    if (!batch) return;
    toc_free(batch->records);
    toc_free(batch->ends);
    toc_free(batch->fields);
    toc_free(batch->text);
    toc_free(batch->bytes);
    *batch = (rd_batch){0};
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
    reader->encoding = rd_charset_iconv(reader->charset);
}

/* All fields, each followed by NUL, are converted at once: NUL is in no field, and no part of another character in these encodings. */
toc_status rd_decode_fields(toc_ctx *ctx, const rd_reader *reader, rd_batch *batch)
{
    toc_buf all = {0}, utf8 = {0};
    toc_status st = TOC_OK;
    size_t at = 0, n_fields = 0;

    if (reader->charset == RD_UTF8 || reader->transcoded || !(batch->seen & 2)) return TOC_OK;
    for (size_t i = 0; i < batch->n; i++) {
        n_fields += batch->records[i].n;
        for (size_t j = 0; j < batch->records[i].n; j++) {
            toc_str field = rd_field(batch, &batch->records[i], j);
            if ((st = toc_buf_add(ctx, &all, field.p, field.n))) goto out;
            if ((st = toc_buf_char(ctx, &all, '\0'))) goto out;
        }
    }
    if (n_fields > batch->cap_fields && (st = toc_grow(ctx, &batch->fields, &batch->cap_fields, n_fields, sizeof *batch->fields))) goto out;
    if ((st = rd_decode(ctx, reader->encoding, (toc_str){ all.p, all.n }, RD_NO_TEXT, &utf8))) goto out;
    if (utf8.n + TOC_PLAIN_SLACK > utf8.cap && (st = toc_grow(ctx, &utf8.p, &utf8.cap, utf8.n + TOC_PLAIN_SLACK, 1))) goto out;
    batch->n_fields = 0;
    for (size_t i = 0; i < batch->n; i++) {
        rd_record *r = &batch->records[i];
        bool no_text = false;
        r->split = false;
        r->first = (uint32_t)batch->n_fields;
        for (size_t j = 0; j < r->n; j++) {
            const char *end = memchr(utf8.p + at, 0, utf8.n - at);
            size_t n = end ? (size_t)(end - utf8.p) - at : utf8.n - at;
            batch->fields[batch->n_fields++] = (rd_span){ (uint32_t)at | RD_IN_TEXT, (uint32_t)n };
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

/* The names in the first record, or by place. */
static toc_status name_columns(toc_ctx *ctx, rd_reader *reader, const rd_batch *batch)
{
    const rd_record *first = &batch->records[0];
    toc_status st = TOC_OK;

    reader->n_header = reader->layout.header ? first->n : TOC_MAX(reader->layout.columns, (size_t)1);
    TOC_TRY(toc_arena_alloc(ctx, &reader->arena, reader->n_header, sizeof *reader->header, &reader->header));
    for (size_t j = 0; j < reader->n_header && !st; j++) {
        toc_str *name = &reader->header[j];
        if (reader->layout.header) {
            toc_str given = toc_str_trim(rd_field(batch, first, j));
            st = toc_arena_copy(ctx, &reader->arena, given.p, given.n, &name->p);
            name->n = given.n;
        } else if (!(st = toc_arena_printf(ctx, &reader->arena, &name->p, "column_%zu", j + 1))) name->n = strlen(name->p);
    }
    return st;
}

/* Takes the header off carry: the first record. */
static toc_status read_header(toc_ctx *ctx, rd_reader *reader)
{
    rd_batch batch = { .bytes = reader->carry.p, .line = reader->line, .offset = reader->offset };
    size_t used = 0, lines = 0;
    char why[160];

    batch.begin = reader->carry_at;
    batch.end = TOC_MIN(reader->carry.n, batch.begin + RD_HEAD);
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
    if (batch.records[0].fault && reader->layout.header) {
        st = toc_fail(ctx, TOC_E_DATA, "%s:%zu: the header cannot be read: %s", reader->path, rd_line(&batch, &batch.records[0]),
                      rd_fault_text(reader, &batch, &batch.records[0], why));
        goto out;
    }
    if ((st = name_columns(ctx, reader, &batch))) goto out;
    if (!reader->layout.header) goto out;
    reader->offset += rd_original_bytes(reader->transcoded ? reader->encoding : NULL, reader->carry.p + reader->carry_at, end - reader->carry_at);
    reader->text += end - reader->carry_at;
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
    if ((st = rd_open_text(ctx, reader, options ? &options->dialect : NULL))) goto fail;
    reader->parser.delimiter = reader->layout.delimiter;
    reader->parser.quote = reader->layout.quote;
    reader->parser.line_end = reader->layout.line_end;
    reader->parser.libcsv_only = options && options->libcsv_only;
    reader->parser.max_field = options && options->max_field ? options->max_field : RD_MAX_FIELD;
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
    rd_decoder_end(&reader->decoder);
    toc_buf_release(&reader->ahead);
    toc_buf_release(&reader->carry);
    toc_arena_release(&reader->arena);
    toc_free(reader);
}

const toc_str *rd_header(const rd_reader *reader, size_t *n)
{
    *n = reader->n_header;
    return reader->header;
}

double rd_share(const rd_reader *reader, const rd_batch *batch)
{
    uint64_t size = rd_input_size(reader->input), at = batch->offset + (batch->end - batch->begin);

    return size ? TOC_MIN((double)at / (double)size, 1.0) : -1;
}

const char *rd_path(const rd_reader *reader) { return reader->path; }
const char *rd_encoding(const rd_reader *reader) { return reader->charset == RD_OTHER ? reader->encoding : rd_charset_name(reader->charset); }
bool rd_has_header(const rd_reader *reader) { return reader->layout.header; }
size_t rd_trailer_lines(const rd_reader *reader) { return reader->n_trailer; }
char rd_delimiter(const rd_reader *reader) { return reader->parser.delimiter; }
void rd_content_hash(const rd_reader *reader, char hex[33]) { rd_input_hash(reader->input, hex); }
