/* file.h: output that is checked to the last byte. A file is written beside its place and renamed by toc_out_close, so a failed run leaves
 * the old one as it was. */
#ifndef TOC_FILE_H
#define TOC_FILE_H

#include "base/str.h"

typedef struct {
    FILE *file;
    const char *path;      /* for messages; borrowed; "-" is stdout */
    char target[4096];     /* what the rename replaces: path with symbolic links followed */
    char temporary[4096];  /* empty where the path is written directly: stdout, a device, a pipe */
    bool failed;
    int error;             /* errno of the first failure */
} toc_out;

/* Opens path ("-" or NULL = stdout). Files get mode 0600 when `personal`, else the mode of the one they replace or 0666 less umask. Devices
 * and pipes are written directly, never replaced. Errors: TOC_E_IO. */
TOC_CHECKED toc_status toc_out_open(toc_ctx *ctx, const char *path, bool personal, toc_out *out);
/* Writes n bytes; a failure is kept and reported by toc_out_close, so loops need not check each write. */
void toc_out_write(toc_out *out, const char *bytes, size_t n);
void toc_out_str(toc_out *out, const char *text);
void toc_out_printf(toc_out *out, const char *fmt, ...) TOC_PRINTF(2, 3);
/* Whether toc_out_patch can be used: a regular file that is not opened to append. */
bool toc_out_patchable(const toc_out *out);
/* Where the next byte goes, of a patchable file. */
int64_t toc_out_place(const toc_out *out);
/* Writes n bytes over those at `place`, which are there already; failures as toc_out_write. */
void toc_out_patch(toc_out *out, int64_t place, const char *bytes, size_t n);
/* Flushes, syncs, renames into place. On any earlier failure, removes the temporary and returns TOC_E_IO. A closed reader of a pipe
 * (EPIPE) ends quietly with TOC_OK. */
TOC_CHECKED toc_status toc_out_close(toc_ctx *ctx, toc_out *out);
/* Drops what was written (error paths); accepts a zeroed or closed one. */
void toc_out_abandon(toc_out *out);

/* The whole of a file ("-" = stdin) in a buffer. Errors: TOC_E_IO (names the file), TOC_E_NOMEM. */
TOC_CHECKED toc_status toc_read_file(toc_ctx *ctx, const char *path, toc_buf *content);
/* Escapes text as the inside of a JSON string (RFC 8259), or as HTML text and attribute value. Bytes that are not UTF-8 become U+FFFD. */
TOC_CHECKED toc_status toc_buf_json(toc_ctx *ctx, toc_buf *buf, toc_str text);
TOC_CHECKED toc_status toc_buf_html(toc_ctx *ctx, toc_buf *buf, toc_str text);

#endif
