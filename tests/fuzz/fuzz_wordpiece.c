/* Any bytes as a text, and the part before the first NUL as further vocabulary: ids are of the vocabulary, and no more than were allowed; a tight limit gives
 * the front of what a wide one gives. */
#include "text/text.h"

static void check(toc_ctx *ctx, const txt_tokenizer *w, toc_str text)
{
    txt_tokens wide = {0}, tight = {0};
    bool cut, cut_tight;

    if (txt_tokenize(ctx, w, text, 512, &wide, &cut) || txt_tokenize(ctx, w, text, 6, &tight, &cut_tight)) __builtin_trap();
    if (wide.n < 2 || wide.n > 512 || tight.n > 6 || cut_tight != (wide.n > 6)) __builtin_trap();
    for (size_t i = 0; i < wide.n; i++)
        if (wide.ids[i] >= txt_tokenizer_size(w)) __builtin_trap();
    for (size_t i = 0; i + 1 < tight.n; i++)
        if (tight.ids[i] != wide.ids[i]) __builtin_trap();
    txt_tokens_release(&wide);
    txt_tokens_release(&tight);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const char base[] = "[PAD]\n[UNK]\n[CLS]\n[SEP]\n[MASK]\na\nb\n##a\n##b\n##ab\n!\n\xe5\xa5\xbd\n";
    const uint8_t *nul = size ? memchr(data, 0, size) : NULL;
    toc_buf vocabulary = {0};
    toc_ctx ctx;

    toc_ctx_init(&ctx);
    if (toc_buf_add(&ctx, &vocabulary, base, sizeof base - 1)) __builtin_trap();
    if (nul && toc_buf_add(&ctx, &vocabulary, (const char *)data, (size_t)(nul - data))) __builtin_trap();
    for (unsigned kind = 0; kind < 8; kind++) {
        const txt_rules rules = { kind & 1, kind & 2, kind & 4, false };
        txt_tokenizer *w = NULL;
        if (txt_tokenizer_wordpiece(&ctx, (toc_str){ vocabulary.p, vocabulary.n }, "fuzz", &rules, &w)) __builtin_trap();
        check(&ctx, w, (toc_str){ (const char *)data, size });
        txt_tokenizer_free(w);
    }
    toc_buf_release(&vocabulary);
    toc_ctx_release(&ctx);
    return 0;
}
