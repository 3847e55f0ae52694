/* train_pretrain.c: "tocsin train pretrain", masked language modelling; and the corpus it shares with embed. */
#include "commands/train_command.h"

static const trn_plan usual = { .epochs = 10, .batch_tokens = 4096, .accumulate = 1, .rate = 1e-3, .decay = 0.01, .clip = 1, .warmup = 0.05, .held_out = 0.02, .every = 300 };

static toc_status shape_of(toc_ctx *ctx, const train_args *a, trn_shape *shape)
{
    struct {
        const char *name;
        double max, value;
        size_t *field;
    } sizes[] = { { "hidden", 8192, 256, &shape->hidden }, { "layers", 256, 4, &shape->layers }, { "heads", 1024, 4, &shape->heads }, { "inner", 65536, 0, &shape->inner },
                  { "max_tokens", 65536, 128, &shape->max_tokens } };
    const char *positions = cli_set_get(&a->set, "positions");

    for (size_t i = 0; i < TOC_COUNT(sizes); i++) {
        TOC_TRY(cli_set_num(ctx, &a->set, sizes[i].name, i == 3 ? 0 : 1, sizes[i].max, sizes[i].value, &sizes[i].value));
        *sizes[i].field = (size_t)sizes[i].value;
    }
    TOC_TRY(cli_set_num(ctx, &a->set, "dropout", 0, 0.9, 0.1, &shape->dropout));
    if (!shape->inner) shape->inner = 4 * shape->hidden;
    if (shape->hidden % shape->heads) return toc_fail(ctx, TOC_E_USAGE, "hidden=%zu is no multiple of heads=%zu", shape->hidden, shape->heads);
    if (positions && strcmp(positions, "learned") != 0 && strcmp(positions, "sinusoidal") != 0)
        return toc_fail(ctx, TOC_E_USAGE, "positions=%s is neither learned nor sinusoidal", positions);
    shape->sinusoidal = positions && *positions == 's';
    return TOC_OK;
}

toc_status train_run_pretrain(toc_ctx *ctx, const train_args *a, train_files files)
{
    static const char *const others[] = { "hidden", "layers", "heads", "inner", "max_tokens", "dropout", "positions", NULL };
    train_corpora c = {0};
    trn_shape shape;
    trn_plan plan;
    trn_outcome outcome;
    toc_status st = train_needs(ctx, a, "pretrain");

    if (!st) st = shape_of(ctx, a, &shape);
    if (!st) st = train_corpora_read(ctx, a, files, shape.max_tokens, &c);
    if (!st) st = train_plan(ctx, a, &usual, others, &c.texts, NULL, &plan);
    if (!st) st = trn_pretrain(ctx, a->model, a->out, &shape, &c.texts, &plan, &outcome);
    if (!st) st = train_tell(ctx, a, &outcome, "of masked tokens guessed");
    train_corpora_release(&c);
    return st;
}
