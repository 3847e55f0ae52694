/* parse.c: the bytes of a batch as records.
 *
 * A record without a quote needs no parser: it is split where the scan found delimiters. Every other one goes through libcsv from its first field with a
 * quote on, and whatever else is out of the ordinary (a carriage return alone, the last line without an end) from its first byte: libcsv stays the
 * definition of right, and fuzz_scan proves that both ways agree.
 *
 * libcsv does not say where in its input a callback happens. So it is fed up to each line end: a record that libcsv finished then ends there. It runs in
 * strict mode and stops at any quote out of place, which tells two cases apart: a quote inside an unquoted field is fed as an ordinary
 * byte; text after a closing quote spoils the record. A spoilt record becomes a fault of its first line only, and parsing starts again at the
 * second: whatever a stray quote swallowed comes back as records of its own. */
#include "reader/reader_int.h"

#define OPTIONS (CSV_STRICT | CSV_STRICT_FINI)

typedef struct {
    toc_ctx *ctx;
    rd_batch *batch;
    size_t max_field;
    size_t first;  /* field of the current record */
    size_t first_text; /* where its own text begins */
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
    parser->scan = rd_scan_kernel(ctx->cpu == TOC_CPU_PLAIN ? "plain" : NULL);
    TOC_TRY(toc_alloc(ctx, 1, sizeof *parser->walker, &parser->walker));
    if (csv_init(&parser->csv, OPTIONS)) return toc_fail(ctx, TOC_E_NOMEM, "out of memory");
    csv_set_space_func(&parser->csv, never_space);
    csv_set_delim(&parser->csv, (unsigned char)parser->delimiter);
    csv_set_quote(&parser->csv, (unsigned char)parser->quote);
    csv_set_blk_size(&parser->csv, 4096);
    return TOC_OK;
}

void rd_parser_release(rd_parser *parser)
{
    if (parser->walker) csv_free(&parser->csv);
    toc_free(parser->walker);
    *parser = (rd_parser){0};
}

/* A field that libcsv made: its text need not be in the source as it is, so it goes to the batch's own text. */
static toc_status add_field(sink *s, const char *bytes, size_t n)
{
    rd_batch *b = s->batch;

    if (b->n_fields + 1 > b->cap_fields) TOC_TRY(toc_grow(s->ctx, &b->fields, &b->cap_fields, b->n_fields + 1, sizeof *b->fields));
    if (b->n_text + n + TOC_PLAIN_SLACK > b->cap_text) TOC_TRY(toc_grow(s->ctx, &b->text, &b->cap_text, b->n_text + n + TOC_PLAIN_SLACK, 1));
    b->fields[b->n_fields++] = (rd_span){ (uint32_t)b->n_text | RD_IN_TEXT, (uint32_t)n };
    if (n) memcpy(b->text + b->n_text, bytes, n);
    b->n_text += n;
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

/* The fields since the last record are not one's. */
static void drop_fields(sink *s)
{
    s->batch->n_text = s->first_text;
    s->batch->n_fields = s->first;
}

static toc_status add_record(sink *s, size_t line, size_t begin, size_t end, rd_fault fault)
{
    rd_batch *b = s->batch;

    if (s->too_long && !fault) fault = RD_TOO_LONG;
    s->too_long = false;
    if (fault) drop_fields(s);
    while (end > begin && (b->bytes[end - 1] == '\n' || b->bytes[end - 1] == '\r')) end--;
    if (b->n + 1 > b->cap_records) TOC_TRY(toc_grow(s->ctx, &b->records, &b->cap_records, b->n + 1, sizeof *b->records));
    b->records[b->n++] = (rd_record){ .line = (uint32_t)line, .at = (uint32_t)begin, .n_bytes = (uint32_t)(end - begin), .first = (uint32_t)s->first,
                                      .n = (uint32_t)(b->n_fields - s->first), .fault = fault, .quote_line = (uint32_t)s->quote_line };
    s->first = b->n_fields;
    s->first_text = b->n_text;
    s->ended = 0;
    return TOC_OK;
}

/* Place after the next line end, or the end of the bytes. */
static size_t line_after(const rd_parser *parser, const rd_batch *batch, size_t at)
{
    const char *hit = memchr(batch->bytes + at, parser->line_end, batch->end - at);
    return hit ? (size_t)(hit - batch->bytes) + 1 : batch->end;
}

static bool blank_line(const rd_batch *batch, size_t begin, size_t end)
{
    return end - begin <= 2 && (batch->bytes[begin] == '\n' || batch->bytes[begin] == '\r') &&
           (end - begin == 1 || batch->bytes[begin + 1] == '\n');
}

/* The end of the file inside a record: its last line has no line end, or its quote no partner. */
static toc_status finish(rd_parser *parser, sink *s, size_t line, size_t begin, size_t end, bool *unclosed)
{
    *unclosed = csv_fini(&parser->csv, on_field, on_record, s) != 0;
    if (*unclosed || s->st) return s->st;
    return s->ended ? add_record(s, line, begin, end, s->ended > 1 ? RD_LINE_END : RD_FINE) : TOC_OK;
}

/* One record from `begin`, whose fields before `from` are there already. *end: place after it, *n_lines: line ends in it; *whole false: it goes on beyond
 * the bytes there are. */
static toc_status parse_record(rd_parser *parser, sink *s, size_t line, size_t begin, size_t from, bool last, size_t *end, size_t *n_lines, bool *whole)
{
    const rd_batch *b = s->batch;
    size_t first_end = line_after(parser, b, begin), at = from, next = first_end, lines = 0;
    rd_fault fault = RD_FINE;

    *whole = true;
    s->quote_line = line;
    for (;;) {
        if (next == b->end && !last && b->bytes[next - 1] != parser->line_end) *whole = false;
        if (!*whole) break;
        size_t n_before = b->n_fields;
        if (!feed(parser, b->bytes + at, next - at, s)) fault = s->quote_line < line + lines && n_before == b->n_fields ? RD_UNCLOSED : RD_BAD_QUOTE;
        if (s->st) return s->st;
        if (b->n_fields > n_before) s->quote_line = line + lines;
        if (fault) break;
        lines += b->bytes[next - 1] == parser->line_end;
        at = next;
        if (s->ended) {
            /* after a whole record libcsv has nothing left to say */
            if (csv_fini(&parser->csv, on_field, on_record, s) != 0 || s->ended > 1) fault = RD_LINE_END;
            if (s->st) return s->st;
            break;
        }
        if (at - begin > RD_MAX_RECORD) fault = RD_UNCLOSED;
        else if (at == b->end && !last) *whole = false;
        else if (at == b->end) {
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
        drop_fields(s);
        s->too_long = false;
        return TOC_OK;
    }
    *end = fault ? first_end : at;
    *n_lines = fault ? b->bytes[first_end - 1] == parser->line_end : lines;
    return add_record(s, line, begin, *end, fault);
}

/* ---- records without quotes ---- */

/* Scans up to the next window that has breaks; false where there is none. */
static bool refill(const rd_parser *parser, sink *s, rd_walker *w)
{
    const rd_special special = { parser->delimiter, parser->quote };
    rd_batch *b = s->batch;

    w->at_break = w->n_breaks = 0;
    while (!w->n_breaks && w->scanned < b->end) {
        size_t end = TOC_MIN(b->end, w->scanned + RD_WINDOW), room = b->n_ends + (end - w->scanned) + RD_SCAN_SPARE;
        if (room > b->cap_ends && (s->st = toc_grow(s->ctx, &b->ends, &b->cap_ends, room, sizeof *b->ends))) return false;
        b->n_ends = parser->scan(b->bytes, w->scanned, end, special, b->ends, b->n_ends, w->breaks, &w->n_breaks, &w->seen);
        w->scanned = end;
    }
    return w->n_breaks;
}

/* Goes to the first special byte at or after `at`; what lies before is scanned all the same, to have seen it. */
static void seek(const rd_parser *parser, sink *s, rd_walker *w, size_t at)
{
    const rd_batch *b = s->batch;

    while (w->scanned < at && w->scanned < b->end && !s->st) (void)refill(parser, s, w);
    while (w->at < b->n_ends && b->ends[w->at] < at) w->at++;
    while (w->at_break < w->n_breaks && w->breaks[w->at_break] < w->at) w->at_break++;
}

static bool has_long_field(const rd_batch *b, const rd_record *r, size_t max_field)
{
    for (size_t j = 0; j < r->n && r->n_bytes > max_field; j++)
        if (rd_field(b, r, j).n > max_field) return true;
    return false;
}

/* Splits the record that begins at `begin`: its fields end at the special bytes up to the next break, when that is a line end. SIZE_MAX where it takes more
 * than splitting, else the place after the line end. */
static size_t split_record(const rd_parser *parser, sink *s, rd_walker *w, size_t begin, size_t line)
{
    rd_batch *b = s->batch;

    if (w->at_break == w->n_breaks && !refill(parser, s, w)) return SIZE_MAX;
    size_t k = w->breaks[w->at_break], p = b->ends[k], n = k - w->at + 1;
    bool feed = b->bytes[p] == '\n', both = b->bytes[p] == '\r' && p + 1 < b->end && b->bytes[p + 1] == '\n';
    if (!feed && !both) return SIZE_MAX;
    if (b->n + 1 > b->cap_records && (s->st = toc_grow(s->ctx, &b->records, &b->cap_records, b->n + 1, sizeof *b->records))) return SIZE_MAX;
    rd_record *r = &b->records[b->n];
    *r = (rd_record){ .line = (uint32_t)line, .at = (uint32_t)begin, .n_bytes = (uint32_t)(p - begin), .first = (uint32_t)w->at, .n = (uint32_t)n,
                      .split = true, .quote_line = (uint32_t)line };
    b->n += p > begin; /* no blank lines */
    w->at = k + 1;
    w->at_break++;
    if (has_long_field(b, r, parser->max_field)) {
        r->fault = RD_TOO_LONG;
        r->n = 0;
    }
    if (feed) return p + 1;
    seek(parser, s, w, p + 2);
    return p + 2;
}

/* The fields in front of the first one with a quote are split all the same; *from: where that one begins, and libcsv with it. */
static toc_status split_front(const rd_parser *parser, sink *s, const rd_walker *w, size_t begin, size_t *from)
{
    rd_batch *b = s->batch;

    *from = begin;
    if (w->at_break == w->n_breaks || !parser->quote || b->bytes[b->ends[w->breaks[w->at_break]]] != parser->quote) return TOC_OK;
    size_t n = w->breaks[w->at_break] - w->at;
    if (b->n_fields + n > b->cap_fields) TOC_TRY(toc_grow(s->ctx, &b->fields, &b->cap_fields, b->n_fields + n, sizeof *b->fields));
    for (size_t k = w->at; k < w->at + n; k++) {
        size_t length = b->ends[k] - *from;
        s->too_long |= length > parser->max_field;
        b->fields[b->n_fields++] = (rd_span){ (uint32_t)*from, (uint32_t)length };
        *from = b->ends[k] + 1;
    }
    return TOC_OK;
}

toc_status rd_parse(toc_ctx *ctx, rd_parser *parser, rd_batch *batch, bool last, size_t *used, size_t *lines)
{
    sink s = { .ctx = ctx, .batch = batch, .max_field = parser->max_field };
    rd_walker *w = parser->walker;
    size_t at = batch->begin, line = 0;
    bool whole = true, splitting = parser->line_end == '\n' && !parser->libcsv_only;

    forget(parser);
    batch->n = batch->n_fields = batch->n_ends = batch->n_text = 0;
    w->at = w->at_break = w->n_breaks = 0;
    w->scanned = at;
    w->seen = 0;
    while (at < batch->end && whole && !s.st) {
        size_t end = SIZE_MAX, n_lines = 1;
        if (splitting) end = split_record(parser, &s, w, at, line);
        if (s.st) break;
        if (end == SIZE_MAX) {
            end = line_after(parser, batch, at);
            if (end == batch->end && !last && batch->bytes[end - 1] != parser->line_end) break;
            size_t from = at;
            if (splitting) s.st = split_front(parser, &s, w, at, &from);
            if (!s.st && !blank_line(batch, at, end)) s.st = parse_record(parser, &s, line, at, from, last, &end, &n_lines, &whole);
            if (!whole || s.st) break;
            seek(parser, &s, w, end);
        }
        at = end;
        line += n_lines;
    }
    batch->seen = w->seen;
    *used = at;
    *lines = line;
    return s.st;
}
