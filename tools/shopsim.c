/* shopsim.c: writes a simulated shop with a known truth.
 *
 *   shopsim --lines N [--seed S] [--days D] [--shape canonical|shopify|taobao|amazon] --out FOLDER
 *
 * About N order lines over D days (400) up to 2026-06-30, and beside them FOLDER/truth. Memory grows with the number of customers, not of lines. */
#include "sim/sim.h"

/* An ordinary customer's order, and when the next one comes, if any. */
static toc_status customer_orders(sim *s, uint32_t i)
{
    sim_customer *c = &s->customers[i];
    int64_t at = c->next_at;
    int happy;

    if (c->created_at != TOC_NO_TIME) TOC_TRY(sim_new_account(s, i, c->created_at));
    c->created_at = TOC_NO_TIME;
    TOC_TRY(sim_order(s, i, at, &happy));
    c->orders += happy > 0;
    c->next_at = TOC_NO_TIME;
    double leave = (double)c->leave * (happy == 1 ? 3 : happy == 2 ? 2 : 1);
    if (happy > 0 && sim_chance(s, leave)) {
        c->left_at = at;
        return TOC_OK;
    }
    double gap = (double)c->gap_days * toc_rng_gamma(&s->rng, (double)c->shape) / (double)c->shape;
    if (!happy) gap *= 0.3; /* the shelf was empty: back sooner */
    int32_t day = (int32_t)((at - s->start) / TOC_DAY) + 1 + (int32_t)gap;
    /* A year has seasons and a week has days: what falls on a quiet day waits for the next. */
    for (int tries = 0; tries < 6; tries++, day++) {
        double winter = 0.75 + 0.25 * ((day / 30 + 11) % 12 >= 9), weekend = day % 7 >= 4 ? 1 : 0.72;
        if (sim_chance(s, winter * weekend)) break;
    }
    if (day >= (int32_t)s->n_days) return TOC_OK;
    c->next_at = sim_time_of_day(s, day);
    c->next = s->customers_of_day[day];
    s->customers_of_day[day] = i;
    return TOC_OK;
}

static toc_status run_day(sim *s, int32_t day)
{
    uint32_t next;

    TOC_TRY(sim_morning(s, day));
    TOC_TRY(sim_plan_campaigns(s, day));
    TOC_TRY(sim_run_pending(s, day));
    for (uint32_t i = s->customers_of_day[day]; i != SIM_NONE; i = next) {
        next = s->customers[i].next;
        TOC_TRY(customer_orders(s, i));
    }
    return sim_flush_day(s, day);
}

static toc_status simulate(sim *s, const char *folder, sim_shape shape)
{
    TOC_TRY(sim_open_files(s, folder, shape));
    toc_status st = sim_make_world(s);
    if (!st) sim_write_catalogue(s);
    for (int32_t day = 0; day < (int32_t)s->n_days && !st; day++) st = run_day(s, day);
    for (size_t i = 0; i < s->n_customers && !st; i++)
        if (s->customers[i].orders) sim_write_left(s, i, s->customers[i].left_at);
    toc_status closed = sim_close_files(s);
    return st ? st : closed;
}

static int usage(void)
{
    fputs("usage: shopsim --lines N [--seed S] [--days D] [--shape canonical|shopify|taobao|amazon] --out FOLDER\n", stderr);
    return 2;
}

int main(int argc, char **argv)
{
    static const char *const shapes[] = { "canonical", "shopify", "taobao", "amazon" };
    int64_t lines = 0, seed = 1, days = 400;
    const char *folder = NULL;
    sim_shape shape = SHAPE_CANONICAL;
    toc_ctx ctx;

    for (int i = 1; i + 1 < argc; i += 2) {
        toc_str value = toc_str_of(argv[i + 1]);
        bool known = (strcmp(argv[i], "--lines") == 0 && toc_parse_int(value, &lines)) || (strcmp(argv[i], "--seed") == 0 && toc_parse_int(value, &seed)) ||
                     (strcmp(argv[i], "--days") == 0 && toc_parse_int(value, &days));
        if (strcmp(argv[i], "--out") == 0) folder = argv[i + 1], known = true;
        for (size_t k = 0; k < TOC_COUNT(shapes) && strcmp(argv[i], "--shape") == 0; k++)
            if (toc_str_is(value, shapes[k])) shape = (sim_shape)k, known = true;
        if (!known) return usage();
    }
    if (argc % 2 == 0 || !folder || lines < 100 || days < 30 || days > 3650) return usage();
    toc_ctx_init(&ctx);
    sim s = { .ctx = &ctx, .seed = (uint64_t)seed, .n_lines = (size_t)lines, .n_days = (size_t)days, .rng = toc_rng_new((uint64_t)seed, 0), .free_pending = SIM_NONE, .free_review = SIM_NONE };
    s.end = toc_days_from_civil(2026, 7, 1) * TOC_DAY;
    s.start = s.end - days * TOC_DAY;
    toc_status st = simulate(&s, folder, shape);
    if (st) fprintf(stderr, "shopsim: %s\n", ctx.message);
    else printf("%zu order lines, %llu orders, %llu reviews, %llu accounts, %zu merchants, %zu products\n", s.written, (unsigned long long)s.n_orders,
                (unsigned long long)s.n_reviews, (unsigned long long)s.n_accounts, s.n_merchants, s.n_products);
    void *owned[] = { s.merchants, s.products, s.customers, s.promotions, s.merchant_sum, s.customers_of_day, s.pending, s.pending_of_day, s.lines,
                      s.reviews, s.reviews_of_day, s.day_reviews, s.accounts };
    for (size_t i = 0; i < TOC_COUNT(owned); i++) toc_free(owned[i]);
    toc_ctx_release(&ctx);
    return toc_exit_code(st);
}
