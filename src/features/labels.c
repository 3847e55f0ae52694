/* labels.c: what happened after the moment, and which words of the labels table mean fraud. */
#include "features/fea_int.h"

bool fea_label_is_fraud(toc_str label)
{
    static const char *const honest[] = {
        "0", "no", "false", "honest", "legit", "legitimate", "genuine", "good", "ok", "clean", "normal", "approved", "",
    };
    for (size_t i = 0; i < TOC_COUNT(honest); i++)
        if (toc_str_is_nocase(toc_str_trim(label), honest[i])) return false;
    return true;
}

/* Whether one of n lines, in time order, is a purchase in [from, from + horizon). */
static bool came_back(const shop_data *shop, const uint32_t *line, size_t n, int64_t from, int64_t horizon)
{
    const int64_t *at = shop->orders.ordered_at;
    size_t low = 0, high = n;

    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (at[line[middle]] < from) low = middle + 1;
        else high = middle;
    }
    for (; low < n && at[line[low]] - from < horizon; low++)
        if (shop_line_is_purchase(shop, line[low])) return true;
    return false;
}

toc_status fea_label_churn(toc_ctx *ctx, const shop_data *shop, const fea_samples *samples, int64_t horizon, const tab_table *features,
                           tab_table *labels, size_t *n_open)
{
    const shop_orders *o = &shop->orders;
    tab_column *label;
    const tab_column *had;
    fea_groups lines = {0};
    uint32_t *order = NULL;
    int64_t end;
    toc_status st = TOC_OK;

    *n_open = 0;
    if ((st = tab_add(ctx, labels, "churned", TAB_F64, NULL, &label))) goto out;
    if ((st = shop_default_as_of(ctx, shop, &end))) goto out;
    if ((st = fea_time_order(ctx, o->ordered_at, o->n, &order))) goto out;
    if ((st = fea_group(ctx, o->customer_id, o->n, toc_pool_size(&shop->dict[SHOP_D_CUSTOMER]), order, &lines))) goto out;
    had = tab_find(features, "orders");
    for (size_t r = 0; r < samples->n; r++) {
        uint32_t c = samples->code[r];
        if (!samples->seen[r]) continue;
        if (horizon > end - samples->at[r]) {
            ++*n_open;
            continue;
        }
        if (had && !(had->f64[r] > 0)) continue;
        label->f64[r] = came_back(shop, lines.row + lines.start[c], lines.start[c + 1] - lines.start[c], samples->at[r], horizon) ? 0 : 1;
    }
out:
    fea_groups_release(&lines);
    toc_free(order);
    return st;
}

toc_status fea_delay_labels(toc_ctx *ctx, int64_t delay, shop_data *shop)
{
    const toc_pool *words = &shop->dict[SHOP_D_WORD], *ids = &shop->dict[SHOP_D_ORDER];
    shop_labels *labels = &shop->labels;
    int64_t *placed = NULL;

    TOC_TRY(fea_one_moment(ctx, TOC_NO_TIME, toc_pool_size(ids), &placed));
    for (size_t i = 0; i < shop->orders.n; i++) {
        int64_t *at = &placed[shop->orders.order_id[i]];
        if (*at == TOC_NO_TIME || shop->orders.ordered_at[i] < *at) *at = shop->orders.ordered_at[i];
    }
    for (size_t i = 0; i < labels->n; i++) {
        uint32_t order;
        if (!toc_str_is(toc_pool_str(words, labels->entity[i]), "order")) continue;
        if (!toc_pool_find(ids, toc_pool_str(words, labels->id[i]), &order) || placed[order] == TOC_NO_TIME) continue;
        int64_t known = labels->labelled_at[i] != TOC_NO_TIME ? labels->labelled_at[i] : labels->known_at[i];
        labels->labelled_at[i] = TOC_MAX(known, placed[order] + delay);
    }
    toc_free(placed);
    return TOC_OK;
}
