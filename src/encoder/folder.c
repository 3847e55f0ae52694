/* folder.c: a model's folder beside its weights. */
#include <errno.h>
#include <sys/stat.h>
#include <unistd.h>

#include "encoder/enc_int.h"

static toc_status copy_file(toc_ctx *ctx, const char *from, const char *to)
{
    toc_buf content = {0};
    toc_out out = {0};
    toc_status st;

    if ((st = toc_read_file(ctx, from, &content)) || (st = toc_out_open(ctx, to, false, &out))) goto out;
    toc_out_write(&out, content.p, content.n);
    st = toc_out_close(ctx, &out);
out:
    toc_out_abandon(&out);
    toc_buf_release(&content);
    return st;
}

toc_status enc_folder_make(toc_ctx *ctx, const char *path)
{
    if (mkdir(path, 0777) && errno != EEXIST) return toc_fail_errno(ctx, TOC_E_IO, errno, "cannot make the folder %s", path);
    return TOC_OK;
}

toc_status enc_folder_copy(toc_ctx *ctx, const char *from, const char *to, bool changed)
{
    static const char *const names[] = {
        "config.json", "README.md", "vocab.txt", "tokenizer.json", "tokenizer_config.json", "special_tokens_map.json", "vocab.json", "merges.txt", "sentence_bert_config.json",
        "modules.json", "LICENSE", "LICENSE.txt", "LICENSE.md", "license.txt", "COPYING", "1_Pooling/config.json",
    };
    enum { OF_THE_OLD = 2 }; /* the first ones tell of the weights themselves */
    const char *source, *target;

    for (size_t i = changed ? OF_THE_OLD : 0; i < TOC_COUNT(names); i++) {
        TOC_TRY(toc_arena_printf(ctx, &ctx->arena, &source, "%s/%s", from, names[i]));
        if (access(source, F_OK) != 0) continue;
        if (strchr(names[i], '/')) {
            TOC_TRY(toc_arena_printf(ctx, &ctx->arena, &target, "%s/%.*s", to, (int)strcspn(names[i], "/"), names[i]));
            TOC_TRY(enc_folder_make(ctx, target));
        }
        TOC_TRY(toc_arena_printf(ctx, &ctx->arena, &target, "%s/%s", to, names[i]));
        TOC_TRY(copy_file(ctx, source, target));
    }
    return TOC_OK;
}
