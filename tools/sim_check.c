/* sim_check.c: the simulated shop must not be easy.
 *
 *   sim_check FOLDER        a folder that shopsim wrote (canonical)
 *
 * For every kind of fraud it searches the single feature, and the tree of depth two, that find at least 80 % of it with the best precision; 0.5 or more
 * fails. Features are those of tocsin itself, networks included. And the plain sales before a stock-out must not tell the demand during it
 * within 20 %. */
#include <math.h>

#include "base/base.h"
#include "fraud/fraud.h"
#include "ingest/ingest.h"
#include "reader/reader.h"
#include "tree/tree.h"

static const double least_recall = 0.8, most_precision = 0.5;
enum { LEVELS = 6 }; /* thresholds tried per feature and side: those that keep 80 .. 100 % of the frauds */

typedef struct {
    const char *name;
    fraud_entity entity;
} kind;
static const kind kinds[] = {
    { "stolen_card", FRAUD_ORDER }, { "card_testing", FRAUD_ORDER }, { "refund_abuse", FRAUD_CUSTOMER }, { "brushing", FRAUD_MERCHANT }, { "review_bombing", FRAUD_MERCHANT },
};

/* Rows that pass one condition, as bits. */
typedef struct {
    const char *feature;
    bool above;
    double threshold;
    uint64_t *bits;
} filter;

static double precision_of(const uint64_t *bits, const uint64_t *other, const uint64_t *truth, size_t n_words, size_t positives)
{
    size_t hits = 0, all = 0;

    for (size_t w = 0; w < n_words; w++) {
        uint64_t both = other ? bits[w] & other[w] : bits[w];
        all += (size_t)__builtin_popcountll(both);
        hits += (size_t)__builtin_popcountll(both & truth[w]);
    }
    return (double)hits < least_recall * (double)positives || !all ? 0 : (double)hits / (double)all;
}

static int compare_doubles(const void *a, const void *b, const void *arg)
{
    double x = *(const double *)a, y = *(const double *)b;
    (void)arg;
    return (x > y) - (x < y);
}

/* Adds the filters of one column: for both sides, thresholds at quantiles of the frauds' own values. */
static toc_status add_filters(toc_ctx *ctx, const tab_column *column, size_t n, const bool *truth, double *values, filter *filters, size_t *n_filters)
{
    size_t known = 0, n_words = (n + 63) / 64;

    for (size_t i = 0; i < n; i++)
        if (truth[i] && !isnan(column->f64[i])) values[known++] = column->f64[i];
    if (!known) return TOC_OK;
    TOC_TRY(toc_sort(ctx, values, known, sizeof *values, compare_doubles, NULL));
    for (int side = 0; side < 2; side++)
        for (size_t level = 0; level < LEVELS; level++) {
            size_t skip = (size_t)((double)known * 0.2 * (double)level / (LEVELS - 1));
            filter *f = &filters[*n_filters];
            *f = (filter){ .feature = column->name, .above = side, .threshold = values[side ? skip : known - 1 - skip] };
            TOC_TRY(toc_arena_alloc(ctx, &ctx->arena, n_words, sizeof *f->bits, &f->bits));
            for (size_t i = 0; i < n; i++)
                if (side ? column->f64[i] >= f->threshold : column->f64[i] <= f->threshold) f->bits[i / 64] |= UINT64_C(1) << (i % 64);
            ++*n_filters;
        }
    return TOC_OK;
}

typedef struct {
    double single, pair, tree;
    const filter *best, *first, *second;
} found;

static void search(const filter *filters, size_t n_filters, const uint64_t *truth, size_t n_words, size_t positives, found *best)
{
    for (size_t i = 0; i < n_filters; i++) {
        double alone = precision_of(filters[i].bits, NULL, truth, n_words, positives);
        if (alone > best->single) best->single = alone, best->best = &filters[i];
        for (size_t j = 0; j < i; j++) {
            double both = precision_of(filters[i].bits, filters[j].bits, truth, n_words, positives);
            if (both > best->pair) best->pair = both, best->first = &filters[j], best->second = &filters[i];
        }
    }
}

/* The tree that information gain grows to depth two, both classes weighing the same; its leaves taken from the surest down. */
static toc_status grow_tree(toc_ctx *ctx, const tab_table *t, const bool *truth, size_t positives, double *precision)
{
    tree_params params = tree_defaults(TREE_SINGLE);
    const double **x;
    const char **names;
    double *y, *weight, *score;
    tree_model *model = NULL;
    size_t p = 0;

    TOC_TRY(toc_arena_alloc(ctx, &ctx->arena, t->n_cols, sizeof *x, &x));
    TOC_TRY(toc_arena_alloc(ctx, &ctx->arena, t->n_cols, sizeof *names, &names));
    TOC_TRY(toc_arena_alloc(ctx, &ctx->arena, t->n_rows, sizeof *y, &y));
    TOC_TRY(toc_arena_alloc(ctx, &ctx->arena, t->n_rows, sizeof *weight, &weight));
    TOC_TRY(toc_arena_alloc(ctx, &ctx->arena, t->n_rows, sizeof *score, &score));
    for (size_t j = 0; j < t->n_cols; j++)
        if (t->columns[j].type == TAB_F64) x[p] = t->columns[j].f64, names[p++] = t->columns[j].name;
    for (size_t i = 0; i < t->n_rows; i++) {
        y[i] = truth[i];
        weight[i] = truth[i] ? (double)(t->n_rows - positives) / (double)positives : 1;
    }
    params.max_depth = 2;
    params.min_leaf = 1;
    tree_data data = { .n = t->n_rows, .p = p, .x = x, .names = names };
    toc_status st = tree_fit(ctx, &data, y, weight, &params, &model);
    if (!st) st = tree_predict(ctx, model, &data, score);
    tree_free(model);
    *precision = 0;
    for (size_t i = 0; i < t->n_rows && !st; i++) { /* every leaf's score as threshold */
        double hits = 0, all = 0;
        if (!truth[i]) continue;
        for (size_t k = 0; k < t->n_rows; k++) {
            all += score[k] >= score[i];
            hits += score[k] >= score[i] && truth[k];
        }
        if (hits >= least_recall * (double)positives) *precision = fmax(*precision, hits / all);
    }
    return st;
}

static toc_status check_kind(toc_ctx *ctx, const char *name, const tab_table *t, const bool *truth, bool *hard)
{
    size_t n_words = (t->n_rows + 63) / 64, positives = 0, n_filters = 0;
    uint64_t *bits;
    double *values;
    filter *filters;
    found best = {0};

    TOC_TRY(toc_arena_alloc(ctx, &ctx->arena, n_words, sizeof *bits, &bits));
    TOC_TRY(toc_arena_alloc(ctx, &ctx->arena, t->n_rows, sizeof *values, &values));
    TOC_TRY(toc_arena_alloc(ctx, &ctx->arena, t->n_cols * 2 * LEVELS, sizeof *filters, &filters));
    for (size_t i = 0; i < t->n_rows; i++) {
        positives += truth[i];
        if (truth[i]) bits[i / 64] |= UINT64_C(1) << (i % 64);
    }
    if (!positives) return toc_fail(ctx, TOC_E_DATA, "no %s in the truth", name);
    for (size_t j = 0; j < t->n_cols; j++)
        if (t->columns[j].type == TAB_F64) TOC_TRY(add_filters(ctx, &t->columns[j], t->n_rows, truth, values, filters, &n_filters));
    search(filters, n_filters, bits, n_words, positives, &best);
    TOC_TRY(grow_tree(ctx, t, truth, positives, &best.tree));
    bool ok = best.single < most_precision && best.pair < most_precision && best.tree < most_precision;
    printf("%-15s %5zu of %6zu: one feature %.2f (%s), two %.2f (%s, %s), tree of depth two %.2f%s\n", name, positives, t->n_rows, best.single,
           best.best ? best.best->feature : "-", best.pair, best.first ? best.first->feature : "-", best.second ? best.second->feature : "-", best.tree,
           ok ? "" : "  TOO EASY");
    *hard &= ok;
    return TOC_OK;
}

/* ---- truth files ---- */

static toc_status read_truth(toc_ctx *ctx, const char *folder, const char *name, tab_table *table)
{
    const char *path;

    TOC_TRY(toc_arena_printf(ctx, &ctx->arena, &path, "%s/truth/%s", folder, name));
    return rd_read_table(ctx, path, NULL, table);
}

static toc_str text_at(const tab_table *t, size_t column, size_t row)
{
    return toc_pool_str(t->columns[column].pool, t->columns[column].code[row]);
}

/* Marks the entities of a kind: orders and merchants by their own truth, customers by their orders. */
static toc_status mark(toc_ctx *ctx, const fraud_analysis *a, const kind *k, const tab_table *orders, const tab_table *merchants, bool **truth)
{
    const tab_table *t = &a->groups[k->entity].features, *source = k->entity == FRAUD_MERCHANT ? merchants : orders;
    shop_domain domain = k->entity == FRAUD_MERCHANT ? SHOP_D_MERCHANT : SHOP_D_ORDER;
    bool *wanted;

    TOC_TRY(toc_arena_alloc(ctx, &ctx->arena, t->n_rows, sizeof **truth, truth));
    TOC_TRY(toc_arena_alloc(ctx, &ctx->arena, toc_pool_size(&a->view.dict[domain]) + toc_pool_size(&a->view.dict[SHOP_D_CUSTOMER]), 1, &wanted));
    for (size_t i = 0; i < source->n_rows; i++) {
        uint32_t code;
        if (!toc_str_is(text_at(source, 1, i), k->name) || !toc_pool_find(&a->view.dict[domain], text_at(source, 0, i), &code)) continue;
        if (k->entity != FRAUD_CUSTOMER) {
            wanted[code] = true;
            continue;
        }
        for (size_t l = 0; l < a->view.orders.n; l++)
            if (a->view.orders.order_id[l] == code) wanted[a->view.orders.customer_id[l]] = true;
    }
    for (size_t r = 0; r < t->n_rows; r++) (*truth)[r] = wanted[t->columns[0].code[r]];
    return TOC_OK;
}

/* ---- demand behind stock-outs ---- */

static double number_at(const tab_table *t, size_t column, size_t row)
{
    double v = 0;
    return toc_parse_double(text_at(t, column, row), &v) ? v : 0;
}

/* For weeks that asked for more than was there: the mean sales of the product's four weeks before, against the true demand. */
static toc_status check_demand(toc_ctx *ctx, const char *folder, bool *hard)
{
    tab_table t = {0};
    double guessed = 0, true_demand = 0;
    toc_map sold = {0};
    uint64_t *cell;
    toc_status st = read_truth(ctx, folder, "demand.csv", &t);

    for (size_t i = 0; i < t.n_rows && !st; i++) { /* rows are in order of weeks */
        int64_t at = 0;
        uint32_t product = t.columns[0].code[i];
        if (!toc_parse_time(ctx, text_at(&t, 1, i), TOC_DATE_YMD, &at)) continue;
        uint32_t week = (uint32_t)(at / (7 * TOC_DAY));
        double demand = number_at(&t, 2, i), units = number_at(&t, 3, i);
        st = toc_map_at(ctx, &sold, toc_pair(product, week), &cell, NULL);
        if (!st) *cell = (uint64_t)units;
        if (demand <= units) continue;
        true_demand += demand;
        for (uint32_t back = 1; back <= 4; back++) {
            const uint64_t *before = toc_map_find(&sold, toc_pair(product, week - back));
            guessed += before ? (double)*before / 4 : 0;
        }
    }
    if (!st) {
        double ratio = guessed / true_demand;
        bool ok = ratio < 0.8 || ratio > 1.2;
        printf("demand          sales before a stock-out are %.2f of the demand in it%s\n", ratio, ok ? "" : "  TOO EASY");
        *hard &= ok;
    }
    toc_map_release(&sold);
    tab_release(&t);
    return st;
}

static toc_status load(toc_ctx *ctx, const char *folder, shop_data *shop)
{
    static const char *const names[] = { "orders.csv", "reviews.csv", "products.csv", "customers.csv", "merchants.csv" };
    const char *paths[TOC_COUNT(names)];
    ing_summary summaries[TOC_COUNT(names)];
    const ing_options options = {0};

    for (size_t i = 0; i < TOC_COUNT(names); i++) TOC_TRY(toc_arena_printf(ctx, &ctx->arena, &paths[i], "%s/%s", folder, names[i]));
    TOC_TRY(shop_init(ctx, shop));
    TOC_TRY(ing_read(ctx, paths, TOC_COUNT(names), &options, shop, summaries));
    return shop_sort(ctx, shop);
}

static toc_status check(toc_ctx *ctx, const char *folder, bool *hard)
{
    shop_data shop = {0};
    fraud_analysis a = {0};
    fraud_options options = fraud_defaults();
    tab_table orders = {0}, merchants = {0};
    int64_t as_of;
    bool *truth;
    toc_status st = load(ctx, folder, &shop);

    if (!st) st = shop_default_as_of(ctx, &shop, &as_of);
    if (st) goto out;
    options.window = as_of - shop_first_order(&shop) + TOC_DAY;
    options.use_labels = false;
    if ((st = fraud_analyse(ctx, &shop, as_of, &options, &a))) goto out;
    if ((st = read_truth(ctx, folder, "orders.csv", &orders))) goto out;
    if ((st = read_truth(ctx, folder, "merchants.csv", &merchants))) goto out;
    for (size_t k = 0; k < TOC_COUNT(kinds); k++) {
        if ((st = mark(ctx, &a, &kinds[k], &orders, &merchants, &truth))) goto out;
        if ((st = check_kind(ctx, kinds[k].name, &a.groups[kinds[k].entity].features, truth, hard))) goto out;
    }
    st = check_demand(ctx, folder, hard);
out:
    tab_release(&orders);
    tab_release(&merchants);
    fraud_analysis_release(&a);
    shop_release(&shop);
    return st;
}

int main(int argc, char **argv)
{
    toc_ctx ctx;
    bool hard = true;

    if (argc != 2) {
        fputs("usage: sim_check FOLDER\n", stderr);
        return 2;
    }
    toc_ctx_init(&ctx);
    ctx.n_threads = 2;
    toc_status st = check(&ctx, argv[1], &hard);
    if (st) fprintf(stderr, "sim_check: %s\n", ctx.message);
    toc_ctx_release(&ctx);
    return st ? toc_exit_code(st) : hard ? 0 : 1;
}
