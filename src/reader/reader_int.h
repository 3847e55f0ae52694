/* reader_int.h: what the files of the reader share. */
#ifndef RD_READER_INT_H
#define RD_READER_INT_H

#include <csv.h>
#include <iconv.h>

#include "reader/reader.h"

#define RD_BLOCK ((size_t)256 << 10)      /* bytes read at a time: so few that what is made of them stays in caches */
#define RD_HEAD ((size_t)1 << 20)         /* bytes looked at to find out encoding and layout; the header is among them */
#define RD_MAX_RECORD ((size_t)16 << 20)  /* a quoted field that is not closed by then is taken for an unclosed quote */
#define RD_MAX_FIELD ((size_t)1 << 20)
#define RD_MAX_RAW 4096
#define RD_TAIL ((size_t)64 << 10)        /* trailer lines are looked for in the last bytes of a file */

/* ---- input.c: bytes of a file, uncompressed ---- */
typedef struct rd_input rd_input;
TOC_CHECKED toc_status rd_input_open(toc_ctx *ctx, const char *path, rd_input **input);
TOC_CHECKED toc_status rd_input_bytes(toc_ctx *ctx, const char *name, toc_str bytes, rd_input **input);
void rd_input_close(rd_input *input);
/* Fills up to n bytes; *got < n only at the end. */
TOC_CHECKED toc_status rd_input_read(toc_ctx *ctx, rd_input *input, char *bytes, size_t n, size_t *got);
/* Whether blocks can be read in any order: an uncompressed regular file. */
bool rd_input_anywhere(const rd_input *input);
/* The bytes from `ahead` bytes behind the place where rd_input_read goes on; may run in several threads. */
TOC_CHECKED toc_status rd_input_read_ahead(toc_ctx *ctx, const rd_input *input, uint64_t ahead, char *bytes, size_t n, size_t *got);
/* Bytes that are left, where blocks can be read in any order. */
TOC_CHECKED toc_status rd_input_left(toc_ctx *ctx, const rd_input *input, uint64_t *n);
/* Bytes of the file; 0 where blocks cannot be read in any order. */
uint64_t rd_input_size(const rd_input *input);
/* Goes on n bytes later. */
void rd_input_skip(rd_input *input, size_t n);
/* The hash of one block of RD_BLOCK bytes (the last may be shorter) joins the content's. */
void rd_input_hash_add(rd_input *input, uint64_t block_hash, size_t n);
void rd_input_hash(const rd_input *input, char hex[33]);

/* ---- decode.c ---- */
#define RD_NO_TEXT "\xff"          /* stands where bytes were no text: a byte that UTF-8 never has, so that the record is found to be faulty */
#define RD_REPLACEMENT "\357\277\275" /* U+FFFD, for people */
/* Converts a file piece by piece. Zero is none. */
typedef struct {
    iconv_t iconv;
    bool open;
    size_t unit;     /* bytes left out where something is no text */
    char held[16];   /* the first bytes of a character that goes on in the next piece */
    size_t n_held;
} rd_decoder;
/* False for an unknown name. */
bool rd_decoder_start(rd_decoder *decoder, const char *encoding);
void rd_decoder_end(rd_decoder *decoder);
/* Appends a piece as UTF-8, each stretch that is no text as `no_text`. */
TOC_CHECKED toc_status rd_decoder_feed(toc_ctx *ctx, rd_decoder *decoder, toc_str bytes, bool last, const char *no_text, toc_buf *utf8);
/* One character of n bytes; returns the bytes of UTF-8, 0 where it is none. */
size_t rd_decoder_one(rd_decoder *decoder, const char *bytes, size_t n, char *utf8, size_t room);
/* Appends bytes of the named encoding as UTF-8; each stretch that is no text becomes `no_text`. TOC_E_USAGE for an unknown name. */
TOC_CHECKED toc_status rd_decode(toc_ctx *ctx, const char *encoding, toc_str bytes, const char *no_text, toc_buf *utf8);
/* Bytes of the original file that n bytes of text stand for, which rd_decode made of that encoding; NULL = they are the file's. */
uint64_t rd_original_bytes(const char *encoding, const char *bytes, size_t n);

/* ---- charset.c ---- */
typedef enum { RD_UTF8, RD_UTF16LE, RD_UTF16BE, RD_GB18030, RD_BIG5, RD_SHIFT_JIS, RD_WINDOWS_1252, RD_OTHER } rd_charset;
typedef struct {
    rd_charset charset;
    size_t bom;       /* bytes of the byte order mark */
    bool ascii;       /* nothing but ASCII seen: the charset may still turn out to be another */
    const char *what; /* not NULL: no text; what it looks like */
    bool format;      /* another format, known by its first bytes */
} rd_sniffed;
/* delimiter: the one that was given, 0 = none. */
rd_sniffed rd_sniff_charset(toc_str head, bool whole, char delimiter);
/* The charset of bytes that are not valid UTF-8. */
rd_charset rd_sniff_legacy(toc_str bytes);
/* The first byte that does not fit the shape of GB18030, or n. */
size_t rd_gb18030_valid(toc_str bytes);
const char *rd_charset_name(rd_charset charset);  /* shown */
const char *rd_charset_iconv(rd_charset charset); /* for iconv */
/* By any of its usual names; RD_OTHER where it is none of these. */
rd_charset rd_charset_of(const char *name);

/* ---- sniff.c ---- */
typedef struct {
    char delimiter, line_end;
    char quote;         /* 0 = none */
    size_t skip;        /* lines in front of the header, or of the first record where there is none */
    size_t skip_bytes;  /* the same in the text given */
    size_t columns;     /* of most records */
    bool header;
} rd_layout;
/* By the first bytes of a file as UTF-8 (`whole`: all of it), and what is given. */
rd_layout rd_sniff_layout(toc_str head, bool whole, const rd_dialect *given);
/* The next field of a line (a record on one line): cut off *rest, without blanks and quotes around; false when nothing is left. */
bool rd_cut_cell(toc_str *rest, char delimiter, char quote, toc_str *cell);
/* Whether a cell has anything but blanks and quotes in it; and the number of such cells of a line, with that of all in *n. */
size_t rd_filled_cells(toc_str line, char delimiter, char quote, size_t *n);

/* ---- trailer.c ---- */
/* The lines after the last row: totals, counts, rules. tail: the last bytes of a file (they may begin inside a line, if `begins` is false), in the
 * charset. *at: place of the first such line, tail.n where there is none; *n_lines. given >= 0: the number of lines, blank ones not counted. */
TOC_CHECKED toc_status rd_find_trailer(toc_ctx *ctx, const rd_layout *layout, rd_charset charset, toc_str tail, bool begins, int64_t given, size_t *at,
                                       size_t *n_lines);

/* ---- scan.c ---- */
/* The bytes that decide about fields are these two, line feeds and carriage returns. */
typedef struct {
    char delimiter, quote;
} rd_special;
/* Appends the places of the special bytes in bytes[begin, end), ascending, to places (n so far), which has room for end - begin + RD_SCAN_SPARE more; returns
 * their new number. breaks (as much room) gets the index in places of each one that is no delimiter; *n_breaks is counted up. *seen gets bit 0 for NUL
 * bytes, bit 1 for bytes above 0x7f. */
typedef size_t rd_scan_fn(const char *bytes, size_t begin, size_t end, rd_special special, uint32_t *places, size_t n, uint32_t *breaks, size_t *n_breaks,
                          unsigned *seen);
enum { RD_SCAN_SPARE = 16 };
/* "avx512", "avx2", "sse2" or "plain"; NULL = the best of this CPU. NULL where the CPU has no such kernel. */
rd_scan_fn *rd_scan_kernel(const char *name);
size_t rd_count_byte(const char *bytes, size_t n, char c);
/* The same, and whether all bytes are ASCII. */
bool rd_survey(const char *bytes, size_t n, char c, size_t *count);

/* ---- parse.c: the bytes of a batch as records ---- */
#define RD_WINDOW ((size_t)32 << 10) /* bytes scanned at a time: their positions stay in the cache */

/* Walks the special bytes of a batch, its `ends`. */
typedef struct {
    uint32_t breaks[RD_WINDOW + RD_SCAN_SPARE]; /* of the last window: which of the ends are no delimiters */
    size_t at, at_break, n_breaks;
    size_t scanned; /* up to here */
    unsigned seen;
} rd_walker;

typedef struct {
    struct csv_parser csv;
    rd_scan_fn *scan;
    rd_walker *walker;
    char line_end;     /* '\n', or '\r' in files that know no other */
    char quote;        /* 0 = none */
    char delimiter;
    size_t max_field;
    bool libcsv_only;  /* tests: no record is split without it */
} rd_parser;
/* The settings below csv are the caller's. */
TOC_CHECKED toc_status rd_parser_init(toc_ctx *ctx, rd_parser *parser);
void rd_parser_release(rd_parser *parser);
/* Parses the complete records of bytes[begin, end) into the batch, at the end of the file all of them. *used: first byte not consumed; *lines: line
 * ends consumed. */
TOC_CHECKED toc_status rd_parse(toc_ctx *ctx, rd_parser *parser, rd_batch *batch, bool last, size_t *used, size_t *lines);

/* ---- set.c: pieces of the file parsed side by side ---- */
typedef struct {
    rd_batch batch;
    rd_parser parser;
    uint64_t text;         /* place of the batch's first byte in the text */
    size_t data, n_data;   /* new bytes: bytes[data, data + n_data) */
    size_t n_quotes;       /* in [batch.begin, data + n_data) */
    uint64_t hash;         /* of the new bytes */
    bool ascii;            /* the new bytes are */
    bool last;             /* nothing comes after it */
    size_t used, lines;    /* what was parsed */
} rd_piece;

/* ---- reader.c ---- */
struct rd_reader {
    const char *path;      /* shown in messages */
    rd_input *input;
    rd_parser parser;      /* of the header; the pieces' have its settings */
    rd_charset charset;
    const char *encoding;  /* iconv name */
    bool ascii_so_far;
    bool charset_given;
    rd_layout layout;
    rd_decoder decoder;    /* open = all of the file is turned into UTF-8 first */
    bool transcoded;
    bool end;              /* of the text: all of it is in carry or was handed out */
    bool hash;
    size_t batch_bytes;
    bool direct;           /* the text is read from the file where it is wanted; else through `ahead` */
    toc_buf ahead;         /* text that is not asked for yet, from ahead_at on: the last RD_TAIL bytes are known before they are read */
    size_t ahead_at;
    bool input_end;
    uint64_t text;         /* bytes of text in front of carry */
    uint64_t body;         /* where the first record may begin in the text */
    uint64_t given_out;    /* bytes of text in front of ahead */
    int64_t trailer_given; /* lines; negative = found out */
    uint64_t trailer;      /* where the trailer begins in the text; UINT64_MAX = none seen yet */
    size_t n_trailer;      /* its lines */
    toc_buf carry;         /* bytes read but not parsed: those from carry_at on */
    size_t carry_at;
    size_t growth;         /* doublings of the next piece: its record was longer */
    size_t line;           /* of carry's first byte */
    uint64_t offset;       /* of carry's first byte in the file */
    rd_piece *pieces;      /* made by the first rd_next_set */
    size_t n_pieces;
    rd_ready *ready;       /* of the last set */
    size_t n_ready, at_ready;
    toc_str *header;
    size_t n_header;
    toc_arena arena;
};

/* ---- text.c: the bytes of a file as text ---- */
/* Opens the text: charset, layout; `carry` holds its beginning, after the lines to skip. */
TOC_CHECKED toc_status rd_open_text(toc_ctx *ctx, rd_reader *reader, const rd_dialect *given);
/* Fills up to n bytes; *got < n only at the end. */
TOC_CHECKED toc_status rd_read_text(toc_ctx *ctx, rd_reader *reader, char *bytes, size_t n, size_t *got);
/* Appends the next block to carry. */
TOC_CHECKED toc_status rd_read_block(toc_ctx *ctx, rd_reader *reader);
/* Records that belong to the trailer get the fault. text: place of the batch's first byte. */
void rd_mark_trailer(const rd_reader *reader, rd_batch *batch, uint64_t text);

/* ---- reader.c ---- */
/* Faults of bytes and of field counts. */
void rd_judge_records(const rd_reader *reader, rd_batch *batch);
/* The fields of a batch as UTF-8. */
TOC_CHECKED toc_status rd_decode_fields(toc_ctx *ctx, const rd_reader *reader, rd_batch *batch);
/* What the first bytes that are not ASCII say about the charset. */
void rd_settle_charset(rd_reader *reader, toc_str bytes);
void rd_release_pieces(rd_reader *reader);

#endif
