/* write.c: numbers a row as CSV, JSON lines, a NumPy file or bare floats. No format keeps rows in memory. */
#include "encoder/encoder.h"
#include "table/table.h"

enum { NPY_HEADER = 128, SPOOLED = 1 << 20 };

/* Version 1.0 of NumPy's format: magic, length of the header, the header as a Python dictionary, filled with blanks to a multiple of 64. */
static void npy_header(const enc_writer *w, char header[NPY_HEADER])
{
    memcpy(header, "\x93NUMPY\x01\x00\x76\x00", 10);
    int n = snprintf(header + 10, NPY_HEADER - 10, "{'descr': '<f4', 'fortran_order': False, 'shape': (%zu, %zu), }", w->n_rows, w->dim);
    memset(header + 10 + n, ' ', NPY_HEADER - 10 - (size_t)n);
    header[NPY_HEADER - 1] = '\n';
}

void enc_writer_begin(enc_writer *w, toc_out *out, enc_format format, size_t dim, toc_str id_name, const char *const *names)
{
    *w = (enc_writer){ .out = out, .format = format, .dim = dim, .names = names };
    toc_spool_init(&w->spool, SPOOLED);
    if (format == ENC_NPY) {
        char header[NPY_HEADER];
        w->patches = toc_out_patchable(out);
        if (!w->patches) return;
        w->place = toc_out_place(out);
        npy_header(w, header);
        toc_out_write(out, header, sizeof header);
    }
    if (format != ENC_CSV) return;
    tab_csv_field(out, id_name);
    for (size_t j = 0; j < dim; j++) {
        if (names) {
            toc_out_str(out, ",");
            tab_csv_field(out, toc_str_of(names[j]));
        } else toc_out_printf(out, ",v%zu", j + 1);
    }
    toc_out_str(out, "\n");
}

/* JSON knows no other numbers than finite ones. */
static toc_status add_number(toc_ctx *ctx, toc_buf *row, float value, bool json)
{
    char text[32];
    size_t n = toc_format_float(value, text);

    if (json && !(value - value == 0)) return toc_buf_str(ctx, row, "null");
    return toc_buf_add(ctx, row, text, n);
}

static toc_status add_json(toc_ctx *ctx, enc_writer *w, toc_str id, const float *row)
{
    toc_buf *to = &w->row;

    TOC_TRY(toc_buf_str(ctx, to, "{\"id\":\""));
    TOC_TRY(toc_buf_json(ctx, to, id));
    TOC_TRY(toc_buf_str(ctx, to, w->names ? "\",\"scores\":{" : "\",\"vector\":["));
    for (size_t j = 0; j < w->dim; j++) {
        if (j) TOC_TRY(toc_buf_char(ctx, to, ','));
        if (w->names) {
            TOC_TRY(toc_buf_char(ctx, to, '"'));
            TOC_TRY(toc_buf_json(ctx, to, toc_str_of(w->names[j])));
            TOC_TRY(toc_buf_str(ctx, to, "\":"));
        }
        TOC_TRY(add_number(ctx, to, row[j], true));
    }
    return toc_buf_str(ctx, to, w->names ? "}}\n" : "]}\n");
}

static toc_status add_csv(toc_ctx *ctx, enc_writer *w, const float *row)
{
    for (size_t j = 0; j < w->dim; j++) {
        TOC_TRY(toc_buf_char(ctx, &w->row, ','));
        TOC_TRY(add_number(ctx, &w->row, row[j], false));
    }
    return toc_buf_char(ctx, &w->row, '\n');
}

/* The low byte first, whatever the machine. */
static toc_status add_floats(toc_ctx *ctx, enc_writer *w, const float *row)
{
    TOC_TRY(toc_buf_reserve(ctx, &w->row, 4 * w->dim));
    for (size_t j = 0; j < w->dim; j++) {
        uint32_t bits;
        memcpy(&bits, row + j, sizeof bits);
        for (unsigned k = 0; k < 4; k++) w->row.p[w->row.n++] = (char)(bits >> 8 * k & 255);
    }
    return TOC_OK;
}

toc_status enc_writer_rows(toc_ctx *ctx, enc_writer *w, const toc_str *ids, const float *rows, size_t n)
{
    const bool spools = w->format == ENC_NPY && !w->patches;

    for (size_t i = 0; i < n; i++) {
        const float *row = rows + i * w->dim;
        toc_buf_reset(&w->row);
        switch (w->format) {
        case ENC_CSV:
            tab_csv_field(w->out, ids[i]);
            TOC_TRY(add_csv(ctx, w, row));
            break;
        case ENC_JSONL: TOC_TRY(add_json(ctx, w, ids[i], row)); break;
        case ENC_NPY:
        case ENC_RAW: TOC_TRY(add_floats(ctx, w, row)); break;
        }
        if (spools) TOC_TRY(toc_spool_add(ctx, &w->spool, w->row.p, w->row.n));
        else toc_out_write(w->out, w->row.p, w->row.n);
    }
    w->n_rows += n;
    return TOC_OK;
}

toc_status enc_writer_end(toc_ctx *ctx, enc_writer *w)
{
    char header[NPY_HEADER], block[8192];
    uint64_t size = toc_spool_size(&w->spool);

    if (w->format != ENC_NPY) return TOC_OK;
    npy_header(w, header);
    if (w->patches) {
        toc_out_patch(w->out, w->place, header, sizeof header);
        return TOC_OK;
    }
    toc_out_write(w->out, header, sizeof header);
    for (uint64_t at = 0; at < size;) {
        size_t n = (size_t)TOC_MIN(size - at, (uint64_t)sizeof block);
        TOC_TRY(toc_spool_read(ctx, &w->spool, at, block, n));
        toc_out_write(w->out, block, n);
        at += n;
    }
    return TOC_OK;
}

void enc_writer_release(enc_writer *w)
{
    toc_buf_release(&w->row);
    toc_spool_release(&w->spool);
    *w = (enc_writer){0};
}
