/* manifest.c: how a night was made, as JSON. Version, arguments and times are left out without a stamp. */
#include "night/night_int.h"

static toc_status add_text(toc_ctx *ctx, toc_buf *json, const char *text)
{
    TOC_TRY(toc_buf_char(ctx, json, '"'));
    TOC_TRY(toc_buf_json(ctx, json, toc_str_of(text)));
    return toc_buf_char(ctx, json, '"');
}

static toc_status add_stamp(toc_ctx *ctx, const night_state *n, toc_buf *json)
{
    static const char *const names[NIGHT_N_TIMES] = { "ingest", "load", "questions", "write" };
    char time[40];

    time[toc_format_time(ctx->now, time)] = 0;
    TOC_TRY(
        toc_buf_printf(ctx, json, "  \"version\": \"%s\",\n  \"written_at\": \"%s\",\n  \"arguments\": [", TOC_VERSION, time));
    for (int i = 0; i < n->options->argc; i++) {
        if (i) TOC_TRY(toc_buf_str(ctx, json, ", "));
        TOC_TRY(add_text(ctx, json, n->options->argv[i]));
    }
    TOC_TRY(toc_buf_str(ctx, json, "],\n  \"seconds\": {"));
    for (size_t t = 0; t < NIGHT_N_TIMES; t++)
        TOC_TRY(toc_buf_printf(ctx, json, "%s\"%s\": %.3f", t ? ", " : "", names[t], n->seconds[t]));
    return toc_buf_str(ctx, json, "},\n");
}

static toc_status add_inputs(toc_ctx *ctx, const night_state *n, toc_buf *json)
{
    TOC_TRY(toc_buf_str(ctx, json, "  \"inputs\": ["));
    for (size_t i = 0; i < n->n_files; i++) {
        const ing_summary *s = &n->summaries[i];
        TOC_TRY(toc_buf_printf(ctx, json, "%s\n    {\"file\": ", i ? "," : ""));
        TOC_TRY(add_text(ctx, json, s->file));
        TOC_TRY(toc_buf_printf(ctx, json, ", \"hash\": \"%s\", \"kind\": \"%s\", \"platform\": ", s->hash,
                               shop_schema_of(s->kind)->name));
        TOC_TRY(add_text(ctx, json, s->platform));
        TOC_TRY(toc_buf_printf(ctx, json, ", \"rows\": %zu, \"accepted\": %zu, \"duplicate\": %zu, \"rejected\": %zu}", s->rows,
                               s->accepted, s->duplicate, s->rejected));
    }
    return toc_buf_printf(ctx, json, "%s],\n  \"store\": {\"new\": %zu, \"known\": %zu, \"states\": %zu},\n",
                          n->n_files ? "\n  " : "", n->added.fresh, n->added.known, n->added.states);
}

static toc_status add_shop(toc_ctx *ctx, const night_state *n, toc_buf *json)
{
    TOC_TRY(toc_buf_str(ctx, json, "  \"rows\": {"));
    for (size_t k = 0; k < SHOP_N_KINDS; k++)
        TOC_TRY(toc_buf_printf(ctx, json, "%s\"%s\": %zu", k ? ", " : "", shop_schema_of((shop_kind)k)->name,
                               shop_rows(&n->shop, (shop_kind)k)));
    return toc_buf_str(ctx, json, "},\n");
}

static toc_status add_questions(toc_ctx *ctx, const night_state *n, toc_buf *json)
{
    TOC_TRY(toc_buf_str(ctx, json, "  \"warnings\": {"));
    for (size_t q = 0; q < NIGHT_N_QUESTIONS; q++) {
        const warn_list *list = &n->lists[q];
        size_t levels[3] = {0}, changes[4] = {0};
        for (size_t i = 0; i < list->n_items; i++) levels[list->items[i].level]++;
        for (size_t i = 0; i < n->n_changes; i++)
            if (!strcmp(n->changes[i].now.question, list->question)) changes[n->changes[i].kind]++;
        TOC_TRY(toc_buf_printf(
            ctx, json, "%s\n    \"%s\": {\"answered\": %s, \"critical\": %zu, \"warning\": %zu, \"notice\": %zu", q ? "," : "",
            list->question, n->answered[q] ? "true" : "false", levels[WARN_CRITICAL], levels[WARN_WARNING], levels[WARN_NOTICE]));
        for (size_t c = 0; c < 4; c++)
            TOC_TRY(toc_buf_printf(ctx, json, ", \"%s\": %zu", sto_change_name((sto_change_kind)c), changes[c]));
        TOC_TRY(toc_buf_char(ctx, json, '}'));
    }
    return toc_buf_str(ctx, json, "\n  }\n}\n");
}

static toc_status fill(toc_ctx *ctx, const night_state *n, toc_buf *json)
{
    char time[40];

    time[toc_format_time(n->as_of, time)] = 0;
    TOC_TRY(toc_buf_printf(ctx, json, "{\n  \"as_of\": \"%s\",\n", time));
    if (!ctx->no_stamp) TOC_TRY(add_stamp(ctx, n, json));
    TOC_TRY(add_inputs(ctx, n, json));
    TOC_TRY(add_shop(ctx, n, json));
    return add_questions(ctx, n, json);
}

toc_status night_write_manifest(toc_ctx *ctx, const night_state *n)
{
    toc_buf json = {0};
    toc_out out;
    const char *path;

    toc_status st = fill(ctx, n, &json);
    if (!st) st = night_path(ctx, n->temporary, "manifest.json", &path);
    if (!st) st = toc_out_open(ctx, path, true, &out);
    if (!st) {
        toc_out_write(&out, json.p, json.n);
        st = toc_out_close(ctx, &out);
    }
    toc_buf_release(&json);
    return st;
}
