/* outliers.c: amounts and counts far from what is usual, flagged and kept.
 *
 * The robust z-score of Iglewicz and Hoaglin (1993), flagged above 3.5: distance from the median over 1.4826 * MAD. It is taken of logarithms, since
 * prices and quantities differ by factors. Where more than half of the values are the same the MAD is 0, so the spread is never less than 1.2533 times
 * the mean absolute deviation (as they propose), which lets a product be sold by the piece and by the dozen; nor less than MIN_SPREAD, which lets a
 * price that hardly ever changes be halved in a sale. In Online Retail that flags 0.7 % of the quantities and 0.7 % of the prices.
 * Prices and quantities of orders are compared within their product and currency; lines of products with few lines, and other columns, all together. */
#include <math.h>

#include "ingest/ingest_int.h"
#include "num/num.h"

#define MIN_SPREAD 0.3 /* times 3.5: a factor of 2.86 */
#define THRESHOLD 3.5
enum { MIN_VALUES = 10 };

/* Scratch: values of one group, their copy, and the rows they are of. */
typedef struct {
    double *value, *copy;
    uint32_t *row;
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

static void judge_group(const group *g, size_t n, const int64_t *records, ing_outliers *o)
{
    if (n < MIN_VALUES) return;
    memcpy(g->copy, g->value, n * sizeof *g->copy);
    double median = num_median(g->copy, n);
    memcpy(g->copy, g->value, n * sizeof *g->copy);
    double spread = TOC_MAX(num_mad(g->copy, n), MIN_SPREAD), sum = 0;
    for (size_t i = 0; i < n; i++) sum += fabs(g->value[i] - median);
    spread = TOC_MAX(spread, 1.2533 * sum / (double)n);
    for (size_t i = 0; i < n; i++) {
        double z = fabs(g->value[i] - median) / spread;
        if (z > THRESHOLD) flag(o, z, records[g->row[i]]);
    }
}

/* Takes the values of rows order[from, to) that have one; 0 is none. Returns how many the group then has. */
static size_t take(const group *g, size_t n, const int64_t *cells, size_t first_row, const uint32_t *order, size_t from, size_t to)
{
    for (size_t k = from; k < to; k++) {
        size_t row = first_row + (order ? order[k] : k);
        if (cells[row] == SHOP_NO_INT || cells[row] == 0) continue;
        g->value[n] = log(fabs((double)cells[row]));
        g->row[n++] = (uint32_t)row;
    }
    return n;
}

/* One column, group by group; keys in the order `order` are equal within a group. Small groups go together at the front of `rest`. */
static void judge_grouped(const ing_load *load, size_t column, const uint64_t *keys, const uint32_t *order, size_t n, const group *g, const group *rest,
                          ing_outliers *o)
{
    const int64_t *cells = load->cells[column].ints, *records = shop_row_numbers(load->shop, load->map->kind);
    size_t n_rest = 0;

    for (size_t from = 0, to; from < n; from = to) {
        for (to = from + 1; to < n && keys[order[to]] == keys[order[from]];) to++;
        size_t n_values = take(g, 0, cells, load->first_row, order, from, to);
        if (n_values >= MIN_VALUES) judge_group(g, n_values, records, o);
        else n_rest = take(rest, n_rest, cells, load->first_row, order, from, to);
    }
    judge_group(rest, n_rest, records, o);
}

static void release(group *g)
{
    toc_free(g->value);
    toc_free(g->copy);
    toc_free(g->row);
}

static toc_status make_group(toc_ctx *ctx, size_t n, group *g)
{
    TOC_TRY(toc_alloc(ctx, n, sizeof *g->value, &g->value));
    TOC_TRY(toc_alloc(ctx, n, sizeof *g->copy, &g->copy));
    return toc_alloc(ctx, n, sizeof *g->row, &g->row);
}

/* Prices and quantities within product and currency. */
static toc_status judge_orders(toc_ctx *ctx, ing_load *load, size_t n, const group *g)
{
    static const char *const columns[] = { "quantity", "unit_price" };
    const shop_orders *o = &load->shop->orders;
    group rest = {0};
    uint64_t *keys = NULL;
    uint32_t *order = NULL;
    toc_status st;

    if ((st = toc_alloc(ctx, n, sizeof *keys, &keys))) goto out;
    if ((st = toc_alloc(ctx, n, sizeof *order, &order))) goto out;
    if ((st = make_group(ctx, n, &rest))) goto out;
    for (size_t i = 0; i < n; i++) keys[i] = toc_pair(o->product_id[load->first_row + i], o->currency[load->first_row + i]);
    if ((st = toc_sort_u64(ctx, keys, n, false, order))) goto out;
    for (size_t k = 0; k < TOC_COUNT(columns); k++) {
        size_t j = (size_t)shop_column_of(SHOP_ORDERS, toc_str_of(columns[k]));
        judge_grouped(load, j, keys, order, n, g, &rest, &load->outliers[j]);
    }
out:
    toc_free(keys);
    toc_free(order);
    release(&rest);
    return st;
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

toc_status ing_find_outliers(toc_ctx *ctx, ing_load *load)
{
    const shop_schema *schema = shop_schema_of(load->map->kind);
    size_t n = shop_rows(load->shop, load->map->kind) - load->first_row;
    bool orders = load->map->kind == SHOP_ORDERS;
    group g = {0};
    toc_status st;

    ing_find_cells(load);
    if ((st = make_group(ctx, n, &g))) goto out;
    if (orders && (st = judge_orders(ctx, load, n, &g))) goto out;
    for (size_t j = 0; j < load->n_columns; j++) {
        bool number = schema->columns[j].type == SHOP_T_INT || schema->columns[j].type == SHOP_T_MONEY;
        bool done = orders && (load->cells[j].ints == load->shop->orders.quantity || load->cells[j].ints == load->shop->orders.unit_price);
        if (!number || done) continue;
        judge_group(&g, take(&g, 0, load->cells[j].ints, load->first_row, NULL, 0, n), shop_row_numbers(load->shop, load->map->kind),
                    &load->outliers[j]);
    }
    st = tell(ctx, load);
out:
    release(&g);
    return st;
}
