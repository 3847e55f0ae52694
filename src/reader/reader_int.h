/* reader_int.h: what the files of the reader share. */
#ifndef RD_READER_INT_H
#define RD_READER_INT_H

#include <csv.h>

#include "reader/reader.h"

#define RD_BLOCK ((size_t)1 << 20)        /* bytes read at a time, and looked at to find out encoding and delimiter */
#define RD_MAX_RECORD ((size_t)16 << 20)  /* a quoted field that is not closed by then is taken for an unclosed quote */
#define RD_MAX_FIELD ((size_t)1 << 20)
#define RD_MAX_RAW 4096

/* ---- input.c: bytes of a file, uncompressed ---- */
typedef struct rd_input rd_input;
TOC_CHECKED toc_status rd_input_open(toc_ctx *ctx, const char *path, rd_input **input);
TOC_CHECKED toc_status rd_input_bytes(toc_ctx *ctx, const char *name, toc_str bytes, rd_input **input);
void rd_input_close(rd_input *input);
/* Fills up to n bytes; *got < n only at the end. */
TOC_CHECKED toc_status rd_input_read(toc_ctx *ctx, rd_input *input, char *bytes, size_t n, size_t *got);
void rd_input_hash(const rd_input *input, char hex[33]);

/* ---- decode.c ---- */
/* Appends bytes of the named encoding as UTF-8; what is no text becomes U+FFFD. TOC_E_USAGE for an unknown name. */
TOC_CHECKED toc_status rd_decode(toc_ctx *ctx, const char *encoding, toc_str bytes, toc_buf *utf8);

/* ---- sniff.c ---- */
typedef enum { RD_UTF8, RD_UTF16LE, RD_UTF16BE, RD_GB18030, RD_WINDOWS_1252, RD_OTHER } rd_charset;
typedef struct {
    rd_charset charset;
    size_t bom;       /* bytes of the byte order mark */
    bool ascii;       /* nothing but ASCII seen: the charset may still turn out to be another */
    const char *what; /* not NULL: no text; what it looks like */
} rd_sniffed;
rd_sniffed rd_sniff_charset(toc_str head, bool whole);
/* The charset of bytes that are not valid UTF-8. */
rd_charset rd_sniff_legacy(toc_str bytes);
/* The first byte that does not fit the shape of GB18030, or n. */
size_t rd_gb18030_valid(toc_str bytes);
/* Delimiter by the most regular count over the first records; ',' when there is none. */
char rd_sniff_delimiter(toc_str head, bool whole);
/* Whether quotes are syntax: always, but in tab separated text only where fields that begin with one also end with one. */
bool rd_sniff_quotes(toc_str head, char delimiter);
const char *rd_charset_name(rd_charset charset);

/* ---- parse.c: libcsv over the bytes of a batch ---- */
typedef struct {
    struct csv_parser csv;
    char line_end;     /* '\n', or '\r' in files that know no other */
    char quote;        /* 0 = none */
    char delimiter;
    size_t max_field;
} rd_parser;
TOC_CHECKED toc_status rd_parser_init(toc_ctx *ctx, rd_parser *parser);
void rd_parser_release(rd_parser *parser);
/* Parses the complete records of source[begin, n) into the batch (records' line and offset relative to begin = 0), at the end of the file all of
 * them. *used: first byte not consumed; *lines: line ends consumed. */
TOC_CHECKED toc_status rd_parse(toc_ctx *ctx, rd_parser *parser, rd_batch *batch, size_t begin, bool last, size_t *used, size_t *lines);

/* ---- reader.c ---- */
struct rd_reader {
    const char *path;      /* shown in messages */
    rd_input *input;
    rd_parser parser;
    rd_charset charset;
    const char *encoding;  /* iconv name */
    bool ascii_so_far;
    bool charset_given;
    bool transcoded;       /* the whole file was turned into UTF-8 first */
    bool end;              /* of input */
    size_t batch_bytes;
    toc_buf carry;         /* bytes read but not parsed */
    size_t line;           /* of carry's first byte */
    uint64_t offset;       /* of carry's first byte in the file */
    toc_str *header;
    size_t n_header;
    toc_arena arena;
};

#endif
