/* spool.c: the file is removed as soon as it is open, so nothing stays behind whatever happens. */
#include "base/base.h"

#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

enum { DIRECT = 32 << 10 }; /* bytes */

void toc_spool_init(toc_spool *spool, size_t most)
{
    *spool = (toc_spool){ .fd = -1, .most = most };
}

uint64_t toc_spool_size(const toc_spool *spool)
{
    return spool->in_file + spool->memory.n;
}

static const char *folder(void)
{
    const char *path = getenv("TMPDIR");
    return path && *path ? path : "/tmp";
}

static toc_status open_file(toc_ctx *ctx, toc_spool *spool)
{
    toc_buf path = {0};

    TOC_TRY(toc_buf_printf(ctx, &path, "%s/tocsin-XXXXXX", folder()));
    spool->fd = mkstemp(path.p);
    toc_status st = spool->fd < 0 ? toc_fail_errno(ctx, TOC_E_IO, errno, "%s: no temporary file can be made (TMPDIR says where)", folder()) : TOC_OK;
    if (!st) unlink(path.p);
    toc_buf_release(&path);
    return st;
}

static toc_status write_all(toc_ctx *ctx, const toc_spool *spool, const char *bytes, size_t n)
{
    while (n) {
        ssize_t done = write(spool->fd, bytes, n);
        if (done < 0 && errno == EINTR) continue;
        if (done <= 0) return toc_fail_errno(ctx, TOC_E_IO, errno, "%s: temporary data cannot be written (TMPDIR says where)", folder());
        bytes += done;
        n -= (size_t)done;
    }
    return TOC_OK;
}

toc_status toc_spool_add(toc_ctx *ctx, toc_spool *spool, const void *bytes, size_t n)
{
    /* once there is a file, what is worth a call goes there from the caches it is still in */
    if (spool->memory.n + n <= spool->most && (spool->fd < 0 || n < DIRECT)) return toc_buf_add(ctx, &spool->memory, bytes, n);
    if (spool->fd < 0) TOC_TRY(open_file(ctx, spool));
    TOC_TRY(write_all(ctx, spool, spool->memory.p, spool->memory.n));
    spool->in_file += spool->memory.n;
    toc_buf_reset(&spool->memory);
    if (n < DIRECT && n <= spool->most) return toc_buf_add(ctx, &spool->memory, bytes, n);
    TOC_TRY(write_all(ctx, spool, bytes, n));
    spool->in_file += n;
    return TOC_OK;
}

toc_status toc_spool_read(toc_ctx *ctx, const toc_spool *spool, uint64_t at, void *bytes, size_t n)
{
    char *to = bytes;

    TOC_ASSERT(at + n <= toc_spool_size(spool));
    while (n && at < spool->in_file) {
        ssize_t done = pread(spool->fd, to, (size_t)TOC_MIN((uint64_t)n, spool->in_file - at), (off_t)at);
        if (done < 0 && errno == EINTR) continue;
        if (done <= 0) return toc_fail_errno(ctx, TOC_E_IO, errno, "%s: temporary data cannot be read back", folder());
        to += done;
        at += (uint64_t)done;
        n -= (size_t)done;
    }
    if (n) memcpy(to, spool->memory.p + (at - spool->in_file), n);
    return TOC_OK;
}

void toc_spool_release(toc_spool *spool)
{
    toc_buf_release(&spool->memory);
    if (spool->fd > 0) close(spool->fd);
    toc_spool_init(spool, spool->most);
}
