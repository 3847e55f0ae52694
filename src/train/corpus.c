/* corpus.c: texts as token ids, and batches of them. */
#include "train/train_int.h"

toc_status trn_corpus_add(toc_ctx *ctx, trn_corpus *c, const txt_tokenizer *tokenizer, toc_str text, size_t max_tokens, txt_tokens *scratch)
{
    bool cut;

    scratch->n = 0;
    TOC_TRY(txt_tokenize(ctx, tokenizer, text, max_tokens, scratch, &cut));
    TOC_TRY(toc_grow(ctx, &c->starts, &c->cap_starts, c->n + 2, sizeof *c->starts));
    if (!c->n) c->starts[0] = 0;
    size_t at = c->starts[c->n];
    TOC_TRY(toc_grow(ctx, &c->ids, &c->cap_ids, at + scratch->n, sizeof *c->ids));
    if (scratch->n) memcpy(c->ids + at, scratch->ids, scratch->n * sizeof *c->ids);
    c->starts[++c->n] = at + scratch->n;
    c->cut += cut;
    c->empty += scratch->n == txt_tokenizer_frame(tokenizer);
    return TOC_OK;
}

void trn_corpus_release(trn_corpus *c)
{
    toc_free(c->ids);
    toc_free(c->starts);
    *c = (trn_corpus){0};
}

toc_status trn_batch_fill(toc_ctx *ctx, trn_batch *b, const trn_corpus *corpus, const uint32_t *rows, size_t n)
{
    size_t total = 0;

    for (size_t i = 0; i < n; i++) total += trn_tokens_of(corpus, rows[i]);
    TOC_TRY(toc_grow(ctx, &b->ids, &b->cap_ids, total, sizeof *b->ids));
    TOC_TRY(toc_grow(ctx, &b->starts, &b->cap_starts, n + 1, sizeof *b->starts));
    b->n = n;
    b->starts[0] = 0;
    for (size_t i = 0; i < n; i++) {
        size_t tokens = trn_tokens_of(corpus, rows[i]);
        memcpy(b->ids + b->starts[i], corpus->ids + corpus->starts[rows[i]], tokens * sizeof *b->ids);
        b->starts[i + 1] = b->starts[i] + tokens;
    }
    return TOC_OK;
}

void trn_batch_release(trn_batch *b)
{
    toc_free(b->ids);
    toc_free(b->starts);
    *b = (trn_batch){0};
}
