/* str.h: byte slices, growing buffers and strict parsing. Nothing here looks at the locale. */
#ifndef TOC_STR_H
#define TOC_STR_H

#include <string.h>

#include "base/ctx.h"

/* n bytes at p, not NUL-terminated, borrowed. */
typedef struct {
    const char *p;
    size_t n;
} toc_str;

#define TOC_STR(literal) ((toc_str){ (literal), sizeof(literal) - 1 })

toc_str toc_str_of(const char *text);          /* NULL gives the empty slice */
bool toc_str_eq(toc_str a, toc_str b);
bool toc_str_is(toc_str a, const char *text);  /* equal to a NUL-terminated text */
bool toc_str_is_nocase(toc_str a, const char *text); /* the same, ASCII letters folded */
bool toc_str_starts(toc_str a, const char *prefix);
bool toc_str_ends(toc_str a, const char *suffix);
bool toc_str_has(toc_str a, const char *needle);
toc_str toc_str_trim(toc_str a);               /* without ASCII blanks, tabs, CR, LF at both ends */
int toc_str_cmp(toc_str a, toc_str b);         /* by bytes; <0, 0, >0 */
/* Cuts the piece before `separator` off *rest; false when nothing is left. "a,,b" gives a, (empty), b. */
bool toc_str_split(toc_str *rest, char separator, toc_str *piece);
uint64_t toc_str_hash(toc_str a);              /* 64-bit, fixed for all time and machines */

/* Strict parsing of the whole slice (no blanks around, no trailing text); false where it is not such a number, and *value is untouched.
 * Double: decimal or exponent notation, "inf" and "nan" refused. */
bool toc_parse_int(toc_str text, int64_t *value);
bool toc_parse_double(toc_str text, double *value);
/* Shortest decimal text that reads back as the same double, without exponent between 1e-5 and 1e15; NaN gives "", -0 gives 0. buf of at least 32. */
size_t toc_format_double(double value, char *buf);
/* The same for a float: the shortest that reads back as the same float. Infinities give "inf". buf of at least 32. */
size_t toc_format_float(float value, char *buf);
/* Decimal digits, with '-' in front where negative. Returns the length. buf of at least 24. */
size_t toc_format_int(int64_t value, char *buf);

/* A growing byte buffer, always NUL-terminated once used. Zero is empty; owned by the caller. */
typedef struct {
    char *p;
    size_t n, cap;
} toc_buf;

/* Room for so many more bytes, and the NUL. */
TOC_CHECKED toc_status toc_buf_reserve(toc_ctx *ctx, toc_buf *buf, size_t more);
TOC_CHECKED static inline toc_status toc_buf_add(toc_ctx *ctx, toc_buf *buf, const char *bytes, size_t n)
{
    if (buf->cap - buf->n <= n) TOC_TRY(toc_buf_reserve(ctx, buf, n));
    if (n) memcpy(buf->p + buf->n, bytes, n);
    buf->n += n;
    buf->p[buf->n] = 0;
    return TOC_OK;
}
TOC_CHECKED static inline toc_status toc_buf_char(toc_ctx *ctx, toc_buf *buf, char c)
{
    if (buf->cap - buf->n <= 1) TOC_TRY(toc_buf_reserve(ctx, buf, 1));
    buf->p[buf->n++] = c;
    buf->p[buf->n] = 0;
    return TOC_OK;
}
TOC_CHECKED toc_status toc_buf_str(toc_ctx *ctx, toc_buf *buf, const char *text);
TOC_CHECKED toc_status toc_buf_printf(toc_ctx *ctx, toc_buf *buf, const char *fmt, ...) TOC_PRINTF(3, 4);
void toc_buf_reset(toc_buf *buf);   /* empty, memory kept */
void toc_buf_release(toc_buf *buf);

/* The first byte that is not part of valid UTF-8 (RFC 3629), or n. */
size_t toc_utf8_valid(toc_str text);

#endif
