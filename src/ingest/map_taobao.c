/* map_taobao.c: 淘宝 and 天猫 order reports.
 *
 * The order list (ExportOrderList) has the buyer, times and amounts of an order; the detail list (ExportOrderDetailList) its items, joined on
 * 订单编号. An order list alone gives one line an order, worth what was paid. The newer item list (ExportItemList) knows neither quantity nor price,
 * so there the order list stays the main file and takes the product from the first item. Reports of the 天猫 kind that leave out buyer, item and
 * quantity are read as one line an order with quantity 1. */
#include "ingest/ingest_int.h"

#define ORDER_PART \
    { "订单编号", "order_id", ING_PLAIN, 0 }, \
    { "买家会员名", "customer_id", ING_PLAIN, 0 }, \
    { "买家支付宝账号", "customer_id", ING_PLAIN, 0 }, \
    { "买家支付宝账号", "payment_key", ING_PLAIN, 0 }, \
    { "订单创建时间", "ordered_at", ING_PLAIN, 0 }, \
    { "订单付款时间", "paid_at", ING_PLAIN, 0 }, \
    { "发货时间", "shipped_at", ING_PLAIN, 0 }, \
    { "订单状态", "status", ING_STATUS, 0 }, \
    { "收货地址", "address", ING_PLAIN, 0 }, \
    { "修改后的收货地址", "address", ING_PLAIN, 0 }, \
    { "联系手机", "phone", ING_PLAIN, 0 }, \
    { "联系电话", "phone", ING_PLAIN, 0 }, \
    { "店铺id", "merchant_id", ING_PLAIN, 0 }, \
    { "店铺名称", "merchant_id", ING_PLAIN, 0 }

static const ing_field order_fields[] = {
    ORDER_PART,
    { "商家编码", "product_id", ING_PLAIN, 0 },
    { "外部系统编号", "product_id", ING_PLAIN, 0 },
    { "宝贝标题", "title", ING_PLAIN, 0 },
    { "商品标题", "title", ING_PLAIN, 0 },
    { "宝贝总数量", "quantity", ING_PLAIN, 0 },
    { "1", "quantity", ING_CONST, 0 },
    { "总金额", "unit_price", ING_PLAIN, 0 },
    { "买家实际支付金额", "unit_price", ING_PLAIN, 0 },
    { "买家实际支付金额", "line_total", ING_PLAIN, 0 },
    { "总金额", "line_total", ING_PLAIN, 0 },
    { "退款金额", "refund_amount", ING_POSITIVE, 0 },
};
static const char *const order_signature[] = { "订单编号", "总金额|买家实际支付金额", "订单创建时间", NULL };
static const ing_join order_joins[] = { { "taobao-items", "订单编号", "主订单编号", NULL } };

/* Without a status of its own, an order with a payment column that is empty was not paid. */
static toc_status finish_line(toc_ctx *ctx, ing_load *load, size_t row, ing_reject *reject)
{
    shop_orders *o = &load->shop->orders;

    (void)reject;
    if (o->status[row] || o->paid_at[row] != TOC_NO_TIME) return TOC_OK;
    for (size_t k = 0; k < load->n_bound; k++)
        if (strcmp(load->bound[k].field->column, "paid_at") == 0)
            return toc_pool_intern(ctx, &load->shop->dict[SHOP_D_WORD], toc_str_of(shop_status_name(SHOP_UNPAID)), &o->status[row]);
    return TOC_OK;
}

/* The list knows the amount of the whole order only. */
static toc_status finish_order(toc_ctx *ctx, ing_load *load, size_t row, ing_reject *reject)
{
    shop_orders *o = &load->shop->orders;
    int64_t q = o->quantity[row];

    if (o->unit_price[row] != TOC_NO_MONEY && q > 1) o->unit_price[row] = (o->unit_price[row] + q / 2) / q;
    return finish_line(ctx, load, row, reject);
}

const ing_map ing_taobao_orders = {
    .name = "taobao", .title = "淘宝/天猫 order list", .kind = SHOP_ORDERS, .signature = order_signature, .fields = order_fields,
    .n_fields = TOC_COUNT(order_fields), .joins = order_joins, .n_joins = TOC_COUNT(order_joins), .yields_to = "taobao-details",
    .currency = "CNY", .finish = finish_order,
};

static const ing_field detail_fields[] = {
    ORDER_PART,
    { "商家编码", "product_id", ING_PLAIN, 0 },
    { "外部系统编号", "product_id", ING_PLAIN, 0 },
    { "标题", "product_id", ING_PLAIN, 0 },
    { "标题", "title", ING_PLAIN, 0 },
    { "价格", "unit_price", ING_PLAIN, 0 },
    { "购买数量", "quantity", ING_PLAIN, 0 },
};
static const char *const detail_signature[] = { "订单编号", "标题", "价格", "购买数量", NULL };
static const ing_join detail_joins[] = { { "taobao", "订单编号", "订单编号", "no_order" } };
const ing_map ing_taobao_details = {
    .name = "taobao-details", .title = "淘宝/天猫 detail list", .kind = SHOP_ORDERS, .signature = detail_signature, .fields = detail_fields,
    .n_fields = TOC_COUNT(detail_fields), .joins = detail_joins, .n_joins = TOC_COUNT(detail_joins), .needs = "taobao",
    .currency = "CNY", .finish = finish_line,
};

static const char *const item_signature[] = { "主订单编号", "子订单编号", "商品标题", NULL };
const ing_map ing_taobao_items = {
    .name = "taobao-items", .title = "淘宝/天猫 item list", .kind = SHOP_ORDERS, .signature = item_signature, .needs = "taobao",
    .yields_to = "taobao", .currency = "CNY",
};
