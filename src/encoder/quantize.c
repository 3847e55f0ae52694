/* quantize.c: a model's folder with matrices of bytes.
 *
 * NAME.weight (rows x columns) becomes NAME.weight of type I8 and NAME.weight_scale (rows) of type F32: a number is its byte times its row's scale, and the scale
 * is the row's largest absolute value over 127. Matrices of layers and the table of words change so; what is small or decides much stays as it was: biases, norms,
 * positions, token types, poolers and classifiers. */
#include <errno.h>
#include <math.h>
#include <sys/stat.h>

#include "encoder/enc_int.h"

typedef struct {
    toc_out out;
    const enc_tensors *tensors;
    const char *path;
    enc_quantized *stats;
} writing;

static bool becomes_bytes(const enc_tensor *t)
{
    static const char *const kept[] = { "position_embeddings", "token_type_embeddings", "wpe.", "pooler.", "classifier", "score.", "Norm", "ln_" };
    size_t n = strlen(t->name);

    if (t->dtype > ENC_BF16 || t->n_dims != 2 || n < 7 || strcmp(t->name + n - 7, ".weight") != 0) return false;
    for (size_t i = 0; i < TOC_COUNT(kept); i++)
        if (strstr(t->name, kept[i])) return false;
    return true;
}

static toc_status add_entry(toc_ctx *ctx, toc_buf *header, const enc_tensor *t, const char *ending, const char *type, size_t n_dims, size_t bytes, size_t *at)
{
    TOC_TRY(toc_buf_printf(ctx, header, "%s\"", header->n > 1 ? "," : ""));
    TOC_TRY(toc_buf_json(ctx, header, toc_str_of(t->name)));
    TOC_TRY(toc_buf_printf(ctx, header, "%s\":{\"dtype\":\"%s\",\"shape\":[", ending, type));
    for (size_t i = 0; i < n_dims; i++) TOC_TRY(toc_buf_printf(ctx, header, "%s%zu", i ? "," : "", t->dims[i]));
    TOC_TRY(toc_buf_printf(ctx, header, "],\"data_offsets\":[%zu,%zu]}", *at, *at + bytes));
    *at += bytes;
    return TOC_OK;
}

/* Scales come right behind the numbers, all in the order of the file that was read: first what is aligned to 4 bytes, so the scales of odd matrices stay so. */
static toc_status write_header(toc_ctx *ctx, writing *w)
{
    toc_buf header = {0};
    size_t at = 0;
    unsigned char length[8];
    toc_status st = toc_buf_char(ctx, &header, '{');

    for (int bytes = 0; bytes < 2 && !st; bytes++) {
        for (size_t i = 0; i < w->tensors->n && !st; i++) {
            const enc_tensor *t = &w->tensors->tensors[i];
            if (!becomes_bytes(t)) {
                if (!bytes) st = add_entry(ctx, &header, t, "", t->dtype_name, t->n_dims, t->end - t->begin, &at);
            } else if (bytes) st = add_entry(ctx, &header, t, "", "I8", 2, t->n, &at);
            else st = add_entry(ctx, &header, t, "_scale", "F32", 1, t->dims[0] * sizeof(float), &at);
        }
    }
    if (!st) st = toc_buf_char(ctx, &header, '}');
    while (!st && header.n % 8) st = toc_buf_char(ctx, &header, ' ');
    if (!st) {
        for (size_t k = 0; k < sizeof length; k++) length[k] = (unsigned char)((uint64_t)header.n >> 8 * k);
        toc_out_write(&w->out, (const char *)length, sizeof length);
        toc_out_write(&w->out, header.p, header.n);
    }
    toc_buf_release(&header);
    return st;
}

static float row_scale(const float *row, size_t n)
{
    float most = 0;

    for (size_t j = 0; j < n; j++) most = fmaxf(most, fabsf(row[j]));
    return most / 127;
}

static void write_float(toc_out *out, float value)
{
    unsigned char bytes[4];
    uint32_t bits;

    memcpy(&bits, &value, sizeof bits);
    for (int k = 0; k < 4; k++) bytes[k] = (unsigned char)(bits >> 8 * k);
    toc_out_write(out, (const char *)bytes, sizeof bytes);
}

/* The scales of a matrix, or its bytes. */
static toc_status write_matrix(toc_ctx *ctx, writing *w, const enc_tensor *t, bool bytes)
{
    const size_t columns = t->dims[1];
    float *values = NULL;
    int8_t *row = NULL;
    toc_status st;

    if ((st = toc_alloc(ctx, t->n, sizeof *values, &values)) || (st = toc_alloc(ctx, columns, 1, &row))) goto out;
    enc_tensor_floats(t, values);
    for (size_t i = 0; i < t->dims[0]; i++) {
        const float *from = values + i * columns;
        const float scale = row_scale(from, columns);
        if (!bytes) {
            write_float(&w->out, scale);
            continue;
        }
        for (size_t j = 0; j < columns; j++) {
            if (!isfinite(from[j])) {
                st = toc_fail(ctx, TOC_E_DATA, "%s: tensor %s: row %zu holds a number that is not finite", w->path, t->name, i);
                goto out;
            }
            row[j] = (int8_t)(scale > 0 ? lrintf(fminf(fmaxf(from[j] / scale, -127), 127)) : 0);
        }
        toc_out_write(&w->out, (const char *)row, columns);
    }
    if (bytes) w->stats->matrices++;
out:
    toc_free(values);
    toc_free(row);
    return st;
}

static toc_status write_weights(toc_ctx *ctx, writing *w, const char *path)
{
    toc_status st;

    if ((st = toc_out_open(ctx, path, false, &w->out)) || (st = write_header(ctx, w))) goto out;
    for (int bytes = 0; bytes < 2 && !st; bytes++) {
        for (size_t i = 0; i < w->tensors->n && !st; i++) {
            const enc_tensor *t = &w->tensors->tensors[i];
            if (becomes_bytes(t)) st = write_matrix(ctx, w, t, bytes);
            else if (!bytes) toc_out_write(&w->out, t->data, t->end - t->begin);
        }
    }
    if (!st) st = toc_out_close(ctx, &w->out);
out:
    toc_out_abandon(&w->out);
    return st;
}

toc_status enc_quantize(toc_ctx *ctx, const char *from, const char *to, enc_quantized *stats)
{
    enc_weights file;
    const char *target;
    struct stat a, b;

    *stats = (enc_quantized){0};
    if (!from) TOC_TRY(enc_default_folder(ctx, &from));
    TOC_TRY(toc_arena_printf(ctx, &ctx->arena, &target, "%s/model.safetensors", to));
    if (!stat(from, &a) && !stat(to, &b) && a.st_dev == b.st_dev && a.st_ino == b.st_ino)
        return toc_fail(ctx, TOC_E_USAGE, "%s is the model itself: it is written to another folder", to);
    TOC_TRY(enc_weights_open(ctx, from, &file));
    writing w = { .tensors = &file.tensors, .path = file.path, .stats = stats };
    toc_status st = enc_folder_make(ctx, to);
    if (!st) st = write_weights(ctx, &w, target);
    stats->bytes_before = enc_weights_bytes(&file);
    enc_weights_close(&file);
    if (!st) st = enc_folder_copy(ctx, from, to, false);
    if (!st && stat(target, &b)) st = toc_fail_errno(ctx, TOC_E_IO, errno, "%s", target);
    if (st) return st;
    stats->bytes = (uint64_t)b.st_size;
    return enc_compare(ctx, from, to, &stats->cosine);
}
