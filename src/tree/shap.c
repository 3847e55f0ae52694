/* shap.c: path-dependent TreeSHAP (Lundberg, Erion & Lee 2018, algorithm 2): walking a tree down all its paths while keeping, for each number of known
 * columns, the share of their orderings that end here. Exact, O(leaves * depth^2) a tree. */
#include "tree/tree_int.h"

#include <math.h>

typedef struct {
    int32_t feature;
    double zero, one;  /* share of paths that flow on when the column is unknown, known */
    double weight;
} step;

static void extend(step *path, size_t n, double zero, double one, int32_t feature)
{
    path[n] = (step){ feature, zero, one, n == 0 ? 1 : 0 };
    for (size_t i = n; i-- > 0;) {
        path[i + 1].weight += one * path[i].weight * (double)(i + 1) / (double)(n + 1);
        path[i].weight = zero * path[i].weight * (double)(n - i) / (double)(n + 1);
    }
}

/* Takes step k out of a path whose last step is n. */
static void unwind(step *path, size_t n, size_t k)
{
    double one = path[k].one, zero = path[k].zero, next = path[n].weight;

    for (size_t i = n; i-- > 0;) {
        if (one != 0) {
            double old = path[i].weight;
            path[i].weight = next * (double)(n + 1) / ((double)(i + 1) * one);
            next = old - path[i].weight * zero * (double)(n - i) / (double)(n + 1);
        } else {
            path[i].weight = path[i].weight * (double)(n + 1) / (zero * (double)(n - i));
        }
    }
    for (size_t i = k; i < n; i++) {
        path[i].feature = path[i + 1].feature;
        path[i].zero = path[i + 1].zero;
        path[i].one = path[i + 1].one;
    }
}

/* Sum of the weights after taking step k out. */
static double unwound_sum(const step *path, size_t n, size_t k)
{
    double one = path[k].one, zero = path[k].zero, next = path[n].weight, total = 0;

    for (size_t i = n; i-- > 0;) {
        if (one != 0) {
            double w = next * (double)(n + 1) / ((double)(i + 1) * one);
            total += w;
            next = path[i].weight - w * zero * (double)(n - i) / (double)(n + 1);
        } else {
            total += path[i].weight / (zero * (double)(n - i) / (double)(n + 1));
        }
    }
    return total;
}

typedef struct {
    const tree_model *model;
    const tree_node *nodes;
    const double *values;
    double *phi;
} walk;

/* path: n steps of the parents, in memory with room for this level and those below behind it. */
static void descend(const walk *w, int32_t at, step *parent, size_t n, double zero, double one, int32_t feature)
{
    const tree_node *node = w->nodes + at;
    step *path = parent + n + 1; /* own copy, right behind the parent's */

    memcpy(path, parent, n * sizeof *path);
    extend(path, n, zero, one, feature);
    if (node->feature < 0) {
        for (size_t k = 1; k <= n; k++) w->phi[path[k].feature] += unwound_sum(path, n, k) * (path[k].one - path[k].zero) * node->value;
        return;
    }
    bool left = tree_goes_left(w->model, node, w->values[node->feature]);
    int32_t hot = left ? node->left : node->right, cold = left ? node->right : node->left;
    double hot_share = w->nodes[hot].cover / node->cover, cold_share = w->nodes[cold].cover / node->cover, zero_in = 1, one_in = 1;
    size_t last = n;

    for (size_t k = 1; k <= n; k++) {
        if (path[k].feature != node->feature) continue;
        zero_in = path[k].zero;
        one_in = path[k].one;
        unwind(path, n, k);
        last = n - 1;
        break;
    }
    descend(w, hot, path, last + 1, zero_in * hot_share, one_in, node->feature);
    descend(w, cold, path, last + 1, zero_in * cold_share, 0, node->feature);
}

/* What the tree says of a row nothing is known about. */
static double expected(const tree_node *nodes, size_t n)
{
    double sum = 0;

    for (size_t i = 0; i < n; i++)
        if (nodes[i].feature < 0) sum += nodes[i].value * nodes[i].cover;
    return nodes[0].cover > 0 ? sum / nodes[0].cover : nodes[0].value;
}

typedef struct {
    const tree_model *model;
    const tree_data *data;
    tree_lookup lookup;
    const double *expected; /* per tree */
    size_t output, first;   /* first: row of the first one explained */
    size_t n;
    double *phi;
} explanation;

enum { ROWS_AT_ONCE = 64 };

static toc_status explain_block(toc_ctx *ctx, void *arg, size_t task)
{
    const explanation *e = arg;
    const tree_model *m = e->model;
    size_t levels = m->depth + 3, p = m->p;
    step *path = NULL;
    double *values = NULL;
    toc_status st;

    if ((st = toc_alloc(ctx, levels * (levels + 1), sizeof *path, &path))) goto out;
    if ((st = toc_alloc(ctx, p, sizeof *values, &values))) goto out;
    for (size_t i = task * ROWS_AT_ONCE; i < TOC_MIN((task + 1) * ROWS_AT_ONCE, e->n); i++) {
        double *phi = e->phi + i * (p + 1);
        tree_lookup_row(&e->lookup, e->data, e->first + i, values);
        memset(phi, 0, (p + 1) * sizeof *phi);
        for (size_t t = e->output; t < m->n_trees; t += m->n_outputs) {
            walk w = { m, m->nodes + m->first[t], values, phi };
            phi[p] += e->expected[t];
            if (w.nodes->feature >= 0) descend(&w, 0, path, 0, 1, 1, -1);
        }
        for (size_t j = 0; j <= p; j++) phi[j] *= m->scale;
        phi[p] += m->base[e->output];
    }
out:
    toc_free(path);
    toc_free(values);
    return st;
}

static toc_status explain(toc_ctx *ctx, const tree_model *model, const tree_data *data, size_t output, size_t first, size_t n, double *phi)
{
    explanation e = { .model = model, .data = data, .output = output, .first = first, .n = n, .phi = phi };
    double *of_tree;
    toc_status st;

    TOC_TRY(toc_alloc(ctx, model->n_trees, sizeof *of_tree, &of_tree));
    for (size_t t = 0; t < model->n_trees; t++) of_tree[t] = expected(model->nodes + model->first[t], model->first[t + 1] - model->first[t]);
    e.expected = of_tree;
    if ((st = tree_lookup_make(ctx, model, data, &e.lookup))) goto out;
    st = toc_parallel(ctx, (n + ROWS_AT_ONCE - 1) / ROWS_AT_ONCE, explain_block, &e);
out:
    toc_arena_release(&e.lookup.arena);
    toc_free(of_tree);
    return st;
}

toc_status tree_contributions(toc_ctx *ctx, const tree_model *model, const tree_data *data, size_t row, double *phi)
{
    return explain(ctx, model, data, 0, row, 1, phi);
}

toc_status tree_explain(toc_ctx *ctx, const tree_model *model, const tree_data *data, size_t output, size_t first, size_t n, double *phi)
{
    return explain(ctx, model, data, output, first, n, phi);
}
