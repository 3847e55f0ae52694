/* test_tree_code.c: models as C, SQL and Python: compiled and run, they score as tree_predict does. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "tree/tree.h"

enum { N = 400, P = 4, MODELS = 5 };
static double values[P][N], label[N], amount[N], score[N];
static const double *columns[P] = { values[0], values[1], values[2], values[3] };
static const char *const names[P] = { "int", "a \"b\"", "a_'b'", "a__b_" }; /* the C names of the last two collide */
static const char *const levels[] = { "it's", "say \"no\"", "back\\slash?\?/", "two\nlines", "plain", "r\xc3\xa9sum\xc3\xa9" };
static const bool categorical[P] = { false, true, false, true };
static toc_pool pool;
static const toc_pool *const pools[P] = { NULL, &pool, NULL, NULL };
static const tree_data data = { N, P, columns, names, categorical, pools };
static char folder[] = "/tmp/tocsin-code-XXXXXX";

static int setup(void **state)
{
    static toc_ctx ctx;
    toc_rng rng = toc_rng_new(5, 1);

    toc_ctx_init(&ctx);
    *state = &ctx;
    for (size_t i = 0; i < N; i++) {
        uint32_t code = 0;
        size_t l = toc_rng_below(&rng, 7);
        if (l < 6 && toc_pool_intern(&ctx, &pool, toc_str_of(levels[l]), &code)) return -1;
        values[0][i] = toc_rng_unit(&rng) < 0.2 ? NAN : toc_rng_normal(&rng) * 1e-3;
        values[1][i] = code ? (double)code : (double)NAN;
        values[2][i] = (double)toc_rng_below(&rng, 9) - 4;
        values[3][i] = toc_rng_unit(&rng) < 0.1 ? NAN : (double)toc_rng_below(&rng, 5);
        amount[i] = (isnan(values[0][i]) ? 1 : 900 * values[0][i]) + (l == 1 || l == 5 ? 1.5 : 0) + (values[3][i] == 2) * values[2][i];
        label[i] = amount[i] + toc_rng_normal(&rng) > 0.5;
    }
    return mkdtemp(folder) ? 0 : -1;
}

static int teardown(void **state)
{
    char command[64];

    (void)state;
    toc_pool_release(&pool);
    snprintf(command, sizeof command, "rm -r %s", folder);
    return system(command);
}

static tree_model *model_of(toc_ctx *ctx, int k)
{
    tree_params p = tree_defaults(k == 0 ? TREE_SINGLE : k == 1 ? TREE_FOREST : TREE_BOOST);
    tree_model *model;

    p.n_trees = 15;
    p.min_leaf = 3;
    if (k == 3) p.loss = TREE_SQUARED;
    if (k == 4) p.loss = TREE_TWEEDIE;
    assert_int_equal(tree_fit(ctx, &data, k == 3 ? amount : label, NULL, &p, &model), TOC_OK);
    assert_int_equal(tree_predict(ctx, model, &data, score), TOC_OK);
    return model;
}

/* The code of model k in folder/NAME. */
static void write_code(toc_ctx *ctx, int k, tree_code code, const char *name, char path[64])
{
    tree_model *model = model_of(ctx, k);
    toc_out out;

    snprintf(path, 64, "%s/%s", folder, name);
    assert_int_equal(toc_out_open(ctx, path, false, &out), TOC_OK);
    assert_int_equal(tree_show_code(ctx, model, code, &out), TOC_OK);
    assert_int_equal(toc_out_close(ctx, &out), TOC_OK);
    tree_free(model);
}

static void put_text(FILE *f, size_t i)
{
    for (const char *b = toc_pool_text(&pool, (uint32_t)values[1][i]); *b; b++) fprintf(f, "\\%03o", (unsigned char)*b);
}

/* Runs a command that prints a score a line. */
static void compare(const char *command)
{
    FILE *pipe = popen(command, "r");
    double got;

    assert_non_null(pipe);
    for (size_t i = 0; i < N; i++) {
        assert_int_equal(fscanf(pipe, "%lf", &got), 1);
        if (fabs(got - score[i]) > 1e-15 * (1 + fabs(got))) fail_msg("row %zu: %.17g, predict says %.17g", i, got, score[i]);
    }
    assert_int_equal(pclose(pipe), 0);
}

static void c_code(void **state)
{
    char path[64], command[400];

    for (int k = 0; k < MODELS; k++) {
        write_code(*state, k, TREE_CODE_C, "model.c", path);
        snprintf(command, sizeof command, "%s/main.c", folder);
        FILE *f = fopen(command, "w");
        assert_non_null(f);
        fprintf(f, "#include \"model.c\"\n#include <stdio.h>\nint main(void)\n{\n    const struct row rows[] = {\n");
        for (size_t i = 0; i < N; i++) {
            fprintf(f, "        { ");
            for (size_t j = 0; j < P; j++) {
                if (isnan(values[j][i])) fprintf(f, j == 1 ? "NULL, " : "NAN, ");
                else if (j == 1) fputc('"', f), put_text(f, i), fprintf(f, "\", ");
                else fprintf(f, "%.17g, ", values[j][i]);
            }
            fprintf(f, "},\n");
        }
        fprintf(f, "    };\n    for (int i = 0; i < %d; i++) printf(\"%%.17g\\n\", score(&rows[i]));\n    return 0;\n}\n", N);
        fclose(f);
        snprintf(command, sizeof command, "cd %s && cc -std=c11 -Wall -Wextra -Werror -ffp-contract=off main.c -o run -lm && ./run", folder);
        compare(command);
    }
}

static void python_code(void **state)
{
    char path[64], command[400];

    if (system("python3 -c '' >/dev/null 2>&1")) skip();
    for (int k = 0; k < MODELS; k++) {
        write_code(*state, k, TREE_CODE_PYTHON, "model.py", path);
        snprintf(command, sizeof command, "%s/main.py", folder);
        FILE *f = fopen(command, "w");
        assert_non_null(f);
        fprintf(f, "from model import score\nfor row in (\n");
        for (size_t i = 0; i < N; i++) {
            fprintf(f, "    ({");
            for (size_t j = 0; j < P; j++) {
                if (isnan(values[j][i])) continue; /* not in the row at all */
                fprintf(f, "%s: ", j == 0 ? "'int'" : j == 1 ? "'a \"b\"'" : j == 2 ? "\"a_'b'\"" : "'a__b_'");
                if (j == 1) fprintf(f, "b'"), put_text(f, i), fprintf(f, "'.decode(), ");
                else fprintf(f, "'%.17g', ", values[j][i]);
            }
            fprintf(f, "}),\n");
        }
        fprintf(f, "):\n    print(repr(score(row)))\n");
        fclose(f);
        snprintf(command, sizeof command, "cd %s && rm -rf __pycache__ && python3 -B main.py", folder);
        compare(command);
    }
}

static void sql_code(void **state)
{
    for (int k = 0; k < MODELS; k++) {
        char path[64];
        toc_buf sql = {0};
        sqlite3 *db;
        sqlite3_stmt *row;
        write_code(*state, k, TREE_CODE_SQL, "model.sql", path);
        assert_int_equal(toc_read_file(*state, path, &sql), TOC_OK);
        assert_int_equal(sqlite3_open(":memory:", &db), SQLITE_OK);
        assert_int_equal(sqlite3_exec(db, "CREATE TABLE data(\"int\" REAL, \"a \"\"b\"\"\" TEXT, \"a_'b'\" REAL, a__b_ REAL)", NULL, NULL, NULL), SQLITE_OK);
        assert_int_equal(sqlite3_prepare_v2(db, "INSERT INTO data VALUES (?, ?, ?, ?)", -1, &row, NULL), SQLITE_OK);
        for (size_t i = 0; i < N; i++) {
            for (int j = 0; j < P; j++) {
                if (isnan(values[j][i])) sqlite3_bind_null(row, j + 1);
                else if (j == 1) sqlite3_bind_text(row, j + 1, toc_pool_text(&pool, (uint32_t)values[j][i]), -1, SQLITE_STATIC);
                else sqlite3_bind_double(row, j + 1, values[j][i]);
            }
            assert_int_equal(sqlite3_step(row), SQLITE_DONE);
            sqlite3_reset(row);
        }
        sqlite3_finalize(row);
        if (sqlite3_prepare_v2(db, sql.p, -1, &row, NULL)) fail_msg("%s", sqlite3_errmsg(db));
        for (size_t i = 0; i < N; i++) {
            assert_int_equal(sqlite3_step(row), SQLITE_ROW);
            assert_true(fabs(sqlite3_column_double(row, P) - score[i]) < 1e-14);
        }
        sqlite3_finalize(row);
        sqlite3_close(db);
        toc_buf_release(&sql);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(c_code), cmocka_unit_test(sql_code), cmocka_unit_test(python_code) };
    return cmocka_run_group_tests_name("code", tests, setup, teardown);
}
