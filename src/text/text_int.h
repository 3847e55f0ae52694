/* text_int.h: private to text/. How a tokenizer works on a text (tokenizer.c):
 *
 *   valid UTF-8 -> tokens written in the text are cut out (added.c) -> cleaned, small, without accents (normal.c) -> those tokens once more, of the kind
 *   that is looked for in cleaned text -> words -> pieces (wordpiece.c) or merges (bpe.c) -> special tokens around */
#ifndef TXT_TEXT_INT_H
#define TXT_TEXT_INT_H

#include "text/text.h"

/* ---- classes.c ---- */

/* Bits of a character: its txt_class (BERT), and what byte-level BPE takes it for: a letter, a number, a blank (also where a normalizer did not drop it, to
 * BERT) or none of these. */
enum { TXT_CLASS = 7, TXT_LETTER = 8, TXT_NUMBER = 16, TXT_BLANK = 32, TXT_LOW = 0x10000 };
unsigned char txt_bits_of(int32_t c);
/* The same for all c < TXT_LOW at once. */
void txt_bits_fill(unsigned char bits[TXT_LOW]);
/* \w of the reference's regular expressions. */
bool txt_in_word(int32_t c);
/* The small letter of c; U+0130, whose small form is two characters, gives its first. */
int32_t txt_small(int32_t c);

/* Where a character that is kept when accents go stands among others behind one letter (canonical order), lowest first. */
typedef enum { TXT_STANDS, TXT_ORDER_7, TXT_ORDER_9, TXT_ORDER_216, TXT_ORDER_224, TXT_ORDER_226, TXT_ORDER_230, TXT_N_ORDERS } txt_order;
txt_order txt_order_of(int32_t c);
/* The same of a mark (TXT_MARK): whether it is among those that move, so that others move past it. */
bool txt_mark_moves(int32_t c);
/* NFD of one character: how many parts. */
enum { TXT_MOST_PARTS = 8 };
size_t txt_take_apart(int32_t c, int32_t parts[TXT_MOST_PARTS]);

/* The character at *p, which is valid UTF-8; *p moves behind it. */
static inline int32_t txt_next(const char **p)
{
    const unsigned char *b = (const unsigned char *)*p;

    if (b[0] < 0x80) {
        *p += 1;
        return b[0];
    }
    if (b[0] < 0xe0) {
        *p += 2;
        return (b[0] & 0x1f) << 6 | (b[1] & 0x3f);
    }
    if (b[0] < 0xf0) {
        *p += 3;
        return (b[0] & 0xf) << 12 | (b[1] & 0x3f) << 6 | (b[2] & 0x3f);
    }
    *p += 4;
    return (b[0] & 7) << 18 | (b[1] & 0x3f) << 12 | (b[2] & 0x3f) << 6 | (b[3] & 0x3f);
}

/* ---- trie.c: tokens by their bytes ---- */

#define TXT_NONE UINT32_MAX /* no id, no node */

/* A step from a node by a byte is a slot of an open-addressed table: node (27 bits) and byte, whether a token ends there, the node reached. Zero is an
 * empty trie; node 0 is its root. */
typedef struct {
    uint64_t *slots;
    size_t n_slots, n_nodes;
    uint32_t *ids; /* of each node, where a token ends */
    size_t cap_ids;
} txt_trie;

/* The id of a token; one that is there already gets the new id. Errors: TOC_E_NOMEM, TOC_E_DATA (more than 2^27 nodes). The empty token is left out. */
TOC_CHECKED toc_status txt_trie_add(toc_ctx *ctx, txt_trie *trie, toc_str token, uint32_t id);
void txt_trie_release(txt_trie *trie);

static inline size_t txt_trie_place(const txt_trie *trie, uint64_t key)
{
    size_t mask = trie->n_slots - 1, i = (size_t)(key * UINT64_C(0x9e3779b97f4a7c15) >> 32) & mask;

    while (trie->slots[i] && trie->slots[i] >> 28 != key) i = (i + 1) & mask;
    return i;
}
/* The slot of a step, 0 where no token goes on like that. */
static inline uint64_t txt_trie_step(const txt_trie *trie, uint32_t node, unsigned char byte)
{
    return trie->slots[txt_trie_place(trie, (uint64_t)node << 8 | byte)];
}
static inline uint32_t txt_trie_node(uint64_t slot) { return (uint32_t)slot & 0x7ffffff; }
static inline bool txt_trie_ends(uint64_t slot) { return slot >> 27 & 1; }

/* Bytes of the longest token at the front of text, from a node; 0 for none. */
static inline size_t txt_trie_longest(const txt_trie *trie, uint32_t node, toc_str text, uint32_t *id)
{
    size_t best = 0;
    uint32_t at = 0;

    if (!trie->n_slots) return 0;
    for (size_t i = 0; i < text.n; i++) {
        uint64_t slot = txt_trie_step(trie, node, (unsigned char)text.p[i]);
        if (!slot) break;
        node = txt_trie_node(slot);
        if (txt_trie_ends(slot)) {
            best = i + 1;
            at = node;
        }
    }
    if (best) *id = trie->ids[at];
    return best;
}
/* The node behind a text; false where no token begins with it. *ends (may be NULL): a token ends there. */
bool txt_trie_walk(const txt_trie *trie, toc_str text, uint32_t *node, bool *ends);
/* found[id] = true for the tokens behind a node. */
TOC_CHECKED toc_status txt_trie_behind(toc_ctx *ctx, const txt_trie *trie, uint32_t node, bool *found);
/* The id of a whole token. */
bool txt_trie_find(const txt_trie *trie, toc_str token, uint32_t *id);

/* ---- added.c: tokens that are found in the text itself ---- */

typedef struct {
    uint32_t id;
    bool left, right; /* take the blanks before, behind */
    bool single;      /* no letter or digit may touch it */
} txt_added;

typedef struct {
    txt_trie trie;    /* its ids are places in tokens */
    txt_added *tokens;
    size_t n, cap;
    bool begins[256]; /* bytes a token begins with */
} txt_additions;

TOC_CHECKED toc_status txt_additions_add(toc_ctx *ctx, txt_additions *additions, toc_str content, txt_added token);
void txt_additions_release(txt_additions *additions);
/* The next token in text at or behind *scan, which moves behind it: whether there is one. *first and *last are where it begins and ends, its blanks included:
 * those before it may be behind the token before, whose they are then. */
bool txt_additions_next(const txt_additions *additions, toc_str text, size_t *scan, size_t *first, size_t *last, uint32_t *id);

/* ---- the tokenizer ---- */

typedef enum { TXT_WORDPIECE, TXT_BPE } txt_model;

struct txt_tokenizer {
    txt_model model;
    txt_trie vocabulary; /* BPE: by the bytes that tokens stand for */
    txt_trie unwritten;  /* BPE: tokens that stand for no bytes, such as some special ones */
    size_t size, n_tokens; /* ids are < size; n_tokens are in the vocabulary */
    uint32_t next_added;   /* id of the next token that is not there yet; 0 = n_tokens */
    uint64_t hash;
    unsigned char *bits;   /* TXT_LOW, of txt_bits_fill */
    txt_additions raw, cleaned; /* looked for in the text, and in the cleaned text */
    uint32_t *before, *after;   /* special tokens around a text */
    size_t n_before, n_after, cap_before, cap_after;

    bool clean, split_cjk, strip_accents, lower; /* normal.c */
    int16_t ascii[128];    /* what becomes of it, -1 = dropped */

    uint32_t unknown;      /* TXT_NONE: characters that have no token are left out (BPE) */
    uint32_t inner;        /* WordPiece: node of the pieces inside words, behind "##" */
    size_t max_characters; /* WordPiece: of a word; a longer one is unknown */

    toc_map merges;        /* BPE: pair of ids -> rank << 32 | id */
    uint32_t of_byte[256]; /* BPE: tokens of single bytes, TXT_NONE = none */
    bool prefix_space, split_words, fuse_unknown;
    _Atomic unsigned char *whole; /* BPE, by id, found out when first met: 1 the merges of its bytes end in this token, 2 they do not */
};

/* A token of a word whose neighbours merge. */
typedef struct txt_symbol {
    uint32_t id, before, next; /* id TXT_NONE = merged away; next TXT_NONE = the last */
} txt_symbol;

/* One text on its way to ids. */
typedef struct {
    toc_ctx *ctx;
    const txt_tokenizer *t;
    txt_tokens *out;
    size_t end; /* ids may grow up to here; one more means that the text is cut */
    bool full;
} txt_walk;

TOC_CHECKED static inline toc_status txt_push(txt_walk *k, uint32_t id)
{
    if (k->out->n >= k->end) {
        k->full = true;
        return TOC_OK;
    }
    if (k->out->n >= k->out->cap) TOC_TRY(toc_grow(k->ctx, &k->out->ids, &k->out->cap, k->out->n + 1, sizeof *k->out->ids));
    k->out->ids[k->out->n++] = id;
    return TOC_OK;
}

static inline unsigned txt_bits(const txt_tokenizer *t, int32_t c) { return c < TXT_LOW ? t->bits[c] : txt_bits_of(c); }

/* normal.c: a character as UTF-8, appended; t->ascii from the rules; and the cleaned text, appended to a buffer. */
TOC_CHECKED toc_status txt_put(txt_walk *k, toc_buf *out, int32_t c);
void txt_normal_prepare(txt_tokenizer *t);
TOC_CHECKED toc_status txt_normal(txt_walk *k, toc_str text, toc_buf *clean);
/* wordpiece.c, bpe.c: ids of a stretch between special tokens. */
TOC_CHECKED toc_status txt_wordpiece_pieces(txt_walk *k, toc_str text);
TOC_CHECKED toc_status txt_bpe_pieces(txt_walk *k, toc_str text);
/* The bytes that a token of byte-level BPE stands for (each byte is written as one character), appended; false where it is no such text. */
TOC_CHECKED toc_status txt_bpe_bytes(toc_ctx *ctx, toc_str token, toc_buf *bytes, bool *fits);
/* The id of a token as it is written; the token is UTF-8. */
bool txt_bpe_find(const txt_tokenizer *t, toc_str token, uint32_t *id);
/* Looks up the tokens of single bytes. */
TOC_CHECKED toc_status txt_bpe_prepare(toc_ctx *ctx, txt_tokenizer *t);
/* The merge of two tokens; what they make together must be a token. */
TOC_CHECKED toc_status txt_bpe_merge(toc_ctx *ctx, txt_tokenizer *t, toc_str left, toc_str right, uint32_t rank, const char *where);

/* Building, in tokenizer.c: an empty tokenizer; a token of the vocabulary; when these are all there, one found in the text (its id is that of the vocabulary
 * or, for a new one, the next) and special tokens around texts, each put outermost. */
TOC_CHECKED toc_status txt_tokenizer_new(toc_ctx *ctx, txt_model model, txt_tokenizer **tokenizer);
TOC_CHECKED toc_status txt_tokenizer_token(toc_ctx *ctx, txt_tokenizer *t, toc_str token, uint32_t id);
TOC_CHECKED toc_status txt_tokenizer_added(toc_ctx *ctx, txt_tokenizer *t, toc_str content, txt_added flags, bool cleaned);
TOC_CHECKED toc_status txt_tokenizer_around(toc_ctx *ctx, txt_tokenizer *t, bool before, uint32_t id);
/* When all is known: what the models look up at once. */
TOC_CHECKED toc_status txt_tokenizer_finish(toc_ctx *ctx, txt_tokenizer *t);

#endif
