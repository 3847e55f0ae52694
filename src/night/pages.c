/* pages.c: what changed since the night before, and the reports of a night. */
#include "night/night_int.h"

#include "report/report.h"
#include "table/table.h"

static toc_status remember_list(toc_ctx *ctx, const warn_list *list, sto_warning **kept, size_t *n, size_t *cap)
{
    for (size_t i = 0; i < list->n_items; i++) {
        const warn_item *item = &list->items[i];
        if (item->level < WARN_WARNING) continue; /* notices come and go by the thousand */
        TOC_TRY(toc_grow(ctx, kept, cap, *n + 1, sizeof **kept));
        (*kept)[(*n)++] = (sto_warning){ .id = item->id,
                                         .question = list->question,
                                         .entity_kind = item->entity_kind,
                                         .entity = item->entity,
                                         .score = item->score,
                                         .level = (int)item->level };
    }
    return TOC_OK;
}

/* "since the night of 2026-01-01: 3 new, 1 worse, 2 resolved (M17, M20)", for one question. */
static toc_status note_changes(toc_ctx *ctx, const night_state *n, warn_list *list)
{
    size_t counts[4] = {0};
    char date[16];

    if (n->night_before == TOC_NO_TIME) return TOC_OK;
    for (size_t i = 0; i < n->n_changes; i++)
        if (!strcmp(n->changes[i].now.question, list->question)) counts[n->changes[i].kind]++;
    date[toc_format_date(ctx, n->night_before, date)] = 0;
    return warn_note(ctx, list,
                     "since the night of %s, of warnings and critical ones: %zu new, %zu worse, %zu better, %zu resolved", date,
                     counts[STO_NEW], counts[STO_WORSE], counts[STO_BETTER], counts[STO_RESOLVED]);
}

toc_status night_remember(toc_ctx *ctx, night_state *n)
{
    sto_warning *kept = NULL;
    size_t count = 0, cap = 0;
    toc_status st = TOC_OK;

    for (size_t q = 0; q < NIGHT_N_QUESTIONS && !st; q++) st = remember_list(ctx, &n->lists[q], &kept, &count, &cap);
    if (!st) st = sto_warnings_put(ctx, n->store, n->as_of, kept, count);
    if (!st) st = sto_warnings_changes(ctx, n->store, n->as_of, &n->night_before, &n->changes, &n->n_changes);
    for (size_t q = 0; q < NIGHT_N_QUESTIONS && !st; q++)
        if (n->answered[q]) st = note_changes(ctx, n, &n->lists[q]);
    toc_free(kept);
    return st;
}

static const char *level_text(int level)
{
    return level < 0 ? "" : warn_level_name((warn_level)level);
}

static toc_status write_changes(toc_ctx *ctx, const night_state *n)
{
    const char *path;
    toc_out out;
    char number[40];

    TOC_TRY(night_path(ctx, n->temporary, "changes.csv", &path));
    TOC_TRY(toc_out_open(ctx, path, true, &out));
    toc_out_str(&out, "question,change,entity_kind,entity,level,level_before,score,score_before,first_seen,id\n");
    for (size_t i = 0; i < n->n_changes; i++) {
        const sto_change *c = &n->changes[i];
        bool gone = c->kind == STO_RESOLVED;
        toc_out_printf(&out, "%s,%s,%s,", c->now.question, sto_change_name(c->kind), c->now.entity_kind);
        tab_csv_field(&out, toc_str_of(c->now.entity));
        toc_out_printf(&out, ",%s,%s,", gone ? "" : level_text(c->now.level), level_text(c->level_before));
        if (!gone) toc_out_write(&out, number, toc_format_double(c->now.score, number));
        toc_out_str(&out, ",");
        toc_out_write(&out, number, toc_format_double(c->score_before, number));
        toc_out_str(&out, ",");
        toc_out_write(&out, number, toc_format_time(c->first_seen, number));
        toc_out_str(&out, ",");
        tab_csv_field(&out, toc_str_of(c->now.id));
        toc_out_str(&out, "\n");
    }
    return toc_out_close(ctx, &out);
}

/* One question in every format. */
static toc_status write_list(toc_ctx *ctx, const night_state *n, const warn_list *list)
{
    static const rep_format formats[] = { REP_CSV, REP_JSON, REP_HTML };

    for (size_t f = 0; f < TOC_COUNT(formats); f++) {
        const char *path;
        TOC_TRY(
            toc_arena_printf(ctx, &ctx->arena, &path, "%s/%s.%s", n->temporary, list->question, rep_format_names[formats[f]]));
        TOC_TRY(rep_write_file(ctx, list, 0, formats[f], path));
    }
    return TOC_OK;
}

static toc_status write_front(toc_ctx *ctx, const night_state *n)
{
    static const rep_link links[] = {
        { "Churn, all warnings", "churn.html" },         { "as CSV", "churn.csv" },
        { "Fraud, all warnings", "fraud.html" },         { "as CSV", "fraud.csv" },
        { "Inventory, all warnings", "inventory.html" }, { "as CSV", "inventory.csv" },
        { "What changed since the night before", "changes.csv" }, { "How it was made", "manifest.json" },
    };
    const warn_list *lists[NIGHT_N_QUESTIONS];
    const char *path;
    toc_out out;

    for (size_t q = 0; q < NIGHT_N_QUESTIONS; q++) lists[q] = &n->lists[q];
    TOC_TRY(night_path(ctx, n->temporary, "index.html", &path));
    TOC_TRY(toc_out_open(ctx, path, true, &out));
    toc_status st = rep_write_night(ctx, lists, NIGHT_N_QUESTIONS, (size_t)n->options->top, links, TOC_COUNT(links), &out);
    if (!st) return toc_out_close(ctx, &out);
    toc_out_abandon(&out);
    return st;
}

toc_status night_write_pages(toc_ctx *ctx, night_state *n)
{
    for (size_t q = 0; q < NIGHT_N_QUESTIONS; q++) TOC_TRY(write_list(ctx, n, &n->lists[q]));
    TOC_TRY(write_changes(ctx, n));
    return write_front(ctx, n);
}
