/* test_features_encode.c: encodings of categories: a row never sees a label of its own entity, what is kept is what is learned, and a kept table that
 * went through a file is the same. */
#include "features/features.h"

#include <setjmp.h>
#include <stdarg.h>
#include <math.h>
#include <cmocka.h>

enum { ROWS = 300, IDS = 60, VALUES = 9 };

static toc_ctx ctx;

/* A table of customers with two categories, and a label by row (one in five unknown). */
static void make(uint64_t seed, tab_table *table, double *label)
{
    static const char *const names[] = { "customer_id", "country", "merchant" };
    toc_rng rng = toc_rng_new(seed, 1);
    tab_column *c;

    tab_init(table, ROWS);
    for (size_t j = 0; j < TOC_COUNT(names); j++) {
        assert_int_equal(tab_add(&ctx, table, names[j], TAB_TEXT, NULL, &c), TOC_OK);
        for (size_t i = 0; i < ROWS; i++) {
            char text[16];
            snprintf(text, sizeof text, "%c%zu", "iab"[j], (size_t)toc_rng_below(&rng, j ? VALUES : IDS));
            if (j && toc_rng_below(&rng, 10) == 0) continue;
            assert_int_equal(toc_pool_intern(&ctx, c->pool, toc_str_of(text), &c->code[i]), TOC_OK);
        }
    }
    assert_int_equal(tab_add(&ctx, table, "orders", TAB_F64, NULL, &c), TOC_OK);
    for (size_t i = 0; i < ROWS; i++) label[i] = toc_rng_below(&rng, 5) == 0 ? (double)NAN : (double)(toc_rng_below(&rng, 2));
}

/* The id column is needed beside the table whose other columns change. */
static void out_of_fold(uint64_t seed, const double *label, tab_table *table, double *numbers)
{
    double unused[ROWS];

    make(seed, table, unused);
    assert_int_equal(fea_encode_out_of_fold(&ctx, "customers", &table->columns[0], label, table), TOC_OK);
    for (size_t c = 1; c < 3; c++) {
        assert_int_equal(table->columns[c].type, TAB_F64);
        memcpy(numbers + (c - 1) * ROWS, table->columns[c].f64, ROWS * sizeof *numbers);
    }
}

static void own_labels_are_unseen(void **state)
{
    double label[ROWS], numbers[2 * ROWS], others[2 * ROWS];
    tab_table table, again;
    size_t changed = 0;
    (void)state;

    for (uint64_t seed = 1; seed <= 20; seed++) {
        make(seed, &table, label);
        tab_release(&table);
        out_of_fold(seed, label, &table, numbers);
        uint32_t entity = table.columns[0].code[seed];
        for (size_t i = 0; i < ROWS; i++)
            if (table.columns[0].code[i] == entity) label[i] = isnan(label[i]) ? 7 : label[i] + 0.1; /* also such as change the rounding */
        out_of_fold(seed, label, &again, others);
        for (size_t i = 0; i < 2 * ROWS; i++) {
            bool same = memcmp(&numbers[i], &others[i], sizeof *numbers) == 0;
            if (table.columns[0].code[i % ROWS] == entity) assert_true(same);
            changed += !same;
        }
        tab_release(&table);
        tab_release(&again);
    }
    assert_true(changed > 20 * ROWS); /* the others of other folds do see them */
}

/* Another sum than that of the encoder: row by row. */
static void learned_is_applied(void **state)
{
    double label[ROWS];
    tab_table table, plain, encoding;
    (void)state;

    make(3, &table, label);
    make(3, &plain, label);
    assert_int_equal(fea_encoding_learn(&ctx, &table, "customers", label, &encoding), TOC_OK);
    fea_kept kept = { .encoding = encoding };
    tab_table file;
    assert_int_equal(fea_kept_table(&ctx, &kept, &file), TOC_OK);
    assert_int_equal(file.n_rows, 2 * (VALUES + 1));
    assert_int_equal(fea_encoding_apply(&ctx, &encoding, "customers", &table), TOC_OK);
    assert_int_equal(table.columns[0].type, TAB_TEXT); /* the id is no category */
    for (size_t c = 1; c < 3; c++)
        for (size_t i = 0; i < ROWS; i++) {
            double n = 0, sum = 0, all_n = 0, all = 0;
            for (size_t k = 0; k < ROWS; k++) {
                if (isnan(label[k])) continue;
                all_n++;
                all += label[k];
                if (plain.columns[c].code[k] != plain.columns[c].code[i]) continue;
                n++;
                sum += label[k];
            }
            if (plain.columns[c].code[i] == 0) assert_true(isnan(table.columns[c].f64[i]));
            else assert_true(fabs(table.columns[c].f64[i] - (sum + 10 * all / all_n) / (n + 10)) < 1e-12);
        }
    tab_release(&file);
    tab_release(&table);
    tab_release(&plain);
    fea_kept_release(&kept);
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(own_labels_are_unseen), cmocka_unit_test(learned_is_applied) };

    toc_ctx_init(&ctx);
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    toc_ctx_release(&ctx);
    return failed;
}
