/* vectors.c: review texts through the encoder, each distinct text once, and once in its life where a store keeps the vectors. */
#include "encoder/encoder.h"
#include "fraud/fraud.h"
#include "fraud/fraud_int.h"

/* One run of encoding. */
typedef struct {
    const shop_data *shop;
    enc_model *model;
    sto_store *store; /* NULL = no cache */
    uint64_t model_hash;
    uint32_t *codes;  /* distinct texts, newest review first; n of them */
    size_t n;
    fraud_vectors *out;
} encoding;

/* Distinct non-empty bodies, newest first. */
static toc_status list_texts(toc_ctx *ctx, encoding *e)
{
    const shop_reviews *r = &e->shop->reviews;
    size_t n_codes = toc_pool_size(&e->shop->dict[SHOP_D_TEXT]);
    uint64_t *keys = NULL;
    uint32_t *order = NULL;
    toc_status st = TOC_OK;

    if ((st = toc_alloc(ctx, r->n, sizeof *keys, &keys))) goto out;
    if ((st = toc_alloc(ctx, r->n, sizeof *order, &order))) goto out;
    if ((st = toc_alloc(ctx, r->n, sizeof *e->codes, &e->codes))) goto out;
    if ((st = toc_alloc(ctx, n_codes, sizeof *e->out->row_of, &e->out->row_of))) goto out;
    for (size_t c = 0; c < n_codes; c++) e->out->row_of[c] = FRAUD_NONE;
    for (size_t i = 0; i < r->n; i++) keys[i] = ~toc_key_i64(r->created_at[i]);
    if ((st = toc_sort_u64(ctx, keys, r->n, false, order))) goto out;
    for (size_t i = 0; i < r->n; i++) {
        uint32_t code = r->body[order[i]];
        if (!code || e->out->row_of[code] != FRAUD_NONE) continue;
        e->out->row_of[code] = (uint32_t)e->n; /* for now: seen */
        e->codes[e->n++] = code;
    }
out:
    toc_free(keys);
    toc_free(order);
    return st;
}

static uint64_t text_hash(const encoding *e, uint32_t code)
{
    return toc_str_hash(toc_pool_str(&e->shop->dict[SHOP_D_TEXT], code));
}

/* Takes what the store knows; the rest, as many as may be encoded, are left in codes[0 .. *n_left). */
static toc_status take_known(toc_ctx *ctx, encoding *e, size_t *n_left)
{
    fraud_vectors *v = e->out;
    size_t waiting = 0;

    *n_left = 0;
    for (size_t i = 0; i < e->n; i++) {
        bool found = false;
        if (e->store) TOC_TRY(sto_vector_get(ctx, e->store, e->model_hash, text_hash(e, e->codes[i]), v->dim, v->rows + v->n * v->dim, &found));
        v->row_of[e->codes[i]] = found ? (uint32_t)v->n++ : FRAUD_NONE;
        if (found) continue;
        if (*n_left < FRAUD_MOST_ENCODED) e->codes[(*n_left)++] = e->codes[i];
        else waiting++;
    }
    if (waiting) toc_note(ctx, "%zu review texts wait for the next run to be encoded (%d are done in one)", waiting, (int)FRAUD_MOST_ENCODED);
    return TOC_OK;
}

static toc_status encode_rest(toc_ctx *ctx, encoding *e, size_t n_left)
{
    fraud_vectors *v = e->out;
    toc_str *texts;
    toc_status st;

    TOC_TRY(toc_alloc(ctx, n_left, sizeof *texts, &texts));
    for (size_t i = 0; i < n_left; i++) texts[i] = toc_pool_str(&e->shop->dict[SHOP_D_TEXT], e->codes[i]);
    st = enc_encode(ctx, e->model, texts, n_left, NULL, v->rows + v->n * v->dim, NULL);
    for (size_t i = 0; i < n_left && !st; i++, v->n++) {
        v->row_of[e->codes[i]] = (uint32_t)v->n;
        if (e->store) st = sto_vector_put(ctx, e->store, e->model_hash, text_hash(e, e->codes[i]), v->dim, v->rows + v->n * v->dim);
    }
    toc_free(texts);
    return st;
}

toc_status fraud_encode_reviews(toc_ctx *ctx, const shop_data *shop, const char *folder, sto_store *store, fraud_vectors *vectors)
{
    encoding e = { .shop = shop, .store = store, .out = vectors };
    size_t n_left = 0;
    toc_status st = TOC_OK;

    *vectors = (fraud_vectors){0};
    if (!shop->reviews.n || !enc_present(ctx, folder)) return TOC_OK;
    if ((st = enc_open(ctx, folder, NUM_FP32, &e.model))) goto out;
    vectors->dim = enc_dim(e.model);
    e.model_hash = enc_model_hash(e.model);
    if ((st = list_texts(ctx, &e))) goto out;
    if ((st = toc_alloc(ctx, e.n * vectors->dim, sizeof *vectors->rows, &vectors->rows))) goto out;
    if ((st = take_known(ctx, &e, &n_left))) goto out;
    st = encode_rest(ctx, &e, n_left);
out:
    toc_free(e.codes);
    enc_close(e.model);
    if (st) fraud_vectors_release(vectors);
    return st;
}

void fraud_vectors_release(fraud_vectors *vectors)
{
    if (!vectors) return;
    toc_free(vectors->rows);
    toc_free(vectors->row_of);
    *vectors = (fraud_vectors){0};
}
