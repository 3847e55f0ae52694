/* wordpiece.c: text to token ids.
 *
 * Special tokens written in the text cut it into stretches. A stretch is cleaned (controls dropped, ideographs set off by blanks), taken apart into
 * letters and marks where accents go, and read as words; every word is cut greedily into the longest pieces the vocabulary has. */
#include <utf8proc.h>

#include "text/text_int.h"

enum { MOST_CHARACTERS = 100, MOST_LINES = 1 << 24, MOST_PIECE_BYTES = 1024 };

typedef enum { UNK, CLS, SEP, PAD, MASK, N_SPECIAL } special;
static const char *const special_names[N_SPECIAL] = { "[UNK]", "[CLS]", "[SEP]", "[PAD]", "[MASK]" };

struct txt_wordpiece {
    toc_pool pool;
    uint32_t *id_of_code; /* by pool code; UINT32_MAX for the empty string */
    size_t n;
    size_t longest;       /* bytes of the longest token that can matter */
    txt_rules rules;
    uint32_t specials[N_SPECIAL]; /* UINT32_MAX = not in the vocabulary */
};

/* ---- the vocabulary ---- */

static uint32_t id_of(const txt_wordpiece *w, toc_str token)
{
    uint32_t code;
    return toc_pool_find(&w->pool, token, &code) ? w->id_of_code[code] : UINT32_MAX;
}

static toc_status add_line(toc_ctx *ctx, txt_wordpiece *w, toc_str line, size_t *cap)
{
    uint32_t code;

    if (line.n && line.p[line.n - 1] == '\r') line.n--;
    TOC_TRY(toc_pool_intern(ctx, &w->pool, line, &code));
    TOC_TRY(toc_grow(ctx, &w->id_of_code, cap, (size_t)code + 1, sizeof *w->id_of_code));
    w->id_of_code[code] = code ? (uint32_t)w->n : UINT32_MAX;
    w->longest = TOC_MAX(w->longest, TOC_MIN(line.n, (size_t)MOST_PIECE_BYTES));
    w->n++;
    return TOC_OK;
}

static toc_status fill(toc_ctx *ctx, txt_wordpiece *w, toc_str text, const char *path)
{
    size_t cap = 0;
    toc_str line;

    /* The pool's code 0, the empty string, needs its place even when no line is empty. */
    TOC_TRY(toc_grow(ctx, &w->id_of_code, &cap, 1, sizeof *w->id_of_code));
    w->id_of_code[0] = UINT32_MAX;
    if (text.n && text.p[text.n - 1] == '\n') text.n--;
    while (toc_str_split(&text, '\n', &line)) {
        if (w->n >= MOST_LINES) return toc_fail(ctx, TOC_E_DATA, "%s: more than %d tokens", path, MOST_LINES);
        TOC_TRY(add_line(ctx, w, line, &cap));
    }
    for (special s = 0; s < N_SPECIAL; s++) {
        w->specials[s] = id_of(w, toc_str_of(special_names[s]));
        if (s <= SEP && w->specials[s] == UINT32_MAX) return toc_fail(ctx, TOC_E_DATA, "%s: no token %s", path, special_names[s]);
    }
    return TOC_OK;
}

toc_status txt_wordpiece_parse(toc_ctx *ctx, toc_str vocabulary, const char *path, const txt_rules *rules, txt_wordpiece **wordpiece)
{
    txt_wordpiece *w = NULL;

    TOC_TRY(toc_alloc(ctx, 1, sizeof *w, &w));
    w->rules = *rules;
    toc_status st = fill(ctx, w, vocabulary, path);
    if (st) txt_wordpiece_free(w);
    else *wordpiece = w;
    return st;
}

void txt_wordpiece_free(txt_wordpiece *w)
{
    if (!w) return;
    toc_pool_release(&w->pool);
    toc_free(w->id_of_code);
    toc_free(w);
}

size_t txt_wordpiece_size(const txt_wordpiece *w)
{
    return w->n;
}

bool txt_wordpiece_find(const txt_wordpiece *w, toc_str token, uint32_t *id)
{
    *id = id_of(w, token);
    return *id != UINT32_MAX;
}

/* ---- words to pieces ---- */

typedef struct {
    toc_ctx *ctx;
    const txt_wordpiece *w;
    txt_tokens *t;
    size_t end;     /* ids may grow up to here; one more piece means truncated */
    size_t n_chars; /* of the word being gathered */
    bool full;
} walk;

static toc_status push(walk *k, uint32_t id)
{
    if (k->t->n >= k->end) {
        k->full = true;
        return TOC_OK;
    }
    TOC_TRY(toc_grow(k->ctx, &k->t->ids, &k->t->cap, k->t->n + 1, sizeof *k->t->ids));
    k->t->ids[k->t->n++] = id;
    return TOC_OK;
}

static bool starts_character(char c)
{
    return ((unsigned char)c & 0xc0) != 0x80;
}

/* Length in bytes of the longest piece at the front of word, 0 for none. */
static size_t longest_piece(const txt_wordpiece *w, const char *word, size_t n, uint32_t *id)
{
    for (size_t m = TOC_MIN(n, w->longest); m > 0; m--) {
        if (m < n && !starts_character(word[m])) continue;
        *id = id_of(w, (toc_str){ word, m });
        if (*id != UINT32_MAX) return m;
    }
    return 0;
}

/* The gathered word lies behind two spare bytes, so that "##" can be written before every later piece, over bytes already used. */
static toc_status end_word(walk *k)
{
    toc_buf *word = &k->t->word;
    size_t n = word->n, first = k->t->n;
    bool was_full = k->full;
    uint32_t id;

    if (n <= 2) return TOC_OK;
    if (k->n_chars <= MOST_CHARACTERS) {
        for (size_t at = 2; at < n;) {
            size_t skip = at > 2 ? 2 : 0;
            memcpy(word->p + at - skip, "##", skip);
            size_t m = longest_piece(k->w, word->p + at - skip, n - at + skip, &id);
            if (m <= skip) goto unknown;
            at += m - skip;
            TOC_TRY(push(k, id));
        }
        goto out;
    }
unknown:
    k->t->n = first;
    k->full = was_full;
    TOC_TRY(push(k, k->w->specials[UNK]));
out:
    word->n = 2;
    k->n_chars = 0;
    return TOC_OK;
}

static toc_status add_character(walk *k, int32_t c)
{
    utf8proc_uint8_t bytes[4];
    utf8proc_ssize_t n = utf8proc_encode_char(c, bytes);

    /* Too long a word is unknown whatever it goes on with. */
    if (++k->n_chars > MOST_CHARACTERS) return TOC_OK;
    return toc_buf_add(k->ctx, &k->t->word, (const char *)bytes, (size_t)n);
}

static toc_status read_point(walk *k, int32_t c)
{
    txt_class class = txt_class_of(c);

    if (class == TXT_SPACE) return end_word(k);
    if (class == TXT_MARK && k->w->rules.strip_accents) return TOC_OK;
    if (class == TXT_PUNCT) TOC_TRY(end_word(k));
    /* The one letter whose small form is two characters. */
    if (k->w->rules.lower && c == 0x130) TOC_TRY(add_character(k, 'i'));
    TOC_TRY(add_character(k, !k->w->rules.lower ? c : c == 0x130 ? 0x307 : c < 0x80 ? c + (c >= 'A' && c <= 'Z') * 32 : utf8proc_tolower(c)));
    return class == TXT_PUNCT ? end_word(k) : TOC_OK;
}

/* ---- stretches between special tokens ---- */

/* The cleaned stretch in t->clean; *ascii tells whether it is all ASCII. */
static toc_status clean(walk *k, toc_str text, bool *ascii)
{
    toc_buf *out = &k->t->clean;

    toc_buf_reset(out);
    *ascii = true;
    for (size_t i = 0; i < text.n;) {
        utf8proc_int32_t c = -1;
        utf8proc_ssize_t n = utf8proc_iterate((const utf8proc_uint8_t *)text.p + i, (utf8proc_ssize_t)TOC_MIN(text.n - i, (size_t)4), &c);
        if (n <= 0) {
            i++;
            continue;
        }
        txt_class class = txt_class_of(c);
        if (c >= 0x80) *ascii = false;
        if (class == TXT_SPACE) TOC_TRY(toc_buf_char(k->ctx, out, ' '));
        else if (class != TXT_CONTROL) {
            bool apart = class == TXT_CJK && k->w->rules.split_cjk;
            if (apart) TOC_TRY(toc_buf_char(k->ctx, out, ' '));
            TOC_TRY(toc_buf_add(k->ctx, out, text.p + i, (size_t)n));
            if (apart) TOC_TRY(toc_buf_char(k->ctx, out, ' '));
        }
        i += (size_t)n;
    }
    return TOC_OK;
}

/* Code points of the cleaned stretch, taken apart (NFD) where accents are stripped. */
static toc_status decompose(walk *k, size_t *n_points)
{
    txt_tokens *t = k->t;
    utf8proc_option_t options = k->w->rules.strip_accents ? UTF8PROC_DECOMPOSE | UTF8PROC_STABLE : 0;

    for (;;) {
        utf8proc_ssize_t n = utf8proc_decompose((const utf8proc_uint8_t *)t->clean.p, (utf8proc_ssize_t)t->clean.n, t->points,
                                                (utf8proc_ssize_t)t->cap_points, options);
        if (n < 0) return toc_fail(k->ctx, TOC_E_NOMEM, "text too long to take apart: %s", utf8proc_errmsg(n));
        *n_points = (size_t)n;
        if (*n_points <= t->cap_points) return TOC_OK;
        TOC_TRY(toc_grow(k->ctx, &t->points, &t->cap_points, *n_points, sizeof *t->points));
    }
}

static toc_status read_stretch(walk *k, toc_str text)
{
    bool ascii;
    size_t n = 0;

    TOC_TRY(clean(k, text, &ascii));
    if (!k->t->clean.n) return TOC_OK;
    if (!ascii) TOC_TRY(decompose(k, &n));
    else n = k->t->clean.n;
    for (size_t i = 0; i < n && !k->full; i++) TOC_TRY(read_point(k, ascii ? k->t->clean.p[i] : k->t->points[i]));
    return end_word(k);
}

/* The first special token written in text: its place, or text.n for none. */
static size_t find_special(const txt_wordpiece *w, toc_str text, special *which)
{
    for (size_t at = 0; at < text.n; at++) {
        const char *open = memchr(text.p + at, '[', text.n - at);
        if (!open) break;
        at = (size_t)(open - text.p);
        for (special s = 0; s < N_SPECIAL; s++) {
            if (w->specials[s] == UINT32_MAX || !toc_str_starts((toc_str){ open, text.n - at }, special_names[s])) continue;
            *which = s;
            return at;
        }
    }
    return text.n;
}

toc_status txt_wordpiece_tokenize(toc_ctx *ctx, const txt_wordpiece *w, toc_str text, size_t max_tokens, txt_tokens *t, bool *truncated)
{
    size_t first = t->n;
    walk k = { .ctx = ctx, .w = w, .t = t, .end = SIZE_MAX };
    toc_status st;

    TOC_ASSERT(max_tokens >= 2);
    toc_buf_reset(&t->word);
    if ((st = toc_buf_str(ctx, &t->word, "##")) || (st = push(&k, w->specials[CLS]))) goto out;
    k.end = first + max_tokens - 1;
    while (text.n && !k.full) {
        special s = N_SPECIAL;
        size_t at = find_special(w, text, &s);
        if ((st = read_stretch(&k, (toc_str){ text.p, at }))) goto out;
        if (s == N_SPECIAL) break;
        if ((st = push(&k, w->specials[s]))) goto out;
        at += strlen(special_names[s]);
        text = (toc_str){ text.p + at, text.n - at };
    }
    if (truncated) *truncated = k.full;
    k.end = SIZE_MAX;
    st = push(&k, w->specials[SEP]);
out:
    if (st) t->n = first;
    return st;
}
