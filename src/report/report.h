/* report.h: warnings and dossiers as CSV, JSON, text and one self-contained HTML page.
 *
 * The first three kinds open with the backtest; CSV has none, so that pipes stay clean. A stamp (version, arguments, time) stands in JSON,
 * text and HTML unless ctx->no_stamp. HTML needs no network and no JavaScript; with JavaScript its tables can be searched and sorted. All
 * input is escaped: HTML entities in pages, control characters and damaged UTF-8 in pages and text, formulas in CSV cells. */
#ifndef REP_REPORT_H
#define REP_REPORT_H

#include "base/base.h"
#include "dossier/dossier.h"
#include "warn/warn.h"

typedef enum { REP_CSV, REP_JSON, REP_TEXT, REP_HTML } rep_format;
bool rep_format_of(toc_str name, rep_format *format); /* "csv", "json", "text", "html" */
/* The names, NULL-terminated, for an option's choices. */
extern const char *const rep_format_names[];

/* Writes a list; top = items written (0 = all). The caller closes `out`. Errors: TOC_E_NOMEM. */
TOC_CHECKED toc_status rep_write(toc_ctx *ctx, const warn_list *list, size_t top, rep_format format, toc_out *out);

/* Opens path ("-" or NULL = stdout; a file gets mode 0600), writes the list, closes. */
TOC_CHECKED toc_status rep_write_file(toc_ctx *ctx, const warn_list *list, size_t top, rep_format format, const char *path);

/* Reads warnings back from the JSON that rep_write makes ("-" = stdin), appended to `list` (warn_list_init done; its texts live in
 * its arena). Numbers come back to 15 digits. Errors: TOC_E_IO, TOC_E_NOMEM, TOC_E_DATA (no JSON: names line and column; not
 * schema 1, a member of the wrong kind, a warning without id, entity or level: names it; warnings whose facts differ in name). */
TOC_CHECKED toc_status rep_read_json(toc_ctx *ctx, const char *path, warn_list *list);
/* The same from memory; path is for messages. */
TOC_CHECKED toc_status rep_parse_json(toc_ctx *ctx, toc_str document, const char *path, warn_list *list);

/* A dossier as text, JSON or HTML; CSV is TOC_E_USAGE. */
TOC_CHECKED toc_status rep_write_dossier(toc_ctx *ctx, const dos_dossier *dossier, rep_format format, toc_out *out);

/* A link of the front page. */
typedef struct {
    const char *text, *href;
} rep_link;
/* The front page of a night: all questions on one page, each with its head, backtest and worst `top` warnings; then links to the full reports. */
TOC_CHECKED toc_status rep_write_night(toc_ctx *ctx, const warn_list *const *lists, size_t n_lists, size_t top, const rep_link *links, size_t n_links,
                                       toc_out *out);

/* What columns say about a target, as `tocsin gain` found it; texts are borrowed. */
typedef struct {
    const char *label;    /* "1.5 to 3", "red", "missing" */
    const double *counts; /* n_classes: rows, or their weight */
    bool left;            /* of the split */
} rep_gain_bar;
typedef struct {
    const char *name, *split, *note; /* split: "<= 3", "red, green | the others" */
    double gain, corrected, gain_ratio, q_value; /* NaN = none */
    const rep_gain_bar *bars;
    size_t n_bars;
} rep_gain_column;
typedef struct {
    const char *target;
    const char *const *classes; /* n_classes */
    size_t n_classes, n_rows;
    double entropy;
    const rep_gain_column *columns; /* the one that says most first */
    size_t n_columns, n_left_out;
} rep_gain_page;
/* One self-contained HTML page with a table of the columns and a picture of each split. */
void rep_write_gain(toc_ctx *ctx, const rep_gain_page *page, toc_out *out);

#endif
