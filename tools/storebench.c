/* storebench FILE WORK [ROUNDS]: rows a second of order lines from memory into an empty store, and beside it, in turn, SQLite's own prepared inserts
 * of the same cells into tables of the same SQL, with the same page size, cache and synchronous writes, in one transaction: each row and then its key,
 * row after row as they come, as a plain program does, with a rollback journal (which is all but free in an empty file) and with a WAL; and all rows and
 * then all keys in their order, which somebody else has sorted (a bound, no peer).
 * The peers are spared finding out keys and states, and whether a row is known. Medians; CSV on stdout. WORK.db and WORK.peer are made and removed. */
#include <sqlite3.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "ingest/ingest.h"
#include "store/store.h"

enum { MAX_ROUNDS = 9 };

/* A table of the store, all cells in memory: a NULL text is an integer, an empty one NULL. */
typedef struct {
    char name[64], create[4096];
    size_t n, width, cap;
    struct cell {
        const char *text;
        int64_t value; /* or the text's length */
    } *cells;
} table;

typedef enum { ROW_BY_ROW, IN_WAL, KEYS_LAST } manner;

typedef struct {
    toc_ctx *ctx;
    char store[4096], peer[4096];
    table rows, lines, sorted_lines; /* lines: in the order of the rows */
    size_t n;
    shop_data shop;
} bench;

static double now(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static void check(bench *b, int status)
{
    if (!status) return;
    fprintf(stderr, "storebench: status %d %s\n", status, b->ctx->message);
    exit(4);
}

static void clean(const char *path)
{
    static const char *const tails[] = { "", "-wal", "-shm", "-journal", ".lock" };
    char name[4200];

    for (size_t i = 0; i < TOC_COUNT(tails); i++) {
        snprintf(name, sizeof name, "%s%s", path, tails[i]);
        unlink(name);
    }
}

static double ours(bench *b)
{
    sto_store *store;
    sto_added added;

    clean(b->store);
    check(b, (int)sto_open(b->ctx, b->store, STO_WRITE, &store));
    double start = now();
    check(b, (int)sto_begin(b->ctx, store));
    check(b, (int)sto_add(b->ctx, store, &b->shop, 1, &added));
    check(b, (int)sto_commit(b->ctx, store));
    double seconds = now() - start;
    sto_close(store);
    b->n = added.fresh;
    return seconds;
}

static void read_table(bench *b, sqlite3 *db, const char *name, const char *select, table *t)
{
    sqlite3_stmt *stmt;

    snprintf(t->name, sizeof t->name, "%s", name);
    check(b, sqlite3_prepare_v2(db, "SELECT sql FROM sqlite_master WHERE type = 'table' AND name = ?", -1, &stmt, NULL));
    sqlite3_bind_text(stmt, 1, name, -1, SQLITE_STATIC);
    if (sqlite3_step(stmt) != SQLITE_ROW) check(b, 3);
    snprintf(t->create, sizeof t->create, "%s", (const char *)sqlite3_column_text(stmt, 0));
    sqlite3_finalize(stmt);
    check(b, sqlite3_prepare_v2(db, select, -1, &stmt, NULL));
    t->width = (size_t)sqlite3_column_count(stmt);
    for (; sqlite3_step(stmt) == SQLITE_ROW; t->n++) {
        check(b, (int)toc_grow(b->ctx, &t->cells, &t->cap, (t->n + 1) * t->width, sizeof *t->cells));
        for (size_t j = 0; j < t->width; j++) {
            struct cell *c = &t->cells[t->n * t->width + j];
            int column = (int)j, type = sqlite3_column_type(stmt, column);
            *c = (struct cell){ .value = sqlite3_column_int64(stmt, column) };
            if (type == SQLITE_INTEGER) continue;
            c->value = sqlite3_column_bytes(stmt, column);
            c->text = "";
            if (type == SQLITE_NULL) continue;
            check(b, (int)toc_arena_copy(b->ctx, &b->ctx->arena, (const char *)sqlite3_column_text(stmt, column), (size_t)c->value, &c->text));
        }
    }
    sqlite3_finalize(stmt);
}

static void read_store(bench *b)
{
    sqlite3 *db;

    check(b, sqlite3_open_v2(b->store, &db, SQLITE_OPEN_READWRITE, NULL));
    read_table(b, db, "orders", "SELECT * FROM orders ORDER BY rowid", &b->rows);
    read_table(b, db, "orders_lines", "SELECT * FROM orders_lines", &b->sorted_lines);
    read_table(b, db, "orders_lines", "SELECT l.* FROM orders o CROSS JOIN orders_lines l ON l.line_key = o.line_key ORDER BY o.rowid", &b->lines);
    sqlite3_close(db);
    if (b->lines.n != b->rows.n || b->rows.n != b->n) check(b, 3); /* some line has several states: not the rows that go in */
}

static sqlite3_stmt *prepare(bench *b, sqlite3 *db, const table *t)
{
    char sql[1024];
    sqlite3_stmt *stmt;
    size_t at = (size_t)snprintf(sql, sizeof sql, "INSERT INTO %s VALUES(?", t->name);

    for (size_t j = 1; j < t->width; j++) at += (size_t)snprintf(sql + at, sizeof sql - at, ",?");
    snprintf(sql + at, sizeof sql - at, ")");
    check(b, sqlite3_prepare_v2(db, sql, -1, &stmt, NULL));
    return stmt;
}

static void insert(bench *b, sqlite3_stmt *stmt, const table *t, size_t i)
{
    for (size_t j = 0; j < t->width; j++) {
        const struct cell *c = &t->cells[i * t->width + j];
        if (!c->text) sqlite3_bind_int64(stmt, (int)j + 1, c->value);
        else if (c->value) sqlite3_bind_text(stmt, (int)j + 1, c->text, (int)c->value, SQLITE_STATIC);
        else sqlite3_bind_null(stmt, (int)j + 1);
    }
    if (sqlite3_step(stmt) != SQLITE_DONE) check(b, 4);
    sqlite3_reset(stmt);
}

static double theirs(bench *b, manner how)
{
    sqlite3 *db;

    clean(b->peer);
    check(b, sqlite3_open_v2(b->peer, &db, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX, NULL));
    check(b, sqlite3_exec(db, "PRAGMA page_size = 8192; PRAGMA synchronous = FULL; PRAGMA cache_size = -131072", NULL, NULL, NULL));
    if (how == IN_WAL) check(b, sqlite3_exec(db, "PRAGMA journal_mode = WAL", NULL, NULL, NULL));
    check(b, sqlite3_exec(db, b->rows.create, NULL, NULL, NULL));
    check(b, sqlite3_exec(db, b->lines.create, NULL, NULL, NULL));
    double start = now();
    check(b, sqlite3_exec(db, "BEGIN", NULL, NULL, NULL));
    sqlite3_stmt *row = prepare(b, db, &b->rows), *line = prepare(b, db, &b->lines);
    for (size_t i = 0; i < b->rows.n; i++) {
        insert(b, row, &b->rows, i);
        if (how != KEYS_LAST) insert(b, line, &b->lines, i);
    }
    for (size_t i = 0; i < b->rows.n && how == KEYS_LAST; i++) insert(b, line, &b->sorted_lines, i);
    sqlite3_finalize(row);
    sqlite3_finalize(line);
    check(b, sqlite3_exec(db, "COMMIT", NULL, NULL, NULL));
    double seconds = now() - start;
    sqlite3_close(db);
    clean(b->peer);
    return seconds;
}

static int by_value(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

int main(int argc, char **argv)
{
    static toc_ctx ctx;
    static bench b;
    ing_summary summary;
    double times[4][MAX_ROUNDS];

    if (argc < 3) return fprintf(stderr, "usage: storebench FILE WORK [ROUNDS]\n"), 2;
    size_t rounds = argc > 3 ? (size_t)TOC_MIN(TOC_MAX(strtol(argv[3], NULL, 10), 1), MAX_ROUNDS) : 3;
    toc_ctx_init(&ctx);
    b.ctx = &ctx;
    snprintf(b.store, sizeof b.store, "%s.db", argv[2]);
    snprintf(b.peer, sizeof b.peer, "%s.peer", argv[2]);
    check(&b, (int)shop_init(&ctx, &b.shop));
    check(&b, (int)ing_read(&ctx, (const char *const *)&argv[1], 1, NULL, &b.shop, &summary));
    for (size_t i = 0; i < rounds; i++) {
        times[0][i] = ours(&b);
        if (!i) read_store(&b);
        times[1][i] = theirs(&b, ROW_BY_ROW);
        times[2][i] = theirs(&b, IN_WAL);
        times[3][i] = theirs(&b, KEYS_LAST);
    }
    clean(b.store);
    for (size_t k = 0; k < 4; k++) {
        qsort(times[k], rounds, sizeof times[k][0], by_value);
        printf("%s,%.0f\n", (const char *const[]){ "store", "prepared", "prepared in a WAL", "sorted" }[k], (double)b.n / times[k][rounds / 2]);
    }
    toc_free(b.rows.cells);
    toc_free(b.lines.cells);
    toc_free(b.sorted_lines.cells);
    shop_release(&b.shop);
    toc_ctx_release(&ctx);
    return 0;
}
