/* index.c: what all entities share: rows grouped by code in time order, orders from lines, the table of a feature list. */
#include "features/fea_int.h"

toc_status fea_time_order(toc_ctx *ctx, const int64_t *at, size_t n, uint32_t **order)
{
    uint64_t *keys = NULL;
    size_t i = 1;
    toc_status st = TOC_OK;

    *order = NULL;
    while (i < n && at[i - 1] <= at[i]) i++;
    if (i >= n) return TOC_OK;
    if ((st = toc_alloc(ctx, n, sizeof *keys, &keys))) goto out;
    if ((st = toc_alloc(ctx, n, sizeof **order, order))) goto out;
    for (i = 0; i < n; i++) keys[i] = toc_key_i64(at[i]);
    st = toc_sort_u64(ctx, keys, n, false, *order);
out:
    toc_free(keys);
    if (st) {
        toc_free(*order);
        *order = NULL;
    }
    return st;
}

toc_status fea_group(toc_ctx *ctx, const uint32_t *code, size_t n, size_t n_codes, const uint32_t *order, fea_groups *groups)
{
    *groups = (fea_groups){ .n_codes = n_codes };
    toc_status st = toc_alloc(ctx, n_codes + 2, sizeof *groups->start, &groups->start);
    if (!st) st = toc_alloc(ctx, n, sizeof *groups->row, &groups->row);
    if (st) {
        fea_groups_release(groups);
        return st;
    }
    /* Counted two places ahead, so that after the running sum start[c + 1] is where code c begins, and the filling moves it to
     * its end. */
    for (size_t i = 0; i < n; i++) groups->start[code[i] + 2]++;
    for (size_t c = 2; c < n_codes + 2; c++) groups->start[c] += groups->start[c - 1];
    for (size_t i = 0; i < n; i++) {
        uint32_t row = order ? order[i] : (uint32_t)i;
        groups->row[groups->start[code[row] + 1]++] = row;
    }
    return TOC_OK;
}

void fea_groups_release(fea_groups *groups)
{
    toc_free(groups->start);
    toc_free(groups->row);
    *groups = (fea_groups){0};
}

toc_status fea_line_kinds(toc_ctx *ctx, const shop_data *view, fea_line **result)
{
    const shop_orders *o = &view->orders;
    uint8_t *known = NULL; /* 1 + status, or SHOP_N_STATUSES + 1 for a word that is none, by code; 0 = not looked at */
    fea_line *kinds = NULL;
    shop_status status;
    toc_status st;

    if ((st = toc_alloc(ctx, o->n, sizeof *kinds, &kinds))) goto out;
    if ((st = toc_alloc(ctx, toc_pool_size(&view->dict[SHOP_D_WORD]), sizeof *known, &known))) goto out;
    for (size_t i = 0; i < o->n; i++) {
        uint8_t *word = &known[o->status[i]];
        if (!*word && o->status[i])
            *word = (uint8_t)(1 + (shop_status_of(toc_pool_str(&view->dict[SHOP_D_WORD], o->status[i]), &status) ? status : SHOP_N_STATUSES));
        status = *word && *word <= SHOP_N_STATUSES ? (shop_status)(*word - 1) : shop_line_status(view, i);
        const int64_t quantity = o->quantity[i];
        kinds[i] = (fea_line){ .status = (uint8_t)status, .is_return = quantity != SHOP_NO_INT && quantity < 0,
                               .is_purchase = quantity > 0 && status != SHOP_CANCELLED && status != SHOP_UNPAID };
    }
    *result = kinds;
    kinds = NULL;
out:
    toc_free(kinds);
    toc_free(known);
    return st;
}

static toc_status alloc_orders(toc_ctx *ctx, size_t n, fea_orders_set *set)
{
    TOC_TRY(toc_alloc(ctx, n, sizeof *set->code, &set->code));
    TOC_TRY(toc_alloc(ctx, n, sizeof *set->line, &set->line));
    TOC_TRY(toc_alloc(ctx, n, sizeof *set->at, &set->at));
    TOC_TRY(toc_alloc(ctx, n, sizeof *set->placed, &set->placed));
    TOC_TRY(toc_alloc(ctx, n, sizeof *set->amount, &set->amount));
    TOC_TRY(toc_alloc(ctx, n, sizeof *set->items, &set->items));
    TOC_TRY(toc_alloc(ctx, n, sizeof *set->lines, &set->lines));
    return toc_alloc(ctx, n, sizeof *set->bought, &set->bought);
}

toc_status fea_collect_orders(toc_ctx *ctx, const shop_data *view, const uint32_t *time_order, fea_orders_set *set)
{
    const shop_orders *o = &view->orders;
    uint32_t *place = NULL; /* of an order code in the set, + 1 */
    fea_line *kinds = NULL;
    toc_status st = TOC_OK;

    *set = (fea_orders_set){0};
    size_t n_codes = toc_pool_size(&view->dict[SHOP_D_ORDER]);
    size_t most = TOC_MIN(n_codes, o->n);
    if ((st = toc_alloc(ctx, n_codes, sizeof *place, &place))) goto out;
    if ((st = fea_line_kinds(ctx, view, &kinds))) goto out;
    if ((st = alloc_orders(ctx, most, set))) goto out;
    for (size_t i = 0; i < o->n; i++) {
        uint32_t line = time_order ? time_order[i] : (uint32_t)i;
        if (o->order_id[line] == 0 || o->ordered_at[line] == TOC_NO_TIME) continue;
        uint32_t *p = &place[o->order_id[line]];
        if (*p == 0) {
            *p = (uint32_t)++set->n;
            set->code[*p - 1] = o->order_id[line];
            set->line[*p - 1] = line;
            set->at[*p - 1] = o->ordered_at[line];
        }
        size_t k = *p - 1;
        if (kinds[line].is_return || o->quantity[line] == 0) continue;
        if (set->lines[k]++ == 0) set->line[k] = line;
        int64_t amount = shop_line_amount(view, line);
        set->placed[k] += amount;
        if (o->quantity[line] != SHOP_NO_INT) set->items[k] += o->quantity[line];
        if (!kinds[line].is_purchase) continue;
        set->bought[k]++;
        set->amount[k] += amount;
    }
out:
    toc_free(place);
    toc_free(kinds);
    if (st) fea_orders_release(set);
    return st;
}

void fea_orders_release(fea_orders_set *set)
{
    toc_free(set->code);
    toc_free(set->line);
    toc_free(set->at);
    toc_free(set->placed);
    toc_free(set->amount);
    toc_free(set->items);
    toc_free(set->lines);
    toc_free(set->bought);
    *set = (fea_orders_set){0};
}

toc_status fea_order_codes(toc_ctx *ctx, const fea_orders_set *set, const uint32_t *column, uint32_t **codes)
{
    TOC_TRY(toc_alloc(ctx, set->n, sizeof **codes, codes));
    for (size_t i = 0; i < set->n; i++) (*codes)[i] = column[set->line[i]];
    return TOC_OK;
}

toc_status fea_one_moment(toc_ctx *ctx, int64_t as_of, size_t n, int64_t **moment)
{
    TOC_TRY(toc_alloc(ctx, n, sizeof **moment, moment));
    for (size_t i = 0; i < n; i++) (*moment)[i] = as_of;
    return TOC_OK;
}

toc_status fea_two_currencies(toc_ctx *ctx, const char *one, const char *other)
{
    return toc_fail(ctx, TOC_E_DATA, "amounts in %s and in %s cannot be added: convert them with tocsin ingest --rates, or keep the orders of one currency", one, other);
}

toc_status fea_money_unit(toc_ctx *ctx, const shop_data *view, double *minor_per_unit)
{
    return fea_money_unit_before(ctx, view, INT64_MAX, minor_per_unit);
}

toc_status fea_money_unit_before(toc_ctx *ctx, const shop_data *view, int64_t before, double *minor_per_unit)
{
    const shop_orders *o = &view->orders;
    uint32_t currency = 0;

    for (size_t i = 0; i < o->n; i++) {
        if (o->currency[i] == 0 || o->currency[i] == currency || o->ordered_at[i] >= before) continue;
        if (currency == 0) {
            currency = o->currency[i];
            continue;
        }
        return fea_two_currencies(ctx, shop_text(view, SHOP_D_WORD, currency), shop_text(view, SHOP_D_WORD, o->currency[i]));
    }
    int digits = toc_currency_digits(toc_pool_str(&view->dict[SHOP_D_WORD], currency));
    double per = 1;
    while (digits-- > 0) per *= 10;
    *minor_per_unit = per;
    return TOC_OK;
}

toc_status fea_sorted_codes(toc_ctx *ctx, const toc_pool *pool, const bool *seen, uint32_t **codes, size_t *n)
{
    uint32_t *rank = NULL, *by_rank = NULL;
    size_t n_codes = toc_pool_size(pool), n_seen = 0;
    toc_status st = TOC_OK;

    if ((st = toc_alloc(ctx, n_codes, sizeof *rank, &rank))) goto out;
    if ((st = toc_alloc(ctx, n_codes, sizeof *by_rank, &by_rank))) goto out;
    if ((st = toc_pool_rank(ctx, pool, rank))) goto out;
    for (size_t c = 0; c < n_codes; c++) by_rank[rank[c]] = (uint32_t)c;
    for (size_t i = 0; i < n_codes; i++)
        if (by_rank[i] != 0 && seen[by_rank[i]]) by_rank[n_seen++] = by_rank[i];
    *codes = by_rank;
    *n = n_seen;
    by_rank = NULL;
out:
    toc_free(rank);
    toc_free(by_rank);
    return st;
}

toc_status fea_table(toc_ctx *ctx, const char *id_name, const shop_data *view, shop_domain domain, const uint32_t *codes,
                     size_t n, const fea_info *list, size_t n_list, tab_table *table, double **column)
{
    tab_column *c;

    tab_init(table, n);
    TOC_TRY(tab_add(ctx, table, id_name, TAB_TEXT, &view->dict[domain], &c));
    for (size_t i = 0; i < n; i++) c->code[i] = codes[i];
    for (size_t i = 0; i < n_list; i++) {
        TOC_TRY(tab_add(ctx, table, list[i].name, TAB_F64, NULL, &c));
        column[i] = c->f64;
    }
    return TOC_OK;
}

/* Heap sort: in place, no recursion, no worst case; the lists are short. */
void fea_sort_codes(uint32_t *x, size_t n)
{
    for (size_t root = n / 2, end = n; end > 1;) {
        if (root > 0) {
            root--;
        } else {
            end--;
            uint32_t top = x[0];
            x[0] = x[end];
            x[end] = top;
        }
        uint32_t value = x[root];
        size_t at = root;
        for (size_t child; (child = 2 * at + 1) < end; at = child) {
            if (child + 1 < end && x[child + 1] > x[child]) child++;
            if (x[child] <= value) break;
            x[at] = x[child];
        }
        x[at] = value;
    }
}

/* Few codes: each goes to one of 64 places, and only what meets another there is looked for among those that came before. */
static size_t distinct_of_few(uint32_t *codes, size_t n)
{
    uint64_t taken = 0;
    size_t distinct = 0;

    for (size_t i = 0; i < n; i++) {
        const uint32_t code = codes[i];
        const uint64_t bit = UINT64_C(1) << (code * UINT32_C(0x9e3779b1) >> 26);
        if (!code) continue;
        size_t k = 0;
        if (taken & bit)
            while (k < distinct && codes[k] != code) k++;
        else k = distinct;
        taken |= bit;
        codes[k] = code;
        distinct += k == distinct;
    }
    return distinct;
}

size_t fea_distinct(uint32_t *scratch, size_t n)
{
    size_t distinct = 0;

    if (n <= 64) return distinct_of_few(scratch, n);
    fea_sort_codes(scratch, n);
    for (size_t i = 0; i < n; i++) distinct += scratch[i] != 0 && (i == 0 || scratch[i] != scratch[i - 1]);
    return distinct;
}

const fea_info *fea_list(const char *entity, size_t *n)
{
    static const struct {
        const char *entity;
        const fea_info *list;
        const size_t *n;
    } lists[] = {
        { "customers", fea_customer_list, &fea_customer_count }, { "merchants", fea_merchant_list, &fea_merchant_count },
        { "products", fea_product_list, &fea_product_count },    { "orders", fea_order_list, &fea_order_count },
    };
    for (size_t i = 0; i < TOC_COUNT(lists); i++) {
        if (!toc_str_is(toc_str_of(entity), lists[i].entity)) continue;
        *n = *lists[i].n;
        return lists[i].list;
    }
    return NULL;
}
