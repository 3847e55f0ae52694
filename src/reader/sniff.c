/* sniff.c: encoding, delimiter and quoting from the first bytes of a file. */
#include "reader/reader_int.h"

const char *rd_charset_name(rd_charset charset)
{
    static const char *const names[] = { "UTF-8", "UTF-16LE", "UTF-16BE", "GB18030", "WINDOWS-1252", "" };
    return names[charset];
}

/* Formats that people hand in by mistake, by their first bytes. */
static const char *known_binary(toc_str head)
{
    static const struct {
        const char *magic;
        size_t n;
        const char *what;
    } table[] = {
        { "PK\003\004", 4, "an Excel workbook or a zip archive: save it as CSV, or unpack it first" },
        { "\320\317\021\340", 4, "an old Excel workbook: save it as CSV first" },
        { "%PDF", 4, "a PDF document" },
        { "SQLite format 3", 15, "an SQLite file" },
        { "\177ELF", 4, "a program" },
        { "\211PNG", 4, "a picture" },
        { "\377\330\377", 3, "a picture" },
        { "BZh", 3, "a bzip2 archive: unpack it first" },
        { "\3757zXZ", 6, "an xz archive: unpack it first" },
        { "PAR1", 4, "a Parquet file" },
    };
    for (size_t i = 0; i < TOC_COUNT(table); i++)
        if (head.n >= table[i].n && !memcmp(head.p, table[i].magic, table[i].n)) return table[i].what;
    return NULL;
}

size_t rd_gb18030_valid(toc_str bytes)
{
    const unsigned char *p = (const unsigned char *)bytes.p;
    size_t i = 0;

    while (i < bytes.n) {
        if (p[i] < 0x80) i++;
        else if (p[i] == 0x80 || p[i] == 0xff || i + 1 >= bytes.n) return i;
        else if ((p[i + 1] >= 0x40 && p[i + 1] <= 0x7e) || (p[i + 1] >= 0x80 && p[i + 1] <= 0xfe)) i += 2;
        else if (i + 3 < bytes.n && p[i + 1] >= 0x30 && p[i + 1] <= 0x39 && p[i + 2] >= 0x81 && p[i + 2] <= 0xfe && p[i + 3] >= 0x30 &&
                 p[i + 3] <= 0x39) i += 4;
        else return i;
    }
    return i;
}

/* In Chinese text nearly all pairs lie in the block of GB 2312, both bytes above 0xA0; in western text a letter above 0x7F mostly has ASCII after
 * it, which is a legal pair as well, but outside that block. */
rd_charset rd_sniff_legacy(toc_str bytes)
{
    const unsigned char *p = (const unsigned char *)bytes.p;
    size_t pairs = 0, plausible = 0, i = 0;
    size_t valid = rd_gb18030_valid(bytes);

    if (valid + 4 < bytes.n) return RD_WINDOWS_1252; /* a character cut off by the end of the sample is no fault */
    while (i + 1 < valid) {
        if (p[i] < 0x80) {
            i++;
            continue;
        }
        pairs++;
        plausible += p[i] >= 0xa1 && p[i] <= 0xf7 && p[i + 1] >= 0xa1;
        i += p[i + 1] >= 0x30 && p[i + 1] <= 0x39 ? 4 : 2;
    }
    return pairs && plausible * 4 >= pairs * 3 ? RD_GB18030 : RD_WINDOWS_1252;
}

/* UTF-16 without a mark: every second byte of mostly ASCII text is NUL. */
static bool looks_utf16(toc_str head, bool little)
{
    size_t units = head.n / 2, zero = 0;

    for (size_t i = 0; i < units; i++) zero += head.p[2 * i + (little ? 1 : 0)] == 0 && head.p[2 * i + (little ? 0 : 1)] != 0;
    return units >= 4 && zero * 10 >= units * 4;
}

static bool mostly_controls(toc_str head, char delimiter)
{
    size_t n = TOC_MIN(head.n, (size_t)65536), controls = 0;

    for (size_t i = 0; i < n; i++) {
        unsigned char c = (unsigned char)head.p[i];
        controls += c < 0x20 && c != '\t' && c != '\n' && c != '\r' && c != '\f' && c != '\v' && c != (unsigned char)delimiter;
    }
    return controls * 50 > n;
}

rd_sniffed rd_sniff_charset(toc_str head, bool whole, char delimiter)
{
    rd_sniffed found = { .charset = RD_UTF8, .what = known_binary(head) };
    size_t valid, i = 0;

    found.format = found.what != NULL;
    if (found.what) return found;
    if (head.n >= 2 && !memcmp(head.p, "\377\376", 2)) return (rd_sniffed){ .charset = RD_UTF16LE, .bom = 2 };
    if (head.n >= 2 && !memcmp(head.p, "\376\377", 2)) return (rd_sniffed){ .charset = RD_UTF16BE, .bom = 2 };
    if (head.n >= 3 && !memcmp(head.p, "\357\273\277", 3)) return (rd_sniffed){ .charset = RD_UTF8, .bom = 3 };
    if (memchr(head.p, 0, TOC_MIN(head.n, (size_t)65536))) {
        if (looks_utf16(head, true)) found.charset = RD_UTF16LE;
        else if (looks_utf16(head, false)) found.charset = RD_UTF16BE;
        else found.what = "binary: it has NUL bytes";
        return found;
    }
    if (mostly_controls(head, delimiter)) {
        found.what = "binary: it has too many control characters";
        return found;
    }
    while (i < head.n && (unsigned char)head.p[i] < 0x80) i++;
    found.ascii = i == head.n;
    valid = toc_utf8_valid(head);
    if (valid == head.n || (!whole && valid + 4 > head.n)) return found;
    found.charset = rd_sniff_legacy(head);
    return found;
}

/* Counts of each candidate in one record outside quotes; returns the place after its line end, or n. */
static size_t count_record(toc_str head, size_t at, const char *candidates, size_t *counts)
{
    bool quoted = false;

    for (; at < head.n; at++) {
        char c = head.p[at];
        if (c == '"') quoted = !quoted;
        if (quoted) continue;
        if (c == '\n' || c == '\r') return at + 1;
        const char *which = c ? strchr(candidates, c) : NULL;
        if (which) counts[which - candidates]++;
    }
    return head.n;
}

char rd_sniff_delimiter(toc_str head, bool whole)
{
    static const char candidates[] = ",\t;|";
    size_t first[4] = {0}, same[4] = {0}, n = 0, at;
    double best = 0.0;
    char delimiter = ',';

    at = count_record(head, 0, candidates, first);
    while (at < head.n && n < 100) {
        size_t counts[4] = {0}, begin = at;
        at = count_record(head, at, candidates, counts);
        if (at - begin <= 1 || (at == head.n && !whole)) continue;
        n++;
        for (size_t k = 0; k < 4; k++) same[k] += counts[k] == first[k];
    }
    for (size_t k = 0; k < 4; k++) {
        double score = (double)first[k] * (n ? 0.05 + (double)same[k] / (double)n : 1.0);
        if (score > best) {
            best = score;
            delimiter = candidates[k];
        }
    }
    return delimiter;
}

static bool ends_field(toc_str head, size_t at, char delimiter)
{
    return at >= head.n || head.p[at] == delimiter || head.p[at] == '\n' || head.p[at] == '\r';
}

/* Place after the quote that closes the field whose quote opens at `at`; SIZE_MAX where there is none, or text follows it. */
static size_t quoted_field_end(toc_str head, size_t at, char delimiter)
{
    for (size_t i = at + 1; i < head.n; i++) {
        if (head.p[i] != '"') continue;
        if (i + 1 < head.n && head.p[i + 1] == '"') i++;
        else return ends_field(head, i + 1, delimiter) ? i + 1 : SIZE_MAX;
    }
    return SIZE_MAX;
}

bool rd_sniff_quotes(toc_str head, char delimiter)
{
    size_t proper = 0, others = 0;

    if (delimiter != '\t') return true;
    for (size_t at = 0; at < head.n; at++) {
        size_t end = head.p[at] == '"' ? quoted_field_end(head, at, delimiter) : SIZE_MAX;
        if (end != SIZE_MAX) {
            proper++;
            at = end;
        } else others += head.p[at] == '"';
        while (!ends_field(head, at, delimiter)) at++;
    }
    return others * 10 <= proper;
}

char rd_sniff_line_end(toc_str head, char quote)
{
    bool quoted = false, carriage_return = false;

    if (!memchr(head.p, '\r', head.n)) return '\n';
    for (size_t i = 0; i < head.n; i++) {
        char c = head.p[i];
        if (quote && c == quote) quoted = !quoted;
        if (quoted) continue;
        if (c == '\n') return '\n';
        carriage_return |= c == '\r';
    }
    return carriage_return || !memchr(head.p, '\n', head.n) ? '\r' : '\n';
}
