/* input.c: the bytes of a file or of stdin; gzip and zstd are known by their first bytes, so names do not matter. */
#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>
#include <zstd.h>

#include "reader/reader_int.h"

#define RAW_BLOCK ((size_t)256 << 10)

typedef enum { PLAIN, GZIP, ZSTD } packing;

struct rd_input {
    const char *path; /* as given */
    int fd;
    bool raw_end;        /* no more bytes from the file */
    packing packing;
    unsigned char *raw;  /* RAW_BLOCK bytes from the file, or all of the bytes in memory */
    bool borrowed;
    size_t raw_at, raw_n;
    z_stream gzip;
    bool gzip_open, in_member;
    ZSTD_DStream *zstd;
    bool anywhere;       /* an uncompressed regular file: read by pread from `at` on */
    off_t at;
    uint64_t hash[2];
};

static toc_status fill_raw(toc_ctx *ctx, rd_input *input)
{
    input->raw_at = input->raw_n = 0;
    while (!input->raw_end && input->raw_n < RAW_BLOCK) {
        ssize_t got = read(input->fd, input->raw + input->raw_n, RAW_BLOCK - input->raw_n);
        if (got < 0) {
            if (errno == EINTR) continue;
            return toc_fail_errno(ctx, TOC_E_IO, errno, "%s: cannot be read", input->path);
        }
        if (!got) input->raw_end = true;
        input->raw_n += (size_t)got;
    }
    return TOC_OK;
}

static toc_status open_packing(toc_ctx *ctx, rd_input *input)
{
    static const unsigned char gzip_magic[] = { 0x1f, 0x8b }, zstd_magic[] = { 0x28, 0xb5, 0x2f, 0xfd };

    if (input->raw_n >= 2 && !memcmp(input->raw, gzip_magic, 2)) {
        input->packing = GZIP;
        if (inflateInit2(&input->gzip, 16 + MAX_WBITS) != Z_OK) return toc_fail(ctx, TOC_E_NOMEM, "%s: out of memory", input->path);
        input->gzip_open = input->in_member = true;
    } else if (input->raw_n >= 4 && !memcmp(input->raw, zstd_magic, 4)) {
        input->packing = ZSTD;
        input->in_member = true;
        if (!(input->zstd = ZSTD_createDStream())) return toc_fail(ctx, TOC_E_NOMEM, "%s: out of memory", input->path);
    }
    return TOC_OK;
}

toc_status rd_input_open(toc_ctx *ctx, const char *path, rd_input **result)
{
    rd_input *input = NULL;
    toc_status st;

    TOC_TRY(toc_alloc(ctx, 1, sizeof *input, &input));
    input->path = path;
    input->fd = -1;
    if ((st = toc_alloc(ctx, RAW_BLOCK, 1, &input->raw))) goto fail;
    if (strcmp(path, "-") == 0) {
        input->path = "stdin";
        input->fd = STDIN_FILENO;
    } else if ((input->fd = open(path, O_RDONLY | O_CLOEXEC)) < 0) {
        st = toc_fail_errno(ctx, TOC_E_IO, errno, "%s: cannot be opened", path);
        goto fail;
    }
    input->at = lseek(input->fd, 0, SEEK_CUR); /* a redirected stdin may have been read from */
    if ((st = fill_raw(ctx, input))) goto fail;
    if ((st = open_packing(ctx, input))) goto fail;
    struct stat info;
    input->anywhere = input->packing == PLAIN && input->at >= 0 && fstat(input->fd, &info) == 0 && S_ISREG(info.st_mode);
    *result = input;
    return TOC_OK;
fail:
    rd_input_close(input);
    return st;
}

toc_status rd_input_bytes(toc_ctx *ctx, const char *name, toc_str bytes, rd_input **result)
{
    rd_input *input = NULL;

    TOC_TRY(toc_alloc(ctx, 1, sizeof *input, &input));
    *input = (rd_input){ .path = name, .fd = -1, .raw_end = true, .raw = (unsigned char *)(uintptr_t)bytes.p, .borrowed = true, .raw_n = bytes.n };
    toc_status st = open_packing(ctx, input);
    if (st) rd_input_close(input);
    else *result = input;
    return st;
}

void rd_input_close(rd_input *input)
{
    if (!input) return;
    if (input->gzip_open) inflateEnd(&input->gzip);
    if (input->zstd) ZSTD_freeDStream(input->zstd);
    if (input->fd > STDIN_FILENO) close(input->fd);
    if (!input->borrowed) toc_free(input->raw);
    toc_free(input);
}

static toc_status damaged(toc_ctx *ctx, const rd_input *input, const char *format, bool cut)
{
    return toc_fail(ctx, TOC_E_DATA, "%s: the %s file is %s", input->path, format, cut ? "cut off before its end" : "damaged");
}

static toc_status read_plain(rd_input *input, char *bytes, size_t n, size_t *got)
{
    *got = TOC_MIN(n, input->raw_n - input->raw_at);
    memcpy(bytes, input->raw + input->raw_at, *got);
    input->raw_at += *got;
    return TOC_OK;
}

/* One step of inflate; several members may follow each other. */
static toc_status read_gzip(toc_ctx *ctx, rd_input *input, char *bytes, size_t n, size_t *got)
{
    z_stream *z = &input->gzip;

    if (!input->in_member) {
        if (inflateReset(z) != Z_OK) return damaged(ctx, input, "gzip", false);
        input->in_member = true;
    }
    z->next_in = input->raw + input->raw_at;
    z->avail_in = (uInt)TOC_MIN(input->raw_n - input->raw_at, (size_t)1 << 30);
    size_t given = z->avail_in;
    z->next_out = (Bytef *)bytes;
    z->avail_out = (uInt)TOC_MIN(n, (size_t)1 << 30);
    size_t room = z->avail_out;
    int code = inflate(z, Z_NO_FLUSH);
    input->raw_at += given - z->avail_in;
    *got = room - z->avail_out;
    if (code == Z_STREAM_END) input->in_member = false;
    else if (code == Z_MEM_ERROR) return toc_fail(ctx, TOC_E_NOMEM, "%s: out of memory", input->path);
    else if (code != Z_OK && code != Z_BUF_ERROR) return damaged(ctx, input, "gzip", false);
    return TOC_OK;
}

static toc_status read_zstd(toc_ctx *ctx, rd_input *input, char *bytes, size_t n, size_t *got)
{
    ZSTD_inBuffer in = { input->raw, input->raw_n, input->raw_at };
    ZSTD_outBuffer out = { bytes, n, 0 };
    size_t code = ZSTD_decompressStream(input->zstd, &out, &in);

    if (ZSTD_isError(code)) return damaged(ctx, input, "zstd", false);
    input->in_member = code != 0;
    input->raw_at = in.pos;
    *got = out.pos;
    return TOC_OK;
}

void rd_input_hash_add(rd_input *input, uint64_t block_hash, size_t n)
{
    if (!n) return;
    input->hash[0] = toc_mix(input->hash[0] ^ block_hash);
    input->hash[1] = toc_mix(input->hash[1] + (block_hash ^ UINT64_C(0x9e3779b97f4a7c15)) * 3 + n);
}

uint64_t rd_input_size(const rd_input *input)
{
    struct stat info;

    return input->anywhere && fstat(input->fd, &info) == 0 && info.st_size > 0 ? (uint64_t)info.st_size : 0;
}

bool rd_input_anywhere(const rd_input *input)
{
    return input->anywhere;
}

toc_status rd_input_left(toc_ctx *ctx, const rd_input *input, uint64_t *n)
{
    struct stat info;

    if (fstat(input->fd, &info)) return toc_fail_errno(ctx, TOC_E_IO, errno, "%s: cannot be read", input->path);
    *n = info.st_size > input->at ? (uint64_t)(info.st_size - input->at) : 0;
    return TOC_OK;
}

toc_status rd_input_read_ahead(toc_ctx *ctx, const rd_input *input, uint64_t ahead, char *bytes, size_t n, size_t *got)
{
    size_t done = 0;

    while (done < n) {
        ssize_t part = pread(input->fd, bytes + done, n - done, input->at + (off_t)(ahead + done));
        if (part < 0 && errno == EINTR) continue;
        if (part < 0) return toc_fail_errno(ctx, TOC_E_IO, errno, "%s: cannot be read", input->path);
        if (!part) break;
        done += (size_t)part;
    }
    *got = done;
    return TOC_OK;
}

void rd_input_skip(rd_input *input, size_t n)
{
    input->at += (off_t)n;
}

toc_status rd_input_read(toc_ctx *ctx, rd_input *input, char *bytes, size_t n, size_t *got)
{
    size_t done = 0;

    if (input->anywhere) {
        TOC_TRY(rd_input_read_ahead(ctx, input, 0, bytes, n, got));
        rd_input_skip(input, *got);
        return TOC_OK;
    }
    while (done < n) {
        size_t part = 0;
        bool empty = input->raw_at == input->raw_n;
        if (empty && !input->raw_end) {
            TOC_TRY(fill_raw(ctx, input));
            continue;
        }
        if (empty && (input->packing == PLAIN || !input->in_member)) break;
        if (input->packing == PLAIN) TOC_TRY(read_plain(input, bytes + done, n - done, &part));
        else if (input->packing == GZIP) TOC_TRY(read_gzip(ctx, input, bytes + done, n - done, &part));
        else TOC_TRY(read_zstd(ctx, input, bytes + done, n - done, &part));
        if (empty && !part && input->in_member) return damaged(ctx, input, input->packing == GZIP ? "gzip" : "zstd", true);
        done += part;
    }
    *got = done;
    return TOC_OK;
}

void rd_input_hash(const rd_input *input, char hex[33])
{
    snprintf(hex, 33, "%016llx%016llx", (unsigned long long)input->hash[0], (unsigned long long)input->hash[1]);
}

toc_status rd_hash_file(toc_ctx *ctx, const char *path, char hex[33])
{
    rd_input *input = NULL;
    char *block = NULL;
    size_t got;

    toc_status st = rd_input_open(ctx, path, &input);
    if (!st) st = toc_alloc(ctx, RD_BLOCK, 1, &block);
    do {
        if (!st) st = rd_input_read(ctx, input, block, RD_BLOCK, &got);
        if (!st) rd_input_hash_add(input, toc_str_hash((toc_str){ block, got }), got);
    } while (!st && got == RD_BLOCK);
    if (!st) rd_input_hash(input, hex);
    toc_free(block);
    rd_input_close(input);
    return st;
}
