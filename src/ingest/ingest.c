/* ingest.c: several files together. All are opened and recognised first; then those that others join to are held as tables; then each is read. */
#include <math.h>

#include "ingest/ingest_int.h"

typedef struct {
    rd_reader *reader;
    rd_options reading;
    toc_str *folded;
    size_t n_header;
    const ing_map *map;
    bool only_side;
    ing_side sides[ING_MAX_LINKS]; /* this file by the keys that others, or itself, ask it for */
    const char *side_keys[ING_MAX_LINKS];
    size_t n_sides;
} source;

/* Columns that make reports better, by kind. */
static const char *const useful_orders[] = { "customer_id", "product_id", "merchant_id", "category", "title", "paid_at", "shipped_at", "delivered_at",
                                             "returned_at", "status", "status_at", "refund_amount", "payment_key", "device_id", "ip", "email",
                                             "phone", "address", "country", NULL };
static const char *const useful_reviews[] = { "order_id", "product_id", "customer_id", "merchant_id", "rating", "body", "created_at", NULL };
static const char *const useful_products[] = { "category", "price", "cost", "launched_at", NULL };
static const char *const useful_stock[] = { "incoming", "incoming_at", "lead_time_days", "unit_cost", "as_of", NULL };
static const char *const *const useful[SHOP_N_KINDS] = {
    [SHOP_ORDERS] = useful_orders, [SHOP_REVIEWS] = useful_reviews, [SHOP_PRODUCTS] = useful_products, [SHOP_STOCK] = useful_stock,
};

static toc_status open_source(toc_ctx *ctx, const ing_book *book, const char *path, const ing_options *options, const shop_kind *kind, bool only_kind, source *s,
                              ing_summary *summary)
{
    const toc_str *header;

    s->reading = (rd_options){ .dialect = options ? options->dialect : (rd_dialect){0}, .hash = true };
    TOC_TRY(rd_open(ctx, path, &s->reading, &s->reader));
    header = rd_header(s->reader, &s->n_header);
    TOC_TRY(toc_arena_alloc(ctx, &ctx->arena, s->n_header, sizeof *s->folded, &s->folded));
    for (size_t j = 0; j < s->n_header; j++) TOC_TRY(ing_fold(ctx, header[j], &s->folded[j]));
    s->map = ing_fitting(book, s->folded, s->n_header, kind);
    if (!s->map && !only_kind) s->map = ing_fitting(book, s->folded, s->n_header, NULL);
    if (!s->map && !rd_has_header(s->reader))
        return toc_fail(ctx, TOC_E_DATA, "%s: the first line looks like those below it, so there is no header: give a map for column_1, column_2 ... with "
                                         "--map FILE, or say --dialect header=yes", rd_path(s->reader));
    if (!s->map) return ing_unknown(ctx, book, rd_path(s->reader), s->folded, s->n_header, kind);
    *summary = (ing_summary){ .platform = s->map->name, .title = s->map->title, .kind = s->map->kind };
    return toc_arena_copy(ctx, &ctx->arena, rd_path(s->reader), strlen(rd_path(s->reader)), &summary->file);
}

static size_t find_source(const source *sources, size_t n, toc_str map)
{
    for (size_t i = 0; i < n; i++)
        if (toc_str_is(map, sources[i].map->name)) return i;
    return SIZE_MAX;
}

/* The first file of one of the maps (joined by '|'), or SIZE_MAX. */
static size_t find_any(const source *sources, size_t n, const char *maps)
{
    toc_str rest = toc_str_of(maps), map;
    size_t at = SIZE_MAX;

    while (at == SIZE_MAX && toc_str_split(&rest, '|', &map)) at = find_source(sources, n, map);
    return at;
}

/* The titles of maps (joined by '|'), with "or" between. */
static toc_status titles_of(toc_ctx *ctx, const ing_book *book, const char *maps, toc_buf *titles)
{
    toc_str rest = toc_str_of(maps), map;

    while (toc_str_split(&rest, '|', &map))
        TOC_TRY(toc_buf_printf(ctx, titles, "%s%s", titles->n ? " or " : "", ing_map_named(book, map)->title));
    return TOC_OK;
}

/* Fails for a file that means nothing alone. */
static toc_status lacks_partner(toc_ctx *ctx, const ing_book *book, const source *s)
{
    toc_buf titles = {0};
    toc_status st = titles_of(ctx, book, s->map->needs, &titles);

    if (!st)
        st = toc_fail(ctx, TOC_E_DATA, "%s: %s mean nothing without the file %s beside them; give both", rd_path(s->reader), s->map->title,
                      titles.p);
    toc_buf_release(&titles);
    return st;
}

/* What each file means beside the others. */
static toc_status settle_roles(toc_ctx *ctx, const ing_book *book, source *sources, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        source *s = &sources[i];
        if (s->map->yields_to) s->only_side = find_any(sources, n, s->map->yields_to) != SIZE_MAX;
        if (s->map->needs && find_any(sources, n, s->map->needs) == SIZE_MAX)
            return lacks_partner(ctx, book, s);
    }
    return TOC_OK;
}

/* The table of source `at` by a key, loaded once. */
static toc_status side_of(toc_ctx *ctx, source *sources, size_t at, const char *const *paths, const char *key, const ing_options *options,
                          ing_side **side)
{
    source *s = &sources[at];

    for (size_t k = 0; k < s->n_sides; k++) {
        if (strcmp(s->side_keys[k], key) != 0) continue;
        *side = &s->sides[k];
        return TOC_OK;
    }
    if (s->n_sides == TOC_COUNT(s->sides))
        return toc_fail(ctx, TOC_E_DATA, "%s: more than %d keys to join it by", paths[at], ING_MAX_LINKS);
    if (strcmp(paths[at], "-") == 0)
        return toc_fail(ctx, TOC_E_USAGE, "%s are joined to other files, so they cannot come from stdin", s->map->title);
    *side = &s->sides[s->n_sides];
    s->side_keys[s->n_sides++] = key;
    return ing_side_load(ctx, paths[at], s->map, key, options, *side);
}

/* Whether the file has the headers of a key. */
static bool has_key(const source *s, const char *key)
{
    toc_str rest = toc_str_of(key), header;

    while (toc_str_split(&rest, ING_PLUS, &header)) {
        bool found = false;
        for (size_t j = 0; j < s->n_header && !found; j++) found = toc_str_eq(s->folded[j], header);
        if (!found) return false;
    }
    return true;
}

/* Whether source `at` serves join j of source i. A file may be joined to itself, but not read twice from stdin. */
static bool serves(const source *sources, size_t i, const ing_join *j, size_t at, const char *const *paths)
{
    if (strcmp(sources[at].map->name, j->map) != 0) return false;
    if (at == i && strcmp(paths[at], "-") == 0) return false;
    return j->no_match || has_key(&sources[at], j->their_key); /* a join that must match says what it lacks */
}

static toc_status link_sides(toc_ctx *ctx, source *sources, size_t n, size_t i, const char *const *paths, const ing_options *options,
                             ing_load *load)
{
    const ing_map *map = sources[i].map;

    for (size_t k = 0; k < map->n_joins; k++) {
        ing_link *l = &load->links[load->n_links];
        TOC_TRY(toc_arena_alloc(ctx, &ctx->arena, n, sizeof *l->sides, &l->sides));
        for (size_t at = 0; at < n; at++) {
            if (!serves(sources, i, &map->joins[k], at, paths)) continue;
            TOC_TRY(side_of(ctx, sources, at, paths, map->joins[k].their_key, options, &l->sides[l->n_sides]));
            l->n_sides++;
        }
        l->join = &map->joins[k];
        load->n_links += l->n_sides > 0;
    }
    return TOC_OK;
}

/* Whether a header of the record was used by a field, a key or the side's readers. */
static bool header_used(const ing_load *load, size_t at)
{
    for (size_t k = 0; k < load->n_bound; k++)
        for (size_t p = 0; p < load->bound[k].n_places; p++)
            if (load->bound[k].places[p].at == at) return true;
    for (size_t k = 0; k < load->n_links; k++)
        for (size_t p = 0; p < load->links[k].n_key; p++)
            if (load->links[k].key[p].at == at) return true;
    for (size_t k = 0; load->refused_by && k < load->map->n_refusals; k++)
        if (load->refused_by[k].at == at) return true;
    return load->carry_key == at;
}

/* Six ids that are not rounded all end in a zero in one column of a million. */
static toc_status describe_ids(toc_ctx *ctx, const ing_load *load, ing_summary *summary)
{
    const char *found = NULL;

    for (size_t k = 0; k < load->n_bound; k++) {
        const ing_bound *b = &load->bound[k];
        if (b->zero_ids < 6 || b->zero_ids < b->long_ids) continue;
        TOC_TRY(toc_arena_printf(ctx, &ctx->arena, &summary->zero_ids, "%s%s%s", found ? found : "", found ? ", " : "", b->field->column));
        found = summary->zero_ids;
    }
    return TOC_OK;
}

/* filled: columns with a value in any row of the file */
static toc_status describe(toc_ctx *ctx, const source *s, const ing_load *load, uint64_t filled, ing_summary *summary)
{
    char hex[33], layout[300];

    rd_layout_text(s->reader, layout, 200);
    ing_decided_text(load, layout + strlen(layout), sizeof layout - strlen(layout));
    TOC_TRY(toc_arena_copy(ctx, &ctx->arena, layout, strlen(layout), &summary->layout));
    rd_content_hash(s->reader, hex);
    TOC_TRY(toc_arena_copy(ctx, &ctx->arena, hex, 32, &summary->hash));
    for (size_t k = 0; k < summary->n_currencies; k++) {
        toc_str code = toc_pool_str(&load->shop->dict[SHOP_D_WORD], load->paid_in[k]);
        TOC_TRY(toc_arena_copy(ctx, &ctx->arena, code.p, code.n, &summary->currencies[k].code));
    }
    TOC_TRY(describe_ids(ctx, load, summary));
    summary->side = s->only_side;
    if (s->only_side) return TOC_OK;
    const char *const *list = useful[s->map->kind];
    size_t n = 0;
    while (list && list[n]) n++;
    TOC_TRY(toc_arena_alloc(ctx, &ctx->arena, n, sizeof *summary->missing, &summary->missing));
    for (size_t k = 0; k < n; k++)
        if (!(filled >> shop_column_of(s->map->kind, toc_str_of(list[k])) & 1)) summary->missing[summary->n_missing++] = list[k];
    TOC_TRY(toc_arena_alloc(ctx, &ctx->arena, s->n_header, sizeof *summary->unmapped, &summary->unmapped));
    for (size_t j = 0; j < s->n_header; j++) {
        toc_str name = rd_header(s->reader, &n)[j];
        if (!header_used(load, j)) TOC_TRY(toc_arena_copy(ctx, &ctx->arena, name.p, name.n, &summary->unmapped[summary->n_unmapped++]));
    }
    return TOC_OK;
}

static toc_status begin_load(toc_ctx *ctx, const ing_book *book, source *sources, size_t n, size_t i, const char *const *paths,
                             const ing_options *options, shop_data *shop, ing_summary *summary, ing_load *load)
{
    source *s = &sources[i];

    *load = (ing_load){ .reader = s->reader, .path = paths[i], .reading = s->reading, .only_side = s->only_side, .map = s->map, .book = book,
                        .options = options, .shop = shop, .summary = summary };
    if (options && options->mask) TOC_TRY(ing_masking_new(ctx, load));
    if (s->only_side && s->n_sides) {
        load->self = &s->sides[0];
        return ing_find_places(ctx, load, s->side_keys[0], s->folded, s->n_header, load->self_key, &load->n_self_key);
    }
    return s->only_side ? TOC_OK : link_sides(ctx, sources, n, i, paths, options, load);
}

static toc_status read_source(toc_ctx *ctx, const ing_book *book, source *sources, size_t n, size_t i, const char *const *paths, const ing_options *options,
                              shop_data *shop, ing_summary *summary)
{
    source *s = &sources[i];
    ing_load load;
    toc_status st;

    if ((st = begin_load(ctx, book, sources, n, i, paths, options, shop, summary, &load))) goto out;
    if ((st = ing_load_file(ctx, &load, s->folded, s->n_header))) goto out;
    if (!s->only_side) shop->has[s->map->kind] = true;
    st = describe(ctx, s, &load, shop_filled_columns(shop, s->map->kind, load.first_row, shop_rows(shop, s->map->kind)), summary);
out:
    ing_load_release(&load);
    return st;
}

/* As read_source, into csv. */
static toc_status stream_source(toc_ctx *ctx, const ing_book *book, source *sources, size_t n, size_t i, const char *const *paths,
                                const ing_options *options, ing_csv *csv, ing_summary *summary)
{
    source *s = &sources[i];
    ing_load load;
    uint64_t before = csv->columns;
    toc_status st;

    csv->columns = 0;
    if ((st = begin_load(ctx, book, sources, n, i, paths, options, &csv->shop, summary, &load))) goto out;
    if ((st = ing_load_bind(ctx, &load, s->folded, s->n_header))) goto out;
    if ((st = ing_load_currency(ctx, &load))) goto out;
    if ((st = ing_stream_file(ctx, &load, csv))) goto out;
    st = describe(ctx, s, &load, csv->columns, summary);
    csv->columns |= before;
out:
    ing_load_release(&load);
    return st;
}

/* Whether a file can be streamed: its records do not need each other, or those of other files. */
static toc_status can_stream(toc_ctx *ctx, const ing_book *book, source *sources, size_t n, size_t i, const char *const *paths,
                             const ing_options *options, ing_csv *csv, ing_summary *summary, bool *can)
{
    ing_load load;
    toc_status st = begin_load(ctx, book, sources, n, i, paths, options, &csv->shop, summary, &load);

    if (!st) st = ing_load_bind(ctx, &load, sources[i].folded, sources[i].n_header);
    *can = !st && !load.only_side && !load.n_links && !load.map->carry_key && !load.lines.several;
    ing_load_release(&load);
    return st;
}

static void close_sources(source *sources, size_t n)
{
    for (size_t i = 0; sources && i < n; i++) {
        rd_close(sources[i].reader);
        for (size_t k = 0; k < sources[i].n_sides; k++) ing_side_release(&sources[i].sides[k]);
    }
    toc_free(sources);
}

/* Opens and recognises all files. */
static toc_status recognise_all(toc_ctx *ctx, const char *const *paths, size_t n, const ing_options *options, ing_book *own, const ing_book **book,
                           source **sources, ing_summary *summaries)
{
    shop_kind kind;
    bool fixed = options && options->kind;

    if (fixed && !shop_kind_of(toc_str_of(options->kind), &kind)) return toc_fail(ctx, TOC_E_USAGE, "unknown kind \"%s\"", options->kind);
    if (options && options->currency && *options->currency && !toc_currency_known(toc_str_of(options->currency)))
        return toc_fail(ctx, TOC_E_USAGE, "\"%s\" is no ISO 4217 currency", options->currency);
    *book = options && options->book ? options->book : own;
    if (*book == own) TOC_TRY(ing_book_open(ctx, options ? options->map : NULL, own));
    TOC_TRY(toc_alloc(ctx, n, sizeof **sources, sources));
    for (size_t i = 0; i < n; i++)
        TOC_TRY(open_source(ctx, *book, paths[i], options, fixed ? &kind : NULL, n == 1, &(*sources)[i], &summaries[i]));
    return TOC_OK;
}

/* The same, and says what each means beside the others. */
static toc_status open_all(toc_ctx *ctx, const char *const *paths, size_t n, const ing_options *options, ing_book *own, const ing_book **book,
                           source **sources, ing_summary *summaries)
{
    TOC_TRY(recognise_all(ctx, paths, n, options, own, book, sources, summaries));
    return settle_roles(ctx, *book, *sources, n);
}

/* Files that only serve others come last, when it is known which of their rows were used. */
static toc_status read_all(toc_ctx *ctx, const ing_book *book, source *sources, size_t n, const char *const *paths, const ing_options *options,
                           shop_data *shop, ing_summary *summaries)
{
    for (size_t pass = 0; pass < 2; pass++)
        for (size_t i = 0; i < n; i++)
            if (sources[i].only_side == (pass == 1)) TOC_TRY(read_source(ctx, book, sources, n, i, paths, options, shop, &summaries[i]));
    return TOC_OK;
}

toc_status ing_read(toc_ctx *ctx, const char *const *paths, size_t n, const ing_options *options, shop_data *shop, ing_summary *summaries)
{
    source *sources = NULL;
    const ing_book *book;
    ing_book own = {0};
    toc_status st = open_all(ctx, paths, n, options, &own, &book, &sources, summaries);

    if (!st) st = read_all(ctx, book, sources, n, paths, options, shop, summaries);
    close_sources(sources, n);
    ing_book_release(&own);
    return st;
}

/* ---- what can be read of a folder ---- */

static toc_status has_rows(toc_ctx *ctx, const source *s, bool *rows)
{
    rd_batch batch = {0};
    toc_status st = rd_next(ctx, s->reader, &batch);

    *rows = false;
    for (size_t i = 0; !st && i < batch.n && !*rows; i++)
        *rows = batch.records[i].fault != RD_TRAILER && !ing_is_blank(&batch, &batch.records[i]);
    rd_batch_release(&batch);
    return st;
}

static bool has_partner(const source *sources, const ing_standing *standing, size_t n, size_t i)
{
    toc_str rest = toc_str_of(sources[i].map->needs), map;

    while (toc_str_split(&rest, '|', &map))
        for (size_t k = 0; k < n; k++)
            if (standing[k] == ING_STANDS && toc_str_is(map, sources[k].map->name)) return true;
    return false;
}

/* Until no file loses its partner any more. */
static void find_lonely(const source *sources, size_t n, ing_standing *standing)
{
    for (bool changed = true; changed;) {
        changed = false;
        for (size_t i = 0; i < n; i++) {
            if (standing[i] != ING_STANDS || !sources[i].map->needs || has_partner(sources, standing, n, i)) continue;
            standing[i] = ING_LACKS_PARTNER;
            changed = true;
        }
    }
}

static toc_status title_of(toc_ctx *ctx, const ing_book *book, const source *s, ing_standing standing, const char **title)
{
    toc_buf titles = {0};
    toc_status st;

    *title = s->map->title;
    if (standing != ING_LACKS_PARTNER) return TOC_OK;
    st = titles_of(ctx, book, s->map->needs, &titles);
    if (!st) st = toc_arena_printf(ctx, &ctx->arena, title, "%s without %s", s->map->title, titles.p);
    toc_buf_release(&titles);
    return st;
}

toc_status ing_standings(toc_ctx *ctx, const char *const *paths, size_t n, const ing_options *options, ing_standing *standing, const char **titles)
{
    source *sources = NULL;
    const ing_book *book;
    ing_book own = {0};
    ing_summary *summaries;
    toc_status st;

    TOC_TRY(toc_arena_alloc(ctx, &ctx->arena, n, sizeof *summaries, &summaries));
    st = recognise_all(ctx, paths, n, options, &own, &book, &sources, summaries);
    for (size_t i = 0; i < n && !st; i++) {
        bool rows = true;
        st = has_rows(ctx, &sources[i], &rows);
        standing[i] = rows ? ING_STANDS : ING_NO_ROWS;
    }
    if (!st) find_lonely(sources, n, standing);
    for (size_t i = 0; i < n && !st; i++) st = title_of(ctx, book, &sources[i], standing[i], &titles[i]);
    close_sources(sources, n);
    ing_book_release(&own);
    return st;
}

/* ---- as canonical CSV ---- */

/* The kind that is written: the one asked for, or the only one there is. */
static toc_status choose_kind(toc_ctx *ctx, const ing_options *options, const shop_data *shop, shop_kind *kind)
{
    size_t n = 0;
    toc_buf names = {0};
    toc_status st = TOC_OK;

    if (options && options->kind && shop_kind_of(toc_str_of(options->kind), kind)) {
        if (shop->has[*kind]) return TOC_OK;
        return toc_fail(ctx, TOC_E_DATA, "no file of the kind %s was given", options->kind);
    }
    for (size_t k = 0; k < SHOP_N_KINDS && !st; k++) {
        if (!shop->has[k]) continue;
        *kind = (shop_kind)k;
        st = toc_buf_printf(ctx, &names, "%s%s", n++ ? ", " : "", shop_schema_of((shop_kind)k)->name);
    }
    if (!st && n > 1)
        st = toc_fail(ctx, TOC_E_USAGE, "the files hold %s; choose one for stdout with --kind, or add all to a store with --store", names.p);
    toc_buf_release(&names);
    return st;
}

/* Outliers and reports need all rows. */
/* Whether all files are of the kind that is written, so that each can be streamed if its records do not need each other. */
static bool of_one_kind(const source *sources, size_t n, const ing_options *options, shop_kind *kind)
{
    *kind = sources[0].map->kind;
    for (size_t i = 1; i < n; i++)
        if (sources[i].map->kind != *kind) return false;
    return !options || !options->kind || toc_str_is(toc_str_of(options->kind), shop_schema_of(*kind)->name);
}

/* Nothing is read before it is known that all can be streamed. */
static toc_status stream_all(toc_ctx *ctx, const ing_book *book, source *sources, size_t n, const char *const *paths, const ing_options *options,
                             ing_csv *csv, ing_summary *summaries, bool *streamed)
{
    *streamed = true;
    for (size_t i = 0; i < n && *streamed; i++) TOC_TRY(can_stream(ctx, book, sources, n, i, paths, options, csv, &summaries[i], streamed));
    for (size_t i = 0; i < n && *streamed; i++) TOC_TRY(stream_source(ctx, book, sources, n, i, paths, options, csv, &summaries[i]));
    return TOC_OK;
}

toc_status ing_read_csv(toc_ctx *ctx, const char *const *paths, size_t n, const ing_options *options, ing_csv **result, ing_summary *summaries)
{
    source *sources = NULL;
    const ing_book *book;
    ing_book own = {0};
    ing_csv *csv = NULL;
    bool streamed = false;
    toc_status st;

    if ((st = ing_csv_new(ctx, &csv))) goto out;
    if ((st = shop_init(ctx, &csv->shop))) goto out;
    if ((st = open_all(ctx, paths, n, options, &own, &book, &sources, summaries))) goto out;
    if (of_one_kind(sources, n, options, &csv->kind) &&
        (st = stream_all(ctx, book, sources, n, paths, options, csv, summaries, &streamed))) goto out;
    csv->whole = !streamed;
    if (csv->whole && (st = read_all(ctx, book, sources, n, paths, options, &csv->shop, summaries))) goto out;
    if (csv->whole && (st = choose_kind(ctx, options, &csv->shop, &csv->kind))) goto out;
    *result = csv;
    csv = NULL;
out:
    close_sources(sources, n);
    ing_book_release(&own);
    ing_csv_free(csv);
    return st;
}

/* ---- kind by kind ---- */

static toc_status put_apart(toc_ctx *ctx, const ing_book *book, source *sources, size_t n, const char *const *paths, const ing_options *options,
                            ing_csv *csvs[SHOP_N_KINDS], ing_summary *summaries, bool *streamed)
{
    *streamed = true;
    for (size_t i = 0; i < n && *streamed; i++) {
        ing_csv **csv = &csvs[sources[i].map->kind];
        if (!*csv) {
            TOC_TRY(ing_csv_new(ctx, csv));
            TOC_TRY(shop_init(ctx, &(*csv)->shop));
            (*csv)->kind = sources[i].map->kind;
        }
        TOC_TRY(can_stream(ctx, book, sources, n, i, paths, options, *csv, &summaries[i], streamed));
    }
    for (size_t i = 0; i < n && *streamed; i++)
        TOC_TRY(stream_source(ctx, book, sources, n, i, paths, options, csvs[sources[i].map->kind], &summaries[i]));
    return TOC_OK;
}

toc_status ing_read_apart(toc_ctx *ctx, const char *const *paths, size_t n, const ing_options *options, shop_data *shop, ing_csv *csvs[SHOP_N_KINDS],
                          ing_summary *summaries)
{
    source *sources = NULL;
    ing_book own = {0};
    const ing_book *book;
    bool streamed = false;
    toc_status st;

    for (size_t k = 0; k < SHOP_N_KINDS; k++) csvs[k] = NULL;
    if ((st = open_all(ctx, paths, n, options, &own, &book, &sources, summaries))) goto out;
    if ((st = put_apart(ctx, book, sources, n, paths, options, csvs, summaries, &streamed))) goto out;
    if (!streamed) st = read_all(ctx, book, sources, n, paths, options, shop, summaries);
out:
    for (size_t k = 0; k < SHOP_N_KINDS && (st || !streamed); k++) {
        ing_csv_free(csvs[k]);
        csvs[k] = NULL;
    }
    close_sources(sources, n);
    ing_book_release(&own);
    return st;
}

/* ---- order lines by customer ---- */

toc_status ing_read_shards(toc_ctx *ctx, const char *path, const ing_options *options, uint64_t columns, ing_shards **result, shop_data *shop,
                           ing_summary *summary)
{
    source *sources = NULL;
    const ing_book *book;
    ing_book own = {0};
    ing_csv *csv = NULL;
    ing_shards *shards = NULL;
    bool streamed = false;
    toc_status st;

    TOC_ASSERT(!options->refuse_late);
    *result = NULL;
    if ((st = open_all(ctx, &path, 1, options, &own, &book, &sources, summary))) goto out;
    if (sources[0].map->kind == SHOP_ORDERS) {
        if ((st = ing_csv_new(ctx, &csv))) goto out;
        if ((st = shop_init(ctx, &csv->shop))) goto out;
        if ((st = ing_shards_new(ctx, columns, &shards))) goto out;
        csv->kind = SHOP_ORDERS;
        csv->shards = shards;
        if ((st = stream_all(ctx, book, sources, 1, &path, options, csv, summary, &streamed))) goto out;
    }
    if (!streamed && (st = read_all(ctx, book, sources, 1, &path, options, shop, summary))) goto out;
    if (!streamed) goto out;
    shards->states = summary->states > 0;
    shards->mixed = summary->n_currencies > 1 || (summary->n_currencies && summary->currencies[0].rows != summary->accepted);
    *result = shards;
    shards = NULL;
out:
    close_sources(sources, 1);
    ing_book_release(&own);
    ing_csv_free(csv);
    ing_shards_free(shards);
    return st;
}

static toc_status note_list(toc_ctx *ctx, const char *file, const char *what, const char **names, size_t n)
{
    toc_buf line = {0};
    toc_status st = TOC_OK;

    for (size_t k = 0; k < n && !st; k++) st = toc_buf_printf(ctx, &line, "%s%s", k ? ", " : "", names[k]);
    if (!st && n) toc_note(ctx, "%s: %s: %s", file, what, line.p);
    toc_buf_release(&line);
    return st;
}

static toc_status tell(toc_ctx *ctx, const ing_summary *s)
{
    const struct {
        size_t n;
        const char *what;
    } of_them[] = { { s->returns, "returns" }, { s->repeats, "repeats" }, { s->states, "later states" } };
    char some[120] = "";
    size_t at = 0;

    for (size_t k = 0; k < TOC_COUNT(of_them); k++)
        if (of_them[k].n)
            at += (size_t)snprintf(some + at, sizeof some - at, "%s%zu %s", at ? ", " : " (", of_them[k].n, of_them[k].what);
    toc_note(ctx, "%s: %s", s->file, s->layout);
    toc_note(ctx, "%s: %s: %zu rows, %zu %s%s%s, %zu duplicate, %zu rejected", s->file, s->title, s->rows, s->accepted,
             s->side ? "joined" : "accepted", some, at ? ")" : "", s->duplicate, s->rejected);
    if (s->outliers) toc_note(ctx, "%s: %zu cells far from the usual, kept: %s", s->file, s->outliers, s->outlier_text);
    if (s->masked) toc_note(ctx, "%s: values left out because the platform masks them (1******6198), so that they are no identities: %zu", s->file, s->masked);
    if (s->pseudonyms || s->found_in_texts)
        toc_note(ctx, "%s: %zu cells are pseudonyms, and %zu addresses and numbers within texts", s->file, s->pseudonyms, s->found_in_texts);
    if (s->rounded) toc_warn(ctx, "%s: telephone numbers and keys left out because a spreadsheet rounded them (1.38E+10): %zu", s->file, s->rounded);
    if (s->damaged_ids)
        toc_warn(ctx, "%s: rows rejected because a spreadsheet rounded their ids (2.02E+18), and different ones look alike: %zu", s->file, s->damaged_ids);
    if (s->zero_ids)
        toc_warn(ctx, "%s: all ids of more than 15 digits end in zeros from the 16th on, as a spreadsheet leaves them; different ones may look alike: %s",
                 s->file, s->zero_ids);
    TOC_TRY(note_list(ctx, s->file, "columns that would help and are not there", s->missing, s->n_missing));
    return note_list(ctx, s->file, "columns not used", s->unmapped, s->n_unmapped);
}

/* Two currencies are never added, and that is worth a word before someone expects it. */
static toc_status tell_currencies(toc_ctx *ctx, const ing_summary *summaries, size_t n)
{
    toc_buf line = {0};
    const char *codes[ING_MAX_CURRENCIES];
    size_t rows[ING_MAX_CURRENCIES], n_codes = 0;
    toc_status st = TOC_OK;

    for (size_t i = 0; i < n; i++) {
        for (size_t c = 0; c < summaries[i].n_currencies; c++) {
            size_t k = 0;
            while (k < n_codes && strcmp(codes[k], summaries[i].currencies[c].code) != 0) k++;
            if (k == ING_MAX_CURRENCIES) k--;
            else if (k == n_codes) {
                codes[n_codes] = summaries[i].currencies[c].code;
                rows[n_codes++] = 0;
            }
            rows[k] += summaries[i].currencies[c].rows;
        }
    }
    for (size_t k = 0; k < n_codes && !st; k++)
        st = toc_buf_printf(ctx, &line, "%s%s%s (%zu rows)", k ? ", " : "", codes[k], k == ING_MAX_CURRENCIES - 1 ? " and others" : "", rows[k]);
    if (!st && n_codes > 1) toc_warn(ctx, "amounts are in %s: kept apart, never added; tocsin ingest --rates FILE converts them", line.p);
    toc_buf_release(&line);
    return st;
}

toc_status ing_limit_of(toc_ctx *ctx, const char *text, ing_limit *limit)
{
    toc_str number = toc_str_of(text);
    double percent = 0;
    int64_t rows = 0;

    *limit = (ing_limit){0};
    if (!text) return TOC_OK;
    bool share = number.n > 1 && number.p[number.n - 1] == '%';
    number.n -= share;
    bool fine = share ? toc_parse_double(number, &percent) && percent >= 0 && percent <= 100 : toc_parse_int(number, &rows) && rows >= 0;
    if (!fine) return toc_fail(ctx, TOC_E_USAGE, "--max-rejects: \"%s\" is neither a number of rows nor a share such as 0.5%%", text);
    *limit = (ing_limit){ .text = text, .share = share, .most = share ? (int64_t)llround(percent * 1e3) : rows };
    return TOC_OK;
}

static bool above(const ing_limit *limit, size_t rejected, size_t rows)
{
    if (!limit->share) return rejected > (uint64_t)limit->most;
    return (uint64_t)rejected * 100000 > (uint64_t)limit->most * rows;
}

toc_status ing_judge(toc_ctx *ctx, const ing_summary *summaries, size_t n, const ing_limit *max_rejects, const char *rejects_path)
{
    size_t rejected = 0, damaged = 0, accepted = 0, rows = 0;
    bool limited = max_rejects && max_rejects->text;
    const char *first = NULL;

    for (size_t i = 0; i < n; i++) {
        const ing_summary *s = &summaries[i];
        TOC_TRY(tell(ctx, s));
        if (!s->rows) return toc_fail(ctx, TOC_E_DATA, "%s: a header but no rows", s->file); /* but a trailer, or separators */
        rows += s->rows;
        rejected += s->rejected;
        damaged += s->damaged;
        accepted += s->accepted + s->duplicate;
        if (!first) first = s->first_damage;
        if (s->rejected)
            toc_warn(ctx, "%s: %zu of %zu rows rejected%s%s", s->file, s->rejected, s->rows,
                     rejects_path ? ", see " : "; --rejects FILE keeps them", rejects_path ? rejects_path : "");
    }
    TOC_TRY(tell_currencies(ctx, summaries, n));
    if (limited && above(max_rejects, rejected, rows))
        return toc_fail(ctx, TOC_E_DATA, "%zu of %zu rows rejected, more than --max-rejects %s", rejected, rows, max_rejects->text);
    if (!limited && damaged)
        return toc_fail(ctx, TOC_E_DATA, "%s (%zu such records; --max-rejects N goes on without them)", first, damaged);
    if (!accepted && rejected) return toc_fail(ctx, TOC_E_DATA, "no row could be used: all %zu were rejected", rejected);
    return TOC_OK;
}
