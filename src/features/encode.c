/* encode.c: categorical facts as numbers: how frequent a value is, or the mean label of its rows drawn towards that of all, of which no row sees the label
 * of its own entity. What was learned is a table that can be kept. */
#include "features/fea_int.h"

enum { FOLDS = 5, WEIGHT = 10 /* rows that the mean of all counts as */ };

static bool is_category(const char *entity, const tab_column *c)
{
    const fea_info *info;

    if (c->type != TAB_TEXT) return false;
    for (size_t i = 0; (info = fea_category(entity, i)); i++)
        if (strcmp(info->name, c->name) == 0) return true;
    return false;
}

/* Sums over rows, by code; [0] over all codes, for what is not known. */
typedef struct {
    double *n, *sum;
    size_t n_codes;
} sums;

static toc_status sums_init(toc_ctx *ctx, const tab_column *c, sums *s)
{
    s->n_codes = toc_pool_size(c->pool);
    TOC_TRY(toc_alloc(ctx, s->n_codes, sizeof *s->n, &s->n));
    return toc_alloc(ctx, s->n_codes, sizeof *s->sum, &s->sum);
}

static void sums_release(sums *s)
{
    toc_free(s->n);
    toc_free(s->sum);
}

static void count(sums *s, uint32_t code, double label)
{
    s->n[0]++;
    s->sum[0] += label;
    if (code == 0) return;
    s->n[code]++;
    s->sum[code] += label;
}

/* Over the rows with a label that are not in a fold; fold NULL = all. */
static void add_up(const tab_column *c, size_t n, const double *label, const uint8_t *fold, uint8_t without, sums *s)
{
    memset(s->n, 0, s->n_codes * sizeof *s->n);
    memset(s->sum, 0, s->n_codes * sizeof *s->sum);
    for (size_t i = 0; i < n; i++)
        if (!(fold && fold[i] == without) && !isnan(label[i])) count(s, c->code[i], label[i]);
}

/* NaN where no row has a label. */
static double target_of(const sums *s, uint32_t code)
{
    double all = fea_ratio(s->sum[0], s->n[0]);
    return code == 0 ? all : (s->sum[code] + WEIGHT * all) / (s->n[code] + WEIGHT);
}

/* One column's part of an encoding: what a value that is not there becomes, then each value by its bytes. */
static toc_status keep_column(toc_ctx *ctx, const tab_column *c, const sums *s, double other, bool target, tab_table *encoding, size_t *row)
{
    tab_column *feature = &encoding->columns[0], *value = &encoding->columns[1], *number = &encoding->columns[2];
    uint32_t name, *codes = NULL;
    bool *seen = NULL;
    size_t n = 0;
    toc_status st = TOC_OK;

    if ((st = toc_pool_intern(ctx, feature->pool, toc_str_of(c->name), &name))) goto out;
    if ((st = toc_alloc(ctx, s->n_codes, sizeof *seen, &seen))) goto out;
    for (size_t k = 1; k < s->n_codes; k++) seen[k] = s->n[k] > 0;
    if ((st = fea_sorted_codes(ctx, c->pool, seen, &codes, &n))) goto out;
    feature->code[*row] = name;
    number->f64[(*row)++] = other;
    for (size_t k = 0; k < n && !st; k++, ++*row) {
        st = toc_pool_intern(ctx, value->pool, toc_pool_str(c->pool, codes[k]), &value->code[*row]);
        feature->code[*row] = name;
        number->f64[*row] = target ? target_of(s, codes[k]) : s->n[codes[k]] / s->n[0];
    }
out:
    toc_free(seen);
    toc_free(codes);
    return st;
}

static toc_status learn_column(toc_ctx *ctx, const tab_table *features, const tab_column *c, const double *label, tab_table *encoding, size_t *row)
{
    sums s = {0};

    toc_status st = sums_init(ctx, c, &s);
    for (size_t i = 0; i < features->n_rows && !label && !st; i++) count(&s, c->code[i], 0);
    if (!st && label) add_up(c, features->n_rows, label, NULL, 0, &s);
    if (!st) st = keep_column(ctx, c, &s, label ? target_of(&s, 0) : 0, label != NULL, encoding, row);
    sums_release(&s);
    return st;
}

/* Rows that an encoding may need: one a column and one a value. */
static size_t most_rows(const tab_table *features, const char *entity)
{
    size_t n = 0;

    for (size_t c = 0; c < features->n_cols; c++)
        if (is_category(entity, &features->columns[c])) n += 1 + TOC_MIN(features->n_rows, toc_pool_size(features->columns[c].pool));
    return n;
}

toc_status fea_encoding_learn(toc_ctx *ctx, const tab_table *features, const char *entity, const double *label, tab_table *encoding)
{
    size_t row = 0;
    toc_status st = TOC_OK;

    tab_init(encoding, most_rows(features, entity));
    if ((st = tab_add(ctx, encoding, "feature", TAB_TEXT, NULL, NULL))) goto out;
    if ((st = tab_add(ctx, encoding, "value", TAB_TEXT, NULL, NULL))) goto out;
    if ((st = tab_add(ctx, encoding, "encoded", TAB_F64, NULL, NULL))) goto out;
    for (size_t c = 0; c < features->n_cols && !st; c++)
        if (is_category(entity, &features->columns[c])) st = learn_column(ctx, features, &features->columns[c], label, encoding, &row);
    encoding->n_rows = row;
out:
    if (st) tab_release(encoding);
    return st;
}

/* The numbers of a column's codes, by an encoding; *known says whether it has the column. */
static toc_status numbers_of(toc_ctx *ctx, const tab_table *encoding, const tab_column *c, double **number, bool *known)
{
    const tab_column *feature = tab_find(encoding, "feature"), *value = tab_find(encoding, "value"), *encoded = tab_find(encoding, "encoded");
    double other = NAN;
    uint32_t code;

    *known = false;
    TOC_TRY(toc_alloc(ctx, toc_pool_size(c->pool), sizeof **number, number));
    for (size_t pass = 0; pass < 2; pass++) {
        for (size_t k = 0; k < toc_pool_size(c->pool) && pass == 1; k++) (*number)[k] = k ? other : (double)NAN;
        for (size_t i = 0; i < encoding->n_rows; i++) {
            if (!toc_str_is(toc_pool_str(feature->pool, feature->code[i]), c->name)) continue;
            *known = true;
            if (value->code[i] == 0) other = encoded->f64[i];
            else if (pass == 1 && toc_pool_find(c->pool, toc_pool_str(value->pool, value->code[i]), &code)) (*number)[code] = encoded->f64[i];
        }
    }
    return TOC_OK;
}

toc_status fea_encoding_apply(toc_ctx *ctx, const tab_table *encoding, const char *entity, tab_table *features)
{
    toc_status st = TOC_OK;

    for (size_t c = 0; c < features->n_cols && !st; c++) {
        tab_column *column = &features->columns[c];
        double *number = NULL, *values = NULL;
        bool known;
        if (!is_category(entity, column)) continue;
        st = numbers_of(ctx, encoding, column, &number, &known);
        if (!st && known) st = toc_alloc(ctx, features->n_rows, sizeof *values, &values);
        for (size_t i = 0; i < features->n_rows && values; i++) values[i] = number[column->code[i]];
        if (values) tab_make_numbers(column, values);
        toc_free(number);
    }
    return st;
}

/* The fold of each row: its id's place among all ids by their bytes, modulo FOLDS. */
static toc_status deal_folds(toc_ctx *ctx, const tab_column *ids, size_t n, uint8_t **fold)
{
    size_t n_codes = toc_pool_size(ids->pool), n_seen;
    bool *seen = NULL;
    uint32_t *sorted = NULL;
    uint8_t *of_code = NULL;
    toc_status st;

    if ((st = toc_alloc(ctx, n_codes, sizeof *seen, &seen))) goto out;
    if ((st = toc_alloc(ctx, n_codes, sizeof *of_code, &of_code))) goto out;
    if ((st = toc_alloc(ctx, n, sizeof **fold, fold))) goto out;
    for (size_t i = 0; i < n; i++) seen[ids->code[i]] = true;
    if ((st = fea_sorted_codes(ctx, ids->pool, seen, &sorted, &n_seen))) goto out;
    for (size_t k = 0; k < n_seen; k++) of_code[sorted[k]] = (uint8_t)(k % FOLDS);
    for (size_t i = 0; i < n; i++) (*fold)[i] = of_code[ids->code[i]];
out:
    toc_free(seen);
    toc_free(sorted);
    toc_free(of_code);
    return st;
}

/* Sums are made anew for each fold, not taken off those of all: so not even their rounding knows the labels of the fold. */
static toc_status encode_column(toc_ctx *ctx, tab_column *c, size_t n, const double *label, const uint8_t *fold)
{
    double *values = NULL;
    sums s = {0};

    toc_status st = sums_init(ctx, c, &s);
    if (!st) st = toc_alloc(ctx, n, sizeof *values, &values);
    for (uint8_t f = 0; f < FOLDS && !st; f++) {
        add_up(c, n, label, fold, f, &s);
        for (size_t i = 0; i < n; i++)
            if (fold[i] == f) values[i] = c->code[i] == 0 ? (double)NAN : target_of(&s, c->code[i]);
    }
    sums_release(&s);
    if (!st) tab_make_numbers(c, values);
    return st;
}

toc_status fea_encode_out_of_fold(toc_ctx *ctx, const char *entity, const tab_column *ids, const double *label, tab_table *features)
{
    uint8_t *fold = NULL;

    toc_status st = deal_folds(ctx, ids, features->n_rows, &fold);
    for (size_t c = 0; c < features->n_cols && !st; c++)
        if (is_category(entity, &features->columns[c])) st = encode_column(ctx, &features->columns[c], features->n_rows, label, fold);
    toc_free(fold);
    return st;
}
