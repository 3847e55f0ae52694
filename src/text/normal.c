/* normal.c: text as BERT cleans it (the reference's BertNormalizer): controls dropped, every blank a space, ideographs set off by spaces, letters taken apart
 * (NFD) and their marks dropped, capitals made small. Each step as configured; their order is the reference's. */
#include "text/text_int.h"

void txt_normal_prepare(txt_tokenizer *t)
{
    for (int32_t c = 0; c < 128; c++) {
        unsigned class = txt_bits_of(c) & TXT_CLASS;
        t->ascii[c] = (int16_t)(t->lower && c >= 'A' && c <= 'Z' ? c + 32 : c);
        if (t->clean && class == TXT_CONTROL) t->ascii[c] = -1;
        if (t->clean && class == TXT_SPACE) t->ascii[c] = ' ';
    }
}

toc_status txt_put(txt_walk *k, toc_buf *out, int32_t c)
{
    char bytes[4];
    size_t n = 0;

    if (c < 0x80) return toc_buf_char(k->ctx, out, (char)c);
    if (c < 0x800) bytes[n++] = (char)(0xc0 | c >> 6);
    else {
        if (c < 0x10000) bytes[n++] = (char)(0xe0 | c >> 12);
        else {
            bytes[n++] = (char)(0xf0 | c >> 18);
            bytes[n++] = (char)(0x80 | (c >> 12 & 0x3f));
        }
        bytes[n++] = (char)(0x80 | (c >> 6 & 0x3f));
    }
    bytes[n++] = (char)(0x80 | (c & 0x3f));
    return toc_buf_add(k->ctx, out, bytes, n);
}

static toc_status put_small(txt_walk *k, toc_buf *out, int32_t c)
{
    if (!k->t->lower) return txt_put(k, out, c);
    TOC_TRY(txt_put(k, out, txt_small(c)));
    /* The one letter whose small form is two characters. */
    return c == 0x130 ? txt_put(k, out, 0x307) : TOC_OK;
}

/* Characters that wait for what stands behind them, each order apart: sorting by comparison would take a hostile text's time. */
static toc_status put_waiting(txt_walk *k, toc_buf *out, size_t *n)
{
    const int32_t *waiting = k->out->points;

    for (int32_t order = TXT_ORDER_7; *n && order < TXT_N_ORDERS; order++)
        for (size_t i = 0; i < *n; i++)
            if (waiting[i] >> 24 == order) TOC_TRY(put_small(k, out, waiting[i] & 0xffffff));
    *n = 0;
    return TOC_OK;
}

/* A character whose accents go. *waiting: of k->out->points. */
static toc_status put_bare(txt_walk *k, toc_buf *out, int32_t c, size_t *waiting)
{
    int32_t parts[TXT_MOST_PARTS] = { c };
    /* Ideographs and their like are whole and stand. */
    size_t n = c >= 0x3400 && c < 0xa000 ? 1 : txt_take_apart(c, parts);
    txt_tokens *o = k->out;

    for (size_t i = 0; i < n; i++) {
        bool mark = (txt_bits(k->t, parts[i]) & TXT_CLASS) == TXT_MARK;
        /* A mark that stays in its place parts those before from those behind. */
        txt_order order = mark ? TXT_STANDS : txt_order_of(parts[i]);
        if (order == TXT_STANDS) {
            if (*waiting && (!mark || !txt_mark_moves(parts[i]))) TOC_TRY(put_waiting(k, out, waiting));
            if (!mark) TOC_TRY(put_small(k, out, parts[i]));
            continue;
        }
        TOC_TRY(toc_grow(k->ctx, &o->points, &o->cap_points, *waiting + 1, sizeof *o->points));
        o->points[(*waiting)++] = parts[i] | (int32_t)order << 24;
    }
    return TOC_OK;
}

static toc_status put_ascii(txt_walk *k, toc_buf *out, const char **text, const char *end)
{
    const char *p = *text;

    TOC_TRY(toc_buf_reserve(k->ctx, out, (size_t)(end - p)));
    char *to = out->p + out->n;
    for (; p < end && (unsigned char)*p < 0x80; p++) {
        int16_t c = k->t->ascii[(unsigned char)*p];
        *to = (char)c;
        to += c >= 0;
    }
    out->n = (size_t)(to - out->p);
    *text = p;
    return TOC_OK;
}

toc_status txt_normal(txt_walk *k, toc_str text, toc_buf *out)
{
    const txt_tokenizer *t = k->t;
    size_t waiting = 0;

    for (const char *p = text.p, *end = text.p + text.n; p < end;) {
        if ((unsigned char)*p < 0x80) {
            /* Dropped from between marks, a character does not part them. */
            if (t->ascii[(unsigned char)*p] < 0) p++;
            else {
                TOC_TRY(put_waiting(k, out, &waiting));
                TOC_TRY(put_ascii(k, out, &p, end));
            }
            continue;
        }
        int32_t c = txt_next(&p);
        unsigned class = txt_bits(t, c) & TXT_CLASS;
        if (t->clean && class == TXT_CONTROL) continue;
        if (t->clean && class == TXT_SPACE) c = ' ';
        bool apart = t->split_cjk && class == TXT_CJK;
        if (apart) {
            TOC_TRY(put_waiting(k, out, &waiting));
            TOC_TRY(txt_put(k, out, ' '));
        }
        if (t->strip_accents) TOC_TRY(put_bare(k, out, c, &waiting));
        else TOC_TRY(put_small(k, out, c));
        if (apart) TOC_TRY(txt_put(k, out, ' '));
    }
    TOC_TRY(put_waiting(k, out, &waiting));
    return TOC_OK;
}
