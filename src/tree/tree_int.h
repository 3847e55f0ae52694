/* tree_int.h: private to tree/. Binned data, the split search, the grower and the model's layout. */
#ifndef TREE_TREE_INT_H
#define TREE_TREE_INT_H

#include "tree/tree.h"

enum {
    TREE_SLOTS = 256,         /* of a histogram: value bins 0 .. 254 and the missing one */
    TREE_MISSING = 255,
    TREE_LANES = 8,           /* bytes of a word */
    TREE_MANY_ROWS = 65536,   /* from which on sums are packed */
    TREE_PACKED_BITS = 17,    /* of a gradient then; what TREE_PACKED_ROWS of them add up to has 30 */
    TREE_PACKED_ROWS = 8192,
    TREE_MAX_DEPTH = 64,      /* where the caller says unlimited */
    TREE_MAX_CLASSES = 100,   /* of a target */
    TREE_MAX_LEVELS = 254,    /* of a categorical column; rarer ones count as missing */
};

/* ---- model ---- */
#define TREE_NUMERIC UINT32_MAX
typedef struct {
    uint64_t bit[4]; /* levels that go left */
} tree_subset;

typedef struct {
    int32_t feature;      /* -1 = leaf */
    int32_t left, right;  /* within the tree, larger than the node's own number */
    uint32_t subset;      /* of the model's subsets, or TREE_NUMERIC */
    bool missing_left;
    double threshold;     /* x <= threshold goes left; +inf = all but missing */
    double value;         /* of a leaf; of inner nodes what a leaf there would say */
    double cover;         /* training rows (weighted as in the fit; plain count for boosting) */
    double gain;
} tree_node;

/* Levels of a categorical column; n = 0 and categorical false for numbers. */
typedef struct {
    bool categorical;
    size_t n;
    const char **texts;  /* NULL = the levels are numbers */
    double *codes;
    double missing;      /* rows without a value when the model was fitted; the least and the greatest number (NaN = none) */
    double min, max;
} tree_levels;

struct tree_model {
    tree_kind kind;
    tree_loss loss;
    tree_criterion criterion;
    size_t p, n_trees, n_nodes, n_subsets, depth;
    size_t n_outputs;     /* scores of a row; tree t adds to score t % n_outputs */
    size_t n_rows;        /* it was fitted to; 0 = not known (version 1) */
    const char *target;   /* may be NULL, and so may its classes */
    const char **classes;
    size_t n_classes;
    const char **names;
    tree_levels *levels;
    tree_node *nodes;     /* of all trees */
    size_t *first;        /* n_trees + 1: where each tree's nodes begin */
    tree_subset *subsets;
    double *base;         /* n_outputs; added to the trees' sums */
    double scale;         /* of each tree: 1, or 1 / n_trees for forests */
    toc_arena arena;      /* everything above */
};

/* Depth of the deepest leaf, over all trees; sound: every node has one parent and none is deeper than TREE_MAX_DEPTH. */
TOC_CHECKED toc_status tree_depth(toc_ctx *ctx, const tree_model *model, size_t *depth, bool *sound);

/* Values of one row as the model walks them: numbers as they are, levels as their number, NaN = missing or unknown. */
typedef struct {
    uint8_t **level_of; /* per column: code -> level, TREE_MISSING = unknown; NULL = numeric */
    size_t *n_codes;
    toc_arena arena;
} tree_lookup;
TOC_CHECKED toc_status tree_lookup_make(toc_ctx *ctx, const tree_model *model, const tree_data *data, tree_lookup *lookup);
void tree_lookup_row(const tree_lookup *lookup, const tree_data *data, size_t row, double *values);

static inline bool tree_bit(const tree_subset *s, unsigned level)
{
    return s->bit[level >> 6] >> (level & 63) & 1;
}

static inline bool tree_goes_left(const tree_model *model, const tree_node *node, double value)
{
    if (value != value) return node->missing_left;
    if (node->subset == TREE_NUMERIC) return value <= node->threshold;
    return tree_bit(&model->subsets[node->subset], (unsigned)value);
}

/* ---- binned training data ---- */
/* A value t with a <= t < b, near the middle and with few digits: thresholds are read by people. */
double tree_between(double a, double b);

typedef struct {
    bool categorical;
    int8_t monotone;
    size_t n_bins;
    size_t missing;
    double min, max;          /* numeric; NaN = no value */
    double upper[TREE_SLOTS]; /* numeric: largest value of each bin, the last +inf; categorical: the code of each bin */
} tree_bins;

typedef struct {
    size_t n, p;
    uint8_t *bins;      /* p x n */
    uint8_t *blocks;    /* the same, TREE_LANES columns at a time: (p / lanes) x n x TREE_LANES; or NULL */
    size_t lanes;       /* columns of a block, at most TREE_LANES */
    tree_bins *columns; /* p */
} tree_binned;
TOC_CHECKED toc_status tree_bin(toc_ctx *ctx, const tree_data *data, size_t max_bins, tree_binned *binned);
/* Fills blocks. */
TOC_CHECKED toc_status tree_bin_blocks(toc_ctx *ctx, tree_binned *binned);
void tree_binned_release(tree_binned *binned);

/* ---- split search ---- */
/* Gradient and curvature of a row, or label and weight, in units of a power of two: sums of integers do not depend on their order. */
typedef struct {
    int32_t g, h;
} tree_pair;
typedef struct {
    int64_t g, h;
} tree_sum;

typedef enum { TREE_BY_NEWTON, TREE_BY_ENTROPY, TREE_BY_GINI, TREE_BY_RATIO } tree_measure;
typedef struct {
    tree_measure measure;
    double g_unit, h_unit; /* what one unit of a sum is worth */
    double l2, smooth;     /* smooth: pulls the mean response of rare levels (and raises l2) in categorical splits */
    double min_rows, min_h;
    double gain_unit;      /* gains are multiplied by this */
    double min_gain;
    bool bounded;          /* some column is monotone */
} tree_rule;

/* The node to be split: its sums, rows, what its leaves may say, and a number to draw from (0 = every threshold is tried). */
typedef struct {
    tree_sum sum;
    size_t rows;
    double low, high;
    uint64_t draw;
} tree_place;

typedef struct {
    double gain;           /* <= 0: no split */
    uint32_t feature;
    uint8_t bin;           /* numeric: bins <= this go left */
    bool categorical, missing_left;
    tree_subset left;      /* categorical: bins that go left */
    tree_sum sum_left;
} tree_split;

/* The best split of a node on one column, by its histogram; or a random one. */
void tree_best_split(const tree_rule *rule, const tree_bins *column, const tree_sum *histogram, const tree_place *node, tree_split *best);
/* What a leaf of these sums says, before the learning rate. */
double tree_leaf(const tree_rule *rule, tree_sum sum);

/* ---- growing one tree ---- */
typedef struct {
    const tree_binned *data;
    const tree_pair *pair;    /* per row of the data */
    uint32_t *rows;           /* n_rows that take part, ascending; reordered leaf by leaf */
    size_t n_rows;
    tree_rule rule;
    size_t max_depth, max_leaves; /* 0 = unlimited */
    const uint32_t *columns;  /* that may be used */
    size_t n_columns;
    size_t sampled_columns;   /* drawn per node; 0 = all */
    toc_rng rng;
    bool threads;             /* columns in parallel */
    double leaf_scale;        /* learning rate */
    uint64_t draw;            /* random splits: where their numbers come from; 0 = best splits */
} tree_grow_job;

/* A grown tree: leaves know their rows. */
typedef struct {
    tree_node *nodes;         /* subset: number in `splits` until the model is put together */
    tree_split *splits;       /* per node; of leaves unused */
    size_t *first, *count;    /* per node: its rows in job->rows */
    size_t n, cap[4];
} tree_grown;
TOC_CHECKED toc_status tree_grow(toc_ctx *ctx, tree_grow_job *job, tree_grown *tree);
void tree_grown_release(tree_grown *tree);
/* Where a row of the binned data goes from an inner node, and the leaf it ends in. */
size_t tree_child_by_bin(const tree_grown *tree, const tree_binned *data, size_t node, size_t row);
size_t tree_walk_bins(const tree_grown *tree, const tree_binned *data, size_t row);

/* ---- fitting ---- */
typedef struct {
    const tree_params *params;
    const double *y, *weight; /* weight may be NULL */
    tree_binned binned;
    tree_grown *trees;
    size_t n_trees, n_outputs;
    double *base;             /* n_outputs */
    uint32_t *all_columns;
    bool packed;              /* gradients have few bits, and bins are in blocks */
} tree_fitting;

static inline double tree_weight(const tree_fitting *f, size_t row)
{
    return f->weight ? f->weight[row] : 1;
}

/* The power of two that gives `most` about 30 bits, or TREE_PACKED_BITS. */
double tree_unit(double most, bool packed);
/* Grows f->trees and sets f->base; f->n_trees becomes what is worth keeping. */
TOC_CHECKED toc_status tree_boost(toc_ctx *ctx, tree_fitting *f);
/* A single tree grown without the rows of fold k. */
TOC_CHECKED toc_status tree_grow_fold(toc_ctx *ctx, const tree_fitting *f, size_t k, tree_grown *tree);
TOC_CHECKED toc_status tree_prune(toc_ctx *ctx, tree_grown *tree, double alpha);
TOC_CHECKED toc_status tree_prune_cross(toc_ctx *ctx, const tree_fitting *f, tree_grown *tree);

/* Puts grown trees together as a model that needs nothing of them any more. */
TOC_CHECKED toc_status tree_assemble(toc_ctx *ctx, const tree_data *data, const tree_params *params, const tree_binned *binned,
                                     const tree_grown *trees, size_t n_trees, const double *base, size_t n_outputs, tree_model **model);
/* Room in the model's arena for n_trees, n_nodes, n_subsets and n_outputs. */
TOC_CHECKED toc_status tree_model_room(toc_ctx *ctx, tree_model *model, size_t n_trees, size_t n_nodes, size_t n_subsets,
                                       size_t n_outputs);

#endif
