/* show.c: trees as indented rules, and as a Graphviz graph. */
#include "tree/tree_int.h"

#include <math.h>

typedef struct {
    const tree_model *model;
    const tree_node *nodes;
    toc_out *out;
    const char *between; /* levels in a list */
} printer;

static void put_level(const printer *p, const tree_levels *levels, size_t l)
{
    if (levels->texts) toc_out_str(p->out, levels->texts[l]);
    else toc_out_printf(p->out, "%.15g", levels->codes[l]);
}

/* "tenure <= 16.5 or missing", "contract in {monthly, yearly}", "tenure missing" ... of one side of a node. */
static void put_test(const printer *p, const tree_node *node, bool left)
{
    const tree_levels *levels = &p->model->levels[node->feature];
    const char *name = p->model->names[node->feature], *comma = "";
    bool missing = node->missing_left == left;
    char number[64];

    if (node->subset == TREE_NUMERIC) {
        if (isinf(node->threshold)) { /* all values against missing */
            toc_out_printf(p->out, "%s %s", name, left ? "given" : "missing");
            return;
        }
        number[toc_format_double(node->threshold, number)] = 0;
        toc_out_printf(p->out, "%s %s %s%s", name, left ? "<=" : ">", number, missing ? " or missing" : "");
        return;
    }
    toc_out_printf(p->out, "%s in {", name);
    for (unsigned l = 0; l < levels->n; l++) {
        if (tree_bit(&p->model->subsets[node->subset], l) != left) continue;
        toc_out_str(p->out, comma);
        put_level(p, levels, l);
        comma = p->between;
    }
    if (missing) toc_out_printf(p->out, "%smissing or other", comma);
    toc_out_str(p->out, "}");
}

static double shown_value(const printer *p, const tree_node *node)
{
    return node->value + (p->model->kind == TREE_BOOST ? 0 : p->model->base[0]);
}

static void put_leaf(const printer *p, const tree_node *node)
{
    toc_out_printf(p->out, "%.4g (%.6g rows)", shown_value(p, node), node->cover);
}

static void put_rules(const printer *p, int32_t at, size_t depth)
{
    const tree_node *node = p->nodes + at;

    for (int side = 0; side < 2; side++) {
        int32_t child = side == 0 ? node->left : node->right;
        for (size_t d = 0; d < depth; d++) toc_out_str(p->out, "|   ");
        put_test(p, node, side == 0);
        if (p->nodes[child].feature < 0) {
            toc_out_str(p->out, ": ");
            put_leaf(p, &p->nodes[child]);
            toc_out_str(p->out, "\n");
            continue;
        }
        toc_out_str(p->out, "\n");
        put_rules(p, child, depth + 1);
    }
}

void tree_show_text(const tree_model *model, size_t n_trees, toc_out *out)
{
    for (size_t t = 0; t < model->n_trees && (n_trees == 0 || t < n_trees); t++) {
        printer p = { model, model->nodes + model->first[t], out, ", " };
        const char *class = model->n_outputs > 1 && model->n_classes ? model->classes[t % model->n_outputs] : NULL;
        if (model->kind != TREE_SINGLE) toc_out_printf(out, "%stree %zu of %zu%s%s\n", t ? "\n" : "", t + 1, model->n_trees, class ? ", for " : "", class ? class : "");
        if (p.nodes->feature >= 0) {
            put_rules(&p, 0, 0);
            continue;
        }
        toc_out_str(out, "all: ");
        put_leaf(&p, p.nodes);
        toc_out_str(out, "\n");
    }
}

/* Text inside a quoted Graphviz string. */
static void put_escaped(toc_out *out, const char *text)
{
    for (; *text; text++) {
        if (*text == '"' || *text == '\\') toc_out_str(out, "\\");
        toc_out_write(out, *text == '\n' ? " " : text, 1);
    }
}

static void put_dot_node(const printer *p, size_t tree, size_t at)
{
    const tree_node *node = &p->nodes[at];
    const tree_levels *levels;
    char number[64];

    toc_out_printf(p->out, "  t%zu_%zu [label=\"", tree, at);
    if (node->feature < 0) {
        toc_out_printf(p->out, "%.4g\\n%.6g rows\"];\n", shown_value(p, node), node->cover);
        return;
    }
    levels = &p->model->levels[node->feature];
    put_escaped(p->out, p->model->names[node->feature]);
    if (node->subset == TREE_NUMERIC) {
        number[toc_format_double(node->threshold, number)] = 0;
        if (isinf(node->threshold)) toc_out_str(p->out, " given");
        else toc_out_printf(p->out, " <= %s", number);
    } else {
        const char *comma = " in {";
        for (unsigned l = 0; l < levels->n; l++) {
            if (!tree_bit(&p->model->subsets[node->subset], l)) continue;
            toc_out_str(p->out, comma);
            if (levels->texts) put_escaped(p->out, levels->texts[l]);
            else put_level(p, levels, l);
            comma = ", ";
        }
        toc_out_str(p->out, "}");
    }
    toc_out_printf(p->out, "\\n%.6g rows\"];\n", node->cover);
    toc_out_printf(p->out, "  t%zu_%zu -> t%zu_%d [label=\"yes%s\"];\n", tree, at, tree, node->left, node->missing_left ? ", missing" : "");
    toc_out_printf(p->out, "  t%zu_%zu -> t%zu_%d [label=\"no%s\"];\n", tree, at, tree, node->right, node->missing_left ? "" : ", missing");
}

void tree_show_dot(const tree_model *model, size_t n_trees, toc_out *out)
{
    toc_out_str(out, "digraph tree {\n  node [shape=box];\n");
    for (size_t t = 0; t < model->n_trees && (n_trees == 0 || t < n_trees); t++) {
        printer p = { model, model->nodes + model->first[t], out, ", " };
        for (size_t i = 0; i < model->first[t + 1] - model->first[t]; i++) put_dot_node(&p, t, i);
    }
    toc_out_str(out, "}\n");
}
