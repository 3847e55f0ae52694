/* test_tree_gain_peer.c: measures of random tables beside NumPy's, scikit-learn's and SciPy's, stored by tests/peer/gain/make.py. The tables are drawn
 * again here by its rule. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdlib.h>

#include "tree/tree.h"

enum { TABLES = 40, MOST_ROWS = 305, COLUMNS = 3, MEASURES = 7 };

typedef struct {
    size_t n, classes;
    uint32_t y[MOST_ROWS];
    double x[COLUMNS][MOST_ROWS], weight[MOST_ROWS];
} sample;

static uint32_t draw(uint32_t *state, uint32_t n)
{
    *state = (*state * 1103515245u + 12345u) & 0x7fffffffu;
    return (*state >> 8) % n;
}

static void make(uint32_t *state, size_t number, sample *s)
{
    s->n = 5 + draw(state, 300);
    s->classes = 2 + draw(state, 5);
    for (size_t i = 0; i < s->n; i++) {
        uint32_t y = s->y[i] = draw(state, (uint32_t)s->classes);
        s->x[0][i] = ((double)draw(state, 4000) - 2000) * (number % 2 ? 1.0 : 0.125) + 300.0 * y;
        s->x[1][i] = NAN;
        if (draw(state, 8)) s->x[1][i] = (double)draw(state, 9) - 4 + (y == 1);
        s->x[2][i] = 0;
        if (draw(state, 11)) {
            uint32_t value = draw(state, 7);
            s->x[2][i] = 1 + (value + y * draw(state, 2)) % 9;
        }
        s->weight[i] = (1 + draw(state, 16)) / 8.0;
    }
}

static void near(double got, double wanted, const char *line)
{
    if (!(fabs(got - wanted) <= 1e-12 * fmax(1, fabs(wanted)))) fail_msg("%.17g instead of %.17g in %s", got, wanted, line);
}

static void compare(const char *line, const sample *s, const tree_gain *g, size_t column)
{
    const double found[MEASURES] = { g->entropy, g->gain, g->gain_ratio, g->gini_decrease, g->chi_square, g->symmetric_uncertainty, g->corrected };
    const char *at = line;
    int64_t left = -1;

    for (int i = 0; i < 3; i++) at = strchr(at, ',') + 1;
    for (size_t i = 0; i < MEASURES; i++) {
        near(found[i], strtod(at, NULL), line);
        at = strchr(at, ',') + 1;
    }
    if (!isnan(g->threshold)) left = 0;
    for (size_t i = 0; i < s->n && left >= 0; i++) left += s->x[column][i] <= g->threshold;
    assert_int_equal(left, strtol(at, NULL, 10));
    if (column == 2) near(g->binary_gain, strtod(strchr(at, ',') + 1, NULL), line);
}

static void beside_numpy(void **state)
{
    static sample s;
    static const bool categorical[COLUMNS] = { false, false, true };
    const double *columns[COLUMNS] = { s.x[0], s.x[1], s.x[2] };
    FILE *file = fopen("peer/gain/expected.csv", "r");
    char line[512];
    uint32_t seed = 2718;
    toc_ctx ctx;

    (void)state;
    toc_ctx_init(&ctx);
    assert_non_null(file);
    for (size_t number = 0; number < TABLES; number++) {
        make(&seed, number, &s);
        tree_data data = { s.n, COLUMNS, columns, NULL, categorical, NULL };
        tree_gain gain[2][COLUMNS];
        assert_int_equal(tree_gains(&ctx, &data, s.y, s.classes, NULL, gain[0]), TOC_OK);
        assert_int_equal(tree_gains(&ctx, &data, s.y, s.classes, &(tree_gain_options){ .weight = s.weight }, gain[1]), TOC_OK);
        for (size_t k = 0; k < (size_t)2 * COLUMNS; k++) {
            assert_non_null(fgets(line, sizeof line, file));
            compare(line, &s, &gain[k % 2][k / 2], k / 2);
        }
    }
    assert_null(fgets(line, sizeof line, file));
    fclose(file);
    toc_ctx_release(&ctx);
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(beside_numpy) };
    return cmocka_run_group_tests_name("gain peer", tests, NULL, NULL);
}
