/* maps.c: the list of maps, and which one a header belongs to. */
#include "ingest/ingest_int.h"

const ing_map *const ing_platform_maps[] = {
    &ing_shopify_orders, &ing_shopify_products, &ing_shopify_inventory, &ing_shopify_customers,
    &ing_amazon_all_orders, &ing_amazon_new_orders, &ing_amazon_fba_inventory, &ing_amazon_reviews,
    &ing_taobao_details, &ing_taobao_orders, &ing_taobao_items,
    &ing_olist_items, &ing_olist_orders, &ing_olist_payments, &ing_olist_customers, &ing_olist_reviews, &ing_olist_products, &ing_olist_sellers,
    &ing_uci_retail, &ing_judgeme_reviews, &ing_loox_reviews, &ing_chinese_reviews, NULL,
};

toc_status ing_fold(toc_ctx *ctx, toc_str header, toc_str *folded)
{
    char *text;
    size_t n = 0;

    TOC_TRY(toc_arena_alloc(ctx, &ctx->arena, header.n + 1, 1, &text));
    for (size_t i = 0; i < header.n; i++) {
        char c = header.p[i];
        if (c == '\t' || c == '\n' || c == '\r') c = ' ';
        if (c == ' ' && (!n || text[n - 1] == ' ')) continue;
        text[n++] = (char)(c >= 'A' && c <= 'Z' ? c + 32 : c);
    }
    while (n && text[n - 1] == ' ') n--;
    *folded = (toc_str){ text, n };
    return TOC_OK;
}

const ing_map *ing_map_named(const char *name)
{
    for (size_t k = 0; ing_platform_maps[k]; k++)
        if (strcmp(ing_platform_maps[k]->name, name) == 0) return ing_platform_maps[k];
    return NULL;
}

static bool has_header(toc_str name, const toc_str *folded, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (toc_str_eq(folded[i], name)) return true;
    return false;
}

/* Whether one of the alternatives is there. */
static bool has_any(const char *alternatives, const toc_str *folded, size_t n)
{
    toc_str rest = toc_str_of(alternatives), piece;

    while (toc_str_split(&rest, '|', &piece))
        if (has_header(piece, folded, n)) return true;
    return false;
}

/* How well a map fits. */
typedef struct {
    const ing_map *map;
    size_t lacking, wanted; /* of the signature */
    size_t used;            /* headers that the map or its signature knows */
} fit;

static fit fit_of(const ing_map *map, const toc_str *folded, size_t n)
{
    fit f = { .map = map };

    for (size_t k = 0; map->signature[k]; k++) {
        f.wanted++;
        f.lacking += !has_any(map->signature[k], folded, n);
    }
    for (size_t i = 0; i < n; i++) {
        bool known = false;
        for (size_t k = 0; k < map->n_fields && !known; k++) known = toc_str_is(folded[i], map->fields[k].header) && map->fields[k].how != ING_CONST;
        for (size_t k = 0; map->signature[k] && !known; k++) known = has_any(map->signature[k], &folded[i], 1);
        f.used += known;
    }
    return f;
}

/* Complete before incomplete; then more headers used; then fewer lacking (as a share). The earlier map wins a tie. */
static bool better(fit a, fit b)
{
    if (!b.map) return true;
    if (!a.lacking != !b.lacking) return !a.lacking;
    if (!a.lacking) return a.used != b.used ? a.used > b.used : a.wanted > b.wanted;
    return a.lacking * b.wanted < b.lacking * a.wanted;
}

static void weigh(const ing_map *const *maps, const toc_str *folded, size_t n, const shop_kind *kind, fit *best)
{
    for (size_t k = 0; maps[k]; k++) {
        if (kind && maps[k]->kind != *kind) continue;
        fit f = fit_of(maps[k], folded, n);
        if (better(f, *best)) *best = f;
    }
}

const ing_map *ing_fitting(const toc_str *folded, size_t n, const shop_kind *kind)
{
    fit best = {0};

    weigh(ing_canonical_maps, folded, n, kind, &best);
    weigh(ing_platform_maps, folded, n, kind, &best);
    return best.map && !best.lacking ? best.map : NULL;
}

toc_status ing_unknown(toc_ctx *ctx, const char *path, const toc_str *folded, size_t n, const shop_kind *kind)
{
    fit best = {0};
    toc_buf lacking = {0};
    toc_status st = TOC_OK;

    weigh(ing_canonical_maps, folded, n, kind, &best);
    weigh(ing_platform_maps, folded, n, kind, &best);
    for (size_t k = 0; !st && best.map->signature[k]; k++)
        if (!has_any(best.map->signature[k], folded, n))
            st = toc_buf_printf(ctx, &lacking, "%s%s", lacking.n ? ", " : "", best.map->signature[k]);
    for (size_t i = 0; i < lacking.n; i++)
        if (lacking.p[i] == '|') lacking.p[i] = '/';
    if (!st) st = toc_fail(ctx, TOC_E_DATA, "%s: not recognised as an export of %s; nearest is %s, which also needs: %s", path,
                           kind ? shop_schema_of(*kind)->name : "any kind", best.map->title, lacking.n ? lacking.p : "nothing");
    toc_buf_release(&lacking);
    return st;
}
