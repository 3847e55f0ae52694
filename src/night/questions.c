/* questions.c: the three questions, one after the other. */
#include "churn/churn.h"
#include "fraud/fraud.h"
#include "inventory/inventory.h"
#include "night/night_int.h"

static toc_status ask_churn(toc_ctx *ctx, const night_state *n, warn_list *list)
{
    const churn_options options = churn_defaults();

    return churn_warn(ctx, &n->shop, n->as_of, &options, list);
}

static toc_status ask_fraud(toc_ctx *ctx, const night_state *n, warn_list *list)
{
    fraud_options options = fraud_defaults();
    fraud_analysis analysis = {0};

    options.seed = ctx->seed;
    toc_status st = fraud_encode_reviews(ctx, &n->shop, NULL, n->store, &options.vectors);
    if (!st) st = fraud_analyse(ctx, &n->shop, n->as_of, &options, &analysis);
    if (!st) st = fraud_warn(ctx, &n->shop, &analysis, &options, list);
    fraud_analysis_release(&analysis);
    fraud_vectors_release(&options.vectors);
    return st;
}

static toc_status ask_inventory(toc_ctx *ctx, const night_state *n, warn_list *list)
{
    const inventory_options options = inventory_defaults();

    return inventory_warn(ctx, &n->shop, n->as_of, &options, list);
}

static const struct {
    const char *name, *title;
    toc_status (*ask)(toc_ctx *ctx, const night_state *n, warn_list *list);
} questions[NIGHT_N_QUESTIONS] = {
    [NIGHT_CHURN] = { "churn", "Who is leaving", ask_churn },
    [NIGHT_FRAUD] = { "fraud", "What looks fraudulent", ask_fraud },
    [NIGHT_INVENTORY] = { "inventory", "What runs out, what piles up", ask_inventory },
};

/* A question that this data cannot answer becomes an empty list that says why. */
static toc_status give_up(toc_ctx *ctx, night_state *n, size_t q)
{
    warn_list *list = &n->lists[q];
    const char *why;

    TOC_TRY(toc_arena_printf(ctx, &ctx->arena, &why, "%s", ctx->message));
    ctx->message[0] = 0;
    toc_warn(ctx, "%s cannot be answered: %s", questions[q].name, why);
    warn_release(list);
    warn_list_init(list, questions[q].name);
    list->title = questions[q].title;
    list->as_of = n->as_of;
    TOC_TRY(toc_arena_printf(ctx, &list->arena, &list->backtest.why_not, "not answered: %s", why));
    return warn_note(ctx, list, "not answered: %s", why);
}

toc_status night_ask(toc_ctx *ctx, night_state *n)
{
    size_t n_answered = 0;

    for (size_t q = 0; q < NIGHT_N_QUESTIONS; q++) {
        warn_list_init(&n->lists[q], questions[q].name);
        toc_trace(ctx, "question", questions[q].name);
        toc_status st = questions[q].ask(ctx, n, &n->lists[q]);
        if (st == TOC_E_DATA) TOC_TRY(give_up(ctx, n, q));
        else if (st) return st;
        n->answered[q] = !st;
        n_answered += !st;
    }
    return n_answered ? TOC_OK : toc_fail(ctx, TOC_E_DATA, "no question could be answered from this data");
}
