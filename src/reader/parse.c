/* parse.c: drives libcsv line by line, so that every record knows where it begins and ends.
 *
 * libcsv does not say where in its input a callback happens. So it is fed up to each line end: a record that libcsv finished then ends there. It
 * runs in strict mode and stops at any quote out of place, which tells two cases apart: a quote inside an unquoted field is fed as an ordinary
 * byte; text after a closing quote spoils the record. A spoilt record becomes a fault of its first line only, and parsing starts again at the
 * second: whatever a stray quote swallowed comes back as records of its own. */
#include "reader/reader_int.h"

#define OPTIONS (CSV_STRICT | CSV_STRICT_FINI)

typedef struct {
    toc_ctx *ctx;
    rd_batch *batch;
    size_t max_field;
    size_t first;  /* field of the current record */
    size_t quote_line; /* relative line on which the open field of the current record began */
    size_t ended;      /* records that libcsv ended in the current one: 2 where a lone carriage return cut it */
    bool too_long;
    toc_status st;
} sink;

static int never_space(unsigned char c)
{
    (void)c;
    return 0;
}

toc_status rd_parser_init(toc_ctx *ctx, rd_parser *parser)
{
    if (csv_init(&parser->csv, OPTIONS)) return toc_fail(ctx, TOC_E_NOMEM, "out of memory");
    csv_set_space_func(&parser->csv, never_space);
    csv_set_delim(&parser->csv, (unsigned char)parser->delimiter);
    csv_set_quote(&parser->csv, (unsigned char)parser->quote);
    csv_set_blk_size(&parser->csv, 4096);
    return TOC_OK;
}

void rd_parser_release(rd_parser *parser)
{
    csv_free(&parser->csv);
}

static toc_status add_field(sink *s, const char *bytes, size_t n)
{
    rd_batch *b = s->batch;

    if (b->n_fields + 2 > b->cap_at) TOC_TRY(toc_grow(s->ctx, &b->at, &b->cap_at, b->n_fields + 2, sizeof *b->at));
    if (b->n_text + n + 1 > b->cap_text) TOC_TRY(toc_grow(s->ctx, &b->text, &b->cap_text, b->n_text + n + 1, 1));
    b->at[b->n_fields++] = b->n_text;
    if (n) memcpy(b->text + b->n_text, bytes, n);
    b->n_text += n;
    b->text[b->n_text++] = '\0';
    b->at[b->n_fields] = b->n_text;
    return TOC_OK;
}

static void on_field(void *bytes, size_t n, void *arg)
{
    sink *s = arg;

    if (s->st) return;
    if (n > s->max_field) {
        s->too_long = true;
        n = 0;
    }
    s->st = add_field(s, bytes, n);
}

static void on_record(int c, void *arg)
{
    sink *s = arg;
    (void)c;
    s->ended++;
}

/* Makes libcsv forget the record it is in. */
static void forget(rd_parser *parser)
{
    csv_set_opts(&parser->csv, 0);
    csv_fini(&parser->csv, NULL, NULL, NULL);
    csv_set_opts(&parser->csv, OPTIONS);
}

/* Feeds one piece; false where a closing quote is followed by text. */
static bool feed(rd_parser *parser, const char *bytes, size_t n, sink *s)
{
    struct csv_parser *csv = &parser->csv;

    while (n) {
        size_t done = csv_parse(csv, bytes, n, on_field, on_record, s);
        bytes += done;
        n -= done;
        if (!n) break;
        if (csv_error(csv) != CSV_EPARSE) {
            s->st = toc_fail(s->ctx, TOC_E_NOMEM, "out of memory");
            break;
        }
        if (csv->quoted) return false;
        csv_set_opts(csv, 0);
        csv_parse(csv, bytes, 1, on_field, on_record, s);
        csv_set_opts(csv, OPTIONS);
        bytes++;
        n--;
    }
    return true;
}

static void drop_fields(rd_batch *batch, size_t first)
{
    if (batch->n_fields == first) return;
    batch->n_text = batch->at[first];
    batch->n_fields = first;
}

static toc_status add_record(sink *s, size_t line, size_t begin, size_t end, rd_fault fault)
{
    rd_batch *b = s->batch;

    if (s->too_long && !fault) fault = RD_TOO_LONG;
    s->too_long = false;
    if (fault) drop_fields(b, s->first);
    while (end > begin && (b->source[end - 1] == '\n' || b->source[end - 1] == '\r')) end--;
    TOC_TRY(toc_grow(s->ctx, &b->records, &b->cap_records, b->n + 1, sizeof *b->records));
    b->records[b->n++] = (rd_record){ .line = line, .offset = begin, .raw = { b->source + begin, end - begin }, .first = s->first,
                                      .n = b->n_fields - s->first, .fault = fault, .quote_line = s->quote_line };
    s->first = b->n_fields;
    s->ended = 0;
    return TOC_OK;
}

/* Place after the next line end, or n. */
static size_t line_after(const rd_parser *parser, const rd_batch *batch, size_t at)
{
    const char *hit = memchr(batch->source + at, parser->line_end, batch->n_source - at);
    return hit ? (size_t)(hit - batch->source) + 1 : batch->n_source;
}

static bool blank_line(const rd_batch *batch, size_t begin, size_t end)
{
    return end - begin <= 2 && (batch->source[begin] == '\n' || batch->source[begin] == '\r') &&
           (end - begin == 1 || batch->source[begin + 1] == '\n');
}

/* The end of the file inside a record: its last line has no line end, or its quote no partner. */
static toc_status finish(rd_parser *parser, sink *s, size_t line, size_t begin, size_t end, bool *unclosed)
{
    *unclosed = csv_fini(&parser->csv, on_field, on_record, s) != 0;
    if (*unclosed || s->st) return s->st;
    return s->ended ? add_record(s, line, begin, end, s->ended > 1 ? RD_LINE_END : RD_FINE) : TOC_OK;
}

/* One record from `begin`. *end: place after it, *n_lines: line ends in it; *whole false: it goes on beyond the bytes there are. */
static toc_status parse_record(rd_parser *parser, sink *s, size_t line, size_t begin, bool last, size_t *end, size_t *n_lines, bool *whole)
{
    const rd_batch *b = s->batch;
    size_t first_end = line_after(parser, b, begin), at = begin, next = first_end, lines = 0;
    rd_fault fault = RD_FINE;

    *whole = true;
    s->quote_line = line;
    for (;;) {
        if (next == b->n_source && !last && b->source[next - 1] != parser->line_end) *whole = false;
        if (!*whole) break;
        size_t n_before = b->n_fields;
        if (!feed(parser, b->source + at, next - at, s)) fault = s->quote_line < line + lines && n_before == b->n_fields ? RD_UNCLOSED : RD_BAD_QUOTE;
        if (s->st) return s->st;
        if (b->n_fields > n_before) s->quote_line = line + lines;
        if (fault) break;
        lines += b->source[next - 1] == parser->line_end;
        at = next;
        if (s->ended) {
            /* after a whole record libcsv has nothing left to say */
            if (csv_fini(&parser->csv, on_field, on_record, s) != 0 || s->ended > 1) fault = RD_LINE_END;
            if (s->st) return s->st;
            break;
        }
        if (at - begin > RD_MAX_RECORD) fault = RD_UNCLOSED;
        else if (at == b->n_source && !last) *whole = false;
        else if (at == b->n_source) {
            bool unclosed = false;
            TOC_TRY(finish(parser, s, line, begin, at, &unclosed));
            if (unclosed) fault = RD_UNCLOSED;
            else {
                *end = at;
                *n_lines = lines;
                return TOC_OK;
            }
        }
        if (fault || !*whole) break;
        next = line_after(parser, b, at);
    }
    if (!*whole || fault) forget(parser);
    if (!*whole) {
        drop_fields(s->batch, s->first);
        s->too_long = false;
        return TOC_OK;
    }
    *end = fault ? first_end : at;
    *n_lines = fault ? b->source[first_end - 1] == parser->line_end : lines;
    return add_record(s, line, begin, *end, fault);
}

toc_status rd_parse(toc_ctx *ctx, rd_parser *parser, rd_batch *batch, size_t begin, bool last, size_t *used, size_t *lines)
{
    sink s = { .ctx = ctx, .batch = batch, .max_field = parser->max_field };
    size_t at = begin, line = 0;
    bool whole = true;

    forget(parser);
    batch->n = batch->n_fields = batch->n_text = 0;
    while (at < batch->n_source && whole) {
        size_t end = line_after(parser, batch, at), n_lines = 1;
        if (end == batch->n_source && !last && batch->source[end - 1] != parser->line_end) break;
        if (!blank_line(batch, at, end)) TOC_TRY(parse_record(parser, &s, line, at, last, &end, &n_lines, &whole));
        if (!whole) break;
        at = end;
        line += n_lines;
    }
    *used = at;
    *lines = line;
    return TOC_OK;
}
