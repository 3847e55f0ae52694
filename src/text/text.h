/* text.h: text as a language model sees it: Unicode classes, WordPiece and byte-level BPE; and the personal data in it: keys, pseudonyms, masking.
 *
 * Tokens are bit-identical to those of the tokenizers library (0.23), which the models of Hugging Face use today (tests/peer/tokenizer). To its BERT parts
 * the character classes are those of Unicode 8: what was assigned later is an ordinary letter, and so it is here. */
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

/* What a model's files other than tokenizer.json (tokenizer_config.json) say of its words. */
typedef struct {
    bool lower;         /* WordPiece: small letters; accents off; ideographs a word each */
    bool strip_accents;
    bool split_cjk;
    bool prefix_space;  /* BPE: a text that does not begin with a blank is read as if it did */
} txt_rules;

/* Text to token ids as a model was trained on: WordPiece or byte-level BPE, with its special tokens. Shared by threads. */
typedef struct txt_tokenizer txt_tokenizer;

/* Reads a model's folder: tokenizer.json, which tells everything itself; else vocab.txt (WordPiece); else vocab.json and merges.txt (byte-level BPE), these
 * two with `rules`. Errors: TOC_E_USAGE (none of them is there), TOC_E_IO, TOC_E_DATA (not such a file, a kind of tokenizer that is not known, a needed token
 * is missing, more than 2^24 tokens), TOC_E_NOMEM. */
TOC_CHECKED toc_status txt_tokenizer_open(toc_ctx *ctx, const char *folder, const txt_rules *rules, txt_tokenizer **tokenizer);
/* A vocab.txt in memory: one token a line, its id is the line number from 0; of repeated lines the last counts. [UNK], [CLS] and [SEP] must be there.
 * path is for messages. */
TOC_CHECKED toc_status txt_tokenizer_wordpiece(toc_ctx *ctx, toc_str vocabulary, const char *path, const txt_rules *rules, txt_tokenizer **tokenizer);
/* A vocab.json (an object, token to id) and a merges.txt (two tokens a line, the first line first). With <s> and </s> in the vocabulary these stand around a
 * text (RoBERTa), else nothing does (GPT-2). */
TOC_CHECKED toc_status txt_tokenizer_bpe(toc_ctx *ctx, toc_str vocabulary, toc_str merges, const char *path, const txt_rules *rules, txt_tokenizer **tokenizer);
/* A tokenizer.json: model WordPiece or BPE; normalizer BertNormalizer or none; pre-tokenizer BertPreTokenizer or ByteLevel; post-processor TemplateProcessing,
 * BertProcessing, RobertaProcessing, ByteLevel or none; added tokens. Its truncation and padding are left to the caller. */
TOC_CHECKED toc_status txt_tokenizer_json(toc_ctx *ctx, toc_str json, const char *path, txt_tokenizer **tokenizer);
void txt_tokenizer_free(txt_tokenizer *tokenizer);
/* Ids are < this. */
size_t txt_tokenizer_size(const txt_tokenizer *tokenizer);
/* How many special tokens stand around every text: 2 for BERT ([CLS], [SEP]) and RoBERTa, 0 for GPT-2. */
size_t txt_tokenizer_frame(const txt_tokenizer *tokenizer);
/* The id of a token by its text, as in the vocabulary: "[MASK]", "##ing"; false where there is none. */
bool txt_tokenizer_find(const txt_tokenizer *tokenizer, toc_str token, uint32_t *id);
/* inner (txt_tokenizer_size, the caller's, zeroed) gets true for WordPiece's pieces inside words. */
TOC_CHECKED toc_status txt_tokenizer_inner(toc_ctx *ctx, const txt_tokenizer *tokenizer, bool *inner);
/* A number that names vocabulary and rules. */
uint64_t txt_tokenizer_hash(const txt_tokenizer *tokenizer);

/* Growing ids and scratch of one thread; zero is empty; owned by the caller. */
typedef struct {
    uint32_t *ids;
    size_t n, cap;
    toc_buf valid, clean, word;
    int32_t *points;
    struct txt_symbol *symbols;
    uint64_t *heap;
    size_t cap_points, cap_symbols, cap_heap;
} txt_tokens;
void txt_tokens_release(txt_tokens *tokens);

/* Appends the ids of a text to tokens->ids, special tokens around it included, at most max_tokens (>= the frame) of them. Special tokens written in the text
 * are those tokens, as in the reference. Bytes that are no UTF-8 are dropped. *truncated (may be NULL): pieces did not fit. Linear in the text (BPE:
 * n log n in its longest word). Errors: TOC_E_NOMEM, TOC_E_DATA (2 GiB or more). */
TOC_CHECKED toc_status txt_tokenize(toc_ctx *ctx, const txt_tokenizer *tokenizer, toc_str text, size_t max_tokens, txt_tokens *tokens, bool *truncated);

/* ---- a vocabulary learned from texts (learn.c) ---- */

typedef struct txt_learner txt_learner;
/* Counts words as `rules` clean them; ideographs are a word each where split_cjk. Memory grows with the distinct words. */
TOC_CHECKED toc_status txt_learner_new(toc_ctx *ctx, const txt_rules *rules, txt_learner **learner);
void txt_learner_free(txt_learner *learner);
/* One more text; what is behind bytes that are no UTF-8 is not read. */
TOC_CHECKED toc_status txt_learner_add(toc_ctx *ctx, txt_learner *learner, toc_str text);
/* Appends the lines of a vocab.txt of at most `size` tokens: [PAD], [UNK], [CLS], [SEP], [MASK], every character seen `least` times, then pieces in the order
 * in which they were learned. Only words of at least `least` texts teach pieces, none with a digit, and none that mostly has a capital within sentences: what
 * names and numbers people, such as telephone numbers, e-mail addresses and rare or proper names, is left in characters or pieces of other words. Call it once.
 * Errors: TOC_E_USAGE (size less than the characters), TOC_E_DATA (no characters). Source: Sennrich, Haddow & Birch 2016, on words marked as by Devlin et al. 2019. */
TOC_CHECKED toc_status txt_learner_finish(toc_ctx *ctx, txt_learner *learner, size_t size, size_t least, toc_buf *vocabulary);

/* ---- personal data: one key for each spelling, pseudonyms, and what is found in texts (fold.c, mask.c, find.c) ---- */

typedef enum {
    TXT_EMAIL, TXT_PHONE, TXT_ADDRESS, TXT_PAYMENT, TXT_NAME, TXT_DEVICE, TXT_IP, TXT_POSTCODE,
    TXT_RESIDENT, /* number of a Chinese identity card */
    TXT_N_KINDS,
    TXT_NOBODY = TXT_N_KINDS, /* names no person */
} txt_kind;

/* Scratch of one thread; zero is empty; owned by the caller. */
typedef struct {
    int32_t *points;
    size_t cap_points;
    toc_buf folded, word, pass[2];
    unsigned char *shape;  /* a text's characters as find.c sees them, and where each begins */
    size_t *at;
    size_t cap_shape, cap_at;
} txt_room;
void txt_room_release(txt_room *room);

/* Appends the one spelling of a value that stands for all its spellings, so that equal persons, dwellings and cards have equal keys:
 *   e-mail: lower case, what stands in <> alone; at Gmail without dots and what follows a plus, at the other large providers that know it without what
 * follows a plus
 *   phone: "+", country code and number; digits alone where no country is known. country: of the row, a code of ISO 3166 or an English, Chinese or own
 * name; empty: Chinese mobile numbers (11 digits, 13 to 19) and North American ones of 10 digits are known by their form. Extensions are dropped
 *   address: no case, accents, punctuation and blanks; usual words in their short form (street st, apartment flat # apt), without 省 and 市
 *   payment key: digits alone where it is a card number; an e-mail address or telephone number as such; else as it is
 *   name: no case, accents, and single blanks;  postcode: no case and blanks;  device: as it is;  IP address: no case
 * Full-width characters count as ASCII. Nothing is appended for a text of blanks. Linear in the text. Errors: TOC_E_NOMEM. */
TOC_CHECKED toc_status txt_fold(toc_ctx *ctx, txt_kind kind, toc_str text, toc_str country, txt_room *room, toc_buf *folded);
/* What an id that shops give to people is: an e-mail address, a telephone number (digits, 7 to 15 of them, also with signs around), TXT_NOBODY where it is of
 * a machine (capitals and digits with a digit among them, 1 to 6 or more than 15 digits, 16 or more hexadecimal digits) and no number of a card or person,
 * else a name. */
txt_kind txt_kind_of_id(toc_str id);

/* A secret key. Shared by threads. */
typedef struct txt_mask txt_mask;
/* From the bytes of a file. Errors: TOC_E_USAGE (no regular file, readable by group or others, fewer than 32 bytes), TOC_E_IO, TOC_E_NOMEM. */
TOC_CHECKED toc_status txt_mask_open(toc_ctx *ctx, const char *path, txt_mask **mask);
/* From bytes. */
TOC_CHECKED toc_status txt_mask_new(toc_ctx *ctx, toc_str key, txt_mask **mask);
void txt_mask_free(txt_mask *mask);
/* HMAC-SHA-256 (RFC 2104, by libsodium) of the concatenated parts. */
void txt_mask_hmac(const txt_mask *mask, const toc_str *parts, size_t n, uint8_t digest[32]);

/* A pseudonym: the letter of its kind (e p a k n d i z r), '_' and 20 hexadecimal digits, the first 80 bits of the HMAC of the kind and the folded value.
 * With 10 million values of a kind the chance that any two share one is 4e-11. */
enum { TXT_PSEUDONYM = 22 };
bool txt_is_pseudonym(toc_str text);
/* *pseudonym of a value, empty for blanks; a pseudonym stays as it is, so masking twice is masking once. A payment key that is an e-mail address or a
 * telephone number gets the pseudonym of that. Errors: TOC_E_NOMEM. */
TOC_CHECKED toc_status txt_mask_value(toc_ctx *ctx, const txt_mask *mask, txt_kind kind, toc_str value, toc_str country, txt_room *room,
                                      char pseudonym[TXT_PSEUDONYM + 1]);
/* Appends a text with what identifies people replaced by pseudonyms: e-mail addresses; telephone numbers (with + or 00, Chinese mobiles and landlines, North
 * American and European ways of grouping, any of 7 to 15 digits after words such as call or 微信); bank cards by issuer, length and Luhn's sum (ISO/IEC 7812);
 * Chinese identity cards by region, birth date and MOD 11-2 (GB 11643). Names and addresses in running text are not found. *n_found (may be NULL) grows by
 * what was replaced. Linear in the text. Errors: TOC_E_NOMEM. */
TOC_CHECKED toc_status txt_mask_text(toc_ctx *ctx, const txt_mask *mask, toc_str text, txt_room *room, toc_buf *masked, size_t *n_found);
/* The sums that tell a number from a typing error, of digits only (the last of an identity card may be X). */
bool txt_luhn(toc_str digits);
/* Also by its issuer and length. */
bool txt_is_card(toc_str digits);
bool txt_is_resident(toc_str number);

#endif
