/* tree_show.c: "tocsin tree show", what a model has learned, for people and for other programs. */
#include "commands/tree_command.h"

static toc_status write_importance(toc_ctx *ctx, const tree_model *model, toc_out *out)
{
    const char *const *names;
    size_t p = tree_model_columns(model, &names);
    double *importance;
    uint64_t *keys;
    uint32_t *order;

    TOC_TRY(toc_arena_alloc(ctx, &ctx->arena, p, sizeof *importance, &importance));
    TOC_TRY(toc_arena_alloc(ctx, &ctx->arena, p, sizeof *keys, &keys));
    TOC_TRY(toc_arena_alloc(ctx, &ctx->arena, p, sizeof *order, &order));
    tree_importance(model, importance);
    for (size_t j = 0; j < p; j++) keys[j] = toc_key_f64(-importance[j]);
    TOC_TRY(toc_sort_u64(ctx, keys, p, false, order));
    toc_out_str(out, "column,importance\n");
    for (size_t k = 0; k < p; k++) {
        tab_csv_field(out, toc_str_of(names[order[k]]));
        toc_out_printf(out, ",%.6g\n", importance[order[k]]);
    }
    return TOC_OK;
}

toc_status tree_run_show(toc_ctx *ctx, const tree_args *a, const char *file)
{
    static const char *const words[] = { "text", "dot", "svg", "json", "c", "sql", "python", "importance", NULL };
    static const char *const codes[] = { [TREE_CODE_C] = "c", [TREE_CODE_SQL] = "sql", [TREE_CODE_PYTHON] = "python" };
    const char *path = a->model ? a->model : file, *format;
    tree_model *model;
    toc_out out;
    toc_status st;

    TOC_TRY(tree_format(ctx, a, "show", words, &format));
    TOC_TRY(tree_load(ctx, path, &model));
    if (strcmp(format, "json") == 0) {
        st = tree_save(ctx, model, a->out);
        goto out;
    }
    if ((st = toc_out_open(ctx, a->out, true, &out))) goto out;
    if (strcmp(format, "importance") == 0) st = write_importance(ctx, model, &out);
    else if (strcmp(format, "dot") == 0) tree_show_dot(model, (size_t)a->trees, &out);
    else if (strcmp(format, "svg") == 0) st = tree_show_svg(ctx, model, (size_t)a->trees, &out);
    else if (strcmp(format, "text") == 0) tree_show_text(model, (size_t)a->trees, &out);
    for (size_t c = 0; c < TOC_COUNT(codes) && !st; c++)
        if (strcmp(format, codes[c]) == 0) st = tree_show_code(ctx, model, (tree_code)c, &out);
    if (st) toc_out_abandon(&out);
    else st = toc_out_close(ctx, &out);
out:
    tree_free(model);
    return st;
}
