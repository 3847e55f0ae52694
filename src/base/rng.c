/* rng.c: xoshiro256** and the usual distributions. */
#include "base/base.h"

#include <math.h>

static uint64_t rotate(uint64_t x, int k)
{
    return x << k | x >> (64 - k);
}

toc_rng toc_rng_new(uint64_t seed, uint64_t stream)
{
    toc_rng rng;
    uint64_t x = toc_mix(seed) ^ toc_mix(stream ^ 0x6a09e667f3bcc909u);

    for (int i = 0; i < 4; i++) {
        rng.s[i] = toc_mix(x);
        x += 0x9e3779b97f4a7c15u;
    }
    return rng;
}

uint64_t toc_rng_u64(toc_rng *rng)
{
    uint64_t *s = rng->s, result = rotate(s[1] * 5, 7) * 9, t = s[1] << 17;

    s[2] ^= s[0];
    s[3] ^= s[1];
    s[1] ^= s[2];
    s[0] ^= s[3];
    s[2] ^= t;
    s[3] = rotate(s[3], 45);
    return result;
}

uint64_t toc_rng_below(toc_rng *rng, uint64_t n)
{
    uint64_t limit = UINT64_MAX - UINT64_MAX % n, x;

    do x = toc_rng_u64(rng);
    while (x >= limit);
    return x % n;
}

double toc_rng_unit(toc_rng *rng)
{
    return (double)(toc_rng_u64(rng) >> 11) * 0x1p-53;
}

double toc_rng_normal(toc_rng *rng)
{
    double radius = sqrt(-2 * log(1 - toc_rng_unit(rng)));
    return radius * cos(2 * 3.14159265358979323846 * toc_rng_unit(rng));
}

double toc_rng_exponential(toc_rng *rng)
{
    return -log(1 - toc_rng_unit(rng));
}

/* Knuth's product for small means; above 30 the sum property halves the mean first, so the product never underflows. */
uint64_t toc_rng_poisson(toc_rng *rng, double mean)
{
    uint64_t n = 0;

    if (!(mean > 0)) return 0;
    if (mean > 1e6) return (uint64_t)llround(fmax(0, mean + sqrt(mean) * toc_rng_normal(rng)));
    for (; mean > 30; mean -= 30) n += toc_rng_poisson(rng, 30);
    double limit = exp(-mean), product = toc_rng_unit(rng);
    while (product > limit) {
        n++;
        product *= toc_rng_unit(rng);
    }
    return n;
}

double toc_rng_gamma(toc_rng *rng, double shape)
{
    if (!(shape > 0)) return 0;
    if (shape < 1) return toc_rng_gamma(rng, shape + 1) * pow(1 - toc_rng_unit(rng), 1 / shape);
    double d = shape - 1.0 / 3, c = 1 / sqrt(9 * d);
    for (;;) {
        double x = toc_rng_normal(rng), v = 1 + c * x;
        if (v <= 0) continue;
        v = v * v * v;
        if (log(1 - toc_rng_unit(rng)) < 0.5 * x * x + d - d * v + d * log(v)) return d * v;
    }
}
