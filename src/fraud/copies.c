/* copies.c: reviews that nearly copy each other.
 *
 * Every text becomes 48 minhashes of its shingles; texts that agree in one of 12 bands of 4 are compared. Joined by union-find, within a merchant. */
#include "fraud/fraud.h"
#include "fraud/fraud_int.h"

#include <cblas.h>
#include <utf8proc.h>

#include "text/text.h"

enum { HASHES = 48, BANDS = 12, BAND_ROWS = HASHES / BANDS, MIN_WORDS = 6, MOST_COMPARED = 24 };
static const double min_similarity = 0.6;
static const float min_cosine = 0.95f;

typedef struct {
    uint32_t hash[HASHES];
} signature;

/* Scripts that write no blanks between words: each character stands for one, as ideographs do. */
static bool stands_alone(int32_t c)
{
    static const struct { int32_t first, last; } scripts[] = {
        { 0x0e01, 0x0eff }, { 0x1000, 0x109f }, { 0x1780, 0x17ff }, { 0x3041, 0x30ff }, /* Thai and Lao, Burmese, Khmer, kana */
    };

    for (size_t i = 0; i < TOC_COUNT(scripts); i++)
        if (c >= scripts[i].first && c <= scripts[i].last) return true;
    return txt_class_of(c) == TXT_CJK;
}

/* The character at p and its length; what is no UTF-8 is one byte and no character. */
static int32_t read_character(const char *p, size_t *length)
{
    utf8proc_int32_t c = (unsigned char)*p;

    *length = 1;
    if (c < 0x80) return c;
    utf8proc_ssize_t n = utf8proc_iterate((const utf8proc_uint8_t *)p, (utf8proc_ssize_t)strnlen(p, 4), &c);
    if (n <= 0) return -1;
    *length = (size_t)n;
    return c;
}

/* Letters, marks and digits make words; blanks, punctuation and pictures part them. */
static bool in_word(int32_t c)
{
    if (c < 0x80) return c == '\'' || (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
    utf8proc_category_t category = utf8proc_category(c);
    return category >= UTF8PROC_CATEGORY_LU && category <= UTF8PROC_CATEGORY_NO;
}

/* The next word, folded to small letters: a run of word characters, or one that stands alone. 0 at the end. */
static uint64_t next_word(const char **p)
{
    char word[64];
    size_t n = 0, length;
    int32_t c;

    for (; **p && !in_word(read_character(*p, &length)); *p += length) continue;
    if (!**p) return 0;
    for (; **p && in_word(c = read_character(*p, &length)); *p += length) {
        bool alone = c >= 0x80 && stands_alone(c);
        if (alone && n) break;
        if (n + 4 <= sizeof word) n += (size_t)utf8proc_encode_char(utf8proc_tolower(c), (utf8proc_uint8_t *)word + n);
        if (!alone) continue;
        *p += length;
        break;
    }
    return toc_str_hash((toc_str){ word, n }) | 1;
}

/* False for texts too short to say anything. */
static bool sign(const char *text, signature *s)
{
    uint64_t a = 0, b = 0, c;
    size_t n_words = 0;

    memset(s, 0xff, sizeof *s);
    while ((c = next_word(&text)) != 0) {
        if (++n_words >= 3) {
            uint64_t shingle = toc_mix(a * 3 + b * 5 + c * 7);
            for (uint32_t h = 0; h < HASHES; h++) {
                uint32_t v = (uint32_t)(toc_mix(shingle + h * 0x9e3779b97f4a7c15u) >> 32);
                if (v < s->hash[h]) s->hash[h] = v;
            }
        }
        a = b;
        b = c;
    }
    return n_words >= MIN_WORDS;
}

static double similarity(const signature *a, const signature *b)
{
    size_t equal = 0;
    for (size_t h = 0; h < HASHES; h++) equal += a->hash[h] == b->hash[h];
    return (double)equal / HASHES;
}

static uint32_t root(uint32_t *parent, uint32_t i)
{
    while (parent[i] != i) i = parent[i] = parent[parent[i]];
    return i;
}

static void join(uint32_t *parent, uint32_t a, uint32_t b)
{
    a = root(parent, a);
    b = root(parent, b);
    if (a < b) parent[b] = a;
    else parent[a] = b;
}

/* One band: texts of one merchant with equal band hashes stand together after sorting; each is compared with a few before it. */
static toc_status join_band(toc_ctx *ctx, const uint32_t *merchant, const signature *signs, const uint32_t *rows, size_t n, size_t band, uint32_t *parent)
{
    uint64_t *keys = NULL;
    uint32_t *order = NULL;
    toc_status st = TOC_OK;

    if ((st = toc_alloc(ctx, n, sizeof *keys, &keys))) goto out;
    if ((st = toc_alloc(ctx, n, sizeof *order, &order))) goto out;
    for (size_t i = 0; i < n; i++) {
        uint64_t h = merchant[rows[i]];
        for (size_t k = 0; k < BAND_ROWS; k++) h = toc_mix(h ^ signs[i].hash[band * BAND_ROWS + k]);
        keys[i] = h;
    }
    if ((st = toc_sort_u64(ctx, keys, n, false, order))) goto out;
    for (size_t i = 1; i < n; i++)
        for (size_t back = 1; back <= i && back <= MOST_COMPARED && keys[order[i - back]] == keys[order[i]]; back++)
            if (similarity(&signs[order[i]], &signs[order[i - back]]) >= min_similarity) join(parent, rows[order[i]], rows[order[i - back]]);
out:
    toc_free(keys);
    toc_free(order);
    return st;
}

/* All pairs of one merchant's reviews by one matrix product, in blocks. */
static toc_status join_by_vectors(toc_ctx *ctx, const shop_data *view, const uint32_t *rows, size_t n, const fraud_vectors *vectors, uint32_t *parent)
{
    enum { BLOCK = 256 };
    size_t dim = vectors->dim;
    float *packed = NULL, *cosine = NULL;
    toc_status st = TOC_OK;

    if ((st = toc_alloc(ctx, n * dim, sizeof *packed, &packed))) goto out;
    if ((st = toc_alloc(ctx, (size_t)BLOCK * n, sizeof *cosine, &cosine))) goto out;
    for (size_t i = 0; i < n; i++) {
        uint32_t v = vectors->row_of[view->reviews.body[rows[i]]];
        if (v != FRAUD_NONE) memcpy(packed + i * dim, vectors->rows + v * dim, dim * sizeof *packed); /* else zero: like nothing */
    }
    for (size_t first = 0; first < n; first += BLOCK) {
        size_t m = TOC_MIN((size_t)BLOCK, n - first);
        cblas_sgemm(CblasRowMajor, CblasNoTrans, CblasTrans, (int)m, (int)n, (int)dim, 1, packed + first * dim, (int)dim, packed, (int)dim, 0, cosine, (int)n);
        for (size_t i = 0; i < m; i++)
            for (size_t k = first + i + 1; k < n; k++)
                if (cosine[i * n + k] >= min_cosine) join(parent, rows[first + i], rows[k]);
    }
out:
    toc_free(packed);
    toc_free(cosine);
    return st;
}

/* rows of texts long enough, sorted by merchant; runs of one merchant go to join_by_vectors. */
static toc_status join_merchants(toc_ctx *ctx, const shop_data *view, const uint32_t *rows, size_t n, const fraud_vectors *vectors, uint32_t *parent)
{
    uint64_t *keys = NULL;
    uint32_t *order = NULL;
    toc_status st = TOC_OK;

    if ((st = toc_alloc(ctx, n, sizeof *keys, &keys))) goto out;
    if ((st = toc_alloc(ctx, n, sizeof *order, &order))) goto out;
    for (size_t i = 0; i < n; i++) keys[i] = view->reviews.merchant_id[rows[i]];
    if ((st = toc_sort_u64(ctx, keys, n, false, order))) goto out;
    for (size_t i = 0; i < n; i++) order[i] = rows[order[i]];
    for (size_t i = 0, end; i < n && !st; i = end) {
        uint32_t merchant = view->reviews.merchant_id[order[i]];
        for (end = i + 1; end < n && view->reviews.merchant_id[order[end]] == merchant; end++) continue;
        if (end - i > 1) st = join_by_vectors(ctx, view, order + i, end - i, vectors, parent);
    }
out:
    toc_free(keys);
    toc_free(order);
    return st;
}

/* Numbers the groups of at least two by first row; parent becomes the group numbers. */
static toc_status number_groups(toc_ctx *ctx, uint32_t *parent, size_t n, uint32_t *group)
{
    uint32_t *size, next = 0;

    TOC_TRY(toc_alloc(ctx, n, sizeof *size, &size));
    for (size_t i = 0; i < n; i++) size[root(parent, (uint32_t)i)]++;
    for (size_t i = 0; i < n; i++) {
        uint32_t r = root(parent, (uint32_t)i);
        group[i] = size[r] < 2 ? FRAUD_NONE : r == i ? next++ : group[r];
    }
    toc_free(size);
    return TOC_OK;
}

toc_status fraud_find_copies(toc_ctx *ctx, const shop_data *view, const fraud_vectors *vectors, uint32_t *group)
{
    size_t n = view->reviews.n, n_long = 0;
    signature *signs = NULL;
    uint32_t *rows = NULL, *parent = NULL;
    toc_status st = TOC_OK;

    if ((st = toc_alloc(ctx, n, sizeof *signs, &signs))) goto out;
    if ((st = toc_alloc(ctx, n, sizeof *rows, &rows))) goto out;
    if ((st = toc_alloc(ctx, n, sizeof *parent, &parent))) goto out;
    for (size_t i = 0; i < n; i++) {
        parent[i] = (uint32_t)i;
        if (sign(shop_text(view, SHOP_D_TEXT, view->reviews.body[i]), &signs[n_long])) rows[n_long++] = (uint32_t)i;
    }
    for (size_t band = 0; band < BANDS; band++)
        if ((st = join_band(ctx, view->reviews.merchant_id, signs, rows, n_long, band, parent))) goto out;
    if (vectors->rows && (st = join_merchants(ctx, view, rows, n_long, vectors, parent))) goto out;
    st = number_groups(ctx, parent, n, group);
out:
    toc_free(signs);
    toc_free(rows);
    toc_free(parent);
    return st;
}
