/* tree_eval_write.c: measures as a report to read, and as rows of part, item, measure and value. */
#include "commands/tree_eval.h"
#include "table/table.h"

#include <math.h>

enum { NAME_WIDTH = 14, MOST_CONFUSED = 12 };

/* ---- for people ---- */

static void put_class(toc_out *out, const char *name, const eval_class *c)
{
    toc_out_printf(out, "%*s  %9.4f  %9.4f  %9.4f  %9.0f\n", NAME_WIDTH, name, c->precision, c->recall, c->f1, c->support);
}

static void put_report(const eval_rows *r, const eval_measures *m, toc_out *out)
{
    toc_out_printf(out, "%*s  %9s  %9s  %9s  %9s\n\n", NAME_WIDTH, "", "precision", "recall", "f1-score", "support");
    for (size_t c = 0; c < r->k; c++) put_class(out, r->classes[c], &m->by_class[c]);
    toc_out_printf(out, "\n%*s  %9s  %9s  %9.4f  %9zu\n", NAME_WIDTH, "accuracy", "", "", m->accuracy, r->n);
    put_class(out, "macro avg", &m->macro);
    put_class(out, "weighted avg", &m->weighted);
}

static void put_confusion(const eval_rows *r, const eval_measures *m, toc_out *out)
{
    if (r->k > MOST_CONFUSED) return;
    toc_out_str(out, "\nconfusion");
    if (r->k == 2 && r->alerts) toc_out_printf(out, " (%zu alerts a day, %zu day%s)", r->alerts, r->n_days, r->n_days == 1 ? "" : "s");
    else if (r->k == 2) toc_out_printf(out, " (said \"%s\" where the score is above %g)", r->classes[1], r->threshold);
    toc_out_printf(out, "\n%*s", NAME_WIDTH, "truth");
    for (size_t c = 0; c < r->k; c++) {
        size_t width = strlen(r->classes[c]);
        toc_out_printf(out, "  %*ssaid %s", width < 9 ? (int)(9 - width) : 0, "", r->classes[c]);
    }
    toc_out_str(out, "\n");
    for (size_t c = 0; c < r->k; c++) {
        toc_out_printf(out, "%*s", NAME_WIDTH, r->classes[c]);
        for (size_t o = 0; o < r->k; o++) toc_out_printf(out, "  %14.0f", m->confusion[c * r->k + o]);
        toc_out_str(out, "\n");
    }
}

static void put_tables(const eval_rows *r, const eval_measures *m, toc_out *out)
{
    double positive = m->by_class[1].support, rate = positive / (double)r->n, so_far = 0;

    toc_out_str(out, "\ncalibration\n         score       rows  mean score  share that is\n");
    for (size_t b = 0; b < EVAL_BINS; b++) {
        const eval_bin *c = &m->calibration[b];
        if (c->rows == 0) continue;
        toc_out_printf(out, "  %4.1f to %4.1f  %9.0f  %10.4f  %13.4f\n", (double)b / EVAL_BINS, (double)(b + 1) / EVAL_BINS, c->rows, c->mean_score,
                       c->positive / c->rows);
    }
    toc_out_str(out, "\nlift, tenths of the rows from the highest score down\n  tenth       rows   share      lift  found so far\n");
    for (size_t b = 0; b < EVAL_BINS; b++) {
        const eval_bin *c = &m->lift[b];
        if (c->rows == 0) continue;
        so_far += c->positive;
        double share = c->positive / c->rows;
        toc_out_printf(out, "  %5zu  %9.0f  %6.4f  %8.3f  %12.4f\n", b + 1, c->rows, share, rate > 0 ? share / rate : 0, positive > 0 ? so_far / positive : 0);
    }
}

static void put_wrong(const eval_rows *r, const eval_measures *m, toc_out *out)
{
    if (m->n_wrong) toc_out_str(out, "\nmost wrong\n");
    for (size_t k = 0; k < m->n_wrong; k++) {
        uint32_t i = m->wrong[k];
        if (!r->k) toc_out_printf(out, "  row %u: %.6g, said %.6g\n", r->row[i] + 1, r->amount[i], r->score[i]);
        else toc_out_printf(out, "  row %u: %s, given a chance of %.4g\n", r->row[i] + 1, r->classes[r->truth[i]], r->of_truth[i]);
    }
}

void eval_write_text(const eval_rows *r, const eval_measures *m, toc_out *out)
{
    if (!r->k) toc_out_printf(out, "%zu rows: root mean squared error %.6g, mean absolute error %.6g, R2 %.4f\n", r->n, m->rmse, m->mae, m->r2);
    else {
        put_report(r, m, out);
        put_confusion(r, m, out);
    }
    if (r->k == 2) {
        toc_out_printf(out, "\nAUC %.4f, average precision %.4f, Brier %.4f, log-loss %.4f, calibration error %.4f\n", m->auc, m->average_precision,
                       m->brier, m->log_loss, m->calibration_error);
        put_tables(r, m, out);
    } else if (r->k) {
        toc_out_printf(out, "\nlog-loss %.4f\n", m->log_loss);
    }
    put_wrong(r, m, out);
}

/* ---- for programs ---- */

static void put(toc_out *out, const char *part, const char *item, const char *measure, double value)
{
    toc_out_printf(out, "%s,", part);
    tab_csv_field(out, toc_str_of(item));
    toc_out_printf(out, isnan(value) ? ",%s,\n" : ",%s,%.6g\n", measure, value);
}

static void put_class_rows(toc_out *out, const char *part, const char *name, const eval_class *c)
{
    put(out, part, name, "precision", c->precision);
    put(out, part, name, "recall", c->recall);
    put(out, part, name, "f1", c->f1);
    put(out, part, name, "support", c->support);
}

static void put_bins(toc_out *out, const char *part, const eval_bin *bins)
{
    char item[8];

    for (size_t b = 0; b < EVAL_BINS; b++) {
        if (bins[b].rows == 0) continue;
        snprintf(item, sizeof item, "%zu", b + 1);
        put(out, part, item, "rows", bins[b].rows);
        put(out, part, item, "positive", bins[b].positive);
        put(out, part, item, "mean_score", bins[b].mean_score);
        put(out, part, item, "share", bins[b].positive / bins[b].rows);
    }
}

static void put_all_classes(const eval_rows *r, const eval_measures *m, toc_out *out)
{
    put(out, "summary", "all", "accuracy", m->accuracy);
    put(out, "summary", "all", "log_loss", m->log_loss);
    for (size_t c = 0; c < r->k; c++) put_class_rows(out, "class", r->classes[c], &m->by_class[c]);
    put_class_rows(out, "average", "macro", &m->macro);
    put_class_rows(out, "average", "weighted", &m->weighted);
    for (size_t c = 0; c < r->k; c++)
        for (size_t o = 0; o < r->k; o++) {
            toc_out_str(out, "confusion,");
            tab_csv_field(out, toc_str_of(r->classes[c]));
            toc_out_str(out, ",");
            tab_csv_field(out, toc_str_of(r->classes[o]));
            toc_out_printf(out, ",%.0f\n", m->confusion[c * r->k + o]);
        }
}

void eval_write_csv(const eval_rows *r, const eval_measures *m, toc_out *out)
{
    char item[16];

    toc_out_str(out, "part,item,measure,value\n");
    put(out, "summary", "all", "rows", (double)r->n);
    if (!r->k) {
        put(out, "summary", "all", "rmse", m->rmse);
        put(out, "summary", "all", "mae", m->mae);
        put(out, "summary", "all", "r2", m->r2);
    } else {
        put_all_classes(r, m, out);
    }
    if (r->k == 2) {
        put(out, "summary", "all", "auc", m->auc);
        put(out, "summary", "all", "average_precision", m->average_precision);
        put(out, "summary", "all", "brier", m->brier);
        put(out, "summary", "all", "calibration_error", m->calibration_error);
        put_bins(out, "calibration", m->calibration);
        put_bins(out, "lift", m->lift);
    }
    for (size_t k = 0; k < m->n_wrong; k++) {
        uint32_t i = m->wrong[k];
        snprintf(item, sizeof item, "%u", r->row[i] + 1);
        put(out, "wrong", item, r->k ? "chance_of_truth" : "error", r->of_truth[i]);
    }
}
