/* more.c: what is added behind the features where it is asked for. */
#include "features/fea_int.h"

toc_status fea_more_columns(toc_ctx *ctx, const shop_data *shop, const char *entity, const fea_more *more, tab_table *features)
{
    return more->categories ? fea_category_columns(ctx, shop, entity, features) : TOC_OK;
}

toc_status fea_add_more_each(toc_ctx *ctx, const shop_data *view, const shop_products *products, const char *entity, const int64_t *moment,
                             const fea_more *more, tab_table *features)
{
    size_t first = features->n_cols;

    TOC_TRY(fea_more_columns(ctx, view, entity, more, features));
    return more->categories ? fea_fill_categories(ctx, view, products, entity, moment, features, first) : TOC_OK;
}

toc_status fea_add_more(toc_ctx *ctx, const shop_data *view, const char *entity, const fea_more *more, tab_table *features)
{
    return fea_add_more_each(ctx, view, &view->products, entity, NULL, more, features);
}
