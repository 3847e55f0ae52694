/* train_embed.c: "tocsin train embed", vectors by contrast. */
#include "commands/train_command.h"

static const trn_plan usual = { .epochs = 1, .batch_tokens = 4096, .accumulate = 1, .rate = 1e-4, .decay = 0.01, .clip = 1, .warmup = 0.1, .held_out = 0.02, .every = 300 };

toc_status train_run_embed(toc_ctx *ctx, const train_args *a, train_files files)
{
    static const char *const others[] = { "temperature", "max_tokens", NULL };
    train_corpora c = {0};
    double temperature, max_tokens;
    trn_plan plan;
    trn_outcome outcome;
    toc_status st = train_needs(ctx, a, "embed");

    if (!st) st = cli_set_num(ctx, &a->set, "temperature", 1e-3, 10, 0.05, &temperature);
    if (!st) st = cli_set_num(ctx, &a->set, "max_tokens", 3, 65536, 128, &max_tokens);
    if (!st) st = train_corpora_read(ctx, a, files, (size_t)max_tokens, &c);
    const trn_corpus *partners = a->pair.n ? &c.pairs : NULL;
    if (!st) st = train_plan(ctx, a, &usual, others, &c.texts, partners, &plan);
    if (!st) st = trn_embed(ctx, a->model, a->out, &c.texts, partners, temperature, &plan, &outcome);
    if (!st) st = train_tell(ctx, a, &outcome, "nearest to their partner");
    train_corpora_release(&c);
    return st;
}
