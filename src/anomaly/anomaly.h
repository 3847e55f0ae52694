/* anomaly.h: what is unlike the rest, without labels. */
#ifndef ANO_ANOMALY_H
#define ANO_ANOMALY_H

#include "base/base.h"

/* n rows, p columns; x[j] points at the n values of column j (borrowed). NaN is replaced by the column's median in the training sample. */
typedef struct {
    size_t n, p;
    const double *const *x;
} ano_data;

typedef struct {
    size_t n_trees;     /* [100] */
    size_t sample_size; /* rows drawn without replacement for each tree [256] */
    uint64_t seed;
} ano_forest_params;
ano_forest_params ano_forest_defaults(void);

typedef struct ano_forest ano_forest;

/* Isolation forest (Liu, Ting, Zhou 2008): trees of random splits, each on its own sample. The model is owned by the caller and also keeps the
 * training rows' scores as quantiles, so that a row's score never depends on the batch it is scored in. Same bytes for any thread count.
 * Errors: TOC_E_NOMEM, TOC_E_DATA (no rows or no columns). O(trees * sample * log sample). */
TOC_CHECKED toc_status ano_forest_fit(toc_ctx *ctx, const ano_data *data, const ano_forest_params *params, ano_forest **forest);
void ano_forest_free(ano_forest *forest);

/* score (n, caller's): 2^(-mean path length / c(sample)), in (0, 1); above 0.5 is easier to isolate than a random row. */
TOC_CHECKED toc_status ano_forest_score(toc_ctx *ctx, const ano_forest *forest, const ano_data *data, double *score);
/* Share of the training rows whose score is below `score`, in [0, 1]. */
double ano_forest_quantile(const ano_forest *forest, double score);
/* Which columns isolate one row: credit (p, caller's, >= 0, summing to 1 unless all are 0). A split on a row's path earns its column the bits by
 * which it narrowed the sample beyond a halving, max(0, log2(n_node / n_child) - 1). */
void ano_forest_explain(const ano_forest *forest, const ano_data *data, size_t row, double *credit);

#endif
