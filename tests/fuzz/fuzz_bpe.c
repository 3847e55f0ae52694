/* The first byte says how many merges follow, two bytes each, of tokens made so far and single bytes; what is left is a text. Its tokens, as bytes, are the
 * text again; a tight limit gives the front of what a wide one gives. */
#include "text/text.h"

enum { MOST_MERGES = 64, MOST_BYTES = 48 };

typedef struct {
    unsigned char bytes[256 + MOST_MERGES][MOST_BYTES];
    size_t n_bytes[256 + MOST_MERGES], n;
    toc_buf vocabulary, merges;
    toc_ctx ctx;
} setup;

/* A byte as byte-level BPE writes it. */
static void write_byte(setup *s, toc_buf *to, unsigned b, bool json)
{
    unsigned c = b, next = 256;

    for (unsigned k = 0; k <= b; k++) {
        bool printable = (k >= '!' && k <= '~') || (k >= 0xa1 && k != 0xad);
        if (k == b) c = printable ? b : next;
        if (!printable) next++;
    }
    const char two[] = { (char)(0xc0 | c >> 6), (char)(0x80 | (c & 0x3f)), 0 };
    const char one[] = { (char)c, 0 };
    if (json && (c == '"' || c == '\\') && toc_buf_char(&s->ctx, to, '\\')) __builtin_trap();
    if (toc_buf_str(&s->ctx, to, c < 0x80 ? one : two)) __builtin_trap();
}

static void write_token(setup *s, toc_buf *to, size_t token, bool json)
{
    for (size_t i = 0; i < s->n_bytes[token]; i++) write_byte(s, to, s->bytes[token][i], json);
}

static void add_merge(setup *s, size_t a, size_t b)
{
    size_t n = s->n_bytes[a] + s->n_bytes[b];
    unsigned char *both = s->bytes[s->n];

    if (n > MOST_BYTES) return;
    memcpy(both, s->bytes[a], s->n_bytes[a]);
    memcpy(both + s->n_bytes[a], s->bytes[b], s->n_bytes[b]);
    for (size_t t = 0; t < s->n; t++)
        if (s->n_bytes[t] == n && memcmp(s->bytes[t], both, n) == 0) return;
    s->n_bytes[s->n++] = n;
    write_token(s, &s->merges, a, false);
    if (toc_buf_char(&s->ctx, &s->merges, ' ')) __builtin_trap();
    write_token(s, &s->merges, b, false);
    if (toc_buf_char(&s->ctx, &s->merges, '\n')) __builtin_trap();
}

static txt_tokenizer *make(setup *s, bool prefix_space)
{
    txt_tokenizer *t = NULL;

    for (size_t k = 0; k < s->n; k++) {
        if (toc_buf_str(&s->ctx, &s->vocabulary, k ? ",\"" : "{\"")) __builtin_trap();
        write_token(s, &s->vocabulary, k, true);
        if (toc_buf_printf(&s->ctx, &s->vocabulary, "\":%zu", k)) __builtin_trap();
    }
    if (toc_buf_char(&s->ctx, &s->vocabulary, '}')) __builtin_trap();
    if (txt_tokenizer_bpe(&s->ctx, (toc_str){ s->vocabulary.p, s->vocabulary.n }, (toc_str){ s->merges.p, s->merges.n }, "fuzz",
                          &(txt_rules){ .prefix_space = prefix_space }, &t)) __builtin_trap();
    return t;
}

/* The text without bytes that are no UTF-8, and the blank before it. */
static void expect(setup *s, toc_str text, bool prefix_space, toc_buf *bytes)
{
    toc_str rest = text;

    for (size_t n = 0; rest.n; rest = (toc_str){ rest.p + n, rest.n - n }) {
        n = toc_utf8_valid(rest);
        if (n && !bytes->n && prefix_space && rest.p[0] != ' ' && toc_buf_char(&s->ctx, bytes, ' ')) __builtin_trap();
        if (toc_buf_add(&s->ctx, bytes, rest.p, n)) __builtin_trap();
        n += n < rest.n;
    }
}

static void check(setup *s, const txt_tokenizer *t, toc_str text, bool prefix_space)
{
    txt_tokens wide = {0}, tight = {0};
    toc_buf wanted = {0}, got = {0};
    bool cut;

    expect(s, text, prefix_space, &wanted);
    if (txt_tokenize(&s->ctx, t, text, SIZE_MAX, &wide, &cut) || cut) __builtin_trap();
    for (size_t i = 0; i < wide.n; i++)
        if (toc_buf_add(&s->ctx, &got, (const char *)s->bytes[wide.ids[i]], s->n_bytes[wide.ids[i]])) __builtin_trap();
    if (got.n != wanted.n || (got.n && memcmp(got.p, wanted.p, got.n) != 0)) __builtin_trap();
    if (txt_tokenize(&s->ctx, t, text, 4, &tight, &cut) || cut != (wide.n > 4) || tight.n != TOC_MIN(wide.n, (size_t)4)) __builtin_trap();
    if (tight.n && memcmp(tight.ids, wide.ids, tight.n * sizeof *tight.ids) != 0) __builtin_trap();
    txt_tokens_release(&wide);
    txt_tokens_release(&tight);
    toc_buf_release(&wanted);
    toc_buf_release(&got);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static setup s;
    size_t n_merges = size ? TOC_MIN((size_t)(data[0] & (MOST_MERGES - 1)), (size - 1) / 2) : 0;

    s = (setup){ .n = 256 };
    toc_ctx_init(&s.ctx);
    for (unsigned b = 0; b < 256; b++) {
        s.bytes[b][0] = (unsigned char)b;
        s.n_bytes[b] = 1;
    }
    for (size_t i = 0; i < n_merges; i++) {
        /* The left one is also a token made before, so that words grow. */
        size_t left = data[1 + 2 * i] >= 128 ? 256 + data[1 + 2 * i] % 128u : data[1 + 2 * i];
        add_merge(&s, left < s.n ? left : 'a', data[2 + 2 * i]);
    }
    const uint8_t *text = data + TOC_MIN(size, 1 + 2 * n_merges);
    bool prefix_space = size && data[0] >= 128;
    txt_tokenizer *t = make(&s, prefix_space);
    check(&s, t, (toc_str){ (const char *)text, (size_t)(data + size - text) }, prefix_space);
    check(&s, t, (toc_str){ (const char *)data, size }, prefix_space);
    txt_tokenizer_free(t);
    toc_buf_release(&s.vocabulary);
    toc_buf_release(&s.merges);
    toc_ctx_release(&s.ctx);
    return 0;
}
