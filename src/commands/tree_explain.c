/* tree_explain.c: "tocsin tree explain", what each column of a row added to its score, as numbers and in words. */
#include "commands/commands.h"
#include "commands/tree_command.h"

#include <math.h>

enum { ROWS_AT_ONCE = 4096, REASONS = 3 };

typedef struct {
    const tree_model *model;
    const tab_table *table;
    const char *const *names; /* p */
    const tab_column **columns;
    size_t p, top;
    uint32_t *order;          /* min(p, top) columns of the row that moved it most, those first */
    size_t n_ordered;
    const char *const *classes; /* of more than two, else NULL */
    size_t said;
    toc_out *out;
} telling;

/* The columns that moved a row's score most; of equals the first. */
static void rank(telling *t, const double *phi)
{
    size_t most = TOC_MIN(t->top, t->p);

    t->n_ordered = 0;
    for (uint32_t j = 0; j < t->p && most > 0; j++) {
        size_t at = t->n_ordered;
        if (phi[j] == 0 || (at == most && fabs(phi[j]) <= fabs(phi[t->order[at - 1]]))) continue;
        if (at == most) at--;
        else t->n_ordered++;
        for (; at > 0 && fabs(phi[j]) > fabs(phi[t->order[at - 1]]); at--) t->order[at] = t->order[at - 1];
        t->order[at] = j;
    }
}

/* "plan is free", "spend is missing". */
static toc_status put_fact(toc_ctx *ctx, const telling *t, size_t row, uint32_t j, toc_buf *text)
{
    const tab_column *c = t->columns[j];
    const char *value = toc_pool_text(c->pool, c->code[row]);

    if (*value == 0) return toc_buf_printf(ctx, text, "%s is missing", c->name);
    return toc_buf_printf(ctx, text, "%s is %s", c->name, value);
}

static toc_status tell_csv(toc_ctx *ctx, telling *t, size_t row, double score, const double *phi)
{
    toc_buf text = {0};
    toc_status st = TOC_OK;

    toc_out_printf(t->out, "%zu,", row + 1);
    if (t->classes) {
        tab_csv_field(t->out, toc_str_of(t->classes[t->said]));
        toc_out_str(t->out, ",");
    }
    toc_out_printf(t->out, "%.6g,%.6g", score, phi[t->p]);
    for (size_t j = 0; j < t->p; j++) toc_out_printf(t->out, ",%.6g", phi[j]);
    rank(t, phi);
    for (size_t k = 0; k < t->n_ordered && !st; k++) {
        if (k) st = toc_buf_printf(ctx, &text, "; ");
        if (!st) st = put_fact(ctx, t, row, t->order[k], &text);
        if (!st) st = toc_buf_printf(ctx, &text, " (%+.3g)", phi[t->order[k]]);
    }
    toc_out_str(t->out, ",");
    if (text.n) tab_csv_field(t->out, (toc_str){ text.p, text.n });
    toc_out_str(t->out, "\n");
    toc_buf_release(&text);
    return st;
}

static toc_status tell_text(toc_ctx *ctx, telling *t, size_t row, double score, const double *phi)
{
    double sum = 0, told = 0;
    size_t moved = 0;
    toc_status st = TOC_OK;

    for (size_t j = 0; j < t->p; j++) {
        sum += phi[j];
        moved += phi[j] != 0;
    }
    toc_out_printf(t->out, "row %zu: %s%sscore %.4g (%s %.4g; %.4g where nothing is known of a row)\n", row + 1,
                   t->classes ? t->classes[t->said] : "", t->classes ? ", " : "", score, tree_model_unit(t->model), sum + phi[t->p],
                   phi[t->p]);
    rank(t, phi);
    for (size_t k = 0; k < t->n_ordered && !st; k++) {
        toc_buf text = {0};
        st = put_fact(ctx, t, row, t->order[k], &text);
        if (!st) toc_out_printf(t->out, "  %+.4g because %s\n", phi[t->order[k]], text.p);
        toc_buf_release(&text);
        told += phi[t->order[k]];
    }
    moved -= t->n_ordered;
    if (moved) toc_out_printf(t->out, "  %+.4g by %zu other column%s\n", sum - told, moved, moved == 1 ? "" : "s");
    return st;
}

/* The likeliest class; 0 of a single output. */
static size_t said(const double *score, size_t k)
{
    size_t best = 0;

    for (size_t c = 1; c < k; c++) best = score[c] > score[best] ? c : best;
    return best;
}

static toc_status tell_all(toc_ctx *ctx, telling *t, const tree_data *data, bool csv)
{
    size_t k = tree_model_outputs(t->model);
    double *score, *phi, *of_class;

    TOC_TRY(toc_arena_alloc(ctx, &ctx->arena, data->n * k, sizeof *score, &score));
    TOC_TRY(toc_arena_alloc(ctx, &ctx->arena, ROWS_AT_ONCE * (t->p + 1), sizeof *phi, &phi));
    TOC_TRY(toc_arena_alloc(ctx, &ctx->arena, k > 1 ? ROWS_AT_ONCE * (t->p + 1) : 0, sizeof *of_class, &of_class));
    TOC_TRY(tree_predict(ctx, t->model, data, score));
    for (size_t first = 0; first < data->n; first += ROWS_AT_ONCE) {
        size_t n = TOC_MIN((size_t)ROWS_AT_ONCE, data->n - first);
        TOC_TRY(tree_explain(ctx, t->model, data, 0, first, n, phi));
        for (size_t c = 1; c < k; c++) {
            TOC_TRY(tree_explain(ctx, t->model, data, c, first, n, of_class));
            for (size_t i = 0; i < n; i++)
                if (said(score + (first + i) * k, k) == c) memcpy(phi + i * (t->p + 1), of_class + i * (t->p + 1), (t->p + 1) * sizeof *phi);
        }
        for (size_t i = 0; i < n; i++) {
            const double *of_row = score + (first + i) * k;
            t->said = said(of_row, k);
            TOC_TRY((csv ? tell_csv : tell_text)(ctx, t, first + i, of_row[t->said], phi + i * (t->p + 1)));
        }
    }
    return TOC_OK;
}

static toc_status tell(toc_ctx *ctx, const tree_args *a, telling *t, const tree_data *data, bool csv)
{
    toc_out out;

    t->p = tree_model_columns(t->model, &t->names);
    t->top = a->top < 0 ? REASONS : (size_t)a->top;
    t->out = &out;
    if (tree_model_outputs(t->model) > 1 && tree_model_classes(t->model, &t->classes) == 0)
        return toc_fail(ctx, TOC_E_DATA, "%s does not name its classes", a->model);
    TOC_TRY(toc_arena_alloc(ctx, &ctx->arena, TOC_MIN(t->top, t->p), sizeof *t->order, &t->order));
    TOC_TRY(toc_arena_alloc(ctx, &ctx->arena, t->p, sizeof *t->columns, &t->columns));
    for (size_t j = 0; j < t->p; j++) TOC_TRY(tab_need(ctx, t->table, t->names[j], &t->columns[j]));
    TOC_TRY(toc_out_open(ctx, a->out, true, &out));
    if (csv) {
        toc_buf name = {0};
        toc_status named = TOC_OK;
        toc_out_str(&out, t->classes ? "row,class,score,base" : "row,score,base");
        for (size_t j = 0; j < t->p && !named; j++) {
            toc_out_str(&out, ",");
            name.n = 0;
            named = toc_buf_printf(ctx, &name, "by_%s", t->names[j]);
            if (!named) tab_csv_field(&out, (toc_str){ name.p, name.n });
        }
        toc_out_str(&out, ",reasons\n");
        toc_buf_release(&name);
        if (named) return toc_out_abandon(&out), named;
    }
    toc_status st = tell_all(ctx, t, data, csv);
    if (st) return toc_out_abandon(&out), st;
    return toc_out_close(ctx, &out);
}

toc_status tree_run_explain(toc_ctx *ctx, const tree_args *a, const char *file)
{
    static const char *const words[] = { "csv", "text", NULL };
    const char *format;
    tree_model *model = NULL;
    tab_table table = {0};
    tree_data data;

    TOC_TRY(tree_format(ctx, a, "explain", words, &format));
    toc_status st = tree_read(ctx, a, file, &model, &table, &data);
    if (!st) {
        telling t = { .model = model, .table = &table };
        st = tell(ctx, a, &t, &data, strcmp(format, "csv") == 0);
    }
    tab_release(&table);
    tree_free(model);
    return st;
}
