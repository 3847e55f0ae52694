/* gain_intervals.c: numeric columns into intervals by the minimum description length principle (Fayyad & Irani 1993): a cut is taken when what it gains
 * is more than what it costs to tell it. With weights, rows count as many as a->rows says. */
#include "tree/gain_int.h"

typedef struct {
    size_t from, to;
} stretch;

/* Impurity, classes present and entropy of rows. */
typedef struct {
    double impurity, n, classes, entropy;
} content;

static content content_of(const gain_job *a, const gain_sequence *s, stretch rows)
{
    double classes[TREE_MOST_CLASSES] = {0};
    content c = {0};

    gain_count(a, s, rows.from, rows.to, classes);
    for (size_t k = 0; k < a->k; k++) {
        c.n += classes[k];
        c.classes += classes[k] > 0;
    }
    c.impurity = gain_impurity(a, classes);
    c.entropy = c.n > 0 ? c.impurity / c.n : 0;
    return c;
}

static bool pays(const gain_job *a, content whole, content left, content right)
{
    if (!(left.n > 0 && right.n > 0)) return false;
    double n = whole.n * a->rows / a->total, gain = (whole.impurity - left.impurity - right.impurity) / whole.n;
    double delta = log2(pow(3, whole.classes) - 2) - (whole.classes * whole.entropy - left.classes * left.entropy - right.classes * right.entropy);
    return n > 1 && gain > (log2(n - 1) + delta) / n;
}

static void insert(size_t *cuts, size_t n, size_t at)
{
    for (; n > 0 && cuts[n - 1] > at; n--) cuts[n] = cuts[n - 1];
    cuts[n] = at;
}

toc_status gain_intervals(toc_ctx *ctx, const gain_job *a, gain_scratch *scratch, tree_gain *out)
{
    const gain_sequence *s = &scratch->s;
    stretch queue[2 * TREE_MOST_CUTS + 1] = { { 0, s->m } };
    size_t cuts[TREE_MOST_CUTS + 1], n_queue = 1, n = 0, at;
    double rest, left = 0;

    for (size_t next = 0; next < n_queue && n < TREE_MOST_CUTS; next++) {
        stretch rows = queue[next];
        TOC_TRY(gain_cut(ctx, a, scratch, rows.from, rows.to, NAN, &at, &rest));
        stretch low = { rows.from, at }, high = { at, rows.to };
        if (!at || !pays(a, content_of(a, s, rows), content_of(a, s, low), content_of(a, s, high))) continue;
        insert(cuts, n++, at);
        queue[n_queue++] = low;
        queue[n_queue++] = high;
    }
    cuts[n] = s->m;
    for (size_t i = 0; i <= n; i++) left += content_of(a, s, (stretch){ i ? cuts[i - 1] : 0, cuts[i] }).impurity;
    left += content_of(a, s, (stretch){ s->m, s->n }).impurity;
    for (size_t i = 0; i < n; i++) out->cuts[i] = tree_between(gain_value(s, cuts[i] - 1), gain_value(s, cuts[i]));
    out->n_cuts = n;
    out->cuts_gain = gain_left(a, left);
    return TOC_OK;
}
