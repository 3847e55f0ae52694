/* families.c: what the kinds of models call things: a row for each model_type of config.json, with its keys there and the names of its tensors. */
#include "encoder/enc_int.h"

static const enc_keys bert_keys = {
    .sizes = { "vocab_size", "hidden_size", "num_hidden_layers", "num_attention_heads", "intermediate_size", "max_position_embeddings", "type_vocab_size" },
    .activation = "hidden_act", .eps = "layer_norm_eps",
};
static const enc_keys distilbert_keys = {
    .sizes = { "vocab_size", "dim", "n_layers", "n_heads", "hidden_dim", "max_position_embeddings", NULL },
    .activation = "activation",
};
static const enc_keys gpt2_keys = {
    .sizes = { "vocab_size", "n_embd", "n_layer", "n_head", "n_inner", "n_positions", NULL },
    .activation = "activation_function", .eps = "layer_norm_epsilon",
};

static const enc_names bert_names = {
    .words = "embeddings.word_embeddings", .places = "embeddings.position_embeddings", .types = "embeddings.token_type_embeddings", .norm = "embeddings.LayerNorm",
    .pooler = "pooler.dense", .layer = "encoder.layer.",
    .query = "attention.self.query", .key = "attention.self.key", .value = "attention.self.value", .out = "attention.output.dense",
    .norm1 = "attention.output.LayerNorm", .up = "intermediate.dense", .down = "output.dense", .norm2 = "output.LayerNorm",
};
static const enc_names distilbert_names = {
    .words = "embeddings.word_embeddings", .places = "embeddings.position_embeddings", .norm = "embeddings.LayerNorm", .layer = "transformer.layer.",
    .query = "attention.q_lin", .key = "attention.k_lin", .value = "attention.v_lin", .out = "attention.out_lin",
    .norm1 = "sa_layer_norm", .up = "ffn.lin1", .down = "ffn.lin2", .norm2 = "output_layer_norm",
};
static const enc_names gpt2_names = {
    .words = "wte", .places = "wpe", .last_norm = "ln_f", .layer = "h.",
    .qkv = "attn.c_attn", .out = "attn.c_proj", .norm1 = "ln_1", .up = "mlp.c_fc", .down = "mlp.c_proj", .norm2 = "ln_2",
};

static const enc_family families[] = {
    { .model_type = "bert", .prefix = "bert.", .keys = &bert_keys, .names = &bert_names, .activation = "gelu", .eps = 1e-12 },
    { .model_type = "distilbert", .prefix = "distilbert.", .keys = &distilbert_keys, .names = &distilbert_names, .activation = "gelu", .eps = 1e-12 },
    { .model_type = "roberta", .prefix = "roberta.", .keys = &bert_keys, .names = &bert_names, .activation = "gelu", .eps = 1e-12, .after_pad = true },
    { .model_type = "electra", .prefix = "electra.", .keys = &bert_keys, .names = &bert_names, .activation = "gelu", .eps = 1e-12, .same_width = true },
    { .model_type = "gpt2", .prefix = "transformer.", .keys = &gpt2_keys, .names = &gpt2_names, .activation = "gelu_new", .eps = 1e-5, .pre_norm = true,
      .causal = true, .transposed = true },
};

const enc_family *enc_family_find(const char *model_type)
{
    for (size_t i = 0; i < TOC_COUNT(families); i++)
        if (strcmp(families[i].model_type, model_type) == 0) return &families[i];
    return NULL;
}

toc_status enc_family_list(toc_ctx *ctx, const char **list)
{
    toc_buf names = {0};
    toc_status st = TOC_OK;

    for (size_t i = 0; i < TOC_COUNT(families) && !st; i++) st = toc_buf_printf(ctx, &names, "%s%s", i ? ", " : "", families[i].model_type);
    if (!st) st = toc_arena_copy(ctx, &ctx->arena, names.p, names.n, list);
    toc_buf_release(&names);
    return st;
}
