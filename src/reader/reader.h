/* reader.h: any CSV or TSV file as batches of records.
 *
 * rd_open finds out compression (gzip, zstd), encoding and delimiter from the first MiB and reads the header; rd_next hands out batches; rd_close
 * ends. libcsv is the parser. Every record knows its line, its byte offset and its raw bytes, so that a refused row can be found again. A record
 * that cannot be read (an unclosed quote, a field above the limit, bytes outside the encoding) comes with a fault instead of fields, and reading
 * goes on at the next line: nothing is lost silently.
 *
 * Blanks are part of a field (RFC 4180), lines without any character are skipped, and a quote inside an unquoted field is an ordinary byte. */
#ifndef RD_READER_H
#define RD_READER_H

#include "base/base.h"
#include "table/table.h"

typedef struct {
    char delimiter;       /* 0 = found out among , ; tab | */
    const char *encoding; /* an iconv name; NULL = found out */
    size_t max_field;     /* bytes of one field; 0 = 1 MiB */
    size_t batch_bytes;   /* bytes of a batch, more where a record is longer; 0 = 1 MiB. Records do not depend on it */
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
} rd_fault;
/* "unclosed_quote", ... : the code of a fault in reject files. */
const char *rd_fault_code(rd_fault fault);

typedef struct {
    size_t line;      /* 1-based, of its first byte */
    size_t quote_line; /* where the quote at fault was opened (RD_UNCLOSED, RD_BAD_QUOTE) */
    uint64_t offset;  /* of its first byte in the (uncompressed) file */
    toc_str raw;      /* its bytes as in the file, without the line end; UTF-16 already as UTF-8; borrowed from the batch */
    size_t first, n;  /* fields */
    rd_fault fault;
} rd_record;

/* Records and the bytes behind them, self-contained: may outlive further rd_next calls. Zero is an empty batch; owned by the caller. */
typedef struct {
    rd_record *records;
    size_t n, cap_records;
    size_t *at;           /* start of each field in text; each field ends one byte (NUL) before the next start */
    size_t n_fields, cap_at;
    char *text;
    size_t n_text, cap_text;
    char *source;         /* the bytes parsed */
    size_t n_source, cap_source;
} rd_batch;

/* Field j of a record as UTF-8; empty beyond its last one. Borrowed from the batch. */
static inline toc_str rd_field(const rd_batch *batch, const rd_record *record, size_t j)
{
    if (j >= record->n) return (toc_str){ "", 0 };
    size_t k = record->first + j;
    return (toc_str){ batch->text + batch->at[k], batch->at[k + 1] - batch->at[k] - 1 };
}
void rd_batch_release(rd_batch *batch);

typedef struct rd_reader rd_reader;

/* Opens path ("-" is stdin) and reads its header. Errors: TOC_E_IO (cannot be read), TOC_E_DATA (empty; binary: says what it looks like; unreadable
 * header), TOC_E_USAGE (unknown encoding), TOC_E_NOMEM. */
TOC_CHECKED toc_status rd_open(toc_ctx *ctx, const char *path, const rd_options *options, rd_reader **reader);
/* The same over n bytes in memory, borrowed until rd_close, shown in messages as `name`. */
TOC_CHECKED toc_status rd_open_bytes(toc_ctx *ctx, const char *name, toc_str bytes, const rd_options *options, rd_reader **reader);
void rd_close(rd_reader *reader);
/* The header's names without blanks around; borrowed until rd_close. */
const toc_str *rd_header(const rd_reader *reader, size_t *n);
const char *rd_path(const rd_reader *reader); /* "-" shows as "stdin" */
/* "utf-8", "gb18030" ...; may change from utf-8 while all bytes so far were ASCII. */
const char *rd_encoding(const rd_reader *reader);
char rd_delimiter(const rd_reader *reader);
/* The next records (about 1 MiB of bytes); batch->n = 0 at the end. Earlier content of the batch is dropped. Errors: TOC_E_IO, TOC_E_DATA (a damaged
 * compressed file), TOC_E_NOMEM. */
TOC_CHECKED toc_status rd_next(toc_ctx *ctx, rd_reader *reader, rd_batch *batch);
/* What is wrong with a record, for people: "a quote is opened on line 7 and never closed". buf of at least 160. */
const char *rd_fault_text(const rd_reader *reader, const rd_record *record, char *buf);
/* The raw bytes of a record as UTF-8, cut at 4 KiB, appended. */
TOC_CHECKED toc_status rd_raw_text(toc_ctx *ctx, const rd_reader *reader, const rd_record *record, toc_buf *buf);
/* 32 hex digits that name the content read so far (the whole file, uncompressed, after the end). */
void rd_content_hash(const rd_reader *reader, char hex[33]);
/* The same of a file without parsing it. Errors: TOC_E_IO, TOC_E_DATA (a damaged compressed file), TOC_E_NOMEM. */
TOC_CHECKED toc_status rd_hash_file(toc_ctx *ctx, const char *path, char hex[33]);

/* The header of a reject file, and one refused record: file, line, byte offset, column ("" = the whole record), code, message, raw text. */
void rd_reject_header(toc_out *out);
TOC_CHECKED toc_status rd_reject(toc_ctx *ctx, toc_out *out, const rd_reader *reader, const rd_record *record, toc_str column, const char *code,
                                 const char *message);

/* The whole file as a table of text columns (then tab_infer finds the numbers). Columns without a name are called column_1, column_2, ... by place; a
 * repeated name gets _2, _3. Faulty records go to options->rejects and are counted on stderr; without it the first one is TOC_E_DATA naming file,
 * line and reason. options may be NULL. Errors as rd_open and rd_next; TOC_E_DATA for a file with a header but no rows. */
TOC_CHECKED toc_status rd_read_table(toc_ctx *ctx, const char *path, const rd_options *options, tab_table *table);
/* The same from an open reader, which is read to its end. */
TOC_CHECKED toc_status rd_take_table(toc_ctx *ctx, rd_reader *reader, const rd_options *options, tab_table *table);

#endif
