/* night.c: the walk of one night. */
#include "night/night_int.h"

#include <errno.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "reader/reader.h"

static double seconds_now(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

/* The new files, together, so that pairs join. rejects.csv stays only when something is in it. */
static toc_status read_files(toc_ctx *ctx, night_state *n, const shop_rates *rates, shop_data *incoming)
{
    const char **paths, *rejects;
    size_t rejected = 0;
    ing_limit limit;
    toc_out out;

    TOC_TRY(ing_limit_of(ctx, n->options->max_rejects, &limit));
    TOC_TRY(toc_arena_alloc(ctx, &ctx->arena, n->n_files, sizeof *paths, &paths));
    TOC_TRY(toc_arena_alloc(ctx, &ctx->arena, n->n_files, sizeof *n->summaries, &n->summaries));
    TOC_TRY(night_path(ctx, n->temporary, "rejects.csv", &rejects));
    for (size_t i = 0; i < n->n_files; i++) paths[i] = n->files[i].path;
    TOC_TRY(toc_out_open(ctx, rejects, true, &out));
    rd_reject_header(&out);
    const ing_options reading = { .currency = n->options->currency, .rates = rates, .rejects = &out, .refuse_late = true };
    toc_status st = ing_read(ctx, paths, n->n_files, &reading, incoming, n->summaries);
    toc_status closed = toc_out_close(ctx, &out);
    if (st || (st = closed)) return st;
    for (size_t i = 0; i < n->n_files; i++) rejected += n->summaries[i].rejected;
    if (!rejected) unlink(rejects);
    return ing_judge(ctx, n->summaries, n->n_files, &limit, "rejects.csv of this night");
}

/* Passes over what cannot be read yet: a file whose partner has not come is left for another night, one without rows is read with that. */
static toc_status pass_over(toc_ctx *ctx, night_state *n)
{
    const ing_options reading = { .currency = n->options->currency };
    const char **paths, **titles;
    ing_standing *standing;
    size_t kept = 0;

    TOC_TRY(toc_arena_alloc(ctx, &ctx->arena, n->n_files, sizeof *paths, &paths));
    TOC_TRY(toc_arena_alloc(ctx, &ctx->arena, n->n_files, sizeof *titles, &titles));
    TOC_TRY(toc_arena_alloc(ctx, &ctx->arena, n->n_files, sizeof *standing, &standing));
    for (size_t i = 0; i < n->n_files; i++) paths[i] = n->files[i].path;
    TOC_TRY(ing_standings(ctx, paths, n->n_files, &reading, standing, titles));
    for (size_t i = 0; i < n->n_files; i++) {
        if (standing[i] == ING_STANDS) n->files[kept++] = n->files[i];
        if (standing[i] == ING_LACKS_PARTNER)
            toc_warn(ctx, "%s: %s: nothing can be said of it, so it is left for the night in which that comes", paths[i], titles[i]);
        if (standing[i] != ING_NO_ROWS) continue;
        toc_warn(ctx, "%s: %s: no rows", paths[i], titles[i]);
        TOC_TRY(sto_file_add(ctx, n->store, n->files[i].hash, paths[i], 0, ctx->now));
    }
    n->n_files = kept;
    return TOC_OK;
}

static toc_status add_files(toc_ctx *ctx, night_state *n)
{
    shop_data incoming = {0};
    shop_rates *rates = NULL;
    int64_t known_at;
    toc_status st = shop_init(ctx, &incoming);

    if (!st && n->options->rates) st = shop_rates_read(ctx, n->options->rates, n->options->currency, &rates);
    if (!st) st = read_files(ctx, n, rates, &incoming);
    if (!st) st = sto_known_at(ctx, n->store, &incoming, &known_at);
    if (!st) st = sto_add(ctx, n->store, &incoming, known_at, &n->added);
    for (size_t i = 0; i < n->n_files && !st; i++)
        st = sto_file_add(ctx, n->store, n->files[i].hash, n->files[i].path, n->summaries[i].rows, ctx->now);
    shop_rates_free(rates);
    shop_release(&incoming);
    return st;
}

static bool known_later(const shop_data *shop, int64_t as_of)
{
    for (size_t k = 0; k < SHOP_N_KINDS; k++)
        for (size_t i = 0; i < shop_rows(shop, (shop_kind)k); i++)
            if (shop_known_at(shop, (shop_kind)k)[i] >= as_of) return true;
    return false;
}

static toc_status load_as_of(toc_ctx *ctx, night_state *n, int64_t as_of)
{
    shop_release(&n->shop);
    TOC_TRY(shop_init(ctx, &n->shop));
    return sto_load(ctx, n->store, as_of, &n->shop);
}

/* Everything first, to learn the moment; then once more where a state later than that moment stands in an earlier one's place. */
static toc_status load_shop(toc_ctx *ctx, night_state *n)
{
    n->as_of = n->options->as_of;
    TOC_TRY(load_as_of(ctx, n, n->as_of));
    if (!n->n_files && !n->shop.orders.n && !n->shop.reviews.n && !n->shop.stock.n)
        return toc_fail(ctx, TOC_E_DATA, "%s holds no export, and the store no shop yet", n->options->inbox);
    if (n->as_of == TOC_NO_TIME) {
        TOC_TRY(shop_default_as_of(ctx, &n->shop, &n->as_of));
        if (known_later(&n->shop, n->as_of)) TOC_TRY(load_as_of(ctx, n, n->as_of));
    }
    TOC_TRY(shop_sort(ctx, &n->shop));
    TOC_TRY(shop_join_spellings(ctx, &n->shop));
    char date[16];
    date[toc_format_date(ctx, n->as_of, date)] = 0;
    return night_path(ctx, n->options->out, date, &n->folder);
}

static bool reports_are_there(toc_ctx *ctx, const night_state *n)
{
    const char *path;
    struct stat info;

    return !night_path(ctx, n->folder, "manifest.json", &path) && !stat(path, &info);
}

/* Time since *last, which moves on. */
static double lap(double *last)
{
    double now = seconds_now(), passed = now - *last;

    *last = now;
    return passed;
}

static toc_status walk(toc_ctx *ctx, night_state *n, night_result *result)
{
    double clock = seconds_now();

    TOC_TRY(night_find_files(ctx, n));
    TOC_TRY(night_open_folder(ctx, n));
    TOC_TRY(sto_begin(ctx, n->store));
    if (n->n_files) TOC_TRY(pass_over(ctx, n));
    if (n->n_files) TOC_TRY(add_files(ctx, n));
    n->seconds[NIGHT_T_INGEST] = lap(&clock);
    TOC_TRY(load_shop(ctx, n));
    n->seconds[NIGHT_T_LOAD] = lap(&clock);
    *result = (night_result){ .as_of = n->as_of, .n_files = n->n_files, .worst = -1, .folder = n->folder };
    if (!n->n_files && reports_are_there(ctx, n)) {
        result->nothing_new = true;
        toc_note(ctx, "no new exports in %s; the reports in %s stand", n->options->inbox, n->folder);
        return sto_warnings_worst(ctx, n->store, n->as_of, &result->worst);
    }
    TOC_TRY(night_ask(ctx, n));
    n->seconds[NIGHT_T_QUESTIONS] = lap(&clock);
    TOC_TRY(night_remember(ctx, n));
    TOC_TRY(night_write_pages(ctx, n));
    n->seconds[NIGHT_T_WRITE] = lap(&clock);
    TOC_TRY(night_write_manifest(ctx, n));
    /* first the store: should the rename fail, the next run finds no reports and makes them again */
    TOC_TRY(sto_commit(ctx, n->store));
    TOC_TRY(night_place_folder(ctx, n, n->folder));
    for (size_t q = 0; q < NIGHT_N_QUESTIONS; q++) result->worst = TOC_MAX(result->worst, warn_worst(&n->lists[q]));
    toc_note(ctx, "%zu new exports; reports are in %s", n->n_files, n->folder);
    return TOC_OK;
}

toc_status night_run(toc_ctx *ctx, const night_options *options, night_result *result)
{
    night_state n = { .options = options };
    struct stat info;

    if (stat(options->inbox, &info) || !S_ISDIR(info.st_mode))
        return toc_fail(ctx, TOC_E_USAGE, "the inbox %s is no folder", options->inbox);
    toc_status st = sto_open(ctx, options->store, STO_WRITE, &n.store);
    if (!st) st = walk(ctx, &n, result);
    if (n.temporary) night_remove_folder(n.temporary);
    for (size_t q = 0; q < NIGHT_N_QUESTIONS; q++) warn_release(&n.lists[q]);
    shop_release(&n.shop);
    sto_close(n.store);
    return st;
}
