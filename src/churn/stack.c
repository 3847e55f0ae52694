/* stack.c: one probability from several models: a logistic regression over their log-odds, learned where none of them had seen what came, and calibrated by
 * customers that the regression did not know.
 *
 * The models of purchases need no labels, so all they say of a sample is out of time. Trees do: those that score sample k learn from samples whose windows had
 * ended at its cut-off. Where there are too few windows before it, each half of the customers is scored by trees that learned from the other half. */
#include "churn/churn_int.h"

#define MIN_OF_EACH 30       /* customers who left, and who stayed, below which nothing is trained */
#define TREES_MIN_OF_EACH 150 /* below which trees have no say */
#define STACKED_SAMPLES 6    /* the newest windows. On windows of CDNOW and Online Retail before those of the yardsticks, 3 and 6 have the same Brier score to
                              * 0.0003 (single windows up to 0.0011); base rates move, and more windows average over more of that */
#define PENALTY 5.0

typedef struct {
    size_t n, p, n_left;
    float *z;         /* (n x p) standardised log-odds */
    uint8_t *left, *half;
    double *score;
} rows;

static void release_rows(rows *r)
{
    toc_free(r->z);
    toc_free(r->left);
    toc_free(r->half);
    toc_free(r->score);
}

/* Log-odds of trees for a sample they do not know, into part: by older windows, or by the other half of the customers. */
static toc_status ask_trees(toc_ctx *ctx, const churn_sample *samples, size_t n, size_t k, churn_part part, const churn_options *options, double *out)
{
    const churn_sample *s = &samples[k];
    bool by_time = k + CHURN_CUTOFFS_PER_HORIZON + 1 < n; /* two windows to learn from at least */
    tree_model *trees = NULL;
    double *score = NULL;
    toc_status st = TOC_OK;

    if ((st = toc_alloc(ctx, s->n, sizeof *score, &score))) return st;
    for (size_t r = 0; r < s->n; r++) out[r] = 0;
    for (int half = 0; half < (by_time ? 1 : 2); half++) {
        size_t first = by_time ? k + CHURN_CUTOFFS_PER_HORIZON : 0;
        if ((st = churn_trees_fit(ctx, samples + first, n - first, by_time ? -1 : half, part, options, &trees))) goto out;
        if (!trees) continue; /* too few: no opinion */
        if ((st = churn_trees_score(ctx, trees, s, score))) goto out;
        for (size_t r = 0; r < s->n; r++)
            if (by_time || s->half[r] == half) out[r] = churn_log_odds(score[r]);
        tree_free(trees);
        trees = NULL;
    }
out:
    if (trees) tree_free(trees);
    toc_free(score);
    return st;
}

static size_t next_part(const churn_fit *fit, size_t k)
{
    while (k < CHURN_N_PARTS && !(fit->parts >> k & 1)) k++;
    return k;
}

/* Mean and deviation of each column, and z of them. */
static void standardise(const double *raw, rows *r, churn_fit *fit)
{
    for (size_t j = 0; j < r->p; j++) {
        double sum = 0, square = 0;
        for (size_t i = 0; i < r->n; i++) sum += raw[i * r->p + j];
        fit->mean[j] = sum / (double)r->n;
        for (size_t i = 0; i < r->n; i++) square += (raw[i * r->p + j] - fit->mean[j]) * (raw[i * r->p + j] - fit->mean[j]);
        fit->width[j] = TOC_MAX(sqrt(square / (double)r->n), 1e-9);
        for (size_t i = 0; i < r->n; i++) r->z[i * r->p + j] = (float)((raw[i * r->p + j] - fit->mean[j]) / fit->width[j]);
    }
}

static toc_status make_rows(toc_ctx *ctx, const churn_sample *samples, size_t n, const churn_options *options, churn_fit *fit, rows *r)
{
    double *raw = NULL, *opinion = NULL;
    size_t cells, most = 0, take = TOC_MIN(n, (size_t)STACKED_SAMPLES);
    toc_status st = TOC_OK;

    for (size_t k = 0; k < CHURN_N_PARTS; k++) r->p += fit->parts >> k & 1;
    for (size_t k = 0; k < take; k++) {
        r->n += samples[k].n;
        most = TOC_MAX(most, samples[k].n);
    }
    if ((st = toc_mul_size(ctx, r->n, r->p, &cells))) goto out;
    if ((st = toc_alloc(ctx, cells, sizeof *raw, &raw))) goto out;
    if ((st = toc_alloc(ctx, most, sizeof *opinion, &opinion))) goto out;
    if ((st = toc_alloc(ctx, cells, sizeof *r->z, &r->z))) goto out;
    if ((st = toc_alloc(ctx, r->n, sizeof *r->left, &r->left))) goto out;
    if ((st = toc_alloc(ctx, r->n, sizeof *r->half, &r->half))) goto out;
    if ((st = toc_alloc(ctx, r->n, sizeof *r->score, &r->score))) goto out;
    for (size_t k = 0, at = 0; k < take; at += samples[k++].n) {
        const churn_sample *s = &samples[k];
        size_t j = 0;
        for (size_t part = next_part(fit, 0); part < CHURN_N_PARTS; part = next_part(fit, part + 1), j++) {
            const double *said = s->part[part];
            if (part == CHURN_PART_TREES || part == CHURN_PART_TREE) {
                if ((st = ask_trees(ctx, samples, n, k, (churn_part)part, options, opinion))) goto out;
                said = opinion;
            }
            for (size_t i = 0; i < s->n; i++) raw[(at + i) * r->p + j] = said[i];
        }
        for (size_t i = 0; i < s->n; i++) {
            r->left[at + i] = s->left[i];
            r->half[at + i] = s->half[i];
            r->n_left += s->left[i];
        }
    }
    standardise(raw, r, fit);
out:
    toc_free(raw);
    toc_free(opinion);
    return st;
}

/* The regression on the rows of one half (-1 = all). */
static toc_status regress(toc_ctx *ctx, const rows *r, int half, double *weights)
{
    float *z = NULL;
    uint8_t *left = NULL;
    size_t n = 0;
    toc_status st = TOC_OK;

    if (half < 0) return num_logistic_fit(ctx, r->z, r->left, r->n, r->p, PENALTY, weights);
    if ((st = toc_alloc(ctx, r->n * r->p, sizeof *z, &z))) goto out;
    if ((st = toc_alloc(ctx, r->n, sizeof *left, &left))) goto out;
    for (size_t i = 0; i < r->n; i++) {
        if (r->half[i] != half) continue;
        memcpy(z + n * r->p, r->z + i * r->p, r->p * sizeof *z);
        left[n++] = r->left[i];
    }
    st = num_logistic_fit(ctx, z, left, n, r->p, PENALTY, weights);
out:
    toc_free(z);
    toc_free(left);
    return st;
}

static double combine(const double *weights, const float *z, size_t p)
{
    double sum = weights[p];

    for (size_t j = 0; j < p; j++) sum += weights[j] * (double)z[j];
    return sum;
}

/* Each half scored by the regression of the other: what calibration learns from. */
static toc_status learn_weights(toc_ctx *ctx, rows *r, churn_fit *fit)
{
    double other[CHURN_N_PARTS + 1];

    TOC_TRY(regress(ctx, r, -1, fit->weight));
    for (int half = 0; half < 2; half++) {
        TOC_TRY(regress(ctx, r, 1 - half, other));
        for (size_t i = 0; i < r->n; i++)
            if (r->half[i] == half) r->score[i] = combine(other, r->z + i * r->p, r->p);
    }
    TOC_TRY(num_calibrate(ctx, r->score, r->left, r->n, &fit->calibration));
    fit->calibrated = true;
    fit->n_stacked = r->n;
    return TOC_OK;
}

static void count_outcomes(const churn_sample *samples, size_t n, size_t *left, size_t *stayed)
{
    *left = *stayed = 0;
    for (size_t k = 0; k < n; k++)
        for (size_t r = 0; r < samples[k].n; r++) ++*(samples[k].left[r] ? left : stayed);
}

toc_status churn_train(toc_ctx *ctx, const churn_sample *samples, size_t n, const churn_options *options, churn_fit *fit)
{
    const unsigned trees = (1u << CHURN_PART_TREES) | (1u << CHURN_PART_TREE);
    size_t left, stayed;
    rows r = {0};
    toc_status st = TOC_OK;

    *fit = (churn_fit){ .parts = churn_parts_of(options->model) };
    count_outcomes(samples, n, &left, &stayed);
    if (TOC_MIN(left, stayed) < MIN_OF_EACH || fit->parts == 0) {
        fit->parts = 0;
        return TOC_OK;
    }
    if (fit->parts & ~trees && TOC_MIN(left, stayed) < TREES_MIN_OF_EACH) fit->parts &= ~trees;
    if ((st = make_rows(ctx, samples, n, options, fit, &r))) goto out;
    if (r.n_left < MIN_OF_EACH || r.n - r.n_left < MIN_OF_EACH) {
        fit->parts = 0;
        goto out;
    }
    if ((st = learn_weights(ctx, &r, fit))) goto out;
    if (fit->parts >> CHURN_PART_TREES & 1) st = churn_trees_fit(ctx, samples, n, -1, CHURN_PART_TREES, options, &fit->trees);
    if (!st && fit->parts >> CHURN_PART_TREE & 1) st = churn_trees_fit(ctx, samples, n, -1, CHURN_PART_TREE, options, &fit->tree);
out:
    release_rows(&r);
    if (st) churn_fit_release(fit);
    return st;
}

void churn_fit_release(churn_fit *fit)
{
    if (fit->trees) tree_free(fit->trees);
    if (fit->tree) tree_free(fit->tree);
    num_calibration_release(&fit->calibration);
    *fit = (churn_fit){0};
}

/* Half-way between the regression's own probability and the calibrated one: the steps of isotonic regression would tie customers the models tell apart. */
toc_status churn_predict(toc_ctx *ctx, const churn_fit *fit, const churn_sample *s, double *probability)
{
    double *opinion[2] = { NULL, NULL };
    toc_status st = TOC_OK;

    for (int k = 0; k < 2; k++) {
        tree_model *model = k ? fit->tree : fit->trees;
        if (!model) continue;
        if ((st = toc_alloc(ctx, s->n, sizeof *opinion[k], &opinion[k]))) goto out;
        if ((st = churn_trees_score(ctx, model, s, opinion[k]))) goto out;
    }
    for (size_t i = 0; i < s->n; i++) {
        float z[CHURN_N_PARTS];
        size_t p = 0;
        for (size_t part = next_part(fit, 0); part < CHURN_N_PARTS; part = next_part(fit, part + 1), p++) {
            const double *trees = part == CHURN_PART_TREES ? opinion[0] : part == CHURN_PART_TREE ? opinion[1] : NULL;
            double said = trees ? churn_log_odds(trees[i]) : s->part[part][i];
            z[p] = (float)((said - fit->mean[p]) / fit->width[p]);
        }
        double score = combine(fit->weight, z, p), own = 1 / (1 + exp(-score));
        probability[i] = TOC_MIN(TOC_MAX((own + num_calibrated(&fit->calibration, score)) / 2, 0.001), 0.999);
    }
out:
    toc_free(opinion[0]);
    toc_free(opinion[1]);
    return st;
}
