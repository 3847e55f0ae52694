/* dossier.c: building a dossier. */
#include "dossier/dossier.h"

#include <stdarg.h>

void dos_init(dos_dossier *dossier, const char *entity_kind)
{
    *dossier = (dos_dossier){ .entity_kind = entity_kind, .as_of = TOC_NO_TIME };
    dossier->verdict.money_minor = TOC_NO_MONEY;
}

void dos_release(dos_dossier *dossier)
{
    if (!dossier) return;
    toc_free(dossier->sections);
    toc_arena_release(&dossier->arena);
    *dossier = (dos_dossier){0};
}

toc_status dos_add_section(toc_ctx *ctx, dos_dossier *dossier, const char *heading, const char *lead, dos_section **section)
{
    dos_section fresh = {0};

    TOC_TRY(toc_grow(ctx, &dossier->sections, &dossier->cap_sections, dossier->n_sections + 1, sizeof fresh));
    TOC_TRY(toc_arena_copy(ctx, &dossier->arena, heading, strlen(heading), &fresh.heading));
    if (lead) TOC_TRY(toc_arena_copy(ctx, &dossier->arena, lead, strlen(lead), &fresh.lead));
    *section = &dossier->sections[dossier->n_sections++];
    **section = fresh;
    return TOC_OK;
}

toc_status dos_table(toc_ctx *ctx, dos_dossier *dossier, dos_section *section, const char *const *columns, size_t n_columns, size_t n_rows)
{
    const char **names, **cells;
    size_t n_cells;

    TOC_TRY(toc_mul_size(ctx, n_rows, n_columns, &n_cells));
    TOC_TRY(toc_arena_alloc(ctx, &dossier->arena, n_columns, sizeof *names, &names));
    TOC_TRY(toc_arena_alloc(ctx, &dossier->arena, n_cells, sizeof *cells, &cells));
    for (size_t j = 0; j < n_columns; j++) names[j] = columns[j];
    for (size_t i = 0; i < n_cells; i++) cells[i] = "";
    section->columns = names;
    section->n_columns = n_columns;
    section->cells = cells;
    section->n_rows = n_rows;
    return TOC_OK;
}

toc_status dos_set_cell(toc_ctx *ctx, dos_dossier *dossier, dos_section *section, size_t row, size_t column, const char *fmt, ...)
{
    va_list args;
    toc_buf text = {0};
    char small[256];

    TOC_ASSERT(row < section->n_rows && column < section->n_columns);
    va_start(args, fmt);
    int n = vsnprintf(small, sizeof small, fmt, args);
    va_end(args);
    if (n < 0) return toc_fail(ctx, TOC_E_BUG, "bad format \"%s\"", fmt);
    const char **cell = &section->cells[row * section->n_columns + column];
    if ((size_t)n < sizeof small) return toc_arena_copy(ctx, &dossier->arena, small, (size_t)n, cell);
    TOC_TRY(toc_grow(ctx, &text.p, &text.cap, (size_t)n + 1, 1));
    va_start(args, fmt);
    vsnprintf(text.p, text.cap, fmt, args);
    va_end(args);
    toc_status st = toc_arena_copy(ctx, &dossier->arena, text.p, (size_t)n, cell);
    toc_buf_release(&text);
    return st;
}

toc_status dos_add_series(toc_ctx *ctx, dos_dossier *dossier, dos_section *section, const char *name, const double *values, size_t n)
{
    dos_series *grown, fresh = { .name = name, .n = n };

    TOC_TRY(toc_arena_alloc(ctx, &dossier->arena, n, sizeof *fresh.values, &fresh.values));
    if (n) memcpy(fresh.values, values, n * sizeof *values);
    TOC_TRY(toc_arena_alloc(ctx, &dossier->arena, section->n_series + 1, sizeof *grown, &grown));
    if (section->n_series) memcpy(grown, section->series, section->n_series * sizeof *grown);
    grown[section->n_series++] = fresh;
    section->series = grown;
    return TOC_OK;
}
