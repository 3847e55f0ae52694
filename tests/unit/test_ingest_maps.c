/* test_ingest_maps.c: every map that is compiled in reads a file of its own headers, whatever their order and whatever else is
 * there; headers are folded; numbered headers are found. */
#include "ingest/ingest.h"

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>
#include <unistd.h>

#include "ingest/ingest_int.h"
#include "../scratch.h"

enum { MAX_HEADERS = 120 };

static const char *path;

typedef struct {
    const char *names[MAX_HEADERS], *cells[MAX_HEADERS];
    size_t n;
} header_row;

/* A text that the column takes. */
static const char *sample(shop_kind kind, const ing_field *f)
{
    const shop_column *c = &shop_schema_of(kind)->columns[shop_column_of(kind, toc_str_of(f->column))];

    if (f->part) return "sku:A1|product_id:7|id:7|name:Mug|quantity:2|total:18.00|sub_total:20.00|code:X";
    if (f->how == ING_STATUS) return "paid";
    if (f->how == ING_DAY) return "240315-1";
    if (strcmp(c->name, "currency") == 0) return f->how == ING_SYMBOL ? "EUR 2.50" : "EUR";
    switch (c->type) {
    case SHOP_T_CODE: return "A1";
    case SHOP_T_INT: return "2";
    case SHOP_T_RATIO: return "4.5";
    case SHOP_T_MONEY: return "2.50";
    case SHOP_T_TIME: return "2024-03-15 10:00:00";
    }
    return "";
}

/* One text serves all fields that read a header: an id may look like anything, so it gives way. */
static void add(toc_ctx *ctx, header_row *row, toc_str name, const char *cell)
{
    char text[200];
    const char *mark = strstr(name.p, ING_NUMBER);

    if (mark && mark < name.p + name.n) {
        snprintf(text, sizeof text, "%.*s1%.*s", (int)(mark - name.p), name.p, (int)(name.n - (size_t)(mark - name.p) - 3),
                 mark + 3);
        name = toc_str_of(text);
    }
    for (size_t i = 0; i < row->n; i++) {
        if (!toc_str_is(name, row->names[i])) continue;
        if (strcmp(row->cells[i], "A1") == 0) row->cells[i] = cell;
        return;
    }
    assert_true(row->n < MAX_HEADERS);
    assert_int_equal(toc_arena_copy(ctx, &ctx->arena, name.p, name.n, &row->names[row->n]), TOC_OK);
    row->cells[row->n++] = cell;
}

static void headers_of(toc_ctx *ctx, const ing_map *map, header_row *row)
{
    row->n = 0;
    for (size_t k = 0; k < map->n_fields; k++) {
        toc_str rest = toc_str_of(map->fields[k].header), piece;
        while (map->fields[k].how != ING_CONST && toc_str_split(&rest, ING_PLUS, &piece))
            if (!memchr(piece.p, '@', piece.n)) add(ctx, row, piece, sample(map->kind, &map->fields[k]));
    }
    for (size_t k = 0; map->signature[k]; k++) {
        toc_str rest = toc_str_of(map->signature[k]), piece;
        bool there = false;
        while (toc_str_split(&rest, '|', &piece))
            for (size_t i = 0; i < row->n; i++) there |= toc_str_is(piece, row->names[i]);
        rest = toc_str_of(map->signature[k]);
        assert_true(toc_str_split(&rest, '|', &piece));
        if (!there) add(ctx, row, piece, "x");
    }
    for (size_t k = 0; k < map->n_refusals; k++) { /* nothing that is refused */
        const ing_refusal *f = &map->refusals[k];
        if (f->unless) add(ctx, row, toc_str_of(f->header), "A1");
        for (size_t i = 0; i < row->n && !f->unless && !f->n_values; i++)
            if (strcmp(row->names[i], f->header) == 0) row->cells[i] = "";
    }
}

static void write_file(const header_row *row, const size_t *order, bool more)
{
    FILE *f = fopen(path, "wb");
    assert_non_null(f);
    for (size_t pass = 0; pass < 2; pass++) {
        if (more) fprintf(f, "%s,", pass ? "7" : "column of ours");
        for (size_t j = 0; j < row->n; j++)
            fprintf(f, "%s\"%s\"", j ? "," : "", pass ? row->cells[order[j]] : row->names[order[j]]);
        if (more) fprintf(f, ",%s", pass ? "8" : "another");
        fprintf(f, "\n");
    }
    assert_int_equal(fclose(f), 0);
}

/* The one row of the file as text. */
static toc_status read_row(toc_ctx *ctx, const ing_map *map, toc_buf *text)
{
    /* files that say two things: products, and stock only where that is asked for */
    bool asked = toc_str_ends(toc_str_of(map->name), "-stock") && strcmp(map->name, "magento-stock") != 0;
    const ing_options options = { .kind = asked ? "stock" : NULL };
    const shop_schema *schema = shop_schema_of(map->kind);
    ing_summary summary;
    shop_data shop;
    char buf[40];

    assert_int_equal(shop_init(ctx, &shop), TOC_OK);
    toc_buf_reset(text);
    toc_status st = ing_read(ctx, (const char *const[]){ path }, 1, &options, &shop, &summary);
    if (!st && strcmp(summary.platform, map->name) != 0)
        fail_msg("a file of map %s is taken for one of %s", map->name, summary.platform);
    if (!st && summary.rejected) fail_msg("map %s: its own row is refused", map->name);
    for (size_t j = 0; j < schema->n_columns && !st; j++) {
        toc_str cell = shop_cell_text(&shop, map->kind, j, 0, buf);
        assert_int_equal(toc_buf_printf(ctx, text, "%s=%.*s\n", schema->columns[j].name, (int)cell.n, cell.p), TOC_OK);
    }
    shop_release(&shop);
    return st;
}

static void every_map_reads_its_headers_in_any_order(void **state)
{
    toc_ctx ctx;
    ing_book book;
    toc_buf straight = {0}, shuffled = {0};
    size_t order[MAX_HEADERS], n_read = 0;
    header_row row;
    (void)state;

    toc_ctx_init(&ctx);
    ctx.err = fopen("/dev/null", "w");
    assert_non_null(ctx.err);
    assert_int_equal(ing_book_open(&ctx, NULL, &book), TOC_OK);
    for (size_t m = 0; m < book.n_maps; m++) {
        const ing_map *map = book.maps[m];
        toc_rng rng = toc_rng_new(m, 0);
        if (!map->source || !map->n_fields || map->needs) continue;
        headers_of(&ctx, map, &row);
        for (size_t j = 0; j < row.n; j++) order[j] = j;
        write_file(&row, order, false);
        if (read_row(&ctx, map, &straight)) fail_msg("map %s: %s", map->name, ctx.message);
        for (size_t j = row.n - 1; j > 0; j--) {
            size_t k = toc_rng_below(&rng, j + 1), t = order[j];
            order[j] = order[k];
            order[k] = t;
        }
        write_file(&row, order, true);
        if (read_row(&ctx, map, &shuffled)) fail_msg("map %s: %s", map->name, ctx.message);
        assert_string_equal(straight.p, shuffled.p);
        n_read++;
    }
    assert_true(n_read > 35);
    unlink(path);
    fclose(ctx.err);
    toc_buf_release(&straight);
    toc_buf_release(&shuffled);
    ing_book_release(&book);
    toc_ctx_release(&ctx);
}

static void headers_are_folded(void **state)
{
    static const char *const table[][2] = {
        { " Order  ID ", "order id" }, { "商品总价（元）", "商品总价(元)" }, { "A\tB\nC", "a b c" }, { "Größe", "größe" }, { "数量：", "数量:" },
        { "价\u00a0格", "价 格" }, { "", "" },
    };
    toc_ctx ctx;
    (void)state;
    toc_ctx_init(&ctx);
    for (size_t i = 0; i < TOC_COUNT(table); i++) {
        toc_str folded;
        assert_int_equal(ing_fold(&ctx, toc_str_of(table[i][0]), &folded), TOC_OK);
        if (!toc_str_is(folded, table[i][1])) fail_msg("\"%s\" became \"%.*s\"", table[i][0], (int)folded.n, folded.p);
    }
    toc_ctx_release(&ctx);
}

static void numbers_in_headers(void **state)
{
    static const struct {
        const char *pattern, *header;
        bool found;
        size_t number;
    } table[] = {
        { "line_item_{n}", "line_item_1", true, 1 },  { "line_item_{n}", "line_item_12", true, 12 },
        { "line_item_{n}", "line_item_", false, 0 },  { "item {n} sku", "item 3 sku", true, 3 },
        { "item {n} sku", "item 3 sku2", false, 0 },  { "item {n} sku", "item x sku", false, 0 },
        { "item {n} sku", "item  sku", false, 0 },    { "item", "item", false, 0 },
        { "{n}", "1234567", false, 0 },               { "{n}", "99", true, 99 },
    };
    (void)state;
    for (size_t i = 0; i < TOC_COUNT(table); i++) {
        size_t number = 0;
        assert_int_equal(ing_header_number(table[i].pattern, toc_str_of(table[i].header), &number), table[i].found);
        if (table[i].found) assert_int_equal(number, table[i].number);
    }
}

static void shares_add_up(void **state)
{
    static const struct {
        int64_t whole;
        size_t n;
    } table[] = { { 100, 3 }, { 0, 2 }, { -7, 3 }, { 1, 4 }, { INT64_C(9000000000000000001), 7 } };
    ing_load load = {0};
    (void)state;
    for (size_t i = 0; i < TOC_COUNT(table); i++) {
        int64_t sum = 0;
        load.lines.n = table[i].n;
        for (load.lines.at = 0; load.lines.at < table[i].n; load.lines.at++) sum += ing_line_share(&load, table[i].whole, false);
        assert_int_equal(sum, table[i].whole);
    }
    load.lines = (ing_lines){ .n = 3, .at = 2 };
    assert_int_equal(ing_line_share(&load, 2, true), 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_map_reads_its_headers_in_any_order), cmocka_unit_test(headers_are_folded),
            cmocka_unit_test(numbers_in_headers),
        cmocka_unit_test(shares_add_up),
    };
    path = scratch_path("maps.csv");
    return cmocka_run_group_tests(tests, NULL, NULL);
}
