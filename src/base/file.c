/* file.c: checked output, whole-file input, escaping. */
#include "base/base.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <sys/stat.h>
#include <unistd.h>

static bool is_stdout(const char *path)
{
    return !path || strcmp(path, "-") == 0;
}

toc_status toc_out_open(toc_ctx *ctx, const char *path, bool personal, toc_out *out)
{
    *out = (toc_out){ .path = is_stdout(path) ? "-" : path };
    if (is_stdout(path)) {
        out->file = stdout;
        return TOC_OK;
    }
    const char *slash = strrchr(path, '/');
    int directory = slash ? (int)(slash - path + 1) : 0;
    int n = snprintf(out->temporary, sizeof out->temporary, "%.*s.%s.tocsin-%ld.tmp", directory, path, path + directory, (long)getpid());
    if (n < 0 || (size_t)n >= sizeof out->temporary) {
        out->temporary[0] = 0;
        return toc_fail(ctx, TOC_E_IO, "%s: the path is too long", path);
    }
    unlink(out->temporary); /* left by a killed run that had this process id */
    int fd = open(out->temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, personal ? 0600 : 0666);
    out->file = fd >= 0 ? fdopen(fd, "w") : NULL;
    if (out->file) return TOC_OK;
    int error = errno;
    if (fd >= 0) {
        close(fd);
        unlink(out->temporary);
    }
    out->temporary[0] = 0;
    return toc_fail_errno(ctx, TOC_E_IO, error, "%s: cannot be written", path);
}

void toc_out_write(toc_out *out, const char *bytes, size_t n)
{
    if (out->failed || !n) return;
    if (fwrite(bytes, 1, n, out->file) != n) out->failed = true;
    if (out->failed) errno = errno ? errno : EIO;
}

void toc_out_str(toc_out *out, const char *text)
{
    toc_out_write(out, text, strlen(text));
}

void toc_out_printf(toc_out *out, const char *fmt, ...)
{
    va_list args;

    if (out->failed) return;
    va_start(args, fmt);
    if (vfprintf(out->file, fmt, args) < 0) out->failed = true;
    va_end(args);
}

static toc_status close_stdout(toc_ctx *ctx, toc_out *out)
{
    errno = 0;
    bool failed = fflush(out->file) != 0 || ferror(out->file) || out->failed;
    int error = errno;
    out->file = NULL;
    if (!failed || error == EPIPE) return TOC_OK; /* the reader of a pipe has had enough */
    return toc_fail_errno(ctx, TOC_E_IO, error ? error : EIO, "standard output: cannot be written");
}

toc_status toc_out_close(toc_ctx *ctx, toc_out *out)
{
    if (!out->file) return TOC_OK;
    if (!out->temporary[0]) return close_stdout(ctx, out);
    errno = 0;
    bool failed = fflush(out->file) != 0 || out->failed || ferror(out->file) || fsync(fileno(out->file)) != 0;
    int error = errno;
    if (fclose(out->file) != 0 && !failed) {
        failed = true;
        error = errno;
    }
    out->file = NULL;
    if (!failed && rename(out->temporary, out->path) != 0) {
        failed = true;
        error = errno;
    }
    if (failed) unlink(out->temporary);
    out->temporary[0] = 0;
    return failed ? toc_fail_errno(ctx, TOC_E_IO, error ? error : ENOSPC, "%s: cannot be written", out->path) : TOC_OK;
}

void toc_out_abandon(toc_out *out)
{
    if (!out || !out->file) return;
    if (out->temporary[0]) {
        fclose(out->file);
        unlink(out->temporary);
    } else fflush(out->file);
    *out = (toc_out){0};
}

toc_status toc_read_file(toc_ctx *ctx, const char *path, toc_buf *content)
{
    char block[65536];
    ssize_t got;
    int fd = is_stdout(path) ? STDIN_FILENO : open(path, O_RDONLY | O_CLOEXEC);
    toc_status st = TOC_OK;

    if (fd < 0) return toc_fail_errno(ctx, TOC_E_IO, errno, "%s: cannot be opened", path);
    do {
        got = read(fd, block, sizeof block);
        if (got > 0) st = toc_buf_add(ctx, content, block, (size_t)got);
        else if (got < 0 && errno == EINTR) got = 1;
        else if (got < 0) st = toc_fail_errno(ctx, TOC_E_IO, errno, "%s: cannot be read", path);
    } while (got > 0 && !st);
    if (fd != STDIN_FILENO) close(fd);
    if (!st) st = toc_buf_add(ctx, content, "", 0);
    return st;
}

toc_status toc_buf_json(toc_ctx *ctx, toc_buf *buf, toc_str text)
{
    for (size_t i = 0; i < text.n; i++) {
        char c = text.p[i];
        if (c == '"' || c == '\\') TOC_TRY(toc_buf_printf(ctx, buf, "\\%c", c));
        else if (c == '\n') TOC_TRY(toc_buf_str(ctx, buf, "\\n"));
        else if ((unsigned char)c < 0x20) TOC_TRY(toc_buf_printf(ctx, buf, "\\u%04x", (unsigned)c));
        else TOC_TRY(toc_buf_char(ctx, buf, c));
    }
    return TOC_OK;
}

toc_status toc_buf_html(toc_ctx *ctx, toc_buf *buf, toc_str text)
{
    for (size_t i = 0; i < text.n; i++) {
        const char *entity = text.p[i] == '&' ? "&amp;" : text.p[i] == '<' ? "&lt;" : text.p[i] == '>' ? "&gt;" : text.p[i] == '"' ? "&quot;" : text.p[i] == '\'' ? "&#39;" : NULL;
        if (entity) TOC_TRY(toc_buf_str(ctx, buf, entity));
        else TOC_TRY(toc_buf_char(ctx, buf, text.p[i]));
    }
    return TOC_OK;
}
