/* analyse.c: everything that is known of orders, customers and merchants as of T, once. */
#include "fraud/fraud.h"
#include "fraud/fraud_int.h"

#include <math.h>

#include "features/features.h"

static const shop_domain entity_domain[FRAUD_N_ENTITIES] = { SHOP_D_ORDER, SHOP_D_CUSTOMER, SHOP_D_MERCHANT };

const char *fraud_entity_name(fraud_entity entity)
{
    static const char *const names[] = { "order", "customer", "merchant" };
    return names[entity];
}

fraud_options fraud_defaults(void)
{
    return (fraud_options){ .window = 30 * TOC_DAY, .train_span = 180 * TOC_DAY, .min_score = 0.5, .use_labels = true, .n_trees = 150, .seed = 1 };
}

toc_status fraud_rows_by_code(toc_ctx *ctx, const fraud_analysis *a, fraud_entity entity, uint32_t **row_of)
{
    const tab_table *t = &a->groups[entity].features;
    size_t n = toc_pool_size(&a->view.dict[entity_domain[entity]]);

    TOC_TRY(toc_alloc(ctx, n, sizeof **row_of, row_of));
    for (size_t c = 0; c < n; c++) (*row_of)[c] = FRAUD_NONE;
    for (size_t r = 0; r < t->n_rows; r++) (*row_of)[t->columns[0].code[r]] = (uint32_t)r;
    return TOC_OK;
}

toc_status fraud_first_lines(toc_ctx *ctx, const shop_data *view, uint32_t **line_of)
{
    size_t n = toc_pool_size(&view->dict[SHOP_D_ORDER]);

    TOC_TRY(toc_alloc(ctx, n, sizeof **line_of, line_of));
    for (size_t c = 0; c < n; c++) (*line_of)[c] = FRAUD_NONE;
    for (size_t i = view->orders.n; i-- > 0;) (*line_of)[view->orders.order_id[i]] = (uint32_t)i;
    return TOC_OK;
}

/* Reviews that name no merchant belong to the one who sold this product in this order; else to the order's first one; else to the
 * product's last seller. */
static toc_status complete_reviews(toc_ctx *ctx, shop_data *view)
{
    uint32_t *by_order = NULL, *by_product = NULL;
    toc_map by_both = {0};
    shop_orders *o = &view->orders;
    shop_reviews *r = &view->reviews;
    uint64_t *seller;
    toc_status st = TOC_OK;

    if ((st = toc_alloc(ctx, toc_pool_size(&view->dict[SHOP_D_ORDER]), sizeof *by_order, &by_order))) goto out;
    if ((st = toc_alloc(ctx, toc_pool_size(&view->dict[SHOP_D_PRODUCT]), sizeof *by_product, &by_product))) goto out;
    for (size_t i = 0; i < o->n && r->n; i++) {
        if ((st = toc_map_at(ctx, &by_both, toc_pair(o->order_id[i], o->product_id[i]), &seller, NULL))) goto out;
        *seller = o->merchant_id[i];
        by_product[o->product_id[i]] = o->merchant_id[i];
        if (!by_order[o->order_id[i]]) by_order[o->order_id[i]] = o->merchant_id[i];
    }
    for (size_t i = 0; i < r->n; i++) {
        if (r->merchant_id[i]) continue;
        seller = toc_map_find(&by_both, toc_pair(r->order_id[i], r->product_id[i]));
        if (r->order_id[i] && r->product_id[i] && seller) r->merchant_id[i] = (uint32_t)*seller;
        if (!r->merchant_id[i] && r->order_id[i]) r->merchant_id[i] = by_order[r->order_id[i]];
        if (!r->merchant_id[i] && r->product_id[i]) r->merchant_id[i] = by_product[r->product_id[i]];
    }
out:
    toc_map_release(&by_both);
    toc_free(by_order);
    toc_free(by_product);
    return st;
}

static toc_status compute_features(toc_ctx *ctx, fraud_analysis *a, const fraud_options *options)
{
    int64_t *known_at = NULL;

    TOC_TRY(complete_reviews(ctx, &a->view));
    toc_status st = fraud_collect_labels(ctx, a, &known_at, &a->label_delay);
    toc_free(known_at);
    TOC_TRY(st);
    TOC_TRY(fea_orders(ctx, &a->view, a->from, a->as_of, a->label_delay, &a->groups[FRAUD_ORDER].features));
    TOC_TRY(fea_customers(ctx, &a->view, a->as_of, &a->groups[FRAUD_CUSTOMER].features));
    TOC_TRY(fea_merchants(ctx, &a->view, a->as_of, &a->groups[FRAUD_MERCHANT].features));
    TOC_TRY(toc_alloc(ctx, a->view.reviews.n, sizeof *a->copies, &a->copies));
    TOC_TRY(fraud_find_copies(ctx, &a->view, &options->vectors, a->copies));
    return fraud_add_network_features(ctx, a);
}

toc_status fraud_analyse(toc_ctx *ctx, const shop_data *shop, int64_t as_of, const fraud_options *options, fraud_analysis *a)
{
    toc_status st = TOC_OK;

    *a = (fraud_analysis){ .as_of = as_of, .from = as_of - options->window };
    if (!shop->orders.n) return toc_fail(ctx, TOC_E_DATA, "there are no orders to judge");
    if ((st = shop_as_of(ctx, shop, as_of, &a->view, &a->dropped))) goto out;
    if ((st = compute_features(ctx, a, options))) goto out;
    for (fraud_entity e = 0; e < FRAUD_N_ENTITIES; e++)
        if ((st = fraud_judge(ctx, a, e, options->seed))) goto out;
    if (options->use_labels) st = fraud_learn(ctx, a, options);
out:
    if (st) fraud_analysis_release(a);
    return st;
}

void fraud_analysis_release(fraud_analysis *a)
{
    if (!a) return;
    for (fraud_entity e = 0; e < FRAUD_N_ENTITIES; e++) {
        tab_release(&a->groups[e].features);
        toc_free(a->groups[e].cases);
        toc_free(a->groups[e].median);
    }
    toc_free(a->ring_of_customer);
    toc_free(a->ring_size);
    toc_free(a->copies);
    shop_release(&a->view);
    toc_arena_release(&a->arena);
    *a = (fraud_analysis){0};
}

toc_status fraud_scores(toc_ctx *ctx, const fraud_analysis *a, tab_table *scores)
{
    const fraud_group *g = &a->groups[FRAUD_ORDER];
    tab_column *id, *at, *customer, *score, *probability;
    uint32_t *line_of;

    tab_init(scores, g->features.n_rows);
    TOC_TRY(tab_add(ctx, scores, "order_id", TAB_TEXT, &a->view.dict[SHOP_D_ORDER], NULL));
    TOC_TRY(tab_add(ctx, scores, "ordered_at", TAB_TIME, NULL, NULL));
    TOC_TRY(tab_add(ctx, scores, "customer_id", TAB_TEXT, &a->view.dict[SHOP_D_CUSTOMER], NULL));
    TOC_TRY(tab_add(ctx, scores, "score", TAB_F64, NULL, NULL));
    TOC_TRY(tab_add(ctx, scores, "probability", TAB_F64, NULL, NULL));
    id = &scores->columns[0], at = &scores->columns[1], customer = &scores->columns[2], score = &scores->columns[3], probability = &scores->columns[4];
    TOC_TRY(fraud_first_lines(ctx, &a->view, &line_of));
    for (size_t r = 0; r < g->features.n_rows; r++) {
        uint32_t code = g->features.columns[0].code[r], line = line_of[code];
        id->code[r] = code;
        at->i64[r] = a->view.orders.ordered_at[line];
        customer->code[r] = a->view.orders.customer_id[line];
        score->f64[r] = g->cases[r].score;
        probability->f64[r] = g->cases[r].probability;
    }
    toc_free(line_of);
    return TOC_OK;
}
