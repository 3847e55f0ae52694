/* text_int.h: private to text/. */
#ifndef TXT_TEXT_INT_H
#define TXT_TEXT_INT_H

#include "text/text.h"

/* ---- wordpiece.c ---- */

typedef struct txt_wordpiece txt_wordpiece;
TOC_CHECKED toc_status txt_wordpiece_parse(toc_ctx *ctx, toc_str vocabulary, const char *path, const txt_rules *rules, txt_wordpiece **wordpiece);
void txt_wordpiece_free(txt_wordpiece *wordpiece);
size_t txt_wordpiece_size(const txt_wordpiece *wordpiece);
bool txt_wordpiece_find(const txt_wordpiece *wordpiece, toc_str token, uint32_t *id);
TOC_CHECKED toc_status txt_wordpiece_tokenize(toc_ctx *ctx, const txt_wordpiece *wordpiece, toc_str text, size_t max_tokens, txt_tokens *tokens,
                                              bool *truncated);

#endif
