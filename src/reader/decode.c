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
    char out[16384], *in = (char *)(uintptr_t)bytes.p;
    size_t left = bytes.n, unit = unit_of(encoding);
    toc_status st = TOC_OK;

    if (toc_str_is_nocase(toc_str_of(encoding), "UTF-8")) return decode_utf8(ctx, bytes, no_text, utf8);
    iconv_t cd = iconv_open("UTF-8", encoding);
    if (cd == (iconv_t)-1) return toc_fail(ctx, TOC_E_USAGE, "unknown encoding \"%s\"", encoding);
    while (left && !st) {
        char *to = out;
        size_t room = sizeof out;
        size_t code = iconv(cd, &in, &left, &to, &room);
        int error = errno;
        st = toc_buf_add(ctx, utf8, out, (size_t)(to - out));
        if (st || code != (size_t)-1 || error == E2BIG) continue;
        st = toc_buf_str(ctx, utf8, no_text);
        size_t skip = TOC_MIN(unit, left);
        in += skip;
        left -= skip;
    }
    iconv_close(cd);
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
