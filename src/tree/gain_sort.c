/* gain_sort.c: the rows of a column in order of value.
 *
 * Values become whole numbers in their order, as small as the column allows: negative numbers, zero and positive ones are moved together, and bits that are
 * 0 in all of them are left out. Where such a number and the class fit into 64 bits, which is nearly always, they are sorted as one (LSD radix of the upper
 * 30 bits, what is equal there by the others), and no row is ever looked up again; other columns, and all with weights, are sorted by row. */
#include <math.h>

#include "tree/gain_int.h"

enum { FEW = 64, DIGITS = 3, MOST_BITS = DIGITS * GAIN_DIGIT, UPPER_BITS = 30 /* digits of ten bits are faster */ };

static inline uint64_t key_of(double x)
{
    uint64_t bits;

    memcpy(&bits, &x, sizeof bits);
    if (bits == GAIN_ZERO_KEY) bits = 0; /* -0 and 0 are equal */
    return bits ^ ((0 - (bits >> 63)) | GAIN_ZERO_KEY);
}

toc_status gain_scratch_make(toc_ctx *ctx, const gain_job *a, gain_scratch *scratch)
{
    size_t n = a->data->n, cap = 0;

    TOC_TRY(toc_grow(ctx, &scratch->items, &scratch->cap_items, n + 1, sizeof *scratch->items));
    TOC_TRY(toc_grow(ctx, &scratch->spare, &scratch->cap_spare, n + 1, sizeof *scratch->spare));
    TOC_TRY(toc_alloc(ctx, DIGITS * GAIN_BUCKETS, sizeof *scratch->count, &scratch->count));
    TOC_TRY(toc_alloc(ctx, n, 1, &scratch->s.y));
    TOC_TRY(toc_alloc(ctx, n, 1, &scratch->s.end));
    if (a->weight) TOC_TRY(toc_grow(ctx, &scratch->s.w, &cap, n + 1, sizeof *scratch->s.w));
    return TOC_OK;
}

void gain_scratch_release(gain_scratch *scratch)
{
    toc_free(scratch->items);
    toc_free(scratch->spare);
    toc_free(scratch->count);
    toc_free(scratch->order);
    toc_free(scratch->blocks);
    toc_free(scratch->s.y);
    toc_free(scratch->s.end);
    toc_free(scratch->s.w);
}

static bool is_missing(const tree_data *data, size_t j, double x)
{
    return x != x || (x == 0 && data->pools && data->pools[j]);
}

static unsigned bit_length(uint64_t x)
{
    return x ? 64 - (unsigned)__builtin_clzll(x) : 0;
}

static gain_packing choose_packing(const tree_data *data, size_t j, size_t k, gain_sequence *s)
{
    gain_range r;

    gain_range_of(data->x[j], s->n, &r);
    s->m = data->pools && data->pools[j] ? r.present - r.zeros : r.present;
    uint64_t bits = r.bits & ~GAIN_ZERO_KEY;
    gain_packing p = { .shift = bits ? (unsigned)__builtin_ctzll(bits) : 0, .class_bits = bit_length(k - 1) };
    uint64_t negative = 0, positive = 0, zero = r.zeros > 0;
    if (r.least < 0) negative = ((key_of(r.most_negative) - key_of(r.least)) >> p.shift) + 1;
    if (r.most > 0) positive = ((key_of(r.most) - key_of(r.least_positive)) >> p.shift) + 1;
    p.base[0] = key_of(r.least);
    p.base[1] = GAIN_ZERO_KEY - (negative << p.shift);
    p.base[2] = key_of(r.least_positive) - ((negative + zero) << p.shift);
    uint64_t numbers = negative + zero + positive;
    p.bits = bit_length(numbers ? numbers - 1 : 0);
    p.fits = p.bits + p.class_bits <= 64;
    s->negative = negative;
    s->zero = zero;
    s->least_negative = p.base[0];
    s->least_positive = key_of(r.least_positive);
    s->shift = p.shift;
    s->class_bits = p.class_bits;
    return p;
}

static inline uint64_t pack(const gain_packing *p, double x, uint8_t y)
{
    uint64_t key = key_of(x);
    return (key - p->base[(key >= GAIN_ZERO_KEY) + (key > GAIN_ZERO_KEY)]) >> p->shift << p->class_bits | y;
}

double gain_value(const gain_sequence *s, size_t at)
{
    if (s->order) return s->x[s->order[at]];
    uint64_t v = (s->narrow ? s->narrow[at] : s->items[at]) >> s->class_bits;
    if (v < s->negative) return toc_f64_of_key((v << s->shift) + s->least_negative);
    if (v < s->negative + s->zero) return 0;
    return toc_f64_of_key(((v - s->negative - s->zero) << s->shift) + s->least_positive);
}

/* Digits of the bits [low, low + bits), the lowest first. */
typedef struct {
    unsigned n, width, shift[DIGITS];
} digits;

static digits choose_digits(unsigned low, unsigned bits)
{
    digits d = { .n = (bits + GAIN_DIGIT - 1) / GAIN_DIGIT };

    d.width = d.n ? (bits + d.n - 1) / d.n : 0;
    for (unsigned i = 0; i < d.n; i++) d.shift[i] = low + i * d.width;
    return d;
}

/* Counts become places; whether all items have one digit, so that there is nothing to move. */
static bool places(uint32_t *count, size_t n_buckets, size_t m)
{
    uint32_t sum = 0;

    for (size_t b = 0; b < n_buckets; b++) {
        uint32_t here = count[b];
        if (here == m) return true;
        count[b] = sum;
        sum += here;
    }
    return false;
}

/* insert_N sorts a few items. radix_N sorts m items in `from` by the bits [low, low + bits), at most MOST_BITS; returns where they are: there or in `to`. */
#define SORTS(size, item) \
    static void insert_##size(item *items, size_t n) \
    { \
        for (size_t i = 1; i < n; i++) { \
            item one = items[i]; \
            size_t k = i; \
            for (; k > 0 && items[k - 1] > one; k--) items[k] = items[k - 1]; \
            items[k] = one; \
        } \
    } \
    static item *radix_##size(item *from, item *to, size_t m, uint32_t *count, unsigned low, unsigned bits) \
    { \
        digits d = choose_digits(low, bits); \
        item mask = (item)(((item)1 << d.width) - 1); \
        memset(count, 0, DIGITS * GAIN_BUCKETS * sizeof *count); \
        for (size_t i = 0; i < m; i++) { /* digits that are not there count something that nobody reads */ \
            item one = from[i]; \
            count[one >> d.shift[0] & mask]++; \
            count[GAIN_BUCKETS + (one >> d.shift[1] & mask)]++; \
            count[2 * GAIN_BUCKETS + (one >> d.shift[2] & mask)]++; \
        } \
        for (unsigned p = 0; p < d.n; p++) { \
            uint32_t *place = count + p * GAIN_BUCKETS; \
            if (places(place, (size_t)mask + 1, m)) continue; \
            for (size_t i = 0; i < m; i++) { \
                item one = from[i]; \
                to[place[one >> d.shift[p] & mask]++] = one; \
            } \
            item *swap = from; \
            from = to; \
            to = swap; \
        } \
        return from; \
    }
SORTS(64, uint64_t)
SORTS(32, uint32_t)

/* Sorts m items; returns where they are. */
static uint64_t *sort_items(gain_scratch *scratch, size_t m, unsigned low, unsigned bits)
{
    unsigned rest = bits > MOST_BITS ? TOC_MIN(bits - UPPER_BITS, (unsigned)MOST_BITS) : 0;

    if (m <= FEW) {
        insert_64(scratch->items, m);
        return scratch->items;
    }
    uint64_t *sorted = radix_64(scratch->items, scratch->spare, m, scratch->count, low + rest, bits - rest);
    if (!rest) return sorted;
    uint64_t *other = sorted == scratch->items ? scratch->spare : scratch->items;
    for (size_t i = 0; i + 1 < m; i++) {
        if (sorted[i] <= sorted[i + 1]) continue;
        uint64_t upper = sorted[i] >> (low + rest);
        size_t from = i, to = i + 1;
        while (from > 0 && sorted[from - 1] >> (low + rest) == upper) from--;
        while (to < m && sorted[to] >> (low + rest) == upper) to++;
        if (to - from <= FEW) insert_64(sorted + from, to - from);
        else {
            uint64_t *run = radix_64(sorted + from, other + from, to - from, scratch->count, low, rest);
            if (run != sorted + from) memcpy(sorted + from, run, (to - from) * sizeof *run);
        }
        i = to - 1;
    }
    return sorted;
}

static const uint32_t *sort_narrow(gain_scratch *scratch, size_t m, unsigned low, unsigned bits)
{
    uint32_t *items = (uint32_t *)(void *)scratch->items, *spare = items + scratch->s.n + 1;

    if (m > FEW) return radix_32(items, spare, m, scratch->count, low, bits);
    insert_32(items, m);
    return items;
}

/* Where an item ends its value, and its class. */
static void note_item(gain_sequence *s, size_t at, uint64_t item, uint64_t next, uint64_t mask)
{
    s->y[at] = (uint8_t)(item & mask);
    s->end[at] = (item ^ next) > mask;
    s->n_distinct += s->end[at];
}

/* Column j as items of 64 or, where they fit, 32 bits. */
static void sort_packed(const gain_job *a, size_t j, const gain_packing *p, gain_scratch *scratch)
{
    const double *x = a->data->x[j];
    gain_sequence *s = &scratch->s;
    uint64_t *items = scratch->items, mask = (UINT64_C(1) << p->class_bits) - 1;
    uint32_t *halves = (uint32_t *)(void *)scratch->items;
    bool narrow = p->bits + p->class_bits <= 32, complete = s->m == s->n;
    size_t m = 0, missing = s->m, i;

    if (complete) m = narrow ? gain_pack_32(p, x, a->y, s->n, halves) : gain_pack_64(p, x, a->y, s->n, items);
    for (i = m; i < s->n; i++) {
        uint64_t item = pack(p, x[i], a->y[i]);
        if (is_missing(a->data, j, x[i])) s->y[missing++] = a->y[i];
        else if (narrow) halves[m++] = (uint32_t)item;
        else items[m++] = item;
    }
    s->order = NULL;
    s->narrow = narrow ? sort_narrow(scratch, m, p->class_bits, p->bits) : NULL;
    s->items = narrow ? NULL : sort_items(scratch, m, p->class_bits, p->bits);
    if (narrow) i = gain_unpack_32(s->narrow, m, p->class_bits, s->y, s->end, &s->n_distinct);
    else i = gain_unpack_64(s->items, m, p->class_bits, s->y, s->end, &s->n_distinct);
    for (; i + 1 < m; i++) note_item(s, i, narrow ? s->narrow[i] : s->items[i], narrow ? s->narrow[i + 1] : s->items[i + 1], mask);
    if (!m) return;
    s->y[m - 1] = (uint8_t)((narrow ? s->narrow[m - 1] : s->items[m - 1]) & mask);
    s->end[m - 1] = 1;
    s->n_distinct++;
}

static toc_status sort_rows(toc_ctx *ctx, const gain_job *a, size_t j, gain_scratch *scratch)
{
    const double *x = a->data->x[j];
    gain_sequence *s = &scratch->s;

    TOC_TRY(toc_grow(ctx, &scratch->order, &scratch->cap_order, s->n + 1, sizeof *scratch->order));
    for (size_t i = 0; i < s->n; i++) scratch->items[i] = is_missing(a->data, j, x[i]) ? UINT64_MAX : key_of(x[i]);
    TOC_TRY(toc_sort_u64(ctx, scratch->items, s->n, false, scratch->order));
    s->order = scratch->order;
    s->narrow = NULL;
    s->x = x;
    s->n_distinct = 0;
    for (size_t i = 0; i < s->n; i++) {
        uint32_t row = s->order[i];
        s->y[i] = a->y[row];
        if (a->weight) s->w[i] = a->weight[row];
        if (i >= s->m) continue;
        s->end[i] = i + 1 == s->m || scratch->items[row] != scratch->items[s->order[i + 1]];
        s->n_distinct += s->end[i];
    }
    return TOC_OK;
}

toc_status gain_sort(toc_ctx *ctx, const gain_job *a, size_t j, gain_scratch *scratch)
{
    scratch->s.n = a->data->n;
    gain_packing p = choose_packing(a->data, j, a->k, &scratch->s);
    if (a->weight || !p.fits) return sort_rows(ctx, a, j, scratch);
    sort_packed(a, j, &p, scratch);
    return TOC_OK;
}
