/* prune.c: minimal cost-complexity pruning (Breiman, Friedman, Olshen & Stone 1984, chapter 3). A subtree is worth its leaves while it takes at least
 * alpha a leaf off the impurity; alpha is told, or chosen by cross-validation over the path of trees that the whole data's tree is pruned through. */
#include "tree/tree_int.h"

#include <math.h>

typedef struct {
    double *alpha; /* per node: from which alpha on it is a leaf; 0 of leaves */
    double *path;  /* rising alphas at which the tree changes, the first 0 */
    size_t n_path;
} schedule;

static void schedule_release(schedule *s)
{
    toc_free(s->alpha);
    toc_free(s->path);
    *s = (schedule){0};
}

/* Weakest links one after another. Children have larger numbers than their parents, so one backward pass sums up subtrees. O(nodes x path). */
static toc_status schedule_of(toc_ctx *ctx, const tree_grown *t, schedule *s)
{
    double *taken = NULL; /* off the impurity by the subtree; then its number of leaves */
    double last = 0;
    toc_status st;

    *s = (schedule){0};
    if ((st = toc_alloc(ctx, 2 * t->n, sizeof *taken, &taken))) goto out;
    if ((st = toc_alloc(ctx, t->n, sizeof *s->alpha, &s->alpha))) goto out;
    if ((st = toc_alloc(ctx, t->n + 1, sizeof *s->path, &s->path))) goto out;
    double *leaves = taken + t->n;
    for (size_t i = 0; i < t->n; i++) s->alpha[i] = t->nodes[i].feature < 0 ? 0 : INFINITY;
    s->path[s->n_path++] = 0;
    for (;;) {
        double weakest = INFINITY;
        for (size_t i = t->n; i-- > 0;) {
            const tree_node *node = &t->nodes[i];
            bool leaf = s->alpha[i] != INFINITY;
            taken[i] = leaf ? 0 : node->gain + taken[node->left] + taken[node->right];
            leaves[i] = leaf ? 1 : leaves[node->left] + leaves[node->right];
            if (!leaf) weakest = TOC_MIN(weakest, taken[i] / (leaves[i] - 1));
        }
        if (weakest == INFINITY) break;
        last = TOC_MAX(last, weakest);
        for (size_t i = 0; i < t->n; i++)
            if (s->alpha[i] == INFINITY && taken[i] / (leaves[i] - 1) <= weakest * (1 + 1e-12)) s->alpha[i] = last;
        for (size_t i = 0; i < t->n; i++) { /* below a leaf there is nothing */
            const tree_node *node = &t->nodes[i];
            if (node->feature < 0 || s->alpha[i] > last) continue;
            s->alpha[node->left] = TOC_MIN(s->alpha[node->left], s->alpha[i]);
            s->alpha[node->right] = TOC_MIN(s->alpha[node->right], s->alpha[i]);
        }
        s->path[s->n_path++] = last;
    }
out:
    toc_free(taken);
    if (st) schedule_release(s);
    return st;
}

/* Makes leaves of what is one at alpha, and closes the gaps. */
static toc_status cut(toc_ctx *ctx, tree_grown *t, const schedule *s, double alpha)
{
    int32_t *number;
    size_t n = 0;
    bool *kept;

    TOC_TRY(toc_alloc(ctx, t->n, sizeof *number, &number));
    toc_status st = toc_alloc(ctx, t->n, sizeof *kept, &kept);
    if (st) goto out;
    kept[0] = true;
    for (size_t i = 0; i < t->n; i++) {
        tree_node *node = &t->nodes[i];
        if (!kept[i]) continue;
        number[i] = (int32_t)n++;
        if (node->feature >= 0 && s->alpha[i] <= alpha) {
            *node = (tree_node){ .feature = -1, .left = -1, .right = -1, .subset = TREE_NUMERIC, .value = node->value, .cover = node->cover };
        }
        if (node->feature >= 0) kept[node->left] = kept[node->right] = true;
    }
    for (size_t i = 0; i < t->n; i++) {
        if (!kept[i]) continue;
        size_t to = (size_t)number[i];
        t->nodes[to] = t->nodes[i];
        t->splits[to] = t->splits[i];
        t->first[to] = t->first[i];
        t->count[to] = t->count[i];
        if (t->nodes[to].feature < 0) continue;
        t->nodes[to].left = number[t->nodes[to].left];
        t->nodes[to].right = number[t->nodes[to].right];
    }
    t->n = n;
    toc_free(kept);
out:
    toc_free(number);
    return st;
}

toc_status tree_prune(toc_ctx *ctx, tree_grown *tree, double alpha)
{
    schedule s;

    TOC_TRY(schedule_of(ctx, tree, &s));
    toc_status st = cut(ctx, tree, &s, alpha);
    schedule_release(&s);
    return st;
}

/* ---- cross-validation ---- */

typedef struct {
    const double *alpha; /* candidates, rising */
    size_t n;
    double *error;       /* n + 1: by how much the error changes from candidate to candidate, summed over rows */
} candidates;

/* Adds the squared error of row i under each candidate: the first node of its path that is a leaf by then speaks for it. */
static void add_errors(const tree_fitting *f, const tree_grown *t, const schedule *s, size_t i, candidates *c)
{
    size_t end = c->n, node = 0;
    double w = tree_weight(f, i);

    while (end > 0) {
        size_t low = 0, high = end; /* first candidate at which this node is a leaf */
        while (low < high) {
            size_t middle = (low + high) / 2;
            if (c->alpha[middle] >= s->alpha[node]) high = middle;
            else low = middle + 1;
        }
        double miss = f->y[i] - (t->nodes[node].value + f->base[0]);
        c->error[low] += w * miss * miss;
        c->error[end] -= w * miss * miss;
        end = low;
        if (t->nodes[node].feature < 0) break;
        node = tree_child_by_bin(t, &f->binned, node, i);
    }
}

/* One fold's errors: a tree of the other rows, seen through all candidates. */
static toc_status fold(toc_ctx *ctx, const tree_fitting *f, size_t k, candidates *c, double *fold_error)
{
    size_t folds = f->params->prune_folds;
    tree_grown t = {0};
    schedule s = {0};
    toc_status st;

    memset(c->error, 0, (c->n + 1) * sizeof *c->error);
    if ((st = tree_grow_fold(ctx, f, k, &t))) goto out;
    if ((st = schedule_of(ctx, &t, &s))) goto out;
    double total = 0, running = 0;
    for (size_t i = k; i < f->binned.n; i += folds) {
        add_errors(f, &t, &s, i, c);
        total += tree_weight(f, i);
    }
    for (size_t a = 0; a < c->n; a++) {
        running += c->error[a];
        fold_error[a] = total > 0 ? running / total : 0;
    }
out:
    schedule_release(&s);
    tree_grown_release(&t);
    return st;
}

/* The candidate with the least mean error over folds; by the one-error rule the largest alpha within its standard error. */
static double choose(const candidates *c, const double *error, size_t folds, bool one_error)
{
    double least = INFINITY, slack = 0;
    size_t best = 0;

    for (size_t a = 0; a < c->n; a++) {
        double sum = 0, square = 0, k = (double)folds;
        for (size_t f = 0; f < folds; f++) sum += error[f * c->n + a];
        for (size_t f = 0; f < folds; f++) square += (error[f * c->n + a] - sum / k) * (error[f * c->n + a] - sum / k);
        if (sum / k <= least * (1 + 1e-12)) { /* of equals the smaller tree */
            best = a;
            least = TOC_MIN(least, sum / k);
            slack = sqrt(square / (k - 1) / k);
        }
    }
    for (size_t a = best + 1; one_error && a < c->n; a++) {
        double sum = 0;
        for (size_t f = 0; f < folds; f++) sum += error[f * c->n + a];
        if (sum / (double)folds <= least + slack) best = a;
    }
    return c->alpha[best];
}

toc_status tree_prune_cross(toc_ctx *ctx, const tree_fitting *f, tree_grown *tree)
{
    size_t folds = f->params->prune_folds;
    schedule s = {0};
    candidates c = {0};
    double *alpha = NULL, *error = NULL;
    toc_status st;

    if ((st = schedule_of(ctx, tree, &s))) goto out;
    if ((st = toc_alloc(ctx, s.n_path, sizeof *alpha, &alpha))) goto out;
    if ((st = toc_alloc(ctx, s.n_path + 1, sizeof *c.error, &c.error))) goto out;
    if ((st = toc_alloc(ctx, folds * s.n_path, sizeof *error, &error))) goto out;
    /* Between two alphas of the path stands their geometric mean. */
    for (size_t a = 0; a < s.n_path; a++) alpha[a] = a + 1 < s.n_path ? sqrt(s.path[a] * s.path[a + 1]) : s.path[a];
    c.alpha = alpha;
    c.n = s.n_path;
    for (size_t k = 0; k < folds && !st; k++) st = fold(ctx, f, k, &c, error + k * c.n);
    if (!st) st = cut(ctx, tree, &s, choose(&c, error, folds, f->params->prune_one_error));
out:
    schedule_release(&s);
    toc_free(alpha);
    toc_free(c.error);
    toc_free(error);
    return st;
}
