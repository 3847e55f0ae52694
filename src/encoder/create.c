/* create.c: the folder of a model that is to learn. */
#include <sys/stat.h>

#include "encoder/enc_int.h"

static bool same_folder(const char *from, const char *to)
{
    struct stat a, b;

    return !stat(from, &a) && !stat(to, &b) && a.st_dev == b.st_dev && a.st_ino == b.st_ino;
}

toc_status enc_learn_tokenizer(toc_ctx *ctx, const char *folder, txt_tokenizer **tokenizer)
{
    txt_rules rules;

    TOC_TRY(enc_config_rules(ctx, folder, &rules));
    return txt_tokenizer_open(ctx, folder, &rules, tokenizer);
}

toc_status enc_learn_copy(toc_ctx *ctx, const char *from, const char *to)
{
    TOC_TRY(enc_folder_make(ctx, to));
    return same_folder(from, to) ? TOC_OK : enc_folder_copy(ctx, from, to, false);
}

/* One file of a folder. */
static toc_status write_file(toc_ctx *ctx, const char *folder, const char *name, const char *content, size_t n)
{
    const char *path;
    toc_out out = {0};

    TOC_TRY(toc_arena_printf(ctx, &ctx->arena, &path, "%s/%s", folder, name));
    TOC_TRY(toc_out_open(ctx, path, false, &out));
    toc_out_write(&out, content, n);
    return toc_out_close(ctx, &out);
}

static toc_status write_config(toc_ctx *ctx, const char *folder, const nn_encoder_config *c)
{
    const char *text;

    TOC_TRY(toc_arena_printf(ctx, &ctx->arena, &text,
                             "{\n  \"architectures\": [\n    \"BertForMaskedLM\"\n  ],\n  \"attention_probs_dropout_prob\": %g,\n  \"hidden_act\": \"gelu\",\n"
                             "  \"hidden_dropout_prob\": %g,\n  \"hidden_size\": %zu,\n  \"initializer_range\": 0.02,\n  \"intermediate_size\": %zu,\n"
                             "  \"layer_norm_eps\": %g,\n  \"max_position_embeddings\": %zu,\n  \"model_type\": \"bert\",\n  \"num_attention_heads\": %zu,\n"
                             "  \"num_hidden_layers\": %zu,\n  \"pad_token_id\": 0,\n  \"type_vocab_size\": %zu,\n  \"vocab_size\": %zu\n}\n",
                             (double)c->attention_dropout, (double)c->dropout, c->hidden, c->inner, c->eps, c->positions, c->heads, c->layers, c->types, c->vocab));
    return write_file(ctx, folder, "config.json", text, strlen(text));
}

static toc_status write_pooling(toc_ctx *ctx, const char *folder, const nn_encoder_config *c)
{
    static const char modules[] = "[\n  { \"idx\": 0, \"name\": \"0\", \"path\": \"\", \"type\": \"sentence_transformers.models.Transformer\" },\n"
                                  "  { \"idx\": 1, \"name\": \"1\", \"path\": \"1_Pooling\", \"type\": \"sentence_transformers.models.Pooling\" }\n]\n";
    const char *text, *pooling;

    TOC_TRY(write_file(ctx, folder, "modules.json", modules, sizeof modules - 1));
    TOC_TRY(toc_arena_printf(ctx, &ctx->arena, &text, "{\n  \"max_seq_length\": %zu,\n  \"do_lower_case\": false\n}\n", c->positions));
    TOC_TRY(write_file(ctx, folder, "sentence_bert_config.json", text, strlen(text)));
    TOC_TRY(toc_arena_printf(ctx, &ctx->arena, &pooling, "%s/1_Pooling", folder));
    TOC_TRY(enc_folder_make(ctx, pooling));
    TOC_TRY(toc_arena_printf(ctx, &ctx->arena, &text, "{\n  \"word_embedding_dimension\": %zu,\n  \"pooling_mode_cls_token\": false,\n"
                             "  \"pooling_mode_mean_tokens\": true,\n  \"pooling_mode_max_tokens\": false,\n  \"pooling_mode_mean_sqrt_len_tokens\": false\n}\n", c->hidden));
    return write_file(ctx, pooling, "config.json", text, strlen(text));
}

toc_status enc_learn_create(toc_ctx *ctx, const char *from, const char *to, const nn_encoder_config *config)
{
    TOC_TRY(enc_learn_copy(ctx, from, to));
    TOC_TRY(write_config(ctx, to, config));
    return write_pooling(ctx, to, config);
}

toc_status enc_learn_vocabulary(toc_ctx *ctx, const char *folder, toc_str vocabulary, const txt_rules *rules)
{
    const char *text;

    TOC_TRY(enc_folder_make(ctx, folder));
    TOC_TRY(write_file(ctx, folder, "vocab.txt", vocabulary.p, vocabulary.n));
    TOC_TRY(toc_arena_printf(ctx, &ctx->arena, &text, "{\n  \"tokenizer_class\": \"BertTokenizer\",\n  \"do_lower_case\": %s,\n  \"strip_accents\": %s,\n"
                             "  \"tokenize_chinese_chars\": %s\n}\n", rules->lower ? "true" : "false", rules->strip_accents ? "true" : "false", rules->split_cjk ? "true" : "false"));
    return write_file(ctx, folder, "tokenizer_config.json", text, strlen(text));
}
