/* warn.c: cases as warnings in words, and the backtest. */
#include "fraud/fraud.h"
#include "fraud/fraud_int.h"

#include <math.h>

#include "features/features.h"

static const double critical_score = 0.8;

static const char *action_of(fraud_entity entity, warn_level level)
{
    static const char *const actions[FRAUD_N_ENTITIES][3] = {
        [FRAUD_ORDER] = { "look at it before shipping", "call the buyer or ask for a second payment check before shipping", "hold the order and ask for a second payment check" },
        [FRAUD_CUSTOMER] = { "watch the next orders", "review the refunds before paying the next one", "stop automatic refunds and review all of them" },
        [FRAUD_MERCHANT] = { "watch the merchant", "open the dossier and look at the orders named", "open the dossier, hold the payout and look at the orders named" },
    };
    return actions[entity][level];
}

static const tab_column *feature(const fraud_group *g, const char *name)
{
    return tab_find(&g->features, name);
}

/* What is at stake: the order's value; a merchant's or a customer's orders of 30 and 90 days. */
static int64_t stake(const fraud_analysis *a, fraud_entity entity, size_t row)
{
    static const char *const names[FRAUD_N_ENTITIES] = { "amount", "spend_90d", "spend_30d" };
    const tab_column *column = feature(&a->groups[entity], names[entity]);
    uint32_t currency = a->view.orders.n ? a->view.orders.currency[0] : 0;
    int digits = toc_currency_digits(toc_pool_str(&a->view.dict[SHOP_D_WORD], currency));

    if (!column || isnan(column->f64[row])) return TOC_NO_MONEY;
    return (int64_t)llround(column->f64[row] * pow(10, digits));
}

/* The orders to open: the order itself; else the entity's newest, those of ring members first. */
static toc_status add_evidence(toc_ctx *ctx, const fraud_analysis *a, fraud_entity entity, uint32_t code, warn_list *list, warn_item *item)
{
    enum { MOST = 10, RING = 4 };
    const shop_orders *o = &a->view.orders;

    if (entity == FRAUD_ORDER) return warn_add_evidence(ctx, list, item, shop_text(&a->view, SHOP_D_ORDER, code));
    for (int ring = 1; ring >= 0; ring--) {
        uint32_t last = 0;
        for (size_t i = o->n; i-- > 0 && item->n_evidence < MOST;) {
            uint32_t owner = entity == FRAUD_MERCHANT ? o->merchant_id[i] : o->customer_id[i];
            if (owner != code || o->order_id[i] == last || (a->ring_size[o->customer_id[i]] >= RING) != ring) continue;
            last = o->order_id[i];
            TOC_TRY(warn_add_evidence(ctx, list, item, shop_text(&a->view, SHOP_D_ORDER, last)));
        }
    }
    return TOC_OK;
}

static toc_status add_reasons(toc_ctx *ctx, const fraud_case *c, warn_list *list, warn_item *item)
{
    for (size_t i = 0; i < c->n_hits; i++) {
        const fraud_hit *h = &c->hits[i];
        warn_reason numbers = { .code = h->code, .value = h->value, .usual = h->usual, .threshold = h->threshold, .weight = h->weight };
        TOC_TRY(warn_add_reason(ctx, list, item, numbers, "%s (%s)", h->what, h->detail));
    }
    return TOC_OK;
}

toc_status fraud_describe(toc_ctx *ctx, const fraud_analysis *a, fraud_entity entity, const fraud_case *c, warn_list *list, warn_item *item)
{
    static const shop_domain domains[] = { SHOP_D_ORDER, SHOP_D_CUSTOMER, SHOP_D_MERCHANT };
    const fraud_group *g = &a->groups[entity];
    uint32_t code = g->features.columns[0].code[c->row];
    const tab_column *ring = feature(g, entity == FRAUD_MERCHANT ? "ring_members" : "ring_size");

    TOC_TRY(toc_arena_copy(ctx, &list->arena, shop_text(&a->view, domains[entity], code), toc_pool_str(&a->view.dict[domains[entity]], code).n, &item->entity));
    item->entity_kind = fraud_entity_name(entity);
    TOC_TRY(toc_arena_printf(ctx, &list->arena, &item->id, "fraud:%s:%s", item->entity_kind, item->entity));
    item->score = c->score;
    item->level = c->score >= critical_score ? WARN_CRITICAL : c->score >= 0.5 ? WARN_WARNING : WARN_NOTICE;
    item->action = action_of(entity, item->level);
    item->money_minor = stake(a, entity, c->row);
    if (a->view.orders.n) {
        toc_str currency = toc_pool_str(&a->view.dict[SHOP_D_WORD], a->view.orders.currency[0]);
        TOC_TRY(toc_arena_copy(ctx, &list->arena, currency.p, currency.n, &item->currency));
    }
    TOC_TRY(add_reasons(ctx, c, list, item));
    TOC_TRY(warn_add_fact(ctx, list, item, "ring", "%.0f", ring ? ring->f64[c->row] : 1));
    if (isnan(c->probability)) TOC_TRY(warn_add_fact(ctx, list, item, "probability", "%s", ""));
    else TOC_TRY(warn_add_fact(ctx, list, item, "probability", "%.4f", c->probability));
    return add_evidence(ctx, a, entity, code, list, item);
}

static toc_status add_items(toc_ctx *ctx, const fraud_analysis *a, double min_score, warn_list *list)
{
    for (fraud_entity e = 0; e < FRAUD_N_ENTITIES; e++) {
        const fraud_group *g = &a->groups[e];
        list->n_considered += g->features.n_rows;
        for (size_t r = 0; r < g->features.n_rows; r++) {
            warn_item *item;
            if (!(g->cases[r].score >= min_score)) continue;
            TOC_TRY(warn_add(ctx, list, &item));
            TOC_TRY(fraud_describe(ctx, a, e, &g->cases[r], list, item));
        }
    }
    return warn_sort(ctx, list);
}

/* ---- the backtest ---- */

/* What became of the orders judged a window earlier, as known at T: labelled as fraud, or (proxy) refunded, returned or cancelled. */
static toc_status find_truth(toc_ctx *ctx, const fraud_analysis *now, const fraud_analysis *then, bool labels, uint8_t *truth)
{
    const tab_table *t = &then->groups[FRAUD_ORDER].features;
    uint8_t *bad = NULL;

    TOC_TRY(toc_alloc(ctx, toc_pool_size(&now->view.dict[SHOP_D_ORDER]), 1, &bad));
    for (size_t i = 0; i < now->view.orders.n && !labels; i++) {
        shop_status s = shop_line_status(&now->view, i);
        bad[now->view.orders.order_id[i]] |= s == SHOP_REFUNDED || s == SHOP_RETURNED || s == SHOP_CANCELLED;
    }
    for (size_t i = 0; i < now->view.labels.n && labels; i++) {
        const toc_pool *words = &now->view.dict[SHOP_D_WORD];
        uint32_t order;
        if (!toc_str_is(toc_pool_str(words, now->view.labels.entity[i]), "order")) continue;
        if (!fea_label_is_fraud(toc_pool_str(words, now->view.labels.label[i]))) continue;
        if (toc_pool_find(&now->view.dict[SHOP_D_ORDER], toc_pool_str(words, now->view.labels.id[i]), &order)) bad[order] = 1;
    }
    for (size_t r = 0; r < t->n_rows; r++) truth[r] = bad[t->columns[0].code[r]];
    toc_free(bad);
    return TOC_OK;
}

static toc_status summarise(toc_ctx *ctx, const double *score, const uint8_t *truth, size_t n, double min_score, bool labels, warn_list *list)
{
    size_t warned = 0, right = 0, bad = 0;

    for (size_t r = 0; r < n; r++) {
        bad += truth[r];
        if (score[r] < min_score) continue;
        warned++;
        right += truth[r];
    }
    double usual = n ? 100.0 * (double)bad / (double)n : 0;
    return toc_arena_printf(ctx, &list->arena, &list->backtest.summary, "Of the %zu orders we would have warned of, %zu were later %s; of all %zu orders, %.1f %%.",
                            warned, right, labels ? "labelled as fraud" : "refunded, returned or cancelled", n, usual);
}

static toc_status measure(toc_ctx *ctx, const fraud_analysis *now, const fraud_analysis *then, const fraud_options *options, warn_list *list)
{
    const fraud_group *g = &then->groups[FRAUD_ORDER];
    const tab_column *amount = feature(g, "amount");
    size_t n = g->features.n_rows;
    bool labels = now->n_labels > 0;
    double *score = NULL;
    uint8_t *truth = NULL;
    toc_status st = TOC_OK;

    if ((st = toc_alloc(ctx, n, sizeof *score, &score))) goto out;
    if ((st = toc_alloc(ctx, n, sizeof *truth, &truth))) goto out;
    for (size_t r = 0; r < n; r++) score[r] = g->cases[r].score;
    if ((st = find_truth(ctx, now, then, labels, truth))) goto out;
    list->backtest.done = true;
    list->backtest.proxy = !labels;
    list->backtest.plain_name = "the largest amounts";
    if ((st = summarise(ctx, score, truth, n, options->min_score, labels, list))) goto out;
    st = warn_measure_scores(ctx, list, score, amount->f64, truth, n);
out:
    toc_free(score);
    toc_free(truth);
    return st;
}

static toc_status backtest(toc_ctx *ctx, const shop_data *shop, const fraud_analysis *now, const fraud_options *options, warn_list *list)
{
    int64_t first = shop_first_order(&now->view), earlier = now->from;
    fraud_analysis then;

    list->backtest.as_of = earlier;
    list->backtest.until = now->as_of;
    if (first == TOC_NO_TIME || earlier - options->window < first) {
        int64_t missing = first == TOC_NO_TIME ? 2 * options->window : first - (earlier - options->window);
        return toc_arena_printf(ctx, &list->arena, &list->backtest.why_not, "It needs two windows of %.0f days; %.0f more days of orders will do.",
                                (double)options->window / (double)TOC_DAY, ceil((double)missing / (double)TOC_DAY));
    }
    TOC_TRY(fraud_analyse(ctx, shop, earlier, options, &then));
    toc_status st = then.groups[FRAUD_ORDER].features.n_rows ? measure(ctx, now, &then, options, list) : TOC_OK;
    if (!st && !list->backtest.done) list->backtest.why_not = "There were no orders in the window before.";
    fraud_analysis_release(&then);
    return st;
}

static toc_status add_notes(toc_ctx *ctx, const fraud_analysis *a, const fraud_options *options, warn_list *list)
{
    static const char *const useful[] = { "device_id", "ip", "payment_key", "address", "shipped_at", "merchant_id" };
    const shop_schema *schema = shop_schema_of(SHOP_ORDERS);

    for (size_t k = 0; k < TOC_COUNT(useful); k++) {
        int column = shop_column_of(SHOP_ORDERS, toc_str_of(useful[k]));
        bool any = false, code = schema->columns[column].type == SHOP_T_CODE;
        for (size_t i = 0; i < a->view.orders.n && !any; i++)
            any = code ? shop_codes(&a->view, SHOP_ORDERS, (size_t)column)[i] != 0 : shop_ints(&a->view, SHOP_ORDERS, (size_t)column)[i] != SHOP_NO_INT;
        if (!any) TOC_TRY(warn_note(ctx, list, "The orders have no %s; with it more kinds of fraud would show.", useful[k]));
    }
    for (size_t j = 0; j < schema->n_columns; j++)
        if (a->dropped >> j & 1) TOC_TRY(warn_note(ctx, list, "The column %s was left out: nothing says when its values became known.", schema->columns[j].name));
    if (!a->learned) TOC_TRY(warn_note(ctx, list, "%zu fraud labels of orders are known; from about 40 on before the window a model learns from them.", a->n_labels));
    else TOC_TRY(warn_note(ctx, list, "Scores of orders are calibrated probabilities from %zu fraud labels; scores of customers and merchants rank only.", a->n_labels));
    if (a->view.reviews.n && !options->vectors.rows)
        TOC_TRY(warn_note(ctx, list, "Near-copied reviews were found by shared words alone; with a text encoder (tools/get-model) also by meaning."));
    return TOC_OK;
}

toc_status fraud_warn(toc_ctx *ctx, const shop_data *shop, const fraud_analysis *analysis, const fraud_options *options, warn_list *list)
{
    list->title = "Orders, customers and merchants that look fraudulent";
    list->as_of = analysis->as_of;
    TOC_TRY(add_items(ctx, analysis, options->min_score, list));
    TOC_TRY(backtest(ctx, shop, analysis, options, list));
    return add_notes(ctx, analysis, options, list);
}
