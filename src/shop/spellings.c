/* spellings.c: one code for all spellings of an address, e-mail address or card. */
#include "shop/shop.h"
#include "text/text.h"

/* Codes of a domain: the number of each one's key, and by that number the code that stands for all of them. */
typedef struct {
    toc_pool keys;
    uint32_t *key_of;  /* (codes) */
    uint32_t *chosen;  /* (keys) 0 = none yet */
} spellings;

static void release(spellings *s)
{
    toc_pool_release(&s->keys);
    toc_free(s->key_of);
    toc_free(s->chosen);
}

static toc_status fold_all(toc_ctx *ctx, const toc_pool *dict, txt_kind kind, spellings *s)
{
    size_t n = toc_pool_size(dict);
    txt_room room = {0};
    toc_buf key = {0};
    toc_status st = toc_alloc(ctx, n, sizeof *s->key_of, &s->key_of);

    for (size_t c = 1; c < n && !st; c++) {
        toc_buf_reset(&key);
        if ((st = txt_fold(ctx, kind, toc_pool_str(dict, (uint32_t)c), TOC_STR(""), &room, &key))) break;
        /* what has no key, punctuation only, stays apart */
        toc_str text = key.n ? (toc_str){ key.p, key.n } : toc_pool_str(dict, (uint32_t)c);
        st = toc_pool_intern(ctx, &s->keys, text, &s->key_of[c]);
    }
    txt_room_release(&room);
    toc_buf_release(&key);
    return st;
}

/* The first code of a key in the order of rows stands for all. */
static void choose(shop_data *shop, shop_domain domain, spellings *s)
{
    for (size_t k = 0; k < SHOP_N_KINDS; k++) {
        const shop_schema *schema = shop_schema_of((shop_kind)k);
        for (size_t j = 0; j < schema->n_columns; j++) {
            if (schema->columns[j].type != SHOP_T_CODE || schema->columns[j].domain != domain) continue;
            uint32_t *codes = shop_codes(shop, (shop_kind)k, j);
            for (size_t i = 0, n = shop_rows(shop, (shop_kind)k); i < n; i++) {
                uint32_t *chosen = &s->chosen[s->key_of[codes[i]]];
                if (!*chosen) *chosen = codes[i];
                codes[i] = *chosen;
            }
        }
    }
}

toc_status shop_join_spellings(toc_ctx *ctx, shop_data *shop)
{
    static const struct {
        shop_domain domain;
        txt_kind kind;
    } joined[] = { { SHOP_D_ADDRESS, TXT_ADDRESS }, { SHOP_D_EMAIL, TXT_EMAIL }, { SHOP_D_PAYMENT_KEY, TXT_PAYMENT } };
    toc_status st = TOC_OK;

    for (size_t d = 0; d < TOC_COUNT(joined) && !st; d++) {
        const toc_pool *dict = &shop->dict[joined[d].domain];
        spellings s = {0};
        st = fold_all(ctx, dict, joined[d].kind, &s);
        if (!st && toc_pool_size(&s.keys) < toc_pool_size(dict)) {
            st = toc_alloc(ctx, toc_pool_size(&s.keys), sizeof *s.chosen, &s.chosen);
            if (!st) choose(shop, joined[d].domain, &s);
        }
        release(&s);
    }
    return st;
}
