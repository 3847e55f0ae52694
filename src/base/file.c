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

/* Where a rename would really land: the end of a symbolic link, else the path itself. False where it does not fit. */
static bool resolve(const char *path, char *target, size_t size)
{
    struct stat link;
    char *real = NULL;
    bool fits = false;

    if (lstat(path, &link) == 0 && S_ISLNK(link.st_mode)) real = realpath(path, NULL);
    fits = (size_t)snprintf(target, size, "%s", real ? real : path) < size;
    free(real);
    return fits;
}

static FILE *open_stream(const char *path, int flags, mode_t mode, int *error)
{
    int fd = open(path, O_WRONLY | O_CLOEXEC | flags, mode);
    FILE *file = fd >= 0 ? fdopen(fd, "w") : NULL;

    *error = errno;
    if (!file && fd >= 0) close(fd);
    return file;
}

/* Opens the temporary beside out->target; a file that is replaced hands its mode on, unless the new one is personal. */
static toc_status open_beside(toc_ctx *ctx, toc_out *out, bool personal, const struct stat *old)
{
    const char *slash = strrchr(out->target, '/');
    int directory = slash ? (int)(slash - out->target + 1) : 0, error = 0;
    int n = snprintf(out->temporary, sizeof out->temporary, "%.*s.%s.tocsin-%ld.tmp", directory, out->target, out->target + directory,
                     (long)getpid());

    if (n < 0 || (size_t)n >= sizeof out->temporary) {
        out->temporary[0] = 0;
        return toc_fail(ctx, TOC_E_IO, "%s: the path is too long", out->path);
    }
    unlink(out->temporary); /* left by a killed run that had this process id */
    out->file = open_stream(out->temporary, O_CREAT | O_EXCL, personal ? 0600 : 0666, &error);
    if (out->file && old && !personal && fchmod(fileno(out->file), old->st_mode & 0777) != 0) {
        error = errno;
        fclose(out->file);
        out->file = NULL;
        unlink(out->temporary);
    }
    if (out->file) return TOC_OK;
    out->temporary[0] = 0;
    return toc_fail_errno(ctx, TOC_E_IO, error, "%s: cannot be written", out->path);
}

toc_status toc_out_open(toc_ctx *ctx, const char *path, bool personal, toc_out *out)
{
    struct stat old;
    int error = 0;

    *out = (toc_out){ .path = is_stdout(path) ? "-" : path };
    if (is_stdout(path)) {
        out->file = stdout;
        return TOC_OK;
    }
    if (!resolve(path, out->target, sizeof out->target)) return toc_fail(ctx, TOC_E_IO, "%s: the path is too long", path);
    bool exists = stat(path, &old) == 0;
    if (exists && S_ISDIR(old.st_mode)) return toc_fail_errno(ctx, TOC_E_IO, EISDIR, "%s: cannot be written", path);
    if (!exists || S_ISREG(old.st_mode)) return open_beside(ctx, out, personal, exists ? &old : NULL);
    out->file = open_stream(path, 0, 0, &error); /* a device or pipe is written, never replaced */
    return out->file ? TOC_OK : toc_fail_errno(ctx, TOC_E_IO, error, "%s: cannot be written", path);
}

/* Keeps the first failure and its reason, which later calls would overwrite. */
static void note_failure(toc_out *out, int error)
{
    if (out->failed) return;
    out->failed = true;
    out->error = error ? error : EIO;
}

void toc_out_write(toc_out *out, const char *bytes, size_t n)
{
    if (out->failed || !n) return;
    errno = 0;
    if (fwrite(bytes, 1, n, out->file) != n) note_failure(out, errno);
}

void toc_out_str(toc_out *out, const char *text)
{
    toc_out_write(out, text, strlen(text));
}

void toc_out_printf(toc_out *out, const char *fmt, ...)
{
    va_list args;

    if (out->failed) return;
    errno = 0;
    va_start(args, fmt);
    if (vfprintf(out->file, fmt, args) < 0) note_failure(out, errno);
    va_end(args);
}

bool toc_out_patchable(const toc_out *out)
{
    struct stat info;
    int flags = fcntl(fileno(out->file), F_GETFL);

    return fstat(fileno(out->file), &info) == 0 && S_ISREG(info.st_mode) && flags >= 0 && !(flags & O_APPEND) && ftello(out->file) >= 0;
}

int64_t toc_out_place(const toc_out *out)
{
    return (int64_t)ftello(out->file);
}

void toc_out_patch(toc_out *out, int64_t place, const char *bytes, size_t n)
{
    if (out->failed) return;
    errno = 0;
    if (fflush(out->file) != 0) note_failure(out, errno);
    while (n && !out->failed) {
        ssize_t done = pwrite(fileno(out->file), bytes, n, (off_t)place);
        if (done < 0 && errno == EINTR) continue;
        if (done <= 0) note_failure(out, errno);
        else {
            bytes += done;
            place += done;
            n -= (size_t)done;
        }
    }
}

toc_status toc_out_close(toc_ctx *ctx, toc_out *out)
{
    bool renames = out->temporary[0] != 0;

    if (!out->file) return TOC_OK;
    errno = 0;
    if (fflush(out->file) != 0 || ferror(out->file)) note_failure(out, errno);
    if (renames && !out->failed && fsync(fileno(out->file)) != 0) note_failure(out, errno);
    if (out->file != stdout && fclose(out->file) != 0) note_failure(out, errno);
    out->file = NULL;
    if (renames && !out->failed && rename(out->temporary, out->target) != 0) note_failure(out, errno);
    if (renames && out->failed) unlink(out->temporary);
    out->temporary[0] = 0;
    if (!out->failed || out->error == EPIPE) return TOC_OK; /* the reader of a pipe has had enough */
    return toc_fail_errno(ctx, TOC_E_IO, out->error, "%s: cannot be written", strcmp(out->path, "-") ? out->path : "standard output");
}

void toc_out_abandon(toc_out *out)
{
    if (!out || !out->file) return;
    if (out->file == stdout) fflush(stdout);
    else fclose(out->file);
    if (out->temporary[0]) unlink(out->temporary);
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

/* Copies the longest runs that need no escape; `escape` gives the replacement of one byte, or NULL. Bytes that are not UTF-8 become U+FFFD. */
static toc_status add_escaped(toc_ctx *ctx, toc_buf *buf, toc_str text, const char *(*escape)(unsigned char c, char *scratch))
{
    size_t valid = toc_utf8_valid(text), start = 0;
    char scratch[8];

    for (size_t i = 0; i < text.n; i++) {
        const char *replacement = i == valid ? "\xef\xbf\xbd" : escape((unsigned char)text.p[i], scratch);
        if (!replacement) continue;
        if (i > start) TOC_TRY(toc_buf_add(ctx, buf, text.p + start, i - start));
        TOC_TRY(toc_buf_str(ctx, buf, replacement));
        start = i + 1;
        if (i == valid) valid = start + toc_utf8_valid((toc_str){ text.p + start, text.n - start });
    }
    return text.n ? toc_buf_add(ctx, buf, text.p + start, text.n - start) : toc_buf_add(ctx, buf, "", 0);
}

static const char *json_escape(unsigned char c, char *scratch)
{
    if (c == '"') return "\\\"";
    if (c == '\\') return "\\\\";
    if (c == '\n') return "\\n";
    if (c >= 0x20) return NULL;
    snprintf(scratch, 8, "\\u%04x", (unsigned)c);
    return scratch;
}

static const char *html_escape(unsigned char c, char *scratch)
{
    (void)scratch;
    switch (c) {
    case '&': return "&amp;";
    case '<': return "&lt;";
    case '>': return "&gt;";
    case '"': return "&quot;";
    case '\'': return "&#39;";
    default: return c < 0x20 && c != '\n' && c != '\t' && c != '\r' ? "\xef\xbf\xbd" : NULL; /* HTML has no other control characters */
    }
}

toc_status toc_buf_json(toc_ctx *ctx, toc_buf *buf, toc_str text)
{
    return add_escaped(ctx, buf, text, json_escape);
}

toc_status toc_buf_html(toc_ctx *ctx, toc_buf *buf, toc_str text)
{
    return add_escaped(ctx, buf, text, html_escape);
}
