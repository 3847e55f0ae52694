/* show_code.c: a model as code that scores without tocsin: C, a SQL expression, and if-else in Python. All three ask the question of a node so that a
 * missing value answers no: then the values of the side that missing values do not take are asked for first. Trees are summed in the
 * order, and with the operations, of tree_predict. */
#include "tree/tree_int.h"

#include <math.h>

typedef struct {
    const char *if_, *then, *else_, *end; /* around a test and its two branches; end NULL = nothing is written */
    const char *leaf, *leaf_end;
} style;

static const style styles[] = {
    [TREE_CODE_C] = { "if (", ") {", "} else {", "}", "return ", ";" },
    [TREE_CODE_SQL] = { "CASE WHEN ", " THEN", "ELSE", "END", "", "" },
    [TREE_CODE_PYTHON] = { "if ", ":", "else:", NULL, "return ", "" },
};

typedef struct {
    const tree_model *model;
    const tree_node *nodes;
    tree_code code;
    const char *const *names; /* C: identifiers of the columns */
    toc_out *out;
} coder;

static void put_number(toc_out *out, double x)
{
    char text[64];
    size_t n = toc_format_double(x, text);

    text[n] = 0;
    toc_out_str(out, text);
    if (!strpbrk(text, ".en")) toc_out_str(out, ".0"); /* no integer: they divide and overflow otherwise */
}

/* Text in the quotes of the language. */
static void put_quoted(const coder *c, const char *text)
{
    bool sql = c->code == TREE_CODE_SQL;

    toc_out_str(c->out, sql ? "'" : "\"");
    for (; *text; text++) {
        unsigned char byte = (unsigned char)*text;
        if (sql ? byte == '\'' : byte == '"' || byte == '\\') toc_out_printf(c->out, "%c%c", sql ? '\'' : '\\', byte);
        else if (!sql && (byte < ' ' || byte == '?')) toc_out_printf(c->out, "\\%03o", (unsigned)byte);
        else toc_out_write(c->out, text, 1);
    }
    toc_out_str(c->out, sql ? "'" : "\"");
}

static void put_name(const coder *c, const char *name)
{
    toc_out_str(c->out, "\"");
    for (; *name; name++) toc_out_write(c->out, *name == '"' ? "\"\"" : name, *name == '"' ? 2 : 1);
    toc_out_str(c->out, "\"");
}

static void put_column(const coder *c, size_t j)
{
    if (c->code == TREE_CODE_C) toc_out_printf(c->out, "r->%s", c->names[j]);
    if (c->code == TREE_CODE_SQL) put_name(c, c->model->names[j]);
    if (c->code == TREE_CODE_PYTHON) {
        toc_out_str(c->out, "x[");
        put_quoted(c, c->model->names[j]);
        toc_out_str(c->out, "]");
    }
}

static void put_level(const coder *c, const tree_levels *levels, size_t l)
{
    if (levels->texts) put_quoted(c, levels->texts[l]);
    else put_number(c->out, levels->codes[l]);
}

/* Whether the column is one of the levels that go left (or of those that go right). */
static void put_membership(const coder *c, const tree_node *node, bool left)
{
    const tree_levels *levels = &c->model->levels[node->feature];
    const tree_subset *subset = &c->model->subsets[node->subset];
    size_t n = 0;

    for (unsigned l = 0; l < levels->n; l++) n += tree_bit(subset, l) == left;
    if (n == 0) {
        toc_out_str(c->out, c->code == TREE_CODE_PYTHON ? "False" : c->code == TREE_CODE_SQL ? "1 = 0" : "0");
        return;
    }
    if (c->code == TREE_CODE_C) toc_out_str(c->out, levels->texts ? "is_text(" : "is_code(");
    put_column(c, (size_t)node->feature);
    if (c->code == TREE_CODE_C) toc_out_printf(c->out, ", %zu, (const %s[]){ ", n, levels->texts ? "char *const" : "double");
    else toc_out_str(c->out, c->code == TREE_CODE_SQL ? " IN (" : " in (");
    for (unsigned l = 0; l < levels->n; l++) {
        if (tree_bit(subset, l) != left) continue;
        put_level(c, levels, l);
        toc_out_str(c->out, --n || c->code == TREE_CODE_PYTHON ? ", " : "");
    }
    toc_out_str(c->out, c->code == TREE_CODE_C ? " })" : ")");
}

/* The question whose yes leads to the side that missing values do not take. */
static void put_question(const coder *c, const tree_node *node)
{
    if (node->subset != TREE_NUMERIC) {
        put_membership(c, node, !node->missing_left);
        return;
    }
    put_column(c, (size_t)node->feature);
    if (isinf(node->threshold)) { /* given against missing */
        static const char *const given[] = { [TREE_CODE_C] = " == ", [TREE_CODE_SQL] = " IS NOT NULL", [TREE_CODE_PYTHON] = " == " };
        toc_out_str(c->out, given[c->code]);
        if (c->code != TREE_CODE_SQL) put_column(c, (size_t)node->feature); /* not so of a NaN */
        return;
    }
    toc_out_str(c->out, node->missing_left ? " > " : " <= ");
    put_number(c->out, node->threshold);
}

static void put_branch(const coder *c, int32_t at, int depth)
{
    const tree_node *node = c->nodes + at;
    const style *s = &styles[c->code];

    if (node->feature < 0) {
        toc_out_printf(c->out, "%*s%s", depth * 4, "", s->leaf);
        put_number(c->out, node->value);
        toc_out_printf(c->out, "%s\n", s->leaf_end);
        return;
    }
    toc_out_printf(c->out, "%*s%s", depth * 4, "", s->if_);
    put_question(c, node);
    toc_out_printf(c->out, "%s\n", s->then);
    put_branch(c, node->missing_left ? node->right : node->left, depth + 1);
    toc_out_printf(c->out, "%*s%s\n", depth * 4, "", s->else_);
    put_branch(c, node->missing_left ? node->left : node->right, depth + 1);
    if (s->end) toc_out_printf(c->out, "%*s%s\n", depth * 4, "", s->end);
}

static coder of_tree(const coder *c, size_t t)
{
    coder one = *c;

    one.nodes = c->model->nodes + c->model->first[t];
    return one;
}

/* What is written around the raw score. */
static void response(const tree_model *m, const char **before, const char **after)
{
    bool logistic = m->kind == TREE_BOOST && m->loss == TREE_LOGISTIC, tweedie = m->loss == TREE_TWEEDIE;

    *before = logistic ? "1.0 / (1.0 + exp(-(" : tweedie ? "exp(" : "";
    *after = logistic ? ")))" : tweedie ? ")" : "";
}

/* base + scale * sum */
static void put_raw(const coder *c, const char *sum)
{
    put_number(c->out, c->model->base[0]);
    toc_out_str(c->out, " + ");
    put_number(c->out, c->model->scale);
    toc_out_printf(c->out, " * %s", sum);
}

/* ---- C ---- */

/* x_NAME with what is no letter or digit as _, and a number behind it where that is taken. */
static toc_status identifiers(toc_ctx *ctx, const tree_model *m, toc_arena *arena, const char ***names)
{
    TOC_TRY(toc_arena_alloc(ctx, arena, m->p, sizeof **names, names));
    for (size_t j = 0; j < m->p; j++) {
        char *name;
        size_t n = strlen(m->names[j]);
        TOC_TRY(toc_arena_alloc(ctx, arena, n + 32, 1, &name));
        memcpy(name, "x_", 2);
        for (size_t i = 0; i < n; i++) {
            char b = m->names[j][i];
            name[2 + i] = (b >= '0' && b <= '9') || (b >= 'a' && b <= 'z') || (b >= 'A' && b <= 'Z') ? b : '_';
        }
        for (size_t i = 0; i < j; i++)
            if (strcmp((*names)[i], name) == 0) snprintf(name + 2 + n, 30, "__%zu", j + 1);
        (*names)[j] = name;
    }
    return TOC_OK;
}

static const char c_helpers[] =
    "static inline int is_text(const char *x, int n, const char *const *levels)\n{\n"
    "    for (int i = 0; x && i < n; i++)\n        if (strcmp(x, levels[i]) == 0) return 1;\n    return 0;\n}\n\n"
    "static inline int is_code(double x, int n, const double *levels)\n{\n"
    "    for (int i = 0; i < n; i++)\n        if (x == levels[i]) return 1;\n    return 0;\n}\n\n";

static void show_c(const coder *c)
{
    const tree_model *m = c->model;
    const char *before, *after;

    toc_out_str(c->out, "/* Scores rows by a tree model; made by tocsin tree show --format c. Missing numbers are NAN, missing texts NULL. */\n"
                        "#include <math.h>\n#include <string.h>\n\nstruct row {\n");
    for (size_t j = 0; j < m->p; j++) toc_out_printf(c->out, "    %s%s;\n", m->levels[j].texts ? "const char *" : "double ", c->names[j]);
    toc_out_printf(c->out, "};\n\n%s", c_helpers);
    for (size_t t = 0; t < m->n_trees; t++) {
        coder one = of_tree(c, t);
        toc_out_printf(c->out, "static double tree_%zu(const struct row *r)\n{\n    (void)r;\n", t + 1);
        put_branch(&one, 0, 1);
        toc_out_str(c->out, "}\n\n");
    }
    toc_out_str(c->out, "double score(const struct row *r)\n{\n    double sum = 0;\n\n");
    for (size_t t = 0; t < m->n_trees; t++) toc_out_printf(c->out, "    sum += tree_%zu(r);\n", t + 1);
    response(m, &before, &after);
    toc_out_printf(c->out, "    return %s", before);
    put_raw(c, "sum");
    toc_out_printf(c->out, "%s;\n}\n", after);
}

/* ---- SQL ---- */

static void show_sql(const coder *c)
{
    const tree_model *m = c->model;
    const char *before, *after;

    toc_out_str(c->out, "-- Scores the rows of table \"data\" by a tree model; made by tocsin tree show --format sql. Missing values are NULL.\nSELECT *, ");
    response(m, &before, &after);
    toc_out_str(c->out, before);
    put_raw(c, "(\n");
    for (size_t t = 0; t < m->n_trees; t++) {
        coder one = of_tree(c, t);
        if (t) toc_out_str(c->out, "    +\n");
        put_branch(&one, 0, 1);
    }
    toc_out_printf(c->out, ")%s AS \"score\" FROM \"data\";\n", after);
}

/* ---- Python ---- */

static void show_python(const coder *c)
{
    const tree_model *m = c->model;
    const char *before, *after;

    toc_out_str(c->out, "# Scores rows by a tree model; made by tocsin tree show --format python. A row is a dict of texts or numbers.\n"
                        "from math import exp, nan\n\n\n"
                        "def number(value):\n    try:\n        return float(value)\n    except (TypeError, ValueError):\n        return nan\n\n\n");
    for (size_t t = 0; t < m->n_trees; t++) {
        coder one = of_tree(c, t);
        toc_out_printf(c->out, "def tree_%zu(x):\n", t + 1);
        put_branch(&one, 0, 1);
        toc_out_str(c->out, "\n\n");
    }
    toc_out_str(c->out, "def score(row):\n    x = {\n");
    for (size_t j = 0; j < m->p; j++) {
        toc_out_str(c->out, "        ");
        put_quoted(c, m->names[j]);
        toc_out_str(c->out, m->levels[j].texts ? ": row.get(" : ": number(row.get(");
        put_quoted(c, m->names[j]);
        toc_out_str(c->out, m->levels[j].texts ? "),\n" : ")),\n");
    }
    toc_out_str(c->out, "    }\n    total = 0.0\n");
    for (size_t t = 0; t < m->n_trees; t++) toc_out_printf(c->out, "    total += tree_%zu(x)\n", t + 1);
    response(m, &before, &after);
    toc_out_printf(c->out, "    return %s", before);
    put_raw(c, "total");
    toc_out_printf(c->out, "%s\n", after);
}

toc_status tree_show_code(toc_ctx *ctx, const tree_model *model, tree_code code, toc_out *out)
{
    toc_arena arena = {0};
    const char **names = NULL;
    coder c = { .model = model, .code = code, .out = out };
    if (model->n_outputs > 1) return toc_fail(ctx, TOC_E_USAGE, "a model of %zu classes cannot be written as code", model->n_outputs);
    toc_status st = identifiers(ctx, model, &arena, &names);

    c.names = names;
    if (!st && code == TREE_CODE_C) show_c(&c);
    if (!st && code == TREE_CODE_SQL) show_sql(&c);
    if (!st && code == TREE_CODE_PYTHON) show_python(&c);
    toc_arena_release(&arena);
    return st;
}
