/* learn.c: a WordPiece vocabulary learned from texts: characters first, then pairs of neighbouring pieces become one, the commonest pair first (Schuster &
 * Nakajima 2012; the merges of Sennrich et al. 2016, by counts, as the tokenizers library trains WordPiece). */
#include "text/text_int.h"

enum { MOST_OF_WORD = 64 }; /* characters; longer words teach nothing */

/* A word as it stands in texts. */
typedef struct {
    uint64_t count;
    uint32_t texts, last;      /* texts that hold it, and the last one that did */
    uint32_t within, capital;  /* seen inside sentences, and there with a capital letter */
} word;

/* Neighbours that may become one piece. */
typedef struct {
    int64_t count;
    uint32_t left, right;
    uint32_t *words; /* some more than once, some that have it no longer */
    size_t n, cap;
} pair;

typedef struct {
    int64_t count;
    uint32_t pair;
} candidate;

struct txt_learner {
    txt_tokenizer *rules; /* how a text is cleaned; its vocabulary is empty */
    txt_tokens scratch;
    toc_pool words;
    word *seen; /* by code */
    size_t cap_seen;
    uint32_t n_texts;

    toc_pool pieces;       /* while learning */
    uint32_t *symbols;     /* pieces of all words, one behind the other */
    size_t *starts, n_words;
    uint32_t *lengths;
    uint64_t *counts;      /* of these words */
    pair *pairs;
    size_t n_pairs, cap_pairs;
    toc_map pair_of;
    candidate *heap;
    size_t n_heap, cap_heap;
};

toc_status txt_learner_new(toc_ctx *ctx, const txt_rules *rules, txt_learner **learner)
{
    TOC_TRY(toc_alloc(ctx, 1, sizeof **learner, learner));
    toc_status st = txt_tokenizer_wordpiece(ctx, TOC_STR("[UNK]\n[CLS]\n[SEP]\n"), "rules", rules, &(*learner)->rules);
    if (st) txt_learner_free(*learner);
    return st;
}

static void forget_pieces(txt_learner *l)
{
    for (size_t i = 0; i < l->n_pairs; i++) toc_free(l->pairs[i].words);
    toc_free(l->pairs);
    toc_free(l->heap);
    toc_free(l->symbols);
    toc_free(l->starts);
    toc_free(l->lengths);
    toc_free(l->counts);
    toc_map_release(&l->pair_of);
    toc_pool_release(&l->pieces);
}

void txt_learner_free(txt_learner *learner)
{
    if (!learner) return;
    forget_pieces(learner);
    txt_tokenizer_free(learner->rules);
    txt_tokens_release(&learner->scratch);
    toc_pool_release(&learner->words);
    toc_free(learner->seen);
    toc_free(learner);
}

/* ---- counting ---- */

static toc_status count_word(toc_ctx *ctx, txt_learner *l, toc_str text, bool within, bool capital)
{
    size_t known = toc_pool_size(&l->words);
    uint32_t code;

    TOC_TRY(toc_pool_intern(ctx, &l->words, text, &code));
    TOC_TRY(toc_grow(ctx, &l->seen, &l->cap_seen, (size_t)code + 1, sizeof *l->seen));
    word *w = &l->seen[code];
    if (code >= known) *w = (word){0};
    w->count++;
    w->texts += w->last != l->n_texts;
    w->last = l->n_texts;
    w->within += within;
    w->capital += within && capital;
    return TOC_OK;
}

/* A word as written: cleaned, it may be several. */
static toc_status count_raw(toc_ctx *ctx, txt_learner *l, toc_str raw, bool within, bool capital)
{
    txt_walk k = { .ctx = ctx, .t = l->rules, .out = &l->scratch };
    toc_buf *clean = &l->scratch.clean;

    toc_buf_reset(clean);
    TOC_TRY(txt_normal(&k, raw, clean));
    toc_str rest = { clean->p ? clean->p : "", clean->n }, piece;
    while (toc_str_split(&rest, ' ', &piece))
        if (piece.n) TOC_TRY(count_word(ctx, l, piece, within, capital));
    return TOC_OK;
}

/* Whether the word begins with a capital and is not all capitals (shouting is no name). */
static bool is_capital(toc_str raw)
{
    const char *p = raw.p;
    int32_t first = txt_next(&p);

    if (txt_small(first) == first) return false;
    if (p == raw.p + raw.n) return false;
    int32_t second = txt_next(&p);
    return txt_small(second) == second;
}

toc_status txt_learner_add(toc_ctx *ctx, txt_learner *l, toc_str text)
{
    size_t valid = toc_utf8_valid(text);
    const char *p = text.p, *begin = p, *end = p + valid;
    bool within = false; /* a word of this sentence stands before */

    l->n_texts++;
    while (p < end) {
        const char *at = p;
        int32_t c = txt_next(&p);
        txt_class class = txt_class_of(c);
        if (class != TXT_SPACE && class != TXT_PUNCT) continue;
        if (at > begin) {
            toc_str raw = { begin, (size_t)(at - begin) };
            TOC_TRY(count_raw(ctx, l, raw, within, is_capital(raw)));
            within = true;
        }
        if (class == TXT_PUNCT) {
            TOC_TRY(count_raw(ctx, l, (toc_str){ at, (size_t)(p - at) }, false, false));
            if (c != ',' && c != '\'' && c != '-') within = false;
        }
        if (c == '\n') within = false;
        begin = p;
    }
    toc_str last = { begin, (size_t)(end - begin) };
    return last.n ? count_raw(ctx, l, last, within, is_capital(last)) : TOC_OK;
}

/* ---- learning ---- */

/* Words that teach pieces: not rare, without digits, no names. Their characters count all the same. */
static bool teaches(const txt_learner *l, uint32_t code, uint64_t least)
{
    const word *w = &l->seen[code];
    toc_str text = toc_pool_str(&l->words, code);
    size_t n = 0;

    if (!code || w->texts < least || (w->within >= least && 2 * (uint64_t)w->capital > w->within)) return false;
    for (const char *p = text.p; p < text.p + text.n; n++) {
        int32_t c = txt_next(&p);
        if (c >= '0' && c <= '9') return false;
    }
    return n > 1 && n <= MOST_OF_WORD;
}

static toc_status piece_of(toc_ctx *ctx, txt_learner *l, bool inner, toc_str text, uint32_t *code)
{
    toc_buf *b = &l->scratch.word;

    toc_buf_reset(b);
    if (inner) TOC_TRY(toc_buf_str(ctx, b, "##"));
    TOC_TRY(toc_buf_add(ctx, b, text.p, text.n));
    return toc_pool_intern(ctx, &l->pieces, (toc_str){ b->p, b->n }, code);
}

/* Characters seen `least` times, in the order of their bytes; inside words too where they are letters or digits. */
static toc_status learn_characters(toc_ctx *ctx, txt_learner *l, uint64_t least)
{
    toc_map count = {0};
    uint64_t *keys = NULL, *slot;
    size_t n = 0;
    toc_status st = TOC_OK;
    uint32_t code;

    for (uint32_t w = 1; w < toc_pool_size(&l->words) && !st; w++) {
        toc_str text = toc_pool_str(&l->words, w);
        for (const char *p = text.p; p < text.p + text.n && !st;)
            if (!(st = toc_map_at(ctx, &count, (uint64_t)txt_next(&p), &slot, NULL))) *slot += l->seen[w].count;
    }
    if (!st) st = toc_alloc(ctx, count.n + 1, sizeof *keys, &keys);
    for (uint64_t c = 0; c < 0x110000 && !st; c++)
        if ((slot = toc_map_find(&count, c)) && *slot >= least) keys[n++] = c;
    for (int inner = 0; inner < 2; inner++)
        for (size_t i = 0; i < n && !st; i++) {
            txt_walk k = { .ctx = ctx, .t = l->rules };
            txt_class class = txt_class_of((int32_t)keys[i]);
            if (inner && class != TXT_ORDINARY && class != TXT_MARK) continue;
            toc_buf *b = &l->scratch.valid;
            toc_buf_reset(b);
            if (!(st = txt_put(&k, b, (int32_t)keys[i]))) st = piece_of(ctx, l, inner, (toc_str){ b->p, b->n }, &code);
        }
    toc_map_release(&count);
    toc_free(keys);
    return st;
}

/* *fits: all its characters are pieces. */
static toc_status cut_word(toc_ctx *ctx, txt_learner *l, toc_str text, size_t *n_symbols, bool *fits)
{
    size_t first = *n_symbols;
    toc_buf *b = &l->scratch.word;

    *fits = true;
    for (const char *p = text.p; p < text.p + text.n && *fits;) {
        const char *at = p;
        (void)txt_next(&p);
        toc_buf_reset(b);
        if (at > text.p) TOC_TRY(toc_buf_str(ctx, b, "##"));
        TOC_TRY(toc_buf_add(ctx, b, at, (size_t)(p - at)));
        *fits = toc_pool_find(&l->pieces, (toc_str){ b->p, b->n }, &l->symbols[(*n_symbols)++]);
    }
    if (!*fits) *n_symbols = first;
    return TOC_OK;
}

static toc_status cut_words(toc_ctx *ctx, txt_learner *l, uint64_t least)
{
    size_t n_words = toc_pool_size(&l->words), n_bytes = 0, n_symbols = 0;
    bool fits;

    for (uint32_t w = 1; w < n_words; w++) n_bytes += toc_pool_str(&l->words, w).n;
    TOC_TRY(toc_alloc(ctx, n_bytes + 1, sizeof *l->symbols, &l->symbols));
    TOC_TRY(toc_alloc(ctx, n_words + 1, sizeof *l->starts, &l->starts));
    TOC_TRY(toc_alloc(ctx, n_words + 1, sizeof *l->lengths, &l->lengths));
    TOC_TRY(toc_alloc(ctx, n_words + 1, sizeof *l->counts, &l->counts));
    for (uint32_t w = 1; w < n_words; w++) {
        if (!teaches(l, w, least)) continue;
        l->starts[l->n_words] = n_symbols;
        TOC_TRY(cut_word(ctx, l, toc_pool_str(&l->words, w), &n_symbols, &fits));
        if (!fits) continue;
        l->lengths[l->n_words] = (uint32_t)(n_symbols - l->starts[l->n_words]);
        l->counts[l->n_words++] = l->seen[w].count;
    }
    return TOC_OK;
}

/* Whether a comes before b: the commoner, then the earlier pieces. */
static bool before(const txt_learner *l, candidate a, candidate b)
{
    const pair *x = &l->pairs[a.pair], *y = &l->pairs[b.pair];

    if (a.count != b.count) return a.count > b.count;
    return x->left != y->left ? x->left < y->left : x->right < y->right;
}

static toc_status push(toc_ctx *ctx, txt_learner *l, candidate c)
{
    TOC_TRY(toc_grow(ctx, &l->heap, &l->cap_heap, l->n_heap + 1, sizeof *l->heap));
    size_t i = l->n_heap++;
    for (; i && before(l, c, l->heap[(i - 1) / 2]); i = (i - 1) / 2) l->heap[i] = l->heap[(i - 1) / 2];
    l->heap[i] = c;
    return TOC_OK;
}

static candidate pop(txt_learner *l)
{
    candidate top = l->heap[0], last = l->heap[--l->n_heap];
    size_t i = 0;

    for (size_t child = 1; child < l->n_heap; i = child, child = 2 * i + 1) {
        if (child + 1 < l->n_heap && before(l, l->heap[child + 1], l->heap[child])) child++;
        if (!before(l, l->heap[child], last)) break;
        l->heap[i] = l->heap[child];
    }
    l->heap[i] = last;
    return top;
}

/* Counts a pair of neighbours in a word; by < 0 takes it back. */
static toc_status count_pair(toc_ctx *ctx, txt_learner *l, uint32_t left, uint32_t right, uint32_t w, int64_t by)
{
    uint64_t *slot;
    bool fresh;

    TOC_TRY(toc_map_at(ctx, &l->pair_of, toc_pair(left, right), &slot, &fresh));
    if (fresh) {
        TOC_TRY(toc_grow(ctx, &l->pairs, &l->cap_pairs, l->n_pairs + 1, sizeof *l->pairs));
        l->pairs[l->n_pairs] = (pair){ .left = left, .right = right };
        *slot = l->n_pairs++;
    }
    pair *p = &l->pairs[*slot];
    p->count += by;
    if (by < 0) return TOC_OK;
    if (!p->n || p->words[p->n - 1] != w) {
        TOC_TRY(toc_grow(ctx, &p->words, &p->cap, p->n + 1, sizeof *p->words));
        p->words[p->n++] = w;
    }
    return TOC_OK;
}

static toc_status count_pairs(toc_ctx *ctx, txt_learner *l, uint32_t w, int64_t sign)
{
    const uint32_t *s = l->symbols + l->starts[w];

    for (uint32_t i = 0; i + 1 < l->lengths[w]; i++) TOC_TRY(count_pair(ctx, l, s[i], s[i + 1], w, sign * (int64_t)l->counts[w]));
    return TOC_OK;
}

/* In one word, the pair becomes a piece. */
static toc_status merge_in(toc_ctx *ctx, txt_learner *l, uint32_t w, uint32_t left, uint32_t right, uint32_t piece)
{
    uint32_t *s = l->symbols + l->starts[w], n = 0;
    bool found = false;

    for (uint32_t i = 0; i + 1 < l->lengths[w]; i++) found |= s[i] == left && s[i + 1] == right;
    if (!found) return TOC_OK;
    TOC_TRY(count_pairs(ctx, l, w, -1));
    for (uint32_t i = 0; i < l->lengths[w]; i++) {
        bool here = i + 1 < l->lengths[w] && s[i] == left && s[i + 1] == right;
        s[n++] = here ? piece : s[i];
        i += here;
    }
    l->lengths[w] = n;
    return count_pairs(ctx, l, w, 1);
}

static toc_status merge(toc_ctx *ctx, txt_learner *l, size_t at)
{
    const uint32_t left = l->pairs[at].left, right = l->pairs[at].right;
    toc_str tail = toc_pool_str(&l->pieces, right);
    size_t first_new = l->n_pairs;
    toc_buf *b = &l->scratch.word;
    uint32_t piece;

    toc_buf_reset(b);
    TOC_TRY(toc_buf_str(ctx, b, toc_pool_text(&l->pieces, left)));
    TOC_TRY(toc_buf_add(ctx, b, tail.p + 2, tail.n - 2));
    TOC_TRY(toc_pool_intern(ctx, &l->pieces, (toc_str){ b->p, b->n }, &piece));
    for (size_t i = 0; i < l->pairs[at].n; i++) TOC_TRY(merge_in(ctx, l, l->pairs[at].words[i], left, right, piece));
    /* Pairs with the new piece are new, or grew again; all others only shrank, which shows when they come up. */
    for (size_t i = first_new; i < l->n_pairs; i++) TOC_TRY(push(ctx, l, (candidate){ l->pairs[i].count, (uint32_t)i }));
    return TOC_OK;
}

static toc_status learn_pieces(toc_ctx *ctx, txt_learner *l, size_t most, uint64_t least)
{
    for (uint32_t w = 0; w < l->n_words; w++) TOC_TRY(count_pairs(ctx, l, w, 1));
    for (size_t i = 0; i < l->n_pairs; i++) TOC_TRY(push(ctx, l, (candidate){ l->pairs[i].count, (uint32_t)i }));
    while (l->n_heap && toc_pool_size(&l->pieces) - 1 < most) {
        candidate c = pop(l);
        if (l->pairs[c.pair].count != c.count) {
            if (l->pairs[c.pair].count > 0) TOC_TRY(push(ctx, l, (candidate){ l->pairs[c.pair].count, c.pair }));
            continue;
        }
        if (c.count < (int64_t)least) break;
        TOC_TRY(merge(ctx, l, c.pair));
    }
    return TOC_OK;
}

/* By piece: whether it stays. Merging leaves pieces that hardly any word is cut into any more, since larger ones took their place: beside the characters, those
 * stay that words are cut into most often, of equals the earlier ones. */
static toc_status choose_pieces(toc_ctx *ctx, const txt_learner *l, size_t characters, size_t most, bool *stays)
{
    size_t n = toc_pool_size(&l->pieces), kept = characters;
    uint64_t *uses;
    uint32_t *order = NULL;
    toc_status st;

    if ((st = toc_alloc(ctx, n, sizeof *uses, &uses)) || (st = toc_alloc(ctx, n, sizeof *order, &order))) goto out;
    for (size_t w = 0; w < l->n_words; w++)
        for (size_t i = 0; i < l->lengths[w]; i++) uses[l->symbols[l->starts[w] + i]] += l->counts[w];
    for (size_t i = 0; i < n; i++) uses[i] = ~uses[i];
    if ((st = toc_sort_u64(ctx, uses, n, false, order))) goto out;
    for (size_t i = 1; i <= characters; i++) stays[i] = true;
    for (size_t i = 0; i < n && kept < most; i++) {
        if (order[i] <= characters) continue;
        stays[order[i]] = true;
        kept++;
    }
out:
    toc_free(uses);
    toc_free(order);
    return st;
}

toc_status txt_learner_finish(toc_ctx *ctx, txt_learner *l, size_t size, size_t least, toc_buf *vocabulary)
{
    static const char special[] = "[PAD]\n[UNK]\n[CLS]\n[SEP]\n[MASK]\n";
    enum { N_SPECIAL = 5 };
    bool *stays;

    TOC_TRY(learn_characters(ctx, l, least));
    size_t characters = toc_pool_size(&l->pieces) - 1;
    if (!characters) return toc_fail(ctx, TOC_E_DATA, "no character stands %zu times in these texts: nothing to learn a vocabulary from", least);
    if (characters + N_SPECIAL > size)
        return toc_fail(ctx, TOC_E_USAGE, "a vocabulary of %zu is too small: the texts have %zu characters (size=%zu or more, or a larger least=)", size, characters,
                        characters + N_SPECIAL);
    TOC_TRY(cut_words(ctx, l, least));
    TOC_TRY(learn_pieces(ctx, l, 2 * (size - N_SPECIAL) - characters, least));
    TOC_TRY(toc_arena_alloc(ctx, &ctx->arena, toc_pool_size(&l->pieces), sizeof *stays, &stays));
    TOC_TRY(choose_pieces(ctx, l, characters, size - N_SPECIAL, stays));
    TOC_TRY(toc_buf_str(ctx, vocabulary, special));
    for (uint32_t i = 1; i < toc_pool_size(&l->pieces); i++) {
        if (!stays[i]) continue;
        TOC_TRY(toc_buf_str(ctx, vocabulary, toc_pool_text(&l->pieces, i)));
        TOC_TRY(toc_buf_char(ctx, vocabulary, '\n'));
    }
    return TOC_OK;
}
