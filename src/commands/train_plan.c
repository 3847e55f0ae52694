/* train_plan.c: what --set says of a run, and what is told of it. */
#include <math.h>

#include "commands/train_command.h"

toc_status train_needs(toc_ctx *ctx, const train_args *a, const char *subcommand)
{
    return a->model ? TOC_OK : toc_fail(ctx, TOC_E_USAGE, "train %s needs --model FOLDER to begin with", subcommand);
}

/* Names of --set must be the loop's or the subcommand's. */
static toc_status check_names(toc_ctx *ctx, const cli_list *set, const char *const *others)
{
    static const char *const common[] = { "epochs", "batch", "accumulate", "rate", "decay", "clip", "warmup", "patience", "test", "every" };
    const char **known;
    size_t n = 0, more = 0;

    while (others && others[more]) more++;
    TOC_TRY(toc_arena_alloc(ctx, &ctx->arena, TOC_COUNT(common) + more + 1, sizeof *known, &known));
    for (size_t i = 0; i < TOC_COUNT(common); i++) known[n++] = common[i];
    for (size_t i = 0; i < more; i++) known[n++] = others[i];
    return cli_set_check(ctx, set, known);
}

static uint64_t hash_corpus(uint64_t hash, const trn_corpus *c)
{
    toc_str ids = { (const char *)c->ids, c->starts[c->n] * sizeof *c->ids };

    return toc_mix(hash ^ toc_str_hash(ids) ^ toc_mix(c->n));
}

toc_status train_plan(toc_ctx *ctx, const train_args *a, const trn_plan *usual, const char *const *others, const trn_corpus *corpus, const trn_corpus *partners,
                      trn_plan *plan)
{
    struct {
        const char *name;
        double min, max, value;
    } whole[] = { { "epochs", 1, 1e6, (double)usual->epochs }, { "batch", 1, 1e7, (double)usual->batch_tokens }, { "accumulate", 1, 1e4, (double)usual->accumulate },
                  { "patience", 0, 1e6, (double)usual->patience } };

    *plan = *usual;
    TOC_TRY(check_names(ctx, &a->set, others));
    for (size_t i = 0; i < TOC_COUNT(whole); i++) TOC_TRY(cli_set_num(ctx, &a->set, whole[i].name, whole[i].min, whole[i].max, whole[i].value, &whole[i].value));
    plan->epochs = (size_t)whole[0].value;
    plan->batch_tokens = (size_t)whole[1].value;
    plan->accumulate = (size_t)whole[2].value;
    plan->patience = (size_t)whole[3].value;
    TOC_TRY(cli_set_num(ctx, &a->set, "rate", 0, 1, usual->rate, &plan->rate));
    TOC_TRY(cli_set_num(ctx, &a->set, "decay", 0, 10, usual->decay, &plan->decay));
    TOC_TRY(cli_set_num(ctx, &a->set, "clip", 0, 1e9, usual->clip, &plan->clip));
    TOC_TRY(cli_set_num(ctx, &a->set, "warmup", 0, 1, usual->warmup, &plan->warmup));
    TOC_TRY(cli_set_num(ctx, &a->set, "test", 0, 0.9, usual->held_out, &plan->held_out));
    TOC_TRY(cli_set_num(ctx, &a->set, "every", 0, 1e9, usual->every, &plan->every));
    plan->seconds = (double)a->budget / TOC_SECOND;
    plan->log = a->log;
    TOC_TRY(toc_arena_printf(ctx, &ctx->arena, &plan->state, "%s/training.state", a->out));
    plan->settings = hash_corpus(toc_mix(ctx->seed), corpus);
    if (partners) plan->settings = hash_corpus(plan->settings, partners);
    for (size_t i = 0; i < a->set.n; i++)
        if (strncmp(a->set.items[i], "every=", 6) != 0) plan->settings = toc_mix(plan->settings ^ toc_str_hash(toc_str_of(a->set.items[i])));
    return TOC_OK;
}

toc_status train_tell(toc_ctx *ctx, const train_args *a, const trn_outcome *o, const char *right)
{
    if (o->timed_out) toc_note(ctx, "the time was up in epoch %zu", o->epochs);
    if (o->early) toc_note(ctx, "stopped after epoch %zu: no better for long", o->epochs);
    if (isnan(o->last_loss)) toc_note(ctx, "%s: %llu steps, %llu tokens, %.0f seconds", a->out, (unsigned long long)o->steps, (unsigned long long)o->tokens, o->seconds);
    else
        toc_note(ctx, "%s: %llu steps, %llu tokens, %.0f seconds; held-out loss %.4f, at the start %.4f; %.1f %% %s", a->out, (unsigned long long)o->steps,
                 (unsigned long long)o->tokens, o->seconds, o->last_loss, o->first_loss, 100 * o->right, right);
    return TOC_OK;
}
