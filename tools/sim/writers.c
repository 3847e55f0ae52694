/* writers.c: the files. Ids are 8 letters from 40 permuted bits; people are at example.com, networks in the ranges kept for documentation. */
#include "sim/sim.h"

#include <errno.h>
#include <iconv.h>
#include <sys/stat.h>

enum { F_ORDERS, F_ITEMS, F_REVIEWS, F_PRODUCTS, F_STOCK, F_PROMOTIONS, F_CUSTOMERS, F_MERCHANTS,
       T_CUSTOMERS, T_ORDERS, T_MERCHANTS, T_REVIEWS, T_DEMAND, T_LABELS, N_FILES };

struct sim_files {
    toc_out out[N_FILES];
    bool open[N_FILES];
    char path[N_FILES][1024];
    sim_shape shape;
    iconv_t to_gbk;
    uint64_t last_order; /* Shopify writes an order's own columns once; + 1 */
};

static const char *const categories[] = { "Kitchen", "Garden", "Toys", "Clothing", "Electronics", "Books", "Beauty", "Sports" };
static const char *const things[] = { "kettle", "lamp", "shirt", "ball", "radio", "novel", "soap", "bag", "chair", "puzzle", "knife", "scarf", "mug", "tent", "clock", "rug" };
static const char *const looks[] = { "red", "blue", "green", "plain", "striped", "small", "large", "folding", "wooden", "soft", "light", "classic" };

/* ---- ids and texts ---- */

static const char *id_text(const sim *s, uint64_t counter, char kind, char *buf)
{
    static const char letters[] = "ABCDEFGHJKLMNPQRSTUVWXYZ23456789";
    uint64_t id = sim_id(s, counter, (uint64_t)kind);

    buf[0] = kind >= 'a' ? (char)(kind - 32) : kind;
    for (int i = 1; i <= 8; i++, id >>= 5) buf[i] = letters[id & 31];
    buf[9] = 0;
    return buf;
}

static const char *time_text(int64_t at, char *buf)
{
    buf[toc_format_time(at == TOC_NO_TIME ? at : at / TOC_SECOND * TOC_SECOND, buf)] = 0;
    return buf;
}

static const char *money_text(int64_t cents, char *buf)
{
    buf[toc_format_money(cents, 2, buf)] = 0;
    return buf;
}

static const char *ip_text(const sim *s, uint64_t key, char *buf)
{
    uint64_t h = sim_id(s, key, 'i');

    if (h % 7 == 0) snprintf(buf, 48, "%s.%u", h & 64 ? "192.0.2" : "198.51.100", (unsigned)(h >> 8 & 255)); /* many share these, as behind a carrier */
    else snprintf(buf, 48, "2001:db8:%x:%x::%x", (unsigned)(h >> 24 & 0xffff), (unsigned)(h >> 8 & 0xffff), (unsigned)(h & 0xff) + 1);
    return buf;
}

static const char *address_text(const sim *s, uint64_t key, char *buf)
{
    static const char *const streets[] = { "Elm", "Mill", "Church", "Station", "Park", "River", "Garden", "High", "Oak", "Bridge", "School", "King" };
    static const char *const towns[] = { "Ashford", "Brook", "Carlow", "Denby", "Elton", "Frome", "Girton", "Hale", "Ilkley", "Kelso" };
    uint64_t h = sim_id(s, key, 'a');

    size_t n = (size_t)snprintf(buf, 64, "%u%s %s St %s", (unsigned)(h % 400 + 1), h >> 30 & 1 ? "b" : "", streets[(h >> 9) % TOC_COUNT(streets)],
                                towns[(h >> 14) % TOC_COUNT(towns)]);
    size_t districts = s->n_lines / 20000; /* a larger shop serves more places: two homes rarely get one address by chance */
    if (districts > 0) snprintf(buf + n, 64 - n, "-%u", (unsigned)((h >> 18) % (districts + 1)));
    return buf;
}

static const char *country_of(const sim *s, uint64_t address, bool other)
{
    static const char *const countries[] = { "GB", "DE", "US", "CN", "FR" };
    uint64_t h = sim_id(s, address, 'c') % TOC_COUNT(countries);
    return countries[other ? (h + 1) % TOC_COUNT(countries) : h];
}

static const char *person_of(const sim *s, uint64_t account, char *buf)
{
    static const char *const first[] = { "Ada", "Ben", "Cleo", "Dan", "Eve", "Finn", "Gus", "Hana", "Ida", "Jon", "Kim", "Lea", "Max", "Nia", "Olaf", "Pia" };
    static const char *const last[] = { "Example", "Sample", "Specimen", "Placeholder", "Testperson", "Model", "Invented", "Fiction" };
    uint64_t h = sim_id(s, account, 'n');
    snprintf(buf, 48, "%s %s", first[h % TOC_COUNT(first)], last[(h >> 8) % TOC_COUNT(last)]);
    return buf;
}

static const char *title_of(const sim *s, uint32_t product, char *buf)
{
    uint64_t h = sim_id(s, product, 't');
    snprintf(buf, 64, "%s %s %u", looks[h % TOC_COUNT(looks)], things[(h >> 8) % TOC_COUNT(things)], (unsigned)(h >> 16 & 0x3ff));
    return buf;
}

static const char *status_of(const sim_line *l, int64_t *at)
{
    const struct { const char *name; int64_t at; } steps[] = {
        { "refunded", l->refunded_at }, { "returned", l->returned_at }, { "cancelled", l->cancelled_at }, { "delivered", l->delivered_at },
        { "shipped", l->shipped_at }, { "paid", l->paid_at },
    };
    for (size_t i = 0; i < TOC_COUNT(steps); i++) {
        if (steps[i].at == TOC_NO_TIME) continue;
        *at = steps[i].at;
        return steps[i].name;
    }
    *at = l->ordered_at;
    return "placed";
}

/* ---- opening and closing ---- */

static const struct {
    const char *name, *header;
} canonical_files[N_FILES] = {
    [F_ORDERS] = { "orders.csv", "order_id,line_id,customer_id,merchant_id,product_id,quantity,unit_price,discount,currency,ordered_at,paid_at,shipped_at,"
                                 "delivered_at,cancelled_at,returned_at,refunded_at,status,status_at,refund_amount,payment_key,coupon,device_id,ip,address,country,"
                                 "billing_country\n" },
    [F_REVIEWS] = { "reviews.csv", "review_id,order_id,product_id,customer_id,merchant_id,rating,body,created_at,verified\n" },
    [F_PRODUCTS] = { "products.csv", "product_id,title,category,price,cost,launched_at\n" },
    [F_STOCK] = { "stock.csv", "product_id,on_hand,incoming,incoming_at,lead_time_days,unit_cost,as_of\n" },
    [F_PROMOTIONS] = { "promotions.csv", "product_id,starts_on,ends_on,discount\n" },
    [F_CUSTOMERS] = { "customers.csv", "customer_id,created_at,email\n" },
    [F_MERCHANTS] = { "merchants.csv", "merchant_id,name,category,opened_at\n" },
    [T_CUSTOMERS] = { "truth/customers.csv", "customer_id,left_at\n" },
    [T_ORDERS] = { "truth/orders.csv", "order_id,fraud\n" },
    [T_MERCHANTS] = { "truth/merchants.csv", "merchant_id,fraud,from\n" },
    [T_REVIEWS] = { "truth/reviews.csv", "review_id,fraud\n" },
    [T_DEMAND] = { "truth/demand.csv", "product_id,week_from,demand,sold\n" },
    [T_LABELS] = { "truth/labels.csv", "entity,id,label,labelled_at,source\n" },
};

/* Whole, as the platforms write them; what a simulated shop has nothing to say about stays blank. */
static const char shopify_header[] =
    "Name,Email,Financial Status,Paid at,Fulfillment Status,Fulfilled at,Accepts Marketing,Currency,Subtotal,Shipping,Taxes,Total,"
    "Discount Code,Discount Amount,Shipping Method,Created at,Lineitem quantity,Lineitem name,Lineitem price,Lineitem compare at price,"
    "Lineitem sku,Lineitem requires shipping,Lineitem taxable,Lineitem fulfillment status,Billing Name,Billing Street,Billing Address1,"
    "Billing Address2,Billing Company,Billing City,Billing Zip,Billing Province,Billing Country,Billing Phone,Shipping Name,Shipping Street,"
    "Shipping Address1,Shipping Address2,Shipping Company,Shipping City,Shipping Zip,Shipping Province,Shipping Country,Shipping Phone,Notes,"
    "Note Attributes,Cancelled at,Payment Method,Payment Reference,Refunded Amount,Vendor,Outstanding Balance,Employee,Location,Device ID,Id,"
    "Tags,Risk Level,Source,Lineitem discount,Tax 1 Name,Tax 1 Value,Tax 2 Name,Tax 2 Value,Tax 3 Name,Tax 3 Value,Tax 4 Name,Tax 4 Value,"
    "Tax 5 Name,Tax 5 Value,Phone,Receipt Number,Duties,Billing Province Name,Shipping Province Name,Payment ID,Payment Terms Name,"
    "Next Payment Due At,Payment References\n";
static const char taobao_orders[] =
    "订单编号,买家会员名,买家支付宝账号,买家应付货款,买家应付邮费,买家支付积分,总金额,返点积分,"
    "买家实际支付金额,买家实际支付积分,订单状态,买家留言,收货人姓名,收货地址,运送方式,联系电话,"
    "联系手机,订单创建时间,订单付款时间,宝贝标题,宝贝种类,物流单号,物流公司,订单备注,宝贝总数量,"
    "分销商Id,分销商店铺名称,订单关闭原因,卖家服务费,买家服务费,发票抬头,定金排名,修改后的sku,"
    "修改后的收货地址,异常信息,卡券抵扣,积分抵扣,是否是O2O交易\n";
static const char taobao_items[] =
    "订单编号,标题,价格,购买数量,外部系统编号,规格名称,套餐信息,备注,订单状态,商家编码\n";
static const char amazon_header[] =
    "amazon-order-id\tmerchant-order-id\tpurchase-date\tlast-updated-date\torder-status\tfulfillment-channel\tsales-channel\torder-channel\t"
    "url\tship-service-level\tproduct-name\tsku\tasin\titem-status\tquantity\tcurrency\titem-price\titem-tax\tshipping-price\tshipping-tax\t"
    "gift-wrap-price\tgift-wrap-tax\titem-promotion-discount\tship-promotion-discount\tship-city\tship-state\tship-postal-code\tship-country\t"
    "promotion-ids\tis-business-order\tpurchase-order-number\tprice-designation\n";

static toc_status open_file(sim *s, const char *folder, size_t file, const char *name)
{
    struct sim_files *f = s->files;

    snprintf(f->path[file], sizeof f->path[file], "%s/%s", folder, name);
    TOC_TRY(toc_out_open(s->ctx, f->path[file], false, &f->out[file]));
    f->open[file] = true;
    return TOC_OK;
}

/* A row in GBK, as the platform exports it. */
static void write_gbk(sim *s, size_t file, const char *text)
{
    char out[4096];
    char *from = (char *)(uintptr_t)text, *to = out;
    size_t left = strlen(text), room = sizeof out;

    iconv(s->files->to_gbk, &from, &left, &to, &room);
    toc_out_write(&s->files->out[file], out, (size_t)(to - out));
}

toc_status sim_open_files(sim *s, const char *folder, sim_shape shape)
{
    char truth[1024];

    TOC_TRY(toc_alloc(s->ctx, 1, sizeof *s->files, &s->files));
    s->files->shape = shape;
    s->files->to_gbk = iconv_open("GBK", "UTF-8");
    snprintf(truth, sizeof truth, "%s/truth", folder);
    if ((mkdir(folder, 0777) != 0 && errno != EEXIST) || (mkdir(truth, 0777) != 0 && errno != EEXIST))
        return toc_fail_errno(s->ctx, TOC_E_IO, errno, "%s: cannot be made", truth);
    for (size_t i = 0; i < N_FILES; i++) {
        if (!canonical_files[i].name || (i == F_ORDERS && shape != SHAPE_CANONICAL)) continue;
        TOC_TRY(open_file(s, folder, i, canonical_files[i].name));
        toc_out_str(&s->files->out[i], canonical_files[i].header);
    }
    if (shape == SHAPE_SHOPIFY) {
        TOC_TRY(open_file(s, folder, F_ORDERS, "orders_export.csv"));
        toc_out_str(&s->files->out[F_ORDERS], shopify_header);
    } else if (shape == SHAPE_AMAZON) {
        TOC_TRY(open_file(s, folder, F_ORDERS, "all_orders.tsv"));
        toc_out_str(&s->files->out[F_ORDERS], amazon_header);
    } else if (shape == SHAPE_TAOBAO) {
        TOC_TRY(open_file(s, folder, F_ORDERS, "ExportOrderList.csv"));
        TOC_TRY(open_file(s, folder, F_ITEMS, "ExportOrderDetailList.csv"));
        write_gbk(s, F_ORDERS, taobao_orders);
        write_gbk(s, F_ITEMS, taobao_items);
    }
    return TOC_OK;
}

toc_status sim_close_files(sim *s)
{
    toc_status st = TOC_OK;

    for (size_t i = 0; i < N_FILES; i++) {
        if (!s->files->open[i]) continue;
        toc_status closed = toc_out_close(s->ctx, &s->files->out[i]);
        if (!st) st = closed;
    }
    iconv_close(s->files->to_gbk);
    toc_free(s->files);
    return st;
}

/* ---- order lines ---- */

static void write_canonical(sim *s, const sim_line *l)
{
    toc_out *out = &s->files->out[F_ORDERS];
    char a[48], b[48];
    int64_t status_at;
    const char *status = status_of(l, &status_at);
    const int64_t times[] = { l->ordered_at, l->paid_at, l->shipped_at, l->delivered_at, l->cancelled_at, l->returned_at, l->refunded_at };

    toc_out_printf(out, "%s,%u,", id_text(s, l->order, 'o', a), l->line);
    toc_out_printf(out, "%s,", id_text(s, l->account, 'c', a));
    toc_out_printf(out, "%s,%s,%u,", id_text(s, l->merchant, 'm', a), id_text(s, l->product, 'p', b), l->quantity);
    toc_out_printf(out, "%s,%s,EUR", money_text(l->unit_price, a), l->discount ? money_text(l->discount, b) : "");
    for (size_t t = 0; t < TOC_COUNT(times); t++) toc_out_printf(out, ",%s", time_text(times[t], a));
    toc_out_printf(out, ",%s,%s,%s,", status, time_text(status_at, a), l->refund ? money_text(l->refund, b) : "");
    toc_out_printf(out, "%s,%s,", id_text(s, l->payment, 'k', a), l->coupon ? "SALE" : "");
    toc_out_printf(out, "%s,%s,", id_text(s, l->device, 'd', a), ip_text(s, l->ip, b));
    toc_out_printf(out, "%s,%s,%s\n", address_text(s, l->address, a), country_of(s, l->address, false), country_of(s, l->address, l->abroad));
}

static int64_t amount_of(const sim_line *l)
{
    return l->unit_price * l->quantity - l->discount;
}

/* "2024-05-01 10:00:00 +0000" */
static const char *shopify_time(int64_t at, char *buf)
{
    time_text(at, buf);
    if (!buf[0]) return buf;
    buf[10] = ' ';
    snprintf(buf + 19, 8, " +0000");
    return buf;
}

/* n empty columns, each with the comma that follows it. */
static void put_blank(toc_out *out, int n)
{
    while (n-- > 0) toc_out_str(out, ",");
}

static const char *financial_status(const sim_line *l)
{
    return l->refunded_at != TOC_NO_TIME ? "refunded" : l->cancelled_at != TOC_NO_TIME ? "voided" : l->paid_at != TOC_NO_TIME ? "paid" : "pending";
}

static void write_shopify(sim *s, const sim_line *l, size_t left)
{
    toc_out *out = &s->files->out[F_ORDERS];
    bool first = s->files->last_order != l->order + 1;
    char name[16], account[16], a[48], b[48], c[48];
    int64_t total = 0, refund = 0;

    s->files->last_order = l->order + 1;
    for (size_t i = 0; i <= left && l[i].order == l->order; i++) {
        total += amount_of(&l[i]);
        refund += l[i].refund;
    }
    toc_out_printf(out, "#%s,%s@example.com,", id_text(s, l->order, 'o', name), id_text(s, l->account, 'c', account));
    if (first) {
        toc_out_printf(out, "%s,%s,", financial_status(l), shopify_time(l->paid_at, a));
        toc_out_printf(out, "%s,%s,no,EUR,", l->shipped_at != TOC_NO_TIME ? "fulfilled" : "unfulfilled", shopify_time(l->shipped_at, a));
        toc_out_printf(out, "%s,0.00,0.00,%s,%s,0.00,Standard,", money_text(total, a), money_text(total, b), l->coupon ? "SALE" : "");
    } else put_blank(out, 13);
    toc_out_printf(out, "%s,%u,%s,%s,,", shopify_time(l->ordered_at, a), l->quantity, title_of(s, l->product, b), money_text(l->unit_price, c));
    toc_out_printf(out, "%s,true,true,%s,", id_text(s, l->product, 'p', a), l->shipped_at != TOC_NO_TIME ? "fulfilled" : "pending");
    if (first) {
        address_text(s, l->address, a);
        const char *who = person_of(s, l->account, b), *to = country_of(s, l->address, false);
        toc_out_printf(out, "%s,%s,%s,,,,,,%s,,%s,%s,%s,,,,,,%s,,,,", who, a, a, country_of(s, l->address, l->abroad), who, a, a, to);
        toc_out_printf(out, "%s,card,%s,%s,", shopify_time(l->cancelled_at, a), id_text(s, l->payment, 'k', b), money_text(refund, c));
    } else put_blank(out, 26);
    toc_out_printf(out, "%s,", id_text(s, l->merchant, 'm', a)); /* vendor */
    if (first) toc_out_printf(out, "0.00,,,%s,%s,,Low,web,", id_text(s, l->device, 'd', a), name);
    else put_blank(out, 8);
    toc_out_printf(out, "%s,", money_text(l->discount, a));
    put_blank(out, 18);
    toc_out_str(out, "\n");
}

static void write_taobao(sim *s, const sim_line *l, size_t left)
{
    static const char *const words[][2] = {
        { "placed", "等待买家付款" }, { "paid", "买家已付款，等待卖家发货" }, { "shipped", "卖家已发货，等待买家确认" }, { "delivered", "交易成功" },
        { "returned", "交易关闭" }, { "refunded", "交易关闭" }, { "cancelled", "交易关闭" },
    };
    char row[2048], order[32], account[16], created[48], paid[48], title[64], sku[16], total[32], price[32], address[64];
    int64_t at, sum = 0;
    const char *status = status_of(l, &at);
    size_t pieces = 0, kinds = 0;

    for (size_t w = 0; w < TOC_COUNT(words); w++)
        if (strcmp(words[w][0], status) == 0) { status = words[w][1]; break; }
    snprintf(order, sizeof order, "=\"%019llu\"", (unsigned long long)(sim_id(s, l->order, 'o') * 1000003));
    if (s->files->last_order != l->order + 1) {
        for (size_t i = 0; i <= left && l[i].order == l->order; i++, kinds++) {
            sum += amount_of(&l[i]);
            pieces += l[i].quantity;
        }
        time_text(l->ordered_at, created);
        time_text(l->paid_at, paid);
        if (created[0]) created[10] = ' ', created[19] = 0;
        if (paid[0]) paid[10] = ' ', paid[19] = 0;
        money_text(sum, total);
        snprintf(row, sizeof row, "%s,%s,,%s,0.00,0,%s,0,%s,0,%s,,张*,%s,快递,,,%s,%s,%s,%zu,,,,%zu,,,%s,,,,,,,,,,\n", order, id_text(s, l->account, 'c', account), total, total,
                 l->paid_at == TOC_NO_TIME ? "0.00" : total, status, address_text(s, l->address, address), created, paid, title_of(s, l->product, title), kinds, pieces,
                 strcmp(status, "交易关闭") == 0 ? "买家不想要了" : "");
        write_gbk(s, F_ORDERS, row);
    }
    s->files->last_order = l->order + 1;
    snprintf(row, sizeof row, "%s,%s,%s,%u,%s,,,,%s,%s\n", order, title_of(s, l->product, title), money_text(l->unit_price, price), l->quantity,
             id_text(s, l->product, 'p', sku), status, sku);
    write_gbk(s, F_ITEMS, row);
}

static void write_amazon(sim *s, const sim_line *l)
{
    toc_out *out = &s->files->out[F_ORDERS];
    char id[32], a[48], b[48], c[64];
    uint64_t n = sim_id(s, l->order, 'o');
    int64_t at;
    const char *status = status_of(l, &at);
    const char *word = strcmp(status, "cancelled") == 0 ? "Cancelled" : l->shipped_at != TOC_NO_TIME ? "Shipped" : "Pending";

    snprintf(id, sizeof id, "%03u-%07u-%07u", (unsigned)(n % 900 + 100), (unsigned)(n / 900 % 10000000), (unsigned)(n >> 13 & 0x7fffff) % 10000000);
    toc_out_printf(out, "%s\t\t%s\t%s\t%s\tMerchant\tAmazon.example\t\t\tStandard\t", id, time_text(l->ordered_at, a), time_text(at, b), word);
    toc_out_printf(out, "%s\t%s\t", title_of(s, l->product, c), id_text(s, l->product, 'p', a));
    toc_out_printf(out, "%s\t%s\t%u\tEUR\t", id_text(s, l->product, 'b', b), word, l->quantity);
    toc_out_printf(out, "%s\t0.00\t0.00\t0.00\t\t\t%s\t\tAshford\t\t00000\t%s\t\tfalse\t\t\n", money_text(l->unit_price * l->quantity, a), money_text(l->discount, b),
                   country_of(s, l->address, false));
}

/* A fraud is noticed by somebody days or weeks later, three in four of them. */
static void write_truth(sim *s, const sim_line *l)
{
    const sim_kind *k = &sim_kinds[l->kind];
    char id[16], at[32];
    uint64_t h = toc_mix(s->seed ^ (l->order * 77 + 5));
    int64_t labelled = l->ordered_at + (int64_t)(3 + h % 25) * TOC_DAY + (int64_t)(h >> 40) % TOC_DAY;

    toc_out_printf(&s->files->out[T_ORDERS], "%s,%s\n", id_text(s, l->order, 'o', id), k->name);
    if (h >> 20 & 3 && labelled < s->end) toc_out_printf(&s->files->out[T_LABELS], "order,%s,fraud,%s,truth\n", id, time_text(labelled, at));
}

void sim_write_line(sim *s, const sim_line *l, size_t left)
{
    switch (s->files->shape) {
    case SHAPE_CANONICAL: write_canonical(s, l); break;
    case SHAPE_SHOPIFY: write_shopify(s, l, left); break;
    case SHAPE_TAOBAO: write_taobao(s, l, left); break;
    case SHAPE_AMAZON: write_amazon(s, l); break;
    }
    if (l->kind < sim_n_kinds && sim_kinds[l->kind].fraud) write_truth(s, l);
}

/* ---- the rest ---- */

void sim_write_review(sim *s, const sim_review *r)
{
    toc_out *out = &s->files->out[F_REVIEWS];
    char a[32], b[32], c[32], text[600];
    bool fraud = r->kind < sim_n_kinds && sim_kinds[r->kind].fraud;

    toc_out_printf(out, "%s,%s,%s,", id_text(s, r->review, 'r', a), r->verified ? id_text(s, r->order, 'o', b) : "", id_text(s, r->product, 'p', c));
    sim_words(r, text, sizeof text);
    toc_out_printf(out, "%s,%s,%d,\"%s\",", id_text(s, r->account, 'c', b), id_text(s, r->merchant, 'm', c), r->stars, text);
    toc_out_printf(out, "%s,%d\n", time_text(r->at, b), r->verified);
    if (fraud) toc_out_printf(&s->files->out[T_REVIEWS], "%s,%s\n", a, sim_kinds[r->kind].name);
}

void sim_write_account(sim *s, uint64_t account, int64_t created_at)
{
    char id[16], at[32];
    id_text(s, account, 'c', id);
    toc_out_printf(&s->files->out[F_CUSTOMERS], "%s,%s,%s@example.com\n", id, time_text(created_at, at), id);
}

void sim_write_left(sim *s, uint64_t account, int64_t left_at)
{
    char id[16], at[32];
    toc_out_printf(&s->files->out[T_CUSTOMERS], "%s,%s\n", id_text(s, account, 'c', id), time_text(left_at, at));
}

void sim_write_stock(sim *s, uint32_t product, int32_t day)
{
    const sim_product *p = &s->products[product];
    char id[16], arrives[32], cost[32], at[32];
    /* The supplier's word, not the day it will really come. */
    time_text(p->incoming ? s->start + (int64_t)TOC_MIN(p->arrive_day, day + p->lead_days) * TOC_DAY : TOC_NO_TIME, arrives);
    arrives[arrives[0] ? 10 : 0] = 0;
    toc_out_printf(&s->files->out[F_STOCK], "%s,%d,%d,%s,%d,%s,%s\n", id_text(s, product, 'p', id), p->on_hand, p->incoming, arrives, p->lead_days,
                   money_text(p->cost, cost), time_text(s->start + day * TOC_DAY, at));
}

void sim_write_demand(sim *s, uint32_t product, int32_t day, uint32_t demand, uint32_t sold)
{
    char id[16], at[32];
    time_text(s->start + day * TOC_DAY, at);
    at[10] = 0;
    toc_out_printf(&s->files->out[T_DEMAND], "%s,%s,%u,%u\n", id_text(s, product, 'p', id), at, demand, sold);
}

void sim_write_fraud_merchant(sim *s, uint32_t merchant, uint32_t kind, int64_t at)
{
    char id[16], from[32];
    toc_out_printf(&s->files->out[T_MERCHANTS], "%s,%s,%s\n", id_text(s, merchant, 'm', id), sim_kinds[kind].name, time_text(at, from));
}

void sim_write_catalogue(sim *s)
{
    char id[16], title[64], price[32], cost[32], at[32], to[32];

    for (uint32_t m = 0; m < s->n_merchants; m++)
        toc_out_printf(&s->files->out[F_MERCHANTS], "%s,Shop %s,%s,%s\n", id_text(s, m, 'm', id), id + 4, categories[s->merchants[m].category],
                       time_text(s->merchants[m].opened_at, at));
    for (uint32_t i = 0; i < s->n_products; i++) {
        const sim_product *p = &s->products[i];
        toc_out_printf(&s->files->out[F_PRODUCTS], "%s,%s,%s,%s,%s,%s\n", id_text(s, i, 'p', id), title_of(s, i, title), categories[s->merchants[p->merchant].category],
                       money_text(p->price, price), money_text(p->cost, cost), time_text(p->launch_day < 0 ? TOC_NO_TIME : s->start + p->launch_day * TOC_DAY, at));
    }
    for (size_t i = 0; i < s->n_promotions; i++) {
        const sim_promotion *p = &s->promotions[i];
        time_text(s->start + p->from_day * TOC_DAY, at);
        time_text(s->start + p->to_day * TOC_DAY, to);
        toc_out_printf(&s->files->out[F_PROMOTIONS], "%s,%.10s,%.10s,%.2f\n", id_text(s, p->product, 'p', id), at, to, p->discount);
    }
}
