/* test_text_mask.c: HMAC against RFC 4231, sums, keys of personal values, pseudonyms, and what is found in texts. All people and numbers are invented. */
#include "text/text.h"
#include "../scratch.h"

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>
#include <sys/stat.h>
#include <unistd.h>

static const char secret[] = "an invented key of thirty-two by";

typedef struct {
    toc_ctx ctx;
    txt_mask *mask;
    txt_room room;
    toc_buf out;
} fixture;

static int begin(void **state)
{
    static fixture f;

    f = (fixture){0};
    toc_ctx_init(&f.ctx);
    assert_int_equal(txt_mask_new(&f.ctx, toc_str_of(secret), &f.mask), TOC_OK);
    *state = &f;
    return 0;
}

static int end(void **state)
{
    fixture *f = *state;

    txt_mask_free(f->mask);
    txt_room_release(&f->room);
    toc_buf_release(&f->out);
    toc_ctx_release(&f->ctx);
    return 0;
}

/* ---- HMAC ---- */

static toc_str filled(char *buf, char c, size_t n)
{
    memset(buf, c, n);
    return (toc_str){ buf, n };
}

static void hmac_of_rfc_4231(void **state)
{
    char a[200], b[200], c[200], d[200], counting[25];
    for (size_t i = 0; i < sizeof counting; i++) counting[i] = (char)(i + 1);
    const struct {
        toc_str key, data;
        const char *hex;
        size_t n; /* digits compared */
    } cases[] = {
        { filled(a, 0x0b, 20), TOC_STR("Hi There"), "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7", 64 },
        { TOC_STR("Jefe"), TOC_STR("what do ya want for nothing?"), "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843", 64 },
        { filled(b, (char)0xaa, 20), filled(c, (char)0xdd, 50), "773ea91e36800e46854db8ebd09181a72959098b3ef8c122d9635514ced565fe", 64 },
        { { counting, 25 }, filled(d, (char)0xcd, 50), "82558a389a443c0ea4cc819899f2083a85f0faa3e578f8077a2e3ff46729665b", 64 },
        { filled(a + 100, 0x0c, 20), TOC_STR("Test With Truncation"), "a3b6167473100ee06e0c796c2955552b", 32 },
    };
    fixture *f = *state;
    uint8_t digest[32];

    for (size_t i = 0; i < TOC_COUNT(cases); i++) {
        txt_mask *mask;
        char hex[65];
        assert_int_equal(txt_mask_new(&f->ctx, cases[i].key, &mask), TOC_OK);
        txt_mask_hmac(mask, &cases[i].data, 1, digest);
        for (size_t k = 0; k < 32; k++) snprintf(hex + 2 * k, 3, "%02x", digest[k]);
        assert_memory_equal(hex, cases[i].hex, cases[i].n);
        txt_mask_free(mask);
    }
}

static void hmac_of_long_keys_and_parts(void **state)
{
    static const char data[] = "Test Using Larger Than Block-Size Key - Hash Key First";
    const toc_str parts[] = { { data, 10 }, { data + 10, sizeof data - 11 } };
    fixture *f = *state;
    uint8_t digest[32];
    char key[131];
    txt_mask *mask;

    assert_int_equal(txt_mask_new(&f->ctx, filled(key, (char)0xaa, sizeof key), &mask), TOC_OK);
    txt_mask_hmac(mask, parts, 2, digest);
    assert_memory_equal(digest, "\x60\xe4\x31\x59\x1e\xe0\xb6\x7f\x0d\x8a\x26\xaa\xcb\xf5\xb7\x7f\x8e\x0b\xc6\x21\x37\x28\xc5\x14\x05\x46\x04\x0f\x0e\xe3\x7f\x54", 32);
    txt_mask_free(mask);
}

/* ---- sums ---- */

static void sums(void **state)
{
    (void)state;
    assert_true(txt_luhn(TOC_STR("79927398713")));
    assert_false(txt_luhn(TOC_STR("79927398710")));
    assert_false(txt_luhn(TOC_STR("")));
    assert_false(txt_luhn(TOC_STR("7992739871x")));
    assert_true(txt_is_card(TOC_STR("4111111111111111")));
    assert_false(txt_is_card(TOC_STR("4111111111111112")));
    assert_false(txt_is_card(TOC_STR("1111111111111117"))); /* the sum is right, the issuer nobody */
    assert_false(txt_is_card(TOC_STR("411111111111116")));  /* no Visa card has 15 digits */
    assert_true(txt_is_card(TOC_STR("378282246310005")));
    assert_true(txt_is_card(TOC_STR("6222021234567890128")));
    assert_true(txt_is_resident(TOC_STR("11010519491231002X")));
    assert_true(txt_is_resident(TOC_STR("11010519491231002x")));
    assert_false(txt_is_resident(TOC_STR("110105194912310021"))); /* sum */
    assert_false(txt_is_resident(TOC_STR("11010519491231002")));
    assert_false(txt_is_resident(TOC_STR("110105194913310021"))); /* month 13; the sums of this and the next are right */
    assert_false(txt_is_resident(TOC_STR("110105194902290029"))); /* no leap year */
    assert_false(txt_is_resident(TOC_STR("990105194912310023"))); /* no such region */
}

/* ---- keys ---- */

static const char *fold(fixture *f, txt_kind kind, const char *text, const char *country)
{
    toc_buf_reset(&f->out);
    assert_int_equal(txt_fold(&f->ctx, kind, toc_str_of(text), toc_str_of(country), &f->room, &f->out), TOC_OK);
    return f->out.p ? f->out.p : "";
}

typedef struct {
    const char *text, *country, *key;
} folded_case;

static void check_folds(fixture *f, txt_kind kind, const folded_case *cases, size_t n)
{
    for (size_t i = 0; i < n; i++) assert_string_equal(fold(f, kind, cases[i].text, cases[i].country), cases[i].key);
}

static void keys_of_emails(void **state)
{
    static const folded_case cases[] = {
        { "Jane.Roe+shop@Gmail.com", "", "janeroe@gmail.com" }, { " janeroe@googlemail.com ", "", "janeroe@gmail.com" },
        { "Jane.Roe@example.org", "", "jane.roe@example.org" }, { "jane+a@example.org", "", "jane+a@example.org" },
        { "jane.roe+x@outlook.com", "", "jane.roe@outlook.com" }, { "+x@gmail.com", "", "+x@gmail.com" },
        { "Jane Roe <JANE@Example.org>", "", "jane@example.org" }, { "mailto:a@b.cn", "", "a@b.cn" },
        { "ｊａｎｅ＠ｑｑ．ｃｏｍ", "", "jane@qq.com" }, { "jane@example.org.", "", "jane@example.org" }, { "\xff@b.cn", "", "\xc3\xbf@b.cn" },
        { "no address", "", "noaddress" }, { "@", "", "@" }, { "", "", "" },
    };
    check_folds(*state, TXT_EMAIL, cases, TOC_COUNT(cases));
}

static void keys_of_phones(void **state)
{
    static const folded_case cases[] = {
        { "139 1234 5678", "", "+8613912345678" }, { "+86 139-1234-5678", "", "+8613912345678" }, { "0086 13912345678", "", "+8613912345678" },
        { "8613912345678", "", "+8613912345678" }, { "１３９１２３４５６７８", "", "+8613912345678" }, { "13912345678.0", "", "+8613912345678" },
        { "(413) 555-0142", "", "+14135550142" }, { "+1 413.555.0142 ext. 7", "", "+14135550142" }, { "4135550142", "US", "+14135550142" },
        { "14135550142", "United States", "+14135550142" }, { "13915550142", "US", "+13915550142" }, { "13912345678", "China", "+8613912345678" },
        { "07700 900123", "GB", "+447700900123" }, { "+44 (0)7700 900123", "", "+447700900123" }, { "+4407700900123", "", "+447700900123" },
        { "447700900123", "gb", "+447700900123" }, { "07700 900123", "", "07700900123" }, { "06 12 34 56 78", "FR", "+33612345678" },
        { "+39 06 1234567", "", "+39061234567" }, { "06 1234567", "Italy", "+39061234567" }, { "010-12345678转801", "中国", "+861012345678" },
        { "ask Jane", "", "ask jane" }, { "55987654321", "BR", "+5555987654321" }, { "5555987654321", "BR", "+5555987654321" },
        { "000", "GB", "+44" },
    };
    check_folds(*state, TXT_PHONE, cases, TOC_COUNT(cases));
}

static void keys_of_addresses(void **state)
{
    static const folded_case cases[] = {
        { "12 Main Street, Apt. 4B", "", "12mainstapt4b" }, { "12  main st #4b", "", "12mainstapt4b" }, { "12 MAIN ST. Apt #4B", "", "12mainstapt4b" },
        { "12 Main Street, Flat 4B", "", "12mainstapt4b" }, { "12 Main Str", "", "12mainst" }, { "1 23 Main St", "", "1 23mainst" },
        { "12 3 Main St", "", "12 3mainst" }, { "Hauptstraße 5", "", "hauptstr5" }, { "HAUPTSTR. 5", "", "hauptstr5" }, { "Rua São João, nº 5", "", "rsaojoao5" },
        { "广东省深圳市南山区科技路１号", "", "广东深圳南山区科技路1号" }, { "中国 广东深圳 南山区，科技路1号", "", "广东深圳南山区科技路1号" },
        { "O'Connell Road 1", "", "oconnellrd1" }, { "---", "", "" },
    };
    fixture *f = *state;
    assert_string_equal(fold(f, TXT_ADDRESS, "O’Connell Rd 1", ""), "oconnellrd1");
    check_folds(f, TXT_ADDRESS, cases, TOC_COUNT(cases));
}

static void keys_of_others(void **state)
{
    fixture *f = *state;

    assert_string_equal(fold(f, TXT_PAYMENT, "4111 1111-1111 1111", ""), "4111111111111111");
    assert_string_equal(fold(f, TXT_PAYMENT, "pm_1AbC", ""), "pm_1AbC");
    assert_string_equal(fold(f, TXT_NAME, "  Jané   ROE ", ""), "jane roe");
    assert_string_equal(fold(f, TXT_POSTCODE, "sw1a 1aa", ""), fold(f, TXT_POSTCODE, "SW1A1AA", ""));
    assert_string_equal(fold(f, TXT_IP, "2001:DB8::1", ""), "2001:db8::1");
    assert_string_equal(fold(f, TXT_DEVICE, "aB", ""), "aB");
}

static void kinds_of_ids(void **state)
{
    static const struct {
        const char *id;
        txt_kind kind;
    } cases[] = {
        { "jane@example.org", TXT_EMAIL }, { "+1 413 555 0142", TXT_PHONE }, { "13912345678", TXT_PHONE }, { "413-555-0142", TXT_PHONE },
        { "17850", TXT_NOBODY }, { "C00017", TXT_NOBODY }, { "CPPELB7DL", TXT_NOBODY }, { "CUST-17", TXT_NOBODY }, { "5a3f0c1d9e8b7a6c", TXT_NOBODY },
        { "jane82", TXT_NAME }, { "Jane Roe", TXT_NAME }, { "小明", TXT_NAME }, { "JANE", TXT_NAME }, { "a1", TXT_NAME },
        { "4111111111111111", TXT_PAYMENT }, { "11010519491231002X", TXT_RESIDENT }, { "2837465019283746501", TXT_NOBODY },
    };
    (void)state;
    for (size_t i = 0; i < TOC_COUNT(cases); i++)
        if (txt_kind_of_id(toc_str_of(cases[i].id)) != cases[i].kind) fail_msg("%s is of kind %d", cases[i].id, (int)txt_kind_of_id(toc_str_of(cases[i].id)));
}

/* ---- pseudonyms ---- */

static void value_of(fixture *f, txt_kind kind, const char *text, char *out)
{
    assert_int_equal(txt_mask_value(&f->ctx, f->mask, kind, toc_str_of(text), TOC_STR(""), &f->room, out), TOC_OK);
}

static void pseudonyms(void **state)
{
    fixture *f = *state;
    char a[TXT_PSEUDONYM + 1], b[TXT_PSEUDONYM + 1];
    txt_mask *other;

    value_of(f, TXT_EMAIL, "Jane.Roe+shop@gmail.com", a);
    assert_int_equal(strlen(a), TXT_PSEUDONYM);
    assert_true(txt_is_pseudonym(toc_str_of(a)));
    /* python3: hmac.new(secret, b"e\0janeroe@gmail.com", "sha256").hexdigest()[:20] */
    assert_string_equal(a, "e_cc28aabd52fd1ee39d0a");
    value_of(f, TXT_EMAIL, "janeroe@gmail.com", b);
    assert_string_equal(a, b);
    value_of(f, TXT_NAME, "janeroe@gmail.com", b);
    assert_string_not_equal(a + 2, b + 2);
    value_of(f, TXT_PAYMENT, "janeroe@gmail.com", b); /* an account of a payment service */
    assert_string_equal(a, b);
    value_of(f, TXT_PHONE, a, b); /* a pseudonym stays, whatever the column */
    assert_string_equal(a, b);
    value_of(f, TXT_ADDRESS, "  ", b);
    assert_string_equal(b, "");
    value_of(f, TXT_ADDRESS, "---", b); /* even so nothing leaves as it is */
    assert_true(txt_is_pseudonym(toc_str_of(b)));
    assert_int_equal(txt_mask_new(&f->ctx, TOC_STR("another invented key of 32 bytes"), &other), TOC_OK);
    assert_int_equal(txt_mask_value(&f->ctx, other, TXT_EMAIL, TOC_STR("janeroe@gmail.com"), TOC_STR(""), &f->room, b), TOC_OK);
    assert_string_not_equal(a, b);
    txt_mask_free(other);
    assert_false(txt_is_pseudonym(TOC_STR("x_cc28aabd52fd1ee39d0a")));
    assert_false(txt_is_pseudonym(TOC_STR("e_CC28aabd52fd1ee39d0a")));
    assert_false(txt_is_pseudonym(TOC_STR("e_cc28aabd52fd1ee39d0")));
}

/* ---- texts ---- */

/* The text with each pseudonym as its letter in braces. */
static const char *seen(fixture *f, const char *text, char *short_form, size_t *found)
{
    size_t n = 0;

    *found = 0;
    toc_buf_reset(&f->out);
    assert_int_equal(txt_mask_text(&f->ctx, f->mask, toc_str_of(text), &f->room, &f->out, found), TOC_OK);
    for (size_t i = 0; i < f->out.n;) {
        if (i + TXT_PSEUDONYM <= f->out.n && txt_is_pseudonym((toc_str){ f->out.p + i, TXT_PSEUDONYM })) {
            n += (size_t)snprintf(short_form + n, 4, "{%c}", f->out.p[i]);
            i += TXT_PSEUDONYM;
        } else short_form[n++] = f->out.p[i++];
    }
    short_form[n] = 0;
    return short_form;
}

static void texts(void **state)
{
    static const struct {
        const char *text, *masked;
        size_t found;
    } cases[] = {
        { "nothing here, 5 stars", "nothing here, 5 stars", 0 },
        { "write to jane.roe+x@example.co.uk.", "write to {e}.", 1 },
        { "邮箱是jane@qq.com谢谢", "邮箱是{e}谢谢", 1 },
        { "a@b, @shop, x@y.z1, me@localhost", "a@b, @shop, x@y.z1, me@localhost", 0 },
        { "两个：a@qq.com,b@qq.com", "两个：{e},{e}", 2 },
        { "加我微信13912345678退款", "加我微信{p}退款", 1 },
        { "139 1234 5678或139-1234-5679", "{p}或{p}", 2 },
        { "１３９１２３４５６７８", "{p}", 1 },
        { "139\u200b1234\u200b5678", "{p}", 1 },
        { "电话010-12345678。", "电话{p}。", 1 },
        { "+86 139 1234 5678 和 008613912345678", "{p} 和 008613912345678", 1 },
        { "tel 008613912345678", "tel {p}", 1 },
        { "call (413) 555-0142 or 413-555-0142 or 413.555.0142", "call {p} or {p} or {p}", 3 },
        { "+44 20 7946 0958, 020 7946 0958, 06 12 34 56 78", "{p}, {p}, {p}", 3 },
        { "my phone number is 5550142999", "my phone number is {p}", 1 },
        { "Tel5551234 and QQ:123456789", "Tel{p} and QQ:{p}", 2 },
        { "13912345678,13912345679", "{p},{p}", 2 },
        { "2 13912345678", "2 {p}", 1 },
        { "13912345678先生", "{p}先生", 1 },
        { "身份证11010519491231002X号", "身份证{r}号", 1 },
        { "110105 19491231 002x", "{r}", 1 },
        { "110105194912310021", "110105194912310021", 0 },   /* sum */
        { "110105194913310021", "110105194913310021", 0 },   /* month 13 */
        { "卡4111111111111111，6222 0212 3456 7890 128", "卡{k}，{k}", 2 },
        { "3782-822463-10005", "{k}", 1 },
        { "4111 1111 1111 1112", "4111 1111 1111 1112", 0 }, /* sum */
        { "order 2837465019283746501 of 2024-01-02 10:30", "order 2837465019283746501 of 2024-01-02 10:30", 0 },
        { "订单号20240102103000123，单号12345678901", "订单号20240102103000123，单号12345678901", 0 },
        { "about order 1234567890", "about order 1234567890", 0 },
        { "call about order 1234567890", "call about order 1234567890", 0 },
        { "联系客服订单 1234567890", "联系客服订单 1234567890", 0 },
        { "$1,299.00 or 12345678.90 or 13912345678.50", "$1,299.00 or 12345678.90 or 13912345678.50", 0 },
        { "EAN 4006381333931, 192.168.100.200, v1.2.3.4", "EAN 4006381333931, 192.168.100.200, v1.2.3.4", 0 },
        { "SN13912345678A_13912345678", "SN13912345678A_13912345678", 0 },
        { "from 2024-01-02 to 2024-12-31, 100-200 pieces", "from 2024-01-02 to 2024-12-31, 100-200 pieces", 0 },
        { "111111111111111111111111111111", "111111111111111111111111111111", 0 },
        { "hotel 1234567", "hotel 1234567", 0 },
        { "\u00ad 12 3456) or 3", "\u00ad 12 3456) or 3", 0 }, { "\u200b\u00ada@b.cc\u200b", "\u200b\u00ad{e}", 1 }, /* nothing hidden goes where nothing is found */
        { "a@b.cc@d.ee@f.gg@h.ii@j.kk@l.mm@n.oo@p.qq@r.ss@t.uu", "{e}@{e}@{e}@{e}@{e}@t.uu", 5 },
        { "13912345678.13912345679.13912345670.13912345671", "{p}.{p}.{p}.{p}", 4 },
        { "call 5551234, 5551235", "call {p}, 5551235", 1 }, { "Tel5551234,5551235", "Tel{p},5551235", 1 }, /* the word speaks of the first only */
        { "+", "+", 0 }, { "1234567 (", "1234567 (", 0 }, { "++1234567(((", "++1234567(((", 0 }, { "@@@.@.com", "@@@.@.com", 0 },
    };
    fixture *f = *state;
    toc_buf again = {0};
    char buf[400];
    size_t found;

    for (size_t i = 0; i < TOC_COUNT(cases); i++) {
        assert_string_equal(seen(f, cases[i].text, buf, &found), cases[i].masked);
        assert_int_equal(found, cases[i].found);
        again.n = found = 0;
        assert_int_equal(txt_mask_text(&f->ctx, f->mask, (toc_str){ f->out.p, f->out.n }, &f->room, &again, &found), TOC_OK);
        assert_int_equal(found, 0);
        assert_true(toc_str_eq((toc_str){ f->out.p, f->out.n }, (toc_str){ again.p, again.n }));
    }
    toc_buf_release(&again);
}

static void texts_join_columns(void **state)
{
    fixture *f = *state;
    char e[TXT_PSEUDONYM + 1], p[TXT_PSEUDONYM + 1], k[TXT_PSEUDONYM + 1], expected[200];

    value_of(f, TXT_EMAIL, "janeroe@gmail.com", e);
    value_of(f, TXT_PHONE, "+8613912345678", p);
    value_of(f, TXT_PAYMENT, "4111111111111111", k);
    snprintf(expected, sizeof expected, "%s, %s、%s", e, p, k);
    assert_int_equal(txt_mask_text(&f->ctx, f->mask, TOC_STR("Jane.Roe@gmail.com, 139 1234 5678、4111-1111-1111-1111"), &f->room, &f->out, NULL), TOC_OK);
    assert_string_equal(f->out.p, expected);
    toc_buf again = {0};
    assert_int_equal(txt_mask_text(&f->ctx, f->mask, (toc_str){ f->out.p, f->out.n }, &f->room, &again, NULL), TOC_OK);
    assert_string_equal(again.p, expected);
    toc_buf_release(&again);
}

/* ---- the key file ---- */

static void put_key(const char *path, size_t n, mode_t mode)
{
    FILE *file = fopen(path, "wb");

    assert_non_null(file);
    assert_int_equal(fwrite(secret, 1, n, file), n);
    assert_int_equal(fclose(file), 0);
    assert_int_equal(chmod(path, mode), 0);
}

static void key_files(void **state)
{
    fixture *f = *state;
    const char *path = scratch_path("key");
    char a[TXT_PSEUDONYM + 1], b[TXT_PSEUDONYM + 1];
    const mode_t wrong[] = { 0640, 0604, 0620, 0601, 0644 };
    txt_mask *mask = NULL;

    for (size_t i = 0; i < TOC_COUNT(wrong); i++) {
        put_key(path, 32, wrong[i]);
        f->ctx.message[0] = 0;
        assert_int_equal(txt_mask_open(&f->ctx, path, &mask), TOC_E_USAGE);
        assert_non_null(strstr(f->ctx.message, "chmod 600"));
    }
    put_key(path, 31, 0600);
    assert_int_equal(txt_mask_open(&f->ctx, path, &mask), TOC_E_USAGE);
    assert_int_equal(txt_mask_open(&f->ctx, "/dev/null", &mask), TOC_E_USAGE);
    assert_int_equal(txt_mask_open(&f->ctx, scratch_path(""), &mask), TOC_E_USAGE);
    put_key(path, 32, 0400);
    assert_int_equal(txt_mask_open(&f->ctx, path, &mask), TOC_OK);
    value_of(f, TXT_EMAIL, "jane@example.org", a);
    assert_int_equal(txt_mask_value(&f->ctx, mask, TXT_EMAIL, TOC_STR("jane@example.org"), TOC_STR(""), &f->room, b), TOC_OK);
    assert_string_equal(a, b);
    txt_mask_free(mask);
    assert_int_equal(unlink(path), 0);
    assert_int_equal(txt_mask_open(&f->ctx, path, &mask), TOC_E_IO);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(hmac_of_rfc_4231, begin, end), cmocka_unit_test_setup_teardown(hmac_of_long_keys_and_parts, begin, end),
        cmocka_unit_test(sums), cmocka_unit_test_setup_teardown(keys_of_emails, begin, end),
        cmocka_unit_test_setup_teardown(keys_of_phones, begin, end), cmocka_unit_test_setup_teardown(keys_of_addresses, begin, end),
        cmocka_unit_test_setup_teardown(keys_of_others, begin, end), cmocka_unit_test(kinds_of_ids),
        cmocka_unit_test_setup_teardown(pseudonyms, begin, end), cmocka_unit_test_setup_teardown(texts, begin, end),
        cmocka_unit_test_setup_teardown(texts_join_columns, begin, end), cmocka_unit_test_setup_teardown(key_files, begin, end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
