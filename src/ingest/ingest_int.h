/* ingest_int.h: platform maps as data, and what the files of ingest share.
 *
 * A map says how one export of one platform becomes rows of one canonical table: which header fills which column and how its text is read. Maps
 * are written as text (src/ingest/maps, compiled in; or a user's file), one format for both, tocsin-formats(5); mapfile.c reads them. Sides are
 * other files of the same export whose columns are joined to each record by a key (the order list behind an item list). */
#ifndef ING_INGEST_INT_H
#define ING_INGEST_INT_H

#include "ingest/ingest.h"
#include "reader/reader.h"

/* How the text of a cell is read. */
typedef enum {
    ING_PLAIN,    /* by the type of the canonical column */
    ING_STATUS,   /* a status word of any platform and language (maps/statuses.map) */
    ING_FLOAT_ID, /* an id that went through a table of floats: 17850.0 */
    ING_SUM,      /* a whole number, added to what other headers gave */
    ING_POSITIVE, /* an amount whose sign does not matter (refunds written as -12.00); 0 is missing */
    ING_DAY,      /* a day, from the six digits yymmdd that an id begins with */
    ING_SYMBOL,   /* the currency that an amount is written with: £12.00, US $3 */
    ING_CONST,    /* `header` is the value itself, for rows that have none from a header above */
} ing_how;

enum {
    ING_CARRY = 1, /* filled on the first row of an order only; later rows of the order repeat it */
    ING_ONCE = 2,  /* of the whole order, written on each of its rows; counts on the first */
    ING_SHARE = 4, /* of the whole record; each of its lines gets an even share */
    ING_UTC = 8,   /* a time in UTC where it names no offset */
    ING_OWN = 16,  /* only from the file itself, not from one that is joined */
};

/* A header may name the map of the side that has it: header@map. Headers that make one text, with '-' between those that are
 * not empty, stand in one string with this between. */
#define ING_PLUS '\x1f'
/* In a header: any number; fields of one number make one line. As a value: the number of the line within its record. */
#define ING_NUMBER "{n}"

/* Several fields may fill one column: the first that is not empty does. */
typedef struct {
    const char *header; /* folded (ing_fold): lower case, single blanks */
    const char *column;
    ing_how how;
    unsigned flags;
    const char *part; /* "sku" = what stands behind "sku:" in "sku:A1|quantity:2"; NULL = the whole text */
    const char *not;  /* a text that means nothing here; NULL = none */
    char split;       /* one value for each line of the record, cut by this; 0 = one value */
} ing_field;

/* Another file of the export: its row whose `their_key` equals our `our_key` (headers of the record or of an earlier side). */
typedef struct {
    const char *map; /* name of the side's map */
    const char *our_key, *their_key;
    const char *no_match; /* code of the refusal of records without a match; NULL = such records are fine */
    const char *less;     /* our key begins with this, which is cut off; one that does not matches nothing; NULL = as it is */
    bool each;            /* every matching row makes a line of its own */
} ing_join;

/* Rows that are refused: where the header's text is (or, `unless`, is not) one of the values; without values, where it is not empty. */
typedef struct {
    const char *code, *header;
    bool unless;
    const char *const *values;
    size_t n_values;
} ing_refusal;

typedef struct ing_load ing_load;

/* Why a row is refused; code NULL = it is not. */
typedef struct {
    const char *code;
    const char *column; /* canonical name, "" = the row */
    char message[160];
} ing_reject;

/* What a platform needs beyond cells; a map asks for it by name. May refuse the row. */
typedef struct {
    const char *name;
    shop_kind kind;
    toc_status (*apply)(toc_ctx *ctx, ing_load *load, size_t row, ing_reject *reject);
} ing_rule;

typedef struct {
    const char *name;     /* "shopify" ..., shown in summaries */
    const char *title;    /* in words, for messages */
    shop_kind kind;
    const char *const *signature; /* headers that must be there (alternatives joined by '|'), NULL-terminated */
    const ing_field *fields;
    size_t n_fields;
    const ing_join *joins;
    size_t n_joins;
    const char *needs;     /* maps (joined by '|') of files without one of which this one means nothing */
    const char *yields_to; /* when a file of one of those maps (joined by '|') is there, this one is only its side */
    const char *currency;  /* of all amounts, where the export names none */
    const char *carry_key; /* header whose change begins a new order (ING_CARRY) */
    const ing_refusal *refusals;
    size_t n_refusals;
    const char *const *empty; /* texts that mean nothing ("-"); n_empty */
    size_t n_empty;
    const ing_rule *const *rules; /* in the order they are applied; n_rules */
    size_t n_rules;
    const char *source;    /* the file that holds the map, and the line it begins; NULL for canonical ones */
    size_t line;
} ing_map;

/* ---- mapfile.c: maps from text ---- */

/* A file of maps as the Makefile compiles it in: its lines, NULL-terminated. */
typedef struct {
    const char *name;
    const char *const *lines;
} ing_map_text;
extern const ing_map_text ing_builtin_maps[]; /* made from src/ingest/maps/ by make; ends with a NULL name */

/* All maps of a run, and what platforms call the states of an order. Zero is empty; everything but the pool lives in ctx->arena. Not changed
 * once it is made, so threads may share it. */
typedef struct ing_book {
    const ing_map **maps; /* in the order of preference: the user's, canonical ones, platforms */
    size_t n_maps, cap_maps, n_own; /* n_own of them the user's */
    toc_pool words;       /* folded */
    shop_status *status;  /* by code of the word; SHOP_NO_STATUS = a word that says nothing */
    size_t cap_status;
} ing_book;

/* The maps that are compiled in, and before them those of the file `path` (NULL = none). Errors: TOC_E_IO, TOC_E_DATA (what is wrong with the file,
 * by line), TOC_E_NOMEM. */
TOC_CHECKED toc_status ing_book_open(toc_ctx *ctx, const char *path, ing_book *book);
void ing_book_release(ing_book *book);
/* Adds the maps and status words of a text. */
TOC_CHECKED toc_status ing_book_parse(toc_ctx *ctx, ing_book *book, const char *name, toc_str text);

/* ---- rules.c ---- */
/* The rule of that name, or NULL. */
const ing_rule *ing_rule_named(toc_str name);

/* ---- maps.c ---- */
extern const ing_map *const ing_canonical_maps[]; /* NULL-terminated */

/* A header as maps spell it: ASCII lower case, blanks at the ends dropped and inner ones single, in the context's arena. */
TOC_CHECKED toc_status ing_fold(toc_ctx *ctx, toc_str header, toc_str *folded);
/* The best map whose signature is complete, or NULL; kind NULL = any. */
const ing_map *ing_fitting(const ing_book *book, const toc_str *folded, size_t n, const shop_kind *kind);
/* Fails with TOC_E_DATA that names the nearest map and what the header lacks of it. */
TOC_CHECKED toc_status ing_unknown(toc_ctx *ctx, const ing_book *book, const char *path, const toc_str *folded, size_t n, const shop_kind *kind);
const ing_map *ing_map_named(const ing_book *book, toc_str name);

/* ---- status.c ---- */
/* Makes a platform's word mean a status (SHOP_NO_STATUS: the word says nothing). A word that is known already keeps its meaning. */
TOC_CHECKED toc_status ing_status_add(toc_ctx *ctx, ing_book *book, toc_str word, shop_status status);
/* The canonical status of a platform's word, SHOP_NO_STATUS for one that says nothing; false where unknown. */
bool ing_status_of(const ing_book *book, toc_str word, shop_status *status);

/* ---- clean.c ---- */
/* Without what spreadsheets wrap ids in: ="123", a leading ' or `, tabs. */
toc_str ing_clean_id(toc_str text);
/* 1******6198, t***1, ##...: what a platform shows instead of a person's data. Many persons share such a text, so it is no identity. */
bool ing_is_masked(shop_domain domain, toc_str text);
/* 2.02E+18: a number that a spreadsheet rounded; the id is lost. */
bool ing_damaged_id(toc_str text);
/* Whether an id is a number with more digits than a spreadsheet keeps; *zeros: all digits beyond are 0, as it would leave them. */
bool ing_long_id(toc_str text, bool *zeros);
/* Whether texts of a domain are identities. */
bool ing_is_id(shop_domain domain);
/* Text without HTML and control characters; points into `text` or `buf`. */
TOC_CHECKED toc_status ing_clean_text(toc_ctx *ctx, toc_str text, toc_buf *buf, toc_str *clean);

/* ---- join.c: a file as a side of another ---- */
typedef struct {
    const ing_map *map;
    const char *path;
    tab_table table;
    toc_str *folded;     /* its headers */
    toc_pool keys;       /* of the joins, as ids are cleaned */
    uint32_t *first;     /* row + 1 by code of the key */
    uint32_t *next;      /* row + 1 of the next row with the same key, 0 = none */
    bool *used;          /* first rows of keys that were joined */
} ing_side;
TOC_CHECKED toc_status ing_side_load(toc_ctx *ctx, const char *path, const ing_map *map, const char *key, const ing_options *options,
                                     ing_side *side);
void ing_side_release(ing_side *side);
/* Row of a key, or SIZE_MAX. */
size_t ing_side_find(const ing_side *side, toc_str key);
/* How many rows have the key of the row that was found; 0 for SIZE_MAX. */
size_t ing_side_count(const ing_side *side, size_t row);
/* Column of a folded header, or NULL. */
const tab_column *ing_side_column(const ing_side *side, toc_str header);
/* Adds one of the texts that make a key or an id, cleaned as ids are, with '-' between those that are not empty. */
TOC_CHECKED toc_status ing_join_text(toc_ctx *ctx, toc_buf *joined, toc_str text);

/* ---- load.c: the records of one file into rows ---- */

/* Where a header's text is found. */
typedef struct {
    size_t at;                 /* place in the record; SIZE_MAX = from a side */
    size_t side;               /* number of the join */
    const tab_column *const *theirs; /* one for each file of that join, NULL where it has no such header; NULL = not from a side */
} ing_place;

enum { ING_MAX_PLACES = 8 }; /* headers that make one text */

typedef struct {
    const ing_field *field;
    size_t column;             /* canonical */
    ing_place places[ING_MAX_PLACES];
    size_t n_places;           /* 0 = a value of the map itself */
    size_t group;              /* the line it belongs to; 0 = all */
    size_t slot;               /* its place among the groups' numbers */
    bool direct;               /* one place in the record, and its text is what it says */
    size_t dmy, mdy, unclear;  /* what its dates look like */
    size_t long_ids, zero_ids; /* ing_long_id, and of them with zeros */
    toc_date_order date_order;
    size_t commas, points, either; /* what its amounts look like */
    rd_decimal_given decimal;      /* RD_FIND_DECIMAL = each amount by itself */
    toc_buf carried;
    uint32_t last_code;        /* of the row before: exports repeat themselves */
    char last_time[32];
    size_t last_time_n;
    int64_t last_instant;
} ing_bound;

typedef struct {
    const ing_join *join;
    ing_side **sides;          /* the files of that map; n_sides */
    size_t n_sides;
    size_t which;              /* of them has the matching row */
    ing_place key[ING_MAX_PLACES];
    size_t n_key;
    size_t found;              /* first matching row for the current record, SIZE_MAX = none */
    size_t row;                /* the one of the current line */
} ing_link;

/* The lines of one record. */
typedef struct {
    bool several;              /* records of this file may hold more than one */
    ing_link *each;            /* its rows are lines; or NULL */
    const ing_bound *split;    /* says by its pieces how many lines there are; or NULL */
    size_t *numbers, n_numbers; /* of groups in the header, ascending */
    size_t *present, n_present; /* those of the current record */
    size_t n, at;              /* lines of the record, and the current one from 0 */
    size_t number;             /* of the current one: its group, else from 1 */
    bool cut;                  /* the text of the field at hand is one of several pieces */
    char text[24];             /* the number as text */
} ing_lines;

/* The arrays of one canonical column; good until rows are added. */
typedef struct {
    uint32_t *codes; /* NULL where the column holds integers */
    int64_t *ints;
} ing_cells;

/* What lies far from the usual in one column: how many cells, and the furthest of them. */
enum { ING_SHOWN_OUTLIERS = 8 };
typedef struct {
    size_t n, n_shown;
    double z[ING_SHOWN_OUTLIERS];
    int64_t record[ING_SHOWN_OUTLIERS]; /* number in the file, from 1 */
} ing_outliers;

/* What is remembered of the rows of a file, to tell repeats: the one thing in ingest that runs from row to row. */
typedef struct {
    toc_map first;    /* what names a row -> row + 1 of the first so named */
    toc_map variants; /* hash of all cells -> row + 1, of the names that came more than once */
    toc_map counts;   /* name -> rows, of the lines without an id that came more than once */
} ing_rows;

typedef struct ing_profile ing_profile;
typedef struct ing_masking ing_masking;

enum { ING_MAX_LINKS = 8, ING_MAX_COLUMNS = 48 };

struct ing_load {
    rd_reader *reader;
    const char *path;          /* and how it was opened */
    rd_options reading;
    const ing_map *map;
    const ing_book *book;
    const ing_options *options;
    shop_data *shop;
    ing_summary *summary;
    ing_bound *bound;
    size_t n_bound;
    ing_link links[ING_MAX_LINKS];
    size_t n_links;
    bool only_side;            /* only say which rows were used by others */
    ing_side *self;            /* this file as a side of them; NULL = nobody asked */
    ing_place self_key[ING_MAX_PLACES]; /* of its key in the record */
    size_t n_self_key;
    size_t currency_at;        /* bound field that gives the currency; SIZE_MAX = none */
    size_t carry_key;          /* place in the record; SIZE_MAX = none */
    toc_buf carry_text;
    bool has_carry;
    bool decimal_comma;
    uint32_t currency;         /* code of the currency of rows that name none */
    uint32_t target;           /* of the currency that amounts are converted to; 0 = none */
    uint32_t paid_in[ING_MAX_CURRENCIES]; /* codes of the currencies of accepted rows, in the order of the summary */
    bool same_currency;        /* where a row's currency is written like this, it is that of the row before */
    char last_currency[3];
    uint32_t digits_of;        /* currency code of the row before, and its digits */
    int digits;
    ing_cells cells[ING_MAX_COLUMNS];
    bool past[ING_MAX_COLUMNS]; /* shop_tells_past */
    size_t required[ING_MAX_COLUMNS], n_required, times[ING_MAX_COLUMNS], n_times; /* columns that rows must have, and those that hold times */
    ing_outliers outliers[ING_MAX_COLUMNS];
    ing_masking *masking;      /* heap; NULL without --mask */
    ing_profile *profile;      /* heap; NULL where no report is wanted */
    size_t n_columns;
    size_t first_row;          /* of the canonical table that came from this file */
    ing_rows seen;
    toc_buf scratch, joined;
    ing_lines lines;
    size_t n_records;
    ing_place *refused_by;     /* of the map's refusals; at SIZE_MAX and no side = the header is not there */
    bool continues;            /* the record goes on with the order of the record before */
};

/* The places of a header, or of several with ING_PLUS between (at most ING_MAX_PLACES), in the record, else in the sides; their number *n_places is
 * 0 when not all are there. */
TOC_CHECKED toc_status ing_find_places(toc_ctx *ctx, const ing_load *load, const char *header, const toc_str *folded, size_t n, ing_place *places,
                                       size_t *n_places);
/* Reads all records of load->reader. The caller has set reader, map, book, options, shop, summary, links, only_side and self. */
TOC_CHECKED toc_status ing_load_file(toc_ctx *ctx, ing_load *load, const toc_str *folded, size_t n_header);
void ing_load_release(ing_load *load);
/* ---- weigh.c: order of day and month, decimal marks ---- */
/* Batches of a pipe that were read before it was known how to read their cells. Zero is none. */
typedef struct {
    toc_spool spool;
    bool used;
    uint64_t at; /* of the next batch */
} ing_aside;
/* Decides for each bound field by the first batch and, where it takes more, by all of the file. What a pipe held is then in `aside`, from the first batch
 * on. again: the reader hands out the first batch once more. */
TOC_CHECKED toc_status ing_decide(toc_ctx *ctx, ing_load *load, const rd_batch *first, bool again, ing_aside *aside);
/* The next batch put aside; n = 0 after the last. */
TOC_CHECKED toc_status ing_aside_next(toc_ctx *ctx, ing_aside *aside, rd_batch *batch);
void ing_aside_release(ing_aside *aside);
/* Whether the decimal mark of an amount is the comma; *open: that cannot be told. */
bool ing_decimal_comma(const ing_load *load, const ing_bound *b, toc_str text, bool *open);
/* ", decimal comma, dates day first"; "" where there is nothing to say. */
void ing_decided_text(const ing_load *load, char *buf, size_t room);
/* Whether a path can be read again. */
bool ing_is_file(const char *path);
/* Whether a record is of separators only, as spreadsheets leave below a table: it is no row. */
bool ing_is_blank(const rd_batch *batch, const rd_record *record);
/* Makes cells point to the arrays of the table, after rows were added. */
void ing_find_cells(ing_load *load);
/* Counts a row of a currency, by its code in load->shop, or with sign -1 takes it back. */
void ing_count_currency(ing_load *load, uint32_t code, int sign);
/* Counts an accepted row in the summary, or with sign -1 takes it back. */
void ing_count(ing_load *load, size_t row, int sign);
/* Copies one row of the table over another. */
void ing_move_row(ing_load *load, size_t from, size_t to);
/* The steps of ing_load_file that callers with records of their own need: the columns that the map's fields mean; the currency of rows that name none,
 * in the dictionaries of load->shop. */
TOC_CHECKED toc_status ing_load_bind(toc_ctx *ctx, ing_load *load, const toc_str *folded, size_t n);
TOC_CHECKED toc_status ing_load_currency(toc_ctx *ctx, ing_load *load);
/* Writes a line of the trailer to the rejects. It is no row, so it is not counted as one. */
TOC_CHECKED toc_status ing_leave_out(toc_ctx *ctx, const ing_load *load, const rd_batch *batch, const rd_record *record);
/* Counts a refused record and writes it to the rejects. */
TOC_CHECKED toc_status ing_refuse(toc_ctx *ctx, ing_load *load, const rd_batch *batch, const rd_record *record, const ing_reject *reject);

/* ---- repeats.c: equal rows, lines seen again, and ids for lines that have none ---- */
/* Judges row `row`, whose cells are filled: gives it a line id, made of `line`, where it has none, counts repeats and states, and says whether it is
 * to be left out as a duplicate. Rows must come in the order of the file. */
TOC_CHECKED toc_status ing_seen(toc_ctx *ctx, ing_load *load, size_t row, uint64_t line, bool *duplicate);
void ing_seen_release(ing_rows *seen);
/* Names an order line by what does not change in its life: ids, title, quantity, prices, time. Of texts and values only, so the same for any file,
 * chunk and order of rows. */
uint64_t ing_line_hash(const shop_data *shop, size_t row);
/* The same of the hashes of its order, merchant, product and title (0 where empty) and the values of its row. */
uint64_t ing_name_hash(const uint64_t texts[4], const shop_orders *orders, size_t row);
/* The id of a line so named: `h` and 48 bits of the name, not NUL-terminated. */
enum { ING_LINE_ID = 13 };
void ing_line_id(uint64_t name, char *id);

/* ---- lines.c: several lines in one record ---- */
/* The number where a header has the pattern's number mark; false where it is not of the pattern. */
bool ing_header_number(const char *pattern, toc_str header, size_t *number);
/* What makes lines in this file, from the bound fields and links. */
TOC_CHECKED toc_status ing_lines_bind(toc_ctx *ctx, ing_load *load);
/* How many lines a record holds, at least 1; the first is chosen. */
TOC_CHECKED toc_status ing_lines_count(toc_ctx *ctx, ing_load *load, const rd_batch *batch, const rd_record *record, size_t *n);
/* Makes line k (from 0) of the record the current one. */
void ing_lines_choose(ing_load *load, size_t k);
/* What a field's text means for the current line. Borrowed from `text` or from load. */
toc_str ing_line_text(ing_load *load, const ing_field *field, toc_str text);
/* The current line's share of what is of the whole record. goods: a count of goods, at least 1. */
int64_t ing_line_share(const ing_load *load, int64_t whole, bool goods);
void ing_lines_release(ing_lines *lines);

/* ---- late.c: dates in the future of the export ---- */
/* Times of a column from a day on are too late; the others end on day `end`. Days since 1990-01-01. */
typedef struct {
    size_t column;
    int64_t from, end;
} ing_late;
enum { ING_LATE_DAYS = 110 * 366 };
/* The day of a time from 1990 to 2099. */
int64_t ing_late_day(int64_t instant);
/* The limits that rows a day tell, by column (NULL = not a time of the past); room for ING_MAX_COLUMNS. */
void ing_late_limits(const ing_load *load, uint32_t *const *days, ing_late *limits, size_t *n);
/* number: of the record, where its text cannot be shown; 0 else. */
void ing_late_reject(shop_kind kind, const ing_late *limit, int64_t at, uint64_t number, ing_reject *reject);
/* Refuses the accepted rows of the file that lie far after all others, at its end. Nothing where known_at tells. */
TOC_CHECKED toc_status ing_refuse_late(toc_ctx *ctx, ing_load *load);

/* ---- outliers.c ---- */
bool ing_wants_outliers(const ing_load *load);
/* What prices and quantities are compared within, from the hashes of product and currency (0 = none). */
static inline uint64_t ing_group_of(uint64_t product, uint64_t currency) { return toc_mix(product ^ toc_mix(currency)); }
/* The same of a row of the shop; 0 for other kinds than orders. */
uint64_t ing_outlier_group(const ing_load *load, size_t row);
/* Puts the values of an accepted row aside; record: its number in the file, from 1. values: initialised with ING_VALUES. */
enum { ING_VALUES = 1 << 21 };
TOC_CHECKED toc_status ing_outliers_add(toc_ctx *ctx, const ing_load *load, toc_runs *values, size_t row, uint64_t group, int64_t record);
/* Flags the outliers among them, at the file's end, in load->outliers and the summary. */
TOC_CHECKED toc_status ing_find_outliers(toc_ctx *ctx, ing_load *load, toc_runs *values);
/* All of it for the rows of the file that are in the shop. */
TOC_CHECKED toc_status ing_find_outliers_of_rows(toc_ctx *ctx, ing_load *load);

/* ---- profile.c: what each column of a file held ---- */
/* Takes the cells of n batches into load->profile, made when there is none; columns are shared among the threads. */
TOC_CHECKED toc_status ing_profile_batches(toc_ctx *ctx, ing_load *load, const rd_ready *batches, size_t n);
/* A row a column; after ing_find_outliers, before the reader is closed. */
void ing_profile_write(ing_load *load, toc_out *out);
void ing_profile_free(ing_profile *profile);

/* ---- mask.c: personal data out of what leaves ---- */
#define ING_HIDDEN "[masked]" /* in place of what may be of a person */
/* Makes load->masking for options->mask. */
TOC_CHECKED toc_status ing_masking_new(toc_ctx *ctx, ing_load *load);
void ing_masking_free(ing_masking *masking);
/* After the dictionaries of the shop were emptied. */
void ing_masking_forget(ing_masking *masking);
/* The personal cells of a row as pseudonyms. */
TOC_CHECKED toc_status ing_mask_row(toc_ctx *ctx, ing_load *load, size_t row);
/* What a reject file may show of a record, and of why it was refused. Borrowed until the next call. */
TOC_CHECKED toc_status ing_mask_record(toc_ctx *ctx, ing_load *load, const rd_batch *batch, const rd_record *record, toc_str *raw);
TOC_CHECKED toc_status ing_mask_message(toc_ctx *ctx, ing_load *load, const ing_reject *reject, const char **message);
/* Whether the least and greatest cell of a column may be a person's; bound: what reads it, NULL = nobody; most: its greatest number. */
bool ing_mask_hides_range(const ing_load *load, const ing_bound *bound, double most);

/* ---- rows.c: one record into one row ---- */
/* *line: what names an order line without a line id (ing_line_hash), of its amounts as the export has them. */
TOC_CHECKED toc_status ing_convert(toc_ctx *ctx, ing_load *load, const rd_batch *batch, const rd_record *record, size_t row, uint64_t *line,
                                   ing_reject *reject);
/* Finds the rows of the sides for the current line of a record; may refuse it. */
TOC_CHECKED toc_status ing_match_sides(toc_ctx *ctx, ing_load *load, const rd_batch *batch, const rd_record *record, ing_reject *reject);
/* The text that places make for a record, with '-' between several. Borrowed from the batch, or from `joined` until the next call. */
TOC_CHECKED toc_status ing_text_at(toc_ctx *ctx, ing_load *load, const ing_place *places, size_t n, const rd_batch *batch, const rd_record *record,
                                   toc_str *text);
/* The text a bound field finds for the current line of a record. */
TOC_CHECKED toc_status ing_bound_text(toc_ctx *ctx, ing_load *load, const ing_bound *bound, const rd_batch *batch, const rd_record *record,
                                      toc_str *text);
/* Makes all cells of a row missing again. */
void ing_blank_row(ing_load *load, size_t row);

/* ---- stream.c, names.c, csv.c: a file as canonical CSV without its rows in memory ---- */

/* What tells a row from others: hashes of its name (repeats.c) and of its cells, a line id that is not the export's left out. */
typedef struct {
    uint64_t name, cells;
    bool again; /* equal rows may be two things */
} ing_row_key;
/* The key of row `row`, whose cells are filled; an order line without an id gets that of the first of its name. line: ing_convert's; columns: all that have
 * a value in some row of the batch. */
TOC_CHECKED toc_status ing_row_key_of(toc_ctx *ctx, ing_load *load, size_t row, uint64_t line, uint64_t columns, ing_row_key *key);

/* ---- plain.c: order lines that need no change ---- */
typedef enum {
    ING_PLAIN_NONE,
    ING_PLAIN_ID,
    ING_PLAIN_TEXT,
    ING_PLAIN_STATUS,
    ING_PLAIN_CURRENCY,
    ING_PLAIN_COUNT,
    ING_PLAIN_AMOUNT,
    ING_PLAIN_TIME,
} ing_plain_how;
typedef struct {
    ing_plain_how how;
    size_t at;          /* place in the record */
    size_t bound;       /* field of the load */
    shop_domain domain;
} ing_plain_cell;
typedef struct {
    uint64_t columns;   /* of the file (1 << place in the schema); 0 = no line of this file is plain */
    uint64_t required;
    size_t line_id, currency, named[4]; /* places; named: those that ing_name_hash wants */
    ing_plain_cell cells[ING_MAX_COLUMNS];
    size_t customer;    /* place */
    uint64_t packed;    /* columns of rows that become packed (shards.c), 0 = they become canonical CSV */
} ing_plain;
/* What can be plain in a file, once it is decided how its values are read. */
void ing_plain_find(const ing_load *load, ing_plain *plain);
typedef struct {
    toc_buf *text;
    ing_row_key *key;
    uint64_t filled;    /* columns with a value, the line id among them */
    uint32_t id_end;    /* where the line id ends in the text, 0 = it is the export's own */
    uint64_t group;     /* as ing_outlier_group has it */
    uint64_t owner;     /* as ing_owner has it */
} ing_plain_text;
/* Appends a record as a row, packed or of `columns`, which have the line id and are more than none, and puts its numbers, times and currency into row `row`, which is
 * blank. *done false: it is not plain, or line->filled names columns with a value that are not among them; text and row are as they were. */
TOC_CHECKED toc_status ing_plain_line(toc_ctx *ctx, ing_load *load, const ing_plain *plain, const rd_batch *batch, const rd_record *record, size_t row,
                                      uint64_t columns, ing_plain_text *line, bool *done);

/* ---- shards.c: order lines by customer ---- */
/* The packed rows of a shard, none of them over two chunks. */
typedef struct ing_chunk {
    struct ing_chunk *before;
    size_t first;       /* rows of the shard before its first */
    char bytes[];
} ing_chunk;
typedef struct {
    ing_chunk *last;
    char *to;           /* the next row */
    uint32_t left, cap; /* bytes behind it, and of the chunk */
    size_t n;           /* rows */
} ing_rows_of;

struct ing_shards {
    uint64_t columns;   /* that rows may have: 1 << place in the schema */
    ing_rows_of *rows;  /* by shard; a power of two of them */
    size_t n;
    shop_day *days;     /* of all rows */
    bool states;        /* some line has more than one */
    bool mixed;         /* rows are not all in the one currency, or in none */
};
TOC_CHECKED toc_status ing_shards_new(toc_ctx *ctx, uint64_t columns, ing_shards **shards);
/* Chooses the number of shards; before the first row. expected: rows that there may be, 0 = nobody knows; it may be wrong. */
TOC_CHECKED toc_status ing_shards_begin(toc_ctx *ctx, ing_shards *shards, size_t expected);
/* What tells the shard of an order line: the hash of its customer, or where there is none of its order (0 where empty). */
static inline uint64_t ing_owner_of(uint64_t customer, uint64_t order) { return toc_mix(customer ? customer : order); }
uint64_t ing_owner(const shop_data *shop, size_t row);
/* Appends row `row` of an order table, packed: which of the columns have a value (8 bytes), then these: integers 8 bytes, texts their length (a byte, or 255
 * and four) and their bytes. *id_end: where the line id ends, 0 = it has none. */
TOC_CHECKED toc_status ing_pack_row(toc_ctx *ctx, const shop_data *shop, uint64_t columns, size_t row, toc_buf *text, uint32_t *id_end);
static inline char *ing_pack_text(char *to, toc_str text)
{
    const uint32_t n = (uint32_t)text.n;

    *to++ = (char)(n < 255 ? n : 255);
    if (n >= 255) {
        memcpy(to, &n, sizeof n);
        to += sizeof n;
    }
    memcpy(to, text.p, n);
    return to + n;
}
/* Adds a packed row of n bytes. k > 1: it is the k-th of its name, and its line id, of ING_LINE_ID bytes, ends at id_end. */
TOC_CHECKED toc_status ing_shards_add(toc_ctx *ctx, ing_shards *shards, uint64_t owner, int64_t at, const char *row, size_t n, size_t id_end, uint64_t k);

/* Rows put aside together. */
typedef struct {
    uint64_t at;        /* in the spool */
    uint64_t columns;   /* of the text: 1 << place in the schema */
    uint64_t filled;    /* those with a value in any row */
    size_t n, first_row, n_text;
} ing_block;

struct ing_csv {
    shop_kind kind;
    bool whole;         /* the rows are in shop */
    shop_data shop;
    uint64_t columns;   /* with a value in any row */
    toc_spool spool;
    ing_block *blocks;
    size_t n_blocks, cap_blocks, n_rows;
    ing_row_key *keys;  /* of the block read last */
    size_t cap_keys, cached;
    ing_shards *shards; /* where the rows go, and only their keys here; NULL = they stay here */
};
TOC_CHECKED toc_status ing_csv_new(toc_ctx *ctx, ing_csv **csv);
/* Puts the rows of a block aside (n, columns, n_text): keys and record numbers (n), starts (n + 1) of the rows in the text. Where the rows go to shards,
 * the keys alone. */
TOC_CHECKED toc_status ing_csv_add(toc_ctx *ctx, ing_csv *csv, const ing_block *block, const ing_row_key *keys, const uint32_t *records,
                                   const uint32_t *starts, const char *text);
/* The key of a row that was put aside. */
TOC_CHECKED toc_status ing_csv_key(toc_ctx *ctx, ing_csv *csv, size_t row, ing_row_key *key);
/* Refuses the late rows of the file whose blocks begin at first_block. days: rows a day from 1990-01-01 on, by column; NULL = not a time of the past. */
TOC_CHECKED toc_status ing_csv_refuse_late(toc_ctx *ctx, ing_csv *csv, size_t first_block, ing_load *load, uint32_t *const *days);

enum { ING_NAME_PARTS = 8 };
typedef struct {
    uint64_t *slots;
    uint32_t n, cap;
} ing_name_part;
typedef struct {
    ing_name_part parts[ING_NAME_PARTS];
    toc_map counts;   /* of names that came again: how often */
    toc_map variants; /* cells that differ from the first row's of their name */
    size_t first_row; /* of the file */
    const ing_row_key *keys; /* of the batch at hand */
    size_t n_keys;
    uint64_t loaded;  /* what was fetched ahead; nobody reads it */
} ing_names;
typedef struct {
    bool equal;       /* to an earlier row of its name */
    uint64_t k;       /* the k-th of its name among those that are kept */
    uint64_t *again;  /* NULL for the first; else to be counted up where the row is kept. Valid until the next call */
} ing_named;
/* expected: rows that there may be, so that the table need not grow; it may be wrong. */
TOC_CHECKED toc_status ing_names_init(toc_ctx *ctx, ing_names *names, size_t first_row, size_t expected);
void ing_names_release(ing_names *names);
/* A batch of n rows comes; those that are kept go to the csv behind those that are there. */
void ing_names_begin(ing_names *names, const ing_row_key *keys, size_t n);
/* Row i of it, before which `kept` of the batch's rows were kept: keys[0, kept) are theirs. */
TOC_CHECKED toc_status ing_names_add(toc_ctx *ctx, ing_names *names, ing_csv *csv, size_t i, size_t kept, ing_named *named);

typedef struct ing_stream ing_stream;
/* As ing_load_file, into csv; bound, with its currency settled, without sides, carried columns and records of several lines. */
TOC_CHECKED toc_status ing_stream_file(toc_ctx *ctx, ing_load *load, ing_csv *csv);

#define ING_REJECT(reject, code_, column_, ...) \
    ((reject)->code = (code_), (reject)->column = (column_), (void)snprintf((reject)->message, sizeof (reject)->message, __VA_ARGS__))

#endif
