/* linesim N [SEED]: N canonical order lines on stdout for benches: 13 columns, customers by a Zipf law over 500,000, 5 % of the records with quotes,
 * doubled quotes or line feeds inside quotes. Deterministic. */
#include <math.h>
#include <stdlib.h>

#include "base/base.h"

enum { CUSTOMERS = 500000, MERCHANTS = 2000, PRODUCTS = 50000 };

/* A rank from 0 by a Zipf law of exponent 1: the inverse of its continuous distribution. */
static unsigned zipf(toc_rng *rng, unsigned n)
{
    return (unsigned)(exp(toc_rng_unit(rng) * log((double)n + 1)) - 1);
}

/* What the lines of one order share. */
typedef struct {
    unsigned number, customer;
    int64_t at;
} order;

static void write_line(toc_out *out, toc_rng *rng, order *o)
{
    static const char *const cities[] = { "Lyon", "Graz", "Porto", "Leeds", "Turku", "Gdynia", "Bergen", "Malaga" };
    static const char *const quoted[] = { "\"Lyon, \"\"Croix\"\"\"", "\"Graz\n(Nord)\"", "\"Porto, Ribeira\"" };
    static const char *const statuses[] = { "paid", "shipped", "delivered", "delivered", "delivered", "cancelled" };
    static const char *const payments[] = { "card", "wallet", "invoice" };
    char time[40];
    unsigned r = (unsigned)toc_rng_below(rng, 1u << 30);

    if (o->number == 0 || r % 5 < 3)
        *o = (order){ o->number + 1, zipf(rng, CUSTOMERS), (1672531200 + (int64_t)toc_rng_below(rng, 730u * 86400u)) * TOC_SECOND };
    toc_format_time(o->at, time);
    toc_out_printf(out, "O%08u,C%06u,M%u,P%u,%u,%u.%02u,EUR,%s,%s,%s,%s,D%u,192.0.2.%u\n", o->number, o->customer, zipf(rng, MERCHANTS), zipf(rng, PRODUCTS), 1 + r % 4,
                   1 + r % 200, r % 100, time, statuses[r % 6], payments[r % 3],
                   r % 20 ? cities[r / 32 % 8] : quoted[r / 32 % 3], (unsigned)toc_rng_below(rng, CUSTOMERS), r % 256);
}

int main(int argc, char **argv)
{
    toc_ctx ctx;
    toc_out out;
    order o = {0};

    toc_ctx_init(&ctx);
    if (argc < 2) {
        fprintf(stderr, "usage: linesim N [SEED]\n");
        return 2;
    }
    toc_rng rng = toc_rng_new(argc > 2 ? strtoull(argv[2], NULL, 10) : 1, 0);
    if (toc_out_open(&ctx, "-", false, &out)) return 4;
    toc_out_str(&out, "order_id,customer_id,merchant_id,product_id,quantity,unit_price,currency,ordered_at,status,payment_method,city,device_id,ip\n");
    for (size_t i = 0, n = strtoull(argv[1], NULL, 10); i < n; i++) write_line(&out, &rng, &o);
    return toc_out_close(&ctx, &out) ? 4 : 0;
}
