/* ingest.h: raw exports in, canonical shop tables out. Every command that is given a CSV file reads it through here. */
#ifndef ING_INGEST_H
#define ING_INGEST_H

#include "reader/reader.h"
#include "shop/shop.h"

typedef struct {
    const char *kind;      /* "orders" ...: what the file must be (of several files: is preferred); NULL = recognised by its header */
    const char *currency;  /* of amounts whose export names none; "" when NULL */
    const shop_rates *rates; /* orders and payments are converted to their target, at the date of the order or payment; NULL = not */
    toc_out *rejects;      /* refused rows as CSV: file,line,byte_offset,column,code,message,raw; NULL = counted only */
    rd_dialect dialect;    /* zero = found out */
    const char *map;       /* a file of maps that go before those that are compiled in, tocsin-formats(5); NULL = none */
    const struct ing_book *book; /* all maps, where they were read before; map is not read then; NULL = not */
    int64_t known_at;      /* when the export was made: what happened more than a day later is refused; 0 = nobody said */
    bool refuse_late;      /* where known_at is not given, the file itself tells which rows are in its future, and they are refused */
    bool outliers;         /* are looked for */
    toc_out *report;       /* what each column of the files held, as CSV (ing_report_header), written file by file; NULL = not looked at */
    const struct txt_mask *mask; /* personal data becomes pseudonyms by this key, everywhere: tocsin-ingest(1); NULL = it stays */
    bool drop_repeats;     /* repeats are left out as duplicates */
} ing_options;

enum { ING_MAX_CURRENCIES = 8 };

/* What became of the rows of one file. accepted + duplicate + rejected = rows; a record that holds several lines of an order counts as so many, one
 * of separators only as none. */
typedef struct {
    const char *file;      /* lives in ctx->arena, as all texts here */
    const char *platform;  /* "shopify", "canonical", ... */
    const char *title;     /* in words: "Shopify orders" */
    const char *hash;      /* of the content, 32 hex digits */
    const char *layout;    /* what was found out of its form: "UTF-8, delimiter ;, quote \", header on line 1, decimal comma" */
    shop_kind kind;
    bool side;             /* its columns went into the rows of another file; accepted = rows that were used so */
    size_t rows, accepted, duplicate, rejected;
    size_t damaged;        /* of the rejected: records that could not be read at all (quotes, encoding, NUL bytes, too long) */
    const char *first_damage; /* file, line and reason of the first of them; NULL */
    size_t returns;        /* accepted rows that give goods back */
    size_t repeats;        /* accepted rows that equal an earlier one in every cell, and have no id that would tell them to be the same */
    size_t states;         /* accepted rows of an order line seen before in the file, with other cells: its later state */
    size_t outliers;       /* cells of accepted rows far from the usual, with options->outliers: see tocsin-ingest(1) */
    const char *outlier_text; /* "quantity 2 (record 17 4)"; NULL = none */
    size_t masked;         /* values left out because the platform shows stars instead of a person's data */
    size_t pseudonyms, found_in_texts; /* with options->mask: cells replaced, and what was replaced within texts */
    size_t rounded;        /* telephone numbers and keys left out because a spreadsheet rounded them */
    size_t damaged_ids;    /* of the rejected: rows with an id that a spreadsheet rounded (2.02E+18) */
    const char *zero_ids;  /* canonical columns all of whose long ids end in zeros, perhaps rounded too; NULL = none */
    struct {
        const char *code;  /* "EUR" */
        size_t rows;       /* accepted orders or payments in it */
    } currencies[ING_MAX_CURRENCIES]; /* the first that came; later ones count with the last */
    size_t n_currencies;
    const char **missing;  /* canonical columns that this export lacks and a report would be better with */
    size_t n_missing;
    const char **unmapped; /* columns of the export that were not used */
    size_t n_unmapped;
} ing_summary;

/* file,column,canonical,type,rows,missing,unreadable,distinct,minimum,maximum,outliers,outlier_records; tocsin-ingest(1) says what they mean. */
void ing_report_header(toc_out *out);
/* Reads n files ("-" is stdin) together, so that pairs join (order list and item list, Olist's five), and appends to `shop` (shop_init done).
 * summaries (n, caller's) say what became of each. A refused row is counted and written to rejects, not an error.
 *   A row is in the future of its export, and refused, when a time of what happened lies more than a day after known_at; where that is not given, with
 * refuse_late, when fewer than one row in a thousand lies 30 days (a time other than the row's own: 366 days) after all others of the file.
 *   A row is a duplicate when an earlier row of the same file became the same cells, all of them, and its ids say that it is the same thing; the
 * first is kept. Rows of kinds that happen more than once (order lines without line_id, reviews without review_id, events) are kept: repeats.
 *   An order line without line_id gets one: h, 12 hex digits of a hash of what does not change in the life of the line (order, merchant, product,
 * title, quantity, prices, discount, time), and from the second such line of the order on -2, -3 ... So the same file read again gives the
 * same ids, and of overlapping exports the larger count stands.
 * Errors: TOC_E_IO (a file cannot be read), TOC_E_DATA (empty, header only, binary, unknown header: names the nearest platform and what is missing;
 * a file whose partner is missing), TOC_E_USAGE (a kind or encoding that does not exist). */
TOC_CHECKED toc_status ing_read(toc_ctx *ctx, const char *const *paths, size_t n, const ing_options *options, shop_data *shop,
                                ing_summary *summaries);
/* How a file stands beside the others of its folder. */
typedef enum {
    ING_STANDS,       /* ing_read takes it with the others that stand */
    ING_LACKS_PARTNER, /* it means nothing without a file that is not among those that stand */
    ING_NO_ROWS,      /* a header, and nothing below it but perhaps a trailer */
} ing_standing;
/* Says so of each of n files (standing[n], the caller's), by header and first rows. titles[i], in ctx->arena, is what a file is in words, of one that
 * lacks its partner with " without " and what would do behind it. Errors: those of ing_read but for files that do not stand. */
TOC_CHECKED toc_status ing_standings(toc_ctx *ctx, const char *const *paths, size_t n, const ing_options *options, ing_standing *standing,
                                     const char **titles);
/* Drafts a map from the header of a file ("-" is stdin), for a person to check: columns are guessed by name. Of options, kind, map and dialect count.
 * Errors: as rd_open, and those of the map file. */
TOC_CHECKED toc_status ing_draft(toc_ctx *ctx, const char *path, const ing_options *options, toc_out *out);
/* How many rows may be refused. */
typedef struct {
    const char *text;   /* as given, borrowed; NULL = no limit was given */
    bool share;         /* most is thousandths of a percent of all rows, not rows */
    int64_t most;
} ing_limit;
/* "100" or "0.5%". NULL gives no limit. Errors: TOC_E_USAGE for what is neither, or above 100 %. */
TOC_CHECKED toc_status ing_limit_of(toc_ctx *ctx, const char *text, ing_limit *limit);
/* The same, to be written as canonical CSV: rows of one kind (options->kind, or the only one there is), put aside where they are many. Memory grows by 8
 * bytes a row, not by its cells, but for exports whose records need each other (joined files, orders over several rows). Errors: those of ing_read; TOC_E_USAGE where the files hold several kinds. */
typedef struct ing_csv ing_csv;
TOC_CHECKED toc_status ing_read_csv(toc_ctx *ctx, const char *const *paths, size_t n, const ing_options *options, ing_csv **csv, ing_summary *summaries);
/* The bytes that ing_read and shop_write_csv would give. */
TOC_CHECKED toc_status ing_csv_write(toc_ctx *ctx, const ing_csv *csv, toc_out *out);
void ing_csv_free(ing_csv *csv);
/* The same for a caller that takes the rows of each kind in passing: csvs[kind] has those of one kind, NULL where there are none. Where rows cannot be put
 * aside so, all are appended to `shop` (shop_init done), and there are no csvs. */
TOC_CHECKED toc_status ing_read_apart(toc_ctx *ctx, const char *const *paths, size_t n, const ing_options *options, shop_data *shop,
                                      ing_csv *csvs[SHOP_N_KINDS], ing_summary *summaries);
/* Rows that were put aside, block by block and as often as wanted; csv is borrowed until close. Different slots (< n_slots) may be used at the same time. */
typedef struct ing_back ing_back;
TOC_CHECKED toc_status ing_back_open(toc_ctx *ctx, const ing_csv *csv, size_t n_slots, ing_back **back);
size_t ing_back_blocks(const ing_back *back);
uint64_t ing_back_columns(const ing_back *back); /* with a value in any row */
/* The k-th block; good until the next call for the slot. Errors: TOC_E_IO, TOC_E_NOMEM. */
TOC_CHECKED toc_status ing_back_read(toc_ctx *ctx, const ing_back *back, size_t slot, size_t k, shop_block *block);
void ing_back_close(ing_back *back);

/* The order lines of a file in shards, each with all lines of its customers (of lines without a customer, of its orders), in memory by their cells alone.
 * Shards can be read as often as wanted, and at the same time. */
typedef struct ing_shards ing_shards;
/* Reads one file as ing_read does. columns: those wanted of SHOP_ORDERS (1 << place in the schema), order and line id among them; the others are left out.
 * *shards is NULL where the records need each other or are of another kind: then the rows are in `shop` (shop_init done), with all columns. */
TOC_CHECKED toc_status ing_read_shards(toc_ctx *ctx, const char *path, const ing_options *options, uint64_t columns, ing_shards **shards, shop_data *shop,
                                       ing_summary *summary);
size_t ing_shards_count(const ing_shards *shards);
bool ing_shards_have_states(const ing_shards *shards); /* some line has several rows, shop_keep_newest chooses */
bool ing_shards_mix_currencies(const ing_shards *shards); /* or some rows name one and others do not */
const shop_day *ing_shards_days(const ing_shards *shards); /* of all rows; borrowed */
size_t ing_shard_rows(const ing_shards *shards, size_t shard);
/* Appends the rows of a shard to `shop`; with n_blank (shop_renew) in place of the order lines that are there, which were a shard's. Line ids can be compared
 * within an order only: codes that differ may have equal texts. */
TOC_CHECKED toc_status ing_shard_load(toc_ctx *ctx, const ing_shards *shards, size_t shard, shop_data *shop, size_t *n_blank);
/* Gives its memory back; it is empty then. */
void ing_shard_release(ing_shards *shards, size_t shard);
void ing_shards_free(ing_shards *shards);

/* One canonical file of order lines ("-" is stdin), record by record, for callers that read plain records from the batches of its reader themselves and
 * hand over only the others, so that there is one judge of what a value is. Repeats are not looked for: canonical files are as ingest wrote them. */
typedef struct ing_feed ing_feed;
/* Only the named columns (NULL-terminated) are looked at. *feed is NULL, without an error, where the file is another export of orders. Errors: as
 * ing_read. */
TOC_CHECKED toc_status ing_feed_open(toc_ctx *ctx, const char *path, const ing_options *options, const char *const *columns, ing_feed **feed);
rd_reader *ing_feed_reader(const ing_feed *feed); /* borrowed; before its first batch */
/* Appends a record's row to shop->orders, or refuses the record. */
TOC_CHECKED toc_status ing_feed_take(toc_ctx *ctx, ing_feed *feed, const rd_batch *batch, const rd_record *record, shop_data *shop);
/* Whether ingest takes the text for an id just as it stands: up to 15 bytes without blanks, signs and marks that spreadsheets, masks and rounding leave
 * (beyond ASCII those begin with the bytes C2, E2, E3 and EF). False does not mean that it is none. */
bool ing_plain_id(toc_str text);
/* n records were good, and the caller's. */
void ing_feed_count(ing_feed *feed, size_t n);
/* For ing_judge; borrowed. */
const ing_summary *ing_feed_summary(const ing_feed *feed);
void ing_feed_close(ing_feed *feed);

/* Says on stderr what was refused, with -v also what was read, and judges it: TOC_E_DATA when more rows were refused than the limit allows, or, without
 * a limit (max_rejects NULL or none given), when any record was damaged (an unclosed quote ...) or no row at all was accepted; always when a file held no
 * row, but a header and perhaps a trailer or separators. */
TOC_CHECKED toc_status ing_judge(toc_ctx *ctx, const ing_summary *summaries, size_t n, const ing_limit *max_rejects, const char *rejects_path);

#endif
