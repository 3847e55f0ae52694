/* tree_eval.c: "tocsin tree eval", how right a model, or a column of scores, is on a CSV that has the truth. */
#include "commands/tree_eval.h"
#include "commands/tree_command.h"
#include "reader/reader.h"

#include <math.h>

enum { WRONG = 10 };

typedef struct {
    const tree_args *a;
    tree_model *model; /* NULL with --score */
    tab_table table;
    tree_data data;
    const tab_column *target;
    eval_rows rows;
} evaluation;

/* Which rows have a truth. */
static toc_status pick_rows(toc_ctx *ctx, evaluation *e)
{
    const char *name = e->a->target ? e->a->target : e->model ? tree_model_target(e->model) : NULL;
    size_t n = e->table.n_rows;

    if (!name) return toc_fail(ctx, TOC_E_USAGE, "--target says which column has the truth; it is missing");
    TOC_TRY(tab_need(ctx, &e->table, name, &e->target));
    TOC_TRY(toc_arena_alloc(ctx, &ctx->arena, n, sizeof *e->rows.row, &e->rows.row));
    for (size_t i = 0; i < n; i++)
        if (e->target->code[i]) e->rows.row[e->rows.n++] = (uint32_t)i;
    if (e->rows.n < n) toc_warn(ctx, "%zu of %zu rows have no value in \"%s\" and are left out", n - e->rows.n, n, name);
    if (e->rows.n == 0) return toc_fail(ctx, TOC_E_DATA, "no row has a value in column \"%s\"", name);
    return TOC_OK;
}

static const char *truth_text(const evaluation *e, size_t i)
{
    return toc_pool_text(e->target->pool, e->target->code[e->rows.row[i]]);
}

/* The classes: the model's, or the two values of the target. */
static toc_status classes(toc_ctx *ctx, evaluation *e)
{
    eval_rows *r = &e->rows;
    const char *const *known = NULL, **two;
    uint32_t code;

    r->k = e->model ? tree_model_classes(e->model, &known) : 0;
    r->classes = known;
    if (r->k && !e->a->positive) return TOC_OK;
    if (r->k > 2) return toc_fail(ctx, TOC_E_USAGE, "--positive is of two values; the model knows %zu", r->k);
    TOC_TRY(tree_positive(ctx, e->a->positive, e->target, r->row, r->n, &code));
    TOC_TRY(toc_arena_alloc(ctx, &ctx->arena, 2, sizeof *two, &two));
    two[0] = "(other)";
    two[1] = toc_pool_text(e->target->pool, code);
    for (size_t i = 0; i < r->n; i++)
        if (strcmp(truth_text(e, i), two[1])) two[0] = truth_text(e, i);
    if (r->k && strcmp(two[1], known[1]))
        return toc_fail(ctx, TOC_E_USAGE, "--positive %s: the model scores \"%s\"", e->a->positive, known[1]);
    r->classes = two;
    r->k = 2;
    return TOC_OK;
}

static toc_status truths(toc_ctx *ctx, evaluation *e)
{
    eval_rows *r = &e->rows;

    for (size_t i = 0; i < r->n; i++) {
        const char *text = truth_text(e, i);
        if (!r->k) {
            if (!toc_parse_double(toc_str_of(text), &r->amount[i]))
                return toc_fail(ctx, TOC_E_DATA, "\"%s\" is no number: \"%s\"", e->target->name, text);
            continue;
        }
        while (r->truth[i] < r->k && strcmp(text, r->classes[r->truth[i]])) r->truth[i]++;
        if (r->truth[i] == r->k)
            return toc_fail(ctx, TOC_E_DATA, "\"%s\" is %s in row %u: none of the %zu values that were learned", e->target->name, text,
                            r->row[i] + 1, r->k);
    }
    return TOC_OK;
}

/* Scores of all rows of the file: n x outputs. */
static toc_status scores(toc_ctx *ctx, evaluation *e, size_t *outputs, double **score)
{
    const tab_column *c;

    *outputs = e->model ? tree_model_outputs(e->model) : 1;
    TOC_TRY(toc_arena_alloc(ctx, &ctx->arena, e->table.n_rows * *outputs, sizeof **score, score));
    if (e->model) return tree_predict(ctx, e->model, &e->data, *score);
    TOC_TRY(tab_need(ctx, &e->table, e->a->score, &c));
    TOC_TRY(cmd_numbers_of(ctx, c, e->table.n_rows, *score));
    for (size_t i = 0; i < e->rows.n; i++) {
        double s = (*score)[e->rows.row[i]];
        if (!(s >= 0 && s <= 1))
            return toc_fail(ctx, TOC_E_DATA, "\"%s\" of row %u is no score from 0 to 1", c->name, e->rows.row[i] + 1);
    }
    return TOC_OK;
}

/* Days as numbers: what stands before the T or the blank of a time. */
static toc_status days(toc_ctx *ctx, evaluation *e)
{
    eval_rows *r = &e->rows;
    const tab_column *c;
    toc_pool pool = {0};
    bool none = false;
    toc_status st = TOC_OK;

    r->n_days = 1;
    if (!e->a->alerts || !e->a->order) return TOC_OK;
    TOC_TRY(tab_need(ctx, &e->table, e->a->order, &c));
    TOC_TRY(toc_arena_alloc(ctx, &ctx->arena, r->n, sizeof *r->day, &r->day));
    for (size_t i = 0; i < r->n && !st; i++) {
        const char *text = toc_pool_text(c->pool, c->code[r->row[i]]);
        st = toc_pool_intern(ctx, &pool, (toc_str){ text, strcspn(text, "T ") }, &r->day[i]);
    }
    r->n_days = toc_pool_size(&pool);
    for (size_t i = 0; i < r->n; i++) none |= r->day[i] == 0;
    if (!none) { /* code 0 is the empty text */
        r->n_days--;
        for (size_t i = 0; i < r->n && !st; i++) r->day[i]--;
    }
    toc_pool_release(&pool);
    return st;
}

/* What was said of each row, and what chance its truth was given. */
static toc_status judge(toc_ctx *ctx, evaluation *e)
{
    eval_rows *r = &e->rows;
    size_t outputs;
    double *score;

    TOC_TRY(scores(ctx, e, &outputs, &score));
    if (outputs == 1) for (size_t i = 0; i < r->n; i++) r->score[i] = score[r->row[i]];
    if (outputs == 1 && r->k) {
        TOC_TRY(days(ctx, e));
        TOC_TRY(eval_say(ctx, r));
    }
    for (size_t i = 0; i < r->n; i++) {
        const double *of = score + r->row[i] * outputs;
        if (!r->k) r->of_truth[i] = -fabs(r->score[i] - r->amount[i]);
        else if (outputs == 1) r->of_truth[i] = r->truth[i] ? r->score[i] : 1 - r->score[i];
        else {
            for (uint32_t c = 1; c < r->k; c++) r->said[i] = of[c] > of[r->said[i]] ? c : r->said[i];
            r->score[i] = of[r->said[i]];
            r->of_truth[i] = of[r->truth[i]];
        }
    }
    return TOC_OK;
}

static toc_status measure(toc_ctx *ctx, evaluation *e, const char *format)
{
    const tree_args *a = e->a;
    eval_rows *r = &e->rows;
    eval_measures m;
    toc_out out;

    TOC_TRY(pick_rows(ctx, e));
    if (!e->model || tree_model_loss(e->model) == TREE_LOGISTIC || tree_model_outputs(e->model) > 1) TOC_TRY(classes(ctx, e));
    TOC_TRY(toc_arena_alloc(ctx, &ctx->arena, r->n, sizeof *r->truth, &r->truth));
    TOC_TRY(toc_arena_alloc(ctx, &ctx->arena, r->n, sizeof *r->said, &r->said));
    TOC_TRY(toc_arena_alloc(ctx, &ctx->arena, r->n, sizeof *r->score, &r->score));
    TOC_TRY(toc_arena_alloc(ctx, &ctx->arena, r->n, sizeof *r->of_truth, &r->of_truth));
    TOC_TRY(toc_arena_alloc(ctx, &ctx->arena, r->n, sizeof *r->amount, &r->amount));
    r->threshold = a->threshold;
    r->alerts = (size_t)a->alerts;
    TOC_TRY(truths(ctx, e));
    TOC_TRY(judge(ctx, e));
    TOC_TRY(eval_measure(ctx, r, a->top < 0 ? WRONG : (size_t)a->top, &m));
    TOC_TRY(toc_out_open(ctx, a->out, false, &out));
    if (strcmp(format, "csv") == 0) eval_write_csv(r, &m, &out);
    else eval_write_text(r, &m, &out);
    return toc_out_close(ctx, &out);
}

toc_status tree_run_eval(toc_ctx *ctx, const tree_args *a, const char *file)
{
    static const char *const words[] = { "text", "csv", NULL };
    evaluation e = { .a = a };
    const char *format;
    toc_status st;

    TOC_TRY(tree_format(ctx, a, "eval", words, &format));
    if (a->score && a->model) return toc_fail(ctx, TOC_E_USAGE, "--model and --score: one of them says where scores come from");
    if (a->score) st = rd_read_table(ctx, file, NULL, &e.table);
    else st = tree_read(ctx, a, file, &e.model, &e.table, &e.data);
    if (!st) st = measure(ctx, &e, format);
    tab_release(&e.table);
    tree_free(e.model);
    return st;
}
