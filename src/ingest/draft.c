/* draft.c: a map drafted from a header, for a person to check. A header is guessed by the names of canonical columns, then by
 * what the maps that are compiled in make of it, then by words in it. The kind is the one of whose columns most are guessed,
 * those that tell its files apart counting more. */
#include "ingest/ingest_int.h"

/* Words in headers, folded, and the column they hint at; the first line that hits counts, so special ones stand above general
 * ones. */
static const struct {
    const char *words, *column;
} hints[] = {
    { "review id|review number|评论编号|评价编号", "review_id" },
    { "line id|transaction id|子订单", "line_id" },
    { "payment id|charge id|支付单号", "payment_id" },
    { "order number|order no|order id|order #|orderid|order_no|ordernr|订单号|订单编号|单号|bestellnummer|bestell-nr|auftragsnummer"
      "|número do pedido|id do pedido|número de pedido|id de pedido|numéro de commande|numero ordine|bestelnummer|numer zamówienia", "order_id" },
    { "status|statut|stato|状态|state of", "status" },
    { "e-mail|email|mail|邮箱", "email" },
    { "phone|mobile|telefon|teléfono|téléphone|telefoon|手机|电话", "phone" },
    { "payment method|pay method|zahlungsart|zahlungsmethode|método de pago|mode de paiement|支付方式", "payment_method" },
    { "paid|payment date|zahlungsdatum|bezahlt am|付款时间|支付时间", "paid_at" },
    { "shipped|dispatch|versandt am|versanddatum|发货时间", "shipped_at" },
    { "delivered|zugestellt am|收货时间|签收时间", "delivered_at" },
    { "cancel|取消时间", "cancelled_at" },
    { "returned|退货时间", "returned_at" },
    { "username|user name|nutzername|customer id|customer no|buyer|customer|kunde|käufer|client|acheteur"
      "|cliente|comprador|usuário|usuario|klant|买家|会员|用户", "customer_id" },
    { "sku|asin|product id|product code|item id|item number|item no|artikelnummer|artikel-nr|artikel|article|referência"
      "|referencia|référence|codice|handle|商家编码|货号|商品id|商品编号", "product_id" },
    { "category|product type|kategorie|categoría|catégorie|categoria|类目|分类|品类", "category" },
    { "brand|marke|marca|marque|品牌", "brand" },
    { "seller|vendor|merchant|shop|store|händler|店铺|商家", "merchant_id" },
    { "quantity|qty|units|menge|anzahl|cantidad|quantidade|quantité|quantità|aantal|ilość|数量|件数", "quantity" },
    { "refund|erstattung|reembolso|remboursement|退款", "refund_amount" },
    { "discount|rabatt|remise|descuento|desconto|sconto|优惠", "discount" },
    { "unit price|item price|unitprice|price each|einzelpreis|stückpreis|verkauft für|sold for|单价", "unit_price" },
    { "total|amount|sum|betrag|gesamt|importe|montant|importo|金额|实付", "line_total" },
    { "amount|betrag|importe|montant|金额", "amount" },
    { "cost|kosten|成本", "cost" },
    { "price|preis|prix|precio|preço|prezzo|prijs|cena|价格|售价", "unit_price" },
    { "price|preis|prix|precio|preço|prezzo|prijs|cena|价格|售价", "price" },
    { "currency|währung|devise|moneda|moeda|valuta|币种|货币", "currency" },
    { "order date|sale date|purchase date|order time|created|placed|verkauft am|下单时间|创建时间|bestelldatum", "ordered_at" },
    { "date|time|datum|data|fecha|when|时间|日期", "ordered_at" },
    { "date|time|created|datum|data|fecha|when|时间|日期", "created_at" },
    { "date|time|created|datum|data|fecha|when|时间|日期", "at" },
    { "on hand|stock|available|inventory|bestand|voorraad|inventario|estoque|库存", "on_hand" },
    { "incoming|inbound|on order|在途", "incoming" },
    { "reserved|committed|占用", "reserved" },
    { "warehouse|location|lager|almacén|entrepôt|仓库", "location" },
    { "rating|stars|score|sterne|note|评分|星级", "rating" },
    { "review|comment|body|text|bewertung|评价|评论|内容", "body" },
    { "coupon|voucher|promo|gutschein|优惠券", "coupon" },
    { "ip address|ip_address", "ip" },
    { "address|street|strasse|straße|dirección|endereço|adresse|indirizzo|地址", "address" },
    { "city|stadt|ville|ciudad|cidade|città|城市", "city" },
    { "zip|postcode|postal|plz|cep|邮编", "postcode" },
    { "province|region|county|bundesland|省", "region" },
    { "country|land|pays|país|paese|国家", "country" },
    { "title|titel|titre|título|titolo|name|nome|nombre|description|bezeichnung|标题|名称", "title" },
    { "order|bestellung|commande|pedido|ordine|订单", "order_id" },
};

enum { NOT_GUESSED = -1 };

static bool hints_at(const char *words, toc_str header)
{
    toc_str rest = toc_str_of(words), word;
    char text[64];

    while (toc_str_split(&rest, '|', &word)) {
        snprintf(text, sizeof text, "%.*s", (int)word.n, word.p);
        if (toc_str_has(header, text)) return true;
    }
    return false;
}

/* The header as column names are written. */
static int by_name(shop_kind kind, toc_str header)
{
    char text[48];

    if (header.n >= sizeof text) return NOT_GUESSED;
    for (size_t i = 0; i < header.n; i++) text[i] = header.p[i] == ' ' || header.p[i] == '-' ? '_' : header.p[i];
    return shop_column_of(kind, (toc_str){ text, header.n });
}

static int by_maps(const ing_book *book, shop_kind kind, toc_str header)
{
    for (size_t k = 0; k < book->n_maps; k++)
        for (size_t j = 0; book->maps[k]->kind == kind && j < book->maps[k]->n_fields; j++)
            if (book->maps[k]->fields[j].how != ING_CONST && toc_str_is(header, book->maps[k]->fields[j].header))
                return shop_column_of(kind, toc_str_of(book->maps[k]->fields[j].column));
    return NOT_GUESSED;
}

static int guess(const ing_book *book, shop_kind kind, toc_str header)
{
    int column = by_name(kind, header);

    if (column == NOT_GUESSED) column = by_maps(book, kind, header);
    for (size_t k = 0; k < TOC_COUNT(hints) && column == NOT_GUESSED; k++)
        if (hints_at(hints[k].words, header)) column = shop_column_of(kind, toc_str_of(hints[k].column));
    return column;
}

typedef struct {
    const toc_str *header, *folded;
    size_t n;
    shop_kind kind;
    int *column; /* (n) guessed, or NOT_GUESSED */
} draft;

/* Whether one of the columns (joined by '|') is guessed. */
static bool has_any_column(const draft *d, const char *names)
{
    toc_str rest = toc_str_of(names), name;
    bool found = false;

    while (!found && toc_str_split(&rest, '|', &name)) {
        int column = shop_column_of(d->kind, name);
        for (size_t j = 0; j < d->n && !found; j++) found = column >= 0 && d->column[j] == column;
    }
    return found;
}

/* Guesses all columns as those of a kind; how well that went. What tells a canonical file of the kind counts three times, and
 * all of it together more. */
static size_t guess_all(const ing_book *book, draft *d, shop_kind kind)
{
    const shop_schema *schema = shop_schema_of(kind);
    size_t score = 0, lacking = 0;

    d->kind = kind;
    for (size_t j = 0; j < d->n; j++) d->column[j] = guess(book, kind, d->folded[j]);
    for (size_t c = 0; c < schema->n_columns; c++) score += has_any_column(d, schema->columns[c].name);
    for (size_t k = 0; ing_canonical_maps[k]; k++) {
        const ing_map *m = ing_canonical_maps[k];
        for (size_t i = 0; m->kind == kind && m->signature[i]; i++) {
            bool there = has_any_column(d, m->signature[i]);
            score += there ? 2 : 0;
            lacking += !there;
        }
    }
    return score + (lacking ? 0 : 6);
}

static bool needs_quotes(toc_str header)
{
    bool marked = !header.n || strchr("#=\"", header.p[0]);
    return marked || toc_str_has(header, " -> ") || toc_str_has(header, " | ") || toc_str_has(header, " + ");
}

static void write_header(toc_out *out, const char *before, toc_str header)
{
    const char *quote = needs_quotes(header) ? "\"" : "";
    toc_out_printf(out, "%s%s%.*s%s", before, quote, (int)header.n, header.p, quote);
}

/* The headers of one column, with " | " between; how many. */
static size_t write_headers(toc_out *out, const draft *d, size_t column)
{
    size_t n = 0;

    for (size_t j = 0; j < d->n; j++)
        if (d->column[j] == (int)column) write_header(out, n++ ? " | " : "", d->header[j]);
    return n;
}

static const char *option_of(const shop_column *c)
{
    if (strcmp(c->name, "status") == 0) return " status";
    return strcmp(c->name, "discount") == 0 || strcmp(c->name, "refund_amount") == 0 ? " positive" : "";
}

/* A required column that no header was guessed for. */
static void write_lacking(toc_out *out, const draft *d, const shop_column *c)
{
    if (strcmp(c->name, "quantity") == 0) toc_out_str(out, "= 1 -> quantity\n");
    else if (strcmp(c->name, "unit_price") != 0 || !has_any_column(d, "line_total"))
        toc_out_printf(out, "# needed: put the header before the arrow and take the # away\n# HEADER -> %s\n", c->name);
}

static void write_fields(toc_out *out, const draft *d)
{
    const shop_schema *schema = shop_schema_of(d->kind);
    size_t unused = 0;

    for (size_t c = 0; c < schema->n_columns; c++) {
        const shop_column *column = &schema->columns[c];
        bool option = (d->kind == SHOP_ORDERS);
        if (has_any_column(d, column->name)) {
            write_headers(out, d, c);
            toc_out_printf(out, " -> %s%s\n", column->name, option ? option_of(column) : "");
        } else if (column->required) write_lacking(out, d, column);
        else if (strcmp(column->name, "customer_id") == 0 && has_any_column(d, "email")) {
            write_headers(out, d, (size_t)shop_column_of(d->kind, TOC_STR("email")));
            toc_out_str(out, " -> customer_id\n");
        }
    }
    for (size_t j = 0; j < d->n; j++) {
        if (d->column[j] != NOT_GUESSED) continue;
        if (!unused++) toc_out_str(out, "\n# not used; the columns there are: tocsin-ingest(1)\n");
        write_header(out, "# ", d->header[j]);
        toc_out_str(out, " -> ...\n");
    }
}

/* A map's name from a file's: letters, digits and '-'. */
static void write_name(toc_out *out, const char *path)
{
    const char *slash = strrchr(path, '/');

    toc_out_str(out, "map my-");
    for (const char *p = slash ? slash + 1 : path; *p && *p != '.'; p++) {
        char c = (char)(*p >= 'A' && *p <= 'Z' ? *p + 32 : *p);
        toc_out_write(out, (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') ? &c : "-", 1);
    }
    toc_out_str(out, "\n");
}

static void write_draft(toc_out *out, const draft *d, const char *path)
{
    const shop_schema *schema = shop_schema_of(d->kind);

    toc_out_printf(out, "# Drafted from the header of %s: check every line, then tocsin ingest --map THIS %s. ", path, path);
    toc_out_str(out, "The format: tocsin-formats(5).\n");
    write_name(out, path);
    toc_out_printf(out, "title my %s\nkind %s\n\n# a file is one of these when it has these headers\n", schema->name,
                   schema->name);
    for (size_t c = 0; c < schema->n_columns; c++) {
        if (!schema->columns[c].required || !has_any_column(d, schema->columns[c].name)) continue;
        toc_out_str(out, "must ");
        write_headers(out, d, c);
        toc_out_str(out, "\n");
    }
    toc_out_str(out, "\n");
    write_fields(out, d);
}

toc_status ing_draft(toc_ctx *ctx, const char *path, const ing_options *options, toc_out *out)
{
    rd_options reading = { .dialect = options->dialect };
    rd_reader *reader = NULL;
    ing_book book = {0};
    shop_kind kind = SHOP_ORDERS, best = SHOP_ORDERS;
    toc_str *folded;
    size_t most = 0;
    draft d = {0};
    toc_status st;

    if (options->kind && !shop_kind_of(toc_str_of(options->kind), &kind))
        return toc_fail(ctx, TOC_E_USAGE, "unknown kind \"%s\"", options->kind);
    if ((st = ing_book_open(ctx, options->map, &book))) goto out;
    if ((st = rd_open(ctx, path, &reading, &reader))) goto out;
    d.header = rd_header(reader, &d.n);
    if ((st = toc_arena_alloc(ctx, &ctx->arena, d.n, sizeof *folded, &folded))) goto out;
    if ((st = toc_arena_alloc(ctx, &ctx->arena, d.n, sizeof *d.column, &d.column))) goto out;
    for (size_t j = 0; j < d.n; j++)
        if ((st = ing_fold(ctx, d.header[j], &folded[j]))) goto out;
    d.folded = folded;
    for (size_t k = 0; k < SHOP_N_KINDS && !options->kind; k++) {
        size_t score = guess_all(&book, &d, (shop_kind)k);
        if (score > most) best = (shop_kind)k;
        most = TOC_MAX(most, score);
    }
    guess_all(&book, &d, options->kind ? kind : best);
    write_draft(out, &d, rd_path(reader));
out:
    rd_close(reader);
    ing_book_release(&book);
    return st;
}
