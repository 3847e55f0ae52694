/* split.c: the best split of a node on one column, from the histogram of its bins. One search serves single trees, forests and boosting: each
 * gives a node's two sums a worth, and a split gains what its sides are worth more than the node. */
#include "tree/tree_int.h"

#include <math.h>

static double x_log2_x(double x)
{
    return x > 0 ? x * log2(x) : 0;
}

/* Newton: what the leaf weight g / (h + l2) takes off the loss (twice; Chen & Guestrin 2016). Entropy and Gini: minus the impurity times
 * the weight, up to a part that cancels. */
static double worth(const tree_rule *rule, double g, double h, double l2)
{
    switch (rule->measure) {
    case TREE_BY_NEWTON: return h + l2 > 0 ? g * g / (h + l2) : 0;
    case TREE_BY_RATIO: /* of columns, when each has its best */
    case TREE_BY_ENTROPY: return x_log2_x(g) + x_log2_x(h - g) - x_log2_x(h);
    case TREE_BY_GINI: return h > 0 ? (g * g + (h - g) * (h - g)) / h : 0;
    }
    return 0;
}

typedef struct {
    const tree_rule *rule;
    tree_sum node;
    double l2, worth_node, rows_per_h, low, high;
    int8_t monotone;
} search;

static search begin(const tree_rule *rule, const tree_bins *column, const tree_place *node, double l2)
{
    search s = { rule, node->sum, l2, 0, (double)node->rows / (double)TOC_MAX(node->sum.h, 1), node->low, node->high, column->monotone };
    s.worth_node = worth(rule, (double)s.node.g * rule->g_unit, (double)s.node.h * rule->h_unit, l2);
    return s;
}

double tree_leaf(const tree_rule *rule, tree_sum sum)
{
    double h = (double)sum.h * rule->h_unit + rule->l2;

    return h > 0 ? (double)sum.g * rule->g_unit / h : 0;
}

/* Whether leaves there keep the order that monotone columns ask for, here and above. */
static bool in_order(const search *s, tree_sum left, tree_sum right)
{
    double l = tree_leaf(s->rule, left), r = tree_leaf(s->rule, right);

    if (TOC_MIN(l, r) < s->low || TOC_MAX(l, r) > s->high) return false;
    return s->monotone == 0 || (s->monotone > 0 ? l <= r : l >= r);
}

/* What splitting off `left` gains, or 0 where a side is too small. */
static double gain_of(const search *s, tree_sum left)
{
    const tree_rule *rule = s->rule;
    tree_sum right = { s->node.g - left.g, s->node.h - left.h };
    double hl = (double)left.h * rule->h_unit, hr = (double)right.h * rule->h_unit;

    if (left.h <= 0 || right.h <= 0 || hl < rule->min_h || hr < rule->min_h) return 0;
    /* Rows of a side by its share of the weight: exact where rows weigh the same. */
    if ((double)left.h * s->rows_per_h + 1e-6 < rule->min_rows || (double)right.h * s->rows_per_h + 1e-6 < rule->min_rows) return 0;
    if (rule->bounded && !in_order(s, left, right)) return 0;
    double sum = worth(rule, (double)left.g * rule->g_unit, hl, s->l2) + worth(rule, (double)right.g * rule->g_unit, hr, s->l2);
    return (sum - s->worth_node) * rule->gain_unit;
}

/* Keeps the candidate if it beats what is there; differences below rounding do not count. */
static bool better(const search *s, double gain, const tree_split *best)
{
    return gain > s->rule->min_gain && gain > best->gain * (1 + 1e-12) && gain > 1e-12 * fabs(s->worth_node) * s->rule->gain_unit;
}

/* One threshold, drawn evenly between those that part the node's values; missing values on the better side. */
static void numeric_at_random(const search *s, const tree_bins *column, const tree_sum *histogram, toc_rng *rng, tree_split *best)
{
    tree_sum left = { 0, 0 }, missing = histogram[TREE_MISSING];
    size_t low = 0, high = column->n_bins - 1, cut;

    while (low < high && histogram[low].h == 0) low++;
    while (high > low && histogram[high].h == 0) high--;
    cut = high; /* one bin: given against missing */
    if (high > low) {
        double a = column->upper[low], b = column->upper[high - 1], at = a + toc_rng_unit(rng) * (b - a);
        for (cut = low; cut + 1 < high && column->upper[cut] < at; cut++) continue;
    } else if (missing.h == 0) {
        return;
    }
    for (size_t b = 0; b <= cut; b++) {
        left.g += histogram[b].g;
        left.h += histogram[b].h;
    }
    for (int with_missing = 0; with_missing <= (missing.h > 0); with_missing++) {
        tree_sum side = left;
        if (with_missing) side = (tree_sum){ left.g + missing.g, left.h + missing.h };
        double gain = gain_of(s, side);
        if (!better(s, gain, best)) continue;
        *best = (tree_split){ .gain = gain, .bin = (uint8_t)cut, .sum_left = side };
        best->missing_left = with_missing || (missing.h == 0 && 2 * side.h >= s->node.h);
    }
}

static void numeric(const search *s, const tree_bins *column, const tree_sum *histogram, tree_split *best)
{
    tree_sum left = { 0, 0 }, missing = histogram[TREE_MISSING];
    /* With missing rows, "all values against missing" is a split too. */
    size_t last = column->n_bins - (missing.h > 0 ? 0 : 1);

    for (size_t b = 0; b < last; b++) {
        if (histogram[b].h == 0) continue;
        left.g += histogram[b].g;
        left.h += histogram[b].h;
        for (int with_missing = 0; with_missing <= (missing.h > 0); with_missing++) {
            tree_sum side = left;
            if (with_missing) side = (tree_sum){ left.g + missing.g, left.h + missing.h };
            double gain = gain_of(s, side);
            if (!better(s, gain, best)) continue;
            best->gain = gain;
            best->bin = (uint8_t)b;
            best->categorical = false;
            best->missing_left = with_missing || (missing.h == 0 && 2 * side.h >= s->node.h);
            best->sum_left = side;
        }
    }
}

typedef struct {
    double mean;
    uint32_t bin;
} response;

static int by_mean(const void *a, const void *b)
{
    const response *x = a, *y = b;
    if (x->mean != y->mean) return x->mean < y->mean ? -1 : 1;
    return x->bin < y->bin ? -1 : x->bin > y->bin;
}

/* Bins present in the node, the missing one included, by their mean response: among all subsets the best is a prefix of this order
 * (Fisher 1958; Breiman et al. 1984). */
static size_t ordered(const search *s, const tree_bins *column, const tree_sum *histogram, double smooth, response *r)
{
    size_t n = 0;

    for (uint32_t b = 0; b < TREE_SLOTS; b++) {
        if ((b >= column->n_bins && b != TREE_MISSING) || histogram[b].h == 0) continue;
        double g = (double)histogram[b].g * s->rule->g_unit, h = (double)histogram[b].h * s->rule->h_unit;
        r[n++] = (response){ g / (h + smooth), b };
    }
    qsort(r, n, sizeof *r, by_mean);
    return n;
}

/* Levels the node has not seen go where missing values go. */
static void put_subset(const search *s, const tree_bins *column, const tree_sum *histogram, const response *r, size_t n_left, tree_split *best)
{
    bool missing_left = 2 * best->sum_left.h >= s->node.h;

    best->categorical = true;
    best->left = (tree_subset){ { 0 } };
    for (size_t i = 0; i < n_left; i++) best->left.bit[r[i].bin >> 6] |= (uint64_t)1 << (r[i].bin & 63);
    if (histogram[TREE_MISSING].h > 0) missing_left = tree_bit(&best->left, TREE_MISSING);
    best->missing_left = missing_left;
    for (uint32_t b = 0; missing_left && b < column->n_bins; b++)
        if (histogram[b].h == 0) best->left.bit[b >> 6] |= (uint64_t)1 << (b & 63);
}

/* rng: NULL, or draws the one prefix that is looked at. */
static void categorical(search *s, const tree_bins *column, const tree_sum *histogram, toc_rng *rng, tree_split *best)
{
    response r[TREE_SLOTS];
    /* Few levels hold no chance findings; many do, so their means are pulled together and their gains lowered. */
    bool few = column->n_bins <= 4;
    size_t n = ordered(s, column, histogram, few ? 0 : s->rule->smooth, r), n_left = 0;
    size_t only = rng && n > 1 ? toc_rng_below(rng, n - 1) : SIZE_MAX;
    tree_sum left = { 0, 0 };

    for (size_t i = 0; i + 1 < n; i++) {
        left.g += histogram[r[i].bin].g;
        left.h += histogram[r[i].bin].h;
        if (rng && i != only) continue;
        double gain = gain_of(s, left);
        if (!better(s, gain, best)) continue;
        best->gain = gain;
        best->sum_left = left;
        n_left = i + 1;
    }
    if (n_left) put_subset(s, column, histogram, r, n_left, best);
}

void tree_best_split(const tree_rule *rule, const tree_bins *column, const tree_sum *histogram, const tree_place *node, tree_split *best)
{
    double extra = column->categorical && column->n_bins > 4 ? rule->smooth : 0;
    search s = begin(rule, column, node, rule->l2 + extra);
    toc_rng rng;

    best->gain = 0;
    if (column->n_bins == 0) return;
    if (node->draw) rng = toc_rng_new(node->draw, 1);
    if (column->categorical) categorical(&s, column, histogram, node->draw ? &rng : NULL, best);
    else if (node->draw) numeric_at_random(&s, column, histogram, &rng, best);
    else numeric(&s, column, histogram, best);
}
