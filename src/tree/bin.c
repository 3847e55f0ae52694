/* bin.c: columns of doubles to at most 255 bins: quantiles for numbers, levels by falling frequency for codes. Quantiles come from every k-th row
 * when there are many; all tasks are one column, so threads change nothing. */
#include "tree/tree_int.h"

#include <float.h>
#include <math.h>

enum { SAMPLE = 200000 };

typedef struct {
    const tree_data *data;
    size_t max_bins;
    tree_binned *binned;
} job;

double tree_between(double a, double b)
{
    double middle = a / 2 + b / 2;
    char text[40];

    if (middle == -INFINITY) return -DBL_MAX;
    if (!(middle >= a && middle < b) || !isfinite(middle)) return a;
    for (int digits = 1; digits < 17; digits++) {
        double round;
        size_t n = (size_t)snprintf(text, sizeof text, "%.*e", digits - 1, middle);
        if (toc_parse_double((toc_str){ text, n }, &round) && round >= a && round < b && fabs(round - middle) <= (b - a) / 4) return round;
    }
    return middle;
}

/* Closes bins over m distinct ascending values as evenly as their counts allow; a value with many rows gets a bin of its own. */
static size_t cut(const double *value, const uint32_t *count, size_t m, size_t total, size_t max_bins, double *upper)
{
    size_t n = 0, in_bin = 0, left = max_bins;
    double rest = (double)total;

    for (size_t i = 0; i + 1 < m && left > 1; i++) {
        in_bin += count[i];
        double mean = rest / (double)left;
        bool big_next = count[i + 1] >= mean && (double)in_bin >= mean / 2;
        if (m > max_bins && (double)in_bin < mean && !big_next) continue;
        upper[n++] = tree_between(value[i], value[i + 1]);
        rest -= (double)in_bin;
        in_bin = 0;
        left--;
    }
    for (size_t b = n; b < TREE_SLOTS; b++) upper[b] = INFINITY;
    return n + 1;
}

static toc_status numeric_bins(toc_ctx *ctx, const double *x, size_t n, size_t max_bins, tree_bins *column)
{
    size_t step = (n + SAMPLE - 1) / SAMPLE, kept = 0, m = 0;
    uint64_t *keys = NULL;
    uint32_t *order = NULL;
    double *value = NULL;
    toc_status st;

    if ((st = toc_alloc(ctx, n / step + 1, sizeof *keys, &keys))) goto out;
    if ((st = toc_alloc(ctx, n / step + 1, sizeof *order, &order))) goto out;
    if ((st = toc_alloc(ctx, 2 * (n / step + 1), sizeof *value, &value))) goto out;
    double *sorted = value + n / step + 1;
    for (size_t i = 0; i < n; i += step) {
        if (isnan(x[i])) continue;
        sorted[kept] = x[i] == 0 ? 0 : x[i];
        keys[kept] = toc_key_f64(sorted[kept]);
        kept++;
    }
    if ((st = toc_sort_u64(ctx, keys, kept, false, order))) goto out;
    uint32_t *count = (uint32_t *)keys; /* the keys are not needed any more */
    for (size_t i = 0; i < kept; i++) {
        double v = sorted[order[i]];
        if (m > 0 && value[m - 1] == v) {
            count[m - 1]++;
            continue;
        }
        value[m] = v;
        count[m++] = 1;
    }
    column->n_bins = cut(value, count, m, kept, max_bins, column->upper);
out:
    toc_free(keys);
    toc_free(order);
    toc_free(value);
    return st;
}

static void fill_numeric(const double *x, size_t n, tree_bins *column, uint8_t *bin)
{
    double min = INFINITY, max = -INFINITY;
    size_t missing = 0;

    for (size_t i = 0; i < n; i++) {
        unsigned low = 0;
        for (unsigned step = 128; step; step >>= 1) low += column->upper[low + step - 1] < x[i] ? step : 0;
        bin[i] = isnan(x[i]) ? TREE_MISSING : (uint8_t)low;
        missing += x[i] != x[i];
        min = x[i] < min ? x[i] : min;
        max = x[i] > max ? x[i] : max;
    }
    column->missing = missing;
    column->min = missing < n ? min : NAN;
    column->max = missing < n ? max : NAN;
}

static bool is_missing(const tree_data *data, size_t j, double code)
{
    return isnan(code) || (code == 0 && data->pools && data->pools[j]);
}

static toc_status levels(toc_ctx *ctx, const tree_data *data, size_t j, size_t max_bins, tree_bins *column, uint8_t *bin)
{
    const double *x = data->x[j];
    double most = 0;
    uint64_t *count = NULL;
    uint32_t *order = NULL;
    toc_status st;

    for (size_t i = 0; i < data->n; i++) {
        if (isnan(x[i])) continue;
        if (!(x[i] >= 0 && x[i] < UINT32_MAX) || x[i] != floor(x[i]))
            return toc_fail(ctx, TOC_E_DATA, "column %s: code %g of a categorical column is no whole number >= 0", data->names[j], x[i]);
        most = TOC_MAX(most, x[i]);
    }
    size_t n_codes = (size_t)most + 1;
    if ((st = toc_alloc(ctx, n_codes, sizeof *count, &count))) goto out;
    if ((st = toc_alloc(ctx, n_codes, sizeof *order, &order))) goto out;
    for (size_t i = 0; i < data->n; i++)
        if (!is_missing(data, j, x[i])) count[(size_t)x[i]]++;
    for (size_t c = 0; c < n_codes; c++) count[c] = UINT64_MAX - count[c]; /* ascending keys: falling counts */
    if ((st = toc_sort_u64(ctx, count, n_codes, false, order))) goto out;
    max_bins = TOC_MIN(max_bins, (size_t)TREE_MAX_LEVELS);
    column->n_bins = 0;
    while (column->n_bins < TOC_MIN(max_bins, n_codes) && count[order[column->n_bins]] != UINT64_MAX) {
        column->upper[column->n_bins] = (double)order[column->n_bins];
        column->n_bins++;
    }
    for (size_t c = 0; c < n_codes; c++) count[c] = TREE_MISSING;
    for (size_t b = 0; b < column->n_bins; b++) count[order[b]] = b;
    column->missing = 0;
    column->min = column->max = NAN;
    for (size_t i = 0; i < data->n; i++) {
        bool missing = is_missing(data, j, x[i]);
        bin[i] = missing ? TREE_MISSING : (uint8_t)count[(size_t)x[i]];
        column->missing += missing;
    }
out:
    toc_free(count);
    toc_free(order);
    return st;
}

static toc_status bin_column(toc_ctx *ctx, void *arg, size_t j)
{
    job *a = arg;
    tree_bins *column = &a->binned->columns[j];
    uint8_t *bin = a->binned->bins + j * a->data->n;

    column->categorical = a->data->categorical && a->data->categorical[j];
    if (column->categorical) return levels(ctx, a->data, j, a->max_bins, column, bin);
    TOC_TRY(numeric_bins(ctx, a->data->x[j], a->data->n, a->max_bins, column));
    fill_numeric(a->data->x[j], a->data->n, column, bin);
    return TOC_OK;
}

toc_status tree_bin(toc_ctx *ctx, const tree_data *data, size_t max_bins, tree_binned *binned)
{
    job a = { data, max_bins == 0 || max_bins > 255 ? 255 : TOC_MAX(max_bins, 2), binned };
    size_t cells;
    toc_status st;

    *binned = (tree_binned){ .n = data->n, .p = data->p };
    if ((st = toc_mul_size(ctx, data->n, data->p, &cells))) return st;
    if ((st = toc_alloc(ctx, cells, 1, &binned->bins))) goto out;
    if ((st = toc_alloc(ctx, data->p, sizeof *binned->columns, &binned->columns))) goto out;
    st = toc_parallel(ctx, data->p, bin_column, &a);
out:
    if (st) tree_binned_release(binned);
    return st;
}

enum { ROWS_AT_ONCE = 4096 };

/* Some rows of all columns. */
static toc_status fill_blocks(toc_ctx *ctx, void *arg, size_t task)
{
    const tree_binned *b = arg;
    size_t first = task * ROWS_AT_ONCE, end = TOC_MIN(first + ROWS_AT_ONCE, b->n);

    (void)ctx;
    for (size_t j = 0; j < b->p; j++) {
        uint8_t *to = b->blocks + j / b->lanes * b->n * TREE_LANES + j % b->lanes;
        const uint8_t *from = b->bins + j * b->n;
        for (size_t i = first; i < end; i++) to[i * TREE_LANES] = from[i];
    }
    return TOC_OK;
}

toc_status tree_bin_blocks(toc_ctx *ctx, tree_binned *binned)
{
    size_t n_blocks = (binned->p + TREE_LANES - 1) / TREE_LANES, bytes;

    binned->lanes = (binned->p + n_blocks - 1) / n_blocks; /* all blocks alike: they are the threads' tasks */
    n_blocks = (binned->p + binned->lanes - 1) / binned->lanes;
    TOC_TRY(toc_mul_size(ctx, binned->n, n_blocks * TREE_LANES, &bytes));
    TOC_TRY(toc_alloc(ctx, bytes, 1, &binned->blocks));
    return toc_parallel(ctx, (binned->n + ROWS_AT_ONCE - 1) / ROWS_AT_ONCE, fill_blocks, binned);
}

void tree_binned_release(tree_binned *binned)
{
    toc_free(binned->bins);
    toc_free(binned->blocks);
    toc_free(binned->columns);
    *binned = (tree_binned){0};
}
