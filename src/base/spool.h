/* spool.h: bytes put aside, in memory while they are few, then in an unnamed file under $TMPDIR. */
#ifndef TOC_SPOOL_H
#define TOC_SPOOL_H

#include "base/str.h"

typedef struct {
    toc_buf memory;  /* what is not in the file yet */
    uint64_t in_file;
    int fd;          /* -1 = no file */
    size_t most;     /* bytes in memory */
} toc_spool;

/* Up to `most` bytes stay in memory. Nothing can fail yet. */
void toc_spool_init(toc_spool *spool, size_t most);
uint64_t toc_spool_size(const toc_spool *spool);
/* Appends. Errors: TOC_E_IO (names the folder), TOC_E_NOMEM. */
TOC_CHECKED toc_status toc_spool_add(toc_ctx *ctx, toc_spool *spool, const void *bytes, size_t n);
/* n bytes from place `at` on, which must be there. Errors: TOC_E_IO. */
TOC_CHECKED toc_status toc_spool_read(toc_ctx *ctx, const toc_spool *spool, uint64_t at, void *bytes, size_t n);
/* Empties it; the file is gone. Accepts a zeroed one. */
void toc_spool_release(toc_spool *spool);

#endif
