/* outliers.c: amounts and counts far from what is usual, flagged and kept.
 *
 * The robust z-score of Iglewicz and Hoaglin (1993), flagged above 3.5: distance from the median over 1.4826 * MAD. It is taken of logarithms, since
 * prices and quantities differ by factors. Where more than half of the values are the same the MAD is 0, so the spread is never less than 1.2533 times
 * the mean absolute deviation (as they propose), which lets a product be sold by the piece and by the dozen; nor less than MIN_SPREAD, which lets a
 * price that hardly ever changes be halved in a sale. In Online Retail that flags 0.7 % of the quantities and 0.7 % of the prices.
 * Prices and quantities of orders are compared within their product and currency; lines of products with few lines, and other columns, all together.
 * Values are put aside (base/runs.h) and come back group by group; a group of more than MOST is judged in parts of so many. */
#include <math.h>

#include "ingest/ingest_int.h"
#include "num/num.h"

#define MIN_SPREAD 0.3 /* times 3.5: a factor of 2.86 */
#define THRESHOLD 3.5
enum { MIN_VALUES = 10, MOST = 1 << 21 };

/* Logarithms of values that are compared, a copy to sort, and the records they are of. */
typedef struct {
    double *value, *copy;
    int64_t *record;
    size_t n, cap;
} group;

/* Puts a flagged row among those to be shown: the furthest first, then by record. */
static void flag(ing_outliers *o, double z, int64_t record)
{
    size_t at = o->n_shown;

    o->n++;
    while (at > 0 && (z > o->z[at - 1] || (z == o->z[at - 1] && record < o->record[at - 1]))) at--;
    if (at == ING_SHOWN_OUTLIERS) return;
    if (o->n_shown < ING_SHOWN_OUTLIERS) o->n_shown++;
    for (size_t k = o->n_shown - 1; k > at; k--) {
        o->z[k] = o->z[k - 1];
        o->record[k] = o->record[k - 1];
    }
    o->z[at] = z;
    o->record[at] = record;
}

static void judge(group *g, ing_outliers *o)
{
    size_t n = g->n;

    g->n = 0;
    if (n < MIN_VALUES) return;
    memcpy(g->copy, g->value, n * sizeof *g->copy);
    double median = num_median(g->copy, n);
    memcpy(g->copy, g->value, n * sizeof *g->copy);
    double spread = TOC_MAX(num_mad(g->copy, n), MIN_SPREAD), sum = 0;
    for (size_t i = 0; i < n; i++) sum += fabs(g->value[i] - median);
    spread = TOC_MAX(spread, 1.2533 * sum / (double)n);
    for (size_t i = 0; i < n; i++) {
        double z = fabs(g->value[i] - median) / spread;
        if (z > THRESHOLD) flag(o, z, g->record[i]);
    }
}

static toc_status put(toc_ctx *ctx, group *g, double value, int64_t record, ing_outliers *o)
{
    size_t cap = g->cap, copy = g->cap, records = g->cap;

    if (g->n == MOST) judge(g, o);
    if (g->n == g->cap) {
        TOC_TRY(toc_grow(ctx, &g->value, &cap, g->n + 1, sizeof *g->value));
        TOC_TRY(toc_grow(ctx, &g->copy, &copy, g->n + 1, sizeof *g->copy));
        TOC_TRY(toc_grow(ctx, &g->record, &records, g->n + 1, sizeof *g->record));
        g->cap = cap;
    }
    g->value[g->n] = value;
    g->record[g->n++] = record;
    return TOC_OK;
}

static void release(group *g)
{
    toc_free(g->value);
    toc_free(g->copy);
    toc_free(g->record);
}

/* ---- values ---- */

/* A key has the column in its highest bits and the group below. */
enum { COLUMN_SHIFT = 58 };

bool ing_wants_outliers(const ing_load *load)
{
    return load->options && (load->options->outliers || load->options->report) && !load->only_side;
}

uint64_t ing_outlier_group(const ing_load *load, size_t row)
{
    const shop_orders *o = &load->shop->orders;
    toc_str product, currency;

    if (load->map->kind != SHOP_ORDERS) return 0;
    product = toc_pool_str(&load->shop->dict[SHOP_D_PRODUCT], o->product_id[row]);
    currency = toc_pool_str(&load->shop->dict[SHOP_D_WORD], o->currency[row]);
    return ing_group_of(product.n ? toc_str_hash(product) : 0, currency.n ? toc_str_hash(currency) : 0);
}

toc_status ing_outliers_add(toc_ctx *ctx, const ing_load *load, toc_runs *values, size_t row, uint64_t of, int64_t record)
{
    const shop_schema *schema = shop_schema_of(load->map->kind);
    const shop_orders *o = &load->shop->orders;

    for (size_t j = 0; j < load->n_columns; j++) {
        const int64_t *cells = load->cells[j].ints;
        bool number = schema->columns[j].type == SHOP_T_INT || schema->columns[j].type == SHOP_T_MONEY;
        if (!number || cells[row] == SHOP_NO_INT || cells[row] == 0) continue;
        bool grouped = load->map->kind == SHOP_ORDERS && (cells == o->quantity || cells == o->unit_price);
        toc_run_record value = { .key = (uint64_t)j << COLUMN_SHIFT | (grouped ? of >> (64 - COLUMN_SHIFT) : 0), .value = { (uint64_t)cells[row], (uint64_t)record } };
        TOC_TRY(toc_runs_add(ctx, values, value));
    }
    return TOC_OK;
}

/* A group that is complete: judged, or added to the small ones. */
static toc_status close_group(toc_ctx *ctx, group *g, group *rest, ing_outliers *o)
{
    if (g->n >= MIN_VALUES) judge(g, o);
    for (size_t i = 0; i < g->n; i++) TOC_TRY(put(ctx, rest, g->value[i], g->record[i], o));
    g->n = 0;
    return TOC_OK;
}

static toc_status judge_all(toc_ctx *ctx, ing_load *load, toc_runs *values, group *g, group *rest)
{
    toc_run_record v;
    uint64_t key = 0;
    bool there;

    TOC_TRY(toc_runs_sort(ctx, values));
    for (;;) {
        ing_outliers *o = &load->outliers[key >> COLUMN_SHIFT];
        TOC_TRY(toc_runs_next(ctx, values, &v, &there));
        if (!there || v.key != key) TOC_TRY(close_group(ctx, g, rest, o));
        if (!there || v.key >> COLUMN_SHIFT != key >> COLUMN_SHIFT) judge(rest, o);
        if (!there) return TOC_OK;
        key = v.key;
        TOC_TRY(put(ctx, g, log(fabs((double)(int64_t)v.value[0])), (int64_t)v.value[1], &load->outliers[key >> COLUMN_SHIFT]));
    }
}

static toc_status tell(toc_ctx *ctx, ing_load *load)
{
    const shop_schema *schema = shop_schema_of(load->map->kind);
    toc_buf text = {0};
    toc_status st = TOC_OK;

    for (size_t j = 0; j < load->n_columns && !st; j++) {
        const ing_outliers *o = &load->outliers[j];
        if (!o->n) continue;
        load->summary->outliers += o->n;
        st = toc_buf_printf(ctx, &text, "%s%s %zu (record", text.n ? ", " : "", schema->columns[j].name, o->n);
        for (size_t k = 0; k < TOC_MIN(o->n_shown, (size_t)3) && !st; k++) st = toc_buf_printf(ctx, &text, " %lld", (long long)o->record[k]);
        if (!st) st = toc_buf_str(ctx, &text, o->n > 3 ? " ...)" : ")");
    }
    if (!st && text.n) st = toc_arena_copy(ctx, &ctx->arena, text.p, text.n, &load->summary->outlier_text);
    toc_buf_release(&text);
    return st;
}

toc_status ing_find_outliers(toc_ctx *ctx, ing_load *load, toc_runs *values)
{
    group g = {0}, rest = {0};
    toc_status st = judge_all(ctx, load, values, &g, &rest);

    release(&g);
    release(&rest);
    return st ? st : tell(ctx, load);
}

toc_status ing_find_outliers_of_rows(toc_ctx *ctx, ing_load *load)
{
    const int64_t *records = shop_row_numbers(load->shop, load->map->kind);
    toc_runs values;
    toc_status st = TOC_OK;

    ing_find_cells(load);
    toc_runs_init(&values, ING_VALUES);
    for (size_t row = load->first_row; row < shop_rows(load->shop, load->map->kind) && !st; row++)
        st = ing_outliers_add(ctx, load, &values, row, ing_outlier_group(load, row), records[row]);
    if (!st) st = ing_find_outliers(ctx, load, &values);
    toc_runs_release(&values);
    return st;
}
