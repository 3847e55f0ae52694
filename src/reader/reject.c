/* reject.c: refused records, in words and as rows of a reject file. */
#include "reader/reader_int.h"

const char *rd_fault_text(const rd_reader *reader, const rd_batch *batch, const rd_record *record, char *buf)
{
    size_t n = 160;

    switch (record->fault) {
    case RD_FINE: snprintf(buf, n, "no fault"); break;
    case RD_UNCLOSED: snprintf(buf, n, "the quote opened on line %zu is never closed", batch->line + record->quote_line); break;
    case RD_BAD_QUOTE: snprintf(buf, n, "text follows the closing quote of a field on line %zu", batch->line + record->quote_line); break;
    case RD_LINE_END: snprintf(buf, n, "a carriage return outside quotes in the middle of line %zu", rd_line(batch, record)); break;
    case RD_TOO_LONG: snprintf(buf, n, "a field is longer than %zu bytes", reader->parser.max_field); break;
    case RD_BINARY: snprintf(buf, n, "the record has NUL bytes"); break;
    case RD_ENCODING: snprintf(buf, n, "the bytes are no text in %s", rd_encoding(reader)); break;
    case RD_COLUMNS: snprintf(buf, n, "%zu fields where the header has %zu", (size_t)record->n, reader->n_header); break;
    case RD_TRAILER: snprintf(buf, n, "a line after the last row"); break;
    }
    return buf;
}

toc_status rd_raw_text(toc_ctx *ctx, const rd_reader *reader, const rd_batch *batch, const rd_record *record, toc_buf *buf)
{
    toc_str raw = rd_raw(batch, record);
    bool cut = raw.n > RD_MAX_RAW;

    if (cut) raw.n = RD_MAX_RAW;
    TOC_TRY(rd_decode(ctx, reader->transcoded ? "UTF-8" : reader->encoding, raw, RD_REPLACEMENT, buf));
    for (size_t i = 0; i < buf->n; i++)
        if (!buf->p[i]) buf->p[i] = ' ';
    return cut ? toc_buf_str(ctx, buf, "...") : TOC_OK;
}

void rd_reject_header(toc_out *out)
{
    toc_out_str(out, "file,line,byte_offset,column,code,message,raw\n");
}

void rd_reject_text(toc_out *out, const rd_reader *reader, const rd_batch *batch, const rd_record *record, toc_str column, const char *code,
                    const char *message, toc_str raw)
{
    tab_csv_field(out, toc_str_of(reader->path));
    toc_out_printf(out, ",%zu,%llu,", rd_line(batch, record), (unsigned long long)rd_offset(batch, record));
    tab_csv_field(out, column);
    toc_out_printf(out, ",%s,", code);
    tab_csv_field(out, toc_str_of(message));
    toc_out_write(out, ",", 1);
    tab_csv_field(out, raw);
    toc_out_write(out, "\n", 1);
}

toc_status rd_reject(toc_ctx *ctx, toc_out *out, const rd_reader *reader, const rd_batch *batch, const rd_record *record, toc_str column,
                     const char *code, const char *message)
{
    toc_buf raw = {0};
    toc_status st = rd_raw_text(ctx, reader, batch, record, &raw);

    if (!st) rd_reject_text(out, reader, batch, record, column, code, message, (toc_str){ raw.p, raw.n });
    toc_buf_release(&raw);
    return st;
}
