/* shards.c: the order lines of a file by customer, so that each shard can be worked on by itself, in a cache and beside others.
 *
 * stream.c reads the file as it does for canonical CSV, and so tells repeats and refuses rows over all of it; its rows come here packed instead of as text.
 * All lines of a customer are in one shard, in the order of the file. */
#include "ingest/ingest_int.h"

enum { SHARD_ROWS = 4096, MOST = 4096, UNKNOWN = 256, CHUNK = (32 << 10) - 64 };

toc_status ing_shards_new(toc_ctx *ctx, uint64_t columns, ing_shards **shards)
{
    toc_status st = toc_alloc(ctx, 1, sizeof **shards, shards);

    if (st) return st;
    (*shards)->columns = columns;
    st = toc_alloc(ctx, SHOP_DAYS, sizeof *(*shards)->days, &(*shards)->days);
    if (st) {
        ing_shards_free(*shards);
        *shards = NULL;
    }
    return st;
}

void ing_shards_free(ing_shards *shards)
{
    if (!shards) return;
    for (size_t k = 0; shards->rows && k < shards->n; k++) ing_shard_release(shards, k);
    toc_free(shards->rows);
    toc_free(shards->days);
    toc_free(shards);
}

toc_status ing_shards_begin(toc_ctx *ctx, ing_shards *shards, size_t expected)
{
    size_t n = 1;

    if (!expected) n = UNKNOWN;
    while (n < MOST && n * SHARD_ROWS < expected) n *= 2;
    TOC_TRY(toc_alloc(ctx, n, sizeof *shards->rows, &shards->rows));
    shards->n = n;
    return TOC_OK;
}

/* ---- rows in ---- */

static uint64_t hash_of(const shop_data *shop, shop_domain domain, uint32_t code)
{
    return code ? toc_str_hash(toc_pool_str(&shop->dict[domain], code)) : 0;
}

uint64_t ing_owner(const shop_data *shop, size_t row)
{
    const shop_orders *o = &shop->orders;

    return ing_owner_of(hash_of(shop, SHOP_D_CUSTOMER, o->customer_id[row]), hash_of(shop, SHOP_D_ORDER, o->order_id[row]));
}

toc_status ing_pack_row(toc_ctx *ctx, const shop_data *shop, uint64_t columns, size_t row, toc_buf *text, uint32_t *id_end)
{
    const shop_schema *schema = shop_schema_of(SHOP_ORDERS);
    const size_t line_id = (size_t)shop_column_of(SHOP_ORDERS, TOC_STR("line_id"));
    const uint64_t has = shop_filled_columns(shop, SHOP_ORDERS, row, row + 1) & columns;

    *id_end = 0;
    TOC_TRY(toc_buf_add(ctx, text, (const char *)&has, sizeof has));
    for (uint64_t rest = has; rest; rest &= rest - 1) {
        size_t j = (size_t)__builtin_ctzll(rest);
        const shop_column *c = &schema->columns[j];
        if (c->type == SHOP_T_CODE) {
            toc_str cell = toc_pool_str(&shop->dict[c->domain], shop_codes(shop, SHOP_ORDERS, j)[row]);
            TOC_TRY(toc_buf_reserve(ctx, text, cell.n + 5));
            text->n = (size_t)(ing_pack_text(text->p + text->n, cell) - text->p);
            if (j == line_id) *id_end = (uint32_t)text->n;
        } else TOC_TRY(toc_buf_add(ctx, text, (const char *)&shop_ints(shop, SHOP_ORDERS, j)[row], sizeof(int64_t)));
    }
    return TOC_OK;
}

/* A chunk with room for n bytes. The first are small: a shard may have one row only. */
static toc_status add_chunk(toc_ctx *ctx, ing_rows_of *rows, size_t n)
{
    ing_chunk *chunk = NULL;
    size_t cap = 0, want = TOC_MAX(n, rows->last ? TOC_MIN((size_t)rows->cap * 4, (size_t)CHUNK) : (size_t)CHUNK / 64);

    if (want > UINT32_MAX) return toc_fail(ctx, TOC_E_DATA, "a row of %zu bytes is too long", n);
    TOC_TRY(toc_grow(ctx, &chunk, &cap, sizeof *chunk + want, 1));
    chunk->before = rows->last;
    chunk->first = rows->n;
    rows->last = chunk;
    rows->to = chunk->bytes;
    rows->left = rows->cap = (uint32_t)want;
    return TOC_OK;
}

toc_status ing_shards_add(toc_ctx *ctx, ing_shards *shards, uint64_t owner, int64_t at, const char *row, size_t n, size_t id_end, uint64_t k)
{
    ing_rows_of *rows = &shards->rows[owner & (shards->n - 1)];
    char suffix[24];
    size_t more = k > 1 && id_end ? (size_t)snprintf(suffix, sizeof suffix, "-%llu", (unsigned long long)k) : 0;

    if (n + more > rows->left) TOC_TRY(add_chunk(ctx, rows, n + more));
    char *to = rows->to;
    size_t head = more ? id_end : n;
    memcpy(to, row, head);
    if (more) {
        memcpy(to + head, suffix, more);
        memcpy(to + head + more, row + head, n - head);
        to[id_end - ING_LINE_ID - 1] = (char)(ING_LINE_ID + more); /* its length */
    }
    rows->to += n + more;
    rows->left -= (uint32_t)(n + more);
    rows->n++;
    shop_count_day(shards->days, at);
    return TOC_OK;
}

/* ---- and out ---- */

size_t ing_shards_count(const ing_shards *shards)
{
    return shards->n;
}

bool ing_shards_have_states(const ing_shards *shards)
{
    return shards->states;
}

bool ing_shards_mix_currencies(const ing_shards *shards)
{
    return shards->mixed;
}

const shop_day *ing_shards_days(const ing_shards *shards)
{
    return shards->days;
}

size_t ing_shard_rows(const ing_shards *shards, size_t shard)
{
    return shards->rows[shard].n;
}

void ing_shard_release(ing_shards *shards, size_t shard)
{
    ing_rows_of *rows = &shards->rows[shard];

    for (ing_chunk *c = rows->last, *before; c; c = before) {
        before = c->before;
        toc_free(c);
    }
    *rows = (ing_rows_of){0};
}

/* The cells of the columns that rows may have, where they go. */
typedef struct {
    ing_cells cells[ING_MAX_COLUMNS];
    toc_pool *dict[ING_MAX_COLUMNS];
    uint32_t last[ING_MAX_COLUMNS][8]; /* codes met before, by length and first byte: some columns have few texts */
    size_t line_id;                 /* its column, where no order has one twice */
} unpacking;

static toc_status unpack_text(toc_ctx *ctx, unpacking *u, size_t column, toc_str text, size_t row)
{
    uint32_t *last = &u->last[column][(text.n + (unsigned char)text.p[0]) % 8];

    /* not looked up: nobody asks whether the line ids of two orders are equal */
    if (column == u->line_id) return toc_pool_append(ctx, u->dict[column], text, &u->cells[column].codes[row]);
    if (!toc_str_eq(text, toc_pool_str(u->dict[column], *last))) TOC_TRY(toc_pool_intern(ctx, u->dict[column], text, last));
    u->cells[column].codes[row] = *last;
    return TOC_OK;
}

static toc_status unpack_row(toc_ctx *ctx, unpacking *u, const char **from, size_t row)
{
    const char *p = *from;
    uint64_t has;

    memcpy(&has, p, sizeof has);
    p += sizeof has;
    for (; has; has &= has - 1) {
        const size_t j = (size_t)__builtin_ctzll(has);
        if (!u->cells[j].codes) {
            memcpy(&u->cells[j].ints[row], p, sizeof(int64_t));
            p += sizeof(int64_t);
            continue;
        }
        uint32_t n = (unsigned char)*p++;
        if (n == 255) {
            memcpy(&n, p, sizeof n);
            p += sizeof n;
        }
        TOC_TRY(unpack_text(ctx, u, j, (toc_str){ p, n }, row));
        p += n;
    }
    *from = p;
    return TOC_OK;
}

/* Chunks are linked backwards: each one's rows end where those of the one behind it begin. */
static toc_status unpack_chunk(toc_ctx *ctx, unpacking *u, const ing_chunk *chunk, size_t first, size_t end)
{
    const char *from = chunk->bytes;

    for (size_t row = first + chunk->first; row < end; row++) TOC_TRY(unpack_row(ctx, u, &from, row));
    return TOC_OK;
}

toc_status ing_shard_load(toc_ctx *ctx, const ing_shards *shards, size_t shard, shop_data *shop, size_t *n_blank)
{
    const shop_schema *schema = shop_schema_of(SHOP_ORDERS);
    unpacking u = {0};
    size_t first = 0, end;

    if (n_blank) TOC_TRY(shop_renew(ctx, shop, SHOP_ORDERS, shards->columns, n_blank, shards->rows[shard].n));
    else TOC_TRY(shop_add_rows(ctx, shop, SHOP_ORDERS, shards->rows[shard].n, &first));
    u.line_id = shards->states ? SIZE_MAX : (size_t)shop_column_of(SHOP_ORDERS, TOC_STR("line_id"));
    for (size_t j = 0; j < schema->n_columns; j++) {
        bool code = schema->columns[j].type == SHOP_T_CODE;
        u.cells[j] = (ing_cells){ .codes = code ? shop_codes(shop, SHOP_ORDERS, j) : NULL, .ints = code ? NULL : shop_ints(shop, SHOP_ORDERS, j) };
        u.dict[j] = &shop->dict[schema->columns[j].domain];
    }
    end = first + shards->rows[shard].n;
    for (const ing_chunk *c = shards->rows[shard].last; c; c = c->before) {
        TOC_TRY(unpack_chunk(ctx, &u, c, first, end));
        end = first + c->first;
    }
    shop->has[SHOP_ORDERS] = true;
    return TOC_OK;
}
