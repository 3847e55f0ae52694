/* reader.h: any CSV or TSV file as batches of records.
 *
 * rd_open finds out compression (gzip, zstd), encoding and layout (delimiter, quote, lines in front of the header, whether there is one) from the first
 * MiB and reads the header; rd_next hands out batches; rd_close ends. libcsv defines what a record is. Every record knows its line, its byte offset and its raw bytes, so that a refused row can be found again. A record
 * that cannot be read (an unclosed quote, a field above the limit, bytes outside the encoding) comes with a fault instead of fields, and reading
 * goes on at the next line: nothing is lost silently.
 *
 * Blanks are part of a field (RFC 4180), lines without any character are skipped, and a quote inside an unquoted field is an ordinary byte. */
#ifndef RD_READER_H
#define RD_READER_H

#include "base/base.h"
#include "table/table.h"

typedef enum { RD_FIND_HEADER, RD_HAS_HEADER, RD_NO_HEADER } rd_header_given;
typedef enum { RD_FIND_DECIMAL, RD_DECIMAL_POINT, RD_DECIMAL_COMMA } rd_decimal_given;
#define RD_NO_QUOTE '\n'

/* What is known of a file; zero = all is found out. decimal and dates are for those who read cells. */
typedef struct {
    char delimiter;        /* 0 = found out among , ; tab | */
    char quote;            /* 0 = found out among " and ' and none; RD_NO_QUOTE = none */
    rd_header_given header;
    bool skip_given, trailer_given;
    size_t skip;           /* lines in front of the header (or of the first record) */
    size_t trailer;        /* lines at the end that are no rows, blank ones not counted, within the last 64 KiB */
    const char *encoding;  /* an iconv name; NULL = found out */
    rd_decimal_given decimal;
    toc_date_order dates;  /* TOC_DATE_UNKNOWN = found out */
} rd_dialect;
/* What tocsin itself writes: nothing is found out. */
#define RD_CANONICAL ((rd_dialect){ .delimiter = ',', .quote = '"', .header = RD_HAS_HEADER, .skip_given = true, .trailer_given = true, \
                                    .encoding = "utf-8", .decimal = RD_DECIMAL_POINT })
/* Reads "name=value,name=value": delimiter=comma|semicolon|tab|bar or the character, quote=double|single|none or the character, header=yes|no, skip=N,
 * trailer=N, encoding=NAME, decimal=point|comma, dates=dmy|mdy. NULL or "" is all zero. Texts live in the context's arena. Errors: TOC_E_USAGE (an
 * unknown name or value, an encoding that iconv does not know: lists what there is). */
TOC_CHECKED toc_status rd_dialect_parse(toc_ctx *ctx, const char *text, rd_dialect *dialect);

typedef struct {
    rd_dialect dialect;
    size_t max_field;     /* bytes of one field; 0 = 1 MiB */
    size_t batch_bytes;   /* bytes of a batch, more where a record is longer; 0 = 256 KiB. Records do not depend on it */
    bool hash;            /* rd_content_hash will be asked for */
    bool libcsv_only;     /* no record is split without libcsv: what tests and benches compare with */
    toc_out *rejects;     /* rd_read_table only: where faulty records go; NULL = the first one is an error */
    bool skip_faults;     /* rd_read_table only: leaves faulty records out without a word, for callers that tell of them elsewhere */
} rd_options;

/* Why a record has no fields, or not as many as the header. */
typedef enum {
    RD_FINE,
    RD_UNCLOSED,  /* a quote is opened and not closed before a later line's quotes, the end of the file, or within 16 MiB */
    RD_BAD_QUOTE, /* text goes on after a closing quote on the same line */
    RD_LINE_END,  /* a carriage return outside quotes in the middle of a line */
    RD_TOO_LONG,  /* a field is longer than max_field */
    RD_BINARY,    /* NUL bytes */
    RD_ENCODING,  /* bytes that are no text in the file's encoding */
    RD_COLUMNS,   /* fewer fields than the header, or more that are not empty; the fields are there */
    RD_TRAILER,   /* no row and no fault: a total, a count of rows or a rule after the last row; the fields are there */
} rd_fault;
/* "unclosed_quote", ... : the code of a fault in reject files. */
const char *rd_fault_code(rd_fault fault);

/* A record; places and counts are within its batch: rd_line, rd_offset, rd_raw and rd_field say what they mean. */
typedef struct {
    uint32_t line;       /* lines of the batch before its first byte */
    uint32_t quote_line; /* the same where the quote at fault was opened (RD_UNCLOSED, RD_BAD_QUOTE) */
    uint32_t at, n_bytes; /* its bytes, without the line end */
    uint32_t first, n;   /* fields: of the batch's ends where `split`, else of its spans */
    rd_fault fault;
    bool split;
} rd_record;

/* A stretch of the batch's bytes, or of its own text when the highest bit of `at` is set. */
typedef struct {
    uint32_t at, n;
} rd_span;
#define RD_IN_TEXT (UINT32_C(1) << 31)

/* Records and the bytes behind them, self-contained: may outlive further rd_next calls. Zero is an empty batch; owned by the caller. TOC_PLAIN_SLACK bytes
 * behind any field can be read. */
typedef struct {
    rd_record *records;
    size_t n, cap_records;
    uint32_t *ends;       /* of fields that are in the bytes as they are: each begins behind the one before */
    size_t n_ends, cap_ends;
    rd_span *fields;      /* of the other records */
    size_t n_fields, cap_fields;
    char *text;           /* fields whose text is not in the file as it is: with doubled quotes, of other encodings */
    size_t n_text, cap_text;
    char *bytes;          /* of the file; those of the records are [begin, end) */
    size_t begin, end, cap_bytes;
    size_t line;          /* 1-based, of the byte at begin */
    uint64_t offset;      /* in the (uncompressed) file, of the byte at begin */
    const char *converted; /* the encoding of the file, where the bytes were turned into UTF-8 first; NULL = they are the file's */
    unsigned seen;        /* bit 0: a NUL byte, bit 1: bytes above 0x7f */
} rd_batch;

/* Field j of a record as UTF-8; empty beyond its last one. Borrowed from the batch; not NUL-terminated. */
static inline toc_str rd_field(const rd_batch *batch, const rd_record *record, size_t j)
{
    if (j >= record->n) return (toc_str){ "", 0 };
    if (record->split) {
        const uint32_t *end = &batch->ends[record->first + j];
        size_t begin = j ? end[-1] + 1 : record->at;
        return (toc_str){ batch->bytes + begin, *end - begin };
    }
    rd_span span = batch->fields[record->first + j];
    return (toc_str){ span.at & RD_IN_TEXT ? batch->text + (span.at ^ RD_IN_TEXT) : batch->bytes + span.at, span.n };
}
/* The bytes of a record as in the file, without the line end; of UTF-16 and of encodings that were given, as UTF-8 (with a byte FF where something was
 * no text). Borrowed from the batch. */
static inline toc_str rd_raw(const rd_batch *batch, const rd_record *record)
{
    return (toc_str){ batch->bytes + record->at, record->n_bytes };
}
/* The line of a record's first byte, from 1. */
static inline size_t rd_line(const rd_batch *batch, const rd_record *record) { return batch->line + record->line; }
/* The place of its first byte in the (uncompressed) file. */
uint64_t rd_offset(const rd_batch *batch, const rd_record *record);
void rd_batch_release(rd_batch *batch);

typedef struct rd_reader rd_reader;

/* Opens path ("-" is stdin) and reads its header. Errors: TOC_E_IO (cannot be read), TOC_E_DATA (empty; binary: says what it looks like; unreadable
 * header), TOC_E_USAGE (unknown encoding), TOC_E_NOMEM. */
TOC_CHECKED toc_status rd_open(toc_ctx *ctx, const char *path, const rd_options *options, rd_reader **reader);
/* The same over n bytes in memory, borrowed until rd_close, shown in messages as `name`. */
TOC_CHECKED toc_status rd_open_bytes(toc_ctx *ctx, const char *name, toc_str bytes, const rd_options *options, rd_reader **reader);
void rd_close(rd_reader *reader);
/* The header's names without blanks around, or column_1, column_2 ... where the file has none; borrowed until rd_close. */
const toc_str *rd_header(const rd_reader *reader, size_t *n);
bool rd_has_header(const rd_reader *reader);
const char *rd_path(const rd_reader *reader); /* "-" shows as "stdin" */
/* "UTF-8", "GB18030" ...; may change from utf-8 while all bytes so far were ASCII. */
const char *rd_encoding(const rd_reader *reader);
char rd_delimiter(const rd_reader *reader);
/* Lines after the last row; known at the end. */
size_t rd_trailer_lines(const rd_reader *reader);
/* What was found out, in words: "UTF-8, delimiter ;, quote \", header on line 4 (3 preamble lines), 1 trailer line"; the trailer is known at the end.
 * Returns buf. */
const char *rd_layout_text(const rd_reader *reader, char *buf, size_t room);
/* What is done to a batch by the thread that parsed it, while it is in that thread's cache. `slot` < rd_set_most numbers the batches of a set in file order,
 * with gaps; no two calls at a time have the same. A batch may be thrown away and parsed again, so what a call does must count only when rd_next_set
 * hands the slot out. */
typedef toc_status rd_work(toc_ctx *ctx, void *arg, size_t slot, const rd_batch *batch);

/* A parsed batch and the slot that `work` was called with. */
typedef struct {
    const rd_batch *batch;
    size_t slot;
} rd_ready;

/* The next batches in file order, parsed on all threads of ctx: *n of them, each with at least one record, all borrowed until the next call; *n = 0 at
 * the end. work (NULL = none) is called for each. The records are the same for any number of threads. Errors: TOC_E_IO, TOC_E_DATA (a damaged
 * compressed file), TOC_E_NOMEM, those of work. */
TOC_CHECKED toc_status rd_next_set(toc_ctx *ctx, rd_reader *reader, rd_work *work, void *arg, const rd_ready **ready, size_t *n);
/* How many slots there are. */
size_t rd_set_most(const toc_ctx *ctx);
/* The next batch alone, into the caller's; batch->n = 0 at the end. Earlier content of the batch is dropped. Errors as above. Not to be mixed with
 * rd_next_set, but right behind it: then the batches of the last set are handed out, one a call. */
TOC_CHECKED toc_status rd_next(toc_ctx *ctx, rd_reader *reader, rd_batch *batch);
/* What is wrong with a record, for people: "a quote is opened on line 7 and never closed". buf of at least 160. */
const char *rd_fault_text(const rd_reader *reader, const rd_batch *batch, const rd_record *record, char *buf);
/* The raw bytes of a record as UTF-8, cut at 4 KiB, appended. */
TOC_CHECKED toc_status rd_raw_text(toc_ctx *ctx, const rd_reader *reader, const rd_batch *batch, const rd_record *record, toc_buf *buf);
/* How much of the file lies before the end of a batch, 0 to 1; negative where its size is not known (a pipe, a compressed file). */
double rd_share(const rd_reader *reader, const rd_batch *batch);
/* 32 hex digits that name the content read so far (the whole file, uncompressed, after the end), for readers opened with `hash`. */
void rd_content_hash(const rd_reader *reader, char hex[33]);
/* The same of a file without parsing it. Errors: TOC_E_IO, TOC_E_DATA (a damaged compressed file), TOC_E_NOMEM. */
TOC_CHECKED toc_status rd_hash_file(toc_ctx *ctx, const char *path, char hex[33]);

/* The header of a reject file, and one refused record: file, line, byte offset, column ("" = the whole record), code, message, raw text. */
void rd_reject_header(toc_out *out);
TOC_CHECKED toc_status rd_reject(toc_ctx *ctx, toc_out *out, const rd_reader *reader, const rd_batch *batch, const rd_record *record, toc_str column,
                                 const char *code, const char *message);
/* The same with another text as the raw one. */
void rd_reject_text(toc_out *out, const rd_reader *reader, const rd_batch *batch, const rd_record *record, toc_str column, const char *code,
                    const char *message, toc_str raw);

/* The whole file as a table of text columns (then tab_infer finds the numbers). Columns without a name are called column_1, column_2, ... by place; a
 * repeated name gets _2, _3. Faulty records go to options->rejects and are counted on stderr; without it the first one is TOC_E_DATA naming file,
 * line and reason. options may be NULL. Errors as rd_open and rd_next; TOC_E_DATA for a file with a header but no rows. */
TOC_CHECKED toc_status rd_read_table(toc_ctx *ctx, const char *path, const rd_options *options, tab_table *table);
/* The same from an open reader, which is read to its end. */
TOC_CHECKED toc_status rd_take_table(toc_ctx *ctx, rd_reader *reader, const rd_options *options, tab_table *table);
/* The columns that table would have, without rows, each of text with a pool of its own. */
TOC_CHECKED toc_status rd_empty_table(toc_ctx *ctx, const rd_reader *reader, tab_table *table);

#endif
