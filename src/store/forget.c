/* forget.c: everything of one customer leaves the file. Rows go with all states of their lines, then what was made of them; at last the file is written
 * anew, since SQLite leaves deleted bytes where they were. */
#include "store/store_int.h"

#include <ctype.h>
#include <strings.h>

/* What leaves, in the temporary database; mails compare as most servers do. */
static const char *const lists[] = {
    "CREATE TEMP TABLE gone_ids(v TEXT PRIMARY KEY)",
    "CREATE TEMP TABLE gone_mails(v TEXT COLLATE NOCASE PRIMARY KEY)",
    "CREATE TEMP TABLE gone_orders(v TEXT PRIMARY KEY)",
    "CREATE TEMP TABLE gone_bodies(v TEXT PRIMARY KEY)",
    "CREATE TEMP TABLE gone_keys(v INTEGER PRIMARY KEY)",
};
static const char *const list_names[] = { "gone_ids", "gone_mails", "gone_orders", "gone_bodies", "gone_keys" };

/* Who is meant: ?1 is the customer's id or e-mail. */
static const char *const who[] = {
    "INSERT OR IGNORE INTO gone_ids VALUES(?1)",
    "INSERT OR IGNORE INTO gone_mails VALUES(?1)",
    "INSERT OR IGNORE INTO gone_ids SELECT customer_id FROM customers WHERE email = ?1 COLLATE NOCASE AND customer_id IS NOT NULL",
    "INSERT OR IGNORE INTO gone_ids SELECT customer_id FROM orders WHERE email = ?1 COLLATE NOCASE AND customer_id IS NOT NULL",
    "INSERT OR IGNORE INTO gone_mails SELECT email FROM customers WHERE customer_id IN gone_ids AND email IS NOT NULL",
    "INSERT OR IGNORE INTO gone_mails SELECT email FROM orders WHERE customer_id IN gone_ids AND email IS NOT NULL",
};

/* Which rows of each kind are theirs. Orders come first: others are found by them. */
static const struct {
    shop_kind kind;
    const char *where, *also_remember; /* before the rows leave */
} theirs[] = {
    { SHOP_ORDERS, "customer_id IN gone_ids OR email COLLATE NOCASE IN gone_mails",
      "INSERT OR IGNORE INTO gone_orders SELECT order_id FROM orders WHERE line_key IN gone_keys AND order_id NOT IN "
      "(SELECT order_id FROM orders WHERE line_key NOT IN gone_keys)" },
    { SHOP_REVIEWS, "customer_id IN gone_ids OR customer_id IS NULL AND order_id IN gone_orders",
      "INSERT OR IGNORE INTO gone_bodies SELECT body FROM reviews WHERE line_key IN gone_keys AND body IS NOT NULL AND body NOT IN "
      "(SELECT body FROM reviews WHERE line_key NOT IN gone_keys AND body IS NOT NULL)" },
    { SHOP_CUSTOMERS, "customer_id IN gone_ids OR email COLLATE NOCASE IN gone_mails", NULL },
    { SHOP_PAYMENTS, "order_id IN gone_orders", NULL },
    { SHOP_EVENTS, "customer_id IN gone_ids", NULL },
    { SHOP_LABELS, "entity = 'customer' AND (id IN gone_ids OR id COLLATE NOCASE IN gone_mails) OR entity = 'order' AND id IN gone_orders", NULL },
};

static toc_status run_with(toc_ctx *ctx, sto_store *store, const char *sql, const char *customer)
{
    sqlite3_stmt *stmt = NULL;
    bool row;

    toc_status st = sto_prepare(ctx, store, sql, &stmt);
    if (!st && customer) sqlite3_bind_text(stmt, 1, customer, -1, SQLITE_STATIC);
    if (!st) st = sto_step(ctx, store, stmt, &row);
    sqlite3_finalize(stmt);
    return st;
}

static toc_status forget_rows(toc_ctx *ctx, sto_store *store, sto_forgotten *gone)
{
    for (size_t i = 0; i < TOC_COUNT(theirs); i++) {
        const char *name = shop_schema_of(theirs[i].kind)->name;
        TOC_TRY(sto_exec(ctx, store, "DELETE FROM gone_keys"));
        TOC_TRY(sto_execf(ctx, store, "INSERT OR IGNORE INTO gone_keys SELECT line_key FROM %s WHERE %s", name, theirs[i].where));
        if (theirs[i].also_remember) TOC_TRY(sto_exec(ctx, store, theirs[i].also_remember));
        TOC_TRY(sto_execf(ctx, store, "DELETE FROM %s WHERE line_key IN gone_keys", name));
        gone->rows[theirs[i].kind] = sqlite3_changes64(store->db);
        TOC_TRY(sto_execf(ctx, store, "DELETE FROM %s_lines WHERE line_key IN gone_keys", name));
    }
    return TOC_OK;
}

/* ---- e-mails within texts of other rows ---- */

#define REMOVED "[removed]"

typedef struct {
    toc_ctx *ctx;
    toc_buf mails; /* NUL after each */
    toc_buf text;  /* scratch */
} eraser;

static bool is_mail_char(char c)
{
    return isalnum((unsigned char)c) || (c && strchr("._%+-", c));
}

/* Length of the mail whose @ is at text[at], 0 when it is none of ours; *from is where it begins. ann@example.com is neither part of joann@example.com nor
 * of ann@example.com.au. */
static size_t mail_at(const eraser *e, toc_str text, size_t at, size_t *from)
{
    for (const char *mail = e->mails.p, *end = e->mails.p + e->mails.n; mail < end; mail += strlen(mail) + 1) {
        size_t n = strlen(mail), before = strcspn(mail, "@");
        if (before > at || text.n - (at - before) < n || strncasecmp(text.p + at - before, mail, n) != 0) continue;
        *from = at - before;
        size_t after = *from + n;
        if (*from && is_mail_char(text.p[*from - 1])) continue;
        if (after < text.n && text.p[after] == '.') after++; /* the end of a sentence, or a longer domain */
        if (after < text.n && (isalnum((unsigned char)text.p[after]) || text.p[after] == '-')) continue;
        return n;
    }
    return 0;
}

static toc_status erase(eraser *e, toc_str text, bool *found)
{
    size_t done = 0, from;

    *found = false;
    toc_buf_reset(&e->text);
    for (const char *p = text.p; (p = memchr(p, '@', (size_t)(text.p + text.n - p))); p++) {
        size_t n = mail_at(e, text, (size_t)(p - text.p), &from);
        if (!n || from < done) continue;
        *found = true;
        TOC_TRY(toc_buf_add(e->ctx, &e->text, text.p + done, from - done));
        TOC_TRY(toc_buf_str(e->ctx, &e->text, REMOVED));
        done = from + n;
    }
    return *found ? toc_buf_add(e->ctx, &e->text, text.p + done, text.n - done) : TOC_OK;
}

/* SQL toc_mentions(text, ...): whether any holds one of the mails. */
static void sql_mentions(sqlite3_context *sql, int n, sqlite3_value **values)
{
    eraser *e = sqlite3_user_data(sql);
    bool found = false;
    toc_status st = TOC_OK;

    for (int i = 0; i < n && !found && !st; i++) {
        toc_str text = { (const char *)sqlite3_value_text(values[i]), (size_t)sqlite3_value_bytes(values[i]) };
        if (text.p) st = erase(e, text, &found);
    }
    if (st) sqlite3_result_error_nomem(sql);
    else sqlite3_result_int(sql, found);
}

/* SQL toc_without(text): the text, mails replaced. */
static void sql_without(sqlite3_context *sql, int n, sqlite3_value **values)
{
    eraser *e = sqlite3_user_data(sql);
    toc_str text = { (const char *)sqlite3_value_text(values[0]), (size_t)sqlite3_value_bytes(values[0]) };
    bool found = false;

    (void)n;
    if (text.p && erase(e, text, &found)) sqlite3_result_error_nomem(sql);
    else if (found) sqlite3_result_text64(sql, e->text.p, e->text.n, SQLITE_TRANSIENT, SQLITE_UTF8);
    else sqlite3_result_value(sql, values[0]);
}

static toc_status read_mails(toc_ctx *ctx, sto_store *store, eraser *e)
{
    sqlite3_stmt *stmt = NULL;
    bool row;

    toc_status st = sto_prepare(ctx, store, "SELECT v FROM gone_mails WHERE v LIKE '_%@_%'", &stmt);
    while (!st && !(st = sto_step(ctx, store, stmt, &row)) && row)
        st = toc_buf_add(ctx, &e->mails, (const char *)sqlite3_column_text(stmt, 0), (size_t)sqlite3_column_bytes(stmt, 0) + 1);
    sqlite3_finalize(stmt);
    return st;
}

/* One pass over the rows of a kind. Their states stay as they were hashed, so the same export read again tells nothing new. */
static toc_status erase_in_kind(toc_ctx *ctx, sto_store *store, shop_kind kind, sto_forgotten *gone)
{
    const shop_schema *schema = shop_schema_of(kind);
    toc_buf sql = {0}, columns = {0};
    toc_status st = toc_buf_printf(ctx, &sql, "UPDATE %s SET ", schema->name);

    for (size_t j = 0; j < schema->n_columns && !st; j++) {
        const char *name = schema->columns[j].name, *comma = columns.n ? ", " : "";
        if (schema->columns[j].type != SHOP_T_CODE) continue;
        st = toc_buf_printf(ctx, &sql, "%s%s = toc_without(%s)", comma, name, name);
        if (!st) st = toc_buf_printf(ctx, &columns, "%s%s", comma, name);
    }
    if (!st) st = toc_buf_printf(ctx, &sql, " WHERE toc_mentions(%s)", columns.p);
    if (!st) st = sto_exec(ctx, store, sql.p);
    if (!st) gone->mentions += sqlite3_changes64(store->db);
    toc_buf_release(&columns);
    toc_buf_release(&sql);
    return st;
}

static toc_status erase_mentions(toc_ctx *ctx, sto_store *store, sto_forgotten *gone)
{
    eraser e = { .ctx = ctx };
    toc_status st = read_mails(ctx, store, &e);

    if (!st && e.mails.n) {
        if (sqlite3_create_function(store->db, "toc_mentions", -1, SQLITE_UTF8, &e, sql_mentions, NULL, NULL)
            || sqlite3_create_function(store->db, "toc_without", 1, SQLITE_UTF8, &e, sql_without, NULL, NULL)) st = sto_fail(ctx, store, "define a function");
        if (!st) st = sto_exec(ctx, store, "INSERT OR IGNORE INTO gone_bodies SELECT body FROM reviews WHERE toc_mentions(body)"); /* it changes */
        for (size_t k = 0; k < SHOP_N_KINDS && !st; k++) st = erase_in_kind(ctx, store, (shop_kind)k, gone);
        sqlite3_create_function(store->db, "toc_mentions", -1, SQLITE_UTF8, NULL, NULL, NULL, NULL);
        sqlite3_create_function(store->db, "toc_without", 1, SQLITE_UTF8, NULL, NULL, NULL, NULL);
    }
    toc_buf_release(&e.mails);
    toc_buf_release(&e.text);
    return st;
}

/* Vectors of texts that nobody else wrote. */
static toc_status forget_vectors(toc_ctx *ctx, sto_store *store, sto_forgotten *gone)
{
    sqlite3_stmt *bodies = NULL, *del = NULL;
    bool row, none;

    toc_status st = sto_prepare(ctx, store, "SELECT v FROM gone_bodies", &bodies);
    if (!st) st = sto_prepare(ctx, store, "DELETE FROM vectors WHERE text = ?", &del);
    while (!st && !(st = sto_step(ctx, store, bodies, &row)) && row) {
        toc_str text = { (const char *)sqlite3_column_text(bodies, 0), (size_t)sqlite3_column_bytes(bodies, 0) };
        sqlite3_bind_int64(del, 1, (int64_t)toc_str_hash(text));
        st = sto_step(ctx, store, del, &none);
        gone->vectors += sqlite3_changes64(store->db);
        sqlite3_reset(del);
    }
    sqlite3_finalize(bodies);
    sqlite3_finalize(del);
    return st;
}

static toc_status forget_all(toc_ctx *ctx, sto_store *store, const char *customer, sto_forgotten *gone)
{
    for (size_t i = 0; i < TOC_COUNT(lists); i++) TOC_TRY(sto_exec(ctx, store, lists[i]));
    for (size_t i = 0; i < TOC_COUNT(who); i++) TOC_TRY(run_with(ctx, store, who[i], strstr(who[i], "?1") ? customer : NULL));
    TOC_TRY(forget_rows(ctx, store, gone));
    TOC_TRY(erase_mentions(ctx, store, gone));
    TOC_TRY(forget_vectors(ctx, store, gone));
    TOC_TRY(sto_exec(ctx, store, "DELETE FROM warnings WHERE entity_kind = 'customer' AND (entity IN gone_ids OR entity COLLATE NOCASE IN gone_mails) "
                                 "OR entity_kind = 'order' AND entity IN gone_orders"));
    gone->warnings = sqlite3_changes64(store->db);
    TOC_TRY(sto_exec(ctx, store, "UPDATE files SET name = '' WHERE EXISTS (SELECT 1 FROM gone_ids WHERE instr(name, v)) "
                                 "OR EXISTS (SELECT 1 FROM gone_mails WHERE instr(lower(name), lower(v)))"));
    for (size_t i = 0; i < TOC_COUNT(list_names); i++) TOC_TRY(sto_execf(ctx, store, "DROP TABLE temp.%s", list_names[i]));
    return TOC_OK;
}

toc_status sto_forget(toc_ctx *ctx, sto_store *store, const char *customer, sto_forgotten *gone)
{
    *gone = (sto_forgotten){0};
    /* kept in memory: a temporary file would be a further place for the id */
    TOC_TRY(sto_exec(ctx, store, "PRAGMA secure_delete = ON; PRAGMA temp_store = MEMORY"));
    TOC_TRY(sto_begin(ctx, store));
    toc_status st = forget_all(ctx, store, customer, gone);
    if (st) {
        sqlite3_exec(store->db, "ROLLBACK", NULL, NULL, NULL);
        store->in_transaction = false;
        return st;
    }
    TOC_TRY(sto_commit(ctx, store));
    TOC_TRY(sto_exec(ctx, store, "PRAGMA temp_store = FILE")); /* the new file is made there, without the customer */
    return sto_vacuum(ctx, store);
}
