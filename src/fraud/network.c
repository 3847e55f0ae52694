/* network.c: what shows only across customers: rings by shared keys, near-copied reviews, review bombing. Their columns join the feature tables. */
#include "fraud/fraud.h"
#include "fraud/fraud_int.h"

#include <math.h>

#include "features/features.h"
#include "graph/graph.h"

enum { MOST_SHARERS = 8 }; /* a key used by more people than this is a place (a café, an office), not a tie */

/* Ties between customers: device, address, means of payment. */
static toc_status collect_uses(toc_ctx *ctx, const shop_data *view, gra_use **uses, size_t *n)
{
    const uint32_t *const keys[] = { view->orders.device_id, view->orders.address, view->orders.payment_key };

    TOC_TRY(toc_alloc(ctx, view->orders.n * TOC_COUNT(keys), sizeof **uses, uses));
    *n = 0;
    for (size_t i = 0; i < view->orders.n; i++)
        for (uint32_t k = 0; k < TOC_COUNT(keys); k++)
            if (keys[k][i] && view->orders.customer_id[i]) (*uses)[(*n)++] = (gra_use){ view->orders.customer_id[i], toc_pair(k, keys[k][i]) };
    return TOC_OK;
}

static toc_status find_rings(toc_ctx *ctx, fraud_analysis *a)
{
    size_t n_customers = toc_pool_size(&a->view.dict[SHOP_D_CUSTOMER]), n;
    gra_use *uses = NULL;
    gra_rings rings = {0};
    toc_status st = TOC_OK;

    if ((st = toc_alloc(ctx, n_customers, sizeof *a->ring_of_customer, &a->ring_of_customer))) goto out;
    if ((st = toc_alloc(ctx, n_customers, sizeof *a->ring_size, &a->ring_size))) goto out;
    if ((st = collect_uses(ctx, &a->view, &uses, &n))) goto out;
    if ((st = gra_find_rings(ctx, uses, n, n_customers, MOST_SHARERS, &rings))) goto out;
    for (size_t c = 0; c < n_customers; c++) {
        a->ring_of_customer[c] = rings.ring_of[c];
        a->ring_size[c] = rings.ring_of[c] == UINT32_MAX ? 1 : (uint32_t)rings.rings[rings.ring_of[c]].n_members;
    }
out:
    toc_free(uses);
    gra_rings_release(&rings);
    return st;
}

/* What a merchant's orders by ring members add up to. */
typedef struct {
    double orders, by_ring, quick;  /* orders here, those of ring members, those of them shipped at once or never */
    double members, members_orders; /* distinct ring members who bought here, and all their orders anywhere */
    double copied, reviews;         /* near-copied reviews */
    double bombs;                   /* most one-star reviews within three days */
} merchant_net;

enum { RING = 4 }; /* smaller groups are families */

/* The first line of every order at every merchant, in row order; lines that give goods back are no orders. n of them, heap. */
static toc_status list_parcels(toc_ctx *ctx, const shop_data *view, uint32_t **lines, size_t *n)
{
    const shop_orders *o = &view->orders;
    toc_map seen = {0};
    toc_status st;

    *n = 0;
    TOC_TRY(toc_alloc(ctx, o->n, sizeof **lines, lines));
    for (size_t i = 0; i < o->n; i++) {
        uint64_t *value;
        bool fresh;
        if (shop_line_is_return(view, i)) continue;
        if ((st = toc_map_at(ctx, &seen, toc_pair(o->order_id[i], o->merchant_id[i]), &value, &fresh))) goto out;
        if (fresh) (*lines)[(*n)++] = (uint32_t)i;
    }
    st = TOC_OK;
out:
    toc_map_release(&seen);
    return st;
}

static toc_status sum_orders(toc_ctx *ctx, const fraud_analysis *a, const uint32_t *row_of, merchant_net *net)
{
    const shop_orders *o = &a->view.orders;
    uint32_t *everywhere = NULL, *lines = NULL;
    size_t n;
    toc_map seen = {0};
    toc_status st = TOC_OK;

    if ((st = toc_alloc(ctx, toc_pool_size(&a->view.dict[SHOP_D_CUSTOMER]), sizeof *everywhere, &everywhere))) goto out;
    if ((st = list_parcels(ctx, &a->view, &lines, &n))) goto out;
    for (size_t k = 0; k < n; k++) everywhere[o->customer_id[lines[k]]]++;
    for (size_t k = 0; k < n && !st; k++) {
        uint32_t i = lines[k], row = row_of[o->merchant_id[i]], customer = o->customer_id[i];
        uint64_t *value;
        bool fresh;
        if (row == FRAUD_NONE || !customer) continue;
        net[row].orders++;
        if (a->ring_size[customer] < RING) continue;
        bool never = o->shipped_at[i] == TOC_NO_TIME && a->as_of - o->ordered_at[i] > 14 * TOC_DAY;
        bool at_once = o->shipped_at[i] != TOC_NO_TIME && o->shipped_at[i] - o->ordered_at[i] < 2 * TOC_HOUR;
        net[row].by_ring++;
        net[row].quick += never || at_once;
        st = toc_map_at(ctx, &seen, toc_pair(row, customer), &value, &fresh);
        if (st || !fresh) continue;
        net[row].members++;
        net[row].members_orders += everywhere[customer];
    }
out:
    toc_map_release(&seen);
    toc_free(everywhere);
    toc_free(lines);
    return st;
}

/* Reviews by merchant and time; the merchant of a review without one is unknown. */
static toc_status sum_reviews(toc_ctx *ctx, const fraud_analysis *a, const uint32_t *row_of, merchant_net *net)
{
    const shop_reviews *r = &a->view.reviews;
    uint64_t *keys = NULL;
    uint32_t *order = NULL;
    toc_status st = TOC_OK;

    if ((st = toc_alloc(ctx, r->n, sizeof *keys, &keys))) goto out;
    if ((st = toc_alloc(ctx, r->n, sizeof *order, &order))) goto out;
    for (size_t i = 0; i < r->n; i++) keys[i] = toc_key_i64(r->created_at[i]);
    if ((st = toc_sort_u64(ctx, keys, r->n, false, order))) goto out;
    for (size_t i = 0; i < r->n; i++) keys[i] = r->merchant_id[i];
    if ((st = toc_sort_u64(ctx, keys, r->n, true, order))) goto out;
    for (size_t i = 0, first = 0; i < r->n; i++) {
        const uint32_t review = order[i], row = row_of[r->merchant_id[review]];
        if (r->merchant_id[review] != r->merchant_id[order[first]]) first = i;
        if (row == FRAUD_NONE || !r->merchant_id[review]) continue;
        net[row].reviews++;
        net[row].copied += a->copies[review] != FRAUD_NONE;
        if (r->created_at[review] == TOC_NO_TIME || r->rating[review] == SHOP_NO_INT || r->rating[review] > 3 * SHOP_RATIO / 2) continue;
        double bombs = 1; /* this one, and the one-star reviews of the three days before */
        for (size_t back = i; back > first && r->created_at[order[back - 1]] >= r->created_at[review] - 3 * TOC_DAY; back--)
            bombs += r->rating[order[back - 1]] != SHOP_NO_INT && r->rating[order[back - 1]] <= 3 * SHOP_RATIO / 2;
        net[row].bombs = fmax(net[row].bombs, bombs);
    }
out:
    toc_free(keys);
    toc_free(order);
    return st;
}

static const struct {
    const char *name, *words;
} net_columns[] = { /* in the order of write_columns */
    { "ring_share", "share of its orders placed by members of rings" },
    { "ring_quick_share", "share of the ring members' orders shipped within two hours or never" },
    { "ring_members", "buyers who are members of rings" },
    { "ring_closed", "share of the ring members' orders anywhere that are placed here" },
    { "copied_share", "share of its reviews that nearly copy another" },
    { "bomb_reviews", "most one-star reviews within three days" },
    { "bomb_share", "these as a share of its reviews" },
    { "ring_size", "customers who hang together by shared devices, addresses or means of payment" },
};

const char *fraud_words(fraud_entity entity, const char *feature)
{
    static const char *const plural[FRAUD_N_ENTITIES] = { "orders", "customers", "merchants" };
    size_t n;
    const fea_info *info = fea_list(plural[entity], &n);

    for (size_t i = 0; i < n; i++)
        if (strcmp(info[i].name, feature) == 0) return info[i].meaning;
    for (size_t i = 0; i < TOC_COUNT(net_columns); i++)
        if (strcmp(net_columns[i].name, feature) == 0) return net_columns[i].words;
    return feature;
}

static toc_status write_columns(toc_ctx *ctx, tab_table *t, const merchant_net *net)
{
    for (size_t c = 0; c + 1 < TOC_COUNT(net_columns); c++) { /* the last is not the merchants' */
        tab_column *column;
        TOC_TRY(tab_add(ctx, t, net_columns[c].name, TAB_F64, NULL, &column));
        for (size_t r = 0; r < t->n_rows; r++) {
            const merchant_net *m = &net[r];
            const double values[] = {
                m->orders > 0 ? m->by_ring / m->orders : NAN, m->by_ring > 0 ? m->quick / m->by_ring : NAN, m->members,
                m->members_orders > 0 ? m->by_ring / m->members_orders : NAN, m->reviews > 0 ? m->copied / m->reviews : NAN, m->bombs,
                m->reviews > 0 ? m->bombs / m->reviews : NAN,
            };
            column->f64[r] = values[c];
        }
    }
    return TOC_OK;
}

/* Size of the ring a customer belongs to, 1 when none: for customers, and for orders by their customer. */
static toc_status add_ring_size(toc_ctx *ctx, fraud_analysis *a, fraud_entity entity)
{
    tab_table *t = &a->groups[entity].features;
    uint32_t *line_of = NULL;
    tab_column *column;

    if (entity == FRAUD_ORDER) TOC_TRY(fraud_first_lines(ctx, &a->view, &line_of));
    toc_status st = tab_add(ctx, t, "ring_size", TAB_F64, NULL, &column);
    for (size_t r = 0; r < t->n_rows && !st; r++) {
        uint32_t code = t->columns[0].code[r];
        uint32_t customer = line_of ? a->view.orders.customer_id[line_of[code]] : code;
        column->f64[r] = a->ring_size[customer];
    }
    toc_free(line_of);
    return st;
}

toc_status fraud_add_network_features(toc_ctx *ctx, fraud_analysis *a)
{
    tab_table *t = &a->groups[FRAUD_MERCHANT].features;
    uint32_t *row_of = NULL;
    merchant_net *net = NULL;
    toc_status st = TOC_OK;

    if ((st = find_rings(ctx, a))) goto out;
    if ((st = fraud_rows_by_code(ctx, a, FRAUD_MERCHANT, &row_of))) goto out;
    if ((st = toc_alloc(ctx, t->n_rows, sizeof *net, &net))) goto out;
    if ((st = sum_orders(ctx, a, row_of, net))) goto out;
    if ((st = sum_reviews(ctx, a, row_of, net))) goto out;
    if ((st = write_columns(ctx, t, net))) goto out;
    if ((st = add_ring_size(ctx, a, FRAUD_CUSTOMER))) goto out;
    st = add_ring_size(ctx, a, FRAUD_ORDER);
out:
    toc_free(row_of);
    toc_free(net);
    return st;
}
