/* decode.c: bytes of a named encoding as UTF-8, through iconv. */
#include <errno.h>
#include <iconv.h>

#include "reader/reader_int.h"

/* Bytes to leave out where something is no text, so that what follows is read in step. */
static size_t unit_of(const char *encoding)
{
    static const struct {
        const char *prefix;
        size_t bytes;
    } units[] = { { "UTF-16", 2 }, { "UTF16", 2 }, { "UCS-2", 2 }, { "UCS2", 2 }, { "UTF-32", 4 }, { "UTF32", 4 }, { "UCS-4", 4 }, { "UCS4", 4 } };

    for (size_t k = 0; k < TOC_COUNT(units); k++) {
        size_t n = strlen(units[k].prefix);
        if (strlen(encoding) >= n && toc_str_is_nocase((toc_str){ encoding, n }, units[k].prefix)) return units[k].bytes;
    }
    return 1;
}

bool rd_decoder_start(rd_decoder *decoder, const char *encoding)
{
    iconv_t cd = iconv_open("UTF-8", encoding);

    if (cd == (iconv_t)-1) return false;
    *decoder = (rd_decoder){ .iconv = cd, .open = true, .unit = unit_of(encoding) };
    return true;
}

void rd_decoder_end(rd_decoder *decoder)
{
    if (decoder->open) iconv_close(decoder->iconv);
    *decoder = (rd_decoder){0};
}

size_t rd_decoder_one(rd_decoder *decoder, const char *bytes, size_t n, char *utf8, size_t room)
{
    char *in = (char *)(uintptr_t)bytes, *to = utf8;
    size_t left = n, space = room;

    if (iconv(decoder->iconv, &in, &left, &to, &space) != (size_t)-1 && !left) return room - space;
    (void)iconv(decoder->iconv, NULL, NULL, NULL, NULL);
    return 0;
}

/* Converts what it can; *in and *left are then at a character that goes on beyond the bytes (`last` false), or at the end. */
static toc_status convert(toc_ctx *ctx, rd_decoder *decoder, char **in, size_t *left, bool last, const char *no_text, toc_buf *utf8)
{
    char out[16384];
    toc_status st = TOC_OK;

    while (*left && !st) {
        char *to = out;
        size_t room = sizeof out;
        size_t code = iconv(decoder->iconv, in, left, &to, &room);
        int error = errno;
        st = toc_buf_add(ctx, utf8, out, (size_t)(to - out));
        if (st || code != (size_t)-1 || error == E2BIG) continue;
        if (error == EINVAL && !last) return TOC_OK;
        st = toc_buf_str(ctx, utf8, no_text);
        size_t skip = TOC_MIN(decoder->unit, *left);
        *in += skip;
        *left -= skip;
    }
    return st;
}

toc_status rd_decoder_feed(toc_ctx *ctx, rd_decoder *decoder, toc_str bytes, bool last, const char *no_text, toc_buf *utf8)
{
    toc_str rest = bytes;

    /* the character that the piece before cut off, with one byte after the other of this piece until it is whole */
    while (decoder->n_held && rest.n) {
        decoder->held[decoder->n_held++] = *rest.p++;
        rest.n--;
        char *in = decoder->held;
        size_t left = decoder->n_held;
        bool full = decoder->n_held == sizeof decoder->held || (last && !rest.n);
        TOC_TRY(convert(ctx, decoder, &in, &left, full, no_text, utf8));
        memmove(decoder->held, in, left);
        decoder->n_held = left;
    }
    char *in = (char *)(uintptr_t)rest.p;
    TOC_TRY(convert(ctx, decoder, &in, &rest.n, last, no_text, utf8));
    TOC_ASSERT(rest.n <= sizeof decoder->held);
    if (rest.n) memcpy(decoder->held, in, rest.n);
    if (rest.n) decoder->n_held = rest.n;
    if (last && decoder->n_held) {
        decoder->n_held = 0;
        return toc_buf_str(ctx, utf8, no_text);
    }
    return TOC_OK;
}

/* iconv lets codes beyond U+10FFFF pass. */
static toc_status decode_utf8(toc_ctx *ctx, toc_str bytes, const char *no_text, toc_buf *utf8)
{
    while (bytes.n) {
        size_t n = toc_utf8_valid(bytes), skip = n < bytes.n;
        TOC_TRY(toc_buf_add(ctx, utf8, bytes.p, n));
        if (skip) TOC_TRY(toc_buf_str(ctx, utf8, no_text));
        bytes = (toc_str){ bytes.p + n + skip, bytes.n - n - skip };
    }
    return TOC_OK;
}

toc_status rd_decode(toc_ctx *ctx, const char *encoding, toc_str bytes, const char *no_text, toc_buf *utf8)
{
    rd_decoder decoder = {0};

    if (toc_str_is_nocase(toc_str_of(encoding), "UTF-8")) return decode_utf8(ctx, bytes, no_text, utf8);
    if (!rd_decoder_start(&decoder, encoding)) return toc_fail(ctx, TOC_E_USAGE, "unknown encoding \"%s\"", encoding);
    toc_status st = rd_decoder_feed(ctx, &decoder, bytes, true, no_text, utf8);
    rd_decoder_end(&decoder);
    return st;
}

uint64_t rd_original_bytes(const char *encoding, const char *bytes, size_t n)
{
    char out[16384], *in = (char *)(uintptr_t)bytes;
    size_t left = n;
    uint64_t total = 0;
    iconv_t cd = encoding ? iconv_open(encoding, "UTF-8") : (iconv_t)-1;

    if (cd == (iconv_t)-1) return n;
    while (left) {
        char *to = out;
        size_t room = sizeof out;
        size_t code = iconv(cd, &in, &left, &to, &room);
        int error = errno;
        total += (size_t)(to - out);
        if (code != (size_t)-1 || error == E2BIG) continue;
        total += unit_of(encoding);
        in++;
        left--;
    }
    iconv_close(cd);
    return total;
}
