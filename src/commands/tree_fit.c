/* tree_fit.c: "tocsin tree fit", a model from a CSV, measured on rows it has not seen. */
#include "commands/tree_command.h"
#include "commands/tree_eval.h"
#include "num/num.h"

#include <math.h>

static void put(toc_out *out, const char *name, double value)
{
    toc_out_printf(out, isnan(value) ? "%s,\n" : "%s,%.6g\n", name, value);
}

static toc_status class_measures(toc_ctx *ctx, const double *score, const double *y, size_t n, double threshold, toc_out *out)
{
    uint8_t *truth;
    double hits[2][2] = { { 0, 0 }, { 0, 0 } }, auc, ap; /* truth, said */

    TOC_TRY(toc_arena_alloc(ctx, &ctx->arena, n, 1, &truth));
    for (size_t i = 0; i < n; i++) {
        truth[i] = y[i] > 0;
        hits[truth[i]][score[i] > threshold] += 1;
    }
    TOC_TRY(num_auc(ctx, score, truth, n, &auc));
    TOC_TRY(num_average_precision(ctx, score, truth, n, &ap));
    double said = hits[0][1] + hits[1][1], real = hits[1][0] + hits[1][1];
    put(out, "test_positive", real);
    put(out, "accuracy", (hits[0][0] + hits[1][1]) / (double)n);
    put(out, "recall", real > 0 ? hits[1][1] / real : NAN);
    put(out, "precision", said > 0 ? hits[1][1] / said : NAN);
    put(out, "f1", said + real > 0 ? 2 * hits[1][1] / (said + real) : NAN);
    put(out, "auc", auc);
    put(out, "average_precision", ap);
    put(out, "brier", num_brier(score, truth, n));
    put(out, "log_loss", num_log_loss(score, truth, n));
    return TOC_OK;
}

static void number_measures(const double *score, const double *y, size_t n, toc_out *out)
{
    double square = 0, absolute = 0, spread = num_variance(y, n) * (double)n;

    for (size_t i = 0; i < n; i++) {
        square += (score[i] - y[i]) * (score[i] - y[i]);
        absolute += fabs(score[i] - y[i]);
    }
    put(out, "rmse", sqrt(square / (double)n));
    put(out, "mae", absolute / (double)n);
    put(out, "r2", spread > 0 ? 1 - square / spread : NAN);
}

/* More than two classes: the likeliest is said. */
static toc_status many_measures(toc_ctx *ctx, const double *score, const double *y, size_t n, size_t k, toc_out *out)
{
    eval_rows r = { .n = n, .k = k };
    eval_measures m;

    TOC_TRY(toc_arena_alloc(ctx, &ctx->arena, n, sizeof *r.truth, &r.truth));
    TOC_TRY(toc_arena_alloc(ctx, &ctx->arena, n, sizeof *r.said, &r.said));
    TOC_TRY(toc_arena_alloc(ctx, &ctx->arena, n, sizeof *r.of_truth, &r.of_truth));
    for (size_t i = 0; i < n; i++) {
        r.truth[i] = (uint32_t)y[i];
        for (uint32_t c = 1; c < k; c++) r.said[i] = score[i * k + c] > score[i * k + r.said[i]] ? c : r.said[i];
        r.of_truth[i] = score[i * k + r.truth[i]];
    }
    TOC_TRY(eval_measure(ctx, &r, 0, &m));
    put(out, "accuracy", m.accuracy);
    put(out, "macro_recall", m.macro.recall);
    put(out, "macro_precision", m.macro.precision);
    put(out, "macro_f1", m.macro.f1);
    put(out, "log_loss", m.log_loss);
    return TOC_OK;
}

/* How the model does on rows it has not seen. */
static toc_status put_measures(toc_ctx *ctx, const tree_args *a, const double *score, const tree_part *test, const tree_taught *t, toc_out *out)
{
    if (test->data.n == 0) return TOC_OK;
    if (t->n_classes == 2) return class_measures(ctx, score, test->y, test->data.n, a->threshold, out);
    if (t->n_classes) return many_measures(ctx, score, test->y, test->data.n, t->n_classes, out);
    number_measures(score, test->y, test->data.n, out);
    return TOC_OK;
}

static toc_status write_measures(toc_ctx *ctx, const tree_args *a, const tree_params *p, const tree_model *model, const tree_part *test, size_t n_train,
                                 const tree_taught *t)
{
    toc_out out;
    double *score;

    TOC_TRY(toc_arena_alloc(ctx, &ctx->arena, test->data.n * tree_model_outputs(model), sizeof *score, &score));
    TOC_TRY(tree_predict(ctx, model, &test->data, score));
    TOC_TRY(toc_out_open(ctx, a->out, false, &out));
    toc_out_str(&out, "name,value\n");
    if (p->loss == TREE_LOGISTIC) {
        toc_out_str(&out, "positive,");
        tab_csv_field(&out, toc_str_of(t->classes[1]));
        toc_out_str(&out, "\n");
    }
    if (p->loss == TREE_MULTICLASS) toc_out_printf(&out, "classes,%zu\n", t->n_classes);
    if (p->patience) toc_out_printf(&out, "trees,%zu\n", tree_model_trees(model));
    toc_out_printf(&out, "train_rows,%zu\ntest_rows,%zu\n", n_train, test->data.n);
    toc_status st = put_measures(ctx, a, score, test, t, &out);
    if (st) return toc_out_abandon(&out), st;
    return toc_out_close(ctx, &out);
}

static toc_status fit_and_test(toc_ctx *ctx, const tree_args *a, tree_params *params, const cmd_learning *l)
{
    size_t n = l->data.n, n_train = 0, n_test = 0, last = (size_t)((double)n * (1 - a->test_share) + 0.5);
    uint32_t *order, *split;
    tree_taught t;
    tree_part train, test;
    tree_model *model = NULL;

    TOC_TRY(toc_arena_alloc(ctx, &ctx->arena, n, sizeof *order, &order));
    TOC_TRY(toc_arena_alloc(ctx, &ctx->arena, n, sizeof *split, &split));
    TOC_TRY(tree_teach(ctx, a, l, params, &t));
    TOC_TRY(tree_monotone_of(ctx, &a->set, &l->data, params));
    TOC_TRY(tree_order(ctx, a, l, order));
    for (size_t i = 0; i < n; i++) {
        bool tested = a->every > 0 ? i % (size_t)a->every == (size_t)a->every - 1 : i >= last;
        split[tested ? n - ++n_test : n_train++] = order[i];
    }
    TOC_TRY(tree_subset(ctx, &l->data, &t, split, n_train, &train));
    TOC_TRY(tree_subset(ctx, &l->data, &t, split + n_train, n_test, &test));
    TOC_TRY(tree_balance(ctx, &a->set, t.n_classes, train.y, n_train, train.weight));
    TOC_TRY(tree_fit(ctx, &train.data, train.y, train.weight, params, &model));
    toc_status st = tree_model_name(ctx, model, l->target->name, t.classes, t.n_classes);
    if (!st) st = write_measures(ctx, a, params, model, &test, n_train, &t);
    if (!st && a->model) st = tree_save(ctx, model, a->model);
    tree_free(model);
    return st;
}

toc_status tree_run_fit(toc_ctx *ctx, const tree_args *a, const char *file)
{
    cmd_learning l = {0};
    cli_list drop;
    tree_params params;

    TOC_TRY(tree_params_of(ctx, &a->set, &params));
    TOC_TRY(tree_dropped(ctx, a, &drop));
    toc_status st = cmd_read_learning(ctx, file, a->target, &drop, true, &l);
    if (!st) st = fit_and_test(ctx, a, &params, &l);
    cmd_learning_release(&l);
    return st;
}
