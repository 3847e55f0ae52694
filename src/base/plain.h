/* plain.h: cells whose value can be read at once, inline: what most cells of large files are. Each function takes one form only and says false for any
 * other, which the parsers of base.h then judge; what it accepts, they accept with the same value.
 *
 * Texts must have TOC_PLAIN_SLACK readable bytes behind their last (their values do not matter). */
#ifndef TOC_PLAIN_H
#define TOC_PLAIN_H

#include <string.h>
#ifdef __SSE2__
#include <emmintrin.h>
#endif

#include "base/rng.h"
#include "base/time.h"

enum { TOC_PLAIN_SLACK = 16 };

/* Eight bytes, the first the lowest. */
static inline uint64_t toc_load_8(const char *p)
{
    uint64_t word;

    memcpy(&word, p, 8);
#if __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
    word = __builtin_bswap64(word);
#endif
    return word;
}

/* The lowest n bytes (0 to 8). */
static inline uint64_t toc_low_bytes(uint64_t word, size_t n)
{
    return n >= 8 ? word : word & ((UINT64_C(1) << (8 * n)) - 1);
}

/* toc_str_hash. */
static inline uint64_t toc_plain_hash(toc_str text)
{
    uint64_t h = UINT64_C(0x9e3779b97f4a7c15) ^ (text.n * UINT64_C(0xff51afd7ed558ccd));

    for (; text.n >= 8; text = (toc_str){ text.p + 8, text.n - 8 }) {
        h = (h ^ toc_load_8(text.p)) * UINT64_C(0x9fb21c651e98df25);
        h ^= h >> 32;
    }
    return toc_mix(h ^ toc_low_bytes(toc_load_8(text.p), text.n) * UINT64_C(0xc4ceb9fe1a85ec53));
}

/* Whether the bytes of digits (each already xor '0', others 0) are 0 to 9. */
static inline bool toc_are_digits(uint64_t digits)
{
    return !((digits | (digits + UINT64_C(0x0606060606060606))) & UINT64_C(0xf0f0f0f0f0f0f0f0));
}

/* The number of eight digits, the first in the lowest byte: pairs, then fours, then all (as in simdjson and others; no source but arithmetic). */
static inline uint64_t toc_eight_digits(uint64_t digits)
{
    digits = digits * 10 + (digits >> 8);
    return ((digits & UINT64_C(0x000000ff000000ff)) * (100 + (UINT64_C(1000000) << 32)) +
            (digits >> 16 & UINT64_C(0x000000ff000000ff)) * (1 + (UINT64_C(10000) << 32))) >> 32;
}

/* 1 to 8 digits. */
static inline bool toc_plain_count(toc_str text, int64_t *value)
{
    if (text.n - 1 > 7) return false;
    uint64_t digits = (toc_load_8(text.p) ^ UINT64_C(0x3030303030303030)) << (64 - 8 * text.n);
    if (!toc_are_digits(digits)) return false;
    *value = (int64_t)toc_eight_digits(digits);
    return true;
}

/* An amount of up to 8 characters with exactly `places` digits behind its point (a currency's: 0, 2 or 3; with 0 no point), in minor units. */
static inline bool toc_plain_amount(toc_str text, int places, int64_t *minor)
{
    const size_t behind = (size_t)places;

    if (!places) return toc_plain_count(text, minor);
    if (text.n > 8 || text.n < behind + 2) return false;
    const unsigned point = (unsigned)(8 * (7 - behind));
    uint64_t word = toc_load_8(text.p) << (64 - 8 * text.n), front = (UINT64_C(1) << point) - 1;
    if ((word >> point & 0xff) != '.') return false;
    word = (word & ~(front | UINT64_C(0xff) << point)) | (word & front) << 8;
    uint64_t digits = (word ^ UINT64_C(0x3030303030303030)) & UINT64_MAX << (64 - 8 * (text.n - 1));
    if (!toc_are_digits(digits)) return false;
    *minor = (int64_t)toc_eight_digits(digits);
    return true;
}

/* "2026-08-01T12:30:00Z", from 1990 to 2099. */
static inline bool toc_plain_time(toc_str text, int64_t *instant)
{
    static const uint16_t before[12] = { 0, 31, 59, 90, 120, 151, 181, 212, 243, 273, 304, 334 };
    static const uint8_t days_of[12] = { 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31 };

    if (text.n != 20) return false;
    /* the marks become 0, as digits do */
    uint64_t date = toc_load_8(text.p) ^ UINT64_C(0x2d30302d30303030), hours = toc_load_8(text.p + 8) ^ UINT64_C(0x30303a3030543030);
    uint64_t seconds = (toc_load_8(text.p + 16) & UINT64_C(0xffffffff)) ^ UINT64_C(0x5a30303a);
    if (!toc_are_digits(date) || !toc_are_digits(hours) || !toc_are_digits(seconds)) return false;
    if (((date & UINT64_C(0xff0000ff00000000)) | (hours & UINT64_C(0x0000ff0000ff0000)) | (seconds & UINT64_C(0xff0000ff))) != 0) return false;
#define TWO(word, at) ((unsigned)((word) >> (8 * (at)) & 15) * 10 + (unsigned)((word) >> (8 * (at) + 8) & 15))
    unsigned year = TWO(date, 0) * 100 + TWO(date, 2), month = TWO(date, 5) - 1, day = TWO(hours, 0);
    unsigned hour = TWO(hours, 3), minute = TWO(hours, 6), second = TWO(seconds, 1);
#undef TWO
    if (year - 1990 > 109 || month > 11 || hour > 23 || minute > 59 || second > 59) return false;
    unsigned leap = year % 4 == 0; /* every fourth year of these is one */
    if (day - 1 >= days_of[month] + (leap & (month == 1))) return false;
    unsigned days = 365 * (year - 1970) + (year - 1969) / 4 + before[month] + (leap & (month > 1)) + day - 1;
    *instant = ((int64_t)days * 86400 + (int64_t)(hour * 3600 + minute * 60 + second)) * 1000000;
    return true;
}

/* Up to 15 of A-Z, a-z, 0-9, '-' and '_'; also no text at all. */
static inline bool toc_plain_word(toc_str text)
{
#ifdef __SSE2__
    if (text.n > 15) return false;
    __m128i v = _mm_loadu_si128((const __m128i *)(const void *)text.p), low = _mm_or_si128(v, _mm_set1_epi8(0x20)), zero = _mm_setzero_si128();
    __m128i letter = _mm_cmpeq_epi8(_mm_subs_epu8(_mm_sub_epi8(low, _mm_set1_epi8('a')), _mm_set1_epi8(25)), zero);
    __m128i digit = _mm_cmpeq_epi8(_mm_subs_epu8(_mm_sub_epi8(v, _mm_set1_epi8('0')), _mm_set1_epi8(9)), zero);
    __m128i mark = _mm_or_si128(_mm_cmpeq_epi8(v, _mm_set1_epi8('-')), _mm_cmpeq_epi8(v, _mm_set1_epi8('_')));
    unsigned good = (unsigned)_mm_movemask_epi8(_mm_or_si128(_mm_or_si128(letter, digit), mark));
    return !(~good & ((1u << text.n) - 1));
#else
    for (size_t i = 0; i < text.n; i++) {
        char c = text.p[i];
        if (!((c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '-' || c == '_')) return false;
    }
    return text.n <= 15;
#endif
}

#endif
