/* ingest.h: raw exports in, canonical shop tables out. Every command that is given a CSV file reads it through here. */
#ifndef ING_INGEST_H
#define ING_INGEST_H

#include "shop/shop.h"

typedef struct {
    const char *kind;      /* "orders" ...: what the file must be; NULL = recognised by its header */
    const char *currency;  /* of amounts whose export names none; "" when NULL */
    toc_out *rejects;      /* refused rows as CSV: file,line,byte_offset,column,code,message,raw; NULL = counted only */
    const char *encoding;  /* NULL = found out */
} ing_options;

/* What became of the rows of one file. accepted + duplicate + rejected = rows. */
typedef struct {
    const char *file;      /* lives in ctx->arena, as all texts here */
    const char *platform;  /* "shopify", "canonical", ... */
    shop_kind kind;
    size_t rows, accepted, duplicate, rejected;
    size_t returns;        /* accepted rows that give goods back */
    const char **missing;  /* canonical columns that this export lacks and a report would be better with */
    size_t n_missing;
    const char **unmapped; /* columns of the export that were not used */
    size_t n_unmapped;
} ing_summary;

/* Reads n files ("-" is stdin) together, so that pairs join (order list and item list, Olist's five), and appends to `shop` (shop_init done).
 * summaries (n, caller's) say what became of each. A refused row is counted and written to rejects, not an error.
 * Errors: TOC_E_IO (a file cannot be read), TOC_E_DATA (empty, binary, unknown header: names the nearest platform and what is missing). */
TOC_CHECKED toc_status ing_read(toc_ctx *ctx, const char *const *paths, size_t n, const ing_options *options, shop_data *shop, ing_summary *summaries);

#endif
