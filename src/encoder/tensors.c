/* tensors.c: reading safetensors. Every number of the header is checked before it is used as one. */
#include <jansson.h>

#include "encoder/enc_int.h"

enum { MOST_HEADER = 16 << 20 };

static const struct {
    const char *name;
    size_t bytes;
    enc_dtype dtype;
} dtypes[] = {
    { "F32", 4, ENC_F32 }, { "F16", 2, ENC_F16 }, { "BF16", 2, ENC_BF16 }, { "F64", 8, ENC_OTHER }, { "I64", 8, ENC_OTHER }, { "I32", 4, ENC_OTHER },
    { "I16", 2, ENC_OTHER }, { "I8", 1, ENC_OTHER }, { "U64", 8, ENC_OTHER }, { "U32", 4, ENC_OTHER }, { "U16", 2, ENC_OTHER }, { "U8", 1, ENC_OTHER },
    { "BOOL", 1, ENC_OTHER },
};

/* A whole number >= 0 of the header. */
static bool read_size(const json_t *value, size_t *size)
{
    if (!json_is_integer(value) || json_integer_value(value) < 0) return false;
    *size = (size_t)json_integer_value(value);
    return true;
}

static toc_status read_shape(toc_ctx *ctx, const json_t *shape, const char *path, const char *name, enc_tensor *t)
{
    t->n = 1;
    t->n_dims = json_array_size(shape);
    if (!json_is_array(shape) || t->n_dims > TOC_COUNT(t->dims))
        return toc_fail(ctx, TOC_E_DATA, "%s: tensor %s: the shape is no list of at most %zu numbers", path, name, TOC_COUNT(t->dims));
    for (size_t i = 0; i < t->n_dims; i++) {
        if (!read_size(json_array_get(shape, i), &t->dims[i]) || __builtin_mul_overflow(t->n, t->dims[i], &t->n))
            return toc_fail(ctx, TOC_E_DATA, "%s: tensor %s: impossible shape", path, name);
    }
    return TOC_OK;
}

static toc_status read_entry(toc_ctx *ctx, const json_t *entry, const char *path, const char *name, toc_str data, enc_tensor *t)
{
    const json_t *offsets = json_object_get(entry, "data_offsets");
    const char *dtype = json_string_value(json_object_get(entry, "dtype"));
    size_t k = 0, bytes;

    while (dtype && k < TOC_COUNT(dtypes) && strcmp(dtype, dtypes[k].name) != 0) k++;
    if (!dtype || k == TOC_COUNT(dtypes)) return toc_fail(ctx, TOC_E_DATA, "%s: tensor %s: unknown type %.20s", path, name, dtype ? dtype : "(none)");
    t->dtype = dtypes[k].dtype;
    t->dtype_name = dtypes[k].name;
    TOC_TRY(read_shape(ctx, json_object_get(entry, "shape"), path, name, t));
    if (json_array_size(offsets) != 2 || !read_size(json_array_get(offsets, 0), &t->begin) || !read_size(json_array_get(offsets, 1), &t->end) ||
        t->begin > t->end)
        return toc_fail(ctx, TOC_E_DATA, "%s: tensor %s: data_offsets are no two ascending numbers", path, name);
    if (t->end > data.n)
        return toc_fail(ctx, TOC_E_DATA, "%s: tensor %s: ends at byte %zu of %zu: the file is cut off or damaged", path, name, t->end, data.n);
    if (__builtin_mul_overflow(t->n, dtypes[k].bytes, &bytes) || bytes != t->end - t->begin)
        return toc_fail(ctx, TOC_E_DATA, "%s: tensor %s: %zu bytes do not fit its shape", path, name, t->end - t->begin);
    t->data = data.p + t->begin;
    return TOC_OK;
}

/* The scales of a matrix of bytes; one without is of no known type. */
static toc_status read_scales(toc_ctx *ctx, const json_t *header, const char *path, toc_str data, enc_tensor *t)
{
    enc_tensor scales = {0};
    const char *name;

    if (strcmp(t->dtype_name, "I8") != 0 || t->n_dims != 2) return TOC_OK;
    TOC_TRY(toc_arena_printf(ctx, &ctx->arena, &name, "%s_scale", t->name));
    const json_t *entry = json_object_get(header, name);
    if (!json_is_object(entry)) return TOC_OK;
    TOC_TRY(read_entry(ctx, entry, path, name, data, &scales));
    if (scales.dtype != ENC_F32 || scales.n != t->dims[0])
        return toc_fail(ctx, TOC_E_DATA, "%s: tensor %s: not %zu numbers in F32, one for each row of %s", path, name, t->dims[0], t->name);
    t->dtype = ENC_I8;
    t->scales = scales.data;
    return TOC_OK;
}

static int by_place(const void *a, const void *b, const void *arg)
{
    const enc_tensor *x = a, *y = b;
    (void)arg;
    if (x->begin != y->begin) return x->begin < y->begin ? -1 : 1;
    return (x->end > y->end) - (x->end < y->end);
}

static toc_status read_entries(toc_ctx *ctx, json_t *header, const char *path, toc_str data, enc_tensors *f)
{
    const char *key;
    json_t *entry;

    TOC_TRY(toc_alloc(ctx, json_object_size(header), sizeof *f->tensors, &f->tensors));
    json_object_foreach(header, key, entry) {
        enc_tensor *t = &f->tensors[f->n];
        if (strcmp(key, "__metadata__") == 0) continue;
        if (!json_is_object(entry)) return toc_fail(ctx, TOC_E_DATA, "%s: tensor %.200s: no description", path, key);
        TOC_TRY(toc_arena_copy(ctx, &f->arena, key, strlen(key), &t->name));
        TOC_TRY(read_entry(ctx, entry, path, t->name, data, t));
        TOC_TRY(read_scales(ctx, header, path, data, t));
        f->n++;
    }
    TOC_TRY(toc_sort(ctx, f->tensors, f->n, sizeof *f->tensors, by_place, NULL));
    for (size_t i = 1; i < f->n; i++) {
        if (f->tensors[i].begin < f->tensors[i - 1].end)
            return toc_fail(ctx, TOC_E_DATA, "%s: tensors %.200s and %.200s overlap", path, f->tensors[i - 1].name, f->tensors[i].name);
    }
    return TOC_OK;
}

toc_status enc_tensors_parse(toc_ctx *ctx, toc_str bytes, const char *path, enc_tensors *tensors)
{
    uint64_t n = 0;
    json_error_t error;

    *tensors = (enc_tensors){0};
    if (bytes.n < 8) return toc_fail(ctx, TOC_E_DATA, "%s: no safetensors file: only %zu bytes", path, bytes.n);
    for (size_t i = 0; i < 8; i++) n |= (uint64_t)(unsigned char)bytes.p[i] << 8 * i;
    if (n > bytes.n - 8 || n > MOST_HEADER)
        return toc_fail(ctx, TOC_E_DATA, "%s: no safetensors file: a header of %llu bytes in a file of %zu", path, (unsigned long long)n, bytes.n);
    json_t *header = json_loadb(bytes.p + 8, (size_t)n, JSON_REJECT_DUPLICATES, &error);
    if (!json_is_object(header)) {
        json_decref(header);
        return toc_fail(ctx, TOC_E_DATA, "%s: the safetensors header is no JSON object", path);
    }
    toc_status st = read_entries(ctx, header, path, (toc_str){ bytes.p + 8 + n, bytes.n - 8 - (size_t)n }, tensors);
    json_decref(header);
    if (st) enc_tensors_release(tensors);
    return st;
}

void enc_tensors_release(enc_tensors *f)
{
    toc_free(f->tensors);
    toc_arena_release(&f->arena);
    *f = (enc_tensors){0};
}

const enc_tensor *enc_tensors_find(const enc_tensors *f, const char *prefix, const char *name)
{
    size_t n = strlen(prefix);

    for (size_t i = 0; i < f->n; i++)
        if (strncmp(f->tensors[i].name, prefix, n) == 0 && strcmp(f->tensors[i].name + n, name) == 0) return &f->tensors[i];
    return NULL;
}

/* IEEE 754 half precision: exponent bias 15, subnormals in steps of 2^-24. */
static float half_value(uint16_t h)
{
    uint32_t exponent = h >> 10 & 31, fraction = h & 1023, bits;
    float value;

    if (exponent == 0) {
        value = (float)fraction * 0x1p-24f;
        return h & 0x8000 ? -value : value;
    }
    bits = (uint32_t)(h & 0x8000) << 16 | (exponent == 31 ? 255 : exponent + 112) << 23 | fraction << 13;
    memcpy(&value, &bits, sizeof value);
    return value;
}

static void from_bytes(const enc_tensor *t, float *out)
{
    const int8_t *bytes = t->data;
    const size_t columns = t->dims[1];

    for (size_t i = 0; i < t->dims[0]; i++) {
        float scale;
        memcpy(&scale, (const char *)t->scales + i * sizeof scale, sizeof scale);
        for (size_t j = 0; j < columns; j++) out[i * columns + j] = scale * (float)bytes[i * columns + j];
    }
}

void enc_tensor_floats(const enc_tensor *t, float *out)
{
    const char *p = t->data;

    if (t->dtype == ENC_F32) {
        memcpy(out, p, t->n * sizeof *out);
        return;
    }
    if (t->dtype == ENC_I8) {
        from_bytes(t, out);
        return;
    }
    for (size_t i = 0; i < t->n; i++) {
        uint16_t h;
        memcpy(&h, p + 2 * i, sizeof h);
        uint32_t wide = (uint32_t)h << 16;
        if (t->dtype == ENC_F16) out[i] = half_value(h);
        else memcpy(out + i, &wide, sizeof wide);
    }
}
