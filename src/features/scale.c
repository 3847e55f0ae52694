/* scale.c: the usual scalings of feature columns, as a table that can be kept and used again, and flags of what is missing. */
#include "features/fea_int.h"
#include "num/num.h"

/* What is taken off a column and what it is then divided by. */
static void measure(const double *x, size_t n, fea_scale how, double *scratch, double *shift, double *width)
{
    double low = NAN, high = NAN;

    if (how == FEA_SCALE_STANDARD) {
        *shift = num_mean(x, n);
        *width = sqrt(num_variance(x, n));
        return;
    }
    if (how == FEA_SCALE_ROBUST) {
        memcpy(scratch, x, n * sizeof *x);
        *shift = num_median(scratch, n);
        *width = num_quantile(scratch, n, 0.75) - num_quantile(scratch, n, 0.25);
        return;
    }
    for (size_t i = 0; i < n; i++) {
        low = fmin(low, x[i]);
        high = fmax(high, x[i]);
    }
    *shift = low;
    *width = high - low;
}

toc_status fea_scaling_learn(toc_ctx *ctx, const tab_table *features, fea_scale how, tab_table *scaling)
{
    size_t n = 0, row = 0;
    double *scratch = NULL;
    tab_column *name, *shift, *width;
    toc_status st = TOC_OK;

    for (size_t c = 0; c < features->n_cols; c++) n += features->columns[c].type == TAB_F64;
    tab_init(scaling, n);
    if ((st = tab_add(ctx, scaling, "feature", TAB_TEXT, NULL, &name))) goto out;
    if ((st = tab_add(ctx, scaling, "shift", TAB_F64, NULL, &shift))) goto out;
    if ((st = tab_add(ctx, scaling, "width", TAB_F64, NULL, &width))) goto out;
    if ((st = toc_alloc(ctx, features->n_rows, sizeof *scratch, &scratch))) goto out;
    name = &scaling->columns[0], shift = &scaling->columns[1];
    for (size_t c = 0; c < features->n_cols && !st; c++) {
        const tab_column *column = &features->columns[c];
        if (column->type != TAB_F64) continue;
        measure(column->f64, features->n_rows, how, scratch, &shift->f64[row], &width->f64[row]);
        st = toc_pool_intern(ctx, name->pool, toc_str_of(column->name), &name->code[row++]);
    }
out:
    toc_free(scratch);
    if (st) tab_release(scaling);
    return st;
}

toc_status fea_scaling_apply(toc_ctx *ctx, const tab_table *scaling, tab_table *features)
{
    const tab_column *name = tab_find(scaling, "feature"), *shift = tab_find(scaling, "shift"), *width = tab_find(scaling, "width");

    for (size_t c = 0; c < features->n_cols; c++) {
        tab_column *column = &features->columns[c];
        size_t row = 0;
        if (column->type != TAB_F64) continue;
        while (row < scaling->n_rows && !toc_str_is(toc_pool_str(name->pool, name->code[row]), column->name)) row++;
        if (row == scaling->n_rows) return toc_fail(ctx, TOC_E_DATA, "the scaling does not know the feature \"%s\"", column->name);
        double by = width->f64[row];
        for (size_t i = 0; i < features->n_rows; i++)
            if (!isnan(column->f64[i])) column->f64[i] = by > 0 ? (column->f64[i] - shift->f64[row]) / by : 0;
    }
    return TOC_OK;
}

toc_status fea_flag_missing(toc_ctx *ctx, tab_table *features)
{
    size_t n_cols = features->n_cols;

    for (size_t c = 0; c < n_cols; c++) {
        const char *name;
        tab_column *flag;
        if (features->columns[c].type != TAB_F64) continue;
        TOC_TRY(toc_arena_printf(ctx, &features->arena, &name, "%s_missing", features->columns[c].name));
        TOC_TRY(tab_add(ctx, features, name, TAB_F64, NULL, &flag));
        for (size_t i = 0; i < features->n_rows; i++) flag->f64[i] = isnan(features->columns[c].f64[i]);
    }
    return TOC_OK;
}
