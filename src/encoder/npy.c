/* npy.c: NumPy files of 32-bit floats, rows by dimension (versions 1 to 3 of the format: magic, version, length of the header, a Python dictionary). */
#include <errno.h>

#include "encoder/enc_int.h"

enum { MOST_HEADER = 1 << 16 };

static toc_status damaged(toc_ctx *ctx, const char *path, const char *why)
{
    return toc_fail(ctx, TOC_E_DATA, "%s: %s", path, why);
}

/* The text behind 'key': in the dictionary, or NULL. */
static const char *entry(const char *header, const char *key)
{
    char quoted[40];

    snprintf(quoted, sizeof quoted, "'%s':", key);
    const char *at = strstr(header, quoted);
    return at ? at + strlen(quoted) + strspn(at + strlen(quoted), " ") : NULL;
}

static bool take_size(const char **at, size_t *size)
{
    size_t n = strspn(*at, "0123456789");
    int64_t value;

    if (!n || !toc_parse_int((toc_str){ *at, n }, &value)) return false;
    *at += n + strspn(*at + n, " ,");
    *size = (size_t)value;
    return true;
}

static toc_status read_header(toc_ctx *ctx, FILE *file, const char *path, size_t *rows, size_t *dim)
{
    unsigned char start[6];
    char header[MOST_HEADER];
    size_t n = 0, n_length;

    if (fread(start, 1, 2, file) != 2) return damaged(ctx, path, "the NumPy file is cut off in its header");
    n_length = start[0] == 1 ? 2 : 4;
    if (fread(start + 2, 1, n_length, file) != n_length) return damaged(ctx, path, "the NumPy file is cut off in its header");
    for (size_t k = 0; k < n_length; k++) n |= (size_t)start[2 + k] << 8 * k;
    if (n >= sizeof header || fread(header, 1, n, file) != n) return damaged(ctx, path, "the NumPy file is cut off in its header");
    header[n] = 0;
    const char *type = entry(header, "descr"), *order = entry(header, "fortran_order"), *shape = entry(header, "shape");
    if (!type || !order || !shape || *shape++ != '(') return damaged(ctx, path, "no header of a NumPy file");
    if (strncmp(type, "'<f4'", 5) != 0 || strncmp(order, "False", 5) != 0) return damaged(ctx, path, "the NumPy file holds no 32-bit floats ('<f4') in rows");
    if (!take_size(&shape, rows) || !take_size(&shape, dim) || *shape != ')' || !*dim || *dim > ENC_MOST_DIM)
        return damaged(ctx, path, "the NumPy file holds no rows of vectors");
    return TOC_OK;
}

static toc_status read_rows(toc_ctx *ctx, FILE *file, const char *path, size_t most, enc_rows_take *take, void *arg)
{
    size_t rows = 0, dim = 0;
    float *vectors = NULL;
    toc_status st;

    TOC_TRY(read_header(ctx, file, path, &rows, &dim));
    TOC_TRY(toc_alloc(ctx, most * dim, sizeof *vectors, &vectors));
    st = rows ? TOC_OK : damaged(ctx, path, "the NumPy file has no rows");
    for (size_t first = 0; first < rows && !st; first += most) {
        size_t n = TOC_MIN(most, rows - first);
        if (fread(vectors, dim * sizeof *vectors, n, file) != n) {
            st = ferror(file) ? toc_fail_errno(ctx, TOC_E_IO, errno, "%s: cannot be read", path) : damaged(ctx, path, "the NumPy file is cut off before its last row");
            break;
        }
#if __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
        for (size_t i = 0; i < n * dim; i++) {
            uint32_t bits;
            memcpy(&bits, vectors + i, sizeof bits);
            bits = __builtin_bswap32(bits);
            memcpy(vectors + i, &bits, sizeof bits);
        }
#endif
        st = take(ctx, arg, first, vectors, n, dim);
    }
    toc_free(vectors);
    return st;
}

toc_status enc_npy_read(toc_ctx *ctx, const char *path, size_t most, enc_rows_take *take, void *arg, bool *is_npy)
{
    char magic[6] = "";
    toc_status st = TOC_OK;

    *is_npy = false;
    if (strcmp(path, "-") == 0) return TOC_OK;
    FILE *file = fopen(path, "rb");
    if (!file) return toc_fail_errno(ctx, TOC_E_IO, errno, "%s: cannot be opened", path);
    *is_npy = fread(magic, 1, sizeof magic, file) == sizeof magic && memcmp(magic, "\x93NUMPY", sizeof magic) == 0;
    if (*is_npy) st = read_rows(ctx, file, path, most, take, arg);
    fclose(file);
    return st;
}
