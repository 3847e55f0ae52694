/* features.c: "tocsin features", what customers, merchants, products or orders looked like at a moment, as CSV. */
#include "features/features.h"
#include "cli/cli.h"
#include "commands/commands.h"
#include "reader/reader.h"

#include <math.h>
#include <stddef.h>

typedef struct {
    cli_shop shop;
    int64_t as_of, from, label_delay;
    const char *at, *categories, *scale, *scaling, *by, *label, *only, *out;
    bool flag_missing, partial, list;
} args;

static const args defaults = { .as_of = TOC_NO_TIME, .from = TOC_NO_TIME, .label_delay = -1, .categories = "none", .scale = "none", .by = "none", .out = "-" };

static const char *const category_words[] = { "none", "text", "frequency", "target", NULL };
enum { NONE, TEXT, FREQUENCY, TARGET };
static const char *const scale_words[] = { "none", "minmax", "standard", "robust", NULL };
static const char *const by_words[] = { "none", "hour", "day", "week", NULL };

static const cli_option options[] = {
    CLI_SHOP(args, shop),
    CLI_TIME('T', "as-of", args, as_of, .help = "the moment; nothing later is seen [after the last event]"),
    CLI_TEXT(0, "at", args, at, .arg = "FILE", .help = "at many moments: id, time[, label] a line; its columns are kept"),
    CLI_TIME(0, "from", args, from, .help = "orders: rows of orders placed since then [all]"),
    CLI_TEXT('l', "label", args, label, .arg = "churn:SPAN",
             .help = "customers: add `churned`, no purchase in SPAN after the moment"),
    CLI_SPAN(0, "label-delay", args, label_delay, .help = "orders: a fraud label counts SPAN after its order"),
    CLI_WORD('c', "categories", args, categories, category_words, .arg = "HOW", .help = "add countries and the like as text, frequency or target [none]"),
    CLI_WORD('s', "scale", args, scale, scale_words, .arg = "HOW", .help = "minmax, standard or robust [none]"),
    CLI_TEXT(0, "scaling", args, scaling, .arg = "FILE", .help = "keep what --scale, --categories learn in FILE; without them use it"),
    CLI_FLAG(0, "flag-missing", args, flag_missing, .help = "add NAME_missing, 1 or 0, for every feature"),
    CLI_WORD('b', "by", args, by, by_words, .arg = "WINDOW", .help = "purchases by hour, day or week instead"),
    CLI_TEXT(0, "only", args, only, .arg = "NAMES", .help = "these features, with commas between, in this order [all]"),
    CLI_FLAG(0, "partial", args, partial, .help = "one shard's part, for `tocsin features merge PART ...`"),
    CLI_FLAG(0, "list", args, list, .help = "list the features with unit and meaning, read nothing"),
    CLI_TEXT('o', "out", args, out, .arg = "FILE", .help = "write to FILE [stdout]"),
    CLI_END,
};

static size_t word_index(const char *const *words, const char *word)
{
    size_t i = 0;
    while (words[i + 1] && !toc_str_is(toc_str_of(word), words[i])) i++;
    return i;
}

/* "churn:90d" as a horizon; 0 = no label wanted. */
static toc_status parse_label(toc_ctx *ctx, const char *entity, const char *label, int64_t *horizon)
{
    toc_str rest = toc_str_of(label), kind;

    *horizon = 0;
    if (!label) return TOC_OK;
    if (!toc_str_split(&rest, ':', &kind) || !toc_str_is(kind, "churn") || !toc_parse_span(rest, horizon))
        return toc_fail(ctx, TOC_E_USAGE, "--label %s: want churn:SPAN, such as churn:90d", label);
    if (!toc_str_is(toc_str_of(entity), "customers"))
        return toc_fail(ctx, TOC_E_USAGE, "--label churn is for customers, not for %s", entity);
    return TOC_OK;
}

static toc_status compute(toc_ctx *ctx, const args *a, const char *entity, const shop_data *view, int64_t as_of, tab_table *table)
{
    toc_str word = toc_str_of(entity);
    size_t by = word_index(by_words, a->by);

    if (by > 0) return fea_windows(ctx, view, entity, (fea_bucket)(by - 1), table);
    if (toc_str_is(word, "customers")) return fea_customers(ctx, view, as_of, table);
    if (toc_str_is(word, "merchants")) return fea_merchants(ctx, view, as_of, table);
    if (toc_str_is(word, "products")) return fea_products(ctx, view, as_of, table);
    return fea_orders(ctx, view, a->from == TOC_NO_TIME ? INT64_MIN + 1 : a->from, as_of, TOC_MAX(a->label_delay, 0), table);
}

static void name_dropped(toc_ctx *ctx, uint64_t dropped)
{
    const shop_schema *schema = shop_schema_of(SHOP_ORDERS);

    for (size_t c = 0; c < schema->n_columns; c++)
        if (dropped >> c & 1) toc_note(ctx, "left out %s: nothing says when it became known", schema->columns[c].name);
}

static toc_status make_label(toc_ctx *ctx, const shop_data *shop, const fea_samples *samples, int64_t horizon, const tab_table *table, tab_table *label)
{
    size_t n_open;

    tab_init(label, table->n_rows);
    TOC_TRY(fea_label_churn(ctx, shop, samples, horizon, table, label, &n_open));
    if (n_open > 0)
        toc_warn(ctx, "%zu customers without a label: the window of %.0f days ends after the data", n_open,
                 (double)horizon / (double)TOC_DAY);
    return TOC_OK;
}

/* ---- --only ---- */

static bool is_category(const char *entity, const char *name)
{
    const fea_info *info;

    for (size_t i = 0; (info = fea_category(entity, i)); i++)
        if (strcmp(info->name, name) == 0) return true;
    return false;
}

static bool has_feature(const char *entity, const char *name)
{
    size_t n;
    const fea_info *list = fea_list(entity, &n);
    fea_basic basic;

    for (size_t i = 0; i < n; i++)
        if (strcmp(list[i].name, name) == 0) return true;
    if (is_category(entity, name)) return true;
    return toc_str_is(toc_str_of(entity), "customers") && fea_basic_of(toc_str_of(name), &basic);
}

/* The names of --only. n = 0 without the option. */
static toc_status split_only(toc_ctx *ctx, const char *entity, const char *only, const char ***names, size_t *n)
{
    toc_str rest = toc_str_of(only), piece;

    *n = 0;
    if (!only) return TOC_OK;
    TOC_TRY(toc_arena_alloc(ctx, &ctx->arena, rest.n + 2, sizeof **names, names));
    while (toc_str_split(&rest, ',', &piece)) {
        piece = toc_str_trim(piece);
        TOC_TRY(toc_arena_copy(ctx, &ctx->arena, piece.p, piece.n, &(*names)[*n]));
        if (!has_feature(entity, (*names)[(*n)++]))
            return toc_fail(ctx, TOC_E_USAGE, "--only: %s have no feature \"%.*s\"; \"tocsin features %s --list\" shows those there are", entity, (int)piece.n,
                            piece.p, entity);
    }
    return TOC_OK;
}

/* What is asked for. */
typedef struct {
    const char **names; /* of --only */
    fea_basic *basics;
    size_t n, n_basics;
    int64_t horizon;    /* of the label; 0 = none */
    fea_more more;
    size_t categories;  /* place in category_words */
    fea_kept kept;      /* that of an earlier run, or of this one */
    bool keeps;         /* this run's is to be written */
} asked;

/* Categories are added where --categories, a name of --only or the file of an earlier run asks for them. */
static toc_status ask_more(toc_ctx *ctx, const args *a, const char *entity, asked *want)
{
    want->categories = word_index(category_words, a->categories);
    want->keeps = want->categories >= FREQUENCY || strcmp(a->scale, "none") != 0;
    if (a->scaling && !want->keeps) TOC_TRY(fea_kept_read(ctx, a->scaling, &want->kept));
    want->more.categories = want->categories > NONE || want->kept.encoding.n_cols > 0;
    for (size_t i = 0; i < want->n; i++) want->more.categories |= is_category(entity, want->names[i]);
    return TOC_OK;
}

/* The one file of order lines that features can be computed from shard by shard, since each customer's are those of its own lines; with `basics`, --only
 * asks for facts that one pass tells. NULL = the whole shop is needed. */
static const char *lone_file(const args *a, const cli_call *call, const char *entity, const asked *want, bool basics)
{
    if (!toc_str_is(toc_str_of(entity), "customers") || a->at || a->partial || a->label || strcmp(a->by, "none") != 0) return NULL;
    if (want->more.categories || (basics && (a->scaling || a->flag_missing || strcmp(a->scale, "none") != 0))) return NULL;
    return cmd_lone_orders(call, &a->shop);
}

/* The basic facts among the names; *all says whether there is nothing else. */
static toc_status find_basics(toc_ctx *ctx, const char *entity, const char **names, size_t n, fea_basic **basics, size_t *n_basics, bool *all)
{
    bool customers = toc_str_is(toc_str_of(entity), "customers");

    *n_basics = 0;
    TOC_TRY(toc_arena_alloc(ctx, &ctx->arena, n, sizeof **basics, basics));
    for (size_t k = 0; k < n; k++)
        if (customers && fea_basic_of(toc_str_of(names[k]), &(*basics)[*n_basics])) ++*n_basics;
    *all = n && *n_basics == n;
    return TOC_OK;
}

/* The table with the id and the columns of --only. */
static toc_status choose_columns(toc_ctx *ctx, const char **names, size_t n, tab_table *table)
{
    const char **kept;

    TOC_TRY(toc_arena_alloc(ctx, &ctx->arena, n + 1, sizeof *kept, &kept));
    TOC_TRY(toc_arena_copy(ctx, &ctx->arena, table->columns[0].name, strlen(table->columns[0].name), &kept[0]));
    memcpy(kept + 1, names, n * sizeof *kept);
    return tab_select(ctx, table, kept, n + 1);
}

/* *done is false where the file is no canonical one, which takes the whole shop. */
static toc_status one_pass(toc_ctx *ctx, const args *a, const char *file, const fea_basic *basics, size_t n, tab_table *table, bool *done)
{
    toc_out rejects = {0};
    ing_options reading = {0};
    ing_feed *feed = NULL;
    toc_status st = TOC_OK;

    *done = false;
    if (a->shop.rejects) {
        TOC_TRY(toc_out_open(ctx, a->shop.rejects, true, &rejects));
        rd_reject_header(&rejects);
        reading.rejects = &rejects;
    }
    if ((st = ing_feed_open(ctx, file, &reading, fea_pass_columns, &feed))) goto out;
    if (!feed && strcmp(file, "-") == 0) st = toc_fail(ctx, TOC_E_DATA, "stdin: --only reads canonical order lines; put \"tocsin ingest |\" in front");
    if (!feed) goto out;
    *done = true;
    if ((st = fea_customers_pass(ctx, feed, a->as_of, basics, n, table))) goto out;
    st = ing_judge(ctx, ing_feed_summary(feed), 1, NULL, a->shop.rejects);
out:
    ing_feed_close(feed);
    if (!*done) toc_out_abandon(&rejects);
    else if (a->shop.rejects) {
        toc_status closed = toc_out_close(ctx, &rejects);
        if (!st) st = closed;
    }
    return st;
}

/* ---- --at ---- */

/* What --at says: the table of its file, and its rows as samples; arrays live in ctx->arena. */
typedef struct {
    tab_table file;
    fea_samples samples;
    int64_t *at;
} moments;

static toc_status alloc_samples(toc_ctx *ctx, size_t n, uint32_t **code, moments *m)
{
    TOC_TRY(toc_arena_alloc(ctx, &ctx->arena, n, sizeof **code, code));
    TOC_TRY(toc_arena_alloc(ctx, &ctx->arena, n, sizeof *m->at, &m->at));
    TOC_TRY(toc_arena_alloc(ctx, &ctx->arena, n, sizeof *m->samples.seen, &m->samples.seen));
    m->samples.n = n;
    m->samples.code = *code;
    m->samples.at = m->at;
    return TOC_OK;
}

/* The rows of a feature table as samples of one moment. */
static toc_status samples_of(toc_ctx *ctx, const tab_table *table, int64_t as_of, moments *m)
{
    uint32_t *code;

    TOC_TRY(alloc_samples(ctx, table->n_rows, &code, m));
    for (size_t i = 0; i < table->n_rows; i++) {
        code[i] = table->columns[0].code[i];
        m->at[i] = as_of;
        m->samples.seen[i] = true;
    }
    return TOC_OK;
}

/* The file of --at: first column the id, second the time. The time becomes a TAB_TIME column. */
static toc_status read_moments(toc_ctx *ctx, const char *path, const char *entity, const shop_data *shop, moments *m)
{
    const toc_pool *ids = &shop->dict[fea_domain(entity)];
    uint32_t *code;
    tab_column *time;

    TOC_TRY(rd_read_table(ctx, path, NULL, &m->file));
    if (m->file.n_cols < 2) return toc_fail(ctx, TOC_E_DATA, "%s: --at wants the columns id and time; there is only one", path);
    TOC_TRY(alloc_samples(ctx, m->file.n_rows, &code, m));
    TOC_TRY(tab_add(ctx, &m->file, m->file.columns[1].name, TAB_TIME, NULL, &time));
    for (size_t i = 0; i < m->file.n_rows; i++) {
        toc_str id = toc_pool_str(m->file.columns[0].pool, m->file.columns[0].code[i]);
        toc_str text = toc_pool_str(m->file.columns[1].pool, m->file.columns[1].code[i]);
        if (!toc_pool_find(ids, id, &code[i])) code[i] = 0;
        if (!toc_parse_time(ctx, toc_str_trim(text), TOC_DATE_YMD, &m->at[i]))
            return toc_fail(ctx, TOC_E_DATA, "%s: row %zu: \"%.*s\" in column \"%s\" is no time", path, i + 2, (int)text.n, text.p, time->name);
        time->i64[i] = m->at[i];
    }
    return TOC_OK;
}

/* The features alone, a row for each of the file. */
static toc_status compute_at(toc_ctx *ctx, const args *a, const char *entity, const fea_more *more, const shop_data *shop, moments *m, uint64_t *dropped,
                             tab_table *table)
{
    size_t unseen = 0;

    TOC_TRY(fea_at(ctx, shop, entity, &m->samples, TOC_MAX(a->label_delay, 0), more, dropped, table));
    for (size_t i = 0; i < m->samples.n; i++) unseen += !m->samples.seen[i];
    if (unseen) toc_warn(ctx, "%zu of %zu rows have no features: nothing was seen of their %s before the time", unseen, m->samples.n, entity);
    return TOC_OK;
}

/* Id and time of the file, then the features, then the file's other columns. The file's table is empty afterwards. */
static toc_status join_moments(toc_ctx *ctx, moments *m, tab_table *table)
{
    tab_table joined;
    tab_table *const from[] = { &m->file, table, &m->file };
    size_t n_file = m->file.n_cols;
    toc_status st = TOC_OK;

    tab_init(&joined, m->file.n_rows);
    for (size_t part = 0; part < TOC_COUNT(from) && !st; part++) {
        size_t low = part == 2 ? 2 : 0, high = part == 0 ? 2 : part == 1 ? table->n_cols : n_file - 1;
        for (size_t c = low; c < high && !st; c++) {
            const tab_column *old = &from[part]->columns[part == 0 && c == 1 ? n_file - 1 : c];
            tab_column *fresh;
            if (tab_find(&joined, old->name))
                st = toc_fail(ctx, TOC_E_USAGE, "--at: its column \"%s\" has the name of a feature", old->name);
            else if (!(st = tab_add(ctx, &joined, old->name, old->type, old->pool, &fresh)))
                memcpy(fresh->values, old->values, joined.n_rows * (old->type == TAB_TEXT ? sizeof *old->code : sizeof *old->i64));
        }
    }
    tab_release(table);
    *table = joined;
    return st;
}

static toc_status write_table(toc_ctx *ctx, const tab_table *table, const char *path)
{
    toc_out out;

    TOC_TRY(toc_out_open(ctx, path, true, &out));
    return cmd_close_csv(ctx, table, &out);
}

static void write_info(toc_out *out, const fea_info *info)
{
    toc_out_printf(out, "%s,%s,", info->name, info->unit);
    tab_csv_field(out, toc_str_of(info->meaning));
    toc_out_str(out, "\n");
}

static toc_status write_list(toc_ctx *ctx, const char *entity, const char *path)
{
    size_t n;
    const fea_info *list = fea_list(entity, &n);
    toc_out out;

    TOC_TRY(toc_out_open(ctx, path, false, &out));
    toc_out_str(&out, "name,unit,meaning\n");
    for (size_t i = 0; i < n; i++) write_info(&out, &list[i]);
    for (size_t i = 0; fea_category(entity, i); i++) write_info(&out, fea_category(entity, i));
    return toc_out_close(ctx, &out);
}

/* ---- --categories, --scale, --scaling, --flag-missing ---- */

/* The label that --categories target looks at: that of --label, else the column of --at's file named label, else its third one. */
static toc_status find_label(toc_ctx *ctx, const args *a, const moments *m, const tab_table *label, const double **values)
{
    const tab_column *column = tab_find(&m->file, "label");
    double *parsed;

    *values = NULL;
    if (label->n_cols) *values = label->columns[0].f64;
    if (*values) return TOC_OK;
    if (!column && m->file.n_cols > 3) column = &m->file.columns[2];
    if (!column) return toc_fail(ctx, TOC_E_USAGE, "--categories target wants labels: those of --label, or a third column in the file of --at");
    TOC_TRY(toc_arena_alloc(ctx, &ctx->arena, m->file.n_rows, sizeof *parsed, &parsed));
    for (size_t i = 0; i < m->file.n_rows; i++) {
        toc_str cell = toc_pool_str(column->pool, column->code[i]);
        if (!tab_number(cell, &parsed[i]))
            return toc_fail(ctx, TOC_E_DATA, "%s: row %zu: the label \"%.*s\" is no number", a->at, i + 2, (int)cell.n, cell.p);
    }
    *values = parsed;
    return TOC_OK;
}

static toc_status encode_categories(toc_ctx *ctx, const args *a, const char *entity, const moments *m, const tab_table *label, asked *want, tab_table *table)
{
    const double *values = NULL;
    size_t n_labels = 0;

    if (want->categories == TARGET) {
        TOC_TRY(find_label(ctx, a, m, label, &values));
        for (size_t i = 0; i < table->n_rows; i++) n_labels += isnan(values[i]) ? 0 : 1;
        if (!n_labels) return toc_fail(ctx, TOC_E_DATA, "--categories target: no row has a label");
    }
    if (want->categories >= FREQUENCY) TOC_TRY(fea_encoding_learn(ctx, table, entity, values, &want->kept.encoding));
    if (values) return fea_encode_out_of_fold(ctx, entity, a->at ? &m->file.columns[0] : &table->columns[0], values, table);
    return want->kept.encoding.n_cols ? fea_encoding_apply(ctx, &want->kept.encoding, entity, table) : TOC_OK;
}

static toc_status write_kept(toc_ctx *ctx, const fea_kept *kept, const char *path)
{
    tab_table table;
    toc_out out;

    TOC_TRY(fea_kept_table(ctx, kept, &table));
    toc_status st = toc_out_open(ctx, path, true, &out);
    if (!st) st = cmd_close_csv(ctx, &table, &out);
    tab_release(&table);
    return st;
}

/* What is done to the features before they are written: flags tell of the values, so the scaling leaves them alone. */
static toc_status finish_features(toc_ctx *ctx, const args *a, const char *entity, const moments *m, const tab_table *label, asked *want, tab_table *table)
{
    size_t how = word_index(scale_words, a->scale);
    fea_kept *kept = &want->kept;

    TOC_TRY(encode_categories(ctx, a, entity, m, label, want, table));
    if (how > 0) TOC_TRY(fea_scaling_learn(ctx, table, (fea_scale)how, &kept->scaling));
    if (kept->scaling.n_rows || (kept->scaling.n_cols && !kept->encoding.n_cols)) TOC_TRY(fea_scaling_apply(ctx, &kept->scaling, table));
    if (want->keeps && a->scaling) TOC_TRY(write_kept(ctx, kept, a->scaling));
    return a->flag_missing ? fea_flag_missing(ctx, table) : TOC_OK;
}

/* What belongs together, and what does not. */
static toc_status check(toc_ctx *ctx, const args *a, const char *entity)
{
    bool orders = toc_str_is(toc_str_of(entity), "orders");

    if (a->at && a->as_of != TOC_NO_TIME) return toc_fail(ctx, TOC_E_USAGE, "--at says the moments; --as-of goes without it");
    if (a->at && strcmp(a->by, "none") != 0) return toc_fail(ctx, TOC_E_USAGE, "--at and --by do not go together");
    if (strcmp(a->categories, "none") != 0 && strcmp(a->by, "none") != 0)
        return toc_fail(ctx, TOC_E_USAGE, "--categories and --by do not go together");
    if (a->partial && !toc_str_is(toc_str_of(entity), "customers") && !toc_str_is(toc_str_of(entity), "products"))
        return toc_fail(ctx, TOC_E_USAGE, "--partial is for customers and products: %s take the whole shop", entity);
    if (a->partial && (a->as_of == TOC_NO_TIME || a->at || a->label || strcmp(a->by, "none") != 0 || strcmp(a->scale, "none") != 0 ||
                       word_index(category_words, a->categories) >= FREQUENCY))
        return toc_fail(ctx, TOC_E_USAGE, "--partial wants --as-of and goes without --at, --label, --by, --scale, --categories frequency and target: "
                        "they look at all shards");
    if (a->label_delay >= 0 && !orders) return toc_fail(ctx, TOC_E_USAGE, "--label-delay is for orders, not for %s", entity);
    return TOC_OK;
}

/* The features at one moment, or at those of --at, all columns. */
static toc_status compute_moments(toc_ctx *ctx, const args *a, const char *entity, const asked *want, shop_data *shop, shop_data *view, moments *m,
                                  int64_t *as_of, tab_table *table)
{
    uint64_t dropped = 0;

    *as_of = a->as_of;
    if (a->at) {
        TOC_TRY(read_moments(ctx, a->at, entity, shop, m));
        TOC_TRY(compute_at(ctx, a, entity, &want->more, shop, m, &dropped, table));
    } else {
        if (*as_of == TOC_NO_TIME) TOC_TRY(shop_default_as_of(ctx, shop, as_of));
        TOC_TRY(shop_as_of(ctx, shop, *as_of, view, &dropped));
        TOC_TRY(compute(ctx, a, entity, view, *as_of, table));
        TOC_TRY(fea_add_more(ctx, view, entity, &want->more, table));
    }
    name_dropped(ctx, dropped);
    return TOC_OK;
}

/* The features of the whole shop, with the columns and the label that were asked for. */
static toc_status shop_features(toc_ctx *ctx, const args *a, const char *entity, asked *want, shop_data *shop, shop_data *view, moments *m, tab_table *label,
                                tab_table *table)
{
    int64_t as_of;
    tab_column *last;

    if (a->label_delay >= 0) TOC_TRY(fea_delay_labels(ctx, a->label_delay, shop));
    TOC_TRY(compute_moments(ctx, a, entity, want, shop, view, m, &as_of, table));
    if (want->horizon > 0 && !a->at) TOC_TRY(samples_of(ctx, table, as_of, m));
    if (want->horizon > 0) TOC_TRY(make_label(ctx, shop, &m->samples, want->horizon, table, label));
    if (want->n && !a->at) TOC_TRY(fea_add_basics(ctx, view, want->basics, want->n_basics, table));
    if (want->n && !a->at) TOC_TRY(choose_columns(ctx, want->names, want->n, table));
    if (want->n && a->at) TOC_TRY(tab_select(ctx, table, want->names, want->n));
    TOC_TRY(finish_features(ctx, a, entity, m, label, want, table));
    if (want->horizon > 0) {
        TOC_TRY(tab_add(ctx, table, label->columns[0].name, TAB_F64, NULL, &last));
        memcpy(last->f64, label->columns[0].f64, table->n_rows * sizeof *last->f64);
    }
    if (a->partial) TOC_TRY(fea_mark_part(ctx, view, as_of, table));
    return a->at ? join_moments(ctx, m, table) : TOC_OK;
}

/* The features of customers of one file of order lines. *done is false where its records need each other: then they are in `shop`. */
static toc_status shard_features(toc_ctx *ctx, const args *a, const char *file, asked *want, shop_data *shop, tab_table *table, bool *done)
{
    ing_shards *shards = NULL;
    uint64_t dropped;
    toc_status st = cmd_load_shards(ctx, file, &a->shop, fea_customer_needs(), &shards, shop);

    *done = shards != NULL;
    if (st || !*done) goto out;
    if ((st = fea_customers_shards(ctx, shards, a->as_of, want->basics, want->n_basics, &dropped, table))) goto out;
    name_dropped(ctx, dropped);
    if (want->n && (st = choose_columns(ctx, want->names, want->n, table))) goto out;
    st = finish_features(ctx, a, "customers", NULL, NULL, want, table);
out:
    ing_shards_free(shards);
    return st;
}

/* "features merge PART ..." */
static toc_status run_merge(toc_ctx *ctx, const cli_call *call, const char *path)
{
    toc_out out;

    if (call->n_files < 2) return toc_fail(ctx, TOC_E_USAGE, "merge which parts? tocsin features --partial writes them");
    TOC_TRY(toc_out_open(ctx, path, true, &out));
    toc_status st = fea_merge(ctx, call->files + 1, call->n_files - 1, &out);
    if (st) {
        toc_out_abandon(&out);
        return st;
    }
    return toc_out_close(ctx, &out);
}

static toc_status run(toc_ctx *ctx, const cli_call *call)
{
    const args *a = call->args;
    const char *entity = call->files[0];
    cli_call rest = *call;
    shop_data shop = {0}, view = {0};
    tab_table table = {0}, label = {0};
    moments m = {0};
    asked want = {0};
    size_t n_list;
    const char *file;
    bool all_basic, done = false;
    toc_status st = TOC_OK;

    if (toc_str_is(toc_str_of(entity), "merge")) return run_merge(ctx, call, a->out);
    if (!fea_list(entity, &n_list))
        return toc_fail(ctx, TOC_E_USAGE, "features of what? \"%s\" is none of customers, merchants, products, orders", entity);
    if (a->list) return write_list(ctx, entity, a->out);
    TOC_TRY(check(ctx, a, entity));
    TOC_TRY(parse_label(ctx, entity, a->label, &want.horizon));
    TOC_TRY(split_only(ctx, entity, a->only, &want.names, &want.n));
    TOC_TRY(find_basics(ctx, entity, want.names, want.n, &want.basics, &want.n_basics, &all_basic));
    if ((st = ask_more(ctx, a, entity, &want))) goto out;
    rest.files++;
    rest.n_files--;
    file = all_basic ? lone_file(a, &rest, entity, &want, true) : NULL;
    if (file && (st = one_pass(ctx, a, file, want.basics, want.n_basics, &table, &done))) goto out;
    file = done ? NULL : lone_file(a, &rest, entity, &want, false);
    if (file && (st = shard_features(ctx, a, file, &want, &shop, &table, &done))) goto out;
    if (!done) {
        if (!file && (st = cmd_load_shop(ctx, &rest, &a->shop, want.horizon > 0 ? TOC_NO_TIME : a->as_of, &shop))) goto out;
        if ((st = shop_features(ctx, a, entity, &want, &shop, &view, &m, &label, &table))) goto out;
    }
    st = write_table(ctx, &table, a->out);
out:
    tab_release(&table);
    tab_release(&label);
    tab_release(&m.file);
    fea_kept_release(&want.kept);
    shop_release(&view);
    shop_release(&shop);
    return st;
}

const cli_command cmd_features = {
    .name = "features", .group = "In a pipe", .usage = "customers|merchants|products|orders|merge [options] [FILE ...]",
    .summary = "what each customer, merchant, product or order looked like at a moment, as CSV",
    .examples = "  tocsin features customers --orders orders.csv --as-of 2026-08-01 --label churn:90d | tocsin gain --target churned",
    .options = options, .defaults = &defaults, .args_size = sizeof defaults, .min_files = 1, .max_files = SIZE_MAX, .run = run,
};
