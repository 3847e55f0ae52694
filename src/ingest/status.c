/* status.c: what platforms call the states of an order, in their languages. */
#include "ingest/ingest_int.h"

static const struct {
    const char *word; /* ASCII lower case */
    shop_status status;
} words[] = {
    /* canonical names are looked up first, by shop_status_of */
    { "pending", SHOP_PLACED }, { "created", SHOP_PLACED }, { "new", SHOP_PLACED }, { "open", SHOP_PLACED }, { "on hold", SHOP_PLACED },
    { "on-hold", SHOP_PLACED }, { "approved", SHOP_PAID }, { "authorized", SHOP_PAID }, { "processing", SHOP_PAID }, { "invoiced", SHOP_PAID },
    { "partially_paid", SHOP_PAID }, { "complete", SHOP_DELIVERED }, { "completed", SHOP_DELIVERED }, { "fulfilled", SHOP_SHIPPED },
    { "unshipped", SHOP_PAID }, { "partiallyshipped", SHOP_SHIPPED }, { "shipping", SHOP_SHIPPED }, { "in transit", SHOP_SHIPPED },
    { "shipped - delivered to buyer", SHOP_DELIVERED }, { "shipped - picked up", SHOP_SHIPPED }, { "shipped - returned to seller", SHOP_RETURNED },
    { "shipped - returning to seller", SHOP_RETURNED }, { "partially_refunded", SHOP_PAID }, { "partially refunded", SHOP_PAID },
    { "voided", SHOP_CANCELLED }, { "canceled", SHOP_CANCELLED }, { "closed", SHOP_CANCELLED }, { "unavailable", SHOP_CANCELLED },
    { "failed", SHOP_UNPAID }, { "expired", SHOP_UNPAID }, { "pending payment", SHOP_UNPAID }, { "awaiting payment", SHOP_UNPAID },
    { "return", SHOP_RETURNED }, { "refund", SHOP_REFUNDED }, { "chargeback", SHOP_REFUNDED },
    { "等待买家付款", SHOP_UNPAID }, { "待付款", SHOP_UNPAID }, { "未付款", SHOP_UNPAID }, { "买家已付款,等待卖家发货", SHOP_PAID },
    { "买家已付款", SHOP_PAID }, { "等待卖家发货", SHOP_PAID }, { "待发货", SHOP_PAID }, { "等待出库", SHOP_PAID }, { "已付款", SHOP_PAID },
    { "卖家部分发货", SHOP_SHIPPED }, { "卖家已发货,等待买家确认", SHOP_SHIPPED }, { "卖家已发货", SHOP_SHIPPED }, { "等待买家确认收货", SHOP_SHIPPED },
    { "已发货", SHOP_SHIPPED }, { "待收货", SHOP_SHIPPED }, { "等待确认收货", SHOP_SHIPPED }, { "已发货,待签收", SHOP_SHIPPED },
    { "交易成功", SHOP_DELIVERED }, { "已完成", SHOP_DELIVERED }, { "完成", SHOP_DELIVERED }, { "已签收", SHOP_DELIVERED },
    { "已收货", SHOP_DELIVERED }, { "交易关闭", SHOP_CANCELLED }, { "已关闭", SHOP_CANCELLED }, { "已取消", SHOP_CANCELLED },
    { "订单取消", SHOP_CANCELLED }, { "(删除)等待付款", SHOP_UNPAID }, { "(删除)完成", SHOP_DELIVERED }, { "退款成功", SHOP_REFUNDED },
    { "已退款", SHOP_REFUNDED }, { "未发货,退款成功", SHOP_REFUNDED }, { "已发货,退款成功", SHOP_REFUNDED }, { "已收货,退款成功", SHOP_REFUNDED },
    { "退货成功", SHOP_RETURNED }, { "已退货", SHOP_RETURNED },
    { "bezahlt", SHOP_PAID }, { "versandt", SHOP_SHIPPED }, { "zugestellt", SHOP_DELIVERED }, { "storniert", SHOP_CANCELLED },
    { "erstattet", SHOP_REFUNDED }, { "en cours", SHOP_PAID }, { "terminée", SHOP_DELIVERED }, { "annulée", SHOP_CANCELLED },
    { "remboursée", SHOP_REFUNDED }, { "pagado", SHOP_PAID }, { "enviado", SHOP_SHIPPED }, { "entregado", SHOP_DELIVERED },
    { "cancelado", SHOP_CANCELLED }, { "reembolsado", SHOP_REFUNDED }, { "entregue", SHOP_DELIVERED }, { "pago", SHOP_PAID },
};

/* ASCII lower case, the full-width comma as ',', blanks after commas dropped. Returns the length, at most cap. */
static size_t fold_word(toc_str word, char *text, size_t cap)
{
    size_t n = 0;

    for (size_t i = 0; i < word.n && n < cap; i++) {
        char c = word.p[i];
        if (i + 2 < word.n && !memcmp(word.p + i, "，", 3)) {
            c = ',';
            i += 2;
        }
        if (c == ' ' && n && text[n - 1] == ',') continue;
        text[n++] = (char)(c >= 'A' && c <= 'Z' ? c + 32 : c);
    }
    return n;
}

shop_status ing_status_of(toc_str word)
{
    char text[96];
    shop_status status;
    toc_str folded = { text, fold_word(toc_str_trim(word), text, sizeof text) };

    if (shop_status_of(folded, &status)) return status;
    for (size_t i = 0; i < TOC_COUNT(words); i++)
        if (toc_str_is(folded, words[i].word)) return words[i].status;
    return SHOP_NO_STATUS;
}
