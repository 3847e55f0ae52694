/* sim_check.c: the simulated shop must not be easy.
 *
 *   sim_check FOLDER        a folder that shopsim wrote (canonical)
 *
 * For every kind of fraud, seen as orders, customers and merchants, it searches what finds at least 80 % of it with the best precision: one feature (every
 * threshold), the best tree of depth two on a grid of quantiles, and the tree that information gain grows; 0.5 or more fails. Features are those of
 * tocsin itself, networks included. Ids and seconds must tell frauds from the rest no better than chance, honest look-alikes must be ten times as many, and
 * the plain sales before a stock-out must not tell the demand during it within 20 %. */
#include <math.h>

#include "base/base.h"
#include "fraud/fraud.h"
#include "ingest/ingest.h"
#include "num/num.h"
#include "reader/reader.h"
#include "sim/sim.h"
#include "tree/tree.h"

static const double least_recall = 0.8, most_precision = 0.5;

/* Where thresholds of the grid lie among the frauds' own values, from the side that is kept whole. */
static const double levels[] = { 0, 0.04, 0.08, 0.12, 0.16, 0.2, 0.35, 0.5, 0.65, 0.8 };

typedef struct {
    const char *name;
    fraud_entity entity;
} kind;
static const kind kinds[] = {
    { "stolen_card", FRAUD_ORDER },      { "stolen_card", FRAUD_CUSTOMER },
    { "card_testing", FRAUD_ORDER },     { "card_testing", FRAUD_CUSTOMER },
    { "refund_abuse", FRAUD_ORDER },     { "refund_abuse", FRAUD_CUSTOMER },
    { "brushing", FRAUD_ORDER },         { "brushing", FRAUD_CUSTOMER },       { "brushing", FRAUD_MERCHANT },
    { "review_bombing", FRAUD_ORDER },   { "review_bombing", FRAUD_CUSTOMER }, { "review_bombing", FRAUD_MERCHANT },
};

/* Rows that pass one condition, as bits: the frauds' rows first, in words of their own. */
typedef struct {
    const char *feature;
    uint64_t *bits;
    uint32_t hits, all;
} filter;

/* The rows of a kind in the order of the bits, and its filters. */
typedef struct {
    const tab_table *table;
    const bool *truth;
    size_t n, positives, hit_words, n_words, need;
    uint32_t *bit_of; /* by row */
    filter *filters;
    size_t n_filters;
} problem;

typedef struct {
    double single, tree, grown;
    const char *best, *root, *below[2];
} found;

static int compare_doubles(const void *a, const void *b, const void *arg)
{
    double x = *(const double *)a, y = *(const double *)b;
    (void)arg;
    return (x > y) - (x < y);
}

/* ---- one feature ---- */

/* How many of sorted values (n) are < x, or <= x. */
static size_t count_below(const double *sorted, size_t n, double x, bool equal)
{
    size_t low = 0, high = n;

    while (low < high) {
        size_t middle = (low + high) / 2;
        if (sorted[middle] < x || (equal && sorted[middle] <= x)) low = middle + 1;
        else high = middle;
    }
    return low;
}

/* Only thresholds at a fraud's own value can be best. all and own: sorted values of all rows and of the frauds. */
static void search_column(const problem *p, const char *name, const double *all, size_t n_all, const double *own, size_t n_own, found *best)
{
    for (size_t i = 0; i < n_own; i++)
        for (int side = 0; side < 2; side++) {
            size_t hits = side ? n_own - count_below(own, n_own, own[i], false) : count_below(own, n_own, own[i], true);
            size_t rows = side ? n_all - count_below(all, n_all, own[i], false) : count_below(all, n_all, own[i], true);
            double precision = (double)hits / (double)rows;
            if (hits >= p->need && precision > best->single) best->single = precision, best->best = name;
        }
}

/* ---- trees of depth two ---- */

/* Bits set in both. Not the built-in: without a CPU flag it is a call a word. Sums of bytes hold 31 words. */
static uint32_t count_bits(const uint64_t *a, const uint64_t *b, size_t from, size_t to)
{
    const uint64_t pairs = 0x5555555555555555u, fours = 0x3333333333333333u, bytes = 0x0f0f0f0f0f0f0f0fu;
    uint64_t n = 0;

    while (from < to) {
        size_t until = TOC_MIN(from + 31, to);
        uint64_t sum = 0;
        for (; from < until; from++) {
            uint64_t x = a[from] & b[from];
            x -= x >> 1 & pairs;
            x = (x & fours) + (x >> 2 & fours);
            sum += (x + (x >> 4)) & bytes;
        }
        sum = (sum & 0x00ff00ff00ff00ffu) + (sum >> 8 & 0x00ff00ff00ff00ffu);
        n += (sum * 0x0001000100010001u) >> 48;
    }
    return (uint32_t)n;
}

static toc_status add_filter(toc_ctx *ctx, problem *p, const tab_column *column, bool above, double threshold)
{
    filter *f = &p->filters[p->n_filters++];

    *f = (filter){ .feature = column->name };
    TOC_TRY(toc_arena_alloc(ctx, &ctx->arena, p->n_words, sizeof *f->bits, &f->bits));
    for (size_t i = 0; i < p->n; i++)
        if (above ? column->f64[i] >= threshold : column->f64[i] <= threshold) f->bits[p->bit_of[i] / 64] |= UINT64_C(1) << (p->bit_of[i] % 64);
    f->hits = count_bits(f->bits, f->bits, 0, p->hit_words);
    f->all = f->hits + count_bits(f->bits, f->bits, p->hit_words, p->n_words);
    return TOC_OK;
}

/* Of one child of the root: the fewest rows that hold so many frauds, and by which feature. */
typedef struct {
    uint32_t rows;
    const char *feature;
} leaf;

static void offer(leaf *leaves, uint32_t hits, uint32_t rows, const char *feature)
{
    if (rows < leaves[hits].rows) leaves[hits] = (leaf){ rows, feature };
}

/* The best tree under one root: a leaf on its side, on the other, or one on each. leaves: 2 x (positives + 1). */
static void search_root(const problem *p, const filter *root, leaf *leaves, found *best)
{
    leaf *in = leaves, *out = leaves + p->positives + 1;

    for (size_t h = 0; h < 2 * (p->positives + 1); h++) leaves[h] = (leaf){ UINT32_MAX, NULL };
    offer(in, 0, 0, "-");
    offer(out, 0, 0, "-");
    offer(in, root->hits, root->all, "all");
    offer(out, (uint32_t)p->positives - root->hits, (uint32_t)p->n - root->all, "all");
    for (size_t i = 0; i < p->n_filters; i++) {
        const filter *f = &p->filters[i];
        uint32_t hits = count_bits(f->bits, root->bits, 0, p->hit_words), all = hits + count_bits(f->bits, root->bits, p->hit_words, p->n_words);
        offer(in, hits, all, f->feature);
        offer(out, f->hits - hits, f->all - all, f->feature);
    }
    for (size_t h = 0; h <= root->hits; h++)
        for (size_t k = p->need > h ? p->need - h : 0; k <= p->positives - root->hits && in[h].feature; k++) {
            if (!out[k].feature || h + k == 0) continue;
            double precision = (double)(h + k) / (double)(in[h].rows + out[k].rows);
            if (precision > best->tree) *best = (found){ best->single, precision, best->grown, best->best, root->feature, { in[h].feature, out[k].feature } };
        }
}

static toc_status search(toc_ctx *ctx, problem *p, found *best)
{
    const tab_table *t = p->table;
    double *all, *own;
    leaf *leaves;

    TOC_TRY(toc_arena_alloc(ctx, &ctx->arena, p->n, sizeof *all, &all));
    TOC_TRY(toc_arena_alloc(ctx, &ctx->arena, p->positives, sizeof *own, &own));
    TOC_TRY(toc_arena_alloc(ctx, &ctx->arena, 2 * (p->positives + 1), sizeof *leaves, &leaves));
    TOC_TRY(toc_arena_alloc(ctx, &ctx->arena, t->n_cols * 2 * TOC_COUNT(levels), sizeof *p->filters, &p->filters));
    for (size_t j = 0; j < t->n_cols; j++) {
        const tab_column *column = &t->columns[j];
        size_t n_all = 0, n_own = 0;
        if (column->type != TAB_F64) continue;
        for (size_t i = 0; i < p->n; i++) {
            if (isnan(column->f64[i])) continue;
            all[n_all++] = column->f64[i];
            if (p->truth[i]) own[n_own++] = column->f64[i];
        }
        if (!n_own) continue;
        TOC_TRY(toc_sort(ctx, all, n_all, sizeof *all, compare_doubles, NULL));
        TOC_TRY(toc_sort(ctx, own, n_own, sizeof *own, compare_doubles, NULL));
        search_column(p, column->name, all, n_all, own, n_own, best);
        for (size_t k = 0; k < TOC_COUNT(levels); k++) {
            size_t skip = (size_t)((double)n_own * levels[k]);
            if (k && skip == (size_t)((double)n_own * levels[k - 1])) continue;
            TOC_TRY(add_filter(ctx, p, column, true, own[skip]));
            TOC_TRY(add_filter(ctx, p, column, false, own[n_own - 1 - skip]));
        }
    }
    for (size_t i = 0; i < p->n_filters; i += 2) search_root(p, &p->filters[i], leaves, best); /* the other of a pair parts the same way */
    return TOC_OK;
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

static toc_status check_kind(toc_ctx *ctx, const kind *k, const tab_table *t, const bool *truth, bool *hard)
{
    problem p = { .table = t, .truth = truth, .n = t->n_rows };
    found best = { .best = "-", .root = "-", .below = { "-", "-" } };
    uint32_t hit = 0, other;

    TOC_TRY(toc_arena_alloc(ctx, &ctx->arena, t->n_rows, sizeof *p.bit_of, &p.bit_of));
    for (size_t i = 0; i < t->n_rows; i++) p.positives += truth[i];
    if (!p.positives) return toc_fail(ctx, TOC_E_DATA, "no %s in the truth", k->name);
    p.need = (size_t)ceil(least_recall * (double)p.positives);
    p.hit_words = (p.positives + 63) / 64;
    p.n_words = p.hit_words + (t->n_rows - p.positives + 63) / 64;
    other = (uint32_t)(64 * p.hit_words);
    for (size_t i = 0; i < t->n_rows; i++) p.bit_of[i] = truth[i] ? hit++ : other++;
    TOC_TRY(search(ctx, &p, &best));
    TOC_TRY(grow_tree(ctx, t, truth, p.positives, &best.grown));
    bool ok = best.single < most_precision && best.tree < most_precision && best.grown < most_precision;
    printf("%-14s %-8s %4zu of %5zu: one feature %.2f (%s), depth two %.2f (%s: %s, %s), grown %.2f%s\n", k->name, fraud_entity_name(k->entity), p.positives, p.n,
           best.single, best.best, best.tree, best.root, best.below[0], best.below[1], best.grown, ok ? "" : "  TOO EASY");
    *hard &= ok;
    return TOC_OK;
}

/* ---- what must carry nothing ---- */

/* Chance alone gives an area under the curve near 0.5, with deviation at most sqrt(1 / (12 k)) for k frauds among many. */
static toc_status check_nothing(toc_ctx *ctx, const char *what, const double *value, const uint8_t *truth, size_t n, bool *hard)
{
    size_t k = 0;
    double auc = 0.5;

    for (size_t i = 0; i < n; i++) k += truth[i];
    TOC_TRY(num_auc(ctx, value, truth, n, &auc));
    bool ok = fabs(auc - 0.5) < 4 * sqrt(1 / (12 * fmax(1, (double)k)));
    printf("%-23s %4zu of %5zu: area under the curve %.3f%s\n", what, k, n, auc, ok ? "" : "  TELLS");
    *hard &= ok;
    return TOC_OK;
}

/* Frauds of all kinds among the orders, customers and merchants: the place of their ids in byte order, and the second of the minute. */
static toc_status check_ids(toc_ctx *ctx, const shop_data *view, shop_domain domain, const bool *fraud, const char *what, bool *hard)
{
    size_t n = toc_pool_size(&view->dict[domain]);
    uint32_t *rank;
    double *value;
    uint8_t *truth;

    TOC_TRY(toc_arena_alloc(ctx, &ctx->arena, n, sizeof *rank, &rank));
    TOC_TRY(toc_arena_alloc(ctx, &ctx->arena, n, sizeof *value, &value));
    TOC_TRY(toc_arena_alloc(ctx, &ctx->arena, n, sizeof *truth, &truth));
    TOC_TRY(toc_pool_rank(ctx, &view->dict[domain], rank));
    for (size_t i = 0; i < n; i++) value[i] = rank[i], truth[i] = fraud[i];
    return check_nothing(ctx, what, value + 1, truth + 1, n - 1, hard); /* code 0 is no id */
}

static toc_status check_seconds(toc_ctx *ctx, const shop_data *view, const bool *fraud, bool *hard)
{
    size_t n = view->orders.n;
    double *value;
    uint8_t *truth;

    TOC_TRY(toc_arena_alloc(ctx, &ctx->arena, n, sizeof *value, &value));
    TOC_TRY(toc_arena_alloc(ctx, &ctx->arena, n, sizeof *truth, &truth));
    for (size_t i = 0; i < n; i++) {
        value[i] = (double)(view->orders.ordered_at[i] % (60 * TOC_SECOND));
        truth[i] = fraud[view->orders.order_id[i]];
    }
    return check_nothing(ctx, "seconds of orders", value, truth, n, hard);
}

/* For each fraud of the table, how many times as many campaigns, and accounts, its honest look-alikes have. */
static void check_lookalikes(bool *hard)
{
    for (size_t i = 0; i < sim_n_kinds; i++) {
        const sim_kind *fraud = &sim_kinds[i];
        double campaigns = 0, accounts = 0, own = fraud->per_10k * (fraud->accounts.low + fraud->accounts.high);
        if (!fraud->fraud) continue;
        for (size_t k = 0; k < sim_n_kinds; k++) {
            const sim_kind *like = &sim_kinds[k];
            if (like->fraud || strcmp(like->like, fraud->name) != 0) continue;
            campaigns += like->per_10k;
            accounts += like->per_10k * (like->accounts.low + like->accounts.high);
        }
        bool ok = campaigns >= 10 * fraud->per_10k && accounts >= 10 * own;
        printf("%-23s look-alikes %.1f times as many, their accounts %.1f times%s\n", fraud->name, campaigns / fraud->per_10k, accounts / own, ok ? "" : "  TOO FEW");
        *hard &= ok;
    }
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

/* What is fraudulent, by code of the shop's dictionaries. */
typedef struct {
    bool *order, *customer, *merchant;
} marks;

static toc_status new_marks(toc_ctx *ctx, const shop_data *view, marks *m)
{
    TOC_TRY(toc_arena_alloc(ctx, &ctx->arena, toc_pool_size(&view->dict[SHOP_D_ORDER]), 1, &m->order));
    TOC_TRY(toc_arena_alloc(ctx, &ctx->arena, toc_pool_size(&view->dict[SHOP_D_CUSTOMER]), 1, &m->customer));
    return toc_arena_alloc(ctx, &ctx->arena, toc_pool_size(&view->dict[SHOP_D_MERCHANT]), 1, &m->merchant);
}

/* Marks the ids in a truth table whose fraud is of the name (NULL = any). */
static void mark_ids(const shop_data *view, shop_domain domain, const tab_table *t, const char *name, bool *marked)
{
    uint32_t code;

    for (size_t i = 0; i < t->n_rows; i++)
        if ((!name || toc_str_is(text_at(t, 1, i), name)) && toc_pool_find(&view->dict[domain], text_at(t, 0, i), &code)) marked[code] = true;
}

/* truth: orders, merchants, reviews. A customer is marked by an order or a review. */
static toc_status mark(toc_ctx *ctx, const shop_data *view, const tab_table truth[3], const char *name, marks *m)
{
    bool *review;

    TOC_TRY(new_marks(ctx, view, m));
    TOC_TRY(toc_arena_alloc(ctx, &ctx->arena, toc_pool_size(&view->dict[SHOP_D_REVIEW]), 1, &review));
    mark_ids(view, SHOP_D_ORDER, &truth[0], name, m->order);
    mark_ids(view, SHOP_D_MERCHANT, &truth[1], name, m->merchant);
    mark_ids(view, SHOP_D_REVIEW, &truth[2], name, review);
    for (size_t i = 0; i < view->orders.n; i++)
        if (m->order[view->orders.order_id[i]]) m->customer[view->orders.customer_id[i]] = true;
    for (size_t i = 0; i < view->reviews.n; i++)
        if (review[view->reviews.review_id[i]]) m->customer[view->reviews.customer_id[i]] = true;
    return TOC_OK;
}

static toc_status check_frauds(toc_ctx *ctx, const fraud_analysis *a, const tab_table truth[3], bool *hard)
{
    marks m;
    bool *rows;

    for (size_t k = 0; k < TOC_COUNT(kinds); k++) {
        const tab_table *t = &a->groups[kinds[k].entity].features;
        TOC_TRY(mark(ctx, &a->view, truth, kinds[k].name, &m));
        const bool *marked = kinds[k].entity == FRAUD_ORDER ? m.order : kinds[k].entity == FRAUD_CUSTOMER ? m.customer : m.merchant;
        TOC_TRY(toc_arena_alloc(ctx, &ctx->arena, t->n_rows, sizeof *rows, &rows));
        for (size_t r = 0; r < t->n_rows; r++) rows[r] = marked[t->columns[0].code[r]];
        TOC_TRY(check_kind(ctx, &kinds[k], t, rows, hard));
    }
    TOC_TRY(mark(ctx, &a->view, truth, NULL, &m));
    TOC_TRY(check_ids(ctx, &a->view, SHOP_D_ORDER, m.order, "ids of orders", hard));
    TOC_TRY(check_ids(ctx, &a->view, SHOP_D_CUSTOMER, m.customer, "ids of customers", hard));
    TOC_TRY(check_ids(ctx, &a->view, SHOP_D_MERCHANT, m.merchant, "ids of merchants", hard));
    return check_seconds(ctx, &a->view, m.order, hard);
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
    static const char *const names[] = { "orders.csv", "merchants.csv", "reviews.csv" };
    shop_data shop = {0};
    fraud_analysis a = {0};
    fraud_options options = fraud_defaults();
    tab_table truth[3] = {0};
    int64_t as_of;
    toc_status st = load(ctx, folder, &shop);

    if (!st) st = shop_default_as_of(ctx, &shop, &as_of);
    for (size_t i = 0; i < TOC_COUNT(names) && !st; i++) st = read_truth(ctx, folder, names[i], &truth[i]);
    if (st) goto out;
    options.window = as_of - shop_first_order(&shop) + TOC_DAY;
    options.use_labels = false;
    if ((st = fraud_analyse(ctx, &shop, as_of, &options, &a))) goto out;
    if ((st = check_frauds(ctx, &a, truth, hard))) goto out;
    check_lookalikes(hard);
    st = check_demand(ctx, folder, hard);
out:
    for (size_t i = 0; i < TOC_COUNT(truth); i++) tab_release(&truth[i]);
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
