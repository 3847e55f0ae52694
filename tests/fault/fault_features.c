/* fault_features.c: every allocation of `tocsin features` fails once, for each entity, at many moments, with labels and scalings, as parts and merged:
 * TOC_E_NOMEM each time, nothing written, and (under asan) nothing leaks. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "../scratch.h"
#include "cli/cli.h"
#include "commands/commands.h"

static void write_text(const char *path, const char *text)
{
    FILE *file = fopen(path, "w");

    assert_non_null(file);
    fputs(text, file);
    assert_int_equal(fclose(file), 0);
}

static void write_orders(const char *path)
{
    FILE *file = fopen(path, "w");

    assert_non_null(file);
    fputs("order_id,customer_id,merchant_id,product_id,device_id,quantity,unit_price,ordered_at,shipped_at\n", file);
    for (int i = 0; i < 40; i++)
        fprintf(file, "o%d,c%d,m%d,p%d,d%d,%d,%d.50,2026-01-%02dT10:00:00Z,\n", i, i % 5, i % 3, i % 4, i % 6, i == 7 ? -1 : 1 + i % 2, 5 + i % 9, 1 + i / 2);
    assert_int_equal(fclose(file), 0);
}

static long size_of(const char *path)
{
    FILE *file = fopen(path, "r");
    long size;

    if (!file) return 0;
    fseek(file, 0, SEEK_END);
    size = ftell(file);
    fclose(file);
    return size;
}

/* Runs with one more allocation granted each time until it passes; at least `fewest` failures. words end with NULL. */
static void run_all(const char *const *words, const char *out, int64_t fewest)
{
    static const cli_command *const commands[] = { &cmd_features, NULL };
    char *argv[24];
    int argc = 0;
    FILE *nowhere = fopen("/dev/null", "w");
    toc_status st = TOC_E_NOMEM;
    int64_t failures = 0;

    assert_non_null(nowhere);
    for (; words[argc]; argc++) argv[argc] = (char *)(uintptr_t)words[argc];
    for (int64_t left = 0; st != TOC_OK; left++) {
        toc_ctx ctx;
        remove(out);
        toc_ctx_init(&ctx);
        ctx.err = nowhere;
        ctx.allocations_left = left;
        st = cli_main(&ctx, commands, argc, argv);
        assert_true(st == TOC_OK || st == TOC_E_NOMEM);
        failures += st != TOC_OK;
        assert_int_equal(size_of(out) > 0, st == TOC_OK);
        ctx.allocations_left = -1;
        toc_ctx_release(&ctx);
        assert_true(left < 100000);
    }
    assert_true(failures > fewest);
    fclose(nowhere);
}

static void every_allocation(void **state)
{
    const char *orders = scratch_path("orders.csv"), *labels = scratch_path("labels.csv"), *reviews = scratch_path("reviews.csv");
    const char *at = scratch_path("at.csv"), *order_at = scratch_path("order_at.csv"), *scaling = scratch_path("scaling.csv");
    const char *out = scratch_path("out.csv"), *part = scratch_path("part.csv");
    (void)state;

    write_orders(orders);
    write_text(labels, "entity,id,label,labelled_at\norder,o3,fraud,2026-01-05\norder,o9,fraud,\n");
    write_text(reviews, "review_id,customer_id,product_id,merchant_id,rating,created_at\nr1,c1,p1,m1,5,2026-01-03\nr2,c1,p2,m2,1,2026-01-09\n");
    write_text(at, "id,time,label\nc1,2026-01-08,1\nc2,2026-01-08,0\nc1,2026-01-15,0\nm1,2026-01-15,1\nm1,2026-01-12,1\nnobody,2026-01-15,0\n");
    write_text(order_at, "id,time\no3,2026-01-18\no9,2026-01-18\n");
    run_all((const char *const[]){ "tocsin", "features", "customers", "--at", at, "--label", "churn:5d", "--scale", "robust", "--scaling", scaling,
                                   "--flag-missing", "--out", out, orders, reviews, NULL }, out, 100);
    run_all((const char *const[]){ "tocsin", "features", "customers", "--at", at, "--scaling", scaling, "--out", out, orders, NULL }, out, 100);
    run_all((const char *const[]){ "tocsin", "features", "customers", "--at", at, "--categories", "target", "--scaling", scaling, "--out", out, orders, NULL },
            out, 100);
    run_all((const char *const[]){ "tocsin", "features", "customers", "--scaling", scaling, "--only", "merchant,orders", "--out", out, orders, NULL }, out, 100);
    run_all((const char *const[]){ "tocsin", "features", "merchants", "--at", at, "--out", out, orders, reviews, NULL }, out, 100);
    run_all((const char *const[]){ "tocsin", "features", "orders", "--at", order_at, "--label-delay", "3d", "--out", out, "--labels", labels, orders, NULL },
            out, 100);
    run_all((const char *const[]){ "tocsin", "features", "products", "--partial", "--as-of", "2026-01-18", "--out", part, orders, NULL }, part, 100);
    run_all((const char *const[]){ "tocsin", "features", "merge", "--out", out, part, NULL }, out, 10);
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(every_allocation) };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
