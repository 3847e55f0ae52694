/* common.c: what several commands do alike. */
#include "commands/commands.h"
#include "encoder/encoder.h"
#include "ingest/ingest.h"
#include "reader/reader.h"
#include "store/store.h"

/* What a command reads, and what it found. */
typedef struct {
    toc_out *rejects; /* NULL = none */
    const char *rejects_path;
    shop_data *shop;
    size_t n_orders;  /* sources of order lines */
    bool states;      /* some file has more than one state of a line */
} reading;

/* Reads one group of files into the shop and judges what was refused. */
static toc_status read_group(toc_ctx *ctx, reading *r, const char *kind, const char *const *files, size_t n)
{
    const ing_options options = { .kind = kind, .rejects = r->rejects };
    ing_summary *summaries;

    if (!n) return TOC_OK;
    TOC_TRY(toc_arena_alloc(ctx, &ctx->arena, n, sizeof *summaries, &summaries));
    TOC_TRY(ing_read(ctx, files, n, &options, r->shop, summaries));
    for (size_t i = 0; i < n; i++) {
        r->n_orders += summaries[i].kind == SHOP_ORDERS;
        r->states |= summaries[i].states > 0;
    }
    return ing_judge(ctx, summaries, n, NULL, r->rejects_path);
}

static toc_status read_files(toc_ctx *ctx, const cli_call *call, const cli_shop *source, reading *r)
{
    static const char *const from_stdin[] = { "-" };
    const struct {
        const char *kind;
        const cli_list *files;
    } groups[] = {
        { "orders", &source->orders },       { "reviews", &source->reviews },     { "products", &source->products },
        { "stock", &source->stock },         { "promotions", &source->promotions }, { "customers", &source->customers },
        { "merchants", &source->merchants }, { "payments", &source->payments },   { "labels", &source->labels },
    };
    size_t n = call->n_files;

    for (size_t i = 0; i < TOC_COUNT(groups); i++) {
        n += groups[i].files->n;
        TOC_TRY(read_group(ctx, r, groups[i].kind, groups[i].files->items, groups[i].files->n));
    }
    if (!n && !source->store) return read_group(ctx, r, NULL, from_stdin, 1);
    return read_group(ctx, r, NULL, call->files, call->n_files);
}

static toc_status load_store(toc_ctx *ctx, const char *path, int64_t as_of, shop_data *shop)
{
    sto_store *store = NULL;

    TOC_TRY(sto_open(ctx, path, STO_READ, &store));
    toc_status st = sto_load(ctx, store, as_of, shop);
    sto_close(store);
    return st;
}

/* Opens the file of --rejects. */
static toc_status open_rejects(toc_ctx *ctx, const cli_shop *source, toc_out *rejects, reading *r)
{
    if (!source->rejects) return TOC_OK;
    TOC_TRY(toc_out_open(ctx, source->rejects, true, rejects));
    rd_reject_header(rejects);
    r->rejects = rejects;
    return TOC_OK;
}

/* What is left to do when all is read, and closed: the refused rows are wanted most when the run fails. */
static toc_status finish(toc_ctx *ctx, reading *r, toc_status st)
{
    if (r->rejects) {
        toc_status closed = toc_out_close(ctx, r->rejects);
        if (!st) st = closed;
    }
    if (!st && (r->n_orders > 1 || r->states)) st = shop_keep_newest(ctx, r->shop);
    if (!st) st = shop_sort(ctx, r->shop);
    return st ? st : shop_join_spellings(ctx, r->shop);
}

toc_status cmd_load_shop(toc_ctx *ctx, const cli_call *call, const cli_shop *source, int64_t as_of, shop_data *shop)
{
    toc_out rejects = {0};
    reading r = { .rejects_path = source->rejects, .shop = shop };

    TOC_TRY(shop_init(ctx, shop));
    if (source->store) TOC_TRY(load_store(ctx, source->store, as_of, shop));
    r.n_orders = shop->orders.n > 0;
    TOC_TRY(open_rejects(ctx, source, &rejects, &r));
    return finish(ctx, &r, read_files(ctx, call, source, &r));
}

const char *cmd_lone_orders(const cli_call *call, const cli_shop *s)
{
    if (s->store || s->reviews.n + s->products.n + s->stock.n + s->promotions.n + s->customers.n + s->merchants.n + s->payments.n + s->labels.n) return NULL;
    if (s->orders.n + call->n_files > 1) return NULL;
    return s->orders.n ? s->orders.items[0] : call->n_files ? call->files[0] : "-";
}

toc_status cmd_load_shards(toc_ctx *ctx, const char *file, const cli_shop *source, uint64_t columns, ing_shards **shards, shop_data *shop)
{
    toc_out rejects = {0};
    reading r = { .rejects_path = source->rejects, .shop = shop };
    ing_options options = { .kind = source->orders.n ? "orders" : NULL };
    ing_summary summary = {0};

    *shards = NULL;
    TOC_TRY(shop_init(ctx, shop));
    TOC_TRY(open_rejects(ctx, source, &rejects, &r));
    options.rejects = r.rejects;
    toc_status st = ing_read_shards(ctx, file, &options, columns, shards, shop, &summary);
    if (!st) st = ing_judge(ctx, &summary, 1, NULL, r.rejects_path);
    r.states = !*shards && summary.kind == SHOP_ORDERS && summary.states > 0;
    return finish(ctx, &r, st);
}

toc_status cmd_encode_reviews(toc_ctx *ctx, const shop_data *shop, const char *folder, const char *store_path, fraud_vectors *vectors)
{
    sto_store *store = NULL;
    toc_status st = TOC_OK;

    if (store_path && enc_present(ctx, folder)) st = sto_open(ctx, store_path, STO_WRITE, &store);
    if (st == TOC_E_BUSY) {
        ctx->message[0] = 0;
        toc_note(ctx, "%s is being written to; the vectors of this run are not kept", store_path);
        st = TOC_OK;
    }
    if (!st && store) st = sto_begin(ctx, store);
    if (!st) st = fraud_encode_reviews(ctx, shop, folder, store, vectors);
    if (!st && store) st = sto_commit(ctx, store);
    sto_close(store);
    return st;
}
