/* table.h: typed columns in memory, what every analytic room reads and hands on, and the writers of CSV.
 *
 * A table owns its columns. Text is dictionary-coded (base/map.h pools): code 0 is the empty string and means missing. A missing number
 * is NaN, a missing integer or time INT64_MIN. Feature tables are an id column, F64 columns, and perhaps label columns. */
#ifndef TAB_TABLE_H
#define TAB_TABLE_H

#include "base/base.h"

typedef enum {
    TAB_F64,  /* double; NaN = missing */
    TAB_I64,  /* int64_t; INT64_MIN = missing */
    TAB_TIME, /* int64_t microseconds UTC; TOC_NO_TIME = missing */
    TAB_TEXT, /* uint32_t code of the column's pool; 0 = missing */
} tab_type;

#define TAB_NO_INT INT64_MIN

typedef struct {
    const char *name; /* lives in the table */
    tab_type type;
    union {
        double *f64;
        int64_t *i64;   /* TAB_I64 and TAB_TIME */
        uint32_t *code; /* TAB_TEXT */
        void *values;
    };
    toc_pool *pool; /* TAB_TEXT: owned by the column unless `borrowed` */
    bool borrowed;
} tab_column;

typedef struct {
    size_t n_rows, n_cols;
    tab_column *columns;
    size_t cap_cols;
    toc_arena arena; /* names */
} tab_table;

/* An empty table of n_rows rows. */
void tab_init(tab_table *table, size_t n_rows);
void tab_release(tab_table *table);

/* Adds a column, filled with missing values. `pool` for TAB_TEXT: borrowed when given, else the column gets its own. *column is valid until the
 * next column is added. Errors: TOC_E_NOMEM. */
TOC_CHECKED toc_status tab_add(toc_ctx *ctx, tab_table *table, const char *name, tab_type type, toc_pool *pool, tab_column **column);
/* The column of that name, or NULL. */
tab_column *tab_find(const tab_table *table, const char *name);
/* The column of that name, or TOC_E_USAGE that lists the names there are and the nearest one. */
TOC_CHECKED toc_status tab_need(toc_ctx *ctx, const tab_table *table, const char *name, const tab_column **column);
/* Text of one cell as CSV shows it (numbers by toc_format_double, times by toc_format_time); borrowed until the next call with the same buf,
 * which holds at least 40 bytes. */
toc_str tab_cell(const tab_column *column, size_t row, char *buf);
/* Whether a cell may be one of a column of numbers: a decimal number or blank (*value is NaN), not with a leading zero such as 007. */
bool tab_number(toc_str cell, double *value);
/* Turns every TAB_TEXT column whose non-missing cells are all decimal numbers into TAB_F64, columns with a leading zero such as 007 and
 * those named in keep (n_keep names) excepted. */
TOC_CHECKED toc_status tab_infer(toc_ctx *ctx, tab_table *table, const char *const *keep, size_t n_keep);

/* Makes a TAB_TEXT column one of numbers (n_rows, from toc_alloc), which it takes over. */
void tab_make_numbers(tab_column *column, double *values);

/* Keeps the columns of these names, in this order, and drops the others. A name that is not there is TOC_E_USAGE as of tab_need; one that comes twice
 * too. */
TOC_CHECKED toc_status tab_select(toc_ctx *ctx, tab_table *table, const char *const *names, size_t n);

/* Writes header and rows as RFC 4180 CSV with LF line ends; a cell is quoted only where it needs it. On all threads; the same bytes for any number of
 * them. What the file does not take is kept for toc_out_close. Errors: TOC_E_NOMEM. */
TOC_CHECKED toc_status tab_write_csv(toc_ctx *ctx, const tab_table *table, toc_out *out);
/* One CSV field, quoted where needed (comma, quote, CR, LF, or leading/trailing blank). */
void tab_csv_field(toc_out *out, toc_str text);
/* The same, appended to a buffer. */
TOC_CHECKED toc_status tab_csv_add(toc_ctx *ctx, toc_buf *buf, toc_str text);

#endif
