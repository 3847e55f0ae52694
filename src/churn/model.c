/* model.c: trees over samples, and the plain measures that need no training. */
#include "churn/churn_int.h"

#define MIN_OF_EACH 30 /* customers who left, and who stayed, below which nothing is trained */

/* One block with the columns of all samples one below the other. */
typedef struct {
    double *block;
    const double **x;
    const char **names;
    double *y;
    size_t n, p, n_left;
} matrix;

static void matrix_release(matrix *m)
{
    toc_free(m->block);
    toc_free(m->x);
    toc_free(m->names);
    toc_free(m->y);
}

static toc_status name_columns(toc_ctx *ctx, const char ***names, size_t *p)
{
    const char *const *columns = churn_columns(p);

    TOC_TRY(toc_alloc(ctx, *p, sizeof **names, names));
    for (size_t j = 0; j < *p; j++) (*names)[j] = columns[j];
    return TOC_OK;
}

static bool takes(const churn_sample *s, size_t r, int without) { return s->learn[r] && s->half[r] != without; }

/* without: leave out the customers of that half; -1 = take all. Of a sample that keeps everybody those are taken that the others' share takes. */
static toc_status stack_samples(toc_ctx *ctx, const churn_sample *samples, size_t n, int without, matrix *m)
{
    size_t cells;

    TOC_TRY(name_columns(ctx, &m->names, &m->p));
    for (size_t k = 0; k < n; k++)
        for (size_t r = 0; r < samples[k].n; r++) m->n += takes(&samples[k], r, without);
    TOC_TRY(toc_mul_size(ctx, m->n, m->p, &cells));
    TOC_TRY(toc_alloc(ctx, cells, sizeof *m->block, &m->block));
    TOC_TRY(toc_alloc(ctx, m->p, sizeof *m->x, &m->x));
    TOC_TRY(toc_alloc(ctx, m->n, sizeof *m->y, &m->y));
    for (size_t j = 0; j < m->p; j++) {
        double *column = m->block + j * m->n;
        m->x[j] = column;
        for (size_t k = 0; k < n; k++)
            for (size_t r = 0; r < samples[k].n; r++)
                if (takes(&samples[k], r, without)) *column++ = samples[k].x[j][r];
    }
    for (size_t k = 0, i = 0; k < n; k++)
        for (size_t r = 0; r < samples[k].n; r++) {
            if (!takes(&samples[k], r, without)) continue;
            m->n_left += samples[k].left[r];
            m->y[i++] = samples[k].left[r];
        }
    return TOC_OK;
}

static tree_params params_of(const toc_ctx *ctx, churn_part part, const churn_options *o, size_t n)
{
    tree_params p = tree_defaults(part == CHURN_PART_TREE ? TREE_SINGLE : TREE_BOOST);

    p.seed = ctx->seed;
    p.min_leaf = TOC_MAX(20, TOC_MIN(n / 200, 200));
    p.max_leaves = o->max_leaves;
    if (part == CHURN_PART_TREE) {
        p.max_depth = 5;
        return p;
    }
    p.n_trees = o->n_trees;
    p.learning_rate = o->learning_rate;
    p.max_depth = 6;
    p.l2 = 10;
    p.row_share = 0.7;
    p.column_share = 0.5;
    return p;
}

toc_status churn_trees_fit(toc_ctx *ctx, const churn_sample *samples, size_t n, int without, churn_part part, const churn_options *options, tree_model **trees)
{
    matrix m = {0};
    toc_status st = TOC_OK;

    *trees = NULL;
    if (n == 0) return TOC_OK;
    if ((st = stack_samples(ctx, samples, n, without, &m))) goto out;
    if (m.n_left < MIN_OF_EACH || m.n - m.n_left < MIN_OF_EACH) goto out;
    tree_data data = { .n = m.n, .p = m.p, .x = m.x, .names = m.names };
    tree_params params = params_of(ctx, part, options, m.n);
    st = tree_fit(ctx, &data, m.y, NULL, &params, trees);
out:
    matrix_release(&m);
    return st;
}

toc_status churn_trees_score(toc_ctx *ctx, const tree_model *trees, const churn_sample *sample, double *score)
{
    const char **names = NULL;
    size_t p;

    TOC_TRY(name_columns(ctx, &names, &p));
    tree_data data = { .n = sample->n, .p = p, .x = sample->x, .names = names };
    toc_status st = tree_predict(ctx, trees, &data, score);
    toc_free(names);
    return st;
}

const char *const churn_model_words[] = { "stack", "trees", "tree", "bgnbd", "mbgnbd", "pareto", "hazard", "rhythm", NULL };

unsigned churn_parts_of(churn_model model)
{
    static const unsigned parts[] = {
        [CHURN_STACK] = (1u << CHURN_N_PARTS) - 1, [CHURN_BOOST] = 1u << CHURN_PART_TREES, [CHURN_TREE] = 1u << CHURN_PART_TREE,
        [CHURN_BY_BGNBD] = 1u << CHURN_PART_BGNBD, [CHURN_BY_MBGNBD] = 1u << CHURN_PART_MBGNBD, [CHURN_BY_PARETO] = 1u << CHURN_PART_PARETO,
        [CHURN_BY_HAZARD] = 1u << CHURN_PART_HAZARD, [CHURN_RHYTHM] = 0,
    };
    return parts[model];
}

toc_status churn_shop_gap(toc_ctx *ctx, const churn_sample *sample, double *gap)
{
    const double *mean = sample->gap_mean;
    double *known = NULL;
    size_t n = 0;

    TOC_TRY(toc_alloc(ctx, sample->n, sizeof *known, &known));
    for (size_t r = 0; r < sample->n; r++)
        if (!isnan(mean[r])) known[n++] = mean[r];
    *gap = num_median(known, n);
    toc_free(known);
    return TOC_OK;
}

double churn_silence(const churn_sample *sample, size_t row, double shop_gap)
{
    double own = sample->gap_mean[row], days = sample->days[row], recency = sample->recency[row];
    double prior = isnan(shop_gap) ? 30 : shop_gap;
    /* The shop's gap weighs as much as two of the customer's own. */
    double gap = isnan(own) ? prior : (own * (days - 1) + 2 * prior) / (days + 1);
    double silence = recency / TOC_MAX(gap, 1);

    return silence / (1 + silence);
}

void churn_expect(const churn_sample *sample, size_t row, double probability, churn_outlook *out)
{
    out->orders_if_staying = sample->orders_if[row];
    out->money_if_staying = sample->orders_if[row] * TOC_MAX(sample->value[row], 0);
    out->orders = out->orders_if_staying * (1 - probability);
    out->money = out->money_if_staying * (1 - probability);
    out->at_risk = out->money_if_staying * probability;
}

bool churn_gone(const churn_sample *sample, size_t row, double horizon_days)
{
    double gap = sample->gap_mean[row];

    return sample->recency[row] > (isnan(gap) ? horizon_days : TOC_MAX(horizon_days, 2 * gap));
}

toc_status churn_levels(toc_ctx *ctx, const churn_sample *sample, double horizon_days, const double *score, const double *money,
                        warn_level *level)
{
    double *sorted = NULL, high, middle;
    size_t n = 0;

    TOC_TRY(toc_alloc(ctx, sample->n, sizeof *sorted, &sorted));
    for (size_t r = 0; r < sample->n; r++)
        if (!churn_gone(sample, r, horizon_days)) sorted[n++] = money[r];
    high = num_quantile(sorted, n, 0.8);
    middle = num_quantile(sorted, n, 0.5);
    toc_free(sorted);
    for (size_t r = 0; r < sample->n; r++) {
        bool act = score[r] >= 0.5 && money[r] > 0 && !churn_gone(sample, r, horizon_days);
        level[r] = act && money[r] >= high ? WARN_CRITICAL : act && money[r] >= middle ? WARN_WARNING : WARN_NOTICE;
    }
    return TOC_OK;
}

toc_status churn_rank(toc_ctx *ctx, const double *score, const warn_level *level, size_t n, uint32_t *order)
{
    uint64_t *keys = NULL;
    toc_status st = TOC_OK;

    if ((st = toc_alloc(ctx, n, sizeof *keys, &keys))) return st;
    for (size_t r = 0; r < n; r++) keys[r] = toc_key_f64(-score[r]);
    if ((st = toc_sort_u64(ctx, keys, n, false, order))) goto out;
    for (size_t r = 0; r < n; r++) keys[r] = (uint64_t)(WARN_CRITICAL - level[r]);
    st = toc_sort_u64(ctx, keys, n, true, order);
out:
    toc_free(keys);
    return st;
}

toc_status churn_usual(toc_ctx *ctx, const churn_sample *sample, double *usual)
{
    double *known = NULL;
    size_t p = sample->table.n_cols - 1;

    TOC_TRY(toc_alloc(ctx, sample->n, sizeof *known, &known));
    for (size_t j = 0; j < p; j++) {
        size_t n = 0;
        for (size_t r = 0; r < sample->n; r++)
            if (!isnan(sample->x[j][r])) known[n++] = sample->x[j][r];
        usual[j] = num_median(known, n);
    }
    toc_free(known);
    return TOC_OK;
}
