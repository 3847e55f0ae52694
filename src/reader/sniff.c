/* sniff.c: how a file is laid out, by its first records.
 *
 * The records are split by each delimiter and quote there may be, and the pair is taken that gives the same number of fields again and again. The first
 * record with that many, most of them filled, is the header; what stands in front of it are titles, notes and rules. It is no header but a row
 * when its numbers and dates look just like those below it. */
#include <math.h>

#include "reader/reader_int.h"

#define MOST_RECORDS 200
#define MOST_QUOTED ((size_t)64 << 10) /* a quoted field longer than that is an open quote */
#define MOST_PREAMBLE 100

/* ---- cells ---- */

static toc_str bare(toc_str cell, char quote)
{
    cell = toc_str_trim(cell);
    if (quote && cell.n >= 2 && cell.p[0] == quote && cell.p[cell.n - 1] == quote) cell = toc_str_trim((toc_str){ cell.p + 1, cell.n - 2 });
    return cell;
}

/* The end of the field at `at`: its delimiter, its line end, or n. *quoted: it stood in quotes; *broken: its quotes are out of order. */
static size_t field_end(toc_str text, size_t at, char delimiter, char quote, char line_end, bool *quoted, bool *broken)
{
    *quoted = quote && at < text.n && text.p[at] == quote;
    *broken = false;
    if (*quoted) {
        size_t i = at + 1, most = TOC_MIN(text.n, at + MOST_QUOTED);
        for (; i < most; i++) {
            if (text.p[i] != quote) continue;
            if (i + 1 < text.n && text.p[i + 1] == quote) i++;
            else break;
        }
        if (i < most) {
            char after = i + 1 < text.n ? text.p[i + 1] : line_end;
            if (after == delimiter || after == line_end || after == '\r') at = i + 1;
            else *broken = true;
        } else *broken = true;
    }
    while (at < text.n && text.p[at] != delimiter && text.p[at] != line_end) at++;
    return at;
}

bool rd_cut_cell(toc_str *rest, char delimiter, char quote, toc_str *cell)
{
    bool quoted, broken;

    if (!rest->p) return false;
    size_t end = field_end(*rest, 0, delimiter, quote, '\n', &quoted, &broken);
    *cell = bare((toc_str){ rest->p, end }, quote);
    *rest = end < rest->n ? (toc_str){ rest->p + end + 1, rest->n - end - 1 } : (toc_str){ NULL, 0 };
    return true;
}

size_t rd_filled_cells(toc_str line, char delimiter, char quote, size_t *n)
{
    toc_str cell;
    size_t filled = 0;

    for (*n = 0; rd_cut_cell(&line, delimiter, quote, &cell); ++*n) filled += cell.n > 0;
    return filled;
}

/* ---- records ---- */

typedef struct {
    size_t at, end;  /* its bytes */
    size_t line;     /* lines in front of it */
    size_t fields, filled;
} record;

typedef struct {
    char delimiter, quote;
    record records[MOST_RECORDS];
    size_t n;
    size_t columns;     /* fields of most records */
    size_t quoted, broken, quoted_columns;
    size_t padding;     /* delimiters beside another candidate: tabs that fill cells up */
    size_t n_delimiters;
    double score;
} splitting;

static size_t line_count(toc_str text, char line_end)
{
    size_t n = 0;

    for (size_t i = 0; i < text.n; i++) n += text.p[i] == line_end;
    return n;
}

/* One record from `at` on; returns the place after its line end. */
static size_t split_record(splitting *s, toc_str head, size_t at, char line_end, record *r)
{
    for (;;) {
        bool quoted, broken;
        size_t end = field_end(head, at, s->delimiter, s->quote, line_end, &quoted, &broken);
        s->quoted += quoted;
        s->broken += broken;
        r->fields++;
        r->filled += bare((toc_str){ head.p + at, end - at }, s->quote).n > 0;
        at = end + 1;
        if (end >= head.n || head.p[end] != s->delimiter) break;
        s->n_delimiters++;
        s->padding += (end && strchr(",;|", head.p[end - 1])) || (end + 1 < head.n && head.p[end + 1] && strchr(",;|", head.p[end + 1]));
    }
    r->end = TOC_MIN(at - 1, head.n);
    return TOC_MIN(at, head.n);
}

/* The first records, and how many fields most of them have. */
static void split(splitting *s, toc_str head, bool whole, char line_end)
{
    size_t at = 0, line = 0;

    while (at < head.n && s->n < MOST_RECORDS) {
        record *r = &s->records[s->n];
        *r = (record){ .at = at, .line = line };
        size_t next = split_record(s, head, at, line_end, r);
        if (next == head.n && !whole && s->n) break; /* may go on */
        line += line_count((toc_str){ head.p + at, next - at }, line_end);
        at = next;
        s->n += r->filled > 0 || r->fields > 1;
    }
    size_t best = 0;
    s->columns = 1;
    for (size_t i = 0; i < s->n; i++) {
        size_t same = 0, fields = s->records[i].fields;
        if (fields < 2) continue;
        for (size_t k = 0; k < s->n; k++) same += s->records[k].fields == fields;
        if (same < best || (same == best && fields <= s->columns)) continue;
        best = same;
        s->columns = fields;
    }
}

/* How regular the records are: those from the first to the last with the usual number of fields, and how many of all these are. */
static void judge(splitting *s)
{
    size_t first = s->n, last = 0, same = 0;

    s->score = 0.0;
    if (s->columns < 2) return;
    for (size_t i = 0; i < s->n; i++) {
        if (s->records[i].fields != s->columns) continue;
        if (first == s->n) first = i;
        last = i;
        same++;
    }
    if (same < 2 && s->n > 2) return; /* one line that happens to have such a character */
    double span = (double)(last + 1 - first), regular = (double)same / span;
    s->score = regular * regular * span / (double)s->n * (1.0 + 0.1 * log2((double)s->columns - 1.0)) * (first ? 0.9 : 1.0);
    if (s->quoted) s->score *= 1.0 - 0.5 * (double)s->broken / (double)s->quoted;
    if (s->delimiter == '\t' && s->padding * 2 > s->n_delimiters) s->score = 0.0;
    if (s->quote == '\'' && (s->quoted < 2 || s->broken)) s->score = 0.0;
}

static bool ends_field(toc_str head, size_t at, char delimiter)
{
    return at >= head.n || head.p[at] == delimiter || head.p[at] == '\n' || head.p[at] == '\r';
}

/* Place after the quote that closes the field whose quote opens at `at`; SIZE_MAX where there is none, or text follows it. */
static size_t quoted_field_end(toc_str head, size_t at, char delimiter, char quote)
{
    for (size_t i = at + 1; i < head.n; i++) {
        if (head.p[i] != quote) continue;
        if (i + 1 < head.n && head.p[i + 1] == quote) i++;
        else return ends_field(head, i + 1, delimiter) ? i + 1 : SIZE_MAX;
    }
    return SIZE_MAX;
}

/* In tab and bar separated text quotes are syntax only where nearly all fields that begin with one also end with one. */
static bool quotes_pair(toc_str head, char delimiter, char quote)
{
    size_t proper = 0, others = 0;

    for (size_t at = 0; at < head.n; at++) {
        size_t end = head.p[at] == quote ? quoted_field_end(head, at, delimiter, quote) : SIZE_MAX;
        if (end != SIZE_MAX) {
            proper++;
            at = end;
        } else others += head.p[at] == quote;
        while (!ends_field(head, at, delimiter)) at++;
    }
    return others * 10 <= proper;
}

static char sniff_line_end(toc_str head, char quote)
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

/* ---- the header ---- */

/* What a cell looks like: runs of digits as 9, runs of letters as a, all else as it is; numbers of any form are N. False where it is longer than `shape`
 * can hold: no number, no date, no id. */
static bool shape_of(toc_str cell, char *shape, size_t room)
{
    size_t n = 0;
    bool number = cell.n > 0, digits = false;

    for (size_t i = 0; i < cell.n; i++) {
        char c = cell.p[i], last = n ? shape[n - 1] : 0;
        bool digit = c >= '0' && c <= '9', letter = (unsigned char)c >= 0x80 || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
        digits |= digit;
        number &= digit || strchr("+-., %$()", c) != NULL;
        if ((digit && last == '9') || (letter && last == 'a')) continue;
        shape[n] = 0;
        if (n + 1 >= room) return false;
        shape[n++] = digit ? '9' : letter ? 'a' : c;
    }
    shape[n] = 0;
    if (number && digits && !strchr(shape + 1, '-')) snprintf(shape, room, "N");
    return true;
}

static toc_str cell_of(const splitting *s, toc_str head, const record *r, size_t j)
{
    toc_str rest = { head.p + r->at, r->end - r->at }, cell = { "", 0 };

    for (size_t k = 0; k <= j; k++)
        if (!rd_cut_cell(&rest, s->delimiter, s->quote, &cell)) return (toc_str){ "", 0 };
    return cell;
}

/* Whether a record may name columns: every cell is text without digits only. */
static bool has_names(const splitting *s, toc_str head, const record *r)
{
    toc_str rest = { head.p + r->at, r->end - r->at }, cell;
    char shape[16];

    while (rd_cut_cell(&rest, s->delimiter, s->quote, &cell))
        if (!cell.n || (shape_of(cell, shape, sizeof shape) && !strchr(shape, 'a'))) return false;
    return true;
}

/* 1, 2, 3 or 2019, 2020 ...: names of columns, although they are numbers. */
static bool counts_up(const splitting *s, toc_str head, const record *r)
{
    int64_t last = 0, value;
    size_t n = 0;
    toc_str rest = { head.p + r->at, r->end - r->at }, cell;

    while (rd_cut_cell(&rest, s->delimiter, s->quote, &cell)) {
        if (!toc_parse_int(cell, &value)) continue;
        if (n++ && value != last + 1) return false;
        last = value;
    }
    return n > 1;
}

/* What a column says of the record above it: 1 = it is one of them, -1 = it is its name, 0 = nothing. */
static int column_says(const splitting *s, toc_str head, size_t first, size_t j)
{
    char usual[32] = "", shape[32], top[32];
    size_t n = 0, same = 0, last = TOC_MIN(s->n, first + 40);
    toc_str name = cell_of(s, head, &s->records[first], j);

    for (size_t i = first + 1; i < last; i++) {
        toc_str cell = cell_of(s, head, &s->records[i], j);
        if (!cell.n) continue;
        if (!shape_of(cell, shape, sizeof shape)) return 0;
        if (!n++) snprintf(usual, sizeof usual, "%s", shape);
        same += strcmp(shape, usual) == 0;
    }
    if (!n || !name.n || same * 5 < n * 4 || !(strchr(usual, '9') || usual[0] == 'N')) return 0;
    if (shape_of(name, top, sizeof top) && strcmp(top, usual) == 0) return 1;
    return strchr(top, '9') || top[0] == 'N' ? 0 : -1;
}

static bool has_header(const splitting *s, toc_str head, size_t first)
{
    size_t rows = 0, names = 0;

    if (first + 1 >= s->n || s->columns < 2) return true;
    for (size_t j = 0; j < s->columns && j < 200; j++) {
        int says = column_says(s, head, first, j);
        rows += says > 0;
        names += says < 0;
    }
    if (names || !rows || (s->n - first < 3 && rows < 2)) return true;
    return counts_up(s, head, &s->records[first]);
}

/* Whether a record stands in front of the header: few of the columns, or too few fields with a header after it. */
static bool is_preamble(const splitting *s, toc_str head, size_t i)
{
    const record *r = &s->records[i];
    size_t m = s->columns, next = i + 1;

    if (!r->filled) return true;
    if (m == 1 || (r->fields == m && m == 2) || r->fields > m) return false;
    if (r->fields == m) return r->filled * 2 <= m;
    if (r->filled * 2 <= m || r->filled < 2 || r->fields + TOC_MAX((size_t)1, m / 4) < m) return true;
    while (next < s->n && s->records[next].fields < m) next++;
    return next + 1 < s->n && s->records[next].fields == m && has_names(s, head, r + (next - i)) && !has_names(s, head, r + (next - i) + 1);
}

static size_t find_header(const splitting *s, toc_str head)
{
    size_t i = 0, whole = SIZE_MAX; /* the first with all the fields, two or more filled */

    while (i < s->n && i < MOST_PREAMBLE && is_preamble(s, head, i)) {
        if (whole == SIZE_MAX && s->records[i].fields == s->columns && s->records[i].filled > 1) whole = i;
        i++;
    }
    if (i == s->n || i == MOST_PREAMBLE) return 0;
    /* names may be missing: where what comes next is a row, that record is the header */
    return whole == SIZE_MAX || has_names(s, head, &s->records[i]) ? i : whole;
}

/* ---- all of it ---- */

/* Excel's first line "sep=;". Bytes of the line with its end, 0 where it is not there. */
static size_t separator_line(toc_str head, char line_end, char *delimiter)
{
    toc_str line = { head.p, 0 };
    const char *end = memchr(head.p, line_end, head.n);

    line.n = end ? (size_t)(end - head.p) : head.n;
    toc_str text = toc_str_trim(line);
    if (text.n > 2 && text.p[0] == '"' && text.p[text.n - 1] == '"') text = (toc_str){ text.p + 1, text.n - 2 };
    else if (text.n == 4 && text.p + 4 < line.p + line.n && text.p[4] == '\t') text.n++; /* sep=TAB */
    if (text.n != 5 || !toc_str_is_nocase((toc_str){ text.p, 4 }, "sep=")) return 0;
    *delimiter = text.p[4];
    return end ? line.n + 1 : 0;
}

static void choose(splitting *best, toc_str head, bool whole, char line_end, const rd_dialect *given, char delimiter_line)
{
    static const char delimiters[] = ",\t;|", quotes[] = "\"'";
    splitting s;
    bool first = true;

    for (size_t k = 0; k < sizeof delimiters - 1; k++) {
        for (size_t q = 0; q < sizeof quotes - 1; q++) {
            s = (splitting){ .delimiter = delimiters[k], .quote = quotes[q] };
            if (given->delimiter) s.delimiter = given->delimiter;
            else if (delimiter_line) s.delimiter = delimiter_line;
            if (given->quote) s.quote = given->quote == RD_NO_QUOTE ? '\0' : given->quote;
            split(&s, head, whole, line_end);
            judge(&s);
            if (first || s.score > best->score * 1.0001) *best = s;
            first = false;
            if (given->quote) break;
        }
        if (given->delimiter || delimiter_line) break;
    }
}

rd_layout rd_sniff_layout(toc_str head, bool whole, const rd_dialect *given)
{
    rd_layout l = { .line_end = sniff_line_end(head, given->quote == RD_NO_QUOTE ? '\0' : given->quote ? given->quote : '"'), .header = true };
    char delimiter_line = 0;
    size_t skip = 0, first = 0;
    splitting s = {0};

    if (given->skip_given) {
        for (l.skip = given->skip; l.skip_bytes < head.n && skip < l.skip; skip++) {
            const char *end = memchr(head.p + l.skip_bytes, l.line_end, head.n - l.skip_bytes);
            l.skip_bytes = end ? (size_t)(end - head.p) + 1 : head.n;
        }
    } else if ((l.skip_bytes = separator_line(head, l.line_end, &delimiter_line))) l.skip = 1;
    toc_str body = { head.p + l.skip_bytes, head.n - l.skip_bytes };
    choose(&s, body, whole, l.line_end, given, delimiter_line);
    if (!given->skip_given) first = find_header(&s, body);
    if (s.n && !given->skip_given) {
        l.skip += s.records[first].line;
        l.skip_bytes += s.records[first].at;
    }
    l.delimiter = s.delimiter;
    l.quote = s.quote;
    if (!given->quote && (l.delimiter == '\t' || l.delimiter == '|') && !quotes_pair(body, l.delimiter, l.quote)) l.quote = 0;
    if (!given->quote) l.line_end = sniff_line_end(head, l.quote);
    l.columns = s.columns;
    l.header = given->header ? given->header == RD_HAS_HEADER : has_header(&s, body, first);
    return l;
}
