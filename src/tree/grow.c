/* grow.c: grows one tree over binned columns. Every open leaf keeps the histograms of its columns; of two children only the smaller one's are
 * counted, the larger one's are the parent's less those (leaf sums are integers, so this is exact). With a limit of leaves the leaf
 * that gains most is split next; without one the order does not matter and the newest comes first, which keeps few histograms alive. */
#include "tree/tree_int.h"

#include <math.h>

enum {
    AHEAD = 24,            /* rows asked for from memory before they are counted */
    WORTH_THREADS = 60000, /* cells to count, below which starting threads costs more than it saves */
};

/* A leaf that can still be split. */
typedef struct {
    uint32_t node;
    size_t depth, rows;
    tree_sum sum;
    double low, high;    /* what its leaves may say */
    tree_sum *histogram; /* all columns; NULL when columns are drawn per node */
    tree_split split;
} open_leaf;

typedef struct {
    tree_grow_job *job;
    tree_grown *tree;
    open_leaf *open;
    size_t n_open, cap_open;
    tree_pair *ordered;      /* pairs of the rows being counted, in their order */
    uint32_t *moved;         /* rows that go right, while parting */
    tree_sum **spare;        /* histograms to use again */
    size_t n_spare, cap_spare;
    tree_split *found;       /* per task: small child, then large child */
    uint32_t *drawn;
    size_t n_leaves;
} grower;

static toc_status take_histogram(toc_ctx *ctx, grower *g, tree_sum **histogram)
{
    if (g->n_spare > 0) {
        *histogram = g->spare[--g->n_spare];
        return TOC_OK;
    }
    return toc_alloc(ctx, g->job->data->p * TREE_SLOTS, sizeof **histogram, histogram);
}

static toc_status give_histogram(toc_ctx *ctx, grower *g, tree_sum *histogram)
{
    if (!histogram) return TOC_OK;
    toc_status st = toc_grow(ctx, &g->spare, &g->cap_spare, g->n_spare + 1, sizeof *g->spare);
    if (st) {
        toc_free(histogram);
        return st;
    }
    g->spare[g->n_spare++] = histogram;
    return TOC_OK;
}

/* ---- counting ---- */

/* What the tasks of one evaluation share: `small` is counted; `large`, when there, is its parent's histograms becoming its own. */
typedef struct {
    const grower *g;
    const uint32_t *rows;
    const tree_pair *pairs; /* in the order of rows */
    open_leaf *small, *large;
    const uint32_t *columns;
    size_t n_columns;
} evaluation;

static void count_bins(const uint8_t *bin, const uint32_t *rows, const tree_pair *pairs, size_t n, tree_sum *histogram)
{
    for (size_t i = 0; i < n; i++) {
        tree_sum *to = histogram + bin[rows[i]];
        to->g += pairs[i].g;
        to->h += pairs[i].h;
    }
}

/* The same for all rows of the data. */
static void count_all(const uint8_t *bin, const tree_pair *pairs, size_t n, tree_sum *histogram)
{
    for (size_t i = 0; i < n; i++) {
        tree_sum *to = histogram + bin[i];
        to->g += pairs[i].g;
        to->h += pairs[i].h;
    }
}

static tree_place place_of(const grower *g, const open_leaf *leaf, uint32_t column)
{
    tree_place place = { leaf->sum, leaf->rows, leaf->low, leaf->high, 0 };

    if (g->job->draw) place.draw = toc_mix(toc_mix(g->job->draw + leaf->node) + column) | 1;
    return place;
}

/* The splits of both children on column number `at` of the evaluation, whose own histogram of the smaller child is counted. */
static void find_splits(const evaluation *e, size_t at, const tree_sum *own)
{
    const grower *g = e->g;
    uint32_t j = e->columns[at];
    const tree_bins *column = &g->job->data->columns[j];
    tree_place place = place_of(g, e->small, j);

    tree_best_split(&g->job->rule, column, own, &place, &g->found[2 * at]);
    if (!e->large) return;
    tree_sum *rest = e->large->histogram + (size_t)j * TREE_SLOTS;
    for (size_t b = 0; b < TREE_SLOTS; b++) {
        rest[b].g -= own[b].g;
        rest[b].h -= own[b].h;
    }
    place = place_of(g, e->large, j);
    tree_best_split(&g->job->rule, column, rest, &place, &g->found[2 * at + 1]);
}

static toc_status evaluate_column(toc_ctx *ctx, void *arg, size_t task)
{
    const evaluation *e = arg;
    const tree_binned *data = e->g->job->data;
    uint32_t j = e->columns[task];
    tree_sum scratch[TREE_SLOTS], *own = e->small->histogram ? e->small->histogram + (size_t)j * TREE_SLOTS : scratch;
    const uint8_t *bin = data->bins + (size_t)j * data->n;

    (void)ctx;
    memset(own, 0, TREE_SLOTS * sizeof *own);
    if (e->small->rows == data->n) count_all(bin, e->pairs, data->n, own);
    else count_bins(bin, e->rows, e->pairs, e->small->rows, own);
    find_splits(e, task, own);
    return TOC_OK;
}

/* ---- counting many rows: a block of columns at once, both sums of a bin in one word ---- */

/* rows[0 .. n) of a block into its lanes' histograms; n <= TREE_PACKED_ROWS, so that the low half, which is signed, stays one. */
static void count_packed(const uint8_t *block, const uint32_t *rows, const tree_pair *pair, size_t n, uint64_t (*packed)[TREE_SLOTS])
{
    for (size_t i = 0; i < n; i++) {
        size_t row = rows[i], ahead = rows[TOC_MIN(i + AHEAD, n - 1)];
        __builtin_prefetch(block + ahead * TREE_LANES);
        __builtin_prefetch(pair + ahead);
        uint64_t bins, sum = ((uint64_t)(uint32_t)pair[row].h << 32) + (uint64_t)(int64_t)pair[row].g;
        memcpy(&bins, block + row * TREE_LANES, sizeof bins);
        packed[0][bins & 255] += sum;
        packed[1][bins >> 8 & 255] += sum;
        packed[2][bins >> 16 & 255] += sum;
        packed[3][bins >> 24 & 255] += sum;
        packed[4][bins >> 32 & 255] += sum;
        packed[5][bins >> 40 & 255] += sum;
        packed[6][bins >> 48 & 255] += sum;
        packed[7][bins >> 56] += sum;
    }
}

static void unpack(uint64_t *packed, tree_sum *histogram)
{
    for (size_t b = 0; b < TREE_SLOTS; b++) {
        int32_t g = (int32_t)(uint32_t)packed[b];
        histogram[b].g += g;
        histogram[b].h += (int64_t)((packed[b] - (uint64_t)(int64_t)g) >> 32);
        packed[b] = 0;
    }
}

static toc_status evaluate_block(toc_ctx *ctx, void *arg, size_t task)
{
    const evaluation *e = arg;
    const tree_binned *data = e->g->job->data;
    const uint8_t *block = data->blocks + task * data->n * TREE_LANES;
    uint64_t packed[TREE_LANES][TREE_SLOTS];
    size_t begin = 0, end;

    (void)ctx;
    while (begin < e->n_columns && e->columns[begin] < task * data->lanes) begin++;
    for (end = begin; end < e->n_columns && e->columns[end] < (task + 1) * data->lanes; end++)
        memset(e->small->histogram + (size_t)e->columns[end] * TREE_SLOTS, 0, TREE_SLOTS * sizeof(tree_sum));
    if (begin == end) return TOC_OK;
    memset(packed, 0, sizeof packed);
    for (size_t i = 0; i < e->small->rows; i += TREE_PACKED_ROWS) {
        count_packed(block, e->rows + i, e->g->job->pair, TOC_MIN(e->small->rows - i, (size_t)TREE_PACKED_ROWS), packed);
        for (size_t at = begin; at < end; at++)
            unpack(packed[e->columns[at] % data->lanes], e->small->histogram + (size_t)e->columns[at] * TREE_SLOTS);
        for (size_t lane = 0; lane < TREE_LANES; lane++) memset(packed[lane], 0, sizeof packed[lane]);
    }
    for (size_t at = begin; at < end; at++) find_splits(e, at, e->small->histogram + (size_t)e->columns[at] * TREE_SLOTS);
    return TOC_OK;
}

/* Gain over the information of the split itself (Quinlan 1993). */
static double gain_ratio(const open_leaf *leaf, const tree_split *s)
{
    double l = (double)s->sum_left.h / (double)leaf->sum.h;

    return s->gain / -(l * log2(l) + (1 - l) * log2(1 - l));
}

/* By gain ratio, among the columns that gain at least what they do on average: nearly empty sides have great ratios. */
static void pick_by_ratio(const evaluation *e, size_t n_columns, size_t which, open_leaf *leaf)
{
    double mean = 0, most = 0;
    size_t n = 0;

    leaf->split.gain = 0;
    for (size_t t = 0; t < n_columns; t++) {
        double gain = e->g->found[2 * t + which].gain;
        mean += gain > 0 ? gain : 0;
        n += gain > 0;
    }
    mean /= (double)TOC_MAX(n, 1);
    for (size_t t = 0; t < n_columns; t++) {
        const tree_split *s = &e->g->found[2 * t + which];
        if (s->gain <= 0 || s->gain < mean * (1 - 1e-12) || gain_ratio(leaf, s) <= most) continue;
        most = gain_ratio(leaf, s);
        leaf->split = *s;
        leaf->split.feature = e->columns[t];
    }
}

/* The best over columns; the first of equals, so that threads change nothing. */
static void pick(const evaluation *e, size_t n_columns, size_t which, open_leaf *leaf)
{
    if (e->g->job->rule.measure == TREE_BY_RATIO) {
        pick_by_ratio(e, n_columns, which, leaf);
        return;
    }
    leaf->split.gain = 0;
    for (size_t t = 0; t < n_columns; t++) {
        const tree_split *s = &e->g->found[2 * t + which];
        if (s->gain <= leaf->split.gain) continue;
        leaf->split = *s;
        leaf->split.feature = e->columns[t];
    }
}

/* A random subset of the tree's columns for one node, ascending. */
static const uint32_t *draw_columns(grower *g, size_t *n)
{
    tree_grow_job *job = g->job;
    size_t left = job->n_columns, want = job->sampled_columns;

    *n = 0;
    if (want == 0 || want >= left) {
        *n = left;
        return job->columns;
    }
    for (size_t i = 0; i < job->n_columns && want > 0; i++, left--) {
        if (toc_rng_below(&job->rng, left) >= want) continue;
        g->drawn[(*n)++] = job->columns[i];
        want--;
    }
    return g->drawn;
}

static toc_status evaluate(toc_ctx *ctx, grower *g, open_leaf *small, open_leaf *large)
{
    const tree_grow_job *job = g->job;
    evaluation e = { g, job->rows + g->tree->first[small->node], g->ordered, small, large, NULL, 0 };
    const tree_binned *data = job->data;
    toc_status (*work)(toc_ctx *ctx, void *arg, size_t task) = evaluate_column;
    size_t n_columns, n_tasks;
    toc_status st = TOC_OK;

    e.columns = draw_columns(g, &n_columns);
    e.n_columns = n_tasks = n_columns;
    if (data->blocks && small->histogram) {
        n_tasks = (data->p + data->lanes - 1) / data->lanes;
        work = evaluate_block;
    } else if (small->rows == data->n) {
        e.pairs = job->pair;
    } else {
        for (size_t i = 0; i < small->rows; i++) g->ordered[i] = job->pair[e.rows[i]];
    }
    if (job->threads && small->rows * n_columns >= WORTH_THREADS) st = toc_parallel(ctx, n_tasks, work, &e);
    else for (size_t t = 0; t < n_tasks && !st; t++) st = work(ctx, &e, t);
    if (st) return st;
    pick(&e, n_columns, 0, small);
    if (large) pick(&e, n_columns, 1, large);
    return TOC_OK;
}

/* ---- nodes ---- */

static toc_status add_node(toc_ctx *ctx, grower *g, size_t first, size_t count, tree_sum sum, uint32_t *node)
{
    tree_grown *t = g->tree;
    const tree_rule *rule = &g->job->rule;
    size_t need = t->n + 1;

    TOC_TRY(toc_grow(ctx, &t->nodes, &t->cap[0], need, sizeof *t->nodes));
    TOC_TRY(toc_grow(ctx, &t->splits, &t->cap[1], need, sizeof *t->splits));
    TOC_TRY(toc_grow(ctx, &t->first, &t->cap[2], need, sizeof *t->first));
    TOC_TRY(toc_grow(ctx, &t->count, &t->cap[3], need, sizeof *t->count));
    double weight = (double)sum.h * rule->h_unit;
    t->nodes[t->n] = (tree_node){ .feature = -1, .left = -1, .right = -1, .subset = TREE_NUMERIC };
    t->nodes[t->n].value = g->job->leaf_scale * tree_leaf(rule, sum);
    t->nodes[t->n].cover = rule->min_h > 0 ? (double)count : weight; /* boosting's curvature is no weight of rows */
    t->first[t->n] = first;
    t->count[t->n] = count;
    *node = (uint32_t)t->n++;
    return TOC_OK;
}

/* Parts the leaf's rows, left ones first, each side in its old order; how many go left. */
static size_t part_rows(grower *g, const open_leaf *leaf)
{
    const tree_split *s = &leaf->split;
    const uint8_t *bin = g->job->data->bins + (size_t)s->feature * g->job->data->n;
    uint32_t *rows = g->job->rows + g->tree->first[leaf->node];
    uint8_t goes_left[TREE_SLOTS];
    size_t left = 0, right = 0;

    for (unsigned b = 0; b < TREE_SLOTS; b++) goes_left[b] = s->categorical ? tree_bit(&s->left, b) : b <= s->bin;
    goes_left[TREE_MISSING] = s->missing_left;
    for (size_t i = 0; i < leaf->rows; i++) {
        uint32_t row = rows[i];
        uint8_t to_left = goes_left[bin[row]];
        g->moved[right] = row;
        rows[left] = row;
        left += to_left;
        right += !to_left;
    }
    memcpy(rows + left, g->moved, right * sizeof *rows);
    return left;
}

static bool may_split(const grower *g, const open_leaf *leaf)
{
    size_t limit = g->job->max_depth ? TOC_MIN(g->job->max_depth, (size_t)TREE_MAX_DEPTH) : TREE_MAX_DEPTH;

    return leaf->depth < limit && (double)leaf->rows >= 2 * g->job->rule.min_rows && leaf->rows >= 2;
}

static toc_status settle(toc_ctx *ctx, grower *g, open_leaf *leaf)
{
    if (leaf->split.gain <= 0) return give_histogram(ctx, g, leaf->histogram);
    toc_status st = toc_grow(ctx, &g->open, &g->cap_open, g->n_open + 1, sizeof *g->open);
    if (st) {
        toc_free(leaf->histogram);
        return st;
    }
    g->open[g->n_open++] = *leaf;
    return TOC_OK;
}

/* Finds the children's own splits. The parent's histograms become the larger child's. */
static toc_status evaluate_children(toc_ctx *ctx, grower *g, tree_sum *parent, open_leaf child[2])
{
    open_leaf *small = &child[child[1].rows < child[0].rows], *large = small == child ? child + 1 : child;
    bool small_may = may_split(g, small), large_may = may_split(g, large);
    toc_status st = TOC_OK;

    if (!parent) {
        if (small_may) st = evaluate(ctx, g, small, NULL);
        if (large_may && !st) st = evaluate(ctx, g, large, NULL);
        return st;
    }
    large->histogram = parent;
    if (!large_may) return TOC_OK; /* then the smaller one may not either: same depth, fewer rows */
    TOC_TRY(take_histogram(ctx, g, &small->histogram));
    TOC_TRY(evaluate(ctx, g, small, large));
    if (!small_may) small->split.gain = 0;
    return TOC_OK;
}

/* What leaves below the children may say: on their side of the middle, if the column that parts them is monotone. */
static void bound_children(const grower *g, const open_leaf *leaf, open_leaf child[2])
{
    int8_t monotone = g->job->data->columns[leaf->split.feature].monotone;
    double middle = (tree_leaf(&g->job->rule, child[0].sum) + tree_leaf(&g->job->rule, child[1].sum)) / 2;

    for (int side = 0; side < 2; side++) {
        child[side].low = leaf->low;
        child[side].high = leaf->high;
        if (monotone == 0) continue;
        if ((monotone > 0) == (side == 0)) child[side].high = middle;
        else child[side].low = middle;
    }
}

static toc_status split_leaf(toc_ctx *ctx, grower *g, open_leaf leaf)
{
    tree_grown *t = g->tree;
    size_t first = t->first[leaf.node], left = part_rows(g, &leaf);
    tree_sum sums[2] = { leaf.split.sum_left, { leaf.sum.g - leaf.split.sum_left.g, leaf.sum.h - leaf.split.sum_left.h } };
    open_leaf child[2] = { { .depth = leaf.depth + 1, .rows = left, .sum = sums[0] },
                           { .depth = leaf.depth + 1, .rows = leaf.rows - left, .sum = sums[1] } };
    toc_status st;

    bound_children(g, &leaf, child);
    if ((st = add_node(ctx, g, first, left, sums[0], &child[0].node))) goto fail;
    if ((st = add_node(ctx, g, first + left, leaf.rows - left, sums[1], &child[1].node))) goto fail;
    tree_node *node = &t->nodes[leaf.node];
    node->feature = (int32_t)leaf.split.feature;
    node->left = (int32_t)child[0].node;
    node->right = (int32_t)child[1].node;
    node->missing_left = leaf.split.missing_left;
    node->gain = leaf.split.gain;
    if (!leaf.split.categorical) node->threshold = g->job->data->columns[leaf.split.feature].upper[leaf.split.bin];
    t->splits[leaf.node] = leaf.split;
    g->n_leaves++;
    if ((st = evaluate_children(ctx, g, leaf.histogram, child))) {
        toc_free(child[0].histogram);
        toc_free(child[1].histogram);
        return st;
    }
    if ((st = settle(ctx, g, &child[0]))) {
        toc_free(child[1].histogram);
        return st;
    }
    return settle(ctx, g, &child[1]);
fail:
    toc_free(leaf.histogram);
    return st;
}

/* Takes the next leaf out of the open ones. */
static open_leaf next_leaf(grower *g)
{
    size_t best = g->n_open - 1;

    if (g->job->max_leaves)
        for (size_t i = 0; i < g->n_open; i++) {
            double gain = g->open[i].split.gain, most = g->open[best].split.gain;
            if (gain > most || (gain == most && g->open[i].node < g->open[best].node)) best = i;
        }
    open_leaf leaf = g->open[best];
    g->open[best] = g->open[--g->n_open];
    return leaf;
}

static toc_status plant(toc_ctx *ctx, grower *g)
{
    tree_grow_job *job = g->job;
    open_leaf root = { .rows = job->n_rows, .low = -INFINITY, .high = INFINITY };

    for (size_t i = 0; i < job->n_rows; i++) {
        root.sum.g += job->pair[job->rows[i]].g;
        root.sum.h += job->pair[job->rows[i]].h;
    }
    TOC_TRY(add_node(ctx, g, 0, job->n_rows, root.sum, &root.node));
    g->n_leaves = 1;
    if (!may_split(g, &root)) return TOC_OK;
    if (!job->sampled_columns) TOC_TRY(take_histogram(ctx, g, &root.histogram));
    toc_status st = evaluate(ctx, g, &root, NULL);
    if (st) {
        toc_free(root.histogram);
        return st;
    }
    return settle(ctx, g, &root);
}

toc_status tree_grow(toc_ctx *ctx, tree_grow_job *job, tree_grown *tree)
{
    grower g = { .job = job, .tree = tree };
    toc_status st;

    *tree = (tree_grown){0};
    if ((st = toc_alloc(ctx, job->n_rows, sizeof *g.ordered, &g.ordered))) goto out;
    if ((st = toc_alloc(ctx, job->n_rows, sizeof *g.moved, &g.moved))) goto out;
    if ((st = toc_alloc(ctx, 2 * job->data->p, sizeof *g.found, &g.found))) goto out;
    if ((st = toc_alloc(ctx, job->data->p, sizeof *g.drawn, &g.drawn))) goto out;
    st = plant(ctx, &g);
    while (!st && g.n_open > 0 && (!job->max_leaves || g.n_leaves < job->max_leaves)) st = split_leaf(ctx, &g, next_leaf(&g));
out:
    for (size_t i = 0; i < g.n_open; i++) toc_free(g.open[i].histogram);
    for (size_t i = 0; i < g.n_spare; i++) toc_free(g.spare[i]);
    toc_free(g.spare);
    toc_free(g.open);
    toc_free(g.ordered);
    toc_free(g.moved);
    toc_free(g.found);
    toc_free(g.drawn);
    if (st) tree_grown_release(tree);
    return st;
}

void tree_grown_release(tree_grown *tree)
{
    toc_free(tree->nodes);
    toc_free(tree->splits);
    toc_free(tree->first);
    toc_free(tree->count);
    *tree = (tree_grown){0};
}

size_t tree_child_by_bin(const tree_grown *tree, const tree_binned *data, size_t node, size_t row)
{
    const tree_split *s = &tree->splits[node];
    unsigned bin = data->bins[s->feature * data->n + row];
    bool left = bin == TREE_MISSING ? s->missing_left : s->categorical ? tree_bit(&s->left, bin) : bin <= s->bin;

    return (size_t)(left ? tree->nodes[node].left : tree->nodes[node].right);
}

size_t tree_walk_bins(const tree_grown *tree, const tree_binned *data, size_t row)
{
    size_t node = 0;

    while (tree->nodes[node].feature >= 0) node = tree_child_by_bin(tree, data, node, row);
    return node;
}
