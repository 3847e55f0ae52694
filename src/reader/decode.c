/* decode.c: bytes of a named encoding as UTF-8, through iconv. Bytes that are no text become U+FFFD. */
#include <errno.h>
#include <iconv.h>

#include "reader/reader_int.h"

toc_status rd_decode(toc_ctx *ctx, const char *encoding, toc_str bytes, toc_buf *utf8)
{
    char out[16384], *in = (char *)(uintptr_t)bytes.p;
    size_t left = bytes.n;
    toc_status st = TOC_OK;
    iconv_t cd = iconv_open("UTF-8", encoding);

    if (cd == (iconv_t)-1) return toc_fail(ctx, TOC_E_USAGE, "unknown encoding \"%s\"", encoding);
    while (left && !st) {
        char *to = out;
        size_t room = sizeof out;
        size_t code = iconv(cd, &in, &left, &to, &room);
        int error = errno;
        st = toc_buf_add(ctx, utf8, out, (size_t)(to - out));
        if (st || code != (size_t)-1 || error == E2BIG) continue;
        st = toc_buf_str(ctx, utf8, "\357\277\275");
        in++;
        left--;
    }
    iconv_close(cd);
    return st;
}
