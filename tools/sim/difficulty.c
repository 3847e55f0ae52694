/* difficulty.c: how alike frauds and their honest look-alikes are. The one table to make the shop harder; never make it easier. */
#include "sim/sim.h"

const sim_kind sim_kinds[] = {
    /* stolen cards: a fresh account or two, a few dear orders within hours, one device, one drop address; charged back later */
    { .name = "stolen_card", .fraud = true, .per_10k = 14, .accounts = { 1, 3 }, .orders = { 2, 5 }, .span_hours = { 1, 40 }, .amount = { 0.8, 3 },
      .fresh = 0.75, .own_device = 0.1, .own_address = 0.2, .own_ip = 0.2, .new_payment = 0.7, .refunded = { 0.4, 0.9 }, .with_return = 0.05,
      .cancelled = 0.1, .abroad = 0.2 },
    { .name = "gift_buyer", .like = "stolen_card", .per_10k = 75, .accounts = { 1, 3 }, .orders = { 2, 5 }, .span_hours = { 1, 40 }, .amount = { 0.8, 3 }, .fresh = 0.6,
      .own_device = 0.2, .own_address = 0.3, .own_ip = 0.2, .new_payment = 0.35, .refunded = { 0, 0.4 }, .with_return = 0.6, .cancelled = 0.06,
      .reviewed = 0.1, .stars = { 3, 5 }, .abroad = 0.15 },
    { .name = "flash_sale", .like = "stolen_card", .per_10k = 75, .accounts = { 2, 4 }, .orders = { 1, 3 }, .span_hours = { 1, 12 }, .amount = { 0.5, 1.5 }, .fresh = 0.75,
      .own_device = 0.3, .own_address = 0.6, .own_ip = 0.2, .new_payment = 0.5, .one_merchant = 0.8, .refunded = { 0, 0.3 }, .with_return = 0.7,
      .cancelled = 0.1, .reviewed = 0.1, .stars = { 3, 5 }, .abroad = 0.05 },
    /* card testing: many small orders, each with another card, most refused */
    { .name = "card_testing", .fraud = true, .per_10k = 8, .accounts = { 1, 2 }, .orders = { 5, 10 }, .span_hours = { 0.3, 4 }, .amount = { 0.05, 0.4 },
      .fresh = 0.6, .own_device = 0.1, .own_address = 0.3, .own_ip = 0.3, .new_payment = 0.85, .one_merchant = 0.5, .cancelled = 0.6, .refunded = { 0, 0.1 } },
    { .name = "payment_retry", .like = "card_testing", .per_10k = 60, .accounts = { 1, 2 }, .orders = { 3, 8 }, .span_hours = { 0.3, 4 }, .amount = { 0.05, 0.6 }, .fresh = 0.5,
      .own_device = 0.3, .own_address = 0.5, .own_ip = 0.5, .new_payment = 0.75, .one_merchant = 0.6, .cancelled = 0.55, .refunded = { 0, 0.1 }, .with_return = 0.5 },
    { .name = "top_up", .like = "card_testing", .per_10k = 50, .accounts = { 1, 1 }, .orders = { 4, 9 }, .span_hours = { 0.3, 5 }, .amount = { 0.05, 0.4 }, .fresh = 0.5,
      .own_device = 1, .own_address = 1, .own_ip = 1, .new_payment = 0.15, .one_merchant = 0.8, .cancelled = 0.1, .refunded = { 0, 0.1 } },
    /* brushing: a ring buys from one merchant, shipped at once or never, then praises it in each other's words */
    { .name = "brushing", .fraud = true, .per_10k = 7, .accounts = { 5, 9 }, .orders = { 3, 6 }, .span_hours = { 300, 1000 }, .amount = { 0.6, 1.4 },
      .fresh = 0.3, .own_device = 0.35, .own_address = 0.4, .own_ip = 0.4, .new_payment = 0.2, .one_merchant = 0.8, .at_once = 0.5, .never = 0.3,
      .reviewed = 0.6, .copied = 0.7, .stars = { 5, 5 }, .refunded = { 0, 0.05 } },
    { .name = "buying_club", .like = "brushing", .per_10k = 42, .accounts = { 4, 8 }, .orders = { 2, 5 }, .span_hours = { 300, 1600 }, .amount = { 0.6, 1.4 }, .fresh = 0.25,
      .own_device = 0.35, .own_address = 0.35, .own_ip = 0.4, .new_payment = 0.2, .one_merchant = 0.75, .at_once = 0.3, .never = 0.15, .refunded = { 0, 0.15 }, .with_return = 0.6,
      .reviewed = 0.5, .copied = 0.35, .stars = { 4.3, 5 } },
    { .name = "fans", .like = "brushing", .per_10k = 34, .accounts = { 4, 8 }, .orders = { 1, 3 }, .span_hours = { 300, 1200 }, .amount = { 0.6, 1.4 }, .fresh = 0.2,
      .own_device = 0.95, .own_address = 0.95, .own_ip = 0.8, .new_payment = 0.1, .one_merchant = 0.9, .at_once = 0.2, .never = 0.1, .refunded = { 0, 0.1 }, .with_return = 0.6,
      .reviewed = 0.8, .copied = 0.7, .stars = { 5, 5 } },
    { .name = "office", .like = "brushing", .per_10k = 14, .accounts = { 4, 9 }, .orders = { 1, 4 }, .span_hours = { 300, 1600 }, .amount = { 0.7, 1.6 }, .fresh = 0.1,
      .own_device = 0.2, .own_address = 0.9, .own_ip = 0.15, .new_payment = 0.1, .one_merchant = 0.3, .refunded = { 0, 0.3 }, .with_return = 0.7, .cancelled = 0.04,
      .reviewed = 0.3, .copied = 0.1, .stars = { 2, 5 } },
    /* refund abuse: most orders refunded, the goods kept */
    { .name = "refund_abuse", .fraud = true, .per_10k = 9, .accounts = { 1, 1 }, .orders = { 6, 12 }, .span_hours = { 1500, 4500 }, .amount = { 0.7, 1.8 },
      .fresh = 0.1, .own_device = 1, .own_address = 1, .own_ip = 1, .new_payment = 0.15, .refunded = { 0.45, 0.8 }, .with_return = 0.35, .reviewed = 0.15,
      .stars = { 1, 4 } },
    { .name = "returner", .like = "refund_abuse", .per_10k = 92, .accounts = { 1, 1 }, .orders = { 6, 12 }, .span_hours = { 1500, 4500 }, .amount = { 0.7, 1.8 }, .fresh = 0.1,
      .own_device = 1, .own_address = 1, .own_ip = 1, .new_payment = 0.15, .refunded = { 0.3, 0.8 }, .with_return = 0.65, .reviewed = 0.2, .stars = { 1, 5 } },
    /* review bombing: a wave of one-star reviews by accounts that mostly bought nothing */
    { .name = "review_bombing", .fraud = true, .per_10k = 6, .accounts = { 6, 12 }, .orders = { 1, 1 }, .span_hours = { 20, 90 }, .amount = { 0.2, 0.8 },
      .fresh = 0.4, .own_device = 0.6, .own_address = 0.7, .own_ip = 0.5, .new_payment = 0.2, .one_merchant = 1, .refunded = { 0, 0.5 }, .with_return = 0.3,
      .reviewed = 1, .copied = 0.45, .stars = { 1, 1 }, .without_order = 0.5 },
    { .name = "defect_wave", .like = "review_bombing", .per_10k = 62, .accounts = { 6, 13 }, .orders = { 1, 1 }, .span_hours = { 20, 100 }, .amount = { 0.3, 1.2 }, .fresh = 0.35,
      .own_device = 0.6, .own_address = 0.7, .own_ip = 0.5, .new_payment = 0.15, .one_merchant = 1, .refunded = { 0, 0.6 }, .with_return = 0.4, .reviewed = 0.95,
      .copied = 0.35, .stars = { 1, 1.4 }, .without_order = 0.45 },
};
const size_t sim_n_kinds = TOC_COUNT(sim_kinds);
