/* Any bytes as a file of exchange rates: no crash, and what is accepted converts as doubles do, but for their precision. */
#include <math.h>
#include <unistd.h>

#include "shop/shop.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(const shop_rate *rate)
{
    if (!rate->number || rate->number >= UINT64_C(1000000000000000) || rate->places < 0 || rate->places > 18) __builtin_trap();
    for (int from = 0; from <= 3; from++) {
        for (int to = 0; to <= 3; to++) {
            int64_t amount = 1234567, back = -1234567;
            double wanted = 1234567.0 * (double)rate->number * pow(10, to - from - rate->places);
            bool fits = shop_convert(rate, from, to, &amount);
            if (fits != shop_convert(rate, from, to, &back) || amount != -back) __builtin_trap();
            if (fits ? fabs((double)amount - wanted) > 0.5 + 1e-9 * wanted : wanted < 9e18) __builtin_trap();
        }
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const char *const currencies[] = { "EUR", "USD", "JPY", "KWD" };
    char path[64];
    shop_rates *rates = NULL;
    shop_rate rate, earlier;
    toc_ctx ctx;

    snprintf(path, sizeof path, "/tmp/tocsin-fuzz-rates-%ld.csv", (long)getpid());
    FILE *f = fopen(path, "wb");
    if (!f || fwrite(data, 1, size, f) != size || fclose(f)) __builtin_trap();
    toc_ctx_init(&ctx);
    toc_status st = shop_rates_read(&ctx, path, "EUR", &rates);
    for (size_t c = 0; !st && c < TOC_COUNT(currencies); c++) {
        toc_str code = toc_str_of(currencies[c]);
        for (int64_t day = 19700; day < 19800; day++) {
            bool is = shop_rate_on(rates, code, day, &rate);
            if (is) check(&rate);
            if (!is && shop_rate_on(rates, code, day - 1, &earlier)) __builtin_trap(); /* a rate holds until the next */
        }
    }
    shop_rates_free(rates);
    toc_ctx_release(&ctx);
    unlink(path);
    return 0;
}
