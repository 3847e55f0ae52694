/* rng.h: xoshiro256** (Blackman & Vigna 2018), seeded by splitmix64: the same numbers on every machine. */
#ifndef TOC_RNG_H
#define TOC_RNG_H

#include "base/ctx.h"

typedef struct {
    uint64_t s[4];
} toc_rng;

/* A generator for (seed, stream): different streams are independent, so parallel work can own one each. */
toc_rng toc_rng_new(uint64_t seed, uint64_t stream);
uint64_t toc_rng_u64(toc_rng *rng);
uint64_t toc_rng_below(toc_rng *rng, uint64_t n); /* 0 .. n-1, n > 0, without bias */
double toc_rng_unit(toc_rng *rng);                /* [0, 1) */
double toc_rng_normal(toc_rng *rng);              /* mean 0, deviation 1 (Box-Muller) */
double toc_rng_exponential(toc_rng *rng);         /* mean 1 */
uint64_t toc_rng_poisson(toc_rng *rng, double mean);
double toc_rng_gamma(toc_rng *rng, double shape); /* scale 1 (Marsaglia & Tsang 2000) */
/* One step of splitmix64: a good 64-bit mix of x. */
static inline uint64_t toc_mix(uint64_t x)
{
    x += 0x9e3779b97f4a7c15u;
    x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9u;
    x = (x ^ (x >> 27)) * 0x94d049bb133111ebu;
    return x ^ (x >> 31);
}

#endif
