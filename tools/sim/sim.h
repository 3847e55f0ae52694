/* sim.h: a simulated marketplace with a known truth.
 *
 * Days pass one by one. Ordinary customers order by their own rhythms until they leave; campaigns (groups of accounts with a purpose, fraudulent or an
 * honest look-alike of a fraud) place theirs in between. Products have stock that runs out and hides demand. All randomness is seeded, ids are a
 * permutation of counters, so neither ids nor row order tell anything.
 *   difficulty.c  the one table that says how alike frauds and their honest look-alikes are
 *   world.c       merchants, products, customers and their rhythms
 *   stock.c       demand, stock, replenishment, promotions
 *   campaigns.c   groups of accounts at work
 *   orders.c      what becomes of an order: payment, shipping, return, refund, review
 *   words.c       review texts in English and Chinese
 *   writers.c     files: canonical, Shopify, Taobao, Amazon */
#ifndef SIM_SIM_H
#define SIM_SIM_H

#include "base/base.h"

typedef enum { SHAPE_CANONICAL, SHAPE_SHOPIFY, SHAPE_TAOBAO, SHAPE_AMAZON } sim_shape;

/* ---- difficulty ---- */

typedef struct {
    double low, high;
} range;

/* One kind of campaign. Shares are probabilities. */
typedef struct {
    const char *name;
    bool fraud;
    const char *like;      /* the fraud that an honest kind is taken for; NULL of a fraud */
    double per_10k;        /* campaigns for every 10,000 order lines of a small shop */
    range accounts;        /* in a campaign */
    range orders;          /* of an account */
    range span_hours;      /* over which the campaign's orders spread */
    range amount;          /* factor on the usual price of what is bought */
    double fresh;          /* accounts made within two days before; the others are months old */
    double own_device, own_address, own_ip; /* accounts with one of their own; the others share the campaign's */
    double new_payment;    /* orders paid by a key not used before */
    double one_merchant;   /* orders at the campaign's merchant; the others anywhere */
    double at_once, never; /* orders shipped within two hours, and never shipped */
    double cancelled;
    range refunded;        /* share of an account's orders refunded */
    double with_return;    /* refunds after goods came back */
    double reviewed, copied; /* orders reviewed; reviews that vary the campaign's text */
    range stars;
    double without_order;  /* reviews by accounts that bought nothing */
    double abroad;         /* billing country differs */
} sim_kind;
extern const sim_kind sim_kinds[];
extern const size_t sim_n_kinds;
/* What campaigns of a kind are expected to place, in order lines for every line of a small shop. */
double sim_kind_lines(const sim_kind *kind);

/* ---- the world ---- */

typedef struct {
    double weight;        /* share of shoppers */
    uint32_t first_product, n_products;
    int64_t opened_at;
    double quality;       /* mean stars of an honest review */
    double ship_hours;    /* typical time to shipping; some ship within the hour */
    double lost;          /* share of parcels whose shipping nobody recorded */
    uint32_t category;
} sim_merchant;

typedef struct {
    int64_t price, cost;  /* cents */
    double base;          /* popularity within its merchant */
    float season_peak;    /* day of the year */
    int32_t launch_day, end_day;
    int32_t surge_day;    /* a wave of demand, usually what empties the shelf; -1 = none */
    float surge;
    uint32_t merchant;
    /* stock */
    int32_t on_hand, incoming, lead_days, arrive_day, reorder_point, order_up_to;
    /* the week's counts */
    uint32_t demand, sold;
} sim_product;

typedef struct {
    int64_t next_at;      /* of the next order; TOC_NO_TIME = has left */
    int64_t left_at;      /* last order of one who left */
    int64_t created_at;   /* TOC_NO_TIME = written */
    float gap_days, shape, leave;
    uint32_t home;        /* household: shares address and perhaps device */
    uint32_t favourite[2];
    uint32_t orders, next;
    uint8_t chinese, moved_in;
} sim_customer;

typedef struct {
    int32_t from_day, to_day;
    uint32_t product;
    double discount;
} sim_promotion;

/* One order to be placed by a campaign's account. */
typedef struct {
    int64_t at;
    int64_t created_at;   /* of the account, in its first order; else TOC_NO_TIME */
    uint64_t account, device, ip, address, payment;
    uint32_t merchant, kind, campaign, next;
    float amount, refunded;
    uint8_t abroad, chinese;
} sim_pending;

/* One order line with all that became of it. */
typedef struct {
    uint64_t order, account, device, ip, address, payment;
    int64_t ordered_at, paid_at, shipped_at, delivered_at, cancelled_at, returned_at, refunded_at;
    int64_t unit_price, discount, refund;
    uint32_t merchant, product, quantity, line;
    uint32_t kind;        /* sim_n_kinds = ordinary */
    uint8_t abroad, chinese, coupon;
} sim_line;

typedef struct {
    uint64_t review, order, account;
    uint32_t merchant, product;
    int stars;
    int64_t at;
    bool verified, chinese;
    bool late;            /* what an unhappy one is about; else about the thing itself */
    uint32_t kind, next;
    uint64_t words, variation; /* of the text: sim_words */
} sim_review;

/* An account that did something for the first time. */
typedef struct {
    uint64_t account;
    int64_t created_at;
} sim_account;

typedef struct {
    toc_ctx *ctx;
    toc_rng rng;
    uint64_t seed;
    size_t n_lines, n_days, n_merchants, n_products, n_customers, n_promotions;
    int64_t start, end;   /* midnights */
    sim_merchant *merchants;
    sim_product *products;
    sim_customer *customers;
    sim_promotion *promotions;
    double *merchant_sum; /* cumulative weights */
    uint32_t *customers_of_day; /* heads of lists, by day */
    sim_pending *pending;
    size_t n_pending, cap_pending;
    uint32_t *pending_of_day, free_pending;
    sim_review *reviews;  /* written on their day, not when the order was placed */
    size_t n_reviews_kept, cap_reviews;
    uint32_t *reviews_of_day, free_review;
    sim_review *day_reviews;
    size_t cap_day_reviews;
    sim_account *accounts; /* new on the day */
    size_t n_day_accounts, cap_accounts;
    size_t n_campaigns;
    uint64_t n_accounts, n_orders, n_reviews, n_keys;
    sim_line *lines;      /* of the day */
    size_t n_day_lines, cap_lines;
    size_t written;
    struct sim_files *files;
} sim;

#define SIM_NONE UINT32_MAX

/* ---- world.c ---- */
TOC_CHECKED toc_status sim_make_world(sim *s);
uint32_t sim_pick_merchant(sim *s);
/* A product of a merchant for sale on a day, by popularity, season, promotion; SIM_NONE when there is none. */
uint32_t sim_pick_product(sim *s, uint32_t merchant, int32_t day);
/* A time within the day by the hours people shop. */
int64_t sim_time_of_day(sim *s, int32_t day);
double sim_range(sim *s, range r);
bool sim_chance(sim *s, double p);
/* A number drawn from counters, unique for a kind of thing: 40 bits permuted. */
uint64_t sim_id(const sim *s, uint64_t counter, uint64_t kind);
/* Campaigns relative to those of a small shop: small shops are crowded with them, so that each kind can be counted. */
double sim_crowding(size_t n_lines);

/* ---- stock.c ---- */
/* Takes quantity from the shelf; false when it is not there, and the wish is counted all the same. */
bool sim_take(sim *s, uint32_t product, uint32_t quantity);
TOC_CHECKED toc_status sim_morning(sim *s, int32_t day); /* deliveries, counts, reorders */
double sim_promotion_of(const sim *s, uint32_t product, int32_t day); /* discount, 0 = none */

/* ---- campaigns.c ---- */
TOC_CHECKED toc_status sim_plan_campaigns(sim *s, int32_t day);
TOC_CHECKED toc_status sim_run_pending(sim *s, int32_t day);

/* ---- orders.c ---- */
/* An ordinary customer's order. *happy: how it went, 1..5; 0 = nothing was bought. */
TOC_CHECKED toc_status sim_order(sim *s, uint32_t customer, int64_t at, int *happy);
TOC_CHECKED toc_status sim_campaign_order(sim *s, const sim_pending *p);
/* An account is written on the day it first does something. */
TOC_CHECKED toc_status sim_new_account(sim *s, uint64_t account, int64_t created_at);
/* Writes the day's lines, reviews and new accounts, each in order of time: no row's place says who made it. */
TOC_CHECKED toc_status sim_flush_day(sim *s, int32_t day);

/* ---- words.c ---- */
/* A review's text; buf holds `size` bytes. r->words decides it; a copy takes the campaign's and varies one part. */
void sim_words(const sim_review *r, char *buf, size_t size);

/* ---- writers.c ---- */
TOC_CHECKED toc_status sim_open_files(sim *s, const char *folder, sim_shape shape);
TOC_CHECKED toc_status sim_close_files(sim *s);
/* One order line; `left` lines of the day follow it in memory, those of the same order first. */
void sim_write_line(sim *s, const sim_line *l, size_t left);
void sim_write_review(sim *s, const sim_review *r);
void sim_write_account(sim *s, uint64_t account, int64_t created_at);
void sim_write_left(sim *s, uint64_t account, int64_t left_at);
void sim_write_stock(sim *s, uint32_t product, int32_t day);
void sim_write_demand(sim *s, uint32_t product, int32_t day, uint32_t demand, uint32_t sold);
void sim_write_fraud_merchant(sim *s, uint32_t merchant, uint32_t kind, int64_t at);
void sim_write_catalogue(sim *s);

#endif
