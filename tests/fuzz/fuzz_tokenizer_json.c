/* Bytes up to the first NUL as a tokenizer.json, the others as a text. Where the file is taken, ids are below the size, and a tight limit gives the front of
 * what a wide one gives. */
#include "text/text.h"

static void check(toc_ctx *ctx, const txt_tokenizer *t, toc_str text)
{
    txt_tokens wide = {0}, tight = {0};
    size_t frame = txt_tokenizer_frame(t);
    bool cut, cut_tight;

    if (txt_tokenize(ctx, t, text, SIZE_MAX, &wide, &cut) || txt_tokenize(ctx, t, text, frame + 3, &tight, &cut_tight)) __builtin_trap();
    if (cut || wide.n < frame || tight.n > frame + 3 || cut_tight != (wide.n > frame + 3)) __builtin_trap();
    for (size_t i = 0; i < wide.n; i++)
        if (wide.ids[i] >= txt_tokenizer_size(t)) __builtin_trap();
    /* What stands behind a text is as long as the whole frame at most. */
    for (size_t i = 0; i + frame < tight.n; i++)
        if (tight.ids[i] != wide.ids[i]) __builtin_trap();
    txt_tokens_release(&wide);
    txt_tokens_release(&tight);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const uint8_t *nul = size ? memchr(data, 0, size) : NULL;
    size_t n = nul ? (size_t)(nul - data) : size;
    txt_tokenizer *t = NULL;
    toc_ctx ctx;

    toc_ctx_init(&ctx);
    if (!txt_tokenizer_json(&ctx, (toc_str){ (const char *)data, n }, "fuzz", &t)) {
        check(&ctx, t, (toc_str){ (const char *)data + n, size - n });
        check(&ctx, t, (toc_str){ (const char *)data, n });
    } else if (!*ctx.message) __builtin_trap();
    txt_tokenizer_free(t);
    toc_ctx_release(&ctx);
    return 0;
}
