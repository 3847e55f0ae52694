/* show_svg.c: trees as a picture that stands alone. Leaves stand side by side in their order, parents above the middle of their children. */
#include "tree/tree_int.h"

#include <math.h>

enum { WIDTH = 150, HEIGHT = 46, GAP_X = 14, GAP_Y = 44, MARGIN = 12, LEAST = 90, MOST_TEXT = 22 };

typedef struct {
    const tree_model *model;
    const tree_node *nodes;
    double *x;       /* of each node's middle */
    double next;     /* where the next leaf's box begins */
    double top;
    size_t depth;
    double low, high; /* of all leaves, for their colour */
    toc_out *out;
} picture;

static void place(picture *p, int32_t at, size_t depth)
{
    const tree_node *node = p->nodes + at;

    p->depth = TOC_MAX(p->depth, depth);
    if (node->feature < 0) {
        p->x[at] = p->next + WIDTH / 2.0;
        p->next += WIDTH + GAP_X;
        p->low = TOC_MIN(p->low, node->value);
        p->high = TOC_MAX(p->high, node->value);
        return;
    }
    place(p, node->left, depth + 1);
    place(p, node->right, depth + 1);
    p->x[at] = (p->x[node->left] + p->x[node->right]) / 2;
}

static toc_status put_text(toc_ctx *ctx, const picture *p, double x, double y, const char *text)
{
    toc_buf cut = {0}, escaped = {0};
    size_t n = 0, seen = 0;
    toc_status st;

    for (; text[n]; n++) { /* whole characters only */
        if (((unsigned char)text[n] & 0xc0) != 0x80 && seen++ == MOST_TEXT) break;
    }
    st = toc_buf_printf(ctx, &cut, "%.*s%s", (int)n, text, text[n] ? "..." : "");
    if (!st) st = toc_buf_html(ctx, &escaped, (toc_str){ cut.p, cut.n });
    if (!st) toc_out_printf(p->out, "<text x=\"%.1f\" y=\"%.1f\">%s</text>\n", x, y, escaped.n ? escaped.p : "");
    toc_buf_release(&cut);
    toc_buf_release(&escaped);
    return st;
}

/* "<= 3.5", "in free, team", "given". */
static toc_status question(toc_ctx *ctx, const picture *p, const tree_node *node, toc_buf *text)
{
    const tree_levels *levels = &p->model->levels[node->feature];
    const char *comma = "in ";

    if (node->subset == TREE_NUMERIC) {
        if (isinf(node->threshold)) return toc_buf_printf(ctx, text, "given");
        return toc_buf_printf(ctx, text, "<= %.6g", node->threshold);
    }
    for (unsigned l = 0; l < levels->n && text->n <= 4 * MOST_TEXT; l++) {
        if (!tree_bit(&p->model->subsets[node->subset], l)) continue;
        if (levels->texts) TOC_TRY(toc_buf_printf(ctx, text, "%s%s", comma, levels->texts[l]));
        else TOC_TRY(toc_buf_printf(ctx, text, "%s%.15g", comma, levels->codes[l]));
        comma = ", ";
    }
    return TOC_OK;
}

static toc_status draw(toc_ctx *ctx, picture *p, int32_t at, size_t depth)
{
    const tree_node *node = p->nodes + at;
    double x = p->x[at], y = p->top + (double)depth * (HEIGHT + GAP_Y);
    double level = p->high > p->low ? (node->value - p->low) / (p->high - p->low) : 0.5;
    double shown = node->value + (p->model->kind == TREE_BOOST ? 0 : p->model->base[0]);
    toc_buf text = {0};
    toc_status st = TOC_OK;

    for (int side = 0; side < 2 && node->feature >= 0; side++) {
        int32_t child = side ? node->right : node->left;
        double to = p->x[child], down = y + HEIGHT + GAP_Y;
        toc_out_printf(p->out, "<line x1=\"%.1f\" y1=\"%.1f\" x2=\"%.1f\" y2=\"%.1f\"/>\n", x, y + HEIGHT, to, down);
        TOC_TRY(put_text(ctx, p, (x + to) / 2, (y + HEIGHT + down) / 2,
                         (side == 0) == node->missing_left ? (side ? "no, missing" : "yes, missing") : side ? "no" : "yes"));
        TOC_TRY(draw(ctx, p, child, depth + 1));
    }
    bool leaf = node->feature < 0;
    toc_out_printf(p->out, "<rect x=\"%.1f\" y=\"%.1f\" width=\"%d\" height=\"%d\" rx=\"%d\" fill=\"%s\"", x - WIDTH / 2.0, y, WIDTH, HEIGHT, leaf ? 12 : 3,
                   leaf ? "#c33" : "#fff");
    toc_out_printf(p->out, leaf ? " fill-opacity=\"%.2f\"/>\n" : "/>\n", 0.08 + 0.5 * level);
    if (leaf) {
        st = toc_buf_printf(ctx, &text, "%.4g", shown);
        if (!st) st = put_text(ctx, p, x, y + 19, text.p);
    } else {
        st = put_text(ctx, p, x, y + 15, p->model->names[node->feature]);
        if (!st) st = question(ctx, p, node, &text);
        if (!st) st = put_text(ctx, p, x, y + 28, text.n ? text.p : "in nothing");
    }
    text.n = 0;
    if (!st) st = toc_buf_printf(ctx, &text, "%.6g rows", node->cover);
    if (!st) st = put_text(ctx, p, x, y + 41, text.p);
    toc_buf_release(&text);
    return st;
}

toc_status tree_show_svg(toc_ctx *ctx, const tree_model *model, size_t n_trees, toc_out *out)
{
    size_t shown = n_trees ? TOC_MIN(n_trees, model->n_trees) : model->n_trees, most = 0;
    double width = LEAST, height = MARGIN;
    picture p = { .model = model, .out = out };
    toc_status st = TOC_OK;

    for (size_t t = 0; t < shown; t++) most = TOC_MAX(most, model->first[t + 1] - model->first[t]);
    TOC_TRY(toc_alloc(ctx, most * shown, sizeof *p.x, &p.x));
    double *x = p.x;
    size_t *depth = NULL;
    if ((st = toc_alloc(ctx, shown, sizeof *depth, &depth))) goto out;
    p.low = INFINITY;
    p.high = -INFINITY;
    for (size_t t = 0; t < shown; t++) {
        p.nodes = model->nodes + model->first[t];
        p.x = x + t * most;
        p.next = MARGIN;
        p.depth = 0;
        place(&p, 0, 0);
        depth[t] = p.depth;
        width = TOC_MAX(width, p.next - GAP_X + MARGIN);
        height += (double)(depth[t] + 1) * (HEIGHT + GAP_Y);
    }
    toc_out_printf(out, "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"%.0f\" height=\"%.0f\" font-family=\"sans-serif\" font-size=\"11\" "
                        "text-anchor=\"middle\">\n<style>rect,line{stroke:#777}text{fill:#222}</style>\n", width, height - GAP_Y + MARGIN);
    p.top = MARGIN;
    for (size_t t = 0; t < shown && !st; t++) {
        p.nodes = model->nodes + model->first[t];
        p.x = x + t * most;
        st = draw(ctx, &p, 0, 0);
        p.top += (double)(depth[t] + 1) * (HEIGHT + GAP_Y);
    }
    toc_out_str(out, "</svg>\n");
out:
    toc_free(x);
    toc_free(depth);
    return st;
}
