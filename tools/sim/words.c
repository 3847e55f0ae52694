/* words.c: review texts by a small grammar: opening, what it is about, a detail, a closing; English and Chinese. */
#include "sim/sim.h"

/* [language][mood: bad, middling, good] of sentence parts. */
static const char *const parts[2][3][4][10] = {
    { { { "Very disappointed", "Not happy at all", "I regret this purchase", "Terrible", "Waste of money", "Would not buy again", "What a let-down", "Really poor" },
        { "the zip broke after two days", "it arrived with a crack", "the colour is nothing like the picture", "it stopped working within a week", "the size is completely wrong",
          "it smells of chemicals", "a part was missing", "the seams came apart", "the lid does not close" },
        { "and the seller does not answer", "and the parcel came ten days late", "and I had to ask three times for a refund", "although I paid full price", "and the box was torn open",
          "and nobody at the shop cares", "and the manual is useless" },
        { "Avoid.", "Save your money.", "One star is too much.", "I want my money back.", "Never again.", "Be warned." } },
      { { "It is okay", "Average", "Does the job", "Not bad, not great", "Fair for the price", "Mixed feelings" },
        { "the material is thinner than I thought", "the fit is a little tight", "the colour is slightly off", "it took a while to arrive", "it works but feels cheap",
          "the packing could be better", "one corner was scratched" },
        { "but the seller was polite", "but it does what it should", "and for this price I will keep it", "so I am neither happy nor angry", "but my sister likes it" },
        { "Three stars.", "You get what you pay for.", "Might try another brand.", "Good enough for now." } },
      { { "Love it", "Excellent", "Very happy", "Great buy", "Perfect", "Exceeded my expectations", "So pleased", "Wonderful" },
        { "the quality is better than expected", "it fits perfectly", "the colour is exactly as shown", "it feels solid and well made", "it is soft and warm",
          "my daughter uses it every day", "it looks lovely in our kitchen", "it was easy to put together" },
        { "and it arrived in two days", "and the packing was careful", "and the seller answered at once", "and it was a bargain", "so I ordered a second one",
          "and it makes a fine present", "and it still looks new after a month" },
        { "Highly recommended.", "Five stars.", "Will buy again.", "Thank you!", "Worth every penny.", "Go for it." } } },
    { { { "很失望", "太差了", "后悔买了", "质量太次", "再也不会买了", "非常不满意", "真是浪费钱" },
        { "用了两天拉链就坏了", "收到的时候已经裂了", "颜色和图片完全不一样", "一个星期就不能用了", "尺码根本不对", "味道特别刺鼻", "少了一个配件", "线头到处都是" },
        { "客服一直不回复", "物流慢了十几天", "退款要催好几次", "包装也破了", "说明书根本看不懂", "卖家态度很差" },
        { "大家别买。", "一颗星都嫌多。", "要求退款。", "千万别上当。", "差评。" } },
      { { "一般般", "还可以", "凑合能用", "中规中矩", "这个价格就这样吧" },
        { "料子比想象的薄", "尺码有点偏小", "颜色稍微有点色差", "快递有点慢", "能用但感觉不结实", "包装比较简单" },
        { "不过客服态度挺好", "不过功能都正常", "家里人觉得还行", "先用着看看", "懒得退了" },
        { "给三星。", "一分钱一分货。", "下次换一家试试。", "暂时够用。" } },
      { { "非常喜欢", "质量很好", "超出预期", "太满意了", "物超所值", "特别好", "真不错" },
        { "做工很精细", "大小刚刚好", "颜色和图片一样", "手感很舒服", "用起来很方便", "孩子每天都用", "放在家里很好看", "一点异味都没有" },
        { "快递两天就到了", "包装很仔细", "客服回复很快", "价格也实惠", "又给朋友买了一件", "送人很合适", "用了一个月还像新的" },
        { "推荐购买。", "五星好评。", "会回购的。", "谢谢卖家！", "值得买。" } } },
};

/* Of parcels that came late; the parts above speak of defects. */
static const char *const late[2][10] = {
    { "it came two weeks late", "the parcel took forever", "it was promised for Monday and came ten days later", "I waited and waited for it", "it arrived after the birthday it was for" },
    { "物流太慢了", "等了十几天才收到", "说好三天到结果等了两周", "发货特别慢", "生日都过了才到货" },
};
static const char *const after_late[2][10] = {
    { "and the seller does not answer", "and nobody knew where it was", "although I paid for fast shipping", "and I had to ask three times" },
    { "客服一直不回复", "问了几次都没人理", "加钱发的快递也没用", "催了好几次" },
};

static const char *pick(const char *const *choices, uint64_t h)
{
    size_t n = 0;
    while (n < 10 && choices[n]) n++;
    return choices[h % n];
}

/* Two letters of one word change places. */
static void typo(char *text, uint64_t h)
{
    size_t n = strlen(text);
    for (size_t i = h % (n + 1); i + 1 < n; i++) {
        if (text[i] < 'a' || text[i] > 'z' || text[i + 1] < 'a' || text[i + 1] > 'z' || text[i] == text[i + 1]) continue;
        char c = text[i];
        text[i] = text[i + 1];
        text[i + 1] = c;
        return;
    }
}

void sim_words(const sim_review *r, char *buf, size_t size)
{
    int mood = r->stars <= 2 ? 0 : r->stars == 3 ? 1 : 2;
    bool chinese = r->chinese;
    const char *piece[5];
    uint64_t h[5];

    for (uint64_t k = 0; k < 5; k++) h[k] = toc_mix(r->words + 77 * k);
    if (r->variation) h[toc_mix(r->variation) % 4] = toc_mix(r->variation + 5); /* a copy changes one part */
    for (size_t k = 0; k < 4; k++) piece[k] = pick(parts[chinese][mood][k], h[k] >> 8);
    piece[4] = pick(parts[chinese][mood][1], h[4] >> 8); /* a second thing to say */
    bool second = h[4] % 3 == 0 && piece[4] != piece[1];
    if (mood == 0 && r->late) {
        piece[1] = pick(late[chinese], h[1] >> 8);
        piece[2] = pick(after_late[chinese], h[2] >> 8);
        second = false;
    }
    if (chinese) snprintf(buf, size, "%s，%s，%s%s%s。%s", piece[0], piece[1], second ? piece[4] : "", second ? "，" : "", piece[2], piece[3]);
    else snprintf(buf, size, "%s, %s%s%s %s. %s", piece[0], piece[1], second ? ", " : "", second ? piece[4] : "", piece[2], piece[3]);
    if (!chinese && h[3] % 5 == 0) typo(buf, h[2] >> 20);
}
