/* merchant.c: the dossier of one merchant. */
#include "dossier/dossier.h"

#include <math.h>

#include "features/features.h"
#include "num/num.h"

/* One dossier being written. */
typedef struct {
    const fraud_analysis *a;
    const shop_data *view;
    const fraud_group *group;
    uint32_t code;   /* of the merchant */
    size_t row;      /* in the merchants' features */
    bool show_personal;
    dos_dossier *d;
    double unit;     /* major units per minor unit */
} writing;

static double value_of(const writing *w, const char *feature)
{
    const tab_column *column = tab_find(&w->group->features, feature);
    return column ? column->f64[w->row] : NAN;
}

static double usual_of(const writing *w, const char *feature)
{
    const tab_column *column = tab_find(&w->group->features, feature);
    return column ? w->group->median[column - w->group->features.columns] : NAN;
}

static const char *shown(double value, char *buf)
{
    if (isnan(value)) return "-";
    snprintf(buf, 32, "%.4g", value);
    return buf;
}

/* ---- numbers beside peers ---- */

static toc_status add_numbers(toc_ctx *ctx, writing *w)
{
    static const char *const columns[] = { "what", "this merchant", "usual", "unit" };
    static const char *const features[] = {
        "orders", "orders_30d", "spend_30d", "buyers", "repeat_share", "only_here_share", "new_account_share", "top10_share", "burst", "ship_at_once_share",
        "never_shipped_share", "refund_share", "cancel_share", "reviews", "rating_mean", "five_star_share", "review_burst",
    };
    char a[32], b[32];
    size_t n_info, n = 0;
    const fea_info *info = fea_list("merchants", &n_info);
    dos_section *s;

    TOC_TRY(dos_add_section(ctx, w->d, "Numbers beside its peers", "Usual is the median of all merchants.", &s));
    TOC_TRY(dos_table(ctx, w->d, s, columns, TOC_COUNT(columns), TOC_COUNT(features)));
    for (size_t f = 0; f < TOC_COUNT(features); f++) {
        if (isnan(value_of(w, features[f]))) continue;
        for (size_t i = 0; i < n_info; i++) {
            if (strcmp(info[i].name, features[f]) != 0) continue;
            TOC_TRY(dos_set_cell(ctx, w->d, s, n, 0, "%s", info[i].meaning));
            TOC_TRY(dos_set_cell(ctx, w->d, s, n, 3, "%s", info[i].unit));
        }
        TOC_TRY(dos_set_cell(ctx, w->d, s, n, 1, "%s", shown(value_of(w, features[f]), a)));
        TOC_TRY(dos_set_cell(ctx, w->d, s, n++, 2, "%s", shown(usual_of(w, features[f]), b)));
    }
    s->n_rows = n;
    return TOC_OK;
}

/* ---- course over time ---- */

enum { MOST_WEEKS = 104 };

static toc_status add_course(toc_ctx *ctx, writing *w)
{
    const shop_orders *o = &w->view->orders;
    const shop_reviews *r = &w->view->reviews;
    double orders[MOST_WEEKS] = {0}, refunds[MOST_WEEKS] = {0}, stars[MOST_WEEKS] = {0}, reviews[MOST_WEEKS] = {0};
    int64_t first = w->a->as_of;
    char from[16], to[16];
    dos_section *s;

    for (size_t i = 0; i < o->n; i++)
        if (o->merchant_id[i] == w->code) first = TOC_MIN(first, o->ordered_at[i]);
    size_t n = TOC_MIN((size_t)((w->a->as_of - first) / (7 * TOC_DAY)) + 1, (size_t)MOST_WEEKS);
    int64_t start = w->a->as_of - (int64_t)n * 7 * TOC_DAY;
    for (size_t i = 0; i < o->n; i++) {
        if (o->merchant_id[i] != w->code || o->ordered_at[i] < start) continue;
        size_t week = (size_t)((o->ordered_at[i] - start) / (7 * TOC_DAY));
        shop_status status = shop_line_status(w->view, i);
        orders[week]++;
        refunds[week] += status == SHOP_REFUNDED || status == SHOP_RETURNED || status == SHOP_CANCELLED;
    }
    for (size_t i = 0; i < r->n; i++) {
        if (r->merchant_id[i] != w->code || r->created_at[i] < start || r->rating[i] == SHOP_NO_INT) continue;
        size_t week = (size_t)((r->created_at[i] - start) / (7 * TOC_DAY));
        stars[week] += (double)r->rating[i] / SHOP_RATIO;
        reviews[week]++;
    }
    for (size_t k = 0; k < n; k++) stars[k] = reviews[k] > 0 ? stars[k] / reviews[k] : NAN;
    toc_format_date(ctx, start, from);
    toc_format_date(ctx, w->a->as_of, to);
    TOC_TRY(dos_add_section(ctx, w->d, "Orders by week", NULL, &s));
    TOC_TRY(toc_arena_copy(ctx, &w->d->arena, from, strlen(from), &s->x_first));
    TOC_TRY(toc_arena_copy(ctx, &w->d->arena, to, strlen(to), &s->x_last));
    TOC_TRY(dos_add_series(ctx, w->d, s, "order lines", orders, n));
    TOC_TRY(dos_add_series(ctx, w->d, s, "of them refunded, returned or cancelled", refunds, n));
    const char *x_first = s->x_first, *x_last = s->x_last;
    TOC_TRY(dos_add_section(ctx, w->d, "Ratings by week", NULL, &s));
    s->x_first = x_first;
    s->x_last = x_last;
    TOC_TRY(dos_add_series(ctx, w->d, s, "mean rating", stars, n));
    return dos_add_series(ctx, w->d, s, "number of reviews", reviews, n);
}

/* ---- shared keys ---- */

typedef struct {
    uint64_t key;       /* kind and code */
    uint32_t customer;
} tie;

typedef struct {
    uint64_t key;
    size_t customers, orders;
} shared_key;

static int compare_ties(const void *a, const void *b, const void *arg)
{
    const tie *x = a, *y = b;
    (void)arg;
    if (x->key != y->key) return x->key < y->key ? -1 : 1;
    return (x->customer > y->customer) - (x->customer < y->customer);
}

static const struct {
    const char *name;
    shop_domain domain;
} key_kinds[] = { { "device", SHOP_D_DEVICE }, { "address", SHOP_D_ADDRESS }, { "means of payment", SHOP_D_PAYMENT_KEY }, { "IP address", SHOP_D_IP } };

static const char *key_text(const shop_data *view, uint64_t key)
{
    return shop_text(view, key_kinds[key >> 32].domain, (uint32_t)key);
}

/* Most shared first; then by kind and text, never by code, which is the order of reading. arg: the view. */
static int compare_shared(const void *a, const void *b, const void *arg)
{
    const shared_key *x = a, *y = b;
    if (x->customers != y->customers) return x->customers < y->customers ? 1 : -1;
    if (x->orders != y->orders) return x->orders < y->orders ? 1 : -1;
    if (x->key >> 32 != y->key >> 32) return x->key < y->key ? -1 : 1;
    return strcmp(key_text(arg, x->key), key_text(arg, y->key));
}

/* The first bytes of a text, at most `most` of them and no character cut in two. */
static int whole_characters(const char *text, size_t most)
{
    size_t n = strnlen(text, most + 1);

    if (n <= most) return (int)n;
    for (n = most; n > 0 && ((unsigned char)text[n] & 0xc0) == 0x80;) n--;
    return (int)n;
}

/* How much of a contact a page shows: enough to tell two apart, never more than a third of it. */
static int shown_of_contact(const char *text)
{
    return whole_characters(text, TOC_MIN(strlen(text) / 3, (size_t)3));
}

/* Keys that at least three buyers of the merchant share, most shared first. */
static toc_status find_shared(toc_ctx *ctx, const writing *w, shared_key **shared, size_t *n_shared)
{
    const shop_orders *o = &w->view->orders;
    const uint32_t *const columns[] = { o->device_id, o->address, o->payment_key, o->ip };
    tie *ties = NULL;
    size_t n = 0;
    toc_status st = TOC_OK;

    if ((st = toc_alloc(ctx, o->n * TOC_COUNT(columns), sizeof *ties, &ties))) goto out;
    for (size_t i = 0; i < o->n; i++)
        for (uint32_t k = 0; k < TOC_COUNT(columns) && o->merchant_id[i] == w->code; k++)
            if (columns[k][i]) ties[n++] = (tie){ toc_pair(k, columns[k][i]), o->customer_id[i] };
    if ((st = toc_sort(ctx, ties, n, sizeof *ties, compare_ties, NULL))) goto out;
    if ((st = toc_alloc(ctx, n, sizeof **shared, shared))) goto out;
    for (size_t i = 0, end; i < n; i = end) {
        shared_key key = { .key = ties[i].key };
        for (end = i; end < n && ties[end].key == key.key; end++) {
            key.orders++;
            key.customers += end == i || ties[end].customer != ties[end - 1].customer;
        }
        if (key.customers >= 3) (*shared)[(*n_shared)++] = key;
    }
    st = toc_sort(ctx, *shared, *n_shared, sizeof **shared, compare_shared, w->view);
out:
    toc_free(ties);
    return st;
}

static toc_status add_shared_keys(toc_ctx *ctx, writing *w)
{
    enum { MOST = 12 };
    static const char *const columns[] = { "kind", "key", "buyers", "order lines" };
    shared_key *shared = NULL;
    size_t n = 0;
    dos_section *s;
    toc_status st = find_shared(ctx, w, &shared, &n);

    if (st || !n) goto out;
    if ((st = dos_add_section(ctx, w->d, "What its buyers share", "Keys used by three buyers or more. A crowd may be a cafe or an office; a few who share several keys are a ring.", &s))) goto out;
    if ((st = dos_table(ctx, w->d, s, columns, TOC_COUNT(columns), TOC_MIN(n, (size_t)MOST)))) goto out;
    for (size_t i = 0; i < s->n_rows && !st; i++) {
        const char *text = key_text(w->view, shared[i].key);
        st = dos_set_cell(ctx, w->d, s, i, 0, "%s", key_kinds[shared[i].key >> 32].name);
        if (!st && w->show_personal) st = dos_set_cell(ctx, w->d, s, i, 1, "%s", text);
        if (!st && !w->show_personal) st = dos_set_cell(ctx, w->d, s, i, 1, "%.*s***", shown_of_contact(text), text);
        if (!st) st = dos_set_cell(ctx, w->d, s, i, 2, "%zu", shared[i].customers);
        if (!st) st = dos_set_cell(ctx, w->d, s, i, 3, "%zu", shared[i].orders);
    }
out:
    toc_free(shared);
    return st;
}

/* ---- copied reviews ---- */

typedef struct {
    uint32_t row, group;
    size_t in_group; /* copies of the merchant in this group */
} copied_review;

/* The largest groups first; a group stands together, in time. */
static int compare_copied(const void *a, const void *b, const void *arg)
{
    const copied_review *x = a, *y = b;
    (void)arg;
    if (x->in_group != y->in_group) return x->in_group < y->in_group ? 1 : -1;
    if (x->group != y->group) return x->group < y->group ? -1 : 1;
    return (x->row > y->row) - (x->row < y->row);
}

/* All copied reviews of the merchant; heap. */
static toc_status list_copied(toc_ctx *ctx, const writing *w, copied_review **copied, size_t *n)
{
    const shop_reviews *r = &w->view->reviews;
    size_t *size = NULL;
    toc_status st = TOC_OK;

    if ((st = toc_alloc(ctx, r->n, sizeof **copied, copied))) goto out;
    if ((st = toc_alloc(ctx, r->n, sizeof *size, &size))) goto out; /* there are fewer groups than reviews */
    for (size_t i = 0; i < r->n; i++) {
        uint32_t group = w->a->copies[i];
        if (r->merchant_id[i] != w->code || group == UINT32_MAX) continue;
        (*copied)[(*n)++] = (copied_review){ .row = (uint32_t)i, .group = group };
        size[group]++;
    }
    for (size_t i = 0; i < *n; i++) (*copied)[i].in_group = size[(*copied)[i].group];
    st = toc_sort(ctx, *copied, *n, sizeof **copied, compare_copied, NULL);
out:
    toc_free(size);
    return st;
}

/* One row of the table: review `c`, of the dossier's group number `group`. */
static toc_status write_copied(toc_ctx *ctx, writing *w, dos_section *s, size_t row, const copied_review *c, unsigned group)
{
    enum { MOST_BYTES = 300 };
    const shop_reviews *r = &w->view->reviews;
    const char *body = shop_text(w->view, SHOP_D_TEXT, r->body[c->row]);
    char date[16], stars[32];

    toc_format_date(ctx, r->created_at[c->row], date);
    TOC_TRY(dos_set_cell(ctx, w->d, s, row, 0, "%u", group));
    TOC_TRY(dos_set_cell(ctx, w->d, s, row, 1, "%s", date));
    TOC_TRY(dos_set_cell(ctx, w->d, s, row, 2, "%s", r->rating[c->row] == SHOP_NO_INT ? "-" : shown((double)r->rating[c->row] / SHOP_RATIO, stars)));
    TOC_TRY(dos_set_cell(ctx, w->d, s, row, 3, "%s", shop_text(w->view, SHOP_D_CUSTOMER, r->customer_id[c->row])));
    return dos_set_cell(ctx, w->d, s, row, 4, "%.*s", whole_characters(body, MOST_BYTES), body);
}

static toc_status add_copies(toc_ctx *ctx, writing *w)
{
    enum { MOST = 12 };
    static const char *const columns[] = { "group", "written", "stars", "customer", "text" };
    copied_review *copied = NULL;
    size_t n = 0;
    unsigned group = 0;
    const char *lead;
    dos_section *s;
    toc_status st = list_copied(ctx, w, &copied, &n);

    if (st || !n) goto out;
    if ((st = toc_arena_printf(ctx, &w->d->arena, &lead, "%zu of its reviews nearly copy another.", n))) goto out;
    if ((st = dos_add_section(ctx, w->d, "Copied reviews side by side", lead, &s))) goto out;
    if ((st = dos_table(ctx, w->d, s, columns, TOC_COUNT(columns), TOC_MIN(n, (size_t)MOST)))) goto out;
    for (size_t i = 0; i < s->n_rows && !st; i++) {
        group += !i || copied[i].group != copied[i - 1].group;
        st = write_copied(ctx, w, s, i, &copied[i], group);
    }
out:
    toc_free(copied);
    return st;
}

/* ---- orders to open ---- */

static toc_status add_orders(toc_ctx *ctx, writing *w)
{
    static const char *const columns[] = { "order", "placed", "customer", "amount", "ring of", "status" };
    const shop_orders *o = &w->view->orders;
    char placed[32], money[32];
    dos_section *s;
    size_t n = 0;

    if (!w->d->verdict.n_evidence) return TOC_OK;
    TOC_TRY(dos_add_section(ctx, w->d, "Orders to open first", "Newest first, those of buyers in a ring before the others.", &s));
    TOC_TRY(dos_table(ctx, w->d, s, columns, TOC_COUNT(columns), w->d->verdict.n_evidence));
    for (size_t e = 0; e < w->d->verdict.n_evidence; e++) {
        uint32_t order;
        size_t i = 0;
        if (!toc_pool_find(&w->view->dict[SHOP_D_ORDER], toc_str_of(w->d->verdict.evidence[e]), &order)) continue;
        while (i < o->n && (o->order_id[i] != order || o->merchant_id[i] != w->code)) i++;
        if (i == o->n) continue;
        placed[toc_format_time(o->ordered_at[i], placed)] = 0;
        money[toc_format_money(shop_line_amount(w->view, i), toc_currency_digits(toc_pool_str(&w->view->dict[SHOP_D_WORD], o->currency[i])), money)] = 0;
        TOC_TRY(dos_set_cell(ctx, w->d, s, n, 0, "%s", w->d->verdict.evidence[e]));
        TOC_TRY(dos_set_cell(ctx, w->d, s, n, 1, "%s", placed));
        TOC_TRY(dos_set_cell(ctx, w->d, s, n, 2, "%s", shop_text(w->view, SHOP_D_CUSTOMER, o->customer_id[i])));
        TOC_TRY(dos_set_cell(ctx, w->d, s, n, 3, "%s %s", money, shop_text(w->view, SHOP_D_WORD, o->currency[i])));
        TOC_TRY(dos_set_cell(ctx, w->d, s, n, 4, "%u", w->a->ring_size[o->customer_id[i]]));
        TOC_TRY(dos_set_cell(ctx, w->d, s, n++, 5, "%s", shop_status_name(shop_line_status(w->view, i))));
    }
    s->n_rows = n;
    return TOC_OK;
}

/* ---- what speaks against fraud ---- */

static toc_status add_defence(toc_ctx *ctx, writing *w)
{
    static const char *const columns[] = { "what speaks against fraud" };
    /* below: the value is better the lower it is */
    static const struct { const char *feature, *words; bool below; double factor; } facts[] = {
        { "age_days", "it has been there longer than most: %s days (usually %s)", false, 1.5 },
        { "buyers", "it has more buyers than most: %s (usually %s)", false, 1.5 },
        { "only_here_share", "its regular buyers also buy elsewhere: only %s of them buy here alone (usually %s)", true, 1 },
        { "top10_share", "orders are spread: the ten busiest buyers place %s of them (usually %s)", true, 1 },
        { "refund_share", "few refunds: %s of lines (usually %s)", true, 0.8 },
        { "new_account_share", "few fresh accounts: %s of orders (usually %s)", true, 0.8 },
        { "shared_device_share", "its buyers use devices of their own: %s share one (usually %s)", true, 0.8 },
        { "never_shipped_share", "it ships: %s of lines stayed (usually %s)", true, 1 },
    };
    char a[32], b[32];
    dos_section *s;
    size_t n = 0;

    TOC_TRY(dos_add_section(ctx, w->d, "What speaks against fraud", NULL, &s));
    TOC_TRY(dos_table(ctx, w->d, s, columns, 1, TOC_COUNT(facts)));
    for (size_t f = 0; f < TOC_COUNT(facts); f++) {
        double value = value_of(w, facts[f].feature), usual = usual_of(w, facts[f].feature);
        if (isnan(value) || isnan(usual)) continue;
        if (facts[f].below ? value > usual * facts[f].factor : value < usual * facts[f].factor) continue;
        toc_buf text = {0};
        toc_str rest = toc_str_of(facts[f].words), piece;
        toc_status st = TOC_OK;
        for (int k = 0; toc_str_split(&rest, '%', &piece) && !st; k++) { /* the two %s of the words */
            if (k) st = toc_buf_str(ctx, &text, shown(k == 1 ? value : usual, k == 1 ? a : b));
            if (!st) st = k ? toc_buf_add(ctx, &text, piece.p + 1, piece.n - 1) : toc_buf_add(ctx, &text, piece.p, piece.n);
        }
        if (!st) st = dos_set_cell(ctx, w->d, s, n++, 0, "%s", text.p);
        toc_buf_release(&text);
        TOC_TRY(st);
    }
    s->n_rows = n;
    if (!n) s->lead = "Nothing in the numbers does.";
    return TOC_OK;
}

static toc_status add_verdict(toc_ctx *ctx, writing *w)
{
    warn_list scratch;
    warn_item *item;
    char text[32];

    warn_list_init(&scratch, "fraud");
    toc_status st = warn_add(ctx, &scratch, &item);
    if (!st) st = fraud_describe(ctx, w->a, FRAUD_MERCHANT, &w->group->cases[w->row], &scratch, item);
    if (!st) st = warn_add_fact(ctx, &scratch, item, "orders", "%s", shown(value_of(w, "orders"), text));
    if (!st) st = warn_add_fact(ctx, &scratch, item, "buyers", "%s", shown(value_of(w, "buyers"), text));
    if (!st) st = warn_add_fact(ctx, &scratch, item, "days since it opened", "%s", shown(value_of(w, "age_days"), text));
    if (!st) {
        item->action = item->level == WARN_NOTICE ? "nothing; the numbers are near the usual" : "open the orders named below; hold the payout until they are explained";
        w->d->verdict = *item;
        w->d->has_verdict = true;
        /* The texts live in the scratch list's arena, which the dossier takes over. */
        TOC_ASSERT(!w->d->arena.head);
        w->d->arena = scratch.arena;
        scratch.arena.head = NULL;
    }
    warn_release(&scratch);
    return st;
}

static toc_status no_such_merchant(toc_ctx *ctx, const fraud_group *g, const char *id)
{
    const tab_column *ids = &g->features.columns[0];
    toc_buf some = {0};
    char buf[40];
    toc_status st = toc_buf_str(ctx, &some, "");

    for (size_t r = 0; r < TOC_MIN(g->features.n_rows, (size_t)5) && !st; r++) {
        toc_str text = tab_cell(ids, r, buf);
        st = toc_buf_printf(ctx, &some, "%s%.*s", r ? ", " : "", (int)text.n, text.p);
    }
    if (!st) st = toc_fail(ctx, TOC_E_USAGE, "no merchant \"%s\" among the %zu seen before that moment (%s%s)", id, g->features.n_rows, some.p,
                           g->features.n_rows > 5 ? ", ..." : "");
    toc_buf_release(&some);
    return st;
}

toc_status dos_merchant(toc_ctx *ctx, const fraud_analysis *a, const char *merchant_id, bool show_personal, dos_dossier *d)
{
    static toc_status (*const parts[])(toc_ctx *ctx, writing *w) = { add_numbers, add_course, add_shared_keys, add_copies, add_orders, add_defence };
    writing w = { .a = a, .view = &a->view, .group = &a->groups[FRAUD_MERCHANT], .show_personal = show_personal, .d = d };
    bool found = toc_pool_find(&a->view.dict[SHOP_D_MERCHANT], toc_str_of(merchant_id), &w.code) && w.code;

    while (found && w.row < w.group->features.n_rows && w.group->features.columns[0].code[w.row] != w.code) w.row++;
    if (!found || w.row == w.group->features.n_rows) return no_such_merchant(ctx, w.group, merchant_id);
    dos_init(d, "merchant");
    d->as_of = a->as_of;
    TOC_TRY(add_verdict(ctx, &w));
    d->entity = d->verdict.entity;
    TOC_TRY(toc_arena_printf(ctx, &d->arena, &d->title, "Merchant %s", d->entity));
    for (size_t i = 0; i < TOC_COUNT(parts); i++) TOC_TRY(parts[i](ctx, &w));
    return TOC_OK;
}
