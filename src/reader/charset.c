/* charset.c: the encoding of a file by its first bytes.
 *
 * Bytes that are valid UTF-8 are UTF-8. Other text is read as each of the old encodings in turn, and every character is given points: many where it is
 * among the most frequent of the language that is written so, few where it exists but is rare, less than none where the bytes mean nothing. The
 * encoding with the most points for each byte above 0x7f is the one: text of another encoding becomes characters that nobody writes. */
#include "reader/reader_int.h"

static const struct {
    const char *name;  /* shown */
    const char *iconv;
} charsets[] = {
    [RD_UTF8] = { "UTF-8", "UTF-8" },          [RD_UTF16LE] = { "UTF-16LE", "UTF-16LE" }, [RD_UTF16BE] = { "UTF-16BE", "UTF-16BE" },
    [RD_GB18030] = { "GB18030", "GB18030" },   [RD_BIG5] = { "Big5", "CP950" },           [RD_SHIFT_JIS] = { "Shift-JIS", "CP932" },
    [RD_WINDOWS_1252] = { "Windows-1252", "CP1252" }, [RD_OTHER] = { "", "" },
};

const char *rd_charset_name(rd_charset charset) { return charsets[charset].name; }
const char *rd_charset_iconv(rd_charset charset) { return charsets[charset].iconv; }

rd_charset rd_charset_of(const char *name)
{
    static const struct {
        const char *name;
        rd_charset charset;
    } names[] = {
        { "utf-8", RD_UTF8 },      { "utf8", RD_UTF8 },          { "utf-16le", RD_UTF16LE },   { "utf-16be", RD_UTF16BE },
        { "gbk", RD_GB18030 },     { "gb2312", RD_GB18030 },     { "gb18030", RD_GB18030 },    { "cp936", RD_GB18030 },
        { "big5", RD_BIG5 },       { "cp950", RD_BIG5 },         { "shift-jis", RD_SHIFT_JIS }, { "shift_jis", RD_SHIFT_JIS },
        { "sjis", RD_SHIFT_JIS },  { "cp932", RD_SHIFT_JIS },    { "windows-31j", RD_SHIFT_JIS },
        { "windows-1252", RD_WINDOWS_1252 }, { "cp1252", RD_WINDOWS_1252 },
    };

    for (size_t i = 0; i < TOC_COUNT(names); i++)
        if (toc_str_is_nocase(toc_str_of(name), names[i].name)) return names[i].charset;
    return RD_OTHER;
}

/* Formats that people hand in by mistake, by their first bytes. */
static const char *known_binary(toc_str head)
{
    static const struct {
        const char *magic;
        size_t n;
        const char *what;
    } table[] = {
        { "PK\003\004", 4, "an Excel workbook or a zip archive: save it as CSV, or unpack it first" },
        { "\320\317\021\340", 4, "an old Excel workbook: save it as CSV first" },
        { "%PDF", 4, "a PDF document" },
        { "SQLite format 3", 15, "an SQLite file" },
        { "\177ELF", 4, "a program" },
        { "\211PNG", 4, "a picture" },
        { "\377\330\377", 3, "a picture" },
        { "BZh", 3, "a bzip2 archive: unpack it first" },
        { "\3757zXZ", 6, "an xz archive: unpack it first" },
        { "PAR1", 4, "a Parquet file" },
        { "\037\213\010", 3, "packed twice: unpack it once first" },
        { "\050\265\057\375", 4, "packed twice: unpack it once first" },
    };
    for (size_t i = 0; i < TOC_COUNT(table); i++)
        if (head.n >= table[i].n && !memcmp(head.p, table[i].magic, table[i].n)) return table[i].what;
    if (head.n >= 262 && !memcmp(head.p + 257, "ustar", 5)) return "a tar archive: unpack it first";
    return NULL;
}

size_t rd_gb18030_valid(toc_str bytes)
{
    const unsigned char *p = (const unsigned char *)bytes.p;
    size_t i = 0;

    while (i < bytes.n) {
        if (p[i] < 0x80) i++;
        else if (p[i] == 0x80 || p[i] == 0xff || i + 1 >= bytes.n) return i;
        else if ((p[i + 1] >= 0x40 && p[i + 1] <= 0x7e) || (p[i + 1] >= 0x80 && p[i + 1] <= 0xfe)) i += 2;
        else if (i + 3 < bytes.n && p[i + 1] >= 0x30 && p[i + 1] <= 0x39 && p[i + 2] >= 0x81 && p[i + 2] <= 0xfe && p[i + 3] >= 0x30 &&
                 p[i + 3] <= 0x39) i += 4;
        else return i;
    }
    return i;
}

/* ---- the old encodings ---- */

/* The most frequent characters of each language in general, and of what stands in the headers and rows of shop exports. */
static const char simplified[] =
    "的一是不了在人有我他这个上们来到时大地为子中你说生国年着就那和要她出也得里后自以会家可下而过天去能对小多然于心学么之都好看起发当没成只如事把还用第样道想作种开美总从无情己"
    "面最女但现前些所同日手又行意动方期它头经长儿回位分爱老因很给名法间斯知世什两次使身者被高已亲其进此话常与活正感"
    "订单编号买家商品数量金额价格付款时间创建状态退款物流收货地址电话手机邮箱支付宝店铺标题类目颜色尺码优惠折运费实际应备注卖省市区县街镇路楼室室内评论内容星级追评快递"
    "完成关闭待已取消成功失败交易流水账户明细导出合计总笔条记录元角整月红黑白蓝绿黄灰套装双件箱包盒袋质量满客服退换差很快度款式穿合适推荐购物喜欢";
static const char traditional[] =
    "的一是不了在人有我他這個們中來上大為和國地到以說時要就出會可也你對生能而子那得于著下自之年過發後作里用道行所然家種事成方多經麼去法學如都同現當沒動面起看定天分還進好小"
    "部其些主樣理心她本前開但因只從想實日軍者意無力它與長把機十民第公此已工使情明性知全三又關點正業外將兩高間由問很最重"
    "訂單編號買家賣商品數量金額價格付款時間建立狀態退款物流收貨地址電話手機信箱支付店鋪標題類別顏色尺寸優惠折扣運費備註縣市區鄉鎮路街樓號室評論內容星級宅配超取"
    "完成關閉待已取消成功失敗交易帳戶明細匯出合計總筆條紀錄元月紅黑白藍綠黃灰套裝雙件箱包盒袋質滿意客服退換很快款式穿合適推薦購物喜歡蝦皮";
static const char japanese[] =
    "日一人年大十二本中長出三時行見月後前生五間上東四今金九入学高円子外八六下来気小七山話女北午百書先名川千水半男西電校語土木聞食車何南万毎白天母火右読友左休父雨"
    "注文番号商品数量単価金額合計送料住所氏名様都道府県市区町村郵便配送発送支払方法代引決済受付完了取消返品返金在庫税込抜税率顧客会員電話顔色青赤黒緑黄茶箱袋個枚本組"
    "確認処理済未定価販売店舗管理備考評価内容通常型機械用品新着割引利用登録更新番地丁目号室";

static const struct {
    rd_charset charset;
    const char *frequent;
} legacy[] = { { RD_GB18030, simplified }, { RD_WINDOWS_1252, NULL }, { RD_SHIFT_JIS, japanese }, { RD_BIG5, traditional } };

/* One character of three bytes of UTF-8 in such a list. */
static bool is_frequent(const char *list, const char *character)
{
    for (; *list; list += 3)
        if (!memcmp(list, character, 3)) return true;
    return false;
}

/* Points of a character of East Asia for each of its bytes. `common`: it is among the few thousand of everyday use, by its place in the encoding. */
static double asian_points(rd_charset charset, uint32_t c, const char *utf8, const char *frequent, bool common)
{
    if (c >= 0x4e00 && c <= 0x9fff) return is_frequent(frequent, utf8) ? 1.0 : common ? 0.45 : 0.05;
    if (c >= 0x3040 && c <= 0x30ff) return charset == RD_SHIFT_JIS ? 1.0 : 0.05;            /* kana */
    if (c >= 0x3000 && c <= 0x303f) return 0.8;                                             /* punctuation */
    if (c >= 0xff01 && c <= 0xff5e) return 0.8;                                             /* full width forms of ASCII */
    if (c >= 0xff61 && c <= 0xff9f) return charset == RD_SHIFT_JIS ? 0.15 : 0.0;            /* half width kana */
    if ((c >= 0x2010 && c <= 0x2030) || c == 0xa5 || c == 0xb7 || c == 0xd7 || c == 0x20ac || c == 0xffe5) return 0.6;
    if (c >= 0xe000 && c <= 0xf8ff) return -1.0;                                            /* nobody's */
    return 0.0;
}

/* By the place in the tables, which are ordered by use: level one of GB 2312, of Big5, and of JIS. */
static bool in_common_table(rd_charset charset, const unsigned char *p)
{
    if (charset == RD_GB18030) return p[0] >= 0xb0 && p[0] <= 0xd7 && p[1] >= 0xa1;
    if (charset == RD_BIG5) return p[0] >= 0xa4 && p[0] <= 0xc6;
    return (p[0] >= 0x88 && p[0] <= 0x97) || (p[0] == 0x98 && p[1] <= 0x72);
}

/* Bytes of the character at p in the encoding's shape; 0 where there is none. */
static size_t shape(rd_charset charset, const unsigned char *p, size_t n)
{
    if (charset == RD_SHIFT_JIS && p[0] >= 0xa1 && p[0] <= 0xdf) return 1;
    if (n < 2) return 0;
    if (charset == RD_GB18030) {
        size_t valid = rd_gb18030_valid((toc_str){ (const char *)p, TOC_MIN(n, (size_t)4) });
        return valid >= 4 && p[1] >= 0x30 && p[1] <= 0x39 ? 4 : valid >= 2 ? 2 : 0;
    }
    bool lead = charset == RD_BIG5 ? p[0] >= 0x81 && p[0] <= 0xfe : (p[0] >= 0x81 && p[0] <= 0x9f) || (p[0] >= 0xe0 && p[0] <= 0xfc);
    bool trail = (p[1] >= 0x40 && p[1] <= 0x7e) || (charset == RD_BIG5 ? p[1] >= 0xa1 && p[1] <= 0xfe : p[1] >= 0x80 && p[1] <= 0xfc);
    return lead && trail ? 2 : 0;
}

static uint32_t code_point(const unsigned char *p, size_t n)
{
    if (n == 3) return (uint32_t)((p[0] & 0x0fU) << 12 | (p[1] & 0x3fU) << 6 | (p[2] & 0x3fU));
    if (n == 2) return (uint32_t)((p[0] & 0x1fU) << 6 | (p[1] & 0x3fU));
    return 0;
}

/* Points for each byte above 0x7f; the bytes are those above 0x7f and what may belong to them. */
static double weigh_asian(rd_charset charset, const char *frequent, toc_str sample)
{
    const unsigned char *p = (const unsigned char *)sample.p;
    rd_decoder decoder = {0};
    double points = 0.0;
    size_t n_bytes = 0;
    char utf8[8];

    if (!rd_decoder_start(&decoder, charsets[charset].iconv)) return -1.0;
    for (size_t i = 0; i < sample.n;) {
        if (p[i] < 0x80) {
            i++;
            continue;
        }
        size_t n = shape(charset, p + i, sample.n - i);
        if (!n && sample.n - i < 4) break; /* cut off by the end of the sample */
        size_t made = n ? rd_decoder_one(&decoder, sample.p + i, n, utf8, sizeof utf8) : 0;
        if (!made) points -= 2.0;
        else points += (double)n * asian_points(charset, code_point((const unsigned char *)utf8, made), utf8, frequent, in_common_table(charset, p + i));
        n_bytes += made ? n : 1;
        i += made ? n : 1;
    }
    rd_decoder_end(&decoder);
    return n_bytes ? points / (double)n_bytes : 0.0;
}

static bool is_letter(unsigned char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

/* Western text: single letters with an accent inside words of plain ones, and a few signs. Long runs are something else. */
static double weigh_western(toc_str sample)
{
    const unsigned char *p = (const unsigned char *)sample.p;
    double points = 0.0;
    size_t n_bytes = 0;

    for (size_t i = 0; i < sample.n;) {
        size_t n = 0;
        if (p[i] < 0x80) {
            i++;
            continue;
        }
        while (i + n < sample.n && p[i + n] >= 0x80) n++;
        bool letter_before = i && is_letter(p[i - 1]), letter_after = i + n < sample.n && is_letter(p[i + n]);
        for (size_t k = 0; k < n; k++) {
            unsigned char c = p[i + k];
            bool undefined = c == 0x81 || c == 0x8d || c == 0x8f || c == 0x90 || c == 0x9d;
            bool letter = c >= 0xc0 && c != 0xd7 && c != 0xf7;
            bool sign = strchr("\x80\x85\x91\x92\x93\x94\x96\x97\xa0\xa1\xa3\xa7\xa9\xae\xb0\xb4\xb7\xbf\xdf", c) != NULL;
            if (undefined) points -= 2.0;
            else if (n > 2) points -= 0.2;
            else if (letter && (letter_before || letter_after)) points += n == 1 ? 0.9 : 0.4;
            else if (sign) points += n == 1 ? 0.7 : 0.2;
            else points += n == 1 ? 0.3 : 0.0;
        }
        n_bytes += n;
        i += n;
    }
    return n_bytes ? points / (double)n_bytes : 0.0;
}

/* The bytes above 0x7f with one byte before and two after each run, as many as fit. */
static size_t take_sample(toc_str bytes, char *sample, size_t room)
{
    size_t n = 0, done = 0; /* bytes[0, done) are looked at */

    for (size_t i = 0; i < bytes.n && n < room; i++) {
        if ((unsigned char)bytes.p[i] < 0x80) continue;
        for (size_t k = TOC_MAX(done, i ? i - 1 : 0); k < bytes.n && k < i + 3 && n < room; k++) {
            sample[n++] = bytes.p[k];
            done = k + 1;
        }
    }
    return n;
}

rd_charset rd_sniff_legacy(toc_str bytes)
{
    char sample[16384];
    const toc_str taken = { sample, take_sample(bytes, sample, sizeof sample) };
    rd_charset best = RD_WINDOWS_1252;
    double best_points = -9.0;

    for (size_t k = 0; k < TOC_COUNT(legacy); k++) {
        double points = legacy[k].frequent ? weigh_asian(legacy[k].charset, legacy[k].frequent, taken) : weigh_western(taken);
        if (points <= best_points) continue;
        best_points = points;
        best = legacy[k].charset;
    }
    return best;
}

/* ---- the first bytes ---- */

/* UTF-16 without a mark: NUL is one half of every ASCII character, so all stand at odd places (little endian) or at even ones, and the other half of
 * some of them is a line end, comma, tab, semicolon or bar. */
static bool looks_utf16(toc_str head, bool little)
{
    size_t units = TOC_MIN(head.n, (size_t)65536) / 2, zero = 0, wrong = 0, marks = 0, others = 0;

    for (size_t i = 0; i < units; i++) {
        char low = head.p[2 * i + (little ? 0 : 1)], high = head.p[2 * i + (little ? 1 : 0)];
        zero += !high && low;
        wrong += !low;
        bool mark = low && strchr("\n\r,;\t|", low);
        marks += mark && !high;
        others += mark && high; /* few characters of other scripts end so */
    }
    return units >= 4 && zero * 20 >= units && marks > 3 * others && wrong * 20 <= zero;
}

static bool mostly_controls(toc_str head, char delimiter)
{
    size_t n = TOC_MIN(head.n, (size_t)65536), controls = 0;

    for (size_t i = 0; i < n; i++) {
        unsigned char c = (unsigned char)head.p[i];
        controls += c < 0x20 && c != '\t' && c != '\n' && c != '\r' && c != '\f' && c != '\v' && c != (unsigned char)delimiter;
    }
    return controls * 50 > n;
}

rd_sniffed rd_sniff_charset(toc_str head, bool whole, char delimiter)
{
    rd_sniffed found = { .charset = RD_UTF8, .what = known_binary(head) };
    size_t valid, i = 0;

    found.format = found.what != NULL;
    if (found.what) return found;
    if (head.n >= 2 && !memcmp(head.p, "\377\376", 2)) return (rd_sniffed){ .charset = RD_UTF16LE, .bom = 2 };
    if (head.n >= 2 && !memcmp(head.p, "\376\377", 2)) return (rd_sniffed){ .charset = RD_UTF16BE, .bom = 2 };
    if (head.n >= 3 && !memcmp(head.p, "\357\273\277", 3)) return (rd_sniffed){ .charset = RD_UTF8, .bom = 3 };
    if (memchr(head.p, 0, TOC_MIN(head.n, (size_t)65536))) {
        if (looks_utf16(head, true)) found.charset = RD_UTF16LE;
        else if (looks_utf16(head, false)) found.charset = RD_UTF16BE;
        else found.what = "binary: it has NUL bytes";
        return found;
    }
    if (mostly_controls(head, delimiter)) {
        found.what = "binary: it has too many control characters";
        return found;
    }
    while (i < head.n && (unsigned char)head.p[i] < 0x80) i++;
    found.ascii = i == head.n;
    valid = toc_utf8_valid(head);
    if (valid == head.n || (!whole && valid + 4 > head.n)) return found;
    found.charset = rd_sniff_legacy(head);
    return found;
}
