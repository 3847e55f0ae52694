/* write.c: vectors as CSV, JSON lines or a NumPy file. */
#include "encoder/encoder.h"
#include "table/table.h"

void enc_writer_begin(enc_writer *w, toc_out *out, enc_format format, size_t dim, toc_str id_name)
{
    *w = (enc_writer){ .out = out, .format = format, .dim = dim };
    if (format != ENC_CSV) return;
    tab_csv_field(out, id_name);
    for (size_t j = 0; j < dim; j++) toc_out_printf(out, ",v%zu", j + 1);
    toc_out_str(out, "\n");
}

static void write_numbers(toc_out *out, const float *vector, size_t dim)
{
    char text[32];

    for (size_t j = 0; j < dim; j++) {
        int n = snprintf(text, sizeof text, "%s%.9g", j ? "," : "", (double)vector[j]);
        toc_out_write(out, text, (size_t)n);
    }
}

static toc_status write_json(toc_ctx *ctx, toc_out *out, toc_str id, const float *vector, size_t dim)
{
    toc_buf text = {0};
    toc_status st = toc_buf_json(ctx, &text, id);

    toc_out_str(out, "{\"id\":\"");
    if (!st) toc_out_write(out, text.p, text.n);
    toc_out_str(out, "\",\"vector\":[");
    write_numbers(out, vector, dim);
    toc_out_str(out, "]}\n");
    toc_buf_release(&text);
    return st;
}

toc_status enc_writer_rows(toc_ctx *ctx, enc_writer *w, const toc_str *ids, const float *vectors, size_t n)
{
    w->n_rows += n;
    if (w->format == ENC_NPY) {
        TOC_TRY(toc_grow(ctx, &w->kept, &w->cap_kept, w->n_kept + n * w->dim, sizeof *w->kept));
        memcpy(w->kept + w->n_kept, vectors, n * w->dim * sizeof *vectors);
        w->n_kept += n * w->dim;
        return TOC_OK;
    }
    for (size_t i = 0; i < n; i++) {
        const float *vector = vectors + i * w->dim;
        if (w->format == ENC_JSONL) {
            TOC_TRY(write_json(ctx, w->out, ids[i], vector, w->dim));
            continue;
        }
        tab_csv_field(w->out, ids[i]);
        toc_out_str(w->out, ",");
        write_numbers(w->out, vector, w->dim);
        toc_out_str(w->out, "\n");
    }
    return TOC_OK;
}

/* Version 1.0 of NumPy's format: magic, length of the header, the header as a Python dictionary, filled with blanks to a multiple of 64. Bytes are written
 * low end first, whatever the machine. */
static void write_npy(enc_writer *w)
{
    char header[128];
    int n = snprintf(header, sizeof header - 10, "{'descr': '<f4', 'fortran_order': False, 'shape': (%zu, %zu), }", w->n_rows, w->dim);

    memset(header + n, ' ', sizeof header - (size_t)n);
    header[sizeof header - 11] = '\n';
    toc_out_write(w->out, "\x93NUMPY\x01\x00\x76\x00", 10);
    toc_out_write(w->out, header, sizeof header - 10);
    for (size_t i = 0; i < w->n_kept; i++) {
        uint32_t bits;
        memcpy(&bits, w->kept + i, sizeof bits);
        const char bytes[4] = { (char)(bits & 255), (char)(bits >> 8 & 255), (char)(bits >> 16 & 255), (char)(bits >> 24 & 255) };
        toc_out_write(w->out, bytes, sizeof bytes);
    }
}

void enc_writer_end(enc_writer *w)
{
    if (w->format == ENC_NPY) write_npy(w);
}

void enc_writer_release(enc_writer *w)
{
    toc_free(w->kept);
    *w = (enc_writer){0};
}
