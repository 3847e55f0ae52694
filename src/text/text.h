/* text.h: text as a language model sees it: Unicode classes and WordPiece.
 *
 * Bit-identical to the tokenizers library's BertNormalizer, BertPreTokenizer and WordPiece (0.23), which all BERT models of Hugging Face use today. That
 * library knows the character classes of Unicode 8: what was assigned later is an ordinary letter to it, and so it is here. */
#ifndef TXT_TEXT_H
#define TXT_TEXT_H

#include "base/base.h"

typedef enum {
    TXT_ORDINARY,
    TXT_SPACE,   /* Unicode White_Space */
    TXT_CONTROL, /* Cc but tab, CR and LF; Cf, Co; U+0000 and U+FFFD: dropped */
    TXT_PUNCT,   /* every ASCII symbol, and Unicode P* */
    TXT_MARK,    /* Mn: what accents become when they are taken apart */
    TXT_CJK,     /* ideographs: a word each */
} txt_class;
/* The class of a code point (0..0x10FFFF). */
txt_class txt_class_of(int32_t c);

/* How text becomes words, as a tokenizer_config.json says it. */
typedef struct {
    bool lower;
    bool strip_accents;
    bool split_cjk;
} txt_rules;

/* A vocabulary and its rules. */
typedef struct txt_wordpiece txt_wordpiece;

/* Reads a vocab.txt: one token a line, its id is the line number from 0; of repeated lines the last counts. `path` is for messages. [UNK], [CLS] and [SEP]
 * must be there. Errors: TOC_E_IO, TOC_E_DATA (a needed token is missing; more than 2^24 lines), TOC_E_NOMEM. */
TOC_CHECKED toc_status txt_wordpiece_open(toc_ctx *ctx, const char *path, const txt_rules *rules, txt_wordpiece **wordpiece);
/* The same from memory. */
TOC_CHECKED toc_status txt_wordpiece_parse(toc_ctx *ctx, toc_str vocabulary, const char *path, const txt_rules *rules, txt_wordpiece **wordpiece);
void txt_wordpiece_free(txt_wordpiece *wordpiece);
/* Ids are < this: lines of the vocabulary. */
size_t txt_wordpiece_size(const txt_wordpiece *wordpiece);

/* Growing ids and scratch of one thread; zero is empty; owned by the caller. */
typedef struct {
    uint32_t *ids;
    size_t n, cap;
    toc_buf clean, word;
    int32_t *points;
    size_t cap_points;
} txt_tokens;
void txt_tokens_release(txt_tokens *tokens);

/* Appends [CLS] pieces [SEP] of a text to tokens->ids, at most max_tokens (>= 2) of them. [CLS], [SEP], [MASK], [PAD] and [UNK] written in the text are
 * those tokens, as in the reference. Bytes that are no UTF-8 are dropped. *truncated (may be NULL): pieces did not fit. Linear in the text.
 * Errors: TOC_E_NOMEM. */
TOC_CHECKED toc_status txt_tokenize(toc_ctx *ctx, const txt_wordpiece *wordpiece, toc_str text, size_t max_tokens, txt_tokens *tokens, bool *truncated);

#endif
