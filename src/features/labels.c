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

toc_status fea_label_churn(toc_ctx *ctx, const shop_data *shop, int64_t as_of, int64_t horizon, tab_table *features,
                           size_t *n_open)
{
    const shop_orders *o = &shop->orders;
    const tab_column *id;
    tab_column *label, *had;
    bool *returned = NULL;
    int64_t end;
    toc_status st = TOC_OK;

    *n_open = 0;
    TOC_TRY(tab_need(ctx, features, "customer_id", &id));
    const uint32_t *code = id->code;
    TOC_TRY(tab_add(ctx, features, "churned", TAB_F64, NULL, &label));
    TOC_TRY(shop_default_as_of(ctx, shop, &end));
    if (horizon > end - as_of) {
        *n_open = features->n_rows;
        return TOC_OK;
    }
    if ((st = toc_alloc(ctx, toc_pool_size(&shop->dict[SHOP_D_CUSTOMER]), sizeof *returned, &returned))) return st;
    for (size_t i = 0; i < o->n; i++)
        if (o->ordered_at[i] >= as_of && o->ordered_at[i] - as_of < horizon && shop_line_is_purchase(shop, i))
            returned[o->customer_id[i]] = true;
    label = tab_find(features, "churned");
    had = tab_find(features, "orders");
    for (size_t r = 0; r < features->n_rows; r++)
        if (!had || had->f64[r] > 0) label->f64[r] = returned[code[r]] ? 0 : 1;
    toc_free(returned);
    return TOC_OK;
}
