/* tree.h: information gain, decision trees, forests and boosting on one split search over histogram bins.
 *
 * Data are columns of doubles; NaN is missing and gets a learned side at every split. Text columns are handed in as codes with
 * `categorical` set: then a split takes a subset of the codes. */
#ifndef TREE_TREE_H
#define TREE_TREE_H

#include "base/base.h"
#include "table/table.h"

/* n rows, p columns; x[j] points at the n values of column j (borrowed). categorical may be NULL = none. The codes of a categorical column are
 * whole numbers >= 0; with a pool, code 0 is missing too, and models know the levels by their texts, so that data to be scored may number
 * them otherwise. Levels the model has not seen count as missing, and so do all but the 254 most frequent ones. */
typedef struct {
    size_t n, p;
    const double *const *x;
    const char *const *names;
    const bool *categorical;
    const toc_pool *const *pools; /* texts of categorical codes, per column; may be NULL */
} tree_data;

/* ---- gain: what one column says about a target ---- */
enum { TREE_MOST_CLASSES = 256, TREE_MOST_CUTS = 32 };

/* Of the partition of the rows by a column: numeric columns by their best binary split, categorical ones by value; missing is a branch of its own. */
typedef struct {
    double entropy;       /* H(Y), bits */
    double gain;          /* H(Y) - H(Y | partition), bits; Quinlan 1986 */
    double gain_ratio;    /* gain / H(partition); Quinlan 1993 */
    double gini_decrease; /* weighted decrease of Gini impurity; Breiman et al. 1984 */
    double chi_square;    /* Pearson's, of the table partition x classes */
    double symmetric_uncertainty; /* 2 gain / (H(Y) + H(partition)); Press et al., Numerical Recipes */
    double corrected;     /* gain less what independent columns gain on average, (branches - 1) (classes - 1) / (2 n ln 2) bits; Miller 1955. May be < 0 */
    double p_value;       /* share of permutations of the target that gain as much, itself among them; NaN without permutations */
    double q_value;       /* the same for all columns of the call together: Benjamini & Hochberg 1995 */
    double threshold;     /* best split of a numeric column: x <= threshold; NaN for categorical, and where there is none */
    double binary_gain;   /* categorical: of the best split into two sets of values, missing among them; NaN for numeric */
    const double *left;   /* the smaller set's values, n_left; lives in ctx->arena */
    size_t n_left;
    bool left_missing;    /* missing goes with it */
    double missing_gain;  /* of the partition into missing and not */
    size_t n_missing, n_distinct;
    bool like_id;         /* another value in (nearly) every row: texts, or whole numbers close together */
    bool like_target;     /* of 20 rows or more, corrected is at least 95 % of the entropy: may be a leak of the target, as may be the next */
    bool missing_tells;   /* missing_gain is at least half of the entropy */
    size_t n_cuts;        /* with `mdlp`: Fayyad & Irani 1993 */
    double cuts[TREE_MOST_CUTS];
    double cuts_gain;
} tree_gain;

/* Zero is nothing special asked for. */
typedef struct {
    const double *weight; /* n, finite, >= 0, not all 0; NULL = all 1 */
    size_t permutations;  /* of the target, at most so many a column: none after 50 have gained as much (Besag & Clifford 1991) */
    bool mdlp;            /* cuts of numeric columns into intervals */
} tree_gain_options;

/* Information in column j about y (n class codes < n_classes <= TREE_MOST_CLASSES): categorical multiway, numeric by the exact best threshold, of
 * equally good ones the lowest. options may be NULL. The best binary split of a categorical column is exact for two classes (Breiman et al. 1984,
 * section 4.2) and up to 10 values; else the best along the orders by each class's share; not looked for beyond 2^22 values times classes. Permutations
 * come from ctx->seed and the column's name (j without names). O(n log n) and O(n) a permutation. Errors: TOC_E_NOMEM, TOC_E_DATA (a weight that is none). */
TOC_CHECKED toc_status tree_column_gain(toc_ctx *ctx, const tree_data *data, size_t j, const uint32_t *y, size_t n_classes,
                                        const tree_gain_options *options, tree_gain *gain);
/* The same for all columns: gain (p). Columns are shared among the threads; some 20 bytes a row and thread are needed, 40 with weights. */
TOC_CHECKED toc_status tree_gains(toc_ctx *ctx, const tree_data *data, const uint32_t *y, size_t n_classes, const tree_gain_options *options,
                                  tree_gain *gain);

/* q values from the p values of p columns, for those who measured them one by one. Errors: TOC_E_NOMEM. */
TOC_CHECKED toc_status tree_gain_q_values(toc_ctx *ctx, tree_gain *gain, size_t p);

/* Class counts of stretches of a column, for a picture of its split: of a numeric column up to 8 on each side of the threshold, of about as many rows; of
 * a categorical one the 7 values of most rows on each side of the binary split and the others of that side together. In order of value, the left side
 * first, missing last. */
typedef struct {
    double from, to;  /* least and largest value; categorical: the value, NaN where they are several; NaN = missing */
    size_t n_values;  /* 0 = missing */
    bool left;
    double *counts;   /* n_classes; lives in ctx->arena */
} tree_bar;
enum { TREE_MOST_BARS = 17 };
/* gain: what tree_gains said of the column. Errors: TOC_E_NOMEM, TOC_E_DATA as there. */
TOC_CHECKED toc_status tree_gain_bars(toc_ctx *ctx, const tree_data *data, size_t j, const uint32_t *y, size_t n_classes,
                                      const tree_gain_options *options, const tree_gain *gain, tree_bar bars[TREE_MOST_BARS], size_t *n_bars);

/* ---- models ---- */
typedef enum { TREE_SINGLE, TREE_FOREST, TREE_BOOST, TREE_EXTRA } tree_kind; /* extra: extremely randomised (Geurts, Ernst & Wehenkel 2006) */
/* Of single trees and forests; boosting uses the loss. Ratio: thresholds by information gain, then columns of at least average gain by gain ratio
 * (Quinlan 1993). */
typedef enum { TREE_ENTROPY, TREE_GINI, TREE_RATIO } tree_criterion;
typedef enum { TREE_LOGISTIC, TREE_SQUARED, TREE_MULTICLASS, TREE_QUANTILE, TREE_TWEEDIE } tree_loss; /* the last three: boosting only */

typedef struct {
    tree_kind kind;
    tree_criterion criterion;
    tree_loss loss;           /* TREE_SQUARED: regression (all kinds) */
    size_t n_trees;           /* forests and boosting */
    size_t max_depth;         /* 0 = unlimited (64) */
    size_t max_leaves;        /* grown best-first to this; 0 = unlimited */
    size_t min_leaf;          /* rows in a leaf; by their share of the node's weight where rows weigh differently */
    double min_gain;          /* decrease of impurity times the node's share of all rows; boosting: twice the loss taken off */
    double learning_rate;     /* boosting */
    double l2;                /* boosting: lambda of the leaf weights */
    double row_share, column_share; /* sampled per tree (forest: rows with replacement when 1; columns per split, 0 = root of their number) */
    size_t max_bins;          /* at most 255 */
    uint64_t seed;
    size_t n_classes;         /* multiclass: labels are 0 .. n_classes - 1 */
    double quantile;          /* of that loss */
    double power;             /* Tweedie: variance grows with the mean's power, in (1, 2) */
    size_t patience;          /* boosting: ends when the tail has not got better for so many rounds, and keeps the best; 0 = never */
    double tail_share;        /* the last rows, kept back for it */
    const int8_t *monotone;   /* per column: 1 = scores never fall as it rises, -1 = never rise, 0 = any; NULL = none. Borrowed while fitting */
    double prune_alpha;       /* single trees: least impurity a leaf must take off (Breiman et al. 1984) */
    size_t prune_folds;       /* > 1: alpha by cross-validation instead; row i is in fold i % prune_folds */
    bool prune_one_error;     /* the smallest tree within one standard error of the best */
} tree_params;
/* Good defaults for each kind. */
tree_params tree_defaults(tree_kind kind);

typedef struct tree_model tree_model;
/* y (n): 0 or 1 (a class, an amount, for other losses); weight (n) or NULL. The model is owned by the caller. Deterministic for any thread count.
 * Errors: TOC_E_NOMEM, TOC_E_DATA (no rows, no columns, a label that is not 0 or 1), TOC_E_USAGE (parameters that
 * do not go together). */
TOC_CHECKED toc_status tree_fit(toc_ctx *ctx, const tree_data *data, const double *y, const double *weight, const tree_params *params, tree_model **model);
void tree_free(tree_model *model);
/* score (n x outputs, caller's): probability of class 1, of each class for TREE_MULTICLASS (as many outputs), or an amount. data must have the model's columns in its order. */
TOC_CHECKED toc_status tree_predict(toc_ctx *ctx, const tree_model *model, const tree_data *data, double *score);
/* Contributions of the p columns to the raw score (log-odds for boosting, probability else) of one row, and the base value last: phi (p + 1)
 * sums to the raw score. Exact path-dependent Shapley values (Lundberg et al. 2018). */
TOC_CHECKED toc_status tree_contributions(toc_ctx *ctx, const tree_model *model, const tree_data *data, size_t row, double *phi);
/* The same for n rows from `first` on, of one output: phi (n x (p + 1)). Rows are shared among the threads. */
TOC_CHECKED toc_status tree_explain(toc_ctx *ctx, const tree_model *model, const tree_data *data, size_t output, size_t first, size_t n,
                                    double *phi);
/* Total gain per column (p), summing to 1 unless no split was made. */
void tree_importance(const tree_model *model, double *importance);

/* One JSON file with schema, version, target, columns, facts of the data and trees; what is loaded predicts the same to the last bit. Load also reads
 * version 1 (no target, no facts), refuses another schema, and names what is wrong (TOC_E_DATA). */
TOC_CHECKED toc_status tree_save(toc_ctx *ctx, const tree_model *model, const char *path);
TOC_CHECKED toc_status tree_load(toc_ctx *ctx, const char *path, tree_model **model);
/* The same from text; name: for messages. */
TOC_CHECKED toc_status tree_parse(toc_ctx *ctx, const char *name, toc_str text, tree_model **model);
size_t tree_model_columns(const tree_model *model, const char *const **names);
bool tree_model_categorical(const tree_model *model, size_t column);
tree_loss tree_model_loss(const tree_model *model);
size_t tree_model_outputs(const tree_model *model);
/* What the target was called and what its classes are, by number (0, 1); copied into the model and its file. n_classes = 0: an amount. */
TOC_CHECKED toc_status tree_model_name(toc_ctx *ctx, tree_model *model, const char *target, const char *const *classes, size_t n_classes);
const char *tree_model_target(const tree_model *model); /* NULL = not known */
size_t tree_model_classes(const tree_model *model, const char *const **classes);
/* What raw scores and contributions are in: "log-odds", "probability" or "amount". */
size_t tree_model_trees(const tree_model *model);
const char *tree_model_unit(const tree_model *model);

/* A program that scores without tocsin, to the last bits of what tree_predict says: C (struct row, double score(const struct row *)), a SQL statement
 * that adds a column "score" to a table "data", or Python (score(row), a dict). The model has one output (else TOC_E_USAGE). */
typedef enum { TREE_CODE_C, TREE_CODE_SQL, TREE_CODE_PYTHON } tree_code;
TOC_CHECKED toc_status tree_show_code(toc_ctx *ctx, const tree_model *model, tree_code code, toc_out *out);
/* A picture of the first n_trees (0 = all), one below the other. */
TOC_CHECKED toc_status tree_show_svg(toc_ctx *ctx, const tree_model *model, size_t n_trees, toc_out *out);
/* The trees for people: indented rules with column names and levels, or Graphviz. n_trees: only the first so many, 0 = all. */
void tree_show_text(const tree_model *model, size_t n_trees, toc_out *out);
void tree_show_dot(const tree_model *model, size_t n_trees, toc_out *out);

#endif
