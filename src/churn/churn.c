/* churn.c: the walk from a shop to warnings: cut-offs, training, calibration, backtest, items. */
#include "churn/churn_int.h"

#include <stdlib.h>

#define N_EVIDENCE 3
#define N_HISTORY 12           /* periods of 30 days in the small picture */

churn_options churn_defaults(void)
{
    return (churn_options){
        .model = CHURN_STACK, .n_cutoffs = 9, .n_trees = 150, .max_leaves = 8, .learning_rate = 0.05, .max_rows = 300000,
    };
}

/* Everything between shop and list. */
typedef struct {
    const churn_options *options;
    const shop_data *view; /* as of T */
    int64_t as_of, horizon;
    double horizon_days, money_units; /* per minor unit */
    const char *currency;
    churn_sample now;      /* at T */
    churn_sample *past;    /* newest first, one third of a horizon apart; labels inside the view */
    size_t n_past;
    churn_fit final, before; /* trained on windows that end by T, and a horizon earlier */
    double *score, *money;                /* of the customers at T */
    warn_level *level;
} work;

static void release_work(work *w)
{
    churn_sample_release(&w->now);
    for (size_t k = 0; k < w->n_past; k++) churn_sample_release(&w->past[k]);
    toc_free(w->past);
    churn_fit_release(&w->final);
    churn_fit_release(&w->before);
    toc_free(w->score);
    toc_free(w->money);
    toc_free(w->level);
}

/* The cut-offs that history allows: the earliest has a third of a horizon of orders before it. */
static toc_status make_samples(toc_ctx *ctx, work *w)
{
    int64_t first = shop_first_order(w->view), step = TOC_MAX(w->horizon / CHURN_CUTOFFS_PER_HORIZON, TOC_DAY);
    int64_t cutoff = w->as_of - w->horizon;
    size_t wanted = w->options->model == CHURN_RHYTHM ? 1 : w->options->n_cutoffs;

    churn_sampling how = { .horizon = w->horizon, .keep = 1, .learn = 1, .parts = churn_parts_of(w->options->model) | 1u << CHURN_PART_BGNBD };

    TOC_TRY(churn_sample_make(ctx, w->view, w->as_of, &how, &w->now));
    if (w->now.n == 0) return toc_fail(ctx, TOC_E_DATA, "no customer with a purchase before the moment: nothing to warn of");
    how.labels = true;
    how.learn = TOC_MIN(1, (double)w->options->max_rows / ((double)w->now.n * (double)wanted));
    TOC_TRY(toc_alloc(ctx, wanted, sizeof *w->past, &w->past));
    for (; w->n_past < wanted && cutoff - first >= w->horizon / CHURN_CUTOFFS_PER_HORIZON; cutoff -= step) {
        how.keep = w->n_past == 0 ? 1 : how.learn; /* the newest window judges the backtest, so it keeps everybody */
        TOC_TRY(churn_sample_make(ctx, w->view, cutoff, &how, &w->past[w->n_past]));
        w->n_past++;
    }
    return TOC_OK;
}

/* Trains on all windows that end by T, and on those that end a horizon earlier: the backtest's model. */
static toc_status train(toc_ctx *ctx, work *w)
{
    TOC_TRY(churn_train(ctx, w->past, w->n_past, w->options, &w->final));
    if (w->n_past <= CHURN_CUTOFFS_PER_HORIZON) return TOC_OK;
    return churn_train(ctx, w->past + CHURN_CUTOFFS_PER_HORIZON, w->n_past - CHURN_CUTOFFS_PER_HORIZON, w->options, &w->before);
}

/* Scores, expected loss and levels of a sample by a fit; without one by silence. */
static toc_status judge(toc_ctx *ctx, const work *w, const churn_fit *fit, const churn_sample *s, double *score, double *money,
                        warn_level *level)
{
    double gap;
    churn_outlook outlook;

    if (fit->parts) {
        TOC_TRY(churn_predict(ctx, fit, s, score));
    } else {
        TOC_TRY(churn_shop_gap(ctx, s, &gap));
        for (size_t r = 0; r < s->n; r++) score[r] = churn_silence(s, r, gap);
    }
    for (size_t r = 0; r < s->n; r++) {
        churn_expect(s, r, score[r], &outlook);
        money[r] = outlook.at_risk;
    }
    return churn_levels(ctx, s, w->horizon_days, score, money, level);
}

/* Of the first n of a ranking: how many left, and what they all would spend over the horizon at their rate. */
static size_t left_among(const work *w, const uint32_t *order, size_t n, double *money)
{
    const churn_sample *s = &w->past[0];
    size_t left = 0;
    churn_outlook outlook;

    *money = 0;
    for (size_t i = 0; i < n; i++) {
        left += s->left[order[i]];
        churn_expect(s, order[i], 0, &outlook);
        *money += outlook.money_if_staying;
    }
    return left;
}

/* Both rankings leave out who was gone already. order: scratch. */
static toc_status sum_up(toc_ctx *ctx, const work *w, warn_list *list, const double *score, const warn_level *level,
                         uint32_t *order)
{
    const churn_sample *s = &w->past[0];
    size_t n_here = 0, left_here = 0, n = 0, ours, plain;
    double our_money, plain_money;
    warn_level *here = NULL;
    char date[16];
    toc_status st = TOC_OK;

    if ((st = toc_alloc(ctx, s->n, sizeof *here, &here))) return st;
    for (size_t r = 0; r < s->n; r++) {
        bool gone = churn_gone(s, r, w->horizon_days);
        here[r] = gone ? WARN_NOTICE : WARN_CRITICAL;
        n_here += !gone;
        left_here += !gone && s->left[r];
        n += level[r] > WARN_NOTICE && n < 100;
    }
    if ((st = churn_rank(ctx, score, level, s->n, order))) goto out;
    ours = left_among(w, order, n, &our_money);
    if ((st = churn_rank(ctx, s->recency, here, s->n, order))) goto out;
    plain = left_among(w, order, n, &plain_money);
    toc_format_date(ctx, s->cutoff, date);
    if (n == 0) {
        st = toc_arena_printf(ctx, &list->arena, &list->backtest.summary,
                              "Nobody would have been warned of on %s; of %zu who were not gone already %zu left (no order in the "
                              "%.0f days after).", date, n_here, left_here, w->horizon_days);
        goto out;
    }
    st = toc_arena_printf(ctx, &list->arena, &list->backtest.summary,
                          "Of the %zu we would have warned of first on %s, %zu left (no order in the %.0f days after); at their "
                          "rate they would have spent %.0f%s%s. Of the %zu silent longest %zu left, worth %.0f. Of all %zu who were "
                          "not gone already %.0f %% left.",
                          n, date, ours, w->horizon_days, our_money, *w->currency ? " " : "", w->currency, n, plain, plain_money,
                          n_here, 100 * (double)left_here / (double)TOC_MAX(n_here, 1));
out:
    toc_free(here);
    return st;
}

/* Recency as a probability, calibrated on the window before the one that judges. */
static toc_status plain_scores(toc_ctx *ctx, const work *w, double *plain)
{
    const churn_sample *s = &w->past[0], *before = &w->past[CHURN_CUTOFFS_PER_HORIZON];
    num_calibration c = {0};

    TOC_TRY(num_calibrate(ctx, before->recency, before->left, before->n, &c));
    for (size_t r = 0; r < s->n; r++) plain[r] = num_calibrated(&c, s->recency[r]);
    num_calibration_release(&c);
    return TOC_OK;
}

static toc_status add_ece(toc_ctx *ctx, warn_list *list, const double *score, const double *plain, const churn_sample *s)
{
    double ours, theirs;

    TOC_TRY(num_ece(ctx, score, s->left, s->n, 10, &ours));
    TOC_TRY(num_ece(ctx, plain, s->left, s->n, 10, &theirs));
    return warn_add_measure(ctx, list, "ECE", ours, theirs, "mean distance of probability and outcome over ten bins; 0 is best");
}

/* What the same procedure said a horizon ago, beside what happened. */
static toc_status backtest(toc_ctx *ctx, const work *w, warn_list *list)
{
    const churn_sample *s = &w->past[0];
    double *score = NULL, *money = NULL, *plain = NULL;
    warn_level *level = NULL;
    uint32_t *order = NULL;
    toc_status st = TOC_OK;

    if ((st = toc_alloc(ctx, s->n, sizeof *score, &score))) goto out;
    if ((st = toc_alloc(ctx, s->n, sizeof *money, &money))) goto out;
    if ((st = toc_alloc(ctx, s->n, sizeof *plain, &plain))) goto out;
    if ((st = toc_alloc(ctx, s->n, sizeof *level, &level))) goto out;
    if ((st = toc_alloc(ctx, s->n, sizeof *order, &order))) goto out;
    if ((st = judge(ctx, w, &w->before, s, score, money, level))) goto out;
    warn_backtest *b = &list->backtest;
    b->done = true;
    b->as_of = s->cutoff;
    b->until = w->as_of;
    b->plain_name = "recency alone";
    b->n = s->n;
    for (size_t r = 0; r < s->n; r++) b->n_positive += s->left[r];
    if ((st = plain_scores(ctx, w, plain))) goto out;
    if ((st = warn_measure_scores(ctx, list, score, plain, s->left, s->n))) goto out;
    if ((st = add_ece(ctx, list, score, plain, s))) goto out;
    st = sum_up(ctx, w, list, score, level, order);
out:
    toc_free(score);
    toc_free(money);
    toc_free(plain);
    toc_free(level);
    toc_free(order);
    return st;
}

/* What is missing for a backtest or probabilities, in days and customers. */
static toc_status say_why_not(toc_ctx *ctx, const work *w, warn_list *list)
{
    int64_t first = shop_first_order(w->view);
    /* a window to learn from, one to be judged by */
    int64_t need = w->horizon / CHURN_CUTOFFS_PER_HORIZON + 2 * w->horizon, have = w->as_of - first;
    const char **text = &list->backtest.why_not;

    if (have < need)
        return toc_arena_printf(ctx, &list->arena, text,
                                "the history of %.0f days is too short: a model for a horizon of %.0f days needs %.0f more days of "
                                "orders to learn and be tested; until then scores are ranks, not probabilities",
                                floor((double)have / (double)TOC_DAY), w->horizon_days,
                                ceil((double)(need - have) / (double)TOC_DAY));
    return toc_arena_printf(ctx, &list->arena, text,
                            "too few customers: training windows need at least 30 who left and 30 who stayed; until then scores "
                            "are ranks by silence in the customer's own rhythm, not probabilities");
}

/* The last orders of each customer, newest first, and their orders in each of the last 30-day periods; by customer code. */
typedef struct {
    uint32_t (*last)[N_EVIDENCE];
    int64_t *last_at;
    uint16_t (*periods)[N_HISTORY]; /* oldest first */
} trail;

static toc_status make_trail(toc_ctx *ctx, const work *w, trail *t)
{
    const shop_orders *o = &w->view->orders;
    size_t n = toc_pool_size(&w->view->dict[SHOP_D_CUSTOMER]);

    TOC_TRY(toc_alloc(ctx, n, sizeof *t->last, &t->last));
    TOC_TRY(toc_alloc(ctx, n, sizeof *t->last_at, &t->last_at));
    TOC_TRY(toc_alloc(ctx, n, sizeof *t->periods, &t->periods));
    for (size_t i = 0; i < o->n; i++) {
        uint32_t c = o->customer_id[i];
        if (c == 0 || o->order_id[i] == t->last[c][0] || !shop_line_is_purchase(w->view, i)) continue;
        for (size_t k = N_EVIDENCE - 1; k > 0; k--) t->last[c][k] = t->last[c][k - 1];
        t->last[c][0] = o->order_id[i];
        t->last_at[c] = o->ordered_at[i];
        int64_t ago = (w->as_of - 1 - o->ordered_at[i]) / (30 * TOC_DAY);
        if (ago >= 0 && ago < N_HISTORY && t->periods[c][N_HISTORY - 1 - ago] < UINT16_MAX) t->periods[c][N_HISTORY - 1 - ago]++;
    }
    return TOC_OK;
}

static void release_trail(trail *t)
{
    toc_free(t->last);
    toc_free(t->last_at);
    toc_free(t->periods);
}

static toc_status add_trail(toc_ctx *ctx, const work *w, warn_list *list, warn_item *item, const trail *t, uint32_t code)
{
    for (size_t k = 0; k < N_EVIDENCE; k++)
        if (t->last[code][k] != 0)
            TOC_TRY(warn_add_evidence(ctx, list, item, shop_text(w->view, SHOP_D_ORDER, t->last[code][k])));
    TOC_TRY(toc_arena_alloc(ctx, &list->arena, N_HISTORY, sizeof *item->history, &item->history));
    for (size_t k = 0; k < N_HISTORY; k++) item->history[k] = t->periods[code][k];
    item->n_history = N_HISTORY;
    return TOC_OK;
}

static toc_status add_facts(toc_ctx *ctx, const work *w, warn_list *list, warn_item *item, size_t r, int64_t last_at)
{
    const churn_sample *s = &w->now;
    churn_outlook outlook;
    char date[16];

    toc_format_date(ctx, last_at, date);
    churn_expect(s, r, w->score[r], &outlook);
    TOC_TRY(warn_add_fact(ctx, list, item, "last_order", "%s", date));
    TOC_TRY(warn_add_fact(ctx, list, item, "recency_days", "%.0f", s->recency[r]));
    if (isnan(s->gap_mean[r])) TOC_TRY(warn_add_fact(ctx, list, item, "usual_gap_days", "%s", ""));
    else TOC_TRY(warn_add_fact(ctx, list, item, "usual_gap_days", "%.1f", s->gap_mean[r]));
    TOC_TRY(warn_add_fact(ctx, list, item, "purchase_days", "%.0f", s->days[r]));
    TOC_TRY(warn_add_fact(ctx, list, item, "spend", "%.2f", s->x[churn_column("spend")][r]));
    TOC_TRY(warn_add_fact(ctx, list, item, "expected_orders", "%.2f", outlook.orders));
    TOC_TRY(warn_add_fact(ctx, list, item, "expected_money", "%.2f", outlook.money));
    TOC_TRY(warn_add_fact(ctx, list, item, "orders_if_staying", "%.2f", outlook.orders_if_staying));
    return warn_add_fact(ctx, list, item, "money_if_staying", "%.2f", outlook.money_if_staying);
}

static const char *action_of(const work *w, size_t r)
{
    if (w->level[r] == WARN_CRITICAL) return "call or write in person now; ask about the last order";
    if (w->level[r] == WARN_WARNING) return "send an offer that fits what they bought";
    if (churn_gone(&w->now, r, w->horizon_days)) return "nothing: gone already; an offer to win back at most";
    return w->score[r] >= 0.5 ? "nothing: little at stake" : "nothing: likely to come back unasked";
}

/* Who, how likely, what is at stake: what every customer of the list has. */
static toc_status add_item(toc_ctx *ctx, const work *w, warn_list *list, size_t r, warn_item **added)
{
    const char *id = shop_text(w->view, SHOP_D_CUSTOMER, w->now.code[r]);
    warn_item *item;

    TOC_TRY(warn_add(ctx, list, added));
    item = *added;
    item->entity_kind = "customer";
    TOC_TRY(toc_arena_copy(ctx, &list->arena, id, strlen(id), &item->entity));
    TOC_TRY(toc_arena_printf(ctx, &list->arena, &item->id, "churn:customer:%s", id));
    item->score = w->score[r];
    item->level = w->level[r];
    item->money_minor = (int64_t)llround(w->money[r] / w->money_units);
    item->currency = w->currency;
    item->action = action_of(w, r);
    return TOC_OK;
}

/* Why, and what to look at. */
static toc_status add_story(toc_ctx *ctx, const work *w, warn_list *list, warn_item *item, size_t r, const trail *t,
                            const double *usual, const double *phi)
{
    uint32_t code = w->now.code[r];

    TOC_TRY(churn_reasons(ctx, list, item, &w->now, r, phi, usual));
    TOC_TRY(add_facts(ctx, w, list, item, r, t->last_at[code]));
    return add_trail(ctx, w, list, item, t, code);
}

/* Contributions of a stretch of the ranking; a task takes EXPLAIN_STEP of its rows. */
#define EXPLAIN_STEP 32
#define EXPLAIN_BLOCK (128 * EXPLAIN_STEP)

typedef struct {
    const tree_model *trees;
    const tree_data *data;
    const uint32_t *order; /* the stretch */
    size_t n;
    double *phi;           /* p + 1 a row */
} explanation;

static toc_status explain(toc_ctx *ctx, void *arg, size_t task)
{
    const explanation *e = arg;

    for (size_t i = task * EXPLAIN_STEP; i < TOC_MIN(e->n, (task + 1) * EXPLAIN_STEP); i++)
        TOC_TRY(tree_contributions(ctx, e->trees, e->data, e->order[i], e->phi + i * (e->data->p + 1)));
    return TOC_OK;
}

/* The first n of the ranking become warnings with reasons, block by block. */
static toc_status explain_items(toc_ctx *ctx, const work *w, warn_list *list, const uint32_t *order, size_t n, const trail *t,
                                const double *usual)
{
    size_t p;
    const char *const *columns = churn_columns(&p);
    const char **names = NULL;
    double *phi = NULL;
    toc_status st = TOC_OK;

    if ((st = toc_alloc(ctx, p, sizeof *names, &names))) goto out;
    if ((st = toc_alloc(ctx, TOC_MIN(n, (size_t)EXPLAIN_BLOCK) * (p + 1), sizeof *phi, &phi))) goto out;
    for (size_t j = 0; j < p; j++) names[j] = columns[j];
    tree_data data = { .n = w->now.n, .p = p, .x = w->now.x, .names = names };
    for (size_t from = 0; from < n && !st; from += EXPLAIN_BLOCK) {
        explanation e = { w->final.trees ? w->final.trees : w->final.tree, &data, order + from, TOC_MIN(n - from, (size_t)EXPLAIN_BLOCK), phi };
        if (e.trees && (st = toc_parallel(ctx, (e.n + EXPLAIN_STEP - 1) / EXPLAIN_STEP, explain, &e))) break;
        for (size_t i = 0; i < e.n && !st; i++) {
            warn_item *item;
            st = add_item(ctx, w, list, e.order[i], &item);
            if (!st) st = add_story(ctx, w, list, item, e.order[i], t, usual, e.trees ? phi + i * (p + 1) : NULL);
        }
    }
out:
    toc_free(names);
    toc_free(phi);
    return st;
}

/* All customers, riskiest first; beyond --top without reasons, so that counts are of all. */
static toc_status add_items(toc_ctx *ctx, const work *w, warn_list *list)
{
    const churn_sample *s = &w->now;
    size_t n = w->options->top > 0 ? TOC_MIN(w->options->top, s->n) : s->n;
    warn_item *item;
    double *usual = NULL;
    uint32_t *order = NULL;
    trail t = {0};
    toc_status st = TOC_OK;

    if ((st = toc_alloc(ctx, s->table.n_cols, sizeof *usual, &usual))) goto out;
    if ((st = toc_alloc(ctx, s->n, sizeof *order, &order))) goto out;
    if ((st = churn_usual(ctx, s, usual))) goto out;
    if ((st = make_trail(ctx, w, &t))) goto out;
    if ((st = churn_rank(ctx, w->score, w->level, s->n, order))) goto out;
    st = explain_items(ctx, w, list, order, n, &t, usual);
    for (size_t i = n; i < s->n && !st; i++) st = add_item(ctx, w, list, order[i], &item);
out:
    toc_free(usual);
    toc_free(order);
    release_trail(&t);
    return st;
}

/* Which models have a say, how much, and which do not for want of customers. */
static toc_status say_models(toc_ctx *ctx, const work *w, warn_list *list)
{
    static const char *const words[CHURN_N_PARTS] = { "boosted trees", "decision tree", "BG/NBD", "MBG/NBD", "Pareto/NBD", "hazard of the gap" };
    const churn_fit *f = &w->final;
    unsigned wanted = churn_parts_of(w->options->model);
    char text[512];
    size_t at = 0;

    for (size_t k = 0, j = 0; k < CHURN_N_PARTS; k++)
        if (f->parts >> k & 1)
            at += (size_t)snprintf(text + at, sizeof text - at, "%s%s %.2f", at ? ", " : "", words[k], f->weight[j++]);
    if (!f->parts) return TOC_OK;
    TOC_TRY(warn_note(ctx, list, "weights of the models (standardised log-odds): %s; calibrated by %s on %zu customers of past windows", text,
                      f->calibration.platt ? "Platt's sigmoid" : "isotonic regression", f->n_stacked));
    if (wanted != f->parts)
        TOC_TRY(warn_note(ctx, list, "too few customers for trees (150 who left and 150 who stayed in past windows): models of purchases alone"));
    for (int k = 0; k < 3; k++) {
        const churn_life *l = &w->now.life[k];
        static const char *const letters[] = { "r %.3f, alpha %.2f, a %.3f, b %.3f", "r %.3f, alpha %.2f, a %.3f, b %.3f", "r %.3f, alpha %.2f, s %.3f, beta %.2f" };
        char numbers[128];
        if (!l->n || !(f->parts >> (CHURN_PART_BGNBD + k) & 1)) continue;
        snprintf(numbers, sizeof numbers, letters[k], l->p[0], l->p[1], l->p[2], l->p[3]);
        TOC_TRY(warn_note(ctx, list, "%s: %s (weeks), log-likelihood %.1f of %zu customers", words[CHURN_PART_BGNBD + k], numbers, l->log_likelihood, l->n));
    }
    return TOC_OK;
}

static toc_status describe(toc_ctx *ctx, const work *w, warn_list *list, uint64_t dropped)
{
    const shop_schema *schema = shop_schema_of(SHOP_ORDERS);
    char from[16], to[16];
    const char *title;

    toc_format_date(ctx, w->as_of, from);
    toc_format_date(ctx, w->as_of + w->horizon, to);
    TOC_TRY(toc_arena_printf(ctx, &list->arena, &title, "Customers by the risk of no order from %s until %s", from, to));
    list->title = title;
    list->as_of = w->as_of;
    list->horizon = w->horizon;
    list->n_considered = w->now.n;
    TOC_TRY(warn_note(ctx, list,
                      "a customer has left when no purchase follows within %.0f days%s; purchases of one day count once",
                      w->horizon_days,
                      w->options->horizon_days > 0 ? "" : " (learned: twice the gap that three of four repeat purchases keep)"));
    for (size_t k = 0; k < w->n_past; k++) {
        const churn_sample *s = &w->past[k];
        size_t left = 0;
        if (k % CHURN_CUTOFFS_PER_HORIZON != 0 || s->n == 0 || !w->final.parts) continue;
        for (size_t r = 0; r < s->n; r++) left += s->left[r];
        toc_format_date(ctx, s->cutoff, from);
        toc_format_date(ctx, s->cutoff + w->horizon, to);
        TOC_TRY(warn_note(ctx, list, "learned from %s to %s: %.1f %% of %zu customers left", from, to,
                          100 * (double)left / (double)s->n, s->n));
    }
    TOC_TRY(say_models(ctx, w, list));
    for (size_t c = 0; c < schema->n_columns; c++)
        if (dropped >> c & 1)
            TOC_TRY(warn_note(ctx, list, "left out %s: nothing says when it became known", schema->columns[c].name));
    return TOC_OK;
}

/* The shop's currency, and units of it per minor unit. */
static void find_currency(work *w)
{
    const shop_orders *o = &w->view->orders;
    uint32_t code = 0;

    for (size_t i = 0; i < o->n && code == 0; i++) code = o->currency[i];
    w->currency = shop_text(w->view, SHOP_D_WORD, code);
    w->money_units = pow(10, -toc_currency_digits(toc_str_of(w->currency)));
}

toc_status churn_warn(toc_ctx *ctx, const shop_data *shop, int64_t as_of, const churn_options *options, warn_list *list)
{
    shop_data view = {0};
    work w = { .options = options, .view = &view, .as_of = as_of, .horizon_days = options->horizon_days };
    uint64_t dropped = 0;
    toc_status st = TOC_OK;

    if ((st = shop_as_of(ctx, shop, as_of, &view, &dropped))) goto out;
    if (w.horizon_days <= 0 && (st = churn_learn_horizon(ctx, &view, as_of, &w.horizon_days))) goto out;
    w.horizon = (int64_t)llround(w.horizon_days * (double)TOC_DAY);
    find_currency(&w);
    if ((st = toc_arena_copy(ctx, &list->arena, w.currency, strlen(w.currency), &w.currency))) goto out;
    if ((st = make_samples(ctx, &w))) goto out;
    if ((st = train(ctx, &w))) goto out;
    list->calibrated = w.final.calibrated && w.before.calibrated; /* no probability without a backtest */
    if ((st = toc_alloc(ctx, w.now.n, sizeof *w.score, &w.score))) goto out;
    if ((st = toc_alloc(ctx, w.now.n, sizeof *w.money, &w.money))) goto out;
    if ((st = toc_alloc(ctx, w.now.n, sizeof *w.level, &w.level))) goto out;
    if ((st = judge(ctx, &w, &w.final, &w.now, w.score, w.money, w.level))) goto out;
    if ((st = describe(ctx, &w, list, dropped))) goto out;
    if (list->calibrated) st = backtest(ctx, &w, list);
    else st = say_why_not(ctx, &w, list);
    if (st || (st = add_items(ctx, &w, list))) goto out;
    st = warn_sort(ctx, list);
out:
    release_work(&w);
    shop_release(&view);
    return st;
}
