/* json.c: models as JSON. Written by hand, so that numbers are the shortest texts that read back the same; read by jansson, and checked so that a
 * damaged file cannot make a walk leave the model.
 *
 *   {"schema":"tocsin-tree","version":2,"kind":"boost","loss":"logistic","criterion":"entropy","base":[-1.2],
 *    "rows":7043,"target":"left","classes":["no","yes"],
 *    "columns":[{"name":"tenure","missing":0,"min":0,"max":72},{"name":"contract","missing":3,"levels":["monthly","yearly"]}],
 *    "trees":[[[0,16.5,1,1,2,-0.1,7043,12.5], [1,[0,1],0,3,4,...], [-1,value,cover]]]}
 *
 * An inner node: column, threshold (null = all but missing) or the levels that go left, whether missing goes left, left, right, value, cover, gain. missing, min and max
 * are of the rows fitted to. Version 1 had one number as base, and no facts of the data. */
#include "tree/tree_int.h"

#include <jansson.h>
#include <math.h>

static const char *const kinds[] = { "tree", "forest", "boost", "extra" };
static const char *const losses[] = { "logistic", "squared", "multiclass", "quantile", "tweedie" };
static const char *const criteria[] = { "entropy", "gini", "gain_ratio" };

static void put_number(toc_out *out, double x)
{
    char text[64];

    if (isfinite(x)) toc_out_write(out, text, toc_format_double(x, text));
    else toc_out_str(out, "null");
}

static toc_status put_text(toc_ctx *ctx, toc_out *out, const char *text)
{
    toc_buf buf = {0};
    toc_status st = toc_buf_json(ctx, &buf, toc_str_of(text));

    if (!st) toc_out_printf(out, "\"%s\"", buf.n ? buf.p : "");
    toc_buf_release(&buf);
    return st;
}

static toc_status put_column(toc_ctx *ctx, const tree_model *m, size_t j, toc_out *out)
{
    const tree_levels *levels = &m->levels[j];

    toc_out_str(out, j ? ",\n{\"name\":" : "\n{\"name\":");
    TOC_TRY(put_text(ctx, out, m->names[j]));
    if (m->n_rows) {
        toc_out_str(out, ",\"missing\":");
        put_number(out, levels->missing);
    }
    if (m->n_rows && !levels->categorical) {
        toc_out_str(out, ",\"min\":");
        put_number(out, levels->min);
        toc_out_str(out, ",\"max\":");
        put_number(out, levels->max);
    }
    if (levels->categorical) {
        toc_out_str(out, ",\"levels\":[");
        for (size_t l = 0; l < levels->n; l++) {
            if (l) toc_out_str(out, ",");
            if (levels->texts) TOC_TRY(put_text(ctx, out, levels->texts[l]));
            else put_number(out, levels->codes[l]);
        }
        toc_out_str(out, "]");
    }
    toc_out_str(out, "}");
    return TOC_OK;
}

static void put_node(const tree_model *m, const tree_node *node, toc_out *out)
{
    if (node->feature < 0) {
        toc_out_str(out, "[-1,");
    } else {
        toc_out_printf(out, "[%d,", node->feature);
        if (node->subset == TREE_NUMERIC) {
            put_number(out, node->threshold);
        } else {
            const char *comma = "";
            toc_out_str(out, "[");
            for (unsigned l = 0; l < m->levels[node->feature].n; l++) {
                if (!tree_bit(&m->subsets[node->subset], l)) continue;
                toc_out_printf(out, "%s%u", comma, l);
                comma = ",";
            }
            toc_out_str(out, "]");
        }
        toc_out_printf(out, ",%d,%d,%d,", node->missing_left, node->left, node->right);
    }
    put_number(out, node->value);
    toc_out_str(out, ",");
    put_number(out, node->cover);
    if (node->feature >= 0) {
        toc_out_str(out, ",");
        put_number(out, node->gain);
    }
    toc_out_str(out, "]");
}

static toc_status put_head(toc_ctx *ctx, const tree_model *m, toc_out *out)
{
    toc_out_printf(out, "{\"schema\":\"tocsin-tree\",\"version\":2,\"kind\":\"%s\",\"loss\":\"%s\",\"criterion\":\"%s\",\"base\":[", kinds[m->kind],
                   losses[m->loss], criteria[m->criterion]);
    for (size_t k = 0; k < m->n_outputs; k++) {
        if (k) toc_out_str(out, ",");
        put_number(out, m->base[k]);
    }
    toc_out_str(out, "]");
    if (m->n_rows) toc_out_printf(out, ",\"rows\":%zu", m->n_rows);
    if (!m->target) return TOC_OK;
    toc_out_str(out, ",\"target\":");
    TOC_TRY(put_text(ctx, out, m->target));
    toc_out_str(out, ",\"classes\":[");
    for (size_t k = 0; k < m->n_classes; k++) {
        if (k) toc_out_str(out, ",");
        TOC_TRY(put_text(ctx, out, m->classes[k]));
    }
    toc_out_str(out, "]");
    return TOC_OK;
}

toc_status tree_save(toc_ctx *ctx, const tree_model *m, const char *path)
{
    toc_out out;
    toc_status st;

    TOC_TRY(toc_out_open(ctx, path, true, &out)); /* levels may be personal */
    if ((st = put_head(ctx, m, &out))) goto fail;
    toc_out_str(&out, ",\n\"columns\":[");
    for (size_t j = 0; j < m->p; j++)
        if ((st = put_column(ctx, m, j, &out))) goto fail;
    toc_out_str(&out, "],\n\"trees\":[");
    for (size_t t = 0; t < m->n_trees; t++) {
        toc_out_str(&out, t ? ",\n[" : "\n[");
        for (size_t i = m->first[t]; i < m->first[t + 1]; i++) {
            if (i > m->first[t]) toc_out_str(&out, ",");
            put_node(m, &m->nodes[i], &out);
        }
        toc_out_str(&out, "]");
    }
    toc_out_str(&out, "]}\n");
    return toc_out_close(ctx, &out);
fail:
    toc_out_abandon(&out);
    return st;
}

/* ---- loading ---- */

typedef struct {
    const char *path;
    tree_model *model;
    size_t n_nodes, n_subsets; /* filled so far */
} loader;

static toc_status bad(toc_ctx *ctx, const loader *l, const char *what)
{
    return toc_fail(ctx, TOC_E_DATA, "%s: no tree model of tocsin: %s", l->path, what);
}

static bool choice(const json_t *root, const char *key, const char *const *words, int n, int *value)
{
    const char *text = json_string_value(json_object_get(root, key));

    for (int i = 0; text && i < n; i++) {
        if (strcmp(text, words[i])) continue;
        *value = i;
        return true;
    }
    return false;
}

static double number_or_nan(const json_t *item)
{
    return json_is_number(item) ? json_number_value(item) : NAN;
}

static toc_status load_column(toc_ctx *ctx, loader *l, const json_t *column, size_t j)
{
    tree_model *m = l->model;
    tree_levels *levels = &m->levels[j];
    const char *name = json_string_value(json_object_get(column, "name"));
    const json_t *items = json_object_get(column, "levels");

    if (!name) return bad(ctx, l, "a column without a name");
    TOC_TRY(toc_arena_copy(ctx, &m->arena, name, strlen(name), &m->names[j]));
    levels->missing = json_number_value(json_object_get(column, "missing"));
    levels->min = number_or_nan(json_object_get(column, "min"));
    levels->max = number_or_nan(json_object_get(column, "max"));
    if (!items) return TOC_OK;
    levels->categorical = true;
    levels->n = json_array_size(items);
    if (levels->n > TREE_MAX_LEVELS) return bad(ctx, l, "a column with too many levels");
    TOC_TRY(toc_arena_alloc(ctx, &m->arena, levels->n, sizeof *levels->codes, &levels->codes));
    if (json_is_string(json_array_get(items, 0)) || levels->n == 0)
        TOC_TRY(toc_arena_alloc(ctx, &m->arena, levels->n, sizeof *levels->texts, &levels->texts));
    for (size_t i = 0; i < levels->n; i++) {
        const json_t *item = json_array_get(items, i);
        if (levels->texts ? !json_is_string(item) : !(json_number_value(item) >= 0 && json_number_value(item) < UINT32_MAX))
            return bad(ctx, l, "a level that is neither text nor code");
        levels->codes[i] = json_number_value(item);
        if (levels->texts) TOC_TRY(toc_arena_copy(ctx, &m->arena, json_string_value(item), json_string_length(item), &levels->texts[i]));
    }
    return TOC_OK;
}

static toc_status load_subset(toc_ctx *ctx, loader *l, const json_t *levels, tree_node *node)
{
    tree_model *m = l->model;
    size_t n_levels = m->levels[node->feature].n;

    node->subset = (uint32_t)l->n_subsets;
    for (size_t i = 0; i < json_array_size(levels); i++) {
        json_int_t level = json_integer_value(json_array_get(levels, i));
        if (level < 0 || (size_t)level >= n_levels) return bad(ctx, l, "a level out of range");
        m->subsets[l->n_subsets].bit[level >> 6] |= (uint64_t)1 << (level & 63);
    }
    l->n_subsets++;
    return TOC_OK;
}

static toc_status load_node(toc_ctx *ctx, loader *l, const json_t *item, size_t number, size_t n_nodes)
{
    tree_node *node = &l->model->nodes[l->n_nodes++];
    size_t size = json_array_size(item);
    json_int_t feature = json_integer_value(json_array_get(item, 0));

    *node = (tree_node){ .feature = -1, .left = -1, .right = -1, .subset = TREE_NUMERIC };
    if (size == 3 && feature == -1) {
        node->value = json_number_value(json_array_get(item, 1));
        node->cover = json_number_value(json_array_get(item, 2));
        return TOC_OK;
    }
    if (size != 8 || feature < 0 || (size_t)feature >= l->model->p) return bad(ctx, l, "a node of the wrong shape");
    const json_t *test = json_array_get(item, 1);
    json_int_t left = json_integer_value(json_array_get(item, 3)), right = json_integer_value(json_array_get(item, 4));
    /* Children come after their parents: so a walk ends. */
    if (left <= (json_int_t)number || right <= (json_int_t)number || (size_t)left >= n_nodes || (size_t)right >= n_nodes || left == right)
        return bad(ctx, l, "a node whose children are out of range");
    node->feature = (int32_t)feature;
    node->left = (int32_t)left;
    node->right = (int32_t)right;
    node->missing_left = json_integer_value(json_array_get(item, 2)) != 0;
    node->threshold = json_is_null(test) ? INFINITY : json_number_value(test);
    node->value = json_number_value(json_array_get(item, 5));
    node->cover = json_number_value(json_array_get(item, 6));
    node->gain = json_number_value(json_array_get(item, 7));
    if (json_is_array(test) != l->model->levels[feature].categorical) return bad(ctx, l, "a test that does not fit its column");
    return json_is_array(test) ? load_subset(ctx, l, test, node) : TOC_OK;
}

static toc_status load_trees(toc_ctx *ctx, loader *l, const json_t *trees, size_t n_outputs)
{
    tree_model *m = l->model;
    size_t n_nodes = 0, n_subsets = 0, n_trees = json_array_size(trees);
    bool sound;

    for (size_t t = 0; t < n_trees; t++) {
        const json_t *nodes = json_array_get(trees, t);
        if (json_array_size(nodes) == 0) return bad(ctx, l, "a tree without nodes");
        n_nodes += json_array_size(nodes);
        for (size_t i = 0; i < json_array_size(nodes); i++) n_subsets += json_is_array(json_array_get(json_array_get(nodes, i), 1));
    }
    TOC_TRY(tree_model_room(ctx, m, n_trees, n_nodes, n_subsets, n_outputs));
    for (size_t t = 0; t < n_trees; t++) {
        const json_t *nodes = json_array_get(trees, t);
        m->first[t] = l->n_nodes;
        for (size_t i = 0; i < json_array_size(nodes); i++)
            TOC_TRY(load_node(ctx, l, json_array_get(nodes, i), i, json_array_size(nodes)));
    }
    m->first[n_trees] = l->n_nodes;
    TOC_TRY(tree_depth(ctx, m, &m->depth, &sound));
    return sound ? TOC_OK : bad(ctx, l, "a tree too deep, or a node with two parents");
}

/* What the target is called, and the rows it was learned from. */
static toc_status load_facts(toc_ctx *ctx, loader *l, const json_t *root)
{
    const json_t *target = json_object_get(root, "target"), *classes = json_object_get(root, "classes");
    const char *names[TREE_MAX_CLASSES];
    size_t n = json_array_size(classes);

    l->model->n_rows = json_number_value(json_object_get(root, "rows")) > 0 ? (size_t)json_integer_value(json_object_get(root, "rows")) : 0;
    if (!json_is_string(target)) return TOC_OK;
    if (n > TREE_MAX_CLASSES) return bad(ctx, l, "too many classes");
    for (size_t k = 0; k < n; k++)
        if (!(names[k] = json_string_value(json_array_get(classes, k)))) return bad(ctx, l, "a class that is no text");
    return tree_model_name(ctx, l->model, json_string_value(target), names, n);
}

static toc_status load_base(toc_ctx *ctx, loader *l, const json_t *base)
{
    tree_model *m = l->model;

    if (json_is_number(base)) *m->base = json_number_value(base);
    else for (size_t k = 0; k < m->n_outputs; k++) {
        if (!json_is_number(json_array_get(base, k))) return bad(ctx, l, "a base that is no number");
        m->base[k] = json_number_value(json_array_get(base, k));
    }
    return TOC_OK;
}

static toc_status load(toc_ctx *ctx, loader *l, const json_t *root)
{
    tree_model *m = l->model;
    const json_t *columns = json_object_get(root, "columns"), *trees = json_object_get(root, "trees");
    const char *schema = json_string_value(json_object_get(root, "schema"));
    json_int_t version = json_integer_value(json_object_get(root, "version"));
    const json_t *base = json_object_get(root, "base");
    int kind, loss, criterion;

    if (!schema || strcmp(schema, "tocsin-tree")) return bad(ctx, l, "its schema is not \"tocsin-tree\"");
    if (version != 1 && version != 2) return bad(ctx, l, "its version is neither 1 nor 2 (a newer tocsin wrote it?)");
    if (!choice(root, "kind", kinds, (int)TOC_COUNT(kinds), &kind)) return bad(ctx, l, "unknown kind");
    if (!choice(root, "loss", losses, (int)TOC_COUNT(losses), &loss)) return bad(ctx, l, "unknown loss");
    if (!choice(root, "criterion", criteria, (int)TOC_COUNT(criteria), &criterion)) return bad(ctx, l, "unknown criterion");
    if (json_array_size(columns) == 0 || json_array_size(trees) == 0) return bad(ctx, l, "no columns or no trees");
    m->kind = (tree_kind)kind;
    m->loss = (tree_loss)loss;
    m->criterion = (tree_criterion)criterion;
    if (version == 1 ? !json_is_number(base) : json_array_size(base) == 0 || json_array_size(base) > TREE_MAX_CLASSES) return bad(ctx, l, "a base that does not fit");
    m->p = json_array_size(columns);
    TOC_TRY(toc_arena_alloc(ctx, &m->arena, m->p, sizeof *m->names, &m->names));
    TOC_TRY(toc_arena_alloc(ctx, &m->arena, m->p, sizeof *m->levels, &m->levels));
    for (size_t j = 0; j < m->p; j++) TOC_TRY(load_column(ctx, l, json_array_get(columns, j), j));
    size_t n_outputs = version == 1 ? 1 : json_array_size(base);
    if (n_outputs > 1 ? loss != TREE_MULTICLASS || json_array_size(trees) % n_outputs : loss == TREE_MULTICLASS) return bad(ctx, l, "a base that does not fit");
    TOC_TRY(load_trees(ctx, l, trees, n_outputs));
    TOC_TRY(load_base(ctx, l, base));
    TOC_TRY(load_facts(ctx, l, root));
    if (m->n_classes && m->n_outputs > 1 && m->n_classes != m->n_outputs) return bad(ctx, l, "classes that do not fit");
    m->scale = m->kind == TREE_FOREST || m->kind == TREE_EXTRA ? 1 / (double)m->n_trees : 1;
    return TOC_OK;
}

toc_status tree_parse(toc_ctx *ctx, const char *name, toc_str text, tree_model **model)
{
    loader l = { .path = name };
    json_error_t error;
    json_t *root = json_loadb(text.n ? text.p : "", text.n, 0, &error);
    toc_status st;

    *model = NULL;
    if (!root) return toc_fail(ctx, TOC_E_DATA, "%s:%d:%d: no tree model of tocsin: %s", name, error.line, error.column, error.text);
    if ((st = toc_alloc(ctx, 1, sizeof *l.model, &l.model))) goto out;
    st = load(ctx, &l, root);
    if (st) tree_free(l.model);
    else *model = l.model;
out:
    json_decref(root);
    return st;
}

toc_status tree_load(toc_ctx *ctx, const char *path, tree_model **model)
{
    toc_buf content = {0};

    *model = NULL;
    toc_status st = toc_read_file(ctx, path, &content);
    if (!st) st = tree_parse(ctx, path, (toc_str){ content.p, content.n }, model);
    toc_buf_release(&content);
    return st;
}
