/* moments.c: when rows happened, kept by day, which is enough to find the gap that a moment far after all others leaves. */
#include "store/store_int.h"

enum { FIRST_DAY = -25567, DAYS = 301 * 366 }; /* from 1900-01-01, as times are read */

struct sto_moments {
    int64_t latest;  /* of all that happened; TOC_NO_TIME = nothing */
    size_t n;        /* orders, reviews and stock counts */
    struct {
        size_t n;
        int64_t first, last;
    } days[DAYS];
};

toc_status sto_moments_new(toc_ctx *ctx, sto_moments **moments)
{
    TOC_TRY(toc_alloc(ctx, 1, sizeof **moments, moments));
    (*moments)->latest = TOC_NO_TIME;
    return TOC_OK;
}

void sto_moments_free(sto_moments *moments)
{
    toc_free(moments);
}

static void add_event(sto_moments *m, int64_t at)
{
    int64_t day = at / TOC_DAY - (at % TOC_DAY < 0) - FIRST_DAY;
    size_t d = (size_t)TOC_MIN(TOC_MAX(day, 0), DAYS - 1);

    m->days[d].first = m->days[d].n ? TOC_MIN(m->days[d].first, at) : at;
    m->days[d].last = m->days[d].n ? TOC_MAX(m->days[d].last, at) : at;
    m->days[d].n++;
    m->n++;
}

/* The column that makes a row an event, as shop_default_as_of takes them; -1 = none. */
static int event_column(shop_kind kind)
{
    switch (kind) {
    case SHOP_ORDERS: return shop_column_of(kind, TOC_STR("ordered_at"));
    case SHOP_REVIEWS: return shop_column_of(kind, TOC_STR("created_at"));
    case SHOP_STOCK: return shop_column_of(kind, TOC_STR("as_of"));
    default: return -1;
    }
}

void sto_moments_add(sto_moments *m, shop_kind kind, const shop_block *block)
{
    const int event = event_column(kind);

    for (size_t j = 0, c = 0; j < shop_schema_of(kind)->n_columns; j++) {
        if (!(block->columns >> j & 1)) continue;
        const shop_value *cells = block->cells + c++;
        if (!shop_tells_past(kind, j)) continue;
        for (size_t i = 0; i < block->n; i++) {
            int64_t at = cells[i * block->width].n;
            if (at == TOC_NO_TIME) continue;
            m->latest = TOC_MAX(m->latest, at);
            if ((int)j == event) add_event(m, at);
        }
    }
}

/* Moments far after all others make the export look younger, so its statuses count later than they might: safe, but worth saying. */
static void warn_of_gap(toc_ctx *ctx, const sto_moments *m)
{
    size_t late = 0, after = DAYS;

    for (size_t d = DAYS; d-- > 0;) {
        if (!m->days[d].n) continue;
        if (late && late * 1000 < m->n && shop_check_gap(ctx, m->days[d].last, m->days[after].first, late, m->n)) {
            toc_warn(ctx, "%s", ctx->message);
            ctx->message[0] = 0;
            return;
        }
        late += m->days[d].n;
        after = d;
    }
}

toc_status sto_moments_known_at(toc_ctx *ctx, sto_store *store, const sto_moments *m, int64_t *known_at)
{
    int64_t latest = TOC_NO_TIME;

    warn_of_gap(ctx, m);
    *known_at = m->latest;
    if (m->latest != TOC_NO_TIME) return TOC_OK;
    *known_at = ctx->now;
    for (size_t k = 0; k < SHOP_N_KINDS; k++) {
        char sql[80];
        int64_t newest;
        snprintf(sql, sizeof sql, "SELECT max(known_at) FROM %s_lines", shop_schema_of((shop_kind)k)->name);
        TOC_TRY(sto_query_int(ctx, store, sql, TOC_NO_TIME, &newest));
        if (newest != TOC_NO_TIME) latest = TOC_MAX(latest, newest);
    }
    if (latest != TOC_NO_TIME) *known_at = latest;
    return TOC_OK;
}

toc_status sto_known_at(toc_ctx *ctx, sto_store *store, const shop_data *shop, int64_t *known_at)
{
    sto_moments *m = NULL;
    shop_block block = {0};
    toc_status st = sto_moments_new(ctx, &m);

    for (size_t k = 0; k < SHOP_N_KINDS && !st; k++) {
        uint64_t past = 0;
        for (size_t j = 0; j < shop_schema_of((shop_kind)k)->n_columns; j++) past |= (uint64_t)shop_tells_past((shop_kind)k, j) << j;
        for (size_t i = 0, n = shop_rows(shop, (shop_kind)k); i < n && past && !st; i += STO_SHOP_ROWS) {
            st = shop_block_fill(ctx, shop, (shop_kind)k, past, i, TOC_MIN(n - i, (size_t)STO_SHOP_ROWS), &block);
            if (!st) sto_moments_add(m, (shop_kind)k, &block);
        }
    }
    if (!st) st = sto_moments_known_at(ctx, store, m, known_at);
    shop_block_release(&block);
    sto_moments_free(m);
    return st;
}
