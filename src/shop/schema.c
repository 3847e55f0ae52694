/* schema.c: the schema made from columns.h, and access to columns and rows by number. */
#include "shop/shop.h"

#define AS_COLUMN(tag, name_, type_, domain_, need_) { .name = #name_, .type = SHOP_T_##type_, .domain = SHOP_D_##domain_, .required = need_, .offset = offsetof(tag, name_) },
#define ORDER_COLUMN(n, t, d, r) AS_COLUMN(shop_orders, n, t, d, r)
#define REVIEW_COLUMN(n, t, d, r) AS_COLUMN(shop_reviews, n, t, d, r)
#define PRODUCT_COLUMN(n, t, d, r) AS_COLUMN(shop_products, n, t, d, r)
#define STOCK_COLUMN(n, t, d, r) AS_COLUMN(shop_stock, n, t, d, r)
#define PROMOTION_COLUMN(n, t, d, r) AS_COLUMN(shop_promotions, n, t, d, r)
#define CUSTOMER_COLUMN(n, t, d, r) AS_COLUMN(shop_customers, n, t, d, r)
#define MERCHANT_COLUMN(n, t, d, r) AS_COLUMN(shop_merchants, n, t, d, r)
#define PAYMENT_COLUMN(n, t, d, r) AS_COLUMN(shop_payments, n, t, d, r)
#define EVENT_COLUMN(n, t, d, r) AS_COLUMN(shop_events, n, t, d, r)
#define LABEL_COLUMN(n, t, d, r) AS_COLUMN(shop_labels, n, t, d, r)

static const shop_column order_columns[] = { SHOP_ORDER_COLUMNS(ORDER_COLUMN) };
static const shop_column review_columns[] = { SHOP_REVIEW_COLUMNS(REVIEW_COLUMN) };
static const shop_column product_columns[] = { SHOP_PRODUCT_COLUMNS(PRODUCT_COLUMN) };
static const shop_column stock_columns[] = { SHOP_STOCK_COLUMNS(STOCK_COLUMN) };
static const shop_column promotion_columns[] = { SHOP_PROMOTION_COLUMNS(PROMOTION_COLUMN) };
static const shop_column customer_columns[] = { SHOP_CUSTOMER_COLUMNS(CUSTOMER_COLUMN) };
static const shop_column merchant_columns[] = { SHOP_MERCHANT_COLUMNS(MERCHANT_COLUMN) };
static const shop_column payment_columns[] = { SHOP_PAYMENT_COLUMNS(PAYMENT_COLUMN) };
static const shop_column event_columns[] = { SHOP_EVENT_COLUMNS(EVENT_COLUMN) };
static const shop_column label_columns[] = { SHOP_LABEL_COLUMNS(LABEL_COLUMN) };

#define SCHEMA(word, list, tag, member) \
    { .name = word, .columns = list, .n_columns = TOC_COUNT(list), .table_offset = offsetof(shop_data, member), \
      .known_at_offset = offsetof(tag, known_at), .row_offset = offsetof(tag, row) }

static const shop_schema schemas[SHOP_N_KINDS] = {
    [SHOP_ORDERS] = SCHEMA("orders", order_columns, shop_orders, orders),
    [SHOP_REVIEWS] = SCHEMA("reviews", review_columns, shop_reviews, reviews),
    [SHOP_PRODUCTS] = SCHEMA("products", product_columns, shop_products, products),
    [SHOP_STOCK] = SCHEMA("stock", stock_columns, shop_stock, stock),
    [SHOP_PROMOTIONS] = SCHEMA("promotions", promotion_columns, shop_promotions, promotions),
    [SHOP_CUSTOMERS] = SCHEMA("customers", customer_columns, shop_customers, customers),
    [SHOP_MERCHANTS] = SCHEMA("merchants", merchant_columns, shop_merchants, merchants),
    [SHOP_PAYMENTS] = SCHEMA("payments", payment_columns, shop_payments, payments),
    [SHOP_EVENTS] = SCHEMA("events", event_columns, shop_events, events),
    [SHOP_LABELS] = SCHEMA("labels", label_columns, shop_labels, labels),
};

/* What every table struct begins with. */
typedef struct {
    size_t n, cap;
} table_head;

const shop_schema *shop_schema_of(shop_kind kind)
{
    return &schemas[kind];
}

bool shop_kind_of(toc_str name, shop_kind *kind)
{
    for (size_t k = 0; k < SHOP_N_KINDS; k++) {
        if (!toc_str_is(name, schemas[k].name)) continue;
        *kind = (shop_kind)k;
        return true;
    }
    return false;
}

int shop_column_of(shop_kind kind, toc_str name)
{
    for (size_t j = 0; j < schemas[kind].n_columns; j++)
        if (toc_str_is(name, schemas[kind].columns[j].name)) return (int)j;
    return -1;
}

bool shop_tells_past(shop_kind kind, size_t column)
{
    static const struct {
        shop_kind kind;
        const char *column;
    } happened[] = {
        { SHOP_ORDERS, "ordered_at" },   { SHOP_ORDERS, "paid_at" },       { SHOP_ORDERS, "shipped_at" },
        { SHOP_ORDERS, "delivered_at" }, { SHOP_ORDERS, "cancelled_at" },  { SHOP_ORDERS, "returned_at" },
        { SHOP_ORDERS, "refunded_at" },  { SHOP_ORDERS, "status_at" },     { SHOP_REVIEWS, "created_at" },
        { SHOP_STOCK, "as_of" },         { SHOP_CUSTOMERS, "created_at" }, { SHOP_PAYMENTS, "at" },
        { SHOP_EVENTS, "at" },           { SHOP_LABELS, "labelled_at" },
    };

    for (size_t k = 0; k < TOC_COUNT(happened); k++)
        if (happened[k].kind == kind && strcmp(happened[k].column, schemas[kind].columns[column].name) == 0) return true;
    return false;
}

static char *table_of(const shop_data *shop, shop_kind kind)
{
    return (char *)(uintptr_t)shop + schemas[kind].table_offset;
}

static table_head *head_of(const shop_data *shop, shop_kind kind)
{
    return (table_head *)(void *)table_of(shop, kind);
}

/* The address of an array pointer in a table. */
static void *slot(const shop_data *shop, shop_kind kind, size_t offset)
{
    return table_of(shop, kind) + offset;
}

static void *array_at(const shop_data *shop, shop_kind kind, size_t offset)
{
    void *array;
    memcpy(&array, slot(shop, kind, offset), sizeof array);
    return array;
}

size_t shop_rows(const shop_data *shop, shop_kind kind)
{
    return head_of(shop, kind)->n;
}

uint32_t *shop_codes(const shop_data *shop, shop_kind kind, size_t column)
{
    return array_at(shop, kind, schemas[kind].columns[column].offset);
}

int64_t *shop_ints(const shop_data *shop, shop_kind kind, size_t column)
{
    return array_at(shop, kind, schemas[kind].columns[column].offset);
}

int64_t *shop_known_at(const shop_data *shop, shop_kind kind)
{
    return array_at(shop, kind, schemas[kind].known_at_offset);
}

int64_t *shop_row_numbers(const shop_data *shop, shop_kind kind)
{
    return array_at(shop, kind, schemas[kind].row_offset);
}

toc_status shop_init(toc_ctx *ctx, shop_data *shop)
{
    *shop = (shop_data){0};
    return toc_alloc(ctx, SHOP_N_DOMAINS, sizeof *shop->dict, &shop->dict);
}

void shop_release(shop_data *shop)
{
    if (!shop) return;
    for (size_t k = 0; k < SHOP_N_KINDS; k++) {
        for (size_t j = 0; j < schemas[k].n_columns; j++) toc_free(array_at(shop, (shop_kind)k, schemas[k].columns[j].offset));
        toc_free(shop_known_at(shop, (shop_kind)k));
        toc_free(shop_row_numbers(shop, (shop_kind)k));
    }
    if (shop->dict && !shop->dict_borrowed) {
        for (size_t d = 0; d < SHOP_N_DOMAINS; d++) toc_pool_release(&shop->dict[d]);
        toc_free(shop->dict);
    }
    *shop = (shop_data){0};
}

static bool is_code(const shop_schema *schema, size_t column)
{
    return schema->columns[column].type == SHOP_T_CODE;
}

static toc_status reserve(toc_ctx *ctx, shop_data *shop, shop_kind kind, size_t need)
{
    const shop_schema *schema = &schemas[kind];
    table_head *head = head_of(shop, kind);
    size_t cap;

    if (need <= head->cap) return TOC_OK;
    /* Each array grows from the same capacity; head->cap moves only when all have. */
    for (size_t j = 0; j < schema->n_columns; j++) {
        cap = head->cap;
        TOC_TRY(toc_grow(ctx, slot(shop, kind, schema->columns[j].offset), &cap, need, is_code(schema, j) ? sizeof(uint32_t) : sizeof(int64_t)));
    }
    cap = head->cap;
    TOC_TRY(toc_grow(ctx, slot(shop, kind, schema->known_at_offset), &cap, need, sizeof(int64_t)));
    cap = head->cap;
    TOC_TRY(toc_grow(ctx, slot(shop, kind, schema->row_offset), &cap, need, sizeof(int64_t)));
    head->cap = cap;
    return TOC_OK;
}

toc_status shop_add_rows(toc_ctx *ctx, shop_data *shop, shop_kind kind, size_t n, size_t *first)
{
    const shop_schema *schema = &schemas[kind];
    table_head *head = head_of(shop, kind);
    size_t start = head->n;

    TOC_TRY(reserve(ctx, shop, kind, start + n));
    for (size_t j = 0; j < schema->n_columns; j++) {
        if (n == 0) break; /* no arrays yet, perhaps */
        if (is_code(schema, j)) memset(shop_codes(shop, kind, j) + start, 0, n * sizeof(uint32_t));
        else for (size_t i = start; i < start + n; i++) shop_ints(shop, kind, j)[i] = SHOP_NO_INT;
    }
    for (size_t i = start; i < start + n; i++) {
        shop_known_at(shop, kind)[i] = TOC_NO_TIME;
        shop_row_numbers(shop, kind)[i] = SHOP_NO_INT;
    }
    head->n += n;
    if (first) *first = start;
    return TOC_OK;
}

toc_status shop_renew(toc_ctx *ctx, shop_data *shop, shop_kind kind, uint64_t columns, size_t *n_blank, size_t n)
{
    const shop_schema *schema = &schemas[kind];
    size_t there = TOC_MIN(*n_blank, n);

    for (size_t j = 0; j < schema->n_columns; j++) {
        if (!(columns >> j & 1) || !there) continue;
        if (is_code(schema, j)) memset(shop_codes(shop, kind, j), 0, there * sizeof(uint32_t));
        else for (size_t i = 0; i < there; i++) shop_ints(shop, kind, j)[i] = SHOP_NO_INT;
    }
    head_of(shop, kind)->n = there;
    if (n > there) TOC_TRY(shop_add_rows(ctx, shop, kind, n - there, NULL));
    *n_blank = TOC_MAX(*n_blank, n);
    return TOC_OK;
}

void shop_truncate(shop_data *shop, shop_kind kind, size_t n)
{
    table_head *head = head_of(shop, kind);

    TOC_ASSERT(n <= head->n);
    head->n = n;
}

void shop_keep_rows(shop_data *shop, shop_kind kind, const bool *keep)
{
    const shop_schema *schema = &schemas[kind];
    table_head *head = head_of(shop, kind);
    int64_t *known_at = shop_known_at(shop, kind), *row = shop_row_numbers(shop, kind);
    size_t n = 0;

    for (size_t j = 0; j < schema->n_columns; j++) {
        uint32_t *codes = shop_codes(shop, kind, j);
        int64_t *ints = shop_ints(shop, kind, j);
        n = 0;
        for (size_t i = 0; i < head->n; i++) {
            if (!keep[i]) continue;
            if (is_code(schema, j)) codes[n++] = codes[i];
            else ints[n++] = ints[i];
        }
    }
    n = 0;
    for (size_t i = 0; i < head->n; i++) {
        if (!keep[i]) continue;
        known_at[n] = known_at[i];
        row[n++] = row[i];
    }
    head->n = n;
}

bool shop_is_constant(const shop_data *shop, shop_kind kind, size_t column)
{
    const size_t n = shop_rows(shop, kind);
    const uint32_t *codes = is_code(&schemas[kind], column) ? shop_codes(shop, kind, column) : NULL;
    const int64_t *ints = codes ? NULL : shop_ints(shop, kind, column);
    size_t i = 1;

    if (codes)
        while (i < n && codes[i] == codes[0]) i++;
    else
        while (i < n && ints[i] == ints[0]) i++;
    return i >= n;
}

static void gather(int64_t *values, const uint32_t *order, size_t n, int64_t *scratch)
{
    for (size_t i = 0; i < n; i++) scratch[i] = values[order[i]];
    if (n) memcpy(values, scratch, n * sizeof *values);
}

toc_status shop_reorder(toc_ctx *ctx, shop_data *shop, shop_kind kind, const uint32_t *order)
{
    const shop_schema *schema = &schemas[kind];
    size_t n = shop_rows(shop, kind);
    int64_t *scratch;

    TOC_TRY(toc_alloc(ctx, n, sizeof *scratch, &scratch));
    for (size_t j = 0; j < schema->n_columns; j++) {
        if (shop_is_constant(shop, kind, j)) continue;
        if (!is_code(schema, j)) {
            gather(shop_ints(shop, kind, j), order, n, scratch);
            continue;
        }
        uint32_t *codes = shop_codes(shop, kind, j), *spare = (uint32_t *)scratch;
        for (size_t i = 0; i < n; i++) spare[i] = codes[order[i]];
        if (n) memcpy(codes, spare, n * sizeof *codes);
    }
    gather(shop_known_at(shop, kind), order, n, scratch);
    gather(shop_row_numbers(shop, kind), order, n, scratch);
    toc_free(scratch);
    return TOC_OK;
}

/* Copies n values of `size` bytes, those of the rows, or the first n where rows are NULL. */
static void copy_values(void *to, const void *from, size_t size, const uint32_t *rows, size_t n)
{
    if (!n) return;
    if (!rows) memcpy(to, from, n * size);
    else if (size == sizeof(uint32_t))
        for (size_t i = 0; i < n; i++) ((uint32_t *)to)[i] = ((const uint32_t *)from)[rows[i]];
    else
        for (size_t i = 0; i < n; i++) ((int64_t *)to)[i] = ((const int64_t *)from)[rows[i]];
}

toc_status shop_copy_rows(toc_ctx *ctx, const shop_data *from, shop_kind kind, const uint32_t *rows, size_t n, shop_data *to)
{
    const shop_schema *schema = &schemas[kind];
    const size_t first = shop_rows(to, kind);

    TOC_TRY(reserve(ctx, to, kind, first + n));
    for (size_t j = 0; j < schema->n_columns && n; j++) {
        if (is_code(schema, j)) copy_values(shop_codes(to, kind, j) + first, shop_codes(from, kind, j), sizeof(uint32_t), rows, n);
        else copy_values(shop_ints(to, kind, j) + first, shop_ints(from, kind, j), sizeof(int64_t), rows, n);
    }
    if (n) copy_values(shop_known_at(to, kind) + first, shop_known_at(from, kind), sizeof(int64_t), rows, n);
    if (n) copy_values(shop_row_numbers(to, kind) + first, shop_row_numbers(from, kind), sizeof(int64_t), rows, n);
    head_of(to, kind)->n = first + n;
    return TOC_OK;
}

static toc_status append_column(toc_ctx *ctx, shop_data *to, const shop_data *from, shop_kind kind, size_t j, size_t first)
{
    const shop_column *column = &schemas[kind].columns[j];
    size_t n = shop_rows(from, kind);

    if (column->type != SHOP_T_CODE) {
        if (n) memcpy(shop_ints(to, kind, j) + first, shop_ints(from, kind, j), n * sizeof(int64_t));
        return TOC_OK;
    }
    for (size_t i = 0; i < n; i++)
        TOC_TRY(toc_pool_intern(ctx, &to->dict[column->domain], toc_pool_str(&from->dict[column->domain], shop_codes(from, kind, j)[i]),
                                &shop_codes(to, kind, j)[first + i]));
    return TOC_OK;
}

toc_status shop_append(toc_ctx *ctx, shop_data *to, const shop_data *from)
{
    for (size_t k = 0; k < SHOP_N_KINDS; k++) {
        shop_kind kind = (shop_kind)k;
        size_t n = shop_rows(from, kind), first;
        to->has[k] |= from->has[k];
        TOC_TRY(shop_add_rows(ctx, to, kind, n, &first));
        for (size_t j = 0; j < schemas[k].n_columns; j++) TOC_TRY(append_column(ctx, to, from, kind, j, first));
        if (!n) continue;
        memcpy(shop_known_at(to, kind) + first, shop_known_at(from, kind), n * sizeof(int64_t));
        memcpy(shop_row_numbers(to, kind) + first, shop_row_numbers(from, kind), n * sizeof(int64_t));
    }
    return TOC_OK;
}
