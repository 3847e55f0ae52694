/* dossier.h: one case on a page: who, what looks wrong with the numbers behind it, the pictures, the orders to open, what speaks against it. */
#ifndef DOS_DOSSIER_H
#define DOS_DOSSIER_H

#include "base/base.h"
#include "fraud/fraud.h"
#include "warn/warn.h"

/* A line in a section's picture: n values at equal steps of time. NaN leaves a gap. */
typedef struct {
    const char *name;
    double *values;
    size_t n;
} dos_series;

/* A section has a heading, perhaps a sentence, and a table or a picture. Texts and arrays live in the dossier's arena. */
typedef struct {
    const char *heading;
    const char *lead;      /* NULL = none */
    const char **columns;  /* n_columns names; 0 = no table */
    size_t n_columns;
    const char **cells;    /* n_rows x n_columns, row by row */
    size_t n_rows;
    dos_series *series;
    size_t n_series;
    const char *x_first, *x_last; /* labels below the picture's ends */
} dos_section;

typedef struct {
    const char *entity_kind; /* "merchant" */
    const char *entity;
    const char *title;
    int64_t as_of;
    warn_item verdict;       /* score, level, reasons (worst first), action, facts */
    bool has_verdict;
    dos_section *sections;   /* heap */
    size_t n_sections, cap_sections;
    toc_arena arena;
} dos_dossier;

void dos_init(dos_dossier *dossier, const char *entity_kind);
void dos_release(dos_dossier *dossier);
/* A new section at the end; valid until the next one. lead may be NULL. */
TOC_CHECKED toc_status dos_add_section(toc_ctx *ctx, dos_dossier *dossier, const char *heading, const char *lead, dos_section **section);
/* Gives a section its table: n_rows x n_columns cells, all "" until dos_set_cell. columns: n_columns names, which must outlive the dossier. */
TOC_CHECKED toc_status dos_table(toc_ctx *ctx, dos_dossier *dossier, dos_section *section, const char *const *columns, size_t n_columns, size_t n_rows);
TOC_CHECKED toc_status dos_set_cell(toc_ctx *ctx, dos_dossier *dossier, dos_section *section, size_t row, size_t column, const char *fmt, ...)
    TOC_PRINTF(6, 7);
/* Adds a line of n values (copied) to a section's picture. */
TOC_CHECKED toc_status dos_add_series(toc_ctx *ctx, dos_dossier *dossier, dos_section *section, const char *name, const double *values, size_t n);

/* The case of one merchant from an analysis: numbers beside its peers, the course of orders, refunds and ratings, keys its buyers share, copied
 * reviews side by side, orders to open first, what speaks against fraud. Contacts are masked unless show_personal. TOC_E_USAGE names a few ids there are when
 * there is no such merchant before T. */
TOC_CHECKED toc_status dos_merchant(toc_ctx *ctx, const fraud_analysis *analysis, const char *merchant_id, bool show_personal, dos_dossier *dossier);

#endif
