/* What is found out of a file's form: encoding, delimiter, quote, header, lines in front of it and after the last row. */
#include "reader/reader.h"

#include <iconv.h>
#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

/* The form in words, and the header's names between brackets; rows and trailer records are counted. */
static void sniff(toc_str bytes, const char *dialect, char *form, size_t room, char *names, size_t *n_rows, size_t *n_trailer)
{
    rd_options options = { .batch_bytes = 64 };
    rd_reader *reader = NULL;
    rd_batch batch = {0};
    toc_ctx ctx;
    size_t n, at = 0;

    toc_ctx_init(&ctx);
    if (rd_dialect_parse(&ctx, dialect, &options.dialect) || rd_open_bytes(&ctx, "bytes", bytes, &options, &reader)) fail_msg("%s", ctx.message);
    const toc_str *header = rd_header(reader, &n);
    names[0] = 0;
    for (size_t j = 0; j < n && at < 200; j++) at += (size_t)snprintf(names + at, 400 - at, "[%.*s]", (int)TOC_MIN(header[j].n, (size_t)40), header[j].p);
    *n_rows = *n_trailer = 0;
    do {
        assert_int_equal(rd_next(&ctx, reader, &batch), TOC_OK);
        for (size_t i = 0; i < batch.n; i++) {
            *n_trailer += batch.records[i].fault == RD_TRAILER;
            *n_rows += batch.records[i].fault != RD_TRAILER;
        }
    } while (batch.n);
    rd_layout_text(reader, form, room);
    rd_batch_release(&batch);
    rd_close(reader);
    toc_ctx_release(&ctx);
}

static void expect_given(const char *text, const char *dialect, const char *form, const char *names, size_t n_rows)
{
    char got_form[200], got_names[400];
    size_t rows, trailer;

    sniff(toc_str_of(text), dialect, got_form, sizeof got_form, got_names, &rows, &trailer);
    assert_string_equal(got_form, form);
    assert_string_equal(got_names, names);
    assert_int_equal(rows, n_rows);
}

static void expect(const char *text, const char *form, const char *names, size_t n_rows)
{
    expect_given(text, NULL, form, names, n_rows);
}

#define COMMA "ASCII, delimiter ,, quote \", "

static void test_delimiter(void **state)
{
    (void)state;
    expect("a,b\n1,2\n", COMMA "header on line 1", "[a][b]", 1);
    expect("a;b;c\n1,5;2,5;x\n3,25;4,5;y\n5,5;6,25;z\n", "ASCII, delimiter ;, quote \", header on line 1", "[a][b][c]", 3);
    expect("a\tb\nx, y, z\t1\nx, y\t2\n", "ASCII, delimiter tab, quote \", header on line 1", "[a][b]", 2);
    expect("id|tags|n\nA|x;y|1\nB|u;v|2\n", "ASCII, delimiter |, quote \", header on line 1", "[id][tags][n]", 2);
    expect("id,note\nA1\t,\"x\ty\"\nA2\t,z\n", COMMA "header on line 1", "[id][note]", 2); /* tabs that only fill up cells */
    expect("text\none; two\nthree\n", COMMA "header on line 1", "[text]", 2);
    expect("name,\"x;y;z\"\n\"a;b\",\"1;2\"\n", COMMA "header on line 1", "[name][x;y;z]", 1);
    expect("sep=|\na|b\n1|2\n", "ASCII, delimiter |, quote \", header on line 2 (1 preamble line)", "[a][b]", 1);
    expect("\"sep=;\"\r\na;b\r\n1;2\r\n", "ASCII, delimiter ;, quote \", header on line 2 (1 preamble line)", "[a][b]", 1);
}

static void test_quote(void **state)
{
    (void)state;
    expect("a,b\n'x, y',1\n'z','2, 3'\n", "ASCII, delimiter ,, quote ', header on line 1", "[a][b]", 2);
    expect("a,b\n'tis,1\nit's,2\n", COMMA "header on line 1", "[a][b]", 2);
    expect("a,b\n'007,1\n'008,2\n", COMMA "header on line 1", "[a][b]", 2); /* the mark of spreadsheets for text */
    expect("a\tb\n5\" pipe\t\"x\ny\t\"\"\"z\n", "ASCII, delimiter tab, no quotes, header on line 1", "[a][b]", 2);
    expect("a|b\n\"x|y\"|2\n", "ASCII, delimiter |, quote \", header on line 1", "[a][b]", 1);
}

static void test_header(void **state)
{
    (void)state;
    expect("1,2.5,x\n2,3.5,y\n3,4.25,z\n", COMMA "no header", "[column_1][column_2][column_3]", 3);
    expect("2024-01-01,A17\n2024-01-02,A18\n2024-01-03,B1\n", COMMA "no header", "[column_1][column_2]", 3);
    expect("day,n\n2024-01-01,5\n2024-01-02,6\n", COMMA "header on line 1", "[day][n]", 2);
    expect("id,2019,2020,2021\nx,1,2,3\ny,4,5,6\n", COMMA "header on line 1", "[id][2019][2020][2021]", 2);
    expect("0,1,2\n5,6,7\n8,9,1\n", COMMA "header on line 1", "[0][1][2]", 2); /* the columns' numbers */
    expect("a,b\nx,y\nz,w\n", COMMA "header on line 1", "[a][b]", 2);
    expect(",a,b\n0,1,2\n1,3,4\n", COMMA "header on line 1", "[][a][b]", 2);
    expect("a,,c,\n1,2,3,4\n", COMMA "header on line 1", "[a][][c][]", 1);
    expect("1,2\n", COMMA "header on line 1", "[1][2]", 0);
    expect_given("1,2\n3,4\n", "header=no", COMMA "no header", "[column_1][column_2]", 2);
    expect_given("1,2.5,x\n2,3.5,y\n", "header=yes", COMMA "header on line 1", "[1][2.5][x]", 1);
}

static void test_preamble(void **state)
{
    (void)state;
    expect("Orders\n\nid,day,n\n1,2024-01-01,5\n2,2024-01-02,6\n", COMMA "header on line 3 (2 preamble lines)", "[id][day][n]", 2);
    expect("Orders,,,\nMade by:,me,,\n,,,\nid,day,n,m\n1,2024-01-01,5,1\n2,2024-01-02,6,1\n", COMMA "header on line 4 (3 preamble lines)", "[id][day][n][m]", 2);
    expect("# made by a till\n# twice\nid,day,n\n1,2024-01-01,5\n", COMMA "header on line 3 (2 preamble lines)", "[id][day][n]", 1);
    expect("\"All amounts in EUR, unless \"\"else\"\"\"\n\"date/time\",\"type\",\"total\"\n\"x\",\"y\",\"1.00\"\n", COMMA "header on line 2 (1 preamble line)",
           "[date/time][type][total]", 1);
    expect("id,name,n\n1,x\n2,y\n", COMMA "header on line 1", "[id][name][n]", 2); /* rows that lack fields */
    expect("a,b\n1,2,3\n4,5,6\n", COMMA "header on line 1", "[a][b]", 2);
    expect_given("x\ny,z\nid,n\n1,2\n", "skip=2", COMMA "header on line 3 (2 preamble lines)", "[id][n]", 1);
    expect_given("Orders\nid,day,n\n1,2024-01-01,5\n", "skip=0,delimiter=comma", COMMA "header on line 1", "[Orders]", 2);
}

static void test_trailer(void **state)
{
#define HEAD "id,name,qty,price\n1,x,1,2.50\n2,y,2,3.50\n"
#define NO_TRAILER COMMA "header on line 1"
#define TRAILER(n) COMMA "header on line 1, " n
#define UTF8_TRAILER(n) "UTF-8, delimiter ,, quote \", header on line 1, " n
    const char *names = "[id][name][qty][price]";
    (void)state;
    expect(HEAD "Total,,3,9.50\n", TRAILER("1 trailer line"), names, 2);
    expect(HEAD "2 Datens\303\244tze\n", UTF8_TRAILER("1 trailer line"), names, 2);
    expect(HEAD "2 lignes,,,\nExport\303\251 le 01/02/2024\n", UTF8_TRAILER("2 trailer lines"), names, 2);
    expect(HEAD "2 pedidos\nGerado em 01/02/2024 10:00\n", TRAILER("2 trailer lines"), names, 2);
    expect(HEAD ",,Grand total:,9.50\n", TRAILER("1 trailer line"), names, 2);
    expect(HEAD ",,,\nSommer,,,\n", NO_TRAILER, names, 4); /* no such word */
    expect(HEAD ",,,\nSumme,,,9.5\n", TRAILER("2 trailer lines"), names, 2);
    expect(HEAD "----------\n2 rows\n", TRAILER("2 trailer lines"), names, 2);
    expect(HEAD "\n(2 rows affected)\n\n", TRAILER("1 trailer line"), names, 2);
    expect(HEAD "\"2\",\"record(s) downloaded,\",\" from \",\"Jan-01-24\"\nSeller ID : me\n", TRAILER("2 trailer lines"), names, 2);
    expect(HEAD "======\npaid: 8,1234.00\nopen: 0,0.00\nmade on 2024-02-01\n", TRAILER("4 trailer lines"), names, 2);
    expect("id,name,qty,price\n1,x,1,2\n\345\205\2612\346\235\241\n", "UTF-8, delimiter ,, quote \", header on line 1, 1 trailer line", names, 1);
    expect("id,name,qty,price\n1,x,1,2\n\345\220\210\350\256\241,,1,2\n", "UTF-8, delimiter ,, quote \", header on line 1, 1 trailer line", names, 1);
    /* rows, cut off rows, and what stands elsewhere */
    expect(HEAD "3,z\n", NO_TRAILER, names, 3);
    expect(HEAD "100\n", NO_TRAILER, names, 3);
    expect(HEAD "Total,,3,9.50\n3,z,1,1.00\n", NO_TRAILER, names, 4);
    expect(HEAD "Totally,z,1,1.00\n", NO_TRAILER, names, 3);
    expect(HEAD "#7,,,1.00\n", NO_TRAILER, names, 3);
    expect(HEAD "3,\"a\n----\nTotal\",1,1.00\n", NO_TRAILER, names, 3);
    expect(HEAD ",,,\n", NO_TRAILER, names, 3);
    expect("id,name\n", NO_TRAILER, "[id][name]", 0);
    expect_given(HEAD "x,y,z,w\nlast\n", "trailer=2", TRAILER("2 trailer lines"), names, 2);
    expect_given(HEAD "Total,,3,9.50\n", "trailer=0", NO_TRAILER, names, 3);
}

/* However long the file is and wherever a batch ends. */
static void test_trailer_of_long_files(void **state)
{
    toc_ctx ctx;
    toc_buf text = {0};
    char form[200], names[400];
    size_t rows, trailer;
    (void)state;

    toc_ctx_init(&ctx);
    for (size_t n = 20000; n < 160000; n += 17387) {
        toc_buf_reset(&text);
        assert_int_equal(toc_buf_str(&ctx, &text, "id,name,qty,price\n"), TOC_OK);
        for (size_t i = 0; i < n; i++) assert_int_equal(toc_buf_printf(&ctx, &text, "%zu,name %zu,1,2.50\n", i, i * 7), TOC_OK);
        assert_int_equal(toc_buf_str(&ctx, &text, "--------\nTotal,,5,6\nby me\n"), TOC_OK);
        sniff((toc_str){ text.p, text.n }, NULL, form, sizeof form, names, &rows, &trailer);
        assert_int_equal(rows, n);
        assert_int_equal(trailer, 3);
    }
    toc_buf_release(&text);
    toc_ctx_release(&ctx);
}

/* ---- encodings ---- */

static const char *const words_zh[] = { "订单编号", "买家会员名", "商品标题", "数量", "金额", "收货地址", "张伟", "不锈钢勺子", "蓝色", "浙江省杭州市", "已付款",
                                        "质量很好，还会再来", "发货太慢了", "运费险", "棉麻衬衫", "交易成功", "备注", "陈静" };
static const char *const words_tw[] = { "訂單編號", "買家", "商品名稱", "數量", "金額", "收件地址", "陳怡君", "不鏽鋼湯匙", "藍色", "臺北市中山區", "已付款",
                                        "品質很好，下次再買", "出貨太慢", "運費", "棉麻襯衫", "交易完成", "備註", "林志明" };
static const char *const words_ja[] = { "注文番号", "購入者", "商品名", "数量", "金額", "お届け先", "田中太郎", "ステンレススプーン", "青色", "東京都渋谷区", "支払い済み",
                                        "とても良い商品です", "発送が遅い", "送料", "リネンシャツ", "取引完了", "備考", "ｻﾄｳ" };
static const char *const words_west[] = { "Größe", "Straße", "café", "Münze", "Köln", "prénom", "año", "señora", "Smørrebrød", "São Paulo", "12 €", "5°", "naïve",
                                          "Lübeck", "fête", "d’accord", "Ångström", "Bezahlt – ja" };

static const struct {
    const char *shown, *iconv;
    const char *const *words;
} languages[] = { { "GB18030", "GB18030", words_zh }, { "Big5", "BIG5", words_tw }, { "Shift-JIS", "CP932", words_ja }, { "Windows-1252", "CP1252", words_west } };

static size_t convert(const char *encoding, const char *text, size_t n, char *out, size_t room)
{
    char *in = (char *)(uintptr_t)text, *to = out;
    size_t left = n, space = room;
    iconv_t cd = iconv_open(encoding, "UTF-8");

    assert_true(cd != (iconv_t)-1);
    if (iconv(cd, &in, &left, &to, &space) == (size_t)-1) fail_msg("%s: %s", encoding, in);
    iconv_close(cd);
    return room - space;
}

/* Files of one to five words of a language among ASCII: how often the encoding is found. */
static void test_legacy(void **state)
{
    (void)state;

    for (size_t k = 0; k < TOC_COUNT(languages); k++) {
        size_t right[6] = {0}, all[6] = {0};
        toc_rng rng = toc_rng_new(k, 1);
        for (size_t i = 0; i < 1000; i++) {
            char text[1000] = "order_id,note\n", bytes[1000], form[200], names[400];
            size_t at = strlen(text), rows, trailer, n_words = 1 + i % 5;
            for (size_t w = 0; w < n_words; w++)
                at += (size_t)snprintf(text + at, sizeof text - at, "A%zu,%s\n", w, languages[k].words[toc_rng_below(&rng, 18)]);
            size_t n = convert(languages[k].iconv, text, at, bytes, sizeof bytes);
            sniff((toc_str){ bytes, n }, NULL, form, sizeof form, names, &rows, &trailer);
            all[n_words]++;
            right[n_words] += strncmp(form, languages[k].shown, strlen(languages[k].shown)) == 0;
        }
        for (size_t w = 1; w <= 5; w++) {
            print_message("%s, %zu words: %zu of %zu\n", languages[k].shown, w, right[w], all[w]);
            if (right[w] * 100 < all[w] * (w == 1 ? 85 : 97)) fail_msg("%s, %zu words: %zu of %zu", languages[k].shown, w, right[w], all[w]);
        }
    }
}

static void test_utf16(void **state)
{
    static const char *const texts[] = { "id,name\n1,x\n2,y\n", "订单编号,商品标题\n1,不锈钢勺子\n2,质量很好，还会再来\n" };
    static const char *const encodings[] = { "UTF-16LE", "UTF-16BE" };
    (void)state;

    for (size_t t = 0; t < 2; t++)
        for (size_t e = 0; e < 2; e++)
            for (size_t mark = 0; mark < 2; mark++) {
                char bytes[400], form[200], names[400];
                size_t rows, trailer, n = mark ? 2 : 0;
                memcpy(bytes, e ? "\376\377" : "\377\376", 2);
                n += convert(encodings[e], texts[t], strlen(texts[t]), bytes + n, sizeof bytes - n);
                sniff((toc_str){ bytes, n }, NULL, form, sizeof form, names, &rows, &trailer);
                if (strncmp(form, encodings[e], 8) != 0) fail_msg("%zu %s %zu: %s", t, encodings[e], mark, form);
                assert_int_equal(rows, 2);
            }
}

static void test_dialect_words(void **state)
{
    static const char *const bad[] = { "delimiter=x", "delimiter=", "quote=12", "header=1", "skip=x", "skip=-1", "trailer=9999", "decimal=dot", "dates=ymd",
                                       "encoding=klingon", "encoding=", "colour=red", "delimiter", "delimiter=;,quote=;" };
    rd_dialect d;
    toc_ctx ctx;
    (void)state;

    toc_ctx_init(&ctx);
    assert_int_equal(rd_dialect_parse(&ctx, "delimiter=,,quote=single,header=no,skip=3,trailer=1,decimal=comma,dates=mdy,encoding=latin1", &d), TOC_OK);
    assert_true(d.delimiter == ',' && d.quote == '\'' && d.header == RD_NO_HEADER && d.skip_given && d.skip == 3 && d.trailer_given && d.trailer == 1);
    assert_true(d.decimal == RD_DECIMAL_COMMA && d.dates == TOC_DATE_MDY && strcmp(d.encoding, "latin1") == 0);
    assert_int_equal(rd_dialect_parse(&ctx, "delimiter=tab,quote=none", &d), TOC_OK);
    assert_true(d.delimiter == '\t' && d.quote == RD_NO_QUOTE && !d.skip_given);
    assert_int_equal(rd_dialect_parse(&ctx, NULL, &d), TOC_OK);
    assert_true(!d.delimiter && !d.quote && !d.encoding);
    for (size_t i = 0; i < TOC_COUNT(bad); i++)
        if (rd_dialect_parse(&ctx, bad[i], &d) != TOC_E_USAGE) fail_msg("%s was taken", bad[i]);
    toc_ctx_release(&ctx);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_delimiter), cmocka_unit_test(test_quote), cmocka_unit_test(test_header), cmocka_unit_test(test_preamble),
        cmocka_unit_test(test_trailer), cmocka_unit_test(test_trailer_of_long_files), cmocka_unit_test(test_legacy), cmocka_unit_test(test_utf16),
        cmocka_unit_test(test_dialect_words),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
