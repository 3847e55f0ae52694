/* scale.c: the two usual scalings of feature columns. A constant column becomes 0; missing stays missing. */
#include "features/fea_int.h"
#include "num/num.h"

static bool kept(const char *name, const char *const *keep)
{
    for (; keep && *keep; keep++)
        if (toc_str_is(toc_str_of(name), *keep)) return true;
    return false;
}

void fea_scale_table(tab_table *features, fea_scale scale, const char *const *keep)
{
    if (scale == FEA_SCALE_NONE) return;
    for (size_t c = 0; c < features->n_cols; c++) {
        tab_column *column = &features->columns[c];
        if (column->type != TAB_F64 || kept(column->name, keep)) continue;
        double *x = column->f64, low = NAN, high = NAN;
        size_t n = features->n_rows;
        for (size_t i = 0; i < n; i++) {
            low = fmin(low, x[i]);
            high = fmax(high, x[i]);
        }
        double shift = scale == FEA_SCALE_MINMAX ? low : num_mean(x, n);
        double width = scale == FEA_SCALE_MINMAX ? high - low : sqrt(num_variance(x, n));
        for (size_t i = 0; i < n; i++) x[i] = width > 0 || isnan(x[i]) ? (x[i] - shift) / width : 0;
    }
}
