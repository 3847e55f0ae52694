/* categories.c: the categorical facts of an entity: of its own table where there is one, else the most usual among its order lines that take goods,
 * whatever became of them later. An order's are those of its first line, its category and product those of the line of the greatest value. */
#include "features/fea_int.h"

/* A fact, and where it comes from. */
typedef struct {
    fea_info info;
    const char *line;   /* column of order lines; NULL = none */
    shop_kind own;      /* table with a row for each entity; SHOP_ORDERS = none */
    const char *column; /* of that table */
    bool greatest;      /* orders: of the line of the greatest value */
} fact;

#define MOST_USUAL(what) "the most usual " what " of the lines that take goods"

static const fact customer_facts[] = {
    { { "country", "text", "the account's country, else " MOST_USUAL("delivery country") }, "country", SHOP_CUSTOMERS, "country", false },
    { { "region", "text", MOST_USUAL("region") }, "region", SHOP_ORDERS, NULL, false },
    { { "city", "text", MOST_USUAL("city") }, "city", SHOP_ORDERS, NULL, false },
    { { "category", "text", MOST_USUAL("product category") }, "category", SHOP_ORDERS, NULL, false },
    { { "payment_method", "text", MOST_USUAL("payment method") }, "payment_method", SHOP_ORDERS, NULL, false },
    { { "merchant", "text", MOST_USUAL("merchant") }, "merchant_id", SHOP_ORDERS, NULL, false },
};
static const fact merchant_facts[] = {
    { { "category", "text", "the merchant's category, else " MOST_USUAL("product category") }, "category", SHOP_MERCHANTS, "category", false },
    { { "country", "text", MOST_USUAL("delivery country") }, "country", SHOP_ORDERS, NULL, false },
    { { "payment_method", "text", MOST_USUAL("payment method") }, "payment_method", SHOP_ORDERS, NULL, false },
};
static const fact product_facts[] = {
    { { "category", "text", "the product's category, else " MOST_USUAL("category") }, "category", SHOP_PRODUCTS, "category", false },
    { { "brand", "text", "the product's brand" }, NULL, SHOP_PRODUCTS, "brand", false },
    { { "merchant", "text", MOST_USUAL("merchant") }, "merchant_id", SHOP_ORDERS, NULL, false },
    { { "country", "text", MOST_USUAL("delivery country") }, "country", SHOP_ORDERS, NULL, false },
};
static const fact order_facts[] = {
    { { "category", "text", "product category of the line of the greatest value" }, "category", SHOP_ORDERS, NULL, true },
    { { "product", "text", "product of the line of the greatest value" }, "product_id", SHOP_ORDERS, NULL, true },
    { { "merchant", "text", "merchant of the first line" }, "merchant_id", SHOP_ORDERS, NULL, false },
    { { "payment_method", "text", "payment method" }, "payment_method", SHOP_ORDERS, NULL, false },
    { { "coupon", "text", "coupon" }, "coupon", SHOP_ORDERS, NULL, false },
    { { "country", "text", "delivery country" }, "country", SHOP_ORDERS, NULL, false },
    { { "region", "text", "region of the delivery" }, "region", SHOP_ORDERS, NULL, false },
    { { "city", "text", "city of the delivery" }, "city", SHOP_ORDERS, NULL, false },
    { { "billing_country", "text", "billing country" }, "billing_country", SHOP_ORDERS, NULL, false },
};

static const struct {
    const char *entity, *id;
    const fact *facts;
    size_t n;
} entities[] = {
    { "customers", "customer_id", customer_facts, TOC_COUNT(customer_facts) },
    { "merchants", "merchant_id", merchant_facts, TOC_COUNT(merchant_facts) },
    { "products", "product_id", product_facts, TOC_COUNT(product_facts) },
    { "orders", "order_id", order_facts, TOC_COUNT(order_facts) },
};
enum { ORDERS = 3 };

static size_t place_of(const char *entity)
{
    size_t e = 0;
    while (e < TOC_COUNT(entities) && strcmp(entity, entities[e].entity) != 0) e++;
    return e;
}

const fea_info *fea_category(const char *entity, size_t i)
{
    size_t e = place_of(entity);
    return e < TOC_COUNT(entities) && i < entities[e].n ? &entities[e].facts[i].info : NULL;
}

static shop_domain domain_of(const fact *f)
{
    shop_kind kind = f->line ? SHOP_ORDERS : f->own;
    return shop_schema_of(kind)->columns[shop_column_of(kind, toc_str_of(f->line ? f->line : f->column))].domain;
}

typedef struct {
    const shop_data *view;
    const shop_products *products;
    const int64_t *moment; /* by code; NULL = the view's */
    size_t entity, n_codes;
    const uint32_t *code;  /* of each order line's entity */
    uint32_t *last, *before; /* the last row, + 1, of a product, and the one before each row */
    uint32_t *category;    /* of each line */
    fea_groups lines;      /* by entity */
    uint32_t *scratch;
} job;

static int64_t moment_of(const job *j, uint32_t code) { return j->moment ? j->moment[code] : INT64_MAX; }

/* The row of a product known before a moment, or FEA_NONE. */
static uint32_t product_row(const job *j, uint32_t product, int64_t moment)
{
    const shop_products *p = j->products;
    uint32_t row = j->last[product];

    while (row > 0) {
        int64_t since = p->launched_at[row - 1] != TOC_NO_TIME ? p->launched_at[row - 1] : p->known_at[row - 1];
        if (since < moment) return row - 1; /* one without any time holds always */
        row = j->before[row - 1];
    }
    return FEA_NONE;
}

static toc_status chain_products(toc_ctx *ctx, job *j)
{
    const shop_products *p = j->products;

    TOC_TRY(toc_alloc(ctx, toc_pool_size(&j->view->dict[SHOP_D_PRODUCT]), sizeof *j->last, &j->last));
    TOC_TRY(toc_alloc(ctx, p->n, sizeof *j->before, &j->before));
    for (uint32_t i = 0; i < p->n; i++) {
        j->before[i] = j->last[p->product_id[i]];
        j->last[p->product_id[i]] = i + 1;
    }
    return TOC_OK;
}

/* The line's own category, else its product's. */
static toc_status find_line_categories(toc_ctx *ctx, job *j)
{
    const shop_orders *o = &j->view->orders;

    TOC_TRY(toc_alloc(ctx, o->n, sizeof *j->category, &j->category));
    for (size_t i = 0; i < o->n; i++) {
        j->category[i] = o->category[i];
        if (o->category[i] != 0 || o->product_id[i] == 0) continue;
        uint32_t row = product_row(j, o->product_id[i], j->entity == ORDERS ? o->ordered_at[i] : moment_of(j, j->code[i]));
        if (row != FEA_NONE) j->category[i] = j->products->category[row];
    }
    return TOC_OK;
}

static const uint32_t *line_column(const job *j, const fact *f)
{
    if (strcmp(f->line, "category") == 0) return j->category;
    return shop_codes(j->view, SHOP_ORDERS, (size_t)shop_column_of(SHOP_ORDERS, toc_str_of(f->line)));
}

/* What the entities' own tables say, by code. */
static toc_status own_values(toc_ctx *ctx, const job *j, const fact *f, uint32_t **own)
{
    TOC_TRY(toc_alloc(ctx, j->n_codes, sizeof **own, own));
    if (f->own == SHOP_ORDERS) return TOC_OK;
    const uint32_t *value;
    if (f->own == SHOP_PRODUCTS) {
        value = strcmp(f->column, "brand") == 0 ? j->products->brand : j->products->category;
        for (uint32_t c = 1; c < j->n_codes; c++) {
            uint32_t row = product_row(j, c, moment_of(j, c));
            if (row != FEA_NONE) (*own)[c] = value[row];
        }
        return TOC_OK;
    }
    const uint32_t *code = shop_codes(j->view, f->own, (size_t)shop_column_of(f->own, toc_str_of(entities[j->entity].id)));
    value = shop_codes(j->view, f->own, (size_t)shop_column_of(f->own, toc_str_of(f->column)));
    for (size_t i = 0; i < shop_rows(j->view, f->own); i++)
        if (value[i] != 0) (*own)[code[i]] = value[i];
    return TOC_OK;
}

/* The most frequent non-missing code of n; of equally frequent ones the first by its bytes. The codes are sorted. */
static uint32_t most_usual(const toc_pool *pool, uint32_t *codes, size_t n)
{
    uint32_t best = 0;
    size_t most = 0;

    fea_sort_codes(codes, n);
    for (size_t i = 0, k; i < n; i = k) {
        for (k = i; k < n && codes[k] == codes[i]; k++) continue;
        if (codes[i] == 0 || k - i < most) continue;
        if (k - i == most && toc_str_cmp(toc_pool_str(pool, codes[i]), toc_pool_str(pool, best)) > 0) continue;
        best = codes[i];
        most = k - i;
    }
    return best;
}

static uint32_t usual_of(const job *j, const uint32_t *column, const toc_pool *pool, const uint32_t *row, size_t n)
{
    size_t taken = 0;

    for (size_t i = 0; i < n; i++)
        if (!shop_line_is_return(j->view, row[i])) j->scratch[taken++] = column[row[i]];
    return most_usual(pool, j->scratch, taken);
}

/* An order's first line, or that of the greatest value: the first of equal ones. */
static uint32_t line_of_order(const job *j, const fact *f, const uint32_t *row, size_t n)
{
    uint32_t best = FEA_NONE;

    for (size_t i = 0; i < n; i++) {
        if (shop_line_is_return(j->view, row[i]) || j->view->orders.quantity[row[i]] == 0) continue;
        if (best == FEA_NONE || (f->greatest && shop_line_amount(j->view, row[i]) > shop_line_amount(j->view, best))) best = row[i];
    }
    return best;
}

static toc_status fill_fact(toc_ctx *ctx, const job *j, const fact *f, const uint32_t *id, size_t n, uint32_t *out)
{
    const toc_pool *pool = &j->view->dict[domain_of(f)];
    const uint32_t *column = f->line ? line_column(j, f) : NULL;
    uint32_t *own = NULL;

    TOC_TRY(own_values(ctx, j, f, &own));
    for (size_t r = 0; r < n; r++) {
        const uint32_t *row = j->lines.row + j->lines.start[id[r]];
        size_t n_lines = j->lines.start[id[r] + 1] - j->lines.start[id[r]];
        out[r] = own[id[r]];
        if (out[r] != 0 || !column) continue;
        if (j->entity != ORDERS) {
            out[r] = usual_of(j, column, pool, row, n_lines);
            continue;
        }
        uint32_t line = line_of_order(j, f, row, n_lines);
        if (line != FEA_NONE) out[r] = column[line];
    }
    toc_free(own);
    return TOC_OK;
}

static toc_status group_lines(toc_ctx *ctx, job *j)
{
    const shop_orders *o = &j->view->orders;
    uint32_t *order = NULL;
    size_t most = 0;

    TOC_TRY(fea_time_order(ctx, o->ordered_at, o->n, &order));
    toc_status st = fea_group(ctx, j->code, o->n, j->n_codes, order, &j->lines);
    for (size_t c = 0; c < j->n_codes && !st; c++) most = TOC_MAX(most, j->lines.start[c + 1] - j->lines.start[c]);
    if (!st) st = toc_alloc(ctx, most, sizeof *j->scratch, &j->scratch);
    toc_free(order);
    return st;
}

static void release_job(job *j)
{
    fea_groups_release(&j->lines);
    toc_free(j->last);
    toc_free(j->before);
    toc_free(j->category);
    toc_free(j->scratch);
}

toc_status fea_category_columns(toc_ctx *ctx, const shop_data *shop, const char *entity, tab_table *features)
{
    size_t e = place_of(entity);

    for (size_t i = 0; i < entities[e].n; i++)
        TOC_TRY(tab_add(ctx, features, entities[e].facts[i].info.name, TAB_TEXT, &shop->dict[domain_of(&entities[e].facts[i])], NULL));
    return TOC_OK;
}

toc_status fea_fill_categories(toc_ctx *ctx, const shop_data *view, const shop_products *products, const char *entity, const int64_t *moment,
                               tab_table *features, size_t first)
{
    size_t e = place_of(entity);
    job j = { .view = view, .products = products, .moment = moment, .entity = e, .n_codes = toc_pool_size(&view->dict[fea_domain(entity)]) };
    toc_status st = TOC_OK;

    j.code = shop_codes(view, SHOP_ORDERS, (size_t)shop_column_of(SHOP_ORDERS, toc_str_of(entities[e].id)));
    if ((st = chain_products(ctx, &j))) goto out;
    if ((st = find_line_categories(ctx, &j))) goto out;
    if ((st = group_lines(ctx, &j))) goto out;
    for (size_t i = 0; i < entities[e].n && !st; i++)
        st = fill_fact(ctx, &j, &entities[e].facts[i], features->columns[0].code, features->n_rows, features->columns[first + i].code);
out:
    release_job(&j);
    return st;
}
