/* inventory.c: outlook to warnings. What a product's numbers are (advice), what is wrong (problem), and how it is said. */
#include "inventory/inventory_int.h"

#include <math.h>

typedef enum {
    P_NONE,
    P_OUT,
    P_RUNS_OUT,
    P_DEAD,
    P_SURPLUS,
    P_NEGATIVE,
    P_COUNT,
    P_DEMAND_UP,
    P_DEMAND_DOWN,
    N_PROBLEMS
} problem;
static const char *const problem_names[N_PROBLEMS] = {
    "", "out_of_stock", "runs_out", "dead_stock", "surplus", "negative_count", "count_again", "demand_above", "demand_below"
};

/* The numbers of one product. */
typedef struct {
    double on_hand, reserved, incoming, position, available; /* NaN = no count */
    double per_day, expected, quantile, window, lead_time, cover;
    double reorder_point, order_quantity;
    double price, cost;
    double lately, lately_expected, lately_chance; /* the last window against what was forecast for it */
    int64_t stock_out_on;                          /* TOC_NO_TIME = not in sight */
    bool discontinued, assumed_lead;
} advice;

typedef struct {
    toc_ctx *ctx;
    const shop_data *view;
    const inventory_options *options;
    const inv_outlook *now, *before; /* before: NULL when there is too little history */
    const inv_runout *runout;
    const double *list_price, *list_cost;
    const bool *discontinued;
    warn_list *list;
} desk;

static double or_nan(bool known, int64_t value)
{
    return known ? (double)value : NAN;
}

/* First day on which expected demand has used up what is there and what has arrived by then. */
static int64_t stock_out_day(const inv_outlook *o, size_t p, double per_day)
{
    const inv_stock *s = &o->stock[p];
    double left = (double)(s->on_hand - s->reserved), used = 0.0;
    bool dated = s->incoming > 0 && s->incoming_at != TOC_NO_TIME, undated = s->incoming > 0 && !dated;
    if (undated) left += (double)s->incoming;
    for (size_t h = 0; h < o->horizon; h++) {
        bool arrived = dated && s->incoming_at < o->as_of + (int64_t)(h + 1) * TOC_DAY;
        used = inv_mean_ahead(o, p, (double)(h + 1));
        if (used >= left + (arrived ? (double)s->incoming : 0.0) && used > 0.0) return o->as_of + (int64_t)h * TOC_DAY;
    }
    if (dated) left += (double)s->incoming;
    double days = per_day > 0.0 ? (double)o->horizon + (left - used) / per_day : INFINITY;
    return days < 365.0 ? o->as_of + (int64_t)days * TOC_DAY : TOC_NO_TIME;
}

static void fill_lately(const desk *k, size_t p, advice *a)
{
    const inv_demand *now = &k->now->demand;
    a->lately = a->lately_expected = a->lately_chance = NAN;
    if (!k->before) return;
    uint32_t code = now->product[p];
    size_t q = code < k->before->demand.n_codes ? k->before->demand.index_of[code] : 0;
    size_t days = inv_judged_days(k->options);
    if (!q) return;
    a->lately = inv_sold_lately(now, p, days);
    a->lately_expected = inv_mean_ahead(k->before, q - 1, (double)days);
    a->lately_chance = inv_window_exceed(k->before, q - 1, TOC_MAX(a->lately - 0.5, 0.0));
}

static advice advise(const desk *k, size_t p)
{
    const inv_outlook *o = k->now;
    const inv_stock *s = &o->stock[p];
    uint32_t code = o->demand.product[p];
    advice a = { .window = (double)o->window[p], .stock_out_on = TOC_NO_TIME, .discontinued = k->discontinued[code] };
    a.on_hand = or_nan(s->known, s->on_hand);
    a.reserved = or_nan(s->known, s->reserved);
    a.incoming = or_nan(s->known, s->incoming);
    a.position = a.on_hand - a.reserved + a.incoming;
    a.available = o->available[p];
    a.assumed_lead = !s->known || isnan(s->lead_time_days);
    a.lead_time = a.assumed_lead ? k->options->lead_time_days : s->lead_time_days;
    a.per_day = inv_mean_ahead(o, p, (double)o->horizon) / (double)o->horizon;
    a.expected = inv_mean_ahead(o, p, a.window);
    a.quantile = inv_window_quantile(o, p, k->options->service);
    a.cover = a.per_day > 0.0 ? TOC_MAX(a.on_hand - a.reserved, 0.0) / a.per_day : NAN;
    double share = TOC_MIN(1.0, a.lead_time / a.window);
    a.reorder_point = ceil(a.expected * share + TOC_MAX(0.0, a.quantile - a.expected) * sqrt(share));
    a.order_quantity = a.discontinued ? 0.0 : isnan(a.position) ? ceil(a.quantile) : TOC_MAX(0.0, ceil(a.quantile - a.position));
    a.price = isnan(o->demand.price[p]) ? k->list_price[code] : o->demand.price[p];
    a.cost = s->known && !isnan(s->unit_cost) ? s->unit_cost : !isnan(k->list_cost[code]) ? k->list_cost[code] : a.price;
    if (s->known) a.stock_out_on = stock_out_day(o, p, a.per_day);
    fill_lately(k, p, &a);
    return a;
}

/* Expected units asked for beyond what is there: the area under the exceedance curve. */
static double expected_shortage(const inv_outlook *o, size_t p, double available)
{
    enum { STEPS = 100 };
    double from = TOC_MAX(available, 0.0), to = inv_window_quantile(o, p, 0.999), sum = 0.0;
    if (!(to > from)) return 0.0;
    double width = (to - from) / STEPS;
    for (int i = 0; i < STEPS; i++) sum += inv_window_exceed(o, p, from + ((double)i + 0.5) * width);
    return sum * width + TOC_MAX(0.0, -available);
}

static problem find_problem(const desk *k, size_t p, const advice *a, double *score)
{
    const inv_outlook *o = k->now;
    const fc_forecast *f = &o->forecast.series[p];
    bool known = o->stock[p].known, sells = f->class != FC_DEAD && !a->discontinued && a->expected >= 0.2;
    *score = 0.0;
    if (!known) {
        if (o->has_stock || !(a->lately >= 0.0) || !k->before) return P_NONE;
        *score = TOC_MAX(1.0 - a->lately_chance, a->lately_chance);
        if (a->lately_chance < 0.002 && a->lately >= 5.0 && a->lately > 2.0 * a->lately_expected) return P_DEMAND_UP;
        if (a->lately_chance > 0.995 && a->lately_expected >= 5.0 && a->lately < 0.4 * a->lately_expected) return P_DEMAND_DOWN;
        return P_NONE;
    }
    *score = inv_runout_product(k->runout, o, p, inv_judged_days(k->options));
    if (o->stock[p].outsold && a->on_hand <= 0.0) return P_COUNT;
    if (sells && a->on_hand - a->reserved <= 0.0) {
        *score = inv_window_exceed(o, p, 0.5);
        if (*score >= k->options->min_chance) return P_OUT;
    }
    if (sells && (*score >= k->options->min_chance || (o->chance[p] >= 0.5 && a->order_quantity >= 1.0))) return P_RUNS_OUT;
    bool old_enough = (double)o->demand.n_days >= k->options->dead_days;
    if (a->on_hand > 0.0 && old_enough && (f->class == FC_DEAD || a->discontinued)) {
        *score = 1.0 - inv_window_exceed(o, p, 0.5);
        return P_DEAD;
    }
    if (a->cover > k->options->cover_days && f->class != FC_NEW) {
        *score = 1.0 - inv_exceed_within(o, p, k->options->cover_days, a->position);
        if (*score >= 0.8) return P_SURPLUS;
    }
    return o->stock[p].negative ? P_NEGATIVE : P_NONE;
}

static warn_level level_of(problem what, double score, const advice *a)
{
    switch (what) {
    case P_OUT: return a->per_day * a->lead_time >= 1.0 ? WARN_CRITICAL : WARN_WARNING;
    case P_RUNS_OUT: return score >= 0.8 ? WARN_CRITICAL : score >= 0.5 ? WARN_WARNING : WARN_NOTICE;
    case P_DEMAND_UP: return WARN_WARNING;
    default: return WARN_NOTICE;
    }
}

static int64_t stake(const desk *k, size_t p, problem what, const advice *a)
{
    double units = 0.0, each = a->price;
    switch (what) {
    case P_OUT: case P_RUNS_OUT: units = expected_shortage(k->now, p, a->available); break;
    case P_DEAD: units = a->on_hand; each = a->cost; break;
    case P_SURPLUS: units = a->position - inv_mean_ahead(k->now, p, k->options->cover_days); each = a->cost; break;
    case P_DEMAND_UP: case P_DEMAND_DOWN: units = fabs(a->lately - a->lately_expected); break;
    default: return TOC_NO_MONEY;
    }
    return isnan(units * each) ? TOC_NO_MONEY : (int64_t)llround(units * each);
}

/* ---- words ---- */

/* A quantity as people write it: whole from ten up, else with one digit where needed. */
static const char *units(double value, char buf[32])
{
    double shown = value >= 10.0 ? round(value) : round(value * 10.0) / 10.0;
    toc_format_double(shown, buf);
    return buf;
}

/* Every reason here is a rule: no share of the score. */
static warn_reason why(const char *code, double value, double usual, double threshold)
{
    return (warn_reason){ .code = code, .value = value, .usual = usual, .threshold = threshold, .weight = NAN };
}

static toc_status add_main_reason(const desk *k, warn_item *item, problem what, const advice *a)
{
    char x[32], y[32], z[32], w[32], v[32];
    toc_ctx *ctx = k->ctx;
    switch (what) {
    case P_OUT:
        return warn_add_reason(ctx, k->list, item, why("I02", a->on_hand, a->expected, a->quantile),
                               "nothing left to sell; %s a day are usually asked for, and new stock needs %s days",
                               units(a->per_day, x), units(a->lead_time, y));
    case P_RUNS_OUT:
        return warn_add_reason(ctx, k->list, item, why("I01", a->available, a->expected, a->quantile),
                               "%s can be sold in the %s days until new stock is in reach; %s are usually asked for, and %s in "
                               "the worst %s of 100 cases",
                               units(a->available, x), units(a->window, y), units(a->expected, z), units(a->quantile, w),
                               units(100.0 * (1.0 - k->options->service), v));
    case P_DEAD:
        return warn_add_reason(ctx, k->list, item, why("I04", a->on_hand, a->expected, k->options->dead_days),
                               a->discontinued ? "%s on hand of a product that is discontinued"
                                               : "%s on hand and no sale in the last %s days",
                               units(a->on_hand, x), units(k->options->dead_days, y));
    case P_SURPLUS:
        return warn_add_reason(ctx, k->list, item, why("I03", a->cover, a->per_day, k->options->cover_days),
                               "%s on hand last %s days at %s a day; more than %s days is surplus", units(a->on_hand, x),
                               units(a->cover, y), units(a->per_day, z), units(k->options->cover_days, w));
    case P_DEMAND_UP: case P_DEMAND_DOWN:
        return warn_add_reason(ctx, k->list, item, why(what == P_DEMAND_UP ? "I05" : "I06", a->lately, a->lately_expected, NAN),
                               "%s sold in the last %s days; %s were expected", units(a->lately, x),
                               units((double)inv_judged_days(k->options), y), units(a->lately_expected, z));
    case P_COUNT:
        return warn_add_reason(ctx, k->list, item, why("I10", a->on_hand, a->expected, NAN),
                               "more was sold since the last count than was there and on the way; %s a day are usually asked for",
                               units(a->per_day, x));
    default:
        return warn_add_reason(ctx, k->list, item, why("I07", a->on_hand, 0.0, 0.0),
                               "the stock count of at least one place is below zero");
    }
}

static toc_status add_reasons(const desk *k, warn_item *item, size_t p, problem what, const advice *a)
{
    const inv_outlook *o = k->now;
    TOC_TRY(add_main_reason(k, item, what, a));
    if (o->stock[p].negative && what != P_NEGATIVE)
        TOC_TRY(warn_add_reason(k->ctx, k->list, item, why("I07", a->on_hand, 0.0, 0.0),
                                "the stock count of at least one place is below zero"));
    double plain = o->forecast.series[p].sum_mean;
    if (o->promotion.factor && plain > 0.0 && a->expected > 1.02 * plain)
        TOC_TRY(warn_add_reason(k->ctx, k->list, item, why("I08", a->expected / plain, 1.0, NAN),
                                "a promotion is ahead: %.0f %% more demand is expected, as in promotions before",
                                100.0 * (a->expected / plain - 1.0)));
    if (o->demand.bulk[p])
        TOC_TRY(warn_add_reason(k->ctx, k->list, item, why("I09", o->demand.bulk[p], NAN, NAN),
                                "%u giant order%s left out of the usual demand", o->demand.bulk[p],
                                o->demand.bulk[p] == 1 ? "" : "s"));
    return TOC_OK;
}

static toc_status set_action(const desk *k, warn_item *item, problem what, const advice *a)
{
    char x[32];
    toc_arena *arena = &k->list->arena;
    switch (what) {
    case P_OUT: case P_RUNS_OUT:
        if (a->order_quantity >= 1.0)
            return toc_arena_printf(k->ctx, arena, &item->action, "order %s today", units(a->order_quantity, x));
        return toc_arena_printf(k->ctx, arena, &item->action, "hurry the %s on the way", units(a->incoming, x));
    case P_DEAD: return toc_arena_printf(k->ctx, arena, &item->action, "mark down, return to the supplier, or write off");
    case P_SURPLUS:
        return toc_arena_printf(k->ctx, arena, &item->action, "order no more; mark down or move what is above %s days",
                                units(k->options->cover_days, x));
    case P_DEMAND_UP:
        return toc_arena_printf(k->ctx, arena, &item->action, "check the stock; %s cover the next %.0f days",
                                units(ceil(a->quantile), x), a->window);
    case P_DEMAND_DOWN:
        return toc_arena_printf(k->ctx, arena, &item->action, "check whether it is still listed, in stock and priced right");
    default: return toc_arena_printf(k->ctx, arena, &item->action, "count the stock again");
    }
}

static toc_status fact_number(const desk *k, warn_item *item, const char *name, double value)
{
    char text[32] = "";
    if (!isnan(value) && !isinf(value)) toc_format_double(round(value * 100.0) / 100.0, text);
    return warn_add_fact(k->ctx, k->list, item, name, "%s", text);
}

static toc_status add_facts(const desk *k, warn_item *item, size_t p, problem what, const advice *a)
{
    const struct {
        const char *name;
        double value;
    } numbers[] = {
        { "on_hand", a->on_hand },
        { "reserved", a->reserved },
        { "incoming", a->incoming },
        { "demand_per_day", a->per_day },
        { "days_of_cover", a->cover },
        { "lead_time_days", a->lead_time },
        { "window_days", a->window },
        { "demand_expected", a->expected },
        { "demand_quantile", a->quantile },
        { "reorder_point", a->reorder_point },
        { "order_quantity", a->order_quantity },
    };
    char date[32] = "";
    TOC_TRY(warn_add_fact(k->ctx, k->list, item, "problem", "%s", problem_names[what]));
    TOC_TRY(warn_add_fact(k->ctx, k->list, item, "class", "%s", fc_class_name(k->now->forecast.series[p].class)));
    for (size_t i = 0; i < TOC_COUNT(numbers); i++) TOC_TRY(fact_number(k, item, numbers[i].name, numbers[i].value));
    if (a->stock_out_on != TOC_NO_TIME) toc_format_date(k->ctx, a->stock_out_on, date);
    return warn_add_fact(k->ctx, k->list, item, "stock_out_on", "%s", date);
}

static toc_status add_picture(const desk *k, warn_item *item, size_t p)
{
    const inv_outlook *o = k->now;
    size_t shown = TOC_MIN(o->demand.n_days, (size_t)56);
    TOC_TRY(toc_arena_alloc(k->ctx, &k->list->arena, shown, sizeof(double), &item->history));
    TOC_TRY(toc_arena_alloc(k->ctx, &k->list->arena, o->horizon, sizeof(double), &item->forecast));
    for (size_t i = 0; i < shown; i++) item->history[i] = (double)o->demand.sold[(p + 1) * o->demand.n_days - shown + i];
    for (size_t h = 0; h < o->horizon; h++)
        item->forecast[h] = o->forecast.series[p].mean[h] * (o->promotion.factor ? o->promotion.factor[p * o->horizon + h] : 1.0);
    item->n_history = shown;
    item->n_forecast = o->horizon;
    return TOC_OK;
}

static toc_status warn_product(const desk *k, size_t p)
{
    const shop_data *view = k->view;
    const inv_demand *d = &k->now->demand;
    advice a = advise(k, p);
    double score = 0.0;
    warn_item *item = NULL;
    problem what = find_problem(k, p, &a, &score);
    if (what == P_NONE) return TOC_OK;
    TOC_TRY(warn_add(k->ctx, k->list, &item));
    TOC_TRY(toc_arena_printf(k->ctx, &k->list->arena, &item->entity, "%s", shop_text(view, SHOP_D_PRODUCT, d->product[p])));
    TOC_TRY(toc_arena_printf(k->ctx, &k->list->arena, &item->id, "inventory:product:%s", item->entity));
    TOC_TRY(toc_arena_printf(k->ctx, &k->list->arena, &item->currency, "%s", shop_text(view, SHOP_D_WORD, d->currency[p])));
    item->entity_kind = "product";
    item->score = score;
    item->level = level_of(what, score, &a);
    item->money_minor = stake(k, p, what, &a);
    TOC_TRY(set_action(k, item, what, &a));
    TOC_TRY(add_reasons(k, item, p, what, &a));
    TOC_TRY(add_facts(k, item, p, what, &a));
    if (d->newest_line[p] >= 0)
        TOC_TRY(
            warn_add_evidence(k->ctx, k->list, item, shop_text(view, SHOP_D_ORDER, view->orders.order_id[d->newest_line[p]])));
    return add_picture(k, item, p);
}

/* ---- the whole ---- */

static toc_status add_notes(const desk *k, uint64_t dropped)
{
    const inv_outlook *o = k->now;
    const inv_demand *d = &o->demand;
    size_t counted = 0, assumed = 0;
    for (size_t p = 0; p < d->n; p++) {
        counted += o->stock[p].known;
        assumed += o->stock[p].known && isnan(o->stock[p].lead_time_days);
    }
    if (!o->has_stock)
        TOC_TRY(warn_note(k->ctx, k->list,
                          "no stock counts: only changes of demand are named; --stock with product_id, on_hand and as_of gives "
                          "stock-out dates and orders"));
    else if (counted < d->n)
        TOC_TRY(warn_note(k->ctx, k->list, "%zu of %zu products have no stock count and are left out", d->n - counted, d->n));
    if (assumed)
        TOC_TRY(warn_note(k->ctx, k->list, "no lead time for %zu of %zu products: %g days assumed", assumed, d->n,
                          k->options->lead_time_days));
    if (dropped & (uint64_t)1 << shop_column_of(SHOP_ORDERS, TOC_STR("status")))
        TOC_TRY(
            warn_note(k->ctx, k->list, "column status has no time of its own and is not used: cancelled orders count as demand"));
    if (d->no_product) TOC_TRY(warn_note(k->ctx, k->list, "%zu order lines without a product are not counted", d->no_product));
    if (d->hidden_days)
        TOC_TRY(
            warn_note(k->ctx, k->list, "%zu product days without stock taken as unknown demand, not as none", d->hidden_days));
    if (o->promotion.n_measured)
        TOC_TRY(warn_note(k->ctx, k->list, "promotions sold %.2f times the usual, measured on %zu product days",
                          o->promotion.uplift, o->promotion.n_measured));
    return TOC_OK;
}

static toc_status read_products(toc_ctx *ctx, const shop_data *view, int64_t as_of, size_t n_codes, double **price, double **cost,
                                bool **discontinued)
{
    const shop_products *r = &view->products;
    TOC_TRY(toc_alloc(ctx, n_codes, sizeof **price, price));
    TOC_TRY(toc_alloc(ctx, n_codes, sizeof **cost, cost));
    TOC_TRY(toc_alloc(ctx, n_codes, sizeof **discontinued, discontinued));
    for (size_t c = 0; c < n_codes; c++) (*price)[c] = (*cost)[c] = NAN;
    for (size_t i = 0; i < r->n; i++) {
        uint32_t c = r->product_id[i];
        if (r->price[i] != TOC_NO_MONEY) (*price)[c] = (double)r->price[i];
        if (r->cost[i] != TOC_NO_MONEY) (*cost)[c] = (double)r->cost[i];
        if (r->discontinued_at[i] != TOC_NO_TIME && r->discontinued_at[i] < as_of) (*discontinued)[c] = true;
    }
    return TOC_OK;
}

/* The past at earlier moments, and what was learned from it. */
typedef struct {
    inv_outlook before;    /* one window ago */
    inv_rows rows;         /* what ran out after it */
    inv_rows earlier_rows; /* and after the windows before that */
    inv_runout then, now;  /* the model known one window ago, and the one of today */
    bool done;
} hindsight;

/* Windows to learn running out from: more say more, but each costs a forecast of everything. */
enum { MANY_PRODUCTS = 20000, WINDOWS = 7, WINDOWS_OF_MANY = 3 };

static toc_status outlook_at(toc_ctx *ctx, const shop_data *shop, const inventory_options *options, int64_t as_of,
                             inv_outlook *outlook)
{
    shop_data view = {0};
    toc_status st = shop_as_of(ctx, shop, as_of, &view, NULL);
    if (!st) st = inv_outlook_build(ctx, &view, shop, as_of, options, inv_judged_days(options), outlook);
    shop_release(&view);
    return st;
}

/* Walks from the earliest window to the last one; each outlook is judged by the next. */
static toc_status learn_windows(toc_ctx *ctx, const shop_data *shop, const inventory_options *options, const inv_outlook *now,
                                size_t n_windows, hindsight *past)
{
    size_t days = inv_judged_days(options);
    int64_t today = toc_local_day(ctx, now->as_of);
    for (size_t k = n_windows; k > 0; k--) {
        inv_outlook later = {0};
        toc_status st = outlook_at(ctx, shop, options, toc_local_midnight(ctx, today - (int64_t)(k * days)), &later);
        if (!st && k < n_windows && later.has_stock)
            st = inv_rows_add(ctx, shop, &past->before, &later, days, &past->earlier_rows);
        inv_outlook_release(&past->before);
        past->before = later;
        if (st) return st;
    }
    TOC_TRY(inv_rows_add(ctx, shop, &past->before, now, days, &past->rows));
    return inv_runout_fit(ctx, &past->earlier_rows, &past->then);
}

static toc_status look_back(toc_ctx *ctx, const shop_data *shop, const inventory_options *options, const inv_outlook *now,
                            hindsight *past, warn_list *list)
{
    size_t days = inv_judged_days(options), need = 3 * days + 14,
           most = now->demand.n > MANY_PRODUCTS ? WINDOWS_OF_MANY : WINDOWS;
    if (now->demand.n_days < need)
        return toc_arena_printf(ctx, &list->arena, &list->backtest.why_not,
                                "%zu days of orders, and %zu are needed to look back one window of %zu days", now->demand.n_days,
                                need, days);
    size_t n_windows = now->has_stock ? TOC_MIN(most, 1 + (now->demand.n_days - need) / days) : 1;
    TOC_TRY(learn_windows(ctx, shop, options, now, n_windows, past));
    TOC_TRY(inv_backtest(ctx, options, &past->rows, &past->then, &past->before, now, list));
    past->done = true;
    TOC_TRY(inv_rows_append(ctx, &past->rows, &past->earlier_rows));
    return inv_runout_fit(ctx, &past->earlier_rows, &past->now);
}

static void hindsight_release(hindsight *past)
{
    inv_outlook_release(&past->before);
    inv_rows_release(&past->rows);
    inv_rows_release(&past->earlier_rows);
}

toc_status inventory_warn(toc_ctx *ctx, const shop_data *shop, int64_t as_of, const inventory_options *options, warn_list *list)
{
    toc_status st = TOC_OK;
    shop_data view = {0};
    inv_outlook now = {0};
    hindsight past = { .then = { .scale = 1.0 }, .now = { .scale = 1.0 } };
    double *price = NULL, *cost = NULL;
    bool *discontinued = NULL;
    uint64_t dropped = 0;
    warn_list_init(list, "inventory");
    list->title = "What will run out, what piles up, what to order";
    list->as_of = as_of;
    list->horizon = (int64_t)inv_judged_days(options) * TOC_DAY;
    list->calibrated = true;
    if ((st = shop_as_of(ctx, shop, as_of, &view, &dropped))) goto out;
    if ((st = inv_outlook_build(ctx, &view, shop, as_of, options, 0, &now))) goto out;
    if ((st = look_back(ctx, shop, options, &now, &past, list))) goto out;
    if ((st = read_products(ctx, &view, as_of, now.demand.n_codes, &price, &cost, &discontinued))) goto out;
    desk k = { .ctx = ctx,
               .view = &view,
               .options = options,
               .now = &now,
               .before = past.done ? &past.before : NULL,
               .runout = &past.now,
               .list_price = price,
               .list_cost = cost,
               .discontinued = discontinued,
               .list = list };
    for (size_t p = 0; p < now.demand.n; p++)
        if ((st = warn_product(&k, p))) goto out;
    list->n_considered = now.demand.n;
    list->calibrated = past.done; /* nothing was looked back on: ranks, no probabilities */
    if ((st = add_notes(&k, dropped))) goto out;
    st = warn_sort(ctx, list);
out:
    toc_free(price);
    toc_free(cost);
    toc_free(discontinued);
    inv_outlook_release(&now);
    hindsight_release(&past);
    shop_release(&view);
    return st;
}
