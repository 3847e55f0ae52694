/* prop_corpus.c: the nasty CSV files of tests/corpus give the tables that are written beside them, for any size of batches, number of threads, kernel,
 * compression and from pipes.
 *
 * NAME.want says what NAME.csv holds, worked out from RFC 4180 and the rules in reader.h, never recorded from the program:
 *
 *   # why                  with OPTION VALUE      delimiter, encoding, dialect NAME=VALUE,... (given to the reader), max_field
 *   delimiter C            encoding NAME          what the reader must have found out
 *   header ["a","b"]       names ["a","a_2"]      the file's names, and those that a table makes of them
 *   2 ["1","x"]            the record that begins on line 2
 *   3 unclosed_quote "line 3"                     a fault, and part of what people are told about it
 *   4 columns ["1"]        a fault with fields
 *   fails TEXT             the file is refused with TOC_E_DATA and a message that has TEXT
 * Bytes of C and VALUE may be written \t or \x1F. */
#include "reader/reader.h"

#include <dirent.h>
#include <iconv.h>
#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>
#include <jansson.h>
#include <unistd.h>
#include <zlib.h>
#include <zstd.h>

#define MAX_RECORDS 32
#define MAX_CASES 1000

typedef struct {
    size_t line;
    char code[32], told[80]; /* "" = fine; "" = anything */
    json_t *fields;          /* NULL = none */
} wanted_record;

typedef struct {
    char name[128], path[256];
    toc_buf csv;
    rd_options options;
    char encoding[32];       /* given */
    char fails[200], found_encoding[32];
    char found_delimiter;
    json_t *header, *names;
    wanted_record records[MAX_RECORDS];
    size_t n;
} wanted;

/* ---- reading NAME.want ---- */

static char unescape(const char *text)
{
    if (text[0] != '\\') return text[0];
    return text[1] == 't' ? '\t' : (char)strtol(text + 2, NULL, 16);
}

static json_t *parse_array(const wanted *w, const char *text)
{
    json_error_t error;
    json_t *array = json_loads(text, 0, &error);
    if (!array || !json_is_array(array)) fail_msg("%s: \"%s\": %s", w->name, text, error.text);
    return array;
}

static void parse_with(toc_ctx *ctx, wanted *w, const char *key, const char *value)
{
    if (strcmp(key, "delimiter") == 0) w->options.dialect.delimiter = unescape(value);
    else if (strcmp(key, "encoding") == 0) snprintf(w->encoding, sizeof w->encoding, "%s", value);
    else if (strcmp(key, "max_field") == 0) w->options.max_field = (size_t)strtoul(value, NULL, 10);
    else if (strcmp(key, "dialect") || rd_dialect_parse(ctx, value, &w->options.dialect)) fail_msg("%s: no option %s %s", w->name, key, value);
}

/* What follows a line number. */
static void parse_record(wanted *w, const char *rest)
{
    wanted_record *r = &w->records[w->n++];
    int at = 0;

    assert_true(w->n <= MAX_RECORDS);
    if (rest[0] != '[' && sscanf(rest, "%31[a-z_]%n", r->code, &at) != 1) fail_msg("%s: \"%s\"", w->name, rest);
    while (rest[at] == ' ') at++;
    if (rest[at] == '[') r->fields = parse_array(w, rest + at);
    if (rest[at] == '"') snprintf(r->told, sizeof r->told, "%.*s", (int)strlen(rest + at) - 2, rest + at + 1);
}

static void parse_line(toc_ctx *ctx, wanted *w, char *line)
{
    char *rest = strchr(line, ' ');

    if (line[0] == '#' || !rest) return;
    *rest++ = '\0';
    if (strcmp(line, "with") == 0) {
        char *value = strchr(rest, ' ');
        assert_non_null(value);
        *value++ = '\0';
        parse_with(ctx, w, rest, value);
    } else if (strcmp(line, "header") == 0) w->header = parse_array(w, rest);
    else if (strcmp(line, "names") == 0) w->names = parse_array(w, rest);
    else if (strcmp(line, "fails") == 0) snprintf(w->fails, sizeof w->fails, "%s", rest);
    else if (strcmp(line, "delimiter") == 0) w->found_delimiter = unescape(rest);
    else if (strcmp(line, "encoding") == 0) snprintf(w->found_encoding, sizeof w->found_encoding, "%s", rest);
    else if ((w->records[w->n].line = (size_t)strtoul(line, NULL, 10))) parse_record(w, rest);
    else fail_msg("%s: \"%s %s\"", w->name, line, rest);
}

static void load(toc_ctx *ctx, const char *name, wanted *w)
{
    toc_buf text = {0};
    char path[256];

    *w = (wanted){0};
    snprintf(w->name, sizeof w->name, "%s", name);
    snprintf(w->path, sizeof w->path, "corpus/%s.csv", name);
    snprintf(path, sizeof path, "corpus/%s.want", name);
    if (toc_read_file(ctx, path, &text) || toc_read_file(ctx, w->path, &w->csv)) fail_msg("%s", ctx->message);
    for (char *line = text.p, *next; line && *line; line = next) {
        next = strchr(line, '\n');
        if (next) *next++ = '\0';
        parse_line(ctx, w, line);
    }
    if (w->encoding[0]) w->options.dialect.encoding = w->encoding;
    assert_true(w->header || w->fails[0]);
    toc_buf_release(&text);
}

static void unload(wanted *w)
{
    json_decref(w->header);
    json_decref(w->names);
    for (size_t i = 0; i < w->n; i++) json_decref(w->records[i].fields);
    toc_buf_release(&w->csv);
}

/* ---- comparing ---- */

static void compare_text(const wanted *w, const char *how, const char *what, size_t j, const json_t *value, toc_str got)
{
    toc_str want = { json_string_value(value), json_string_length(value) };
    if (!toc_str_eq(want, got))
        fail_msg("%s, %s: %s, field %zu is \"%.*s\", not \"%.*s\"", w->name, how, what, j + 1, (int)got.n, got.p, (int)want.n, want.p);
}

/* The bytes at the place of a record that was converted are those of its text. */
static void compare_place(const wanted *w, const char *how, size_t line, const rd_reader *reader, uint64_t offset, toc_str raw)
{
    char back[4096], *in = (char *)(uintptr_t)raw.p, *to = back;
    size_t left = raw.n, room = sizeof back;
    iconv_t cd = iconv_open(rd_encoding(reader), "UTF-8");

    assert_true(cd != (iconv_t)-1);
    iconv(cd, &in, &left, &to, &room);
    iconv_close(cd);
    size_t n = (size_t)(to - back);
    if (offset + n > w->csv.n || memcmp(w->csv.p + offset, back, n)) fail_msg("%s, %s: line %zu is not at byte %llu", w->name, how, line, (unsigned long long)offset);
}

static void compare_record(const wanted *w, const char *how, size_t i, const rd_reader *reader, const rd_batch *batch, const rd_record *r)
{
    const wanted_record *want = &w->records[i];
    const char *code = rd_fault_code(r->fault);
    char why[160], what[40];

    if (i >= w->n) fail_msg("%s, %s: a record more, on line %zu", w->name, how, rd_line(batch, r));
    if (rd_line(batch, r) != want->line) fail_msg("%s, %s: record %zu is on line %zu, not %zu", w->name, how, i + 1, rd_line(batch, r), want->line);
    if (strcmp(code, want->code) != 0) fail_msg("%s, %s: line %zu has the fault \"%s\", not \"%s\"", w->name, how, want->line, code, want->code);
    if (r->fault && !strstr(rd_fault_text(reader, batch, r, why), want->told)) fail_msg("%s, %s: line %zu: \"%s\"", w->name, how, want->line, why);
    size_t n = want->fields ? json_array_size(want->fields) : 0;
    if (r->n < n || (r->fault && r->n != n)) fail_msg("%s, %s: line %zu has %u fields, not %zu", w->name, how, want->line, r->n, n);
    snprintf(what, sizeof what, "line %zu", want->line);
    for (size_t j = 0; j < n; j++) compare_text(w, how, what, j, json_array_get(want->fields, j), rd_field(batch, r, j));
    for (size_t j = n; j < r->n; j++)
        if (rd_field(batch, r, j).n) fail_msg("%s, %s: line %zu has a text in field %zu", w->name, how, want->line, j + 1);
    toc_str raw = rd_raw(batch, r);
    uint64_t offset = rd_offset(batch, r);
    if (!batch->converted && (offset + raw.n > w->csv.n || memcmp(w->csv.p + offset, raw.p, raw.n)))
        fail_msg("%s, %s: line %zu is not at byte %llu", w->name, how, want->line, (unsigned long long)offset);
    if (batch->converted) compare_place(w, how, want->line, reader, offset, raw);
}

static toc_status compare_reader(toc_ctx *ctx, const wanted *w, const char *how, rd_reader *reader)
{
    rd_batch batch = {0};
    size_t n, at = 0;
    const toc_str *header = rd_header(reader, &n);
    toc_status st;

    if (!w->fails[0]) {
        if (n != json_array_size(w->header)) fail_msg("%s, %s: %zu names", w->name, how, n);
        for (size_t j = 0; j < n; j++) compare_text(w, how, "the header", j, json_array_get(w->header, j), header[j]);
        if (w->found_delimiter && rd_delimiter(reader) != w->found_delimiter) fail_msg("%s, %s: delimiter %c", w->name, how, rd_delimiter(reader));
    }
    while (!(st = rd_next(ctx, reader, &batch)) && batch.n)
        for (size_t i = 0; i < batch.n; i++) compare_record(w, how, at++, reader, &batch, &batch.records[i]);
    if (!st && !w->fails[0] && at < w->n) fail_msg("%s, %s: %zu records, not %zu", w->name, how, at, w->n);
    if (w->found_encoding[0] && strcmp(rd_encoding(reader), w->found_encoding) != 0) fail_msg("%s, %s: encoding %s", w->name, how, rd_encoding(reader));
    rd_batch_release(&batch);
    return st;
}

/* Reads `bytes`, or `path` where that is NULL. */
static void check_source(const wanted *w, const char *how, const toc_str *bytes, const char *path, rd_options options, size_t n_threads, bool plain)
{
    toc_ctx ctx;
    rd_reader *reader = NULL;

    toc_ctx_init(&ctx);
    ctx.n_threads = n_threads;
    ctx.cpu = plain ? TOC_CPU_PLAIN : TOC_CPU_BEST;
    toc_status st = bytes ? rd_open_bytes(&ctx, w->name, *bytes, &options, &reader) : rd_open(&ctx, path, &options, &reader);
    if (!st) st = compare_reader(&ctx, w, how, reader);
    rd_close(reader);
    if (w->fails[0] && (st != TOC_E_DATA || !strstr(ctx.message, w->fails))) fail_msg("%s, %s: status %d, message \"%s\"", w->name, how, st, ctx.message);
    if (!w->fails[0] && st) fail_msg("%s, %s: %s", w->name, how, ctx.message);
    toc_ctx_release(&ctx);
}

static void check(const wanted *w, const char *how, const toc_str *bytes, rd_options options, size_t n_threads, bool plain)
{
    check_source(w, how, bytes, w->path, options, n_threads, plain);
}

/* Standard input, a pipe that holds the file. */
static void check_pipe(const wanted *w)
{
    int ends[2];

    assert_int_equal(pipe(ends), 0);
    assert_int_equal(write(ends[1], w->csv.p, w->csv.n), w->csv.n);
    assert_int_equal(close(ends[1]), 0);
    assert_int_equal(dup2(ends[0], STDIN_FILENO), STDIN_FILENO);
    close(ends[0]);
    check_source(w, "pipe", NULL, "-", w->options, 2, false);
}

static void check_names(const wanted *w)
{
    toc_ctx ctx;
    tab_table table;
    rd_options options = w->options;

    if (!w->names) return;
    toc_ctx_init(&ctx);
    options.skip_faults = true;
    if (rd_read_table(&ctx, w->path, &options, &table)) fail_msg("%s: %s", w->name, ctx.message);
    assert_int_equal(table.n_cols, json_array_size(w->names));
    for (size_t j = 0; j < table.n_cols; j++) compare_text(w, "table", "names", j, json_array_get(w->names, j), toc_str_of(table.columns[j].name));
    tab_release(&table);
    toc_ctx_release(&ctx);
}

static size_t gzip(toc_str bytes, char *packed, size_t cap)
{
    z_stream z = { .next_in = (Bytef *)(uintptr_t)bytes.p, .avail_in = (uInt)bytes.n, .next_out = (Bytef *)packed, .avail_out = (uInt)cap };

    assert_int_equal(deflateInit2(&z, 6, Z_DEFLATED, 31, 8, Z_DEFAULT_STRATEGY), Z_OK);
    assert_int_equal(deflate(&z, Z_FINISH), Z_STREAM_END);
    deflateEnd(&z);
    return z.total_out;
}

static size_t zstd(toc_str bytes, char *packed, size_t cap)
{
    size_t n = ZSTD_compress(packed, cap, bytes.p, bytes.n, 3);

    assert_false(ZSTD_isError(n));
    return n;
}

/* Compressed as a whole, and as two pieces one behind the other, cut anywhere. */
static void check_compressed(const wanted *w)
{
    static size_t (*const pack[])(toc_str bytes, char *packed, size_t cap) = { gzip, zstd };
    static const char *const names[] = { "gzip", "zstd" };
    const toc_str all = { w->csv.p ? w->csv.p : "", w->csv.n };
    char packed[8192], how[80];

    for (size_t k = 0; k < TOC_COUNT(pack); k++)
        for (size_t part = 0; part < 4; part++) {
            size_t cut = all.n * part / 4;
            size_t n = cut ? pack[k]((toc_str){ all.p, cut }, packed, sizeof packed) : 0;
            n += pack[k]((toc_str){ all.p + cut, all.n - cut }, packed + n, sizeof packed - n);
            snprintf(how, sizeof how, "%s, cut at %zu", names[k], cut);
            check(w, how, &(toc_str){ packed, n }, w->options, 2, false);
        }
}

static void check_every_way(const wanted *w)
{
    static const size_t sizes[] = { 0, 1, 2, 3, 7, 64 };
    const toc_str bytes = { w->csv.p, w->csv.n };
    char how[80];

    for (size_t k = 0; k < TOC_COUNT(sizes); k++)
        for (size_t variant = 0; variant < 4; variant++) {
            rd_options options = w->options;
            options.batch_bytes = sizes[k];
            options.libcsv_only = variant & 1;
            size_t threads = 1 + variant / 2;
            snprintf(how, sizeof how, "batches of %zu bytes, %zu threads%s", sizes[k], threads, options.libcsv_only ? ", libcsv only" : "");
            check(w, how, &bytes, options, threads, false);
        }
    check(w, "plain kernel", &bytes, w->options, 1, true);
    check(w, "file", NULL, w->options, 1, false);
    rd_options small = w->options;
    small.batch_bytes = 5;
    check(w, "file in batches of 5 bytes, 3 threads", NULL, small, 3, false);
    if (!strstr(w->name, "gzip")) check_compressed(w);
    check_pipe(w);
    check_names(w);
}

static int by_name(const void *a, const void *b)
{
    return strcmp(a, b);
}

static void test_case(void **state)
{
    const char *name = *state;
    toc_ctx ctx;
    wanted w;

    toc_ctx_init(&ctx);
    load(&ctx, name, &w);
    check_every_way(&w);
    unload(&w);
    toc_ctx_release(&ctx);
}

int main(void)
{
    static char names[MAX_CASES][128];
    static struct CMUnitTest tests[MAX_CASES];
    DIR *folder = opendir("corpus");
    size_t n = 0;

    for (struct dirent *e; folder && (e = readdir(folder));) {
        size_t length = strlen(e->d_name);
        if (n == MAX_CASES || length < 5 || length > 100 || strcmp(e->d_name + length - 5, ".want") != 0) continue;
        snprintf(names[n++], sizeof names[0], "%.*s", (int)length - 5, e->d_name);
    }
    if (folder) closedir(folder);
    if (n < 150 || n == MAX_CASES) return fprintf(stderr, "prop_corpus: %zu cases in corpus/\n", n), 1;
    qsort(names, n, sizeof names[0], by_name);
    for (size_t i = 0; i < n; i++) tests[i] = (struct CMUnitTest){ .name = names[i], .test_func = test_case, .initial_state = names[i] };
    return _cmocka_run_group_tests("corpus", tests, n, NULL, NULL);
}
