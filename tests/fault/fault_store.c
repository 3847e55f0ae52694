/* fault_store.c: each allocation (ours and SQLite's) and each write, sync or truncation of a store's files fails once, while a store is made, added to,
 * loaded, brought up to date and while a customer is forgotten. Then the store is as before or, where the call said so, as after; it is whole; and the
 * status is the right one. */
#include "store/store.h"

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>
#include <sqlite3.h>
#include <unistd.h>

enum { ROWS = 12 };

static char path[64], kept[72];

/* ---- faults ---- */

static int64_t left = -1; /* calls until one fails; below 0: none */

static bool fails(void)
{
    return left >= 0 && left-- == 0;
}

static bool writes_fail; /* else allocations */

static sqlite3_mem_methods real_memory;
static void *fault_malloc(int n) { return !writes_fail && fails() ? NULL : real_memory.xMalloc(n); }
static void *fault_realloc(void *p, int n) { return !writes_fail && fails() ? NULL : real_memory.xRealloc(p, n); }

static sqlite3_vfs faulty_vfs, *real_vfs;
static const sqlite3_io_methods *real_io[2]; /* of databases, of journals and temporary files */
static sqlite3_io_methods faulty_io[2];

static const sqlite3_io_methods *real_of(const sqlite3_file *f)
{
    return real_io[f->pMethods == &faulty_io[1]];
}

static int fault_write(sqlite3_file *f, const void *p, int n, sqlite3_int64 at)
{
    return writes_fail && fails() ? SQLITE_FULL : real_of(f)->xWrite(f, p, n, at);
}
static int fault_truncate(sqlite3_file *f, sqlite3_int64 n)
{
    return writes_fail && fails() ? SQLITE_IOERR_TRUNCATE : real_of(f)->xTruncate(f, n);
}
static int fault_sync(sqlite3_file *f, int flags)
{
    return writes_fail && fails() ? SQLITE_IOERR_FSYNC : real_of(f)->xSync(f, flags);
}
static int fault_shm(sqlite3_file *f, int page, int n, int extend, void volatile **p)
{
    return writes_fail && fails() ? SQLITE_IOERR_SHMSIZE : real_of(f)->xShmMap(f, page, n, extend, p);
}
static int fault_open(sqlite3_vfs *vfs, const char *name, sqlite3_file *file, int flags, int *out)
{
    int code = real_vfs->xOpen(vfs, name, file, flags, out);
    if (code || !file->pMethods) return code;
    int kind = !(flags & SQLITE_OPEN_MAIN_DB);
    real_io[kind] = file->pMethods;
    faulty_io[kind] = *real_io[kind];
    faulty_io[kind].xWrite = fault_write;
    faulty_io[kind].xTruncate = fault_truncate;
    faulty_io[kind].xSync = fault_sync;
    if (!kind) faulty_io[kind].xShmMap = fault_shm;
    file->pMethods = &faulty_io[kind];
    return code;
}

static void install_faults(void)
{
    sqlite3_mem_methods memory;
    assert_int_equal(sqlite3_config(SQLITE_CONFIG_GETMALLOC, &real_memory), SQLITE_OK);
    memory = real_memory;
    memory.xMalloc = fault_malloc;
    memory.xRealloc = fault_realloc;
    assert_int_equal(sqlite3_config(SQLITE_CONFIG_MALLOC, &memory), SQLITE_OK);
    assert_int_equal(sqlite3_config(SQLITE_CONFIG_LOOKASIDE, 0, 0), SQLITE_OK); /* so that every allocation can fail */
    assert_int_equal(sqlite3_initialize(), SQLITE_OK);
    real_vfs = sqlite3_vfs_find(NULL);
    faulty_vfs = *real_vfs;
    faulty_vfs.zName = "faulty";
    faulty_vfs.xOpen = fault_open;
    assert_int_equal(sqlite3_vfs_register(&faulty_vfs, 1), SQLITE_OK);
}

/* ---- what is done to a store ---- */

static toc_status fill(toc_ctx *ctx, shop_data *shop, int from, const char *status)
{
    size_t row;

    TOC_TRY(shop_init(ctx, shop));
    TOC_TRY(shop_add_rows(ctx, shop, SHOP_ORDERS, ROWS, &row));
    for (int i = 0; i < ROWS; i++) {
        char text[32];
        snprintf(text, sizeof text, "order-%d", from + i);
        TOC_TRY(toc_pool_intern(ctx, &shop->dict[SHOP_D_ORDER], toc_str_of(text), &shop->orders.order_id[i]));
        snprintf(text, sizeof text, "customer-%d", i % 3);
        TOC_TRY(toc_pool_intern(ctx, &shop->dict[SHOP_D_CUSTOMER], toc_str_of(text), &shop->orders.customer_id[i]));
        TOC_TRY(toc_pool_intern(ctx, &shop->dict[SHOP_D_WORD], toc_str_of(status), &shop->orders.status[i]));
        shop->orders.quantity[i] = 1;
        shop->orders.ordered_at[i] = i * TOC_DAY;
        shop->orders.row[i] = i + 1;
    }
    return TOC_OK;
}

static toc_status add(toc_ctx *ctx, int from, const char *status, int64_t known_at)
{
    const sto_warning warning = { .id = "w", .question = "churn", .entity_kind = "customer", .entity = "customer-1", .score = 0.5, .level = 1 };
    const float vector[2] = { 1, 2 };
    sto_store *store = NULL;
    shop_data shop = {0};
    sto_added added;
    bool seen;

    toc_status st = fill(ctx, &shop, from, status);
    if (!st) st = sto_open(ctx, path, STO_WRITE, &store);
    if (!st) st = sto_file_seen(ctx, store, status, &seen);
    if (!st) st = sto_begin(ctx, store);
    if (!st) st = sto_add(ctx, store, &shop, known_at, &added);
    if (!st) st = sto_file_add(ctx, store, status, "file", ROWS, known_at);
    if (!st) st = sto_vector_put(ctx, store, 1, (uint64_t)from, 2, vector);
    if (!st) st = sto_warnings_put(ctx, store, known_at, &warning, 1);
    if (!st) st = sto_commit(ctx, store);
    sto_close(store);
    shop_release(&shop);
    return st;
}

static toc_status make(toc_ctx *ctx) { return add(ctx, 0, "placed", 20 * TOC_DAY); }
static toc_status add_later(toc_ctx *ctx) { return add(ctx, ROWS / 2, "shipped", 21 * TOC_DAY); }

static toc_status forget(toc_ctx *ctx)
{
    sto_store *store = NULL;
    sto_forgotten gone;

    toc_status st = sto_open(ctx, path, STO_WRITE, &store);
    if (!st) st = sto_forget(ctx, store, "customer-1", &gone);
    sto_close(store);
    return st;
}

static toc_status load(toc_ctx *ctx)
{
    sto_store *store = NULL;
    shop_data shop = {0};

    toc_status st = shop_init(ctx, &shop);
    if (!st) st = sto_open(ctx, path, STO_READ, &store);
    if (!st) st = sto_check(ctx, store);
    if (!st) st = sto_load(ctx, store, TOC_NO_TIME, &shop);
    for (size_t i = 0; i < shop.orders.n && !st; i++) assert_true(shop.orders.order_id[i] && shop.orders.customer_id[i] && shop.orders.status[i]);
    sto_close(store);
    shop_release(&shop);
    return st;
}

static toc_status upgrade(toc_ctx *ctx)
{
    sto_store *store = NULL;
    toc_status st = sto_open(ctx, path, STO_WRITE, &store);
    sto_close(store);
    return st;
}

/* ---- running them ---- */

static void remove_store(void)
{
    static const char *const tails[] = { "", ".lock", "-wal", "-shm", "-journal" };
    char name[96];
    for (size_t i = 0; i < TOC_COUNT(tails); i++) {
        snprintf(name, sizeof name, "%s%s", path, tails[i]);
        unlink(name);
    }
}

static void copy(const char *from, const char *to)
{
    char buffer[8192];
    size_t n;
    FILE *in = fopen(from, "rb"), *out = fopen(to, "wb");
    assert_true(in && out);
    while ((n = fread(buffer, 1, sizeof buffer, in))) assert_int_equal(fwrite(buffer, 1, n, out), n);
    assert_int_equal(fclose(in) | fclose(out), 0);
}

typedef struct {
    int64_t version, orders, states, files, vectors, warnings;
} content;

/* What is in the store, which must be whole; all 0 when it is not there. */
static content look(void)
{
    toc_ctx ctx;
    sto_store *store;
    sto_info info;

    left = -1;
    if (access(path, F_OK)) return (content){0};
    toc_ctx_init(&ctx);
    assert_int_equal(sto_open(&ctx, path, STO_READ, &store), TOC_OK);
    assert_int_equal(sto_check(&ctx, store), TOC_OK);
    assert_int_equal(sto_describe(&ctx, store, &info), TOC_OK);
    sto_close(store);
    toc_ctx_release(&ctx);
    return (content){ info.version, info.kinds[SHOP_ORDERS].lines, info.kinds[SHOP_ORDERS].states, info.n_files, info.n_vectors, info.n_warnings };
}

static char said[2048]; /* the message of the last failure */

typedef enum { OURS, SQLITES, WRITES, N_FAULTS } fault;

static toc_status once(toc_status (*run)(toc_ctx *ctx), fault what, int64_t k)
{
    toc_ctx ctx;

    toc_ctx_init(&ctx);
    if (what == OURS) ctx.allocations_left = k;
    else left = k;
    writes_fail = what == WRITES;
    toc_status st = run(&ctx);
    writes_fail = false;
    if (st) snprintf(said, sizeof said, "%s", ctx.message);
    toc_ctx_release(&ctx);
    return st;
}

static bool same(content a, content b) { return !memcmp(&a, &b, sizeof a); }

/* The next call to fail: each of the first forty, then ever fewer of thousands. */
static int64_t next(int64_t k) { return k < 40 ? k + 1 : k + k / 16; }

/* Fails call 0, 1, 2 ... until none is left to fail. Forgetting is two transactions: a failure in the second leaves the rows gone. */
static void every_fault(toc_status (*run)(toc_ctx *ctx), bool from_kept, bool two_steps)
{
    remove_store();
    if (from_kept) copy(kept, path);
    const content before = look();
    assert_int_equal(once(run, OURS, INT64_MAX), TOC_OK);
    const content after = look();
    for (fault what = OURS; what < N_FAULTS; what++) {
        int64_t k = 0;
        size_t refused = 0;
        for (bool more = true; more; k = next(k)) {
            remove_store();
            if (from_kept) copy(kept, path);
            toc_status st = once(run, what, k);
            more = what == OURS ? st != TOC_OK : left < 0;
            content now = look();
            if (st && st != (what == WRITES ? TOC_E_IO : TOC_E_NOMEM)) print_message("fault %d, call %lld: %s\n", what, (long long)k, said);
            if (st) assert_int_equal(st, what == WRITES ? TOC_E_IO : TOC_E_NOMEM);
            assert_true(same(now, st ? before : after) || (st && two_steps && same(now, after)));
            refused += st != TOC_OK;
        }
        if (what != WRITES || !same(before, after)) assert_true(refused > 2);
    }
    remove_store();
}

static void making_a_store(void **state)
{
    (void)state;
    every_fault(make, false, false);
}

static int keep_one(void **state)
{
    toc_ctx ctx;
    (void)state;
    remove_store();
    toc_ctx_init(&ctx);
    assert_int_equal(make(&ctx), TOC_OK);
    toc_ctx_release(&ctx);
    copy(path, kept);
    return 0;
}

static int keep_version_1(void **state)
{
    sqlite3 *db;
    toc_ctx ctx;
    toc_buf sql = {0};
    (void)state;
    remove_store();
    unlink(kept);
    toc_ctx_init(&ctx);
    assert_int_equal(toc_read_file(&ctx, access("unit/store-1/store.sql", R_OK) ? "tests/unit/store-1/store.sql" : "unit/store-1/store.sql", &sql), TOC_OK);
    assert_int_equal(sqlite3_open(kept, &db), SQLITE_OK);
    assert_int_equal(sqlite3_exec(db, sql.p, NULL, NULL, NULL), SQLITE_OK);
    sqlite3_close(db);
    toc_buf_release(&sql);
    toc_ctx_release(&ctx);
    return 0;
}

static int drop(void **state)
{
    (void)state;
    remove_store();
    unlink(kept);
    return 0;
}

static void adding_to_it(void **state)
{
    (void)state;
    every_fault(add_later, true, false);
}

static void loading_it(void **state)
{
    (void)state;
    every_fault(load, true, false);
}

static void forgetting_a_customer(void **state)
{
    (void)state;
    every_fault(forget, true, true);
}

static void bringing_an_older_one_up_to_date(void **state)
{
    (void)state;
    every_fault(upgrade, true, false);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(making_a_store, NULL, drop),
        cmocka_unit_test_setup_teardown(adding_to_it, keep_one, drop),
        cmocka_unit_test_setup_teardown(loading_it, keep_one, drop),
        cmocka_unit_test_setup_teardown(forgetting_a_customer, keep_one, drop),
        cmocka_unit_test_setup_teardown(bringing_an_older_one_up_to_date, keep_version_1, drop),
    };
    const char *folder = access("/dev/shm", W_OK) ? "/tmp" : "/dev/shm"; /* thousands of stores: better without a disk */
    snprintf(path, sizeof path, "%s/fault_store_%ld.db", folder, (long)getpid());
    snprintf(kept, sizeof kept, "%s.kept", path);
    install_faults();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
