/* train_vocab.c: "tocsin train vocab", a WordPiece vocabulary from texts. */
#include "commands/train_command.h"

static toc_status take(toc_ctx *ctx, void *arg, const train_row *row)
{
    TOC_TRY(txt_learner_add(ctx, arg, row->text));
    return row->pair.n ? txt_learner_add(ctx, arg, row->pair) : TOC_OK;
}

static toc_status learn(toc_ctx *ctx, const train_args *a, train_files files, const txt_rules *rules, txt_learner *learner, toc_buf *vocabulary)
{
    static const char *const known[] = { "size", "least", NULL };
    double size, least;
    size_t lines = 0;

    TOC_TRY(cli_set_check(ctx, &a->set, known));
    TOC_TRY(cli_set_num(ctx, &a->set, "size", 10, 1 << 24, 8000, &size));
    TOC_TRY(cli_set_num(ctx, &a->set, "least", 1, 1e9, 5, &least));
    TOC_TRY(train_read(ctx, a, files, take, learner));
    TOC_TRY(txt_learner_finish(ctx, learner, (size_t)size, (size_t)least, vocabulary));
    TOC_TRY(enc_learn_vocabulary(ctx, a->out, (toc_str){ vocabulary->p, vocabulary->n }, rules));
    for (size_t i = 0; i < vocabulary->n; i++) lines += vocabulary->p[i] == '\n';
    toc_note(ctx, "%s/vocab.txt: %zu tokens", a->out, lines);
    return TOC_OK;
}

toc_status train_run_vocab(toc_ctx *ctx, const train_args *a, train_files files)
{
    const txt_rules rules = { .lower = true, .strip_accents = true, .split_cjk = true };
    txt_learner *learner = NULL;
    toc_buf vocabulary = {0};

    TOC_TRY(txt_learner_new(ctx, &rules, &learner));
    toc_status st = learn(ctx, a, files, &rules, learner, &vocabulary);
    txt_learner_free(learner);
    toc_buf_release(&vocabulary);
    return st;
}
